/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topo_internal.h - shared by the files of this room: what is behind a plan, and the
 * cgroup part of it, apart so that tests can feed it trees.
 */
#ifndef LANES_TOPO_INTERNAL_H
#define LANES_TOPO_INTERNAL_H

#include "topo/topo.h"

#include <hwloc.h>
#include <stdint.h>

/** The topology stays loaded behind the plan because binding needs it. */
struct lanes_topo_owner {
    lanes_topo_plan plan;
    hwloc_topology_t topology;
    hwloc_bitmap_t allowed; /* PUs this process may run on */
};

static inline const struct lanes_topo_owner *
lanes_topo_owner_of(const lanes_topo_plan *plan)
{
    const char *at = (const char *)plan - offsetof(struct lanes_topo_owner, plan);
    return (const struct lanes_topo_owner *)(const void *)at;
}

/**
 * Put places of one node behind each other, nodes in the order in which they are met.
 * hwloc's order does that already unless nodes take turns within a package.
 */
void lanes_topo_group_places(lanes_topo_plan *plan);

/**
 * The bytes of a mapping of @p bytes that places [0, @p places) of plan->count have, in
 * whole pages; the last place's end is @p bytes.
 */
uint64_t lanes_topo_part_end(const lanes_topo_plan *plan, uint32_t places, uint64_t bytes,
                             uint64_t page_bytes);

/**
 * CPUs that cgroup v2 allows: ceil(quota / period) of the tightest cpu.max on the way
 * from this process's cgroup up to the root. Anything unreadable counts as no limit.
 *
 * @param root        where the cgroup2 file system is mounted ("/sys/fs/cgroup")
 * @param membership  a file in the format of /proc/self/cgroup
 * @return the limit, >= 1; 0 = none
 */
uint32_t lanes_topo_cgroup_cpus(const char *root, const char *membership);

/** As lanes_topo_cgroup_cpus(), where @p options say; 0 for synthetic topologies. */
uint32_t lanes_topo_cgroup_limit(const lanes_topo_options *options);

#endif /* LANES_TOPO_INTERNAL_H */
