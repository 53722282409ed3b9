/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring_fixture.h - both sides of one session over plain memory of this process.
 */
#ifndef LANES_TEST_RING_FIXTURE_H
#define LANES_TEST_RING_FIXTURE_H

#include <criterion/criterion.h>
#include <string.h>

#include "base/atomic.h"
#include "ring/ring.h"

typedef struct pair {
    lanes_ring_client client;
    lanes_ring_executor executor;
    lanes_abi_client_page *u; /* shared words, for peers that lie */
    lanes_abi_executor_page *k;
} pair;

static _Alignas(LANES_ABI_PAGE_BYTES) char memory_u[LANES_ABI_U_BYTES];
static _Alignas(LANES_ABI_PAGE_BYTES) char memory_k[LANES_ABI_K_BYTES];

/** A fresh session. @p start is where all indices begin, to get near 2^32. */
static inline pair make_pair(uint32_t start)
{
    pair made = {
        .u = (lanes_abi_client_page *)(void *)memory_u,
        .k = (lanes_abi_executor_page *)(void *)memory_k,
    };
    memset(memory_u, 0, sizeof(memory_u));
    memset(memory_k, 0, sizeof(memory_k));
    lanes_ring_executor_init(&made.executor, memory_u, memory_k);
    cr_assert_eq(lanes_ring_client_init(&made.client, memory_u, memory_k), LANES_OK);
    made.client.submit_tail = start;
    made.client.complete_head = start;
    made.client.submit_head_seen = start;
    made.executor.submit_head = start;
    made.executor.complete_tail = start;
    made.executor.complete_published = start;
    made.executor.complete_head_seen = start;
    made.u->submit_tail = start;
    made.u->complete_head = start;
    made.k->submit_head = start;
    made.k->complete_tail = start;
    return made;
}

/** Submit an entry with @p words argument words tag, tag + 1, ... */
static inline lanes_status submit(pair *both, uint64_t tag, uint32_t words)
{
    lanes_ring_slot slot;
    const lanes_status status = lanes_ring_client_reserve(&both->client, &slot);
    if (status < 0) {
        return status;
    }
    *slot.entry = (lanes_abi_entry){.opcode = LANES_ABI_OP_MAP,
                                    .tag = tag,
                                    .argument_words = words,
                                    .seed = tag + 3,
                                    .fp_report = 1,
                                    .reserved = {~tag}};
    for (uint32_t i = 0; i < words && i < LANES_ABI_ARGUMENT_WORDS; i++) {
        slot.arguments[i] = tag + i;
    }
    LANES_IGNORE(lanes_ring_client_commit(&both->client), "nobody sleeps here");
    return LANES_OK;
}

static inline lanes_status take(pair *both, lanes_abi_entry *entry)
{
    uint64_t arguments[LANES_ABI_ARGUMENT_WORDS];
    return lanes_ring_executor_take(&both->executor, entry, arguments);
}

static inline void complete(pair *both, uint64_t tag, lanes_status status,
                            const char *text)
{
    const lanes_abi_completion completion = {.tag = tag, .status = status};
    lanes_ring_executor_post(&both->executor, &completion, text, NULL);
    LANES_IGNORE(lanes_ring_executor_publish(&both->executor) != 0, "nobody sleeps here");
}

/** Consume one completion and return its tag. */
static inline uint64_t consume(pair *both)
{
    const lanes_abi_completion *completion = NULL;
    const lanes_abi_detail *detail = NULL;
    cr_assert_eq(lanes_ring_client_peek(&both->client, &completion, &detail), 1);
    const uint64_t tag = completion->tag;
    lanes_ring_client_advance(&both->client);
    return tag;
}

#endif /* LANES_TEST_RING_FIXTURE_H */
