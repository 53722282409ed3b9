/* SPDX-License-Identifier: Apache-2.0 */
/*
 * readable.c - names, repeated lines and remarks of a report, for people.
 */
#include "readable.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Names ------------------------------------------------------------------------- */

/* What Python puts in angle brackets, as Numba escapes it. */
static const struct {
    const char *escaped;
    const char *text;
} escapes[] = {{"_3clocals_3e", "<locals>"},
               {"_3clambda_3e", "<lambda>"},
               {"_3cdynamic_3e", "<dynamic>"}};

/* Appends one part of a name; false if it does not fit. */
static bool add_part(const char *part, size_t length, char *text, size_t text_bytes)
{
    for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
        if (length == strlen(escapes[i].escaped) &&
            memcmp(part, escapes[i].escaped, length) == 0) {
            part = escapes[i].text;
            length = strlen(part);
            break;
        }
    }
    const size_t used = strlen(text);
    const int wanted = snprintf(text + used, text_bytes - used, "%s%.*s",
                                used > 0 ? "." : "", (int)length, part);
    return (size_t)wanted < text_bytes - used;
}

bool readable_name(const char *symbol, char *text, size_t text_bytes)
{
    *text = '\0';
    bool is_read = strncmp(symbol, "_ZN", 3) == 0;
    const char *at = symbol + 3;
    while (is_read && isdigit((unsigned char)*at)) {
        char *part;
        const unsigned long length = strtoul(at, &part, 10);
        is_read = length > 0 && length <= strlen(part) &&
                  add_part(part, length, text, text_bytes);
        at = is_read ? part + length : at;
    }
    /* Tags follow, B<length><tag>, or the end of the name. */
    is_read = is_read && *text != '\0' && (*at == 'B' || *at == 'E');
    if (!is_read) {
        *text = '\0';
    }
    return is_read;
}

/* ---- Repeated lines ---------------------------------------------------------------- */

static size_t count_equal(const json_t *lines, const json_t *line)
{
    size_t count = 0;
    size_t index;
    json_t *other;
    json_array_foreach(lines, index, other)
    {
        count += json_equal(other, line) ? 1 : 0;
    }
    return count;
}

/* True if @p line is the first of its kind. */
static bool is_first(const json_t *lines, const json_t *line)
{
    size_t index = 0;
    while (!json_equal(json_array_get(lines, index), line)) {
        index++;
    }
    return json_array_get(lines, index) == line;
}

void readable_print_lines(const char *head, const json_t *lines)
{
    size_t index;
    json_t *line;
    json_array_foreach(lines, index, line)
    {
        if (!is_first(lines, line)) {
            continue;
        }
        const size_t count = count_equal(lines, line);
        printf("%s%s", head, json_string_value(line));
        if (count > 1) {
            printf(" (%zu times)", count);
        }
        putchar('\n');
    }
}

/* ---- Remarks ----------------------------------------------------------------------- */

#define NOT_VECTORIZED "loop not vectorized"
#define CALLBACK_LINES 3 /* remarks about loops inside the callback */
#define REMARK_BYTES   400

/* The remark itself, behind where it applies: a place, or "in the callback". */
static const char *message_of(const char *remark)
{
    static const char *const beginnings[] = {NOT_VECTORIZED, "vectorized loop",
                                             "interleaved loop",
                                             "the cost-model indicates"};
    const char *first = NULL;
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        const char *at = strstr(remark, beginnings[i]);
        first = at != NULL && (first == NULL || at < first) ? at : first;
    }
    return first != NULL ? first : remark;
}

static bool is_about_callback(const char *remark)
{
    return message_of(remark) != remark;
}

/* "loop not vectorized" where others say why not. */
static bool says_nothing(const json_t *remarks, const char *message)
{
    size_t index;
    json_t *other;
    if (strcmp(message, NOT_VECTORIZED) != 0) {
        return false;
    }
    json_array_foreach(remarks, index, other)
    {
        const char *text = message_of(json_string_value(other));
        if (strncmp(text, NOT_VECTORIZED ": ", sizeof(NOT_VECTORIZED) + 1) == 0) {
            return true;
        }
    }
    return false;
}

/* Adds the messages of one sort: about the callback's own loops, or about the loop. */
static json_t *select_messages(const json_t *remarks, bool about_callback)
{
    json_t *messages = json_array();
    size_t index;
    json_t *remark;
    json_array_foreach(remarks, index, remark)
    {
        const char *text = json_string_value(remark);
        if (text != NULL && is_about_callback(text) == about_callback &&
            !says_nothing(remarks, message_of(text))) {
            json_array_append_new(messages, json_string(message_of(text)));
        }
    }
    return messages;
}

/* The commonest message of @p messages that is not yet among @p told; NULL if none. */
static json_t *commonest(const json_t *messages, const json_t *told, size_t *out_count)
{
    json_t *found = NULL;
    size_t index;
    json_t *message;
    *out_count = 0;
    json_array_foreach(messages, index, message)
    {
        const size_t count = count_equal(messages, message);
        if (count > *out_count && count_equal(told, message) == 0) {
            found = message;
            *out_count = count;
        }
    }
    return found;
}

static void add_callback_lines(json_t *lines, const json_t *messages)
{
    json_t *told = json_array();
    size_t left = json_array_size(messages);
    size_t count;
    for (json_t *next = commonest(messages, told, &count);
         next != NULL && json_array_size(told) < CALLBACK_LINES;
         next = commonest(messages, told, &count)) {
        char times[32] = "";
        if (count > 1) {
            snprintf(times, sizeof(times), " (%zu times)", count);
        }
        json_array_append_new(lines, json_sprintf("in the callback: %.*s%s", REMARK_BYTES,
                                                  json_string_value(next), times));
        json_array_append(told, next);
        left -= count;
    }
    json_decref(told);
    if (left > 0) {
        json_array_append_new(
            lines, json_sprintf("and %zu more about loops in the callback; --json lists "
                                "all",
                                left));
    }
}

json_t *readable_remarks(const json_t *remarks, bool is_vectorized)
{
    json_t *lines = select_messages(remarks, false);
    if (is_vectorized) {
        return lines;
    }
    json_t *messages = select_messages(remarks, true);
    add_callback_lines(lines, messages);
    json_decref(messages);
    return lines;
}
