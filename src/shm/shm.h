/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shm.h - memory that client and executor share: segments and the rings' two pieces.
 *
 * An executor keeps one table of segments per session. A segment is named by slot and
 * generation, so that an id used after its release is detected. Running batches hold
 * references, so that a segment released (or a session ended) meanwhile stays mapped
 * until they complete. The client maps its end with the functions of the last two groups.
 *
 * Threads: a table and the segments from it belong to one thread at a time, the one that
 * takes and drops references; what a segment's fields point to may be used by any.
 */
#ifndef LANES_SHM_H
#define LANES_SHM_H

#include "base/base.h"
#include "ring/ring.h"

#include <lanes/abi.h>

/* ---- Objects ------------------------------------------------------------------------
 */

/** A shared object mapped from its first byte. */
typedef struct lanes_shm_mapping {
    void *data;      /**< page-aligned */
    uint64_t bytes;  /**< of the object that are mapped; the rest of the page reads 0 */
    uint64_t device; /**< with inode: which object, whoever opened it */
    uint64_t inode;
    bool is_read_only; /**< as mapped here */
    bool is_frozen;    /**< it can never become shorter */
    bool is_allocated; /**< memory without holes: touching it allocates nothing */
} lanes_shm_mapping;

/**
 * Map the object behind @p fd: a memfd, POSIX shared memory or a regular file.
 *
 * An object that can be sealed is sealed against resizing before its size is looked at.
 * Holes of a writable object are filled first, so that a full file system is an error
 * here and no SIGBUS later, unless SPARSE: then its owner sees to that. What cannot be
 * sealed may shrink at any time: the mapping may be touched inside guarded calls only
 * (README.md).
 *
 * @param fd     borrowed; open for reading, and for writing unless READ_ONLY
 * @param bytes  how much of it; 0 = all. The size is the kernel's, not the peer's word
 * @param flags  LANES_ABI_SEGMENT_*
 * @return LANES_OK, LANES_E_INVALID (not a mappable object, empty, larger than
 *   LANES_SEGMENT_BYTES_MAX, shorter than @p bytes, unknown flag), -EACCES (not open for
 *   what the flags need), -ENOSPC, -ENOMEM, -errno
 */
LANES_NODISCARD lanes_status lanes_shm_map(int fd, uint64_t bytes, uint32_t flags,
                                           lanes_shm_mapping *out_mapping,
                                           lanes_error *err);

/** Undo lanes_shm_map() and zero *mapping; a zeroed one is allowed. */
void lanes_shm_unmap(lanes_shm_mapping *mapping);

/* ---- Segments of a session (executor) -----------------------------------------------
 */

/** The segments of one session. Opaque. */
typedef struct lanes_shm_table lanes_shm_table;

/** One segment. Read the fields; hold a reference while doing so. */
typedef struct lanes_shm_segment {
    lanes_shm_mapping mapping;
    uint64_t key; /**< equal for two live segments of a table iff the same object: overlap
                       of operands is decided on (key, offset), not on the id */
    uint32_t references;
} lanes_shm_segment;

/** @p out_table is owned by the caller: lanes_shm_table_destroy(). -ENOMEM. */
LANES_NODISCARD lanes_status lanes_shm_table_create(lanes_shm_table **out_table,
                                                    lanes_error *err);

/**
 * Release every segment. Those that batches hold stay mapped until the last reference is
 * dropped. NULL is allowed.
 */
void lanes_shm_table_destroy(lanes_shm_table *table);

/**
 * Told of memory whose pages do not all exist yet, before they do: where they are to come
 * from can be said then. What comes of it is nobody else's matter.
 *
 * @param data  mapped for writing, page-aligned; not to be touched
 */
typedef void (*lanes_shm_new_memory_fn)(void *ctx, void *data, uint64_t bytes);

/** Let @p fn know of new memory of segments that are created or attached; NULL: nobody.
 */
