/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The generated loop, run: values, failures, layouts, in-place and unaligned operands,
 * and that an element's bits do not depend on how a batch is split. Rows, params and
 * masks: test_codegen_frame.c, test_codegen_failure.c.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "harness.h"

static const char axpy[] = "define double @f(double %a, double %x, double %y) {\n"
                           "  %m = fmul double %a, %x\n  %r = fadd double %m, %y\n"
                           "  ret double %r\n}\n";

/* x / y by Numba's rules: y == 0 stores an exception and returns 1. */
static const char divide[] =
    "@exc = internal constant { ptr, i32 } zeroinitializer\n"
    "define i32 @_ZN3divEdd(ptr %ret, ptr %e, double %x, double %y) {\n"
    "  %zero = fcmp oeq double %y, 0.0\n  br i1 %zero, label %bad, label %good\n"
    "bad:\n  store ptr @exc, ptr %e\n  ret i32 1\n"
    "good:\n  %q = fdiv double %x, %y\n  store double %q, ptr %ret\n  ret i32 0\n}\n";

/* exp(x) * y in a rational loop: not vectorizable (data-dependent trip count). */
static const char collatz[] =
    "define i64 @f(i64 %x) {\n"
    "entry:\n  br label %loop\n"
    "loop:\n  %v = phi i64 [ %x, %entry ], [ %w, %loop ]\n"
    "  %n = phi i64 [ 0, %entry ], [ %m, %loop ]\n"
    "  %half = lshr i64 %v, 1\n  %t = mul i64 %v, 3\n  %up = add i64 %t, 1\n"
    "  %odd = trunc i64 %v to i1\n  %w = select i1 %odd, i64 %up, i64 %half\n"
    "  %m = add i64 %n, 1\n  %done = icmp ule i64 %w, 1\n"
    "  br i1 %done, label %exit, label %loop\n"
    "exit:\n  ret i64 %m\n}\n";

#define COUNT 1000

static double a[COUNT + 8], x[COUNT + 8], y[COUNT + 8], z[COUNT + 8];

static void fill(void)
{
    for (int i = 0; i < COUNT + 8; i++) {
        a[i] = 0.25 * i;
        x[i] = 1.0 / (i + 1);
        y[i] = i % 7 == 3 ? 0.0 : i - 500.0;
        z[i] = -1.0;
    }
}

TestSuite(codegen_loop, .init = fill);

Test(codegen_loop, computes_exactly_its_range)
{
    const lanes_compile_request request = request_for(axpy);
    const lanes_loop_fn loop = loop_of(&request, axpy);
    for (uint64_t begin = 0; begin < 3; begin++) {
        for (uint64_t end = begin + 1; end < 200; end++) {
            fill();
            const lanes_loop_result result = run_loop(loop, begin, end, a, x, y, z);
            cr_assert_eq(result.failed, 0);
            cr_assert_eq(result.first_failed, UINT64_MAX);
            for (uint64_t i = 0; i < 210; i++) {
                const bool inside = i >= begin && i < end;
                cr_assert_eq(z[i], inside ? a[i] * x[i] + y[i] : -1.0);
            }
        }
    }
}

Test(codegen_loop, failures_are_counted_and_their_outputs_kept)
{
    const lanes_compile_request request = request_for(divide);
    const lanes_loop_fn loop = loop_of(&request, divide);
    for (uint64_t begin = 0; begin < 16; begin++) {
        const uint64_t end = COUNT - 3 * begin;
        fill();
        uint64_t failed = 0;
        for (uint64_t i = begin; i < end; i++) {
            failed += y[i] == 0.0;
        }
        const lanes_loop_result result = run_loop(loop, begin, end, x, y, z, NULL);
        cr_assert_eq(result.failed, failed);
        cr_assert_eq(result.first_failed, begin <= 3 ? 3 : begin <= 10 ? 10 : 17);
        for (uint64_t i = 0; i < COUNT; i++) {
            const bool computed = i >= begin && i < end && y[i] != 0.0;
            cr_assert_eq(z[i], computed ? x[i] / y[i] : -1.0);
        }
    }
}

