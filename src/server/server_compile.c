/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_compile.c - the jobs of the compiler process (server_compiler.c), and what
 * becomes of them when it ends.
 *
 * The compiler has as many jobs as it works on at once; the others wait here, and the
 * next one is of the session whose last turn was longest ago, its oldest. So one that
 * wants a thousand variants costs another's first load no more than the compiles that
 * run. When the compiler dies, what it has fails and a new one gets the rest; if somebody
 * else killed it, or its child, the new one gets what it had, too, once. One that dies
 * again and again right after its start is started only once a second.
 *
 * A job that asks what was answered before is served from disk and never waits; one that
 * asks what ended a compile lately is told so (server_refused.c). One that asks the same
 * as another does not go to the compiler, but gets that one's answer, too.
 */
#include "server/server_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/os_failpoint.h"
#include "os/os_file.h"
#include "os/os_memory.h"
#include "os/os_socket.h"
#include "os/os_wait.h"

#define ROOM "server/compile"

/* A compiler that lives shorter than this died "quickly". */
#define QUICK_DEATH_NS   UINT64_C(1000000000)
#define QUICK_DEATHS_MAX 3u
#define RESTART_DELAY_NS UINT64_C(1000000000)

#define TICK_NS UINT64_C(1000000000)

/* ---- Jobs ---------------------------------------------------------------------------
 */

lanes_server_job *lanes_server_job_create(lanes_server_session *session,
                                          lanes_server_variant *variant)
{
    lanes_server_job *job = calloc(1, sizeof(*job));
    if (job != NULL) {
        job->session = session;
        job->variant = variant;
        job->result_fd = -1;
        job->started_ns = lanes_clock_ns();
    }
    return job;
}

static void unlink_job(lanes_server_compiler *compiler, lanes_server_job *job)
{
    lanes_server_job **at = job->is_sent ? &compiler->sent : &compiler->first;
    while (*at != job) {
        LANES_ASSERT(*at != NULL); /* it is in its list */
        at = &(*at)->next;
    }
    *at = job->next;
    compiler->sent_count -= job->is_sent;
}

/* Between the two lists. */
static void move_job(lanes_server_compiler *compiler, lanes_server_job *job, bool is_sent)
{
    unlink_job(compiler, job);
    lanes_server_job **list = is_sent ? &compiler->sent : &compiler->first;
    job->next = *list;
    job->is_sent = is_sent;
    compiler->sent_count += is_sent;
    *list = job;
}

/* Gives the outcome to whoever waits for it. @p error is NULL after a success. */
static void finish_job(lanes_server *server, lanes_server_job *job,
                       const lanes_error *error)
{
    unlink_job(&server->compiler, job);
    lanes_server_stats_job_end(server, error);
    if (job->session != NULL) {
        job->session->compile_count--;
    }
    if (job->session != NULL && job->is_load) {
        lanes_server_kernel_loaded(job, error);
    } else if (job->session != NULL) {
        lanes_server_variant *variant = job->variant;
        variant->status = error != NULL ? error->code : LANES_OK;
        if (error != NULL) {
            snprintf(variant->message, sizeof(variant->message), "%s", error->message);
        }
        lanes_server_post(server, &variant->done, LANES_MAIL_VARIANT_DONE);
    }
    lanes_os_close(&job->result_fd);
    free(job);
    LANES_FAILPOINT(JOB_FINISHED);
}

/* Stages are made while code is: who wants to see them gets code of its own. */
static bool may_share(const lanes_server_job *job)
{
    return !job->is_offered_none &&
           (job->variant->kernel->request.flags & LANES_ABI_KERNEL_STAGES) == 0;
}

/* Puts the keys of what is loaded or on disk behind the IR. */
static lanes_status offer_code(const lanes_server *server, int ir_fd,
                               lanes_compile_request *request, lanes_error *err)
{
    lanes_code_key *keys = malloc(LANES_KNOWN_MAX * sizeof(*keys));
    if (keys == NULL) {
        return LANES_OK; /* then the code is made once more */
    }
    request->known_count = lanes_server_code_keys(server, keys, LANES_KNOWN_MAX);
    const lanes_status status = lanes_os_write_at(
        ir_fd, keys, request->known_count * sizeof(*keys), request->ir_bytes, err);
    free(keys);
    return status;
}

