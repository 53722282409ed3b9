/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_recover.c - an executor has ended: finding out, and having another one take
 * over.
 */
#include "client/client_internal.h"
#include "client/client_source.h"
#include "os/os_wait.h"

/* Between two looks whether it has ended. */
#define LOOK_NS 10000000u
/* Between two attempts to reach another one: from, to. */
#define PAUSE_MIN_NS 2000000u
#define PAUSE_MAX_NS 100000000u
/* A supervisor starts another executor at once. When none has come in this time, a
 * session that may have a private one takes that. */
#define SUPERVISOR_NS 1000000000u
/* lanes_poll() tries no more often than this, and waits no longer for it. */
#define TRY_NS 10000000u

/* ---- The end ------------------------------------------------------------------------
 */

/** A pause that a signal may cut short. */
static void pause_for(uint64_t time_ns)
{
    const uint32_t word = 0;
    LANES_IGNORE(lanes_os_futex_wait(&word, 0, time_ns), "it is only a pause");
}

bool lanes_client_is_gone(const lanes_session *session)
{
    return lanes_ring_client_closed(&session->ring) != LANES_OK ||
           lanes_os_socket_is_closed(session->socket);
}

uint32_t lanes_client_in_flight(const lanes_session *session)
{
    return session->replay != NULL ? LANES_ABI_ENTRIES - session->replay->free_count
                                   : lanes_ring_client_in_flight(&session->ring);
}

/**
 * Wait until the executor cannot write into our segments any more: its process has ended,
 * or it says that it has let go of the session. That its socket is closed does not say
 * so: threads of it may be in a tile of ours.
 *
 * @return what it says, LANES_E_PEER_GONE if it just ended, LANES_E_TIMED_OUT
 */
static lanes_status await_end(lanes_session *session)
{
    const uint64_t begin_ns = lanes_clock_ns();
    bool is_closed = false;
    for (;;) {
        const lanes_status reason = lanes_ring_client_closed(&session->ring);
        if (reason < 0) {
            return reason;
        }
        is_closed = is_closed || lanes_os_socket_is_closed(session->socket);
        if (is_closed &&
            (session->process < 0 ||
             lanes_os_poll(session->process, LANES_OS_READABLE, LOOK_NS) != 0)) {
            /* It may have said why just before it ended. */
            const lanes_status last = lanes_ring_client_closed(&session->ring);
            return last < 0 ? last : LANES_E_PEER_GONE;
        }
        if (lanes_clock_ns() - begin_ns >= session->timeout_ns) {
            return LANES_E_TIMED_OUT;
        }
        if (!is_closed) {
            LANES_IGNORE(lanes_os_poll(session->socket, 0, LOOK_NS) < 0,
                         "the loop looks whatever it says");
        }
    }
}

/** The session cannot go on; completions that it still has come first. */
static lanes_status give_up(lanes_session *session, lanes_status reason, lanes_error *err)
{
    const lanes_abi_completion *completion = NULL;
    const lanes_abi_detail *detail = NULL;
    if (lanes_ring_client_peek(&session->ring, &completion, &detail) <= 0) {
        lanes_client_break(session, LANES_E_PEER_GONE);
    }
    const bool has_reason = reason < 0 && reason != LANES_E_TIMED_OUT;
    return lanes_error_set(
        err, LANES_E_PEER_GONE, "%s%s; %u batches have no completion; open a new session",
        has_reason                    ? "the executor ended the session: "
        : reason == LANES_E_TIMED_OUT ? "the executor has hung up and does not end"
                                      : "the executor has died",
        has_reason ? lanes_status_text(reason) : "", lanes_client_in_flight(session));
}

lanes_status lanes_client_lose(lanes_session *session, lanes_error *err)
{
    if (session->replay == NULL) {
        return give_up(session, lanes_ring_client_closed(&session->ring), err);
    }
    const lanes_status reason = await_end(session);
    if (reason != LANES_E_PEER_GONE) {
        return give_up(session, reason, err);
    }
    session->lost_ns = lanes_clock_ns(); /* from now on it is sent no requests */
    session->tried_ns = 0;
    const lanes_status kept = lanes_client_replay_keep(session);
    if (kept < 0) {
        return lanes_error_set(err, lanes_client_break(session, kept),
                               "%s; open a new session", lanes_status_text(kept));
    }
    lanes_client_replay_judge(session);
    session->was_private = session->executor.pidfd >= 0;
    lanes_client_disconnect(session);
    if (session->poller >= 0) {
        lanes_os_event_signal(session->nudge);
    }
    return LANES_OK;
}

