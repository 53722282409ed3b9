/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_plan.c - which batches are refused, with which words, and what the plan of
 * the others says.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "harness.h"

static void set_shape(lanes_engine_batch *batch, uint32_t dimensions,
                      const uint64_t *shape)
{
    batch->dimensions = dimensions;
    memcpy(batch->shape, shape, dimensions * sizeof(shape[0]));
}

static void set_strides(lanes_engine_batch *batch, uint32_t operand, int64_t outer,
                        int64_t inner)
{
    batch->operand[operand].stride[0] = outer;
    batch->operand[operand].stride[1] = inner;
}

static void assert_key(const lanes_engine_plan *plan, const char *expected)
{
    char text[128];
    lanes_variant_key_format(&plan->key, 3, text, sizeof(text));
    cr_assert_str_eq(text, expected);
}

static void expect_access(const lanes_engine_plan *plan, enum lanes_engine_access in0,
                          enum lanes_engine_access in1, enum lanes_engine_access out)
{
    cr_assert_eq(plan->access[0], in0, "%u", plan->access[0]);
    cr_assert_eq(plan->access[1], in1, "%u", plan->access[1]);
    cr_assert_eq(plan->access[2], out, "%u", plan->access[2]);
}

Test(engine_plan, contiguous_operands)
{
    const lanes_engine_batch batch = good_batch();
    const lanes_engine_plan plan = plan_ok(&batch);
    assert_key(&plan, "contiguous,contiguous,contiguous");
    cr_assert_eq(plan.count, 10);
    cr_assert_eq(plan.element_bytes, 24);
    cr_assert_eq((char *)plan.frame.base[1], memory + 80);
    cr_assert_eq(plan.frame.stride[2], 8);
    lanes_variant_key expected;
    lanes_variant_key_contiguous(&binary.signature, &expected);
    cr_assert(lanes_variant_key_equal(&plan.key, &expected), "unused bytes are 0");
    cr_assert(plan.is_direct && plan.space.is_c_order);
    cr_assert_eq(plan.frame.first, 0);
    expect_access(&plan, LANES_ACCESS_LINEAR, LANES_ACCESS_LINEAR, LANES_ACCESS_LINEAR);
}

Test(engine_plan, uniform_input)
{
    lanes_engine_batch batch = good_batch();
    batch.operand[1].stride[0] = 0;
    const lanes_engine_plan plan = plan_ok(&batch);
    assert_key(&plan, "contiguous,uniform,contiguous");
    cr_assert_eq(plan.element_bytes, 16);
    cr_assert(plan.is_direct);
    expect_access(&plan, LANES_ACCESS_LINEAR, LANES_ACCESS_UNIFORM, LANES_ACCESS_LINEAR);
}

Test(engine_plan, one_element_uses_the_contiguous_variant_whatever_the_strides)
{
    lanes_engine_batch batch = good_batch();
    batch.shape[0] = 1;
    batch.operand[0].stride[0] = 0;
    batch.operand[1].stride[0] = -1000000;
    batch.operand[2].stride[0] = 3;
    const lanes_engine_plan plan = plan_ok(&batch);
    assert_key(&plan, "contiguous,contiguous,contiguous");
    expect_access(&plan, LANES_ACCESS_LINEAR, LANES_ACCESS_LINEAR, LANES_ACCESS_LINEAR);
    cr_assert(plan.is_direct);
    cr_assert_eq((char *)plan.frame.base[1], memory + 80);
}

Test(engine_plan, dimensions_merge)
{
    lanes_engine_batch batch = good_batch();
    set_shape(&batch, 4, (uint64_t[]){1, 5, 1, 2});
    for (uint32_t i = 0; i < 3; i++) {
        const int64_t strides[] = {12345, 16, -7, 8};
        memcpy(batch.operand[i].stride, strides, sizeof(strides));
    }
    lanes_engine_plan plan = plan_ok(&batch);
    assert_key(&plan, "contiguous,contiguous,contiguous");
    cr_assert_eq(plan.count, 10);
    cr_assert(plan.is_direct && plan.space.dimensions == 1);

    memset(batch.operand[0].stride, 0, sizeof(batch.operand[0].stride));
    plan = plan_ok(&batch);
    assert_key(&plan, "uniform,contiguous,contiguous");
}

