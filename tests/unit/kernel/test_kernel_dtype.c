/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_kernel_dtype.c - the table of element types, and which may become which.
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

/* ---- Casting ------------------------------------------------------------------------
 */

/*
 * numpy.can_cast(row, column) of NumPy 1.24, both in the order of `rows` above:
 *   for a in names: "".join("1" if np.can_cast(a, b, casting) else "0" for b in names)
 */
static const char *const numpy_safe[] = {
    "1111111111111", /* ? */
    "0101010101111", /* i1 */
    "0011111111111", /* u1 */
    "0001010101111", /* i2 */
    "0000111111111", /* u2 */
    "0000010100101", /* i4 */
    "0000001110101", /* u4 */
    "0000000100101", /* i8 */
    "0000000010101", /* u8 */
    "0000000001111", /* f4 */
    "0000000000101", /* f8 */
    "0000000000011", /* c8 */
    "0000000000001", /* c16 */
};
static const char *const numpy_same_kind[] = {
    "1111111111111", /* ? */
    "0101010101111", /* i1 */
    "0111111111111", /* u1 */
    "0101010101111", /* i2 */
    "0111111111111", /* u2 */
    "0101010101111", /* i4 */
    "0111111111111", /* u4 */
    "0101010101111", /* i8 */
    "0111111111111", /* u8 */
    "0000000001111", /* f4 */
    "0000000001111", /* f8 */
    "0000000000011", /* c8 */
    "0000000000011", /* c16 */
};

Test(kernel_dtype, casts_are_those_of_numpy_but_complex_to_real)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        for (size_t j = 0; j < LANES_ARRAY_COUNT(rows); j++) {
            const uint32_t from = rows[i].dtype;
            const uint32_t to = rows[j].dtype;
            const bool is_real_part = rows[i].part_count > rows[j].part_count;
            cr_expect_eq(lanes_dtype_can_cast(from, to, LANES_CASTING_NO), i == j);
            cr_expect_eq(lanes_dtype_can_cast(from, to, LANES_CASTING_SAFE),
                         numpy_safe[i][j] == '1', "%s to %s", rows[i].name, rows[j].name);
            cr_expect_eq(lanes_dtype_can_cast(from, to, LANES_CASTING_SAME_KIND),
                         numpy_same_kind[i][j] == '1', "%s to %s", rows[i].name,
                         rows[j].name);
            cr_expect_eq(lanes_dtype_can_cast(from, to, LANES_CASTING_UNSAFE),
                         !is_real_part, "%s to %s", rows[i].name, rows[j].name);
            cr_expect_eq(lanes_dtype_can_cast(from, to, LANES_CASTING_UNSAFE + 1), i == j,
                         "an unknown casting allows nothing");
        }
    }
}

Test(kernel_dtype, castings_have_numpy_s_names)
{
    cr_expect_str_eq(lanes_casting_name(LANES_CASTING_NO), "no");
    cr_expect_str_eq(lanes_casting_name(LANES_CASTING_SAFE), "safe");
    cr_expect_str_eq(lanes_casting_name(LANES_CASTING_SAME_KIND), "same_kind");
    cr_expect_str_eq(lanes_casting_name(LANES_CASTING_UNSAFE), "unsafe");
    cr_expect_str_eq(lanes_casting_name(LANES_CASTING_UNSAFE + 1), "?");
    cr_expect_str_eq(lanes_casting_name(UINT32_MAX), "?");
}
