/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_threads.c - the search for the fewest threads that are as fast as all.
 *
 * It starts with all threads and only goes down, each time compared with the fastest seen
 * in this search and not with the last accepted, so that small losses do not add up. A
 * later search starts with all again: so nothing wrong stays, and each that finds the
 * same makes the rest before the next twice as long.
 */
#include "engine/engine_threads.h"

/* Fewer threads are enough if they are at most 1 / ENOUGH_PART slower: 3 %. */
#define ENOUGH_PART 32u

/* Slices of each kind in a comparison. Their least time counts: what disturbs a slice
 * makes it longer, never shorter. */
#define SLICES_EACH 12u

/* A difference of 1 / CLEAR_PART ends a comparison early: for the worse after one slice
 * of each, as where every thread helps a trial is a loss; for the better after a few. */
#define CLEAR_PART        4u
#define CLEAR_BETTER_EACH 4u

/* Slices between searches: 0.1 s to 8 s of the server's. */
#define REST_LEAST 64u
#define REST_MOST  4096u

/* Slices that are longer count as of this: 1000 s, whose femtoseconds fit. */
#define SLICE_NS_MOST UINT64_C(1000000000000)

static uint32_t fewer(uint32_t threads)
{
    return threads - (threads >= 4 ? threads / 4 : 1);
}

static void begin_comparison(lanes_engine_threads *threads, uint32_t trial)
{
    threads->trial = trial;
    threads->slices = 0;
    threads->best_fs = UINT64_MAX;
    threads->trial_fs = UINT64_MAX;
}

static void begin_search(lanes_engine_threads *threads)
{
    threads->best = threads->most;
    threads->before = threads->enough;
    threads->enough = threads->most;
    begin_comparison(threads, fewer(threads->most));
}

static void end_search(lanes_engine_threads *threads)
{
    const bool is_same = threads->enough == threads->before;
    uint32_t rest = is_same ? 2 * threads->rest_now : REST_LEAST;
    rest = rest < REST_MOST ? rest : REST_MOST;
    threads->trial = 0;
    threads->rest = rest;
    threads->rest_now = rest;
}

/* Takes the trial, and goes on with fewer still. */
static void accept(lanes_engine_threads *threads)
{
    threads->enough = threads->trial;
    if (threads->trial_fs < threads->best_fs) {
        threads->best = threads->trial;
    }
    if (threads->enough > 1) {
        begin_comparison(threads, fewer(threads->enough));
    } else {
        end_search(threads);
    }
}

static void compare(lanes_engine_threads *threads)
{
    const uint64_t best = threads->best_fs;
    const uint64_t trial = threads->trial_fs;
    const uint32_t each = threads->slices / 2;
    if (trial > best + best / CLEAR_PART) {
        end_search(threads);
    } else if (each >= CLEAR_BETTER_EACH && best > trial + trial / CLEAR_PART) {
        accept(threads);
    } else if (each >= SLICES_EACH && trial <= best + best / ENOUGH_PART) {
        accept(threads);
    } else if (each >= SLICES_EACH) {
        end_search(threads);
    }
}

uint32_t lanes_engine_threads_next(lanes_engine_threads *threads, uint32_t most)
{
    LANES_ASSERT(most > 0);
    if (threads->most != most) {
        *threads = (lanes_engine_threads){
            .most = most,
            .enough = most,
            .best = most,
            .rest = REST_LEAST,
            .rest_now = REST_LEAST,
        };
    }
    if (threads->trial == 0) {
        return threads->enough;
    }
    return threads->slices % 2 == 0 ? threads->best : threads->trial;
}

static uint64_t element_fs(uint64_t slice_ns, uint64_t count)
{
    const uint64_t ns = slice_ns < SLICE_NS_MOST ? slice_ns : SLICE_NS_MOST;
    return ns * 1000000u / count;
}

void lanes_engine_threads_note(lanes_engine_threads *threads, uint64_t slice_ns,
                               uint64_t count)
{
    LANES_ASSERT(threads->most > 0 && count > 0);
    if (threads->most == 1) {
        return;
    }
    if (threads->trial == 0) {
        threads->rest--;
        if (threads->rest == 0) {
            begin_search(threads);
        }
        return;
    }
    const uint64_t fs = element_fs(slice_ns, count);
    uint64_t *least = threads->slices % 2 == 0 ? &threads->best_fs : &threads->trial_fs;
    *least = fs < *least ? fs : *least;
    threads->slices++;
    if (threads->slices % 2 == 0) {
        compare(threads);
    }
}
