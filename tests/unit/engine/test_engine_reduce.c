/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_reduce.c - reductions of random layouts with a loop written in C, against
 * values combined one by one: right, and the same bits however they are cut.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "engine/engine.h"
#include "harness.h"
#include "kernel/reduce.h"
#include "layouts.h"

#define CASES 300

/* ---- The loop ------------------------------------------------------------------------
 */

/** What the loop's variant is: a loop knows no plan. Written before it runs. */
static struct {
    uint32_t op;
    bool folds;
    bool is_uniform; /* the input */
} variant;

static uint64_t elements_run; /* atomic */
static uint32_t faults_at; /* the loop faults when it has run so many calls; 0: never */
static uint32_t calls;     /* atomic */

static void take(void *accumulator, double value, uint64_t index)
{
    if (lanes_reduce_is_arg(variant.op)) {
        const lanes_reduce_best next = {.value = {.f8 = {value, 0}},
                                        .index = (int64_t)index};
        lanes_reduce_take_better(variant.op, LANES_F8, accumulator, &next);
        return;
    }
    lanes_reduce_value sum = {.u8 = {0, 0}};
    const lanes_reduce_value next = {.f8 = {value, 0}};
    memcpy(&sum, accumulator, sizeof(double));
    lanes_reduce_combine(variant.op, LANES_F8, &sum, &next);
    memcpy(accumulator, &sum, sizeof(double));
}

/* Read when it is used, so that no compiler knows better. */
static int *volatile nowhere = (int *)64;

/* The identity of f8, as kernel/variant.h says of keys that reduce. */
static void loop_reduce(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                        lanes_loop_result *result)
{
    (void)result;
    if (faults_at != 0 && lanes_fetch_add_relaxed_u32(&calls, 1) + 1 >= faults_at) {
        *nowhere = 1;
    }
    for (uint64_t i = begin; i < end; i++) {
        const uint64_t at = i - frame->first;
        double value;
        memcpy(&value, (const char *)frame->base[0] + (variant.is_uniform ? 0 : 8 * at),
               sizeof(value));
        take((char *)frame->base[1] + (variant.folds ? 0 : 8 * at), value, i);
    }
    lanes_fetch_add_relaxed_u64(&elements_run, end - begin);
}

/* ---- Batches -------------------------------------------------------------------------
 */

static const lanes_engine_kernel unary = {SIGNATURE(1, 1, 0, LANES_F8, LANES_F8)};

/** A place for each kept value, and 0 along reduced axes. */
static void layout_output(lanes_engine_batch *batch, uint32_t dtype)
{
    lanes_engine_batch kept = {.dimensions = 0};
    for (uint32_t d = 0; d < batch->dimensions; d++) {
        if ((batch->reduce_axes >> d & 1) == 0) {
            kept.shape[kept.dimensions++] = batch->shape[d];
        }
    }
    random_layout(&kept, 1, dtype, 0, LAYOUT_OUTPUT);
    batch->operand[1] = kept.operand[1];
    uint32_t next = 0;
    for (uint32_t d = 0; d < batch->dimensions; d++) {
        const bool is_kept = (batch->reduce_axes >> d & 1) == 0;
        batch->operand[1].stride[d] = is_kept ? kept.operand[1].stride[next++] : 0;
    }
}

static lanes_engine_batch random_reduction(uint32_t op, uint64_t *out_count)
{
    lanes_engine_batch batch = {.operand_count = 2, .reduce = op};
    *out_count = random_shape(&batch, 5);
    batch.reduce_axes = one_of(3) ? UINT32_MAX : random_below(1u << batch.dimensions);
    random_layout(&batch, 0, LANES_F8, 0, LAYOUT_OUTPUT);
    for (uint32_t d = 0; d < batch.dimensions; d++) {
        if (one_of(10)) {
            batch.operand[0].stride[d] = 0;
        }
    }
    layout_output(&batch, lanes_reduce_is_arg(op) ? LANES_I8 : LANES_F8);
    return batch;
}

