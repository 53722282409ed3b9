/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layouts.c - see layouts.h.
 */
#include "layouts.h"

#include "kernel/dtype.h"

_Alignas(64) char area[LANES_OPERANDS_MAX][AREA_BYTES];

static uint64_t random_state = 20240229;

uint32_t random_below(uint32_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 16) % limit;
}

bool one_of(uint32_t limit)
{
    return random_below(limit) == 0;
}

uint64_t random_shape(lanes_engine_batch *batch, uint32_t most)
{
    uint64_t count = 1;
    batch->dimensions = 1 + random_below(most);
    const uint32_t long_dimension = random_below(2 * batch->dimensions);
    for (uint32_t d = 0; d < batch->dimensions; d++) {
        batch->shape[d] = 1 + random_below(4);
        if (d == long_dimension) {
            batch->shape[d] = 100 + random_below(batch->dimensions < 3 ? 3000 : 200);
        }
        while (count * batch->shape[d] > 6000) {
            batch->shape[d] = (batch->shape[d] + 1) / 2;
        }
        count *= batch->shape[d];
    }
    return count;
}

static void shuffle(uint32_t *order, uint32_t count)
{
    for (uint32_t i = count; i-- > 1;) {
        const uint32_t other = random_below(i + 1);
        const uint32_t kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
}

/* Bytes from the lowest to behind the highest. */
static uint64_t extent_of(const lanes_engine_batch *batch, const int64_t *stride,
                          uint64_t bytes, uint64_t *out_below)
{
    *out_below = 0;
    for (uint32_t d = 0; d < batch->dimensions; d++) {
        const int64_t reach = (int64_t)(batch->shape[d] - 1) * stride[d];
        bytes += (uint64_t)(reach < 0 ? -reach : reach);
        *out_below += (uint64_t)(reach < 0 ? -reach : 0);
    }
    return bytes;
}

static void choose_strides(const lanes_engine_batch *batch, uint64_t bytes,
                           enum layout_kind kind, int64_t *out)
{
    const bool is_tame = one_of(2);
    const bool is_reversed = one_of(8);
    uint32_t order[LANES_DIMENSIONS_MAX];
    for (uint32_t d = 0; d < batch->dimensions; d++) {
        order[d] = batch->dimensions - 1 - d;
    }
    if (!is_tame || one_of(4)) {
        shuffle(order, batch->dimensions);
    }
    uint64_t covered = bytes;
    for (uint32_t i = 0; i < batch->dimensions; i++) {
        const uint32_t d = order[i];
        uint64_t step = covered;
        if (!is_tame && one_of(3)) {
            step += one_of(2) ? bytes * (1 + random_below(3)) : 1 + random_below(7);
        }
        covered = step * batch->shape[d];
        const bool is_backwards = is_reversed || (!is_tame && one_of(4));
        out[d] = is_backwards ? -(int64_t)step : (int64_t)step;
        if (kind == LAYOUT_INPUT && one_of(is_tame ? 12 : 5)) {
            out[d] = one_of(2) ? 0 : (int64_t)random_below(33) - 16;
        }
    }
}

void random_layout(lanes_engine_batch *batch, uint32_t k, uint32_t dtype,
                   uint32_t row_count, enum layout_kind kind)
{
    lanes_engine_operand *operand = &batch->operand[k];
    const uint64_t bytes =
        (uint64_t)lanes_dtype_bytes(dtype) * (row_count != 0 ? row_count : 1);
    uint64_t below;
    *operand = (lanes_engine_operand){
        .segment_base = area[k],
        .segment_bytes = AREA_BYTES,
        .segment_key = k + 1,
        .dtype = dtype,
        .row_count = row_count,
    };
    do {
        choose_strides(batch, bytes, kind, operand->stride);
    } while (extent_of(batch, operand->stride, bytes, &below) + 256 > AREA_BYTES);
    if (kind == LAYOUT_INPUT && one_of(6)) { /* one element for all */
        for (uint32_t d = 0; d < batch->dimensions; d++) {
            operand->stride[d] = 0;
        }
    }
    operand->offset = below + 64 + (one_of(2) ? random_below(64) : 0);
}

char *element_of(const lanes_engine_batch *batch, uint32_t k, uint64_t flat_index)
{
    const lanes_engine_operand *operand = &batch->operand[k];
    char *at = operand->segment_base + operand->offset;
    for (uint32_t d = batch->dimensions; d-- > 0;) {
        at += (int64_t)(flat_index % batch->shape[d]) * operand->stride[d];
        flat_index /= batch->shape[d];
    }
    return at;
}
