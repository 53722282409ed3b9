/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_client_private.c - executors that the client starts: found, used, ended, and every
 * way in which they fail to start. The program is fake_lanesd beside this one.
 */
#include <signal.h>
#include <sys/wait.h>

#include "client/client_internal.h"
#include "os/os_file.h"
#include "os/os_process.h"
#include "os/os_wait.h"
#include "unit/client/client_fixture.h"

static char program[LANES_OS_PATH_MAX];

static void name_fake(void)
{
    cr_assert_eq(lanes_os_program_path(program, &err), LANES_OK);
    cr_assert_eq(lanes_os_path_sibling(program, 1, "fake_lanesd"), LANES_OK);
    setenv("LANES_EXECUTOR", program, 1);
    unsetenv("LANES_SOCKET");
}

TestSuite(client_private, .timeout = 30, .init = name_fake);

static lanes_status open_private(const char *mode, uint32_t timeout_ms)
{
    lanes_open_options options;
    lanes_open_options_default(&options);
    options.flags = LANES_OPEN_PRIVATE;
    options.threads = 2;
    options.timeout_ms = timeout_ms;
    setenv("FAKE_MODE", mode, 1);
    return lanes_open(&options, &session, &err);
}

Test(client_private, runs_batches_and_ends_with_the_session)
{
    cr_assert_eq(open_private("threads", 5000), LANES_OK, "%s", err.message);
    const int32_t pid = lanes_executor_pid(session);
    cr_assert_neq(pid, getpid());
    arrays made = make_arrays();
    const lanes_batch batch = make_batch(&made, 1);
    cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_OK);
    lanes_close(session);
    cr_assert_eq(kill(pid, 0), -1, "it has ended and is reaped");
    cr_assert_eq(waitpid(-1, NULL, 0), -1);
}

Test(client_private, is_told_its_cpu)
{
    lanes_open_options options;
    lanes_open_options_default(&options);
    options.flags = LANES_OPEN_PRIVATE;
    options.cpu = "x86-64-v2";
    setenv("FAKE_MODE", "cpu", 1);
    cr_assert_eq(lanes_open(&options, &session, &err), LANES_OK, "%s", err.message);
    lanes_close(session);
}

Test(client_private, stands_in_when_nobody_listens)
{
    setenv("XDG_RUNTIME_DIR", "/no/such/folder", 1);
    unsetenv("FAKE_MODE");
    cr_assert_eq(lanes_open(NULL, &session, &err), LANES_OK, "%s", err.message);
    lanes_close(session);
    lanes_open_options options;
    lanes_open_options_default(&options);
    options.flags = LANES_OPEN_NO_PRIVATE;
    cr_assert_eq(lanes_open(&options, &session, &err), LANES_E_UNAVAILABLE);
}

Test(client_private, early_exit_is_unavailable_with_its_status)
{
    cr_assert_eq(open_private("exit", 5000), LANES_E_UNAVAILABLE);
    cr_assert_not_null(strstr(err.message, "exited with status 3"), "%s", err.message);
}

Test(client_private, early_death_is_unavailable_with_its_signal)
{
    cr_assert_eq(open_private("crash", 5000), LANES_E_UNAVAILABLE);
    cr_assert_not_null(strstr(err.message, "SIGKILL"), "%s", err.message);
}

Test(client_private, silent_one_times_out_and_is_ended)
{
    cr_assert_eq(open_private("silent", 50), LANES_E_TIMED_OUT);
    cr_assert_eq(waitpid(-1, NULL, 0), -1, "no child is left");
}

Test(client_private, one_that_stays_is_killed)
{
    cr_assert_eq(open_private("stay", 5000), LANES_OK);
    const int32_t pid = lanes_executor_pid(session);
    const uint64_t start_ns = lanes_clock_ns();
    lanes_close(session);
    cr_assert_lt(lanes_clock_ns() - start_ns, 5 * SECOND);
    cr_assert_eq(kill(pid, 0), -1);
}

Test(client_private, no_program_is_unavailable)
{
    setenv("LANES_EXECUTOR", "/no/such/program", 1);
    cr_assert_eq(open_private("", 5000), LANES_E_UNAVAILABLE);
    cr_assert_not_null(strstr(err.message, "/no/such/program"));
}

Test(client_private, file_that_is_no_program_is_unavailable)
{
    char path[] = "/tmp/lanes-test-XXXXXX";
    const int fd = mkstemp(path);
    cr_assert_eq(write(fd,
                       "\x7f"
                       "ELFnonsense",
                       12),
                 12);
    close(fd);
    setenv("LANES_EXECUTOR", path, 1);
    cr_assert_eq(open_private("", 5000), LANES_E_UNAVAILABLE, "not executable");
    char command[64];
    snprintf(command, sizeof(command), "chmod +x %s", path);
    cr_assert_eq(system(command), 0);
    cr_assert_eq(open_private("", 5000), LANES_E_UNAVAILABLE, "not a program");
    cr_assert_not_null(strstr(err.message, "ENOEXEC"), "%s", err.message);
    unlink(path);
}

