/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topo_budget.c - has what limits the places changed since somebody looked?
 *
 * Making a plan reads the whole machine, which takes milliseconds. The affinity mask is
 * one system call, and the kernel cuts it to the cpuset; cpu.max is a file or two.
 */
#include "topo/topo.h"

#include <sched.h>
#include <string.h>

#include "topo/topo_internal.h"

/* CPUs of the largest kernels that distributions build; larger than a cpu_set_t. */
#define CPUS_MAX 8192u

#define WORD_BITS (8u * (uint32_t)sizeof(unsigned long))

/* As FNV-1a, of words: no change of one word goes unnoticed. */
#define HASH_FIRST UINT64_C(0xcbf29ce484222325)
#define HASH_PRIME UINT64_C(0x100000001b3)

typedef union cpu_mask {
    unsigned long word[CPUS_MAX / WORD_BITS];
    cpu_set_t set;
} cpu_mask;

uint64_t lanes_topo_budget(const lanes_topo_options *options)
{
    cpu_mask mask;
    memset(&mask, 0, sizeof(mask));
    if (options->synthetic == NULL) {
        LANES_IGNORE(sched_getaffinity(0, sizeof(mask), &mask.set) < 0,
                     "then it counts as unchanged");
    }
    uint64_t hash = (HASH_FIRST ^ lanes_topo_cgroup_limit(options)) * HASH_PRIME;
    for (size_t i = 0; i < LANES_ARRAY_COUNT(mask.word); i++) {
        hash = (hash ^ mask.word[i]) * HASH_PRIME;
    }
    return hash;
}
