/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena_fork.c - the lock, and what becomes of an arena in a forked child.
 *
 * fork() waits until no thread has any arena's lock, so that the child finds none half
 * changed: handlers of pthread_atfork(), which have no context, so all arenas of the
 * process are in one list. That the child is another process is noticed at its first use
 * of an arena, by a word that the kernel clears in forked processes: also in those that
 * were forked without handlers.
 */
#include "arena/arena_internal.h"

#include <errno.h>

#include "os/os_memory.h"

/* Handlers cannot be given a context; arenas are the caller's otherwise. */
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static lanes_arena *list;
static bool has_handlers;

static void before_fork(void)
{
    pthread_mutex_lock(&list_lock);
    for (lanes_arena *arena = list; arena != NULL; arena = arena->next_arena) {
        pthread_mutex_lock(&arena->lock);
    }
}

static void after_fork(void)
{
    for (lanes_arena *arena = list; arena != NULL; arena = arena->next_arena) {
        pthread_mutex_unlock(&arena->lock);
    }
    pthread_mutex_unlock(&list_lock);
}

lanes_status lanes_arena_enlist(lanes_arena *arena, lanes_error *err)
{
    pthread_mutex_lock(&list_lock);
    if (!has_handlers) {
        const int error = pthread_atfork(before_fork, after_fork, after_fork);
        if (error != 0) {
            pthread_mutex_unlock(&list_lock);
            return lanes_error_errno(err, error, "pthread_atfork");
        }
        has_handlers = true;
    }
    arena->next_arena = list;
    if (list != NULL) {
        list->previous_arena = arena;
    }
    list = arena;
    pthread_mutex_unlock(&list_lock);
    return LANES_OK;
}

void lanes_arena_delist(lanes_arena *arena)
{
    pthread_mutex_lock(&list_lock);
    if (arena->previous_arena != NULL) {
        arena->previous_arena->next_arena = arena->next_arena;
    } else {
        list = arena->next_arena;
    }
    if (arena->next_arena != NULL) {
        arena->next_arena->previous_arena = arena->previous_arena;
    }
    pthread_mutex_unlock(&list_lock);
}

/**
 * Put aside what the parent has: it goes on using its chunks, so nothing in them is free
 * here. Their extents stay, since they tell how large inherited blocks are.
 */
static int put_aside(lanes_arena *arena)
{
    const uint32_t *is_own = NULL;
    const lanes_status status = lanes_os_fork_guard_create(&is_own, NULL);
    if (status < 0) {
        return -status;
    }
    lanes_os_fork_guard_destroy(arena->is_own);
    arena->is_own = is_own;
    for (uint32_t i = 0; i < arena->chunk_count; i++) {
        arena->chunk[i].is_foreign = true;
    }
    arena->holes = NULL;
    arena->idle = NULL;
    arena->oldest = NULL;
    arena->newest = NULL;
    for (uint32_t i = 0; i < LANES_ARENA_CLASSES; i++) {
        arena->spans[i] = NULL;
    }
    arena->idle_extent_bytes = 0;
    arena->unused_span_bytes = 0;
    arena->blocks = 0;
    arena->block_bytes = 0;
    arena->block_bytes_peak = 0;
    arena->credit_bytes = 0;
    return 0;
}

int lanes_arena_lock(lanes_arena *arena)
{
    pthread_mutex_lock(&arena->lock);
    if (__builtin_expect(*arena->is_own == 0, 0)) {
        const int error = put_aside(arena);
        if (error != 0) {
            pthread_mutex_unlock(&arena->lock);
            return error;
        }
    }
    return 0;
}

void lanes_arena_relock(lanes_arena *arena)
{
    pthread_mutex_lock(&arena->lock);
}

void lanes_arena_unlock(lanes_arena *arena)
{
    pthread_mutex_unlock(&arena->lock);
}
