/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_dispatch.c - the dispatch thread, leader of the team: its loop, its mail, its
 * sleep.
 *
 * While there was work a moment ago it polls every session's ring, which costs a client
 * no system call; after options.spin_ns without any it sleeps on the doorbell.
 */
#include "server/server_internal.h"

#include <sched.h>

#include "base/atomic.h"
#include "os/os_wait.h"
#include "server/server_queue.h"

/* Looks at all rings between two looks at the clock. */
#define POLLS_PER_CLOCK 16u

/*
 * Looks at all rings between two offers of the core to somebody else. Clients run where
 * the scheduler puts them, which may be here: then it is we that they wait for.
 */
#define POLLS_PER_YIELD 128u

/* Sleeps this long at most while a client has left no room for completions: nothing tells
 * when it has made some. */
#define BLOCKED_NS UINT64_C(100000000)

/* ---- Mail ---------------------------------------------------------------------------
 */

void lanes_server_view_settle(lanes_server *server, lanes_server_view *view)
{
    /* A removed session's views go back with it. */
    if (view->is_removed && view->uses == 0 && !view->session->is_removed) {
        lanes_server_report(server, &view->free, LANES_MAIL_VIEW_FREE);
    }
}

void lanes_server_kernel_settle(lanes_server *server, lanes_server_kernel *kernel)
{
    if (kernel->is_removed && kernel->uses == 0 && !kernel->session->is_removed) {
        lanes_server_report(server, &kernel->free, LANES_MAIL_KERNEL_FREE);
    }
}

void lanes_server_dispatch_tell_team(lanes_server *server, lanes_server_session *session)
{
    const lanes_topo_plan *plan = server->dispatch.plan;
    lanes_ring_executor_tell_threads(&session->ring, server->dispatch.threads);
    if (plan->is_this_system != 0) { /* else nothing is bound */
        lanes_ring_executor_tell_cpu(&session->ring, plan->place[0].pu);
    }
}

static void add_session(lanes_server *server, lanes_server_session *session)
{
    lanes_server_dispatch *dispatch = &server->dispatch;
    lanes_server_dispatch_tell_team(server, session);
    session->dispatch_next = dispatch->sessions;
    if (dispatch->sessions != NULL) {
        dispatch->sessions->dispatch_previous = session;
    }
    dispatch->sessions = session;
}

/* The slot may name a younger object by now: slots are reused as soon as they are free.
 */
static void remove_view(lanes_server *server, lanes_server_view *view)
{
    lanes_server_view **at = &view->session->dispatch_views[view->id.slot];
    if (*at == view) {
        *at = NULL;
    }
    view->is_removed = true;
    lanes_server_view_settle(server, view);
}

static void remove_kernel(lanes_server *server, lanes_server_kernel *kernel)
{
    lanes_server_kernel **at = &kernel->session->dispatch_kernels[kernel->id.slot];
    if (*at == kernel) {
        *at = NULL;
    }
    kernel->is_removed = true;
    lanes_server_kernel_settle(server, kernel);
}

static void cancel_all_sessions(lanes_server *server)
{
    for (lanes_server_session *s = server->dispatch.sessions; s != NULL;
         s = s->dispatch_next) {
        lanes_server_batch_cancel_all(server, s, "the executor is stopping");
    }
}

