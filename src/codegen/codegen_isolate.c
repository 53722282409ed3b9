/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_isolate.c - nothing but the callback, in one piece.
 */
#include "codegen/codegen_internal.h"

#include <llvm-c/Comdat.h>
#include <string.h>

#include "codegen/codegen_compat.h"

/* Attributes that pin a function to its producer's machine or hinder inlining. */
static void make_inlinable(lanes_codegen *cg, LLVMValueRef function)
{
    static const char *const enums[] = {
        "noinline",        "optnone", "optsize", "minsize",          "ssp",
        "sspstrong",       "sspreq",  "uwtable", "sanitize_address", "sanitize_memory",
        "sanitize_thread", "naked"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(enums); i++) {
        lanes_codegen_drop_attribute(function, LANES_CODEGEN_AT_FUNCTION, enums[i]);
    }
    static const char *const strings[] = {"target-cpu",
                                          "target-features",
                                          "tune-cpu",
                                          "frame-pointer",
                                          "probe-stack",
                                          "min-legal-vector-width",
                                          "prefer-vector-width",
                                          "stack-protector-buffer-size"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(strings); i++) {
        LLVMRemoveStringAttributeAtIndex(function, LANES_CODEGEN_AT_FUNCTION, strings[i],
                                         (unsigned)strlen(strings[i]));
    }
    lanes_codegen_add_attribute(function, LANES_CODEGEN_AT_FUNCTION, "alwaysinline");
    LLVMAddTargetDependentFunctionAttr(function, "target-cpu", cg->cpu);
    LLVMAddTargetDependentFunctionAttr(function, "target-features", cg->features);
    LLVMAddTargetDependentFunctionAttr(function, "probe-stack", "inline-asm");
}

/* True if all that is done with @p function is to call it. */
static bool is_only_called(LLVMValueRef function)
{
    for (LLVMUseRef use = LLVMGetFirstUse(function); use; use = LLVMGetNextUse(use)) {
        LLVMValueRef user = LLVMGetUser(use);
        if (!LLVMIsACallInst(user) || LLVMGetCalledValue(user) != function) {
            return false;
        }
    }
    return true;
}

/* lanes.element calls as C does, and a call by another convention is undefined. */
static void call_as_c(LLVMValueRef function)
{
    if (LLVMGetFunctionCallConv(function) == LLVMCCallConv || !is_only_called(function)) {
        return;
    }
    LLVMSetFunctionCallConv(function, LLVMCCallConv);
    for (LLVMUseRef use = LLVMGetFirstUse(function); use; use = LLVMGetNextUse(use)) {
        LLVMSetInstructionCallConv(LLVMGetUser(use), LLVMCCallConv);
    }
}

static void make_internal(LLVMValueRef function)
{
    LLVMSetComdat(function, NULL);
    LLVMSetSection(function, "");
    LLVMSetDLLStorageClass(function, LLVMDefaultStorageClass);
    LLVMSetVisibility(function, LLVMDefaultVisibility);
    LLVMSetLinkage(function, LLVMInternalLinkage);
}

/*
 * Rust and C++ say of a function what cleans up when something in it throws. Nothing
 * does: a panic fails the element (codegen_panic.c), and throw is refused. So invokes are
 * calls, and the personality, which functions go on naming, is a function that nothing
 * calls.
 */
static lanes_status lower_exceptions(lanes_codegen *cg)
{
    static const char *const names[] = {"rust_eh_personality", "__gxx_personality_v0"};
    bool has_personality = false;
    for (size_t i = 0; i < LANES_ARRAY_COUNT(names); i++) {
        LLVMValueRef function = LLVMGetNamedFunction(cg->module, names[i]);
        if (function != NULL && LLVMIsDeclaration(function)) {
            LLVMBuilderRef builder = LLVMCreateBuilderInContext(cg->context);
            LLVMPositionBuilderAtEnd(
                builder, LLVMAppendBasicBlockInContext(cg->context, function, ""));
            LLVMBuildUnreachable(builder);
            LLVMDisposeBuilder(builder);
            LLVMSetLinkage(function, LLVMInternalLinkage);
            has_personality = true;
        }
    }
    return has_personality ? lanes_codegen_run_passes(cg, "function(lower-invoke)")
                           : LANES_OK;
}

