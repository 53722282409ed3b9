/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_loop.h - what the two writers of the loop share: codegen_body.c,
 * codegen_loop.c.
 *
 * An operand is one or two parts (codegen_signature.c): a complex array is read and
 * written as interleaved scalars, which LLVM vectorizes. Arrays of another dtype than the
 * callback's are converted as they are read and written (codegen_convert.c).
 */
#ifndef LANES_CODEGEN_LOOP_H
#define LANES_CODEGEN_LOOP_H

#include "codegen/codegen_internal.h"

/* Everything the emitters need; one per loop. */
typedef struct lanes_loop_text {
    FILE *out;
    const lanes_codegen *cg;
    const lanes_signature *signature;
    uint32_t input_count;
    uint32_t operand_count; /* without mask and `where` */
} lanes_loop_text;

static inline uint32_t dtype_of(const lanes_loop_text *t, uint32_t operand)
{
    return t->signature->dtype[operand];
}

/* What the array has; the callback's own dtype unless the key says otherwise. */
static inline uint32_t stored_dtype(const lanes_loop_text *t, uint32_t operand)
{
    return lanes_variant_key_dtype(&t->cg->key, t->signature, operand);
}

/* The IR type of one part of what the array has. */
static inline const char *storage(const lanes_loop_text *t, uint32_t operand)
{
    return lanes_codegen_storage(stored_dtype(t, operand));
}

/* Parts of an element of the array. */
static inline uint32_t parts(const lanes_loop_text *t, uint32_t operand)
{
    return lanes_dtype_part_count(stored_dtype(t, operand));
}

/* Parts of an element as the callback has it: a real array may serve a complex input. */
static inline uint32_t value_parts(const lanes_loop_text *t, uint32_t operand)
{
    return lanes_dtype_part_count(dtype_of(t, operand));
}

static inline bool is_uniform(const lanes_loop_text *t, uint32_t operand)
{
    return t->cg->key.layout[operand] == LANES_LAYOUT_UNIFORM;
}

static inline bool is_row(const lanes_loop_text *t, uint32_t operand)
{
    return t->cg->key.layout[operand] == LANES_LAYOUT_ROWS;
}

static inline bool is_contiguous(const lanes_loop_text *t, uint32_t operand)
{
    return t->cg->key.layout[operand] == LANES_LAYOUT_CONTIGUOUS;
}

static inline bool has_mask(const lanes_loop_text *t)
{
    return t->cg->key.has_mask != 0;
}

static inline bool has_where(const lanes_loop_text *t)
{
    return t->cg->key.has_where != 0;
}

/* codegen_body.c */

/** Write the function lanes.body. */
void lanes_loop_put_body(const lanes_loop_text *t);

/** Comma-separated "ptr %<prefix><k>" for each operand. */
void lanes_loop_put_pointers(const lanes_loop_text *t, const char *prefix);

/** What does not change from element to element: read before the loop. */
void lanes_loop_put_invariants(const lanes_loop_text *t);

/**
 * %x<k>.<p>: the parts of input @p k as the callback has them. Its array's element is at
 * %<address><k>; @p annotation goes behind each load.
 */
void lanes_loop_put_input(const lanes_loop_text *t, uint32_t k, const char *address,
                          const char *annotation);

/** %e = @p element(...), with the inputs as loaded, for element %<index>; no newline. */
void lanes_loop_put_call(const lanes_loop_text *t, const char *element,
                         const char *excinfo, const char *index);

/** %<name> = member @p at of %e. */
void lanes_loop_put_extract(const lanes_loop_text *t, const char *name, uint32_t at);

#endif /* LANES_CODEGEN_LOOP_H */
