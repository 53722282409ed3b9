/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reduce.c - what `lanes run --reduce` makes of a shape and a dtype: NumPy's rules.
 */
#include "reduce.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/dtype.h"
#include "kernel/reduce.h"

bool reduction_parse(const char *name, cli_reduction *reduction)
{
    for (uint32_t i = LANES_REDUCE_SUM; i <= LANES_REDUCE_KERNEL; i++) {
        if (strcmp(lanes_reduce_name(i), name) == 0) {
            reduction->operation = i;
            return true;
        }
    }
    return false;
}

bool reduction_parse_axes(const char *text, cli_reduction *reduction)
{
    uint32_t count = 0;
    const char *at = text;
    for (;;) {
        char *end;
        errno = 0;
        const long axis = strtol(at, &end, 10);
        if (errno != 0 || end == at || (*end != ',' && *end != '\0') || axis < INT_MIN ||
            axis > INT_MAX || count == LANES_DIMENSIONS_MAX) {
            return false;
        }
        reduction->axis[count++] = (int32_t)axis;
        if (*end == '\0') {
            break;
        }
        at = end + 1;
    }
    reduction->axis_count = count;
    reduction->axes_text = text;
    return true;
}

static int fail_axis(const cli_reduction *reduction, const cli_shape *shape, int32_t axis,
                     cli_error *err)
{
    char text[200];
    if (shape->dimensions == 0) {
        return cli_fail(err, CLI_USAGE, LANES_E_SHAPE,
                        "--axis=%s: the inputs are single elements, which have no axes; "
                        "leave --axis away",
                        reduction->axes_text);
    }
    npy_shape_format(shape->dimensions, shape->extents, text, sizeof(text));
    return cli_fail(err, CLI_USAGE, LANES_E_SHAPE,
                    "--axis=%s: %d is no axis of the batch, whose shape is %s; use 0 to "
                    "%u, or -%u to -1",
                    reduction->axes_text, axis, text, shape->dimensions - 1,
                    shape->dimensions);
}

int reduction_find_axes(const cli_reduction *reduction, const cli_shape *shape,
                        uint32_t *out_axes, cli_error *err)
{
    const int32_t dimensions = (int32_t)shape->dimensions;
    uint32_t axes = 0;
    if (reduction->axes_text == NULL) {
        *out_axes = reduction->operation != LANES_REDUCE_NONE ? UINT32_MAX : 0;
        return CLI_OK;
    }
    for (uint32_t i = 0; i < reduction->axis_count; i++) {
        const int32_t typed = reduction->axis[i];
        if (typed < -dimensions || typed >= dimensions) {
            return fail_axis(reduction, shape, typed, err);
        }
        const uint32_t axis = (uint32_t)(typed < 0 ? typed + dimensions : typed);
        if ((axes >> axis & 1) != 0) {
            return cli_fail(err, CLI_USAGE, LANES_E_SHAPE,
                            "--axis=%s names axis %u twice; give it once",
                            reduction->axes_text, axis);
        }
        axes |= 1u << axis;
    }
    *out_axes = axes;
    return CLI_OK;
}

int reduction_check_start(const cli_reduction *reduction, const cli_inputs *inputs,
                          uint32_t axes, cli_error *err)
{
    const cli_input *start = &inputs->item[0];
    const uint32_t dimensions = start->is_number ? 0 : start->header.dimensions;
    const uint32_t added = inputs->shape.dimensions - dimensions;
    if (!lanes_reduce_is_by_kernel(reduction->operation) || inputs->count < 2) {
        return CLI_OK; /* or the executor says why not */
    }
    for (uint32_t k = 0; k < dimensions; k++) {
        if ((axes >> (added + k) & 1) != 0 && start->header.shape[k] != 1) {
            char text[200];
            npy_shape_format(dimensions, start->header.shape, text, sizeof(text));
            return cli_fail(err, CLI_BAD_DATA, LANES_E_SHAPE,
                            "%s, where the kernel's values begin, has shape %s; along "
                            "axis %u, which is %s, it must have length 1",
                            start->text, text, added + k,
                            reduction->operation == LANES_REDUCE_SCAN ? "scanned"
                                                                      : "reduced");
        }
    }
    return CLI_OK;
}

cli_shape reduction_shape(const cli_shape *shape, uint32_t axes)
{
    cli_shape left = {.count = 1};
    for (uint32_t axis = 0; axis < shape->dimensions; axis++) {
        if ((axes >> axis & 1) == 0) {
            left.extents[left.dimensions++] = shape->extents[axis];
            left.count *= shape->extents[axis];
        }
    }
    return left;
}

uint32_t reduction_dtype(uint32_t operation, uint32_t dtype)
{
    switch (operation) {
    case LANES_REDUCE_SUM:
    case LANES_REDUCE_PROD:
        if (dtype == LANES_BOOL || lanes_dtype_is_signed(dtype)) {
            return LANES_I8;
        }
        return dtype == LANES_U1 || dtype == LANES_U2 || dtype == LANES_U4 ? LANES_U8
                                                                           : dtype;
    case LANES_REDUCE_ANY:
    case LANES_REDUCE_ALL:
        return LANES_BOOL;
    case LANES_REDUCE_ARGMIN:
    case LANES_REDUCE_ARGMAX:
        return LANES_I8;
    default:
        return dtype;
    }
}
