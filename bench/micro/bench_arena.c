/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_arena.c - what does a block of an arena cost, beside one of malloc()?
 *
 * Scenarios, the arena's functions and the C library's in turn:
 *
 *   reused    malloc and free of 8 KB, 1 MB, 16 MB and 160 MB again and again; ns per
 * pair. glibc maps blocks above 32 MiB anew each time, and gives them back
 *
 *   touched   the same with a write to each page of the block; ms
 *
 *   calloc    160 MB that were used before; ms
 *
 *   new       160 MB that were never used, of an arena that keeps nothing: reserving
 * them; all of it, with a write to each page and giving them back; ms
 *
 *   threads   8 KB by two threads at once, which share the arena's lock; ns per pair
 *
 * Left out: executors. A batch on reused blocks finds their pages mapped there, too.
 */
#include <lanes/lanes.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

#define LARGE_BYTES ((size_t)160 << 20)
#define PAGE_BYTES  4096u

struct fixture {
    lanes_arena *arena; /* NULL: the C library */
    size_t bytes;
    unsigned pairs; /* of a sample */
};

static void *take(const struct fixture *fixture)
{
    void *block = fixture->arena != NULL
                      ? lanes_arena_malloc(fixture->arena, fixture->bytes)
                      : malloc(fixture->bytes);
    if (block == NULL) {
        bench_die("no memory for %zu bytes", fixture->bytes);
    }
    __asm__ volatile("" : : "r"(block) : "memory"); /* the pair is not left out */
    return block;
}

static void drop(const struct fixture *fixture, void *block)
{
    if (fixture->arena != NULL) {
        lanes_arena_free(fixture->arena, block, fixture->bytes);
    } else {
        free(block);
    }
}

static double measure_pairs(void *ctx)
{
    const struct fixture *fixture = ctx;
    const uint64_t start_ns = bench_now_ns();
    for (unsigned i = 0; i < fixture->pairs; i++) {
        drop(fixture, take(fixture));
    }
    return (double)(bench_now_ns() - start_ns) / fixture->pairs;
}

static void *run_pairs(void *ctx)
{
    measure_pairs(ctx);
    return NULL;
}

static double measure_threads(void *ctx)
{
    const struct fixture *fixture = ctx;
    pthread_t other;
    const uint64_t start_ns = bench_now_ns();
    if (pthread_create(&other, NULL, run_pairs, ctx) != 0) {
        bench_die("no thread");
    }
    measure_pairs(ctx);
    pthread_join(other, NULL);
    return (double)(bench_now_ns() - start_ns) / fixture->pairs;
}

static void touch(void *block, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += PAGE_BYTES) {
        ((volatile char *)block)[i] = 1;
    }
}

static double measure_touched(void *ctx)
{
    const struct fixture *fixture = ctx;
    const uint64_t start_ns = bench_now_ns();
    void *block = take(fixture);
    touch(block, fixture->bytes);
    drop(fixture, block);
    return (double)(bench_now_ns() - start_ns) / 1e6;
}

static double measure_calloc(void *ctx)
{
    const struct fixture *fixture = ctx;
    const uint64_t start_ns = bench_now_ns();
    void *block = fixture->arena != NULL
                      ? lanes_arena_calloc(fixture->arena, 1, fixture->bytes)
                      : calloc(1, fixture->bytes);
    touch(block, fixture->bytes);
    const double time_ms = (double)(bench_now_ns() - start_ns) / 1e6;
    drop(fixture, block);
    return time_ms;
}

static lanes_arena *make_arena(uint64_t idle_bytes_max)
{
    lanes_arena_options options;
    lanes_arena *arena = NULL;
    lanes_error err = {.message = ""};
    lanes_arena_options_default(&options);
    options.idle_bytes_max = idle_bytes_max;
    if (lanes_arena_create(&options, &arena, &err) < 0) {
        bench_die("%s", err.message);
    }
    return arena;
}

