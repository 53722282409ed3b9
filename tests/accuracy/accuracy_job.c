/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accuracy_job.c - measures one function in one type.
 */
#include "accuracy.h"

#include <math.h>
#include <string.h>

const accuracy_exception accuracy_exceptions[] = {
    {"sin", false, 0x1p29, 0x1p-39,
     "arguments extremely near multiples of pi; libmvec calls scalar libm for large "
     "ones"},
    {"cos", false, 0x1p29, 0x1p-39,
     "arguments extremely near odd multiples of pi/2; libmvec calls scalar libm "
     "likewise"},
};
const size_t accuracy_exception_count = LANES_ARRAY_COUNT(accuracy_exceptions);

struct job {
    const accuracy_function *function;
    bool is_float;
    lanes_loop_fn loop[ACCURACY_COLUMNS]; /* NULL: this CPU has no such column */
    accuracy_reference reference;
    accuracy_result *result;
};

static bool is_excepted(const struct job *job, const accuracy_case *seen)
{
    for (size_t i = 0; i < accuracy_exception_count; i++) {
        const accuracy_exception *row = &accuracy_exceptions[i];
        if (strcmp(row->name, job->function->name) == 0 &&
            row->is_float == job->is_float && fabs(seen->x) >= row->least_argument &&
            fabs(seen->exact) <= row->most_value) {
            return true;
        }
    }
    return false;
}

static void note_first(accuracy_case *first, uint64_t *count, const accuracy_case *seen)
{
    if ((*count)++ == 0) {
        *first = *seen;
    }
}

static void judge(struct job *job, enum accuracy_column column, const accuracy_case *seen,
                  double libm)
{
    accuracy_cell *cell = &job->result->cell[column];
    const bool must_be_libm = column == ACCURACY_EXACT || is_excepted(job, seen);
    if (must_be_libm && !accuracy_is_same(seen->got, libm)) {
        note_first(&cell->strange, &cell->strange_count, seen);
    }
    if (isinf(seen->ulp)) {
        note_first(&cell->wrong, &cell->wrong_count, seen);
        return;
    }
    accuracy_case *worst = is_excepted(job, seen) ? &cell->excepted : &cell->worst;
    if (seen->ulp > worst->ulp) {
        *worst = *seen;
    }
}

/* One run of every loop over the same points, and the exact value of each once. */
static void measure(struct job *job, const double *x, const double *y, size_t count)
{
    static double got[ACCURACY_COLUMNS][ACCURACY_RUN_MAX];
    for (int c = 0; c < ACCURACY_COLUMNS; c++) {
        if (job->loop[c] != NULL) {
            accuracy_loop_run(job->loop[c], job->is_float, count, x, y, got[c]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        accuracy_case seen = {.x = x[i], .y = y != NULL ? y[i] : 0};
        const double libm = accuracy_libm(job->function, job->is_float, seen.x, seen.y);
        accuracy_reference_at(&job->reference, job->function, seen.x, seen.y);
        seen.exact = mpfr_get_d(job->reference.value, MPFR_RNDN);
        for (int c = 0; c < ACCURACY_COLUMNS; c++) {
            if (job->loop[c] != NULL) {
                seen.got = got[c][i];
                seen.ulp = accuracy_error(&job->reference, seen.got);
                judge(job, (enum accuracy_column)c, &seen, libm);
            }
        }
    }
    job->result->points += count;
}

/* Annex F's rows, each of them alone. */
static void check_rules(struct job *job)
{
    for (size_t i = 0; i < accuracy_rule_count; i++) {
        const accuracy_rule *rule = &accuracy_rules[i];
        if (strcmp(rule->name, job->function->name) != 0) {
            continue;
        }
        const double *y = job->function->arity == 2 ? &rule->y : NULL;
        for (int c = 0; c < ACCURACY_COLUMNS; c++) {
            accuracy_case seen = {rule->x, rule->y, 0, rule->wanted, HUGE_VAL};
            if (job->loop[c] == NULL) {
                continue;
            }
            accuracy_loop_run(job->loop[c], job->is_float, 1, &rule->x, y, &seen.got);
            if (!accuracy_is_same(seen.got, rule->wanted)) {
                accuracy_cell *cell = &job->result->cell[c];
                note_first(&cell->wrong, &cell->wrong_count, &seen);
            }
        }
    }
}

static bool compile_columns(struct job *job)
{
    for (int c = 0; c < ACCURACY_COLUMNS; c++) {
        const enum accuracy_column column = (enum accuracy_column)c;
        if (!accuracy_column_runs(column)) {
            continue;
        }
        job->loop[c] = accuracy_loop_compile(job->function, job->is_float, column,
                                             &job->result->error);
        if (job->loop[c] == NULL) {
            return false;
        }
    }
    return true;
}

void accuracy_job_run(const accuracy_function *function, bool is_float, size_t wanted,
                      accuracy_result *out_result)
{
    struct job job = {.function = function, .is_float = is_float, .result = out_result};
    if (compile_columns(&job)) {
        accuracy_points points = accuracy_points_make(function, is_float, wanted);
        accuracy_reference_init(&job.reference, is_float);
        check_rules(&job);
        for (size_t i = 0; i < points.count; i += ACCURACY_RUN_MAX) {
            const size_t left = points.count - i;
            measure(&job, points.x + i, points.y != NULL ? points.y + i : NULL,
                    left < ACCURACY_RUN_MAX ? left : ACCURACY_RUN_MAX);
        }
        accuracy_reference_deinit(&job.reference);
        accuracy_points_deinit(&points);
    }
    out_result->is_done = 1;
}
