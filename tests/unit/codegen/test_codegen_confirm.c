/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lanes_confirm_fn: which floating-point exceptions an element raises, of what it
 * needs and of nothing else.
 */
#include <criterion/criterion.h>
#include <fenv.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"

#define NONE 0

static const double nan_of = (double)NAN;
static const double inf_of = (double)INFINITY;

/* The callback of x and y whose body is given; %r is what it returns. */
static const char *function_of(const char *body, char text[4096])
{
    snprintf(text, 4096,
             "define double @f(double %%x, double %%y) {\n%s\n  ret double %%r\n}\n"
             "declare double @llvm.log.f64(double)\n"
             "declare double @exp(double)\n"
             "declare i64 @llvm.ctpop.i64(i64)\n"
             "declare double @fmin(double, double) memory(none)\n"
             "declare double @llvm.maxnum.f64(double, double)\n"
             "declare double @llvm.minimum.f64(double, double)\n"
             "declare i32 @llvm.fptosi.sat.i32.f64(double)\n"
             "declare i64 @llvm.fptoui.sat.i64.f64(double)\n",
             body);
    return text;
}

/* What element @p index of a frame raises. */
static int raised_by(const kernel *k, const lanes_loop_frame *frame, uint64_t index,
                     int32_t *out_code)
{
    feclearexcept(FE_ALL_EXCEPT);
    *out_code = k->confirm(frame, index);
    const int raised =
        fetestexcept(FE_DIVBYZERO | FE_OVERFLOW | FE_UNDERFLOW | FE_INVALID);
    feclearexcept(FE_ALL_EXCEPT);
    return raised;
}

static void expect_raised(const char *body, double x, double y, int wanted)
{
    char text[4096];
    const kernel k = kernel_with(function_of(body, text), NULL, "f8(f8,f8)");
    double xs[] = {1.5, x};
    double ys[] = {1.5, y};
    double out[] = {77, 77};
    const lanes_loop_frame frame = frame_of(&k, (void *[]){xs, ys, out});
    int32_t code = -1;
    cr_assert_not_null(k.confirm, "%s", body);
    cr_expect_eq(raised_by(&k, &frame, 1, &code), wanted, "%g %g\n%s", x, y, body);
    cr_expect_eq(code, LANES_ELEMENT_OK);
    cr_expect_eq(out[1], 77, "nothing is written");
}

Test(codegen_confirm, arithmetic_raises_what_it_should)
{
    expect_raised("  %r = fdiv double %x, %y", 1, 0, FE_DIVBYZERO);
    expect_raised("  %r = fdiv double %x, %y", 0, 0, FE_INVALID);
    expect_raised("  %r = fdiv double %x, %y", 1, 3, NONE);
    expect_raised("  %r = fmul double %x, %y", 1e300, 1e300, FE_OVERFLOW);
    expect_raised("  %r = fmul double %x, %y", 1e-300, 1e-300, FE_UNDERFLOW);
    expect_raised("  %r = fsub double %x, %y", inf_of, inf_of, FE_INVALID);
    expect_raised("  %r = fsub double %x, %y", nan_of, inf_of, NONE);
    expect_raised("  %r = frem double %x, %y", 1, 0, FE_INVALID);
}

Test(codegen_confirm, functions_are_those_of_libm)
{
    static const char log_of[] = "  %r = call double @llvm.log.f64(double %x)";
    static const char exp_of[] = "  %r = call double @exp(double %x)";
    expect_raised(log_of, 0, 0, FE_DIVBYZERO);
    expect_raised(log_of, -1, 0, FE_INVALID);
    expect_raised(log_of, nan_of, 0, NONE);
    expect_raised(exp_of, 1000, 0, FE_OVERFLOW);
    expect_raised(exp_of, -1000, 0, FE_UNDERFLOW);
    expect_raised(exp_of, inf_of, 0, NONE);
    expect_raised(exp_of, -inf_of, 0, NONE);
}

Test(codegen_confirm, one_side_of_a_choice_is_computed)
{
    static const char guarded[] = "  %some = fcmp une double %y, 0.0\n"
                                  "  %q = fdiv double %x, %y\n"
                                  "  %r = select i1 %some, double %q, double 0.0";
    expect_raised(guarded, 1, 0, NONE);
    expect_raised(guarded, 0, 0, NONE);
    expect_raised(guarded, 1e300, 1e-300, FE_OVERFLOW);
}

