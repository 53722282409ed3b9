/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_batch.c - a batch from its ring entry to its completion.
 *
 *   taken -> decoded -> (parked until its variant is compiled) -> run -> completed
 *
 * Small batches run where they are taken, if that is fair to those that wait. Others
 * queue in their session and run in slices when it is its turn (server_turn.h), so that
 * nobody waits longer than a slice for each other session that has work.
 */
#include "server/server_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/atomic.h"
#include "os/os_failpoint.h"
#include "server/server_queue.h"

/* Wanted duration of a slice: how long a batch holds the team in one go. */
#define SLICE_NS LANES_SERVER_QUANTUM_NS

/* A batch that is expected to end within this is small: it runs at once if it may, and
 * several share a turn, until they have taken so long together. */
#define SMALL_NS 200000u

/* Elements of the first slice of a variant whose cost nobody knows yet. */
#define UNKNOWN_COUNT 256u

/* Slices of more elements are cut to multiples of this, so that an aligned batch stays
 * aligned to cache lines and vectors: else every later load would cross two lines. */
#define SLICE_STEP 64u

/*
 * Time that a kernel's batches run with the plain variant before the one that streams is
 * asked for: about what compiling it takes. A program that runs one such batch and ends
 * does not pay for it.
 */
#define UNSTREAMED_NS 20000000u

/* Entries of one session of whose completions its client is told together, at most. */
#define PUBLISH_COUNT 32u

/* ---- Variants -----------------------------------------------------------------------
 */

static lanes_variant_key with_streams(const lanes_variant_key *key, uint8_t streams)
{
    lanes_variant_key changed = *key;
    changed.streams = streams;
    return changed;
}

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
    LANES_FAILPOINT(VARIANT_WANTED);
    return variant;
}

/* ---- Run ----------------------------------------------------------------------------
 */

/* Elements that @p threads do in @p wanted_ns. */
static uint64_t count_for(const lanes_server_variant *variant, uint32_t threads,
                          uint64_t wanted_ns)
{
    if (variant->element_ps == 0) {
        return UNKNOWN_COUNT;
    }
    const uint64_t count = wanted_ns * 1000 * threads / variant->element_ps;
    return count != 0 ? count : 1;
}

/*
 * A batch that runs with the plain variant although one that stores past the caches is
 * better: asks for that one when it is worth its compile, changes to it when it is there.
 * Both give the same bits.
 */
static void improve(lanes_server *server, lanes_server_batch *batch)
{
    lanes_server_variant *plain = batch->variant;
    if (!batch->may_stream || batch->plan.key.streams != 0) {
        return;
    }
    const lanes_variant_key key = with_streams(&batch->plan.key, 1);
    lanes_server_variant *streaming = find_variant(batch->kernel, &key);
    if (streaming == NULL) {
        if (plain->unstreamed_ns >= UNSTREAMED_NS) {
            /* With no memory for it, the next slice asks. */
            want_variant(server, batch->kernel, &key);
        }
    } else if (streaming->state == LANES_VARIANT_READY) {
        if (streaming->element_ps == 0) {
            streaming->element_ps = plain->element_ps; /* better than nothing */
        }
        batch->variant = streaming;
        batch->plan.key = key;
    }
}

/* Learns from a slice of @p count elements, which was as long as one can be. */
static void note_slice(lanes_server_variant *variant, uint64_t slice_ns, uint64_t count)
{
    if (slice_ns >= SLICE_NS / 4) { /* else it says more of waking threads */
        lanes_engine_threads_note(&variant->threads, slice_ns, count);
    }
}

static bool is_over(const lanes_server_batch *batch, uint64_t now_ns)
{
    return batch->deadline_ns != 0 && now_ns >= batch->deadline_ns;
}

/* Whether it has run for as long as any batch may. */
static bool has_run_too_long(const lanes_server *server, const lanes_server_batch *batch)
{
    const uint64_t limit_ns = server->options->limits.batch_ns;
    return limit_ns != 0 && batch->outcome.run_ns >= limit_ns;
}

static double seconds(uint64_t ns)
{
    return (double)ns / 1e9;
}

