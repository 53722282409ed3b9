/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache_folder.c - how large the folder is, and what of it goes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cache/cache_internal.h"

/* Unit in which most file systems hand out space. */
#define BLOCK_BYTES 4096u

/* Nobody writes an entry for so long: who began it has died. */
#define TEMPORARY_NS UINT64_C(3600000000000)

/* Entries that a sweep starts with room for. */
#define FOUND_START 256u

void lanes_cache_path(const lanes_cache *cache, const char *name,
                      char path[LANES_OS_PATH_MAX])
{
    const size_t length = strlen(cache->path);
    memcpy(path, cache->path, length);
    path[length] = '/';
    memcpy(path + length + 1, name, strlen(name) + 1);
}

uint64_t lanes_cache_disk_bytes(uint64_t bytes)
{
    return (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
}

struct found {
    char name[LANES_CACHE_NAME_MAX];
    uint64_t used_ns; /* when it was used last */
    uint64_t bytes;   /* on disk */
};

struct sweep {
    const lanes_cache *cache;
    uint64_t now_ns;
    uint64_t bytes;
    struct found *found; /* owned */
    size_t count;
    size_t capacity;
};

static void delete_file(const char *path)
{
    LANES_IGNORE(lanes_os_file_delete(path, NULL) < 0, "the next sweep tries again");
}

static bool add_found(struct sweep *sweep, const struct found *found)
{
    if (sweep->count == sweep->capacity) {
        const size_t capacity = sweep->capacity > 0 ? 2 * sweep->capacity : FOUND_START;
        struct found *larger = realloc(sweep->found, capacity * sizeof(*larger));
        if (larger == NULL) {
            return false;
        }
        sweep->found = larger;
        sweep->capacity = capacity;
    }
    sweep->found[sweep->count++] = *found;
    sweep->bytes += found->bytes;
    return true;
}

static bool on_entry(void *ctx, const char *name)
{
    struct sweep *sweep = ctx;
    enum lanes_cache_kind kind;
    lanes_cache_key key;
    const enum lanes_cache_file file = lanes_cache_name_parse(name, &kind, &key);
    if (file == LANES_CACHE_FILE_FOREIGN) {
        return true;
    }
    char path[LANES_OS_PATH_MAX];
    struct found found = {.bytes = 0};
    lanes_cache_path(sweep->cache, name, path);
    if (lanes_os_path_facts(path, &found.bytes, &found.used_ns, NULL) < 0) {
        return true; /* another process has removed it */
    }
    found.bytes = lanes_cache_disk_bytes(found.bytes);
    if (file == LANES_CACHE_FILE_TEMPORARY) {
        if (found.used_ns + TEMPORARY_NS < sweep->now_ns) {
            delete_file(path);
        }
        return true;
    }
    memcpy(found.name, name, strlen(name) + 1);
    return add_found(sweep, &found);
}

static int compare_use(const void *left, const void *right)
{
    const struct found *a = left;
    const struct found *b = right;
    return (a->used_ns > b->used_ns) - (a->used_ns < b->used_ns);
}

static uint64_t wall_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void lanes_cache_sweep(lanes_cache *cache)
{
    struct sweep sweep = {.cache = cache, .now_ns = wall_clock_ns()};
    if (lanes_os_folder_list(cache->path, on_entry, &sweep, NULL) == LANES_OK &&
        sweep.bytes > cache->limit_bytes) {
        qsort(sweep.found, sweep.count, sizeof(sweep.found[0]), compare_use);
        const uint64_t goal_bytes = cache->limit_bytes - cache->limit_bytes / 8;
        for (size_t i = 0; i < sweep.count && sweep.bytes > goal_bytes; i++) {
            char path[LANES_OS_PATH_MAX];
            lanes_cache_path(cache, sweep.found[i].name, path);
            delete_file(path);
            sweep.bytes -= sweep.found[i].bytes;
        }
        cache->read_mtime_ns = 0;
    }
    free(sweep.found);
    cache->is_measured = true;
    cache->used_bytes = sweep.bytes;
    cache->written_bytes = 0;
}

struct measure {
    const lanes_cache *cache;
    lanes_cache_usage usage;
};

static bool on_measured(void *ctx, const char *name)
{
    struct measure *measure = ctx;
    enum lanes_cache_kind kind;
    lanes_cache_key key;
    char path[LANES_OS_PATH_MAX];
    uint64_t bytes = 0;
    uint64_t used_ns = 0;
    if (lanes_cache_name_parse(name, &kind, &key) != LANES_CACHE_FILE_ENTRY) {
        return true; /* its name may be longer than a path has room for */
    }
    lanes_cache_path(measure->cache, name, path);
    if (lanes_os_path_facts(path, &bytes, &used_ns, NULL) == LANES_OK) {
        measure->usage.entries++;
        measure->usage.bytes += lanes_cache_disk_bytes(bytes);
    }
    return true;
}

void lanes_cache_measure(lanes_cache *cache, lanes_cache_usage *out_usage)
{
    const uint64_t now_ns = lanes_clock_ns();
    uint64_t bytes = 0;
    uint64_t mtime_ns = 0;
    LANES_IGNORE(lanes_os_path_facts(cache->path, &bytes, &mtime_ns, NULL) < 0,
                 "a folder that is not there has no entries");
    const bool is_recent =
        cache->usage_ns != 0 && (now_ns - cache->usage_ns < LANES_CACHE_MEASURE_NS ||
                                 mtime_ns == cache->usage_mtime_ns);
    if (!is_recent) {
        struct measure measure = {.cache = cache};
        LANES_IGNORE(lanes_os_folder_list(cache->path, on_measured, &measure, NULL) < 0,
                     "likewise");
        cache->usage = measure.usage;
        cache->usage_ns = now_ns;
        cache->usage_mtime_ns = mtime_ns;
    }
    *out_usage = cache->usage;
}
