/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_os_socket.c - datagrams with descriptors, hang-ups, paths, other users.
 */
#include "os/os_socket.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
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
#include "support/wrap.h"

#define SECOND 1000000000ull

static uint32_t uid_offset; /* added to this process's uid from the n-th question on */
static int uid_questions;   /* asked before the offset counts */

TEST_WRAP(uint32_t, lanes_os_uid, (void));

uint32_t wrap_lanes_os_uid(void)
{
    return real_lanes_os_uid() + (uid_questions-- > 0 ? 0 : uid_offset);
}

static int ends[2] = {-1, -1};
static char buffer[64];

static void make_pair(void)
{
    cr_assert_eq(lanes_os_socket_pair(ends, NULL), LANES_OK);
}

/** The number the next descriptor gets: tells whether anything was left open. */
static int next_fd(void)
{
    const int fd = dup(0);
    close(fd);
    return fd;
}

static lanes_status receive(lanes_os_message *message, uint64_t timeout_ns,
                            lanes_error *err)
{
    *message = (lanes_os_message){.buffer = buffer, .capacity_bytes = sizeof(buffer)};
    return lanes_os_receive(ends[1], message, timeout_ns, err);
}

Test(os_socket, datagram_arrives_whole_with_its_descriptors, .timeout = 20)
{
    make_pair();
    int memory = -1;
    cr_assert_eq(lanes_os_memfd_create("sent", 4096, &memory, NULL), LANES_OK);
    const int fds[] = {memory, ends[0], memory, memory};
    for (uint32_t count = 0; count <= LANES_OS_FDS_MAX; count++) {
        cr_assert_eq(lanes_os_send(ends[0], "hello", 5, fds, count, 0, NULL), LANES_OK);
        lanes_os_message message;
        cr_assert_eq(receive(&message, 0, NULL), LANES_OK);
        cr_assert_eq(message.bytes, 5);
        cr_assert_eq(memcmp(buffer, "hello", 5), 0);
        cr_assert_eq(message.fd_count, count);
        for (uint32_t i = 0; i < LANES_OS_FDS_MAX; i++) {
            cr_assert_eq(message.fds[i] >= 0, i < count);
            cr_assert(i >= count || (fcntl(message.fds[i], F_GETFD) & FD_CLOEXEC) != 0);
        }
        lanes_os_message_close_fds(&message);
        cr_assert_eq(message.fds[0], -1);
    }
}

Test(os_socket, nothing_to_receive_times_out, .timeout = 20)
{
    make_pair();
    lanes_os_message message;
    lanes_error err;
    cr_assert_eq(receive(&message, 0, &err), LANES_E_TIMED_OUT);
    const uint64_t start_ns = lanes_clock_ns();
    cr_assert_eq(receive(&message, 5000000, &err), LANES_E_TIMED_OUT);
    cr_assert_geq(lanes_clock_ns() - start_ns, 4900000);
}

Test(os_socket, full_queue_times_out, .timeout = 20)
{
    make_pair();
    lanes_error err;
    lanes_status status = LANES_OK;
    while (status == LANES_OK) {
        status = lanes_os_send(ends[0], "x", 1, NULL, 0, 0, &err);
    }
    cr_assert_eq(status, LANES_E_TIMED_OUT);
}

Test(os_socket, closed_peer_is_gone_after_its_last_datagram, .timeout = 20)
{
    make_pair();
    lanes_os_message message;
    lanes_error err;
    cr_assert_not(lanes_os_socket_is_closed(ends[1]));
    cr_assert_eq(lanes_os_send(ends[0], "last", 4, NULL, 0, 0, NULL), LANES_OK);
    lanes_os_close(&ends[0]);
    cr_assert(lanes_os_socket_is_closed(ends[1]));
    cr_assert_eq(receive(&message, SECOND, &err), LANES_OK);
    cr_assert_eq(receive(&message, SECOND, &err), LANES_E_PEER_GONE);
    cr_assert_eq(lanes_os_send(ends[1], "x", 1, NULL, 0, SECOND, &err),
                 LANES_E_PEER_GONE);
}

Test(os_socket, datagram_that_does_not_fit_fails_and_closes_its_descriptors,
     .timeout = 20)
{
    make_pair();
    char longer[sizeof(buffer) + 1] = {0};
    const int before = next_fd();
    cr_assert_eq(lanes_os_send(ends[0], longer, sizeof(longer), ends, 1, 0, NULL),
                 LANES_OK);
    lanes_os_message message;
    lanes_error err;
    cr_assert_eq(receive(&message, 0, &err), LANES_E_PROTOCOL);
    cr_assert_eq(message.fd_count, 0);
    cr_assert_eq(next_fd(), before);
}

