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
#include "engine/engine_place.h"
#include "engine/engine_space.h"
#include "kernel/loop.h"
#include "kernel/payload.h"
#include "kernel/variant.h"
#include "os/os_guard.h"
#include "team/team.h"
#include "topo/topo.h"

/** An operand with its segment resolved. Private memory: nobody changes it meanwhile. */
typedef struct lanes_engine_operand {
    char *segment_base;     /* in this process */
    uint64_t segment_bytes; /* mapped */
    uint64_t segment_key; /* equal for two operands iff they are the same memory object */
    uint64_t offset;      /* bytes to element 0 */
    int64_t stride[LANES_DIMENSIONS_MAX];
    uint32_t dtype;
    uint32_t row_count; /* elements of each row; 0: not a row */
    uint32_t is_read_only;
} lanes_engine_operand;

/** What the engine must know of a kernel to check a batch; private memory. */
typedef struct lanes_engine_kernel {
    lanes_signature signature;
    uint32_t has_params;
    uint64_t params_bytes; /* the least; 0: there is none, or a batch may leave it out */
    uint32_t row_minimum[LANES_OPERANDS_MAX]; /* elements of input k's rows, the least */
    uint32_t may_raise;                       /* 1: elements can fail */
    uint32_t keeps_order; /* 1: what an element gives may depend on its index */
} lanes_engine_kernel;

typedef struct lanes_engine_batch {
    uint32_t dimensions;
    uint32_t operand_count;
    uint64_t shape[LANES_DIMENSIONS_MAX];
    lanes_engine_operand operand[LANES_OPERANDS_MAX]; /* inputs, outputs, mask, where */
    uint32_t errors;                                  /* enum lanes_errors */
    uint32_t casting;                                 /* enum lanes_casting */
    uint32_t has_where;                               /* 1: the last operand */
    uint64_t stream_bytes;  /* larger batches store outputs past the caches; 0: none do */
    const void *params;     /* resolved, its bytes inside its segment; NULL: none */
    uint64_t params_bytes;  /* without params: 0 */
    uint64_t params_key;    /* of the memory object it is in, as segment_key */
    uint64_t params_offset; /* bytes from that object's start */
    uint64_t seed;
    bool flushes;         /* denormals are 0 */
    uint32_t reduce;      /* enum lanes_reduce */
    uint32_t reduce_axes; /* bit d: dimension d is reduced, if there is such */
    uint32_t fp_report;   /* bits of enum lanes_fp_flag that are asked for */
    uint32_t fp_exact;    /* 1: none may be missed */
} lanes_engine_batch;

/** How an operand reaches the loop. */
enum lanes_engine_access {
    LANES_ACCESS_UNIFORM = 1, /* one element for all */
    LANES_ACCESS_LINEAR,      /* in place: one run through the whole batch */
    LANES_ACCESS_RUN,         /* in place: one run along the innermost dimension */
    LANES_ACCESS_PACKED,      /* copied by the block */
    LANES_ACCESS_OWN          /* a reduction's output: the accumulators of a unit */
};

/**
 * How a batch is reduced (engine_reduce.c): in units of `width` values by `segment`
 * elements each, the last of a row or column being smaller. If there is one segment, a
 * unit's values are results; else they are kept until all units have run.
 */
typedef struct lanes_engine_reduction {
    uint32_t op;      /* enum lanes_reduce; NONE: no reduction, and the rest is not set */
    bool folds;       /* a unit makes one value, or a segment of a scan; else `width`
                         values, side by side */
    bool is_in_order; /* segments go on where the one before ended: one thread */
    bool is_empty;    /* no elements, but values: each is the operation's of none */
    uint64_t kept;    /* values of each output */
    uint64_t reduced; /* elements of each */
    uint64_t width;
    uint64_t segment;
    uint64_t segments;
} lanes_engine_reduction;

/**
 * Floating-point exceptions of a batch (engine_flags.c). What changes is shared by all
 * threads that run it.
 */
typedef struct lanes_engine_flags {
    lanes_confirm_fn confirm; /* of the variant; set before the first run; NULL: nothing
                                 is looked for */
    uint32_t wanted;          /* bits of enum lanes_fp_flag */
    uint32_t is_exact;        /* 1: no range that may have raised some is left out */
    uint32_t kept;            /* bit k: input k is copied, as an output overwrites it */
    uint32_t kept_bytes;      /* of their elements */
    uint32_t raised;          /* bits that were confirmed */
    uint32_t reserved;
    uint64_t first;  /* smallest flat index that was confirmed for any; ~0: none */
    uint64_t alarms; /* ranges that could have been confirmed */
    uint64_t vain;   /* confirmed, and there was nothing */
    uint64_t next;   /* alarm from which on a range is confirmed again */
} lanes_engine_flags;

