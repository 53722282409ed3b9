/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_control.c - one control request at a time over the session's socket.
 */
#include "client/client_internal.h"

#include <errno.h>
#include <string.h>

#include "base/atomic.h"
#include "os/os_memory.h"
#include "os/os_socket.h"

/* Executors that may end over one request. */
#define TRIES 2u

bool lanes_client_is_forked(const lanes_session *session)
{
    return lanes_load_relaxed_u32(session->fork_guard) == 0;
}

lanes_status lanes_client_check(const lanes_session *session, lanes_error *err)
{
    if (lanes_client_is_forked(session)) {
        return lanes_error_set(
            err, -ECHILD,
            "this session belongs to the parent process; open one of your "
            "own after fork()");
    }
    if (session->broken < 0) {
        return lanes_error_set(err, LANES_E_PEER_GONE,
                               "the session ended earlier (%s); open a new one",
                               lanes_status_text(session->broken));
    }
    return LANES_OK;
}

lanes_status lanes_client_break(lanes_session *session, lanes_status reason)
{
    session->broken = reason;
    return reason;
}

/** The reply of a request that the executor refused. */
static lanes_status read_failure(const lanes_os_message *message,
                                 const lanes_abi_header *header, lanes_error *err)
{
    if (message->bytes != sizeof(lanes_abi_failure) || message->fd_count != 0) {
        return LANES_E_PROTOCOL;
    }
    lanes_abi_failure failure;
    memcpy(&failure, message->buffer, sizeof(failure));
    const size_t length = strnlen(failure.message, sizeof(failure.message));
    return length > 0 ? lanes_error_set(err, header->status, "%.*s", (int)length,
                                        failure.message)
                      : lanes_error_set(err, header->status, "%s",
                                        lanes_status_text(header->status));
}

/**
 * Compare the reply with what the request asked for; *out_status is the executor's
 * answer. False: it is no answer to this request.
 */
static bool read_reply(lanes_client_call *call, lanes_os_message *message,
                       lanes_status *out_status, lanes_error *err)
{
    lanes_abi_header header;
    if (message->bytes < sizeof(header)) {
        return false;
    }
    memcpy(&header, message->buffer, sizeof(header));
    if (header.type != call->request->type ||
        header.sequence != call->request->sequence || header.bytes != message->bytes ||
        header.status > 0) {
        return false;
    }
    if (header.status < 0) {
        *out_status = read_failure(message, &header, err);
        return *out_status == header.status;
    }
    if (message->bytes != call->reply_bytes ||
        message->fd_count != call->reply_fd_count) {
        return false;
    }
    memcpy(call->reply, message->buffer, call->reply_bytes);
    for (uint32_t i = 0; i < message->fd_count; i++) {
        call->reply_fds[i] = message->fds[i];
        message->fds[i] = -1; /* owned by the caller */
    }
    *out_status = LANES_OK;
    return true;
}

static lanes_status receive_reply(lanes_session *session, lanes_client_call *call,
                                  lanes_error *err)
{
    char buffer[LANES_ABI_MESSAGE_MAX];
    lanes_os_message message = {.buffer = buffer, .capacity_bytes = sizeof(buffer)};
    LANES_TRY(lanes_os_receive(session->socket, &message, call->timeout_ns, err));
    lanes_status status = LANES_OK;
    const bool is_answer = read_reply(call, &message, &status, err);
    lanes_os_message_close_fds(&message);
    if (!is_answer) {
        return lanes_error_set(err, LANES_E_PROTOCOL,
                               "the executor's reply (%zu bytes) does not answer request "
                               "%u of type %u; open a new session",
                               message.bytes, call->request->sequence,
                               call->request->type);
    }
    call->is_refusal = status < 0;
    return status;
}

lanes_status lanes_client_exchange(lanes_session *session, lanes_client_call *call,
                                   lanes_error *err)
{
    for (uint32_t i = 0; i < LANES_ABI_FDS_MAX; i++) {
        call->reply_fds[i] = -1;
    }
    call->is_refusal = false;
    call->request->sequence = ++session->sequence;
    call->request->status = 0;
    LANES_TRY(lanes_os_send(session->socket, call->request, call->request->bytes,
                            &call->request_fd, call->request_fd >= 0 ? 1 : 0,
                            call->timeout_ns, err));
    return receive_reply(session, call, err);
}

lanes_status lanes_client_request_once(lanes_session *session, lanes_client_call *call,
                                       lanes_error *err)
{
    LANES_TRY(lanes_client_check(session, err));
    if (session->lost_ns != 0) {
        return lanes_error_set(err, LANES_E_PEER_GONE, "the executor has died");
    }
    const lanes_status status = lanes_client_exchange(session, call, err);
    if (status == LANES_E_PEER_GONE && session->replay != NULL) {
        /* It has ended; or it says that it stops, and will have ended soon. */
        LANES_TRY(lanes_client_lose(session, err));
        return status;
    }
    return status < 0 && !call->is_refusal ? lanes_client_break(session, status) : status;
}

lanes_status lanes_client_request(lanes_session *session, lanes_client_call *call,
                                  lanes_error *err)
{
    for (uint32_t tries = 0; tries < TRIES; tries++) {
        LANES_TRY(lanes_client_ready(session, err));
        if (call->fill != NULL) {
            call->fill(call->fill_ctx, call->request);
        }
        const lanes_status status = lanes_client_request_once(session, call, err);
        if (session->lost_ns == 0) {
            return status;
        }
    }
    return lanes_error_set(err, LANES_E_POISON,
                           "%u executors ended before they had answered this request; "
                           "it is not sent to another",
                           TRIES);
}
