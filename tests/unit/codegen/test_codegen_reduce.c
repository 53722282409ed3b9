/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reductions: every operation and dtype, folded and accumulated, against one element
 * after the other (kernel/reduce.h, which has tests of its own).
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "kernel/dtype.h"
#include "kernel/reduce.h"

#define COUNT 5000 /* chunks, blocks and a rest */

/* ---- Callbacks -----------------------------------------------------------------------
 */

/* What it is given; of numbers that are no pairs and may fail, it fails for 3. */
static const char *identity_of(uint32_t dtype, bool may_fail)
{
    static char ir[1024];
    if (dtype == LANES_C16) {
        return "define { double, double } @f(double %a, double %b) {\n"
               "  %r = insertvalue { double, double } undef, double %a, 0\n"
               "  %s = insertvalue { double, double } %r, double %b, 1\n"
               "  ret { double, double } %s\n}\n";
    }
    if (dtype == LANES_C8) {
        return "define <2 x float> @f(<2 x float> %a) {\n  ret <2 x float> %a\n}\n";
    }
    const char *type = type_of(dtype);
    if (may_fail) {
        const bool is_float = lanes_dtype_is_float(dtype);
        snprintf(ir, sizeof(ir),
                 "define i32 @f(ptr %%ret, ptr %%exc, %s %%x) {\n"
                 "  store %s %%x, ptr %%ret\n  %%bad = %s %s %%x, %s\n"
                 "  %%code = zext i1 %%bad to i32\n  ret i32 %%code\n}\n",
                 type, type, is_float ? "fcmp oeq" : "icmp eq", type,
                 is_float ? "3.0" : "3");
    } else {
        snprintf(ir, sizeof(ir), "define %s @f(%s %%x) {\n  ret %s %%x\n}\n", type, type,
                 type);
    }
    return ir;
}

static kernel reducing(uint32_t op, uint32_t dtype, uint32_t array, bool is_folded,
                       bool has_where, bool may_fail)
{
    char signature[32];
    const char *name = lanes_dtype_name(dtype);
    snprintf(signature, sizeof(signature), "%s(%s)", name, name);
    lanes_variant_key key = {
        .reduce = (uint8_t)op,
        .folds = is_folded,
        .has_where = has_where,
        .layout = {LANES_LAYOUT_CONTIGUOUS,
                   is_folded ? LANES_LAYOUT_UNIFORM : LANES_LAYOUT_CONTIGUOUS},
        .dtype = {0, array != dtype ? (uint8_t)array : 0}};
    lanes_compile_request request = request_with(identity_of(dtype, may_fail), signature);
    request.convention = may_fail ? LANES_CONVENTION_NUMBA : LANES_CONVENTION_AUTO;
    request.default_key = 0;
    request.key = key;
    return kernel_of(&request, identity_of(dtype, may_fail));
}

/* ---- Data ----------------------------------------------------------------------------
 */

static _Alignas(16) unsigned char data[COUNT * 16];
static uint8_t where[COUNT];

/* Small numbers, so that sums of floats are exact, and no product becomes 0 soon. */
static void fill(uint32_t op, uint32_t dtype)
{
    const uint32_t parts = lanes_dtype_part_count(dtype);
    for (uint32_t i = 0; i < COUNT * parts; i++) {
        const int value = op == LANES_REDUCE_PROD
                              ? (random_below(2) == 0 ? 1 : -1)
                              : (int)random_below(dtype == LANES_BOOL ? 2 : 100) -
                                    (lanes_dtype_is_signed(dtype) ||
                                             lanes_dtype_is_float(lanes_dtype_part(dtype))
                                         ? 50
                                         : 0);
        lanes_reduce_value one = {.u8 = {0, 0}};
        if (lanes_dtype_part(dtype) == LANES_F8) {
            one.f8[0] = value;
        } else if (lanes_dtype_part(dtype) == LANES_F4) {
            one.f4[0] = (float)value;
        } else {
            one.i8 = dtype == LANES_BOOL ? value & 1 : value;
        }
        const uint32_t bytes = lanes_dtype_bytes(lanes_dtype_part(dtype));
        memcpy(data + i * bytes, &one, bytes);
    }
    for (int i = 0; i < COUNT; i++) {
        where[i] = random_below(4) != 0;
    }
}

