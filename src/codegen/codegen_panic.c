/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_panic.c - calls that would end the process fail the element instead.
 *
 * Rust's panics (index checks, checked division), C's assert and abort, and traps are
 * calls that do not return. Their place is taken by a return with the reason: so a
 * callback in Rust is as harmless as one in Python, and its loop can be vectorized.
 */
#include "codegen/codegen_internal.h"

#include <string.h>

/* The code of the failure that a call of @p name is; LANES_ELEMENT_OK if it is none. */
static int32_t panic_code(const char *name)
{
    /* In both of Rust's mangling schemes. */
    if (strstr(name, "4core9panicking") != NULL) {
        if (strstr(name, "_by_zero") != NULL) {
            return LANES_ELEMENT_ZERO_DIVISION;
        }
        return strstr(name, "overflow") != NULL ? LANES_ELEMENT_OVERFLOW
                                                : LANES_ELEMENT_FATAL;
    }
    static const char *const names[] = {
        "abort",         "__assert_fail", "__assert_rtn",  "_ZSt9terminatev",
        "Py_FatalError", "llvm.trap",     "llvm.ubsantrap"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return LANES_ELEMENT_FATAL;
        }
    }
    return LANES_ELEMENT_OK;
}

bool lanes_codegen_is_panic(const char *name)
{
    return panic_code(name) != LANES_ELEMENT_OK;
}

/* The failure that @p block ends in: a panic right before `unreachable`. */
static int32_t block_panic(LLVMBasicBlockRef block, LLVMValueRef *out_call)
{
    LLVMValueRef last = LLVMGetBasicBlockTerminator(block);
    LLVMValueRef call =
        LLVMIsAUnreachableInst(last) ? LLVMGetPreviousInstruction(last) : NULL;
    if (call == NULL || !LLVMIsACallInst(call)) {
        return LANES_ELEMENT_OK;
    }
    *out_call = call;
    return panic_code(lanes_codegen_name(LLVMGetCalledValue(call)));
}

/* Ends @p block with a return of @p value in place of the panic. */
static void end_block(LLVMBuilderRef builder, LLVMBasicBlockRef block, LLVMValueRef call,
                      LLVMValueRef value)
{
    LLVMValueRef last = LLVMGetBasicBlockTerminator(block);
    LLVMPositionBuilderBefore(builder, last);
    if (value != NULL) {
        LLVMBuildRet(builder, value);
    } else {
        LLVMBuildRetVoid(builder);
    }
    LLVMInstructionEraseFromParent(last);
    LLVMInstructionEraseFromParent(call);
}

static LLVMValueRef zero_result(LLVMValueRef function)
{
    LLVMTypeRef type = LLVMGetReturnType(LLVMGlobalGetValueType(function));
    return LLVMGetTypeKind(type) != LLVMVoidTypeKind ? LLVMConstNull(type) : NULL;
}

void lanes_codegen_guard_panics(lanes_codegen *cg, LLVMValueRef element)
{
    LLVMBuilderRef builder = LLVMCreateBuilderInContext(cg->context);
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(element); block;
         block = LLVMGetNextBasicBlock(block)) {
        LLVMValueRef call = NULL;
        const int32_t code = block_panic(block, &call);
        if (code != LANES_ELEMENT_OK) {
            LLVMTypeRef type = LLVMGetReturnType(LLVMGlobalGetValueType(element));
            LLVMPositionBuilderBefore(builder, call);
            LLVMValueRef result = LLVMBuildInsertValue(
                builder, LLVMConstNull(type),
                LLVMConstInt(LLVMInt32TypeInContext(cg->context), (unsigned)code, 0), 0,
                "");
            end_block(builder, block, call, result);
        }
    }
    LLVMDisposeBuilder(builder);
}

/* In a function that is called: tell the runtime, and return something. */
static bool guard_called(lanes_codegen *cg, LLVMValueRef function)
{
    bool has_panic = false;
    LLVMBuilderRef builder = LLVMCreateBuilderInContext(cg->context);
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
         block = LLVMGetNextBasicBlock(block)) {
        LLVMValueRef call = NULL;
        const int32_t code = block_panic(block, &call);
        if (code != LANES_ELEMENT_OK) {
            LLVMValueRef fail = lanes_codegen_declare_fail(cg);
            LLVMValueRef word =
                LLVMConstInt(LLVMInt32TypeInContext(cg->context), (unsigned)code, 0);
            LLVMPositionBuilderBefore(builder, call);
            LLVMBuildCall2(builder, LLVMGlobalGetValueType(fail), fail, &word, 1, "");
            end_block(builder, block, call, zero_result(function));
            has_panic = true;
        }
    }
    LLVMDisposeBuilder(builder);
    return has_panic;
}

/* True if some call of @p panic has something behind it that is not `unreachable`. */
static bool goes_on(LLVMValueRef panic)
{
    for (LLVMUseRef use = LLVMGetFirstUse(panic); use; use = LLVMGetNextUse(use)) {
        LLVMValueRef call = LLVMGetUser(use);
        if (LLVMIsACallInst(call) && LLVMGetCalledValue(call) == panic &&
            !LLVMIsAUnreachableInst(LLVMGetNextInstruction(call))) {
            return true;
        }
    }
    return false;
}

bool lanes_codegen_mark_panics(lanes_codegen *cg)
{
    bool is_any = false;
    for (LLVMValueRef f = LLVMGetFirstFunction(cg->module); f;
         f = LLVMGetNextFunction(f)) {
        if (LLVMIsDeclaration(f) && lanes_codegen_is_panic(lanes_codegen_name(f)) &&
            goes_on(f)) {
            lanes_codegen_add_attribute(f, LANES_CODEGEN_AT_FUNCTION, "noreturn");
            is_any = true;
        }
    }
    return is_any;
}

static bool has_panic(LLVMValueRef function)
{
    LLVMValueRef call;
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
         block = LLVMGetNextBasicBlock(block)) {
        if (block_panic(block, &call) != LANES_ELEMENT_OK) {
            return true;
        }
    }
    return false;
}

void lanes_codegen_find_panics(lanes_codegen *cg)
{
    for (LLVMValueRef f = LLVMGetFirstFunction(cg->module); f;
         f = LLVMGetNextFunction(f)) {
        if (LLVMIsDeclaration(f)) {
            continue;
        }
        if (f != cg->callback || lanes_codegen_is_called(f)) {
            if (guard_called(cg, f)) {
                cg->needs_begin = true;
                cg->may_raise = 1;
            }
        } else if (has_panic(f)) {
            cg->may_raise = 1;
        }
    }
}
