/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base_error.c - names and texts of status codes; writing lanes_error; asserts.
 */
#include "base/base.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct status_row {
    lanes_status code;
    const char *name;
    const char *text;
};

#define STATUS_ROW(name, value, text) {-(value), "LANES_E_" #name, text},
static const struct status_row status_rows[] = {LANES_STATUS_TABLE(STATUS_ROW)};
#undef STATUS_ROW

static const struct status_row *status_find(lanes_status status)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(status_rows); i++) {
        if (status_rows[i].code == status) {
            return &status_rows[i];
        }
    }
    return NULL;
}

int lanes_status_category(lanes_status status)
{
    if (status >= 0) {
        return LANES_CATEGORY_OK;
    }
    return status >= -4095 ? LANES_CATEGORY_SYSTEM : (int)((uint32_t)-status >> 8);
}

const char *lanes_status_name(lanes_status status)
{
    if (status >= 0) {
        return "LANES_OK";
    }
    const char *name = NULL;
    if (status >= -4095) {
        name = strerrorname_np(-status);
    } else {
        const struct status_row *row = status_find(status);
        name = row != NULL ? row->name : NULL;
    }
    return name != NULL ? name : "LANES_E_?";
}

const char *lanes_status_text(lanes_status status)
{
    if (status >= 0) {
        return "success";
    }
    const char *text = NULL;
    if (status >= -4095) {
        text = strerrordesc_np(-status);
    } else {
        const struct status_row *row = status_find(status);
        text = row != NULL ? row->text : NULL;
    }
    return text != NULL ? text : "unknown status code";
}

lanes_status lanes_error_set(lanes_error *err, lanes_status code, const char *format, ...)
{
    if (err != NULL) {
        va_list arguments;
        va_start(arguments, format);
        err->code = code;
        vsnprintf(err->message, sizeof(err->message), format, arguments);
        va_end(arguments);
    }
    return code;
}

lanes_status lanes_error_errno(lanes_error *err, int errno_value, const char *format, ...)
{
    if (err != NULL) {
        char text[LANES_ERROR_TEXT_BYTES / 2];
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        return lanes_error_set(err, -errno_value, "%s: %s (%s)", text,
                               lanes_status_text(-errno_value),
                               lanes_status_name(-errno_value));
    }
    return -errno_value;
}

lanes_status lanes_error_prefix(lanes_error *err, lanes_status code, const char *format,
                                ...)
{
    if (err != NULL) {
        char prefix[128];
        char text[LANES_ERROR_TEXT_BYTES];
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(prefix, sizeof(prefix), format, arguments);
        va_end(arguments);
        memcpy(text, err->message, sizeof(text));
        text[sizeof(text) - 1] = '\0';
        size_t used = strlen(prefix);
        memcpy(err->message, prefix, used);
        memcpy(err->message + used, ": ", 2);
        used += 2;
        const size_t room = sizeof(err->message) - used - 1;
        const size_t length = strnlen(text, room);
        memcpy(err->message + used, text, length);
        err->message[used + length] = '\0';
        err->code = code;
    }
    return code;
}

void lanes_assert_fail(const char *condition, const char *file, int line)
{
    fprintf(stderr, "lanes: internal error: %s is false at %s:%d; please report this\n",
            condition, file, line);
    abort();
}