static lanes_reduce_value value_at(const void *from, uint32_t dtype, uint64_t i)
{
    lanes_reduce_value value = {.u8 = {0, 0}};
    const uint32_t bytes = lanes_dtype_bytes(dtype);
    memcpy(&value, (const char *)from + i * bytes, bytes);
    return value;
}

static bool is_three(uint32_t dtype, const lanes_reduce_value *value)
{
    if (lanes_dtype_is_float(dtype)) {
        return (dtype == LANES_F4 ? (double)value->f4[0] : value->f8[0]) == 3;
    }
    lanes_reduce_value three = {.u8 = {3, 0}};
    return memcmp(value, &three, lanes_dtype_bytes(dtype)) == 0;
}

/* Truth, as any and all combine it. */
static lanes_reduce_value as_truth(uint32_t dtype, const lanes_reduce_value *value)
{
    const lanes_reduce_value zero = {.u8 = {0, 0}};
    lanes_reduce_value truth = zero;
    if (dtype == LANES_F8 || dtype == LANES_C16) {
        truth.u1 = value->f8[0] != 0 || (dtype == LANES_C16 && value->f8[1] != 0);
    } else if (dtype == LANES_F4 || dtype == LANES_C8) {
        truth.u1 = value->f4[0] != 0 || (dtype == LANES_C8 && value->f4[1] != 0);
    } else {
        truth.u1 = memcmp(value, &zero, lanes_dtype_bytes(dtype)) != 0;
    }
    return truth;
}

static bool counts(uint32_t dtype, uint64_t i, bool has_where, bool may_fail)
{
    const lanes_reduce_value value = value_at(data, dtype, i);
    return (!has_where || where[i] != 0) && !(may_fail && is_three(dtype, &value));
}

/* ---- Folding -------------------------------------------------------------------------
 */

static bool is_fit(uint32_t op, uint32_t dtype, uint32_t *out_array)
{
    *out_array = lanes_reduce_is_arg(op)                            ? LANES_I8
                 : op == LANES_REDUCE_ANY || op == LANES_REDUCE_ALL ? LANES_BOOL
                                                                    : dtype;
    return lanes_reduce_fits(op, dtype, *out_array);
}

static void expect_fold(uint32_t op, uint32_t dtype, bool has_where, bool may_fail)
{
    uint32_t array;
    if (!is_fit(op, dtype, &array) || (may_fail && lanes_dtype_part_count(dtype) == 2)) {
        return;
    }
    fill(op, dtype);
    const kernel k = reducing(op, dtype, array, true, has_where, may_fail);
    static const uint64_t ranges[][2] = {{0, 1},    {0, COUNT},  {1, 64},
                                         {64, 128}, {100, 3333}, {4999, COUNT}};
    const bool is_truth = op == LANES_REDUCE_ANY || op == LANES_REDUCE_ALL;
    for (size_t r = 0; r < LANES_ARRAY_COUNT(ranges); r++) {
        lanes_reduce_value wanted;
        lanes_reduce_value got;
        lanes_reduce_identity(op, array, &wanted);
        got = wanted;
        uint64_t failed = 0;
        for (uint64_t i = ranges[r][0]; i < ranges[r][1]; i++) {
            lanes_reduce_value value = value_at(data, dtype, i);
            failed +=
                (!has_where || where[i] != 0) && may_fail && is_three(dtype, &value);
            if (counts(dtype, i, has_where, may_fail)) {
                value = is_truth ? as_truth(dtype, &value) : value;
                lanes_reduce_combine(op, array, &wanted, &value);
            }
        }
        const lanes_loop_frame frame = frame_of(&k, (void *[]){data, &got, NULL, where});
        cr_assert_eq(run_frame(&k, &frame, ranges[r][0], ranges[r][1]).failed, failed);
        cr_assert_arr_eq(&got, &wanted, lanes_dtype_bytes(array),
                         "%s of %s, range %zu, where %d, fails %d", lanes_reduce_name(op),
                         lanes_dtype_name(dtype), r, has_where, may_fail);
    }
}

