/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error.h - status codes and error texts of every lanes function.
 *
 * A function that can fail returns a lanes_status: 0 is success, negative is failure,
 * positive is a count where the function says so. Functions off the hot path also take
 * an optional lanes_error, last, that receives one sentence for a person: the object,
 * the value, the limit and the next step.
 *
 * The same value appears in C, in a completion's status and in Python. -1 .. -4095 are
 * negated errno values passed through from the system. Own codes are grouped: callers
 * switch on LANES_STATUS_CATEGORY(), people read the text.
 *
 * Threads: everything here is pure; any thread may call it.
 */
#ifndef LANES_ERROR_H
#define LANES_ERROR_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#define LANES_API       __attribute__((visibility("default")))
#define LANES_NODISCARD __attribute__((warn_unused_result))
#define LANES_PRINTF(format_index, first_index)                                          \
    __attribute__((format(printf, format_index, first_index)))
#else
#define LANES_API
#define LANES_NODISCARD
#define LANES_PRINTF(format_index, first_index)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** 0 is success, negative a failure of the table below or a negated errno. */
typedef int32_t lanes_status;

/** Success. */
#define LANES_OK 0

/** Bytes of a lanes_error text, with its terminating NUL. */
#define LANES_ERROR_TEXT_BYTES 508

/**
 * Text of a failure. Filled only when a function fails; safe to leave uninitialised
 * before the call.
 */
typedef struct lanes_error {
    lanes_status code;                    /**< the same value the function returned */
    char message[LANES_ERROR_TEXT_BYTES]; /**< one sentence, NUL-terminated, UTF-8 */
} lanes_error;

/*
 * X(name, value, text). `value` is the positive form; the status is its negation. The
 * high byte is the category. Codes are never reused or renumbered.
 */
#define LANES_STATUS_TABLE(X)                                                            \
    /* usage: fix the call */                                                            \
    X(INVALID, 0x1001, "an argument is out of its documented range")                     \
    X(OPERANDS, 0x1002, "the number of operands differs from the kernel's signature")    \
    X(DTYPE, 0x1003, "an operand's dtype differs from the kernel's signature")           \
    X(SHAPE, 0x1004, "operand lengths or shapes differ or are too large")                \
    X(SPAN, 0x1005, "an operand reaches past the end of its segment")                    \
    X(LAYOUT, 0x1006, "the strides of an operand are of a kind lanes cannot run")        \
    X(OVERLAP, 0x1007, "an output partly overlaps another operand")                      \
    X(STALE_ID, 0x1008, "a kernel or segment id is unknown or was released")             \
    X(FORMAT, 0x1009, "a file is not what its name or header says")                      \
    X(READ_ONLY, 0x100a, "an output lies in a read-only segment")                        \
    X(PARAMS, 0x100b, "the params block or a row is missing, too small or not wanted")   \
    /* flow: not an error; try again later */                                            \
    X(RING_FULL, 0x1101, "the submission ring has no free entry")                        \
    X(TIMED_OUT, 0x1102, "the wait ended before anything completed")                     \
    X(QUOTA, 0x1103, "a per-session limit is reached")                                   \
    X(CANCELLED, 0x1104, "the batch was cancelled before it finished")                   \
    X(DEADLINE, 0x1105, "the batch had not finished by its deadline")                    \
    /* peer: reopen the session */                                                       \
    X(PEER_GONE, 0x1201, "the other side has ended")                                     \
    X(ABI_MISMATCH, 0x1202, "client and executor speak different protocol versions")     \
    X(RING_CORRUPT, 0x1203, "a ring index is impossible")                                \
    X(UNAVAILABLE, 0x1204, "no executor could be reached or started")                    \
    X(FOREIGN_UID, 0x1205, "the peer runs as another user")                              \
    X(PROTOCOL, 0x1206, "a control message is malformed")                                \
    /* ir: fix the IR */                                                                 \
    X(IR_PARSE, 0x1301, "LLVM cannot read the IR")                                       \
    X(IR_REFUSED, 0x1302, "the IR uses something lanes does not admit")                  \
    X(IR_ENTRY, 0x1303, "the IR has no or several candidate entries")                    \
    X(IR_SIGNATURE, 0x1304, "the entry's signature is not supported")                    \
    X(IR_SYMBOL, 0x1305, "the IR calls a function that lanes does not provide")          \
    X(IR_LIMIT, 0x1306, "the IR is larger than the limit")                               \
    /* run: report */                                                                    \
    X(KERNEL_RAISED, 0x1401, "the callback failed for at least one element")             \
    X(COMPILE_CRASHED, 0x1402, "LLVM crashed while compiling this IR")                   \
    X(COMPILE_LIMIT, 0x1403,                                                             \
      "compiling this IR exceeded a time, memory or output limit")                       \
    X(LINK, 0x1404, "the compiled object could not be loaded")                           \
    X(KERNEL_FAULT, 0x1405, "the callback faulted: a signal ended it")                   \
    X(INDETERMINATE, 0x1406,                                                             \
      "the executor died while it ran the batch, which cannot run again")                \
    X(POISON, 0x1407,                                                                    \
      "two executors died while they ran the batch or answered the request")             \
    X(SEGMENT_TRUNCATED, 0x1408, "a segment lost its memory while the batch ran")        \
    /* internal: file a bug */                                                           \
    X(INTERNAL, 0x1f01, "an invariant of lanes itself is broken")

#define LANES_STATUS_ENUM_ROW(name, value, text) LANES_E_##name = -(value),
enum lanes_status_code { LANES_STATUS_TABLE(LANES_STATUS_ENUM_ROW) LANES_E_END_ = 0 };
#undef LANES_STATUS_ENUM_ROW

/** What kind of failure a status is; decides who has to act. */
enum lanes_status_category {
    LANES_CATEGORY_OK = 0,         /**< no failure */
    LANES_CATEGORY_SYSTEM = 1,     /**< negated errno; the operator */
    LANES_CATEGORY_USAGE = 0x10,   /**< the caller's code */
    LANES_CATEGORY_FLOW = 0x11,    /**< nobody: retry later */
    LANES_CATEGORY_PEER = 0x12,    /**< reopen the session */
    LANES_CATEGORY_IR = 0x13,      /**< whoever produced the IR */
    LANES_CATEGORY_RUN = 0x14,     /**< the callback or its data */
    LANES_CATEGORY_INTERNAL = 0x1f /**< a bug in lanes */
};

/** @return the lanes_status_category of @p status (LANES_CATEGORY_OK for >= 0). */
LANES_API int lanes_status_category(lanes_status status);

/**
 * @return the symbolic name of @p status, such as "LANES_E_SPAN" or "ENOSPC"; never
 * NULL; a static string. Unknown values give "LANES_E_?".
 */
LANES_API const char *lanes_status_name(lanes_status status);

/**
 * @return one English clause that says what @p status means; never NULL; a static
 * string (errno values give strerrordesc_np()).
 */
LANES_API const char *lanes_status_text(lanes_status status);

#ifdef __cplusplus
}
#endif

#endif /* LANES_ERROR_H */
