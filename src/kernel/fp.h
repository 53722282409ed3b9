/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fp.h - names of what may be done to floating-point arithmetic: bits of enum lanes_fp.
 */
#ifndef LANES_KERNEL_FP_H
#define LANES_KERNEL_FP_H

#include <stdbool.h>

#include <lanes/abi.h>

/** Room for all names. */
#define LANES_FP_TEXT_MAX 64

/** Read "strict", "fast" or flags with commas between them; false at a name that is none.
 */
bool lanes_fp_parse(const char *text, uint32_t *out_fp);

/** Write the same, with NUL. */
void lanes_fp_format(uint32_t fp, char text[LANES_FP_TEXT_MAX]);

#endif /* LANES_KERNEL_FP_H */
