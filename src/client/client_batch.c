/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_batch.c - writing batches into the submission ring.
 */
#include <lanes/batch.h>

#include <inttypes.h>
#include <string.h>

#include "client/client_internal.h"
#include "os/os_failpoint.h"
#include "os/os_wait.h"

#define OPERAND_WORDS (sizeof(lanes_abi_operand) / sizeof(uint64_t))

/* Of a params block: that of any type a callback may load from it. */
#define PARAMS_ALIGNMENT 16u

/* Executors that may close their ring, one after the other, over one batch. */
#define RESERVE_TRIES 2u

/** A params block that the entry can name, or none at all. */
static lanes_status check_params(const lanes_session *session, const lanes_batch *batch,
                                 lanes_error *err)
{
    if (batch->params == NULL) {
        if (batch->params_offset != 0 || batch->params_bytes != 0) {
            return lanes_error_set(err, LANES_E_INVALID,
                                   "batch.params is NULL, so batch.params_offset %" PRIu64
                                   " and batch.params_bytes %" PRIu64 " must be 0",
                                   batch->params_offset, batch->params_bytes);
        }
        return LANES_OK;
    }
    if (batch->params->session != session) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "batch.params belongs to another session");
    }
    if (batch->params_offset % PARAMS_ALIGNMENT != 0) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "batch.params_offset %" PRIu64
                               " is not a multiple of %u bytes",
                               batch->params_offset, PARAMS_ALIGNMENT);
    }
    return LANES_OK;
}

static lanes_status check_operands(const lanes_session *session, const lanes_batch *batch,
                                   lanes_error *err)
{
    for (uint32_t i = 0; i < batch->operand_count; i++) {
        const lanes_segment *segment = batch->operands[i].segment;
        if (segment == NULL || segment->session != session) {
            return lanes_error_set(
                err, LANES_E_INVALID,
                "operand %u: its segment is NULL or belongs to another session", i);
        }
    }
    return LANES_OK;
}

static lanes_status check_flags(const lanes_batch *batch, lanes_error *err)
{
    if ((batch->fp_report & ~LANES_FP_FLAGS) != 0) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "batch.fp_report 0x%x has bits that are none of enum "
                               "lanes_fp_flag, 0x%x",
                               batch->fp_report, LANES_FP_FLAGS);
    }
    if (batch->fp_exact > 1) {
        return lanes_error_set(err, LANES_E_INVALID, "batch.fp_exact %u is not 0 or 1",
                               batch->fp_exact);
    }
    return LANES_OK;
}

/** What would make filling the entry impossible; the executor checks the rest. */
static lanes_status check_batch(const lanes_session *session, const lanes_batch *batch,
                                lanes_error *err)
{
    if (batch->dimensions == 0 || batch->dimensions > LANES_DIMENSIONS_MAX) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "batch.dimensions %u is not 1 .. LANES_DIMENSIONS_MAX %d",
                               batch->dimensions, LANES_DIMENSIONS_MAX);
    }
    if (batch->operand_count == 0 || batch->operand_count > LANES_OPERANDS_MAX) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "batch.operand_count %u is not 1 .. LANES_OPERANDS_MAX %d",
                               batch->operand_count, LANES_OPERANDS_MAX);
    }
    if (batch->errors > LANES_ERRORS_IGNORE) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "batch.errors %u is none of enum lanes_errors, 0 .. %d",
                               batch->errors, LANES_ERRORS_IGNORE);
    }
    if (batch->casting > LANES_CASTING_UNSAFE) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "batch.casting %u is none of enum lanes_casting, 0 .. %d",
                               batch->casting, LANES_CASTING_UNSAFE);
    }
    if (batch->no_replay > 1) {
        return lanes_error_set(err, LANES_E_INVALID, "batch.no_replay %u is not 0 or 1",
                               batch->no_replay);
    }
    if (batch->has_where > 1) {
        return lanes_error_set(err, LANES_E_INVALID, "batch.has_where %u is not 0 or 1",
                               batch->has_where);
    }
    if (batch->denormals > LANES_DENORMALS_FLUSH) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "batch.denormals %u is none of enum lanes_denormals, "
                               "0 .. %d",
                               batch->denormals, LANES_DENORMALS_FLUSH);
    }
    if (batch->reduce > LANES_REDUCE_SCAN) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "batch.reduce %u is none of enum lanes_reduce, 0 .. %d",
                               batch->reduce, LANES_REDUCE_SCAN);
    }
    if (batch->priority > LANES_PRIORITY_HIGH) {
        return lanes_error_set(
            err, LANES_E_INVALID,
            "batch.priority %u is none of enum lanes_priority, 0 .. %d", batch->priority,
            LANES_PRIORITY_HIGH);
    }
    LANES_TRY(check_flags(batch, err));
    if (batch->shape == NULL || batch->operands == NULL) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "batch.shape or batch.operands is NULL");
    }
    if (batch->kernel == NULL || batch->kernel->session != session) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "batch.kernel is NULL or belongs to another session");
    }
    LANES_TRY(check_params(session, batch, err));
    return check_operands(session, batch, err);
}

