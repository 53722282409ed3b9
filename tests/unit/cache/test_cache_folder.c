/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cache_folder.c - which folders are used, how large they get, and two executors in
 * one.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cache_fixture.h"
#include "os/os_file.h"
#include "os/os_process.h"
#include "support/wrap.h"

static uint32_t uid_offset; /* added to this process's uid */

TEST_WRAP(uint32_t, lanes_os_uid, (void));

uint32_t wrap_lanes_os_uid(void)
{
    return real_lanes_os_uid() + uid_offset;
}

static lanes_error err;

TestSuite(cache_folder, .init = cache_make_folder, .fini = cache_remove_folder,
          .timeout = 60);

/* ---- Which folder -------------------------------------------------------------------
 */

Test(cache_folder, files_of_others_are_not_read)
{
    lanes_cache *cache = cache_open_ok(CACHE_BYTES);
    cr_assert_eq(cache_write_bytes(cache, 1, 100), LANES_OK);
    uid_offset = 1;
    cr_assert_eq(cache_read_bytes(cache, 1, 100), LANES_E_FORMAT);
    uid_offset = 0;
    lanes_cache_close(cache);
}

Test(cache_folder, folders_are_made_for_us_alone)
{
    struct stat facts;
    char path[96];
    snprintf(path, sizeof(path), "%s", cache_path);
    snprintf(cache_path + strlen(cache_path), 32, "/home/lanes");
    umask(0);
    lanes_cache_close(cache_open_ok(CACHE_BYTES));
    cr_assert_eq(stat(cache_path, &facts), 0);
    cr_assert_eq(facts.st_mode & 07777, 0700);
    cr_assert_eq(stat(path, &facts), 0);
    cr_assert_eq(facts.st_mode & 07777, 0700, "as those above it");
}

static void expect_refused(lanes_status wanted, const char *why)
{
    lanes_cache *cache = NULL;
    const lanes_status status = lanes_cache_open(cache_path, CACHE_BYTES, &cache, &err);
    cr_assert_eq(status, wanted, "%s", lanes_status_name(status));
    cr_assert_null(cache);
    cr_assert_not_null(strstr(err.message, cache_path), "%s", err.message);
    cr_assert_not_null(strstr(err.message, why), "%s", err.message);
}

Test(cache_folder, a_folder_that_others_may_enter_is_refused)
{
    const mode_t modes[] = {0701, 0710, 0704, 0740, 0755, 0770, 0777};
    cr_assert_eq(mkdir(cache_path, 0700), 0);
    for (size_t i = 0; i < LANES_ARRAY_COUNT(modes); i++) {
        cr_assert_eq(chmod(cache_path, modes[i]), 0);
        char text[8];
        snprintf(text, sizeof(text), "%04o", modes[i]);
        expect_refused(LANES_E_FOREIGN_UID, text);
    }
}

Test(cache_folder, a_folder_of_another_user_is_refused)
{
    cr_assert_eq(mkdir(cache_path, 0700), 0);
    uid_offset = 1;
    expect_refused(LANES_E_FOREIGN_UID, "belongs to uid");
}

Test(cache_folder, what_is_no_folder_is_refused)
{
    char elsewhere[128];
    snprintf(elsewhere, sizeof(elsewhere), "%s-elsewhere", cache_path);
    cr_assert_eq(mkdir(elsewhere, 0700), 0);
    cr_assert_eq(symlink(elsewhere, cache_path), 0);
    expect_refused(-ENOTDIR, "ENOTDIR");
    cr_assert_eq(unlink(cache_path), 0);
    cr_assert_eq(lanes_os_file_replace(cache_path, "x", 1, NULL), LANES_OK);
    expect_refused(-ENOTDIR, "ENOTDIR");
    snprintf(cache_path + strlen(cache_path), 32, "/below");
    lanes_cache *cache = NULL;
    cr_assert_eq(lanes_cache_open(cache_path, CACHE_BYTES, &cache, &err), -ENOTDIR);
}

Test(cache_folder, a_path_has_a_beginning_and_a_length)
{
    lanes_cache *cache = NULL;
    cr_assert_eq(lanes_cache_open("lanes", CACHE_BYTES, &cache, &err), LANES_E_INVALID);
    cr_assert_not_null(strstr(err.message, "'lanes'"), "%s", err.message);
    char path[LANES_OS_PATH_MAX];
    memset(path, '/', sizeof(path));
    path[sizeof(path) - 1] = '\0';
    cr_assert_eq(lanes_cache_open(path, CACHE_BYTES, &cache, &err), -ENAMETOOLONG);
    lanes_cache_close(NULL);
}

