/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrays of another dtype than the kernel's: every pair of dtypes in and out, bit by bit
 * against conversions in C, for every place where a batch may be split; with failures, in
 * place, uniform; and what a key cannot ask for.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "harness.h"
#include "kernel/dtype.h"

/* More than one block of the narrowest elements, and a rest. */
#define COUNT 530

/* Bytes behind the last element that must stay as they are. */
#define GUARD_BYTES 64

/* Outputs of elements that were not run. */
#define UNTOUCHED 0x5a

static const uint32_t dtypes[] = {
#define DTYPE_ITEM(name, code, letters, bytes) (code),
    LANES_DTYPE_TABLE(DTYPE_ITEM)
#undef DTYPE_ITEM
};

/* ---- Conversions in C
 * -------------------------------------------------------------------
 */

/* A long double holds every number of every real dtype. */
struct number {
    long double real;
    long double imaginary;
    bool is_integer;
    uint64_t bits; /* of an integer, sign-extended */
};

#define READ_INTEGER(type)                                                               \
    {                                                                                    \
        type value;                                                                      \
        memcpy(&value, from, sizeof(value));                                             \
        return (struct number){(long double)value, 0, true, (uint64_t)(int64_t)value};   \
    }
#define READ_FLOAT(type, count)                                                          \
    {                                                                                    \
        type value[2] = {0, 0};                                                          \
        memcpy(value, from, (count) * sizeof(value[0]));                                 \
        return (struct number){(long double)value[0], (long double)value[1], false, 0};  \
    }

static struct number number_of(uint32_t dtype, const void *from)
{
    switch (dtype) {
    case LANES_BOOL: {
        unsigned char byte;
        memcpy(&byte, from, 1);
        return (struct number){byte != 0, 0, true, byte != 0};
    }
    case LANES_I1:
        READ_INTEGER(int8_t)
    case LANES_U1:
        READ_INTEGER(uint8_t)
    case LANES_I2:
        READ_INTEGER(int16_t)
    case LANES_U2:
        READ_INTEGER(uint16_t)
    case LANES_I4:
        READ_INTEGER(int32_t)
    case LANES_U4:
        READ_INTEGER(uint32_t)
    case LANES_I8:
        READ_INTEGER(int64_t)
    case LANES_U8:
        READ_INTEGER(uint64_t)
    case LANES_F4:
        READ_FLOAT(float, 1)
    case LANES_F8:
        READ_FLOAT(double, 1)
    case LANES_C8:
        READ_FLOAT(float, 2)
    default:
        READ_FLOAT(double, 2)
    }
}

/* Integers keep their low bits; floats are cut, to the limits if they are beyond. */
#define WRITE_INTEGER(type, low, high)                                                   \
    {                                                                                    \
        const long double cut = truncl(n->real);                                         \
        const type value = n->is_integer   ? (type)n->bits                               \
                           : isnan(cut)    ? 0                                           \
                           : cut <= (low)  ? (low)                                       \
                           : cut >= (high) ? (high)                                      \
                                           : (type)cut;                                  \
        memcpy(to, &value, sizeof(value));                                               \
        return;                                                                          \
    }
#define WRITE_FLOAT(type, count)                                                         \
    {                                                                                    \
        const type value[2] = {(type)n->real, (type)n->imaginary};                       \
        memcpy(to, value, (count) * sizeof(value[0]));                                   \
        return;                                                                          \
    }

static void put_number(uint32_t dtype, const struct number *n, void *to)
{
    switch (dtype) {
    case LANES_BOOL:
        *(unsigned char *)to = n->real != 0 ? 1 : 0;
        return;
    case LANES_I1:
        WRITE_INTEGER(int8_t, INT8_MIN, INT8_MAX)
    case LANES_U1:
        WRITE_INTEGER(uint8_t, 0, UINT8_MAX)
    case LANES_I2:
        WRITE_INTEGER(int16_t, INT16_MIN, INT16_MAX)
    case LANES_U2:
        WRITE_INTEGER(uint16_t, 0, UINT16_MAX)
    case LANES_I4:
        WRITE_INTEGER(int32_t, INT32_MIN, INT32_MAX)
    case LANES_U4:
        WRITE_INTEGER(uint32_t, 0, UINT32_MAX)
    case LANES_I8:
        WRITE_INTEGER(int64_t, INT64_MIN, INT64_MAX)
    case LANES_U8:
        WRITE_INTEGER(uint64_t, 0, UINT64_MAX)
    case LANES_F4:
        WRITE_FLOAT(float, 1)
    case LANES_F8:
        WRITE_FLOAT(double, 1)
    case LANES_C8:
        WRITE_FLOAT(float, 2)
    default:
        WRITE_FLOAT(double, 2)
    }
}

