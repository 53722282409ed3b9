/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_socket.c - datagrams with descriptors over connected SEQPACKET sockets; peers.
 */
#include "os/os_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/os_internal.h"
#include "os/os_memory.h"
#include "os/os_process.h"
#include "os/os_wait.h"

/** Room for the control message of LANES_OS_FDS_MAX descriptors and not one more. */
union control_buffer {
    char bytes[CMSG_SPACE(sizeof(int) * LANES_OS_FDS_MAX)];
    struct cmsghdr align;
};

lanes_status lanes_os_socket_pair(int out_fds[2], lanes_error *err)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, out_fds) != 0) {
        return lanes_error_errno(err, errno, "cannot create a socket pair");
    }
    return LANES_OK;
}

lanes_status lanes_os_socket_peer(int fd, lanes_os_peer *out_peer, lanes_error *err)
{
    struct ucred credentials;
    socklen_t length = sizeof(credentials);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) {
        return lanes_error_errno(err, errno, "cannot identify the peer of descriptor %d",
                                 fd);
    }
    *out_peer = (lanes_os_peer){.pid = credentials.pid, .uid = credentials.uid};
    return LANES_OK;
}

lanes_status lanes_os_socket_check_peer(int fd, lanes_error *err)
{
    lanes_os_peer peer = {.pid = 0};
    LANES_TRY(lanes_os_socket_peer(fd, &peer, err));
    const uint32_t uid = lanes_os_uid();
    if (peer.uid != uid) {
        return lanes_error_set(
            err, LANES_E_FOREIGN_UID,
            "process %d runs as uid %u, this one as uid %u; executor and "
            "client must be the same user",
            peer.pid, peer.uid, uid);
    }
    return LANES_OK;
}

static bool is_peer_gone(int errno_value)
{
    return errno_value == EPIPE || errno_value == ECONNRESET || errno_value == ENOTCONN;
}

/**
 * A transfer on @p fd has failed with @p errno_value: LANES_OK if it may be tried again,
 * after waiting for LANES_OS_* @p wanted where that helps.
 */
static lanes_status prepare_retry(int fd, int errno_value, uint32_t wanted,
                                  uint64_t deadline_ns, lanes_error *err)
{
    const bool is_sending = wanted == LANES_OS_WRITABLE;
    if (is_peer_gone(errno_value)) {
        return lanes_error_set(err, LANES_E_PEER_GONE,
                               "the peer of descriptor %d has closed", fd);
    }
    if (errno_value == EINTR) {
        return LANES_OK;
    }
    if (errno_value != EAGAIN) {
        return lanes_error_errno(err, errno_value, "cannot %s descriptor %d",
                                 is_sending ? "send on" : "receive from", fd);
    }
    const lanes_status found = lanes_os_poll(fd, wanted, lanes_os_time_left(deadline_ns));
    if (found < 0) {
        return lanes_error_errno(err, -found, "cannot wait on descriptor %d", fd);
    }
    if (found == 0) {
        return lanes_error_set(err, LANES_E_TIMED_OUT, "the peer did not %s in time",
                               is_sending ? "read" : "answer");
    }
    return LANES_OK; /* ready, or hung up: the next try tells */
}

static void put_fds(struct msghdr *header, union control_buffer *control, const int *fds,
                    uint32_t fd_count)
{
    if (fd_count == 0) {
        return;
    }
    header->msg_control = control->bytes;
    header->msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
    struct cmsghdr *message = CMSG_FIRSTHDR(header);
    LANES_ASSERT(message != NULL);
    message->cmsg_level = SOL_SOCKET;
    message->cmsg_type = SCM_RIGHTS;
    message->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
    memcpy(CMSG_DATA(message), fds, sizeof(int) * fd_count);
}

/* NOLINTNEXTLINE(readability-function-size): seven parameters, as sendmsg() has inside */
lanes_status lanes_os_send(int fd, const void *data, size_t bytes, const int *fds,
                           uint32_t fd_count, uint64_t timeout_ns, lanes_error *err)
{
    LANES_ASSERT(fd_count <= LANES_OS_FDS_MAX && bytes > 0);
    union control_buffer control = {.bytes = {0}};
    struct iovec part = {.iov_base = lanes_os_drop_const(data), .iov_len = bytes};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    put_fds(&header, &control, fds, fd_count);
    const uint64_t deadline_ns = lanes_os_deadline(timeout_ns);
    /* A datagram goes whole or not at all. */
    while (sendmsg(fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        LANES_TRY(prepare_retry(fd, errno, LANES_OS_WRITABLE, deadline_ns, err));
    }
    return LANES_OK;
}

/** Move received descriptors into @p message; false if there were too many. */
static bool take_fds(struct msghdr *header, lanes_os_message *message)
{
    bool is_complete = (header->msg_flags & MSG_CTRUNC) == 0;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part != NULL;
         part = CMSG_NXTHDR(header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd = -1;
            memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
            if (message->fd_count < LANES_OS_FDS_MAX) {
                message->fds[message->fd_count++] = fd;
            } else {
                lanes_os_close(&fd);
                is_complete = false;
            }
        }
    }
    return is_complete;
}

void lanes_os_message_close_fds(lanes_os_message *message)
{
    for (uint32_t i = 0; i < LANES_OS_FDS_MAX; i++) {
        lanes_os_close(&message->fds[i]);
    }
    message->fd_count = 0;
}

/** Judge what recvmsg() filled in; on failure nothing stays open. */
static lanes_status finish_receive(int fd, lanes_os_message *message,
                                   struct msghdr *header, size_t bytes, lanes_error *err)
{
    const bool has_all_fds = take_fds(header, message);
    message->bytes = bytes;
    if (has_all_fds && bytes > 0 && (header->msg_flags & MSG_TRUNC) == 0) {
        return LANES_OK;
    }
    const bool brought_fds = message->fd_count > 0 || !has_all_fds;
    lanes_os_message_close_fds(message);
    if (bytes == 0 && !brought_fds) {
        return lanes_error_set(err, LANES_E_PEER_GONE,
                               "the peer of descriptor %d has closed", fd);
    }
    return lanes_error_set(
        err, LANES_E_PROTOCOL,
        has_all_fds ? "a datagram does not fit %zu bytes"
                    : "descriptors of a datagram of at most %zu bytes were lost: "
                      "too many were sent, or this process has no more free",
        message->capacity_bytes);
}

lanes_status lanes_os_receive(int fd, lanes_os_message *message, uint64_t timeout_ns,
                              lanes_error *err)
{
    message->bytes = 0;
    message->fd_count = 0;
    for (uint32_t i = 0; i < LANES_OS_FDS_MAX; i++) {
        message->fds[i] = -1;
    }
    const uint64_t deadline_ns = lanes_os_deadline(timeout_ns);
    for (;;) {
        union control_buffer control;
        struct iovec part = {.iov_base = message->buffer,
                             .iov_len = message->capacity_bytes};
        struct msghdr header = {.msg_iov = &part,
                                .msg_iovlen = 1,
                                .msg_control = control.bytes,
                                .msg_controllen = sizeof(control.bytes)};
        const ssize_t count = recvmsg(fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
        if (count >= 0) {
            return finish_receive(fd, message, &header, (size_t)count, err);
        }
        LANES_TRY(prepare_retry(fd, errno, LANES_OS_READABLE, deadline_ns, err));
    }
}

bool lanes_os_socket_is_closed(int fd)
{
    const lanes_status found = lanes_os_poll(fd, 0, 0);
    return found < 0 || ((uint32_t)found & LANES_OS_HANG_UP) != 0;
}