void lanes_shm_table_on_new_memory(lanes_shm_table *table, lanes_shm_new_memory_fn fn,
                                   void *ctx);

/** Segments in the table, and the bytes they map. */
uint32_t lanes_shm_table_count(const lanes_shm_table *table);
uint64_t lanes_shm_table_bytes(const lanes_shm_table *table);

/**
 * Create a segment of zeroed memory, every page reserved, that cannot be resized. It can
 * be mapped again: the next executor has to, should this one die.
 *
 * @param bytes    rounded up to whole pages
 * @param out_fd   to send to the client; owned by the caller
 * @return LANES_OK, LANES_E_INVALID (0 or too large), LANES_E_QUOTA (LANES_SEGMENTS_MAX),
 *   -ENOSPC, -ENOMEM, -errno
 */
LANES_NODISCARD lanes_status lanes_shm_create(lanes_shm_table *table, uint64_t bytes,
                                              lanes_abi_id *out_id, int *out_fd,
                                              lanes_error *err);

/**
 * Map what the client sent. @p fd is borrowed; parameters and failures as
 * lanes_shm_map(), and LANES_E_QUOTA.
 */
LANES_NODISCARD lanes_status lanes_shm_attach(lanes_shm_table *table, int fd,
                                              uint64_t bytes, uint32_t flags,
                                              lanes_abi_id *out_id, lanes_error *err);

/** Make @p id stale and drop the table's reference. LANES_E_STALE_ID. */
LANES_NODISCARD lanes_status lanes_shm_release(lanes_shm_table *table, lanes_abi_id id,
                                               lanes_error *err);

/**
 * Look @p id up and take a reference on it.
 * @return LANES_OK, LANES_E_STALE_ID (no text: this is on the path of every batch)
 */
LANES_NODISCARD lanes_status lanes_shm_acquire(lanes_shm_table *table, lanes_abi_id id,
                                               lanes_shm_segment **out_segment);

/** Drop a reference; the last one unmaps. The table may be gone. NULL is allowed. */
void lanes_shm_drop(lanes_shm_segment *segment);

/* ---- Ring memory --------------------------------------------------------------------
 */

/** U and K of one session as mapped in this process. */
typedef struct lanes_shm_rings {
    void *u;  /**< executor: read-only; client: read-write */
    void *k;  /**< executor: read-write; client: read-only */
    int u_fd; /**< executor: to send in the hello reply; -1 in the client */
    int k_fd;
} lanes_shm_rings;

#define LANES_SHM_RINGS_NONE {.u = NULL, .k = NULL, .u_fd = -1, .k_fd = -1}

/**
 * Executor: create U and K, map them, write K's constants (so that @p out_ring is ready)
 * and seal both against resizing, K against every other writer.
 *
 * @param out_rings  undone by lanes_shm_rings_close()
 */
LANES_NODISCARD lanes_status lanes_shm_rings_create(lanes_shm_rings *out_rings,
                                                    lanes_ring_executor *out_ring,
                                                    lanes_error *err);

/** Executor: close both descriptors once the hello reply is sent; the maps stay. */
void lanes_shm_rings_close_fds(lanes_shm_rings *rings);

/**
 * Client: check that the descriptors are memfds of the right size that cannot be resized,
 * map them, check K's constants and start @p out_ring.
 *
 * @param u_fd, k_fd  borrowed
 * @return LANES_OK, LANES_E_ABI_MISMATCH, LANES_E_PROTOCOL (not such objects), -errno
 */
LANES_NODISCARD lanes_status lanes_shm_rings_map(int u_fd, int k_fd,
                                                 lanes_shm_rings *out_rings,
                                                 lanes_ring_client *out_ring,
                                                 lanes_error *err);

/** Unmap, close, set to none. Allowed on LANES_SHM_RINGS_NONE. */
void lanes_shm_rings_close(lanes_shm_rings *rings);

#endif /* LANES_SHM_H */
