/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_client_open.c - finding an executor by path, the hello exchange, other users.
 * Private executors are in test_client_private.c.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include "unit/client/client_fixture.h"

TestSuite(client_open, .timeout = 30);

Test(client_open, session_knows_its_executor)
{
    open_honest();
    cr_assert_eq(lanes_executor_pid(session), getpid());
    cr_assert_eq(lanes_executor_threads(session), 3);
    cr_assert_not_null(strchr(lanes_version(), '.'));
    close_all();
    lanes_close(NULL);
}

Test(client_open, threads_are_those_of_now)
{
    open_with((fake_plan){.lie = FAKE_HONEST, .threads = 5});
    cr_assert_eq(lanes_executor_threads(session), 5, "the hello said 3");
    const pid_t child = fork();
    if (child == 0) {
        _exit(lanes_executor_threads(session) == 3 ? 0 : 1); /* no rings of its own */
    }
    int ended = -1;
    cr_assert_eq(waitpid(child, &ended, 0), child);
    cr_assert_eq(ended, 0);
    close_all();
}

Test(client_open, sessions_follow_each_other)
{
    open_honest();
    for (int i = 0; i < 20; i++) {
        lanes_close(session);
        const lanes_open_options options = fake_options();
        cr_assert_eq(lanes_open(&options, &session, &err), LANES_OK);
    }
    close_all();
}

Test(client_open, environment_names_the_socket)
{
    fake_start(&fake, (fake_plan){.lie = FAKE_HONEST});
    setenv("LANES_SOCKET", fake.path, 1);
    cr_assert_eq(lanes_open(NULL, &session, &err), LANES_OK);
    close_all();
    /* Named, so no private executor replaces it. */
    setenv("LANES_EXECUTOR", "/bin/true", 1);
    cr_assert_eq(lanes_open(NULL, &session, &err), LANES_E_UNAVAILABLE);
    cr_assert_not_null(strstr(err.message, "lanes.sock"));
}

Test(client_open, runtime_folder_is_the_default)
{
    fake_start(&fake, (fake_plan){.lie = FAKE_HONEST});
    /* The default is $XDG_RUNTIME_DIR/lanes/lanes.sock: give the folder that name. */
    char runtime[] = "/tmp/lanes-test-XXXXXX";
    char link_path[64];
    cr_assert_not_null(mkdtemp(runtime));
    snprintf(link_path, sizeof(link_path), "%s/lanes", runtime);
    unsetenv("LANES_SOCKET");
    setenv("XDG_RUNTIME_DIR", runtime, 1);
    lanes_open_options options;
    lanes_open_options_default(&options);
    options.flags = LANES_OPEN_NO_PRIVATE;
    cr_assert_eq(lanes_open(&options, &session, &err), LANES_E_UNAVAILABLE);
    cr_assert_eq(rename(fake.folder, link_path), 0);
    cr_assert_eq(lanes_open(&options, &session, &err), LANES_OK);
    lanes_close(session);
    session = NULL;
    cr_assert_eq(rename(link_path, fake.folder), 0);
    cr_assert_eq(rmdir(runtime), 0);
    fake_stop(&fake);
}

Test(client_open, options_are_checked)
{
    const lanes_open_options good = {.struct_bytes = sizeof(lanes_open_options)};
    lanes_open_options cases[6];
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        cases[i] = good;
    }
    cases[0].struct_bytes = 0;
    cases[1].flags = 1u << 5;
    cases[2].reserved = 1;
    cases[3].flags = LANES_OPEN_PRIVATE | LANES_OPEN_NO_PRIVATE;
    cases[4].flags = LANES_OPEN_PRIVATE;
    cases[4].socket = "/x";
    cases[5].spin_us = 1000001;
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        cr_assert_eq(lanes_open(&cases[i], &session, &err), LANES_E_INVALID, "case %zu",
                     i);
        cr_assert_null(session);
    }
}

