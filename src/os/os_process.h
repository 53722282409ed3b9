/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_process.h - processes: identity, spawn, fork, pidfd, limits, signals.
 *
 * Threads: spawn and wait from any thread. Signal masks belong to the calling thread and
 * are inherited by threads it creates, so block signals before creating any.
 */
#ifndef LANES_OS_PROCESS_H
#define LANES_OS_PROCESS_H

#include "base/base.h"

/** Effective user id of this process. */
uint32_t lanes_os_uid(void);

/** Process id of this process; the kernel's answer, so right after any kind of fork. */
int32_t lanes_os_pid(void);

/* ---- Children ---------------------------------------------------------------------- */

#define LANES_OS_SPAWN_FDS_MAX 8u
/** In a process group of its own: Ctrl-C at the terminal does not reach it. */
#define LANES_OS_SPAWN_OWN_GROUP 1u
/** A path without a slash is searched for in this process's $PATH. */
#define LANES_OS_SPAWN_SEARCH 2u

/** What to start. Zero-initialise, then set the fields you need. */
typedef struct lanes_os_spawn {
    const char *path; /**< borrowed; no search in $PATH unless told to, no shell */
    const char *const
        *argv; /**< borrowed; NULL-terminated; argv[0] by convention the name */
    const char *const *envp; /**< borrowed; NULL = this process's environment */
    uint32_t flags;          /**< LANES_OS_SPAWN_* */
    uint32_t fd_count;
    struct {
        int from; /**< descriptor here; stays the caller's */
        int to;   /**< its number in the child, >= 3, each once */
    } fds[LANES_OS_SPAWN_FDS_MAX];
    /**
     * NULL: the child's standard output is /dev/null. Else it is a pipe, and *out_output
     * receives the end to read from, owned by the caller; written only on success. Read
     * it to its end before waiting for the child, which may wait for room in the pipe.
     */
    int *out_output;
} lanes_os_spawn;

/** A child process. Set to LANES_OS_CHILD_NONE when there is none. */
typedef struct lanes_os_child {
    int32_t pid;
    int pidfd; /**< owned; polls readable when the child has ended */
} lanes_os_child;

#define LANES_OS_CHILD_NONE {.pid = 0, .pidfd = -1}

/**
 * Start a program. It gets /dev/null as standard input, /dev/null or a pipe as standard
 * output, our standard error, the descriptors named in @p spawn and no others, no blocked
 * signal and default handlers. The cost does not depend on the caller's memory size
 * (vfork semantics).
 *
 * @param out_child  end it with lanes_os_child_wait()
 * @return LANES_OK, -ENOENT, -EACCES, -EAGAIN (process limit), -errno
 */
LANES_NODISCARD lanes_status lanes_os_spawn_program(const lanes_os_spawn *spawn,
                                                    lanes_os_child *out_child,
                                                    lanes_error *err);

/**
 * Become the program at @p path: same process, same environment, descriptors that are not
 * close-on-exec stay open. Returns only on failure.
 */
LANES_NODISCARD lanes_status lanes_os_exec(const char *path, const char *const *argv,
                                           lanes_error *err);

/**
 * Fork; for single-threaded programs only. In the child out_child->pid is 0.
 * The child ends with lanes_os_exit_now(), the parent reaps with lanes_os_child_wait().
 */
LANES_NODISCARD lanes_status lanes_os_fork(lanes_os_child *out_child, lanes_error *err);

/** End this process at once: no atexit handlers, no flushing. */
_Noreturn void lanes_os_exit_now(int code);

/** How a child ended and what it used. */
typedef struct lanes_os_exit {
    int32_t code;          /**< exit status; -1 if a signal ended it or nobody knows */
    int32_t signal_number; /**< that ended it; 0 if it exited */
    uint64_t cpu_ns;       /**< user + system time, its own reaped children included */
    uint64_t peak_rss_bytes;
} lanes_os_exit;

/**
 * Wait for the child to end, reap it, close its pidfd and set *child to none. If a signal
 * handler of the program reaped it first, code is -1 and signal_number 0.
 *
 * @param out_exit  may be NULL
 * @return LANES_OK, LANES_E_TIMED_OUT (it still runs; *child is unchanged), -errno
 */
LANES_NODISCARD lanes_status lanes_os_child_wait(lanes_os_child *child,
                                                 uint64_t timeout_ns,
                                                 lanes_os_exit *out_exit);

