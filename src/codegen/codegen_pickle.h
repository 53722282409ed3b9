/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_pickle.h - what an exception's pickle says, for people.
 *
 * Unpickling runs code that the pickle names; this reader only follows its bytes. Numba
 * pickles (class, arguments, location or None) by pickle or cloudpickle, protocols 2
 * to 5.
 */
#ifndef LANES_CODEGEN_PICKLE_H
#define LANES_CODEGEN_PICKLE_H

#include "base/base.h"
#include "kernel/payload.h"

/** A pickled exception as text. Each text is UTF-8, and ends in "..." where it was cut.
 */
typedef struct lanes_pickle_exception {
    char type[sizeof(((lanes_payload *)0)->type)]; /* "ValueError"; "" = not found */
    /**
     * The arguments as Python writes them: "'negative', -2.5, {}". {} stands for one that
     * the element computes; within a string that pair of characters is '\x7b}'.
     */
    char message[sizeof(((lanes_payload *)0)->message)];
    char location[sizeof(((lanes_payload *)0)->location)]; /* "f (file.py:12)", or "" */
    uint32_t computed_count; /* arguments that the element computes */
} lanes_pickle_exception;

/**
 * True if @p pickle begins and ends as a pickle of protocols 2 to 5 does. Cheap: looks at
 * three bytes.
 */
bool lanes_pickle_is_likely(const unsigned char *pickle, size_t bytes);

/**
 * Read the pickle of an exception.
 *
 * Takes time and memory in proportion to @p bytes, and reads nothing outside of them.
 *
 * @param pickle         borrowed
 * @param out_exception  always written; all "" and 0 on false
 * @return false if it is no pickle of an exception, uses an opcode that neither pickle
 *   nor cloudpickle writes, holds more than 2^20 values, or if there is no memory
 */
bool lanes_pickle_read_exception(const unsigned char *pickle, size_t bytes,
                                 lanes_pickle_exception *out_exception);

/**
 * Read the pickle of a string: UTF-8, with U+FFFD for surrogates.
 *
 * @param pickle      borrowed
 * @param out_text    [room]; receives *out_bytes bytes, without NUL, of whole characters
 * @param out_is_cut  there was more of it
 * @return false if it is a pickle of something else, damaged, or none; nothing is written
 *   then
 */
bool lanes_pickle_read_string(const unsigned char *pickle, size_t bytes,
                              unsigned char *out_text, size_t room, size_t *out_bytes,
                              bool *out_is_cut);

#endif /* LANES_CODEGEN_PICKLE_H */
