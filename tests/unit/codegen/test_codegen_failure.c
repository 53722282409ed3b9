/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elements that fail: the mask that tells which, and the lanes_explain_fn that tells why
 * and writes nothing.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "harness.h"

/* More than one block of the narrowest elements, and a rest. */
#define COUNT 530

/* Outputs of elements that were not run. */
#define UNTOUCHED 0x5a

/* ---- Masks ----------------------------------------------------------------------------
 */

/* Fails where y == 0; two results. */
static const char divide_twice[] =
    "define i32 @_ZN1fEdi(ptr %ret, ptr %e, double %x, i32 %y) {\n"
    "  %zero = icmp eq i32 %y, 0\n  br i1 %zero, label %bad, label %good\n"
    "bad:\n  ret i32 1\n"
    "good:\n  %d = sitofp i32 %y to double\n  %q = fdiv double %x, %d\n"
    "  %n = sub i32 0, %y\n  %p = getelementptr { double, i32 }, ptr %ret, i64 0, i32 1\n"
    "  store double %q, ptr %ret\n  store i32 %n, ptr %p\n  ret i32 0\n}\n";

static lanes_loop_frame masked_frame(const kernel *k, void *const *operands,
                                     uint8_t *mask)
{
    lanes_loop_frame frame = frame_of(k, operands);
    frame.base[lanes_signature_operand_count(&k->result.signature)] = mask;
    return frame;
}

Test(codegen_frame, mask_tells_which_elements_failed)
{
    const kernel k = kernel_with(divide_twice, NULL, "f8,i4(f8,i4)");
    static double x[COUNT], quotient[COUNT];
    static int32_t y[COUNT], negative[COUNT];
    static uint8_t mask[COUNT + 1];
    for (int i = 0; i < COUNT; i++) {
        x[i] = 3 * i;
        y[i] = i % 11 - 5;
    }
    const lanes_loop_frame frame =
        masked_frame(&k, (void *[]){x, y, quotient, negative}, mask);
    for (uint64_t end = 1; end <= COUNT; end += end < 300 ? 1 : 57) {
        memset(quotient, UNTOUCHED, sizeof(quotient));
        memset(negative, UNTOUCHED, sizeof(negative));
        memset(mask, UNTOUCHED, sizeof(mask));
        const uint64_t begin = end / 3;
        const lanes_loop_result result = run_frame(&k, &frame, begin, end);
        uint64_t failed = 0;
        uint64_t first = UINT64_MAX;
        for (uint64_t i = 0; i < COUNT; i++) {
            const bool is_inside = i >= begin && i < end;
            const bool fails = y[i] == 0;
            failed += is_inside && fails;
            first = is_inside && fails && first == UINT64_MAX ? i : first;
            int32_t old;
            memset(&old, UNTOUCHED, sizeof(old));
            cr_assert_eq(mask[i], is_inside ? fails : UNTOUCHED);
            cr_assert_eq(negative[i], is_inside && !fails ? -y[i] : old);
            cr_assert(!is_inside || fails || quotient[i] == x[i] / y[i]);
        }
        cr_assert_eq(mask[COUNT], UNTOUCHED);
        cr_assert_eq(result.failed, failed);
        cr_assert_eq(result.first_failed, first);
    }
}

Test(codegen_frame, mask_of_a_callback_that_never_fails_is_0)
{
    const kernel k = kernel_with("define double @f(double %x) {\n"
                                 "  %r = fadd double %x, 1.0\n  ret double %r\n}\n",
                                 NULL, "f8(f8)");
    cr_expect_eq(k.result.may_raise, 0);
    static double x[COUNT], y[COUNT];
    static uint8_t mask[COUNT];
    memset(mask, UNTOUCHED, sizeof(mask));
    const lanes_loop_frame frame = masked_frame(&k, (void *[]){x, y}, mask);
    cr_expect_eq(run_frame(&k, &frame, 10, 500).failed, 0);
    for (int i = 0; i < COUNT; i++) {
        cr_assert_eq(mask[i], i >= 10 && i < 500 ? 0 : UNTOUCHED);
    }
}

Test(codegen_frame, scalar_loops_write_masks)
{
    /* Rows make the loop scalar: the callback has one of its own. */
    static const char ir[] =
        "define i32 @_ZN1fEi10float64_2a(ptr %ret, ptr %e, i32 %n, ptr %row) {\n"
        "entry:\n  br label %loop\n"
        "loop:\n  %i = phi i64 [ 0, %entry ], [ %j, %next ]\n"
        "  %p = getelementptr double, ptr %row, i64 %i\n  %v = load double, ptr %p\n"
        "  %bad = fcmp olt double %v, 0.0\n  br i1 %bad, label %fail, label %next\n"
        "next:\n  %j = add i64 %i, 1\n  %m = sext i32 %n to i64\n"
        "  %more = icmp slt i64 %j, %m\n  br i1 %more, label %loop, label %exit\n"
        "exit:\n  store double %v, ptr %ret\n  ret i32 0\n"
        "fail:\n  ret i32 1\n}\n";
    lanes_compile_request request = request_for(ir);
    request.default_key = 0;
    request.key.layout[0] = LANES_LAYOUT_ROWS;
    request.key.layout[1] = LANES_LAYOUT_CONTIGUOUS;
    const kernel k = kernel_of(&request, ir);
    double values[] = {1, 2, -3, 4, 5, 6};
    double out[4] = {-7, -7, -7, -7};
    uint8_t mask[4] = {9, 9, 9, 9};
    lanes_loop_frame frame = masked_frame(&k, (void *[]){values, out}, mask);
    frame.stride[0] = 8;
    frame.row_count[0] = 2;
    const lanes_loop_result result = run_frame(&k, &frame, 0, 4);
    cr_expect_eq(result.failed, 2);
    cr_expect_eq(result.first_failed, 1);
    cr_expect_arr_eq(mask, ((uint8_t[]){0, 1, 1, 0}), sizeof(mask));
    cr_expect_arr_eq(out, ((double[]){2, -7, -7, 5}), sizeof(out));
}

