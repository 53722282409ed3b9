/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_span.c - the bounds check of operands, against the same done element by
 * element: every case there is in 8 bits, and the edges in 64.
 */
#include <criterion/criterion.h>

#include "engine/engine.h"
#include "engine/engine_span.h"

LANES_ENGINE_SPAN_DEFINE(span_fits_8, uint8_t, int8_t, INT8_MAX)

/* The same question in arithmetic that cannot overflow. */
struct span {
    int low;
    int high;
};

static struct span exact_span(int offset, int stride, int count, int bytes)
{
    const int extent = (count - 1) * stride;
    return (struct span){
        .low = extent < 0 ? offset + extent : offset,
        .high = (extent < 0 ? offset : offset + extent) + bytes,
    };
}

struct tally {
    uint64_t unsafe;   /* accepted, but some byte is outside */
    uint64_t wrong;    /* accepted with another range */
    uint64_t needless; /* refused although it fits and all values are in range */
    uint64_t accepted;
};

static void judge(struct tally *tally, uint8_t segment, uint8_t offset, int8_t stride,
                  uint8_t count, uint8_t bytes)
{
    const struct span exact = exact_span(offset, stride, count, bytes);
    const bool fits = exact.low >= 0 && exact.high <= segment;
    uint8_t low = 0;
    uint8_t high = 0;
    const struct span_fits_8_memory memory = {segment, offset, bytes};
    if (span_fits_8(&memory, 1, &count, &stride, &low, &high)) {
        tally->accepted++;
        tally->unsafe += !fits;
        tally->wrong += low != exact.low || high != exact.high;
    } else if (fits) {
        /* Refusals are right only where the signed 8-bit range is left. */
        const int extent = (count - 1) * stride;
        tally->needless += offset <= INT8_MAX && count - 1 <= INT8_MAX &&
                           extent >= INT8_MIN && extent <= INT8_MAX &&
                           exact.high - bytes <= INT8_MAX;
    }
}

Test(engine_span, every_case_in_8_bits, .timeout = 50)
{
    struct tally tally = {0};
    const uint8_t sizes[] = {1, 4, 8};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(sizes); i++) {
        for (uint32_t count = 1; count <= 40; count++) {
            for (int stride = INT8_MIN; stride <= INT8_MAX; stride++) {
                for (uint32_t offset = 0; offset <= UINT8_MAX; offset++) {
                    for (uint32_t segment = 0; segment <= UINT8_MAX; segment += 3) {
                        judge(&tally, (uint8_t)segment, (uint8_t)offset, (int8_t)stride,
                              (uint8_t)count, sizes[i]);
                    }
                }
            }
        }
    }
    cr_assert_eq(tally.unsafe, 0);
    cr_assert_eq(tally.wrong, 0);
    cr_assert_eq(tally.needless, 0);
    cr_assert_gt(tally.accepted, 1000000);
}

Test(engine_span, every_length_in_8_bits, .timeout = 50)
{
    struct tally tally = {0};
    for (uint32_t count = 1; count <= UINT8_MAX; count++) {
        for (int stride = INT8_MIN; stride <= INT8_MAX; stride++) {
            for (uint32_t offset = 0; offset <= UINT8_MAX; offset += 5) {
                for (uint32_t segment = 0; segment <= UINT8_MAX; segment++) {
                    judge(&tally, (uint8_t)segment, (uint8_t)offset, (int8_t)stride,
                          (uint8_t)count, 2);
                }
            }
        }
    }
    cr_assert_eq(tally.unsafe, 0);
    cr_assert_eq(tally.wrong, 0);
    cr_assert_eq(tally.needless, 0);
}

/* A row is an element of many bytes, more than the signed range holds. */
Test(engine_span, rows_in_8_bits, .timeout = 50)
{
    struct tally tally = {0};
    for (uint32_t bytes = 9; bytes <= UINT8_MAX; bytes += 24) {
        for (uint32_t count = 1; count <= 6; count++) {
            for (int stride = INT8_MIN; stride <= INT8_MAX; stride++) {
                for (uint32_t offset = 0; offset <= UINT8_MAX; offset++) {
                    for (uint32_t segment = 7; segment <= UINT8_MAX; segment += 8) {
                        judge(&tally, (uint8_t)segment, (uint8_t)offset, (int8_t)stride,
                              (uint8_t)count, (uint8_t)bytes);
                    }
                }
            }
        }
    }
    cr_assert_eq(tally.unsafe, 0);
    cr_assert_eq(tally.wrong, 0);
    cr_assert_eq(tally.needless, 0);
    cr_assert_gt(tally.accepted, 10000);
}

