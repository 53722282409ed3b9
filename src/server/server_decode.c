/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_decode.c - from the private copy of a ring entry to a checked batch.
 *
 * Nothing of the client's memory is read here: entry and arguments were copied once.
 */
#include "server/server_internal.h"

#include <inttypes.h>
#include <string.h>

/* Words of an operand before its strides. */
#define OPERAND_WORDS (sizeof(lanes_abi_operand) / sizeof(uint64_t))

/* Bits that an entry's flags may have. */
#define BATCH_FLAGS (LANES_ABI_BATCH_WHERE | LANES_ABI_BATCH_FLUSH)

/* A params block, or nothing said about one. */
static bool is_params_sane(const lanes_abi_entry *entry)
{
    return entry->params_generation != 0 ||
           (entry->params_slot == 0 && entry->params_offset == 0 &&
            entry->params_bytes == 0);
}

static bool has_reserved_bits(const lanes_abi_entry *entry)
{
    uint64_t bits = entry->flags & ~BATCH_FLAGS;
    for (size_t i = 0; i < LANES_ARRAY_COUNT(entry->reserved); i++) {
        bits |= entry->reserved[i];
    }
    return bits != 0;
}

/* Axes that the batch does not have are the client's to leave out: refused, they may mean
 * something one day. */
static lanes_status check_reduction(const lanes_abi_entry *entry, lanes_error *err)
{
    if (entry->reduce > LANES_REDUCE_SCAN) {
        return lanes_error_set(err, LANES_E_INVALID, "reduce %u of a batch is unknown",
                               entry->reduce);
    }
    const uint32_t known =
        entry->reduce != LANES_REDUCE_NONE ? (1u << entry->dimensions) - 1 : 0;
    if ((entry->reduce_axes & ~known) != 0) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "reduce_axes 0x%x of a batch is not 0x%x or a part of it, "
                               "for reduce %u and %u dimensions",
                               entry->reduce_axes, known, entry->reduce,
                               entry->dimensions);
    }
    return LANES_OK;
}

static lanes_status check_entry(const lanes_abi_entry *entry, lanes_error *err)
{
    if (entry->opcode != LANES_ABI_OP_MAP) {
        return lanes_error_set(err, LANES_E_INVALID, "opcode %u of a batch is unknown",
                               entry->opcode);
    }
    if (has_reserved_bits(entry)) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "a reserved field of a batch is not 0");
    }
    if (entry->errors > LANES_ERRORS_IGNORE) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "errors policy %u of a batch is unknown", entry->errors);
    }
    if (entry->casting > LANES_CASTING_UNSAFE) {
        return lanes_error_set(err, LANES_E_INVALID, "casting %u of a batch is unknown",
                               entry->casting);
    }
    if (entry->priority > LANES_PRIORITY_HIGH) {
        return lanes_error_set(err, LANES_E_INVALID, "priority %u of a batch is unknown",
                               entry->priority);
    }
    if ((entry->fp_report & ~LANES_FP_FLAGS) != 0 ||
        entry->fp_exact > (entry->fp_report != 0 ? 1u : 0u)) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "fp_report 0x%x with fp_exact %u of a batch is unknown",
                               entry->fp_report, entry->fp_exact);
    }
    if (!is_params_sane(entry)) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "the batch has no params block, but its slot, offset or "
                               "bytes are not 0");
    }
    if (entry->dimensions == 0 || entry->dimensions > LANES_DIMENSIONS_MAX) {
        return lanes_error_set(err, LANES_E_SHAPE,
                               "the batch has %u dimensions; 1 to %d work",
                               entry->dimensions, LANES_DIMENSIONS_MAX);
    }
    LANES_TRY(check_reduction(entry, err));
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

/* With 512 bits, libmvec's hypot squares its operands and loses them if that is denormal:
 * wrong by 10^14 units for operands near 2^-512. Which width a variant has is LLVM's
 * choice, so it is refused whatever it is. */
