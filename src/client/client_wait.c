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
#include "os/os_socket.h"
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
    copy_detail(detail, out);
}

/** Take a completion if one is there: 1, 0, or a failure that ends the session. */
static lanes_status take(lanes_session *session, lanes_completion *out_completion)
{
    const lanes_abi_completion *shared = NULL;
    const lanes_abi_detail *detail = NULL;
    const lanes_status found = lanes_ring_client_peek(&session->ring, &shared, &detail);
    if (found < 0) {
        return lanes_client_break(session, found);
    }
    if (found > 0) {
        copy_completion(shared, detail, out_completion);
        lanes_ring_client_advance(&session->ring);
    }
    return found;
}

/** True if no completion will come any more, other than those published already. */
static bool is_executor_gone(const lanes_session *session)
{
    return lanes_ring_client_closed(&session->ring) != LANES_OK ||
           lanes_os_socket_is_closed(session->socket);
}

/** The executor is gone: what it published before counts, then nothing. */
static lanes_status take_last(lanes_session *session, lanes_completion *out_completion,
                              lanes_error *err)
{
    const lanes_status found = take(session, out_completion);
    if (found != 0) {
        return found;
    }
    const lanes_status reason = lanes_ring_client_closed(&session->ring);
    lanes_client_break(session, LANES_E_PEER_GONE);
    return lanes_error_set(
        err, LANES_E_PEER_GONE, "%s%s; %u batches have no completion; open a new session",
        reason < 0 ? "the executor ended the session: " : "the executor has died",
        reason < 0 ? lanes_status_text(reason) : "",
        lanes_ring_client_in_flight(&session->ring));
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
        const uint64_t now_ns = lanes_clock_ns();
        if (now_ns >= end_ns) {
            return 0;
        }
        const uint64_t left_ns = end_ns - now_ns;
        doze(session, left_ns < LANES_CLIENT_LOOK_NS ? left_ns : LANES_CLIENT_LOOK_NS);
        const lanes_status found = take(session, out_completion);
        if (found != 0) {
            return found;
        }
        if (is_executor_gone(session)) {
            return take_last(session, out_completion, err);
        }
    }
}

lanes_status lanes_wait(lanes_session *session, uint64_t timeout_ns,
                        lanes_completion *out_completion, lanes_error *err)
{
    LANES_TRY(lanes_client_check(session, err));
    if (lanes_ring_client_in_flight(&session->ring) == 0) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "no batch is in flight, so none can complete");
    }
    lanes_status found = take(session, out_completion);
    if (found == 0 && timeout_ns > 0) {
        const uint64_t now_ns = lanes_clock_ns();
        uint64_t end_ns = 0;
        if (!lanes_add_u64(now_ns, timeout_ns, &end_ns)) {
            end_ns = UINT64_MAX;
        }
        make_way(session, now_ns);
        found = spin(session, now_ns, lanes_min_u64(now_ns + session->spin_ns, end_ns),
                     out_completion);
        if (found == 0) {
            found = sleep_until(session, end_ns, out_completion, err);
        }
    }
    if (found == LANES_E_RING_CORRUPT) {
        return lanes_error_set(err, found, "%s; open a new session",
                               lanes_status_text(found));
    }
    if (found == 0) {
        return lanes_error_set(err, LANES_E_TIMED_OUT,
                               "nothing completed in %llu ns; %u batches are in flight",
                               (unsigned long long)timeout_ns,
                               lanes_ring_client_in_flight(&session->ring));
    }
    return found < 0 ? found : LANES_OK;
}

lanes_status lanes_poll(lanes_session *session, lanes_completion *out_completion)
{
    LANES_TRY(lanes_client_check(session, NULL));
    const lanes_status found = take(session, out_completion);
    if (found != 0) {
        return found;
    }
    if (session->poller >= 0 && lanes_os_event_drain(session->event)) {
        /* What was published before the drain may have been signalled by what it took. */
        const lanes_status again = take(session, out_completion);
        if (again != 0) {
            return again;
        }
    }
    const uint64_t now_ns = lanes_clock_ns();
    if (session->poller < 0 && now_ns - session->looked_ns < POLL_LOOK_NS) {
        return 0;
    }
    session->looked_ns = now_ns;
    return is_executor_gone(session) ? take_last(session, out_completion, NULL) : 0;
}
