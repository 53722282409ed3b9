/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Integer quotients and remainders that vectorized loops compute in floating point: every
 * pair of bytes; for wider types every pair of values at and around powers of two and
 * limits, and dividends at and beside multiples of their divisor, where a quotient that
 * is too small or too large by the least shows. On every instruction set. Not here:
 * divisors of 0 (test_codegen_divide.c).
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

/* Values of one width that are likely to go wrong; at most this many. */
#define VALUES_MAX 512u

/* Divisors of random length with a random quotient, three dividends each. */
#define MULTIPLES 20000u

struct operation {
    const char *name;
    bool is_signed;
    bool is_remainder;
};

/* Columns of the values of one width, and what C makes of them. */
struct pairs {
    struct operation operation;
    unsigned width;
    size_t count;
    unsigned char *x, *y, *wanted;
};

static uint64_t mask_of(unsigned width)
{
    return UINT64_MAX >> (64 - width);
}

static uint64_t random_bits(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    const uint64_t high = *state >> 32;
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return high << 32 | *state >> 32;
}

/* Random bits, as often of each length. */
static uint64_t random_value(uint64_t *state, unsigned width)
{
    const uint64_t value = random_bits(state) & mask_of(width);
    return value >> (random_bits(state) % width);
}

static size_t list_values(unsigned width, uint64_t *values)
{
    size_t count = 0;
    if (width == 8) {
        for (uint64_t v = 0; v < 256; v++) {
            values[count++] = v;
        }
        return count;
    }
    for (unsigned bit = 0; bit < width; bit++) {
        for (uint64_t near = 0; near < 5; near++) {
            values[count++] = ((UINT64_C(1) << bit) + near - 2) & mask_of(width);
        }
    }
    uint64_t state = 42;
    while (count < 400) {
        values[count++] = random_value(&state, width);
    }
    return count;
}

static int64_t extend(uint64_t bits, unsigned width)
{
    return (int64_t)(bits << (64 - width)) >> (64 - width);
}

static void put(unsigned char *column, size_t index, unsigned width, uint64_t value)
{
    /* Little-endian: the low bytes come first. */
    memcpy(column + index * (width / 8), &value, width / 8);
}

/* Adds one pair, unless the division is one that fails. */
static void add(struct pairs *pairs, uint64_t x, uint64_t y)
{
    const unsigned width = pairs->width;
    uint64_t wanted;
    if (y == 0) {
        return;
    }
    if (pairs->operation.is_signed) {
        const int64_t a = extend(x, width);
        const int64_t b = extend(y, width);
        if (b == -1 && a == extend(UINT64_C(1) << (width - 1), width)) {
            return;
        }
        wanted = (uint64_t)(pairs->operation.is_remainder ? a % b : a / b);
    } else {
        wanted = pairs->operation.is_remainder ? x % y : x / y;
    }
    put(pairs->x, pairs->count, width, x);
    put(pairs->y, pairs->count, width, y);
    put(pairs->wanted, pairs->count, width, wanted);
    pairs->count++;
}

/* Dividends beside the multiples of divisors. */
static void add_multiples(struct pairs *pairs)
{
    const uint64_t mask = mask_of(pairs->width);
    uint64_t state = pairs->width;
    for (unsigned i = 0; i < MULTIPLES; i++) {
        const uint64_t divisor = random_value(&state, pairs->width);
        if (divisor == 0) {
            continue;
        }
        /* Without a sign no multiple wraps; with one they are as good as any. */
        const uint64_t most = mask / divisor;
        const uint64_t quotient = most - random_value(&state, 64) % most;
        for (uint64_t near = 0; near < 3; near++) {
            add(pairs, (divisor * quotient + near - 1) & mask, divisor);
            add(pairs, (divisor * quotient + near - 1) & mask, -divisor & mask);
        }
    }
}

static void make_pairs(struct pairs *pairs)
{
    uint64_t values[VALUES_MAX];
    const size_t count = list_values(pairs->width, values);
    const size_t bytes = (count * count + 6 * MULTIPLES + 1) * (pairs->width / 8);
    pairs->count = 0;
    pairs->x = malloc(bytes);
    pairs->y = malloc(bytes);
    pairs->wanted = malloc(bytes);
    cr_assert(pairs->x != NULL && pairs->y != NULL && pairs->wanted != NULL);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            add(pairs, values[i], values[j]);
        }
    }
    add_multiples(pairs);
}

static void release(struct pairs *pairs)
{
    free(pairs->x);
    free(pairs->y);
    free(pairs->wanted);
}

