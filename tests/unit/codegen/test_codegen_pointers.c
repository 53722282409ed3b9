/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a batch must give for a callback's pointers, and what no batch can: rows and
 * params blocks that are long enough, results that nobody reads before they are there.
 * That pointers find their roles: test_codegen_entry.c; that results are right:
 * test_codegen_results.c.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"

#define COUNT 70

static double x[COUNT], next_x[COUNT], twice_x[COUNT], zero[COUNT];

static void fill(void)
{
    for (int i = 0; i < COUNT; i++) {
        x[i] = i - 20;
        next_x[i] = x[i] + 1.0;
        twice_x[i] = x[i] * 2.0;
    }
}

TestSuite(codegen_pointers, .init = fill, .timeout = 60);

static void expect_given(const char *ir, const char *given, const char *fragment)
{
    const lanes_compile_request request = request_with(ir, given);
    expect_refused_request(&request, ir, LANES_E_IR_SIGNATURE, fragment);
}

/* ---- Rows -----------------------------------------------------------------------------
 */

/* double f(<parameters>) of p[<index>], read at once, or only if the length n is larger.
 */
#define ELEMENT(type, index)                                                             \
    "  %q = getelementptr " type ", ptr %p, i64 " index "\n  %v = load " type ", ptr "   \
    "%q\n"
#define ALWAYS(parameters, index)                                                        \
    "define double @f(" parameters ") {\n" ELEMENT("double", index) "  ret double "      \
                                                                    "%v\n}\n"
#define IF_LONGER(parameters, condition, index)                                          \
    "define double @f(" parameters ") {\n  %c = " condition                              \
    "\n  br i1 %c, label %a, label %b\na:\n" ELEMENT(                                    \
        "double", index) "  ret double %v\nb:\n  ret double 0.0\n}\n"
#define LONGER "icmp sgt i32 %n, 2"

struct row_case {
    const char *ir;
    const char *given;
    uint32_t minimum[3];
    const char *arguments; /* of the report */
};

static void run_rows(const struct row_case *cases, size_t count)
{
    for (size_t c = 0; c < count; c++) {
        const lanes_compile_request request = request_with(cases[c].ir, cases[c].given);
        lanes_codegen_output output = compile_request(&request, cases[c].ir);
        cr_assert_eq(output.result.status, LANES_OK, "%s for\n%s", output.result.message,
                     cases[c].ir);
        for (int k = 0; k < 3; k++) {
            cr_expect_eq(output.result.row_minimum[k], cases[c].minimum[k],
                         "input %d: %u, not %u, for\n%s", k, output.result.row_minimum[k],
                         cases[c].minimum[k], cases[c].ir);
        }
        cr_expect(cases[c].arguments == NULL ||
                      strstr(output.report, cases[c].arguments) != NULL,
                  "no %s in %s", cases[c].arguments, output.report);
        lanes_codegen_output_deinit(&output);
    }
}

