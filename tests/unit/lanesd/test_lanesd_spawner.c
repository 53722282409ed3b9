/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_lanesd_spawner.c - the process that starts compilers. A shell script stands in for
 * lanes-compiler and says in its exit status what it found.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine.h"
#include "os/os_file.h"
#include "os/os_memory.h"
#include "os/os_socket.h"
#include "os/os_wait.h"
#include "spawner.h"

#define TIMEOUT_NS UINT64_C(20000000000)

static char script[64];
static spawner self = SPAWNER_NONE;

static void write_script(const char *text)
{
    snprintf(script, sizeof(script), "/tmp/lanes-spawner-%d", (int)getpid());
    FILE *file = fopen(script, "w");
    cr_assert_not_null(file);
    fprintf(file, "#!/bin/sh\n%s", text);
    cr_assert_eq(fclose(file), 0);
    cr_assert_eq(chmod(script, 0700), 0);
}

static void teardown(void)
{
    spawner_end(&self);
    unlink(script);
}

TestSuite(lanesd_spawner, .fini = teardown, .timeout = 60);

static void start(const char *text)
{
    lanes_error err;
    write_script(text);
    cr_assert_eq(spawner_start(&self, script, &err), LANES_OK);
}

/* Starts the program and returns how it ended. */
static lanes_os_exit run(void)
{
    int fd = -1;
    lanes_os_child child = LANES_OS_CHILD_NONE;
    lanes_os_exit ended = {.code = -1};
    lanes_error err;
    const lanes_status status = spawner_run(&self, &fd, &child, &err);
    cr_assert_eq(status, LANES_OK, "%s", status < 0 ? err.message : "");
    cr_assert_eq(lanes_os_child_wait(&child, TIMEOUT_NS, &ended), LANES_OK);
    lanes_os_close(&fd);
    return ended;
}

static uint32_t count_fds(void)
{
    uint32_t count = 0;
    for (int fd = 0; fd < 256; fd++) {
        count += fcntl(fd, F_GETFD) >= 0;
    }
    return count;
}

Test(lanesd_spawner, the_program_gets_its_socket_and_nothing_else)
{
    /* The shell keeps the script open as 10. */
    const int extra = open("/dev/null", O_RDONLY);
    cr_assert_eq(fcntl(extra, F_DUPFD, 50), 50);
    lanes_os_signal_ignore(SIGINT);
    const int blocked[] = {SIGTERM};
    cr_assert_eq(lanes_os_signals_block(blocked, 1, NULL), LANES_OK);
    start("test \"$*\" = --socket-fd=3 || exit 2\n"
          "test $(readlink /proc/$$/fd/0) = /dev/null || exit 3\n"
          "test $(readlink /proc/$$/fd/1) = /dev/null || exit 4\n"
          "case $(readlink /proc/$$/fd/3) in socket:*) ;; *) exit 5 ;; esac\n"
          "for fd in 4 5 6 7 8 9 50 51 52; do\n"
          "    test -e /proc/$$/fd/$fd && exit 6\n"
          "done\n"
          "grep -q '^SigBlk:.*0000000000000000' /proc/self/status || exit 7\n"
          "grep -qE '^SigIgn:.*[08]0{7}$' /proc/self/status || exit 8\n"
          "set -- $(cat /proc/$$/stat); test \"$5\" = $$ || exit 9\n"
          "exit 42\n");
    const lanes_os_exit ended = run();
    cr_assert_eq(ended.code, 42, "exit status %d", ended.code);
}

Test(lanesd_spawner, its_end_is_told_to_the_executor)
{
    start("kill -9 $$\n");
    cr_assert_eq(run().signal_number, SIGKILL);
    cr_assert_eq(run().signal_number, SIGKILL, "again and again");
}

Test(lanesd_spawner, the_socket_leads_to_the_program)
{
    start("exec sleep 1000\n");
    int fd = -1;
    lanes_os_child child = LANES_OS_CHILD_NONE;
    cr_assert_eq(spawner_run(&self, &fd, &child, NULL), LANES_OK);
    cr_assert_not(lanes_os_socket_is_closed(fd));
    cr_assert_eq(lanes_os_child_signal(&child, SIGKILL), LANES_OK);
    cr_assert_eq(lanes_os_child_wait(&child, TIMEOUT_NS, NULL), LANES_OK);
    cr_assert(lanes_os_socket_is_closed(fd), "the spawner does not hold the other end");
    lanes_os_close(&fd);
}

