/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_os_process.c - spawn, fork, reaping, limits, signals as descriptors.
 */
#include "os/os_process.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/os_file.h"
#include "os/os_memory.h"
#include "os/os_wait.h"

#define SECOND 1000000000ull

/** Run a shell script with @p spawn's other fields and return how it ended. */
static lanes_os_exit run_script(lanes_os_spawn spawn, const char *script)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    spawn.path = "/bin/sh";
    spawn.argv = argv;
    lanes_os_child child = LANES_OS_CHILD_NONE;
    lanes_error err;
    cr_assert_eq(lanes_os_spawn_program(&spawn, &child, &err), LANES_OK);
    lanes_os_exit ended;
    cr_assert_eq(lanes_os_child_wait(&child, 10 * SECOND, &ended), LANES_OK);
    cr_assert(child.pid == 0 && child.pidfd == -1);
    return ended;
}

Test(os_process, exit_status_and_usage_are_reported, .timeout = 20)
{
    const lanes_os_exit ended = run_script((lanes_os_spawn){.path = NULL}, "exit 7");
    cr_assert_eq(ended.code, 7);
    cr_assert_eq(ended.signal_number, 0);
    cr_assert_gt(ended.peak_rss_bytes, 100000);
    char text[64];
    lanes_os_exit_format(&ended, text, sizeof(text));
    cr_assert_str_eq(text, "exited with status 7");
}

Test(os_process, killing_signal_is_reported, .timeout = 20)
{
    const lanes_os_exit ended =
        run_script((lanes_os_spawn){.path = NULL}, "kill -TERM $$");
    cr_assert_eq(ended.signal_number, SIGTERM);
    char text[64];
    lanes_os_exit_format(&ended, text, sizeof(text));
    cr_assert_str_eq(text, "was killed by SIGTERM");
}

Test(os_process, missing_program_is_an_error_that_names_it)
{
    const char *const argv[] = {"no", NULL};
    const lanes_os_spawn spawn = {.path = "/no/such/program", .argv = argv};
    lanes_os_child child = LANES_OS_CHILD_NONE;
    lanes_error err;
    cr_assert_eq(lanes_os_spawn_program(&spawn, &child, &err), -ENOENT);
    cr_assert_not_null(strstr(err.message, "/no/such/program"));
    cr_assert_eq(child.pidfd, -1);
}

Test(os_process, child_gets_the_named_descriptors_and_no_others, .timeout = 20)
{
    int a = -1;
    int b = -1;
    cr_assert_eq(lanes_os_memfd_create("a", 0, &a, NULL), LANES_OK);
    cr_assert_eq(lanes_os_memfd_create("b", 0, &b, NULL), LANES_OK);
    cr_assert_eq(lanes_os_write_all(a, "alpha\n", 6, NULL), LANES_OK);
    cr_assert_eq(lanes_os_write_all(b, "beta\n", 5, NULL), LANES_OK);
    lseek(a, 0, SEEK_SET);
    lseek(b, 0, SEEK_SET);
    /* Inheritable, but not named: must not arrive. */
    cr_assert_geq(dup2(a, 100), 0);
    /* The targets are each other's sources, which naive dup2() calls would mix up. */
    lanes_os_spawn spawn = {.fd_count = 2,
                            .fds = {{.from = a, .to = b}, {.from = b, .to = a}}};
    char script[256];
    snprintf(script, sizeof(script),
             "read x </proc/self/fd/%d; read y </proc/self/fd/%d; "
             "test \"$x$y\" = betaalpha || exit 1; "
             "test ! -e /proc/self/fd/100 || exit 2",
             a, b);
    cr_assert_eq(run_script(spawn, script).code, 0);
}

Test(os_process, descriptor_can_keep_its_number, .timeout = 20)
{
    int fd = -1;
    cr_assert_eq(lanes_os_memfd_create("same", 0, &fd, NULL), LANES_OK);
    const lanes_os_spawn spawn = {.fd_count = 1, .fds = {{.from = fd, .to = fd}}};
    char script[64];
    snprintf(script, sizeof(script), "test -e /proc/self/fd/%d", fd);
    cr_assert_eq(run_script(spawn, script).code, 0);
}

