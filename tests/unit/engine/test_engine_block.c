/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_block.c - batches of every layout through loops in C that take operands
 * only as the frame promises them, against a walk element by element in C order: every
 * byte of memory, and which elements failed.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine_internal.h"
#include "kernel/dtype.h"
#include "layouts.h"

/* What runs; loops know it as compiled code knows its kernel and key. */
static lanes_engine_batch batch;
static lanes_engine_kernel kernel;
static lanes_engine_plan plan;
static uint64_t count;

static char before[LANES_OPERANDS_MAX][AREA_BYTES]; /* and what should be there after */

/* ---- The callback -------------------------------------------------------------------
 */

static uint64_t mix(uint64_t hash, const char *bytes, uint64_t byte_count)
{
    for (uint64_t i = 0; i < byte_count; i++) {
        hash = (hash ^ (unsigned char)bytes[i]) * 1099511628211u;
    }
    return hash;
}

static uint64_t bytes_of(uint32_t k)
{
    const uint32_t row_count = batch.operand[k].row_count;
    return (uint64_t)lanes_dtype_bytes(batch.operand[k].dtype) *
           (row_count != 0 ? row_count : 1);
}

/* All inputs of an element, and its index where that counts, make one number. */
static uint64_t digest(const char *const *input, uint32_t input_count,
                       uint64_t flat_index)
{
    uint64_t hash = kernel.keeps_order != 0 ? flat_index + 1 : 0;
    for (uint32_t k = 0; k < input_count; k++) {
        hash = mix(hash, input[k], bytes_of(k));
    }
    return hash ^ hash >> 29;
}

static bool fails(uint64_t hash)
{
    return kernel.may_raise != 0 && hash % 11 == 3;
}

static void give(uint64_t hash, uint32_t k, char *to)
{
    const uint64_t words[] = {hash + k, hash * 31 + k};
    memcpy(to, words, bytes_of(k));
}

static uint32_t mask_slot(void)
{
    return lanes_signature_operand_count(&kernel.signature);
}

/* ---- The loop -----------------------------------------------------------------------
 */

static char *element_in_frame(const lanes_loop_frame *frame, uint32_t slot, uint64_t i)
{
    const uint32_t k = slot;
    int64_t step = slot >= mask_slot() ? 1 : (int64_t)bytes_of(k);
    if (k < kernel.signature.input_count) {
        step = plan.key.layout[k] == LANES_LAYOUT_UNIFORM ? 0 : step;
        step = plan.key.layout[k] == LANES_LAYOUT_ROWS ? frame->stride[k] : step;
    }
    return (char *)frame->base[slot] + (int64_t)(i - frame->first) * step;
}

static void fake_loop(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                      lanes_loop_result *result)
{
    const uint32_t input_count = kernel.signature.input_count;
    cr_assert_leq(frame->first, begin);
    cr_assert_lt(begin, end);
    for (uint64_t i = begin; i < end; i++) {
        const char *input[LANES_OPERANDS_MAX];
        for (uint32_t k = 0; k < input_count; k++) {
            cr_assert_eq(frame->row_count[k], (int32_t)batch.operand[k].row_count);
            cr_assert(plan.access[k] != LANES_ACCESS_PACKED ||
                      (uintptr_t)frame->base[k] % lanes_min_u64(bytes_of(k), 8) == 0);
            input[k] = element_in_frame(frame, k, i);
        }
        const bool is_wanted =
            plan.key.has_where == 0 || *element_in_frame(frame, mask_slot() + 1, i) != 0;
        const uint64_t hash = digest(input, input_count, i);
        const bool has_failed = is_wanted && fails(hash);
        for (uint32_t k = input_count; k < mask_slot(); k++) {
            if (is_wanted && !has_failed) {
                give(hash, k, element_in_frame(frame, k, i));
            }
        }
        if (frame->base[mask_slot()] != NULL) {
            *element_in_frame(frame, mask_slot(), i) = has_failed ? 1 : 0;
        }
        if (has_failed) {
            result->failed++;
            result->first_failed = i < result->first_failed ? i : result->first_failed;
        }
    }
}

