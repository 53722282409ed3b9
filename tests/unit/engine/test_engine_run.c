/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_run.c - running planned batches with loops written in C, some of which
 * fault.
 */
#include <criterion/criterion.h>
#include <fenv.h>
#include <float.h>
#include <signal.h>
#include <string.h>

#include "base/atomic.h"
#include "engine/engine.h"
#include "runtime/runtime.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#define COUNT_MAX 200000

static double input[COUNT_MAX];
static double output[COUNT_MAX];
static uint32_t hits[COUNT_MAX];
static uint32_t cancel;
static const lanes_engine_end end_by = {.cancel = &cancel};
static uint32_t bad_environments;
static uint64_t spin_per_call_ns;
static bool flushes; /* of the batches that are planned */

/* f8(f8), which may fail, from `input` to `output`. */
static lanes_engine_plan plan_batch(uint32_t dimensions, const uint64_t *shape,
                                    const int64_t *stride)
{
    const lanes_engine_kernel kernel = {
        .signature = {.input_count = 1, .output_count = 1, .dtype = {LANES_F8, LANES_F8}},
        .may_raise = 1};
    lanes_engine_batch batch = {
        .dimensions = dimensions, .operand_count = 2, .flushes = flushes};
    memcpy(batch.shape, shape, dimensions * sizeof(shape[0]));
    for (uint32_t k = 0; k < 2; k++) {
        batch.operand[k] = (lanes_engine_operand){
            .segment_base = (char *)(k == 0 ? input : output),
            .segment_bytes = sizeof(input),
            .segment_key = k,
            .dtype = LANES_F8,
        };
        memcpy(batch.operand[k].stride, stride, dimensions * sizeof(stride[0]));
    }
    lanes_engine_plan plan;
    cr_assert_eq(lanes_engine_plan_batch(&batch, &kernel, &plan, NULL), LANES_OK);
    return plan;
}