Test(codegen_reduce, all_into_one, .timeout = 600)
{
    for (uint32_t op = LANES_REDUCE_SUM; op <= LANES_REDUCE_ALL; op++) {
        for (size_t d = 0; d < DTYPE_COUNT; d++) {
            const uint32_t around = (op + (uint32_t)d) % 4;
            expect_fold(op, every_dtype[d], false, false);
            expect_fold(op, every_dtype[d], (around & 1) != 0, (around & 2) != 0);
        }
    }
}

static void expect_place(uint32_t op, uint32_t dtype, bool has_where, bool may_fail)
{
    uint32_t array;
    if (!is_fit(op, dtype, &array)) {
        return;
    }
    fill(op, dtype);
    const kernel k = reducing(op, dtype, array, true, has_where, may_fail);
    static const uint64_t ranges[][2] = {
        {0, 1}, {0, COUNT}, {1, 64}, {100, 3333}, {4999, COUNT}};
    for (size_t r = 0; r < LANES_ARRAY_COUNT(ranges); r++) {
        lanes_reduce_best wanted = {.index = -1};
        lanes_reduce_identity(op, dtype, &wanted.value);
        lanes_reduce_best got = wanted;
        for (uint64_t i = ranges[r][0]; i < ranges[r][1]; i++) {
            const lanes_reduce_best one = {value_at(data, dtype, i), (int64_t)i};
            if (counts(dtype, i, has_where, may_fail)) {
                lanes_reduce_take_better(op, dtype, &wanted, &one);
            }
        }
        const lanes_loop_frame frame = frame_of(&k, (void *[]){data, &got, NULL, where});
        run_frame(&k, &frame, ranges[r][0], ranges[r][1]);
        cr_assert_eq(got.index, wanted.index, "%s of %s, range %zu, where %d, fails %d",
                     lanes_reduce_name(op), lanes_dtype_name(dtype), r, has_where,
                     may_fail);
        cr_assert_arr_eq(&got.value, &wanted.value, lanes_dtype_bytes(dtype));
    }
}

Test(codegen_reduce, the_place_of_the_best, .timeout = 600)
{
    for (uint32_t op = LANES_REDUCE_ARGMIN; op <= LANES_REDUCE_ARGMAX; op++) {
        for (size_t d = 0; d < DTYPE_COUNT; d++) {
            const uint32_t around = (op + (uint32_t)d) % 4;
            expect_place(op, every_dtype[d], (around & 1) != 0, (around & 2) != 0);
        }
    }
}

/* ---- Accumulating --------------------------------------------------------------------
 */

static void expect_accumulated(uint32_t op, uint32_t dtype, bool has_where, bool may_fail)
{
    uint32_t array;
    if (!is_fit(op, dtype, &array) || (may_fail && lanes_dtype_part_count(dtype) == 2)) {
        return;
    }
    static _Alignas(16) unsigned char sums[COUNT * 16];
    const uint32_t bytes = lanes_dtype_bytes(array);
    const bool is_truth = op == LANES_REDUCE_ANY || op == LANES_REDUCE_ALL;
    fill(op, dtype);
    for (uint64_t i = 0; i < COUNT; i++) {
        lanes_reduce_value value = value_at(data, dtype, (i + 7) % COUNT);
        value = is_truth ? as_truth(dtype, &value) : value;
        memcpy(sums + i * bytes, &value, bytes);
    }
    const kernel k = reducing(op, dtype, array, false, has_where, may_fail);
    const lanes_loop_frame frame = frame_of(&k, (void *[]){data, sums, NULL, where});
    run_frame(&k, &frame, 10, COUNT - 1);
    for (uint64_t i = 0; i < COUNT; i++) {
        lanes_reduce_value wanted = value_at(data, dtype, (i + 7) % COUNT);
        lanes_reduce_value value = value_at(data, dtype, i);
        wanted = is_truth ? as_truth(dtype, &wanted) : wanted;
        value = is_truth ? as_truth(dtype, &value) : value;
        if (i >= 10 && i < COUNT - 1 && counts(dtype, i, has_where, may_fail)) {
            lanes_reduce_combine(op, array, &wanted, &value);
        }
        cr_assert_arr_eq(sums + i * bytes, &wanted, bytes, "%s of %s, element %d",
                         lanes_reduce_name(op), lanes_dtype_name(dtype), (int)i);
    }
}

