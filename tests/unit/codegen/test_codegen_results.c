/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outputs: what a callback returns in registers, in memory, packed, through pointers and
 * as Numba's tuples; all found without a signature where the IR tells, placed by one
 * where it does not. Results are those of plain C.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"

#define COUNT 70

/* The input, and one array of wanted values for each kind of output. */
static double x[COUNT], next_x[COUNT], twice_x[COUNT], zero[COUNT];
static float half_x[COUNT];
static int64_t long_x[COUNT];
static int32_t int_x[COUNT], int_negative[COUNT];
static int16_t short_x[COUNT];
static int8_t char_x[COUNT];
static uint8_t is_big[COUNT];
static double complex_x[COUNT][2];

static void fill(void)
{
    for (int i = 0; i < COUNT; i++) {
        x[i] = i - 20;
        next_x[i] = x[i] + 1.0;
        twice_x[i] = x[i] * 2.0;
        half_x[i] = (float)x[i] * 0.5f;
        long_x[i] = int_x[i] = i - 20;
        int_negative[i] = 20 - i;
        short_x[i] = (int16_t)(i - 20);
        char_x[i] = (int8_t)(i - 20);
        is_big[i] = x[i] > 3.0;
        complex_x[i][0] = x[i] + 1.0;
        complex_x[i][1] = x[i] * 2.0;
    }
}

TestSuite(codegen_results, .init = fill, .timeout = 60);

/* The instructions behind every callback below: one value of each kind. */
#define VALUES                                                                           \
    "  %next = fadd double %x, 1.0\n  %twice = fmul double %x, 2.0\n"                    \
    "  %f = fptrunc double %x to float\n  %half = fmul float %f, 5.0e-1\n"               \
    "  %long = fptosi double %x to i64\n  %int = fptosi double %x to i32\n"              \
    "  %neg = sub i32 0, %int\n  %short = trunc i32 %int to i16\n"                       \
    "  %char = trunc i32 %int to i8\n  %big = fcmp ogt double %x, 3.0\n"                 \
    "  %flag = zext i1 %big to i8\n"

struct result_case {
    const char *ir;
    const char *given;
    const char *signature;
    const void *wanted[4];
};

static void run_cases(const struct result_case *cases, size_t count)
{
    for (size_t c = 0; c < count; c++) {
        const kernel k = kernel_with(cases[c].ir, cases[c].given, cases[c].signature);
        expect_values(&k, COUNT, (void *[]){x}, cases[c].wanted);
    }
}

/* ---- C: registers and memory ----------------------------------------------------------
 */

#define RETURN2(type, type0, value0, type1, value1)                                      \
    "define " type " @f(double %x) {\n" VALUES "  %r0 = insertvalue " type               \
    " poison, " type0 " " value0 ", 0\n  %r1 = insertvalue " type " %r0, " type1         \
    " " value1 ", 1\n  ret " type " %r1\n}\n"

Test(codegen_results, structs_of_c_are_several_outputs)
{
    static const struct result_case cases[] = {
        {RETURN2("{ double, i32 }", "double", "%next", "i32", "%int"),
         NULL,
         "f8,i4(f8)",
         {next_x, int_x}},
        {RETURN2("{ i64, double }", "i64", "%long", "double", "%twice"),
         NULL,
         "i8,f8(f8)",
         {long_x, twice_x}},
        {RETURN2("{ i1, double }", "i1", "%big", "double", "%twice"),
         NULL,
         "?,f8(f8)",
         {is_big, twice_x}},
        {RETURN2("[2 x double]", "double", "%next", "double", "%twice"),
         NULL,
         "f8,f8(f8)",
         {next_x, twice_x}},
        {RETURN2("{ double, double }", "double", "%next", "double", "%twice"),
         "c16(f8)",
         "c16(f8)",
         {complex_x}},
        /* struct { float a, b, c; } */
        {"define { <2 x float>, float } @f(double %x) {\n" VALUES
         "  %v0 = insertelement <2 x float> poison, float %f, i32 0\n"
         "  %v1 = insertelement <2 x float> %v0, float %half, i32 1\n"
         "  %r0 = insertvalue { <2 x float>, float } poison, <2 x float> %v1, 0\n"
         "  %r1 = insertvalue { <2 x float>, float } %r0, float %half, 1\n"
         "  ret { <2 x float>, float } %r1\n}\n",
         "f4,f4,f4(f8)",
         "f4,f4,f4(f8)",
         {NULL, half_x, half_x}},
        {"define zeroext i8 @f(double %x) {\n" VALUES "  ret i8 %flag\n}\n",
         NULL,
         "u1(f8)",
         {is_big}},
        {"define zeroext i1 @f(double %x) {\n" VALUES "  ret i1 %big\n}\n",
         NULL,
         "?(f8)",
         {is_big}},
    };
    static float single_x[COUNT];
    for (int i = 0; i < COUNT; i++) {
        single_x[i] = (float)x[i];
    }
    for (size_t c = 0; c < LANES_ARRAY_COUNT(cases); c++) {
        struct result_case one = cases[c];
        one.wanted[0] = one.wanted[0] != NULL ? one.wanted[0] : single_x;
        run_cases(&one, 1);
    }
}

