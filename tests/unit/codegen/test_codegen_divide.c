/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Integer division: x / 0 and MIN / -1 fail their element, wherever the division stands,
 * and all other elements have the values of plain C. Nothing traps.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

/* Pairs of what is interesting, then of random bits. */
#define EDGES 9
#define COUNT (EDGES * EDGES + 187)

enum operation { SDIV, UDIV, SREM, UREM };

static const char *const names[] = {"sdiv", "udiv", "srem", "urem"};

struct width {
    uint32_t bytes;
    uint32_t bits;
    const char *type;
};

static const struct width widths[] = {
    {1, 8, "i8"}, {2, 16, "i16"}, {4, 32, "i32"}, {8, 64, "i64"}};

static bool is_signed(enum operation operation)
{
    return operation == SDIV || operation == SREM;
}

/* One element by C; false and the code of its failure where C is undefined. */
static bool divide(enum operation operation, uint32_t bits, uint64_t x, uint64_t y,
                   uint64_t *out, int32_t *out_code)
{
    const uint64_t mask = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
    const uint64_t minimum = UINT64_C(1) << (bits - 1);
    *out_code = LANES_ELEMENT_OK;
    if ((y & mask) == 0) {
        *out_code = LANES_ELEMENT_ZERO_DIVISION;
        return false;
    }
    if (is_signed(operation)) {
        if ((x & mask) == minimum && (y & mask) == mask) {
            *out_code = LANES_ELEMENT_OVERFLOW;
            return false;
        }
        const int64_t a = (int64_t)(x << (64 - bits)) >> (64 - bits);
        const int64_t b = (int64_t)(y << (64 - bits)) >> (64 - bits);
        *out = (uint64_t)(operation == SDIV ? a / b : a % b);
    } else {
        const uint64_t a = x & mask;
        const uint64_t b = y & mask;
        *out = operation == UDIV ? a / b : a % b;
    }
    return true;
}

/* Columns of elements of `bytes` bytes each. */
struct columns {
    uint32_t bytes;
    unsigned char *x, *y, *out;
};

static void fill(struct columns *columns, const struct width *width)
{
    const uint64_t minimum = UINT64_C(1) << (width->bits - 1);
    const uint64_t edges[EDGES] = {
        0, 1, 2, 7, minimum - 1, minimum, minimum + 1, UINT64_MAX, UINT64_MAX - 1};
    uint64_t state = width->bits;
    *columns = (struct columns){.bytes = width->bytes,
                                .x = calloc(COUNT, width->bytes),
                                .y = calloc(COUNT, width->bytes),
                                .out = malloc(COUNT * (size_t)width->bytes)};
    for (size_t i = 0; i < COUNT; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
        const bool is_edge = i < EDGES * EDGES;
        const uint64_t x = is_edge ? edges[i % EDGES] : state >> 3;
        const uint64_t y = is_edge ? edges[i / EDGES] : state >> 41 | 1;
        memcpy(columns->x + i * width->bytes, &x, width->bytes);
        memcpy(columns->y + i * width->bytes, &y, width->bytes);
    }
    memset(columns->out, 0xa5, COUNT * (size_t)width->bytes);
}

static void release(struct columns *columns)
{
    free(columns->x);
    free(columns->y);
    free(columns->out);
}

static uint64_t element(const unsigned char *column, uint32_t bytes, size_t i)
{
    uint64_t value = 0;
    memcpy(&value, column + i * bytes, bytes);
    return value;
}

/* What an element should be: C's value, or false with the code of its failure. */
typedef bool (*reference_fn)(enum operation operation, uint32_t bits, uint64_t x,
                             uint64_t y, uint64_t *out, int32_t *out_code);