static lanes_status create_memfds(const lanes_server *server, lanes_server_job *job,
                                  lanes_compile_request *request, int *out_ir_fd,
                                  lanes_error *err)
{
    const lanes_server_kernel *kernel = job->variant->kernel;
    LANES_TRY(lanes_os_memfd_create("lanes-result", 0, &job->result_fd, err));
    LANES_TRY(lanes_os_memfd_create("lanes-ir", 0, out_ir_fd, err));
    LANES_TRY(lanes_os_write_at(*out_ir_fd, kernel->ir, kernel->ir_bytes, 0, err));
    return may_share(job) ? offer_code(server, *out_ir_fd, request, err) : LANES_OK;
}

static lanes_status send_job(lanes_server *server, lanes_server_job *job,
                             lanes_error *err)
{
    lanes_compile_request request = job->variant->kernel->request;
    request.id = job->id;
    request.default_key = job->is_load;
    request.key = job->variant->key;
    int ir_fd = -1;
    lanes_status status = create_memfds(server, job, &request, &ir_fd, err);
    if (status == LANES_OK) {
        const int fds[] = {ir_fd, job->result_fd};
        status =
            lanes_os_send(server->compiler.fd, &request, sizeof(request), fds, 2, 0, err);
    }
    lanes_os_close(&ir_fd);
    if (status < 0) {
        lanes_os_close(&job->result_fd);
    }
    return status;
}

static bool is_same(const lanes_server_job *a, const lanes_server_job *b)
{
    return memcmp(&a->key, &b->key, sizeof(a->key)) == 0;
}

/* True while the compiler has a job that asks the same. */
static bool is_asked(const lanes_server_compiler *compiler, const lanes_server_job *job)
{
    const lanes_server_job *other = compiler->sent;
    while (other != NULL && !is_same(other, job)) {
        other = other->next;
    }
    return other != NULL;
}

/* One that is asked for again has had its turn. */
static bool has_had_turn(const lanes_server_job *job)
{
    return job->is_offered_none || job->was_killed;
}

static bool is_before(const lanes_server_job *a, const lanes_server_job *b)
{
    if (has_had_turn(a) != has_had_turn(b)) {
        return has_had_turn(a);
    }
    return a->session->compile_turn < b->session->compile_turn;
}

/* The job to send next; NULL if none waits but those that the compiler has been asked. */
static lanes_server_job *next_job(const lanes_server_compiler *compiler)
{
    lanes_server_job *best = NULL;
    for (lanes_server_job *job = compiler->first; job != NULL; job = job->next) {
        if ((best == NULL || is_before(job, best)) && !is_asked(compiler, job)) {
            best = job;
        }
    }
    return best;
}

static void send_jobs(lanes_server *server)
{
    lanes_server_compiler *compiler = &server->compiler;
    while (compiler->fd >= 0 && compiler->sent_count < compiler->sent_max) {
        lanes_server_job *job = next_job(compiler);
        if (job == NULL) {
            return;
        }
        lanes_error err;
        const lanes_status status = send_job(server, job, &err);
        if (status == LANES_OK) {
            if (compiler->sent_count == 0) {
                compiler->heard_ns = lanes_clock_ns();
            }
            job->session->compile_turn = ++compiler->turns;
            move_job(compiler, job, true);
            LANES_FAILPOINT(JOB_SENT);
        } else if (status == LANES_E_TIMED_OUT || status == LANES_E_PEER_GONE) {
            return; /* its next reply, or its end, brings us back here */
        } else {
            finish_job(server, job, &err);
        }
    }
}

