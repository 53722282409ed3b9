/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_session.c - connections: hello, requests and replies, the end.
 *
 * A request that is not well-formed ends the session: a client that does not speak the
 * protocol cannot be told so in it. A well-formed one that cannot be fulfilled is
 * answered with lanes_abi_failure.
 */
#include "server/server_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "os/os_failpoint.h"
#include "os/os_memory.h"
#include "os/os_socket.h"
#include "os/os_wait.h"

#define ROOM "server/session"

/* Connections beyond the sessions that may exist, so that they can be told why not. */
#define REFUSALS_MAX 16u

typedef lanes_status (*request_fn)(lanes_server_session *session, const void *message,
                                   int fd, lanes_error *err);

struct request_row {
    size_t bytes;
    uint32_t fd_count;
    request_fn handle;
};

static lanes_status on_hello(lanes_server_session *session, const void *message, int fd,
                             lanes_error *err);

static const struct request_row requests[] = {
    [LANES_ABI_HELLO] = {sizeof(lanes_abi_hello), 0, on_hello},
    [LANES_ABI_SEGMENT_CREATE] = {sizeof(lanes_abi_segment), 0,
                                  lanes_server_on_segment_create},
    [LANES_ABI_SEGMENT_ATTACH] = {sizeof(lanes_abi_segment), 1,
                                  lanes_server_on_segment_attach},
    [LANES_ABI_SEGMENT_RELEASE] = {sizeof(lanes_abi_segment), 0,
                                   lanes_server_on_segment_release},
    [LANES_ABI_KERNEL_LOAD] = {sizeof(lanes_abi_kernel_load), 1,
                               lanes_server_on_kernel_load},
    [LANES_ABI_KERNEL_REPORT] = {sizeof(lanes_abi_kernel), 0,
                                 lanes_server_on_kernel_report},
    [LANES_ABI_KERNEL_RELEASE] = {sizeof(lanes_abi_kernel), 0,
                                  lanes_server_on_kernel_release},
    [LANES_ABI_KERNEL_FUSE] = {sizeof(lanes_abi_kernel_fuse), 0,
                               lanes_server_on_kernel_fuse},
    [LANES_ABI_BATCH_CANCEL] = {sizeof(lanes_abi_cancel), 0,
                                lanes_server_on_batch_cancel},
    [LANES_ABI_STATS] = {sizeof(lanes_abi_header), 0, lanes_server_on_stats},
    [LANES_ABI_SESSION_CANCEL] = {sizeof(lanes_abi_session_cancel), 0,
                                  lanes_server_on_session_cancel},
};

/* ---- Open ---------------------------------------------------------------------------
 */

/* A session's pointer as the poller carries it. */
union session_token {
    uint64_t token;
    lanes_server_session *session;
};

lanes_server_session *lanes_server_session_of(uint64_t token)
{
    return (union session_token){.token = token}.session;
}

static void link_session(lanes_server *server, lanes_server_session *session)
{
    session->next = server->sessions;
    if (server->sessions != NULL) {
        server->sessions->previous = session;
    }
    server->sessions = session;
    server->session_count++;
}

lanes_status lanes_server_session_open(lanes_server *server, int fd, lanes_error *err)
{
    lanes_status status = LANES_OK;
    lanes_server_session *session = NULL;
    if (server->session_count >= LANES_SESSIONS_MAX + REFUSALS_MAX) {
        status = lanes_error_set(
            err, LANES_E_QUOTA,
            "%u connections are open, which is the limit, with and without a session; "
            "close some",
            server->session_count);
        goto out;
    }
    session = aligned_alloc(LANES_CACHE_LINE, sizeof(*session));
    if (session == NULL) {
        status = lanes_error_set(err, -ENOMEM, "no memory for a session");
        goto out;
    }
    *session = (lanes_server_session){
        .server = server,
        .number = ++server->last_session_number,
        .state = LANES_SESSION_NEW,
        .fd = fd,
        .event_fd = -1,
        .rings = LANES_SHM_RINGS_NONE,
    };
    status = lanes_os_poller_add(server->poller, fd, LANES_OS_READABLE,
                                 ((union session_token){.session = session}).token, err);
    if (status == LANES_OK) {
        link_session(server, session);
        session = NULL; /* owned by the list */
        fd = -1;        /* owned by the session */
        LANES_FAILPOINT(SESSION_ACCEPTED);
    }
out:
    free(session);
    lanes_os_close(&fd);
    return status;
}

static lanes_status peer_uid(lanes_server_session *session, uint32_t *out_uid,
                             lanes_error *err)
{
    const lanes_server_hooks *hooks = &session->server->options->hooks;
    if (hooks->peer_uid != NULL) {
        return hooks->peer_uid(hooks->ctx, session->fd, out_uid);
    }
    lanes_os_peer peer;
    LANES_TRY(lanes_os_socket_peer(session->fd, &peer, err));
    *out_uid = peer.uid;
    return LANES_OK;
}

