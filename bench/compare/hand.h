/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hand.h - the hand-written loops of hand.c, by name and in one form, so that one
 * function (timed_hand() in timed.c) can time all of them.
 */
#ifndef LANES_BENCH_HAND_H
#define LANES_BENCH_HAND_H

#include <stddef.h>
#include <stdint.h>

#define HAND_OPERANDS_MAX 5

/** What a loop runs over. peers.py has the same. */
typedef struct hand_call {
    size_t rows;    /**< or elements, of one dimension */
    size_t columns; /**< of two dimensions; else 1 */
    /** element 0 of inputs, output, mask: what comes first, wherever it lies in memory */
    void *operand[HAND_OPERANDS_MAX];
} hand_call;

typedef void hand_loop(const hand_call *call);

#define HAND_EXPORT __attribute__((visibility("default")))

/** Of the calling thread's loops. */
HAND_EXPORT void hand_set_threads(int count);
/** 1 if hand_axpy_stream() really streams. */
HAND_EXPORT int hand_has_stream(void);

HAND_EXPORT hand_loop hand_axpy;
HAND_EXPORT hand_loop hand_axpy_stream;
HAND_EXPORT hand_loop hand_axpy_in_place;
HAND_EXPORT hand_loop hand_axpy_f4;
HAND_EXPORT hand_loop hand_axpy_where;
HAND_EXPORT hand_loop hand_axpy_x2;
HAND_EXPORT hand_loop hand_axpy_x2_y2;
HAND_EXPORT hand_loop hand_axpy_out2;
HAND_EXPORT hand_loop hand_axpy_x_reversed;
HAND_EXPORT hand_loop hand_axpy_all_reversed;
HAND_EXPORT hand_loop hand_axpy_row;
HAND_EXPORT hand_loop hand_axpy_column;
HAND_EXPORT hand_loop hand_axpy_transposed;
HAND_EXPORT hand_loop hand_axpy_3_of_6;
HAND_EXPORT hand_loop hand_axpy_rows_of_3;
HAND_EXPORT hand_loop hand_divide;
HAND_EXPORT hand_loop hand_divide_i4;
HAND_EXPORT hand_loop hand_divide_i8;
HAND_EXPORT hand_loop hand_exp;
HAND_EXPORT hand_loop hand_chain;
HAND_EXPORT hand_loop hand_black_scholes;
HAND_EXPORT hand_loop hand_haversine;
/* x, out: of `rows` elements, or of rows by columns. */
HAND_EXPORT hand_loop hand_sum;
HAND_EXPORT hand_loop hand_sum_exp;
HAND_EXPORT hand_loop hand_max;
HAND_EXPORT hand_loop hand_argmax; /* out is int64 */
HAND_EXPORT hand_loop hand_sum_down;
HAND_EXPORT hand_loop hand_sum_along;

#endif /* LANES_BENCH_HAND_H */
