/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_client_lost.c - no executor is there: what keeps another one from taking over, the
 * old one's process, event loops meanwhile.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "client/client_internal.h"
#include "os/os_memory.h"
#include "os/os_process.h"
#include "os/os_wait.h"
#include "unit/client/client_fixture.h"

TestSuite(client_lost, .timeout = 60, .fini = close_all);

/** Let the executor die with completions published, and nobody be there. */
static void strand(void)
{
    open_with((fake_plan){.death = FAKE_AFTER_PUBLISH, .death_batch = 1, .deaths = 1});
    arrays made = make_arrays();
    submit_tags(&made, 3);
    usleep(50000);
    session->timeout_ns = 50 * MILLISECOND;
    memcpy(session->target.socket, "/no/such", 9);
}

Test(client_lost, what_was_published_comes_before_that_nobody_takes_over)
{
    strand();
    lanes_completion completion;
    for (uint64_t tag = 1; tag <= 2; tag++) {
        cr_assert_eq(lanes_wait(session, UINT64_MAX, &completion, &err), LANES_OK);
        cr_assert_eq(completion.tag, tag);
    }
    cr_assert_eq(lanes_wait(session, UINT64_MAX, &completion, &err), LANES_E_UNAVAILABLE);
    cr_assert_not_null(strstr(err.message, "1 batches have no completion"), "%s",
                       err.message);
    cr_assert_not_null(strstr(err.message, "/no/such"), "%s", err.message);
    cr_assert_eq(lanes_wait(session, UINT64_MAX, &completion, &err), LANES_E_PEER_GONE);
    cr_assert_eq(lanes_fd(session), LANES_E_PEER_GONE);
}

Test(client_lost, what_was_published_comes_after_that_nobody_takes_over)
{
    strand();
    lanes_segment *segment = NULL;
    cr_assert_eq(lanes_segment_create(session, 1, &segment, &err), LANES_E_UNAVAILABLE);
    cr_assert_not_null(strstr(err.message, "1 batches have no completion"), "%s",
                       err.message);
    lanes_completion completion;
    cr_assert_eq(lanes_wait(session, UINT64_MAX, &completion, &err), LANES_OK);
    cr_assert_eq(completion.tag, 1);
    cr_assert_eq(lanes_poll(session, &completion), 1);
    cr_assert_eq(completion.tag, 2);
    cr_assert_eq(lanes_poll(session, &completion), LANES_E_PEER_GONE);
    cr_assert_eq(lanes_wait(session, 0, &completion, &err), LANES_E_PEER_GONE);
}

Test(client_lost, a_kernel_that_is_refused_ends_the_session)
{
    open_honest();
    arrays made = make_arrays();
    fake.plan = (fake_plan){.lie = FAKE_REFUSE,
                            .type = LANES_ABI_KERNEL_LOAD,
                            .status = LANES_E_IR_PARSE,
                            .death = FAKE_AFTER_STARTED,
                            .deaths = 1};
    submit_tags(&made, 1);
    lanes_completion completion;
    cr_assert_eq(lanes_wait(session, UINT64_MAX, &completion, &err), LANES_E_PEER_GONE);
    cr_assert_not_null(strstr(err.message, "a kernel cannot be loaded again"), "%s",
                       err.message);
    cr_assert_eq(fake.sessions, 2, "another one would say the same");
}

Test(client_lost, an_executor_of_another_version_ends_the_session)
{
    open_honest();
    arrays made = make_arrays();
    fake.plan = (fake_plan){.lie = FAKE_OTHER_VERSION,
                            .type = LANES_ABI_HELLO,
                            .death = FAKE_AFTER_STARTED,
                            .deaths = 1};
    submit_tags(&made, 1);
    lanes_completion completion;
    cr_assert_eq(lanes_wait(session, UINT64_MAX, &completion, &err), LANES_E_PEER_GONE);
    cr_assert_not_null(strstr(err.message, "version"), "%s", err.message);
}

/* ---- Processes ----------------------------------------------------------------------
 */

/** Let a child that ends after @p microseconds be what the session takes for its
 * executor's process. */
static pid_t set_process(unsigned microseconds)
{
    const pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close_range(3, ~0u, 0); /* the fake's end of the socket is among them */
        usleep(microseconds);
        _exit(0);
    }
    lanes_os_close(&session->process);
    cr_assert_eq(lanes_os_process_open(child, &session->process, &err), LANES_OK);
    return child;
}

