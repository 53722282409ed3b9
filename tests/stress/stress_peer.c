/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stress_peer.c - clients that write anything into their half of the rings, at full
 * speed, while the executor reads it.
 *
 * One writes all over U, indices included. The executor ends its session as soon as an
 * index is impossible, so it opens the next one at once. The other leaves the indices
 * alone and has a thread that overwrites entries and arguments between submission and
 * decoding, so that the executor goes on and on decoding what may be anything. Most of
 * what they write is nearly right, to get past the first checks. Two honest sessions must
 * get right results, soon, in memory that nobody else writes; the executor, which is this
 * process, must survive with its whole team.
 *
 *   stress_peer [SECONDS [SEED [MILLISECONDS]]]
 *
 * MILLISECONDS is the longest that an honest batch may take: 1000 is the promise, on a
 * machine that has nothing else to do. CTest runs 4 seconds, and is patient.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "os/os_memory.h"
#include "os/os_wait.h"
#include "stress_honest.h"

#define SECONDS_DEFAULT 4
#define PATIENCE_MS     10000
#define ELEMENTS        4096
#define THREADS         2
#define BURST           32u

#define U_WORDS    (LANES_ABI_U_BYTES / sizeof(uint64_t))
#define FIRST_WORD (LANES_ABI_U_ENTRIES / sizeof(uint64_t))

#define ENTRY_WORDS (sizeof(lanes_abi_entry) / sizeof(uint64_t))
#define COUNTS_WORD (offsetof(lanes_abi_entry, argument_words) / sizeof(uint64_t))

/* A ThreadSanitizer build would report each of the races that are the point. */
#define EXIT_SKIPPED 77
#define LATE_NS      20000000000u

struct peer {
    fixture *f;
    pthread_t thread;
    uint64_t random;
    uint64_t end_ns;
    client c;
    segment segments[2];
    lanes_abi_kernel kernel;
    uint64_t sessions;
    uint64_t corrupt; /* sessions that the executor has ended */
    uint64_t done;
    uint64_t ok;
    uint64_t stuck;       /* sessions that were left because of a batch that took long */
    uint32_t seen[0x100]; /* how often each usage status came */
    /* The scribbler's. */
    pthread_t scribbler;
    uint64_t scribbles;
    uint32_t stop; /* atomic */
};

static uint64_t *words_of(const struct peer *peer)
{
    return peer->c.rings.u;
}

/* Mostly what could be meant, sometimes anything. */
static uint64_t any_word(uint64_t *random)
{
    const uint64_t high = random_below(random, UINT32_MAX);
    const uint64_t low = random_below(random, UINT32_MAX);
    switch (random_below(random, 8)) {
    case 0:
        return high << 32 | low;
    case 1:
        return UINT64_MAX - low % 4;
    case 2:
        return 1ull << (low % 64);
    case 3:
        return high % 4 << 32 | low % 4;
    default:
        return low % 20;
    }
}

/* The same for what may become the place of an array. The fixture's loops are C, in which
 * UndefinedBehaviorSanitizer lets no array begin anywhere. */
static uint64_t any_argument(uint64_t *random)
{
#ifdef __SANITIZE_ADDRESS__
    return any_word(random) & ~UINT64_C(7);
#else
    return any_word(random);
#endif
}

static void open_session(struct peer *peer)
{
    client_open_ok(&peer->c, peer->f);
    require(client_load(&peer->c, "double", &peer->kernel) == LANES_OK, "peer: load",
            peer->c.text);
    for (int i = 0; i < 2; i++) {
        require(client_segment(&peer->c, ELEMENTS * 8, &peer->segments[i]) == LANES_OK,
                "peer: segment", peer->c.text);
    }
    peer->sessions++;
}

static void close_session(struct peer *peer)
{
    for (int i = 0; i < 2; i++) {
        lanes_os_unmap(peer->segments[i].data, peer->segments[i].bytes);
    }
    client_close(&peer->c);
}

static batch good_batch(struct peer *peer)
{
    return batch_of(&peer->kernel, &peer->segments[0], &peer->segments[1],
                    1 + random_below(&peer->random, ELEMENTS));
}

/* ---- All of U -----------------------------------------------------------------------
 */

