/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_watch.c - batches that must end before they have finished.
 *
 * Dispatch ends those that wait. What runs is told to control, since dispatch itself is
 * in the callback, perhaps for ever. Control ends it in two steps: the team skips the
 * tiles that are left, and where no tile border comes, threads are interrupted half-way
 * (os/os_guard.h). A ticket names the batch in both, so that what comes late hits no
 * other.
 */
#include "server/server_internal.h"

#include <string.h>

#include "base/atomic.h"
#include "os/os_wait.h"
#include "server/server_queue.h"

#define ROOM "server"

/* Tiles take 50 us. After this long without the end of one, threads are interrupted, and
 * again until they are out. */
#define GRACE_NS UINT64_C(5000000)

/* After so many attempts, 5 s, nothing keeps a thread in a tile but a bug of ours.
 * Counted, so that time in which the whole process was stopped is none. */
#define ATTEMPTS_MAX 1000u

/* Exit status then: EX_SOFTWARE of sysexits. */
#define EXIT_STUCK 70

/* With the mutex held. */
static bool is_cancelled(const lanes_server_session *session, uint64_t tag)
{
    if (session->cancels_all) {
        return true;
    }
    uint32_t i = 0;
    while (i < session->cancel_count && session->cancel_tag[i] != tag) {
        i++;
    }
    return i < session->cancel_count;
}

/* ---- Dispatch --------------------------------------------------------------------- */

void lanes_server_watch_deadline(lanes_server *server, uint64_t deadline_ns)
{
    lanes_server_watch *watch = &server->watch;
    if (deadline_ns >= lanes_load_relaxed_u64(&watch->earliest_ns)) {
        return; /* control looks before */
    }
    /* Against the store and load in lanes_server_watch_sleep(): control sees this
     * deadline, or we see that it will sleep longer. */
    lanes_store_seq_cst_u64(&watch->earliest_ns, deadline_ns);
    if (deadline_ns < lanes_load_seq_cst_u64(&watch->awake_ns)) {
        lanes_os_event_signal(server->control_event);
    }
}

/* When what runs of @p batch from now on must end; 0: never. */
static uint64_t end_of_run(const lanes_server *server, const lanes_server_batch *batch)
{
    const uint64_t limit_ns = server->options->limits.batch_ns;
    if (limit_ns == 0) {
        return batch->deadline_ns;
    }
    const uint64_t rest_ns = limit_ns - lanes_min_u64(limit_ns, batch->outcome.run_ns);
    const uint64_t end_ns = server->dispatch.now_ns + rest_ns;
    return batch->deadline_ns != 0 ? lanes_min_u64(end_ns, batch->deadline_ns) : end_ns;
}

/* Control is to look once what begins now has run for too long. It looks at most once in
 * that time if nothing ever does, since later slices do not end sooner. */
static void look_in_time(lanes_server *server)
{
    const lanes_server_limits *limits = &server->options->limits;
    if (limits->batch_ns != 0) {
        lanes_server_watch_deadline(server, server->watch.deadline_ns);
    }
    if (limits->hold_ns != 0) {
        lanes_server_watch_deadline(server, server->dispatch.now_ns + limits->hold_ns);
    }
}

void lanes_server_watch_begin(lanes_server *server, const lanes_server_batch *batch,
                              lanes_engine_end *out_end)
{
    lanes_server_watch *watch = &server->watch;
    const uint64_t ticket = ++watch->last_ticket;
    /* Each pairs with the acquire in read_running(): who sees one of these sees that what
     * ran before has ended, and who sees the ticket sees all of them. */
    lanes_store_release_u64(&watch->session, batch->session->number);
    lanes_store_release_u64(&watch->tag, batch->tag);
    lanes_store_release_u64(&watch->deadline_ns, end_of_run(server, batch));
    lanes_store_release_u64(&watch->begun_ns, server->dispatch.now_ns);
    lanes_store_release_u64(&watch->others,
                            server->dispatch.batch_count - batch->session->batch_count);
    lanes_store_release_u64(&watch->running, ticket);
    lanes_server_tally_begin(batch, ticket);
    look_in_time(server);
    *out_end = (lanes_engine_end){
        .cancel = &batch->session->cancel, .ended = &watch->ended, .ticket = ticket};
}