Test(codegen_loop, failing_last_element_is_counted_once)
{
    const lanes_compile_request request = request_for(divide);
    const lanes_loop_fn loop = loop_of(&request, divide);
    for (uint64_t end = 1; end < 130; end++) {
        for (uint64_t i = 0; i < end; i++) {
            y[i] = i + 1 == end ? 0.0 : 2.0;
        }
        const lanes_loop_result result = run_loop(loop, 0, end, x, y, z, NULL);
        cr_assert_eq(result.failed, 1);
        cr_assert_eq(result.first_failed, end - 1);
    }
}

Test(codegen_loop, results_add_up_over_tiles)
{
    const lanes_compile_request request = request_for(divide);
    const lanes_loop_fn loop = loop_of(&request, divide);
    const lanes_loop_frame frame = {.base = {x, y, z}};
    lanes_loop_result result = LANES_LOOP_RESULT_INIT;
    loop(&frame, 500, COUNT, &result);
    loop(&frame, 0, 500, &result);
    cr_expect_eq(result.first_failed, 3);
    cr_expect_eq(result.failed, 143);
}

Test(codegen_loop, uniform_operands_are_read_once)
{
    lanes_compile_request request = request_for(axpy);
    request.default_key = 0;
    request.key.layout[0] = LANES_LAYOUT_UNIFORM;
    request.key.layout[1] = LANES_LAYOUT_CONTIGUOUS;
    request.key.layout[2] = LANES_LAYOUT_UNIFORM;
    request.key.layout[3] = LANES_LAYOUT_CONTIGUOUS;
    const lanes_loop_fn loop = loop_of(&request, axpy);
    double factor = 3.0;
    double offset = 0.5;
    run_loop(loop, 5, 333, &factor, x, &offset, z);
    for (int i = 0; i < COUNT; i++) {
        cr_assert_eq(z[i], i >= 5 && i < 333 ? 3.0 * x[i] + 0.5 : -1.0);
    }
}

/* A frame may be a window of its batch: failures have the batch's index. */
Test(codegen_loop, elements_are_counted_from_the_frame_s_first)
{
    const lanes_compile_request request = request_for(divide);
    const lanes_loop_fn loop = loop_of(&request, divide);
    const lanes_loop_frame frame = {.base = {x + 300, y + 300, z + 300}, .first = 70300};
    for (uint64_t begin = 0; begin < 130; begin++) {
        fill();
        lanes_loop_result result = LANES_LOOP_RESULT_INIT;
        loop(&frame, 70300 + begin, 70300 + 200, &result);
        cr_assert_eq(result.first_failed % 7, 70304 % 7);
        cr_assert_geq(result.first_failed, 70300 + begin);
        cr_assert_lt(result.first_failed, 70300 + begin + 7);
        for (uint64_t i = 0; i < COUNT; i++) {
            const bool computed = i >= 300 + begin && i < 500 && y[i] != 0.0;
            cr_assert_eq(z[i], computed ? x[i] / y[i] : -1.0);
        }
    }
}

Test(codegen_loop, impossible_layouts_are_refused)
{
    lanes_compile_request request = request_for(axpy);
    request.default_key = 0;
    memset(request.key.layout, LANES_LAYOUT_CONTIGUOUS, 3);
    request.key.layout[3] = LANES_LAYOUT_UNIFORM;
    lanes_codegen_output output = compile_request(&request, axpy);
    cr_expect_eq(output.result.status, LANES_E_LAYOUT);
    lanes_codegen_output_deinit(&output);
}

Test(codegen_loop, output_may_be_an_input)
{
    const lanes_compile_request request = request_for(axpy);
    const lanes_loop_fn loop = loop_of(&request, axpy);
    double wanted[COUNT];
    for (int i = 0; i < COUNT; i++) {
        wanted[i] = a[i] * x[i] + y[i];
    }
    run_loop(loop, 0, COUNT, a, x, y, y);
    cr_expect_arr_eq(y, wanted, sizeof(wanted));
}

