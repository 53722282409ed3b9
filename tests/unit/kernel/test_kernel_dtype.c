/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_kernel_dtype.c - the table of element types.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/base.h"
#include "kernel/dtype.h"

static const struct {
    uint32_t dtype;
    const char *name;
    uint32_t bytes;
    uint32_t part;
    uint32_t part_count;
} rows[] = {
    {LANES_BOOL, "?", 1, LANES_BOOL, 1}, {LANES_I1, "i1", 1, LANES_I1, 1},
    {LANES_U1, "u1", 1, LANES_U1, 1},    {LANES_I2, "i2", 2, LANES_I2, 1},
    {LANES_U2, "u2", 2, LANES_U2, 1},    {LANES_I4, "i4", 4, LANES_I4, 1},
    {LANES_U4, "u4", 4, LANES_U4, 1},    {LANES_I8, "i8", 8, LANES_I8, 1},
    {LANES_U8, "u8", 8, LANES_U8, 1},    {LANES_F4, "f4", 4, LANES_F4, 1},
    {LANES_F8, "f8", 8, LANES_F8, 1},    {LANES_C8, "c8", 8, LANES_F4, 2},
    {LANES_C16, "c16", 16, LANES_F8, 2},
};

Test(kernel_dtype, names_sizes_and_parts)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        const uint32_t dtype = rows[i].dtype;
        const char *name = rows[i].name;
        cr_expect_str_eq(lanes_dtype_name(dtype), name);
        cr_expect_eq(lanes_dtype_bytes(dtype), rows[i].bytes, "%s", name);
        cr_expect_eq(lanes_dtype_parse(name, strlen(name)), dtype, "%s", name);
        cr_expect_eq(lanes_dtype_part(dtype), rows[i].part, "%s", name);
        cr_expect_eq(lanes_dtype_part_count(dtype), rows[i].part_count, "%s", name);
        cr_expect_eq(lanes_dtype_is_float(dtype), name[0] == 'f', "%s", name);
    }
    cr_expect_str_eq(lanes_dtype_all_names(), "? i1 u1 i2 u2 i4 u4 i8 u8 f4 f8 c8 c16");
}

Test(kernel_dtype, every_row_of_the_table_is_here)
{
#define COUNT_ROW(name, code, letters, bytes) +1
    cr_expect_eq(LANES_ARRAY_COUNT(rows), 0 LANES_DTYPE_TABLE(COUNT_ROW));
#undef COUNT_ROW
}

Test(kernel_dtype, codes_that_are_no_dtype)
{
    static const uint32_t unknown[] = {LANES_DTYPE_NONE, 2, 13, 16, UINT32_MAX};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(unknown); i++) {
        cr_expect_eq(lanes_dtype_bytes(unknown[i]), 0);
        cr_expect_str_eq(lanes_dtype_name(unknown[i]), "?");
        cr_expect_eq(lanes_dtype_part(unknown[i]), LANES_DTYPE_NONE);
        cr_expect_eq(lanes_dtype_part_count(unknown[i]), 0);
        cr_expect_not(lanes_dtype_is_float(unknown[i]));
    }
}

Test(kernel_dtype, letters_that_are_no_dtype)
{
    static const char *const unknown[] = {"", "f", "f16", "f8 ", "F8", "c32", "b1"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(unknown); i++) {
        cr_expect_eq(lanes_dtype_parse(unknown[i], strlen(unknown[i])), LANES_DTYPE_NONE,
                     "%s", unknown[i]);
    }
    cr_expect_eq(lanes_dtype_parse("c16", 2), LANES_DTYPE_NONE, "the length counts");
    cr_expect_eq(lanes_dtype_parse("c88", 2), LANES_C8, "and no NUL is needed");
}