/* It is no end of the connection, as an empty one would be. */
Test(os_socket, datagram_that_does_not_fit_is_said_so, .timeout = 20)
{
    make_pair();
    char longer[sizeof(buffer) + 1] = {0};
    lanes_os_message message;
    lanes_error err;
    cr_assert_eq(lanes_os_send(ends[0], longer, sizeof(longer), NULL, 0, 0, NULL),
                 LANES_OK);
    cr_assert_eq(receive(&message, 0, &err), LANES_E_PROTOCOL);
    cr_assert_not_null(strstr(err.message, "a datagram does not fit"));
}

Test(os_socket, a_peer_that_left_without_reading_is_gone, .timeout = 20)
{
    make_pair();
    lanes_os_message message;
    lanes_error err;
    cr_assert_eq(lanes_os_send(ends[1], "unread", 6, NULL, 0, 0, NULL), LANES_OK);
    lanes_os_close(&ends[0]);
    cr_assert_eq(receive(&message, 0, &err), LANES_E_PEER_GONE, "by ECONNRESET");
    const int nobody = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    cr_assert_eq(lanes_os_send(nobody, "x", 1, NULL, 0, 0, &err), LANES_E_PEER_GONE,
                 "by ENOTCONN");
}

/** Send more descriptors than lanes_os_send() would, or none of bytes. */
static void send_raw(size_t bytes, const int *fds, size_t fd_count)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * 16)];
        struct cmsghdr align;
    } control = {.bytes = {0}};
    char data[8] = {0};
    struct iovec part = {.iov_base = data, .iov_len = bytes};
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            .msg_controllen = CMSG_SPACE(sizeof(int) * fd_count)};
    struct cmsghdr *message = CMSG_FIRSTHDR(&header);
    message->cmsg_level = SOL_SOCKET;
    message->cmsg_type = SCM_RIGHTS;
    message->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
    memcpy(CMSG_DATA(message), fds, sizeof(int) * fd_count);
    cr_assert_eq(sendmsg(ends[0], &header, 0), (ssize_t)bytes);
}

Test(os_socket, surplus_descriptors_fail_and_are_closed, .timeout = 20)
{
    make_pair();
    int fds[10];
    for (size_t i = 0; i < LANES_ARRAY_COUNT(fds); i++) {
        fds[i] = ends[0];
    }
    for (size_t count = LANES_OS_FDS_MAX + 1; count <= LANES_ARRAY_COUNT(fds); count++) {
        const int before = next_fd();
        send_raw(1, fds, count);
        lanes_os_message message;
        lanes_error err;
        cr_assert_eq(receive(&message, 0, &err), LANES_E_PROTOCOL);
        cr_assert_eq(next_fd(), before);
    }
}

Test(os_socket, descriptors_without_bytes_fail_and_are_closed, .timeout = 20)
{
    make_pair();
    const int before = next_fd();
    send_raw(0, ends, 1);
    lanes_os_message message;
    lanes_error err;
    cr_assert_eq(receive(&message, 0, &err), LANES_E_PROTOCOL);
    cr_assert_eq(next_fd(), before);
}

Test(os_socket, descriptors_lost_for_want_of_numbers_fail, .timeout = 20)
{
    make_pair();
    cr_assert_eq(lanes_os_send(ends[0], "x", 1, ends, 2, 0, NULL), LANES_OK);
    const uint64_t limit = (uint64_t)next_fd() + 1;
    cr_assert_eq(lanes_os_limit_set(LANES_OS_LIMIT_OPEN_FILES, limit, limit, NULL),
                 LANES_OK);
    lanes_os_message message;
    lanes_error err;
    cr_assert_eq(receive(&message, 0, &err), LANES_E_PROTOCOL);
    cr_assert_eq((uint64_t)next_fd() + 1, limit, "the one that arrived was closed");
}

Test(os_socket, peer_of_a_pair_is_this_process)
{
    make_pair();
    lanes_os_peer peer;
    cr_assert_eq(lanes_os_socket_peer(ends[0], &peer, NULL), LANES_OK);
    cr_assert_eq(peer.pid, lanes_os_pid());
    cr_assert_eq(lanes_os_socket_check_peer(ends[0], NULL), LANES_OK);
    uid_offset = 1;
    lanes_error err;
    cr_assert_eq(lanes_os_socket_check_peer(ends[0], &err), LANES_E_FOREIGN_UID);
    cr_assert_eq(lanes_os_socket_peer(0, &peer, &err), -ENOTSOCK);
}

