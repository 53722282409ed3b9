/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accuracy_points.c - where functions of one argument are measured.
 *
 * Special numbers; all exponents; the magnitudes where the function is neither its
 * argument nor a limit; intervals where it is hard; and around single numbers, from afar
 * to the last bit: zeros, ends of the domain, and where it overflows or underflows.
 */
#include "accuracy.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define INTERVALS_MAX 5
#define CENTRES_MAX   10

/* Rows mix numbers for f8 and f4: one beyond a type's range costs few points. */
struct region_row {
    const char *name;
    bool is_signed; /* also negative arguments */
    double core_low;
    double core_high[2]; /* f8, f4; 0: the largest number */
    struct {
        double low, high;
    } interval[INTERVALS_MAX];
    double centre[CENTRES_MAX];
};

static const struct region_row region_rows[] = {
    {"acos",
     true,
     0x1p-60,
     {1, 1},
     {{-1, 1}, {0.4, 0.6}, {-0.6, -0.4}, {0.9, 1}},
     {1, -1, 0.5, -0.5, 0.70710678118654752}},
    {"acosh",
     false,
     1,
     {0, 0},
     {{1, 2}, {1, 1.1}, {1, 20}},
     {1, 2, 0x1p28, 0x1p64, 0x1p512}},
    {"asin",
     true,
     0x1p-60,
     {1, 1},
     {{-1, 1}, {0.4, 0.6}, {-0.6, -0.4}, {0.9, 1}},
     {1, -1, 0.5, -0.5, 0.70710678118654752}},
    {"asinh",
     true,
     0x1p-60,
     {0, 0},
     {{-1, 1}, {-20, 20}},
     {0.5, 1, 2, 0x1p-28, 0x1p28, 0x1p64, 0x1p512}},
    {"atan",
     true,
     0x1p-60,
     {0x1p60, 0x1p30},
     {{-1, 1}, {-20, 20}},
     {1, -1, 0.4142135623730950, 2.414213562373095, 0.4375, 0.6875}},
    {"atanh",
     true,
     0x1p-60,
     {1, 1},
     {{-1, 1}, {0.9, 1}, {-0.5, 0.5}},
     {1, -1, 0.5, 0x1p-28}},
    {"cbrt", true, 0x1p-60, {0, 0}, {{-10, 10}, {1, 8}}, {1, 2, 4, 8, 0.125}},
    {"cos",
     true,
     0x1p-30,
     {0, 0},
     {{-4, 4}, {-100, 100}, {-1e5, 1e5}},
     {0.78539816339744831}},
    {"cosh",
     true,
     0x1p-60,
     {712, 90},
     {{-1, 1}, {-20, 20}, {-90, 90}, {-711, 711}},
     {710.4758600739439, 709.782712893384, 89.415986296, 88.72283905, 22, 9, 0.34657359}},
    {"erf",
     true,
     0x1p-60,
     {6.5, 4.5},
     {{-1, 1}, {-4, 4}, {-6, 6}, {3.5, 4}},
     {0.84375, 1.25, 2.857142857142857, 5.92, 3.83, 3.65}},
    {"erfc",
     true,
     0x1p-60,
     {28, 10.5},
     {{-1, 1}, {0.5, 2}, {-6, 6}, {5, 28}, {9, 10.2}},
     {0.84375, 1.25, 2.857142857142857, 26.543258454, 27.226017111, 9.194549, 10.0545,
      0.47693628}},
    {"exp",
     true,
     0x1p-60,
     {746, 105},
     {{-1, 1}, {-20, 20}, {-104, 89}, {-746, 710}},
     {709.782712893384, -708.3964185322641, -745.1332191019411, 88.72283905206835,
      -87.33654475055310, -103.9720770839918, 0.34657359}},
    {"exp10",
     true,
     0x1p-60,
     {325, 46},
     {{-1, 1}, {-10, 10}, {-46, 39}, {-324, 309}},
     {308.2547155599167, -307.6526555685887, -323.3062153431158, 38.53183944498959,
      -37.92977945366162, -45.15449934959718}},
    {"exp2",
     true,
     0x1p-60,
     {1076, 151},
     {{-1, 1}, {-20, 20}, {-150, 129}, {-1076, 1025}},
     {1024, -1022, -1074, -1075, 128, -126, -149, -150, 0.5, 1}},
    {"expm1",
     true,
     0x1p-60,
     {710, 89},
     {{-1, 1}, {-40, 10}, {-20, 89}, {-60, 710}},
     {709.782712893384, 88.72283905206835, -37, -17.3, 0.34657359, 1.0397, -0.34657359}},
    {"log",
     false,
     0x1p-60,
     {0, 0},
     {{0.5, 2}, {0, 10}, {0.9, 1.1}},
     {1, 0.70710678118654752, 1.41421356237309505, 2, 0.9375, 1.0645}},
    {"log10",
     false,
     0x1p-60,
     {0, 0},
     {{0.5, 2}, {0, 20}, {0.9, 1.1}},
     {1, 0.70710678118654752, 1.41421356237309505, 10, 100, 0.1}},
    {"log1p",
     true,
     0x1p-60,
     {0, 0},
     {{-1, 1}, {-0.5, 0.5}, {-1, -0.9}, {-1, 10}},
     {-1, 0.41421356237309505, -0.29289321881345248, 1, -0.5, 0x1p53, 0x1p24}},
    {"log2",
     false,
     0x1p-60,
     {0, 0},
     {{0.5, 2}, {0, 20}, {0.9, 1.1}},
     {1, 0.70710678118654752, 1.41421356237309505, 2, 4}},
    {"sin",
     true,
     0x1p-30,
     {0, 0},
     {{-4, 4}, {-100, 100}, {-1e5, 1e5}},
     {0.78539816339744831}},
    {"sinh",
     true,
     0x1p-60,
     {712, 90},
     {{-1, 1}, {-20, 20}, {-90, 90}, {-711, 711}},
     {710.4758600739439, 709.782712893384, 89.415986296, 88.72283905, 22, 9, 0.34657359}},
    {"tan",
     true,
     0x1p-30,
     {0, 0},
     {{-4, 4}, {-100, 100}, {-1e5, 1e5}},
     {0.78539816339744831}},
    {"tanh",
     true,
     0x1p-60,
     {22, 11},
     {{-1, 1}, {-10, 10}, {-22, 22}},
     {22, 9.0109134, 0.54930614, 1, 19.0615}},
};

