/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repr.h - Python values as text, into a buffer of fixed size.
 *
 * The compiler writes what an exception's pickle says, the executor what its callback
 * computed for it; both in one sentence.
 */
#ifndef LANES_KERNEL_REPR_H
#define LANES_KERNEL_REPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * A text that grows up to its buffer's size, then ends in "..." and stays as it is. It is
 * never cut inside a character.
 */
typedef struct lanes_repr {
    char *text; /* borrowed; always NUL-terminated */
    size_t size;
    size_t used;
    bool is_full;
    bool is_pattern; /* "{}" has a meaning: in strings and bytes it becomes "\x7b}" */
} lanes_repr;

/** True if @p text is UTF-8. Surrogates, which Python writes like characters, are, too.
 */
bool lanes_repr_is_utf8(const unsigned char *text, size_t bytes);

/** An empty text in @p buffer, which has at least 4 bytes. */
lanes_repr lanes_repr_begin(char *buffer, size_t size);

/** Add ASCII as it is, or nothing of it. */
void lanes_repr_add(lanes_repr *repr, const char *text);

/** Add UTF-8 without quotes, what cannot be printed as \xNN, \uNNNN or \UNNNNNNNN. */
void lanes_repr_add_name(lanes_repr *repr, const unsigned char *text, size_t bytes);

/**
 * Add a string as Python's repr() writes it, 'abc...' if there is no room for all of it.
 * Bytes that are not UTF-8 become \xNN.
 */
void lanes_repr_add_string(lanes_repr *repr, const unsigned char *text, size_t bytes);

/**
 * Add a string so that it takes at most @p room bytes: 'abc...' if that is too few for
 * it, or if @p is_cut says that there was more of it. A text that goes on behind it has
 * its quotes in pairs.
 */
void lanes_repr_add_string_within(lanes_repr *repr, const unsigned char *text,
                                  size_t bytes, bool is_cut, size_t room);

/** Add bytes as Python's repr() writes them: b'\x00a'. */
void lanes_repr_add_bytes(lanes_repr *repr, const unsigned char *bytes, size_t count);

/** Add a number as Python's repr() writes it: the shortest text that reads back equal. */
void lanes_repr_add_float(lanes_repr *repr, double value);

/**
 * Add a value of @p dtype as Python's repr() writes it: True, -2, 0.1, (1+2j); the digits
 * of an f4 are those that read back as the same f4.
 *
 * @param element  borrowed; as in an array, at any address
 */
void lanes_repr_add_element(lanes_repr *repr, uint32_t dtype, const void *element);

#endif /* LANES_KERNEL_REPR_H */
