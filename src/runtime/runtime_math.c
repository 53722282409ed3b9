/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime_math.c - functions of numbers whose results in corner cases are Numba's or
 * NumPy's rather than libm's.
 */
#include <float.h>
#include <math.h>

#include "runtime/runtime_internal.h"

/* NOLINTBEGIN(readability-identifier-naming) */

/* IR has checked the divisor. If it has not, the element has failed, as with an inline
 * division (codegen). */
static bool is_divisor(bool is_zero)
{
    if (is_zero) {
        lanes_runtime_fail(LANES_ELEMENT_ZERO_DIVISION);
    }
    return !is_zero;
}

int64_t numba_sdiv(int64_t a, int64_t b)
{
    if (!is_divisor(b == 0)) {
        return 0;
    }
    if (a == INT64_MIN && b == -1) {
        lanes_runtime_fail(LANES_ELEMENT_OVERFLOW);
        return a;
    }
    return a / b;
}

int64_t numba_srem(int64_t a, int64_t b)
{
    return is_divisor(b == 0) && b != -1 ? a % b : 0;
}

uint64_t numba_udiv(uint64_t a, uint64_t b)
{
    return is_divisor(b == 0) ? a / b : 0;
}

uint64_t numba_urem(uint64_t a, uint64_t b)
{
    return is_divisor(b == 0) ? a % b : 0;
}

double numba_frexp(double x, int *out_exponent)
{
    *out_exponent = 0; /* also for infinities and NaN, where frexp() may leave anything */
    return isfinite(x) ? frexp(x, out_exponent) : x;
}

float numba_frexpf(float x, int *out_exponent)
{
    *out_exponent = 0;
    return isfinite(x) ? frexpf(x, out_exponent) : x;
}

double numba_ldexp(double x, int exponent)
{
    return ldexp(x, exponent);
}

float numba_ldexpf(float x, int exponent)
{
    return ldexpf(x, exponent);
}

/* As CPython's general case of a ** b, but NaN where that raises ZeroDivisionError. */
void numba_cpow(const lanes_complex_double *a, const lanes_complex_double *b,
                lanes_complex_double *out)
{
    if (b->real == 0.0 && b->imag == 0.0) {
        *out = (lanes_complex_double){1.0, 0.0};
        return;
    }
    if (a->real == 0.0 && a->imag == 0.0) {
        const double zero = b->imag != 0.0 || b->real < 0.0 ? (double)NAN : 0.0;
        *out = (lanes_complex_double){zero, zero};
        return;
    }
    const double modulus = hypot(a->real, a->imag);
    const double argument = atan2(a->imag, a->real);
    double length = pow(modulus, b->real);
    double phase = argument * b->real;
    if (b->imag != 0.0) {
        length /= exp(argument * b->imag);
        phase += b->imag * log(modulus);
    }
    *out = (lanes_complex_double){length * cos(phase), length * sin(phase)};
}

void numba_cpowf(const lanes_complex_float *a, const lanes_complex_float *b,
                 lanes_complex_float *out)
{
    const lanes_complex_double wide_a = {(double)a->real, (double)a->imag};
    const lanes_complex_double wide_b = {(double)b->real, (double)b->imag};
    lanes_complex_double wide_out;
    numba_cpow(&wide_a, &wide_b, &wide_out);
    *out = (lanes_complex_float){(float)wide_out.real, (float)wide_out.imag};
}

/* Negative numbers wrap around, as Numba has it; what has no integer at all is 2^63, as
 * instructions have it. */
uint64_t numba_fptoui(double x)
{
    if (x >= 0x1p63 && x < 0x1p64) {
        return (uint64_t)x;
    }
    return x >= -0x1p63 && x < 0x1p63 ? (uint64_t)(int64_t)x : 1ull << 63;
}

uint64_t numba_fptouif(float x)
{
    return numba_fptoui((double)x);
}

int numba_signbit(double x)
{
    return signbit(x) != 0;
}

int numba_signbitf(float x)
{
    return signbit(x) != 0;
}

/* Equal arguments apart: the difference of two infinities would be NaN. */
double npy_logaddexp(double x, double y)
{
    const double difference = x - y;
    if (x == y) {
        return x + M_LN2;
    }
    if (difference > 0) {
        return x + log1p(exp(-difference));
    }
    return difference <= 0 ? y + log1p(exp(difference)) : difference;
}

float npy_logaddexpf(float x, float y)
{
    const float difference = x - y;
    if (x == y) {
        return x + (float)M_LN2;
    }
    if (difference > 0) {
        return x + log1pf(expf(-difference));
    }
    return difference <= 0 ? y + log1pf(expf(difference)) : difference;
}

double npy_logaddexp2(double x, double y)
{
    const double difference = x - y;
    if (x == y) {
        return x + 1;
    }
    if (difference > 0) {
        return x + M_LOG2E * log1p(exp2(-difference));
    }
    return difference <= 0 ? y + M_LOG2E * log1p(exp2(difference)) : difference;
}

float npy_logaddexp2f(float x, float y)
{
    const float difference = x - y;
    if (x == y) {
        return x + 1;
    }
    if (difference > 0) {
        return x + (float)M_LOG2E * log1pf(exp2f(-difference));
    }
    return difference <= 0 ? y + (float)M_LOG2E * log1pf(exp2f(difference)) : difference;
}

/* Distance to the next number away from zero, with the sign of x; NaN for infinities. */
double npy_spacing(double x)
{
    return x == 0.0 ? DBL_TRUE_MIN : nextafter(x, copysign((double)INFINITY, x)) - x;
}

float npy_spacingf(float x)
{
    return x == 0.0f ? FLT_TRUE_MIN : nextafterf(x, copysignf(INFINITY, x)) - x;
}

/* NOLINTEND(readability-identifier-naming) */
