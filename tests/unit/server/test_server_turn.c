/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_server_turn.c - whose turn it is, by itself: costs are invented here, so shares
 * and waits are exact, however busy the machine is.
 */
#include <criterion/criterion.h>

#include "server/server_turn.h"

#define QUANTUM  LANES_SERVER_QUANTUM_NS
#define SESSIONS 8u

static lanes_server_turns turns;
static lanes_server_turn turn[SESSIONS];
static uint64_t had_ns[SESSIONS]; /* since it was last set to 0 */

static void setup(void)
{
    turns = (lanes_server_turns){.passed_ns = 0};
    for (uint32_t i = 0; i < SESSIONS; i++) {
        turn[i] = (lanes_server_turn){.priority = LANES_PRIORITY_NORMAL};
        had_ns[i] = 0;
    }
}

TestSuite(server_turn, .init = setup);

static void join(uint32_t index)
{
    lanes_server_turn_join(&turns, &turn[index]);
}

static void leave(uint32_t index)
{
    lanes_server_turn_leave(&turns, &turn[index]);
}

static void charge(uint32_t index, uint64_t ns)
{
    had_ns[index] += ns;
    lanes_server_turn_charge(&turns, &turn[index], ns);
}

/* Index of the next one; SESSIONS: none. */
static uint32_t next(void)
{
    const lanes_server_turn *chosen = lanes_server_turns_next(&turns);
    return chosen != NULL ? (uint32_t)(chosen - turn) : SESSIONS;
}

/* @p ns of what those that wait get, each @p slice_ns[its index] at a time. */
static void run(uint64_t ns, const uint64_t slice_ns[SESSIONS])
{
    uint64_t done_ns = 0;
    while (done_ns < ns) {
        const uint32_t chosen = next();
        cr_assert_lt(chosen, SESSIONS);
        charge(chosen, slice_ns[chosen]);
        done_ns += slice_ns[chosen];
    }
}