/* ---- The same, element by element ---------------------------------------------------
 */

/* The byte of `before` that stands for one of a segment. */
static char *expected_at(uint32_t k, const char *address)
{
    const uint64_t which = batch.operand[k].segment_key - 1;
    return before[which] + (address - area[which]);
}

static lanes_loop_result walk(void)
{
    lanes_loop_result result = LANES_LOOP_RESULT_INIT;
    const uint32_t input_count = kernel.signature.input_count;
    const uint32_t mask = mask_slot();
    const bool has_mask = batch.errors == LANES_ERRORS_MASK;
    for (uint64_t i = 0; i < count; i++) {
        const char *input[LANES_OPERANDS_MAX];
        for (uint32_t k = 0; k < input_count; k++) {
            input[k] = expected_at(k, element_of(&batch, k, i));
        }
        const uint32_t where = batch.operand_count - 1;
        const bool is_wanted = batch.has_where == 0 ||
                               *expected_at(where, element_of(&batch, where, i)) != 0;
        const uint64_t hash = digest(input, input_count, i);
        const bool has_failed = is_wanted && fails(hash);
        for (uint32_t k = input_count; k < mask; k++) {
            if (is_wanted && !has_failed) {
                give(hash, k, expected_at(k, element_of(&batch, k, i)));
            }
        }
        if (has_mask) {
            *expected_at(mask, element_of(&batch, mask, i)) = has_failed ? 1 : 0;
        }
        if (has_failed) {
            result.failed++;
            result.first_failed = i < result.first_failed ? i : result.first_failed;
        }
    }
    return result;
}

/* ---- Running ------------------------------------------------------------------------
 */

static void fill_memory(void)
{
    uint32_t value = random_below(1u << 31);
    for (uint32_t k = 0; k < batch.operand_count; k++) {
        const bool is_flag = k >= mask_slot();
        for (uint64_t i = 0; i < AREA_BYTES; i++) {
            value = value * 1664525u + 1013904223u;
            /* Few values, so that outputs depend on each, and flags are often 0. */
            area[k][i] = (char)(is_flag ? value >> 30 == 0 : value >> 24);
        }
    }
}

static void make_plan(void)
{
    lanes_error err;
    count = 1;
    for (uint32_t d = 0; d < batch.dimensions; d++) {
        count *= batch.shape[d];
    }
    memset(&plan, 0x5a, sizeof(plan));
    const lanes_status status = lanes_engine_plan_batch(&batch, &kernel, &plan, &err);
    cr_assert_eq(status, LANES_OK, "%s", status < 0 ? err.message : "");
    cr_assert_eq(plan.count, count);
}

static void run_tile(uint64_t begin, uint64_t end, lanes_loop_result *result)
{
    if (begin == end) {
        return;
    }
    if (plan.is_direct) {
        fake_loop(&plan.frame, begin, end, result);
    } else {
        lanes_engine_run_blocks(&plan, NULL, fake_loop, begin, end, result);
    }
}

/* Runs the batch in @p tiles, the last first, and compares all there is. */
static void expect_as_walked(uint32_t tiles)
{
    uint64_t edge[9] = {0};
    lanes_loop_result result = LANES_LOOP_RESULT_INIT;
    fill_memory();
    memcpy(before, area, batch.operand_count * sizeof(area[0]));
    edge[tiles] = count;
    for (uint32_t t = 1; t < tiles; t++) {
        const uint64_t left = count - edge[t - 1];
        edge[t] = edge[t - 1] + (left > 0 ? random_below((uint32_t)left) : 0);
    }
    for (uint32_t t = tiles; t-- > 0;) {
        run_tile(edge[t], edge[t + 1], &result);
    }
    const lanes_loop_result expected = walk();
    cr_assert_eq(result.failed, expected.failed);
    cr_assert_eq(result.first_failed, expected.first_failed);
    for (uint32_t k = 0; k < batch.operand_count; k++) {
        cr_assert_arr_eq(area[k], before[k], AREA_BYTES, "memory of operand %u", k);
    }
}