Test(os_process, child_starts_with_clean_signals_and_null_streams, .timeout = 20)
{
    const int term = SIGTERM;
    cr_assert_eq(lanes_os_signals_block(&term, 1, NULL), LANES_OK);
    lanes_os_signal_ignore(SIGUSR1);
    /* glibc ignores its own signals 32 and 33 in the child; 1 to 31 are what counts. */
    const lanes_os_exit ended =
        run_script((lanes_os_spawn){.path = NULL},
                   "test $(readlink /proc/self/fd/0) = /dev/null || exit 1\n"
                   "grep -q '^SigBlk:.*0000000000000000' /proc/self/status || exit 2\n"
                   "grep -qE '^SigIgn:.*[08]0{7}$' /proc/self/status || exit 3\n");
    cr_assert_eq(ended.code, 0, "check %d of the script", ended.code);
    lanes_os_signals_unblock_all();
}

Test(os_process, own_group_and_environment, .timeout = 20)
{
    const char *const environment[] = {"LANES_WORD=yes", NULL};
    const lanes_os_spawn spawn = {.flags = LANES_OS_SPAWN_OWN_GROUP, .envp = environment};
    const lanes_os_exit ended =
        run_script(spawn, "test \"$LANES_WORD\" = yes || exit 1\n"
                          "set -- $(cat /proc/$$/stat); test \"$5\" = $$ || exit 2\n");
    cr_assert_eq(ended.code, 0);
}

/** All that comes from @p fd until its end, which is then closed. */
static size_t read_to_end(int fd, char *buffer, size_t bytes)
{
    size_t used = 0;
    int64_t got = 0;
    while ((got = lanes_os_read_some(fd, buffer + used, bytes - used)) > 0) {
        used += (size_t)got;
    }
    cr_assert_eq(got, 0);
    lanes_os_close(&fd);
    return used;
}

Test(os_process, output_comes_through_a_pipe_to_its_end, .timeout = 20)
{
    static char output[300000];
    /* More than a pipe holds, so that the child has to wait for the reader. */
    const char *const argv[] = {"sh", "-c", "head -c 200000 /dev/zero; echo end; exit 5",
                                NULL};
    int fd = -1;
    int other = -1;
    cr_assert_eq(lanes_os_memfd_create("other", 0, &other, NULL), LANES_OK);
    const lanes_os_spawn spawn = {.path = "/bin/sh",
                                  .argv = argv,
                                  .fd_count = 1,
                                  .fds = {{.from = other, .to = 50}},
                                  .out_output = &fd};
    lanes_os_child child = LANES_OS_CHILD_NONE;
    cr_assert_eq(lanes_os_spawn_program(&spawn, &child, NULL), LANES_OK);
    cr_assert_geq(fd, 3);
    cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    cr_assert_eq(read_to_end(fd, output, sizeof(output)), 200004);
    cr_assert_eq(memcmp(output + 200000, "end\n", 4), 0);
    lanes_os_exit ended;
    cr_assert_eq(lanes_os_child_wait(&child, 10 * SECOND, &ended), LANES_OK);
    cr_assert_eq(ended.code, 5);
}

Test(os_process, pipe_of_a_program_that_does_not_start_is_closed, .timeout = 20)
{
    const char *const argv[] = {"no", NULL};
    int fd = -1;
    const lanes_os_spawn spawn = {
        .path = "/no/such/program", .argv = argv, .out_output = &fd};
    lanes_os_child child = LANES_OS_CHILD_NONE;
    const int next = dup(0);
    close(next);
    cr_assert_eq(lanes_os_spawn_program(&spawn, &child, NULL), -ENOENT);
    cr_assert_eq(fd, -1);
    cr_assert_eq(dup(0), next, "a descriptor was left open");
}

Test(os_process, path_is_searched_only_if_wanted, .timeout = 20)
{
    const char *const argv[] = {"sh", "-c", "exit 4", NULL};
    lanes_os_spawn spawn = {.path = "sh", .argv = argv};
    lanes_os_child child = LANES_OS_CHILD_NONE;
    cr_assert_eq(lanes_os_spawn_program(&spawn, &child, NULL), -ENOENT);
    spawn.flags = LANES_OS_SPAWN_SEARCH;
    cr_assert_eq(lanes_os_spawn_program(&spawn, &child, NULL), LANES_OK);
    lanes_os_exit ended;
    cr_assert_eq(lanes_os_child_wait(&child, 10 * SECOND, &ended), LANES_OK);
    cr_assert_eq(ended.code, 4);
}

