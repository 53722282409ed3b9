/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.c - arenas, and the malloc family over pages and spans.
 */
#include "arena/arena_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "os/os_memory.h"

#define IDLE_BYTES_DEFAULT (1ull << 30)
#define IDLE_PART_DEFAULT  8u /* of the memory there is, at most */

/* More is a mistake of the caller, and would overflow when it is rounded up. */
#define BLOCK_BYTES_MAX (1ull << 46)

void lanes_arena_options_default(lanes_arena_options *options)
{
    *options = (lanes_arena_options){
        .struct_bytes = sizeof(*options),
        .idle_bytes_max = lanes_min_u64(IDLE_BYTES_DEFAULT,
                                        lanes_os_memory_bytes() / IDLE_PART_DEFAULT),
    };
}

static lanes_status check_options(const lanes_arena_options *options, lanes_error *err)
{
    if (options->struct_bytes != sizeof(*options)) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "lanes_arena_options has struct_bytes %u, not %zu; set it "
                               "with lanes_arena_options_default()",
                               options->struct_bytes, sizeof(*options));
    }
    if (options->flags != 0) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "lanes_arena_options has unknown flags 0x%x",
                               options->flags);
    }
    return LANES_OK;
}

lanes_status lanes_arena_create(const lanes_arena_options *options,
                                lanes_arena **out_arena, lanes_error *err)
{
    lanes_arena_options defaults;
    if (options == NULL) {
        lanes_arena_options_default(&defaults);
        options = &defaults;
    }
    LANES_TRY(check_options(options, err));
    lanes_arena *arena = calloc(1, sizeof(*arena));
    if (arena == NULL) {
        return lanes_error_errno(err, ENOMEM, "arena");
    }
    pthread_mutex_init(&arena->lock, NULL); /* cannot fail without attributes */
    arena->bytes_max = options->bytes_max == 0 ? UINT64_MAX : options->bytes_max;
    arena->idle_bytes_max = options->idle_bytes_max;
    arena->page_bytes = lanes_os_page_bytes();
    arena->has_nodes = lanes_os_node_count() > 1;
    lanes_status status = lanes_os_fork_guard_create(&arena->is_own, err);
    if (status == LANES_OK) {
        status = lanes_arena_enlist(arena, err);
    }
    if (status < 0) {
        lanes_os_fork_guard_destroy(arena->is_own);
        pthread_mutex_destroy(&arena->lock);
        free(arena);
        return status;
    }
    *out_arena = arena;
    return LANES_OK;
}

void lanes_arena_release(lanes_arena *arena)
{
    if (arena == NULL) {
        return;
    }
    lanes_arena_delist(arena);
    lanes_arena_chunks_unmap(arena);
    while (arena->slabs != NULL) {
        lanes_arena_slab *slab = arena->slabs;
        arena->slabs = slab->next;
        free(slab);
    }
    lanes_os_fork_guard_destroy(arena->is_own);
    pthread_mutex_destroy(&arena->lock);
    free(arena);
}

/** Count a block of @p bytes, or more bytes of one; false: that is too much. */
static bool charge(lanes_arena *arena, uint64_t bytes)
{
    if (bytes > arena->bytes_max - arena->block_bytes) {
        return false;
    }
    arena->block_bytes += bytes;
    return true;
}

static void note_peak(lanes_arena *arena)
{
    if (arena->block_bytes > arena->block_bytes_peak) {
        arena->block_bytes_peak = arena->block_bytes;
    }
}

static void *take_large(lanes_arena *arena, uint64_t bytes, bool is_zero, int *out_errno)
{
    lanes_arena_extent *extent = lanes_arena_pages_take(arena, bytes, is_zero, out_errno);
    if (extent == NULL) {
        return NULL;
    }
    extent->kind = LANES_ARENA_BLOCK;
    extent->chunk->extent_of[extent->page] = extent;
    return lanes_arena_page_address(arena, extent->chunk, extent->page);
}

/** What a block of @p bytes takes. */
static uint64_t rounded_bytes(const lanes_arena *arena, uint64_t bytes)
{
    if (bytes <= LANES_ARENA_SMALL_BYTES_MAX) {
        return lanes_arena_small_bytes(bytes);
    }
    return (bytes + arena->page_bytes - 1) & ~(arena->page_bytes - 1);
}

