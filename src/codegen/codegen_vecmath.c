/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_vecmath.c - vector forms of math functions.
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

void lanes_codegen_mark_pure(LLVMValueRef function)
{
    /* memory(none) is the memory attribute with value 0. */
    static const char *const names[] = {"memory",       "willreturn", "nounwind",
                                        "speculatable", "nosync",     "nofree",
                                        "nocallback"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(names); i++) {
        lanes_codegen_add_attribute(function, LANES_CODEGEN_AT_FUNCTION, names[i]);
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
    lanes_codegen_mark_pure(function);
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
        char vector[LANES_VECTOR_NAME_BYTES];
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
            lanes_codegen_find_callee(f, &math)) {
            callee[callee_count++] = f;
        }
    }
    struct kept_list kept = {.count = 0};
    for (size_t i = 0; i < callee_count; i++) {
        lanes_codegen_math math;
        LANES_ASSERT(lanes_codegen_find_callee(callee[i], &math));
        if (math.is_pure && LLVMGetIntrinsicID(callee[i]) == 0) {
            lanes_codegen_mark_pure(callee[i]);
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

bool lanes_codegen_called_form(lanes_codegen *cg, const lanes_codegen_math *math,
                               char text[LANES_VECTOR_NAME_BYTES])
{
    for (const char *form = isa_forms[cg->isa]; math->has_vector && *form != '\0';
         form++) {
        vector_name(math, *form, text, LANES_VECTOR_NAME_BYTES);
        LLVMValueRef function = LLVMGetNamedFunction(cg->module, text);
        if (function != NULL && lanes_codegen_is_called(function)) {
            return true;
        }
    }
    return false;
}

/* call in the lanes of the vector form the loop uses, of which the first is kept. */
static void call_vector_form(lanes_codegen *cg, LLVMBuilderRef builder, LLVMValueRef call,
                             LLVMValueRef form)
{
    LLVMTypeRef type = LLVMGlobalGetValueType(form);
    LLVMTypeRef vector = LLVMGetReturnType(type);
    LLVMTypeRef word = LLVMInt32TypeInContext(cg->context);
    LLVMValueRef zeros = LLVMConstNull(LLVMVectorType(word, LLVMGetVectorSize(vector)));
    LLVMValueRef arguments[2];
    const unsigned count = LLVMGetNumArgOperands(call);
    LANES_ASSERT(count <= LANES_ARRAY_COUNT(arguments));
    LLVMPositionBuilderBefore(builder, call);
    for (unsigned i = 0; i < count; i++) {
        LLVMValueRef first =
            LLVMBuildInsertElement(builder, LLVMGetPoison(vector),
                                   LLVMGetOperand(call, i), LLVMConstNull(word), "");
        arguments[i] =
            LLVMBuildShuffleVector(builder, first, LLVMGetPoison(vector), zeros, "");
    }
    LLVMValueRef result = LLVMBuildCall2(builder, type, form, arguments, count, "");
    LLVMReplaceAllUsesWith(
        call, LLVMBuildExtractElement(builder, result, LLVMConstNull(word), ""));
    LLVMInstructionEraseFromParent(call);
}

void lanes_codegen_match_vector_math(lanes_codegen *cg, LLVMValueRef function)
{
    LLVMBuilderRef builder = LLVMCreateBuilderInContext(cg->context);
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
         block = LLVMGetNextBasicBlock(block)) {
        LLVMValueRef next;
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = next) {
            next = LLVMGetNextInstruction(i);
            LLVMValueRef callee = LLVMIsACallInst(i) ? LLVMGetCalledValue(i) : NULL;
            lanes_codegen_math math;
            char form[LANES_VECTOR_NAME_BYTES];
            if (callee != NULL && LLVMIsAFunction(callee) &&
                lanes_codegen_find_callee(callee, &math) &&
                lanes_codegen_called_form(cg, &math, form)) {
                call_vector_form(cg, builder, i, LLVMGetNamedFunction(cg->module, form));
            }
        }
    }
    LLVMDisposeBuilder(builder);
}