/* C returns structs of up to 16 bytes in one or two registers, whatever their members. */
Test(codegen_results, packed_structs_are_taken_apart_by_a_signature)
{
#define LOW32(value, name) "  %" name ".w = zext i32 " value " to i64\n"
    static const struct result_case cases[] = {
        /* struct { int a, b; } */
        {"define i64 @f(double %x) {\n" VALUES LOW32("%int", "a") LOW32(
             "%neg",
             "b") "  %s = shl i64 %b.w, 32\n  %r = or i64 %s, %a.w\n  ret i64 %r\n}\n",
         "i4,i4(f8)",
         "i4,i4(f8)",
         {int_x, int_negative}},
        /* struct { float a; int b; } */
        {"define i64 @f(double %x) {\n" VALUES
         "  %bits = bitcast float %half to i32\n" LOW32("%bits", "a") LOW32(
             "%neg",
             "b") "  %s = shl i64 %b.w, 32\n  %r = or i64 %s, %a.w\n  ret i64 %r\n}\n",
         "f4,i4(f8)",
         "f4,i4(f8)",
         {half_x, int_negative}},
        /* struct { int a, b, c; } */
        {"define { i64, i32 } @f(double %x) {\n" VALUES LOW32("%int", "a")
             LOW32("%neg", "b") "  %s = shl i64 %b.w, 32\n  %w = or i64 %s, %a.w\n"
                                "  %r0 = insertvalue { i64, i32 } poison, i64 %w, 0\n"
                                "  %r1 = insertvalue { i64, i32 } %r0, i32 %int, 1\n"
                                "  ret { i64, i32 } %r1\n}\n",
         "i4,i4,i4(f8)",
         "i4,i4,i4(f8)",
         {int_x, int_negative, int_x}},
        /* struct { short a; bool b; char c; } */
        {"define i32 @f(double %x) {\n" VALUES
         "  %a = zext i16 %short to i32\n  %b = zext i1 %big to i32\n"
         "  %c = zext i8 %char to i32\n  %b16 = shl i32 %b, 16\n"
         "  %c24 = shl i32 %c, 24\n  %ab = or i32 %a, %b16\n  %r = or i32 %ab, %c24\n"
         "  ret i32 %r\n}\n",
         "i2,?,i1(f8)",
         "i2,?,i1(f8)",
         {short_x, is_big, char_x}},
        /* struct { char a, b, c; } */
        {"define i24 @f(double %x) {\n" VALUES
         "  %a = zext i8 %char to i24\n  %b = zext i8 %flag to i24\n"
         "  %b8 = shl i24 %b, 8\n  %c = shl i24 %a, 16\n  %ab = or i24 %a, %b8\n"
         "  %r = or i24 %ab, %c\n  ret i24 %r\n}\n",
         "i1,?,i1(f8)",
         "i1,?,i1(f8)",
         {char_x, is_big, char_x}},
    };
    run_cases(cases, LANES_ARRAY_COUNT(cases));
}

static void expect_given(const char *ir, const char *given, const char *fragment)
{
    const lanes_compile_request request = request_with(ir, given);
    expect_refused_request(&request, ir, LANES_E_IR_SIGNATURE, fragment);
}

Test(codegen_results, floats_are_no_integers)
{
    static const char number[] =
        "define double @f(double %x) {\n" VALUES "  ret double %next\n}\n";
    static const char *const integers[] = {"i8(f8)", "u8(f8)", "i4,i4(f8)", "f4,i4(f8)"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(integers); i++) {
        expect_given(number, integers[i],
                     "its outputs do not fit 'f', which is double (double)");
    }
    expect_given(RETURN2("{ double, i32 }", "double", "%next", "i32", "%int"),
                 "i8,i4(f8)", "its outputs do not fit");
}

