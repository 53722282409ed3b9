/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_pack.c - elements to a run and back, against a copy element by element;
 * whatever is between them stays as it was.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "engine/engine_pack.h"
#include "kernel/dtype.h"
#include "layouts.h"

#define RUN_BYTES 131072
#define FENCE     64 /* bytes before and behind a run that must stay */

static _Alignas(64) char run_memory[FENCE + RUN_BYTES + FENCE];
static char *const run = run_memory + FENCE;
static char before[AREA_BYTES];

static const uint32_t dtypes[] = {LANES_U1, LANES_U2, LANES_U4, LANES_U8, LANES_C16};

static void fill(char *bytes, uint64_t count)
{
    uint32_t value = random_below(1u << 31);
    for (uint64_t i = 0; i < count; i++) {
        value = value * 1664525u + 1013904223u;
        bytes[i] = (char)(value >> 24);
    }
}

/* A space with the dimensions as they are: what sorting makes of them is another's test.
 */
static void make_space(const lanes_engine_batch *batch, lanes_engine_space *out)
{
    out->dimensions = batch->dimensions;
    memcpy(out->shape, batch->shape, sizeof(out->shape));
    memcpy(out->stride[0], batch->operand[0].stride, sizeof(out->stride[0]));
    out->start[0] = 0;
}

static void expect_fences(char value, uint64_t bytes)
{
    for (uint32_t i = 0; i < FENCE; i++) {
        cr_assert_eq(run_memory[i], value);
        cr_assert_eq(run[bytes + i], value);
    }
}

static void try_range(const lanes_engine_batch *batch, const lanes_engine_source *source,
                      uint64_t begin, uint64_t count, bool is_output)
{
    const uint32_t bytes = source->element_bytes;
    lanes_engine_place place;
    lanes_engine_space_place(source->space, begin, &place);
    const lanes_engine_place kept = place;
    memset(run_memory, 0x6b, sizeof(run_memory));
    memcpy(before, area[0], AREA_BYTES);
    lanes_engine_pack(source, &place, count, run);
    cr_assert_arr_eq(area[0], before, AREA_BYTES, "packing writes the run only");
    expect_fences(0x6b, count * bytes);
    for (uint64_t i = 0; i < count; i++) {
        cr_assert_arr_eq(run + i * bytes, element_of(batch, 0, begin + i), bytes,
                         "element %lu of [%lu, %lu)", i, begin, begin + count);
    }
    cr_assert_arr_eq(&place, &kept, source->space->dimensions * sizeof(place.index[0]));
    if (!is_output) {
        return;
    }
    fill(run, count * bytes);
    lanes_engine_unpack(source, &place, count, run);
    expect_fences(0x6b, count * bytes);
    for (uint64_t i = 0; i < count; i++) {
        const char *at = element_of(batch, 0, begin + i);
        cr_assert_arr_eq(at, run + i * bytes, bytes);
        memcpy(before + (at - area[0]), at, bytes); /* which is all that may differ */
    }
    cr_assert_arr_eq(area[0], before, AREA_BYTES, "bytes between elements stay");
}

Test(engine_pack, any_layout_there_and_back, .timeout = 100)
{
    fill(area[0], AREA_BYTES);
    for (uint32_t n = 0; n < 1500; n++) {
        lanes_engine_batch batch;
        lanes_engine_space space;
        const bool is_output = one_of(2);
        const uint64_t count = random_shape(&batch, LANES_DIMENSIONS_MAX);
        random_layout(&batch, 0, dtypes[n % LANES_ARRAY_COUNT(dtypes)], 0,
                      is_output ? LAYOUT_OUTPUT : LAYOUT_INPUT);
        make_space(&batch, &space);
        const lanes_engine_source source = {
            .space = &space,
            .operand = 0,
            .element_bytes = lanes_dtype_bytes(batch.operand[0].dtype),
            .first = area[0] + batch.operand[0].offset,
        };
        try_range(&batch, &source, 0, count, is_output);
        const uint64_t begin = random_below((uint32_t)count);
        const uint64_t left = count - begin;
        try_range(&batch, &source, begin, 1 + random_below((uint32_t)left), is_output);
        try_range(&batch, &source, begin, left, is_output);
    }
}

