/* SPDX-License-Identifier: Apache-2.0 */
/*
 * team_crew.c - the gate, sleeping and waking; the protocol is in team_crew.h.
 */
#include "team/team_crew.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "base/atomic.h"
#include "base/spin.h"
#include "team/team_tiles.h"

/* The gate, from bit 0: workers inside, flags, threads wanted, generation. */
#define GATE_INSIDE_MASK      0xffffu
#define GATE_OPEN             (1u << 16)
#define GATE_LEADER_SLEEPS    (1u << 17) /* the last worker out wakes the leader */
#define GATE_QUIT             (1u << 18)
#define GATE_WANTED_SHIFT     20
#define GATE_WANTED_MASK      0xfffu
#define GATE_GENERATION_SHIFT 32

_Static_assert(LANES_PLACES_MAX <= GATE_WANTED_MASK, "threads fit into the gate");

/*
 * Looks at the gate between two looks at the clock: about a microsecond of pauses. Then
 * the core is offered to a client that may want to run on it: with every fourth turn
 * only, batches of 100000 elements took 3 us more (2 cores, 2 threads, a client that
 * spins).
 */
#define SPINS_PER_CLOCK 32

/* Where one thread sleeps. */
struct crew_bed {
    _Alignas(LANES_CACHE_LINE) uint32_t sleeping; /* owner writes; wakers read; seq_cst */
    uint64_t wakes;         /* owner writes, anybody reads; relaxed */
    lanes_spin spin;        /* owner's */
    pthread_t owner;        /* constant once threads work */
    lanes_team_group group; /* of the owner's node; likewise */
    pthread_mutex_t mutex;
    pthread_cond_t cond;
};

struct lanes_team_crew {
    _Alignas(LANES_CACHE_LINE) uint64_t gate; /* everybody; see team_crew.h */
    /* Written by the leader while nobody is inside, read by those inside. */
    _Alignas(LANES_CACHE_LINE) lanes_team_job job;
    uint32_t wanted; /* threads of this job */
    /* Constant once threads work. */
    uint32_t thread_count;
    uint64_t spin_ns;
    lanes_team_share *shares; /* [thread_count] */
    struct crew_bed *beds;    /* [thread_count] */
};

static uint32_t wanted_of(uint64_t gate)
{
    return (uint32_t)(gate >> GATE_WANTED_SHIFT) & GATE_WANTED_MASK;
}

static uint32_t generation_of(uint64_t gate)
{
    return (uint32_t)(gate >> GATE_GENERATION_SHIFT);
}

static void *allocate_lines(size_t bytes)
{
    /* Every type here is aligned to, hence sized in, cache lines. */
    return aligned_alloc(LANES_CACHE_LINE, bytes);
}

lanes_status lanes_team_crew_create(uint32_t thread_count, uint64_t spin_ns,
                                    lanes_team_crew **out_crew, lanes_error *err)
{
    if (thread_count == 0 || thread_count > LANES_PLACES_MAX) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "a team of %u threads; it can have 1 to %u", thread_count,
                               LANES_PLACES_MAX);
    }
    lanes_team_crew *crew = allocate_lines(sizeof(*crew));
    lanes_team_share *shares = allocate_lines(thread_count * sizeof(*shares));
    struct crew_bed *beds = allocate_lines(thread_count * sizeof(*beds));
    if (crew == NULL || shares == NULL || beds == NULL) {
        free(crew);
        free(shares);
        free(beds);
        return lanes_error_set(err, -ENOMEM, "no memory for a team of %u threads",
                               thread_count);
    }
    for (uint32_t i = 0; i < thread_count; i++) {
        shares[i] = (lanes_team_share){0};
        beds[i].sleeping = 0;
        beds[i].wakes = 0;
        beds[i].spin = lanes_spin_make(spin_ns);
        beds[i].group = (lanes_team_group){.begin = 0, .end = thread_count};
        pthread_mutex_init(&beds[i].mutex, NULL);
        pthread_cond_init(&beds[i].cond, NULL);
    }
    *crew = (lanes_team_crew){
        .thread_count = thread_count,
        .spin_ns = spin_ns,
        .shares = shares,
        .beds = beds,
    };
    *out_crew = crew;
    return LANES_OK;
}

