/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_available.c - how much memory can still be reserved.
 *
 * Reserving tmpfs pages beyond what is left does not fail: it invokes the out-of-memory
 * killer, or the cgroup's. So large requests are compared with what is left first. The
 * answer is a snapshot; another process may take the memory meanwhile.
 */
#include "os/os_memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_FILE_BYTES 8192

/** Read a small text file, NUL-terminated; false if it cannot be read. */
static bool read_text(const char *path, char text[TEXT_FILE_BYTES])
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    size_t used = 0;
    while (used < TEXT_FILE_BYTES - 1) {
        const ssize_t count = read(fd, text + used, TEXT_FILE_BYTES - 1 - used);
        if (count <= 0) {
            break;
        }
        used += (size_t)count;
    }
    close(fd);
    text[used] = '\0';
    return used > 0;
}

/** The number after the line start @p label; 0 if there is no such line. */
static uint64_t find_number(const char *text, const char *label)
{
    const size_t length = strlen(label);
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, label, length) == 0) {
            return strtoull(line + length, NULL, 10);
        }
    }
    return 0;
}

static uint64_t machine_available_bytes(void)
{
    char text[TEXT_FILE_BYTES];
    if (!read_text("/proc/meminfo", text)) {
        return UINT64_MAX;
    }
    const uint64_t kib =
        find_number(text, "MemAvailable:") + find_number(text, "SwapFree:");
    return kib == 0 ? UINT64_MAX : kib * 1024;
}

/** The number in file @p name of cgroup folder @p folder; UINT64_MAX: none, or "max". */
static uint64_t cgroup_number(const char *folder, const char *name)
{
    char path[1024 + 32];
    char text[TEXT_FILE_BYTES];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (!read_text(path, text) || strncmp(text, "max", 3) == 0) {
        return UINT64_MAX;
    }
    return strtoull(text, NULL, 10);
}

static uint64_t cgroup_limit_bytes(const char *folder)
{
    return cgroup_number(folder, "memory.max");
}

/** What cgroup folder @p folder has left, counting page cache that can be dropped. */
static uint64_t cgroup_available_bytes(const char *folder)
{
    char path[1024 + 32];
    char text[TEXT_FILE_BYTES];
    const uint64_t limit = cgroup_limit_bytes(folder);
    uint64_t used = cgroup_number(folder, "memory.current");
    if (limit == UINT64_MAX || used == UINT64_MAX) {
        return UINT64_MAX;
    }
    snprintf(path, sizeof(path), "%s/memory.stat", folder);
    if (read_text(path, text)) {
        const uint64_t cache = find_number(text, "file ");
        const uint64_t shared = find_number(text, "shmem ");
        const uint64_t droppable = cache > shared ? cache - shared : 0;
        used -= droppable < used ? droppable : used;
    }
    return limit > used ? limit - used : 0;
}

/** The least of @p least and what @p bytes_of says of the cgroups above this process. */
static uint64_t least_of_cgroups(uint64_t least, uint64_t (*bytes_of)(const char *folder))
{
    char text[TEXT_FILE_BYTES];
    if (!read_text("/proc/self/cgroup", text)) {
        return least;
    }
    /* The line of the unified hierarchy is "0::/path". */
    const char *line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
    if (line == NULL) {
        return least;
    }
    char folder[1024];
    const char *path = strchr(line, '/');
    if (path == NULL) {
        return least;
    }
    snprintf(folder, sizeof(folder), "/sys/fs/cgroup%.*s", (int)strcspn(path, "\n"),
             path);
    for (;;) {
        least = lanes_min_u64(least, bytes_of(folder));
        char *slash = strrchr(folder, '/');
        if (slash == NULL || slash - folder < (ptrdiff_t)sizeof("/sys/fs/cgroup") - 1) {
            return least;
        }
        *slash = '\0';
    }
}

uint64_t lanes_os_available_bytes(void)
{
    return least_of_cgroups(machine_available_bytes(), cgroup_available_bytes);
}

uint64_t lanes_os_memory_bytes(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES);
    return least_of_cgroups(pages > 0 ? (uint64_t)pages * lanes_os_page_bytes()
                                      : UINT64_MAX,
                            cgroup_limit_bytes);
}