/** Which value an element goes into, and which of it it is. */
static void find_place(const lanes_engine_batch *batch, uint64_t flat_index,
                       uint64_t *out_value, uint64_t *out_index)
{
    uint64_t step[2] = {1, 1};
    uint64_t place[2] = {0, 0};
    for (uint32_t d = batch->dimensions; d-- > 0;) {
        const uint32_t is_reduced = batch->reduce_axes >> d & 1;
        place[is_reduced] += flat_index % batch->shape[d] * step[is_reduced];
        step[is_reduced] *= batch->shape[d];
        flat_index /= batch->shape[d];
    }
    *out_value = place[0];
    *out_index = place[1];
}

/** Whole numbers, of which all sums are exact, or some where order shows. */
static void fill_input(const lanes_engine_batch *batch, uint64_t count, bool is_whole)
{
    for (uint64_t i = 0; i < count; i++) {
        const double whole = (double)random_below(2000) - 1000;
        const double value = is_whole ? whole : whole * 1.1 / (1 + random_below(1000));
        memcpy(element_of(batch, 0, i), &value, sizeof(value));
    }
}

static void expect_values(const lanes_engine_batch *batch, uint64_t count, int number)
{
    lanes_reduce_best *wanted = calloc(count, sizeof(*wanted));
    cr_assert_not_null(wanted);
    for (uint64_t i = 0; i < count; i++) {
        lanes_reduce_identity(batch->reduce, LANES_F8, &wanted[i].value);
        wanted[i].index = -1;
    }
    for (uint64_t i = 0; i < count; i++) {
        uint64_t value;
        uint64_t index;
        double number_in;
        find_place(batch, i, &value, &index);
        memcpy(&number_in, element_of(batch, 0, i), sizeof(number_in));
        take(lanes_reduce_is_arg(batch->reduce) ? (void *)&wanted[value]
                                                : (void *)&wanted[value].value,
             number_in, index);
    }
    for (uint64_t i = 0; i < count; i++) {
        uint64_t value;
        uint64_t index;
        find_place(batch, i, &value, &index);
        double sum;
        int64_t place;
        memcpy(&sum, element_of(batch, 1, i), sizeof(sum));
        memcpy(&place, element_of(batch, 1, i), sizeof(place));
        if (lanes_reduce_is_arg(batch->reduce)) {
            cr_assert_eq(place, wanted[value].index, "case %d, element %lu: %ld not %ld",
                         number, i, place, wanted[value].index);
        } else {
            cr_assert(sum == wanted[value].value.f8[0], "case %d, element %lu: %g not %g",
                      number, i, sum, wanted[value].value.f8[0]);
        }
    }
    free(wanted);
}

/* ---- Running -------------------------------------------------------------------------
 */

/** Sometimes, chunks of nodes somewhere. */
static void place_somehow(lanes_engine_plan *plan)
{
    static const lanes_engine_group groups[] = {{0, 1}, {1, 2}, {2, 1}};
    if (!plan->reduction.folds || plan->count == 0 || !one_of(2)) {
        return;
    }
    plan->placement = malloc(sizeof(*plan->placement));
    cr_assert_not_null(plan->placement);
    lanes_engine_placement_cut(plan->placement, plan->count, 1 + random_below(50));
    uint8_t node[LANES_ENGINE_CHUNKS_MAX];
    for (uint32_t c = 0; c < plan->placement->chunk_count; c++) {
        node[c] = (uint8_t)random_below(4);
    }
    LANES_IGNORE(lanes_engine_placement_choose(plan->placement, groups,
                                               LANES_ARRAY_COUNT(groups), node),
                 "good or bad");
}

/** Run @p batch, whole or in random slices, by tiles as an element of @p element_ps has
 * them. */
