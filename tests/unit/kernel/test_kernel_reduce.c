/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_kernel_reduce.c - combining values of every dtype by every reduction, against
 * references in wider types.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/base.h"
#include "kernel/dtype.h"
#include "kernel/reduce.h"

__extension__ typedef __int128 wide_integer; /* of signed and unsigned 64 bits */

#define DTYPE_ROW(name, code, letters, bytes) code,
static const uint32_t dtypes[] = {LANES_DTYPE_TABLE(DTYPE_ROW)};
#undef DTYPE_ROW

static const double reals[] = {0.0,
                               -0.0,
                               1.0,
                               -1.0,
                               0.1,
                               -2.5,
                               1e-40,
                               3e38,
                               -3e38,
                               (double)INFINITY,
                               -(double)INFINITY,
                               (double)NAN};

static const int64_t integers[] = {
    0,         1,         -1,         2,         3,         -7,
    127,       -128,      255,        32767,     -32768,    65535,
    INT32_MAX, INT32_MIN, UINT32_MAX, INT64_MAX, INT64_MIN, INT64_MAX - 1,
    1 << 20,   -(1 << 20)};

static bool is_float(uint32_t dtype)
{
    return dtype == LANES_F4 || dtype == LANES_F8;
}

static bool is_complex(uint32_t dtype)
{
    return lanes_dtype_part_count(dtype) == 2;
}

static bool is_unsigned(uint32_t dtype)
{
    return !is_complex(dtype) && !is_float(dtype) && !lanes_dtype_is_signed(dtype);
}

/** Values of @p dtype that the tests use; @p index as large as it may be. */
static size_t count_of(uint32_t dtype)
{
    if (is_complex(dtype)) {
        return 2 * LANES_ARRAY_COUNT(reals);
    }
    return is_float(dtype)       ? LANES_ARRAY_COUNT(reals)
           : dtype == LANES_BOOL ? 2
                                 : LANES_ARRAY_COUNT(integers);
}

static lanes_reduce_value value_of(uint32_t dtype, size_t index)
{
    lanes_reduce_value value = {.u8 = {0, 0}};
    const double real = reals[index % LANES_ARRAY_COUNT(reals)];
    const double other = index < LANES_ARRAY_COUNT(reals) ? 1.5 : -0.0;
    switch (dtype) {
    case LANES_F8:
    case LANES_C16:
        value.f8[0] = real;
        value.f8[1] = dtype == LANES_C16 ? other : 0;
        break;
    case LANES_F4:
    case LANES_C8:
        value.f4[0] = (float)real;
        value.f4[1] = dtype == LANES_C8 ? (float)other : 0;
        break;
    case LANES_BOOL:
        value.u1 = index % 2;
        break;
    default: /* least significant byte first */
        memcpy(&value, &integers[index], lanes_dtype_bytes(dtype));
        break;
    }
    return value;
}

/** An integer or bool. */
static wide_integer integer_of(uint32_t dtype, const lanes_reduce_value *value)
{
    const uint32_t bits = 8 * lanes_dtype_bytes(dtype);
    uint64_t raw = 0;
    memcpy(&raw, value, bits / 8);
    return is_unsigned(dtype)
               ? (wide_integer)raw
               : (wide_integer)((int64_t)(raw << (64 - bits)) >> (64 - bits));
}

static double real_of(uint32_t dtype, const lanes_reduce_value *value)
{
    return dtype == LANES_F4 ? (double)value->f4[0] : value->f8[0];
}

static bool is_same_real(double a, double b)
{
    return isnan(a) ? isnan(b) : a == b && signbit(a) == signbit(b);
}