void lanes_server_watch_note_cancel(lanes_server_session *session)
{
    session->has_cancels = true;
    session->cancel_taken = session->tally.word[LANES_TALLY_TAKEN];
}

bool lanes_server_watch_is_due(const lanes_server_session *session)
{
    /* No more than that were in the ring then. */
    return session->tally.word[LANES_TALLY_TAKEN] - session->cancel_taken >=
           LANES_ABI_ENTRIES;
}

void lanes_server_watch_cancel(lanes_server_session *session)
{
    lanes_server *server = session->server;
    uint64_t tag[LANES_CANCELS_MAX];
    pthread_mutex_lock(&server->watch.mutex);
    const uint32_t count = session->cancel_count;
    memcpy(tag, session->cancel_tag, count * sizeof(tag[0]));
    const bool is_all = session->cancels_all;
    session->cancel_count = 0; /* from now on control posts again */
    session->cancels_all = false;
    pthread_mutex_unlock(&server->watch.mutex);
    if (is_all) {
        lanes_server_batch_cancel_all(server, session, "the batch was cancelled");
    }
    for (uint32_t i = 0; i < count; i++) {
        lanes_server_batch_cancel_tag(server, session, tag[i]);
    }
}

bool lanes_server_watch_is_cancelled(lanes_server_session *session, uint64_t tag)
{
    pthread_mutex_t *mutex = &session->server->watch.mutex;
    pthread_mutex_lock(mutex);
    const bool is_there = is_cancelled(session, tag);
    pthread_mutex_unlock(mutex);
    return is_there;
}

void lanes_server_watch_enter_team(lanes_server *server, lanes_team *team)
{
    pthread_mutex_lock(&server->watch.mutex);
    server->dispatch.team = team;
    pthread_mutex_unlock(&server->watch.mutex);
}

void lanes_server_watch_leave_team(lanes_server *server)
{
    pthread_mutex_lock(&server->watch.mutex);
    server->dispatch.team = NULL;
    pthread_mutex_unlock(&server->watch.mutex);
}

bool lanes_server_watch_finish(lanes_server *server, lanes_server_batch *batch)
{
    lanes_server_watch *watch = &server->watch;
    lanes_store_release_u64(&watch->running, 0);
    /* Pairs with the release in end_running(). */
    if (lanes_load_acquire_u64(&watch->ended) != watch->last_ticket) {
        return false;
    }
    if (lanes_load_relaxed_u64(&watch->held) == watch->last_ticket) {
        batch->ended_for = LANES_END_HELD;
    } else if (watch->deadline_ns != batch->deadline_ns &&
               lanes_clock_ns() >= watch->deadline_ns) {
        batch->ended_for = LANES_END_LIMIT;
    }
    return true;
}

/* ---- Control ---------------------------------------------------------------------- */

struct running {
    uint64_t ticket; /* 0: nothing runs, or it has just changed */
    uint64_t session;
    uint64_t tag;
    uint64_t deadline_ns;
    uint64_t begun_ns;
    uint64_t others;
};

static struct running read_running(const lanes_server_watch *watch)
{
    struct running running = {.ticket = lanes_load_acquire_u64(&watch->running)};
    running.session = lanes_load_acquire_u64(&watch->session);
    running.tag = lanes_load_acquire_u64(&watch->tag);
    running.deadline_ns = lanes_load_acquire_u64(&watch->deadline_ns);
    running.begun_ns = lanes_load_acquire_u64(&watch->begun_ns);
    running.others = lanes_load_acquire_u64(&watch->others);
    if (lanes_load_relaxed_u64(&watch->running) != running.ticket) {
        running.ticket = 0;
    }
    return running;
}

static lanes_server_session *find_session(const lanes_server *server, uint64_t number)
{
    lanes_server_session *session = server->sessions;
    while (session != NULL && session->number != number) {
        session = session->next;
    }
    return session;
}

/* True if other sessions have something to run: taken, or still in their rings. */
static bool do_others_wait(const lanes_server *server, const struct running *running)
{
    bool is_waiting = running->others != 0;
    for (const lanes_server_session *s = server->sessions; s != NULL && !is_waiting;
         s = s->next) {
        is_waiting = s->number != running->session && s->state == LANES_SESSION_OPEN &&
                     lanes_ring_executor_seems_waiting(&s->ring);
    }
    return is_waiting;
}