static void on_mail(lanes_server *server, lanes_server_mail *mail)
{
    switch (mail->type) {
    case LANES_MAIL_SESSION_ADD:
        add_session(server, LANES_CONTAINER_OF(mail, lanes_server_session, add));
        break;
    case LANES_MAIL_SESSION_REMOVE: {
        lanes_server_session *session =
            LANES_CONTAINER_OF(mail, lanes_server_session, remove);
        session->is_removed = true;
        lanes_server_queues_settle(server, session);
        break;
    }
    case LANES_MAIL_VIEW_ADD: {
        lanes_server_view *view = LANES_CONTAINER_OF(mail, lanes_server_view, add);
        view->session->dispatch_views[view->id.slot] = view;
        break;
    }
    case LANES_MAIL_VIEW_REMOVE:
        remove_view(server, LANES_CONTAINER_OF(mail, lanes_server_view, remove));
        break;
    case LANES_MAIL_KERNEL_ADD: {
        lanes_server_kernel *kernel = LANES_CONTAINER_OF(mail, lanes_server_kernel, add);
        kernel->session->dispatch_kernels[kernel->id.slot] = kernel;
        break;
    }
    case LANES_MAIL_KERNEL_REMOVE:
        remove_kernel(server, LANES_CONTAINER_OF(mail, lanes_server_kernel, remove));
        break;
    case LANES_MAIL_VARIANT_DONE:
        lanes_server_batch_variant_done(
            server, LANES_CONTAINER_OF(mail, lanes_server_variant, done));
        break;
    case LANES_MAIL_STOP:
        server->dispatch.is_stopping = true;
        break;
    case LANES_MAIL_CANCEL_ALL:
        cancel_all_sessions(server);
        break;
    case LANES_MAIL_CANCEL:
        lanes_server_watch_note_cancel(
            LANES_CONTAINER_OF(mail, lanes_server_session, end_batches));
        break;
    case LANES_MAIL_EXPIRE:
        lanes_store_seq_cst_u64(&server->watch.earliest_ns,
                                lanes_server_batch_expire(server));
        lanes_server_report(server, mail, LANES_MAIL_EXPIRED);
        break;
    case LANES_MAIL_PLAN:
        server->dispatch.next_plan = server->team.next;
        break;
    case LANES_MAIL_EXPIRED:
    case LANES_MAIL_PLAN_TAKEN:
    case LANES_MAIL_LOOK:
    case LANES_MAIL_STARTED:
    case LANES_MAIL_STOPPED:
    case LANES_MAIL_SESSION_CORRUPT:
    case LANES_MAIL_SESSION_GONE:
    case LANES_MAIL_VIEW_FREE:
    case LANES_MAIL_KERNEL_FREE:
    case LANES_MAIL_VARIANT_WANTED:
    default:
        lanes_assert_fail("a mail is for this thread", __FILE__, __LINE__);
    }
}

bool lanes_server_dispatch_mail(lanes_server *server)
{
    if (!lanes_server_mailbox_has_mail(&server->to_dispatch)) {
        return false;
    }
    lanes_server_mail *mail = lanes_server_mailbox_take(&server->to_dispatch);
    while (mail != NULL) {
        lanes_server_mail *next = mail->next; /* handling may give the object away */
        on_mail(server, mail);
        mail = next;
    }
    return true;
}

/* ---- Loop ---------------------------------------------------------------------------
 */

/* Gives removed sessions back to control. Nothing on this thread's stack is about them.
 */
static void let_go_of_removed(lanes_server *server)
{
    lanes_server_dispatch *dispatch = &server->dispatch;
    lanes_server_session *next;
    for (lanes_server_session *s = dispatch->sessions; s != NULL; s = next) {
        next = s->dispatch_next;
        if (!s->is_removed) {
            continue;
        }
        if (s->dispatch_previous != NULL) {
            s->dispatch_previous->dispatch_next = next;
        } else {
            dispatch->sessions = next;
        }
        if (next != NULL) {
            next->dispatch_previous = s->dispatch_previous;
        }
        lanes_server_dispatch_count(server, -(int32_t)s->batch_count);
        lanes_server_batch_close_ring(s, s->close_reason);
        lanes_server_report(server, &s->gone, LANES_MAIL_SESSION_GONE);
    }
}

/* What the client cancels it may have submitted just before: that is taken first. */
static bool take_from(lanes_server *server, lanes_server_session *session)
{
    bool has_worked = false;
    if (!server->dispatch.is_stopping &&
        lanes_ring_executor_has_entries(&session->ring)) {
        has_worked = lanes_server_batch_take(server, session);
    }
    if (session->has_cancels && (!has_worked || lanes_server_watch_is_due(session))) {
        session->has_cancels = false;
        lanes_server_watch_cancel(session);
        has_worked = true;
    }
    return has_worked;
}

static bool take_entries(lanes_server *server)
{
    bool has_worked = false;
    server->dispatch.pass_ns = 0;
    for (lanes_server_session *s = server->dispatch.sessions; s != NULL;
         s = s->dispatch_next) {
        if (!s->is_corrupt && !s->is_removed) {
            has_worked |= take_from(server, s);
        }
    }
    return has_worked;
}

static bool run_next(lanes_server *server)
{
    lanes_server_turn *turn = lanes_server_turns_next(&server->dispatch.turns);
    if (turn == NULL) {
        return false;
    }
    lanes_server_queue *queue = LANES_CONTAINER_OF(turn, lanes_server_queue, turn);
    lanes_server_batch_run_turn(server, queue);
    lanes_server_batch_publish(queue->session);
    return true;
}