/** Equal to the bit, but for NaNs, which are all alike. */
static bool is_same(uint32_t dtype, const lanes_reduce_value *a,
                    const lanes_reduce_value *b)
{
    switch (dtype) {
    case LANES_C16:
        return is_same_real(a->f8[0], b->f8[0]) && is_same_real(a->f8[1], b->f8[1]);
    case LANES_C8:
        return is_same_real((double)a->f4[0], (double)b->f4[0]) &&
               is_same_real((double)a->f4[1], (double)b->f4[1]);
    case LANES_F4:
    case LANES_F8:
        return is_same_real(real_of(dtype, a), real_of(dtype, b));
    default:
        return memcmp(a, b, lanes_dtype_bytes(dtype)) == 0;
    }
}

/** What combine takes: any and all are of bool only, min and max of real numbers. */
static bool can_combine(uint32_t reduce, uint32_t dtype)
{
    return !lanes_reduce_is_arg(reduce) && lanes_reduce_fits(reduce, dtype, dtype);
}

Test(kernel_reduce, names)
{
    static const char *const names[] = {"none",   "sum",    "prod", "min",
                                        "max",    "any",    "all",  "argmin",
                                        "argmax", "kernel", "scan"};
    for (uint32_t i = 0; i < LANES_ARRAY_COUNT(names); i++) {
        cr_expect_str_eq(lanes_reduce_name(i), names[i]);
    }
    cr_expect_str_eq(lanes_reduce_name(LANES_ARRAY_COUNT(names)), "?");
    cr_expect_str_eq(lanes_reduce_name(UINT32_MAX), "?");
    for (uint32_t i = 0; i < 32; i++) {
        cr_expect_eq(lanes_reduce_is_arg(i), i == 7 || i == 8);
    }
}

Test(kernel_reduce, dtypes_that_go_into_arrays)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(dtypes); i++) {
        for (size_t k = 0; k < LANES_ARRAY_COUNT(dtypes); k++) {
            const uint32_t own = dtypes[i];
            const uint32_t array = dtypes[k];
            const bool is_real = !is_complex(own);
            cr_expect_eq(lanes_reduce_fits(LANES_REDUCE_KERNEL, own, array),
                         own == array);
            cr_expect(lanes_reduce_fits(LANES_REDUCE_SUM, own, array));
            cr_expect(lanes_reduce_fits(LANES_REDUCE_PROD, own, array));
            for (uint32_t reduce = LANES_REDUCE_MIN; reduce <= LANES_REDUCE_MAX;
                 reduce++) {
                cr_expect_eq(lanes_reduce_fits(reduce, own, array),
                             is_real && !is_complex(array));
            }
            for (uint32_t reduce = LANES_REDUCE_ANY; reduce <= LANES_REDUCE_ALL;
                 reduce++) {
                cr_expect_eq(lanes_reduce_fits(reduce, own, array), array == LANES_BOOL);
            }
            for (uint32_t reduce = LANES_REDUCE_ARGMIN; reduce <= LANES_REDUCE_ARGMAX;
                 reduce++) {
                cr_expect_eq(lanes_reduce_fits(reduce, own, array),
                             is_real && array == LANES_I8);
            }
        }
    }
}

/** A product with 1 loses the sign of a complex zero, and an infinity its other part. */
static bool is_close_enough(uint32_t reduce, uint32_t dtype, const lanes_reduce_value *a,
                            const lanes_reduce_value *b)
{
    if (reduce != LANES_REDUCE_PROD || !is_complex(dtype)) {
        return is_same(dtype, a, b);
    }
    const double wanted = dtype == LANES_C16 ? b->f8[0] : (double)b->f4[0];
    return !isfinite(wanted) ||
           (dtype == LANES_C16 ? a->f8[0] == b->f8[0] && a->f8[1] == b->f8[1]
                               : a->f4[0] == b->f4[0] && a->f4[1] == b->f4[1]);
}