static lanes_engine_outcome run(lanes_team *team, const lanes_engine_batch *batch,
                                uint64_t element_ps, bool is_sliced)
{
    lanes_engine_plan plan = {.count = 0};
    lanes_error err;
    cr_assert_eq(lanes_engine_plan_batch(batch, &unary, &plan, &err), LANES_OK, "%s",
                 err.message);
    place_somehow(&plan);
    variant.op = batch->reduce;
    variant.folds = plan.key.folds != 0;
    variant.is_uniform = plan.key.layout[0] == LANES_LAYOUT_UNIFORM;
    cr_assert_eq(plan.key.reduce, batch->reduce);
    memset(area[1], 0xee, sizeof(area[1]));
    elements_run = 0;
    calls = 0;
    lanes_engine_outcome outcome = LANES_ENGINE_OUTCOME_INIT;
    outcome.element_ps = element_ps;
    uint64_t begin = 0;
    while (begin < plan.count && outcome.fault.signal_number == 0) {
        const uint64_t left = plan.count - begin;
        const uint64_t slice = is_sliced ? 1 + random_below((uint32_t)left) : left;
        lanes_engine_run(team, &plan, loop_reduce, begin, begin + slice, NULL, &outcome);
        begin += slice;
    }
    lanes_engine_plan_deinit(&plan);
    lanes_engine_plan_deinit(&plan);
    return outcome;
}

static void with_team(uint32_t threads, lanes_team_leader_fn leader, void *ctx)
{
    lanes_topo_plan *plan = NULL;
    const lanes_topo_options options = {.synthetic = "l2:4(size=1MiB) core:1 pu:1",
                                        .threads = threads};
    cr_assert_eq(lanes_topo_plan_create(&options, &plan, NULL), LANES_OK);
    cr_assert_eq(lanes_team_enter(plan, 20000, leader, ctx, NULL), LANES_OK);
    lanes_topo_plan_destroy(plan);
}

/** From 1 ps, which makes the largest tiles, to 1 us; 0 measures. */
static uint64_t random_cost(void)
{
    static const uint64_t costs[] = {0, 1, 100, 5000, 1000000};
    return costs[random_below(LANES_ARRAY_COUNT(costs))];
}

static void lead_values(void *ctx, lanes_team *team)
{
    (void)ctx;
    static const uint32_t ops[] = {LANES_REDUCE_SUM, LANES_REDUCE_MIN, LANES_REDUCE_MAX,
                                   LANES_REDUCE_ARGMIN, LANES_REDUCE_ARGMAX};
    for (int number = 0; number < CASES; number++) {
        uint64_t count;
        const lanes_engine_batch batch =
            random_reduction(ops[(size_t)number % LANES_ARRAY_COUNT(ops)], &count);
        fill_input(&batch, count, true);
        const lanes_engine_outcome outcome =
            run(team, &batch, random_cost(), number % 2 != 0);
        cr_assert_eq(outcome.fault.signal_number, 0);
        cr_assert_eq(elements_run, count, "case %d: each element once", number);
        cr_assert_geq(outcome.tiles, 1);
        expect_values(&batch, count, number);
    }
}

Test(engine_reduce, every_element_goes_into_its_value_once, .timeout = 60)
{
    with_team(1, lead_values, NULL);
    with_team(3, lead_values, NULL);
}

/* Leaves its results in area[2], or compares with what is there. */
static void lead_bits(void *ctx, lanes_team *team)
{
    const lanes_engine_batch *batch = ctx;
    static bool is_first = true;
    for (int attempt = 0; attempt < 4; attempt++) {
        run(team, batch, random_cost(), attempt >= 2);
        if (is_first) {
            memcpy(area[2], area[1], sizeof(area[1]));
            is_first = false;
        }
        cr_assert_eq(memcmp(area[2], area[1], sizeof(area[1])), 0, "attempt %d", attempt);
    }
    if (lanes_team_thread_count(team) > 1) {
        is_first = true; /* the last of a batch */
    }
}

Test(engine_reduce, threads_tiles_and_slices_do_not_change_bits, .timeout = 60)
{
    for (int number = 0; number < 40; number++) {
        uint64_t count;
        lanes_engine_batch batch = random_reduction(LANES_REDUCE_SUM, &count);
        fill_input(&batch, count, false);
        with_team(1, lead_bits, &batch);
        with_team(3, lead_bits, &batch);
    }
}