static void *allocate(lanes_arena *arena, uint64_t bytes, bool is_zero, int *out_errno)
{
    *out_errno = ENOMEM;
    if (bytes > BLOCK_BYTES_MAX) {
        return NULL;
    }
    const int error = lanes_arena_lock(arena);
    if (error != 0) {
        *out_errno = error;
        return NULL;
    }
    const uint64_t taken = rounded_bytes(arena, bytes);
    const bool is_small = bytes <= LANES_ARENA_SMALL_BYTES_MAX;
    void *block = NULL;
    if (charge(arena, taken)) {
        block = is_small ? lanes_arena_small_take(arena, bytes, out_errno)
                         : take_large(arena, bytes, is_zero, out_errno);
        if (block == NULL) {
            arena->block_bytes -= taken;
        } else {
            arena->blocks++;
            note_peak(arena);
        }
    }
    lanes_arena_unlock(arena);
    if (block != NULL && is_small && is_zero) {
        memset(block, 0, bytes);
    }
    return block;
}

/** As allocate(), with errno as malloc() has it. */
static void *allocate_with_errno(lanes_arena *arena, uint64_t bytes, bool is_zero)
{
    const int before = errno;
    int error = 0;
    void *block = allocate(arena, bytes, is_zero, &error);
    errno = block == NULL ? error : before;
    return block;
}

void *lanes_arena_malloc(void *arena, size_t bytes)
{
    return allocate_with_errno(arena, bytes, false);
}

void *lanes_arena_calloc(void *arena, size_t count, size_t bytes)
{
    uint64_t product = 0;
    if (!lanes_mul_u64(count, bytes, &product)) {
        errno = ENOMEM;
        return NULL;
    }
    return allocate_with_errno(arena, product, true);
}

/** The extent of the block that begins at @p block, of whatever process; NULL: none. */
static lanes_arena_extent *find_extent(lanes_arena *arena, const void *block)
{
    const lanes_arena_own_chunk *chunk = lanes_arena_chunk_of(arena, block);
    if (chunk == NULL) {
        return NULL;
    }
    const uint64_t offset = (uintptr_t)block - (uintptr_t)chunk->facts.data;
    const uint64_t page = offset / arena->page_bytes;
    /* What is not the first page of a block may have the extent of an earlier one, which
     * may be any other meanwhile. */
    lanes_arena_extent *extent = chunk->extent_of[page];
    if (extent == NULL || extent->chunk != chunk || page < extent->page ||
        page - extent->page >= extent->pages) {
        return NULL;
    }
    if (extent->kind == LANES_ARENA_SPAN) {
        return lanes_arena_small_is_block(arena, extent->span, block) ? extent : NULL;
    }
    const bool is_block = extent->kind == LANES_ARENA_BLOCK && extent->page == page &&
                          offset % arena->page_bytes == 0;
    return is_block ? extent : NULL;
}

static uint64_t block_bytes_of(const lanes_arena *arena, const lanes_arena_extent *extent)
{
    return extent->kind == LANES_ARENA_SPAN ? extent->span->block_bytes
                                            : extent->pages * arena->page_bytes;
}

/** find_extent(), or the end of the process. */
static lanes_arena_extent *find_or_abort(lanes_arena *arena, const void *block,
                                         const char *function)
{
    lanes_arena_extent *extent = find_extent(arena, block);
    if (extent == NULL) {
        lanes_arena_unlock(arena);
        lanes_log(LANES_LOG_ERROR, "arena",
                  "%s: %p is no block of this arena, or was freed before", function,
                  block);
        abort();
    }
    return extent;
}

void lanes_arena_free(void *context, void *block, size_t bytes)
{
    (void)bytes;
    lanes_arena *arena = context;
    if (block == NULL) {
        return;
    }
    const int before = errno;
    if (lanes_arena_lock(arena) != 0) {
        return; /* a forked child, in which it is an inherited one */
    }
    lanes_arena_extent *extent = find_or_abort(arena, block, "lanes_arena_free");
    if (!extent->chunk->is_foreign) {
        arena->blocks--;
        arena->block_bytes -= block_bytes_of(arena, extent);
        if (extent->kind == LANES_ARENA_SPAN) {
            lanes_arena_small_drop(arena, extent->span, block);
        } else {
            lanes_arena_pages_drop(arena, extent);
        }
    }
    lanes_arena_unlock(arena);
    errno = before;
}

