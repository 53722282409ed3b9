/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime_arena.c - one allocator per thread, for the memory of one element.
 *
 * The arena is cut into blocks from its start up to `top`; everything above is untouched.
 * A block that ends at the top is given back by lowering the top, so that allocating and
 * freeing in the order of a stack only moves it. Other freed blocks are joined with free
 * neighbours and kept in lists by size class, four classes per power of two. Neighbours
 * of a free block are in use, and so is the block below the top.
 *
 * What a callback writes over its heap cannot make this code touch other memory: blocks
 * refer to each other by offsets, and each is checked before it is followed. When one is
 * wrong, the element has failed and gets no more memory.
 *
 * The bookkeeping is outside of the arena, and lanes_runtime_arena_reset() rewrites all
 * of it that matters, so that leaving any function half-way does no harm.
 */
#include <pthread.h>
#include <string.h>

#include "os/os_memory.h"
#include "runtime/runtime_internal.h"

/* Sizes and offsets are in units. */
#define UNIT_BYTES       16u
#define ARENA_UNITS      ((uint32_t)(LANES_RUNTIME_ARENA_BYTES / UNIT_BYTES))
#define BLOCK_UNITS_MIN  2u
#define KEPT_UNITS       ((1u << 20) / UNIT_BYTES)
#define CLASS_COUNT      88u
#define SEARCH_COUNT_MAX 64u /* blocks looked at before saying that memory is out */

/* struct block.next; offsets are smaller */
#define NO_BLOCK 0xffffffffu
#define IN_USE   0xfffffffeu
/* struct block.previous of a block in use is its offset with these bits changed, so that
 * other memory is not taken for a block. */
#define IN_USE_MARK 0x5ca1ab1eu

_Static_assert(LANES_RUNTIME_ARENA_BYTES / UNIT_BYTES < IN_USE, "offsets are 32-bit");

/* In front of each block's data, and counted in its units. */
struct block {
    uint32_t units;
    uint32_t below;    /* units of the block before this one; 0 = this is the first */
    uint32_t next;     /* IN_USE, or the next free block of its class */
    uint32_t previous; /* the free block before it; see IN_USE_MARK */
};

_Static_assert(sizeof(struct block) == UNIT_BYTES, "data is aligned like blocks");

struct arena {
    uint8_t *base;
    uint32_t limit; /* ARENA_UNITS, or 0 without memory */
    uint32_t top;
    uint32_t last;      /* units of the block below the top */
    uint32_t used;      /* units of blocks in use */
    uint32_t touched;   /* largest top since the last trim */
    uint32_t is_broken; /* headers were overwritten */
    uint64_t
        filled[2]; /* bit: this class has a free block; only then its list is valid */
    uint32_t list[CLASS_COUNT];
};

LANES_RUNTIME_THREAD struct arena this_arena;

/* Frees the arena of a thread that ends without lanes_runtime_leave(). */
static pthread_key_t exit_key;
static pthread_once_t exit_key_once = PTHREAD_ONCE_INIT;
static bool has_exit_key;

static struct block *block_at(const struct arena *arena, uint32_t offset)
{
    return (struct block *)(void *)(arena->base + (size_t)offset * UNIT_BYTES);
}

static uint32_t units_of(size_t bytes)
{
    const uint32_t units = 1 + (uint32_t)((bytes + UNIT_BYTES - 1) / UNIT_BYTES);
    return units < BLOCK_UNITS_MIN ? BLOCK_UNITS_MIN : units;
}

/* 0 to 3 for that many units, then four classes for each power of two. */
static uint32_t class_of(uint32_t units)
{
    if (units < 4) {
        return units;
    }
    const uint32_t log2 = 31u - (uint32_t)__builtin_clz(units);
    return (log2 - 1) * 4 + ((units >> (log2 - 2)) & 3);
}

/* Until the next reset nothing is allocated or freed. */
static void break_off(struct arena *arena)
{
    arena->is_broken = 1;
    lanes_runtime_fail(LANES_ELEMENT_FATAL);
}

/* True if a block's header can stand at @p offset and the block ends by the top. */
static bool is_block(const struct arena *arena, uint32_t offset)
{
    if (arena->top < BLOCK_UNITS_MIN || offset > arena->top - BLOCK_UNITS_MIN) {
        return false;
    }
    const uint32_t units = block_at(arena, offset)->units;
    return units >= BLOCK_UNITS_MIN && units <= arena->top - offset;
}

