/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mappings.h - how many mappings a process has, for tests of what must come back.
 */
#ifndef LANES_TEST_MAPPINGS_H
#define LANES_TEST_MAPPINGS_H

#include <stdio.h>
#include <string.h>

/**
 * Lines of /proc/PID/maps that contain @p part ("" = all); pid 0 = this process. 0 if it
 * cannot be read. Allocators come and go in the whole count, so name a part where
 * possible.
 */
static inline size_t count_mappings(int pid, const char *part)
{
    char path[64] = "/proc/self/maps";
    if (pid != 0) {
        snprintf(path, sizeof(path), "/proc/%d/maps", pid);
    }
    FILE *maps = fopen(path, "r");
    size_t count = 0;
    char line[512];
    while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
        count += strstr(line, part) != NULL;
    }
    if (maps != NULL) {
        fclose(maps);
    }
    return count;
}

#endif /* LANES_TEST_MAPPINGS_H */
