/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stress_server.c - a server and several clients that do everything at once: sessions
 * that come, load, submit, release in the wrong moment, raise and fault, look at each
 * other and cancel what others run, and go in the middle of it. The compiler and the
 * loader are those of tests/unit/server.
 *
 *   stress_server [SECONDS [SEED]]
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "os/os_memory.h"
#include "unit/server/server_fixture.h"

#define CLIENTS  3
#define ELEMENTS 4096

struct user {
    pthread_t thread;
    fixture *f;
    uint64_t random;
    uint64_t end_ns;
    uint64_t sessions;
    uint64_t batches;
};

static uint32_t random_below(struct user *user, uint32_t limit)
{
    user->random = user->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(user->random >> 33) % limit;
}

static void fail(const char *what, int32_t status)
{
    fprintf(stderr, "stress_server: %s: %s\n", what, lanes_status_name(status));
    abort();
}

static bool is_expected(lanes_status status)
{
    return status == LANES_OK || status == LANES_E_SPAN || status == LANES_E_STALE_ID ||
           status == LANES_E_COMPILE_CRASHED || status == LANES_E_KERNEL_RAISED ||
           status == LANES_E_KERNEL_FAULT || status == LANES_E_DEADLINE ||
           status == LANES_E_CANCELLED;
}

static void cancel_one(client *c, uint64_t tag)
{
    lanes_abi_cancel message = {.tag = tag};
    lanes_abi_cancel reply;
    const lanes_status status =
        client_request(c, LANES_ABI_BATCH_CANCEL, &message, sizeof(message), -1, &reply,
                       sizeof(reply), NULL);
    if (status < 0) {
        fail("cancel", status);
    }
}

/* Statistics, while everything changes; and the end of whatever another session runs. */
static void look_around(struct user *user, client *c)
{
    lanes_abi_header request;
    lanes_abi_stats stats;
    int fd = -1;
    lanes_status status = client_request(c, LANES_ABI_STATS, &request, sizeof(request),
                                         -1, &stats, sizeof(stats), &fd);
    if (status < 0 || stats.bytes < 1000) {
        fail("stats", status);
    }
    lanes_os_close(&fd);
    lanes_abi_session_cancel cancel = {
        .session = random_below(user, (uint32_t)user->sessions * CLIENTS + 1),
        .flags = random_below(user, 2),
    };
    lanes_abi_session_cancel reply;
    status = client_request(c, LANES_ABI_SESSION_CANCEL, &cancel, sizeof(cancel), -1,
                            &reply, sizeof(reply), NULL);
    /* It may have gone, or wait with many tags. */
    if (status != LANES_OK && status != LANES_E_STALE_ID && status != LANES_E_QUOTA) {
        fail("cancel of a session", status);
    }
}

static void submit_some(struct user *user, client *c, const lanes_abi_kernel *kernel,
                        segment *in, segment *out, bool must_end)
{
    const uint32_t count = 1 + random_below(user, must_end ? 4 : 40);
    for (uint32_t i = 0; i < count; i++) {
        batch b = batch_of(kernel, in, out, random_below(user, ELEMENTS));
        if (random_below(user, 4) == 0) {
            b.stride[0] = 0;
        }
        if (random_below(user, 10) == 0) {
            b.operand[random_below(user, 2)].offset =
                8u * random_below(user, ELEMENTS * 9 / 8);
        }
        if (must_end || random_below(user, 20) == 0) {
            b.entry.deadline_ns = lanes_clock_ns() + random_below(user, 30) * 1000000u;
        }
        client_submit(c, &b, i);
    }
    if (random_below(user, 4) == 0) {
        cancel_one(c, random_below(user, count));
    }
    if (random_below(user, 4) == 0) {
        look_around(user, c);
    }
    if (random_below(user, 8) == 0) {
        return; /* the session ends with them in flight */
    }
    for (uint32_t i = 0; i < count; i++) {
        const lanes_abi_completion done = client_wait(c);
        if (!is_expected(done.status)) {
            fail(c->text, done.status);
        }
        user->batches++;
    }
}

static void run_session(struct user *user)
{
    static const char *const commands[] = {
        "double",  "fail", "raise", "fault", "double crash:11",
#ifndef __SANITIZE_THREAD__ /* which keeps signals back until a callback returns */
        "endless",
#endif
    };
    client c;
    segment segments[2];
    client_open_ok(&c, user->f);
    for (int i = 0; i < 2; i++) {
        const lanes_status status = client_segment(&c, ELEMENTS * 8, &segments[i]);
        if (status < 0) {
            fail("segment", status);
        }
    }
    /* Callbacks raise below 0, and fault, or do not return, below -1. */
    segments[0].data[random_below(user, ELEMENTS)] = -(double)random_below(user, 3);
    const uint32_t rounds = 1 + random_below(user, 5);
    for (uint32_t i = 0; i < rounds; i++) {
        lanes_abi_kernel kernel;
        /* A dead compiler costs a second, so it dies rarely. */
        const char *command =
            random_below(user, 100) == 0
                ? "double die"
                : commands[random_below(user, LANES_ARRAY_COUNT(commands))];
        const lanes_status status = client_load(&c, command, &kernel);
        if (status == LANES_E_COMPILE_CRASHED) {
            continue; /* another client's "die" took the compiler with it */
        }
        if (status < 0) {
            fail(c.text, status);
        }
        submit_some(user, &c, &kernel, &segments[0], &segments[1],
                    strcmp(command, "endless") == 0);
        if (lanes_ring_client_in_flight(&c.ring) > 0) {
            break;
        }
        if (random_below(user, 2) == 0 && client_kernel_release(&c, kernel.id) < 0) {
            fail("release", LANES_E_STALE_ID);
        }
    }
    for (int i = 0; i < 2; i++) {
        lanes_os_unmap(segments[i].data, segments[i].bytes);
    }
    client_close(&c);
    user->sessions++;
}

static void *use(void *ctx)
{
    struct user *user = ctx;
    while (lanes_clock_ns() < user->end_ns) {
        run_session(user);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const uint64_t seconds = argc > 1 ? strtoull(argv[1], NULL, 10) : 4;
    const uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : lanes_clock_ns();
    printf("stress_server: seed %llu\n", (unsigned long long)seed);
    lanes_log_set_level(LANES_LOG_ERROR);
    static fixture f;
    static struct user users[CLIENTS];
    fixture_init(&f, 2);
    fixture_start(&f);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        users[i] = (struct user){.f = &f,
                                 .random = seed + i,
                                 .end_ns = lanes_clock_ns() + seconds * 1000000000u};
        if (pthread_create(&users[i].thread, NULL, use, &users[i]) != 0) {
            return 1;
        }
    }
    for (uint32_t i = 0; i < CLIENTS; i++) {
        pthread_join(users[i].thread, NULL);
        printf("stress_server: client %u: %llu sessions, %llu batches\n", i,
               (unsigned long long)users[i].sessions,
               (unsigned long long)users[i].batches);
    }
    fixture_stop(&f);
    return 0;
}
