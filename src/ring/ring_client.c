/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring_client.c - the client's side: produces entries, consumes completions.
 *
 * Each function loads the executor's index at most once, works, and stores the client's
 * own at most once. The executor is trusted not to attack but may have a bug, so its
 * indices are checked as the executor checks ours.
 */
#include "ring/ring.h"

#include "base/atomic.h"
#include "ring/ring_internal.h"

static lanes_abi_client_page *client_page(const lanes_ring_client *ring)
{
    return (lanes_abi_client_page *)(void *)ring->u;
}

static const lanes_abi_executor_page *executor_page(const lanes_ring_client *ring)
{
    return (const lanes_abi_executor_page *)(const void *)ring->k;
}

lanes_status lanes_ring_client_init(lanes_ring_client *ring, void *u, const void *k)
{
    *ring = (lanes_ring_client){.u = u, .k = k};
    const lanes_abi_executor_page *page = executor_page(ring);
    if (page->magic != LANES_ABI_MAGIC || page->version != LANES_ABI_VERSION ||
        page->entries != LANES_ABI_ENTRIES) {
        return LANES_E_ABI_MISMATCH;
    }
    /* Nothing was submitted, so neither index can have moved. */
    if (lanes_load_acquire_u32(&page->submit_head) != 0 ||
        lanes_load_acquire_u32(&page->complete_tail) != 0) {
        return LANES_E_RING_CORRUPT;
    }
    return LANES_OK;
}

uint32_t lanes_ring_client_in_flight(const lanes_ring_client *ring)
{
    return ring->submit_tail - ring->complete_head;
}

lanes_status lanes_ring_client_closed(const lanes_ring_client *ring)
{
    /* Pairs with the release in lanes_ring_executor_close(). */
    const uint32_t closed = lanes_load_acquire_u32(&executor_page(ring)->closed);
    if (closed == 0) {
        return LANES_OK;
    }
    return closed <= INT32_MAX ? -(lanes_status)closed : LANES_E_RING_CORRUPT;
}

/** Read how far the executor has copied entries; ours up to there may be overwritten. */
static lanes_status refresh_submit_head(lanes_ring_client *ring)
{
    /* Pairs with the release in lanes_ring_executor_take(): it has read the entry. */
    const uint32_t head = lanes_load_acquire_u32(&executor_page(ring)->submit_head);
    const uint32_t taken = head - ring->submit_head_seen;
    const uint32_t waiting = ring->submit_tail - ring->submit_head_seen;
    if (taken > waiting) {
        return LANES_E_RING_CORRUPT; /* beyond what was submitted, or backwards */
    }
    ring->submit_head_seen = head;
    return LANES_OK;
}

lanes_status lanes_ring_client_reserve(lanes_ring_client *ring, lanes_ring_slot *out_slot)
{
    if (lanes_load_relaxed_u32(&executor_page(ring)->closed) != 0) {
        return LANES_E_PEER_GONE;
    }
    /* One entry, one completion: with so many in flight every completion has its slot. */
    if (lanes_ring_client_in_flight(ring) >= LANES_ABI_ENTRIES) {
        return LANES_E_RING_FULL;
    }
    if (ring->submit_tail - ring->submit_head_seen == LANES_ABI_ENTRIES) {
        LANES_TRY(refresh_submit_head(ring));
        if (ring->submit_tail - ring->submit_head_seen == LANES_ABI_ENTRIES) {
            return LANES_E_RING_FULL;
        }
    }
    const uint32_t tail = ring->submit_tail;
    *out_slot = (lanes_ring_slot){
        .entry = (lanes_abi_entry *)(void *)(ring->u + lanes_ring_entry_offset(tail)),
        .arguments = (uint64_t *)(void *)(ring->u + lanes_ring_argument_offset(tail)),
    };
    return LANES_OK;
}

bool lanes_ring_client_commit(lanes_ring_client *ring)
{
    ring->submit_tail++;
    /*
     * Releases the entry to the acquire in lanes_ring_executor_take(). seq_cst with the
     * load below, against the store and load in lanes_ring_executor_sleep(): either it
     * sees this entry or we see that it sleeps (README.md, "Sleep").
     */
    lanes_store_seq_cst_u32(&client_page(ring)->submit_tail, ring->submit_tail);
    return lanes_load_seq_cst_u32(&executor_page(ring)->executor_sleeping) != 0;
}

