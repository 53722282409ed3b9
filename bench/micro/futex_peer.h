/* SPDX-License-Identifier: Apache-2.0 */
/*
 * futex_peer.h - a process that does nothing but wake up and answer.
 *
 * What a wake-up across processes costs on this machine at this moment, with nothing of
 * lanes in it: the peer sleeps on a word in shared memory, is woken, and answers through
 * another word. Told so, it spins for a while before it sleeps. Linux and the hypervisor
 * decide this time, so a sleeping executor can at best equal it. The peer is bound to the
 * first allowed core, as the executor's first thread is: waking a process elsewhere can
 * cost ten times what it costs on the same core.
 *
 * Threads: one.
 */
#ifndef BENCH_FUTEX_PEER_H
#define BENCH_FUTEX_PEER_H

/** The other process. Opaque. */
typedef struct futex_peer futex_peer;

/** Fork the peer; it dies with the caller. Ends the program on failure. */
futex_peer *futex_peer_start(void);

/** Wake the peer, which sleeps, and spin until it has answered; nanoseconds. */
double futex_peer_wake_once(futex_peer *peer);

/** Wake the peer and sleep until it wakes this process; nanoseconds. */
double futex_peer_wake_twice(futex_peer *peer);

/**
 * The same while the peer has just answered another, so that neither sleeps: what two
 * processes need to tell each other a word. The peer spins for 50 us before it sleeps.
 */
double futex_peer_awake(futex_peer *peer);

/** End the peer. */
void futex_peer_stop(futex_peer *peer);

#endif /* BENCH_FUTEX_PEER_H */
