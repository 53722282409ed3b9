/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_vecmath.c - which external functions there are, and their vector forms.
 *
 * LLVM's loop vectorizer replaces a call by a vector function that the call site names in
 * the attribute "vector-function-abi-variant". LLVM's own table of libmvec knows five
 * functions and no AVX-512; this file names all of glibc's 26 in every form the target
 * can run. A call under a condition is vectorized only if it may be executed
 * speculatively, so the declarations are marked pure: libmvec computes every lane without
 * a trap.
 */
#include "codegen/codegen_internal.h"

#include <stdio.h>
#include <string.h>

#include "kernel/symbols.h"

struct external_row {
    const char *name;
    uint8_t arity; /* 0: not T name(T, ...) */
    uint8_t is_pure;
    uint8_t has_vector;
    uint8_t has_float; /* name + "f" exists */
};

#define VECTOR_ROW(name, arity) {#name, arity, 1, 1, 1},
#define SCALAR_ROW(name, arity) {#name, arity, 1, 0, 1},
#define OTHER_ROW(name)         {#name, 0, 0, 0, 1},
#define PLAIN_ROW(name)         {#name, 0, 0, 0, 0},
static const struct external_row external_rows[] = {
    LANES_VECTOR_MATH_TABLE(VECTOR_ROW) LANES_SCALAR_MATH_TABLE(SCALAR_ROW)
        LANES_OTHER_MATH_TABLE(OTHER_ROW) LANES_MEMORY_TABLE(PLAIN_ROW)
            LANES_COMPILER_HELPER_TABLE(PLAIN_ROW)};

struct isa_row {
    char letter;
    uint8_t lanes_f8;
    uint8_t lanes_f4;
};
#define ISA_ROW(letter, f8, f4) {#letter[0], f8, f4},
static const struct isa_row isa_rows[] = {LANES_VECTOR_ISA_TABLE(ISA_ROW)};

/* Forms of each target, widest first. AVX2's d replaces AVX's c, which has its widths. */
static const char *const isa_forms[] = {
    [LANES_ISA_SSE2] = "b",
    [LANES_ISA_AVX] = "cb",
    [LANES_ISA_AVX2] = "db",
    [LANES_ISA_AVX512] = "edb",
};

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
                                             .has_vector = row->has_vector};
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

static bool find_callee(LLVMValueRef function, lanes_codegen_math *out_math)
{
    const char *name = lanes_codegen_name(function);
    if (LLVMGetIntrinsicID(function) != 0) {
        return lanes_codegen_find_intrinsic(name, out_math);
    }
    return lanes_codegen_find_external(name, out_math);
}

static void mark_pure(LLVMContextRef context, LLVMValueRef function)
{
    /* memory(none) is the memory attribute with value 0. */
    static const char *const names[] = {"memory",       "willreturn", "nounwind",
                                        "speculatable", "nosync",     "nofree",
                                        "nocallback"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(names); i++) {
        const unsigned kind = LLVMGetEnumAttributeKindForName(names[i], strlen(names[i]));
        LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                                LLVMCreateEnumAttribute(context, kind, 0));
    }
}

/* "_ZGVeN8v_exp": the libmvec function for one form. */
static uint32_t vector_name(const lanes_codegen_math *math, char letter, char *text,
                            size_t text_bytes)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(isa_rows); i++) {
        if (isa_rows[i].letter == letter) {
            const uint32_t count =
                math->is_float ? isa_rows[i].lanes_f4 : isa_rows[i].lanes_f8;
            snprintf(text, text_bytes, "_ZGV%cN%u%s_%s", letter, count,
                     math->arity == 2 ? "vv" : "v", math->name);
            return count;
        }
    }
    lanes_assert_fail("symbols.h lists every form", __FILE__, __LINE__);
}

static LLVMValueRef declare_vector(lanes_codegen *cg, const lanes_codegen_math *math,
                                   const char *name, uint32_t count)
{
    LLVMValueRef found = LLVMGetNamedFunction(cg->module, name);
    if (found != NULL) {
        return found;
    }
    LLVMTypeRef real = math->is_float ? LLVMFloatTypeInContext(cg->context)
                                      : LLVMDoubleTypeInContext(cg->context);
    LLVMTypeRef vector = LLVMVectorType(real, count);
    LLVMTypeRef parameters[2] = {vector, vector};
    LLVMValueRef function = LLVMAddFunction(
        cg->module, name, LLVMFunctionType(vector, parameters, math->arity, 0));
    mark_pure(cg->context, function);
    return function;
}