/* ---- Random batches -----------------------------------------------------------------
 */

static uint32_t random_dtype(void)
{
    static const uint32_t dtypes[] = {LANES_U1, LANES_I2, LANES_F4, LANES_F8,
                                      LANES_F8, LANES_C8, LANES_C16};
    return dtypes[random_below(LANES_ARRAY_COUNT(dtypes))];
}

static void random_batch(uint32_t input_count, uint32_t output_count)
{
    kernel = (lanes_engine_kernel){
        .signature = {.input_count = input_count, .output_count = output_count},
        .may_raise = one_of(2),
        .keeps_order = one_of(4),
    };
    batch = (lanes_engine_batch){
        .operand_count = input_count + output_count,
        .errors = one_of(3) ? LANES_ERRORS_MASK : LANES_ERRORS_RAISE,
        .has_where = one_of(3),
    };
    random_shape(&batch, 6);
    for (uint32_t k = 0; k < batch.operand_count; k++) {
        const bool is_input = k < input_count;
        const bool is_row = is_input && one_of(10);
        kernel.signature.dtype[k] = random_dtype();
        kernel.signature.row_mask |= (is_row ? 1u : 0u) << k;
        random_layout(&batch, k, kernel.signature.dtype[k],
                      is_row ? 1 + random_below(3) : 0,
                      is_input ? LAYOUT_INPUT : LAYOUT_OUTPUT);
    }
    if (batch.errors == LANES_ERRORS_MASK) {
        random_layout(&batch, batch.operand_count++, LANES_BOOL, 0, LAYOUT_OUTPUT);
    }
    if (batch.has_where != 0) {
        random_layout(&batch, batch.operand_count++, LANES_BOOL, 0, LAYOUT_INPUT);
    }
}

/* Makes the first input the first output: one array. */
static void put_in_place(void)
{
    const uint32_t output = kernel.signature.input_count;
    if (kernel.signature.input_count > 0 && (kernel.signature.row_mask & 1u) == 0) {
        kernel.signature.dtype[0] = kernel.signature.dtype[output];
        batch.operand[0] = batch.operand[output];
    }
}

/* What the plans were, so that the tests are known to have tried it all. */
struct tally {
    uint32_t direct;
    uint32_t by_run;
    uint32_t scanned;
    uint32_t own_mask;
    uint32_t short_blocks;
    uint32_t access[LANES_ACCESS_PACKED + 1];
};

static void add_to_tally(struct tally *tally)
{
    tally->direct += plan.is_direct;
    tally->by_run += plan.is_by_run;
    tally->scanned += plan.is_scanned;
    tally->own_mask += plan.finds_failures;
    tally->short_blocks += plan.block_count < count;
    for (uint32_t k = 0; k < plan.operand_count; k++) {
        tally->access[plan.access[k]]++;
    }
}

Test(engine_block, any_batch_is_as_walked, .timeout = 200)
{
    struct tally tally = {0};
    for (uint32_t n = 0; n < 1200; n++) {
        random_batch(random_below(4), 1 + random_below(2));
        if (one_of(4)) {
            put_in_place();
        }
        make_plan();
        add_to_tally(&tally);
        expect_as_walked(1 + random_below(8));
    }
    cr_assert_gt(tally.direct, 50);
    cr_assert_gt(tally.by_run, 50);
    cr_assert_gt(tally.scanned, 50);
    cr_assert_gt(tally.own_mask, 50);
    cr_assert_gt(tally.short_blocks, 50);
    for (uint32_t access = LANES_ACCESS_UNIFORM; access <= LANES_ACCESS_PACKED;
         access++) {
        cr_assert_gt(tally.access[access], 50, "access %u", access);
    }
}

