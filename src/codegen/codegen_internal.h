/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_internal.h - one compile, shared by the files of this room.
 *
 * README.md lists the order in which a compile goes through the files. Each takes the
 * struct below as the one before left it.
 */
#ifndef LANES_CODEGEN_INTERNAL_H
#define LANES_CODEGEN_INTERNAL_H

#include <jansson.h>
#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>
#include <stdio.h>
#include <string.h>

#include "codegen/codegen.h"
#include "codegen/codegen_survey.h"

/** Vector instruction sets that change the code; ordered. */
enum lanes_codegen_isa {
    LANES_ISA_SSE2 = 0,
    LANES_ISA_AVX = 1,
    LANES_ISA_AVX2 = 2,
    LANES_ISA_AVX512 = 3
};

/** What a parameter of the callback is for. */
enum lanes_codegen_role {
    LANES_ROLE_SCALAR = 1, /* one or more parts of inputs */
    LANES_ROLE_ROW_COUNT,  /* the length of the row that the next parameter points to */
    LANES_ROLE_ROW,
    LANES_ROLE_PARAMS, /* the params block */
    LANES_ROLE_OUTPUT  /* memory for results */
};

/** Parameters of a callback, hidden ones (return slot, excinfo) not counted. */
#define LANES_CODEGEN_ARGUMENTS_MAX 48
/** Scalars that all inputs, or all outputs, are made of. */
#define LANES_CODEGEN_PARTS_MAX (2 * LANES_OPERANDS_MAX)

typedef struct lanes_codegen_argument {
    enum lanes_codegen_role role;
    LLVMTypeRef type;
    bool is_zero_extended; /* the ABI wants small integers zero- or sign-extended */
    bool is_sign_extended;
    /*
     * SCALAR: the first of its parts among cg->input_parts, and how many;
     * ROW, ROW_COUNT: the input; OUTPUT: index of its memory.
     */
    uint32_t first;
    uint32_t count;
} lanes_codegen_argument;

/** One scalar of an input: part `part` (0, or 1 = imaginary) of operand `operand`. */
typedef struct lanes_codegen_part {
    uint32_t operand;
    uint32_t part;
} lanes_codegen_part;

/** Where one scalar of the results is after the call. */
typedef struct lanes_codegen_result {
    uint32_t memory; /* 0: the return value or slot; 1 + n: the n-th OUTPUT argument */
    uint32_t offset; /* bytes */
} lanes_codegen_result;

/** How the callback is called; codegen_signature.c finds out. */
typedef struct lanes_codegen_call {
    uint32_t argument_count;
    lanes_codegen_argument argument[LANES_CODEGEN_ARGUMENTS_MAX];
    uint32_t input_part_count;
    lanes_codegen_part input_part[LANES_CODEGEN_PARTS_MAX];
    uint32_t result_count; /* parts of all outputs, in order */
    lanes_codegen_result result[LANES_CODEGEN_PARTS_MAX];
    uint32_t memory_bytes[1 + LANES_OPERANDS_MAX];
    uint32_t memory_count;   /* >= 1 */
    LLVMTypeRef return_type; /* C: what the call returns; NULL if nothing */
    bool has_return_slot;    /* C: the first parameter points to memory 0 (sret) */
    bool has_params;
    uint64_t params_bytes; /* of the params block, the least; 0: it is not looked at */
    uint32_t row_minimum[LANES_OPERANDS_MAX]; /* elements of input k's rows, the least */
} lanes_codegen_call;

/**
 * Elements per call of the vector body: a multiple of every vector width times interleave
 * count that LLVM chooses on x86, so that the body never needs a scalar remainder loop:
 * at most 512 bits of the narrowest type, by 4.
 */
#define LANES_CODEGEN_BLOCK_BYTES 256u

/** Calls in the callback that will have a vector form. */
typedef struct lanes_codegen_vector_math {
    uint32_t calls;
    uint32_t arithmetic; /* additions, multiplications, divisions of floats beside them */
} lanes_codegen_vector_math;

