/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_os_wait.c - futex, eventfd, poll, poller: results, time limits, hang-ups.
 */
#include "os/os_wait.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/atomic.h"
#include "os/os_memory.h"
#include "os/os_process.h"
#include "os/os_socket.h"

#define MILLISECOND 1000000ull

static int make_event(void)
{
    int fd = -1;
    cr_assert_eq(lanes_os_event_create(&fd, NULL), LANES_OK);
    return fd;
}

Test(os_wait, futex_returns_at_once_when_the_word_differs, .timeout = 10)
{
    const uint32_t word = 5;
    cr_assert_eq(lanes_os_futex_wait(&word, 4, LANES_OS_FOREVER), LANES_OK);
}

Test(os_wait, futex_times_out, .timeout = 10)
{
    const uint32_t word = 5;
    const uint64_t start_ns = lanes_clock_ns();
    lanes_status status = LANES_OK;
    while (status == LANES_OK) { /* it may wake for no reason */
        status = lanes_os_futex_wait(&word, 5, 5 * MILLISECOND);
    }
    cr_assert_eq(status, LANES_E_TIMED_OUT);
    cr_assert_geq(lanes_clock_ns() - start_ns, 4 * MILLISECOND);
}

static void *change_and_wake(void *ctx)
{
    uint32_t *word = ctx;
    lanes_store_release_u32(word, 1);
    lanes_os_futex_wake(word, UINT32_MAX);
    return NULL;
}

Test(os_wait, futex_wakes_a_waiter_on_a_read_only_mapping, .timeout = 10)
{
    int fd = -1;
    void *writable = NULL;
    void *readable = NULL;
    cr_assert_eq(lanes_os_memfd_create("futex", 4096, &fd, NULL), LANES_OK);
    cr_assert_eq(lanes_os_map(fd, 4096, LANES_OS_MAP_WRITE, &writable, NULL), LANES_OK);
    cr_assert_eq(lanes_os_map(fd, 4096, 0, &readable, NULL), LANES_OK);
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, change_and_wake, writable), 0);
    const uint32_t *word = readable;
    while (lanes_load_acquire_u32(word) == 0) {
        LANES_IGNORE(lanes_os_futex_wait(word, 0, LANES_OS_FOREVER), "the word counts");
    }
    pthread_join(thread, NULL);
}

/* O_NONBLOCK is shared with whoever has the eventfd too. */
Test(os_wait, an_event_that_a_peer_made_blocking_and_full_blocks_nobody, .timeout = 10)
{
    const int fd = make_event();
    cr_assert_eq(fcntl(fd, F_SETFL, 0), 0);
    cr_assert_not(lanes_os_event_drain(fd));
    const uint64_t most = UINT64_MAX - 1;
    cr_assert_eq(write(fd, &most, sizeof(most)), (ssize_t)sizeof(most));
    lanes_os_event_signal(fd);
    cr_assert(lanes_os_event_drain(fd));
    cr_assert_not(lanes_os_event_drain(fd));
    lanes_os_event_signal(fd);
    cr_assert(lanes_os_event_drain(fd));
}

Test(os_wait, event_is_readable_until_drained)
{
    const int fd = make_event();
    cr_assert_eq(lanes_os_poll(fd, LANES_OS_READABLE, 0), 0);
    cr_assert_not(lanes_os_event_drain(fd));
    lanes_os_event_signal(fd);
    lanes_os_event_signal(fd);
    cr_assert_eq(lanes_os_poll(fd, LANES_OS_READABLE, 0),
                 (lanes_status)LANES_OS_READABLE);
    cr_assert(lanes_os_event_drain(fd));
    cr_assert_not(lanes_os_event_drain(fd));
}

static void ignore_alarm(int number)
{
    (void)number;
}

Test(os_wait, poll_outlasts_signals, .timeout = 10)
{
    const struct sigaction action = {.sa_handler = ignore_alarm};
    cr_assert_eq(sigaction(SIGALRM, &action, NULL), 0);
    ualarm(2000, 2000);
    const uint64_t start_ns = lanes_clock_ns();
    cr_assert_eq(lanes_os_poll(make_event(), LANES_OS_READABLE, 20 * MILLISECOND), 0);
    ualarm(0, 0);
    cr_assert_geq(lanes_clock_ns() - start_ns, 19 * MILLISECOND);
}

Test(os_wait, poll_reports_hang_up_though_not_asked)
{
    int ends[2];
    cr_assert_eq(lanes_os_socket_pair(ends, NULL), LANES_OK);
    cr_assert_eq(lanes_os_poll(ends[0], 0, 0), 0);
    cr_assert_eq(lanes_os_poll(ends[0], LANES_OS_WRITABLE, 0),
                 (lanes_status)LANES_OS_WRITABLE);
    lanes_os_close(&ends[1]);
    const lanes_status found = lanes_os_poll(ends[0], 0, LANES_OS_FOREVER);
    cr_assert_neq((uint32_t)found & LANES_OS_HANG_UP, 0);
}

Test(os_wait, poller_reports_tokens_changes_and_removals, .timeout = 10)
{
    int poller = -1;
    const int first = make_event();
    const int second = make_event();
    lanes_os_ready ready[4];
    cr_assert_eq(lanes_os_poller_create(&poller, NULL), LANES_OK);
    cr_assert_eq(lanes_os_poller_add(poller, first, LANES_OS_READABLE, 11, NULL),
                 LANES_OK);
    cr_assert_eq(lanes_os_poller_add(poller, second, LANES_OS_READABLE, 22, NULL),
                 LANES_OK);
    lanes_error err;
    cr_assert_eq(lanes_os_poller_add(poller, first, 0, 11, &err), -EEXIST);
    cr_assert_eq(lanes_os_poller_wait(poller, ready, 4, MILLISECOND), 0);
    lanes_os_event_signal(second);
    cr_assert_eq(lanes_os_poller_wait(poller, ready, 4, LANES_OS_FOREVER), 1);
    cr_assert_eq(ready[0].token, 22);
    cr_assert_eq(ready[0].events, LANES_OS_READABLE);
    lanes_os_event_signal(first);
    cr_assert_eq(lanes_os_poller_wait(poller, ready, 1, 0), 1, "capacity is respected");
    cr_assert_eq(lanes_os_poller_change(poller, second, LANES_OS_READABLE, 33, NULL),
                 LANES_OK);
    lanes_os_poller_remove(poller, first);
    cr_assert_eq(lanes_os_poller_wait(poller, ready, 4, 0), 1);
    cr_assert_eq(ready[0].token, 33);
    lanes_os_poller_remove(poller, first);
}

Test(os_wait, poller_sees_the_end_of_a_process, .timeout = 10)
{
    int poller = -1;
    lanes_os_child child = LANES_OS_CHILD_NONE;
    cr_assert_eq(lanes_os_poller_create(&poller, NULL), LANES_OK);
    cr_assert_eq(lanes_os_fork(&child, NULL), LANES_OK);
    if (child.pid == 0) {
        lanes_os_exit_now(0);
    }
    cr_assert_eq(lanes_os_poller_add(poller, child.pidfd, LANES_OS_READABLE, 7, NULL),
                 LANES_OK);
    lanes_os_ready ready;
    cr_assert_eq(lanes_os_poller_wait(poller, &ready, 1, LANES_OS_FOREVER), 1);
    cr_assert_eq(ready.token, 7);
    cr_assert_eq(lanes_os_child_wait(&child, 0, NULL), LANES_OK);
}
