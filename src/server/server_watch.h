/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_watch.h - batches that must end before they have finished.
 */
#ifndef LANES_SERVER_WATCH_H
#define LANES_SERVER_WATCH_H

#include <pthread.h>

#include "base/base.h"
#include "engine/engine.h"
#include "server/server.h"
#include "server/server_code.h"
#include "server/server_mail.h"

typedef struct lanes_server_batch lanes_server_batch;

/**
 * How control ends batches, also one whose callback does not return (server_watch.c).
 * Dispatch tells what runs; control says what is to end.
 */
typedef struct lanes_server_watch {
    /* Dispatch writes, control reads. The other fields are those of `running` if that is
     * the same before and after they are read. */
    _Alignas(LANES_CACHE_LINE) uint64_t running; /* ticket of a batch; 0: none; release */
    uint64_t session;                            /* its number */
    uint64_t tag;
    uint64_t deadline_ns; /* 0: none; the end of what it may run, too */
    uint64_t begun_ns;
    uint64_t others;       /* batches of other sessions that were taken before */
    uint64_t earliest_ns;  /* control need not look before: no batch that was taken has an
                              earlier deadline, nor what runs held the team for too long;
                              seq_cst */
    uint64_t last_ticket;  /* dispatch only */
    pthread_mutex_t mutex; /* of dispatch.team, while its threads are interrupted; and of
                              what sessions have cancelled */
    /* Control writes, dispatch and the team read. */
    _Alignas(LANES_CACHE_LINE) uint64_t ended; /* ticket of the batch that is to end;
                                                  release */
    uint64_t held;     /* likewise, if that is because it held the team */
    uint64_t awake_ns; /* control looks again not later; seq_cst */
    /* Control. */
    _Alignas(LANES_CACHE_LINE) uint64_t ended_ns; /* when it was said so, or last tried */
    uint32_t attempts;                            /* to interrupt it */
    bool is_expiring;                             /* `expire` is posted */
    lanes_server_mail expire; /* to dispatch: deadlines of batches that wait; and back */
} lanes_server_watch;

/** Control: handler of a request. */
LANES_NODISCARD lanes_status lanes_server_on_batch_cancel(lanes_server_session *session,
                                                          const void *message, int fd,
                                                          lanes_error *err);

/** Control: handler of a request. */
LANES_NODISCARD lanes_status lanes_server_on_session_cancel(lanes_server_session *session,
                                                            const void *message, int fd,
                                                            lanes_error *err);

/** Dispatch: LANES_MAIL_CANCEL has come. */
void lanes_server_watch_note_cancel(lanes_server_session *session);

/** Dispatch: true if all that was submitted before that has been taken, though the ring
 * may never be empty. */
bool lanes_server_watch_is_due(const lanes_server_session *session);

/** Dispatch: end what waits with the tags that the client has cancelled. */
void lanes_server_watch_cancel(lanes_server_session *session);

/** Dispatch: true if the client has cancelled @p tag, and dispatch has not looked yet. */
bool lanes_server_watch_is_cancelled(lanes_server_session *session, uint64_t tag);

/** Control: end what must end at @p now_ns; returns how long it may sleep. */
uint64_t lanes_server_watch_tick(lanes_server *server, uint64_t now_ns);

/** Control: true if it may sleep @p wait_ns from @p now_ns on; else it looks again. */
bool lanes_server_watch_sleep(lanes_server *server, uint64_t now_ns, uint64_t wait_ns);

/** Dispatch: a batch with a deadline was taken; wakes control if that must know. */
void lanes_server_watch_deadline(lanes_server *server, uint64_t deadline_ns);

/** Dispatch: a slice of @p batch begins; @p out_end is for the engine. */
void lanes_server_watch_begin(lanes_server *server, const lanes_server_batch *batch,
                              lanes_engine_end *out_end);

/** Dispatch: @p team is what runs callbacks, until lanes_server_watch_leave_team(). */
void lanes_server_watch_enter_team(lanes_server *server, lanes_team *team);

/** Dispatch: the team is about to end. */
void lanes_server_watch_leave_team(lanes_server *server);

/** Dispatch: it is over; true if control has ended it, then batch->ended_for says why. */
bool lanes_server_watch_finish(lanes_server *server, lanes_server_batch *batch);

#endif /* LANES_SERVER_WATCH_H */