/** Write shape and operands as abi.h says; returns the words used. */
static uint32_t put_arguments(const lanes_batch *batch, uint64_t *words)
{
    const uint32_t dimensions = batch->dimensions;
    memcpy(words, batch->shape, dimensions * sizeof(uint64_t));
    uint32_t used = dimensions;
    for (uint32_t i = 0; i < batch->operand_count; i++) {
        const lanes_operand *operand = &batch->operands[i];
        const lanes_abi_operand shared = {
            .segment_slot = operand->segment->handle.id.slot,
            .segment_generation = operand->segment->handle.id.generation,
            .offset = operand->offset,
            .dtype = operand->dtype,
            .row_count = operand->row_count,
        };
        memcpy(words + used, &shared, sizeof(shared));
        used += (uint32_t)OPERAND_WORDS;
        memcpy(words + used, operand->stride, dimensions * sizeof(int64_t));
        used += dimensions;
    }
    return used;
}

static uint32_t flags_of(const lanes_batch *batch)
{
    return (batch->has_where != 0 ? LANES_ABI_BATCH_WHERE : 0) |
           (batch->denormals == LANES_DENORMALS_FLUSH ? LANES_ABI_BATCH_FLUSH : 0);
}

/** Axes that the entry may name: those that the batch has, and none for no reduction. */
static uint32_t reduced_axes_of(const lanes_batch *batch)
{
    return batch->reduce != LANES_REDUCE_NONE
               ? batch->reduce_axes & ((1u << batch->dimensions) - 1)
               : 0;
}

/** When a batch that is submitted at @p now_ns must have ended; 0: no limit. */
static uint64_t deadline_of(const lanes_batch *batch, uint64_t now_ns)
{
    uint64_t deadline_ns = 0;
    if (batch->deadline_ns != 0 &&
        !lanes_add_u64(now_ns, batch->deadline_ns, &deadline_ns)) {
        return 0; /* in some hundred years */
    }
    return deadline_ns;
}

/** A free entry of the ring, and a record, of an executor that has not closed it. */
static lanes_status reserve(lanes_session *session, lanes_ring_slot *slot,
                            lanes_error *err)
{
    lanes_status status = lanes_ring_client_reserve(&session->ring, slot);
    for (uint32_t tries = 0; status == LANES_E_PEER_GONE && tries < RESERVE_TRIES;
         tries++) {
        LANES_TRY(lanes_client_lose(session, err));
        LANES_TRY(lanes_client_recover(session, err));
        status = lanes_ring_client_reserve(&session->ring, slot);
    }
    /* Kept completions have a record, and no place in the ring. */
    if (status == LANES_E_RING_FULL || (status == LANES_OK && session->replay != NULL &&
                                        session->replay->free_count == 0)) {
        return lanes_error_set(err, LANES_E_RING_FULL,
                               "%u batches are in flight; wait for a completion first",
                               lanes_client_in_flight(session));
    }
    if (status == LANES_E_PEER_GONE) {
        return lanes_error_set(err, status, "%u executors ended one after the other",
                               RESERVE_TRIES + 1);
    }
    if (status < 0) {
        return lanes_error_set(err, lanes_client_break(session, status), "%s",
                               lanes_status_text(status));
    }
    return LANES_OK;
}

