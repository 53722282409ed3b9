/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_base_spin.c - how long to spin, from how long sleeps took.
 */
#include <criterion/criterion.h>

#include "base/spin.h"

Test(base_spin, grows_while_longer_spins_would_have_spared_sleeps)
{
    lanes_spin spin = lanes_spin_make(200000);
    cr_assert_eq(spin.now_ns, LANES_SPIN_FIRST_NS);
    lanes_spin_learn(&spin, 60000);
    cr_assert_eq(spin.now_ns, 100000);
    lanes_spin_learn(&spin, 90000);
    cr_assert_eq(spin.now_ns, 100000, "it would have been found within that");
    lanes_spin_learn(&spin, 200000);
    lanes_spin_learn(&spin, 200000);
    cr_assert_eq(spin.now_ns, 200000, "the limit");
}

Test(base_spin, shrinks_where_nothing_comes_within_the_limit)
{
    lanes_spin spin = lanes_spin_make(200000);
    lanes_spin_learn(&spin, 200001);
    cr_assert_eq(spin.now_ns, LANES_SPIN_FIRST_NS / 2);
    for (int i = 0; i < 10; i++) {
        lanes_spin_learn(&spin, UINT64_MAX);
    }
    cr_assert_eq(spin.now_ns, LANES_SPIN_LEAST_NS);
    lanes_spin_learn(&spin, 150000);
    cr_assert_eq(spin.now_ns, 2 * LANES_SPIN_LEAST_NS, "and comes back");
}

Test(base_spin, a_limit_below_the_least_is_kept)
{
    lanes_spin spin = lanes_spin_make(3000);
    cr_assert_eq(spin.now_ns, 3000);
    lanes_spin_learn(&spin, 2000000);
    lanes_spin_learn(&spin, 2500);
    cr_assert_eq(spin.now_ns, 3000);
    spin = lanes_spin_make(0);
    lanes_spin_learn(&spin, 1000);
    cr_assert_eq(spin.now_ns, 0, "never");
}