static lanes_engine_plan plan_of(uint64_t count)
{
    const lanes_engine_plan plan = plan_batch(1, &count, (int64_t[]){8});
    cr_assert(plan.is_direct);
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
    lanes_engine_run(team, &plan, loop, 0, count, &end_by, &outcome);
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

/* What elements cost alone decides whether others are called; a cold run does not. */
static void lead_alone(void *ctx, lanes_team *team)
{
    (void)ctx;
    reset();
    const lanes_engine_plan plan = plan_of(COUNT_MAX);
    lanes_engine_outcome outcome = LANES_ENGINE_OUTCOME_INIT;
    outcome.element_ps = 1000000; /* as several threads found */
    outcome.alone_ps = 1;
    lanes_engine_run(team, &plan, loop_double, 0, 1000, NULL, &outcome);
    cr_assert_eq(outcome.tiles, 1);
    cr_assert_eq(outcome.alone_ps, 2, "twice at most, however long it took");
    cr_assert_gt(outcome.element_ps, 2);
    outcome = (lanes_engine_outcome)LANES_ENGINE_OUTCOME_INIT;
    outcome.element_ps = 1;
    outcome.alone_ps = 3200000;
    lanes_engine_run(team, &plan, loop_double, 0, 1000, NULL, &outcome);
    cr_assert_gt(outcome.tiles, 1);
    cr_assert_eq(outcome.alone_ps, 3100000, "to be tried again some time");
}

Test(engine_run, what_one_thread_takes_is_known_apart, .timeout = 30)
{
    with_team(4, lead_alone);
}

static void lead_cancelled_before(void *ctx, lanes_team *team)
{
    (void)ctx;
    reset();
    cancel = 1;
    const lanes_engine_plan plan = plan_of(COUNT_MAX);
    lanes_engine_outcome outcome = LANES_ENGINE_OUTCOME_INIT;
    outcome.element_ps = 1000;
    lanes_engine_run(team, &plan, loop_double, 0, COUNT_MAX, &end_by, &outcome);
    cr_assert_eq(outcome.tiles, 0);
    cr_assert_eq(outcome.threads, 0);
    cr_assert_eq(outcome.element_ps, 1000);
    cr_assert_eq(hits[0], 0);
}

Test(engine_run, a_batch_that_is_cancelled_before_runs_nothing, .timeout = 30)
{
    with_team(2, lead_cancelled_before);
}

static void lead_cancel_in_tiles(void *ctx, lanes_team *team)
{
    (void)ctx;
    reset();
    const lanes_engine_plan plan = plan_of(COUNT_MAX);
    lanes_engine_outcome outcome = LANES_ENGINE_OUTCOME_INIT;
    outcome.element_ps = 1000; /* no probe, tiles of 50000 elements at most */
    lanes_engine_run(team, &plan, loop_cancel, 0, COUNT_MAX, &end_by, &outcome);
    uint64_t elements = 0;
    for (uint64_t i = 0; i < COUNT_MAX; i++) {
        elements += hits[i];
    }
    cr_assert_geq(outcome.tiles, 1);
    cr_assert_leq(outcome.tiles, lanes_team_thread_count(team));
    const uint64_t tile = elements / outcome.tiles;
    cr_assert_eq(tile * outcome.tiles, elements, "tiles that were skipped do not count");
    cr_assert_gt(tile, 0);
    cr_assert_eq(outcome.element_ps, 1000, "not measured");
}

Test(engine_run, cancel_stops_every_thread, .timeout = 30)
{
    with_team(1, lead_cancel_in_tiles);
    with_team(4, lead_cancel_in_tiles);
}

/* ---- Other orders ------------------------------------------------------------------ */

#define ROWS    500u
#define COLUMNS 400u

/* Element (i, j) is `input` and `output`'s [j * ROWS + i]: columns one after the other.
 */
static lanes_engine_plan plan_of_columns(void)
{
    const lanes_engine_plan plan =
        plan_batch(2, (uint64_t[]){ROWS, COLUMNS}, (int64_t[]){8, (int64_t)ROWS * 8});
    cr_assert(!plan.is_direct && plan.finds_failures);
    cr_assert_eq(plan.count, COUNT_MAX);
    return plan;
}

/* As loop_double, which counts by where elements are. */
static void loop_columns(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                         lanes_loop_result *result)
{
    const double *in = frame->base[0];
    double *out = frame->base[1];
    char *mask = frame->base[2];
    for (uint64_t i = 0; i < end - begin; i++) {
        lanes_fetch_add_relaxed_u32(&hits[&in[i] - input], 1);
        mask[i] = in[i] < 0 ? 1 : 0;
        if (in[i] < 0) {
            result->failed++;
            result->first_failed =
                begin + i < result->first_failed ? begin + i : result->first_failed;
        } else {
            out[i] = 2 * in[i];
        }
    }
}

static void lead_columns(void *ctx, lanes_team *team)
{
    (void)ctx;
    const lanes_engine_plan plan = plan_of_columns();
    const uint64_t failing[][2] = {{3, 399}, {4, 0}, {499, 399}}; /* (i, j) */
    reset();
    for (size_t n = 0; n < LANES_ARRAY_COUNT(failing); n++) {
        input[failing[n][1] * ROWS + failing[n][0]] = -1;
    }
    lanes_engine_outcome outcome = LANES_ENGINE_OUTCOME_INIT;
    outcome.element_ps = 50000;
    lanes_engine_run(team, &plan, loop_columns, 0, 70000, NULL, &outcome);
    outcome.element_ps = 50000;
    lanes_engine_run(team, &plan, loop_columns, 70000, COUNT_MAX, NULL, &outcome);
    cr_assert_eq(outcome.result.failed, 3);
    cr_assert_eq(outcome.result.first_failed, 3 * COLUMNS + 399, "a flat index");
    cr_assert_gt(outcome.tiles, 100);
    for (uint64_t i = 0; i < COUNT_MAX; i++) {
        cr_assert_eq(hits[i], 1);
        cr_assert_eq(output[i], input[i] < 0 ? -1.0 : 2.0 * (double)i);
    }
}

Test(engine_run, columns_of_a_matrix, .timeout = 30)
{
    with_team(1, lead_columns);
    with_team(4, lead_columns);
}

/* ---- Faults ---------------------------------------------------------------------- */

#define FAULTS __attribute__((noinline, no_sanitize("undefined", "address")))

static uint64_t faulting[2]; /* elements */
static uint32_t arrived;
static uint32_t awaited; /* threads in their first tile before any of them faults */

FAULTS static void write_to(uint64_t address)
{
    volatile char *pointer; /* of which compilers know nothing */
    __asm__("" : "=r"(pointer) : "0"(address));
    *pointer = 1;
}

static void loop_fault(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                       lanes_loop_result *result)
{
    lanes_fetch_add_relaxed_u32(&arrived, 1);
    while (lanes_load_relaxed_u32(&arrived) < awaited) {
    }
    for (uint64_t i = begin; i < end; i++) {
        fesetround(FE_TONEAREST);
        loop_double(frame, i, i + 1, result); /* leaves rounding upwards */
        if (i == faulting[0] || i == faulting[1]) {
            write_to(i + 1);
        }
    }
}

/* Every tile at its first element. */
static void loop_fault_at_once(const lanes_loop_frame *frame, uint64_t begin,
                               uint64_t end, lanes_loop_result *result)
{
    faulting[0] = faulting[1] = UINT64_MAX;
    loop_fault(frame, begin, begin, result);
    write_to(begin + 1);
    (void)end;
}

static void with_faults(uint32_t threads, uint64_t first, uint64_t second,
                        lanes_team_leader_fn leader)
{
    cr_assert_eq(lanes_os_guard_install(NULL), LANES_OK);
    faulting[0] = first;
    faulting[1] = second;
    arrived = 0;
    awaited = 0;
    with_team(threads, leader);
}

static lanes_engine_outcome run_in_tiles(lanes_team *team, lanes_loop_fn loop)
{
    const lanes_engine_plan plan = plan_of(COUNT_MAX);
    lanes_engine_outcome outcome = LANES_ENGINE_OUTCOME_INIT;
    outcome.element_ps = 50000; /* no probe, tiles of 960 elements */
    lanes_engine_run(team, &plan, loop, 0, COUNT_MAX, NULL, &outcome);
    return outcome;
}

static void expect_fault_of(const lanes_engine_outcome *outcome, uint64_t element)
{
    cr_assert_eq(outcome->fault.signal_number, SIGSEGV);
    cr_assert_eq(outcome->fault.address, element + 1);
    cr_assert_leq(outcome->fault_begin, element);
    cr_assert_gt(outcome->fault_end, element);
}

static void expect_all_done(const lanes_engine_outcome *outcome)
{
    cr_assert_eq(outcome->fault.signal_number, 0);
    for (uint64_t i = 0; i < COUNT_MAX; i++) {
        cr_assert_eq(hits[i], 1);
        cr_assert_eq(output[i], 2.0 * (double)i);
    }
}

static void lead_fault(void *ctx, lanes_team *team)
{
    (void)ctx;
    for (int i = 0; i < 20; i++) {
        reset();
        const lanes_engine_outcome outcome = run_in_tiles(team, loop_fault);
        expect_fault_of(&outcome, 2000);
        cr_assert_leq(outcome.fault_end - outcome.fault_begin, 960);
        cr_assert_eq(outcome.element_ps, 50000, "not measured");
        uint64_t elements = 0;
        for (uint64_t j = 0; j < COUNT_MAX; j++) {
            elements += hits[j];
            cr_assert_eq(output[j], hits[j] == 1 ? 2.0 * (double)j : -1.0);
        }
        /* Only the tile that faulted is not whole; the last of the batch is shorter. */
        const uint64_t missing = outcome.fault_end - 1 - 2000;
        const uint64_t shorter = hits[COUNT_MAX - 1] * (960 - COUNT_MAX % 960);
        cr_assert_eq(elements + missing + shorter, outcome.tiles * 960);
        cr_assert_lt(elements, COUNT_MAX, "the rest was not started");
        reset();
        const lanes_engine_outcome next = run_in_tiles(team, loop_double);
        expect_all_done(&next);
    }
}

Test(engine_run, a_fault_ends_its_tile_and_the_run_but_not_the_team, .timeout = 60)
{
    with_faults(1, 2000, UINT64_MAX, lead_fault);
    with_faults(4, 2000, UINT64_MAX, lead_fault);
}

static void lead_fault_alone(void *ctx, lanes_team *team)
{
    (void)ctx;
    reset();
    const lanes_engine_outcome outcome = run_in_tiles(team, loop_fault);
    expect_fault_of(&outcome, 2000);
    cr_assert_eq(outcome.fault_begin, 1920);
    cr_assert_eq(outcome.fault_end, 2880);
    cr_assert_eq(outcome.tiles, 3);
    cr_assert_eq(hits[2000], 1);
    cr_assert_eq(hits[2001], 0);
    cr_assert_eq(hits[2880], 0);
}

Test(engine_run, a_fault_names_its_tile, .timeout = 30)
{
    with_faults(1, 2000, 100000, lead_fault_alone);
}

static void loop_fault_in_columns(const lanes_loop_frame *frame, uint64_t begin,
                                  uint64_t end, lanes_loop_result *result)
{
    const uint64_t at = (uint64_t)((const double *)frame->base[0] - input);
    loop_columns(frame, begin, end, result);
    if (at <= faulting[0] && faulting[0] < at + (end - begin)) {
        write_to(faulting[0] + 1);
    }
}

static void lead_fault_in_columns(void *ctx, lanes_team *team)
{
    (void)ctx;
    const lanes_engine_plan plan = plan_of_columns();
    const uint64_t flat = 250 * COLUMNS + 2;
    reset();
    lanes_engine_outcome outcome = LANES_ENGINE_OUTCOME_INIT;
    outcome.element_ps = 240000; /* tiles of 192 elements */
    lanes_engine_run(team, &plan, loop_fault_in_columns, 0, COUNT_MAX, NULL, &outcome);
    cr_assert_eq(outcome.fault.signal_number, SIGSEGV);
    cr_assert_eq(outcome.fault.address, 2 * ROWS + 250 + 1);
    cr_assert_leq(outcome.fault_begin, flat, "a flat index");
    cr_assert_gt(outcome.fault_end, flat);
    cr_assert_leq(outcome.fault_end, COUNT_MAX);
    /* The tile is inside column 2: rows 152 to 343. */
    cr_assert_eq(outcome.fault_begin, 152 * COLUMNS + 2);
    cr_assert_eq(outcome.fault_end, 343 * COLUMNS + 2 + 1);
}

Test(engine_run, a_fault_names_flat_indices, .timeout = 30)
{
    with_faults(1, 2 * ROWS + 250, UINT64_MAX, lead_fault_in_columns);
}

static void lead_fault_everywhere(void *ctx, lanes_team *team)
{
    (void)ctx;
    for (int i = 0; i < 20; i++) {
        reset();
        arrived = 0;
        awaited = lanes_team_thread_count(team);
        const lanes_engine_outcome outcome = run_in_tiles(team, loop_fault_at_once);
        expect_fault_of(&outcome, 0);
        cr_assert_eq(outcome.tiles, lanes_team_thread_count(team));
    }
}

Test(engine_run, of_several_faults_the_lowest_counts, .timeout = 30)
{
    with_faults(4, 0, 0, lead_fault_everywhere);
}

static void lead_probe_fault(void *ctx, lanes_team *team)
{
    (void)ctx;
    reset();
    const lanes_engine_outcome outcome = run(team, COUNT_MAX, loop_fault);
    expect_fault_of(&outcome, 2);
    cr_assert_eq(outcome.fault_begin, 0);
    cr_assert_eq(outcome.fault_end, 4);
    cr_assert_eq(outcome.tiles, 1);
    cr_assert_eq(outcome.element_ps, 0, "not measured");
    cr_assert_eq(hits[4], 0);
}

Test(engine_run, a_fault_in_the_first_elements_ends_the_run, .timeout = 30)
{
    with_faults(2, 2, UINT64_MAX, lead_probe_fault);
}

static void lead_fault_in_slices(void *ctx, lanes_team *team)
{
    (void)ctx;
    reset();
    input[7] = -1;
    const lanes_engine_plan plan = plan_of(3000);
    lanes_engine_outcome outcome = LANES_ENGINE_OUTCOME_INIT;
    for (uint64_t at = 0; at < 3000; at += 1000) {
        outcome.element_ps = outcome.alone_ps = 1; /* one tile each */
        lanes_engine_run(team, &plan, loop_fault, at, at + 1000, NULL, &outcome);
    }
    expect_fault_of(&outcome, 1500);
    cr_assert_eq(outcome.fault_begin, 1000, "the later fault does not replace it");
    cr_assert_eq(outcome.fault_end, 2000);
    cr_assert_eq(outcome.result.failed, 1, "failures before it are kept");
    cr_assert_eq(outcome.result.first_failed, 7);
    cr_assert_eq(hits[2999], 0);
}

Test(engine_run, a_fault_stays_in_the_outcome, .timeout = 30)
{
    with_faults(1, 1500, 2500, lead_fault_in_slices);
}

static void lead_fault_environment(void *ctx, lanes_team *team)
{
    (void)ctx;
    reset();
    fesetround(FE_DOWNWARD);
    feraiseexcept(FE_INEXACT);
    const lanes_engine_outcome outcome = run_in_tiles(team, loop_fault);
    expect_fault_of(&outcome, 2000);
    cr_assert_not(rounds_to_nearest(), "the thread's own environment is back");
    cr_assert(fetestexcept(FE_INEXACT));
}

Test(engine_run, a_fault_leaves_the_thread_its_environment, .timeout = 30)
{
    with_faults(1, 2000, UINT64_MAX, lead_fault_environment);
}

static void *(*allocate)(size_t bytes); /* Numba's */
static bool has_allocated;

static void find_allocate(void)
{
    size_t count = 0;
    const lanes_runtime_symbol *symbols = lanes_runtime_symbols(&count);
    size_t i = 0;
    while (i < count && strcmp(symbols[i].name, "NRT_Allocate") != 0) {
        i++;
    }
    cr_assert_lt(i, count);
    allocate = (void *(*)(size_t))symbols[i].address;
}

static void loop_allocate(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                          lanes_loop_result *result)
{
    const char *memory = allocate(1000);
    has_allocated = memory != NULL && lanes_runtime_owns(memory, 1000);
    loop_fault(frame, begin, end, result);
}

static void lead_allocate(void *ctx, lanes_team *team)
{
    (void)ctx;
    reset();
    find_allocate();
    const lanes_engine_outcome outcome = run_in_tiles(team, loop_allocate);
    expect_fault_of(&outcome, 2000);
    cr_assert(has_allocated, "the runtime was entered");
    cr_assert_eq(lanes_runtime_used_bytes(), 0);
}

Test(engine_run, a_tile_s_memory_is_dropped, .timeout = 30)
{
    with_faults(1, 2000, UINT64_MAX, lead_allocate);
}

/* ---- Denormals ------------------------------------------------------------------- */

#if defined(__x86_64__)

/* Even elements have denormal results, odd ones denormal operands. */
static void loop_denormals(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                           lanes_loop_result *result)
{
    const volatile double least = DBL_MIN;
    const volatile double half = 0.5;
    const volatile double denormal = DBL_MIN / 2;
    double *out = frame->base[1];
    for (uint64_t i = begin; i < end; i++) {
        out[i] = i % 2 == 0 ? least * half : denormal * 4;
    }
    _mm_setcsr(0x1f80 | 0x6000); /* a callback that misbehaves, and may end here */
    const uint64_t start_ns = lanes_clock_ns();
    while (lanes_clock_ns() - start_ns < spin_per_call_ns) {
    }
    if (end > faulting[0]) {
        write_to(8);
    }
    (void)result;
}

static void lead_denormals(void *ctx, lanes_team *team)
{
    (void)ctx;
    const uint32_t odd_state = 0x1fa0u | 0x2000u; /* downwards, a sticky flag */
    for (int round = 0; round < 6; round++) {
        flushes = round % 2 == 0;
        faulting[0] = round == 2 || round == 3 ? 100000 : UINT64_MAX;
        reset();
        spin_per_call_ns = 20000; /* so that all threads take tiles */
        _mm_setcsr(odd_state);    /* again: comparing denormals leaves a flag */
        const lanes_engine_outcome outcome = run_in_tiles(team, loop_denormals);
        cr_assert_eq(_mm_getcsr(), odd_state, "round %d", round);
        cr_assert_eq(outcome.fault.signal_number != 0, faulting[0] != UINT64_MAX);
        for (uint64_t i = 0; i < COUNT_MAX; i++) {
            const double kept = i % 2 == 0 ? DBL_MIN / 2 : DBL_MIN * 2;
            const bool is_skipped = faulting[0] != UINT64_MAX && output[i] == -1;
            cr_assert(is_skipped || output[i] == (flushes ? 0 : kept),
                      "round %d, element %lu: %a", round, i, output[i]);
        }
    }
    _mm_setcsr(0x1f80);
}

Test(engine_run, denormals_are_flushed_where_the_batch_says_so_also_around_faults,
     .timeout = 30)
{
    with_faults(1, UINT64_MAX, UINT64_MAX, lead_denormals);
    with_faults(3, UINT64_MAX, UINT64_MAX, lead_denormals);
}

#endif

/* ---- Limits ---------------------------------------------------------------------- */

static void lead_limited(void *ctx, lanes_team *team)
{
    (void)ctx;
    for (uint32_t limit = 0; limit <= 5; limit++) {
        reset();
        spin_per_call_ns = 100000; /* so that all threads take tiles */
        const lanes_engine_plan plan = plan_of(COUNT_MAX);
        lanes_engine_outcome outcome = LANES_ENGINE_OUTCOME_INIT;
        outcome.element_ps = 50000;
        outcome.thread_limit = limit;
        lanes_engine_run(team, &plan, loop_double, 0, COUNT_MAX, NULL, &outcome);
        cr_assert_eq(outcome.threads, limit == 0 || limit > 3 ? 3 : limit);
        expect_all_done(&outcome);
    }
}

Test(engine_run, no_more_threads_run_than_are_allowed, .timeout = 30)
{
    with_team(3, lead_limited);
}
