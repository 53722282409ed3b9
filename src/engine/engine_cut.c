/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_cut.c - reductions: which way they are run, and the units they are cut into.
 *
 * Both follow from the batch's shape and strides alone, never from threads, tiles or
 * slices, so that results have the same bits (engine_reduce.c).
 */
#include "engine/engine_internal.h"

#include <errno.h>
#include <stdlib.h>

#include "kernel/reduce.h"

/*
 * Units of one value: of so many elements each, up to so many units. A unit costs some
 * 10 ns besides its elements, of which cheap ones take 0.02 ns and others a millisecond:
 * so a few that are small, and many where they can be large.
 */
#define FOLD_COUNT_FEW  256u
#define FOLD_UNITS_FEW  64u
#define FOLD_COUNT_MANY 8192u
#define FOLD_UNITS_MANY 512u

/* Rows of a unit, at least, as each segment's values are combined once more; and units
 * that values are cut into, if they make fewer. */
#define ROW_COUNT_MIN 64u
#define ROW_UNITS     128u

/* Where fewer elements than this lie side by side, it is better to run across. */
#define RUN_COUNT_MIN 64u

/* Scans of so many rows, or of shorter ones, are run a row in one go. */
#define SCAN_ROWS_MANY   64u
#define SCAN_COUNT_SHORT 65536u

/* Loops count elements of a call in 30 bits. */
#define SEGMENT_MAX (1u << 28)

static uint64_t divide_up(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

/* ---- Choice --------------------------------------------------------------------------
 */

static bool is_reduced_axis(const lanes_engine_batch *batch, uint32_t d)
{
    return (batch->reduce_axes >> d & 1u) != 0;
}

/* The dimension along which the first input that moves has its neighbours; -1: none. */
static int32_t find_neighbours(const lanes_engine_batch *batch, uint32_t input_count)
{
    const uint32_t first = batch->reduce == LANES_REDUCE_KERNEL ? 1 : 0;
    for (uint32_t k = first; k < input_count; k++) {
        int32_t found = -1;
        for (uint32_t d = 0; d < batch->dimensions; d++) {
            const int64_t *stride = batch->operand[k].stride;
            if (batch->shape[d] > 1 && stride[d] != 0 &&
                (found < 0 || lanes_engine_magnitude(stride[d]) <=
                                  lanes_engine_magnitude(stride[found]))) {
                found = (int32_t)d;
            }
        }
        if (found >= 0) {
            return found;
        }
    }
    return -1;
}

static int32_t find_last(const lanes_engine_batch *batch)
{
    int32_t last = -1;
    for (uint32_t d = 0; d < batch->dimensions; d++) {
        last = batch->shape[d] > 1 ? (int32_t)d : last;
    }
    return last;
}

void lanes_engine_count_reduced(const lanes_engine_batch *batch, uint64_t *out_kept,
                                uint64_t *out_reduced)
{
    *out_kept = 1;
    *out_reduced = 1;
    for (uint32_t d = 0; d < batch->dimensions; d++) {
        *(is_reduced_axis(batch, d) ? out_reduced : out_kept) *= batch->shape[d];
    }
}

bool lanes_engine_choose_fold(const lanes_engine_batch *batch, uint32_t input_count,
                              bool keeps_order)
{
    uint64_t kept;
    uint64_t reduced;
    lanes_engine_count_reduced(batch, &kept, &reduced);
    if (reduced == 0) { /* nothing to run: values are all there is */
        return false;
    }
    if (lanes_reduce_is_arg(batch->reduce) || kept == 1) {
        return true;
    }
    const int32_t last = find_last(batch);
    if (keeps_order && last >= 0) {
        return is_reduced_axis(batch, (uint32_t)last);
    }
    const int32_t nearest = find_neighbours(batch, input_count);
    const bool is_along = nearest < 0 || is_reduced_axis(batch, (uint32_t)nearest);
    const uint64_t along = is_along ? reduced : kept;
    const uint64_t across = is_along ? kept : reduced;
    return along < RUN_COUNT_MIN && across > along ? !is_along : is_along;
}

/* ---- Units ---------------------------------------------------------------------------
 */

static void cut_fold(lanes_engine_reduction *r)
{
    const uint64_t few = lanes_min_u64(divide_up(r->reduced, FOLD_COUNT_FEW),
                                       divide_up(FOLD_UNITS_FEW, r->kept));
    const uint64_t many = lanes_min_u64(divide_up(r->reduced, FOLD_COUNT_MANY),
                                        divide_up(FOLD_UNITS_MANY, r->kept));
    const uint64_t wanted = few > many ? few : many;
    r->width = 1;
    r->segment = divide_up(r->reduced, wanted);
    r->segment += -r->segment % LANES_STREAM_COUNT; /* whole cache lines */
    r->segment = lanes_min_u64(r->segment, SEGMENT_MAX);
    r->segments = divide_up(r->reduced, r->segment);
}

/* Segments of a scan cost it a second pass. */
static void cut_scan(lanes_engine_plan *plan)
{
    lanes_engine_reduction *r = &plan->reduction;
    cut_fold(r);
    if (r->kept >= SCAN_ROWS_MANY || r->reduced < SCAN_COUNT_SHORT) {
        r->segment = r->reduced;
        r->segments = 1;
    }
    if (r->segments > 1 && !r->is_in_order) {
        plan->work = 2 * plan->count;
    }
}

static void cut_rows(lanes_engine_reduction *r, uint64_t bytes)
{
    r->width = LANES_ENGINE_ACCUMULATOR_BYTES / bytes;
    r->width = lanes_min_u64(r->width - r->width % LANES_STREAM_COUNT, r->kept);
    /* Without an identity, rows are not begun in the middle. */
    const uint64_t most =
        r->op == LANES_REDUCE_KERNEL ? 1 : divide_up(r->reduced, ROW_COUNT_MIN);
    const uint64_t columns = divide_up(r->kept, r->width);
    const uint64_t wanted = lanes_min_u64(most, divide_up(ROW_UNITS, columns));
    r->segment = divide_up(r->reduced, wanted);
    r->segments = divide_up(r->reduced, r->segment);
}

lanes_status lanes_engine_cut_units(lanes_engine_plan *plan, lanes_error *err)
{
    lanes_engine_reduction *r = &plan->reduction;
    uint64_t bytes = 0;
    for (uint32_t k = plan->input_count; k < plan->mask; k++) {
        bytes += lanes_engine_value_bytes(plan, k);
    }
    if (r->op == LANES_REDUCE_SCAN) {
        cut_scan(plan);
    } else if (r->folds) {
        cut_fold(r);
    } else {
        cut_rows(r, bytes);
    }
    if (r->segments == 1) {
        return LANES_OK;
    }
    bytes += sizeof(uint8_t); /* has_partial() */
    plan->partial = calloc(1, r->segments * r->kept * bytes +
                                  LANES_OPERANDS_MAX * LANES_ENGINE_VALUE_ALIGNMENT);
    if (plan->partial == NULL) {
        return lanes_error_set(err, -ENOMEM,
                               "no memory for %llu partial results of a reduction",
                               (unsigned long long)(r->segments * r->kept));
    }
    return LANES_OK;
}

void lanes_engine_plan_deinit(lanes_engine_plan *plan)
{
    free(plan->partial);
    plan->partial = NULL;
    free(plan->placement);
    plan->placement = NULL;
    free(plan->flags);
    plan->flags = NULL;
}
