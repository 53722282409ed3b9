/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_server_fair.c - whose batches run when several sessions have some: priorities,
 * shares, floods.
 *
 * Times are those of a busy machine, so what is compared is what the callbacks themselves
 * counted: elements, each of which takes a microsecond or more, and the time they had.
 * The team has one thread, which writes down whose turn it was (fake_trace).
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/atomic.h"
#include "server_fixture.h"
#include "server_loops.h"

#define ELEMENTS 50000u

/* Elements of a slice at most: of 2 ms. */
#define SLICE 2000u

static fixture f;

/* A session with a traced kernel whose cost is known. */
typedef struct user {
    client c;
    segment in;
    segment out;
    lanes_abi_kernel kernel;
} user;

static user users[4];

/* One whose batch holds the team until it is let go, so that all others wait. */
static user gate;

static void open_user(user *u, const char *command)
{
    client_open_ok(&u->c, &f);
    cr_assert_eq(client_segment(&u->c, ELEMENTS * sizeof(double), &u->in), LANES_OK);
    cr_assert_eq(client_segment(&u->c, ELEMENTS * sizeof(double), &u->out), LANES_OK);
    cr_assert_eq(client_load(&u->c, command, &u->kernel), LANES_OK, "%s", u->c.text);
    const batch b = batch_of(&u->kernel, &u->in, &u->out, 1000);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(client_run(&u->c, &b).status, LANES_OK, "%s", u->c.text);
    }
}

static void setup(void)
{
    fixture_init(&f, 1);
    fixture_start(&f);
    for (size_t i = 0; i < LANES_ARRAY_COUNT(users); i++) {
        open_user(&users[i], "trace");
    }
    open_user(&gate, "endless");
}

static void teardown(void)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(users); i++) {
        client_close(&users[i].c);
    }
    client_close(&gate.c);
    fixture_stop(&f);
}

TestSuite(server_fair, .init = setup, .fini = teardown, .timeout = 60);

static void close_gate(void)
{
    gate.in.data[0] = -2;
    const batch b = batch_of(&gate.kernel, &gate.in, &gate.out, 1);
    client_submit(&gate.c, &b, 0);
    sleep_ms(5); /* without it, what comes first may run first */
}

/* From here on the trace is that of what was submitted meanwhile. */
static void open_gate(void)
{
    fake_turns = 0; /* the team is in the gate */
    lanes_store_relaxed_u64(&fake_elements, 0);
    *(volatile double *)gate.in.data = 0;
    cr_assert_eq(client_wait(&gate.c).status, LANES_OK, "%s", gate.c.text);
}

static void submit(user *u, uint64_t seed, uint32_t priority, uint64_t count)
{
    batch b = batch_of(&u->kernel, &u->in, &u->out, count);
    b.entry.seed = seed;
    b.entry.priority = priority;
    client_submit(&u->c, &b, seed);
}

static void wait_for(user *u, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        cr_assert_eq(client_wait(&u->c).status, LANES_OK, "%s", u->c.text);
    }
}

/* Elements of [seed, seed + seeds) that ran before @p turns. */
static uint64_t elements_of(uint64_t seed, uint64_t seeds, uint32_t turns)
{
    uint64_t elements = 0;
    for (uint32_t i = 0; i < turns; i++) {
        elements += fake_trace[i].seed - seed < seeds ? fake_trace[i].elements : 0;
    }
    return elements;
}

static uint64_t ns_of(uint64_t seed, uint64_t seeds, uint32_t turns)
{
    uint64_t ns = 0;
    for (uint32_t i = 0; i < turns; i++) {
        ns += fake_trace[i].seed - seed < seeds ? fake_trace[i].ns : 0;
    }
    return ns;
}

/* Turns up to and with the last of [seed, seed + seeds). */
static uint32_t end_of(uint64_t seed, uint64_t seeds)
{
    uint32_t end = fake_turns;
    while (end > 0 && fake_trace[end - 1].seed - seed >= seeds) {
        end--;
    }
    return end;
}

/* Turns before the first of them. */
static uint32_t begin_of(uint64_t seed, uint64_t seeds)
{
    uint32_t begin = 0;
    while (begin < fake_turns && fake_trace[begin].seed - seed >= seeds) {
        begin++;
    }
    return begin;
}

