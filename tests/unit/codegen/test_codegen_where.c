/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `where`: elements it leaves out keep their outputs, have not failed and are not
 * computed; alone and with failures, the mask of errors and arrays of other dtypes, for
 * every place where a batch may be split.
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

/* Bytes of arrays before a run. */
#define UNTOUCHED 0x5a

static const char add[] = "define double @f(double %x, double %y) {\n"
                          "  %r = fadd double %x, %y\n  ret double %r\n}\n";

/* x / y by Numba's rules: y == 0 fails. */
static const char divide[] =
    "define i32 @_ZN3divEdd(ptr %ret, ptr %e, double %x, double %y) {\n"
    "  %zero = fcmp oeq double %y, 0.0\n  br i1 %zero, label %bad, label %good\n"
    "bad:\n  ret i32 1\n"
    "good:\n  %q = fdiv double %x, %y\n  store double %q, ptr %ret\n  ret i32 0\n}\n";

/* (y, x) of (x, y). */
static const char swap[] = "define { double, double } @f(double %x, double %y) {\n"
                           "  %a = insertvalue { double, double } undef, double %y, 0\n"
                           "  %b = insertvalue { double, double } %a, double %x, 1\n"
                           "  ret { double, double } %b\n}\n";

static double x[COUNT], y[COUNT];
static uint8_t where[COUNT];

/* Zeros at 3, 10, 17, ...; bytes that are not 0 count as true. */
static void fill(void)
{
    for (int i = 0; i < COUNT; i++) {
        x[i] = 0.25 * i - 9;
        y[i] = i % 7 == 3 ? 0.0 : i - 99.5;
        where[i] = (uint8_t)(i % 5 < 2 ? 0 : i % 5 == 4 ? 0x80 : i % 5);
    }
}

/* SSE2 cannot choose between vectors by a mask: LLVM leaves such loops scalar. */
static void expect_vectors(const kernel *k, unsigned number)
{
    cr_expect(k->result.info.vector_width > 1 || !compiles_for("x86-64-v2"), "case %u",
              number);
}

TestSuite(codegen_where, .init = fill, .timeout = 60);

static lanes_variant_key key_of(uint32_t operands)
{
    lanes_variant_key key = {.has_where = 1};
    memset(key.layout, LANES_LAYOUT_CONTIGUOUS, operands);
    return key;
}

/* ---- Every combination --------------------------------------------------------------
 */

/* f8(f8,f8), and what is around it in one variant. */
struct around {
    bool may_fail; /* divide, else add */
    bool has_mask;
    uint32_t stored_input;  /* dtype of x's array */
    uint32_t stored_output; /* and of the output's */
};

static kernel kernel_around(const struct around *what)
{
    lanes_variant_key key = key_of(3);
    key.dtype[0] = (uint8_t)(what->stored_input == LANES_F8 ? 0 : what->stored_input);
    key.dtype[2] = (uint8_t)(what->stored_output == LANES_F8 ? 0 : what->stored_output);
    return variant_of(what->may_fail ? divide : add, "f8(f8,f8)", &key);
}

static void put_value(uint32_t dtype, double value, void *to)
{
    const float single[2] = {(float)value, 0};
    const double pair[2] = {value, 0};
    const int16_t integer = (int16_t)value;
    const uint32_t bytes = lanes_dtype_bytes(dtype);
    const void *from = &integer;
    if (lanes_dtype_part(dtype) == LANES_F8) {
        from = pair;
    } else if (lanes_dtype_part(dtype) == LANES_F4) {
        from = single;
    }
    memcpy(to, from, bytes);
}

static void expect_range(const kernel *k, const struct around *what, uint64_t begin,
                         uint64_t end)
{
    static unsigned char stored[16 * COUNT], out[16 * COUNT];
    static uint8_t mask[COUNT];
    const uint32_t bytes = lanes_dtype_bytes(what->stored_output);
    for (uint64_t i = 0; i < COUNT; i++) {
        put_value(what->stored_input, x[i],
                  stored + i * lanes_dtype_bytes(what->stored_input));
    }
    memset(out, UNTOUCHED, sizeof(out));
    memset(mask, UNTOUCHED, sizeof(mask));
    lanes_loop_frame frame = frame_of(k, (void *[]){stored, y, out, NULL, where});
    frame.base[3] = what->has_mask ? mask : NULL;
    const lanes_loop_result result = run_frame(k, &frame, begin, end);
    uint64_t failed = 0;
    uint64_t first = UINT64_MAX;
    for (uint64_t i = 0; i < COUNT; i++) {
        const bool is_computed = i >= begin && i < end && where[i] != 0;
        const bool fails = is_computed && what->may_fail && y[i] == 0;
        unsigned char wanted[16];
        memset(wanted, UNTOUCHED, sizeof(wanted));
        if (is_computed && !fails) {
            put_value(what->stored_output, what->may_fail ? x[i] / y[i] : x[i] + y[i],
                      wanted);
        }
        cr_assert_arr_eq(out + i * bytes, wanted, bytes, "element %d of [%d, %d)", (int)i,
                         (int)begin, (int)end);
        cr_assert_eq(mask[i],
                     what->has_mask && i >= begin && i < end ? fails : UNTOUCHED);
        failed += fails;
        first = fails && first == UINT64_MAX ? i : first;
    }
    cr_assert_eq(result.failed, failed);
    cr_assert_eq(result.first_failed, first);
}