static void convert(uint32_t from, uint32_t to, const void *x, void *y)
{
    const struct number n = number_of(from, x);
    put_number(to, &n, y);
}

/* Equal bits, or NaN both: of NaN only that it is one is promised. */
static bool is_equal(uint32_t dtype, const void *a, const void *b)
{
    if (memcmp(a, b, lanes_dtype_bytes(dtype)) == 0) {
        return true;
    }
    const uint32_t part = lanes_dtype_part(dtype);
    const uint32_t bytes = lanes_dtype_bytes(part);
    for (uint32_t p = 0; p < lanes_dtype_part_count(dtype); p++) {
        const char *at_a = (const char *)a + p * bytes;
        const char *at_b = (const char *)b + p * bytes;
        const bool are_nan = lanes_dtype_is_float(part) &&
                             isnan(number_of(part, at_a).real) &&
                             isnan(number_of(part, at_b).real);
        if (!are_nan && memcmp(at_a, at_b, bytes) != 0) {
            return false;
        }
    }
    return true;
}

/* ---- Values
 * -----------------------------------------------------------------------------
 */

static uint64_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 11;
}

/* Limits of every integer, what lies around them and halves; beyond that bits at random,
 * and numbers that integers can hold. */
static double float_value(int i, uint64_t *state)
{
    static const double limits[] = {0.0,
                                    -0.0,
                                    0.5,
                                    -0.5,
                                    0.999,
                                    -0.999,
                                    1.5,
                                    -1.5,
                                    2.5,
                                    127.0,
                                    127.9,
                                    128.,
                                    128.5,
                                    -128.,
                                    -128.9,
                                    -129.,
                                    255.0,
                                    255.9,
                                    256.0,
                                    32767.9,
                                    32768.0,
                                    -32768.9,
                                    -32769.,
                                    65535.9,
                                    65536.0,
                                    2147483647.0,
                                    2147483648.0,
                                    -2147483648.0,
                                    -2147483649.0,
                                    4294967295.0,
                                    4294967296.0,
                                    0x1p63,
                                    -0x1p63,
                                    0x1.fffffffffffffp62,
                                    0x1p64,
                                    0x1.fffffffffffffp63,
                                    -0x1p64,
                                    16777217.0,
                                    0x1p-149,
                                    0x1p-150,
                                    0x1.8p-150,
                                    0x1p-1074,
                                    3.4028235677973366e38,
                                    3.5e38,
                                    -1e300,
                                    (double)INFINITY,
                                    -(double)INFINITY,
                                    (double)NAN,
                                    1e-300};
    double value;
    if ((size_t)i < LANES_ARRAY_COUNT(limits)) {
        return limits[i];
    }
    const uint64_t bits = next_random(state) << 11 ^ next_random(state);
    if (i % 3 == 0) {
        memcpy(&value, &bits, sizeof(value));
        return value;
    }
    return ldexp((double)(int64_t)bits, -(i % 64));
}

static void fill(uint32_t dtype, void *array)
{
    const uint32_t part = lanes_dtype_part(dtype);
    const uint32_t bytes = lanes_dtype_bytes(part);
    uint64_t state = dtype;
    char *at = array;
    for (int i = 0; i < COUNT * (int)lanes_dtype_part_count(dtype); i++, at += bytes) {
        if (lanes_dtype_is_float(part)) {
            const double value = float_value(i, &state);
            convert(LANES_F8, part, &value, at);
            continue;
        }
        static const uint64_t limits[] = {0,
                                          1,
                                          2,
                                          UINT64_MAX,
                                          UINT64_C(1) << 63,
                                          UINT64_C(0x7fffffffffffffff),
                                          0x80,
                                          0x8000,
                                          0x80000000,
                                          0x7f,
                                          0x7fff,
                                          0x7fffffff,
                                          16777217};
        const uint64_t value = i < (int)LANES_ARRAY_COUNT(limits)
                                   ? limits[i]
                                   : next_random(&state) << (i % 12);
        memcpy(at, &value, bytes);
    }
}

/* ---- Kernels
 * ------------------------------------------------------------------------------
 */

