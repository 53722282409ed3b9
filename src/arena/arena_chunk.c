/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena_chunk.c - memfds that blocks lie in, and which one an address is in.
 */
#include "arena/arena_internal.h"

#include <errno.h>

#include "os/os_memory.h"

/* What a session can attach. */
#define CHUNK_BYTES_MAX (1ull << 46)

/** Make the memfd and the map of its extents; -errno. */
static lanes_status map_chunk(const lanes_arena *arena, uint64_t bytes,
                              lanes_arena_own_chunk *chunk)
{
    const uint32_t seals = LANES_OS_SEAL_SHRINK | LANES_OS_SEAL_GROW | LANES_OS_SEAL_SEAL;
    const uint64_t pages = bytes / arena->page_bytes;
    uint64_t map_bytes = 0;
    void *data = NULL;
    void *map = NULL;
    int fd = -1;
    LANES_ASSERT(lanes_align_up_u64(pages * sizeof(*chunk->extent_of), arena->page_bytes,
                                    &map_bytes));
    lanes_status status = lanes_os_memfd_create_sparse("lanes-arena", bytes, &fd, NULL);
    if (status == LANES_OK) {
        status = lanes_os_seal(fd, seals, NULL);
    }
    if (status == LANES_OK) {
        status = lanes_os_map_aligned(fd, bytes, LANES_ARENA_HUGE_BYTES, &data, NULL);
    }
    if (status == LANES_OK) {
        status = lanes_os_private_map(map_bytes, &map, NULL);
    }
    if (status < 0) {
        lanes_os_unmap(data, bytes);
        lanes_os_close(&fd);
        return status;
    }
    *chunk = (lanes_arena_own_chunk){
        .facts = {.bytes = bytes, .data = data, .fd = fd},
        .extent_of = map,
        .map_bytes = map_bytes,
    };
    return LANES_OK;
}

/** As large as all before it together, if that can be had; LANES_OK or -errno. */
static lanes_status map_largest(const lanes_arena *arena, uint64_t bytes,
                                lanes_arena_own_chunk *chunk)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < arena->chunk_count; i++) {
        sum += arena->chunk[i].is_foreign ? 0 : arena->chunk[i].facts.bytes;
    }
    const uint64_t wanted[] = {lanes_min_u64(sum, CHUNK_BYTES_MAX),
                               LANES_ARENA_CHUNK_BYTES_MIN, bytes};
    lanes_status status = -ENOMEM;
    for (uint32_t i = 0; i < LANES_ARRAY_COUNT(wanted) && status < 0; i++) {
        const bool is_tried = i > 0 && wanted[i] == wanted[i - 1];
        if (wanted[i] >= bytes && !is_tried) {
            status = map_chunk(arena, wanted[i], chunk);
        }
    }
    return status;
}

int lanes_arena_chunk_make(lanes_arena *arena, uint64_t bytes)
{
    uint64_t whole = 0;
    LANES_ASSERT(lanes_align_up_u64(bytes, LANES_ARENA_HUGE_BYTES, &whole));
    if (arena->chunk_count == LANES_ARENA_CHUNKS_MAX ||
        !lanes_arena_extents_ready(arena)) {
        return ENOMEM;
    }
    lanes_arena_own_chunk *chunk = &arena->chunk[arena->chunk_count];
    const lanes_status status = map_largest(arena, whole, chunk);
    if (status < 0) {
        return -status;
    }
    chunk->facts.number = arena->chunk_count++;
    lanes_arena_extent *all = lanes_arena_extent_new(arena);
    all->chunk = chunk;
    all->pages = chunk->facts.bytes / arena->page_bytes;
    lanes_arena_extent_put(arena, all, LANES_ARENA_HOLE);
    return 0;
}

void lanes_arena_chunks_unmap(lanes_arena *arena)
{
    for (uint32_t i = 0; i < arena->chunk_count; i++) {
        lanes_arena_own_chunk *chunk = &arena->chunk[i];
        lanes_os_unmap(chunk->facts.data, chunk->facts.bytes);
        lanes_os_private_unmap(chunk->extent_of, chunk->map_bytes);
        lanes_os_close(&chunk->facts.fd);
    }
    arena->chunk_count = 0;
}

lanes_arena_own_chunk *lanes_arena_chunk_of(lanes_arena *arena, const void *address)
{
    /* From the last one, which is as large as the others together. */
    for (uint32_t i = arena->chunk_count; i > 0; i--) {
        lanes_arena_own_chunk *chunk = &arena->chunk[i - 1];
        if ((uintptr_t)address - (uintptr_t)chunk->facts.data < chunk->facts.bytes) {
            return chunk;
        }
    }
    return NULL;
}