Test(codegen_pointers, rows_are_as_long_as_what_is_read)
{
    static const struct row_case cases[] = {
        {ALWAYS("i32 %n, ptr %p", "2"),
         NULL,
         {3},
         "[{\"role\":\"row_count\"},{\"role\":\"row\",\"row_minimum\":3}]"},
        {ALWAYS("ptr %p", "2"), NULL, {3}, "[{\"role\":\"row\",\"row_minimum\":3}]"},
        {ALWAYS("double %x, i32 %n, ptr %p", "0"), NULL, {0, 1}, NULL},
        /* Nothing is seen to be read: one element, as every row has. */
        {"define double @f(i32 %n, ptr %p) {\n  ret double 1.0\n}\n", NULL, {1}, NULL},
        {ALWAYS("i32 %n, ptr %p, i64 %k", "%k"), NULL, {1}, NULL},
        /* Half of an element is one. */
        {"define float @f(ptr %p, float %x) {\n" ELEMENT("float", "2") "  ret float "
                                                                       "%v\n}\n",
         "f4(f8[:],f4)",
         {2},
         NULL},
        {"define float @f(ptr %p, float %x) {\n" ELEMENT("float", "2") "  ret float "
                                                                       "%v\n}\n",
         "f4(c8[:],f4)",
         {2},
         NULL},
        /* Two rows */
        {"define double @f(i32 %n, ptr %p, i32 %m, ptr %r) {\n" ELEMENT(
             "double", "1") "  %s = getelementptr double, ptr %r, i64 4\n  %w = load "
                            "double, ptr %s\n"
                            "  %y = fadd double %v, %w\n  ret double %y\n}\n",
         NULL,
         {2, 5},
         NULL},
        {"define i32 @_ZN1fE10float64_2ad(ptr %ret, ptr %e, ptr %p, double %x) "
         "{\n" ELEMENT("double", "5") "  store double %v, ptr %ret\n  ret i32 0\n}\n",
         NULL,
         {6},
         NULL},
    };
    run_rows(cases, LANES_ARRAY_COUNT(cases));
}

/* A read behind `if (n > 2)` is right for rows of any length. */
Test(codegen_pointers, who_is_told_the_length_may_ask_for_it)
{
    static const struct row_case cases[] = {
        {IF_LONGER("i32 %n, ptr %p", LONGER, "2"), NULL, {1}, NULL},
        {IF_LONGER("ptr %p, i64 %n, ptr %user", "icmp sgt i64 %n, 2", "2"),
         "f8(f8[:])",
         {1},
         NULL},
        /* The length as an input like others, and of one row for both */
        {IF_LONGER("ptr %p, i64 %n", "icmp sgt i64 %n, 2", "2"),
         "f8(f8[:],i8)",
         {1},
         NULL},
        {IF_LONGER("i32 %n, ptr %r, ptr %p", LONGER, "2"),
         "f8(f8[:],f8[:])",
         {1, 1},
         NULL},
        /* The client's compiler made a select of it. */
        {"define double @f(i32 %n, ptr %p) {\n  %c = " LONGER "\n"
         "  %o = getelementptr double, ptr %p, i64 2\n"
         "  %q = select i1 %c, ptr %o, ptr %p\n  %v = load double, ptr %q\n"
         "  ret double %v\n}\n",
         NULL,
         {1},
         NULL},
        /* assert(n > 2) */
        {"declare void @abort() noreturn\n"
         "define double @f(i32 %n, ptr %p) {\n  %c = " LONGER "\n"
         "  br i1 %c, label %a, label %b\na:\n" ELEMENT(
             "double",
             "2") "  ret double %v\nb:\n  call void @abort()\n  unreachable\n}\n",
         NULL,
         {1},
         NULL},
        /* Behind the end of an if it is read in any case. */
        {"define double @f(i32 %n, ptr %p) {\n  %c = " LONGER "\n"
         "  br i1 %c, label %a, label %b\na:\n  br label %b\n"
         "b:\n  %s = phi double [ 1.0, %a ], [ 2.0, %0 ]\n" ELEMENT(
             "double", "2") "  %y = fmul double %s, %v\n  ret double %y\n}\n",
         NULL,
         {3},
         NULL},
    };
    run_rows(cases, LANES_ARRAY_COUNT(cases));
}

/* Without a length: who writes p[2] means rows of three. */
Test(codegen_pointers, who_is_not_told_the_length_must_know_it)
{
#define POSITIVE "fcmp ogt double %x, 0.0"
    static const struct row_case cases[] = {
        {IF_LONGER("ptr %p, double %x", POSITIVE, "2"), NULL, {3}, NULL},
        {IF_LONGER("ptr %p, i1 %c0, double %x", POSITIVE, "2"), NULL, {3}, NULL},
    };
    run_rows(cases, LANES_ARRAY_COUNT(cases));
}