/* ---- Paths ----------------------------------------------------------------------------
 */

static char folder[64];
static char path[LANES_OS_SOCKET_PATH_MAX];

static void make_folder(void)
{
    snprintf(folder, sizeof(folder), "/tmp/lanes-test-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/run/lanes.sock", folder);
}

static void remove_folder(void)
{
    char command[96];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

/** The folder of path, which lanes_os_listen() would make. */
static const char *run_folder(void)
{
    static char run[80];
    snprintf(run, sizeof(run), "%s/run", folder);
    return run;
}

TestSuite(os_listen, .init = make_folder, .fini = remove_folder, .timeout = 20);

static int listen_at_path(void)
{
    int fd = -1;
    lanes_error err;
    cr_assert_eq(lanes_os_listen(path, &fd, &err), LANES_OK, "%s", err.message);
    return fd;
}

static lanes_status connect_to_path(int *out_fd, lanes_error *err)
{
    return lanes_os_connect(path, SECOND, out_fd, err);
}

Test(os_listen, a_socket_knows_its_path)
{
    char found[LANES_OS_SOCKET_PATH_MAX];
    int listener = -1;
    cr_assert_eq(lanes_os_listen(path, &listener, NULL), LANES_OK);
    lanes_os_socket_path(listener, found);
    cr_assert_str_eq(found, path);
    lanes_os_close(&listener);
    make_pair();
    lanes_os_socket_path(ends[0], found);
    cr_assert_str_eq(found, "");
    lanes_os_socket_path(-1, found);
    cr_assert_str_eq(found, "");
}

Test(os_listen, connect_and_accept)
{
    const int listener = listen_at_path();
    cr_assert_eq(lanes_os_check_listening(listener, NULL), LANES_OK);
    int accepted = -1;
    lanes_error err;
    cr_assert_eq(lanes_os_accept(listener, &accepted, &err), LANES_E_TIMED_OUT);
    int connected = -1;
    cr_assert_eq(connect_to_path(&connected, &err), LANES_OK);
    cr_assert_eq(lanes_os_accept(listener, &accepted, &err), LANES_OK);
    cr_assert_neq(fcntl(accepted, F_GETFD) & FD_CLOEXEC, 0);
    lanes_os_peer peer;
    cr_assert_eq(lanes_os_socket_peer(accepted, &peer, NULL), LANES_OK);
    cr_assert_eq(peer.pid, lanes_os_pid());
    struct stat facts;
    cr_assert_eq(stat(path, &facts), 0);
    cr_assert_eq(facts.st_mode & 0777, 0600);
}

Test(os_listen, second_listener_is_refused_and_the_first_unharmed)
{
    const int listener = listen_at_path();
    int second = -1;
    lanes_error err;
    cr_assert_eq(lanes_os_listen(path, &second, &err), -EADDRINUSE);
    cr_assert_eq(second, -1);
    int connected = -1;
    cr_assert_eq(connect_to_path(&connected, &err), LANES_OK);
    cr_assert_eq(lanes_os_check_listening(listener, NULL), LANES_OK);
}

Test(os_listen, stale_socket_is_replaced)
{
    int listener = listen_at_path();
    lanes_os_close(&listener);
    int connected = -1;
    lanes_error err;
    cr_assert_eq(connect_to_path(&connected, &err), LANES_E_UNAVAILABLE);
    listener = listen_at_path();
    cr_assert_eq(connect_to_path(&connected, &err), LANES_OK);
}

Test(os_listen, file_at_the_path_is_kept)
{
    lanes_error err;
    snprintf(path, sizeof(path), "%s/file", folder);
    cr_assert_eq(lanes_os_file_replace(path, "precious", 8, &err), LANES_OK);
    int fd = -1;
    cr_assert_eq(lanes_os_listen(path, &fd, &err), -EEXIST);
    struct stat facts;
    cr_assert_eq(stat(path, &facts), 0);
    cr_assert_eq(facts.st_size, 8);
}

typedef struct slow_listener {
    int listener; /* bound */
    int lock;     /* of its folder */
} slow_listener;

/* As lanes_os_listen() does, but slowly. */
static void *begin_to_listen(void *ctx)
{
    const slow_listener *slow = ctx;
    usleep(100000);
    cr_assert_eq(listen(slow->listener, 4), 0);
    cr_assert_eq(close(slow->lock), 0);
    return NULL;
}

Test(os_listen, a_socket_that_is_about_to_be_listened_to_is_waited_for)
{
    lanes_error err;
    pthread_t starter;
    cr_assert_eq(mkdir(run_folder(), 0700), 0);
    int lock = open(run_folder(), O_RDONLY | O_DIRECTORY);
    cr_assert_eq(flock(lock, LOCK_EX), 0);
    int listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    cr_assert_eq(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    slow_listener slow = {listener, lock};
    cr_assert_eq(pthread_create(&starter, NULL, begin_to_listen, &slow), 0);
    int fd = -1;
    cr_assert_eq(connect_to_path(&fd, &err), LANES_OK, "%s", err.message);
    pthread_join(starter, NULL);
    lanes_os_close(&fd);
    lanes_os_close(&listener);
}

Test(os_listen, too_long_and_empty_paths_are_refused)
{
    char longer[LANES_OS_SOCKET_PATH_MAX + 1];
    memset(longer, 'a', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    int fd = -1;
    lanes_error err;
    cr_assert_eq(lanes_os_listen(longer, &fd, &err), -ENAMETOOLONG);
    cr_assert_eq(lanes_os_connect(longer, 0, &fd, &err), -ENAMETOOLONG);
    cr_assert_eq(lanes_os_listen("", &fd, &err), -ENAMETOOLONG);
}

Test(os_listen, nobody_there_is_unavailable)
{
    int fd = -1;
    lanes_error err;
    cr_assert_eq(connect_to_path(&fd, &err), LANES_E_UNAVAILABLE, "no folder");
    cr_assert_eq(mkdir(run_folder(), 0700), 0);
    cr_assert_eq(connect_to_path(&fd, &err), LANES_E_UNAVAILABLE, "no file");
}

Test(os_listen, other_users_are_foreign)
{
    const int listener = listen_at_path();
    int fd = -1;
    lanes_error err;
    uid_offset = 1;
    /* The questions are: the folder's owner, the file's owner, the listener's user. */
    for (int passed = 0; passed < 3; passed++) {
        uid_questions = passed;
        cr_assert_eq(connect_to_path(&fd, &err), LANES_E_FOREIGN_UID, "after %d", passed);
    }
    uid_questions = 3;
    cr_assert_eq(connect_to_path(&fd, &err), LANES_OK);
    uid_questions = 0;
    cr_assert_eq(lanes_os_listen(path, &fd, &err), LANES_E_FOREIGN_UID);
    cr_assert_eq(lanes_os_check_listening(listener, NULL), LANES_OK);
}

Test(os_listen, listener_that_does_not_accept_times_out)
{
    lanes_error err;
    cr_assert_eq(mkdir(run_folder(), 0700), 0);
    const int listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    cr_assert_geq(listener, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    cr_assert_eq(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    cr_assert_eq(listen(listener, 0), 0);
    lanes_status status = LANES_OK;
    for (int i = 0; i < 4 && status == LANES_OK; i++) {
        int fd = -1;
        status = lanes_os_connect(path, 10000000, &fd, &err);
    }
    cr_assert_eq(status, LANES_E_TIMED_OUT);
}

Test(os_listen, only_listening_seqpacket_sockets_are_taken_over)
{
    lanes_error err;
    make_pair();
    cr_assert_eq(lanes_os_check_listening(ends[0], &err), -ENOTSOCK);
    cr_assert_eq(lanes_os_check_listening(0, &err), -ENOTSOCK);
    const int stream = socket(AF_UNIX, SOCK_STREAM, 0);
    cr_assert_eq(lanes_os_check_listening(stream, &err), -ENOTSOCK);
}

Test(os_listen, default_path_follows_the_environment)
{
    char found[LANES_OS_SOCKET_PATH_MAX];
    lanes_error err;
    setenv("XDG_RUNTIME_DIR", "/run/user/1", 1);
    cr_assert_eq(lanes_os_socket_default_path(found, &err), LANES_OK);
    cr_assert_str_eq(found, "/run/user/1/lanes/lanes.sock");
    unsetenv("XDG_RUNTIME_DIR");
    cr_assert_eq(lanes_os_socket_default_path(found, &err), LANES_OK);
    char expected[LANES_OS_SOCKET_PATH_MAX];
    snprintf(expected, sizeof(expected), "/tmp/lanes-%u/lanes.sock", real_lanes_os_uid());
    cr_assert_str_eq(found, expected);
    char longer[200];
    memset(longer, '/', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    setenv("XDG_RUNTIME_DIR", longer, 1);
    cr_assert_eq(lanes_os_socket_default_path(found, &err), -ENAMETOOLONG);
}