Test(engine_span, two_dimensions_in_8_bits, .timeout = 50)
{
    uint64_t accepted = 0;
    for (int outer = INT8_MIN; outer <= INT8_MAX; outer++) {
        for (int inner = INT8_MIN; inner <= INT8_MAX; inner++) {
            for (uint32_t rows = 0; rows <= 6; rows++) {
                for (uint32_t columns = 0; columns <= 6; columns++) {
                    for (uint32_t offset = 0; offset <= INT8_MAX; offset += 7) {
                        const uint8_t shape[] = {(uint8_t)rows, (uint8_t)columns};
                        const int8_t stride[] = {(int8_t)outer, (int8_t)inner};
                        uint8_t low;
                        uint8_t high;
                        const struct span_fits_8_memory memory = {100, (uint8_t)offset,
                                                                  4};
                        if (!span_fits_8(&memory, 2, shape, stride, &low, &high)) {
                            continue;
                        }
                        accepted++;
                        const struct span a =
                            exact_span((int)offset, outer, (int)rows, 0);
                        const struct span b = exact_span(0, inner, (int)columns, 4);
                        cr_assert(rows > 0 && columns > 0);
                        cr_assert_eq(low, a.low + b.low);
                        cr_assert_eq(high, a.high + b.high);
                        cr_assert_leq(high, 100);
                    }
                }
            }
        }
    }
    cr_assert_gt(accepted, 10000);
}

struct edge {
    uint64_t segment;
    uint64_t offset;
    int64_t stride;
    uint64_t count;
    uint32_t bytes;
    bool fits;
    uint64_t low;
    uint64_t high;
};

Test(engine_span, edges_in_64_bits)
{
    const struct edge edges[] = {
        {80, 0, 8, 10, 8, true, 0, 80},
        {79, 0, 8, 10, 8, false, 0, 0},
        {80, 72, -8, 10, 8, true, 0, 80},
        {80, 71, -8, 10, 8, false, 0, 0},
        {8, 0, 0, LANES_COUNT_MAX, 8, true, 0, 8},
        {8, 0, 0, LANES_COUNT_MAX + 1, 8, false, 0, 0},
        {80, 0, 8, 0, 8, false, 0, 0},
        {UINT64_MAX, 0, INT64_MAX, 2, 8, true, 0, (uint64_t)INT64_MAX + 8},
        {UINT64_MAX, 1, INT64_MAX, 2, 8, false, 0, 0},
        {UINT64_MAX, 0, INT64_MAX, 3, 8, false, 0, 0},
        {UINT64_MAX, INT64_MAX, INT64_MIN, 2, 8, false, 0, 0},
        {UINT64_MAX, UINT64_MAX - 7, 8, 1, 8, false, 0, 0},
        {100, 1ull << 63, 0, 1, 8, false, 0, 0},
        {100, 0, INT64_MIN, 1, 8, true, 0, 8},
        {7, 0, 8, 1, 8, false, 0, 0},
        {0, 0, 8, 1, 8, false, 0, 0},
        {UINT32_MAX, 0, 0, 9, UINT32_MAX, true, 0, UINT32_MAX}, /* long rows */
        {UINT32_MAX, 1, 0, 9, UINT32_MAX, false, 0, 0},
        {UINT64_MAX, INT64_MAX, 0, 9, UINT32_MAX, true, INT64_MAX,
         (uint64_t)INT64_MAX + UINT32_MAX},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(edges); i++) {
        const struct edge *e = &edges[i];
        uint64_t low = 0;
        uint64_t high = 0;
        cr_assert_eq(lanes_engine_span_fits(e->segment, e->offset, e->stride, e->count,
                                            e->bytes, &low, &high),
                     e->fits, "edge %zu", i);
        cr_assert_eq(low, e->low, "edge %zu", i);
        cr_assert_eq(high, e->high, "edge %zu", i);
    }
}
