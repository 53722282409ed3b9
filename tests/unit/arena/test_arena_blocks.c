/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_arena_blocks.c - one thread's blocks: where they begin, what they hold, what they
 * grow into, what is kept and given back, what ends the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/mappings.h"
#include "unit/arena/arena_fixture.h"

#define IDLE_MAX (512 * MIB)

static lanes_arena *arena;

static void setup(void)
{
    arena = make_arena(0, IDLE_MAX);
}

static void teardown(void)
{
    lanes_arena_release(arena);
}

TestSuite(arena_blocks, .init = setup, .fini = teardown, .timeout = 60);

static bool is_filled(const uint8_t *block, size_t bytes, uint8_t value)
{
    return bytes == 0 || (block[0] == value && memcmp(block, block + 1, bytes - 1) == 0);
}

static long faults(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_minflt;
}

Test(arena_blocks, every_size_is_aligned_writable_and_apart)
{
    enum { COUNT = 2000 };
    static uint8_t *blocks[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        const size_t bytes = i * 37;
        blocks[i] = lanes_arena_malloc(arena, bytes);
        cr_assert_not_null(blocks[i]);
        cr_assert_eq((uintptr_t)blocks[i] % (bytes >= 64 * KIB ? 4096 : 64), 0);
        memset(blocks[i], (int)(i % 251), bytes);
    }
    for (size_t i = 0; i < COUNT; i++) {
        cr_assert(is_filled(blocks[i], i * 37, (uint8_t)(i % 251)), "block %zu", i);
        lanes_arena_free(arena, blocks[i], i * 37);
    }
    cr_assert_eq(usage_of(arena).blocks, 0);
    cr_assert_eq(usage_of(arena).block_bytes, 0);
}

Test(arena_blocks, large_blocks_begin_at_huge_pages)
{
    uint8_t *before = lanes_arena_malloc(arena, 40 * KIB);
    for (size_t i = 0; i < 4; i++) {
        uint8_t *block = lanes_arena_malloc(arena, 32 * MIB + i * 4096);
        cr_assert_eq((uintptr_t)block % (2 * MIB), 0);
        block[32 * MIB - 1] = 1;
    }
    cr_assert_neq((uintptr_t)before % (2 * MIB), 1);
}

Test(arena_blocks, sizes_at_every_edge_are_what_was_asked_for)
{
    static const size_t edges[] = {64,       512,      1024,     8 * KIB,
                                   28 * KIB, 32 * KIB, 64 * KIB, 256 * KIB,
                                   16 * MIB, 32 * MIB, 40 * MIB, 256 * MIB};
    for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
        for (size_t bytes = edges[i] - 1; bytes <= edges[i] + 1; bytes++) {
            uint8_t *block = lanes_arena_calloc(arena, 1, bytes);
            cr_assert_not_null(block, "%zu", bytes);
            cr_assert(is_filled(block, bytes, 0), "%zu", bytes);
            memset(block, 0xee, bytes);
            lanes_arena_free(arena, block, 0);
        }
    }
}

Test(arena_blocks, nothing_is_a_block_too)
{
    void *a = lanes_arena_malloc(arena, 0);
    void *b = lanes_arena_calloc(arena, 0, 8);
    void *c = lanes_arena_realloc(arena, NULL, 0);
    cr_assert(a != NULL && b != NULL && c != NULL && a != b && b != c && a != c);
    void *d = lanes_arena_realloc(arena, a, 0);
    cr_assert_not_null(d);
    lanes_arena_free(arena, NULL, 0);
    lanes_arena_free(arena, b, 0);
    lanes_arena_free(arena, c, 0);
    lanes_arena_free(arena, d, 0);
    cr_assert_eq(usage_of(arena).blocks, 0);
}

Test(arena_blocks, calloc_is_zero_where_others_have_written)
{
    static const size_t sizes[] = {100, 8 * KIB, 100 * KIB, 5 * MIB, 40 * MIB};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (int round = 0; round < 3; round++) {
            uint8_t *block = lanes_arena_calloc(arena, sizes[i] / 4, 4);
            cr_assert(is_filled(block, sizes[i], 0), "%zu", sizes[i]);
            memset(block, 0x5a, sizes[i]);
            lanes_arena_free(arena, block, sizes[i]);
        }
    }
}

