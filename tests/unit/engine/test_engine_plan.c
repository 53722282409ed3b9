/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_plan.c - which batches are refused, with which words, and what the plan of
 * the others says.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "engine/engine.h"

static char memory[4096];
static char other_memory[4096];
static lanes_error err;

/* f8(f8,f8) */
static const lanes_signature binary = {
    .input_count = 2, .output_count = 1, .dtype = {LANES_F8, LANES_F8, LANES_F8}};

static lanes_engine_operand operand_at(uint64_t offset, int64_t stride)
{
    return (lanes_engine_operand){
        .segment_base = memory,
        .segment_bytes = sizeof(memory),
        .segment_key = 1,
        .offset = offset,
        .stride = {stride},
        .dtype = LANES_F8,
    };
}

/* 10 elements of in0 at 0, in1 at 80, out at 160. */
static lanes_engine_batch good_batch(void)
{
    return (lanes_engine_batch){
        .dimensions = 1,
        .operand_count = 3,
        .shape = {10},
        .operand = {operand_at(0, 8), operand_at(80, 8), operand_at(160, 8)},
    };
}

static lanes_engine_plan plan_ok(const lanes_engine_batch *batch)
{
    lanes_engine_plan plan;
    const lanes_status status = lanes_engine_plan_batch(batch, &binary, &plan, &err);
    cr_assert_eq(status, LANES_OK, "%s", status < 0 ? err.message : "");
    return plan;
}

static void refuse(const lanes_engine_batch *batch, lanes_status code, const char *text)
{
    lanes_engine_plan plan;
    cr_assert_eq(lanes_engine_plan_batch(batch, &binary, &plan, &err), code);
    cr_assert_eq(err.code, code);
    cr_assert_not_null(strstr(err.message, text), "'%s' is not in '%s'", text,
                       err.message);
    cr_assert_eq(lanes_engine_plan_batch(batch, &binary, &plan, NULL), code);
}

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
    lanes_variant_key_contiguous(&binary, &expected);
    cr_assert(lanes_variant_key_equal(&plan.key, &expected), "unused bytes are 0");
}

Test(engine_plan, uniform_input)
{
    lanes_engine_batch batch = good_batch();
    batch.operand[1].stride[0] = 0;
    const lanes_engine_plan plan = plan_ok(&batch);
    assert_key(&plan, "contiguous,uniform,contiguous");
    cr_assert_eq(plan.element_bytes, 16);
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
    cr_assert_eq(plan.frame.stride[1], 8);
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
    cr_assert_eq(plan_ok(&batch).count, 64);
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
    batch.operand[1].dtype = 99;
    refuse(&batch, LANES_E_DTYPE, "operand 1 is ? (dtype 99)");
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
}

Test(engine_plan, outside_the_segment)
{
    lanes_engine_batch batch = good_batch();
    batch.operand[1].offset = sizeof(memory) - 79;
    refuse(&batch, LANES_E_SPAN,
           "operand 1 (offset 4017, strides (8), 10 elements of 8 bytes) reaches outside "
           "its "
           "segment of 4096 bytes");
    batch.operand[1].offset = UINT64_MAX;
    refuse(&batch, LANES_E_SPAN, "operand 1");
    batch.operand[1] = operand_at(0, -8);
    refuse(&batch, LANES_E_SPAN, "strides (-8)");
    batch.operand[1] = operand_at(0, INT64_MAX);
    refuse(&batch, LANES_E_SPAN, "operand 1");
}

Test(engine_plan, output_in_read_only_memory)
{
    lanes_engine_batch batch = good_batch();
    batch.operand[0].is_read_only = 1;
    cr_assert_eq(plan_ok(&batch).count, 10, "inputs may be read-only");
    batch.operand[2].is_read_only = 1;
    refuse(&batch, LANES_E_READ_ONLY, "operand 2");
}

Test(engine_plan, strides_that_are_not_one_run)
{
    lanes_engine_batch batch = good_batch();
    batch.operand[0].stride[0] = 16;
    refuse(&batch, LANES_E_LAYOUT, "operand 0 has strides (16); it must be contiguous");
    batch.operand[0] = operand_at(72, -8);
    refuse(&batch, LANES_E_LAYOUT, "operand 0 has strides (-8)");
    batch = good_batch();
    batch.operand[2].stride[0] = 0;
    refuse(&batch, LANES_E_LAYOUT,
           "operand 2 has strides (0); an output must be contiguous");
    batch.operand[2].stride[0] = 9;
    refuse(&batch, LANES_E_LAYOUT, "operand 2");
}

Test(engine_plan, shapes_that_do_not_merge_name_the_culprit)
{
    lanes_engine_batch batch = good_batch();
    set_shape(&batch, 2, (uint64_t[]){5, 2});
    for (uint32_t i = 0; i < 3; i++) {
        set_strides(&batch, i, 16, 8);
    }
    cr_assert_eq(plan_ok(&batch).count, 10);
    set_strides(&batch, 1, 0, 8); /* one row for all */
    refuse(&batch, LANES_E_LAYOUT, "operand 1 has strides (0, 8)");
    set_strides(&batch, 1, 8, 40); /* Fortran order */
    refuse(&batch, LANES_E_LAYOUT, "operand 1 has strides (8, 40)");
    set_strides(&batch, 1, 0, 0);
    set_strides(&batch, 2, 24, 8); /* rows with gaps */
    refuse(&batch, LANES_E_LAYOUT, "operand 2 has strides (24, 8); an output");
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
    const lanes_signature signature = {
        .input_count = 1, .output_count = 1, .dtype = {LANES_I8, LANES_F8}};
    lanes_engine_batch batch = {
        .dimensions = 1,
        .operand_count = 2,
        .shape = {10},
        .operand = {operand_at(0, 8), operand_at(0, 8)},
    };
    batch.operand[0].dtype = LANES_I8;
    lanes_engine_plan plan;
    cr_assert_eq(lanes_engine_plan_batch(&batch, &signature, &plan, &err),
                 LANES_E_OVERLAP);
}

Test(engine_plan, two_outputs_never_share)
{
    const lanes_signature signature = {
        .input_count = 1, .output_count = 2, .dtype = {LANES_F8, LANES_F8, LANES_F8}};
    lanes_engine_batch batch = good_batch();
    lanes_engine_plan plan;
    cr_assert_eq(lanes_engine_plan_batch(&batch, &signature, &plan, &err), LANES_OK);
    batch.operand[1].offset = batch.operand[2].offset;
    cr_assert_eq(lanes_engine_plan_batch(&batch, &signature, &plan, &err),
                 LANES_E_OVERLAP);
    cr_assert_not_null(strstr(err.message, "two outputs must be apart"));
}