/* f(x) = x of one dtype, as the IR of C. */
struct identity {
    char ir[256];
    char signature[16];
};

static struct identity identity_of(uint32_t dtype)
{
    static const char *const integers[] = {"", "i8", "i16", "", "i32", "", "", "", "i64"};
    const bool is_double = lanes_dtype_part(dtype) == LANES_F8;
    const char *type = lanes_dtype_is_float(lanes_dtype_part(dtype))
                           ? (is_double ? "double" : "float")
                           : integers[lanes_dtype_bytes(dtype)];
    struct identity made;
    snprintf(made.signature, sizeof(made.signature), "%s(%s)", lanes_dtype_name(dtype),
             lanes_dtype_name(dtype));
    type = dtype == LANES_BOOL ? "i1" : type;
    if (lanes_dtype_part_count(dtype) == 1) {
        snprintf(made.ir, sizeof(made.ir), "define %s @f(%s %%x) {\n  ret %s %%x\n}\n",
                 type, type, type);
    } else {
        snprintf(made.ir, sizeof(made.ir),
                 "define { %s, %s } @f(%s %%x, %s %%y) {\n"
                 "  %%a = insertvalue { %s, %s } undef, %s %%x, 0\n"
                 "  %%b = insertvalue { %s, %s } %%a, %s %%y, 1\n"
                 "  ret { %s, %s } %%b\n}\n",
                 type, type, type, type, type, type, type, type, type, type, type, type);
    }
    return made;
}

static lanes_variant_key key_of(uint32_t operands)
{
    lanes_variant_key key = {.has_where = 0};
    memset(key.layout, LANES_LAYOUT_CONTIGUOUS, operands);
    return key;
}

/* f(x) = x in @p own, the array of operand @p k in @p stored. */
static kernel casting_identity(uint32_t own, uint32_t k, uint32_t stored)
{
    const struct identity made = identity_of(own);
    lanes_variant_key key = key_of(2);
    key.dtype[k] = (uint8_t)stored;
    return variant_of(made.ir, made.signature, &key);
}

static void expect_converted(const kernel *k, uint32_t from, uint32_t to, uint64_t begin,
                             uint64_t end)
{
    static unsigned char x[16 * COUNT], got[16 * COUNT + GUARD_BYTES];
    const uint32_t from_bytes = lanes_dtype_bytes(from);
    const uint32_t to_bytes = lanes_dtype_bytes(to);
    fill(from, x);
    memset(got, UNTOUCHED, sizeof(got));
    const lanes_loop_frame frame = frame_of(k, (void *[]){x, got});
    const lanes_loop_result result = run_frame(k, &frame, begin, end);
    cr_assert_eq(result.failed, 0);
    for (uint64_t i = begin; i < end; i++) {
        unsigned char wanted[16];
        convert(from, to, x + i * from_bytes, wanted);
        const struct number n = number_of(from, x + i * from_bytes);
        const struct number y = number_of(to, got + i * to_bytes);
        cr_assert(is_equal(to, wanted, got + i * to_bytes),
                  "%s to %s, element %d of [%d, %d): %La became %La, %Laj",
                  lanes_dtype_name(from), lanes_dtype_name(to), (int)i, (int)begin,
                  (int)end, n.real, y.real, y.imaginary);
    }
    for (uint64_t i = 0; i < sizeof(got); i++) {
        cr_assert((i >= begin * to_bytes && i < end * to_bytes) || got[i] == UNTOUCHED);
    }
}

static void expect_conversion(const kernel *k, uint32_t from, uint32_t to)
{
    static const uint64_t begins[] = {0, 1, 63, 256, 257, COUNT - 1};
    static const uint64_t lengths[] = {1, 2, 63, 64, 65, 255, 256, 257, COUNT};
    for (size_t b = 0; b < LANES_ARRAY_COUNT(begins); b++) {
        for (size_t n = 0; n < LANES_ARRAY_COUNT(lengths); n++) {
            const uint64_t end = begins[b] + lengths[n];
            expect_converted(k, from, to, begins[b], end < COUNT ? end : COUNT);
        }
    }
    /* SSE2 is left scalar where it has no instruction for one step of it. */
    cr_expect(k->result.info.vector_width > 1 || !compiles_for("x86-64-v3"), "%s to %s",
              lanes_dtype_name(from), lanes_dtype_name(to));
}