/* All pairs through one kernel; returns its vector width. */
static uint32_t check(const char *cpu, const struct pairs *pairs)
{
    const unsigned width = pairs->width;
    const char *name = pairs->operation.name;
    char ir[256];
    snprintf(ir, sizeof(ir),
             "define i%u @f(i%u %%x, i%u %%y) {\n  %%q = %s i%u %%x, %%y\n"
             "  ret i%u %%q\n}\n",
             width, width, width, name, width, width);
    lanes_compile_request request = request_for(ir);
    snprintf(request.cpu, sizeof(request.cpu), "%s", cpu);
    const kernel k = kernel_of(&request, ir);
    const size_t bytes = pairs->count * (width / 8);
    unsigned char *got = calloc(1, bytes);
    cr_assert_not_null(got);
    const lanes_loop_frame frame = frame_of(&k, (void *[]){pairs->x, pairs->y, got});
    const lanes_loop_result result = run_frame(&k, &frame, 0, pairs->count);
    cr_expect_eq(result.failed, 0, "%s i%u on '%s'", name, width, cpu);
    cr_expect_eq(memcmp(got, pairs->wanted, bytes), 0, "%s i%u on '%s'", name, width,
                 cpu);
    free(got);
    return k.result.info.vector_width;
}

static const struct operation operations[] = {{"sdiv", true, false},
                                              {"srem", true, true},
                                              {"udiv", false, false},
                                              {"urem", false, true}};
static const char *const cpus[] = {"", "x86-64", "x86-64-v3"};

