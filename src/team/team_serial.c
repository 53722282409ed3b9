/* SPDX-License-Identifier: Apache-2.0 */
/*
 * team_serial.c - the team with the leader alone, whatever the plan says.
 */
#include "team/team.h"
#include "team/team_crew.h"

struct lanes_team {
    lanes_team_crew *crew;
    const lanes_topo_plan *plan;
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

lanes_status lanes_team_enter(const lanes_topo_plan *plan, uint64_t spin_ns,
                              lanes_team_leader_fn leader, void *ctx, lanes_error *err)
{
    lanes_team team = {.plan = plan};
    LANES_TRY(lanes_team_crew_create(1, spin_ns, &team.crew, err));
    const lanes_status status = lanes_topo_bind_thread(plan, 0, err);
    if (status == LANES_OK) {
        lanes_team_crew_note_thread(team.crew, 0);
        leader(ctx, &team);
    }
    lanes_team_crew_destroy(team.crew);
    return status;
}
