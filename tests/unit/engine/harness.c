/* SPDX-License-Identifier: Apache-2.0 */
/*
 * harness.c - see harness.h.
 */
#include "harness.h"

#include <criterion/criterion.h>
#include <string.h>

_Alignas(64) char memory[MEMORY_BYTES];
_Alignas(64) char other_memory[MEMORY_BYTES];
static lanes_error err;

const lanes_engine_kernel binary = {SIGNATURE(2, 1, 0, LANES_F8, LANES_F8, LANES_F8)};

const lanes_engine_kernel with_row = {SIGNATURE(2, 1, 1, LANES_F8, LANES_F8, LANES_F8)};

lanes_engine_operand operand_at(uint64_t offset, int64_t stride)
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

lanes_engine_batch good_batch(void)
{
    return (lanes_engine_batch){
        .dimensions = 1,
        .operand_count = 3,
        .shape = {10},
        .operand = {operand_at(0, 8), operand_at(80, 8), operand_at(160, 8)},
    };
}

lanes_engine_batch row_batch(void)
{
    lanes_engine_batch batch = good_batch();
    batch.operand[0].stride[0] = 32;
    batch.operand[0].row_count = 4;
    batch.operand[1].offset = 1024;
    batch.operand[2].offset = 2048;
    return batch;
}

lanes_engine_batch mask_batch(void)
{
    lanes_engine_batch batch = good_batch();
    batch.errors = LANES_ERRORS_MASK;
    batch.operand_count = 4;
    batch.operand[3] = operand_at(1024, 1);
    batch.operand[3].dtype = LANES_BOOL;
    return batch;
}

lanes_engine_plan plan_of(const lanes_engine_kernel *kernel,
                          const lanes_engine_batch *batch)
{
    lanes_engine_plan plan;
    const lanes_status status = lanes_engine_plan_batch(batch, kernel, &plan, &err);
    cr_assert_eq(status, LANES_OK, "%s", status < 0 ? err.message : "");
    return plan;
}

lanes_engine_plan plan_ok(const lanes_engine_batch *batch)
{
    return plan_of(&binary, batch);
}

void refuse_for(const lanes_engine_kernel *kernel, const lanes_engine_batch *batch,
                lanes_status code, const char *text)
{
    lanes_engine_plan plan = {.count = 77};
    cr_assert_eq(lanes_engine_plan_batch(batch, kernel, &plan, &err), code, "%s",
                 err.message);
    cr_assert_eq(err.code, code);
    cr_assert_not_null(strstr(err.message, text), "'%s' is not in '%s'", text,
                       err.message);
    cr_assert_eq(lanes_engine_plan_batch(batch, kernel, &plan, NULL), code);
    cr_assert_eq(plan.count, 77, "written only on success");
}

void refuse(const lanes_engine_batch *batch, lanes_status code, const char *text)
{
    refuse_for(&binary, batch, code, text);
}
