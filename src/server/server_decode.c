/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_decode.c - from the private copy of a ring entry to a checked batch.
 *
 * Nothing of the client's memory is read here: entry and arguments were copied once.
 */
#include "server/server_internal.h"

#include <string.h>

/* Words of an operand before its strides. */
#define OPERAND_WORDS (sizeof(lanes_abi_operand) / sizeof(uint64_t))

static bool has_reserved_bits(const lanes_abi_entry *entry)
{
    uint64_t bits = entry->flags | entry->reserved0;
    for (size_t i = 0; i < LANES_ARRAY_COUNT(entry->reserved); i++) {
        bits |= entry->reserved[i];
    }
    return bits != 0;
}

static lanes_status check_entry(const lanes_abi_entry *entry, lanes_error *err)
{
    if (entry->opcode != LANES_ABI_OP_MAP) {
        return lanes_error_set(err, LANES_E_INVALID, "opcode %u of a batch is unknown",
                               entry->opcode);
    }
    if (has_reserved_bits(entry)) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "flags or a reserved field of a batch are not 0");
    }
    if (entry->dimensions == 0 || entry->dimensions > LANES_DIMENSIONS_MAX) {
        return lanes_error_set(err, LANES_E_SHAPE,
                               "the batch has %u dimensions; 1 to %d work",
                               entry->dimensions, LANES_DIMENSIONS_MAX);
    }
    if (entry->operand_count == 0 || entry->operand_count > LANES_OPERANDS_MAX) {
        return lanes_error_set(err, LANES_E_OPERANDS,
                               "the batch has %u operands; 1 to %d work",
                               entry->operand_count, LANES_OPERANDS_MAX);
    }
    const size_t words =
        entry->dimensions + entry->operand_count * (OPERAND_WORDS + entry->dimensions);
    if (entry->argument_words != words) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "the batch has %u argument words; %u dimensions and %u "
                               "operands need %zu",
                               entry->argument_words, entry->dimensions,
                               entry->operand_count, words);
    }
    return LANES_OK;
}

static lanes_status hold_kernel(lanes_server_session *session,
                                const lanes_abi_entry *entry, lanes_server_batch *batch,
                                lanes_error *err)
{
    lanes_server_kernel *kernel = entry->kernel_slot < LANES_KERNELS_MAX
                                      ? session->dispatch_kernels[entry->kernel_slot]
                                      : NULL;
    if (kernel == NULL || kernel->id.generation != entry->kernel_generation) {
        return lanes_error_set(err, LANES_E_STALE_ID,
                               "kernel %u.%u is unknown or was released",
                               entry->kernel_slot, entry->kernel_generation);
    }
    kernel->uses++;
    batch->kernel = kernel;
    return LANES_OK;
}

static lanes_status hold_operand(lanes_server_session *session, uint32_t index,
                                 const lanes_abi_operand *from, lanes_server_batch *batch,
                                 lanes_engine_operand *to, lanes_error *err)
{
    lanes_server_view *view = from->segment_slot < LANES_SEGMENTS_MAX
                                  ? session->dispatch_views[from->segment_slot]
                                  : NULL;
    if (view == NULL || view->id.generation != from->segment_generation) {
        return lanes_error_set(err, LANES_E_STALE_ID,
                               "operand %u: segment %u.%u is unknown or was released",
                               index, from->segment_slot, from->segment_generation);
    }
    if (from->flags != 0) {
        return lanes_error_set(err, LANES_E_INVALID, "operand %u: flags 0x%x must be 0",
                               index, from->flags);
    }
    view->uses++;
    batch->views[batch->view_count++] = view;
    const lanes_shm_segment *segment = view->segment;
    to->segment_base = segment->mapping.data;
    to->segment_bytes = segment->mapping.bytes;
    to->segment_key = segment->key;
    to->offset = from->offset;
    to->dtype = from->dtype;
    to->is_read_only = segment->mapping.is_read_only;
    return LANES_OK;
}

static lanes_status hold_operands(lanes_server_session *session,
                                  const lanes_abi_entry *entry, const uint64_t *words,
                                  lanes_server_batch *batch, lanes_engine_batch *checked,
                                  lanes_error *err)
{
    for (uint32_t i = 0; i < entry->operand_count; i++) {
        lanes_abi_operand operand;
        memcpy(&operand, words, sizeof(operand));
        words += OPERAND_WORDS;
        LANES_TRY(hold_operand(session, i, &operand, batch, &checked->operand[i], err));
        memcpy(checked->operand[i].stride, words, entry->dimensions * sizeof(words[0]));
        words += entry->dimensions;
    }
    return LANES_OK;
}

lanes_status lanes_server_batch_decode(lanes_server_session *session,
                                       const lanes_abi_entry *entry,
                                       const uint64_t *arguments,
                                       lanes_server_batch *batch, lanes_error *err)
{
    LANES_TRY(check_entry(entry, err));
    LANES_TRY(hold_kernel(session, entry, batch, err));
    lanes_engine_batch checked; /* only what the counts cover is filled and read */
    checked.dimensions = entry->dimensions;
    checked.operand_count = entry->operand_count;
    memcpy(checked.shape, arguments, entry->dimensions * sizeof(arguments[0]));
    LANES_TRY(hold_operands(session, entry, arguments + entry->dimensions, batch,
                            &checked, err));
    return lanes_engine_plan_batch(&checked, &batch->kernel->signature, &batch->plan,
                                   err);
}

void lanes_server_batch_let_go(lanes_server *server, lanes_server_batch *batch)
{
    for (uint32_t i = 0; i < batch->view_count; i++) {
        batch->views[i]->uses--;
        lanes_server_view_settle(server, batch->views[i]);
    }
    batch->view_count = 0;
    if (batch->kernel != NULL) {
        batch->kernel->uses--;
        lanes_server_kernel_settle(server, batch->kernel);
        batch->kernel = NULL;
    }
}
