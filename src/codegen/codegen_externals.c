/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_externals.c - functions outside the module: which there are, who serves each,
 * and for those that nobody does, what in the source made the call.
 */
#include "codegen/codegen_internal.h"

#include <string.h>

#include "kernel/symbols.h"

struct external_row {
    const char *name;
    uint8_t arity; /* 0: not T name(T, ...) */
    uint8_t is_pure;
    uint8_t has_vector;
    uint8_t has_float; /* name + "f" exists */
    enum lanes_codegen_group group;
};

#define VECTOR_ROW(name, arity) {#name, arity, 1, 1, 1, LANES_EXTERNAL_MATH},
#define SCALAR_ROW(name, arity) {#name, arity, 1, 0, 1, LANES_EXTERNAL_MATH},
#define OTHER_ROW(name)         {#name, 0, 0, 0, 1, LANES_EXTERNAL_MATH},
#define PLAIN_ROW(name)         {#name, 0, 0, 0, 0, LANES_EXTERNAL_PLAIN},
#define COMPLEX_ROW(name, part) {#name, 0, 1, 0, 0, LANES_EXTERNAL_PLAIN},
#define RUNTIME_ROW(name)       {#name, 0, 0, 0, 0, LANES_EXTERNAL_RUNTIME},
static const struct external_row external_rows[] = {
    LANES_VECTOR_MATH_TABLE(VECTOR_ROW) LANES_SCALAR_MATH_TABLE(SCALAR_ROW)
        LANES_OTHER_MATH_TABLE(OTHER_ROW) LANES_MEMORY_TABLE(PLAIN_ROW)
            LANES_COMPILER_HELPER_TABLE(PLAIN_ROW) LANES_COMPLEX_HELPER_TABLE(COMPLEX_ROW)
                LANES_RUNTIME_TABLE(RUNTIME_ROW)};

/* True if name is row->name, or that with an f behind it. */
static bool row_matches(const struct external_row *row, const char *name, bool *out_float)
{
    const size_t length = strlen(row->name);
    if (strncmp(row->name, name, length) != 0) {
        return false;
    }
    *out_float = name[length] == 'f' && name[length + 1] == '\0' && row->has_float;
    return name[length] == '\0' || *out_float;
}

bool lanes_codegen_find_external(const char *name, lanes_codegen_math *out_math)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(external_rows); i++) {
        const struct external_row *row = &external_rows[i];
        bool is_float;
        if (row_matches(row, name, &is_float)) {
            *out_math = (lanes_codegen_math){.arity = row->arity,
                                             .is_float = is_float,
                                             .is_pure = row->is_pure,
                                             .has_vector = row->has_vector,
                                             .group = row->group};
            snprintf(out_math->name, sizeof(out_math->name), "%s", name);
            return true;
        }
    }
    return false;
}

bool lanes_codegen_find_intrinsic(const char *name, lanes_codegen_math *out_math)
{
    char base[16];
    char suffix[8];
    if (sscanf(name, "llvm.%15[a-z0-9].%7s", base, suffix) != 2) {
        return false;
    }
    if (strcmp(suffix, "f64") != 0 && strcmp(suffix, "f32") != 0) {
        return false;
    }
    if (strcmp(suffix, "f32") == 0) {
        strncat(base, "f", sizeof(base) - strlen(base) - 1);
    }
    return lanes_codegen_find_external(base, out_math) && out_math->arity > 0;
}

bool lanes_codegen_find_callee(LLVMValueRef function, lanes_codegen_math *out_math)
{
    const char *name = lanes_codegen_name(function);
    if (LLVMGetIntrinsicID(function) != 0) {
        return lanes_codegen_find_intrinsic(name, out_math);
    }
    return lanes_codegen_find_external(name, out_math);
}

static uint32_t count_calls(LLVMValueRef function)
{
    uint32_t count = 0;
    for (LLVMUseRef use = LLVMGetFirstUse(function); use; use = LLVMGetNextUse(use)) {
        count += LLVMIsACallInst(LLVMGetUser(use)) != NULL;
    }
    return count;
}

static uint32_t count_arithmetic(LLVMValueRef function)
{
    uint32_t count = 0;
    for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(function); b;
         b = LLVMGetNextBasicBlock(b)) {
        for (LLVMValueRef i = LLVMGetFirstInstruction(b); i;
             i = LLVMGetNextInstruction(i)) {
            const LLVMOpcode opcode = LLVMGetInstructionOpcode(i);
            count += opcode == LLVMFAdd || opcode == LLVMFSub || opcode == LLVMFMul ||
                     opcode == LLVMFDiv;
        }
    }
    return count;
}