/** Send a signal; a child that has ended is success. */
LANES_NODISCARD lanes_status lanes_os_child_signal(const lanes_os_child *child,
                                                   int signal_number);

/** Close the pidfd without waiting and set *child to none: for a forked process. */
void lanes_os_child_forget(lanes_os_child *child);

/** Write "exited with status 3" or "was killed by SIGSEGV" into @p text. */
void lanes_os_exit_format(const lanes_os_exit *ended, char *text, size_t text_bytes);

/** A pidfd of any process; polls readable when it has ended. Owned by the caller. */
LANES_NODISCARD lanes_status lanes_os_process_open(int32_t pid, int *out_pidfd,
                                                   lanes_error *err);

/**
 * Ask the kernel to send @p signal_number to this process when the *thread* that created
 * it ends. For children of a main thread only: a parent whose creating thread ends while
 * the process lives would kill it. Ends this process at once (status 0) if the parent is
 * no longer @p parent_pid.
 */
LANES_NODISCARD lanes_status lanes_os_die_with_parent(int32_t parent_pid,
                                                      int signal_number,
                                                      lanes_error *err);

/**
 * A socket to the service manager that started this process (NOTIFY_SOCKET,
 * sd_notify(3)); -1 if none did. A process that takes sockets from itself opens it
 * before.
 *
 * @param out_fd  owned by the caller; written only on success
 */
LANES_NODISCARD lanes_status lanes_os_notify_open(int *out_fd, lanes_error *err);

/** Tell @p fd what @p state says, "READY=1" and the like; nobody if it is -1. */
LANES_NODISCARD lanes_status lanes_os_notify(int fd, const char *state, lanes_error *err);

/* ---- Limits ------------------------------------------------------------------------ */

enum lanes_os_limit {
    LANES_OS_LIMIT_CPU_SECONDS = 1,
    LANES_OS_LIMIT_ADDRESS_SPACE_BYTES = 2,
    LANES_OS_LIMIT_FILE_BYTES = 3,
    LANES_OS_LIMIT_OPEN_FILES = 4,
    LANES_OS_LIMIT_CORE_BYTES = 5,
    LANES_OS_LIMIT_PROCESSES = 6,
    LANES_OS_LIMIT_STACK_BYTES = 7
};

#define LANES_OS_UNLIMITED UINT64_MAX

/** Set soft and hard limit of this process. -EPERM: above the hard limit. */
LANES_NODISCARD lanes_status lanes_os_limit_set(enum lanes_os_limit limit, uint64_t soft,
                                                uint64_t hard, lanes_error *err);

/** Read both; LANES_OS_UNLIMITED for none. */
LANES_NODISCARD lanes_status lanes_os_limit_get(enum lanes_os_limit limit,
                                                uint64_t *out_soft, uint64_t *out_hard,
                                                lanes_error *err);

/* ---- Signals ------------------------------------------------------------------------
 */

/* Signal numbers for the functions here, with the kernel's values. */
#define LANES_OS_SIGNAL_HANG_UP   1
#define LANES_OS_SIGNAL_INTERRUPT 2
#define LANES_OS_SIGNAL_KILL      9
#define LANES_OS_SIGNAL_USER_1    10
#define LANES_OS_SIGNAL_PIPE      13
#define LANES_OS_SIGNAL_TERMINATE 15
#define LANES_OS_SIGNAL_CHILD     17

/** Block @p signals in the calling thread and the threads it creates from now on. */
LANES_NODISCARD lanes_status lanes_os_signals_block(const int *signals, uint32_t count,
                                                    lanes_error *err);

/** Unblock every signal in the calling thread: for a fork that runs other code. */
void lanes_os_signals_unblock_all(void);

/** Ignore @p signal_number in the whole process. */
void lanes_os_signal_ignore(int signal_number);

/**
 * A descriptor that polls readable when one of @p signals, which must be blocked, is
 * pending. Owned by the caller.
 */
LANES_NODISCARD lanes_status lanes_os_signal_fd(const int *signals, uint32_t count,
                                                int *out_fd, lanes_error *err);

/** Take one signal from @p fd. @return its number, or 0 if none is pending */
int lanes_os_signal_take(int fd);

#endif /* LANES_OS_PROCESS_H */
