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

/**
 * Standard streams, then the wanted descriptors from copies above every target, so that
 * no dup2() overwrites a source that is still needed; then nothing else stays open.
 */
static int add_actions(posix_spawn_file_actions_t *actions, const lanes_os_spawn *spawn,
                       const int *copies)
{
    const int highest = highest_target(spawn);
    int result = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
    if (result == 0) {
        result = posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY, 0);
    }
    if (result == 0 && fcntl(STDERR_FILENO, F_GETFD) < 0) {
        result = posix_spawn_file_actions_addopen(actions, 2, "/dev/null", O_WRONLY, 0);
    }
    for (uint32_t i = 0; result == 0 && i < spawn->fd_count; i++) {
        result = posix_spawn_file_actions_adddup2(actions, copies[i], spawn->fds[i].to);
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

static int spawn_with_copies(const lanes_os_spawn *spawn, const int *copies,
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
        result = posix_spawn(out_pid, spawn->path, &actions, &attributes,
                             posix_strings(spawn->argv),
                             spawn->envp != NULL ? posix_strings(spawn->envp) : environ);
    }
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return result;
}

static int copy_fds(const lanes_os_spawn *spawn, int *copies)
{
    const int lowest = highest_target(spawn) + 1;
    for (uint32_t i = 0; i < spawn->fd_count; i++) {
        LANES_ASSERT(spawn->fds[i].to > STDERR_FILENO);
        copies[i] = fcntl(spawn->fds[i].from, F_DUPFD_CLOEXEC, lowest);
        if (copies[i] < 0) {
            return errno;
        }
    }
    return 0;
}

lanes_status lanes_os_spawn_program(const lanes_os_spawn *spawn,
                                    lanes_os_child *out_child, lanes_error *err)
{
    LANES_ASSERT(spawn->fd_count <= LANES_OS_SPAWN_FDS_MAX);
    int copies[LANES_OS_SPAWN_FDS_MAX];
    for (uint32_t i = 0; i < LANES_OS_SPAWN_FDS_MAX; i++) {
        copies[i] = -1;
    }
    pid_t pid = 0;
    int result = copy_fds(spawn, copies);
    if (result == 0) {
        result = spawn_with_copies(spawn, copies, &pid);
    }
    for (uint32_t i = 0; i < LANES_OS_SPAWN_FDS_MAX; i++) {
        lanes_os_close(&copies[i]);
    }
    if (result != 0) {
        return lanes_error_errno(err, result, "cannot start '%s'", spawn->path);
    }
    lanes_os_child child = {.pid = pid, .pidfd = -1};
    const lanes_status status = lanes_os_process_open(pid, &child.pidfd, err);
    if (status < 0) {
        /* ESRCH: it has ended and, with SIGCHLD ignored, is gone already. */
        if (status != -ESRCH) {
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
        }
        return lanes_error_prefix(err, status, "'%s'", spawn->path);
    }
    *out_child = child;
    return LANES_OK;
}
