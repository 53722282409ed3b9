/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_bypass.c - divisions of 64 bits lose the branch around them.
 *
 * Scalar division of 64 bits is slow, so LLVM's code generation puts a branch before it:
 * operands below 2^32 go through a division of 32 bits. Numba's IR has been through that,
 *
 *   if ((x | y) < 2^32) { q = (u32)x / (u32)y; } else { q = x / y; }
 *
 * for x // y and x % y. In a vectorized loop both sides are computed for all elements, so
 * where the division of 64 bits has a vector form the other is only in the way.
 */
#include "codegen/codegen_internal.h"

struct bypass {
    LLVMValueRef branch;
    LLVMBasicBlockRef narrow;
    LLVMBasicBlockRef wide;
    LLVMValueRef operand[2]; /* of the `or`: the dividend and the divisor, in any order */
};

static bool is_opcode(LLVMValueRef value, LLVMOpcode opcode)
{
    return LLVMIsAInstruction(value) && LLVMGetInstructionOpcode(value) == opcode;
}

static bool is_constant(LLVMValueRef value, uint64_t wanted)
{
    return LLVMIsAConstantInt(value) && LLVMGetIntTypeWidth(LLVMTypeOf(value)) == 64 &&
           LLVMConstIntGetZExtValue(value) == wanted;
}

/* The `or` that a condition says to be less than 2^32; NULL if it says something else. */
static LLVMValueRef narrow_value(LLVMValueRef condition)
{
    if (!LLVMIsAICmpInst(condition)) {
        return NULL;
    }
    LLVMValueRef value = LLVMGetOperand(condition, 0);
    LLVMValueRef limit = LLVMGetOperand(condition, 1);
    if (LLVMGetICmpPredicate(condition) == LLVMIntEQ && is_constant(limit, 0) &&
        is_opcode(value, LLVMAnd) &&
        is_constant(LLVMGetOperand(value, 1), UINT64_C(0xffffffff00000000))) {
        value = LLVMGetOperand(value, 0);
    } else if (LLVMGetICmpPredicate(condition) != LLVMIntULT ||
               !is_constant(limit, UINT64_C(1) << 32)) {
        return NULL;
    }
    return is_opcode(value, LLVMOr) ? value : NULL;
}

/* The branch at the end of a block, if it is such a one by its condition. */
static bool find_branch(LLVMBasicBlockRef block, struct bypass *out)
{
    LLVMValueRef branch = LLVMGetBasicBlockTerminator(block);
    if (branch == NULL || !LLVMIsABranchInst(branch) || !LLVMIsConditional(branch)) {
        return false;
    }
    LLVMValueRef both = narrow_value(LLVMGetCondition(branch));
    if (both == NULL) {
        return false;
    }
    *out = (struct bypass){
        .branch = branch,
        .narrow = LLVMGetSuccessor(branch, 0),
        .wide = LLVMGetSuccessor(branch, 1),
        .operand = {LLVMGetOperand(both, 0), LLVMGetOperand(both, 1)},
    };
    return true;
}

static bool is_division(LLVMOpcode opcode)
{
    return opcode == LLVMUDiv || opcode == LLVMURem || opcode == LLVMSDiv ||
           opcode == LLVMSRem;
}

/* Where a side leads to; NULL if it does more than divide. */
static LLVMBasicBlockRef end_of(LLVMBasicBlockRef side)
{
    LLVMValueRef i = LLVMGetFirstInstruction(side);
    for (; i != NULL && !LLVMIsATerminatorInst(i); i = LLVMGetNextInstruction(i)) {
        const LLVMOpcode opcode = LLVMGetInstructionOpcode(i);
        if (!is_division(opcode) && opcode != LLVMTrunc && opcode != LLVMZExt) {
            return NULL;
        }
    }
    return i != NULL && LLVMIsABranchInst(i) && !LLVMIsConditional(i)
               ? LLVMGetSuccessor(i, 0)
               : NULL;
}

static LLVMValueRef incoming_from(LLVMValueRef phi, LLVMBasicBlockRef block)
{
    const unsigned count = LLVMCountIncoming(phi);
    for (unsigned i = 0; i < count; i++) {
        if (LLVMGetIncomingBlock(phi, i) == block) {
            return LLVMGetIncomingValue(phi, i);
        }
    }
    return NULL;
}

/* (u32)wide */
static bool is_truncated(LLVMValueRef narrow, LLVMValueRef wide)
{
    return is_opcode(narrow, LLVMTrunc) && LLVMGetOperand(narrow, 0) == wide &&
           LLVMGetIntTypeWidth(LLVMTypeOf(narrow)) == 32;
}

/* True if both sides give a phi the same quotient, or remainder, of the operands. */
static bool is_same(const struct bypass *b, LLVMValueRef phi)
{
    LLVMValueRef wide = incoming_from(phi, b->wide);
    LLVMValueRef narrow = incoming_from(phi, b->narrow);
    if (!LLVMIsAInstruction(wide) || !is_opcode(narrow, LLVMZExt)) {
        return false;
    }
    narrow = LLVMGetOperand(narrow, 0);
    const LLVMOpcode opcode = LLVMGetInstructionOpcode(wide);
    const bool is_remainder = opcode == LLVMURem || opcode == LLVMSRem;
    if (!is_division(opcode) || !is_opcode(narrow, is_remainder ? LLVMURem : LLVMUDiv)) {
        return false;
    }
    LLVMValueRef dividend = LLVMGetOperand(wide, 0);
    LLVMValueRef divisor = LLVMGetOperand(wide, 1);
    const bool are_operands = (dividend == b->operand[0] && divisor == b->operand[1]) ||
                              (dividend == b->operand[1] && divisor == b->operand[0]);
    return are_operands && is_truncated(LLVMGetOperand(narrow, 0), dividend) &&
           is_truncated(LLVMGetOperand(narrow, 1), divisor);
}

static bool is_bypass(const struct bypass *b)
{
    LLVMBasicBlockRef end = end_of(b->wide);
    if (end == NULL || end != end_of(b->narrow) || b->wide == b->narrow) {
        return false;
    }
    LLVMValueRef i = LLVMGetFirstInstruction(end);
    for (; i != NULL && LLVMIsAPHINode(i); i = LLVMGetNextInstruction(i)) {
        if (!is_same(b, i)) {
            return false;
        }
    }
    return true;
}

void lanes_codegen_drop_bypasses(lanes_codegen *cg)
{
    if (cg->isa < LANES_ISA_AVX512 || cg->block == 1) {
        return; /* the division will be scalar */
    }
    LLVMValueRef never = LLVMConstNull(LLVMInt1TypeInContext(cg->context));
    for (LLVMValueRef f = LLVMGetFirstFunction(cg->module); f;
         f = LLVMGetNextFunction(f)) {
        for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(f); block;
             block = LLVMGetNextBasicBlock(block)) {
            struct bypass bypass;
            if (find_branch(block, &bypass) && is_bypass(&bypass)) {
                LLVMSetCondition(bypass.branch, never);
            }
        }
    }
}
