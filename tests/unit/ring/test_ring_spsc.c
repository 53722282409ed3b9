/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ring_spsc.c - both rings with honest peers, one step at a time. Concurrency is in
 * tests/stress/stress_ring.c, lies in test_ring_hostile.c.
 */
#include "unit/ring/ring_fixture.h"

Test(ring_spsc, entry_and_arguments_arrive_unchanged)
{
    pair both = make_pair(0);
    cr_assert_eq(submit(&both, 77, 5), LANES_OK);
    lanes_abi_entry entry;
    uint64_t arguments[LANES_ABI_ARGUMENT_WORDS];
    memset(arguments, 0xee, sizeof(arguments));
    cr_assert_eq(lanes_ring_executor_take(&both.executor, &entry, arguments), 1);
    cr_assert_eq(entry.opcode, LANES_ABI_OP_MAP);
    cr_assert_eq(entry.tag, 77);
    cr_assert_eq(entry.argument_words, 5);
    cr_assert_eq(entry.seed, 80);
    cr_assert_eq(entry.reserved[0], ~77ull);
    for (uint64_t i = 0; i < 5; i++) {
        cr_assert_eq(arguments[i], 77 + i);
    }
    cr_assert_eq(arguments[5], 0xeeeeeeeeeeeeeeeeull,
                 "words beyond the count are not written");
}

Test(ring_spsc, taken_entry_is_private)
{
    pair both = make_pair(0);
    cr_assert_eq(submit(&both, 1, 3), LANES_OK);
    lanes_abi_entry entry;
    uint64_t arguments[LANES_ABI_ARGUMENT_WORDS];
    cr_assert_eq(lanes_ring_executor_take(&both.executor, &entry, arguments), 1);
    memset(memory_u + LANES_ABI_U_ENTRIES, 0xff, sizeof(memory_u) - LANES_ABI_U_ENTRIES);
    cr_assert_eq(entry.tag, 1);
    cr_assert_eq(arguments[2], 3);
}

Test(ring_spsc, full_argument_slot_arrives)
{
    pair both = make_pair(0);
    cr_assert_eq(submit(&both, 9, LANES_ABI_ARGUMENT_WORDS), LANES_OK);
    lanes_abi_entry entry;
    uint64_t arguments[LANES_ABI_ARGUMENT_WORDS];
    cr_assert_eq(lanes_ring_executor_take(&both.executor, &entry, arguments), 1);
    cr_assert_eq(arguments[LANES_ABI_ARGUMENT_WORDS - 1],
                 9 + LANES_ABI_ARGUMENT_WORDS - 1);
}

Test(ring_spsc, empty_rings_give_nothing)
{
    pair both = make_pair(0);
    lanes_abi_entry entry;
    const lanes_abi_completion *completion = NULL;
    const lanes_abi_detail *detail = NULL;
    cr_assert_eq(take(&both, &entry), 0);
    cr_assert_not(lanes_ring_executor_has_entries(&both.executor));
    cr_assert_eq(lanes_ring_client_peek(&both.client, &completion, &detail), 0);
    cr_assert_eq(lanes_ring_executor_publish(&both.executor), 0);
}

Test(ring_spsc, reserve_without_commit_announces_nothing)
{
    pair both = make_pair(0);
    lanes_ring_slot slot;
    cr_assert_eq(lanes_ring_client_reserve(&both.client, &slot), LANES_OK);
    lanes_ring_slot again;
    cr_assert_eq(lanes_ring_client_reserve(&both.client, &again), LANES_OK);
    cr_assert_eq(slot.entry, again.entry);
    lanes_abi_entry entry;
    cr_assert_eq(take(&both, &entry), 0);
}

Test(ring_spsc, posted_completions_appear_when_published)
{
    pair both = make_pair(0);
    lanes_abi_entry entry;
    for (uint64_t tag = 0; tag < 3; tag++) {
        cr_assert_eq(submit(&both, tag, 0), LANES_OK);
        cr_assert_eq(take(&both, &entry), 1);
    }
    for (uint64_t tag = 0; tag < 3; tag++) {
        const lanes_abi_completion completion = {.tag = 2 - tag}; /* any order */
        lanes_ring_executor_post(&both.executor, &completion, NULL, NULL);
    }
    const lanes_abi_completion *completion = NULL;
    const lanes_abi_detail *detail = NULL;
    cr_assert_eq(lanes_ring_client_peek(&both.client, &completion, &detail), 0);
    cr_assert_eq(lanes_ring_executor_publish(&both.executor), 0);
    cr_assert_eq(consume(&both), 2);
    cr_assert_eq(consume(&both), 1);
    cr_assert_eq(consume(&both), 0);
}

