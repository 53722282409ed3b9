/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accumulate.c - `lanes run --accumulate`: a scan, which goes along one axis.
 */
#include "accumulate.h"

#include "kernel/reduce.h"

void accumulate_choose(cli_reduction *reduction, struct argp_state *state)
{
    if (reduction->operation != LANES_REDUCE_NONE) {
        argp_error(
            state,
            "--accumulate keeps all results, and --reduce=%s one; leave one of them "
            "away",
            lanes_reduce_name(reduction->operation));
    }
    reduction->operation = LANES_REDUCE_SCAN;
}

bool accumulate_is_wanted(const cli_reduction *reduction)
{
    return reduction->operation == LANES_REDUCE_SCAN;
}

int accumulate_check_axis(const cli_reduction *reduction, const cli_shape *shape,
                          cli_error *err)
{
    if (!accumulate_is_wanted(reduction)) {
        return CLI_OK;
    }
    if (reduction->axes_text == NULL && shape->dimensions > 1) {
        char text[200];
        npy_shape_format(shape->dimensions, shape->extents, text, sizeof(text));
        return cli_fail(err, CLI_USAGE, LANES_E_SHAPE,
                        "--accumulate goes along one axis, and the batch has shape %s; "
                        "add --axis=N, 0 to %u",
                        text, shape->dimensions - 1);
    }
    if (reduction->axes_text != NULL && reduction->axis_count > 1) {
        return cli_fail(err, CLI_USAGE, LANES_E_SHAPE,
                        "--axis=%s names %u axes; --accumulate goes along one: give one",
                        reduction->axes_text, reduction->axis_count);
    }
    return CLI_OK;
}