static bool is_possible(uint32_t from, uint32_t to)
{
    return from != to && lanes_dtype_part_count(from) <= lanes_dtype_part_count(to);
}

Test(codegen_convert, every_dtype_may_come_in_as_every_other, .timeout = 200)
{
    uint32_t pairs = 0;
    for (size_t i = 0; i < LANES_ARRAY_COUNT(dtypes); i++) {
        for (size_t j = 0; j < LANES_ARRAY_COUNT(dtypes); j++) {
            if (is_possible(dtypes[i], dtypes[j])) {
                const kernel k = casting_identity(dtypes[j], 0, dtypes[i]);
                expect_conversion(&k, dtypes[i], dtypes[j]);
                pairs++;
            }
        }
    }
    cr_expect_eq(pairs, 13 * 12 - 2 * 11);
}

Test(codegen_convert, every_dtype_may_go_out_as_every_other, .timeout = 200)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(dtypes); i++) {
        for (size_t j = 0; j < LANES_ARRAY_COUNT(dtypes); j++) {
            if (is_possible(dtypes[i], dtypes[j])) {
                const kernel k = casting_identity(dtypes[i], 1, dtypes[j]);
                expect_conversion(&k, dtypes[i], dtypes[j]);
            }
        }
    }
}

/* As CPUs without AVX-512 have them: no conversions of 64 bits, or of unsigned. */
Test(codegen_convert, older_cpus_convert_alike, .timeout = 200)
{
    static const char *const cpus[] = {"x86-64", "x86-64-v3"};
    static const uint32_t floats[] = {LANES_F4, LANES_F8};
    for (uint32_t c = 0; c < (__builtin_cpu_supports("avx2") ? 4 : 2); c++) {
        for (size_t i = 0; i < LANES_ARRAY_COUNT(dtypes); i++) {
            const uint32_t from = floats[c % 2];
            if (!is_possible(from, dtypes[i])) {
                continue;
            }
            const struct identity made = identity_of(dtypes[i]);
            lanes_compile_request request = request_with(made.ir, made.signature);
            request.default_key = 0;
            request.key = key_of(2);
            request.key.dtype[0] = (uint8_t)from;
            memcpy(request.cpu, cpus[c / 2], strlen(cpus[c / 2]) + 1);
            const kernel k = kernel_of(&request, made.ir);
            expect_converted(&k, from, dtypes[i], 0, COUNT);
        }
    }
}

/* LLVM takes vectors apart for its own saturating conversions, and calls that vectorized.
 */
Test(codegen_convert, conversions_are_vector_instructions)
{
    static const struct {
        uint32_t own;
        uint32_t operand;
        uint32_t stored;
        const char *vector;
        const char *scalar;
    } cases[] = {
        {LANES_F8, 0, LANES_F4, "vcvtps2pd", "vcvtss2sd"},
        {LANES_F8, 0, LANES_I4, "vcvtdq2pd", "vcvtsi2sd"},
        {LANES_F4, 0, LANES_F8, "vcvtpd2ps", "vcvtsd2ss"},
        {LANES_F4, 0, LANES_U1, "vcvtdq2ps", "vcvtsi2ss"},
        {LANES_F8, 1, LANES_I4, "vcvttpd2dq", "vcvttsd2si"},
        {LANES_F8, 1, LANES_U1, "vcvttpd2dq", "vcvttsd2si"},
        {LANES_F4, 1, LANES_I2, "vcvttps2dq", "vcvttss2si"},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        const struct identity made = identity_of(cases[i].own);
        lanes_compile_request request = request_with(made.ir, made.signature);
        request.default_key = 0;
        request.key = key_of(2);
        request.key.dtype[cases[i].operand] = (uint8_t)cases[i].stored;
        request.flags = LANES_ABI_KERNEL_STAGES;
        memcpy(request.cpu, "x86-64-v3", sizeof("x86-64-v3"));
        lanes_codegen_output output = compile_request(&request, made.ir);
        cr_assert_eq(output.result.status, LANES_OK, "%s", output.result.message);
        char *assembly = strstr(output.report, "\"asm\"");
        cr_assert_not_null(assembly);
        char *confirm = strstr(assembly, "\\t.globl\\tlanes_confirm");
        if (confirm != NULL) {
            *confirm = '\0'; /* that is scalar */
        }
        cr_expect(strstr(assembly, cases[i].vector) != NULL, "%s", assembly);
        cr_expect(strstr(assembly, cases[i].scalar) == NULL, "%s", assembly);
        cr_expect_gt(output.result.info.vector_width, 1);
        lanes_codegen_output_deinit(&output);
    }
}

