/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_run.c - running planned batches with loops written in C.
 */
#include <criterion/criterion.h>
#include <fenv.h>
#include <string.h>
#include <time.h>

#include "base/atomic.h"
#include "engine/engine.h"

#define COUNT_MAX 200000

static double input[COUNT_MAX];
static double output[COUNT_MAX];
static uint32_t hits[COUNT_MAX];
static uint32_t cancel;
static uint32_t bad_environments;
static uint64_t spin_per_call_ns;

static const lanes_signature unary = {
    .input_count = 1, .output_count = 1, .dtype = {LANES_F8, LANES_F8}};

static lanes_engine_plan plan_of(uint64_t count)
{
    const lanes_engine_batch batch = {
        .dimensions = 1,
        .operand_count = 2,
        .shape = {count},
        .operand =
            {
                {(char *)input, sizeof(input), 1, 0, {8}, LANES_F8, 1},
                {(char *)output, sizeof(output), 2, 0, {8}, LANES_F8, 0},
            },
    };
    lanes_engine_plan plan;
    cr_assert_eq(lanes_engine_plan_batch(&batch, &unary, &plan, NULL), LANES_OK);
    return plan;
}

/* Only round-to-nearest drops a tiny term in both directions. */
static bool rounds_to_nearest(void)
{
    const volatile double one = 1;
    const volatile double tiny = 1e-30;
    const volatile double above = one + tiny;
    const volatile double below = one - tiny;
    return above <= one && below >= one;
}

/* output = 2 * input; negative inputs fail. */
static void loop_double(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                        lanes_loop_result *result)
{
    const double *in = frame->base[0];
    double *out = frame->base[1];
    for (uint64_t i = begin; i < end; i++) {
        lanes_fetch_add_relaxed_u32(&hits[i], 1);
        if (in[i] < 0) {
            result->failed++;
            result->first_failed = i < result->first_failed ? i : result->first_failed;
        } else {
            out[i] = 2 * in[i];
        }
    }
    if (!rounds_to_nearest()) {
        lanes_fetch_add_relaxed_u32(&bad_environments, 1);
    }
    const uint64_t start_ns = lanes_clock_ns();
    while (lanes_clock_ns() - start_ns < spin_per_call_ns) {
    }
    fesetround(FE_UPWARD); /* a callback that misbehaves */
}

static void loop_cancel(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                        lanes_loop_result *result)
{
    loop_double(frame, begin, end, result);
    lanes_store_relaxed_u32(&cancel, 1);
}

static void reset(void)
{
    for (uint64_t i = 0; i < COUNT_MAX; i++) {
        input[i] = (double)i;
        output[i] = -1;
    }
    memset(hits, 0, sizeof(hits));
    cancel = 0;
    spin_per_call_ns = 0;
}

static void with_team(uint32_t threads, lanes_team_leader_fn leader)
{
    lanes_topo_plan *plan = NULL;
    const lanes_topo_options options = {.synthetic = "l2:4(size=1MiB) core:1 pu:1",
                                        .threads = threads};
    cr_assert_eq(lanes_topo_plan_create(&options, &plan, NULL), LANES_OK);
    cr_assert_eq(lanes_team_enter(plan, 20000, leader, NULL, NULL), LANES_OK);
    lanes_topo_plan_destroy(plan);
}

static lanes_engine_outcome run(lanes_team *team, uint64_t count, lanes_loop_fn loop)
{
    const lanes_engine_plan plan = plan_of(count);
    lanes_engine_outcome outcome = LANES_ENGINE_OUTCOME_INIT;
    lanes_engine_run(team, &plan, loop, 0, count, &cancel, &outcome);
    return outcome;
}

static void lead_counts(void *ctx, lanes_team *team)
{
    (void)ctx;
    const uint64_t counts[] = {1, 2, 63, 64, 255, 256, 257, 1000, 100001, COUNT_MAX};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(counts); i++) {
        reset();
        const lanes_engine_outcome outcome = run(team, counts[i], loop_double);
        for (uint64_t j = 0; j < COUNT_MAX; j++) {
            cr_assert_eq(hits[j], j < counts[i] ? 1 : 0, "element %lu of %lu", j,
                         counts[i]);
            cr_assert_eq(output[j], j < counts[i] ? 2.0 * (double)j : -1.0);
        }
        cr_assert_eq(outcome.result.failed, 0);
        cr_assert_eq(outcome.result.first_failed, UINT64_MAX);
        cr_assert_geq(outcome.tiles, 1);
        cr_assert_geq(outcome.threads, 1);
        cr_assert_gt(outcome.run_ns, 0);
        if (counts[i] >= 256) {
            cr_assert_gt(outcome.element_ps, 0);
        }
    }
}