/* ---- Numbers --------------------------------------------------------------------------
 */

double accuracy_largest(bool is_float)
{
    return is_float ? (double)FLT_MAX : DBL_MAX;
}

double accuracy_smallest(bool is_float)
{
    return is_float ? (double)FLT_TRUE_MIN : DBL_TRUE_MIN;
}

double accuracy_smallest_normal(bool is_float)
{
    return is_float ? (double)FLT_MIN : DBL_MIN;
}

/* splitmix64: any seed will do, and the sequence is the same everywhere. */
uint64_t accuracy_random(accuracy_points *points)
{
    uint64_t z = points->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

double accuracy_random_between(accuracy_points *points, double low, double high)
{
    return low + (high - low) * ((double)(accuracy_random(points) >> 11) * 0x1p-53);
}

/* Numbers of one sign are in the order of their bits. */
static uint64_t bits_of(bool is_float, double value)
{
    if (is_float) {
        const float narrow = (float)value;
        uint32_t bits;
        memcpy(&bits, &narrow, sizeof(bits));
        return bits;
    }
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static double number_of(bool is_float, uint64_t bits)
{
    if (is_float) {
        const uint32_t narrow = (uint32_t)bits;
        float value;
        memcpy(&value, &narrow, sizeof(value));
        return (double)value;
    }
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

double accuracy_random_magnitude(accuracy_points *points, double low, double high)
{
    const uint64_t first = bits_of(points->is_float, low);
    const uint64_t count = bits_of(points->is_float, high) - first + 1;
    return number_of(points->is_float, first + accuracy_random(points) % count);
}

double accuracy_random_sign(accuracy_points *points, double value)
{
    return accuracy_random(points) >> 63 ? -value : value;
}

double accuracy_random_number(accuracy_points *points)
{
    const bool is_float = points->is_float;
    return accuracy_random_sign(
        points, accuracy_random_magnitude(points, accuracy_smallest(is_float),
                                          accuracy_largest(is_float)));
}

double accuracy_random_near(accuracy_points *points, double centre)
{
    const int bits = (int)(accuracy_random(points) % (points->is_float ? 25 : 54));
    const double distance = ldexp(accuracy_random_between(points, 0.5, 1), -bits);
    return centre + accuracy_random_sign(points, centre * distance);
}

void accuracy_points_add(accuracy_points *points, double x, double y)
{
    if (points->count == points->capacity) {
        points->capacity = points->capacity * 2 + 4096;
        double *xs = realloc(points->x, points->capacity * sizeof(*xs));
        double *ys = realloc(points->y, points->capacity * sizeof(*ys));
        LANES_ASSERT(xs != NULL && ys != NULL);
        points->x = xs;
        points->y = ys;
    }
    points->x[points->count] = points->is_float ? (double)(float)x : x;
    points->y[points->count] = points->is_float ? (double)(float)y : y;
    points->count++;
}

/* ---- Parts ----------------------------------------------------------------------------
 */

static double core_point(accuracy_points *points, const struct region_row *row)
{
    const double high = row->core_high[points->is_float ? 1 : 0];
    const double value = accuracy_random_magnitude(
        points, row->core_low, high > 0 ? high : accuracy_largest(points->is_float));
    return row->is_signed ? accuracy_random_sign(points, value) : value;
}

/* The special ones one after another, and again among ordinary ones: each at another
 * place of its vector, so that it could spoil its neighbours. */
static void add_special(accuracy_points *points, const struct region_row *row)
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
                              2 * smallest,
                              normal - smallest,
                              normal,
                              normal * 2,
                              largest,
                              largest / 2,
                              1,
                              1 + epsilon,
                              1 - epsilon / 2,
                              2,
                              0.5,
                              3,
                              10,
                              0x1p23,
                              0x1p24,
                              0x1p52,
                              0x1p53,
                              1e22,
                              M_PI,
                              M_PI_2,
                              M_PI_4,
                              M_E,
                              normal / 2,
                              epsilon,
                              1 / largest,
                              0.1};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(special) * 2; i++) {
        accuracy_points_add(points, i % 2 == 0 ? special[i / 2] : -special[i / 2], 0);
    }
    for (size_t i = 0; i < LANES_ARRAY_COUNT(special) * 2; i++) {
        accuracy_points_add(points, i % 2 == 0 ? special[i / 2] : -special[i / 2], 0);
        for (size_t k = 0; k < 6; k++) {
            accuracy_points_add(points, core_point(points, row), 0);
        }
    }
}

