/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_roundtrip.c - what does a batch cost beside the work in it?
 *
 * Scenarios, each for batches of 1, 64 and 1000 f8 elements of y = 2 x:
 *
 *   awake     lanes_run() again and again, so that both sides spin: ring to ring and
 *             back; then two bare processes that tell each other a word while both spin,
 *             and two that send each other datagrams
 *
 *   asleep    lanes_run() after a pause longer than the executor spins, 1 element; beside
 *             it, measured in turn, a bare process that is woken by futex and answers,
 *             with the asker spinning (one wake-up, as liblanes does within its spin
 *             time) and with the asker asleep too (two), and one that is asked by socket
 *
 *   in flight many batches submitted before the first is waited for; ns per batch
 *
 * Left out: compiling (the variant is compiled before), batches that the team shares
 * (bench/compare), Python (bench/compare --sizes).
 */
#include <lanes/lanes.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "binding.h"
#include "futex_peer.h"
#include "harness.h"
#include "socket_peer.h"

#define COUNT_MAX     1000u
#define IN_FLIGHT_MAX 128u

/* Longer than both sides spin (200 us at most) and the timer's slack. */
#define PAUSE_NS 2000000

static const char ir_text[] = "define double @twice(double %x) {\n"
                              "  %y = fadd double %x, %x\n"
                              "  ret double %y\n"
                              "}\n";

struct options {
    bench_options common;
    const char *socket;
};

/* One session, one input array, one output array per batch in flight. */
struct fixture {
    lanes_session *session;
    lanes_segment *segment;
    lanes_kernel *kernel;
    uint64_t batches_per_sample; /* of "in flight" */
};

/* Processes with nothing of lanes in them. */
struct peers {
    futex_peer *futex;
    socket_peer *socket;
};

/* What a bench_case's ctx points to. */
struct batch_case {
    const struct fixture *fixture;
    uint64_t count;
    unsigned in_flight;
};

enum option_key { OPTION_SOCKET = 0x100 };

