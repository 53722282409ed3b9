/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stress_team.c - the hand-out of tiles and the gate, on pthreads so that
 * ThreadSanitizer sees everything: random jobs, skewed tile costs (so that threads
 * steal), random pauses (so that workers sleep), random cancels.
 *
 *   stress_team [SECONDS [SEED]]
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/atomic.h"
#include "team/team_crew.h"

#define THREADS   4
#define TILES_MAX 3000

struct job_state {
    /* Plain on purpose: two runs of one tile, or a late worker, are data races. */
    uint32_t hits[TILES_MAX];
    uint32_t cancel;
    uint32_t cancel_at; /* tile number that cancels; UINT32_MAX = none */
    uint32_t skew;      /* spins of the tiles in the first quarter */
};

struct worker {
    lanes_team_crew *crew;
    uint32_t thread;
    pthread_t id;
};

static uint64_t random_state;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % limit;
}

static void *work(void *ctx)
{
    struct worker *self = ctx;
    lanes_team_crew_work(self->crew, self->thread);
    return NULL;
}

static void run_tile(void *ctx, uint32_t thread, uint64_t begin, uint64_t end)
{
    (void)thread;
    struct job_state *state = ctx;
    for (uint64_t i = begin; i < end; i++) {
        state->hits[i]++;
        if (i == state->cancel_at) {
            lanes_store_relaxed_u32(&state->cancel, 1);
        }
        if (i < TILES_MAX / 4) {
            for (uint32_t spin = 0; spin < state->skew; spin++) {
                lanes_cpu_relax();
            }
        }
    }
}

static void fail(const char *what, uint64_t round)
{
    fprintf(stderr, "stress_team: %s in round %llu\n", what, (unsigned long long)round);
    exit(1);
}

static void run_one(lanes_team_crew *crew, uint64_t round)
{
    static struct job_state state;
    memset(&state, 0, sizeof(state));
    const uint32_t count = 1 + random_below(random_below(4) == 0 ? TILES_MAX : 40);
    const uint32_t is_cancelling = random_below(8) == 0;
    state.cancel_at = is_cancelling ? random_below(count) : UINT32_MAX;
    state.skew = random_below(3) == 0 ? 200 : 0;
    const lanes_team_job job = {
        .run_tile = run_tile,
        .ctx = &state,
        .count = count,
        .tile_count = 1 + random_below(3),
        .thread_limit = random_below(THREADS + 1),
        .cancel = &state.cancel,
    };
    lanes_team_stats stats;
    lanes_team_crew_run(crew, &job, &stats);
    const uint64_t tiles = (count - 1) / job.tile_count + 1;
    if (is_cancelling ? stats.tiles > tiles : stats.tiles != tiles) {
        fail("wrong number of tiles", round);
    }
    for (uint32_t i = 0; i < TILES_MAX; i++) {
        const uint32_t expected = i < count ? 1 : 0;
        if (is_cancelling ? state.hits[i] > expected : state.hits[i] != expected) {
            fail("an item ran never or twice", round);
        }
    }
    if (random_below(64) == 0) {
        nanosleep(&(struct timespec){.tv_nsec = random_below(200000)}, NULL);
    }
}

int main(int argc, char **argv)
{
    const uint64_t seconds = argc > 1 ? strtoull(argv[1], NULL, 10) : 3;
    random_state = argc > 2 ? strtoull(argv[2], NULL, 10) : lanes_clock_ns();
    printf("stress_team: seed %llu\n", (unsigned long long)random_state);
    lanes_team_crew *crew = NULL;
    if (lanes_team_crew_create(THREADS, 20000, &crew, NULL) < 0) {
        return 1;
    }
    struct worker workers[THREADS];
    for (uint32_t i = 1; i < THREADS; i++) {
        workers[i] = (struct worker){.crew = crew, .thread = i};
        if (pthread_create(&workers[i].id, NULL, work, &workers[i]) != 0) {
            return 1;
        }
    }
    const uint64_t end_ns = lanes_clock_ns() + seconds * 1000000000u;
    uint64_t rounds = 0;
    while (lanes_clock_ns() < end_ns) {
        run_one(crew, rounds);
        rounds++;
    }
    lanes_team_crew_quit(crew);
    for (uint32_t i = 1; i < THREADS; i++) {
        pthread_join(workers[i].id, NULL);
    }
    lanes_team_crew_destroy(crew);
    printf("stress_team: %llu jobs\n", (unsigned long long)rounds);
    return 0;
}