void lanes_server_compile(lanes_server *server, lanes_server_job *job)
{
    lanes_server_compiler *compiler = &server->compiler;
    server->stats.compile_requests++;
    lanes_server_stored_key(server, job);
    lanes_server_job **at = &compiler->first;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = job;
    job->session->compile_count++;
    LANES_FAILPOINT(JOB_QUEUED);
    lanes_error err;
    if (lanes_server_refused(server, job, &err)) {
        finish_job(server, job, &err);
        return;
    }
    if (lanes_server_stored_take(server, job)) {
        finish_job(server, job, NULL);
        return;
    }
    send_jobs(server);
}

void lanes_server_compile_forget(lanes_server_session *session)
{
    lanes_server *server = session->server;
    lanes_server_job *next;
    for (lanes_server_job *job = server->compiler.sent; job != NULL; job = job->next) {
        if (job->session == session) {
            job->session = NULL; /* its kernel is freed with the session */
            job->variant = NULL;
        }
    }
    for (lanes_server_job *job = server->compiler.first; job != NULL; job = next) {
        next = job->next;
        if (job->session == session) {
            job->session = NULL;
            finish_job(server, job, NULL);
        }
    }
    session->loading = NULL;
    session->compile_count = 0;
}

/* ---- Replies ------------------------------------------------------------------------
 */

/* What the compiler had waits again; lanes_server_compiler_ready() or a restart sends it.
 */
static void put_back(lanes_server *server, lanes_server_job *job)
{
    move_job(&server->compiler, job, false);
    lanes_os_close(&job->result_fd);
}

/* The compiler left out code that went away while it worked: have it made. */
static void compile_again(lanes_server *server, lanes_server_job *job)
{
    lanes_log(LANES_LOG_DEBUG, ROOM, "job %016" PRIx64 ": its code has gone", job->id);
    job->is_offered_none = true;
    put_back(server, job);
}

/* Who compiled it was killed, which says nothing of the IR: it is asked for once more. */
static void retry(lanes_server *server, lanes_server_job *job)
{
    if (job->session == NULL) { /* but nobody waits for it */
        finish_job(server, job, NULL);
        return;
    }
    server->stats.compiles_retried++;
    job->was_killed = true;
    put_back(server, job);
}

/* The first that waits for the answer which the compiler has given, or not, to another.
 */
static lanes_server_job *find_same(const lanes_server_compiler *compiler,
                                   const lanes_digest *key)
{
    lanes_server_job *job = compiler->first;
    while (job != NULL &&
           (job->is_offered_none || memcmp(&job->key, key, sizeof(*key)) != 0)) {
        job = job->next;
    }
    return job;
}

/*
 * Gives the reply to one of those who asked the same meanwhile; false if there is none.
 * Finishing one may end sessions with their jobs, so each search begins anew.
 */
static bool answer_another(lanes_server *server, const lanes_digest *key,
                           const lanes_compile_reply *reply, int *result_fd)
{
    lanes_server_job *job = find_same(&server->compiler, key);
    if (job == NULL) {
        return false;
    }
    lanes_error err;
    job->result_fd = *result_fd;
    const lanes_status status = lanes_server_result_take(server, job, reply, &err);
    job->result_fd = -1;
    if (status == LANES_E_STALE_ID) {
        job->is_offered_none = true; /* it is sent next */
    } else {
        finish_job(server, job, status < 0 ? &err : NULL);
    }
    return true;
}

/* True if somebody else ended the compile, and it is asked for once more. */
static bool retry_killed(lanes_server *server, lanes_server_job *job,
                         const lanes_compile_reply *reply)
{
    if (reply->outcome != LANES_COMPILE_CRASHED || job->was_killed ||
        !lanes_server_is_killed_by_others(reply->signal_number)) {
        return false;
    }
    const lanes_os_exit ended = {.signal_number = (int32_t)reply->signal_number};
    char how[64];
    lanes_os_exit_format(&ended, how, sizeof(how));
    lanes_log(LANES_LOG_WARNING, ROOM, "a compile %s; it is asked for once more", how);
    retry(server, job);
    return true;
}