/** What the vectorizer did to the generated loop. */
typedef struct lanes_codegen_vectorization {
    uint32_t width;      /* 1: not vectorized */
    uint32_t interleave; /* 1: not interleaved */
} lanes_codegen_vectorization;

typedef struct lanes_codegen lanes_codegen;

/**
 * A way of making a loop of a callback. Before it: the callback is in cg->module,
 * admitted and inlined; types, variant and failures are known. After it: vector math,
 * LLVM's pipeline, the object file. Whatever it makes keeps the contract of
 * lanes_loop_fn.
 */
typedef struct lanes_codegen_strategy {
    enum lanes_strategy id;
    const char *name; /* in reports */
    /**
     * Link the generated loop around the callback as @p symbol, if elements can fail
     * the lanes_explain_fn as @p explain_symbol, and if the variant has one the
     * lanes_confirm_fn as @p confirm_symbol.
     */
    lanes_status (*add_loop)(lanes_codegen *cg, const char *symbol,
                             const char *explain_symbol, const char *confirm_symbol);
} lanes_codegen_strategy;

struct lanes_codegen {
    const lanes_compile_request *request; /* borrowed */
    const char *ir;                       /* borrowed, request->ir_bytes long */
    const lanes_code_key *known;          /* borrowed, request->known_count of them */
    lanes_error error;                    /* of the step that failed */

    LLVMContextRef context;
    LLVMModuleRef module;  /* the callback's, later with the loop linked in */
    LLVMModuleRef confirm; /* the lanes_confirm_fn, away from the optimiser; or NULL */
    LLVMTargetMachineRef machine;
    enum lanes_codegen_isa isa;
    char *cpu;      /* owned: LLVM's name */
    char *features; /* owned: LLVM's feature string */

    LLVMValueRef callback; /* the native function, in module */
    enum lanes_convention convention;
    lanes_codegen_call call;
    uint32_t may_raise;    /* an element can fail */
    bool needs_begin;      /* the callback uses state of the runtime */
    bool guards_divisions; /* some integer division in it could trap */

    /* Exceptions; codegen_exception.c. Owned arrays. */
    lanes_payload *payloads;
    lanes_payload_arguments *argument_lists;
    uint32_t payload_count;
    uint32_t argument_list_count;
    lanes_signature signature;
    lanes_variant_key key;
    lanes_codegen_vector_math vector_math;
    bool has_f4_beside_f8; /* f4 functions run as many lanes at once as f8's do */
    uint32_t block;        /* elements; 1 for a loop that stays scalar */
    bool is_node;          /* of a fused kernel: the whole begins the element */
    struct lanes_codegen_fusion *fusion; /* owned; codegen_fuse.h; NULL: one callback */
    bool is_known; /* the executor has the code: nothing is made of it */

    const lanes_codegen_strategy *strategy;
    lanes_codegen_survey survey; /* of the first build; its calls are owned */
    lanes_codegen_vectorization vectorization;
    bool has_loop_remark; /* it said something about the generated loop itself */
    json_t *remarks;      /* array of strings: what the vectorizer said */
    json_t *report;       /* object: see report.c */
    json_t *stages;       /* object: IR texts, if asked for; else NULL */
    double ms_parse, ms_wrap, ms_optimise, ms_emit;

    LLVMMemoryBufferRef object;
};

/** The name of a global value or instruction; LLVM's own memory. */
static inline const char *lanes_codegen_name(LLVMValueRef value)
{
    size_t length;
    return LLVMGetValueName2(value, &length);
}

static inline bool lanes_codegen_starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/** True for the integer constant @p wanted, of up to 64 bits. */
static inline bool lanes_codegen_is_constant(LLVMValueRef value, uint64_t wanted)
{
    return LLVMIsAConstantInt(value) && LLVMConstIntGetZExtValue(value) == wanted;
}

/* codegen.c */

/** Everything from IR to the isolated, admitted callback with its signature. */
LANES_NODISCARD lanes_status lanes_codegen_prepare(lanes_codegen *cg);

/** Find what can fail in an isolated callback: sets cg->may_raise, ->needs_begin. */
void lanes_codegen_find_failures(lanes_codegen *cg);

