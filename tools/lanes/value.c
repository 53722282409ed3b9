/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value.c - numbers as typed on the command line, and as printed.
 *
 * A number is first cut into its parts, which tells whether it is one; the parts are
 * converted when the dtype is known, so that each is rounded once.
 */
#include "value.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "kernel/dtype.h"

/* "-2.2250738585072014e-308" is the longest of real numbers. */
#define REAL_TEXT_MAX 32u

/* Where the parts of a number begin; NULL = 0. Conversions stop where a part ends. */
struct parts {
    const char *real;
    const char *imaginary;
};

static const char *skip_spaces(const char *text)
{
    return text + strspn(text, " ");
}

/* What follows the real number at @p text, @p text itself if there is none. */
static const char *end_of_real(const char *text)
{
    char *end;
    strtod(text, &end);
    return end;
}

/* "1", "2j", "1+2j", "(1+2j)" as Python prints it. */
static bool split_number(const char *text, struct parts *out_parts)
{
    struct parts parts = {.real = skip_spaces(text)};
    const bool has_bracket = *parts.real == '(';
    parts.real += has_bracket ? 1 : 0;
    const char *end = end_of_real(parts.real);
    if (end == parts.real) {
        return false;
    }
    if (*end == 'j' || *end == 'J') {
        parts = (struct parts){.imaginary = parts.real};
        end++;
    } else if (*end == '+' || *end == '-') {
        parts.imaginary = end;
        end = end_of_real(parts.imaginary);
        if (end == parts.imaginary || (*end != 'j' && *end != 'J')) {
            return false;
        }
        end++;
    }
    if (has_bracket && (parts.imaginary == NULL || *end++ != ')')) {
        return false;
    }
    *out_parts = parts;
    return *end == '\0';
}

static bool split(const char *text, struct parts *out_parts)
{
    static const struct {
        const char *word;
        const char *number;
    } words[] = {{"true", "1"}, {"True", "1"}, {"false", "0"}, {"False", "0"}};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(words); i++) {
        if (strcmp(skip_spaces(text), words[i].word) == 0) {
            *out_parts = (struct parts){.real = words[i].number};
            return true;
        }
    }
    return split_number(text, out_parts);
}

bool value_is_number(const char *text)
{
    struct parts parts;
    return split(text, &parts);
}

/* An integer of up to 64 bits and a sign: digits, or a float with that very value. */
static bool read_integer(const char *text, bool *out_is_negative, uint64_t *out_magnitude)
{
    const bool has_sign = *text == '-' || *text == '+';
    const char *digits = text + (has_sign ? 1 : 0);
    const bool is_hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    char *end = NULL;
    errno = 0;
    if (isdigit((unsigned char)*digits)) {
        *out_magnitude = strtoull(digits, &end, is_hex ? 16 : 10);
    }
    if (end == NULL || end != end_of_real(text) || errno != 0) {
        const double number = fabs(strtod(text, NULL));
        /* 2^64 is the first double that no uint64_t holds. NaN fails here too. */
        if (!(number < 0x1p64) || number > floor(number)) {
            return false;
        }
        *out_magnitude = (uint64_t)number;
    }
    *out_is_negative = *text == '-' && *out_magnitude > 0;
    return true;
}

static bool is_signed_integer(uint32_t dtype)
{
    return dtype == LANES_I1 || dtype == LANES_I2 || dtype == LANES_I4 ||
           dtype == LANES_I8;
}

static bool store_integer(const char *text, uint32_t dtype, void *element)
{
    const uint32_t bytes = lanes_dtype_bytes(dtype);
    const bool is_signed = is_signed_integer(dtype);
    const uint64_t all_bits = UINT64_MAX >> (64 - 8 * bytes);
    bool is_negative;
    uint64_t magnitude;
    if (!read_integer(text, &is_negative, &magnitude)) {
        return false;
    }
    const uint64_t highest = dtype == LANES_BOOL ? 1
                             : is_signed         ? all_bits / 2
                                                 : all_bits;
    const uint64_t lowest = is_signed ? all_bits / 2 + 1 : 0; /* its magnitude */
    if (magnitude > (is_negative ? lowest : highest)) {
        return false;
    }
    /* Two's complement, least significant byte first, as on every CPU of lanes. */
    const uint64_t bits = is_negative ? -magnitude : magnitude;
    memcpy(element, &bits, bytes);
    return true;
}