Test(server_fair, high_runs_before_normal_before_low)
{
    const uint32_t order[] = {LANES_PRIORITY_LOW, LANES_PRIORITY_NORMAL,
                              LANES_PRIORITY_HIGH};
    close_gate();
    for (uint32_t i = 0; i < 3; i++) { /* seeds 100.., 200.., 300.. */
        for (uint32_t k = 0; k < 2; k++) {
            submit(&users[k], 100 * (i + 1) + k, order[i], 3 * SLICE);
            submit(&users[k], 100 * (i + 1) + 2 + k, order[i], 50); /* a small one */
        }
    }
    open_gate();
    wait_for(&users[0], 6);
    wait_for(&users[1], 6);
    const uint32_t high_end = end_of(300, 100);
    const uint32_t normal_end = end_of(200, 100);
    cr_assert_eq(elements_of(100, 100, high_end), 0);
    cr_assert_eq(elements_of(100, 100, normal_end), 0, "low while normal waits");
    cr_assert_eq(elements_of(100, 100, fake_turns), 2 * (3 * SLICE + 50));
    /* 12 ms of high ones are not enough for a normal one; but they may take longer, also
     * where the trace does not see it. Without priorities it would be half of them. */
    const uint64_t shares = ns_of(300, 100, high_end) / (8 * 2000000);
    cr_assert_leq(elements_of(200, 100, high_end), (shares + 2) * SLICE,
                  "normal before high");
    cr_assert_eq(elements_of(200, 100, fake_turns), 2 * (3 * SLICE + 50));
}

Test(server_fair, high_gives_way_to_normal_now_and_then)
{
    close_gate();
    submit(&users[0], 1, LANES_PRIORITY_HIGH, 40 * SLICE / 2);
    submit(&users[0], 2, LANES_PRIORITY_HIGH, 40 * SLICE / 2);
    submit(&users[1], 3, LANES_PRIORITY_NORMAL, 2 * SLICE);
    submit(&users[2], 4, LANES_PRIORITY_LOW, 50);
    open_gate();
    wait_for(&users[0], 2);
    wait_for(&users[1], 1);
    wait_for(&users[2], 1);
    const uint32_t normal_begin = begin_of(3, 1);
    const uint32_t normal_end = end_of(3, 1);
    /* 8 and 16 slices if each takes the 2 ms that it is made for; of 40 in all. */
    cr_assert_leq(elements_of(1, 2, normal_begin), 14 * SLICE);
    cr_assert_leq(elements_of(1, 2, normal_end), 28 * SLICE);
    cr_assert_geq(ns_of(1, 2, normal_begin), 8 * UINT64_C(1900000), "too early");
    cr_assert_geq(begin_of(4, 1), end_of(1, 3), "low was last");
}

Test(server_fair, batches_of_a_session_and_priority_begin_in_order)
{
    close_gate();
    for (uint32_t i = 0; i < 40; i++) {
        submit(&users[0], i, LANES_PRIORITY_NORMAL, i % 3 == 0 ? SLICE : 20);
    }
    open_gate();
    for (uint32_t i = 0; i < 40; i++) {
        const lanes_abi_completion done = client_wait(&users[0].c);
        cr_assert_eq(done.status, LANES_OK);
        cr_assert_eq(done.tag, i);
    }
    cr_assert_eq(fake_turns, 40);
}