static void lead_bytes_beside(void *ctx, lanes_team *team)
{
    (void)ctx;
    for (int number = 0; number < CASES; number++) {
        uint64_t count;
        const lanes_engine_batch batch = random_reduction(LANES_REDUCE_SUM, &count);
        fill_input(&batch, count, true);
        run(team, &batch, random_cost(), false);
        memset(area[2], 0xee, sizeof(area[2]));
        for (uint64_t i = 0; i < count; i++) {
            char *at = element_of(&batch, 1, i);
            memcpy(area[2] + (at - area[1]), at, sizeof(double));
        }
        cr_assert_eq(memcmp(area[1], area[2], sizeof(area[1])), 0, "case %d", number);
    }
}

Test(engine_reduce, nothing_is_written_beside_the_values, .timeout = 60)
{
    with_team(2, lead_bytes_beside, NULL);
}

static void lead_fault(void *ctx, lanes_team *team)
{
    (void)ctx;
    lanes_engine_batch batch = {.dimensions = 2,
                                .operand_count = 2,
                                .shape = {200, 300},
                                .reduce = LANES_REDUCE_SUM};
    for (uint32_t axes = 0; axes < 4; axes++) {
        batch.reduce_axes = axes;
        random_layout(&batch, 0, LANES_F8, 0, LAYOUT_OUTPUT);
        layout_output(&batch, LANES_F8);
        fill_input(&batch, 60000, true);
        for (uint32_t at = 1; at < 4; at++) {
            faults_at = at;
            const lanes_engine_outcome outcome = run(team, &batch, 1, false);
            if (outcome.fault.signal_number !=
                0) { /* of one call alone the second is none */
                cr_assert_eq(outcome.fault.signal_number, SIGSEGV);
                cr_assert_lt(outcome.fault_begin, outcome.fault_end);
                cr_assert_leq(outcome.fault_end, 60000);
            }
            cr_assert(at > 1 || outcome.fault.signal_number != 0);
        }
        faults_at = 0;
        cr_assert_eq(run(team, &batch, 1, false).fault.signal_number, 0);
        expect_values(&batch, 60000, (int)axes);
    }
}

Test(engine_reduce, a_fault_ends_the_batch_and_not_the_team, .timeout = 60)
{
    cr_assert_eq(lanes_os_guard_install(NULL), LANES_OK);
    with_team(2, lead_fault, NULL);
}

/* ---- Nothing to reduce ---------------------------------------------------------------
 */

/** 3 values of nothing, at `memory`. */
static lanes_engine_batch empty_batch(uint32_t op, uint32_t dtype)
{
    lanes_engine_batch batch = {.dimensions = 2,
                                .operand_count = 2,
                                .shape = {3, 0},
                                .operand = {operand_at(1024, 8), operand_at(0, 16)},
                                .casting = LANES_CASTING_UNSAFE,
                                .reduce = op,
                                .reduce_axes = 2};
    batch.operand[1].dtype = dtype;
    return batch;
}

static void expect_empty(uint32_t op, uint32_t dtype, uint64_t wanted, size_t bytes)
{
    const lanes_engine_batch batch = empty_batch(op, dtype);
    lanes_engine_plan plan = plan_of(&unary, &batch);
    lanes_os_fault fault;
    memset(memory, 0xee, sizeof(memory));
    cr_assert(plan.reduction.is_empty);
    cr_assert_eq(plan.count, 0);
    cr_assert(lanes_engine_write_empty(&plan, &fault));
    for (size_t i = 0; i < 64; i++) {
        const size_t at = i % 16;
        const unsigned char byte =
            i < 48 && at < bytes ? (unsigned char)(wanted >> (8 * at)) : 0xee;
        cr_assert_eq((unsigned char)memory[i], byte, "%s of %zu bytes, byte %zu",
                     lanes_reduce_name(op), bytes, i);
    }
    lanes_engine_plan_deinit(&plan);
}

