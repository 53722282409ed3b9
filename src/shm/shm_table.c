/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shm_table.c - the segments of one session by slot and generation.
 *
 * The table holds one reference on each segment, each running batch another. A segment is
 * heap memory of its own, so that it outlives its slot and even the table.
 */
#include "shm/shm.h"

#include <errno.h>
#include <stdlib.h>

#include "os/os_memory.h"
#include "shm/shm_internal.h"

typedef struct slot {
    lanes_shm_segment *segment; /* NULL: free */
    uint32_t generation;        /* of the segment here, or of the last one */
} slot;

struct lanes_shm_table {
    uint32_t count;
    uint64_t bytes;
    uint64_t keys_given;
    lanes_shm_listener listener;
    slot slots[LANES_SEGMENTS_MAX];
};

lanes_status lanes_shm_table_create(lanes_shm_table **out_table, lanes_error *err)
{
    lanes_shm_table *table = calloc(1, sizeof(*table));
    if (table == NULL) {
        return lanes_error_errno(err, ENOMEM, "segment table");
    }
    *out_table = table;
    return LANES_OK;
}

/** Drop the table's reference on the segment in @p place. */
static void clear_slot(lanes_shm_table *table, slot *place)
{
    table->count--;
    table->bytes -= place->segment->mapping.bytes;
    lanes_shm_drop(place->segment);
    place->segment = NULL;
}

void lanes_shm_table_destroy(lanes_shm_table *table)
{
    if (table == NULL) {
        return;
    }
    for (uint32_t i = 0; i < LANES_SEGMENTS_MAX; i++) {
        if (table->slots[i].segment != NULL) {
            clear_slot(table, &table->slots[i]);
        }
    }
    free(table);
}

void lanes_shm_table_on_new_memory(lanes_shm_table *table, lanes_shm_new_memory_fn fn,
                                   void *ctx)
{
    table->listener = (lanes_shm_listener){.fn = fn, .ctx = ctx};
}

uint32_t lanes_shm_table_count(const lanes_shm_table *table)
{
    return table->count;
}

uint64_t lanes_shm_table_bytes(const lanes_shm_table *table)
{
    return table->bytes;
}

static slot *find_free(lanes_shm_table *table, lanes_error *err)
{
    for (uint32_t i = 0; i < LANES_SEGMENTS_MAX; i++) {
        if (table->slots[i].segment == NULL) {
            return &table->slots[i];
        }
    }
    LANES_IGNORE(
        lanes_error_set(err, LANES_E_QUOTA,
                        "a session can have LANES_SEGMENTS_MAX %u segments; release "
                        "one first",
                        LANES_SEGMENTS_MAX),
        "the caller returns the code");
    return NULL;
}

static slot *find(lanes_shm_table *table, lanes_abi_id id)
{
    if (id.slot >= LANES_SEGMENTS_MAX) {
        return NULL;
    }
    slot *place = &table->slots[id.slot & (LANES_SEGMENTS_MAX - 1)];
    return place->segment != NULL && place->generation == id.generation ? place : NULL;
}

_Static_assert((LANES_SEGMENTS_MAX & (LANES_SEGMENTS_MAX - 1)) == 0,
               "masking an index that was checked also bounds it under speculation");

static lanes_status stale_id(lanes_abi_id id, lanes_error *err)
{
    return lanes_error_set(err, LANES_E_STALE_ID,
                           "segment %u.%u is unknown or was released", id.slot,
                           id.generation);
}

/** The key of a live segment of the same object, else a new one. */
static uint64_t key_for(lanes_shm_table *table, const lanes_shm_mapping *mapping)
{
    for (uint32_t i = 0; i < LANES_SEGMENTS_MAX; i++) {
        const lanes_shm_segment *other = table->slots[i].segment;
        if (other != NULL && other->mapping.device == mapping->device &&
            other->mapping.inode == mapping->inode) {
            return other->key;
        }
    }
    return ++table->keys_given;
}

/**
 * Put a mapped object into @p place. The mapping becomes the segment's; on failure it is
 * undone.
 */
