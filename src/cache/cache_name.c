/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache_name.c - names of files: the key in hexadecimal digits and what it is the key of.
 */
#include <string.h>

#include "cache/cache_internal.h"

#define DIGITS (2 * LANES_CACHE_KEY_BYTES)

static const char digits[] = "0123456789abcdef";

static const struct {
    enum lanes_cache_kind kind;
    const char *suffix;
} kinds[] = {
    {LANES_CACHE_CODE, ".code"},
    {LANES_CACHE_REQUEST, ".request"},
};

void lanes_cache_name(char name[LANES_CACHE_NAME_MAX], enum lanes_cache_kind kind,
                      const lanes_cache_key *key)
{
    for (size_t i = 0; i < LANES_CACHE_KEY_BYTES; i++) {
        name[2 * i] = digits[key->bytes[i] >> 4];
        name[2 * i + 1] = digits[key->bytes[i] & 15];
    }
    for (size_t i = 0; i < LANES_ARRAY_COUNT(kinds); i++) {
        if (kinds[i].kind == kind) {
            memcpy(name + DIGITS, kinds[i].suffix, strlen(kinds[i].suffix) + 1);
        }
    }
}

static bool parse_digits(const char *name, lanes_cache_key *out_key)
{
    for (size_t i = 0; i < DIGITS; i++) {
        const char *found = name[i] != '\0' ? strchr(digits, name[i]) : NULL;
        if (found == NULL) {
            return false;
        }
        const uint8_t digit = (uint8_t)(found - digits);
        uint8_t *byte = &out_key->bytes[i / 2];
        *byte = (uint8_t)(i % 2 == 0 ? digit << 4 : *byte | digit);
    }
    return true;
}

enum lanes_cache_file lanes_cache_name_parse(const char *name,
                                             enum lanes_cache_kind *out_kind,
                                             lanes_cache_key *out_key)
{
    lanes_cache_key key;
    if (!parse_digits(name, &key)) {
        return LANES_CACHE_FILE_FOREIGN;
    }
    for (size_t i = 0; i < LANES_ARRAY_COUNT(kinds); i++) {
        const char *suffix = kinds[i].suffix;
        const size_t length = strlen(suffix);
        if (strncmp(name + DIGITS, suffix, length) != 0) {
            continue;
        }
        const char *rest = name + DIGITS + length;
        if (rest[0] == '.' && strlen(rest) == strlen(".XXXXXX")) {
            return LANES_CACHE_FILE_TEMPORARY; /* of lanes_os_file_replace() */
        }
        if (rest[0] == '\0') {
            *out_kind = kinds[i].kind;
            *out_key = key;
            return LANES_CACHE_FILE_ENTRY;
        }
    }
    return LANES_CACHE_FILE_FOREIGN;
}
