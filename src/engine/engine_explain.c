/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_explain.c - why an element failed, from what its callback leaves in memory.
 *
 * The loop only counts failures. Which exception it was is asked afterwards, of one
 * element, by running its callback again. What the callback then leaves is data of the
 * client: an address is compared with the table's or checked to be memory that this
 * element has allocated before anything behind it is read (README.md).
 */
#include "engine/engine.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine_fenv.h"
#include "kernel/dtype.h"
#include "runtime/runtime.h"

_Static_assert(sizeof(lanes_payload_excinfo) == 40, "as Numba lays it out");

#define PLACEHOLDER "{}"

/* ---- Text ------------------------------------------------------------------------ */

/* Grows up to its buffer's size; what does not fit is dropped. */
struct text {
    char *bytes;
    size_t size;
    size_t used; /* without the NUL */
};

static void add(struct text *text, const char *format, ...) LANES_PRINTF(2, 3);

static void add(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length =
        vsnprintf(text->bytes + text->used, text->size - text->used, format, arguments);
    va_end(arguments);
    const size_t room = text->size - text->used - 1;
    const size_t wanted = length > 0 ? (size_t)length : 0;
    text->used += wanted < room ? wanted : room;
}

/*
 * As Python writes floats: the fewest digits that read back as the same number, an
 * exponent if it is below -4 or above 15. @p point: ".0" behind whole numbers.
 */