Test(codegen_where, whatever_is_around_it)
{
    static const uint32_t inputs[] = {LANES_F8, LANES_F4};
    static const uint32_t outputs[] = {LANES_F8, LANES_I2, LANES_F4, LANES_C16, LANES_C8};
    static const uint64_t begins[] = {0, 1, 63, 256, 257, COUNT - 1};
    for (uint32_t c = 0; c < 2 * 2 * 2 * 5; c++) {
        const struct around what = {.may_fail = c % 2 != 0,
                                    .has_mask = c / 2 % 2 != 0,
                                    .stored_input = inputs[c / 4 % 2],
                                    .stored_output = outputs[c / 8]};
        const kernel k = kernel_around(&what);
        expect_vectors(&k, c);
        for (size_t b = 0; b < LANES_ARRAY_COUNT(begins); b++) {
            const uint64_t begin = begins[b];
            for (uint64_t end = begin + 1; end <= COUNT; end += end % 64 < 60 ? 13 : 1) {
                expect_range(&k, &what, begin, end);
            }
            expect_range(&k, &what, begin, COUNT);
        }
    }
}

Test(codegen_where, complex_outputs_are_left_whole)
{
    lanes_variant_key key = key_of(2);
    const kernel k = variant_of(swap, "c16(c16)", &key);
    expect_vectors(&k, 0);
    static double in[COUNT][2], out[COUNT][2];
    for (int i = 0; i < COUNT; i++) {
        in[i][0] = i + 0.5;
        in[i][1] = -i;
        out[i][0] = -1;
        out[i][1] = -2;
    }
    const lanes_loop_frame frame = frame_of(&k, (void *[]){in, out, NULL, where});
    cr_expect_eq(run_frame(&k, &frame, 1, COUNT - 1).failed, 0);
    for (int i = 0; i < COUNT; i++) {
        const bool is_computed = where[i] != 0 && i > 0 && i < COUNT - 1;
        cr_assert_eq(out[i][0], is_computed ? -i : -1);
        cr_assert_eq(out[i][1], is_computed ? i + 0.5 : -2);
    }
}

Test(codegen_where, nothing_or_everything_may_be_left_out)
{
    const struct around what = {.may_fail = true,
                                .has_mask = true,
                                .stored_input = LANES_F8,
                                .stored_output = LANES_F8};
    const kernel k = kernel_around(&what);
    memset(where, 0, sizeof(where));
    expect_range(&k, &what, 0, COUNT);
    memset(where, 1, sizeof(where));
    expect_range(&k, &what, 0, COUNT);
}

/* Alone in front, at the end and in the rest behind the last whole block. */
Test(codegen_where, one_failing_element_counts_only_if_it_is_wanted)
{
    const struct around what = {.may_fail = true,
                                .has_mask = false,
                                .stored_input = LANES_F8,
                                .stored_output = LANES_F8};
    const kernel k = kernel_around(&what);
    for (int i = 0; i < COUNT; i++) {
        y[i] = 1;
    }
    for (int at = 0; at < COUNT; at++) {
        static double out[COUNT];
        y[at] = 0;
        const lanes_loop_frame frame = frame_of(&k, (void *[]){x, y, out, NULL, where});
        const lanes_loop_result result = run_frame(&k, &frame, 0, COUNT);
        cr_assert_eq(result.failed, where[at] != 0);
        cr_assert_eq(result.first_failed, where[at] != 0 ? (uint64_t)at : UINT64_MAX);
        y[at] = 1;
    }
}

