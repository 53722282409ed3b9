/* SPDX-License-Identifier: Apache-2.0 */
/*
 * socket_peer.c - ping-pong over a socket pair.
 */
#include "socket_peer.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "binding.h"
#include "harness.h"

#define MESSAGE_BYTES 64

struct socket_peer {
    int fd;
    pid_t pid;
};

static bool send_one(int fd, const char message[MESSAGE_BYTES])
{
    return send(fd, message, MESSAGE_BYTES, 0) == MESSAGE_BYTES;
}

static bool receive_one(int fd, char message[MESSAGE_BYTES])
{
    return recv(fd, message, MESSAGE_BYTES, 0) == MESSAGE_BYTES;
}

_Noreturn static void answer(int fd)
{
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    sched_getaffinity(0, sizeof(allowed), &allowed);
    bench_bind(&allowed, true);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    char message[MESSAGE_BYTES];
    while (receive_one(fd, message) && send_one(fd, message)) {
    }
    _exit(0);
}

socket_peer *socket_peer_start(void)
{
    socket_peer *peer = calloc(1, sizeof(*peer));
    int fds[2];
    if (peer == NULL || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) != 0) {
        bench_die("no socket pair for the socket peer");
    }
    peer->pid = fork();
    if (peer->pid < 0) {
        bench_die("cannot fork the socket peer");
    }
    if (peer->pid == 0) {
        close(fds[0]);
        answer(fds[1]);
    }
    close(fds[1]);
    peer->fd = fds[0];
    return peer;
}

double socket_peer_round_trip(socket_peer *peer)
{
    char message[MESSAGE_BYTES] = {0};
    const uint64_t start_ns = bench_now_ns();
    if (!send_one(peer->fd, message) || !receive_one(peer->fd, message)) {
        bench_die("the socket peer has ended");
    }
    return (double)(bench_now_ns() - start_ns);
}

void socket_peer_stop(socket_peer *peer)
{
    close(peer->fd); /* ends it */
    waitpid(peer->pid, NULL, 0);
    free(peer);
}
