/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cache_entry.c - entries come back as they were written, or not at all.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/cache_internal.h"
#include "cache_fixture.h"
#include "os/os_file.h"
#include "os/os_memory.h"

static lanes_cache *cache;
static lanes_error err;

static void setup(void)
{
    cache_make_folder();
    cache = cache_open_ok(CACHE_BYTES);
}

static void teardown(void)
{
    lanes_cache_close(cache);
    cache_remove_folder();
}

TestSuite(cache_entry, .init = setup, .fini = teardown, .timeout = 30);

Test(cache_entry, parts_come_back_as_one_run_of_bytes)
{
    const lanes_cache_key key = cache_key(1);
    const lanes_cache_part parts[] = {{"head ", 5}, {NULL, 0}, {"body\0end", 9}};
    char *data = NULL;
    size_t bytes = 0;
    cr_assert_eq(lanes_cache_read(cache, LANES_CACHE_CODE, &key, &data, &bytes, &err),
                 -ENOENT);
    cr_assert_eq(lanes_cache_write(cache, LANES_CACHE_CODE, &key, parts, 3, &err),
                 LANES_OK);
    cr_assert_eq(lanes_cache_read(cache, LANES_CACHE_REQUEST, &key, &data, &bytes, &err),
                 -ENOENT, "another kind is another entry");
    cr_assert_eq(lanes_cache_read(cache, LANES_CACHE_CODE, &key, &data, &bytes, &err),
                 LANES_OK);
    cr_assert_eq(bytes, 14);
    cr_assert_eq(memcmp(data, "head body\0end", 14), 0);
    free(data);
    struct stat file;
    cr_assert_eq(stat(cache_entry_path(LANES_CACHE_CODE, 1), &file), 0);
    cr_assert_eq(file.st_mode & 07777, 0600);
}

Test(cache_entry, a_later_write_replaces)
{
    cr_assert_eq(cache_write_bytes(cache, 1, 100), LANES_OK);
    cr_assert_eq(cache_write_bytes(cache, 1, 50), LANES_OK);
    cr_assert_eq(cache_read_bytes(cache, 1, 50), LANES_OK);
    cr_assert_eq(cache_count_files(), 1, "and leaves nothing beside it");
}

Test(cache_entry, a_removed_entry_is_gone)
{
    cr_assert_eq(cache_write_bytes(cache, 1, 100), LANES_OK);
    const lanes_cache_key key = cache_key(1);
    lanes_cache_remove(cache, LANES_CACHE_CODE, &key);
    lanes_cache_remove(cache, LANES_CACHE_CODE, &key);
    cr_assert_eq(cache_read_bytes(cache, 1, 100), -ENOENT);
}

/* ---- Damage -------------------------------------------------------------------------
 */

#define BYTES 40u

/* The file of an entry of BYTES bytes, which is there after the call. */
static size_t write_and_read(char *file, size_t capacity)
{
    cr_assert_eq(cache_write_bytes(cache, 1, BYTES), LANES_OK);
    FILE *stream = fopen(cache_entry_path(LANES_CACHE_CODE, 1), "rb");
    const size_t bytes = fread(file, 1, capacity, stream);
    fclose(stream);
    cr_assert_gt(bytes, BYTES);
    cr_assert_lt(bytes, capacity);
    return bytes;
}

static void overwrite(const char *file, size_t bytes)
{
    const char *path = cache_entry_path(LANES_CACHE_CODE, 1);
    cr_assert_eq(lanes_os_file_replace(path, file, bytes, NULL), LANES_OK);
}

/* What is there is damaged: that is said, it goes, and there is room for a good one. */
static void expect_damaged(const char *what, size_t at)
{
    const lanes_cache_key key = cache_key(1);
    char *data = NULL;
    size_t bytes = 0;
    const lanes_status status =
        lanes_cache_read(cache, LANES_CACHE_CODE, &key, &data, &bytes, &err);
    cr_assert_eq(status, LANES_E_FORMAT, "%s %zu: %s", what, at,
                 lanes_status_name(status));
    cr_assert_not_null(strstr(err.message, cache_path), "%s", err.message);
    cr_assert_neq(access(cache_entry_path(LANES_CACHE_CODE, 1), F_OK), 0);
    cr_assert_eq(cache_read_bytes(cache, 1, BYTES), -ENOENT);
}

Test(cache_entry, every_truncation_is_noticed)
{
    char file[256];
    const size_t bytes = write_and_read(file, sizeof(file));
    for (size_t length = 0; length < bytes; length++) {
        overwrite(file, length);
        expect_damaged("cut to", length);
    }
    overwrite(file, bytes);
    cr_assert_eq(cache_read_bytes(cache, 1, BYTES), LANES_OK, "the whole one is good");
}

Test(cache_entry, every_flipped_bit_is_noticed)
{
    char file[256];
    const size_t bytes = write_and_read(file, sizeof(file));
    for (size_t bit = 0; bit < 8 * bytes; bit++) {
        file[bit / 8] = (char)(file[bit / 8] ^ (1 << bit % 8));
        overwrite(file, bytes);
        expect_damaged("flipped bit", bit);
        file[bit / 8] = (char)(file[bit / 8] ^ (1 << bit % 8));
    }
}

Test(cache_entry, further_bytes_are_noticed)
{
    char file[256] = {0};
    const size_t bytes = write_and_read(file, sizeof(file));
    overwrite(file, bytes + 1);
    expect_damaged("one byte more than", bytes);
}