static lanes_status check_flush(const lanes_abi_entry *entry,
                                const lanes_server_kernel *kernel, lanes_error *err)
{
    if ((entry->flags & LANES_ABI_BATCH_FLUSH) == 0 || !kernel->calls_vector_hypot) {
        return LANES_OK;
    }
    return lanes_error_set(err, LANES_E_INVALID,
                           "denormals 'flush' with a kernel that calls hypot by vectors, "
                           "which would be wrong also for operands that are not "
                           "denormal: load it with math 'exact', or keep denormals");
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

/* The segment of this id, held; NULL if there is none. */
static const lanes_shm_segment *hold_segment(lanes_server_session *session,
                                             lanes_abi_id id, lanes_server_batch *batch)
{
    lanes_server_view *view =
        id.slot < LANES_SEGMENTS_MAX ? session->dispatch_views[id.slot] : NULL;
    if (view == NULL || view->id.generation != id.generation) {
        return NULL;
    }
    view->uses++;
    batch->views[batch->view_count++] = view;
    return view->segment;
}

static lanes_status hold_operand(lanes_server_session *session, uint32_t index,
                                 const lanes_abi_operand *from, lanes_server_batch *batch,
                                 lanes_engine_operand *to, lanes_error *err)
{
    const lanes_abi_id id = {from->segment_slot, from->segment_generation};
    const lanes_shm_segment *segment = hold_segment(session, id, batch);
    if (segment == NULL) {
        return lanes_error_set(err, LANES_E_STALE_ID,
                               "operand %u: segment %u.%u is unknown or was released",
                               index, id.slot, id.generation);
    }
    to->segment_base = segment->mapping.data;
    to->segment_bytes = segment->mapping.bytes;
    to->segment_key = segment->key;
    to->offset = from->offset;
    to->dtype = from->dtype;
    to->row_count = from->row_count;
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

static lanes_status hold_params(lanes_server_session *session,
                                const lanes_abi_entry *entry, lanes_server_batch *batch,
                                lanes_engine_batch *checked, lanes_error *err)
{
    checked->params = NULL;
    checked->params_bytes = 0;
    checked->params_key = 0;
    checked->params_offset = 0;
    if (entry->params_generation == 0) {
        return LANES_OK;
    }
    const lanes_abi_id id = {entry->params_slot, entry->params_generation};
    const lanes_shm_segment *segment = hold_segment(session, id, batch);
    if (segment == NULL) {
        return lanes_error_set(err, LANES_E_STALE_ID,
                               "params block: segment %u.%u is unknown or was released",
                               id.slot, id.generation);
    }
    uint64_t end = 0;
    if (!lanes_add_u64(entry->params_offset, entry->params_bytes, &end) ||
        end > segment->mapping.bytes) {
        return lanes_error_set(err, LANES_E_SPAN,
                               "params block (offset %" PRIu64 ", %" PRIu64
                               " bytes) reaches outside its segment of %" PRIu64 " bytes",
                               entry->params_offset, entry->params_bytes,
                               segment->mapping.bytes);
    }
    checked->params = (const char *)segment->mapping.data + entry->params_offset;
    checked->params_bytes = entry->params_bytes;
    checked->params_key = segment->key;
    checked->params_offset = entry->params_offset;
    return LANES_OK;
}

lanes_status lanes_server_batch_decode(lanes_server_session *session,
                                       const lanes_abi_entry *entry,
                                       const uint64_t *arguments,
                                       lanes_server_batch *batch, lanes_error *err)
{
    LANES_TRY(check_entry(entry, err));
    LANES_TRY(hold_kernel(session, entry, batch, err));
    LANES_TRY(check_flush(entry, batch->kernel, err));
    lanes_engine_batch checked; /* only what the counts cover is filled and read */
    checked.dimensions = entry->dimensions;
    checked.operand_count = entry->operand_count;
    checked.errors = entry->errors;
    checked.casting = entry->casting;
    checked.has_where = (entry->flags & LANES_ABI_BATCH_WHERE) != 0 ? 1 : 0;
    checked.stream_bytes = session->server->dispatch.plan->last_level_cache_bytes;
    checked.seed = entry->seed;
    batch->deadline_ns = entry->deadline_ns;
    batch->priority = entry->priority; /* known, so it may be an index */
    checked.flushes = (entry->flags & LANES_ABI_BATCH_FLUSH) != 0;
    checked.fp_report = entry->fp_report;
    checked.fp_exact = entry->fp_exact;
    checked.reduce = entry->reduce;
    checked.reduce_axes = entry->reduce_axes;
    memcpy(checked.shape, arguments, entry->dimensions * sizeof(arguments[0]));
    LANES_TRY(hold_operands(session, entry, arguments + entry->dimensions, batch,
                            &checked, err));
    LANES_TRY(hold_params(session, entry, batch, &checked, err));
    LANES_TRY(
        lanes_engine_plan_batch(&checked, &batch->kernel->checked, &batch->plan, err));
    if (lanes_engine_is_placeable(&batch->plan, session->server->dispatch.plan)) {
        lanes_server_place_batch(session->server, batch);
    }
    return LANES_OK;
}

void lanes_server_batch_let_go(lanes_server *server, lanes_server_batch *batch)
{
    for (uint32_t i = 0; i < batch->view_count; i++) {
        batch->views[i]->uses--;
        lanes_server_view_settle(server, batch->views[i]);
    }
    batch->view_count = 0;
    lanes_engine_plan_deinit(&batch->plan);
    if (batch->kernel != NULL) {
        batch->kernel->uses--;
        lanes_server_kernel_settle(server, batch->kernel);
        batch->kernel = NULL;
    }
}
