/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_complete.c - the end of a batch: what its client is told, and the wake-up.
 *
 * Why an element failed is asked once, of the first one that did, and only here: the loop
 * itself just counts. Its inputs are as they were, since elements that fail keep their
 * old output, and the client may touch nothing before the completion.
 */
#include "server/server_internal.h"

#include <inttypes.h>
#include <stdio.h>

#include "os/os_failpoint.h"
#include "os/os_wait.h"
#include "server/server_queue.h"

/* Of an exception for people; so much that the numbers behind it always fit the text,
 * also in the client's lanes_error. */
#define SENTENCE_BYTES 384
_Static_assert(SENTENCE_BYTES + 108 <= LANES_ERROR_TEXT_BYTES,
               "what is around it: 48 letters and three numbers of at most 20 digits");

static uint64_t queued_ns(const lanes_server_batch *batch)
{
    const uint64_t started_ns =
        batch->started_ns != 0 ? batch->started_ns : lanes_clock_ns();
    /* The client's clock is ours, unless it lies. */
    const bool is_sane =
        batch->submitted_ns != 0 && batch->submitted_ns <= batch->taken_ns;
    return started_ns - (is_sane ? batch->submitted_ns : batch->taken_ns);
}

static void complete(lanes_server *server, lanes_server_batch *batch, lanes_status status,
                     const char *text, const lanes_abi_raised *raised)
{
    lanes_server_session *session = batch->session;
    const lanes_engine_outcome *outcome = &batch->outcome;
    lanes_abi_completion completion = {
        .tag = batch->tag,
        .status = status,
        .failed = outcome->result.failed,
        .first_failed = outcome->result.failed > 0 ? outcome->result.first_failed : 0,
        .elements = batch->plan.count,
        .queued_ns = queued_ns(batch),
        .run_ns = outcome->run_ns,
        .compile_ns = batch->compile_ns,
        .tiles = outcome->tiles > UINT32_MAX ? UINT32_MAX : (uint32_t)outcome->tiles,
        .threads = outcome->threads,
        .cookie = batch->cookie,
    };
    const lanes_engine_flags *flags = batch->plan.flags;
    if (flags != NULL && flags->raised != 0) {
        completion.fp_raised = flags->raised;
        completion.fp_first = flags->first;
    }
    /* One that is being compiled is control's. */
    if (batch->variant != NULL && batch->variant->state == LANES_VARIANT_READY) {
        completion.strategy = batch->variant->code->info.strategy;
        completion.vector_width = batch->variant->code->info.vector_width;
    }
    lanes_server_tally_completion(batch, &completion);
    if (!session->is_corrupt) {
        lanes_ring_executor_post(&session->ring, &completion, text, raised);
        session->has_unpublished = true;
        LANES_FAILPOINT(BATCH_POSTED);
    }
    session->batch_count--;
    lanes_server_dispatch_count(server, -1);
    lanes_server_batch_let_go(server, batch);
    lanes_server_batches_push(&session->idle, batch);
}

void lanes_server_complete(lanes_server *server, lanes_server_batch *batch,
                           lanes_status status, const char *text)
{
    complete(server, batch, status, text, NULL);
}

/* "ValueError('negative', -2.0)", or "" if the kernel cannot tell. */
static void explain_first(lanes_server *server, lanes_server_batch *batch,
                          lanes_abi_raised *out_raised, char out_sentence[SENTENCE_BYTES])
{
    const lanes_engine_exceptions *exceptions = &batch->variant->exceptions;
    *out_raised = (lanes_abi_raised){.kind = LANES_RAISED_UNKNOWN};
    out_sentence[0] = '\0';
    /* The index is the loop's word. */
    const uint64_t index = batch->outcome.result.first_failed;
    if (exceptions->explain != NULL && index < batch->plan.count) {
        /* With other inputs, which a client may write meanwhile, it need not return. */
        lanes_engine_end end_by;
        lanes_server_watch_begin(server, batch, &end_by);
        lanes_engine_explain(&batch->plan, exceptions, index, end_by.ticket, out_raised,
                             out_sentence, SENTENCE_BYTES);
        lanes_server_watch_finish(server, batch);
    }
}