/* Runs the kernel over all pairs, in pieces, and compares everything it reports. */
static void expect_division(const kernel *k, const struct width *width,
                            enum operation operation, reference_fn reference)
{
    struct columns c;
    fill(&c, width);
    const lanes_loop_frame frame = frame_of(k, (void *[]){c.x, c.y, c.out});
    lanes_loop_result result = LANES_LOOP_RESULT_INIT;
    k->loop(&frame, 100, COUNT, &result);
    k->loop(&frame, 0, 1, &result);
    k->loop(&frame, 1, 100, &result);
    uint64_t failed = 0;
    uint64_t first = UINT64_MAX;
    for (size_t i = 0; i < COUNT; i++) {
        uint64_t wanted = UINT64_C(0xa5a5a5a5a5a5a5a5);
        int32_t code;
        if (!reference(operation, width->bits, element(c.x, c.bytes, i),
                       element(c.y, c.bytes, i), &wanted, &code)) {
            first = failed == 0 ? i : first;
            failed++;
        }
        const uint64_t mask = UINT64_MAX >> (64 - width->bits);
        cr_assert_eq(element(c.out, c.bytes, i), wanted & mask, "%s %s, element %zu",
                     names[operation], width->type, i);
        const void *excinfo;
        cr_assert(k->explain == NULL || k->explain(&frame, i, &excinfo) == code,
                  "%s %s, element %zu: code", names[operation], width->type, i);
    }
    cr_expect_eq(result.failed, failed, "%s %s", names[operation], width->type);
    cr_expect_eq(result.first_failed, first, "%s %s", names[operation], width->type);
    release(&c);
}

/* A kernel of a text with %s for the type and the operation. */
static kernel divider(const char *format, const struct width *width,
                      enum operation operation, const char *cpu)
{
    char ir[2048];
    size_t used = 0;
    for (const char *at = format; *at != '\0'; at++) {
        const char *text = *at == 'T'   ? width->type
                           : *at == 'O' ? names[operation]
                                        : NULL;
        used += (size_t)snprintf(ir + used, sizeof(ir) - used,
                                 text != NULL ? "%s" : "%.1s", text != NULL ? text : at);
    }
    char signature[32];
    const char letter = is_signed(operation) ? 'i' : 'u';
    snprintf(signature, sizeof(signature), "%c%u(%c%u,%c%u)", letter, width->bytes,
             letter, width->bytes, letter, width->bytes);
    lanes_compile_request request = request_with(ir, signature);
    request.entry[0] = 'f';
    snprintf(request.cpu, sizeof(request.cpu), "%s", cpu);
    return kernel_of(&request, ir);
}

static void expect_all(const char *format, const char *cpu, reference_fn reference)
{
    for (enum operation operation = SDIV; operation <= UREM; operation++) {
        for (size_t w = 0; w < LANES_ARRAY_COUNT(widths); w++) {
            const kernel k = divider(format, &widths[w], operation, cpu);
            cr_expect_eq(k.result.may_raise, 1);
            expect_division(&k, &widths[w], operation, reference);
        }
    }
}

/* ---- Where divisions stand ------------------------------------------------------------
 */

#define PLAIN "define T @f(T %x, T %y) {\n  %r = O T %x, %y\n  ret T %r\n}\n"

Test(codegen_divide, plain_divisions_fail_their_element, .timeout = 120)
{
    expect_all(PLAIN, "", divide);
}

Test(codegen_divide, every_cpu_divides_alike, .timeout = 120)
{
    static const char *const cpus[] = {"x86-64", "x86-64-v3"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cpus); i++) {
        const kernel k = divider(PLAIN, &widths[2], SDIV, cpus[i]);
        expect_division(&k, &widths[2], SDIV, divide);
        const kernel u = divider(PLAIN, &widths[0], UREM, cpus[i]);
        expect_division(&u, &widths[0], UREM, divide);
        const kernel w = divider(PLAIN, &widths[3], SREM, cpus[i]);
        expect_division(&w, &widths[3], SREM, divide);
    }
}

/* Beside enough arithmetic for LLVM to find vectors worth while. */
Test(codegen_divide, vectorized_loops_fail_their_elements)
{
    static const char ir[] =
        "declare double @llvm.sqrt.f64(double)\n"
        "define i32 @f(i32 %x, i32 %y) {\n  %q = sdiv i32 %x, %y\n"
        "  %d = sitofp i32 %q to double\n  %e = fmul double %d, %d\n"
        "  %s = call double @llvm.sqrt.f64(double %e)\n"
        "  %m = fdiv double %s, 1.0e0\n  %n = fneg double %m\n"
        "  %c = fcmp olt double %d, 0.0\n  %v = select i1 %c, double %n, double %m\n"
        "  %w = call double @llvm.sqrt.f64(double %e)\n"
        "  %z = fsub double %w, %s\n  %k = fadd double %v, %z\n"
        "  %r = fptosi double %k to i32\n  ret i32 %r\n}\n";
    const kernel k = divider(ir, &widths[2], SDIV, "");
    cr_expect_gt(k.result.info.vector_width, 1);
    expect_division(&k, &widths[2], SDIV, divide);
}

