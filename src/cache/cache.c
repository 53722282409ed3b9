/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache.c - opening the folder, reading, writing and listing entries.
 */
#include "cache/cache.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cache/cache_internal.h"
#include "os/os_failpoint.h"
#include "os/os_memory.h"
#include "os/os_process.h"

#define ROOM "cache"

/* ---- Open ---------------------------------------------------------------------------
 */

/* The folder is looked at before each write: users delete caches while they are in use.
 */
static lanes_status prepare_folder(const char *path, lanes_error *err)
{
    LANES_TRY(lanes_os_folder_make_above(path, err));
    return lanes_os_folder_ensure_closed(path, err);
}

lanes_status lanes_cache_open(const char *path, uint64_t limit_bytes,
                              lanes_cache **out_cache, lanes_error *err)
{
    lanes_cache *cache = calloc(1, sizeof(*cache));
    if (cache == NULL) {
        return lanes_error_set(err, -ENOMEM, "no memory for the code cache");
    }
    const size_t length = strlen(path);
    lanes_status status = LANES_OK;
    if (path[0] != '/') {
        status = lanes_error_set(err, LANES_E_INVALID,
                                 "the code cache's folder '%.200s' is not an absolute "
                                 "path",
                                 path);
    } else if (length >= sizeof(cache->path)) {
        status = lanes_error_set(err, -ENAMETOOLONG,
                                 "the path of the code cache's folder has %zu bytes; the "
                                 "limit is %zu",
                                 length, sizeof(cache->path) - 1);
    } else {
        memcpy(cache->path, path, length + 1);
        cache->limit_bytes = limit_bytes;
        status = prepare_folder(cache->path, err);
    }
    if (status < 0) {
        lanes_cache_close(cache);
        return status;
    }
    *out_cache = cache;
    return LANES_OK;
}

void lanes_cache_close(lanes_cache *cache)
{
    if (cache != NULL) {
        free(cache->keys);
        free(cache);
    }
}

/* ---- Keys ---------------------------------------------------------------------------
 */

static bool add_key(lanes_cache *cache, const lanes_cache_key *key)
{
    if (cache->key_count == cache->key_capacity) {
        const uint32_t capacity = 2 * cache->key_capacity + 64;
        lanes_cache_key *larger =
            realloc(cache->keys, capacity * sizeof(lanes_cache_key));
        if (larger == NULL) {
            return false; /* code that is not known to be there is made again */
        }
        cache->keys = larger;
        cache->key_capacity = capacity;
    }
    cache->keys[cache->key_count++] = *key;
    return true;
}

static bool on_entry(void *ctx, const char *name)
{
    lanes_cache *cache = ctx;
    enum lanes_cache_kind kind;
    lanes_cache_key key;
    return lanes_cache_name_parse(name, &kind, &key) != LANES_CACHE_FILE_ENTRY ||
           kind != LANES_CACHE_CODE || add_key(cache, &key);
}

static uint64_t folder_mtime_ns(const lanes_cache *cache)
{
    uint64_t bytes = 0;
    uint64_t mtime_ns = 0;
    LANES_IGNORE(lanes_os_path_facts(cache->path, &bytes, &mtime_ns, NULL) < 0,
                 "a folder that is not there has no entries either");
    return mtime_ns;
}

uint32_t lanes_cache_code_keys(lanes_cache *cache, void *out_keys, uint32_t keys_max)
{
    const uint64_t mtime_ns = folder_mtime_ns(cache);
    if (mtime_ns == 0 || mtime_ns != cache->read_mtime_ns) {
        cache->key_count = 0;
        LANES_IGNORE(lanes_os_folder_list(cache->path, on_entry, cache, NULL) < 0,
                     "then what was found so far is offered");
        cache->read_mtime_ns = mtime_ns;
    }
    const uint32_t count = cache->key_count < keys_max ? cache->key_count : keys_max;
    if (count > 0) {
        memcpy(out_keys, cache->keys, count * sizeof(cache->keys[0]));
    }
    return count;
}

/* ---- Read ---------------------------------------------------------------------------
 */

static void find_path(const lanes_cache *cache, enum lanes_cache_kind kind,
                      const lanes_cache_key *key, char path[LANES_OS_PATH_MAX])
{
    char name[LANES_CACHE_NAME_MAX];
    lanes_cache_name(name, kind, key);
    lanes_cache_path(cache, name, path);
}

static lanes_status read_open(int fd, enum lanes_cache_kind kind,
                              const lanes_cache_key *key, char **out_data,
                              size_t *out_bytes, lanes_error *err)
{
    lanes_os_facts facts;
    lanes_cache_header header;
    LANES_TRY(lanes_os_fd_facts(fd, &facts, err));
    if (facts.object == LANES_OS_OBJECT_OTHER || facts.owner != lanes_os_uid()) {
        return lanes_error_set(err, LANES_E_FORMAT, "it is not a file of our own");
    }
    if (facts.bytes <= sizeof(header) || facts.bytes > LANES_CACHE_ENTRY_BYTES_MAX) {
        return lanes_error_set(err, LANES_E_FORMAT,
                               "it has %" PRIu64 " bytes; more than %zu are possible",
                               facts.bytes, sizeof(header));
    }
    LANES_TRY(lanes_os_read_at(fd, &header, sizeof(header), 0, err));
    LANES_TRY(lanes_cache_header_check(&header, kind, key, facts.bytes, err));
    char *data = malloc(header.bytes);
    if (data == NULL) {
        return lanes_error_set(err, -ENOMEM, "no memory for its %" PRIu64 " bytes",
                               header.bytes);
    }
    /* Into memory of our own: a file that somebody cuts short meanwhile is an error here
     * and would be a SIGBUS in a mapping. */
    lanes_status status = lanes_os_read_at(fd, data, header.bytes, sizeof(header), err);
    if (status == LANES_OK) {
        status = lanes_cache_entry_check(&header, data, err);
    }
    if (status < 0) {
        free(data);
        return status;
    }
    *out_data = data;
    *out_bytes = header.bytes;
    return LANES_OK;
}

