/* SPDX-License-Identifier: Apache-2.0 */
/*
 * npy.c - a strict reader of the dictionary in a .npy header.
 *
 * The format: "\x93NUMPY", two version bytes, the header's length in 2 (version 1) or 4
 * bytes (2 and 3), little-endian, then a Python dictionary literal with exactly the keys
 * descr, fortran_order and shape, spaces and a newline. NumPy evaluates it; here only
 * what NumPy itself writes is understood, with keys in any order and free spacing.
 */
#include "npy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "kernel/dtype.h"

#define MAGIC            "\x93NUMPY"
#define MAGIC_BYTES      6u
#define PREFIX_BYTES_MAX 12u /* magic, version, longest length field */
#define DICT_BYTES_MAX   (64u << 10)

/* What a descr that is no dtype of ours is told, by its first characters. */
static const struct {
    const char *start;
    const char *reason;
} descr_refusals[] = {
    {">", "is big-endian; convert it with a.astype(a.dtype.newbyteorder('<'))"},
    {"|O", "holds Python objects, which cannot be shared"},
    {"|V", "is a structured or void dtype; save one field of it, or a.view('u1')"},
    {"<f2", "is half precision; convert it with a.astype('f4')"},
};

/* Where the reader is in the dictionary. */
struct cursor {
    const char *at;
    const char *end;
    npy_header *header;
    lanes_error *err;
};

static bool is_space(char character)
{
    return character == ' ' || character == '\t' || character == '\r' ||
           character == '\n';
}

static void skip_spaces(struct cursor *cursor)
{
    while (cursor->at < cursor->end && is_space(*cursor->at)) {
        cursor->at++;
    }
}

/* Moves past @p token and the spaces before it, if it is next. */
static bool accept(struct cursor *cursor, const char *token)
{
    const size_t length = strlen(token);
    skip_spaces(cursor);
    if ((size_t)(cursor->end - cursor->at) < length ||
        memcmp(cursor->at, token, length) != 0) {
        return false;
    }
    cursor->at += length;
    return true;
}

static lanes_status refuse_for_lack_of(struct cursor *cursor, const char *token)
{
    skip_spaces(cursor);
    const int length = (int)(cursor->end - cursor->at);
    return lanes_error_set(cursor->err, LANES_E_FORMAT,
                           "its header has '%.*s' where '%s' belongs",
                           length < 16 ? length : 16, cursor->at, token);
}

static lanes_status expect(struct cursor *cursor, const char *token)
{
    return accept(cursor, token) ? LANES_OK : refuse_for_lack_of(cursor, token);
}

/* A quoted string without escapes, of which NumPy's headers have none. */
static lanes_status read_string(struct cursor *cursor, char *text, size_t text_bytes)
{
    skip_spaces(cursor);
    const char quote = cursor->at < cursor->end ? *cursor->at : '\0';
    if (quote != '\'' && quote != '"') {
        return refuse_for_lack_of(cursor, "'");
    }
    const char *start = cursor->at + 1;
    const char *close = memchr(start, quote, (size_t)(cursor->end - start));
    if (close == NULL || (size_t)(close - start) >= text_bytes) {
        return lanes_error_set(cursor->err, LANES_E_FORMAT,
                               "its header has a string that does not end or is longer "
                               "than %zu characters",
                               text_bytes - 1);
    }
    memcpy(text, start, (size_t)(close - start));
    text[close - start] = '\0';
    cursor->at = close + 1;
    return LANES_OK;
}

static bool is_time(const char *descr)
{
    return strncmp(descr, "<M8", 3) == 0 || strncmp(descr, "<m8", 3) == 0;
}

/*
 * The dtype that NumPy calls @p descr. Its letters follow the byte order, which is '|'
 * for single bytes; bool is b1. Times count their unit in 64-bit integers, whatever it
 * is.
 */
static uint32_t find_dtype(const char *descr)
{
    if (strcmp(descr, "|b1") == 0) {
        return LANES_BOOL;
    }
    if (is_time(descr)) {
        const size_t length = strlen(descr);
        const bool has_unit = descr[3] == '[' && descr[length - 1] == ']';
        return has_unit || length == 3 ? LANES_I8 : LANES_DTYPE_NONE;
    }
    if (descr[0] != '<' && descr[0] != '|') {
        return LANES_DTYPE_NONE;
    }
    const uint32_t dtype = lanes_dtype_parse(descr + 1, strlen(descr + 1));
    const bool is_byte = lanes_dtype_bytes(dtype) == 1;
    return dtype != LANES_BOOL && is_byte == (descr[0] == '|') ? dtype : LANES_DTYPE_NONE;
}

