/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_control.c - the control thread: start, its loop, stop.
 */
#include "server/server_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/atomic.h"
#include "cache/cache.h"
#include "loader/loader.h"
#include "os/os_failpoint.h"
#include "os/os_memory.h"
#include "os/os_socket.h"
#include "os/os_wait.h"

/* After cancelling, running tiles may take this long before the process ends anyway. */
#define CANCEL_NS UINT64_C(2000000000)

/* Exit status then: EX_SOFTWARE of sysexits. */
#define EXIT_UNFINISHED 70

#define ROOM "server"

/* Pause after a connection that could not be taken. */
#define REFUSED_NS UINT64_C(50000000)

/* Events handled per turn of the loop. */
#define READY_MAX 32

void lanes_server_post(lanes_server *server, lanes_server_mail *mail,
                       enum lanes_server_mail_type type)
{
    lanes_server_mailbox_post(&server->to_dispatch, mail, type);
    /* Pairs with the exchange in server_dispatch.c: one of us sees the other's store. */
    if (lanes_load_seq_cst_u32(&server->dispatch.sleeping) != 0) {
        lanes_os_event_signal(server->doorbell);
    }
}

void lanes_server_report(lanes_server *server, lanes_server_mail *mail,
                         enum lanes_server_mail_type type)
{
    lanes_server_mailbox_post(&server->to_control, mail, type);
    lanes_os_event_signal(server->control_event);
}

/* ---- Mail ---------------------------------------------------------------------------
 */

/* A batch needs a variant that does not exist yet. */
static void on_variant_wanted(lanes_server *server, lanes_server_variant *variant)
{
    lanes_server_session *session = variant->kernel->session;
    if (session->state == LANES_SESSION_CLOSING) {
        return; /* freed with the session */
    }
    lanes_error err;
    lanes_server_job *job = NULL;
    variant->status = lanes_server_variant_admit(variant, &err);
    if (variant->status == LANES_OK) {
        job = lanes_server_job_create(session, variant);
        if (job == NULL) {
            variant->status =
                lanes_error_set(&err, -ENOMEM, "no memory to compile a variant");
        }
    }
    if (job == NULL) {
        snprintf(variant->message, sizeof(variant->message), "%s", err.message);
        lanes_server_post(server, &variant->done, LANES_MAIL_VARIANT_DONE);
        return;
    }
    lanes_server_compile(server, job);
}

static void on_mail(lanes_server *server, lanes_server_mail *mail)
{
    switch (mail->type) {
    case LANES_MAIL_STARTED:
        break;
    case LANES_MAIL_STOPPED:
        server->is_dispatch_running = false;
        break;
    case LANES_MAIL_SESSION_CORRUPT: {
        lanes_server_session *session =
            LANES_CONTAINER_OF(mail, lanes_server_session, report_corrupt);
        lanes_server_session_close(session, LANES_E_RING_CORRUPT,
                                   "an index of its ring is impossible");
        break;
    }
    case LANES_MAIL_SESSION_GONE:
        lanes_server_session_free(LANES_CONTAINER_OF(mail, lanes_server_session, gone));
        break;
    case LANES_MAIL_VIEW_FREE:
        lanes_server_view_free(LANES_CONTAINER_OF(mail, lanes_server_view, free));
        break;
    case LANES_MAIL_KERNEL_FREE:
        lanes_server_kernel_free(server,
                                 LANES_CONTAINER_OF(mail, lanes_server_kernel, free));
        break;
    case LANES_MAIL_VARIANT_WANTED:
        on_variant_wanted(server, LANES_CONTAINER_OF(mail, lanes_server_variant, wanted));
        break;
    case LANES_MAIL_EXPIRED:
        server->watch.is_expiring = false;
        break;
    case LANES_MAIL_PLAN_TAKEN:
        lanes_server_team_changed(server);
        break;
    case LANES_MAIL_LOOK:
        lanes_server_team_look(server);
        break;
    case LANES_MAIL_SESSION_ADD:
    case LANES_MAIL_SESSION_REMOVE:
    case LANES_MAIL_VIEW_ADD:
    case LANES_MAIL_VIEW_REMOVE:
    case LANES_MAIL_KERNEL_ADD:
    case LANES_MAIL_KERNEL_REMOVE:
    case LANES_MAIL_VARIANT_DONE:
    case LANES_MAIL_STOP:
    case LANES_MAIL_CANCEL_ALL:
    case LANES_MAIL_CANCEL:
    case LANES_MAIL_EXPIRE:
    case LANES_MAIL_PLAN:
    default:
        lanes_assert_fail("a mail is for this thread", __FILE__, __LINE__);
    }
}

