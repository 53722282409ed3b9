/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch_check.c - see batch_check.h.
 *
 * Which bytes belong to which element is written into a map of each object; so only
 * batches of few elements are looked at for overlap.
 */
#include "batch_check.h"

#include "batch_world.h"
#include "fuzz.h"
#include "kernel/reduce.h"

#define COUNT_MAX  512u
#define OBJECT_MAX 65536u
#define WORK_MAX   (1u << 18) /* bytes of all elements of all operands */

struct operand {
    lanes_abi_operand words;
    int64_t stride[LANES_DIMENSIONS_MAX];
    uint64_t shape[LANES_DIMENSIONS_MAX]; /* as this operand has it */
    const lanes_shm_segment *segment;
    uint64_t element_bytes;
    bool is_written;
    bool is_reduced;
};

struct check {
    uint32_t dimensions;
    uint32_t operand_count;
    bool is_reduced_by_kernel;
    uint64_t shape[LANES_DIMENSIONS_MAX];
    struct operand operand[LANES_OPERANDS_MAX];
};

/* The element that writes each byte, + 1; 0: none. */
static uint32_t owner[OBJECT_MAX];

static void read_operand(struct check *check, const lanes_server_session *session,
                         const lanes_abi_entry *entry, const lanes_signature *signature,
                         uint32_t k)
{
    struct operand *of = &check->operand[k];
    const bool is_where =
        (entry->flags & LANES_ABI_BATCH_WHERE) != 0 && k == entry->operand_count - 1;
    const bool is_mask = k == lanes_signature_operand_count(signature);
    FUZZ_CHECK(of->words.segment_slot < LANES_SEGMENTS_MAX);
    const lanes_server_view *view = session->dispatch_views[of->words.segment_slot];
    FUZZ_CHECK(view != NULL && view->id.generation == of->words.segment_generation);
    of->segment = view->segment;
    const bool is_row =
        k < signature->input_count && (signature->row_mask >> k & 1u) != 0;
    of->element_bytes =
        (uint64_t)lanes_dtype_bytes(of->words.dtype) * (is_row ? of->words.row_count : 1);
    of->is_written = k >= signature->input_count && !is_where;
    of->is_reduced = of->is_written && !is_mask && entry->reduce != LANES_REDUCE_NONE &&
                     entry->reduce != LANES_REDUCE_SCAN;
    /* Where values begin is read once for each, also if there are none to go on with. */
    const bool is_start = k == 0 && entry->reduce == LANES_REDUCE_KERNEL;
    for (uint32_t d = 0; d < entry->dimensions; d++) {
        const bool has_none =
            (of->is_reduced || is_start) && (entry->reduce_axes >> d & 1u) != 0;
        of->shape[d] = has_none ? 1 : check->shape[d];
    }
}

static bool is_empty(const struct operand *of, uint32_t dimensions)
{
    for (uint32_t d = 0; d < dimensions; d++) {
        if (of->shape[d] == 0) {
            return true;
        }
    }
    return false;
}

/* Every byte inside, whatever the order of the strides. */
static void check_span(const struct operand *of, uint32_t dimensions)
{
    fuzz_i128 low = of->words.offset;
    fuzz_i128 high = low + (fuzz_i128)of->element_bytes;
    for (uint32_t d = 0; d < dimensions; d++) {
        const fuzz_i128 reach = (fuzz_i128)(of->shape[d] - 1) * of->stride[d];
        low += reach < 0 ? reach : 0;
        high += reach > 0 ? reach : 0;
    }
    FUZZ_CHECK(of->element_bytes > 0);
    FUZZ_CHECK(low >= 0 && high <= (fuzz_i128)of->segment->mapping.bytes);
    FUZZ_CHECK(!of->is_written || !of->segment->mapping.is_read_only);
}

/* Where element @p index, in C order of the batch's shape, begins. */
static uint64_t offset_of(const struct check *check, const struct operand *of,
                          uint64_t index)
{
    uint64_t offset = of->words.offset;
    for (uint32_t d = check->dimensions; d-- > 0;) {
        offset += (index % check->shape[d]) * (uint64_t)of->stride[d];
        index /= check->shape[d];
    }
    return offset;
}

