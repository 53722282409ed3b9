/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_threads.c - the search for enough threads, on made-up machines.
 */
#include <criterion/criterion.h>
#include <stdint.h>

#include "engine/engine_threads.h"

#define SLICES 20000

/* Elements per microsecond with @p threads, as a part of 1000 of one thread's. */
typedef uint64_t (*curve_fn)(uint32_t threads);

static uint64_t linear(uint32_t threads)
{
    return 1000u * threads;
}

/* Memory is busy with three threads. */
static uint64_t saturated(uint32_t threads)
{
    return 1000u * (threads < 3 ? threads : 3);
}

/* Each thread beyond the fourth takes from the others. */
static uint64_t worse(uint32_t threads)
{
    return threads <= 4 ? 1000u * threads : 4000u - 200u * (threads - 4);
}

/* The second of two threads adds 8 %. */
static uint64_t hardly(uint32_t threads)
{
    return threads == 1 ? 1000u : 1080u;
}

struct simulation {
    lanes_engine_threads threads;
    uint32_t most;
    uint32_t noise;  /* per cent, up and down */
    uint32_t spikes; /* one slice of so many takes five times as long; 0: none does */
    uint64_t random;
    uint64_t used_ns;
    uint64_t best_ns; /* had every slice had the best number of threads */
};

static uint32_t random_below(struct simulation *s, uint32_t limit)
{
    s->random = s->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(s->random >> 33) % limit;
}

static struct simulation simulate(uint32_t most, uint32_t noise, uint64_t seed)
{
    return (struct simulation){.most = most, .noise = noise, .random = seed};
}

static uint64_t fastest(curve_fn curve, uint32_t most)
{
    uint64_t best = 0;
    for (uint32_t t = 1; t <= most; t++) {
        best = curve(t) > best ? curve(t) : best;
    }
    return best;
}

/* Runs @p slices, each of about 2 ms if every thread helps, as the server does. */
static void run(struct simulation *s, curve_fn curve, uint32_t slices)
{
    for (uint32_t i = 0; i < slices; i++) {
        const uint32_t threads = lanes_engine_threads_next(&s->threads, s->most);
        cr_assert(threads >= 1 && threads <= s->most);
        const uint64_t count = 2000u * threads;
        uint64_t ns = count * 1000000u / curve(threads);
        ns = ns * (100 - s->noise + random_below(s, 2 * s->noise + 1)) / 100;
        if (s->spikes != 0 && random_below(s, s->spikes) == 0) {
            ns *= 5;
        }
        s->used_ns += ns;
        s->best_ns += count * 1000000u / fastest(curve, s->most);
        lanes_engine_threads_note(&s->threads, ns, count);
    }
}

/* Part of 1000 that was lost against the best number of threads. */
static uint64_t lost(const struct simulation *s)
{
    return s->used_ns > s->best_ns ? (s->used_ns - s->best_ns) * 1000 / s->best_ns : 0;
}

/* What is used when no comparison runs. */
static uint32_t settled(struct simulation *s, curve_fn curve)
{
    while (s->threads.trial != 0) {
        run(s, curve, 1);
    }
    return lanes_engine_threads_next(&s->threads, s->most);
}

Test(engine_threads, one_thread_is_always_one)
{
    struct simulation s = simulate(1, 10, 1);
    run(&s, linear, SLICES);
    cr_assert_eq(settled(&s, linear), 1);
}

Test(engine_threads, all_run_until_something_is_known)
{
    struct simulation s = simulate(16, 0, 1);
    for (int i = 0; i < 60; i++) {
        cr_assert_eq(lanes_engine_threads_next(&s.threads, 16), 16);
        run(&s, saturated, 1);
    }
}

Test(engine_threads, of_sixteen_threads_three_are_enough)
{
    struct simulation s = simulate(16, 0, 1);
    run(&s, saturated, SLICES);
    cr_assert_eq(settled(&s, saturated), 3);
    cr_assert_leq(lost(&s), 5, "%lu of 1000", lost(&s));
}

