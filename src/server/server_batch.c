/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_batch.c - a batch from its ring entry to its completion.
 *
 *   taken -> decoded -> (parked until its variant is compiled) -> run -> completed
 *
 * Small batches run where they are taken. Others queue in their session and run in
 * slices, one session after the other, so that nobody waits longer than a slice for each
 * other session that has work.
 */
#include "server/server_internal.h"

#include <errno.h>
#include <stdlib.h>

#include "base/atomic.h"

/* Wanted duration of a slice: how long a batch holds the team in one go. */
#define SLICE_NS 2000000u

/* A batch that is expected to end within this runs at once. */
#define INLINE_NS 200000u

/* Elements of the first slice of a variant whose cost nobody knows yet. */
#define UNKNOWN_COUNT 256u

/* Slices of more elements are cut to multiples of this, so that an aligned batch stays
 * aligned to cache lines and vectors: else every later load would cross two lines. */
#define SLICE_STEP 64u

/* Entries taken from one session before the next one's turn. */
#define TAKE_MAX 32u

/* ---- Lists --------------------------------------------------------------------------
 */

void lanes_server_batches_push(lanes_server_batches *list, lanes_server_batch *batch)
{
    batch->next = NULL;
    if (list->last != NULL) {
        list->last->next = batch;
    } else {
        list->first = batch;
    }
    list->last = batch;
}

lanes_server_batch *lanes_server_batches_pop(lanes_server_batches *list)
{
    lanes_server_batch *batch = list->first;
    if (batch != NULL) {
        list->first = batch->next;
        if (list->first == NULL) {
            list->last = NULL;
        }
    }
    return batch;
}

/* ---- Run ----------------------------------------------------------------------------
 */

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Elements that the team does in @p wanted_ns. */
static uint64_t count_for(const lanes_server *server, const lanes_server_variant *variant,
                          uint64_t wanted_ns)
{
    if (variant->element_ps == 0) {
        return UNKNOWN_COUNT;
    }
    const uint64_t count =
        wanted_ns * 1000 * server->dispatch.threads / variant->element_ps;
    return count != 0 ? count : 1;
}

/* Runs a slice; true when the batch has been completed. */
static bool run_slice(lanes_server *server, lanes_server_batch *batch)
{
    lanes_server_variant *variant = batch->variant;
    const uint64_t rest = batch->plan.count - batch->position;
    uint64_t count = count_for(server, variant, SLICE_NS);
    count -= count > SLICE_STEP ? count % SLICE_STEP : 0;
    const uint64_t end = batch->position + min_u64(rest, count);
    if (batch->started_ns == 0) {
        batch->started_ns = lanes_clock_ns();
    }
    batch->outcome.element_ps = variant->element_ps;
    lanes_engine_run(server->dispatch.team, &batch->plan, variant->code->object.loop,
                     batch->position, end, &batch->session->cancel, &batch->outcome);
    if (batch->outcome.fault.signal_number != 0) {
        lanes_server_complete_fault(server, batch);
        return true;
    }
    variant->element_ps = batch->outcome.element_ps;
    batch->position = end;
    if (lanes_load_relaxed_u32(&batch->session->cancel) != 0) {
        lanes_server_complete(server, batch, LANES_E_CANCELLED,
                              "the executor stopped before the batch had finished");
        return true;
    }
    if (end == batch->plan.count) {
        lanes_server_complete_run(server, batch);
        return true;
    }
    return false;
}

void lanes_server_batch_run_slice(lanes_server *server, lanes_server_session *session)
{
    lanes_server_batch *batch = lanes_server_batches_pop(&session->queue);
    if (batch != NULL && !run_slice(server, batch)) {
        /* Back to the front: batches of one session run in order. */
        batch->next = session->queue.first;
        session->queue.first = batch;
        if (session->queue.last == NULL) {
            session->queue.last = batch;
        }
    }
}

/* A batch whose variant is there: at once if it is small and nothing is before it. */
static void start_ready(lanes_server *server, lanes_server_batch *batch)
{
    lanes_server_session *session = batch->session;
    if (session->queue.first != NULL ||
        batch->plan.count > count_for(server, batch->variant, INLINE_NS)) {
        lanes_server_batches_push(&session->queue, batch);
        return;
    }
    batch->started_ns = batch->taken_ns;
    while (!run_slice(server, batch)) {
    }
}

/* ---- Variants -----------------------------------------------------------------------
 */

static lanes_server_variant *find_variant(lanes_server_kernel *kernel,
                                          const lanes_variant_key *key)
{
    lanes_server_variant *variant = kernel->variants;
    while (variant != NULL && !lanes_variant_key_equal(&variant->key, key)) {
        variant = variant->next;
    }
    return variant;
}

static lanes_server_variant *want_variant(lanes_server *server,
                                          lanes_server_kernel *kernel,
                                          const lanes_variant_key *key)
{
    lanes_server_variant *variant = calloc(1, sizeof(*variant));
    if (variant == NULL) {
        return NULL;
    }
    variant->kernel = kernel;
    variant->key = *key;
    variant->state = LANES_VARIANT_WANTED;
    variant->next = kernel->variants->next; /* the contiguous one stays first */
    kernel->variants->next = variant;
    kernel->uses++; /* until it comes back */
    lanes_server_report(server, &variant->wanted, LANES_MAIL_VARIANT_WANTED);
    return variant;
}

