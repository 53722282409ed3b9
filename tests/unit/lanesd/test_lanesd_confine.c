/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_lanesd_confine.c - what an executor can still do, each in a process of its own.
 *
 * A process that is confined makes one call, and its end says what became of it. What
 * real executors need is seen by every test that runs lanesd; what they may not do, here.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "confine.h"

enum { ENDED_OK = 0, ENDED_FALSE = 1, ENDED_NOT_CONFINED = 99 };

/* In a confined process: ends it if @p condition is false. */
static void expect(bool condition)
{
    if (!condition) {
        _exit(ENDED_FALSE);
    }
}

/* What waitpid() says of a process that was confined by @p confine and then ran @p body.
 */
static int status_of(bool (*confine)(void), void (*body)(long argument), long argument)
{
    const pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0) {
        if (!confine()) {
            _exit(ENDED_NOT_CONFINED);
        }
        body(argument);
        _exit(ENDED_OK);
    }
    int status = -1;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    return status;
}

static bool memory_only(void)
{
    return confine_memory(NULL) == LANES_OK;
}

static void be_undumpable(long argument)
{
    (void)argument;
    struct rlimit core;
    expect(prctl(PR_GET_DUMPABLE) == 0);
    expect(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 &&
           core.rlim_max == 0);
}

Test(lanesd_confine, memory_is_nobodys_business, .timeout = 30)
{
    cr_assert_eq(status_of(memory_only, be_undumpable, 0), ENDED_OK);
}

/* Sanitizers need other calls, so their builds have no sandbox. */
#if !defined(LANES_SANITIZED)

/* ---- Calls --------------------------------------------------------------------------
 */

static bool calls_reading(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           confine_calls(false, NULL) == LANES_OK;
}

static bool calls_writing(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           confine_calls(true, NULL) == LANES_OK;
}

static void call_plainly(long number)
{
    syscall(number, 0, 0, 0, 0, 0, 0);
}

static const struct {
    const char *name;
    long number;
} hostile[] = {
#define ROW(name) {#name, SYS_##name}
    ROW(execve),
    ROW(execveat),
#ifdef SYS_fork
    ROW(fork),
    ROW(vfork),
#endif
    ROW(clone), /* without a flag: a process */
    ROW(ptrace),
    ROW(process_vm_readv),
    ROW(process_vm_writev),
    ROW(pidfd_getfd),
    ROW(kcmp),
    ROW(socket),
    ROW(socketpair),
    ROW(connect),
    ROW(bind),
    ROW(listen),
    ROW(io_uring_setup),
    ROW(io_uring_enter),
    ROW(io_uring_register),
    ROW(bpf),
    ROW(userfaultfd),
    ROW(perf_event_open),
    ROW(keyctl),
    ROW(add_key),
    ROW(request_key),
    ROW(mount),
    ROW(umount2),
    ROW(pivot_root),
    ROW(chroot),
    ROW(move_mount),
    ROW(open_tree),
    ROW(fsopen),
    ROW(unshare),
    ROW(setns),
    ROW(open_by_handle_at),
    ROW(init_module),
    ROW(finit_module),
    ROW(delete_module),
    ROW(kexec_load),
    ROW(reboot),
    ROW(swapon),
    ROW(settimeofday),
    ROW(clock_settime),
    ROW(setuid),
    ROW(setgid),
    ROW(setresuid),
    ROW(setresgid),
    ROW(capset),
    ROW(personality),
    ROW(mknodat),
    ROW(kill), /* process 0: all of the group */
#undef ROW
};

Test(lanesd_confine, what_an_executor_has_no_reason_for_kills_it, .timeout = 60)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(hostile); i++) {
        const int status = status_of(calls_writing, call_plainly, hostile[i].number);
        cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "%s: 0x%x",
                  hostile[i].name, (unsigned)status);
    }
}

static void signal_parent(long number)
{
    if (number == SYS_tgkill) {
        syscall(number, getppid(), getppid(), SIGCONT);
    } else {
        syscall(number, getppid(), SIGCONT, 0);
    }
}

static void signal_self(long number)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    expect(sigaction(SIGUSR1, &ignore, NULL) == 0);
    const union sigval value = {.sival_int = 1};
    switch (number) {
    case SYS_kill:
        expect(kill(getpid(), SIGUSR1) == 0);
        break;
    case SYS_tgkill:
        expect(raise(SIGUSR1) == 0);
        break;
    default:
        expect(pthread_sigqueue(pthread_self(), SIGUSR1, value) == 0);
    }
}

Test(lanesd_confine, it_sends_signals_to_itself_only, .timeout = 30)
{
    static const long numbers[] = {SYS_kill, SYS_tgkill, SYS_rt_sigqueueinfo};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(numbers); i++) {
        const int status = status_of(calls_writing, signal_parent, numbers[i]);
        cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "%ld: 0x%x",
                  numbers[i], (unsigned)status);
        cr_assert_eq(status_of(calls_writing, signal_self, numbers[i]), ENDED_OK, "%ld",
                     numbers[i]);
    }
}