/** Cut a large block to @p bytes, if there is memory to note that. */
static void shorten(lanes_arena *arena, lanes_arena_extent *extent, uint64_t bytes)
{
    if (lanes_arena_extents_ready(arena)) {
        lanes_arena_extent *rest =
            lanes_arena_extent_split(arena, extent, bytes / arena->page_bytes);
        arena->block_bytes -= rest->pages * arena->page_bytes;
        lanes_arena_pages_drop(arena, rest);
    }
}

/** Make a large block one of @p bytes, rounded up, where it is; false: not possible. */
static bool lengthen(lanes_arena *arena, lanes_arena_extent *extent, uint64_t bytes)
{
    const uint64_t more = bytes - extent->pages * arena->page_bytes;
    const uintptr_t address =
        (uintptr_t)lanes_arena_page_address(arena, extent->chunk, extent->page);
    if (bytes >= LANES_ARENA_HUGE_BLOCK_BYTES && address % LANES_ARENA_HUGE_BYTES != 0) {
        return false;
    }
    if (!charge(arena, more)) {
        return false;
    }
    if (!lanes_arena_pages_extend(arena, extent, bytes / arena->page_bytes)) {
        arena->block_bytes -= more;
        return false;
    }
    note_peak(arena);
    return true;
}

/** True if the block of @p extent has become one of @p bytes. */
static bool resize_in_place(lanes_arena *arena, lanes_arena_extent *extent,
                            uint64_t bytes)
{
    const bool is_small = bytes <= LANES_ARENA_SMALL_BYTES_MAX;
    if (extent->chunk->is_foreign || is_small != (extent->kind == LANES_ARENA_SPAN)) {
        return false;
    }
    const uint64_t wanted = rounded_bytes(arena, bytes);
    const uint64_t has = block_bytes_of(arena, extent);
    if (wanted == has || is_small) {
        return wanted == has;
    }
    if (wanted < has) {
        shorten(arena, extent, wanted);
        return true;
    }
    return lengthen(arena, extent, wanted);
}

void *lanes_arena_realloc(void *context, void *block, size_t bytes)
{
    lanes_arena *arena = context;
    if (block == NULL) {
        return lanes_arena_malloc(arena, bytes);
    }
    const int before = errno;
    const int error = lanes_arena_lock(arena);
    if (error != 0 || bytes > BLOCK_BYTES_MAX) {
        if (error == 0) {
            lanes_arena_unlock(arena);
        }
        errno = error != 0 ? error : ENOMEM;
        return NULL;
    }
    lanes_arena_extent *extent = find_or_abort(arena, block, "lanes_arena_realloc");
    const uint64_t has = block_bytes_of(arena, extent);
    const bool is_done = resize_in_place(arena, extent, bytes);
    lanes_arena_unlock(arena);
    errno = before;
    if (is_done) {
        return block;
    }
    void *moved = lanes_arena_malloc(arena, bytes);
    if (moved != NULL) {
        memcpy(moved, block, lanes_min_u64(has, bytes));
        lanes_arena_free(arena, block, has);
    }
    return moved;
}

int lanes_arena_find(lanes_arena *arena, const void *address,
                     lanes_arena_chunk *out_chunk)
{
    lanes_arena_relock(arena);
    const lanes_arena_own_chunk *chunk = lanes_arena_chunk_of(arena, address);
    if (chunk != NULL) {
        *out_chunk = chunk->facts;
    }
    lanes_arena_unlock(arena);
    return chunk != NULL;
}

void lanes_arena_usage_now(lanes_arena *arena, lanes_arena_usage *out_usage)
{
    *out_usage = (lanes_arena_usage){.chunks = 0};
    const int error = lanes_arena_lock(arena);
    if (error != 0) {
        return; /* a forked child without memory for a page: it has nothing yet */
    }
    for (uint32_t i = 0; i < arena->chunk_count; i++) {
        out_usage->chunk_bytes += arena->chunk[i].facts.bytes;
    }
    out_usage->chunks = arena->chunk_count;
    out_usage->blocks = arena->blocks;
    out_usage->block_bytes = arena->block_bytes;
    out_usage->block_bytes_peak = arena->block_bytes_peak;
    out_usage->idle_bytes = arena->idle_extent_bytes + arena->unused_span_bytes;
    lanes_arena_unlock(arena);
}
