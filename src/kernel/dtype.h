/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dtype.h - element types: sizes and NumPy letters. Codes are enum lanes_dtype.
 */
#ifndef LANES_KERNEL_DTYPE_H
#define LANES_KERNEL_DTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lanes/abi.h>

/** Bytes of one element; 0 if @p dtype is not a dtype. */
uint32_t lanes_dtype_bytes(uint32_t dtype);

/** NumPy letters such as "f8"; "?" if @p dtype is not a dtype. Static string. */
const char *lanes_dtype_name(uint32_t dtype);

/** The dtype whose letters are text[0..length), LANES_DTYPE_NONE if none. */
uint32_t lanes_dtype_parse(const char *text, size_t length);

/** True for f4 and f8. */
bool lanes_dtype_is_float(uint32_t dtype);

/** "i4 i8 f4 f8": every dtype, for error texts. Static string. */
const char *lanes_dtype_all_names(void);

#endif /* LANES_KERNEL_DTYPE_H */