/** Kill the executor when it has been given a batch, which it has not taken. */
static void kill_with_a_batch(uint32_t flags, arrays *made)
{
    lanes_open_options options;
    lanes_open_options_default(&options);
    options.flags = LANES_OPEN_PRIVATE | flags;
    unsetenv("FAKE_MODE");
    cr_assert_eq(lanes_open(&options, &session, &err), LANES_OK, "%s", err.message);
    *made = make_arrays();
    const lanes_batch batch = make_batch(made, 1);
    cr_assert_eq(kill(lanes_executor_pid(session), SIGSTOP), 0);
    cr_assert_eq(lanes_submit(session, &batch, &err), LANES_OK);
    lanes_completion completion;
    cr_assert_eq(lanes_wait(session, 10 * MILLISECOND, &completion, &err),
                 LANES_E_TIMED_OUT);
    cr_assert_eq(kill(lanes_executor_pid(session), SIGKILL), 0);
}

Test(client_private, killed_executor_is_noticed_while_waiting)
{
    arrays made;
    kill_with_a_batch(LANES_OPEN_NO_REPLAY, &made);
    lanes_completion completion;
    const uint64_t start_ns = lanes_clock_ns();
    cr_assert_eq(lanes_wait(session, UINT64_MAX, &completion, &err), LANES_E_PEER_GONE);
    cr_assert_lt(lanes_clock_ns() - start_ns, SECOND);
    const lanes_batch batch = make_batch(&made, 1);
    cr_assert_eq(lanes_submit(session, &batch, &err), LANES_E_PEER_GONE);
    lanes_close(session);
    cr_assert_eq(waitpid(-1, NULL, 0), -1, "it was reaped");
}

Test(client_private, killed_executor_is_replaced)
{
    arrays made;
    kill_with_a_batch(0, &made);
    const int32_t first = lanes_executor_pid(session);
    lanes_completion completion;
    cr_assert_eq(lanes_reconnects(session), 0);
    cr_assert_eq(lanes_wait(session, UINT64_MAX, &completion, &err), LANES_OK, "%s",
                 err.message);
    cr_assert_eq(completion.status, LANES_OK, "%s", completion.message);
    cr_assert_neq(lanes_executor_pid(session), first);
    cr_assert_eq(lanes_reconnects(session), 1);
    const double *data = lanes_segment_data(made.segment);
    for (uint32_t i = 0; i < COUNT; i++) {
        cr_assert_eq(data[2 * COUNT + i], 3.0 * i);
    }
    lanes_close(session);
    cr_assert_eq(waitpid(-1, NULL, 0), -1, "both were reaped");
}

Test(client_private, no_executor_is_started_when_the_client_ends)
{
    arrays made;
    kill_with_a_batch(0, &made);
    setenv("LANES_EXECUTOR", "/no/such/program", 1);
    const uint64_t start_ns = lanes_clock_ns();
    lanes_close(session);
    cr_assert_lt(lanes_clock_ns() - start_ns, SECOND);
    cr_assert_eq(waitpid(-1, NULL, 0), -1);
}

Test(client_private, one_that_cannot_be_started_again_is_unavailable)
{
    arrays made;
    kill_with_a_batch(0, &made);
    session->timeout_ns = 200 * MILLISECOND;
    setenv("FAKE_MODE", "exit", 1);
    lanes_completion completion;
    cr_assert_eq(lanes_wait(session, UINT64_MAX, &completion, &err), LANES_E_UNAVAILABLE);
    cr_assert_not_null(strstr(err.message, "1 batches have no completion"), "%s",
                       err.message);
    cr_assert_not_null(strstr(err.message, "exited with status 3"), "%s", err.message);
    cr_assert_eq(lanes_wait(session, UINT64_MAX, &completion, &err), LANES_E_PEER_GONE);
    cr_assert_eq(lanes_poll(session, &completion), LANES_E_PEER_GONE);
    lanes_close(session);
    cr_assert_eq(waitpid(-1, NULL, 0), -1, "all were reaped");
}

Test(client_private, forked_child_does_not_replace_it)
{
    arrays made;
    kill_with_a_batch(0, &made);
    const pid_t pid = fork();
    if (pid == 0) {
        lanes_completion completion;
        const bool is_refused =
            lanes_wait(session, UINT64_MAX, &completion, &err) == -ECHILD &&
            lanes_poll(session, &completion) == -ECHILD && lanes_reconnects(session) == 0;
        lanes_close(session);
        _exit(is_refused ? 0 : 1);
    }
    int status = -1;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert_eq(status, 0);
    lanes_completion completion;
    cr_assert_eq(lanes_wait(session, UINT64_MAX, &completion, &err), LANES_OK, "%s",
                 err.message);
    lanes_close(session);
}

Test(client_private, forked_child_leaves_the_executor_alone)
{
    cr_assert_eq(open_private("", 5000), LANES_OK);
    const pid_t pid = fork();
    if (pid == 0) {
        lanes_close(session);
        _exit(0);
    }
    cr_assert_eq(waitpid(pid, NULL, 0), pid);
    arrays made = make_arrays();
    const lanes_batch batch = make_batch(&made, 1);
    cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_OK);
    lanes_close(session);
}
