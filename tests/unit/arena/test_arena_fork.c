/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_arena_fork.c - a parent and its children: whose memory is whose, and that nobody
 * waits for a lock that is not there.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/arena/arena_fixture.h"

#define BLOCKS 300

static lanes_arena *arena;

static void setup(void)
{
    arena = make_arena(0, 64 * MIB);
}

static void teardown(void)
{
    lanes_arena_release(arena);
}

TestSuite(arena_fork, .init = setup, .fini = teardown, .timeout = 60);

static void expect_child(pid_t child)
{
    int status = 0;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with %x",
              status);
}

static size_t size_of(int i)
{
    return i % 30 == 0 ? 2 * MIB + (size_t)i : 100 + (size_t)i * 97;
}

/* Allocate, fill and check blocks for a while; all in chunks from `first_chunk` on. */
static bool works_alone(int rounds, uint64_t first_chunk, uint8_t mark)
{
    static uint8_t *blocks[BLOCKS];
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < BLOCKS; i++) {
            lanes_arena_chunk chunk;
            blocks[i] = lanes_arena_malloc(arena, size_of(i));
            if (blocks[i] == NULL || !lanes_arena_find(arena, blocks[i], &chunk) ||
                chunk.number < first_chunk) {
                return false;
            }
            memset(blocks[i], mark, size_of(i));
        }
        for (int i = 0; i < BLOCKS; i++) {
            if (blocks[i][0] != mark ||
                memcmp(blocks[i], blocks[i] + 1, size_of(i) - 1) != 0) {
                return false;
            }
            lanes_arena_free(arena, blocks[i], 0);
        }
    }
    return true;
}

/* Freed blocks, free parts of spans and holes of the parent are all wrong for the child.
 */
static void have_something_of_everything(void)
{
    void *keep = lanes_arena_malloc(arena, 100);
    void *large = lanes_arena_malloc(arena, 3 * MIB);
    void *between = lanes_arena_malloc(arena, 5 * MIB);
    cr_assert(keep != NULL && large != NULL && between != NULL);
    lanes_arena_free(arena, large, 0);
    lanes_arena_free(arena, lanes_arena_malloc(arena, 5000), 0);
}

Test(arena_fork, parent_and_child_never_get_memory_of_each_other)
{
    have_something_of_everything();
    const uint64_t inherited = usage_of(arena).chunks;
    const pid_t child = fork();
    if (child == 0) {
        _exit(works_alone(20, inherited, 0xcc) ? 0 : 1);
    }
    cr_assert(works_alone(20, 0, 0x11));
    expect_child(child);
    cr_assert_eq(usage_of(arena).chunks, inherited, "the parent needs no new ones");
}

/* Else the child of a child of ... would have none left. */
Test(arena_fork, inherited_chunks_do_not_make_those_of_the_child_larger)
{
    cr_assert_not_null(lanes_arena_malloc(arena, 200 * MIB));
    cr_assert_not_null(lanes_arena_malloc(arena, 200 * MIB));
    const pid_t child = fork();
    if (child == 0) {
        _exit(chunk_of(arena, lanes_arena_malloc(arena, 100)).bytes == 256 * MIB ? 0 : 1);
    }
    expect_child(child);
    cr_assert_eq(usage_of(arena).chunk_bytes, 512 * MIB);
}

Test(arena_fork, grandchildren_have_chunks_of_their_own)
{
    have_something_of_everything();
    const pid_t child = fork();
    if (child == 0) {
        have_something_of_everything();
        const uint64_t chunks = usage_of(arena).chunks;
        const pid_t grandchild = fork();
        if (grandchild == 0) {
            _exit(chunks == 2 && works_alone(5, chunks, 0x22) ? 0 : 1);
        }
        int status = 0;
        const bool works = works_alone(5, 1, 0x33);
        _exit(waitpid(grandchild, &status, 0) == grandchild && status == 0 && works ? 0
                                                                                    : 1);
    }
    cr_assert(works_alone(5, 0, 0x44));
    expect_child(child);
}

