/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_plan.c - which variant runs a batch, and how its operands get there.
 */
#include "engine/engine_check.h"

/* True if an input is one element for the whole batch. */
static bool is_uniform(const lanes_engine_draft *state, uint32_t operand)
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

static void make_key(const lanes_engine_draft *state, lanes_variant_key *key)
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
    key->reduce = (uint8_t)state->batch->reduce;
    if (state->batch->reduce != LANES_REDUCE_NONE && !is_scan(state)) {
        key->folds = lanes_engine_choose_fold(state->batch, state->signature->input_count,
                                              state->kernel->keeps_order != 0);
    }
    for (uint32_t i = state->signature->input_count; i < own && key->folds != 0; i++) {
        key->layout[i] = LANES_LAYOUT_UNIFORM;
    }
    if (lanes_reduce_is_by_kernel(state->batch->reduce)) { /* accumulators, elements */
        const bool is_one = key->folds != 0 || is_scan(state);
        key->layout[0] = is_one ? LANES_LAYOUT_UNIFORM : LANES_LAYOUT_CONTIGUOUS;
        key->layout[1] = LANES_LAYOUT_CONTIGUOUS;
    }
}

/* The dimensions that are run inside: those whose neighbours a unit takes together. */
static uint32_t inner_dimensions(const lanes_engine_draft *state,
                                 const lanes_engine_plan *plan)
{
    if (state->batch->reduce == LANES_REDUCE_NONE) {
        return 0;
    }
    const bool is_along = plan->key.folds != 0 || is_scan(state);
    return is_along ? state->batch->reduce_axes : ~state->batch->reduce_axes;
}

/*
 * Dimensions that are run in C order whatever the strides: of equal elements the first
 * has the place, kernels need not commute, and scans have a direction.
 */
static uint32_t ordered_dimensions(const lanes_engine_draft *state)
{
    const bool is_ordered = lanes_reduce_is_arg(state->batch->reduce) ||
                            state->batch->reduce == LANES_REDUCE_KERNEL || is_scan(state);
    return is_ordered ? state->batch->reduce_axes : 0;
}

static void make_space(const lanes_engine_draft *state, lanes_engine_plan *plan)
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
        .inner = inner_dimensions(state, plan),
        .ordered = ordered_dimensions(state),
    };
    lanes_engine_space_make(&axes, &plan->space);
}

/* Address of loop index 0; of an operand without elements, whose offset may be any, that
 * of its segment. */
static char *base_of(const lanes_engine_draft *state, const lanes_engine_plan *plan,
                     uint32_t k)
{
    const lanes_engine_operand *operand = &state->batch->operand[k];
    const bool is_empty = state->extent[k].low == state->extent[k].high;
    return operand->segment_base +
           (is_empty ? 0 : (int64_t)operand->offset + plan->space.start[k]);
}

static void fill_operands(const lanes_engine_draft *state, lanes_engine_plan *plan)
{
    const lanes_engine_batch *batch = state->batch;
    const uint32_t inner = plan->space.dimensions - 1;
    plan->element_bytes = 0;
    for (uint32_t i = 0; i < batch->operand_count; i++) {
        const lanes_engine_operand *operand = &batch->operand[i];
        const uint32_t slot = is_where(state, i) ? plan->mask + 1 : i;
        plan->slot[i] = (uint8_t)slot;
        plan->element_size[i] = (uint8_t)lanes_dtype_bytes(operand->dtype);
        plan->frame.base[slot] = base_of(state, plan, i);
        plan->frame.stride[slot] = plan->space.stride[i][inner];
        plan->frame.row_count[slot] = (int32_t)operand->row_count;
        if (i >= plan->input_count || plan->key.layout[i] != LANES_LAYOUT_UNIFORM) {
            plan->element_bytes += element_bytes(state, i);
        }
    }
}

/* True if all rows of an operand begin where a line does. */
static bool has_aligned_rows(const lanes_engine_space *space, uint32_t k)
{
    for (uint32_t d = 0; d + 1 < space->dimensions; d++) {
        if (space->stride[k][d] % LANES_STREAM_ALIGNMENT != 0) {
            return false;
        }
    }
    return true;
}