Test(client_lost, batches_run_again_only_when_the_process_has_ended)
{
    open_with((fake_plan){.death = FAKE_AFTER_STARTED, .deaths = 1});
    arrays made = make_arrays();
    const pid_t child = set_process(300000);
    const uint64_t start_ns = lanes_clock_ns();
    const lanes_batch batch = make_batch(&made, 1);
    cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_OK, "%s", err.message);
    cr_assert_geq(lanes_clock_ns() - start_ns, 250 * MILLISECOND);
    cr_assert_eq(waitpid(child, NULL, 0), child);
}

Test(client_lost, a_process_that_does_not_end_may_still_write)
{
    open_with((fake_plan){.death = FAKE_AFTER_STARTED, .deaths = 1});
    arrays made = make_arrays();
    const pid_t child = set_process(50000000);
    session->timeout_ns = 100 * MILLISECOND;
    const lanes_batch batch = make_batch(&made, 1);
    cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_E_PEER_GONE);
    cr_assert_not_null(strstr(err.message, "does not end"), "%s", err.message);
    cr_assert_eq(fake.sessions, 1);
    kill(child, SIGKILL);
    cr_assert_eq(waitpid(child, NULL, 0), child);
}

Test(client_lost, a_forked_child_recovers_nothing)
{
    open_with((fake_plan){.death = FAKE_AFTER_STARTED, .death_batch = 0, .deaths = 1});
    arrays made = make_arrays();
    const int fd = lanes_fd(session);
    submit_tags(&made, 1);
    usleep(50000);
    const pid_t child = fork();
    if (child == 0) {
        lanes_completion completion;
        const lanes_batch batch = make_batch(&made, 1);
        const bool is_refused =
            lanes_wait(session, SECOND, &completion, &err) == -ECHILD &&
            lanes_poll(session, &completion) == -ECHILD &&
            lanes_submit(session, &batch, &err) == -ECHILD;
        lanes_kernel_release(made.kernel);
        lanes_close(session);
        _exit(is_refused ? 0 : 1);
    }
    int status = -1;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    cr_assert_gt(lanes_os_poll(fd, LANES_OS_READABLE, 5 * SECOND), 0);
    lanes_status outcome[2];
    wait_for_all(1, outcome);
    cr_assert_eq(outcome[1], LANES_OK);
    cr_assert_eq(fake.sessions, 2);
}

/* ---- Event loops --------------------------------------------------------------------
 */

/** Get @p count completions as an event loop does. */
static void loop_for(int fd, uint32_t count)
{
    for (uint32_t i = 0; i < count;) {
        lanes_completion completion;
        cr_assert_gt(lanes_os_poll(fd, LANES_OS_READABLE, 10 * SECOND), 0, "%u of %u", i,
                     count);
        lanes_status found = 1;
        while (found == 1) {
            found = lanes_poll(session, &completion);
            cr_assert_geq(found, 0);
            i += found == 1;
        }
    }
}

Test(client_lost, event_loops_keep_their_descriptor)
{
    open_with((fake_plan){.death = FAKE_AFTER_STARTED, .death_batch = 2, .deaths = 3});
    arrays made = make_arrays();
    const int fd = lanes_fd(session);
    submit_tags(&made, 20);
    loop_for(fd, 20);
    cr_assert_eq(lanes_reconnects(session), 3);
    cr_assert_eq(lanes_fd(session), fd);
    for (uint32_t i = 0; i < 20; i++) {
        submit_tags(&made, 1);
        loop_for(fd, 1);
    }
    lanes_completion completion;
    cr_assert_eq(lanes_poll(session, &completion), 0);
    cr_assert_eq(lanes_os_poll(fd, LANES_OS_READABLE, 0), 0, "drained");
}

Test(client_lost, event_loops_see_nothing_of_what_forked_children_hold)
{
    open_with((fake_plan){.death = FAKE_AFTER_STARTED, .deaths = 1});
    arrays made = make_arrays();
    const int fd = lanes_fd(session);
    const pid_t child = fork(); /* has duplicates of the socket and the event */
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        lanes_os_close(&fake.served); /* the executor's end is the executor's */
        pause();
    }
    submit_tags(&made, 1);
    loop_for(fd, 1);
    cr_assert_eq(lanes_reconnects(session), 1);
    lanes_completion completion;
    cr_assert_eq(lanes_poll(session, &completion), 0);
    cr_assert_eq(lanes_os_poll(fd, LANES_OS_READABLE, 0), 0, "drained");
    kill(child, SIGKILL);
    cr_assert_eq(waitpid(child, NULL, 0), child);
}