/* The trip count depends on the data: LLVM leaves the loop around it scalar. */
Test(codegen_divide, scalar_loops_fail_their_elements)
{
    static const char ir[] =
        "define T @f(T %x, T %y) {\n"
        "entry:\n  br label %loop\n"
        "loop:\n  %i = phi T [ %y, %entry ], [ %n, %loop ]\n  %q = O T %x, %y\n"
        "  %m = mul T %i, 5\n  %n = lshr T %m, 3\n  %more = icmp ne T %n, 0\n"
        "  br i1 %more, label %loop, label %exit\n"
        "exit:\n  ret T %q\n}\n";
    for (enum operation operation = SDIV; operation <= UREM; operation++) {
        const kernel k = divider(ir, &widths[3], operation, "");
        cr_expect_eq(k.result.info.vector_width, 1);
        expect_division(&k, &widths[3], operation, divide);
    }
}

/* x / y only where y > 7; else x. */
static bool divide_if_large(enum operation operation, uint32_t bits, uint64_t x,
                            uint64_t y, uint64_t *out, int32_t *out_code)
{
    const int64_t signed_y = (int64_t)(y << (64 - bits)) >> (64 - bits);
    if (signed_y > 7 || signed_y < 0) {
        return divide(operation, bits, x, y, out, out_code);
    }
    *out = x;
    *out_code = LANES_ELEMENT_OK;
    return true;
}

Test(codegen_divide, divisions_not_reached_do_not_fail, .timeout = 120)
{
    static const char ir[] = "define T @f(T %x, T %y) {\n  %c = icmp ugt T %y, 7\n"
                             "  br i1 %c, label %a, label %b\n"
                             "a:\n  %q = O T %x, %y\n  br label %b\n"
                             "b:\n  %r = phi T [ %x, %0 ], [ %q, %a ]\n  ret T %r\n}\n";
    expect_all(ir, "", divide_if_large);
}

/* A callback's own check makes all failures go away, but for MIN / -1. */
static bool divide_checked(enum operation operation, uint32_t bits, uint64_t x,
                           uint64_t y, uint64_t *out, int32_t *out_code)
{
    if (!divide(operation, bits, x, y, out, out_code) &&
        *out_code == LANES_ELEMENT_ZERO_DIVISION) {
        *out = 42;
        *out_code = LANES_ELEMENT_OK;
    }
    return *out_code == LANES_ELEMENT_OK;
}

Test(codegen_divide, checks_of_the_callback_work, .timeout = 120)
{
    static const char ir[] = "define T @f(T %x, T %y) {\n  %c = icmp eq T %y, 0\n"
                             "  br i1 %c, label %b, label %a\n"
                             "a:\n  %q = O T %x, %y\n  br label %b\n"
                             "b:\n  %r = phi T [ 42, %0 ], [ %q, %a ]\n  ret T %r\n}\n";
    expect_all(ir, "", divide_checked);
}

/* Cannot be inlined, so what happened comes through the runtime. */
Test(codegen_divide, recursive_functions_fail_their_element)
{
    static const char ir[] =
        "define internal T @g(T %x, T %y, T %n) {\n  %end = icmp eq T %n, 0\n"
        "  br i1 %end, label %a, label %b\n"
        "a:\n  %q = O T %x, %y\n  ret T %q\n"
        "b:\n  %m = sub T %n, 1\n  %r = call T @g(T %x, T %y, T %m)\n  ret T %r\n}\n"
        "define T @f(T %x, T %y) {\n  %n = and T %x, 3\n"
        "  %r = call T @g(T %x, T %y, T %n)\n  ret T %r\n}\n";
    for (enum operation operation = SDIV; operation <= UREM; operation++) {
        for (size_t w = 0; w < LANES_ARRAY_COUNT(widths); w += 3) {
            const kernel k = divider(ir, &widths[w], operation, "");
            expect_division(&k, &widths[w], operation, divide);
        }
    }
}

