/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_listen.c - sockets with a path: listen, accept, connect.
 *
 * A path is safe because only this user can change its folder: nobody else can put a
 * socket there. The peer's uid is checked all the same.
 */
#include "os/os_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "os/os_file.h"
#include "os/os_memory.h"
#include "os/os_process.h"
#include "os/os_wait.h"

#define LISTEN_BACKLOG 128

_Static_assert(sizeof(((struct sockaddr_un *)0)->sun_path) == LANES_OS_SOCKET_PATH_MAX,
               "the kernel's limit");

static lanes_status make_address(const char *path, struct sockaddr_un *address,
                                 lanes_error *err)
{
    const size_t length = strlen(path);
    if (length == 0 || length >= LANES_OS_SOCKET_PATH_MAX) {
        return lanes_error_set(err, -ENAMETOOLONG,
                               "socket path '%.120s' has %zu bytes; 1 to %d are possible",
                               path, length, LANES_OS_SOCKET_PATH_MAX - 1);
    }
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, path, length);
    return LANES_OK;
}

lanes_status lanes_os_socket_default_path(char out_path[LANES_OS_SOCKET_PATH_MAX],
                                          lanes_error *err)
{
    /* Ignored in set-user-id programs, where the caller chooses the environment. */
    const char *folder = secure_getenv("XDG_RUNTIME_DIR");
    int length = 0;
    if (folder != NULL && folder[0] == '/') {
        length =
            snprintf(out_path, LANES_OS_SOCKET_PATH_MAX, "%s/lanes/lanes.sock", folder);
    } else {
        length = snprintf(out_path, LANES_OS_SOCKET_PATH_MAX, "/tmp/lanes-%u/lanes.sock",
                          lanes_os_uid());
    }
    if (length < 0 || length >= LANES_OS_SOCKET_PATH_MAX) {
        return lanes_error_set(
            err, -ENAMETOOLONG,
            "$XDG_RUNTIME_DIR '%.120s' is too long for a socket path; set "
            "LANES_SOCKET",
            folder != NULL ? folder : "");
    }
    return LANES_OK;
}

/** The folder of a path that make_address() accepted. */
static void folder_of(const char *path, char folder[LANES_OS_SOCKET_PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        memcpy(folder, ".", 2);
        return;
    }
    const size_t length = slash == path ? 1 : (size_t)(slash - path);
    memcpy(folder, path, length);
    folder[length] = '\0';
}

/** A new socket, or -errno. */
static int new_socket(lanes_error *err)
{
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    return fd >= 0 ? fd : lanes_error_errno(err, errno, "cannot create a socket");
}

/** Delete the socket file at @p address unless somebody listens on it. */
static lanes_status remove_stale(const struct sockaddr_un *address, lanes_error *err)
{
    struct stat file;
    if (lstat(address->sun_path, &file) != 0) {
        return errno == ENOENT
                   ? LANES_OK
                   : lanes_error_errno(err, errno, "socket '%s'", address->sun_path);
    }
    if (!S_ISSOCK(file.st_mode)) {
        return lanes_error_set(
            err, -EEXIST,
            "'%s' exists and is not a socket; remove it or choose another "
            "path",
            address->sun_path);
    }
    int probe = new_socket(err);
    if (probe < 0) {
        return probe;
    }
    const int flags = fcntl(probe, F_GETFL);
    LANES_IGNORE(fcntl(probe, F_SETFL, flags | O_NONBLOCK), "then a full backlog blocks");
    const bool is_stale =
        connect(probe, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
        errno == ECONNREFUSED;
    lanes_os_close(&probe);
    if (!is_stale) {
        return lanes_error_set(
            err, -EADDRINUSE,
            "another process listens on '%s'; stop it or choose another "
            "path",
            address->sun_path);
    }
    return lanes_os_file_delete(address->sun_path, err);
}

/* A connection may have gone between the news of it and accept(), which then would wait.
 */
static bool set_nonblocking(int fd)
{
    const int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

static lanes_status bind_and_listen(const struct sockaddr_un *address, int *out_fd,
                                    lanes_error *err)
{
    int fd = new_socket(err);
    if (fd < 0) {
        return fd;
    }
    /* bind() gives the file this descriptor's mode, so it is never open to others. */
    const bool is_listening =
        fchmod(fd, 0600) == 0 &&
        bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 &&
        listen(fd, LISTEN_BACKLOG) == 0 && set_nonblocking(fd);
    if (!is_listening) {
        const lanes_status status =
            lanes_error_errno(err, errno, "cannot listen on '%s'", address->sun_path);
        lanes_os_close(&fd);
        return status;
    }
    *out_fd = fd;
    return LANES_OK;
}

/** Lock @p folder, as @p operation of flock() says, until *out_lock is closed. */
static lanes_status lock_folder(const char *folder, int operation, int *out_lock,
                                lanes_error *err)
{
    int lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (lock < 0 || flock(lock, operation) != 0) {
        const lanes_status status =
            lanes_error_errno(err, errno, "cannot lock folder '%s'", folder);
        lanes_os_close(&lock);
        return status;
    }
    *out_lock = lock;
    return LANES_OK;
}

lanes_status lanes_os_listen(const char *path, int *out_fd, lanes_error *err)
{
    struct sockaddr_un address;
    char folder[LANES_OS_SOCKET_PATH_MAX];
    LANES_TRY(make_address(path, &address, err));
    folder_of(path, folder);
    LANES_TRY(lanes_os_folder_ensure(folder, err));
    /*
     * The folder is the lock: without it, of two processes that both find the socket
     * stale, the slower one would delete the socket of the other.
     */
    int lock = -1;
    LANES_TRY(lock_folder(folder, LOCK_EX, &lock, err));
    lanes_status status = remove_stale(&address, err);
    if (status == LANES_OK) {
        status = bind_and_listen(&address, out_fd, err);
    }
    lanes_os_close(&lock);
    return status;
}

/** Wait until nobody is between making a socket in that folder and listening to it. */
static void await_listener(const struct sockaddr_un *address)
{
    char folder[LANES_OS_SOCKET_PATH_MAX];
    int lock = -1;
    folder_of(address->sun_path, folder);
    LANES_IGNORE(lock_folder(folder, LOCK_SH, &lock, NULL) < 0,
                 "then connecting fails again");
    lanes_os_close(&lock);
}

lanes_status lanes_os_check_listening(int fd, lanes_error *err)
{
    int domain = 0;
    int type = 0;
    int is_listening = 0;
    socklen_t length = sizeof(int);
    const bool is_right =
        getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 &&
        domain == AF_UNIX && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 &&
        type == SOCK_SEQPACKET &&
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &length) == 0 &&
        is_listening != 0 && set_nonblocking(fd);
    if (!is_right) {
        return lanes_error_set(err, -ENOTSOCK,
                               "descriptor %d is not a listening Unix SEQPACKET socket "
                               "(ListenSequentialPacket= in the socket unit)",
                               fd);
    }
    return LANES_OK;
}

void lanes_os_socket_path(int fd, char out_path[LANES_OS_SOCKET_PATH_MAX])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length = sizeof(address);
    /* A path of all bytes has no NUL; one in the abstract namespace begins with it. */
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
        address.sun_path[0] = '\0';
    }
    snprintf(out_path, LANES_OS_SOCKET_PATH_MAX, "%.*s", LANES_OS_SOCKET_PATH_MAX - 1,
             address.sun_path);
}