Test(client_open, socket_of_another_user_is_refused)
{
    fake_start(&fake, (fake_plan){.lie = FAKE_HONEST});
    uid_offset = 1;
    const lanes_open_options options = fake_options();
    cr_assert_eq(lanes_open(&options, &session, &err), LANES_E_FOREIGN_UID);
    uid_offset = 0;
    cr_assert_eq(chmod(fake.folder, 0777), 0);
    cr_assert_eq(lanes_open(&options, &session, &err), LANES_E_FOREIGN_UID);
    fake_stop(&fake);
}

/** Open with a fake that spoils its hello; nothing may stay open. */
static lanes_status open_with_lie(enum fake_lie lie)
{
    fake_start(&fake,
               (fake_plan){.lie = lie, .type = LANES_ABI_HELLO, .status = LANES_E_QUOTA});
    lanes_open_options options = fake_options();
    options.timeout_ms = lie == FAKE_SILENT ? 20 : 2000;
    const lanes_status status = lanes_open(&options, &session, &err);
    cr_assert_null(session);
    fake_stop(&fake);
    return status;
}

Test(client_open, spoilt_hellos_are_refused)
{
    const struct {
        enum fake_lie lie;
        lanes_status expected;
    } cases[] = {
        {FAKE_REFUSE, LANES_E_QUOTA},
        {FAKE_SILENT, LANES_E_TIMED_OUT},
        {FAKE_HANG_UP, LANES_E_PEER_GONE},
        {FAKE_OTHER_TYPE, LANES_E_PROTOCOL},
        {FAKE_OTHER_NUMBER, LANES_E_PROTOCOL},
        {FAKE_OTHER_BYTES, LANES_E_PROTOCOL},
        {FAKE_POSITIVE, LANES_E_PROTOCOL},
        {FAKE_TOO_SHORT, LANES_E_PROTOCOL},
        {FAKE_TOO_LONG, LANES_E_PROTOCOL},
        {FAKE_SHORT_FAILURE, LANES_E_PROTOCOL},
        {FAKE_FEWER_FDS, LANES_E_PROTOCOL},
        {FAKE_WRONG_FDS, LANES_E_PROTOCOL},
        {FAKE_OTHER_VERSION, LANES_E_ABI_MISMATCH},
        {FAKE_OTHER_MAGIC, LANES_E_ABI_MISMATCH},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        cr_assert_eq(open_with_lie(cases[i].lie), cases[i].expected, "lie %d: %s",
                     (int)cases[i].lie, err.message);
        cr_assert_eq(err.code, cases[i].expected);
    }
}

Test(client_open, lack_of_memory_is_an_error)
{
    fake_start(&fake, (fake_plan){.lie = FAKE_HONEST});
    const lanes_open_options options = fake_options();
    fail_allocation(0);
    cr_assert_eq(lanes_open(&options, &session, &err), -ENOMEM);
    fake_stop(&fake);
}

Test(client_open, forked_child_is_refused_and_harms_nothing)
{
    open_honest();
    arrays made = make_arrays();
    const lanes_batch batch = make_batch(&made, 1);
    const pid_t pid = fork();
    if (pid == 0) {
        lanes_completion completion;
        lanes_segment *segment = NULL;
        lanes_kernel *kernel = NULL;
        char *json = NULL;
        const bool is_refused =
            lanes_submit(session, &batch, &err) == -ECHILD &&
            lanes_wait(session, 0, &completion, &err) == -ECHILD &&
            lanes_poll(session, &completion) == -ECHILD &&
            lanes_run(session, &batch, NULL, &err) == -ECHILD &&
            lanes_segment_create(session, 1, &segment, &err) == -ECHILD &&
            lanes_segment_attach_fd(session, 0, 0, &segment, &err) == -ECHILD &&
            lanes_segment_attach_name(session, "/x", 0, &segment, &err) == -ECHILD &&
            lanes_kernel_load(session, "x", 1, NULL, &kernel, &err) == -ECHILD &&
            lanes_kernel_report(made.kernel, &json, &err) == -ECHILD &&
            lanes_fd(session) == -ECHILD;
        lanes_kernel_release(made.kernel);
        lanes_segment_release(made.segment);
        lanes_close(session);
        _exit(is_refused ? 0 : 1);
    }
    int status = -1;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert_eq(status, 0);
    cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_OK, "the parent goes on");
    close_all();
}
