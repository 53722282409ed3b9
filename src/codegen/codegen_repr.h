/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_repr.h - Python values as text, into a buffer of fixed size.
 */
#ifndef LANES_CODEGEN_REPR_H
#define LANES_CODEGEN_REPR_H

#include <stdbool.h>
#include <stddef.h>

/** A text that grows up to its buffer's size, then ends in "..." and stays as it is. */
typedef struct lanes_repr {
    char *text; /* borrowed; always NUL-terminated */
    size_t size;
    size_t used;
    bool is_full;
} lanes_repr;

/** An empty text in @p buffer, which has at least 4 bytes. */
lanes_repr lanes_repr_begin(char *buffer, size_t size);

/** Add ASCII as it is. */
void lanes_repr_add(lanes_repr *repr, const char *text);

/** Add UTF-8 without quotes, what cannot be printed as \xNN, \uNNNN or \UNNNNNNNN. */
void lanes_repr_add_name(lanes_repr *repr, const unsigned char *text, size_t bytes);

/**
 * Add a string as Python's repr() writes it, except that "{}" in it becomes "\x7b}".
 * Bytes that are not UTF-8 become \xNN.
 */
void lanes_repr_add_string(lanes_repr *repr, const unsigned char *text, size_t bytes);

/** Add bytes as Python's repr() writes them: b'\x00a'. */
void lanes_repr_add_bytes(lanes_repr *repr, const unsigned char *bytes, size_t count);

/** Add a number as Python's repr() writes it: the shortest text that reads back equal. */
void lanes_repr_add_float(lanes_repr *repr, double value);

#endif /* LANES_CODEGEN_REPR_H */
