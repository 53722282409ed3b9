/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_wait.c - taking completions: look, spin, sleep.
 */
#include <lanes/batch.h>

#include <sched.h>
#include <string.h>

#include "base/atomic.h"
#include "client/client_internal.h"
#include "kernel/raised.h"
#include "os/os_failpoint.h"
#include "os/os_thread.h"
#include "os/os_wait.h"

/* Looks between two readings of the clock while spinning. */
#define SPINS_PER_CLOCK 16u
/*
 * Short batches are back within this. Then the core is offered to others after each
 * reading of the clock: where the executor has as many threads as there are cores, one
 * of them needs this one. Offering it after 4 us and every 4 us made batches of 100000
 * elements take 3 us more (2 cores, 2 threads).
 */
#define UNYIELDING_NS 1500u
/*
 * A thread that waits where the executor's first thread is bound takes turns with it: 10
 * us for a batch instead of 0.8. It moves away, no more often than this, as moving takes
 * some 10 us and the scheduler may bring it back.
 */
#define MOVE_NS 1000000u
/* lanes_poll() makes a system call to look for a hang-up no more often than this. */
#define POLL_LOOK_NS 10000000u

/** The whole of it in private memory, each word read once: what is checked is used. */
static void copy_raised(const lanes_abi_raised *shared, lanes_raised *out)
{
    uint64_t words[sizeof(*out) / sizeof(uint64_t)];
    const volatile uint64_t *source = (const volatile uint64_t *)(const void *)shared;
    for (size_t i = 0; i < LANES_ARRAY_COUNT(words); i++) {
        words[i] = source[i];
    }
    memcpy(out, words, sizeof(*out));
}

static void copy_detail(const lanes_abi_detail *shared, lanes_completion *out)
{
    if (out->status < 0 || out->failed > 0) {
        const size_t length = strnlen(shared->text, sizeof(out->message) - 1);
        memcpy(out->message, shared->text, length);
    }
    if (out->failed > 0) {
        copy_raised(&shared->raised, &out->raised);
        if (!lanes_raised_is_sane(&out->raised)) {
            /* Something failed, and nobody can say what. */
            out->raised = (lanes_raised){.kind = LANES_RAISED_UNKNOWN};
        }
    }
}

static void copy_completion(const lanes_abi_completion *shared,
                            const lanes_abi_detail *detail, lanes_completion *out)
{
    *out = (lanes_completion){
        .tag = shared->tag,
        .status = shared->status,
        .threads = shared->threads,
        .elements = shared->elements,
        .failed = shared->failed,
        .first_failed = shared->first_failed,
        .queued_ns = shared->queued_ns,
        .run_ns = shared->run_ns,
        .compile_ns = shared->compile_ns,
        .tiles = shared->tiles,
        .strategy = shared->strategy,
        .vector_width = shared->vector_width,
    };
    out->fp_raised = shared->fp_raised & LANES_FP_FLAGS;
    out->fp_first = out->fp_raised != 0 ? shared->fp_first : UINT64_MAX;
    copy_detail(detail, out);
}

/** Hand out the oldest completion of an executor that has died: 1 or 0. */
static lanes_status take_kept(lanes_session *session, lanes_completion *out_completion)
{
    lanes_client_replay *replay = session->replay;
    const lanes_client_record *record =
        replay != NULL ? lanes_client_replay_kept(replay) : NULL;
    if (record == NULL) {
        return 0;
    }
    copy_completion(&record->completion, &record->detail, out_completion);
    lanes_client_replay_consume(replay);
    return 1;
}

/** The program has the completion that named @p record. */
static void end_record(lanes_session *session, lanes_client_record *record)
{
    lanes_client_replay_free(session->replay, record);
    if (session->released_segments != NULL || session->released_kernels != NULL) {
        lanes_client_replay_let_go(session, record);
    }
}

