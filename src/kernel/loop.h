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

/**
 * A loop whose key says `streams` wants its outputs aligned to this many bytes wherever
 * it is handed at least LANES_STREAM_COUNT elements; fewer are copied, so they may be
 * anywhere. Its stores are ordered with nothing: who has called it fences
 * (lanes_stream_fence()) before others are told.
 */
#define LANES_STREAM_ALIGNMENT 64u
#define LANES_STREAM_COUNT     64u

/** Largest tile: failure counts and positions inside a tile are 32-bit in the loop. */
#define LANES_TILE_COUNT_MAX (1u << 30)

/** A kernel's operands, the mask of failures and `where`. */
#define LANES_FRAME_OPERANDS_MAX (LANES_OPERANDS_MAX + 2)

/**
 * Where operands are. Slots: inputs, outputs, then the mask (slot operand count), which
 * gets 1 for elements that fail and 0 for others, and `where` (slot operand count + 1),
 * which the variant uses if its key says so. Arrays are contiguous, or one element if the
 * key says uniform; rows are at a stride. Read only.
 */
typedef struct lanes_loop_frame {
    void *base[LANES_FRAME_OPERANDS_MAX];        /* address of element `first`; of the
                                                    mask NULL: nobody wants one */
    int64_t stride[LANES_FRAME_OPERANDS_MAX];    /* bytes from element i to i + 1 */
    int32_t row_count[LANES_FRAME_OPERANDS_MAX]; /* elements of each row; 0: not a row */
    const void *params;                          /* the params block; NULL: none */
    uint64_t seed;                               /* of random numbers */
    uint64_t first; /* index of the element at `base`; a batch's flat index, in C order */
} lanes_loop_frame;

/** How an element ended. */
enum lanes_element_code {
    LANES_ELEMENT_OK = 0,
    LANES_ELEMENT_RAISED = 1, /* the callback's status says so; excinfo may tell more */
    LANES_ELEMENT_ZERO_DIVISION = 2,
    LANES_ELEMENT_OVERFLOW = 3, /* integer MIN / -1 */
    LANES_ELEMENT_FATAL = 4     /* it asked to abort the process */
};

/** In what a lanes_explain_fn returns the failing node of a fused kernel is above. */
#define LANES_ELEMENT_NODE_SHIFT 16

/** Sum of what the tiles run so far into it reported. One per thread. */
typedef struct lanes_loop_result {
    uint64_t failed; /* elements whose callback failed; added to */
    uint64_t
        first_failed; /* smallest failing element index; only ever lowered; ~0 = none */
} lanes_loop_result;

#define LANES_LOOP_RESULT_INIT {0, UINT64_MAX}

/**
 * Run elements [begin, end), begin >= frame->first, 1 <= end - begin <=
 * LANES_TILE_COUNT_MAX. Every element's result is the same bits for any split into tiles.
 * Elements that fail, and those that `where` leaves out, keep their old output. Any
 * number of threads may run disjoint ranges of one frame.
 */
typedef void (*lanes_loop_fn)(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                              lanes_loop_result *result);

/**
 * Run the callback once more for element @p index, writing no output, to learn why it
 * failed. Inputs must be as they were; they are, because failing elements keep their old
 * output even in place.
 *
 * @param out_excinfo  where the callback left its exception, if it is Numba's; untrusted
 * @return enum lanes_element_code, and the failing node above LANES_ELEMENT_NODE_SHIFT
 */
typedef int32_t (*lanes_explain_fn)(const lanes_loop_frame *frame, uint64_t index,
                                    const void **out_excinfo);

/**
 * Run the callback for element @p index once more, and the conversions to and from the
 * arrays' dtypes, writing no output, to learn which floating-point exceptions that
 * raises: what the thread's flags say afterwards beside what they said before. Nothing is
 * done of which the element's results do not need the result, and a NaN as operand raises
 * nothing, unless it signals. Inputs must be as they were. Of reductions, nothing is
 * combined. Kernels that combine by themselves, callbacks that cannot raise any, and
 * those that compute with vectors in a way that cannot be taken apart, have none.
 *
 * @return enum lanes_element_code, and the failing node above LANES_ELEMENT_NODE_SHIFT;
 * what the flags say of an element that fails means nothing
 */
typedef int32_t (*lanes_confirm_fn)(const lanes_loop_frame *frame, uint64_t index);

#endif /* LANES_KERNEL_LOOP_H */