/* ---- Why an element failed ------------------------------------------------------------
 */

/* Three excinfos by the sign of y; fails where |x| > 10. */
Test(codegen_frame, explain_returns_code_and_excinfo_and_writes_nothing)
{
    static const char ir[] =
        "@a = internal constant i64 1\n@b = internal constant i64 2\n"
        "define i32 @_ZN1fEdx(ptr %ret, ptr %e, double %x, i64 %y) {\n"
        "  %large = fcmp ogt double %x, 10.0\n  br i1 %large, label %bad, label %good\n"
        "bad:\n  %neg = icmp slt i64 %y, 0\n  %which = select i1 %neg, ptr @a, ptr @b\n"
        "  store ptr %which, ptr %e\n  ret i32 1\n"
        "good:\n  %q = sdiv i64 100, %y\n  store i64 %q, ptr %ret\n  ret i32 0\n}\n";
    lanes_compile_request request = request_for(ir);
    request.default_key = 0;
    request.key.layout[0] = LANES_LAYOUT_UNIFORM;
    request.key.layout[1] = request.key.layout[2] = LANES_LAYOUT_CONTIGUOUS;
    const kernel k = kernel_of(&request, ir);
    cr_assert_not_null(k.explain);
    double x = 10.0;
    int64_t y[] = {-5, 0, 5, 100};
    int64_t out[4] = {-7, -7, -7, -7};
    lanes_loop_frame frame = frame_of(&k, (void *[]){&x, y, out});
    const void *excinfo[4] = {y, y, y, y};
    int32_t code[4];
    for (int round = 0; round < 2; round++) {
        x = round == 0 ? 10.0 : 11.0;
        for (uint64_t i = 0; i < 4; i++) {
            code[i] = k.explain(&frame, i, &excinfo[i]);
        }
        if (round == 0) {
            const int32_t wanted[] = {LANES_ELEMENT_OK, LANES_ELEMENT_ZERO_DIVISION,
                                      LANES_ELEMENT_OK, LANES_ELEMENT_OK};
            cr_expect_arr_eq(code, wanted, sizeof(wanted));
            cr_expect_null(excinfo[1]);
        }
    }
    for (int i = 0; i < 4; i++) {
        cr_expect_eq(code[i], LANES_ELEMENT_RAISED);
        cr_assert_not_null(excinfo[i]);
        cr_expect_eq(*(const int64_t *)excinfo[i], i == 0 ? 1 : 2);
        cr_expect_eq(out[i], -7);
    }
}

Test(codegen_frame, explain_reads_rows_params_and_strides)
{
    static const char ir[] =
        "define i32 @_ZN1fEi10float64_2a7void_2a(ptr %ret, ptr %e, i32 %n, ptr %row, "
        "ptr %p) {\n"
        "  %i = sext i32 %n to i64\n  %j = sub i64 %i, 1\n"
        "  %q = getelementptr double, ptr %row, i64 %j\n  %v = load double, ptr %q\n"
        "  %limit = load double, ptr %p\n  %bad = fcmp oeq double %v, %limit\n"
        "  %s = zext i1 %bad to i32\n  store double %v, ptr %ret\n  ret i32 %s\n}\n";
    const kernel k = kernel_with(ir, NULL, "f8(f8[:])");
    static double rows[3 * COUNT + 2];
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        rows[i] = (double)(i * i % 101) - 0.25 * (double)i;
    }
    double out[COUNT];
    memset(out, UNTOUCHED, sizeof(out));
    lanes_loop_frame frame = frame_of(&k, (void *[]){rows, out});
    frame.stride[0] = 24;
    frame.row_count[0] = 2;
    for (uint64_t i = 0; i < COUNT; i += 37) {
        const void *excinfo;
        double limit = rows[3 * i + 1];
        frame.params = &limit;
        cr_expect_eq(k.explain(&frame, i, &excinfo), LANES_ELEMENT_RAISED);
        limit += 1e-3;
        cr_expect_eq(k.explain(&frame, i, &excinfo), LANES_ELEMENT_OK);
    }
    double untouched[COUNT];
    memset(untouched, UNTOUCHED, sizeof(untouched));
    cr_expect_arr_eq(out, untouched, sizeof(out));
}

/* Status and outputs of an element are those of the loop, in place, too. */
Test(codegen_frame, explain_agrees_with_the_loop_in_place)
{
    const kernel k =
        kernel_with("define i32 @_ZN1fEd(ptr %ret, ptr %e, double %x) {\n"
                    "  %bad = fcmp olt double %x, 0.0\n"
                    "  %s = zext i1 %bad to i32\n  %y = fmul double %x, 3.0\n"
                    "  store double %y, ptr %ret\n  ret i32 %s\n}\n",
                    NULL, "f8(f8)");
    static double x[COUNT];
    for (int i = 0; i < COUNT; i++) {
        x[i] = i % 9 == 4 ? -i : i;
    }
    const lanes_loop_frame frame = frame_of(&k, (void *[]){x, x});
    const lanes_loop_result result = run_frame(&k, &frame, 0, COUNT);
    cr_expect_eq(result.failed, 59);
    cr_expect_eq(result.first_failed, 4);
    for (uint64_t i = 0; i < COUNT; i++) {
        const void *excinfo;
        cr_assert_eq(k.explain(&frame, i, &excinfo), i % 9 == 4);
        cr_assert_eq(x[i], i % 9 == 4 ? -(double)i : 3.0 * (double)i);
    }
}
