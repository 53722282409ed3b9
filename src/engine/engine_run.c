/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_run.c - tiles of the right size, run on the team, results summed up.
 *
 * How long an element takes differs by four orders of magnitude between callbacks, so the
 * size of a tile follows a measurement: of earlier slices if the caller has one, else of
 * the first elements. That decides too whether waking the team is worth it.
 */
#include "engine/engine.h"

#include "base/atomic.h"
#include "engine/engine_fenv.h"

/*
 * Wanted duration of a tile. Long against handing it out (about 0.1 us), short against a
 * slice of the server (2 ms), at whose end threads wait for the last tile.
 */
#define TILE_NS 50000u

/* A slice that one thread does in this time is not worth waking others for. */
#define ALONE_NS 15000u

/*
 * When nothing is known about a kernel, its first elements are run and timed:
 * PROBE_FIRST, then four times as many up to PROBE_COUNT in all or until PROBE_NS is
 * measured, below which the clock itself counts.
 */
#define PROBE_FIRST 4u
#define PROBE_COUNT 256u
#define PROBE_NS    2000u

/* Tiles are multiples of this, so that two threads rarely write one cache line. */
#define TILE_STEP 64u

/* Bytes of a tile when the private cache is unknown; else half of it. */
#define TILE_BYTES_DEFAULT (512u << 10)

/* Tiles per thread that a batch is cut into at least, to balance uneven elements. */
#define TILES_PER_THREAD 4u

struct run_state {
    const lanes_engine_plan *plan;
    lanes_loop_fn loop;
    uint64_t first;           /* element that is item 0 of the job */
    lanes_loop_result result; /* summed by the threads whose tiles had failures */
};

static void add_result(lanes_loop_result *to, const lanes_loop_result *from)
{
    lanes_fetch_add_relaxed_u64(&to->failed, from->failed);
    uint64_t first = lanes_load_relaxed_u64(&to->first_failed);
    while (from->first_failed < first &&
           !lanes_compare_exchange_acq_rel_u64(&to->first_failed, &first,
                                               from->first_failed)) {
    }
}

static void run_range(void *ctx, uint32_t thread, uint64_t begin, uint64_t end)
{
    (void)thread;
    struct run_state *state = ctx;
    lanes_loop_result result = LANES_LOOP_RESULT_INIT;
    const lanes_engine_fenv saved = lanes_engine_fenv_enter();
    state->loop(&state->plan->frame, state->first + begin, state->first + end, &result);
    lanes_engine_fenv_leave(saved);
    if (result.failed != 0) {
        add_result(&state->result, &result);
    }
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Elements of a tile; a multiple of TILE_STEP. */
static uint64_t choose_tile_count(const lanes_team *team, const lanes_engine_plan *plan,
                                  uint64_t count, uint64_t element_ps)
{
    const uint64_t cache_bytes = lanes_team_plan(team)->core_cache_bytes;
    const uint64_t tile_bytes = cache_bytes != 0 ? cache_bytes / 2 : TILE_BYTES_DEFAULT;
    uint64_t tile = tile_bytes / (plan->element_bytes != 0 ? plan->element_bytes : 1);
    tile = min_u64(tile, TILE_NS * UINT64_C(1000) / element_ps);
    tile = min_u64(tile, count / (TILES_PER_THREAD * lanes_team_thread_count(team)));
    tile = min_u64(tile, LANES_TILE_COUNT_MAX);
    tile -= tile % TILE_STEP;
    return tile != 0 ? tile : TILE_STEP;
}

/* Picoseconds that one element took one thread; at least 1. */
static uint64_t cost_ps(uint64_t run_ns, uint32_t threads, uint64_t count)
{
    uint64_t total_ps;
    if (!lanes_mul_u64(run_ns, 1000u * (uint64_t)threads, &total_ps)) {
        total_ps = UINT64_MAX;
    }
    const uint64_t each = total_ps / count;
    return each != 0 ? each : 1;
}

static void run_tiles(lanes_team *team, struct run_state *state, uint64_t begin,
                      uint64_t end, const uint32_t *cancel, lanes_engine_outcome *outcome)
{
    const uint64_t start_ns = lanes_clock_ns();
    const uint64_t count = end - begin;
    uint64_t alone_ps;
    const bool is_short = lanes_mul_u64(count, outcome->element_ps, &alone_ps) &&
                          alone_ps < ALONE_NS * UINT64_C(1000);
    state->first = begin;
    const lanes_team_job job = {
        .run_tile = run_range,
        .ctx = state,
        .count = count,
        .tile_count =
            is_short ? count
                     : choose_tile_count(team, state->plan, count, outcome->element_ps),
        .thread_limit = is_short ? 1 : 0,
        .cancel = cancel,
    };
    lanes_team_stats stats;
    lanes_team_run(team, &job, &stats);
    outcome->tiles += stats.tiles;
    if (stats.threads > outcome->threads) {
        outcome->threads = stats.threads;
    }
    if (stats.tiles ==
        (count - 1) / job.tile_count + 1) { /* else cancelled: no measure */
        outcome->element_ps = cost_ps(lanes_clock_ns() - start_ns, stats.threads, count);
    }
}

/* Runs and times the first elements; returns how many. */
static uint64_t run_probe(struct run_state *state, uint64_t begin, uint64_t end,
                          const uint32_t *cancel, lanes_engine_outcome *outcome)
{
    const uint64_t limit = min_u64(end - begin, PROBE_COUNT);
    uint64_t done = 0;
    uint64_t step = PROBE_FIRST;
    state->first = begin;
    while (done < limit && (cancel == NULL || lanes_load_relaxed_u32(cancel) == 0)) {
        const uint64_t count = min_u64(step, limit - done);
        const uint64_t start_ns = lanes_clock_ns();
        run_range(state, 0, done, done + count);
        const uint64_t taken_ns = lanes_clock_ns() - start_ns;
        done += count;
        outcome->tiles++;
        if (taken_ns >= PROBE_NS || done == PROBE_COUNT) {
            outcome->element_ps = cost_ps(taken_ns, 1, count);
            break;
        }
        step = 3 * done; /* 4, 12, 48, 192 */
    }
    if (done > 0 && outcome->threads == 0) {
        outcome->threads = 1;
    }
    return done;
}

void lanes_engine_run(lanes_team *team, const lanes_engine_plan *plan, lanes_loop_fn loop,
                      uint64_t begin, uint64_t end, const uint32_t *cancel,
                      lanes_engine_outcome *outcome)
{
    LANES_ASSERT(begin <= end && end <= plan->count);
    if (begin == end) {
        return;
    }
    const uint64_t start_ns = lanes_clock_ns();
    struct run_state state = {
        .plan = plan, .loop = loop, .result = LANES_LOOP_RESULT_INIT};
    if (outcome->element_ps == 0) {
        begin += run_probe(&state, begin, end, cancel, outcome);
    }
    if (begin < end && outcome->element_ps != 0) {
        run_tiles(team, &state, begin, end, cancel, outcome);
    }
    outcome->result.failed += state.result.failed;
    outcome->result.first_failed =
        min_u64(outcome->result.first_failed, state.result.first_failed);
    outcome->run_ns += lanes_clock_ns() - start_ns;
}
