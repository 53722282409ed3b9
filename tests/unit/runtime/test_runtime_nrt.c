/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MemInfo: layout, alignment, fill, destructors and the order in which things are freed,
 * resizable arrays, and what happens when memory is out.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "runtime/runtime_internal.h"

#define ARENA_BYTES ((size_t)LANES_RUNTIME_ARENA_BYTES)

static void start(void)
{
    lanes_runtime_enter();
    lanes_runtime_begin(0, 0);
}

TestSuite(runtime_nrt, .init = start);

/* What a destructor was called with. */
static struct {
    int calls;
    void *data;
    size_t size;
    void *info;
    bool is_data_owned;
} seen;

static void note_dtor(void *data, size_t size, void *info)
{
    seen.calls++;
    seen.data = data;
    seen.size = size;
    seen.info = info;
    seen.is_data_owned = lanes_runtime_owns(data, size);
}

static void note_items_dtor(void *data)
{
    note_dtor(data, 1, NULL);
}

Test(runtime_nrt, new_info_has_one_reference_and_data_where_ir_reads_it)
{
    lanes_nrt_meminfo *info = NRT_MemInfo_alloc(100);
    cr_assert_not_null(info);
    cr_expect_eq(info->refct, 1);
    cr_expect_eq(info->size, 100);
    cr_expect_null(info->external_allocator);
    void *data;
    memcpy(&data, (char *)info + 24, sizeof(data));
    cr_expect_eq(data, NRT_MemInfo_data(info));
    cr_expect(lanes_runtime_owns(data, 100));
    cr_expect_eq((uintptr_t)data % 16, 0);
    NRT_MemInfo_release(info);
    cr_expect_eq(lanes_runtime_used_bytes(), 0);
}

Test(runtime_nrt, data_is_aligned_as_asked_and_at_least_to_a_cache_line)
{
    for (uint32_t align = 1; align <= 4096; align *= 2) {
        for (size_t size = 0; size < 3000; size += 333) {
            lanes_nrt_meminfo *info = NRT_MemInfo_alloc_aligned(size, align);
            cr_assert_not_null(info);
            cr_expect_eq((uintptr_t)info->data % (align < 64 ? 64 : align), 0);
            cr_expect(lanes_runtime_owns(info->data, size));
            cr_expect((char *)info->data >= (char *)(info + 1));
        }
    }
    cr_expect_not_null(NRT_MemInfo_alloc_aligned(8, 0));
    cr_expect_null(NRT_MemInfo_alloc_aligned(8, 8192));
    cr_expect_null(NRT_MemInfo_alloc_aligned(8, 48));
}

Test(runtime_nrt, safe_memory_is_filled)
{
    lanes_nrt_meminfo *infos[] = {NRT_MemInfo_alloc_safe(50),
                                  NRT_MemInfo_alloc_safe_aligned(50, 32),
                                  NRT_MemInfo_alloc_dtor_safe(50, NULL)};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(infos); i++) {
        cr_assert_not_null(infos[i]);
        const unsigned char *data = infos[i]->data;
        for (int k = 0; k < 50; k++) {
            cr_expect_eq(data[k], 0xCB);
        }
        NRT_MemInfo_release(infos[i]);
    }
    cr_expect_eq(lanes_runtime_used_bytes(), 0);
}

Test(runtime_nrt, dtor_runs_when_the_last_reference_goes_and_before_the_memory)
{
    lanes_nrt_meminfo *infos[] = {NRT_MemInfo_alloc_dtor(40, note_dtor),
                                  NRT_MemInfo_alloc_dtor_safe(40, note_dtor)};
    for (int i = 0; i < 2; i++) {
        lanes_nrt_meminfo *info = infos[i];
        void *data = info->data;
        info->refct++; /* as NRT_incref in the module does */
        NRT_MemInfo_release(info);
        cr_expect_eq(seen.calls, i);
        NRT_MemInfo_release(info);
        cr_expect_eq(seen.calls, i + 1);
        cr_expect(seen.data == data && seen.size == 40 && seen.info == NULL);
        cr_expect(seen.is_data_owned);
        cr_expect_not(lanes_runtime_owns(data, 40));
    }
    cr_expect_eq(lanes_runtime_used_bytes(), 0);
}

Test(runtime_nrt, info_of_foreign_memory_is_not_freed_by_it)
{
    lanes_nrt_meminfo local = {.refct = 1, .dtor = note_dtor, .dtor_info = &local};
    NRT_MemInfo_call_dtor(&local);
    cr_expect_eq(seen.calls, 1);
    cr_expect_eq(seen.info, &local);
    cr_expect_eq(local.refct, 1);
}

