/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_internal.h - shared by the files of this room.
 */
#ifndef LANES_ENGINE_INTERNAL_H
#define LANES_ENGINE_INTERNAL_H

#include "engine/engine.h"
#include "engine/engine_pack.h"
#include "kernel/reduce.h"
#include "kernel/repr.h"

#include <string.h>

/** Operand @p k where the client has it. */
static inline lanes_engine_source lanes_engine_source_of(const lanes_engine_plan *plan,
                                                         uint32_t k)
{
    return (lanes_engine_source){
        .space = &plan->space,
        .operand = k,
        .element_bytes = plan->element_size[k],
        .first = plan->frame.base[plan->slot[k]],
    };
}

/** Copy an element of any dtype. */
static inline void lanes_engine_copy_element(void *to, const void *from, uint64_t bytes)
{
    switch (bytes) {
    case 8:
        memcpy(to, from, 8);
        break;
    case 4:
        memcpy(to, from, 4);
        break;
    case 16:
        memcpy(to, from, 16);
        break;
    default:
        memcpy(to, from, bytes);
        break;
    }
}

/**
 * Call the loop for [begin, end) of @p frame's own count of elements. Stores past the
 * caches begin where lines do: elements before that are a call by themselves.
 * @param position  of `begin`, in elements from where every output begins a line
 */
static inline void lanes_engine_call_loop(const lanes_engine_plan *plan,
                                          const lanes_loop_frame *frame,
                                          lanes_loop_fn loop, uint64_t position,
                                          uint64_t begin, uint64_t end,
                                          lanes_loop_result *result)
{
    const uint64_t head = plan->key.streams != 0 ? -position % LANES_STREAM_COUNT : 0;
    const uint64_t middle = lanes_min_u64(begin + head, end);
    if (middle > begin) {
        loop(frame, begin, middle, result);
    }
    if (end > middle) {
        loop(frame, middle, end, result);
    }
}

/* engine_block.c */

/** Set how each operand of @p plan, whose space is known, reaches the loop. */
void lanes_engine_choose_access(lanes_engine_plan *plan);

/** The accumulators of a reduction's unit, which take the place of the outputs. */
typedef struct lanes_engine_own {
    char *base[LANES_OPERANDS_MAX]; /* of outputs, by operand */
    uint64_t begin;                 /* the loop index whose accumulator is at base */
} lanes_engine_own;

/**
 * Run loop indices [begin, end) by the block; adds to @p result, with flat indices.
 * @param own  NULL if it is no reduction
 */
void lanes_engine_run_blocks(const lanes_engine_plan *plan, const lanes_engine_own *own,
                             lanes_loop_fn loop, uint64_t begin, uint64_t end,
                             lanes_loop_result *result);

/* engine_cut.c */

/** Accumulators of a unit take half of a first-level cache of 32 KiB. */
#define LANES_ENGINE_ACCUMULATOR_BYTES (16u << 10)

/** Where values of an output begin, in bytes. */
#define LANES_ENGINE_VALUE_ALIGNMENT 16u

/** Bytes of an accumulator of output @p k. */
static inline uint64_t lanes_engine_value_bytes(const lanes_engine_plan *plan, uint32_t k)
{
    return lanes_reduce_is_arg(plan->reduction.op) ? sizeof(lanes_reduce_best)
                                                   : plan->element_size[k];
}

/** Values of each output of a reduction, and elements of each value; 0 if an axis is. */
void lanes_engine_count_reduced(const lanes_engine_batch *batch, uint64_t *out_kept,
                                uint64_t *out_reduced);

/** Choose whether a reduction folds. */
bool lanes_engine_choose_fold(const lanes_engine_batch *batch, uint32_t input_count,
                              bool keeps_order);

/** Cut a reduction into units, once access is chosen; allocates plan->partial, and says
 * how much work it is. */
LANES_NODISCARD lanes_status lanes_engine_cut_units(lanes_engine_plan *plan,
                                                    lanes_error *err);

/* engine_reduce.c */

/** Run the units that begin at [begin, end) of the work, which is in one pass; guarded by
 * the caller. */
void lanes_engine_run_units(const lanes_engine_plan *plan, lanes_loop_fn loop,
                            uint64_t begin, uint64_t end, lanes_loop_result *result);

/** Run a range whose accumulators are at own->base, from loop index own->begin on. */
void lanes_engine_run_row(const lanes_engine_plan *plan, const lanes_engine_own *own,
                          lanes_loop_fn loop, uint64_t begin, uint64_t end,
                          lanes_loop_result *result);

/** Elements of the unit that begins at @p begin of the work, which one does. */
uint64_t lanes_engine_unit_elements(const lanes_engine_plan *plan, uint64_t begin);

/**
 * Combine what units have left and write the results; guarded by the caller.
 * @param result  gets elements for which a kernel fails that reduces by itself
 */
void lanes_engine_finish_units(const lanes_engine_plan *plan, lanes_loop_fn loop,
                               lanes_loop_result *result);

/* engine_combine.c */

/** Read @p count values that the client lets a kernel begin with, from loop index @p
 * begin on. */
void lanes_engine_read_start(const lanes_engine_plan *plan, uint64_t begin,
                             uint64_t count, void *to);

/**
 * Begin a unit of a kernel that reduces by itself with the element of loop index
 * @p begin, or the first behind it that `where` wants; it counts as one that has not
 * failed.
 *
 * @param to  gets its value
 * @return the loop index behind it; @p end, and nothing written: there is none
 */
