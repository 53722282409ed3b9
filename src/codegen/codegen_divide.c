/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_divide.c - integer division never traps: x / 0 and MIN / -1 fail the element.
 *
 * The divisor of such a pair is replaced by 1, and what happened is kept in a flag. No
 * branch: so a loop stays vectorizable, and a division that only some elements reach may
 * be made by all.
 *
 * Divisions are guarded before anything is inlined, because inlining folds a division by
 * a constant 0 into a value that nothing is known of. Where the flag is, is known only
 * afterwards: until then a call stands for it.
 */
#include "codegen/codegen_internal.h"

#include <string.h>

static bool is_division(LLVMValueRef instruction, bool *out_signed)
{
    const LLVMOpcode opcode = LLVMGetInstructionOpcode(instruction);
    *out_signed = opcode == LLVMSDiv || opcode == LLVMSRem;
    return *out_signed || opcode == LLVMUDiv || opcode == LLVMURem;
}

/* False if the divisor is a constant that cannot trap. */
static bool can_trap(LLVMValueRef instruction)
{
    bool is_signed;
    if (!is_division(instruction, &is_signed)) {
        return false;
    }
    LLVMValueRef divisor = LLVMGetOperand(instruction, 1);
    if (LLVMIsAConstantInt(divisor) && LLVMGetIntTypeWidth(LLVMTypeOf(divisor)) <= 64) {
        return LLVMConstIntGetZExtValue(divisor) == 0 ||
               (is_signed && LLVMConstIntGetSExtValue(divisor) == -1);
    }
    return true;
}

/* True where a vector of i1 has any; the i1 itself of a scalar. */
static LLVMValueRef any_of(LLVMBuilderRef builder, LLVMValueRef condition)
{
    LLVMTypeRef type = LLVMTypeOf(condition);
    if (LLVMGetTypeKind(type) != LLVMVectorTypeKind) {
        return condition;
    }
    LLVMTypeRef bits =
        LLVMIntTypeInContext(LLVMGetTypeContext(type), LLVMGetVectorSize(type));
    LLVMValueRef word = LLVMBuildBitCast(builder, condition, bits, "");
    return LLVMBuildICmp(builder, LLVMIntNE, word, LLVMConstNull(bits), "");
}

/* 1, of an integer or in every lane of a vector of any length. */
static LLVMValueRef one_of(LLVMBuilderRef builder, LLVMTypeRef type)
{
    return LLVMBuildSub(builder, LLVMConstNull(type), LLVMConstAllOnes(type), "");
}

static LLVMValueRef minimum_of(LLVMBuilderRef builder, LLVMTypeRef type)
{
    LLVMValueRef maximum =
        LLVMBuildLShr(builder, LLVMConstAllOnes(type), one_of(builder, type), "");
    return LLVMBuildNot(builder, maximum, "");
}

struct guard {
    LLVMValueRef is_bad;  /* i1: it would trap */
    LLVMValueRef is_zero; /* i1: because the divisor is 0 */
};

/*
 * Makes one division safe; what it reports can be used right before it. The shape of the
 * condition is the one that LLVM simplifies best where it knows something of an operand;
 * codegen_quotient.c knows it, too.
 */
static struct guard guard_division(LLVMBuilderRef builder, LLVMValueRef division)
{
    bool is_signed;
    LANES_ASSERT(is_division(division, &is_signed));
    LLVMTypeRef type = LLVMTypeOf(division);
    LLVMPositionBuilderBefore(builder, division);
    LLVMValueRef divisor = LLVMGetOperand(division, 1);
    LLVMValueRef zero =
        LLVMBuildICmp(builder, LLVMIntEQ, divisor, LLVMConstNull(type), "");
    LLVMValueRef bad = zero;
    if (is_signed) {
        LLVMValueRef is_minimum =
            LLVMBuildICmp(builder, LLVMIntEQ, LLVMGetOperand(division, 0),
                          minimum_of(builder, type), "");
        LLVMValueRef is_minus_one =
            LLVMBuildICmp(builder, LLVMIntEQ, divisor, LLVMConstAllOnes(type), "");
        LLVMValueRef overflow = LLVMBuildAnd(builder, is_minimum, is_minus_one, "");
        bad = LLVMBuildOr(builder, zero, overflow, "");
    }
    LLVMSetOperand(division, 1,
                   LLVMBuildSelect(builder, bad, one_of(builder, type), divisor, ""));
    return (struct guard){any_of(builder, bad), any_of(builder, zero)};
}

/* What happened, as bits of %flags. */
static LLVMValueRef bits_of(lanes_codegen *cg, LLVMBuilderRef builder, struct guard guard)
{
    LLVMTypeRef word = LLVMInt32TypeInContext(cg->context);
    LLVMValueRef why = LLVMBuildSelect(builder, guard.is_zero,
                                       LLVMConstInt(word, LANES_FLAG_ZERO_DIVISION, 0),
                                       LLVMConstInt(word, LANES_FLAG_OVERFLOW, 0), "");
    return LLVMBuildSelect(builder, guard.is_bad, why, LLVMConstNull(word), "");
}

static LLVMTypeRef report_type(lanes_codegen *cg)
{
    LLVMTypeRef word = LLVMInt32TypeInContext(cg->context);
    return LLVMFunctionType(LLVMVoidTypeInContext(cg->context), &word, 1, 0);
}

/* Stands for what is done about a division until it is known where the code ends up. */
static LLVMValueRef declare_divided(lanes_codegen *cg)
{
    LLVMValueRef divided = LLVMAddFunction(cg->module, LANES_DIVIDED, report_type(cg));
    lanes_codegen_add_attribute(divided, LANES_CODEGEN_AT_FUNCTION, "nounwind");
    return divided;
}