/* One part of @p bytes, 4 or 8; @p text NULL is 0. */
static bool store_real(const char *text, uint32_t bytes, void *element)
{
    const char *number = text != NULL ? text : "0";
    errno = 0;
    if (bytes == sizeof(float)) {
        const float value = strtof(number, NULL);
        memcpy(element, &value, sizeof(value));
        return errno != ERANGE || !isinf(value);
    }
    const double value = strtod(number, NULL);
    memcpy(element, &value, sizeof(value));
    return errno != ERANGE || !isinf(value);
}

bool value_store(const char *text, uint32_t dtype, void *element)
{
    struct parts parts;
    if (!split(text, &parts)) {
        return false;
    }
    if (dtype == LANES_C8 || dtype == LANES_C16) {
        const uint32_t bytes = lanes_dtype_bytes(dtype) / 2;
        return store_real(parts.real, bytes, element) &&
               store_real(parts.imaginary, bytes, (char *)element + bytes);
    }
    if (parts.imaginary != NULL || lanes_dtype_bytes(dtype) == 0) {
        return false;
    }
    return lanes_dtype_is_float(dtype)
               ? store_real(parts.real, lanes_dtype_bytes(dtype), element)
               : store_integer(parts.real, dtype, element);
}

/* A real number of @p bytes, 4 or 8, with the fewest digits that give it back. */
static void format_real(const void *element, uint32_t bytes, char text[REAL_TEXT_MAX])
{
    const bool is_float = bytes == sizeof(float);
    float narrow = 0;
    double wide = 0;
    memcpy(is_float ? (void *)&narrow : (void *)&wide, element, bytes);
    const double value = is_float ? (double)narrow : wide;
    if (isnan(value)) {
        snprintf(text, REAL_TEXT_MAX, "nan"); /* without its sign, which says nothing */
        return;
    }
    unsigned char again[sizeof(double)];
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, REAL_TEXT_MAX, "%.*g", digits, value);
        if (store_real(text, bytes, again) && memcmp(again, element, bytes) == 0) {
            return;
        }
    }
}

static void format_integer(uint32_t dtype, const void *element, char *text)
{
    const uint32_t bits = 8 * lanes_dtype_bytes(dtype);
    uint64_t value = 0;
    memcpy(&value, element, bits / 8); /* least significant byte first */
    if (is_signed_integer(dtype)) {
        const int64_t extended = (int64_t)(value << (64 - bits)) >> (64 - bits);
        snprintf(text, VALUE_TEXT_MAX, "%" PRId64, extended);
    } else {
        snprintf(text, VALUE_TEXT_MAX, "%" PRIu64, value);
    }
}

void value_format(uint32_t dtype, const void *element, char text[VALUE_TEXT_MAX])
{
    const uint32_t part_bytes = lanes_dtype_bytes(dtype) / 2;
    char real[REAL_TEXT_MAX];
    char imaginary[REAL_TEXT_MAX];
    if (dtype == LANES_C8 || dtype == LANES_C16) {
        format_real(element, part_bytes, real);
        format_real((const char *)element + part_bytes, part_bytes, imaginary);
        snprintf(text, VALUE_TEXT_MAX, "%s%s%sj", real, *imaginary == '-' ? "" : "+",
                 imaginary);
    } else if (lanes_dtype_is_float(dtype)) {
        format_real(element, lanes_dtype_bytes(dtype), text);
    } else if (dtype == LANES_BOOL) {
        snprintf(text, VALUE_TEXT_MAX, "%s",
                 *(const unsigned char *)element != 0 ? "true" : "false");
    } else {
        format_integer(dtype, element, text);
    }
}

int64_t value_store_list(const char *text, double **out_values)
{
    int64_t count = 1;
    for (const char *comma = strchr(text, ','); comma; comma = strchr(comma + 1, ',')) {
        count++;
    }
    char *copy = strdup(text);
    double *values = calloc((size_t)count, sizeof(*values));
    bool is_valid = copy != NULL && values != NULL;
    const bool has_memory = is_valid;
    char *rest = copy;
    for (int64_t i = 0; is_valid && i < count; i++) {
        is_valid = value_store(strsep(&rest, ","), LANES_F8, &values[i]);
    }
    free(copy);
    if (!is_valid) {
        free(values);
        return has_memory ? 0 : -1;
    }
    *out_values = values;
    return count;
}