/* Entries that can be run, so that an index alone makes batches. */
static void fill_entries(struct peer *peer)
{
    for (uint64_t i = 0; i < LANES_ABI_ENTRIES / 2; i++) {
        const batch b = good_batch(peer);
        client_submit(&peer->c, &b, i);
    }
    for (uint64_t i = 0; i < LANES_ABI_ENTRIES / 2; i++) {
        const lanes_abi_completion done = client_wait(&peer->c);
        require(done.status == LANES_OK, "peer: a batch", peer->c.text);
    }
}

static void lie_about_indices(struct peer *peer)
{
    lanes_abi_client_page *page = peer->c.rings.u;
    const lanes_abi_executor_page *truth = peer->c.rings.k;
    const uint32_t some = random_below(&peer->random, 8);
    const bool is_wild = random_below(&peer->random, 200) == 0;
    const uint32_t any = is_wild ? (uint32_t)any_word(&peer->random) : some;
    lanes_store_relaxed_u32(&page->complete_head,
                            lanes_load_relaxed_u32(&truth->complete_tail) -
                                (random_below(&peer->random, 1000) == 0 ? any : 0));
    lanes_store_relaxed_u32(&page->submit_tail,
                            lanes_load_relaxed_u32(&truth->submit_head) + any);
    lanes_store_relaxed_u32(&page->client_waiting, (uint32_t)any_word(&peer->random));
}

static void *write_everywhere(void *ctx)
{
    struct peer *peer = ctx;
    while (lanes_clock_ns() < peer->end_ns) {
        open_session(peer);
        fill_entries(peer);
        const uint64_t until_ns = lanes_clock_ns() + 100000000u;
        const lanes_abi_executor_page *truth = peer->c.rings.k;
        while (lanes_load_acquire_u32(&truth->closed) == 0 &&
               lanes_clock_ns() < until_ns) {
            for (int i = 0; i < 64; i++) {
                lie_about_indices(peer);
                lanes_store_relaxed_u64(
                    &words_of(peer)[random_below(&peer->random, U_WORDS)],
                    any_argument(&peer->random));
            }
            lanes_os_event_signal(peer->c.doorbell);
        }
        peer->corrupt += lanes_load_acquire_u32(&truth->closed) != 0;
        peer->done += lanes_load_relaxed_u32(&truth->complete_tail);
        close_session(peer);
    }
    return NULL;
}

/* ---- Entries and arguments ----------------------------------------------------------
 */

/* Where the executor is about to read; beyond argument_words, which may be any that
 * exist: more would end the session. */
static void scribble_once(uint64_t *words, uint32_t slot, uint64_t *random)
{
    const size_t arguments = LANES_ABI_U_ARGUMENTS / sizeof(uint64_t);
    const uint32_t word = random_below(random, ENTRY_WORDS);
    if (random_below(random, 3) != 0) {
        lanes_store_relaxed_u64(
            &words[arguments + (size_t)slot * LANES_ABI_ARGUMENT_WORDS + word],
            any_argument(random));
    } else if (word == COUNTS_WORD) {
        lanes_store_relaxed_u64(&words[FIRST_WORD + slot * ENTRY_WORDS + word],
                                (uint64_t)random_below(random, 10) << 32 |
                                    random_below(random, 20));
    } else {
        lanes_store_relaxed_u64(&words[FIRST_WORD + slot * ENTRY_WORDS + word],
                                any_word(random));
    }
}

static void *scribble(void *ctx)
{
    struct peer *peer = ctx;
    uint64_t random = peer->random ^ 0x5bd1e995;
    const lanes_abi_executor_page *truth = peer->c.rings.k;
    while (lanes_load_relaxed_u32(&peer->stop) == 0) {
        const uint32_t head = lanes_load_relaxed_u32(&truth->submit_head);
        for (int i = 0; i < 16; i++) {
            const uint32_t slot = (head + random_below(&random, 8)) % LANES_ABI_ENTRIES;
            scribble_once(words_of(peer), slot, &random);
        }
        peer->scribbles += 16;
    }
    return NULL;
}

static void note(struct peer *peer, const lanes_abi_completion *done)
{
    const uint32_t code = (uint32_t)-done->status;
    peer->done++;
    peer->ok += done->status == LANES_OK;
    if (code >> 8 == 0x10) {
        peer->seen[code & 0xff]++;
    }
}

