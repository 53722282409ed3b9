/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_overlap.c - may an output share memory with another operand?
 *
 * Elements are computed in any order and by several threads, so an output must be apart
 * from all else, or exactly an input: then each element is read before it is written.
 */
#include "engine/engine_internal.h"

#include <inttypes.h>
#include <stdio.h>

void lanes_engine_format_strides(const lanes_engine_batch *batch, uint32_t operand,
                                 char *text, size_t text_bytes)
{
    const int64_t *stride = batch->operand[operand].stride;
    size_t used = 0;
    for (uint32_t d = 0; d < batch->dimensions && used < text_bytes; d++) {
        used += (size_t)snprintf(text + used, text_bytes - used, "%s%" PRId64,
                                 d == 0 ? "(" : ", ", stride[d]);
    }
    if (used < text_bytes) {
        snprintf(text + used, text_bytes - used, ")");
    }
}

/* ---- Elements of one output ---------------------------------------------------------
 */

/* The dimension with the smallest step that is larger than those seen; -1: none. */
static int32_t next_dimension(const lanes_engine_batch *batch, uint32_t operand,
                              uint32_t seen)
{
    int32_t found = -1;
    for (uint32_t d = 0; d < batch->dimensions; d++) {
        const int64_t *stride = batch->operand[operand].stride;
        if ((seen >> d & 1u) == 0 && batch->shape[d] > 1 &&
            (found < 0 ||
             lanes_engine_magnitude(stride[d]) < lanes_engine_magnitude(stride[found]))) {
            found = (int32_t)d;
        }
    }
    return found;
}

/*
 * Two elements of an output may be one place in memory unless each dimension steps over
 * all that the dimensions with smaller steps cover. Exotic strides that interleave
 * without touching are refused with the others.
 */
static lanes_status check_apart(const lanes_engine_batch *batch,
                                const lanes_engine_extent *extent, uint32_t output,
                                lanes_error *err)
{
    uint64_t covered = extent[output].element_bytes;
    uint32_t seen = extent[output].is_reduced ? extent[output].reduced_axes : 0;
    for (int32_t d; (d = next_dimension(batch, output, seen)) >= 0; seen |= 1u << d) {
        const uint64_t step = lanes_engine_magnitude(batch->operand[output].stride[d]);
        if (step < covered) {
            char strides[192];
            lanes_engine_format_strides(batch, output, strides, sizeof(strides));
            return lanes_error_set(
                err, LANES_E_OVERLAP,
                "operand %u, %s, has strides %s: elements of %" PRIu64 " bytes "
                "share memory along dimension %d; give it an array "
                "of its own",
                output, extent[output].is_mask ? "the mask" : "an output", strides,
                extent[output].element_bytes, d);
        }
        covered += (batch->shape[d] - 1) * step; /* inside the segment */
    }
    return LANES_OK;
}

/* ---- Two operands -------------------------------------------------------------------
 */

static bool is_same_array(const lanes_engine_batch *batch, uint32_t a, uint32_t b)
{
    const lanes_engine_operand *left = &batch->operand[a];
    const lanes_engine_operand *right = &batch->operand[b];
    for (uint32_t d = 0; d < batch->dimensions; d++) {
        if (batch->shape[d] > 1 && left->stride[d] != right->stride[d]) {
            return false;
        }
    }
    return left->offset == right->offset && left->dtype == right->dtype;
}

static uint64_t greatest_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        const uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/*
 * The bytes that an operand covers without dimensions of steps >= @p threshold, whose
 * greatest common divisor *step becomes a divisor of.
 */
static uint64_t cover_inside(const lanes_engine_batch *batch,
                             const lanes_engine_extent *extent, uint32_t operand,
                             uint64_t threshold, uint64_t *step)
{
    uint64_t covered = extent[operand].element_bytes;
    for (uint32_t d = 0; d < batch->dimensions; d++) {
        const uint64_t own = lanes_engine_magnitude(batch->operand[operand].stride[d]);
        if (batch->shape[d] <= 1) {
            continue; /* of a reduction of nothing it may be 0 */
        }
        if (own >= threshold) {
            *step = greatest_divisor(*step, own);
        } else {
            covered += (batch->shape[d] - 1) * own; /* inside the segment */
        }
    }
    return covered;
}

/*
 * True if the two do not meet within one step, when each dimension of steps >= @p
 * threshold goes by multiples of it and the others cover all between their ends.
 */
static bool is_apart_within_step(const lanes_engine_batch *batch,
                                 const lanes_engine_extent *extent, uint32_t a,
                                 uint32_t b, uint64_t threshold)
{
    uint64_t step = 0;
    const uint64_t a_bytes = cover_inside(batch, extent, a, threshold, &step);
    const uint64_t b_bytes = cover_inside(batch, extent, b, threshold, &step);
    LANES_ASSERT(step != 0); /* the threshold is one of theirs */
    /* From where a begins to where b does, going up and round. */
    const uint64_t from_a = extent[a].low % step;
    const uint64_t from_b = extent[b].low % step;
    const uint64_t gap = from_b >= from_a ? from_b - from_a : step - (from_a - from_b);
    return gap >= a_bytes && step - gap >= b_bytes;
}

