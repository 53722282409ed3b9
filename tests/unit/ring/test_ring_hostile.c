/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ring_hostile.c - a peer that writes anything into its words.
 *
 * Every index that cannot be is LANES_E_RING_CORRUPT, and nothing is clamped. Words that
 * change while the executor reads an entry are in tests/stress/stress_ring.c.
 */
#include <signal.h>

#include "unit/ring/ring_fixture.h"

Test(ring_hostile, submit_tail_too_far_ahead_is_corrupt)
{
    const uint32_t tails[] = {LANES_ABI_ENTRIES + 1, 1u << 20, 1u << 31, UINT32_MAX};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(tails); i++) {
        pair both = make_pair(0);
        lanes_abi_entry entry;
        both.u->submit_tail = tails[i];
        cr_assert_eq(take(&both, &entry), LANES_E_RING_CORRUPT, "tail %u", tails[i]);
        cr_assert_not(lanes_ring_executor_sleep(&both.executor),
                      "the executor must stay awake to find it");
    }
}

Test(ring_hostile, submit_tail_of_exactly_entries_is_fine)
{
    pair both = make_pair(0);
    lanes_abi_entry entry;
    both.u->submit_tail = LANES_ABI_ENTRIES;
    cr_assert_eq(take(&both, &entry), 1);
}

Test(ring_hostile, submit_tail_that_goes_back_is_corrupt)
{
    pair both = make_pair(10);
    lanes_abi_entry entry;
    both.u->submit_tail = 9;
    cr_assert_eq(take(&both, &entry), LANES_E_RING_CORRUPT);
}

Test(ring_hostile, argument_words_beyond_the_slot_are_corrupt)
{
    const uint32_t words[] = {LANES_ABI_ARGUMENT_WORDS + 1, 1u << 16, UINT32_MAX};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(words); i++) {
        pair both = make_pair(0);
        lanes_abi_entry entry = {.tag = 5};
        cr_assert_eq(submit(&both, 1, words[i]), LANES_OK);
        cr_assert_eq(take(&both, &entry), LANES_E_RING_CORRUPT);
        cr_assert_eq(entry.tag, 5, "nothing is written on failure");
        cr_assert_eq(lanes_ring_executor_in_flight(&both.executor), 0);
    }
}

/** Use up every completion slot, so that complete_head is looked at. */
static pair make_full_pair(void)
{
    pair both = make_pair(100);
    lanes_abi_entry entry;
    for (uint32_t i = 0; i < LANES_ABI_ENTRIES; i++) {
        cr_assert_eq(submit(&both, i, 0), LANES_OK);
        cr_assert_eq(take(&both, &entry), 1);
    }
    for (uint32_t i = 0; i < LANES_ABI_ENTRIES / 2; i++) {
        complete(&both, i, 0, NULL);
    }
    both.u->submit_tail++;
    return both;
}

Test(ring_hostile, complete_head_beyond_what_was_published_is_corrupt)
{
    const uint32_t ahead[] = {LANES_ABI_ENTRIES / 2 + 1, LANES_ABI_ENTRIES, 1u << 31};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(ahead); i++) {
        pair both = make_full_pair();
        lanes_abi_entry entry;
        both.u->complete_head = 100 + ahead[i];
        cr_assert_eq(take(&both, &entry), LANES_E_RING_CORRUPT, "ahead by %u", ahead[i]);
    }
}

Test(ring_hostile, complete_head_that_goes_back_is_corrupt)
{
    pair both = make_full_pair();
    lanes_abi_entry entry;
    both.u->complete_head = 99;
    cr_assert_eq(take(&both, &entry), LANES_E_RING_CORRUPT);
    cr_assert_not(lanes_ring_executor_is_blocked(&both.executor));
}

/* Nothing has to be looked for again and again on its behalf. */
Test(ring_hostile, a_ring_without_entries_is_not_blocked_though_it_is_full)
{
    pair both = make_full_pair();
    cr_assert(lanes_ring_executor_is_blocked(&both.executor));
    both.u->submit_tail--;
    cr_assert_not(lanes_ring_executor_is_blocked(&both.executor));
}

Test(ring_hostile, complete_head_up_to_what_was_published_is_fine)
{
    pair both = make_full_pair();
    lanes_abi_entry entry;
    both.u->complete_head = 100 + LANES_ABI_ENTRIES / 2;
    cr_assert_eq(take(&both, &entry), 1);
}

Test(ring_hostile, posted_but_unpublished_completions_cannot_be_consumed)
{
    pair both = make_full_pair();
    lanes_abi_entry entry;
    const lanes_abi_completion completion = {.tag = 0};
    lanes_ring_executor_post(&both.executor, &completion, NULL, NULL);
    both.u->complete_head = 100 + LANES_ABI_ENTRIES / 2 + 1;
    cr_assert_eq(take(&both, &entry), LANES_E_RING_CORRUPT);
}