/* As a fork without handlers, which the C library does not know of. */
Test(arena_fork, a_fork_without_handlers_is_noticed_too)
{
    have_something_of_everything();
    const uint64_t inherited = usage_of(arena).chunks;
    const pid_t child = (pid_t)syscall(SYS_fork);
    if (child == 0) {
        _exit(works_alone(3, inherited, 0xdd) ? 0 : 1);
    }
    cr_assert(works_alone(3, 0, 0x55));
    expect_child(child);
}

Test(arena_fork, inherited_blocks_are_shared_found_and_forgotten)
{
    lanes_arena_free(arena, lanes_arena_malloc(arena, 3 * MIB), 0);
    uint8_t *small = lanes_arena_malloc(arena, 100);
    uint8_t *large = lanes_arena_malloc(arena, MIB);
    memset(small, 1, 100);
    memset(large, 2, MIB);
    const pid_t child = fork();
    if (child == 0) {
        lanes_arena_chunk chunk;
        bool is_right = lanes_arena_find(arena, large, &chunk) == 1 && chunk.number == 0;
        lanes_arena_usage usage = usage_of(arena);
        is_right = is_right && usage.blocks == 0 && usage.block_bytes == 0 &&
                   usage.idle_bytes == 0 && usage.chunks == 1;
        large[0] = 9; /* seen by the parent */
        uint8_t *moved = lanes_arena_realloc(arena, small, 200);
        uint8_t *shorter = lanes_arena_realloc(arena, large, 50);
        uint8_t *half = lanes_arena_realloc(arena, large, MIB / 2);
        is_right = is_right && moved != small && moved[99] == 1 && shorter != large &&
                   shorter[0] == 9 && shorter[49] == 2 && half != large && half[0] == 9;
        lanes_arena_free(arena, half, 0);
        lanes_arena_free(arena, large, 0);
        lanes_arena_free(arena, small, 0);
        usage = usage_of(arena);
        is_right = is_right && usage.blocks == 2;
        lanes_arena_free(arena, moved, 0);
        lanes_arena_free(arena, shorter, 0);
        is_right = is_right && usage_of(arena).blocks == 0;
        lanes_arena_release(arena);
        _exit(is_right ? 0 : 1);
    }
    expect_child(child);
    cr_assert(large[0] == 9 && large[1] == 2 && small[0] == 1);
    cr_assert_eq(usage_of(arena).blocks, 2, "the parent has them still");
    lanes_arena_free(arena, large, 0);
    lanes_arena_free(arena, small, 0);
    cr_assert_eq(usage_of(arena).blocks, 0);
}

static atomic_bool is_over;

static void *keep_busy(void *unused)
{
    (void)unused;
    while (!atomic_load(&is_over)) {
        for (size_t bytes = 10; bytes < 2 * MIB; bytes *= 3) {
            lanes_arena_free(arena, lanes_arena_calloc(arena, 1, bytes), 0);
        }
    }
    return NULL;
}

Test(arena_fork, forks_while_threads_allocate)
{
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, keep_busy, NULL), 0);
    }
    for (int i = 0; i < 40; i++) {
        const pid_t child = fork();
        if (child == 0) {
            alarm(20);
            _exit(works_alone(1, usage_of(arena).chunks, 0x66) ? 0 : 1);
        }
        expect_child(child);
    }
    atomic_store(&is_over, true);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    cr_assert_eq(usage_of(arena).blocks, 0);
}

Test(arena_fork, arenas_come_and_go_between_forks)
{
    lanes_arena *others[3];
    for (int i = 0; i < 3; i++) {
        others[i] = make_arena(0, 0);
        cr_assert_not_null(lanes_arena_malloc(others[i], 100));
    }
    for (int i = 1; i <= 3; i++) { /* out of the middle, the front, the back */
        lanes_arena_release(others[i % 3]);
        const pid_t child = fork();
        if (child == 0) {
            _exit(lanes_arena_malloc(arena, 100) != NULL ? 0 : 1);
        }
        expect_child(child);
    }
}
