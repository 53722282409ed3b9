/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Corner cases of the helper functions. Expected values were printed by Numba 0.56.4
 * (powers) and NumPy 1.24.2; comparisons of what goes through libm allow a few ulp.
 */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>

#include "runtime/runtime_internal.h"

#define NOT_A_NUMBER ((double)NAN)
#define INFINITE     ((double)INFINITY)

/* Equal, both NaN, or closer than @p tolerance relatively; infinities only to themselves.
 */
static bool is_close(double a, double b, double tolerance)
{
    if (isnan(a) || isnan(b)) {
        return isnan(a) && isnan(b);
    }
    return a == b || fabs(a - b) <= tolerance * fabs(b);
}

Test(runtime_math, frexp_gives_exponent_zero_where_there_is_none)
{
    static const struct {
        double x;
        double mantissa;
        int exponent;
    } rows[] = {{8.0, 0.5, 4},
                {-0.75, -0.75, 0},
                {0.0, 0.0, 0},
                {-0.0, -0.0, 0},
                {NOT_A_NUMBER, NOT_A_NUMBER, 0},
                {INFINITE, INFINITE, 0},
                {DBL_TRUE_MIN, 0.5, -1073}};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        int exponent = 99;
        cr_expect(is_close(numba_frexp(rows[i].x, &exponent), rows[i].mantissa, 0));
        cr_expect_eq(exponent, rows[i].exponent, "%g", rows[i].x);
        if (fabs(rows[i].x) > 1e-300 || !(rows[i].x > 0)) {
            exponent = 99;
            cr_expect(is_close((double)numba_frexpf((float)rows[i].x, &exponent),
                               rows[i].mantissa, 0));
            cr_expect_eq(exponent, rows[i].exponent, "%g", rows[i].x);
        }
    }
    int exponent;
    cr_expect(signbit(numba_frexp(-0.0, &exponent)));
}

Test(runtime_math, ldexp_overflows_and_underflows)
{
    cr_expect_eq(numba_ldexp(0.75, 3), 6.0);
    cr_expect_eq(numba_ldexp(1.0, 5000), INFINITE);
    cr_expect_eq(numba_ldexp(-1.0, -5000), 0.0);
    cr_expect(signbit(numba_ldexp(-1.0, -5000)));
    cr_expect_eq(numba_ldexp(INFINITE, -100), INFINITE);
    cr_expect(isnan(numba_ldexp(NOT_A_NUMBER, 3)));
    cr_expect_eq(numba_ldexp(0.0, 5000), 0.0);
    cr_expect_eq(numba_ldexpf(0.75f, 3), 6.0f);
    cr_expect_eq(numba_ldexpf(1.0f, 200), INFINITY);
    cr_expect_eq(numba_ldexpf(-INFINITY, -200), -INFINITY);
}

static void expect_power(lanes_complex_double a, lanes_complex_double b,
                         lanes_complex_double expected)
{
    lanes_complex_double out = {7, 7};
    numba_cpow(&a, &b, &out);
    cr_expect(is_close(out.real, expected.real, 1e-14) &&
                  is_close(out.imag, expected.imag, 1e-14),
              "(%g%+gj)**(%g%+gj) is %a%+aj", a.real, a.imag, b.real, b.imag, out.real,
              out.imag);
    const lanes_complex_float narrow_a = {(float)a.real, (float)a.imag};
    const lanes_complex_float narrow_b = {(float)b.real, (float)b.imag};
    lanes_complex_float narrow = {7, 7};
    numba_cpowf(&narrow_a, &narrow_b, &narrow);
    cr_expect(is_close((double)narrow.real, expected.real, 1e-6) &&
                  is_close((double)narrow.imag, expected.imag, 1e-6),
              "(%g%+gj)**(%g%+gj) is %a%+aj", a.real, a.imag, b.real, b.imag,
              (double)narrow.real, (double)narrow.imag);
}

Test(runtime_math, complex_powers)
{
    const lanes_complex_double zero = {0, 0};
    const lanes_complex_double nans = {NOT_A_NUMBER, NOT_A_NUMBER};
    expect_power(zero, zero, (lanes_complex_double){1, 0});
    expect_power((lanes_complex_double){NOT_A_NUMBER, 3}, zero,
                 (lanes_complex_double){1, 0});
    expect_power(zero, (lanes_complex_double){2, 0}, zero);
    expect_power(zero, (lanes_complex_double){-1, 0}, nans);
    expect_power(zero, (lanes_complex_double){0, 1}, nans);
    expect_power(zero, (lanes_complex_double){1, -1}, nans);
    expect_power((lanes_complex_double){1, 2}, (lanes_complex_double){0.5, -1},
                 (lanes_complex_double){0x1.187bf2292d256p+2, -0x1.1fd88358f8979p+0});
    expect_power((lanes_complex_double){-1, 0}, (lanes_complex_double){0.5, 0},
                 (lanes_complex_double){0x1.1a62633145c07p-54, 1});
    expect_power((lanes_complex_double){0, 2}, (lanes_complex_double){3, 0},
                 (lanes_complex_double){-0x1.a79394c9e8a0ap-50, -8});
    /* The result may be written over an argument. */
    lanes_complex_double x = {3, 0};
    numba_cpow(&x, &x, &x);
    cr_expect(is_close(x.real, 27, 1e-15) && x.imag == 0);
}

