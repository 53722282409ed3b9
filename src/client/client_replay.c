/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_replay.c - records of batches in flight: noting, freeing, and what becomes of
 * them when an executor dies.
 */
#include "client/client_replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/client_internal.h"
#include "os/os_wait.h"

#define OPERAND_WORDS   (sizeof(lanes_abi_operand) / sizeof(uint64_t))
#define SLOT_MASK       (LANES_ABI_ENTRIES - 1u)
#define SLOT_BITS       8
#define DEATHS_POISON   2u
#define CANCELLED_TEXT  "the batch was cancelled, and the executor died before it said so"
#define RUN_ONCE_REASON "lanes_batch.no_replay says that it may not run again"

/* ---- Use ----------------------------------------------------------------------------
 */

lanes_client_replay *lanes_client_replay_create(void)
{
    /* Half a megabyte, of which pages are touched as batches need them. */
    lanes_client_replay *replay = calloc(1, sizeof(*replay));
    if (replay != NULL) {
        replay->free_count = LANES_ABI_ENTRIES;
        for (uint32_t i = 0; i < LANES_ABI_ENTRIES; i++) {
            replay->free[i] = (uint8_t)(SLOT_MASK - i); /* 0 first */
        }
    }
    return replay;
}

void lanes_client_replay_destroy(lanes_client_replay *replay)
{
    free(replay);
}

lanes_client_record *lanes_client_replay_reserve(lanes_client_replay *replay)
{
    LANES_ASSERT(replay->free_count > 0);
    return &replay->record[replay->free[replay->free_count - 1]];
}

void lanes_client_replay_commit(lanes_client_replay *replay, const lanes_batch *batch,
                                lanes_client_record *record)
{
    const uint32_t index = replay->free[--replay->free_count];
    replay->sequence++;
    record->cookie = replay->sequence << SLOT_BITS | index;
    record->entry.cookie = record->cookie;
    record->state = LANES_RECORD_IN_FLIGHT;
    record->deaths = 0;
    record->is_cancelled = false;
    record->is_run_once = batch->no_replay != 0;
}

lanes_client_record *lanes_client_replay_find(lanes_client_replay *replay,
                                              uint64_t cookie)
{
    lanes_client_record *record = &replay->record[cookie & SLOT_MASK];
    return record->state == LANES_RECORD_IN_FLIGHT && record->cookie == cookie ? record
                                                                               : NULL;
}

static uint32_t index_of(const lanes_client_record *record)
{
    return record->cookie & SLOT_MASK;
}

void lanes_client_replay_free(lanes_client_replay *replay, lanes_client_record *record)
{
    record->state = LANES_RECORD_FREE;
    replay->free[replay->free_count++] = (uint8_t)index_of(record);
}

lanes_client_record *lanes_client_replay_kept(lanes_client_replay *replay)
{
    return replay->kept_count > 0
               ? &replay->record[replay->kept[replay->kept_head & SLOT_MASK]]
               : NULL;
}

void lanes_client_replay_consume(lanes_client_replay *replay)
{
    lanes_client_record *record = lanes_client_replay_kept(replay);
    LANES_ASSERT(record != NULL);
    replay->kept_head++;
    replay->kept_count--;
    lanes_client_replay_free(replay, record);
}

void lanes_client_replay_cancel(lanes_client_replay *replay, uint64_t tag)
{
    for (uint32_t i = 0; i < LANES_ABI_ENTRIES; i++) {
        lanes_client_record *record = &replay->record[i];
        if (record->state == LANES_RECORD_IN_FLIGHT && record->entry.tag == tag) {
            record->is_cancelled = true;
        }
    }
}

/* ---- Handles ------------------------------------------------------------------------
 */

static bool is_same(lanes_abi_id a, lanes_abi_id b)
{
    return a.slot == b.slot && a.generation == b.generation;
}

/** The words of operand @p index in @p record. */
static uint64_t *operand_words(lanes_client_record *record, uint32_t index)
{
    const uint32_t dimensions = record->entry.dimensions;
    return record->arguments + dimensions + (size_t)index * (OPERAND_WORDS + dimensions);
}

static lanes_abi_id operand_id(const lanes_client_record *record, uint32_t index)
{
    const uint32_t dimensions = record->entry.dimensions;
    lanes_abi_operand operand;
    memcpy(&operand,
           record->arguments + dimensions + (size_t)index * (OPERAND_WORDS + dimensions),
           sizeof(operand));
    return (lanes_abi_id){operand.segment_slot, operand.segment_generation};
}

static lanes_abi_id params_id(const lanes_client_record *record)
{
    return (lanes_abi_id){record->entry.params_slot, record->entry.params_generation};
}

static lanes_abi_id kernel_id(const lanes_client_record *record)
{
    return (lanes_abi_id){record->entry.kernel_slot, record->entry.kernel_generation};
}

static bool names_segment(const lanes_client_record *record, lanes_abi_id id)
{
    bool is_named = is_same(params_id(record), id); /* none has generation 0 */
    for (uint32_t i = 0; i < record->entry.operand_count && !is_named; i++) {
        is_named = is_same(operand_id(record, i), id);
    }
    return is_named;
}

