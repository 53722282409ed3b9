/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_wait.h - sleeping and waking: futex, eventfd, poll, epoll.
 *
 * Timeouts are relative, in nanoseconds of CLOCK_MONOTONIC; LANES_OS_FOREVER never ends.
 * A signal does not end a wait early except where a function says so.
 *
 * Threads: any; waits block only the caller.
 */
#ifndef LANES_OS_WAIT_H
#define LANES_OS_WAIT_H

#include "base/base.h"

#define LANES_OS_FOREVER UINT64_MAX

/**
 * Sleep while *word == expected, on a word in shared memory (the mapping may be
 * read-only). Ends also for no reason and on a signal: look at the word again.
 *
 * @return LANES_OK (woken, changed, or no reason), LANES_E_TIMED_OUT
 */
LANES_NODISCARD lanes_status lanes_os_futex_wait(const uint32_t *word, uint32_t expected,
                                                 uint64_t timeout_ns);

/** Wake up to @p count processes or threads that sleep on @p word. */
void lanes_os_futex_wake(uint32_t *word, uint32_t count);

/** Create an eventfd: non-blocking, counter 0, close-on-exec. Owned by the caller. */
LANES_NODISCARD lanes_status lanes_os_event_create(int *out_fd, lanes_error *err);

/** Make @p fd poll readable. Does not block, whatever another process has done to the
 * flags of the eventfd that it shares; safe in a signal handler. */
void lanes_os_event_signal(int fd);

/** Make @p fd not readable; true if it was. Does not block, likewise. */
bool lanes_os_event_drain(int fd);

/* What to wait for, and what was found. */
#define LANES_OS_READABLE                                                                \
    1u /**< data, a connection, a signal, or the end of the stream */
#define LANES_OS_WRITABLE 2u
#define LANES_OS_HANG_UP  4u /**< the peer has closed, or an error; always reported */

/**
 * Wait until @p fd has one of @p wanted (LANES_OS_*), or hung up.
 * @return the LANES_OS_* found (> 0), 0 when @p timeout_ns passed, or -errno
 */
LANES_NODISCARD lanes_status lanes_os_poll(int fd, uint32_t wanted, uint64_t timeout_ns);

/** One descriptor of a poller that is ready. */
typedef struct lanes_os_ready {
    uint64_t token;  /**< as given to lanes_os_poller_add() */
    uint32_t events; /**< LANES_OS_* */
    uint32_t reserved;
} lanes_os_ready;

/**
 * Create a poller: a set of descriptors (sockets, eventfds, pidfds, signalfds) to wait on
 * together. It is a file descriptor: end it with lanes_os_close().
 */
LANES_NODISCARD lanes_status lanes_os_poller_create(int *out_poller, lanes_error *err);

/** Add @p fd; level-triggered. A pidfd is readable when its process has ended. */
LANES_NODISCARD lanes_status lanes_os_poller_add(int poller, int fd, uint32_t wanted,
                                                 uint64_t token, lanes_error *err);

/** Change what @p fd, already added, is waited for, and its token. */
LANES_NODISCARD lanes_status lanes_os_poller_change(int poller, int fd, uint32_t wanted,
                                                    uint64_t token, lanes_error *err);

/** Remove @p fd. Call it before closing, since a duplicate elsewhere keeps it in the set.
 */
void lanes_os_poller_remove(int poller, int fd);

/**
 * Wait until something in @p poller is ready.
 * @return how many of out_ready[0..capacity) were filled; 0 when @p timeout_ns passed or
 * a signal handler ran; or -errno
 */
LANES_NODISCARD lanes_status lanes_os_poller_wait(int poller, lanes_os_ready *out_ready,
                                                  uint32_t capacity, uint64_t timeout_ns);

#endif /* LANES_OS_WAIT_H */
