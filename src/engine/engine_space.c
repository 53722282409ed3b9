/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_space.c - see engine_space.h.
 *
 * No product here overflows: the check of spans has walked each operand from end to end.
 */
#include "engine/engine_space.h"

/* A dimension of the batch that is longer than 1. */
struct axis {
    uint32_t dimension;
    bool is_inner;   /* of axes->inner */
    bool is_ordered; /* of axes->ordered */
    int64_t step;    /* of the flat index */
};

/* True if an axis must not be moved or turned within its group. */
static bool is_fixed(const lanes_engine_axes *axes, const struct axis *axis)
{
    return axes->keeps_order || axis->is_ordered;
}

/* Outputs first: a store in small steps is worth more than a load. */
static uint32_t nth_by_weight(const lanes_engine_axes *axes, uint32_t n)
{
    const uint32_t output_count = axes->operand_count - axes->input_count;
    return n < output_count ? axes->input_count + n : n - output_count;
}

/* True if @p a should run inside @p b: the first operand that both move decides. */
static bool belongs_inside(const lanes_engine_axes *axes, const struct axis *a,
                           const struct axis *b)
{
    if (a->is_inner != b->is_inner) {
        return a->is_inner;
    }
    for (uint32_t n = 0; n < axes->operand_count && !is_fixed(axes, a); n++) {
        const int64_t *stride = axes->stride[nth_by_weight(axes, n)];
        const uint64_t of_a = lanes_engine_magnitude(stride[a->dimension]);
        const uint64_t of_b = lanes_engine_magnitude(stride[b->dimension]);
        if (of_a != 0 && of_b != 0 && of_a != of_b) {
            return of_a < of_b;
        }
    }
    return false;
}

/*
 * Insertion, which leaves axes in C order where no operand says otherwise; true if it
 * left all of them.
 */
static bool sort(const lanes_engine_axes *axes, struct axis *axis, uint32_t count)
{
    bool is_sorted = true;
    for (uint32_t i = 1; i < count; i++) {
        const struct axis moved = axis[i];
        uint32_t at = i;
        while (at > 0 && belongs_inside(axes, &axis[at - 1], &moved)) {
            axis[at] = axis[at - 1];
            at--;
        }
        axis[at] = moved;
        is_sorted = is_sorted && at == i;
    }
    return is_sorted;
}

/* True if every operand that moves along an axis moves backwards. */
static bool is_backwards(const lanes_engine_axes *axes, uint32_t dimension)
{
    bool some = false;
    for (uint32_t k = 0; k < axes->operand_count; k++) {
        if (axes->stride[k][dimension] > 0) {
            return false;
        }
        some = some || axes->stride[k][dimension] < 0;
    }
    return some;
}

/* Lets the loops begin at the far end of an axis, which the check of spans has seen. */
static void turn_around(const lanes_engine_axes *axes, struct axis *axis,
                        lanes_engine_space *space)
{
    const int64_t last = (int64_t)axes->shape[axis->dimension] - 1;
    for (uint32_t k = 0; k < axes->operand_count; k++) {
        space->start[k] += last * axes->stride[k][axis->dimension];
    }
    space->flat_start += (uint64_t)(last * axis->step);
    axis->step = -axis->step;
    space->is_c_order = false;
}

/* The stride of operand @p k along an axis, in the direction in which it is run. */
static int64_t stride_along(const lanes_engine_axes *axes, const struct axis *axis,
                            uint32_t k)
{
    const int64_t stride = axes->stride[k][axis->dimension];
    return axis->step < 0 ? -stride : stride;
}

static bool can_merge(const lanes_engine_axes *axes, const lanes_engine_space *space,
                      uint32_t outer, const struct axis *inner)
{
    const int64_t length = (int64_t)axes->shape[inner->dimension];
    for (uint32_t k = 0; k < axes->operand_count; k++) {
        int64_t whole; /* one step more than the check of spans has made */
        if (__builtin_mul_overflow(stride_along(axes, inner, k), length, &whole) ||
            space->stride[k][outer] != whole) {
            return false;
        }
    }
    return true;
}

/* True if two neighbours may become one: of one group, and where order counts, in C order
 * as well. */
static bool may_merge(const lanes_engine_axes *axes, const struct axis *outer,
                      const struct axis *inner)
{
    const int64_t whole = inner->step * (int64_t)axes->shape[inner->dimension];
    return outer->is_inner == inner->is_inner &&
           (!axes->keeps_order || outer->step == whole);
}

/* Appends an axis to the loops, or makes the innermost, of @p before, so much longer. */
static void append(const lanes_engine_axes *axes, const struct axis *before,
                   const struct axis *axis, lanes_engine_space *space)
{
    const uint64_t length = axes->shape[axis->dimension];
    uint32_t at = space->dimensions;
    if (at > 0 && may_merge(axes, before, axis) && can_merge(axes, space, at - 1, axis)) {
        at--;
        space->shape[at] *= length;
    } else {
        space->shape[at] = length;
        space->dimensions++;
    }
    for (uint32_t k = 0; k < axes->operand_count; k++) {
        space->stride[k][at] = stride_along(axes, axis, k);
    }
    space->axis_shape[space->axis_count] = length;
    space->axis_step[space->axis_count] = axis->step;
    space->axis_count++;
}