Test(os_process, wait_times_out_while_the_child_runs, .timeout = 20)
{
    lanes_os_child child = LANES_OS_CHILD_NONE;
    cr_assert_eq(lanes_os_fork(&child, NULL), LANES_OK);
    if (child.pid == 0) {
        for (;;) {
            pause();
        }
    }
    cr_assert_eq(lanes_os_child_wait(&child, 1000000, NULL), LANES_E_TIMED_OUT);
    cr_assert_geq(child.pidfd, 0);
    cr_assert_eq(lanes_os_child_signal(&child, SIGKILL), LANES_OK);
    lanes_os_exit ended;
    cr_assert_eq(lanes_os_child_wait(&child, 10 * SECOND, &ended), LANES_OK);
    cr_assert_eq(ended.signal_number, SIGKILL);
}

Test(os_process, child_reaped_by_the_program_has_unknown_status, .timeout = 20)
{
    lanes_os_child child = LANES_OS_CHILD_NONE;
    cr_assert_eq(lanes_os_fork(&child, NULL), LANES_OK);
    if (child.pid == 0) {
        lanes_os_exit_now(3);
    }
    cr_assert_eq(waitpid(child.pid, NULL, 0), child.pid);
    cr_assert_eq(lanes_os_child_signal(&child, SIGKILL), LANES_OK);
    lanes_os_exit ended;
    cr_assert_eq(lanes_os_child_wait(&child, 10 * SECOND, &ended), LANES_OK);
    cr_assert(ended.code == -1 && ended.signal_number == 0);
    char text[64];
    lanes_os_exit_format(&ended, text, sizeof(text));
    cr_assert_str_eq(text, "ended with unknown status");
}

Test(os_process, any_process_can_be_watched, .timeout = 20)
{
    int pidfd = -1;
    cr_assert_eq(lanes_os_process_open(lanes_os_pid(), &pidfd, NULL), LANES_OK);
    cr_assert_eq(lanes_os_poll(pidfd, LANES_OS_READABLE, 0), 0);
    lanes_error err;
    cr_assert_lt(lanes_os_process_open(1 << 30, &pidfd, &err), 0);
}

Test(os_process, child_dies_with_its_parent, .timeout = 20)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    lanes_os_child child = LANES_OS_CHILD_NONE;
    cr_assert_eq(lanes_os_fork(&child, NULL), LANES_OK);
    if (child.pid == 0) {
        const int32_t parent = lanes_os_pid();
        lanes_os_child grandchild = LANES_OS_CHILD_NONE;
        if (lanes_os_fork(&grandchild, NULL) == LANES_OK && grandchild.pid == 0) {
            if (lanes_os_die_with_parent(parent, SIGKILL, NULL) == LANES_OK) {
                close(ends[0]);
                pause();
            }
        }
        lanes_os_exit_now(0);
    }
    close(ends[1]);
    cr_assert_eq(lanes_os_child_wait(&child, 10 * SECOND, NULL), LANES_OK);
    char byte = 0;
    cr_assert_eq(lanes_os_read_some(ends[0], &byte, 1), 0, "the last writer is gone");
}

Test(os_process, limits_are_set_and_read)
{
    uint64_t soft = 0;
    uint64_t hard = 0;
    cr_assert_eq(lanes_os_limit_set(LANES_OS_LIMIT_OPEN_FILES, 200, 300, NULL), LANES_OK);
    cr_assert_eq(lanes_os_limit_get(LANES_OS_LIMIT_OPEN_FILES, &soft, &hard, NULL),
                 LANES_OK);
    cr_assert(soft == 200 && hard == 300);
    lanes_error err;
    cr_assert_eq(lanes_os_limit_set(LANES_OS_LIMIT_OPEN_FILES, 400, 300, &err), -EINVAL);
    const enum lanes_os_limit all[] = {
        LANES_OS_LIMIT_CPU_SECONDS, LANES_OS_LIMIT_ADDRESS_SPACE_BYTES,
        LANES_OS_LIMIT_FILE_BYTES,  LANES_OS_LIMIT_CORE_BYTES,
        LANES_OS_LIMIT_PROCESSES,   LANES_OS_LIMIT_STACK_BYTES,
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(all); i++) {
        cr_assert_eq(lanes_os_limit_get(all[i], &soft, &hard, NULL), LANES_OK);
    }
}

