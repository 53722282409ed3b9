/* SPDX-License-Identifier: Apache-2.0 */
/*
 * executor.c - lanes-executor: options, places, socket, signals, then lanes_server_run().
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cache/cache.h"
#include "confine.h"
#include "os/os_memory.h"
#include "os/os_process.h"
#include "os/os_socket.h"
#include "os/os_wait.h"
#include "place.h"
#include "server/server.h"
#include "spawner.h"
#include "supervisor.h"

struct executor {
    struct lanesd_options command; /* the command line, on which a file is read again */
    struct lanesd_options options; /* that and what the file says of the rest */
    lanes_topo_options topo;
    lanes_topo_plan *plan;
    spawner spawner;
    struct lanesd_socket socket;
    int stop_fd;
    int reload_fd;
    uint32_t *batch_count; /* shared with the supervisor; NULL: nobody counts */
    int notify_fd; /* the service manager; -1: there is none, or it is the supervisor's */
    char compiler[LANES_OS_PATH_MAX];
    char cache[LANES_OS_PATH_MAX]; /* "" = none */
};

/* ---- Places ------------------------------------------------------------------------ */

static lanes_status find_compiler(struct executor *executor, lanes_error *err)
{
    const char *path = lanesd_environment("LANES_COMPILER");
    if (path != NULL) {
        snprintf(executor->compiler, sizeof(executor->compiler), "%s", path);
        return LANES_OK;
    }
    return lanesd_find_program("lanes-compiler", executor->compiler, err);
}

/* Paths that do not begin at the root count as not set, as XDG's rules have it. */
static void find_cache(struct executor *executor)
{
    const char *path = executor->options.cache_folder;
    const char *cache_home = lanesd_environment("XDG_CACHE_HOME");
    const char *home = lanesd_environment("HOME");
    char *out = executor->cache;
    int length = 0;
    if (path[0] != '\0') {
        const bool is_none = strcmp(path, LANESD_NONE) == 0;
        length = snprintf(out, LANES_OS_PATH_MAX, "%s", is_none ? "" : path);
    } else if (cache_home != NULL && cache_home[0] == '/') {
        length = snprintf(out, LANES_OS_PATH_MAX, "%s/lanes", cache_home);
    } else if (home != NULL && home[0] == '/') {
        length = snprintf(out, LANES_OS_PATH_MAX, "%s/.cache/lanes", home);
    }
    if (length >= LANES_OS_PATH_MAX) {
        lanes_log(LANES_LOG_WARNING, ROOM, "the path of the code cache is too long");
        out[0] = '\0';
    }
}

static lanes_status open_socket(struct executor *executor, lanes_error *err)
{
    const struct lanesd_options *options = &executor->options;
    struct lanesd_socket *socket = &executor->socket;
    if (options->private_fd >= 0) {
        lanes_os_peer peer;
        snprintf(socket->where, sizeof(socket->where), "private descriptor %d",
                 options->private_fd);
        return lanes_os_socket_peer(options->private_fd, &peer, err);
    }
    if (options->supervisor != 0) {
        char path[LANES_OS_SOCKET_PATH_MAX];
        LANES_TRY(lanes_os_check_listening(LANESD_LISTEN_FD, err));
        socket->fd = LANESD_LISTEN_FD;
        lanes_os_socket_path(socket->fd, path);
        snprintf(socket->where, sizeof(socket->where), "%s", path);
        return LANES_OK;
    }
    return lanesd_socket_open(options, socket, err);
}

/* Where the supervisor reads, once we are dead, how many batches there were. First of
 * all, since a supervisor of an earlier release gives no such descriptor. */
static void map_count(struct executor *executor)
{
    void *data = NULL;
    int fd = LANESD_COUNT_FD;
    if (executor->options.supervisor == 0 ||
        lanes_os_map(fd, sizeof(uint32_t), LANES_OS_MAP_WRITE, &data, NULL) < 0) {
        return;
    }
    lanes_os_close(&fd);
    executor->batch_count = data;
}

/* Sessions have descriptors: allow as many as the hard limit does. */
static void raise_file_limit(void)
{
    uint64_t soft = 0;
    uint64_t hard = 0;
    if (lanes_os_limit_get(LANES_OS_LIMIT_OPEN_FILES, &soft, &hard, NULL) == LANES_OK &&
        soft < hard) {
        LANES_IGNORE(lanes_os_limit_set(LANES_OS_LIMIT_OPEN_FILES, hard, hard, NULL) < 0,
                     "the soft limit serves fewer clients");
    }
}

