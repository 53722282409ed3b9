/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Floating-point exceptions of a batch: which ranges are confirmed, and what is told of
 * them. Loops and the lanes_confirm_fn are written in C.
 *
 * An element's number says what happens to it: what it raises in the loop, wanted or not,
 * and what it raises by itself.
 */
#include <criterion/criterion.h>
#include <fenv.h>
#include <string.h>

#include "base/atomic.h"
#include "engine/engine.h"

#define COUNT_MAX 400000
#define ALL       LANES_FP_FLAGS

/* Of elements: bits of lanes_fp_flag. */
#define FALSE_DIVIDE  1.0 /* in the loop alone */
#define TRUE_DIVIDE   2.0
#define TRUE_OVERFLOW 3.0
#define TRUE_BOTH     4.0
#define FAILING       5.0 /* it raises, and fails */

static double input[COUNT_MAX];
static double output[COUNT_MAX];
static uint8_t where[COUNT_MAX];
static uint64_t confirmed; /* calls */
static uint32_t threads = 1;

static void reset(void)
{
    memset(input, 0, sizeof(input));
    memset(where, 1, sizeof(where));
    confirmed = 0;
}

/* By arithmetic: feraiseexcept() raises some where only x87 looks. */
static void raise_of(double what, bool is_loop)
{
    const volatile double large = 1e300;
    const volatile double zero = 0;
    volatile double product = 0;
    if (what == TRUE_DIVIDE || what == TRUE_BOTH || what == FAILING ||
        (is_loop && what == FALSE_DIVIDE)) {
        product = large / zero;
    }
    if (what == TRUE_OVERFLOW || what == TRUE_BOTH) {
        product = large * large;
    }
    (void)product;
}

/* Overwrites its output, which may be its input. */
static void loop(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                 lanes_loop_result *result)
{
    const double *in = frame->base[0];
    double *out = frame->base[1];
    for (uint64_t i = begin; i < end; i++) {
        const double what = in[i - frame->first];
        raise_of(what, true);
        if (what == FAILING) {
            result->failed++;
            result->first_failed = i < result->first_failed ? i : result->first_failed;
        } else {
            out[i - frame->first] = -1;
        }
    }
}

static int32_t confirm(const lanes_loop_frame *frame, uint64_t index)
{
    const char *at =
        (const char *)frame->base[0] + (int64_t)(index - frame->first) * frame->stride[0];
    double what;
    memcpy(&what, at, sizeof(what));
    lanes_fetch_add_relaxed_u64(&confirmed, 1);
    raise_of(what, false);
    return what == FAILING ? LANES_ELEMENT_RAISED : LANES_ELEMENT_OK;
}

struct wish {
    uint64_t count;
    uint32_t report;
    uint32_t is_exact;
    bool is_in_place;
    bool has_where;
    bool is_strided;
    bool may_raise;
    bool is_backwards;   /* the second half first, as threads may be */
    uint64_t element_ps; /* 0: so that tiles have 512 */
    /* What came of it. */
    uint32_t raised;
    uint64_t first;
    uint64_t alarms;
};

static lanes_engine_plan plan_of(const struct wish *wish)
{
    const lanes_engine_kernel kernel = {
        .signature = {.input_count = 1, .output_count = 1, .dtype = {LANES_F8, LANES_F8}},
        .may_raise = wish->may_raise};
    lanes_engine_batch batch = {.dimensions = 1,
                                .operand_count = wish->has_where ? 3 : 2,
                                .shape = {wish->count},
                                .has_where = wish->has_where,
                                .errors = LANES_ERRORS_IGNORE,
                                .fp_report = wish->report,
                                .fp_exact = wish->is_exact};
    void *const memory[] = {input, wish->is_in_place ? input : output, where};
    for (uint32_t k = 0; k < batch.operand_count; k++) {
        const int64_t bytes = k == 2 ? 1 : 8;
        batch.operand[k] =
            (lanes_engine_operand){.segment_base = memory[k],
                                   .segment_bytes = sizeof(input),
                                   .segment_key = k == 1 && wish->is_in_place ? 0 : k,
                                   .stride = {wish->is_strided ? 2 * bytes : bytes},
                                   .dtype = k == 2 ? LANES_BOOL : LANES_F8};
    }
    lanes_engine_plan plan;
    lanes_error err;
    cr_assert_eq(lanes_engine_plan_batch(&batch, &kernel, &plan, &err), LANES_OK, "%s",
                 err.message);
    return plan;
}

