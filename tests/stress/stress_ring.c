/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stress_ring.c - a client and an executor thread exchange a million batches.
 *
 * Every byte of every entry, argument, completion and detail is a function of the batch's
 * number and is checked by the receiver. Both sides sleep for real: the executor on the
 * doorbell eventfd, the client on the futex or, every other phase, on its eventfd. A
 * sleep that ends by its time limit although something was there is a lost wake-up and
 * fails. The executor holds batches back and completes them in another order. The rings
 * are plain memory of one process, so that ThreadSanitizer sees both sides' accesses.
 *
 * Not tested here: peers that lie (tests/unit/ring/test_ring_hostile.c).
 *
 * Usage: stress_ring [SEED [BATCHES]]
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/os_wait.h"
#include "ring/ring.h"

#define BATCHES_DEFAULT 1000000u
#define PHASE_BATCHES   4096u          /* the client changes how it waits this often */
#define LOST_WAKE_NS    10000000000ull /* longer than any scheduling delay */

static _Alignas(LANES_ABI_PAGE_BYTES) char memory_u[LANES_ABI_U_BYTES];
static _Alignas(LANES_ABI_PAGE_BYTES) char memory_k[LANES_ABI_K_BYTES];

typedef struct shared {
    uint64_t seed;
    uint64_t batches;
    int doorbell;
    int event;
    uint64_t executor_sleeps; /* read after the join */
} shared;

#define CHECK(condition) ((condition) ? (void)0 : fail(#condition, __LINE__))

static _Noreturn void fail(const char *condition, int line)
{
    fprintf(stderr, "stress_ring: %s is false at line %d\n", condition, line);
    abort();
}

/** splitmix64: a well mixed function of its argument. */
static uint64_t mix(uint64_t value)
{
    value += 0x9e3779b97f4a7c15u;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

static uint64_t next(uint64_t *state)
{
    *state += 1;
    return mix(*state);
}

/** Mostly short, sometimes the whole slot. */
static uint32_t words_of(uint64_t tag)
{
    const uint64_t random = mix(tag ^ 1);
    return random % 64 == 0 ? LANES_ABI_ARGUMENT_WORDS : (uint32_t)(random >> 8) % 40;
}

static void make_entry(uint64_t tag, lanes_abi_entry *entry)
{
    uint64_t words[sizeof(*entry) / sizeof(uint64_t)];
    for (size_t i = 0; i < LANES_ARRAY_COUNT(words); i++) {
        words[i] = mix(tag + i * 0x10001);
    }
    memcpy(entry, words, sizeof(*entry));
    entry->tag = tag;
    entry->argument_words = words_of(tag);
}

/** Of some batches no element failed: their detail holds nothing. */
static uint64_t failed_of(uint64_t tag)
{
    return tag % 5 == 0 ? mix(tag) | 1 : 0;
}

static void make_completion(uint64_t tag, lanes_abi_completion *completion)
{
    uint64_t words[sizeof(*completion) / sizeof(uint64_t)];
    for (size_t i = 0; i < LANES_ARRAY_COUNT(words); i++) {
        words[i] = mix(~tag + i * 0x20003);
    }
    memcpy(completion, words, sizeof(*completion));
    completion->tag = tag;
    completion->status = tag % 7 == 0 ? LANES_E_KERNEL_RAISED : LANES_OK;
    completion->failed = failed_of(tag);
}

static void make_raised(uint64_t tag, lanes_abi_raised *raised)
{
    uint64_t words[sizeof(*raised) / sizeof(uint64_t)];
    for (size_t i = 0; i < LANES_ARRAY_COUNT(words); i++) {
        words[i] = mix(tag * 3 + i * 0x30007);
    }
    memcpy(raised, words, sizeof(*raised));
}

static void make_text(uint64_t tag, char text[64])
{
    snprintf(text, 64, "batch %llu failed as it should", (unsigned long long)tag);
}

/* ---- Executor ------------------------------------------------------------------------
 */

typedef struct executor {
    lanes_ring_executor ring;
    const shared *session;
    uint64_t random;
    uint64_t taken;
    uint64_t posted;
    uint64_t sleeps;
    uint32_t held_count;
    uint64_t held[LANES_ABI_ENTRIES]; /* tags taken and not yet completed */
} executor;

/** Take one entry and compare it with what the client must have written. */
static bool take_one(executor *self)
{
    lanes_abi_entry entry;
    lanes_abi_entry expected;
    uint64_t arguments[LANES_ABI_ARGUMENT_WORDS];
    const lanes_status taken = lanes_ring_executor_take(&self->ring, &entry, arguments);
    CHECK(taken >= 0);
    if (taken == 0) {
        return false;
    }
    make_entry(self->taken, &expected);
    CHECK(memcmp(&entry, &expected, sizeof(entry)) == 0);
    for (uint32_t i = 0; i < entry.argument_words; i++) {
        CHECK(arguments[i] == mix(self->taken * 1000 + i));
    }
    self->held[self->held_count++] = self->taken++;
    return true;
}

/** Complete @p count held batches, picked at random, with one wake-up for all. */
static void complete_some(executor *self, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t pick = (uint32_t)(next(&self->random) % self->held_count);
        const uint64_t tag = self->held[pick];
        self->held[pick] = self->held[--self->held_count];
        lanes_abi_completion completion;
        lanes_abi_raised raised;
        char text[64];
        make_completion(tag, &completion);
        make_raised(tag, &raised);
        make_text(tag, text);
        lanes_ring_executor_post(&self->ring, &completion, text,
                                 completion.failed > 0 ? &raised : NULL);
        self->posted++;
    }
    const uint32_t wake = lanes_ring_executor_publish(&self->ring);
    if ((wake & LANES_ABI_WAIT_FUTEX) != 0) {
        lanes_os_futex_wake(lanes_ring_executor_futex(&self->ring), 1);
    }
    if ((wake & LANES_ABI_WAIT_EVENT) != 0) {
        lanes_os_event_signal(self->session->event);
    }
}

