/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topo.h - which cores the team's threads get; all use of hwloc.
 */
#ifndef LANES_TOPO_H
#define LANES_TOPO_H

#include "base/base.h"

/** Most threads a team can have. */
#define LANES_PLACES_MAX 1024

/** One core for one thread. */
typedef struct lanes_topo_place {
    uint32_t pu;   /* OS index of the hardware thread to bind to */
    uint32_t core; /* logical core index, counted over the machine */
    uint32_t node; /* NUMA node (OS index) */
} lanes_topo_place;

/** Places in order of thread number: neighbours in the machine are neighbours here. */
typedef struct lanes_topo_plan {
    uint32_t count;
    uint32_t is_this_system; /* 0 for synthetic topologies: threads are not bound */
    uint64_t
        last_level_cache_bytes; /* summed over the caches the places use; 0 = unknown */
    uint64_t core_cache_bytes;  /* private (L2) cache of one core; 0 = unknown */
    char limited_by[96];        /* why `count` is what it is, for people */
    lanes_topo_place place[LANES_PLACES_MAX];
} lanes_topo_plan;

typedef struct lanes_topo_options {
    uint32_t threads; /* at most so many; 0 = as many as allowed */
    uint32_t use_smt; /* 1: one place per hardware thread instead of per core */
    const char
        *synthetic; /* hwloc synthetic description, for tests; NULL = this machine */
    const char *cgroup_root; /* NULL = /sys/fs/cgroup; tests point it elsewhere */
} lanes_topo_options;

/**
 * Choose the places: one per allowed core (affinity mask, cpuset), at most
 * ceil(cgroup cpu.max) of them, at most options->threads.
 */
LANES_NODISCARD lanes_status lanes_topo_plan_create(const lanes_topo_options *options,
                                                    lanes_topo_plan **out_plan,
                                                    lanes_error *err);

void lanes_topo_plan_destroy(lanes_topo_plan *plan);

/** Bind the calling thread to plan->place[index]; nothing for a synthetic plan. */
LANES_NODISCARD lanes_status lanes_topo_bind_thread(const lanes_topo_plan *plan,
                                                    uint32_t index, lanes_error *err);

#endif /* LANES_TOPO_H */
