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

#define PARAMS_ALIGNMENT 16u /* as malloc aligns what callbacks get elsewhere */

/* A batch while it is checked: operands reduced to one dimension, byte ranges known. */
struct plan_state {
    const lanes_engine_batch *batch;
    const lanes_engine_kernel *kernel;
    const lanes_signature *signature; /* the kernel's */
    bool has_mask;                    /* the last operand */
    uint64_t count;
    /* After merging; [0 .. dimensions) are in use. */
    uint32_t dimensions;
    uint64_t shape[LANES_DIMENSIONS_MAX];
    int64_t stride[LANES_OPERANDS_MAX][LANES_DIMENSIONS_MAX];
    /* Bytes of the segment that each operand spans; empty if count is 0. */
    uint64_t low[LANES_OPERANDS_MAX];
    uint64_t high[LANES_OPERANDS_MAX];
};

/* The mask counts as one: it is written. */
static bool is_output(const struct plan_state *state, uint32_t operand)
{
    return operand >= state->signature->input_count;
}

static bool is_mask(const struct plan_state *state, uint32_t operand)
{
    return operand == lanes_signature_operand_count(state->signature);
}

static bool is_row(const struct plan_state *state, uint32_t operand)
{
    return !is_output(state, operand) &&
           (state->signature->row_mask >> operand & 1u) != 0;
}

/* What an operand that is written is called in texts. */
static const char *output_name(const struct plan_state *state, uint32_t operand)
{
    return is_mask(state, operand) ? "the mask" : "an output";
}

/* Bytes of one element of the batch: of a whole row, if it is one. */
static uint64_t element_bytes(const struct plan_state *state, uint32_t operand)
{
    const lanes_engine_operand *of = &state->batch->operand[operand];
    const uint64_t bytes = lanes_dtype_bytes(of->dtype);
    return is_row(state, operand) ? bytes * of->row_count : bytes;
}

static lanes_status check_operand_count(const struct plan_state *state, lanes_error *err)
{
    const lanes_signature *signature = state->signature;
    const uint32_t wanted =
        lanes_signature_operand_count(signature) + (state->has_mask ? 1 : 0);
    if (wanted > LANES_OPERANDS_MAX) {
        return lanes_error_set(
            err, LANES_E_OPERANDS,
            "a kernel of %u operands has no room for a mask, as a batch has at most %d; "
            "use LANES_ERRORS_RAISE or LANES_ERRORS_IGNORE",
            wanted - 1, LANES_OPERANDS_MAX);
    }
    if (state->batch->operand_count != wanted) {
        return lanes_error_set(
            err, LANES_E_OPERANDS,
            "the batch has %u operands; the kernel takes %u inputs and %u outputs%s",
            state->batch->operand_count, signature->input_count, signature->output_count,
            state->has_mask ? ", and LANES_ERRORS_MASK a mask behind them" : "");
    }
    return LANES_OK;
}

static lanes_status check_dtypes(const struct plan_state *state, lanes_error *err)
{
    for (uint32_t i = 0; i < state->batch->operand_count; i++) {
        const uint32_t dtype = state->batch->operand[i].dtype;
        const uint32_t wanted =
            is_mask(state, i) ? (uint32_t)LANES_BOOL : state->signature->dtype[i];
        if (dtype != wanted) {
            return lanes_error_set(
                err, LANES_E_DTYPE, "operand %u is %s (dtype %u); %s %s", i,
                lanes_dtype_name(dtype), dtype,
                is_mask(state, i) ? "it is the mask, which is" : "the kernel takes",
                lanes_dtype_name(wanted));
        }
    }
    return LANES_OK;
}

static lanes_status check_rows(const struct plan_state *state, lanes_error *err)
{
    for (uint32_t i = 0; i < state->batch->operand_count; i++) {
        const uint32_t row_count = state->batch->operand[i].row_count;
        if (is_row(state, i) && (row_count == 0 || row_count > INT32_MAX)) {
            return lanes_error_set(err, LANES_E_PARAMS,
                                   "operand %u is a row operand: row_count %u must be "
                                   "1 .. %d (the length of the last axis)",
                                   i, row_count, INT32_MAX);
        }
        if (is_row(state, i) && row_count < state->kernel->row_minimum[i]) {
            return lanes_error_set(err, LANES_E_PARAMS,
                                   "operand %u has rows of %u elements; the kernel reads "
                                   "%u of each: make the last axis at least that long",
                                   i, row_count, state->kernel->row_minimum[i]);
        }
        if (!is_row(state, i) && row_count != 0) {
            return lanes_error_set(err, LANES_E_PARAMS,
                                   "operand %u is not a row operand: row_count %u must "
                                   "be 0",
                                   i, row_count);
        }
    }
    return LANES_OK;
}