Test(codegen_confirm, what_a_side_is_made_of_goes_with_it)
{
    static const char chain[] = "  %some = fcmp une double %y, 0.0\n"
                                "  %q = fdiv double %x, %y\n"
                                "  %i = fptosi double %q to i32\n"
                                "  %j = add i32 %i, 1\n"
                                "  %is.small = icmp slt i32 %j, 100\n"
                                "  %k = select i1 %is.small, i32 %j, i32 7\n"
                                "  %s = sitofp i32 %k to double\n"
                                "  %r = select i1 %some, double %s, double 0.0";
    expect_raised(chain, 1, 0, NONE);
    expect_raised(chain, 1e300, 1, FE_INVALID);
    expect_raised(chain, 10, 3, NONE);
}

Test(codegen_confirm, of_choices_among_choices_the_outer_one_comes_first)
{
    static const char nested[] = "  %p = fcmp une double %y, 0.0\n"
                                 "  %outer = fcmp ogt double %x, 1.0\n"
                                 "  %q = fdiv double 1.0, %x\n"
                                 "  %s = select i1 %p, double 2.0, double %q\n"
                                 "  %t = fmul double %s, 3.0\n"
                                 "  %r = select i1 %outer, double %t, double %y";
    expect_raised(nested, 0, 0, NONE);
    expect_raised(nested, 2, 0, NONE);
    expect_raised(nested, inf_of, 0, NONE);
    static const char needed[] = "  %p = fcmp une double %y, 0.0\n"
                                 "  %outer = fcmp olt double %x, 1.0\n"
                                 "  %q = fdiv double 1.0, %x\n"
                                 "  %s = select i1 %p, double 2.0, double %q\n"
                                 "  %t = fmul double %s, 3.0\n"
                                 "  %r = select i1 %outer, double %t, double %y";
    expect_raised(needed, 0, 0, FE_DIVBYZERO);
    expect_raised(needed, 0, 1, NONE);
}

Test(codegen_confirm, conditions_are_asked_one_after_the_other)
{
    static const char *const conditions[] = {"  %b = and i1 %some, %big",
                                             "  %b = and i1 %big, %some",
                                             "  %b = select i1 %some, i1 %big, i1 false",
                                             ("  %none = xor i1 %some, true\n"
                                              "  %o = or i1 %big, %none\n"
                                              "  %b = and i1 %o, %some")};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(conditions); i++) {
        char body[1024];
        snprintf(body, sizeof(body),
                 "  %%q = fdiv double %%x, %%y\n"
                 "  %%big = fcmp ogt double %%q, 1.0\n"
                 "  %%some = fcmp une double %%y, 0.0\n"
                 "%s\n"
                 "  %%r = select i1 %%b, double 1.0, double 2.0",
                 conditions[i]);
        expect_raised(body, 1, 0, NONE);
        expect_raised(body, 0, 0, NONE);
        expect_raised(body, 1e300, 1e-300, FE_OVERFLOW);
    }
}

Test(codegen_confirm, what_was_computed_early_waits_until_it_is_needed)
{
    static const char hoisted[] = "entry:\n"
                                  "  %q = fdiv double %x, %y\n"
                                  "  %some = fcmp une double %y, 0.0\n"
                                  "  br i1 %some, label %more, label %end\n"
                                  "more:\n"
                                  "  %big = fcmp ogt double %x, 2.0\n"
                                  "  br i1 %big, label %end, label %other\n"
                                  "other:\n"
                                  "  %h = fmul double %q, 0.5\n"
                                  "  br label %end\n"
                                  "end:\n"
                                  "  %r = phi double [ 0.0, %entry ], [ %q, %more ], "
                                  "[ %h, %other ]";
    expect_raised(hoisted, 1, 0, NONE);
    expect_raised(hoisted, 1e300, 1e-300, FE_OVERFLOW);
    expect_raised(hoisted, 1e-300, 1e300, FE_UNDERFLOW);
    /* On an edge: nobody needs it on the other way to the same block. */
    static const char edge[] = "entry:\n"
                               "  %q = fdiv double %x, %y\n"
                               "  %some = fcmp une double %y, 0.0\n"
                               "  br i1 %some, label %end, label %other\n"
                               "other:\n"
                               "  br label %end\n"
                               "end:\n"
                               "  %r = phi double [ %q, %entry ], [ 1.0, %other ]";
    expect_raised(edge, 1, 0, NONE);
    expect_raised(edge, 1e300, 1e-300, FE_OVERFLOW);
    static const char unused[] = "  %q = fdiv double %x, %y\n"
                                 "  %r = fadd double %x, 1.0";
    expect_raised(unused, 1, 0, NONE);
}

