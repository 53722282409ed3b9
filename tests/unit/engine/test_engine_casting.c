/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_casting.c - arrays of other dtypes than the kernel's: every pair under
 * every casting, against what numpy.can_cast() of NumPy 1.24 says; and `where`, whose
 * dtype is fixed.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "kernel/dtype.h"

#define DTYPES 13

static const uint32_t dtypes[DTYPES] = {
    LANES_BOOL, LANES_I1, LANES_U1, LANES_I2, LANES_U2, LANES_I4,  LANES_U4,
    LANES_I8,   LANES_U8, LANES_F4, LANES_F8, LANES_C8, LANES_C16,
};

/* The rules themselves are test_kernel_dtype.c's. */
static bool is_allowed(uint32_t from, uint32_t to, uint32_t casting)
{
    return lanes_dtype_can_cast(dtypes[from], dtypes[to], casting);
}

/* One input, one output, C order, `memory` and the second half of it. */
static lanes_engine_batch batch_of(uint32_t in, uint32_t out, uint32_t casting)
{
    lanes_engine_batch batch = {
        .dimensions = 1, .operand_count = 2, .shape = {10}, .casting = casting};
    const uint32_t dtype[] = {in, out};
    for (uint32_t k = 0; k < 2; k++) {
        batch.operand[k] = operand_at(k * 2048, lanes_dtype_bytes(dtype[k]));
        batch.operand[k].dtype = dtype[k];
    }
    return batch;
}

static lanes_engine_kernel kernel_of(uint32_t in, uint32_t out)
{
    return (lanes_engine_kernel){SIGNATURE(1, 1, 0, in, out)};
}

static void expect_accepted(const lanes_engine_kernel *kernel,
                            const lanes_engine_batch *batch)
{
    const lanes_engine_plan plan = plan_of(kernel, batch);
    uint64_t bytes = 0;
    for (uint32_t k = 0; k < 2; k++) {
        const uint32_t dtype = batch->operand[k].dtype;
        cr_assert_eq(plan.key.dtype[k],
                     dtype == kernel->signature.dtype[k] ? LANES_DTYPE_NONE : dtype);
        cr_assert_eq(plan.element_size[k], lanes_dtype_bytes(dtype));
        cr_assert_eq(plan.access[k], LANES_ACCESS_LINEAR, "loops convert in place");
        bytes += lanes_dtype_bytes(dtype);
    }
    cr_assert(plan.is_direct);
    cr_assert_eq(plan.element_bytes, bytes);
    for (size_t i = 2; i < sizeof(plan.key.dtype); i++) {
        cr_assert_eq(plan.key.dtype[i], 0);
    }
}

static void expect_refused(const lanes_engine_kernel *kernel,
                           const lanes_engine_batch *batch, uint32_t operand,
                           bool can_be_allowed)
{
    static const char *const names[] = {"no", "safe", "same_kind", "unsafe"};
    const char *own = lanes_dtype_name(kernel->signature.dtype[operand]);
    const char *array = lanes_dtype_name(batch->operand[operand].dtype);
    char text[200];
    if (batch->casting == LANES_CASTING_NO) {
        snprintf(text, sizeof(text), "operand %u is %s (dtype %u); the kernel takes %s",
                 operand, array, batch->operand[operand].dtype, own);
    } else {
        snprintf(text, sizeof(text),
                 "operand %u: %s cannot become %s under casting '%s'; the kernel %s %s: "
                 "convert the array%s",
                 operand, operand == 0 ? array : own, operand == 0 ? own : array,
                 names[batch->casting], operand == 0 ? "takes" : "gives", own,
                 can_be_allowed ? ", or allow more by casting" : "");
    }
    refuse_for(kernel, batch, LANES_E_DTYPE, text);
    lanes_engine_plan plan;
    lanes_error err;
    cr_assert_lt(lanes_engine_plan_batch(batch, kernel, &plan, &err), 0);
    cr_assert_str_eq(err.message, text, "and no more");
}

static void try_pair(uint32_t from, uint32_t to, uint32_t casting)
{
    const bool is_fine = is_allowed(from, to, casting);
    const bool can_be = is_allowed(from, to, LANES_CASTING_UNSAFE);
    /* An input goes from the array to the kernel. */
    lanes_engine_kernel kernel = kernel_of(dtypes[to], LANES_F8);
    lanes_engine_batch batch = batch_of(dtypes[from], LANES_F8, casting);
    if (is_fine) {
        expect_accepted(&kernel, &batch);
    } else {
        expect_refused(&kernel, &batch, 0, can_be);
    }
    /* An output the other way. */
    kernel = kernel_of(LANES_F8, dtypes[from]);
    batch = batch_of(LANES_F8, dtypes[to], casting);
    if (is_fine) {
        expect_accepted(&kernel, &batch);
    } else {
        expect_refused(&kernel, &batch, 1, can_be);
    }
}