static uint64_t apart(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

Test(server_turn, nobody_waits_at_first)
{
    cr_assert_eq(next(), SESSIONS);
    cr_assert(lanes_server_turn_may_go(&turns, &turn[0]));
    leave(0);
    cr_assert_eq(next(), SESSIONS);
}

Test(server_turn, equal_slices_go_round)
{
    join(0);
    join(1);
    join(2);
    join(1); /* it does already */
    for (uint32_t i = 0; i < 9; i++) {
        const uint32_t chosen = next();
        cr_assert_eq(chosen, i % 3);
        charge(chosen, QUANTUM);
    }
    leave(1);
    cr_assert_eq(next(), 0);
    charge(0, QUANTUM);
    cr_assert_eq(next(), 2);
    leave(0);
    leave(2);
    cr_assert_eq(next(), SESSIONS);
}

Test(server_turn, shares_are_of_time_whatever_slices_take)
{
    const uint64_t slice_ns[SESSIONS] = {QUANTUM / 50, QUANTUM, 10 * QUANTUM,
                                         QUANTUM / 3};
    for (uint32_t i = 0; i < 4; i++) {
        join(i);
    }
    run(4000 * QUANTUM, slice_ns);
    for (uint32_t i = 0; i < 4; i++) {
        cr_assert_leq(apart(had_ns[i], 1000 * QUANTUM), 20 * QUANTUM,
                      "session %u had %llu of 1000 quanta", i,
                      (unsigned long long)(had_ns[i] / QUANTUM));
    }
}

Test(server_turn, who_comes_is_next_but_has_saved_nothing)
{
    const uint64_t slice_ns[SESSIONS] = {QUANTUM, QUANTUM, QUANTUM};
    join(0);
    join(1);
    run(100 * QUANTUM, slice_ns);
    join(2);
    /* It may have come behind one that has used as little. */
    uint32_t before = 0;
    uint32_t chosen;
    while ((chosen = next()) != 2) {
        charge(chosen, QUANTUM);
        before++;
    }
    cr_assert_leq(before, 1);
    had_ns[0] = had_ns[1] = had_ns[2] = 0;
    run(300 * QUANTUM, slice_ns);
    for (uint32_t i = 0; i < 3; i++) {
        cr_assert_leq(apart(had_ns[i], 100 * QUANTUM), 2 * QUANTUM);
    }
}

Test(server_turn, many_hogs_cost_a_light_one_no_more_than_one_does)
{
    const uint32_t light = SESSIONS - 1;
    for (uint32_t i = 0; i < light; i++) {
        join(i);
    }
    for (uint32_t i = 0; i < 2 * light; i++) {
        charge(next(), QUANTUM);
    }
    for (uint32_t round = 0; round < 1000; round++) {
        for (uint32_t i = 0; i < round % 5; i++) {
            charge(next(), QUANTUM);
        }
        cr_assert(lanes_server_turn_may_go(&turns, &turn[light]), "round %u", round);
        if (round % 2 == 0) {
            charge(light, QUANTUM / 20); /* at once */
            continue;
        }
        join(light);
        uint32_t before = 0;
        uint32_t chosen;
        while ((chosen = next()) != light) {
            charge(chosen, QUANTUM);
            before++;
        }
        cr_assert_eq(before, 0, "round %u: %u slices", round, before);
        charge(light, QUANTUM / 20);
        leave(light);
    }
}

Test(server_turn, a_flood_of_short_ones_goes_before_others_for_a_quantum)
{
    join(0);
    cr_assert_eq(next(), 0);
    charge(0, QUANTUM);
    uint32_t at_once = 0;
    while (lanes_server_turn_may_go(&turns, &turn[1])) {
        charge(1, QUANTUM / 10);
        at_once++;
    }
    cr_assert_eq(at_once, 10);
    join(1); /* from now on it waits as others do */
    had_ns[0] = had_ns[1] = 0;
    const uint64_t slice_ns[SESSIONS] = {QUANTUM, QUANTUM / 10};
    run(100 * QUANTUM, slice_ns);
    cr_assert_leq(apart(had_ns[0], had_ns[1]), 2 * QUANTUM);
}

Test(server_turn, short_ones_alone_always_go_and_owe_nothing_afterwards)
{
    for (uint32_t i = 0; i < 1000; i++) {
        cr_assert(lanes_server_turn_may_go(&turns, &turn[i % 2]));
        charge(i % 2, QUANTUM / 10);
    }
    join(2);
    cr_assert(lanes_server_turn_may_go(&turns, &turn[0]), "it had the team to itself");
    const uint64_t slice_ns[SESSIONS] = {QUANTUM, QUANTUM, QUANTUM};
    join(0);
    join(1);
    had_ns[0] = had_ns[1] = had_ns[2] = 0;
    run(30 * QUANTUM, slice_ns);
    for (uint32_t i = 0; i < 3; i++) {
        cr_assert_leq(apart(had_ns[i], 10 * QUANTUM), 2 * QUANTUM);
    }
}

Test(server_turn, a_slice_that_took_too_long_is_paid_for_unless_nobody_wanted_it)
{
    const uint64_t slice_ns[SESSIONS] = {QUANTUM, QUANTUM};
    join(0);
    join(1);
    cr_assert_eq(next(), 0);
    charge(0, 50 * QUANTUM);
    leave(0); /* and that was its batch */
    charge(1, QUANTUM);
    cr_assert_not(lanes_server_turn_may_go(&turns, &turn[0]));
    join(0);
    for (uint32_t i = 0; i < 49; i++) {
        cr_assert_eq(next(), 1, "slice %u", i);
        charge(1, QUANTUM);
    }
    had_ns[0] = had_ns[1] = 0;
    run(20 * QUANTUM, slice_ns);
    cr_assert_leq(apart(had_ns[0], had_ns[1]), QUANTUM);
    cr_assert_eq(next(), 0);
    charge(0, 50 * QUANTUM);
    leave(0);
    leave(1);
    lanes_server_turns_forget(&turns);
    join(1);
    cr_assert(lanes_server_turn_may_go(&turns, &turn[0]));
    join(0);
    had_ns[0] = had_ns[1] = 0;
    run(20 * QUANTUM, slice_ns);
    cr_assert_leq(apart(had_ns[0], had_ns[1]), QUANTUM);
}

Test(server_turn, high_goes_before_normal_before_low)
{
    turn[0].priority = LANES_PRIORITY_LOW;
    turn[1].priority = LANES_PRIORITY_NORMAL;
    turn[2].priority = LANES_PRIORITY_HIGH;
    join(0);
    cr_assert(lanes_server_turn_may_go(&turns, &turn[1]));
    join(1);
    cr_assert(lanes_server_turn_may_go(&turns, &turn[2]));
    leave(0);
    cr_assert_not(lanes_server_turn_may_go(&turns, &turn[0]));
    join(0);
    join(2);
    leave(1);
    cr_assert_not(lanes_server_turn_may_go(&turns, &turn[1]));
    cr_assert_eq(next(), 2);
    leave(2);
    join(1);
    for (uint32_t i = 0; i < 100; i++) { /* for ever */
        cr_assert_eq(next(), 1);
        charge(1, QUANTUM);
    }
    leave(1);
    cr_assert_eq(next(), 0);
}

Test(server_turn, high_leaves_a_ninth_to_normal_and_nothing_to_low)
{
    const uint64_t slice_ns[SESSIONS] = {QUANTUM, QUANTUM, QUANTUM / 4, QUANTUM};
    turn[0].priority = LANES_PRIORITY_HIGH;
    turn[1].priority = LANES_PRIORITY_NORMAL;
    turn[2].priority = LANES_PRIORITY_NORMAL;
    turn[3].priority = LANES_PRIORITY_LOW;
    for (uint32_t i = 0; i < 4; i++) {
        join(i);
    }
    for (uint32_t i = 0; i < LANES_SERVER_HIGH_QUANTA; i++) {
        cr_assert_eq(next(), 0, "slice %u", i);
        charge(0, QUANTUM);
    }
    cr_assert_eq(next(), 1);
    run(900 * QUANTUM, slice_ns);
    const uint64_t normal_ns = had_ns[1] + had_ns[2];
    cr_assert_leq(apart(normal_ns, 100 * QUANTUM), 2 * QUANTUM, "%llu quanta",
                  (unsigned long long)(normal_ns / QUANTUM));
    cr_assert_leq(apart(had_ns[1], had_ns[2]), QUANTUM);
    cr_assert_eq(had_ns[3], 0);
    /* Time in which no normal one waited is not held against high ones. */
    leave(1);
    leave(2);
    for (uint32_t i = 0; i < 100; i++) {
        charge(0, QUANTUM);
    }
    join(1);
    cr_assert_eq(next(), 0);
}

Test(server_turn, any_order_of_events_keeps_the_list_whole)
{
    uint32_t random = 12345;
    bool waits[SESSIONS] = {false};
    for (uint32_t i = 0; i < SESSIONS; i++) {
        turn[i].priority = i % LANES_PRIORITIES;
    }
    for (uint32_t step = 0; step < 100000; step++) {
        random = random * 1664525u + 1013904223u;
        const uint32_t index = (random >> 16) % SESSIONS;
        switch ((random >> 8) % 4) {
        case 0:
            join(index);
            waits[index] = true;
            break;
        case 1:
            leave(index);
            waits[index] = false;
            break;
        case 2:
            charge(index, random % (3 * QUANTUM));
            break;
        default: {
            const uint32_t chosen = next();
            bool has_any = false;
            for (uint32_t i = 0; i < SESSIONS; i++) {
                has_any |= waits[i];
            }
            cr_assert_eq(chosen < SESSIONS, has_any);
            cr_assert(chosen == SESSIONS || waits[chosen]);
            for (uint32_t i = 0; chosen < SESSIONS && i < SESSIONS; i++) {
                cr_assert(!waits[i] || turn[i].priority != turn[chosen].priority ||
                          turn[i].used_ns >= turn[chosen].used_ns);
            }
            break;
        }
        }
    }
}
