/* SPDX-License-Identifier: Apache-2.0 */
/*
 * raised.c - an exception out of a completion's sentence.
 *
 * Arguments are as repr() writes them, so brackets in strings do not count. Where they
 * were cut they end in "...", with quotes or brackets left open.
 */
#include "raised.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define BEFORE   " raised "
#define BEHIND   " for " /* how many elements */
#define ELLIPSIS "..."

/* The dotted name at @p text; its length, 0 if there is none. */
static size_t length_of_name(const char *text)
{
    size_t length = 0;
    while (isalnum((unsigned char)text[length]) || text[length] == '_' ||
           text[length] == '.') {
        length++;
    }
    return length > 0 && !isdigit((unsigned char)*text) ? length : 0;
}

/* What follows the string that opens at @p quote; the terminating NUL if it is cut. */
static const char *end_of_string(const char *quote)
{
    const char *at = quote + 1;
    while (*at != '\0' && *at != *quote) {
        at += at[0] == '\\' && at[1] != '\0' ? 2 : 1;
    }
    return *at != '\0' ? at + 1 : at;
}

/* Where arguments end that were cut: behind the last "..." that the sentence goes on
 * after; the terminating NUL if there is none. */
static const char *end_of_cut(const char *text)
{
    const char *end = NULL;
    const char *next = text;
    while ((next = strstr(next, ELLIPSIS)) != NULL) {
        next += strlen(ELLIPSIS);
        end = strstr(next, BEHIND) != NULL ? next : end;
    }
    return end != NULL ? end : text + strlen(text);
}

/* Where the bracket that opened before @p text closes; the terminating NUL if it is cut.
 */
static const char *closing_bracket(const char *text)
{
    unsigned depth = 1;
    while (*text != '\0') {
        if (*text == '\'' || *text == '"') {
            text = end_of_string(text);
            continue;
        }
        depth += *text == '(' ? 1u : 0u;
        depth -= *text == ')' ? 1u : 0u;
        if (depth == 0) {
            break;
        }
        text++;
    }
    return text;
}

bool raised_parse(const char *sentence, raised_exception *out_exception)
{
    const char *type = strstr(sentence, BEFORE);
    if (type == NULL) {
        return false;
    }
    type += strlen(BEFORE);
    const size_t length = length_of_name(type);
    if (length == 0 || type[length] != '(') {
        return false;
    }
    const char *arguments = type + length + 1;
    const char *end = closing_bracket(arguments);
    end = *end != '\0' ? end : end_of_cut(arguments);
    snprintf(out_exception->type, sizeof(out_exception->type), "%.*s", (int)length, type);
    snprintf(out_exception->message, sizeof(out_exception->message), "%.*s",
             (int)(end - arguments), arguments);
    return true;
}