/* Idle pages and a hole side by side: only the former are to be cleared. */
Test(arena_blocks, calloc_over_both_kinds_of_pages_is_zero)
{
    uint8_t *whole = lanes_arena_malloc(arena, 200 * MIB);
    memset(whole, 1, 200 * MIB);
    lanes_arena_free(arena, whole, 0);
    uint8_t *more = lanes_arena_calloc(arena, 1, 250 * MIB);
    cr_assert_eq(more, whole, "no second chunk");
    cr_assert(is_filled(more, 250 * MIB, 0));
    cr_assert_eq(usage_of(arena).chunks, 1);
}

Test(arena_blocks, what_is_too_large_is_refused)
{
    errno = 0;
    cr_assert_null(lanes_arena_calloc(arena, SIZE_MAX / 4 + 2, 4));
    cr_assert_eq(errno, ENOMEM);
    const size_t sizes[] = {SIZE_MAX, SIZE_MAX / 2, ((size_t)1 << 46) + 1,
                            (size_t)1 << 46, (size_t)1 << 45};
    void *block = lanes_arena_malloc(arena, 100);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        errno = 0;
        cr_assert_null(lanes_arena_malloc(arena, sizes[i]));
        cr_assert_eq(errno, ENOMEM, "%zu", i);
        errno = 0;
        cr_assert_null(lanes_arena_realloc(arena, block, sizes[i]));
        cr_assert_eq(errno, ENOMEM, "%zu", i);
    }
    lanes_arena_free(arena, block, 0);
    cr_assert_eq(usage_of(arena).block_bytes, 0);
    block = lanes_arena_malloc(arena, 1 * MIB);
    cr_assert_not_null(block, "it still works");
    cr_assert_null(lanes_arena_realloc(arena, block, SIZE_MAX));
    cr_assert_eq(usage_of(arena).block_bytes, 1 * MIB);
}

Test(arena_blocks, realloc_grows_in_place_where_the_neighbour_is_free)
{
    uint8_t *block = lanes_arena_malloc(arena, 100 * KIB);
    memset(block, 7, 100 * KIB);
    cr_assert_eq(lanes_arena_realloc(arena, block, 3 * MIB), block);
    cr_assert(is_filled(block, 100 * KIB, 7));
    cr_assert_eq(usage_of(arena).block_bytes_peak, 3 * MIB);
    memset(block, 8, 3 * MIB);
    uint8_t *wall = lanes_arena_malloc(arena, 100 * KIB);
    cr_assert_eq(wall, block + 3 * MIB);
    uint8_t *moved = lanes_arena_realloc(arena, block, 4 * MIB);
    cr_assert_neq(moved, block);
    cr_assert(is_filled(moved, 3 * MIB, 8));
    cr_assert_eq(lanes_arena_realloc(arena, moved, 2 * MIB), moved);
    cr_assert_eq(usage_of(arena).block_bytes, 2 * MIB + 100 * KIB);
    cr_assert_eq(lanes_arena_realloc(arena, moved, 4 * MIB), moved, "into its own tail");
    uint8_t *small = lanes_arena_realloc(arena, moved, 1000);
    cr_assert(is_filled(small, 1000, 8));
    uint8_t *tiny = lanes_arena_realloc(arena, small, 900);
    cr_assert_eq(tiny, small, "as large, rounded up");
    tiny = lanes_arena_realloc(arena, tiny, 100);
    cr_assert(is_filled(tiny, 100, 8));
    lanes_arena_free(arena, tiny, 0);
    lanes_arena_free(arena, wall, 0);
    cr_assert_eq(usage_of(arena).block_bytes, 0);
    cr_assert_eq(usage_of(arena).block_bytes_peak, 7 * MIB + 100 * KIB);
}

Test(arena_blocks, what_grows_large_moves_to_a_huge_page)
{
    uint8_t *wall = lanes_arena_malloc(arena, 40 * KIB);
    uint8_t *block = lanes_arena_malloc(arena, MIB);
    cr_assert_neq((uintptr_t)block % (2 * MIB), 0);
    memset(block, 3, MIB);
    block = lanes_arena_realloc(arena, block, 48 * MIB);
    cr_assert_eq((uintptr_t)block % (2 * MIB), 0);
    cr_assert(is_filled(block, MIB, 3));
    lanes_arena_free(arena, wall, 0);
}

Test(arena_blocks, a_freed_block_comes_back_without_faults)
{
    const size_t bytes = 160 * MIB;
    uint8_t *first = lanes_arena_malloc(arena, bytes);
    memset(first, 1, bytes);
    const uint64_t memory = memory_of(arena, first);
    const long before = faults();
    for (int i = 0; i < 10; i++) {
        lanes_arena_free(arena, first, bytes);
        uint8_t *again = lanes_arena_malloc(arena, bytes);
        cr_assert_eq(again, first);
        for (size_t k = 0; k < bytes; k += 4096) {
            again[k] = (uint8_t)i;
        }
    }
    cr_assert_lt(faults() - before, 100);
    cr_assert_eq(memory_of(arena, first), memory);
}

