/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_quotient.c - integer division in SIMD, by way of floating point.
 *
 * x86 has no vector division of integers, so LLVM takes vectors apart around each. A
 * quotient of floats is exact enough: for integers a and b with |a| < 2^p, p the bits of
 * the mantissa, a / b is either an integer, which is representable, or at least 1 / |b|
 * away from one, while rounding moves it by at most |a / b| * 2^-p < 1 / |b|. So rounding
 * never reaches the next integer, and truncation gives the integer quotient: float (p =
 * 24) serves 8 and 16 bits, double (p = 53) 32 bits. A remainder is a - (a / b) * b.
 *
 * Divisors are not 0 by now (codegen_divide.c). Constants stay: LLVM multiplies instead.
 */
#include "codegen/codegen_internal.h"

/* The floating-point type in which integers of @p type divide exactly; NULL if none. */
static LLVMTypeRef exact_type(lanes_codegen *cg, LLVMTypeRef type)
{
    if (LLVMGetTypeKind(type) != LLVMIntegerTypeKind) {
        return NULL;
    }
    switch (LLVMGetIntTypeWidth(type)) {
    case 8:
    case 16:
        return LLVMFloatTypeInContext(cg->context);
    case 32:
        return LLVMDoubleTypeInContext(cg->context);
    default:
        return NULL;
    }
}

static LLVMValueRef divide(LLVMBuilderRef builder, LLVMValueRef division,
                           LLVMTypeRef exact, bool is_signed, bool is_remainder)
{
    LLVMTypeRef type = LLVMTypeOf(division);
    LLVMValueRef operand[2];
    LLVMValueRef real[2];
    for (unsigned i = 0; i < 2; i++) {
        operand[i] = LLVMGetOperand(division, i);
        real[i] = is_signed ? LLVMBuildSIToFP(builder, operand[i], exact, "")
                            : LLVMBuildUIToFP(builder, operand[i], exact, "");
    }
    LLVMValueRef ratio = LLVMBuildFDiv(builder, real[0], real[1], "");
    LLVMValueRef quotient = is_signed ? LLVMBuildFPToSI(builder, ratio, type, "")
                                      : LLVMBuildFPToUI(builder, ratio, type, "");
    if (!is_remainder) {
        return quotient;
    }
    return LLVMBuildSub(builder, operand[0],
                        LLVMBuildMul(builder, quotient, operand[1], ""), "");
}

static void replace(lanes_codegen *cg, LLVMBuilderRef builder, LLVMValueRef instruction)
{
    const LLVMOpcode opcode = LLVMGetInstructionOpcode(instruction);
    const bool is_signed = opcode == LLVMSDiv || opcode == LLVMSRem;
    const bool is_remainder = opcode == LLVMSRem || opcode == LLVMURem;
    if (!is_signed && opcode != LLVMUDiv && opcode != LLVMURem) {
        return;
    }
    LLVMTypeRef exact = exact_type(cg, LLVMTypeOf(instruction));
    if (exact == NULL || LLVMIsAConstant(LLVMGetOperand(instruction, 1))) {
        return;
    }
    LLVMPositionBuilderBefore(builder, instruction);
    LLVMReplaceAllUsesWith(instruction,
                           divide(builder, instruction, exact, is_signed, is_remainder));
    LLVMInstructionEraseFromParent(instruction);
}

void lanes_codegen_divide_in_floats(lanes_codegen *cg, LLVMValueRef element)
{
    LLVMBuilderRef builder = LLVMCreateBuilderInContext(cg->context);
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(element); block;
         block = LLVMGetNextBasicBlock(block)) {
        LLVMValueRef next;
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = next) {
            next = LLVMGetNextInstruction(i);
            replace(cg, builder, i);
        }
    }
    LLVMDisposeBuilder(builder);
}