/* True if some output is written run by run. */
static bool writes_by_row(const lanes_engine_plan *plan)
{
    for (uint32_t o = plan->input_count; o < plan->mask; o++) {
        if (plan->access[o] == LANES_ACCESS_RUN) {
            return true;
        }
    }
    return false;
}

/*
 * True if it pays to store outputs past the caches: they are too large to stay there, and
 * nothing reads them, neither as an input in place nor for what `where` keeps. What
 * failing elements keep is read for those only. And if it can be done: outputs are
 * written in place, from the beginnings of lines on. Not in panels, whose rows are a few
 * lines each: x.T of 80 million f8 took three times as long.
 */
static bool may_stream(const lanes_engine_draft *state, const lanes_engine_plan *plan)
{
    const uint64_t least = state->batch->stream_bytes;
    uint64_t bytes;
    if (least == 0 || plan->panel_rows != 0 || plan->key.has_where != 0 ||
        plan->key.reduce != LANES_REDUCE_NONE ||
        (lanes_mul_u64(plan->count, plan->element_bytes, &bytes) && bytes <= least)) {
        return false;
    }
    for (uint32_t o = plan->input_count; o < plan->mask; o++) {
        if (plan->access[o] == LANES_ACCESS_PACKED ||
            (uintptr_t)plan->frame.base[o] % LANES_STREAM_ALIGNMENT != 0 ||
            (plan->writes_by_row && !has_aligned_rows(&plan->space, o))) {
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

static void fill_reduction(const lanes_engine_draft *state, lanes_engine_plan *plan)
{
    const lanes_engine_batch *batch = state->batch;
    lanes_engine_reduction *reduction = &plan->reduction;
    reduction->op = batch->reduce;
    reduction->folds = plan->key.folds != 0 || is_scan(state);
    lanes_engine_count_reduced(batch, &reduction->kept, &reduction->reduced);
    reduction->is_empty =
        reduction->kept > 0 && reduction->reduced == 0 && !is_scan(state);
    for (uint32_t i = plan->input_count; i < plan->mask; i++) {
        plan->output_dtype[i] = batch->operand[i].dtype;
        plan->value_dtype[i] = state->signature->dtype[i];
    }
}

static lanes_status fill_plan(const lanes_engine_draft *state, lanes_engine_plan *plan,
                              lanes_error *err)
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
    plan->tells_index = state->kernel->keeps_order != 0;
    fill_operands(state, plan);
    plan->reduction.op = LANES_REDUCE_NONE;
    if (batch->reduce != LANES_REDUCE_NONE) {
        fill_reduction(state, plan);
    }
    plan->reduction.is_in_order =
        may_raise && (is_scan(state) || batch->reduce == LANES_REDUCE_KERNEL);
    lanes_engine_choose_access(plan);
    plan->writes_by_row = writes_by_row(plan);
    plan->key.streams = may_stream(state, plan) ? 1 : 0;
    if (state->count > 0) {
        LANES_TRY(lanes_engine_flags_create(batch, plan, err));
    }
    if (batch->reduce == LANES_REDUCE_NONE || state->count == 0) {
        return LANES_OK;
    }
    const lanes_status status = lanes_engine_cut_units(plan, err);
    if (status < 0) {
        lanes_engine_plan_deinit(plan);
    }
    return status;
}

lanes_status lanes_engine_plan_batch(const lanes_engine_batch *batch,
                                     const lanes_engine_kernel *kernel,
                                     lanes_engine_plan *out_plan, lanes_error *err)
{
    lanes_engine_draft state;
    state.batch = batch;
    state.kernel = kernel;
    state.signature = &kernel->signature;
    state.has_mask = batch->errors == LANES_ERRORS_MASK;
    state.count = 0;
    LANES_TRY(lanes_engine_check_batch(&state, err));
    out_plan->partial = NULL;
    out_plan->placement = NULL;
    out_plan->flags = NULL;
    out_plan->count = state.count;
    out_plan->work = state.count;
    out_plan->flushes = batch->flushes;
    make_key(&state, &out_plan->key);
    out_plan->reduction = (lanes_engine_reduction){.op = LANES_REDUCE_NONE};
    if (state.count > 0 || (batch->reduce != LANES_REDUCE_NONE && !is_scan(&state))) {
        return fill_plan(&state, out_plan, err);
    }
    return LANES_OK; /* nothing will run */
}
