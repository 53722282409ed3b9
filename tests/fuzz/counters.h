/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counters.h - what libFuzzer sees of a run, for a target that runs inputs in children.
 */
#ifndef LANES_FUZZ_COUNTERS_H
#define LANES_FUZZ_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

/** The counters that the compiler has put into this program, one for each edge; NULL and
 * 0 if it was built without. */
uint8_t *fuzz_counters(size_t *out_bytes);

#endif /* LANES_FUZZ_COUNTERS_H */
