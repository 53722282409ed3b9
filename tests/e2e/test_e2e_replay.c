/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_e2e_replay.c - a private lanesd is killed again and again while batches run: each
 * completes exactly once, with right results, or says that it cannot know.
 *
 * $LANES_REPLAY_ROUNDS says how many rounds, of one to two kills each; the default takes
 * some seconds. An hour: LANES_REPLAY_ROUNDS=10000.
 */
#include <criterion/criterion.h>
#include <lanes/lanes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS      4
#define BATCHES     48
#define ELEMENTS    1500u
#define KILL_MAX_US 60000u

TestSuite(e2e_replay, .timeout = 0);

/* y = x + 1, after some microseconds. In place, a second run would give x + 2. */
static const char slow_increment[] =
    "define double @slow_increment(double %x) {\n"
    "entry:\n  br label %loop\n"
    "loop:\n  %i = phi i32 [ 0, %entry ], [ %n, %loop ]\n"
    "  %v = phi double [ 0.0, %entry ], [ %w, %loop ]\n"
    "  %w = fadd double %v, 0x3F50000000000000\n" /* 1 / 1024 */
    "  %n = add i32 %i, 1\n  %done = icmp eq i32 %n, 1024\n"
    "  br i1 %done, label %exit, label %loop\n"
    "exit:\n  %r = fadd double %x, %w\n  ret double %r\n}\n";

static lanes_error err;
static lanes_session *session;
static lanes_kernel *kernel;
static lanes_segment *segment;
static uint32_t kills;
static uint32_t indeterminate;

/* Batch b reads row 2 b and writes row 2 b + 1, or row 2 b if it works in place. */
static bool is_in_place(uint64_t b)
{
    return b % 4 == 0;
}

static double *row(uint64_t index)
{
    return (double *)lanes_segment_data(segment) + index * ELEMENTS;
}

static void submit(uint64_t b)
{
    const uint64_t row_bytes = ELEMENTS * sizeof(double);
    const uint64_t count = ELEMENTS;
    const lanes_operand operands[] = {
        {.segment = segment,
         .offset = 2 * b * row_bytes,
         .stride = {sizeof(double)},
         .dtype = LANES_F8},
        {.segment = segment,
         .offset = (is_in_place(b) ? 2 * b : 2 * b + 1) * row_bytes,
         .stride = {sizeof(double)},
         .dtype = LANES_F8},
    };
    const lanes_batch batch = {.kernel = kernel,
                               .dimensions = 1,
                               .operand_count = 2,
                               .shape = &count,
                               .operands = operands,
                               .tag = b};
    cr_assert_eq(lanes_submit(session, &batch, &err), LANES_OK, "%s", err.message);
}

static void kill_executor(void)
{
    cr_assert_eq(kill(lanes_executor_pid(session), SIGKILL), 0);
    kills++;
}

static void check(const lanes_completion *done)
{
    const uint64_t b = done->tag;
    if (done->status == LANES_E_INDETERMINATE) {
        cr_assert(is_in_place(b), "batch %llu: %s", (unsigned long long)b, done->message);
        indeterminate++;
        return;
    }
    cr_assert_eq(done->status, LANES_OK, "batch %llu: %s", (unsigned long long)b,
                 done->message);
    const double *y = row(is_in_place(b) ? 2 * b : 2 * b + 1);
    for (uint32_t i = 0; i < ELEMENTS; i++) {
        cr_assert(y[i] == (double)(b + i) + 1.0, "batch %llu, element %u: %g",
                  (unsigned long long)b, i, y[i]);
    }
}

/* All batches once. The executor is killed after a while; and once more when the next one
 * has finished a batch, so that no batch meets two deaths. */
static void run_round(void)
{
    bool is_seen[BATCHES] = {false};
    const uint32_t before = lanes_reconnects(session);
    for (uint64_t b = 0; b < BATCHES; b++) {
        for (uint32_t i = 0; i < ELEMENTS; i++) {
            row(2 * b)[i] = (double)(b + i);
            row(2 * b + 1)[i] = -1.0;
        }
    }
    for (uint64_t b = 0; b < BATCHES; b++) {
        submit(b);
    }
    usleep((useconds_t)rand() % KILL_MAX_US);
    kill_executor();
    uint32_t since = 0;
    for (uint32_t n = 0; n < BATCHES; n++) {
        lanes_completion done;
        cr_assert_eq(lanes_wait(session, UINT64_MAX, &done, &err), LANES_OK, "%s",
                     err.message);
        cr_assert(done.tag < BATCHES && !is_seen[done.tag], "batch %llu twice",
                  (unsigned long long)done.tag);
        is_seen[done.tag] = true;
        check(&done);
        since += lanes_reconnects(session) == before + 1 && done.status == LANES_OK;
        if (since == 3) {
            kill_executor();
            since++;
        }
    }
    lanes_completion none;
    cr_assert_eq(lanes_wait(session, 0, &none, &err), LANES_E_INVALID);
}

Test(e2e_replay, every_batch_completes_once_while_executors_are_killed)
{
    const char *wanted = getenv("LANES_REPLAY_ROUNDS");
    const long rounds = wanted != NULL ? strtol(wanted, NULL, 10) : ROUNDS;
    lanes_open_options options;
    lanes_open_options_default(&options);
    options.flags = LANES_OPEN_PRIVATE;
    options.timeout_ms = 60000;
    cr_assert_eq(lanes_open(&options, &session, &err), LANES_OK, "%s", err.message);
    cr_assert_eq(lanes_kernel_load(session, slow_increment, sizeof(slow_increment) - 1,
                                   NULL, &kernel, &err),
                 LANES_OK, "%s", err.message);
    cr_assert_eq(lanes_segment_create(session,
                                      (uint64_t)2 * BATCHES * ELEMENTS * sizeof(double),
                                      &segment, &err),
                 LANES_OK, "%s", err.message);
    srand(1);
    for (long i = 0; i < rounds; i++) {
        run_round();
    }
    cr_log_info("%u kills, %u reconnects, %u indeterminate", kills,
                lanes_reconnects(session), indeterminate);
    cr_assert_geq(lanes_reconnects(session), (uint32_t)rounds, "kills meant something");
    lanes_close(session);
    cr_assert_eq(waitpid(-1, NULL, 0), -1, "all executors are reaped");
}
