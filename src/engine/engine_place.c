/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_place.c - chunks of a batch, near the threads that run them; the model is in
 * engine_place.h.
 */
#include "engine/engine_place.h"

#include <stdlib.h>

#include "engine/engine.h"
#include "engine/engine_internal.h"

/*
 * Batches that move less than this for each node are not looked at: at 20 to 100 GB/s for
 * a node they take 40 to 200 us, and their data may be in caches.
 */
#define NODE_BYTES_MIN (4u << 20)

/* Bytes that a chunk moves at least: some tiles. */
#define CHUNK_BYTES_MIN (256u << 10)

/* The share of chunks, one in so many, that a placement has to bring near. */
#define CLEAR_PART 8u

/* Of a chunk that nobody was given yet. */
#define NO_GROUP UINT8_MAX

_Static_assert(LANES_ENGINE_GROUPS_MAX < NO_GROUP, "a group is one byte");

/* ---- Cut and choose ------------------------------------------------------------------
 */

void lanes_engine_placement_cut(lanes_engine_placement *out, uint64_t count,
                                uint32_t wanted)
{
    LANES_ASSERT(count > 0 && wanted > 0 && wanted <= LANES_ENGINE_CHUNKS_MAX);
    uint64_t each = (count - 1) / wanted + 1;
    each += -each % LANES_ENGINE_CHUNK_STEP;
    out->count = count;
    out->chunk_elements = each;
    out->chunk_count = (uint32_t)((count - 1) / each + 1);
    out->group_count = 0;
}

/* The group of @p node; NO_GROUP if none of them is there. */
static uint8_t group_of(const lanes_engine_group *group, uint32_t group_count,
                        uint8_t node)
{
    for (uint32_t g = 0; g < group_count; g++) {
        if (group[g].node == node && node != LANES_TOPO_NODE_UNKNOWN) {
            return (uint8_t)g;
        }
    }
    return NO_GROUP;
}

/* Gives chunks to groups that have room for them; returns how many came near. */
static uint32_t give_chunks(uint32_t chunk_count, const lanes_engine_group *group,
                            uint32_t group_count, const uint8_t *node, uint32_t *room,
                            uint8_t *out_group)
{
    uint32_t near_count = 0;
    for (uint32_t c = 0; c < chunk_count; c++) {
        const uint8_t g = group_of(group, group_count, node[c]);
        out_group[c] = NO_GROUP;
        if (g != NO_GROUP && room[g] > 0) {
            out_group[c] = g;
            room[g]--;
            near_count++;
        }
    }
    uint8_t g = 0;
    for (uint32_t c = 0; c < chunk_count; c++) {
        if (out_group[c] == NO_GROUP) {
            while (room[g] == 0 && g + 1u < group_count) {
                g++; /* there is as much room as there are chunks */
            }
            out_group[c] = g;
            room[g]--;
        }
    }
    return near_count;
}

/* Makes the groups' lists. */
static void list_chunks(lanes_engine_placement *placement, const uint8_t *group)
{
    uint32_t at = 0;
    for (uint32_t g = 0; g < placement->group_count; g++) {
        placement->first[g] = at;
        placement->elements[g] = 0;
        for (uint32_t c = 0; c < placement->chunk_count; c++) {
            if (group[c] == g) {
                const uint64_t begin = c * placement->chunk_elements;
                placement->order[at++] = (uint16_t)c;
                placement->elements[g] +=
                    lanes_min_u64(placement->count - begin, placement->chunk_elements);
            }
        }
    }
    placement->first[placement->group_count] = at;
}

bool lanes_engine_placement_choose(lanes_engine_placement *placement,
                                   const lanes_engine_group *group, uint32_t group_count,
                                   const uint8_t *node)
{
    LANES_ASSERT(group_count > 0 && group_count <= LANES_ENGINE_GROUPS_MAX);
    const uint32_t chunk_count = placement->chunk_count;
    uint64_t threads = 0;
    for (uint32_t g = 0; g < group_count; g++) {
        threads += group[g].threads;
    }
    uint32_t room[LANES_ENGINE_GROUPS_MAX];
    uint64_t threads_before = 0;
    for (uint32_t g = 0; g < group_count; g++) {
        const uint64_t begin = chunk_count * threads_before / threads;
        threads_before += group[g].threads;
        room[g] = (uint32_t)(chunk_count * threads_before / threads - begin);
    }
    uint8_t group_of_chunk[LANES_ENGINE_CHUNKS_MAX];
    placement->group_count = group_count;
    placement->near_count =
        give_chunks(chunk_count, group, group_count, node, room, group_of_chunk);
    list_chunks(placement, group_of_chunk);
    /* Any thread may run any chunk: in slices, contiguous shares come to that. */
    uint64_t by_chance = 0; /* chunks that are near then, times threads */
    for (uint32_t c = 0; c < chunk_count; c++) {
        const uint8_t g = group_of(group, group_count, node[c]);
        by_chance += g != NO_GROUP ? group[g].threads : 0;
    }
    return placement->near_count * threads >=
           by_chance + (chunk_count * threads + CLEAR_PART - 1) / CLEAR_PART;
}

/* ---- Slices --------------------------------------------------------------------------
 */

/* Elements of group @p g that have been run when @p position of all have. */
static uint64_t group_position(const lanes_engine_placement *placement, uint32_t g,
                               uint64_t position)
{
    const uint64_t all = placement->elements[g];
    if (position >= placement->count) {
        return all;
    }
    /* Rounding keeps its order, and the largest are exact: 2^40. */
    const double part = (double)position / (double)placement->count;
    const uint64_t at = (uint64_t)(part * (double)all);
    return at - at % LANES_ENGINE_CHUNK_STEP;
}

