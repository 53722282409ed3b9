/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_check.h - what the files that check and plan a batch share.
 */
#ifndef LANES_ENGINE_CHECK_H
#define LANES_ENGINE_CHECK_H

#include "engine/engine_internal.h"
#include "kernel/reduce.h"

/** A batch while it is checked. */
typedef struct lanes_engine_draft {
    const lanes_engine_batch *batch;
    const lanes_engine_kernel *kernel;
    const lanes_signature *signature; /* the kernel's */
    bool has_mask;                    /* behind the outputs */
    uint64_t count;
    lanes_engine_extent extent[LANES_OPERANDS_MAX]; /* without elements: 0, 0 */
} lanes_engine_draft;

static inline bool is_mask(const lanes_engine_draft *state, uint32_t operand)
{
    return state->has_mask && operand == lanes_signature_operand_count(state->signature);
}

static inline bool is_where(const lanes_engine_draft *state, uint32_t operand)
{
    return state->batch->has_where != 0 && operand == state->batch->operand_count - 1;
}

/* The mask counts as one: it is written. */
static inline bool is_output(const lanes_engine_draft *state, uint32_t operand)
{
    return operand >= state->signature->input_count && !is_where(state, operand);
}

static inline bool is_row(const lanes_engine_draft *state, uint32_t operand)
{
    return operand < state->signature->input_count &&
           (state->signature->row_mask >> operand & 1u) != 0;
}

static inline bool is_scan(const lanes_engine_draft *state)
{
    return state->batch->reduce == LANES_REDUCE_SCAN;
}

/* An output of a reduction: no mask, which has a byte for each element, as all that scans
 * write has. */
static inline bool is_reduced(const lanes_engine_draft *state, uint32_t operand)
{
    return state->batch->reduce != LANES_REDUCE_NONE && !is_scan(state) &&
           is_output(state, operand) && !is_mask(state, operand);
}

/* Where the values of a kernel begin that combines by itself. */
static inline bool is_start(const lanes_engine_draft *state, uint32_t operand)
{
    return operand == 0 && lanes_reduce_is_by_kernel(state->batch->reduce);
}

/* The length of a dimension as an operand has it. Results, and where they begin, are
 * there also if there is nothing to reduce. */
static inline uint64_t length_of(const lanes_engine_draft *state, uint32_t operand,
                                 uint32_t d)
{
    const bool stands_still =
        is_reduced(state, operand) || (is_start(state, operand) && !is_scan(state));
    const bool has_none = stands_still && (state->batch->reduce_axes >> d & 1u) != 0;
    return has_none ? 1 : state->batch->shape[d];
}

/* What an operand that is written is called in texts. */
static inline const char *output_name(const lanes_engine_draft *state, uint32_t operand)
{
    return is_mask(state, operand) ? "the mask" : "an output";
}

/* Bytes of one element of the batch: of a whole row, if it is one. */
static inline uint64_t element_bytes(const lanes_engine_draft *state, uint32_t operand)
{
    const lanes_engine_operand *of = &state->batch->operand[operand];
    const uint64_t bytes = lanes_dtype_bytes(of->dtype);
    return is_row(state, operand) ? bytes * of->row_count : bytes;
}

/** Check all that lanes_engine_plan_batch() says; sets state->count. */
LANES_NODISCARD lanes_status lanes_engine_check_batch(lanes_engine_draft *state,
                                                      lanes_error *err);

#endif /* LANES_ENGINE_CHECK_H */
