/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ring_sleep.c - who has to wake whom, in each order in which the steps can happen.
 * Real sleeping is in tests/stress/stress_ring.c.
 */
#include "unit/ring/ring_fixture.h"

/** Submit and return whether the doorbell must be rung. */
static bool submit_rings(pair *both)
{
    lanes_ring_slot slot;
    cr_assert_eq(lanes_ring_client_reserve(&both->client, &slot), LANES_OK);
    *slot.entry = (lanes_abi_entry){.opcode = LANES_ABI_OP_MAP};
    return lanes_ring_client_commit(&both->client);
}

/** Complete one entry and return the wake-ups wanted. */
static uint32_t complete_wakes(pair *both)
{
    lanes_abi_entry entry;
    cr_assert_eq(take(both, &entry), 1);
    const lanes_abi_completion completion = {.tag = 0};
    lanes_ring_executor_post(&both->executor, &completion, NULL, NULL);
    return lanes_ring_executor_publish(&both->executor);
}

Test(ring_sleep, the_executor_tells_where_it_runs)
{
    pair both = make_pair(0);
    cr_assert_not(lanes_ring_client_is_leader_cpu(&both.client, 0), "nothing was told");
    cr_assert_not(lanes_ring_client_is_leader_cpu(&both.client, UINT32_MAX));
    lanes_ring_executor_tell_cpu(&both.executor, 0);
    cr_assert(lanes_ring_client_is_leader_cpu(&both.client, 0));
    cr_assert_not(lanes_ring_client_is_leader_cpu(&both.client, 1));
    lanes_ring_executor_tell_cpu(&both.executor, 7);
    cr_assert(lanes_ring_client_is_leader_cpu(&both.client, 7));
}

Test(ring_sleep, the_executor_tells_how_many_threads_it_has)
{
    pair both = make_pair(0);
    cr_assert_eq(lanes_ring_client_team_threads(&both.client), 0, "nothing was told");
    lanes_ring_executor_tell_threads(&both.executor, 3);
    cr_assert_eq(lanes_ring_client_team_threads(&both.client), 3);
    cr_assert_not(lanes_ring_client_is_leader_cpu(&both.client, 2), "another word");
    lanes_ring_executor_tell_threads(&both.executor, 1);
    cr_assert_eq(lanes_ring_client_team_threads(&both.client), 1);
}

Test(ring_sleep, awake_executor_needs_no_doorbell)
{
    pair both = make_pair(0);
    cr_assert_not(submit_rings(&both));
}

Test(ring_sleep, sleeping_executor_needs_the_doorbell)
{
    pair both = make_pair(0);
    cr_assert(lanes_ring_executor_sleep(&both.executor));
    cr_assert(submit_rings(&both));
    lanes_ring_executor_wake(&both.executor);
    cr_assert_not(submit_rings(&both));
}

Test(ring_sleep, executor_does_not_sleep_on_an_entry)
{
    pair both = make_pair(0);
    cr_assert_not(submit_rings(&both));
    cr_assert_not(lanes_ring_executor_sleep(&both.executor));
    lanes_ring_executor_wake(&both.executor);
}

Test(ring_sleep, awake_client_needs_no_wake)
{
    pair both = make_pair(0);
    cr_assert_not(submit_rings(&both));
    cr_assert_eq(complete_wakes(&both), 0);
}

Test(ring_sleep, waiting_client_needs_a_futex_wake)
{
    pair both = make_pair(0);
    uint32_t expected = 99;
    cr_assert_not(submit_rings(&both));
    cr_assert(lanes_ring_client_wait_begin(&both.client, &expected));
    cr_assert_eq(expected, 0);
    cr_assert_eq(complete_wakes(&both), LANES_ABI_WAIT_FUTEX);
    cr_assert_neq(*lanes_ring_client_futex(&both.client), expected,
                  "a futex wait that starts now returns at once");
    lanes_ring_client_wait_end(&both.client);
    cr_assert_eq(both.u->client_waiting, 0);
    cr_assert_eq(consume(&both), 0);
}

Test(ring_sleep, client_does_not_sleep_on_a_completion)
{
    pair both = make_pair(0);
    uint32_t expected = 0;
    cr_assert_not(submit_rings(&both));
    cr_assert_eq(complete_wakes(&both), 0);
    cr_assert_not(lanes_ring_client_wait_begin(&both.client, &expected));
    lanes_ring_client_wait_end(&both.client);
}

Test(ring_sleep, event_bit_stays_while_the_futex_bit_comes_and_goes)
{
    pair both = make_pair(0);
    uint32_t expected = 0;
    lanes_ring_client_enable_event(&both.client);
    cr_assert_not(submit_rings(&both));
    cr_assert_eq(complete_wakes(&both), LANES_ABI_WAIT_EVENT);
    cr_assert_eq(consume(&both), 0);
    cr_assert_not(submit_rings(&both));
    cr_assert(lanes_ring_client_wait_begin(&both.client, &expected));
    cr_assert_eq(complete_wakes(&both), LANES_ABI_WAIT_EVENT | LANES_ABI_WAIT_FUTEX);
    lanes_ring_client_wait_end(&both.client);
    cr_assert_eq(both.u->client_waiting, LANES_ABI_WAIT_EVENT);
}

Test(ring_sleep, both_sides_wait_on_the_same_word)
{
    pair both = make_pair(0);
    cr_assert_eq(lanes_ring_client_futex(&both.client),
                 lanes_ring_executor_futex(&both.executor));
    cr_assert_eq(lanes_ring_client_futex(&both.client), &both.k->complete_tail);
}
