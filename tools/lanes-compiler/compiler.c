/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compiler.c - the job table: receive, start, watch, classify, reply.
 *
 * Requests are taken off the socket while the table has room, so that an executor which
 * asks for much finds its limit there and not in a blocked send; beyond it they wait in
 * the socket. Replies are sent without blocking and kept until the socket takes them:
 * two processes that block on sending to each other would never end.
 */
#include "compiler.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "child.h"
#include "os/os_failpoint.h"
#include "os/os_memory.h"
#include "os/os_process.h"
#include "os/os_socket.h"
#include "os/os_thread.h"
#include "os/os_wait.h"
#include "sandbox.h"

#define ROOM "lanes-compiler"

#define JOBS_MAX      128        /* requests known at once; two descriptors each */
#define READY_MAX     32         /* events taken per wait */
#define TOKEN_SOCKET  UINT64_MAX /* every other token is an index into jobs */
#define NS_PER_SECOND 1000000000ull

enum job_state { JOB_FREE = 0, JOB_QUEUED, JOB_RUNNING, JOB_ENDED };

struct job {
    enum job_state state;
    bool is_over_wall; /* it was killed for that */
    uint64_t arrival;  /* the order of requests */
    int ir_fd;
    int result_fd;
    lanes_os_child child;
    uint64_t started_ns;
    lanes_compile_request request;
    lanes_compile_reply reply;
};

struct compiler {
    int socket_fd;
    int poller;
    const compiler_limits *limits;
    uint32_t socket_events; /* what the poller waits for on the socket */
    uint32_t running_count;
    uint32_t used_count; /* jobs that are not free */
    uint64_t arrivals;
    struct job jobs[JOBS_MAX];
};

void compiler_limits_default(compiler_limits *limits)
{
    *limits = (compiler_limits){
        .cpu_seconds = LANES_COMPILE_CPU_SECONDS,
        .wall_seconds = LANES_COMPILE_WALL_SECONDS,
        .memory_bytes = LANES_COMPILE_MEMORY_BYTES,
        .output_bytes = LANES_COMPILE_OUTPUT_BYTES,
        .children_max = lanes_os_cpu_count() + LANES_COMPILE_EXTRA,
    };
}

/* The job in @p state that arrived first, or NULL. */
static struct job *first_in_state(struct compiler *compiler, enum job_state state)
{
    struct job *first = NULL;
    for (size_t i = 0; i < JOBS_MAX; i++) {
        struct job *job = &compiler->jobs[i];
        if (job->state == state && (first == NULL || job->arrival < first->arrival)) {
            first = job;
        }
    }
    return first;
}

static void job_close_files(struct job *job)
{
    lanes_os_close(&job->ir_fd);
    lanes_os_close(&job->result_fd);
}

/* Takes one request off the socket; LANES_E_TIMED_OUT if none is there. */
static lanes_status receive_request(struct compiler *compiler, lanes_error *err)
{
    struct job *job = first_in_state(compiler, JOB_FREE);
    LANES_ASSERT(job != NULL);
    lanes_os_message message = {.buffer = &job->request,
                                .capacity_bytes = sizeof(job->request)};
    LANES_TRY(lanes_os_receive(compiler->socket_fd, &message, 0, err));
    if (message.bytes != sizeof(job->request) || message.fd_count != 2) {
        const uint32_t fd_count = message.fd_count;
        lanes_os_message_close_fds(&message);
        return lanes_error_set(
            err, LANES_E_PROTOCOL,
            "a request of %zu bytes with %u descriptors instead of %zu "
            "and 2; lanesd and lanes-compiler are of different versions",
            message.bytes, fd_count, sizeof(job->request));
    }
    job->ir_fd = message.fds[0];
    job->result_fd = message.fds[1];
    job->arrival = compiler->arrivals++;
    job->is_over_wall = false;
    job->reply = (lanes_compile_reply){.id = job->request.id};
    job->state = JOB_QUEUED;
    compiler->used_count++;
    LANES_FAILPOINT(COMPILER_READ);
    return LANES_OK;
}

static lanes_status receive_requests(struct compiler *compiler, lanes_error *err)
{
    while (compiler->used_count < JOBS_MAX) {
        const lanes_status status = receive_request(compiler, err);
        if (status < 0) {
            return status == LANES_E_TIMED_OUT ? LANES_OK : status;
        }
    }
    return LANES_OK;
}

/* Ends a child about which nothing is left to learn. */
static void kill_child(struct job *job)
{
    LANES_IGNORE(lanes_os_child_signal(&job->child, SIGKILL), "it is reaped next");
    LANES_IGNORE(lanes_os_child_wait(&job->child, LANES_OS_FOREVER, NULL),
                 "how it ended does not matter");
}

