/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_copy.c - boxes to a run and back, by the instructions of every level that
 * this CPU has, against one element after the other.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "engine/engine_copy.h"
#include "layouts.h"

#define MEMORY_BYTES 98304
#define MIDDLE       (MEMORY_BYTES / 2)
#define RUN_BYTES    8192
#define FENCE        64

static char memory[MEMORY_BYTES];
static char wanted_memory[MEMORY_BYTES];
static _Alignas(16) char run[RUN_BYTES + FENCE];
static char wanted_run[RUN_BYTES + FENCE];

static const uint32_t sizes[] = {1, 2, 4, 8, 16};

static char *element(const lanes_engine_box *box, uint64_t row, uint64_t column)
{
    return box->at + (int64_t)row * box->row_stride +
           (int64_t)column * box->column_stride;
}

static void fill(char *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bytes[i] = (char)random_below(256);
    }
}

static void expect_gathered(uint32_t level, uint32_t size, const lanes_engine_box *box)
{
    memset(run, 0x5a, sizeof(run));
    memset(wanted_run, 0x5a, sizeof(wanted_run));
    for (uint64_t r = 0; r < box->rows; r++) {
        for (uint64_t c = 0; c < box->columns; c++) {
            memcpy(wanted_run + (r * box->columns + c) * size, element(box, r, c), size);
        }
    }
    lanes_engine_gather(level, size)(box, run);
    cr_assert_arr_eq(run, wanted_run, sizeof(run),
                     "level %u, %u bytes, %d x %d, strides %d and %d", level, size,
                     (int)box->rows, (int)box->columns, (int)box->row_stride,
                     (int)box->column_stride);
}

/* Places that are all different: rows lie further apart than their elements. */
static void expect_scattered(uint32_t level, uint32_t size, const lanes_engine_box *box)
{
    fill(run, RUN_BYTES);
    memcpy(wanted_run, run, sizeof(run));
    memcpy(wanted_memory, memory, sizeof(memory));
    for (uint64_t r = 0; r < box->rows; r++) {
        for (uint64_t c = 0; c < box->columns; c++) {
            memcpy(wanted_memory + (element(box, r, c) - memory),
                   run + (r * box->columns + c) * size, size);
        }
    }
    lanes_engine_scatter(level, size)(box, run);
    cr_assert_arr_eq(memory, wanted_memory, sizeof(memory),
                     "level %u, %u bytes, %d x %d, strides %d and %d", level, size,
                     (int)box->rows, (int)box->columns, (int)box->row_stride,
                     (int)box->column_stride);
    cr_assert_arr_eq(run, wanted_run, sizeof(run), "the run is only read");
}

static int64_t random_stride(uint32_t size)
{
    const int64_t steps = (int64_t)random_below(9) - 4;
    const bool is_odd = random_below(4) == 0;
    return steps * (int64_t)size + (is_odd ? (int64_t)random_below(size + 1) : 0);
}

Test(engine_copy, every_level_copies_the_same)
{
    fill(memory, sizeof(memory));
    for (uint32_t level = 0; level <= lanes_engine_copy_level(); level++) {
        for (uint32_t n = 0; n < 3000; n++) {
            const uint32_t size = sizes[random_below(5)];
            const uint32_t columns = 1 + random_below(random_below(2) ? 5 : 40);
            const uint32_t rows = 1 + random_below(12);
            lanes_engine_box box = {
                .at = memory + MIDDLE + random_below(16),
                .rows = rows,
                .columns = columns,
                .row_stride = random_stride(size),
                .column_stride = random_stride(size),
            };
            expect_gathered(level, size, &box);
            if (box.column_stride == 0) {
                box.column_stride = -(int64_t)size;
            }
            const int64_t step =
                box.column_stride < 0 ? -box.column_stride : box.column_stride;
            box.column_stride *= step < (int64_t)size ? (int64_t)size : 1;
            const int64_t covered =
                (columns - 1) * (step < (int64_t)size ? step * size : step) + size;
            box.row_stride = (random_below(2) ? 1 : -1) *
                             (covered + (int64_t)random_below(3) * (int64_t)size);
            expect_scattered(level, size, &box);
        }
    }
}