/* Why a batch ends, "the batch ...", and with which status. */
static lanes_status reason_of_end(const lanes_server *server,
                                  const lanes_server_batch *batch, char *text,
                                  size_t text_bytes)
{
    const lanes_server_limits *limits = &server->options->limits;
    if (batch->ended_for == LANES_END_HELD) {
        snprintf(text, text_bytes,
                 "held the team in one callback while batches of other sessions waited, "
                 "which the executor allows for %.3f s (--hold-limit); let the callback "
                 "do less, or use a private executor",
                 seconds(limits->hold_ns));
        return LANES_E_DEADLINE;
    }
    if (is_over(batch, lanes_clock_ns())) {
        snprintf(text, text_bytes, "had not finished by its deadline");
        return LANES_E_DEADLINE;
    }
    if (batch->ended_for == LANES_END_LIMIT) {
        snprintf(
            text, text_bytes,
            "has run for %.3f s, and the executor's limit is %.3f s (--batch-limit); "
            "submit it in parts",
            seconds(batch->outcome.run_ns), seconds(limits->batch_ns));
        return LANES_E_DEADLINE;
    }
    const bool is_last = lanes_load_relaxed_u32(&batch->session->cancel) != 0;
    snprintf(text, text_bytes, "%s",
             is_last ? "was cancelled, because the executor or its client is stopping"
                     : "was cancelled");
    return LANES_E_CANCELLED;
}

void lanes_server_batch_end(lanes_server *server, lanes_server_batch *batch)
{
    char why[256];
    char text[LANES_ABI_TEXT_BYTES];
    const lanes_status status = reason_of_end(server, batch, why, sizeof(why));
    snprintf(text, sizeof(text),
             "the batch %s; %" PRIu64 " of %" PRIu64
             " elements had been run before the slice in which it ended",
             why, lanes_min_u64(batch->position, batch->plan.count), batch->plan.count);
    lanes_server_complete(server, batch, status, text);
}

/* Should this process die, the client knows whether outputs may have been written. */
static void tell_started(lanes_server_batch *batch)
{
    lanes_server_session *session = batch->session;
    LANES_FAILPOINT(BATCH_STARTING);
    lanes_ring_executor_tell_started(&session->ring, (uint32_t)(batch - session->pool),
                                     batch->cookie);
    LANES_FAILPOINT(BATCH_STARTED);
}

/* Runs a slice; true when the batch has been completed. */
static bool run_slice(lanes_server *server, lanes_server_batch *batch)
{
    const bool is_over_limit = has_run_too_long(server, batch);
    if (is_over_limit || is_over(batch, server->dispatch.now_ns)) {
        batch->ended_for = is_over_limit ? LANES_END_LIMIT : LANES_END_WANTED;
        lanes_server_batch_end(server, batch);
        return true;
    }
    improve(server, batch);
    lanes_server_variant *variant = batch->variant;
    lanes_engine_outcome *outcome = &batch->outcome;
    const uint64_t rest = batch->plan.work - batch->position;
    const bool is_alone = batch->plan.reduction.is_in_order; /* on one thread */
    const uint32_t threads =
        is_alone ? 1
                 : lanes_engine_threads_next(&variant->threads, server->dispatch.threads);
    uint64_t count = count_for(variant, threads, SLICE_NS);
    count -= count > SLICE_STEP ? count % SLICE_STEP : 0;
    const bool is_measure = count <= rest && variant->element_ps != 0 && !is_alone;
    count = lanes_min_u64(rest, count);
    if (batch->started_ns == 0) {
        batch->started_ns = server->dispatch.now_ns;
    }
    const uint64_t before_ns = outcome->run_ns;
    outcome->element_ps = variant->element_ps;
    outcome->alone_ps = variant->alone_ps;
    outcome->thread_limit = threads;
    if (batch->position == 0) {
        tell_started(batch);
    }
    if (batch->plan.flags != NULL) { /* another variant may have taken its turn */
        batch->plan.flags->confirm = variant->code->object.confirm;
    }
    lanes_engine_end end_by;
    lanes_server_watch_begin(server, batch, &end_by);
    lanes_engine_run(server->dispatch.team, &batch->plan, variant->code->object.loop,
                     batch->position, batch->position + count, &end_by, outcome);
    const bool is_ended = lanes_server_watch_finish(server, batch);
    LANES_FAILPOINT(BATCH_SLICE);
    server->dispatch.now_ns = outcome->ended_ns;
    lanes_server_turn_charge(&server->dispatch.turns,
                             &batch->session->queue[batch->priority].turn,
                             outcome->run_ns - before_ns);
    lanes_server_tally_slice(batch, before_ns);
    if (outcome->fault.signal_number != 0) {
        lanes_server_complete_fault(server, batch);
        return true;
    }
    if (is_ended) {
        lanes_server_batch_end(server, batch);
        return true;
    }
    variant->element_ps = outcome->element_ps;
    variant->alone_ps = outcome->alone_ps;
    batch->position += count;
    if (lanes_load_relaxed_u32(&batch->session->cancel) != 0) {
        lanes_server_complete(server, batch, LANES_E_CANCELLED,
                              "the executor stopped before the batch had finished");
        return true;
    }
    if (is_measure) {
        note_slice(variant, outcome->run_ns - before_ns, count);
    }
    if (batch->may_stream && batch->plan.key.streams == 0) {
        variant->unstreamed_ns += outcome->run_ns - before_ns;
    }
    if (batch->position == batch->plan.work) {
        LANES_FAILPOINT(BATCH_RUN);
        lanes_server_complete_run(server, batch);
        return true;
    }
    return false;
}