/* As many operands as there can be, all copied: the scratch has room for them. */
Test(engine_block, sixteen_operands, .timeout = 100)
{
    for (uint32_t n = 0; n < 20; n++) {
        do {
            random_batch(13, 1);
        } while (batch.operand_count != LANES_OPERANDS_MAX); /* a mask and `where` */
        make_plan();
        expect_as_walked(3);
    }
    kernel = (lanes_engine_kernel){.signature = {.input_count = 15, .output_count = 1},
                                   .may_raise = 1};
    batch = (lanes_engine_batch){
        .dimensions = 2, .shape = {40, 50}, .operand_count = LANES_OPERANDS_MAX};
    for (uint32_t k = 0; k < LANES_OPERANDS_MAX; k++) {
        kernel.signature.dtype[k] = LANES_C16;
        batch.operand[k] = (lanes_engine_operand){
            .segment_base = area[k],
            .segment_bytes = AREA_BYTES,
            .segment_key = k + 1,
            .offset = k,
            .stride = {32, 40 * 32},
            .dtype = LANES_C16,
        };
    }
    make_plan();
    cr_assert(plan.finds_failures && plan.block_count == 256);
    expect_as_walked(1);
}

/* ---- What a plan says of each operand ------------------------------------------------
 */

static uint32_t inner(void)
{
    return plan.space.dimensions - 1;
}

/* True if the elements of one operand lie as an access of it says. */
static bool lies_so(uint32_t k, enum lanes_engine_access access)
{
    const char *base = plan.frame.base[plan.slot[k]];
    const int64_t step =
        access == LANES_ACCESS_UNIFORM ? 0 : plan.space.stride[k][inner()];
    const uint64_t length =
        access == LANES_ACCESS_RUN ? plan.space.shape[inner()] : count;
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t flat = lanes_engine_space_flat(&plan.space, i);
        const char *at = element_of(&batch, k, flat);
        base = i % length == 0 ? at : base;
        if (at != base + (int64_t)(i % length) * step) {
            return false;
        }
    }
    return true;
}

static void expect_access(uint32_t k)
{
    const bool is_input = k < kernel.signature.input_count;
    const bool is_row = is_input && (kernel.signature.row_mask >> k & 1u) != 0;
    const bool is_run =
        is_row || count == 1 || plan.space.stride[k][inner()] == (int64_t)bytes_of(k);
    const bool is_uniform =
        is_input && !is_row && count > 1 && lies_so(k, LANES_ACCESS_UNIFORM);
    enum lanes_engine_access best = LANES_ACCESS_PACKED;
    if (is_uniform) {
        best = LANES_ACCESS_UNIFORM;
    } else if (is_run && lies_so(k, LANES_ACCESS_LINEAR)) {
        best = LANES_ACCESS_LINEAR;
    } else if (is_run && plan.is_by_run) {
        best = LANES_ACCESS_RUN;
    }
    cr_assert_eq(plan.access[k], best, "operand %u", k);
    cr_assert(best == LANES_ACCESS_PACKED || lies_so(k, best));
    if (k < mask_slot()) {
        cr_assert_eq(plan.key.layout[k], is_row       ? LANES_LAYOUT_ROWS
                                         : is_uniform ? LANES_LAYOUT_UNIFORM
                                                      : LANES_LAYOUT_CONTIGUOUS);
        cr_assert_eq(plan.key.dtype[k], 0);
    }
}

