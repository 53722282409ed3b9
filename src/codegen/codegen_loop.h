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
#include "kernel/reduce.h"

/* Everything the emitters need; one per loop. */
typedef struct lanes_loop_text {
    FILE *out;
    const lanes_codegen *cg;
    const lanes_signature *signature;
    uint32_t input_count;
    uint32_t operand_count; /* without `where` */
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

static inline bool can_fail(const lanes_loop_text *t)
{
    return t->cg->may_raise != 0;
}

static inline bool has_where(const lanes_loop_text *t)
{
    return t->cg->key.has_where != 0;
}

/*
 * True if outputs are made in scratch and go from there past the caches: what failing
 * elements keep is then not read by those that do not fail.
 */
static inline bool stages_outputs(const lanes_loop_text *t)
{
    return t->cg->key.streams != 0 && can_fail(t) && t->cg->block > 1;
}

/* True if the body reads its outputs, to keep what is there. */
static inline bool keeps_outputs(const lanes_loop_text *t)
{
    return ((can_fail(t) && !stages_outputs(t)) || has_where(t)) && t->cg->key.folds == 0;
}

/* True if all results of a call go into one value for each output. */
static inline bool folds(const lanes_loop_text *t)
{
    return t->cg->key.folds != 0;
}

/* True if that is the place of a result: results go to scratch, to be searched. */
static inline bool finds_place(const lanes_loop_text *t)
{
    return lanes_reduce_is_arg(t->cg->key.reduce);
}

/* True if the body has scratch in place of output @p k, a chunk of it. */
static inline bool is_staged(const lanes_loop_text *t, uint32_t k)
{
    return k >= t->input_count && (stages_outputs(t) || finds_place(t));
}

/* True if that value is in registers. */
static inline bool folds_in_registers(const lanes_loop_text *t)
{
    return folds(t) && !finds_place(t);
}

/* True if each result is stored, and is what the next element begins with. */
static inline bool scans(const lanes_loop_text *t)
{
    return t->cg->key.reduce == LANES_REDUCE_SCAN;
}

/* True if the body hands a value from element to element, in registers. */
static inline bool carries(const lanes_loop_text *t)
{
    return folds_in_registers(t) || scans(t);
}

/* True if each result goes into an accumulator of its own. */
static inline bool accumulates(const lanes_loop_text *t)
{
    return t->cg->key.reduce != LANES_REDUCE_NONE && !folds(t) && !scans(t);
}

/* True if the callback itself combines: its first input is what it gave before. */
static inline bool combines(const lanes_loop_text *t)
{
    return lanes_reduce_is_by_kernel(t->cg->key.reduce);
}

/* True if elements can be left out, so that the body says which: %keep. */
static inline bool leaves_out(const lanes_loop_text *t)
{
    return can_fail(t) || has_where(t);
}

/* True if of two values the smaller counts. */
static inline bool is_minimum(const lanes_loop_text *t)
{
    return t->cg->key.reduce == LANES_REDUCE_MIN ||
           t->cg->key.reduce == LANES_REDUCE_ARGMIN;
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

/** %w<k>.<p>: the results %y<k>.<p> as the arrays have them. */
void lanes_loop_put_values(const lanes_loop_text *t);

/** %code<suffix> and %y<k>.<p><suffix>: what the call at %e gave. */
void lanes_loop_put_results(const lanes_loop_text *t, const char *suffix);

/* codegen_loop.c */

/** The inputs of element %<element>, every operand at its own stride, for
 * lanes_loop_put_call(). */
void lanes_loop_put_alone(const lanes_loop_text *t);

/* codegen_confirm.c */

/** True if the variant may have a lanes_confirm_fn. */
bool lanes_loop_has_confirm(const lanes_loop_text *t);

/** Write it as @p symbol. */
void lanes_loop_put_confirm(const lanes_loop_text *t, const char *symbol);

/* codegen_reduce.c */

/** Declare the intrinsics of minima and maxima. */
void lanes_loop_put_reduce_declarations(const lanes_loop_text *t);

/** %<to><k>.<p> = %<a><k>.<p> combined with %<b><k>.<p>, for each part of output @p k. */
void lanes_loop_put_combined(const lanes_loop_text *t, uint32_t k, const char *a,
                             const char *b, const char *to);

/** Further parameters of lanes.body, or arguments for them: what changes no value. */
void lanes_loop_put_identities(const lanes_loop_text *t, bool is_call);

/** %sum<k>.<p>.in: the value at %p<k> before the loop, and %sum<k>.<p>.at. A scan's is at
 * %p0. */
void lanes_loop_put_accumulators(const lanes_loop_text *t);

/** %<name><k>.<p>: that, or %sum.next<k>.<p> if control comes from @p latch. */
void lanes_loop_put_accumulator_phis(const lanes_loop_text *t, const char *name,
                                     const char *latch);

/** Store %sum.all<k>.<p> where it was read. */
void lanes_loop_put_accumulator_stores(const lanes_loop_text *t);

/** %sum.next<k>.<p>: %sum<k>.<p> and the results %w<k>.<p> of an element that counts. The
 * padding of a last block does not. */
void lanes_loop_put_fold(const lanes_loop_text *t);

/** The identity of one part of @p dtype, as LLVM reads a constant of that type. */
void lanes_loop_format_identity(const lanes_loop_text *t, uint32_t dtype, uint32_t part,
                                char text[32]);

/** "smin": the intrinsic of a minimum or maximum of @p dtype. Static string. */
const char *lanes_loop_extreme(const lanes_loop_text *t, uint32_t dtype);

/** "i32": of intrinsics for @p dtype. Static string. */
const char *lanes_loop_suffix(uint32_t dtype);

/* codegen_place.c */

/** Store the results %y<k>.0 to the scratch at %p<k>: the identity, if they do not count.
 */
void lanes_loop_put_candidates(const lanes_loop_text *t);

/** Write the functions that lanes_loop_put_args() calls. */
void lanes_loop_put_arg_functions(const lanes_loop_text *t);

/**
 * Look in the first %<count> results at %s<k> for better ones than those at %b<k>; the
 * first is of index %<index>. @p mask and @p where: which do not count, which do.
 */
void lanes_loop_put_args(const lanes_loop_text *t, const char *mask, const char *where,
                         const char *count, const char *index);

/* codegen_chunk.c */

/** Elements after which failures are looked for, and staged outputs stored. */
uint32_t lanes_loop_chunk(const lanes_loop_text *t);

/**
 * Write lanes.collect(i8 any, ptr mask, i64 count, i64 at, ptr result): if `any` is not
 * 0, adds the failures among @p count elements, the first of index `at`, to the
 * lanes_loop_result. Reads the mask to the end of a block.
 */
void lanes_loop_put_collect(const lanes_loop_text *t);

/** Write the functions that lanes_loop_put_unstage() calls. */
void lanes_loop_put_stage(const lanes_loop_text *t);

/**
 * Store the first %<count> outputs at %<from><k> to %<to><k>, but for those of elements
 * that failed: `any` and the mask %smask, or %cmask of whole blocks, say which.
 * @param is_whole  whole blocks, which begin where streaming stores may
 */
void lanes_loop_put_unstage(const lanes_loop_text *t, const char *any, const char *to,
                            const char *from, const char *count, bool is_whole);

#endif /* LANES_CODEGEN_LOOP_H */