static void read_mail(lanes_server *server)
{
    lanes_os_event_drain(server->control_event);
    lanes_server_mail *mail = lanes_server_mailbox_take(&server->to_control);
    while (mail != NULL) {
        lanes_server_mail *next = mail->next; /* handling may free the mail's object */
        on_mail(server, mail);
        mail = next;
    }
}

/* ---- Stop ---------------------------------------------------------------------------
 */

static void begin_stop(lanes_server *server, const char *why)
{
    if (server->is_stopping) {
        return;
    }
    lanes_log(LANES_LOG_INFO, ROOM, "stopping: %s", why);
    server->is_stopping = true;
    server->stop_until_ns = lanes_clock_ns() + server->options->drain_ns;
    if (server->options->listen_fd >= 0) {
        lanes_os_poller_remove(server->poller, server->options->listen_fd);
    }
    if (server->options->stop_fd >= 0) {
        lanes_os_poller_remove(server->poller, server->options->stop_fd);
    }
    if (server->options->reload_fd >= 0) {
        lanes_os_poller_remove(server->poller, server->options->reload_fd);
    }
    lanes_server_post(server, &server->stop, LANES_MAIL_STOP);
    LANES_FAILPOINT(STOPPING);
}

/* The time to finish is over: tiles not yet begun are skipped from now on. */
static void cancel_everything(lanes_server *server)
{
    server->is_cancelled = true;
    for (lanes_server_session *s = server->sessions; s != NULL; s = s->next) {
        lanes_store_relaxed_u32(&s->cancel, 1);
    }
    lanes_server_post(server, &server->cancel_all, LANES_MAIL_CANCEL_ALL);
}

/* ---- Loop ---------------------------------------------------------------------------
 */

static void accept_one(lanes_server *server)
{
    int fd = -1;
    lanes_error err;
    lanes_status status = lanes_os_accept(server->options->listen_fd, &fd, &err);
    if (status == LANES_E_TIMED_OUT) {
        return;
    }
    if (status == LANES_OK) {
        status = lanes_server_session_open(server, fd, &err);
    }
    if (status < 0) {
        server->stats.sessions_refused++;
        lanes_log(LANES_LOG_WARNING, ROOM, "a connection was refused: %s", err.message);
        /* Without descriptors it stays in the backlog: do not try in a tight loop. */
        LANES_IGNORE(lanes_os_poll(server->control_event, LANES_OS_READABLE, REFUSED_NS) <
                         0,
                     "it is only a pause");
    }
}

static void on_ready(lanes_server *server, const lanes_os_ready *ready)
{
    switch (ready->token) {
    case LANES_TOKEN_LISTENER:
        accept_one(server);
        break;
    case LANES_TOKEN_STOP:
        begin_stop(server, "asked to");
        break;
    case LANES_TOKEN_RELOAD:
        lanes_server_reload(server);
        break;
    case LANES_TOKEN_MAIL:
        break; /* read after all events: it may free what other events are about */
    case LANES_TOKEN_COMPILER:
        lanes_server_compiler_ready(server);
        break;
    default:
        lanes_server_session_ready(lanes_server_session_of(ready->token));
        break;
    }
}