static void *count_up(void *ctx)
{
    prctl(PR_SET_NAME, "worker");
    __atomic_add_fetch((int *)ctx, 1, __ATOMIC_RELAXED);
    return NULL;
}

/* Threads, code, waiting. */
static void compute(long argument)
{
    (void)argument;
    static const unsigned char code[] = {
#if defined(__x86_64__)
        0xc3 /* ret */
#else
        0xc0, 0x03, 0x5f, 0xd6 /* ret */
#endif
    };
    int count = 0;
    pthread_t threads[4];
    for (size_t i = 0; i < LANES_ARRAY_COUNT(threads); i++) {
        expect(pthread_create(&threads[i], NULL, count_up, &count) == 0);
    }
    for (size_t i = 0; i < LANES_ARRAY_COUNT(threads); i++) {
        expect(pthread_join(threads[i], NULL) == 0);
    }
    expect(count == 4);
    char *page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect(page != MAP_FAILED);
    memcpy(page, code, sizeof(code));
    __builtin___clear_cache(page, page + sizeof(code));
    expect(mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0);
    void (*run)(void);
    memcpy(&run, &page, sizeof(run));
    run();
    expect(munmap(page, 4096) == 0);
    cpu_set_t cpus;
    expect(sched_getaffinity(0, sizeof(cpus), &cpus) == 0);
    expect(sched_setaffinity(0, sizeof(cpus), &cpus) == 0);
    const struct timespec brief = {.tv_nsec = 1000};
    uint32_t word = 0;
    expect(syscall(SYS_futex, &word, FUTEX_WAIT, 0, &brief, NULL, 0) == -1 &&
           errno == ETIMEDOUT);
    expect(nanosleep(&brief, NULL) == 0);
}

/* One client: its connection, its memory, its kernel's file. */
static void serve(long connection)
{
    char byte = 'x';
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    expect(sendmsg((int)connection, &message, MSG_NOSIGNAL) == 1);
    expect(recvmsg((int)connection, &message, MSG_DONTWAIT) == -1 && errno == EAGAIN);
    struct ucred peer;
    socklen_t bytes = sizeof(peer);
    expect(getsockopt((int)connection, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) == 0);
    const int poller = epoll_create1(EPOLL_CLOEXEC);
    const int event = eventfd(1, EFD_CLOEXEC);
    struct epoll_event ready = {.events = EPOLLIN};
    expect(epoll_ctl(poller, EPOLL_CTL_ADD, event, &ready) == 0);
    expect(epoll_wait(poller, &ready, 1, 1000) == 1);
    const int memory = memfd_create("segment", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    expect(memory >= 0 && ftruncate(memory, 4096) == 0);
    expect(fallocate(memory, 0, 0, 4096) == 0);
    expect(fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK) == 0);
    expect(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0) != MAP_FAILED);
    struct stat facts;
    expect(fstat(memory, &facts) == 0 && pwrite(memory, &byte, 1, 0) == 1);
    const int file = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
    expect(file >= 0 && read(file, &byte, 1) == 1 && close(file) == 0);
    expect(syscall(SYS_pidfd_open, getppid(), 0) >= 0);
}

Test(lanesd_confine, what_executors_do_works, .timeout = 30)
{
    int pair[2];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    cr_assert_eq(status_of(calls_reading, compute, 0), ENDED_OK);
    cr_assert_eq(status_of(calls_reading, serve, pair[0]), ENDED_OK);
    close(pair[0]);
    close(pair[1]);
}

/* ---- Neither allowed nor hostile ----------------------------------------------------
 */

/* Calls that exist, that are harmless, and that nobody needs. */
static void ask_for_much(long count)
{
    for (long i = 0; i < count; i++) {
        errno = 0;
        expect(syscall(SYS_inotify_init1, 0) == -1 && errno == ENOSYS);
    }
    expect(syscall(SYS_clone3, NULL, 0) == -1 && errno == ENOSYS); /* not logged */
    expect(prctl(PR_SET_DUMPABLE, 1) == -1 && errno == ENOSYS);
}

static uint32_t count_lines(const char *text, const char *part)
{
    uint32_t count = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
        count++;
    }
    return count;
}

/* Runs ask_for_much() with stderr into @p text. */
static int status_and_text(long count, char *text, size_t text_bytes)
{
    const int kept = dup(STDERR_FILENO);
    const int memory = memfd_create("stderr", 0);
    fflush(stderr);
    cr_assert_eq(dup2(memory, STDERR_FILENO), STDERR_FILENO);
    const int status = status_of(calls_reading, ask_for_much, count);
    cr_assert_eq(dup2(kept, STDERR_FILENO), STDERR_FILENO);
    const ssize_t got = pread(memory, text, text_bytes - 1, 0);
    cr_assert_geq(got, 0);
    text[got] = '\0';
    close(kept);
    close(memory);
    return status;
}

