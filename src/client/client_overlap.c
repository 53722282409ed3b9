/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_overlap.c - whether a batch writes what it also reads.
 *
 * Then it cannot be run twice: the second run would read what the first one wrote. Ranges
 * are those from the lowest to the highest byte of an operand, so that arrays which
 * interleave count as overlapping; and what cannot be computed overlaps.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/client_internal.h"
#include "kernel/dtype.h"

#define OPERAND_WORDS (sizeof(lanes_abi_operand) / sizeof(uint64_t))

/** Bytes [begin, end) of an object. */
typedef struct range {
    uint64_t device;
    uint64_t inode;
    uint64_t begin;
    uint64_t end; /* == begin: nothing */
} range;

static range all_of(const lanes_segment *segment)
{
    return (range){.device = segment->mapping.device,
                   .inode = segment->mapping.inode,
                   .end = segment->mapping.bytes};
}

/** Bytes below and above the first element that its strides lead to; false: too many. */
static bool reach(const lanes_abi_entry *entry, const uint64_t *shape,
                  const int64_t *stride, uint64_t *out_below, uint64_t *out_above)
{
    *out_below = 0;
    *out_above = 0;
    for (uint32_t d = 0; d < entry->dimensions; d++) {
        const bool is_down = stride[d] < 0;
        const uint64_t step = is_down ? 0 - (uint64_t)stride[d] : (uint64_t)stride[d];
        uint64_t *sum = is_down ? out_below : out_above;
        uint64_t bytes;
        if (!lanes_mul_u64(step, shape[d] - 1, &bytes) ||
            !lanes_add_u64(*sum, bytes, sum)) {
            return false;
        }
    }
    return true;
}

/** The bytes of operand @p index; of its whole segment if its shape is nonsense. */
static range range_of(const lanes_session *session, const lanes_client_record *record,
                      uint32_t index)
{
    const lanes_abi_entry *entry = &record->entry;
    const uint64_t *words = record->arguments + entry->dimensions +
                            (size_t)index * (OPERAND_WORDS + entry->dimensions);
    lanes_abi_operand operand;
    int64_t stride[LANES_DIMENSIONS_MAX];
    memcpy(&operand, words, sizeof(operand));
    memcpy(stride, words + OPERAND_WORDS, entry->dimensions * sizeof(stride[0]));
    const lanes_segment *segment = lanes_client_find_segment(
        session, (lanes_abi_id){operand.segment_slot, operand.segment_generation});
    LANES_ASSERT(segment != NULL);
    range all = all_of(segment);
    for (uint32_t d = 0; d < entry->dimensions; d++) {
        if (record->arguments[d] == 0) {
            all.end = all.begin; /* no element */
            return all;
        }
    }
    const uint64_t row = operand.row_count > 0 ? operand.row_count : 1;
    const uint64_t item = row * lanes_dtype_bytes(operand.dtype);
    uint64_t below;
    uint64_t above;
    uint64_t end;
    if (!reach(entry, record->arguments, stride, &below, &above) ||
        below > operand.offset || !lanes_add_u64(operand.offset, above, &end) ||
        !lanes_add_u64(end, item, &end)) {
        return all;
    }
    all.begin = operand.offset - below;
    all.end = end;
    return all;
}

static bool overlap(const range *a, const range *b)
{
    return a->device == b->device && a->inode == b->inode && a->begin < b->end &&
           b->begin < a->end && a->begin < a->end && b->begin < b->end;
}

/** The clause about operand @p output, which overlaps what @p what says. */
static const char *explain(uint32_t output, const char *what, char *text,
                           size_t text_bytes)
{
    snprintf(text, text_bytes, "operand %u, which it writes, shares memory with %s",
             output, what);
    return text;
}

/** The params block and its place in @p record; false if there is none. */
static bool find_params(const lanes_session *session, const lanes_client_record *record,
                        range *out_params)
{
    const lanes_abi_entry *entry = &record->entry;
    if (entry->params_generation == 0) {
        return false;
    }
    const lanes_segment *segment = lanes_client_find_segment(
        session, (lanes_abi_id){entry->params_slot, entry->params_generation});
    LANES_ASSERT(segment != NULL);
    *out_params = all_of(segment);
    uint64_t end;
    if (lanes_add_u64(entry->params_offset, entry->params_bytes, &end)) {
        out_params->begin = entry->params_offset;
        out_params->end = end;
    }
    return true;
}

const char *lanes_client_find_overlap(const lanes_session *session,
                                      const lanes_client_record *record, char *text,
                                      size_t text_bytes)
{
    const lanes_abi_entry *entry = &record->entry;
    const lanes_kernel *kernel = lanes_client_find_kernel(
        session, (lanes_abi_id){entry->kernel_slot, entry->kernel_generation});
    LANES_ASSERT(kernel != NULL);
    const bool has_where = (entry->flags & LANES_ABI_BATCH_WHERE) != 0;
    const uint32_t count = entry->operand_count;
    const uint32_t written_end = has_where ? count - 1 : count;
    range params;
    const bool has_params = find_params(session, record, &params);
    for (uint32_t out = kernel->input_count; out < written_end; out++) {
        const range written = range_of(session, record, out);
        if (has_params && overlap(&written, &params)) {
            return explain(out, "the params block", text, text_bytes);
        }
        for (uint32_t in = 0; in < count; in++) {
            if (in >= kernel->input_count && in < written_end) {
                continue;
            }
            const range read = range_of(session, record, in);
            if (overlap(&written, &read)) {
                char what[32];
                snprintf(what, sizeof(what),
                         in < kernel->input_count ? "input %u" : "`where`, operand %u",
                         in);
                return explain(out, what, text, text_bytes);
            }
        }
    }
    return NULL;
}
