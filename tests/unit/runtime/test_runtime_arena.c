/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arena: limits, alignment, reuse, taking everything back, contents under random use,
 * damage by the callback, and what happens to its memory when a thread ends.
 *
 * After blocks have been freed in any order, one block of the whole arena must fit again:
 * that shows that nothing was lost or left in pieces.
 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "os/os_memory.h"
#include "runtime/runtime_internal.h"
#include "support/mappings.h"
#include "support/wrap.h"

#define ARENA_BYTES  ((size_t)LANES_RUNTIME_ARENA_BYTES)
#define HEADER_BYTES ((size_t)16)

TEST_WRAP(lanes_status, lanes_os_private_map,
          (uint64_t bytes, void **out_data, lanes_error *err));

static bool has_no_memory;
static uint64_t random_word = 88172645463325252u;

lanes_status wrap_lanes_os_private_map(uint64_t bytes, void **out_data, lanes_error *err)
{
    return has_no_memory ? -12 : real_lanes_os_private_map(bytes, out_data, err);
}

/* xorshift64 */
static uint32_t random_below(uint32_t limit)
{
    random_word ^= random_word << 13;
    random_word ^= random_word >> 7;
    random_word ^= random_word << 17;
    return (uint32_t)(random_word >> 32) % limit;
}

static void start(void)
{
    lanes_runtime_enter();
    lanes_runtime_begin(0, 0);
}

/* True if @p bytes >= 1 bytes are all @p value: the first one is, and each is as the one
 * before it. */
static bool is_all(const unsigned char *data, size_t bytes, unsigned char value)
{
    return data[0] == value && memcmp(data, data + 1, bytes - 1) == 0;
}

static void expect_whole_arena_fits(void)
{
    void *all = NRT_Allocate(ARENA_BYTES - HEADER_BYTES);
    cr_expect_not_null(all);
    NRT_Free(all);
    cr_expect_eq(lanes_runtime_used_bytes(), 0);
}

Test(runtime_arena, whole_arena_fits_but_not_more, .init = start)
{
    cr_expect_null(NRT_Allocate(ARENA_BYTES - HEADER_BYTES + 1));
    cr_expect_null(NRT_Allocate(ARENA_BYTES));
    cr_expect_null(NRT_Allocate(SIZE_MAX));
    char *all = NRT_Allocate(ARENA_BYTES - HEADER_BYTES);
    cr_assert_not_null(all);
    all[0] = 1;
    all[ARENA_BYTES - HEADER_BYTES - 1] = 2;
    cr_expect_null(NRT_Allocate(0));
    cr_expect_eq(lanes_runtime_used_bytes(), ARENA_BYTES);
    NRT_Free(all);
    expect_whole_arena_fits();
}

Test(runtime_arena, blocks_are_aligned_and_apart, .init = start)
{
    char *previous_end = NULL;
    for (size_t bytes = 0; bytes < 200; bytes++) {
        char *data = NRT_Allocate(bytes);
        cr_assert_not_null(data);
        cr_expect_eq((uintptr_t)data % 16, 0);
        cr_expect(data >= previous_end);
        cr_expect(bytes == 0 || lanes_runtime_owns(data, bytes));
        memset(data, 1, bytes);
        previous_end = data + bytes;
    }
}

Test(runtime_arena, allocating_and_freeing_in_turn_never_runs_out, .init = start)
{
    void *held = NULL;
    for (int i = 0; i < 100000; i++) {
        /* The new one is made while the old one lives, as in a = f(a). */
        void *next = NRT_Allocate((20u << 20) + random_below(1000));
        cr_assert_not_null(next, "round %d", i);
        NRT_Free(held);
        held = next;
    }
    NRT_Free(held);
    expect_whole_arena_fits();
}

Test(runtime_arena, sizes_that_grow_find_the_room_of_smaller_ones, .init = start)
{
    void *pin = NRT_Allocate(100);
    for (size_t bytes = 16; bytes < ARENA_BYTES / 2; bytes += bytes / 8) {
        void *data = NRT_Allocate(bytes);
        void *above = NRT_Allocate(50); /* keeps it from being the last */
        cr_assert(data != NULL && above != NULL, "%zu bytes", bytes);
        NRT_Free(data);
        NRT_Free(above);
    }
    NRT_Free(pin);
    expect_whole_arena_fits();
}

