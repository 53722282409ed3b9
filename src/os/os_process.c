/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_process.c - identity, children through pidfds.
 */
#include "os/os_process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/os_memory.h"
#include "os/os_wait.h"

uint32_t lanes_os_uid(void)
{
    return geteuid();
}

int32_t lanes_os_pid(void)
{
    return getpid();
}

lanes_status lanes_os_process_open(int32_t pid, int *out_pidfd, lanes_error *err)
{
    const int fd = pidfd_open(pid, 0); /* always close-on-exec */
    if (fd < 0) {
        return lanes_error_errno(err, errno, "cannot watch process %d", pid);
    }
    *out_pidfd = fd;
    return LANES_OK;
}

lanes_status lanes_os_fork(lanes_os_child *out_child, lanes_error *err)
{
    const pid_t pid = fork();
    if (pid < 0) {
        return lanes_error_errno(err, errno, "cannot fork");
    }
    lanes_os_child child = {.pid = pid, .pidfd = -1};
    if (pid > 0) {
        /* Not reaped yet, so the pid cannot mean another process. */
        const lanes_status status = lanes_os_process_open(pid, &child.pidfd, err);
        if (status < 0) {
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
            return status;
        }
    }
    *out_child = child;
    return LANES_OK;
}

void lanes_os_exit_now(int code)
{
    _exit(code);
}

/** Reap through the pidfd: unlike wait4() it cannot meet a reused pid. */
static lanes_os_exit reap(int pidfd)
{
    siginfo_t info = {.si_code = 0};
    struct rusage usage = {.ru_maxrss = 0};
    lanes_os_exit ended = {.code = -1};
    long result = -1;
    do {
        /* The system call, because glibc's waitid() drops the resource usage. */
        result = syscall(SYS_waitid, P_PIDFD, pidfd, &info, WEXITED, &usage);
    } while (result != 0 && errno == EINTR);
    if (result != 0) {
        return ended; /* ECHILD: reaped by the program, or SIGCHLD is ignored */
    }
    if (info.si_code == CLD_EXITED) {
        ended.code = info.si_status;
    } else {
        ended.signal_number = info.si_status;
    }
    const uint64_t seconds = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec);
    const uint64_t micros = (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    ended.cpu_ns = seconds * 1000000000u + micros * 1000u;
    ended.peak_rss_bytes = (uint64_t)usage.ru_maxrss * 1024u;
    return ended;
}

lanes_status lanes_os_child_wait(lanes_os_child *child, uint64_t timeout_ns,
                                 lanes_os_exit *out_exit)
{
    LANES_ASSERT(child->pidfd >= 0);
    const lanes_status found = lanes_os_poll(child->pidfd, LANES_OS_READABLE, timeout_ns);
    LANES_TRY(found);
    if (found == 0) {
        return LANES_E_TIMED_OUT;
    }
    const lanes_os_exit ended = reap(child->pidfd);
    lanes_os_child_forget(child);
    if (out_exit != NULL) {
        *out_exit = ended;
    }
    return LANES_OK;
}

lanes_status lanes_os_child_signal(const lanes_os_child *child, int signal_number)
{
    if (pidfd_send_signal(child->pidfd, signal_number, NULL, 0) != 0 && errno != ESRCH) {
        return -errno;
    }
    return LANES_OK;
}

void lanes_os_child_forget(lanes_os_child *child)
{
    lanes_os_close(&child->pidfd);
    child->pid = 0;
}

void lanes_os_exit_format(const lanes_os_exit *ended, char *text, size_t text_bytes)
{
    if (ended->signal_number != 0) {
        const char *name = sigabbrev_np(ended->signal_number);
        snprintf(text, text_bytes, "was killed by SIG%s", name != NULL ? name : "?");
    } else if (ended->code >= 0) {
        snprintf(text, text_bytes, "exited with status %d", ended->code);
    } else {
        snprintf(text, text_bytes, "ended with unknown status");
    }
}

lanes_status lanes_os_die_with_parent(int32_t parent_pid, int signal_number,
                                      lanes_error *err)
{
    if (prctl(PR_SET_PDEATHSIG, signal_number) != 0) {
        return lanes_error_errno(err, errno, "cannot set the parent death signal");
    }
    /* The parent may have ended before the call above: then no signal will come. */
    if (getppid() != parent_pid) {
        lanes_os_exit_now(0);
    }
    return LANES_OK;
}
