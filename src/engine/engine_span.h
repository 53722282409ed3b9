/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_span.h - which bytes a strided operand touches, and whether they exist.
 *
 * This is the check that keeps a batch inside its segments. It is written once for any
 * integer width: engine_plan.c instantiates it for 64 bits, and a test for 8 bits, where
 * every possible input can be tried.
 *
 * NAME(&(struct NAME_memory){segment_bytes, offset, element_bytes}, dimensions, shape,
 * stride, &low, &high) is true iff every element offset + sum(i_d * stride_d),
 * 0 <= i_d < shape_d, has all its bytes in [0, segment_bytes); then [low, high) is the
 * smallest range that holds them all. Refuses, rather than wraps, when a product or sum
 * leaves the signed range; and a shape with a 0 in it, which touches nothing and has no
 * range. An element may be a whole row: element_bytes may be any number.
 */
#ifndef LANES_ENGINE_SPAN_H
#define LANES_ENGINE_SPAN_H

#include "base/base.h"

#define LANES_ENGINE_SPAN_DEFINE(NAME, UNSIGNED, SIGNED, SIGNED_MAX)                     \
    struct NAME##_memory {                                                               \
        UNSIGNED segment_bytes;                                                          \
        UNSIGNED offset; /* of element (0, 0, ...) */                                    \
        UNSIGNED element_bytes;                                                          \
    };                                                                                   \
    static bool NAME(const struct NAME##_memory *memory, uint32_t dimensions,            \
                     const UNSIGNED *shape, const SIGNED *stride, UNSIGNED *out_low,     \
                     UNSIGNED *out_high)                                                 \
    {                                                                                    \
        if (memory->offset > (SIGNED_MAX)) {                                             \
            return false;                                                                \
        }                                                                                \
        SIGNED first = (SIGNED)memory->offset; /* start of the lowest element */         \
        SIGNED last = (SIGNED)memory->offset;  /* start of the highest element */        \
        for (uint32_t d = 0; d < dimensions; d++) {                                      \
            SIGNED extent;                                                               \
            if (shape[d] == 0 || shape[d] - 1 > (SIGNED_MAX) ||                          \
                __builtin_mul_overflow((SIGNED)(shape[d] - 1), stride[d], &extent)) {    \
                return false;                                                            \
            }                                                                            \
            SIGNED *edge = extent < 0 ? &first : &last;                                  \
            if (__builtin_add_overflow(*edge, extent, edge)) {                           \
                return false;                                                            \
            }                                                                            \
        }                                                                                \
        if (first < 0 || (UNSIGNED)last > memory->segment_bytes ||                       \
            (UNSIGNED)(memory->segment_bytes - (UNSIGNED)last) <                         \
                memory->element_bytes) {                                                 \
            return false;                                                                \
        }                                                                                \
        *out_low = (UNSIGNED)first;                                                      \
        *out_high = (UNSIGNED)((UNSIGNED)last + memory->element_bytes);                  \
        return true;                                                                     \
    }

#endif /* LANES_ENGINE_SPAN_H */