void lanes_codegen_list_externals(lanes_codegen *cg)
{
    json_t *list = json_array();
    const bool has_forms = cg->request->math == LANES_MATH_VECTOR;
    cg->vector_math = (lanes_codegen_vector_math){.calls = 0};
    for (LLVMValueRef f = LLVMGetFirstFunction(cg->module); f;
         f = LLVMGetNextFunction(f)) {
        lanes_codegen_math math;
        cg->vector_math.arithmetic += count_arithmetic(f);
        if (LLVMIsDeclaration(f) && lanes_codegen_find_callee(f, &math)) {
            json_array_append_new(list, json_pack("{s:s}", "name", math.name));
            const uint32_t calls = math.has_vector && has_forms ? count_calls(f) : 0;
            cg->vector_math.calls += calls;
        }
    }
    json_object_set_new(cg->report, "externals", list);
}

static bool is_listed(const json_t *list, const char *name)
{
    size_t index;
    json_t *row;
    json_array_foreach(list, index, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "name")), name) == 0) {
            return true;
        }
    }
    return false;
}

void lanes_codegen_list_math(lanes_codegen *cg)
{
    json_t *list = json_object_get(cg->report, "externals");
    for (LLVMValueRef f = LLVMGetFirstFunction(cg->module); f;
         f = LLVMGetNextFunction(f)) {
        lanes_codegen_math math;
        if (LLVMIsDeclaration(f) && lanes_codegen_find_callee(f, &math) &&
            math.has_vector && lanes_codegen_is_called(f) &&
            !is_listed(list, math.name)) {
            json_array_append_new(list, json_pack("{s:s}", "name", math.name));
        }
    }
}

bool lanes_codegen_is_called(LLVMValueRef function)
{
    return count_calls(function) > 0;
}

/* True if some intrinsic whose name begins with `prefix` is called. */
static bool calls_intrinsic(LLVMModuleRef module, const char *prefix)
{
    for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
        if (strncmp(lanes_codegen_name(f), prefix, strlen(prefix)) == 0 &&
            lanes_codegen_is_called(f)) {
            return true;
        }
    }
    return false;
}

/* The vector form the optimised module calls, else the scalar function, else neither. */
static void find_server(lanes_codegen *cg, const lanes_codegen_math *math, char *text,
                        size_t text_bytes)
{
    if (math->group == LANES_EXTERNAL_RUNTIME) {
        snprintf(text, text_bytes, "lanes runtime");
        return;
    }
    char vector[LANES_VECTOR_NAME_BYTES];
    if (lanes_codegen_called_form(cg, math, vector)) {
        snprintf(text, text_bytes, "libmvec %s", vector);
        return;
    }
    /* An intrinsic, of scalars or vectors, that is left becomes calls of libm. */
    char intrinsic[64];
    snprintf(intrinsic, sizeof(intrinsic), "llvm.%.*s.",
             (int)strlen(math->name) - (math->is_float ? 1 : 0), math->name);
    LLVMValueRef function = LLVMGetNamedFunction(cg->module, math->name);
    const bool is_scalar = (function != NULL && lanes_codegen_is_called(function)) ||
                           (math->has_vector && calls_intrinsic(cg->module, intrinsic));
    snprintf(text, text_bytes, "%s", is_scalar ? "libm" : "instructions");
}

void lanes_codegen_resolve_externals(lanes_codegen *cg)
{
    size_t index;
    json_t *row;
    json_array_foreach(json_object_get(cg->report, "externals"), index, row)
    {
        lanes_codegen_math math;
        char text[64];
        LANES_ASSERT(lanes_codegen_find_external(
            json_string_value(json_object_get(row, "name")), &math));
        find_server(cg, &math, text, sizeof(text));
        json_object_set_new(row, "served_by", json_string(text));
    }
}

/* ---- Names ----------------------------------------------------------------------------
 */

struct alias_row {
    const char *name;
    const char *libm;
};
#define ALIAS_ROW(name, libm) {#name, #libm},
static const struct alias_row alias_rows[] = {LANES_MATH_ALIAS_TABLE(ALIAS_ROW)};