Test(engine_block, access_is_what_the_elements_say, .timeout = 100)
{
    for (uint32_t n = 0; n < 3000; n++) {
        random_batch(random_below(4), 1 + random_below(2));
        make_plan();
        bool is_direct = !plan.is_by_run && !plan.is_scanned;
        for (uint32_t k = 0; k < batch.operand_count; k++) {
            expect_access(k);
            is_direct = is_direct && plan.access[k] != LANES_ACCESS_PACKED;
        }
        cr_assert_eq(plan.is_direct, is_direct);
        cr_assert_eq(plan.is_scanned, kernel.may_raise && !plan.space.is_c_order);
        cr_assert_eq(plan.finds_failures,
                     plan.is_scanned && batch.errors != LANES_ERRORS_MASK);
        cr_assert_eq(plan.frame.base[mask_slot()] != NULL,
                     batch.errors == LANES_ERRORS_MASK);
        cr_assert_eq(plan.key.has_where, batch.has_where);
        cr_assert(plan.space.is_c_order || !kernel.keeps_order);
    }
}

Test(engine_block, a_frame_for_any_one_element, .timeout = 100)
{
    for (uint32_t n = 0; n < 300; n++) {
        random_batch(random_below(4), 1 + random_below(2));
        make_plan();
        for (uint32_t i = 0; i < 20; i++) {
            const uint64_t flat = random_below((uint32_t)count);
            lanes_loop_frame frame;
            lanes_engine_frame_of(&plan, flat, &frame);
            cr_assert_eq(frame.first, flat);
            cr_assert_eq(frame.seed, plan.frame.seed);
            for (uint32_t k = 0; k < batch.operand_count; k++) {
                cr_assert_eq((char *)frame.base[plan.slot[k]],
                             element_of(&batch, k, flat));
                cr_assert_eq(frame.row_count[plan.slot[k]],
                             (int32_t)batch.operand[k].row_count);
            }
        }
    }
}

/* ---- Single cases -------------------------------------------------------------------
 */

/* f8(f8), input at area[0], output at area[1], each (rows, columns) in C order. */
static void plain_batch(uint64_t rows, uint64_t columns)
{
    kernel = (lanes_engine_kernel){.signature = {.input_count = 1,
                                                 .output_count = 1,
                                                 .dtype = {LANES_F8, LANES_F8}}};
    batch = (lanes_engine_batch){
        .dimensions = 2, .shape = {rows, columns}, .operand_count = 2};
    for (uint32_t k = 0; k < 2; k++) {
        batch.operand[k] = (lanes_engine_operand){
            .segment_base = area[k],
            .segment_bytes = AREA_BYTES,
            .segment_key = k + 1,
            .stride = {8 * (int64_t)columns, 8},
            .dtype = LANES_F8,
        };
    }
}

static void transpose(uint32_t k)
{
    batch.operand[k].stride[0] = 8;
    batch.operand[k].stride[1] = 8 * (int64_t)batch.shape[0];
}

Test(engine_block, one_column_of_a_matrix_is_copied)
{
    plain_batch(1000, 1);
    batch.operand[0].stride[0] = 56;
    make_plan();
    cr_assert_eq(plan.access[0], LANES_ACCESS_PACKED);
    cr_assert_eq(plan.access[1], LANES_ACCESS_LINEAR);
    cr_assert_eq(plan.block_count, 1024);
    cr_assert_not(plan.is_direct);
    expect_as_walked(3);
}

Test(engine_block, long_rows_run_in_place_and_short_ones_are_copied)
{
    plain_batch(20, 256);
    batch.operand[0].stride[0] += 8;
    make_plan();
    cr_assert(plan.is_by_run && plan.access[0] == LANES_ACCESS_RUN);
    cr_assert_eq(plan.access[1], LANES_ACCESS_LINEAR);
    cr_assert_eq(plan.block_count, UINT64_MAX);
    expect_as_walked(5);
    plain_batch(20, 127);
    batch.operand[0].stride[0] += 8;
    make_plan();
    cr_assert(!plan.is_by_run && plan.access[0] == LANES_ACCESS_PACKED);
    expect_as_walked(5);
}

