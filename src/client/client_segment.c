/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_segment.c - segments: created by the executor or attached, mapped on both sides.
 */
#include <lanes/segment.h>

#include <errno.h>
#include <stdlib.h>

#include "client/client_internal.h"
#include "os/os_file.h"
#include "os/os_memory.h"

_Static_assert(LANES_SEGMENT_READ_ONLY == LANES_ABI_SEGMENT_READ_ONLY, "passed through");
_Static_assert(LANES_SEGMENT_SPARSE == LANES_ABI_SEGMENT_SPARSE, "passed through");

/* Reserving memory takes the executor about 0.3 s per GiB; allow three times that. */
#define RESERVE_NS_PER_GIB 1000000000u

/** Send a request about a segment. @p out_fd may be NULL when the reply brings none. */
static lanes_status segment_request(lanes_session *session, lanes_abi_segment *message,
                                    int fd, int *out_fd, lanes_error *err)
{
    const lanes_abi_segment request = *message;
    lanes_abi_segment sent = request;
    sent.header.bytes = sizeof(sent);
    lanes_client_call call = {
        .request = &sent.header,
        .request_fd = fd,
        .reply = &message->header,
        .reply_bytes = sizeof(*message),
        .reply_fd_count = out_fd != NULL ? 1 : 0,
        .timeout_ns = session->timeout_ns + (request.bytes >> 30) * RESERVE_NS_PER_GIB,
    };
    LANES_TRY(lanes_client_request(session, &call, err));
    if (out_fd != NULL) {
        *out_fd = call.reply_fds[0];
    }
    return LANES_OK;
}

void lanes_client_release_segment(lanes_session *session, lanes_abi_id id)
{
    lanes_abi_segment request = {
        .header = {.type = LANES_ABI_SEGMENT_RELEASE, .bytes = sizeof(request)},
        .id = id,
    };
    lanes_abi_segment reply;
    lanes_client_call call = {
        .request = &request.header,
        .request_fd = -1,
        .reply = &reply.header,
        .reply_bytes = sizeof(reply),
        .timeout_ns = session->timeout_ns,
    };
    LANES_IGNORE(lanes_client_request_once(session, &call, NULL),
                 "if the executor is gone, so is the segment");
}

lanes_status lanes_client_reattach(lanes_segment *segment, lanes_error *err)
{
    lanes_session *session = segment->session;
    lanes_abi_segment request = {
        .header = {.type = LANES_ABI_SEGMENT_ATTACH, .bytes = sizeof(request)},
        .bytes = segment->mapping.bytes,
        .flags = segment->flags,
    };
    lanes_abi_segment reply;
    lanes_client_call call = {
        .request = &request.header,
        .request_fd = segment->fd,
        .reply = &reply.header,
        .reply_bytes = sizeof(reply),
        .timeout_ns = session->timeout_ns,
    };
    const lanes_status status = lanes_client_exchange(session, &call, err);
    if (status < 0) {
        return lanes_error_prefix(err, status,
                                  "a segment of %llu bytes cannot be attached again",
                                  (unsigned long long)segment->mapping.bytes);
    }
    segment->handle.fresh = reply.id;
    return LANES_OK;
}

/** Link a handle that is complete but for its place in the list. */
static void link_segment(lanes_session *session, lanes_segment *segment)
{
    segment->session = session;
    segment->next = session->segments;
    if (segment->next != NULL) {
        segment->next->previous = segment;
    }
    session->segments = segment;
}

/** Take @p segment out of the list that it is in. */
static void unlink_segment(lanes_segment *segment)
{
    lanes_session *session = segment->session;
    if (segment->previous != NULL) {
        segment->previous->next = segment->next;
    } else if (segment->handle.is_released) {
        session->released_segments = segment->next;
    } else {
        session->segments = segment->next;
    }
    if (segment->next != NULL) {
        segment->next->previous = segment->previous;
    }
}

/** Undo what creating or attaching has made in this process. */
static void free_segment(lanes_segment *segment)
{
    lanes_os_close(&segment->fd);
    lanes_shm_unmap(&segment->mapping);
    free(segment);
}

void lanes_client_forget_segment(lanes_segment *segment)
{
    unlink_segment(segment);
    free_segment(segment);
}

/** A handle of nothing yet; NULL: no memory. */
static lanes_segment *new_segment(void)
{
    lanes_segment *segment = calloc(1, sizeof(*segment));
    if (segment != NULL) {
        segment->fd = -1;
    }
    return segment;
}

/** Ask for memory of @p bytes, and map it. */
static lanes_status create_and_map(lanes_session *session, uint64_t bytes,
                                   lanes_segment *segment, lanes_error *err)
{
    lanes_abi_segment message = {
        .header.type = LANES_ABI_SEGMENT_CREATE,
        .bytes = bytes,
    };
    int fd = -1;
    LANES_TRY(segment_request(session, &message, -1, &fd, err));
    segment->handle.id = message.id;
    lanes_status status = LANES_E_PROTOCOL;
    if (message.bytes >= bytes) {
        status = lanes_shm_map(fd, message.bytes, 0, &segment->mapping, err);
    } else {
        lanes_error_set(err, status,
                        "the executor made a segment of %llu bytes, not %llu",
                        (unsigned long long)message.bytes, (unsigned long long)bytes);
    }
    if (status < 0) {
        lanes_os_close(&fd);
        lanes_client_release_segment(session, segment->handle.id);
        return status;
    }
    if (session->replay != NULL) {
        segment->fd = fd;
        fd = -1; /* owned by the segment */
    }
    lanes_os_close(&fd);
    return LANES_OK;
}

