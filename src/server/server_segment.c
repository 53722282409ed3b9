/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_segment.c - requests about segments. The table is control's; dispatch knows each
 * segment as a view, which holds a reference until dispatch has let go of it.
 */
#include "server/server_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "os/os_failpoint.h"
#include "os/os_memory.h"

static lanes_status check_request(const lanes_abi_segment *request,
                                  uint32_t allowed_flags, lanes_error *err)
{
    if ((request->flags & ~allowed_flags) != 0 || request->reserved != 0) {
        return lanes_error_set(
            err, LANES_E_INVALID,
            "flags 0x%x of a segment request are unknown, or a reserved "
            "field is not 0",
            request->flags);
    }
    return LANES_OK;
}

static lanes_status check_bytes(const char *what, const char *whose,
                                const lanes_server_bytes *held, uint64_t bytes,
                                uint64_t most_bytes, lanes_error *err)
{
    uint64_t sum;
    if (most_bytes == 0 || (lanes_add_u64(held->mapped, held->ir, &sum) &&
                            lanes_add_u64(sum, bytes, &sum) && sum <= most_bytes)) {
        return LANES_OK;
    }
    return lanes_error_set(err, LANES_E_QUOTA,
                           "%s of %" PRIu64 " bytes is too much: %s %" PRIu64
                           " bytes mapped and %" PRIu64
                           " of kernels' IR, and the limit is %" PRIu64
                           "; release segments or kernels first",
                           what, bytes, whose, held->mapped, held->ir, most_bytes);
}

lanes_status lanes_server_bytes_room(const lanes_server_session *session,
                                     const char *what, uint64_t bytes, lanes_error *err)
{
    const lanes_server *server = session->server;
    const lanes_server_limits *limits = &server->options->limits;
    LANES_TRY(check_bytes(what, "the session has", &session->held, bytes,
                          limits->session_bytes, err));
    return check_bytes(what, "the executor's sessions have", &server->held, bytes,
                       limits->executor_bytes, err);
}

/* What an attached object will take: what is asked for, or all of it. */
static lanes_status check_attach(const lanes_server_session *session, int fd,
                                 uint64_t bytes, lanes_error *err)
{
    const lanes_server_limits *limits = &session->server->options->limits;
    lanes_os_facts facts = {.bytes = bytes};
    if (limits->session_bytes == 0 && limits->executor_bytes == 0) {
        return LANES_OK;
    }
    if (bytes == 0) {
        LANES_TRY(lanes_os_fd_facts(fd, &facts, err));
    }
    return lanes_server_bytes_room(session, "a segment", facts.bytes, err);
}

/* Announces the segment @p id to dispatch. */
static lanes_status add_view(lanes_server_session *session, lanes_abi_id id,
                             lanes_server_view **out_view, lanes_error *err)
{
    lanes_server_view *view = calloc(1, sizeof(*view));
    if (view == NULL) {
        return lanes_error_set(err, -ENOMEM, "no memory for a segment");
    }
    const lanes_status status = lanes_shm_acquire(session->segments, id, &view->segment);
    LANES_ASSERT(status == LANES_OK); /* it was made just now */
    view->session = session;
    view->id = id;
    view->next = session->all_views;
    if (view->next != NULL) {
        view->next->previous = view;
    }
    session->all_views = view;
    session->held.mapped += view->segment->mapping.bytes;
    session->server->held.mapped += view->segment->mapping.bytes;
    session->views[id.slot] = view;
    lanes_server_post(session->server, &view->add, LANES_MAIL_VIEW_ADD);
    *out_view = view;
    return LANES_OK;
}

void lanes_server_view_free(lanes_server_view *view)
{
    lanes_server_session *session = view->session;
    if (view->previous != NULL) {
        view->previous->next = view->next;
    } else {
        session->all_views = view->next;
    }
    if (view->next != NULL) {
        view->next->previous = view->previous;
    }
    session->held.mapped -= view->segment->mapping.bytes;
    session->server->held.mapped -= view->segment->mapping.bytes;
    lanes_shm_drop(view->segment);
    free(view->pages);
    free(view);
    LANES_FAILPOINT(SEGMENT_FREED);
}

/* Makes a segment that the table has known to everybody, or takes it back. */
static lanes_status publish(lanes_server_session *session,
                            const lanes_abi_segment *request, lanes_abi_id id,
                            const int *fd, lanes_error *err)
{
    lanes_server_view *view = NULL;
    LANES_FAILPOINT(SEGMENT_MADE);
    const lanes_status status = add_view(session, id, &view, err);
    if (status < 0) {
        LANES_IGNORE(lanes_shm_release(session->segments, id, NULL) < 0, "it is there");
        return status;
    }
    LANES_ASSERT(view != NULL);
    LANES_FAILPOINT(SEGMENT_KNOWN);
    lanes_abi_segment reply = {
        .id = id,
        .bytes = view->segment->mapping.bytes,
        .flags = view->segment->mapping.is_read_only ? LANES_ABI_SEGMENT_READ_ONLY : 0,
    };
    lanes_server_reply(session, &request->header, &reply, sizeof(reply), fd,
                       fd != NULL ? 1 : 0);
    LANES_FAILPOINT(SEGMENT_ANSWERED);
    return LANES_OK;
}

lanes_status lanes_server_on_segment_create(lanes_server_session *session,
                                            const void *message, int fd, lanes_error *err)
{
    (void)fd;
    const lanes_abi_segment *request = message;
    LANES_TRY(check_request(request, 0, err));
    lanes_abi_id id;
    int memory_fd = -1;
    LANES_TRY(lanes_server_bytes_room(session, "a segment", request->bytes, err));
    LANES_TRY(lanes_shm_create(session->segments, request->bytes, &id, &memory_fd, err));
    const lanes_status status = publish(session, request, id, &memory_fd, err);
    lanes_os_close(&memory_fd);
    return status;
}

lanes_status lanes_server_on_segment_attach(lanes_server_session *session,
                                            const void *message, int fd, lanes_error *err)
{
    const lanes_abi_segment *request = message;
    LANES_TRY(check_request(request,
                            LANES_ABI_SEGMENT_READ_ONLY | LANES_ABI_SEGMENT_SPARSE, err));
    lanes_abi_id id;
    LANES_TRY(check_attach(session, fd, request->bytes, err));
    LANES_TRY(lanes_shm_attach(session->segments, fd, request->bytes, request->flags, &id,
                               err));
    return publish(session, request, id, NULL, err);
}

static void acknowledge(lanes_server_session *session, const lanes_abi_segment *request)
{
    lanes_abi_segment reply = {.id = request->id};
    lanes_server_reply(session, &request->header, &reply, sizeof(reply), NULL, 0);
}

lanes_status lanes_server_on_segment_release(lanes_server_session *session,
                                             const void *message, int fd,
                                             lanes_error *err)
{
    (void)fd;
    const lanes_abi_segment *request = message;
    LANES_TRY(check_request(request, LANES_ABI_SEGMENT_READ_ONLY, err));
    LANES_TRY(lanes_shm_release(session->segments, request->id, err));
    lanes_server_view *view = session->views[request->id.slot];
    session->views[request->id.slot] = NULL;
    lanes_server_post(session->server, &view->remove, LANES_MAIL_VIEW_REMOVE);
    LANES_FAILPOINT(SEGMENT_REMOVED);
    acknowledge(session, request);
    return LANES_OK;
}