Test(engine_reduce, of_no_elements_there_are_sums_and_truths)
{
    expect_empty(LANES_REDUCE_SUM, LANES_F8, 0, 8);
    expect_empty(LANES_REDUCE_PROD, LANES_F8, UINT64_C(0x3ff0000000000000), 8);
    expect_empty(LANES_REDUCE_PROD, LANES_F4, 0x3f800000, 4);
    expect_empty(LANES_REDUCE_PROD, LANES_I2, 1, 2);
    expect_empty(LANES_REDUCE_SUM, LANES_U8, 0, 8);
    expect_empty(LANES_REDUCE_ANY, LANES_BOOL, 0, 1);
    expect_empty(LANES_REDUCE_ALL, LANES_BOOL, 1, 1);
}

Test(engine_reduce, of_no_elements_nothing_is_the_least)
{
    static const struct {
        uint32_t op;
        uint32_t dtype;
    } cases[] = {{LANES_REDUCE_MIN, LANES_F8},
                 {LANES_REDUCE_MAX, LANES_F8},
                 {LANES_REDUCE_ARGMIN, LANES_I8},
                 {LANES_REDUCE_ARGMAX, LANES_I8}};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        lanes_engine_batch batch = empty_batch(cases[i].op, cases[i].dtype);
        char text[80];
        snprintf(text, sizeof(text),
                 "no elements along the reduced axes and %s has no identity",
                 lanes_reduce_name(cases[i].op));
        refuse_for(&unary, &batch, LANES_E_SHAPE, text);
        batch.shape[0] = 0; /* no values either */
        lanes_engine_plan plan = plan_of(&unary, &batch);
        cr_assert_not(plan.reduction.is_empty);
        lanes_engine_plan_deinit(&plan);
    }
}

/* ---- Refusals ------------------------------------------------------------------------
 */

/** 4 by 5 elements at 0 into 4 values at 2048. */
static lanes_engine_batch rows_batch(uint32_t op)
{
    lanes_engine_batch batch = {.dimensions = 2,
                                .operand_count = 2,
                                .shape = {4, 5},
                                .operand = {operand_at(0, 40), operand_at(2048, 8)},
                                .reduce = op,
                                .reduce_axes = 2};
    batch.operand[0].stride[1] = 8;
    return batch;
}

Test(engine_reduce, outputs_stand_still_along_reduced_axes)
{
    lanes_engine_batch batch = rows_batch(LANES_REDUCE_SUM);
    batch.operand[1].stride[1] = -24;
    refuse_for(
        &unary, &batch, LANES_E_SHAPE,
        "operand 1, an output, has stride -24 along dimension 1, which is reduced; "
        "its stride there is 0");
    batch.reduce_axes = UINT32_MAX;
    refuse_for(&unary, &batch, LANES_E_SHAPE, "has stride 8 along dimension 0");
    /* Where there is one element a stride leads nowhere. */
    batch = rows_batch(LANES_REDUCE_SUM);
    batch.shape[1] = 1;
    batch.operand[1].stride[1] = -24;
    lanes_engine_plan plan = plan_of(&unary, &batch);
    lanes_engine_plan_deinit(&plan);
}

Test(engine_reduce, outputs_have_a_place_for_each_value)
{
    lanes_engine_batch batch = rows_batch(LANES_REDUCE_SUM);
    batch.operand[1].stride[0] = 0;
    refuse_for(&unary, &batch, LANES_E_OVERLAP, "operand 1");
    batch.operand[1].stride[0] = 4;
    refuse_for(&unary, &batch, LANES_E_OVERLAP, "operand 1");
}

Test(engine_reduce, outputs_are_apart_from_inputs)
{
    for (uint64_t offset = 0; offset < 160; offset += 8) {
        lanes_engine_batch batch = rows_batch(LANES_REDUCE_SUM);
        batch.operand[1].offset = offset;
        refuse_for(&unary, &batch, LANES_E_OVERLAP,
                   "a reduction's output must be apart from its inputs");
    }
    lanes_engine_batch batch = rows_batch(LANES_REDUCE_SUM);
    batch.operand[1].offset = 160;
    lanes_engine_plan plan = plan_of(&unary, &batch);
    lanes_engine_plan_deinit(&plan);
}