static lanes_status check_hello(lanes_server_session *session,
                                const lanes_abi_hello *hello, lanes_error *err)
{
    lanes_server *server = session->server;
    uint32_t uid = 0;
    LANES_TRY(peer_uid(session, &uid, err));
    if (uid != server->uid) {
        return lanes_error_set(err, LANES_E_FOREIGN_UID,
                               "this executor serves uid %u; you are uid %u", server->uid,
                               uid);
    }
    if (hello->magic != LANES_ABI_MAGIC || hello->version != LANES_ABI_VERSION) {
        return lanes_error_set(err, LANES_E_ABI_MISMATCH,
                               "the client speaks protocol version %u, this executor "
                               "(pid %d) version %u; install both from one release",
                               hello->version, lanes_os_pid(), LANES_ABI_VERSION);
    }
    if (server->is_stopping) {
        return lanes_error_set(err, LANES_E_PEER_GONE, "the executor is stopping");
    }
    uint32_t open = 0;
    for (const lanes_server_session *s = server->sessions; s != NULL; s = s->next) {
        open += s->state == LANES_SESSION_OPEN;
    }
    const uint32_t most = server->options->limits.sessions;
    if (open >= most) {
        return lanes_error_set(err, LANES_E_QUOTA,
                               "%u sessions are open; the executor's limit is %u; close "
                               "one, or use a private executor",
                               open, most);
    }
    return LANES_OK;
}

static lanes_status create_parts(lanes_server_session *session, lanes_error *err)
{
    session->kernels =
        (lanes_server_kernel **)calloc(LANES_KERNELS_MAX, sizeof(session->kernels[0]));
    session->dispatch_kernels = (lanes_server_kernel **)calloc(
        LANES_KERNELS_MAX, sizeof(session->dispatch_kernels[0]));
    session->pool = calloc(LANES_ABI_ENTRIES, sizeof(session->pool[0]));
    if (session->kernels == NULL || session->dispatch_kernels == NULL ||
        session->pool == NULL) {
        return lanes_error_set(err, -ENOMEM, "no memory for a session");
    }
    for (uint32_t i = 0; i < LANES_ABI_ENTRIES; i++) {
        session->pool[i].next = i + 1 < LANES_ABI_ENTRIES ? &session->pool[i + 1] : NULL;
    }
    session->idle.first = &session->pool[0];
    session->idle.last = &session->pool[LANES_ABI_ENTRIES - 1];
    for (uint32_t i = 0; i < LANES_PRIORITIES; i++) {
        session->queue[i] = (lanes_server_queue){.turn.priority = i, .session = session};
    }
    LANES_TRY(lanes_shm_table_create(&session->segments, err));
    lanes_server_place_segments(session);
    LANES_TRY(lanes_os_event_create(&session->event_fd, err));
    return lanes_shm_rings_create(&session->rings, &session->ring, err);
}

static lanes_status on_hello(lanes_server_session *session, const void *message, int fd,
                             lanes_error *err)
{
    (void)fd;
    lanes_server *server = session->server;
    const lanes_abi_hello *hello = message;
    lanes_status status = check_hello(session, hello, err);
    if (status == LANES_OK) {
        status = create_parts(session, err);
    }
    if (status < 0) {
        server->stats.sessions_refused++;
        lanes_server_reply_failure(session, &hello->header, err);
        lanes_server_session_close(session, status, err->message);
        return LANES_OK; /* answered */
    }
    session->state = LANES_SESSION_OPEN;
    session->opened_ns = lanes_clock_ns();
    lanes_server_post(server, &session->add, LANES_MAIL_SESSION_ADD);
    LANES_FAILPOINT(SESSION_HELLO);
    lanes_abi_hello reply = {
        .magic = LANES_ABI_MAGIC,
        .version = LANES_ABI_VERSION,
        .executor_pid = (uint32_t)lanes_os_pid(),
        .threads = server->team.threads,
    };
    const int fds[] = {session->rings.u_fd, session->rings.k_fd, server->doorbell,
                       session->event_fd};
    lanes_server_reply(session, &hello->header, &reply, sizeof(reply), fds,
                       LANES_ARRAY_COUNT(fds));
    LANES_FAILPOINT(SESSION_OPEN);
    lanes_shm_rings_close_fds(&session->rings);
    return LANES_OK;
}

/* ---- Requests -----------------------------------------------------------------------
 */

/* The row of a well-formed request; NULL with the reason if it is none. */
static const struct request_row *find_request(const lanes_server_session *session,
                                              const lanes_os_message *message,
                                              const char **out_why)
{
    const lanes_abi_header *header = message->buffer;
    *out_why = "it sent a message of an unknown type";
    if (message->bytes < sizeof(*header) || header->type >= LANES_ARRAY_COUNT(requests) ||
        requests[header->type].handle == NULL) {
        return NULL;
    }
    const struct request_row *row = &requests[header->type];
    *out_why = "it sent a message of the wrong size";
    if (message->bytes != row->bytes || header->bytes != row->bytes) {
        return NULL;
    }
    *out_why = "it sent a message with the wrong number of file descriptors";
    if (message->fd_count != row->fd_count) {
        return NULL;
    }
    *out_why = "it did not begin with a hello, or sent two";
    if ((header->type == LANES_ABI_HELLO) != (session->state == LANES_SESSION_NEW)) {
        return NULL;
    }
    *out_why = "it sent a request before the last one was answered";
    return session->loading != NULL ? NULL : row;
}