Test(codegen_results, packed_structs_of_another_size_are_refused)
{
    static const char word[] =
        "define i64 @f(double %x) {\n" VALUES "  ret i64 %long\n}\n";
    expect_given(word, "i4(f8)", "its outputs do not fit 'f', which is i64 (double)");
    expect_given(word, "i4,i4,i4(f8)", "its outputs do not fit");
    expect_given(word, "i2(f8)", "its outputs do not fit");
    expect_given(word, "f8,f8(f8)", "its outputs do not fit");
    expect_given(RETURN2("{ double, i32 }", "double", "%next", "i32", "%int"),
                 "f8,i4,i4,i4(f8)", "its outputs do not fit");
    static const char three[] = "define i24 @f(double %x) {\n" VALUES "  ret i24 0\n}\n";
    expect_given(three, "i1,i1(f8)", "its outputs do not fit");
    expect_given(three, "i4(f8)", "its outputs do not fit");
    expect_given("define { i64, i32 } @f(double %x) {\n" VALUES
                 "  ret { i64, i32 } zeroinitializer\n}\n",
                 "i4,i4(f8)", "its outputs do not fit");
    expect_refusal(three, LANES_E_IR_SIGNATURE, "result 0 of 'f' has LLVM type i24");
}

Test(codegen_results, large_structs_of_c_come_through_memory)
{
    /* struct { double a; char b; struct { float f; char c; } s; int64_t d; } */
    static const struct result_case cases[] = {
        {"%inner = type { float, i8 }\n%s = type { double, i8, %inner, i64 }\n"
         "define void @f(ptr sret(%s) align 8 %r, double %x) {\n" VALUES
         "  %p1 = getelementptr %s, ptr %r, i64 0, i32 1\n"
         "  %p2 = getelementptr %s, ptr %r, i64 0, i32 2\n"
         "  %p4 = getelementptr %s, ptr %r, i64 0, i32 3\n"
         "  store double %next, ptr %r\n  store i8 %char, ptr %p1\n"
         "  store float %half, ptr %p2\n  store i64 %long, ptr %p4\n"
         "  ret void\n}\n",
         NULL,
         "f8,i1,f4,i1,i8(f8)",
         {next_x, char_x, half_x}},
    };
    for (size_t c = 0; c < LANES_ARRAY_COUNT(cases); c++) {
        const kernel k = kernel_with(cases[c].ir, cases[c].given, cases[c].signature);
        static const int8_t not_written[COUNT];
        expect_values(&k, COUNT, (void *[]){x},
                      (const void *[]){next_x, char_x, half_x, not_written, long_x});
    }
    expect_given(cases[0].ir, "f8,i1,f4,i1,i4(f8)", "its outputs do not fit");
    expect_given(cases[0].ir, "f8,i1,f4,i1(f8)", "its outputs do not fit");
}

/* ---- Numba ----------------------------------------------------------------------------
 */

#define NATIVE(stores)                                                                   \
    "define i32 @_ZN1fEd(ptr %ret, ptr %e, double %x) {\n" VALUES stores                 \
    "  ret i32 0\n}\n"
#define AT(offset, name) "  %" name " = getelementptr i8, ptr %ret, i64 " offset "\n"
#define WRAPPER(type)                                                                    \
    "define " type " @cfunc._ZN1fEd(double %x) {\n  ret " type " zeroinitializer\n}\n"