Test(engine_plan, eight_dimensions_merge)
{
    lanes_engine_batch batch = good_batch();
    set_shape(&batch, 8, (uint64_t[]){2, 2, 2, 2, 2, 2, 1, 1});
    for (uint32_t i = 0; i < 3; i++) {
        const int64_t strides[] = {256, 128, 64, 32, 16, 8, 0, 0};
        memcpy(batch.operand[i].stride, strides, sizeof(strides));
        batch.operand[i].offset = i * 512;
    }
    const lanes_engine_plan plan = plan_ok(&batch);
    cr_assert_eq(plan.count, 64);
    cr_assert(plan.is_direct && plan.space.dimensions == 1);
}

Test(engine_plan, empty_batches_are_fine)
{
    lanes_engine_batch batch = good_batch();
    batch.shape[0] = 0;
    batch.operand[0].offset = 1ull << 60; /* no byte is touched */
    cr_assert_eq(plan_ok(&batch).count, 0);
    set_shape(&batch, 3, (uint64_t[]){1ull << 40, 0, 1});
    cr_assert_eq(plan_ok(&batch).count, 0);
}

Test(engine_plan, in_place_is_allowed)
{
    lanes_engine_batch batch = good_batch();
    batch.operand[2].offset = batch.operand[0].offset;
    cr_assert_eq(plan_ok(&batch).count, 10);
    batch.operand[1].offset = batch.operand[0].offset;
    cr_assert_eq(plan_ok(&batch).count, 10, "f(x, x) into x");
}

Test(engine_plan, neighbours_do_not_overlap)
{
    lanes_engine_batch batch = good_batch();
    batch.operand[2].offset = 80 + 80;
    cr_assert_eq(plan_ok(&batch).count, 10);
    batch.operand[1].offset = sizeof(memory) - 80;
    cr_assert_eq(plan_ok(&batch).count, 10, "up to the last byte of the segment");
}

Test(engine_plan, same_bytes_of_other_memory_do_not_overlap)
{
    lanes_engine_batch batch = good_batch();
    batch.operand[2].segment_base = other_memory;
    batch.operand[2].segment_key = 2;
    batch.operand[2].offset = 4;
    cr_assert_eq(plan_ok(&batch).count, 10);
}

Test(engine_plan, inputs_may_overlap_each_other)
{
    lanes_engine_batch batch = good_batch();
    batch.operand[1].offset = 8;
    cr_assert_eq(plan_ok(&batch).count, 10);
}

Test(engine_plan, wrong_operand_count)
{
    lanes_engine_batch batch = good_batch();
    batch.operand_count = 2;
    refuse(&batch, LANES_E_OPERANDS,
           "has 2 operands; the kernel takes 2 inputs and 1 out");
}

Test(engine_plan, wrong_dtype)
{
    lanes_engine_batch batch = good_batch();
    batch.operand[1].dtype = LANES_I4;
    refuse(&batch, LANES_E_DTYPE, "operand 1 is i4 (dtype 7); the kernel takes f8");
    batch.operand[0].dtype = 99;
    refuse(&batch, LANES_E_DTYPE, "operand 0 is ? (dtype 99)");
}

Test(engine_plan, wrong_dimensions)
{
    lanes_engine_batch batch = good_batch();
    batch.dimensions = 0;
    refuse(&batch, LANES_E_SHAPE, "has 0 dimensions; 1 to 8");
    batch.dimensions = 9;
    refuse(&batch, LANES_E_SHAPE, "has 9 dimensions");
}

Test(engine_plan, too_many_elements)
{
    lanes_engine_batch batch = good_batch();
    batch.shape[0] = LANES_COUNT_MAX + 1;
    refuse(&batch, LANES_E_SHAPE, "more than 1099511627776 elements");
    set_shape(&batch, 2, (uint64_t[]){1ull << 40, 2});
    refuse(&batch, LANES_E_SHAPE, "length 2 of dimension 1");
    set_shape(&batch, 2, (uint64_t[]){UINT64_MAX, UINT64_MAX});
    refuse(&batch, LANES_E_SHAPE, "dimension 0");
    set_shape(&batch, 2, (uint64_t[]){1ull << 40, 1ull << 24}); /* wraps to 0 */
    refuse(&batch, LANES_E_SHAPE, "length 16777216 of dimension 1");
}

