/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stress_fair.c - hogs, whose rings are always full of large batches, and a light session
 * with one small batch at a time: what the hogs cost it, and how they share the rest. The
 * compiler and the loader are those of tests/unit/server.
 *
 *   stress_fair [SECONDS [HOGS [LIMIT_MS]]]
 *
 * Prints the light session's times from submission to completion, by itself and beside
 * the hogs, and each hog's share. It fails if the 99th percentile grows by more than
 * LIMIT_MS, or shares differ by more than 5 %. On a machine of one's own LIMIT_MS is 4,
 * two quanta (stress_fair 30 2 4). What other programs add is not known, so without a
 * limit only what would be grossly unfair fails: a median that is a part of what waiting
 * for all of a ring would take. Slices are counted in
 * tests/unit/server/test_server_fair.c.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/atomic.h"
#include "unit/server/server_fixture.h"

#define HOGS_MAX      8u
#define HOG_ELEMENTS  20000u /* 10 ms on two threads */
#define LIGHT_COUNT   50u    /* 50 us */
#define TIMES_MAX     (1u << 20)
#define MEDIAN_MAX_NS UINT64_C(250000000)

/* By which hogs may differ in the time that they had, in percent of the whole. */
#define SHARE_ERROR_MAX       40u
#define SHARE_ERROR_LIMIT_MAX 5u

static fixture f;
static uint32_t is_over;

struct hog {
    pthread_t thread;
    uint64_t run_ns; /* of batches that have ended */
    uint64_t batches;
};

static uint64_t times_ns[TIMES_MAX];

static void fail(const char *what, const char *text)
{
    fprintf(stderr, "stress_fair: %s: %s\n", what, text);
    abort();
}

static batch open_with(client *c, segment *in, segment *out, uint64_t count)
{
    lanes_abi_kernel kernel;
    client_open_ok(c, &f);
    if (client_segment(c, count * sizeof(double), in) < 0 ||
        client_segment(c, count * sizeof(double), out) < 0 ||
        client_load(c, "slow", &kernel) < 0) {
        fail("opening a session", c->text);
    }
    return batch_of(&kernel, in, out, count);
}

static void *hog(void *ctx)
{
    struct hog *self = ctx;
    client c;
    segment in;
    segment out;
    const batch b = open_with(&c, &in, &out, HOG_ELEMENTS);
    for (uint32_t i = 0; i < LANES_ABI_ENTRIES; i++) {
        client_submit(&c, &b, i);
    }
    while (lanes_load_relaxed_u32(&is_over) == 0) {
        const lanes_abi_completion done = client_wait(&c);
        if (done.status != LANES_OK) {
            fail("a hog's batch", c.text);
        }
        self->run_ns += done.run_ns;
        self->batches++;
        client_submit(&c, &b, 0);
    }
    client_close(&c); /* with all that is in its ring */
    return NULL;
}

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* One small batch after the other, a millisecond apart; returns how many. */
static uint32_t run_light(uint64_t seconds)
{
    client c;
    segment in;
    segment out;
    const batch b = open_with(&c, &in, &out, LIGHT_COUNT);
    for (int i = 0; i < 10; i++) { /* until its cost is known */
        LANES_IGNORE(client_run(&c, &b).status, "the next ones are looked at");
    }
    uint32_t count = 0;
    const uint64_t end_ns = lanes_clock_ns() + seconds * 1000000000u;
    while (lanes_clock_ns() < end_ns && count < TIMES_MAX) {
        const uint64_t start_ns = lanes_clock_ns();
        if (client_run(&c, &b).status != LANES_OK) {
            fail("a light batch", c.text);
        }
        times_ns[count++] = lanes_clock_ns() - start_ns;
        sleep_ms(1);
    }
    client_close(&c);
    qsort(times_ns, count, sizeof(times_ns[0]), compare);
    return count;
}

static uint64_t percentile(uint32_t count, uint32_t percent)
{
    return times_ns[(uint64_t)(count - 1) * percent / 100];
}

static void print_times(const char *what, uint32_t count)
{
    printf("stress_fair: light %s: %u batches, median %.3f ms, p99 %.3f ms, most %.3f "
           "ms\n",
           what, count, (double)percentile(count, 50) / 1e6,
           (double)percentile(count, 99) / 1e6, (double)times_ns[count - 1] / 1e6);
}

/* True if the hogs have had about as much as each other. */
static bool print_shares(const struct hog *hogs, uint32_t count, uint32_t error_max)
{
    uint64_t sum_ns = 1;
    uint64_t least_ns = UINT64_MAX;
    uint64_t most_ns = 0;
    for (uint32_t i = 0; i < count; i++) {
        sum_ns += hogs[i].run_ns;
        least_ns = lanes_min_u64(least_ns, hogs[i].run_ns);
        most_ns = hogs[i].run_ns > most_ns ? hogs[i].run_ns : most_ns;
    }
    for (uint32_t i = 0; i < count; i++) {
        printf("stress_fair: hog %u: %llu batches, %.2f %% of the hogs' time\n", i,
               (unsigned long long)hogs[i].batches,
               100.0 * (double)hogs[i].run_ns / (double)sum_ns);
    }
    return (most_ns - least_ns) * 100 <= sum_ns * error_max;
}

int main(int argc, char **argv)
{
    const uint64_t seconds = argc > 1 ? strtoull(argv[1], NULL, 10) : 2;
    const uint64_t wanted = argc > 2 ? strtoull(argv[2], NULL, 10) : 2;
    const uint64_t limit_ns = argc > 3 ? strtoull(argv[3], NULL, 10) * 1000000u : 0;
    const uint32_t count = (uint32_t)lanes_min_u64(wanted, HOGS_MAX);
    static struct hog hogs[HOGS_MAX];
    lanes_log_set_level(LANES_LOG_ERROR);
    fixture_init(&f, 2);
    fixture_start(&f);
    uint32_t batches = run_light(1);
    print_times("alone", batches);
    const uint64_t alone_ns = percentile(batches, 99);
    for (uint32_t i = 0; i < count; i++) {
        if (pthread_create(&hogs[i].thread, NULL, hog, &hogs[i]) != 0) {
            return 1;
        }
    }
    sleep_ms(50); /* until their rings are full */
    batches = run_light(seconds);
    lanes_store_relaxed_u32(&is_over, 1);
    for (uint32_t i = 0; i < count; i++) {
        pthread_join(hogs[i].thread, NULL);
    }
    print_times("beside the hogs", batches);
    const bool is_shared = print_shares(
        hogs, count, limit_ns != 0 ? SHARE_ERROR_LIMIT_MAX : SHARE_ERROR_MAX);
    fixture_stop(&f);
    const bool is_slow = limit_ns != 0 ? percentile(batches, 99) > alone_ns + limit_ns
                                       : percentile(batches, 50) > MEDIAN_MAX_NS;
    printf("stress_fair: %s\n", is_slow      ? "the light one waits too long"
                                : !is_shared ? "the hogs' shares differ too much"
                                             : "fair");
    return is_slow || !is_shared ? 1 : 0;
}