Test(codegen_results, tuples_of_numba_are_several_outputs)
{
    static const struct result_case cases[] = {
        {NATIVE("  store double %next, ptr %ret\n" AT(
             "8", "p") "  store double %twice, ptr %p\n") WRAPPER("[2 x double]"),
         NULL,
         "f8,f8(f8)",
         {next_x, twice_x}},
        {NATIVE("  store double %next, ptr %ret\n" AT(
             "8", "p") "  store double %twice, ptr %p\n") WRAPPER("{ double, double }"),
         NULL,
         "c16(f8)",
         {complex_x}},
        /* Tuple((boolean, complex128, float32)) */
        {NATIVE("  store i8 %flag, ptr %ret\n" AT("8", "p") AT("16", "q") AT(
             "24", "r") "  store double %next, ptr %p\n  store double %twice, ptr %q\n"
                        "  store float %half, ptr %r\n")
             WRAPPER("{ i1, { double, double }, float }"),
         NULL,
         "?,c16,f4(f8)",
         {is_big, complex_x, half_x}},
        /* Tuple((int8, Tuple((float64, int8)), boolean)): padding inside and behind */
        {NATIVE("  store i8 %char, ptr %ret\n" AT("8", "p") AT("16", "q") AT(
             "24", "r") "  store double %next, ptr %p\n  store i8 %char, ptr %q\n"
                        "  store i8 %flag, ptr %r\n")
             WRAPPER("{ i8, { double, i8 }, i1 }"),
         NULL,
         "i1,f8,i1,?(f8)",
         {char_x, next_x, char_x, is_big}},
        /* The same of @njit, which has no wrapper. */
        {NATIVE("  store i8 %char, ptr %ret\n" AT("8", "p") AT("16", "q") AT(
             "24", "r") "  store double %next, ptr %p\n  store i8 %char, ptr %q\n"
                        "  store i8 %flag, ptr %r\n"),
         NULL,
         "i1,f8,i1,?(f8)",
         {char_x, next_x, char_x, is_big}},
        {NATIVE("  store i8 %char, ptr %ret\n" AT("8", "p") AT("16", "q") AT(
             "24", "r") "  store double %next, ptr %p\n  store i8 %char, ptr %q\n"
                        "  store i8 %flag, ptr %r\n"),
         "u1,f8,i1,?(f8)",
         "u1,f8,i1,?(f8)",
         {char_x, next_x, char_x, is_big}},
        /* Stored as a whole, and as vectors. */
        {NATIVE("  %a = insertvalue { double, i32 } poison, double %next, 0\n"
                "  %b = insertvalue { double, i32 } %a, i32 %int, 1\n"
                "  store { double, i32 } %b, ptr %ret\n"),
         NULL,
         "f8,i4(f8)",
         {next_x, int_x}},
        {NATIVE("  %a = insertelement <2 x double> poison, double %next, i32 0\n"
                "  %b = insertelement <2 x double> %a, double %twice, i32 1\n"
                "  store <2 x double> %b, ptr %ret\n"),
         NULL,
         "f8,f8(f8)",
         {next_x, twice_x}},
    };
    run_cases(cases, LANES_ARRAY_COUNT(cases));
}

Test(codegen_results, numbas_tuple_must_fit_the_signature)
{
    static const char pair[] = NATIVE("  store double %next, ptr %ret\n" AT(
        "8", "p") "  store double %twice, ptr %p\n");
    expect_given(pair, "f8(f8)", "its outputs do not fit");
    expect_given(pair, "f8,f8,f8(f8)", "its outputs do not fit");
    expect_given(pair, "f8,i8(f8)", "its outputs do not fit");
    kernel_with(pair, "c16(f8)", "c16(f8)");
}

/* ---- Pointers -------------------------------------------------------------------------
 */