/* True if what runs has not come to the end of a slice for too long. */
static bool is_holding(const lanes_server *server, const struct running *running,
                       uint64_t now_ns)
{
    const uint64_t hold_ns = server->options->limits.hold_ns;
    return running->ticket != 0 && hold_ns != 0 && now_ns > running->begun_ns &&
           now_ns - running->begun_ns >= hold_ns && do_others_wait(server, running);
}

/* True if what runs is to end at @p now_ns. */
static bool must_end(lanes_server *server, const struct running *running, uint64_t now_ns)
{
    if (running->ticket == 0) {
        return false;
    }
    if (running->deadline_ns != 0 && now_ns >= running->deadline_ns) {
        return true;
    }
    const lanes_server_session *session = find_session(server, running->session);
    if (session == NULL) {
        return false;
    }
    pthread_mutex_lock(&server->watch.mutex);
    const bool is_unwanted = is_cancelled(session, running->tag);
    pthread_mutex_unlock(&server->watch.mutex);
    return is_unwanted || lanes_load_relaxed_u32(&session->cancel) != 0;
}

struct interruption {
    lanes_server_stats *stats;
    uint64_t ticket;
};

static void interrupt_thread(void *ctx, pthread_t thread)
{
    const struct interruption *interruption = ctx;
    interruption->stats->interrupts++;
    lanes_os_guard_interrupt(thread, interruption->ticket);
}

static void end_running(lanes_server *server, uint64_t ticket, uint64_t now_ns)
{
    lanes_server_watch *watch = &server->watch;
    if (lanes_load_relaxed_u64(&watch->ended) != ticket) {
        watch->ended_ns = now_ns;
        watch->attempts = 0;
        lanes_store_release_u64(&watch->ended, ticket);
    } else if (watch->attempts == ATTEMPTS_MAX) {
        lanes_log(LANES_LOG_ERROR, ROOM, "a callback cannot be ended; giving up on it");
        lanes_os_exit_now(EXIT_STUCK);
    } else if (now_ns - watch->ended_ns >= GRACE_NS) {
        struct interruption interruption = {.stats = &server->stats, .ticket = ticket};
        watch->attempts++;
        /* Control comes here at each of its turns, which may be many. */
        watch->ended_ns = now_ns;
        pthread_mutex_lock(&watch->mutex); /* threads stay while we hold it */
        if (server->dispatch.team != NULL) {
            lanes_team_each_thread(server->dispatch.team, interrupt_thread,
                                   &interruption);
        }
        pthread_mutex_unlock(&watch->mutex);
    }
}

uint64_t lanes_server_watch_tick(lanes_server *server, uint64_t now_ns)
{
    lanes_server_watch *watch = &server->watch;
    const uint64_t earliest_ns = lanes_load_seq_cst_u64(&watch->earliest_ns);
    if (earliest_ns <= now_ns && !watch->is_expiring) {
        watch->is_expiring = true;
        lanes_server_post(server, &watch->expire, LANES_MAIL_EXPIRE);
    }
    const struct running running = read_running(watch);
    const bool is_held = is_holding(server, &running, now_ns);
    if (is_held) {
        lanes_store_relaxed_u64(&watch->held, running.ticket);
    }
    if (is_held || must_end(server, &running, now_ns)) {
        end_running(server, running.ticket, now_ns);
        return GRACE_NS;
    }
    bool is_waited_for = watch->is_expiring; /* dispatch may be in a callback meanwhile */
    pthread_mutex_lock(&watch->mutex);
    for (const lanes_server_session *s = server->sessions; s != NULL; s = s->next) {
        is_waited_for |=
            s->cancel_count != 0 || s->cancels_all || s->state == LANES_SESSION_CLOSING;
    }
    pthread_mutex_unlock(&watch->mutex);
    if (is_waited_for || server->is_cancelled) {
        return GRACE_NS;
    }
    return earliest_ns != UINT64_MAX ? earliest_ns - now_ns : LANES_OS_FOREVER;
}