/* Every begin and every count of small boxes, in each element size. */
Test(engine_pack, every_range_of_small_shapes, .timeout = 100)
{
    static const uint64_t shapes[][4] = {{2, 3, 2, 3}, {1, 1, 4, 9}, {3, 2, 5, 1}};
    fill(area[0], AREA_BYTES);
    for (size_t n = 0; n < LANES_ARRAY_COUNT(shapes) * LANES_ARRAY_COUNT(dtypes); n++) {
        lanes_engine_batch batch = {.dimensions = 4};
        lanes_engine_space space;
        memcpy(batch.shape, shapes[n % LANES_ARRAY_COUNT(shapes)], sizeof(shapes[0]));
        random_layout(&batch, 0, dtypes[n / LANES_ARRAY_COUNT(shapes)], 0, LAYOUT_INPUT);
        make_space(&batch, &space);
        const uint64_t count =
            batch.shape[0] * batch.shape[1] * batch.shape[2] * batch.shape[3];
        const uint32_t bytes = lanes_dtype_bytes(batch.operand[0].dtype);
        const lanes_engine_source source = {&space, 0, bytes,
                                            area[0] + batch.operand[0].offset};
        for (uint64_t begin = 0; begin < count; begin++) {
            for (uint64_t end = begin + 1; end <= count; end++) {
                lanes_engine_place place;
                lanes_engine_space_place(&space, begin, &place);
                memset(run_memory, 0x6b, count * bytes + (uint64_t)2 * FENCE);
                lanes_engine_pack(&source, &place, end - begin, run);
                for (uint64_t i = begin; i < end; i++) {
                    cr_assert_arr_eq(run + (i - begin) * bytes, element_of(&batch, 0, i),
                                     bytes);
                }
                expect_fences(0x6b, (end - begin) * bytes);
            }
        }
    }
}

/* The strides that have loops of their own, around the lengths where they change. */
Test(engine_pack, fixed_strides_at_every_length, .timeout = 60)
{
    fill(area[0], AREA_BYTES);
    for (size_t n = 0; n < LANES_ARRAY_COUNT(dtypes); n++) {
        const uint32_t bytes = lanes_dtype_bytes(dtypes[n]);
        for (int32_t factor = -2; factor <= 2; factor++) {
            for (uint32_t length = 1; length < 140; length++) {
                lanes_engine_batch batch = {.dimensions = 2, .shape = {3, length}};
                lanes_engine_space space;
                batch.operand[0] = (lanes_engine_operand){
                    .segment_base = area[0],
                    .offset = 32769,
                    .stride = {300 * (int64_t)bytes, factor * (int64_t)bytes},
                };
                make_space(&batch, &space);
                const lanes_engine_source source = {&space, 0, bytes, area[0] + 32769};
                try_range(&batch, &source, 0, 3ull * length, factor != 0);
            }
        }
    }
}

/* Some rows and columns of the two innermost dimensions, anywhere. */
Test(engine_pack, rows_there_and_back, .timeout = 60)
{
    fill(area[0], AREA_BYTES);
    for (uint32_t n = 0; n < 300; n++) {
        lanes_engine_batch batch = {.dimensions = 3};
        lanes_engine_space space;
        for (uint32_t d = 0; d < 3; d++) {
            batch.shape[d] = 1 + random_below(d == 0 ? 3 : 25);
        }
        random_layout(&batch, 0, dtypes[n % LANES_ARRAY_COUNT(dtypes)], 0, LAYOUT_OUTPUT);
        make_space(&batch, &space);
        const uint32_t bytes = lanes_dtype_bytes(batch.operand[0].dtype);
        const lanes_engine_source source = {&space, 0, bytes,
                                            area[0] + batch.operand[0].offset};
        lanes_engine_place place = {.index = {random_below((uint32_t)batch.shape[0]),
                                              random_below((uint32_t)batch.shape[1]),
                                              random_below((uint32_t)batch.shape[2])}};
        const uint64_t rows =
            1 + random_below((uint32_t)(batch.shape[1] - place.index[1]));
        const uint64_t columns =
            1 + random_below((uint32_t)(batch.shape[2] - place.index[2]));
        const uint64_t first =
            (place.index[0] * batch.shape[1] + place.index[1]) * batch.shape[2] +
            place.index[2];
        memset(run_memory, 0x6b, sizeof(run_memory));
        lanes_engine_pack_rows(&source, &place, rows, columns, run);
        expect_fences(0x6b, rows * columns * bytes);
        memcpy(before, area[0], AREA_BYTES);
        for (uint64_t i = 0; i < rows * columns; i++) {
            const uint64_t flat = first + i / columns * batch.shape[2] + i % columns;
            char *at = element_of(&batch, 0, flat);
            cr_assert_arr_eq(run + i * bytes, at, bytes);
            fill(run + i * bytes, bytes);
            memcpy(before + (at - area[0]), run + i * bytes, bytes);
        }
        lanes_engine_unpack_rows(&source, &place, rows, columns, run);
        cr_assert_arr_eq(area[0], before, AREA_BYTES);
    }
}