void lanes_team_crew_destroy(lanes_team_crew *crew)
{
    if (crew == NULL) {
        return;
    }
    for (uint32_t i = 0; i < crew->thread_count; i++) {
        pthread_mutex_destroy(&crew->beds[i].mutex);
        pthread_cond_destroy(&crew->beds[i].cond);
    }
    free(crew->shares);
    free(crew->beds);
    free(crew);
}

void lanes_team_crew_shrink(lanes_team_crew *crew, uint32_t thread_count)
{
    LANES_ASSERT(thread_count >= 1 && thread_count <= crew->thread_count);
    for (uint32_t i = thread_count; i < crew->thread_count; i++) {
        pthread_mutex_destroy(&crew->beds[i].mutex);
        pthread_cond_destroy(&crew->beds[i].cond);
    }
    crew->thread_count = thread_count;
}

void lanes_team_crew_note_places(lanes_team_crew *crew, const lanes_topo_plan *plan)
{
    LANES_ASSERT(crew->thread_count <= plan->count);
    uint32_t begin = 0;
    for (uint32_t end = 1; end <= crew->thread_count; end++) {
        if (end < crew->thread_count &&
            plan->place[end].node == plan->place[begin].node) {
            continue;
        }
        for (uint32_t i = begin; i < end; i++) {
            crew->beds[i].group = (lanes_team_group){.begin = begin, .end = end};
        }
        begin = end;
    }
}

uint32_t lanes_team_crew_thread_count(const lanes_team_crew *crew)
{
    return crew->thread_count;
}

void lanes_team_crew_note_thread(lanes_team_crew *crew, uint32_t thread)
{
    crew->beds[thread].owner = pthread_self();
}

void lanes_team_crew_each_thread(const lanes_team_crew *crew,
                                 void (*fn)(void *ctx, pthread_t thread), void *ctx)
{
    for (uint32_t i = 0; i < crew->thread_count; i++) {
        fn(ctx, crew->beds[i].owner);
    }
}

uint64_t lanes_team_crew_wake_count(const lanes_team_crew *crew)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < crew->thread_count; i++) {
        count += lanes_load_relaxed_u64(&crew->beds[i].wakes);
    }
    return count;
}

static void wake_thread(lanes_team_crew *crew, uint32_t thread)
{
    struct crew_bed *bed = &crew->beds[thread];
    /* Pairs with the store in sleep_until_called(). */
    if (lanes_load_seq_cst_u32(&bed->sleeping) != 0) {
        pthread_mutex_lock(&bed->mutex);
        pthread_cond_signal(&bed->cond);
        pthread_mutex_unlock(&bed->mutex);
    }
}

static void wake_children(lanes_team_crew *crew, uint32_t thread, uint32_t wanted)
{
    for (uint32_t child = 2 * thread + 1; child <= 2 * thread + 2 && child < wanted;
         child++) {
        wake_thread(crew, child);
    }
}

/* ---- Worker ---------------------------------------------------------------------- */

static bool is_called(uint64_t gate, uint32_t thread, uint32_t seen)
{
    return (gate & GATE_QUIT) != 0 ||
           ((gate & GATE_OPEN) != 0 && generation_of(gate) != seen &&
            thread < wanted_of(gate));
}

static uint64_t sleep_until_called(lanes_team_crew *crew, uint32_t thread, uint32_t seen)
{
    struct crew_bed *bed = &crew->beds[thread];
    pthread_mutex_lock(&bed->mutex);
    lanes_store_seq_cst_u32(&bed->sleeping, 1); /* before the look at the gate */
    uint64_t gate = lanes_load_seq_cst_u64(&crew->gate);
    while (!is_called(gate, thread, seen)) {
        pthread_cond_wait(&bed->cond, &bed->mutex);
        gate = lanes_load_seq_cst_u64(&crew->gate);
    }
    lanes_store_relaxed_u32(&bed->sleeping, 0); /* a needless wake-up does no harm */
    lanes_store_relaxed_u64(&bed->wakes, bed->wakes + 1);
    pthread_mutex_unlock(&bed->mutex);
    return gate;
}