/* True if batches wait for a variant; if some are ready, there has been work. */
static bool has_parked(const lanes_server_dispatch *dispatch)
{
    for (const lanes_server_session *s = dispatch->sessions; s != NULL;
         s = s->dispatch_next) {
        if (!s->is_corrupt && s->parked.first != NULL) {
            return true;
        }
    }
    return false;
}

/* ---- Sleep --------------------------------------------------------------------------
 */

/* Asks every ring; what they say is in *out_timeout_ns: 0 = there is work. */
static void announce_sleep(lanes_server_dispatch *dispatch, uint64_t *out_timeout_ns)
{
    *out_timeout_ns = LANES_OS_FOREVER;
    for (lanes_server_session *s = dispatch->sessions; s != NULL; s = s->dispatch_next) {
        if (s->is_corrupt) {
            continue;
        }
        if (!lanes_ring_executor_sleep(&s->ring)) {
            *out_timeout_ns = 0;
        } else if (lanes_ring_executor_is_blocked(&s->ring) && *out_timeout_ns != 0) {
            *out_timeout_ns = BLOCKED_NS;
        }
    }
}

static void sleep_until_called(lanes_server *server)
{
    lanes_server_dispatch *dispatch = &server->dispatch;
    /* Before the looks at rings and mail; pairs with the load in lanes_server_post(). */
    lanes_exchange_seq_cst_u32(&dispatch->sleeping, 1);
    uint64_t timeout_ns;
    announce_sleep(dispatch, &timeout_ns);
    if (dispatch->is_stopping) {
        timeout_ns = LANES_OS_FOREVER; /* only mail matters */
    }
    if (timeout_ns != 0 && !lanes_server_mailbox_has_mail(&server->to_dispatch)) {
        lanes_server_count(&dispatch->sleeps, 1);
        LANES_IGNORE(lanes_os_poll(server->doorbell, LANES_OS_READABLE, timeout_ns) < 0,
                     "then the loop looks around too early");
    }
    lanes_store_relaxed_u32(&dispatch->sleeping, 0);
    lanes_os_event_drain(server->doorbell);
    for (lanes_server_session *s = dispatch->sessions; s != NULL; s = s->dispatch_next) {
        if (!s->is_corrupt) {
            lanes_ring_executor_wake(&s->ring);
        }
    }
}

static void idle(lanes_server *server)
{
    lanes_server_dispatch *dispatch = &server->dispatch;
    dispatch->idle_polls++;
    if (dispatch->idle_polls % POLLS_PER_YIELD == 0) {
        sched_yield();
    }
    if (dispatch->idle_polls % POLLS_PER_CLOCK == 0) {
        const uint64_t now_ns = lanes_clock_ns();
        if (dispatch->idle_since_ns == 0) {
            dispatch->idle_since_ns = now_ns;
        }
        if (now_ns - dispatch->idle_since_ns >= dispatch->spin.now_ns) {
            lanes_server_turns_forget(&dispatch->turns);
            sleep_until_called(server);
            lanes_spin_learn(&dispatch->spin, lanes_clock_ns() - dispatch->idle_since_ns);
            dispatch->idle_since_ns = 0;
        }
    }
    lanes_cpu_relax();
}

/* ---- Thread -------------------------------------------------------------------------
 */

void lanes_server_dispatch_lead(lanes_server *server)
{
    lanes_server_dispatch *dispatch = &server->dispatch;
    for (;;) {
        bool has_worked = lanes_server_dispatch_mail(server);
        if (dispatch->next_plan != NULL) {
            return;
        }
        let_go_of_removed(server);
        has_worked |= take_entries(server);
        if (dispatch->pass_ns >= LANES_SERVER_QUANTUM_NS) {
            has_worked |= take_entries(server); /* who came meanwhile may be first */
        }
        has_worked |= run_next(server);
        if (has_worked) {
            dispatch->idle_since_ns = 0;
            dispatch->idle_polls = 0;
            lanes_server_team_note_work(server);
        } else if (dispatch->is_stopping && !has_parked(dispatch)) {
            break;
        } else {
            idle(server);
        }
    }
    for (lanes_server_session *s = dispatch->sessions; s != NULL; s = s->dispatch_next) {
        lanes_server_batch_close_ring(s, LANES_E_PEER_GONE);
    }
}
