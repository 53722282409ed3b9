/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option_limits.h - the options of lanesd that say what sessions may have.
 */
#ifndef LANESD_OPTION_LIMITS_H
#define LANESD_OPTION_LIMITS_H

#include <argp.h>

#include "server/server.h"

/** Parses them into a lanes_server_limits, which is the parser's input. */
extern const struct argp limits_argp;

#endif /* LANESD_OPTION_LIMITS_H */