/* Returns the gate that called this thread. */
static uint64_t wait_until_called(lanes_team_crew *crew, uint32_t thread, uint32_t seen)
{
    struct crew_bed *bed = &crew->beds[thread];
    const uint64_t start_ns = lanes_clock_ns();
    do {
        for (int i = 0; i < SPINS_PER_CLOCK; i++) {
            const uint64_t gate = lanes_load_seq_cst_u64(&crew->gate);
            if (is_called(gate, thread, seen)) {
                return gate;
            }
            lanes_cpu_relax();
        }
        sched_yield();
    } while (lanes_clock_ns() - start_ns < bed->spin.now_ns);
    const uint64_t gate = sleep_until_called(crew, thread, seen);
    lanes_spin_learn(&bed->spin, lanes_clock_ns() - start_ns);
    return gate;
}

/* Gets into the job of @p gate's generation unless it has shut. */
static bool join(lanes_team_crew *crew, uint64_t gate)
{
    const uint32_t generation = generation_of(gate);
    while ((gate & GATE_OPEN) != 0 && generation_of(gate) == generation) {
        /* Acquire: pairs with the store in open_gate(). */
        if (lanes_compare_exchange_acq_rel_u64(&crew->gate, &gate, gate + 1)) {
            return true;
        }
    }
    return false;
}

static void leave(lanes_team_crew *crew)
{
    /* Release: pairs with the acquire in wait_until_empty(). */
    const uint64_t before = lanes_fetch_add_acq_rel_u64(&crew->gate, UINT64_MAX);
    if ((before & GATE_INSIDE_MASK) == 1 && (before & GATE_LEADER_SLEEPS) != 0) {
        pthread_mutex_lock(&crew->beds[0].mutex);
        pthread_cond_signal(&crew->beds[0].cond);
        pthread_mutex_unlock(&crew->beds[0].mutex);
    }
}

static bool is_cancelled(const lanes_team_job *job)
{
    return job->cancel != NULL && lanes_load_relaxed_u32(job->cancel) != 0;
}

static void run_tile(const lanes_team_job *job, uint32_t thread, uint64_t tile)
{
    const uint64_t begin = tile * job->tile_count;
    const uint64_t rest = job->count - begin;
    job->run_tile(job->ctx, thread, begin,
                  begin + (rest < job->tile_count ? rest : job->tile_count));
}

static void run_tiles(lanes_team_crew *crew, uint32_t thread)
{
    const lanes_team_job *job = &crew->job;
    const lanes_team_group group = crew->beds[thread].group;
    uint64_t tiles = 0;
    uint32_t tile;
    while (!is_cancelled(job) &&
           lanes_team_shares_take(crew->shares, crew->wanted, group, thread, &tile)) {
        run_tile(job, thread, tile);
        tiles++;
    }
    crew->shares[thread].tiles = tiles;
}

void lanes_team_crew_work(lanes_team_crew *crew, uint32_t thread)
{
    LANES_ASSERT(thread >= 1 && thread < crew->thread_count);
    uint32_t seen = 0;
    for (;;) {
        const uint64_t gate = wait_until_called(crew, thread, seen);
        if ((gate & GATE_QUIT) != 0) {
            return;
        }
        seen = generation_of(gate);
        if (join(crew, gate)) {
            wake_children(crew, thread, crew->wanted);
            run_tiles(crew, thread);
            leave(crew);
        }
    }
}

/* ---- Leader ---------------------------------------------------------------------- */