Test(ring_spsc, failure_text_is_copied_and_cut)
{
    pair both = make_pair(0);
    lanes_abi_entry entry;
    char longer[LANES_ABI_TEXT_BYTES + 10];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    const char *const texts[] = {"no such kernel", longer, NULL};
    const size_t lengths[] = {14, LANES_ABI_TEXT_BYTES - 1, 0};
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(submit(&both, i, 0), LANES_OK);
        cr_assert_eq(take(&both, &entry), 1);
        complete(&both, i, LANES_E_STALE_ID, texts[i]);
        const lanes_abi_completion *completion = NULL;
        const lanes_abi_detail *detail = NULL;
        cr_assert_eq(lanes_ring_client_peek(&both.client, &completion, &detail), 1);
        cr_assert_eq(completion->status, LANES_E_STALE_ID);
        cr_assert_eq(strnlen(detail->text, LANES_ABI_TEXT_BYTES), lengths[i]);
        cr_assert_eq(detail->raised.kind, LANES_RAISED_NONE);
        lanes_ring_client_advance(&both.client);
    }
}

/** Every byte another one, so that none can be lost, moved or added. */
static lanes_abi_raised make_raised(void)
{
    lanes_abi_raised raised;
    uint8_t bytes[sizeof(raised)];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 37 + 11);
    }
    memcpy(&raised, bytes, sizeof(raised));
    return raised;
}

Test(ring_spsc, what_was_raised_arrives_bit_by_bit_whatever_the_status)
{
    pair both = make_pair(LANES_ABI_ENTRIES - 1); /* and in the last slot and the first */
    lanes_abi_entry entry;
    const lanes_abi_raised raised = make_raised();
    const lanes_status statuses[] = {LANES_E_KERNEL_RAISED, LANES_OK};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(statuses); i++) {
        cr_assert_eq(submit(&both, i, 0), LANES_OK);
        cr_assert_eq(take(&both, &entry), 1);
        const lanes_abi_completion posted = {
            .tag = i, .status = statuses[i], .failed = 3};
        lanes_ring_executor_post(&both.executor, &posted, "a sentence", &raised);
        cr_assert_eq(lanes_ring_executor_publish(&both.executor), 0);
        const lanes_abi_completion *completion = NULL;
        const lanes_abi_detail *detail = NULL;
        cr_assert_eq(lanes_ring_client_peek(&both.client, &completion, &detail), 1);
        cr_assert_eq(completion->failed, 3);
        cr_assert_str_eq(detail->text, "a sentence");
        cr_assert_eq(memcmp(&detail->raised, &raised, sizeof(raised)), 0);
        lanes_ring_client_advance(&both.client);
    }
}

Test(ring_spsc, details_of_older_batches_do_not_show_through)
{
    pair both = make_pair(0);
    lanes_abi_entry entry;
    const lanes_abi_raised zero = {.kind = LANES_RAISED_NONE};
    const lanes_abi_raised raised = make_raised();
    for (uint32_t i = 0; i <= LANES_ABI_ENTRIES; i++) {
        cr_assert_eq(submit(&both, i, 0), LANES_OK);
        cr_assert_eq(take(&both, &entry), 1);
        const lanes_abi_completion posted = {
            .tag = i, .status = LANES_E_INVALID, .failed = 1};
        lanes_ring_executor_post(&both.executor, &posted, i == 0 ? "old" : NULL,
                                 i == 0 ? &raised : NULL);
        cr_assert_eq(lanes_ring_executor_publish(&both.executor), 0);
        if (i < LANES_ABI_ENTRIES) {
            cr_assert_eq(consume(&both), i);
        }
    }
    const lanes_abi_completion *completion = NULL;
    const lanes_abi_detail *detail = NULL;
    cr_assert_eq(lanes_ring_client_peek(&both.client, &completion, &detail), 1);
    cr_assert_str_eq(detail->text, "");
    cr_assert_eq(memcmp(&detail->raised, &zero, sizeof(zero)), 0);
}

Test(ring_spsc, batches_that_succeed_do_not_touch_their_detail)
{
    pair both = make_pair(0);
    lanes_abi_entry entry;
    memset(memory_k + LANES_ABI_K_DETAILS, 0xee, sizeof(lanes_abi_detail));
    cr_assert_eq(submit(&both, 1, 0), LANES_OK);
    cr_assert_eq(take(&both, &entry), 1);
    complete(&both, 1, LANES_OK, NULL);
    for (size_t i = 0; i < sizeof(lanes_abi_detail); i++) {
        cr_assert_eq((unsigned char)memory_k[LANES_ABI_K_DETAILS + i], 0xee);
    }
}

