/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.h - the C type of a compiled loop: what codegen emits and engine calls.
 *
 * Codegen builds struct lanes_loop_frame and struct lanes_loop_result as LLVM types from
 * these declarations' offsets (see codegen_loop.c), so change both together.
 */
#ifndef LANES_KERNEL_LOOP_H
#define LANES_KERNEL_LOOP_H

#include <stdint.h>

#include <lanes/abi.h>

/** Largest tile: failure counts and positions inside a tile are 32-bit in the loop. */
#define LANES_TILE_COUNT_MAX (1u << 30)

/** Where a batch's operands are. Read only, shared by all threads of a batch. */
typedef struct lanes_loop_frame {
    void *base[LANES_OPERANDS_MAX];     /* address of element 0; inputs first */
    int64_t stride[LANES_OPERANDS_MAX]; /* bytes from element i to i + 1 */
} lanes_loop_frame;

/** Sum of what the tiles run so far into it reported. One per thread. */
typedef struct lanes_loop_result {
    uint64_t failed; /* elements whose callback failed; added to */
    uint64_t
        first_failed; /* smallest failing element index; only ever lowered; ~0 = none */
} lanes_loop_result;

#define LANES_LOOP_RESULT_INIT {0, UINT64_MAX}

/**
 * Run elements [begin, end), 1 <= end - begin <= LANES_TILE_COUNT_MAX. Every element's
 * result is the same bits for any split into tiles. Elements that fail keep their old
 * output. Any number of threads may run disjoint ranges of one frame.
 */
typedef void (*lanes_loop_fn)(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                              lanes_loop_result *result);

#endif /* LANES_KERNEL_LOOP_H */