Test(arena_blocks, errno_is_left_alone_by_what_succeeds)
{
    errno = 77;
    void *block = lanes_arena_malloc(arena, 70 * MIB);
    block = lanes_arena_realloc(arena, block, 600 * MIB);
    lanes_arena_free(arena, block, 0);
    block = lanes_arena_calloc(arena, 1, 1);
    lanes_arena_free(arena, block, 1);
    cr_assert_eq(errno, 77);
}

Test(arena_blocks, chunks_are_few_sealed_and_found)
{
    enum { COUNT = 40 };
    uint8_t *blocks[COUNT];
    lanes_arena_chunk chunk;
    int on_stack = 0;
    for (int i = 0; i < COUNT; i++) {
        blocks[i] = lanes_arena_malloc(arena, 100 * MIB);
        cr_assert_not_null(blocks[i]);
    }
    const lanes_arena_usage usage = usage_of(arena);
    cr_assert_leq(usage.chunks, 6, "256 MiB, and doubled each time");
    for (int i = 0; i < COUNT; i++) {
        chunk = chunk_of(arena, blocks[i] + 50 * MIB);
        const size_t offset = (size_t)(blocks[i] - (uint8_t *)chunk.data);
        cr_assert(chunk.number < usage.chunks && chunk.reserved == 0);
        cr_assert_leq(offset + 100 * MIB, chunk.bytes);
        cr_assert_eq(fcntl(chunk.fd, F_GET_SEALS) &
                         (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE),
                     F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW);
        cr_assert_neq(fcntl(chunk.fd, F_GETFD) & FD_CLOEXEC, 0);
        blocks[i][5] = (uint8_t)i;
        uint8_t seen = 255;
        cr_assert_eq(pread(chunk.fd, &seen, 1, (off_t)offset + 5), 1);
        cr_assert_eq(seen, i);
        lanes_arena_free(arena, blocks[i], 0);
        cr_assert_eq(chunk_of(arena, blocks[i]).number, chunk.number, "also when freed");
    }
    chunk.bytes = 1;
    cr_assert_eq(lanes_arena_find(arena, &on_stack, &chunk), 0);
    cr_assert_eq(lanes_arena_find(arena, NULL, &chunk), 0);
    cr_assert_eq(chunk.bytes, 1, "not written");
}

Test(arena_blocks, two_arenas_have_nothing_in_common)
{
    lanes_arena *other = make_arena(0, 0);
    void *a = lanes_arena_malloc(arena, MIB);
    void *b = lanes_arena_malloc(other, MIB);
    lanes_arena_chunk chunk;
    cr_assert_eq(lanes_arena_find(arena, b, &chunk), 0);
    cr_assert_eq(lanes_arena_find(other, a, &chunk), 0);
    lanes_arena_release(other);
    lanes_arena_free(arena, a, 0);
}

Test(arena_blocks, release_takes_mappings_and_descriptors_along)
{
    cr_assert_not_null(lanes_arena_malloc(arena, 3));
    const size_t before = count_mappings(0, "lanes-arena");
    const int next = dup(0);
    close(next);
    lanes_arena *other = make_arena(0, IDLE_MAX);
    cr_assert_not_null(lanes_arena_malloc(other, 300 * MIB));
    cr_assert_not_null(lanes_arena_malloc(other, 700 * MIB));
    cr_assert_gt(count_mappings(0, "lanes-arena"), before);
    lanes_arena_release(other);
    cr_assert_eq(count_mappings(0, "lanes-arena"), before);
    const int again = dup(0);
    cr_assert_eq(again, next);
    lanes_arena_release(NULL);
}

Test(arena_blocks, options_are_checked)
{
    lanes_arena_options options;
    lanes_arena *none = NULL;
    lanes_error err;
    lanes_arena_options_default(&options);
    cr_assert(options.idle_bytes_max > 0 && options.idle_bytes_max <= 1024 * MIB);
    options.flags = 4;
    cr_assert_eq(lanes_arena_create(&options, &none, &err), LANES_E_INVALID);
    cr_assert_not_null(strstr(err.message, "flags 0x4"));
    options.flags = 0;
    options.struct_bytes--;
    cr_assert_eq(lanes_arena_create(&options, &none, &err), LANES_E_INVALID);
    cr_assert_not_null(strstr(err.message, "lanes_arena_options_default()"));
    cr_assert_null(none);
    cr_assert_eq(lanes_arena_create(NULL, &none, &err), LANES_OK);
    lanes_arena_release(none);
}

