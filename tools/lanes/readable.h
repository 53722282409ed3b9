/* SPDX-License-Identifier: Apache-2.0 */
/*
 * readable.h - parts of a report in words for people.
 */
#ifndef LANES_CLI_READABLE_H
#define LANES_CLI_READABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * Write "numba_kernels.axpy" for the symbol "_ZN13numba_kernels4axpyB2v1...Edd" that
 * Numba gives a function.
 *
 * @return false if @p symbol is no such name; *text is then empty
 */
bool readable_name(const char *symbol, char *text, size_t text_bytes);

/**
 * Print the strings of @p lines, an array, each behind @p head: equal ones once with
 * their number.
 */
void readable_print_lines(const char *head, const json_t *lines);

/**
 * The remarks of a variant as lines: first those about the loop over the elements, then
 * the commonest about loops inside the callback, and how many are left out.
 *
 * @return new reference to an array of strings
 */
json_t *readable_remarks(const json_t *remarks, bool is_vectorized);

#endif /* LANES_CLI_READABLE_H */