Test(codegen_confirm, loops_compute_what_they_use)
{
    static const char loop[] = "entry:\n"
                               "  %q = fdiv double %x, %y\n"
                               "  %some = fcmp une double %y, 0.0\n"
                               "  br label %loop\n"
                               "loop:\n"
                               "  %i = phi i64 [ 0, %entry ], [ %i1, %loop ]\n"
                               "  %s = phi double [ 0.0, %entry ], [ %s1, %loop ]\n"
                               "  %t = select i1 %some, double %q, double 0.5\n"
                               "  %s1 = fadd double %s, %t\n"
                               "  %i1 = add i64 %i, 1\n"
                               "  %is.end = icmp eq i64 %i1, 4\n"
                               "  br i1 %is.end, label %exit, label %loop\n"
                               "exit:\n"
                               "  %r = fadd double %s1, 0.0";
    expect_raised(loop, 1, 0, NONE);
    expect_raised(loop, 1e300, 1e-300, FE_OVERFLOW);
    expect_raised(loop, DBL_MAX, 2, FE_OVERFLOW); /* of the sum */
}

/* The block of such a loop is one that it leads to itself, so its own phis change when a
 * choice is taken out of it. */
Test(codegen_confirm, loops_choose_of_what_they_carry)
{
    static const char largest[] = "  br label %loop\n"
                                  "loop:\n"
                                  "  %i = phi i32 [ 0, %0 ], [ %i.next, %loop ]\n"
                                  "  %a = phi double [ %x, %0 ], [ %a.next, %loop ]\n"
                                  "  %b = phi double [ %y, %0 ], [ %b.next, %loop ]\n"
                                  "  %c = phi double [ 1.0, %0 ], [ %c.next, %loop ]\n"
                                  "  %is = phi i1 [ true, %0 ], [ %is.next, %loop ]\n"
                                  "  %a.next = select i1 %is, double %a, double %b\n"
                                  "  %b.next = select i1 %is, double %b, double %c\n"
                                  "  %c.next = select i1 %is, double %c, double %a\n"
                                  "  %is.next = fcmp olt double %a.next, %b.next\n"
                                  "  %i.next = add i32 %i, 1\n"
                                  "  %more = icmp slt i32 %i.next, 3\n"
                                  "  br i1 %more, label %loop, label %done\n"
                                  "done:\n"
                                  "  %q = fdiv double %a.next, %b.next\n"
                                  "  %r = fadd double %q, %c.next";
    /* x / y where x < y, else y / 1 where y < 1, else 1 / x. */
    expect_raised(largest, -1, 0, FE_DIVBYZERO);
    expect_raised(largest, 1, 0, NONE);
    expect_raised(largest, 1, 2, NONE);
    expect_raised(largest, 3, 2, NONE);
}

Test(codegen_confirm, nan_raises_nothing_where_it_is_compared)
{
    static const char *const bodies[] = {
        "  %c = fcmp olt double %x, %y\n  %r = select i1 %c, double %x, double %y",
        "  %c = fcmp uge double %x, %y\n  %r = select i1 %c, double 1.0, double 2.0",
        "  %r = call double @llvm.maxnum.f64(double %x, double %y)",
        "  %r = call double @llvm.minimum.f64(double %x, double %y)",
        "  %r = call double @fmin(double %x, double %y)",
        /* LLVM translates what it finds hard, and all before it, with more care. */
        "  %a = call double @fmin(double %x, double %y)\n"
        "  %b = bitcast double %a to i64\n"
        "  %c = call i64 @llvm.ctpop.i64(i64 %b)\n"
        "  %r = sitofp i64 %c to double",
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(bodies); i++) {
        char body[1024]; /* something that can raise must be there */
        snprintf(body, sizeof(body), "%s", bodies[i]);
        char *result = strstr(body, "%r =");
        result[1] = 'm';
        strncat(body, "\n  %r = fadd double %m, 1.0", sizeof(body) - strlen(body) - 1);
        expect_raised(body, nan_of, 1, NONE);
        expect_raised(body, 1, nan_of, NONE);
        expect_raised(body, nan_of, nan_of, NONE);
        expect_raised(body, 1, 2, NONE);
    }
}