Test(engine_plan, outside_the_segment)
{
    lanes_engine_batch batch = good_batch();
    batch.operand[1].offset = sizeof(memory) - 79;
    refuse(&batch, LANES_E_SPAN,
           "operand 1 (offset 4017, strides (8), 10 elements of 8 bytes) reaches outside "
           "its segment of 4096 bytes");
    batch.operand[1].offset = UINT64_MAX;
    refuse(&batch, LANES_E_SPAN, "operand 1");
    batch.operand[1] = operand_at(0, -8);
    refuse(&batch, LANES_E_SPAN, "strides (-8)");
    batch.operand[1] = operand_at(0, INT64_MAX);
    refuse(&batch, LANES_E_SPAN, "operand 1");
    batch.shape[0] = 1;
    batch.operand[1] = operand_at(sizeof(memory) - 7, 0);
    refuse(&batch, LANES_E_SPAN, "1 elements of 8 bytes");
}

Test(engine_plan, output_in_read_only_memory)
{
    lanes_engine_batch batch = good_batch();
    batch.operand[0].is_read_only = 1;
    cr_assert_eq(plan_ok(&batch).count, 10, "inputs may be read-only");
    batch.operand[2].is_read_only = 1;
    refuse(&batch, LANES_E_READ_ONLY, "operand 2");
}

Test(engine_plan, strides_that_are_not_one_run_are_copied)
{
    lanes_engine_batch batch = good_batch();
    batch.operand[0] = operand_at(512, 16);
    lanes_engine_plan plan = plan_ok(&batch);
    assert_key(&plan, "contiguous,contiguous,contiguous");
    expect_access(&plan, LANES_ACCESS_PACKED, LANES_ACCESS_LINEAR, LANES_ACCESS_LINEAR);
    cr_assert(!plan.is_direct && plan.space.is_c_order);
    batch.operand[0] = operand_at(72, -8);
    plan = plan_ok(&batch);
    expect_access(&plan, LANES_ACCESS_PACKED, LANES_ACCESS_LINEAR, LANES_ACCESS_LINEAR);
    batch = good_batch();
    batch.operand[2].stride[0] = 9;
    plan = plan_ok(&batch);
    expect_access(&plan, LANES_ACCESS_LINEAR, LANES_ACCESS_LINEAR, LANES_ACCESS_PACKED);
    batch.operand[2].stride[0] = 0;
    refuse(&batch, LANES_E_OVERLAP, "operand 2, an output, has strides (0)");
}

Test(engine_plan, all_backwards_is_forwards)
{
    lanes_engine_batch batch = good_batch();
    for (uint32_t i = 0; i < 3; i++) {
        batch.operand[i] = operand_at(80 * i + 72, -8);
    }
    const lanes_engine_plan plan = plan_ok(&batch);
    cr_assert(plan.is_direct && !plan.space.is_c_order);
    cr_assert_eq((char *)plan.frame.base[1], memory + 80);
    cr_assert_eq(plan.frame.stride[1], 8);
}

Test(engine_plan, shapes_that_do_not_merge)
{
    lanes_engine_batch batch = good_batch();
    set_shape(&batch, 2, (uint64_t[]){5, 2});
    for (uint32_t i = 0; i < 3; i++) {
        set_strides(&batch, i, 16, 8);
    }
    lanes_engine_plan plan = plan_ok(&batch);
    cr_assert(plan.is_direct && plan.space.dimensions == 1);
    set_strides(&batch, 1, 0, 8); /* one row for all */
    plan = plan_ok(&batch);
    expect_access(&plan, LANES_ACCESS_LINEAR, LANES_ACCESS_PACKED, LANES_ACCESS_LINEAR);
    cr_assert(plan.space.dimensions == 2 && plan.space.is_c_order);
    set_strides(&batch, 1, 8, 40); /* Fortran order */
    plan = plan_ok(&batch);
    expect_access(&plan, LANES_ACCESS_LINEAR, LANES_ACCESS_PACKED, LANES_ACCESS_LINEAR);
    cr_assert(plan.space.is_c_order, "the output's order");
    set_strides(&batch, 0, 8, 40);
    set_strides(&batch, 2, 8, 40);
    plan = plan_ok(&batch);
    cr_assert(plan.is_direct && !plan.space.is_c_order);
    cr_assert_null(plan.frame.base[3], "nothing can fail");
    set_strides(&batch, 0, 0, 0);
    set_strides(&batch, 1, 0, 0);
    set_strides(&batch, 2, 24, 8); /* rows with gaps */
    plan = plan_ok(&batch);
    assert_key(&plan, "uniform,uniform,contiguous");
    expect_access(&plan, LANES_ACCESS_UNIFORM, LANES_ACCESS_UNIFORM, LANES_ACCESS_PACKED);
}

