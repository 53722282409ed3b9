/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option_limits.h - the options of lanesd that say what sessions may have.
 */
#ifndef LANESD_OPTION_LIMITS_H
#define LANESD_OPTION_LIMITS_H

#include "base/base.h"
#include "server/server.h"

/** True if @p option, an enum lanesd_option, is one of them. */
bool lanesd_is_limit(int option);

/** Set the limit of @p option to what @p text says. LANES_E_INVALID. */
LANES_NODISCARD lanes_status lanesd_limit_set(lanes_server_limits *limits, int option,
                                              const char *text, lanes_error *err);

/** Copy the limit of @p option. */
void lanesd_limit_copy(lanes_server_limits *to, const lanes_server_limits *from,
                       int option);

#endif /* LANESD_OPTION_LIMITS_H */
