/* SPDX-License-Identifier: Apache-2.0 */
/*
 * raised.h - the exception that the first failing element of a batch raised.
 */
#ifndef LANES_CLI_RAISED_H
#define LANES_CLI_RAISED_H

#include <stdbool.h>

#include <lanes/error.h>

/** An exception as Python would print it: type(message). */
typedef struct raised_exception {
    char type[128];                       /* "ValueError" */
    char message[LANES_ERROR_TEXT_BYTES]; /* its arguments: "'negative', -2.0" */
} raised_exception;

/**
 * Find "ValueError('negative', -2.0)" in "callback raised ValueError('negative', -2.0)
 * for 1 of 10 elements, first at index 3". Arguments that were cut end in "...", or where
 * the sentence does.
 *
 * @return false if @p sentence does not say "raised CLASS("
 */
bool raised_parse(const char *sentence, raised_exception *out_exception);

#endif /* LANES_CLI_RAISED_H */