static void guard_block(lanes_codegen *cg, LLVMBuilderRef builder,
                        LLVMBasicBlockRef block, LLVMValueRef divided)
{
    for (LLVMValueRef i = LLVMGetFirstInstruction(block); i;
         i = LLVMGetNextInstruction(i)) {
        if (can_trap(i)) {
            LLVMValueRef bits = bits_of(cg, builder, guard_division(builder, i));
            LLVMBuildCall2(builder, report_type(cg), divided, &bits, 1, "");
        }
    }
}

void lanes_codegen_guard_divisions(lanes_codegen *cg)
{
    lanes_codegen_drop_bypasses(cg);
    LLVMValueRef divided = declare_divided(cg);
    LLVMBuilderRef builder = LLVMCreateBuilderInContext(cg->context);
    for (LLVMValueRef f = LLVMGetFirstFunction(cg->module); f;
         f = LLVMGetNextFunction(f)) {
        for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(f); block;
             block = LLVMGetNextBasicBlock(block)) {
            guard_block(cg, builder, block, divided);
        }
    }
    LLVMDisposeBuilder(builder);
}

/* An instruction of the entry block by its name. */
static LLVMValueRef find_local(LLVMValueRef function, const char *name)
{
    LLVMValueRef i = LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(function));
    while (i != NULL && strcmp(lanes_codegen_name(i), name) != 0) {
        i = LLVMGetNextInstruction(i);
    }
    return i;
}

LLVMValueRef lanes_codegen_declare_fail(lanes_codegen *cg)
{
    LLVMValueRef found = LLVMGetNamedFunction(cg->module, "lanes_runtime_fail");
    return found != NULL
               ? found
               : LLVMAddFunction(cg->module, "lanes_runtime_fail", report_type(cg));
}

/* In a function that is called, the runtime keeps the code. */
static void report_to_runtime(lanes_codegen *cg, LLVMBuilderRef builder,
                              LLVMValueRef bits)
{
    LLVMTypeRef word = LLVMInt32TypeInContext(cg->context);
    LLVMValueRef zero =
        LLVMBuildAnd(builder, bits, LLVMConstInt(word, LANES_FLAG_ZERO_DIVISION, 0), "");
    LLVMValueRef is_zero =
        LLVMBuildICmp(builder, LLVMIntNE, zero, LLVMConstNull(word), "");
    LLVMValueRef is_any =
        LLVMBuildICmp(builder, LLVMIntNE, bits, LLVMConstNull(word), "");
    LLVMValueRef code = LLVMBuildSelect(
        builder, is_zero, LLVMConstInt(word, LANES_ELEMENT_ZERO_DIVISION, 0),
        LLVMConstInt(word, LANES_ELEMENT_OVERFLOW, 0), "");
    code = LLVMBuildSelect(builder, is_any, code, LLVMConstNull(word), "");
    LLVMValueRef fail = lanes_codegen_declare_fail(cg);
    LLVMBuildCall2(builder, report_type(cg), fail, &code, 1, "");
}

static LLVMValueRef function_of(LLVMValueRef instruction)
{
    return LLVMGetBasicBlockParent(LLVMGetInstructionParent(instruction));
}

/* Its next call; NULL when there are none, or it has been dropped as unused. */
static LLVMUseRef first_call(lanes_codegen *cg)
{
    LLVMValueRef divided = LLVMGetNamedFunction(cg->module, LANES_DIVIDED);
    return divided != NULL ? LLVMGetFirstUse(divided) : NULL;
}

void lanes_codegen_find_divisions(lanes_codegen *cg)
{
    LLVMBuilderRef builder = LLVMCreateBuilderInContext(cg->context);
    LLVMUseRef next;
    for (LLVMUseRef use = first_call(cg); use; use = next) {
        next = LLVMGetNextUse(use);
        LLVMValueRef call = LLVMGetUser(use);
        LLVMValueRef bits = LLVMGetOperand(call, 0);
        const bool is_never =
            LLVMIsAConstantInt(bits) && LLVMConstIntGetZExtValue(bits) == 0;
        cg->may_raise |= !is_never;
        if (!is_never && function_of(call) == cg->callback &&
            !lanes_codegen_is_called(cg->callback)) {
            cg->guards_divisions = true;
            continue;
        }
        if (!is_never) {
            LLVMPositionBuilderBefore(builder, call);
            report_to_runtime(cg, builder, bits);
            cg->needs_begin = true;
        }
        LLVMInstructionEraseFromParent(call);
    }
    LLVMDisposeBuilder(builder);
}

void lanes_codegen_keep_divisions(lanes_codegen *cg, LLVMValueRef element)
{
    LLVMTypeRef word = LLVMInt32TypeInContext(cg->context);
    LLVMValueRef flags = find_local(element, "flags");
    LANES_ASSERT(flags != NULL);
    LLVMBuilderRef builder = LLVMCreateBuilderInContext(cg->context);
    LLVMUseRef next;
    for (LLVMUseRef use = first_call(cg); use; use = next) {
        next = LLVMGetNextUse(use);
        LLVMValueRef call = LLVMGetUser(use);
        if (function_of(call) != element) {
            continue; /* the other copy of the callback */
        }
        LLVMPositionBuilderBefore(builder, call);
        LLVMValueRef before = LLVMBuildLoad2(builder, word, flags, "");
        LLVMBuildStore(builder, LLVMBuildOr(builder, before, LLVMGetOperand(call, 0), ""),
                       flags);
        LLVMInstructionEraseFromParent(call);
    }
    LLVMDisposeBuilder(builder);
}
