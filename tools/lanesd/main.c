/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - lanesd: options, places, socket, signals, then lanes_server_run().
 */
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cache/cache.h"
#include "confine.h"
#include "kernel/cpu.h"
#include "option_limits.h"
#include "os/os_file.h"
#include "os/os_memory.h"
#include "os/os_process.h"
#include "os/os_socket.h"
#include "server/server.h"
#include "spawner.h"
#include "topo/topo.h"

#define ROOM "lanesd"

/* For a path: no folder. */
#define NO_CACHE "none"

/* The first descriptor that systemd hands over. */
#define LISTEN_FDS_START 3

enum option_key {
    OPTION_SOCKET = 0x100,
    OPTION_PRIVATE_FD,
    OPTION_THREADS,
    OPTION_SMT,
    OPTION_CPU,
    OPTION_CACHE_FOLDER,
    OPTION_CACHE_BYTES,
    OPTION_CODE_BYTES,
    OPTION_DUMPABLE,
    OPTION_NO_SANDBOX,
    OPTION_LOG_LEVEL
};

struct options {
    const char *socket;
    int private_fd;
    uint32_t threads;
    bool use_smt;
    const char *cpu;          /* NULL: native */
    const char *cache_folder; /* NULL: the usual one */
    uint64_t cache_bytes;
    uint64_t code_bytes;
    bool is_dumpable;
    bool has_no_sandbox;
    bool has_log_level;
    enum lanes_log_level log_level;
    lanes_server_limits limits;
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
    {"cpu", OPTION_CPU, "NAME", 0,
     "Compile for the CPU NAME, as LLVM calls it (haswell, znver4), or for a level: "
     "x86-64, x86-64-v2, x86-64-v3 (AVX2), x86-64-v4 (AVX-512); default: $LANES_CPU, "
     "else "
     "native, this host with all that it has",
     0},
    {"cache-folder", OPTION_CACHE_FOLDER, "PATH", 0,
     "Keep compiled code in folder PATH, for every later start; none: nowhere; default: "
     "$LANES_CACHE_FOLDER, else $XDG_CACHE_HOME/lanes, else ~/.cache/lanes",
     0},
    {"cache-bytes", OPTION_CACHE_BYTES, "N", 0,
     "Let that folder grow to N bytes; default: 268435456 (256 MiB)", 0},
    {"code-bytes", OPTION_CODE_BYTES, "N", 0,
     "Keep N bytes of code loaded that nobody uses just now; default: 67108864 (64 MiB)",
     0},
    {"dumpable", OPTION_DUMPABLE, NULL, 0,
     "Let debuggers attach, and leave a core file after a crash; also with "
     "LANES_DUMPABLE "
     "set",
     0},
    {"no-sandbox", OPTION_NO_SANDBOX, NULL, 0,
     "Neither filter system calls nor confine which files may be written; also with "
     "LANES_NO_SANDBOX set",
     0},
    {"log-level", OPTION_LOG_LEVEL, "LEVEL", 0,
     "error, warning, info or debug; default: info, with --private-fd warning", 0},
    {0},
};

static const char documentation[] =
    "Compile callbacks and run batches for the programs of this user.\n\n"
    "Runs in the foreground until SIGTERM or SIGINT; batches that run then have 5 "
    "seconds "
    "to finish. With systemd socket activation the socket is the one handed over."
    "\vEnvironment: LANES_SOCKET, XDG_RUNTIME_DIR (see --socket); LANES_CPU (see "
    "--cpu); LANES_CACHE_FOLDER, XDG_CACHE_HOME, HOME (see --cache-folder); "
    "LANES_DUMPABLE, LANES_NO_SANDBOX (see --dumpable, --no-sandbox); "
    "LANES_COMPILER: path "
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
    case OPTION_CPU:
        options->cpu = argument;
        return 0;
    case OPTION_CACHE_FOLDER:
        options->cache_folder = argument;
        if (argument[0] != '/' && strcmp(argument, NO_CACHE) != 0) {
            argp_error(state, "--cache-folder=%s is neither an absolute path nor %s",
                       argument, NO_CACHE);
        }
        return 0;
    case OPTION_CACHE_BYTES:
        options->cache_bytes =
            (uint64_t)parse_number(state, "cache-bytes", argument, 0, LONG_MAX);
        return 0;
    case OPTION_CODE_BYTES:
        options->code_bytes =
            (uint64_t)parse_number(state, "code-bytes", argument, 0, LONG_MAX);
        return 0;
    case OPTION_DUMPABLE:
        options->is_dumpable = true;
        return 0;
    case OPTION_NO_SANDBOX:
        options->has_no_sandbox = true;
        return 0;
    case OPTION_LOG_LEVEL:
        options->has_log_level = true;
        if (!parse_level(argument, &options->log_level)) {
            argp_error(state, "--log-level=%s is not error, warning, info or debug",
                       argument);
        }
        return 0;
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &options->limits;
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
    spawner spawner;
    int listen_fd;
    int stop_fd;
    char created_path[LANES_OS_PATH_MAX]; /* "" = the socket is not ours */
    char where[LANES_OS_PATH_MAX + 16];
    char compiler[LANES_OS_PATH_MAX];
    char cache[LANES_OS_PATH_MAX]; /* "" = none */
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