static bool is_free(const struct arena *arena, uint32_t offset)
{
    return block_at(arena, offset)->next != IN_USE;
}

static void insert(struct arena *arena, uint32_t offset)
{
    struct block *block = block_at(arena, offset);
    const uint32_t class = class_of(block->units);
    const uint64_t bit = 1ull << (class % 64);
    const bool has_others = (arena->filled[class / 64] & bit) != 0;
    const uint32_t next = has_others ? arena->list[class] : NO_BLOCK;
    block->next = next;
    block->previous = NO_BLOCK;
    if (has_others) {
        block_at(arena, next)->previous = offset;
    }
    arena->list[class] = offset;
    arena->filled[class / 64] |= bit;
}

/* Take a free block out of its list. False if its header is wrong. */
static bool take_out(struct arena *arena, uint32_t offset)
{
    const struct block block = *block_at(arena, offset);
    const uint32_t class = class_of(block.units);
    const bool is_first = arena->list[class] == offset;
    if ((block.next != NO_BLOCK && !is_block(arena, block.next)) ||
        (!is_first && !is_block(arena, block.previous)) ||
        (arena->filled[class / 64] & (1ull << (class % 64))) == 0) {
        break_off(arena);
        return false;
    }
    if (block.next != NO_BLOCK) {
        block_at(arena, block.next)->previous = is_first ? NO_BLOCK : block.previous;
    }
    if (!is_first) {
        block_at(arena, block.previous)->next = block.next;
    } else if (block.next != NO_BLOCK) {
        arena->list[class] = block.next;
    } else {
        arena->filled[class / 64] &= ~(1ull << (class % 64));
    }
    return true;
}

/* The block at @p offset has got another size: tell the one after it. */
static void tell_above(struct arena *arena, uint32_t offset)
{
    const uint32_t units = block_at(arena, offset)->units;
    if (offset + units == arena->top) {
        arena->last = units;
    } else {
        block_at(arena, offset + units)->below = units;
    }
}

static void set_top(struct arena *arena, uint32_t top, uint32_t last)
{
    arena->top = top;
    arena->last = last;
    if (top > arena->touched) {
        arena->touched = top;
    }
}

/* Make a free block, whose neighbours are not free, one of @p units; free the rest. */
static void split(struct arena *arena, uint32_t offset, uint32_t units)
{
    struct block *block = block_at(arena, offset);
    const uint32_t rest = block->units - units;
    if (rest < BLOCK_UNITS_MIN) {
        return;
    }
    block->units = units;
    if (offset + units + rest == arena->top) {
        set_top(arena, offset + units, units);
        return;
    }
    *block_at(arena, offset + units) = (struct block){.units = rest, .below = units};
    tell_above(arena, offset + units);
    insert(arena, offset + units);
}

static void *use(struct arena *arena, uint32_t offset)
{
    struct block *block = block_at(arena, offset);
    block->next = IN_USE;
    block->previous = offset ^ IN_USE_MARK;
    arena->used += block->units;
    return block + 1;
}

/* The first class from @p class on that has a free block; CLASS_COUNT if none. */
static uint32_t filled_class(const struct arena *arena, uint32_t class)
{
    for (uint32_t word = class / 64; word < 2; word++) {
        uint64_t bits = arena->filled[word];
        if (word == class / 64) {
            bits &= ~0ull << (class % 64);
        }
        if (bits != 0) {
            return word * 64 + (uint32_t)__builtin_ctzll(bits);
        }
    }
    return CLASS_COUNT;
}

/* A free block of at least @p units, or NO_BLOCK, by looking at @p count_max of the class
 * of that size and at one of a larger class. */
static uint32_t find_free(struct arena *arena, uint32_t units, uint32_t count_max)
{
    const uint32_t class = class_of(units);
    uint32_t filled = filled_class(arena, class);
    if (filled == class) {
        uint32_t offset = arena->list[class];
        for (uint32_t i = 0; i < count_max && is_block(arena, offset); i++) {
            if (block_at(arena, offset)->units >= units) {
                return offset;
            }
            offset = block_at(arena, offset)->next;
        }
        filled = filled_class(arena, class + 1);
    }
    return filled < CLASS_COUNT ? arena->list[filled] : NO_BLOCK;
}

