/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_wait.c - futex, eventfd, poll and epoll.
 */
#include "os/os_wait.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/os_internal.h"

lanes_status lanes_os_futex_wait(const uint32_t *word, uint32_t expected,
                                 uint64_t timeout_ns)
{
    struct timespec storage;
    /* Without FUTEX_PRIVATE_FLAG: the waker is another process. */
    const long result = syscall(SYS_futex, word, FUTEX_WAIT, expected,
                                lanes_os_timespec(timeout_ns, &storage), NULL, 0);
    return result != 0 && errno == ETIMEDOUT ? LANES_E_TIMED_OUT : LANES_OK;
}

void lanes_os_futex_wake(uint32_t *word, uint32_t count)
{
    const uint32_t limit = count > INT_MAX ? INT_MAX : count;
    LANES_IGNORE(syscall(SYS_futex, word, FUTEX_WAKE, limit, NULL, NULL, 0) < 0,
                 "it cannot fail on a mapped word");
}

lanes_status lanes_os_event_create(int *out_fd, lanes_error *err)
{
    const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) {
        return lanes_error_errno(err, errno, "cannot create an eventfd");
    }
    *out_fd = fd;
    return LANES_OK;
}

/*
 * O_NONBLOCK belongs to the open file, which another process shares: it may have cleared
 * that, for a read() that waits, say. So both look before they leap. A peer that is
 * malicious, and quick enough to be in between, is not what this is against.
 */
static bool is_event_ready(int fd, short wanted)
{
    struct pollfd one = {.fd = fd, .events = wanted};
    return poll(&one, 1, 0) == 1 && (one.revents & wanted) != 0;
}

void lanes_os_event_signal(int fd)
{
    const int saved_errno = errno; /* for signal handlers */
    const uint64_t one = 1;
    if (is_event_ready(fd, POLLOUT)) { /* else it is readable already */
        LANES_IGNORE(write(fd, &one, sizeof(one)) < 0, "EAGAIN: likewise");
    }
    errno = saved_errno;
}

bool lanes_os_event_drain(int fd)
{
    uint64_t count = 0;
    return is_event_ready(fd, POLLIN) &&
           read(fd, &count, sizeof(count)) == (ssize_t)sizeof(count);
}

static uint32_t events_from_poll(short found)
{
    uint32_t events = 0;
    events |= (found & POLLIN) != 0 ? LANES_OS_READABLE : 0;
    events |= (found & POLLOUT) != 0 ? LANES_OS_WRITABLE : 0;
    events |=
        (found & (POLLHUP | POLLRDHUP | POLLERR | POLLNVAL)) != 0 ? LANES_OS_HANG_UP : 0;
    return events;
}

lanes_status lanes_os_poll(int fd, uint32_t wanted, uint64_t timeout_ns)
{
    int interest = POLLRDHUP;
    interest |= (wanted & LANES_OS_READABLE) != 0 ? POLLIN : 0;
    interest |= (wanted & LANES_OS_WRITABLE) != 0 ? POLLOUT : 0;
    struct pollfd one = {.fd = fd, .events = (short)interest};
    const uint64_t deadline_ns = lanes_os_deadline(timeout_ns);
    for (;;) {
        struct timespec storage;
        const uint64_t left_ns = lanes_os_time_left(deadline_ns);
        const int count = ppoll(&one, 1, lanes_os_timespec(left_ns, &storage), NULL);
        if (count >= 0) {
            return count == 0 ? 0 : (lanes_status)events_from_poll(one.revents);
        }
        if (errno != EINTR) {
            return -errno;
        }
    }
}

lanes_status lanes_os_poller_create(int *out_poller, lanes_error *err)
{
    const int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0) {
        return lanes_error_errno(err, errno, "cannot create an epoll descriptor");
    }
    *out_poller = fd;
    return LANES_OK;
}

static struct epoll_event epoll_interest(uint32_t wanted, uint64_t token)
{
    uint32_t events = EPOLLRDHUP;
    events |= (wanted & LANES_OS_READABLE) != 0 ? (uint32_t)EPOLLIN : 0;
    events |= (wanted & LANES_OS_WRITABLE) != 0 ? (uint32_t)EPOLLOUT : 0;
    return (struct epoll_event){.events = events, .data.u64 = token};
}

static lanes_status epoll_set(int poller, int operation, int fd,
                              struct epoll_event interest, lanes_error *err)
{
    if (epoll_ctl(poller, operation, fd, &interest) != 0) {
        return lanes_error_errno(err, errno, "cannot wait on descriptor %d", fd);
    }
    return LANES_OK;
}

lanes_status lanes_os_poller_add(int poller, int fd, uint32_t wanted, uint64_t token,
                                 lanes_error *err)
{
    return epoll_set(poller, EPOLL_CTL_ADD, fd, epoll_interest(wanted, token), err);
}

lanes_status lanes_os_poller_change(int poller, int fd, uint32_t wanted, uint64_t token,
                                    lanes_error *err)
{
    return epoll_set(poller, EPOLL_CTL_MOD, fd, epoll_interest(wanted, token), err);
}

void lanes_os_poller_remove(int poller, int fd)
{
    LANES_IGNORE(epoll_ctl(poller, EPOLL_CTL_DEL, fd, NULL),
                 "ENOENT: it was not in the set");
}

lanes_status lanes_os_poller_wait(int poller, lanes_os_ready *out_ready,
                                  uint32_t capacity, uint64_t timeout_ns)
{
    struct epoll_event found[64];
    const uint32_t limit = LANES_ARRAY_COUNT(found);
    struct timespec storage;
    const int count =
        epoll_pwait2(poller, found, (int)(capacity < limit ? capacity : limit),
                     lanes_os_timespec(timeout_ns, &storage), NULL);
    if (count < 0) {
        return errno == EINTR ? 0 : -errno;
    }
    for (int i = 0; i < count; i++) {
        /* epoll's bits have poll's values. */
        out_ready[i] = (lanes_os_ready){
            .token = found[i].data.u64,
            .events = events_from_poll((short)found[i].events),
        };
    }
    return count;
}
