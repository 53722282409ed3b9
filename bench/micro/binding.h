/* SPDX-License-Identifier: Apache-2.0 */
/*
 * binding.h - put the calling thread on a core, relative to the executor's threads.
 *
 * lanesd binds its first thread, which answers small batches, to the first allowed core.
 */
#ifndef LANES_BENCH_BINDING_H
#define LANES_BENCH_BINDING_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

/** Bind the calling thread to the first, or the last, core of @p allowed. */
static inline void bench_bind(const cpu_set_t *allowed, bool to_first)
{
    size_t chosen = 0;
    bool is_found = false;
    for (size_t cpu = 0; cpu < (size_t)CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, allowed) && !(to_first && is_found)) {
            chosen = cpu;
            is_found = true;
        }
    }
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(chosen, &one);
    sched_setaffinity(0, sizeof(one), &one);
}

#endif /* LANES_BENCH_BINDING_H */