Test(codegen_loop, unaligned_operands_work)
{
    const lanes_compile_request request = request_for(axpy);
    const lanes_loop_fn loop = loop_of(&request, axpy);
    static char bytes[4][8 * COUNT + 8];
    double *const source[] = {a, x, y};
    for (int k = 0; k < 3; k++) {
        memcpy(bytes[k] + 3 + k, source[k], sizeof(double) * COUNT);
    }
    run_loop(loop, 0, COUNT, bytes[0] + 3, bytes[1] + 4, bytes[2] + 5, bytes[3] + 1);
    for (int i = 0; i < COUNT; i++) {
        double value;
        memcpy(&value, bytes[3] + 1 + 8 * i, sizeof(value));
        cr_assert_eq(value, a[i] * x[i] + y[i]);
    }
}

Test(codegen_loop, scalar_loops_run_single_elements)
{
    const lanes_compile_request request = request_for(collatz);
    lanes_codegen_output output = compile_request(&request, collatz);
    cr_expect_eq(output.result.info.vector_width, 1);
    cr_expect(strstr(output.report, "innermost loops only") != NULL);
    lanes_codegen_output_deinit(&output);
    const lanes_loop_fn loop = loop_of(&request, collatz);
    int64_t in[] = {2, 3, 6, 7, 27};
    int64_t out[5] = {0};
    run_loop(loop, 1, 5, in, out, NULL, NULL);
    const int64_t wanted[] = {0, 7, 8, 16, 111};
    cr_expect_arr_eq(out, wanted, sizeof(out));
}

/* Splits of one batch, each against the batch in one piece, bit by bit. */
Test(codegen_loop, bits_do_not_depend_on_the_split)
{
    static const char ir[] = "declare double @exp(double)\ndeclare double @sin(double)\n"
                             "define double @f(double %x) {\n"
                             "  %e = call double @exp(double %x)\n"
                             "  %s = call double @sin(double %e)\n  ret double %s\n}\n";
    const lanes_compile_request request = request_for(ir);
    const lanes_loop_fn loop = loop_of(&request, ir);
    double whole[COUNT];
    run_loop(loop, 0, COUNT, x, whole, NULL, NULL);
    for (uint64_t at = 1; at < COUNT; at++) {
        run_loop(loop, 0, at, x, z, NULL, NULL);
        run_loop(loop, at, COUNT, x, z, NULL, NULL);
        cr_assert_arr_eq(z, whole, sizeof(whole));
    }
    for (uint64_t i = 0; i < COUNT; i++) {
        run_loop(loop, i, i + 1, x, z, NULL, NULL);
    }
    cr_expect_arr_eq(z, whole, sizeof(whole));
}

Test(codegen_loop, exceptional_constants_are_kept_private)
{
    /* -2 is Numba's "returned None": a success. Other values are failures. */
    static const char ir[] = "define i32 @_ZN1fEx(ptr %ret, ptr %e, i64 %x) {\n"
                             "  store i64 %x, ptr %ret\n  %s = trunc i64 %x to i32\n"
                             "  ret i32 %s\n}\n";
    const lanes_compile_request request = request_for(ir);
    const lanes_loop_fn loop = loop_of(&request, ir);
    int64_t in[] = {0, -2, 0, -1, 1, -3, 0};
    int64_t out[7] = {9, 9, 9, 9, 9, 9, 9};
    const lanes_loop_result result = run_loop(loop, 0, 7, in, out, NULL, NULL);
    cr_expect_eq(result.failed, 3);
    cr_expect_eq(result.first_failed, 3);
    const int64_t wanted[] = {0, -2, 0, 9, 9, 9, 0};
    cr_expect_arr_eq(out, wanted, sizeof(out));
}