/* Allocate from free blocks, or from the untouched part. */
static void *allocate_slowly(struct arena *arena, uint32_t units)
{
    const bool is_last_resort = units > arena->limit - arena->top;
    const uint32_t offset =
        find_free(arena, units, is_last_resort ? SEARCH_COUNT_MAX : 1);
    if (offset == NO_BLOCK) {
        return NULL;
    }
    if (!is_block(arena, offset) || block_at(arena, offset)->units < units) {
        break_off(arena);
        return NULL;
    }
    if (!take_out(arena, offset)) {
        return NULL;
    }
    split(arena, offset, units);
    return use(arena, offset);
}

void *lanes_runtime_arena_allocate(size_t bytes)
{
    struct arena *arena = &this_arena;
    if (bytes > LANES_RUNTIME_ARENA_BYTES || arena->is_broken) {
        return NULL;
    }
    const uint32_t units = units_of(bytes);
    if ((arena->filled[0] | arena->filled[1]) != 0) {
        void *data = allocate_slowly(arena, units);
        if (data != NULL || arena->is_broken) {
            return data;
        }
    }
    if (units > arena->limit - arena->top) {
        return NULL;
    }
    const uint32_t offset = arena->top;
    struct block *block = block_at(arena, offset);
    block->units = units;
    block->below = arena->last;
    set_top(arena, offset + units, units);
    return use(arena, offset);
}

/* The offset of the block in use whose data is @p data; NO_BLOCK if there is none. */
static uint32_t block_of(const struct arena *arena, const void *data)
{
    const uintptr_t distance = (uintptr_t)data - (uintptr_t)arena->base - UNIT_BYTES;
    const uint32_t offset = (uint32_t)(distance / UNIT_BYTES);
    if (distance % UNIT_BYTES != 0 || distance / UNIT_BYTES >= arena->top ||
        !is_block(arena, offset)) {
        return NO_BLOCK;
    }
    const struct block *block = block_at(arena, offset);
    const bool is_used =
        block->next == IN_USE && block->previous == (offset ^ IN_USE_MARK);
    return is_used ? offset : NO_BLOCK;
}

/* Join the block in use at @p offset with the free block above it, if there is one. */
static bool join_above(struct arena *arena, uint32_t offset)
{
    struct block *block = block_at(arena, offset);
    const uint32_t above = offset + block->units;
    if (above == arena->top) {
        return true;
    }
    if (!is_block(arena, above)) {
        break_off(arena);
        return false;
    }
    if (is_free(arena, above)) {
        if (!take_out(arena, above)) {
            return false;
        }
        block->units += block_at(arena, above)->units;
        tell_above(arena, offset);
    }
    return true;
}

/* Join it with the free block below; *offset becomes that block's. */
static bool join_below(struct arena *arena, uint32_t *offset)
{
    struct block *block = block_at(arena, *offset);
    if (block->below == 0) {
        return true;
    }
    const uint32_t below = *offset - block->below;
    if (block->below > *offset || !is_block(arena, below) ||
        block_at(arena, below)->units != block->below) {
        break_off(arena);
        return false;
    }
    if (is_free(arena, below)) {
        if (!take_out(arena, below)) {
            return false;
        }
        block_at(arena, below)->units += block->units;
        *offset = below;
        tell_above(arena, below);
    }
    return true;
}

void lanes_runtime_arena_free(void *data)
{
    struct arena *arena = &this_arena;
    uint32_t offset = block_of(arena, data);
    if (offset == NO_BLOCK || arena->is_broken) {
        return;
    }
    struct block *freed = block_at(arena, offset);
    freed->next = NO_BLOCK; /* so that nobody frees it twice */
    arena->used -= freed->units;
    if (!join_above(arena, offset) || !join_below(arena, &offset)) {
        return;
    }
    const struct block *block = block_at(arena, offset);
    if (offset + block->units == arena->top) {
        set_top(arena, offset, block->below);
    } else {
        insert(arena, offset);
    }
}

/* Grow or shrink the block where it is. If it cannot grow enough, it may be larger than
 * before, until it is freed. */
static bool resize_in_place(struct arena *arena, uint32_t offset, uint32_t units)
{
    struct block *block = block_at(arena, offset);
    const uint32_t before = block->units;
    if (units > before && offset + before == arena->top &&
        units - before <= arena->limit - arena->top) {
        block->units = units;
        set_top(arena, offset + units, units);
        arena->used += units - before;
        return true;
    }
    if (units != before && !join_above(arena, offset)) {
        return false;
    }
    const bool fits = block->units >= units;
    if (fits) {
        split(arena, offset, units);
    }
    arena->used += block->units - before; /* modulo 2^32 */
    return fits;
}

