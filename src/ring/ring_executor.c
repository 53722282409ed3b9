/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring_executor.c - the executor's side: consumes entries, produces completions.
 *
 * Everything in U may change at any time and may hold anything. Indices are loaded once
 * and compared with the private ones; entries and arguments are read through
 * lanes_ring_copy_*() only; nothing read here is used again from U.
 */
#include "ring/ring.h"

#include <string.h>

#include "base/atomic.h"
#include "ring/ring_internal.h"

static const lanes_abi_client_page *client_page(const lanes_ring_executor *ring)
{
    return (const lanes_abi_client_page *)(const void *)ring->u;
}

static lanes_abi_executor_page *executor_page(const lanes_ring_executor *ring)
{
    return (lanes_abi_executor_page *)(void *)ring->k;
}

void lanes_ring_executor_init(lanes_ring_executor *ring, const void *u, void *k)
{
    *ring = (lanes_ring_executor){.u = u, .k = k};
    lanes_abi_executor_page *page = executor_page(ring);
    page->magic = LANES_ABI_MAGIC;
    page->version = LANES_ABI_VERSION;
    page->entries = LANES_ABI_ENTRIES;
}

void lanes_ring_executor_tell_cpu(lanes_ring_executor *ring, uint32_t cpu)
{
    lanes_store_relaxed_u32(&executor_page(ring)->leader_cpu, cpu + 1);
}

void lanes_ring_executor_tell_threads(lanes_ring_executor *ring, uint32_t threads)
{
    lanes_store_relaxed_u32(&executor_page(ring)->team_threads, threads);
}

/**
 * True if a completion can be reserved. Consumed slots are looked for only when the known
 * ones are used up; *out_status tells of an impossible complete_head.
 */
static bool has_completion_slot(lanes_ring_executor *ring, lanes_status *out_status)
{
    const uint32_t unconsumed = ring->complete_tail - ring->complete_head_seen;
    if (unconsumed + ring->in_flight < LANES_ABI_ENTRIES) {
        return true;
    }
    /* Pairs with the release in lanes_ring_client_advance(): the slot has been read. */
    const uint32_t head = lanes_load_acquire_u32(&client_page(ring)->complete_head);
    const uint32_t consumed = head - ring->complete_head_seen;
    if (consumed > ring->complete_published - ring->complete_head_seen) {
        *out_status = LANES_E_RING_CORRUPT; /* beyond what was published, or backwards */
        return false;
    }
    ring->complete_head_seen = head;
    return unconsumed - consumed + ring->in_flight < LANES_ABI_ENTRIES;
}

lanes_status lanes_ring_executor_take(lanes_ring_executor *ring,
                                      lanes_abi_entry *out_entry,
                                      uint64_t out_arguments[LANES_ABI_ARGUMENT_WORDS])
{
    /* Pairs with the store in lanes_ring_client_commit(): entry and arguments are there.
     */
    const uint32_t tail = lanes_load_acquire_u32(&client_page(ring)->submit_tail);
    const uint32_t head = ring->submit_head;
    if (tail == head) {
        return 0;
    }
    if (tail - head > LANES_ABI_ENTRIES) {
        return LANES_E_RING_CORRUPT;
    }
    lanes_status status = LANES_OK;
    if (!has_completion_slot(ring, &status)) {
        return status;
    }
    union {
        uint64_t words[LANES_RING_ENTRY_WORDS];
        lanes_abi_entry entry;
    } copy;
    lanes_ring_copy_entry(
        copy.words,
        (const volatile uint64_t *)(const void *)(ring->u +
                                                  lanes_ring_entry_offset(head)));
    if (copy.entry.argument_words > LANES_ABI_ARGUMENT_WORDS) {
        return LANES_E_RING_CORRUPT;
    }
    lanes_ring_copy_words(
        out_arguments,
        (const volatile uint64_t *)(const void *)(ring->u +
                                                  lanes_ring_argument_offset(head)),
        copy.entry.argument_words);
    *out_entry = copy.entry;
    ring->submit_head = head + 1;
    ring->in_flight++;
    /* Pairs with the acquire in refresh_submit_head(): the client may overwrite them. */
    lanes_store_release_u32(&executor_page(ring)->submit_head, ring->submit_head);
    return 1;
}

void lanes_ring_executor_tell_started(lanes_ring_executor *ring, uint32_t place,
                                      uint64_t cookie)
{
    uint64_t *started = (uint64_t *)(void *)(ring->k + LANES_ABI_K_STARTED);
    /* Nobody acquires it while we live. A thread that is killed has made all stores that
     * are before its last one in the program. */
    lanes_store_release_u64(&started[lanes_ring_slot_of(place)], cookie);
}

