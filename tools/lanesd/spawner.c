/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawner.c - both sides of the spawner: a byte asks, a status and a socket answer.
 *
 * The new process is made with CLONE_PARENT, so that it is the executor's child and the
 * executor learns how it ended. What happens between that and the start of the program is
 * told through a pipe that the start closes.
 */
#include "spawner.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/os_memory.h"
#include "os/os_socket.h"
#include "os/os_wait.h"

/* Descriptors of the spawner and of what it starts; 0 and 1 are /dev/null. */
#define OWN_FD     3
#define PROGRAM_FD 3
#define REPORT_FD  4
#define FIRST_FREE 8 /* copies are made from here on, above all of these */
#define ANSWER_NS  UINT64_C(10000000000)
#define ENDING_NS  UINT64_C(1000000000)
#define NO_PROGRAM 127

struct answer {
    int32_t pid;         /* 0: there is no process */
    int32_t errno_value; /* 0: the program runs; one socket comes along */
};

/* ---- In the new process -------------------------------------------------------------
 */

/* Handlers and mask are inherited; a program expects neither. */
static void reset_signals(void)
{
    for (int number = 1; number < NSIG; number++) {
        signal(number, SIG_DFL); /* those that cannot be set have no handler either */
    }
    lanes_os_signals_unblock_all();
}

/* Both are above their places. */
static bool keep_descriptors(int program_fd, int report_fd)
{
    return dup2(program_fd, PROGRAM_FD) >= 0 && dup2(report_fd, REPORT_FD) >= 0 &&
           fcntl(REPORT_FD, F_SETFD, FD_CLOEXEC) == 0 &&
           close_range(REPORT_FD + 1, ~0u, 0) == 0;
}

_Noreturn static void become_program(const char *program, int program_fd, int report_fd)
{
    char name[] = "lanes-compiler";
    char option[] = "--socket-fd=3";
    char *const argv[] = {name, option, NULL};
    _Static_assert(PROGRAM_FD == 3, "as the option says");
    reset_signals();
    /* A group of its own: Ctrl-C at the terminal does not reach it. */
    if (setpgid(0, 0) == 0 && keep_descriptors(program_fd, report_fd)) {
        report_fd = REPORT_FD;
        execve(program, argv, environ);
    }
    const int32_t reason = errno;
    LANES_IGNORE(write(report_fd, &reason, sizeof(reason)) < 0, "it ends anyway");
    lanes_os_exit_now(NO_PROGRAM);
}

/* ---- In the spawner -----------------------------------------------------------------
 */

/* 0 once the program runs, else the reason why it does not. */
static int32_t read_report(int fd)
{
    int32_t reason = 0;
    ssize_t got;
    do {
        got = read(fd, &reason, sizeof(reason));
    } while (got < 0 && errno == EINTR);
    return got == (ssize_t)sizeof(reason) ? reason : 0;
}

static void start_program(const char *program, int program_fd, struct answer *answer)
{
    int ends[2] = {-1, -1};
    const int fd = fcntl(program_fd, F_DUPFD_CLOEXEC, FIRST_FREE);
    if (fd < 0 || pipe2(ends, O_CLOEXEC) != 0) {
        answer->errno_value = errno;
        return; /* this process has few descriptors, and ends soon if it has none left */
    }
    const int report_fd = fcntl(ends[1], F_DUPFD_CLOEXEC, FIRST_FREE);
    /* As fork(), but for the parent; nothing of libc's is locked, with one thread. */
    const long pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) {
        become_program(program, fd, report_fd);
    }
    answer->errno_value = pid < 0 ? errno : 0;
    answer->pid = pid < 0 ? 0 : (int32_t)pid;
    lanes_os_close(&ends[1]);
    close(report_fd);
    close(fd);
    if (pid > 0) {
        answer->errno_value = read_report(ends[0]);
    }
    lanes_os_close(&ends[0]);
}

static lanes_status serve_one(const char *program)
{
    char byte;
    lanes_os_message message = {.buffer = &byte, .capacity_bytes = sizeof(byte)};
    LANES_TRY(lanes_os_receive(OWN_FD, &message, LANES_OS_FOREVER, NULL));
    lanes_os_message_close_fds(&message);
    struct answer answer = {.errno_value = EMFILE};
    int pair[2] = {-1, -1};
    if (lanes_os_socket_pair(pair, NULL) == LANES_OK) {
        start_program(program, pair[1], &answer);
        lanes_os_close(&pair[1]);
    }
    const bool is_started = answer.errno_value == 0;
    const lanes_status status = lanes_os_send(OWN_FD, &answer, sizeof(answer), pair,
                                              is_started ? 1 : 0, ANSWER_NS, NULL);
    lanes_os_close(&pair[0]);
    return status;
}

