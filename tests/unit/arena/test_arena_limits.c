/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_arena_limits.c - memory that runs out, memory that is given back, several nodes;
 * by kernels that refuse and machines that are not there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/mappings.h"
#include "support/wrap.h"
#include "unit/arena/arena_fixture.h"

static int fallocate_errno;           /* of the next call that reserves; 0: it works */
static int reservations;              /* calls that reserve */
static int refuses_after = INT32_MAX; /* so many of them */
static bool is_refused_once;
static uint64_t available = UINT64_MAX;
static int looks; /* at what is left */
static int malloc_left = INT32_MAX;
static uint64_t addresses_left = UINT64_MAX;
static uint32_t nodes = 1;
static void *spread_data;
static uint64_t spread_bytes;
static uint64_t reserved_then;
static lanes_arena *arena;

TEST_WRAP(int, fallocate, (int fd, int mode, off_t offset, off_t length));
TEST_WRAP(uint64_t, lanes_os_available_bytes, (void));
TEST_WRAP(uint32_t, lanes_os_node_count, (void));
TEST_WRAP(void, lanes_os_interleave, (void *data, uint64_t bytes));
TEST_WRAP(void *, calloc, (size_t count, size_t bytes));
TEST_WRAP(void *, mmap,
          (void *at, size_t bytes, int prot, int flags, int fd, off_t offset));

int wrap_fallocate(int fd, int mode, off_t offset, off_t length)
{
    if (mode == 0 && fallocate_errno != 0 && ++reservations > refuses_after) {
        errno = fallocate_errno;
        fallocate_errno = is_refused_once ? 0 : fallocate_errno;
        return -1;
    }
    return real_fallocate(fd, mode, offset, length);
}

uint64_t wrap_lanes_os_available_bytes(void)
{
    looks++;
    return available == UINT64_MAX ? real_lanes_os_available_bytes() : available;
}

uint32_t wrap_lanes_os_node_count(void)
{
    return nodes;
}

void wrap_lanes_os_interleave(void *data, uint64_t bytes)
{
    spread_data = data;
    spread_bytes = bytes;
    reserved_then = 0;
    lanes_arena_usage usage; /* the lock is free: this returns */
    lanes_arena_usage_now(arena, &usage);
    reserved_then = memory_of(arena, data);
    real_lanes_os_interleave(data, bytes);
}

/* Stands for RLIMIT_AS, which sanitizers do not live with. */
void *wrap_mmap(void *at, size_t bytes, int prot, int flags, int fd, off_t offset)
{
    if ((flags & MAP_FIXED) == 0 && addresses_left != UINT64_MAX) {
        if (bytes > addresses_left) {
            errno = ENOMEM;
            return MAP_FAILED;
        }
        addresses_left -= bytes;
    }
    return real_mmap(at, bytes, prot, flags, fd, offset);
}

void *wrap_calloc(size_t count, size_t bytes)
{
    return malloc_left-- > 0 ? real_calloc(count, bytes) : NULL;
}

static void teardown(void)
{
    lanes_arena_release(arena);
}

TestSuite(arena_limits, .fini = teardown, .timeout = 60);

static void expect_refused(size_t bytes, int error)
{
    errno = 0;
    cr_assert_null(lanes_arena_malloc(arena, bytes));
    cr_assert_eq(errno, error, "%d", errno);
}

Test(arena_limits, blocks_have_bytes_max_together)
{
    arena = make_arena(10 * MIB, 100 * MIB);
    void *large = lanes_arena_malloc(arena, 8 * MIB);
    expect_refused(3 * MIB, ENOMEM);
    void *block = lanes_arena_malloc(arena, 2 * MIB);
    cr_assert_not_null(block);
    expect_refused(1, ENOMEM);
    cr_assert_null(lanes_arena_realloc(arena, large, 9 * MIB));
    cr_assert_eq(errno, ENOMEM);
    cr_assert_eq(usage_of(arena).block_bytes, 10 * MIB);
    lanes_arena_free(arena, block, 0);
    cr_assert_eq(lanes_arena_realloc(arena, large, 10 * MIB), large);
    lanes_arena_free(arena, large, 0);
    cr_assert_not_null(lanes_arena_malloc(arena, 10 * MIB), "idle bytes do not count");
}

