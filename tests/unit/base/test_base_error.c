/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Status codes are unique, categorised, named and described; error texts are written,
 * prefixed and cut to their room.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "base/base.h"

struct row {
    const char *name;
    lanes_status code;
};
#define ROW(name, value, text) {"LANES_E_" #name, LANES_E_##name},
static const struct row rows[] = {LANES_STATUS_TABLE(ROW)};

Test(base_error, codes_are_unique_named_and_described)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        cr_expect_str_eq(lanes_status_name(rows[i].code), rows[i].name);
        cr_expect_gt(strlen(lanes_status_text(rows[i].code)), 10);
        for (size_t j = i + 1; j < LANES_ARRAY_COUNT(rows); j++) {
            cr_expect_neq(rows[i].code, rows[j].code);
        }
    }
}

Test(base_error, categories_follow_the_code)
{
    cr_expect_eq(lanes_status_category(LANES_OK), LANES_CATEGORY_OK);
    cr_expect_eq(lanes_status_category(7), LANES_CATEGORY_OK);
    cr_expect_eq(lanes_status_category(-ENOSPC), LANES_CATEGORY_SYSTEM);
    cr_expect_eq(lanes_status_category(LANES_E_SPAN), LANES_CATEGORY_USAGE);
    cr_expect_eq(lanes_status_category(LANES_E_RING_FULL), LANES_CATEGORY_FLOW);
    cr_expect_eq(lanes_status_category(LANES_E_PEER_GONE), LANES_CATEGORY_PEER);
    cr_expect_eq(lanes_status_category(LANES_E_IR_PARSE), LANES_CATEGORY_IR);
    cr_expect_eq(lanes_status_category(LANES_E_KERNEL_RAISED), LANES_CATEGORY_RUN);
    cr_expect_eq(lanes_status_category(LANES_E_INTERNAL), LANES_CATEGORY_INTERNAL);
}

Test(base_error, errno_values_have_the_systems_names)
{
    cr_expect_str_eq(lanes_status_name(-ENOSPC), "ENOSPC");
    cr_expect_str_eq(lanes_status_text(-ENOSPC), "No space left on device");
    cr_expect_str_eq(lanes_status_name(-4000), "LANES_E_?");
    cr_expect_str_eq(lanes_status_text(-0x10ff), "unknown status code");
}

Test(base_error, set_fills_code_and_text)
{
    lanes_error err;
    cr_expect_eq(lanes_error_set(&err, LANES_E_SPAN, "operand %d", 3), LANES_E_SPAN);
    cr_expect_eq(err.code, LANES_E_SPAN);
    cr_expect_str_eq(err.message, "operand 3");
    cr_expect_eq(lanes_error_set(NULL, LANES_E_SPAN, "unseen"), LANES_E_SPAN);
}

Test(base_error, errno_text_names_the_error)
{
    lanes_error err;
    cr_expect_eq(lanes_error_errno(&err, EACCES, "open '%s'", "x"), -EACCES);
    cr_expect_str_eq(err.message, "open 'x': Permission denied (EACCES)");
    cr_expect_eq(lanes_error_errno(NULL, EACCES, "unseen"), -EACCES);
}

Test(base_error, prefix_goes_before_the_text)
{
    lanes_error err;
    lanes_error_set(&err, LANES_E_SPAN, "too far");
    cr_expect_eq(lanes_error_prefix(&err, LANES_E_SPAN, "operand %d", 2), LANES_E_SPAN);
    cr_expect_str_eq(err.message, "operand 2: too far");
}

Test(base_error, long_texts_are_cut_not_overrun)
{
    lanes_error err;
    char text[2 * LANES_ERROR_TEXT_BYTES];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    lanes_error_set(&err, LANES_E_SPAN, "%s", text);
    cr_expect_eq(strlen(err.message), LANES_ERROR_TEXT_BYTES - 1);
    lanes_error_prefix(&err, LANES_E_SPAN, "%s", text);
    cr_expect_eq(strlen(err.message), LANES_ERROR_TEXT_BYTES - 1);
    lanes_error_errno(&err, EACCES, "%s", text);
    cr_expect_lt(strlen(err.message), LANES_ERROR_TEXT_BYTES);
}

Test(base_checked, sizes_do_not_wrap)
{
    uint64_t value;
    cr_expect_not(lanes_mul_u64(UINT64_MAX, 2, &value));
    cr_expect_not(lanes_add_u64(UINT64_MAX, 1, &value));
    cr_expect_not(lanes_align_up_u64(UINT64_MAX - 5, 64, &value));
    cr_expect(lanes_align_up_u64(65, 64, &value));
    cr_expect_eq(value, 128);
    cr_expect(lanes_align_up_u64(64, 64, &value));
    cr_expect_eq(value, 64);
}

Test(base_clock, time_goes_forward)
{
    const uint64_t first = lanes_clock_ns();
    cr_expect_geq(lanes_clock_ns(), first);
}