void *lanes_runtime_arena_resize(void *data, size_t bytes)
{
    struct arena *arena = &this_arena;
    if (data == NULL) {
        return lanes_runtime_arena_allocate(bytes);
    }
    const uint32_t offset = block_of(arena, data);
    if (offset == NO_BLOCK || bytes > LANES_RUNTIME_ARENA_BYTES || arena->is_broken) {
        return NULL;
    }
    const size_t old_bytes = (size_t)(block_at(arena, offset)->units - 1) * UNIT_BYTES;
    if (resize_in_place(arena, offset, units_of(bytes))) {
        return data;
    }
    void *moved = lanes_runtime_arena_allocate(bytes);
    if (moved != NULL) {
        memcpy(moved, data, old_bytes < bytes ? old_bytes : bytes);
        lanes_runtime_arena_free(data);
    }
    return moved;
}

void lanes_runtime_arena_reset(void)
{
    struct arena *arena = &this_arena;
    arena->top = 0;
    arena->last = 0;
    arena->used = 0;
    arena->is_broken = 0;
    arena->filled[0] = 0;
    arena->filled[1] = 0;
}

/* Runs in the thread that ends, whose variables still exist. */
static void free_at_exit(void *base)
{
    this_arena = (struct arena){.base = NULL};
    lanes_os_private_unmap(base, LANES_RUNTIME_ARENA_BYTES);
}

static void make_exit_key(void)
{
    has_exit_key = pthread_key_create(&exit_key, free_at_exit) == 0;
}

void lanes_runtime_enter(void)
{
    if (this_arena.base != NULL) {
        return;
    }
    void *base;
    if (pthread_once(&exit_key_once, make_exit_key) != 0 || !has_exit_key ||
        lanes_os_private_map(LANES_RUNTIME_ARENA_BYTES, &base, NULL) < 0) {
        return;
    }
    if (pthread_setspecific(exit_key, base) != 0) {
        lanes_os_private_unmap(base, LANES_RUNTIME_ARENA_BYTES);
        return;
    }
    this_arena = (struct arena){.base = base, .limit = ARENA_UNITS};
}

void lanes_runtime_trim(void)
{
    struct arena *arena = &this_arena;
    lanes_runtime_arena_reset();
    if (arena->touched > KEPT_UNITS) {
        const uint64_t page = lanes_os_page_bytes();
        const uint64_t bytes = (uint64_t)(arena->touched - KEPT_UNITS) * UNIT_BYTES;
        lanes_os_private_trim(block_at(arena, KEPT_UNITS),
                              (bytes + page - 1) / page * page);
    }
    arena->touched = 0;
}

void lanes_runtime_leave(void)
{
    if (this_arena.base != NULL) {
        LANES_IGNORE(pthread_setspecific(exit_key, NULL) != 0, "forgetting cannot fail");
        free_at_exit(this_arena.base);
    }
}

bool lanes_runtime_owns(const void *address, size_t bytes)
{
    const struct arena *arena = &this_arena;
    const size_t top_bytes = (size_t)arena->top * UNIT_BYTES;
    const uintptr_t distance = (uintptr_t)address - (uintptr_t)arena->base;
    if (arena->base == NULL || distance > top_bytes || bytes > top_bytes - distance) {
        return false;
    }
    if (bytes == 0) {
        return true;
    }
    /* Downwards, because results are what a callback allocates late. */
    uint32_t offset = arena->top;
    for (uint32_t below = arena->last; (size_t)offset * UNIT_BYTES > distance;) {
        if (below < BLOCK_UNITS_MIN || below > offset) {
            return false;
        }
        offset -= below;
        below = block_at(arena, offset)->below;
    }
    const struct block *block = block_at(arena, offset);
    const size_t begin = ((size_t)offset + 1) * UNIT_BYTES;
    const size_t end = ((size_t)offset + block->units) * UNIT_BYTES;
    return block->next == IN_USE && distance >= begin && distance + bytes <= end;
}

size_t lanes_runtime_used_bytes(void)
{
    return (size_t)this_arena.used * UNIT_BYTES;
}