/** Describe @p batch as abi.h says, but for its cookie. */
static void put_batch(const lanes_batch *batch, lanes_abi_entry *entry,
                      uint64_t *arguments)
{
    const uint32_t words = put_arguments(batch, arguments);
    const uint64_t now_ns = lanes_clock_ns();
    /* Generations of segments are never 0, which means none here. */
    const lanes_abi_id params =
        batch->params != NULL ? batch->params->handle.id : (lanes_abi_id){0, 0};
    *entry = (lanes_abi_entry){
        .opcode = LANES_ABI_OP_MAP,
        .errors = batch->errors,
        .casting = batch->casting,
        .flags = flags_of(batch),
        .reduce = batch->reduce,
        .reduce_axes = reduced_axes_of(batch),
        .priority = batch->priority,
        .kernel_slot = batch->kernel->handle.id.slot,
        .kernel_generation = batch->kernel->handle.id.generation,
        .tag = batch->tag,
        .submitted_ns = now_ns,
        .argument_words = words,
        .dimensions = batch->dimensions,
        .operand_count = batch->operand_count,
        .seed = batch->seed,
        .params_slot = params.slot,
        .params_generation = params.generation,
        .params_offset = batch->params_offset,
        .params_bytes = batch->params_bytes,
        .deadline_ns = deadline_of(batch, now_ns),
        .fp_report = batch->fp_report,
        .fp_exact = batch->fp_report != 0 ? batch->fp_exact : 0,
    };
}

/** Describe @p batch in a record, and copy that. */
static void put_recorded(lanes_client_replay *replay, const lanes_batch *batch,
                         const lanes_ring_slot *slot)
{
    lanes_client_record *record = lanes_client_replay_reserve(replay);
    put_batch(batch, &record->entry, record->arguments);
    lanes_client_replay_commit(replay, batch, record);
    LANES_FAILPOINT(CLIENT_RECORDED);
    memcpy(slot->arguments, record->arguments,
           record->entry.argument_words * sizeof(uint64_t));
    *slot->entry = record->entry;
}

lanes_status lanes_submit(lanes_session *session, const lanes_batch *batch,
                          lanes_error *err)
{
    LANES_TRY(lanes_client_check(session, err));
    LANES_TRY(check_batch(session, batch, err));
    LANES_TRY(lanes_client_ready(session, err));
    lanes_ring_slot slot;
    LANES_TRY(reserve(session, &slot, err));
    if (session->replay != NULL) {
        put_recorded(session->replay, batch, &slot);
    } else {
        put_batch(batch, slot.entry, slot.arguments);
    }
    if (lanes_ring_client_commit(&session->ring)) {
        lanes_os_event_signal(session->doorbell);
    }
    LANES_FAILPOINT(CLIENT_SUBMITTED);
    return LANES_OK;
}

lanes_status lanes_run(lanes_session *session, const lanes_batch *batch,
                       lanes_completion *out_completion, lanes_error *err)
{
    LANES_TRY(lanes_client_check(session, err));
    if (lanes_client_in_flight(session) != 0) {
        return lanes_error_set(
            err, LANES_E_INVALID,
            "%u batches are in flight; lanes_run() needs a session without",
            lanes_client_in_flight(session));
    }
    lanes_completion completion;
    LANES_TRY(lanes_submit(session, batch, err));
    LANES_TRY(lanes_wait(session, UINT64_MAX, &completion, err));
    if (out_completion != NULL) {
        *out_completion = completion;
    }
    if (completion.status < 0) {
        return lanes_error_set(err, completion.status, "%s", completion.message);
    }
    return LANES_OK;
}

lanes_status lanes_cancel(lanes_session *session, uint64_t tag, lanes_error *err)
{
    LANES_TRY(lanes_client_check(session, err));
    lanes_abi_cancel request = {
        .header = {.type = LANES_ABI_BATCH_CANCEL, .bytes = sizeof(request)},
        .tag = tag,
    };
    lanes_abi_cancel reply;
    lanes_client_call call = {
        .request = &request.header,
        .request_fd = -1,
        .reply = &reply.header,
        .reply_bytes = sizeof(reply),
        .timeout_ns = session->timeout_ns,
    };
    LANES_TRY(lanes_client_request(session, &call, err));
    if (session->replay != NULL) {
        lanes_client_replay_cancel(session->replay, tag);
    }
    return LANES_OK;
}