static void lead(void *ctx, lanes_team *team)
{
    struct wish *wish = ctx;
    lanes_engine_plan plan = plan_of(wish);
    lanes_engine_outcome outcome = LANES_ENGINE_OUTCOME_INIT;
    cr_assert_eq(plan.flags != NULL, wish->report != 0);
    if (plan.flags != NULL) {
        plan.flags->confirm = confirm;
    }
    outcome.element_ps = wish->element_ps != 0 ? wish->element_ps : 100000;
    const uint64_t middle = wish->is_backwards ? wish->count / 2 : 0;
    lanes_engine_run(team, &plan, loop, middle, wish->count, NULL, &outcome);
    lanes_engine_run(team, &plan, loop, 0, middle, NULL, &outcome);
    cr_assert_eq(outcome.fault.signal_number, 0);
    if (plan.flags != NULL) {
        wish->raised = plan.flags->raised;
        wish->first = plan.flags->first;
        wish->alarms = plan.flags->alarms;
    }
    lanes_engine_plan_deinit(&plan);
    cr_assert_null(plan.flags);
}

static void run(struct wish *wish)
{
    lanes_topo_plan *plan = NULL;
    const lanes_topo_options options = {.synthetic = "l2:4(size=1MiB) core:1 pu:1",
                                        .threads = threads};
    confirmed = 0;
    feclearexcept(FE_ALL_EXCEPT);
    cr_assert_eq(lanes_topo_plan_create(&options, &plan, NULL), LANES_OK);
    cr_assert_eq(lanes_team_enter(plan, 20000, lead, wish, NULL), LANES_OK);
    lanes_topo_plan_destroy(plan);
    cr_assert_eq(fetestexcept(FE_DIVBYZERO | FE_OVERFLOW), 0, "the caller's own stay");
}

TestSuite(engine_flags, .init = reset, .timeout = 60);

Test(engine_flags, nothing_is_looked_for_unless_somebody_asks)
{
    input[5] = TRUE_DIVIDE;
    struct wish wish = {.count = 1000};
    run(&wish);
    cr_assert_eq(confirmed, 0);
    wish.report = ALL & ~(uint32_t)LANES_FP_FLAG_DIVIDE;
    run(&wish);
    cr_assert_eq(confirmed, 0, "the flag that is up is none of them");
    cr_assert_eq(wish.raised, 0);
    cr_assert_eq(wish.first, UINT64_MAX);
}

Test(engine_flags, what_an_element_raises_is_told_with_its_index)
{
    const uint64_t places[] = {0, 1, 63, 64, 65, 70000, 99999};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(places); i++) {
        reset();
        input[places[i]] = TRUE_DIVIDE;
        struct wish wish = {.count = 100000, .report = ALL};
        run(&wish);
        cr_assert_eq(wish.raised, LANES_FP_FLAG_DIVIDE);
        cr_assert_eq(wish.first, places[i]);
        cr_assert_leq(wish.alarms, 1);
    }
}

Test(engine_flags, the_smallest_index_counts_whoever_finds_it)
{
    for (threads = 1; threads <= 4; threads++) {
        reset();
        for (uint64_t i = 777; i < 200000; i += 1000) {
            input[i] = i % 2000 == 777 ? TRUE_OVERFLOW : TRUE_DIVIDE;
        }
        struct wish wish = {.count = 200000, .report = ALL};
        run(&wish);
        cr_assert_eq(wish.raised, LANES_FP_FLAG_DIVIDE | LANES_FP_FLAG_OVERFLOW);
        cr_assert_eq(wish.first, 777, "%u threads", threads);
    }
    threads = 1;
    struct wish wish = {.count = 200000, .report = ALL, .is_backwards = true};
    run(&wish);
    cr_assert_eq(wish.first, 777, "although all flags were known");
}

