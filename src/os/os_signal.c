/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_signal.c - signal masks and signals as readable descriptors.
 */
#include "os/os_process.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

_Static_assert(LANES_OS_SIGNAL_HANG_UP == SIGHUP && LANES_OS_SIGNAL_INTERRUPT == SIGINT &&
                   LANES_OS_SIGNAL_KILL == SIGKILL && LANES_OS_SIGNAL_USER_1 == SIGUSR1 &&
                   LANES_OS_SIGNAL_PIPE == SIGPIPE &&
                   LANES_OS_SIGNAL_TERMINATE == SIGTERM &&
                   LANES_OS_SIGNAL_CHILD == SIGCHLD,
               "the kernel's values");

static sigset_t make_set(const int *signals, uint32_t count)
{
    sigset_t set;
    sigemptyset(&set);
    for (uint32_t i = 0; i < count; i++) {
        sigaddset(&set, signals[i]);
    }
    return set;
}

lanes_status lanes_os_signals_block(const int *signals, uint32_t count, lanes_error *err)
{
    const sigset_t set = make_set(signals, count);
    const int result = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (result != 0) {
        return lanes_error_errno(err, result, "cannot block signals");
    }
    return LANES_OK;
}

void lanes_os_signals_unblock_all(void)
{
    sigset_t none;
    sigemptyset(&none);
    LANES_ASSERT(pthread_sigmask(SIG_SETMASK, &none, NULL) == 0);
}

void lanes_os_signal_ignore(int signal_number)
{
    struct sigaction action = {.sa_handler = SIG_IGN};
    LANES_ASSERT(sigaction(signal_number, &action, NULL) == 0);
}

lanes_status lanes_os_signal_fd(const int *signals, uint32_t count, int *out_fd,
                                lanes_error *err)
{
    const sigset_t set = make_set(signals, count);
    const int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) {
        return lanes_error_errno(err, errno, "cannot create a signalfd");
    }
    *out_fd = fd;
    return LANES_OK;
}

int lanes_os_signal_take(int fd)
{
    struct signalfd_siginfo info;
    if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
        return 0;
    }
    return (int)info.ssi_signo;
}
