/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_vecmath.c - vector forms of math functions.
 *
 * LLVM's loop vectorizer replaces a call by a vector function that the call site names in
 * the attribute "vector-function-abi-variant". LLVM's own table of libmvec knows five
 * functions and no AVX-512; this file names a form of all of glibc's 26. A call under a
 * condition is vectorized only if it may be executed speculatively, so the declarations
 * are marked pure: libmvec computes every lane without a trap.
 *
 * Forms differ from each other, and from scalar libm, in the last bits. So each function
 * has one form in a kernel, whatever the layout of its arrays, and what the optimiser
 * leaves of other calls (of a number that is the same for all elements, in the
 * lanes_explain_fn) is made to call it, too: the same number gives the same bits.
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

/*
 * The forms of each target. f4 has a second one for kernels in which f8 decides how many
 * elements run at once; with SSE there is none of two.
 */
static const struct {
    char f8;
    char f4;
    char f4_beside_f8;
} isa_forms[] = {
    [LANES_ISA_SSE2] = {'b', 'b', 'b'},
    [LANES_ISA_AVX] = {'c', 'c', 'b'},
    [LANES_ISA_AVX2] = {'d', 'd', 'b'},
    [LANES_ISA_AVX512] = {'e', 'e', 'd'},
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

/* One form of a function: "_ZGVeN8v_exp". */
struct form {
    char letter;
    uint32_t count; /* of lanes */
    char name[LANES_VECTOR_NAME_BYTES];
};

static void find_form(const lanes_codegen *cg, const lanes_codegen_math *math,
                      struct form *out_form)
{
    out_form->letter = !math->is_float        ? isa_forms[cg->isa].f8
                       : cg->has_f4_beside_f8 ? isa_forms[cg->isa].f4_beside_f8
                                              : isa_forms[cg->isa].f4;
    size_t i = 0;
    while (isa_rows[i].letter != out_form->letter) {
        i++;
        LANES_ASSERT(i < LANES_ARRAY_COUNT(isa_rows)); /* symbols.h lists every form */
    }
    out_form->count = math->is_float ? isa_rows[i].lanes_f4 : isa_rows[i].lanes_f8;
    snprintf(out_form->name, sizeof(out_form->name), "_ZGV%cN%u%s_%s", out_form->letter,
             out_form->count, math->arity == 2 ? "vv" : "v", math->name);
}

static LLVMValueRef declare_vector(lanes_codegen *cg, const lanes_codegen_math *math,
                                   const struct form *form)
{
    LLVMValueRef found = LLVMGetNamedFunction(cg->module, form->name);
    if (found != NULL) {
        return found;
    }
    LLVMTypeRef real = math->is_float ? LLVMFloatTypeInContext(cg->context)
                                      : LLVMDoubleTypeInContext(cg->context);
    LLVMTypeRef vector = LLVMVectorType(real, form->count);
    LLVMTypeRef parameters[2] = {vector, vector};
    LLVMValueRef function = LLVMAddFunction(
        cg->module, form->name, LLVMFunctionType(vector, parameters, math->arity, 0));
    lanes_codegen_mark_pure(function);
    return function;
}

#define MATH_CALLEES_MAX 128

/* Declarations to keep although nothing calls them yet. */
struct kept_list {
    LLVMValueRef function[MATH_CALLEES_MAX];
    size_t count;
};

/*
 * Write the attribute's text for one callee and declare the function it names, which goes
 * into `kept` because the vectorizer looks for it when nothing calls it yet.
 */
static void describe_form(lanes_codegen *cg, LLVMValueRef callee,
                          const lanes_codegen_math *math, char *text, size_t text_bytes,
                          struct kept_list *kept)
{
    struct form form;
    find_form(cg, math, &form);
    kept->function[kept->count++] = declare_vector(cg, math, &form);
    snprintf(text, text_bytes, "_ZGV%cN%u%s_%s(%s)", form.letter, form.count,
             math->arity == 2 ? "vv" : "v", lanes_codegen_name(callee), form.name);
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

/* True if a called function of doubles has vector forms. */
static bool calls_f8_math(lanes_codegen *cg)
{
    for (LLVMValueRef f = LLVMGetFirstFunction(cg->module); f;
         f = LLVMGetNextFunction(f)) {
        lanes_codegen_math math;
        if (LLVMIsDeclaration(f) && lanes_codegen_find_callee(f, &math) &&
            math.has_vector && !math.is_float && lanes_codegen_is_called(f)) {
            return true;
        }
    }
    return false;
}

/*
 * How many elements LLVM runs at once follows from the arrays, and which of them are
 * arrays is the variant's affair; so the form of f4 functions follows from what all
 * variants have, functions and outputs. Only a variant whose arrays were all converted to
 * types of eight bytes has no loop that the wide form fits.
 */
static bool has_f4_beside_f8(lanes_codegen *cg)
{
    bool has_narrow_output = false;
    bool has_narrow_array = false;
    for (uint32_t k = 0; k < lanes_signature_operand_count(&cg->signature); k++) {
        const uint32_t own = lanes_dtype_part(cg->signature.dtype[k]);
        const uint32_t stored =
            lanes_dtype_part(lanes_variant_key_dtype(&cg->key, &cg->signature, k));
        has_narrow_output |=
            k >= cg->signature.input_count && lanes_dtype_bytes(own) <= sizeof(float);
        has_narrow_array |= cg->key.layout[k] == LANES_LAYOUT_CONTIGUOUS &&
                            lanes_dtype_bytes(stored) <= sizeof(float);
    }
    return !has_narrow_output || !has_narrow_array || calls_f8_math(cg);
}

/* Callees are collected first because declaring vector forms adds functions. */
static void name_forms(lanes_codegen *cg)
{
    LLVMValueRef callee[MATH_CALLEES_MAX];
    size_t callee_count = 0;
    for (LLVMValueRef f = LLVMGetFirstFunction(cg->module); f;
         f = LLVMGetNextFunction(f)) {
        lanes_codegen_math math;
        if (LLVMIsDeclaration(f) && callee_count < MATH_CALLEES_MAX &&
            lanes_codegen_find_callee(f, &math) && math.has_vector) {
            callee[callee_count++] = f;
        }
    }
    struct kept_list kept = {.count = 0};
    for (size_t i = 0; i < callee_count; i++) {
        lanes_codegen_math math;
        char text[256];
        LANES_ASSERT(lanes_codegen_find_callee(callee[i], &math));
        describe_form(cg, callee[i], &math, text, sizeof(text), &kept);
        annotate_calls(cg->context, callee[i], text);
    }
    if (kept.count > 0) {
        keep_declarations(cg, &kept);
    }
}

static void mark_math_pure(lanes_codegen *cg)
{
    for (LLVMValueRef f = LLVMGetFirstFunction(cg->module); f;
         f = LLVMGetNextFunction(f)) {
        lanes_codegen_math math;
        if (LLVMIsDeclaration(f) && LLVMGetIntrinsicID(f) == 0 &&
            lanes_codegen_find_callee(f, &math) && math.is_pure) {
            lanes_codegen_mark_pure(f);
        }
    }
}

lanes_status lanes_codegen_add_vector_math(lanes_codegen *cg)
{
    split_sincos(cg, "sincos", "sin", "cos", LLVMDoubleTypeInContext(cg->context));
    split_sincos(cg, "sincosf", "sinf", "cosf", LLVMFloatTypeInContext(cg->context));
    mark_math_pure(cg);
    if (cg->vector_math.calls == 0) {
        return LANES_OK;
    }
    /* LLVM makes other functions of some, pow(2, x) into exp2(x), and does not name forms
     * of those: let it do so before they are named. */
    LANES_TRY(lanes_codegen_run_passes(cg, "function(instcombine<no-verify-fixpoint>)"));
    lanes_codegen_list_math(cg);
    cg->has_f4_beside_f8 = has_f4_beside_f8(cg);
    name_forms(cg);
    return LANES_OK;
}

bool lanes_codegen_called_form(lanes_codegen *cg, const lanes_codegen_math *math,
                               char text[LANES_VECTOR_NAME_BYTES])
{
    if (!math->has_vector) {
        return false;
    }
    struct form form;
    find_form(cg, math, &form);
    memcpy(text, form.name, sizeof(form.name));
    LLVMValueRef function = LLVMGetNamedFunction(cg->module, text);
    return function != NULL && lanes_codegen_is_called(function);
}

/* ---- Calls that the optimiser left ----------------------------------------------------
 */

/* Lanes `first` and on of a value, a scalar being one lane, as many as `count`; lanes
 * that the value does not have repeat the others. */
static LLVMValueRef take_lanes(lanes_codegen *cg, LLVMBuilderRef builder,
                               LLVMValueRef value, uint32_t first, uint32_t count)
{
    LLVMTypeRef word = LLVMInt32TypeInContext(cg->context);
    uint32_t width = 1;
    if (LLVMGetTypeKind(LLVMTypeOf(value)) == LLVMVectorTypeKind) {
        width = LLVMGetVectorSize(LLVMTypeOf(value));
    } else {
        LLVMTypeRef vector = LLVMVectorType(LLVMTypeOf(value), 1);
        value = LLVMBuildInsertElement(builder, LLVMGetPoison(vector), value,
                                       LLVMConstNull(word), "");
    }
    LLVMValueRef mask[LANES_CODEGEN_BLOCK_BYTES];
    LANES_ASSERT(count <= LANES_ARRAY_COUNT(mask));
    for (uint32_t i = 0; i < count; i++) {
        mask[i] = LLVMConstInt(word, (first + i) % width, 0);
    }
    return LLVMBuildShuffleVector(builder, value, LLVMGetPoison(LLVMTypeOf(value)),
                                  LLVMConstVector(mask, count), "");
}

/* The lanes [first, first + count of from) of `to`, replaced by those of `from`. */
static LLVMValueRef put_lanes(lanes_codegen *cg, LLVMBuilderRef builder, LLVMValueRef to,
                              LLVMValueRef from, uint32_t first, uint32_t width)
{
    LLVMTypeRef word = LLVMInt32TypeInContext(cg->context);
    const uint32_t count = LLVMGetVectorSize(LLVMTypeOf(from));
    LLVMValueRef wide = take_lanes(cg, builder, from, 0, width);
    LLVMValueRef mask[LANES_CODEGEN_BLOCK_BYTES];
    LANES_ASSERT(width <= LANES_ARRAY_COUNT(mask));
    for (uint32_t i = 0; i < width; i++) {
        const bool is_new = i >= first && i < first + count;
        mask[i] = LLVMConstInt(word, is_new ? width + i - first : i, 0);
    }
    return LLVMBuildShuffleVector(builder, to, wide, LLVMConstVector(mask, width), "");
}

/* `call`, of a scalar or of a vector of any width, by calls of the form. */
static void call_form(lanes_codegen *cg, LLVMBuilderRef builder, LLVMValueRef call,
                      LLVMValueRef form)
{
    LLVMTypeRef type = LLVMGlobalGetValueType(form);
    const uint32_t count = LLVMGetVectorSize(LLVMGetReturnType(type));
    const bool is_vector = LLVMGetTypeKind(LLVMTypeOf(call)) == LLVMVectorTypeKind;
    const uint32_t width = is_vector ? LLVMGetVectorSize(LLVMTypeOf(call)) : 1;
    const unsigned arity = LLVMGetNumArgOperands(call);
    LLVMValueRef whole = LLVMGetPoison(LLVMVectorType(
        is_vector ? LLVMGetElementType(LLVMTypeOf(call)) : LLVMTypeOf(call), width));
    LLVMPositionBuilderBefore(builder, call);
    for (uint32_t first = 0; first < width; first += count) {
        LLVMValueRef arguments[2];
        LANES_ASSERT(arity <= LANES_ARRAY_COUNT(arguments));
        for (unsigned i = 0; i < arity; i++) {
            arguments[i] = take_lanes(cg, builder, LLVMGetOperand(call, i), first, count);
        }
        LLVMValueRef part = LLVMBuildCall2(builder, type, form, arguments, arity, "");
        whole = put_lanes(cg, builder, whole, part, first, width);
    }
    if (!is_vector) {
        LLVMTypeRef word = LLVMInt32TypeInContext(cg->context);
        whole = LLVMBuildExtractElement(builder, whole, LLVMConstNull(word), "");
    }
    LLVMReplaceAllUsesWith(call, whole);
    LLVMInstructionEraseFromParent(call);
}

/* Which function a call is of: libm's own, or an intrinsic of scalars or vectors. */
static bool find_called(LLVMValueRef instruction, lanes_codegen_math *out_math)
{
    LLVMValueRef callee =
        LLVMIsACallInst(instruction) ? LLVMGetCalledValue(instruction) : NULL;
    if (callee == NULL || !LLVMIsAFunction(callee)) {
        return false;
    }
    LLVMTypeRef type = LLVMTypeOf(instruction);
    if (LLVMGetTypeKind(type) != LLVMVectorTypeKind) {
        return lanes_codegen_find_callee(callee, out_math);
    }
    char base[16];
    char scalar[32];
    if (sscanf(lanes_codegen_name(callee), "llvm.%15[a-z0-9].", base) != 1) {
        return false;
    }
    const LLVMTypeKind kind = LLVMGetTypeKind(LLVMGetElementType(type));
    snprintf(scalar, sizeof(scalar), "llvm.%s.f%s", base,
             kind == LLVMFloatTypeKind ? "32" : "64");
    return (kind == LLVMFloatTypeKind || kind == LLVMDoubleTypeKind) &&
           lanes_codegen_find_intrinsic(scalar, out_math);
}

/*
 * A loop that stays scalar in all its variants keeps the functions of libm, unless a loop
 * in it has been vectorized. With SSE2 masks make loops scalar that are vectorized
 * without, and a form of two costs about what a call of libm does (exp 1.0, sin 0.7,
 * log 1.5).
 */
static bool wants_form(lanes_codegen *cg, const lanes_codegen_math *math)
{
    char called[LANES_VECTOR_NAME_BYTES];
    return math->has_vector &&
           (cg->vectorization.width > 1 || cg->isa == LANES_ISA_SSE2 ||
            lanes_codegen_called_form(cg, math, called));
}

static void match_calls(lanes_codegen *cg, LLVMBuilderRef builder, LLVMValueRef function)
{
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
         block = LLVMGetNextBasicBlock(block)) {
        LLVMValueRef next;
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = next) {
            next = LLVMGetNextInstruction(i);
            lanes_codegen_math math;
            if (find_called(i, &math) && wants_form(cg, &math)) {
                struct form form;
                find_form(cg, &math, &form);
                call_form(cg, builder, i, declare_vector(cg, &math, &form));
            }
        }
    }
}

void lanes_codegen_match_vector_math(lanes_codegen *cg)
{
    if (cg->request->math != LANES_MATH_VECTOR) {
        return;
    }
    LLVMBuilderRef builder = LLVMCreateBuilderInContext(cg->context);
    for (LLVMValueRef f = LLVMGetFirstFunction(cg->module); f;
         f = LLVMGetNextFunction(f)) {
        match_calls(cg, builder, f);
    }
    LLVMDisposeBuilder(builder);
}