static bool has_open_above(int32_t pid, int highest)
{
    char path[64];
    struct stat facts;
    for (int fd = highest + 1; fd < 64; fd++) {
        snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
        if (lstat(path, &facts) == 0) {
            return true;
        }
    }
    return false;
}

Test(lanesd_spawner, nothing_is_left_behind)
{
    start("exit 0\n");
    run();
    const uint32_t fds = count_fds();
    for (int i = 0; i < 50; i++) {
        run();
    }
    cr_assert_eq(count_fds(), fds);
    const int32_t pid = self.child.pid;
    bool is_clean = false;
    for (int i = 0; i < 1000 && !is_clean; i++) { /* it closes after it has answered */
        is_clean = !has_open_above(pid, 3);
        usleep(5000);
    }
    cr_assert(is_clean);
    spawner_end(&self);
    cr_assert_eq(kill(pid, 0), -1);
    cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1, "no child is left");
    cr_assert_eq(errno, ECHILD);
}

Test(lanesd_spawner, a_program_that_is_not_there_is_named_by_its_error)
{
    start("exit 0\n");
    cr_assert_eq(unlink(script), 0);
    for (int i = 0; i < 2; i++) {
        int fd = -1;
        lanes_os_child child = LANES_OS_CHILD_NONE;
        lanes_error err = {0};
        cr_assert_eq(spawner_run(&self, &fd, &child, &err), -ENOENT);
        cr_assert_not_null(strstr(err.message, script), "%s", err.message);
        cr_assert_eq(fd, -1);
    }
    cr_assert_eq(waitpid(-1, NULL, WNOHANG), 0, "the spawner is the only child");
    write_script("exit 5\n");
    cr_assert_eq(run().code, 5, "when it is there again, it is started");
}

Test(lanesd_spawner, one_that_is_gone_is_an_error_that_says_so)
{
    start("exit 0\n");
    cr_assert_eq(lanes_os_child_signal(&self.child, SIGKILL), LANES_OK);
    int fd = -1;
    lanes_os_child child = LANES_OS_CHILD_NONE;
    lanes_error err = {0};
    cr_assert_eq(lanes_os_poll(self.child.pidfd, LANES_OS_READABLE, TIMEOUT_NS),
                 LANES_OS_READABLE);
    cr_assert_eq(spawner_run(&self, &fd, &child, &err), LANES_E_UNAVAILABLE);
    cr_assert_not_null(strstr(err.message, "restart lanesd"), "%s", err.message);
}

Test(lanesd_spawner, it_ends_with_its_executor)
{
    write_script("exit 0\n");
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        spawner own = SPAWNER_NONE;
        if (spawner_start(&own, script, NULL) < 0 ||
            write(ends[1], &own.child.pid, sizeof(own.child.pid)) < 0) {
            _exit(1);
        }
        pause();
    }
    close(ends[1]);
    int32_t spawner_pid = 0;
    cr_assert_eq(read(ends[0], &spawner_pid, sizeof(spawner_pid)),
                 (ssize_t)sizeof(spawner_pid));
    lanes_os_child watched = {.pid = spawner_pid, .pidfd = -1};
    cr_assert_eq(lanes_os_process_open(spawner_pid, &watched.pidfd, NULL), LANES_OK);
    cr_assert_eq(kill(pid, SIGKILL), 0);
    cr_assert_eq(waitpid(pid, NULL, 0), pid);
    cr_assert_eq(lanes_os_poll(watched.pidfd, LANES_OS_READABLE, TIMEOUT_NS),
                 LANES_OS_READABLE);
    lanes_os_child_forget(&watched);
    close(ends[0]);
}

#if !defined(LANES_SANITIZED)

Test(lanesd_spawner, a_confined_executor_starts_programs_that_are_not)
{
    write_script("grep -q '^Seccomp:.*0' /proc/$$/status || exit 2\n"
                 "echo x >/dev/null || exit 3\nexit 42\n");
    const pid_t pid = fork();
    if (pid == 0) {
        int fd = -1;
        lanes_os_child child = LANES_OS_CHILD_NONE;
        lanes_os_exit ended = {.code = -1};
        bool is_good = spawner_start(&self, script, NULL) == LANES_OK &&
                       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                       confine_calls(false, NULL) == LANES_OK &&
                       spawner_run(&self, &fd, &child, NULL) == LANES_OK &&
                       lanes_os_child_wait(&child, TIMEOUT_NS, &ended) == LANES_OK;
        _exit(is_good ? ended.code : 1);
    }
    int status = -1;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFEXITED(status), "0x%x", (unsigned)status);
    cr_assert_eq(WEXITSTATUS(status), 42);
}

#endif
