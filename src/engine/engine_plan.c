/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_plan.c - is this batch allowed, and which variant runs it?
 *
 * Every text names the operand by its index, inputs first, the value and the limit: the
 * reader sees only the message, in a traceback of another language.
 */
#include "engine/engine_internal.h"

#include <inttypes.h>
#include <stdio.h>

#include "engine/engine_span.h"

LANES_ENGINE_SPAN_DEFINE(span_fits, uint64_t, int64_t, INT64_MAX)

#define PARAMS_ALIGNMENT 16u /* as malloc aligns what callbacks get elsewhere */

/* A batch while it is checked. */
struct plan_state {
    const lanes_engine_batch *batch;
    const lanes_engine_kernel *kernel;
    const lanes_signature *signature; /* the kernel's */
    bool has_mask;                    /* behind the outputs */
    uint64_t count;
    lanes_engine_extent extent[LANES_OPERANDS_MAX]; /* no bytes if count is 0 */
};

static bool is_mask(const struct plan_state *state, uint32_t operand)
{
    return state->has_mask && operand == lanes_signature_operand_count(state->signature);
}

static bool is_where(const struct plan_state *state, uint32_t operand)
{
    return state->batch->has_where != 0 && operand == state->batch->operand_count - 1;
}

/* The mask counts as one: it is written. */
static bool is_output(const struct plan_state *state, uint32_t operand)
{
    return operand >= state->signature->input_count && !is_where(state, operand);
}

static bool is_row(const struct plan_state *state, uint32_t operand)
{
    return operand < state->signature->input_count &&
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
    const bool has_where = state->batch->has_where != 0;
    const uint32_t own = lanes_signature_operand_count(signature);
    const uint32_t wanted = own + (state->has_mask ? 1 : 0) + (has_where ? 1 : 0);
    if (wanted > LANES_OPERANDS_MAX) {
        return lanes_error_set(
            err, LANES_E_OPERANDS,
            "a kernel of %u operands has no room for a mask or `where`, as a batch has "
            "at "
            "most %d; use LANES_ERRORS_RAISE or LANES_ERRORS_IGNORE, and all elements",
            own, LANES_OPERANDS_MAX);
    }
    if (state->batch->operand_count != wanted) {
        return lanes_error_set(
            err, LANES_E_OPERANDS,
            "the batch has %u operands; the kernel takes %u inputs and %u outputs%s%s",
            state->batch->operand_count, signature->input_count, signature->output_count,
            state->has_mask ? ", and LANES_ERRORS_MASK a mask behind them" : "",
            has_where ? ", and `where` is the last" : "");
    }
    return LANES_OK;
}

/* A dtype that is not the kernel's, where the batch allows that. */
static lanes_status check_cast(const struct plan_state *state, uint32_t operand,
                               lanes_error *err)
{
    const uint32_t casting = state->batch->casting;
    const uint32_t own = state->signature->dtype[operand];
    const uint32_t dtype = state->batch->operand[operand].dtype;
    if (casting == LANES_CASTING_NO || lanes_dtype_bytes(dtype) == 0 ||
        is_row(state, operand)) {
        return lanes_error_set(
            err, LANES_E_DTYPE, "operand %u is %s (dtype %u); the kernel takes %s%s",
            operand, lanes_dtype_name(dtype), dtype, lanes_dtype_name(own),
            is_row(state, operand) ? ", as rows are not converted" : "");
    }
    const bool is_written = is_output(state, operand);
    const uint32_t from = is_written ? own : dtype;
    const uint32_t to = is_written ? dtype : own;
    if (lanes_dtype_can_cast(from, to, casting)) {
        return LANES_OK;
    }
    return lanes_error_set(
        err, LANES_E_DTYPE,
        "operand %u: %s cannot become %s under casting '%s'; the kernel %s %s: convert "
        "the array%s",
        operand, lanes_dtype_name(from), lanes_dtype_name(to),
        lanes_casting_name(casting), is_written ? "gives" : "takes",
        lanes_dtype_name(own),
        lanes_dtype_can_cast(from, to, LANES_CASTING_UNSAFE)
            ? ", or allow more by casting"
            : "");
}

