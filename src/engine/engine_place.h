/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_place.h - who runs which part of a batch, where memory has nodes.
 *
 * A large batch is cut into chunks; where each one's memory is, is known by samples. Each
 * node's threads, a group, get as many chunks as is their share, of those that are near
 * first. So a group has a list of chunks, and a slice of the batch is a piece of each
 * list: then all groups work in each slice, each near its memory. Of a slice, items
 * [0, items) are what a job counts: first those of the first group's piece, and so on,
 * which the team's own division gives to just these threads.
 *
 * Only who runs what changes, and when; results never depend on it. Pure: no system call,
 * no allocation.
 */
#ifndef LANES_ENGINE_PLACE_H
#define LANES_ENGINE_PLACE_H

#include "base/base.h"

/** Groups that a placement can have; on machines of more, batches have none. */
#define LANES_ENGINE_GROUPS_MAX 64u

/** Chunks of a batch at most. */
#define LANES_ENGINE_CHUNKS_MAX 512u

/** Chunks, and pieces of slices, begin at multiples of this. */
#define LANES_ENGINE_CHUNK_STEP 64u

/** Threads of one node, which follow each other. */
typedef struct lanes_engine_group {
    uint32_t node;
    uint32_t threads; /* > 0 */
} lanes_engine_group;

typedef struct lanes_engine_placement {
    uint64_t count;          /* elements */
    uint64_t chunk_elements; /* of each chunk but the last */
    uint32_t chunk_count;
    uint32_t group_count;
    uint32_t near_count; /* chunks that are run where their memory is */
    /* The chunks of group g are order[first[g]] .. order[first[g + 1] - 1], ascending. */
    uint32_t first[LANES_ENGINE_GROUPS_MAX + 1];
    uint64_t elements[LANES_ENGINE_GROUPS_MAX]; /* of a group's chunks */
    uint16_t order[LANES_ENGINE_CHUNKS_MAX];
} lanes_engine_placement;

/**
 * Cut @p count elements into chunks, @p wanted at most.
 * @param count  > 0
 * @param wanted 1 .. LANES_ENGINE_CHUNKS_MAX
 */
void lanes_engine_placement_cut(lanes_engine_placement *out, uint64_t count,
                                uint32_t wanted);

/**
 * Give the chunks to groups.
 *
 * @param group  in order of their threads
 * @param group_count  1 .. LANES_ENGINE_GROUPS_MAX
 * @param node   of each chunk; LANES_TOPO_NODE_UNKNOWN is nobody's
 * @return true if clearly more chunks are near than if any thread ran any chunk; else the
 *   placement is not worth its while
 */
bool lanes_engine_placement_choose(lanes_engine_placement *placement,
                                   const lanes_engine_group *group, uint32_t group_count,
                                   const uint8_t *node);

/** A slice of a placed batch. */
typedef struct lanes_engine_slice {
    const lanes_engine_placement *placement;
    uint64_t items;
    uint64_t begin[LANES_ENGINE_GROUPS_MAX];      /* in the elements of each group */
    uint64_t before[LANES_ENGINE_GROUPS_MAX + 1]; /* items of the groups before it */
} lanes_engine_slice;

/**
 * Make the slice of @p placement that begins when @p begin of its elements, roughly, have
 * been run, and ends with @p end of them. Slices that follow each other have all elements
 * once.
 */
void lanes_engine_slice_make(const lanes_engine_placement *placement, uint64_t begin,
                             uint64_t end, lanes_engine_slice *out);

/**
 * The elements that items [item, limit) begin with.
 * @param out_first  the first one
 * @return how many follow it, itself included; the next are elsewhere
 */
uint64_t lanes_engine_slice_piece(const lanes_engine_slice *slice, uint64_t item,
                                  uint64_t limit, uint64_t *out_first);

#endif /* LANES_ENGINE_PLACE_H */
