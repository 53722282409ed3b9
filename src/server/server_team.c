/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_team.c - another team while the server runs, and settings that are read again.
 *
 * Control makes the plan and dispatch, between two slices, leaves its team and enters one
 * with the new plan; batches that have begun go on with it. Control owns all plans but
 * the first, and frees one when dispatch has said that it has another.
 *
 * Whether the CPUs that may be used have changed, control looks when dispatch, which has
 * work, asks it to: so an idle server does not wake for it.
 */
#include "server/server_internal.h"

#include "base/atomic.h"
#include "cache/cache.h"

#define ROOM "server"

/* Between two looks at what may be used. */
#define LOOK_NS UINT64_C(2000000000)

/* ---- Control ------------------------------------------------------------------------
 */

/* A plan by @p topo is posted to dispatch, unless the team has those places already. */
static lanes_status change_team(lanes_server *server, const lanes_topo_options *topo,
                                lanes_error *err)
{
    lanes_server_team *team = &server->team;
    lanes_topo_plan *plan = NULL;
    /* First: what changes while the plan is made is seen the next time. */
    const uint64_t budget = lanes_topo_budget(topo);
    LANES_TRY(lanes_topo_plan_create(topo, &plan, err));
    team->topo = *topo;
    team->budget = budget;
    if (lanes_topo_plan_is_same(plan, team->plan)) {
        lanes_topo_plan_destroy(plan);
        return LANES_OK;
    }
    team->next = plan;
    lanes_server_post(server, &team->change, LANES_MAIL_PLAN);
    return LANES_OK;
}

void lanes_server_team_start(lanes_server *server)
{
    lanes_server_team *team = &server->team;
    const lanes_server_options *options = server->options;
    team->plan = options->plan;
    team->threads = server->dispatch.threads;
    team->code_bytes = options->code_bytes;
    team->cache_bytes = options->cache_bytes;
    if (options->topo != NULL) {
        team->topo = *options->topo;
        team->budget = lanes_topo_budget(&team->topo);
    }
}

void lanes_server_team_look(lanes_server *server)
{
    lanes_server_team *team = &server->team;
    lanes_store_release_u32(&team->is_asked, 0); /* dispatch may post that mail again */
    if (server->options->topo == NULL || server->is_stopping || team->next != NULL ||
        lanes_topo_budget(&team->topo) == team->budget) {
        return;
    }
    lanes_error err;
    const lanes_topo_options topo = team->topo;
    if (change_team(server, &topo, &err) < 0) {
        lanes_log(LANES_LOG_WARNING, ROOM,
                  "the CPUs that may be used have changed, but the team stays: %s",
                  err.message);
        team->budget = lanes_topo_budget(&topo); /* said once */
    }
}

/* All of them, or none. */
static lanes_status apply_settings(lanes_server *server,
                                   const lanes_server_settings *settings,
                                   lanes_error *err)
{
    lanes_server_team *team = &server->team;
    if (server->options->topo != NULL) {
        lanes_topo_options topo = team->topo;
        topo.threads = settings->threads;
        topo.use_smt = settings->use_smt;
        LANES_TRY(change_team(server, &topo, err));
    }
    lanes_log_set_level(settings->log_level);
    team->code_bytes = settings->code_bytes;
    lanes_server_code_trim(server);
    team->cache_bytes = settings->cache_bytes;
    lanes_cache_limit(server->cache, team->cache_bytes);
    return LANES_OK;
}

static void apply(lanes_server *server)
{
    lanes_error err;
    server->team.has_settings = false;
    if (apply_settings(server, &server->team.settings, &err) < 0) {
        lanes_log(LANES_LOG_ERROR, ROOM, "all settings stay as they are: %s",
                  err.message);
    } else {
        lanes_log(LANES_LOG_INFO, ROOM, "the settings were read again");
    }
}