Test(os_process, blocked_signals_are_read_from_a_descriptor)
{
    const int signals[] = {SIGTERM, SIGHUP};
    int fd = -1;
    cr_assert_eq(lanes_os_signals_block(signals, 2, NULL), LANES_OK);
    cr_assert_eq(lanes_os_signal_fd(signals, 2, &fd, NULL), LANES_OK);
    cr_assert_eq(lanes_os_signal_take(fd), 0);
    cr_assert_eq(raise(SIGHUP), 0);
    cr_assert_eq(lanes_os_poll(fd, LANES_OS_READABLE, 0),
                 (lanes_status)LANES_OS_READABLE);
    cr_assert_eq(lanes_os_signal_take(fd), SIGHUP);
    cr_assert_eq(lanes_os_signal_take(fd), 0);
}

/* ---- Becoming another program, and telling who started us ---------------------------
 */

Test(os_process, a_process_becomes_another_program, .timeout = 20)
{
    lanes_os_child child = LANES_OS_CHILD_NONE;
    cr_assert_eq(lanes_os_fork(&child, NULL), LANES_OK);
    if (child.pid == 0) {
        const char *const argv[] = {"sh", "-c", "exit 9", NULL};
        LANES_IGNORE(lanes_os_exec("/bin/sh", argv, NULL), "the status tells");
        lanes_os_exit_now(1);
    }
    lanes_os_exit ended;
    cr_assert_eq(lanes_os_child_wait(&child, 10 * SECOND, &ended), LANES_OK);
    cr_assert_eq(ended.code, 9);
    const char *const argv[] = {"no", NULL};
    lanes_error err;
    cr_assert_eq(lanes_os_exec("/no/such/program", argv, &err), -ENOENT);
    cr_assert_not_null(strstr(err.message, "/no/such/program"));
}

/* Receives at an address of @p length bytes, whose name is @p name, what is notified. */
static void expect_notified(const struct sockaddr_un *address, size_t length,
                            const char *name)
{
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(fd, (const struct sockaddr *)address, (socklen_t)length), 0);
    setenv("NOTIFY_SOCKET", name, 1);
    int notify_fd = -1;
    cr_assert_eq(lanes_os_notify_open(&notify_fd, NULL), LANES_OK);
    cr_assert_eq(lanes_os_notify(notify_fd, "READY=1", NULL), LANES_OK);
    char text[64] = "";
    cr_assert_eq(recv(fd, text, sizeof(text), MSG_DONTWAIT), 7);
    cr_assert_str_eq(text, "READY=1");
    close(fd);
    cr_assert_eq(lanes_os_notify(notify_fd, "READY=1", NULL), -ECONNREFUSED);
    lanes_os_close(&notify_fd);
}

Test(os_process, the_service_manager_is_told)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/lanes-notify-%d",
             lanes_os_pid());
    expect_notified(&address, sizeof(address), address.sun_path);
    unlink(address.sun_path);
    char name[64];
    snprintf(name, sizeof(name), "@lanes-notify-%d", lanes_os_pid());
    memcpy(address.sun_path, name, strlen(name));
    address.sun_path[0] = '\0';
    expect_notified(&address, offsetof(struct sockaddr_un, sun_path) + strlen(name),
                    name);
}

Test(os_process, without_a_service_manager_nobody_is_told)
{
    lanes_error err;
    int fd = 7;
    unsetenv("NOTIFY_SOCKET");
    cr_assert_eq(lanes_os_notify_open(&fd, &err), LANES_OK);
    cr_assert_eq(fd, -1);
    setenv("NOTIFY_SOCKET", "", 1);
    cr_assert_eq(lanes_os_notify_open(&fd, &err), LANES_OK);
    cr_assert_eq(fd, -1);
    cr_assert_eq(lanes_os_notify(fd, "READY=1", &err), LANES_OK);
    char path[200];
    memset(path, '/', sizeof(path));
    path[sizeof(path) - 1] = '\0';
    setenv("NOTIFY_SOCKET", path, 1);
    cr_assert_eq(lanes_os_notify_open(&fd, &err), LANES_E_INVALID);
    setenv("NOTIFY_SOCKET", "here", 1);
    cr_assert_eq(lanes_os_notify_open(&fd, &err), LANES_E_INVALID);
    cr_assert_str_eq(err.message, "NOTIFY_SOCKET 'here' is no address of a socket");
    setenv("NOTIFY_SOCKET", "/no/such/socket", 1);
    const int before = dup(0);
    cr_assert_eq(lanes_os_notify_open(&fd, &err), -ENOENT);
    const int after = dup(0);
    cr_assert_eq(after, before + 1, "a descriptor is left open");
}
