/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a callback does before it fails is not part of the loop: the loop stays
 * vectorized, and decides as the whole callback would.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "harness.h"
#include "runtime/runtime.h"

#define ELEMENTS 1000

static double in[ELEMENTS];
static double out[ELEMENTS];

/* x + 1, but fails as @p body says, which begins for x < 0 and has %block and %fine. */
#define CALLBACK(body)                                                                   \
    "declare ptr @NRT_Allocate(i64)\n"                                                   \
    "declare void @NRT_Free(ptr)\n"                                                      \
    "define i32 @_ZN1fEd(ptr %ret, ptr %exc, double %x) {\n"                             \
    "entry:\n"                                                                           \
    "  %bad = fcmp olt double %x, 0.0\n"                                                 \
    "  br i1 %bad, label %begin, label %fine\n"                                          \
    "fine:\n"                                                                            \
    "  %y = fadd double %x, 1.0\n"                                                       \
    "  store double %y, ptr %ret\n"                                                      \
    "  br label %return\n" body "return:\n"

/* Fills @p n bytes of allocated memory one by one: as strings are made. */
#define FILL(from, to)                                                                   \
    "  %p = call ptr @NRT_Allocate(i64 40)\n"                                            \
    "  br label %loop\n"                                                                 \
    "loop:\n"                                                                            \
    "  %i = phi i64 [ 0, %" from " ], [ %next, %loop ]\n"                                \
    "  %q = getelementptr i8, ptr %p, i64 %i\n"                                          \
    "  store volatile i8 65, ptr %q\n"                                                   \
    "  %next = add i64 %i, 1\n"                                                          \
    "  %n = fptosi double %x to i64\n"                                                   \
    "  %more = icmp slt i64 %next, %n\n"                                                 \
    "  br i1 %more, label %loop, label %" to "\n"

static lanes_loop_result run(const char *ir, uint32_t width)
{
    lanes_compile_request request = request_for(ir);
    const kernel k = kernel_of(&request, ir);
    if (width > 1) {
        cr_assert_geq(k.result.info.vector_width, width, "%u\n%s",
                      k.result.info.vector_width, ir);
    }
    for (int i = 0; i < ELEMENTS; i++) {
        in[i] = i % 100 == 99 ? -i : i;
        out[i] = -1;
    }
    lanes_runtime_enter();
    const lanes_loop_result result = run_loop(k.loop, 0, ELEMENTS, in, out, NULL, NULL);
    lanes_runtime_leave();
    return result;
}

static void expect_failures(const char *ir, uint32_t width, double below)
{
    const lanes_loop_result result = run(ir, width);
    uint64_t failed = 0;
    uint64_t first = 0;
    for (uint64_t i = ELEMENTS; i-- > 0;) {
        const bool has_failed = in[i] < below;
        failed += has_failed;
        first = has_failed ? i : first;
        cr_assert_eq(out[i], has_failed ? -1 : in[i] + 1, "element %d\n%s", (int)i, ir);
    }
    cr_assert_eq(result.failed, failed, "%s", ir);
    cr_assert_eq(result.first_failed, first, "%s", ir);
}

Test(codegen_doomed, what_comes_before_a_failure_is_dropped, .timeout = 240)
{
    expect_failures(
        CALLBACK("begin:\n" FILL(
            "begin", "raise") "raise:\n"
                              "  store ptr %p, ptr %exc\n"
                              "  br label %return\n") "  %s = phi i32 [ 0, %fine ], [ 1, "
                                                      "%raise ]\n"
                                                      "  ret i32 %s\n}\n",
        2, 0);
}

