/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accuracy.h - every math function that lanes vectorises, through lanes' own compiled
 * loops, against MPFR.
 *
 * A job is one function in one type. It compiles a callback that only calls the function,
 * once for each column (a vector instruction set, or math=exact), runs the loops over the
 * same points and compares each result with the value at high precision. Values of f4
 * travel as doubles, which hold them exactly.
 */
#ifndef LANES_TEST_ACCURACY_H
#define LANES_TEST_ACCURACY_H

#include <math.h>
#include <mpfr.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "kernel/loop.h"

/** NAN is a float, which gcc and clang will not widen unasked; HUGE_VAL is a double. */
#define ACCURACY_NAN ((double)NAN)

/** What math=vector promises: no result is further from the exact value, in ulp. */
#define ACCURACY_LIMIT_ULP 4.0

/** @name Functions @{ */

typedef int accuracy_mpfr_one_fn(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t);
typedef int accuracy_mpfr_two_fn(mpfr_ptr, mpfr_srcptr, mpfr_srcptr, mpfr_rnd_t);

/** One row of LANES_VECTOR_MATH_TABLE, as MPFR and libm have it. */
typedef struct accuracy_function {
    const char *name;
    unsigned arity; /* 1 or 2: which of the members below are set */
    accuracy_mpfr_one_fn *exact1;
    accuracy_mpfr_two_fn *exact2;
    double (*f8_1)(double);
    double (*f8_2)(double, double);
    float (*f4_1)(float);
    float (*f4_2)(float, float);
} accuracy_function;

extern const accuracy_function accuracy_functions[];
extern const size_t accuracy_function_count;

/** Row of that name, or NULL. */
const accuracy_function *accuracy_find(const char *name);

/** What scalar libm returns; @p y is ignored by functions of one argument. */
double accuracy_libm(const accuracy_function *function, bool is_float, double x,
                     double y);

/** @} */
/** @name The exact value @{ */

typedef struct accuracy_reference {
    mpfr_t value; /* after accuracy_reference_at() */
    mpfr_t x, y, got;
    bool is_float;
} accuracy_reference;

void accuracy_reference_init(accuracy_reference *reference, bool is_float);
void accuracy_reference_deinit(accuracy_reference *reference);

/** Compute reference->value = function(x, y). */
void accuracy_reference_at(accuracy_reference *reference,
                           const accuracy_function *function, double x, double y);

/**
 * |got - value| in units in the last place of value: the distance of two neighbours of
 * the type in value's binade [2^e, 2^(e+1)); below the smallest normal number that of the
 * denormal ones, above the largest number that of the highest binade. So a correctly
 * rounded result has at most 0.5. An infinite result stands for 2^(largest exponent + 1),
 * the number that would follow the largest one, and is right for any value from there on.
 *
 * HUGE_VAL if the result is of another kind than the value: NaN for a number or the other
 * way round, a number for an infinity (a pole, or far beyond the largest number),
 * anything but the same zero for a zero, the wrong sign.
 */
double accuracy_error(accuracy_reference *reference, double got);

/** @} */
/** @name Points @{ */

/** Arguments. y is NULL for functions of one. */
typedef struct accuracy_points {
    double *x, *y;
    size_t count, capacity;
    uint64_t random;
    bool is_float;
} accuracy_points;

/** At least this many points for each function and type. */
#define ACCURACY_POINTS_SHORT 10000u
#define ACCURACY_POINTS_LONG  4000000u

/** The long form takes one of so many numbers of f4, whatever they are. */
#define ACCURACY_SWEEP_STEP 1009u

/** Points for a function, the same in each run; released by accuracy_points_deinit(). */
accuracy_points accuracy_points_make(const accuracy_function *function, bool is_float,
                                     size_t wanted);
void accuracy_points_deinit(accuracy_points *points);

