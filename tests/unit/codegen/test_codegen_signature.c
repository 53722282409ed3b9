/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inputs: each dtype in each form in which C and Numba pass it, what a given signature
 * changes, and what is refused. Results are those of plain C. Outputs that are more than
 * one scalar: test_codegen_results.c.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"

#define COUNT 70

/* ---- Every dtype ----------------------------------------------------------------------
 */

static const struct integer_case {
    const char *dtype;
    const char *type;
    const char *extension; /* what clang writes on x86 */
    const char *code;      /* Numba's */
    uint32_t bytes;
} integers[] = {
    {"i1", "i8", "signext", "a", 1},  {"u1", "i8", "zeroext", "h", 1},
    {"i2", "i16", "signext", "s", 2}, {"u2", "i16", "zeroext", "t", 2},
    {"i4", "i32", "", "i", 4},        {"u4", "i32", "", "j", 4},
    {"i8", "i64", "", "x", 8},        {"u8", "i64", "", "y", 8},
};

static void write_c(const struct integer_case *c, char *ir, size_t bytes)
{
    snprintf(ir, bytes,
             "define %s %s @f(%s %s %%x, %s %s %%y) {\n"
             "  %%m = mul %s %%x, 3\n  %%r = add %s %%m, %%y\n  ret %s %%r\n}\n",
             c->extension, c->type, c->type, c->extension, c->type, c->extension, c->type,
             c->type, c->type);
}

static void write_numba(const struct integer_case *c, char *ir, size_t bytes)
{
    snprintf(ir, bytes,
             "define i32 @_ZN1fE%s%s(ptr %%ret, ptr %%e, %s %%x, %s %%y) {\n"
             "  %%m = mul %s %%x, 3\n  %%r = add %s %%m, %%y\n"
             "  store %s %%r, ptr %%ret\n  ret i32 0\n}\n",
             c->code, c->code, c->type, c->type, c->type, c->type, c->type);
}

static uint64_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return *state >> 7 ^ *state << 23;
}

/* x * 3 + y of random bits; the low bytes do not depend on the width or sign. */
static void expect_integers(const kernel *k, uint32_t bytes)
{
    static unsigned char x[8 * COUNT], y[8 * COUNT], wanted[8 * COUNT];
    uint64_t state = bytes;
    for (size_t i = 0; i < COUNT; i++) {
        const uint64_t a = next_random(&state);
        const uint64_t b = next_random(&state);
        const uint64_t r = 3 * a + b;
        memcpy(x + i * bytes, &a, bytes);
        memcpy(y + i * bytes, &b, bytes);
        memcpy(wanted + i * bytes, &r, bytes);
    }
    expect_values(k, COUNT, (void *[]){x, y}, (const void *[]){wanted});
}

Test(codegen_signature, integers_of_c_are_read, .timeout = 60)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(integers); i++) {
        const struct integer_case *c = &integers[i];
        char ir[512];
        char same[32];
        write_c(c, ir, sizeof(ir));
        snprintf(same, sizeof(same), "%s(%s,%s)", c->dtype, c->dtype, c->dtype);
        kernel k = kernel_with(ir, same, same);
        expect_integers(&k, c->bytes);
        /* Without a signature: extensions tell the sign of narrow integers. */
        if (c->dtype[0] == 'i' || c->bytes < 4) {
            k = kernel_with(ir, NULL, same);
        } else {
            k = kernel_with(ir, NULL, c->bytes == 4 ? "i4(i4,i4)" : "i8(i8,i8)");
        }
        expect_integers(&k, c->bytes);
    }
}

Test(codegen_signature, integers_of_numba_are_read, .timeout = 60)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(integers); i++) {
        const struct integer_case *c = &integers[i];
        char ir[512];
        char text[32];
        write_numba(c, ir, sizeof(ir));
        /* The name does not have the result. */
        snprintf(text, sizeof(text), "i%u(%s,%s)", c->bytes, c->dtype, c->dtype);
        kernel k = kernel_with(ir, NULL, text);
        expect_integers(&k, c->bytes);
        snprintf(text, sizeof(text), "%s(%s,%s)", c->dtype, c->dtype, c->dtype);
        k = kernel_with(ir, text, text);
        expect_integers(&k, c->bytes);
    }
}