Test(engine_flags, once_all_is_known_nothing_more_is_confirmed)
{
    for (uint64_t i = 0; i < 200000; i++) {
        input[i] = TRUE_BOTH;
    }
    struct wish wish = {.count = 200000,
                        .report = LANES_FP_FLAG_DIVIDE | LANES_FP_FLAG_OVERFLOW,
                        .is_exact = 1};
    run(&wish);
    cr_assert_eq(wish.raised, LANES_FP_FLAG_DIVIDE | LANES_FP_FLAG_OVERFLOW);
    cr_assert_eq(wish.first, 0);
    cr_assert_leq(confirmed, 100);
}

Test(engine_flags, false_alarms_are_not_told_and_cost_little)
{
    for (uint64_t i = 0; i < COUNT_MAX; i++) {
        input[i] = FALSE_DIVIDE;
    }
    struct wish wish = {.count = COUNT_MAX, .report = ALL, .is_exact = 1};
    run(&wish);
    cr_assert_eq(wish.raised, 0);
    cr_assert_eq(confirmed, COUNT_MAX, "exact: each element");
    wish.is_exact = 0;
    run(&wish);
    cr_assert_eq(wish.raised, 0);
    cr_assert_gt(wish.alarms, 200);
    cr_assert_leq(confirmed, COUNT_MAX / 8);
    cr_assert_geq(confirmed, 4 * (COUNT_MAX / wish.alarms / 2), "some ranges");
}

Test(engine_flags, exact_batches_find_one_among_false_alarms)
{
    for (uint64_t i = 0; i < 100000; i++) {
        input[i] = FALSE_DIVIDE;
    }
    input[98765] = TRUE_DIVIDE;
    struct wish wish = {.count = 100000, .report = ALL, .is_exact = 1};
    run(&wish);
    cr_assert_eq(wish.raised, LANES_FP_FLAG_DIVIDE);
    cr_assert_eq(wish.first, 98765);
}

Test(engine_flags, elements_that_are_left_out_or_fail_raise_nothing)
{
    input[100] = TRUE_DIVIDE;
    where[100] = 0;
    struct wish wish = {.count = 1000, .report = ALL, .has_where = true};
    run(&wish);
    cr_assert_eq(wish.raised, 0);
    input[200] = TRUE_DIVIDE;
    run(&wish);
    cr_assert_eq(wish.first, 200);
    reset();
    input[300] = FAILING;
    wish = (struct wish){.count = 1000, .report = ALL, .may_raise = true};
    run(&wish);
    cr_assert_eq(wish.raised, 0);
    input[310] = TRUE_DIVIDE;
    run(&wish);
    cr_assert_eq(wish.first, 310);
}

Test(engine_flags, inputs_that_are_overwritten_are_confirmed_as_they_were)
{
    for (int is_strided = 0; is_strided <= 1; is_strided++) {
        reset();
        const uint64_t step = is_strided != 0 ? 2 : 1;
        for (uint64_t i = 0; i < 100000; i++) {
            input[i * step] = FALSE_DIVIDE;
        }
        struct wish wish = {.count = 100000,
                            .report = ALL,
                            .is_exact = 1,
                            .is_in_place = true,
                            .is_strided = is_strided != 0};
        input[54321 * step] = TRUE_OVERFLOW;
        run(&wish);
        cr_assert_eq(wish.raised, LANES_FP_FLAG_OVERFLOW);
        cr_assert_eq(wish.first, 54321);
        cr_assert_eq(input[54321 * step], -1, "it has been run");
        cr_assert_eq(input[99999 * step], -1);
    }
}

Test(engine_flags, ranges_that_are_not_confirmed_leave_no_flags_behind)
{
    const uint64_t piece = (32u << 10) / 8;
    for (uint64_t i = 0; i < 20 * piece; i++) {
        input[i] = FALSE_DIVIDE;
    }
    struct wish wish = {
        .count = COUNT_MAX, .report = ALL, .is_in_place = true, .element_ps = 1000};
    run(&wish);
    cr_assert_eq(wish.alarms, 20, "%llu", (unsigned long long)wish.alarms);
}

Test(engine_flags, strided_inputs_are_found)
{
    input[2 * 70001] = TRUE_DIVIDE;
    struct wish wish = {.count = 100000, .report = ALL, .is_strided = true};
    run(&wish);
    cr_assert_eq(wish.raised, LANES_FP_FLAG_DIVIDE);
    cr_assert_eq(wish.first, 70001);
}
