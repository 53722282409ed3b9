/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several C clients on one real lanesd: what one of them does wrong costs only itself.
 *
 * Each test starts its own executor on a private socket. Needs LANES_BUILD_DIR (programs)
 * and LANES_SOURCE_DIR (bitcode). What the executor answers to malformed messages and
 * rings is in tests/unit/server.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <lanes/lanes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/mappings.h"

static char folder[64];
static char socket_path[96];
static pid_t daemon_pid;
static lanes_error err;

static const char square[] = "define double @square(double %x) {\n"
                             "  %y = fmul double %x, %x\n  ret double %y\n}\n";

/* Some microseconds an element, and never vectorized. */
static const char slow[] = "define double @slow(double %x) {\n"
                           "entry:\n  br label %loop\n"
                           "loop:\n  %i = phi i32 [ 0, %entry ], [ %n, %loop ]\n"
                           "  %v = phi double [ %x, %entry ], [ %w, %loop ]\n"
                           "  %r = fdiv double 1.0, %v\n  %w = fadd double %r, 1.5\n"
                           "  %n = add i32 %i, 1\n  %done = icmp eq i32 %n, 1000\n"
                           "  br i1 %done, label %exit, label %loop\n"
                           "exit:\n  ret double %w\n}\n";

/* An integer of a megabyte: LLVM works on it for minutes. */
static const char bomb[] = "define double @f(double %x) {\n"
                           "  %a = fptosi double %x to i8388607\n"
                           "  %b = add i8388607 %a, 1\n"
                           "  %r = sitofp i8388607 %b to double\n"
                           "  ret double %r\n}\n";

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* An executor at socket_path, which comes up after a while. */
static void launch_daemon(unsigned delay_us)
{
    char program[512];
    char option[128];
    snprintf(program, sizeof(program), "%s/bin/lanesd", getenv("LANES_BUILD_DIR"));
    snprintf(option, sizeof(option), "--socket=%s", socket_path);
    daemon_pid = fork();
    if (daemon_pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        usleep(delay_us);
        execl(program, "lanesd", "--no-supervisor", option, (char *)NULL);
        _exit(127);
    }
}

static void start_daemon(void)
{
    snprintf(folder, sizeof(folder), "/tmp/lanes-test-XXXXXX");
    cr_assert(mkdtemp(folder) != NULL);
    snprintf(socket_path, sizeof(socket_path), "%s/lanes.sock", folder);
    launch_daemon(0);
    const uint64_t start = now_ns();
    while (access(socket_path, F_OK) != 0) {
        cr_assert_lt(now_ns() - start, 10000000000u, "lanesd did not come up");
        usleep(1000);
    }
}

static void stop_daemon(void)
{
    int status;
    kill(daemon_pid, SIGTERM);
    cr_expect_eq(waitpid(daemon_pid, &status, 0), daemon_pid);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "lanesd ended with %x",
              status);
    unlink(socket_path);
    rmdir(folder);
}

static lanes_session *open_session_with(uint32_t flags, uint32_t timeout_ms)
{
    lanes_open_options options;
    lanes_session *session;
    lanes_open_options_default(&options);
    options.socket = socket_path;
    options.flags = flags;
    options.timeout_ms = timeout_ms;
    /* The socket's file appears a moment before somebody listens. */
    const uint64_t start = now_ns();
    while (lanes_open(&options, &session, &err) < 0) {
        cr_assert_lt(now_ns() - start, 5000000000u, "%s", err.message);
        usleep(1000);
    }
    return session;
}

static lanes_session *open_session(void)
{
    return open_session_with(0, 10000);
}

static lanes_status load(lanes_session *session, const void *ir, size_t bytes,
                         lanes_kernel **out_kernel)
{
    return lanes_kernel_load(session, ir, bytes, NULL, out_kernel, &err);
}

/* Submits kernel over `count` elements of a new segment: input first, output behind it.
 */
static void submit_over(lanes_session *session, lanes_kernel *kernel,
                        const lanes_segment *segment, uint64_t count)
{
    const lanes_operand operands[] = {
        {.segment = segment, .offset = 0, .stride = {8}, .dtype = LANES_F8},
        {.segment = segment, .offset = 8 * count, .stride = {8}, .dtype = LANES_F8},
    };
    const lanes_batch batch = {.kernel = kernel,
                               .dimensions = 1,
                               .operand_count = 2,
                               .shape = &count,
                               .operands = operands};
    cr_assert_eq(lanes_submit(session, &batch, &err), LANES_OK, "%s", err.message);
}

