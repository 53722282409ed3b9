/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_internal.h - shared by the files of this room only: time left of a wait.
 */
#ifndef LANES_OS_INTERNAL_H
#define LANES_OS_INTERNAL_H

#include "base/base.h"

#include <time.h>

/** End of a wait of @p timeout_ns that starts now; UINT64_MAX = none. */
static inline uint64_t lanes_os_deadline(uint64_t timeout_ns)
{
    uint64_t deadline_ns = 0;
    if (!lanes_add_u64(lanes_clock_ns(), timeout_ns, &deadline_ns)) {
        return UINT64_MAX;
    }
    return deadline_ns;
}

/** Nanoseconds until @p deadline_ns, 0 if it has passed, UINT64_MAX if there is none. */
static inline uint64_t lanes_os_time_left(uint64_t deadline_ns)
{
    if (deadline_ns == UINT64_MAX) {
        return UINT64_MAX;
    }
    const uint64_t now_ns = lanes_clock_ns();
    return deadline_ns > now_ns ? deadline_ns - now_ns : 0;
}

/** Fill @p storage with a duration; NULL, which the kernel takes as forever, if none. */
static inline struct timespec *lanes_os_timespec(uint64_t duration_ns,
                                                 struct timespec *storage)
{
    if (duration_ns == UINT64_MAX) {
        return NULL;
    }
    storage->tv_sec = (time_t)(duration_ns / 1000000000u);
    storage->tv_nsec = (long)(duration_ns % 1000000000u);
    return storage;
}

/** For system interfaces whose prototypes lack a const although they only read. */
static inline void *lanes_os_drop_const(const void *pointer)
{
    const union {
        const void *read_only;
        void *writable;
    } both = {.read_only = pointer};
    return both.writable;
}

#endif /* LANES_OS_INTERNAL_H */