/* Nothing of the executor's stays open: its clients must see when it has gone. */
_Noreturn static void serve(const char *program, int socket_fd, int32_t parent)
{
    const int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    LANES_IGNORE(prctl(PR_SET_NAME, "lanesd-spawner") != 0, "a name for ps");
    lanes_status status = lanes_os_die_with_parent(parent, LANES_OS_SIGNAL_KILL, NULL);
    if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 ||
        dup2(null_fd, STDOUT_FILENO) < 0 || dup2(socket_fd, OWN_FD) < 0 ||
        close_range(OWN_FD + 1, ~0u, 0) != 0) {
        status = -errno;
    }
    if (status == LANES_OK && fcntl(OWN_FD, F_SETFD, FD_CLOEXEC) != 0) {
        status = -errno;
    }
    while (status == LANES_OK) {
        status = serve_one(program);
    }
    lanes_os_exit_now(status == LANES_E_PEER_GONE ? 0 : 1);
}

/* ---- In the executor ----------------------------------------------------------------
 */

lanes_status spawner_start(spawner *self, const char *program, lanes_error *err)
{
    int pair[2];
    LANES_TRY(lanes_os_socket_pair(pair, err));
    const int32_t parent = lanes_os_pid();
    lanes_os_child child = LANES_OS_CHILD_NONE;
    const lanes_status status = lanes_os_fork(&child, err);
    if (status == LANES_OK && child.pid == 0) {
        serve(program, pair[1], parent);
    }
    lanes_os_close(&pair[1]);
    if (status < 0) {
        lanes_os_close(&pair[0]);
        return lanes_error_prefix(err, status, "a process to start compilers");
    }
    self->program = program;
    self->socket_fd = pair[0];
    self->child = child;
    return LANES_OK;
}

/* Asks, and takes the answer; *out_fd is -1 if none came. */
static lanes_status ask(const spawner *self, struct answer *answer, int *out_fd,
                        lanes_error *err)
{
    static const char byte = 's';
    lanes_os_message message = {.buffer = answer, .capacity_bytes = sizeof(*answer)};
    LANES_TRY(
        lanes_os_send(self->socket_fd, &byte, sizeof(byte), NULL, 0, ANSWER_NS, err));
    LANES_TRY(lanes_os_receive(self->socket_fd, &message, ANSWER_NS, err));
    const bool has_fd = message.bytes == sizeof(*answer) && answer->errno_value == 0;
    if (message.bytes != sizeof(*answer) || message.fd_count != (has_fd ? 1u : 0u)) {
        lanes_os_message_close_fds(&message);
        return lanes_error_set(err, LANES_E_INTERNAL, "an answer of %zu bytes",
                               message.bytes);
    }
    *out_fd = message.fds[0];
    return LANES_OK;
}

/* One that never became the program is a child all the same. */
static void reap(int32_t pid)
{
    lanes_os_child child = {.pid = pid, .pidfd = -1};
    if (pid > 0 && lanes_os_process_open(pid, &child.pidfd, NULL) == LANES_OK) {
        LANES_IGNORE(lanes_os_child_wait(&child, LANES_OS_FOREVER, NULL) < 0,
                     "it has ended");
    }
}

lanes_status spawner_run(void *ctx, int *out_socket_fd, lanes_os_child *out_child,
                         lanes_error *err)
{
    const spawner *self = ctx;
    struct answer answer = {.pid = 0};
    int fd = -1;
    const lanes_status asked = ask(self, &answer, &fd, err);
    if (asked < 0) {
        return lanes_error_set(err, LANES_E_UNAVAILABLE,
                               "the process that starts lanes-compiler does not answer "
                               "(%s); restart lanesd",
                               lanes_status_name(asked));
    }
    if (answer.errno_value != 0) {
        reap(answer.pid);
        return lanes_error_errno(err, answer.errno_value, "cannot start '%s'",
                                 self->program);
    }
    lanes_os_child child = {.pid = answer.pid, .pidfd = -1};
    const lanes_status status = lanes_os_process_open(child.pid, &child.pidfd, err);
    if (status < 0) {
        lanes_os_close(&fd); /* which ends it */
        return status;
    }
    *out_socket_fd = fd;
    *out_child = child;
    return LANES_OK;
}

void spawner_end(spawner *self)
{
    lanes_os_close(&self->socket_fd);
    if (self->child.pid == 0) {
        return;
    }
    if (lanes_os_child_wait(&self->child, ENDING_NS, NULL) == LANES_E_TIMED_OUT) {
        LANES_IGNORE(lanes_os_child_signal(&self->child, LANES_OS_SIGNAL_KILL) < 0,
                     "it ends by itself then");
        LANES_IGNORE(lanes_os_child_wait(&self->child, LANES_OS_FOREVER, NULL) < 0,
                     "there is nothing left to do");
    }
}