/* Declarations to keep although nothing calls them yet; 3 forms of each callee at most.
 */
#define MATH_CALLEES_MAX 128
struct kept_list {
    LLVMValueRef function[MATH_CALLEES_MAX * 3];
    size_t count;
};

/*
 * Write the attribute's text for one callee and declare the functions it names; they go
 * into `kept` because the vectorizer looks for them when nothing calls them yet.
 */
static void describe_variants(lanes_codegen *cg, LLVMValueRef callee,
                              const lanes_codegen_math *math, char *text,
                              size_t text_bytes, struct kept_list *kept)
{
    size_t used = 0;
    for (const char *form = isa_forms[cg->isa]; *form != '\0'; form++) {
        char vector[40];
        const uint32_t count = vector_name(math, *form, vector, sizeof(vector));
        LLVMValueRef function = declare_vector(cg, math, vector, count);
        kept->function[kept->count++] = function;
        used += (size_t)snprintf(text + used, text_bytes - used, "%s_ZGV%cN%u%s_%s(%s)",
                                 used > 0 ? "," : "", *form, count,
                                 math->arity == 2 ? "vv" : "v",
                                 lanes_codegen_name(callee), vector);
    }
}

static void keep_declarations(lanes_codegen *cg, struct kept_list *kept)
{
    LLVMTypeRef pointer = LLVMPointerTypeInContext(cg->context, 0);
    LLVMValueRef list = LLVMConstArray2(pointer, kept->function, kept->count);
    LLVMValueRef global =
        LLVMAddGlobal(cg->module, LLVMTypeOf(list), "llvm.compiler.used");
    LLVMSetInitializer(global, list);
    LLVMSetLinkage(global, LLVMAppendingLinkage);
    LLVMSetSection(global, "llvm.metadata");
}

static void annotate_calls(LLVMContextRef context, LLVMValueRef callee, const char *text)
{
    static const char attribute[] = "vector-function-abi-variant";
    for (LLVMUseRef use = LLVMGetFirstUse(callee); use; use = LLVMGetNextUse(use)) {
        LLVMValueRef call = LLVMGetUser(use);
        if (LLVMIsACallInst(call) && LLVMGetCalledValue(call) == callee) {
            LLVMAddCallSiteAttribute(
                call, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                LLVMCreateStringAttribute(context, attribute, sizeof(attribute) - 1, text,
                                          (unsigned)strlen(text)));
        }
    }
}

/* sincos(x, &s, &c) stores through pointers, which no vector form of LLVM's can replace;
 * as sin(x) and cos(x) it vectorizes, and LLVM joins the two again where it stays scalar.
 */
static void split_sincos(lanes_codegen *cg, const char *name, const char *sine,
                         const char *cosine, LLVMTypeRef real)
{
    LLVMValueRef function = LLVMGetNamedFunction(cg->module, name);
    if (function == NULL) {
        return;
    }
    LLVMTypeRef type = LLVMFunctionType(real, &real, 1, 0);
    const char *const names[2] = {sine, cosine};
    LLVMBuilderRef builder = LLVMCreateBuilderInContext(cg->context);
    for (LLVMUseRef use = LLVMGetFirstUse(function); use;) {
        LLVMValueRef call = LLVMGetUser(use);
        use = LLVMGetNextUse(use);
        if (!LLVMIsACallInst(call) || LLVMGetCalledValue(call) != function ||
            LLVMGetNumArgOperands(call) != 3) {
            continue;
        }
        LLVMPositionBuilderBefore(builder, call);
        LLVMValueRef argument = LLVMGetOperand(call, 0);
        LLVMValueRef value[2];
        for (size_t i = 0; i < 2; i++) {
            LLVMValueRef part = LLVMGetNamedFunction(cg->module, names[i]);
            if (part == NULL) {
                part = LLVMAddFunction(cg->module, names[i], type);
            }
            value[i] = LLVMBuildCall2(builder, type, part, &argument, 1, "");
        }
        for (unsigned i = 0; i < 2; i++) {
            LLVMBuildStore(builder, value[i], LLVMGetOperand(call, i + 1));
        }
        LLVMInstructionEraseFromParent(call);
    }
    LLVMDisposeBuilder(builder);
}