Test(engine_block, both_transposed_is_one_run)
{
    plain_batch(50, 70);
    transpose(0);
    transpose(1);
    make_plan();
    cr_assert(plan.is_direct && !plan.space.is_c_order);
    expect_as_walked(4);
    kernel.may_raise = 1; /* which elements failed, a mask must tell */
    make_plan();
    cr_assert(plan.finds_failures && !plan.is_direct);
    expect_as_walked(4);
    kernel.keeps_order = 1;
    make_plan();
    cr_assert(plan.space.is_c_order && !plan.finds_failures && !plan.is_direct);
    expect_as_walked(4);
}

Test(engine_block, a_row_for_every_column_in_two_dimensions)
{
    plain_batch(30, 40);
    kernel.signature.row_mask = 1;
    batch.operand[0].row_count = 5;
    batch.operand[0].stride[0] = 0; /* the same rows again */
    batch.operand[0].stride[1] = 40;
    make_plan();
    cr_assert(plan.is_by_run && plan.access[0] == LANES_ACCESS_RUN);
    cr_assert_eq(plan.frame.stride[0], 40);
    cr_assert_eq(plan.key.layout[0], LANES_LAYOUT_ROWS);
    expect_as_walked(6);
    transpose(1); /* the output's order: now the inner run has one row for all */
    make_plan();
    cr_assert_eq(plan.frame.stride[0], 0);
    expect_as_walked(6);
}

Test(engine_block, imaginary_parts_from_real_ones)
{
    plain_batch(40, 50);
    for (uint32_t k = 0; k < 2; k++) {
        batch.operand[k].segment_base = area[0];
        batch.operand[k].segment_key = 1;
        batch.operand[k].offset = 8 * (uint64_t)k;
        batch.operand[k].stride[0] = 16 * 50;
        batch.operand[k].stride[1] = 16;
    }
    make_plan();
    expect_as_walked(4);
    kernel.may_raise = 1;
    make_plan();
    expect_as_walked(4);
}

Test(engine_block, in_place_through_copies)
{
    plain_batch(100, 30);
    kernel.may_raise = 1;
    batch.operand[1].stride[0] = batch.operand[0].stride[0] = -24;
    batch.operand[1].stride[1] = batch.operand[0].stride[1] = 2400;
    batch.operand[1].offset = batch.operand[0].offset = 99 * 24 + 3;
    batch.operand[1].segment_base = area[0];
    batch.operand[1].segment_key = 1;
    make_plan();
    cr_assert_eq(plan.access[0], LANES_ACCESS_PACKED);
    expect_as_walked(7);
}

/* ---- Copies that stay, and panels ----------------------------------------------------
 */

/* f8(f8,f8) with a second input that is the same for each index of dimension 0. */
static void repeating_batch(uint64_t rows, uint64_t columns)
{
    plain_batch(rows, columns);
    kernel.signature.input_count = 2;
    kernel.signature.dtype[2] = LANES_F8;
    batch.operand_count = 3;
    batch.operand[2] = batch.operand[1];
    batch.operand[2].segment_base = area[2];
    batch.operand[2].segment_key = 3;
    batch.operand[1].stride[0] = 0;
}

Test(engine_block, blocks_are_whole_periods_of_what_repeats)
{
    repeating_batch(3000, 3);
    make_plan();
    cr_assert_eq(plan.access[1], LANES_ACCESS_PACKED);
    cr_assert_eq(plan.block_count, 960, "of three, and of lines");
    expect_as_walked(1);
    expect_as_walked(8);
    kernel.signature.dtype[1] = batch.operand[1].dtype = LANES_U1; /* beside one of f8 */
    batch.operand[1].stride[1] = 5;
    batch.operand[2].stride[0] = 32;
    make_plan();
    cr_assert(plan.block_count % 3 == 0 && plan.access[2] == LANES_ACCESS_PACKED);
    expect_as_walked(8);
    repeating_batch(20, 900);
    batch.operand[1].stride[1] = 16;
    make_plan();
    cr_assert_eq(plan.block_count, 900);
    expect_as_walked(8);
}