Test(engine_reduce, dtypes_of_outputs)
{
    static const struct {
        uint32_t op;
        uint32_t dtype;
        uint32_t casting;
        const char *text;
    } cases[] = {
        {LANES_REDUCE_ANY, LANES_U1, LANES_CASTING_UNSAFE, "operand 1 is u1"},
        {LANES_REDUCE_ALL, LANES_F8, LANES_CASTING_UNSAFE, "operand 1 is f8"},
        {LANES_REDUCE_ARGMIN, LANES_I4, LANES_CASTING_UNSAFE, "operand 1 is i4"},
        {LANES_REDUCE_ARGMAX, LANES_F8, LANES_CASTING_UNSAFE, "operand 1 is f8"},
        {LANES_REDUCE_SUM, LANES_F4, LANES_CASTING_SAFE,
         "operand 1: f8 cannot become f4"},
        {LANES_REDUCE_MAX, LANES_C16, LANES_CASTING_UNSAFE, "operand 1 is c16"},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        lanes_engine_batch batch = rows_batch(cases[i].op);
        batch.operand[1].dtype = cases[i].dtype;
        batch.operand[1].stride[0] = 16;
        batch.casting = cases[i].casting;
        refuse_for(&unary, &batch, LANES_E_DTYPE, cases[i].text);
    }
}

Test(engine_reduce, complex_results_have_sums_but_no_order)
{
    static const lanes_engine_kernel turn = {SIGNATURE(1, 1, 0, LANES_C16, LANES_C16)};
    static const uint32_t ordered[] = {LANES_REDUCE_MIN, LANES_REDUCE_MAX,
                                       LANES_REDUCE_ARGMIN, LANES_REDUCE_ARGMAX};
    lanes_engine_batch batch = rows_batch(LANES_REDUCE_SUM);
    batch.casting = LANES_CASTING_UNSAFE;
    batch.operand[0].stride[0] *= 2;
    batch.operand[0].stride[1] *= 2;
    batch.operand[1].stride[0] = 16;
    batch.operand[0].dtype = LANES_C16;
    for (size_t i = 0; i < LANES_ARRAY_COUNT(ordered); i++) {
        batch.reduce = ordered[i];
        batch.operand[1].dtype = lanes_reduce_is_arg(ordered[i]) ? LANES_I8 : LANES_F8;
        refuse_for(&turn, &batch, LANES_E_DTYPE,
                   "operand 1: the kernel gives c16, and complex numbers have no order");
    }
    batch.reduce = LANES_REDUCE_SUM;
    batch.operand[1].dtype = LANES_C16;
    lanes_engine_plan plan = plan_of(&turn, &batch);
    lanes_engine_plan_deinit(&plan);
    /* What is real can be a complex sum. */
    batch.operand[0].dtype = LANES_F8;
    plan = plan_of(&unary, &batch);
    lanes_engine_plan_deinit(&plan);
}

Test(engine_reduce, random_numbers_have_places_along_the_last_axes_only)
{
    lanes_engine_kernel ordered = unary;
    ordered.keeps_order = 1;
    lanes_engine_batch batch = rows_batch(LANES_REDUCE_ARGMAX);
    batch.operand[1].dtype = LANES_I8;
    lanes_engine_plan plan = plan_of(&ordered, &batch);
    lanes_engine_plan_deinit(&plan);
    batch.reduce_axes = 1;
    batch.operand[1].stride[0] = 0;
    batch.operand[1].stride[1] = 8;
    lanes_error err;
    cr_assert_eq(lanes_engine_plan_batch(&batch, &ordered, &plan, &err), LANES_E_SHAPE);
    cr_assert_not_null(strstr(err.message, "argmax of a kernel that uses random"));
}