Test(codegen_pointers, reads_before_a_row_are_refused)
{
    expect_refusal(ALWAYS("i32 %n, ptr %p", "-1"), LANES_E_IR_SIGNATURE,
                   "argument 1 of 'f' is a row, and read 8 bytes before its start; read "
                   "at offsets from 0");
    expect_refusal(ALWAYS("ptr %p", "-3"), LANES_E_IR_SIGNATURE,
                   "argument 0 of 'f' is a row, and read 24 bytes before its start");
    expect_refusal(ALWAYS("double %x, ptr %p", "-1"), LANES_E_IR_SIGNATURE,
                   "argument 1 of 'f' is a params block, and read 8 bytes before");
    /* It may be right for whom it happens to. */
    lanes_codegen_output output = compile_text(IF_LONGER("i32 %n, ptr %p", LONGER, "-1"));
    cr_expect_eq(output.result.status, LANES_OK, "%s", output.result.message);
    cr_expect_eq(output.result.row_minimum[0], 1);
    lanes_codegen_output_deinit(&output);
}

Test(codegen_pointers, rows_longer_than_any_are_refused)
{
    static const char chars[] =
        "define i8 @f(ptr %p) {\n"
        "  %q = getelementptr [2 x i8], ptr %p, i64 1073741823, i64 1\n"
        "  %v = load i8, ptr %q\n  ret i8 %v\n}\n";
    expect_given(
        chars, "i1(i1[:])",
        "argument 0 of 'f' is a row, and read up to byte 2147483648; rows have at "
        "most 2147483647 elements of 1 bytes");
    const lanes_compile_request request = request_with(chars, "i1(i2[:])");
    lanes_codegen_output output = compile_request(&request, chars);
    cr_expect_eq(output.result.row_minimum[0], 1u << 30, "%s", output.result.message);
    lanes_codegen_output_deinit(&output);
}

/* ---- The params block -----------------------------------------------------------------
 */

Test(codegen_pointers, params_that_are_not_used_need_not_be_given)
{
#define SCALED(instructions)                                                             \
    "declare i32 @memcmp(ptr, ptr, i64)\n"                                               \
    "@t = constant [8 x i8] zeroinitializer\n"                                           \
    "define double @f(double %x, ptr %p) {\n" instructions "  ret double %v\n}\n"
    static const struct {
        const char *ir;
        uint64_t bytes;
    } cases[] = {
        {SCALED("  %v = fmul double %x, 2.0\n"), 0},
        {SCALED("  %z = icmp eq ptr %p, null\n  %v = select i1 %z, double %x, double "
                "0.0\n"),
         0},
        {SCALED(ELEMENT("double", "1")), 16},
        /* On one way only: the others may be of elements that are not in this batch. */
        {IF_LONGER("double %x, ptr %p", POSITIVE, "2"), 24},
        /* Used, but nobody knows where */
        {SCALED("  %i = fptosi double %x to i64\n" ELEMENT("double", "%i")), 1},
        {SCALED("  %n = fptosi double %x to i64\n"
                "  %r = call i32 @memcmp(ptr %p, ptr @t, i64 %n)\n"
                "  %v = sitofp i32 %r to double\n"),
         1},
        {SCALED("  %n = ptrtoint ptr %p to i64\n  %v = sitofp i64 %n to double\n"), 1},
    };
    for (size_t c = 0; c < LANES_ARRAY_COUNT(cases); c++) {
        lanes_codegen_output output = compile_text(cases[c].ir);
        cr_assert_eq(output.result.status, LANES_OK, "%s for\n%s", output.result.message,
                     cases[c].ir);
        cr_expect_eq(output.result.has_params, 1, "%s", cases[c].ir);
        cr_expect_eq(output.result.params_bytes, cases[c].bytes, "%d, not %d, for\n%s",
                     (int)output.result.params_bytes, (int)cases[c].bytes, cases[c].ir);
        lanes_codegen_output_deinit(&output);
    }
    /* And it runs without. */
    const kernel k = kernel_with(cases[0].ir, NULL, "f8(f8)");
    expect_values(&k, COUNT, (void *[]){x}, (const void *[]){twice_x});
}

