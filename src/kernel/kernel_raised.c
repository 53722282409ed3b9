/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_raised.c - see raised.h.
 */
#include "kernel/raised.h"

#include "kernel/dtype.h"

/*
 * Takes one item off a list of trees. *missing: items that must still come, counted over
 * all levels; in the end it is 0.
 */
static bool take_item(uint32_t type, uint32_t count, uint32_t *missing)
{
    if (*missing == 0 || count > LANES_RAISED_ITEMS_MAX) {
        return false;
    }
    *missing += count - 1;
    if (type == LANES_RAISED_ITEM_TUPLE) {
        return true;
    }
    return count == 0 &&
           (lanes_raised_is_text(type) || type == LANES_RAISED_ITEM_NONE ||
            type == LANES_RAISED_ITEM_UNKNOWN || lanes_dtype_bytes(type) != 0);
}

/* True if [offset, offset + bytes) lies in [0, limit). */
static bool is_inside(uint32_t offset, uint32_t bytes, uint32_t limit)
{
    return bytes <= limit && offset <= limit - bytes;
}

static bool is_value_sane(const lanes_abi_raised_item *item)
{
    const uint32_t bytes = lanes_dtype_bytes(item->type);
    return item->offset % 8 == 0 &&
           is_inside(item->offset, item->bytes, LANES_RAISED_DATA_BYTES) &&
           (lanes_raised_is_text(item->type) || item->bytes == bytes);
}

bool lanes_raised_is_sane(const lanes_abi_raised *raised)
{
    uint32_t missing = raised->argument_count;
    if (raised->kind > LANES_RAISED_UNKNOWN || raised->node >= LANES_FUSION_NODES_MAX ||
        raised->payload_form > LANES_PAYLOAD_BITCODE ||
        raised->item_count > LANES_RAISED_ITEMS_MAX || missing > raised->item_count) {
        return false;
    }
    for (uint32_t i = 0; i < raised->item_count; i++) {
        const lanes_abi_raised_item *item = &raised->item[i];
        if (!take_item(item->type, item->count, &missing) || !is_value_sane(item)) {
            return false;
        }
    }
    return missing == 0;
}

static bool is_source_sane(const lanes_payload_arguments *list,
                           const lanes_payload_item *item)
{
    const bool is_constant = item->place == LANES_PAYLOAD_CONSTANT;
    const uint32_t bytes = lanes_payload_is_computed_text(item)
                               ? (uint32_t)sizeof(lanes_payload_text)
                               : lanes_dtype_bytes(item->type);
    return item->place <= LANES_PAYLOAD_CONSTANT &&
           is_inside(item->offset, item->bytes,
                     is_constant ? list->constant_bytes : list->bytes) &&
           (item->bytes == bytes || (is_constant && lanes_raised_is_text(item->type)));
}

uint32_t lanes_payload_fixed_bytes(const lanes_payload_arguments *list)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < list->item_count; i++) {
        const lanes_payload_item *item = &list->item[i];
        sum +=
            lanes_payload_is_computed_text(item) ? 0 : lanes_raised_round_up(item->bytes);
    }
    return sum;
}

bool lanes_payload_arguments_is_sane(const lanes_payload_arguments *list)
{
    uint32_t missing = list->argument_count;
    if (list->item_count > LANES_RAISED_ITEMS_MAX || missing > list->item_count ||
        list->constant_bytes > LANES_PAYLOAD_CONSTANT_BYTES) {
        return false;
    }
    for (uint32_t i = 0; i < list->item_count; i++) {
        const lanes_payload_item *item = &list->item[i];
        if (!take_item(item->type, item->count, &missing) ||
            !is_source_sane(list, item)) {
            return false;
        }
    }
    return missing == 0 && lanes_payload_fixed_bytes(list) <= LANES_RAISED_DATA_BYTES;
}
