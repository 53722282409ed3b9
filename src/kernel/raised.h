/* SPDX-License-Identifier: Apache-2.0 */
/*
 * raised.h - are the items of an exception well-formed?
 *
 * Both kinds of lists cross a process: what a kernel can raise comes from the compiler,
 * what an element did raise goes to the client. Their reader checks them once, here, and
 * then follows offsets and counts without looking.
 */
#ifndef LANES_KERNEL_RAISED_H
#define LANES_KERNEL_RAISED_H

#include <stdbool.h>

#include "kernel/payload.h"

/** True for LANES_RAISED_ITEM_TEXT and _TEXT_CUT. */
static inline bool lanes_raised_is_text(uint32_t type)
{
    return type == LANES_RAISED_ITEM_TEXT || type == LANES_RAISED_ITEM_TEXT_CUT;
}

/** Bytes that a value of @p bytes takes in lanes_abi_raised.data. */
static inline uint32_t lanes_raised_round_up(uint32_t bytes)
{
    return (bytes + 7) / 8 * 8;
}

/** True for a string that the callback leaves, of whatever length. */
static inline bool lanes_payload_is_computed_text(const lanes_payload_item *item)
{
    return lanes_raised_is_text(item->type) && item->place == LANES_PAYLOAD_COMPUTED;
}

/**
 * True if kind, form, node and every type are known, the items are argument_count whole
 * trees, and each value lies in raised->data, numbers with their dtype's size. Whether a
 * text is UTF-8 is not checked.
 */
bool lanes_raised_is_sane(const lanes_abi_raised *raised);

/**
 * Bytes in lanes_abi_raised.data of the values whose size @p list says; more than there
 * are if it is not sane.
 */
uint32_t lanes_payload_fixed_bytes(const lanes_payload_arguments *list);

/**
 * Likewise of a compiler's list: each value lies in list->bytes or ->constant_bytes, and
 * they all fit lanes_abi_raised.data.
 */
bool lanes_payload_arguments_is_sane(const lanes_payload_arguments *list);

#endif /* LANES_KERNEL_RAISED_H */
