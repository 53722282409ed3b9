/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_internal.h - shared by the files of src/kernel/.
 */
#ifndef LANES_KERNEL_INTERNAL_H
#define LANES_KERNEL_INTERNAL_H

#include "kernel/dtype.h"

/** Longest name of a type, such as "unsigned long long int", with NUL. */
#define LANES_KERNEL_NAME_MAX 32

/**
 * Look up the name of a scalar type in NumPy, Numba or C, or of void, for which
 * *out_dtype is LANES_DTYPE_NONE. Words of C's names are one space apart.
 *
 * @return false if @p name is unknown or ambiguous
 */
bool lanes_kernel_name_find(const char *name, uint32_t *out_dtype);

/** What an ambiguous @p name can mean, for an error text; NULL if it is not ambiguous. */
const char *lanes_kernel_name_meanings(const char *name);

/** True if word[0..length) is one of those that C combines to names. */
bool lanes_kernel_name_is_c_word(const char *word, size_t length);

#endif /* LANES_KERNEL_INTERNAL_H */
