/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_mangle.h - argument types from the name that Numba gave a function.
 *
 * Numba mangles as the Itanium C++ ABI does (numba/core/itanium_mangler.py):
 *
 *   _ZN <length><name part>... [B<length><tag>]... E <type>...
 *
 * IR does not tell signed from unsigned, bool from a byte, a complex number from two
 * floats or a params block from a row; the name does.
 */
#ifndef LANES_CODEGEN_MANGLE_H
#define LANES_CODEGEN_MANGLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LANES_MANGLE_ARGUMENTS_MAX 64

enum lanes_mangle_kind {
    LANES_MANGLE_SCALAR = 1, /* dtype */
    LANES_MANGLE_POINTER,    /* to dtype */
    LANES_MANGLE_VOID_POINTER,
    LANES_MANGLE_OTHER /* a type that is no number: `text` names it */
};

/** One argument; tuples are flattened into several. */
typedef struct lanes_mangle_argument {
    enum lanes_mangle_kind kind;
    uint32_t dtype;   /* enum lanes_dtype */
    const char *text; /* OTHER: its name inside the mangled one, text_length long */
    uint32_t text_length;
} lanes_mangle_argument;

/**
 * Read the argument types out of @p name.
 *
 * @param out_arguments  [LANES_MANGLE_ARGUMENTS_MAX]
 * @return false if @p name is not such a name, or has more arguments
 */
bool lanes_mangle_arguments(const char *name, lanes_mangle_argument *out_arguments,
                            uint32_t *out_count);

/** Undo the escapes, `_3c` or `$3c`, of text[0..length) into @p out, for error texts. */
void lanes_mangle_unescape(const char *text, size_t length, char *out, size_t out_bytes);

#endif /* LANES_CODEGEN_MANGLE_H */
