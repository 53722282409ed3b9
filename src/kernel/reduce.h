/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reduce.h - what the generated code and the engine agree on about reductions.
 */
#ifndef LANES_KERNEL_REDUCE_H
#define LANES_KERNEL_REDUCE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/signature.h"

/** A value of any dtype; the member of the dtype's size and kind counts. */
typedef union lanes_reduce_value {
    uint8_t u1; /* also bool */
    uint16_t u2;
    uint32_t u4;
    uint64_t u8[2];
    int8_t i1;
    int16_t i2;
    int32_t i4;
    int64_t i8;
    float f4[2];  /* of c8: both */
    double f8[2]; /* of c16: both */
} lanes_reduce_value;

/** What argmin and argmax keep: where a loop's output points to. */
typedef struct lanes_reduce_best {
    lanes_reduce_value value; /* of the kernel's own dtype */
    int64_t index;            /* of the loop: as its `begin` counts; -1: no element yet */
} lanes_reduce_best;

static inline bool lanes_reduce_is_arg(uint32_t reduce)
{
    return reduce == LANES_REDUCE_ARGMIN || reduce == LANES_REDUCE_ARGMAX;
}

/** True if the kernel is what combines: KERNEL and SCAN. */
static inline bool lanes_reduce_is_by_kernel(uint32_t reduce)
{
    return reduce == LANES_REDUCE_KERNEL || reduce == LANES_REDUCE_SCAN;
}

/** "argmin"; "?" if @p reduce is none. Static string. */
const char *lanes_reduce_name(uint32_t reduce);

/** True if a kernel can reduce by itself: T(T,T), no rows. */
static inline bool lanes_reduce_is_combiner(const lanes_signature *signature)
{
    return signature->input_count == 2 && signature->output_count == 1 &&
           signature->row_mask == 0 && signature->dtype[0] == signature->dtype[1] &&
           signature->dtype[0] == signature->dtype[2];
}

/**
 * True if results of @p dtype can be reduced into an array of @p array: any and all make
 * bool of everything, argmin and argmax i8 of what is real, min and max are of real
 * numbers, kernels reduce without conversions. Whether one dtype may become the other is
 * a question of casting else.
 */
bool lanes_reduce_fits(uint32_t reduce, uint32_t dtype, uint32_t array);

/**
 * The value that changes no other, but for kernels, of which it is not known: -0 for sums
 * of floats, the far end for min and max.
 * @param dtype  of what is combined; for argmin and argmax of the kernel's result
 */
void lanes_reduce_identity(uint32_t reduce, uint32_t dtype, lanes_reduce_value *out);

/** *to = *to combined with *from, of @p dtype; not argmin, argmax and kernels. */
void lanes_reduce_combine(uint32_t reduce, uint32_t dtype, lanes_reduce_value *to,
                          const lanes_reduce_value *from);

/** The same for @p count values side by side. */
void lanes_reduce_combine_arrays(uint32_t reduce, uint32_t dtype, uint64_t count,
                                 void *to, const void *from);

/** The result for no elements: as the identity, but 0 for sums; not min and max. */
void lanes_reduce_of_none(uint32_t reduce, uint32_t dtype, lanes_reduce_value *out);

/** argmin, argmax: *to becomes *from if that is better; @p dtype of the values. */
void lanes_reduce_take_better(uint32_t reduce, uint32_t dtype, lanes_reduce_best *to,
                              const lanes_reduce_best *from);

#endif /* LANES_KERNEL_REDUCE_H */
