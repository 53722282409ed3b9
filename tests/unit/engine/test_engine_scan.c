/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_scan.c - scans of random layouts with a loop written in C, against values
 * one after the other: right, and the same bits however they are cut.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "engine/engine.h"
#include "harness.h"
#include "layouts.h"

#define CASES 300

/* ---- The loop ------------------------------------------------------------------------
 */

static bool may_fail;      /* elements of x == 13 fail */
static bool has_where;     /* set before a loop runs, which knows no plan */
static uint32_t faults_at; /* the loop faults when it has run so many calls; 0: never */
static uint32_t calls;     /* atomic */
static uint64_t elements_run; /* atomic */

static bool is_last; /* f(a, x) = x, which is not commutative; else a + x - 1 */

static double combined(double a, double x)
{
    return is_last ? x : a + x - 1; /* 0 is not its identity */
}

/* Read when it is used, so that no compiler knows better. */
static int *volatile nowhere = (int *)64;

/* f8(f8,f8), as kernel/variant.h says of keys that scan. */
static void loop_scan(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                      lanes_loop_result *result)
{
    if (faults_at != 0 && lanes_fetch_add_relaxed_u32(&calls, 1) + 1 >= faults_at) {
        *nowhere = 1;
    }
    double running;
    memcpy(&running, frame->base[0], sizeof(running));
    for (uint64_t i = begin; i < end; i++) {
        const uint64_t at = i - frame->first;
        const bool is_wanted = !has_where || ((const char *)frame->base[4])[at] != 0;
        double x;
        memcpy(&x, (const char *)frame->base[1] + 8 * at, sizeof(x));
        const bool is_bad = is_wanted && may_fail && x == 13;
        if (frame->base[3] != NULL) {
            ((char *)frame->base[3])[at] = is_bad;
        }
        if (is_wanted && !is_bad) {
            running = combined(running, x);
            memcpy((char *)frame->base[2] + 8 * at, &running, sizeof(running));
        }
        if (is_bad) {
            result->failed++;
            result->first_failed = i < result->first_failed ? i : result->first_failed;
        }
    }
    memcpy(frame->base[0], &running, sizeof(running));
    lanes_fetch_add_relaxed_u64(&elements_run, end - begin);
}

/* ---- Batches -------------------------------------------------------------------------
 */

/** What a batch is to be beside its shape. */
struct kind {
    bool fails;
    bool has_mask;
    bool has_where;
    bool is_in_place;
    bool is_last;
};

static struct kind random_kind(void)
{
    struct kind kind = {
        .has_where = one_of(3), .is_in_place = one_of(3), .is_last = one_of(3)};
    kind.fails = one_of(3);
    kind.has_mask = one_of(3);
    return kind;
}

#define LONG      70000u /* more than are run in one go */
#define ROWS_MAX  2u
#define COUNT_MAX ((uint64_t)LONG * ROWS_MAX)

/* Of batches with long rows, which no area has room for. */
static _Alignas(64) char large[5][COUNT_MAX * 24];

/** Elements at 1 to 3 times their size, by rows or columns, either way. */
static void large_layout(lanes_engine_batch *batch, uint32_t k, uint32_t dtype)
{
    const int64_t bytes = (int64_t)lanes_dtype_bytes(dtype);
    const int64_t step = bytes * (1 + random_below(3));
    const bool is_turned = one_of(2);
    const uint32_t inner = is_turned ? 0 : 1;
    lanes_engine_operand *operand = &batch->operand[k];
    *operand = (lanes_engine_operand){.segment_base = large[k],
                                      .segment_bytes = sizeof(large[k]),
                                      .segment_key = k + 1,
                                      .dtype = dtype};
    operand->stride[inner] = step;
    operand->stride[1 - inner] = step * (int64_t)batch->shape[inner];
    for (uint32_t d = 0; d < 2; d++) {
        if (one_of(3)) { /* backwards */
            operand->offset += (batch->shape[d] - 1) * (uint64_t)operand->stride[d];
            operand->stride[d] = -operand->stride[d];
        }
    }
}

static void lay_out(lanes_engine_batch *batch, uint32_t k, uint32_t dtype,
                    enum layout_kind kind)
{
    if (batch->shape[0] >= LONG || (batch->dimensions > 1 && batch->shape[1] >= LONG)) {
        large_layout(batch, k, dtype);
    } else {
        random_layout(batch, k, dtype, 0, kind);
    }
}