/* ---- Beyond what NumPy defines --------------------------------------------------------
 */

Test(codegen_convert, floats_beyond_an_integer_become_its_limit_and_nan_0)
{
    static double in[] = {
        1e300, -1e300, (double)INFINITY, -(double)INFINITY, (double)NAN, 300.7,
        -0.9,  -300.7};
    static const struct {
        uint32_t dtype;
        int32_t wanted[8];
    } cases[] = {
        {LANES_I1, {127, -128, 127, -128, 0, 127, 0, -128}},
        {LANES_U1, {255, 0, 255, 0, 0, 255, 0, 0}},
        {LANES_I4, {INT32_MAX, INT32_MIN, INT32_MAX, INT32_MIN, 0, 300, 0, -300}},
    };
    for (size_t c = 0; c < LANES_ARRAY_COUNT(cases); c++) {
        const kernel k = casting_identity(LANES_F8, 1, cases[c].dtype);
        unsigned char out[sizeof(in)];
        const lanes_loop_frame frame = frame_of(&k, (void *[]){in, out});
        cr_expect_eq(run_frame(&k, &frame, 0, 8).failed, 0);
        for (uint32_t i = 0; i < 8; i++) {
            const unsigned char *at = out + i * lanes_dtype_bytes(cases[c].dtype);
            cr_expect_eq((int32_t)(int64_t)number_of(cases[c].dtype, at).bits,
                         cases[c].wanted[i], "%s, element %u",
                         lanes_dtype_name(cases[c].dtype), i);
        }
    }
}

Test(codegen_convert, every_byte_but_0_is_true)
{
    static uint8_t bytes[] = {0, 1, 2, 0x80, 0xff};
    const kernel as_double = casting_identity(LANES_F8, 0, LANES_BOOL);
    const kernel as_short = casting_identity(LANES_BOOL, 1, LANES_I2);
    double doubles[5];
    int16_t shorts[5];
    const lanes_loop_frame frame = frame_of(&as_double, (void *[]){bytes, doubles});
    run_frame(&as_double, &frame, 0, 5);
    cr_expect_arr_eq(doubles, ((double[]){0, 1, 1, 1, 1}), sizeof(doubles));
    const lanes_loop_frame other = frame_of(&as_short, (void *[]){bytes, shorts});
    run_frame(&as_short, &other, 0, 5);
    cr_expect_arr_eq(shorts, ((int16_t[]){0, 1, 1, 1, 1}), sizeof(shorts));
}

Test(codegen_convert, imaginary_parts_of_real_numbers_are_plus_0)
{
    static double in[] = {-1.5, -0.0};
    static const float wanted[] = {-1.5F, 0, -0.0F, 0};
    const kernel input = casting_identity(LANES_C8, 0, LANES_F8);
    const kernel output = casting_identity(LANES_F8, 1, LANES_C8);
    const kernel *const both[] = {&input, &output};
    for (size_t i = 0; i < 2; i++) {
        float out[4] = {9, 9, 9, 9};
        const lanes_loop_frame frame = frame_of(both[i], (void *[]){in, out});
        run_frame(both[i], &frame, 0, 2);
        cr_expect_arr_eq(out, wanted, sizeof(out));
    }
}

/* ---- Around conversions ---------------------------------------------------------------
 */

/* x / y by Numba's rules: y == 0 fails. */
static const char divide[] =
    "define i32 @_ZN3divEdd(ptr %ret, ptr %e, double %x, double %y) {\n"
    "  %zero = fcmp oeq double %y, 0.0\n  br i1 %zero, label %bad, label %good\n"
    "bad:\n  ret i32 1\n"
    "good:\n  %q = fdiv double %x, %y\n  store double %q, ptr %ret\n  ret i32 0\n}\n";

static kernel divide_as(uint32_t x, uint32_t y, uint32_t q, enum lanes_layout layout_x)
{
    lanes_variant_key key = key_of(3);
    key.layout[0] = (uint8_t)layout_x;
    key.dtype[0] = (uint8_t)x;
    key.dtype[1] = (uint8_t)y;
    key.dtype[2] = (uint8_t)q;
    return variant_of(divide, "f8(f8,f8)", &key);
}