static lanes_status read_descr(struct cursor *cursor)
{
    char descr[32] = "";
    if (accept(cursor, "[")) {
        return lanes_error_set(cursor->err, LANES_E_FORMAT,
                               "it is of a structured dtype; save one field of it, or "
                               "a.view('u1')");
    }
    const lanes_status status = read_string(cursor, descr, sizeof(descr));
    if (status < 0) {
        return status;
    }
    const uint32_t dtype = find_dtype(descr);
    if (dtype != LANES_DTYPE_NONE) {
        cursor->header->dtype = dtype;
        cursor->header->is_time = is_time(descr);
        return LANES_OK;
    }
    for (size_t i = 0; i < LANES_ARRAY_COUNT(descr_refusals); i++) {
        if (strncmp(descr, descr_refusals[i].start, strlen(descr_refusals[i].start)) ==
            0) {
            return lanes_error_set(cursor->err, LANES_E_FORMAT, "its dtype '%s' %s",
                                   descr, descr_refusals[i].reason);
        }
    }
    return lanes_error_set(cursor->err, LANES_E_FORMAT,
                           "its dtype '%s' is not one of %s or a time", descr,
                           lanes_dtype_all_names());
}

static lanes_status read_order(struct cursor *cursor)
{
    cursor->header->is_fortran = accept(cursor, "True");
    return cursor->header->is_fortran ? LANES_OK : expect(cursor, "False");
}

/* One extent; Python 2 wrote an L behind it. */
static lanes_status read_extent(struct cursor *cursor, uint64_t *out_extent)
{
    uint64_t value = 0;
    if (accept(cursor, "-")) {
        return lanes_error_set(cursor->err, LANES_E_FORMAT,
                               "its shape has a negative extent");
    }
    const char *start = cursor->at;
    while (cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9') {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*cursor->at - '0'), &value)) {
            return lanes_error_set(cursor->err, LANES_E_FORMAT,
                                   "its shape has an extent beyond 64 bits");
        }
        cursor->at++;
    }
    if (cursor->at == start) {
        return refuse_for_lack_of(cursor, "a number");
    }
    if (cursor->at < cursor->end && *cursor->at == 'L') {
        cursor->at++;
    }
    *out_extent = value;
    return LANES_OK;
}

static lanes_status read_shape(struct cursor *cursor)
{
    npy_header *header = cursor->header;
    lanes_status status = expect(cursor, "(");
    header->dimensions = 0;
    while (status == LANES_OK && !accept(cursor, ")")) {
        if (header->dimensions == LANES_DIMENSIONS_MAX) {
            return lanes_error_set(cursor->err, LANES_E_FORMAT,
                                   "it has more than %d dimensions",
                                   LANES_DIMENSIONS_MAX);
        }
        status = read_extent(cursor, &header->shape[header->dimensions]);
        header->dimensions++;
        /* A tuple of one needs its comma, a longer one may have one at the end. */
        if (status == LANES_OK && !accept(cursor, ",")) {
            status = expect(cursor, header->dimensions == 1 ? "," : ")");
            break;
        }
    }
    return status;
}

static lanes_status read_dict(struct cursor *cursor)
{
    static const struct {
        const char *key;
        lanes_status (*read)(struct cursor *cursor);
    } keys[] = {
        {"descr", read_descr},
        {"fortran_order", read_order},
        {"shape", read_shape},
    };
    uint32_t seen = 0; /* bit k: keys[k] */
    lanes_status status = expect(cursor, "{");
    while (status == LANES_OK && !accept(cursor, "}")) {
        char key[32];
        size_t row = 0;
        status = read_string(cursor, key, sizeof(key));
        if (status < 0) {
            return status;
        }
        while (row < LANES_ARRAY_COUNT(keys) && strcmp(keys[row].key, key) != 0) {
            row++;
        }
        if (row == LANES_ARRAY_COUNT(keys) || (seen >> row & 1u) != 0) {
            return lanes_error_set(
                cursor->err, LANES_E_FORMAT, "its header has the key '%s' %s", key,
                row == LANES_ARRAY_COUNT(keys) ? "that no .npy file has" : "twice");
        }
        seen |= 1u << row;
        status = expect(cursor, ":");
        status = status < 0 ? status : keys[row].read(cursor);
        if (status == LANES_OK && !accept(cursor, ",")) {
            status = expect(cursor, "}");
            break;
        }
    }
    for (size_t i = 0; status == LANES_OK && i < LANES_ARRAY_COUNT(keys); i++) {
        if ((seen >> i & 1u) == 0) {
            return lanes_error_set(cursor->err, LANES_E_FORMAT,
                                   "its header lacks the key '%s'", keys[i].key);
        }
    }
    skip_spaces(cursor);
    if (status == LANES_OK && cursor->at != cursor->end) {
        return lanes_error_set(cursor->err, LANES_E_FORMAT,
                               "its header has something behind its dictionary");
    }
    return status;
}