Test(codegen_reduce, each_into_its_own, .timeout = 600)
{
    for (uint32_t op = LANES_REDUCE_SUM; op <= LANES_REDUCE_ALL; op++) {
        for (size_t d = 0; d < DTYPE_COUNT; d++) {
            const uint32_t around = (op + (uint32_t)d) % 4;
            expect_accumulated(op, every_dtype[d], (around & 1) != 0, (around & 2) != 0);
        }
    }
}

/* ---- Vectors, NaN, keys --------------------------------------------------------------
 */

Test(codegen_reduce, loops_are_vectorized, .timeout = 240)
{
    static const uint32_t ops[] = {LANES_REDUCE_SUM, LANES_REDUCE_PROD, LANES_REDUCE_MIN,
                                   LANES_REDUCE_MAX, LANES_REDUCE_ANY,  LANES_REDUCE_ALL};
    static const uint32_t wide[] = {LANES_U1, LANES_I4, LANES_I8, LANES_F4, LANES_F8};
    for (size_t o = 0; o < LANES_ARRAY_COUNT(ops); o++) {
        for (size_t d = 0; d < LANES_ARRAY_COUNT(wide); d++) {
            uint32_t array;
            is_fit(ops[o], wide[d], &array);
            cr_expect_gt(reducing(ops[o], wide[d], array, true, false, true)
                             .result.info.vector_width,
                         1, "%s of %s", lanes_reduce_name(ops[o]),
                         lanes_dtype_name(wide[d]));
        }
    }
}

Test(codegen_reduce, one_nan_is_the_extreme, .timeout = 240)
{
    double *x = (double *)(void *)data;
    for (uint32_t op = LANES_REDUCE_MIN; op <= LANES_REDUCE_MAX; op++) {
        const kernel k = reducing(op, LANES_F8, LANES_F8, true, false, false);
        const kernel place = reducing(op + (LANES_REDUCE_ARGMIN - LANES_REDUCE_MIN),
                                      LANES_F8, LANES_I8, true, false, false);
        for (int at = 0; at < COUNT; at += 499) {
            fill(op, LANES_F8);
            x[at] = (double)NAN;
            x[COUNT - 1] = (double)NAN;
            double got = op == LANES_REDUCE_MIN ? (double)INFINITY : -(double)INFINITY;
            lanes_reduce_best best = {.value = {.f8 = {got, 0}}, .index = -1};
            lanes_loop_frame frame = frame_of(&k, (void *[]){x, &got});
            run_frame(&k, &frame, 0, COUNT);
            cr_assert(isnan(got));
            frame = frame_of(&place, (void *[]){x, &best});
            run_frame(&place, &frame, 0, COUNT);
            cr_assert_eq(best.index, at, "the first");
        }
    }
}

/* The extreme of [0, end), from @p start on, of what `where` wants. */
static double extreme_of(const kernel *k, double start, uint64_t end)
{
    double got = start;
    const lanes_loop_frame frame = frame_of(k, (void *[]){data, &got, NULL, where});
    run_frame(k, &frame, 0, end);
    return got;
}

Test(codegen_reduce, a_nan_that_is_not_asked_for, .timeout = 240)
{
    double *x = (double *)(void *)data;
    for (uint32_t op = LANES_REDUCE_MIN; op <= LANES_REDUCE_MAX; op++) {
        const kernel k = reducing(op, LANES_F8, LANES_F8, true, true, false);
        const double none = op == LANES_REDUCE_MIN ? (double)INFINITY : -(double)INFINITY;
        for (uint64_t at = 0; at < 200; at++) {
            fill(op, LANES_F8);
            x[at] = at % 2 == 0 ? (double)NAN : -(double)NAN;
            x[at / 2] = op == LANES_REDUCE_MIN ? -1000 : 1000;
            where[at / 2] = 1;
            where[at] = at / 2 == at;
            const double wanted = x[at / 2];
            cr_assert_eq(extreme_of(&k, none, 200), wanted, "left out at %d", (int)at);
            where[at] = 1;
            cr_assert_eq(at / 2 < at ? extreme_of(&k, none, at) : wanted, wanted,
                         "behind the end");
            cr_assert_eq(isnan(extreme_of(&k, none, at + 1)), at / 2 < at);
            cr_assert(isnan(extreme_of(&k, (double)NAN, at)), "kept");
        }
        memset(where, 0, sizeof(where));
        cr_assert_eq(extreme_of(&k, none, 200), none);
    }
}