/**
 * A checked batch, ready to run once its variant is there. Operands are counted as in the
 * batch; of arrays, what operand_count does not cover is not set.
 */
typedef struct lanes_engine_plan {
    lanes_variant_key key;
    lanes_loop_frame frame; /* of loop index 0 */
    uint64_t count;         /* elements; may be 0, then only `work` of the rest is set */
    uint64_t work; /* loop indices to be run: count, or twice as many in two passes */
    uint64_t element_bytes; /* memory traffic per element, for the tile size */
    uint32_t operand_count;
    uint32_t input_count;
    uint32_t written_count; /* outputs and mask, behind the inputs */
    uint32_t mask;          /* slot of the mask of failures */
    bool keeps_outputs;     /* some stores may not happen */
    bool is_scanned;        /* the mask says which failure was the first */
    bool finds_failures;    /* that mask is the engine's own */
    bool is_by_run;         /* blocks end where rows do */
    bool is_direct;         /* all in place: the loop runs whole tiles */
    bool writes_by_row;     /* some output has runs along the innermost dimension only */
    bool flushes;           /* denormals are 0 */
    bool tells_index;       /* callbacks may get to know their flat index */
    uint64_t block_count;   /* elements of a block, at most */
    uint64_t panel_rows;    /* of a block, at most; 0: it is a range of loop indices */
    uint8_t slot[LANES_FRAME_OPERANDS_MAX];         /* in the frame */
    uint8_t access[LANES_FRAME_OPERANDS_MAX];       /* enum lanes_engine_access */
    uint8_t element_size[LANES_FRAME_OPERANDS_MAX]; /* bytes of one of the array's */
    lanes_engine_space space;
    lanes_engine_reduction reduction;
    uint32_t output_dtype[LANES_OPERANDS_MAX]; /* of arrays; set if it is a reduction */
    uint32_t value_dtype[LANES_OPERANDS_MAX];  /* of the kernel's results; likewise */
    /* Owned: lanes_engine_plan_deinit(). */
    char *partial;                     /* values of units */
    lanes_engine_placement *placement; /* who runs what; NULL: no matter */
    lanes_engine_flags *flags;         /* NULL: nobody asks */
} lanes_engine_plan;

/** How a run can be ended from outside; without all of it: not at all. */
typedef struct lanes_engine_end {
    const uint32_t *cancel; /* not 0: no more tiles are begun; NULL: never */
    const uint64_t *ended;  /* likewise, if it is `ticket`; NULL: never */
    uint64_t ticket; /* of tiles, which lanes_os_guard_interrupt() ends half-way; 0:
                        none does */
} lanes_engine_end;

typedef struct lanes_engine_outcome {
    lanes_loop_result result;
    uint64_t run_ns;
    uint64_t ended_ns; /* when the last run ended, by lanes_clock_ns() */
    uint64_t tiles;
    uint32_t threads;
    /*
     * If fault.signal_number is not 0, a tile was ended by that signal: its elements are
     * partly done and have flat indices in [fault_begin, fault_end); tiles after it were
     * skipped.
     */
    lanes_os_fault fault;
    uint64_t fault_begin;
    uint64_t fault_end;
    /*
     * What an element costs one thread, in picoseconds; 0 = unknown. In: a guess from
     * earlier slices or batches of the same variant, which saves measuring it on the
     * first elements. Out: as measured. It decides tile sizes only, never results.
     */
    uint64_t element_ps;
    uint64_t alone_ps;     /* likewise, of runs by one thread; 0 = there was none */
    uint32_t thread_limit; /* in: use at most so many threads; 0: all */
} lanes_engine_outcome;

#define LANES_ENGINE_OUTCOME_INIT {.result = LANES_LOOP_RESULT_INIT}

/**
 * Check @p batch against @p kernel and fill @p out_plan.
 *
 * Checks, in this order: operand count (inputs, outputs, a mask of bool if batch->errors
 * is LANES_ERRORS_MASK, and one of bool if batch->has_where), dtypes (the kernel's, or
 * such as batch->casting allows; rows: the kernel's), row counts (rows: 1 .. INT32_MAX,
 * and at least the kernel's row_minimum; others: 0), params (not given if the kernel has
 * none, given if it has params_bytes, at least those, aligned to 16), shape (count <=
 * LANES_COUNT_MAX), every byte of every operand inside its segment (each n * stride
 * without overflow), outputs writable, no two elements of an output in one place, every
 * output disjoint from, or exactly, each other operand; apart from rows and from the
 * params block, through whichever attachment. Strides may be any. Outputs of reductions:
 * the operation's dtype, stride 0 along reduced axes, apart from all else; of scans, as
 * of any batch, but apart from the start. Texts name the operand's index, the value and
 * the limit.
 *
 * @param out_plan  to be deinitialised, if this succeeds
 * @return LANES_OK, LANES_E_OPERANDS, _DTYPE, _PARAMS, _SHAPE, _SPAN, _READ_ONLY,
 * _OVERLAP, -ENOMEM
 */
