/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_space.c - the order of elements: every index there and back, and the
 * addresses, against a walk in C order.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "layouts.h"

#define OPERANDS_MAX 4

/* Axes that own their strides. */
struct axes {
    lanes_engine_axes axes;
    uint64_t shape[LANES_DIMENSIONS_MAX];
    int64_t stride[OPERANDS_MAX][LANES_DIMENSIONS_MAX];
    const int64_t *strides[OPERANDS_MAX];
};

static void init_axes(struct axes *axes, uint32_t dimensions, uint32_t operand_count)
{
    for (uint32_t k = 0; k < OPERANDS_MAX; k++) {
        axes->strides[k] = axes->stride[k];
    }
    axes->axes = (lanes_engine_axes){
        .dimensions = dimensions,
        .shape = axes->shape,
        .operand_count = operand_count,
        .input_count = operand_count - 1,
        .stride = axes->strides,
    };
}

/* One operand, an output. */
static lanes_engine_space space_of(uint32_t dimensions, const uint64_t *shape,
                                   const int64_t *stride)
{
    struct axes axes;
    lanes_engine_space space;
    init_axes(&axes, dimensions, 1);
    memcpy(axes.shape, shape, dimensions * sizeof(shape[0]));
    memcpy(axes.stride[0], stride, dimensions * sizeof(stride[0]));
    lanes_engine_space_make(&axes.axes, &space);
    return space;
}

static uint64_t random_axes(struct axes *axes)
{
    lanes_engine_batch batch;
    uint64_t count = 1;
    init_axes(axes, 1 + random_below(LANES_DIMENSIONS_MAX),
              1 + random_below(OPERANDS_MAX));
    axes->axes.keeps_order = one_of(4);
    axes->axes.input_count = random_below(axes->axes.operand_count);
    batch.dimensions = axes->axes.dimensions;
    for (uint32_t d = 0; d < batch.dimensions; d++) {
        axes->shape[d] = batch.shape[d] = 1 + random_below(batch.dimensions > 4 ? 3 : 6);
        count *= batch.shape[d];
    }
    for (uint32_t k = 0; k < axes->axes.operand_count; k++) {
        const bool is_input = k < axes->axes.input_count;
        random_layout(&batch, k, LANES_U1, 0, is_input ? LAYOUT_INPUT : LAYOUT_OUTPUT);
        memcpy(axes->stride[k], batch.operand[k].stride, sizeof(axes->stride[k]));
    }
    return count;
}

static int64_t offset_at(const struct axes *axes, uint32_t k, uint64_t flat)
{
    int64_t offset = 0;
    for (uint32_t d = axes->axes.dimensions; d-- > 0;) {
        offset += (int64_t)(flat % axes->shape[d]) * axes->stride[k][d];
        flat /= axes->shape[d];
    }
    return offset;
}

static void expect_element(const struct axes *axes, const lanes_engine_space *space,
                           uint64_t loop_index, uint64_t flat)
{
    lanes_engine_place place;
    cr_assert_eq(lanes_engine_space_find(space, flat), loop_index);
    lanes_engine_space_place(space, loop_index, &place);
    for (uint32_t k = 0; k < axes->axes.operand_count; k++) {
        cr_assert_eq(space->start[k] + lanes_engine_space_offset(space, k, &place),
                     offset_at(axes, k, flat), "operand %u, flat index %lu", k, flat);
    }
}

static uint64_t product(uint32_t count, const uint64_t *factor)
{
    uint64_t of = 1;
    for (uint32_t i = 0; i < count; i++) {
        of *= factor[i];
    }
    return of;
}

Test(engine_space, every_element_has_one_place, .timeout = 60)
{
    uint32_t permuted = 0;
    uint32_t merged = 0;
    for (uint32_t n = 0; n < 20000; n++) {
        static char seen[65536];
        struct axes axes;
        lanes_engine_space space;
        const uint64_t count = random_axes(&axes);
        memset(&space, 0x5a, sizeof(space));
        lanes_engine_space_make(&axes.axes, &space);
        cr_assert_geq(space.dimensions, 1);
        cr_assert_leq(space.dimensions, axes.axes.dimensions);
        cr_assert_eq(product(space.dimensions, space.shape), count);
        cr_assert_eq(product(space.axis_count, space.axis_shape), count);
        cr_assert_leq(count, sizeof(seen));
        memset(seen, 0, count);
        bool is_c_order = true;
        for (uint64_t i = 0; i < count; i++) {
            const uint64_t flat = lanes_engine_space_flat(&space, i);
            cr_assert(flat < count && seen[flat] == 0, "%lu of %lu", flat, count);
            seen[flat] = 1;
            is_c_order = is_c_order && flat == i;
            expect_element(&axes, &space, i, flat);
        }
        cr_assert_eq(space.is_c_order, is_c_order);
        cr_assert(is_c_order || !axes.axes.keeps_order);
        permuted += !is_c_order;
        merged += space.dimensions < space.axis_count;
    }
    cr_assert_gt(permuted, 5000);
    cr_assert_gt(merged, 2000);
}