static void handle_request(lanes_server_session *session, const lanes_os_message *message)
{
    const char *why;
    const lanes_abi_header *header = message->buffer;
    const struct request_row *row = find_request(session, message, &why);
    if (row == NULL) {
        lanes_server_session_close(session, LANES_E_PROTOCOL, why);
        return;
    }
    lanes_error err;
    lanes_status status = LANES_OK;
    if (session->server->is_stopping && header->type != LANES_ABI_HELLO) {
        status = lanes_error_set(&err, LANES_E_PEER_GONE, "the executor is stopping");
    } else {
        status = row->handle(session, message->buffer,
                             message->fd_count > 0 ? message->fds[0] : -1, &err);
    }
    if (status < 0) {
        lanes_server_reply_failure(session, header, &err);
    }
}

void lanes_server_session_ready(lanes_server_session *session)
{
    if (session->state == LANES_SESSION_CLOSING) {
        return; /* closed by an earlier event of the same turn */
    }
    _Alignas(8) char buffer[LANES_ABI_MESSAGE_MAX];
    lanes_os_message message = {.buffer = buffer, .capacity_bytes = sizeof(buffer)};
    lanes_error err;
    const lanes_status status = lanes_os_receive(session->fd, &message, 0, &err);
    if (status == LANES_OK) {
        handle_request(session, &message);
        lanes_os_message_close_fds(&message);
    } else if (status == LANES_E_PEER_GONE) {
        lanes_server_session_close(session, status, "the client has ended");
    } else if (status != LANES_E_TIMED_OUT) {
        lanes_server_session_close(session, LANES_E_PROTOCOL, err.message);
    }
}

void lanes_server_reply(lanes_server_session *session, const lanes_abi_header *request,
                        void *message, size_t bytes, const int *fds, uint32_t fd_count)
{
    lanes_abi_header *header = message;
    header->type = request->type;
    header->sequence = request->sequence;
    header->bytes = (uint32_t)bytes;
    lanes_error err;
    /* With one request outstanding there is always room for the reply. */
    const lanes_status status =
        lanes_os_send(session->fd, message, bytes, fds, fd_count, 0, &err);
    if (status < 0) {
        lanes_server_session_close(session, status, err.message);
    }
}

void lanes_server_reply_failure(lanes_server_session *session,
                                const lanes_abi_header *request, const lanes_error *error)
{
    lanes_abi_failure failure = {.header = {.status = error->code}};
    snprintf(failure.message, sizeof(failure.message), "%s", error->message);
    lanes_server_reply(session, request, &failure, sizeof(failure), NULL, 0);
}

/* ---- End ----------------------------------------------------------------------------
 */

void lanes_server_session_close(lanes_server_session *session, lanes_status reason,
                                const char *why)
{
    lanes_server *server = session->server;
    if (session->state == LANES_SESSION_CLOSING) {
        return;
    }
    lanes_log(reason == LANES_E_PEER_GONE ? LANES_LOG_DEBUG : LANES_LOG_WARNING, ROOM,
              "session %u ended: %s (%s)", session->number, why,
              lanes_status_name(reason));
    const bool is_known = session->state == LANES_SESSION_OPEN;
    lanes_server_stats_session_end(session, is_known, reason);
    session->state = LANES_SESSION_CLOSING;
    session->close_reason = reason;
    server->session_count--;
    lanes_store_relaxed_u32(&session->cancel, 1);
    lanes_server_compile_forget(session);
    lanes_os_poller_remove(server->poller, session->fd);
    lanes_os_close(&session->fd);
    if (is_known) {
        lanes_server_post(server, &session->remove, LANES_MAIL_SESSION_REMOVE);
        LANES_FAILPOINT(SESSION_CLOSING);
    } else {
        /* Nobody else knows it; freed like the others, after the events of this turn. */
        lanes_server_report(server, &session->gone, LANES_MAIL_SESSION_GONE);
    }
}

void lanes_server_session_free(lanes_server_session *session)
{
    lanes_server *server = session->server;
    LANES_FAILPOINT(SESSION_GONE);
    lanes_server_tally_sum(&server->stats.gone, &session->tally);
    while (session->all_kernels != NULL) {
        lanes_server_kernel_free(server, session->all_kernels);
    }
    while (session->all_views != NULL) {
        lanes_server_view_free(session->all_views);
    }
    if (session->previous != NULL) {
        session->previous->next = session->next;
    } else {
        server->sessions = session->next;
    }
    if (session->next != NULL) {
        session->next->previous = session->previous;
    }
    lanes_shm_table_destroy(session->segments);
    lanes_shm_rings_close(&session->rings);
    lanes_os_close(&session->event_fd);
    free((void *)session->kernels);
    free((void *)session->dispatch_kernels);
    free(session->pool);
    free(session);
    LANES_FAILPOINT(SESSION_FREED);
}