/** Append, rounded to the type; what files of points are made with. */
void accuracy_points_add(accuracy_points *points, double x, double y);
uint64_t accuracy_random(accuracy_points *points);
double accuracy_random_between(accuracy_points *points, double low, double high);
/** Every number of the type from low to high, 0 < low < high, is as likely. */
double accuracy_random_magnitude(accuracy_points *points, double low, double high);
/** @p value with either sign. */
double accuracy_random_sign(accuracy_points *points, double value);
/** Any number of the type: all exponents and signs as likely, no infinity, no NaN. */
double accuracy_random_number(accuracy_points *points);
/** Near @p centre: at any distance from half of it to the last bit. */
double accuracy_random_near(accuracy_points *points, double centre);
double accuracy_largest(bool is_float);
double accuracy_smallest(bool is_float);
double accuracy_smallest_normal(bool is_float);

/** accuracy_points_make()'s parts for two arguments, and for sin, cos, tan. */
void accuracy_points_add_pairs(accuracy_points *points, const char *name, size_t wanted);
void accuracy_points_add_multiples(accuracy_points *points, size_t wanted);

/** @} */
/** @name Loops @{ */

/** What is measured: scalar libm, and the forms of libmvec. */
enum accuracy_column {
    ACCURACY_EXACT,
    ACCURACY_SSE,
    ACCURACY_AVX2,
    ACCURACY_AVX512,
    ACCURACY_COLUMNS
};

const char *accuracy_column_name(enum accuracy_column column);

/** False if this CPU lacks the instructions. */
bool accuracy_column_runs(enum accuracy_column column);

/**
 * Compile and load; the loop lives as long as the process.
 *
 * @return NULL if that fails or if the function is not served as the column says; the
 * reason is in @p err
 */
lanes_loop_fn accuracy_loop_compile(const accuracy_function *function, bool is_float,
                                    enum accuracy_column column, lanes_error *err);

/** Elements of one accuracy_loop_run() at most. */
#define ACCURACY_RUN_MAX 4096u

/** out[i] = loop(x[i], y[i]) for @p count elements. */
void accuracy_loop_run(lanes_loop_fn loop, bool is_float, size_t count, const double *x,
                       const double *y, double *out);

/** @} */
/** @name Jobs @{ */

/** A result and where it was. */
typedef struct accuracy_case {
    double x, y, got, exact;
    double ulp; /* HUGE_VAL: of another kind */
} accuracy_case;

typedef struct accuracy_cell {
    accuracy_case worst;    /* of those of the right kind outside exceptions */
    accuracy_case excepted; /* worst inside accuracy_exceptions */
    accuracy_case wrong;   /* first of wrong_count: of another kind, or against Annex F */
    accuracy_case strange; /* first of strange_count: bits other than libm's, where they
                              must be the same */
    uint64_t wrong_count;
    uint64_t strange_count;
} accuracy_cell;

typedef struct accuracy_result {
    accuracy_cell cell[ACCURACY_COLUMNS];
    uint64_t points;
    uint32_t is_done;
    lanes_error error; /* why the job could not be done; code LANES_OK if it was */
} accuracy_result;

/** Results over 4 ulp that are known and must be scalar libm's own bits. */
typedef struct accuracy_exception {
    const char *name;
    bool is_float;
    double least_argument; /* for |x| >= this */
    double most_value;     /* and |exact| <= this */
    const char *reason;
} accuracy_exception;

extern const accuracy_exception accuracy_exceptions[];
extern const size_t accuracy_exception_count;

/** Measure at @p wanted points or more. Fills @p out_result, which is zero before. */
void accuracy_job_run(const accuracy_function *function, bool is_float, size_t wanted,
                      accuracy_result *out_result);

/** What Annex F of C (F.10) says: function(x, y) is exactly @p wanted. */
typedef struct accuracy_rule {
    const char *name;
    double x, y, wanted;
} accuracy_rule;

extern const accuracy_rule accuracy_rules[];
extern const size_t accuracy_rule_count;

/** Same number with the same sign of zero, or both NaN. */
bool accuracy_is_same(double a, double b);

/** @} */
/** @name Reports @{ */

/** A job as the report sees it. */
typedef struct accuracy_row {
    const accuracy_function *function;
    bool is_float;
    const accuracy_result *result;
} accuracy_row;

/** Print what breaks the promise. @return how many findings */
size_t accuracy_report_findings(const accuracy_row *rows, size_t count);
void accuracy_report_lines(const accuracy_row *rows, size_t count);
void accuracy_report_markdown(const accuracy_row *rows, size_t count);

/** @} */

#endif /* LANES_TEST_ACCURACY_H */
