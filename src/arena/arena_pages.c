/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena_pages.c - whole pages: for large blocks, and for spans of small ones.
 *
 * Best fit: the smallest extent that is large enough. Idle ones come first, since their
 * pages are mapped already, unless they are much too large; then what was freed of late
 * together with holes beside it, so that a block of which the end was given back is found
 * again; then holes.
 */
#include "arena/arena_internal.h"

#include <errno.h>
#include <string.h>

#include "os/os_memory.h"

/* An idle extent that is so many times as large as what is wanted is left for what needs
 * it, if there is a hole; 64 is jemalloc's number for the same. */
#define IDLE_TIMES_MAX 64u

/* How many extents are looked at for a part of what is wanted, and how large a part is
 * worth it. */
#define RUNS_MAX 8u
#define RUN_PART 8u

/** What is looked for, in pages. */
typedef struct wanted {
    uint64_t pages;
    uint64_t step; /* the first page is a multiple of it */
} wanted;

static uint64_t first_page(uint64_t page, const wanted *what)
{
    return page + (-page & (what->step - 1));
}

/** The best extent of a tree, of at most @p pages_max. */
static lanes_arena_extent *find_in(lanes_arena_extent **tree, const wanted *what,
                                   uint64_t pages_max)
{
    lanes_arena_extent *extent = lanes_arena_tree_fit(tree, what->pages);
    while (extent != NULL && extent->pages <= pages_max) {
        const uint64_t skipped = first_page(extent->page, what) - extent->page;
        if (extent->pages >= what->pages + skipped) {
            return extent;
        }
        extent = lanes_arena_tree_next(tree, extent);
    }
    return NULL;
}

/** @p first and free ones behind it are large enough. */
static bool fits_run(const lanes_arena_extent *first, const wanted *what)
{
    const uint64_t end = first_page(first->page, what) + what->pages;
    const lanes_arena_extent *extent = first;
    for (uint32_t i = 0; i < LANES_ARENA_PIECES_MAX && lanes_arena_is_free(extent); i++) {
        if (extent->page + extent->pages >= end) {
            return true;
        }
        extent = extent->behind;
    }
    return false;
}

/**
 * Where neighbours of both kinds are large enough together. One of them is idle, among
 * the
 * @p count newest, and has @p pages_min itself.
 */
static lanes_arena_extent *find_run(const lanes_arena *arena, const wanted *what,
                                    uint64_t count, uint64_t pages_min)
{
    lanes_arena_extent *idle = arena->newest;
    for (; idle != NULL && count > 0; idle = idle->older, count--) {
        lanes_arena_extent *first = idle;
        if (idle->pages < pages_min) {
            continue;
        }
        for (uint32_t i = 1; i < LANES_ARENA_PIECES_MAX; i++) {
            if (!lanes_arena_is_free(first->before)) {
                break;
            }
            first = first->before;
        }
        for (; lanes_arena_is_free(first); first = first->behind) {
            if (fits_run(first, what)) {
                return first;
            }
            if (first == idle) {
                break;
            }
        }
    }
    return NULL;
}

static lanes_arena_extent *find_place(lanes_arena *arena, const wanted *what)
{
    uint64_t pages_max = 0;
    if (!lanes_mul_u64(what->pages, IDLE_TIMES_MAX, &pages_max)) {
        pages_max = UINT64_MAX;
    }
    lanes_arena_extent *extent = find_in(&arena->idle, what, pages_max);
    if (extent == NULL) {
        extent = find_run(arena, what, RUNS_MAX, what->pages / RUN_PART + 1);
    }
    if (extent == NULL) {
        extent = find_in(&arena->holes, what, UINT64_MAX);
    }
    if (extent == NULL) {
        extent = find_in(&arena->idle, what, UINT64_MAX);
    }
    return extent != NULL ? extent : find_run(arena, what, UINT64_MAX, 1);
}

/**
 * Take @p what out of the free extents from @p extent on; the rest of them stays what it
 * is. @return one busy extent, whose parts @p out_pieces tells
 */
static lanes_arena_extent *take_run(lanes_arena *arena, lanes_arena_extent *extent,
                                    const wanted *what, lanes_arena_pieces *out_pieces)
{
    const uint64_t page = first_page(extent->page, what);
    while (extent->page + extent->pages <= page) {
        extent = extent->behind;
    }
    enum lanes_arena_kind kind = extent->kind;
    lanes_arena_extent_take(arena, extent);
    if (page > extent->page) {
        lanes_arena_extent *skipped = extent;
        extent = lanes_arena_extent_split(arena, skipped, page - skipped->page);
        lanes_arena_extent_put(arena, skipped, kind);
    }
    lanes_arena_extent *piece = extent;
    uint64_t left = what->pages;
    out_pieces->count = 0;
    for (;;) {
        if (piece->pages > left) {
            lanes_arena_extent_put(arena, lanes_arena_extent_split(arena, piece, left),
                                   kind);
        }
        LANES_ASSERT(out_pieces->count < LANES_ARENA_PIECES_MAX);
        out_pieces->piece[out_pieces->count].page = piece->page;
        out_pieces->piece[out_pieces->count].pages = piece->pages;
        out_pieces->piece[out_pieces->count++].is_hole = kind == LANES_ARENA_HOLE;
        left -= piece->pages;
        if (left == 0) {
            break;
        }
        piece = piece->behind;
        kind = piece->kind;
        lanes_arena_extent_take(arena, piece);
    }
    while (extent->pages < what->pages) {
        lanes_arena_extent_absorb(arena, extent);
    }
    return extent;
}