uint64_t lanes_engine_take_first(const lanes_engine_plan *plan, uint64_t begin,
                                 uint64_t end, void *to, bool *out_is_some);

/**
 * Combine @p count values at @p values, one behind the other, into *to.
 * @param flat_index  of an element that stands for them all, should one fail
 */
void lanes_engine_combine(const lanes_engine_plan *plan, lanes_loop_fn loop, void *to,
                          void *values, uint64_t count, uint64_t flat_index,
                          lanes_loop_result *result);

/**
 * True if `where` wants the element at @p place, or there is none; guarded by the caller.
 */
bool lanes_engine_is_wanted(const lanes_engine_plan *plan,
                            const lanes_engine_place *place);

/* engine_scan.c */

/** Run a segment of row @p row, in a first pass or the one that writes. */
void lanes_engine_run_segment(const lanes_engine_plan *plan, lanes_loop_fn loop,
                              uint64_t segment, uint64_t row, bool is_first_pass,
                              lanes_loop_result *result);

/** True if each row of a scan is one call of the loop. */
bool lanes_engine_runs_whole_rows(const lanes_engine_plan *plan);

/** Run rows @p first to @p last, which is one of them, of such a scan; none if it is
 * before the first. */
void lanes_engine_run_whole_rows(const lanes_engine_plan *plan, lanes_loop_fn loop,
                                 uint64_t first, uint64_t last,
                                 lanes_loop_result *result);

/** Between two passes: what each segment begins with, from the segments' totals. */
void lanes_engine_chain_segments(const lanes_engine_plan *plan, lanes_loop_fn loop);

/**
 * Let @p frame, of the first element of a scan that failed, have as first input what was
 * kept before it; guarded by the caller.
 */
void lanes_engine_find_before(const lanes_engine_plan *plan, uint64_t flat_index,
                              lanes_loop_frame *frame);

/* engine_flags.c */

/** Make plan->flags, if the batch asks for some. */
LANES_NODISCARD lanes_status lanes_engine_flags_create(const lanes_engine_batch *batch,
                                                       lanes_engine_plan *plan,
                                                       lanes_error *err);

/** True if a loop's flags are to be looked at. */
static inline bool lanes_engine_wants_flags(const lanes_engine_plan *plan)
{
    return plan->flags != NULL && plan->flags->confirm != NULL;
}

/** Loop indices [begin, end) have just been run, since the thread's flags were cleared:
 * look whether they raised what is wanted; clears the flags if so. Guarded by the caller.
 */
void lanes_engine_look_at_flags(const lanes_engine_plan *plan, uint64_t begin,
                                uint64_t end);

/** Run a range of a map whose inputs are outputs, and look at its flags. */
void lanes_engine_run_keeping(const lanes_engine_plan *plan, lanes_loop_fn loop,
                              uint64_t begin, uint64_t end, lanes_loop_result *result);

/* engine_run.c */

/** Run a range of a map. */
void lanes_engine_run_map(const lanes_engine_plan *plan, lanes_loop_fn loop,
                          uint64_t begin, uint64_t end, lanes_loop_result *result);

/* engine_block.c */

/** A frame for the one element of @p flat_index. */
void lanes_engine_frame_of(const lanes_engine_plan *plan, uint64_t flat_index,
                           lanes_loop_frame *out);

/* engine_overlap.c */

/** What is known of an operand when overlaps are checked. */
typedef struct lanes_engine_extent {
    uint64_t low; /* bytes of its segment that it spans: [low, high); none: 0, 0 */
    uint64_t high;
    uint64_t element_bytes; /* of a row: all of it */
    bool is_output;         /* or the mask */
    bool is_reduced;        /* an output that has no element along: */
    uint32_t reduced_axes;
    bool is_start;      /* an input that has as few elements, read before it is written */
    bool is_scan_start; /* one that is read while others are written */
    bool is_mask;
    bool is_row;
} lanes_engine_extent;

/**
 * Check that outputs are arrays of their own, or exactly an input. Those that span
 * nothing may be anywhere.
 *
 * @param extent  [batch->operand_count]
 * @return LANES_OK, LANES_E_OVERLAP
 */
LANES_NODISCARD lanes_status lanes_engine_check_overlap(const lanes_engine_batch *batch,
                                                        const lanes_engine_extent *extent,
                                                        lanes_error *err);

/** "(8, 0)", the strides of an operand as the client gave them. */
void lanes_engine_format_strides(const lanes_engine_batch *batch, uint32_t operand,
                                 char *text, size_t text_bytes);

/* engine_raised.c */

/**
 * Find out which exception the callback that has just run on this thread left at
 * @p excinfo, and fill @p out_raised.
 *
 * @return the exception's texts; NULL, and nothing written, if it is none of the
 *   kernel's, or if what it points to is not as the kernel's tables say
 */
const lanes_payload *lanes_engine_read_raised(const lanes_engine_exceptions *exceptions,
                                              const void *excinfo,
                                              lanes_abi_raised *out_raised);

/* engine_text.c */

/** Write "ValueError('negative', -2.0) in f (file.py:12)". */
void lanes_engine_write_raised(lanes_repr *repr, const lanes_payload *payload,
                               const lanes_abi_raised *raised);

/** How many elements the innermost dimension has. */
static inline uint64_t lanes_engine_inner_length(const lanes_engine_plan *plan)
{
    return plan->space.shape[plan->space.dimensions - 1];
}

#endif /* LANES_ENGINE_INTERNAL_H */