/** Operands for a batch whose shape is there: start, x, out, mask, where. */
static void layout_operands(lanes_engine_batch *batch, const struct kind *kind)
{
    const enum layout_kind of_x = kind->is_in_place ? LAYOUT_OUTPUT : LAYOUT_INPUT;
    batch->reduce = LANES_REDUCE_SCAN;
    batch->errors = kind->has_mask ? LANES_ERRORS_MASK : LANES_ERRORS_IGNORE;
    batch->has_where = kind->has_where;
    lay_out(batch, 0, LANES_F8, LAYOUT_INPUT);
    for (uint32_t d = 0; d < batch->dimensions; d++) {
        if ((batch->reduce_axes >> d & 1) != 0) {
            batch->operand[0].stride[d] = 0;
        }
    }
    lay_out(batch, 1, LANES_F8, of_x);
    lay_out(batch, 2, LANES_F8, LAYOUT_OUTPUT);
    if (kind->is_in_place) {
        batch->operand[2] = batch->operand[1];
    }
    batch->operand_count = 3;
    if (kind->has_mask) {
        lay_out(batch, batch->operand_count++, LANES_BOOL, LAYOUT_OUTPUT);
    }
    if (kind->has_where) {
        lay_out(batch, batch->operand_count++, LANES_BOOL, LAYOUT_INPUT);
    }
}

static lanes_engine_batch random_scan(const struct kind *kind, uint64_t *out_count)
{
    lanes_engine_batch batch = {.operand_count = 0};
    *out_count = random_shape(&batch, 5);
    const uint32_t axis = random_below(batch.dimensions);
    batch.reduce_axes = 1u << axis;
    for (uint32_t d = 0; d < batch.dimensions; d++) {
        batch.reduce_axes |= batch.shape[d] == 1 && one_of(2) ? 1u << d : 0;
    }
    layout_operands(&batch, kind);
    return batch;
}

/** One row or two, so long that they are cut. */
static lanes_engine_batch long_scan(const struct kind *kind, uint64_t *out_count)
{
    const uint64_t rows = 1 + random_below(ROWS_MAX);
    lanes_engine_batch batch = {.dimensions = 2, .shape = {rows, LONG}, .reduce_axes = 2};
    *out_count = rows * LONG;
    if (one_of(2)) { /* the other way round */
        batch.shape[0] = LONG;
        batch.shape[1] = rows;
        batch.reduce_axes = 1;
    }
    layout_operands(&batch, kind);
    return batch;
}

static double number_at(const lanes_engine_batch *batch, uint32_t k, uint64_t i)
{
    double value;
    memcpy(&value, element_of(batch, k, i), sizeof(value));
    return value;
}

/** Whole numbers, of which all sums are exact, or some where order shows. */
static void fill(const lanes_engine_batch *batch, const struct kind *kind, uint64_t count,
                 bool is_whole)
{
    for (uint64_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < 3; k++) {
            const double whole = (double)random_below(100) - 20;
            const double value = is_whole ? whole : whole * 1.1 / (1 + random_below(99));
            memcpy(element_of(batch, k, i), &value, sizeof(value));
        }
        if (kind->has_where) {
            *element_of(batch, batch->operand_count - 1, i) = !one_of(4);
        }
    }
}

/* ---- What it should be ----------------------------------------------------------------
 */

static double wanted[COUNT_MAX];
static char bad[COUNT_MAX];

/** Flat distance of neighbours along the scanned dimension, and how many there are. */
static uint64_t find_row(const lanes_engine_batch *batch, uint64_t *out_length)
{
    uint64_t step = 1;
    *out_length = 1;
    for (uint32_t d = batch->dimensions; d-- > 0;) {
        if ((batch->reduce_axes >> d & 1) != 0 && batch->shape[d] > 1) {
            *out_length = batch->shape[d];
            return step;
        }
        step *= batch->shape[d];
    }
    return 1;
}