/* The session still compiles and computes. */
static void expect_works(lanes_session *session)
{
    lanes_kernel *kernel;
    lanes_segment *segment;
    lanes_completion done;
    const uint64_t count = 1000;
    cr_assert_eq(load(session, square, sizeof(square) - 1, &kernel), LANES_OK, "%s",
                 err.message);
    cr_assert_eq(lanes_segment_create(session, 16 * count, &segment, &err), LANES_OK,
                 "%s", err.message);
    double *x = lanes_segment_data(segment);
    for (uint64_t i = 0; i < count; i++) {
        x[i] = (double)i;
    }
    submit_over(session, kernel, segment, count);
    cr_assert_eq(lanes_wait(session, 10000000000u, &done, &err), LANES_OK, "%s",
                 err.message);
    cr_assert_eq(done.status, LANES_OK, "%s", done.message);
    for (uint64_t i = 0; i < count; i++) {
        cr_assert_eq(x[count + i], (double)i * (double)i);
    }
    lanes_segment_release(segment);
    lanes_kernel_release(kernel);
}

static char *read_data(const char *name, size_t *out_bytes)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/tests/data/%s", getenv("LANES_SOURCE_DIR"), name);
    FILE *file = fopen(path, "rb");
    cr_assert(file != NULL, "%s", path);
    char *data = malloc(1u << 20);
    *out_bytes = fread(data, 1, 1u << 20, file);
    fclose(file);
    return data;
}

TestSuite(e2e_session, .init = start_daemon, .fini = stop_daemon, .timeout = 120);

Test(e2e_session, bitcode_that_kills_llvm_costs_only_its_load)
{
    static const char *const names[] = {"crashes-llvm22-reader.bc",
                                        "exhausts-llvm22-reader.bc"};
    lanes_session *one = open_session();
    lanes_session *other = open_session();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t bytes;
        lanes_kernel *kernel;
        char *mutant = read_data(names[i], &bytes);
        const lanes_status status = load(one, mutant, bytes, &kernel);
        /* Another LLVM than the one it was found with may merely refuse it. */
        cr_expect(status == LANES_E_COMPILE_CRASHED || status == LANES_E_COMPILE_LIMIT ||
                      status == LANES_E_IR_PARSE,
                  "%s: %s", names[i], lanes_status_name(status));
        free(mutant);
        expect_works(one);
        expect_works(other);
    }
    cr_expect_eq(kill(daemon_pid, 0), 0);
    lanes_close(one);
    lanes_close(other);
}

Test(e2e_session, an_endless_compile_delays_nobody_and_ends)
{
    const pid_t child = fork();
    if (child == 0) {
        lanes_kernel *kernel;
        lanes_session *session = open_session();
        const lanes_status status = load(session, bomb, sizeof(bomb) - 1, &kernel);
        lanes_close(session);
        _exit(status == LANES_E_COMPILE_LIMIT ? 0 : 1);
    }
    usleep(300000); /* the bomb is being compiled */
    lanes_session *session = open_session();
    const uint64_t start = now_ns();
    expect_works(session);
    cr_expect_lt(now_ns() - start, 5000000000u);
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the bomb's load: %x",
              status);
    expect_works(session);
    lanes_close(session);
}

Test(e2e_session, a_client_killed_in_mid_batch_leaves_nothing_behind)
{
    lanes_session *session = open_session();
    expect_works(session);
    const size_t before = count_mappings((int)daemon_pid, "memfd:");
    for (int round = 0; round < 3; round++) {
        int started[2];
        cr_assert_eq(pipe(started), 0);
        const pid_t child = fork();
        if (child == 0) {
            lanes_session *own = open_session();
            lanes_kernel *kernel;
            lanes_segment *segment;
            const uint64_t count = 4000000; /* some ten seconds of work */
            if (load(own, slow, sizeof(slow) - 1, &kernel) < 0 ||
                lanes_segment_create(own, 16 * count, &segment, &err) < 0) {
                _exit(1);
            }
            submit_over(own, kernel, segment, count);
            usleep(50000); /* it is running */
            if (write(started[1], "x", 1) != 1) {
                _exit(1);
            }
            pause();
        }
        char byte;
        cr_assert_eq(read(started[0], &byte, 1), 1);
        kill(child, SIGKILL);
        cr_assert_eq(waitpid(child, NULL, 0), child);
        close(started[0]);
        close(started[1]);
    }
    /* Its batches are cancelled and its memory unmapped within a second. */
    const uint64_t start = now_ns();
    while (count_mappings((int)daemon_pid, "memfd:") > before &&
           now_ns() - start < 2000000000u) {
        usleep(10000);
    }
    cr_expect_leq(count_mappings((int)daemon_pid, "memfd:"), before);
    expect_works(session);
    lanes_close(session);
}