Test(kernel_reduce, identities_change_no_value)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(dtypes); i++) {
        const uint32_t dtype = dtypes[i];
        for (uint32_t reduce = LANES_REDUCE_SUM; reduce <= LANES_REDUCE_ALL; reduce++) {
            for (size_t k = 0; can_combine(reduce, dtype) && k < count_of(dtype); k++) {
                const lanes_reduce_value value = value_of(dtype, k);
                lanes_reduce_value left;
                lanes_reduce_value right = value;
                lanes_reduce_value identity;
                lanes_reduce_identity(reduce, dtype, &identity);
                left = identity;
                lanes_reduce_combine(reduce, dtype, &left, &value);
                lanes_reduce_combine(reduce, dtype, &right, &identity);
                cr_expect(is_close_enough(reduce, dtype, &left, &value),
                          "%s of %s, value %zu", lanes_reduce_name(reduce),
                          lanes_dtype_name(dtype), k);
                cr_expect(is_close_enough(reduce, dtype, &right, &value),
                          "%s of %s, value %zu", lanes_reduce_name(reduce),
                          lanes_dtype_name(dtype), k);
            }
        }
    }
}

static wide_integer combined_integer(uint32_t reduce, bool is_bool, wide_integer a,
                                     wide_integer b)
{
    switch (reduce) {
    case LANES_REDUCE_SUM:
        return is_bool ? (a | b) : a + b;
    case LANES_REDUCE_PROD: /* its low 64 bits: the whole would be too much */
        return is_bool ? (a & b) : (wide_integer)((uint64_t)a * (uint64_t)b);
    case LANES_REDUCE_MIN:
        return a < b ? a : b;
    case LANES_REDUCE_MAX:
        return a > b ? a : b;
    case LANES_REDUCE_ANY:
        return a | b;
    default:
        return a & b;
    }
}

Test(kernel_reduce, integers_wrap)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(dtypes); i++) {
        const uint32_t dtype = dtypes[i];
        const size_t count = is_float(dtype) || is_complex(dtype) ? 0 : count_of(dtype);
        for (uint32_t reduce = LANES_REDUCE_SUM; reduce <= LANES_REDUCE_ALL; reduce++) {
            for (size_t k = 0; can_combine(reduce, dtype) && k < count * count; k++) {
                lanes_reduce_value a = value_of(dtype, k / count);
                const lanes_reduce_value b = value_of(dtype, k % count);
                const wide_integer wide =
                    combined_integer(reduce, dtype == LANES_BOOL, integer_of(dtype, &a),
                                     integer_of(dtype, &b));
                const uint64_t wanted = (uint64_t)wide;
                lanes_reduce_combine(reduce, dtype, &a, &b);
                cr_expect_eq(memcmp(&a, &wanted, lanes_dtype_bytes(dtype)), 0,
                             "%s of %s, %zu and %zu", lanes_reduce_name(reduce),
                             lanes_dtype_name(dtype), k / count, k % count);
            }
        }
    }
}

/** In double, which is exact enough for f4 to be rounded once. */
static double combined_real(uint32_t reduce, double a, double b)
{
    switch (reduce) {
    case LANES_REDUCE_SUM:
        return a + b;
    case LANES_REDUCE_PROD:
        return a * b;
    default:
        if (isnan(a) || isnan(b)) {
            return (double)NAN;
        }
        if (reduce == LANES_REDUCE_MIN) {
            return b < a ? b : a;
        }
        return b > a ? b : a;
    }
}

Test(kernel_reduce, floats_round_once_and_keep_nan)
{
    static const uint32_t floats[] = {LANES_F4, LANES_F8};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(floats); i++) {
        const uint32_t dtype = floats[i];
        const size_t count = count_of(dtype);
        for (uint32_t reduce = LANES_REDUCE_SUM; reduce <= LANES_REDUCE_MAX; reduce++) {
            for (size_t k = 0; k < count * count; k++) {
                lanes_reduce_value a = value_of(dtype, k / count);
                const lanes_reduce_value b = value_of(dtype, k % count);
                const double wide =
                    combined_real(reduce, real_of(dtype, &a), real_of(dtype, &b));
                const double wanted = dtype == LANES_F4 ? (double)(float)wide : wide;
                lanes_reduce_combine(reduce, dtype, &a, &b);
                cr_expect(is_same_real(real_of(dtype, &a), wanted), "%s of %s, %g and %g",
                          lanes_reduce_name(reduce), lanes_dtype_name(dtype),
                          reals[k / count], reals[k % count]);
            }
        }
    }
}

