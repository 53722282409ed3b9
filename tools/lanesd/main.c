/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - lanesd: options, places, socket, signals, then lanes_server_run().
 */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "os/os_file.h"
#include "os/os_memory.h"
#include "os/os_process.h"
#include "os/os_socket.h"
#include "server/server.h"
#include "topo/topo.h"

#define ROOM "lanesd"

/* The first descriptor that systemd hands over. */
#define LISTEN_FDS_START 3

enum option_key {
    OPTION_SOCKET = 0x100,
    OPTION_PRIVATE_FD,
    OPTION_THREADS,
    OPTION_SMT,
    OPTION_LOG_LEVEL
};

struct options {
    const char *socket;
    int private_fd;
    uint32_t threads;
    bool use_smt;
    bool has_log_level;
    enum lanes_log_level log_level;
};

static const struct argp_option option_table[] = {
    {"socket", OPTION_SOCKET, "PATH", 0,
     "Listen on PATH; default: $LANES_SOCKET, else $XDG_RUNTIME_DIR/lanes/lanes.sock, "
     "else "
     "/tmp/lanes-UID/lanes.sock",
     0},
    {"private-fd", OPTION_PRIVATE_FD, "N", 0,
     "Serve only the client connected to descriptor N, and end with it", 0},
    {"threads", OPTION_THREADS, "N", 0,
     "Use at most N threads; default: one per core that this process may use", 0},
    {"smt", OPTION_SMT, NULL, 0, "Use every hardware thread of a core", 0},
    {"log-level", OPTION_LOG_LEVEL, "LEVEL", 0,
     "error, warning, info or debug; default: info, with --private-fd warning", 0},
    {0},
};

static const char documentation[] =
    "Compile callbacks and run batches for the programs of this user.\n\n"
    "Runs in the foreground until SIGTERM or SIGINT; batches that run then have 5 "
    "seconds "
    "to finish. With systemd socket activation the socket is the one handed over."
    "\vEnvironment: LANES_SOCKET, XDG_RUNTIME_DIR (see --socket); LANES_COMPILER: path "
    "of "
    "lanes-compiler, default beside this program.\n\n"
    "Exit status: 0 stopped, 64 wrong usage, 69 another executor listens on the socket, "
    "70 "
    "internal error, 71 the system refused something, 73 the socket cannot be created.";

/* ---- Options ------------------------------------------------------------------------
 */

static long parse_number(struct argp_state *state, const char *name, const char *text,
                         long lowest, long highest)
{
    char *end;
    errno = 0;
    const long value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < lowest || value > highest) {
        argp_error(state, "--%s=%s is not a number from %ld to %ld", name, text, lowest,
                   highest);
    }
    return value;
}