static void executor_sleep(executor *self)
{
    if (lanes_ring_executor_sleep(&self->ring)) {
        self->sleeps++;
        const lanes_status found =
            lanes_os_poll(self->session->doorbell, LANES_OS_READABLE, LOST_WAKE_NS);
        CHECK(found > 0 || !lanes_ring_executor_has_entries(&self->ring));
        LANES_IGNORE(lanes_os_event_drain(self->session->doorbell),
                     "take() looks anyway");
    }
    lanes_ring_executor_wake(&self->ring);
}

static void *run_executor(void *ctx)
{
    shared *session = ctx;
    static executor self;
    self = (executor){.session = session, .random = session->seed ^ 0xe};
    lanes_ring_executor_init(&self.ring, memory_u, memory_k);
    while (self.posted < session->batches) {
        uint32_t idle = 0;
        while (idle < 50 && self.held_count < LANES_ABI_ENTRIES) {
            idle = take_one(&self) ? 0 : idle + 1;
            if (next(&self.random) % 16 == 0) {
                break;
            }
        }
        if (self.held_count > 0) {
            complete_some(&self, 1 + (uint32_t)(next(&self.random) % self.held_count));
        } else if (self.taken < session->batches && next(&self.random) % 4 == 0) {
            executor_sleep(&self);
        }
    }
    session->executor_sleeps = self.sleeps;
    return NULL;
}

/* ---- Client --------------------------------------------------------------------------
 */

typedef struct client {
    lanes_ring_client ring;
    const shared *session;
    uint64_t random;
    uint64_t submitted;
    uint64_t consumed;
    uint64_t sleeps;
    unsigned char *seen; /* per batch: 1 once its completion came */
} client;

static bool submit_one(client *self)
{
    lanes_ring_slot slot;
    const lanes_status status = lanes_ring_client_reserve(&self->ring, &slot);
    CHECK(status == LANES_OK || status == LANES_E_RING_FULL);
    if (status != LANES_OK) {
        return false;
    }
    const uint64_t tag = self->submitted++;
    make_entry(tag, slot.entry);
    for (uint32_t i = 0; i < words_of(tag); i++) {
        slot.arguments[i] = mix(tag * 1000 + i);
    }
    if (lanes_ring_client_commit(&self->ring)) {
        lanes_os_event_signal(self->session->doorbell);
    }
    return true;
}