/* Evenly through all numbers, so that every exponent and sign has its share; the bits
 * below the step are random. */
static void add_all_exponents(accuracy_points *points, size_t wanted)
{
    const uint64_t end = 2 * (bits_of(points->is_float, HUGE_VAL) + 1);
    const bool is_sweep = points->is_float && wanted >= ACCURACY_POINTS_LONG / 3;
    const uint64_t step = is_sweep ? ACCURACY_SWEEP_STEP : end / wanted;
    for (uint64_t bits = 0; bits < end - step; bits += step) {
        const uint64_t random = bits + accuracy_random(points) % step;
        const double value = number_of(points->is_float, random / 2);
        accuracy_points_add(points, random % 2 == 0 ? value : -value, 0);
    }
}

static void add_intervals(accuracy_points *points, const struct region_row *row,
                          size_t wanted)
{
    size_t count = 0;
    while (count < INTERVALS_MAX &&
           row->interval[count].low < row->interval[count].high) {
        count++;
    }
    LANES_ASSERT(count > 0);
    for (size_t i = 0; i < wanted; i++) {
        const size_t k = i % count;
        accuracy_points_add(
            points,
            accuracy_random_between(points, row->interval[k].low, row->interval[k].high),
            0);
    }
}

static void add_centres(accuracy_points *points, const struct region_row *row,
                        size_t wanted)
{
    size_t count = 0;
    while (count < CENTRES_MAX && row->centre[count] != 0) {
        count++;
    }
    LANES_ASSERT(count > 0);
    for (size_t i = 0; i < wanted; i++) {
        accuracy_points_add(points, accuracy_random_near(points, row->centre[i % count]),
                            0);
    }
}

static const struct region_row *find_regions(const char *name)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(region_rows); i++) {
        if (strcmp(region_rows[i].name, name) == 0) {
            return &region_rows[i];
        }
    }
    lanes_assert_fail("accuracy_points.c has a row for every function", __FILE__,
                      __LINE__);
}

accuracy_points accuracy_points_make(const accuracy_function *function, bool is_float,
                                     size_t wanted)
{
    accuracy_points points = {.is_float = is_float, .random = is_float ? 4 : 8};
    for (const char *c = function->name; *c != '\0'; c++) {
        points.random = points.random * 31 + (unsigned char)*c;
    }
    if (function->arity == 2) {
        accuracy_points_add_pairs(&points, function->name, wanted);
        return points;
    }
    const struct region_row *row = find_regions(function->name);
    const bool is_periodic = strstr("sin cos tan", function->name) != NULL;
    add_special(&points, row);
    add_all_exponents(&points, wanted / 3);
    for (size_t i = 0; i < wanted / 4; i++) {
        accuracy_points_add(&points, core_point(&points, row), 0);
    }
    add_intervals(&points, row, wanted / 4);
    add_centres(&points, row, wanted / (is_periodic ? 50 : 5));
    if (is_periodic) {
        accuracy_points_add_multiples(&points, wanted / 5);
    }
    free(points.y);
    points.y = NULL;
    return points;
}

void accuracy_points_deinit(accuracy_points *points)
{
    free(points->x);
    free(points->y);
}