Test(cache_folder, one_that_was_deleted_is_made_again)
{
    char command[128];
    lanes_cache *cache = cache_open_ok(CACHE_BYTES);
    cr_assert_eq(cache_write_bytes(cache, 1, 100), LANES_OK);
    snprintf(command, sizeof(command), "rm -rf %s", cache_path);
    cr_assert_eq(system(command), 0);
    lanes_cache_key keys[4];
    cr_assert_eq(cache_read_bytes(cache, 1, 100), -ENOENT);
    cr_assert_eq(lanes_cache_code_keys(cache, keys, 4), 0);
    cr_assert_eq(cache_write_bytes(cache, 1, 100), LANES_OK);
    cr_assert_eq(cache_read_bytes(cache, 1, 100), LANES_OK);
    lanes_cache_close(cache);
}

Test(cache_folder, a_full_file_system_leaves_nothing_behind)
{
    lanes_cache *cache = cache_open_ok(CACHE_BYTES);
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit limit = {.rlim_cur = 100, .rlim_max = 100};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert_eq(cache_write_bytes(cache, 1, 100), -EFBIG);
    cr_assert_eq(cache_count_files(), 0);
    cr_assert_eq(cache_read_bytes(cache, 1, 100), -ENOENT);
    lanes_cache_close(cache);
}

/* ---- Size ---------------------------------------------------------------------------
 */

#define BLOCK 4096u

/* Bytes of an entry that takes @p blocks of them on disk. */
static size_t entry_bytes(unsigned blocks)
{
    return blocks * BLOCK - 512;
}

/* As if the entry had been used last so many seconds ago. */
static void age(const char *path, long seconds)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec -= seconds;
    const struct timespec times[2] = {now, now};
    cr_assert_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void age_entry(uint8_t number, long seconds)
{
    age(cache_entry_path(LANES_CACHE_CODE, number), seconds);
}

Test(cache_folder, what_was_not_used_for_longest_goes_first)
{
    lanes_cache *cache = cache_open_ok(16 * BLOCK);
    for (uint8_t i = 1; i <= 8; i++) {
        cr_assert_eq(cache_write_bytes(cache, i, entry_bytes(2)), LANES_OK);
        age_entry(i, 1000 - i);
    }
    /* Full to the brim. Reading the oldest, and touching the next, makes them young. */
    cr_assert_eq(cache_count_files(), 8);
    const lanes_cache_key second = cache_key(2);
    cr_assert_eq(cache_read_bytes(cache, 1, entry_bytes(2)), LANES_OK);
    lanes_cache_touch(cache, LANES_CACHE_CODE, &second);
    cr_assert_eq(cache_write_bytes(cache, 9, entry_bytes(1)), LANES_OK);
    /* 17 blocks: down to 14. */
    for (uint8_t i = 1; i <= 9; i++) {
        const lanes_status wanted = i == 3 || i == 4 ? -ENOENT : LANES_OK;
        const size_t bytes = entry_bytes(i == 9 ? 1 : 2);
        cr_assert_eq(cache_read_bytes(cache, i, bytes), wanted, "entry %u", i);
    }
    lanes_cache_key keys[16];
    cr_assert_eq(lanes_cache_code_keys(cache, keys, 16), 7, "nor are those offered");
    lanes_cache_close(cache);
}

Test(cache_folder, what_is_there_is_measured_now_and_then)
{
    lanes_cache *cache = cache_open_ok(100 * BLOCK);
    lanes_cache_usage usage;
    char foreign[400];
    snprintf(foreign, sizeof(foreign), "%s/", cache_path);
    memset(foreign + strlen(foreign), 'x', 250);
    foreign[strlen(cache_path) + 251] = '\0';
    cr_assert_eq(cache_write_bytes(cache, 1, entry_bytes(2)), LANES_OK);
    cr_assert_eq(cache_write_bytes(cache, 2, entry_bytes(1)), LANES_OK);
    FILE *file = fopen(foreign, "we"); /* nothing of ours */
    cr_assert_not_null(file);
    fclose(file);
    lanes_cache_measure(cache, &usage);
    cr_assert_eq(usage.entries, 2);
    cr_assert_eq(usage.bytes, 3 * BLOCK);
    cr_assert_eq(cache_write_bytes(cache, 3, entry_bytes(1)), LANES_OK);
    lanes_cache_measure(cache, &usage);
    cr_assert_eq(usage.entries, 2, "looked at again within ten seconds");
    lanes_cache_close(cache);
    cache = cache_open_ok(100 * BLOCK);
    lanes_cache_measure(cache, &usage);
    cr_assert_eq(usage.entries, 3);
    lanes_cache_close(cache);
}