Test(engine_run, every_element_once, .timeout = 30)
{
    with_team(1, lead_counts);
    with_team(3, lead_counts);
}

static void lead_failures(void *ctx, lanes_team *team)
{
    (void)ctx;
    reset();
    input[70001] = -1;
    input[150000] = -1;
    input[70000] = -1;
    const lanes_engine_outcome outcome = run(team, COUNT_MAX, loop_double);
    cr_assert_eq(outcome.result.failed, 3);
    cr_assert_eq(outcome.result.first_failed, 70000);
    cr_assert_eq(output[70000], -1.0);
    cr_assert_eq(output[70002], 140004.0);
}

Test(engine_run, failures_are_counted_over_tiles, .timeout = 30)
{
    with_team(1, lead_failures);
    with_team(4, lead_failures);
}

static void lead_slices(void *ctx, lanes_team *team)
{
    (void)ctx;
    reset();
    input[0] = -1;
    input[99999] = -1;
    const lanes_engine_plan plan = plan_of(100000);
    lanes_engine_outcome outcome = LANES_ENGINE_OUTCOME_INIT;
    uint64_t last_ns = 0;
    for (uint64_t at = 0; at < 100000; at += 12500) {
        lanes_engine_run(team, &plan, loop_double, at, at + 12500, NULL, &outcome);
        cr_assert_gt(outcome.run_ns, last_ns);
        last_ns = outcome.run_ns;
    }
    lanes_engine_run(team, &plan, loop_double, 100000, 100000, NULL, &outcome);
    for (uint64_t i = 0; i < 100000; i++) {
        cr_assert_eq(hits[i], 1);
    }
    cr_assert_eq(outcome.result.failed, 2);
    cr_assert_eq(outcome.result.first_failed, 0);
    cr_assert_geq(outcome.tiles, 8);
}

Test(engine_run, slices_add_up, .timeout = 30)
{
    with_team(2, lead_slices);
}

static void lead_environment(void *ctx, lanes_team *team)
{
    (void)ctx;
    reset();
    fesetround(FE_DOWNWARD);
    feraiseexcept(FE_INEXACT);
    run(team, COUNT_MAX, loop_double);
    cr_assert_eq(bad_environments, 0);
    cr_assert_not(rounds_to_nearest(), "the thread's own environment is back");
    cr_assert(fetestexcept(FE_INEXACT));
}

Test(engine_run, kernels_round_to_nearest_whatever_the_thread_had, .timeout = 30)
{
    with_team(3, lead_environment);
}

static void lead_cancel(void *ctx, lanes_team *team)
{
    (void)ctx;
    reset();
    lanes_engine_outcome outcome = run(team, COUNT_MAX, loop_cancel);
    cr_assert_eq(outcome.tiles, 1, "the probe cancels the rest");
    reset();
    cancel = 1;
    outcome = run(team, COUNT_MAX, loop_double);
    cr_assert_eq(outcome.tiles, 0);
    cr_assert_eq(outcome.threads, 0);
    cr_assert_eq(hits[0], 0);
}

Test(engine_run, cancel_stops_at_a_tile, .timeout = 30)
{
    with_team(1, lead_cancel);
    with_team(2, lead_cancel);
}

static void lead_slow(void *ctx, lanes_team *team)
{
    (void)ctx;
    reset();
    spin_per_call_ns = 200000; /* about 1 us an element: far from the small-batch path */
    const lanes_engine_outcome outcome = run(team, 20000, loop_double);
    cr_assert_eq(outcome.threads, lanes_team_thread_count(team));
    cr_assert_gt(outcome.tiles, 8);
}

Test(engine_run, expensive_elements_are_shared, .timeout = 30)
{
    with_team(2, lead_slow);
}

static void lead_guess(void *ctx, lanes_team *team)
{
    (void)ctx;
    reset();
    const lanes_engine_plan plan = plan_of(COUNT_MAX);
    lanes_engine_outcome outcome = LANES_ENGINE_OUTCOME_INIT;
    outcome.element_ps = 1; /* absurdly cheap: believed, so the leader runs it alone */
    lanes_engine_run(team, &plan, loop_double, 0, 1000, NULL, &outcome);
    cr_assert_eq(outcome.tiles, 1);
    cr_assert_gt(outcome.element_ps, 1, "and corrected");
}

Test(engine_run, a_guess_replaces_the_probe, .timeout = 30)
{
    with_team(2, lead_guess);
}