Test(codegen_signature, floats_are_read)
{
    static const char c8[] = "define double @f(double %x, double %y) {\n"
                             "  %m = fmul double %x, 2.5\n  %r = fadd double %m, %y\n"
                             "  ret double %r\n}\n";
    static const char n4[] = "define i32 @_ZN1fEff(ptr %ret, ptr %e, float %x, float %y) "
                             "{\n  %m = fmul float %x, 2.5\n  %r = fadd float %m, %y\n"
                             "  store float %r, ptr %ret\n  ret i32 0\n}\n";
    static double x8[COUNT], y8[COUNT], w8[COUNT];
    static float x4[COUNT], y4[COUNT], w4[COUNT];
    for (int i = 0; i < COUNT; i++) {
        x8[i] = i / 7.0;
        y8[i] = -i;
        w8[i] = x8[i] * 2.5 + y8[i];
        x4[i] = (float)i / 7.0f;
        y4[i] = (float)-i;
        w4[i] = x4[i] * 2.5f + y4[i];
    }
    kernel k = kernel_with(c8, NULL, "f8(f8,f8)");
    expect_values(&k, COUNT, (void *[]){x8, y8}, (const void *[]){w8});
    k = kernel_with(n4, NULL, "f4(f4,f4)");
    expect_values(&k, COUNT, (void *[]){x4, y4}, (const void *[]){w4});
}

/* A stored bool is a byte; other producers than NumPy store more than 0 and 1. */
Test(codegen_signature, bools_are_true_unless_zero)
{
    static const struct {
        const char *ir;
        const char *given;
        const char *signature;
    } cases[] = {
        {"define zeroext i1 @f(i1 zeroext %x, i1 zeroext %y) {\n"
         "  %r = xor i1 %x, %y\n  ret i1 %r\n}\n",
         NULL, "?(?,?)"},
        {"define zeroext i8 @f(i8 zeroext %x, i8 zeroext %y) {\n"
         "  %r = xor i8 %x, %y\n  ret i8 %r\n}\n",
         "?(?,?)", "?(?,?)"},
        {"define i32 @_ZN1fEbb(ptr %ret, ptr %e, i8 %x, i8 %y) {\n"
         "  %a = trunc i8 %x to i1\n  %b = trunc i8 %y to i1\n  %c = xor i1 %a, %b\n"
         "  %r = zext i1 %c to i8\n  store i8 %r, ptr %ret\n  ret i32 0\n}\n",
         NULL, "?(?,?)"},
        {"define i32 @_ZN1fEbb(ptr %ret, ptr %e, i8 %x, i8 %y) {\n"
         "  %r = xor i8 %x, %y\n  store i8 %r, ptr %ret\n  ret i32 0\n}\n",
         "bool(bool,bool)", "?(?,?)"},
        {"define i32 @_ZN1fE8UniTupleIbLi2EE(ptr %ret, ptr %e, i8 %x, i8 %y) {\n"
         "  %c = icmp ne i8 %x, %y\n  %r = zext i1 %c to i8\n"
         "  store i8 %r, ptr %ret\n  ret i32 0\n}\n",
         NULL, "?(?,?)"},
        {"define i1 @f({ i1, i1 } %p) {\n"
         "  %x = extractvalue { i1, i1 } %p, 0\n  %y = extractvalue { i1, i1 } %p, 1\n"
         "  %r = xor i1 %x, %y\n  ret i1 %r\n}\n",
         NULL, "?(?,?)"},
    };
    static const unsigned char values[] = {0, 1, 2, 128, 255};
    static unsigned char x[COUNT], y[COUNT], wanted[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        x[i] = values[i % 5];
        y[i] = values[i / 5 % 5];
        wanted[i] = (x[i] != 0) != (y[i] != 0);
    }
    for (size_t c = 0; c < LANES_ARRAY_COUNT(cases); c++) {
        const kernel k = kernel_with(cases[c].ir, cases[c].given, cases[c].signature);
        expect_values(&k, COUNT, (void *[]){x, y}, (const void *[]){wanted});
    }
}

/* ---- Complex numbers, tuples ----------------------------------------------------------
 */

static double z8[COUNT][2], conjugate8[COUNT][2];
static float z4[COUNT][2], conjugate4[COUNT][2];

