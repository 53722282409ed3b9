/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accuracy_pairs.c - where functions of two arguments are measured, and hard arguments of
 * sin, cos and tan.
 */
#include "accuracy.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ---- Pairs ----------------------------------------------------------------------------
 */

static void add_special_pairs(accuracy_points *points)
{
    const bool is_float = points->is_float;
    const double smallest = accuracy_smallest(is_float);
    const double normal = accuracy_smallest_normal(is_float);
    const double largest = accuracy_largest(is_float);
    const double epsilon = is_float ? (double)FLT_EPSILON : DBL_EPSILON;
    const double special[] = {0,
                              HUGE_VAL,
                              ACCURACY_NAN,
                              smallest,
                              normal - smallest,
                              normal,
                              largest,
                              1,
                              2,
                              3,
                              0.5,
                              1.5,
                              1 + epsilon,
                              1 - epsilon / 2,
                              0.1,
                              1 / epsilon,
                              1 / epsilon + 1,
                              1e22,
                              M_PI};
    const size_t count = LANES_ARRAY_COUNT(special) * 2;
    for (size_t i = 0; i < count * count; i++) {
        const double x = special[i / count / 2];
        const double y = special[i % count / 2];
        accuracy_points_add(points, i / count % 2 == 0 ? x : -x, i % 2 == 0 ? y : -y);
    }
}

/* A base and the exponent that gives about 2^result. */
static void add_power(accuracy_points *points, double base, double result)
{
    accuracy_points_add(points, base, result / log2(fabs(base)));
}

/* One in ten of each: anything; ordinary; a negative base and a whole exponent; roots;
 * and by result: any base, base near 1, and at the ends of the range. */
static void add_power_point(accuracy_points *points, size_t i)
{
    const bool is_float = points->is_float;
    const double ends[2][4] = {{1024, -1022, -1074, -1075}, {128, -126, -149, -150}};
    const double roots[] = {0.5, -0.5, 1.0 / 3, 2, 3, 1.5, -1, 1};
    const double result =
        accuracy_random_between(points, is_float ? -152 : -1080, is_float ? 130 : 1030);
    const double base = fabs(accuracy_random_number(points));
    const double end = ends[is_float ? 1 : 0][accuracy_random(points) % 4];
    switch (i % 10) {
    case 0:
        accuracy_points_add(points, accuracy_random_number(points),
                            accuracy_random_number(points));
        break;
    case 1:
    case 2:
        accuracy_points_add(points, accuracy_random_between(points, 0, 50),
                            accuracy_random_between(points, -20, 20));
        break;
    case 3:
        accuracy_points_add(points, accuracy_random_between(points, -50, 0),
                            floor(accuracy_random_between(points, -30, 30)));
        break;
    case 4:
        accuracy_points_add(points, base, roots[accuracy_random(points) % 8]);
        break;
    case 5:
    case 6:
        add_power(points, base, result);
        break;
    case 7:
        add_power(points, accuracy_random_near(points, 1), result);
        break;
    case 8:
        add_power(points, base, accuracy_random_near(points, end));
        break;
    default:
        add_power(points, accuracy_random_near(points, 1),
                  accuracy_random_near(points, end));
        break;
    }
}

/* For atan2 and hypot what counts is the quotient, and whether squares leave the range.
 */