Test(codegen_confirm, conversions_to_integers_raise_where_nothing_is_defined)
{
    static const char plain[] = "  %i = fptosi double %x to i32\n"
                                "  %r = sitofp i32 %i to double";
    static const char saturated[] =
        "  %i = call i32 @llvm.fptosi.sat.i32.f64(double %x)\n"
        "  %j = call i64 @llvm.fptoui.sat.i64.f64(double %x)\n"
        "  %a = sitofp i32 %i to double\n"
        "  %b = uitofp i64 %j to double\n"
        "  %r = fadd double %a, %b";
    static const char large[] = "  %i = fptoui double %x to i64\n"
                                "  %r = uitofp i64 %i to double";
    expect_raised(plain, 1e10, 0, FE_INVALID);
    expect_raised(plain, nan_of, 0, FE_INVALID);
    expect_raised(plain, -3.5, 0, NONE);
    const double any[] = {1e10, -1e10, 1e19, 1e300, -1e300, inf_of, -inf_of, nan_of, 2.5};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(any); i++) {
        expect_raised(saturated, any[i], 0, NONE);
    }
    expect_raised(large, 1e19, 0, NONE);
    expect_raised(large, 3.5, 0, NONE);
    expect_raised(large, 1e20, 0, FE_INVALID);
}

Test(codegen_confirm, functions_that_stay_calls_are_taken_apart_as_well)
{
    static const char recursive[] =
        "define double @sum(double %x, double %y, i64 %n) {\n"
        "  %some = fcmp une double %y, 0.0\n"
        "  %q = fdiv double %x, %y\n"
        "  %t = select i1 %some, double %q, double 0.25\n"
        "  %is.end = icmp eq i64 %n, 0\n"
        "  br i1 %is.end, label %end, label %more\n"
        "more:\n"
        "  %m = add i64 %n, -1\n"
        "  %rest = call double @sum(double %x, double %y, i64 %m)\n"
        "  %u = fadd double %t, %rest\n"
        "  ret double %u\n"
        "end:\n"
        "  ret double %t\n}\n"
        "define double @f(double %x, double %y) {\n"
        "  %r = call double @sum(double %x, double %y, i64 3)\n"
        "  ret double %r\n}\n";
    lanes_compile_request request = request_with(recursive, "f8(f8,f8)");
    memcpy(request.entry, "f", sizeof("f"));
    const kernel k = kernel_of(&request, recursive);
    double x[] = {1, 1e300};
    double y[] = {0, 1e-300};
    double out[2];
    const lanes_loop_frame frame = frame_of(&k, (void *[]){x, y, out});
    int32_t code;
    cr_assert_not_null(k.confirm);
    cr_expect_eq(raised_by(&k, &frame, 0, &code), NONE);
    cr_expect_eq(raised_by(&k, &frame, 1, &code), FE_OVERFLOW);
}

Test(codegen_confirm, elements_that_fail_say_so)
{
    const kernel k =
        kernel_with("define i32 @_ZN1fEdd(ptr %ret, ptr %exc, double %x, double %y) {\n"
                    "  %q = fdiv double %x, %y\n"
                    "  %bad = fcmp oeq double %y, 0.0\n"
                    "  br i1 %bad, label %raise, label %good\n"
                    "raise:\n  ret i32 1\n"
                    "good:\n  store double %q, ptr %ret\n  ret i32 0\n}\n",
                    NULL, "f8(f8,f8)");
    double x[] = {1, 1e300};
    double y[] = {0, 1e-300};
    double out[2];
    const lanes_loop_frame frame = frame_of(&k, (void *[]){x, y, out});
    int32_t code;
    cr_assert_not_null(k.confirm);
    cr_expect_eq(raised_by(&k, &frame, 0, &code), NONE, "nor was the quotient needed");
    cr_expect_eq(code, LANES_ELEMENT_RAISED);
    cr_expect_eq(raised_by(&k, &frame, 1, &code), FE_OVERFLOW);
    cr_expect_eq(code, LANES_ELEMENT_OK);
}

