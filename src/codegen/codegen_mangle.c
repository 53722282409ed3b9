/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_mangle.c - see codegen_mangle.h.
 */
#include "codegen/codegen_mangle.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <lanes/abi.h>

#include "base/base.h"

/* Tuples in tuples; Numba's own limit is far above what a callback can take. */
#define DEPTH_MAX 8u

struct reader {
    const char *at;
    lanes_mangle_argument *arguments;
    uint32_t count;
};

/* Reads "<length><text>"; false if it is none. */
static bool read_counted(struct reader *reader, const char **out_text, size_t *out_length)
{
    if (!isdigit((unsigned char)*reader->at)) {
        return false;
    }
    char *end;
    const unsigned long length = strtoul(reader->at, &end, 10);
    if (length == 0 || strnlen(end, length) < length) {
        return false;
    }
    *out_text = end;
    *out_length = length;
    reader->at = end + length;
    return true;
}

static bool add(struct reader *reader, lanes_mangle_argument argument)
{
    if (reader->count == LANES_MANGLE_ARGUMENTS_MAX) {
        return false;
    }
    reader->arguments[reader->count++] = argument;
    return true;
}

static bool add_scalar(struct reader *reader, uint32_t dtype)
{
    return add(reader, (lanes_mangle_argument){LANES_MANGLE_SCALAR, dtype, NULL, 0});
}

/* itanium_mangler.py, N2CODE. */
static uint32_t dtype_of_code(char code)
{
    static const char codes[] = "bahstijxyfd";
    static const uint32_t dtypes[] = {LANES_BOOL, LANES_I1, LANES_U1, LANES_I2,
                                      LANES_U2,   LANES_I4, LANES_U4, LANES_I8,
                                      LANES_U8,   LANES_F4, LANES_F8};
    const char *found = code != '\0' ? strchr(codes, code) : NULL;
    return found != NULL ? dtypes[found - codes] : (uint32_t)LANES_DTYPE_NONE;
}

static bool is_word(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && memcmp(text, word, length) == 0;
}

static bool has_prefix(const char *text, size_t length, const char *prefix)
{
    return length >= strlen(prefix) && memcmp(text, prefix, strlen(prefix)) == 0;
}

/* Numba escapes as "_2a" since 0.56, as "$2a" before; @p code is "2a". */
static bool is_escape(const char *text, size_t length, const char *code)
{
    return length >= 3 && (text[0] == '_' || text[0] == '$') &&
           memcmp(text + 1, code, 2) == 0;
}

struct named_dtype {
    const char *name;
    uint32_t dtype;
};

static uint32_t dtype_of_name(const char *text, size_t length)
{
    static const struct named_dtype names[] = {
        {"bool", LANES_BOOL},    {"boolean", LANES_BOOL},  {"int8", LANES_I1},
        {"uint8", LANES_U1},     {"int16", LANES_I2},      {"uint16", LANES_U2},
        {"int32", LANES_I4},     {"uint32", LANES_U4},     {"int64", LANES_I8},
        {"uint64", LANES_U8},    {"float32", LANES_F4},    {"float64", LANES_F8},
        {"complex64", LANES_C8}, {"complex128", LANES_C16}};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(names); i++) {
        if (is_word(text, length, names[i].name)) {
            return names[i].dtype;
        }
    }
    const size_t stem = has_prefix(text, length, "datetime64")    ? strlen("datetime64")
                        : has_prefix(text, length, "timedelta64") ? strlen("timedelta64")
                                                                  : 0;
    const bool is_date =
        stem > 0 && (stem == length || is_escape(text + stem, length - stem, "5b"));
    return is_date ? (uint32_t)LANES_I8 : (uint32_t)LANES_DTYPE_NONE;
}

/* A type that is spelled out: complex128, float64_2a (a pointer), datetime64_5bD_5d. */
static lanes_mangle_argument named_argument(const char *text, size_t length)
{
    const uint32_t dtype = dtype_of_name(text, length);
    if (dtype != LANES_DTYPE_NONE) {
        return (lanes_mangle_argument){LANES_MANGLE_SCALAR, dtype, NULL, 0};
    }
    if (length > 3 && is_escape(text + length - 3, 3, "2a")) {
        const size_t pointee = length - 3;
        if (is_word(text, pointee, "void") || is_word(text, pointee, "none")) {
            return (lanes_mangle_argument){LANES_MANGLE_VOID_POINTER, 0, NULL, 0};
        }
        const uint32_t to = dtype_of_name(text, pointee);
        if (to != LANES_DTYPE_NONE) {
            return (lanes_mangle_argument){LANES_MANGLE_POINTER, to, NULL, 0};
        }
    }
    return (lanes_mangle_argument){LANES_MANGLE_OTHER, 0, text, (uint32_t)length};
}

static bool read_type(struct reader *reader, unsigned depth);

/* "L<code><digits>E": an integer among the parameters of a type. */
static bool read_literal(struct reader *reader, unsigned long *out_value)
{
    if (reader->at[0] != 'L' || reader->at[1] == '\0') {
        return false;
    }
    char *end;
    *out_value = strtoul(reader->at + 2, &end, 10);
    if (*end != 'E') {
        return false;
    }
    reader->at = end + 1;
    return true;
}

