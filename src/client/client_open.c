/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_open.c - finding an executor, the hello exchange, closing.
 */
#include <lanes/client.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/client_internal.h"
#include "os/os_memory.h"
#include "os/os_socket.h"
#include "os/os_wait.h"

#define SPIN_US_MAX        1000000u
#define TIMEOUT_MS_DEFAULT 10000u

/* Executors that may end in the middle of a hello; more do so for a reason. */
#define HELLO_TRIES 5u

void lanes_open_options_default(lanes_open_options *options)
{
    *options = (lanes_open_options){
        .struct_bytes = sizeof(*options),
        .spin_us = LANES_SPIN_LIMIT_NS / 1000,
        .timeout_ms = TIMEOUT_MS_DEFAULT,
    };
}

static lanes_status check_options(const lanes_open_options *options, lanes_error *err)
{
    if (options->struct_bytes != sizeof(*options)) {
        return lanes_error_set(
            err, LANES_E_INVALID,
            "lanes_open_options has struct_bytes %u, not %zu; set it with "
            "lanes_open_options_default()",
            options->struct_bytes, sizeof(*options));
    }
    const uint32_t known =
        LANES_OPEN_NO_PRIVATE | LANES_OPEN_PRIVATE | LANES_OPEN_NO_REPLAY;
    if ((options->flags & ~known) != 0 || options->reserved != 0) {
        return lanes_error_set(
            err, LANES_E_INVALID,
            "lanes_open_options has unknown flags 0x%x or reserved %u != 0",
            options->flags & ~known, options->reserved);
    }
    if ((options->flags & LANES_OPEN_PRIVATE) != 0 &&
        ((options->flags & LANES_OPEN_NO_PRIVATE) != 0 || options->socket != NULL)) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "LANES_OPEN_PRIVATE excludes LANES_OPEN_NO_PRIVATE and a "
                               "socket");
    }
    if (options->spin_us > SPIN_US_MAX) {
        return lanes_error_set(err, LANES_E_INVALID, "spin_us %u exceeds %u",
                               options->spin_us, SPIN_US_MAX);
    }
    return LANES_OK;
}

/** The socket the user named, or NULL. */
static const char *named_socket(const lanes_open_options *options)
{
    if (options->socket != NULL) {
        return options->socket;
    }
    const char *path = secure_getenv("LANES_SOCKET");
    return path != NULL && path[0] != '\0' ? path : NULL;
}

/** Note where executors of this session are, whatever the environment says later. */
static lanes_status set_target(lanes_client_target *target,
                               const lanes_open_options *options, lanes_error *err)
{
    target->threads = options->threads;
    if (options->cpu != NULL) {
        snprintf(target->cpu, sizeof(target->cpu), "%s", options->cpu);
    }
    target->may_start = true;
    if ((options->flags & LANES_OPEN_PRIVATE) != 0) {
        return LANES_OK;
    }
    const char *named = named_socket(options);
    if (named == NULL) {
        target->may_start = (options->flags & LANES_OPEN_NO_PRIVATE) == 0;
        return lanes_os_socket_default_path(target->socket, err);
    }
    target->may_start = false;
    const size_t length = strlen(named);
    if (length >= sizeof(target->socket)) {
        return lanes_error_set(err, -ENAMETOOLONG,
                               "the path of the socket, '%.64s...', has %zu bytes; at "
                               "most %zu are possible",
                               named, length, sizeof(target->socket) - 1);
    }
    memcpy(target->socket, named, length + 1);
    return LANES_OK;
}

/** Connect session->socket to an executor, starting a private one if allowed. */
static lanes_status reach_executor(lanes_session *session, bool may_start,
                                   uint64_t timeout_ns, lanes_error *err)
{
    const lanes_client_target *target = &session->target;
    if (target->socket[0] == '\0') {
        return lanes_client_start_private(session, err);
    }
    const lanes_status status =
        lanes_os_connect(target->socket, timeout_ns, &session->socket, err);
    if (status == LANES_E_UNAVAILABLE && may_start) {
        return lanes_client_start_private(session, err);
    }
    return status;
}

