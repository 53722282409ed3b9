/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_stats.c - what an executor tells of itself: counters and sessions, as JSON.
 *
 * Control writes it when somebody asks. What dispatch counts goes on while it is read, so
 * numbers of batches in flight are of slightly different moments.
 */
#include "server/server_stats.h"

#include <errno.h>
#include <string.h>

#include <jansson.h>

#include "cache/cache.h"
#include "kernel/cpu.h"
#include "os/os_memory.h"
#include "os/os_socket.h"
#include "server/server_internal.h"

static json_t *number_json(uint64_t number)
{
    return json_integer((json_int_t)number);
}

/* A client's number, which may be any; text from 2^63 on, as JSON readers take it for
 * negative or inexact. */
static json_t *tag_json(uint64_t tag)
{
    return tag <= INT64_MAX ? json_integer((json_int_t)tag)
                            : json_sprintf("%llu", (unsigned long long)tag);
}

/* ---- Counting -----------------------------------------------------------------------
 */

void lanes_server_stats_job_end(lanes_server *server, const lanes_error *error)
{
    lanes_server_stats *stats = &server->stats;
    if (error != NULL) {
        stats->compiles_failed++;
        stats->compiles_crashed += error->code == LANES_E_COMPILE_CRASHED;
        stats->compiles_over_limit += error->code == LANES_E_COMPILE_LIMIT;
    }
}

void lanes_server_stats_session_end(const lanes_server_session *session, bool was_open,
                                    lanes_status reason)
{
    lanes_server_stats *stats = &session->server->stats;
    stats->sessions_closed +=
        was_open && !lanes_server_session_is_observer(session) ? 1 : 0;
    stats->rings_corrupt += reason == LANES_E_RING_CORRUPT;
}

bool lanes_server_session_is_observer(const lanes_server_session *session)
{
    return session->has_asked && session->last_generation == 0 &&
           session->all_kernels == NULL && session->all_views == NULL &&
           lanes_load_relaxed_u64(&session->tally.word[LANES_TALLY_TAKEN]) == 0;
}

/* ---- Parts --------------------------------------------------------------------------
 */

/* The sum over the sessions there are and those that have gone. */
struct totals {
    lanes_server_tally tally;
    uint64_t in_flight;
    uint64_t open;
    uint64_t observers;
    uint64_t segments;
    uint64_t segment_bytes;
    uint64_t kernels;
    uint64_t variants;
    uint64_t ir_bytes;
};

static uint64_t count_variants(const lanes_server_session *session)
{
    uint64_t count = 0;
    for (const lanes_server_kernel *kernel = session->all_kernels; kernel != NULL;
         kernel = kernel->next) {
        /* Not those that are being loaded, or that batches hold though released. */
        const bool is_loaded =
            kernel->id.generation != 0 && session->kernels[kernel->id.slot] == kernel;
        count += is_loaded ? kernel->variant_count : 0;
    }
    return count;
}

static void sum_up(const lanes_server *server, struct totals *totals)
{
    lanes_server_tally_sum(&totals->tally, &server->stats.gone);
    for (const lanes_server_session *s = server->sessions; s != NULL; s = s->next) {
        lanes_server_tally_sum(&totals->tally, &s->tally);
        if (s->state != LANES_SESSION_OPEN) {
            continue;
        }
        const bool is_observer = lanes_server_session_is_observer(s);
        totals->observers += is_observer;
        totals->open += !is_observer;
        totals->in_flight += lanes_server_tally_in_flight(s);
        totals->segments += lanes_shm_table_count(s->segments);
        totals->segment_bytes += lanes_shm_table_bytes(s->segments);
        totals->kernels += s->kernel_count;
        totals->variants += count_variants(s);
        totals->ir_bytes += s->held.ir;
    }
}

