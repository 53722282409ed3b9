/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine_calls.c - which system calls the executor may make.
 *
 * Three classes. What the executor does is allowed. What nothing in it has a reason for,
 * and what code that has gone astray would begin with, kills it: going on would mean
 * going on with foreign code in charge. All else, such as a call that a newer libc tries
 * first, fails with ENOSYS, as on a kernel that does not have it yet, for which libraries
 * are prepared; and it is logged, so that somebody notices what the list lacks.
 */
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/atomic.h"

/* Calls of the executor, of the libraries in it, and of libc around them. */
static const int allowed[] = {
    /* memory; the loader makes code executable with mprotect() */
    SCMP_SYS(brk),
    SCMP_SYS(mmap),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(mprotect),
    SCMP_SYS(membarrier),
    SCMP_SYS(mbind),
    SCMP_SYS(get_mempolicy),
    SCMP_SYS(set_mempolicy),
    SCMP_SYS(move_pages),
    SCMP_SYS(mincore),
    /* threads; clone() is below */
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(get_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(sched_yield),
    SCMP_SYS(getcpu),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_setaffinity),
    SCMP_SYS(sched_getparam),
    SCMP_SYS(sched_getscheduler),
    SCMP_SYS(getpriority),
    /* signals; sending is below */
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigpending),
    SCMP_SYS(rt_sigtimedwait),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(signalfd4),
    SCMP_SYS(restart_syscall),
    /* time and waiting */
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2),
    SCMP_SYS(eventfd2),
    /* clients: connections that they make to us, segments */
    SCMP_SYS(accept4),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendto),
    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(shutdown),
    SCMP_SYS(memfd_create),
    SCMP_SYS(ftruncate),
    SCMP_SYS(fallocate),
    SCMP_SYS(fcntl),
    SCMP_SYS(fstatfs),
    /* files that are open, and what is known of others; open() is below */
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(close),
    SCMP_SYS(lseek),
    SCMP_SYS(dup),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(statx),
    SCMP_SYS(statfs),
    SCMP_SYS(getdents64),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(getcwd),
    SCMP_SYS(fadvise64),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat), /* its socket; Landlock says which */
    /* processes: who the clients are, and the end of the compiler */
    SCMP_SYS(pidfd_open),
    SCMP_SYS(pidfd_send_signal),
    SCMP_SYS(waitid),
    SCMP_SYS(wait4),
    SCMP_SYS(getpid),
    SCMP_SYS(getppid),
    SCMP_SYS(gettid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(getrusage),
    SCMP_SYS(times),
    SCMP_SYS(prlimit64),
    SCMP_SYS(getrlimit),
    SCMP_SYS(uname),
    SCMP_SYS(sysinfo),
    SCMP_SYS(getrandom),
};

/* More, for who keeps code on disk. Which paths, Landlock says. */
static const int allowed_to_write[] = {
    SCMP_SYS(open),      SCMP_SYS(openat),    SCMP_SYS(rename),  SCMP_SYS(renameat),
    SCMP_SYS(renameat2), SCMP_SYS(mkdir),     SCMP_SYS(mkdirat), SCMP_SYS(utimensat),
    SCMP_SYS(fsync),     SCMP_SYS(fdatasync),
};

/* Other programs, other processes, the network, the kernel's insides, privileges. */
static const int killing[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(process_madvise),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(kcmp),
    SCMP_SYS(socket),
    SCMP_SYS(socketpair),
    SCMP_SYS(connect),
    SCMP_SYS(bind),
    SCMP_SYS(listen),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(bpf),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(move_mount),
    SCMP_SYS(open_tree),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsconfig),
    SCMP_SYS(fsmount),
    SCMP_SYS(fspick),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(name_to_handle_at),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(reboot),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(quotactl),
    SCMP_SYS(acct),
    SCMP_SYS(syslog),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(adjtimex),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname),
    SCMP_SYS(setuid),
    SCMP_SYS(setgid),
    SCMP_SYS(setreuid),
    SCMP_SYS(setregid),
    SCMP_SYS(setresuid),
    SCMP_SYS(setresgid),
    SCMP_SYS(setgroups),
    SCMP_SYS(setfsuid),
    SCMP_SYS(setfsgid),
    SCMP_SYS(capset),
    SCMP_SYS(personality),
    SCMP_SYS(modify_ldt),
    SCMP_SYS(ioperm),
    SCMP_SYS(iopl),
    SCMP_SYS(mknod),
    SCMP_SYS(mknodat),
};

/* ---- Refusals -----------------------------------------------------------------------
 */

/* Lines that one process writes; a call that is refused in a loop would fill a disk. */
#define LINES_MAX 16u

#if defined(__x86_64__)
#define RETURN_REGISTER(context) ((context)->uc_mcontext.gregs[REG_RAX])
#elif defined(__aarch64__)
#define RETURN_REGISTER(context) ((context)->uc_mcontext.regs[0])
#endif

#if defined(RETURN_REGISTER)

static size_t append(char *line, size_t used, const char *text)
{
    for (; *text != '\0'; text++) {
        line[used++] = *text;
    }
    return used;
}

static size_t append_number(char *line, size_t used, unsigned number)
{
    char digits[12];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (count > 0) {
        line[used++] = digits[--count];
    }
    return used;
}

/* The kernel asks what a call that is on neither list returns. A signal handler: nothing
 * in it allocates or locks. */