static void on_reply(lanes_server *server, const lanes_compile_reply *reply)
{
    server->compiler.heard_ns = lanes_clock_ns();
    server->stats.compile_wall_ns += reply->wall_ns;
    lanes_server_job *job = server->compiler.sent;
    while (job != NULL && job->id != reply->id) {
        job = job->next;
    }
    if (job == NULL) {
        lanes_log(LANES_LOG_WARNING, ROOM,
                  "a reply to job %016" PRIx64 ", which is unknown", reply->id);
        return;
    }
    LANES_FAILPOINT(JOB_ANSWERED);
    if (retry_killed(server, job, reply)) {
        return;
    }
    lanes_error err;
    /* How it ended counts even if nobody waits for it any more. */
    lanes_status status = lanes_server_outcome_check(reply, &err);
    if (status == LANES_OK && job->session != NULL) {
        status = lanes_server_result_take(server, job, reply, &err);
        LANES_FAILPOINT(JOB_LOADED);
    }
    lanes_log(LANES_LOG_DEBUG, ROOM, "job %016" PRIx64 ": %" PRIu64 " ms, %s", job->id,
              reply->wall_ns / 1000000u, status < 0 ? err.message : "done");
    if (status == LANES_E_STALE_ID && may_share(job)) {
        compile_again(server, job);
        return;
    }
    const lanes_digest key = job->key;
    if (status < 0) {
        lanes_server_refused_keep(server, &key, reply, &err);
    }
    int result_fd = job->result_fd;
    job->result_fd = -1; /* owned here until all who wait for it are served */
    finish_job(server, job, status < 0 ? &err : NULL);
    while (answer_another(server, &key, reply, &result_fd)) {
    }
    lanes_os_close(&result_fd);
}

/* Two compilers were killed while they had it: so it is for all who ask the same. */
static void give_up(lanes_server *server, lanes_server_job *job, const char *how)
{
    const lanes_digest key = job->key;
    lanes_error err;
    lanes_error_set(&err, LANES_E_COMPILE_CRASHED,
                    "the compiler process %s while it had this kernel, as it was killed "
                    "before; see whether the machine is short of memory",
                    how);
    lanes_server_refused_add(server, &key, &err);
    do {
        finish_job(server, job, &err);
        job = find_same(&server->compiler, &key);
    } while (job != NULL);
}

/* What becomes of the jobs that a compiler had which @p how tells the end of. */
static void end_sent(lanes_server *server, const char *how, bool is_killed_by_others)
{
    lanes_server_compiler *compiler = &server->compiler;
    lanes_error err;
    lanes_error_set(&err, LANES_E_COMPILE_CRASHED,
                    "the compiler process %s while it had this kernel; load it again",
                    how);
    /* Finishing one may end sessions with their jobs, so each search begins anew. */
    while (compiler->sent != NULL) {
        if (!is_killed_by_others) {
            finish_job(server, compiler->sent, &err);
        } else if (!compiler->sent->was_killed) {
            retry(server, compiler->sent);
        } else {
            give_up(server, compiler->sent, how);
        }
    }
}

/* The compiler is gone, @p is_ours because we have killed it; what waits gets a new one.
 */
static void on_death(lanes_server *server, bool is_ours)
{
    lanes_server_compiler *compiler = &server->compiler;
    char how[64] = "ended";
    lanes_os_exit ended = {.code = -1};
    const bool is_process = compiler->child.pid != 0;
    const uint32_t had = compiler->sent_count;
    if (lanes_server_compiler_end(server, &ended)) {
        is_ours = true;
    }
    if (is_process) {
        lanes_os_exit_format(&ended, how, sizeof(how));
    }
    const bool is_killed_by_others =
        !is_ours && lanes_server_is_killed_by_others((uint32_t)ended.signal_number);
    lanes_log(LANES_LOG_WARNING, ROOM, "the compiler %s; %u compiles %s", how, had,
              is_killed_by_others ? "are asked for once more, or fail" : "fail");
    end_sent(server, how, is_killed_by_others);
    const uint64_t now_ns = lanes_clock_ns();
    const bool is_quick = now_ns - compiler->started_ns < QUICK_DEATH_NS;
    compiler->quick_deaths = is_quick ? compiler->quick_deaths + 1 : 0;
    compiler->restart_ns =
        now_ns + (compiler->quick_deaths > QUICK_DEATHS_MAX ? RESTART_DELAY_NS : 0);
}

