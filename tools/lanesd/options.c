/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.c - the table of options; their values from the command line and environment.
 */
#include "options.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "kernel/cpu.h"
#include "option_limits.h"
#include "server/server.h"
#include "topo/topo.h"

static const struct argp_option option_table[] = {
    {"socket", LANESD_SOCKET, "PATH", 0,
     "Listen on PATH; default: $LANES_SOCKET, else $XDG_RUNTIME_DIR/lanes/lanes.sock, "
     "else /tmp/lanes-UID/lanes.sock",
     0},
    {"private-fd", LANESD_PRIVATE_FD, "N", 0,
     "Serve only the client connected to descriptor N, and end with it", 0},
    {"threads", LANESD_THREADS, "N", 0,
     "Use at most N threads; default: one per core that this process may use", 0},
    {"smt", LANESD_SMT, NULL, 0, "Use every hardware thread of a core", 0},
    {"cpu", LANESD_CPU, "NAME", 0,
     "Compile for the CPU NAME, as LLVM calls it (haswell, znver4), or for a level: "
     "x86-64, x86-64-v2, x86-64-v3 (AVX2), x86-64-v4 (AVX-512); default: $LANES_CPU, "
     "else native, this host with all that it has",
     0},
    {"cache-folder", LANESD_CACHE_FOLDER, "PATH", 0,
     "Keep compiled code in folder PATH, for every later start; none: nowhere; default: "
     "$LANES_CACHE_FOLDER, else $XDG_CACHE_HOME/lanes, else ~/.cache/lanes",
     0},
    {"cache-bytes", LANESD_CACHE_BYTES, "N", 0,
     "Let that folder grow to N bytes; default: 268435456 (256 MiB)", 0},
    {"code-bytes", LANESD_CODE_BYTES, "N", 0,
     "Keep N bytes of code loaded that nobody uses just now; default: 67108864 (64 MiB)",
     0},
    {"sessions", LANESD_SESSIONS, "N", 0, "At most N sessions at once; default: 64", 1},
    {"kernels", LANESD_KERNELS, "N", 0, "At most N kernels of a session; default: 4096",
     1},
    {"compiles", LANESD_COMPILES, "N", 0,
     "At most N compiles of a session that wait; default: 1024", 1},
    {"session-bytes", LANESD_SESSION_BYTES, "N", 0,
     "At most N bytes in the segments and the IR of a session; default: 0, no limit", 1},
    {"executor-bytes", LANESD_EXECUTOR_BYTES, "N", 0,
     "At most N bytes in the segments and the IR of all sessions; default: 0, no limit",
     1},
    {"batch-limit", LANESD_BATCH_LIMIT, "SECONDS", 0,
     "End batches that have run for so long, waiting excluded; default: 0, no limit", 1},
    {"hold-limit", LANESD_HOLD_LIMIT, "SECONDS", 0,
     "End a batch that holds all threads in one callback for so long while batches of "
     "other sessions wait; 0: never; default: 10",
     1},
    {"log-level", LANESD_LOG_LEVEL, "LEVEL", 0,
     "error, warning, info or debug; default: info, with --private-fd warning", 0},
    {"config", LANESD_CONFIG, "FILE", 0,
     "Read options from FILE, lines of the form key = value; none: from no file; "
     "default: "
     "$XDG_CONFIG_HOME/lanes/lanesd.conf, else ~/.config/lanes/lanesd.conf, if it is "
     "there",
     0},
    {"dumpable", LANESD_DUMPABLE, NULL, 0,
     "Let debuggers attach, and leave a core file after a crash; also with "
     "LANES_DUMPABLE set",
     0},
    {"no-sandbox", LANESD_NO_SANDBOX, NULL, 0,
     "Neither filter system calls nor confine which files may be written; also with "
     "LANES_NO_SANDBOX set",
     0},
    {"no-supervisor", LANESD_NO_SUPERVISOR, NULL, 0,
     "Be the executor, which nobody starts again when it crashes", 0},
    {"supervised", LANESD_SUPERVISED, "PID", OPTION_HIDDEN,
     "lanesd starts lanes-executor with it", 0},
    {NULL, 0, NULL, 0, "Limits; what goes beyond one fails and is told so:", 1},
    {0},
};

