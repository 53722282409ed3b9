/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that would end the process: each fails its element and no other, wherever it
 * stands and whatever stands behind it.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"

/* More than one block, and a rest. */
#define COUNT 150

/* Elements below 0 fail; the others are x + 1. */
static void expect_negative_fail(const char *ir)
{
    const lanes_compile_request request = request_for(ir);
    const kernel k = kernel_of(&request, ir);
    double x[COUNT];
    double y[COUNT];
    for (int i = 0; i < COUNT; i++) {
        x[i] = i % 7 == 3 ? -i - 1 : i;
        y[i] = 0.5;
    }
    const lanes_loop_frame frame = frame_of(&k, (void *[]){x, y});
    const lanes_loop_result result = run_frame(&k, &frame, 0, COUNT);
    uint64_t failed = 0;
    for (int i = 0; i < COUNT; i++) {
        failed += x[i] < 0;
        cr_expect_eq(y[i], x[i] < 0 ? 0.5 : x[i] + 1.0, "element %d of\n%s", i, ir);
    }
    cr_expect_eq(result.failed, failed);
    cr_expect_eq(result.first_failed, 3);
    cr_assert(k.explain != NULL);
}

/* The head of a callback that goes to %bad below 0 and to %good otherwise. */
#define BRANCHES                                                                         \
    "define double @f(double %x) {\n  %c = fcmp olt double %x, 0.0\n"                    \
    "  br i1 %c, label %bad, label %good\n"
#define GOOD "good:\n  %y = fadd double %x, 1.0\n  ret double %y\n}\n"

Test(codegen_panic, every_end_of_the_process_fails_its_element)
{
    static const struct {
        const char *declaration;
        const char *call;
    } ends[] = {
        {"declare void @abort()\n", "call void @abort()"},
        {"declare void @llvm.trap()\n", "call void @llvm.trap()"},
        {"declare void @llvm.ubsantrap(i8)\n", "call void @llvm.ubsantrap(i8 3)"},
        {"declare void @_ZSt9terminatev()\n", "call void @_ZSt9terminatev()"},
        {"declare void @__assert_fail(ptr, ptr, i32, ptr)\n",
         "call void @__assert_fail(ptr null, ptr null, i32 7, ptr null)"},
        {"declare void @__assert_rtn(ptr, ptr, i32, ptr)\n",
         "call void @__assert_rtn(ptr null, ptr null, i32 7, ptr null)"},
        {"declare void @_ZN4core9panicking5panic17h0E(ptr, i64)\n",
         "call void @_ZN4core9panicking5panic17h0E(ptr null, i64 1)"},
    };
    /* What stands behind the call: nothing, a value, a store, a way back. */
    static const char *const behind[] = {
        "  unreachable\n" GOOD,
        "  ret double 7.0\n" GOOD,
        "  %z = fmul double %x, 3.0\n  ret double %z\n" GOOD,
        "  br label %good\n" GOOD,
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(ends); i++) {
        for (size_t k = 0; k < LANES_ARRAY_COUNT(behind); k++) {
            char ir[1024];
            snprintf(ir, sizeof(ir), "%s%sbad:\n  %s\n%s", ends[i].declaration, BRANCHES,
                     ends[i].call, behind[k]);
            expect_negative_fail(ir);
        }
    }
}

Test(codegen_panic, results_of_what_does_not_return_do_not_matter)
{
    expect_negative_fail("declare double @abort()\n" BRANCHES
                         "bad:\n  %z = call double @abort()\n  ret double %z\n" GOOD);
    expect_negative_fail(
        "declare i32 @abort()\n" BRANCHES
        "bad:\n  %z = call i32 @abort()\n  br label %good\n"
        "good:\n  %w = phi i32 [ %z, %bad ], [ 1, %0 ]\n  %v = sitofp i32 %w to double\n"
        "  %y = fadd double %x, %v\n  ret double %y\n}\n");
}

Test(codegen_panic, callbacks_that_do_nothing_else_fail_always)
{
    static const char ir[] = "declare void @abort()\ndefine double @f(double %x) {\n"
                             "  call void @abort()\n  ret double %x\n}\n";
    const lanes_compile_request request = request_for(ir);
    const kernel k = kernel_of(&request, ir);
    double x[COUNT] = {0};
    const lanes_loop_frame frame = frame_of(&k, (void *[]){x, x});
    cr_expect_eq(run_frame(&k, &frame, 0, COUNT).failed, COUNT);
}

/* ---- Functions that stay calls --------------------------------------------------------
 */

/* %g(x, n) recurses n times, then fails for x < 0. */
#define RECURSION                                                                        \
    "declare void @abort()\n"                                                            \
    "define internal double @g(double %x, i64 %n) {\n  %end = icmp eq i64 %n, 0\n"       \
    "  br i1 %end, label %a, label %b\n"                                                 \
    "a:\n  %c = fcmp olt double %x, 0.0\n  br i1 %c, label %bad, label %good\n"          \
    "bad:\n  call void @abort()\n  unreachable\n"                                        \
    "good:\n  %y = fadd double %x, 1.0\n  ret double %y\n"                               \
    "b:\n  %m = sub i64 %n, 1\n  %r = call double @g(double %x, i64 %m)\n"               \
    "  %s = fadd double %r, 0.0\n  ret double %s\n}\n"

Test(codegen_panic, recursive_functions_fail_their_element)
{
    expect_negative_fail(RECURSION "define double @f(double %x) {\n"
                                   "  %y = call double @g(double %x, i64 3)\n"
                                   "  ret double %y\n}\n");
}