bool lanes_server_watch_sleep(lanes_server *server, uint64_t now_ns, uint64_t wait_ns)
{
    lanes_server_watch *watch = &server->watch;
    uint64_t awake_ns;
    if (!lanes_add_u64(now_ns, wait_ns, &awake_ns)) {
        awake_ns = UINT64_MAX;
    }
    /* Against the store and load in lanes_server_watch_deadline(). */
    lanes_store_seq_cst_u64(&watch->awake_ns, awake_ns);
    return lanes_load_seq_cst_u64(&watch->earliest_ns) >= awake_ns || wait_ns <= GRACE_NS;
}

/* Tells dispatch, unless it has been told and not looked yet. With the mutex held. */
static void post_cancel(lanes_server_session *session)
{
    if (session->cancel_count == 0 && !session->cancels_all) {
        lanes_server_post(session->server, &session->end_batches, LANES_MAIL_CANCEL);
    }
}

/* Notes a tag. */
static lanes_status add_cancel(lanes_server_session *session, uint64_t tag,
                               lanes_error *err)
{
    if (is_cancelled(session, tag)) {
        return LANES_OK;
    }
    if (session->cancel_count == LANES_CANCELS_MAX) {
        return lanes_error_set(err, LANES_E_QUOTA,
                               "%u tags are waiting to be cancelled, which is the limit; "
                               "wait for their batches",
                               LANES_CANCELS_MAX);
    }
    post_cancel(session);
    session->cancel_tag[session->cancel_count++] = tag;
    return LANES_OK;
}

lanes_status lanes_server_on_batch_cancel(lanes_server_session *session,
                                          const void *message, int fd, lanes_error *err)
{
    (void)fd;
    lanes_server_watch *watch = &session->server->watch;
    lanes_abi_cancel cancel;
    memcpy(&cancel, message, sizeof(cancel));
    pthread_mutex_lock(&watch->mutex);
    const lanes_status status = add_cancel(session, cancel.tag, err);
    pthread_mutex_unlock(&watch->mutex);
    LANES_TRY(status);
    lanes_abi_cancel reply = {.tag = cancel.tag};
    lanes_server_reply(session, &cancel.header, &reply, sizeof(reply), NULL, 0);
    return LANES_OK;
}

static lanes_status check_session_cancel(const lanes_abi_session_cancel *request,
                                         lanes_error *err)
{
    const bool is_all = (request->flags & LANES_ABI_CANCEL_ALL) != 0;
    if ((request->flags & ~LANES_ABI_CANCEL_ALL) != 0 || request->reserved != 0 ||
        request->in_flight != 0 || (is_all && request->tag != 0)) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "flags 0x%x of a request to cancel are unknown, a tag is "
                               "given beside LANES_ABI_CANCEL_ALL, or a field that must "
                               "be 0 is not",
                               request->flags);
    }
    return LANES_OK;
}

lanes_status lanes_server_on_session_cancel(lanes_server_session *session,
                                            const void *message, int fd, lanes_error *err)
{
    (void)fd;
    lanes_server *server = session->server;
    lanes_abi_session_cancel request;
    memcpy(&request, message, sizeof(request));
    session->has_asked = true;
    LANES_TRY(check_session_cancel(&request, err));
    lanes_server_session *other = find_session(server, request.session);
    if (other == NULL || other->state != LANES_SESSION_OPEN) {
        return lanes_error_set(err, LANES_E_STALE_ID,
                               "there is no session %u; the statistics name those there "
                               "are",
                               request.session);
    }
    lanes_abi_session_cancel reply = request;
    reply.header.status = LANES_OK;
    reply.in_flight = (uint32_t)lanes_server_tally_in_flight(other);
    lanes_status status = LANES_OK;
    pthread_mutex_lock(&server->watch.mutex);
    if ((request.flags & LANES_ABI_CANCEL_ALL) != 0) {
        post_cancel(other);
        other->cancels_all = true;
    } else {
        status = add_cancel(other, request.tag, err);
    }
    pthread_mutex_unlock(&server->watch.mutex);
    LANES_TRY(status);
    lanes_server_reply(session, &request.header, &reply, sizeof(reply), NULL, 0);
    return LANES_OK;
}
