/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_copy.h - a box of elements in memory, to and from a run of them.
 */
#ifndef LANES_ENGINE_COPY_H
#define LANES_ENGINE_COPY_H

#include <stdint.h>

/** Rows of elements; a run has them one behind the other. Strides are bytes. */
typedef struct lanes_engine_box {
    char *at; /* no alignment */
    uint64_t rows;
    uint64_t columns;
    int64_t row_stride;
    int64_t column_stride;
} lanes_engine_box;

/** Copy a box. The run is aligned to the elements, to 8 bytes at most. */
typedef void (*lanes_engine_copy_fn)(const lanes_engine_box *box, void *run);

/** The best level of instructions that this CPU has; 0 and all below are there, too. */
uint32_t lanes_engine_copy_level(void);

/**
 * The copy of elements of 1, 2, 4, 8 or 16 bytes by the instructions of a level: to the
 * run (gather), or from the run, which is not written, to places that are all different
 * (scatter). All levels copy the same.
 */
lanes_engine_copy_fn lanes_engine_gather(uint32_t level, uint32_t element_bytes);
lanes_engine_copy_fn lanes_engine_scatter(uint32_t level, uint32_t element_bytes);

#endif /* LANES_ENGINE_COPY_H */
