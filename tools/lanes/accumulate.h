/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accumulate.h - `lanes run --accumulate`: which axis it goes along, and what goes with
 * it.
 */
#ifndef LANES_CLI_ACCUMULATE_H
#define LANES_CLI_ACCUMULATE_H

#include "cli.h"
#include "reduce.h"

/** Make of --accumulate a reduction, once all options are known: not with --reduce. */
void accumulate_choose(cli_reduction *reduction, struct argp_state *state);

/** True if @p reduction keeps every intermediate result. */
bool accumulate_is_wanted(const cli_reduction *reduction);

/**
 * Check that --axis names one axis; of a batch with one axis, or none, it may be left
 * away.
 */
int accumulate_check_axis(const cli_reduction *reduction, const cli_shape *shape,
                          cli_error *err);

#endif /* LANES_CLI_ACCUMULATE_H */