Test(cache_folder, another_limit_counts_at_once)
{
    lanes_cache *cache = cache_open_ok(CACHE_BYTES);
    for (uint8_t number = 1; number <= 4; number++) {
        cr_assert_eq(cache_write_bytes(cache, number, entry_bytes(2)), LANES_OK);
        age_entry(number, 10 - number);
    }
    cr_assert_eq(cache_count_files(), 4);
    lanes_cache_limit(cache, CACHE_BYTES);
    cr_assert_eq(cache_count_files(), 4);
    lanes_cache_limit(cache, 5 * entry_bytes(2) / 2);
    cr_assert_eq(cache_count_files(), 2);
    cr_assert_eq(cache_read_bytes(cache, 1, entry_bytes(2)), -ENOENT);
    cr_assert_eq(cache_read_bytes(cache, 4, entry_bytes(2)), LANES_OK);
    lanes_cache_limit(cache, 0);
    cr_assert_eq(cache_count_files(), 0);
    lanes_cache_close(cache);
    lanes_cache_limit(NULL, 0);
}

Test(cache_folder, what_was_there_before_counts)
{
    lanes_cache *cache = cache_open_ok(16 * BLOCK);
    for (uint8_t i = 1; i <= 8; i++) {
        cr_assert_eq(cache_write_bytes(cache, i, entry_bytes(2)), LANES_OK);
        age_entry(i, 1000 - i);
    }
    lanes_cache_close(cache);
    cache = cache_open_ok(8 * BLOCK); /* a lower limit, too */
    cr_assert_eq(cache_write_bytes(cache, 9, entry_bytes(1)), LANES_OK);
    cr_assert_eq(cache_count_files(), 4, "7 blocks in 4 files");
    cr_assert_eq(cache_read_bytes(cache, 9, entry_bytes(1)), LANES_OK);
    lanes_cache_close(cache);
}

Test(cache_folder, what_others_write_counts)
{
    lanes_cache *mine = cache_open_ok(64 * BLOCK);
    lanes_cache *theirs = cache_open_ok(1024 * BLOCK);
    cr_assert_eq(cache_write_bytes(mine, 1, entry_bytes(1)), LANES_OK);
    for (uint8_t i = 100; i < 200; i++) {
        cr_assert_eq(cache_write_bytes(theirs, i, entry_bytes(1)), LANES_OK);
        age_entry(i, 1000);
    }
    cr_assert_eq(cache_count_files(), 101, "nobody is over a limit that it knows of");
    for (uint8_t i = 2; i <= 10; i++) {
        cr_assert_eq(cache_write_bytes(mine, i, entry_bytes(1)), LANES_OK);
    }
    cr_assert_leq(cache_count_files(), 64);
    for (uint8_t i = 1; i <= 10; i++) {
        cr_assert_eq(cache_read_bytes(mine, i, entry_bytes(1)), LANES_OK);
    }
    lanes_cache_close(mine);
    lanes_cache_close(theirs);
}

Test(cache_folder, what_is_not_ours_is_left_alone)
{
    char foreign[128];
    char left[300];
    char young[300];
    lanes_cache *cache = cache_open_ok(16 * BLOCK);
    snprintf(foreign, sizeof(foreign), "%s/README", cache_path);
    snprintf(left, sizeof(left), "%s.a1B2c3", cache_entry_path(LANES_CACHE_CODE, 1));
    snprintf(young, sizeof(young), "%s.a1B2c4", cache_entry_path(LANES_CACHE_CODE, 1));
    const char *paths[] = {foreign, left, young};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(paths); i++) {
        cr_assert_eq(lanes_os_file_replace(paths[i], "x", 1, NULL), LANES_OK);
    }
    age(foreign, 100000);
    age(left, 3700);
    for (uint8_t i = 1; i <= 30; i++) {
        cr_assert_eq(cache_write_bytes(cache, i, entry_bytes(1)), LANES_OK);
    }
    cr_assert_eq(access(foreign, F_OK), 0);
    cr_assert_eq(access(young, F_OK), 0, "somebody may be writing it");
    cr_assert_neq(access(left, F_OK), 0, "somebody died writing it");
    lanes_cache_close(cache);
}

