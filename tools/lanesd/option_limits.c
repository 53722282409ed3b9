/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option_limits.c - options of numbers, bytes and seconds.
 */
#include "option_limits.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

/* Thirty years, so that the clock never comes to its end, in nanoseconds. */
#define SECONDS_MAX 1e9

enum limit_kind { LIMIT_COUNT, LIMIT_BYTES, LIMIT_SECONDS };

static const struct limit_row {
    int option;
    enum limit_kind kind; /* COUNT: uint32_t; the others uint64_t */
    size_t offset;        /* in lanes_server_limits */
    uint64_t lowest;
    uint64_t highest;
} rows[] = {
#define LIMIT_ROW(option, kind, member, lowest, highest)                                 \
    {option, kind, offsetof(lanes_server_limits, member), lowest, highest}
    LIMIT_ROW(LANESD_SESSIONS, LIMIT_COUNT, sessions, 1, LANES_SESSIONS_MAX),
    LIMIT_ROW(LANESD_KERNELS, LIMIT_COUNT, kernels, 1, LANES_KERNELS_MAX),
    LIMIT_ROW(LANESD_COMPILES, LIMIT_COUNT, compiles, 1, UINT32_MAX),
    LIMIT_ROW(LANESD_SESSION_BYTES, LIMIT_BYTES, session_bytes, 0, UINT64_MAX),
    LIMIT_ROW(LANESD_EXECUTOR_BYTES, LIMIT_BYTES, executor_bytes, 0, UINT64_MAX),
    LIMIT_ROW(LANESD_BATCH_LIMIT, LIMIT_SECONDS, batch_ns, 0, 0),
    LIMIT_ROW(LANESD_HOLD_LIMIT, LIMIT_SECONDS, hold_ns, 0, 0),
#undef LIMIT_ROW
};

static const struct limit_row *find_row(int option)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        if (rows[i].option == option) {
            return &rows[i];
        }
    }
    return NULL;
}

bool lanesd_is_limit(int option)
{
    return find_row(option) != NULL;
}

static size_t bytes_of(const struct limit_row *row)
{
    return row->kind == LIMIT_COUNT ? sizeof(uint32_t) : sizeof(uint64_t);
}

static lanes_status parse_count(const struct limit_row *row, const char *text,
                                uint64_t *out_value, lanes_error *err)
{
    char *end;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || *text == '-' ||
        value < row->lowest || value > row->highest) {
        return lanes_error_set(
            err, LANES_E_INVALID, "'%.100s' is not a number from %llu to %llu", text,
            (unsigned long long)row->lowest, (unsigned long long)row->highest);
    }
    *out_value = value;
    return LANES_OK;
}

static lanes_status parse_seconds(const char *text, uint64_t *out_ns, lanes_error *err)
{
    char *end;
    errno = 0;
    const double value = strtod(text, &end);
    if (errno != 0 || end == text || *end != '\0' || isnan(value) || value < 0 ||
        value > SECONDS_MAX) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "'%.100s' is not a number of seconds from 0 to %.0f", text,
                               SECONDS_MAX);
    }
    *out_ns = (uint64_t)(value * 1e9);
    return LANES_OK;
}

lanes_status lanesd_limit_set(lanes_server_limits *limits, int option, const char *text,
                              lanes_error *err)
{
    const struct limit_row *row = find_row(option);
    LANES_ASSERT(row != NULL);
    uint64_t value = 0;
    LANES_TRY(row->kind == LIMIT_SECONDS ? parse_seconds(text, &value, err)
                                         : parse_count(row, text, &value, err));
    char *member = (char *)limits + row->offset;
    if (row->kind == LIMIT_COUNT) {
        const uint32_t count = (uint32_t)value;
        memcpy(member, &count, sizeof(count));
    } else {
        memcpy(member, &value, sizeof(value));
    }
    return LANES_OK;
}

void lanesd_limit_copy(lanes_server_limits *to, const lanes_server_limits *from,
                       int option)
{
    const struct limit_row *row = find_row(option);
    LANES_ASSERT(row != NULL);
    memcpy((char *)to + row->offset, (const char *)from + row->offset, bytes_of(row));
}