Test(runtime_math, doubles_become_unsigned)
{
    cr_expect_eq(numba_fptoui(1.5), 1);
    cr_expect_eq(numba_fptoui(-1.5), UINT64_MAX);
    cr_expect_eq(numba_fptoui(0x1p63), 1ull << 63);
    cr_expect_eq(numba_fptoui(1.5e19), 15000000000000000000u);
    cr_expect_eq(numba_fptoui(0x1p64), 1ull << 63);
    cr_expect_eq(numba_fptoui(-0x1p63), 1ull << 63);
    cr_expect_eq(numba_fptoui(-1e30), 1ull << 63);
    cr_expect_eq(numba_fptoui(NOT_A_NUMBER), 1ull << 63);
    cr_expect_eq(numba_fptouif(-2.0f), UINT64_MAX - 1);
    cr_expect_eq(numba_fptouif(0x1.8p63f), 3ull << 62);
}

Test(runtime_math, signs)
{
    cr_expect(numba_signbit(-0.0) == 1 && numba_signbit(0.0) == 0);
    cr_expect(numba_signbit(-INFINITE) == 1 && numba_signbit(NOT_A_NUMBER) == 0);
    cr_expect(numba_signbitf(-1.0f) == 1 && numba_signbitf(1.0f) == 0);
    cr_expect(numba_signbitf(-NAN) == 1);
}

Test(runtime_math, sums_of_logarithms)
{
    static const struct {
        double x;
        double y;
        double natural;
        double binary;
    } rows[] = {
        {1, 2, 0x1.2818f57f7d825p+1, 0x1.4ae00d1cfdeb4p+1},
        {2, 1, 0x1.2818f57f7d825p+1, 0x1.4ae00d1cfdeb4p+1},
        {-INFINITE, -INFINITE, -INFINITE, -INFINITE},
        {INFINITE, INFINITE, INFINITE, INFINITE},
        {INFINITE, -INFINITE, INFINITE, INFINITE},
        {-INFINITE, 3, 3, 3},
        {NOT_A_NUMBER, 1, NOT_A_NUMBER, NOT_A_NUMBER},
        {1000, 1000.5, 0x1.f47cae8dfb6b8p+9, 0x1.f4a2c242361abp+9},
        {0, 0, 0x1.62e42fefa39efp-1, 1},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        const double x = rows[i].x;
        const double y = rows[i].y;
        cr_expect(is_close(npy_logaddexp(x, y), rows[i].natural, 1e-15), "row %zu", i);
        cr_expect(is_close(npy_logaddexp2(x, y), rows[i].binary, 1e-15), "row %zu", i);
        cr_expect(
            is_close((double)npy_logaddexpf((float)x, (float)y), rows[i].natural, 3e-7),
            "row %zu", i);
        cr_expect(
            is_close((double)npy_logaddexp2f((float)x, (float)y), rows[i].binary, 3e-7),
            "row %zu", i);
    }
}

Test(runtime_math, spacing_is_the_step_away_from_zero)
{
    static const double rows[][2] = {{0.0, DBL_TRUE_MIN},
                                     {-0.0, DBL_TRUE_MIN},
                                     {1.0, 0x1p-52},
                                     {-1.0, -0x1p-52},
                                     {2.0, 0x1p-51},
                                     {DBL_MAX, INFINITE},
                                     {INFINITE, NOT_A_NUMBER},
                                     {-INFINITE, NOT_A_NUMBER},
                                     {NOT_A_NUMBER, NOT_A_NUMBER},
                                     {DBL_MIN, 0x1p-1074},
                                     {1e300, 0x1p944},
                                     {-DBL_MAX, -INFINITE}};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        cr_expect(is_close(npy_spacing(rows[i][0]), rows[i][1], 0), "%g", rows[i][0]);
    }
    cr_expect_eq(npy_spacingf(0.0f), FLT_TRUE_MIN);
    cr_expect_eq(npy_spacingf(-1.0f), -0x1p-23f);
    cr_expect_eq(npy_spacingf(FLT_MAX), INFINITY);
    cr_expect(isnan(npy_spacingf(-INFINITY)) && isnan(npy_spacingf(NAN)));
    cr_expect_eq(npy_spacingf(1e30f), 0x1p76f);
}

Test(runtime_math, divisions_truncate)
{
    lanes_runtime_begin(0, 0);
    cr_expect_eq(numba_sdiv(-7, 2), -3);
    cr_expect_eq(numba_srem(-7, 2), -1);
    cr_expect_eq(numba_srem(7, -1), 0);
    cr_expect_eq(numba_udiv(UINT64_MAX, 2), INT64_MAX);
    cr_expect_eq(numba_urem(UINT64_MAX, 16), 15);
    cr_expect_eq(numba_srem(INT64_MIN, -1), 0);
    cr_expect_eq(lanes_runtime_failure(), LANES_ELEMENT_OK);
}

Test(runtime_math, divisions_without_result_fail_the_element)
{
    int32_t failures[5];
    for (int i = 0; i < 5; i++) {
        lanes_runtime_begin(0, (uint64_t)i);
        if (i == 0) {
            numba_sdiv(1, 0);
        } else if (i == 1) {
            numba_srem(1, 0);
        } else if (i == 2) {
            numba_udiv(1, 0);
        } else if (i == 3) {
            numba_urem(1, 0);
        } else {
            numba_sdiv(INT64_MIN, -1);
        }
        failures[i] = lanes_runtime_failure();
    }
    for (int i = 0; i < 4; i++) {
        cr_expect_eq(failures[i], LANES_ELEMENT_ZERO_DIVISION, "case %d", i);
    }
    cr_expect_eq(failures[4], LANES_ELEMENT_OVERFLOW);
}
