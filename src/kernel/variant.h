/* SPDX-License-Identifier: Apache-2.0 */
/*
 * variant.h - which compiled loop of a kernel serves which batch.
 */
#ifndef LANES_KERNEL_VARIANT_H
#define LANES_KERNEL_VARIANT_H

#include <stdbool.h>
#include <string.h>

#include "kernel/signature.h"

/** How an operand's elements lie in memory. */
enum lanes_layout {
    LANES_LAYOUT_CONTIGUOUS = 1, /* stride = element size */
    LANES_LAYOUT_UNIFORM = 2, /* stride 0: one element for the whole batch; inputs only */
    LANES_LAYOUT_ROWS = 3     /* a row per element, at any stride; row inputs only */
};

/**
 * Key of a variant: everything about a batch that the generated code depends on and the
 * kernel does not fix. Unused bytes are 0, so keys compare as memory.
 */
typedef struct lanes_variant_key {
    uint8_t layout[LANES_OPERANDS_MAX]; /* enum lanes_layout; inputs, then outputs */
    uint8_t
        dtype[LANES_OPERANDS_MAX]; /* enum lanes_dtype of the array; 0: the kernel's */
    uint8_t has_where; /* 1: a further operand, of bool, says which elements to compute */
    uint8_t streams;   /* 1: outputs are stored past the caches; see loop.h */
    uint8_t reduce;    /* enum lanes_reduce: results are combined with the outputs */
    uint8_t folds;     /* 1: each output is one element, that all results go to, and its
                          layout is uniform; 0, if reduce: an element for each result;
                          SCAN: 0, and the first input, uniform, is read before a call
                          of the loop and written after it: what was kept last */
} lanes_variant_key;

static inline bool lanes_variant_key_equal(const lanes_variant_key *a,
                                           const lanes_variant_key *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

/** The dtype of operand @p k's array. */
static inline uint32_t lanes_variant_key_dtype(const lanes_variant_key *key,
                                               const lanes_signature *signature,
                                               uint32_t k)
{
    return key->dtype[k] != 0 ? key->dtype[k] : signature->dtype[k];
}

/** The key whose operands are all contiguous, or rows: compiled when a kernel is loaded.
 */
void lanes_variant_key_contiguous(const lanes_signature *signature,
                                  lanes_variant_key *out_key);

/** Write e.g. "contiguous,uniform:f4,contiguous", or "...+where", into text, always
 * NUL-terminated. */
void lanes_variant_key_format(const lanes_variant_key *key, uint32_t operand_count,
                              char *text, size_t text_bytes);

/** What the code generator found out about a variant. */
typedef struct lanes_variant_info {
    uint32_t strategy;     /* enum lanes_strategy */
    uint32_t vector_width; /* elements per vector operation; 1 = not vectorized */
    uint32_t interleave;   /* vectors in flight */
    uint32_t code_bytes;   /* of the object file */
} lanes_variant_info;

#endif /* LANES_KERNEL_VARIANT_H */