Test(cache_entry, zeroes_are_no_entry)
{
    const char file[256] = {0};
    overwrite(file, sizeof(file));
    expect_damaged("zeroes", sizeof(file));
}

Test(cache_entry, an_entry_under_a_wrong_name_is_noticed)
{
    char from[256];
    cr_assert_eq(cache_write_bytes(cache, 2, BYTES), LANES_OK);
    snprintf(from, sizeof(from), "%s", cache_entry_path(LANES_CACHE_CODE, 2));
    cr_assert_eq(rename(from, cache_entry_path(LANES_CACHE_CODE, 1)), 0);
    expect_damaged("key", 2);
    cr_assert_not_null(strstr(err.message, "another key"), "%s", err.message);

    const lanes_cache_key key = cache_key(1);
    const lanes_cache_part part = {"request", 7};
    cr_assert_eq(lanes_cache_write(cache, LANES_CACHE_REQUEST, &key, &part, 1, &err),
                 LANES_OK);
    snprintf(from, sizeof(from), "%s", cache_entry_path(LANES_CACHE_REQUEST, 1));
    cr_assert_eq(rename(from, cache_entry_path(LANES_CACHE_CODE, 1)), 0);
    expect_damaged("kind", LANES_CACHE_REQUEST);
}

/* An entry whose checksum is right, whatever its header says. */
static void write_sound(lanes_cache_header header, const char *data, size_t bytes)
{
    char file[sizeof(header) + BYTES];
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    memcpy(file, &header, sizeof(header));
    memcpy(file + sizeof(header), data, bytes);
    for (size_t i = 0; i < sizeof(header) + bytes; i++) {
        if (i < offsetof(lanes_cache_header, checksum) || i >= sizeof(header)) {
            sum = (sum ^ (uint8_t)file[i]) * UINT64_C(0x100000001b3);
        }
    }
    memcpy(file + offsetof(lanes_cache_header, checksum), &sum, sizeof(sum));
    overwrite(file, sizeof(header) + bytes);
}

Test(cache_entry, what_is_sound_but_of_another_format_is_no_entry)
{
    char data[BYTES];
    const lanes_cache_key key = cache_key(1);
    const lanes_cache_part part = {data, sizeof(data)};
    lanes_cache_header good;
    memset(data, 1, sizeof(data)); /* as cache_write_bytes() does */
    cr_assert_eq(cache_write_bytes(cache, 2, BYTES), LANES_OK, "the folder is there");
    lanes_cache_header_init(&good, LANES_CACHE_CODE, &key, &part, 1);
    write_sound(good, data, BYTES);
    cr_assert_eq(cache_read_bytes(cache, 1, BYTES), LANES_OK, "this one is good");
    lanes_cache_header other = good;
    other.format++;
    write_sound(other, data, BYTES);
    expect_damaged("format", other.format);
    cr_assert_not_null(strstr(err.message, "format 1"), "%s", err.message);
    other = good;
    other.magic[7] = 'x';
    write_sound(other, data, BYTES);
    expect_damaged("magic", 7);
    other = good;
    other.bytes = 0;
    write_sound(other, data, 0);
    expect_damaged("nothing", 0);
}

/* Nothing of it is read: it may be larger than memory. */
Test(cache_entry, an_entry_larger_than_any_is_noticed)
{
    const char *path = cache_entry_path(LANES_CACHE_CODE, 1);
    cr_assert_eq(cache_write_bytes(cache, 1, BYTES), LANES_OK);
    cr_assert_eq(truncate(path, LANES_CACHE_ENTRY_BYTES_MAX + 1), 0);
    expect_damaged("too large", 0);
    cr_assert_not_null(strstr(err.message, "it has 134217729 bytes; "), "%s",
                       err.message);
}

Test(cache_entry, only_regular_files_are_read)
{
    char elsewhere[256];
    const char *path = cache_entry_path(LANES_CACHE_CODE, 1);
    cr_assert_eq(cache_write_bytes(cache, 1, BYTES), LANES_OK);
    snprintf(elsewhere, sizeof(elsewhere), "%s/../elsewhere", cache_path);
    cr_assert_eq(rename(path, elsewhere), 0);
    cr_assert_eq(symlink(elsewhere, path), 0);
    expect_damaged("symbolic link", 0);
    cr_assert_eq(access(elsewhere, F_OK), 0, "what it leads to stays");
    cr_assert_eq(mkfifo(path, 0600), 0);
    expect_damaged("fifo", 0);
    cr_assert_eq(mkdir(path, 0700), 0);
    cr_assert_eq(cache_read_bytes(cache, 1, BYTES), LANES_E_FORMAT);
}

/* ---- Limits -------------------------------------------------------------------------
 */

Test(cache_entry, an_entry_larger_than_the_folder_may_be_is_refused)
{
    const lanes_cache_key key = cache_key(1);
    char *data = calloc(1, CACHE_BYTES);
    const lanes_cache_part part = {data, CACHE_BYTES - 1000};
    cr_assert_eq(lanes_cache_write(cache, LANES_CACHE_CODE, &key, &part, 1, &err),
                 LANES_E_QUOTA);
    cr_assert_not_null(strstr(err.message, "1047576 bytes does not fit"), "%s",
                       err.message);
    const lanes_cache_part none = {data, 0};
    cr_assert_eq(lanes_cache_write(cache, LANES_CACHE_CODE, &key, &none, 1, &err),
                 LANES_E_QUOTA, "nothing is no entry");
    free(data);
    cr_assert_eq(cache_count_files(), 0);
}