void lanes_engine_slice_make(const lanes_engine_placement *placement, uint64_t begin,
                             uint64_t end, lanes_engine_slice *out)
{
    out->placement = placement;
    out->items = 0;
    for (uint32_t g = 0; g < placement->group_count; g++) {
        out->begin[g] = group_position(placement, g, begin);
        out->before[g] = out->items;
        out->items += group_position(placement, g, end) - out->begin[g];
    }
    out->before[placement->group_count] = out->items;
}

uint64_t lanes_engine_slice_piece(const lanes_engine_slice *slice, uint64_t item,
                                  uint64_t limit, uint64_t *out_first)
{
    const lanes_engine_placement *placement = slice->placement;
    LANES_ASSERT(item < limit && limit <= slice->items);
    uint32_t g = 0;
    while (slice->before[g + 1] <= item) {
        g++;
    }
    const uint64_t at = slice->begin[g] + (item - slice->before[g]);
    const uint64_t wanted = lanes_min_u64(limit, slice->before[g + 1]) - item;
    const uint64_t each = placement->chunk_elements;
    uint32_t c = placement->first[g] + (uint32_t)(at / each);
    uint64_t length = each - at % each;
    *out_first = placement->order[c] * each + at % each;
    while (length < wanted && placement->order[c + 1] == placement->order[c] + 1) {
        c++;
        length += each; /* the last chunk of all may have less, but then is `wanted` */
    }
    return lanes_min_u64(length, wanted);
}

/* ---- Batches -------------------------------------------------------------------------
 */

bool lanes_engine_is_placeable(const lanes_engine_plan *plan,
                               const lanes_topo_plan *places)
{
    uint64_t bytes;
    if (!lanes_topo_has_nodes(places) || plan->count == 0 || plan->work != plan->count) {
        return false;
    }
    /* Of others, what a place in the work means is not a loop index. */
    const lanes_engine_reduction *r = &plan->reduction;
    if (r->op != LANES_REDUCE_NONE &&
        (!r->folds || r->is_in_order || r->op == LANES_REDUCE_SCAN)) {
        return false;
    }
    return !lanes_mul_u64(plan->count, plan->element_bytes, &bytes) ||
           bytes / NODE_BYTES_MIN >= places->node_count;
}

/* Of the elements around loop index @p index, the node of most of their bytes. */
static uint8_t node_of_index(const lanes_engine_plan *plan,
                             const lanes_topo_pages *const *pages, uint64_t index)
{
    uint8_t node[LANES_FRAME_OPERANDS_MAX];
    uint32_t bytes[LANES_FRAME_OPERANDS_MAX];
    uint32_t known = 0;
    uint32_t best = 0;
    lanes_engine_place place;
    lanes_engine_space_place(&plan->space, index, &place);
    for (uint32_t k = 0; k < plan->operand_count; k++) {
        if (pages[k] == NULL || plan->access[k] == LANES_ACCESS_UNIFORM ||
            plan->access[k] == LANES_ACCESS_OWN) {
            continue;
        }
        const char *at = plan->frame.base[plan->slot[k]];
        const uint8_t at_node = lanes_topo_node_at(
            pages[k], at + lanes_engine_space_offset(&plan->space, k, &place));
        if (at_node == LANES_TOPO_NODE_UNKNOWN) {
            continue;
        }
        uint32_t i = 0;
        while (i < known && node[i] != at_node) {
            i++;
        }
        if (i == known) {
            node[i] = at_node;
            bytes[i] = 0;
            known++;
        }
        bytes[i] += plan->element_size[k];
        best = bytes[i] > bytes[best] ? i : best;
    }
    return known > 0 ? node[best] : LANES_TOPO_NODE_UNKNOWN;
}

/* The groups of the first @p threads places; 0: too many. */
static uint32_t find_groups(const lanes_topo_plan *places, uint32_t threads,
                            lanes_engine_group *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < threads; i++) {
        if (count == 0 || out[count - 1].node != places->place[i].node) {
            if (count == LANES_ENGINE_GROUPS_MAX) {
                return 0;
            }
            out[count++] = (lanes_engine_group){.node = places->place[i].node};
        }
        out[count - 1].threads++;
    }
    return count;
}

void lanes_engine_place_batch(lanes_engine_plan *plan, const lanes_topo_plan *places,
                              uint32_t threads, const lanes_topo_pages *const *pages)
{
    LANES_ASSERT(lanes_engine_is_placeable(plan, places) && plan->placement == NULL);
    LANES_ASSERT(threads > 0 && threads <= places->count);
    lanes_engine_group group[LANES_ENGINE_GROUPS_MAX];
    const uint32_t group_count = find_groups(places, threads, group);
    if (group_count < 2) {
        return;
    }
    lanes_engine_placement *placement = malloc(sizeof(*placement));
    if (placement == NULL) {
        return; /* any order will do */
    }
    uint64_t bytes = 0;
    uint64_t wanted = LANES_ENGINE_CHUNKS_MAX;
    if (lanes_mul_u64(plan->count, plan->element_bytes, &bytes)) {
        wanted = lanes_min_u64(bytes / CHUNK_BYTES_MIN, LANES_ENGINE_CHUNKS_MAX);
    }
    lanes_engine_placement_cut(placement, plan->count, (uint32_t)wanted);
    uint8_t node[LANES_ENGINE_CHUNKS_MAX];
    for (uint32_t c = 0; c < placement->chunk_count; c++) {
        const uint64_t begin = c * placement->chunk_elements;
        const uint64_t length =
            lanes_min_u64(plan->count - begin, placement->chunk_elements);
        node[c] = node_of_index(plan, pages, begin + length / 2);
    }
    if (lanes_engine_placement_choose(placement, group, group_count, node)) {
        plan->placement = placement; /* its owner from now on */
    } else {
        free(placement);
    }
}