Test(codegen_convert, uniform_operands_are_converted)
{
    const kernel k = divide_as(LANES_U2, LANES_I1, LANES_F4, LANES_LAYOUT_UNIFORM);
    cr_expect_gt(k.result.info.vector_width, 1);
    uint16_t x = 60000;
    static int8_t y[COUNT];
    static float q[COUNT];
    for (int i = 0; i < COUNT; i++) {
        y[i] = (int8_t)(i % 100 + 1);
        q[i] = -1;
    }
    const lanes_loop_frame frame = frame_of(&k, (void *[]){&x, y, q});
    cr_expect_eq(run_frame(&k, &frame, 3, COUNT - 1).failed, 0);
    for (int i = 0; i < COUNT; i++) {
        cr_assert_eq(q[i], i >= 3 && i < COUNT - 1 ? (float)(60000.0 / y[i]) : -1);
    }
}

/* What 0.5 cannot be in the output's dtype tells that the old bytes were not converted to
 * and fro. */
Test(codegen_convert, failing_elements_keep_the_bytes_they_had)
{
    static const uint32_t outputs[] = {LANES_I2, LANES_BOOL, LANES_F4, LANES_C8,
                                       LANES_C16};
    for (size_t o = 0; o < LANES_ARRAY_COUNT(outputs); o++) {
        const kernel k =
            divide_as(LANES_F4, LANES_I4, outputs[o], LANES_LAYOUT_CONTIGUOUS);
        const uint32_t bytes = lanes_dtype_bytes(outputs[o]);
        cr_expect_gt(k.result.info.vector_width, 1);
        static float x[COUNT];
        static int32_t y[COUNT];
        static unsigned char q[16 * COUNT];
        for (int i = 0; i < COUNT; i++) {
            x[i] = 0.75F * (float)i;
            y[i] = i % 9 - 4;
        }
        memset(q, UNTOUCHED, sizeof(q));
        const lanes_loop_frame frame = frame_of(&k, (void *[]){x, y, q});
        const lanes_loop_result result = run_frame(&k, &frame, 1, COUNT);
        cr_expect_eq(result.failed, 59);
        cr_expect_eq(result.first_failed, 4);
        for (int i = 0; i < COUNT; i++) {
            unsigned char wanted[16];
            memset(wanted, UNTOUCHED, sizeof(wanted));
            if (i > 0 && y[i] != 0) {
                const double value = (double)x[i] / y[i];
                convert(LANES_F8, outputs[o], &value, wanted);
            }
            cr_assert(is_equal(outputs[o], wanted, q + (uint32_t)i * bytes),
                      "%s, element %d", lanes_dtype_name(outputs[o]), i);
        }
    }
}

Test(codegen_convert, arrays_of_another_dtype_may_be_changed_in_place)
{
    static const uint32_t arrays[] = {LANES_F4, LANES_I4, LANES_U1};
    for (size_t a = 0; a < LANES_ARRAY_COUNT(arrays); a++) {
        const kernel k =
            divide_as(arrays[a], LANES_I1, arrays[a], LANES_LAYOUT_CONTIGUOUS);
        const uint32_t bytes = lanes_dtype_bytes(arrays[a]);
        static unsigned char x[8 * COUNT], wanted[8 * COUNT];
        static int8_t y[COUNT];
        fill(arrays[a], x);
        memcpy(wanted, x, sizeof(x));
        for (uint32_t i = 0; i < COUNT; i++) {
            y[i] = (int8_t)(i % 4);
            double value;
            convert(arrays[a], LANES_F8, x + i * bytes, &value);
            value /= y[i];
            if (y[i] != 0) {
                convert(LANES_F8, arrays[a], &value, wanted + i * bytes);
            }
        }
        const lanes_loop_frame frame = frame_of(&k, (void *[]){x, y, x});
        cr_expect_eq(run_frame(&k, &frame, 0, 300).failed, 75);
        cr_expect_eq(run_frame(&k, &frame, 300, COUNT).failed, 58);
        for (uint32_t i = 0; i < COUNT; i++) {
            cr_assert(is_equal(arrays[a], wanted + i * bytes, x + i * bytes),
                      "%s, element %u", lanes_dtype_name(arrays[a]), i);
        }
    }
}

/* The one element that says why it failed reads the same arrays, from the frame's first.
 */
