/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value.h - numbers as typed on the command line: 2, -1.5e3, 0x10, inf, true, 1+2j.
 *
 * Spelling is C's for real numbers and Python's for bool and complex.
 */
#ifndef LANES_CLI_VALUE_H
#define LANES_CLI_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lanes/abi.h>

/** Bytes of the largest element. */
#define VALUE_BYTES_MAX 16u

/** Room for what value_format() writes. */
#define VALUE_TEXT_MAX 80u

/** True if @p text as a whole is a number: a file of that name is "./1". */
bool value_is_number(const char *text);

/**
 * Store the number @p text as one element of @p dtype, enum lanes_dtype.
 *
 * Integers may be written as floats of that very value ("1e3"); reals become complex;
 * true and false are 1 and 0. Floats are rounded, but not to infinity.
 *
 * @return false if @p dtype cannot hold it or @p text is no number; *element may then be
 * changed
 */
bool value_store(const char *text, uint32_t dtype, void *element);

/**
 * Write the element of @p dtype in a spelling that value_store() takes back to the very
 * bits, NaN's apart: the fewest digits that do.
 */
void value_format(uint32_t dtype, const void *element, char text[VALUE_TEXT_MAX]);

/**
 * Store "NUM,NUM,..." as float64 numbers.
 *
 * @param out_values  owned by the caller, freed with free()
 * @return how many; 0 if one is no float64 number; -1 without memory
 */
int64_t value_store_list(const char *text, double **out_values);

#endif /* LANES_CLI_VALUE_H */
