/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch_world.h - what entries of a fuzzed ring can name: a session with some kernels and
 * segments, and a loop for all kernels that touches every byte a plan hands it.
 */
#ifndef LANES_FUZZ_BATCH_WORLD_H
#define LANES_FUZZ_BATCH_WORLD_H

#include "server/server_internal.h"

#define WORLD_KERNELS  12u
#define WORLD_SEGMENTS 7u

/** Slots 0 .. WORLD_KERNELS - 1 and 0 .. WORLD_SEGMENTS - 1, each of generation 1. */
lanes_server_session *world_session(void);

/** Set every byte of every segment to @p fill, and what batches must have to stream. */
void world_reset(uint8_t fill, uint64_t stream_bytes);

/** No batch holds a kernel or a segment. */
void world_check_let_go(void);

/** Run a plan of a batch of this world with the loop that touches all. */
void world_run(const lanes_engine_plan *plan, const lanes_engine_kernel *kernel);

#endif /* LANES_FUZZ_BATCH_WORLD_H */