static void add_float(struct text *text, double value, bool is_single, bool has_point)
{
    if (isnan(value) || isinf(value)) {
        add(text, "%s", isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
        return;
    }
    char number[40];
    double again;
    int digits = -1; /* behind the first */
    do {
        digits++;
        snprintf(number, sizeof(number), "%.*e", digits, value);
        again = is_single ? (double)strtof(number, NULL) : strtod(number, NULL);
    } while (islessgreater(again, value) && digits < 16);
    const long exponent = strtol(strchr(number, 'e') + 1, NULL, 10);
    if (exponent < -4 || exponent > 15) {
        add(text, "%s", number);
        return;
    }
    const int least = has_point ? 1 : 0;
    const int decimals = digits - (int)exponent;
    add(text, "%.*f", decimals > least ? decimals : least, value);
}

/* (1+2j), or 2j if the real part is nothing at all. */
static void add_complex(struct text *text, double real, double imaginary, bool is_single)
{
    const bool has_real = islessgreater(real, 0) || isnan(real) || signbit(real);
    if (has_real) {
        add(text, "(");
        add_float(text, real, is_single, false);
        add(text, "%s", isnan(imaginary) || !signbit(imaginary) ? "+" : "");
    }
    add_float(text, imaginary, is_single, false);
    add(text, has_real ? "j)" : "j");
}

static void add_value(struct text *text, uint32_t dtype, const uint8_t bytes[16])
{
    union {
        uint8_t bytes[16];
        int8_t i1;
        uint8_t u1;
        int16_t i2;
        uint16_t u2;
        int32_t i4;
        uint32_t u4;
        int64_t i8;
        uint64_t u8;
        float f4[2];
        double f8[2];
    } value;
    memcpy(value.bytes, bytes, sizeof(value.bytes));
    switch (dtype) {
    case LANES_BOOL:
        add(text, "%s", value.u1 != 0 ? "True" : "False");
        break;
    case LANES_I1:
        add(text, "%d", value.i1);
        break;
    case LANES_U1:
        add(text, "%u", value.u1);
        break;
    case LANES_I2:
        add(text, "%d", value.i2);
        break;
    case LANES_U2:
        add(text, "%u", value.u2);
        break;
    case LANES_I4:
        add(text, "%" PRId32, value.i4);
        break;
    case LANES_U4:
        add(text, "%" PRIu32, value.u4);
        break;
    case LANES_I8:
        add(text, "%" PRId64, value.i8);
        break;
    case LANES_U8:
        add(text, "%" PRIu64, value.u8);
        break;
    case LANES_F4:
        add_float(text, (double)value.f4[0], true, true);
        break;
    case LANES_F8:
        add_float(text, value.f8[0], false, true);
        break;
    case LANES_C8:
        add_complex(text, (double)value.f4[0], (double)value.f4[1], true);
        break;
    case LANES_C16:
        add_complex(text, value.f8[0], value.f8[1], false);
        break;
    default:
        add(text, "..."); /* a value that is no number */
        break;
    }
}

/* ValueError('negative', -2.0) in f (file.py:12) */
static void add_exception(struct text *text, const lanes_payload *payload,
                          const lanes_abi_raised *raised)
{
    if (payload->type[0] == '\0') {
        add(text, "an exception whose class lanes cannot read");
    } else {
        add(text, "%s(", payload->type);
        const char *rest = payload->message;
        const char *place = strstr(rest, PLACEHOLDER);
        for (uint32_t i = 0; i < raised->argument_count && place != NULL; i++) {
            add(text, "%.*s", (int)(place - rest), rest);
            add_value(text, raised->argument_dtype[i], raised->argument[i]);
            rest = place + strlen(PLACEHOLDER);
            place = strstr(rest, PLACEHOLDER);
        }
        add(text, "%s)", rest);
    }
    if (payload->location[0] != '\0') {
        add(text, " in %s", payload->location);
    }
}

/* ---- What the callback left ------------------------------------------------------ */

static bool is_readable(const void *address, size_t bytes, size_t alignment)
{
    return (uintptr_t)address % alignment == 0 && lanes_runtime_owns(address, bytes);
}

/* @p column: 0 = by constant excinfo, 1 = by pickle. */
static const lanes_payload *find_payload(const lanes_engine_exceptions *exceptions,
                                         const void *address, uint32_t column)
{
    for (uint32_t i = 0; i < exceptions->payload_count && address != NULL; i++) {
        if (exceptions->address[2 * i + column] == address) {
            return &exceptions->payload[i];
        }
    }
    return NULL;
}

static const lanes_payload_arguments *
find_arguments(const lanes_engine_exceptions *exceptions, const void *unwrap)
{
    const uint32_t first = 2 * exceptions->payload_count;
    for (uint32_t i = 0; i < exceptions->argument_list_count && unwrap != NULL; i++) {
        if (exceptions->address[first + i] == unwrap) {
            return &exceptions->arguments[i];
        }
    }
    return NULL;
}

/* @p block holds list->bytes. False if the list does not fit that. */
static bool read_arguments(const lanes_payload_arguments *list, const char *block,
                           lanes_abi_raised *raised)
{
    if (list->count > LANES_RAISED_ARGUMENTS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < list->count; i++) {
        const uint32_t bytes = lanes_dtype_bytes(list->dtype[i]);
        if (bytes == 0) { /* no number: argument_dtype is LANES_DTYPE_NONE */
            continue;
        }
        if (bytes > list->bytes || list->offset[i] > list->bytes - bytes) {
            return false;
        }
        raised->argument_dtype[i] = list->dtype[i];
        memcpy(raised->argument[i], block + list->offset[i], bytes);
        if (list->dtype[i] == LANES_BOOL) {
            raised->argument[i][0] = raised->argument[i][0] != 0;
        }
    }
    raised->argument_count = list->count;
    return true;
}

/* The payload of an exception that the callback has allocated; NULL if it is none. */
static const lanes_payload *read_dynamic(const lanes_engine_exceptions *exceptions,
                                         const void *excinfo, lanes_abi_raised *raised)
{
    lanes_payload_excinfo copy;
    if (!is_readable(excinfo, sizeof(copy), _Alignof(lanes_payload_excinfo))) {
        return NULL;
    }
    memcpy(&copy, excinfo, sizeof(copy));
    const lanes_payload *payload = find_payload(exceptions, copy.pickle, 1);
    const lanes_payload_arguments *list = find_arguments(exceptions, copy.unwrap);
    if (payload == NULL || list == NULL ||
        (list->bytes != 0 && !is_readable(copy.arguments, list->bytes, 1))) {
        return NULL;
    }
    return read_arguments(list, copy.arguments, raised) ? payload : NULL;
}

static void read_raised(const lanes_engine_exceptions *exceptions, const void *excinfo,
                        lanes_abi_raised *out_raised, struct text *text)
{
    lanes_abi_raised raised = {.kind = LANES_RAISED_EXCEPTION};
    const lanes_payload *payload = find_payload(exceptions, excinfo, 0);
    if (payload == NULL) {
        payload = read_dynamic(exceptions, excinfo, &raised);
    }
    if (payload == NULL) {
        add(text, "an exception of a form lanes does not know");
        return;
    }
    raised.payload_form = payload->form;
    raised.payload_offset = payload->offset;
    raised.payload_bytes = payload->bytes;
    *out_raised = raised;
    add_exception(text, payload, &raised);
}

/* ---- Once more ------------------------------------------------------------------- */

/* What the guarded call needs and leaves. */
struct attempt {
    lanes_explain_fn explain;
    const lanes_loop_frame *frame;
    uint64_t index;
    int32_t code;
    const void *excinfo;
};

static void call_explain(void *ctx)
{
    struct attempt *attempt = ctx;
    attempt->code = attempt->explain(attempt->frame, attempt->index, &attempt->excinfo);
}

static void classify(const struct attempt *attempt,
                     const lanes_engine_exceptions *exceptions,
                     lanes_abi_raised *out_raised, struct text *text)
{
    switch (attempt->code) {
    case LANES_ELEMENT_OK:
        add(text, "a failure that did not repeat when the element was computed alone");
        break;
    case LANES_ELEMENT_RAISED:
        read_raised(exceptions, attempt->excinfo, out_raised, text);
        break;
    case LANES_ELEMENT_ZERO_DIVISION:
        out_raised->kind = LANES_RAISED_ZERO_DIVISION;
        add(text, "ZeroDivisionError: integer division by zero");
        break;
    case LANES_ELEMENT_OVERFLOW:
        out_raised->kind = LANES_RAISED_OVERFLOW;
        add(text, "OverflowError: integer division overflow (minimum / -1)");
        break;
    case LANES_ELEMENT_FATAL:
        out_raised->kind = LANES_RAISED_FATAL;
        add(text, "a fatal error: it asked to abort the process");
        break;
    default:
        add(text, "a failure of a kind lanes does not know");
        break;
    }
}

void lanes_engine_explain(const lanes_engine_plan *plan,
                          const lanes_engine_exceptions *exceptions, uint64_t index,
                          lanes_abi_raised *out_raised, char *out_text, size_t text_bytes)
{
    LANES_ASSERT(index < plan->count && text_bytes > 0);
    struct text text = {.bytes = out_text, .size = text_bytes};
    *out_raised = (lanes_abi_raised){.kind = LANES_RAISED_UNKNOWN};
    if (exceptions->explain == NULL) {
        add(&text, "a failure of a kind lanes does not know");
        return;
    }
    struct attempt attempt = {
        .explain = exceptions->explain, .frame = &plan->frame, .index = index};
    lanes_os_fault fault;
    lanes_runtime_enter();
    lanes_runtime_begin(plan->frame.seed, index);
    const lanes_engine_fenv saved = lanes_engine_fenv_enter();
    const bool has_returned = lanes_os_guard_call(call_explain, &attempt, &fault);
    lanes_engine_fenv_leave(saved);
    if (has_returned) {
        classify(&attempt, exceptions, out_raised, &text);
    } else {
        char signal_text[96];
        lanes_os_fault_format(&fault, signal_text, sizeof(signal_text));
        add(&text, "a failure, but computing the element alone ended with %s",
            signal_text);
    }
    lanes_runtime_trim(); /* the excinfo and all else that the element allocated */
}
