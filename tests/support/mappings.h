/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mappings.h - how many mappings a process has, for tests of what must come back.
 */
#ifndef LANES_TEST_MAPPINGS_H
#define LANES_TEST_MAPPINGS_H

#include <stdio.h>

/** Lines of /proc/PID/maps; pid 0 = this process. 0 if it cannot be read. */
static inline size_t count_mappings(int pid)
{
    char path[64];
    if (pid == 0) {
        snprintf(path, sizeof(path), "/proc/self/maps");
    } else {
        snprintf(path, sizeof(path), "/proc/%d/maps", pid);
    }
    FILE *maps = fopen(path, "r");
    size_t lines = 0;
    for (int c = maps != NULL ? fgetc(maps) : EOF; c != EOF; c = fgetc(maps)) {
        lines += c == '\n';
    }
    if (maps != NULL) {
        fclose(maps);
    }
    return lines;
}

#endif /* LANES_TEST_MAPPINGS_H */