/* ---- Results --------------------------------------------------------------------------
 */

#define OUT(instructions)                                                                \
    "define void @f(double %x, ptr %y) {\n" instructions "  ret void\n}\n"

Test(codegen_pointers, results_start_anew)
{
    static const char in_out[] = OUT("  %old = load double, ptr %y\n"
                                     "  %new = fadd double %old, %x\n"
                                     "  store double %new, ptr %y\n");
    static const char message[] =
        "argument 1 of 'f' is for results, and the callback reads its result pointer "
        "before it writes it; results start at 0 for each element: take the old value as "
        "an input";
    expect_refusal(in_out, LANES_E_IR_SIGNATURE, message);
    expect_given(in_out, "f8(f8)", message);
    expect_refusal("define i32 @_ZN1fEd10float64_2a(ptr %ret, ptr %e, double %x, ptr %y) "
                   "{\n  %o = load double, ptr %y\n  store double %x, ptr %y\n"
                   "  store double %o, ptr %ret\n  ret i32 0\n}\n",
                   LANES_E_IR_SIGNATURE, "reads its result pointer before it writes it");
    /* Plainly written first */
    const kernel k = kernel_with(OUT("  store double 1.0, ptr %y\n"
                                     "  %old = load double, ptr %y\n"
                                     "  %new = fadd double %old, %x\n"
                                     "  store double %new, ptr %y\n"),
                                 NULL, "f8(f8)");
    expect_values(&k, COUNT, (void *[]){x}, (const void *[]){next_x});
}

/* y[0] = y[1] = 0, or one of them; for (i = 0; i < 2; i++) y[i] += x; */
#define SUMS(before)                                                                     \
    "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)\n"                               \
    "define void @f(double %x, ptr %y) {\nentry:\n" before "  br label %loop\n"          \
    "loop:\n  %i = phi i64 [ 0, %entry ], [ %n, %loop ]\n"                               \
    "  %p = getelementptr double, ptr %y, i64 %i\n  %old = load double, ptr %p\n"        \
    "  %new = fadd double %old, %x\n  store double %new, ptr %p\n"                       \
    "  %n = add i64 %i, 1\n  %done = icmp eq i64 %n, 2\n"                                \
    "  br i1 %done, label %exit, label %loop\nexit:\n  ret void\n}\n"

Test(codegen_pointers, sums_in_results_need_a_first_value)
{
    expect_given(SUMS(""), "f8,f8(f8)", "reads its result pointer before it writes it");
    expect_given(SUMS("  store double 0.0, ptr %y\n"), "f8,f8(f8)",
                 "reads its result pointer before it writes it");
    const kernel k =
        kernel_with(SUMS("  call void @llvm.memset.p0.i64(ptr %y, i8 0, i64 16, i1 "
                         "false)\n"),
                    "f8,f8(f8)", "f8,f8(f8)");
    expect_values(&k, COUNT, (void *[]){x}, (const void *[]){x, x});
}

Test(codegen_pointers, results_before_their_pointer_are_refused)
{
    static const char before[] = OUT("  %p = getelementptr double, ptr %y, i64 -1\n"
                                     "  store double %x, ptr %p\n"
                                     "  store double %x, ptr %y\n");
    static const char message[] =
        "argument 1 of 'f' is for results, and accessed 8 bytes "
        "before its start; results begin at offset 0";
    expect_refusal(before, LANES_E_IR_SIGNATURE, message);
    expect_given(before, "f8(f8)", message);
    expect_given(before, "f8,f8(f8)", message);
    expect_given("declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)\n" OUT(
                     "  %p = getelementptr double, ptr %y, i64 -2\n  call void "
                     "@llvm.memset.p0.i64(ptr %p, i8 0, i64 24, i1 false)\n"),
                 "f8(f8)", "accessed 16 bytes before its start");
    expect_given("define i32 @_ZN1fEd(ptr %ret, ptr %e, double %x) {\n"
                 "  %p = getelementptr double, ptr %ret, i64 -1\n"
                 "  store double %x, ptr %p\n  store double %x, ptr %ret\n"
                 "  ret i32 0\n}\n",
                 "f8(f8)",
                 "the result of '_ZN1fEd' is accessed 8 bytes before its start");
}