Test(codegen_divide, recursive_callbacks_fail_their_element)
{
    static const char ir[] =
        "define T @f(T %x, T %y) {\n  %odd = trunc T %x to i1\n"
        "  br i1 %odd, label %a, label %b\n"
        "a:\n  %q = O T %x, %y\n  ret T %q\n"
        "b:\n  %z = O T %x, %y\n  %m = or T %x, 1\n"
        "  %r = call T @f(T %m, T %y)\n  %s = sub T %r, %r\n  %t = add T %s, %z\n"
        "  ret T %t\n}\n";
    for (enum operation operation = UDIV; operation <= UREM; operation += 2) {
        const kernel k = divider(ir, &widths[3], operation, "");
        expect_division(&k, &widths[3], operation, divide);
    }
}

Test(codegen_divide, vectors_of_the_callback_fail_their_element)
{
    static const char ir[] =
        "define T @f(T %x, T %y) {\n"
        "  %a = insertelement <2 x T> <T 1, T 0>, T %x, i32 1\n"
        "  %b = insertelement <2 x T> <T 1, T 0>, T %y, i32 1\n"
        "  %q = O <2 x T> %a, %b\n  %r = extractelement <2 x T> %q, i32 1\n"
        "  ret T %r\n}\n";
    expect_all(ir, "", divide);
}

/* Longer than any that a front end makes, and no power of two. */
Test(codegen_divide, long_vectors_fail_their_element, .timeout = 120)
{
    static const char ir[] =
        "define T @f(T %x, T %y) {\n"
        "  %a = insertelement <300 x T> splat (T 7), T %x, i32 299\n"
        "  %b = insertelement <300 x T> splat (T 7), T %y, i32 299\n"
        "  %q = O <300 x T> %a, %b\n  %r = extractelement <300 x T> %q, i32 299\n"
        "  ret T %r\n}\n";
    const kernel k = divider(ir, &widths[2], SDIV, "");
    expect_division(&k, &widths[2], SDIV, divide);
}

/* Of zero-extended values, so all operations are that of the values without a sign. */
Test(codegen_divide, wide_divisions_fail_their_element)
{
    static const char *const operations[][2] = {{"udiv", "i128"}, {"sdiv", "i512"}};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(operations); i++) {
        char ir[512];
        snprintf(ir, sizeof(ir),
                 "define T @f(T %%x, T %%y) {\n  %%a = zext T %%x to %s\n"
                 "  %%b = zext T %%y to %s\n  %%q = %s %s %%a, %%b\n"
                 "  %%r = trunc %s %%q to T\n  ret T %%r\n}\n",
                 operations[i][1], operations[i][1], operations[i][0], operations[i][1],
                 operations[i][1]);
        const kernel k = divider(ir, &widths[3], UDIV, "");
        expect_division(&k, &widths[3], UDIV, divide);
    }
}

/* ---- Constants ------------------------------------------------------------------------
 */

Test(codegen_divide, constant_divisors_are_not_guarded)
{
    static const char *const divisors[] = {"7", "-7", "1", "64", "-128"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(divisors); i++) {
        char ir[256];
        snprintf(ir, sizeof(ir),
                 "define i8 @f(i8 %%x) {\n  %%q = sdiv i8 %%x, %s\n"
                 "  %%m = srem i8 %%x, %s\n  %%r = xor i8 %%q, %%m\n  ret i8 %%r\n}\n",
                 divisors[i], divisors[i]);
        const kernel k = kernel_with(ir, "i1(i1)", "i1(i1)");
        cr_expect_eq(k.result.may_raise, 0);
        cr_expect_null(k.explain);
        int8_t x[256], wanted[256];
        const int divisor = (int)strtol(divisors[i], NULL, 10);
        for (int v = 0; v < 256; v++) {
            x[v] = (int8_t)(v - 128);
            wanted[v] = (int8_t)((v - 128) / divisor ^ (v - 128) % divisor);
        }
        expect_values(&k, 256, (void *[]){x}, (const void *[]){wanted});
    }
}