static uint64_t hole_pages(const lanes_arena_pieces *pieces)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < pieces->count; i++) {
        sum += pieces->piece[i].is_hole ? pieces->piece[i].pages : 0;
    }
    return sum;
}

/** Holes are zeroes as the kernel makes them; the rest is made so. */
static void clear(const lanes_arena *arena, const lanes_arena_own_chunk *chunk,
                  const lanes_arena_pieces *pieces)
{
    for (uint32_t i = 0; i < pieces->count; i++) {
        if (!pieces->piece[i].is_hole) {
            memset(lanes_arena_page_address(arena, chunk, pieces->piece[i].page), 0,
                   pieces->piece[i].pages * arena->page_bytes);
        }
    }
}

/**
 * Make the pages of a busy extent memory, without the lock; 0 or errno. If that fails,
 * all of it becomes a hole, since memory is what there is too little of.
 */
static int fill(lanes_arena *arena, lanes_arena_extent *extent,
                const lanes_arena_pieces *pieces, bool is_zero)
{
    const lanes_arena_own_chunk *chunk = extent->chunk;
    const uint64_t bytes = extent->pages * arena->page_bytes;
    const uint64_t hole_bytes = hole_pages(pieces) * arena->page_bytes;
    if (hole_bytes == 0 && !is_zero) {
        return 0;
    }
    int error = hole_bytes > 0 ? lanes_arena_credit(arena, hole_bytes) : 0;
    lanes_arena_unlock(arena);
    if (error == 0 && hole_bytes > 0) {
        error = lanes_arena_reserve(arena, chunk, pieces,
                                    arena->has_nodes &&
                                        bytes >= LANES_ARENA_SPREAD_BLOCK_BYTES);
        if (error == 0 && bytes >= LANES_ARENA_HUGE_BLOCK_BYTES) {
            lanes_os_prefer_huge(lanes_arena_page_address(arena, chunk, extent->page),
                                 bytes);
        }
    }
    bool is_hole = false;
    if (error != 0) {
        is_hole = lanes_arena_give_back(arena, extent);
    } else if (is_zero) {
        clear(arena, chunk, pieces);
    }
    lanes_arena_relock(arena);
    if (error != 0) {
        lanes_arena_extent_put(arena, extent,
                               is_hole ? LANES_ARENA_HOLE : LANES_ARENA_IDLE);
    }
    return error;
}

/** One try; @return 0 or errno. */
static int take_pages(lanes_arena *arena, const wanted *what, bool is_zero,
                      lanes_arena_extent **out_extent)
{
    if (!lanes_arena_extents_ready(arena)) {
        return ENOMEM;
    }
    lanes_arena_extent *place = find_place(arena, what);
    if (place == NULL) {
        const int error = lanes_arena_chunk_make(arena, what->pages * arena->page_bytes);
        if (error != 0) {
            return error;
        }
        place = find_place(arena, what);
        LANES_ASSERT(place != NULL);
    }
    lanes_arena_pieces pieces;
    *out_extent = take_run(arena, place, what, &pieces);
    return fill(arena, *out_extent, &pieces, is_zero);
}

lanes_arena_extent *lanes_arena_pages_take(lanes_arena *arena, uint64_t bytes,
                                           bool is_zero, int *out_errno)
{
    const uint64_t step =
        bytes >= LANES_ARENA_HUGE_BLOCK_BYTES ? LANES_ARENA_HUGE_BYTES : 0;
    const wanted what = {
        .pages = (bytes + arena->page_bytes - 1) / arena->page_bytes,
        .step = step > arena->page_bytes ? step / arena->page_bytes : 1,
    };
    lanes_arena_extent *extent = NULL;
    int error = take_pages(arena, &what, is_zero, &extent);
    if (error != 0 && arena->idle_extent_bytes > 0) {
        /* What is kept for reuse is no use as it lies, or it is what is missing. */
        lanes_arena_trim(arena, 0);
        error = take_pages(arena, &what, is_zero, &extent);
    }
    if (error != 0) {
        *out_errno = error;
        return NULL;
    }
    return extent;
}

void lanes_arena_pages_drop(lanes_arena *arena, lanes_arena_extent *extent)
{
    lanes_arena_extent_put(arena, extent, LANES_ARENA_IDLE);
    lanes_arena_trim_excess(arena);
}

bool lanes_arena_pages_extend(lanes_arena *arena, lanes_arena_extent *extent,
                              uint64_t pages)
{
    const wanted more = {.pages = pages - extent->pages, .step = 1};
    if (!lanes_arena_is_free(extent->behind) || !fits_run(extent->behind, &more) ||
        !lanes_arena_extents_ready(arena)) {
        return false;
    }
    lanes_arena_pieces pieces;
    lanes_arena_extent *end = take_run(arena, extent->behind, &more, &pieces);
    if (fill(arena, end, &pieces, false) != 0) {
        return false;
    }
    lanes_arena_extent_absorb(arena, extent);
    return true;
}
