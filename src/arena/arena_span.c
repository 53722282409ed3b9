/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena_span.c - small blocks: 32 sizes, spans of blocks of one size, a bit for each.
 *
 * Sizes are multiples of 64 up to 512, then four to each doubling, so that at most a
 * fifth of a block is unused. A class has a list of the spans with free blocks; a span
 * whose last block is freed is kept if it is the only one there, so that a program at the
 * edge of a span does not make and drop it again and again.
 */
#include "arena/arena_internal.h"

#include <errno.h>

#define STEP_BYTES         64u
#define EVEN_CLASSES       8u /* 64, 128, ... 512 */
#define CLASSES_PER_OCTAVE 4u

#define SPAN_BYTES        (64u << 10)
#define LARGE_SPAN_BYTES  (256u << 10) /* of blocks that 64 KiB has fewer than 8 of */
#define LARGE_BLOCK_BYTES (8u << 10)

#define SPANS_PER_SLAB 32u

_Static_assert(SPAN_BYTES / STEP_BYTES ==
                   8 * sizeof(((lanes_arena_span *)NULL)->free_bits),
               "a bit for each block");

/** The least class whose blocks have @p bytes; 1 .. LANES_ARENA_SMALL_BYTES_MAX. */
static uint32_t class_of(uint32_t bytes)
{
    if (bytes <= EVEN_CLASSES * STEP_BYTES) {
        return (bytes - 1) / STEP_BYTES;
    }
    const uint32_t octave = 31 - (uint32_t)__builtin_clz(bytes - 1); /* 9: 513 .. 1024 */
    const uint32_t quarter = ((bytes - 1) >> (octave - 2)) & 3;
    return EVEN_CLASSES + (octave - 9) * CLASSES_PER_OCTAVE + quarter;
}

static uint32_t bytes_of_class(uint32_t class)
{
    if (class < EVEN_CLASSES) {
        return (class + 1) * STEP_BYTES;
    }
    const uint32_t octave = (class - EVEN_CLASSES) / CLASSES_PER_OCTAVE + 9;
    const uint32_t quarter = (class - EVEN_CLASSES) % CLASSES_PER_OCTAVE;
    return (5 + quarter) << (octave - 2);
}

uint32_t lanes_arena_small_bytes(uint64_t bytes)
{
    return bytes_of_class(class_of(bytes == 0 ? 1 : (uint32_t)bytes));
}

static void link_span(lanes_arena *arena, lanes_arena_span *span)
{
    span->previous = NULL;
    span->next = arena->spans[span->class];
    if (span->next != NULL) {
        span->next->previous = span;
    }
    arena->spans[span->class] = span;
}

static void unlink_span(lanes_arena *arena, const lanes_arena_span *span)
{
    if (span->previous != NULL) {
        span->previous->next = span->next;
    } else {
        arena->spans[span->class] = span->next;
    }
    if (span->next != NULL) {
        span->next->previous = span->previous;
    }
}

static void discard_span(lanes_arena *arena, lanes_arena_span *span)
{
    span->next = arena->spare_spans;
    arena->spare_spans = span;
}

static lanes_arena_span *new_span(lanes_arena *arena)
{
    if (arena->spare_spans == NULL) {
        lanes_arena_span *spans =
            lanes_arena_slab_new(arena, SPANS_PER_SLAB * sizeof(*spans));
        for (uint32_t i = 0; spans != NULL && i < SPANS_PER_SLAB; i++) {
            discard_span(arena, &spans[i]);
        }
    }
    lanes_arena_span *span = arena->spare_spans;
    if (span != NULL) {
        arena->spare_spans = span->next;
    }
    return span;
}

