/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.h - open a session with an executor.
 *
 * An executor (`lanesd`) is the process that compiles callbacks and runs batches; one
 * serves all programs of a user. A session is one program's connection to it: its
 * segments (segment.h), its kernels (kernel.h) and its batches (batch.h). When no
 * executor runs, lanes_open() starts a private one that ends with the session, so nothing
 * has to be set up; a crash of the executor never takes the client down.
 *
 * When the executor dies, another one takes its place (one that a supervisor starts, or a
 * private one), gets the session's segments and kernels, and runs the batches that have
 * no completion; handles stay valid. The function that finds out does that: a wait, a
 * submission, or any that asks the executor something. It blocks until then, for at most
 * options->timeout_ms to reach another one, and as long as that takes to load the kernels
 * again. Each batch has one completion as ever: batches that had not begun are run, and
 * so are those that had, from their beginning, unless running them twice gives other
 * results than once: those end with LANES_E_INDETERMINATE (batch.h). A batch during which
 * two executors died ends with LANES_E_POISON. Batches in flight together have no order,
 * also not across executors: a program that waits for a batch before it submits what
 * builds on it notices nothing. If nobody takes over, the function fails with
 * LANES_E_UNAVAILABLE or LANES_E_PEER_GONE, and the session has ended.
 *
 * Executor and client must run as the same user: the executor refuses every other one.
 *
 * Threads: a session belongs to one thread at a time; sessions are independent. liblanes
 * creates no thread, installs no signal handler and prints nothing.
 * Fork: a child must not use its parent's session; every function then returns -ECHILD.
 */
#ifndef LANES_CLIENT_H
#define LANES_CLIENT_H

#include <lanes/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A connection to an executor. Opaque; made by lanes_open(). */
typedef struct lanes_session lanes_session;

/** Never start a private executor: fail with LANES_E_UNAVAILABLE when none runs. */
#define LANES_OPEN_NO_PRIVATE 1u
/** Always start a private executor, even when the user's executor runs. */
#define LANES_OPEN_PRIVATE 2u
/** The session ends with its executor: functions fail with LANES_E_PEER_GONE then. Spares
 * the descriptor that a session keeps for each segment, and a copy of each kernel's IR.
 */
#define LANES_OPEN_NO_REPLAY 4u

/** How to open a session. Set with lanes_open_options_default(), then change fields. */
typedef struct lanes_open_options {
    uint32_t struct_bytes; /**< sizeof(lanes_open_options); set by ..._default() */
    uint32_t flags;        /**< LANES_OPEN_* */
    const char *socket; /**< borrowed; path of the executor's socket; NULL = see open */
    uint32_t threads;   /**< of a private executor; 0 = one per allowed core */
    uint32_t spin_us; /**< how long waits spin, at most, before they sleep; less where the
                           last ones took longer; 0 = not at all; default 200 */
    uint32_t timeout_ms; /**< for the executor to start or answer; default 10 000 */
    uint32_t reserved;   /**< must be 0 */
    const char *cpu;     /**< borrowed; that a private executor compiles for, as lanesd's
                              --cpu; NULL = $LANES_CPU, else native */
} lanes_open_options;

/** Fill @p options with the defaults. */
LANES_API void lanes_open_options_default(lanes_open_options *options);

/**
 * Open a session.
 *
 * Connects to options->socket, else $LANES_SOCKET, else
 * $XDG_RUNTIME_DIR/lanes/lanes.sock, else /tmp/lanes-$UID/lanes.sock. If nothing listens
 * there, starts a private executor: $LANES_EXECUTOR, else lanesd beside liblanes
 * (../bin), else the installed one. A socket named by options->socket or $LANES_SOCKET is
 * never replaced by a private executor.
 *
 * Blocking: until the executor answers, at most options->timeout_ms.
 *
 * @param options  borrowed; NULL = defaults
 * @param out_session  owned by the caller; end it with lanes_close()
 * @return LANES_OK, or
 *   LANES_E_UNAVAILABLE   nothing listens and no private executor could be started
 *   LANES_E_FOREIGN_UID   the socket, its folder or the executor belongs to another user
 *   LANES_E_ABI_MISMATCH  library and executor are of different versions
 *   LANES_E_TIMED_OUT     the executor did not answer
 *   LANES_E_INVALID       unknown flags, or a reserved field is not 0
 *   -errno                from the system
 */
LANES_API LANES_NODISCARD lanes_status lanes_open(const lanes_open_options *options,
                                                  lanes_session **out_session,
                                                  lanes_error *err);

/**
 * End a session: cancel its unfinished batches, release its kernels and unmap its
 * segments. Every handle and pointer obtained through it is invalid afterwards.
 *
 * @param session  NULL is allowed
 */
LANES_API void lanes_close(lanes_session *session);

/**
 * A file descriptor that polls readable when a completion may be waiting, for programs
 * with an event loop, or when the executor has ended; then call lanes_poll() until it
 * returns 0. Owned by the session, and the same one whatever becomes of the executor. A
 * negative status if there is none.
 */
LANES_API int lanes_fd(lanes_session *session);

/** Process id of the executor; another one after lanes_reconnects() has grown. */
LANES_API int32_t lanes_executor_pid(const lanes_session *session);

/**
 * Threads of the executor's team, now: they change with the executor's settings and the
 * CPUs that it may use. While the session has no executor, and in a forked child, those
 * that were last known.
 */
LANES_API uint32_t lanes_executor_threads(const lanes_session *session);

/** How often another executor has taken the place of one that died. */
LANES_API uint32_t lanes_reconnects(const lanes_session *session);

/** Version of the library as "major.minor.patch"; a static string. */
LANES_API const char *lanes_version(void);

#ifdef __cplusplus
}
#endif

#endif /* LANES_CLIENT_H */