/** Drop what was built of the callback; the request may then be built again. */
void lanes_codegen_drop_module(lanes_codegen *cg);

/* codegen_target.c */

/** Make cg->machine for request->cpu (kernel/cpu.h), with cg->cpu, ->features, ->isa. */
LANES_NODISCARD lanes_status lanes_codegen_target_create(lanes_codegen *cg);

/* codegen_attributes.c */

/** Where a function's own attributes are; 0 is its result, i + 1 its parameter i. */
#define LANES_CODEGEN_AT_FUNCTION ((LLVMAttributeIndex)LLVMAttributeFunctionIndex)

/** The enum attribute @p name, such as "noinline", of a function; NULL if it has none. */
LLVMAttributeRef lanes_codegen_attribute(LLVMValueRef function, LLVMAttributeIndex at,
                                         const char *name);

/** As above of a call: its own, else that of the function it names. */
LLVMAttributeRef lanes_codegen_call_attribute(LLVMValueRef call, LLVMAttributeIndex at,
                                              const char *name);

/** Give a function the enum attribute @p name, with value 0. */
void lanes_codegen_add_attribute(LLVMValueRef function, LLVMAttributeIndex at,
                                 const char *name);

void lanes_codegen_drop_attribute(LLVMValueRef function, LLVMAttributeIndex at,
                                  const char *name);

/* codegen_blocks.c */

/** Write the blocks of @p function, LLVMCountBasicBlocks() of them, as find wants them.
 */
void lanes_codegen_sort_blocks(LLVMValueRef function, LLVMBasicBlockRef *out_blocks);

/** Index of @p block, which is one of @p blocks, in their order. */
unsigned lanes_codegen_find_block(const LLVMBasicBlockRef *blocks, unsigned count,
                                  LLVMBasicBlockRef block);

/* codegen_read.c */

/** Parse and verify cg->ir into cg->module; retarget it; record producer and triple. */
LANES_NODISCARD lanes_status lanes_codegen_read(lanes_codegen *cg);

/* codegen_producer.c */

/**
 * Write who made a bitcode file, such as "LLVM22.1.8", into @p text.
 *
 * @return false if @p ir is not bitcode, or does not say
 */
bool lanes_codegen_bitcode_producer(const char *ir, uint64_t ir_bytes, char *text,
                                    size_t text_bytes);

/* codegen_entry.c */

/** Find the callback: set cg->callback and ->convention. */
LANES_NODISCARD lanes_status lanes_codegen_find_entry(lanes_codegen *cg);

/** True if the first parameter is memory for a struct that C returns by value (sret). */
bool lanes_codegen_has_return_slot(LLVMValueRef function);

/** The C wrapper that Numba emits beside @p native; NULL if there is none. */
LLVMValueRef lanes_codegen_cfunc_of(LLVMModuleRef module, const char *native);

/* codegen_signature.c */

/** Find out how the callback is called: set cg->signature, ->call, ->may_raise, ->key. */
LANES_NODISCARD lanes_status lanes_codegen_read_signature(lanes_codegen *cg);

/* codegen_bypass.c */

/** Let divisions of 64 bits that have a vector form go no other way for small numbers. */
void lanes_codegen_drop_bypasses(lanes_codegen *cg);

/* codegen_divide.c */

/** A declaration that stands for the report of a division while it is not known where. */
#define LANES_DIVIDED "lanes.divided"

/** Guard every integer division that could trap: it calls LANES_DIVIDED. */
void lanes_codegen_guard_divisions(lanes_codegen *cg);

/**
 * Look where guarded divisions ended up. Those in functions that are called, because they
 * are recursive, report to the runtime; those in the callback itself set
 * cg->guards_divisions. Sets ->needs_begin and ->may_raise accordingly.
 */
void lanes_codegen_find_divisions(lanes_codegen *cg);

/** Let the divisions of @p element keep what happened in its alloca %flags. */
void lanes_codegen_keep_divisions(lanes_codegen *cg, LLVMValueRef element);

