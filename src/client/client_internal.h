/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_internal.h - the session, its handles, and control requests.
 *
 * A session owns its handles: they are in lists, and lanes_close() frees what the program
 * has not released. It is in one of three states:
 *
 *   connected  an executor serves it, or has ended and nobody has noticed
 *   lost       its executor has ended (lost_ns != 0): there are no rings and no socket;
 *              the next call that needs an executor has another one take over
 *   broken     the two sides have different ideas of the session (malformed or missing
 *              reply, impossible index), or nobody took over: every call returns
 *              LANES_E_PEER_GONE and only local clean-up is done
 *
 * README.md has the life of a batch across the death of an executor.
 */
#ifndef LANES_CLIENT_INTERNAL_H
#define LANES_CLIENT_INTERNAL_H

#include "base/base.h"
#include "base/spin.h"
#include "client/client_replay.h"
#include "os/os_process.h"
#include "os/os_socket.h"
#include "ring/ring.h"
#include "shm/shm.h"

#include <lanes/lanes.h>

/** Longest sleep between two looks whether the executor still lives. */
#define LANES_CLIENT_LOOK_NS 100000000u

/* Longer names are no CPU's, and are refused cut off as well. */
#define LANES_CLIENT_CPU_MAX 128

/** Where executors of a session are found: what lanes_open() was told, resolved. */
typedef struct lanes_client_target {
    char socket[LANES_OS_SOCKET_PATH_MAX]; /* "": connect to none */
    bool may_start;                        /* a private one, if none listens there */
    uint32_t threads;                      /* of a private one; 0: its own default */
    char cpu[LANES_CLIENT_CPU_MAX];        /* of a private one; "": its own default */
} lanes_client_target;

struct lanes_session {
    const uint32_t *fork_guard; /* 0 in a forked child */
    lanes_client_target target;
    int socket;
    int doorbell; /* eventfd: wakes the executor */
    int event;    /* eventfd: the executor wakes an event loop of ours */
    int poller;   /* of event, nudge and socket, for lanes_fd(); -1 until asked for */
    int nudge;    /* eventfd beside the poller: what the executor cannot signal */
    int process;  /* pidfd of the executor; -1 if it is not seen from here */
    lanes_status broken;
    lanes_os_child executor; /* a private one, else none */
    bool was_private;        /* the executor before, if it is lost */
    lanes_shm_rings rings;
    lanes_ring_client ring;
    lanes_spin spin;
    uint64_t timeout_ns; /* of one control request */
    uint64_t looked_ns;  /* when lanes_poll() last looked at the socket */
    uint64_t moved_ns;   /* when a waiting thread last left the executor's core */
    uint32_t sequence;   /* of the last control request */
    int32_t executor_pid;
    uint32_t executor_threads;   /* as the hello said, or when the rings were closed */
    uint64_t lost_ns;            /* when the executor was found to have ended; else 0 */
    uint64_t tried_ns;           /* when an executor was last asked to take over */
    uint32_t reconnects;         /* executors that took over */
    lanes_client_replay *replay; /* owned; NULL: LANES_OPEN_NO_REPLAY */
    struct lanes_segment *segments;
    struct lanes_kernel *kernels;
    /* Released while batches in flight name them: they, or a next executor, need it. */
    struct lanes_segment *released_segments;
    struct lanes_kernel *released_kernels;
};

/** What segments and kernels have in common for those who replay batches. */
typedef struct lanes_client_handle {
    lanes_abi_id id;    /* as batches in flight name it, and the executor, if it has it */
    lanes_abi_id fresh; /* as the executor that is about to take over names it */
    uint32_t users;     /* if released: batches in flight that name it */
    bool is_released;   /* the executor is told when no batch names it any more */
} lanes_client_handle;

struct lanes_segment {
    lanes_session *session;
    lanes_segment *previous;
    lanes_segment *next;
    lanes_client_handle handle;
    lanes_shm_mapping mapping; /* if released: without data */
    uint32_t flags;            /* LANES_ABI_SEGMENT_* */
    int fd;                    /* owned, for a next executor; -1: nothing is replayed */
};

struct lanes_kernel {
    lanes_session *session;
    lanes_kernel *previous;
    lanes_kernel *next;
    lanes_client_handle handle;
    struct lanes_client_source *source; /* shared; NULL: nothing is replayed */
    uint64_t compile_ns;
    uint32_t input_count;
    uint32_t output_count;
    uint32_t dtype[LANES_OPERANDS_MAX];
    uint32_t row_mask;
    uint32_t has_params;
    uint64_t params_bytes;
};

/** True in a process forked from the one that opened @p session. */
bool lanes_client_is_forked(const lanes_session *session);

/** LANES_OK if @p session can be used, -ECHILD, or LANES_E_PEER_GONE. */
LANES_NODISCARD lanes_status lanes_client_check(const lanes_session *session,
                                                lanes_error *err);

/** Mark the session unusable because of @p reason, and return @p reason. */
lanes_status lanes_client_break(lanes_session *session, lanes_status reason);

/** As lanes_client_check(), and an executor serves the session: a lost one is replaced.
 */
LANES_NODISCARD lanes_status lanes_client_ready(lanes_session *session, lanes_error *err);

/** Close all that belongs to the connection, and end a private executor. */
void lanes_client_disconnect(lanes_session *session);

/** Connect session->socket to an executor, @p may_start a private one, and say hello. */
LANES_NODISCARD lanes_status lanes_client_connect(lanes_session *session, bool may_start,
                                                  uint64_t timeout_ns, lanes_error *err);

/** Have the poller of lanes_fd(), if there is one, watch the connection. */
LANES_NODISCARD lanes_status lanes_client_watch(lanes_session *session, lanes_error *err);