Test(lanesd_confine, other_calls_fail_and_are_logged_with_their_number, .timeout = 30)
{
    char text[8192];
    char line[128];
    snprintf(line, sizeof(line),
             "system call %d is not allowed here and failed with ENOSYS",
             SYS_inotify_init1);
    cr_assert_eq(status_and_text(1, text, sizeof(text)), ENDED_OK, "%s", text);
    cr_assert_eq(count_lines(text, line), 1, "%s", text);
    cr_assert_eq(count_lines(text, "\n"), 2, "the other is prctl: %s", text);
    cr_assert_eq(status_and_text(1000, text, sizeof(text)), ENDED_OK, "%s", text);
    cr_assert_eq(count_lines(text, "\n"), 16, "a loop does not fill the log: %s", text);
}

static void open_for_writing(long expected_errno)
{
    const int flags[] = {O_WRONLY, O_RDWR, O_RDONLY | O_CREAT, O_RDONLY | O_TRUNC};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(flags); i++) {
        const int fd = open("/dev/null", flags[i], 0600);
        expect(expected_errno == 0 ? fd >= 0 : fd == -1 && errno == expected_errno);
    }
    expect(open("/dev/null", O_RDONLY) >= 0);
}

Test(lanesd_confine, files_are_written_with_a_cache_only, .timeout = 30)
{
    cr_assert_eq(status_of(calls_reading, open_for_writing, EACCES), ENDED_OK);
    cr_assert_eq(status_of(calls_writing, open_for_writing, 0), ENDED_OK);
}

/* ---- Paths --------------------------------------------------------------------------
 */

static char folder[64];
static char path[128];

static const char *below(const char *name)
{
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static bool make_file(const char *name)
{
    const int fd = open(below(name), O_WRONLY | O_CREAT | O_EXCL, 0600);
    const bool is_made = fd >= 0 && write(fd, "x", 1) == 1;
    if (fd >= 0) {
        close(fd);
    }
    return is_made;
}

static bool paths_of_test(void)
{
    char cache[80];
    char socket_path[80];
    snprintf(cache, sizeof(cache), "%s/cache", folder);
    snprintf(socket_path, sizeof(socket_path), "%s/run/lanes.sock", folder);
    const confine_options options = {.cache_folder = cache, .socket_path = socket_path};
    return confine_paths(&options, NULL) == LANES_OK;
}

static bool paths_without_cache(void)
{
    return confine_paths(&(confine_options){.cache_folder = NULL}, NULL) == LANES_OK;
}

static void write_everywhere(long has_cache)
{
    char other[128];
    expect(make_file("cache/new") == (has_cache != 0));
    if (has_cache != 0) {
        snprintf(other, sizeof(other), "%s/cache/renamed", folder);
        expect(rename(below("cache/new"), other) == 0);
        expect(open(other, O_WRONLY | O_TRUNC) >= 0 && unlink(other) == 0);
    }
    expect(!make_file("outside") && errno == EACCES);
    expect(open(below("old"), O_WRONLY) == -1 && errno == EACCES);
    expect(open(below("old"), O_RDONLY) >= 0);
    expect(unlink(below("old")) == -1 && errno == EACCES);
    expect(mkdir(below("run/folder"), 0700) == -1 && errno == EACCES);
    expect(!make_file("run/file"));
    expect((unlink(below("run/lanes.sock")) == 0) == (has_cache != 0));
    char name[] = "false"; /* which would end with 1 */
    char *const argv[] = {name, NULL};
    expect(execve("/bin/false", argv, NULL) == -1 && errno == EACCES);
}

Test(lanesd_confine, files_are_written_in_the_cache_only, .timeout = 30)
{
    snprintf(folder, sizeof(folder), "/tmp/lanes-confine-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(mkdir(below("cache"), 0700), 0);
    cr_assert_eq(mkdir(below("run"), 0700), 0);
    cr_assert(make_file("old") && make_file("run/lanes.sock"));
    lanes_error err = {0};
    const bool has_landlock =
        syscall(SYS_landlock_create_ruleset, NULL, 0, 1 /* the version */) > 0;
    if (has_landlock) {
        const int without = status_of(paths_without_cache, write_everywhere, 0);
        const int with = status_of(paths_of_test, write_everywhere, 1);
        cr_expect_eq(without, ENDED_OK, "0x%x", (unsigned)without);
        cr_expect_eq(with, ENDED_OK, "0x%x", (unsigned)with);
        cr_expect_eq(access(below("run/lanes.sock"), F_OK), -1, "it was deleted");
    } else {
        cr_expect_eq(confine_paths(&(confine_options){.cache_folder = NULL}, &err),
                     LANES_E_UNAVAILABLE);
    }
    static const char *const names[] = {"old", "run/lanes.sock", "run", "cache", ""};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(names); i++) {
        remove(below(names[i]));
    }
    if (!has_landlock) {
        cr_skip_test("this kernel has no Landlock");
    }
}

#endif
