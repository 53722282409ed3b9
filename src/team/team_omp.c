/* SPDX-License-Identifier: Apache-2.0 */
/*
 * team_omp.c - the team as one OpenMP parallel region.
 *
 * The region lives as long as the team. OpenMP's own barriers and waiting are used only
 * to enter and to leave it, so its wait policy does not matter in between.
 */
#include "team/team.h"

#include <omp.h>

#include "base/atomic.h"
#include "team/team_crew.h"

struct lanes_team {
    lanes_team_crew *crew;
    const lanes_topo_plan *plan;
    lanes_team_leader_fn leader;
    void *ctx;
    uint32_t failures; /* threads that could not be bound; counted before the barrier */
    lanes_error error; /* of the first of them */
};

uint32_t lanes_team_thread_count(const lanes_team *team)
{
    return lanes_team_crew_thread_count(team->crew);
}

const lanes_topo_plan *lanes_team_plan(const lanes_team *team)
{
    return team->plan;
}

void lanes_team_run(lanes_team *team, const lanes_team_job *job,
                    lanes_team_stats *out_stats)
{
    lanes_team_crew_run(team->crew, job, out_stats);
}

void lanes_team_each_thread(const lanes_team *team,
                            void (*fn)(void *ctx, pthread_t thread), void *ctx)
{
    lanes_team_crew_each_thread(team->crew, fn, ctx);
}

uint64_t lanes_team_wake_count(const lanes_team *team)
{
    return lanes_team_crew_wake_count(team->crew);
}

static void bind_thread(lanes_team *team, uint32_t thread)
{
    lanes_error error;
    if (lanes_topo_bind_thread(team->plan, thread, &error) < 0 &&
        lanes_fetch_add_acq_rel_u32(&team->failures, 1) == 0) {
        team->error = error;
    }
}

/* The body of the region. */
static void be_thread(lanes_team *team, uint32_t thread)
{
    bind_thread(team, thread);
    lanes_team_crew_note_thread(team->crew, thread);
    if (thread == 0) {
        /* Fewer than asked for when OMP_THREAD_LIMIT says so. */
        lanes_team_crew_shrink(team->crew, (uint32_t)omp_get_num_threads());
    }
#pragma omp barrier
    if (lanes_load_relaxed_u32(&team->failures) != 0) {
        return;
    }
    if (thread == 0) {
        team->leader(team->ctx, team);
        lanes_team_crew_quit(team->crew);
    } else {
        lanes_team_crew_work(team->crew, thread);
    }
}

lanes_status lanes_team_enter(const lanes_topo_plan *plan, uint64_t spin_ns,
                              lanes_team_leader_fn leader, void *ctx, lanes_error *err)
{
    lanes_team team = {.plan = plan, .leader = leader, .ctx = ctx};
    LANES_TRY(lanes_team_crew_create(plan->count, spin_ns, &team.crew, err));
    lanes_team_crew_note_places(team.crew, plan);
    /* "Dynamic" would let OpenMP give fewer threads when the machine is busy. */
    const int is_dynamic = omp_get_dynamic();
    omp_set_dynamic(0);
#pragma omp parallel num_threads((int)plan->count) default(none) shared(team)
    be_thread(&team, (uint32_t)omp_get_thread_num());
    omp_set_dynamic(is_dynamic);
    lanes_team_crew_destroy(team.crew);
    if (team.failures != 0) {
        return lanes_error_set(err, team.error.code, "%s", team.error.message);
    }
    return LANES_OK;
}
