/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_replay.h - what a session remembers of each batch in flight, so that another
 * executor can go on where one died.
 *
 * A batch has a record from lanes_submit() until the program has its completion. There
 * are as many records as batches can be in flight, allocated when the session is opened.
 * The entry's cookie is (sequence << 8 | record), so that completions name their record
 * and cookies are in the order of submission.
 *
 * Records name kernels and segments by their ids at the executor, as the entries in the
 * ring do; client_replay.c finds the handles when an executor has died, or the program
 * releases one. So submitting costs a copy and no counting.
 */
#ifndef LANES_CLIENT_REPLAY_H
#define LANES_CLIENT_REPLAY_H

#include "base/base.h"

#include <lanes/lanes.h>

enum lanes_client_record_state {
    LANES_RECORD_FREE = 0,
    LANES_RECORD_IN_FLIGHT, /* submitted; entry and arguments are valid */
    LANES_RECORD_KEPT       /* ended, not consumed; completion and detail are valid */
};

typedef struct lanes_client_record {
    union {
        lanes_abi_entry entry;
        lanes_abi_completion completion;
    };
    union {
        uint64_t arguments[LANES_ABI_ARGUMENT_WORDS];
        lanes_abi_detail detail;
    };
    uint64_t cookie;
    uint32_t state;    /* enum lanes_client_record_state */
    uint32_t deaths;   /* executors that died when they had started it */
    bool is_cancelled; /* an executor was told to end it */
    bool is_run_once;  /* lanes_batch.no_replay */
} lanes_client_record;

/** Which records are used. Indices of records fit a byte. */
typedef struct lanes_client_replay {
    uint64_t sequence; /* of the last batch */
    uint32_t free_count;
    uint32_t kept_head;
    uint32_t kept_count;
    uint8_t free[LANES_ABI_ENTRIES]; /* a stack: the one used last is in the cache */
    uint8_t kept[LANES_ABI_ENTRIES]; /* a queue */
    lanes_client_record record[LANES_ABI_ENTRIES];
} lanes_client_replay;

_Static_assert(LANES_ABI_ENTRIES == 256, "the index of a record is a byte of the cookie");

/** @return NULL if there is no memory */
lanes_client_replay *lanes_client_replay_create(void);

/** NULL is allowed. */
void lanes_client_replay_destroy(lanes_client_replay *replay);

/**
 * The record of the next batch, for the caller to fill entry and arguments; there is one.
 * Until lanes_client_replay_commit() it is free.
 */
lanes_client_record *lanes_client_replay_reserve(lanes_client_replay *replay);

/** The batch is going to be submitted: note it, and set entry.cookie. */
void lanes_client_replay_commit(lanes_client_replay *replay, const lanes_batch *batch,
                                lanes_client_record *record);

/** The record in flight with @p cookie; NULL if there is none. */
lanes_client_record *lanes_client_replay_find(lanes_client_replay *replay,
                                              uint64_t cookie);

/** The program has the completion. What the record holds stays until the next reserve. */
void lanes_client_replay_free(lanes_client_replay *replay, lanes_client_record *record);

/** The oldest kept completion; NULL if there is none. */
lanes_client_record *lanes_client_replay_kept(lanes_client_replay *replay);

/** The program has the oldest kept completion. */
void lanes_client_replay_consume(lanes_client_replay *replay);

/** Batches in flight with @p tag have been cancelled. */
void lanes_client_replay_cancel(lanes_client_replay *replay, uint64_t tag);

/** Batches in flight that name segment or kernel @p id. */
uint32_t lanes_client_replay_segment_users(const lanes_client_replay *replay,
                                           lanes_abi_id id);
uint32_t lanes_client_replay_kernel_users(const lanes_client_replay *replay,
                                          lanes_abi_id id);

/**
 * The batch of @p record has ended, whose entry and arguments are still there: released
 * handles that no other batch names are freed, and an executor that has them is told.
 */
void lanes_client_replay_let_go(lanes_session *session,
                                const lanes_client_record *record);

/**
 * Keep all completions that the dead executor has published.
 * @return LANES_OK, LANES_E_RING_CORRUPT
 */
LANES_NODISCARD lanes_status lanes_client_replay_keep(lanes_session *session);

/** End batches that may not run again: the dead executor may have begun to write. */
void lanes_client_replay_judge(lanes_session *session);

/** Submit what is in flight, in its old order, to an executor that knows the handles by
 * their fresh ids, which become their ids. */
void lanes_client_replay_resubmit(lanes_session *session);

/**
 * Why the batch in @p record must not be run twice: a clause, or NULL if it may: it
 * writes nothing that it reads.
 */
const char *lanes_client_find_overlap(const lanes_session *session,
                                      const lanes_client_record *record, char *text,
                                      size_t text_bytes);

/** The handle, released or not, that batches in flight name by @p id; never NULL for ids
 * in records. */
const lanes_segment *lanes_client_find_segment(const lanes_session *session,
                                               lanes_abi_id id);
const lanes_kernel *lanes_client_find_kernel(const lanes_session *session,
                                             lanes_abi_id id);

#endif /* LANES_CLIENT_REPLAY_H */
