/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor.c - start the executor, wait, start it again.
 *
 * This process has one thread, no LLVM, no hwloc, and reads nothing from clients, so that
 * nothing here can crash for the reasons for which an executor may. The listening socket
 * is its own: while there is no executor, connections wait in the backlog.
 *
 *   starting --ready--> serving --death--> (pause) --> starting
 *      | exit status 64..78, and none has ever served: end with it
 *      | SIGTERM, SIGINT at any time: stopping --end, or SIGKILL--> end
 */
#include "supervisor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "os/os_file.h"
#include "os/os_memory.h"
#include "os/os_process.h"
#include "os/os_wait.h"
#include "place.h"
#include "server/server.h"

/* Deaths that are farther apart have nothing to do with each other. */
#define RELATED_NS UINT64_C(10000000000)

/* Pauses before a start, the first one after the second death. */
#define PAUSE_LEAST_NS UINT64_C(100000000)
#define PAUSE_MOST_NS  UINT64_C(5000000000)

/* An executor that is told to end drains, cancels (2 s), and unmaps. */
#define STOP_NS (LANES_SERVER_DRAIN_NS + UINT64_C(4000000000))

#define MILLISECOND_NS 1000000u

#define SIZE_SEALS (LANES_OS_SEAL_SEAL | LANES_OS_SEAL_SHRINK | LANES_OS_SEAL_GROW)

enum token { TOKEN_SIGNAL = 1, TOKEN_CHILD, TOKEN_READY };

struct supervisor {
    char program[LANES_OS_PATH_MAX];
    const char **argv; /* of executors; owned */
    char own_option[32];
    struct lanesd_socket socket;
    int poller;
    int signal_fd;
    int count_fd;  /* batches that the executor has; read and never mapped, since it can
                      do anything with its own */
    int notify_fd; /* the service manager; -1: there is none */
    int ready_fd;  /* of the executor there is, until it is ready; -1 */
    lanes_os_child child;
    bool is_ready;
    bool has_served; /* some executor was ready */
    bool has_reload; /* SIGHUP came before it was ready */
    bool is_stopping;
    bool is_over;
    int exit_status;
    uint64_t started_ns; /* of child */
    uint64_t died_ns;    /* the last death; 0: none */
    uint64_t pause_ns;   /* before the next start */
    uint64_t until_ns;   /* start, or while stopping kill, then; UINT64_MAX: neither */
};

/* ---- Start ------------------------------------------------------------------------- */

static lanes_status spawn(struct supervisor *s, lanes_error *err)
{
    static const uint32_t unknown = LANESD_COUNT_UNKNOWN;
    LANES_TRY(lanes_os_write_at(s->count_fd, &unknown, sizeof(unknown), 0, err));
    LANES_TRY(lanes_os_event_create(&s->ready_fd, err));
    const lanes_os_spawn spawn = {
        .path = s->program,
        .argv = s->argv,
        .flags = LANES_OS_SPAWN_OWN_GROUP, /* Ctrl-C is ours to pass on */
        .fd_count = 3,
        .fds = {{.from = s->socket.fd, .to = LANESD_LISTEN_FD},
                {.from = s->ready_fd, .to = LANESD_READY_FD},
                {.from = s->count_fd, .to = LANESD_COUNT_FD}},
    };
    LANES_TRY(lanes_os_spawn_program(&spawn, &s->child, err));
    LANES_TRY(lanes_os_poller_add(s->poller, s->child.pidfd, LANES_OS_READABLE,
                                  TOKEN_CHILD, err));
    return lanes_os_poller_add(s->poller, s->ready_fd, LANES_OS_READABLE, TOKEN_READY,
                               err);
}

static void forget_ready(struct supervisor *s)
{
    if (s->ready_fd >= 0) {
        lanes_os_poller_remove(s->poller, s->ready_fd);
        lanes_os_close(&s->ready_fd);
    }
}

/* After a death or a failure to start: when to try again. */
static void plan_start(struct supervisor *s, uint64_t now_ns)
{
    const bool is_related = s->died_ns != 0 && now_ns - s->died_ns < RELATED_NS;
    if (!is_related) {
        s->pause_ns = 0;
    } else if (s->pause_ns == 0) {
        s->pause_ns = PAUSE_LEAST_NS;
    } else {
        s->pause_ns = lanes_min_u64(2 * s->pause_ns, PAUSE_MOST_NS);
    }
    s->died_ns = now_ns;
    s->until_ns = now_ns + s->pause_ns;
}

static void signal_child(const struct supervisor *s, int signal_number)
{
    if (s->child.pid != 0) {
        LANES_IGNORE(lanes_os_child_signal(&s->child, signal_number) < 0,
                     "one that has ended is noticed anyway");
    }
}

