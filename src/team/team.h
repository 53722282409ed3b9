/* SPDX-License-Identifier: Apache-2.0 */
/*
 * team.h - a fixed set of pinned threads that share one job at a time.
 *
 * The team is one OpenMP parallel region that lives as long as the team: its threads are
 * pinned once and then wait in lanes' own sleep/wake, so an idle team costs nothing and a
 * burst of small jobs costs no region entry. Thread 0 is the leader: it runs the caller's
 * lanes_team_leader_fn inside the region, and starts jobs with lanes_team_run(), in which
 * it takes part. Two implementations behind this header: team_omp.c, and team_serial.c
 * (only the leader; for ThreadSanitizer and debugging).
 */
#ifndef LANES_TEAM_H
#define LANES_TEAM_H

#include <pthread.h>

#include "base/base.h"
#include "topo/topo.h"

typedef struct lanes_team lanes_team;

/** Run by thread 0 until it returns, which ends the team. */
typedef void (*lanes_team_leader_fn)(void *ctx, lanes_team *team);

/**
 * Run tile [begin, end) on thread @p thread. Called concurrently on all threads of the
 * team; must not start jobs.
 */
typedef void (*lanes_team_tile_fn)(void *ctx, uint32_t thread, uint64_t begin,
                                   uint64_t end);

typedef struct lanes_team_job {
    lanes_team_tile_fn run_tile;
    void *ctx;
    uint64_t count;        /* items, > 0 */
    uint64_t tile_count;   /* items of a tile, > 0; the last may be shorter */
    uint32_t thread_limit; /* use at most so many threads; 0 = all */
    const uint32_t
        *cancel; /* when it becomes non-zero, tiles not yet begun are skipped */
} lanes_team_job;

typedef struct lanes_team_stats {
    uint64_t tiles;   /* tiles run */
    uint32_t threads; /* threads that ran at least one */
} lanes_team_stats;

/**
 * Enter a parallel region with one thread per place of @p plan, pin them, run
 * @p leader(ctx) on thread 0 and return when it has returned and all threads have left.
 * The calling thread becomes thread 0 and keeps its binding afterwards.
 *
 * @param spin_ns  how long an idle thread spins, at most, before it sleeps (base/spin.h)
 */
LANES_NODISCARD lanes_status lanes_team_enter(const lanes_topo_plan *plan,
                                              uint64_t spin_ns,
                                              lanes_team_leader_fn leader, void *ctx,
                                              lanes_error *err);

/** Threads of the team, the leader included. */
uint32_t lanes_team_thread_count(const lanes_team *team);

/** The places the team was entered with; borrowed, as long as the team. */
const lanes_topo_plan *lanes_team_plan(const lanes_team *team);

/**
 * Call @p fn with each thread of the team. Any thread, while the leader has not returned.
 */
void lanes_team_each_thread(const lanes_team *team,
                            void (*fn)(void *ctx, pthread_t thread), void *ctx);

/** How often a worker has slept and was woken. Any thread, while the leader has not
 * returned. */
uint64_t lanes_team_wake_count(const lanes_team *team);

/**
 * Run a job on the team and return when every tile is done or skipped. Leader only.
 *
 * The tiles are divided into one contiguous run per thread, so that a thread touches
 * neighbouring pages and, from batch to batch, the same ones; a thread that has finished
 * its run takes tiles from the far end of another's, of its own NUMA node as long as
 * there are any. A job of one tile, or one with thread_limit 1, runs on the leader
 * without waking anybody.
 */
void lanes_team_run(lanes_team *team, const lanes_team_job *job,
                    lanes_team_stats *out_stats);

#endif /* LANES_TEAM_H */