Test(engine_plan, a_kernel_that_fails_needs_a_mask_in_other_orders)
{
    lanes_engine_kernel kernel = binary;
    kernel.may_raise = 1;
    lanes_engine_batch batch = good_batch();
    lanes_engine_plan plan = plan_of(&kernel, &batch);
    cr_assert(plan.is_direct && plan.keeps_outputs && !plan.is_scanned);
    assert_key(&plan, "contiguous,contiguous,contiguous");
    for (uint32_t i = 0; i < 3; i++) {
        batch.operand[i] = operand_at(80 * i + 72, -8);
    }
    plan = plan_of(&kernel, &batch);
    cr_assert(!plan.is_direct && plan.is_scanned && plan.finds_failures);
    assert_key(&plan, "contiguous,contiguous,contiguous");
    cr_assert(plan.mask == 3 && plan.operand_count == 3 && plan.written_count == 1);
    batch.errors = LANES_ERRORS_MASK;
    batch.operand_count = 4;
    batch.operand[3] = operand_at(1033, -1);
    batch.operand[3].dtype = LANES_BOOL;
    plan = plan_of(&kernel, &batch);
    cr_assert(!plan.is_direct && plan.is_scanned && !plan.finds_failures);
    cr_assert_eq(plan.access[3], LANES_ACCESS_LINEAR, "the client's serves");
    kernel.keeps_order = 1;
    plan = plan_of(&kernel, &batch);
    cr_assert(!plan.is_scanned && plan.space.is_c_order);
    cr_assert_eq(plan.access[3], LANES_ACCESS_PACKED);
}

Test(engine_plan, partial_overlap)
{
    lanes_engine_batch batch = good_batch();
    batch.operand[2].offset = 8;
    refuse(&batch, LANES_E_OVERLAP,
           "operand 2, an output (bytes 8 to 88), overlaps operand 0 (bytes 0 to 80)");
    batch.operand[2].offset = 88;
    refuse(&batch, LANES_E_OVERLAP, "overlaps operand 1 (bytes 80 to 160)");
    batch = good_batch();
    batch.operand[1] = operand_at(160, 0);
    refuse(&batch, LANES_E_OVERLAP, "overlaps operand 1 (bytes 160 to 168)");
}

Test(engine_plan, same_bytes_as_another_dtype_overlap)
{
    const lanes_engine_kernel kernel = {SIGNATURE(1, 1, 0, LANES_I8, LANES_F8)};
    lanes_engine_batch batch = good_batch();
    batch.operand_count = 2;
    batch.operand[1].offset = 0;
    batch.operand[0].dtype = LANES_I8;
    refuse_for(&kernel, &batch, LANES_E_OVERLAP, "operand 1, an output");
}

Test(engine_plan, two_outputs_never_share)
{
    const lanes_engine_kernel kernel = {SIGNATURE(1, 2, 0, LANES_F8, LANES_F8, LANES_F8)};
    lanes_engine_batch batch = good_batch();
    cr_assert_eq(plan_of(&kernel, &batch).count, 10);
    batch.operand[1].offset = batch.operand[2].offset;
    refuse_for(&kernel, &batch, LANES_E_OVERLAP, "two outputs must be apart");
}

Test(engine_plan, complex_elements)
{
    const lanes_engine_kernel kernel = {SIGNATURE(1, 1, 0, LANES_C16, LANES_C8)};
    lanes_engine_batch batch = good_batch();
    batch.operand_count = 2;
    batch.operand[0] = operand_at(0, 16);
    batch.operand[0].dtype = LANES_C16;
    batch.operand[1].offset = 160;
    batch.operand[1].dtype = LANES_C8;
    const lanes_engine_plan plan = plan_of(&kernel, &batch);
    cr_assert_eq(plan.element_bytes, 24);
    cr_assert_eq(plan.frame.stride[0], 16);
    batch.operand[0].stride[0] = 8; /* the parts of neighbours */
    cr_assert_eq(plan_of(&kernel, &batch).access[0], LANES_ACCESS_PACKED);
    batch.operand[0] = operand_at(sizeof(memory) - 152, 16);
    batch.operand[0].dtype = LANES_C16;
    refuse_for(&kernel, &batch, LANES_E_SPAN, "10 elements of 16 bytes");
}

