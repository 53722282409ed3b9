/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_reduce.c - see reduce.h.
 *
 * The same operations as the generated code's (codegen_reduce.c), for the few values that
 * are left when the loops have run.
 */
#include "kernel/reduce.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/base.h"
#include "kernel/dtype.h"

const char *lanes_reduce_name(uint32_t reduce)
{
    static const char *const names[] = {"none",   "sum",    "prod", "min",
                                        "max",    "any",    "all",  "argmin",
                                        "argmax", "kernel", "scan"};
    return reduce < LANES_ARRAY_COUNT(names) ? names[reduce] : "?";
}

bool lanes_reduce_fits(uint32_t reduce, uint32_t dtype, uint32_t array)
{
    const bool is_real = lanes_dtype_part_count(dtype) == 1;
    if (lanes_reduce_is_arg(reduce)) {
        return is_real && array == LANES_I8;
    }
    if (reduce == LANES_REDUCE_ANY || reduce == LANES_REDUCE_ALL) {
        return array == LANES_BOOL;
    }
    if (lanes_reduce_is_by_kernel(reduce)) {
        return dtype == array;
    }
    return reduce == LANES_REDUCE_SUM || reduce == LANES_REDUCE_PROD ||
           (is_real && lanes_dtype_part_count(array) == 1);
}

/* ---- Identities ---------------------------------------------------------------------
 */

static bool is_min(uint32_t reduce)
{
    return reduce == LANES_REDUCE_MIN || reduce == LANES_REDUCE_ARGMIN;
}

static bool is_product(uint32_t reduce)
{
    return reduce == LANES_REDUCE_PROD || reduce == LANES_REDUCE_ALL;
}

static bool is_extreme(uint32_t reduce)
{
    return reduce == LANES_REDUCE_MIN || reduce == LANES_REDUCE_MAX ||
           lanes_reduce_is_arg(reduce);
}

static double float_identity(uint32_t reduce)
{
    if (is_extreme(reduce)) {
        return is_min(reduce) ? (double)INFINITY : -(double)INFINITY;
    }
    return is_product(reduce) ? 1.0 : -0.0;
}

/* The far end of an integer dtype: the largest for a minimum. */
static uint64_t far_end(uint32_t reduce, uint32_t dtype)
{
    const uint32_t bits = 8 * lanes_dtype_bytes(dtype);
    if (dtype == LANES_BOOL) {
        return is_min(reduce);
    }
    if (!lanes_dtype_is_signed(dtype)) {
        return is_min(reduce) ? UINT64_MAX >> (64 - bits) : 0;
    }
    const uint64_t smallest = UINT64_C(1) << (bits - 1);
    return is_min(reduce) ? smallest - 1 : smallest;
}

void lanes_reduce_identity(uint32_t reduce, uint32_t dtype, lanes_reduce_value *out)
{
    *out = (lanes_reduce_value){.u8 = {0, 0}};
    if (dtype == LANES_F8 || dtype == LANES_C16) {
        out->f8[0] = float_identity(reduce);
        out->f8[1] = is_product(reduce) ? 0.0 : -0.0;
    } else if (dtype == LANES_F4 || dtype == LANES_C8) {
        out->f4[0] = (float)float_identity(reduce);
        out->f4[1] = is_product(reduce) ? 0.0f : -0.0f;
    } else { /* little endian: the low bytes are those of every size */
        out->u8[0] = is_extreme(reduce) ? far_end(reduce, dtype) : is_product(reduce);
    }
}

/* ---- Combining ----------------------------------------------------------------------
 */

/* True if @p a, a minimum or maximum of floats, is to give way to @p b. */
static bool gives_way(uint32_t reduce, double a, double b)
{
    if (isnan(a) || isnan(b)) {
        return isnan(b) && !isnan(a);
    }
    return is_min(reduce) ? b < a : b > a;
}

static double combined(uint32_t reduce, double a, double b)
{
    if (is_extreme(reduce)) {
        return gives_way(reduce, a, b) ? b : a;
    }
    return is_product(reduce) ? a * b : a + b;
}

static void combine_c16(uint32_t reduce, double to[2], const double from[2])
{
    if (is_product(reduce)) {
        const double real = to[0] * from[0] - to[1] * from[1];
        to[1] = to[0] * from[1] + to[1] * from[0];
        to[0] = real;
    } else {
        to[0] += from[0];
        to[1] += from[1];
    }
}

static void combine_c8(uint32_t reduce, float to[2], const float from[2])
{
    if (is_product(reduce)) {
        const float real = to[0] * from[0] - to[1] * from[1];
        to[1] = to[0] * from[1] + to[1] * from[0];
        to[0] = real;
    } else {
        to[0] += from[0];
        to[1] += from[1];
    }
}