Test(codegen_where, it_may_be_an_input_and_an_output_may_be_an_input)
{
    static const char both[] = "define i1 @f(i1 %x, i1 %y) {\n"
                               "  %r = xor i1 %x, %y\n  ret i1 %r\n}\n";
    lanes_variant_key key = key_of(3);
    const kernel k = variant_of(both, "?(?,?)", &key);
    static uint8_t other[COUNT], wanted[COUNT];
    for (int i = 0; i < COUNT; i++) {
        other[i] = i % 3 == 0;
        wanted[i] = where[i] != 0 ? !other[i] : other[i];
    }
    const lanes_loop_frame frame =
        frame_of(&k, (void *[]){where, other, other, NULL, where});
    cr_expect_eq(run_frame(&k, &frame, 0, COUNT).failed, 0);
    cr_expect_arr_eq(other, wanted, sizeof(wanted));
}

/* ---- Not computed -------------------------------------------------------------------
 */

/* Counts x down to 0: for ever, if x is odd. */
static const char endless[] = "define i64 @f(i64 %x) {\n"
                              "entry:\n  br label %loop\n"
                              "loop:\n  %v = phi i64 [ %x, %entry ], [ %w, %loop ]\n"
                              "  %n = phi i64 [ 0, %entry ], [ %m, %loop ]\n"
                              "  %s = call i64 @llvm.bitreverse.i64(i64 %n)\n"
                              "  %z = and i64 %s, 0\n  %t = sub i64 %v, 2\n"
                              "  %w = add i64 %t, %z\n  %m = add i64 %n, %v\n"
                              "  %done = icmp eq i64 %w, 0\n"
                              "  br i1 %done, label %exit, label %loop\n"
                              "exit:\n  ret i64 %m\n}\n"
                              "declare i64 @llvm.bitreverse.i64(i64)\n";

Test(codegen_where, elements_without_end_can_be_left_out)
{
    lanes_variant_key key = key_of(2);
    const kernel k = variant_of(endless, "i8(i8)", &key);
    int64_t in[] = {2, 3, 4, 5, 6};
    int64_t out[] = {-1, -1, -1, -1, -1};
    uint8_t even[] = {1, 0, 1, 0, 1};
    const lanes_loop_frame frame = frame_of(&k, (void *[]){in, out, NULL, even});
    cr_expect_eq(run_frame(&k, &frame, 0, 5).failed, 0);
    cr_expect_arr_eq(out, ((int64_t[]){2, -1, 6, -1, 12}), sizeof(out));
}

/* The x-th number of a table that follows the params block's address. */
static const char look_up[] = "define double @f(i64 %x, ptr %table) {\n"
                              "  %p = getelementptr double, ptr %table, i64 %x\n"
                              "  %v = load double, ptr %p\n  ret double %v\n}\n";

Test(codegen_where, what_is_left_out_reads_nothing)
{
    lanes_variant_key key = key_of(2);
    const kernel k = variant_of(look_up, "f8(i8)", &key);
    static const double table[] = {0.5, 1.5, 2.5, 3.5};
    static int64_t in[COUNT];
    static double out[COUNT];
    for (int i = 0; i < COUNT; i++) {
        in[i] = where[i] != 0 ? i % 4 : INT64_C(1) << (i % 60); /* far away */
        out[i] = -1;
    }
    lanes_loop_frame frame = frame_of(&k, (void *[]){in, out, NULL, where});
    frame.params = table;
    cr_expect_eq(run_frame(&k, &frame, 0, COUNT).failed, 0);
    for (int i = 0; i < COUNT; i++) {
        cr_assert_eq(out[i], where[i] != 0 ? table[i % 4] : -1);
    }
}

Test(codegen_where, functions_of_libmvec_stay_vectors)
{
    static const char ir[] = "declare double @exp(double)\n"
                             "define double @f(double %x) {\n"
                             "  %e = call double @exp(double %x)\n  ret double %e\n}\n";
    lanes_variant_key key = key_of(2);
    const kernel k = variant_of(ir, "f8(f8)", &key);
    expect_vectors(&k, 0);
    const kernel plain = kernel_with(ir, "", "f8(f8)");
    static double out[COUNT], all[COUNT];
    const lanes_loop_frame frame = frame_of(&k, (void *[]){x, out, NULL, where});
    const lanes_loop_frame whole = frame_of(&plain, (void *[]){x, all});
    memset(out, 0, sizeof(out));
    run_frame(&k, &frame, 0, COUNT);
    run_frame(&plain, &whole, 0, COUNT);
    for (int i = 0; i < COUNT; i++) {
        cr_assert_eq(out[i], where[i] != 0 ? all[i] : 0, "the same bits as without");
    }
}