static lanes_status check_params(const struct plan_state *state, lanes_error *err)
{
    const lanes_engine_batch *batch = state->batch;
    /* With no least size it is not looked at: SciPy's user_data that nobody uses. */
    if (batch->params == NULL && state->kernel->has_params != 0 &&
        state->kernel->params_bytes > 0) {
        return lanes_error_set(err, LANES_E_PARAMS,
                               "the batch has no params block; the kernel takes one of "
                               "at least %" PRIu64 " bytes",
                               state->kernel->params_bytes);
    }
    if (batch->params != NULL && state->kernel->has_params == 0) {
        return lanes_error_set(err, LANES_E_PARAMS,
                               "the batch has a params block of %" PRIu64
                               " bytes; the kernel takes none, so leave it out",
                               batch->params_bytes);
    }
    if (batch->params != NULL && batch->params_bytes < state->kernel->params_bytes) {
        return lanes_error_set(err, LANES_E_PARAMS,
                               "the params block has %" PRIu64
                               " bytes; the kernel reads at least %" PRIu64,
                               batch->params_bytes, state->kernel->params_bytes);
    }
    const uint32_t beyond = (uint32_t)((uintptr_t)batch->params % PARAMS_ALIGNMENT);
    if (beyond != 0) {
        return lanes_error_set(err, LANES_E_PARAMS,
                               "the params block starts %u bytes behind a multiple of "
                               "%u; it must start at one",
                               beyond, PARAMS_ALIGNMENT);
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

static lanes_status refuse_span(const struct plan_state *state, uint32_t operand,
                                lanes_error *err)
{
    const lanes_engine_operand *of = &state->batch->operand[operand];
    char strides[192];
    char rows[32] = "";
    format_strides(state, operand, strides, sizeof(strides));
    if (is_row(state, operand)) {
        snprintf(rows, sizeof(rows), "rows of %u ", of->row_count);
    }
    return lanes_error_set(err, LANES_E_SPAN,
                           "operand %u (offset %" PRIu64 ", strides %s, %" PRIu64
                           " %selements of %u bytes) reaches outside its segment of "
                           "%" PRIu64 " bytes",
                           operand, of->offset, strides, state->count, rows,
                           lanes_dtype_bytes(of->dtype), of->segment_bytes);
}

static lanes_status check_memory(struct plan_state *state, lanes_error *err)
{
    const lanes_engine_batch *batch = state->batch;
    for (uint32_t i = 0; i < batch->operand_count && state->count > 0; i++) {
        const lanes_engine_operand *operand = &batch->operand[i];
        const struct span_fits_memory memory = {operand->segment_bytes, operand->offset,
                                                element_bytes(state, i)};
        if (!span_fits(&memory, batch->dimensions, batch->shape, operand->stride,
                       &state->low[i], &state->high[i])) {
            return refuse_span(state, i, err);
        }
    }
    for (uint32_t i = state->signature->input_count; i < batch->operand_count; i++) {
        if (batch->operand[i].is_read_only) {
            return lanes_error_set(err, LANES_E_READ_ONLY,
                                   "operand %u is %s, but its segment was attached "
                                   "for reading only",
                                   i, output_name(state, i));
        }
    }
    return LANES_OK;
}

/* True if an operand's steps of `outer` continue where dimension `inner` ends. */
static bool continues(const struct plan_state *state, uint32_t operand, uint32_t outer,
                      uint32_t inner)
{
    const int64_t *stride = state->stride[operand];
    int64_t whole;
    return !__builtin_mul_overflow(stride[inner], (int64_t)state->shape[inner], &whole) &&
           stride[outer] == whole;
}

static bool can_merge(const struct plan_state *state, uint32_t outer, uint32_t inner)
{
    for (uint32_t i = 0; i < state->batch->operand_count; i++) {
        if (!continues(state, i, outer, inner)) {
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
    if (is_row(state, operand)) {
        return lanes_error_set(
            err, LANES_E_LAYOUT,
            "operand %u has strides %s; from row to row it must be "
            "the same step through the whole batch: copy it to C order",
            operand, strides);
    }
    return lanes_error_set(
        err, LANES_E_LAYOUT,
        "operand %u has strides %s; %s must be contiguous in C order "
        "(element size %u)%s",
        operand, strides, is_output(state, operand) ? output_name(state, operand) : "it",
        lanes_dtype_bytes(state->batch->operand[operand].dtype),
        is_output(state, operand) ? "" : " or the same element (stride 0)");
}

/* True if an operand by itself is one run: of rows, of elements or of the same one. */
static bool is_one_run(const struct plan_state *state, uint32_t operand)
{
    const uint32_t last = state->dimensions - 1;
    const int64_t step = state->stride[operand][last];
    for (uint32_t d = last; d > 0; d--) {
        if (!continues(state, operand, d - 1, d)) {
            return false;
        }
    }
    return is_row(state, operand) || step == (int64_t)element_bytes(state, operand) ||
           (step == 0 && !is_output(state, operand));
}

/* Names the operand that keeps the batch from being one run. */
static lanes_status check_runs(const struct plan_state *state, lanes_error *err)
{
    for (uint32_t i = 0; i < state->batch->operand_count && state->dimensions > 0; i++) {
        if (!is_one_run(state, i)) {
            return refuse_layout(state, i, err);
        }
    }
    LANES_ASSERT(state->dimensions <= 1); /* else the others would have been merged */
    return LANES_OK;
}

static enum lanes_layout layout_of(const struct plan_state *state, uint32_t operand,
                                   int64_t stride)
{
    if (is_row(state, operand)) {
        return LANES_LAYOUT_ROWS;
    }
    return stride == 0 ? LANES_LAYOUT_UNIFORM : LANES_LAYOUT_CONTIGUOUS;
}

/* Only for a batch that is one run. */
static void choose_layouts(const struct plan_state *state, lanes_engine_plan *plan)
{
    for (uint32_t i = 0; i < state->batch->operand_count; i++) {
        /* Of one element the stride does not matter: use the variant that exists. */
        const int64_t stride = state->dimensions == 0 ? (int64_t)element_bytes(state, i)
                                                      : state->stride[i][0];
        plan->frame.stride[i] = stride;
        if (!is_mask(state, i)) {
            plan->key.layout[i] = (uint8_t)layout_of(state, i, stride);
        }
    }
}

/* Why an output may not overlap `other`, for the error text. */
static const char *overlap_rule(const struct plan_state *state, uint32_t output,
                                uint32_t other)
{
    if (is_mask(state, output)) {
        return "the mask must be apart from all others";
    }
    if (is_output(state, other)) {
        return "two outputs must be apart";
    }
    return is_row(state, other) ? "rows and outputs must be apart"
                                : "it must be apart or exactly the same array";
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
    /*
     * In place each element is read before it is written. Not so with rows, which other
     * elements may share, nor with the mask: elements that failed are read once more.
     */
    if (!is_output(state, other) && !is_row(state, other) && !is_mask(state, output) &&
        state->low[output] == state->low[other] &&
        state->high[output] == state->high[other] && a->dtype == b->dtype &&
        plan->frame.stride[output] == plan->frame.stride[other]) {
        return LANES_OK;
    }
    return lanes_error_set(err, LANES_E_OVERLAP,
                           "operand %u, %s (bytes %" PRIu64 " to %" PRIu64
                           "), overlaps operand %u (bytes %" PRIu64 " to %" PRIu64
                           ") of the same segment; %s",
                           output, output_name(state, output), state->low[output],
                           state->high[output], other, state->low[other],
                           state->high[other], overlap_rule(state, output, other));
}

static lanes_status check_params_overlap(const struct plan_state *state, uint32_t output,
                                         lanes_error *err)
{
    const lanes_engine_batch *batch = state->batch;
    const uint64_t low = batch->params_offset;
    const uint64_t high = low + batch->params_bytes; /* inside its segment */
    if (batch->params == NULL || low == high ||
        batch->params_key != batch->operand[output].segment_key ||
        low >= state->high[output] || high <= state->low[output]) {
        return LANES_OK;
    }
    return lanes_error_set(err, LANES_E_OVERLAP,
                           "operand %u, %s (bytes %" PRIu64 " to %" PRIu64
                           "), overlaps the params block (bytes %" PRIu64 " to %" PRIu64
                           ") of the same segment; they must be apart",
                           output, output_name(state, output), state->low[output],
                           state->high[output], low, high);
}

static lanes_status check_output(const struct plan_state *state,
                                 const lanes_engine_plan *plan, uint32_t output,
                                 lanes_error *err)
{
    for (uint32_t other = 0; other < output; other++) {
        LANES_TRY(check_pair(state, plan, output, other, err));
    }
    return check_params_overlap(state, output, err);
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
        plan->frame.row_count[i] = (int32_t)operand->row_count;
        if (plan->key.layout[i] != LANES_LAYOUT_UNIFORM) {
            plan->element_bytes += element_bytes(state, i);
        }
    }
    plan->frame.params = state->batch->params;
    plan->frame.seed = state->batch->seed;
}

lanes_status lanes_engine_plan_batch(const lanes_engine_batch *batch,
                                     const lanes_engine_kernel *kernel,
                                     lanes_engine_plan *out_plan, lanes_error *err)
{
    struct plan_state state = {
        .batch = batch,
        .kernel = kernel,
        .signature = &kernel->signature,
        .has_mask = batch->errors == LANES_ERRORS_MASK,
    };
    lanes_engine_plan plan = {.count = 0};
    LANES_TRY(check_operand_count(&state, err));
    LANES_TRY(check_dtypes(&state, err));
    LANES_TRY(check_rows(&state, err));
    LANES_TRY(check_params(&state, err));
    LANES_TRY(check_shape(&state, err));
    LANES_TRY(check_memory(&state, err));
    plan.count = state.count;
    if (state.count == 0) {
        /* Nothing will run. */
        lanes_variant_key_contiguous(&kernel->signature, &plan.key);
    } else {
        merge_dimensions(&state);
        LANES_TRY(check_runs(&state, err));
        choose_layouts(&state, &plan);
        LANES_TRY(check_overlap(&state, &plan, err));
        fill_frame(&state, &plan);
    }
    plan.key.has_mask = state.has_mask ? 1 : 0;
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