static lanes_status fill_slot(lanes_shm_table *table, slot *place,
                              lanes_shm_mapping *mapping, lanes_abi_id *out_id,
                              lanes_error *err)
{
    lanes_shm_segment *segment = malloc(sizeof(*segment));
    if (segment == NULL) {
        lanes_shm_unmap(mapping);
        return lanes_error_errno(err, ENOMEM, "segment");
    }
    *segment = (lanes_shm_segment){
        .mapping = *mapping,
        .key = key_for(table, mapping),
        .references = 1,
    };
    place->segment = segment;
    /* 0 is never valid, so that a zeroed id is stale. */
    place->generation = place->generation == UINT32_MAX ? 1 : place->generation + 1;
    table->count++;
    table->bytes += mapping->bytes;
    *out_id = (lanes_abi_id){
        .slot = (uint32_t)(place - table->slots),
        .generation = place->generation,
    };
    return LANES_OK;
}

lanes_status lanes_shm_attach(lanes_shm_table *table, int fd, uint64_t bytes,
                              uint32_t flags, lanes_abi_id *out_id, lanes_error *err)
{
    slot *place = find_free(table, err);
    if (place == NULL) {
        return LANES_E_QUOTA;
    }
    lanes_shm_mapping mapping;
    LANES_TRY(lanes_shm_map_telling(fd, bytes, flags, &table->listener, &mapping, err));
    if (mapping.is_allocated) {
        lanes_os_populate(mapping.data, mapping.bytes); /* README.md has the times */
    }
    return fill_slot(table, place, &mapping, out_id, err);
}

/* Who is told of new memory has to be told before it is reserved. */
static lanes_status create_object(const lanes_shm_table *table, uint64_t bytes,
                                  int *out_fd, lanes_error *err)
{
    const char *name = "lanes-segment";
    return table->listener.fn != NULL
               ? lanes_os_memfd_create_empty(name, bytes, out_fd, err)
               : lanes_os_memfd_create(name, bytes, out_fd, err);
}

lanes_status lanes_shm_create(lanes_shm_table *table, uint64_t bytes,
                              lanes_abi_id *out_id, int *out_fd, lanes_error *err)
{
    uint64_t rounded = 0;
    if (bytes == 0 || bytes > LANES_SEGMENT_BYTES_MAX ||
        !lanes_align_up_u64(bytes, lanes_os_page_bytes(), &rounded)) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "a segment of %llu bytes is not possible; 1 to %llu are",
                               (unsigned long long)bytes,
                               (unsigned long long)LANES_SEGMENT_BYTES_MAX);
    }
    slot *place = find_free(table, err);
    if (place == NULL) {
        return LANES_E_QUOTA;
    }
    int fd = -1;
    LANES_TRY(create_object(table, rounded, &fd, err));
    lanes_shm_mapping mapping = {.data = NULL};
    lanes_status status = lanes_os_seal(
        fd, LANES_OS_SEAL_SHRINK | LANES_OS_SEAL_GROW | LANES_OS_SEAL_SEAL, err);
    if (status == LANES_OK) {
        status = lanes_shm_map_telling(fd, 0, 0, &table->listener, &mapping, err);
    }
    if (status == LANES_OK) {
        lanes_os_populate_new(mapping.data, mapping.bytes);
        status = fill_slot(table, place, &mapping, out_id, err);
    }
    if (status < 0) {
        lanes_os_close(&fd);
        return status;
    }
    *out_fd = fd;
    return LANES_OK;
}

lanes_status lanes_shm_release(lanes_shm_table *table, lanes_abi_id id, lanes_error *err)
{
    slot *place = find(table, id);
    if (place == NULL) {
        return stale_id(id, err);
    }
    clear_slot(table, place);
    return LANES_OK;
}

lanes_status lanes_shm_acquire(lanes_shm_table *table, lanes_abi_id id,
                               lanes_shm_segment **out_segment)
{
    const slot *place = find(table, id);
    if (place == NULL) {
        return LANES_E_STALE_ID;
    }
    place->segment->references++;
    *out_segment = place->segment;
    return LANES_OK;
}

void lanes_shm_drop(lanes_shm_segment *segment)
{
    if (segment == NULL) {
        return;
    }
    LANES_ASSERT(segment->references > 0);
    segment->references--;
    if (segment->references == 0) {
        lanes_shm_unmap(&segment->mapping);
        free(segment);
    }
}