/* Callees are collected first because declaring vector forms adds functions. */
void lanes_codegen_add_vector_math(lanes_codegen *cg)
{
    split_sincos(cg, "sincos", "sin", "cos", LLVMDoubleTypeInContext(cg->context));
    split_sincos(cg, "sincosf", "sinf", "cosf", LLVMFloatTypeInContext(cg->context));
    LLVMValueRef callee[MATH_CALLEES_MAX];
    size_t callee_count = 0;
    for (LLVMValueRef f = LLVMGetFirstFunction(cg->module); f;
         f = LLVMGetNextFunction(f)) {
        lanes_codegen_math math;
        if (LLVMIsDeclaration(f) && callee_count < MATH_CALLEES_MAX &&
            find_callee(f, &math)) {
            callee[callee_count++] = f;
        }
    }
    struct kept_list kept = {.count = 0};
    for (size_t i = 0; i < callee_count; i++) {
        lanes_codegen_math math;
        LANES_ASSERT(find_callee(callee[i], &math));
        if (math.is_pure && LLVMGetIntrinsicID(callee[i]) == 0) {
            mark_pure(cg->context, callee[i]);
        }
        if (math.has_vector && cg->request->math == LANES_MATH_VECTOR) {
            char text[512];
            describe_variants(cg, callee[i], &math, text, sizeof(text), &kept);
            annotate_calls(cg->context, callee[i], text);
        }
    }
    if (kept.count > 0) {
        keep_declarations(cg, &kept);
    }
}

void lanes_codegen_list_externals(lanes_codegen *cg)
{
    json_t *list = json_array();
    for (LLVMValueRef f = LLVMGetFirstFunction(cg->module); f;
         f = LLVMGetNextFunction(f)) {
        lanes_codegen_math math;
        if (LLVMIsDeclaration(f) && find_callee(f, &math)) {
            json_array_append_new(list, json_pack("{s:s}", "name", math.name));
            cg->calls_vector_math |=
                math.has_vector && cg->request->math == LANES_MATH_VECTOR;
        }
    }
    json_object_set_new(cg->report, "externals", list);
}

static bool has_call(LLVMValueRef function)
{
    for (LLVMUseRef use = LLVMGetFirstUse(function); use; use = LLVMGetNextUse(use)) {
        if (LLVMIsACallInst(LLVMGetUser(use))) {
            return true;
        }
    }
    return false;
}

/* True if a function whose name begins with `prefix`, or only that one, is called. */
static bool is_called(LLVMModuleRef module, const char *name, bool as_prefix)
{
    const size_t length = strlen(name);
    for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
        const char *other = lanes_codegen_name(f);
        if (strncmp(other, name, length) == 0 && (as_prefix || other[length] == '\0') &&
            has_call(f)) {
            return true;
        }
    }
    return false;
}

/* The vector form the optimised module calls, else the scalar function, else neither. */
static void find_server(lanes_codegen *cg, const lanes_codegen_math *math, char *text,
                        size_t text_bytes)
{
    for (const char *form = isa_forms[cg->isa]; math->has_vector && *form != '\0';
         form++) {
        char vector[40];
        vector_name(math, *form, vector, sizeof(vector));
        if (is_called(cg->module, vector, false)) {
            snprintf(text, text_bytes, "libmvec %s", vector);
            return;
        }
    }
    /* An intrinsic, of scalars or vectors, that is left becomes calls of libm. */
    char intrinsic[24];
    snprintf(intrinsic, sizeof(intrinsic), "llvm.%.*s.",
             (int)strlen(math->name) - (math->is_float ? 1 : 0), math->name);
    const bool scalar = is_called(cg->module, math->name, false) ||
                        (math->has_vector && is_called(cg->module, intrinsic, true));
    snprintf(text, text_bytes, "%s", scalar ? "libm" : "instructions");
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
