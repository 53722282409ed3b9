/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * How long to spin for something before sleeping.
 *
 * Spinning pays where it ends in time, and takes a core from others where it does not. So
 * each who waits keeps what its last sleeps have shown: one that ended soon would have
 * been spared by a longer spin, one that took long had nothing to wait for nearby. The
 * rule is that of KVM's halt polling (Linux, Documentation/virt/kvm/halt-polling.rst):
 * twice as long after a wait within the limit, half as long after one beyond. A spin that
 * found what it waited for changes nothing, so that waits that are served fast cost
 * nothing here.
 *
 * A value belongs to one thread.
 */
#ifndef LANES_BASE_SPIN_H
#define LANES_BASE_SPIN_H

#include <stdint.h>

#include "base/base.h"

/** As long as a sleep and a wake-up cost without the time that it takes to wake: one
 * never spins for less, as that would not save anything. */
#define LANES_SPIN_LEAST_NS 10000u

/** With which one begins. */
#define LANES_SPIN_FIRST_NS 50000u

/**
 * The limit where nothing else is asked for: that of KVM on x86. A thread that sleeps in
 * a virtual machine is back after 5 to 150 us.
 */
#define LANES_SPIN_LIMIT_NS 200000u

typedef struct lanes_spin {
    uint64_t now_ns;   /**< to spin for */
    uint64_t limit_ns; /**< the most; 0: one never spins */
} lanes_spin;

static inline lanes_spin lanes_spin_make(uint64_t limit_ns)
{
    return (lanes_spin){
        .now_ns = lanes_min_u64(LANES_SPIN_FIRST_NS, limit_ns),
        .limit_ns = limit_ns,
    };
}

/** A wait of @p waited_ns has ended, with a sleep. */
static inline void lanes_spin_learn(lanes_spin *spin, uint64_t waited_ns)
{
    if (waited_ns > spin->limit_ns) {
        const uint64_t half_ns = spin->now_ns / 2;
        const uint64_t least_ns = lanes_min_u64(LANES_SPIN_LEAST_NS, spin->limit_ns);
        spin->now_ns = half_ns > least_ns ? half_ns : least_ns;
    } else if (waited_ns > spin->now_ns) {
        spin->now_ns = lanes_min_u64(2 * spin->now_ns, spin->limit_ns);
    }
}

#endif /* LANES_BASE_SPIN_H */