static uint64_t time_to_wait(lanes_server *server, uint64_t now_ns)
{
    const uint64_t compiler_ns = lanes_server_compiler_tick(server, now_ns);
    const uint64_t wait_ns =
        lanes_min_u64(compiler_ns, lanes_server_watch_tick(server, now_ns));
    if (!server->is_stopping) {
        return wait_ns;
    }
    if (!server->is_cancelled && now_ns >= server->stop_until_ns) {
        cancel_everything(server);
    }
    const uint64_t until_ns =
        server->stop_until_ns + (server->is_cancelled ? CANCEL_NS : 0);
    if (now_ns >= until_ns) {
        /* A callback that does not return: no tile border will come. */
        lanes_log(LANES_LOG_ERROR, ROOM, "a callback does not end; giving up on it");
        lanes_os_exit_now(EXIT_UNFINISHED);
    }
    return until_ns - now_ns < wait_ns ? until_ns - now_ns : wait_ns;
}

static void run_loop(lanes_server *server)
{
    while (server->is_dispatch_running) {
        lanes_os_ready ready[READY_MAX];
        const uint64_t now_ns = lanes_clock_ns();
        const uint64_t wait_ns = time_to_wait(server, now_ns);
        if (!lanes_server_watch_sleep(server, now_ns, wait_ns)) {
            continue;
        }
        const lanes_status count =
            lanes_os_poller_wait(server->poller, ready, READY_MAX, wait_ns);
        LANES_ASSERT(count >= 0);
        for (int32_t i = 0; i < count; i++) {
            on_ready(server, &ready[i]);
        }
        read_mail(server);
        if (server->options->private_fd >= 0 && server->session_count == 0) {
            begin_stop(server, "the client has ended");
        }
    }
}

/* ---- Start --------------------------------------------------------------------------
 */

static lanes_status create_descriptors(lanes_server *server, lanes_error *err)
{
    const lanes_server_options *options = server->options;
    LANES_TRY(lanes_os_poller_create(&server->poller, err));
    LANES_TRY(lanes_os_event_create(&server->doorbell, err));
    LANES_TRY(lanes_os_event_create(&server->control_event, err));
    LANES_TRY(lanes_os_poller_add(server->poller, server->control_event,
                                  LANES_OS_READABLE, LANES_TOKEN_MAIL, err));
    if (options->stop_fd >= 0) {
        LANES_TRY(lanes_os_poller_add(server->poller, options->stop_fd, LANES_OS_READABLE,
                                      LANES_TOKEN_STOP, err));
    }
    if (options->reload_fd >= 0) {
        LANES_TRY(lanes_os_poller_add(server->poller, options->reload_fd,
                                      LANES_OS_READABLE, LANES_TOKEN_RELOAD, err));
    }
    if (options->hooks.load_object == NULL) {
        LANES_TRY(lanes_loader_create(&server->loader, err));
    }
    return LANES_OK;
}

/* Returns when the team works, or with the reason why it does not. */
static lanes_status start_dispatch(lanes_server *server, lanes_error *err)
{
    const int error =
        pthread_create(&server->dispatch_thread, NULL, lanes_server_team_main, server);
    if (error != 0) {
        return lanes_error_errno(err, error, "the dispatch thread cannot be created");
    }
    lanes_server_mail *mail = NULL;
    while (mail == NULL) {
        LANES_IGNORE(
            lanes_os_poll(server->control_event, LANES_OS_READABLE, LANES_OS_FOREVER) < 0,
            "then the box is looked at too early, and again");
        lanes_os_event_drain(server->control_event);
        mail = lanes_server_mailbox_take(&server->to_control);
    }
    if (mail->type == LANES_MAIL_STARTED) {
        server->is_dispatch_running = true;
        lanes_server_team_start(server);
        return LANES_OK;
    }
    pthread_join(server->dispatch_thread, NULL);
    return lanes_error_set(err, server->dispatch.error.code, "%s",
                           server->dispatch.error.message);
}

