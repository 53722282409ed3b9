/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_pack.h - elements of an operand, wherever they lie, to and from a run of memory.
 *
 * Loops take operands that are one run of memory, so that every layout goes through the
 * same vector code. Others are copied by the block, which stays in the first-level cache.
 */
#ifndef LANES_ENGINE_PACK_H
#define LANES_ENGINE_PACK_H

#include "engine/engine_space.h"

/** An operand in memory. */
typedef struct lanes_engine_source {
    const lanes_engine_space *space;
    uint32_t operand;       /* its index in space */
    uint32_t element_bytes; /* 1, 2, 4, 8 or 16 */
    char *first;            /* element at loop index 0; no alignment */
} lanes_engine_source;

/**
 * Copy the @p count elements from @p begin on, in the order of the loops, to @p run,
 * which is aligned to them (to 8 bytes at most).
 */
void lanes_engine_pack(const lanes_engine_source *source, const lanes_engine_place *begin,
                       uint64_t count, void *run);

/** The other way round. */
void lanes_engine_unpack(const lanes_engine_source *source,
                         const lanes_engine_place *begin, uint64_t count,
                         const void *run);

/**
 * Copy @p rows by @p columns elements of the two innermost dimensions, row by row, to @p
 * run and back: none goes on behind the end of its row.
 */
void lanes_engine_pack_rows(const lanes_engine_source *source,
                            const lanes_engine_place *begin, uint64_t rows,
                            uint64_t columns, void *run);
void lanes_engine_unpack_rows(const lanes_engine_source *source,
                              const lanes_engine_place *begin, uint64_t rows,
                              uint64_t columns, const void *run);

#endif /* LANES_ENGINE_PACK_H */