static const char documentation[] =
    "Compile callbacks and run batches for the programs of this user.\n\n"
    "Runs in the foreground until SIGTERM or SIGINT; batches that run then have 5 "
    "seconds to finish. SIGHUP makes it read its configuration file again. The work is "
    "done by lanes-executor, which is started again when it crashes. With systemd socket "
    "activation the socket is the one handed over."
    "\vEnvironment: LANES_SOCKET, XDG_RUNTIME_DIR (see --socket); LANES_CPU (see "
    "--cpu); LANES_CACHE_FOLDER, XDG_CACHE_HOME, HOME (see --cache-folder); "
    "XDG_CONFIG_HOME, HOME (see --config); LANES_DUMPABLE, LANES_NO_SANDBOX (see "
    "--dumpable, --no-sandbox); LANES_COMPILER: path of lanes-compiler, "
    "default beside this program; NOTIFY_SOCKET: who is told that clients are served. "
    "The command line goes before the environment, that before the configuration file."
    "\n\nExit status: 0 stopped, 64 wrong usage or configuration, 69 another executor "
    "listens on the socket, 70 internal error, 71 the system refused something, 73 the "
    "socket cannot be created.";

/* ---- Values ------------------------------------------------------------------------ */

static lanes_status parse_number(const char *text, uint64_t lowest, uint64_t highest,
                                 uint64_t *out_value, lanes_error *err)
{
    char *end;
    errno = 0;
    const long value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < 0 ||
        (uint64_t)value < lowest || (uint64_t)value > highest) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "'%.100s' is not a number from %llu to %llu", text,
                               (unsigned long long)lowest, (unsigned long long)highest);
    }
    *out_value = (uint64_t)value;
    return LANES_OK;
}

static lanes_status parse_small(const char *text, uint32_t lowest, uint32_t highest,
                                uint32_t *out_value, lanes_error *err)
{
    uint64_t value = 0;
    LANES_TRY(parse_number(text, lowest, highest, &value, err));
    *out_value = (uint32_t)value;
    return LANES_OK;
}

static lanes_status parse_level(const char *text, enum lanes_log_level *out_level,
                                lanes_error *err)
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
            return LANES_OK;
        }
    }
    return lanes_error_set(err, LANES_E_INVALID,
                           "'%.100s' is not error, warning, info or debug", text);
}

static lanes_status parse_yes_or_no(const char *text, bool *out_value, lanes_error *err)
{
    if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0) {
        return lanes_error_set(err, LANES_E_INVALID, "'%.100s' is neither yes nor no",
                               text);
    }
    *out_value = text[0] == 'y';
    return LANES_OK;
}

static lanes_status copy_text(const char *text, char *out, size_t out_bytes,
                              lanes_error *err)
{
    const size_t length = strlen(text);
    if (length == 0 || length >= out_bytes) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "'%.100s' has %zu bytes; 1 to %zu are possible", text,
                               length, out_bytes - 1);
    }
    memcpy(out, text, length + 1);
    return LANES_OK;
}

/* Of a folder or file; the working folder of a daemon is nobody's business. */
static lanes_status copy_path_or_none(const char *text, char out[LANES_OS_PATH_MAX],
                                      lanes_error *err)
{
    if (text[0] != '/' && strcmp(text, LANESD_NONE) != 0) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "'%.100s' is neither an absolute path nor %s", text,
                               LANESD_NONE);
    }
    return copy_text(text, out, LANES_OS_PATH_MAX, err);
}

/* A CPU that this host does not run is a mistake that every kernel would end in. */
static lanes_status copy_cpu(const char *text, char out[LANESD_CPU_MAX], lanes_error *err)
{
    LANES_TRY(lanes_cpu_check(text, lanes_cpu_host(), err));
    return copy_text(text, out, LANESD_CPU_MAX, err);
}