/* False: the session is over, or a batch takes too long. */
static bool run_burst(struct peer *peer)
{
    for (uint64_t i = 0; i < BURST; i++) {
        const batch b = good_batch(peer);
        client_submit(&peer->c, &b, i);
    }
    const lanes_abi_executor_page *truth = peer->c.rings.k;
    for (uint64_t i = 0; i < BURST; i++) {
        for (int wait = 0; !client_has_completion(&peer->c, 20000000u); wait++) {
            const bool is_closed = lanes_load_acquire_u32(&truth->closed) != 0;
            if (is_closed || wait == 50) {
                peer->corrupt += is_closed;
                peer->stuck += !is_closed;
                return false;
            }
        }
        const lanes_abi_completion done = client_wait(&peer->c);
        note(peer, &done);
    }
    return true;
}

/* An entry was read as it was meant, and one as it was not. */
static bool has_met_both(const struct peer *peer)
{
    return peer->ok > 0 && peer->seen[-LANES_E_STALE_ID & 0xff] > 0;
}

/* On a busy machine, until there is something to say. */
static bool goes_on(const struct peer *peer)
{
    const uint64_t now_ns = lanes_clock_ns();
    return now_ns < peer->end_ns ||
           (!has_met_both(peer) && now_ns < peer->end_ns + LATE_NS);
}

static void *write_entries(void *ctx)
{
    struct peer *peer = ctx;
    while (goes_on(peer)) {
        open_session(peer);
        lanes_store_relaxed_u32(&peer->stop, 0);
        require(pthread_create(&peer->scribbler, NULL, scribble, peer) == 0, "peer",
                "no thread");
        while (goes_on(peer) && run_burst(peer)) {
        }
        lanes_store_relaxed_u32(&peer->stop, 1);
        pthread_join(peer->scribbler, NULL);
        close_session(peer);
    }
    return NULL;
}

/* ---- All together -------------------------------------------------------------------
 */

static void report(const char *name, const struct peer *peer)
{
    printf("stress_peer: %s: %llu sessions, %llu ended as corrupt, %llu left; %llu "
           "completions, %llu ok, %llu words overwritten;",
           name, (unsigned long long)peer->sessions, (unsigned long long)peer->corrupt,
           (unsigned long long)peer->stuck, (unsigned long long)peer->done,
           (unsigned long long)peer->ok, (unsigned long long)peer->scribbles);
    for (uint32_t i = 0; i < LANES_ARRAY_COUNT(peer->seen); i++) {
        if (peer->seen[i] != 0) {
            printf(" %s %u", lanes_status_name(-(int32_t)(0x1000 + i)), peer->seen[i]);
        }
    }
    printf("\n");
}

int main(int argc, char **argv)
{
#ifdef __SANITIZE_THREAD__
    return EXIT_SKIPPED;
#endif
    const uint64_t seconds = number_of(argc, argv, 1, SECONDS_DEFAULT);
    const uint64_t seed = number_of(argc, argv, 2, lanes_clock_ns());
    const uint64_t limit_ms = number_of(argc, argv, 3, PATIENCE_MS);
    printf("stress_peer: seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
    lanes_log_set_level(LANES_LOG_ERROR);
    static fixture f;
    static honest others[2];
    static struct peer peers[2];
    fixture_init(&f, THREADS);
    fixture_start(&f);
    for (int i = 0; i < 2; i++) {
        honest_start(&others[i], &f, seed + 10 + (uint64_t)i);
        peers[i] = (struct peer){.f = &f,
                                 .random = seed + (uint64_t)i,
                                 .end_ns = lanes_clock_ns() + seconds * 1000000000u};
        require(pthread_create(&peers[i].thread, NULL,
                               i == 0 ? write_everywhere : write_entries, &peers[i]) == 0,
                "peer", "no thread");
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(peers[i].thread, NULL);
    }
    for (int i = 0; i < 2; i++) {
        honest_stop(&others[i], "stress_peer: honest");
        require(others[i].longest_ns / 1000000 <= limit_ms, "stress_peer",
                "an honest batch took too long");
    }
    honest_expect_team(&f, THREADS);
    fixture_stop(&f);
    report("everywhere", &peers[0]);
    report("entries", &peers[1]);
    require(peers[0].corrupt > 0, "stress_peer", "no lie was found");
    require(has_met_both(&peers[1]), "stress_peer", "entries were not overwritten");
    return 0;
}
