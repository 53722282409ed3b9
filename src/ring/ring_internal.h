/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring_internal.h - where things are in U and K, and copying words once.
 *
 * The executor never has a pointer to lanes_abi_entry in U: entries are words there, and
 * lanes_ring_copy_*() are the only functions that read them. A struct pointer would let
 * the compiler read a field twice, with a check between the two (gcc 12 does so for
 * switches), and the client could change it meanwhile.
 */
#ifndef LANES_RING_INTERNAL_H
#define LANES_RING_INTERNAL_H

#include "base/atomic.h"
#include "ring/ring.h"

#define LANES_RING_ENTRY_WORDS (sizeof(lanes_abi_entry) / sizeof(uint64_t))

/** Slot of a free-running index. Masking also bounds it under speculation. */
static inline uint32_t lanes_ring_slot_of(uint32_t index)
{
    return index & (LANES_ABI_ENTRIES - 1u);
}

static inline size_t lanes_ring_entry_offset(uint32_t index)
{
    return LANES_ABI_U_ENTRIES +
           (size_t)lanes_ring_slot_of(index) * sizeof(lanes_abi_entry);
}

static inline size_t lanes_ring_argument_offset(uint32_t index)
{
    return LANES_ABI_U_ARGUMENTS +
           (size_t)lanes_ring_slot_of(index) * LANES_ABI_ARGUMENT_BYTES;
}

static inline size_t lanes_ring_completion_offset(uint32_t index)
{
    return LANES_ABI_K_COMPLETIONS +
           (size_t)lanes_ring_slot_of(index) * sizeof(lanes_abi_completion);
}

static inline size_t lanes_ring_detail_offset(uint32_t index)
{
    return LANES_ABI_K_DETAILS +
           (size_t)lanes_ring_slot_of(index) * sizeof(lanes_abi_detail);
}

/** Copy one entry; exactly one load per word of @p source. */
void lanes_ring_copy_entry(uint64_t *restrict target,
                           const volatile uint64_t *source) LANES_RING_NONBLOCKING;

/** Copy @p count words; exactly one load per word of @p source. */
void lanes_ring_copy_words(uint64_t *restrict target, const volatile uint64_t *source,
                           size_t count) LANES_RING_NONBLOCKING;

#endif /* LANES_RING_INTERNAL_H */
