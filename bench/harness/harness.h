/* SPDX-License-Identifier: Apache-2.0 */
/*
 * harness.h - what C benches share: samples, summaries, interleaving, options, JSON.
 *
 * A bench parses its options (bench_parse), adds results to a bench_report as it goes and
 * ends with bench_report_finish(), which prints a table and writes the JSON that --json
 * names. Samples are in the unit that the bench names, one per timed loop, never one per
 * iteration of something shorter than the clock can tell.
 *
 * Failures that leave nothing to measure end the program (bench_die): a bench has no
 * caller that could go on.
 *
 * Threads: one.
 */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Options that every bench has; a bench adds its own with argp. */
typedef struct bench_options {
    bool is_smoke;    /**< --smoke: one tiny round; the numbers mean nothing */
    bool is_forced;   /**< --force: run a Debug build nevertheless */
    const char *json; /**< --json FILE; NULL = none, "-" = standard output */
} bench_options;

/** Child parser for the options above; its input is a bench_options. */
extern const struct argp bench_argp;

/**
 * Parse with @p parser, whose children include bench_argp, then refuse to go on in a
 * Debug build unless --force or --smoke is given. Ends the program on a usage error (64).
 */
void bench_parse(const struct argp *parser, int argc, char **argv, void *input,
                 const bench_options *options);

/** Print "program: text" and exit with status 1. */
_Noreturn void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Nanoseconds of CLOCK_MONOTONIC. */
uint64_t bench_now_ns(void);

/** Measured values; grows. Zero-initialise; bench_samples_deinit() frees. */
typedef struct bench_samples {
    double *value;
    size_t count;
    size_t capacity;
} bench_samples;

void bench_samples_add(bench_samples *samples, double value);
void bench_samples_deinit(bench_samples *samples);

/** Order statistics. Percentiles are nearest-rank; all 0 without samples. */
typedef struct bench_summary {
    size_t count;
    double min;
    double p10;
    double median;
    double p90;
    double p99;
    double max;
    double mad; /**< median of |value - median| */
} bench_summary;

bench_summary bench_summarise(const bench_samples *samples);

/** One of several things measured against each other. */
typedef struct bench_case {
    const char *name;
    const char *unit;             /**< of a sample, e.g. "ns" */
    double (*measure)(void *ctx); /**< one sample */
    void *ctx;
    bench_samples samples;
} bench_case;

/**
 * Measure all cases, interleaved: @p warm_ups rounds whose samples are dropped, then
 * @p rounds rounds; each round measures every case once and starts one case later than
 * the one before, so that drift and order hit all alike.
 */
void bench_interleave(bench_case *cases, size_t case_count, unsigned warm_ups,
                      unsigned rounds);

/** A bench's results. Opaque. */
typedef struct bench_report bench_report;

/** @param name  of the bench; borrowed until the end */
bench_report *bench_report_create(const char *name, const bench_options *options);

/** Add a fact about this run, such as what "executor" was. */
void bench_report_fact(bench_report *report, const char *name, const char *value);

/** Add one result; prints its line at once. */
void bench_report_add(bench_report *report, const char *name, const char *unit,
                      const bench_samples *samples);

/** Write the JSON if asked for, free @p report; returns the program's exit status. */
int bench_report_finish(bench_report *report);

#endif /* BENCH_HARNESS_H */