/* The axes in C order; returns how many. */
static uint32_t collect(const lanes_engine_axes *axes, struct axis *out)
{
    uint32_t count = 0;
    for (uint32_t d = 0; d < axes->dimensions; d++) {
        if (axes->shape[d] > 1) {
            out[count].is_inner = (axes->inner >> d & 1u) != 0;
            out[count].is_ordered = (axes->ordered >> d & 1u) != 0;
            out[count++].dimension = d;
        }
    }
    uint64_t step = 1; /* with no elements, sizes may be any, and steps mean nothing */
    for (uint32_t i = count; i-- > 0;) {
        out[i].step = (int64_t)step;
        step *= axes->shape[out[i].dimension];
    }
    return count;
}

/* Then nothing has checked where the elements would be. */
static bool has_no_elements(const lanes_engine_axes *axes)
{
    for (uint32_t d = 0; d < axes->dimensions; d++) {
        if (axes->shape[d] == 0) {
            return true;
        }
    }
    return false;
}

void lanes_engine_space_make(const lanes_engine_axes *axes, lanes_engine_space *out)
{
    struct axis axis[LANES_DIMENSIONS_MAX];
    const uint32_t count = collect(axes, axis);
    const bool may_turn = !has_no_elements(axes);
    out->dimensions = 0;
    out->axis_count = 0;
    out->flat_start = 0;
    out->is_c_order = sort(axes, axis, count);
    for (uint32_t k = 0; k < axes->operand_count; k++) {
        out->start[k] = 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (may_turn && !is_fixed(axes, &axis[i]) &&
            is_backwards(axes, axis[i].dimension)) {
            turn_around(axes, &axis[i], out);
        }
        append(axes, i > 0 ? &axis[i - 1] : NULL, &axis[i], out);
    }
    if (count == 0) { /* one element */
        out->dimensions = 1;
        out->shape[0] = 1;
        for (uint32_t k = 0; k < axes->operand_count; k++) {
            out->stride[k][0] = 0;
        }
    }
}

uint64_t lanes_engine_space_flat(const lanes_engine_space *space, uint64_t loop_index)
{
    uint64_t flat = space->flat_start;
    for (uint32_t i = space->axis_count; i-- > 0;) {
        const uint64_t at = loop_index % space->axis_shape[i];
        flat += at * (uint64_t)space->axis_step[i]; /* modulo 2^64: steps may be < 0 */
        loop_index /= space->axis_shape[i];
    }
    return flat;
}

uint64_t lanes_engine_space_find(const lanes_engine_space *space, uint64_t flat_index)
{
    uint64_t loop_index = 0;
    for (uint32_t i = 0; i < space->axis_count; i++) {
        const uint64_t length = space->axis_shape[i];
        const uint64_t at =
            flat_index / lanes_engine_magnitude(space->axis_step[i]) % length;
        const bool is_turned = space->axis_step[i] < 0;
        loop_index = loop_index * length + (is_turned ? length - 1 - at : at);
    }
    return loop_index;
}

void lanes_engine_space_flat_range(const lanes_engine_space *space, uint64_t begin,
                                   uint64_t end, uint64_t *out_low, uint64_t *out_high)
{
    if (space->is_c_order) {
        *out_low = begin;
        *out_high = end;
        return;
    }
    const uint64_t last = end - 1;
    uint64_t low = lanes_engine_space_flat(space, begin);
    uint64_t high = low;
    uint64_t inside = 1; /* elements of one step along the axis */
    for (uint32_t i = space->axis_count; i-- > 0;) {
        const uint64_t length = space->axis_shape[i];
        const uint64_t step = lanes_engine_magnitude(space->axis_step[i]);
        uint64_t from = begin / inside % length;
        uint64_t to = last / inside % length;
        const uint64_t at = from;
        inside *= length;
        if (begin / inside != last / inside) { /* goes round: anywhere on this axis */
            from = 0;
            to = length - 1;
        }
        const bool is_turned = space->axis_step[i] < 0;
        low -= (is_turned ? to - at : at - from) * step;
        high += (is_turned ? at - from : to - at) * step;
    }
    *out_low = low;
    *out_high = high + 1;
}

void lanes_engine_space_place(const lanes_engine_space *space, uint64_t loop_index,
                              lanes_engine_place *out)
{
    for (uint32_t d = space->dimensions - 1; d > 0; d--) {
        out->index[d] = loop_index % space->shape[d];
        loop_index /= space->shape[d];
    }
    out->index[0] = loop_index;
}

void lanes_engine_space_advance(const lanes_engine_space *space, uint64_t count,
                                lanes_engine_place *place)
{
    for (uint32_t d = space->dimensions - 1;; d--) {
        const uint64_t length = space->shape[d];
        place->index[d] += count;
        if (d == 0 || place->index[d] < length) {
            return;
        }
        /* Most often it is the end of a run that has been reached. */
        count = place->index[d] < 2 * length ? 1 : place->index[d] / length;
        place->index[d] -= count * length;
    }
}

int64_t lanes_engine_space_offset(const lanes_engine_space *space, uint32_t k,
                                  const lanes_engine_place *place)
{
    int64_t offset = 0;
    for (uint32_t d = 0; d < space->dimensions; d++) {
        offset += (int64_t)place->index[d] * space->stride[k][d];
    }
    return offset;
}