LANES_NODISCARD lanes_status lanes_engine_plan_batch(const lanes_engine_batch *batch,
                                                     const lanes_engine_kernel *kernel,
                                                     lanes_engine_plan *out_plan,
                                                     lanes_error *err);

/**
 * True if a batch is so large, and of a kind, that it may be worth knowing where its
 * operands are; never on a machine of one node.
 */
bool lanes_engine_is_placeable(const lanes_engine_plan *plan,
                               const lanes_topo_plan *places);

/**
 * Let the elements of a placeable batch be run by threads whose memory they are in, if
 * that brings clearly more of them near than chance. Before its first run.
 *
 * @param threads  of the team: the first of @p places
 * @param pages    [plan->operand_count] where each operand's segment is; borrowed; NULL:
 *   unknown
 */
void lanes_engine_place_batch(lanes_engine_plan *plan, const lanes_topo_plan *places,
                              uint32_t threads, const lanes_topo_pages *const *pages);

/** Free what a plan owns, if it does; also of one that is all 0, and twice. */
void lanes_engine_plan_deinit(lanes_engine_plan *plan);

/**
 * Give a reduction without elements its results; plan->reduction.is_empty, and nothing
 * else is run.
 *
 * @return false: writing faulted
 */
LANES_NODISCARD bool lanes_engine_write_empty(const lanes_engine_plan *plan,
                                              lanes_os_fault *out_fault);

/**
 * True if the @p count elements of @p element_bytes at byte offsets offset + i * stride
 * all lie in [0, segment_bytes); then [*out_low, *out_high) is the byte range they span.
 */
bool lanes_engine_span_fits(uint64_t segment_bytes, uint64_t offset, int64_t stride,
                            uint64_t count, uint32_t element_bytes, uint64_t *out_low,
                            uint64_t *out_high);

/**
 * Run [begin, end) of the work of a planned batch with @p loop on the team; team leader
 * only. That is loop indices; from plan->count on, those of a second pass. Of reductions,
 * the units that begin there; the call that reaches the end writes the results. Slices
 * are run in order. Sums into @p outcome, which the caller has initialised, so that a
 * long batch can be run in slices. Of a placed batch, [begin, end) says only how much is
 * run: all of it is, once, when slices follow each other from 0 to the end. The rounding
 * mode of every thread is round-to-nearest while kernels run. A fault (SIGSEGV, SIGBUS,
 * SIGFPE, SIGILL) inside the loop ends its tile and the run: see outcome->fault; the team
 * lives.
 *
 * @param end_by  borrowed; NULL: nothing ends it. If it is ended, remaining tiles are
 *   skipped, and what those that ran have written is undefined
 */
void lanes_engine_run(lanes_team *team, const lanes_engine_plan *plan, lanes_loop_fn loop,
                      uint64_t begin, uint64_t end, const lanes_engine_end *end_by,
                      lanes_engine_outcome *outcome);

/** A kernel's exceptions: what its object exports and what the compiler says of it. */
typedef struct lanes_engine_exceptions {
    lanes_explain_fn explain;   /* NULL: nothing can fail */
    const void *const *address; /* the table of kernel/payload.h */
    const lanes_payload *payload;
    uint32_t payload_count;
    const lanes_payload_arguments *arguments;
    uint32_t argument_list_count;
} lanes_engine_exceptions;

/**
 * Learn why the element of flat index @p index failed, by running its callback once more
 * on this thread.
 *
 * The excinfo that the callback leaves is not trusted: it must be one of the table's, or
 * lie in the memory that this element allocated, and likewise all it points to, but for
 * the characters of strings; else out_raised->kind is LANES_RAISED_UNKNOWN. A string
 * whose characters cannot be read is LANES_RAISED_ITEM_UNKNOWN.
 *
 * @param ticket      who knows it can end the callback; 0: nobody can
 * @param out_text    UTF-8, the rest of "callback raised ": "ValueError('negative',
 * -2.0)"; ends in "..." where it was cut
 * @param text_bytes  of it; at least 4
 */
void lanes_engine_explain(const lanes_engine_plan *plan,
                          const lanes_engine_exceptions *exceptions, uint64_t index,
                          uint64_t ticket, lanes_abi_raised *out_raised, char *out_text,
                          size_t text_bytes);

#endif /* LANES_ENGINE_H */
