/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_team_run.c - the team as a whole, on this machine's places and on synthetic ones
 * that are more than it has.
 *
 * Not tested here: races; see tests/stress/stress_team.c.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/atomic.h"
#include "team/team.h"
#include "team/team_crew.h"

#define ITEMS_MAX   5000
#define THREADS_MAX 8

struct record {
    uint32_t hits[ITEMS_MAX];
    uint32_t tiles_by_thread[THREADS_MAX];
    uint32_t cancel;
    uint32_t cancel_at_tile; /* 0 = never */
    uint32_t tiles;
    uint64_t sleep_ns;
};

static struct record record;

static void sleep_ns(uint64_t ns)
{
    nanosleep(&(struct timespec){.tv_nsec = (long)ns}, NULL);
}

static void record_tile(void *ctx, uint32_t thread, uint64_t begin, uint64_t end)
{
    struct record *to = ctx;
    for (uint64_t i = begin; i < end; i++) {
        lanes_fetch_add_relaxed_u32(&to->hits[i], 1);
    }
    lanes_fetch_add_relaxed_u32(&to->tiles_by_thread[thread], 1);
    if (lanes_fetch_add_relaxed_u32(&to->tiles, 1) + 1 == to->cancel_at_tile) {
        lanes_store_relaxed_u32(&to->cancel, 1);
    }
    if (to->sleep_ns != 0) {
        sleep_ns(to->sleep_ns);
    }
}

static lanes_topo_plan *synthetic_plan(uint32_t threads)
{
    lanes_topo_plan *plan = NULL;
    const lanes_topo_options options = {.synthetic = "core:8 pu:1", .threads = threads};
    cr_assert_eq(lanes_topo_plan_create(&options, &plan, NULL), LANES_OK);
    return plan;
}

static void enter(uint32_t threads, lanes_team_leader_fn leader, void *ctx)
{
    lanes_topo_plan *plan = synthetic_plan(threads);
    lanes_error err;
    const lanes_status status = lanes_team_enter(plan, 20000, leader, ctx, &err);
    cr_assert_eq(status, LANES_OK, "%s", status < 0 ? err.message : "");
    lanes_topo_plan_destroy(plan);
}

static lanes_team_stats run(lanes_team *team, uint64_t count, uint64_t tile_count)
{
    memset(record.hits, 0, sizeof(record.hits));
    memset(record.tiles_by_thread, 0, sizeof(record.tiles_by_thread));
    record.tiles = 0;
    const lanes_team_job job = {
        .run_tile = record_tile,
        .ctx = &record,
        .count = count,
        .tile_count = tile_count,
        .cancel = &record.cancel,
    };
    lanes_team_stats stats = {0};
    lanes_team_run(team, &job, &stats);
    return stats;
}

static void assert_once_each(uint64_t count)
{
    for (uint64_t i = 0; i < ITEMS_MAX; i++) {
        cr_assert_eq(record.hits[i], i < count ? 1 : 0, "item %lu", i);
    }
}

static void lead_shapes(void *ctx, lanes_team *team)
{
    (void)ctx;
    const uint64_t counts[] = {1, 2, 63, 64, 65, 1000, ITEMS_MAX};
    const uint64_t tiles[] = {1, 7, 64, 4999, ITEMS_MAX, 1ull << 40};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(counts); i++) {
        for (size_t j = 0; j < LANES_ARRAY_COUNT(tiles); j++) {
            const lanes_team_stats stats = run(team, counts[i], tiles[j]);
            assert_once_each(counts[i]);
            cr_assert_eq(stats.tiles, (counts[i] - 1) / tiles[j] + 1);
            cr_assert_geq(stats.threads, 1);
            cr_assert_leq(stats.threads, lanes_team_thread_count(team));
        }
    }
}

Test(team_run, every_item_runs_once_for_any_shape, .timeout = 30)
{
    for (uint32_t threads = 1; threads <= THREADS_MAX; threads++) {
        enter(threads, lead_shapes, NULL);
    }
}

static void lead_one_tile(void *ctx, lanes_team *team)
{
    (void)ctx;
    const lanes_team_stats stats = run(team, 100, 100);
    cr_assert_eq(stats.threads, 1);
    cr_assert_eq(record.tiles_by_thread[0], 1);
}

Test(team_run, one_tile_runs_on_the_leader, .timeout = 30)
{
    enter(4, lead_one_tile, NULL);
}

