/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_plan.c - is this batch allowed, and which variant runs it?
 *
 * Every text names the operand by its index, inputs first, the value and the limit: the
 * reader sees only the message, in a traceback of another language.
 */
#include "engine/engine.h"

#include <inttypes.h>
#include <stdio.h>

#include "engine/engine_span.h"

LANES_ENGINE_SPAN_DEFINE(span_fits, uint64_t, int64_t, INT64_MAX)

/* A batch while it is checked: operands reduced to one dimension, byte ranges known. */
struct plan_state {
    const lanes_engine_batch *batch;
    const lanes_signature *signature;
    uint64_t count;
    /* After merging; [0 .. dimensions) are in use. */
    uint32_t dimensions;
    uint64_t shape[LANES_DIMENSIONS_MAX];
    int64_t stride[LANES_OPERANDS_MAX][LANES_DIMENSIONS_MAX];
    /* Bytes of the segment that each operand spans; empty if count is 0. */
    uint64_t low[LANES_OPERANDS_MAX];
    uint64_t high[LANES_OPERANDS_MAX];
};

static bool is_output(const struct plan_state *state, uint32_t operand)
{
    return operand >= state->signature->input_count;
}

static lanes_status check_operands(const struct plan_state *state, lanes_error *err)
{
    const lanes_engine_batch *batch = state->batch;
    const lanes_signature *signature = state->signature;
    const uint32_t wanted = lanes_signature_operand_count(signature);
    if (batch->operand_count != wanted) {
        return lanes_error_set(
            err, LANES_E_OPERANDS,
            "the batch has %u operands; the kernel takes %u inputs and "
            "%u outputs",
            batch->operand_count, signature->input_count, signature->output_count);
    }
    for (uint32_t i = 0; i < wanted; i++) {
        if (batch->operand[i].dtype != signature->dtype[i]) {
            return lanes_error_set(
                err, LANES_E_DTYPE, "operand %u is %s (dtype %u); the kernel takes %s", i,
                lanes_dtype_name(batch->operand[i].dtype), batch->operand[i].dtype,
                lanes_dtype_name(signature->dtype[i]));
        }
    }
    return LANES_OK;
}

static lanes_status check_shape(struct plan_state *state, lanes_error *err)
{
    const lanes_engine_batch *batch = state->batch;
    if (batch->dimensions == 0 || batch->dimensions > LANES_DIMENSIONS_MAX) {
        return lanes_error_set(err, LANES_E_SHAPE,
                               "the batch has %u dimensions; 1 to %d work",
                               batch->dimensions, LANES_DIMENSIONS_MAX);
    }
    bool is_empty = false;
    uint64_t count = 1;
    for (uint32_t d = 0; d < batch->dimensions; d++) {
        if (batch->shape[d] == 0) {
            is_empty = true;
        } else if (!lanes_mul_u64(count, batch->shape[d], &count) ||
                   count > LANES_COUNT_MAX) {
            return lanes_error_set(err, LANES_E_SHAPE,
                                   "with length %" PRIu64
                                   " of dimension %u the batch has "
                                   "more than %" PRIu64 " elements",
                                   batch->shape[d], d, (uint64_t)LANES_COUNT_MAX);
        }
    }
    state->count = is_empty ? 0 : count;
    return LANES_OK;
}

/* "(8, 0)", the strides of an operand as the client gave them. */
static void format_strides(const struct plan_state *state, uint32_t operand, char *text,
                           size_t text_bytes)
{
    const int64_t *stride = state->batch->operand[operand].stride;
    size_t used = 0;
    for (uint32_t d = 0; d < state->batch->dimensions && used < text_bytes; d++) {
        used += (size_t)snprintf(text + used, text_bytes - used, "%s%" PRId64,
                                 d == 0 ? "(" : ", ", stride[d]);
    }
    if (used < text_bytes) {
        snprintf(text + used, text_bytes - used, ")");
    }
}

