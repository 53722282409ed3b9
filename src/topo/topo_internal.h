/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topo_internal.h - the cgroup part of the plan, apart so that tests can feed it trees.
 */
#ifndef LANES_TOPO_INTERNAL_H
#define LANES_TOPO_INTERNAL_H

#include <stdint.h>

/**
 * CPUs that cgroup v2 allows: ceil(quota / period) of the tightest cpu.max on the way
 * from this process's cgroup up to the root. Anything unreadable counts as no limit.
 *
 * @param root        where the cgroup2 file system is mounted ("/sys/fs/cgroup")
 * @param membership  a file in the format of /proc/self/cgroup
 * @return the limit, >= 1; 0 = none
 */
uint32_t lanes_topo_cgroup_cpus(const char *root, const char *membership);

#endif /* LANES_TOPO_INTERNAL_H */