lanes_status lanes_os_accept(int listener, int *out_fd, lanes_error *err)
{
    for (;;) {
        if (lanes_os_poll(listener, LANES_OS_READABLE, 0) == 0) {
            return lanes_error_set(err, LANES_E_TIMED_OUT, "no connection is waiting");
        }
        const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            *out_fd = fd;
            return LANES_OK;
        }
        if (errno == EAGAIN) {
            return lanes_error_set(err, LANES_E_TIMED_OUT, "no connection is waiting");
        }
        if (errno != EINTR && errno != ECONNABORTED) {
            return lanes_error_errno(err, errno, "cannot accept a connection");
        }
    }
}

/** The folder and the file of a socket must be ours. */
static lanes_status check_socket_file(const struct sockaddr_un *address, lanes_error *err)
{
    char folder[LANES_OS_SOCKET_PATH_MAX];
    folder_of(address->sun_path, folder);
    struct stat file = {.st_size = 0};
    lanes_status status = lanes_os_folder_check(folder, err);
    if (status == LANES_OK && lstat(address->sun_path, &file) != 0) {
        status = lanes_error_errno(err, errno, "socket '%s'", address->sun_path);
    }
    if (status == -ENOENT) {
        return lanes_error_set(err, LANES_E_UNAVAILABLE, "there is no socket '%s'",
                               address->sun_path);
    }
    LANES_TRY(status);
    if (file.st_uid != lanes_os_uid()) {
        return lanes_error_set(err, LANES_E_FOREIGN_UID,
                               "socket '%s' belongs to uid %u, not to uid %u",
                               address->sun_path, file.st_uid, lanes_os_uid());
    }
    return LANES_OK;
}

static lanes_status connect_to(int fd, const struct sockaddr_un *address,
                               lanes_error *err)
{
    while (connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0) {
        if (errno == ECONNREFUSED || errno == ENOENT) {
            return lanes_error_set(err, LANES_E_UNAVAILABLE, "nobody listens on '%s'",
                                   address->sun_path);
        }
        if (errno == EAGAIN) {
            return lanes_error_set(err, LANES_E_TIMED_OUT,
                                   "the executor at '%s' does not accept connections",
                                   address->sun_path);
        }
        if (errno != EINTR) {
            return lanes_error_errno(err, errno, "cannot connect to '%s'",
                                     address->sun_path);
        }
    }
    return LANES_OK;
}

lanes_status lanes_os_connect(const char *path, uint64_t timeout_ns, int *out_fd,
                              lanes_error *err)
{
    struct sockaddr_un address;
    LANES_TRY(make_address(path, &address, err));
    LANES_TRY(check_socket_file(&address, err));
    int fd = new_socket(err);
    if (fd < 0) {
        return fd;
    }
    /* A blocking connect waits for room in the listener's backlog up to SO_SNDTIMEO. Zero
     * would mean for ever. */
    const uint64_t timeout_us = timeout_ns / 1000 + 1;
    const struct timeval limit = {
        .tv_sec = (time_t)(timeout_us / 1000000u),
        .tv_usec = (suseconds_t)(timeout_us % 1000000u),
    };
    lanes_status status = LANES_OK;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0) {
        status = lanes_error_errno(err, errno, "cannot set a time limit on a socket");
    }
    if (status == LANES_OK) {
        status = connect_to(fd, &address, err);
    }
    if (status == LANES_E_UNAVAILABLE) {
        await_listener(&address);
        status = connect_to(fd, &address, err);
    }
    if (status == LANES_OK) {
        status = lanes_os_socket_check_peer(fd, err);
    }
    if (status < 0) {
        lanes_os_close(&fd);
        return status;
    }
    *out_fd = fd;
    return LANES_OK;
}
