/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base.h - what every room may use: asserts, error texts, checked sizes, builds, clock,
 * log.
 */
#ifndef LANES_BASE_H
#define LANES_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lanes/error.h>

#define LANES_CACHE_LINE 64

#define LANES_ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LANES_CONTAINER_OF(pointer, type, member)                                        \
    ((type *)(void *)((char *)(pointer) - offsetof(type, member)))

/** Return the failure of @p expression from the enclosing function, if it fails. */
#define LANES_TRY(expression)                                                            \
    do {                                                                                 \
        const lanes_status lanes_try_status_ = (expression);                             \
        if (lanes_try_status_ < 0) {                                                     \
            return lanes_try_status_;                                                    \
        }                                                                                \
    } while (0)

/** Drop the result of a must-use call; @p why is read by people only. */
#define LANES_IGNORE(expression, why)                                                    \
    do {                                                                                 \
        if (expression) {                                                                \
        }                                                                                \
    } while (0)

/** Our own bug if false: print and abort. On in every build; never on peer data. */
#define LANES_ASSERT(condition)                                                          \
    ((condition) ? (void)0 : lanes_assert_fail(#condition, __FILE__, __LINE__))

_Noreturn void lanes_assert_fail(const char *condition, const char *file, int line);

/**
 * Write @p err (may be NULL) with a formatted text and return @p code, so that the
 * function that decides which failure it is writes `return lanes_error_set(...)`.
 */
lanes_status lanes_error_set(lanes_error *err, lanes_status code, const char *format, ...)
    LANES_PRINTF(3, 4);

/** As lanes_error_set() for a failed system call: code -@p errno_value, text with its
 * name. */
lanes_status lanes_error_errno(lanes_error *err, int errno_value, const char *format, ...)
    LANES_PRINTF(3, 4);

/** Put "@p format: " before the text of @p err (may be NULL); returns err's code. */
lanes_status lanes_error_prefix(lanes_error *err, lanes_status code, const char *format,
                                ...) LANES_PRINTF(3, 4);

static inline uint64_t lanes_min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/** *out = a * b; false on overflow. */
static inline bool lanes_mul_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

/** *out = a + b; false on overflow. */
static inline bool lanes_add_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

/** Round @p value up to a multiple of @p step, a power of two; false on overflow. */
static inline bool lanes_align_up_u64(uint64_t value, uint64_t step, uint64_t *out)
{
    if (!lanes_add_u64(value, step - 1, out)) {
        return false;
    }
    *out &= ~(step - 1);
    return true;
}

/** Called with what tells one build of a program or library from every other. */
typedef void (*lanes_build_id_fn)(void *ctx, const void *id, size_t bytes);

/**
 * Call @p each for the running program, then for every library that it has loaded: with
 * the linker's build id, or with the file's name if it has none.
 */
void lanes_build_ids(lanes_build_id_fn each, void *ctx);

/** Nanoseconds of CLOCK_MONOTONIC. */
uint64_t lanes_clock_ns(void);

enum lanes_log_level {
    LANES_LOG_ERROR = 3, /* syslog numbers: stderr lines start with <N> under journald */
    LANES_LOG_WARNING = 4,
    LANES_LOG_INFO = 6,
    LANES_LOG_DEBUG = 7
};

/** Print lines up to @p level; the default is LANES_LOG_WARNING. Any thread. */
void lanes_log_set_level(enum lanes_log_level level);

/**
 * Write one line to stderr in one write(2). @p room names the writer ("server/session").
 * Libraries log at DEBUG only; server and tools at any level. Any thread.
 */
void lanes_log(enum lanes_log_level level, const char *room, const char *format, ...)
    LANES_PRINTF(3, 4);

#endif /* LANES_BASE_H */