static void start(struct supervisor *s, uint64_t now_ns)
{
    lanes_error err;
    s->until_ns = UINT64_MAX;
    s->started_ns = now_ns;
    s->is_ready = false;
    const lanes_status status = spawn(s, &err);
    if (status == LANES_OK) {
        return;
    }
    lanes_log(LANES_LOG_ERROR, ROOM, "%s", err.message);
    forget_ready(s);
    if (s->child.pid != 0) { /* it runs, but cannot be watched */
        signal_child(s, LANES_OS_SIGNAL_KILL);
        LANES_IGNORE(lanes_os_child_wait(&s->child, LANES_OS_FOREVER, NULL) < 0,
                     "there is nothing left to do");
    }
    if (!s->has_served) {
        s->exit_status = lanesd_exit_status(status);
        s->is_over = true;
        return;
    }
    plan_start(s, now_ns);
}

static void on_ready(struct supervisor *s)
{
    lanes_error err;
    forget_ready(s);
    s->is_ready = true;
    if (s->has_reload) {
        s->has_reload = false;
        signal_child(s, LANES_OS_SIGNAL_HANG_UP);
    }
    if (!s->has_served && lanes_os_notify(s->notify_fd, "READY=1", &err) < 0) {
        lanes_log(LANES_LOG_WARNING, ROOM, "%s", err.message);
    }
    s->has_served = true;
}

/* ---- Death ------------------------------------------------------------------------- */

/* True for statuses that say that the next one would not work either. */
static bool is_final(const struct supervisor *s, const lanes_os_exit *ended)
{
    return !s->has_served && ended->code >= EX__BASE && ended->code <= EX__MAX;
}

/*
 * What the dead executor had taken from its clients and not completed; nothing if it has
 * not said. Entries that wait in rings, from which it had not taken them, are the
 * clients' and are not known here.
 */
static void format_count(const struct supervisor *s, char *text, size_t text_bytes)
{
    uint32_t count = LANESD_COUNT_UNKNOWN;
    text[0] = '\0';
    if (lanes_os_read_at(s->count_fd, &count, sizeof(count), 0, NULL) == LANES_OK &&
        count != LANESD_COUNT_UNKNOWN) {
        snprintf(text, text_bytes, ", with %u batches taken and not completed", count);
    }
}

static void on_death(struct supervisor *s)
{
    lanes_os_exit ended = {.code = -1};
    const int32_t pid = s->child.pid;
    const uint64_t now_ns = lanes_clock_ns();
    lanes_os_poller_remove(s->poller, s->child.pidfd);
    if (lanes_os_child_wait(&s->child, 0, &ended) < 0) {
        lanes_os_child_forget(&s->child);
    }
    forget_ready(s);
    if (s->is_stopping || ended.code == 0) { /* 0: somebody has asked it to stop */
        s->is_over = true;
        return;
    }
    if (is_final(s, &ended)) {
        s->exit_status = ended.code; /* it has said why */
        s->is_over = true;
        return;
    }
    char how[64];
    char when[48] = "at once";
    char had[64];
    lanes_os_exit_format(&ended, how, sizeof(how));
    plan_start(s, now_ns);
    if (s->pause_ns != 0) {
        snprintf(when, sizeof(when), "in %" PRIu64 " ms", s->pause_ns / MILLISECOND_NS);
    }
    format_count(s, had, sizeof(had));
    const uint64_t age_ms = (now_ns - s->started_ns) / MILLISECOND_NS;
    lanes_log(LANES_LOG_ERROR, ROOM,
              "the executor, process %d, %s %s%" PRIu64 ".%03" PRIu64
              " s%s; the next one starts %s",
              pid, how, s->is_ready ? "after " : "before it was ready, after ",
              age_ms / 1000, age_ms % 1000, had, when);
}

/* ---- Loop -------------------------------------------------------------------------- */

static void begin_stop(struct supervisor *s)
{
    if (s->is_stopping) {
        return;
    }
    s->is_stopping = true;
    LANES_IGNORE(lanes_os_notify(s->notify_fd, "STOPPING=1", NULL) < 0,
                 "it is only for its display");
    s->until_ns = lanes_clock_ns() + STOP_NS;
    signal_child(s, LANES_OS_SIGNAL_TERMINATE);
    s->is_over = s->child.pid == 0;
}

static void on_signals(struct supervisor *s)
{
    for (int number = lanes_os_signal_take(s->signal_fd); number != 0;
         number = lanes_os_signal_take(s->signal_fd)) {
        if (number != LANES_OS_SIGNAL_HANG_UP) {
            begin_stop(s);
        } else if (s->is_ready && s->child.pid != 0) {
            signal_child(s, LANES_OS_SIGNAL_HANG_UP);
        } else {
            s->has_reload = true; /* earlier it would kill: nobody handles it yet */
        }
    }
}

