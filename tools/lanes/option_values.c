/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option_values.c - what options of `lanes run` are given, as numbers.
 */
#include "option_values.h"

#include <lanes/abi.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "kernel/dtype.h"

static const char *const errors_names[] = {
    [LANES_ERRORS_RAISE] = "raise",
    [LANES_ERRORS_MASK] = "mask",
    [LANES_ERRORS_IGNORE] = "ignore",
};

/* Longer ones would pass the end of the clock; nobody waits for them. */
#define DURATION_SECONDS_MAX 1e9

bool option_errors(const char *text, uint32_t *out_errors)
{
    for (uint32_t i = 0; i < CLI_COUNT_OF(errors_names); i++) {
        if (strcmp(errors_names[i], text) == 0) {
            *out_errors = i;
            return true;
        }
    }
    return false;
}

const char *option_errors_name(uint32_t errors)
{
    return errors_names[errors];
}

bool option_casting(const char *text, uint32_t *out_casting)
{
    for (uint32_t i = LANES_CASTING_NO; i <= LANES_CASTING_UNSAFE; i++) {
        if (strcmp(lanes_casting_name(i), text) == 0) {
            *out_casting = i;
            return true;
        }
    }
    return false;
}

bool option_denormals(const char *text, uint32_t *out_denormals)
{
    *out_denormals =
        strcmp(text, "flush") == 0 ? LANES_DENORMALS_FLUSH : LANES_DENORMALS_KEEP;
    return *out_denormals == LANES_DENORMALS_FLUSH || strcmp(text, "keep") == 0;
}

bool option_seed(const char *text, uint64_t *out_seed)
{
    char *end;
    /* strtoull() would take a sign and spaces. */
    if (*text < '0' || *text > '9') {
        return false;
    }
    const bool is_hex = text[1] == 'x' || text[1] == 'X';
    errno = 0;
    *out_seed = strtoull(text, &end, is_hex ? 16 : 10);
    return errno == 0 && *end == '\0';
}

bool option_duration(const char *text, uint64_t *out_ns)
{
    static const struct {
        const char *unit;
        double seconds;
    } rows[] = {{"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}};
    char *end;
    /* strtod() would take signs, spaces, names and hexadecimal digits. */
    if (strspn(text, "0123456789.") == 0 || text[strspn(text, "0")] == 'x') {
        return false;
    }
    const double number = strtod(text, &end);
    for (uint32_t i = 0; i < CLI_COUNT_OF(rows); i++) {
        if (strcmp(end, rows[i].unit) == 0) {
            const double seconds = number * rows[i].seconds;
            *out_ns = (uint64_t)(seconds < DURATION_SECONDS_MAX ? seconds * 1e9 : 0);
            return *out_ns != 0;
        }
    }
    return false;
}
