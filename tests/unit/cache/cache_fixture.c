/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache_fixture.c - see the header.
 */
#include "cache_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/os_file.h"

static char folder[64];
char cache_path[96];

void cache_make_folder(void)
{
    snprintf(folder, sizeof(folder), "/tmp/lanes-test-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(cache_path, sizeof(cache_path), "%s/cache", folder);
}

void cache_remove_folder(void)
{
    char command[96];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

lanes_cache *cache_open_ok(uint64_t limit_bytes)
{
    lanes_cache *cache = NULL;
    lanes_error err;
    const lanes_status status = lanes_cache_open(cache_path, limit_bytes, &cache, &err);
    cr_assert_eq(status, LANES_OK, "%s", status < 0 ? err.message : "");
    return cache;
}

lanes_cache_key cache_key(uint8_t number)
{
    lanes_cache_key key;
    memset(&key, 0xa5, sizeof(key));
    key.bytes[0] = number;
    return key;
}

lanes_status cache_write_bytes(lanes_cache *cache, uint8_t number, size_t bytes)
{
    const lanes_cache_key key = cache_key(number);
    char *data = malloc(bytes);
    memset(data, number, bytes);
    const lanes_cache_part part = {data, bytes};
    const lanes_status status =
        lanes_cache_write(cache, LANES_CACHE_CODE, &key, &part, 1, NULL);
    free(data);
    return status;
}

const char *cache_entry_path(enum lanes_cache_kind kind, uint8_t number)
{
    static char path[256];
    const lanes_cache_key key = cache_key(number);
    int length = snprintf(path, sizeof(path), "%s/", cache_path);
    for (size_t i = 0; i < sizeof(key.bytes); i++) {
        length +=
            snprintf(path + length, sizeof(path) - (size_t)length, "%02x", key.bytes[i]);
    }
    snprintf(path + length, sizeof(path) - (size_t)length, "%s",
             kind == LANES_CACHE_CODE ? ".code" : ".request");
    return path;
}

lanes_status cache_read_bytes(lanes_cache *cache, uint8_t number, size_t bytes)
{
    const lanes_cache_key key = cache_key(number);
    char *data = NULL;
    size_t got = 0;
    const lanes_status status =
        lanes_cache_read(cache, LANES_CACHE_CODE, &key, &data, &got, NULL);
    if (status == LANES_OK) {
        cr_assert_eq(got, bytes, "%zu bytes", got);
        for (size_t i = 0; i < bytes; i++) {
            cr_assert_eq((uint8_t)data[i], number, "byte %zu", i);
        }
        free(data);
    }
    return status;
}

static bool count_entry(void *ctx, const char *name)
{
    (void)name;
    ++*(unsigned *)ctx;
    return true;
}

unsigned cache_count_files(void)
{
    unsigned count = 0;
    cr_assert_eq(lanes_os_folder_list(cache_path, count_entry, &count, NULL), LANES_OK);
    return count;
}
