/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine.h - one batch: check the operands, name the variant, tile, run, collect.
 *
 * The engine knows addresses and lengths, not sessions or segments: the server resolves
 * segment ids to memory first. It never starts LLVM.
 */
#ifndef LANES_ENGINE_H
#define LANES_ENGINE_H

#include "base/base.h"
#include "kernel/loop.h"
#include "kernel/variant.h"
#include "team/team.h"

/** An operand with its segment resolved. Private memory: nobody changes it meanwhile. */
typedef struct lanes_engine_operand {
    char *segment_base;     /* in this process */
    uint64_t segment_bytes; /* mapped */
    uint64_t segment_key; /* equal for two operands iff they are the same memory object */
    uint64_t offset;      /* bytes to element 0 */
    int64_t stride[LANES_DIMENSIONS_MAX];
    uint32_t dtype;
    uint32_t is_read_only;
} lanes_engine_operand;

typedef struct lanes_engine_batch {
    uint32_t dimensions;
    uint32_t operand_count;
    uint64_t shape[LANES_DIMENSIONS_MAX];
    lanes_engine_operand operand[LANES_OPERANDS_MAX];
} lanes_engine_batch;

/** A checked batch, ready to run once its variant is there. */
typedef struct lanes_engine_plan {
    lanes_variant_key key;
    lanes_loop_frame frame;
    uint64_t count;         /* elements; may be 0 */
    uint64_t element_bytes; /* memory traffic per element, for the tile size */
} lanes_engine_plan;

typedef struct lanes_engine_outcome {
    lanes_loop_result result;
    uint64_t run_ns;
    uint64_t tiles;
    uint32_t threads;
    /*
     * What an element costs one thread, in picoseconds; 0 = unknown. In: a guess from
     * earlier slices or batches of the same variant, which saves measuring it on the
     * first elements. Out: as measured. It decides tile sizes only, never results.
     */
    uint64_t element_ps;
} lanes_engine_outcome;

#define LANES_ENGINE_OUTCOME_INIT {.result = LANES_LOOP_RESULT_INIT}

/**
 * Check @p batch against @p signature and fill @p out_plan.
 *
 * Checks, in this order: operand count, dtypes, shape (each product and n * stride
 * without overflow, count <= LANES_COUNT_MAX), every byte of every operand inside its
 * segment, outputs writable, dimensions merge to one whose strides are contiguous or
 * (inputs) 0, every output disjoint from, or exactly, each other operand. Texts name the
 * operand's index, the value and the limit.
 *
 * @return LANES_OK, LANES_E_OPERANDS, _DTYPE, _SHAPE, _SPAN, _READ_ONLY, _LAYOUT,
 * _OVERLAP
 */
LANES_NODISCARD lanes_status lanes_engine_plan_batch(const lanes_engine_batch *batch,
                                                     const lanes_signature *signature,
                                                     lanes_engine_plan *out_plan,
                                                     lanes_error *err);

/**
 * True if the @p count elements of @p element_bytes at byte offsets offset + i * stride
 * all lie in [0, segment_bytes); then [*out_low, *out_high) is the byte range they span.
 */
bool lanes_engine_span_fits(uint64_t segment_bytes, uint64_t offset, int64_t stride,
                            uint64_t count, uint32_t element_bytes, uint64_t *out_low,
                            uint64_t *out_high);

/**
 * Run elements [begin, end) of a planned batch with @p loop on the team; team leader
 * only. Sums into @p outcome, which the caller has initialised, so that a long batch can
 * be run in slices. The rounding mode of every thread is round-to-nearest while kernels
 * run.
 *
 * @param cancel  when it becomes non-zero, remaining tiles are skipped; may be NULL
 */
void lanes_engine_run(lanes_team *team, const lanes_engine_plan *plan, lanes_loop_fn loop,
                      uint64_t begin, uint64_t end, const uint32_t *cancel,
                      lanes_engine_outcome *outcome);

#endif /* LANES_ENGINE_H */
