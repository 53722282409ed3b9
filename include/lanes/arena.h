/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.h - many arrays in few pieces of shared memory: malloc for segments.
 *
 * An arena hands out blocks as malloc() does. They lie in its chunks, which are memfds: a
 * session attaches a chunk once (lanes_segment_attach_fd() with LANES_SEGMENT_SPARSE),
 * and batches run on any block in it. lanes_arena_find() tells the chunk of an address.
 *
 * Chunks are sparse: large stretches of addresses in which only blocks take memory. It is
 * reserved before a block is handed out, so that a lack of memory is NULL and never a
 * fault later. Each new chunk is as large as all before it together, so there are few. A
 * chunk stays where it is until lanes_arena_release(), whatever becomes of its blocks, so
 * what lanes_arena_find() said stays true.
 *
 * Memory of a freed block is kept for the next one, up to options->idle_bytes_max: arrays
 * that come and go get pages that this process and the executor have mapped already.
 *
 * Blocks begin at multiples of 64 bytes, from 64 KiB on at pages of 4096 bytes, from
 * 32 MiB on at multiples of 2 MiB.
 *
 * After fork() the child shares the contents of blocks with its parent, for reading and
 * for writing, as long as the parent does not free them. New blocks of the child come
 * from chunks of its own, so neither gets memory of the other; freeing an inherited block
 * in the child does nothing. lanes_arena_find() knows inherited chunks, too.
 *
 * Threads: any, at the same time. The malloc family has the signatures of NumPy's memory
 * handlers (NEP 49) and never calls back, so it may be used with and without the GIL.
 */
#ifndef LANES_ARENA_H
#define LANES_ARENA_H

#include <lanes/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An allocator of shared memory. Opaque. */
typedef struct lanes_arena lanes_arena;

/** How an arena is to be. Set with lanes_arena_options_default(), then change fields. */
typedef struct lanes_arena_options {
    uint32_t struct_bytes; /**< sizeof(lanes_arena_options); set by ..._default() */
    uint32_t flags;        /**< must be 0 */
    uint64_t bytes_max;    /**< of all blocks together; 0 = no limit, the default */
    /** Of freed blocks that keep their memory for the next ones; what has been free for
     * longest goes first. 0: none. Default: 1 GiB or an eighth of the memory of the
     * machine (or cgroup), whichever is less. */
    uint64_t idle_bytes_max;
} lanes_arena_options;

/** Fill @p options with the defaults. */
LANES_API void lanes_arena_options_default(lanes_arena_options *options);

/**
 * Create an arena. It takes no shared memory yet.
 *
 * @param options  borrowed; NULL = defaults
 * @param out_arena  owned by the caller; end it with lanes_arena_release()
 * @return LANES_OK, LANES_E_INVALID (struct_bytes, unknown flags), -ENOMEM
 */
LANES_API LANES_NODISCARD lanes_status lanes_arena_create(
    const lanes_arena_options *options, lanes_arena **out_arena, lanes_error *err);

/**
 * Unmap everything: blocks that were not freed become invalid. Segments that sessions
 * have of its chunks keep the memory until they are released. No other thread may use the
 * arena any more. @p arena may be NULL.
 */
LANES_API void lanes_arena_release(lanes_arena *arena);

/** @name Blocks. `arena` is a lanes_arena, as NumPy's memory handlers get their context.
 *
 * What fails returns NULL with errno: ENOMEM (bytes_max, the machine or the cgroup has no
 * memory left, no addresses), ENOSPC, or what else the kernel answered when memory was
 * asked for (EFBIG, EMFILE). Nothing is changed then. What succeeds leaves errno alone.
 *
 * An address that is no block of this arena ends the process, with a line on stderr that
 * names it: as with malloc(), nothing else would be safe. Programs can overrun their
 * blocks, but not harm the arena by it: what it knows of them is elsewhere.
 * @{ */

/**
 * A block of at least @p bytes, of any contents; 0 gives a block, too.
 *
 * Blocking: memory that is new takes the kernel about 0.1 ms per MiB, without the arena's
 * lock: other threads go on.
 */
LANES_API void *lanes_arena_malloc(void *arena, size_t bytes);

/** A block of @p count times @p bytes zero bytes. ENOMEM: the product is too large. */
LANES_API void *lanes_arena_calloc(void *arena, size_t count, size_t bytes);

/**
 * Make @p block larger or smaller, in place where what is behind it is free. The contents
 * are kept, up to the smaller size; the block is not freed if this fails.
 *
 * @param block  NULL: as lanes_arena_malloc()
 * @param bytes  0 gives a block, as lanes_arena_malloc() does
 */
LANES_API void *lanes_arena_realloc(void *arena, void *block, size_t bytes);

/**
 * Free a block. Batches that run on it must have completed. errno stays as it is.
 *
 * @param block  may be NULL
 * @param bytes  not looked at: the arena knows
 */
LANES_API void lanes_arena_free(void *arena, void *block, size_t bytes);

/** @} */

/** A piece of shared memory that blocks lie in. */
typedef struct lanes_arena_chunk {
    uint64_t number; /**< 0, 1, ... in the order they were made; never used again */
    uint64_t bytes;
    void *data; /**< its first byte in this process */
    int32_t fd; /**< borrowed: open, and sealed against resizing, as long as the arena */
    uint32_t reserved; /**< 0 */
} lanes_arena_chunk;

/**
 * Which chunk an address is in: the offset in its segment is address - out_chunk->data.
 *
 * @param address  any; it need not be in a block, nor be the first byte of one
 * @param out_chunk  written only if there is one; true until lanes_arena_release()
 * @return 1, or 0: in none of this arena
 */
LANES_API int lanes_arena_find(lanes_arena *arena, const void *address,
                               lanes_arena_chunk *out_chunk);

/** What an arena has, at one moment. Of a forked child: without what it has inherited,
 * but for chunks. */
typedef struct lanes_arena_usage {
    uint64_t chunks;
    uint64_t chunk_bytes;      /**< addresses, not memory */
    uint64_t blocks;           /**< handed out, and not freed */
    uint64_t block_bytes;      /**< of these, as rounded up by the arena */
    uint64_t block_bytes_peak; /**< the most there has been */
    uint64_t idle_bytes;       /**< memory that is reserved and in no block */
    uint64_t reserved[2];      /**< 0 */
} lanes_arena_usage;

/** Look at what @p arena has now. */
LANES_API void lanes_arena_usage_now(lanes_arena *arena, lanes_arena_usage *out_usage);

#ifdef __cplusplus
}
#endif

#endif /* LANES_ARENA_H */
