/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_run.c - tiles of the right size, run on the team, results summed up.
 *
 * How long an element takes differs by four orders of magnitude between callbacks, so the
 * size of a tile follows a measurement: of earlier slices if the caller has one, else of
 * the first elements. That decides too whether waking the team is worth it.
 *
 * Of a placed batch (engine_place.h), what is run here are items of its slices; which
 * elements those are is looked up at the last moment.
 *
 * Each tile is a guarded call. What a fault leaves behind is dropped where the guard is,
 * on the thread and in the tile that had it, so the team never notices (README.md).
 */
#include "engine/engine.h"

#include "base/atomic.h"
#include "engine/engine_fenv.h"
#include "engine/engine_internal.h"
#include "runtime/runtime.h"

/*
 * Wanted duration of a tile. Long against handing it out (about 0.1 us), short against a
 * slice of the server (2 ms), at whose end threads wait for the last tile.
 */
#define TILE_NS 50000u

/*
 * A slice that one thread does in this time is not worth waking others for. Two that spin
 * do 10 us of work in 7 to 8, as each has its own second-level cache (y += 2.5 * x of
 * 100000 f8: 10 us instead of 17; 2 cores, one of them shared with the client).
 */
#define ALONE_NS 8000u

/*
 * What a job of several threads costs beside its tiles, when they spin. It would make
 * elements look so expensive that a short slice always seems worth several threads.
 */
#define TEAM_NS 4000u

/* After so many slices by several threads, about, one is tried alone again. */
#define ALONE_DECAY 32u

/*
 * When nothing is known about a kernel, its first elements are run and timed:
 * PROBE_FIRST, then four times as many up to PROBE_COUNT in all or until PROBE_NS is
 * measured, below which the clock itself counts.
 */
#define PROBE_FIRST 4u
#define PROBE_COUNT 256u
#define PROBE_NS    2000u

/* What an element of a placed reduction is taken to cost before anything is known. */
#define PLACED_PS 1000u

/* Tiles are multiples of this, so that two threads rarely write one cache line. */
#define TILE_STEP 64u

/* Bytes of a tile when the private cache is unknown; else half of it. */
#define TILE_BYTES_DEFAULT (512u << 10)

/*
 * Tiles of panels are longer: the rows that share a cache line belong together, and rows
 * whose columns are all in pages of their own share the look-ups of these. They are run a
 * few columns at a time, so what they hold does not have to fit into a cache.
 */
#define PANEL_TILE_NS   500000u
#define PANEL_TILE_ROWS 32u

/* Tiles per thread that a batch is cut into at least, to balance uneven elements. */
#define TILES_PER_THREAD 4u

struct run_state {
    const lanes_engine_plan *plan;
    lanes_loop_fn loop;
    lanes_engine_end end;            /* the caller's */
    uint64_t first;                  /* item of the pass that is item 0 of the job */
    const lanes_engine_slice *slice; /* whose items they are; NULL: of loop indices */
    uint64_t now_ns;          /* the clock, when it was last read: 20 ns each time */
    uint32_t stop;            /* 1: start no more tiles; set by a fault or by cancel */
    uint64_t skipped;         /* tiles that were handed out all the same */
    lanes_loop_result result; /* summed by the threads whose tiles had failures */
    uint32_t fault_lock;      /* 1: a thread writes what follows */
    lanes_os_fault fault;     /* of the tile with the smallest fault_begin */
    uint64_t fault_begin;     /* flat indices */
    uint64_t fault_end;
};