static void fill_complex(void)
{
    for (int i = 0; i < COUNT; i++) {
        z8[i][0] = conjugate8[i][0] = i / 3.0;
        z8[i][1] = 1.0 - i;
        conjugate8[i][1] = -z8[i][1];
        z4[i][0] = conjugate4[i][0] = (float)i / 3.0f;
        z4[i][1] = 1.0f - (float)i;
        conjugate4[i][1] = -z4[i][1];
    }
}

/* The conjugate of a complex number as it is passed and returned. */
static const struct {
    const char *ir;
    const char *given;
    const char *signature;
} conjugates[] = {
    {"define { double, double } @f(double %re, double %im) {\n"
     "  %n = fneg double %im\n"
     "  %a = insertvalue { double, double } poison, double %re, 0\n"
     "  %b = insertvalue { double, double } %a, double %n, 1\n"
     "  ret { double, double } %b\n}\n",
     "c16(c16)", "c16(c16)"},
    {"define { double, double } @f({ double, double } %z) {\n"
     "  %im = extractvalue { double, double } %z, 1\n  %n = fneg double %im\n"
     "  %b = insertvalue { double, double } %z, double %n, 1\n"
     "  ret { double, double } %b\n}\n",
     "complex128(complex128)", "c16(c16)"},
    {"define <2 x float> @f(<2 x float> %z) {\n"
     "  %im = extractelement <2 x float> %z, i32 1\n  %n = fneg float %im\n"
     "  %r = insertelement <2 x float> %z, float %n, i32 1\n  ret <2 x float> %r\n}\n",
     "c8(c8)", "c8(c8)"},
    {"define [2 x float] @f([2 x float] %z) {\n"
     "  %im = extractvalue [2 x float] %z, 1\n  %n = fneg float %im\n"
     "  %r = insertvalue [2 x float] %z, float %n, 1\n  ret [2 x float] %r\n}\n",
     "float complex(float complex)", "c8(c8)"},
    {"define i32 @_ZN1fE10complex128(ptr %ret, ptr %e, double %re, double %im) {\n"
     "  %n = fneg double %im\n  %p = getelementptr { double, double }, ptr %ret, i64 0, "
     "i32 1\n  store double %re, ptr %ret\n  store double %n, ptr %p\n  ret i32 0\n}\n",
     "c16(c16)", "c16(c16)"},
    {"define i32 @_ZN1fE9complex64(ptr %ret, ptr %e, float %re, float %im) {\n"
     "  %n = fneg float %im\n  %p = getelementptr i8, ptr %ret, i64 4\n"
     "  store float %re, ptr %ret\n  store float %n, ptr %p\n  ret i32 0\n}\n"
     "define { float, float } @cfunc._ZN1fE9complex64({ float, float } %z) {\n"
     "  ret { float, float } %z\n}\n",
     NULL, "c8(c8)"},
};

Test(codegen_signature, complex_numbers_are_read, .init = fill_complex, .timeout = 60)
{
    for (size_t c = 0; c < LANES_ARRAY_COUNT(conjugates); c++) {
        const kernel k =
            kernel_with(conjugates[c].ir, conjugates[c].given, conjugates[c].signature);
        const bool is_c16 = k.result.signature.dtype[0] == LANES_C16;
        expect_values(&k, COUNT, (void *[]){is_c16 ? (void *)z8 : (void *)z4},
                      (const void *[]){is_c16 ? (void *)conjugate8 : (void *)conjugate4});
    }
}

Test(codegen_signature, pairs_of_c_are_two_operands_unless_said)
{
    kernel_with(conjugates[0].ir, NULL, "f8,f8(f8,f8)");
    kernel_with(conjugates[2].ir, NULL, "f4,f4(f4,f4)");
}

