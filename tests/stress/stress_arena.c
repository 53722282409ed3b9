/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stress_arena.c - threads that allocate, grow and free blocks at random, and look at
 * every byte of them; blocks go from hand to hand.
 *
 * Each block is filled with its own byte, by its owner, and checked before it is grown,
 * handed on or freed: two owners of one byte are seen, and memory of calloc() that is not
 * zero, and contents that realloc() has lost. What is kept for reuse is little, so memory
 * is given back all the time. In the second half of the run there are no more mappings,
 * descriptors and chunks than at the end of the first; in the end nothing is left.
 *
 * Usage: stress_arena [SEED [OPERATIONS]]
 */
#include <lanes/arena.h>

#include <dirent.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "support/mappings.h"

#define OPERATIONS_DEFAULT 1000000u
#define THREADS            4u
#define SLOTS              150u
#define SHARED             64u
#define IDLE_BYTES_MAX     (8ull << 20)

/* Room for chance; a leak would add thousands. */
#define MAPPINGS_MORE 40u

#define CHECK(condition) ((condition) ? (void)0 : fail(#condition, __LINE__))

typedef struct block {
    uint8_t *data;
    size_t bytes;
    uint8_t mark;
} block;

static lanes_arena *arena;
static uint64_t seed = 1;
static uint64_t operations = OPERATIONS_DEFAULT;
static pthread_mutex_t exchange_lock = PTHREAD_MUTEX_INITIALIZER;
static block exchange[SHARED];
static block slots[THREADS][SLOTS];
static uint64_t half; /* of the run: 0, 1 */

static _Noreturn void fail(const char *condition, int line)
{
    fprintf(stderr, "stress_arena: %s is false at line %d (seed %llu)\n", condition, line,
            (unsigned long long)seed);
    abort();
}

/** splitmix64. */
static uint64_t next(uint64_t *state)
{
    uint64_t value = *state += 0x9e3779b97f4a7c15u;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

/** Mostly small, some of many pages, few of megabytes. */
static size_t random_size(uint64_t *state)
{
    const uint64_t kind = next(state) % 1000;
    const uint64_t value = next(state);
    if (kind < 700) {
        return value % 2000;
    }
    if (kind < 950) {
        return value % 40000;
    }
    return kind < 998 ? value % 500000 : value % 6000000;
}

static bool is_filled(const uint8_t *data, size_t bytes, uint8_t mark)
{
    return bytes == 0 || (data[0] == mark && memcmp(data, data + 1, bytes - 1) == 0);
}

static void fill(block *of, uint64_t *state)
{
    of->mark = (uint8_t)next(state);
    if (of->bytes > 0) {
        memset(of->data, of->mark, of->bytes);
    }
}

static void drop(block *of)
{
    CHECK(of->data == NULL || is_filled(of->data, of->bytes, of->mark));
    lanes_arena_free(arena, of->data, of->bytes);
    *of = (block){.data = NULL};
}

static void make(block *of, uint64_t *state)
{
    of->bytes = random_size(state);
    if (next(state) % 2 == 0) {
        of->data = lanes_arena_malloc(arena, of->bytes);
    } else {
        of->data = lanes_arena_calloc(arena, of->bytes, 1);
        CHECK(of->data != NULL && is_filled(of->data, of->bytes, 0));
    }
    CHECK(of->data != NULL && (uintptr_t)of->data % 64 == 0);
    CHECK(of->bytes < 65536 || (uintptr_t)of->data % 4096 == 0);
    fill(of, state);
}

static void resize(block *of, uint64_t *state)
{
    const size_t bytes = random_size(state);
    const size_t kept = bytes < of->bytes ? bytes : of->bytes;
    uint8_t *data = lanes_arena_realloc(arena, of->data, bytes);
    CHECK(data != NULL && is_filled(data, kept, of->mark));
    of->data = data;
    of->bytes = bytes;
    fill(of, state);
}

/** Give a block to whoever comes, and take another's. */
static void swap(block *of, uint64_t *state)
{
    pthread_mutex_lock(&exchange_lock);
    block *other = &exchange[next(state) % SHARED];
    const block taken = *other;
    *other = *of;
    *of = taken;
    pthread_mutex_unlock(&exchange_lock);
}

static void *work(void *number)
{
    const uintptr_t thread = (uintptr_t)number;
    uint64_t state = seed * 1000 + half * 100 + thread;
    for (uint64_t i = 0; i < operations / THREADS / 2; i++) {
        block *of = &slots[thread][next(&state) % SLOTS];
        const uint64_t what = next(&state) % 8;
        if (of->data == NULL) {
            make(of, &state);
        } else if (what < 5) {
            drop(of);
        } else if (what < 7) {
            resize(of, &state);
        } else {
            swap(of, &state);
        }
    }
    return NULL;
}

static void run_half(void)
{
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    half++;
}

static void drop_all(void)
{
    lanes_arena_usage usage;
    for (uint32_t i = 0; i < THREADS * SLOTS; i++) {
        drop(&slots[i / SLOTS][i % SLOTS]);
    }
    for (uint32_t i = 0; i < SHARED; i++) {
        drop(&exchange[i]);
    }
    lanes_arena_usage_now(arena, &usage);
    CHECK(usage.blocks == 0 && usage.block_bytes == 0);
}

static uint32_t count_fds(void)
{
    DIR *folder = opendir("/proc/self/fd");
    uint32_t count = 0;
    CHECK(folder != NULL);
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count;
}

/** The kernel has reserved what the arena says. */
static uint64_t check_memory(void)
{
    lanes_arena_usage usage;
    lanes_arena_chunk chunk;
    struct stat facts;
    void *any = lanes_arena_malloc(arena, 1);
    CHECK(any != NULL && lanes_arena_find(arena, any, &chunk) == 1);
    lanes_arena_usage_now(arena, &usage);
    CHECK(usage.chunks == 1 && fstat(chunk.fd, &facts) == 0);
    CHECK((uint64_t)facts.st_blocks * 512 == usage.block_bytes + usage.idle_bytes);
    lanes_arena_free(arena, any, 1);
    return usage.block_bytes + usage.idle_bytes;
}

int main(int argc, char **argv)
{
    seed = argc > 1 ? strtoull(argv[1], NULL, 10) : seed;
    operations = argc > 2 ? strtoull(argv[2], NULL, 10) : operations;
    lanes_arena_options options;
    lanes_arena_options_default(&options);
    options.idle_bytes_max = IDLE_BYTES_MAX;
    CHECK(lanes_arena_create(&options, &arena, NULL) == LANES_OK);
    run_half();
    const uint64_t memory = check_memory();
    const uint32_t fds = count_fds();
    const size_t mappings = count_mappings(0, "");
    run_half();
    check_memory();
    CHECK(count_fds() == fds);
    CHECK(count_mappings(0, "") <= mappings + MAPPINGS_MORE);
    printf("stress_arena: %llu operations, %llu bytes reserved after the first half, "
           "%zu mappings then, %zu now\n",
           (unsigned long long)operations, (unsigned long long)memory, mappings,
           count_mappings(0, ""));
    drop_all();
    check_memory();
    lanes_arena_release(arena);
    return 0;
}