lanes_status lanes_codegen_normalise(lanes_codegen *cg)
{
    for (LLVMValueRef f = LLVMGetFirstFunction(cg->module); f;
         f = LLVMGetNextFunction(f)) {
        if (!LLVMIsDeclaration(f)) {
            make_inlinable(cg, f);
            call_as_c(f);
        }
    }
    LANES_TRY(lower_exceptions(cg));
    /* clang -O0 keeps every argument in memory: then nothing can be seen of pointers. */
    return lanes_codegen_run_passes(cg, "function(sroa)");
}

/* ---- Vectors that the producer made ---------------------------------------------------
 */

static bool is_vector_loop(LLVMContextRef context, LLVMValueRef terminator)
{
    static const char name[] = "llvm.loop";
    const unsigned kind = LLVMGetMDKindIDInContext(context, name, sizeof(name) - 1);
    LLVMValueRef node = LLVMGetMetadata(terminator, kind);
    LLVMValueRef properties[16];
    if (node == NULL || LLVMGetMDNodeNumOperands(node) > LANES_ARRAY_COUNT(properties)) {
        return false;
    }
    LLVMGetMDNodeOperands(node, properties);
    for (unsigned i = 1; i < LLVMGetMDNodeNumOperands(node); i++) {
        LLVMValueRef words[4];
        unsigned length = 0;
        if (properties[i] == NULL || LLVMGetMDNodeNumOperands(properties[i]) == 0 ||
            LLVMGetMDNodeNumOperands(properties[i]) > LANES_ARRAY_COUNT(words)) {
            continue;
        }
        LLVMGetMDNodeOperands(properties[i], words);
        const char *word = LLVMGetMDString(words[0], &length);
        if (word != NULL && length == strlen("llvm.loop.isvectorized") &&
            memcmp(word, "llvm.loop.isvectorized", length) == 0) {
            return true;
        }
    }
    return false;
}

/* True if @p function has vector instructions, but no loop that was vectorized. */
static bool has_packed_scalars(lanes_codegen *cg, LLVMValueRef function)
{
    bool has_vectors = false;
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
         block = LLVMGetNextBasicBlock(block)) {
        if (is_vector_loop(cg->context, LLVMGetBasicBlockTerminator(block))) {
            return false;
        }
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i;
             i = LLVMGetNextInstruction(i)) {
            has_vectors |= LLVMGetTypeKind(LLVMTypeOf(i)) == LLVMVectorTypeKind;
        }
    }
    return has_vectors;
}

/*
 * Optimised IR may hold pairs of scalars in vectors. LLVM vectorizes loops of scalars
 * only, so they are taken apart. A vectorized loop inside a callback stays as it is.
 */
static lanes_status unpack_scalars(lanes_codegen *cg)
{
    return has_packed_scalars(cg, cg->callback)
               ? lanes_codegen_run_passes(cg, "function(" LANES_LLVM_SCALARIZER
                                              ",instcombine<no-verify-fixpoint>)")
               : LANES_OK;
}

static bool has_personality(LLVMModuleRef module)
{
    for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
        if (LLVMHasPersonalityFn(f)) {
            return true;
        }
    }
    return false;
}

/*
 * What nothing leads to any more: what cleaned up after exceptions, and what stands
 * behind a panic. Only now that divisions are guarded, because simplifycfg takes a way
 * that leads to a division by 0 for one that is never taken.
 */
static lanes_status drop_unreachable(lanes_codegen *cg)
{
    const bool goes_on = lanes_codegen_mark_panics(cg);
    return goes_on || has_personality(cg->module)
               ? lanes_codegen_run_passes(cg, "function(simplifycfg)")
               : LANES_OK;
}

lanes_status lanes_codegen_isolate(lanes_codegen *cg)
{
    for (LLVMValueRef f = LLVMGetFirstFunction(cg->module); f;
         f = LLVMGetNextFunction(f)) {
        if (!LLVMIsDeclaration(f)) {
            make_internal(f);
        }
    }
    for (LLVMValueRef g = LLVMGetFirstGlobal(cg->module); g; g = LLVMGetNextGlobal(g)) {
        if (!LLVMIsDeclaration(g)) {
            LLVMSetComdat(g, NULL);
            LLVMSetVisibility(g, LLVMDefaultVisibility);
            LLVMSetLinkage(g, LLVMInternalLinkage);
        }
    }
    LLVMSetLinkage(cg->callback, LLVMExternalLinkage);
    LANES_TRY(drop_unreachable(cg));
    LANES_TRY(lanes_codegen_run_passes(cg, "globaldce"));
    lanes_codegen_rename_aliases(cg);
    return unpack_scalars(cg);
}
