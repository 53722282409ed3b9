/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.c - rlimits, prctl, descriptors and the seccomp filter of a child.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "os/os_process.h"

static lanes_status set_limit(enum lanes_os_limit limit, uint64_t soft, uint64_t hard)
{
    uint64_t old_soft;
    uint64_t old_hard;
    LANES_TRY(lanes_os_limit_get(limit, &old_soft, &old_hard, NULL));
    /* An administrator's lower hard limit stays. */
    return lanes_os_limit_set(limit, soft < old_hard ? soft : old_hard,
                              hard < old_hard ? hard : old_hard, NULL);
}

static lanes_status set_limits(const compiler_limits *limits)
{
    LANES_TRY(set_limit(LANES_OS_LIMIT_CORE_BYTES, 0, 0));
    /* SIGXCPU at the limit says why; SIGKILL a second later is for who ignores it. */
    LANES_TRY(set_limit(LANES_OS_LIMIT_CPU_SECONDS, limits->cpu_seconds,
                        limits->cpu_seconds + 1));
    LANES_TRY(
        set_limit(LANES_OS_LIMIT_FILE_BYTES, limits->output_bytes, limits->output_bytes));
#if !defined(LANES_SANITIZED)
    LANES_TRY(set_limit(LANES_OS_LIMIT_ADDRESS_SPACE_BYTES, limits->memory_bytes,
                        limits->memory_bytes));
    /* Those it has stay open. */
    LANES_TRY(set_limit(LANES_OS_LIMIT_OPEN_FILES, 0, 0));
#endif
    return LANES_OK;
}

/* Everything goes but the two descriptors, which get fixed numbers for the filter. */
static bool keep_descriptors(const compiler_limits *limits, int ir_fd, int result_fd)
{
    const int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    const int above = SANDBOX_IR_FD + 1;
    const int ir = fcntl(ir_fd, F_DUPFD, above);
    const int result = fcntl(result_fd, F_DUPFD, above);
    if (null_fd < 0 || ir < 0 || result < 0) {
        return false;
    }
    bool is_done = dup2(null_fd, STDIN_FILENO) >= 0 && dup2(null_fd, STDOUT_FILENO) >= 0;
#if !defined(LANES_SANITIZED)
    is_done = is_done && (limits->keeps_stderr || dup2(null_fd, STDERR_FILENO) >= 0);
#else
    (void)limits;
#endif
    is_done = is_done && dup2(result, SANDBOX_RESULT_FD) >= 0;
    is_done = is_done && dup2(ir, SANDBOX_IR_FD) >= 0;
    return is_done && close_range((unsigned int)above, ~0u, 0) == 0;
}

lanes_status sandbox_limit(const compiler_limits *limits, int32_t parent, int ir_fd,
                           int result_fd)
{
    LANES_TRY(lanes_os_die_with_parent(parent, SIGKILL, NULL));
    if (prctl(PR_SET_DUMPABLE, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        !keep_descriptors(limits, ir_fd, result_fd)) {
        return -errno;
    }
    return set_limits(limits);
}

#if defined(LANES_SANITIZED)

lanes_status sandbox_close(lanes_error *err)
{
    (void)err;
    return LANES_OK;
}

#else

/* Found by tracing compiles, failing ones among them; the reason is beside each. */
static const int always_allowed[] = {
    SCMP_SYS(brk),             /* malloc */
    SCMP_SYS(munmap),          /* free */
    SCMP_SYS(mremap),          /* realloc */
    SCMP_SYS(madvise),         /* malloc's trimming */
    SCMP_SYS(exit_group),      /* _exit() */
    SCMP_SYS(exit),            /* after a failed exit_group */
    SCMP_SYS(clock_gettime),   /* where the vDSO has no clock */
    SCMP_SYS(gettimeofday),    /* the same */
    SCMP_SYS(futex),           /* C++ statics and call_once */
    SCMP_SYS(getrandom),       /* hash seeds; malloc's tcache key */
    SCMP_SYS(rt_sigaction),    /* abort() */
    SCMP_SYS(rt_sigprocmask),  /* abort() */
    SCMP_SYS(rt_sigreturn),    /* return from a handler */
    SCMP_SYS(sigaltstack),     /* LLVM's crash handlers, where they are on */
    SCMP_SYS(getpid),          /* raise() */
    SCMP_SYS(gettid),          /* raise() */
    SCMP_SYS(getrusage),       /* LLVM's timers */
    SCMP_SYS(sched_yield),     /* spin locks in libstdc++ */
    SCMP_SYS(restart_syscall), /* a futex wait that was stopped and continued */
};

/* LLVM asks for these on some paths and copes with a refusal. */
static const int refused[] = {
    SCMP_SYS(openat),   SCMP_SYS(open),
    SCMP_SYS(readlink), SCMP_SYS(readlinkat),
    SCMP_SYS(access),   SCMP_SYS(faccessat),
    SCMP_SYS(stat),     SCMP_SYS(newfstatat),
    SCMP_SYS(fstat),    SCMP_SYS(lseek),
    SCMP_SYS(ioctl),    SCMP_SYS(getcwd),
    SCMP_SYS(close),    SCMP_SYS(prlimit64),
    SCMP_SYS(sysinfo),  SCMP_SYS(sched_getaffinity),
};

static int add_conditional_rules(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    const struct scmp_arg_cmp to_result = SCMP_A0(SCMP_CMP_EQ, SANDBOX_RESULT_FD, 0);
    const struct scmp_arg_cmp to_stderr = SCMP_A0(SCMP_CMP_EQ, STDERR_FILENO, 0);
    const struct scmp_arg_cmp to_self = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0);
    int failed =
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, no_exec,
                         SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
    failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_exec);
    failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(pwrite64), 1, to_result);
    failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, to_result);
    failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, to_stderr);
    failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, to_self);
    return failed;
}

static int add_rules(scmp_filter_ctx filter)
{
    int failed = add_conditional_rules(filter);
    for (size_t i = 0; i < LANES_ARRAY_COUNT(always_allowed); i++) {
        failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, always_allowed[i], 0);
    }
    for (size_t i = 0; i < LANES_ARRAY_COUNT(refused); i++) {
        failed |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), refused[i], 0);
    }
    return failed;
}

lanes_status sandbox_close(lanes_error *err)
{
    lanes_status status = LANES_OK;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == NULL || add_rules(filter) != 0) {
        status =
            lanes_error_set(err, LANES_E_INTERNAL, "cannot build the seccomp filter");
    } else {
        const int failed = seccomp_load(filter);
        if (failed != 0) {
            status = lanes_error_errno(err, -failed,
                                       "cannot install the seccomp filter; is "
                                       "seccomp available in this container?");
        }
    }
    seccomp_release(filter);
    return status;
}

#endif