/** Fills wanted and bad; before the batch runs. Returns how many fail. */
static uint64_t expect(const lanes_engine_batch *batch, const struct kind *kind,
                       uint64_t count, uint64_t *out_first)
{
    uint64_t length;
    uint64_t failed = 0;
    const uint64_t step = find_row(batch, &length);
    *out_first = UINT64_MAX;
    for (uint64_t first = 0; first < count; first++) {
        if (first / step % length != 0) {
            continue;
        }
        double running = number_at(batch, 0, first);
        for (uint64_t n = 0; n < length; n++) {
            const uint64_t i = first + n * step;
            const double x = number_at(batch, 1, i);
            const bool is_wanted =
                !kind->has_where || *element_of(batch, batch->operand_count - 1, i) != 0;
            bad[i] = is_wanted && kind->fails && x == 13;
            failed += (uint64_t)bad[i];
            *out_first = bad[i] != 0 && i < *out_first ? i : *out_first;
            if (is_wanted && bad[i] == 0) {
                running = kind->is_last ? x : running + x - 1;
                wanted[i] = running;
            } else {
                wanted[i] = number_at(batch, 2, i);
            }
        }
    }
    return failed;
}

static void expect_values(const lanes_engine_batch *batch, const struct kind *kind,
                          uint64_t count, int number)
{
    for (uint64_t i = 0; i < count; i++) {
        const double got = number_at(batch, 2, i);
        cr_assert(got == wanted[i], "case %d, element %lu: %g not %g", number, i, got,
                  wanted[i]);
        cr_assert(!kind->has_mask || *element_of(batch, 3, i) == bad[i],
                  "case %d, mask of element %lu", number, i);
    }
}

/* ---- Running -------------------------------------------------------------------------
 */

static lanes_engine_kernel kernel_of(const struct kind *kind)
{
    lanes_engine_kernel kernel = binary;
    kernel.may_raise = kind->fails;
    return kernel;
}

/** Run @p batch, whole or in random slices, by tiles as an element of @p element_ps has
 * them. */