Test(codegen_convert, a_failure_is_explained_from_converted_inputs)
{
    const kernel k = divide_as(LANES_U1, LANES_F4, LANES_I2, LANES_LAYOUT_CONTIGUOUS);
    uint8_t x[] = {1, 2, 3, 4};
    float y[] = {1, 0, 2, -0.0F};
    int16_t q[4] = {0};
    lanes_loop_frame frame = frame_of(&k, (void *[]){x, y, q});
    frame.first = 1000;
    const void *excinfo;
    for (uint64_t i = 0; i < 4; i++) {
        cr_expect_eq(k.explain(&frame, 1000 + i, &excinfo),
                     i % 2 != 0 ? LANES_ELEMENT_RAISED : LANES_ELEMENT_OK);
    }
    const lanes_loop_result result = run_frame(&k, &frame, 1000, 1004);
    cr_expect_eq(result.failed, 2);
    cr_expect_eq(result.first_failed, 1001);
    cr_expect_arr_eq(q, ((int16_t[]){1, 0, 1, 0}), sizeof(q));
}

Test(codegen_convert, reports_name_the_arrays_dtypes)
{
    lanes_compile_request request = request_for(divide);
    request.default_key = 0;
    request.key = key_of(3);
    request.key.dtype[1] = LANES_F4;
    request.key.has_where = 1;
    lanes_codegen_output output = compile_request(&request, divide);
    cr_assert_eq(output.result.status, LANES_OK, "%s", output.result.message);
    cr_expect(strstr(output.report, "\"contiguous,contiguous:f4,contiguous+where\"") !=
                  NULL,
              "%s", output.report);
    lanes_codegen_output_deinit(&output);
}

/* ---- Refusals -------------------------------------------------------------------------
 */

static void expect_refused_key(const char *ir, const char *signature,
                               const lanes_variant_key *key, const char *fragment)
{
    lanes_compile_request request = request_with(ir, signature);
    request.default_key = 0;
    request.key = *key;
    expect_refused_request(&request, ir, LANES_E_LAYOUT, fragment);
}

Test(codegen_convert, keys_of_impossible_dtypes_are_refused)
{
    static const struct {
        uint32_t operand;
        uint8_t dtype;
        const char *fragment;
    } cases[] = {
        {0, LANES_F8, "operand 0 is f8 and cannot have an array of dtype 12 (f8)"},
        {2, LANES_F8, "operand 2 is f8 and cannot have an array of dtype 12 (f8)"},
        {1, LANES_C16, "operand 1 is f8 and cannot have an array of dtype 15 (c16)"},
        {0, LANES_C8, "operand 0 is f8 and cannot have an array of dtype 14 (c8)"},
        {0, 2, "dtype 2 (?)"},
        {2, 13, "dtype 13 (?)"},
        {1, 255, "dtype 255 (?)"},
        {3, LANES_F4, "operand 3 is ? and cannot have an array of dtype 11 (f4)"},
        {LANES_OPERANDS_MAX - 1, LANES_F4, "operand 15 is ?"},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        lanes_variant_key key = key_of(3);
        key.dtype[cases[i].operand] = cases[i].dtype;
        expect_refused_key(divide, "f8(f8,f8)", &key, cases[i].fragment);
    }
    const struct identity made = identity_of(LANES_C16);
    lanes_variant_key key = key_of(2);
    key.dtype[1] = LANES_F8;
    expect_refused_key(made.ir, made.signature, &key, "operand 1 is c16");
    key.dtype[1] = LANES_I8;
    expect_refused_key(made.ir, made.signature, &key, "operand 1 is c16");
}

Test(codegen_convert, rows_are_not_converted)
{
    static const char ir[] = "define double @f(i32 %n, ptr %row) {\n"
                             "  %v = load double, ptr %row\n  ret double %v\n}\n";
    lanes_variant_key key = key_of(2);
    key.layout[0] = LANES_LAYOUT_ROWS;
    cr_expect_eq(variant_of(ir, "f8(f8[:])", &key).result.signature.row_mask, 1);
    key.dtype[0] = LANES_F4;
    expect_refused_key(ir, "f8(f8[:])", &key,
                       "operand 0 is f8 and cannot have an array of dtype");
}

Test(codegen_convert, flags_of_a_key_are_0_or_1)
{
    lanes_variant_key key = key_of(3);
    key.has_where = 2;
    expect_refused_key(divide, "", &key, "has_where 2");
    key.has_where = 1;
    key.streams = 1;
    expect_refused_key(divide, "", &key, "has_where 1, streams 1");
}
