/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_signature.h - one reading of a callback's signature, shared by
 * codegen_signature.c (the order, what the client gave), codegen_arguments.c (roles and
 * inputs), codegen_results.c (outputs) and codegen_scalars.c (types).
 */
#ifndef LANES_CODEGEN_SIGNATURE_H
#define LANES_CODEGEN_SIGNATURE_H

#include "codegen/codegen_internal.h"
#include "codegen/codegen_mangle.h"
#include "codegen/codegen_trace.h"

/* One scalar that the callback returns, as IR has it. */
typedef struct lanes_signature_leaf {
    LLVMTypeRef type;
    uint32_t memory; /* lanes_codegen_result */
    uint32_t offset;
    bool is_bool;
    bool is_unsigned;
    bool starts_complex; /* this and the next are real and imaginary part */
} lanes_signature_leaf;

typedef struct lanes_signature_reader {
    lanes_codegen *cg;
    LLVMTargetDataRef layout;
    unsigned hidden;        /* parameters before the first argument */
    lanes_signature wanted; /* valid if has_wanted */
    bool has_wanted;
    uint32_t rows_left; /* rows of `wanted` that no argument has taken yet */
    /* What Numba's name says of each parameter; count 0: nothing. */
    uint32_t mangled_count;
    lanes_mangle_argument mangled[LANES_MANGLE_ARGUMENTS_MAX];
    bool has_hidden_leaves; /* results that only a given signature tells */
    uint32_t leaf_count;
    lanes_signature_leaf leaf[LANES_CODEGEN_PARTS_MAX];
    lanes_trace slot; /* what is done with Numba's return slot */
    lanes_trace trace[LANES_CODEGEN_ARGUMENTS_MAX]; /* with arguments that are pointers */
} lanes_signature_reader;

/* codegen_scalars.c */

/** Name of the callback. */
const char *lanes_reader_name(const lanes_signature_reader *r);

/** Fail with "<what> <index> of '<callback>' <why>". */
lanes_status lanes_reader_refuse(lanes_signature_reader *r, const char *what,
                                 unsigned index, const char *why);

/** Fail because of a type that no dtype has. */
lanes_status lanes_reader_refuse_type(lanes_signature_reader *r, LLVMTypeRef type,
                                      const char *what, unsigned index);

/** Fail because the given signature's @p what do not fit the callback. */
lanes_status lanes_reader_mismatch(lanes_signature_reader *r, const char *what);

/** Bits of an integer type; 0 for other types. */
unsigned lanes_reader_int_width(LLVMTypeRef type);

/** The dtype of a scalar if nobody says more; NONE if there is none. */
uint32_t lanes_reader_dtype(LLVMTypeRef type, bool is_unsigned);

/** True if a part of dtype @p part can be a scalar of @p type: same size, same kind. */
bool lanes_reader_fits(uint32_t part, LLVMTypeRef type);

bool lanes_reader_may_hold(LLVMTypeRef type, uint32_t offset, uint32_t part,
                           uint32_t part_offset);
bool lanes_reader_is_pointer(LLVMTypeRef type);

/** Scalars that an argument of this type is made of; 0: none that lanes knows. */
unsigned lanes_reader_scalar_count(LLVMTypeRef type);
LLVMTypeRef lanes_reader_scalar_at(LLVMTypeRef type, unsigned index);

/** Numba's word on an argument; NULL if its name has none. */
const lanes_mangle_argument *lanes_reader_mangled(const lanes_signature_reader *r,
                                                  uint32_t argument);

/** True if results can only come through pointers. */
bool lanes_reader_returns_nothing(const lanes_signature_reader *r);

/* codegen_arguments.c: call in this order. */

/** What each argument is for: call.argument[].role. */
LANES_NODISCARD lanes_status lanes_reader_read_roles(lanes_signature_reader *r);

/** The inputs of cg->signature, from the IR and Numba's name. */
LANES_NODISCARD lanes_status lanes_reader_derive_inputs(lanes_signature_reader *r);

/** Lists the scalars of all inputs that are not rows: call.input_part. */
LANES_NODISCARD lanes_status lanes_reader_list_input_parts(lanes_signature_reader *r);

/** Gives each argument its scalars, or its row, checking that they fit. */
LANES_NODISCARD lanes_status lanes_reader_assign_inputs(lanes_signature_reader *r);

/**
 * The least that a batch must give: call.row_minimum, at least 1, and call.params_bytes,
 * 0 if the callback does nothing with its params block.
 *
 * Whatever is read at constant offsets counts, on any way through the callback: who
 * writes row[2] means rows of three. But a callback that takes an integer may have been
 * told the length, and then a row[2] behind `if (n > 2)` says nothing: there only reads
 * count that every call does (lanes_trace.always_read_end). Nothing is known of reads at
 * offsets that are no constants.
 *
 * Refused: what every call reads before the row, or the block; rows that must be longer
 * than any can be.
 */
LANES_NODISCARD lanes_status lanes_reader_measure_inputs(lanes_signature_reader *r);

/* codegen_results.c: one of the first two, then the others. */

/** Find the scalars that the callback returns: r->leaf. */
LANES_NODISCARD lanes_status lanes_reader_read_numba_result(lanes_signature_reader *r);
LANES_NODISCARD lanes_status lanes_reader_read_c_result(lanes_signature_reader *r);

/** The outputs of cg->signature, from the leaves. */
LANES_NODISCARD lanes_status lanes_reader_derive_outputs(lanes_signature_reader *r);

/** Where each part of cg->signature's outputs is after the call: call.result. */
LANES_NODISCARD lanes_status lanes_reader_place_outputs(lanes_signature_reader *r);

#endif /* LANES_CODEGEN_SIGNATURE_H */