/** Take a completion if one is there: 1, 0, or a failure that ends the session. */
static lanes_status take(lanes_session *session, lanes_completion *out_completion)
{
    if (session->lost_ns != 0) {
        return 0; /* kept ones come before all that looks here */
    }
    const lanes_abi_completion *shared = NULL;
    const lanes_abi_detail *detail = NULL;
    const lanes_status found = lanes_ring_client_peek(&session->ring, &shared, &detail);
    if (found < 0) {
        return lanes_client_break(session, found);
    }
    if (found == 0) {
        return 0;
    }
    lanes_client_record *record = NULL;
    if (session->replay != NULL) {
        record = lanes_client_replay_find(session->replay, shared->cookie);
        if (record == NULL) {
            return lanes_client_break(session, LANES_E_RING_CORRUPT); /* of no batch */
        }
    }
    copy_completion(shared, detail, out_completion);
    LANES_FAILPOINT(CLIENT_TAKEN);
    lanes_ring_client_advance(&session->ring);
    LANES_FAILPOINT(CLIENT_CONSUMED);
    if (record != NULL) {
        end_record(session, record);
    }
    return 1;
}

/** Completions of dead executors come first, also when the session is broken. */
static lanes_status check_or_take_kept(lanes_session *session,
                                       lanes_completion *out_completion, lanes_error *err)
{
    if (!lanes_client_is_forked(session)) {
        const lanes_status found = take_kept(session, out_completion);
        if (found != 0) {
            return found;
        }
    }
    return lanes_client_check(session, err);
}

/** True if something was signalled. */
static bool drain_events(lanes_session *session)
{
    const bool is_nudged = lanes_os_event_drain(session->nudge);
    return (session->lost_ns == 0 && lanes_os_event_drain(session->event)) || is_nudged;
}

/** If the executor is gone, then what it has published counts, then it is lost. */
static lanes_status look_for_end(lanes_session *session, lanes_completion *out_completion,
                                 lanes_error *err)
{
    if (session->lost_ns != 0 || !lanes_client_is_gone(session)) {
        return 0;
    }
    const lanes_status found = take(session, out_completion);
    if (found != 0) {
        return found;
    }
    LANES_TRY(lanes_client_lose(session, err));
    return take_kept(session, out_completion);
}

/** Leave the core of the executor's first thread to it. */
static void make_way(lanes_session *session, uint64_t now_ns)
{
    const uint32_t cpu = lanes_os_current_cpu();
    if (lanes_ring_client_is_leader_cpu(&session->ring, cpu) &&
        now_ns - session->moved_ns >= MOVE_NS) {
        session->moved_ns = now_ns;
        lanes_os_leave_cpu(cpu);
    }
}

/** Look from @p now_ns until @p end_ns: 1, 0, or a failure. */
static lanes_status spin(lanes_session *session, uint64_t now_ns, uint64_t end_ns,
                         lanes_completion *out_completion)
{
    const uint64_t yield_ns = now_ns + UNYIELDING_NS;
    for (;;) {
        for (uint32_t i = 0; i < SPINS_PER_CLOCK; i++) {
            const lanes_status found = take(session, out_completion);
            if (found != 0) {
                return found;
            }
            lanes_cpu_relax();
        }
        now_ns = lanes_clock_ns();
        if (now_ns >= end_ns) {
            return 0;
        }
        if (now_ns >= yield_ns) {
            sched_yield();
        }
    }
}

/** Sleep until something is published, at most @p limit_ns. */
static void doze(lanes_session *session, uint64_t limit_ns)
{
    uint32_t expected = 0;
    if (lanes_ring_client_wait_begin(&session->ring, &expected)) {
        LANES_IGNORE(lanes_os_futex_wait(lanes_ring_client_futex(&session->ring),
                                         expected, limit_ns),
                     "the caller looks whatever the reason");
    }
    lanes_ring_client_wait_end(&session->ring);
}