Test(codegen_signature, tuples_of_numba_are_flattened)
{
    /* f(t: Tuple((float32, int8, complex64)), u: Tuple((Tuple((boolean, int64)),
     * float64))): numbers add up, and the bool takes away 100. */
    static const char ir[] =
        "define i32 @_ZN1fE5TupleIfa9complex64E5TupleI5TupleIbxEdE(ptr %ret, ptr %e, "
        "float %a, i8 %b, float %re, float %im, i8 %flag, i64 %n, double %d) {\n"
        "  %a8 = fpext float %a to double\n  %b8 = sitofp i8 %b to double\n"
        "  %re8 = fpext float %re to double\n  %im8 = fpext float %im to double\n"
        "  %n8 = sitofp i64 %n to double\n  %is = trunc i8 %flag to i1\n"
        "  %s0 = fadd double %a8, %b8\n  %s1 = fadd double %s0, %re8\n"
        "  %s2 = fadd double %s1, %im8\n  %s3 = fadd double %s2, %n8\n"
        "  %s4 = fadd double %s3, %d\n  %t = fsub double %s4, 100.0\n"
        "  %r = select i1 %is, double %t, double %s4\n"
        "  store double %r, ptr %ret\n  ret i32 0\n}\n";
    static float a[COUNT], z[COUNT][2];
    static int8_t b[COUNT];
    static uint8_t flag[COUNT];
    static int64_t n[COUNT];
    static double d[COUNT], wanted[COUNT];
    for (int i = 0; i < COUNT; i++) {
        a[i] = 0.25f * (float)i;
        b[i] = (int8_t)(i - 40);
        z[i][0] = (float)i;
        z[i][1] = -0.5f;
        flag[i] = (uint8_t)(i % 3);
        n[i] = -1000 * i;
        d[i] = 1e3;
        wanted[i] = (double)a[i] + b[i] + (double)z[i][0] + (double)z[i][1] +
                    (double)n[i] + d[i] - (flag[i] != 0 ? 100 : 0);
    }
    const kernel k = kernel_with(ir, NULL, "f8(f4,i1,c8,?,i8,f8)");
    expect_values(&k, COUNT, (void *[]){a, b, z, flag, n, d}, (const void *[]){wanted});
}

Test(codegen_signature, dates_are_64_bit_integers)
{
    static const char ir[] =
        "define i32 @_ZN1fE17datetime64_5bD_5d18timedelta64_5bms_5d(ptr %ret, ptr %e, "
        "i64 %x, i64 %y) {\n  %r = add i64 %x, %y\n  store i64 %r, ptr %ret\n"
        "  ret i32 0\n}\n";
    kernel_with(ir, NULL, "i8(i8,i8)");
    kernel_with(ir, "datetime64[D](datetime64[D],timedelta64[ms])", "i8(i8,i8)");
}

/* ---- A given signature ----------------------------------------------------------------
 */

static void expect_conflict(const char *ir, const char *given, const char *fragment)
{
    const lanes_compile_request request = request_with(ir, given);
    expect_refused_request(&request, ir, LANES_E_IR_SIGNATURE, fragment);
}

#define NUMBA_OF(code, type)                                                             \
    "define i32 @_ZN1fE" code "(ptr %ret, ptr %e, " type " %x) {\n"                      \
    "  store double 0.0, ptr %ret\n  ret i32 0\n}\n"

Test(codegen_signature, given_signature_must_agree_with_numbas_name)
{
    expect_conflict(NUMBA_OF("d", "double"), "f8(f4)",
                    "'f8(f4)' was given, but '_ZN1fEd' was compiled for (f8)");
    expect_conflict(NUMBA_OF("i", "i32"), "f8(u4)", "was compiled for (i4)");
    expect_conflict(NUMBA_OF("h", "i8"), "f8(?)", "was compiled for (u1)");
    expect_conflict(NUMBA_OF("d", "double"), "f8(i8)", "was compiled for (f8)");
    expect_conflict(NUMBA_OF("d", "double"), "f8(f8,f8)", "was compiled for (f8)");
    expect_conflict(NUMBA_OF("10complex128", "double %im, double"), "f8(f8,f8)",
                    "was compiled for (c16)");
    kernel_with(NUMBA_OF("d", "double"), "float64(float64)", "f8(f8)");
}

