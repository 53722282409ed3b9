/* SPDX-License-Identifier: Apache-2.0 */
/*
 * harness_samples.c - keeping samples and what they say.
 */
#include "harness.h"

#include <stdlib.h>
#include <time.h>

uint64_t bench_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

void bench_samples_add(bench_samples *samples, double value)
{
    if (samples->count == samples->capacity) {
        const size_t capacity = samples->capacity != 0 ? 2 * samples->capacity : 256;
        double *grown = reallocarray(samples->value, capacity, sizeof(*grown));
        if (grown == NULL) {
            bench_die("no memory for %zu samples", capacity);
        }
        samples->value = grown;
        samples->capacity = capacity;
    }
    samples->value[samples->count++] = value;
}

void bench_samples_deinit(bench_samples *samples)
{
    free(samples->value);
    *samples = (bench_samples){0};
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double *sorted_copy(const double *value, size_t count)
{
    double *copy = calloc(count, sizeof(*copy));
    if (copy == NULL) {
        bench_die("no memory for %zu samples", count);
    }
    for (size_t i = 0; i < count; i++) {
        copy[i] = value[i];
    }
    qsort(copy, count, sizeof(*copy), compare_doubles);
    return copy;
}

/* Nearest rank: the smallest value that at least @p percent of all do not exceed. */
static double percentile(const double *sorted, size_t count, unsigned percent)
{
    const size_t rank = (count * percent + 99) / 100;
    return sorted[rank > 0 ? rank - 1 : 0];
}

bench_summary bench_summarise(const bench_samples *samples)
{
    if (samples->count == 0) {
        return (bench_summary){0};
    }
    const size_t count = samples->count;
    double *sorted = sorted_copy(samples->value, count);
    bench_summary summary = {
        .count = count,
        .min = sorted[0],
        .p10 = percentile(sorted, count, 10),
        .median = percentile(sorted, count, 50),
        .p90 = percentile(sorted, count, 90),
        .p99 = percentile(sorted, count, 99),
        .max = sorted[count - 1],
    };
    for (size_t i = 0; i < count; i++) {
        const double distance = sorted[i] - summary.median;
        sorted[i] = distance < 0 ? -distance : distance;
    }
    qsort(sorted, count, sizeof(*sorted), compare_doubles);
    summary.mad = percentile(sorted, count, 50);
    free(sorted);
    return summary;
}

void bench_interleave(bench_case *cases, size_t case_count, unsigned warm_ups,
                      unsigned rounds)
{
    for (unsigned round = 0; round < warm_ups + rounds; round++) {
        for (size_t i = 0; i < case_count; i++) {
            bench_case *measured = &cases[(round + i) % case_count];
            const double sample = measured->measure(measured->ctx);
            if (round >= warm_ups) {
                bench_samples_add(&measured->samples, sample);
            }
        }
    }
}