static lanes_status check_flag(const struct plan_state *state, uint32_t operand,
                               lanes_error *err)
{
    const uint32_t dtype = state->batch->operand[operand].dtype;
    if (dtype == LANES_BOOL) {
        return LANES_OK;
    }
    return lanes_error_set(
        err, LANES_E_DTYPE, "operand %u is %s (dtype %u); it is %s, which is ?", operand,
        lanes_dtype_name(dtype), dtype, is_mask(state, operand) ? "the mask" : "`where`");
}

static lanes_status check_dtype(const struct plan_state *state, uint32_t operand,
                                lanes_error *err)
{
    if (is_mask(state, operand) || is_where(state, operand)) {
        return check_flag(state, operand, err);
    }
    const bool is_own =
        state->batch->operand[operand].dtype == state->signature->dtype[operand];
    return is_own ? LANES_OK : check_cast(state, operand, err);
}

static lanes_status check_dtypes(const struct plan_state *state, lanes_error *err)
{
    for (uint32_t i = 0; i < state->batch->operand_count; i++) {
        LANES_TRY(check_dtype(state, i, err));
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

static lanes_status refuse_span(const struct plan_state *state, uint32_t operand,
                                lanes_error *err)
{
    const lanes_engine_operand *of = &state->batch->operand[operand];
    char strides[192];
    char rows[32] = "";
    lanes_engine_format_strides(state->batch, operand, strides, sizeof(strides));
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
                       &state->extent[i].low, &state->extent[i].high)) {
            return refuse_span(state, i, err);
        }
    }
    for (uint32_t i = state->signature->input_count; i < batch->operand_count; i++) {
        if (is_output(state, i) && batch->operand[i].is_read_only) {
            return lanes_error_set(err, LANES_E_READ_ONLY,
                                   "operand %u is %s, but its segment was attached "
                                   "for reading only",
                                   i, output_name(state, i));
        }
    }
    return LANES_OK;
}

static lanes_status check_overlap(struct plan_state *state, lanes_error *err)
{
    for (uint32_t i = 0; i < state->batch->operand_count; i++) {
        lanes_engine_extent *extent = &state->extent[i];
        extent->element_bytes = element_bytes(state, i);
        extent->is_output = is_output(state, i);
        extent->is_mask = is_mask(state, i);
        extent->is_row = is_row(state, i);
    }
    return lanes_engine_check_overlap(state->batch, state->extent, err);
}

/* True if an input is one element for the whole batch. */
static bool is_uniform(const struct plan_state *state, uint32_t operand)
{
    const lanes_engine_batch *batch = state->batch;
    if (operand >= state->signature->input_count || is_row(state, operand)) {
        return false;
    }
    for (uint32_t d = 0; d < batch->dimensions; d++) {
        if (batch->shape[d] > 1 && batch->operand[operand].stride[d] != 0) {
            return false;
        }
    }
    return state->count > 1; /* of one element: use the variant that exists */
}

static void make_key(const struct plan_state *state, lanes_variant_key *key)
{
    lanes_variant_key_contiguous(state->signature, key);
    const uint32_t own = lanes_signature_operand_count(state->signature);
    for (uint32_t i = 0; i < own; i++) {
        const uint32_t dtype = state->batch->operand[i].dtype;
        if (state->count > 0 && is_uniform(state, i)) {
            key->layout[i] = LANES_LAYOUT_UNIFORM;
        }
        if (dtype != state->signature->dtype[i]) {
            key->dtype[i] = (uint8_t)dtype;
        }
    }
    key->has_where = state->batch->has_where != 0 ? 1 : 0;
}

static void make_space(const struct plan_state *state, lanes_engine_plan *plan)
{
    const lanes_engine_batch *batch = state->batch;
    const int64_t *stride[LANES_OPERANDS_MAX];
    for (uint32_t i = 0; i < batch->operand_count; i++) {
        stride[i] = batch->operand[i].stride;
    }
    const lanes_engine_axes axes = {
        .dimensions = batch->dimensions,
        .shape = batch->shape,
        .operand_count = batch->operand_count,
        .input_count = state->signature->input_count,
        .stride = stride,
        .keeps_order = state->kernel->keeps_order != 0,
    };
    lanes_engine_space_make(&axes, &plan->space);
}

