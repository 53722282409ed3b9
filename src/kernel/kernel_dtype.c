/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_dtype.c - the table of element types.
 */
#include "kernel/dtype.h"

#include <string.h>

#include "base/base.h"

struct dtype_row {
    uint32_t code;
    uint32_t bytes;
    const char *name;
};

#define DTYPE_ROW(name, code, letters, bytes) {(code), (bytes), letters},
static const struct dtype_row dtype_rows[] = {LANES_DTYPE_TABLE(DTYPE_ROW)};
#undef DTYPE_ROW

static const struct dtype_row *dtype_find(uint32_t dtype)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(dtype_rows); i++) {
        if (dtype_rows[i].code == dtype) {
            return &dtype_rows[i];
        }
    }
    return NULL;
}

uint32_t lanes_dtype_bytes(uint32_t dtype)
{
    const struct dtype_row *row = dtype_find(dtype);
    return row != NULL ? row->bytes : 0;
}

const char *lanes_dtype_name(uint32_t dtype)
{
    const struct dtype_row *row = dtype_find(dtype);
    return row != NULL ? row->name : "?";
}

uint32_t lanes_dtype_parse(const char *text, size_t length)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(dtype_rows); i++) {
        if (strlen(dtype_rows[i].name) == length &&
            memcmp(dtype_rows[i].name, text, length) == 0) {
            return dtype_rows[i].code;
        }
    }
    return LANES_DTYPE_NONE;
}

uint32_t lanes_dtype_part(uint32_t dtype)
{
    if (dtype == LANES_C8) {
        return LANES_F4;
    }
    if (dtype == LANES_C16) {
        return LANES_F8;
    }
    return dtype_find(dtype) != NULL ? dtype : LANES_DTYPE_NONE;
}

uint32_t lanes_dtype_part_count(uint32_t dtype)
{
    const uint32_t part_bytes = lanes_dtype_bytes(lanes_dtype_part(dtype));
    return part_bytes != 0 ? lanes_dtype_bytes(dtype) / part_bytes : 0;
}

bool lanes_dtype_is_float(uint32_t dtype)
{
    return dtype == LANES_F4 || dtype == LANES_F8;
}

bool lanes_dtype_is_signed(uint32_t dtype)
{
    return dtype == LANES_I1 || dtype == LANES_I2 || dtype == LANES_I4 ||
           dtype == LANES_I8;
}

const char *lanes_dtype_all_names(void)
{
#define DTYPE_TEXT(name, code, letters, bytes) " " letters
    return &LANES_DTYPE_TABLE(DTYPE_TEXT)[1];
#undef DTYPE_TEXT
}

/* ---- Casting ------------------------------------------------------------------------
 */

/* NumPy's kinds, in the order in which one contains the other. */
enum kind { KIND_BOOL, KIND_UNSIGNED, KIND_SIGNED, KIND_FLOAT, KIND_COMPLEX };

static enum kind kind_of(uint32_t dtype)
{
    switch (dtype) {
    case LANES_BOOL:
        return KIND_BOOL;
    case LANES_U1:
    case LANES_U2:
    case LANES_U4:
    case LANES_U8:
        return KIND_UNSIGNED;
    case LANES_F4:
    case LANES_F8:
        return KIND_FLOAT;
    case LANES_C8:
    case LANES_C16:
        return KIND_COMPLEX;
    default:
        return KIND_SIGNED;
    }
}

/* True if every value of @p from is one of @p to; NumPy counts 64-bit integers to f8. */
static bool is_safe(uint32_t from, uint32_t to)
{
    const enum kind from_kind = kind_of(from);
    const enum kind to_kind = kind_of(to);
    const uint32_t from_bytes = lanes_dtype_bytes(lanes_dtype_part(from));
    const uint32_t to_bytes = lanes_dtype_bytes(lanes_dtype_part(to));
    if (from_kind == KIND_BOOL || from == to) {
        return true;
    }
    if (from_kind > to_kind) {
        return false;
    }
    if (to_kind >= KIND_FLOAT && from_kind < KIND_FLOAT) {
        return to_bytes > from_bytes || to_bytes == 8;
    }
    return from_kind == KIND_UNSIGNED && to_kind == KIND_SIGNED ? to_bytes > from_bytes
                                                                : to_bytes >= from_bytes;
}

bool lanes_dtype_can_cast(uint32_t from, uint32_t to, uint32_t casting)
{
    switch (casting) {
    case LANES_CASTING_SAFE:
        return is_safe(from, to);
    case LANES_CASTING_SAME_KIND:
        return is_safe(from, to) || kind_of(from) <= kind_of(to);
    case LANES_CASTING_UNSAFE:
        return kind_of(from) != KIND_COMPLEX || kind_of(to) == KIND_COMPLEX;
    default:
        return from == to;
    }
}

const char *lanes_casting_name(uint32_t casting)
{
    static const char *const names[] = {"no", "safe", "same_kind", "unsafe"};
    return casting < LANES_ARRAY_COUNT(names) ? names[casting] : "?";
}
