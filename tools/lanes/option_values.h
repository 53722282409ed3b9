/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option_values.h - what options of `lanes run` are given, as numbers.
 *
 * Each function takes a text as typed and returns false, with nothing written that
 * counts, if it is none of those that the option takes.
 */
#ifndef LANES_CLI_OPTION_VALUES_H
#define LANES_CLI_OPTION_VALUES_H

#include <stdbool.h>
#include <stdint.h>

/** "raise", of enum lanes_errors, and the other way round. */
bool option_errors(const char *text, uint32_t *out_errors);
const char *option_errors_name(uint32_t errors);

/** "same_kind", of enum lanes_casting. */
bool option_casting(const char *text, uint32_t *out_casting);

/** "flush", of enum lanes_denormals. */
bool option_denormals(const char *text, uint32_t *out_denormals);

/** "12", "0x1f", up to 2^64 - 1. */
bool option_seed(const char *text, uint64_t *out_seed);

/** "30s", "1.5m", "2h", "250ms", "10us": more than 0, with its unit; in nanoseconds. */
bool option_duration(const char *text, uint64_t *out_ns);

#endif /* LANES_CLI_OPTION_VALUES_H */