uint32_t lanes_client_replay_segment_users(const lanes_client_replay *replay,
                                           lanes_abi_id id)
{
    uint32_t users = 0;
    for (uint32_t i = 0; i < LANES_ABI_ENTRIES; i++) {
        const lanes_client_record *record = &replay->record[i];
        users += record->state == LANES_RECORD_IN_FLIGHT && names_segment(record, id);
    }
    return users;
}

uint32_t lanes_client_replay_kernel_users(const lanes_client_replay *replay,
                                          lanes_abi_id id)
{
    uint32_t users = 0;
    for (uint32_t i = 0; i < LANES_ABI_ENTRIES; i++) {
        const lanes_client_record *record = &replay->record[i];
        users +=
            record->state == LANES_RECORD_IN_FLIGHT && is_same(kernel_id(record), id);
    }
    return users;
}

const lanes_segment *lanes_client_find_segment(const lanes_session *session,
                                               lanes_abi_id id)
{
    const lanes_segment *lists[] = {session->segments, session->released_segments};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(lists); i++) {
        for (const lanes_segment *s = lists[i]; s != NULL; s = s->next) {
            if (is_same(s->handle.id, id)) {
                return s;
            }
        }
    }
    return NULL;
}

const lanes_kernel *lanes_client_find_kernel(const lanes_session *session,
                                             lanes_abi_id id)
{
    const lanes_kernel *lists[] = {session->kernels, session->released_kernels};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(lists); i++) {
        for (const lanes_kernel *k = lists[i]; k != NULL; k = k->next) {
            if (is_same(k->handle.id, id)) {
                return k;
            }
        }
    }
    return NULL;
}

/** Frees a released segment that no batch names; false if there is none. */
static bool forget_a_segment(lanes_session *session)
{
    lanes_segment *s = session->released_segments;
    while (s != NULL && s->handle.users > 0) {
        s = s->next;
    }
    if (s == NULL) {
        return false;
    }
    const lanes_abi_id id = s->handle.id;
    lanes_client_forget_segment(s);
    lanes_client_release_segment(session, id);
    return true;
}

static bool forget_a_kernel(lanes_session *session)
{
    lanes_kernel *k = session->released_kernels;
    while (k != NULL && k->handle.users > 0) {
        k = k->next;
    }
    if (k == NULL) {
        return false;
    }
    const lanes_abi_id id = k->handle.id;
    lanes_client_forget_kernel(k);
    lanes_client_release_kernel(session, id);
    return true;
}

void lanes_client_replay_let_go(lanes_session *session, const lanes_client_record *record)
{
    for (lanes_segment *s = session->released_segments; s != NULL; s = s->next) {
        s->handle.users -= names_segment(record, s->handle.id);
    }
    for (lanes_kernel *k = session->released_kernels; k != NULL; k = k->next) {
        k->handle.users -= is_same(kernel_id(record), k->handle.id);
    }
    /* Telling the executor may find that it has ended, which changes the lists: so each
     * time from their beginning. */
    while (forget_a_segment(session) || forget_a_kernel(session)) {
    }
}

/* ---- The executor's end -------------------------------------------------------------
 */

/** The batch of @p record has ended; its completion takes the place of its entry. */
static void begin_to_keep(lanes_session *session, lanes_client_record *record)
{
    record->state = LANES_RECORD_KEPT; /* before others are asked who names what */
    lanes_client_replay_let_go(session, record);
}

/** The batch of @p record has ended with a completion that it now holds. */
static void keep(lanes_session *session, lanes_client_record *record)
{
    lanes_client_replay *replay = session->replay;
    replay->kept[(replay->kept_head + replay->kept_count) & SLOT_MASK] =
        (uint8_t)index_of(record);
    replay->kept_count++;
}

lanes_status lanes_client_replay_keep(lanes_session *session)
{
    for (;;) {
        const lanes_abi_completion *shared = NULL;
        const lanes_abi_detail *detail = NULL;
        const lanes_status found =
            lanes_ring_client_peek(&session->ring, &shared, &detail);
        if (found <= 0) {
            return found;
        }
        lanes_client_record *record =
            lanes_client_replay_find(session->replay, shared->cookie);
        if (record == NULL) {
            return LANES_E_RING_CORRUPT;
        }
        begin_to_keep(session, record);
        memcpy(&record->completion, shared, sizeof(record->completion));
        memcpy(&record->detail, detail, sizeof(record->detail));
        keep(session, record);
        lanes_ring_client_advance(&session->ring);
    }
}

/** End the batch of @p record here. */
static void end_batch(lanes_session *session, lanes_client_record *record,
                      lanes_status status, const char *text)
{
    const lanes_abi_completion completion = {
        .tag = record->entry.tag,
        .status = status,
        .cookie = record->cookie,
    };
    begin_to_keep(session, record);
    record->completion = completion;
    snprintf(record->detail.text, sizeof(record->detail.text), "%s", text);
    keep(session, record);
}