static lanes_status check_memory(struct plan_state *state, lanes_error *err)
{
    const lanes_engine_batch *batch = state->batch;
    for (uint32_t i = 0; i < batch->operand_count; i++) {
        const lanes_engine_operand *operand = &batch->operand[i];
        const uint32_t bytes = lanes_dtype_bytes(operand->dtype);
        const struct span_fits_memory memory = {operand->segment_bytes, operand->offset,
                                                bytes};
        if (state->count > 0 &&
            !span_fits(&memory, batch->dimensions, batch->shape, operand->stride,
                       &state->low[i], &state->high[i])) {
            char strides[192];
            format_strides(state, i, strides, sizeof(strides));
            return lanes_error_set(
                err, LANES_E_SPAN,
                "operand %u (offset %" PRIu64 ", strides %s, %" PRIu64
                " elements of %u bytes) reaches outside its segment of "
                "%" PRIu64 " bytes",
                i, operand->offset, strides, state->count, bytes, operand->segment_bytes);
        }
    }
    for (uint32_t i = state->signature->input_count; i < batch->operand_count; i++) {
        if (batch->operand[i].is_read_only) {
            return lanes_error_set(
                err, LANES_E_READ_ONLY,
                "operand %u is an output, but its segment was attached "
                "for reading only",
                i);
        }
    }
    return LANES_OK;
}

/* True if, for every operand, outer steps continue where the inner dimension ends. */
static bool can_merge(const struct plan_state *state, uint32_t outer, uint32_t inner)
{
    for (uint32_t i = 0; i < state->batch->operand_count; i++) {
        int64_t whole;
        if (__builtin_mul_overflow(state->stride[i][inner], (int64_t)state->shape[inner],
                                   &whole) ||
            state->stride[i][outer] != whole) {
            return false;
        }
    }
    return true;
}

/*
 * Drops dimensions of length 1 and merges neighbours, so that arrays that are one run of
 * memory become one dimension whatever their shape. Only for count > 0.
 */
static void merge_dimensions(struct plan_state *state)
{
    const lanes_engine_batch *batch = state->batch;
    for (uint32_t d = 0; d < batch->dimensions; d++) {
        if (batch->shape[d] == 1) {
            continue;
        }
        const uint32_t at = state->dimensions++;
        state->shape[at] = batch->shape[d];
        for (uint32_t i = 0; i < batch->operand_count; i++) {
            state->stride[i][at] = batch->operand[i].stride[d];
        }
        if (at > 0 && can_merge(state, at - 1, at)) {
            state->shape[at - 1] *= state->shape[at];
            for (uint32_t i = 0; i < batch->operand_count; i++) {
                state->stride[i][at - 1] = state->stride[i][at];
            }
            state->dimensions--;
        }
    }
}

static lanes_status refuse_layout(const struct plan_state *state, uint32_t operand,
                                  lanes_error *err)
{
    char strides[192];
    format_strides(state, operand, strides, sizeof(strides));
    return lanes_error_set(
        err, LANES_E_LAYOUT,
        "operand %u has strides %s; %s must be contiguous in C order "
        "(element size %u)%s",
        operand, strides, is_output(state, operand) ? "an output" : "it",
        lanes_dtype_bytes(state->batch->operand[operand].dtype),
        is_output(state, operand) ? "" : " or the same element (stride 0)");
}

/* The operand that keeps the batch from being one run: for the error text. */
static uint32_t find_culprit(const struct plan_state *state)
{
    for (uint32_t i = 0; i < state->batch->operand_count; i++) {
        int64_t expected = lanes_dtype_bytes(state->batch->operand[i].dtype);
        bool is_contiguous = true;
        bool is_uniform = !is_output(state, i);
        for (uint32_t d = state->dimensions; d-- > 0;) {
            is_contiguous = is_contiguous && state->stride[i][d] == expected;
            is_uniform = is_uniform && state->stride[i][d] == 0;
            /* Within the span check's range, so this cannot overflow. */
            expected *= (int64_t)state->shape[d];
        }
        if (!is_contiguous && !is_uniform) {
            return i;
        }
    }
    return 0;
}

