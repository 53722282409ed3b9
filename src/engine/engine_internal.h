/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_internal.h - shared by the files of this room.
 */
#ifndef LANES_ENGINE_INTERNAL_H
#define LANES_ENGINE_INTERNAL_H

#include "engine/engine.h"
#include "kernel/repr.h"

/* engine_block.c */

/** Set how each operand of @p plan, whose space is known, reaches the loop. */
void lanes_engine_choose_access(lanes_engine_plan *plan);

/** Run loop indices [begin, end) by the block; adds to @p result, with flat indices. */
void lanes_engine_run_blocks(const lanes_engine_plan *plan, lanes_loop_fn loop,
                             uint64_t begin, uint64_t end, lanes_loop_result *result);

/** A frame for the one element of @p flat_index. */
void lanes_engine_frame_of(const lanes_engine_plan *plan, uint64_t flat_index,
                           lanes_loop_frame *out);

/* engine_overlap.c */

/** What is known of an operand when overlaps are checked. */
typedef struct lanes_engine_extent {
    uint64_t low; /* bytes of its segment that it spans: [low, high) */
    uint64_t high;
    uint64_t element_bytes; /* of a row: all of it */
    bool is_output;         /* or the mask */
    bool is_mask;
    bool is_row;
} lanes_engine_extent;

/**
 * Check that outputs are arrays of their own, or exactly an input; count > 0.
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

#endif /* LANES_ENGINE_INTERNAL_H */
