/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_tally.c - counting batches on the dispatch thread, reading it on control's.
 */
#include "server/server_internal.h"

/* Reads of a current batch that changes meanwhile; slices take milliseconds or are of
 * batches so short that nobody misses them. */
#define READS_MAX 4

/* ---- Dispatch --------------------------------------------------------------------- */

void lanes_server_tally_begin(const lanes_server_batch *batch, uint64_t ticket)
{
    lanes_server_current *current = &batch->session->current;
    current->batch = batch;
    /* Each pairs with the acquire in lanes_server_tally_current(), as those of the watch:
     * who sees one of these sees that what ran before has ended. */
    lanes_store_relaxed_u64(&current->ticket, 0);
    lanes_store_release_u64(&current->tag, batch->tag);
    lanes_store_release_u64(&current->started_ns, batch->started_ns);
    /* Dispatch has read the clock before: when the slice before this one had ended, or
     * when it took the batch. */
    const uint64_t now_ns = batch->session->server->dispatch.now_ns;
    lanes_store_release_u64(&current->slice_ns,
                            now_ns > batch->started_ns ? now_ns : batch->started_ns);
    lanes_store_release_u64(&current->elements, batch->plan.count);
    lanes_store_release_u64(&current->position,
                            lanes_min_u64(batch->position, batch->plan.count));
    lanes_store_release_u64(&current->ticket, ticket);
}

void lanes_server_tally_slice(const lanes_server_batch *batch, uint64_t before_ns)
{
    uint64_t *word = batch->session->tally.word;
    lanes_server_count(&word[LANES_TALLY_SLICES], 1);
    lanes_server_count(&word[LANES_TALLY_RUN_NS], batch->outcome.run_ns - before_ns);
}

static uint32_t bucket_of(uint64_t time_ns)
{
    const uint32_t bucket = 63u - (uint32_t)__builtin_clzll(time_ns | 1u);
    return bucket < LANES_SERVER_BUCKETS ? bucket : LANES_SERVER_BUCKETS - 1;
}

static void count_status(uint64_t *word, lanes_status status)
{
    if (status >= 0) {
        return;
    }
    lanes_server_count(&word[LANES_TALLY_FAILED], 1);
    lanes_server_count(&word[LANES_TALLY_RAISED], status == LANES_E_KERNEL_RAISED);
    lanes_server_count(&word[LANES_TALLY_FAULTED], status == LANES_E_KERNEL_FAULT);
    lanes_server_count(&word[LANES_TALLY_CANCELLED], status == LANES_E_CANCELLED);
    lanes_server_count(&word[LANES_TALLY_DEADLINE], status == LANES_E_DEADLINE);
}

void lanes_server_tally_completion(const lanes_server_batch *batch,
                                   const lanes_abi_completion *completion)
{
    lanes_server_tally *tally = &batch->session->tally;
    lanes_server_current *current = &batch->session->current;
    count_status(tally->word, completion->status);
    if (completion->status == LANES_OK || completion->status == LANES_E_KERNEL_RAISED) {
        lanes_server_count(&tally->word[LANES_TALLY_ELEMENTS], completion->elements);
    }
    if (batch->started_ns != 0) {
        lanes_server_count(&tally->queued_log2[bucket_of(completion->queued_ns)], 1);
        lanes_server_count(&tally->run_log2[bucket_of(completion->run_ns)], 1);
        if (completion->queued_ns > tally->queued_ns_max) {
            lanes_store_relaxed_u64(&tally->queued_ns_max, completion->queued_ns);
        }
    }
    if (current->batch == batch) {
        current->batch = NULL;
        lanes_store_release_u64(&current->ticket, 0);
    }
    /* Pairs with the acquire in lanes_server_tally_sum(): what is counted here, and that
     * it was taken, is seen by who sees this. */
    lanes_store_release_u64(&tally->word[LANES_TALLY_COMPLETED],
                            tally->word[LANES_TALLY_COMPLETED] + 1);
}

/* ---- Control ---------------------------------------------------------------------- */

void lanes_server_tally_sum(lanes_server_tally *to, const lanes_server_tally *from)
{
    /* COMPLETED is the first. */
    for (uint32_t i = 0; i < LANES_TALLY_COUNT; i++) {
        to->word[i] += lanes_load_acquire_u64(&from->word[i]);
    }
    for (uint32_t i = 0; i < LANES_SERVER_BUCKETS; i++) {
        to->queued_log2[i] += lanes_load_relaxed_u64(&from->queued_log2[i]);
        to->run_log2[i] += lanes_load_relaxed_u64(&from->run_log2[i]);
    }
    const uint64_t queued_ns_max = lanes_load_relaxed_u64(&from->queued_ns_max);
    if (queued_ns_max > to->queued_ns_max) {
        to->queued_ns_max = queued_ns_max;
    }
}

bool lanes_server_tally_current(const lanes_server_current *current,
                                lanes_server_current *out_current)
{
    for (uint32_t i = 0; i < READS_MAX; i++) {
        lanes_server_current copy = {.ticket = lanes_load_acquire_u64(&current->ticket)};
        copy.tag = lanes_load_acquire_u64(&current->tag);
        copy.started_ns = lanes_load_acquire_u64(&current->started_ns);
        copy.slice_ns = lanes_load_acquire_u64(&current->slice_ns);
        copy.elements = lanes_load_acquire_u64(&current->elements);
        copy.position = lanes_load_acquire_u64(&current->position);
        if (lanes_load_relaxed_u64(&current->ticket) == copy.ticket) {
            *out_current = copy;
            return copy.ticket != 0;
        }
    }
    return false;
}

/* Entries that dispatch has not looked at. The client's word is believed as far as it is
 * possible. */
static uint32_t untaken(const lanes_server_session *session)
{
    const lanes_abi_client_page *u = session->rings.u;
    const lanes_abi_executor_page *k = session->rings.k;
    const uint32_t count =
        lanes_load_relaxed_u32(&u->submit_tail) - lanes_load_relaxed_u32(&k->submit_head);
    return count <= LANES_ABI_ENTRIES ? count : 0;
}

uint64_t lanes_server_tally_in_flight(const lanes_server_session *session)
{
    const uint64_t *word = session->tally.word;
    const uint64_t completed = lanes_load_acquire_u64(&word[LANES_TALLY_COMPLETED]);
    const uint64_t taken = lanes_load_relaxed_u64(&word[LANES_TALLY_TAKEN]);
    return taken - completed + untaken(session);
}
