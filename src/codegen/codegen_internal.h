/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_internal.h - one compile, shared by the files of this room.
 *
 * A compile goes through the files in this order: read, entry, admit, loop, vecmath,
 * pipeline, report. Each takes the struct below as the one before left it.
 */
#ifndef LANES_CODEGEN_INTERNAL_H
#define LANES_CODEGEN_INTERNAL_H

#include <jansson.h>
#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>

#include "codegen/codegen.h"

/** Vector instruction sets that change the code; ordered. */
enum lanes_codegen_isa {
    LANES_ISA_SSE2 = 0,
    LANES_ISA_AVX = 1,
    LANES_ISA_AVX2 = 2,
    LANES_ISA_AVX512 = 3
};

/** How the callback is called. */
enum lanes_codegen_convention {
    LANES_CONVENTION_C = 1,    /* R f(T...) */
    LANES_CONVENTION_NUMBA = 2 /* i32 f(R *, excinfo **, T...): 0 or -2 is success */
};

/**
 * Elements per call of the vector body: a multiple of every vector width times interleave
 * count that LLVM chooses on x86 (at most 16 x 4 for the dtypes of abi.h), so that the
 * body never needs a scalar remainder loop.
 */
#define LANES_CODEGEN_BLOCK 64u

/** What the vectorizer did to the generated loop. */
typedef struct lanes_codegen_vectorization {
    uint32_t width;      /* 1: not vectorized */
    uint32_t interleave; /* 1: not interleaved */
} lanes_codegen_vectorization;

typedef struct lanes_codegen {
    const lanes_compile_request *request; /* borrowed */
    const char *ir;                       /* borrowed, request->ir_bytes long */
    lanes_error error;                    /* of the step that failed */

    LLVMContextRef context;
    LLVMModuleRef module; /* the callback's, later with the loop linked in */
    LLVMTargetMachineRef machine;
    enum lanes_codegen_isa isa;
    char *cpu;      /* owned: LLVM's name */
    char *features; /* owned: LLVM's feature string */

    LLVMValueRef callback; /* the native function, in module */
    enum lanes_codegen_convention convention;
    uint32_t may_raise;
    lanes_signature signature;
    lanes_variant_key key;
    bool calls_vector_math; /* some call will have a vector form */
    uint32_t block;         /* LANES_CODEGEN_BLOCK, or 1 for a loop that stays scalar */

    lanes_codegen_vectorization vectorization;
    bool has_loop_remark; /* it said something about the generated loop itself */
    json_t *remarks;      /* array of strings: what the vectorizer said */
    json_t *report;       /* object: see report.c */
    json_t *stages;       /* object: IR texts, if asked for; else NULL */
    double ms_parse, ms_wrap, ms_optimise, ms_emit;

    LLVMMemoryBufferRef object;
} lanes_codegen;

/** The name of a global value or instruction; LLVM's own memory. */
static inline const char *lanes_codegen_name(LLVMValueRef value)
{
    size_t length;
    return LLVMGetValueName2(value, &length);
}

/* codegen_target.c */

/** Make cg->machine for request->cpu ("" = the host), with cg->cpu, ->features, ->isa. */
LANES_NODISCARD lanes_status lanes_codegen_target_create(lanes_codegen *cg);

/* codegen_read.c */

/** Parse and verify cg->ir into cg->module; retarget it; record producer and triple. */
LANES_NODISCARD lanes_status lanes_codegen_read(lanes_codegen *cg);

/* codegen_entry.c */

/** Find the callback; set cg->callback, ->convention, ->signature, ->may_raise, ->key. */
LANES_NODISCARD lanes_status lanes_codegen_find_entry(lanes_codegen *cg);

/* codegen_admit.c */

/** Refuse what the whole module may not have (constructors, inline assembly, ...). */
LANES_NODISCARD lanes_status lanes_codegen_admit_module(lanes_codegen *cg);

/**
 * Make everything but the callback internal, drop what it does not reach, and check what
 * remains: externals from the table only, no addresses of the submitting process.
 */
LANES_NODISCARD lanes_status lanes_codegen_admit_reachable(lanes_codegen *cg);

/* codegen_loop.c */

/** Link the generated loop around the callback; its symbol is @p symbol. */
LANES_NODISCARD lanes_status lanes_codegen_add_loop(lanes_codegen *cg,
                                                    const char *symbol);

/* codegen_vecmath.c */

/** What is known about an external function by its name. */
typedef struct lanes_codegen_math {
    char name[16];     /* libm's, such as "expf" */
    uint32_t arity;    /* of T; 0 = another shape */
    uint32_t is_float; /* T is float, else double */
    uint32_t is_pure;  /* depends on its arguments only */
    uint32_t has_vector;
} lanes_codegen_math;

/** Look up a function name in the closed table; false if it is not in it. */
bool lanes_codegen_find_external(const char *name, lanes_codegen_math *out_math);

/** As above for an intrinsic such as "llvm.exp.f64"; false if it is no libm function. */
bool lanes_codegen_find_intrinsic(const char *name, lanes_codegen_math *out_math);

/** Declare math functions pure and, for math=vector, give their calls vector forms. */
void lanes_codegen_add_vector_math(lanes_codegen *cg);

/** Name every external the callback calls now in report.externals, served by nobody yet.
 */
void lanes_codegen_list_externals(lanes_codegen *cg);

/** Fill in who serves each of report.externals, as the optimised module calls it. */
void lanes_codegen_resolve_externals(lanes_codegen *cg);

/* codegen_pipeline.c */

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
