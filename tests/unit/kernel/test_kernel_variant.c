/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_kernel_variant.c - keys of variants: the default one, comparison, text.
 */
#include <criterion/criterion.h>

#include "kernel/variant.h"

static const lanes_signature binary = {
    .input_count = 2, .output_count = 1, .dtype = {LANES_F8, LANES_F8, LANES_F8}};

static void expect_text(const lanes_variant_key *key, uint32_t operand_count,
                        const char *expected)
{
    char text[64];
    lanes_variant_key_format(key, operand_count, text, sizeof(text));
    cr_expect_str_eq(text, expected);
}

Test(kernel_variant, keys_compare_and_print)
{
    lanes_variant_key contiguous;
    lanes_variant_key_contiguous(&binary, &contiguous);
    expect_text(&contiguous, 3, "contiguous,contiguous,contiguous");
    lanes_variant_key other = contiguous;
    cr_expect(lanes_variant_key_equal(&contiguous, &other));
    other.layout[1] = LANES_LAYOUT_UNIFORM;
    cr_expect_not(lanes_variant_key_equal(&contiguous, &other));
    expect_text(&other, 3, "contiguous,uniform,contiguous");
}

Test(kernel_variant, how_outputs_are_stored_is_part_of_the_key)
{
    lanes_variant_key plain;
    lanes_variant_key_contiguous(&binary, &plain);
    lanes_variant_key streaming = plain;
    streaming.streams = 1;
    cr_expect_not(lanes_variant_key_equal(&plain, &streaming));
    expect_text(&streaming, 3, "contiguous,contiguous,contiguous+streams");
}

Test(kernel_variant, dtypes_of_arrays_are_part_of_the_key)
{
    lanes_variant_key plain;
    lanes_variant_key_contiguous(&binary, &plain);
    lanes_variant_key other = plain;
    other.dtype[1] = LANES_F4;
    other.layout[1] = LANES_LAYOUT_UNIFORM;
    other.dtype[2] = LANES_C16;
    cr_expect_not(lanes_variant_key_equal(&plain, &other));
    expect_text(&other, 3, "contiguous,uniform:f4,contiguous:c16");
    cr_expect_eq(lanes_variant_key_dtype(&other, &binary, 0), (uint32_t)LANES_F8);
    cr_expect_eq(lanes_variant_key_dtype(&other, &binary, 1), (uint32_t)LANES_F4);
    cr_expect_eq(lanes_variant_key_dtype(&other, &binary, 2), (uint32_t)LANES_C16);
}

Test(kernel_variant, where_is_part_of_the_key)
{
    lanes_variant_key plain;
    lanes_variant_key_contiguous(&binary, &plain);
    lanes_variant_key other = plain;
    other.has_where = 1;
    cr_expect_not(lanes_variant_key_equal(&plain, &other));
    expect_text(&other, 3, "contiguous,contiguous,contiguous+where");
    other.streams = 1;
    expect_text(&other, 3, "contiguous,contiguous,contiguous+where+streams");
}

Test(kernel_variant, row_inputs_are_rows)
{
    lanes_signature signature = binary;
    signature.row_mask = 1u << 1;
    lanes_variant_key key;
    memset(&key, 0xff, sizeof(key));
    lanes_variant_key_contiguous(&signature, &key);
    expect_text(&key, 3, "contiguous,rows,contiguous");
    cr_expect_eq(key.streams, 0);
    cr_expect_eq(key.has_where, 0);
    for (uint32_t i = 0; i < LANES_OPERANDS_MAX; i++) {
        cr_expect(i < 3 || key.layout[i] == 0, "unused bytes are 0");
        cr_expect_eq(key.dtype[i], 0, "arrays have the kernel's dtypes");
    }
    key.has_where = 1;
    key.layout[0] = LANES_LAYOUT_UNIFORM;
    expect_text(&key, 3, "uniform,rows,contiguous+where");
    signature.row_mask = 1u;
    lanes_variant_key_contiguous(&signature, &key);
    expect_text(&key, 3, "rows,contiguous,contiguous");
}

Test(kernel_variant, outputs_are_contiguous_whatever_the_row_mask)
{
    lanes_signature signature = binary;
    signature.row_mask = 1u << 2;
    lanes_variant_key key;
    lanes_variant_key_contiguous(&signature, &key);
    expect_text(&key, 3, "contiguous,contiguous,contiguous");
}

Test(kernel_variant, texts_are_cut_and_end)
{
    lanes_variant_key key;
    lanes_variant_key_contiguous(&binary, &key);
    key.layout[1] = LANES_LAYOUT_UNIFORM;
    key.has_where = 1;
    char text[12];
    lanes_variant_key_format(&key, 3, text, sizeof(text));
    cr_expect_str_eq(text, "contiguous,");
    char longer[33];
    lanes_variant_key_format(&key, 3, longer, sizeof(longer));
    cr_expect_str_eq(longer, "contiguous,uniform,contiguous+wh");
    char whole[30];
    lanes_variant_key_format(&key, 3, whole, sizeof(whole));
    cr_expect_str_eq(whole, "contiguous,uniform,contiguous", "no room for `where`");
    key.dtype[1] = LANES_F4;
    char dtype[21];
    lanes_variant_key_format(&key, 3, dtype, sizeof(dtype));
    cr_expect_str_eq(dtype, "contiguous,uniform:f");
}