/* What a guarded call needs and leaves. */
struct tile {
    const struct run_state *state;
    uint64_t begin;
    uint64_t end;
    lanes_loop_result result;
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

static void add_fault(struct run_state *state, const struct tile *tile,
                      const lanes_os_fault *fault)
{
    uint64_t low;
    uint64_t high;
    lanes_store_relaxed_u32(&state->stop, 1);
    if (lanes_os_fault_is_interrupt(fault)) {
        return; /* wanted: the caller knows why */
    }
    if (state->plan->reduction.op == LANES_REDUCE_NONE) {
        lanes_engine_space_flat_range(&state->plan->space, tile->begin, tile->end, &low,
                                      &high);
    } else { /* units are anywhere */
        low = 0;
        high = state->plan->count;
    }
    while (lanes_exchange_seq_cst_u32(&state->fault_lock, 1) != 0) {
        lanes_cpu_relax();
    }
    if (state->fault.signal_number == 0 || low < state->fault_begin) {
        state->fault = *fault;
        state->fault_begin = low;
        state->fault_end = high;
    }
    lanes_store_release_u32(&state->fault_lock, 0); /* pairs with the exchange */
}

static bool should_stop(struct run_state *state)
{
    const lanes_engine_end *end = &state->end;
    if ((end->cancel != NULL && lanes_load_relaxed_u32(end->cancel) != 0) ||
        (end->ended != NULL && lanes_load_relaxed_u64(end->ended) == end->ticket)) {
        lanes_store_relaxed_u32(&state->stop, 1);
    }
    return lanes_load_relaxed_u32(&state->stop) != 0;
}

void lanes_engine_run_map(const lanes_engine_plan *plan, lanes_loop_fn loop,
                          uint64_t begin, uint64_t end, lanes_loop_result *result)
{
    if (plan->is_direct) {
        lanes_engine_call_loop(plan, &plan->frame, loop, begin, begin, end, result);
    } else {
        lanes_engine_run_blocks(plan, NULL, loop, begin, end, result);
    }
}

static void call_loop(void *ctx)
{
    struct tile *tile = ctx;
    const lanes_engine_plan *plan = tile->state->plan;
    lanes_loop_fn loop = tile->state->loop;
    if (plan->reduction.op != LANES_REDUCE_NONE) {
        lanes_engine_run_units(plan, loop, tile->begin, tile->end, &tile->result);
    } else if (!lanes_engine_wants_flags(plan)) {
        lanes_engine_run_map(plan, loop, tile->begin, tile->end, &tile->result);
    } else if (plan->flags->kept != 0) {
        lanes_engine_run_keeping(plan, loop, tile->begin, tile->end, &tile->result);
    } else {
        lanes_engine_run_map(plan, loop, tile->begin, tile->end, &tile->result);
        lanes_engine_look_at_flags(plan, tile->begin, tile->end);
    }
}

/* Runs loop indices [begin, end), or what they are in a reduction. */
static void run_elements(struct run_state *state, uint64_t begin, uint64_t end)
{
    struct tile tile = {
        .state = state,
        .begin = begin,
        .end = end,
        .result = LANES_LOOP_RESULT_INIT,
    };
    lanes_os_fault fault;
    lanes_runtime_enter();
    const lanes_engine_fenv saved = lanes_engine_fenv_enter(state->plan->flushes);
    const bool has_returned =
        lanes_os_guard_call_for(state->end.ticket, call_loop, &tile, &fault);
    if (state->plan->key.streams != 0) {
        lanes_stream_fence();
    }
    lanes_engine_fenv_leave(saved);
    lanes_runtime_trim();
    if (!has_returned) {
        add_fault(state, &tile, &fault);
    }
    if (tile.result.failed != 0) {
        add_result(&state->result, &tile.result);
    }
}

/* A tile of a placed batch is one run of elements, but at the ends of chunks. */
static void run_pieces(struct run_state *state, uint64_t begin, uint64_t end)
{
    while (begin < end && lanes_load_relaxed_u32(&state->stop) == 0) {
        uint64_t first;
        const uint64_t count = lanes_engine_slice_piece(state->slice, begin, end, &first);
        run_elements(state, first, first + count);
        begin += count;
    }
}

static void run_range(void *ctx, uint32_t thread, uint64_t begin, uint64_t end)
{
    (void)thread;
    struct run_state *state = ctx;
    if (should_stop(state)) {
        lanes_fetch_add_relaxed_u64(&state->skipped, 1);
    } else if (state->slice != NULL) {
        run_pieces(state, state->first + begin, state->first + end);
    } else {
        run_elements(state, state->first + begin, state->first + end);
    }
}

/* Elements of a tile; a multiple of TILE_STEP. */
static uint64_t choose_tile_count(const lanes_team *team, const lanes_engine_plan *plan,
                                  uint64_t count, uint32_t threads, uint64_t element_ps)
{
    const uint64_t cache_bytes = lanes_team_plan(team)->core_cache_bytes;
    const uint64_t tile_bytes = cache_bytes != 0 ? cache_bytes / 2 : TILE_BYTES_DEFAULT;
    uint64_t tile = tile_bytes / (plan->element_bytes != 0 ? plan->element_bytes : 1);
    tile = lanes_min_u64(tile, TILE_NS * UINT64_C(1000) / element_ps);
    if (plan->panel_rows != 0) {
        const uint64_t rows =
            PANEL_TILE_NS * UINT64_C(1000) / element_ps / lanes_engine_inner_length(plan);
        const uint64_t panels =
            lanes_min_u64(rows, PANEL_TILE_ROWS) * lanes_engine_inner_length(plan);
        tile = panels > tile ? panels : tile;
    }
    tile = lanes_min_u64(tile, count / (TILES_PER_THREAD * (uint64_t)threads));
    tile = lanes_min_u64(tile, LANES_TILE_COUNT_MAX);
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

static uint32_t thread_limit(const lanes_team *team, const lanes_engine_plan *plan,
                             const lanes_engine_outcome *outcome)
{
    const uint32_t all = lanes_team_thread_count(team);
    const uint32_t limit = plan->reduction.is_in_order ? 1 : outcome->thread_limit;
    return limit != 0 && limit < all ? limit : all;
}

/* True if one thread does @p count elements soon enough. */
static bool is_short(const lanes_engine_outcome *outcome, uint64_t count)
{
    const uint64_t each_ps =
        outcome->alone_ps != 0 ? outcome->alone_ps : outcome->element_ps;
    uint64_t alone_ps;
    return lanes_mul_u64(count, each_ps, &alone_ps) &&
           alone_ps < ALONE_NS * UINT64_C(1000);
}

/*
 * What elements cost one thread by itself may be more, where several have more cache, or
 * less, where what they do together costs; so it is kept apart once it is known, and goes
 * down bit by bit until it is measured again.
 */
static void note_cost(lanes_engine_outcome *outcome, uint64_t taken_ns, bool is_alone,
                      uint32_t threads, uint64_t count)
{
    if (is_alone) {
        const uint64_t before_ps = outcome->alone_ps;
        const uint64_t now_ps = cost_ps(taken_ns, 1, count);
        /* The first run after a rest takes ten times as long as the next. */
        outcome->alone_ps =
            before_ps == 0 ? now_ps : lanes_min_u64(now_ps, 2 * before_ps);
        outcome->element_ps = now_ps;
    } else { /* be it that the others came too late for any tile */
        const uint64_t tiles_ns = taken_ns - lanes_min_u64(taken_ns / 2, TEAM_NS);
        outcome->element_ps = cost_ps(tiles_ns, threads, count);
        outcome->alone_ps -= outcome->alone_ps / ALONE_DECAY;
    }
}

static void run_tiles(lanes_team *team, struct run_state *state, uint64_t begin,
                      uint64_t end, lanes_engine_outcome *outcome)
{
    const uint64_t start_ns = state->now_ns;
    const uint64_t count = end - begin;
    const bool is_alone = is_short(outcome, count);
    const uint32_t threads = is_alone ? 1 : thread_limit(team, state->plan, outcome);
    state->first = begin;
    const lanes_team_job job = {
        .run_tile = run_range,
        .ctx = state,
        .count = count,
        .tile_count = is_alone ? count
                               : choose_tile_count(team, state->plan, count, threads,
                                                   outcome->element_ps),
        .thread_limit = threads,
        .cancel = &state->stop,
    };
    lanes_team_stats stats;
    lanes_team_run(team, &job, &stats);
    outcome->tiles += stats.tiles;
    if (stats.threads > outcome->threads) {
        outcome->threads = stats.threads;
    }
    state->now_ns = lanes_clock_ns();
    if (!should_stop(state)) { /* else tiles may be missing: no measure */
        note_cost(outcome, state->now_ns - start_ns, threads == 1, stats.threads, count);
    }
}

static void do_nothing(void *ctx)
{
    (void)ctx;
}

/* What a thread gets when it runs its first tile takes longer than many probes. */
static void prepare_thread(void)
{
    lanes_os_fault fault;
    lanes_runtime_enter();
    LANES_IGNORE(lanes_os_guard_call(do_nothing, NULL, &fault), "nothing can fault");
}

/* Runs and times the first elements; returns how many. */
static uint64_t run_probe(struct run_state *state, uint64_t begin, uint64_t end,
                          lanes_engine_outcome *outcome)
{
    const uint64_t limit = lanes_min_u64(end - begin, PROBE_COUNT);
    uint64_t done = 0;
    uint64_t step = PROBE_FIRST;
    state->first = begin;
    prepare_thread();
    state->now_ns = lanes_clock_ns();
    while (done < limit && !should_stop(state)) {
        const uint64_t count = lanes_min_u64(step, limit - done);
        const uint64_t start_ns = state->now_ns;
        run_range(state, 0, done, done + count);
        state->now_ns = lanes_clock_ns();
        const uint64_t taken_ns = state->now_ns - start_ns;
        done += count;
        outcome->tiles++;
        if (!should_stop(state) && (taken_ns >= PROBE_NS || done == PROBE_COUNT)) {
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

/* A reduction's first elements are those of its first unit; returns how many. */
static uint64_t run_first_unit(struct run_state *state, uint64_t begin,
                               lanes_engine_outcome *outcome)
{
    const uint64_t count = lanes_engine_unit_elements(state->plan, begin);
    state->first = begin;
    prepare_thread();
    const uint64_t start_ns = lanes_clock_ns();
    run_range(state, 0, 0, 1);
    state->now_ns = lanes_clock_ns();
    if (!should_stop(state)) {
        outcome->element_ps = cost_ps(state->now_ns - start_ns, 1, count);
    }
    outcome->tiles++;
    outcome->threads = outcome->threads != 0 ? outcome->threads : 1;
    return count;
}

static void call_finish(void *ctx)
{
    struct run_state *state = ctx;
    lanes_engine_finish_units(state->plan, state->loop, &state->result);
}

/* All units have run: their values become results, in the client's memory. */
static void finish_reduction(struct run_state *state)
{
    const struct tile whole = {.begin = 0, .end = state->plan->count};
    lanes_os_fault fault;
    lanes_runtime_enter();
    const lanes_engine_fenv saved = lanes_engine_fenv_enter(state->plan->flushes);
    const bool has_returned =
        lanes_os_guard_call_for(state->end.ticket, call_finish, state, &fault);
    lanes_engine_fenv_leave(saved);
    lanes_runtime_trim();
    if (!has_returned) {
        add_fault(state, &whole, &fault);
    }
}

static void add_to_outcome(const struct run_state *state, lanes_engine_outcome *outcome)
{
    outcome->tiles -= state->skipped;
    outcome->result.failed += state->result.failed;
    outcome->result.first_failed =
        lanes_min_u64(outcome->result.first_failed, state->result.first_failed);
    if (state->fault.signal_number != 0 && (outcome->fault.signal_number == 0 ||
                                            state->fault_begin < outcome->fault_begin)) {
        outcome->fault = state->fault;
        outcome->fault_begin = state->fault_begin;
        outcome->fault_end = state->fault_end;
    }
}

/* Runs items [begin, end): loop indices, or the slice's. */
static void run_items(lanes_team *team, struct run_state *state, uint64_t begin,
                      uint64_t end, lanes_engine_outcome *outcome)
{
    const bool is_reduction = state->plan->reduction.op != LANES_REDUCE_NONE;
    if (outcome->element_ps == 0 && is_reduction && state->slice != NULL) {
        outcome->element_ps = PLACED_PS; /* no unit begins where a slice does */
    } else if (outcome->element_ps == 0) {
        begin += is_reduction ? run_first_unit(state, begin, outcome)
                              : run_probe(state, begin, end, outcome);
    }
    if (begin < end && !should_stop(state)) {
        run_tiles(team, state, begin, end, outcome);
    }
}

/* Runs as much of a placed batch; what is run is spread over all of it. */
static void run_placed(lanes_team *team, struct run_state *state, uint64_t begin,
                       uint64_t end, lanes_engine_outcome *outcome)
{
    lanes_engine_slice slice;
    lanes_engine_slice_make(state->plan->placement, begin, end, &slice);
    state->slice = &slice;
    if (slice.items > 0) {
        run_items(team, state, 0, slice.items, outcome);
    }
    state->slice = NULL;
}

/* Runs a range of one pass; the end of a pass over all units is more than their ends. */
static void run_pass(lanes_team *team, struct run_state *state, uint64_t begin,
                     uint64_t end, lanes_engine_outcome *outcome)
{
    const bool is_reduction = state->plan->reduction.op != LANES_REDUCE_NONE;
    if (state->plan->placement != NULL) {
        run_placed(team, state, begin, end, outcome);
    } else {
        run_items(team, state, begin, end, outcome);
    }
    if (is_reduction && end == state->plan->count && !should_stop(state)) {
        finish_reduction(state);
        state->now_ns = lanes_clock_ns();
    }
}

void lanes_engine_run(lanes_team *team, const lanes_engine_plan *plan, lanes_loop_fn loop,
                      uint64_t begin, uint64_t end, const lanes_engine_end *end_by,
                      lanes_engine_outcome *outcome)
{
    LANES_ASSERT(begin <= end && end <= plan->work);
    const uint64_t start_ns = lanes_clock_ns();
    struct run_state state = {.plan = plan,
                              .loop = loop,
                              .end = end_by != NULL ? *end_by
                                                    : (lanes_engine_end){.cancel = NULL},
                              .now_ns = start_ns,
                              .result = LANES_LOOP_RESULT_INIT};
    while (begin < end && !should_stop(&state)) {
        const uint64_t stop = begin < plan->count ? lanes_min_u64(end, plan->count) : end;
        run_pass(team, &state, begin, stop, outcome);
        begin = stop;
    }
    add_to_outcome(&state, outcome);
    outcome->run_ns += state.now_ns - start_ns;
    outcome->ended_ns = state.now_ns;
}