Test(engine_casting, every_pair_under_every_casting)
{
    for (uint32_t casting = LANES_CASTING_NO; casting <= LANES_CASTING_UNSAFE;
         casting++) {
        for (uint32_t from = 0; from < DTYPES; from++) {
            for (uint32_t to = 0; to < DTYPES; to++) {
                try_pair(from, to, casting);
            }
        }
    }
}

Test(engine_casting, what_is_no_dtype_becomes_none)
{
    static const uint32_t strange[] = {0, 2, 13, 16, 99, UINT32_MAX};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(strange); i++) {
        for (uint32_t casting = 0; casting <= LANES_CASTING_UNSAFE; casting++) {
            const lanes_engine_kernel kernel = kernel_of(LANES_F8, LANES_F8);
            lanes_engine_batch batch = batch_of(LANES_F8, LANES_F8, casting);
            batch.operand[0].dtype = strange[i];
            char text[64];
            snprintf(text, sizeof(text), "operand 0 is ? (dtype %u); the kernel takes f8",
                     strange[i]);
            refuse_for(&kernel, &batch, LANES_E_DTYPE, text);
        }
    }
}

Test(engine_casting, a_casting_that_is_none_allows_none)
{
    const lanes_engine_kernel kernel = kernel_of(LANES_F8, LANES_F8);
    lanes_engine_batch batch = batch_of(LANES_F4, LANES_F8, 4);
    refuse_for(&kernel, &batch, LANES_E_DTYPE, "f4 cannot become f8 under casting '?'");
    batch = batch_of(LANES_F8, LANES_F8, 4);
    cr_assert_eq(plan_of(&kernel, &batch).count, 10);
}

Test(engine_casting, rows_are_not_converted)
{
    lanes_engine_batch batch = row_batch();
    batch.casting = LANES_CASTING_UNSAFE;
    batch.operand[0].dtype = LANES_F4;
    refuse_for(&with_row, &batch, LANES_E_DTYPE,
               "operand 0 is f4 (dtype 11); the kernel takes f8, as rows are not "
               "converted");
    batch.operand[0].dtype = LANES_F8;
    batch.operand[1].dtype = LANES_I1;
    batch.operand[1].stride[0] = 1;
    cr_assert_eq(plan_of(&with_row, &batch).key.dtype[1], LANES_I1, "others are");
}

Test(engine_casting, one_value_for_all_is_converted)
{
    const lanes_engine_kernel kernel = kernel_of(LANES_F8, LANES_F8);
    lanes_engine_batch batch = batch_of(LANES_I4, LANES_F8, LANES_CASTING_SAFE);
    batch.operand[0].stride[0] = 0;
    const lanes_engine_plan plan = plan_of(&kernel, &batch);
    cr_assert_eq(plan.key.layout[0], LANES_LAYOUT_UNIFORM);
    cr_assert_eq(plan.key.dtype[0], LANES_I4);
    cr_assert(plan.is_direct);
}

Test(engine_casting, the_array_s_own_size_counts)
{
    /* 10 elements of 4 bytes in a segment of 40; those of 8 would not fit. */
    const lanes_engine_kernel kernel = kernel_of(LANES_F8, LANES_F8);
    lanes_engine_batch batch = batch_of(LANES_F4, LANES_F8, LANES_CASTING_SAFE);
    batch.operand[0].segment_base = other_memory;
    batch.operand[0].segment_key = 2;
    batch.operand[0].segment_bytes = 40;
    cr_assert(plan_of(&kernel, &batch).is_direct);
    batch.operand[0].segment_bytes = 39;
    refuse_for(&kernel, &batch, LANES_E_SPAN, "10 elements of 4 bytes");
    batch.operand[0].segment_bytes = MEMORY_BYTES;
    batch.operand[0].stride[0] = 8;
    cr_assert_eq(plan_of(&kernel, &batch).access[0], LANES_ACCESS_PACKED);
}