Test(codegen_signature, given_signature_must_fit_the_types)
{
    static const char ir[] = "define double @f(double %x, i32 %n) {\n"
                             "  ret double %x\n}\n";
    expect_conflict(ir, "f8(f4,i4)", "its inputs do not fit 'f'");
    expect_conflict(ir, "f8(i8,i4)", "its inputs do not fit 'f'");
    expect_conflict(ir, "f8(f8)", "its inputs do not fit 'f'");
    expect_conflict(ir, "f8(f8,i4,i4)", "its inputs do not fit 'f'");
    expect_conflict(ir, "f8(c16,i4)", "its inputs do not fit 'f'");
    expect_conflict(ir, "f8(f8,i4,f8[:])", "its inputs do not fit 'f'");
    expect_conflict(ir, "f4(f8,i4)", "its outputs do not fit 'f'");
    expect_conflict(ir, "f8,f8(f8,i4)", "its outputs do not fit 'f'");
    expect_conflict(ir, "i8(f8,f4", "signature");
    expect_conflict(NUMBA_OF("d", "double"), "f4(f8)", "outputs do not fit");
    /* Same size and kind: the client knows the sign. */
    kernel_with(ir, "f8(f8,u4)", "f8(f8,u4)");
}

/* ---- Refused --------------------------------------------------------------------------
 */

Test(codegen_signature, optional_and_none_are_refused)
{
    expect_refusal("define i32 @_ZN1fEd(ptr %ret, ptr %e, double %x) {\n"
                   "  %some = fcmp ogt double %x, 0.0\n"
                   "  br i1 %some, label %a, label %b\n"
                   "a:\n  store double %x, ptr %ret\n  br label %b\n"
                   "b:\n  %s = phi i32 [ 0, %a ], [ -2, %0 ]\n  ret i32 %s\n}\n",
                   LANES_E_IR_SIGNATURE,
                   "'_ZN1fEd' may return None (its result is "
                   "Optional)");
    expect_refusal("define i32 @_ZN1fEd(ptr %ret, ptr %e, double %x) {\n"
                   "  store ptr null, ptr %ret\n  ret i32 0\n}\n",
                   LANES_E_IR_SIGNATURE, "'_ZN1fEd' returns nothing (None)");
    expect_refusal("define void @f(double %x) {\n  ret void\n}\n", LANES_E_IR_SIGNATURE,
                   "'f' returns nothing");
}

Test(codegen_signature, other_types_of_numba_are_refused_by_name)
{
    expect_refusal("define i32 @_ZN1fEd5ArrayIdLi1E1C7mutable7alignedE(ptr %ret, ptr %e, "
                   "double %x, ptr %m, ptr %p, i64 %n, i64 %s, ptr %data, i64 %n0, "
                   "i64 %s0) {\n  store double %x, ptr %ret\n  ret i32 0\n}\n",
                   LANES_E_IR_SIGNATURE, "argument 1 of '_ZN1fEd5Array");
    expect_refusal("define i32 @_ZN1fE5ArrayIdLi1E1C7mutable7alignedE(ptr %ret, ptr %e, "
                   "ptr %m, ptr %p, i64 %n, i64 %s, ptr %data, i64 %n0, i64 %s0) {\n"
                   "  store double 0.0, ptr %ret\n  ret i32 0\n}\n",
                   LANES_E_IR_SIGNATURE, "is of Numba's type Array;");
    expect_refusal("define i32 @_ZN1fE12unicode_type(ptr %ret, ptr %e, ptr %s, i64 %n, "
                   "i32 %k, i32 %a, i64 %h, ptr %m, ptr %p) {\n"
                   "  store i64 %n, ptr %ret\n  ret i32 0\n}\n",
                   LANES_E_IR_SIGNATURE, "is of Numba's type unicode_type;");
    expect_refusal("define i32 @_ZN1fE23Literal_5bstr_5d_28x_29d(ptr %ret, ptr %e, "
                   "double %x) {\n  store double %x, ptr %ret\n  ret i32 0\n}\n",
                   LANES_E_IR_SIGNATURE, "is of Numba's type Literal[str](x)");
    expect_refusal("define i32 @_ZN1fEDh(ptr %ret, ptr %e, half %x) {\n"
                   "  store half %x, ptr %ret\n  ret i32 0\n}\n",
                   LANES_E_IR_SIGNATURE, "is of Numba's type float16;");
}