static lanes_status read_hello(lanes_session *session, const lanes_abi_hello *reply,
                               int fds[LANES_ABI_FDS_MAX], lanes_error *err)
{
    if (reply->magic != LANES_ABI_MAGIC || reply->version != LANES_ABI_VERSION) {
        return lanes_error_set(
            err, LANES_E_ABI_MISMATCH,
            "the executor speaks protocol version %u, this library %u; "
            "restart the executor after an upgrade",
            reply->version, LANES_ABI_VERSION);
    }
    LANES_TRY(lanes_shm_rings_map(fds[0], fds[1], &session->rings, &session->ring, err));
    session->doorbell = fds[2];
    fds[2] = -1; /* owned by the session */
    session->event = fds[3];
    fds[3] = -1; /* owned by the session */
    session->executor_pid = (int32_t)reply->executor_pid;
    session->executor_threads = reply->threads;
    if (session->executor_pid != lanes_os_pid()) {
        /* An executor inside this process, or of another pid namespace, is not seen. */
        LANES_IGNORE(
            lanes_os_process_open(session->executor_pid, &session->process, NULL),
            "then its socket says when it has ended");
    }
    return LANES_OK;
}

static lanes_status say_hello(lanes_session *session, uint64_t timeout_ns,
                              lanes_error *err)
{
    lanes_abi_hello request = {
        .header = {.type = LANES_ABI_HELLO, .bytes = sizeof(request)},
        .magic = LANES_ABI_MAGIC,
        .version = LANES_ABI_VERSION,
    };
    lanes_abi_hello reply;
    lanes_client_call call = {
        .request = &request.header,
        .request_fd = -1,
        .reply = &reply.header,
        .reply_bytes = sizeof(reply),
        .reply_fd_count = 4,
        .timeout_ns = timeout_ns,
    };
    LANES_TRY(lanes_client_exchange(session, &call, err));
    const lanes_status status = read_hello(session, &reply, call.reply_fds, err);
    for (uint32_t i = 0; i < LANES_ABI_FDS_MAX; i++) {
        lanes_os_close(&call.reply_fds[i]);
    }
    return status;
}

lanes_status lanes_client_connect(lanes_session *session, bool may_start,
                                  uint64_t timeout_ns, lanes_error *err)
{
    LANES_TRY(reach_executor(session, may_start, timeout_ns, err));
    const lanes_status status = say_hello(session, timeout_ns, err);
    if (status == LANES_E_PEER_GONE && session->executor.pidfd >= 0) {
        return lanes_client_explain_private(session, status, err);
    }
    return status;
}

/**
 * An executor that ends before it has answered is followed by another, if somebody starts
 * those: connections wait in the socket's backlog until that one accepts them.
 */
static lanes_status connect_first(lanes_session *session, lanes_error *err)
{
    lanes_status status = LANES_E_PEER_GONE;
    for (uint32_t tries = 0; tries < HELLO_TRIES && status == LANES_E_PEER_GONE;
         tries++) {
        lanes_client_disconnect(session);
        status = lanes_client_connect(session, session->target.may_start,
                                      session->timeout_ns, err);
    }
    return status;
}

static lanes_status open_session(lanes_session *session,
                                 const lanes_open_options *options, lanes_error *err)
{
    LANES_TRY(set_target(&session->target, options, err));
    LANES_TRY(lanes_os_fork_guard_create(&session->fork_guard, err));
    if ((options->flags & LANES_OPEN_NO_REPLAY) == 0) {
        session->replay = lanes_client_replay_create();
        if (session->replay == NULL) {
            return lanes_error_errno(err, ENOMEM, "session");
        }
    }
    return connect_first(session, err);
}

lanes_status lanes_open(const lanes_open_options *options, lanes_session **out_session,
                        lanes_error *err)
{
    lanes_open_options defaults;
    if (options == NULL) {
        lanes_open_options_default(&defaults);
        options = &defaults;
    }
    LANES_TRY(check_options(options, err));
    lanes_session *session = malloc(sizeof(*session));
    if (session == NULL) {
        return lanes_error_errno(err, ENOMEM, "session");
    }
    *session = (lanes_session){
        .socket = -1,
        .doorbell = -1,
        .event = -1,
        .poller = -1,
        .nudge = -1,
        .process = -1,
        .executor = LANES_OS_CHILD_NONE,
        .rings = LANES_SHM_RINGS_NONE,
        .spin = lanes_spin_make(options->spin_us * 1000ull),
        .timeout_ns = options->timeout_ms * 1000000ull,
    };
    const lanes_status status = open_session(session, options, err);
    if (status < 0) {
        lanes_close(session);
        return status;
    }
    *out_session = session;
    return LANES_OK;
}