Test(runtime_arena, holes_are_reused, .init = start)
{
    enum { COUNT = 1000 };
    static char *block[COUNT];
    for (int i = 0; i < COUNT; i++) {
        block[i] = NRT_Allocate(1000);
    }
    char *const end = block[COUNT - 1];
    for (int i = 0; i < COUNT - 1; i += 2) {
        NRT_Free(block[i]);
    }
    for (int i = 0; i < COUNT - 1; i += 2) {
        block[i] = NRT_Allocate(1000);
        cr_expect(block[i] < end, "block %d is not in a hole", i);
    }
    for (int i = 0; i < COUNT; i++) {
        NRT_Free(block[i]);
    }
    expect_whole_arena_fits();
}

Test(runtime_arena, full_arena_still_gives_a_hole_that_fits_exactly, .init = start)
{
    /* Many holes of one class before the one that is large enough for the request. */
    char *small[20];
    char *walls[20];
    for (int i = 0; i < 20; i++) {
        small[i] = NRT_Allocate(i == 0 ? 1100 : 1040);
        walls[i] = NRT_Allocate(16);
    }
    const size_t rest = ARENA_BYTES - lanes_runtime_used_bytes() - HEADER_BYTES;
    void *filler = NRT_Allocate(rest);
    cr_assert_not_null(filler);
    for (int i = 0; i < 20; i++) {
        NRT_Free(small[i]);
    }
    cr_expect_eq(NRT_Allocate(1100), small[0]);
    cr_expect_null(NRT_Allocate(1100));
    cr_expect_not_null(walls[0]);
}

Test(runtime_arena, a_new_element_has_everything_again, .init = start)
{
    void *first = NRT_Allocate(100);
    void *hole = NRT_Allocate(ARENA_BYTES / 2);
    cr_assert(NRT_Allocate(200) != NULL && hole != NULL);
    NRT_Free(hole);
    cr_expect_neq(lanes_runtime_used_bytes(), 0);
    lanes_runtime_begin(0, 1);
    cr_expect_eq(lanes_runtime_used_bytes(), 0);
    cr_expect_not(lanes_runtime_owns(first, 1));
    cr_expect_eq(NRT_Allocate(100), first);
    NRT_Free(first);
    expect_whole_arena_fits();
}

Test(runtime_arena, resizing_keeps_contents, .init = start)
{
    unsigned char *data = NRT_Reallocate(NULL, 0);
    cr_assert_not_null(data);
    size_t bytes = 0;
    for (int i = 0; i < 3000; i++) {
        const size_t next = random_below(1u << (8 + i % 12));
        void *wall = i % 3 == 0 ? NRT_Allocate(10) : NULL;
        data = NRT_Reallocate(data, next);
        cr_assert_not_null(data);
        for (size_t k = 0; k < (next < bytes ? next : bytes); k++) {
            cr_assert_eq(data[k], (unsigned char)(k * 7), "round %d, byte %zu", i, k);
        }
        for (size_t k = 0; k < next; k++) {
            data[k] = (unsigned char)(k * 7);
        }
        bytes = next;
        NRT_Free(wall);
    }
    NRT_Free(data);
    expect_whole_arena_fits();
}

Test(runtime_arena, resizing_in_place_where_there_is_room, .init = start)
{
    char *a = NRT_Allocate(100);
    char *b = NRT_Allocate(100);
    cr_expect_eq(NRT_Reallocate(b, ARENA_BYTES / 2), b, "the last block just grows");
    cr_expect_eq(NRT_Reallocate(b, 50), b);
    char *c = NRT_Allocate(100);
    NRT_Free(b);
    cr_expect_eq(NRT_Reallocate(a, 150), a, "into the hole above");
    NRT_Free(a);
    NRT_Free(c);
    expect_whole_arena_fits();
}

Test(runtime_arena, resizing_that_fails_leaves_the_block, .init = start)
{
    char *a = NRT_Allocate(100);
    char *b = NRT_Allocate(100);
    memset(a, 'x', 100);
    cr_expect_null(NRT_Reallocate(a, ARENA_BYTES - 100));
    cr_expect_null(NRT_Reallocate(a, SIZE_MAX));
    cr_expect(a[0] == 'x' && a[99] == 'x' && lanes_runtime_owns(a, 100));
    NRT_Free(b);
    NRT_Free(a);
    expect_whole_arena_fits();
}

struct slot {
    unsigned char *data;
    size_t bytes;
    unsigned char value;
};

static void check_slot(const struct slot *slot)
{
    cr_assert(slot->bytes == 0 || is_all(slot->data, slot->bytes, slot->value));
}