static void open_gate(lanes_team_crew *crew, uint32_t wanted)
{
    /* Nobody is inside, so nobody else writes the gate. */
    const uint32_t generation = generation_of(lanes_load_relaxed_u64(&crew->gate)) + 1;
    lanes_store_seq_cst_u64(&crew->gate, (uint64_t)generation << GATE_GENERATION_SHIFT |
                                             (uint64_t)wanted << GATE_WANTED_SHIFT |
                                             GATE_OPEN);
}

/* Clears and sets @p clear and @p set; returns the gate with that done. */
static uint64_t change_gate(lanes_team_crew *crew, uint64_t clear, uint64_t set)
{
    uint64_t gate = lanes_load_relaxed_u64(&crew->gate);
    uint64_t changed;
    do {
        changed = (gate & ~clear) | set;
    } while (!lanes_compare_exchange_acq_rel_u64(&crew->gate, &gate, changed));
    return changed;
}

/* Spins first: workers inside are at their last tiles. */
static void wait_until_empty(lanes_team_crew *crew)
{
    const uint64_t start_ns = lanes_clock_ns();
    do {
        for (int i = 0; i < SPINS_PER_CLOCK; i++) {
            if ((lanes_load_acquire_u64(&crew->gate) & GATE_INSIDE_MASK) == 0) {
                return;
            }
            lanes_cpu_relax();
        }
    } while (lanes_clock_ns() - start_ns < crew->spin_ns);
    struct crew_bed *bed = &crew->beds[0];
    pthread_mutex_lock(&bed->mutex);
    uint64_t gate = change_gate(crew, 0, GATE_LEADER_SLEEPS);
    while ((gate & GATE_INSIDE_MASK) != 0) {
        /* The last worker out has to take the mutex, so it cannot signal too early. */
        pthread_cond_wait(&bed->cond, &bed->mutex);
        gate = lanes_load_acquire_u64(&crew->gate);
    }
    pthread_mutex_unlock(&bed->mutex);
}

static void run_alone(const lanes_team_job *job, uint64_t tile_total,
                      lanes_team_stats *out_stats)
{
    uint64_t tiles = 0;
    while (tiles < tile_total && !is_cancelled(job)) {
        run_tile(job, 0, tiles);
        tiles++;
    }
    *out_stats = (lanes_team_stats){.tiles = tiles, .threads = tiles > 0 ? 1 : 0};
}

void lanes_team_crew_run(lanes_team_crew *crew, const lanes_team_job *job,
                         lanes_team_stats *out_stats)
{
    LANES_ASSERT(job->count > 0 && job->tile_count > 0);
    const uint64_t tiles = (job->count - 1) / job->tile_count + 1;
    uint64_t wanted = crew->thread_count;
    if (job->thread_limit != 0 && job->thread_limit < wanted) {
        wanted = job->thread_limit;
    }
    wanted = tiles < wanted ? tiles : wanted;
    if (wanted == 1) {
        run_alone(job, tiles, out_stats);
        return;
    }
    crew->job = *job;
    if (tiles > LANES_TEAM_TILES_MAX) {
        crew->job.tile_count = (job->count - 1) / LANES_TEAM_TILES_MAX + 1;
    }
    crew->wanted = (uint32_t)wanted;
    const uint64_t tile_total = (job->count - 1) / crew->job.tile_count + 1;
    lanes_team_shares_divide(crew->shares, crew->wanted, (uint32_t)tile_total);
    open_gate(crew, crew->wanted);
    wake_children(crew, 0, crew->wanted);
    run_tiles(crew, 0);
    if ((change_gate(crew, GATE_OPEN, 0) & GATE_INSIDE_MASK) != 0) {
        wait_until_empty(crew);
    }
    *out_stats = (lanes_team_stats){0};
    for (uint32_t i = 0; i < crew->wanted; i++) {
        out_stats->tiles += crew->shares[i].tiles;
        out_stats->threads += crew->shares[i].tiles > 0;
    }
}

void lanes_team_crew_quit(lanes_team_crew *crew)
{
    lanes_store_seq_cst_u64(&crew->gate, GATE_QUIT);
    for (uint32_t i = 1; i < crew->thread_count; i++) {
        wake_thread(crew, i);
    }
}