/** Make the pages of @p extent blocks of @p class. */
static void start_span(lanes_arena *arena, lanes_arena_span *span,
                       lanes_arena_extent *extent, uint32_t class)
{
    const uint64_t bytes = extent->pages * arena->page_bytes;
    const uint32_t block_bytes = bytes_of_class(class);
    const uint32_t fit = (uint32_t)(bytes / block_bytes);
    const uint32_t bits = (uint32_t)(8 * sizeof(span->free_bits));
    const uint32_t count = fit < bits ? fit : bits; /* of pages of 128 KiB, if any */
    *span = (lanes_arena_span){
        .extent = extent,
        .class = class,
        .block_bytes = block_bytes,
        .count = count,
        .free = count,
    };
    for (uint32_t i = 0; i < count; i++) {
        span->free_bits[i / 64] |= 1ull << (i % 64);
    }
    extent->kind = LANES_ARENA_SPAN;
    extent->span = span;
    for (uint64_t i = 0; i < extent->pages; i++) {
        extent->chunk->extent_of[extent->page + i] = extent;
    }
    arena->unused_span_bytes += bytes;
    link_span(arena, span);
}

/** A new span of @p class, in its list. @return 0 or errno */
static int make_span(lanes_arena *arena, uint32_t class)
{
    const bool is_large = bytes_of_class(class) > LARGE_BLOCK_BYTES;
    int error = 0;
    lanes_arena_extent *extent = lanes_arena_pages_take(
        arena, is_large ? LARGE_SPAN_BYTES : SPAN_BYTES, false, &error);
    if (extent == NULL) {
        return error;
    }
    lanes_arena_span *span = new_span(arena);
    if (span == NULL) {
        lanes_arena_pages_drop(arena, extent);
        return ENOMEM;
    }
    start_span(arena, span, extent, class);
    return 0;
}

static uint8_t *span_data(const lanes_arena *arena, const lanes_arena_span *span)
{
    return lanes_arena_page_address(arena, span->extent->chunk, span->extent->page);
}

/** Take the first free block; there is one. */
static void *take_block(lanes_arena *arena, lanes_arena_span *span)
{
    uint32_t word = 0;
    while (span->free_bits[word] == 0) {
        word++;
    }
    const uint32_t bit = (uint32_t)__builtin_ctzll(span->free_bits[word]);
    span->free_bits[word] &= span->free_bits[word] - 1;
    if (--span->free == 0) {
        unlink_span(arena, span);
    }
    arena->unused_span_bytes -= span->block_bytes;
    return span_data(arena, span) + (uint64_t)(word * 64 + bit) * span->block_bytes;
}

void *lanes_arena_small_take(lanes_arena *arena, uint64_t bytes, int *out_errno)
{
    const uint32_t class = class_of(bytes == 0 ? 1 : (uint32_t)bytes);
    /* Others may take what was made, while the lock is given up. */
    while (arena->spans[class] == NULL) {
        const int error = make_span(arena, class);
        if (error != 0) {
            *out_errno = error;
            return NULL;
        }
    }
    return take_block(arena, arena->spans[class]);
}

/** The number of the block at @p block; UINT32_MAX: none begins there, or it is free. */
static uint32_t index_of(const lanes_arena *arena, const lanes_arena_span *span,
                         const void *block)
{
    const uint32_t offset = (uint32_t)((const uint8_t *)block - span_data(arena, span));
    const uint32_t index = offset / span->block_bytes;
    const bool is_block = index < span->count && index * span->block_bytes == offset &&
                          (span->free_bits[index / 64] >> (index % 64) & 1) == 0;
    return is_block ? index : UINT32_MAX;
}

bool lanes_arena_small_is_block(const lanes_arena *arena, const lanes_arena_span *span,
                                const void *block)
{
    return index_of(arena, span, block) != UINT32_MAX;
}

void lanes_arena_small_drop(lanes_arena *arena, lanes_arena_span *span, const void *block)
{
    const uint32_t index = index_of(arena, span, block);
    LANES_ASSERT(index != UINT32_MAX);
    span->free_bits[index / 64] |= 1ull << (index % 64);
    span->free++;
    arena->unused_span_bytes += span->block_bytes;
    if (span->free == 1) {
        link_span(arena, span);
    }
    const bool is_only = arena->spans[span->class] == span && span->next == NULL;
    if (span->free == span->count && !is_only) {
        lanes_arena_extent *extent = span->extent;
        unlink_span(arena, span);
        arena->unused_span_bytes -= extent->pages * arena->page_bytes;
        discard_span(arena, span);
        lanes_arena_pages_drop(arena, extent);
    }
}