/* An integer of any size as one of 64 bits. */
static uint64_t widen(uint32_t dtype, const lanes_reduce_value *value)
{
    switch (dtype) {
    case LANES_I1:
        return (uint64_t)(int64_t)value->i1;
    case LANES_I2:
        return (uint64_t)(int64_t)value->i2;
    case LANES_I4:
        return (uint64_t)(int64_t)value->i4;
    case LANES_U2:
        return value->u2;
    case LANES_U4:
        return value->u4;
    case LANES_I8:
    case LANES_U8:
        return value->u8[0];
    default:
        return value->u1;
    }
}

static bool is_integer_better(uint32_t reduce, uint32_t dtype, uint64_t a, uint64_t b)
{
    if (lanes_dtype_is_signed(dtype)) {
        return is_min(reduce) ? (int64_t)b<(int64_t)a : (int64_t)b>(int64_t) a;
    }
    return is_min(reduce) ? b < a : b > a;
}

static uint64_t combined_integer(uint32_t reduce, uint32_t dtype, uint64_t a, uint64_t b)
{
    if (is_extreme(reduce)) {
        return is_integer_better(reduce, dtype, a, b) ? b : a;
    }
    if (dtype == LANES_BOOL) {
        return is_product(reduce) ? a & b : a | b;
    }
    return is_product(reduce) ? a * b : a + b;
}

void lanes_reduce_combine(uint32_t reduce, uint32_t dtype, lanes_reduce_value *to,
                          const lanes_reduce_value *from)
{
    switch (dtype) {
    case LANES_F8:
        to->f8[0] = combined(reduce, to->f8[0], from->f8[0]);
        return;
    case LANES_F4: /* exact for min and max; a sum in f8 rounds once more, so not there */
        to->f4[0] = is_extreme(reduce)
                        ? (float)combined(reduce, (double)to->f4[0], (double)from->f4[0])
                    : is_product(reduce) ? to->f4[0] * from->f4[0]
                                         : to->f4[0] + from->f4[0];
        return;
    case LANES_C16:
        combine_c16(reduce, to->f8, from->f8);
        return;
    case LANES_C8:
        combine_c8(reduce, to->f4, from->f4);
        return;
    default: /* little endian: the low bytes are the narrower integer */
        to->u8[0] = combined_integer(reduce, dtype, widen(dtype, to), widen(dtype, from));
        return;
    }
}

/* The commonest by loops of their own, which compilers vectorize. */
void lanes_reduce_combine_arrays(uint32_t reduce, uint32_t dtype, uint64_t count,
                                 void *to, const void *from)
{
    if (reduce == LANES_REDUCE_SUM && dtype == LANES_F8) {
        for (uint64_t i = 0; i < count; i++) {
            ((double *)to)[i] += ((const double *)from)[i];
        }
        return;
    }
    if (reduce == LANES_REDUCE_SUM && dtype == LANES_F4) {
        for (uint64_t i = 0; i < count; i++) {
            ((float *)to)[i] += ((const float *)from)[i];
        }
        return;
    }
    const uint32_t bytes = lanes_dtype_bytes(dtype);
    for (uint64_t i = 0; i < count; i++) {
        lanes_reduce_value a = {.u8 = {0, 0}};
        lanes_reduce_value b = {.u8 = {0, 0}};
        memcpy(&a, (char *)to + i * bytes, bytes);
        memcpy(&b, (const char *)from + i * bytes, bytes);
        lanes_reduce_combine(reduce, dtype, &a, &b);
        memcpy((char *)to + i * bytes, &a, bytes);
    }
}

void lanes_reduce_of_none(uint32_t reduce, uint32_t dtype, lanes_reduce_value *out)
{
    lanes_reduce_identity(reduce, dtype, out);
    if (reduce == LANES_REDUCE_SUM) {
        *out = (lanes_reduce_value){.u8 = {0, 0}}; /* not -0 */
    }
}

void lanes_reduce_take_better(uint32_t reduce, uint32_t dtype, lanes_reduce_best *to,
                              const lanes_reduce_best *from)
{
    if (from->index < 0) {
        return;
    }
    bool is_better = to->index < 0;
    if (!is_better && lanes_dtype_is_float(dtype)) {
        const bool is_wide = dtype == LANES_F8;
        is_better = gives_way(reduce, is_wide ? to->value.f8[0] : (double)to->value.f4[0],
                              is_wide ? from->value.f8[0] : (double)from->value.f4[0]);
    } else if (!is_better) {
        is_better = is_integer_better(reduce, dtype, widen(dtype, &to->value),
                                      widen(dtype, &from->value));
    }
    if (is_better) {
        *to = *from;
    }
}