static bool parse_level(const char *text, enum lanes_log_level *out_level)
{
    static const struct {
        const char *name;
        enum lanes_log_level level;
    } levels[] = {
        {"error", LANES_LOG_ERROR},
        {"warning", LANES_LOG_WARNING},
        {"info", LANES_LOG_INFO},
        {"debug", LANES_LOG_DEBUG},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(levels); i++) {
        if (strcmp(text, levels[i].name) == 0) {
            *out_level = levels[i].level;
            return true;
        }
    }
    return false;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case OPTION_SOCKET:
        options->socket = argument;
        return 0;
    case OPTION_PRIVATE_FD:
        options->private_fd =
            (int)parse_number(state, "private-fd", argument, 0, 1 << 20);
        return 0;
    case OPTION_THREADS:
        options->threads =
            (uint32_t)parse_number(state, "threads", argument, 1, LANES_PLACES_MAX);
        return 0;
    case OPTION_SMT:
        options->use_smt = true;
        return 0;
    case OPTION_LOG_LEVEL:
        options->has_log_level = true;
        if (!parse_level(argument, &options->log_level)) {
            argp_error(state, "--log-level=%s is not error, warning, info or debug",
                       argument);
        }
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected argument '%s'", argument);
        return 0;
    case ARGP_KEY_END:
        if (options->socket != NULL && options->private_fd >= 0) {
            argp_error(state, "--socket and --private-fd exclude each other");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- Socket -------------------------------------------------------------------------
 */

static const char *non_empty(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* The path that clients try (lanes/client.h). */
static lanes_status default_path(char path[LANES_OS_PATH_MAX], lanes_error *err)
{
    int length;
    if (non_empty("LANES_SOCKET") != NULL) {
        length = snprintf(path, LANES_OS_PATH_MAX, "%s", getenv("LANES_SOCKET"));
    } else if (non_empty("XDG_RUNTIME_DIR") != NULL) {
        length = snprintf(path, LANES_OS_PATH_MAX, "%s/lanes/lanes.sock",
                          getenv("XDG_RUNTIME_DIR"));
    } else {
        length =
            snprintf(path, LANES_OS_PATH_MAX, "/tmp/lanes-%u/lanes.sock", lanes_os_uid());
    }
    return length < LANES_OS_PATH_MAX
               ? LANES_OK
               : lanes_error_set(err, -ENAMETOOLONG,
                                 "the path of the socket is too long");
}

/* Descriptor 3 if systemd started us with exactly one socket, else -1. */
static int inherited_socket(void)
{
    const char *pid = getenv("LISTEN_PID");
    const char *count = getenv("LISTEN_FDS");
    if (pid == NULL || count == NULL || strtol(pid, NULL, 10) != lanes_os_pid() ||
        strcmp(count, "1") != 0 ||
        lanes_os_check_listening(LISTEN_FDS_START, NULL) != LANES_OK) {
        return -1;
    }
    return LISTEN_FDS_START;
}

/* ---- Running ------------------------------------------------------------------------
 */

/* What to close and delete at the end. */
struct resources {
    lanes_topo_plan *plan;
    int listen_fd;
    int stop_fd;
    char created_path[LANES_OS_PATH_MAX]; /* "" = the socket is not ours */
    char where[LANES_OS_PATH_MAX + 16];
    char compiler[LANES_OS_PATH_MAX];
};

static lanes_status find_compiler(struct resources *resources, lanes_error *err)
{
    const char *path = non_empty("LANES_COMPILER");
    if (path != NULL) {
        snprintf(resources->compiler, sizeof(resources->compiler), "%s", path);
        return LANES_OK;
    }
    LANES_TRY(lanes_os_program_path(resources->compiler, err));
    const lanes_status status =
        lanes_os_path_sibling(resources->compiler, 1, "lanes-compiler");
    return status < 0
               ? lanes_error_set(err, status, "the path of lanes-compiler is too long")
               : LANES_OK;
}

static lanes_status open_socket(const struct options *options,
                                struct resources *resources, lanes_error *err)
{
    char path[LANES_OS_PATH_MAX];
    if (options->private_fd >= 0) {
        lanes_os_peer peer;
        snprintf(resources->where, sizeof(resources->where), "private descriptor %d",
                 options->private_fd);
        return lanes_os_socket_peer(options->private_fd, &peer, err);
    }
    resources->listen_fd = options->socket == NULL ? inherited_socket() : -1;
    if (resources->listen_fd >= 0) {
        snprintf(resources->where, sizeof(resources->where), "the inherited socket");
        return LANES_OK;
    }
    if (options->socket != NULL) {
        snprintf(path, sizeof(path), "%s", options->socket);
    } else {
        LANES_TRY(default_path(path, err));
    }
    LANES_TRY(lanes_os_listen(path, &resources->listen_fd, err));
    memcpy(resources->created_path, path, sizeof(path));
    snprintf(resources->where, sizeof(resources->where), "%s", path);
    return LANES_OK;
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

static lanes_status prepare(const struct options *options, struct resources *resources,
                            lanes_error *err)
{
    static const int signals[] = {SIGTERM, SIGINT};
    const lanes_topo_options topo = {.threads = options->threads,
                                     .use_smt = options->use_smt};
    raise_file_limit();
    /* Standard error may be a pipe whose reader has gone. */
    lanes_os_signal_ignore(SIGPIPE);
    LANES_TRY(lanes_os_signals_block(signals, LANES_ARRAY_COUNT(signals), err));
    LANES_TRY(lanes_os_signal_fd(signals, LANES_ARRAY_COUNT(signals), &resources->stop_fd,
                                 err));
    LANES_TRY(find_compiler(resources, err));
    return lanes_topo_plan_create(&topo, &resources->plan, err);
}

static int exit_status(lanes_status status)
{
    return status == LANES_OK                                       ? EX_OK
           : lanes_status_category(status) == LANES_CATEGORY_SYSTEM ? EX_OSERR
                                                                    : EX_SOFTWARE;
}

static int socket_exit_status(const struct options *options, lanes_status status)
{
    if (options->private_fd >= 0) {
        return EX_USAGE;
    }
    return status == -EADDRINUSE ? EX_UNAVAILABLE : EX_CANTCREAT;
}

static int run(const struct options *options, struct resources *resources)
{
    lanes_error err;
    lanes_status status = prepare(options, resources, &err);
    if (status < 0) {
        lanes_log(LANES_LOG_ERROR, ROOM, "%s", err.message);
        return exit_status(status);
    }
    status = open_socket(options, resources, &err);
    if (status < 0) {
        lanes_log(LANES_LOG_ERROR, ROOM, "%s", err.message);
        return socket_exit_status(options, status);
    }
    lanes_server_options server = LANES_SERVER_OPTIONS_INIT;
    server.plan = resources->plan;
    server.where = resources->where;
    server.listen_fd = resources->listen_fd;
    server.private_fd = options->private_fd;
    server.stop_fd = resources->stop_fd;
    server.compiler_path = resources->compiler;
    status = lanes_server_run(&server, &err);
    if (status < 0) {
        lanes_log(LANES_LOG_ERROR, ROOM, "%s", err.message);
    }
    return exit_status(status);
}

static void clean_up(struct resources *resources)
{
    if (resources->created_path[0] != '\0') {
        LANES_IGNORE(lanes_os_file_delete(resources->created_path, NULL) < 0,
                     "the next executor replaces it");
    }
    lanes_os_close(&resources->listen_fd);
    lanes_os_close(&resources->stop_fd);
    lanes_topo_plan_destroy(resources->plan);
}

static void print_version(FILE *stream, struct argp_state *state)
{
    (void)state;
    fprintf(stream, "lanesd %s\n", LANES_PROGRAM_VERSION);
}

int main(int argc, char **argv)
{
    struct options options = {.private_fd = -1, .log_level = LANES_LOG_INFO};
    struct resources resources = {.listen_fd = -1, .stop_fd = -1};
    const struct argp argp = {
        .options = option_table, .parser = parse_option, .doc = documentation};
    argp_program_version_hook = print_version;
    argp_err_exit_status = EX_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    if (!options.has_log_level && options.private_fd >= 0) {
        options.log_level = LANES_LOG_WARNING; /* its client's terminal */
    }
    lanes_log_set_level(options.log_level);
    const int status = run(&options, &resources);
    clean_up(&resources);
    return status;
}
