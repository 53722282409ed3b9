/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_flags.c - floating-point exceptions: which were raised, and by which element.
 *
 * The thread's flags after a range of elements say that there may be something: compiled
 * loops compute both sides of branches. So the range is *confirmed*: its elements are run
 * one after the other by code that does nothing in vain (lanes_confirm_fn), and only what
 * that raises counts. README.md says how often.
 *
 * All threads share what is known of the batch. Each word is right by itself, and none
 * needs another: a range that is confirmed once too often does no harm.
 */
#include "engine/engine_fenv.h"
#include "engine/engine_internal.h"

#include <errno.h>
#include <stdlib.h>

#include "base/atomic.h"

/* Elements that are run before the flags are looked at: few enough for the stack of what
 * is run again, many enough for that look to cost nothing. */
#define GROUP_COUNT 64u

/* Confirmations in vain, after which only some ranges are confirmed; and the least part.
 */
#define VAIN_COUNT      4u
#define PERIOD_LOG2_MAX 6u

/* Copies of inputs that are outputs, of one range at a time. */
#define KEPT_BYTES (32u << 10)

/* Ranges begin at multiples of this, as blocks and streamed lines do. */
#define KEPT_STEP 64u

/* Inputs as they were before a range was run. */
struct kept {
    const char *at[LANES_FRAME_OPERANDS_MAX]; /* NULL: it is where it was */
};

/* ---- What is kept of a batch ------------------------------------------------------- */

/* True if operand @p k is read: an input, or `where`. */
static bool is_read(const lanes_engine_plan *plan, uint32_t k)
{
    return k < plan->input_count || k >= plan->input_count + plan->written_count;
}

/* True if an output overwrites it: they begin at one place, or the batch would have been
 * refused. */
static bool is_overwritten(const lanes_engine_plan *plan, uint32_t k)
{
    for (uint32_t o = plan->input_count; o < plan->input_count + plan->written_count;
         o++) {
        if (plan->frame.base[plan->slot[k]] == plan->frame.base[plan->slot[o]]) {
            return is_read(plan, k);
        }
    }
    return false;
}

lanes_status lanes_engine_flags_create(const lanes_engine_batch *batch,
                                       lanes_engine_plan *plan, lanes_error *err)
{
    if (batch->fp_report == 0 || lanes_reduce_is_by_kernel(batch->reduce)) {
        return LANES_OK;
    }
    lanes_engine_flags *flags = calloc(1, sizeof(*flags));
    if (flags == NULL) {
        return lanes_error_set(err, -ENOMEM, "no memory for the flags of a batch");
    }
    flags->wanted = batch->fp_report;
    flags->is_exact = batch->fp_exact;
    flags->first = UINT64_MAX;
    for (uint32_t k = 0; k < plan->operand_count; k++) {
        if (is_overwritten(plan, k)) {
            flags->kept |= 1u << k;
            flags->kept_bytes += plan->element_size[k];
        }
    }
    if (batch->reduce != LANES_REDUCE_NONE && flags->kept != 0) {
        free(flags); /* by a mask of failures: nothing is kept of units */
        return LANES_OK;
    }
    plan->flags = flags;
    return LANES_OK;
}

/* ---- What is looked for ------------------------------------------------------------ */

static void add_raised(lanes_engine_flags *flags, uint32_t bits, uint64_t flat)
{
    uint64_t first = lanes_load_relaxed_u64(&flags->first);
    lanes_fetch_or_relaxed_u32(&flags->raised, bits);
    while (flat < first &&
           !lanes_compare_exchange_acq_rel_u64(&flags->first, &first, flat)) {
    }
}

/* Bits worth looking for among elements of flat indices @p low and more. */
static uint32_t open_bits(const lanes_engine_flags *flags, uint64_t low)
{
    const uint32_t raised = lanes_load_relaxed_u32(&flags->raised);
    return low < lanes_load_relaxed_u64(&flags->first) ? flags->wanted
                                                       : flags->wanted & ~raised;
}

/* True for one range in as many as is worth it, by how often there was nothing. */
static bool is_chosen(lanes_engine_flags *flags)
{
    const uint64_t number = lanes_fetch_add_relaxed_u64(&flags->alarms, 1);
    uint64_t next = lanes_load_relaxed_u64(&flags->next);
    if (flags->is_exact != 0) {
        return true;
    }
    const uint64_t vain = lanes_load_relaxed_u64(&flags->vain);
    const uint64_t step = vain < VAIN_COUNT ? 0 : vain - VAIN_COUNT + 1;
    const uint64_t period = UINT64_C(1) << lanes_min_u64(step, PERIOD_LOG2_MAX);
    return number >= next &&
           lanes_compare_exchange_acq_rel_u64(&flags->next, &next, number + period);
}

/* ---- Confirming -------------------------------------------------------------------- */

/* Points @p frame to the elements of a run along the innermost dimension. */
static void point_to_run(const lanes_engine_plan *plan, const struct kept *kept,
                         uint64_t skip, const lanes_engine_place *place, uint64_t index,
                         lanes_loop_frame *frame)
{
    for (uint32_t k = 0; k < plan->operand_count; k++) {
        const uint32_t slot = plan->slot[k];
        if (kept->at[k] != NULL) {
            frame->base[slot] =
                (void *)((uintptr_t)kept->at[k] + skip * plan->element_size[k]);
            frame->stride[slot] = plan->element_size[k];
            continue;
        }
        frame->base[slot] = (char *)plan->frame.base[slot] +
                            lanes_engine_space_offset(&plan->space, k, place);
        frame->stride[slot] = plan->space.stride[k][plan->space.dimensions - 1];
    }
    frame->first = index;
}