/* ---- Signals ----------------------------------------------------------------------- */

static lanes_status open_signals(struct executor *executor, lanes_error *err)
{
    static const int stop[] = {LANES_OS_SIGNAL_TERMINATE, LANES_OS_SIGNAL_INTERRUPT};
    static const int reload[] = {LANES_OS_SIGNAL_HANG_UP};
    const bool is_private = executor->options.private_fd >= 0;
    /* Standard error may be a pipe whose reader has gone. */
    lanes_os_signal_ignore(LANES_OS_SIGNAL_PIPE);
    if (is_private) {
        /* Ctrl-C is meant for the client, which ends us. */
        lanes_os_signal_ignore(LANES_OS_SIGNAL_INTERRUPT);
        LANES_TRY(lanes_os_signals_block(stop, 1, err));
        return lanes_os_signal_fd(stop, 1, &executor->stop_fd, err);
    }
    LANES_TRY(lanes_os_signals_block(stop, LANES_ARRAY_COUNT(stop), err));
    LANES_TRY(lanes_os_signals_block(reload, LANES_ARRAY_COUNT(reload), err));
    LANES_TRY(lanes_os_signal_fd(stop, LANES_ARRAY_COUNT(stop), &executor->stop_fd, err));
    return lanes_os_signal_fd(reload, LANES_ARRAY_COUNT(reload), &executor->reload_fd,
                              err);
}

static void on_ready(void *ctx)
{
    const struct executor *executor = ctx;
    lanes_error err;
    if (executor->options.supervisor != 0) {
        lanes_os_event_signal(LANESD_READY_FD);
    } else if (lanes_os_notify(executor->notify_fd, "READY=1", &err) < 0) {
        lanes_log(LANES_LOG_WARNING, ROOM, "%s", err.message);
    }
}

/* ---- Settings ---------------------------------------------------------------------- */

static void warn_of_restart(const char *key, const char *now, const char *wanted)
{
    if (strcmp(now, wanted) != 0) {
        lanes_log(LANES_LOG_WARNING, ROOM,
                  "%s: '%s' counts when the executor is started the next time; it has "
                  "'%s'",
                  key, wanted, now);
    }
}

static lanes_status read_again(void *ctx, lanes_server_settings *out_settings,
                               lanes_error *err)
{
    struct executor *executor = ctx;
    struct lanesd_options fresh = executor->command;
    while (lanes_os_signal_take(executor->reload_fd) != 0) {
    }
    LANES_TRY(lanesd_options_complete(&fresh, err));
    const struct lanesd_options *now = &executor->options;
    warn_of_restart("socket", now->socket, fresh.socket);
    warn_of_restart("cpu", now->cpu, fresh.cpu);
    warn_of_restart("cache-folder", now->cache_folder, fresh.cache_folder);
    if (memcmp(&now->limits, &fresh.limits, sizeof(now->limits)) != 0) {
        lanes_log(LANES_LOG_WARNING, ROOM,
                  "the limits of sessions count when the executor is started the next "
                  "time");
    }
    *out_settings = (lanes_server_settings){
        .threads = fresh.threads,
        .use_smt = fresh.has_smt,
        .cache_bytes = fresh.cache_bytes,
        .code_bytes = fresh.code_bytes,
        .log_level = fresh.log_level,
    };
    return LANES_OK;
}

/* ---- Confinement ------------------------------------------------------------------- */

/* Landlock allows writing below a folder that is there. The server opens it again, and
 * says what is wrong with one that cannot be used. */
static const char *make_cache(const struct executor *executor)
{
    lanes_cache *cache = NULL;
    if (executor->cache[0] == '\0') {
        return NULL;
    }
    if (lanes_cache_open(executor->cache, executor->options.cache_bytes, &cache, NULL) ==
        LANES_OK) {
        lanes_cache_close(cache);
    }
    return executor->cache;
}

/* While there is one thread: the others inherit it. What needs a socket, a process or a
 * signal to another comes before. */