Test(engine_casting, converted_in_place_is_an_overlap)
{
    const lanes_engine_kernel kernel = kernel_of(LANES_F8, LANES_F8);
    lanes_engine_batch batch = batch_of(LANES_I8, LANES_F8, LANES_CASTING_SAFE);
    batch.operand[1].offset = 0;
    refuse_for(&kernel, &batch, LANES_E_OVERLAP, "must be apart or exactly the same");
}

/* ---- `where` ------------------------------------------------------------------------
 */

static lanes_engine_batch where_batch(void)
{
    lanes_engine_batch batch = good_batch();
    batch.has_where = 1;
    batch.operand_count = 4;
    batch.operand[3] = operand_at(1024, 1);
    batch.operand[3].dtype = LANES_BOOL;
    return batch;
}

Test(engine_casting, where_is_bool_under_any_casting)
{
    lanes_engine_batch batch = where_batch();
    batch.casting = LANES_CASTING_UNSAFE;
    batch.operand[3].dtype = LANES_U1;
    refuse(&batch, LANES_E_DTYPE, "operand 3 is u1 (dtype 4); it is `where`, which is ?");
    batch = mask_batch();
    batch.casting = LANES_CASTING_UNSAFE;
    batch.operand[3].dtype = LANES_U1;
    refuse(&batch, LANES_E_DTYPE, "it is the mask, which is ?");
}

Test(engine_casting, where_has_the_slot_behind_the_mask)
{
    lanes_engine_batch batch = where_batch();
    lanes_engine_plan plan = plan_ok(&batch);
    cr_assert(plan.key.has_where == 1 && plan.frame.base[plan.mask] == NULL);
    cr_assert_eq(plan.slot[3], 4);
    cr_assert_eq((char *)plan.frame.base[4], memory + 1024);
    cr_assert_eq(plan.written_count, 1);
    cr_assert(plan.keeps_outputs && plan.is_direct);
    cr_assert_eq(plan.element_bytes, 25);
    batch.errors = LANES_ERRORS_MASK;
    batch.operand[4] = batch.operand[3];
    batch.operand[3].offset = 512;
    batch.operand_count = 5;
    plan = plan_ok(&batch);
    cr_assert(plan.key.has_where == 1 && plan.frame.base[plan.mask] != NULL);
    cr_assert(plan.slot[3] == 3 && plan.slot[4] == 4);
    cr_assert_eq((char *)plan.frame.base[3], memory + 512);
    cr_assert_eq((char *)plan.frame.base[4], memory + 1024);
    cr_assert_eq(plan.written_count, 2);
}

Test(engine_casting, where_may_be_read_only_and_broadcast)
{
    lanes_engine_batch batch = where_batch();
    batch.operand[3].is_read_only = 1;
    cr_assert(plan_ok(&batch).is_direct);
    batch.operand[3].stride[0] = 0;
    cr_assert_eq(plan_ok(&batch).access[3], LANES_ACCESS_PACKED);
    batch.operand[3].offset = 160;
    refuse(&batch, LANES_E_OVERLAP, "overlaps operand 3 (bytes 160 to 161)");
}

Test(engine_casting, where_is_counted)
{
    lanes_engine_batch batch = where_batch();
    batch.operand_count = 3;
    refuse(&batch, LANES_E_OPERANDS,
           "has 3 operands; the kernel takes 2 inputs and 1 outputs, and `where` is the "
           "last");
    batch.errors = LANES_ERRORS_MASK;
    refuse(&batch, LANES_E_OPERANDS,
           "and LANES_ERRORS_MASK a mask behind them, and `where` is the last");
    batch = where_batch();
    batch.operand[3].row_count = 1;
    refuse(&batch, LANES_E_PARAMS, "operand 3 is not a row operand");
    batch = where_batch();
    batch.operand[3].offset = MEMORY_BYTES - 9;
    refuse(&batch, LANES_E_SPAN, "operand 3 (offset 4087, strides (1), 10 elements of 1");
}

/* ?(?): `where` and the output may be one array, as each element is read first. */
Test(engine_casting, where_may_be_the_output)
{
    const lanes_engine_kernel kernel = kernel_of(LANES_BOOL, LANES_BOOL);
    lanes_engine_batch batch = batch_of(LANES_BOOL, LANES_BOOL, LANES_CASTING_NO);
    batch.has_where = 1;
    batch.operand_count = 3;
    batch.operand[2] = batch.operand[1];
    cr_assert_eq(plan_of(&kernel, &batch).count, 10);
    batch.operand[2].offset++;
    refuse_for(&kernel, &batch, LANES_E_OVERLAP, "overlaps operand 2");
}