static double measure_reserve(void *ctx)
{
    const struct fixture *fixture = ctx;
    const uint64_t start_ns = bench_now_ns();
    void *block = take(fixture);
    const double time_ms = (double)(bench_now_ns() - start_ns) / 1e6;
    drop(fixture, block);
    return time_ms;
}

static void run_cases(bench_report *report, bench_case *cases, size_t count,
                      unsigned warm_ups, unsigned rounds)
{
    bench_interleave(cases, count, warm_ups, rounds);
    for (size_t i = 0; i < count; i++) {
        bench_report_add(report, cases[i].name, cases[i].unit, &cases[i].samples);
        bench_samples_deinit(&cases[i].samples);
    }
}

static void bench_pairs(bench_report *report, lanes_arena *arena, bool is_smoke)
{
    const unsigned many = is_smoke ? 10 : 10000;
    struct fixture of[] = {
        {arena, 8000, many},        {NULL, 8000, many},
        {arena, 1000000, many},     {NULL, 1000000, many},
        {arena, 16 << 20, many},    {NULL, 16 << 20, many},
        {arena, LARGE_BYTES, many}, {NULL, LARGE_BYTES, is_smoke ? 2 : 10},
    };
    bench_case cases[] = {
        {"reused, 8 KB", "ns/pair", measure_pairs, &of[0], {0}},
        {"reused, 8 KB, malloc", "ns/pair", measure_pairs, &of[1], {0}},
        {"reused, 1 MB", "ns/pair", measure_pairs, &of[2], {0}},
        {"reused, 1 MB, malloc", "ns/pair", measure_pairs, &of[3], {0}},
        {"reused, 16 MiB", "ns/pair", measure_pairs, &of[4], {0}},
        {"reused, 16 MiB, malloc", "ns/pair", measure_pairs, &of[5], {0}},
        {"reused, 160 MiB", "ns/pair", measure_pairs, &of[6], {0}},
        {"reused, 160 MiB, malloc", "ns/pair", measure_pairs, &of[7], {0}},
        {"two threads, 8 KB", "ns/pair", measure_threads, &of[0], {0}},
        {"two threads, 8 KB, malloc", "ns/pair", measure_threads, &of[1], {0}},
    };
    run_cases(report, cases, 10, is_smoke ? 1 : 5, is_smoke ? 2 : 51);
}

static void bench_memory(bench_report *report, lanes_arena *arena, bool is_smoke)
{
    lanes_arena *forgetful = make_arena(0);
    struct fixture ours = {arena, LARGE_BYTES, 1};
    struct fixture theirs = {NULL, LARGE_BYTES, 1};
    struct fixture fresh = {forgetful, LARGE_BYTES, 1};
    bench_case cases[] = {
        {"touched, 160 MiB reused", "ms", measure_touched, &ours, {0}},
        {"touched, 160 MiB, malloc", "ms", measure_touched, &theirs, {0}},
        {"calloc, touched, 160 MiB reused", "ms", measure_calloc, &ours, {0}},
        {"calloc, touched, 160 MiB, calloc", "ms", measure_calloc, &theirs, {0}},
        {"new, 160 MiB", "ms", measure_reserve, &fresh, {0}},
        {"new, touched and given back, 160 MiB", "ms", measure_touched, &fresh, {0}},
    };
    run_cases(report, cases, 6, 1, is_smoke ? 2 : 21);
    lanes_arena_release(forgetful);
}

int main(int argc, char **argv)
{
    const struct argp_child children[] = {{&bench_argp, 0, NULL, 0}, {0}};
    const struct argp_option no_options[] = {{0}};
    const struct argp parser = {
        .options = no_options,
        .doc = "Measure what blocks of an arena cost beside malloc's.",
        .children = children,
    };
    bench_options common = {.json = NULL};
    bench_parse(&parser, argc, argv, &common, &common);

    lanes_arena *arena = make_arena(1ull << 30);
    bench_report *report = bench_report_create("arena", &common);
    bench_pairs(report, arena, common.is_smoke);
    bench_memory(report, arena, common.is_smoke);
    lanes_arena_release(arena);
    return bench_report_finish(report);
}