Test(engine_threads, where_every_thread_helps_all_run_and_nothing_is_lost)
{
    const uint32_t teams[] = {2, 3, 4, 16, 64, 200};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(teams); i++) {
        struct simulation s = simulate(teams[i], 0, 1);
        run(&s, linear, SLICES);
        cr_assert_eq(settled(&s, linear), teams[i]);
        cr_assert_leq(lost(&s), 1, "%u threads: %lu of 1000", teams[i], lost(&s));
    }
}

Test(engine_threads, more_threads_that_harm_are_left_out)
{
    struct simulation s = simulate(16, 0, 1);
    run(&s, worse, SLICES);
    cr_assert_eq(settled(&s, worse), 4);
    /* Each search begins with all again; with all, it would be 1500 of 1000. */
    cr_assert_leq(lost(&s), 65, "%lu of 1000", lost(&s));
}

Test(engine_threads, small_gains_are_kept)
{
    struct simulation s = simulate(2, 0, 1);
    run(&s, hardly, SLICES);
    cr_assert_eq(settled(&s, hardly), 2);
    cr_assert_leq(lost(&s), 3, "%lu of 1000", lost(&s));
}

/* With noise a search can be wrong; most are not, and what is lost stays small. */
Test(engine_threads, noise_of_ten_per_cent_costs_little)
{
    const struct {
        curve_fn curve;
        uint32_t most;
        uint32_t lowest;
        uint32_t highest;
        uint64_t lost;
    } cases[] = {
        {linear, 2, 2, 2, 5},  {linear, 16, 16, 16, 8},    {hardly, 2, 2, 2, 10},
        {worse, 16, 3, 5, 70}, {saturated, 16, 3, 16, 10},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        uint32_t wrong = 0;
        for (uint64_t seed = 1; seed <= 20; seed++) {
            struct simulation s = simulate(cases[i].most, 10, seed);
            run(&s, cases[i].curve, SLICES);
            const uint32_t threads = settled(&s, cases[i].curve);
            wrong += threads < cases[i].lowest || threads > cases[i].highest;
            cr_assert_leq(lost(&s), cases[i].lost, "case %zu, seed %lu: %lu of 1000", i,
                          seed, lost(&s));
        }
        cr_assert_leq(wrong, 2, "case %zu: %u of 20", i, wrong);
    }
}

Test(engine_threads, slices_that_were_disturbed_decide_nothing)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct simulation s = simulate(2, 3, seed);
        s.spikes = 10;
        run(&s, linear, SLICES);
        cr_assert_eq(settled(&s, linear), 2, "seed %lu", seed);
    }
}

/* A kernel's cost can depend on the data, and memory can become free. */
Test(engine_threads, what_was_right_once_does_not_stay)
{
    struct simulation s = simulate(16, 3, 1);
    run(&s, saturated, SLICES);
    cr_assert_leq(settled(&s, saturated), 4);
    run(&s, linear, 5000);
    cr_assert_eq(settled(&s, linear), 16);
    run(&s, worse, 10000);
    cr_assert_leq(settled(&s, worse), 5);
}

Test(engine_threads, times_beyond_all_measure_do_no_harm)
{
    lanes_engine_threads threads = {0};
    for (int i = 0; i < 1000; i++) {
        cr_assert_leq(lanes_engine_threads_next(&threads, 8), 8);
        lanes_engine_threads_note(&threads, i % 3 == 0 ? UINT64_MAX : 0,
                                  i % 5 == 0 ? UINT64_MAX : 1);
    }
}

Test(engine_threads, with_another_team_nothing_is_known)
{
    struct simulation s = simulate(16, 3, 1);
    run(&s, saturated, SLICES);
    cr_assert_leq(settled(&s, saturated), 4);
    cr_assert_eq(lanes_engine_threads_next(&s.threads, 2), 2);
    cr_assert_eq(lanes_engine_threads_next(&s.threads, 8), 8);
}
