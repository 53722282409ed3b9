/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_fp.c - see fp.h.
 */
#include "kernel/fp.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"

/* Those that stand for the whole first. */
static const struct {
    const char *name;
    uint32_t fp;
} names[] = {
    {"strict", LANES_FP_STRICT},   {"fast", LANES_FP_FAST},
    {"reassoc", LANES_FP_REASSOC}, {"nnan", LANES_FP_NNAN},
    {"ninf", LANES_FP_NINF},       {"nsz", LANES_FP_NSZ},
    {"arcp", LANES_FP_ARCP},       {"contract", LANES_FP_CONTRACT},
    {"afn", LANES_FP_AFN},
};

bool lanes_fp_parse(const char *text, uint32_t *out_fp)
{
    *out_fp = LANES_FP_STRICT;
    for (;;) {
        const size_t length = strcspn(text, ",");
        size_t i = 0;
        while (i < LANES_ARRAY_COUNT(names) &&
               (strlen(names[i].name) != length ||
                strncmp(names[i].name, text, length) != 0)) {
            i++;
        }
        if (i == LANES_ARRAY_COUNT(names)) {
            return false;
        }
        *out_fp |= names[i].fp;
        if (text[length] == '\0') {
            return true;
        }
        text += length + 1;
    }
}

void lanes_fp_format(uint32_t fp, char text[LANES_FP_TEXT_MAX])
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < LANES_ARRAY_COUNT(names) && used < LANES_FP_TEXT_MAX; i++) {
        if (names[i].fp == fp) { /* one name for all of it */
            snprintf(text, LANES_FP_TEXT_MAX, "%s", names[i].name);
            return;
        }
        if (names[i].fp != LANES_FP_FAST && (names[i].fp & fp) != 0) {
            used += (size_t)snprintf(text + used, LANES_FP_TEXT_MAX - used, "%s%s",
                                     used > 0 ? "," : "", names[i].name);
        }
    }
}