static lanes_engine_outcome run(lanes_team *team, const lanes_engine_batch *batch,
                                const struct kind *kind, uint64_t element_ps,
                                bool is_sliced, uint64_t *out_work)
{
    lanes_engine_plan plan = {.count = 0};
    lanes_error err;
    const lanes_engine_kernel kernel = kernel_of(kind);
    cr_assert_eq(lanes_engine_plan_batch(batch, &kernel, &plan, &err), LANES_OK, "%s",
                 err.message);
    may_fail = kind->fails;
    has_where = kind->has_where;
    is_last = kind->is_last;
    cr_assert_eq(plan.key.reduce, LANES_REDUCE_SCAN);
    cr_assert_eq(plan.key.folds, 0);
    cr_assert_eq(plan.key.layout[0], LANES_LAYOUT_UNIFORM);
    cr_assert_eq(plan.key.layout[1], LANES_LAYOUT_CONTIGUOUS);
    elements_run = 0;
    calls = 0;
    lanes_engine_outcome outcome = LANES_ENGINE_OUTCOME_INIT;
    outcome.element_ps = element_ps;
    uint64_t begin = 0;
    while (begin < plan.work && outcome.fault.signal_number == 0) {
        const uint64_t left = plan.work - begin;
        const uint64_t slice = is_sliced ? 1 + random_below((uint32_t)left) : left;
        lanes_engine_run(team, &plan, loop_scan, begin, begin + slice, NULL, &outcome);
        begin += slice;
    }
    if (out_work != NULL) {
        *out_work = plan.work;
    }
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

static uint64_t random_cost(void)
{
    static const uint64_t costs[] = {0, 1, 100, 5000, 1000000};
    return costs[random_below(LANES_ARRAY_COUNT(costs))];
}

static void check_run(lanes_team *team, const lanes_engine_batch *batch,
                      const struct kind *kind, uint64_t count, int number)
{
    uint64_t first;
    uint64_t work;
    const uint64_t failed = expect(batch, kind, count, &first);
    const lanes_engine_outcome outcome =
        run(team, batch, kind, random_cost(), number % 2 != 0, &work);
    cr_assert_eq(outcome.fault.signal_number, 0);
    cr_assert_eq(outcome.result.failed, failed, "case %d", number);
    cr_assert_eq(outcome.result.first_failed, first, "case %d", number);
    if (work == count) {
        cr_assert_eq(elements_run, count, "case %d: each element once", number);
    }
    expect_values(batch, kind, count, number);
}

/* ---- One pass, two passes -------------------------------------------------------------
 */

static void lead_values(void *ctx, lanes_team *team)
{
    (void)ctx;
    for (int number = 0; number < CASES; number++) {
        uint64_t count;
        const struct kind kind = random_kind();
        const lanes_engine_batch batch = random_scan(&kind, &count);
        fill(&batch, &kind, count, true);
        check_run(team, &batch, &kind, count, number);
    }
}

Test(engine_scan, every_layout, .timeout = 60)
{
    with_team(1, lead_values, NULL);
    with_team(3, lead_values, NULL);
}

static void lead_long(void *ctx, lanes_team *team)
{
    (void)ctx;
    for (int number = 0; number < 30; number++) {
        struct kind kind = random_kind();
        kind.fails = number % 3 == 0;
        uint64_t count;
        const lanes_engine_batch batch = long_scan(&kind, &count);
        fill(&batch, &kind, count, true);
        lanes_engine_plan plan;
        const lanes_engine_kernel kernel = kernel_of(&kind);
        lanes_error err;
        cr_assert_eq(lanes_engine_plan_batch(&batch, &kernel, &plan, &err), LANES_OK);
        cr_assert_gt(plan.reduction.segments, 1);
        cr_assert_eq(plan.work, kind.fails ? count : 2 * count);
        cr_assert_eq(plan.count, count);
        lanes_engine_plan_deinit(&plan);
        check_run(team, &batch, &kind, count, number);
    }
}

Test(engine_scan, long_rows_are_run_twice_unless_they_may_fail, .timeout = 60)
{
    with_team(1, lead_long, NULL);
    with_team(3, lead_long, NULL);
}

/* Segments that `where` leaves out have no total. */
static void lead_gaps(void *ctx, lanes_team *team)
{
    (void)ctx;
    for (int number = 0; number < 8; number++) {
        const struct kind kind = {.has_where = true, .is_last = number % 2 != 0};
        uint64_t count;
        const lanes_engine_batch batch = long_scan(&kind, &count);
        fill(&batch, &kind, count, true);
        const uint64_t from = number < 2 ? 0 : random_below(LONG / 2);
        const uint64_t to = number < 4 ? count : from + random_below(LONG / 2);
        for (uint64_t i = from; i < to; i++) {
            *element_of(&batch, 3, i) = 0;
        }
        check_run(team, &batch, &kind, count, number);
    }
}

Test(engine_scan, whole_segments_are_left_out, .timeout = 60)
{
    with_team(2, lead_gaps, NULL);
}

/* Leaves its results in `kept`, or compares with what is there. */
static void lead_bits(void *ctx, lanes_team *team)
{
    static char kept[sizeof(large[2])];
    static bool is_first = true;
    const lanes_engine_batch *batch = ctx;
    const struct kind kind = {.fails = false};
    const lanes_engine_operand *out = &batch->operand[2];
    for (int attempt = 0; attempt < 4; attempt++) {
        memset(out->segment_base, 0xee, out->segment_bytes);
        run(team, batch, &kind, random_cost(), attempt >= 2, NULL);
        if (is_first) {
            memcpy(kept, out->segment_base, out->segment_bytes);
            is_first = false;
        }
        cr_assert_eq(memcmp(kept, out->segment_base, out->segment_bytes), 0, "attempt %d",
                     attempt);
    }
    is_first = lanes_team_thread_count(team) > 1; /* the last of a batch */
}

Test(engine_scan, threads_tiles_and_slices_do_not_change_bits, .timeout = 60)
{
    for (int number = 0; number < 20; number++) {
        const struct kind kind = {.fails = false};
        uint64_t count;
        lanes_engine_batch batch =
            number % 2 != 0 ? random_scan(&kind, &count) : long_scan(&kind, &count);
        fill(&batch, &kind, count, false);
        with_team(1, lead_bits, &batch);
        with_team(3, lead_bits, &batch);
    }
}

/* Leaves nothing of an operand but its elements. */
static void expect_nothing_beside(const lanes_engine_batch *batch, uint32_t k,
                                  uint64_t count, int number)
{
    static char kept[sizeof(large[2])];
    const lanes_engine_operand *operand = &batch->operand[k];
    const uint32_t bytes = lanes_dtype_bytes(operand->dtype);
    memset(kept, 0xee, operand->segment_bytes);
    for (uint64_t i = 0; i < count; i++) {
        const char *at = element_of(batch, k, i);
        memcpy(kept + (at - operand->segment_base), at, bytes);
    }
    cr_assert_eq(memcmp(operand->segment_base, kept, operand->segment_bytes), 0,
                 "case %d, operand %u", number, k);
}

static void lead_bytes_beside(void *ctx, lanes_team *team)
{
    (void)ctx;
    for (int number = 0; number < 100; number++) {
        uint64_t count;
        struct kind kind = random_kind();
        kind.is_in_place = false;
        const lanes_engine_batch batch =
            number % 8 == 0 ? long_scan(&kind, &count) : random_scan(&kind, &count);
        fill(&batch, &kind, count, true);
        const uint32_t last = kind.has_mask ? 3 : 2;
        for (uint32_t k = 2; k <= last; k++) {
            memset(batch.operand[k].segment_base, 0xee, batch.operand[k].segment_bytes);
        }
        run(team, &batch, &kind, random_cost(), false, NULL);
        for (uint32_t k = 2; k <= last; k++) {
            expect_nothing_beside(&batch, k, count, number);
        }
    }
}

Test(engine_scan, nothing_is_written_beside_the_results, .timeout = 60)
{
    with_team(2, lead_bytes_beside, NULL);
}

static void lead_fault(void *ctx, lanes_team *team)
{
    (void)ctx;
    for (int fails = 0; fails < 2; fails++) {
        const struct kind kind = {.fails = fails != 0};
        uint64_t count;
        const lanes_engine_batch batch = long_scan(&kind, &count);
        fill(&batch, &kind, count, true);
        for (uint32_t at = 1; at < 60; at += 7) {
            faults_at = at;
            const lanes_engine_outcome outcome = run(team, &batch, &kind, 1, false, NULL);
            cr_assert_eq(outcome.fault.signal_number, SIGSEGV);
            cr_assert_lt(outcome.fault_begin, outcome.fault_end);
            cr_assert_leq(outcome.fault_end, count);
        }
        faults_at = 0;
        check_run(team, &batch, &kind, count, fails);
    }
}

Test(engine_scan, a_fault_in_either_pass_ends_the_batch_and_not_the_team, .timeout = 60)
{
    cr_assert_eq(lanes_os_guard_install(NULL), LANES_OK);
    with_team(2, lead_fault, NULL);
}

/* ---- Plans ---------------------------------------------------------------------------
 */

/** 4 by 5 elements at 512 into an array at 1024, from 4 start values at 0. */
static lanes_engine_batch rows_batch(void)
{
    lanes_engine_batch batch = {
        .dimensions = 2,
        .operand_count = 3,
        .shape = {4, 5},
        .operand = {operand_at(0, 8), operand_at(512, 40), operand_at(1024, 40)},
        .reduce = LANES_REDUCE_SCAN,
        .reduce_axes = 2};
    batch.operand[1].stride[1] = batch.operand[2].stride[1] = 8;
    return batch;
}

static void accept(const lanes_engine_batch *batch)
{
    lanes_engine_plan plan = plan_of(&binary, batch);
    lanes_engine_plan_deinit(&plan);
}

Test(engine_scan, nothing_happens_without_elements)
{
    lanes_engine_batch batch = rows_batch();
    for (uint32_t d = 0; d < 2; d++) {
        batch.shape[d] = 0;
        lanes_engine_plan plan = plan_of(&binary, &batch);
        cr_assert_eq(plan.count, 0);
        cr_assert_eq(plan.work, 0);
        cr_assert_not(plan.reduction.is_empty);
        lanes_engine_plan_deinit(&plan);
    }
}

Test(engine_scan, many_rows_or_short_ones_are_run_once)
{
    static const struct {
        uint64_t shape[2];
        uint64_t passes;
    } cases[] = {{{1, 65535}, 1},  {{1, 65536}, 2},    {{63, 65536}, 2},
                 {{64, 65536}, 1}, {{64, 1 << 20}, 1}, {{2, 1 << 20}, 2},
                 {{1 << 20, 2}, 1}};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        lanes_engine_batch batch = rows_batch();
        memcpy(batch.shape, cases[i].shape, sizeof(cases[i].shape));
        const uint64_t count = batch.shape[0] * batch.shape[1];
        for (uint32_t k = 0; k < 3; k++) { /* of which no byte is touched */
            batch.operand[k] = operand_at(0, (int64_t)batch.shape[1] * 8);
            batch.operand[k].stride[1] = k == 0 ? 0 : 8;
            batch.operand[k].segment_bytes = 8 * count;
            batch.operand[k].segment_key = k + 1;
        }
        lanes_engine_plan plan = plan_of(&binary, &batch);
        cr_assert_eq(plan.count, count);
        cr_assert_eq(plan.work, cases[i].passes * count, "case %zu", i);
        lanes_engine_plan_deinit(&plan);
    }
}

