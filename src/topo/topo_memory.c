/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topo_memory.c - which node new pages come from, and which one pages are on.
 */
#include "topo/topo.h"

#include <errno.h>
#include <unistd.h>

#include "topo/topo_internal.h"

/* A sample stands for so much at least, which is less than any thread's part of memory
 * that it is worth looking at. */
#define STEP_BYTES_MIN (128u << 10)

/* Pages of a sample: neighbours, so that pages that alternate are noticed. */
#define SAMPLE_PAGES 2u

static uint64_t page_bytes_of_system(void)
{
    return (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t lanes_topo_part_end(const lanes_topo_plan *plan, uint32_t places, uint64_t bytes,
                             uint64_t page_bytes)
{
    if (places == plan->count) {
        return bytes;
    }
    /* In pages, so that nothing overflows: 2^52 of them, and 2^10 places. */
    return bytes / page_bytes * places / plan->count * page_bytes;
}

/* Of fewer pages than threads, parts are empty. */
static lanes_status prefer_node(const lanes_topo_plan *plan, uint32_t node, void *data,
                                uint64_t bytes, lanes_error *err)
{
    if (bytes == 0) {
        return LANES_OK;
    }
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    if (set == NULL || hwloc_bitmap_only(set, node) != 0) {
        hwloc_bitmap_free(set);
        return lanes_error_set(err, -ENOMEM, "no memory for a set of nodes");
    }
    /* Without STRICT it is a preference. */
    const int failed =
        hwloc_set_area_membind(lanes_topo_owner_of(plan)->topology, data, bytes, set,
                               HWLOC_MEMBIND_BIND, HWLOC_MEMBIND_BYNODESET);
    const int error = errno;
    hwloc_bitmap_free(set);
    if (failed) {
        return lanes_error_errno(err, error, "%llu bytes cannot be bound to NUMA node %u",
                                 (unsigned long long)bytes, node);
    }
    return LANES_OK;
}

/* A part for each node, of as many places as it has. */
static lanes_status spread_parts(const lanes_topo_plan *plan, char *data, uint64_t bytes,
                                 uint64_t page_bytes, lanes_error *err)
{
    uint64_t begin = 0;
    for (uint32_t i = 1; i <= plan->count; i++) {
        const uint32_t node = plan->place[i - 1].node;
        if (i < plan->count && plan->place[i].node == node) {
            continue;
        }
        const uint64_t end = lanes_topo_part_end(plan, i, bytes, page_bytes);
        LANES_TRY(prefer_node(plan, node, data + begin, end - begin, err));
        begin = end;
    }
    return LANES_OK;
}

lanes_status lanes_topo_spread(const lanes_topo_plan *plan, void *data, uint64_t bytes,
                               lanes_error *err)
{
    if (!lanes_topo_has_nodes(plan)) {
        return LANES_OK;
    }
    const uint64_t page_bytes = page_bytes_of_system();
    if ((uintptr_t)data % page_bytes != 0) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "memory at %p cannot be bound to nodes: it does not begin "
                               "at a page of %llu bytes",
                               data, (unsigned long long)page_bytes);
    }
    return spread_parts(plan, data, bytes, page_bytes, err);
}

/* The one node that @p bytes at @p data are on. */
static uint8_t node_of(const struct lanes_topo_owner *owner, const void *data,
                       uint64_t bytes, hwloc_bitmap_t set)
{
    if (hwloc_get_area_memlocation(owner->topology, data, bytes, set,
                                   HWLOC_MEMBIND_BYNODESET) != 0 ||
        hwloc_bitmap_weight(set) != 1) {
        return LANES_TOPO_NODE_UNKNOWN;
    }
    const int node = hwloc_bitmap_first(set);
    return node < LANES_TOPO_NODE_UNKNOWN ? (uint8_t)node : LANES_TOPO_NODE_UNKNOWN;
}

void lanes_topo_locate(const lanes_topo_plan *plan, const void *data, uint64_t bytes,
                       lanes_topo_pages *out_pages)
{
    LANES_ASSERT(bytes > 0);
    out_pages->data = data;
    out_pages->bytes = bytes;
    out_pages->count = 0;
    if (!lanes_topo_has_nodes(plan)) {
        return;
    }
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    if (set == NULL) {
        return;
    }
    const uint64_t page_bytes = page_bytes_of_system();
    uint64_t step = (bytes - 1) / LANES_TOPO_SAMPLES_MAX + 1;
    step = step > STEP_BYTES_MIN ? step : STEP_BYTES_MIN;
    step += -step % page_bytes;
    out_pages->step_bytes = step;
    for (uint64_t at = 0; at < bytes; at += step) {
        const uint64_t length = lanes_min_u64(bytes - at, step);
        uint64_t sample = at + length / 2;
        sample -= sample % page_bytes;
        out_pages->node[out_pages->count++] =
            node_of(lanes_topo_owner_of(plan), (const char *)data + sample,
                    lanes_min_u64(bytes - sample, SAMPLE_PAGES * page_bytes), set);
    }
    hwloc_bitmap_free(set);
}
