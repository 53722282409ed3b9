/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_socket.h - Unix SEQPACKET sockets that carry datagrams with file descriptors.
 *
 * Every socket here is close-on-exec. Sending and receiving take a timeout and never
 * block longer; 0 means try once. Writing to a closed peer raises no SIGPIPE.
 *
 * Threads: any; one socket is used by one thread at a time.
 */
#ifndef LANES_OS_SOCKET_H
#define LANES_OS_SOCKET_H

#include "base/base.h"

/** File descriptors in one datagram. */
#define LANES_OS_FDS_MAX 4u

/** Longest path of a socket, with its NUL (sun_path). */
#define LANES_OS_SOCKET_PATH_MAX 108

/**
 * Where the user's executor listens when nobody says otherwise:
 * $XDG_RUNTIME_DIR/lanes/lanes.sock, else /tmp/lanes-UID/lanes.sock. (LANES_SOCKET, which
 * comes before, is the caller's to look up.) -ENAMETOOLONG.
 */
LANES_NODISCARD lanes_status
lanes_os_socket_default_path(char out_path[LANES_OS_SOCKET_PATH_MAX], lanes_error *err);

/** A connected pair. Both ends are owned by the caller. */
LANES_NODISCARD lanes_status lanes_os_socket_pair(int out_fds[2], lanes_error *err);

/**
 * Listen on @p path. Its folder is created (0700, one level) or checked as
 * lanes_os_folder_ensure() does; the socket has mode 0600. A socket file on which nobody
 * listens is replaced; two processes that do this at once exclude each other.
 *
 * @param out_fd  owned by the caller; delete the file with lanes_os_file_delete() at the
 * end
 * @return LANES_OK, -EADDRINUSE (somebody listens), LANES_E_FOREIGN_UID, -ENAMETOOLONG,
 *   -EEXIST (@p path is not a socket), -errno
 */
LANES_NODISCARD lanes_status lanes_os_listen(const char *path, int *out_fd,
                                             lanes_error *err);

/** LANES_OK if @p fd is a listening Unix SEQPACKET socket (systemd's), else -ENOTSOCK. */
LANES_NODISCARD lanes_status lanes_os_check_listening(int fd, lanes_error *err);

/** The path that socket @p fd was given; "" if it has none. */
void lanes_os_socket_path(int fd, char out_path[LANES_OS_SOCKET_PATH_MAX]);

/**
 * Accept a connection. @p out_fd is owned by the caller.
 * @return LANES_OK, LANES_E_TIMED_OUT (none is waiting), -EMFILE, -errno
 */
LANES_NODISCARD lanes_status lanes_os_accept(int listener, int *out_fd, lanes_error *err);

/**
 * Connect to the socket at @p path, whose folder, file and listening process must be
 * ours.
 *
 * @return LANES_OK, LANES_E_UNAVAILABLE (no file, or nobody listens),
 * LANES_E_FOREIGN_UID, LANES_E_TIMED_OUT (too many wait to be accepted), -ENAMETOOLONG,
 * -errno
 */
LANES_NODISCARD lanes_status lanes_os_connect(const char *path, uint64_t timeout_ns,
                                              int *out_fd, lanes_error *err);

/** Who is at the other end, as of connect or socketpair. */
typedef struct lanes_os_peer {
    int32_t pid;
    uint32_t uid;
} lanes_os_peer;

LANES_NODISCARD lanes_status lanes_os_socket_peer(int fd, lanes_os_peer *out_peer,
                                                  lanes_error *err);

/** LANES_OK if the peer runs as this process's user, else LANES_E_FOREIGN_UID. */
LANES_NODISCARD lanes_status lanes_os_socket_check_peer(int fd, lanes_error *err);

/**
 * Send one datagram with @p fd_count (<= LANES_OS_FDS_MAX) descriptors, which stay the
 * caller's.
 * @return LANES_OK, LANES_E_TIMED_OUT, LANES_E_PEER_GONE, -errno
 */
LANES_NODISCARD lanes_status lanes_os_send(int fd, const void *data, size_t bytes,
                                           const int *fds, uint32_t fd_count,
                                           uint64_t timeout_ns, lanes_error *err);

/** A received datagram. Set buffer and capacity_bytes; the rest is filled. */
typedef struct lanes_os_message {
    void *buffer; /**< borrowed */
    size_t capacity_bytes;
    size_t bytes;
    uint32_t fd_count;
    int fds[LANES_OS_FDS_MAX]; /**< owned by the caller after LANES_OK; unused ones -1 */
} lanes_os_message;

/**
 * Receive one datagram. One that does not fit, or brings more than LANES_OS_FDS_MAX
 * descriptors, fails; then everything that came with it has been closed.
 *
 * @return LANES_OK, LANES_E_TIMED_OUT, LANES_E_PEER_GONE (closed, or an empty datagram,
 *   which looks the same), LANES_E_PROTOCOL (does not fit, or descriptors were lost),
 * -errno
 */
LANES_NODISCARD lanes_status lanes_os_receive(int fd, lanes_os_message *message,
                                              uint64_t timeout_ns, lanes_error *err);

/** Close message->fds[i] for every i and set them to -1. */
void lanes_os_message_close_fds(lanes_os_message *message);

/** True once the other end is closed. Does not block. */
bool lanes_os_socket_is_closed(int fd);

#endif /* LANES_OS_SOCKET_H */