/* Paths that do not begin at the root count as not set, as XDG's rules have it. */
static void find_cache(const struct options *options, struct resources *resources)
{
    const char *path = options->cache_folder != NULL ? options->cache_folder
                                                     : non_empty("LANES_CACHE_FOLDER");
    const char *cache_home = non_empty("XDG_CACHE_HOME");
    const char *home = non_empty("HOME");
    char *out = resources->cache;
    int length = 0;
    if (path != NULL) {
        const bool is_none = strcmp(path, NO_CACHE) == 0;
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
    /* Ctrl-C is meant for the client, which is in our process group and ends us. */
    const uint32_t signal_count =
        options->private_fd >= 0 ? 1 : (uint32_t)LANES_ARRAY_COUNT(signals);
    const lanes_topo_options topo = {.threads = options->threads,
                                     .use_smt = options->use_smt};
    raise_file_limit();
    /* Standard error may be a pipe whose reader has gone. */
    lanes_os_signal_ignore(SIGPIPE);
    if (options->private_fd >= 0) {
        lanes_os_signal_ignore(SIGINT);
    }
    LANES_TRY(lanes_os_signals_block(signals, signal_count, err));
    LANES_TRY(lanes_os_signal_fd(signals, signal_count, &resources->stop_fd, err));
    LANES_TRY(find_compiler(resources, err));
    find_cache(options, resources);
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

/* Landlock allows writing below a folder that is there. The server opens it again, and
 * says what is wrong with one that cannot be used. */
static const char *make_cache(const struct options *options,
                              const struct resources *resources)
{
    lanes_cache *cache = NULL;
    if (resources->cache[0] == '\0') {
        return NULL;
    }
    if (lanes_cache_open(resources->cache, options->cache_bytes, &cache, NULL) ==
        LANES_OK) {
        lanes_cache_close(cache);
    }
    return resources->cache;
}

/* While there is one thread: the others inherit it. */
static lanes_status confine(const struct options *options, struct resources *resources,
                            lanes_error *err)
{
    LANES_TRY(spawner_start(&resources->spawner, resources->compiler, err));
    const char *socket = resources->created_path;
    const confine_options what = {
        .cache_folder = make_cache(options, resources),
        .socket_path = socket[0] != '\0' ? socket : NULL,
        .is_dumpable = options->is_dumpable || non_empty("LANES_DUMPABLE") != NULL,
        .has_sandbox = !options->has_no_sandbox && non_empty("LANES_NO_SANDBOX") == NULL,
    };
    confine_self(&what);
    return LANES_OK;
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
    status = confine(options, resources, &err);
    if (status < 0) {
        lanes_log(LANES_LOG_ERROR, ROOM, "%s", err.message);
        return exit_status(status);
    }
    lanes_server_options server = LANES_SERVER_OPTIONS_INIT;
    server.plan = resources->plan;
    server.where = resources->where;
    server.listen_fd = resources->listen_fd;
    server.private_fd = options->private_fd;
    server.stop_fd = resources->stop_fd;
    server.compiler_path = resources->compiler;
    server.cpu = options->cpu;
    server.cache_folder = resources->cache[0] != '\0' ? resources->cache : NULL;
    server.cache_bytes = options->cache_bytes;
    server.code_bytes = options->code_bytes;
    server.limits = options->limits;
    server.hooks.ctx = &resources->spawner;
    server.hooks.start_compiler = spawner_run;
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
    spawner_end(&resources->spawner);
    lanes_os_close(&resources->listen_fd);
    lanes_os_close(&resources->stop_fd);
    lanes_topo_plan_destroy(resources->plan);
}

static void print_version(FILE *stream, struct argp_state *state)
{
    (void)state;
    fprintf(stream, "lanesd %s\n", LANES_PROGRAM_VERSION);
}

/* Of the option or the environment; one that this host does not run is a mistake that
 * every kernel would end in. */
static int choose_cpu(struct options *options)
{
    lanes_error err;
    const char *from = options->cpu != NULL ? "--cpu" : "LANES_CPU";
    options->cpu = options->cpu != NULL ? options->cpu : non_empty("LANES_CPU");
    if (options->cpu != NULL &&
        lanes_cpu_check(options->cpu, lanes_cpu_host(), &err) < 0) {
        lanes_log(LANES_LOG_ERROR, ROOM, "%s: %s", from, err.message);
        return EX_USAGE;
    }
    return EX_OK;
}

int main(int argc, char **argv)
{
    struct options options = {.private_fd = -1,
                              .cache_bytes = LANES_SERVER_CACHE_BYTES,
                              .code_bytes = LANES_SERVER_CODE_BYTES,
                              .limits = LANES_SERVER_LIMITS_INIT,
                              .log_level = LANES_LOG_INFO};
    struct resources resources = {
        .spawner = SPAWNER_NONE, .listen_fd = -1, .stop_fd = -1};
    const struct argp_child children[] = {{.argp = &limits_argp}, {0}};
    const struct argp argp = {.options = option_table,
                              .parser = parse_option,
                              .doc = documentation,
                              .children = children};
    argp_program_version_hook = print_version;
    argp_err_exit_status = EX_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    if (!options.has_log_level && options.private_fd >= 0) {
        options.log_level = LANES_LOG_WARNING; /* its client's terminal */
    }
    lanes_log_set_level(options.log_level);
    int status = choose_cpu(&options);
    if (status == EX_OK) {
        status = run(&options, &resources);
    }
    clean_up(&resources);
    return status;
}