/* ---- Refusals ------------------------------------------------------------------------
 */

Test(engine_scan, goes_along_one_dimension)
{
    lanes_engine_batch batch = rows_batch();
    batch.operand[0].stride[0] = 0;
    batch.reduce_axes = 3;
    refuse(&batch, LANES_E_SHAPE,
           "reduce_axes names dimensions 0, 1; a scan goes along one, and others that it "
           "names have length 1");
    batch.reduce_axes = 0;
    refuse(&batch, LANES_E_SHAPE,
           "names none of the 2 dimensions; a scan goes along one");
    batch.reduce_axes = 4; /* bits of dimensions that are not there */
    refuse(&batch, LANES_E_SHAPE, "names none of the 2 dimensions");
    batch.reduce_axes = 3;
    batch.shape[0] = 1;
    accept(&batch);
    batch.shape[1] = 1;
    accept(&batch);
}

Test(engine_scan, the_start_stands_still_along_it)
{
    lanes_engine_batch batch = rows_batch();
    batch.operand[0].stride[1] = 8;
    refuse(&batch, LANES_E_SHAPE,
           "operand 0, where values begin, has stride 8 along dimension 1, which is "
           "scanned; its stride there is 0");
    batch.operand[0].stride[0] = 0; /* one for all rows */
    batch.operand[0].stride[1] = 0;
    accept(&batch);
}

