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

Test(kernel_variant, a_mask_is_part_of_the_key)
{
    lanes_variant_key plain;
    lanes_variant_key_contiguous(&binary, &plain);
    lanes_variant_key masked = plain;
    masked.has_mask = 1;
    cr_expect_not(lanes_variant_key_equal(&plain, &masked));
    expect_text(&masked, 3, "contiguous,contiguous,contiguous+mask");
}

Test(kernel_variant, row_inputs_are_rows)
{
    lanes_signature signature = binary;
    signature.row_mask = 1u << 1;
    lanes_variant_key key;
    memset(&key, 0xff, sizeof(key));
    lanes_variant_key_contiguous(&signature, &key);
    expect_text(&key, 3, "contiguous,rows,contiguous");
    cr_expect_eq(key.has_mask, 0);
    for (uint32_t i = 3; i < LANES_OPERANDS_MAX; i++) {
        cr_expect_eq(key.layout[i], 0, "unused bytes are 0");
    }
    key.has_mask = 1;
    key.layout[0] = LANES_LAYOUT_UNIFORM;
    expect_text(&key, 3, "uniform,rows,contiguous+mask");
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
    key.has_mask = 1;
    char text[12];
    lanes_variant_key_format(&key, 3, text, sizeof(text));
    cr_expect_str_eq(text, "contiguous,");
    char longer[33];
    lanes_variant_key_format(&key, 3, longer, sizeof(longer));
    cr_expect_str_eq(longer, "contiguous,uniform,contiguous+ma");
    char whole[30];
    lanes_variant_key_format(&key, 3, whole, sizeof(whole));
    cr_expect_str_eq(whole, "contiguous,uniform,contiguous", "no room for the mask");
}