/* ---- The next one -------------------------------------------------------------------
 */

/** Tell an executor, just connected, all that the last one knew. */
static lanes_status hand_over(lanes_session *session, lanes_error *err)
{
    lanes_segment *lists[] = {session->segments, session->released_segments};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(lists); i++) {
        for (lanes_segment *s = lists[i]; s != NULL; s = s->next) {
            LANES_TRY(lanes_client_reattach(s, err));
        }
    }
    LANES_TRY(lanes_client_reload_kernels(session, err));
    LANES_TRY(lanes_client_watch(session, err));
    lanes_client_replay_resubmit(session);
    return LANES_OK;
}

/** Have an executor take over, waiting for its answers only. */
static lanes_status attempt(lanes_session *session, lanes_error *err)
{
    const uint64_t now_ns = lanes_clock_ns();
    const uint64_t since_ns = now_ns - session->lost_ns;
    const uint64_t patience_ns = lanes_min_u64(SUPERVISOR_NS, session->timeout_ns / 2);
    const bool may_start =
        session->target.may_start && (session->was_private || since_ns >= patience_ns);
    session->tried_ns = now_ns;
    lanes_status status =
        lanes_client_connect(session, may_start, session->timeout_ns, err);
    if (status == LANES_OK) {
        status = hand_over(session, err);
    }
    if (status < 0) {
        lanes_client_disconnect(session);
        return status;
    }
    session->lost_ns = 0;
    session->reconnects++;
    return LANES_OK;
}

/** True if another attempt may be better. */
static bool is_worth_another(const lanes_session *session, lanes_status status)
{
    return (status == LANES_E_UNAVAILABLE || status == LANES_E_PEER_GONE) &&
           lanes_clock_ns() - session->lost_ns < session->timeout_ns;
}

/** Nobody takes over. */
static lanes_status fail(lanes_session *session, const lanes_error *cause,
                         lanes_error *err)
{
    const lanes_status status =
        cause->code == LANES_E_UNAVAILABLE ? LANES_E_UNAVAILABLE : LANES_E_PEER_GONE;
    const uint32_t kept = session->replay->kept_count;
    lanes_client_break(session, status);
    return lanes_error_set(
        err, status,
        "the executor has died, and no other has taken over in %llu ms: "
        "%u batches have no completion; open a new session (%s)",
        (unsigned long long)((lanes_clock_ns() - session->lost_ns) / 1000000u),
        lanes_client_in_flight(session) - kept, cause->message);
}

lanes_status lanes_client_recover(lanes_session *session, lanes_error *err)
{
    lanes_error cause = {.message = ""};
    uint64_t pause_ns = PAUSE_MIN_NS;
    for (;;) {
        const lanes_status status = attempt(session, &cause);
        if (status == LANES_OK) {
            return LANES_OK;
        }
        cause.code = status;
        if (!is_worth_another(session, status)) {
            return fail(session, &cause, err);
        }
        pause_for(pause_ns);
        pause_ns = lanes_min_u64(2 * pause_ns, PAUSE_MAX_NS);
    }
}

lanes_status lanes_client_try_recover(lanes_session *session, lanes_error *err)
{
    if (lanes_client_in_flight(session) == 0) {
        return 0; /* nothing will come; the next submission needs one */
    }
    const uint64_t since_ns = lanes_clock_ns() - session->tried_ns;
    if (since_ns < TRY_NS) {
        pause_for(TRY_NS - since_ns);
    }
    lanes_error cause = {.message = ""};
    const lanes_status status = attempt(session, &cause);
    if (status == LANES_OK) {
        return 1;
    }
    cause.code = status;
    if (!is_worth_another(session, status)) {
        return fail(session, &cause, err);
    }
    if (session->poller >= 0) {
        lanes_os_event_signal(session->nudge); /* so that the event loop comes back */
    }
    return 0;
}

lanes_status lanes_client_ready(lanes_session *session, lanes_error *err)
{
    LANES_TRY(lanes_client_check(session, err));
    return session->lost_ns != 0 ? lanes_client_recover(session, err) : LANES_OK;
}
