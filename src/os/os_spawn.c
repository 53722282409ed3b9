/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_spawn.c - start a program with chosen descriptors.
 *
 * posix_spawn() rather than fork(): the caller may have threads and gigabytes mapped.
 */
#include "os/os_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/os_memory.h"

static int highest_target(const lanes_os_spawn *spawn)
{
    int highest = STDERR_FILENO;
    for (uint32_t i = 0; i < spawn->fd_count; i++) {
        highest = spawn->fds[i].to > highest ? spawn->fds[i].to : highest;
    }
    return highest;
}

static bool is_target(const lanes_os_spawn *spawn, int fd)
{
    for (uint32_t i = 0; i < spawn->fd_count; i++) {
        if (spawn->fds[i].to == fd) {
            return true;
        }
    }
    return false;
}

/** Descriptors that go to the child, all above every target; -1 = none. */
struct copies {
    int fds[LANES_OS_SPAWN_FDS_MAX];
    int output; /* where its standard output leads; -1 = /dev/null */
};

/**
 * Standard streams, then the wanted descriptors from copies above every target, so that
 * no dup2() overwrites a source that is still needed; then nothing else stays open.
 */
static int add_actions(posix_spawn_file_actions_t *actions, const lanes_os_spawn *spawn,
                       const struct copies *copies)
{
    const int highest = highest_target(spawn);
    int result = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
    if (result == 0 && copies->output >= 0) {
        result = posix_spawn_file_actions_adddup2(actions, copies->output, 1);
    } else if (result == 0) {
        result = posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY, 0);
    }
    if (result == 0 && fcntl(STDERR_FILENO, F_GETFD) < 0) {
        result = posix_spawn_file_actions_addopen(actions, 2, "/dev/null", O_WRONLY, 0);
    }
    for (uint32_t i = 0; result == 0 && i < spawn->fd_count; i++) {
        result =
            posix_spawn_file_actions_adddup2(actions, copies->fds[i], spawn->fds[i].to);
    }
    for (int fd = STDERR_FILENO + 1; result == 0 && fd <= highest; fd++) {
        if (!is_target(spawn, fd)) {
            result = posix_spawn_file_actions_addclose(actions, fd);
        }
    }
    if (result == 0) {
        result = posix_spawn_file_actions_addclosefrom_np(actions, highest + 1);
    }
    return result;
}

/** No blocked signal, default handlers; a process group of its own if wanted. */
static int set_attributes(posix_spawnattr_t *attributes, uint32_t flags)
{
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    short bits = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if ((flags & LANES_OS_SPAWN_OWN_GROUP) != 0) {
        bits |= POSIX_SPAWN_SETPGROUP; /* the default group number 0 means a new one */
    }
    int result = posix_spawnattr_setsigmask(attributes, &none);
    if (result == 0) {
        result = posix_spawnattr_setsigdefault(attributes, &all);
    }
    return result == 0 ? posix_spawnattr_setflags(attributes, bits) : result;
}

/** POSIX lacks a const here; it does not write to the strings. */
static char *const *posix_strings(const char *const *strings)
{
    const union {
        const char *const *read_only;
        char *const *posix;
    } both = {.read_only = strings};
    return both.posix;
}

static int spawn_with_copies(const lanes_os_spawn *spawn, const struct copies *copies,
                             pid_t *out_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int result = posix_spawn_file_actions_init(&actions);
    if (result != 0) {
        return result;
    }
    result = posix_spawnattr_init(&attributes);
    if (result != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return result;
    }
    result = add_actions(&actions, spawn, copies);
    if (result == 0) {
        result = set_attributes(&attributes, spawn->flags);
    }
    if (result == 0) {
        const bool is_searched = (spawn->flags & LANES_OS_SPAWN_SEARCH) != 0;
        result = (is_searched ? posix_spawnp : posix_spawn)(
            out_pid, spawn->path, &actions, &attributes, posix_strings(spawn->argv),
            spawn->envp != NULL ? posix_strings(spawn->envp) : environ);
    }
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return result;
}

static int copy_above(int fd, int lowest, int *out_copy)
{
    *out_copy = fcntl(fd, F_DUPFD_CLOEXEC, lowest);
    return *out_copy >= 0 ? 0 : errno;
}

/** Fill @p copies; @p output is the pipe's end for the child, or -1. */
static int copy_fds(const lanes_os_spawn *spawn, int output, struct copies *copies)
{
    const int lowest = highest_target(spawn) + 1;
    int result = output >= 0 ? copy_above(output, lowest, &copies->output) : 0;
    for (uint32_t i = 0; result == 0 && i < spawn->fd_count; i++) {
        LANES_ASSERT(spawn->fds[i].to > STDERR_FILENO);
        result = copy_above(spawn->fds[i].from, lowest, &copies->fds[i]);
    }
    return result;
}

/** Start the child; @p ends is a pipe for its output, or {-1, -1}. 0 or an errno value.
 */
static int start_child(const lanes_os_spawn *spawn, const int ends[2], pid_t *out_pid)
{
    struct copies copies = {.output = -1};
    for (uint32_t i = 0; i < LANES_OS_SPAWN_FDS_MAX; i++) {
        copies.fds[i] = -1;
    }
    int result = copy_fds(spawn, ends[1], &copies);
    if (result == 0) {
        result = spawn_with_copies(spawn, &copies, out_pid);
    }
    for (uint32_t i = 0; i < LANES_OS_SPAWN_FDS_MAX; i++) {
        lanes_os_close(&copies.fds[i]);
    }
    lanes_os_close(&copies.output);
    return result;
}

lanes_status lanes_os_spawn_program(const lanes_os_spawn *spawn,
                                    lanes_os_child *out_child, lanes_error *err)
{
    LANES_ASSERT(spawn->fd_count <= LANES_OS_SPAWN_FDS_MAX);
    int ends[2] = {-1, -1};
    pid_t pid = 0;
    if (spawn->out_output != NULL && pipe2(ends, O_CLOEXEC) != 0) {
        return lanes_error_errno(err, errno, "pipe from '%s'", spawn->path);
    }
    const int result = start_child(spawn, ends, &pid);
    /* Only the child may hold the writing end, or the reader would never see an end. */
    lanes_os_close(&ends[1]);
    if (result != 0) {
        lanes_os_close(&ends[0]);
        return lanes_error_errno(err, result, "cannot start '%s'", spawn->path);
    }
    lanes_os_child child = {.pid = pid, .pidfd = -1};
    const lanes_status status = lanes_os_process_open(pid, &child.pidfd, err);
    if (status < 0) {
        lanes_os_close(&ends[0]);
        /* ESRCH: it has ended and, with SIGCHLD ignored, is gone already. */
        if (status != -ESRCH) {
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
        }
        return lanes_error_prefix(err, status, "'%s'", spawn->path);
    }
    if (spawn->out_output != NULL) {
        *spawn->out_output = ends[0];
    }
    *out_child = child;
    return LANES_OK;
}

lanes_status lanes_os_exec(const char *path, const char *const *argv, lanes_error *err)
{
    execv(path, posix_strings(argv));
    return lanes_error_errno(err, errno, "cannot start '%s'", path);
}