Test(codegen_confirm, arrays_of_other_dtypes_are_converted)
{
    static const char ir[] = "define double @f(double %x) {\n"
                             "  %r = fmul double %x, 2.0\n  ret double %r\n}\n";
    lanes_variant_key key = {.layout = {LANES_LAYOUT_CONTIGUOUS, LANES_LAYOUT_CONTIGUOUS},
                             .dtype = {0, LANES_F4}};
    kernel k = variant_of(ir, "f8(f8)", &key);
    double x[] = {1e300, 1e-300, 3};
    float y[3];
    lanes_loop_frame frame = frame_of(&k, (void *[]){x, y});
    int32_t code;
    cr_expect_eq(raised_by(&k, &frame, 0, &code), FE_OVERFLOW);
    cr_expect_eq(raised_by(&k, &frame, 1, &code), FE_UNDERFLOW);
    cr_expect_eq(raised_by(&k, &frame, 2, &code), NONE);
    key.dtype[1] = LANES_I4;
    k = variant_of(ir, "f8(f8)", &key);
    frame = frame_of(&k, (void *[]){x, y});
    cr_expect_eq(raised_by(&k, &frame, 0, &code), NONE, "it becomes the largest");
}

Test(codegen_confirm, there_is_none_where_it_would_say_nothing)
{
    const kernel whole = kernel_with("define i64 @f(i64 %x) {\n"
                                     "  %r = mul i64 %x, 3\n  ret i64 %r\n}\n",
                                     NULL, "i8(i8)");
    cr_expect_null(whole.confirm, "integers raise nothing");
    const kernel copy = kernel_with("define double @f(double %x) {\n"
                                    "  ret double %x\n}\n",
                                    NULL, "f8(f8)");
    cr_expect_null(copy.confirm);
    const lanes_variant_key key = {
        .layout = {LANES_LAYOUT_UNIFORM, LANES_LAYOUT_CONTIGUOUS, LANES_LAYOUT_UNIFORM},
        .reduce = LANES_REDUCE_KERNEL,
        .folds = 1};
    const kernel combiner = variant_of("define double @f(double %a, double %x) {\n"
                                       "  %r = fadd double %a, %x\n  ret double %r\n}\n",
                                       "f8(f8,f8)", &key);
    cr_expect_null(combiner.confirm, "what it had before is gone");
}

/* A loop that another compiler has vectorized: nothing says which lanes are needed, and
 * x86 chooses among them by what raises for NaN. */
Test(codegen_confirm, there_is_none_for_vectors_of_choices)
{
    static const char *const choices[] = {
        "  %q = fdiv <2 x double> splat (double 1.0), %v\n"
        "  %k = select <2 x i1> %c, <2 x double> %q, <2 x double> zeroinitializer\n",
        "  %k = select <2 x i1> %c, <2 x double> %v, <2 x double> zeroinitializer\n"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(choices); i++) {
        char ir[4096];
        snprintf(
            ir, sizeof(ir),
            "define double @f(i32 %%n, ptr %%row) {\n"
            "entry:\n"
            "  br label %%loop\n"
            "loop:\n"
            "  %%i = phi i64 [ 0, %%entry ], [ %%j, %%loop ]\n"
            "  %%s = phi <2 x double> [ zeroinitializer, %%entry ], [ %%t, %%loop ]\n"
            "  %%a = getelementptr double, ptr %%row, i64 %%i\n"
            "  %%v = load <2 x double>, ptr %%a, align 8\n"
            "  %%c = fcmp olt <2 x double> %%v, zeroinitializer\n"
            "%s"
            "  %%t = fadd <2 x double> %%s, %%k\n"
            "  %%j = add i64 %%i, 2\n"
            "  %%is.end = icmp eq i64 %%j, 4\n"
            "  br i1 %%is.end, label %%exit, label %%loop, !llvm.loop !0\n"
            "exit:\n"
            "  %%x = extractelement <2 x double> %%t, i32 0\n"
            "  %%y = extractelement <2 x double> %%t, i32 1\n"
            "  %%r = fadd double %%x, %%y\n"
            "  ret double %%r\n}\n"
            "!0 = distinct !{!0, !1}\n"
            "!1 = !{!\"llvm.loop.isvectorized\", i32 1}\n",
            choices[i]);
        const kernel k = kernel_with(ir, NULL, "f8(f8[:])");
        cr_expect_null(k.confirm, "%s", choices[i]);
    }
}