Test(engine_plan, the_order_of_checks)
{
    /* Everything is wrong at once; each step repairs the fault that is found first. */
    lanes_engine_batch batch = good_batch();
    batch.operand_count = 2;
    batch.operand[1].dtype = LANES_F4;
    batch.operand[1].row_count = 5;
    batch.params = memory + 2048;
    batch.dimensions = 0;
    batch.operand[0].offset = 1ull << 50;
    batch.operand[2].is_read_only = 1;
    batch.operand[2].stride[0] = 16;
    batch.operand[1].offset = 168;
    refuse(&batch, LANES_E_OPERANDS, "");
    batch.operand_count = 3;
    refuse(&batch, LANES_E_DTYPE, "");
    batch.operand[1].dtype = LANES_F8;
    refuse(&batch, LANES_E_PARAMS, "operand 1 is not a row operand");
    batch.operand[1].row_count = 0;
    refuse(&batch, LANES_E_PARAMS, "the batch has a params block");
    batch.params = NULL;
    refuse(&batch, LANES_E_SHAPE, "");
    batch.dimensions = 1;
    refuse(&batch, LANES_E_SPAN, "");
    batch.operand[0].offset = 0;
    refuse(&batch, LANES_E_READ_ONLY, "");
    batch.operand[2].is_read_only = 0;
    refuse(&batch, LANES_E_OVERLAP, "");
    batch.operand[1].offset = 80;
    cr_assert_eq(plan_ok(&batch).count, 10);
}

/* ---- Rows ------------------------------------------------------------------------- */

Test(engine_plan, rows_of_a_matrix)
{
    const lanes_engine_batch batch = row_batch();
    const lanes_engine_plan plan = plan_of(&with_row, &batch);
    assert_key(&plan, "rows,contiguous,contiguous");
    cr_assert_eq(plan.count, 10);
    cr_assert_eq(plan.element_bytes, 4 * 8 + 8 + 8);
    cr_assert_eq(plan.frame.stride[0], 32);
    cr_assert_eq(plan.frame.row_count[0], 4);
    cr_assert_eq(plan.frame.row_count[1], 0);
    lanes_variant_key expected;
    lanes_variant_key_contiguous(&with_row.signature, &expected);
    cr_assert(lanes_variant_key_equal(&plan.key, &expected));
}

Test(engine_plan, rows_at_any_stride)
{
    static const int64_t strides[] = {0, 1, 7, 8, 32, 40, -8, -32, -33};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(strides); i++) {
        lanes_engine_batch batch = row_batch();
        batch.operand[0].stride[0] = strides[i];
        batch.operand[0].offset = strides[i] < 0 ? 512 : 0;
        const lanes_engine_plan plan = plan_of(&with_row, &batch);
        assert_key(&plan, "rows,contiguous,contiguous");
        cr_assert_eq(plan.frame.stride[0], strides[i]);
        cr_assert_eq(plan.element_bytes, 48);
        cr_assert_eq((char *)plan.frame.base[0], memory + batch.operand[0].offset);
    }
}

Test(engine_plan, one_row_and_none)
{
    lanes_engine_batch batch = row_batch();
    batch.shape[0] = 1;
    batch.operand[0].stride[0] = -1000000;
    lanes_engine_plan plan = plan_of(&with_row, &batch);
    assert_key(&plan, "rows,contiguous,contiguous");
    cr_assert(plan.is_direct);
    cr_assert_eq((char *)plan.frame.base[0], memory);
    batch.shape[0] = 0;
    plan = plan_of(&with_row, &batch);
    assert_key(&plan, "rows,contiguous,contiguous");
}