static void start_job(struct compiler *compiler, struct job *job)
{
    const child_task task = {.request = &job->request,
                             .limits = compiler->limits,
                             .ir_fd = job->ir_fd,
                             .result_fd = job->result_fd,
                             .parent = lanes_os_pid()};
    lanes_error err;
    job->started_ns = lanes_clock_ns();
    lanes_status status = lanes_os_fork(&job->child, &err);
    if (status == LANES_OK && job->child.pid == 0) {
        child_run(&task);
    }
    LANES_FAILPOINT(COMPILER_FORKED);
    job_close_files(job); /* the child has its own */
    if (status == LANES_OK) {
        const uint64_t token = (uint64_t)(job - compiler->jobs);
        status = lanes_os_poller_add(compiler->poller, job->child.pidfd,
                                     LANES_OS_READABLE, token, &err);
        if (status < 0) {
            kill_child(job);
        }
    }
    if (status < 0) {
        lanes_log(LANES_LOG_WARNING, ROOM, "cannot start a compile: %s", err.message);
        job->reply.outcome = LANES_COMPILE_NO_CHILD;
        job->state = JOB_ENDED;
        return;
    }
    job->state = JOB_RUNNING;
    compiler->running_count++;
}

/* Which of kernel/compile.h's outcomes a child's end was. */
static uint32_t classify(const struct job *job, const lanes_os_exit *ended,
                         const compiler_limits *limits)
{
    switch (ended->signal_number) {
    case 0:
        break;
    case SIGXCPU:
        return LANES_COMPILE_CPU_LIMIT;
    case SIGXFSZ:
        return LANES_COMPILE_OUTPUT_LIMIT;
    case SIGKILL:
        if (job->is_over_wall) {
            return LANES_COMPILE_WALL_LIMIT;
        }
        return ended->cpu_ns >= limits->cpu_seconds * NS_PER_SECOND
                   ? LANES_COMPILE_CPU_LIMIT
                   : LANES_COMPILE_CRASHED;
    default:
        return LANES_COMPILE_CRASHED;
    }
    switch (ended->code) {
    case CHILD_EXIT_DONE:
        return LANES_COMPILE_DONE;
    case CHILD_EXIT_MEMORY:
        return LANES_COMPILE_MEMORY_LIMIT;
    case CHILD_EXIT_OUTPUT:
        return LANES_COMPILE_OUTPUT_LIMIT;
    default:
        return LANES_COMPILE_CRASHED;
    }
}

/* The limit that an outcome is about, in the unit of lanes_compile_reply.limit. */
static uint64_t limit_of(uint32_t outcome, const compiler_limits *limits)
{
    switch (outcome) {
    case LANES_COMPILE_CPU_LIMIT:
        return limits->cpu_seconds;
    case LANES_COMPILE_WALL_LIMIT:
        return limits->wall_seconds;
    case LANES_COMPILE_MEMORY_LIMIT:
        return limits->memory_bytes;
    case LANES_COMPILE_OUTPUT_LIMIT:
        return limits->output_bytes;
    default:
        return 0;
    }
}

static void end_job(struct compiler *compiler, struct job *job)
{
    lanes_os_poller_remove(compiler->poller, job->child.pidfd);
    lanes_os_exit ended = {.code = -1};
    char how[64];
    LANES_IGNORE(lanes_os_child_wait(&job->child, LANES_OS_FOREVER, &ended),
                 "an unknown end counts as a crash");
    lanes_os_exit_format(&ended, how, sizeof(how));
    const uint32_t outcome = classify(job, &ended, compiler->limits);
    job->reply = (lanes_compile_reply){
        .id = job->request.id,
        .outcome = outcome,
        .signal_number = (uint32_t)ended.signal_number,
        .cpu_ns = ended.cpu_ns,
        .wall_ns = lanes_clock_ns() - job->started_ns,
        .peak_rss_bytes = ended.peak_rss_bytes,
        .limit = limit_of(outcome, compiler->limits),
    };
    lanes_log(LANES_LOG_DEBUG, ROOM, "compile %llu %s: outcome %u, %llu us of CPU",
              (unsigned long long)job->reply.id, how, outcome,
              (unsigned long long)(ended.cpu_ns / 1000));
    job->state = JOB_ENDED;
    compiler->running_count--;
}

/* Kills what is over its wall time; returns how long the rest may still take. */
static uint64_t enforce_wall_limits(struct compiler *compiler)
{
    const uint64_t now = lanes_clock_ns();
    const uint64_t limit_ns = compiler->limits->wall_seconds * NS_PER_SECOND;
    uint64_t nearest_ns = LANES_OS_FOREVER;
    for (size_t i = 0; i < JOBS_MAX; i++) {
        struct job *job = &compiler->jobs[i];
        if (job->state != JOB_RUNNING || job->is_over_wall) {
            continue;
        }
        const uint64_t age_ns = now - job->started_ns;
        if (age_ns < limit_ns) {
            nearest_ns = limit_ns - age_ns < nearest_ns ? limit_ns - age_ns : nearest_ns;
            continue;
        }
        job->is_over_wall = true;
        LANES_IGNORE(lanes_os_child_signal(&job->child, SIGKILL),
                     "it can only fail if the child has ended");
    }
    return nearest_ns;
}

