/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_thread.c - the CPU on which a thread runs, and how much of one it gets.
 */
#include "os/os_thread.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* CPUs of the largest kernels that distributions build. */
#define CPUS_MAX 8192u

/* Each makes a thread's weight 4/5 of what it was. */
#define NICE_STEPS 5

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

uint32_t lanes_os_cpu_count(void)
{
    cpu_mask allowed;
    memset(&allowed, 0, sizeof(allowed));
    if (sched_getaffinity(0, sizeof(allowed), &allowed.set) != 0) {
        return 1;
    }
    const uint32_t count = count_cpus(&allowed);
    return count != 0 ? count : 1;
}

lanes_status lanes_os_give_way(void)
{
    const struct sched_param none = {.sched_priority = 0};
    errno = 0;
    const int nice = getpriority(PRIO_PROCESS, 0);
    if (nice == -1 && errno != 0) {
        return -errno;
    }
    /* Batch: one that wakes up does not interrupt what runs. Of the thread, on Linux. */
    if (sched_setscheduler(0, SCHED_BATCH, &none) != 0 ||
        setpriority(PRIO_PROCESS, 0, nice + NICE_STEPS) != 0) {
        return -errno;
    }
    return LANES_OK;
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