/** Declare the runtime's lanes_runtime_fail. */
LLVMValueRef lanes_codegen_declare_fail(lanes_codegen *cg);

/** Bits of %flags. */
#define LANES_FLAG_ZERO_DIVISION 1u
#define LANES_FLAG_OVERFLOW      2u

/* codegen_panic.c */

/** True if a call of @p name means that an element fails instead of the process ending.
 */
bool lanes_codegen_is_panic(const char *name);

/** As lanes_codegen_find_divisions(), for such calls. */
void lanes_codegen_find_panics(lanes_codegen *cg);

/**
 * Mark what panics as not returning: whoever declares abort() without saying so has code
 * behind it, which simplifycfg drops.
 *
 * @return true if there is such code
 */
bool lanes_codegen_mark_panics(lanes_codegen *cg);

/** Let those in @p element return their reason. */
void lanes_codegen_guard_panics(lanes_codegen *cg, LLVMValueRef element);

/* codegen_element.c */

/**
 * Write lanes.element as IR text: the callback behind one shape for all conventions,
 *
 *   {i32 code, result parts...} lanes.element(ptr excinfo, ptr params, i64 seed,
 *                                             i64 index, inputs...)
 *
 * where an input is one or two parts in the form in which arrays store them (bool as i8),
 * or a row's address and its i32 length.
 */
void lanes_codegen_put_element(const lanes_codegen *cg, const char *name, FILE *out);

/** Its first line, and the label of its first block. */
void lanes_codegen_put_element_head(const lanes_codegen *cg, const char *name, FILE *out);

/** Its copies: for the loop, the lanes_explain_fn and the lanes_confirm_fn. */
#define LANES_ELEMENT_LOOP    "lanes.element"
#define LANES_ELEMENT_EXPLAIN "lanes.element.explain"
#define LANES_ELEMENT_CONFIRM "lanes.element.confirm"

/** Declare what lanes_codegen_put_element() calls. */
void lanes_codegen_put_declarations(const lanes_codegen *cg, FILE *out);

/** "double": the IR type in which arrays store one part of @p dtype. */
const char *lanes_codegen_storage(uint32_t dtype);

/** Write "{ i32, double, ... }": what lanes.element returns. */
void lanes_codegen_put_element_type(const lanes_codegen *cg, FILE *out);

/* codegen_isolate.c */

/**
 * Prepare all functions for analysis and inlining: drop attributes that hinder either,
 * and keep locals in registers.
 */
LANES_NODISCARD lanes_status lanes_codegen_normalise(lanes_codegen *cg);

/**
 * Make everything but the callback, into which all it calls has been inlined, internal,
 * and drop what it does not reach.
 */
LANES_NODISCARD lanes_status lanes_codegen_isolate(lanes_codegen *cg);

/* codegen_admit.c */

/** Refuse what the whole module may not have (constructors, inline assembly, ...). */
LANES_NODISCARD lanes_status lanes_codegen_admit_module(lanes_codegen *cg);

/**
 * Check what is left of the module: externals from the table only, no addresses of the
 * submitting process. Sets cg->needs_begin.
 */
LANES_NODISCARD lanes_status lanes_codegen_admit_reachable(lanes_codegen *cg);

/* codegen_intrinsics.c */

/**
 * Why LLVM's intrinsic @p function may not be called by a callback, and what to do; NULL
 * if it may. Also of other declarations, to which only *out_rule = "float-environment"
 * can apply.
 *
 * @param[out] out_rule  the rule's name, if it may not
 */
const char *lanes_codegen_refuse_callee(LLVMValueRef function, const char **out_rule);

/* codegen_globals.c */

/** False if the callback may write a variable of the module, or keep its address. */
bool lanes_codegen_is_only_read(LLVMValueRef variable);

/* codegen_object.c */

/**
 * Check that the finished object needs no symbol outside the closed table. LLVM makes
 * calls of its own for operations without an instruction.
 */
LANES_NODISCARD lanes_status lanes_codegen_check_object(lanes_codegen *cg);

/* codegen_float.c */

