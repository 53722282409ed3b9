/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_check.c - is this batch allowed?
 *
 * Every text names the operand by its index, inputs first, the value and the limit: the
 * reader sees only the message, in a traceback of another language.
 */
#include "engine/engine_check.h"

#include <inttypes.h>
#include <stdio.h>

#include "engine/engine_span.h"

LANES_ENGINE_SPAN_DEFINE(span_fits, uint64_t, int64_t, INT64_MAX)

#define PARAMS_ALIGNMENT 16u /* as malloc aligns what callbacks get elsewhere */

static lanes_status check_operand_count(const lanes_engine_draft *state, lanes_error *err)
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
static lanes_status check_cast(const lanes_engine_draft *state, uint32_t operand,
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

static lanes_status check_flag(const lanes_engine_draft *state, uint32_t operand,
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

/* What a reduction makes of the kernel's results is its own; else as any output. */
static lanes_status check_reduced_dtype(const lanes_engine_draft *state, uint32_t operand,
                                        lanes_error *err)
{
    const uint32_t op = state->batch->reduce;
    const uint32_t own = state->signature->dtype[operand];
    const uint32_t array = state->batch->operand[operand].dtype;
    const bool is_ordered = op == LANES_REDUCE_MIN || op == LANES_REDUCE_MAX;
    if ((is_ordered || lanes_reduce_is_arg(op)) && lanes_dtype_part_count(own) != 1) {
        return lanes_error_set(err, LANES_E_DTYPE,
                               "operand %u: the kernel gives %s, and complex numbers "
                               "have no order: reduce by sum, prod, any or all",
                               operand, lanes_dtype_name(own));
    }
    if (is_ordered && lanes_dtype_part_count(array) != 1) {
        return lanes_error_set(err, LANES_E_DTYPE,
                               "operand %u is %s (dtype %u), which has no order: give %s "
                               "a real array",
                               operand, lanes_dtype_name(array), array,
                               lanes_reduce_name(op));
    }
    if (op == LANES_REDUCE_SUM || op == LANES_REDUCE_PROD || is_ordered) {
        return own == array ? LANES_OK : check_cast(state, operand, err);
    }
    const uint32_t wanted = lanes_reduce_is_arg(op) ? LANES_I8 : LANES_BOOL;
    if (array == wanted) {
        return LANES_OK;
    }
    return lanes_error_set(
        err, LANES_E_DTYPE, "operand %u is %s (dtype %u); results of %s are %s", operand,
        lanes_dtype_name(array), array, lanes_reduce_name(op), lanes_dtype_name(wanted));
}

static lanes_status check_dtype(const lanes_engine_draft *state, uint32_t operand,
                                lanes_error *err)
{
    if (is_mask(state, operand) || is_where(state, operand)) {
        return check_flag(state, operand, err);
    }
    const bool is_own =
        state->batch->operand[operand].dtype == state->signature->dtype[operand];
    if (lanes_reduce_is_by_kernel(state->batch->reduce) && !is_own) {
        return lanes_error_set(
            err, LANES_E_DTYPE,
            "operand %u is %s (dtype %u); a kernel that %s by itself converts "
            "nothing, and takes %s",
            operand, lanes_dtype_name(state->batch->operand[operand].dtype),
            state->batch->operand[operand].dtype, is_scan(state) ? "scans" : "reduces",
            lanes_dtype_name(state->signature->dtype[operand]));
    }
    if (is_reduced(state, operand) && state->batch->reduce != LANES_REDUCE_KERNEL) {
        return check_reduced_dtype(state, operand, err);
    }
    return is_own ? LANES_OK : check_cast(state, operand, err);
}

static lanes_status check_dtypes(const lanes_engine_draft *state, lanes_error *err)
{
    for (uint32_t i = 0; i < state->batch->operand_count; i++) {
        LANES_TRY(check_dtype(state, i, err));
    }
    return LANES_OK;
}

static lanes_status check_rows(const lanes_engine_draft *state, lanes_error *err)
{
    for (uint32_t i = 0; i < state->batch->operand_count; i++) {
        const uint32_t row_count = state->batch->operand[i].row_count;
        if (!is_row(state, i)) {
            if (row_count != 0) {
                return lanes_error_set(err, LANES_E_PARAMS,
                                       "operand %u is not a row operand: row_count %u "
                                       "must be 0",
                                       i, row_count);
            }
            continue;
        }
        if (row_count == 0 || row_count > INT32_MAX) {
            return lanes_error_set(err, LANES_E_PARAMS,
                                   "operand %u is a row operand: row_count %u must be "
                                   "1 .. %d (the length of the last axis)",
                                   i, row_count, INT32_MAX);
        }
        if (row_count < state->kernel->row_minimum[i]) {
            return lanes_error_set(err, LANES_E_PARAMS,
                                   "operand %u has rows of %u elements; the kernel reads "
                                   "%u of each: make the last axis at least that long",
                                   i, row_count, state->kernel->row_minimum[i]);
        }
    }
    return LANES_OK;
}

static lanes_status check_params(const lanes_engine_draft *state, lanes_error *err)
{
    const lanes_engine_batch *batch = state->batch;
    /* With no least size it is not looked at: SciPy's user_data that nobody uses. */
    if (batch->params == NULL && state->kernel->params_bytes > 0) {
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
    if (batch->params_bytes < state->kernel->params_bytes) {
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

static lanes_status check_shape(lanes_engine_draft *state, lanes_error *err)
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

/* Not every kernel can be given its own results. */
static lanes_status check_combiner(const lanes_engine_draft *state, lanes_error *err)
{
    if (!lanes_reduce_is_combiner(state->signature)) {
        char text[LANES_SIGNATURE_TEXT_MAX];
        lanes_signature_format(state->signature, text);
        return lanes_error_set(err, LANES_E_OPERANDS,
                               "the kernel is %s; one that %s by itself takes two "
                               "numbers of one dtype and gives one of the same",
                               text, is_scan(state) ? "scans" : "reduces");
    }
    if (state->kernel->keeps_order != 0) {
        return lanes_error_set(
            err, LANES_E_OPERANDS,
            "the kernel uses random numbers, which belong to elements; "
            "it cannot %s by itself",
            is_scan(state) ? "scan" : "reduce");
    }
    return LANES_OK;
}

/* A scan goes along one dimension; of length 1 there may be more. */
static lanes_status check_scanned(const lanes_engine_draft *state, lanes_error *err)
{
    const lanes_engine_batch *batch = state->batch;
    char names[64] = "";
    size_t used = 0;
    uint32_t long_count = 0;
    uint32_t count = 0;
    for (uint32_t d = 0; d < batch->dimensions; d++) {
        if ((batch->reduce_axes >> d & 1u) == 0) {
            continue;
        }
        count++;
        if (batch->shape[d] > 1) {
            used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%u",
                                     long_count++ > 0 ? ", " : "", d);
        }
    }
    if (count == 0) {
        return lanes_error_set(err, LANES_E_SHAPE,
                               "reduce_axes names none of the %u dimensions; a scan goes "
                               "along one: name it",
                               batch->dimensions);
    }
    if (long_count > 1) {
        return lanes_error_set(err, LANES_E_SHAPE,
                               "reduce_axes names dimensions %s; a scan goes along one, "
                               "and others that it names have length 1",
                               names);
    }
    return LANES_OK;
}

/* An element's index says which random numbers it gets, and which place it has. */
static lanes_status check_places(const lanes_engine_draft *state, lanes_error *err)
{
    const lanes_engine_batch *batch = state->batch;
    bool is_last = true;
    bool is_along = false;
    for (uint32_t d = 0; d < batch->dimensions; d++) {
        const bool is_reduced_axis = (batch->reduce_axes >> d & 1u) != 0;
        is_last = is_last && (is_reduced_axis || batch->shape[d] <= 1 || !is_along);
        is_along = is_along || (is_reduced_axis && batch->shape[d] > 1);
    }
    if (!is_last) {
        return lanes_error_set(err, LANES_E_SHAPE,
                               "%s of a kernel that uses random numbers is found along "
                               "the last dimensions only: move the reduced ones there",
                               lanes_reduce_name(batch->reduce));
    }
    return LANES_OK;
}

/* Outputs of a reduction have one element along reduced axes; shape is checked. */
static lanes_status check_reduction(const lanes_engine_draft *state, lanes_error *err)
{
    const lanes_engine_batch *batch = state->batch;
    const uint32_t op = batch->reduce;
    if (lanes_reduce_is_by_kernel(op)) {
        LANES_TRY(check_combiner(state, err));
    }
    if (is_scan(state)) {
        LANES_TRY(check_scanned(state, err));
    }
    if (state->kernel->keeps_order != 0 && lanes_reduce_is_arg(op)) {
        LANES_TRY(check_places(state, err));
    }
    for (uint32_t i = 0; i < batch->operand_count; i++) {
        const bool stands_still = is_reduced(state, i) || is_start(state, i);
        for (uint32_t d = 0; d < batch->dimensions && stands_still; d++) {
            if ((batch->reduce_axes >> d & 1u) != 0 && batch->shape[d] > 1 &&
                batch->operand[i].stride[d] != 0) {
                return lanes_error_set(
                    err, LANES_E_SHAPE,
                    "operand %u, %s, has stride %" PRId64
                    " along dimension %u, which is %s; its stride there is 0",
                    i, is_start(state, i) ? "where values begin" : "an output",
                    batch->operand[i].stride[d], d,
                    is_scan(state) ? "scanned" : "reduced");
            }
        }
    }
    const bool has_none = op == LANES_REDUCE_NONE || op == LANES_REDUCE_SUM ||
                          op == LANES_REDUCE_PROD || op == LANES_REDUCE_ANY ||
                          op == LANES_REDUCE_ALL || lanes_reduce_is_by_kernel(op);
    uint64_t kept;
    uint64_t reduced;
    lanes_engine_count_reduced(batch, &kept, &reduced);
    if (!has_none && reduced == 0 && kept != 0) {
        return lanes_error_set(err, LANES_E_SHAPE,
                               "the batch has no elements along the reduced axes and "
                               "%s has no identity: give it some, or skip it",
                               lanes_reduce_name(op));
    }
    return LANES_OK;
}

static lanes_status refuse_span(const lanes_engine_draft *state, uint32_t operand,
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

static lanes_status check_memory(lanes_engine_draft *state, lanes_error *err)
{
    const lanes_engine_batch *batch = state->batch;
    for (uint32_t i = 0; i < batch->operand_count; i++) {
        const lanes_engine_operand *operand = &batch->operand[i];
        uint64_t shape[LANES_DIMENSIONS_MAX];
        uint64_t count = 1; /* no product is larger than the batch's */
        for (uint32_t d = 0; d < batch->dimensions; d++) {
            shape[d] = length_of(state, i, d);
            count *= shape[d] != 0;
        }
        state->extent[i].low = 0;
        state->extent[i].high = 0;
        if (count == 0) {
            continue;
        }
        const struct span_fits_memory memory = {operand->segment_bytes, operand->offset,
                                                element_bytes(state, i)};
        if (!span_fits(&memory, batch->dimensions, shape, operand->stride,
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

static lanes_status check_overlap(lanes_engine_draft *state, lanes_error *err)
{
    for (uint32_t i = 0; i < state->batch->operand_count; i++) {
        lanes_engine_extent *extent = &state->extent[i];
        extent->element_bytes = element_bytes(state, i);
        extent->is_output = is_output(state, i);
        extent->is_mask = is_mask(state, i);
        extent->is_row = is_row(state, i);
        extent->is_reduced = is_reduced(state, i);
        extent->is_start = is_start(state, i) && !is_scan(state);
        extent->is_scan_start = is_start(state, i) && is_scan(state);
        extent->reduced_axes = state->batch->reduce_axes;
    }
    return lanes_engine_check_overlap(state->batch, state->extent, err);
}

lanes_status lanes_engine_check_batch(lanes_engine_draft *state, lanes_error *err)
{
    LANES_TRY(check_operand_count(state, err));
    LANES_TRY(check_dtypes(state, err));
    LANES_TRY(check_rows(state, err));
    LANES_TRY(check_params(state, err));
    LANES_TRY(check_shape(state, err));
    LANES_TRY(check_reduction(state, err));
    LANES_TRY(check_memory(state, err));
    return check_overlap(state, err);
}

bool lanes_engine_span_fits(uint64_t segment_bytes, uint64_t offset, int64_t stride,
                            uint64_t count, uint32_t element_bytes, uint64_t *out_low,
                            uint64_t *out_high)
{
    const struct span_fits_memory memory = {segment_bytes, offset, element_bytes};
    return count <= LANES_COUNT_MAX &&
           span_fits(&memory, 1, &count, &stride, out_low, out_high);
}