/* With at most one axis that is longer than 1, both orders are one. */
static bool has_one_order(const npy_header *header)
{
    uint32_t long_axes = 0;
    for (uint32_t i = 0; i < header->dimensions; i++) {
        long_axes += header->shape[i] > 1;
    }
    return long_axes <= 1 || header->count == 0;
}

static lanes_status check_data(npy_header *header, uint64_t file_bytes, lanes_error *err)
{
    uint64_t count = 1;
    uint64_t bytes;
    bool is_empty = false;
    for (uint32_t i = 0; i < header->dimensions; i++) {
        is_empty |= header->shape[i] == 0;
    }
    for (uint32_t i = 0; !is_empty && i < header->dimensions; i++) {
        if (__builtin_mul_overflow(count, header->shape[i], &count)) {
            return lanes_error_set(err, LANES_E_FORMAT,
                                   "its shape has more elements than 64 bits count");
        }
    }
    header->count = is_empty ? 0 : count;
    if (__builtin_mul_overflow(header->count, lanes_dtype_bytes(header->dtype), &bytes) ||
        bytes > INT64_MAX) {
        return lanes_error_set(err, LANES_E_FORMAT,
                               "its shape has more bytes than 63 bits count");
    }
    if (header->data_offset > file_bytes || bytes > file_bytes - header->data_offset) {
        return lanes_error_set(err, LANES_E_FORMAT,
                               "it is truncated: there are %llu of %llu data bytes",
                               (unsigned long long)(file_bytes - header->data_offset),
                               (unsigned long long)bytes);
    }
    return LANES_OK;
}

