/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_leave.c - functions that stay calls return once their element has failed.
 *
 * In the callback itself a panic is a return. In a recursive function it can only tell
 * the runtime and return some value, and whoever called it would go on with that: loop
 * until it changes, or recurse on it for ever. So every call of a function that may fail
 * is followed by a question to the runtime, and by a return if the element has failed.
 *
 * A block is split at the call by moving what follows into a new one. Phis would have to
 * be told; so values go through memory meanwhile, and back into registers afterwards.
 */
#include "codegen/codegen_internal.h"

#include <errno.h>
#include <stdlib.h>

/* The functions that may fail; owned. */
struct failing {
    LLVMValueRef *function;
    size_t count;
};

static bool is_in(const struct failing *failing, LLVMValueRef function)
{
    for (size_t i = 0; i < failing->count; i++) {
        if (failing->function[i] == function) {
            return true;
        }
    }
    return false;
}

/* The function that an instruction calls by its name; NULL if it calls none. */
static LLVMValueRef callee_of(LLVMValueRef instruction)
{
    LLVMValueRef callee =
        LLVMIsACallInst(instruction) ? LLVMGetCalledValue(instruction) : NULL;
    return callee != NULL && LLVMIsAFunction(callee) ? callee : NULL;
}

/* True if @p function calls one of those that may fail. */
static bool calls_any(const struct failing *failing, LLVMValueRef function)
{
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
         block = LLVMGetNextBasicBlock(block)) {
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i;
             i = LLVMGetNextInstruction(i)) {
            if (callee_of(i) != NULL && is_in(failing, callee_of(i))) {
                return true;
            }
        }
    }
    return false;
}

/* Functions are few here, because all that could be has been inlined. */
static bool find_failing(lanes_codegen *cg, struct failing *out_failing)
{
    size_t total = 1;
    for (LLVMValueRef f = LLVMGetFirstFunction(cg->module); f;
         f = LLVMGetNextFunction(f)) {
        total++;
    }
    *out_failing = (struct failing){.function = calloc(total, sizeof(LLVMValueRef))};
    if (out_failing->function == NULL) {
        return false;
    }
    out_failing->function[out_failing->count++] = lanes_codegen_declare_fail(cg);
    for (size_t known = 0; known != out_failing->count;) {
        known = out_failing->count;
        for (LLVMValueRef f = LLVMGetFirstFunction(cg->module); f;
             f = LLVMGetNextFunction(f)) {
            if (!is_in(out_failing, f) && calls_any(out_failing, f)) {
                out_failing->function[out_failing->count++] = f;
            }
        }
    }
    return true;
}

/* True where a question is needed: not if a return follows anyway. */
static bool asks_behind(const struct failing *failing, LLVMValueRef call)
{
    LLVMValueRef callee = callee_of(call);
    return callee != NULL && !LLVMIsDeclaration(callee) && is_in(failing, callee) &&
           !LLVMIsAReturnInst(LLVMGetNextInstruction(call));
}

static LLVMValueRef declare_failure(lanes_codegen *cg)
{
    static const char name[] = "lanes_runtime_failure";
    LLVMTypeRef type = LLVMFunctionType(LLVMInt32TypeInContext(cg->context), NULL, 0, 0);
    LLVMValueRef found = LLVMGetNamedFunction(cg->module, name);
    return found != NULL ? found : LLVMAddFunction(cg->module, name, type);
}

/* The block that returns, whatever, from an element that has failed. */
static LLVMBasicBlockRef add_exit(LLVMContextRef context, LLVMBuilderRef builder,
                                  LLVMValueRef function)
{
    LLVMTypeRef type = LLVMGetReturnType(LLVMGlobalGetValueType(function));
    LLVMBasicBlockRef block = LLVMAppendBasicBlockInContext(context, function, "");
    LLVMPositionBuilderAtEnd(builder, block);
    if (LLVMGetTypeKind(type) == LLVMVoidTypeKind) {
        LLVMBuildRetVoid(builder);
    } else {
        LLVMBuildRet(builder, LLVMConstNull(type));
    }
    return block;
}

/* Moves what follows @p call into a new block, which is reached if nothing failed. */
static void ask_behind(lanes_codegen *cg, LLVMBuilderRef builder, LLVMValueRef call,
                       LLVMBasicBlockRef leave)
{
    LLVMBasicBlockRef block = LLVMGetInstructionParent(call);
    LLVMBasicBlockRef rest =
        LLVMAppendBasicBlockInContext(cg->context, LLVMGetBasicBlockParent(block), "");
    LLVMPositionBuilderAtEnd(builder, rest);
    LLVMValueRef next;
    while ((next = LLVMGetNextInstruction(call)) != NULL) {
        LLVMInstructionRemoveFromParent(next);
        LLVMInsertIntoBuilder(builder, next);
    }
    LLVMPositionBuilderAtEnd(builder, block);
    LLVMValueRef failure = declare_failure(cg);
    LLVMValueRef code =
        LLVMBuildCall2(builder, LLVMGlobalGetValueType(failure), failure, NULL, 0, "");
    LLVMValueRef has_failed =
        LLVMBuildICmp(builder, LLVMIntNE, code, LLVMConstNull(LLVMTypeOf(code)), "");
    LLVMBuildCondBr(builder, has_failed, leave, rest);
}

static void ask_in_function(lanes_codegen *cg, LLVMBuilderRef builder,
                            const struct failing *failing, LLVMValueRef function)
{
    LLVMBasicBlockRef leave = NULL;
    /* New blocks are appended, and so are looked at in their turn. */
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
         block = LLVMGetNextBasicBlock(block)) {
        LLVMValueRef i = LLVMGetFirstInstruction(block);
        while (i != NULL && !asks_behind(failing, i)) {
            i = LLVMGetNextInstruction(i);
        }
        if (i != NULL) {
            leave = leave != NULL ? leave : add_exit(cg->context, builder, function);
            ask_behind(cg, builder, i, leave);
        }
    }
}

lanes_status lanes_codegen_leave_failed(lanes_codegen *cg)
{
    struct failing failing;
    if (LLVMGetNamedFunction(cg->module, "lanes_runtime_fail") == NULL) {
        return LANES_OK;
    }
    if (!find_failing(cg, &failing)) {
        return lanes_error_set(&cg->error, -ENOMEM, "no memory for a list of functions");
    }
    lanes_status status =
        failing.count > 1 ? lanes_codegen_run_passes(cg, "function(reg2mem)") : LANES_OK;
    if (status == LANES_OK && failing.count > 1) {
        LLVMBuilderRef builder = LLVMCreateBuilderInContext(cg->context);
        for (size_t i = 1; i < failing.count; i++) { /* 0 is lanes_runtime_fail */
            ask_in_function(cg, builder, &failing, failing.function[i]);
        }
        LLVMDisposeBuilder(builder);
        status = lanes_codegen_run_passes(cg, "function(sroa)");
    }
    free(failing.function);
    return status;
}
