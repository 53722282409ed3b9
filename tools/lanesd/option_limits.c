/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option_limits.c - options of numbers, bytes and seconds.
 */
#include "option_limits.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* Thirty years, so that the clock never comes to its end, in nanoseconds. */
#define SECONDS_MAX 1e9

enum limit_key {
    LIMIT_SESSIONS = 0x200,
    LIMIT_KERNELS,
    LIMIT_COMPILES,
    LIMIT_SESSION_BYTES,
    LIMIT_EXECUTOR_BYTES,
    LIMIT_BATCH,
    LIMIT_HOLD
};

static const struct argp_option option_table[] = {
    {NULL, 0, NULL, 0, "Limits; what goes beyond one fails and is told so:", 1},
    {"sessions", LIMIT_SESSIONS, "N", 0, "At most N sessions at once; default: 64", 1},
    {"kernels", LIMIT_KERNELS, "N", 0, "At most N kernels of a session; default: 4096",
     1},
    {"compiles", LIMIT_COMPILES, "N", 0,
     "At most N compiles of a session that wait; default: 1024", 1},
    {"session-bytes", LIMIT_SESSION_BYTES, "N", 0,
     "At most N bytes in the segments of a session; default: 0, no limit", 1},
    {"executor-bytes", LIMIT_EXECUTOR_BYTES, "N", 0,
     "At most N bytes in the segments of all sessions; default: 0, no limit", 1},
    {"batch-limit", LIMIT_BATCH, "SECONDS", 0,
     "End batches that have run for so long, waiting excluded; default: 0, no limit", 1},
    {"hold-limit", LIMIT_HOLD, "SECONDS", 0,
     "End a batch that holds all threads in one callback for so long while batches of "
     "other sessions wait; 0: never; default: 10",
     1},
    {0},
};

static uint64_t parse_count(struct argp_state *state, const char *name, const char *text,
                            uint64_t lowest, uint64_t highest)
{
    char *end;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || *text == '-' || value < lowest ||
        value > highest) {
        argp_error(state, "--%s=%s is not a number from %llu to %llu", name, text,
                   (unsigned long long)lowest, (unsigned long long)highest);
    }
    return value;
}

static uint64_t parse_seconds(struct argp_state *state, const char *name,
                              const char *text)
{
    char *end;
    errno = 0;
    const double value = strtod(text, &end);
    if (errno != 0 || end == text || *end != '\0' || isnan(value) || value < 0 ||
        value > SECONDS_MAX) {
        argp_error(state, "--%s=%s is not a number of seconds from 0 to %.0f", name, text,
                   SECONDS_MAX);
        return 0;
    }
    return (uint64_t)(value * 1e9);
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    lanes_server_limits *limits = state->input;
    switch (key) {
    case LIMIT_SESSIONS:
        limits->sessions =
            (uint32_t)parse_count(state, "sessions", argument, 1, LANES_SESSIONS_MAX);
        return 0;
    case LIMIT_KERNELS:
        limits->kernels =
            (uint32_t)parse_count(state, "kernels", argument, 1, LANES_KERNELS_MAX);
        return 0;
    case LIMIT_COMPILES:
        limits->compiles =
            (uint32_t)parse_count(state, "compiles", argument, 1, UINT32_MAX);
        return 0;
    case LIMIT_SESSION_BYTES:
        limits->session_bytes =
            parse_count(state, "session-bytes", argument, 0, UINT64_MAX);
        return 0;
    case LIMIT_EXECUTOR_BYTES:
        limits->executor_bytes =
            parse_count(state, "executor-bytes", argument, 0, UINT64_MAX);
        return 0;
    case LIMIT_BATCH:
        limits->batch_ns = parse_seconds(state, "batch-limit", argument);
        return 0;
    case LIMIT_HOLD:
        limits->hold_ns = parse_seconds(state, "hold-limit", argument);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp limits_argp = {.options = option_table, .parser = parse_option};