void lanes_server_complete_run(lanes_server *server, lanes_server_batch *batch)
{
    const lanes_loop_result *result = &batch->outcome.result;
    if (result->failed == 0) {
        complete(server, batch, LANES_OK, NULL, NULL);
        return;
    }
    lanes_abi_raised raised;
    char sentence[SENTENCE_BYTES];
    explain_first(server, batch, &raised, sentence);
    char text[LANES_ABI_TEXT_BYTES];
    snprintf(text, sizeof(text),
             "callback %s%s for %" PRIu64 " of %" PRIu64
             " elements, first at index %" PRIu64,
             sentence[0] != '\0' ? "raised " : "failed", sentence, result->failed,
             batch->plan.count, result->first_failed);
    const bool is_error = batch->errors == LANES_ERRORS_RAISE;
    complete(server, batch, is_error ? LANES_E_KERNEL_RAISED : LANES_OK, text, &raised);
}

/* The segment of @p batch that has @p address, and what it is to the batch; NULL: none
 * has. */
static const lanes_server_view *find_segment(const lanes_server_batch *batch,
                                             uint64_t address, char what[24])
{
    for (uint32_t i = 0; i < batch->view_count; i++) {
        const lanes_shm_mapping *mapping = &batch->views[i]->segment->mapping;
        if (address - (uintptr_t)mapping->data < mapping->bytes) {
            if (i < batch->plan.operand_count) { /* they are held in this order */
                snprintf(what, 24, "operand %u", i);
            } else {
                snprintf(what, 24, "the params block");
            }
            return batch->views[i];
        }
    }
    return NULL;
}

/* True, and completed, if what faulted is not the callback: a client has taken away
 * memory that the batch works on. */
static bool complete_truncated(lanes_server *server, lanes_server_batch *batch)
{
    const lanes_os_fault *fault = &batch->outcome.fault;
    char what[24];
    const lanes_server_view *view = lanes_os_fault_is_missing_memory(fault)
                                        ? find_segment(batch, fault->address, what)
                                        : NULL;
    if (view == NULL) {
        return false;
    }
    const lanes_shm_mapping *mapping = &view->segment->mapping;
    char text[LANES_ABI_TEXT_BYTES];
    snprintf(
        text, sizeof(text),
        "segment %u.%u of %s had %" PRIu64
        " bytes when it was attached, and no memory at byte %" PRIu64
        " when the batch came there: its file has been made shorter, cannot be "
        "read, or its file system is full; outputs are undefined. Segments that lanes "
        "creates, and memfds that can be sealed, do not lose theirs",
        view->id.slot, view->id.generation, what, mapping->bytes,
        fault->address - (uintptr_t)mapping->data);
    complete(server, batch, LANES_E_SEGMENT_TRUNCATED, text, NULL);
    return true;
}

void lanes_server_complete_fault(lanes_server *server, lanes_server_batch *batch)
{
    const lanes_engine_outcome *outcome = &batch->outcome;
    if (complete_truncated(server, batch)) {
        return;
    }
    char how[128] = "ran out of stack (recursion without end?)";
    if (outcome->fault.is_stack_overflow == 0) {
        char fault[96];
        lanes_os_fault_format(&outcome->fault, fault, sizeof(fault));
        snprintf(how, sizeof(how), "received %s", fault);
    }
    char text[LANES_ABI_TEXT_BYTES];
    snprintf(text, sizeof(text),
             "the callback %s within elements [%" PRIu64 ", %" PRIu64 ") of %" PRIu64
             "; other elements may or may not be computed",
             how, outcome->fault_begin, outcome->fault_end, batch->plan.count);
    complete(server, batch, LANES_E_KERNEL_FAULT, text, NULL);
}

void lanes_server_batch_publish(lanes_server_session *session)
{
    if (!session->has_unpublished || session->is_corrupt) {
        return;
    }
    session->has_unpublished = false;
    const uint32_t waiting = lanes_ring_executor_publish(&session->ring);
    LANES_FAILPOINT(BATCH_PUBLISHED);
    if ((waiting & LANES_ABI_WAIT_FUTEX) != 0) {
        lanes_os_futex_wake(lanes_ring_executor_futex(&session->ring), INT32_MAX);
    }
    if ((waiting & LANES_ABI_WAIT_EVENT) != 0) {
        lanes_os_event_signal(session->event_fd);
    }
    LANES_FAILPOINT(BATCH_WOKEN);
}

void lanes_server_batch_close_ring(lanes_server_session *session, lanes_status reason)
{
    lanes_ring_executor_close(&session->ring, reason);
    lanes_os_futex_wake(lanes_ring_executor_futex(&session->ring), INT32_MAX);
    lanes_os_event_signal(session->event_fd);
}