Test(server_fair, a_flood_of_small_batches_and_a_hog_have_equal_times)
{
    close_gate();
    submit(&users[0], 1000, LANES_PRIORITY_NORMAL, 25 * SLICE);
    for (uint32_t i = 0; i < LANES_ABI_ENTRIES; i++) { /* 25.6 ms of them */
        submit(&users[1], i, LANES_PRIORITY_NORMAL, 100);
    }
    open_gate();
    wait_for(&users[0], 1);
    wait_for(&users[1], LANES_ABI_ENTRIES);
    const uint32_t both_end = end_of(0, LANES_ABI_ENTRIES) < end_of(1000, 1)
                                  ? end_of(0, LANES_ABI_ENTRIES)
                                  : end_of(1000, 1);
    uint64_t longest_ns = 0; /* the machine may have stopped in the middle of a call */
    uint64_t hog_ns = 0;
    uint64_t flood_ns = 0;
    for (uint32_t i = 0; i < both_end; i++) {
        const fake_turn *turn = &fake_trace[i];
        *(turn->seed == 1000 ? &hog_ns : &flood_ns) += turn->ns;
        longest_ns = turn->longest_ns > longest_ns ? turn->longest_ns : longest_ns;
        const uint64_t apart_ns =
            hog_ns > flood_ns ? hog_ns - flood_ns : flood_ns - hog_ns;
        cr_assert_leq(apart_ns, 3 * UINT64_C(2000000) + 2 * longest_ns,
                      "hog %llu us, flood %llu us", (unsigned long long)(hog_ns / 1000),
                      (unsigned long long)(flood_ns / 1000));
    }
    cr_assert_gt(hog_ns, UINT64_C(15000000));
    cr_assert_gt(flood_ns, UINT64_C(15000000));
}

/* The machine may stop in the middle of anything; what goes wrong each time is ours. */
#define ATTEMPTS 6

#define LIGHT_BATCHES 25

/*
 * The hogs have always something to run; each light batch should run before their next
 * slice. Returns how many did not.
 */
static uint32_t count_late(uint32_t hogs, uint64_t count)
{
    uint64_t at[LIGHT_BATCHES]; /* elements that had run when it had been submitted */
    fake_turns = 0;
    close_gate();
    for (uint32_t i = 0; i < hogs; i++) {
        for (uint32_t k = 0; k < 4; k++) {
            submit(&users[i], 1000 + i, LANES_PRIORITY_NORMAL, 15 * SLICE);
        }
    }
    open_gate();
    for (uint32_t i = 0; i < LIGHT_BATCHES; i++) {
        submit(&users[3], i, LANES_PRIORITY_NORMAL, count);
        at[i] = lanes_load_relaxed_u64(&fake_elements);
        wait_for(&users[3], 1);
    }
    for (uint32_t i = 0; i < hogs; i++) {
        wait_for(&users[i], 4);
    }
    uint32_t late = 0;
    for (uint32_t i = 0; i < LIGHT_BATCHES; i++) {
        const uint64_t before = fake_trace[begin_of(i, 1)].before;
        late += before > at[i] + SLICE + SLICE / 4;
    }
    return late;
}

static void expect_light_runs_soon(uint32_t hogs, uint64_t count)
{
    uint32_t late = UINT32_MAX;
    for (int i = 0; i < ATTEMPTS && late > LIGHT_BATCHES / 5; i++) {
        late = count_late(hogs, count);
    }
    cr_assert_leq(late, LIGHT_BATCHES / 5, "%u of %u waited longer", late, LIGHT_BATCHES);
}

Test(server_fair, a_hog_costs_a_small_batch_one_slice)
{
    expect_light_runs_soon(1, 50);
}

Test(server_fair, three_hogs_cost_a_small_batch_one_slice)
{
    expect_light_runs_soon(3, 50);
}

Test(server_fair, three_hogs_cost_a_batch_that_is_not_small_one_slice)
{
    expect_light_runs_soon(3, SLICE / 5); /* less than its share */
}

/* Four sessions' small batches are there at once; in how many turns they run. */
static uint32_t count_turns(void)
{
    fake_turns = 0;
    close_gate();
    for (uint32_t i = 0; i < 4; i++) {
        for (uint32_t k = 0; k < 10; k++) {
            submit(&users[i], i, LANES_PRIORITY_NORMAL, 10);
        }
    }
    open_gate();
    for (uint32_t i = 0; i < 4; i++) {
        wait_for(&users[i], 10);
    }
    return fake_turns;
}

Test(server_fair, small_batches_of_many_sessions_share_a_look_at_the_rings)
{
    uint32_t turns = 0;
    for (int i = 0; i < ATTEMPTS && turns != 4; i++) {
        turns = count_turns();
    }
    cr_assert_eq(turns, 4, "each session's in one go, one after the other");
}