/* 0 of 0, and 1 of 1. Has a loop of its own, so elements are run one by one, and none
 * is padding. */
static const char one_by_one[] = "define i32 @f(i32 %x) {\n"
                                 "entry:\n  br label %loop\n"
                                 "loop:\n"
                                 "  %i = phi i32 [ %x, %entry ], [ %third, %loop ]\n"
                                 "  %third = udiv i32 %i, 3\n"
                                 "  %more = icmp ugt i32 %third, 0\n"
                                 "  br i1 %more, label %loop, label %end\n"
                                 "end:\n  ret i32 %i\n}\n";

static void expect_each_place(const kernel *k, uint64_t count)
{
    int32_t *x = (int32_t *)(void *)data;
    memset(x, 0, COUNT * sizeof(*x));
    for (uint64_t at = 0; at < count; at++) {
        lanes_reduce_best best = {.index = -1};
        lanes_reduce_identity(LANES_REDUCE_ARGMAX, LANES_I4, &best.value);
        lanes_loop_frame frame = frame_of(k, (void *[]){x, &best});
        x[at] = 1;
        x[at + 1] = at % 2 == 0;
        run_frame(k, &frame, 0, COUNT); /* leaves what is better than the rest */
        cr_assert_eq(best.index, (int64_t)at);
        best.index = -1;
        run_frame(k, &frame, 0, count);
        cr_assert_eq(best.index, (int64_t)at, "%d of %d", (int)at, (int)count);
        best.index = -1;
        best.value.i4 = INT32_MIN;
        run_frame(k, &frame, 0, at);
        cr_assert_eq(best.index, at == 0 ? -1 : 0, "%d", (int)at);
        x[at] = x[at + 1] = 0;
    }
}

Test(codegen_reduce, every_place_is_found, .timeout = 240)
{
    const kernel k =
        reducing(LANES_REDUCE_ARGMAX, LANES_I4, LANES_I8, true, false, false);
    expect_each_place(&k, 333);
    lanes_compile_request request = request_with(one_by_one, "i4(i4)");
    request.default_key = 0;
    request.key = k.result.key;
    const kernel each = kernel_of(&request, one_by_one);
    cr_assert_eq(each.result.info.vector_width, 1);
    expect_each_place(&each, 77);
}

Test(codegen_reduce, sums_in_the_dtype_of_the_array, .timeout = 240)
{
    const kernel k = reducing(LANES_REDUCE_SUM, LANES_F4, LANES_F8, true, false, false);
    float *x = (float *)(void *)data;
    double got = 0;
    for (int i = 0; i < COUNT; i++) {
        x[i] = 16777216.0f;
    }
    x[7] = 1;
    const lanes_loop_frame frame = frame_of(&k, (void *[]){x, &got});
    run_frame(&k, &frame, 0, COUNT);
    cr_assert_eq(got, 16777216.0 * (COUNT - 1) + 1);
}

Test(codegen_reduce, keys_that_make_no_sense, .timeout = 240)
{
    const char *ir = identity_of(LANES_F8, false);
    lanes_compile_request request = request_with(ir, "f8(f8)");
    request.default_key = 0;
    request.key.layout[0] = request.key.layout[1] = LANES_LAYOUT_CONTIGUOUS;
    request.key.reduce = LANES_REDUCE_SCAN + 1;
    expect_refused_request(&request, ir, LANES_E_LAYOUT, "do not go together");
    request.key.reduce = LANES_REDUCE_SUM;
    request.key.streams = 1;
    expect_refused_request(&request, ir, LANES_E_LAYOUT, "do not go together");
    request.key.streams = 0;
    request.key.folds = 1;
    expect_refused_request(&request, ir, LANES_E_LAYOUT, "operand 1 has layout");
    request.key.reduce = LANES_REDUCE_ANY;
    request.key.folds = 0;
    expect_refused_request(&request, ir, LANES_E_LAYOUT, "operand 1");
}