Test(codegen_results, pointers_that_are_written_are_outputs)
{
    static const struct result_case cases[] = {
        {"define void @f(double %x, ptr %out) {\n" VALUES
         "  store double %next, ptr %out\n  ret void\n}\n",
         NULL,
         "f8(f8)",
         {next_x}},
        /* One pointer, several results: in any order, a struct, a vector */
        {"define void @f(double %x, ptr %out) {\n" VALUES
         "  %p = getelementptr double, ptr %out, i64 1\n"
         "  store double %twice, ptr %p\n  store double %next, ptr %out\n  ret void\n}\n",
         NULL,
         "f8,f8(f8)",
         {next_x, twice_x}},
        {"define void @f(double %x, ptr %out) {\n" VALUES
         "  %p = getelementptr { i8, double, i32 }, ptr %out, i64 0, i32 1\n"
         "  %q = getelementptr { i8, double, i32 }, ptr %out, i64 0, i32 2\n"
         "  store i8 %char, ptr %out\n  store double %twice, ptr %p\n"
         "  store i32 %int, ptr %q\n  ret void\n}\n",
         NULL,
         "i1,f8,i4(f8)",
         {char_x, twice_x, int_x}},
        {"define void @f(double %x, ptr %out) {\n" VALUES
         "  %a = insertelement <2 x double> poison, double %next, i32 0\n"
         "  %b = insertelement <2 x double> %a, double %twice, i32 1\n"
         "  store <2 x double> %b, ptr %out, align 8\n  ret void\n}\n",
         NULL,
         "f8,f8(f8)",
         {next_x, twice_x}},
        /* Several pointers, and inputs between them */
        {"define void @f(ptr %a, double %x, ptr %b, ptr %c) {\n" VALUES
         "  store float %half, ptr %a\n  store i64 %long, ptr %b\n"
         "  store i8 %flag, ptr %c\n  ret void\n}\n",
         NULL,
         "f4,i8,?(f8)",
         {half_x, long_x, is_big}},
        {"define void @f(double %x, ptr %a, ptr %b) {\n" VALUES
         "  store i16 %short, ptr %a\n  store i8 %char, ptr %b\n  ret void\n}\n",
         "u2,u1(f8)",
         "u2,u1(f8)",
         {short_x, char_x}},
        /* Numba's name says what is behind them. */
        {"define i32 @_ZN1fEd13complex128_2a8uint8_2a(ptr %ret, ptr %e, double %x, "
         "ptr %a, ptr %b) {\n" VALUES "  store ptr null, ptr %ret\n"
         "  %p = getelementptr double, ptr %a, i64 1\n  store double %next, ptr %a\n"
         "  store double %twice, ptr %p\n  store i8 %flag, ptr %b\n  ret i32 0\n}\n",
         NULL,
         "c16,u1(f8)",
         {complex_x, is_big}},
        /* What is not written on some way is 0. */
        {"define void @f(double %x, ptr %out) {\n"
         "  %never = fcmp une double %x, %x\n  br i1 %never, label %a, label %b\n"
         "a:\n  store double %x, ptr %out\n  br label %b\nb:\n  ret void\n}\n",
         NULL,
         "f8(f8)",
         {zero}},
    };
    run_cases(cases, LANES_ARRAY_COUNT(cases));
}

Test(codegen_results, pointers_may_stand_beside_a_result)
{
    static const struct result_case cases[] = {
        {"define double @f(double %x, ptr %out) {\n" VALUES
         "  store i32 %int, ptr %out\n  ret double %next\n}\n",
         NULL,
         "f8,i4(f8)",
         {next_x, int_x}},
        {"define i32 @_ZN1fEd10float64_2a(ptr %ret, ptr %e, double %x, ptr %a) {\n" VALUES
         "  store double %twice, ptr %a\n  store i64 %long, ptr %ret\n  ret i32 0\n}\n",
         NULL,
         "i8,f8(f8)",
         {long_x, twice_x}},
    };
    run_cases(cases, LANES_ARRAY_COUNT(cases));
}

/* for (int i = 0; i < 3; i++) out[i] = x + i; with the trip count hidden */
static const char in_a_loop[] =
    "define void @f(double %x, ptr %out) {\n"
    "entry:\n  br label %loop\n"
    "loop:\n  %i = phi i64 [ 0, %entry ], [ %n, %loop ]\n"
    "  %p = getelementptr double, ptr %out, i64 %i\n  %d = sitofp i64 %i to double\n"
    "  %s = fadd double %x, %d\n  store double %s, ptr %p\n  %n = add i64 %i, 1\n"
    "  %done = icmp eq i64 %n, 3\n  br i1 %done, label %exit, label %loop\n"
    "exit:\n  ret void\n}\n";

Test(codegen_results, stores_that_cannot_be_seen_need_a_signature)
{
    expect_refusal(in_a_loop, LANES_E_IR_SIGNATURE,
                   "writes through pointer 1 cannot be seen from the IR; give a "
                   "signature, such as f8,f8(f8)");
    static double two_more[COUNT];
    for (int i = 0; i < COUNT; i++) {
        two_more[i] = x[i] + 2;
    }
    const kernel k = kernel_with(in_a_loop, "f8,f8,f8(f8)", "f8,f8,f8(f8)");
    expect_values(&k, COUNT, (void *[]){x}, (const void *[]){x, next_x, two_more});

    /* What is filled byte by byte has no type. */
    static const char filled[] =
        "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)\n"
        "define void @f(double %x, ptr %out) {\n"
        "  %p = getelementptr double, ptr %out, i64 1\n"
        "  call void @llvm.memset.p0.i64(ptr %out, i8 0, i64 16, i1 false)\n"
        "  store double %x, ptr %p\n  ret void\n}\n";
    expect_refusal(filled, LANES_E_IR_SIGNATURE, "cannot be seen from the IR");
    const kernel f = kernel_with(filled, "f8,f8(f8)", "f8,f8(f8)");
    expect_values(&f, COUNT, (void *[]){x}, (const void *[]){zero, x});
    static const char escapes[] =
        "define void @g(ptr %p, double %x) noinline {\n"
        "  %c = fcmp ogt double %x, 0.0\n  br i1 %c, label %a, label %b\n"
        "a:\n  %y = fsub double %x, 1.0\n  call void @g(ptr %p, double %y)\n  ret void\n"
        "b:\n  store double %x, ptr %p\n  ret void\n}\n"
        "define void @f(double %x, ptr %out) {\n"
        "  call void @g(ptr %out, double %x)\n  ret void\n}\n";
    lanes_compile_request request = request_for(escapes);
    request.entry[0] = 'f';
    expect_refused_request(&request, escapes, LANES_E_IR_SIGNATURE,
                           "cannot be seen from the IR");
}

