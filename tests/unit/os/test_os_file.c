/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_os_file.c - files, folders that only this user can change, paths of our own code.
 */
#include "os/os_file.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "os/os_memory.h"
#include "os/os_process.h"
#include "support/wrap.h"

static uint32_t uid_offset; /* added to this process's uid */

TEST_WRAP(uint32_t, lanes_os_uid, (void));

uint32_t wrap_lanes_os_uid(void)
{
    return real_lanes_os_uid() + uid_offset;
}

static char folder[64];

static void make_folder(void)
{
    snprintf(folder, sizeof(folder), "/tmp/lanes-test-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void remove_folder(void)
{
    char command[96];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

/** folder/name in a static buffer. */
static const char *in_folder(const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

TestSuite(os_file, .init = make_folder, .fini = remove_folder);

Test(os_file, replace_then_read)
{
    const char *path = in_folder("value");
    lanes_error err;
    cr_assert_eq(lanes_os_file_replace(path, "first", 5, &err), LANES_OK);
    cr_assert_eq(lanes_os_file_replace(path, "second", 6, &err), LANES_OK);
    int fd = -1;
    cr_assert_eq(lanes_os_file_open(path, 0, &fd, &err), LANES_OK);
    lanes_os_facts facts;
    cr_assert_eq(lanes_os_fd_facts(fd, &facts, NULL), LANES_OK);
    cr_assert_eq(facts.bytes, 6);
    cr_assert_eq(facts.mode, 0600);
    char text[8] = "";
    cr_assert_eq(lanes_os_read_at(fd, text, 3, 3, &err), LANES_OK);
    cr_assert_str_eq(text, "ond");
    cr_assert_eq(lanes_os_read_at(fd, text, 4, 3, &err), LANES_E_FORMAT);
    cr_assert_eq(lanes_os_read_some(fd, text, 8), 6);
    cr_assert_eq(lanes_os_read_some(fd, text, 8), 0);
    cr_assert_eq(lanes_os_write_all(fd, "x", 1, &err), -EBADF, "opened for reading");
}

static bool count_entry(void *ctx, const char *name)
{
    (void)name;
    return ++*(unsigned *)ctx < 2;
}

Test(os_file, failed_replace_leaves_nothing_behind)
{
    lanes_error err;
    cr_assert_eq(mkdir(in_folder("taken"), 0700), 0);
    cr_assert_eq(lanes_os_file_replace(in_folder("taken"), "x", 1, &err), -EISDIR);
    unsigned count = 0;
    cr_assert_eq(lanes_os_folder_list(folder, count_entry, &count, &err), LANES_OK);
    cr_assert_eq(count, 1);
    cr_assert_eq(lanes_os_file_replace("/no/such/folder/x", "x", 1, &err), -ENOENT);
}

Test(os_file, list_can_be_ended)
{
    lanes_error err;
    for (int i = 0; i < 5; i++) {
        char name[2] = {(char)('a' + i), '\0'};
        cr_assert_eq(lanes_os_file_replace(in_folder(name), "x", 1, &err), LANES_OK);
    }
    unsigned count = 0;
    cr_assert_eq(lanes_os_folder_list(folder, count_entry, &count, &err), LANES_OK);
    cr_assert_eq(count, 2);
    cr_assert_eq(lanes_os_folder_list(in_folder("none"), count_entry, &count, &err),
                 -ENOENT);
}

Test(os_file, open_flags_do_what_they_say)
{
    int fd = -1;
    lanes_error err;
    const char *path = in_folder("new");
    cr_assert_eq(lanes_os_file_open(path, LANES_OS_OPEN_WRITE, &fd, &err), -ENOENT);
    cr_assert_not_null(strstr(err.message, path));
    const uint32_t create =
        LANES_OS_OPEN_WRITE | LANES_OS_OPEN_CREATE | LANES_OS_OPEN_EXCLUSIVE;
    cr_assert_eq(lanes_os_file_open(path, create, &fd, &err), LANES_OK);
    cr_assert_eq(lanes_os_write_at(fd, "abc", 3, 2, &err), LANES_OK);
    cr_assert_eq(lanes_os_file_open(path, create, &fd, &err), -EEXIST);
    char link_path[128];
    snprintf(link_path, sizeof(link_path), "%s", in_folder("link"));
    cr_assert_eq(symlink(in_folder("new"), link_path), 0);
    cr_assert_eq(lanes_os_file_open(link_path, LANES_OS_OPEN_NO_LINK, &fd, &err), -ELOOP);
    cr_assert_eq(lanes_os_file_delete(link_path, &err), LANES_OK);
    cr_assert_eq(lanes_os_file_delete(link_path, &err), LANES_OK, "gone is fine");
}

Test(os_file, shared_memory_by_name)
{
    char name[64];
    snprintf(name, sizeof(name), "/lanes-test-%d", lanes_os_pid());
    int fd = -1;
    lanes_error err;
    cr_assert_eq(lanes_os_shm_open(name, 0, &fd, &err), -ENOENT);
    cr_assert_eq(
        lanes_os_shm_open(name, LANES_OS_OPEN_WRITE | LANES_OS_OPEN_CREATE, &fd, &err),
        LANES_OK);
    char path[96];
    snprintf(path, sizeof(path), "/dev/shm%s", name);
    cr_assert_eq(unlink(path), 0);
}

Test(os_file, folder_is_created_private)
{
    lanes_error err;
    const char *path = in_folder("private");
    cr_assert_eq(lanes_os_folder_check(path, &err), -ENOENT);
    cr_assert_eq(lanes_os_folder_ensure(path, &err), LANES_OK);
    cr_assert_eq(lanes_os_folder_ensure(path, &err), LANES_OK);
    struct stat facts;
    cr_assert_eq(stat(path, &facts), 0);
    cr_assert_eq(facts.st_mode & 0777, 0700);
    cr_assert_eq(lanes_os_folder_ensure(in_folder("a/b"), &err), -ENOENT);
}

Test(os_file, folder_that_others_can_write_is_foreign)
{
    lanes_error err;
    const char *path = in_folder("open");
    cr_assert_eq(mkdir(path, 0700), 0);
    const mode_t modes[] = {0770, 0707, 01777};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(modes); i++) {
        cr_assert_eq(chmod(path, modes[i]), 0);
        cr_assert_eq(lanes_os_folder_ensure(path, &err), LANES_E_FOREIGN_UID);
    }
    cr_assert_not_null(strstr(err.message, "has mode 1777"));
    cr_assert_eq(chmod(path, 0755), 0);
    cr_assert_eq(lanes_os_folder_ensure(path, &err), LANES_OK);
}

Test(os_file, folder_of_another_user_is_foreign)
{
    lanes_error err;
    uid_offset = 1;
    cr_assert_eq(lanes_os_folder_check(folder, &err), LANES_E_FOREIGN_UID);
    cr_assert_not_null(strstr(err.message, folder));
}

Test(os_file, links_and_files_are_not_folders)
{
    lanes_error err;
    char target[128];
    snprintf(target, sizeof(target), "%s", in_folder("target"));
    cr_assert_eq(mkdir(target, 0700), 0);
    cr_assert_eq(symlink(target, in_folder("link")), 0);
    cr_assert_eq(lanes_os_folder_ensure(in_folder("link"), &err), -ENOTDIR);
    cr_assert_eq(lanes_os_file_replace(in_folder("file"), "x", 1, &err), LANES_OK);
    cr_assert_eq(lanes_os_folder_ensure(in_folder("file"), &err), -ENOTDIR);
}

Test(os_file, our_own_paths_are_found)
{
    char program[LANES_OS_PATH_MAX];
    char object[LANES_OS_PATH_MAX];
    lanes_error err;
    cr_assert_eq(lanes_os_program_path(program, &err), LANES_OK);
    cr_assert_not_null(strstr(program, "test_os_file"));
    cr_assert_eq(
        lanes_os_object_path((const void *)program_invocation_name, object, &err),
        -ENOENT, "the stack belongs to no object");
    cr_assert_eq(lanes_os_object_path((const void *)&uid_offset, object, &err), LANES_OK);
    cr_assert_str_eq(object, program);
    cr_assert(lanes_os_is_program(program));
    cr_assert_not(lanes_os_is_program(folder));
    cr_assert_not(lanes_os_is_program(in_folder("none")));
}

Test(os_file, sibling_path_replaces_components)
{
    char path[LANES_OS_PATH_MAX] = "/opt/lanes/lib/liblanes.so";
    cr_assert_eq(lanes_os_path_sibling(path, 2, "bin/lanesd"), LANES_OK);
    cr_assert_str_eq(path, "/opt/lanes/bin/lanesd");
    cr_assert_eq(lanes_os_path_sibling(path, 5, "x"), -ENOENT);
    memset(path, 'a', sizeof(path) - 1);
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    cr_assert_eq(lanes_os_path_sibling(path, 0, "x"), -ENAMETOOLONG);
}

/* ---- Folders of a cache -------------------------------------------------------------
 */

Test(os_file, a_closed_folder_is_nobody_elses_business)
{
    lanes_error err;
    const char *path = in_folder("closed");
    cr_assert_eq(lanes_os_folder_ensure_closed(path, &err), LANES_OK);
    cr_assert_eq(chmod(path, 0711), 0);
    cr_assert_eq(lanes_os_folder_ensure(path, &err), LANES_OK);
    cr_assert_eq(lanes_os_folder_ensure_closed(path, &err), LANES_E_FOREIGN_UID);
    cr_assert_not_null(strstr(err.message, "has mode 0711"), "%s", err.message);
    cr_assert_eq(chmod(path, 0500), 0);
    cr_assert_eq(lanes_os_folder_ensure_closed(path, &err), LANES_OK);
}

Test(os_file, folders_above_are_made)
{
    lanes_error err;
    struct stat facts;
    const char *path = in_folder("a/b/c");
    cr_assert_eq(lanes_os_folder_make_above(path, &err), LANES_OK);
    cr_assert_eq(lanes_os_folder_make_above(path, &err), LANES_OK);
    cr_assert_neq(stat(path, &facts), 0, "the last one is not");
    cr_assert_eq(lanes_os_folder_ensure(path, &err), LANES_OK);
    cr_assert_eq(lanes_os_file_replace(in_folder("file"), "x", 1, &err), LANES_OK);
    cr_assert_eq(lanes_os_folder_make_above(in_folder("file/b/c"), &err), -ENOTDIR);
    cr_assert_eq(lanes_os_folder_make_above("/", &err), LANES_OK);
    char longest[LANES_OS_PATH_MAX + 1];
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    cr_assert_eq(lanes_os_folder_make_above(longest, &err), -ENAMETOOLONG);
}

Test(os_file, touching_is_seen_in_the_time_of_change)
{
    lanes_error err;
    uint64_t bytes = 0;
    uint64_t old_ns = 0;
    uint64_t new_ns = 0;
    const char *path = in_folder("used");
    cr_assert_eq(lanes_os_path_facts(path, &bytes, &old_ns, &err), -ENOENT);
    lanes_os_file_touch(path);
    cr_assert_eq(lanes_os_path_facts(path, &bytes, &old_ns, &err), -ENOENT);
    cr_assert_eq(lanes_os_file_replace(path, "four", 4, &err), LANES_OK);
    const struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000, .tv_nsec = 7}};
    cr_assert_eq(utimensat(AT_FDCWD, path, times, 0), 0);
    cr_assert_eq(lanes_os_path_facts(path, &bytes, &old_ns, &err), LANES_OK);
    cr_assert_eq(bytes, 4);
    cr_assert_eq(old_ns, 1000000000007u);
    lanes_os_file_touch(path);
    cr_assert_eq(lanes_os_path_facts(path, &bytes, &new_ns, &err), LANES_OK);
    cr_assert_gt(new_ns, old_ns);
}