/** Completions that may be consumed, or LANES_E_RING_CORRUPT. */
static lanes_status completions_ready(const lanes_ring_client *ring, uint32_t tail)
{
    const uint32_t ready = tail - ring->complete_head;
    if (ready > lanes_ring_client_in_flight(ring)) {
        return LANES_E_RING_CORRUPT;
    }
    return (lanes_status)ready;
}

lanes_status lanes_ring_client_peek(const lanes_ring_client *ring,
                                    const lanes_abi_completion **out_completion,
                                    const lanes_abi_detail **out_detail)
{
    /* Pairs with the store in lanes_ring_executor_publish(): completion, detail and the
     * batch's outputs are visible. */
    const uint32_t tail = lanes_load_acquire_u32(&executor_page(ring)->complete_tail);
    const lanes_status ready = completions_ready(ring, tail);
    if (ready <= 0) {
        return ready;
    }
    const uint32_t head = ring->complete_head;
    *out_completion =
        (const lanes_abi_completion *)(const void *)(ring->k +
                                                     lanes_ring_completion_offset(head));
    *out_detail =
        (const lanes_abi_detail *)(const void *)(ring->k +
                                                 lanes_ring_detail_offset(head));
    return 1;
}

void lanes_ring_client_advance(lanes_ring_client *ring)
{
    LANES_ASSERT(lanes_ring_client_in_flight(ring) > 0);
    ring->complete_head++;
    /* Pairs with the acquire in has_completion_slot(): our reads of the slot are done. */
    lanes_store_release_u32(&client_page(ring)->complete_head, ring->complete_head);
}

bool lanes_ring_client_wait_begin(lanes_ring_client *ring, uint32_t *out_expected)
{
    ring->waiting |= LANES_ABI_WAIT_FUTEX;
    /*
     * seq_cst store, then seq_cst load, against the store and load in
     * lanes_ring_executor_publish(): either we see the completion or it sees that we
     * wait. If it publishes after our load, the futex word differs from *out_expected.
     */
    lanes_store_seq_cst_u32(&client_page(ring)->client_waiting, ring->waiting);
    const uint32_t tail = lanes_load_seq_cst_u32(&executor_page(ring)->complete_tail);
    *out_expected = tail;
    return completions_ready(ring, tail) == 0;
}

void lanes_ring_client_wait_end(lanes_ring_client *ring)
{
    ring->waiting &= ~LANES_ABI_WAIT_FUTEX;
    /* Seen late, it costs the executor one needless wake-up: no order is needed. */
    lanes_store_relaxed_u32(&client_page(ring)->client_waiting, ring->waiting);
}

const uint32_t *lanes_ring_client_futex(const lanes_ring_client *ring)
{
    return &executor_page(ring)->complete_tail;
}

bool lanes_ring_client_is_leader_cpu(const lanes_ring_client *ring, uint32_t cpu)
{
    const uint32_t told = lanes_load_relaxed_u32(&executor_page(ring)->leader_cpu);
    return told != 0 && told - 1 == cpu;
}

uint32_t lanes_ring_client_team_threads(const lanes_ring_client *ring)
{
    return lanes_load_relaxed_u32(&executor_page(ring)->team_threads);
}

bool lanes_ring_client_is_started(const lanes_ring_client *ring, uint64_t cookie)
{
    const uint64_t *started =
        (const uint64_t *)(const void *)(ring->k + LANES_ABI_K_STARTED);
    uint32_t i = 0;
    while (i < LANES_ABI_ENTRIES && lanes_load_acquire_u64(&started[i]) != cookie) {
        i++;
    }
    return i < LANES_ABI_ENTRIES;
}

void lanes_ring_client_enable_event(lanes_ring_client *ring)
{
    ring->waiting |= LANES_ABI_WAIT_EVENT;
    /* As in lanes_ring_client_wait_begin(); the caller's look afterwards is the load. */
    lanes_store_seq_cst_u32(&client_page(ring)->client_waiting, ring->waiting);
}