/* Allocate, resize or free one slot; false if memory was out. */
static bool change_slot(struct slot *slot)
{
    const size_t bytes = random_below(1u << (4 + random_below(16)));
    check_slot(slot);
    if (slot->data != NULL && random_below(2) == 0) {
        NRT_Free(slot->data);
        *slot = (struct slot){.data = NULL};
        return true;
    }
    unsigned char *data = NRT_Reallocate(slot->data, bytes);
    if (data == NULL) {
        return false;
    }
    slot->data = data;
    const size_t kept = bytes < slot->bytes ? bytes : slot->bytes;
    slot->bytes = kept;
    check_slot(slot);
    slot->bytes = bytes;
    slot->value = (unsigned char)random_below(256);
    memset(data, slot->value, bytes);
    return true;
}

Test(runtime_arena, random_use_keeps_every_content, .init = start, .timeout = 60)
{
    static struct slot slots[600];
    int refused = 0;
    for (int round = 0; round < 60000; round++) {
        /* In the middle many more blocks are held than before and after. */
        const uint32_t live = round > 20000 && round < 40000 ? 600 : 40;
        refused += !change_slot(&slots[random_below(live)]);
    }
    for (size_t i = 0; i < LANES_ARRAY_COUNT(slots); i++) {
        check_slot(&slots[i]);
        NRT_Free(slots[i].data);
    }
    cr_expect_eq(refused, 0);
    cr_expect_eq(lanes_runtime_failure(), LANES_ELEMENT_OK);
    expect_whole_arena_fits();
}

Test(runtime_arena, running_out_under_random_use_breaks_nothing, .init = start,
     .timeout = 60)
{
    static struct slot slots[1000];
    void *filler = NRT_Allocate(ARENA_BYTES - (1u << 20));
    int refused = 0;
    for (int round = 0; round < 40000; round++) {
        refused += !change_slot(&slots[random_below(1000)]);
    }
    cr_expect_gt(refused, 100);
    for (size_t i = 0; i < LANES_ARRAY_COUNT(slots); i++) {
        NRT_Free(slots[i].data);
    }
    NRT_Free(filler);
    expect_whole_arena_fits();
}

Test(runtime_arena, what_is_no_block_is_not_freed, .init = start)
{
    char local[64];
    char *heap = malloc(64);
    char *a = NRT_Allocate(64);
    char *b = NRT_Allocate(64);
    char *c = NRT_Allocate(64);
    memset(a, 0, 64);
    const size_t used = lanes_runtime_used_bytes();
    void *const foreign[] = {NULL,  local,  heap,   a + 16,     a + 1,
                             a - 1, c + 64, a - 16, (void *)16, (void *)UINTPTR_MAX};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(foreign); i++) {
        NRT_Free(foreign[i]);
        cr_expect(foreign[i] == NULL || NRT_Reallocate(foreign[i], 10) == NULL);
        cr_expect_eq(lanes_runtime_used_bytes(), used, "pointer %zu", i);
    }
    NRT_Free(b);
    NRT_Free(b); /* twice: a hole */
    NRT_Free(c);
    NRT_Free(c); /* twice: above the last block */
    NRT_Free(b);
    NRT_Free(a);
    cr_expect_eq(lanes_runtime_failure(), LANES_ELEMENT_OK);
    expect_whole_arena_fits();
    free(heap);
}

/* What an array of a callback may contain: a header's fields, at the place of a header.
 */
Test(runtime_arena, data_that_looks_like_a_header_is_not_freed, .init = start)
{
    uint32_t *a = NRT_Allocate(400);
    for (size_t i = 0; i < 100; i += 4) {
        a[i] = 2;               /* units */
        a[i + 1] = 0;           /* below */
        a[i + 2] = 0xfffffffeu; /* in use */
        a[i + 3] = 0;
    }
    for (size_t i = 4; i < 96; i += 4) {
        NRT_Free(a + i);
        cr_expect_null(NRT_Reallocate(a + i, 1));
    }
    cr_expect(lanes_runtime_owns(a, 400));
    NRT_Free(a);
    expect_whole_arena_fits();
}

Test(runtime_arena, freeing_twice_is_ignored_when_the_room_is_in_use_again, .init = start)
{
    char *a = NRT_Allocate(64);
    char *b = NRT_Allocate(64);
    char *c = NRT_Allocate(64);
    NRT_Free(a);
    NRT_Free(b); /* joined with a */
    char *joined = NRT_Allocate(128);
    cr_assert_eq(joined, a);
    NRT_Free(b);
    cr_expect(lanes_runtime_owns(joined, 128));
    NRT_Free(c);
    NRT_Free(joined);
    expect_whole_arena_fits();
}

