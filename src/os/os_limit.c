/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_limit.c - resource limits of this process.
 */
#include "os/os_process.h"

#include <errno.h>
#include <sys/resource.h>

static int resource_of(enum lanes_os_limit limit)
{
    switch (limit) {
    case LANES_OS_LIMIT_CPU_SECONDS:
        return RLIMIT_CPU;
    case LANES_OS_LIMIT_ADDRESS_SPACE_BYTES:
        return RLIMIT_AS;
    case LANES_OS_LIMIT_FILE_BYTES:
        return RLIMIT_FSIZE;
    case LANES_OS_LIMIT_OPEN_FILES:
        return RLIMIT_NOFILE;
    case LANES_OS_LIMIT_CORE_BYTES:
        return RLIMIT_CORE;
    case LANES_OS_LIMIT_PROCESSES:
        return RLIMIT_NPROC;
    case LANES_OS_LIMIT_STACK_BYTES:
        break;
    }
    return RLIMIT_STACK;
}

_Static_assert((uint64_t)RLIM_INFINITY == LANES_OS_UNLIMITED, "no translation needed");

lanes_status lanes_os_limit_set(enum lanes_os_limit limit, uint64_t soft, uint64_t hard,
                                lanes_error *err)
{
    const struct rlimit value = {.rlim_cur = soft, .rlim_max = hard};
    if (setrlimit((__rlimit_resource_t)resource_of(limit), &value) != 0) {
        return lanes_error_errno(err, errno, "cannot set resource limit %d to %llu",
                                 (int)limit, (unsigned long long)soft);
    }
    return LANES_OK;
}

lanes_status lanes_os_limit_get(enum lanes_os_limit limit, uint64_t *out_soft,
                                uint64_t *out_hard, lanes_error *err)
{
    struct rlimit value;
    if (getrlimit((__rlimit_resource_t)resource_of(limit), &value) != 0) {
        return lanes_error_errno(err, errno, "cannot read resource limit %d", (int)limit);
    }
    *out_soft = value.rlim_cur;
    *out_hard = value.rlim_max;
    return LANES_OK;
}
