/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dtypes, signatures and variant keys as text, and the refusals of the signature parser.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "kernel/signature.h"
#include "kernel/variant.h"

static lanes_error err;

Test(kernel_dtype, names_and_sizes)
{
    static const struct {
        uint32_t dtype;
        const char *name;
        uint32_t bytes;
    } rows[] = {{LANES_I4, "i4", 4},
                {LANES_I8, "i8", 8},
                {LANES_F4, "f4", 4},
                {LANES_F8, "f8", 8}};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        cr_expect_str_eq(lanes_dtype_name(rows[i].dtype), rows[i].name);
        cr_expect_eq(lanes_dtype_bytes(rows[i].dtype), rows[i].bytes);
        cr_expect_eq(lanes_dtype_parse(rows[i].name, 2), rows[i].dtype);
    }
    cr_expect_str_eq(lanes_dtype_all_names(), "i4 i8 f4 f8");
}

Test(kernel_dtype, unknown_codes_have_no_size)
{
    static const uint32_t unknown[] = {0, 1, 8, 10, 13, UINT32_MAX};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(unknown); i++) {
        cr_expect_eq(lanes_dtype_bytes(unknown[i]), 0);
        cr_expect_str_eq(lanes_dtype_name(unknown[i]), "?");
    }
    cr_expect_eq(lanes_dtype_parse("f16", 3), LANES_DTYPE_NONE);
    cr_expect_eq(lanes_dtype_parse("f", 1), LANES_DTYPE_NONE);
    cr_expect_eq(lanes_dtype_parse("", 0), LANES_DTYPE_NONE);
}

Test(kernel_signature, text_round_trips)
{
    static const char *const texts[] = {"f8(f8)", "f4(f4,i4)", "i8(i4,f8,f4,i8)"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(texts); i++) {
        lanes_signature signature;
        char text[LANES_SIGNATURE_TEXT_MAX];
        cr_assert_eq(lanes_signature_parse(texts[i], &signature, &err), LANES_OK);
        lanes_signature_format(&signature, text);
        cr_expect_str_eq(text, texts[i]);
    }
}

Test(kernel_signature, spaces_are_allowed)
{
    lanes_signature spaced;
    lanes_signature plain;
    cr_assert_eq(lanes_signature_parse(" f8 ( f8 , i4 ) ", &spaced, &err), LANES_OK);
    cr_assert_eq(lanes_signature_parse("f8(f8,i4)", &plain, &err), LANES_OK);
    cr_expect(lanes_signature_equal(&spaced, &plain));
}

Test(kernel_signature, longest_fits_its_text)
{
    lanes_signature signature;
    char text[LANES_SIGNATURE_TEXT_MAX];
    static const char longest[] = "f8(f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8)";
    cr_assert_eq(lanes_signature_parse(longest, &signature, &err), LANES_OK);
    cr_expect_eq(lanes_signature_operand_count(&signature), LANES_OPERANDS_MAX);
    lanes_signature_format(&signature, text);
    cr_expect_str_eq(text, longest);
}

Test(kernel_signature, refusals_point_at_the_character)
{
    static const struct {
        const char *text;
        const char *fragment;
    } cases[] = {
        {"", "'' at character 1"},
        {"f8", "expected '(' at character 3"},
        {"f8(", "'' at character 4"},
        {"f8()", "'' at character 4"},
        {"f8(f8", "expected ')' at character 6"},
        {"f8(f8,)", "'' at character 7"},
        {"f8(f8)x", "unexpected 'x' at character 7"},
        {"f9(f8)", "'f9' at character 1 is not one of i4 i8 f4 f8"},
        {"f8(f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8)", "more than 15 inputs"},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        lanes_signature signature;
        cr_expect_eq(lanes_signature_parse(cases[i].text, &signature, &err),
                     LANES_E_IR_SIGNATURE, "%s", cases[i].text);
        cr_expect(strstr(err.message, cases[i].fragment) != NULL, "'%s' lacks '%s'",
                  err.message, cases[i].fragment);
    }
}

Test(kernel_signature, different_signatures_are_not_equal)
{
    static const char *const texts[] = {"f8(f8)", "f8(f4)", "f4(f8)", "f8(f8,f8)"};
    lanes_signature signature[LANES_ARRAY_COUNT(texts)];
    for (size_t i = 0; i < LANES_ARRAY_COUNT(texts); i++) {
        cr_assert_eq(lanes_signature_parse(texts[i], &signature[i], &err), LANES_OK);
    }
    for (size_t i = 0; i < LANES_ARRAY_COUNT(texts); i++) {
        for (size_t j = 0; j < LANES_ARRAY_COUNT(texts); j++) {
            cr_expect_eq(lanes_signature_equal(&signature[i], &signature[j]), i == j);
        }
    }
}

Test(kernel_variant, keys_compare_and_print)
{
    lanes_signature signature;
    lanes_variant_key contiguous;
    char text[64];
    cr_assert_eq(lanes_signature_parse("f8(f8,f8)", &signature, &err), LANES_OK);
    lanes_variant_key_contiguous(&signature, &contiguous);
    lanes_variant_key uniform = contiguous;
    cr_expect(lanes_variant_key_equal(&contiguous, &uniform));
    uniform.layout[1] = LANES_LAYOUT_UNIFORM;
    cr_expect_not(lanes_variant_key_equal(&contiguous, &uniform));
    lanes_variant_key_format(&uniform, 3, text, sizeof(text));
    cr_expect_str_eq(text, "contiguous,uniform,contiguous");
    char small[12];
    lanes_variant_key_format(&uniform, 3, small, sizeof(small));
    cr_expect_str_eq(small, "contiguous,");
}