Test(runtime_arena, owned_is_what_is_allocated_and_no_more, .init = start)
{
    char *a = NRT_Allocate(100);
    char *b = NRT_Allocate(100);
    char *c = NRT_Allocate(100);
    cr_expect(lanes_runtime_owns(a, 100) && lanes_runtime_owns(a + 99, 1));
    cr_expect(lanes_runtime_owns(c, 100) && lanes_runtime_owns(b + 50, 50));
    cr_expect(lanes_runtime_owns(b, 0));
    cr_expect_not(lanes_runtime_owns(a - 1, 1));
    cr_expect_not(lanes_runtime_owns(a, 113), "the next block's header");
    cr_expect_not(lanes_runtime_owns(a, (size_t)(b - a) + 1));
    cr_expect_not(lanes_runtime_owns(c, 200));
    cr_expect_not(lanes_runtime_owns(a, SIZE_MAX));
    NRT_Free(b);
    cr_expect_not(lanes_runtime_owns(b, 1));
    cr_expect(lanes_runtime_owns(a, 100) && lanes_runtime_owns(c, 100));
    const char local = 0;
    cr_expect_not(lanes_runtime_owns(&local, 1));
    cr_expect_not(lanes_runtime_owns(NULL, 0));
    cr_expect_not(lanes_runtime_owns(NULL, 1));
}

/* Each row damages one word of the header of a hole, or of the block after it, before a
 * call that would follow that word. */
Test(runtime_arena, damage_that_is_met_fails_the_element, .init = start)
{
    static const struct {
        int word; /* from the hole's header; the next header is at 68 */
        uint32_t value;
        bool frees; /* the block after the hole; else allocates from the hole */
    } rows[] = {{0, UINT32_MAX, true},  {0, 2, true},        {0, UINT32_MAX, false},
                {0, 2, false},          {2, 12345678, true}, {2, 3000000, false},
                {69, UINT32_MAX, true}, {69, 1, true}};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        lanes_runtime_begin(0, i);
        void *before = NRT_Allocate(256);
        uint32_t *hole = NRT_Allocate(256);
        void *after = NRT_Allocate(256);
        void *last = NRT_Allocate(256);
        NRT_Free(hole);
        (hole - 4)[rows[i].word] = rows[i].value;
        if (rows[i].frees) {
            NRT_Free(after);
        } else {
            cr_expect_null(NRT_Allocate(100));
        }
        cr_expect_eq(lanes_runtime_failure(), LANES_ELEMENT_FATAL, "row %zu", i);
        cr_expect_null(NRT_Allocate(1));
        cr_expect_null(NRT_Reallocate(before, 10));
        NRT_Free(last);
        lanes_runtime_begin(0, i);
        expect_whole_arena_fits();
    }
}

/* Offsets in headers are 32 bits of 16-byte units, so a header that is believed would
 * point up to 64 GiB away, where nothing is mapped. */
Test(runtime_arena, damaged_headers_are_not_followed, .init = start, .timeout = 60)
{
    int failures = 0;
    for (int round = 0; round < 3000; round++) {
        lanes_runtime_begin(0, (uint64_t)round);
        static struct slot slots[50];
        memset(slots, 0, sizeof(slots));
        uint32_t *arena = NRT_Allocate(4);
        for (int step = 0; step < 100; step++) {
            struct slot *slot = &slots[random_below(50)];
            const size_t bytes = random_below(2000);
            const uint32_t choice = random_below(10);
            if (choice < 5) {
                slot->data = NRT_Allocate(bytes);
            } else if (choice < 8) {
                NRT_Free(slot->data);
            } else {
                NRT_Reallocate(slot->data, bytes);
            }
            if (step > 50) {
                const uint32_t small = random_below(4096);
                const uint32_t word = (uint32_t)random_word;
                arena[random_below(1u << 14)] = random_below(2) == 0 ? small : word;
            }
            lanes_runtime_owns(arena + random_below(1u << 14), 10);
        }
        failures += lanes_runtime_failure() == LANES_ELEMENT_FATAL;
    }
    cr_expect_gt(failures, 100, "damage was found in %d elements", failures);
    lanes_runtime_begin(0, 0);
    cr_expect_eq(lanes_runtime_failure(), LANES_ELEMENT_OK);
    expect_whole_arena_fits();
}