void lanes_server_reload(lanes_server *server)
{
    lanes_server_team *team = &server->team;
    const lanes_server_calls *calls = &server->options->calls;
    lanes_server_settings settings;
    lanes_error err;
    if (calls->reload(calls->ctx, &settings, &err) < 0) {
        lanes_log(LANES_LOG_ERROR, ROOM, "all settings stay as they are: %s",
                  err.message);
        return;
    }
    team->settings = settings;
    team->has_settings = true;
    if (team->next == NULL) { /* else when that change is over */
        apply(server);
    }
}

void lanes_server_team_changed(lanes_server *server)
{
    lanes_server_team *team = &server->team;
    lanes_topo_plan *next = team->next;
    team->next = NULL;
    if (team->entered == next) {
        lanes_log(LANES_LOG_INFO, ROOM, "the team has %u threads (%s), had %u",
                  server->dispatch.threads, next->limited_by, team->threads);
        lanes_topo_plan_destroy(team->owned);
        team->plan = next;
        team->owned = next;
    } else {
        lanes_log(LANES_LOG_WARNING, ROOM, "the team stays at %u threads: %s",
                  team->threads, team->error.message);
        lanes_topo_plan_destroy(next);
    }
    team->threads = server->dispatch.threads;
    if (team->has_settings) {
        apply(server);
    }
}

void lanes_server_team_clear(lanes_server *server)
{
    lanes_topo_plan_destroy(server->team.next);
    lanes_topo_plan_destroy(server->team.owned);
}

/* ---- Dispatch -----------------------------------------------------------------------
 */

void lanes_server_team_note_work(lanes_server *server)
{
    lanes_server_dispatch *dispatch = &server->dispatch;
    lanes_server_team *team = &server->team;
    if (dispatch->now_ns < dispatch->looked_ns + LOOK_NS ||
        server->options->topo == NULL || lanes_load_acquire_u32(&team->is_asked) != 0) {
        return;
    }
    dispatch->looked_ns = dispatch->now_ns;
    lanes_store_release_u32(&team->is_asked, 1);
    lanes_server_report(server, &team->look, LANES_MAIL_LOOK);
}

/* The leader of a team has begun: tell control, and clients what team they have. */
static void announce(lanes_server *server, lanes_team *team)
{
    lanes_server_dispatch *dispatch = &server->dispatch;
    dispatch->threads = lanes_team_thread_count(team);
    lanes_server_watch_enter_team(server, team);
    if (!dispatch->has_started) {
        dispatch->has_started = true;
        lanes_server_report(server, &server->started, LANES_MAIL_STARTED);
        return;
    }
    for (lanes_server_session *s = dispatch->sessions; s != NULL; s = s->dispatch_next) {
        lanes_server_dispatch_tell_team(server, s);
    }
    server->team.entered = dispatch->plan;
    lanes_server_report(server, &server->team.change, LANES_MAIL_PLAN_TAKEN);
}

static void lead(void *ctx, lanes_team *team)
{
    lanes_server *server = ctx;
    announce(server, team);
    lanes_server_dispatch_lead(server);
    lanes_server_watch_leave_team(server);
}

void *lanes_server_team_main(void *ctx)
{
    lanes_server *server = ctx;
    lanes_server_dispatch *dispatch = &server->dispatch;
    const lanes_topo_plan *before = NULL; /* to go back to */
    dispatch->plan = server->options->plan;
    dispatch->spin = lanes_spin_make(server->options->spin_ns);
    lanes_server_dispatch_count(server, 0);
    for (;;) {
        dispatch->next_plan = NULL;
        dispatch->status = lanes_team_enter(dispatch->plan, server->options->spin_ns,
                                            lead, server, &dispatch->error);
        if (dispatch->next_plan != NULL) {
            before = dispatch->plan;
            dispatch->plan = dispatch->next_plan;
        } else if (dispatch->status < 0 && before != NULL) {
            server->team.error = dispatch->error;
            dispatch->plan = before;
            before = NULL;
        } else {
            break;
        }
    }
    lanes_server_report(server, &server->stopped, LANES_MAIL_STOPPED);
    return NULL;
}
