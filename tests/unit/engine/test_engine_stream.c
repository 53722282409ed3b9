/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_stream.c - which batches are stored past the caches, and that their loops
 * get outputs where kernel/loop.h says, wherever a tile begins and whatever is copied.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "engine/engine_internal.h"

#define LENGTH   20000u /* elements of each area */
#define SENTINEL -1.0

/* Input and output; each begins a line. */
static _Alignas(LANES_CACHE_LINE) double area[2][LENGTH];

static const lanes_engine_kernel kernel = {
    .signature = {.input_count = 1, .output_count = 1, .dtype = {LANES_F8, LANES_F8}}};

static uint64_t long_calls; /* of LANES_STREAM_COUNT elements at least */
static uint64_t short_calls;

static void twice(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                  lanes_loop_result *result)
{
    (void)result;
    const double *in = frame->base[0];
    double *out = frame->base[1];
    const uint64_t at = begin - frame->first;
    if (end - begin >= LANES_STREAM_COUNT) {
        long_calls++;
        cr_assert_eq((uintptr_t)&out[at] % LANES_STREAM_ALIGNMENT, 0);
    } else {
        short_calls++;
    }
    for (uint64_t i = at; i < at + (end - begin); i++) {
        out[i] = 2 * in[i];
    }
}

/* out[r, c] = twice in[r, c]; strides in elements. */
static lanes_engine_batch batch_of(uint64_t rows, uint64_t columns, const int64_t in[2],
                                   const int64_t out[2])
{
    lanes_engine_batch batch = {
        .dimensions = 2, .shape = {rows, columns}, .operand_count = 2, .stream_bytes = 1};
    const int64_t *const stride[] = {in, out};
    for (uint32_t k = 0; k < 2; k++) {
        batch.operand[k] = (lanes_engine_operand){
            .segment_base = (char *)area[k],
            .segment_bytes = sizeof(area[k]),
            .segment_key = k + 1,
            .stride = {8 * stride[k][0], 8 * stride[k][1]},
            .dtype = LANES_F8,
        };
    }
    return batch;
}

static lanes_engine_plan plan_of(const lanes_engine_batch *batch)
{
    lanes_engine_plan plan;
    lanes_error err = {.message = ""};
    cr_assert_eq(lanes_engine_plan_batch(batch, &kernel, &plan, &err), LANES_OK, "%s",
                 err.message);
    return plan;
}

/* Runs loop indices from @p begin on, and looks at every element. */
static void expect_twice(const lanes_engine_batch *batch, uint64_t begin)
{
    const lanes_engine_plan plan = plan_of(batch);
    lanes_loop_result result = LANES_LOOP_RESULT_INIT;
    cr_assert_eq(plan.key.streams, 1);
    for (uint64_t i = 0; i < LENGTH; i++) {
        area[0][i] = 1.0 + (double)i;
        area[1][i] = SENTINEL;
    }
    lanes_engine_run_blocks(&plan, NULL, twice, begin, plan.count, &result);
    const lanes_engine_operand *in = &batch->operand[0];
    const lanes_engine_operand *out = &batch->operand[1];
    for (uint64_t r = 0; r < batch->shape[0]; r++) {
        for (uint64_t c = 0; c < batch->shape[1]; c++) {
            const int64_t row = (int64_t)r;
            const int64_t column = (int64_t)c;
            double *got = &area[1][(row * out->stride[0] + column * out->stride[1]) / 8];
            const double x = area[0][(row * in->stride[0] + column * in->stride[1]) / 8];
            const bool is_run = r * batch->shape[1] + c >= begin;
            cr_assert_eq(*got, is_run ? 2 * x : SENTINEL, "row %llu column %llu",
                         (unsigned long long)r, (unsigned long long)c);
            *got = SENTINEL;
        }
    }
    for (uint64_t i = 0; i < LENGTH; i++) {
        cr_assert_eq(area[1][i], SENTINEL, "beside the output, at %llu",
                     (unsigned long long)i);
    }
}

static void setup(void)
{
    long_calls = short_calls = 0;
}

TestSuite(engine_stream, .init = setup, .timeout = 60);

Test(engine_stream, what_is_copied_may_stream)
{
    const lanes_engine_batch batch =
        batch_of(1, 9001, (int64_t[]){0, 2}, (int64_t[]){9001, 1});
    expect_twice(&batch, 0);
    cr_assert_eq(short_calls, 0);
    expect_twice(&batch, 77);
    cr_assert_gt(short_calls, 0, "what is before the first line of a block");
    cr_assert_gt(long_calls, 10);
}

Test(engine_stream, rows_of_whole_lines_may_stream)
{
    /* One run for each row: what is read has rows further apart than it is long. */
    const lanes_engine_batch batch =
        batch_of(10, 1000, (int64_t[]){1500, 1}, (int64_t[]){1504, 1});
    const lanes_engine_plan plan = plan_of(&batch);
    cr_assert(plan.writes_by_row);
    for (uint64_t begin = 0; begin < 2100; begin += 99) {
        expect_twice(&batch, begin);
    }
    cr_assert_gt(long_calls, 0);
}

Test(engine_stream, rows_of_other_lengths_do_not)
{
    const lanes_engine_batch batch =
        batch_of(10, 1000, (int64_t[]){1500, 1}, (int64_t[]){1501, 1});
    cr_assert_eq(plan_of(&batch).key.streams, 0);
}

Test(engine_stream, panels_do_not)
{
    const lanes_engine_batch batch =
        batch_of(40, 400, (int64_t[]){1, 50}, (int64_t[]){400, 1});
    cr_assert_gt(plan_of(&batch).panel_rows, 0);
    cr_assert_eq(plan_of(&batch).key.streams, 0);
}

Test(engine_stream, what_is_copied_back_does_not)
{
    const lanes_engine_batch batch =
        batch_of(1, 9000, (int64_t[]){0, 1}, (int64_t[]){0, 2});
    cr_assert_eq(plan_of(&batch).key.streams, 0);
}

Test(engine_stream, an_output_that_begins_within_a_line_does_not)
{
    lanes_engine_batch batch = batch_of(1, 9000, (int64_t[]){0, 2}, (int64_t[]){0, 1});
    cr_assert_eq(plan_of(&batch).key.streams, 1);
    batch.operand[1].offset = 8;
    cr_assert_eq(plan_of(&batch).key.streams, 0);
}

Test(engine_stream, small_batches_and_arrays_in_place_do_not)
{
    lanes_engine_batch batch = batch_of(1, 9000, (int64_t[]){0, 1}, (int64_t[]){0, 1});
    batch.stream_bytes = 9000 * 16;
    cr_assert_eq(plan_of(&batch).key.streams, 0);
    batch.stream_bytes--;
    cr_assert_eq(plan_of(&batch).key.streams, 1);
    batch.operand[1] = batch.operand[0];
    cr_assert_eq(plan_of(&batch).key.streams, 0);
}
