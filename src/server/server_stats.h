/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_stats.h - what is counted, and who counts it.
 *
 * Dispatch counts batches, in its sessions: a word has one writer, and control reads it
 * while it grows. What sessions have counted that are gone is control's, as is all that
 * control counts itself. No clock is read to count, and nothing is shared by two writers.
 */
#ifndef LANES_SERVER_STATS_H
#define LANES_SERVER_STATS_H

#include <lanes/abi.h>

#include "base/atomic.h"
#include "base/base.h"

struct json_t; /* jansson's */

typedef struct lanes_server lanes_server;
typedef struct lanes_server_session lanes_server_session;
typedef struct lanes_server_batch lanes_server_batch;

/**
 * Counters of batches, and what the statistics call them. COMPLETED is first: it is read
 * first, so that no reader sees more of them than were taken.
 */
#define LANES_SERVER_TALLY_TABLE(X)                                                      \
    X(COMPLETED, "completed") /* those that follow but TAKEN and SLICES included */      \
    X(TAKEN, "taken")         /* entries copied out of the ring */                       \
    X(FAILED, "failed")       /* with a status < 0: the next four, and refused ones */   \
    X(RAISED, "raised")                                                                  \
    X(FAULTED, "faulted")                                                                \
    X(CANCELLED, "cancelled")                                                            \
    X(DEADLINE, "deadline")                                                              \
    X(INLINE, "inline")     /* run where they were taken, without a queue */             \
    X(SLICES, "slices")     /* turns of the team */                                      \
    X(ELEMENTS, "elements") /* of batches that ran to their end */                       \
    X(RUN_NS, "run_ns")     /* that the team had slices, unfinished batches' too */

enum lanes_server_tally_word {
#define LANES_SERVER_TALLY_WORD(name, text) LANES_TALLY_##name,
    LANES_SERVER_TALLY_TABLE(LANES_SERVER_TALLY_WORD)
#undef LANES_SERVER_TALLY_WORD
        LANES_TALLY_COUNT
};

/** Buckets of a histogram: bucket i is of times from 2^i to 2^(i+1) ns, the first from 0,
 * the last without end (it begins with 39 hours). */
#define LANES_SERVER_BUCKETS 48u

/** Of one session, or of all; dispatch writes. */
typedef struct lanes_server_tally {
    uint64_t word[LANES_TALLY_COUNT];
    uint64_t queued_ns_max;
    /* Of batches that have begun: from submission to the first tile, and the run. */
    uint64_t queued_log2[LANES_SERVER_BUCKETS];
    uint64_t run_log2[LANES_SERVER_BUCKETS];
} lanes_server_tally;

/**
 * The batch of a session that had the last slice and has not ended. Dispatch writes; the
 * other fields are those of `ticket` if that is the same before and after they are read.
 */
typedef struct lanes_server_current {
    uint64_t ticket; /* of its last slice; 0: none has begun; release */
    uint64_t tag;
    uint64_t started_ns;
    uint64_t slice_ns; /* when its last slice began */
    uint64_t elements;
    uint64_t position;                      /* elements run before that slice */
    const struct lanes_server_batch *batch; /* dispatch only */
} lanes_server_current;

/** What control counts; control only. */
typedef struct lanes_server_stats {
    uint64_t started_ns;
    lanes_server_tally gone; /* of sessions that dispatch has let go of */
    uint64_t sessions_closed;
    uint64_t sessions_refused;
    uint64_t rings_corrupt;
    uint64_t interrupts; /* signals sent to threads in callbacks */
    uint64_t compile_requests;
    uint64_t compiled; /* code that was made */
    uint64_t code_from_memory;
    uint64_t code_from_disk;
    uint64_t compiles_failed; /* of whatever; the next two included */
    uint64_t compiles_crashed;
    uint64_t compiles_over_limit;
    uint64_t compiles_retried; /* jobs whose compiler, or child, others have killed */
    uint64_t compile_wall_ns;  /* that the compiler was at work on requests */
    uint64_t compiler_starts;
} lanes_server_stats;

/** Add to a word that only the calling thread writes. */
static inline void lanes_server_count(uint64_t *word, uint64_t more)
{
    lanes_store_relaxed_u64(word, *word + more);
}

/* ---- server_tally.c (dispatch) ------------------------------------------------------
 */

/** A slice of @p batch begins. */
void lanes_server_tally_begin(const lanes_server_batch *batch, uint64_t ticket);

/** It has ended; @p before_ns is the outcome's run_ns from before. */
void lanes_server_tally_slice(const lanes_server_batch *batch, uint64_t before_ns);

/** @p batch is over. */
void lanes_server_tally_completion(const lanes_server_batch *batch,
                                   const lanes_abi_completion *completion);

/* ---- server_tally.c (control) -------------------------------------------------------
 */

/** Add what @p from says now to @p to. */
void lanes_server_tally_sum(lanes_server_tally *to, const lanes_server_tally *from);

/** True, and *out_current a copy, if a batch of the session has begun and not ended. */
bool lanes_server_tally_current(const lanes_server_current *current,
                                lanes_server_current *out_current);

/** Batches that the session has submitted and that are not completed. */
uint64_t lanes_server_tally_in_flight(const lanes_server_session *session);

/* ---- server_stats.c (control) -------------------------------------------------------
 */

/** Handler of a request. */
LANES_NODISCARD lanes_status lanes_server_on_stats(lanes_server_session *session,
                                                   const void *message, int fd,
                                                   lanes_error *err);

/** True of a session that has only ever asked about others or cancelled their batches. */
bool lanes_server_session_is_observer(const lanes_server_session *session);

/** The session ends; @p was_open: it had said hello. */
void lanes_server_stats_session_end(const lanes_server_session *session, bool was_open,
                                    lanes_status reason);

/** A compile has ended; @p error is NULL if it has not failed. */
void lanes_server_stats_job_end(lanes_server *server, const lanes_error *error);

#endif /* LANES_SERVER_STATS_H */