static void on_time(struct supervisor *s, uint64_t now_ns)
{
    if (!s->is_stopping) {
        start(s, now_ns);
        return;
    }
    lanes_log(LANES_LOG_ERROR, ROOM,
              "the executor, process %d, does not end; it is killed", s->child.pid);
    signal_child(s, LANES_OS_SIGNAL_KILL);
    s->until_ns = UINT64_MAX; /* nothing withstands it */
}

static void wait_and_handle(struct supervisor *s)
{
    lanes_os_ready ready[4];
    const uint64_t now_ns = lanes_clock_ns();
    if (now_ns >= s->until_ns) {
        on_time(s, now_ns);
        return;
    }
    const uint64_t wait_ns =
        s->until_ns == UINT64_MAX ? LANES_OS_FOREVER : s->until_ns - now_ns;
    const lanes_status count =
        lanes_os_poller_wait(s->poller, ready, LANES_ARRAY_COUNT(ready), wait_ns);
    LANES_ASSERT(count >= 0);
    bool is_dead = false;
    for (int32_t i = 0; i < count; i++) {
        if (ready[i].token == TOKEN_SIGNAL) {
            on_signals(s);
        } else if (ready[i].token == TOKEN_READY) {
            on_ready(s);
        } else {
            is_dead = true;
        }
    }
    if (is_dead) { /* last: other events may be about it */
        on_death(s);
    }
}

/* ---- Whole ------------------------------------------------------------------------- */

/* As ours, behind the option that says whose child it is. */
static lanes_status make_argv(struct supervisor *s, int argc, char **argv,
                              lanes_error *err)
{
    s->argv = calloc((size_t)argc + 2, sizeof(*s->argv));
    if (s->argv == NULL) {
        return lanes_error_set(err, -ENOMEM, "no memory for a command line");
    }
    snprintf(s->own_option, sizeof(s->own_option), "--supervised=%d", lanes_os_pid());
    s->argv[0] = "lanes-executor";
    s->argv[1] = s->own_option;
    for (int i = 1; i < argc; i++) {
        s->argv[i + 1] = argv[i];
    }
    return LANES_OK;
}

static lanes_status prepare(struct supervisor *s, int argc, char **argv, lanes_error *err)
{
    static const int signals[] = {LANES_OS_SIGNAL_TERMINATE, LANES_OS_SIGNAL_INTERRUPT,
                                  LANES_OS_SIGNAL_HANG_UP};
    const uint32_t count = (uint32_t)LANES_ARRAY_COUNT(signals);
    lanes_os_signal_ignore(LANES_OS_SIGNAL_PIPE); /* standard error's reader may go */
    LANES_TRY(lanes_os_signals_block(signals, count, err));
    LANES_TRY(lanes_os_signal_fd(signals, count, &s->signal_fd, err));
    LANES_TRY(lanesd_find_program("lanes-executor", s->program, err));
    LANES_TRY(make_argv(s, argc, argv, err));
    LANES_TRY(lanes_os_memfd_create("lanesd-count", sizeof(uint32_t), &s->count_fd, err));
    LANES_TRY(lanes_os_seal(s->count_fd, SIZE_SEALS, err));
    LANES_TRY(lanes_os_poller_create(&s->poller, err));
    return lanes_os_poller_add(s->poller, s->signal_fd, LANES_OS_READABLE, TOKEN_SIGNAL,
                               err);
}

static int run(struct supervisor *s, const struct lanesd_options *options, int argc,
               char **argv)
{
    lanes_error err;
    lanes_status status = prepare(s, argc, argv, &err);
    if (status < 0) {
        lanes_log(LANES_LOG_ERROR, ROOM, "%s", err.message);
        return lanesd_exit_status(status);
    }
    status = lanesd_socket_open(options, &s->socket, &err);
    if (status < 0) {
        lanes_log(LANES_LOG_ERROR, ROOM, "%s", err.message);
        return lanesd_socket_exit_status(status);
    }
    if (lanes_os_notify_open(&s->notify_fd, &err) < 0) {
        lanes_log(LANES_LOG_WARNING, ROOM, "%s", err.message);
    }
    start(s, lanes_clock_ns());
    while (!s->is_over) {
        wait_and_handle(s);
    }
    return s->exit_status;
}

int lanesd_supervise(const struct lanesd_options *options, int argc, char **argv)
{
    struct supervisor s = {
        .socket = {.fd = -1},
        .poller = -1,
        .signal_fd = -1,
        .notify_fd = -1,
        .ready_fd = -1,
        .count_fd = -1,
        .child = LANES_OS_CHILD_NONE,
        .until_ns = UINT64_MAX,
    };
    const int status = run(&s, options, argc, argv);
    lanesd_socket_close(&s.socket);
    lanes_os_close(&s.poller);
    lanes_os_close(&s.signal_fd);
    lanes_os_close(&s.notify_fd);
    free(s.argv);
    return status;
}