lanes_status lanes_segment_create(lanes_session *session, uint64_t bytes,
                                  lanes_segment **out_segment, lanes_error *err)
{
    LANES_TRY(lanes_client_check(session, err));
    if (bytes == 0 || bytes > LANES_SEGMENT_BYTES_MAX) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "a segment of %llu bytes is not possible; 1 to %llu are",
                               (unsigned long long)bytes,
                               (unsigned long long)LANES_SEGMENT_BYTES_MAX);
    }
    lanes_segment *segment = new_segment();
    if (segment == NULL) {
        return lanes_error_errno(err, ENOMEM, "segment");
    }
    const lanes_status status = create_and_map(session, bytes, segment, err);
    if (status < 0) {
        free_segment(segment);
        return status;
    }
    link_segment(session, segment);
    *out_segment = segment;
    return LANES_OK;
}

/** Map @p fd here, then have the executor map the same bytes. */
static lanes_status map_and_attach(lanes_session *session, int fd, uint32_t flags,
                                   lanes_segment *segment, lanes_error *err)
{
    LANES_TRY(lanes_shm_map(fd, 0, flags, &segment->mapping, err));
    if (session->replay != NULL) {
        LANES_TRY(lanes_os_duplicate(fd, &segment->fd, err));
    }
    segment->flags = flags;
    lanes_abi_segment message = {
        .header.type = LANES_ABI_SEGMENT_ATTACH,
        .bytes = segment->mapping.bytes,
        .flags = flags,
    };
    lanes_status status = segment_request(session, &message, fd, NULL, err);
    if (status == LANES_OK && message.bytes != segment->mapping.bytes) {
        lanes_client_release_segment(session, message.id);
        status = lanes_client_break(
            session,
            lanes_error_set(err, LANES_E_PROTOCOL,
                            "the executor mapped %llu bytes of a segment, not %llu",
                            (unsigned long long)message.bytes,
                            (unsigned long long)segment->mapping.bytes));
    }
    segment->handle.id = message.id;
    return status;
}

lanes_status lanes_segment_attach_fd(lanes_session *session, int fd, uint32_t flags,
                                     lanes_segment **out_segment, lanes_error *err)
{
    LANES_TRY(lanes_client_check(session, err));
    if (fd < 0) {
        return lanes_error_set(err, LANES_E_INVALID, "descriptor %d is not open", fd);
    }
    lanes_segment *segment = new_segment();
    if (segment == NULL) {
        return lanes_error_errno(err, ENOMEM, "segment");
    }
    const lanes_status status = map_and_attach(session, fd, flags, segment, err);
    if (status < 0) {
        free_segment(segment);
        return status;
    }
    link_segment(session, segment);
    *out_segment = segment;
    return LANES_OK;
}

lanes_status lanes_segment_attach_name(lanes_session *session, const char *name,
                                       uint32_t flags, lanes_segment **out_segment,
                                       lanes_error *err)
{
    LANES_TRY(lanes_client_check(session, err));
    if (name == NULL) {
        return lanes_error_set(err, LANES_E_INVALID, "the name of shared memory is NULL");
    }
    const bool is_read_only = (flags & LANES_SEGMENT_READ_ONLY) != 0;
    int fd = -1;
    LANES_TRY(lanes_os_shm_open(name, is_read_only ? 0 : LANES_OS_OPEN_WRITE, &fd, err));
    const lanes_status status =
        lanes_segment_attach_fd(session, fd, flags, out_segment, err);
    lanes_os_close(&fd);
    return status;
}

void *lanes_segment_data(const lanes_segment *segment)
{
    return segment->mapping.data;
}

uint64_t lanes_segment_bytes(const lanes_segment *segment)
{
    return segment->mapping.bytes;
}

void lanes_segment_release(lanes_segment *segment)
{
    if (segment == NULL) {
        return;
    }
    lanes_session *session = segment->session;
    const uint32_t users =
        session->replay != NULL
            ? lanes_client_replay_segment_users(session->replay, segment->handle.id)
            : 0;
    if (users == 0) {
        lanes_client_release_segment(session, segment->handle.id);
        lanes_client_forget_segment(segment);
        return;
    }
    /* The executor is told when they have ended: it may not have taken them yet. */
    unlink_segment(segment);
    const lanes_shm_mapping mapping = segment->mapping;
    lanes_shm_unmap(&segment->mapping);
    segment->mapping = mapping;
    segment->mapping.data = NULL;
    segment->handle.users = users;
    segment->handle.is_released = true;
    segment->previous = NULL;
    segment->next = session->released_segments;
    if (segment->next != NULL) {
        segment->next->previous = segment;
    }
    session->released_segments = segment;
}
