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

static LLVMValueRef splat(LLVMTypeRef type, LLVMValueRef scalar)
{
    if (LLVMGetTypeKind(type) != LLVMVectorTypeKind) {
        return scalar;
    }
    LLVMValueRef lanes[256];
    const unsigned count = LLVMGetVectorSize(type);
    for (unsigned i = 0; i < count && i < LANES_ARRAY_COUNT(lanes); i++) {
        lanes[i] = scalar;
    }
    return LLVMConstVector(lanes, count);
}

static LLVMValueRef minimum_of(LLVMTypeRef scalar)
{
    const unsigned sign = LLVMGetIntTypeWidth(scalar) - 1;
    uint64_t words[4] = {0};
    LANES_ASSERT(sign / 64 < LANES_ARRAY_COUNT(words));
    words[sign / 64] = UINT64_C(1) << (sign % 64);
    return LLVMConstIntOfArbitraryPrecision(scalar, sign / 64 + 1, words);
}

struct guard {
    LLVMValueRef is_zero;     /* i1 */
    LLVMValueRef is_overflow; /* i1; NULL for unsigned divisions */
};

/* Makes one division safe; what it reports can be used right before it. */
static struct guard guard_division(LLVMBuilderRef builder, LLVMValueRef division)
{
    bool is_signed;
    LANES_ASSERT(is_division(division, &is_signed));
    LLVMTypeRef type = LLVMTypeOf(division);
    LLVMTypeRef scalar =
        LLVMGetTypeKind(type) == LLVMVectorTypeKind ? LLVMGetElementType(type) : type;
    LLVMPositionBuilderBefore(builder, division);
    LLVMValueRef divisor = LLVMGetOperand(division, 1);
    LLVMValueRef zero =
        LLVMBuildICmp(builder, LLVMIntEQ, divisor, LLVMConstNull(type), "");
    struct guard guard = {any_of(builder, zero), NULL};
    LLVMValueRef bad = zero;
    if (is_signed) {
        LLVMValueRef minus_one = LLVMConstAllOnes(scalar);
        LLVMValueRef is_minimum =
            LLVMBuildICmp(builder, LLVMIntEQ, LLVMGetOperand(division, 0),
                          splat(type, minimum_of(scalar)), "");
        LLVMValueRef is_minus_one =
            LLVMBuildICmp(builder, LLVMIntEQ, divisor, splat(type, minus_one), "");
        LLVMValueRef overflow = LLVMBuildAnd(builder, is_minimum, is_minus_one, "");
        guard.is_overflow = any_of(builder, overflow);
        bad = LLVMBuildOr(builder, zero, overflow, "");
    }
    LLVMValueRef safe = LLVMBuildSelect(
        builder, bad, splat(type, LLVMConstInt(scalar, 1, 0)), divisor, "");
    LLVMSetOperand(division, 1, safe);
    return guard;
}

/* What happened, as bits of %flags. */
static LLVMValueRef bits_of(lanes_codegen *cg, LLVMBuilderRef builder, struct guard guard)
{
    LLVMTypeRef word = LLVMInt32TypeInContext(cg->context);
    LLVMValueRef bits = LLVMBuildSelect(builder, guard.is_zero,
                                        LLVMConstInt(word, LANES_FLAG_ZERO_DIVISION, 0),
                                        LLVMConstNull(word), "");
    if (guard.is_overflow != NULL) {
        bits = LLVMBuildSelect(builder, guard.is_overflow,
                               LLVMConstInt(word, LANES_FLAG_OVERFLOW, 0), bits, "");
    }
    return bits;
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
    static const char nounwind[] = "nounwind";
    LLVMAddAttributeAtIndex(
        divided, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
        LLVMCreateEnumAttribute(
            cg->context, LLVMGetEnumAttributeKindForName(nounwind, sizeof(nounwind) - 1),
            0));
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
