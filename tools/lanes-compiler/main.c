/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - lanes-compiler: options, LLVM's start, then compiler_serve().
 */
#include <argp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "codegen/codegen.h"
#include "compiler.h"
#include "os/os_process.h"

#define ROOM "lanes-compiler"

enum option_key { OPTION_SOCKET_FD = 0x100, OPTION_CPU_SECONDS, OPTION_VERBOSE = 'v' };

struct options {
    int socket_fd;
    uint64_t cpu_seconds; /* 0: the usual limit */
    bool is_verbose;
};

static const struct argp_option option_table[] = {
    {"socket-fd", OPTION_SOCKET_FD, "N", 0,
     "Serve requests on descriptor N, a connected SEQPACKET socket", 0},
    {"cpu-seconds", OPTION_CPU_SECONDS, "N", 0,
     "Let one compile use N seconds of CPU time, 1 to 10; default: 10", 0},
    {"verbose", OPTION_VERBOSE, NULL, 0,
     "Log every compile, and let LLVM's own messages through to stderr", 0},
    {0},
};

/* The number of a connected SEQPACKET socket, or -1. */
static int parse_socket_fd(const char *text)
{
    char *end;
    const long fd = strtol(text, &end, 10);
    if (end == text || *end != '\0' || fd < 0 || fd > 1 << 20) {
        return -1;
    }
    int type = 0;
    socklen_t length = sizeof(type);
    if (getsockopt((int)fd, SOL_SOCKET, SO_TYPE, &type, &length) != 0 ||
        type != SOCK_SEQPACKET) {
        return -1;
    }
    return (int)fd;
}

/* A number of seconds within the usual limit, or 0. */
static uint64_t parse_cpu_seconds(const char *text)
{
    char *end;
    const long seconds = strtol(text, &end, 10);
    const bool is_good = end != text && *end == '\0' && seconds > 0 &&
                         seconds <= LANES_COMPILE_CPU_SECONDS;
    return is_good ? (uint64_t)seconds : 0;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case OPTION_SOCKET_FD:
        options->socket_fd = parse_socket_fd(argument);
        if (options->socket_fd < 0) {
            argp_error(state, "--socket-fd=%s is not a SEQPACKET socket", argument);
        }
        return 0;
    case OPTION_CPU_SECONDS:
        options->cpu_seconds = parse_cpu_seconds(argument);
        if (options->cpu_seconds == 0) {
            argp_error(state, "--cpu-seconds=%s is not a number from 1 to %d", argument,
                       LANES_COMPILE_CPU_SECONDS);
        }
        return 0;
    case OPTION_VERBOSE:
        options->is_verbose = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected argument '%s'", argument);
        return 0;
    case ARGP_KEY_END:
        if (options->socket_fd < 0) {
            argp_error(state, "--socket-fd is missing; lanesd starts this program");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_version(FILE *stream, struct argp_state *state)
{
    (void)state;
    fprintf(stream, "lanes-compiler %s (LLVM %s)\n", LANES_PROGRAM_VERSION,
            lanes_codegen_llvm_version());
}

int main(int argc, char **argv)
{
    static const struct argp parser = {
        .options = option_table,
        .parser = parse_option,
        .doc = "Compile kernels for lanesd, each in a confined process of its own.",
    };
    argp_program_version_hook = print_version;
    struct options options = {.socket_fd = -1};
    if (argp_parse(&parser, argc, argv, 0, NULL, &options) != 0) {
        return EX_USAGE;
    }
    if (options.is_verbose) {
        lanes_log_set_level(LANES_LOG_DEBUG);
    }

    compiler_limits limits;
    compiler_limits_default(&limits);
    limits.keeps_stderr = options.is_verbose;
    if (options.cpu_seconds != 0) {
        limits.cpu_seconds = options.cpu_seconds;
    }
    /* Standard error may be a pipe whose reader has gone. */
    lanes_os_signal_ignore(LANES_OS_SIGNAL_PIPE);
    lanes_error err;
    if (lanes_codegen_init(&err) < 0 ||
        compiler_serve(options.socket_fd, &limits, &err) < 0) {
        lanes_log(LANES_LOG_ERROR, ROOM, "%s", err.message);
        return EX_SOFTWARE;
    }
    return EX_OK;
}