void lanes_server_compiler_ready(lanes_server *server)
{
    lanes_server_compiler *compiler = &server->compiler;
    bool is_dead = false;
    while (compiler->fd >= 0 && !is_dead) {
        lanes_compile_reply reply;
        lanes_os_message message = {.buffer = &reply, .capacity_bytes = sizeof(reply)};
        lanes_status status = lanes_os_receive(compiler->fd, &message, 0, NULL);
        if (status == LANES_E_PEER_GONE) {
            /* Of a peer that leaves requests unread the kernel tells that first, once,
             * and then gives what it had sent before. */
            status = lanes_os_receive(compiler->fd, &message, 0, NULL);
        }
        if (status == LANES_E_TIMED_OUT) {
            break;
        }
        if (status == LANES_OK) {
            lanes_os_message_close_fds(&message);
        }
        /* One that does not speak the protocol is of no more use than a dead one. */
        is_dead = status < 0 || message.bytes != sizeof(reply);
        if (!is_dead) {
            on_reply(server, &reply);
        }
    }
    if (compiler->fd >= 0 && !is_dead && compiler->child.pid != 0) {
        const lanes_status status =
            lanes_os_poll(compiler->child.pidfd, LANES_OS_READABLE, 0);
        is_dead = status > 0;
    }
    if (is_dead) {
        on_death(server, false);
    }
    send_jobs(server);
}

static void fail_all(lanes_server *server, const lanes_error *error)
{
    /* Finishing one may end sessions with their jobs. */
    lanes_server_compiler *compiler = &server->compiler;
    while (compiler->sent != NULL || compiler->first != NULL) {
        finish_job(server, compiler->sent != NULL ? compiler->sent : compiler->first,
                   error);
    }
}

/* Starts the compiler again when it is time; returns how long until it is, 0 = running.
 */
static uint64_t restart(lanes_server *server, uint64_t now_ns)
{
    lanes_server_compiler *compiler = &server->compiler;
    if (now_ns < compiler->restart_ns) {
        return compiler->restart_ns - now_ns;
    }
    lanes_error err;
    if (lanes_server_compiler_start(server, &err) < 0) {
        lanes_log(LANES_LOG_ERROR, ROOM, "%s", err.message);
        fail_all(server, &err);
        compiler->restart_ns = now_ns + RESTART_DELAY_NS;
        return RESTART_DELAY_NS;
    }
    send_jobs(server);
    return 0;
}

static bool is_hanging(const lanes_server *server, uint64_t now_ns)
{
    const lanes_server_compiler *compiler = &server->compiler;
    /* Of the jobs sent, it works on a few at a time and answers one after the other. */
    return compiler->sent_count > 0 &&
           now_ns > compiler->heard_ns + server->options->silence_ns;
}

uint64_t lanes_server_compiler_tick(lanes_server *server, uint64_t now_ns)
{
    lanes_server_compiler *compiler = &server->compiler;
    if (compiler->fd < 0) {
        const uint64_t wait_ns = restart(server, now_ns);
        if (wait_ns != 0) {
            return wait_ns;
        }
    }
    if (is_hanging(server, now_ns)) {
        lanes_log(LANES_LOG_ERROR, ROOM, "the compiler hangs; it is replaced");
        LANES_IGNORE(lanes_os_child_signal(&compiler->child, LANES_OS_SIGNAL_KILL) < 0,
                     "then its socket is closed, which ends it");
        on_death(server, true);
        return 0;
    }
    return compiler->sent != NULL || compiler->first != NULL ? TICK_NS : LANES_OS_FOREVER;
}

void lanes_server_compiler_stop(lanes_server *server)
{
    lanes_os_exit ended;
    lanes_server_compiler_end(server, &ended);
    fail_all(server, NULL);
    lanes_server_refused_clear(server);
}