/* Never returns unless x is NaN. */
static const char endless[] = "define double @endless(double %x) {\n"
                              "entry:\n  br label %loop\n"
                              "loop:\n  %same = fcmp oeq double %x, %x\n"
                              "  br i1 %same, label %loop, label %exit\n"
                              "exit:\n  ret double %x\n}\n";

/* A client with a private executor; runs the endless callback and tells its pid. */
static void be_stuck_client(int out)
{
    lanes_open_options options;
    lanes_session *own;
    lanes_kernel *kernel;
    lanes_segment *segment;
    lanes_open_options_default(&options);
    options.flags = LANES_OPEN_PRIVATE;
    if (lanes_open(&options, &own, &err) < 0 ||
        load(own, endless, sizeof(endless) - 1, &kernel) < 0 ||
        lanes_segment_create(own, 16 * 1000, &segment, &err) < 0) {
        _exit(1);
    }
    submit_over(own, kernel, segment, 1000);
    usleep(50000); /* it is running */
    const int32_t pid = lanes_executor_pid(own);
    if (write(out, &pid, sizeof(pid)) != sizeof(pid)) {
        _exit(1);
    }
    pause();
}

Test(e2e_session, a_private_executor_with_an_endless_callback_ends_with_its_client)
{
    int started[2];
    int32_t executor;
    int status = 0;
    cr_assert_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    cr_assert_eq(pipe(started), 0);
    const pid_t child = fork();
    if (child == 0) {
        be_stuck_client(started[1]);
    }
    cr_assert_eq(read(started[0], &executor, sizeof(executor)), sizeof(executor));
    kill(child, SIGKILL);
    cr_assert_eq(waitpid(child, NULL, 0), child);
    /* The callback is interrupted as soon as its client has gone. */
    const uint64_t start = now_ns();
    while (waitpid(executor, &status, WNOHANG) != executor) {
        cr_assert_lt(now_ns() - start, 4000000000u, "executor %d goes on", executor);
        usleep(10000);
    }
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "it ended with %x", status);
}

Test(e2e_session, a_segment_larger_than_memory_is_refused)
{
    lanes_session *session = open_session();
    lanes_segment *segment;
    const lanes_status status =
        lanes_segment_create(session, UINT64_C(1) << 45, &segment, &err);
    cr_expect(status == -ENOSPC || status == -ENOMEM, "%s: %s", lanes_status_name(status),
              err.message);
    cr_expect(strstr(err.message, "35184372088832") != NULL, "%s", err.message);
    expect_works(session);
    lanes_close(session);
}

/* Kills the executor, which leaves the socket's file. */
static void kill_daemon(void)
{
    kill(daemon_pid, SIGKILL);
    cr_assert_eq(waitpid(daemon_pid, NULL, 0), daemon_pid);
}

/* Submits some milliseconds of work, of which `count` elements are in a new segment. */
static lanes_segment *submit_slow(lanes_session *session, uint64_t count)
{
    lanes_kernel *kernel;
    lanes_segment *segment;
    cr_assert_eq(load(session, slow, sizeof(slow) - 1, &kernel), LANES_OK);
    cr_assert_eq(lanes_segment_create(session, 16 * count, &segment, &err), LANES_OK);
    double *x = lanes_segment_data(segment);
    for (uint64_t i = 0; i < count; i++) {
        x[i] = 1.0 + (double)i;
    }
    submit_over(session, kernel, segment, count);
    return segment;
}

/* What `slow` comes to, and does not leave again: the root of w = 1 / w + 1.5. */
static void expect_slow(const lanes_segment *segment, uint64_t count)
{
    const double *y = (const double *)lanes_segment_data(segment) + count;
    for (uint64_t i = 0; i < count; i++) {
        cr_assert(y[i] > 1.999999 && y[i] < 2.000001, "element %llu is %g",
                  (unsigned long long)i, y[i]);
    }
}