/* ---- Two in one folder --------------------------------------------------------------
 */

static bool has_key(lanes_cache *cache, uint8_t number)
{
    lanes_cache_key keys[64];
    const lanes_cache_key wanted = cache_key(number);
    const uint32_t count = lanes_cache_code_keys(cache, keys, 64);
    for (uint32_t i = 0; i < count; i++) {
        if (memcmp(&keys[i], &wanted, sizeof(wanted)) == 0) {
            return true;
        }
    }
    return false;
}

/* A folder's time of change is as fine as the kernel's tick. */
static void pass_a_tick(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
}

Test(cache_folder, two_find_what_either_wrote)
{
    lanes_cache *a = cache_open_ok(CACHE_BYTES);
    lanes_cache *b = cache_open_ok(CACHE_BYTES);
    cr_assert_not(has_key(a, 1));
    cr_assert_not(has_key(b, 1));
    pass_a_tick();
    cr_assert_eq(cache_write_bytes(a, 1, 100), LANES_OK);
    cr_assert(has_key(a, 1));
    cr_assert(has_key(b, 1));
    cr_assert_eq(cache_read_bytes(b, 1, 100), LANES_OK);
    pass_a_tick();
    const lanes_cache_key key = cache_key(1);
    lanes_cache_remove(b, LANES_CACHE_CODE, &key);
    cr_assert_not(has_key(b, 1));
    cr_assert_eq(cache_read_bytes(a, 1, 100), -ENOENT, "a vanished file is a miss");
    cr_assert_not(has_key(a, 1));
    lanes_cache_close(a);
    lanes_cache_close(b);
}

Test(cache_folder, keys_are_of_code_and_as_many_as_asked_for)
{
    lanes_cache *cache = cache_open_ok(CACHE_BYTES);
    const lanes_cache_part part = {"x", 1};
    for (uint8_t i = 1; i <= 10; i++) {
        const lanes_cache_key key = cache_key(i);
        cr_assert_eq(lanes_cache_write(cache, LANES_CACHE_REQUEST, &key, &part, 1, &err),
                     LANES_OK);
    }
    cr_assert_eq(cache_write_bytes(cache, 7, 100), LANES_OK);
    cr_assert_eq(cache_write_bytes(cache, 8, 100), LANES_OK);
    lanes_cache_key keys[3];
    cr_assert_eq(lanes_cache_code_keys(cache, keys, 3), 2);
    cr_assert_eq(lanes_cache_code_keys(cache, keys, 1), 1);
    cr_assert_eq(lanes_cache_code_keys(cache, keys, 0), 0);
    lanes_cache_close(cache);
}

/* A writer with a limit so low that it sweeps all the time. */
static _Noreturn void write_for_ever(uint8_t first)
{
    lanes_cache *cache = cache_open_ok(12 * BLOCK);
    for (uint8_t i = 0;; i = (uint8_t)((i + 1) % 8)) {
        if (cache_write_bytes(cache, (uint8_t)(first + i), entry_bytes(1)) < 0) {
            _exit(1);
        }
    }
}

Test(cache_folder, readers_never_see_half_an_entry)
{
    lanes_cache *cache = cache_open_ok(CACHE_BYTES);
    pid_t writers[2];
    for (unsigned i = 0; i < 2; i++) {
        writers[i] = fork();
        if (writers[i] == 0) {
            write_for_ever((uint8_t)(1 + 4 * i)); /* half of the keys are both's */
        }
    }
    unsigned hits = 0;
    for (unsigned i = 0; i < 200000 && hits < 3000; i++) {
        const lanes_status status =
            cache_read_bytes(cache, (uint8_t)(1 + i % 12), entry_bytes(1));
        cr_assert(status == LANES_OK || status == -ENOENT, "%s",
                  lanes_status_name(status));
        hits += status == LANES_OK;
    }
    cr_assert_gt(hits, 100);
    for (unsigned i = 0; i < 2; i++) {
        int ended = 0;
        kill(writers[i], SIGKILL);
        cr_assert_eq(waitpid(writers[i], &ended, 0), writers[i]);
        cr_assert(WIFSIGNALED(ended), "a writer has failed");
    }
    lanes_cache_close(cache);
}