static bool consume_one(client *self)
{
    const lanes_abi_completion *completion = NULL;
    const lanes_abi_detail *detail = NULL;
    const lanes_status found = lanes_ring_client_peek(&self->ring, &completion, &detail);
    CHECK(found >= 0);
    if (found == 0) {
        return false;
    }
    const uint64_t tag = completion->tag;
    CHECK(tag < self->submitted && self->seen[tag] == 0);
    self->seen[tag] = 1;
    lanes_abi_completion expected;
    make_completion(tag, &expected);
    CHECK(memcmp(completion, &expected, sizeof(expected)) == 0);
    if (completion->status < 0) {
        char expected_text[64];
        make_text(tag, expected_text);
        CHECK(strcmp(detail->text, expected_text) == 0);
    }
    if (completion->failed > 0) {
        lanes_abi_raised expected_raised;
        make_raised(tag, &expected_raised);
        CHECK(memcmp(&detail->raised, &expected_raised, sizeof(expected_raised)) == 0);
    }
    lanes_ring_client_advance(&self->ring);
    self->consumed++;
    return true;
}

static bool has_completion(const client *self)
{
    const lanes_abi_completion *completion = NULL;
    const lanes_abi_detail *detail = NULL;
    return lanes_ring_client_peek(&self->ring, &completion, &detail) != 0;
}

static void client_sleep(client *self, bool by_event)
{
    self->sleeps++;
    if (by_event) {
        /* The eventfd is drained before the last look, as an event loop does. */
        LANES_IGNORE(lanes_os_event_drain(self->session->event), "the look counts");
        if (!has_completion(self)) {
            const lanes_status found =
                lanes_os_poll(self->session->event, LANES_OS_READABLE, LOST_WAKE_NS);
            CHECK(found > 0 || !has_completion(self));
        }
        return;
    }
    uint32_t expected = 0;
    if (lanes_ring_client_wait_begin(&self->ring, &expected)) {
        const lanes_status woken = lanes_os_futex_wait(
            lanes_ring_client_futex(&self->ring), expected, LOST_WAKE_NS);
        CHECK(woken == LANES_OK || !has_completion(self));
    }
    lanes_ring_client_wait_end(&self->ring);
}

static void run_client(client *self)
{
    const uint64_t batches = self->session->batches;
    while (self->consumed < batches) {
        const bool by_event = (self->consumed / PHASE_BATCHES) % 2 == 1;
        if (by_event) {
            lanes_ring_client_enable_event(&self->ring);
        }
        uint64_t burst = 1 + next(&self->random) % 64;
        while (burst > 0 && self->submitted < batches && submit_one(self)) {
            burst--;
        }
        uint32_t idle = 0;
        while (idle < 50 && self->consumed < self->submitted) {
            idle = consume_one(self) ? 0 : idle + 1;
            if (next(&self->random) % 32 == 0) {
                break;
            }
        }
        if (self->consumed < self->submitted && next(&self->random) % 4 == 0) {
            client_sleep(self, by_event);
        }
    }
}

int main(int argc, char **argv)
{
    shared session = {
        .seed = argc > 1 ? strtoull(argv[1], NULL, 10) : lanes_clock_ns(),
        .batches = argc > 2 ? strtoull(argv[2], NULL, 10) : BATCHES_DEFAULT,
    };
    printf("stress_ring: seed %llu, %llu batches\n", (unsigned long long)session.seed,
           (unsigned long long)session.batches);
    fflush(stdout);
    CHECK(lanes_os_event_create(&session.doorbell, NULL) == LANES_OK);
    CHECK(lanes_os_event_create(&session.event, NULL) == LANES_OK);
    /* The executor writes K's constants before the client may look. */
    lanes_ring_executor once;
    lanes_ring_executor_init(&once, memory_u, memory_k);
    client self = {.session = &session, .random = session.seed ^ 0xc};
    CHECK(lanes_ring_client_init(&self.ring, memory_u, memory_k) == LANES_OK);
    self.seen = calloc(session.batches, 1);
    CHECK(self.seen != NULL);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, run_executor, &session) == 0);
    run_client(&self);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(lanes_ring_client_in_flight(&self.ring) == 0);
    printf("stress_ring: ok; client slept %llu times, executor %llu times\n",
           (unsigned long long)self.sleeps, (unsigned long long)session.executor_sleeps);
    free(self.seen);
    return EXIT_SUCCESS;
}
