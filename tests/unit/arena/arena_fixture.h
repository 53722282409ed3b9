/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena_fixture.h - an arena for each test, and what its chunks take.
 */
#ifndef LANES_TEST_ARENA_FIXTURE_H
#define LANES_TEST_ARENA_FIXTURE_H

#include <lanes/arena.h>

#include <criterion/criterion.h>
#include <stdint.h>
#include <sys/stat.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

static inline lanes_arena *make_arena(uint64_t bytes_max, uint64_t idle_bytes_max)
{
    lanes_arena_options options;
    lanes_arena *arena = NULL;
    lanes_error err = {.message = ""};
    lanes_arena_options_default(&options);
    options.bytes_max = bytes_max;
    options.idle_bytes_max = idle_bytes_max;
    cr_assert_eq(lanes_arena_create(&options, &arena, &err), LANES_OK, "%s", err.message);
    return arena;
}

static inline lanes_arena_usage usage_of(lanes_arena *arena)
{
    lanes_arena_usage usage;
    lanes_arena_usage_now(arena, &usage);
    return usage;
}

static inline lanes_arena_chunk chunk_of(lanes_arena *arena, const void *address)
{
    lanes_arena_chunk chunk = {.bytes = 0};
    cr_assert_eq(lanes_arena_find(arena, address, &chunk), 1);
    return chunk;
}

/* What the kernel has reserved for the chunk that @p address is in. */
static inline uint64_t memory_of(lanes_arena *arena, const void *address)
{
    struct stat facts;
    cr_assert_eq(fstat(chunk_of(arena, address).fd, &facts), 0);
    return (uint64_t)facts.st_blocks * 512;
}

#endif /* LANES_TEST_ARENA_FIXTURE_H */
