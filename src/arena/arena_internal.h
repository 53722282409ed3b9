/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena_internal.h - shared by the files of this room only: chunks, extents, spans.
 *
 * A chunk is divided into extents without gaps: runs of pages that are a hole (nothing
 * reserved), idle (reserved, free), one large block, a span of small blocks, or busy
 * (somebody gives them back without the lock). Neighbours that are both holes or both
 * idle are one extent. All of this is in private memory.
 *
 * Functions are called with the arena's lock held unless they say otherwise.
 */
#ifndef LANES_ARENA_INTERNAL_H
#define LANES_ARENA_INTERNAL_H

#include <lanes/arena.h>

#include <pthread.h>

#include "base/base.h"

#define LANES_ARENA_HUGE_BYTES (2ull << 20)

/* A session has 256 segments; doubling, no process gets to a quarter of this. */
#define LANES_ARENA_CHUNKS_MAX      240u
#define LANES_ARENA_CHUNK_BYTES_MIN (256ull << 20)

/* Blocks up to this are parts of spans. */
#define LANES_ARENA_SMALL_BYTES_MAX (32u << 10)
#define LANES_ARENA_CLASSES         32u

/* From these on: at multiples of 2 MiB with huge pages; over all nodes. */
#define LANES_ARENA_HUGE_BLOCK_BYTES   (32ull << 20)
#define LANES_ARENA_SPREAD_BLOCK_BYTES (16ull << 20)

/* Extents of both kinds that one block may be made of. */
#define LANES_ARENA_PIECES_MAX 8u

enum lanes_arena_kind {
    LANES_ARENA_SPARE = 0, /* no extent: in the list of spare ones */
    LANES_ARENA_HOLE = 1,
    LANES_ARENA_IDLE = 2,
    LANES_ARENA_BLOCK = 3,
    LANES_ARENA_SPAN = 4,
    LANES_ARENA_BUSY = 5
};

typedef struct lanes_arena_extent lanes_arena_extent;
typedef struct lanes_arena_span lanes_arena_span;
typedef struct lanes_arena_own_chunk lanes_arena_own_chunk;

struct lanes_arena_extent {
    lanes_arena_own_chunk *chunk;
    uint64_t page; /* the first, of the chunk */
    uint64_t pages;
    enum lanes_arena_kind kind;
    lanes_arena_extent *before; /* in the chunk */
    lanes_arena_extent *behind;
    lanes_arena_extent *left; /* in the tree of holes or of idle ones */
    lanes_arena_extent *right;
    lanes_arena_extent *older; /* in the list of idle ones; older links spare ones */
    lanes_arena_extent *newer;
    lanes_arena_span *span;
};

/* Small blocks of one size, in one extent. */
struct lanes_arena_span {
    lanes_arena_extent *extent;
    lanes_arena_span *previous; /* in its class's list of those with free blocks */
    lanes_arena_span *next;     /* links spare ones, too */
    uint32_t class;
    uint32_t block_bytes;
    uint32_t count;
    uint32_t free;
    uint64_t free_bits[16]; /* 1024 blocks of 64 bytes in 64 KiB */
};

struct lanes_arena_own_chunk {
    lanes_arena_chunk facts;
    lanes_arena_extent **extent_of; /* by page: of a block's first, of each of a span */
    uint64_t map_bytes;             /* of extent_of */
    lanes_arena_extent *first;
    bool is_foreign; /* a process that forked this one has made it, and uses it */
};

/* Memory for extents or spans; freed with the arena. */
typedef struct lanes_arena_slab {
    struct lanes_arena_slab *next;
} lanes_arena_slab;

struct lanes_arena {
    pthread_mutex_t lock;
    lanes_arena *next_arena; /* all of the process: arena_fork.c */
    lanes_arena *previous_arena;
    const uint32_t *is_own; /* 0: this is another process than the one that made it */
    uint64_t bytes_max;
    uint64_t idle_bytes_max;
    uint64_t page_bytes;
    bool has_nodes; /* there are several of memory */

