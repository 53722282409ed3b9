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

/**
 * The scalar that elements of @p dtype are made of: f4 for c8, f8 for c16, itself for all
 * others. c8 and c16 are two parts, real then imaginary; the others are one.
 */
uint32_t lanes_dtype_part(uint32_t dtype);
uint32_t lanes_dtype_part_count(uint32_t dtype);

/** True for f4 and f8. */
bool lanes_dtype_is_float(uint32_t dtype);

/** True for i1 to i8. */
bool lanes_dtype_is_signed(uint32_t dtype);

/**
 * True if numbers of dtype @p from may become @p to under @p casting (enum
 * lanes_casting): as numpy.can_cast(), but that complex numbers never become real.
 */
bool lanes_dtype_can_cast(uint32_t from, uint32_t to, uint32_t casting);

/** "same_kind"; "?" if @p casting is none. Static string. */
const char *lanes_casting_name(uint32_t casting);

/** "? i1 u1 ... c16": every dtype, for error texts. Static string. */
const char *lanes_dtype_all_names(void);

#endif /* LANES_KERNEL_DTYPE_H */