void lanes_codegen_rename_aliases(lanes_codegen *cg)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(alias_rows); i++) {
        LLVMValueRef alias = LLVMGetNamedFunction(cg->module, alias_rows[i].name);
        if (alias == NULL || !LLVMIsDeclaration(alias)) {
            continue;
        }
        LLVMValueRef libm = LLVMGetNamedFunction(cg->module, alias_rows[i].libm);
        if (libm == NULL) {
            LLVMSetValueName2(alias, alias_rows[i].libm, strlen(alias_rows[i].libm));
        } else if (LLVMGlobalGetValueType(libm) == LLVMGlobalGetValueType(alias)) {
            LLVMReplaceAllUsesWith(alias, libm);
            LLVMDeleteFunction(alias);
        }
    }
}

struct feature_row {
    const char *prefix;
    const char *text;
};

/* What users write that ends in a call of such a function; the first match counts. */
static const struct feature_row feature_rows[] = {
    {"numba_dict_", "it uses a typed dict; use a global NumPy array as a table"},
    {"numba_list_", "it uses numba.typed.List; use a tuple or a small np.empty array"},
    {"numba_set_", "it uses a set; use a tuple or a small np.empty array"},
    {"numba_ez_", "it uses np.linalg (LAPACK); write the small system out"},
    {"numba_x", "it uses np.linalg (LAPACK); write the small system out"},
    {"numba_raw_", "it uses np.linalg (LAPACK); write the small system out"},
    {"numba_parallel_for", "it uses prange; lanes itself runs elements in parallel: use "
                           "range"},
    {"numba_unpickle",
     "it needs Python objects (print, object mode); compute with numbers "
     "only"},
    {"numba_", "it uses a helper of Numba's that needs Python"},
    {"NRT_", "it uses memory that outlives the call"},
    {"get_num_threads", "it uses prange; lanes itself runs elements in parallel: use "
                        "range"},
    {"do_scheduling_", "it uses prange; lanes itself runs elements in parallel: use "
                       "range"},
    {"__svml_", "Numba compiled it for Intel SVML; set NUMBA_DISABLE_INTEL_SVML=1 before "
                "importing numba, and lanes vectorizes it"},
    {"PyExc_", "it makes a Python exception object"},
    {"Py", "it needs Python objects (print, strings, object mode); compute with numbers "
           "only"},
    {"_Py", "it needs Python objects (print, strings, object mode); compute with numbers "
            "only"},
    {"printf", "it prints; return the value instead"},
    {"puts", "it prints; return the value instead"},
    {"putchar", "it prints; return the value instead"},
    {"malloc", "it allocates memory; use a local array"},
    {"calloc", "it allocates memory; use a local array"},
    {"realloc", "it allocates memory; use a local array"},
    {"free", "it allocates memory; use a local array"},
    {"rand", "it draws from the process's random numbers; pass them as an operand"},
    {"drand48", "it draws from the process's random numbers; pass them as an operand"},
    {"exit", "it ends the process; return a value that marks the error"},
    {"__cxa_", "it throws a C++ exception; return a value that marks the error"},
    {"__gcc_personality", "it was compiled with -fexceptions; use -fno-exceptions"},
    {"__CxxFrameHandler", "it handles exceptions as on Windows; compile without them"},
    {"__C_specific_handler", "it handles exceptions as on Windows; compile without them"},
    {"setjmp", "it jumps between functions; return a value that marks the error"},
    {"_setjmp", "it jumps between functions; return a value that marks the error"},
    {"__sigsetjmp", "it jumps between functions; return a value that marks the error"},
    {"longjmp", "it jumps between functions; return a value that marks the error"},
    {"llvm.", "the LLVM of lanes has no such intrinsic; use plain code"},
    {"__stack_chk_", "it was compiled with a stack protector; use -fno-stack-protector"},
    {"__ubsan_", "it was compiled with a sanitizer; compile without"},
    {"__asan_", "it was compiled with a sanitizer; compile without"},
};

const char *lanes_codegen_explain_external(const char *name)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(feature_rows); i++) {
        if (strncmp(name, feature_rows[i].prefix, strlen(feature_rows[i].prefix)) == 0) {
            return feature_rows[i].text;
        }
    }
    return "define it in the module; of libm there is what README.md lists";
}

bool lanes_codegen_keeps_state(const char *name)
{
    static const char *const prefixes[] = {
        "NRT_",       "numba_get_", "numba_rnd_", "numba_poisson", "numba_fatal",
        "numba_sdiv", "numba_srem", "numba_udiv", "numba_urem",    "numba_xx"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(prefixes); i++) {
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0) {
            return true;
        }
    }
    return false;
}
