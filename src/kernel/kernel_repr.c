/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_repr.c - see repr.h.
 */
#include "kernel/repr.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "kernel/dtype.h"

static const char ellipsis[] = "...";

/* Bytes below which a string is not begun: "'a...'". */
#define STRING_ROOM_MIN 8u

lanes_repr lanes_repr_begin(char *buffer, size_t size)
{
    LANES_ASSERT(size >= sizeof(ellipsis));
    buffer[0] = '\0';
    return (lanes_repr){.text = buffer, .size = size};
}

/* Adds all or nothing, so that a text is never cut inside a character. */
static void add(lanes_repr *repr, const char *text, size_t bytes)
{
    if (repr->is_full) {
        return;
    }
    if (bytes > repr->size - sizeof(ellipsis) - repr->used) {
        repr->is_full = true;
        text = ellipsis;
        bytes = sizeof(ellipsis) - 1;
    }
    memcpy(repr->text + repr->used, text, bytes);
    repr->used += bytes;
    repr->text[repr->used] = '\0';
}

void lanes_repr_add(lanes_repr *repr, const char *text)
{
    add(repr, text, strlen(text));
}

/* Bytes of the UTF-8 character that text begins with; 0 if it is none. Surrogates count
 * as characters: Python pickles them like any other. */
static size_t decode(const unsigned char *text, size_t bytes, uint32_t *out_code)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least; /* code of this length */
    } forms[] = {
        {0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t length = 1; length <= LANES_ARRAY_COUNT(forms); length++) {
        if ((text[0] & forms[length - 1].mask) != forms[length - 1].lead) {
            continue;
        }
        uint32_t code = text[0] & (unsigned char)~forms[length - 1].mask;
        for (size_t i = 1; i < length; i++) {
            if (i >= bytes || (text[i] & 0xc0) != 0x80) {
                return 0;
            }
            code = code << 6 | (text[i] & 0x3f);
        }
        *out_code = code;
        return code >= forms[length - 1].least && code <= 0x10ffff ? length : 0;
    }
    return 0;
}

bool lanes_repr_is_utf8(const unsigned char *text, size_t bytes)
{
    for (size_t at = 0; at < bytes;) {
        uint32_t code;
        const size_t length = decode(text + at, bytes - at, &code);
        if (length == 0) {
            return false;
        }
        at += length;
    }
    return true;
}

/* Controls, marks that reorder text, surrogates, private use: what Python escapes too. */
static bool is_printable(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } hidden[] = {{0, 0x1f},          {0x7f, 0xa0},     {0xad, 0xad},
                  {0x61c, 0x61c},     {0x2000, 0x200f}, {0x2028, 0x202f},
                  {0x205f, 0x206f},   {0x3000, 0x3000}, {0xd800, 0xf8ff},
                  {0xfeff, 0xfeff},   {0xfff0, 0xfffb}, {0xfffe, 0xffff},
                  {0xe0000, 0x10ffff}};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(hidden); i++) {
        if (code >= hidden[i].first && code <= hidden[i].last) {
            return false;
        }
    }
    return true;
}

static void add_escape(lanes_repr *repr, uint32_t code)
{
    char escape[16];
    if (code < 0x100) {
        snprintf(escape, sizeof(escape), "\\x%02x", code);
    } else if (code < 0x10000) {
        snprintf(escape, sizeof(escape), "\\u%04x", code);
    } else {
        snprintf(escape, sizeof(escape), "\\U%08x", code);
    }
    lanes_repr_add(repr, escape);
}

void lanes_repr_add_name(lanes_repr *repr, const unsigned char *text, size_t bytes)
{
    for (size_t at = 0; at < bytes && !repr->is_full;) {
        uint32_t code;
        const size_t length = decode(text + at, bytes - at, &code);
        if (length == 0 || !is_printable(code)) {
            add_escape(repr, length == 0 ? text[at] : code);
        } else {
            add(repr, (const char *)text + at, length);
        }
        at += length == 0 ? 1 : length;
    }
}

/* "'" unless that would need escapes and '"' would not. */
static char quote_for(const unsigned char *text, size_t bytes)
{
    return memchr(text, '\'', bytes) != NULL && memchr(text, '"', bytes) == NULL ? '"'
                                                                                 : '\'';
}

/* Adds @p text[at] if it is one of the characters that a literal escapes. */
static bool add_special(lanes_repr *repr, const unsigned char *text, size_t at,
                        size_t bytes, char quote)
{
    static const char names[] = "\nn\rr\tt\\\\";
    const char character = (char)text[at];
    char escape[3] = {'\\', '\0', '\0'};
    if (character == quote) {
        escape[1] = quote;
    }
    for (size_t i = 0; i + 1 < sizeof(names); i += 2) {
        if (character == names[i]) {
            escape[1] = names[i + 1];
        }
    }
    if (escape[1] != '\0') {
        lanes_repr_add(repr, escape);
        return true;
    }
    if (repr->is_pattern && character == '{' && at + 1 < bytes && text[at + 1] == '}') {
        add_escape(repr, '{');
        return true;
    }
    return false;
}

static void add_characters(lanes_repr *repr, const unsigned char *text, size_t bytes,
                           char quote)
{
    for (size_t at = 0; at < bytes && !repr->is_full;) {
        uint32_t code;
        const size_t length = decode(text + at, bytes - at, &code);
        const size_t step = length == 0 ? 1 : length;
        if (!add_special(repr, text, at, bytes, quote)) {
            lanes_repr_add_name(repr, text + at, step);
        }
        at += step;
    }
}

