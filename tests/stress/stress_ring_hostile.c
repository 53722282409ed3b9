/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stress_ring_hostile.c - a thread writes random words over all of U at full speed while
 * the executor works on it.
 *
 * Whatever it reads, the executor either gets an entry whose argument count fits its
 * slot, or nothing, or LANES_E_RING_CORRUPT, upon which the session is ended and a new
 * one begun; and it never has more completions outstanding than slots. AddressSanitizer
 * sees every access outside U and K. Not for ThreadSanitizer: the races are the point.
 *
 * Usage: stress_ring_hostile [SEED [TAKES]]; ends after so many entries were taken.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "ring/ring.h"

#define TAKES_DEFAULT 50000u
#define EXIT_SKIPPED  77

static _Alignas(LANES_ABI_PAGE_BYTES) char memory_u[LANES_ABI_U_BYTES];
static _Alignas(LANES_ABI_PAGE_BYTES) char memory_k[LANES_ABI_K_BYTES];

typedef struct scribbler {
    uint64_t random;
    uint32_t stop;
} scribbler;

/** xorshift64 */
static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/** Mostly values near the true indices, which get past the first checks; some anything.
 */
static void *scribble(void *ctx)
{
    scribbler *self = ctx;
    lanes_abi_client_page *page = (lanes_abi_client_page *)(void *)memory_u;
    const lanes_abi_executor_page *truth =
        (const lanes_abi_executor_page *)(void *)memory_k;
    uint64_t *words = (uint64_t *)(void *)memory_u;
    while (lanes_load_relaxed_u32(&self->stop) == 0) {
        const uint64_t random = next(&self->random);
        const uint32_t near = (uint32_t)(random >> 32) % 8;
        const uint32_t any = random % 64 == 0 ? (uint32_t)(random >> 20) : near;
        lanes_store_relaxed_u32(&page->submit_tail,
                                lanes_load_relaxed_u32(&truth->submit_head) + any);
        lanes_store_relaxed_u32(&page->complete_head,
                                lanes_load_relaxed_u32(&truth->complete_tail) -
                                    (random % 1024 == 0 ? any : 0));
        const size_t first = LANES_ABI_U_ENTRIES / sizeof(uint64_t);
        const size_t count = LANES_ABI_U_BYTES / sizeof(uint64_t) - first;
        lanes_store_relaxed_u64(&words[first + (random >> 8) % count], random % 300);
        const size_t entry = (random >> 40) % LANES_ABI_ENTRIES;
        /* Word 4 of an entry: argument_words and dimensions. */
        lanes_store_relaxed_u64(&words[first + entry * 16 + 4], random % 300);
    }
    return NULL;
}

static void check(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "stress_ring_hostile: %s\n", what);
        abort();
    }
}

int main(int argc, char **argv)
{
#ifdef __SANITIZE_THREAD__
    return EXIT_SKIPPED;
#endif
    const uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : lanes_clock_ns();
    const uint64_t takes = argc > 2 ? strtoull(argv[2], NULL, 10) : TAKES_DEFAULT;
    printf("stress_ring_hostile: seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
    scribbler self = {.random = seed | 1};
    lanes_ring_executor ring;
    lanes_ring_executor_init(&ring, memory_u, memory_k);
    pthread_t thread;
    check(pthread_create(&thread, NULL, scribble, &self) == 0, "no thread");
    uint64_t counts[3] = {0, 0, 0}; /* nothing, taken, corrupt */
    while (counts[1] < takes || counts[2] == 0) {
        lanes_abi_entry entry;
        uint64_t arguments[LANES_ABI_ARGUMENT_WORDS];
        const lanes_status status = lanes_ring_executor_take(&ring, &entry, arguments);
        if (status == 1) {
            check(entry.argument_words <= LANES_ABI_ARGUMENT_WORDS, "too many words");
            const lanes_abi_completion done = {.tag = entry.tag,
                                               .status = LANES_E_INVALID};
            lanes_ring_executor_post(&ring, &done, "hostile", NULL);
            LANES_IGNORE(lanes_ring_executor_publish(&ring) != 0, "nobody sleeps");
        } else if (status != 0) {
            check(status == LANES_E_RING_CORRUPT, "another status");
            memset(memory_k, 0, sizeof(memory_k));
            lanes_ring_executor_init(&ring, memory_u, memory_k);
        }
        LANES_IGNORE(lanes_ring_executor_sleep(&ring), "only that it ends counts");
        lanes_ring_executor_wake(&ring);
        counts[status < 0 ? 2 : status]++;
    }
    lanes_store_relaxed_u32(&self.stop, 1);
    check(pthread_join(thread, NULL) == 0, "no join");
    printf("stress_ring_hostile: ok; %llu nothing, %llu taken, %llu corrupt\n",
           (unsigned long long)counts[0], (unsigned long long)counts[1],
           (unsigned long long)counts[2]);
    return EXIT_SUCCESS;
}