static lanes_status confine(struct executor *executor, lanes_error *err)
{
    const struct lanesd_options *options = &executor->options;
    const char *socket = executor->socket.created_path;
    lanes_error told;
    if (options->supervisor == 0 && options->private_fd < 0 &&
        lanes_os_notify_open(&executor->notify_fd, &told) < 0) {
        lanes_log(LANES_LOG_WARNING, ROOM, "%s", told.message);
    }
    LANES_TRY(spawner_start(&executor->spawner, executor->compiler, err));
    const confine_options what = {
        .cache_folder = make_cache(executor),
        .socket_path = socket[0] != '\0' ? socket : NULL,
        .is_dumpable =
            options->is_dumpable || lanesd_environment("LANES_DUMPABLE") != NULL,
        .has_sandbox =
            !options->has_no_sandbox && lanesd_environment("LANES_NO_SANDBOX") == NULL,
    };
    confine_self(&what);
    return LANES_OK;
}

/* ---- Running ----------------------------------------------------------------------- */

static lanes_status prepare(struct executor *executor, lanes_error *err)
{
    const struct lanesd_options *options = &executor->options;
    map_count(executor);
    raise_file_limit();
    LANES_TRY(open_signals(executor, err));
    if (options->supervisor != 0) {
        /* Its SIGTERM comes as anybody's: what runs may finish. */
        LANES_TRY(lanes_os_die_with_parent(options->supervisor, LANES_OS_SIGNAL_TERMINATE,
                                           err));
    }
    LANES_TRY(find_compiler(executor, err));
    find_cache(executor);
    executor->topo =
        (lanes_topo_options){.threads = options->threads, .use_smt = options->has_smt};
    return lanes_topo_plan_create(&executor->topo, &executor->plan, err);
}

static int serve(struct executor *executor)
{
    const struct lanesd_options *options = &executor->options;
    lanes_error err;
    lanes_server_options server = LANES_SERVER_OPTIONS_INIT;
    server.plan = executor->plan;
    server.topo = &executor->topo;
    server.where = executor->socket.where;
    server.listen_fd = executor->socket.fd;
    server.private_fd = options->private_fd;
    server.stop_fd = executor->stop_fd;
    server.reload_fd = executor->reload_fd;
    server.compiler_path = executor->compiler;
    server.cpu = options->cpu[0] != '\0' ? options->cpu : NULL;
    server.cache_folder = executor->cache[0] != '\0' ? executor->cache : NULL;
    server.cache_bytes = options->cache_bytes;
    server.code_bytes = options->code_bytes;
    server.limits = options->limits;
    server.batch_count = executor->batch_count;
    server.hooks.ctx = &executor->spawner;
    server.hooks.start_compiler = spawner_run;
    server.calls =
        (lanes_server_calls){.ctx = executor, .ready = on_ready, .reload = read_again};
    const lanes_status status = lanes_server_run(&server, &err);
    if (status < 0) {
        lanes_log(LANES_LOG_ERROR, ROOM, "%s", err.message);
    }
    return lanesd_exit_status(status);
}

static int run(struct executor *executor)
{
    lanes_error err;
    executor->options = executor->command;
    if (lanesd_options_complete(&executor->options, &err) < 0) {
        lanes_log(LANES_LOG_ERROR, ROOM, "%s", err.message);
        return EX_USAGE;
    }
    lanes_log_set_level(executor->options.log_level);
    lanes_status status = prepare(executor, &err);
    if (status < 0) {
        lanes_log(LANES_LOG_ERROR, ROOM, "%s", err.message);
        return lanesd_exit_status(status);
    }
    status = open_socket(executor, &err);
    if (status < 0) {
        lanes_log(LANES_LOG_ERROR, ROOM, "%s", err.message);
        return executor->options.private_fd >= 0 ? EX_USAGE
                                                 : lanesd_socket_exit_status(status);
    }
    status = confine(executor, &err);
    if (status < 0) {
        lanes_log(LANES_LOG_ERROR, ROOM, "%s", err.message);
        return lanesd_exit_status(status);
    }
    return serve(executor);
}

int main(int argc, char **argv)
{
    struct executor executor = {.spawner = SPAWNER_NONE,
                                .socket = {.fd = -1},
                                .stop_fd = -1,
                                .reload_fd = -1,
                                .notify_fd = -1};
    lanesd_options_parse(argc, argv, &executor.command);
    lanes_log_set_level(executor.command.log_level);
    const int status = run(&executor);
    spawner_end(&executor.spawner);
    lanesd_socket_close(&executor.socket);
    lanes_os_close(&executor.stop_fd);
    lanes_os_close(&executor.reload_fd);
    lanes_os_close(&executor.notify_fd);
    lanes_topo_plan_destroy(executor.plan);
    lanes_os_unmap(executor.batch_count, sizeof(uint32_t));
    return status;
}