Test(engine_scan, the_output_may_be_x_and_not_the_start)
{
    lanes_engine_batch batch = rows_batch();
    batch.operand[2].offset = 512;
    accept(&batch);
    batch.operand[2].offset = 520;
    refuse(&batch, LANES_E_OVERLAP, "it must be apart or exactly the same array");
    batch = rows_batch();
    batch.operand[0].offset = 1024;
    batch.operand[0].stride[0] = 40;
    refuse(&batch, LANES_E_OVERLAP, "where a scan begins must be apart from its output");
    batch.shape[1] = 1; /* they are the same array */
    refuse(&batch, LANES_E_OVERLAP, "where a scan begins must be apart from its output");
    batch = rows_batch(); /* x may begin where the values do */
    batch.operand[0].offset = 512;
    batch.operand[0].stride[0] = 40;
    accept(&batch);
    batch = rows_batch(); /* an output has a place for each element */
    batch.operand[2].stride[1] = 0;
    refuse(&batch, LANES_E_OVERLAP, "operand 2");
}

Test(engine_scan, dtypes_are_the_kernels)
{
    for (uint32_t k = 0; k < 3; k++) {
        lanes_engine_batch batch = rows_batch();
        batch.casting = LANES_CASTING_UNSAFE;
        batch.operand[k].dtype = LANES_F4;
        refuse(&batch, LANES_E_DTYPE,
               "a kernel that scans by itself converts nothing, and takes f8");
    }
}

Test(engine_scan, kernels_that_cannot)
{
    lanes_engine_batch batch = rows_batch();
    lanes_engine_kernel kernel = binary;
    kernel.keeps_order = 1;
    refuse_for(&kernel, &batch, LANES_E_OPERANDS, "it cannot scan by itself");
    const lanes_engine_kernel mixed = {SIGNATURE(2, 1, 0, LANES_F8, LANES_F4, LANES_F8)};
    batch.operand[1].dtype = LANES_F4;
    batch.casting = LANES_CASTING_UNSAFE;
    refuse_for(&mixed, &batch, LANES_E_OPERANDS,
               "the kernel is f8(f8,f4); one that scans by itself takes two numbers");
}