void lanes_repr_add_string_within(lanes_repr *repr, const unsigned char *text,
                                  size_t bytes, bool is_cut, size_t room)
{
    /* The whole text keeps room for its own "...". */
    const size_t left = repr->size - repr->used - (sizeof(ellipsis) - 1);
    const size_t most = room < left ? room : left;
    if (repr->is_full || most < STRING_ROOM_MIN) {
        lanes_repr_add(repr, ellipsis);
        return;
    }
    const char quote[2] = {bytes > 0 ? quote_for(text, bytes) : '\'', '\0'};
    lanes_repr part = *repr;
    part.size = repr->used + most - 1; /* the closing quote */
    lanes_repr_add(&part, quote);
    add_characters(&part, text, bytes, quote[0]);
    if (is_cut) {
        lanes_repr_add(&part, ellipsis);
    }
    repr->used = part.used;
    lanes_repr_add(repr, quote);
}

void lanes_repr_add_string(lanes_repr *repr, const unsigned char *text, size_t bytes)
{
    lanes_repr_add_string_within(repr, text, bytes, false, repr->size);
}

void lanes_repr_add_bytes(lanes_repr *repr, const unsigned char *bytes, size_t count)
{
    const char quote[2] = {count > 0 ? quote_for(bytes, count) : '\'', '\0'};
    lanes_repr_add(repr, "b");
    lanes_repr_add(repr, quote);
    for (size_t at = 0; at < count && !repr->is_full; at++) {
        if (bytes[at] >= 0x80) {
            add_escape(repr, bytes[at]);
        } else if (!add_special(repr, bytes, at, count, quote[0])) {
            lanes_repr_add_name(repr, bytes + at, 1);
        }
    }
    lanes_repr_add(repr, quote);
}

/* True at the latest with 17 digits. */
static bool reads_as(const char *text, double value, bool is_single)
{
    const double read = is_single ? (double)strtof(text, NULL) : strtod(text, NULL);
    return !(read < value || read > value);
}

/*
 * As Python writes floats: the fewest digits that read back as the same number, an
 * exponent if it is below -4 or above 15. @p has_point: ".0" behind whole numbers.
 */
static void add_float(lanes_repr *repr, double value, bool is_single, bool has_point)
{
    char text[40] = "nan";
    if (isinf(value)) {
        snprintf(text, sizeof(text), "%s", value < 0 ? "-inf" : "inf");
    } else if (!isnan(value)) {
        int digits = 0; /* behind the first */
        snprintf(text, sizeof(text), "%.*e", digits, value);
        while (!reads_as(text, value, is_single)) {
            snprintf(text, sizeof(text), "%.*e", ++digits, value);
        }
        const int exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
        if (exponent >= -4 && exponent < 16) {
            const int least = has_point ? 1 : 0;
            const int decimals = digits - exponent;
            snprintf(text, sizeof(text), "%.*f", decimals > least ? decimals : least,
                     value);
        }
    }
    lanes_repr_add(repr, text);
}

void lanes_repr_add_float(lanes_repr *repr, double value)
{
    add_float(repr, value, false, true);
}

/* (1+2j), or 2j if the real part is nothing at all. */
static void add_complex(lanes_repr *repr, double real, double imaginary, bool is_single)
{
    const bool has_real = islessgreater(real, 0) || isnan(real) || signbit(real);
    if (has_real) {
        lanes_repr_add(repr, "(");
        add_float(repr, real, is_single, false);
        lanes_repr_add(repr, isnan(imaginary) || !signbit(imaginary) ? "+" : "");
    }
    add_float(repr, imaginary, is_single, false);
    lanes_repr_add(repr, has_real ? "j)" : "j");
}

static void add_signed(lanes_repr *repr, int64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRId64, value);
    lanes_repr_add(repr, text);
}

static void add_unsigned(lanes_repr *repr, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, value);
    lanes_repr_add(repr, text);
}

void lanes_repr_add_element(lanes_repr *repr, uint32_t dtype, const void *element)
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
    } value = {.bytes = {0}};
    memcpy(value.bytes, element, lanes_dtype_bytes(dtype));
    switch (dtype) {
    case LANES_BOOL:
        lanes_repr_add(repr, value.u1 != 0 ? "True" : "False");
        break;
    case LANES_I1:
        add_signed(repr, value.i1);
        break;
    case LANES_U1:
        add_unsigned(repr, value.u1);
        break;
    case LANES_I2:
        add_signed(repr, value.i2);
        break;
    case LANES_U2:
        add_unsigned(repr, value.u2);
        break;
    case LANES_I4:
        add_signed(repr, value.i4);
        break;
    case LANES_U4:
        add_unsigned(repr, value.u4);
        break;
    case LANES_I8:
        add_signed(repr, value.i8);
        break;
    case LANES_U8:
        add_unsigned(repr, value.u8);
        break;
    case LANES_F4:
        add_float(repr, (double)value.f4[0], true, true);
        break;
    case LANES_F8:
        add_float(repr, value.f8[0], false, true);
        break;
    case LANES_C8:
        add_complex(repr, (double)value.f4[0], (double)value.f4[1], true);
        break;
    case LANES_C16:
        add_complex(repr, value.f8[0], value.f8[1], false);
        break;
    default:
        lanes_repr_add(repr, ellipsis); /* a value that is no number */
        break;
    }
}
