/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment.h - memory that the client and the executor both map.
 *
 * Arrays live in segments; batches name them by segment and byte offset, so nothing is
 * copied. lanes_segment_create() makes sealed anonymous memory that cannot shrink under a
 * running batch. lanes_segment_attach_fd() and _name() share memory or files that exist.
 *
 * Threads: as client.h; a segment belongs to its session.
 */
#ifndef LANES_SEGMENT_H
#define LANES_SEGMENT_H

#include <lanes/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Memory mapped by the client and the executor. Opaque. */
typedef struct lanes_segment lanes_segment;

/** Attach: map for reading only; such a segment can hold inputs only. */
#define LANES_SEGMENT_READ_ONLY 1u
/** Attach: leave holes as they are, and map pages as they are touched. For large objects
 * of which parts are used, as an arena's chunks (arena.h): who attaches it has reserved
 * what batches will touch, or bears what a lack of memory does then (a SIGBUS, or the
 * out-of-memory killer). */
#define LANES_SEGMENT_SPARSE 2u

/**
 * Create a segment of zeroed shared memory.
 *
 * The memory is a memfd, reserved in full before this returns, so that a lack of memory
 * is -ENOSPC or -ENOMEM here and never a fault later; it is sealed against resizing. On
 * machines of several NUMA nodes its parts are on those whose threads run such parts of a
 * batch: large arrays are best in segments of their own.
 *
 * @param bytes  1 .. LANES_SEGMENT_BYTES_MAX; rounded up to whole pages
 * @param out_segment  owned by the caller; end it with lanes_segment_release()
 * @return LANES_OK, -ENOSPC, -ENOMEM, LANES_E_INVALID, LANES_E_QUOTA
 * (LANES_SEGMENTS_MAX), LANES_E_PEER_GONE, LANES_E_UNAVAILABLE (client.h)
 */
LANES_API LANES_NODISCARD lanes_status lanes_segment_create(lanes_session *session,
                                                            uint64_t bytes,
                                                            lanes_segment **out_segment,
                                                            lanes_error *err);

/**
 * Share an existing file descriptor: a memfd, a POSIX shared memory object or a regular
 * file (mapped, not read). The session keeps a duplicate of the descriptor, for an
 * executor that takes over.
 *
 * A memfd that can be sealed, and is open for writing, is sealed against resizing here
 * (F_SEAL_SHRINK, F_SEAL_GROW), for good: it cannot fail under a batch. Other objects can
 * shrink at any time. Then batches that touch the lost part end with
 * LANES_E_SEGMENT_TRUNCATED, and lanes_segment_data() is no safer for the client itself.
 * Holes that are punched into either become zeroes; where a file system is too full to
 * fill them, that is the same failure. Holes that are there already are filled, unless
 * LANES_SEGMENT_SPARSE.
 *
 * @param fd  borrowed; open for reading, and for writing unless LANES_SEGMENT_READ_ONLY
 * @param flags  LANES_SEGMENT_*
 * @return LANES_OK, LANES_E_INVALID (not a mappable object, empty, unknown flag),
 *   LANES_E_QUOTA, LANES_E_PEER_GONE, -EACCES, -errno
 */
LANES_API LANES_NODISCARD lanes_status
lanes_segment_attach_fd(lanes_session *session, int fd, uint32_t flags,
                        lanes_segment **out_segment, lanes_error *err);

/** As lanes_segment_attach_fd() for the POSIX shared memory object @p name ("/name"). */
LANES_API LANES_NODISCARD lanes_status
lanes_segment_attach_name(lanes_session *session, const char *name, uint32_t flags,
                          lanes_segment **out_segment, lanes_error *err);

/** Address of the segment's first byte in this process; page-aligned. */
LANES_API void *lanes_segment_data(const lanes_segment *segment);

/** Bytes of the segment as mapped. */
LANES_API uint64_t lanes_segment_bytes(const lanes_segment *segment);

/**
 * Unmap a segment on both sides. Batches that still use it keep it alive in the executor,
 * also in one that takes over, until they complete. @p segment may be NULL.
 */
LANES_API void lanes_segment_release(lanes_segment *segment);

#ifdef __cplusplus
}
#endif

#endif /* LANES_SEGMENT_H */
