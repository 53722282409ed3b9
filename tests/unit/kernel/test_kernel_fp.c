/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "kernel/fp.h"

Test(kernel_fp, names_of_every_set_of_flags_are_read_back)
{
    for (uint32_t fp = 0; fp <= LANES_FP_FAST; fp++) {
        char text[LANES_FP_TEXT_MAX];
        uint32_t again = ~fp;
        lanes_fp_format(fp, text);
        cr_assert(lanes_fp_parse(text, &again), "%s", text);
        cr_assert_eq(again, fp, "%s", text);
    }
}

Test(kernel_fp, other_names_are_refused)
{
    static const char *const unknown[] = {"",     ",",        "contract,", ",nsz",
                                          "Fast", "nsz nnan", "nsz,,nnan", "contrac"};
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        uint32_t fp;
        cr_assert_not(lanes_fp_parse(unknown[i], &fp), "%s", unknown[i]);
    }
}