Test(client_lost, event_loops_are_told_of_what_others_found)
{
    open_with((fake_plan){.death = FAKE_AFTER_PUBLISH, .death_batch = 2, .deaths = 1});
    arrays made = make_arrays();
    const int fd = lanes_fd(session);
    submit_tags(&made, 3);
    usleep(50000);
    lanes_segment *segment = NULL;
    cr_assert_eq(lanes_segment_create(session, 1, &segment, &err), LANES_OK);
    cr_assert_eq(lanes_reconnects(session), 1);
    loop_for(fd, 3);
}

Test(client_lost, event_loops_wait_for_an_executor_without_blocking)
{
    open_with((fake_plan){.death = FAKE_AFTER_STARTED, .deaths = 1});
    arrays made = make_arrays();
    const int fd = lanes_fd(session);
    const char first = session->target.socket[1];
    submit_tags(&made, 1);
    usleep(50000);
    session->target.socket[1] = '!';
    lanes_completion completion;
    for (uint32_t i = 0; i < 10; i++) {
        cr_assert_gt(lanes_os_poll(fd, LANES_OS_READABLE, 5 * SECOND), 0);
        const uint64_t start_ns = lanes_clock_ns();
        cr_assert_eq(lanes_poll(session, &completion), 0);
        cr_assert_lt(lanes_clock_ns() - start_ns, SECOND);
    }
    cr_assert_eq(lanes_wait(session, 0, &completion, &err), LANES_E_TIMED_OUT);
    session->target.socket[1] = first;
    loop_for(fd, 1);
    cr_assert_eq(lanes_reconnects(session), 1);
}

Test(client_lost, event_loops_are_told_when_nobody_comes)
{
    open_with((fake_plan){.death = FAKE_AFTER_STARTED, .deaths = 1});
    arrays made = make_arrays();
    const int fd = lanes_fd(session);
    submit_tags(&made, 1);
    usleep(50000);
    session->target.socket[1] = '!';
    session->timeout_ns = 100 * MILLISECOND;
    lanes_status found = 0;
    lanes_completion completion;
    while (found == 0) {
        cr_assert_gt(lanes_os_poll(fd, LANES_OS_READABLE, 5 * SECOND), 0);
        found = lanes_poll(session, &completion);
    }
    cr_assert_eq(found, LANES_E_UNAVAILABLE);
    cr_assert_eq(lanes_poll(session, &completion), LANES_E_PEER_GONE);
}

Test(client_lost, an_event_loop_may_begin_while_nobody_is_there)
{
    open_with((fake_plan){.death = FAKE_AFTER_STARTED, .deaths = 1});
    arrays made = make_arrays();
    submit_tags(&made, 1);
    usleep(50000);
    lanes_kernel *other = load_add(); /* found, and replaced */
    cr_assert_eq(lanes_reconnects(session), 1);
    fake.plan = (fake_plan){
        .lie = FAKE_HANG_UP, .type = LANES_ABI_KERNEL_RELEASE, .deaths = fake.deaths + 1};
    lanes_kernel_release(other); /* found, not replaced */
    cr_assert_neq(session->lost_ns, 0);
    loop_for(lanes_fd(session), 1);
}

Test(client_lost, a_lost_session_without_batches_needs_nobody)
{
    open_with((fake_plan){.death = FAKE_AFTER_PUBLISH, .deaths = 1});
    arrays made = make_arrays();
    const int fd = lanes_fd(session);
    submit_tags(&made, 1);
    loop_for(fd, 1);
    lanes_completion completion;
    usleep(50000);
    while (lanes_os_poll(fd, LANES_OS_READABLE, 0) > 0) {
        cr_assert_eq(lanes_poll(session, &completion), 0);
    }
    cr_assert_neq(session->lost_ns, 0);
    cr_assert_eq(fake.sessions, 1);
    cr_assert_eq(lanes_wait(session, SECOND, &completion, &err), LANES_E_INVALID);
    submit_tags(&made, 1);
    loop_for(fd, 1);
    cr_assert_eq(fake.sessions, 2);
}