Test(ring_hostile, unknown_waiting_bits_are_ignored)
{
    pair both = make_pair(0);
    lanes_abi_entry entry;
    cr_assert_eq(submit(&both, 1, 0), LANES_OK);
    cr_assert_eq(take(&both, &entry), 1);
    both.u->client_waiting = ~0u;
    const lanes_abi_completion completion = {.tag = 1};
    lanes_ring_executor_post(&both.executor, &completion, NULL, NULL);
    cr_assert_eq(lanes_ring_executor_publish(&both.executor),
                 LANES_ABI_WAIT_FUTEX | LANES_ABI_WAIT_EVENT);
}

Test(ring_hostile, client_refuses_completions_of_batches_it_did_not_submit)
{
    pair both = make_pair(0);
    const lanes_abi_completion *completion = NULL;
    const lanes_abi_detail *detail = NULL;
    cr_assert_eq(submit(&both, 1, 0), LANES_OK);
    both.k->complete_tail = 2;
    cr_assert_eq(lanes_ring_client_peek(&both.client, &completion, &detail),
                 LANES_E_RING_CORRUPT);
    uint32_t expected = 0;
    cr_assert_not(lanes_ring_client_wait_begin(&both.client, &expected));
    both.k->complete_tail = UINT32_MAX;
    cr_assert_eq(lanes_ring_client_peek(&both.client, &completion, &detail),
                 LANES_E_RING_CORRUPT);
}

Test(ring_hostile, client_refuses_an_impossible_submit_head)
{
    const uint32_t heads[] = {LANES_ABI_ENTRIES + 1, UINT32_MAX, 1u << 31};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(heads); i++) {
        pair both = make_pair(0);
        for (uint32_t tag = 0; tag < LANES_ABI_ENTRIES; tag++) {
            cr_assert_eq(submit(&both, tag, 0), LANES_OK);
        }
        /* One completion, so that the submission ring is what is full. */
        both.k->complete_tail = 1;
        LANES_IGNORE(consume(&both) != 0, "any tag");
        both.k->submit_head = heads[i];
        cr_assert_eq(submit(&both, 0, 0), LANES_E_RING_CORRUPT, "head %u", heads[i]);
        both.k->submit_head = 0;
        cr_assert_eq(submit(&both, 0, 0), LANES_E_RING_FULL);
        both.k->submit_head = 1;
        cr_assert_eq(submit(&both, 0, 0), LANES_OK);
    }
}

Test(ring_hostile, client_refuses_foreign_constants)
{
    pair both = make_pair(0);
    lanes_ring_client other;
    both.k->magic ^= 1;
    cr_assert_eq(lanes_ring_client_init(&other, memory_u, memory_k),
                 LANES_E_ABI_MISMATCH);
    both.k->magic ^= 1;
    both.k->version++;
    cr_assert_eq(lanes_ring_client_init(&other, memory_u, memory_k),
                 LANES_E_ABI_MISMATCH);
    both.k->version--;
    both.k->entries = 0;
    cr_assert_eq(lanes_ring_client_init(&other, memory_u, memory_k),
                 LANES_E_ABI_MISMATCH);
    both.k->entries = LANES_ABI_ENTRIES;
    both.k->complete_tail = 3;
    cr_assert_eq(lanes_ring_client_init(&other, memory_u, memory_k),
                 LANES_E_RING_CORRUPT);
    both.k->complete_tail = 0;
    both.k->submit_head = 3;
    cr_assert_eq(lanes_ring_client_init(&other, memory_u, memory_k),
                 LANES_E_RING_CORRUPT);
}

Test(ring_hostile, closed_session_refuses_reserve_and_says_why)
{
    pair both = make_pair(0);
    cr_assert_eq(lanes_ring_client_closed(&both.client), LANES_OK);
    lanes_ring_executor_close(&both.executor, LANES_E_RING_CORRUPT);
    cr_assert_eq(submit(&both, 1, 0), LANES_E_PEER_GONE);
    cr_assert_eq(lanes_ring_client_closed(&both.client), LANES_E_RING_CORRUPT);
    both.k->closed = UINT32_MAX;
    cr_assert_eq(lanes_ring_client_closed(&both.client), LANES_E_RING_CORRUPT);
}

Test(ring_hostile, post_without_an_entry_is_our_bug, .signal = SIGABRT)
{
    pair both = make_pair(0);
    complete(&both, 1, 0, NULL);
}

Test(ring_hostile, advance_without_a_completion_is_our_bug, .signal = SIGABRT)
{
    pair both = make_pair(0);
    lanes_ring_client_advance(&both.client);
}