Test(arena_limits, a_reservation_that_fails_leaves_nothing)
{
    arena = make_arena(0, 100 * MIB);
    uint8_t *block = lanes_arena_malloc(arena, MIB);
    const uint64_t before = memory_of(arena, block);
    static const int errors[] = {ENOSPC, ENOMEM, EFBIG};
    for (size_t i = 0; i < 3; i++) {
        fallocate_errno = errors[i];
        reservations = 0;
        refuses_after = 1; /* the first 64 MiB are reserved */
        expect_refused(150 * MIB, errors[i]);
        refuses_after = 0;
        cr_assert_null(lanes_arena_calloc(arena, 1, 20 * MIB));
        cr_assert_null(lanes_arena_realloc(arena, block, 20 * MIB));
        cr_assert_eq(memory_of(arena, block), before);
        expect_refused(100, errors[i]);
        cr_assert_eq(usage_of(arena).block_bytes, MIB);
        cr_assert_eq(usage_of(arena).blocks, 1);
        fallocate_errno = 0;
        cr_assert_eq(lanes_arena_realloc(arena, block, 20 * MIB), block);
        cr_assert_eq(lanes_arena_realloc(arena, block, MIB), block);
    }
}

Test(arena_limits, idle_memory_is_given_back_before_anything_is_refused)
{
    arena = make_arena(0, 100 * MIB);
    uint8_t *wall = lanes_arena_malloc(arena, 40 * KIB);
    void *block = lanes_arena_malloc(arena, 50 * MIB);
    cr_assert_not_null(lanes_arena_malloc(arena, 2 * MIB), "a wall on the other side");
    lanes_arena_free(arena, block, 0);
    cr_assert_gt(memory_of(arena, wall), 50 * MIB);
    fallocate_errno = ENOSPC;
    refuses_after = 0;
    is_refused_once = true;
    cr_assert_not_null(lanes_arena_malloc(arena, 60 * MIB));
    cr_assert_lt(memory_of(arena, wall), 63 * MIB);
}

Test(arena_limits, no_more_than_is_left_is_reserved)
{
    arena = make_arena(0, 1000 * MIB);
    available = 100 * MIB;
    void *block = lanes_arena_malloc(arena, 90 * MIB);
    cr_assert_not_null(block);
    available = 10 * MIB;
    expect_refused(20 * MIB, ENOMEM);
    lanes_arena_free(arena, block, 0);
    cr_assert_eq(lanes_arena_malloc(arena, 90 * MIB), block, "is reserved");
    available = UINT64_MAX;
    const int before = looks;
    for (int i = 0; i < 1000; i++) {
        cr_assert_not_null(lanes_arena_malloc(arena, 64 * KIB));
    }
    cr_assert(looks > before && looks <= before + 3, "%d", looks - before);
}

Test(arena_limits, what_is_idle_for_longest_is_given_back_first)
{
    enum { COUNT = 8 };
    arena = make_arena(0, 64 * MIB);
    uint8_t *blocks[COUNT];
    for (int i = 0; i < COUNT; i++) {
        blocks[i] = lanes_arena_malloc(arena, 16 * MIB);
        memset(blocks[i], i, 16 * MIB);
        cr_assert_not_null(lanes_arena_malloc(arena, 33 * KIB), "walls between them");
    }
    const uint64_t all = memory_of(arena, blocks[0]);
    for (int i = 0; i < COUNT; i++) {
        lanes_arena_free(arena, blocks[i], 0);
        cr_assert_leq(usage_of(arena).idle_bytes, 64 * MIB);
    }
    cr_assert_lt(memory_of(arena, blocks[0]), all - 63 * MIB);
    for (int i = 0; i < COUNT; i++) {
        unsigned char there = 0;
        cr_assert_eq(mincore(blocks[i], 4096, &there), 0);
        cr_assert_eq(there & 1, i >= COUNT - 4, "block %d", i);
    }
}

Test(arena_limits, nothing_is_kept_if_nothing_shall_be)
{
    arena = make_arena(0, 0);
    uint8_t *keep = lanes_arena_malloc(arena, 33 * KIB);
    const uint64_t before = memory_of(arena, keep);
    for (size_t bytes = 64 * KIB; bytes <= 128 * MIB; bytes *= 2) {
        lanes_arena_free(arena, lanes_arena_malloc(arena, bytes), 0);
        cr_assert_eq(memory_of(arena, keep), before);
    }
    void *blocks[3000];
    for (int i = 0; i < 3000; i++) {
        blocks[i] = lanes_arena_malloc(arena, 1000);
    }
    for (int i = 0; i < 3000; i++) {
        lanes_arena_free(arena, blocks[i], 0);
    }
    cr_assert_eq(memory_of(arena, keep), before + 64 * KIB, "one span is kept");
    cr_assert_eq(usage_of(arena).idle_bytes, 64 * KIB);
}

