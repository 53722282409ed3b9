/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_internal.h - the executor's objects and which thread owns which part of them.
 *
 * Two threads: "control" (lanes_server_run's caller) and "dispatch" (leader of the team).
 * Fields are grouped by owner. Fields set before an object's first mail are constant.
 */
#ifndef LANES_SERVER_INTERNAL_H
#define LANES_SERVER_INTERNAL_H

#include <pthread.h>

#include <lanes/abi.h>

#include "base/atomic.h"
#include "base/base.h"
#include "base/spin.h"
#include "engine/engine.h"
#include "engine/engine_threads.h"
#include "kernel/compile.h"
#include "ring/ring.h"
#include "server/server.h"
#include "server/server_code.h"
#include "server/server_mail.h"
#include "server/server_stats.h"
#include "server/server_team.h"
#include "server/server_turn.h"
#include "server/server_watch.h"
#include "shm/shm.h"

struct lanes_cache;
struct lanes_loader;

typedef struct lanes_server_batch lanes_server_batch;

/* ---- Segments, kernels, variants ----------------------------------------------------
 */

/** A segment as batches see it. */
typedef struct lanes_server_view {
    lanes_server_session *session;
    lanes_abi_id id;
    lanes_shm_segment
        *segment; /* a reference, dropped by control when the view is freed */
    /* Control. */
    struct lanes_server_view *previous; /* in session->all_views */
    struct lanes_server_view *next;
    /* Dispatch. */
    uint32_t uses; /* batches that hold it */
    bool is_removed;
    lanes_topo_pages *pages; /* owned; where they were, and when; NULL: nobody asked */
    uint64_t located_ns;
    lanes_server_mail add;
    lanes_server_mail remove;
    lanes_server_mail free;
} lanes_server_view;

enum lanes_server_variant_state {
    LANES_VARIANT_WANTED = 1, /* control has it: batches wait */
    LANES_VARIANT_READY,      /* its code may be called */
    LANES_VARIANT_FAILED      /* every batch that needs it fails with status, message */
};

struct lanes_server_variant {
    lanes_server_variant *next; /* of the kernel; dispatch once the kernel is added */
    lanes_server_kernel *kernel;
    lanes_variant_key key;
    /* Control's while it is WANTED, constant after. */
    bool is_admitted; /* counted in kernel->variant_count */
    lanes_status status;
    char message[LANES_ERROR_TEXT_BYTES];
    lanes_server_code *code; /* a reference; NULL until READY */
    lanes_engine_exceptions exceptions;
    void *tables; /* owned: payloads, then argument lists; what exceptions points to */
    /* Dispatch. */
    enum lanes_server_variant_state state;
    uint64_t element_ps; /* lanes_engine_outcome.element_ps of earlier batches */
    uint64_t alone_ps;   /* likewise */
    lanes_engine_threads threads;
    uint64_t unstreamed_ns; /* that batches ran with it for which it is second best */
    lanes_server_mail wanted;
    lanes_server_mail done;
};

struct lanes_server_kernel {
    lanes_server_session *session;
    lanes_abi_id id;
    lanes_engine_kernel checked; /* what its batches are checked against */
    bool calls_vector_hypot;     /* as its first report says: no batch may flush */
    /* Control. */
    lanes_server_kernel *previous; /* in session->all_kernels */
    lanes_server_kernel *next;
    char *ir; /* copied from the client when loaded, for later variants */
    uint64_t ir_bytes;
    lanes_compile_request request; /* what all its variants have in common */
    struct json_t *report;
    uint64_t compile_ns;
    uint32_t variant_count; /* those that dispatch has asked for included */
    /* Dispatch; control before `add`, and again after `free`. */
    lanes_server_variant *variants;
    uint32_t uses; /* batches, and variants that control has */
    bool is_removed;
    lanes_server_mail add;
    lanes_server_mail remove;
    lanes_server_mail free;
};

/* ---- Batches (dispatch only) --------------------------------------------------------
 */

/** Why a batch ends that has not finished, if it does. */
enum lanes_server_end {
    LANES_END_WANTED = 0, /* its deadline, or somebody wants it to */
    LANES_END_LIMIT,      /* it has run for limits.batch_ns */
    LANES_END_HELD        /* it held the team for limits.hold_ns while others waited */
};

/** A batch from its ring entry to its completion. Lives in its session's pool. */
struct lanes_server_batch {
    lanes_server_batch *next; /* in the free list, a queue or the parked list */
    lanes_server_session *session;
    lanes_server_kernel *kernel;
    lanes_server_variant *variant;
    uint64_t tag;
    uint64_t cookie;
    uint32_t errors;   /* enum lanes_errors */
    uint32_t priority; /* enum lanes_priority */
    uint64_t submitted_ns;
    uint64_t taken_ns;
    uint64_t parked_ns;  /* when it began to wait for its variant; 0 = it did not */
    uint64_t started_ns; /* first tile; 0 = none yet */
    uint64_t compile_ns;
    uint64_t deadline_ns; /* by lanes_clock_ns(); 0 = none */
    uint64_t position;    /* elements run */
    bool may_stream; /* by its plan; whether it does is in plan.key, by the variant */
    lanes_engine_plan plan;
    lanes_engine_outcome outcome;
    enum lanes_server_end ended_for;
    uint32_t view_count;
    lanes_server_view *views[LANES_OPERANDS_MAX + 1]; /* of operands and params */
};

/** A list of batches, first in first out. */
typedef struct lanes_server_batches {
    lanes_server_batch *first;
    lanes_server_batch *last;
} lanes_server_batches;

/** What of a session is ready to run with one priority, in order. */
typedef struct lanes_server_queue {
    lanes_server_turn turn; /* waits while there are batches */
    lanes_server_batches batches;
    lanes_server_session *session;
} lanes_server_queue;

/* ---- Sessions -----------------------------------------------------------------------
 */

enum lanes_server_session_state {
    LANES_SESSION_NEW = 1, /* connected, no hello yet: dispatch does not know it */
    LANES_SESSION_OPEN,
    LANES_SESSION_CLOSING /* removed from dispatch, waiting for SESSION_GONE */
};

/** What limits of bytes are about. */
typedef struct lanes_server_bytes {
    uint64_t mapped; /* by all_views */
    uint64_t ir;     /* copies that all_kernels have */
} lanes_server_bytes;

struct lanes_server_session {
    /** Set by control when the session or the server ends; read by the team per tile. */
    _Alignas(LANES_CACHE_LINE) uint32_t cancel;

    /* Of watch.mutex: what the client has cancelled and dispatch has not looked for. */
    uint64_t cancel_tag[LANES_CANCELS_MAX];
    uint32_t cancel_count;
    bool cancels_all; /* whatever the tag */

    /* Constant after hello. */
    _Alignas(LANES_CACHE_LINE) lanes_server *server;
    uint32_t number; /* for the log */
    int event_fd;    /* the client's, signalled by dispatch */

    /* Control. */
    lanes_server_session *previous;
    lanes_server_session *next;
    enum lanes_server_session_state state;
    int fd;
    lanes_status close_reason; /* set before `remove` */
    lanes_shm_rings rings;
    lanes_shm_table *segments;
    lanes_server_view *views[LANES_SEGMENTS_MAX]; /* by slot; NULL once released */
    lanes_server_kernel **kernels; /* [LANES_KERNELS_MAX], by slot; NULL once released */
    uint32_t kernel_count;
    /* Those too that are released and that dispatch has not let go of yet. */
    lanes_server_view *all_views;
    lanes_server_kernel *all_kernels;
    lanes_server_bytes held;
    uint32_t last_generation;
    lanes_server_job *loading; /* the request that has not been answered yet */
    uint32_t compile_count;    /* its jobs, sent or not */
    uint64_t compile_turn;     /* compiler.turns when one was last sent */
    uint64_t opened_ns;
    bool has_asked; /* for statistics, or to cancel batches of a session */

    /* Dispatch; control before `add` and after `gone`. */
    _Alignas(LANES_CACHE_LINE) lanes_ring_executor ring;
    lanes_server_session *dispatch_previous;
    lanes_server_session *dispatch_next;
    bool is_corrupt; /* the ring lied: nothing more is taken or posted */
    bool is_removed; /* SESSION_REMOVE was read: let go of it at the next safe point */
    bool has_unpublished;  /* completions posted but not announced */
    uint32_t batch_count;  /* taken and not completed */
    bool has_cancels;      /* watch.mutex: look at cancel_tag once its ring is empty */
    uint64_t cancel_taken; /* tally's TAKEN when that was said */
    lanes_server_view *dispatch_views[LANES_SEGMENTS_MAX];
    lanes_server_kernel **dispatch_kernels; /* [LANES_KERNELS_MAX] */
    lanes_server_batch *pool;               /* [LANES_ABI_ENTRIES] */
    lanes_server_batches idle;
    lanes_server_queue queue[LANES_PRIORITIES]; /* by enum lanes_priority */
    lanes_server_batches parked;                /* waiting for a variant */
    lanes_server_current current;
    lanes_server_tally tally;

    lanes_server_mail add;
    lanes_server_mail remove;
    lanes_server_mail end_batches; /* to dispatch, if cancel_count > 0 */
    lanes_server_mail report_corrupt;
    lanes_server_mail gone;
};

/* ---- The whole ----------------------------------------------------------------------
 */

typedef struct lanes_server_dispatch {
    _Alignas(LANES_CACHE_LINE) uint32_t sleeping; /* dispatch writes, control reads */
    /* Control reads these when a mail about them arrives, STARTED or PLAN_TAKEN. */
    _Alignas(LANES_CACHE_LINE) uint32_t threads;
    lanes_status status; /* of the team, with STOPPED */
    lanes_error error;
    /* Dispatch. */
    lanes_team *team;
    lanes_server_session *sessions;
    lanes_server_turns turns;
    uint32_t batch_count; /* of all sessions: taken and not completed; ..._count() it */
    bool is_stopping;
    bool has_started;
    const lanes_topo_plan *plan;      /* of the team */
    const lanes_topo_plan *next_plan; /* for which to leave it; NULL: none */
    uint64_t looked_ns;               /* LANES_MAIL_LOOK was last sent */
    uint64_t idle_since_ns;           /* 0: not idle */
    lanes_spin spin;                  /* before it sleeps */
    uint64_t now_ns;                  /* the clock, when batches were last taken or run */
    uint64_t visit_ns; /* that batches ran where they were taken: in this visit of a */
    uint64_t pass_ns;  /* session; and in this look at all of them */
    uint32_t idle_polls;
    uint64_t sleeps;       /* control reads */
    lanes_abi_entry entry; /* the one being decoded */
    uint64_t arguments[LANES_ABI_ARGUMENT_WORDS];
} lanes_server_dispatch;

struct lanes_server {
    const lanes_server_options *options;
    lanes_server_mailbox to_dispatch;
    lanes_server_mailbox to_control;
    int doorbell;      /* wakes dispatch; clients and control signal it */
    int control_event; /* wakes control; dispatch signals it */
    lanes_server_dispatch dispatch;
    lanes_server_watch watch;
    lanes_server_team team;
    /* Control. */
    int poller;
    pthread_t dispatch_thread;
    bool is_dispatch_running;
    bool is_stopping;
    bool is_cancelled; /* LANES_MAIL_CANCEL_ALL was sent */
    uint64_t stop_until_ns;
    lanes_server_session *sessions;
    uint32_t session_count; /* all but CLOSING */
    uint32_t last_session_number;
    lanes_server_bytes held; /* by all sessions */
    uint32_t uid;
    struct lanes_loader *loader;
    lanes_server_compiler compiler;
    lanes_server_codes codes;
    struct lanes_cache *cache; /* NULL: none */
    bool has_cache_warned;     /* that it cannot be written to */
    lanes_server_stats stats;
    lanes_server_mail stop;
    lanes_server_mail cancel_all;
    lanes_server_mail started;
    lanes_server_mail stopped;
};

/* ---- server_control.c ---------------------------------------------------------------
 */

/* Poller tokens below any pointer; sessions are their own token. */
enum lanes_server_token {
    LANES_TOKEN_LISTENER = 1,
    LANES_TOKEN_STOP,
    LANES_TOKEN_MAIL,
    LANES_TOKEN_RELOAD,
    LANES_TOKEN_COMPILER /* its socket, and its process */
};

/** Control: post to dispatch, and wake it if it sleeps. */
void lanes_server_post(lanes_server *server, lanes_server_mail *mail,
                       enum lanes_server_mail_type type);

/** Dispatch: post to control, and wake it. */
void lanes_server_report(lanes_server *server, lanes_server_mail *mail,
                         enum lanes_server_mail_type type);

/* ---- server_session.c (control) -----------------------------------------------------
 */

/** Take over the connected socket @p fd, which is closed on failure. */
LANES_NODISCARD lanes_status lanes_server_session_open(lanes_server *server, int fd,
                                                       lanes_error *err);

/** The session whose poller token this is. */
lanes_server_session *lanes_server_session_of(uint64_t token);

/** The session's socket is readable or was hung up. */
void lanes_server_session_ready(lanes_server_session *session);

/** End a session; its memory goes when dispatch has let go of it. @p why is for the log.
 */
void lanes_server_session_close(lanes_server_session *session, lanes_status reason,
                                const char *why);

/** Dispatch has let go: free everything. */
void lanes_server_session_free(lanes_server_session *session);

/**
 * Answer the request whose header is @p request: fills type, sequence and size of
 * @p message, and ends the session if it cannot be sent.
 */
void lanes_server_reply(lanes_server_session *session, const lanes_abi_header *request,
                        void *message, size_t bytes, const int *fds, uint32_t fd_count);

void lanes_server_reply_failure(lanes_server_session *session,
                                const lanes_abi_header *request,
                                const lanes_error *error);

/* ---- server_segment.c (control) -----------------------------------------------------
 */

/**
 * LANES_E_QUOTA if @p bytes more are too many, for the session or for all of them.
 *
 * @param what  that has them, for the error: "a segment"
 */
LANES_NODISCARD lanes_status lanes_server_bytes_room(const lanes_server_session *session,
                                                     const char *what, uint64_t bytes,
                                                     lanes_error *err);

/* Handlers of requests: answer, or fail with a text that is then the answer. */
LANES_NODISCARD lanes_status lanes_server_on_segment_create(lanes_server_session *session,
                                                            const void *message, int fd,
                                                            lanes_error *err);
LANES_NODISCARD lanes_status lanes_server_on_segment_attach(lanes_server_session *session,
                                                            const void *message, int fd,
                                                            lanes_error *err);
LANES_NODISCARD lanes_status lanes_server_on_segment_release(
    lanes_server_session *session, const void *message, int fd, lanes_error *err);

/* ---- server_place.c ------------------------------------------------------------------
 */

/** Control: let new memory of the session's segments come from the team's nodes. */
void lanes_server_place_segments(lanes_server_session *session);

/**
 * Dispatch: find out where the operands of a decoded batch are, if it is large, and let
 * threads run what is near them. views[k] is operand k's.
 */
void lanes_server_place_batch(lanes_server *server, lanes_server_batch *batch);

/** Drop a view's reference and free it. */
void lanes_server_view_free(lanes_server_view *view);

/* ---- server_kernel.c (control) ------------------------------------------------------
 */

LANES_NODISCARD lanes_status lanes_server_on_kernel_load(lanes_server_session *session,
                                                         const void *message, int fd,
                                                         lanes_error *err);
LANES_NODISCARD lanes_status lanes_server_on_kernel_report(lanes_server_session *session,
                                                           const void *message, int fd,
                                                           lanes_error *err);
LANES_NODISCARD lanes_status lanes_server_on_kernel_release(lanes_server_session *session,
                                                            const void *message, int fd,
                                                            lanes_error *err);

/** LANES_E_QUOTA if the session can have no further kernel. */
LANES_NODISCARD lanes_status lanes_server_kernel_room(const lanes_server_session *session,
                                                      lanes_error *err);

/** The session's kernel @p id; LANES_E_STALE_ID if there is none. */
LANES_NODISCARD lanes_status lanes_server_kernel_find(const lanes_server_session *session,
                                                      lanes_abi_id id,
                                                      lanes_server_kernel **out_kernel,
                                                      lanes_error *err);

/**
 * Make a kernel of @p ir, which is taken over, and begin to compile it; the request with
 * @p header is answered when that is done.
 */
LANES_NODISCARD lanes_status lanes_server_kernel_load(
    lanes_server_session *session, const lanes_abi_header *header,
    const lanes_compile_request *request, char *ir, lanes_error *err);

/** A load's compile has ended: answer the client, publish the kernel or free it. */
void lanes_server_kernel_loaded(lanes_server_job *job, const lanes_error *error);

/** Count a further variant of a kernel; LANES_E_QUOTA if it has too many. */
LANES_NODISCARD lanes_status lanes_server_variant_admit(lanes_server_variant *variant,
                                                        lanes_error *err);

/** Unload every variant and free; nobody runs it. NULL is allowed. */
void lanes_server_kernel_free(lanes_server *server, lanes_server_kernel *kernel);

/* ---- server_fuse.c (control) --------------------------------------------------------
 */

LANES_NODISCARD lanes_status lanes_server_on_kernel_fuse(lanes_server_session *session,
                                                         const void *message, int fd,
                                                         lanes_error *err);

/** Bytes of the IR in which payloads of node @p node of @p kernel are; 0: none is. */
uint64_t lanes_server_node_bytes(const lanes_server_kernel *kernel, uint32_t node);

/* ---- server_exceptions.c (control) --------------------------------------------------
 */

/** Bytes of the exception tables that @p result says it has; false if it cannot have so
 * many. */
bool lanes_server_exceptions_bytes(const lanes_compile_result *result,
                                   uint64_t *out_bytes);

/**
 * Check the tables at @p tables, of the bytes that lanes_server_exceptions_bytes() told,
 * and keep a copy in @p variant; explain and address are the caller's to set.
 *
 * @return LANES_OK, -ENOMEM, LANES_E_INTERNAL (they cannot be of this kernel's IR)
 */
LANES_NODISCARD lanes_status lanes_server_exceptions_take(
    lanes_server_variant *variant, const lanes_compile_result *result, const char *tables,
    lanes_error *err);

/* ---- server_dispatch.c (dispatch) ---------------------------------------------------
 */

/** Lead the team, until the server stops or dispatch.next_plan is set. */
void lanes_server_dispatch_lead(lanes_server *server);

/** Count @p more batches that are taken and not completed; less, if it is negative. */
static inline void lanes_server_dispatch_count(lanes_server *server, int32_t more)
{
    server->dispatch.batch_count += (uint32_t)more;
    if (server->options->batch_count != NULL) {
        lanes_store_relaxed_u32(server->options->batch_count,
                                server->dispatch.batch_count);
    }
}

/** Tell @p session's client how many threads the team has, and which core the leader. */
void lanes_server_dispatch_tell_team(lanes_server *server, lanes_server_session *session);

/** Read and handle the mails there are; true if there were any. */
bool lanes_server_dispatch_mail(lanes_server *server);

/** Report @p view free if it is removed and unused. */
void lanes_server_view_settle(lanes_server *server, lanes_server_view *view);

/** Report @p kernel free if it is removed and unused. */
void lanes_server_kernel_settle(lanes_server *server, lanes_server_kernel *kernel);

/* ---- server_decode.c (dispatch) -----------------------------------------------------
 */

/**
 * Turn a taken entry into @p batch: kernel and segments looked up and held (until
 * lanes_server_batch_let_go()), operands checked, plan made.
 */
LANES_NODISCARD lanes_status lanes_server_batch_decode(lanes_server_session *session,
                                                       const lanes_abi_entry *entry,
                                                       const uint64_t *arguments,
                                                       lanes_server_batch *batch,
                                                       lanes_error *err);

/** Drop what @p batch holds. */
void lanes_server_batch_let_go(lanes_server *server, lanes_server_batch *batch);

/* ---- server_complete.c (dispatch) ---------------------------------------------------
 */

/** Post a completion, drop what @p batch holds, and return it to its session's pool. */
void lanes_server_complete(lanes_server *server, lanes_server_batch *batch,
                           lanes_status status, const char *text);

/** All elements have been run: complete as the batch's errors policy says. */
void lanes_server_complete_run(lanes_server *server, lanes_server_batch *batch);

/** A fault has ended a tile: complete with LANES_E_KERNEL_FAULT, or, if a segment of the
 * batch has lost memory, with LANES_E_SEGMENT_TRUNCATED. */
void lanes_server_complete_fault(lanes_server *server, lanes_server_batch *batch);

/** Announce posted completions and wake the client if it sleeps. */
void lanes_server_batch_publish(lanes_server_session *session);

/** Mark the session as over in its ring, and wake the client whatever it does. */
void lanes_server_batch_close_ring(lanes_server_session *session, lanes_status reason);

/* ---- server_batch.c (dispatch) ------------------------------------------------------
 */

/** Take and start entries of @p session; true if there were any. */
bool lanes_server_batch_take(lanes_server *server, lanes_server_session *session);

/** Run a slice of the first batch in @p queue, or some that are small. */
void lanes_server_batch_run_turn(lanes_server *server, lanes_server_queue *queue);

/** A variant has come back from control: queue or fail the batches that wait for it. */
void lanes_server_batch_variant_done(lanes_server *server, lanes_server_variant *variant);

/** Complete a batch that did not finish: its deadline is over, or somebody ended it. */
void lanes_server_batch_end(lanes_server *server, lanes_server_batch *batch);

#endif /* LANES_SERVER_INTERNAL_H */