/* A callback that spoils what repeats: who looks again would see it. */
static void spoiling_loop(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                          lanes_loop_result *result)
{
    fake_loop(frame, begin, end, result);
    memset(area[1], 0x33, AREA_BYTES);
}

Test(engine_block, what_repeats_is_copied_once_a_tile)
{
    lanes_loop_result result = LANES_LOOP_RESULT_INIT;
    repeating_batch(3000, 3);
    make_plan();
    fill_memory();
    memcpy(before, area, sizeof(before));
    lanes_engine_run_blocks(&plan, NULL, spoiling_loop, 1, count, &result);
    memcpy(area[1], before[1], AREA_BYTES);
    memcpy(before[2], area[2], 8); /* of element 0, which was left out */
    walk();
    memcpy(before[2], area[2], 8);
    cr_assert_arr_eq(area[2], before[2], AREA_BYTES);
}

static uint64_t call_begin[3];
static uint64_t calls;
static uint64_t longest_call;

static void noting_loop(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                        lanes_loop_result *result)
{
    fake_loop(frame, begin, end, result);
    if (calls < LANES_ARRAY_COUNT(call_begin)) {
        call_begin[calls++] = begin;
    }
    longest_call = end - begin > longest_call ? end - begin : longest_call;
}

static void note_calls(void)
{
    lanes_loop_result result = LANES_LOOP_RESULT_INIT;
    make_plan();
    calls = longest_call = 0;
    lanes_engine_run_blocks(&plan, NULL, noting_loop, 0, count, &result);
}

Test(engine_block, a_matrix_across_its_rows_is_copied_by_panels)
{
    static const uint64_t few[] = {0, 700, 1400};
    static const uint64_t many[] = {0, 140, 280};
    plain_batch(90, 700);
    transpose(0);
    note_calls();
    cr_assert_eq(longest_call, 512);
    cr_assert_arr_eq(call_begin, few, sizeof(few));
    plain_batch(256, 140);
    transpose(0);
    note_calls();
    cr_assert_eq(longest_call, 64, "32 rows: cache lines of a column are 2 KiB apart");
    cr_assert_arr_eq(call_begin, many, sizeof(many));
}

/* An input across its rows, one that repeats itself, an output and a mask that lie so or
 * so. */
static void panel_batch(uint64_t stack, uint64_t rows, uint64_t columns)
{
    const bool is_output_across = one_of(6);
    const uint64_t offset = 8 * (rows - 1);
    plain_batch(rows, columns);
    kernel = (lanes_engine_kernel){.signature = {.input_count = 2,
                                                 .output_count = 1,
                                                 .dtype = {LANES_F8, LANES_F8, LANES_F8}},
                                   .may_raise = one_of(2),
                                   .keeps_order = one_of(3)};
    batch = (lanes_engine_batch){.dimensions = 3,
                                 .shape = {stack, rows, columns},
                                 .operand_count = 3 + (one_of(3) ? 1 : 0)};
    batch.errors = batch.operand_count == 4 ? LANES_ERRORS_MASK : LANES_ERRORS_RAISE;
    for (uint32_t k = 0; k < 4; k++) {
        const bool is_across = k == 0 || (k >= 2 && is_output_across);
        const int64_t size = k == 3 ? 1 : 8;
        batch.operand[k] = (lanes_engine_operand){
            .segment_base = area[k],
            .segment_bytes = AREA_BYTES,
            .segment_key = k + 1,
            .offset = offset,
            .stride = {k < 2 ? 0 : size * (int64_t)(rows * columns),
                       size * (int64_t)(is_across ? 1 : columns),
                       size * (int64_t)(is_across ? rows : 1)},
            .dtype = k == 3 ? LANES_BOOL : LANES_F8,
        };
    }
    batch.operand[0].stride[1] *= one_of(4) ? -1 : 1;
    batch.operand[1].stride[1] = 0;
    batch.operand[1].stride[2] = 16;
}