/** By hand, since clang does not know that strnlen() does not block. */
static void put_text(char slot[LANES_ABI_TEXT_BYTES], const char *text)
{
    size_t i = 0;
    while (i < LANES_ABI_TEXT_BYTES - 1 && text[i] != '\0') {
        slot[i] = text[i];
        i++;
    }
    slot[i] = '\0';
}

/** Everything a client may read of the slot, so that nothing of an older batch is left.
 */
static void put_detail(lanes_abi_detail *slot, const char *text,
                       const lanes_abi_raised *raised)
{
    put_text(slot->text, text != NULL ? text : "");
    if (raised != NULL) {
        memcpy(&slot->raised, raised, sizeof(slot->raised));
    } else {
        memset(&slot->raised, 0, sizeof(slot->raised)); /* LANES_RAISED_NONE */
    }
}

void lanes_ring_executor_post(lanes_ring_executor *ring,
                              const lanes_abi_completion *completion, const char *text,
                              const lanes_abi_raised *raised)
{
    /* take() has reserved the slot; a post without an entry is our own bug. */
    LANES_ASSERT(ring->in_flight > 0);
    const uint32_t tail = ring->complete_tail;
    memcpy(ring->k + lanes_ring_completion_offset(tail), completion, sizeof(*completion));
    if (completion->status < 0 || completion->failed > 0) {
        put_detail((lanes_abi_detail *)(void *)(ring->k + lanes_ring_detail_offset(tail)),
                   text, raised);
    }
    ring->complete_tail = tail + 1;
    ring->in_flight--;
}

uint32_t lanes_ring_executor_publish(lanes_ring_executor *ring)
{
    if (ring->complete_published == ring->complete_tail) {
        return 0;
    }
    ring->complete_published = ring->complete_tail;
    /*
     * Releases completions, details, outputs to the acquire in lanes_ring_client_peek().
     * seq_cst with the load below, against the store and load in
     * lanes_ring_client_wait_begin() (README.md, "Sleep").
     */
    lanes_store_seq_cst_u32(&executor_page(ring)->complete_tail, ring->complete_tail);
    const uint32_t waiting = lanes_load_seq_cst_u32(&client_page(ring)->client_waiting);
    return waiting & (LANES_ABI_WAIT_FUTEX | LANES_ABI_WAIT_EVENT);
}

uint32_t *lanes_ring_executor_futex(const lanes_ring_executor *ring)
{
    return &executor_page(ring)->complete_tail;
}

uint32_t lanes_ring_executor_in_flight(const lanes_ring_executor *ring)
{
    return ring->in_flight;
}

bool lanes_ring_executor_has_entries(const lanes_ring_executor *ring)
{
    /* Only a hint; lanes_ring_executor_take() acquires. */
    return lanes_load_relaxed_u32(&client_page(ring)->submit_tail) != ring->submit_head;
}

bool lanes_ring_executor_seems_waiting(const lanes_ring_executor *ring)
{
    const lanes_abi_client_page *client = client_page(ring);
    /* What is taken, be it completed, keeps its place until the client has consumed it.
     */
    const uint32_t consumed = lanes_load_relaxed_u32(&client->complete_head);
    const uint32_t taken = lanes_load_relaxed_u32(&executor_page(ring)->submit_head);
    return lanes_load_relaxed_u32(&client->submit_tail) != taken &&
           taken - consumed < LANES_ABI_ENTRIES;
}

bool lanes_ring_executor_is_blocked(lanes_ring_executor *ring)
{
    lanes_status status = LANES_OK;
    /* A corrupt index is not a block: take() is to find it. */
    return lanes_ring_executor_has_entries(ring) && !has_completion_slot(ring, &status) &&
           status == LANES_OK;
}

bool lanes_ring_executor_sleep(lanes_ring_executor *ring)
{
    /*
     * seq_cst store, then seq_cst load, against the store and load in
     * lanes_ring_client_commit(): either we see the entry or the client sees that we
     * sleep and rings the doorbell.
     */
    lanes_store_seq_cst_u32(&executor_page(ring)->executor_sleeping, 1);
    const uint32_t tail = lanes_load_seq_cst_u32(&client_page(ring)->submit_tail);
    return tail == ring->submit_head || lanes_ring_executor_is_blocked(ring);
}

void lanes_ring_executor_wake(lanes_ring_executor *ring)
{
    /* Seen late, it costs the client one needless doorbell: no order is needed. */
    lanes_store_relaxed_u32(&executor_page(ring)->executor_sleeping, 0);
}

void lanes_ring_executor_close(lanes_ring_executor *ring, lanes_status reason)
{
    LANES_ASSERT(reason < 0);
    /* Pairs with the acquire in lanes_ring_client_closed(). */
    lanes_store_release_u32(&executor_page(ring)->closed, (uint32_t)-reason);
}