/* ---- Requests ---------------------------------------------------------------------- */

/** Write ids into a request; called again when another executor has given other ones. */
typedef void (*lanes_client_fill_fn)(const void *ctx, lanes_abi_header *request);

/** One control request and what its success reply must look like. */
typedef struct lanes_client_call {
    lanes_abi_header *request; /* borrowed; type and bytes are set, the rest is filled */
    lanes_client_fill_fn fill; /* NULL: the request names nothing of the executor's */
    const void *fill_ctx;      /* borrowed */
    int request_fd;            /* borrowed; sent along, or -1 */
    lanes_abi_header *reply;   /* borrowed; receives the reply */
    uint32_t reply_bytes;      /* its exact size */
    uint32_t reply_fd_count;   /* exactly how many descriptors come with it */
    int reply_fds[LANES_ABI_FDS_MAX]; /* owned by the caller after LANES_OK, else -1 */
    uint64_t timeout_ns;
    bool is_refusal; /* after a failure: it is the executor's answer */
} lanes_client_call;

/**
 * Send the request and wait for its reply, whatever state the session is in; it is in the
 * same afterwards. Unless call->is_refusal a failure means that the connection is of no
 * more use.
 *
 * @return LANES_OK; the executor's refusal with its text; LANES_E_PEER_GONE,
 *   LANES_E_TIMED_OUT, LANES_E_PROTOCOL, -errno
 */
LANES_NODISCARD lanes_status lanes_client_exchange(lanes_session *session,
                                                   lanes_client_call *call,
                                                   lanes_error *err);

/**
 * Exchange, and be done with an executor that has ended: LANES_E_PEER_GONE then, with the
 * session lost or broken; broken too if the reply was missing or none.
 */
LANES_NODISCARD lanes_status lanes_client_request_once(lanes_session *session,
                                                       lanes_client_call *call,
                                                       lanes_error *err);

/** The same, once more if the executor ended and another one has taken over. */
LANES_NODISCARD lanes_status lanes_client_request(lanes_session *session,
                                                  lanes_client_call *call,
                                                  lanes_error *err);

/** The call for a request about a kernel, to LOAD or FUSE if @p request is one. */
void lanes_client_kernel_call(const lanes_session *session, lanes_abi_header *request,
                              int ir_fd, lanes_abi_kernel *reply,
                              lanes_client_call *out_call);

/**
 * Send a request to LOAD or FUSE, and make the handle of the kernel in its reply.
 *
 * @param call    as lanes_client_kernel_call() has set it
 * @param source  shared: a reference that the handle takes over; may be NULL. The
 *   caller's again if this fails
 */
LANES_NODISCARD lanes_status lanes_client_request_kernel(
    lanes_session *session, lanes_client_call *call, struct lanes_client_source *source,
    lanes_kernel **out_kernel, lanes_error *err);

/* ---- Private executors ------------------------------------------------------------- */

/** Read @p bytes of JSON text from @p fd into new memory, with a NUL. */
LANES_NODISCARD lanes_status lanes_client_read_text(int fd, uint64_t bytes,
                                                    char **out_text, lanes_error *err);

/** Start a private executor and connect session->socket to it. */
LANES_NODISCARD lanes_status lanes_client_start_private(lanes_session *session,
                                                        lanes_error *err);

/**
 * The private executor hung up or was silent before it answered: end it and describe how
 * it ended.
 * @return LANES_E_UNAVAILABLE if it had ended by itself, else @p status
 */
lanes_status lanes_client_explain_private(lanes_session *session, lanes_status status,
                                          lanes_error *err);

/** End the private executor, whose socket has been closed, within a bound. */
void lanes_client_end_private(lanes_session *session);

/* ---- Handles ----------------------------------------------------------------------- */

/** Free without telling the executor. */
void lanes_client_forget_segment(lanes_segment *segment);
void lanes_client_forget_kernel(lanes_kernel *kernel);

/** Tell the executor, if there is one, to release it. */
void lanes_client_release_segment(lanes_session *session, lanes_abi_id id);
void lanes_client_release_kernel(lanes_session *session, lanes_abi_id id);

/** Have the executor that is about to take over release a kernel again. */
LANES_NODISCARD lanes_status lanes_client_exchange_release(lanes_session *session,
                                                           lanes_abi_id id,
                                                           lanes_error *err);

/** Give a segment to the executor that is about to take over: sets handle.fresh. */
LANES_NODISCARD lanes_status lanes_client_reattach(lanes_segment *segment,
                                                   lanes_error *err);

/* ---- The executor's end ------------------------------------------------------------ */

/** True if no completion will come any more, other than those published already. */
bool lanes_client_is_gone(const lanes_session *session);

/** Batches whose completion the program does not have. */
uint32_t lanes_client_in_flight(const lanes_session *session);

/**
 * The executor has ended, or says that it is about to: wait until it has, keep what it
 * has published, decide which batches run again, and disconnect.
 *
 * @return LANES_OK: the session is lost; else a failure for the program: the session
 *   cannot be continued, and is broken once it has no completions left
 */
LANES_NODISCARD lanes_status lanes_client_lose(lanes_session *session, lanes_error *err);

/** Have an executor take a lost session over; on failure it is broken. */
LANES_NODISCARD lanes_status lanes_client_recover(lanes_session *session,
                                                  lanes_error *err);

/**
 * One attempt at that, for callers that may not wait for an executor to come up.
 * @return 1: taken over; 0: later, perhaps; or a failure: the session is broken
 */
LANES_NODISCARD lanes_status lanes_client_try_recover(lanes_session *session,
                                                      lanes_error *err);

#endif /* LANES_CLIENT_INTERNAL_H */