void lanes_client_disconnect(lanes_session *session)
{
    session->executor_threads = lanes_executor_threads(session);
    if (session->poller >= 0) {
        /* A forked child may have duplicates, which would stay in the set. */
        lanes_os_poller_remove(session->poller, session->event);
        lanes_os_poller_remove(session->poller, session->socket);
    }
    lanes_os_close(&session->socket);
    lanes_client_end_private(session);
    lanes_os_close(&session->process);
    lanes_os_close(&session->doorbell);
    lanes_os_close(&session->event);
    lanes_shm_rings_close(&session->rings);
}

static void forget_handles(lanes_session *session)
{
    while (session->segments != NULL) {
        lanes_client_forget_segment(session->segments);
    }
    while (session->released_segments != NULL) {
        lanes_client_forget_segment(session->released_segments);
    }
    while (session->kernels != NULL) {
        lanes_client_forget_kernel(session->kernels);
    }
    while (session->released_kernels != NULL) {
        lanes_client_forget_kernel(session->released_kernels);
    }
}

void lanes_close(lanes_session *session)
{
    if (session == NULL) {
        return;
    }
    /* The hang-up tells the executor everything: it cancels, unloads and unmaps. In a
     * forked child the parent's descriptor keeps the session alive; the parent's poller
     * is the child's too, so nothing is removed from it. */
    lanes_os_close(&session->poller);
    lanes_os_close(&session->nudge);
    lanes_os_close(&session->socket);
    forget_handles(session);
    lanes_client_disconnect(session);
    lanes_client_replay_destroy(session->replay);
    lanes_os_fork_guard_destroy(session->fork_guard);
    free(session);
}

lanes_status lanes_client_watch(lanes_session *session, lanes_error *err)
{
    const int poller = session->poller;
    if (poller < 0) {
        return LANES_OK;
    }
    LANES_TRY(lanes_os_poller_add(poller, session->event, LANES_OS_READABLE, 0, err));
    LANES_TRY(lanes_os_poller_add(poller, session->socket, 0, 0, err));
    lanes_ring_client_enable_event(&session->ring);
    /* Completions published before that were not signalled. */
    lanes_os_event_signal(session->nudge);
    return LANES_OK;
}

static lanes_status make_poller(lanes_session *session)
{
    LANES_TRY(lanes_os_event_create(&session->nudge, NULL));
    LANES_TRY(lanes_os_poller_create(&session->poller, NULL));
    LANES_TRY(
        lanes_os_poller_add(session->poller, session->nudge, LANES_OS_READABLE, 0, NULL));
    if (session->lost_ns != 0) {
        lanes_os_event_signal(session->nudge); /* lanes_poll() does the rest */
        return LANES_OK;
    }
    return lanes_client_watch(session, NULL);
}

int lanes_fd(lanes_session *session)
{
    LANES_TRY(lanes_client_check(session, NULL));
    if (session->poller >= 0) {
        return session->poller;
    }
    /* Completions, the executor's death, and what this library has to say, in one. */
    const lanes_status status = make_poller(session);
    if (status < 0) {
        lanes_os_close(&session->poller);
        lanes_os_close(&session->nudge);
        return status;
    }
    return session->poller;
}

uint32_t lanes_reconnects(const lanes_session *session)
{
    return session->reconnects;
}

int32_t lanes_executor_pid(const lanes_session *session)
{
    return session->executor_pid;
}

uint32_t lanes_executor_threads(const lanes_session *session)
{
    /* Without rings there is nobody who could tell. */
    const uint32_t told = session->rings.k != NULL && !lanes_client_is_forked(session)
                              ? lanes_ring_client_team_threads(&session->ring)
                              : 0;
    return told != 0 ? told : session->executor_threads;
}

const char *lanes_version(void)
{
    return LANES_VERSION_TEXT;
}