Test(codegen_signature, types_without_a_dtype_are_refused)
{
    static const char *const types[] = {"half",       "bfloat",      "x86_fp80",
                                        "fp128",      "i128",        "i7",
                                        "<2 x half>", "{ i8, i24 }", "ptr addrspace(1)",
                                        "%named",     "<3 x i1>",    "{ { double } }",
                                        "{}",         "[0 x double]"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(types); i++) {
        char ir[256];
        const char *named =
            types[i][0] == '%' ? "%named = type { double, double }\n" : "";
        char wanted[64];
        snprintf(ir, sizeof(ir),
                 "%sdefine double @f(double %%x, %s %%y) {\n"
                 "  ret double %%x\n}\n",
                 named, types[i]);
        snprintf(wanted, sizeof(wanted), "argument 1 of 'f' has LLVM type %s", types[i]);
        expect_refusal(ir, LANES_E_IR_SIGNATURE,
                       strstr(types[i], "ptr") != NULL ? "argument 1 of 'f'" : wanted);
        snprintf(ir, sizeof(ir), "%sdefine %s @f(double %%x) {\n  ret %s poison\n}\n",
                 named, types[i], types[i]);
        if (strcmp(types[i], "{ { double } }") != 0) { /* returned, it is a number */
            expect_refusal(ir, LANES_E_IR_SIGNATURE, "of 'f' has LLVM type");
        }
    }
}

Test(codegen_signature, structs_in_memory_are_refused)
{
    expect_refusal("%s = type { double, double, double }\n"
                   "define double @f(ptr byval(%s) align 8 %p) {\n"
                   "  %x = load double, ptr %p\n  ret double %x\n}\n",
                   LANES_E_IR_SIGNATURE,
                   "argument 0 of 'f' is a struct passed in memory; pass its members");
}

static void write_many(const char *type, int count, char *ir, size_t bytes)
{
    size_t used = (size_t)snprintf(ir, bytes, "define %s @f(", type);
    for (int i = 0; i < count; i++) {
        used += (size_t)snprintf(ir + used, bytes - used, "%si64", i > 0 ? ", " : "");
    }
    snprintf(ir + used, bytes - used, ") {\n  ret %s zeroinitializer\n}\n", type);
}

Test(codegen_signature, operand_count_is_limited)
{
    char ir[1024];
    expect_refusal("define double @f() {\n  ret double 0.0\n}\n", LANES_E_IR_SIGNATURE,
                   "'f' takes no inputs; lanes needs 1 to 15");
    write_many("i64", 15, ir, sizeof(ir));
    kernel_with(ir, NULL, "i8(i8,i8,i8,i8,i8,i8,i8,i8,i8,i8,i8,i8,i8,i8,i8)");
    write_many("i64", 16, ir, sizeof(ir));
    expect_refusal(ir, LANES_E_IR_SIGNATURE, "'f' takes more than 15 inputs");
    write_many("i64", 49, ir, sizeof(ir));
    expect_refusal(ir, LANES_E_IR_SIGNATURE, "'f' takes 49 arguments");
    write_many("{ i64, i64 }", 15, ir, sizeof(ir));
    expect_refusal(ir, LANES_E_IR_SIGNATURE, "'f' has more than 16 inputs and outputs");
    write_many("[15 x i64]", 1, ir, sizeof(ir));
    kernel_with(ir, NULL, "i8,i8,i8,i8,i8,i8,i8,i8,i8,i8,i8,i8,i8,i8,i8(i8)");
    write_many("[16 x i64]", 1, ir, sizeof(ir));
    expect_refusal(ir, LANES_E_IR_SIGNATURE, "'f' has more than 16 inputs and outputs");
    write_many("[4294967295 x i64]", 1, ir, sizeof(ir));
    expect_refusal(ir, LANES_E_IR_SIGNATURE, "'f' returns more than 32 scalars");
    expect_refusal("define i32 @_ZN1fE8UniTupleIdLi16EE(ptr %ret, ptr %e, double %a, "
                   "double, double, double, double, double, double, double, double, "
                   "double, double, double, double, double, double, double) {\n"
                   "  store double %a, ptr %ret\n  ret i32 0\n}\n",
                   LANES_E_IR_SIGNATURE, "takes more than 15 inputs");
    expect_refusal("define double @f(double %x, ...) {\n  ret double %x\n}\n",
                   LANES_E_IR_SIGNATURE, "variable number of arguments");
}