static void add_plane_point(accuracy_points *points, size_t i)
{
    const bool is_float = points->is_float;
    const double largest = accuracy_largest(is_float);
    const double x = accuracy_random_number(points);
    const double sides =
        accuracy_random_between(points, is_float ? -26 : -56, is_float ? 26 : 56);
    double a = x;
    double b = accuracy_random_number(points);
    if (i % 8 == 1 || i % 8 == 2) {
        a = accuracy_random_between(points, -10, 10);
        b = accuracy_random_between(points, -10, 10);
    } else if (i % 8 == 3 || i % 8 == 4) {
        b = accuracy_random_sign(points, x * exp2(sides));
    } else if (i % 8 == 5) {
        b = accuracy_random_sign(points, accuracy_random_near(points, x));
    } else if (i % 8 == 6) {
        a = accuracy_random_magnitude(points, largest / 8, largest);
        b = accuracy_random_magnitude(points, largest / 8, largest);
    } else if (i % 8 == 7) {
        /* Squares at the ends of the range, or denormal. */
        const double end = exp2(is_float ? 64 : 512);
        a = accuracy_random_near(points, i % 16 == 7 ? end : 1 / end);
        b = accuracy_random_sign(points, a * accuracy_random_between(points, 0.01, 2));
    }
    accuracy_points_add(points, a, b);
}

void accuracy_points_add_pairs(accuracy_points *points, const char *name, size_t wanted)
{
    const bool is_power = strcmp(name, "pow") == 0;
    add_special_pairs(points);
    for (size_t i = 0; i < wanted; i++) {
        if (is_power) {
            add_power_point(points, i);
        } else {
            add_plane_point(points, i);
        }
    }
}

/* ---- Multiples of pi/2 ----------------------------------------------------------------
 */

/* Bits of 2/pi that decide a cosine of the largest number. */
#define QUOTIENT_BITS 1400

/*
 * Add the numbers m * 2^exponent, m of the type's precision, that lie nearest to
 * multiples of pi/2: denominators of the continued fraction of 2^exponent * 2/pi (W.
 * Kahan, "Minimizing q * m - n").
 */
static void add_nearest(accuracy_points *points, long exponent)
{
    const double limit = points->is_float ? 0x1p24 : 0x1p53;
    double before = 0;
    double denominator = 1;
    mpfr_t rest;
    mpfr_init2(rest, QUOTIENT_BITS);
    mpfr_const_pi(rest, MPFR_RNDN);
    mpfr_ui_div(rest, 2, rest, MPFR_RNDN);
    mpfr_mul_2si(rest, rest, exponent, MPFR_RNDN);
    while (denominator < limit) {
        if (denominator * 256 > limit) {
            const double x = ldexp(denominator, (int)exponent);
            accuracy_points_add(points, accuracy_random_sign(points, x), 0);
        }
        mpfr_frac(rest, rest, MPFR_RNDN);
        mpfr_ui_div(rest, 1, rest, MPFR_RNDN);
        const double next = before + denominator * trunc(mpfr_get_d(rest, MPFR_RNDZ));
        before = denominator;
        denominator = next;
    }
    mpfr_clear(rest);
}

/* k * pi/2 for k of any size, and its neighbours. */
static void add_multiple(accuracy_points *points)
{
    const double k = trunc(exp2(accuracy_random_between(points, 0, 40)));
    const double epsilon = points->is_float ? (double)FLT_EPSILON : DBL_EPSILON;
    const double off = (double)(accuracy_random(points) % 5) - 2;
    mpfr_t multiple;
    mpfr_init2(multiple, 128);
    mpfr_const_pi(multiple, MPFR_RNDN);
    mpfr_mul_d(multiple, multiple, k / 2 * (1 + off * epsilon / 2), MPFR_RNDN);
    accuracy_points_add(points,
                        accuracy_random_sign(points, mpfr_get_d(multiple, MPFR_RNDN)), 0);
    mpfr_clear(multiple);
}

void accuracy_points_add_multiples(accuracy_points *points, size_t wanted)
{
    const long most =
        points->is_float ? FLT_MAX_EXP - FLT_MANT_DIG : DBL_MAX_EXP - DBL_MANT_DIG;
    const long step = wanted < ACCURACY_POINTS_LONG / 10 && !points->is_float ? 8 : 1;
    for (long exponent = 0; exponent <= most; exponent += step) {
        add_nearest(points, exponent);
    }
    for (size_t i = 0; i < wanted; i++) {
        add_multiple(points);
    }
}