/* *first = x + 1, and three more by a loop through the second pointer. */
static const char half_seen[] =
    "define void @f(double %x, ptr %first, ptr %out) {\n"
    "entry:\n  %next = fadd double %x, 1.0\n  store double %next, ptr %first\n"
    "  br label %loop\n"
    "loop:\n  %i = phi i64 [ 0, %entry ], [ %n, %loop ]\n"
    "  %p = getelementptr double, ptr %out, i64 %i\n"
    "  store double %x, ptr %p\n  %n = add i64 %i, 1\n"
    "  %done = icmp eq i64 %n, 1\n  br i1 %done, label %exit, label %loop\n"
    "exit:\n  ret void\n}\n";

Test(codegen_results, signature_explains_pointers_beside_ones_that_are_seen)
{
    expect_refusal(half_seen, LANES_E_IR_SIGNATURE, "through pointer 2 cannot be seen");
    expect_given(half_seen, "f8(f8)", "its outputs do not fit");
    expect_given(half_seen, "f8,f8,f8(f8)", "its outputs do not fit");
    expect_given(half_seen, "f4,f8(f8)",
                 "argument 1 of 'f' is accessed up to byte 8; by "
                 "the signature it has 4");
    const kernel k = kernel_with(half_seen, "f8,f8(f8)", "f8,f8(f8)");
    expect_values(&k, COUNT, (void *[]){x}, (const void *[]){next_x, x});
}

Test(codegen_results, stores_behind_the_signatures_outputs_are_refused)
{
    static const char pair[] = "define void @f(double %x, ptr %out) {\n"
                               "  %p = getelementptr double, ptr %out, i64 1\n"
                               "  store double %x, ptr %out\n  store double %x, ptr %p\n"
                               "  ret void\n}\n";
    expect_given(pair, "f8(f8)", "its outputs do not fit 'f'");
    expect_given(pair, "f4,f8(f8)", "its outputs do not fit 'f'");
    static const char filled[] = "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)\n"
                                 "define void @f(double %x, ptr %out) {\n"
                                 "  call void @llvm.memset.p0.i64(ptr %out, i8 0, i64 "
                                 "24, i1 false)\n  ret void\n}\n";
    expect_given(filled, "f8,f8(f8)",
                 "is accessed up to byte 24; by the signature it "
                 "has 16");
    /* Numba's return slot is memory like any other. */
    static const char slot[] = "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)\n"
                               "define i32 @_ZN1fEd(ptr %ret, ptr %e, double %x) {\n"
                               "  call void @llvm.memset.p0.i64(ptr %ret, i8 0, i64 64, "
                               "i1 false)\n  ret i32 0\n}\n";
    expect_given(slot, "f8(f8)",
                 "the result of '_ZN1fEd' is accessed up to byte 64; by "
                 "the signature it has 8");
}

Test(codegen_results, pointers_and_signature_must_agree)
{
    static const char two[] = "define void @f(double %x, ptr %a, ptr %b) {\n"
                              "  store double %x, ptr %a\n  store double %x, ptr %b\n"
                              "  ret void\n}\n";
    expect_given(two, "f8(f8)", "its outputs do not fit");
    expect_given(two, "f8,f8,f8(f8)", "its outputs do not fit");
    expect_given(two, "f8,c16(f8)", "its outputs do not fit");
    kernel_with(two, "f8,f8(f8)", "f8,f8(f8)");
}