/* Runs `misuse` in a child; true if it aborted with a line that names the address. */
static bool ends_the_process(void (*misuse)(void *block), void *block, const void *named)
{
    int ends[2];
    char text[512] = "";
    char address[32];
    int status = 0;
    cr_assert_eq(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        lanes_arena *own = make_arena(0, IDLE_MAX);
        lanes_arena_release(arena);
        arena = own;
        misuse(block);
        _exit(0);
    }
    close(ends[1]);
    cr_assert_geq(read(ends[0], text, sizeof(text) - 1), 0);
    close(ends[0]);
    cr_assert_eq(waitpid(child, &status, 0), child);
    snprintf(address, sizeof(address), "%p", named);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT &&
           strstr(text, "is no block of this arena") != NULL &&
           (named == NULL || strstr(text, address) != NULL);
}

static void free_foreign(void *block)
{
    lanes_arena_free(arena, block, 0);
}

static void realloc_foreign(void *block)
{
    void *again = lanes_arena_realloc(arena, block, 5);
    (void)again;
}

static void free_twice_small(void *unused)
{
    (void)unused;
    void *keep = lanes_arena_malloc(arena, 100);
    void *block = lanes_arena_malloc(arena, 100);
    lanes_arena_free(arena, block, 0);
    lanes_arena_free(arena, block, 0);
    lanes_arena_free(arena, keep, 0);
}

static void free_twice_large(void *unused)
{
    (void)unused;
    void *block = lanes_arena_malloc(arena, MIB);
    lanes_arena_free(arena, block, 0);
    lanes_arena_free(arena, block, 0);
}

static void free_inside_small(void *unused)
{
    (void)unused;
    lanes_arena_free(arena, (uint8_t *)lanes_arena_malloc(arena, 1000) + 64, 0);
}

/* 9 blocks of 28 KiB are 4 KiB less than their span. */
static void free_behind_small(void *unused)
{
    (void)unused;
    lanes_arena_free(arena, (uint8_t *)lanes_arena_malloc(arena, 28 * KIB) + 9 * 28 * KIB,
                     0);
}

static void free_inside_large(void *unused)
{
    (void)unused;
    lanes_arena_free(arena, (uint8_t *)lanes_arena_malloc(arena, MIB) + 4096, 0);
}

static void free_beside_large(void *unused)
{
    (void)unused;
    lanes_arena_free(arena, (uint8_t *)lanes_arena_malloc(arena, MIB) + 1, 0);
}

/* What is known of the large block was known of the one that is freed again. */
static void free_stale(void *unused)
{
    (void)unused;
    lanes_arena_free(arena, lanes_arena_malloc(arena, 100), 0);
    void *pin = lanes_arena_malloc(arena, 33 * KIB);
    void *wall = lanes_arena_malloc(arena, 8 * MIB);
    void *a = lanes_arena_malloc(arena, 40 * KIB);
    uint8_t *b = lanes_arena_malloc(arena, 40 * KIB);
    lanes_arena_free(arena, wall, 0);
    lanes_arena_free(arena, a, 0);
    lanes_arena_free(arena, b, 0);
    uint8_t *large = lanes_arena_malloc(arena, 32 * MIB);
    if (pin != NULL && b > large && b < large + 32 * MIB) {
        lanes_arena_free(arena, b, 0);
    }
}

static void free_never_used(void *unused)
{
    (void)unused;
    uint8_t *block = lanes_arena_malloc(arena, MIB);
    lanes_arena_free(arena, block + 50 * MIB, 0);
}

Test(arena_blocks, what_is_no_block_ends_the_process)
{
    int on_stack = 0;
    cr_assert(ends_the_process(free_foreign, &on_stack, &on_stack));
    cr_assert(ends_the_process(realloc_foreign, &on_stack, &on_stack));
    cr_assert(ends_the_process(free_twice_small, NULL, NULL));
    cr_assert(ends_the_process(free_twice_large, NULL, NULL));
    cr_assert(ends_the_process(free_inside_small, NULL, NULL));
    cr_assert(ends_the_process(free_behind_small, NULL, NULL));
    cr_assert(ends_the_process(free_inside_large, NULL, NULL));
    cr_assert(ends_the_process(free_beside_large, NULL, NULL));
    cr_assert(ends_the_process(free_stale, NULL, NULL));
    cr_assert(ends_the_process(free_never_used, NULL, NULL));
}
