/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime_nrt.c - Numba's memory manager: plain memory, and reference-counted owners of
 * arrays (MemInfo).
 *
 * What follows Numba's nrt.cpp in effect: when a count of references reaches zero, by
 * NRT_MemInfo_release() here or by NRT_decref() in the module, the owner's destructor
 * runs and then its memory is freed. A fixed array lies in one block with its owner, a
 * resizable one ("varsize": lists, sets) in a block of its own.
 *
 * Counts are plain, because an element's memory belongs to one thread.
 */
#include <string.h>

#include "runtime/runtime_internal.h"

/* What an array is aligned to, if IR asks for any alignment: a cache line and the widest
 * vector. */
#define ALIGN_MIN 64u
#define ALIGN_MAX 4096u

/* What the "_safe" functions fill new memory with. */
#define FILL_BYTE 0xCB

/* NOLINTBEGIN(readability-identifier-naming) */

void *NRT_Allocate(size_t size)
{
    return lanes_runtime_arena_allocate(size);
}

void *NRT_Reallocate(void *data, size_t size)
{
    return lanes_runtime_arena_resize(data, size);
}

void NRT_Free(void *data)
{
    lanes_runtime_arena_free(data);
}

static void init(lanes_nrt_meminfo *info, void *data, size_t size, lanes_nrt_dtor_fn dtor,
                 void *dtor_info)
{
    *info = (lanes_nrt_meminfo){
        .refct = 1, .dtor = dtor, .dtor_info = dtor_info, .data = data, .size = size};
}

/* An owner and its data in one block; @p align is 16 or a larger power of two. */
static lanes_nrt_meminfo *allocate(size_t size, size_t align)
{
    if (size > LANES_RUNTIME_ARENA_BYTES) {
        return NULL; /* and the sum below cannot overflow */
    }
    const size_t bytes = sizeof(lanes_nrt_meminfo) + (align - 16) + size;
    lanes_nrt_meminfo *info = lanes_runtime_arena_allocate(bytes);
    if (info == NULL) {
        return NULL;
    }
    uint8_t *data = (uint8_t *)(info + 1);
    data += -(uintptr_t)data & (align - 1);
    init(info, data, size, NULL, NULL);
    return info;
}

static lanes_nrt_meminfo *fill(lanes_nrt_meminfo *info)
{
    if (info != NULL) {
        memset(info->data, FILL_BYTE, info->size);
    }
    return info;
}

lanes_nrt_meminfo *NRT_MemInfo_alloc(size_t size)
{
    return allocate(size, 16);
}

lanes_nrt_meminfo *NRT_MemInfo_alloc_safe(size_t size)
{
    return fill(allocate(size, 16));
}

lanes_nrt_meminfo *NRT_MemInfo_alloc_aligned(size_t size, uint32_t align)
{
    if (align > ALIGN_MAX || (align & (align - 1)) != 0) {
        return NULL;
    }
    return allocate(size, align < ALIGN_MIN ? ALIGN_MIN : align);
}

lanes_nrt_meminfo *NRT_MemInfo_alloc_safe_aligned(size_t size, uint32_t align)
{
    return fill(NRT_MemInfo_alloc_aligned(size, align));
}

/* Calls the destructor that was asked for, which gets no info. */
static void call_custom_dtor(void *data, size_t size, void *info)
{
    lanes_nrt_dtor_fn dtor;
    memcpy(&dtor, &info, sizeof(dtor));
    if (dtor != NULL) {
        dtor(data, size, NULL);
    }
}

lanes_nrt_meminfo *NRT_MemInfo_alloc_dtor(size_t size, lanes_nrt_dtor_fn dtor)
{
    lanes_nrt_meminfo *info = allocate(size, 16);
    if (info != NULL) {
        info->dtor = call_custom_dtor;
        memcpy(&info->dtor_info, &dtor, sizeof(dtor));
    }
    return info;
}

lanes_nrt_meminfo *NRT_MemInfo_alloc_dtor_safe(size_t size, lanes_nrt_dtor_fn dtor)
{
    return fill(NRT_MemInfo_alloc_dtor(size, dtor));
}

void *NRT_MemInfo_data(lanes_nrt_meminfo *info)
{
    return info->data;
}

void NRT_MemInfo_call_dtor(lanes_nrt_meminfo *info)
{
    if (info->dtor != NULL) {
        info->dtor(info->data, info->size, info->dtor_info);
    }
    NRT_Free(info);
}

void NRT_MemInfo_release(lanes_nrt_meminfo *info)
{
    info->refct--;
    if (info->refct == 0) {
        NRT_MemInfo_call_dtor(info);
    }
}

/* Destructor of every resizable array; @p info is one for its items, called with the
 * array's address only. */
static void free_varsize(void *data, size_t size, void *info)
{
    (void)size;
    lanes_nrt_items_dtor_fn items_dtor;
    memcpy(&items_dtor, &info, sizeof(items_dtor));
    if (items_dtor != NULL) {
        items_dtor(data);
    }
    NRT_Free(data);
}

lanes_nrt_meminfo *NRT_MemInfo_new_varsize(size_t size)
{
    return NRT_MemInfo_new_varsize_dtor(size, NULL);
}

lanes_nrt_meminfo *NRT_MemInfo_new_varsize_dtor(size_t size, lanes_nrt_items_dtor_fn dtor)
{
    lanes_nrt_meminfo *info = NRT_Allocate(sizeof(*info));
    void *data = NRT_Allocate(size);
    if (info == NULL || data == NULL) {
        NRT_Free(data);
        NRT_Free(info);
        return NULL;
    }
    init(info, data, size, free_varsize, NULL);
    memcpy(&info->dtor_info, &dtor, sizeof(dtor));
    return info;
}

/* IR that resizes another array is broken. */
static bool is_varsize(const lanes_nrt_meminfo *info)
{
    if (info->dtor != free_varsize) {
        lanes_runtime_fail(LANES_ELEMENT_FATAL);
        return false;
    }
    return true;
}

static void *set_data(lanes_nrt_meminfo *info, void *data, size_t size)
{
    if (data != NULL) {
        info->data = data;
        info->size = size;
    }
    return data;
}

/* The array before, if any, is the caller's: IR copies from it and frees it. */
void *NRT_MemInfo_varsize_alloc(lanes_nrt_meminfo *info, size_t size)
{
    return is_varsize(info) ? set_data(info, NRT_Allocate(size), size) : NULL;
}

/* If there is no room, the array stays, where Numba forgets it: its destructor runs when
 * the callback has raised MemoryError. */
void *NRT_MemInfo_varsize_realloc(lanes_nrt_meminfo *info, size_t size)
{
    if (!is_varsize(info)) {
        return NULL;
    }
    return set_data(info, NRT_Reallocate(info->data, size), size);
}

void NRT_MemInfo_varsize_free(lanes_nrt_meminfo *info, void *data)
{
    NRT_Free(data);
    if (info->data == data) {
        info->data = NULL;
    }
}

/* NOLINTEND(readability-identifier-naming) */