static bool is_small(const lanes_server *server, const lanes_server_batch *batch)
{
    return batch->plan.work <=
           count_for(batch->variant, server->dispatch.threads, SMALL_NS);
}

void lanes_server_batch_run_turn(lanes_server *server, lanes_server_queue *queue)
{
    lanes_server_batches *batches = &queue->batches;
    const uint64_t before_ns = queue->turn.used_ns;
    bool may_go_on = true;
    server->dispatch.now_ns = lanes_clock_ns();
    while (may_go_on) {
        lanes_server_batch *batch = lanes_server_batches_pop(batches);
        if (!run_slice(server, batch)) {
            lanes_server_queue_put_back(queue, batch);
            break;
        }
        may_go_on = batches->first != NULL && is_small(server, batches->first) &&
                    queue->turn.used_ns - before_ns < SMALL_NS;
    }
    lanes_server_queue_settle(server, queue);
}

/* True if a batch that has just become ready runs before those that wait. */
static bool may_go(const lanes_server *server, const lanes_server_batch *batch)
{
    const lanes_server_dispatch *dispatch = &server->dispatch;
    const lanes_server_queue *queue = &batch->session->queue[batch->priority];
    return queue->batches.first == NULL && dispatch->visit_ns < SMALL_NS &&
           dispatch->pass_ns < SLICE_NS && is_small(server, batch) &&
           lanes_server_turn_may_go(&dispatch->turns, &queue->turn);
}

/* A batch whose variant is there: at once, or when it is its session's turn. */
static void start_ready(lanes_server *server, lanes_server_batch *batch)
{
    lanes_server_dispatch *dispatch = &server->dispatch;
    if (!may_go(server, batch)) {
        lanes_server_queue_put(server, batch);
        LANES_FAILPOINT(BATCH_QUEUED);
        return;
    }
    lanes_server_count(&batch->session->tally.word[LANES_TALLY_INLINE], 1);
    const uint64_t before_ns = dispatch->now_ns;
    while (!run_slice(server, batch)) {
    }
    const uint64_t taken_ns = dispatch->now_ns - before_ns;
    dispatch->visit_ns += taken_ns;
    dispatch->pass_ns += taken_ns;
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
    LANES_FAILPOINT(BATCH_PARKED);
}

/*
 * The variant for a batch; NULL: no memory to ask for it. A batch that would stream runs
 * with the plain variant as long as only that is there, and for ever if the other cannot
 * be compiled.
 */
static lanes_server_variant *choose_variant(lanes_server *server,
                                            lanes_server_batch *batch)
{
    lanes_server_kernel *kernel = batch->kernel;
    lanes_server_variant *variant = find_variant(kernel, &batch->plan.key);
    batch->may_stream = batch->plan.key.streams != 0;
    if (batch->may_stream && (variant == NULL || variant->state != LANES_VARIANT_READY)) {
        const lanes_variant_key key = with_streams(&batch->plan.key, 0);
        lanes_server_variant *plain = find_variant(kernel, &key);
        const bool has_failed = variant != NULL && variant->state == LANES_VARIANT_FAILED;
        if (has_failed || (plain != NULL && plain->state == LANES_VARIANT_READY)) {
            batch->plan.key = key;
            variant = plain;
        }
    }
    return variant != NULL ? variant : want_variant(server, kernel, &batch->plan.key);
}

/* No elements: nothing is run, but a reduction of none may have results. */
static void complete_empty(lanes_server *server, lanes_server_batch *batch)
{
    lanes_engine_outcome *outcome = &batch->outcome;
    if (batch->plan.reduction.is_empty &&
        !lanes_engine_write_empty(&batch->plan, &outcome->fault)) {
        lanes_server_complete_fault(server, batch);
        return;
    }
    lanes_server_complete_run(server, batch);
}