Test(codegen_divide, divisors_that_become_constant_are_not_guarded)
{
    static const char ir[] =
        "define internal i32 @g(i32 %x, i32 %y) {\n  %q = sdiv i32 %x, %y\n"
        "  ret i32 %q\n}\n"
        "define i32 @f(i32 %x) {\n  %q = call i32 @g(i32 %x, i32 7)\n  ret i32 %q\n}\n";
    const kernel k = kernel_with(ir, NULL, "i4(i4)");
    cr_expect_eq(k.result.may_raise, 0);
    int32_t x[] = {INT32_MIN, -8, 0, 6, 7};
    expect_values(&k, 5, (void *[]){x},
                  (const void *[]){(int32_t[]){INT32_MIN / 7, -1, 0, 0, 1}});
}

static bool divide_by_zero(enum operation operation, uint32_t bits, uint64_t x,
                           uint64_t y, uint64_t *out, int32_t *out_code)
{
    (void)y;
    return divide(operation, bits, x, 0, out, out_code);
}

static bool divide_by_minus_one(enum operation operation, uint32_t bits, uint64_t x,
                                uint64_t y, uint64_t *out, int32_t *out_code)
{
    (void)y;
    return divide(operation, bits, x, UINT64_MAX, out, out_code);
}

static bool divide_minimum(enum operation operation, uint32_t bits, uint64_t x,
                           uint64_t y, uint64_t *out, int32_t *out_code)
{
    (void)x;
    return divide(operation, bits, UINT64_C(1) << (bits - 1), y, out, out_code);
}

Test(codegen_divide, constant_operands_that_fail_are_guarded, .timeout = 120)
{
    static const struct {
        const char *ir;
        reference_fn reference;
    } cases[] = {
        {"define T @f(T %x, T %y) {\n  %r = O T %x, 0\n  ret T %r\n}\n", divide_by_zero},
        {"define T @f(T %x, T %y) {\n  %r = O T %x, -1\n  ret T %r\n}\n",
         divide_by_minus_one},
        {"define T @f(T %x, T %y) {\n  %r = O T -9223372036854775808, %y\n  ret T "
         "%r\n}\n",
         divide_minimum},
        /* Constant only once the helper is inlined */
        {"define internal T @g(T %x, T %y) {\n  %r = O T %x, %y\n  ret T %r\n}\n"
         "define T @f(T %x, T %y) {\n  %r = call T @g(T %x, T 0)\n  ret T %r\n}\n",
         divide_by_zero},
        {"define internal T @g(T %x, T %y) {\n  %r = O T %x, %y\n  ret T %r\n}\n"
         "define T @f(T %x, T %y) {\n"
         "  %r = call T @g(T -9223372036854775808, T %y)\n  ret T %r\n}\n",
         divide_minimum},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        for (enum operation operation = SDIV; operation <= SREM; operation += 2) {
            const kernel k = divider(cases[i].ir, &widths[3], operation, "");
            expect_division(&k, &widths[3], operation, cases[i].reference);
        }
    }
}

/* Both can happen in one element; the zero is what counts. */
Test(codegen_divide, zero_division_counts_before_overflow)
{
    static const char ir[] =
        "define i32 @f(i32 %x, i32 %y) {\n  %a = sdiv i32 %x, %y\n"
        "  %z = add i32 %y, 1\n  %b = sdiv i32 %x, %z\n  %r = add i32 %a, %b\n"
        "  ret i32 %r\n}\n";
    const kernel k = kernel_with(ir, NULL, "i4(i4,i4)");
    int32_t x[] = {INT32_MIN, INT32_MIN, 8, 8};
    int32_t y[] = {-1, -2, 0, 1};
    int32_t out[] = {77, 77, 77, 77};
    const int32_t codes[] = {LANES_ELEMENT_ZERO_DIVISION, LANES_ELEMENT_OVERFLOW,
                             LANES_ELEMENT_ZERO_DIVISION, LANES_ELEMENT_OK};
    const lanes_loop_frame frame = frame_of(&k, (void *[]){x, y, out});
    const lanes_loop_result result = run_frame(&k, &frame, 0, 4);
    cr_expect_eq(result.failed, 3);
    cr_expect_eq(result.first_failed, 0);
    for (uint64_t i = 0; i < 4; i++) {
        const void *excinfo = x;
        cr_expect_eq(k.explain(&frame, i, &excinfo), codes[i]);
        cr_expect_null(excinfo);
    }
    cr_expect_arr_eq(out, ((int32_t[]){77, 77, 77, 12}), sizeof(out));
}