static void on_refused(int signal_number, siginfo_t *info, void *context)
{
    static uint32_t lines;
    (void)signal_number;
    const int saved = errno;
    const int call = info->si_syscall;
    const bool is_open = call == SCMP_SYS(openat) || call == SCMP_SYS(open);
    if (!is_open && lanes_fetch_add_relaxed_u32(&lines, 1) < LINES_MAX) {
        char line[192];
        size_t used = append(line, 0, "lanes: warning: lanesd/confine: system call ");
        used = append_number(line, used, (unsigned)call);
        used = append(line, used,
                      " is not allowed here and failed with ENOSYS; "
                      "lanesd --no-sandbox allows every call\n");
        LANES_IGNORE(write(STDERR_FILENO, line, used) < 0, "stderr may be closed");
    }
    RETURN_REGISTER((ucontext_t *)context) = is_open ? -EACCES : -ENOSYS;
    errno = saved;
}

static lanes_status install_handler(lanes_error *err)
{
    struct sigaction action = {.sa_sigaction = on_refused,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    sigemptyset(&action.sa_mask);
    return sigaction(SIGSYS, &action, NULL) == 0
               ? LANES_OK
               : lanes_error_errno(err, errno, "handler of SIGSYS");
}

#define ACTION_REFUSE SCMP_ACT_TRAP

#else

static lanes_status install_handler(lanes_error *err)
{
    (void)err; /* where nobody knows the registers, nothing is logged */
    return LANES_OK;
}

#define ACTION_REFUSE SCMP_ACT_ERRNO(ENOSYS)

#endif

/* ---- Filter -------------------------------------------------------------------------
 */

static int add_all(scmp_filter_ctx filter, uint32_t action, const int *calls,
                   size_t count)
{
    int failed = 0;
    for (size_t i = 0; i < count; i++) {
        failed |= seccomp_rule_add(filter, action, calls[i], 0);
    }
    return failed;
}

/* A thread, not a process. clone3() has its flags where a filter cannot look; libc uses
 * clone() where there is none. */
static int add_clone(scmp_filter_ctx filter)
{
    int failed =
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                         SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
    failed |= seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), 1,
                               SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
    failed |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    return failed;
}

/* Signals to this process only: of abort(), raise() and os_guard_interrupt(). */
static int add_signals(scmp_filter_ctx filter)
{
    static const int calls[] = {SCMP_SYS(kill), SCMP_SYS(tgkill),
                                SCMP_SYS(rt_sigqueueinfo), SCMP_SYS(rt_tgsigqueueinfo)};
    const scmp_datum_t self = (scmp_datum_t)getpid();
    int failed = 0;
    for (size_t i = 0; i < LANES_ARRAY_COUNT(calls); i++) {
        failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 1,
                                   SCMP_A0(SCMP_CMP_EQ, self, 0));
        failed |= seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, calls[i], 1,
                                   SCMP_A0(SCMP_CMP_NE, self, 0));
    }
    return failed;
}

/* Names of threads and of mappings, for who looks at them. */
static int add_prctl(scmp_filter_ctx filter)
{
    static const int options[] = {PR_SET_NAME, PR_GET_NAME, PR_SET_VMA, PR_GET_DUMPABLE,
                                  PR_GET_NO_NEW_PRIVS};
    int failed = 0;
    for (size_t i = 0; i < LANES_ARRAY_COUNT(options); i++) {
        failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                                   SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)options[i], 0));
    }
    return failed;
}

static int add_open(scmp_filter_ctx filter)
{
    const scmp_datum_t writing = O_ACCMODE | O_CREAT | O_TRUNC;
    int failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                                  SCMP_A2(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));
    failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
                               SCMP_A1(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));
    return failed;
}

static int add_rules(scmp_filter_ctx filter, bool may_write)
{
    int failed = add_all(filter, SCMP_ACT_ALLOW, allowed, LANES_ARRAY_COUNT(allowed));
    failed |= add_all(filter, SCMP_ACT_KILL_PROCESS, killing, LANES_ARRAY_COUNT(killing));
    failed |= add_clone(filter);
    failed |= add_signals(filter);
    failed |= add_prctl(filter);
    failed |= may_write ? add_all(filter, SCMP_ACT_ALLOW, allowed_to_write,
                                  LANES_ARRAY_COUNT(allowed_to_write))
                        : add_open(filter);
    /* stdio asks whether its file is a terminal. */
    failed |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 0);
    return failed;
}

static int set_attributes(scmp_filter_ctx filter)
{
    int failed = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    /* Kernels before 5.16 slow down every load of a process with a filter unless told
     * that it keeps no secrets from itself. */
    failed |= seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
    /* A search tree: a hundred comparisons in a row would be felt by each wake-up. */
    failed |= seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    return failed;
}

lanes_status confine_calls(bool may_write, lanes_error *err)
{
    LANES_TRY(install_handler(err));
    scmp_filter_ctx filter = seccomp_init(ACTION_REFUSE);
    lanes_status status = LANES_OK;
    if (filter == NULL || set_attributes(filter) != 0 ||
        add_rules(filter, may_write) != 0) {
        status = lanes_error_set(err, LANES_E_INTERNAL, "the filter cannot be built");
    } else {
        const int failed = seccomp_load(filter);
        if (failed != 0) {
            status = lanes_error_errno(err, -failed, "seccomp");
        }
    }
    seccomp_release(filter);
    return status;
}