/* Runs, parks or fails a decoded batch. */
static void start(lanes_server *server, lanes_server_batch *batch)
{
    if (batch->plan.count == 0) {
        complete_empty(server, batch);
        return;
    }
    lanes_server_kernel *kernel = batch->kernel;
    lanes_server_variant *variant = choose_variant(server, batch);
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
        if (lanes_status_category(variant->status) == LANES_CATEGORY_SYSTEM ||
            variant->status == LANES_E_QUOTA) {
            /* Lack of memory or processes passes, as do other compiles; the IR's own
             * failures do not. */
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
    LANES_FAILPOINT(VARIANT_DONE);
    lanes_server_session *session = variant->kernel->session;
    variant->state = variant->status < 0 ? LANES_VARIANT_FAILED : LANES_VARIANT_READY;
    server->dispatch.now_ns = lanes_clock_ns(); /* nothing may have run for long */
    lanes_server_batches parked = session->parked;
    session->parked = (lanes_server_batches){NULL, NULL};
    lanes_server_batch *batch;
    while ((batch = lanes_server_batches_pop(&parked)) != NULL) {
        if (batch->variant != variant) {
            lanes_server_batches_push(&session->parked, batch);
            continue;
        }
        batch->compile_ns = server->dispatch.now_ns - batch->parked_ns;
        if (variant->state == LANES_VARIANT_READY) {
            lanes_server_queue_put(server, batch);
        } else if (batch->plan.key.streams != 0) {
            start(server, batch); /* there is the plain variant */
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
    lanes_server_queues_settle(server, session);
    lanes_server_batch_close_ring(session, LANES_E_RING_CORRUPT);
    lanes_server_report(server, &session->report_corrupt, LANES_MAIL_SESSION_CORRUPT);
}

static void take_one(lanes_server *server, lanes_server_session *session)
{
    const lanes_abi_entry *entry = &server->dispatch.entry;
    lanes_server_batch *batch = lanes_server_batches_pop(&session->idle);
    LANES_ASSERT(batch != NULL); /* the ring takes no more than the pool has */
    session->batch_count++;
    lanes_server_dispatch_count(server, 1);
    lanes_server_count(&session->tally.word[LANES_TALLY_TAKEN], 1);
    batch->session = session;
    batch->kernel = NULL;
    batch->variant = NULL;
    batch->view_count = 0;
    batch->tag = entry->tag;
    batch->cookie = entry->cookie;
    batch->errors = entry->errors;
    batch->submitted_ns = entry->submitted_ns;
    batch->taken_ns = server->dispatch.now_ns;
    batch->parked_ns = 0;
    batch->started_ns = 0;
    batch->compile_ns = 0;
    batch->deadline_ns = 0;
    batch->position = 0;
    batch->may_stream = false;
    batch->ended_for = LANES_END_WANTED;
    batch->plan.count = 0;
    batch->outcome = (lanes_engine_outcome)LANES_ENGINE_OUTCOME_INIT;
    lanes_error err;
    const lanes_status status = lanes_server_batch_decode(
        session, entry, server->dispatch.arguments, batch, &err);
    if (status < 0) {
        lanes_server_complete(server, batch, status, err.message);
        return;
    }
    LANES_FAILPOINT(BATCH_DECODED);
    if (session->has_cancels && lanes_server_watch_is_cancelled(session, batch->tag)) {
        lanes_server_batch_end(server, batch);
        return;
    }
    if (batch->deadline_ns != 0) {
        lanes_server_watch_deadline(server, batch->deadline_ns);
    }
    start(server, batch);
}

bool lanes_server_batch_take(lanes_server *server, lanes_server_session *session)
{
    lanes_server_dispatch *dispatch = &server->dispatch;
    uint32_t count = 0;
    dispatch->now_ns = lanes_clock_ns();
    dispatch->visit_ns = 0;
    /* What may not run at once is taken all the same: only then is its priority known. */
    while (count < LANES_ABI_ENTRIES) {
        const lanes_status taken = lanes_ring_executor_take(
            &session->ring, &dispatch->entry, dispatch->arguments);
        if (taken < 0) {
            on_corrupt_ring(server, session);
        }
        if (taken <= 0) {
            break;
        }
        count++;
        LANES_FAILPOINT(BATCH_TAKEN);
        /* What the client was told before it submitted has been posted to us before. */
        lanes_server_dispatch_mail(server);
        if (session->is_removed) {
            break; /* nobody waits for this entry */
        }
        take_one(server, session);
        if (count % PUBLISH_COUNT == 0) {
            lanes_server_batch_publish(session);
        }
    }
    lanes_server_batch_publish(session);
    return count > 0;
}