Test(engine_space, advancing_is_taking_apart, .timeout = 60)
{
    for (uint32_t n = 0; n < 20000; n++) {
        struct axes axes;
        lanes_engine_space space;
        const uint64_t count = random_axes(&axes);
        lanes_engine_space_make(&axes.axes, &space);
        const uint64_t inner = space.shape[space.dimensions - 1];
        lanes_engine_place place;
        uint64_t at = random_below((uint32_t)count);
        lanes_engine_space_place(&space, at, &place);
        while (at < count) {
            /* Within a run, to its end, and over many. */
            uint64_t step = random_below((uint32_t)count) + 1;
            step = one_of(3) ? inner - at % inner : one_of(2) ? 1 : step;
            step = step < count - at ? step : count - at;
            lanes_engine_place expected;
            at += step;
            lanes_engine_space_advance(&space, step, &place);
            lanes_engine_space_place(&space, at, &expected);
            cr_assert_arr_eq(place.index, expected.index,
                             space.dimensions * sizeof(place.index[0]));
        }
    }
}

Test(engine_space, a_range_of_flat_indices_holds_its_elements, .timeout = 60)
{
    for (uint32_t n = 0; n < 3000; n++) {
        struct axes axes;
        lanes_engine_space space;
        const uint64_t count = random_axes(&axes);
        lanes_engine_space_make(&axes.axes, &space);
        const uint64_t begin = random_below((uint32_t)count);
        const uint64_t end = begin + 1 + random_below((uint32_t)(count - begin));
        uint64_t low;
        uint64_t high;
        lanes_engine_space_flat_range(&space, begin, end, &low, &high);
        cr_assert(low < high && high <= count);
        if (space.is_c_order) {
            cr_assert(low == begin && high == end);
        }
        for (uint64_t i = begin; i < end; i++) {
            const uint64_t flat = lanes_engine_space_flat(&space, i);
            cr_assert(low <= flat && flat < high);
        }
        const uint64_t flat = lanes_engine_space_flat(&space, begin);
        lanes_engine_space_flat_range(&space, begin, begin + 1, &low, &high);
        cr_assert(low == flat && high == flat + 1, "of one element it is exact");
        lanes_engine_space_flat_range(&space, 0, count, &low, &high);
        cr_assert(low == 0 && high == count);
    }
}

Test(engine_space, a_range_of_a_column)
{
    /* Columns one after the other: elements 4 .. 6 of 3 x 4 are (1, 1), (2, 1), (0, 2).
     */
    const lanes_engine_space space = space_of(2, (uint64_t[]){3, 4}, (int64_t[]){8, 24});
    uint64_t low;
    uint64_t high;
    lanes_engine_space_flat_range(&space, 3, 6, &low, &high);
    cr_assert(low == 1 && high == 10, "column 1");
    lanes_engine_space_flat_range(&space, 4, 6, &low, &high);
    cr_assert(low == 5 && high == 10, "its second half");
    lanes_engine_space_flat_range(&space, 4, 7, &low, &high);
    cr_assert(low == 1 && high == 11, "and more");
}

/* ---- Orders ------------------------------------------------------------------------ */

static void expect_one_run(const lanes_engine_space *space, uint64_t count,
                           int64_t stride, int64_t start)
{
    cr_assert_eq(space->dimensions, 1);
    cr_assert_eq(space->shape[0], count);
    cr_assert_eq(space->stride[0][0], stride);
    cr_assert_eq(space->start[0], start);
}

Test(engine_space, c_order_is_one_run)
{
    const lanes_engine_space space =
        space_of(4, (uint64_t[]){3, 1, 4, 5}, (int64_t[]){160, 12345, 40, 8});
    expect_one_run(&space, 60, 8, 0);
    cr_assert(space.is_c_order);
    cr_assert_eq(space.axis_count, 3, "axes of length 1 are dropped");
}

/* Nobody has checked what its strides reach. */
Test(engine_space, an_array_without_elements_is_not_turned_around)
{
    const lanes_engine_space space =
        space_of(3, (uint64_t[]){INT64_MAX, INT64_MAX, 0}, (int64_t[]){-16, -8, 8});
    cr_assert_eq(space.start[0], 0);
    cr_assert_eq(space.stride[0][0], -16);
}

Test(engine_space, fortran_order_is_one_run)
{
    const lanes_engine_space space =
        space_of(3, (uint64_t[]){3, 4, 5}, (int64_t[]){8, 24, 96});
    expect_one_run(&space, 60, 8, 0);
    cr_assert_not(space.is_c_order);
    cr_assert_eq(lanes_engine_space_flat(&space, 1), 20, "(1, 0, 0)");
    cr_assert_eq(lanes_engine_space_find(&space, 1), 12, "(0, 0, 1)");
}

Test(engine_space, any_permutation_is_one_run)
{
    const uint64_t shape[] = {2, 3, 4, 5};
    for (uint32_t code = 0; code < 256; code++) {
        int64_t stride[4];
        int64_t step = 8;
        uint32_t seen = 0;
        for (uint32_t i = 0; i < 4; i++) {
            const uint32_t d = code >> (2 * i) & 3u;
            seen |= 1u << d;
            stride[d] = step;
            step *= (int64_t)shape[d];
        }
        if (seen == 15) {
            const lanes_engine_space space = space_of(4, shape, stride);
            expect_one_run(&space, 120, 8, 0);
            cr_assert_eq(space.is_c_order, stride[0] > stride[1] &&
                                               stride[1] > stride[2] &&
                                               stride[2] > stride[3]);
        }
    }
}

