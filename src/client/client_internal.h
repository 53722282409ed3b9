/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_internal.h - the session, its handles, and control requests.
 *
 * A session owns its handles: they are in two lists, and lanes_close() frees what the
 * program has not released. After a failure that leaves the two sides with different
 * ideas of the session (hang-up, malformed or missing reply, impossible index) `broken`
 * is set; from then on every call returns LANES_E_PEER_GONE and only local clean-up is
 * done.
 */
#ifndef LANES_CLIENT_INTERNAL_H
#define LANES_CLIENT_INTERNAL_H

#include "base/base.h"
#include "os/os_process.h"
#include "ring/ring.h"
#include "shm/shm.h"

#include <lanes/lanes.h>

/** Longest sleep between two looks whether the executor still lives. */
#define LANES_CLIENT_LOOK_NS 100000000u

struct lanes_session {
    const uint32_t *fork_guard; /* 0 in a forked child */
    int socket;
    int doorbell; /* eventfd: wakes the executor */
    int event;    /* eventfd: the executor wakes an event loop of ours */
    int poller;   /* of event and socket, for lanes_fd(); -1 until asked for */
    lanes_status broken;
    lanes_os_child executor; /* a private one, else none */
    lanes_shm_rings rings;
    lanes_ring_client ring;
    uint64_t spin_ns;
    uint64_t timeout_ns; /* of one control request */
    uint64_t looked_ns;  /* when lanes_poll() last looked at the socket */
    uint64_t moved_ns;   /* when a waiting thread last left the executor's core */
    uint32_t sequence;   /* of the last control request */
    int32_t executor_pid;
    uint32_t executor_threads;
    struct lanes_segment *segments;
    struct lanes_kernel *kernels;
};

struct lanes_segment {
    lanes_session *session;
    lanes_segment *previous;
    lanes_segment *next;
    lanes_abi_id id;
    lanes_shm_mapping mapping;
};

struct lanes_kernel {
    lanes_session *session;
    lanes_kernel *previous;
    lanes_kernel *next;
    lanes_abi_id id;
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

/** One control request and what its success reply must look like. */
typedef struct lanes_client_call {
    lanes_abi_header *request; /* borrowed; type and bytes are set, the rest is filled */
    int request_fd;            /* borrowed; sent along, or -1 */
    lanes_abi_header *reply;   /* borrowed; receives the reply */
    uint32_t reply_bytes;      /* its exact size */
    uint32_t reply_fd_count;   /* exactly how many descriptors come with it */
    int reply_fds[LANES_ABI_FDS_MAX]; /* owned by the caller after LANES_OK, else -1 */
    uint64_t timeout_ns;
} lanes_client_call;

/**
 * Send the request and wait for its reply.
 *
 * @return LANES_OK; the executor's refusal with its text; or, leaving the session broken,
 *   LANES_E_PEER_GONE, LANES_E_TIMED_OUT, LANES_E_PROTOCOL, -errno
 */
LANES_NODISCARD lanes_status lanes_client_request(lanes_session *session,
                                                  lanes_client_call *call,
                                                  lanes_error *err);

/** Send a request to LOAD or FUSE, and make the handle of the kernel in its reply. */
LANES_NODISCARD lanes_status lanes_client_request_kernel(lanes_session *session,
                                                         lanes_abi_header *request,
                                                         int ir_fd,
                                                         lanes_kernel **out_kernel,
                                                         lanes_error *err);

/** Read @p bytes of JSON text from @p fd into new memory, with a NUL. */
LANES_NODISCARD lanes_status lanes_client_read_text(int fd, uint64_t bytes,
                                                    char **out_text, lanes_error *err);

/** Start a private executor and connect session->socket to it. */
LANES_NODISCARD lanes_status lanes_client_start_private(lanes_session *session,
                                                        const lanes_open_options *options,
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

/** Unmap and free without telling the executor. */
void lanes_client_forget_segment(lanes_segment *segment);
void lanes_client_forget_kernel(lanes_kernel *kernel);

#endif /* LANES_CLIENT_INTERNAL_H */