/** Add request->fp to the flags of all floating-point arithmetic. */
void lanes_codegen_relax_floats(lanes_codegen *cg);

/* codegen_identity.c */

/**
 * Compute the identity of the isolated callback: equal for all modules that lead to the
 * same loop but for names, addresses and the texts of exceptions. Also into the report.
 */
LANES_NODISCARD lanes_status
lanes_codegen_identify(lanes_codegen *cg, uint8_t out_identity[LANES_IDENTITY_BYTES]);

/* codegen_key.c */

/**
 * Set result->code_key, of cg->key's variant of the kernel of result->identity.
 *
 * @return true if it is among cg->known
 */
bool lanes_codegen_is_known(const lanes_codegen *cg, lanes_compile_result *result);

/* codegen_exception.c */

/**
 * Find what the module can raise: fill cg->payloads and ->argument_lists, and put
 * stand-ins (constants that nothing calls) in the place of the functions that would make
 * Python objects of an exception's arguments. Before lanes_codegen_admit_reachable().
 */
LANES_NODISCARD lanes_status lanes_codegen_find_exceptions(lanes_codegen *cg);

/**
 * The bytes of the constant array that @p address is the start of; NULL if it is the
 * address of something else. LLVM's memory.
 */
const unsigned char *lanes_codegen_constant_bytes(LLVMValueRef address,
                                                  uint64_t *out_count);

/** Let the exceptions of a node be numbered from these numbers on in its module. */
void lanes_codegen_number_exceptions(lanes_codegen *cg, uint32_t first_payload,
                                     uint32_t first_argument_list);

/** Add the table of addresses of kernel/payload.h as @p symbol; external, constant. */
LANES_NODISCARD lanes_status lanes_codegen_add_exception_table(lanes_codegen *cg,
                                                               const char *symbol);

/* codegen_loop.c */

/** The callback inlined into a loop, for LLVM's vectorizer. */
extern const lanes_codegen_strategy lanes_codegen_strategy_loop;

/* codegen_leave.c */

/** Let functions that stay calls return at once when one that they call has failed. */
LANES_NODISCARD lanes_status lanes_codegen_leave_failed(lanes_codegen *cg);

/* codegen_convert.c */

/** Write that %to_name is %from_name, one part of dtype @p from, as one of @p to. */
void lanes_codegen_put_conversion(FILE *out, const char *to_name, const char *from_name,
                                  uint32_t from, uint32_t to);

/* codegen_quotient.c */

/** Let divisions of integers in @p element be vectorizable: of up to 32 bits, with
 * AVX-512 of 64. */
void lanes_codegen_divide_in_floats(lanes_codegen *cg, LLVMValueRef element);

/* codegen_doomed.c */

/** Let the loop's @p element return where all that follows ends in a failure. */
LANES_NODISCARD lanes_status lanes_codegen_end_doomed(lanes_codegen *cg,
                                                      LLVMValueRef element);

/* codegen_quiet.c */

/** Drop from the loop's element what only serves to say why it failed. */
void lanes_codegen_quiet(lanes_codegen *cg, LLVMValueRef element);

/* codegen_link.c */

/**
 * Link @p text, in which lanes.element is, with the callback: becomes part of it, and
 * what can go wrong there is guarded.
 */
LANES_NODISCARD lanes_status lanes_codegen_link_element(lanes_codegen *cg,
                                                        const char *text, size_t bytes);

/** Link @p text (lanes.element, the loop) with the callback, or with the nodes. */
LANES_NODISCARD lanes_status lanes_codegen_link_loop(lanes_codegen *cg, const char *text,
                                                     size_t bytes);

/* codegen_externals.c */

/** Who serves an external function. */
enum lanes_codegen_group {
    LANES_EXTERNAL_MATH = 1, /* libm, libmvec or instructions */
    LANES_EXTERNAL_PLAIN,    /* libc's memory functions, libgcc's helpers */
    LANES_EXTERNAL_RUNTIME   /* src/runtime */
};