/* Reads up to @p bytes; less at the end of the file. */
static ssize_t read_at(int fd, void *buffer, size_t bytes, uint64_t offset)
{
    size_t done = 0;
    while (done < bytes) {
        const ssize_t got =
            pread(fd, (char *)buffer + done, bytes - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        done += (size_t)got;
    }
    return (ssize_t)done;
}

static lanes_status system_error(lanes_error *err, const char *what)
{
    const lanes_status status = -errno;
    if (err != NULL) {
        snprintf(err->message, sizeof(err->message), "%s: %s", what,
                 lanes_status_text(status));
        err->code = status;
    }
    return status;
}

/* Finds where the dictionary is. */
static lanes_status read_prefix(int fd, uint64_t *out_offset, uint64_t *out_bytes,
                                lanes_error *err)
{
    unsigned char prefix[PREFIX_BYTES_MAX] = {0};
    const ssize_t got = read_at(fd, prefix, sizeof(prefix), 0);
    if (got < 0) {
        return system_error(err, "it cannot be read");
    }
    if (memcmp(prefix, MAGIC, MAGIC_BYTES) != 0) { /* what is not there is 0 */
        return lanes_error_set(
            err, LANES_E_FORMAT,
            "it is not a .npy file: it does not start with \\x93NUMPY");
    }
    const unsigned major = prefix[6];
    if (major < 1 || major > 3 || prefix[7] != 0) {
        return lanes_error_set(err, LANES_E_FORMAT,
                               "it is of .npy version %u.%u; 1.0, 2.0 and 3.0 are known",
                               major, prefix[7]);
    }
    const unsigned length_bytes = major == 1 ? 2 : 4;
    *out_offset = MAGIC_BYTES + 2 + length_bytes;
    if ((uint64_t)got < *out_offset) {
        return lanes_error_set(err, LANES_E_FORMAT, "it is truncated inside its header");
    }
    *out_bytes = 0;
    for (unsigned i = length_bytes; i > 0; i--) {
        *out_bytes = *out_bytes << 8 | prefix[MAGIC_BYTES + 2 + i - 1];
    }
    if (*out_bytes > DICT_BYTES_MAX) {
        return lanes_error_set(err, LANES_E_FORMAT,
                               "it has a header of %llu bytes; lanes reads at most %u",
                               (unsigned long long)*out_bytes, DICT_BYTES_MAX);
    }
    return LANES_OK;
}

lanes_status npy_header_read(int fd, npy_header *out_header, lanes_error *err)
{
    npy_header header = {0};
    char dict[DICT_BYTES_MAX];
    uint64_t dict_offset = 0;
    uint64_t dict_bytes = 0;
    struct stat facts;
    lanes_status status = read_prefix(fd, &dict_offset, &dict_bytes, err);
    if (status < 0) {
        return status;
    }
    const ssize_t got = read_at(fd, dict, dict_bytes, dict_offset);
    if (got < 0 || fstat(fd, &facts) != 0) {
        return system_error(err, "it cannot be read");
    }
    if ((uint64_t)got < dict_bytes) {
        return lanes_error_set(err, LANES_E_FORMAT, "it is truncated inside its header");
    }
    struct cursor cursor = {
        .at = dict, .end = dict + dict_bytes, .header = &header, .err = err};
    status = read_dict(&cursor);
    if (status < 0) {
        return status;
    }
    header.data_offset = dict_offset + dict_bytes;
    status = check_data(&header, (uint64_t)facts.st_size, err);
    if (status == LANES_OK) {
        header.is_fortran = header.is_fortran && !has_one_order(&header);
        *out_header = header;
    }
    return status;
}

void npy_strides(uint32_t dimensions, const uint64_t *shape, bool is_fortran,
                 uint64_t element_bytes, int64_t *out_strides)
{
    /* Unsigned: an array without elements may have extents whose product wraps. */
    uint64_t bytes = element_bytes;
    for (uint32_t i = 0; i < dimensions; i++) {
        const uint32_t axis = is_fortran ? i : dimensions - 1 - i;
        out_strides[axis] = (int64_t)bytes;
        bytes *= shape[axis];
    }
}

void npy_shape_format(uint32_t dimensions, const uint64_t *shape, char *text,
                      size_t text_bytes)
{
    size_t used = (size_t)snprintf(text, text_bytes, "(");
    for (uint32_t i = 0; i < dimensions && used < text_bytes; i++) {
        used += (size_t)snprintf(text + used, text_bytes - used, "%s%llu",
                                 i > 0 ? ", " : "", (unsigned long long)shape[i]);
    }
    if (used < text_bytes) {
        snprintf(text + used, text_bytes - used, dimensions == 1 ? ",)" : ")");
    }
}

/* As NumPy spells @p dtype in a header. */
static void format_descr(uint32_t dtype, char text[8])
{
    const char *order = lanes_dtype_bytes(dtype) == 1 ? "|" : "<";
    snprintf(text, 8, "%s%s", order,
             dtype == LANES_BOOL ? "b1" : lanes_dtype_name(dtype));
}

size_t npy_header_format(uint32_t dtype, uint32_t dimensions, const uint64_t *shape,
                         char text[NPY_HEADER_BYTES_MAX])
{
    char descr[8];
    char tuple[LANES_DIMENSIONS_MAX * 22 + 4];
    const size_t start = MAGIC_BYTES + 4;
    format_descr(dtype, descr);
    npy_shape_format(dimensions, shape, tuple, sizeof(tuple));
    const size_t used =
        start + (size_t)snprintf(text + start, NPY_HEADER_BYTES_MAX - start,
                                 "{'descr': '%s', 'fortran_order': False, 'shape': %s, }",
                                 descr, tuple);
    /* Spaces, then a newline as the last byte before the data. */
    const size_t total = (used + 1 + NPY_ALIGNMENT - 1) / NPY_ALIGNMENT * NPY_ALIGNMENT;
    memset(text + used, ' ', total - used - 1);
    text[total - 1] = '\n';
    memcpy(text, MAGIC "\x01\x00", MAGIC_BYTES + 2);
    text[MAGIC_BYTES + 2] = (char)((total - start) & 0xff);
    text[MAGIC_BYTES + 3] = (char)((total - start) >> 8);
    return total;
}