static const struct argp_option option_table[] = {
    {"socket", OPTION_SOCKET, "PATH", 0, "Use this executor instead of a private one", 0},
    {0},
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &options->common;
        return 0;
    case OPTION_SOCKET:
        options->socket = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void check(lanes_status status, const char *what, const lanes_error *error)
{
    if (status < 0) {
        bench_die("%s: %s: %s", what, lanes_status_name(status), error->message);
    }
}

static void fixture_init(struct fixture *fixture, const struct options *options)
{
    lanes_error error = {.message = ""};
    lanes_open_options open_options;
    lanes_open_options_default(&open_options);
    open_options.socket = options->socket;
    open_options.flags =
        options->socket != NULL ? LANES_OPEN_NO_PRIVATE : LANES_OPEN_PRIVATE;
    check(lanes_open(&open_options, &fixture->session, &error), "lanes_open", &error);
    check(lanes_segment_create(fixture->session,
                               (1 + IN_FLIGHT_MAX) * COUNT_MAX * sizeof(double),
                               &fixture->segment, &error),
          "lanes_segment_create", &error);
    check(lanes_kernel_load(fixture->session, ir_text, strlen(ir_text), NULL,
                            &fixture->kernel, &error),
          "lanes_kernel_load", &error);
    fixture->batches_per_sample = options->common.is_smoke ? 300 : 20000;
}

static void fixture_deinit(struct fixture *fixture)
{
    lanes_kernel_release(fixture->kernel);
    lanes_segment_release(fixture->segment);
    lanes_close(fixture->session);
}

/* A batch whose output is array @p slot; 0 is the input. */
static lanes_batch make_batch(const struct fixture *fixture, unsigned slot,
                              const uint64_t *count, lanes_operand operands[2])
{
    for (unsigned i = 0; i < 2; i++) {
        operands[i] = (lanes_operand){
            .segment = fixture->segment,
            .offset = (uint64_t)(i * slot) * COUNT_MAX * sizeof(double),
            .stride = {sizeof(double)},
            .dtype = LANES_F8,
        };
    }
    return (lanes_batch){
        .kernel = fixture->kernel,
        .dimensions = 1,
        .operand_count = 2,
        .shape = count,
        .operands = operands,
    };
}

static void run_batch(const struct fixture *fixture, uint64_t count)
{
    lanes_operand operands[2];
    const lanes_batch batch = make_batch(fixture, 1, &count, operands);
    lanes_error error = {.message = ""};
    check(lanes_run(fixture->session, &batch, NULL, &error), "lanes_run", &error);
}

/* The numbers of a wrong program mean nothing. */
static void check_results(const struct fixture *fixture)
{
    double *in = lanes_segment_data(fixture->segment);
    const double *out = in + COUNT_MAX;
    for (unsigned i = 0; i < COUNT_MAX; i++) {
        in[i] = i + 0.25;
    }
    run_batch(fixture, COUNT_MAX);
    for (unsigned i = 0; i < COUNT_MAX; i++) {
        const double difference = out[i] - 2 * in[i];
        if (difference < 0 || difference > 0) {
            bench_die("wrong result: element %u is %g", i, out[i]);
        }
    }
}

static double measure_run(void *ctx)
{
    const struct batch_case *batch_case = ctx;
    const uint64_t start_ns = bench_now_ns();
    run_batch(batch_case->fixture, batch_case->count);
    return (double)(bench_now_ns() - start_ns);
}

static void pause_until_asleep(void)
{
    nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
}

static double measure_run_asleep(void *ctx)
{
    pause_until_asleep();
    return measure_run(ctx);
}

static double measure_wake_once(void *ctx)
{
    pause_until_asleep();
    return futex_peer_wake_once(ctx);
}

static double measure_wake_twice(void *ctx)
{
    pause_until_asleep();
    return futex_peer_wake_twice(ctx);
}

static double measure_words(void *ctx)
{
    return futex_peer_awake(ctx);
}

static double measure_socket(void *ctx)
{
    return socket_peer_round_trip(ctx);
}

static double measure_socket_asleep(void *ctx)
{
    pause_until_asleep();
    return socket_peer_round_trip(ctx);
}

static void take_completion(const struct fixture *fixture)
{
    lanes_completion completion;
    lanes_error error = {.message = ""};
    check(lanes_wait(fixture->session, UINT64_MAX, &completion, &error), "lanes_wait",
          &error);
    if (completion.status < 0) {
        bench_die("batch: %s", completion.message);
    }
}

/* Keeps batch_case->in_flight batches going; ns per batch. */
static double measure_stream(void *ctx)
{
    const struct batch_case *batch_case = ctx;
    const struct fixture *fixture = batch_case->fixture;
    const uint64_t total = fixture->batches_per_sample;
    lanes_error error = {.message = ""};
    lanes_operand operands[2];
    const uint64_t start_ns = bench_now_ns();
    uint64_t taken = 0;
    for (uint64_t sent = 0; sent < total; sent++) {
        if (sent - taken == batch_case->in_flight) {
            take_completion(fixture);
            taken++;
        }
        const unsigned slot = 1 + (unsigned)(sent % IN_FLIGHT_MAX);
        const lanes_batch batch = make_batch(fixture, slot, &batch_case->count, operands);
        check(lanes_submit(fixture->session, &batch, &error), "lanes_submit", &error);
    }
    for (; taken < total; taken++) {
        take_completion(fixture);
    }
    return (double)(bench_now_ns() - start_ns) / (double)total;
}

static double measure_clock(void *ctx)
{
    (void)ctx;
    const uint64_t start_ns = bench_now_ns();
    return (double)(bench_now_ns() - start_ns);
}

static void report_cases(bench_report *report, bench_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bench_report_add(report, cases[i].name, cases[i].unit, &cases[i].samples);
        bench_samples_deinit(&cases[i].samples);
    }
}

/*
 * Awake, the client's core decides: beside the executor's first thread both spin; on the
 * same core each answer waits for the scheduler. A machine with more cores than busy
 * threads gives the first; here both are forced.
 */
