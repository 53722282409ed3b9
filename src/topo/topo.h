/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topo.h - which cores the team's threads get, and which node memory is on; all use of
 * hwloc.
 *
 * A NUMA node is named by its OS index. On a machine of one node nothing here asks or
 * tells the kernel about memory.
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
    uint32_t node; /* NUMA node (OS index) whose memory is nearest */
} lanes_topo_place;

/**
 * Places in order of thread number: neighbours in the machine are neighbours here, and
 * those of one node follow each other.
 */
typedef struct lanes_topo_plan {
    uint32_t count;
    uint32_t is_this_system; /* 0 for synthetic topologies: threads are not bound */
    uint32_t node_count; /* of the machine, with CPUs or without; 1: all memory is near */
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

/**
 * A number that is another one when lanes_topo_plan_create(@p options) might find other
 * places, called by the same thread: its affinity mask, which the cpuset bounds, or
 * cpu.max has changed. Some microseconds.
 */
uint64_t lanes_topo_budget(const lanes_topo_options *options);

/** True if both have the same places, hence the same threads. */
bool lanes_topo_plan_is_same(const lanes_topo_plan *a, const lanes_topo_plan *b);

void lanes_topo_plan_destroy(lanes_topo_plan *plan);

/** Bind the calling thread to plan->place[index]; nothing for a synthetic plan. */
LANES_NODISCARD lanes_status lanes_topo_bind_thread(const lanes_topo_plan *plan,
                                                    uint32_t index, lanes_error *err);

/* ---- Memory -------------------------------------------------------------------------
 */

/** True if it matters where memory is, and the kernel can be asked and told. */
static inline bool lanes_topo_has_nodes(const lanes_topo_plan *plan)
{
    return plan->node_count > 1 && plan->is_this_system != 0;
}

/**
 * Let pages of a new mapping come from the nodes of the threads that will run them: of T
 * places, place t's node has the t-th of T parts. That is a preference: where a node is
 * full, another gives the page. Pages that are there already stay where they are. Shared
 * memory keeps it for whoever touches a page first.
 *
 * Blocking: a system call per node; none, and nothing is done, if
 * !lanes_topo_has_nodes().
 *
 * @param data   page-aligned
 * @return LANES_OK, LANES_E_INVALID (@p data is not aligned), -errno
 */
LANES_NODISCARD lanes_status lanes_topo_spread(const lanes_topo_plan *plan, void *data,
                                               uint64_t bytes, lanes_error *err);

/** Samples of a map of pages at most. */
#define LANES_TOPO_SAMPLES_MAX 512u

/** A page that is on several nodes, as neighbours are, or on none yet. */
#define LANES_TOPO_NODE_UNKNOWN UINT8_MAX

/** Where the pages of a mapping are, by samples. */
typedef struct lanes_topo_pages {
    const char *data;
    uint64_t bytes;
    uint64_t step_bytes; /* of memory that a sample stands for */
    uint32_t count;
    uint8_t node[LANES_TOPO_SAMPLES_MAX]; /* OS index, or LANES_TOPO_NODE_UNKNOWN */
} lanes_topo_pages;

/**
 * Find out where the pages of a mapping are. Pages that this process has not mapped are
 * unknown, and so are steps whose pages alternate between nodes.
 *
 * Blocking: a system call for each sample, about 1 us; none if !lanes_topo_has_nodes():
 * then *out_pages has no samples.
 *
 * @param data   page-aligned; lent while *out_pages is used, but not read
 * @param bytes  > 0
 */
void lanes_topo_locate(const lanes_topo_plan *plan, const void *data, uint64_t bytes,
                       lanes_topo_pages *out_pages);

/** The node of the byte at @p address; unknown outside of the mapping. */
static inline uint8_t lanes_topo_node_at(const lanes_topo_pages *pages,
                                         const void *address)
{
    const uint64_t offset = (uint64_t)((uintptr_t)address - (uintptr_t)pages->data);
    if (pages->count == 0 || offset >= pages->bytes) {
        return LANES_TOPO_NODE_UNKNOWN;
    }
    return pages->node[offset / pages->step_bytes];
}

#endif /* LANES_TOPO_H */
