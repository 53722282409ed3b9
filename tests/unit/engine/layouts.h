/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layouts.h - random batches of every layout, and the slow way to find their elements:
 * one by one, in C order.
 */
#ifndef LANES_TEST_ENGINE_LAYOUTS_H
#define LANES_TEST_ENGINE_LAYOUTS_H

#include "engine/engine.h"

/** Each operand has a memory object of its own; key k + 1. */
#define AREA_BYTES 524288
extern _Alignas(64) char area[LANES_OPERANDS_MAX][AREA_BYTES];

/** The same numbers in every run. */
uint32_t random_below(uint32_t limit);
bool one_of(uint32_t limit); /* true once in so many */

/** 1 to @p most dimensions; some long, some of length 1. Returns the elements. */
uint64_t random_shape(lanes_engine_batch *batch, uint32_t most);

/** What strides an operand may get. */
enum layout_kind {
    LAYOUT_INPUT, /* also 0, and elements that share memory */
    LAYOUT_OUTPUT /* each element a place of its own */
};

/**
 * Put operand @p k into area[k] at random strides: in any order of dimensions, with gaps,
 * backwards, unaligned; often as C order has them.
 */
void random_layout(lanes_engine_batch *batch, uint32_t k, uint32_t dtype,
                   uint32_t row_count, enum layout_kind kind);

/** The element of operand @p k at a flat index in C order. */
char *element_of(const lanes_engine_batch *batch, uint32_t k, uint64_t flat_index);

#endif /* LANES_TEST_ENGINE_LAYOUTS_H */
