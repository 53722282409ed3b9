/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topo_cgroup.c - the CPU bandwidth that cgroup v2 leaves to this process.
 *
 * cpu.max of a cgroup limits everything below it, so the tightest one between our cgroup
 * and the root counts. More threads than that would be throttled in the middle of a tile.
 */
#include "topo/topo_internal.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

#define DEFAULT_CGROUP_ROOT "/sys/fs/cgroup"
#define MEMBERSHIP_FILE     "/proc/self/cgroup"

/* Bytes of a cgroup path; longer ones are taken as no limit. */
#define CGROUP_PATH_MAX 4096

/* Reads the path of the v2 line, "0::/a/b"; false if there is none. */
static bool read_membership(const char *membership, char path[CGROUP_PATH_MAX])
{
    FILE *file = fopen(membership, "re");
    if (file == NULL) {
        return false;
    }
    bool is_found = false;
    char line[CGROUP_PATH_MAX];
    while (!is_found && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "0::/", 4) == 0) {
            snprintf(path, CGROUP_PATH_MAX, "%.*s", (int)strcspn(line + 3, "\n"),
                     line + 3);
            is_found = true;
        }
    }
    fclose(file);
    return is_found;
}

/* Reads "QUOTA PERIOD" (microseconds) or "max PERIOD"; 0 = no limit. */
static uint32_t read_cpu_max(const char *root, const char *path)
{
    char name[2 * CGROUP_PATH_MAX + 16];
    snprintf(name, sizeof(name), "%s%s/cpu.max", root, path);
    FILE *file = fopen(name, "re");
    if (file == NULL) {
        return 0;
    }
    char text[64];
    const bool is_read = fgets(text, sizeof(text), file) != NULL;
    fclose(file);
    if (!is_read) {
        return 0;
    }
    /* "max" is no number and gives 0. */
    char *rest;
    const uint64_t quota_us = strtoull(text, &rest, 10);
    const uint64_t period_us = strtoull(rest, NULL, 10);
    if (quota_us == 0 || period_us == 0) {
        return 0;
    }
    const uint64_t cpus = quota_us / period_us + (quota_us % period_us != 0);
    return cpus > UINT32_MAX ? UINT32_MAX : (uint32_t)cpus;
}

uint32_t lanes_topo_cgroup_cpus(const char *root, const char *membership)
{
    char path[CGROUP_PATH_MAX];
    if (!read_membership(membership, path)) {
        return 0;
    }
    if (strstr(path, "/..") != NULL) {
        /* Our cgroup lies outside the namespace's root: only the root is visible. */
        path[0] = '\0';
    }
    uint32_t least = 0;
    for (;;) {
        const uint32_t cpus = read_cpu_max(root, path);
        if (cpus != 0 && (least == 0 || cpus < least)) {
            least = cpus;
        }
        char *slash = strrchr(path, '/');
        if (slash == NULL) {
            return least;
        }
        *slash = '\0';
    }
}

uint32_t lanes_topo_cgroup_limit(const lanes_topo_options *options)
{
    if (options->cgroup_root == NULL && options->synthetic != NULL) {
        return 0;
    }
    return lanes_topo_cgroup_cpus(options->cgroup_root != NULL ? options->cgroup_root
                                                               : DEFAULT_CGROUP_ROOT,
                                  MEMBERSHIP_FILE);
}