/* Two elements of a reduction may share a result; otherwise none shares anything. */
static void claim(const struct check *check, const struct operand *of, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t offset = offset_of(check, of, i);
        for (uint64_t b = offset; b < offset + of->element_bytes; b++) {
            const uint32_t name = of->is_reduced ? (uint32_t)offset : (uint32_t)i;
            FUZZ_CHECK(owner[b] == 0 || owner[b] == name + 1);
            owner[b] = name + 1;
        }
    }
}

/* Accumulators may be where they start. */
static void check_apart(const struct check *check, const struct operand *written,
                        const struct operand *of, uint64_t count)
{
    const bool is_start =
        check->is_reduced_by_kernel && of == &check->operand[0] && written->is_reduced;
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t offset = offset_of(check, of, i);
        for (uint64_t b = offset; b < offset + of->element_bytes; b++) {
            const uint64_t name = written->is_reduced ? offset : i;
            FUZZ_CHECK(owner[b] == 0 ||
                       ((is_start || !written->is_reduced) && owner[b] == name + 1));
        }
    }
}

static void check_params(const lanes_server_session *session,
                         const lanes_abi_entry *entry, const struct operand *written)
{
    if (entry->params_generation == 0) {
        return;
    }
    const lanes_shm_segment *segment =
        session->dispatch_views[entry->params_slot]->segment;
    const fuzz_i128 end = (fuzz_i128)entry->params_offset + entry->params_bytes;
    FUZZ_CHECK(end <= (fuzz_i128)segment->mapping.bytes);
    for (uint64_t b = entry->params_offset;
         written->segment->key == segment->key && b < (uint64_t)end; b++) {
        FUZZ_CHECK(owner[b] == 0);
    }
}

static void check_overlap(const struct check *check, const lanes_server_session *session,
                          const lanes_abi_entry *entry, uint64_t count)
{
    for (uint32_t o = 0; o < check->operand_count; o++) {
        const struct operand *written = &check->operand[o];
        if (!written->is_written) {
            continue;
        }
        memset(owner, 0, sizeof(owner));
        claim(check, written, count);
        for (uint32_t k = 0; k < check->operand_count; k++) {
            if (k != o && check->operand[k].segment->key == written->segment->key) {
                check_apart(check, written, &check->operand[k], count);
            }
        }
        check_params(session, entry, written);
    }
}

void batch_check(const lanes_server_session *session, const lanes_abi_entry *entry,
                 const uint64_t *arguments, const lanes_server_batch *batch)
{
    struct check check = {.dimensions = entry->dimensions,
                          .operand_count = entry->operand_count,
                          .is_reduced_by_kernel = entry->reduce == LANES_REDUCE_KERNEL};
    const uint64_t *at = arguments + entry->dimensions;
    const size_t stride_bytes = entry->dimensions * sizeof(int64_t);
    fuzz_u128 count = 1;
    fuzz_u128 work = 0;
    memcpy(check.shape, arguments, stride_bytes);
    for (uint32_t d = 0; d < entry->dimensions; d++) {
        count *= check.shape[d]; /* no product of two is above 2^80, then it is checked */
        FUZZ_CHECK(count <= LANES_COUNT_MAX || batch->plan.count == 0);
    }
    FUZZ_CHECK(count == batch->plan.count);
    for (uint32_t k = 0; k < entry->operand_count; k++) {
        struct operand *of = &check.operand[k];
        memcpy(&of->words, at, sizeof(of->words));
        at += sizeof(of->words) / sizeof(*at);
        memcpy(of->stride, at, stride_bytes);
        at += entry->dimensions;
        read_operand(&check, session, entry, &batch->kernel->checked.signature, k);
        if (!is_empty(of, entry->dimensions)) {
            check_span(of, entry->dimensions);
        }
        work += count * of->element_bytes;
    }
    if (count > 0 && count <= COUNT_MAX && work <= WORK_MAX) {
        check_overlap(&check, session, entry, (uint64_t)count);
    }
}