/* Skips the parameters of a type up to their 'E'; what they are is not looked at. */
static bool skip_parameters(struct reader *reader, unsigned depth)
{
    lanes_mangle_argument ignored[LANES_MANGLE_ARGUMENTS_MAX];
    struct reader inner = {.at = reader->at, .arguments = ignored};
    while (*inner.at != 'E') {
        unsigned long value;
        if (!read_literal(&inner, &value) && !read_type(&inner, depth)) {
            return false;
        }
    }
    reader->at = inner.at + 1;
    return true;
}

/* After "UniTupleI": one type, then how often. */
static bool read_uni_tuple(struct reader *reader, unsigned depth)
{
    const uint32_t first = reader->count;
    unsigned long times;
    if (!read_type(reader, depth) || !read_literal(reader, &times) || times == 0 ||
        *reader->at != 'E') {
        return false;
    }
    reader->at++;
    const uint32_t each = reader->count - first;
    for (unsigned long t = 1; t < times && each > 0; t++) {
        for (uint32_t i = 0; i < each; i++) {
            if (!add(reader, reader->arguments[first + i])) {
                return false;
            }
        }
    }
    return true;
}

/* After "TupleI": types up to an 'E'. */
static bool read_tuple(struct reader *reader, unsigned depth)
{
    while (*reader->at != 'E') {
        if (!read_type(reader, depth)) {
            return false;
        }
    }
    reader->at++;
    return true;
}

static bool add_other(struct reader *reader, const char *text, size_t length)
{
    return add(reader,
               (lanes_mangle_argument){LANES_MANGLE_OTHER, 0, text, (uint32_t)length});
}

/* After 'N': parts of a name up to an 'E', such as "omitted(default=3)". */
static bool read_nested(struct reader *reader)
{
    const char *text;
    const char *ignored;
    size_t length;
    size_t ignored_length;
    if (!read_counted(reader, &text, &length)) {
        return false;
    }
    while (*reader->at != 'E') {
        if (!read_counted(reader, &ignored, &ignored_length)) {
            return false;
        }
    }
    reader->at++;
    return add_other(reader, text, length);
}

static bool read_type(struct reader *reader, unsigned depth)
{
    const uint32_t dtype = dtype_of_code(*reader->at);
    if (dtype != LANES_DTYPE_NONE) {
        reader->at++;
        return add_scalar(reader, dtype);
    }
    if (reader->at[0] == 'D' && reader->at[1] == 'h') {
        reader->at += 2;
        return add_other(reader, "float16", strlen("float16"));
    }
    if (*reader->at == 'v') {
        reader->at++;
        return add_other(reader, "none", strlen("none"));
    }
    if (*reader->at == 'N') {
        reader->at++;
        return read_nested(reader);
    }
    const char *text;
    size_t length;
    if (depth == 0 || !read_counted(reader, &text, &length)) {
        return false;
    }
    if (*reader->at != 'I') {
        return add(reader, named_argument(text, length));
    }
    reader->at++;
    if (is_word(text, length, "UniTuple")) {
        return read_uni_tuple(reader, depth - 1);
    }
    if (is_word(text, length, "Tuple")) {
        return read_tuple(reader, depth - 1);
    }
    return skip_parameters(reader, depth - 1) && add_other(reader, text, length);
}

/* "_ZN<part>...E" */
static bool skip_name(struct reader *reader)
{
    if (strncmp(reader->at, "_ZN", 3) != 0) {
        return false;
    }
    reader->at += 3;
    const char *text;
    size_t length;
    while (*reader->at != 'E') {
        if (*reader->at == 'B') {
            reader->at++;
        }
        if (!read_counted(reader, &text, &length)) {
            return false;
        }
    }
    reader->at++;
    return true;
}

bool lanes_mangle_arguments(const char *name, lanes_mangle_argument *out_arguments,
                            uint32_t *out_count)
{
    struct reader reader = {.at = name, .arguments = out_arguments};
    if (!skip_name(&reader)) {
        return false;
    }
    while (*reader.at != '\0') {
        if (!read_type(&reader, DEPTH_MAX)) {
            return false;
        }
    }
    *out_count = reader.count;
    return true;
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

void lanes_mangle_unescape(const char *text, size_t length, char *out, size_t out_bytes)
{
    size_t used = 0;
    for (size_t i = 0; i < length && used + 1 < out_bytes; i++) {
        const bool may_escape = (text[i] == '_' || text[i] == '$') && i + 2 < length;
        const int high = may_escape ? hex_value(text[i + 1]) : -1;
        const int low = may_escape ? hex_value(text[i + 2]) : -1;
        const int c = high >= 0 && low >= 0 ? high * 16 + low : 0;
        /* Letters are not escaped: "list_data" is what it says. */
        const bool is_escaped = c == ' ' || ispunct(c);
        out[used++] = is_escaped ? (char)c : text[i];
        i += is_escaped ? 2 : 0;
    }
    out[used] = '\0';
}