/** What is known about an external function by its name. */
typedef struct lanes_codegen_math {
    char name[40];     /* such as "expf" */
    uint32_t arity;    /* of T; 0 = another shape */
    uint32_t is_float; /* T is float, else double */
    uint32_t is_pure;  /* depends on its arguments only */
    uint32_t has_vector;
    enum lanes_codegen_group group;
} lanes_codegen_math;

/** Look up a function name in the closed table; false if it is not in it. */
bool lanes_codegen_find_external(const char *name, lanes_codegen_math *out_math);

/** As above for an intrinsic such as "llvm.exp.f64"; false if it is no libm function. */
bool lanes_codegen_find_intrinsic(const char *name, lanes_codegen_math *out_math);

/** As above for a declaration, intrinsic or not. */
bool lanes_codegen_find_callee(LLVMValueRef function, lanes_codegen_math *out_math);

/** Give helpers that are libm functions under another name that name. */
void lanes_codegen_rename_aliases(lanes_codegen *cg);

/** Why a callback calls the function @p name that lanes does not have, and what to do. */
const char *lanes_codegen_explain_external(const char *name);

/** True if a function of the runtime works on state that belongs to an element. */
bool lanes_codegen_keeps_state(const char *name);

/** True if some instruction calls @p function. */
bool lanes_codegen_is_called(LLVMValueRef function);

/** Name every external the callback calls now in report.externals, served by nobody yet.
 */
void lanes_codegen_list_externals(lanes_codegen *cg);

/** Add the functions with vector forms that are called instead now, after simplifying. */
void lanes_codegen_list_math(lanes_codegen *cg);

/** Fill in who serves each of report.externals, as the optimised module calls it. */
void lanes_codegen_resolve_externals(lanes_codegen *cg);

/* codegen_vecmath.c */

/** Bytes of a name such as "_ZGVeN16vv_atan2f". */
#define LANES_VECTOR_NAME_BYTES 56

/** Mark @p function as one that depends on its arguments only and always returns. */
void lanes_codegen_mark_pure(LLVMValueRef function);

/** Declare math functions pure and, for math=vector, give their calls vector forms. */
LANES_NODISCARD lanes_status lanes_codegen_add_vector_math(lanes_codegen *cg);

/** Write the vector form of @p math that the module calls; false if it does not. */
bool lanes_codegen_called_form(lanes_codegen *cg, const lanes_codegen_math *math,
                               char text[LANES_VECTOR_NAME_BYTES]);

/**
 * Let the math calls that are left after optimising, in the loop and in the
 * lanes_explain_fn, give the bits that vector forms give: those of other forms and of
 * libm differ in the last places, and may so decide otherwise. In scalar loops, except
 * with SSE2, only the functions of which some call has become a vector form.
 */
void lanes_codegen_match_vector_math(lanes_codegen *cg);

/* codegen_pipeline.c */

/** As below, over another module of cg->context. */
LANES_NODISCARD lanes_status lanes_codegen_run_passes_over(lanes_codegen *cg,
                                                           LLVMModuleRef module,
                                                           const char *passes);

/** Run passes given as `opt -passes=` takes them over cg->module. */
LANES_NODISCARD lanes_status lanes_codegen_run_passes(lanes_codegen *cg,
                                                      const char *passes);

/** Optimise cg->module; sets vectorization and remarks. */
LANES_NODISCARD lanes_status lanes_codegen_optimise(lanes_codegen *cg);

/** Emit cg->object. */
LANES_NODISCARD lanes_status lanes_codegen_emit(lanes_codegen *cg);

/** Make the process-wide LLVM options; once. */
void lanes_codegen_parse_options(void);

/** Collect errors and remarks of cg->context in cg. */
void lanes_codegen_install_diagnostics(lanes_codegen *cg);

/* codegen_report.c */

/** Put a text into the stages, if they were asked for; takes and disposes LLVM's string.
 */
void lanes_codegen_add_stage(lanes_codegen *cg, const char *stage, char *llvm_text);

/** Write the report of a finished or failed compile as JSON; malloc'd, NULL on no memory.
 */
char *lanes_codegen_report_text(lanes_codegen *cg);

#endif /* LANES_CODEGEN_INTERNAL_H */