static lanes_status set_option(struct lanesd_options *options, int option,
                               const char *value, lanes_error *err)
{
    switch (option) {
    case LANESD_SOCKET:
        return copy_text(value, options->socket, sizeof(options->socket), err);
    case LANESD_PRIVATE_FD: {
        uint32_t fd = 0;
        LANES_TRY(parse_small(value, 0, 1u << 20, &fd, err));
        options->private_fd = (int)fd;
        return LANES_OK;
    }
    case LANESD_THREADS:
        return parse_small(value, 1, LANES_PLACES_MAX, &options->threads, err);
    case LANESD_SMT:
        return parse_yes_or_no(value, &options->has_smt, err);
    case LANESD_CPU:
        return copy_cpu(value, options->cpu, err);
    case LANESD_CACHE_FOLDER:
        return copy_path_or_none(value, options->cache_folder, err);
    case LANESD_CACHE_BYTES:
        return parse_number(value, 0, LONG_MAX, &options->cache_bytes, err);
    case LANESD_CODE_BYTES:
        return parse_number(value, 0, LONG_MAX, &options->code_bytes, err);
    case LANESD_SESSIONS:
    case LANESD_KERNELS:
    case LANESD_COMPILES:
    case LANESD_SESSION_BYTES:
    case LANESD_EXECUTOR_BYTES:
    case LANESD_BATCH_LIMIT:
    case LANESD_HOLD_LIMIT:
        return lanesd_limit_set(&options->limits, option, value, err);
    case LANESD_LOG_LEVEL:
        return parse_level(value, &options->log_level, err);
    case LANESD_CONFIG:
        return copy_text(value, options->config, sizeof(options->config), err);
    case LANESD_DUMPABLE:
        return parse_yes_or_no(value, &options->is_dumpable, err);
    case LANESD_NO_SANDBOX:
        return parse_yes_or_no(value, &options->has_no_sandbox, err);
    case LANESD_NO_SUPERVISOR:
        return parse_yes_or_no(value, &options->has_no_supervisor, err);
    case LANESD_SUPERVISED: {
        uint32_t pid = 0;
        LANES_TRY(parse_small(value, 1, INT32_MAX, &pid, err));
        options->supervisor = (int32_t)pid;
        return LANES_OK;
    }
    default:
        return LANES_E_INTERNAL;
    }
}

static const struct argp_option *find_option(int option)
{
    return &option_table[option - LANESD_SOCKET]; /* in the order of enum lanesd_option */
}

static uint32_t bit_of(int option)
{
    return 1u << (option - LANESD_SOCKET);
}

bool lanesd_is_given(const struct lanesd_options *options, enum lanesd_option option)
{
    return (options->given & bit_of((int)option)) != 0;
}

/* ---- Command line ------------------------------------------------------------------ */