/* The value of a call that failed is 0, which must not be waited for to change. */
Test(codegen_panic, loops_over_a_failed_call_end, .timeout = 60)
{
    expect_negative_fail(RECURSION
                         "define double @f(double %x) {\nentry:\n  br label %l\n"
                         "l:\n  %k = phi double [ 0.0, %entry ], [ %k1, %l ]\n"
                         "  %y = call double @g(double %x, i64 3)\n"
                         "  %k1 = fadd double %k, %y\n"
                         "  %more = fcmp oeq double %k1, 0.0\n"
                         "  br i1 %more, label %l, label %out\n"
                         "out:\n  %w = phi double [ %k1, %l ]\n  ret double %w\n}\n");
}

/* f(x) = x < 0 ? abort : f of whatever f made of it, until that is above 0. */
Test(codegen_panic, recursion_over_a_failed_call_ends, .timeout = 60)
{
    expect_negative_fail(
        RECURSION
        "define internal double @h(double %x, double %v) {\n"
        "  %y = call double @g(double %x, i64 2)\n  %z = fadd double %y, %v\n"
        "  %more = fcmp oeq double %z, 0.0\n  br i1 %more, label %again, label %done\n"
        "again:\n  %w = call double @h(double %x, double %z)\n"
        "  %u = fadd double %w, 0.0\n  ret double %u\n"
        "done:\n  ret double %z\n}\n"
        "define double @f(double %x) {\n"
        "  %y = call double @h(double %x, double 0.0)\n  ret double %y\n}\n");
}

/* A division in a recursive function is made by 1 instead, and reported. */
Test(codegen_panic, loops_over_a_failed_division_end, .timeout = 60)
{
    static const char ir[] =
        "define internal i64 @g(i64 %x, i64 %y, i64 %n) {\n  %end = icmp eq i64 %n, 0\n"
        "  br i1 %end, label %a, label %b\n"
        "a:\n  %q = sdiv i64 %x, %y\n  ret i64 %q\n"
        "b:\n  %m = sub i64 %n, 1\n  %r = call i64 @g(i64 %x, i64 %y, i64 %m)\n"
        "  ret i64 %r\n}\n"
        "define i64 @f(i64 %x, i64 %y) {\nentry:\n  br label %l\n"
        "l:\n  %v = phi i64 [ %x, %entry ], [ %w, %l ]\n"
        "  %w = call i64 @g(i64 %v, i64 %y, i64 2)\n"
        "  %more = icmp ne i64 %w, 0\n  br i1 %more, label %l, label %out\n"
        "out:\n  ret i64 %v\n}\n";
    const kernel k = kernel_with(ir, "i8(i8,i8)", "i8(i8,i8)");
    int64_t x[COUNT];
    int64_t y[COUNT];
    int64_t out[COUNT];
    for (int i = 0; i < COUNT; i++) {
        x[i] = 5000 + i;
        y[i] = i % 50 == 20 ? 0 : 10;
        out[i] = -1;
    }
    const lanes_loop_frame frame = frame_of(&k, (void *[]){x, y, out});
    const lanes_loop_result result = run_frame(&k, &frame, 0, COUNT);
    cr_expect_eq(result.failed, 3);
    cr_expect_eq(result.first_failed, 20);
    for (int i = 0; i < COUNT; i++) {
        cr_expect_eq(out[i], y[i] == 0 ? -1 : 5);
    }
}

/* ---- Exceptions of C++ and Rust -------------------------------------------------------
 */

/* What cleans up is dropped, and nothing else: not a way to a division by 0 either. */
Test(codegen_panic, functions_with_a_personality_fail_where_they_divide_by_0)
{
    static const char *const personalities[] = {"__gxx_personality_v0",
                                                "rust_eh_personality"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(personalities); i++) {
        char ir[1024];
        snprintf(ir, sizeof(ir),
                 "declare i32 @%s(...)\ndeclare double @sin(double)\n"
                 "define i32 @f(i32 %%x, i32 %%c) personality ptr @%s {\n"
                 "e:\n  %%z = icmp eq i32 %%c, 7\n  br i1 %%z, label %%a, label %%b\n"
                 "a:\n  br label %%b\n"
                 "b:\n  %%d = phi i32 [ 0, %%a ], [ 3, %%e ]\n  %%q = sdiv i32 %%x, %%d\n"
                 "  %%s = invoke double @sin(double 0.0) to label %%ok unwind label %%l\n"
                 "ok:\n  ret i32 %%q\n"
                 "l:\n  %%p = landingpad { ptr, i32 } cleanup\n"
                 "  resume { ptr, i32 } %%p\n}\n",
                 personalities[i], personalities[i]);
        const lanes_compile_request request = request_for(ir);
        const kernel k = kernel_of(&request, ir);
        int32_t x[COUNT], c[COUNT], out[COUNT];
        for (int n = 0; n < COUNT; n++) {
            x[n] = 3 * n;
            c[n] = n % 10;
        }
        const lanes_loop_frame frame = frame_of(&k, (void *[]){x, c, out});
        const lanes_loop_result result = run_frame(&k, &frame, 0, COUNT);
        cr_expect_eq(result.failed, COUNT / 10);
        cr_expect_eq(result.first_failed, 7);
        for (int n = 0; n < COUNT; n++) {
            cr_expect(c[n] == 7 || out[n] == n);
        }
    }
}