/*
 * True if the two lie in each other's gaps: the real and the imaginary parts of complex
 * numbers, columns or rows of one matrix, its left and its right half.
 */
static bool is_interleaved(const lanes_engine_batch *batch,
                           const lanes_engine_extent *extent, uint32_t a, uint32_t b)
{
    for (uint32_t d = 0; d < 2 * batch->dimensions; d++) {
        const uint32_t of = d % 2 == 0 ? a : b;
        const uint64_t threshold =
            lanes_engine_magnitude(batch->operand[of].stride[d / 2]);
        if (batch->shape[d / 2] > 1 && threshold > 0 &&
            is_apart_within_step(batch, extent, a, b, threshold)) {
            return true;
        }
    }
    return false;
}

/* Why an output may not overlap `other`, for the error text. */
static const char *overlap_rule(const lanes_engine_extent *extent, uint32_t output,
                                uint32_t other)
{
    if (extent[output].is_mask) {
        return "the mask must be apart from all others";
    }
    if (extent[other].is_output) {
        return "two outputs must be apart";
    }
    if (extent[output].is_reduced) {
        return "a reduction's output must be apart from its inputs";
    }
    if (extent[other].is_scan_start) {
        return "where a scan begins must be apart from its output";
    }
    return extent[other].is_row ? "rows and outputs must be apart"
                                : "it must be apart or exactly the same array";
}

static lanes_status check_pair(const lanes_engine_batch *batch,
                               const lanes_engine_extent *extent, uint32_t output,
                               uint32_t other, lanes_error *err)
{
    const bool is_later = extent[other].is_output && other >= output; /* each pair once */
    if (is_later ||
        batch->operand[output].segment_key != batch->operand[other].segment_key ||
        extent[output].high <= extent[other].low ||
        extent[other].high <= extent[output].low) {
        return LANES_OK;
    }
    /*
     * In place each element is read before it is written. Not so with rows, which other
     * elements may share, nor with the mask: elements that failed are read once more; and
     * a reduction writes when some have been read and others have not, as a scan does
     * where it begins.
     */
    const bool may_be_same = !extent[other].is_output && !extent[other].is_row &&
                             !extent[output].is_mask && !extent[other].is_scan_start &&
                             (!extent[output].is_reduced || extent[other].is_start);
    if ((may_be_same && is_same_array(batch, output, other)) ||
        is_interleaved(batch, extent, output, other)) {
        return LANES_OK;
    }
    return lanes_error_set(err, LANES_E_OVERLAP,
                           "operand %u, %s (bytes %" PRIu64 " to %" PRIu64
                           "), overlaps operand %u (bytes %" PRIu64 " to %" PRIu64
                           ") of the same segment; %s",
                           output, extent[output].is_mask ? "the mask" : "an output",
                           extent[output].low, extent[output].high, other,
                           extent[other].low, extent[other].high,
                           overlap_rule(extent, output, other));
}

static lanes_status check_params(const lanes_engine_batch *batch,
                                 const lanes_engine_extent *extent, uint32_t output,
                                 lanes_error *err)
{
    const uint64_t low = batch->params_offset;
    const uint64_t high = low + batch->params_bytes; /* inside its segment */
    if (batch->params == NULL || low == high ||
        batch->params_key != batch->operand[output].segment_key ||
        low >= extent[output].high || high <= extent[output].low) {
        return LANES_OK;
    }
    return lanes_error_set(err, LANES_E_OVERLAP,
                           "operand %u, %s (bytes %" PRIu64 " to %" PRIu64
                           "), overlaps the params block (bytes %" PRIu64 " to %" PRIu64
                           ") of the same segment; they must be apart",
                           output, extent[output].is_mask ? "the mask" : "an output",
                           extent[output].low, extent[output].high, low, high);
}

static lanes_status check_operand(const lanes_engine_batch *batch,
                                  const lanes_engine_extent *extent, uint32_t operand,
                                  lanes_error *err)
{
    if (!extent[operand].is_output || extent[operand].low == extent[operand].high) {
        return LANES_OK;
    }
    LANES_TRY(check_apart(batch, extent, operand, err));
    for (uint32_t other = 0; other < batch->operand_count; other++) {
        LANES_TRY(check_pair(batch, extent, operand, other, err));
    }
    return check_params(batch, extent, operand, err);
}

lanes_status lanes_engine_check_overlap(const lanes_engine_batch *batch,
                                        const lanes_engine_extent *extent,
                                        lanes_error *err)
{
    for (uint32_t i = 0; i < batch->operand_count; i++) {
        LANES_TRY(check_operand(batch, extent, i, err));
    }
    return LANES_OK;
}