Test(kernel_reduce, complex_numbers)
{
    lanes_reduce_value wide = {.f8 = {1.5, -2}};
    const lanes_reduce_value wide_by = {.f8 = {-3, 0.25}};
    lanes_reduce_combine(LANES_REDUCE_SUM, LANES_C16, &wide, &wide_by);
    cr_expect(wide.f8[0] == -1.5 && wide.f8[1] == -1.75);
    lanes_reduce_combine(LANES_REDUCE_PROD, LANES_C16, &wide, &wide_by);
    cr_expect(wide.f8[0] == 4.9375 && wide.f8[1] == 4.875);
    lanes_reduce_value narrow = {.f4 = {1.5f, -2}};
    const lanes_reduce_value narrow_by = {.f4 = {-3, 0.25f}};
    lanes_reduce_combine(LANES_REDUCE_SUM, LANES_C8, &narrow, &narrow_by);
    cr_expect(narrow.f4[0] == -1.5f && narrow.f4[1] == -1.75f);
    lanes_reduce_combine(LANES_REDUCE_PROD, LANES_C8, &narrow, &narrow_by);
    cr_expect(narrow.f4[0] == 4.9375f && narrow.f4[1] == 4.875f);
}

Test(kernel_reduce, of_none)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(dtypes); i++) {
        const uint32_t dtype = dtypes[i];
        const lanes_reduce_value zero = {.u8 = {0, 0}};
        lanes_reduce_value one = {.u8 = {1, 0}};
        if (dtype == LANES_F8 || dtype == LANES_C16) {
            one.f8[0] = 1;
        } else if (dtype == LANES_F4 || dtype == LANES_C8) {
            one = zero;
            one.f4[0] = 1;
        }
        lanes_reduce_value value;
        memset(&value, 0xee, sizeof(value));
        lanes_reduce_of_none(LANES_REDUCE_SUM, dtype, &value);
        cr_expect(is_same(dtype, &value, &zero), "%s", lanes_dtype_name(dtype));
        lanes_reduce_of_none(LANES_REDUCE_PROD, dtype, &value);
        cr_expect(is_same(dtype, &value, &one), "%s", lanes_dtype_name(dtype));
    }
    lanes_reduce_value bit;
    lanes_reduce_of_none(LANES_REDUCE_ANY, LANES_BOOL, &bit);
    cr_expect_eq(bit.u1, 0);
    lanes_reduce_of_none(LANES_REDUCE_ALL, LANES_BOOL, &bit);
    cr_expect_eq(bit.u1, 1);
}

#define ARRAY_COUNT 37