Test(arena_limits, a_block_larger_than_what_is_kept_loses_its_end_only)
{
    arena = make_arena(0, 32 * MIB);
    uint8_t *block = lanes_arena_malloc(arena, 100 * MIB);
    lanes_arena_free(arena, block, 0);
    cr_assert_eq(memory_of(arena, block), 30 * MIB, "32, and a part at a time");
    uint8_t *again = lanes_arena_calloc(arena, 1, 100 * MIB);
    cr_assert_eq(again, block, "the rest and the hole behind it");
    cr_assert_eq(usage_of(arena).idle_bytes, 0);
}

Test(arena_limits, no_new_chunk_is_made_while_neighbours_have_room)
{
    arena = make_arena(0, 2 * MIB);
    uint8_t *blocks[256];
    for (int i = 0; i < 256; i++) {
        blocks[i] = lanes_arena_malloc(arena, MIB);
    }
    for (int i = 100; i < 116; i++) {
        lanes_arena_free(arena, blocks[i], 0);
    }
    cr_assert_eq(lanes_arena_calloc(arena, 1, 16 * MIB), blocks[100]);
    cr_assert_eq(usage_of(arena).chunks, 1);
    cr_assert_eq(usage_of(arena).idle_bytes, 0);
}

Test(arena_limits, file_size_limit_makes_chunks_smaller)
{
    const struct rlimit limit = {.rlim_cur = 20 * MIB, .rlim_max = 20 * MIB};
    arena = make_arena(0, 100 * MIB);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    uint8_t *block = lanes_arena_malloc(arena, 15 * MIB);
    cr_assert_not_null(block);
    cr_assert_eq(chunk_of(arena, block).bytes, 16 * MIB);
    block[15 * MIB - 1] = 1;
    expect_refused(21 * MIB, EFBIG);
}

Test(arena_limits, few_addresses_make_chunks_smaller)
{
    arena = make_arena(0, 100 * MIB);
    addresses_left = 4096 * MIB;
    uint64_t got = 0;
    while (lanes_arena_malloc(arena, 100 * MIB) != NULL) {
        got += 100 * MIB;
    }
    cr_assert_eq(errno, ENOMEM);
    cr_assert_gt(got, 2000 * MIB);
    cr_assert_leq(got, 4096 * MIB);
    cr_assert_eq(usage_of(arena).block_bytes, got);
}

Test(arena_limits, no_private_memory_is_an_error)
{
    arena = make_arena(0, 100 * MIB);
    lanes_arena *none = NULL;
    lanes_error err;
    malloc_left = 0;
    cr_assert_eq(lanes_arena_create(NULL, &none, &err), -ENOMEM);
    expect_refused(100, ENOMEM);
    expect_refused(MIB, ENOMEM);
    malloc_left = 1; /* extents, but no spans */
    expect_refused(100, ENOMEM);
    cr_assert_eq(usage_of(arena).block_bytes, 0);
    cr_assert_eq(usage_of(arena).idle_bytes, 64 * KIB, "the span's pages");
    void *block = lanes_arena_malloc(arena, MIB);
    cr_assert_not_null(block);
    malloc_left = INT32_MAX;
    cr_assert_not_null(lanes_arena_malloc(arena, 100));
}

Test(arena_limits, large_blocks_come_from_all_nodes)
{
    nodes = 2;
    arena = make_arena(0, 100 * MIB);
    cr_assert_not_null(lanes_arena_malloc(arena, 15 * MIB));
    cr_assert_null(spread_data, "too small");
    uint8_t *block = lanes_arena_malloc(arena, 16 * MIB);
    cr_assert_eq(spread_data, block);
    cr_assert_eq(spread_bytes, 16 * MIB);
    cr_assert_eq(reserved_then, 15 * MIB, "before its pages exist");
    lanes_arena_free(arena, block, 0);
    spread_data = NULL;
    block = lanes_arena_malloc(arena, 20 * MIB);
    cr_assert_eq(spread_data, block + 16 * MIB, "the others are there");
    cr_assert_eq(spread_bytes, 4 * MIB);
    lanes_arena *flat = arena;
    nodes = 1;
    arena = make_arena(0, 0);
    spread_data = NULL;
    cr_assert_not_null(lanes_arena_malloc(arena, 64 * MIB));
    cr_assert_null(spread_data);
    lanes_arena_release(flat);
}