static void bench_awake(bench_report *report, const struct fixture *fixture,
                        const struct peers *peers, bool is_smoke)
{
    struct batch_case one = {fixture, 1, 1};
    struct batch_case few = {fixture, 64, 1};
    struct batch_case many = {fixture, 1000, 1};
    bench_case apart[] = {
        {"clock, overhead of each sample", "ns", measure_clock, NULL, {0}},
        {"awake, 1 element", "ns", measure_run, &one, {0}},
        {"awake, 64 elements", "ns", measure_run, &few, {0}},
        {"awake, 1000 elements", "ns", measure_run, &many, {0}},
    };
    bench_case together[] = {
        {"awake, 1 element, on its core", "ns", measure_run, &one, {0}},
    };
    /* Not in turn with ours: who spins is on the core of the executor's first thread. */
    bench_case words[] = {
        {"awake, bare words, both spin", "ns", measure_words, peers->futex, {0}},
    };
    bench_case datagrams[] = {
        {"awake, bare socket", "ns", measure_socket, peers->socket, {0}},
    };
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    sched_getaffinity(0, sizeof(allowed), &allowed);
    bench_bind(&allowed, false);
    bench_interleave(apart, 4, is_smoke ? 10 : 2000, is_smoke ? 50 : 20000);
    report_cases(report, apart, 4);
    pause_until_asleep();
    bench_interleave(words, 1, is_smoke ? 10 : 200, is_smoke ? 50 : 5000);
    report_cases(report, words, 1);
    bench_interleave(datagrams, 1, is_smoke ? 10 : 200, is_smoke ? 50 : 5000);
    report_cases(report, datagrams, 1);
    bench_bind(&allowed, true);
    bench_interleave(together, 1, is_smoke ? 10 : 2000, is_smoke ? 50 : 20000);
    report_cases(report, together, 1);
    sched_setaffinity(0, sizeof(allowed), &allowed);
}

static void bench_asleep(bench_report *report, const struct fixture *fixture,
                         const struct peers *peers, bool is_smoke)
{
    struct batch_case one = {fixture, 1, 1};
    bench_case cases[] = {
        {"asleep, 1 element", "ns", measure_run_asleep, &one, {0}},
        {"asleep, bare futex, asker spins", "ns", measure_wake_once, peers->futex, {0}},
        {"asleep, bare futex, asker sleeps", "ns", measure_wake_twice, peers->futex, {0}},
        {"asleep, bare socket", "ns", measure_socket_asleep, peers->socket, {0}},
    };
    bench_interleave(cases, 4, is_smoke ? 1 : 20, is_smoke ? 5 : 1000);
    report_cases(report, cases, 4);
}

static void bench_in_flight(bench_report *report, const struct fixture *fixture,
                            bool is_smoke)
{
    struct batch_case cases_of[] = {
        {fixture, 1, 16},  {fixture, 64, 16},  {fixture, 1000, 16},
        {fixture, 1, 128}, {fixture, 64, 128}, {fixture, 1000, 128},
    };
    bench_case cases[] = {
        {"16 in flight, 1 element", "ns/batch", measure_stream, &cases_of[0], {0}},
        {"16 in flight, 64 elements", "ns/batch", measure_stream, &cases_of[1], {0}},
        {"16 in flight, 1000 elements", "ns/batch", measure_stream, &cases_of[2], {0}},
        {"128 in flight, 1 element", "ns/batch", measure_stream, &cases_of[3], {0}},
        {"128 in flight, 64 elements", "ns/batch", measure_stream, &cases_of[4], {0}},
        {"128 in flight, 1000 elements", "ns/batch", measure_stream, &cases_of[5], {0}},
    };
    bench_interleave(cases, 6, 1, is_smoke ? 2 : 31);
    report_cases(report, cases, 6);
}

int main(int argc, char **argv)
{
    const struct argp_child children[] = {{&bench_argp, 0, NULL, 0}, {0}};
    const struct argp parser = {
        .options = option_table,
        .parser = parse_option,
        .doc = "Measure what a batch costs beside the work in it.",
        .children = children,
    };
    struct options options = {.socket = NULL};
    bench_parse(&parser, argc, argv, &options, &options.common);

    /* They fork: before there is a session. */
    const struct peers peers = {futex_peer_start(), socket_peer_start()};
    struct fixture fixture;
    fixture_init(&fixture, &options);
    check_results(&fixture);
    bench_report *report = bench_report_create("roundtrip", &options.common);
    bench_report_fact(report, "executor", options.socket ? options.socket : "private");
    bench_awake(report, &fixture, &peers, options.common.is_smoke);
    bench_asleep(report, &fixture, &peers, options.common.is_smoke);
    bench_in_flight(report, &fixture, options.common.is_smoke);
    fixture_deinit(&fixture);
    futex_peer_stop(peers.futex);
    socket_peer_stop(peers.socket);
    return bench_report_finish(report);
}
