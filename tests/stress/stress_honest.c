/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stress_honest.c - sessions that do nothing wrong.
 */
#include "stress_honest.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/atomic.h"
#include "os/os_memory.h"

#define ELEMENTS            4096
#define UNTOUCHED           0.125 /* no result: those are whole numbers */
#define BATCHES_PER_SESSION 200

uint32_t random_below(uint64_t *state, uint32_t limit)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % limit;
}

void require(bool condition, const char *what, const char *detail)
{
    if (!condition) {
        fprintf(stderr, "%s: %s\n", what, detail);
        abort();
    }
}

uint64_t number_of(int argc, char **argv, int index, uint64_t otherwise)
{
    return argc > index ? strtoull(argv[index], NULL, 10) : otherwise;
}

struct session {
    client c;
    segment in;
    segment out;
    lanes_abi_kernel kernel;
};

static void open_session(struct session *s, fixture *f, const char *command)
{
    client_open_ok(&s->c, f);
    require(client_segment(&s->c, ELEMENTS * 8, &s->in) == LANES_OK &&
                client_segment(&s->c, ELEMENTS * 8, &s->out) == LANES_OK,
            "honest: segment", s->c.text);
    require(client_load(&s->c, command, &s->kernel) == LANES_OK, "honest: load",
            s->c.text);
}

static void close_session(struct session *s)
{
    lanes_os_unmap(s->in.data, s->in.bytes);
    lanes_os_unmap(s->out.data, s->out.bytes);
    client_close(&s->c);
}

static void run_one(honest *h, struct session *s)
{
    const uint32_t count = 1 + random_below(&h->random, ELEMENTS);
    const uint32_t base = random_below(&h->random, 1u << 30);
    for (uint32_t i = 0; i < ELEMENTS; i++) {
        s->in.data[i] = base + i;
        s->out.data[i] = UNTOUCHED;
    }
    const batch b = batch_of(&s->kernel, &s->in, &s->out, count);
    const uint64_t start_ns = lanes_clock_ns();
    const lanes_abi_completion done = client_run(&s->c, &b);
    const uint64_t taken_ns = lanes_clock_ns() - start_ns;
    h->longest_ns = taken_ns > h->longest_ns ? taken_ns : h->longest_ns;
    require(done.status == LANES_OK, "honest: a batch failed", s->c.text);
    for (uint32_t i = 0; i < ELEMENTS; i++) {
        const double expected = i < count ? 2.0 * (base + (double)i) : UNTOUCHED;
        require(s->out.data[i] == expected, "honest: a result is wrong", "out");
        require(s->in.data[i] == base + (double)i, "honest: an input was changed", "in");
    }
    h->batches++;
}

static void *work(void *ctx)
{
    honest *h = ctx;
    struct session s;
    while (lanes_load_relaxed_u32(&h->stop) == 0) {
        open_session(&s, h->f, "double");
        for (int i = 0; i < BATCHES_PER_SESSION; i++) {
            if (lanes_load_relaxed_u32(&h->stop) != 0) {
                break;
            }
            run_one(h, &s);
        }
        close_session(&s);
    }
    return NULL;
}

void honest_start(honest *h, fixture *f, uint64_t seed)
{
    *h = (honest){.f = f, .random = seed};
    require(pthread_create(&h->thread, NULL, work, h) == 0, "honest", "no thread");
}

void honest_stop(honest *h, const char *name)
{
    lanes_store_relaxed_u32(&h->stop, 1);
    require(pthread_join(h->thread, NULL) == 0, name, "no join");
    require(h->batches > 0, name, "no batch was run");
    printf("%s: %llu batches, the longest took %.1f ms\n", name,
           (unsigned long long)h->batches, (double)h->longest_ns / 1e6);
}

void honest_expect_team(fixture *f, uint32_t threads)
{
#ifdef __SANITIZE_THREAD__
    threads = 1; /* whose team has one */
#endif
    struct session s;
    open_session(&s, f, "slow");
    const batch b = batch_of(&s.kernel, &s.in, &s.out, ELEMENTS);
    uint32_t most = 0;
    for (int i = 0; i < 5000 && most < threads; i++) { /* one can be late for a batch */
        const lanes_abi_completion done = client_run(&s.c, &b);
        require(done.status == LANES_OK, "team: a batch failed", s.c.text);
        most = done.threads > most ? done.threads : most;
    }
    require(most == threads, "team", "a thread is lost");
    close_session(&s);
}