Test(engine_plan, rows_end_inside_their_segment)
{
    lanes_engine_batch batch = row_batch();
    batch.operand[0].segment_base = other_memory;
    batch.operand[0].segment_key = 2;
    batch.operand[0].segment_bytes = 9 * 32 + 32;
    cr_assert_eq(plan_of(&with_row, &batch).count, 10);
    batch.operand[0].segment_bytes--;
    refuse_for(&with_row, &batch, LANES_E_SPAN,
               "operand 0 (offset 0, strides (32), 10 rows of 4 elements of 8 bytes) "
               "reaches outside its segment of 319 bytes");
    batch.operand[0].segment_bytes = 9 * 8 + 32;
    batch.operand[0].offset = 9 * 8;
    batch.operand[0].stride[0] = -8;
    cr_assert_eq(plan_of(&with_row, &batch).count, 10);
    batch.operand[0].segment_bytes--;
    refuse_for(&with_row, &batch, LANES_E_SPAN, "operand 0");
    batch.operand[0].segment_bytes++;
    batch.operand[0].offset--;
    refuse_for(&with_row, &batch, LANES_E_SPAN, "operand 0");
    batch.operand[0].offset = 0;
    batch.operand[0].stride[0] = 0;
    batch.operand[0].segment_bytes = 31;
    refuse_for(&with_row, &batch, LANES_E_SPAN, "segment of 31 bytes");
}

Test(engine_plan, longest_row)
{
    lanes_engine_batch batch = row_batch();
    batch.operand[0].segment_base = other_memory; /* of which no byte is touched */
    batch.operand[0].segment_key = 2;
    batch.operand[0].segment_bytes = 8ull * INT32_MAX;
    batch.operand[0].row_count = INT32_MAX;
    batch.operand[0].stride[0] = 0;
    const lanes_engine_plan plan = plan_of(&with_row, &batch);
    cr_assert_eq(plan.frame.row_count[0], INT32_MAX);
    cr_assert_eq(plan.element_bytes, 8ull * INT32_MAX + 16);
    batch.operand[0].segment_bytes--;
    refuse_for(&with_row, &batch, LANES_E_SPAN, "rows of 2147483647 elements");
}

Test(engine_plan, row_counts_out_of_range)
{
    lanes_engine_batch batch = row_batch();
    batch.operand[0].row_count = 0;
    refuse_for(&with_row, &batch, LANES_E_PARAMS,
               "operand 0 is a row operand: row_count 0 must be 1 .. 2147483647 (the "
               "length of the last axis)");
    batch.operand[0].row_count = 1u << 31;
    refuse_for(&with_row, &batch, LANES_E_PARAMS, "row_count 2147483648 must be 1 ..");
    batch.operand[0].row_count = UINT32_MAX;
    refuse_for(&with_row, &batch, LANES_E_PARAMS, "row_count 4294967295");
    batch.operand[0].row_count = 4;
    batch.operand[1].row_count = 1;
    refuse_for(&with_row, &batch, LANES_E_PARAMS,
               "operand 1 is not a row operand: row_count 1 must be 0");
    batch.operand[1].row_count = 0;
    batch.operand[2].row_count = 4;
    refuse_for(&with_row, &batch, LANES_E_PARAMS, "operand 2 is not a row operand");
}

Test(engine_plan, rows_that_are_shorter_than_the_callback_reads)
{
    lanes_engine_kernel kernel = with_row;
    lanes_engine_batch batch = row_batch();
    kernel.row_minimum[0] = 4;
    cr_assert_eq(plan_of(&kernel, &batch).count, 10);
    kernel.row_minimum[0] = 5;
    refuse_for(&kernel, &batch, LANES_E_PARAMS,
               "operand 0 has rows of 4 elements; the kernel reads 5 of each: make the "
               "last axis at least that long");
    batch.shape[0] = 0;
    refuse_for(&kernel, &batch, LANES_E_PARAMS, "rows of 4 elements; the kernel reads 5");
    batch = row_batch();
    batch.operand[0].row_count = 5;
    cr_assert_eq(plan_of(&kernel, &batch).count, 10, "rows may overlap");
}

Test(engine_plan, dimensions_of_rows_merge)
{
    lanes_engine_batch batch = row_batch();
    set_shape(&batch, 2, (uint64_t[]){5, 2});
    set_strides(&batch, 0, 128, 64); /* every second row */
    set_strides(&batch, 1, 16, 8);
    set_strides(&batch, 2, 16, 8);
    lanes_engine_plan plan = plan_of(&with_row, &batch);
    assert_key(&plan, "rows,contiguous,contiguous");
    cr_assert_eq(plan.frame.stride[0], 64);
    set_strides(&batch, 0, 0, 0);
    plan = plan_of(&with_row, &batch);
    cr_assert_eq(plan.frame.stride[0], 0);
    set_strides(&batch, 0, -64, -32);
    batch.operand[0].offset = 512;
    plan = plan_of(&with_row, &batch);
    cr_assert_eq(plan.frame.stride[0], -32);
}

