/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Integer quotients and remainders that vectorized loops compute in floating point: every
 * pair of bytes, and for wider types every pair of values at and around powers of two and
 * limits, on every instruction set. Not here: divisors of 0 (test_codegen_divide.c).
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

/* Values of one width that are likely to go wrong; at most this many. */
#define VALUES_MAX 512u

static size_t list_values(unsigned width, int64_t *values)
{
    size_t count = 0;
    const int64_t span = INT64_C(1) << width;
    if (width == 8) {
        for (int64_t v = 0; v < span; v++) {
            values[count++] = v;
        }
        return count;
    }
    for (unsigned bit = 0; bit <= width; bit++) {
        for (int64_t near = -2; near <= 2; near++) {
            values[count++] = ((INT64_C(1) << bit) + near) & (span - 1);
        }
    }
    uint64_t state = 42;
    while (count < 300) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        values[count++] = (int64_t)(state >> 33) & (span - 1);
    }
    return count;
}

static int64_t extend(int64_t bits, unsigned width, bool is_signed)
{
    const int64_t sign = INT64_C(1) << (width - 1);
    return is_signed && (bits & sign) != 0 ? bits - 2 * sign : bits;
}

struct operation {
    const char *name;
    bool is_signed;
    bool is_remainder;
};

static void store(void *array, size_t index, unsigned width, int64_t value)
{
    const uint64_t bits = (uint64_t)value; /* little-endian: the low bytes come first */
    memcpy((char *)array + index * (width / 8), &bits, width / 8);
}

/* All pairs of the values through one kernel; returns its vector width. */
static uint32_t check(const char *cpu, const struct operation *operation, unsigned width)
{
    int64_t values[VALUES_MAX];
    const size_t count = list_values(width, values);
    char ir[256];
    snprintf(ir, sizeof(ir),
             "define i%u @f(i%u %%x, i%u %%y) {\n  %%q = %s i%u %%x, %%y\n"
             "  ret i%u %%q\n}\n",
             width, width, width, operation->name, width, width);
    lanes_compile_request request = request_for(ir);
    snprintf(request.cpu, sizeof(request.cpu), "%s", cpu);
    const kernel k = kernel_of(&request, ir);
    const size_t bytes = count * count * (width / 8);
    void *x = calloc(1, bytes);
    void *y = calloc(1, bytes);
    void *got = calloc(1, bytes);
    void *wanted = calloc(1, bytes);
    cr_assert(x != NULL && y != NULL && got != NULL && wanted != NULL);
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            const int64_t a = extend(values[i], width, operation->is_signed);
            const int64_t b = extend(values[j], width, operation->is_signed);
            const int64_t lowest = -(INT64_C(1) << (width - 1));
            if (b == 0 || (operation->is_signed && a == lowest && b == -1)) {
                continue;
            }
            store(x, n, width, a);
            store(y, n, width, b);
            store(wanted, n, width, operation->is_remainder ? a % b : a / b);
            n++;
        }
    }
    void *const operands[] = {x, y, got};
    const lanes_loop_frame frame = frame_of(&k, operands);
    const lanes_loop_result result = run_frame(&k, &frame, 0, n);
    cr_expect_eq(result.failed, 0, "%s i%u on '%s'", operation->name, width, cpu);
    cr_expect_eq(memcmp(got, wanted, n * (width / 8)), 0, "%s i%u on '%s'",
                 operation->name, width, cpu);
    free(x);
    free(y);
    free(got);
    free(wanted);
    return k.result.info.vector_width;
}

static const struct operation operations[] = {{"sdiv", true, false},
                                              {"srem", true, true},
                                              {"udiv", false, false},
                                              {"urem", false, true}};

static void check_width(unsigned width)
{
    static const char *const cpus[] = {"", "x86-64", "x86-64-v3"};
    for (size_t c = 0; c < LANES_ARRAY_COUNT(cpus); c++) {
        for (size_t o = 0; o < LANES_ARRAY_COUNT(operations); o++) {
            cr_expect_gt(check(cpus[c], &operations[o], width), 1, "%s i%u on '%s'",
                         operations[o].name, width, cpus[c]);
        }
    }
}

Test(codegen_quotient, bytes)
{
    check_width(8);
}

Test(codegen_quotient, sixteen_bits)
{
    check_width(16);
}

Test(codegen_quotient, thirty_two_bits)
{
    check_width(32);
}