static lanes_status send_replies(struct compiler *compiler, lanes_error *err)
{
    for (;;) {
        struct job *job = first_in_state(compiler, JOB_ENDED);
        if (job == NULL) {
            return LANES_OK;
        }
        LANES_FAILPOINT(COMPILER_ANSWERING);
        const lanes_status status = lanes_os_send(compiler->socket_fd, &job->reply,
                                                  sizeof(job->reply), NULL, 0, 0, err);
        if (status < 0) {
            return status == LANES_E_TIMED_OUT ? LANES_OK : status;
        }
        job->state = JOB_FREE;
        compiler->used_count--;
        LANES_FAILPOINT(COMPILER_ANSWERED);
    }
}

/* Waits for room in the table, for room in the socket, or for neither. */
static lanes_status update_socket_events(struct compiler *compiler, lanes_error *err)
{
    uint32_t events = compiler->used_count < JOBS_MAX ? LANES_OS_READABLE : 0;
    events |= first_in_state(compiler, JOB_ENDED) != NULL ? LANES_OS_WRITABLE : 0;
    if (events == compiler->socket_events) {
        return LANES_OK;
    }
    compiler->socket_events = events;
    return lanes_os_poller_change(compiler->poller, compiler->socket_fd, events,
                                  TOKEN_SOCKET, err);
}

static lanes_status handle_ready(struct compiler *compiler, const lanes_os_ready *ready,
                                 lanes_error *err)
{
    if (ready->token != TOKEN_SOCKET) {
        end_job(compiler, &compiler->jobs[ready->token]);
        return LANES_OK;
    }
    if (ready->events & LANES_OS_HANG_UP) {
        return lanes_error_set(err, LANES_E_PEER_GONE, "the executor has ended");
    }
    return ready->events & LANES_OS_READABLE ? receive_requests(compiler, err) : LANES_OK;
}

/* One turn: start, reply, wait, look. */
static lanes_status turn(struct compiler *compiler, lanes_error *err)
{
    struct job *job;
    while (compiler->running_count < compiler->limits->children_max &&
           (job = first_in_state(compiler, JOB_QUEUED)) != NULL) {
        start_job(compiler, job);
    }
    LANES_TRY(send_replies(compiler, err));
    LANES_TRY(update_socket_events(compiler, err));

    lanes_os_ready ready[READY_MAX];
    const uint64_t timeout_ns = enforce_wall_limits(compiler);
    const lanes_status count =
        lanes_os_poller_wait(compiler->poller, ready, READY_MAX, timeout_ns);
    if (count < 0) {
        return lanes_error_errno(err, -count, "waiting for requests");
    }
    for (lanes_status i = 0; i < count; i++) {
        LANES_TRY(handle_ready(compiler, &ready[i], err));
    }
    return LANES_OK;
}

static void kill_all(struct compiler *compiler)
{
    for (size_t i = 0; i < JOBS_MAX; i++) {
        struct job *job = &compiler->jobs[i];
        if (job->state == JOB_RUNNING) {
            kill_child(job);
        }
        if (job->state != JOB_FREE) {
            job_close_files(job);
        }
    }
}

lanes_status compiler_serve(int socket_fd, const compiler_limits *limits,
                            lanes_error *err)
{
    struct compiler *compiler = calloc(1, sizeof(*compiler));
    if (compiler == NULL) {
        return lanes_error_errno(err, ENOMEM, "no memory for the job table");
    }
    compiler->socket_fd = socket_fd;
    compiler->poller = -1;
    compiler->limits = limits;
    compiler->socket_events = LANES_OS_READABLE;
    for (size_t i = 0; i < JOBS_MAX; i++) {
        compiler->jobs[i].ir_fd = -1;
        compiler->jobs[i].result_fd = -1;
    }
    lanes_status status = lanes_os_poller_create(&compiler->poller, err);
    if (status == LANES_OK) {
        status = lanes_os_poller_add(compiler->poller, socket_fd, LANES_OS_READABLE,
                                     TOKEN_SOCKET, err);
    }
    while (status == LANES_OK) {
        status = turn(compiler, err);
    }
    kill_all(compiler);
    lanes_os_close(&compiler->poller);
    free(compiler);
    return status == LANES_E_PEER_GONE ? LANES_OK : status;
}