    uint32_t chunk_count;
    lanes_arena_own_chunk chunk[LANES_ARENA_CHUNKS_MAX];

    lanes_arena_extent *holes; /* trees by size, then address */
    lanes_arena_extent *idle;
    lanes_arena_extent *oldest; /* of the idle ones */
    lanes_arena_extent *newest;
    lanes_arena_extent *spare_extents;
    uint32_t spare_extent_count;
    lanes_arena_span *spare_spans;
    lanes_arena_slab *slabs;
    lanes_arena_span *spans[LANES_ARENA_CLASSES]; /* those with free blocks */

    uint64_t idle_extent_bytes; /* in idle extents */
    uint64_t unused_span_bytes; /* in spans, but not in blocks */
    uint64_t blocks;
    uint64_t block_bytes;
    uint64_t block_bytes_peak;
    uint64_t credit_bytes; /* that may be reserved without a look at what is left */
};

/** The parts that a block is made of; what is done to them needs no lock. */
typedef struct lanes_arena_pieces {
    uint32_t count;
    struct {
        uint64_t page;
        uint64_t pages;
        bool is_hole;
    } piece[LANES_ARENA_PIECES_MAX];
} lanes_arena_pieces;

/* ---- arena_fork.c ---------------------------------------------------------------- */

/** Let forks know of @p arena; -errno. Without its lock. */
LANES_NODISCARD lanes_status lanes_arena_enlist(lanes_arena *arena, lanes_error *err);
void lanes_arena_delist(lanes_arena *arena);

/** Take the lock; in a child, what is inherited is put aside first. @return 0, or errno:
 * that is not possible, and the lock is not taken */
LANES_NODISCARD int lanes_arena_lock(lanes_arena *arena);
void lanes_arena_unlock(lanes_arena *arena);

/** Take the lock again, or where it does not matter whose the chunks are. */
void lanes_arena_relock(lanes_arena *arena);

/* ---- arena_tree.c ---------------------------------------------------------------- */

void lanes_arena_tree_insert(lanes_arena_extent **root, lanes_arena_extent *extent);
void lanes_arena_tree_remove(lanes_arena_extent **root, lanes_arena_extent *extent);

/** The smallest extent of at least @p pages, the lowest of these; NULL: none. */
lanes_arena_extent *lanes_arena_tree_fit(lanes_arena_extent **root, uint64_t pages);

/** The next one after @p extent, which is in the tree; NULL: it is the last. */
lanes_arena_extent *lanes_arena_tree_next(lanes_arena_extent **root,
                                          const lanes_arena_extent *extent);

/* ---- arena_chunk.c --------------------------------------------------------------- */

/** Make one that has a hole of @p bytes at least. @return 0 or errno */
int lanes_arena_chunk_make(lanes_arena *arena, uint64_t bytes);

void lanes_arena_chunks_unmap(lanes_arena *arena);

/** That @p address is in; NULL: none. */
lanes_arena_own_chunk *lanes_arena_chunk_of(lanes_arena *arena, const void *address);

static inline uint8_t *lanes_arena_page_address(const lanes_arena *arena,
                                                const lanes_arena_own_chunk *chunk,
                                                uint64_t page)
{
    return (uint8_t *)chunk->facts.data + page * arena->page_bytes;
}

/* ---- arena_extent.c -------------------------------------------------------------- */

/** Have some spare extents at hand, enough for any one operation; false: no memory. */
bool lanes_arena_extents_ready(lanes_arena *arena);

/** A spare one, taken off the list; there is one. */
lanes_arena_extent *lanes_arena_extent_new(lanes_arena *arena);
void lanes_arena_extent_discard(lanes_arena *arena, lanes_arena_extent *extent);

/** Cut @p extent, which is in no tree, behind @p pages. @return the rest */
lanes_arena_extent *lanes_arena_extent_split(lanes_arena *arena,
                                             lanes_arena_extent *extent, uint64_t pages);

