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

const char *lanes_dtype_all_names(void)
{
#define DTYPE_TEXT(name, code, letters, bytes) " " letters
    return &LANES_DTYPE_TABLE(DTYPE_TEXT)[1];
#undef DTYPE_TEXT
}