Test(engine_plan, rows_of_uneven_steps_run_by_run)
{
    lanes_engine_batch batch = row_batch();
    set_shape(&batch, 2, (uint64_t[]){5, 2});
    set_strides(&batch, 0, 96, 32); /* a row is left out after two */
    set_strides(&batch, 1, 16, 8);
    set_strides(&batch, 2, 16, 8);
    lanes_engine_plan plan = plan_of(&with_row, &batch);
    assert_key(&plan, "rows,contiguous,contiguous");
    cr_assert(plan.is_by_run && !plan.is_direct);
    cr_assert_eq(plan.frame.stride[0], 32);
    expect_access(&plan, LANES_ACCESS_RUN, LANES_ACCESS_LINEAR, LANES_ACCESS_LINEAR);
    set_strides(&batch, 0, 0, 32); /* the same rows again */
    plan = plan_of(&with_row, &batch);
    expect_access(&plan, LANES_ACCESS_RUN, LANES_ACCESS_LINEAR, LANES_ACCESS_LINEAR);
    set_strides(&batch, 0, 64, 32); /* even ones, but another operand's are not */
    set_strides(&batch, 1, 24, 8);
    plan = plan_of(&with_row, &batch);
    cr_assert(!plan.is_by_run && !plan.is_direct);
    expect_access(&plan, LANES_ACCESS_LINEAR, LANES_ACCESS_PACKED, LANES_ACCESS_LINEAR);
}

Test(engine_plan, rows_are_apart_from_outputs)
{
    lanes_engine_batch batch = row_batch();
    batch.operand[2].offset = 320;
    cr_assert_eq(plan_of(&with_row, &batch).count, 10, "right behind the last row");
    batch.operand[2].offset = 312;
    refuse_for(&with_row, &batch, LANES_E_OVERLAP,
               "operand 2, an output (bytes 312 to 392), overlaps operand 0 (bytes 0 to "
               "320) of the same segment; rows and outputs must be apart");
    batch = row_batch();
    batch.operand[0].row_count = 1;
    batch.operand[0].stride[0] = 8;
    batch.operand[2].offset = 0;
    refuse_for(&with_row, &batch, LANES_E_OVERLAP, "rows and outputs must be apart");
    batch.operand[2].offset = 2048;
    batch.operand[1].offset = 0;
    cr_assert_eq(plan_of(&with_row, &batch).count, 10, "inputs may overlap each other");
}

/* ---- The mask --------------------------------------------------------------------- */

Test(engine_plan, a_mask)
{
    lanes_engine_batch batch = mask_batch();
    lanes_engine_plan plan = plan_ok(&batch);
    assert_key(&plan, "contiguous,contiguous,contiguous");
    cr_assert_eq(plan.element_bytes, 25);
    cr_assert_eq((char *)plan.frame.base[3], memory + 1024);
    cr_assert_eq(plan.frame.stride[3], 1);
    lanes_variant_key expected;
    lanes_variant_key_contiguous(&binary.signature, &expected);
    cr_assert(lanes_variant_key_equal(&plan.key, &expected), "unused bytes are 0");
    batch.shape[0] = 1;
    plan = plan_ok(&batch);
    assert_key(&plan, "contiguous,contiguous,contiguous");
    batch.shape[0] = 0;
    plan = plan_ok(&batch);
    assert_key(&plan, "contiguous,contiguous,contiguous");
}

Test(engine_plan, a_mask_in_two_dimensions)
{
    lanes_engine_batch batch = mask_batch();
    set_shape(&batch, 2, (uint64_t[]){5, 2});
    for (uint32_t i = 0; i < 3; i++) {
        set_strides(&batch, i, 16, 8);
    }
    set_strides(&batch, 3, 2, 1);
    cr_assert_eq(plan_ok(&batch).frame.stride[3], 1);
    set_strides(&batch, 3, 4, 1);
    cr_assert_eq(plan_ok(&batch).access[3], LANES_ACCESS_PACKED);
}