static void lead_limited(void *ctx, lanes_team *team)
{
    (void)ctx;
    lanes_team_job job = {
        .run_tile = record_tile,
        .ctx = &record,
        .count = 1000,
        .tile_count = 1,
        .thread_limit = 1,
    };
    lanes_team_stats stats;
    lanes_team_run(team, &job, &stats);
    cr_assert_eq(record.tiles_by_thread[0], 1000);
    cr_assert_eq(stats.threads, 1);

    job.thread_limit = 2;
    record.sleep_ns = 1000;
    memset(&record.tiles_by_thread, 0, sizeof(record.tiles_by_thread));
    lanes_team_run(team, &job, &stats);
    for (uint32_t i = 2; i < THREADS_MAX; i++) {
        cr_assert_eq(record.tiles_by_thread[i], 0, "thread %u took part", i);
    }
}

Test(team_run, thread_limit_is_kept, .timeout = 30)
{
    enter(4, lead_limited, NULL);
}

static void lead_cancelled(void *ctx, lanes_team *team)
{
    (void)ctx;
    record.cancel_at_tile = 10;
    const lanes_team_stats stats = run(team, 1000, 1);
    cr_assert_eq(stats.tiles, record.tiles);
    cr_assert_geq(stats.tiles, 10);
    /* Each thread may be inside one more tile when the word is set. */
    cr_assert_lt(stats.tiles, 10 + lanes_team_thread_count(team));

    cr_assert_eq(run(team, 1000, 1).tiles, 0, "the word is still set");
    cr_assert_eq(run(team, 1, 1).tiles, 0);
    record.cancel_at_tile = 0;
    record.cancel = 0;
    cr_assert_eq(run(team, 1000, 1).tiles, 1000, "the next job is not affected");
}

Test(team_run, cancel_skips_tiles_that_have_not_begun, .timeout = 30)
{
    enter(1, lead_cancelled, NULL);
    record.cancel = 0;
    enter(3, lead_cancelled, NULL);
}

#ifdef LANES_TEAM_HAS_WORKERS
static void lead_shared(void *ctx, lanes_team *team)
{
    (void)ctx;
    record.sleep_ns = 200000;
    const lanes_team_stats stats = run(team, 64, 1);
    cr_assert_eq(stats.threads, 4);
    for (uint32_t i = 0; i < 4; i++) {
        cr_assert_gt(record.tiles_by_thread[i], 0);
    }
    /* Asleep by now: each job has to wake them. */
    for (int i = 0; i < 5; i++) {
        sleep_ns(3000000);
        cr_assert_eq(run(team, 64, 1).threads, 4);
    }
}

Test(team_run, slow_tiles_are_shared_by_all_even_after_sleep, .timeout = 30)
{
    enter(4, lead_shared, NULL);
}

static void lead_sleepers(void *ctx, lanes_team *team)
{
    (void)ctx;
    uint64_t wakes = lanes_team_wake_count(team);
    for (int round = 0; round < 5; round++) {
        sleep_ns(20000000); /* 20 us of spin are over: all three sleep */
        cr_assert_eq(lanes_team_wake_count(team), wakes, "nobody was woken");
        do { /* a job can be over before those that it wakes have come */
            run(team, 64, 1);
            sleep_ns(1000000);
        } while (lanes_team_wake_count(team) == wakes);
        sleep_ns(20000000);
        wakes = lanes_team_wake_count(team);
    }
}

Test(team_run, who_slept_and_was_woken_is_counted, .timeout = 30)
{
    enter(4, lead_sleepers, NULL);
}

static void slow_worker_tile(void *ctx, uint32_t thread, uint64_t begin, uint64_t end)
{
    (void)end;
    uint32_t *done = ctx;
    if (thread != 0) {
        sleep_ns(5000000);
    }
    lanes_store_relaxed_u32(&done[begin], 1);
}

static void lead_slow_worker(void *ctx, lanes_team *team)
{
    (void)ctx;
    for (int round = 0; round < 20; round++) {
        uint32_t done[4] = {0};
        lanes_team_stats stats;
        const lanes_team_job job = {
            .run_tile = slow_worker_tile, .ctx = done, .count = 4, .tile_count = 1};
        lanes_team_run(team, &job, &stats);
        /* The leader slept (20 us of spin are over) until the workers were out. */
        for (int i = 0; i < 4; i++) {
            cr_assert_eq(done[i], 1, "tile %d is not done", i);
        }
    }
}

Test(team_run, the_leader_returns_after_the_slowest_worker, .timeout = 30)
{
    enter(4, lead_slow_worker, NULL);
}
#endif

static uint64_t cpu_ns(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000u +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000u;
}

static void lead_idle(void *ctx, lanes_team *team)
{
    (void)ctx;
    run(team, 1000, 1);
    sleep_ns(20000000);
    const uint64_t before = cpu_ns();
    sleep_ns(300000000);
    /* A single spinning thread would have used 300 ms. */
    cr_assert_lt(cpu_ns() - before, 3000000);
}

Test(team_run, an_idle_team_uses_no_cpu, .timeout = 30)
{
    enter(4, lead_idle, NULL);
}