/* Of 64 bits only AVX-512 has a vector form that is faster than the scalar one. */
static bool is_vectorized(unsigned width, const char *cpu)
{
    return width < 64 ||
           (cpu[0] == '\0' && __builtin_cpu_supports("avx512f") &&
            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"));
}

static void check_width(unsigned width)
{
    for (size_t o = 0; o < LANES_ARRAY_COUNT(operations); o++) {
        struct pairs pairs = {.operation = operations[o], .width = width};
        make_pairs(&pairs);
        for (size_t c = 0; c < LANES_ARRAY_COUNT(cpus); c++) {
            cr_expect_eq(check(cpus[c], &pairs) > 1, is_vectorized(width, cpus[c]),
                         "%s i%u on '%s'", operations[o].name, width, cpus[c]);
        }
        release(&pairs);
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

Test(codegen_quotient, sixty_four_bits)
{
    check_width(64);
}

/* All pairs of values of `from` bits, divided as values of `to` bits: one step is exact,
 * and MIN / -1 is no overflow. */
static void check_extended(unsigned from, unsigned to)
{
    char ir[512];
    snprintf(ir, sizeof(ir),
             "define i%u @f(i%u %%a, i%u %%b) {\n  %%x = sext i%u %%a to i%u\n"
             "  %%y = sext i%u %%b to i%u\n  %%q = sdiv i%u %%x, %%y\n"
             "  %%m = srem i%u %%x, %%y\n  %%s = shl i%u %%m, %u\n"
             "  %%r = add i%u %%q, %%s\n  ret i%u %%r\n}\n",
             to, from, from, from, to, from, to, to, to, to, from, to, to);
    const lanes_compile_request request = request_for(ir);
    const kernel k = kernel_of(&request, ir);
    struct pairs pairs = {.operation = operations[0], .width = from};
    make_pairs(&pairs);
    put(pairs.x, pairs.count, from, UINT64_C(1) << (from - 1));
    put(pairs.y, pairs.count, from, UINT64_MAX);
    pairs.count++;
    unsigned char *wanted = malloc(pairs.count * (to / 8));
    cr_assert_not_null(wanted);
    for (size_t i = 0; i < pairs.count; i++) {
        uint64_t x = 0;
        uint64_t y = 0;
        memcpy(&x, pairs.x + i * (from / 8), from / 8);
        memcpy(&y, pairs.y + i * (from / 8), from / 8);
        const int64_t a = extend(x, from);
        const int64_t b = extend(y, from);
        put(wanted, i, to, (uint64_t)(a / b) + ((uint64_t)(a % b) << from));
    }
    expect_values(&k, pairs.count, (void *[]){pairs.x, pairs.y},
                  (const void *[]){wanted});
    free(wanted);
    release(&pairs);
}

Test(codegen_quotient, extended_operands)
{
    check_extended(8, 32);
    check_extended(16, 32);
    check_extended(32, 64);
}

/* A callback's own choice of 1 for a divisor looks like a guard, and has to stay. */
Test(codegen_quotient, divisors_chosen_by_the_callback)
{
    static const char ir[] =
        "define i32 @f(i32 %x, i32 %y) {\n  %c = icmp slt i32 %y, 10\n"
        "  %d = select i1 %c, i32 1, i32 %y\n  %q = sdiv i32 %x, %d\n"
        "  %m = srem i32 %x, %d\n  %r = sub i32 %q, %m\n  ret i32 %r\n}\n";
    const kernel k = kernel_with(ir, NULL, "i4(i4,i4)");
    cr_expect_gt(k.result.info.vector_width, 1);
    int32_t x[] = {INT32_MIN, INT32_MIN, 77, -77, 77, INT32_MAX, INT32_MIN};
    int32_t y[] = {-1, 0, 0, 9, 10, -5, INT32_MAX};
    expect_values(
        &k, 7, (void *[]){x, y},
        (const void *[]){(int32_t[]){INT32_MIN, INT32_MIN, 77, -77, 0, INT32_MAX, 0}});
}

/* True if the optimised loop has a piece of IR text. */
static bool is_optimised_to(const char *ir, const char *text)
{
    lanes_compile_request request = request_for(ir);
    request.flags = LANES_ABI_KERNEL_STAGES;
    lanes_codegen_output output = compile_request(&request, ir);
    cr_assert_eq(output.result.status, LANES_OK, "%s", output.result.message);
    const char *stage = strstr(output.report, "\"optimised\"");
    cr_assert_not_null(stage);
    const bool has_text = strstr(stage, text) != NULL;
    lanes_codegen_output_deinit(&output);
    return has_text;
}

/* Both errors are seen in one comparison, of a minimum that nothing else has in 16 bits;
 * where LLVM knows that there is no overflow, the divisor alone is compared. */
Test(codegen_quotient, guards_compare_once)
{
    static const char vectors[] = "i16> @llvm.umin.v";
    static const char plain[] = "define i16 @f(i16 %x, i16 %y) {\n"
                                "  %q = sdiv i16 %x, %y\n  ret i16 %q\n}\n";
    static const char extended[] = "define i16 @f(i8 %x, i16 %y) {\n"
                                   "  %w = sext i8 %x to i16\n"
                                   "  %q = sdiv i16 %w, %y\n  ret i16 %q\n}\n";
    cr_expect(is_optimised_to(plain, vectors));
    cr_expect_not(is_optimised_to(extended, vectors));
}

/* ---- The way around for small numbers -------------------------------------------------
 */

/* As LLVM 14 puts it before divisions of 64 bits; %s: sdiv srem, and what the narrow
 * quotient is divided by. */
static const char bypassed[] =
    "define i64 @f(i64 %%x, i64 %%y) {\n  %%o = or i64 %%x, %%y\n"
    "  %%h = and i64 %%o, -4294967296\n  %%c = icmp eq i64 %%h, 0\n"
    "  br i1 %%c, label %%narrow, label %%wide\n"
    "narrow:\n  %%x32 = trunc i64 %%x to i32\n  %%y32 = trunc i64 %%y to i32\n"
    "  %%q32 = udiv i32 %%x32, %%%s\n  %%m32 = urem i32 %%x32, %%y32\n"
    "  %%q64 = zext i32 %%q32 to i64\n  %%m64 = zext i32 %%m32 to i64\n"
    "  br label %%end\n"
    "wide:\n  %%q = %s i64 %%x, %%y\n  %%m = %s i64 %%x, %%y\n  br label %%end\n"
    "end:\n  %%qs = phi i64 [ %%q64, %%narrow ], [ %%q, %%wide ]\n"
    "  %%ms = phi i64 [ %%m64, %%narrow ], [ %%m, %%wide ]\n"
    "  %%r = xor i64 %%qs, %%ms\n  ret i64 %%r\n}\n";

/* Of small numbers, in doubles. */
static const char narrow_division[] = "uitofp <8 x i32>";

static void check_bypassed(const char *quotient, const char *remainder)
{
    char ir[1024];
    snprintf(ir, sizeof(ir), bypassed, "y32", quotient, remainder);
    struct pairs quotients = {.width = 64,
                              .operation = {quotient, quotient[0] == 's', false}};
    struct pairs remainders = {.width = 64,
                               .operation = {remainder, quotient[0] == 's', true}};
    make_pairs(&quotients);
    make_pairs(&remainders);
    uint64_t *wanted = malloc(quotients.count * sizeof(*wanted));
    cr_assert_not_null(wanted);
    for (size_t i = 0; i < quotients.count; i++) {
        uint64_t part[2];
        memcpy(&part[0], quotients.wanted + i * 8, 8);
        memcpy(&part[1], remainders.wanted + i * 8, 8);
        wanted[i] = part[0] ^ part[1];
    }
    const kernel k = kernel_with(ir, NULL, "i8(i8,i8)");
    expect_values(&k, quotients.count, (void *[]){quotients.x, quotients.y},
                  (const void *[]){wanted});
    cr_expect_not(is_optimised_to(ir, narrow_division) && is_vectorized(64, ""), "%s",
                  quotient);
    free(wanted);
    release(&quotients);
    release(&remainders);
}

Test(codegen_quotient, ways_around_give_the_same)
{
    check_bypassed("sdiv", "srem");
    check_bypassed("udiv", "urem");
}

/* Of small numbers it computes something else: the branch means what it says. */
Test(codegen_quotient, other_branches_stay)
{
    char ir[1024];
    snprintf(ir, sizeof(ir), bypassed, "x32", "sdiv", "srem");
    const kernel k = kernel_with(ir, NULL, "i8(i8,i8)");
    int64_t x[] = {77, 77, -77, INT64_C(1) << 40};
    int64_t y[] = {10, INT64_C(1) << 32, 10, 10};
    int64_t wanted[4];
    for (size_t i = 0; i < 4; i++) {
        wanted[i] = x[i] / y[i] ^ x[i] % y[i];
    }
    wanted[0] = 1 ^ 7;
    expect_values(&k, 4, (void *[]){x, y}, (const void *[]){wanted});
    cr_expect(is_optimised_to(ir, narrow_division) || !compiles_for("x86-64-v4"));
}