Test(e2e_session, an_executor_that_dies_is_an_error_not_a_hang)
{
    const struct {
        uint32_t flags;
        lanes_status expected;
    } cases[] = {{LANES_OPEN_NO_REPLAY, LANES_E_PEER_GONE}, {0, LANES_E_UNAVAILABLE}};
    for (size_t i = 0; i < 2; i++) {
        lanes_session *session = open_session_with(cases[i].flags, 1000);
        lanes_kernel *kernel;
        lanes_completion done;
        submit_slow(session, 4000000);
        usleep(50000);
        kill_daemon();
        const uint64_t start = now_ns();
        cr_expect_eq(lanes_wait(session, UINT64_MAX, &done, &err), cases[i].expected);
        cr_expect_lt(now_ns() - start, 5000000000u);
        cr_expect_eq(load(session, square, sizeof(square) - 1, &kernel),
                     LANES_E_PEER_GONE);
        lanes_close(session);
        launch_daemon(0); /* for the next one, and fini */
    }
    lanes_close(open_session());
}

Test(e2e_session, an_executor_that_comes_up_later_takes_over)
{
    lanes_session *session = open_session();
    lanes_completion done;
    const uint64_t count = 100000;
    lanes_segment *segment = submit_slow(session, count);
    usleep(20000);
    kill_daemon();
    launch_daemon(300000);
    cr_assert_eq(lanes_wait(session, UINT64_MAX, &done, &err), LANES_OK, "%s",
                 err.message);
    cr_assert_eq(done.status, LANES_OK, "%s", done.message);
    cr_assert_eq(lanes_reconnects(session), 1);
    cr_assert_eq(lanes_executor_pid(session), daemon_pid);
    expect_slow(segment, count);
    expect_works(session);
    lanes_close(session);
}

Test(e2e_session, what_a_stopping_executor_has_not_taken_the_next_one_runs)
{
    lanes_session *session = open_session();
    lanes_completion done;
    const uint64_t count = 2000;
    lanes_segment *segments[60];
    for (uint32_t i = 0; i < 60; i++) {
        segments[i] = submit_slow(session, count);
        if (i == 30) {
            kill(daemon_pid, SIGTERM);
            const pid_t stopping = daemon_pid;
            int status;
            cr_assert_eq(waitpid(stopping, &status, 0), stopping);
            cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
            launch_daemon(0);
        }
    }
    for (uint32_t i = 0; i < 60; i++) {
        cr_assert_eq(lanes_wait(session, UINT64_MAX, &done, &err), LANES_OK, "%s",
                     err.message);
        cr_assert_eq(done.status, LANES_OK, "%s", done.message);
    }
    cr_assert_eq(lanes_wait(session, 0, &done, &err), LANES_E_INVALID);
    cr_assert_eq(lanes_reconnects(session), 1);
    for (uint32_t i = 0; i < 60; i++) {
        expect_slow(segments[i], count);
    }
    lanes_close(session);
}

/* The executor may be told of the release before it has taken the batch. */
Test(e2e_session, what_is_released_at_once_serves_batches_before)
{
    lanes_session *session = open_session();
    lanes_kernel *kernel = NULL;
    cr_assert_eq(
        lanes_kernel_load(session, square, sizeof(square) - 1, NULL, &kernel, &err),
        LANES_OK, "%s", err.message);
    const uint64_t count = 64;
    for (int i = 0; i < 200; i++) {
        lanes_segment *segment = NULL;
        cr_assert_eq(lanes_segment_create(session, 4096, &segment, &err), LANES_OK);
        const lanes_operand operand = {
            .segment = segment, .stride = {8}, .dtype = LANES_F8};
        const lanes_operand operands[] = {operand, operand};
        const lanes_batch batch = {.kernel = kernel,
                                   .dimensions = 1,
                                   .operand_count = 2,
                                   .shape = &count,
                                   .operands = operands};
        usleep(i % 2 == 0 ? 200 : 0); /* asleep or awake */
        cr_assert_eq(lanes_submit(session, &batch, &err), LANES_OK);
        lanes_segment_release(segment);
        lanes_completion done;
        cr_assert_eq(lanes_wait(session, UINT64_MAX, &done, &err), LANES_OK);
        cr_assert_eq(done.status, LANES_OK, "round %d: %s", i, done.message);
    }
    lanes_close(session);
}
