/* SPDX-License-Identifier: Apache-2.0 */
/*
 * futex_peer.c - ping-pong over two words of shared memory.
 */
#include "futex_peer.h"

#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "binding.h"

#include "harness.h"

/* With which lanesd begins (base/spin.h). */
#define SPIN_NS 50000u

/* Each word has one writer and its own cache line. */
struct shared_page {
    _Alignas(64) uint32_t ping;         /* asker writes, peer sleeps on it */
    _Alignas(64) uint32_t pong;         /* peer writes, asker waits for it */
    _Alignas(64) uint32_t asker_sleeps; /* asker writes before it asks */
    _Alignas(64) uint32_t spins;        /* asker writes: the peer shall spin */
};

struct futex_peer {
    struct shared_page *page;
    pid_t pid;
};

static void sleep_while(uint32_t *word, uint32_t value)
{
    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value) {
        syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
    }
}

/* As the executor does: the caller sees what it waits for, or that it has to sleep. */
static void spin_while(const uint32_t *word, uint32_t value)
{
    const uint64_t end_ns = bench_now_ns() + SPIN_NS;
    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value && bench_now_ns() < end_ns) {
        __builtin_ia32_pause();
    }
}

static void set_and_wake(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

_Noreturn static void answer(struct shared_page *page)
{
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    sched_getaffinity(0, sizeof(allowed), &allowed);
    bench_bind(&allowed, true);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (uint32_t turn = 0;; turn++) {
        if (__atomic_load_n(&page->spins, __ATOMIC_RELAXED) != 0) {
            spin_while(&page->ping, turn);
        }
        sleep_while(&page->ping, turn);
        if (__atomic_load_n(&page->asker_sleeps, __ATOMIC_RELAXED) != 0) {
            set_and_wake(&page->pong, turn + 1);
        } else {
            __atomic_store_n(&page->pong, turn + 1, __ATOMIC_SEQ_CST);
        }
    }
}

futex_peer *futex_peer_start(void)
{
    futex_peer *peer = calloc(1, sizeof(*peer));
    void *page = mmap(NULL, sizeof(*peer->page), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (peer == NULL || page == MAP_FAILED) {
        bench_die("no memory for the futex peer");
    }
    peer->page = page;
    peer->pid = fork();
    if (peer->pid < 0) {
        bench_die("cannot fork the futex peer");
    }
    if (peer->pid == 0) {
        answer(peer->page);
    }
    return peer;
}

static double round_trip(futex_peer *peer, bool asker_sleeps)
{
    struct shared_page *page = peer->page;
    const uint32_t turn = page->pong;
    __atomic_store_n(&page->asker_sleeps, asker_sleeps, __ATOMIC_RELAXED);
    const uint64_t start_ns = bench_now_ns();
    set_and_wake(&page->ping, turn + 1);
    if (asker_sleeps) {
        sleep_while(&page->pong, turn);
    } else {
        while (__atomic_load_n(&page->pong, __ATOMIC_ACQUIRE) == turn) {
        }
    }
    return (double)(bench_now_ns() - start_ns);
}

double futex_peer_wake_once(futex_peer *peer)
{
    return round_trip(peer, false);
}

double futex_peer_wake_twice(futex_peer *peer)
{
    return round_trip(peer, true);
}

double futex_peer_awake(futex_peer *peer)
{
    struct shared_page *page = peer->page;
    __atomic_store_n(&page->spins, 1, __ATOMIC_RELAXED);
    round_trip(peer, false); /* wakes it */
    const uint32_t turn = page->pong;
    const uint64_t start_ns = bench_now_ns();
    __atomic_store_n(&page->ping, turn + 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&page->pong, __ATOMIC_ACQUIRE) == turn) {
        if (bench_now_ns() - start_ns > SPIN_NS) {
            set_and_wake(&page->ping, turn + 1); /* it was kept from spinning */
        }
    }
    const double taken_ns = (double)(bench_now_ns() - start_ns);
    __atomic_store_n(&page->spins, 0, __ATOMIC_RELAXED);
    return taken_ns;
}

void futex_peer_stop(futex_peer *peer)
{
    kill(peer->pid, SIGKILL);
    waitpid(peer->pid, NULL, 0);
    munmap(peer->page, sizeof(*peer->page));
    free(peer);
}