Test(runtime_arena, trimming_keeps_the_first_mebibyte, .init = start)
{
    const size_t mebibyte = 1u << 20;
    unsigned char *data = NRT_Allocate(8 * mebibyte);
    memset(data, 0xAA, 8 * mebibyte);
    lanes_runtime_trim();
    cr_expect_eq(lanes_runtime_used_bytes(), 0);
    lanes_runtime_begin(0, 1);
    cr_assert_eq(NRT_Allocate(8 * mebibyte), data);
    cr_expect_eq(data[mebibyte - 100], 0xAA);
    cr_expect(is_all(data + mebibyte, 7 * mebibyte, 0));
    /* What grew and shrank since then counts as well. */
    memset(data, 0xAA, 8 * mebibyte);
    data = NRT_Reallocate(data, 100);
    lanes_runtime_begin(0, 2);
    lanes_runtime_trim();
    cr_assert_eq(NRT_Allocate(8 * mebibyte), data);
    cr_expect_eq(data[8 * mebibyte - 1], 0);
    lanes_runtime_trim();
    lanes_runtime_trim();
    expect_whole_arena_fits();
}

Test(runtime_arena, without_memory_every_request_is_refused)
{
    has_no_memory = true;
    lanes_runtime_enter();
    lanes_runtime_begin(0, 0);
    cr_expect_null(NRT_Allocate(1));
    cr_expect_null(NRT_Reallocate(NULL, 1));
    cr_expect_null(NRT_MemInfo_alloc_safe_aligned(8, 32));
    cr_expect_null(NRT_MemInfo_new_varsize(8));
    NRT_Free(&has_no_memory);
    cr_expect_not(lanes_runtime_owns(&has_no_memory, 1));
    lanes_runtime_trim();
    lanes_runtime_leave();
    has_no_memory = false;
    start();
    cr_expect_not_null(NRT_Allocate(1));
}

Test(runtime_arena, leaving_gives_the_memory_back_and_entering_makes_it_again)
{
    lanes_runtime_leave();
    start();
    const size_t before = count_mappings(0, "");
    for (int i = 0; i < 1000; i++) {
        start();
        memset(NRT_Allocate(5000), 1, 5000);
        lanes_runtime_leave();
        cr_assert_null(NRT_Allocate(1));
    }
    start();
    cr_expect_leq(count_mappings(0, ""), before + 2);
    expect_whole_arena_fits();
}

static void *enter_and_end(void *ctx)
{
    (void)ctx;
    start();
    char *data = NRT_Allocate(1000);
    memset(data, 1, 1000);
    return data;
}

Test(runtime_arena, threads_have_arenas_of_their_own_that_end_with_them)
{
    start();
    char *mine = NRT_Allocate(1000);
    memset(mine, 7, 1000);
    size_t before = 0;
    for (int i = 0; i < 200; i++) {
        pthread_t thread;
        void *other;
        cr_assert_eq(pthread_create(&thread, NULL, enter_and_end, NULL), 0);
        cr_assert_eq(pthread_join(thread, &other), 0);
        cr_expect_not(lanes_runtime_owns(other, 1));
        if (i == 10) {
            before = count_mappings(0, "");
        }
    }
    cr_expect_leq(count_mappings(0, ""), before + 4);
    cr_expect(mine[0] == 7 && mine[999] == 7 && lanes_runtime_owns(mine, 1000));
}

static sigjmp_buf give_up;

static void leave_what_runs(int number)
{
    (void)number;
    siglongjmp(give_up, 1);
}

Test(runtime_arena, functions_may_be_left_anywhere, .init = start, .timeout = 60)
{
    signal(SIGALRM, leave_what_runs);
    const struct itimerval once = {.it_value = {.tv_usec = 200}};
    static void *data[64];
    volatile int left = 0;
    while (left < 500) {
        lanes_runtime_begin(0, (uint64_t)left);
        cr_assert_eq(lanes_runtime_used_bytes(), 0);
        expect_whole_arena_fits();
        cr_assert_eq(lanes_runtime_failure(), LANES_ELEMENT_OK);
        memset(data, 0, sizeof(data));
        if (sigsetjmp(give_up, 1) != 0) {
            left++;
            continue;
        }
        setitimer(ITIMER_REAL, &once, NULL);
        for (;;) {
            const uint32_t i = random_below(64);
            NRT_Free(data[i]);
            data[i] = NRT_Allocate(random_below(3000));
            data[i] = NRT_Reallocate(data[i], random_below(3000));
            numba_rnd_shuffle(numba_get_np_random_state());
        }
    }
}