Test(engine_space, reversed_arrays_are_one_run)
{
    lanes_engine_space space = space_of(1, (uint64_t[]){10}, (int64_t[]){-8});
    expect_one_run(&space, 10, 8, -72);
    cr_assert_not(space.is_c_order);
    cr_assert_eq(lanes_engine_space_flat(&space, 0), 9);
    cr_assert_eq(lanes_engine_space_find(&space, 0), 9);
    space = space_of(2, (uint64_t[]){5, 2}, (int64_t[]){-16, -8});
    expect_one_run(&space, 10, 8, -72);
    space = space_of(2, (uint64_t[]){5, 2}, (int64_t[]){16, -8}); /* mirrored rows */
    expect_one_run(&space, 10, 8, -8);
    cr_assert_eq(lanes_engine_space_flat(&space, 0), 1);
    cr_assert_eq(lanes_engine_space_flat(&space, 9), 8);
}

Test(engine_space, one_operand_forwards_keeps_all_forwards)
{
    struct axes axes;
    lanes_engine_space space;
    init_axes(&axes, 1, 3);
    axes.shape[0] = 10;
    axes.stride[0][0] = -8;
    axes.stride[1][0] = 0; /* says nothing */
    axes.stride[2][0] = -8;
    lanes_engine_space_make(&axes.axes, &space);
    cr_assert_eq(space.stride[2][0], 8);
    cr_assert_eq(space.stride[1][0], 0);
    axes.stride[0][0] = 8;
    lanes_engine_space_make(&axes.axes, &space);
    cr_assert_eq(space.stride[2][0], -8);
    cr_assert_eq(space.start[2], 0);
    cr_assert(space.is_c_order);
}

Test(engine_space, outputs_say_the_order_then_inputs)
{
    struct axes axes;
    lanes_engine_space space;
    init_axes(&axes, 2, 2);
    axes.shape[0] = 3;
    axes.shape[1] = 4;
    memcpy(axes.stride[0], (int64_t[]){32, 8}, 16); /* input in C order */
    memcpy(axes.stride[1], (int64_t[]){8, 24}, 16); /* output in Fortran's */
    lanes_engine_space_make(&axes.axes, &space);
    cr_assert_eq(space.dimensions, 2);
    cr_assert_eq(space.stride[1][1], 8);
    cr_assert_eq(space.stride[0][1], 32);
    memcpy(axes.stride[0], (int64_t[]){8, 24}, 16);
    memcpy(axes.stride[1], (int64_t[]){8, 8}, 16); /* as if it did not say */
    lanes_engine_space_make(&axes.axes, &space);
    cr_assert_eq(space.stride[0][1], 8);
}

Test(engine_space, order_is_kept_where_it_must_be)
{
    struct axes axes;
    lanes_engine_space space;
    init_axes(&axes, 2, 1);
    axes.axes.keeps_order = true;
    axes.shape[0] = 3;
    axes.shape[1] = 4;
    memcpy(axes.stride[0], (int64_t[]){-8, -24}, 16);
    lanes_engine_space_make(&axes.axes, &space);
    cr_assert(space.is_c_order);
    cr_assert_eq(space.dimensions, 2);
    cr_assert_eq(space.stride[0][0], -8);
    cr_assert_eq(space.stride[0][1], -24);
    cr_assert_eq(space.start[0], 0);
    memcpy(axes.stride[0], (int64_t[]){-32, -8}, 16);
    lanes_engine_space_make(&axes.axes, &space);
    expect_one_run(&space, 12, -8, 0);
}

Test(engine_space, one_element)
{
    const lanes_engine_space space =
        space_of(3, (uint64_t[]){1, 1, 1}, (int64_t[]){-5, 0, 1000000});
    expect_one_run(&space, 1, 0, 0);
    cr_assert(space.is_c_order);
    cr_assert_eq(lanes_engine_space_flat(&space, 0), 0);
    cr_assert_eq(lanes_engine_space_find(&space, 0), 0);
}

Test(engine_space, the_largest_batch)
{
    const uint64_t shape[] = {1ull << 20, 1ull << 20};
    const lanes_engine_space space =
        space_of(2, shape, (int64_t[]){-8, -(int64_t)(1ull << 23)});
    expect_one_run(&space, LANES_COUNT_MAX, 8, -(int64_t)(8 * (LANES_COUNT_MAX - 1)));
    cr_assert_eq(lanes_engine_space_flat(&space, 0), LANES_COUNT_MAX - 1);
    cr_assert_eq(lanes_engine_space_find(&space, 0), LANES_COUNT_MAX - 1);
    cr_assert_eq(lanes_engine_space_flat(&space, 1), LANES_COUNT_MAX - 1 - (1ull << 20));
}