lanes_status lanes_cache_read(lanes_cache *cache, enum lanes_cache_kind kind,
                              const lanes_cache_key *key, char **out_data,
                              size_t *out_bytes, lanes_error *err)
{
    char path[LANES_OS_PATH_MAX];
    int fd = -1;
    find_path(cache, kind, key, path);
    lanes_status status = lanes_os_file_open(path, LANES_OS_OPEN_NO_LINK, &fd, err);
    if (status == LANES_OK) {
        status = read_open(fd, kind, key, out_data, out_bytes, err);
        lanes_os_close(&fd);
    } else if (status == -ELOOP) {
        status = lanes_error_set(err, LANES_E_FORMAT, "it is a symbolic link");
    }
    if (status == LANES_E_FORMAT) {
        lanes_cache_remove(cache, kind, key);
        return lanes_error_prefix(err, status, "'%.180s'", path);
    }
    if (status == LANES_OK) {
        lanes_os_file_touch(path);
    }
    return status;
}

void lanes_cache_touch(const lanes_cache *cache, enum lanes_cache_kind kind,
                       const lanes_cache_key *key)
{
    char path[LANES_OS_PATH_MAX];
    find_path(cache, kind, key, path);
    lanes_os_file_touch(path);
}

void lanes_cache_remove(lanes_cache *cache, enum lanes_cache_kind kind,
                        const lanes_cache_key *key)
{
    char path[LANES_OS_PATH_MAX];
    find_path(cache, kind, key, path);
    LANES_IGNORE(lanes_os_file_delete(path, NULL) < 0, "then it is found again");
    for (uint32_t i = 0; kind == LANES_CACHE_CODE && i < cache->key_count; i++) {
        if (memcmp(&cache->keys[i], key, sizeof(*key)) == 0) {
            cache->keys[i--] = cache->keys[--cache->key_count];
        }
    }
}

/* ---- Write --------------------------------------------------------------------------
 */

/* Header and parts as one block, to be freed; NULL if there is no memory. */
static char *assemble(const lanes_cache_header *header, const lanes_cache_part *parts,
                      size_t part_count)
{
    char *file = malloc(sizeof(*header) + header->bytes);
    if (file == NULL) {
        return NULL;
    }
    memcpy(file, header, sizeof(*header));
    char *at = file + sizeof(*header);
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].bytes > 0) {
            memcpy(at, parts[i].data, parts[i].bytes);
        }
        at += parts[i].bytes;
    }
    return file;
}

/* A change of the folder by ourselves is no reason to read it again. */
static void note_own_write(lanes_cache *cache, enum lanes_cache_kind kind,
                           const lanes_cache_key *key, uint64_t mtime_before_ns)
{
    const bool was_read = mtime_before_ns != 0 && cache->read_mtime_ns == mtime_before_ns;
    if (was_read && (kind != LANES_CACHE_CODE || add_key(cache, key))) {
        cache->read_mtime_ns = folder_mtime_ns(cache);
    }
}

/* Others write, too: measure again when we alone have written a part of the limit. */
static void limit_size(lanes_cache *cache, uint64_t bytes)
{
    cache->used_bytes += bytes;
    cache->written_bytes += bytes;
    if (!cache->is_measured || cache->used_bytes > cache->limit_bytes ||
        cache->written_bytes > cache->limit_bytes / 8) {
        lanes_cache_sweep(cache);
    }
}

void lanes_cache_limit(lanes_cache *cache, uint64_t limit_bytes)
{
    if (cache != NULL) {
        cache->limit_bytes = limit_bytes;
        limit_size(cache, 0);
    }
}

lanes_status lanes_cache_write(lanes_cache *cache, enum lanes_cache_kind kind,
                               const lanes_cache_key *key, const lanes_cache_part *parts,
                               size_t part_count, lanes_error *err)
{
    lanes_cache_header header;
    lanes_cache_header_init(&header, kind, key, parts, part_count);
    const uint64_t file_bytes = sizeof(header) + header.bytes;
    const uint64_t most_bytes = cache->limit_bytes - cache->limit_bytes / 8;
    if (header.bytes == 0 || file_bytes > LANES_CACHE_ENTRY_BYTES_MAX ||
        lanes_cache_disk_bytes(file_bytes) > most_bytes) {
        return lanes_error_set(err, LANES_E_QUOTA,
                               "an entry of %" PRIu64
                               " bytes does not fit into a code cache of %" PRIu64,
                               header.bytes, cache->limit_bytes);
    }
    LANES_TRY(prepare_folder(cache->path, err));
    char *file = assemble(&header, parts, part_count);
    if (file == NULL) {
        return lanes_error_set(err, -ENOMEM, "no memory for an entry of the code cache");
    }
    char path[LANES_OS_PATH_MAX];
    find_path(cache, kind, key, path);
    const uint64_t mtime_ns = folder_mtime_ns(cache);
    const lanes_status status = lanes_os_file_replace(path, file, file_bytes, err);
    LANES_FAILPOINT(CACHE_WRITTEN);
    free(file);
    if (status == LANES_OK) {
        note_own_write(cache, kind, key, mtime_ns);
        limit_size(cache, lanes_cache_disk_bytes(file_bytes));
    }
    return status;
}
