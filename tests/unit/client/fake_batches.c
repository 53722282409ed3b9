/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_batches.c - what the fake executor does with batches: runs them, or ends on the
 * way.
 */
#include <string.h>
#include <time.h>

#include "os/os_wait.h"
#include "unit/client/fake_internal.h"

bool fake_has_kernel(const fake_session *self, lanes_abi_id id)
{
    return id.slot < KERNELS && self->ir_bytes[id.slot] != 0 &&
           self->generation[id.slot] == id.generation;
}

/** The operand's address, or NULL with a status. Offsets are trusted: this is a fake. */
static double *resolve(fake_session *self, const uint64_t *words, lanes_status *status)
{
    lanes_abi_operand operand;
    memcpy(&operand, words, sizeof(operand));
    lanes_shm_segment *segment = NULL;
    const lanes_abi_id id = {operand.segment_slot, operand.segment_generation};
    *status = lanes_shm_acquire(self->table, id, &segment);
    if (*status < 0) {
        return NULL;
    }
    double *address = (double *)(void *)((char *)segment->mapping.data + operand.offset);
    lanes_shm_drop(segment); /* it stays mapped: this thread also releases */
    return address;
}

/** c = a + b over contiguous f8 along the last dimension, all others having length 1;
 * further operands are left alone. */
static lanes_status run_batch(fake_session *self, const lanes_abi_entry *entry,
                              const uint64_t *arguments)
{
    const lanes_abi_id kernel = {entry->kernel_slot, entry->kernel_generation};
    if (!fake_has_kernel(self, kernel)) {
        return LANES_E_STALE_ID;
    }
    const uint32_t dimensions = entry->dimensions;
    const size_t operand_words = sizeof(lanes_abi_operand) / 8 + dimensions;
    LANES_ASSERT(dimensions >= 1 && dimensions <= LANES_DIMENSIONS_MAX);
    LANES_ASSERT(entry->operand_count >= 3 && entry->operand_count <= 5);
    LANES_ASSERT(entry->argument_words ==
                 dimensions + entry->operand_count * operand_words);
    double *data[3];
    for (uint32_t i = 0; i < 3; i++) {
        lanes_status status = LANES_OK;
        data[i] = resolve(self, arguments + dimensions + i * operand_words, &status);
        LANES_TRY(status);
    }
    for (uint64_t i = 0; i < arguments[dimensions - 1]; i++) {
        data[2][i] = data[0][i] + data[1][i];
    }
    if (self->fake->run_count < FAKE_RUNS_MAX) {
        self->fake->run_tag[self->fake->run_count++] = entry->tag;
    }
    self->fake->entry = *entry;
    memcpy(&self->fake->first_operand, arguments + dimensions,
           sizeof(self->fake->first_operand));
    return self->fake->plan.outcome;
}

static void wake_client(fake_session *self, uint32_t wake)
{
    if ((wake & LANES_ABI_WAIT_FUTEX) != 0) {
        lanes_os_futex_wake(lanes_ring_executor_futex(&self->ring), UINT32_MAX);
    }
    if ((wake & LANES_ABI_WAIT_EVENT) != 0) {
        lanes_os_event_signal(self->event);
    }
}

static void post_batch(fake_session *self, const lanes_abi_entry *entry,
                       lanes_status status)
{
    const lanes_abi_completion completion = {
        .tag = entry->tag,
        .status = status,
        .failed = self->fake->plan.failed,
        .first_failed = 3,
        .elements = 7,
        .queued_ns = lanes_clock_ns() - entry->submitted_ns,
        .run_ns = 5,
        .tiles = 2,
        .threads = 1,
        .strategy = LANES_STRATEGY_LOOP,
        .vector_width = 8,
        .cookie = entry->cookie + self->fake->plan.cookie_error,
        .fp_raised = entry->fp_report & self->fake->plan.fp_raised,
        .fp_first = entry->fp_exact != 0 ? 4 : 5,
    };
    lanes_ring_executor_post(&self->ring, &completion, lanes_status_text(status),
                             &self->fake->plan.raised);
}

static void complete_batch(fake_session *self, const lanes_abi_entry *entry,
                           lanes_status status)
{
    post_batch(self, entry, status);
    const uint32_t wake = lanes_ring_executor_publish(&self->ring);
    if (self->fake->plan.batches != FAKE_FINISH_AND_DIE) {
        wake_client(self, wake);
    }
}

static void tell_started(fake_session *self, const lanes_abi_entry *entry)
{
    self->fake->started++;
    lanes_ring_executor_tell_started(&self->ring, self->batch_count % LANES_ABI_ENTRIES,
                                     entry->cookie);
}

/** Get as far with the batch as planned, then die. */
static void die_with(fake_session *self, const lanes_abi_entry *entry,
                     const uint64_t *arguments)
{
    const enum fake_death death = self->fake->plan.death;
    lanes_status status = LANES_OK;
    self->is_over = true;
    if (death == FAKE_AT_STOP) {
        complete_batch(self, entry, LANES_E_CANCELLED);
        lanes_ring_executor_close(&self->ring, LANES_E_PEER_GONE);
        return;
    }
    if (death >= FAKE_AFTER_STARTED) {
        tell_started(self, entry);
    }
    if (death >= FAKE_AFTER_WRITE) {
        status = run_batch(self, entry, arguments);
    }
    if (death >= FAKE_AFTER_POST) {
        post_batch(self, entry, status);
    }
    if (death >= FAKE_AFTER_PUBLISH) {
        LANES_IGNORE((lanes_status)lanes_ring_executor_publish(&self->ring),
                     "nobody is woken");
    }
}

static void handle_batch(fake_session *self, const lanes_abi_entry *entry,
                         const uint64_t *arguments)
{
    const fake_plan *plan = &self->fake->plan;
    switch (plan->batches) {
    case FAKE_HOLD:
        return;
    case FAKE_DIE:
        self->is_over = true;
        return;
    case FAKE_CLOSE:
        lanes_ring_executor_close(&self->ring, plan->status);
        wake_client(self, LANES_ABI_WAIT_FUTEX | LANES_ABI_WAIT_EVENT);
        return;
    case FAKE_CORRUPT:
        *lanes_ring_executor_futex(&self->ring) = 1000;
        wake_client(self, LANES_ABI_WAIT_FUTEX | LANES_ABI_WAIT_EVENT);
        return;
    case FAKE_RUN:
    case FAKE_FINISH_AND_DIE:
        break;
    }
    tell_started(self, entry);
    const struct timespec delay = {.tv_nsec = (long)plan->delay_ns};
    nanosleep(&delay, NULL);
    complete_batch(self, entry, run_batch(self, entry, arguments));
    self->is_over = plan->batches == FAKE_FINISH_AND_DIE;
}

void fake_serve_ring(fake_session *self)
{
    lanes_abi_entry entry;
    uint64_t arguments[LANES_ABI_ARGUMENT_WORDS];
    const fake_plan *plan = &self->fake->plan;
    while (!self->is_over && lanes_ring_executor_has_entries(&self->ring)) {
        const bool is_last = plan->death != FAKE_LIVE &&
                             self->batch_count == plan->death_batch &&
                             fake_dies(self->fake);
        if (is_last && plan->death == FAKE_BEFORE_TAKE) {
            self->is_over = true;
            break;
        }
        if (lanes_ring_executor_take(&self->ring, &entry, arguments) != 1) {
            break;
        }
        if (is_last) {
            die_with(self, &entry, arguments);
        } else {
            handle_batch(self, &entry, arguments);
        }
        self->batch_count++;
    }
}
