/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_threads.h - how many threads a variant's slices are worth.
 *
 * Kernels that only move memory stop getting faster when the memory is busy, often with a
 * few threads of many; the others then cost power and the clients' cores. How many are
 * enough is measured, on slices that are run anyway: a comparison runs some with the
 * number that was best so far and, in turn, some with a quarter less, and goes on
 * downwards until fewer are slower. Results never depend on any of this.
 *
 * Pure: no clock and no team, one owner, no allocation.
 */
#ifndef LANES_ENGINE_THREADS_H
#define LANES_ENGINE_THREADS_H

#include "base/base.h"

/** What was measured of one variant. All zero: nothing. */
typedef struct lanes_engine_threads {
    uint32_t most;     /* threads of the team; 0: not begun */
    uint32_t enough;   /* the fewest that were as fast as the best */
    uint32_t best;     /* the fastest of the present search */
    uint32_t trial;    /* fewer, that are being compared with best; 0: none */
    uint32_t rest;     /* slices until the next search */
    uint32_t rest_now; /* what rest began with */
    uint32_t before;   /* what the last search found */
    uint32_t slices;   /* of the comparison; even ones run with best */
    uint64_t best_fs;  /* the least time of an element in those, in femtoseconds */
    uint64_t trial_fs; /* and in the others */
} lanes_engine_threads;

/**
 * Threads to run the next slice with, 1 .. @p most. With another @p most than the last
 * time, nothing is known.
 */
uint32_t lanes_engine_threads_next(lanes_engine_threads *threads, uint32_t most);

/**
 * Tell how long the slice took that lanes_engine_threads_next() was asked about. Slices
 * that are no measure (short ones, of unknown cost, cancelled) are not told.
 *
 * @param count  elements, > 0
 */
void lanes_engine_threads_note(lanes_engine_threads *threads, uint64_t slice_ns,
                               uint64_t count);

#endif /* LANES_ENGINE_THREADS_H */
