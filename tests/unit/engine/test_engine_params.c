/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_params.c - the params block of a batch: when it must be given, how large,
 * where it may lie. And the seed, which goes the same way.
 */
#include <criterion/criterion.h>

#include "harness.h"

/* f8(f8,f8) and a params block */
static const lanes_engine_kernel with_params = {
    SIGNATURE(2, 1, 0, LANES_F8, LANES_F8, LANES_F8), .has_params = 1,
    .params_bytes = 24};

static void set_params(lanes_engine_batch *batch, uint64_t offset, uint64_t bytes)
{
    batch->params = memory + offset;
    batch->params_bytes = bytes;
    batch->params_key = 1;
    batch->params_offset = offset;
}

static lanes_engine_batch params_batch(void)
{
    lanes_engine_batch batch = good_batch();
    set_params(&batch, 1024, 24);
    batch.seed = 0x0123456789abcdef;
    return batch;
}

Test(engine_params, params_and_seed_reach_the_frame)
{
    lanes_engine_batch batch = params_batch();
    const lanes_engine_plan plan = plan_of(&with_params, &batch);
    cr_assert_eq((const char *)plan.frame.params, memory + 1024);
    cr_assert_eq(plan.frame.seed, 0x0123456789abcdef);
    cr_assert_eq(plan.element_bytes, 24, "the block is read once");
    batch.params = NULL;
    batch.params_bytes = UINT64_MAX; /* of no block */
    const lanes_engine_plan without = plan_ok(&batch);
    cr_assert_null(without.frame.params);
    cr_assert_eq(without.frame.seed, 0x0123456789abcdef);
}

Test(engine_params, params_are_given_iff_wanted)
{
    lanes_engine_batch batch = params_batch();
    refuse(&batch, LANES_E_PARAMS,
           "the batch has a params block of 24 bytes; the kernel takes none");
    batch.params = NULL;
    refuse_for(
        &with_params, &batch, LANES_E_PARAMS,
        "the batch has no params block; the kernel takes one of at least 24 bytes");
    set_params(&batch, 1024, 23);
    refuse_for(&with_params, &batch, LANES_E_PARAMS,
               "the params block has 23 bytes; the kernel reads at least 24");
    batch.params_bytes = 1000;
    cr_assert_eq(plan_of(&with_params, &batch).count, 10);
}

/* SciPy's user_data, which most callbacks only have because they must. */
Test(engine_params, params_that_are_not_read_may_be_left_out)
{
    lanes_engine_kernel kernel = with_params;
    lanes_engine_batch batch = params_batch();
    batch.params = NULL;
    kernel.params_bytes = 1;
    refuse_for(&kernel, &batch, LANES_E_PARAMS, "takes one of at least 1 bytes");
    kernel.params_bytes = 0;
    cr_assert_null(plan_of(&kernel, &batch).frame.params);
    set_params(&batch, 1024, 24);
    cr_assert_eq((const char *)plan_of(&kernel, &batch).frame.params, memory + 1024);
}

Test(engine_params, params_are_aligned)
{
    lanes_engine_batch batch = params_batch();
    for (uint32_t beyond = 1; beyond < 16; beyond++) {
        batch.params = memory + 1024 + beyond;
        refuse_for(&with_params, &batch, LANES_E_PARAMS, "behind a multiple of 16");
    }
    refuse_for(&with_params, &batch, LANES_E_PARAMS, "starts 15 bytes behind");
    batch.params = memory + 1040;
    cr_assert_eq(plan_of(&with_params, &batch).count, 10);
}

Test(engine_params, params_are_apart_from_outputs)
{
    lanes_engine_batch batch = params_batch(); /* out: bytes 160 to 240 */
    set_params(&batch, 240, 24);
    cr_assert_eq(plan_of(&with_params, &batch).count, 10, "right behind it");
    set_params(&batch, 128, 32);
    cr_assert_eq(plan_of(&with_params, &batch).count, 10);
    batch.params_bytes = 33;
    refuse_for(
        &with_params, &batch, LANES_E_OVERLAP,
        "operand 2, an output (bytes 160 to 240), overlaps the params block (bytes "
        "128 to 161) of the same segment; they must be apart");
    set_params(&batch, 224, 33);
    refuse_for(&with_params, &batch, LANES_E_OVERLAP, "the params block (bytes 224 to");
    set_params(&batch, 64, 64);
    cr_assert_eq(plan_of(&with_params, &batch).count, 10, "inputs may share it");
}

/* One memory object may be attached twice, at two addresses. */
Test(engine_params, params_are_apart_from_outputs_through_any_attachment)
{
    lanes_engine_batch batch = params_batch();
    set_params(&batch, 192, 24);
    batch.params = other_memory + 192;
    refuse_for(
        &with_params, &batch, LANES_E_OVERLAP,
        "operand 2, an output (bytes 160 to 240), overlaps the params block (bytes "
        "192 to 216)");
    batch.params_key = 2;
    cr_assert_eq(plan_of(&with_params, &batch).count, 10, "other memory");

    lanes_engine_batch rows = row_batch();
    rows.operand[0].segment_base = other_memory;
    rows.operand[2].offset = 16;
    refuse_for(&with_row, &rows, LANES_E_OVERLAP, "rows and outputs must be apart");
    rows.operand[0].segment_key = 2;
    cr_assert_eq(plan_of(&with_row, &rows).count, 10);
}

Test(engine_params, an_empty_params_block_overlaps_nothing)
{
    lanes_engine_kernel kernel = with_params;
    kernel.params_bytes = 0;
    lanes_engine_batch batch = params_batch();
    set_params(&batch, 176, 0);
    cr_assert_eq((const char *)plan_of(&kernel, &batch).frame.params, memory + 176);
    batch.params_bytes = 1;
    refuse_for(&kernel, &batch, LANES_E_OVERLAP, "the params block");
}

Test(engine_params, params_are_apart_from_the_mask)
{
    lanes_engine_batch batch = mask_batch();
    set_params(&batch, 1024, 24);
    refuse_for(&with_params, &batch, LANES_E_OVERLAP,
               "operand 3, the mask (bytes 1024 to 1034), overlaps the params block");
}
