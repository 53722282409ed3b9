/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reduce.h - `lanes run --reduce`: axes as typed, and the shape and dtype of what is
 * left.
 */
#ifndef LANES_CLI_REDUCE_H
#define LANES_CLI_REDUCE_H

#include "operands.h"

/** --reduce and --axis. Zero-initialised: no reduction. */
typedef struct cli_reduction {
    uint32_t operation;    /* enum lanes_reduce */
    const char *axes_text; /* --axis as typed; NULL: all axes */
    uint32_t axis_count;
    int32_t axis[LANES_DIMENSIONS_MAX]; /* negative ones count from the last */
} cli_reduction;

/** Take "sum". @return false if @p name is no reduction */
bool reduction_parse(const char *name, cli_reduction *reduction);

/** Take "0,-1"; @p text is borrowed. @return false if it is no list of axes */
bool reduction_parse_axes(const char *text, cli_reduction *reduction);

/** Which axes of @p shape are reduced, a bit for each: lanes_batch.reduce_axes. */
int reduction_find_axes(const cli_reduction *reduction, const cli_shape *shape,
                        uint32_t *out_axes, cli_error *err);

/** --reduce=kernel and --accumulate: check that the first input has one element along
 * reduced axes. */
int reduction_check_start(const cli_reduction *reduction, const cli_inputs *inputs,
                          uint32_t axes, cli_error *err);

/** @p shape without the axes of the bits of @p axes. */
cli_shape reduction_shape(const cli_shape *shape, uint32_t axes);

/** The dtype that NumPy gives a reduction of an array of @p dtype. */
uint32_t reduction_dtype(uint32_t operation, uint32_t dtype);

#endif /* LANES_CLI_REDUCE_H */