Test(kernel_reduce, arrays_are_combined_value_by_value)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(dtypes); i++) {
        const uint32_t dtype = dtypes[i];
        const uint32_t bytes = lanes_dtype_bytes(dtype);
        const size_t known = count_of(dtype);
        for (uint32_t reduce = LANES_REDUCE_SUM; reduce <= LANES_REDUCE_ALL; reduce++) {
            for (uint64_t count = 0; can_combine(reduce, dtype) && count <= ARRAY_COUNT;
                 count++) {
                _Alignas(16) char to[(ARRAY_COUNT + 1) * sizeof(lanes_reduce_value)];
                _Alignas(16) char from[sizeof(to)];
                memset(to, 0x5a, sizeof(to));
                for (uint64_t k = 0; k < count; k++) {
                    const lanes_reduce_value a = value_of(dtype, k % known);
                    const lanes_reduce_value b = value_of(dtype, (k * 5 + 3) % known);
                    memcpy(to + k * bytes, &a, bytes);
                    memcpy(from + k * bytes, &b, bytes);
                }
                lanes_reduce_combine_arrays(reduce, dtype, count, to, from);
                for (uint64_t k = 0; k < count; k++) {
                    lanes_reduce_value wanted = value_of(dtype, k % known);
                    const lanes_reduce_value b = value_of(dtype, (k * 5 + 3) % known);
                    lanes_reduce_value got = {.u8 = {0, 0}};
                    memcpy(&got, to + k * bytes, bytes);
                    lanes_reduce_combine(reduce, dtype, &wanted, &b);
                    cr_expect(is_same(dtype, &got, &wanted), "%s of %s, value %d",
                              lanes_reduce_name(reduce), lanes_dtype_name(dtype), (int)k);
                }
                cr_expect_eq(to[count * bytes], 0x5a, "the next one stays");
            }
        }
    }
}

/** True if @p a, which comes first, is kept beside @p b. */
static bool is_kept(uint32_t reduce, uint32_t dtype, const lanes_reduce_value *a,
                    const lanes_reduce_value *b)
{
    const bool is_min = reduce == LANES_REDUCE_ARGMIN;
    if (!is_float(dtype)) {
        const wide_integer x = integer_of(dtype, a);
        const wide_integer y = integer_of(dtype, b);
        return is_min ? x <= y : x >= y;
    }
    const double x = real_of(dtype, a);
    const double y = real_of(dtype, b);
    return isnan(x) || (!isnan(y) && (is_min ? x <= y : x >= y));
}

Test(kernel_reduce, the_first_of_the_best_is_found)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(dtypes); i++) {
        const uint32_t dtype = dtypes[i];
        const size_t count = is_complex(dtype) ? 0 : count_of(dtype);
        for (uint32_t reduce = LANES_REDUCE_ARGMIN; reduce <= LANES_REDUCE_ARGMAX;
             reduce++) {
            for (size_t k = 0; k < count * count; k++) {
                lanes_reduce_best best = {.value = value_of(dtype, k / count),
                                          .index = 10};
                const lanes_reduce_best next = {.value = value_of(dtype, k % count),
                                                .index = 20};
                const bool keeps = is_kept(reduce, dtype, &best.value, &next.value);
                lanes_reduce_take_better(reduce, dtype, &best, &next);
                cr_expect_eq(best.index, keeps ? 10 : 20, "%s of %s, %zu and %zu",
                             lanes_reduce_name(reduce), lanes_dtype_name(dtype),
                             k / count, k % count);
            }
        }
    }
}

Test(kernel_reduce, no_element_is_worse_than_any)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(dtypes); i++) {
        const uint32_t dtype = dtypes[i];
        const size_t count = is_complex(dtype) ? 0 : count_of(dtype);
        for (size_t k = 0; k < 2 * count; k++) {
            const uint32_t reduce = k < count ? LANES_REDUCE_ARGMIN : LANES_REDUCE_ARGMAX;
            const lanes_reduce_best some = {.value = value_of(dtype, k % count),
                                            .index = 3};
            lanes_reduce_best none = {.index = -1};
            lanes_reduce_identity(reduce, dtype, &none.value);
            lanes_reduce_best best = none;
            lanes_reduce_take_better(reduce, dtype, &best, &some);
            cr_expect_eq(best.index, 3, "%s, value %zu", lanes_dtype_name(dtype), k);
            cr_expect(is_same(dtype, &best.value, &some.value));
            best = some;
            lanes_reduce_take_better(reduce, dtype, &best, &none);
            cr_expect_eq(best.index, 3, "%s, value %zu", lanes_dtype_name(dtype), k);
            best = none;
            lanes_reduce_take_better(reduce, dtype, &best, &none);
            cr_expect_eq(best.index, -1);
        }
    }
}
