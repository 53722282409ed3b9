/* SPDX-License-Identifier: Apache-2.0 */
/*
 * harness.h - batches that the engine accepts, for tests to spoil one thing of each.
 */
#ifndef LANES_TEST_ENGINE_HARNESS_H
#define LANES_TEST_ENGINE_HARNESS_H

#include "engine/engine.h"

/** Two memory objects; keys 1 and, where a test says so, 2. */
#define MEMORY_BYTES 4096
extern char memory[MEMORY_BYTES];
extern char other_memory[MEMORY_BYTES];

#define SIGNATURE(inputs, outputs, rows, ...)                                            \
    .signature = {.input_count = (inputs),                                               \
                  .output_count = (outputs),                                             \
                  .row_mask = (rows),                                                    \
                  .dtype = {__VA_ARGS__}}

/** f8(f8,f8) */
extern const lanes_engine_kernel binary;

/** f8(f8[:],f8) */
extern const lanes_engine_kernel with_row;

/** An f8 operand in `memory`. */
lanes_engine_operand operand_at(uint64_t offset, int64_t stride);

/** For `binary`: 10 elements of in0 at 0, in1 at 80, out at 160. */
lanes_engine_batch good_batch(void);

/** For `with_row`: 10 rows of 4 at 0, in1 at 1024, out at 2048. */
lanes_engine_batch row_batch(void);

/** As good_batch(), with the mask at 1024. */
lanes_engine_batch mask_batch(void);

/** Plan @p batch, asserting that it is accepted. */
lanes_engine_plan plan_of(const lanes_engine_kernel *kernel,
                          const lanes_engine_batch *batch);

/** Assert that @p batch is refused with @p code and a message that contains @p text. */
void refuse_for(const lanes_engine_kernel *kernel, const lanes_engine_batch *batch,
                lanes_status code, const char *text);

/** The same for `binary`. */
lanes_engine_plan plan_ok(const lanes_engine_batch *batch);
void refuse(const lanes_engine_batch *batch, lanes_status code, const char *text);

#endif /* LANES_TEST_ENGINE_HARNESS_H */