static void check_together(const struct lanesd_options *options, struct argp_state *state)
{
    static const enum lanesd_option others[] = {LANESD_SOCKET, LANESD_NO_SUPERVISOR,
                                                LANESD_SUPERVISED};
    for (size_t i = 0; options->private_fd >= 0 && i < LANES_ARRAY_COUNT(others); i++) {
        if (lanesd_is_given(options, others[i])) {
            argp_error(state, "--%s and --private-fd exclude each other",
                       find_option((int)others[i])->name);
        }
    }
    if (options->supervisor != 0 && options->has_no_supervisor) {
        argp_error(state, "--supervised and --no-supervisor exclude each other");
    }
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct lanesd_options *options = state->input;
    if (key >= LANESD_SOCKET && key <= LANESD_SUPERVISED) {
        lanes_error err;
        if (set_option(options, key, argument != NULL ? argument : "yes", &err) < 0) {
            argp_error(state, "--%s: %s", find_option(key)->name, err.message);
        }
        options->given |= bit_of(key);
        return 0;
    }
    switch (key) {
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected argument '%s'", argument);
        return 0;
    case ARGP_KEY_END:
        check_together(options, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_version(FILE *stream, struct argp_state *state)
{
    (void)state;
    fprintf(stream, "lanesd %s\n", LANES_PROGRAM_VERSION);
}

void lanesd_options_parse(int argc, char **argv, struct lanesd_options *out_options)
{
    const struct argp argp = {
        .options = option_table, .parser = parse_option, .doc = documentation};
    argp_program_version_hook = print_version;
    argp_err_exit_status = EX_USAGE;
    *out_options = (struct lanesd_options){
        .private_fd = -1,
        .cache_bytes = LANES_SERVER_CACHE_BYTES,
        .code_bytes = LANES_SERVER_CODE_BYTES,
        .limits = LANES_SERVER_LIMITS_INIT,
        .log_level = LANES_LOG_INFO,
    };
    argp_parse(&argp, argc, argv, 0, NULL, out_options);
    if (out_options->private_fd >= 0 && !lanesd_is_given(out_options, LANESD_LOG_LEVEL)) {
        out_options->log_level = LANES_LOG_WARNING; /* its client's terminal */
    }
}

/* ---- Environment and file ---------------------------------------------------------- */

const char *lanesd_environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* LANES_SOCKET is not here: an inherited socket goes before it. */
static const struct {
    const char *variable;
    enum lanesd_option option;
} variables[] = {{"LANES_CPU", LANESD_CPU}, {"LANES_CACHE_FOLDER", LANESD_CACHE_FOLDER}};

lanes_status lanesd_options_set(struct lanesd_options *options, const char *name,
                                const char *value, lanes_error *err)
{
    for (int option = LANESD_SOCKET; option < LANESD_CONFIG; option++) {
        if (option != LANESD_PRIVATE_FD && strcmp(find_option(option)->name, name) == 0) {
            return set_option(options, option, value, err);
        }
    }
    return lanes_error_set(err, -ENOENT,
                           "there is no such key; those are socket, threads, smt, cpu, "
                           "cache-folder, cache-bytes, code-bytes, log-level and the "
                           "limits of lanesd --help");
}

/* What goes before a file's values, which are all checked nevertheless. */
static void put_back(struct lanesd_options *options, const struct lanesd_options *first,
                     uint32_t given)
{
    if ((given & bit_of(LANESD_SOCKET)) != 0) {
        memcpy(options->socket, first->socket, sizeof(first->socket));
    }
    if ((given & bit_of(LANESD_CPU)) != 0) {
        memcpy(options->cpu, first->cpu, sizeof(first->cpu));
    }
    if ((given & bit_of(LANESD_CACHE_FOLDER)) != 0) {
        memcpy(options->cache_folder, first->cache_folder, sizeof(first->cache_folder));
    }
    for (int option = LANESD_SOCKET; option < LANESD_CONFIG; option++) {
        if (lanesd_is_limit(option) && (given & bit_of(option)) != 0) {
            lanesd_limit_copy(&options->limits, &first->limits, option);
        }
    }
    options->threads =
        (given & bit_of(LANESD_THREADS)) != 0 ? first->threads : options->threads;
    options->has_smt =
        (given & bit_of(LANESD_SMT)) != 0 ? first->has_smt : options->has_smt;
    options->cache_bytes = (given & bit_of(LANESD_CACHE_BYTES)) != 0
                               ? first->cache_bytes
                               : options->cache_bytes;
    options->code_bytes = (given & bit_of(LANESD_CODE_BYTES)) != 0 ? first->code_bytes
                                                                   : options->code_bytes;
    options->log_level =
        (given & bit_of(LANESD_LOG_LEVEL)) != 0 ? first->log_level : options->log_level;
}

lanes_status lanesd_options_complete(struct lanesd_options *options, lanes_error *err)
{
    uint32_t given = options->given;
    for (size_t i = 0; i < LANES_ARRAY_COUNT(variables); i++) {
        const char *value = lanesd_environment(variables[i].variable);
        const int option = (int)variables[i].option;
        if (value != NULL && (given & bit_of(option)) == 0) {
            const lanes_status status = set_option(options, option, value, err);
            if (status < 0) {
                return lanes_error_prefix(err, status, "%s", variables[i].variable);
            }
            given |= bit_of(option);
        }
    }
    if (lanesd_environment("LANES_SOCKET") != NULL) {
        given |= bit_of(LANESD_SOCKET);
    }
    const struct lanesd_options first = *options;
    LANES_TRY(lanesd_config_read(options, err));
    put_back(options, &first, given);
    return LANES_OK;
}