Test(ring_spsc, full_ring_refuses_reserve_until_one_is_consumed)
{
    pair both = make_pair(0);
    lanes_abi_entry entry;
    for (uint64_t tag = 0; tag < LANES_ABI_ENTRIES; tag++) {
        cr_assert_eq(submit(&both, tag, 1), LANES_OK);
    }
    cr_assert_eq(lanes_ring_client_in_flight(&both.client), LANES_ABI_ENTRIES);
    cr_assert_eq(submit(&both, 999, 1), LANES_E_RING_FULL);
    cr_assert_eq(take(&both, &entry), 1);
    cr_assert_eq(submit(&both, 999, 1), LANES_E_RING_FULL, "taken is not completed");
    complete(&both, 0, 0, NULL);
    cr_assert_eq(submit(&both, 999, 1), LANES_E_RING_FULL, "completed is not consumed");
    cr_assert_eq(consume(&both), 0);
    cr_assert_eq(submit(&both, 256, 1), LANES_OK);
    cr_assert_eq(submit(&both, 999, 1), LANES_E_RING_FULL);
    for (uint64_t tag = 1; tag <= LANES_ABI_ENTRIES; tag++) {
        cr_assert_eq(take(&both, &entry), 1);
        cr_assert_eq(entry.tag, tag);
    }
}

Test(ring_spsc, indices_wrap_at_2_to_the_32)
{
    pair both = make_pair(UINT32_MAX - 100);
    lanes_abi_entry entry;
    uint64_t submitted = 0;
    uint64_t completed = 0;
    /* 700 batches in groups of up to 256: across the wrap and several turns. */
    while (completed < 700) {
        while (submitted < 700 && submit(&both, submitted, 2) == LANES_OK) {
            submitted++;
        }
        for (uint64_t i = completed; i < submitted; i++) {
            cr_assert_eq(take(&both, &entry), 1);
            cr_assert_eq(entry.tag, i);
            complete(&both, i, 0, NULL);
        }
        while (completed < submitted) {
            cr_assert_eq(consume(&both), completed);
            completed++;
        }
    }
    cr_assert_lt(both.client.submit_tail, 1000u, "it has wrapped");
    cr_assert_eq(lanes_ring_client_in_flight(&both.client), 0);
}

/*
 * A client in another language may submit more than `entries` without consuming. The
 * shared words are set by hand, since lanes_ring_client_reserve() refuses.
 */
Test(ring_spsc, no_entry_is_taken_without_a_completion_slot)
{
    pair both = make_pair(0);
    lanes_abi_entry entry;
    for (uint32_t i = 0; i < LANES_ABI_ENTRIES; i++) {
        cr_assert_eq(submit(&both, i, 0), LANES_OK);
        cr_assert_eq(take(&both, &entry), 1);
    }
    both.u->submit_tail++;
    cr_assert_eq(take(&both, &entry), 0, "all slots are reserved by entries in flight");
    cr_assert(lanes_ring_executor_is_blocked(&both.executor));
    for (uint32_t i = 0; i < LANES_ABI_ENTRIES; i++) {
        complete(&both, i, 0, NULL);
    }
    cr_assert_eq(take(&both, &entry), 0, "all slots hold unconsumed completions");
    cr_assert(lanes_ring_executor_sleep(&both.executor), "a blocked session may sleep");
    both.u->complete_head = 1;
    cr_assert_not(lanes_ring_executor_is_blocked(&both.executor));
    cr_assert_eq(take(&both, &entry), 1);
}

Test(ring_spsc, what_has_started_is_told_until_its_place_is_used_again)
{
    pair both = make_pair(0);
    cr_assert_not(lanes_ring_client_is_started(&both.client, 7));
    lanes_ring_executor_tell_started(&both.executor, 0, 7);
    lanes_ring_executor_tell_started(&both.executor, LANES_ABI_ENTRIES - 1, 8);
    cr_assert(lanes_ring_client_is_started(&both.client, 7));
    cr_assert(lanes_ring_client_is_started(&both.client, 8));
    lanes_ring_executor_tell_started(&both.executor, 0, 9);
    cr_assert_not(lanes_ring_client_is_started(&both.client, 7));
    cr_assert(lanes_ring_client_is_started(&both.client, 9));
}

Test(ring_spsc, in_flight_counts_both_sides)
{
    pair both = make_pair(0);
    lanes_abi_entry entry;
    cr_assert_eq(submit(&both, 1, 0), LANES_OK);
    cr_assert_eq(submit(&both, 2, 0), LANES_OK);
    cr_assert_eq(lanes_ring_client_in_flight(&both.client), 2);
    cr_assert_eq(lanes_ring_executor_in_flight(&both.executor), 0);
    cr_assert_eq(take(&both, &entry), 1);
    cr_assert_eq(lanes_ring_executor_in_flight(&both.executor), 1);
    complete(&both, 1, 0, NULL);
    cr_assert_eq(lanes_ring_executor_in_flight(&both.executor), 0);
    cr_assert_eq(lanes_ring_client_in_flight(&both.client), 2);
    cr_assert_eq(consume(&both), 1);
    cr_assert_eq(lanes_ring_client_in_flight(&both.client), 1);
}