/* Lets a batch wait for its variant; when the executor stops, nothing waits any more. */
static void park(lanes_server *server, lanes_server_batch *batch)
{
    if (lanes_load_relaxed_u32(&batch->session->cancel) != 0) {
        lanes_server_complete(server, batch, LANES_E_CANCELLED,
                              "the executor is stopping");
        return;
    }
    batch->parked_ns = batch->taken_ns;
    lanes_server_batches_push(&batch->session->parked, batch);
}

/* Runs, parks or fails a decoded batch. */
static void start(lanes_server *server, lanes_server_batch *batch)
{
    if (batch->plan.count == 0) {
        lanes_server_complete_run(server, batch);
        return;
    }
    lanes_server_kernel *kernel = batch->kernel;
    lanes_server_variant *variant = find_variant(kernel, &batch->plan.key);
    if (variant == NULL) {
        variant = want_variant(server, kernel, &batch->plan.key);
    }
    if (variant == NULL) {
        lanes_server_complete(server, batch, -ENOMEM,
                              "no memory for a variant of the kernel");
        return;
    }
    batch->variant = variant;
    switch (variant->state) {
    case LANES_VARIANT_READY:
        start_ready(server, batch);
        break;
    case LANES_VARIANT_WANTED:
        park(server, batch);
        break;
    case LANES_VARIANT_FAILED:
    default:
        if (lanes_status_category(variant->status) == LANES_CATEGORY_SYSTEM) {
            /* Lack of memory or processes passes; the IR's own failures do not. */
            variant->state = LANES_VARIANT_WANTED;
            kernel->uses++;
            lanes_server_report(server, &variant->wanted, LANES_MAIL_VARIANT_WANTED);
            park(server, batch);
        } else {
            lanes_server_complete(server, batch, variant->status, variant->message);
        }
        break;
    }
}

void lanes_server_batch_variant_done(lanes_server *server, lanes_server_variant *variant)
{
    lanes_server_session *session = variant->kernel->session;
    variant->state = variant->status < 0 ? LANES_VARIANT_FAILED : LANES_VARIANT_READY;
    lanes_server_batches parked = session->parked;
    session->parked = (lanes_server_batches){NULL, NULL};
    lanes_server_batch *batch;
    while ((batch = lanes_server_batches_pop(&parked)) != NULL) {
        if (batch->variant != variant) {
            lanes_server_batches_push(&session->parked, batch);
            continue;
        }
        batch->compile_ns = lanes_clock_ns() - batch->parked_ns;
        if (variant->state == LANES_VARIANT_READY) {
            lanes_server_batches_push(&session->queue, batch);
        } else {
            lanes_server_complete(server, batch, variant->status, variant->message);
        }
    }
    lanes_server_batch_publish(session);
    variant->kernel->uses--;
    lanes_server_kernel_settle(server, variant->kernel);
}

/* ---- Take ---------------------------------------------------------------------------
 */

static void on_corrupt_ring(lanes_server *server, lanes_server_session *session)
{
    session->is_corrupt = true;
    lanes_server_batch_close_ring(session, LANES_E_RING_CORRUPT);
    lanes_server_report(server, &session->report_corrupt, LANES_MAIL_SESSION_CORRUPT);
}

static void take_one(lanes_server *server, lanes_server_session *session)
{
    const lanes_abi_entry *entry = &server->dispatch.entry;
    lanes_server_batch *batch = lanes_server_batches_pop(&session->idle);
    LANES_ASSERT(batch != NULL); /* the ring takes no more than the pool has */
    batch->session = session;
    batch->kernel = NULL;
    batch->variant = NULL;
    batch->view_count = 0;
    batch->tag = entry->tag;
    batch->errors = entry->errors;
    batch->submitted_ns = entry->submitted_ns;
    batch->taken_ns = lanes_clock_ns();
    batch->parked_ns = 0;
    batch->started_ns = 0;
    batch->compile_ns = 0;
    batch->position = 0;
    batch->plan.count = 0;
    batch->outcome = (lanes_engine_outcome)LANES_ENGINE_OUTCOME_INIT;
    lanes_error err;
    const lanes_status status = lanes_server_batch_decode(
        session, entry, server->dispatch.arguments, batch, &err);
    if (status < 0) {
        lanes_server_complete(server, batch, status, err.message);
    } else {
        start(server, batch);
    }
}

bool lanes_server_batch_take(lanes_server *server, lanes_server_session *session)
{
    const uint64_t start_ns = lanes_clock_ns();
    uint32_t count = 0;
    while (count < TAKE_MAX) {
        const lanes_status taken = lanes_ring_executor_take(
            &session->ring, &server->dispatch.entry, server->dispatch.arguments);
        if (taken < 0) {
            on_corrupt_ring(server, session);
        }
        if (taken <= 0) {
            break;
        }
        count++;
        /* What the client was told before it submitted has been posted to us before. */
        lanes_server_dispatch_mail(server);
        if (session->is_removed) {
            break; /* nobody waits for this entry */
        }
        take_one(server, session);
        if (lanes_clock_ns() - start_ns > INLINE_NS) {
            break;
        }
    }
    lanes_server_batch_publish(session);
    return count > 0;
}

void lanes_server_batch_cancel_all(lanes_server *server, lanes_server_session *session,
                                   const char *text)
{
    lanes_server_batch *batch;
    while ((batch = lanes_server_batches_pop(&session->queue)) != NULL) {
        lanes_server_complete(server, batch, LANES_E_CANCELLED, text);
    }
    while ((batch = lanes_server_batches_pop(&session->parked)) != NULL) {
        lanes_server_complete(server, batch, LANES_E_CANCELLED, text);
    }
    lanes_server_batch_publish(session);
}