static json_t *buckets_json(const uint64_t *buckets)
{
    json_t *array = json_array();
    for (uint32_t i = 0; i < LANES_SERVER_BUCKETS; i++) {
        if (json_array_append_new(array, number_json(buckets[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *batches_json(const struct totals *totals)
{
    static const char *const names[] = {
#define LANES_SERVER_TALLY_NAME(name, text) [LANES_TALLY_##name] = (text),
        LANES_SERVER_TALLY_TABLE(LANES_SERVER_TALLY_NAME)
#undef LANES_SERVER_TALLY_NAME
    };
    const lanes_server_tally *tally = &totals->tally;
    json_t *object = json_pack(
        "{s:o, s:o, s:o, s:o}", "in_flight", number_json(totals->in_flight),
        "queued_ns_max", number_json(tally->queued_ns_max), "queued_ns_log2",
        buckets_json(tally->queued_log2), "run_ns_log2", buckets_json(tally->run_log2));
    for (uint32_t i = 0; i < LANES_TALLY_COUNT; i++) {
        if (json_object_set_new(object, names[i], number_json(tally->word[i])) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static json_t *executor_json(const lanes_server *server, uint64_t now_ns)
{
    const lanes_server_options *options = server->options;
    const uint64_t started_ns = server->stats.started_ns;
    return json_pack(
        "{s:i, s:s, s:f, s:o, s:i, s:s, s:s, s:b}", "pid", lanes_os_pid(), "version",
        LANES_VERSION_TEXT, "uptime_s", (double)(now_ns - started_ns) * 1e-9,
        "started_ns", number_json(started_ns), "threads", (int)server->team.threads,
        "cpu", options->cpu != NULL ? options->cpu : LANES_CPU_NATIVE, "limited_by",
        server->team.plan->limited_by, "is_private", options->private_fd >= 0);
}

/* Threads sleep and are woken only outside of jobs; dispatch may be leaving the team. */
static uint64_t count_wakes(lanes_server *server)
{
    pthread_mutex_lock(&server->watch.mutex);
    const uint64_t wakes =
        server->dispatch.team != NULL ? lanes_team_wake_count(server->dispatch.team) : 0;
    pthread_mutex_unlock(&server->watch.mutex);
    return wakes;
}

static json_t *team_json(lanes_server *server)
{
    const lanes_server_dispatch *dispatch = &server->dispatch;
    return json_pack("{s:o, s:o, s:b, s:o}", "wakes", number_json(count_wakes(server)),
                     "leader_sleeps",
                     number_json(lanes_load_relaxed_u64(&dispatch->sleeps)), "is_asleep",
                     lanes_load_relaxed_u32(&dispatch->sleeping) != 0, "interrupts",
                     number_json(server->stats.interrupts));
}

static json_t *compiler_json(const lanes_server *server)
{
    const lanes_server_stats *stats = &server->stats;
    const lanes_server_compiler *compiler = &server->compiler;
    uint32_t queued = 0;
    for (const lanes_server_job *job = compiler->first; job != NULL; job = job->next) {
        queued++;
    }
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:i, s:f}", "requests",
        number_json(stats->compile_requests), "compiled", number_json(stats->compiled),
        "from_memory", number_json(stats->code_from_memory), "from_disk",
        number_json(stats->code_from_disk), "failed", number_json(stats->compiles_failed),
        "crashed", number_json(stats->compiles_crashed), "limit",
        number_json(stats->compiles_over_limit), "retried",
        number_json(stats->compiles_retried), "restarts",
        number_json(stats->compiler_starts - (stats->compiler_starts != 0)), "queued",
        (int)queued, "running", (int)compiler->sent_count, "total_ms",
        (double)stats->compile_wall_ns * 1e-6);
}

static json_t *code_json(const lanes_server *server)
{
    uint64_t bytes = 0;
    for (const lanes_server_code *code = server->codes.first; code != NULL;
         code = code->next) {
        bytes += code->object.bytes;
    }
    return json_pack("{s:o, s:o, s:o, s:o}", "entries", number_json(server->codes.count),
                     "bytes", number_json(bytes), "idle_bytes",
                     number_json(server->codes.idle_bytes), "idle_bytes_max",
                     number_json(server->team.code_bytes));
}

static json_t *cache_json(const lanes_server *server)
{
    if (server->cache == NULL) {
        return json_null();
    }
    const char *folder = server->options->cache_folder;
    lanes_cache_usage usage;
    lanes_cache_measure(server->cache, &usage);
    /* A path that is not UTF-8 is no JSON text. */
    json_t *name = json_string(folder);
    return json_pack("{s:o, s:o, s:o, s:o}", "folder", name != NULL ? name : json_null(),
                     "entries", number_json(usage.entries), "bytes",
                     number_json(usage.bytes), "bytes_max",
                     number_json(server->team.cache_bytes));
}

/* ---- Sessions -----------------------------------------------------------------------
 */

static uint64_t since(uint64_t then_ns, uint64_t now_ns)
{
    return now_ns > then_ns ? now_ns - then_ns : 0;
}

/* The batch of a session that has begun; JSON null if there is none. */
static json_t *current_json(const lanes_server_session *session, uint64_t now_ns)
{
    lanes_server_current current;
    if (!lanes_server_tally_current(&session->current, &current)) {
        return json_null();
    }
    const bool is_running =
        lanes_load_relaxed_u64(&session->server->watch.running) == current.ticket;
    return json_pack("{s:o, s:b, s:o, s:o, s:o, s:o}", "tag", tag_json(current.tag),
                     "is_running", is_running, "since_ns",
                     number_json(since(current.started_ns, now_ns)), "slice_ns",
                     number_json(is_running ? since(current.slice_ns, now_ns) : 0),
                     "elements", number_json(current.elements), "position",
                     number_json(current.position));
}

static json_t *session_json(const lanes_server_session *session,
                            const lanes_server_session *asker, uint64_t now_ns)
{
    lanes_server_tally tally = {.queued_ns_max = 0};
    lanes_os_peer peer = {.pid = 0};
    json_t *current = current_json(session, now_ns);
    const uint64_t in_flight = lanes_server_tally_in_flight(session);
    const bool has_begun = json_is_object(current) && in_flight > 0;
    lanes_server_tally_sum(&tally, &session->tally);
    LANES_IGNORE(lanes_os_socket_peer(session->fd, &peer, NULL) < 0,
                 "a process that is unknown is 0");
    return json_pack(
        "{s:i, s:i, s:b, s:b, s:f, s:o, s:o, s:i, s:o, s:i, s:o, s:o, s:o, s:o, s:o, "
        "s:o}",
        "session", (int)session->number, "pid", (int)peer.pid, "is_own", session == asker,
        "is_observer", lanes_server_session_is_observer(session), "age_s",
        (double)(now_ns - session->opened_ns) * 1e-9, "in_flight", number_json(in_flight),
        "waiting", number_json(in_flight - has_begun), "segments",
        (int)lanes_shm_table_count(session->segments), "segment_bytes",
        number_json(lanes_shm_table_bytes(session->segments)), "kernels",
        (int)session->kernel_count, "ir_bytes", number_json(session->held.ir), "batches",
        number_json(tally.word[LANES_TALLY_COMPLETED]), "failed",
        number_json(tally.word[LANES_TALLY_FAILED]), "elements",
        number_json(tally.word[LANES_TALLY_ELEMENTS]), "run_ns",
        number_json(tally.word[LANES_TALLY_RUN_NS]), "batch", current);
}

static json_t *list_json(const lanes_server_session *asker, uint64_t now_ns)
{
    json_t *list = json_array();
    for (const lanes_server_session *s = asker->server->sessions; s != NULL;
         s = s->next) {
        /* The newest session is the first of the server's. */
        if (s->state == LANES_SESSION_OPEN &&
            json_array_insert_new(list, 0, session_json(s, asker, now_ns)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *sessions_json(const lanes_server *server, const struct totals *totals)
{
    const lanes_server_stats *stats = &server->stats;
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "open", number_json(totals->open),
                     "opened", number_json(totals->open + stats->sessions_closed),
                     "closed", number_json(stats->sessions_closed), "refused",
                     number_json(stats->sessions_refused), "corrupt",
                     number_json(stats->rings_corrupt), "observers",
                     number_json(totals->observers));
}

/* ---- Request ------------------------------------------------------------------------
 */

static json_t *stats_json(const lanes_server_session *asker)
{
    lanes_server *server = asker->server;
    const uint64_t now_ns = lanes_clock_ns();
    struct totals totals = {.open = 0};
    sum_up(server, &totals);
    return json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:{s:o, s:o}, s:{s:o, s:o, s:o}, s:o, s:o, s:o, s:o}",
        "schema", "lanes.stats/1", "executor", executor_json(server, now_ns), "batches",
        batches_json(&totals), "team", team_json(server), "sessions",
        sessions_json(server, &totals), "segments", "count", number_json(totals.segments),
        "bytes", number_json(totals.segment_bytes), "kernels", "loaded",
        number_json(totals.kernels), "variants", number_json(totals.variants), "ir_bytes",
        number_json(totals.ir_bytes), "compiler", compiler_json(server), "code",
        code_json(server), "cache", cache_json(server), "session",
        list_json(asker, now_ns));
}

lanes_status lanes_server_on_stats(lanes_server_session *session, const void *message,
                                   int fd, lanes_error *err)
{
    (void)fd;
    session->has_asked = true;
    json_t *document = stats_json(session);
    lanes_abi_stats reply = {.bytes = 0};
    int text_fd = -1;
    const lanes_status status =
        lanes_server_json_memfd(document, "lanes-stats", &text_fd, &reply.bytes, err);
    json_decref(document);
    LANES_TRY(status);
    lanes_server_reply(session, message, &reply, sizeof(reply), &text_fd, 1);
    lanes_os_close(&text_fd);
    return LANES_OK;
}
