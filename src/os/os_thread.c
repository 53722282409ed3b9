/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_thread.c - the CPU on which a thread runs.
 */
#include "os/os_thread.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

/* CPUs of the largest kernels that distributions build. */
#define CPUS_MAX 8192u

#define WORD_BITS (8u * (uint32_t)sizeof(unsigned long))

/* Larger than a cpu_set_t; the kernel refuses one that is smaller than its own. */
typedef union cpu_mask {
    unsigned long word[CPUS_MAX / WORD_BITS];
    cpu_set_t set;
} cpu_mask;

uint32_t lanes_os_current_cpu(void)
{
    const int cpu = sched_getcpu(); /* a load from memory that the kernel keeps current */
    return cpu >= 0 ? (uint32_t)cpu : UINT32_MAX;
}

static uint32_t count_cpus(const cpu_mask *mask)
{
    uint32_t count = 0;
    for (size_t i = 0; i < LANES_ARRAY_COUNT(mask->word); i++) {
        count += (uint32_t)__builtin_popcountl(mask->word[i]);
    }
    return count;
}

bool lanes_os_leave_cpu(uint32_t cpu)
{
    cpu_mask allowed;
    memset(&allowed, 0, sizeof(allowed));
    if (cpu >= CPUS_MAX || sched_getaffinity(0, sizeof(allowed), &allowed.set) != 0) {
        return false;
    }
    cpu_mask others = allowed;
    others.word[cpu / WORD_BITS] &= ~(1ul << cpu % WORD_BITS);
    const uint32_t count = count_cpus(&allowed);
    if (count_cpus(&others) == 0 ||
        sched_setaffinity(0, sizeof(others), &others.set) != 0) {
        return false;
    }
    /* A thread that may use all CPUs may also use those that come later. */
    if (count == (uint32_t)sysconf(_SC_NPROCESSORS_ONLN)) {
        memset(&allowed, 0xff, sizeof(allowed));
    }
    LANES_IGNORE(sched_setaffinity(0, sizeof(allowed), &allowed.set),
                 "the mask was good before");
    return true;
}