/* The status of a call, passed on where it is no success: as Numba 0.57 does. */
Test(codegen_doomed, failures_that_are_passed_on, .timeout = 240)
{
    expect_failures(
        "define internal i32 @g(ptr %exc, double %x) {\n"
        "  %p = call ptr @NRT_Allocate(i64 40)\n"
        "  %none = icmp eq ptr %p, null\n"
        "  br i1 %none, label %memory, label %other\n"
        "memory:\n"
        "  ret i32 1\n"
        "other:\n"
        "  store volatile double %x, ptr %p\n"
        "  ret i32 0\n"
        "}\n" CALLBACK("begin:\n"
                       "  %s1 = call i32 @g(ptr %exc, double %x)\n"
                       "  switch i32 %s1, label %memory [ i32 0, label %raise "
                       "i32 -2, label %raise ]\n"
                       "memory:\n"
                       "  br label %return\n"
                       "raise:\n"
                       "  br label %return\n") "  %s = phi i32 [ 0, %fine ], [ %s1, "
                                               "%memory ], [ 1, %raise ]\n"
                                               "  ret i32 %s\n}\n",
        2, 0);
}

/* Some way goes on: nothing is decided before it is. */
Test(codegen_doomed, what_may_yet_succeed_is_kept, .timeout = 240)
{
    expect_failures(
        CALLBACK(
            "begin:\n"
            "  %far = fcmp olt double %x, -500.0\n" FILL(
                "begin", "ask") "ask:\n"
                                "  call void @NRT_Free(ptr %p)\n"
                                "  br i1 %far, label %raise, label %again\n"
                                "again:\n"
                                "  %z = fadd double %x, 1.0\n"
                                "  store double %z, ptr %ret\n"
                                "  br label %return\n"
                                "raise:\n"
                                "  br label %return\n") "  %s = phi i32 [ 0, %fine ], [ "
                                                        "0, %again ], [ 1, %raise ]\n"
                                                        "  ret i32 %s\n}\n",
        1, -500);
}

/* Blocks are left out of phis, of which there may be several, and which may be in the
 * same block as what is never reached. */
Test(codegen_doomed, phis_lose_what_is_doomed, .timeout = 240)
{
    expect_failures(CALLBACK("begin:\n"
                             "  %k = fptosi double %x to i32\n"
                             "  switch i32 %k, label %never [ i32 -99, label %raise\n"
                             "    i32 -199, label %raise\n    i32 -299, label %other\n"
                             "    i32 -399, label %raise\n    i32 -499, label %other\n"
                             "    i32 -599, label %raise\n    i32 -699, label %other\n"
                             "    i32 -799, label %raise\n    i32 -899, label %other\n"
                             "    i32 -999, label %raise ]\n"
                             "never:\n"
                             "  unreachable\n"
                             "other:\n"
                             "  br label %return\n"
                             "raise:\n"
                             "  %v = phi ptr [ %exc, %begin ], [ %exc, %begin ], "
                             "[ %exc, %begin ], [ %exc, %begin ], [ %exc, %begin ], "
                             "[ %exc, %begin ]\n"
                             "  br label %return\n") "  %s = phi i32 [ 0, %fine ], [ 3, "
                                                     "%other ], [ 1, %raise ]\n"
                                                     "  %w = phi ptr [ null, %fine ], [ "
                                                     "%exc, %other ], [ %v, %raise ]\n"
                                                     "  store ptr %w, ptr %exc\n"
                                                     "  ret i32 %s\n}\n",
                    2, 0);
}

Test(codegen_doomed, a_callback_that_only_fails, .timeout = 240)
{
    const char *ir = "declare ptr @NRT_Allocate(i64)\n"
                     "define i32 @_ZN1fEd(ptr %ret, ptr %exc, double %x) {\n"
                     "  %p = call ptr @NRT_Allocate(i64 40)\n"
                     "  store volatile double %x, ptr %p\n"
                     "  store double %x, ptr %ret\n"
                     "  ret i32 1\n"
                     "}\n";
    const lanes_loop_result result = run(ir, 1);
    cr_assert_eq(result.failed, ELEMENTS);
    cr_assert_eq(result.first_failed, 0);
    cr_assert_eq(out[ELEMENTS - 1], -1);
}