/** The slow path of lanes_wait(): 1, 0 at @p end_ns, or a failure. */
static lanes_status sleep_until(lanes_session *session, uint64_t end_ns,
                                lanes_completion *out_completion, lanes_error *err)
{
    for (;;) {
        LANES_TRY(lanes_client_ready(session, err));
        const uint64_t now_ns = lanes_clock_ns();
        if (now_ns >= end_ns) {
            return 0;
        }
        const uint64_t left_ns = end_ns - now_ns;
        doze(session, left_ns < LANES_CLIENT_LOOK_NS ? left_ns : LANES_CLIENT_LOOK_NS);
        lanes_status found = take(session, out_completion);
        if (found == 0) {
            found = look_for_end(session, out_completion, err);
        }
        if (found != 0) {
            return found;
        }
    }
}

/** Spin, then sleep, at most @p timeout_ns: 1, 0, or a failure. */
static lanes_status wait_for(lanes_session *session, uint64_t timeout_ns,
                             lanes_completion *out_completion, lanes_error *err)
{
    const uint64_t now_ns = lanes_clock_ns();
    uint64_t end_ns = 0;
    if (!lanes_add_u64(now_ns, timeout_ns, &end_ns)) {
        end_ns = UINT64_MAX;
    }
    lanes_status found = 0;
    if (session->lost_ns == 0) {
        make_way(session, now_ns);
        found =
            spin(session, now_ns, lanes_min_u64(now_ns + session->spin.now_ns, end_ns),
                 out_completion);
    }
    if (found == 0) {
        found = sleep_until(session, end_ns, out_completion, err);
        lanes_spin_learn(&session->spin, lanes_clock_ns() - now_ns);
    }
    return found;
}

/** Nothing is there: look, now and then, why. 1, 0, or a failure. */
static lanes_status look(lanes_session *session, lanes_completion *out_completion,
                         lanes_error *err)
{
    if (session->lost_ns == 0) {
        const uint64_t now_ns = lanes_clock_ns();
        if (session->poller < 0 && now_ns - session->looked_ns < POLL_LOOK_NS) {
            return 0;
        }
        session->looked_ns = now_ns;
        const lanes_status found = look_for_end(session, out_completion, err);
        if (found != 0 || session->lost_ns == 0) {
            return found;
        }
    }
    const lanes_status tried = lanes_client_try_recover(session, err);
    return tried > 0 ? take(session, out_completion) : tried;
}

lanes_status lanes_wait(lanes_session *session, uint64_t timeout_ns,
                        lanes_completion *out_completion, lanes_error *err)
{
    lanes_status found = check_or_take_kept(session, out_completion, err);
    if (found != 0) {
        return found < 0 ? found : LANES_OK;
    }
    if (lanes_client_in_flight(session) == 0) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "no batch is in flight, so none can complete");
    }
    found = take(session, out_completion);
    if (found == 0) {
        found = timeout_ns > 0 ? wait_for(session, timeout_ns, out_completion, err)
                               : look(session, out_completion, err);
    }
    if (found == LANES_E_RING_CORRUPT) {
        return lanes_error_set(err, found, "%s; open a new session",
                               lanes_status_text(found));
    }
    if (found == 0) {
        return lanes_error_set(err, LANES_E_TIMED_OUT,
                               "nothing completed in %llu ns; %u batches are in flight",
                               (unsigned long long)timeout_ns,
                               lanes_client_in_flight(session));
    }
    return found < 0 ? found : LANES_OK;
}

lanes_status lanes_poll(lanes_session *session, lanes_completion *out_completion)
{
    lanes_status found = check_or_take_kept(session, out_completion, NULL);
    if (found != 0) {
        return found;
    }
    found = take(session, out_completion);
    if (found != 0) {
        return found;
    }
    if (session->poller >= 0 && drain_events(session)) {
        /* What was published before the drain may have been signalled by what it took. */
        const lanes_status again = take(session, out_completion);
        if (again != 0) {
            return again;
        }
    }
    return look(session, out_completion, NULL);
}
