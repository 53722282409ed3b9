/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_space.h - the order in which the elements of a batch are run.
 *
 * A batch's dimensions are in C order, as its user sees them. The loops run them so that
 * memory is walked through in steps as small as can be: axes of length 1 are dropped, the
 * others sorted by the outputs' strides (by the inputs' where those say nothing), axes
 * that all operands walk backwards are turned around, neighbours that are one run of
 * memory for every operand are merged. "Loop index" counts elements in that order, "flat
 * index" in C order; users know the second only.
 */
#ifndef LANES_ENGINE_SPACE_H
#define LANES_ENGINE_SPACE_H

#include "kernel/loop.h"

#include "base/base.h"

/**
 * The dimensions of a batch as they are run, outermost first. Of arrays, what the counts
 * do not cover is not set.
 */
typedef struct lanes_engine_space {
    uint32_t dimensions; /* >= 1 */
    uint64_t shape[LANES_DIMENSIONS_MAX];
    int64_t stride[LANES_FRAME_OPERANDS_MAX][LANES_DIMENSIONS_MAX]; /* bytes */
    int64_t
        start[LANES_FRAME_OPERANDS_MAX]; /* bytes from element (0, 0, ...) to the first */
    bool is_c_order;                     /* loop and flat indices are the same */
    /* Before merging: what a loop index means. */
    uint32_t axis_count;
    uint64_t axis_shape[LANES_DIMENSIONS_MAX];
    int64_t axis_step[LANES_DIMENSIONS_MAX]; /* of the flat index */
    uint64_t flat_start;                     /* flat index of loop index 0 */
} lanes_engine_space;

/** Dimensions as a client gives them; strides of operand k in stride[k]. */
typedef struct lanes_engine_axes {
    uint32_t dimensions;
    const uint64_t *shape; /* no 0, the product at most LANES_COUNT_MAX */
    uint32_t operand_count;
    uint32_t input_count;         /* the others are written, or say what is */
    const int64_t *const *stride; /* [operand_count], each [dimensions]; bytes */
    bool keeps_order;             /* the elements must be run in C order */
    /*
     * Bit d: dimension d is run inside all whose bit is not set, whatever the strides,
     * and not merged with those. Of all or none, they are as they were.
     */
    uint32_t inner;
    /* Bit d: dimension d is not turned, nor moved past others of its group that have one.
     */
    uint32_t ordered;
} lanes_engine_axes;

/** How far a step is, whichever way it goes. */
static inline uint64_t lanes_engine_magnitude(int64_t stride)
{
    return stride < 0 ? -(uint64_t)stride : (uint64_t)stride;
}

void lanes_engine_space_make(const lanes_engine_axes *axes, lanes_engine_space *out);

/** Flat index of a loop index, and the other way round. */
uint64_t lanes_engine_space_flat(const lanes_engine_space *space, uint64_t loop_index);
uint64_t lanes_engine_space_find(const lanes_engine_space *space, uint64_t flat_index);

/**
 * A range of flat indices that holds those of the loop indices [begin, end), begin < end:
 * exactly those in C order, else others as well.
 */
void lanes_engine_space_flat_range(const lanes_engine_space *space, uint64_t begin,
                                   uint64_t end, uint64_t *out_low, uint64_t *out_high);

/** A loop index, taken apart: found by divisions once, and advanced mostly without. */
typedef struct lanes_engine_place {
    uint64_t index[LANES_DIMENSIONS_MAX]; /* of each of the space's dimensions */
} lanes_engine_place;

void lanes_engine_space_place(const lanes_engine_space *space, uint64_t loop_index,
                              lanes_engine_place *out);

/** Go @p count elements further; the end of the space is a place, too. */
void lanes_engine_space_advance(const lanes_engine_space *space, uint64_t count,
                                lanes_engine_place *place);

/** Bytes from operand @p k at loop index 0 to it at @p place. */
int64_t lanes_engine_space_offset(const lanes_engine_space *space, uint32_t k,
                                  const lanes_engine_place *place);

#endif /* LANES_ENGINE_SPACE_H */
