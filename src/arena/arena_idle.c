/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena_idle.c - reserving memory of the machine, and giving it back.
 *
 * Both take the kernel milliseconds for large extents, so both are done without the lock,
 * while the extent is busy: neither free nor anybody's.
 */
#include "arena/arena_internal.h"

#include <errno.h>

#include "os/os_memory.h"

/*
 * After a look at what is left, so much at most is reserved before the next look.
 * Reserving more than there is would not fail, but start the out-of-memory killer.
 */
#define CREDIT_BYTES_MAX (64ull << 20)

/* Idle memory is given back in steps of a part of what may be kept, so that a program at
 * the limit does not pay for a system call each time it frees something. */
#define TRIM_PART 16u

int lanes_arena_credit(lanes_arena *arena, uint64_t bytes)
{
    if (bytes <= arena->credit_bytes) {
        arena->credit_bytes -= bytes;
        return 0;
    }
    const uint64_t available = lanes_os_available_bytes();
    if (bytes > available) {
        return ENOMEM;
    }
    arena->credit_bytes = lanes_min_u64((available - bytes) / 4, CREDIT_BYTES_MAX);
    return 0;
}

int lanes_arena_reserve(const lanes_arena *arena, const lanes_arena_own_chunk *chunk,
                        const lanes_arena_pieces *pieces, bool is_spread)
{
    for (uint32_t i = 0; i < pieces->count; i++) {
        const uint64_t offset = pieces->piece[i].page * arena->page_bytes;
        const uint64_t bytes = pieces->piece[i].pages * arena->page_bytes;
        if (!pieces->piece[i].is_hole) {
            continue;
        }
        if (is_spread) {
            lanes_os_interleave((uint8_t *)chunk->facts.data + offset, bytes);
        }
        const lanes_status status = lanes_os_reserve_part(chunk->facts.fd, offset, bytes);
        if (status < 0) {
            return -status;
        }
    }
    return 0;
}

bool lanes_arena_give_back(const lanes_arena *arena, const lanes_arena_extent *extent)
{
    return lanes_os_give_back(extent->chunk->facts.fd, extent->page * arena->page_bytes,
                              extent->pages * arena->page_bytes) == LANES_OK;
}

/** Take the oldest idle extent, or as much of its end as is too much. */
static lanes_arena_extent *take_oldest(lanes_arena *arena, uint64_t excess_pages)
{
    lanes_arena_extent *extent = arena->oldest;
    lanes_arena_extent_take(arena, extent);
    if (extent->pages <= excess_pages || !lanes_arena_extents_ready(arena)) {
        return extent;
    }
    lanes_arena_extent *end =
        lanes_arena_extent_split(arena, extent, extent->pages - excess_pages);
    lanes_arena_extent_put(arena, extent, LANES_ARENA_IDLE);
    lanes_arena_extent_make_oldest(arena, extent);
    return end;
}

void lanes_arena_trim(lanes_arena *arena, uint64_t bytes)
{
    while (arena->idle_extent_bytes > bytes) {
        const uint64_t excess = arena->idle_extent_bytes - bytes;
        lanes_arena_extent *extent =
            take_oldest(arena, (excess + arena->page_bytes - 1) / arena->page_bytes);
        lanes_arena_unlock(arena);
        const bool is_hole = lanes_arena_give_back(arena, extent);
        lanes_arena_relock(arena);
        lanes_arena_extent_put(arena, extent,
                               is_hole ? LANES_ARENA_HOLE : LANES_ARENA_IDLE);
        if (!is_hole) {
            return;
        }
    }
}

void lanes_arena_trim_excess(lanes_arena *arena)
{
    const uint64_t most = arena->idle_bytes_max;
    if (arena->idle_extent_bytes > most) {
        lanes_arena_trim(arena, most - most / TRIM_PART);
    }
}