/* ---- Results beside a returned value --------------------------------------------------
 */

static const char beside[] = "define double @f(double %x, ptr %y) {\n"
                             "  %next = fadd double %x, 1.0\n"
                             "  store double %x, ptr %y\n  ret double %next\n}\n";

/* *y = x, by a loop of one round. */
static const char beside_hidden[] =
    "define double @f(double %x, ptr %y) {\n"
    "entry:\n  %next = fadd double %x, 1.0\n  br label %loop\n"
    "loop:\n  %i = phi i64 [ 0, %entry ], [ %n, %loop ]\n"
    "  %p = getelementptr double, ptr %y, i64 %i\n  store double %x, ptr %p\n"
    "  %n = add i64 %i, 1\n  %done = icmp eq i64 %n, 1\n"
    "  br i1 %done, label %exit, label %loop\nexit:\n  ret double %next\n}\n";

Test(codegen_pointers, no_result_is_lost_beside_a_returned_one)
{
    static const char message[] = "argument 1 of 'f' is written, but the signature given "
                                  "names no output for it; add it behind the one that is "
                                  "returned, such as f8,f8(f8)";
    expect_given(beside, "f8(f8)", message);
    expect_given(beside_hidden, "f8(f8)", message);
    expect_given(beside, "f8,f4(f8)", "its outputs do not fit");
    expect_given(beside, "f8,i8(f8)", "its outputs do not fit");
    expect_given(beside_hidden, "f4,f8(f8)", "its outputs do not fit");
    expect_refusal(
        beside_hidden, LANES_E_IR_SIGNATURE,
        "writes through pointer 1 cannot be seen from the IR; give a signature");
    const char *const irs[] = {beside, beside_hidden};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(irs); i++) {
        const kernel k = kernel_with(irs[i], "f8,f8(f8)", "f8,f8(f8)");
        expect_values(&k, COUNT, (void *[]){x}, (const void *[]){next_x, x});
    }
    /* A struct behind the pointer, of which only the first is written. */
    const kernel k = kernel_with(beside_hidden, "f8,f8,f8(f8)", "f8,f8,f8(f8)");
    expect_values(&k, COUNT, (void *[]){x}, (const void *[]){next_x, x, zero});
}

/* One pointer that shows what it gets, and one that does not: each must fit. */
Test(codegen_pointers, hidden_results_do_not_hide_others)
{
    static const char ir[] =
        "define double @f(double %x, ptr %z, ptr %y) {\n"
        "entry:\n  %next = fadd double %x, 1.0\n  %twice = fmul double %x, 2.0\n"
        "  store double %twice, ptr %z\n  br label %loop\n"
        "loop:\n  %i = phi i64 [ 0, %entry ], [ %n, %loop ]\n"
        "  %p = getelementptr double, ptr %y, i64 %i\n  store double %x, ptr %p\n"
        "  %n = add i64 %i, 1\n  %done = icmp eq i64 %n, 1\n"
        "  br i1 %done, label %exit, label %loop\nexit:\n  ret double %next\n}\n";
    const kernel k = kernel_with(ir, "f8,f8,f8(f8)", "f8,f8,f8(f8)");
    expect_values(&k, COUNT, (void *[]){x}, (const void *[]){next_x, twice_x, x});
    expect_given(ir, "f8,i8,f8(f8)", "its outputs do not fit");
    expect_given(ir, "f8,f8(f8)", "its outputs do not fit");
    expect_given(ir, "f8,f8,f8,f8(f8)", "its outputs do not fit");
}