Test(engine_plan, a_mask_goes_with_its_policy_only)
{
    lanes_engine_batch batch = mask_batch();
    batch.operand_count = 3;
    refuse(&batch, LANES_E_OPERANDS,
           "has 3 operands; the kernel takes 2 inputs and 1 outputs, and "
           "LANES_ERRORS_MASK a mask behind them");
    batch.errors = LANES_ERRORS_IGNORE;
    lanes_engine_plan plan = plan_ok(&batch);
    assert_key(&plan, "contiguous,contiguous,contiguous");
    batch.operand_count = 4;
    refuse(&batch, LANES_E_OPERANDS,
           "has 4 operands; the kernel takes 2 inputs and 1 out");
    batch.errors = LANES_ERRORS_RAISE;
    refuse(&batch, LANES_E_OPERANDS, "has 4 operands");
}

Test(engine_plan, no_room_for_a_mask)
{
    lanes_engine_kernel kernel = {SIGNATURE(15, 1, 0, LANES_F8)};
    lanes_engine_batch batch = {.dimensions = 1, .operand_count = 16, .shape = {10}};
    for (uint32_t i = 0; i < 16; i++) {
        kernel.signature.dtype[i] = LANES_F8;
        batch.operand[i] = operand_at(i * 80, 8);
    }
    cr_assert_eq(plan_of(&kernel, &batch).count, 10);
    batch.errors = LANES_ERRORS_MASK;
    refuse_for(
        &kernel, &batch, LANES_E_OPERANDS,
        "a kernel of 16 operands has no room for a mask or `where`, as a batch has "
        "at most 16; use LANES_ERRORS_RAISE or LANES_ERRORS_IGNORE, and all "
        "elements");
    batch.errors = LANES_ERRORS_RAISE;
    batch.has_where = 1;
    refuse_for(&kernel, &batch, LANES_E_OPERANDS, "no room for a mask or `where`");
    batch.has_where = 0;
    batch.errors = LANES_ERRORS_MASK;
    kernel.signature.input_count = 14;
    batch.operand[15].dtype = LANES_BOOL;
    batch.operand[15].stride[0] = 1;
    cr_assert_eq(plan_of(&kernel, &batch).frame.stride[15], 1);
}

Test(engine_plan, a_mask_is_checked_like_an_output)
{
    lanes_engine_batch batch = mask_batch();
    batch.operand[3].dtype = LANES_U1;
    refuse(&batch, LANES_E_DTYPE,
           "operand 3 is u1 (dtype 4); it is the mask, which is ?");
    batch = mask_batch();
    batch.operand[3].row_count = 1;
    refuse(&batch, LANES_E_PARAMS, "operand 3 is not a row operand");
    batch = mask_batch();
    batch.operand[3].offset = sizeof(memory) - 9;
    refuse(&batch, LANES_E_SPAN, "operand 3 (offset 4087, strides (1), 10 elements of 1");
    batch = mask_batch();
    batch.operand[3].is_read_only = 1;
    refuse(&batch, LANES_E_READ_ONLY, "operand 3 is the mask, but its segment");
}

Test(engine_plan, a_mask_is_apart_from_all_others)
{
    lanes_engine_batch batch = mask_batch();
    batch.operand[3].offset = 239;
    refuse(
        &batch, LANES_E_OVERLAP,
        "operand 3, the mask (bytes 239 to 249), overlaps operand 2 (bytes 160 to 240) "
        "of the same segment; the mask must be apart from all others");
    batch.operand[3].offset = 240;
    cr_assert_eq(plan_ok(&batch).count, 10);
    batch.operand[3].offset = 79;
    refuse(&batch, LANES_E_OVERLAP, "overlaps operand 0");

    /* ?(?): the output may be the input, but the mask may not. */
    const lanes_engine_kernel kernel = {SIGNATURE(1, 1, 0, LANES_BOOL, LANES_BOOL)};
    batch = mask_batch();
    batch.operand_count = 3;
    for (uint32_t i = 0; i < 3; i++) {
        batch.operand[i] = operand_at(i == 2 ? 1024 : 0, 1);
        batch.operand[i].dtype = LANES_BOOL;
    }
    cr_assert_eq(plan_of(&kernel, &batch).count, 10);
    batch.operand[1].offset = 512;
    batch.operand[2].offset = 0;
    refuse_for(&kernel, &batch, LANES_E_OVERLAP, "operand 2, the mask");
}
