/* SPDX-License-Identifier: Apache-2.0 */
/*
 * socket_peer.h - a process that answers datagrams on a unix socket.
 *
 * What a request to another process costs where there is no shared memory: the way of
 * most servers. Both sides sleep in recv(). The peer is bound to the first allowed core,
 * as the executor's first thread is.
 *
 * Threads: one.
 */
#ifndef BENCH_SOCKET_PEER_H
#define BENCH_SOCKET_PEER_H

/** The other process. Opaque. */
typedef struct socket_peer socket_peer;

/** Fork the peer; it dies with the caller. Ends the program on failure. */
socket_peer *socket_peer_start(void);

/** Send 64 bytes, as many as a small request has, and wait for 64; nanoseconds. */
double socket_peer_round_trip(socket_peer *peer);

/** End the peer. */
void socket_peer_stop(socket_peer *peer);

#endif /* BENCH_SOCKET_PEER_H */
