/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_stats.c - what the executor says of itself, and cancelling others' batches.
 */
#include <lanes/executor.h>

#include "client/client_internal.h"
#include "os/os_memory.h"

lanes_status lanes_stats(lanes_session *session, char **out_json, lanes_error *err)
{
    LANES_TRY(lanes_client_check(session, err));
    lanes_abi_header request = {.type = LANES_ABI_STATS, .bytes = sizeof(request)};
    lanes_abi_stats reply;
    lanes_client_call call = {
        .request = &request,
        .request_fd = -1,
        .reply = &reply.header,
        .reply_bytes = sizeof(reply),
        .reply_fd_count = 1,
        .timeout_ns = session->timeout_ns,
    };
    LANES_TRY(lanes_client_request(session, &call, err));
    const lanes_status status =
        lanes_client_read_text(call.reply_fds[0], reply.bytes, out_json, err);
    lanes_os_close(&call.reply_fds[0]);
    return status;
}

lanes_status lanes_cancel_session(lanes_session *session, uint32_t number,
                                  const uint64_t *tag, uint32_t *out_in_flight,
                                  lanes_error *err)
{
    LANES_TRY(lanes_client_check(session, err));
    lanes_abi_session_cancel request = {
        .header = {.type = LANES_ABI_SESSION_CANCEL, .bytes = sizeof(request)},
        .tag = tag != NULL ? *tag : 0,
        .session = number,
        .flags = tag != NULL ? 0 : LANES_ABI_CANCEL_ALL,
    };
    lanes_abi_session_cancel reply;
    lanes_client_call call = {
        .request = &request.header,
        .request_fd = -1,
        .reply = &reply.header,
        .reply_bytes = sizeof(reply),
        .timeout_ns = session->timeout_ns,
    };
    /* Not sent to another executor, where the number is another's. */
    const lanes_status status = lanes_client_request_once(session, &call, err);
    if (status == LANES_E_PEER_GONE && session->lost_ns != 0) {
        return lanes_error_set(err, status,
                               "the executor has died, and with it session %u; another "
                               "one has other numbers",
                               number);
    }
    LANES_TRY(status);
    if (out_in_flight != NULL) {
        *out_in_flight = reply.in_flight;
    }
    return LANES_OK;
}
