/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shm_mapping.c - from a descriptor that somebody sent to memory that may be used.
 */
#include "shm/shm.h"

#include <errno.h>

#include "os/os_memory.h"
#include "shm/shm_internal.h"

/** What the descriptor must be, whoever sent it. */
static lanes_status check_object(int fd, const lanes_os_facts *facts, uint32_t flags,
                                 lanes_error *err)
{
    if ((flags & ~(LANES_ABI_SEGMENT_READ_ONLY | LANES_ABI_SEGMENT_SPARSE)) != 0) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "segment flags 0x%x: only 0x%x (read-only) and 0x%x "
                               "(sparse) are known",
                               flags, LANES_ABI_SEGMENT_READ_ONLY,
                               LANES_ABI_SEGMENT_SPARSE);
    }
    if (facts->object == LANES_OS_OBJECT_OTHER) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "descriptor %d is not a memfd, shared memory object or "
                               "regular file, so it cannot be mapped",
                               fd);
    }
    const bool is_read_only = (flags & LANES_ABI_SEGMENT_READ_ONLY) != 0;
    if (!facts->can_read || (!is_read_only && !facts->can_write)) {
        return lanes_error_set(err, -EACCES, "descriptor %d is not open for %s%s", fd,
                               is_read_only ? "reading" : "reading and writing",
                               facts->can_read ? "; open it so, or attach it read-only"
                                               : "");
    }
    return LANES_OK;
}

static lanes_status check_size(int fd, const lanes_os_facts *facts, uint64_t wanted,
                               lanes_error *err)
{
    if (wanted == 0) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "descriptor %d refers to an empty object", fd);
    }
    if (wanted > facts->bytes) {
        return lanes_error_set(
            err, LANES_E_INVALID, "descriptor %d has %llu bytes, not the %llu wanted", fd,
            (unsigned long long)facts->bytes, (unsigned long long)wanted);
    }
    if (wanted > LANES_SEGMENT_BYTES_MAX) {
        return lanes_error_set(
            err, LANES_E_INVALID,
            "a segment of %llu bytes exceeds LANES_SEGMENT_BYTES_MAX %llu",
            (unsigned long long)wanted, (unsigned long long)LANES_SEGMENT_BYTES_MAX);
    }
    /* Ordinary pages are rounded up by the kernel, when they are unmapped, too. */
    if (facts->page_bytes > lanes_os_page_bytes() && wanted % facts->page_bytes != 0) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "descriptor %d has pages of %llu bytes, of which %llu are "
                               "no multiple; attach all of it",
                               fd, (unsigned long long)facts->page_bytes,
                               (unsigned long long)wanted);
    }
    return LANES_OK;
}

/* As many bytes as there are, if the caller does not say. */
static uint64_t wanted_bytes(const lanes_os_facts *facts, uint64_t bytes)
{
    return bytes == 0 ? facts->bytes : bytes;
}

/*
 * Take from whoever sent the object the means to resize it, where the kernel lets us; and
 * look at its size once more, because only now it cannot change any more.
 */
static lanes_status freeze(int fd, lanes_os_facts *facts, lanes_error *err)
{
    if (facts->object != LANES_OS_OBJECT_MEMORY ||
        (facts->seals & LANES_OS_SEAL_SHRINK) != 0) {
        return LANES_OK;
    }
    if (lanes_os_seal(fd, LANES_OS_SEAL_SHRINK | LANES_OS_SEAL_GROW, NULL) < 0) {
        return LANES_OK; /* POSIX shared memory, or open for reading only: it may shrink
                          */
    }
    return lanes_os_fd_facts(fd, facts, err);
}

/* Fills the holes of an object that is mapped at @p data. */
static lanes_status fill_holes(int fd, const lanes_os_facts *facts, void *data,
                               uint64_t bytes, const lanes_shm_listener *listener,
                               lanes_error *err)
{
    if (listener->fn != NULL && facts->object == LANES_OS_OBJECT_MEMORY &&
        facts->allocated_bytes < bytes) {
        listener->fn(listener->ctx, data, bytes);
    }
    return lanes_os_reserve(fd, facts, bytes, err);
}

lanes_status lanes_shm_map(int fd, uint64_t bytes, uint32_t flags,
                           lanes_shm_mapping *out_mapping, lanes_error *err)
{
    const lanes_shm_listener nobody = {.fn = NULL};
    return lanes_shm_map_telling(fd, bytes, flags, &nobody, out_mapping, err);
}

lanes_status lanes_shm_map_telling(int fd, uint64_t bytes, uint32_t flags,
                                   const lanes_shm_listener *listener,
                                   lanes_shm_mapping *out_mapping, lanes_error *err)
{
    lanes_os_facts facts;
    LANES_TRY(lanes_os_fd_facts(fd, &facts, err));
    LANES_TRY(check_object(fd, &facts, flags, err));
    /* What is refused anyway is left as it was. */
    LANES_TRY(check_size(fd, &facts, wanted_bytes(&facts, bytes), err));
    LANES_TRY(freeze(fd, &facts, err));
    const uint64_t wanted = wanted_bytes(&facts, bytes);
    LANES_TRY(check_size(fd, &facts, wanted, err));
    const bool is_read_only = (flags & LANES_ABI_SEGMENT_READ_ONLY) != 0;
    void *data = NULL;
    LANES_TRY(
        lanes_os_map(fd, wanted, is_read_only ? 0 : LANES_OS_MAP_WRITE, &data, err));
    const bool is_sparse = (flags & LANES_ABI_SEGMENT_SPARSE) != 0;
    if (!is_read_only && !is_sparse) {
        const lanes_status status = fill_holes(fd, &facts, data, wanted, listener, err);
        if (status < 0) {
            lanes_os_unmap(data, wanted);
            return status;
        }
    }
    *out_mapping = (lanes_shm_mapping){
        .data = data,
        .bytes = wanted,
        .device = facts.device,
        .inode = facts.inode,
        .is_read_only = is_read_only,
        .is_frozen = (facts.seals & LANES_OS_SEAL_SHRINK) != 0,
        .is_allocated = facts.object == LANES_OS_OBJECT_MEMORY && !is_sparse &&
                        (!is_read_only || facts.allocated_bytes >= wanted),
    };
    return LANES_OK;
}

void lanes_shm_unmap(lanes_shm_mapping *mapping)
{
    lanes_os_unmap(mapping->data, mapping->bytes);
    *mapping = (lanes_shm_mapping){.data = NULL};
}