static void lead_nothing(void *ctx, lanes_team *team)
{
    uint32_t *calls = ctx;
    *calls += 1;
    cr_assert_eq(lanes_team_plan(team)->count, 4);
}

Test(team_run, teams_can_be_entered_again, .timeout = 30)
{
    uint32_t calls = 0;
    for (int i = 0; i < 50; i++) {
        enter(4, lead_nothing, &calls);
    }
    cr_assert_eq(calls, 50);
}

static void lead_on_place(void *ctx, lanes_team *team)
{
    (void)ctx;
    cpu_set_t mask;
    sched_getaffinity(0, sizeof(mask), &mask);
    cr_assert_eq(CPU_COUNT(&mask), 1);
    cr_assert(CPU_ISSET(lanes_team_plan(team)->place[0].pu, &mask));
}

Test(team_run, threads_are_bound_to_their_places, .timeout = 30)
{
    lanes_topo_plan *plan = NULL;
    cr_assert_eq(lanes_topo_plan_create(&(lanes_topo_options){0}, &plan, NULL), LANES_OK);
    cr_assert_eq(lanes_team_enter(plan, 0, lead_on_place, NULL, NULL), LANES_OK);
    lanes_topo_plan_destroy(plan);
}

Test(team_run, a_place_that_cannot_be_bound_is_an_error, .timeout = 30)
{
    lanes_topo_plan *plan = NULL;
    const lanes_topo_options options = {.threads = 1};
    cr_assert_eq(lanes_topo_plan_create(&options, &plan, NULL), LANES_OK);
    plan->place[0].pu = 100000;
    uint32_t calls = 0;
    lanes_error err;
    cr_assert_lt(lanes_team_enter(plan, 0, lead_nothing, &calls, &err), 0);
    cr_assert_eq(calls, 0);
    cr_assert_not_null(strstr(err.message, "CPU 100000"));
    lanes_topo_plan_destroy(plan);
}

/* Of a job in which the leader waits in its first tile for one worker to do the rest. */
struct order {
    lanes_team_crew *crew;
    uint32_t count;
    uint64_t tile[8]; /* in the order in which the worker ran them */
};

static void record_order(void *ctx, uint32_t thread, uint64_t begin, uint64_t end)
{
    struct order *order = ctx;
    cr_assert_eq(end, begin + 1);
    if (thread != 0) {
        order->tile[order->count] = begin;
        lanes_fetch_add_acq_rel_u32(&order->count, 1);
        return;
    }
    while (lanes_load_acquire_u32(&order->count) < 7) {
        sleep_ns(100000);
    }
}

static void *be_last_thread(void *ctx)
{
    struct order *order = ctx;
    lanes_team_crew_work(order->crew, 3);
    return NULL;
}

static void expect_order(const char *machine, const uint64_t expected[7])
{
    lanes_topo_plan *plan = NULL;
    const lanes_topo_options options = {.synthetic = machine};
    cr_assert_eq(lanes_topo_plan_create(&options, &plan, NULL), LANES_OK);
    struct order order = {.count = 0};
    cr_assert_eq(lanes_team_crew_create(4, 20000, &order.crew, NULL), LANES_OK);
    lanes_team_crew_note_places(order.crew, plan);
    pthread_t worker;
    cr_assert_eq(pthread_create(&worker, NULL, be_last_thread, &order), 0);
    const lanes_team_job job = {
        .run_tile = record_order, .ctx = &order, .count = 8, .tile_count = 1};
    lanes_team_stats stats;
    lanes_team_crew_run(order.crew, &job, &stats);
    lanes_team_crew_quit(order.crew);
    pthread_join(worker, NULL);
    for (uint32_t i = 0; i < 7; i++) {
        cr_assert_eq(order.tile[i], expected[i], "%s: tile %u is %llu", machine, i,
                     (unsigned long long)order.tile[i]);
    }
    lanes_team_crew_destroy(order.crew);
    lanes_topo_plan_destroy(plan);
}

Test(team_crew, idle_threads_help_their_own_node_first, .timeout = 60)
{
    expect_order("pack:2 [numa] core:2 pu:1", (uint64_t[]){6, 7, 5, 4, 1, 3, 2});
    expect_order("core:4 pu:1", (uint64_t[]){6, 7, 1, 3, 2, 5, 4});
}

Test(team_crew, sizes_out_of_range_are_refused)
{
    lanes_team_crew *crew = NULL;
    lanes_error err;
    cr_assert_eq(lanes_team_crew_create(0, 0, &crew, &err), LANES_E_INVALID);
    cr_assert_eq(lanes_team_crew_create(LANES_PLACES_MAX + 1, 0, &crew, &err),
                 LANES_E_INVALID);
    cr_assert_not_null(strstr(err.message, "1025"));
    lanes_team_crew_destroy(NULL);
}