static lanes_status choose_layouts(const struct plan_state *state,
                                   lanes_engine_plan *plan, lanes_error *err)
{
    if (state->dimensions > 1) {
        return refuse_layout(state, find_culprit(state), err);
    }
    for (uint32_t i = 0; i < state->batch->operand_count; i++) {
        const int64_t bytes = lanes_dtype_bytes(state->batch->operand[i].dtype);
        /* Of one element the stride does not matter: use the variant that exists. */
        const int64_t stride = state->dimensions == 0 ? bytes : state->stride[i][0];
        if (stride == bytes) {
            plan->key.layout[i] = LANES_LAYOUT_CONTIGUOUS;
        } else if (stride == 0 && !is_output(state, i)) {
            plan->key.layout[i] = LANES_LAYOUT_UNIFORM;
        } else {
            return refuse_layout(state, i, err);
        }
        plan->frame.stride[i] = stride;
    }
    return LANES_OK;
}

static lanes_status check_pair(const struct plan_state *state,
                               const lanes_engine_plan *plan, uint32_t output,
                               uint32_t other, lanes_error *err)
{
    const lanes_engine_operand *a = &state->batch->operand[output];
    const lanes_engine_operand *b = &state->batch->operand[other];
    if (a->segment_key != b->segment_key || state->high[output] <= state->low[other] ||
        state->high[other] <= state->low[output]) {
        return LANES_OK;
    }
    if (!is_output(state, other) && state->low[output] == state->low[other] &&
        state->high[output] == state->high[other] && a->dtype == b->dtype &&
        plan->frame.stride[output] == plan->frame.stride[other]) {
        return LANES_OK; /* in place: each element is read before it is written */
    }
    return lanes_error_set(err, LANES_E_OVERLAP,
                           "operand %u, an output (bytes %" PRIu64 " to %" PRIu64
                           "), overlaps operand %u (bytes %" PRIu64 " to %" PRIu64
                           ") of the same segment; %s",
                           output, state->low[output], state->high[output], other,
                           state->low[other], state->high[other],
                           is_output(state, other)
                               ? "two outputs must be apart"
                               : "it must be apart or exactly the same "
                                 "array");
}

static lanes_status check_output(const struct plan_state *state,
                                 const lanes_engine_plan *plan, uint32_t output,
                                 lanes_error *err)
{
    for (uint32_t other = 0; other < output; other++) {
        LANES_TRY(check_pair(state, plan, output, other, err));
    }
    return LANES_OK;
}

static lanes_status check_overlap(const struct plan_state *state,
                                  const lanes_engine_plan *plan, lanes_error *err)
{
    for (uint32_t i = state->signature->input_count; i < state->batch->operand_count;
         i++) {
        LANES_TRY(check_output(state, plan, i, err));
    }
    return LANES_OK;
}

static void fill_frame(const struct plan_state *state, lanes_engine_plan *plan)
{
    for (uint32_t i = 0; i < state->batch->operand_count; i++) {
        const lanes_engine_operand *operand = &state->batch->operand[i];
        plan->frame.base[i] = operand->segment_base + operand->offset;
        if (plan->key.layout[i] == LANES_LAYOUT_CONTIGUOUS) {
            plan->element_bytes += lanes_dtype_bytes(operand->dtype);
        }
    }
}

lanes_status lanes_engine_plan_batch(const lanes_engine_batch *batch,
                                     const lanes_signature *signature,
                                     lanes_engine_plan *out_plan, lanes_error *err)
{
    struct plan_state state = {.batch = batch, .signature = signature};
    lanes_engine_plan plan = {.count = 0};
    LANES_TRY(check_operands(&state, err));
    LANES_TRY(check_shape(&state, err));
    LANES_TRY(check_memory(&state, err));
    plan.count = state.count;
    if (state.count == 0) {
        lanes_variant_key_contiguous(signature, &plan.key); /* nothing will run */
    } else {
        merge_dimensions(&state);
        LANES_TRY(choose_layouts(&state, &plan, err));
        LANES_TRY(check_overlap(&state, &plan, err));
        fill_frame(&state, &plan);
    }
    *out_plan = plan;
    return LANES_OK;
}

bool lanes_engine_span_fits(uint64_t segment_bytes, uint64_t offset, int64_t stride,
                            uint64_t count, uint32_t element_bytes, uint64_t *out_low,
                            uint64_t *out_high)
{
    const struct span_fits_memory memory = {segment_bytes, offset, element_bytes};
    return count <= LANES_COUNT_MAX &&
           span_fits(&memory, 1, &count, &stride, out_low, out_high);
}