/** Make what is behind @p extent, in no tree either, part of it. */
void lanes_arena_extent_absorb(lanes_arena *arena, lanes_arena_extent *extent);

/** Make @p extent a hole or idle: one with its neighbours of that kind. */
void lanes_arena_extent_put(lanes_arena *arena, lanes_arena_extent *extent,
                            enum lanes_arena_kind kind);

/** Take a hole or an idle extent out of its tree; it is busy. */
void lanes_arena_extent_take(lanes_arena *arena, lanes_arena_extent *extent);

/** Have an idle extent be the first to be given back. */
void lanes_arena_extent_make_oldest(lanes_arena *arena, lanes_arena_extent *extent);

static inline bool lanes_arena_is_free(const lanes_arena_extent *extent)
{
    return extent != NULL &&
           (extent->kind == LANES_ARENA_HOLE || extent->kind == LANES_ARENA_IDLE);
}

/** Memory that ends with the arena; NULL: none left. */
void *lanes_arena_slab_new(lanes_arena *arena, size_t bytes);

/* ---- arena_pages.c --------------------------------------------------------------- */

/**
 * Take pages for a block or a span from holes and idle extents, and reserve them. The
 * lock is given up meanwhile.
 *
 * @param bytes  not 0
 * @param is_zero  the pages are to be zeroes
 * @return a busy extent, or NULL with *out_errno
 */
lanes_arena_extent *lanes_arena_pages_take(lanes_arena *arena, uint64_t bytes,
                                           bool is_zero, int *out_errno);

/** Free the pages of an extent, and give back what is too much. The lock is given up
 * meanwhile. */
void lanes_arena_pages_drop(lanes_arena *arena, lanes_arena_extent *extent);

/** Make a block longer in place. The lock is given up meanwhile. @return false: not
 * possible, nothing changed */
bool lanes_arena_pages_extend(lanes_arena *arena, lanes_arena_extent *extent,
                              uint64_t pages);

/* ---- arena_idle.c ---------------------------------------------------------------- */

/** May @p bytes be reserved? Looks at what is left now and then. @return 0 or ENOMEM */
int lanes_arena_credit(lanes_arena *arena, uint64_t bytes);

/** Reserve the holes of @p pieces, from all nodes if @p is_spread. Without the lock.
 * @return 0 or errno; then some may be reserved */
int lanes_arena_reserve(const lanes_arena *arena, const lanes_arena_own_chunk *chunk,
                        const lanes_arena_pieces *pieces, bool is_spread);

/** Make a busy extent a hole. Without the lock. @return false: it keeps its memory */
bool lanes_arena_give_back(const lanes_arena *arena, const lanes_arena_extent *extent);

/** Give idle memory back, the oldest first, until there are @p bytes at most; the lock is
 * given up meanwhile. */
void lanes_arena_trim(lanes_arena *arena, uint64_t bytes);

/** The same, if there is more than is to be kept. */
void lanes_arena_trim_excess(lanes_arena *arena);

/* ---- arena_span.c ---------------------------------------------------------------- */

/** Bytes of a block of at most LANES_ARENA_SMALL_BYTES_MAX as they are rounded up. */
uint32_t lanes_arena_small_bytes(uint64_t bytes);

/** A block of LANES_ARENA_SMALL_BYTES_MAX at most, or NULL with *out_errno. */
void *lanes_arena_small_take(lanes_arena *arena, uint64_t bytes, int *out_errno);

/** Free a block of @p span; there is one at @p block. The lock may be given up meanwhile.
 */
void lanes_arena_small_drop(lanes_arena *arena, lanes_arena_span *span,
                            const void *block);

/** There is a block that begins at @p block. */
bool lanes_arena_small_is_block(const lanes_arena *arena, const lanes_arena_span *span,
                                const void *block);

#endif /* LANES_ARENA_INTERNAL_H */