static void fill_operands(const struct plan_state *state, lanes_engine_plan *plan)
{
    const lanes_engine_batch *batch = state->batch;
    const uint32_t inner = plan->space.dimensions - 1;
    plan->element_bytes = 0;
    for (uint32_t i = 0; i < batch->operand_count; i++) {
        const lanes_engine_operand *operand = &batch->operand[i];
        const uint32_t slot = is_where(state, i) ? plan->mask + 1 : i;
        plan->slot[i] = (uint8_t)slot;
        plan->element_size[i] = (uint8_t)lanes_dtype_bytes(operand->dtype);
        plan->frame.base[slot] =
            operand->segment_base + operand->offset + plan->space.start[i];
        plan->frame.stride[slot] = plan->space.stride[i][inner];
        plan->frame.row_count[slot] = (int32_t)operand->row_count;
        if (i >= plan->input_count || plan->key.layout[i] != LANES_LAYOUT_UNIFORM) {
            plan->element_bytes += element_bytes(state, i);
        }
    }
}

/*
 * True if it pays to store outputs past the caches: they are too large to stay there, and
 * nothing reads them, neither as an input in place nor for what `where` keeps. What
 * failing elements keep is read for those only.
 */
static bool may_stream(const struct plan_state *state, const lanes_engine_plan *plan)
{
    const uint64_t least = state->batch->stream_bytes;
    uint64_t bytes;
    if (least == 0 || !plan->is_direct || plan->key.has_where != 0 ||
        (lanes_mul_u64(plan->count, plan->element_bytes, &bytes) && bytes <= least)) {
        return false;
    }
    for (uint32_t o = plan->input_count; o < plan->operand_count; o++) {
        if ((uintptr_t)plan->frame.base[o] % LANES_STREAM_ALIGNMENT != 0) {
            return false;
        }
        for (uint32_t i = 0; i < plan->input_count; i++) {
            if (plan->frame.base[i] == plan->frame.base[o]) {
                return false;
            }
        }
    }
    return true;
}

static void fill_plan(const struct plan_state *state, lanes_engine_plan *plan)
{
    const lanes_engine_batch *batch = state->batch;
    const bool may_raise = state->kernel->may_raise != 0;
    make_space(state, plan);
    plan->frame.params = batch->params;
    plan->frame.seed = batch->seed;
    plan->frame.first = 0;
    plan->operand_count = batch->operand_count;
    plan->input_count = state->signature->input_count;
    plan->written_count = state->signature->output_count + (state->has_mask ? 1 : 0);
    plan->mask = lanes_signature_operand_count(state->signature);
    plan->keeps_outputs = may_raise || batch->has_where != 0;
    /* Of failures the loop knows its own order only; a mask tells which they were. */
    plan->is_scanned = may_raise && !plan->space.is_c_order;
    plan->finds_failures = plan->is_scanned && !state->has_mask;
    plan->frame.base[plan->mask] = NULL;
    fill_operands(state, plan);
    lanes_engine_choose_access(plan);
    plan->key.streams = may_stream(state, plan) ? 1 : 0;
}

lanes_status lanes_engine_plan_batch(const lanes_engine_batch *batch,
                                     const lanes_engine_kernel *kernel,
                                     lanes_engine_plan *out_plan, lanes_error *err)
{
    struct plan_state state;
    state.batch = batch;
    state.kernel = kernel;
    state.signature = &kernel->signature;
    state.has_mask = batch->errors == LANES_ERRORS_MASK;
    state.count = 0;
    LANES_TRY(check_operand_count(&state, err));
    LANES_TRY(check_dtypes(&state, err));
    LANES_TRY(check_rows(&state, err));
    LANES_TRY(check_params(&state, err));
    LANES_TRY(check_shape(&state, err));
    LANES_TRY(check_memory(&state, err));
    if (state.count > 0) {
        LANES_TRY(check_overlap(&state, err));
    }
    out_plan->count = state.count;
    make_key(&state, &out_plan->key);
    if (state.count > 0) { /* else nothing will run */
        fill_plan(&state, out_plan);
    }
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