Test(runtime_nrt, resizable_array_grows_and_takes_its_memory_with_it)
{
    lanes_nrt_meminfo *info = NRT_MemInfo_new_varsize_dtor(8, note_items_dtor);
    cr_assert_not_null(info);
    cr_expect(info->refct == 1 && info->size == 8);
    memcpy(info->data, "lanes!!", 8);
    lanes_nrt_meminfo *other = NRT_MemInfo_new_varsize(8);
    void *data = NRT_MemInfo_varsize_realloc(info, 100000);
    cr_assert_eq(data, info->data);
    cr_expect_eq(info->size, 100000);
    cr_expect_str_eq(data, "lanes!!");
    NRT_MemInfo_release(info);
    cr_expect(seen.calls == 1 && seen.data == data && seen.is_data_owned);
    cr_expect_not(lanes_runtime_owns(data, 1));
    NRT_MemInfo_release(other);
    cr_expect_eq(seen.calls, 1);
    cr_expect_eq(lanes_runtime_used_bytes(), 0);
}

/* A set makes a larger table, moves its items and then frees the table before. */
Test(runtime_nrt, resizable_array_can_be_replaced)
{
    lanes_nrt_meminfo *info = NRT_MemInfo_new_varsize(64);
    void *before = info->data;
    void *after = NRT_MemInfo_varsize_alloc(info, 128);
    cr_expect(after != before && info->data == after && info->size == 128);
    cr_expect(lanes_runtime_owns(before, 64));
    NRT_MemInfo_varsize_free(info, before);
    cr_expect_eq(info->data, after);
    cr_expect_not(lanes_runtime_owns(before, 64));
    NRT_MemInfo_varsize_free(info, after);
    cr_expect_null(info->data);
    NRT_MemInfo_release(info);
    cr_expect_eq(lanes_runtime_used_bytes(), 0);
}

Test(runtime_nrt, fixed_array_is_not_resized)
{
    lanes_nrt_meminfo *info = NRT_MemInfo_alloc(64);
    void *data = info->data;
    cr_expect_null(NRT_MemInfo_varsize_realloc(info, 128));
    cr_expect_eq(lanes_runtime_failure(), LANES_ELEMENT_FATAL);
    lanes_runtime_begin(0, 1);
    info = NRT_MemInfo_alloc(64);
    cr_expect_null(NRT_MemInfo_varsize_alloc(info, 128));
    cr_expect_eq(lanes_runtime_failure(), LANES_ELEMENT_FATAL);
    cr_expect(info->data == data && info->size == 64);
}

Test(runtime_nrt, too_much_is_null_and_leaks_nothing)
{
    static const size_t sizes[] = {ARENA_BYTES - 63, ARENA_BYTES, ARENA_BYTES + 1,
                                   SIZE_MAX - 100, SIZE_MAX};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(sizes); i++) {
        cr_expect_null(NRT_MemInfo_alloc(sizes[i]));
        cr_expect_null(NRT_MemInfo_alloc_safe(sizes[i]));
        cr_expect_null(NRT_MemInfo_alloc_aligned(sizes[i], 4096));
        cr_expect_null(NRT_MemInfo_alloc_safe_aligned(sizes[i], 32));
        cr_expect_null(NRT_MemInfo_alloc_dtor(sizes[i], note_dtor));
        cr_expect_null(NRT_MemInfo_alloc_dtor_safe(sizes[i], note_dtor));
        cr_expect_null(NRT_MemInfo_new_varsize(sizes[i]));
        cr_expect_null(NRT_MemInfo_new_varsize_dtor(sizes[i], note_items_dtor));
        cr_expect_eq(lanes_runtime_used_bytes(), 0, "size %zu", sizes[i]);
    }
    cr_expect_not_null(NRT_MemInfo_alloc(ARENA_BYTES - 64));
}

/* There is room for the data, which is small, but not for its owner. */
Test(runtime_nrt, resizable_array_without_owner_is_freed)
{
    cr_assert_not_null(NRT_Allocate(ARENA_BYTES - 32 - 16));
    const size_t used = lanes_runtime_used_bytes();
    cr_expect_null(NRT_MemInfo_new_varsize(0));
    cr_expect_eq(lanes_runtime_used_bytes(), used);
    cr_expect_not_null(NRT_Allocate(0));
}

Test(runtime_nrt, resizable_array_stays_when_memory_is_out)
{
    lanes_nrt_meminfo *info = NRT_MemInfo_new_varsize(64);
    void *data = info->data;
    cr_expect_null(NRT_MemInfo_varsize_realloc(info, ARENA_BYTES));
    cr_expect_null(NRT_MemInfo_varsize_alloc(info, ARENA_BYTES));
    cr_expect(info->data == data && info->size == 64);
    cr_expect_eq(lanes_runtime_failure(), LANES_ELEMENT_OK);
    NRT_MemInfo_release(info);
    cr_expect_eq(lanes_runtime_used_bytes(), 0);
}
