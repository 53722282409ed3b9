/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base_log.c - one line per message on stderr, and the clock.
 */
#include "base/base.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/atomic.h"

static uint32_t log_level = LANES_LOG_WARNING;

void lanes_log_set_level(enum lanes_log_level level)
{
    lanes_store_relaxed_u32(&log_level, (uint32_t)level);
}

static const char *level_name(enum lanes_log_level level)
{
    switch (level) {
    case LANES_LOG_ERROR:
        return "error";
    case LANES_LOG_WARNING:
        return "warning";
    case LANES_LOG_INFO:
        return "info";
    case LANES_LOG_DEBUG:
        break;
    }
    return "debug";
}

void lanes_log(enum lanes_log_level level, const char *room, const char *format, ...)
{
    if ((uint32_t)level > lanes_load_relaxed_u32(&log_level)) {
        return;
    }
    /* One write per line, so that lines of several threads do not mix. */
    char line[1024];
    int used = snprintf(line, sizeof(line), "lanes: %s: %s: ", level_name(level), room);
    va_list arguments;
    va_start(arguments, format);
    const int text =
        vsnprintf(line + used, sizeof(line) - (size_t)used - 1, format, arguments);
    va_end(arguments);
    if (text > 0) {
        used += (int)strnlen(line + used, sizeof(line) - (size_t)used - 1);
    }
    line[used++] = '\n';
    LANES_IGNORE(write(STDERR_FILENO, line, (size_t)used) < 0, "stderr may be closed");
}

uint64_t lanes_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
