/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_copy.c - boxes to a run and back, by the instructions of every level that
 * this CPU has, against one element after the other.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/base.h"
#include "engine/engine_copy.h"
#include "layouts.h"

#define MEMORY_BYTES 98304
#define MIDDLE       (MEMORY_BYTES / 2)
#define RUN_BYTES    16384
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
            if (llabs(box.column_stride) < (int64_t)size) {
                box.column_stride =
                    box.column_stride > 0 ? (int64_t)size : -(int64_t)size;
            }
            const int64_t covered =
                (columns - 1) * llabs(box.column_stride) + (int64_t)size;
            box.row_stride = (random_below(2) ? 1 : -1) *
                             (covered + (int64_t)random_below(3) * (int64_t)size);
            expect_scattered(level, size, &box);
        }
    }
}

/* Planes of elements that become rows, and what is near: squares have a remainder in both
 * directions, two to four columns are interleaved. */
Test(engine_copy, columns_that_are_runs)
{
    fill(memory, sizeof(memory));
    for (uint32_t n = 0; n < LANES_ARRAY_COUNT(sizes); n++) {
        const uint32_t size = sizes[n];
        for (uint32_t i = 0; i < 25 * 25; i++) {
            const lanes_engine_box box = {
                .at = memory + MIDDLE + i % 16,
                .rows = 1 + i / 25,
                .columns = 1 + i % 25,
                .row_stride = (int64_t)size,
                .column_stride = (i % 2 != 0 ? 27 : -31) * (int64_t)size,
            };
            for (uint32_t level = 0; level <= lanes_engine_copy_level(); level++) {
                expect_gathered(level, size, &box);
                expect_scattered(level, size, &box);
            }
        }
    }
}

/* Rows of a few, apart, together and backwards; and one element for a row of them. */
Test(engine_copy, rows_of_a_few)
{
    fill(memory, sizeof(memory));
    for (uint32_t i = 0; i < LANES_ARRAY_COUNT(sizes) * 8 * 13 * 40; i++) {
        const uint32_t size = sizes[i % 5];
        const lanes_engine_box box = {
            .at = memory + MIDDLE + random_below(16),
            .rows = 1 + i / 5 / 8 / 13,
            .columns = 1 + i / 5 % 8,
            .row_stride = ((int64_t)(i / 5 / 8 % 13) - 6) * (int64_t)size,
            .column_stride = ((int64_t)random_below(3) - 1) * (int64_t)size,
        };
        for (uint32_t level = 0; level <= lanes_engine_copy_level(); level++) {
            expect_gathered(level, size, &box);
        }
    }
}

/* Puts a box into a page so that its last byte is the page's, or its first. */
static void put_to_edge(lanes_engine_box *box, uint32_t size, char *page,
                        uint64_t page_bytes, bool is_end)
{
    const int64_t down = (int64_t)(box->rows - 1) * box->row_stride;
    const int64_t along = (int64_t)(box->columns - 1) * box->column_stride;
    const int64_t low = (down < 0 ? down : 0) + (along < 0 ? along : 0);
    const int64_t high = (down > 0 ? down : 0) + (along > 0 ? along : 0);
    cr_assert_leq((uint64_t)(high - low) + size, page_bytes);
    box->at = is_end ? page + page_bytes - size - high : page - low;
}

/* Memory around an operand may not be there. */
Test(engine_copy, nothing_beyond_the_box_is_touched)
{
    const uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    char *pages =
        mmap(NULL, 3 * page_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(pages, MAP_FAILED);
    char *page = pages + page_bytes;
    cr_assert_eq(mprotect(page, page_bytes, PROT_READ | PROT_WRITE), 0);
    for (uint32_t n = 0; n < 20000; n++) {
        const uint32_t size = sizes[n % 5];
        const bool is_turned = one_of(3);
        const int64_t step = (1 + (int64_t)random_below(3)) * (one_of(4) ? -1 : 1);
        const int64_t gap = (int64_t)random_below(4);
        lanes_engine_box box = {.rows = 1 + random_below(one_of(2) ? 2 : 6),
                                .columns = 1 + random_below(one_of(2) ? 4 : 20)};
        box.column_stride = step * (int64_t)size;
        box.row_stride =
            llabs(step) * (int64_t)(box.columns * size) + gap * (int64_t)size;
        if (is_turned) {
            box.row_stride = (int64_t)size;
            box.column_stride = ((int64_t)box.rows + gap) * (int64_t)size;
        }
        box.row_stride *= one_of(3) ? -1 : 1;
        const int64_t covered = (int64_t)(box.rows - 1) * llabs(box.row_stride) +
                                (int64_t)(box.columns - 1) * llabs(box.column_stride);
        if ((uint64_t)covered + size > page_bytes) {
            continue;
        }
        put_to_edge(&box, size, page, page_bytes, one_of(2));
        for (uint32_t level = 0; level <= lanes_engine_copy_level(); level++) {
            fill(run, (uint32_t)(box.rows * box.columns * size));
            memcpy(wanted_run, run, sizeof(run));
            lanes_engine_scatter(level, size)(&box, run);
            memset(run, 0, sizeof(run));
            lanes_engine_gather(level, size)(&box, run);
            cr_assert_arr_eq(run, wanted_run, box.rows * box.columns * size);
        }
    }
    munmap(pages, 3 * page_bytes);
}