static lanes_status listen_for_clients(lanes_server *server, lanes_error *err)
{
    const lanes_server_options *options = server->options;
    if (options->listen_fd >= 0) {
        LANES_TRY(lanes_os_poller_add(server->poller, options->listen_fd,
                                      LANES_OS_READABLE, LANES_TOKEN_LISTENER, err));
    }
    if (options->private_fd >= 0) {
        int fd = -1;
        LANES_TRY(lanes_os_duplicate(options->private_fd, &fd, err));
        LANES_TRY(lanes_server_session_open(server, fd, err));
    }
    return LANES_OK;
}

static lanes_status start(lanes_server *server, lanes_error *err)
{
    LANES_TRY(create_descriptors(server, err));
    lanes_server_stored_open(server);
    LANES_TRY(lanes_server_compiler_start(server, err));
    LANES_TRY(lanes_os_guard_install(err)); /* before any thread of the team */
    LANES_TRY(start_dispatch(server, err));
    LANES_TRY(listen_for_clients(server, err));
    const lanes_server_options *options = server->options;
    lanes_log(LANES_LOG_INFO, ROOM, "ready on %s with %u threads (%s)",
              options->where != NULL ? options->where : "its sockets",
              server->team.threads, options->plan->limited_by);
    if (options->calls.ready != NULL) {
        options->calls.ready(options->calls.ctx);
    }
    return LANES_OK;
}

/* Only after the dispatch thread has ended: everything is control's now. */
static void clean_up(lanes_server *server)
{
    lanes_server_mailbox_take(&server->to_dispatch);
    lanes_server_session *next;
    for (lanes_server_session *s = server->sessions; s != NULL; s = next) {
        next = s->next;
        lanes_server_session_close(s, LANES_E_PEER_GONE, "the executor stops");
    }
    while (server->sessions != NULL) {
        lanes_server_session_free(server->sessions);
    }
    lanes_server_compiler_stop(server);
    lanes_server_code_clear(server);
    lanes_server_team_clear(server);
    lanes_loader_destroy(server->loader);
    lanes_cache_close(server->cache);
    lanes_os_close(&server->poller);
    lanes_os_close(&server->doorbell);
    lanes_os_close(&server->control_event);
    lanes_server_mailbox_deinit(&server->to_dispatch);
    lanes_server_mailbox_deinit(&server->to_control);
    pthread_mutex_destroy(&server->watch.mutex);
}

lanes_status lanes_server_run(const lanes_server_options *options, lanes_error *err)
{
    lanes_server *server = aligned_alloc(LANES_CACHE_LINE, sizeof(*server));
    if (server == NULL) {
        return lanes_error_set(err, -ENOMEM, "no memory for the server");
    }
    *server = (lanes_server){
        .options = options,
        .doorbell = -1,
        .control_event = -1,
        .poller = -1,
        .uid = lanes_os_uid(),
        .compiler = {.fd = -1, .child = LANES_OS_CHILD_NONE},
        .watch = {.earliest_ns = UINT64_MAX},
        .stats = {.started_ns = lanes_clock_ns()},
    };
    lanes_server_mailbox_init(&server->to_dispatch);
    lanes_server_mailbox_init(&server->to_control);
    pthread_mutex_init(&server->watch.mutex, NULL);
    lanes_status status = start(server, err);
    if (server->is_dispatch_running) {
        if (status < 0) {
            begin_stop(server, err != NULL ? err->message : "it could not start");
        }
        run_loop(server);
        pthread_join(server->dispatch_thread, NULL);
        LANES_FAILPOINT(STOPPED);
        if (status == LANES_OK && server->dispatch.status < 0) {
            /* No team could be entered any more. */
            status = lanes_error_set(err, server->dispatch.status, "%s",
                                     server->dispatch.error.message);
        }
    }
    clean_up(server);
    free(server);
    return status;
}
