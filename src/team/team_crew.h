/* SPDX-License-Identifier: Apache-2.0 */
/*
 * team_crew.h - leader and workers of a team: how a job starts, ends, sleeps and wakes.
 * Independent of who made the threads.
 *
 * Everything turns on one word, the gate: generation, number of threads wanted, open bit,
 * and how many workers are inside the job.
 *
 *   leader   writes the job and the shares; stores the gate open (release), generation +
 * 1; runs tiles; when no tile is left, clears the open bit and waits until the number
 * inside is 0 (acquire). Only then does it return. worker   sees an open gate of a
 * generation it has not worked for; adds itself by compare-exchange of the whole gate
 * (acquire), so it gets in only while the gate is open; runs tiles; subtracts itself
 * (release).
 *
 * So the leader never waits for a worker that is still asleep, a late worker finds the
 * gate shut and touches nothing, and between two jobs nobody is inside: job and shares
 * need no other protection. A generation that comes round again costs a worker one job at
 * most, because `generation != seen` only saves it from joining the same job twice.
 *
 * Sleep: a worker sets its `sleeping` word (seq_cst) and then reads the gate (seq_cst); a
 * waker has stored or read the open gate (seq_cst) and then reads `sleeping`. One of the
 * two sees the other. The wake-up itself goes through the worker's mutex, under which it
 * checks the gate again. Workers wake in a tree: thread t wakes 2t + 1 and 2t + 2.
 */
#ifndef LANES_TEAM_CREW_H
#define LANES_TEAM_CREW_H

#include "team/team.h"

typedef struct lanes_team_crew lanes_team_crew;

/** Room for @p thread_count threads, none of which is started here. */
LANES_NODISCARD lanes_status lanes_team_crew_create(uint32_t thread_count,
                                                    uint64_t spin_ns,
                                                    lanes_team_crew **out_crew,
                                                    lanes_error *err);

/** Every worker must have left lanes_team_crew_work(). NULL is allowed. */
void lanes_team_crew_destroy(lanes_team_crew *crew);

/** Use only the first @p thread_count threads; before any of them works. */
void lanes_team_crew_shrink(lanes_team_crew *crew, uint32_t thread_count);

/**
 * Thread t is at plan->place[t]: idle threads help those of their own node first. Before
 * any of them works; without it, all are of one.
 */
void lanes_team_crew_note_places(lanes_team_crew *crew, const lanes_topo_plan *plan);

uint32_t lanes_team_crew_thread_count(const lanes_team_crew *crew);

/** The calling thread is thread @p thread; before any of them works. */
void lanes_team_crew_note_thread(lanes_team_crew *crew, uint32_t thread);

/** See lanes_team_each_thread(). */
void lanes_team_crew_each_thread(const lanes_team_crew *crew,
                                 void (*fn)(void *ctx, pthread_t thread), void *ctx);

/** See lanes_team_wake_count(). */
uint64_t lanes_team_crew_wake_count(const lanes_team_crew *crew);

/** Be worker @p thread (1 .. thread_count - 1) until lanes_team_crew_quit(). */
void lanes_team_crew_work(lanes_team_crew *crew, uint32_t thread);

/** As lanes_team_run(). Leader only. */
void lanes_team_crew_run(lanes_team_crew *crew, const lanes_team_job *job,
                         lanes_team_stats *out_stats);

/** Send the workers home. Leader only, once. */
void lanes_team_crew_quit(lanes_team_crew *crew);

#endif /* LANES_TEAM_CREW_H */