/* Tiles begin and end anywhere in a row, in another matrix of a stack. */
Test(engine_block, panels_are_as_walked, .timeout = 100)
{
    for (uint32_t n = 0; n < 150; n++) {
        const uint64_t rows = one_of(4) ? 256 : 1 + random_below(40);
        const uint64_t columns = 128 + random_below(rows == 256 ? 30 : 200);
        panel_batch(rows < 60 ? 1 + random_below(4) : 1, rows, columns);
        make_plan();
        expect_as_walked(1 + random_below(8));
    }
}

/* ---- Failures -----------------------------------------------------------------------
 */

/* Reports elements of odd index, but says nothing in the mask, or all. */
static char written_to_mask;

static void lying_loop(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                       lanes_loop_result *result)
{
    char *mask = frame->base[mask_slot()];
    memset(mask + (begin - frame->first), written_to_mask, end - begin);
    result->failed += (end - begin) / 2;
    result->first_failed = begin + 1;
}

/* The client can write its mask while the batch runs. */
Test(engine_block, a_mask_that_lies_cannot_lead_outside_the_batch)
{
    plain_batch(30, 40);
    kernel.may_raise = 1;
    transpose(0);
    transpose(1);
    batch.errors = LANES_ERRORS_MASK;
    batch.operand_count = 3;
    batch.operand[2] = batch.operand[1];
    batch.operand[2].segment_base = area[2];
    batch.operand[2].segment_key = 3;
    batch.operand[2].dtype = LANES_BOOL;
    batch.operand[2].stride[0] = 1;
    batch.operand[2].stride[1] = 30;
    for (written_to_mask = 0; written_to_mask < 2; written_to_mask++) {
        lanes_loop_result result = LANES_LOOP_RESULT_INIT;
        make_plan();
        cr_assert(plan.is_scanned && plan.access[2] == LANES_ACCESS_LINEAR);
        lanes_engine_run_blocks(&plan, NULL, lying_loop, 60, 120, &result);
        cr_assert_eq(result.failed, 30);
        /* Loop index 60 is (0, 2), 61 is (1, 2). */
        cr_assert_eq(result.first_failed, written_to_mask == 0 ? 42 : 3);
    }
}

/* Fails at the flat indices in `failing`, found by their addresses. */
static uint64_t failing[2];

static void loop_failing_at(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                            lanes_loop_result *result)
{
    for (uint64_t i = begin; i < end; i++) {
        double value;
        memcpy(&value, element_in_frame(frame, 0, i), sizeof(value));
        const bool has_failed =
            value == (double)failing[0] || value == (double)failing[1];
        if (frame->base[mask_slot()] != NULL) {
            *element_in_frame(frame, mask_slot(), i) = has_failed ? 1 : 0;
        }
        if (has_failed) {
            result->failed++;
            result->first_failed = i < result->first_failed ? i : result->first_failed;
        }
    }
}

Test(engine_block, the_first_failure_is_the_first_in_c_order)
{
    plain_batch(100, 50);
    kernel.may_raise = 1;
    transpose(0);
    transpose(1);
    make_plan();
    for (uint64_t i = 0; i < count; i++) {
        const double value = (double)i;
        memcpy(element_of(&batch, 0, i), &value, sizeof(value));
    }
    for (uint32_t n = 0; n < 200; n++) {
        lanes_loop_result result = LANES_LOOP_RESULT_INIT;
        failing[0] = random_below((uint32_t)count);
        failing[1] = random_below((uint32_t)count);
        if (failing[0] == failing[1]) {
            continue;
        }
        const uint64_t middle = random_below((uint32_t)count - 1) + 1;
        lanes_engine_run_blocks(&plan, NULL, loop_failing_at, middle, count, &result);
        lanes_engine_run_blocks(&plan, NULL, loop_failing_at, 0, middle, &result);
        cr_assert_eq(result.failed, 2);
        cr_assert_eq(result.first_failed,
                     failing[0] < failing[1] ? failing[0] : failing[1]);
    }
}