static bool is_wanted(const lanes_engine_plan *plan, const lanes_loop_frame *frame,
                      uint64_t i)
{
    const uint32_t where = plan->mask + 1;
    return plan->key.has_where == 0 ||
           ((const char *)frame->base[where])[(int64_t)i * frame->stride[where]] != 0;
}

/* Runs elements of a run; what they raise adds up in the thread's flags. */
static void run_group(const lanes_engine_plan *plan, const lanes_loop_frame *frame,
                      uint64_t begin, uint64_t end)
{
    for (uint64_t i = begin; i < end; i++) {
        if (is_wanted(plan, frame, i)) {
            LANES_IGNORE(plan->flags->confirm(frame, frame->first + i),
                         "elements that fail are told apart one by one");
        }
    }
}

/* The first element of a run, from @p begin on, that raises some of @p bits; @p end:
 * there is none. */
static uint64_t find_raising(const lanes_engine_plan *plan, const lanes_loop_frame *frame,
                             uint64_t begin, uint64_t end, uint32_t bits,
                             uint32_t *out_raised)
{
    for (uint64_t i = begin; i < end; i++) {
        lanes_engine_fenv_clear();
        if (!is_wanted(plan, frame, i) ||
            plan->flags->confirm(frame, frame->first + i) != LANES_ELEMENT_OK) {
            continue;
        }
        *out_raised = lanes_engine_fenv_raised() & bits;
        if (*out_raised != 0) {
            return i;
        }
    }
    return end;
}

/* Looks for elements of a run that raise *bits, and takes those out that it has found. */
static void confirm_run(const lanes_engine_plan *plan, const lanes_loop_frame *frame,
                        uint64_t begin, uint64_t count, uint32_t *bits)
{
    for (uint64_t at = 0; at < count && *bits != 0; at += GROUP_COUNT) {
        const uint64_t end = lanes_min_u64(at + GROUP_COUNT, count);
        lanes_engine_fenv_clear();
        run_group(plan, frame, at, end);
        uint32_t seen = lanes_engine_fenv_raised() & *bits;
        for (uint64_t i = at; seen != 0 && i < end; i++) {
            uint32_t raised = 0;
            i = find_raising(plan, frame, i, end, seen, &raised);
            if (raised != 0) {
                add_raised(plan->flags, raised,
                           lanes_engine_space_flat(&plan->space, begin + i));
                *bits &= ~raised;
                seen &= ~raised;
            }
        }
    }
}

/* Confirms loop indices [begin, end), of which `kept` has the inputs from there on. */
static void confirm(const lanes_engine_plan *plan, const struct kept *kept,
                    uint64_t begin, uint64_t end, uint32_t bits)
{
    lanes_loop_frame frame = plan->frame;
    lanes_engine_place place;
    const uint32_t all = bits;
    const uint64_t first = begin;
    lanes_engine_space_place(&plan->space, begin, &place);
    while (begin < end && bits != 0) {
        const uint64_t left =
            lanes_engine_inner_length(plan) - place.index[plan->space.dimensions - 1];
        const uint64_t count = lanes_min_u64(left, end - begin);
        const uint64_t index =
            plan->tells_index ? lanes_engine_space_flat(&plan->space, begin) : 0;
        point_to_run(plan, kept, begin - first, &place, index, &frame);
        confirm_run(plan, &frame, begin, count, &bits);
        lanes_engine_space_advance(&plan->space, count, &place);
        begin += count;
    }
    if (bits == all) {
        lanes_fetch_add_relaxed_u64(&plan->flags->vain, 1);
    }
    lanes_engine_fenv_clear();
}

static void look(const lanes_engine_plan *plan, const struct kept *kept, uint64_t begin,
                 uint64_t end)
{
    lanes_engine_flags *flags = plan->flags;
    uint32_t bits = lanes_engine_fenv_raised() & flags->wanted;
    uint64_t low;
    uint64_t high;
    if (bits == 0) {
        return;
    }
    lanes_engine_fenv_clear();
    lanes_engine_space_flat_range(&plan->space, begin, end, &low, &high);
    bits &= open_bits(flags, low);
    if (bits != 0 && is_chosen(flags)) {
        confirm(plan, kept, begin, end, bits);
    }
}

void lanes_engine_look_at_flags(const lanes_engine_plan *plan, uint64_t begin,
                                uint64_t end)
{
    const struct kept none = {.at = {NULL}};
    look(plan, &none, begin, end);
}

/* ---- In place ---------------------------------------------------------------------- */

/* Copies what a range is going to overwrite. */
static void keep(const lanes_engine_plan *plan, uint64_t begin, uint64_t count, char *to,
                 struct kept *out)
{
    lanes_engine_place place;
    lanes_engine_space_place(&plan->space, begin, &place);
    for (uint32_t k = 0; k < plan->operand_count; k++) {
        out->at[k] = NULL;
        if ((plan->flags->kept >> k & 1u) != 0) {
            const lanes_engine_source source = lanes_engine_source_of(plan, k);
            lanes_engine_pack(&source, &place, count, to);
            out->at[k] = to;
            to += count * plan->element_size[k];
        }
    }
}

void lanes_engine_run_keeping(const lanes_engine_plan *plan, lanes_loop_fn loop,
                              uint64_t begin, uint64_t end, lanes_loop_result *result)
{
    _Alignas(LANES_CACHE_LINE) char copies[KEPT_BYTES];
    const uint64_t most = KEPT_BYTES / plan->flags->kept_bytes;
    const uint64_t step = most - most % KEPT_STEP;
    struct kept kept;
    for (uint64_t count; begin < end; begin += count) {
        count = lanes_min_u64(step, end - begin);
        keep(plan, begin, count, copies, &kept);
        lanes_engine_run_map(plan, loop, begin, begin + count, result);
        look(plan, &kept, begin, begin + count);
    }
}
