/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_quiet.c - the loop asks whether an element failed, not why.
 *
 * A callback that raises with computed arguments allocates the exception and its
 * arguments. In the loop nobody reads them, but calls of an allocator would keep it
 * scalar. So in the loop's copy of the callback such memory is local, where LLVM sees
 * that it is never read and drops it; the lanes_explain_fn's copy allocates. If then
 * nothing is left that needs an element of the runtime, none is begun.
 */
#include "codegen/codegen_internal.h"

#include <string.h>

/* An excinfo is 40 bytes, arguments are a few numbers; more is not looked at. */
#define BLOCK_BYTES_MAX 1024u

/* The allocation, or argument, that @p address is computed from; else itself. */
static LLVMValueRef base_of(LLVMValueRef address)
{
    while (LLVMIsAGetElementPtrInst(address)) {
        address = LLVMGetOperand(address, 0);
    }
    return address;
}

static bool is_call_of(LLVMValueRef instruction, const char *name);

/*
 * True if memory is only written and compared with NULL, and its address stored nowhere
 * but where an exception belongs: in the excinfo slot, the element's first parameter, or
 * in another such block.
 */
static bool is_only_written(LLVMValueRef element, LLVMValueRef pointer, unsigned depth)
{
    for (LLVMUseRef use = LLVMGetFirstUse(pointer); use; use = LLVMGetNextUse(use)) {
        LLVMValueRef user = LLVMGetUser(use);
        bool is_harmless = LLVMIsAICmpInst(user) != NULL;
        if (LLVMIsAStoreInst(user)) {
            LLVMValueRef to = base_of(LLVMGetOperand(user, 1));
            is_harmless = LLVMGetOperand(user, 0) != pointer ||
                          to == LLVMGetParam(element, 0) ||
                          is_call_of(to, "NRT_Allocate");
        } else if (depth > 0 && LLVMIsAGetElementPtrInst(user)) {
            is_harmless = is_only_written(element, user, depth - 1);
        }
        if (!is_harmless) {
            return false;
        }
    }
    return true;
}

static bool is_call_of(LLVMValueRef instruction, const char *name)
{
    LLVMValueRef callee =
        LLVMIsACallInst(instruction) ? LLVMGetCalledValue(instruction) : NULL;
    return callee != NULL && strcmp(lanes_codegen_name(callee), name) == 0;
}

/* The bytes that an allocation for an exception asks for; 0 if it is something else. */
static uint64_t exception_bytes(LLVMValueRef element, LLVMValueRef instruction)
{
    if (!is_call_of(instruction, "NRT_Allocate")) {
        return 0;
    }
    LLVMValueRef bytes = LLVMGetOperand(instruction, 0);
    const uint64_t count =
        LLVMIsAConstantInt(bytes) ? LLVMConstIntGetZExtValue(bytes) : 0;
    return count <= BLOCK_BYTES_MAX && is_only_written(element, instruction, 4) ? count
                                                                                : 0;
}

static void make_local(LLVMBuilderRef builder, LLVMValueRef allocation, uint64_t bytes)
{
    LLVMBasicBlockRef entry = LLVMGetEntryBasicBlock(
        LLVMGetBasicBlockParent(LLVMGetInstructionParent(allocation)));
    LLVMTypeRef byte = LLVMInt8TypeInContext(LLVMGetTypeContext(LLVMTypeOf(allocation)));
    LLVMPositionBuilderBefore(builder, LLVMGetFirstInstruction(entry));
    LLVMValueRef local = LLVMBuildAlloca(builder, LLVMArrayType2(byte, bytes), "");
    LLVMSetAlignment(local, 16);
    LLVMReplaceAllUsesWith(allocation, local);
    LLVMInstructionEraseFromParent(allocation);
}

/* True if the element still calls something with a state, or that may call it. */
static bool uses_runtime(LLVMValueRef element)
{
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(element); block;
         block = LLVMGetNextBasicBlock(block)) {
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i;
             i = LLVMGetNextInstruction(i)) {
            LLVMValueRef callee = LLVMIsACallInst(i) ? LLVMGetCalledValue(i) : NULL;
            if (callee != NULL &&
                (!LLVMIsAFunction(callee) || !LLVMIsDeclaration(callee) ||
                 lanes_codegen_keeps_state(lanes_codegen_name(callee)))) {
                return true;
            }
        }
    }
    return false;
}

static void drop_runtime(LLVMValueRef element)
{
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(element); block;
         block = LLVMGetNextBasicBlock(block)) {
        LLVMValueRef next;
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = next) {
            next = LLVMGetNextInstruction(i);
            if (is_call_of(i, "lanes_runtime_begin")) {
                LLVMInstructionEraseFromParent(i);
            } else if (is_call_of(i, "lanes_runtime_failure")) {
                LLVMReplaceAllUsesWith(i, LLVMConstNull(LLVMTypeOf(i)));
                LLVMInstructionEraseFromParent(i);
            }
        }
    }
}

void lanes_codegen_quiet(lanes_codegen *cg, LLVMValueRef element)
{
    LLVMBuilderRef builder = LLVMCreateBuilderInContext(cg->context);
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(element); block;
         block = LLVMGetNextBasicBlock(block)) {
        LLVMValueRef next;
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = next) {
            next = LLVMGetNextInstruction(i);
            const uint64_t bytes = exception_bytes(element, i);
            if (bytes > 0) {
                make_local(builder, i, bytes);
            }
        }
    }
    LLVMDisposeBuilder(builder);
    if (!uses_runtime(element)) {
        drop_runtime(element);
    }
}
