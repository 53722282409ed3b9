/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena_extent.c - runs of pages: cut, joined, kept by kind; and the memory that this
 * takes, which is private and never in a chunk.
 */
#include "arena/arena_internal.h"

#include <stdlib.h>

#define EXTENTS_PER_SLAB 128u

/* A chunk and two cuts are the most that an operation makes at a time. */
#define EXTENTS_READY 4u

void *lanes_arena_slab_new(lanes_arena *arena, size_t bytes)
{
    /* The header is as large as any type needs for its alignment. */
    _Static_assert(sizeof(lanes_arena_slab) <= LANES_CACHE_LINE, "in front of the rest");
    lanes_arena_slab *slab = calloc(1, LANES_CACHE_LINE + bytes);
    if (slab == NULL) {
        return NULL;
    }
    slab->next = arena->slabs;
    arena->slabs = slab;
    return (uint8_t *)slab + LANES_CACHE_LINE;
}

void lanes_arena_extent_discard(lanes_arena *arena, lanes_arena_extent *extent)
{
    extent->kind = LANES_ARENA_SPARE;
    extent->older = arena->spare_extents;
    arena->spare_extents = extent;
    arena->spare_extent_count++;
}

bool lanes_arena_extents_ready(lanes_arena *arena)
{
    if (arena->spare_extent_count >= EXTENTS_READY) {
        return true;
    }
    lanes_arena_extent *extents =
        lanes_arena_slab_new(arena, EXTENTS_PER_SLAB * sizeof(*extents));
    if (extents == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < EXTENTS_PER_SLAB; i++) {
        lanes_arena_extent_discard(arena, &extents[i]);
    }
    return true;
}

lanes_arena_extent *lanes_arena_extent_new(lanes_arena *arena)
{
    lanes_arena_extent *extent = arena->spare_extents;
    LANES_ASSERT(extent != NULL);
    arena->spare_extents = extent->older;
    arena->spare_extent_count--;
    *extent = (lanes_arena_extent){.kind = LANES_ARENA_BUSY};
    return extent;
}

lanes_arena_extent *lanes_arena_extent_split(lanes_arena *arena,
                                             lanes_arena_extent *extent, uint64_t pages)
{
    LANES_ASSERT(!lanes_arena_is_free(extent) && pages > 0 && pages < extent->pages);
    lanes_arena_extent *rest = lanes_arena_extent_new(arena);
    rest->chunk = extent->chunk;
    rest->page = extent->page + pages;
    rest->pages = extent->pages - pages;
    rest->before = extent;
    rest->behind = extent->behind;
    if (rest->behind != NULL) {
        rest->behind->before = rest;
    }
    extent->behind = rest;
    extent->pages = pages;
    return rest;
}

void lanes_arena_extent_absorb(lanes_arena *arena, lanes_arena_extent *extent)
{
    lanes_arena_extent *gone = extent->behind;
    LANES_ASSERT(!lanes_arena_is_free(extent) && gone->kind == LANES_ARENA_BUSY);
    extent->pages += gone->pages;
    extent->behind = gone->behind;
    if (extent->behind != NULL) {
        extent->behind->before = extent;
    }
    lanes_arena_extent_discard(arena, gone);
}

static void link_newest(lanes_arena *arena, lanes_arena_extent *extent)
{
    extent->newer = NULL;
    extent->older = arena->newest;
    if (extent->older != NULL) {
        extent->older->newer = extent;
    } else {
        arena->oldest = extent;
    }
    arena->newest = extent;
}

static void unlink_idle(lanes_arena *arena, const lanes_arena_extent *extent)
{
    if (extent->older != NULL) {
        extent->older->newer = extent->newer;
    } else {
        arena->oldest = extent->newer;
    }
    if (extent->newer != NULL) {
        extent->newer->older = extent->older;
    } else {
        arena->newest = extent->older;
    }
}

void lanes_arena_extent_take(lanes_arena *arena, lanes_arena_extent *extent)
{
    if (extent->kind == LANES_ARENA_IDLE) {
        lanes_arena_tree_remove(&arena->idle, extent);
        unlink_idle(arena, extent);
        arena->idle_extent_bytes -= extent->pages * arena->page_bytes;
    } else {
        LANES_ASSERT(extent->kind == LANES_ARENA_HOLE);
        lanes_arena_tree_remove(&arena->holes, extent);
    }
    extent->kind = LANES_ARENA_BUSY;
}

void lanes_arena_extent_put(lanes_arena *arena, lanes_arena_extent *extent,
                            enum lanes_arena_kind kind)
{
    LANES_ASSERT(!lanes_arena_is_free(extent));
    lanes_arena_extent *before = extent->before;
    extent->kind = LANES_ARENA_BUSY;
    if (before != NULL && before->kind == kind) {
        lanes_arena_extent_take(arena, before);
        extent = before;
        lanes_arena_extent_absorb(arena, extent);
    }
    if (extent->behind != NULL && extent->behind->kind == kind) {
        lanes_arena_extent_take(arena, extent->behind);
        lanes_arena_extent_absorb(arena, extent);
    }
    extent->kind = kind;
    if (kind == LANES_ARENA_HOLE) {
        lanes_arena_tree_insert(&arena->holes, extent);
    } else {
        lanes_arena_tree_insert(&arena->idle, extent);
        link_newest(arena, extent);
        arena->idle_extent_bytes += extent->pages * arena->page_bytes;
    }
}

void lanes_arena_extent_make_oldest(lanes_arena *arena, lanes_arena_extent *extent)
{
    unlink_idle(arena, extent);
    extent->older = NULL;
    extent->newer = arena->oldest;
    if (extent->newer != NULL) {
        extent->newer->older = extent;
    } else {
        arena->newest = extent;
    }
    arena->oldest = extent;
}