/** The executor has died when it had perhaps written some of the batch's outputs. */
static void judge_started(lanes_session *session, lanes_client_record *record)
{
    char text[LANES_ABI_TEXT_BYTES];
    char overlap[160];
    record->deaths++;
    const char *reason =
        record->is_run_once
            ? RUN_ONCE_REASON
            : lanes_client_find_overlap(session, record, overlap, sizeof(overlap));
    if (reason != NULL) {
        snprintf(
            text, sizeof(text),
            "the executor (process %d) died while it ran the batch, and %s: what its "
            "outputs hold is undefined; restore the data and submit it again",
            session->executor_pid, reason);
        end_batch(session, record, LANES_E_INDETERMINATE, text);
    } else if (record->deaths >= DEATHS_POISON) {
        snprintf(text, sizeof(text),
                 "%u executors died while they ran the batch (the last was process %d), "
                 "so it is not given to another; most likely its callback ends them",
                 record->deaths, session->executor_pid);
        end_batch(session, record, LANES_E_POISON, text);
    }
}

/** Indices of records in flight in the order of submission; returns how many. */
static uint32_t sort_in_flight(const lanes_client_replay *replay,
                               uint8_t order[LANES_ABI_ENTRIES])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < LANES_ABI_ENTRIES; i++) {
        if (replay->record[i].state != LANES_RECORD_IN_FLIGHT) {
            continue;
        }
        uint32_t at = count++;
        while (at > 0 &&
               replay->record[order[at - 1]].cookie > replay->record[i].cookie) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = (uint8_t)i;
    }
    return count;
}

void lanes_client_replay_judge(lanes_session *session)
{
    uint8_t order[LANES_ABI_ENTRIES];
    const uint32_t count = sort_in_flight(session->replay, order);
    for (uint32_t i = 0; i < count; i++) {
        lanes_client_record *record = &session->replay->record[order[i]];
        if (record->is_cancelled) {
            end_batch(session, record, LANES_E_CANCELLED, CANCELLED_TEXT);
        } else if (lanes_ring_client_is_started(&session->ring, record->cookie)) {
            judge_started(session, record);
        }
    }
}

/* ---- The next executor --------------------------------------------------------------
 */

/** Names in @p record become those that the next executor gave. */
static void rename_handles(const lanes_session *session, lanes_client_record *record)
{
    lanes_abi_entry *entry = &record->entry;
    const lanes_kernel *kernel = lanes_client_find_kernel(session, kernel_id(record));
    LANES_ASSERT(kernel != NULL);
    entry->kernel_slot = kernel->handle.fresh.slot;
    entry->kernel_generation = kernel->handle.fresh.generation;
    if (entry->params_generation != 0) {
        const lanes_segment *params =
            lanes_client_find_segment(session, params_id(record));
        LANES_ASSERT(params != NULL);
        entry->params_slot = params->handle.fresh.slot;
        entry->params_generation = params->handle.fresh.generation;
    }
    for (uint32_t i = 0; i < entry->operand_count; i++) {
        const lanes_segment *segment =
            lanes_client_find_segment(session, operand_id(record, i));
        LANES_ASSERT(segment != NULL);
        lanes_abi_operand operand;
        uint64_t *words = operand_words(record, i);
        memcpy(&operand, words, sizeof(operand));
        operand.segment_slot = segment->handle.fresh.slot;
        operand.segment_generation = segment->handle.fresh.generation;
        memcpy(words, &operand, sizeof(operand));
    }
}

static void take_fresh(lanes_client_handle *handle)
{
    handle->id = handle->fresh;
}

static void take_fresh_ids(lanes_session *session)
{
    lanes_segment *segments[] = {session->segments, session->released_segments};
    lanes_kernel *kernels[] = {session->kernels, session->released_kernels};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(segments); i++) {
        for (lanes_segment *s = segments[i]; s != NULL; s = s->next) {
            take_fresh(&s->handle);
        }
        for (lanes_kernel *k = kernels[i]; k != NULL; k = k->next) {
            take_fresh(&k->handle);
        }
    }
}

void lanes_client_replay_resubmit(lanes_session *session)
{
    lanes_client_replay *replay = session->replay;
    uint8_t order[LANES_ABI_ENTRIES];
    const uint32_t count = sort_in_flight(replay, order);
    for (uint32_t i = 0; i < count; i++) {
        rename_handles(session, &replay->record[order[i]]);
    }
    take_fresh_ids(session);
    bool has_to_ring = false;
    for (uint32_t i = 0; i < count; i++) {
        const lanes_client_record *record = &replay->record[order[i]];
        lanes_ring_slot slot;
        if (lanes_ring_client_reserve(&session->ring, &slot) < 0) {
            break; /* that executor is ending already: the next call finds it out */
        }
        memcpy(slot.arguments, record->arguments,
               record->entry.argument_words * sizeof(uint64_t));
        *slot.entry = record->entry;
        has_to_ring |= lanes_ring_client_commit(&session->ring);
    }
    if (has_to_ring) {
        lanes_os_event_signal(session->doorbell);
    }
}
