/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_divide.c - integer division never traps: x / 0 and MIN / -1 fail the element.
 *
 * The divisor of such a pair is replaced by 1, and what happened is kept in a flag. No
 * branch: so a loop stays vectorizable, and a division that only some elements reach may
 * be made by all.
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

typedef void (*report_fn)(lanes_codegen *cg, LLVMBuilderRef builder, struct guard guard,
                          LLVMValueRef where);

/* Guards every division of @p function that can trap; returns how many. */
static uint32_t guard_function(lanes_codegen *cg, LLVMValueRef function, report_fn report,
                               LLVMValueRef where)
{
    uint32_t count = 0;
    LLVMBuilderRef builder = LLVMCreateBuilderInContext(cg->context);
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
         block = LLVMGetNextBasicBlock(block)) {
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i;
             i = LLVMGetNextInstruction(i)) {
            if (can_trap(i)) {
                report(cg, builder, guard_division(builder, i), where);
                count++;
            }
        }
    }
    LLVMDisposeBuilder(builder);
    return count;
}

static void report_flags(lanes_codegen *cg, LLVMBuilderRef builder, struct guard guard,
                         LLVMValueRef flags)
{
    LLVMTypeRef word = LLVMInt32TypeInContext(cg->context);
    LLVMValueRef bits = LLVMBuildSelect(builder, guard.is_zero,
                                        LLVMConstInt(word, LANES_FLAG_ZERO_DIVISION, 0),
                                        LLVMConstNull(word), "");
    if (guard.is_overflow != NULL) {
        bits = LLVMBuildSelect(builder, guard.is_overflow,
                               LLVMConstInt(word, LANES_FLAG_OVERFLOW, 0), bits, "");
    }
    LLVMValueRef before = LLVMBuildLoad2(builder, word, flags, "");
    LLVMBuildStore(builder, LLVMBuildOr(builder, before, bits, ""), flags);
}

static void report_runtime(lanes_codegen *cg, LLVMBuilderRef builder, struct guard guard,
                           LLVMValueRef fail)
{
    LLVMTypeRef word = LLVMInt32TypeInContext(cg->context);
    LLVMValueRef code = LLVMBuildSelect(
        builder, guard.is_zero, LLVMConstInt(word, LANES_ELEMENT_ZERO_DIVISION, 0),
        LLVMConstNull(word), "");
    if (guard.is_overflow != NULL) {
        code = LLVMBuildSelect(builder, guard.is_overflow,
                               LLVMConstInt(word, LANES_ELEMENT_OVERFLOW, 0), code, "");
    }
    LLVMBuildCall2(builder, LLVMGlobalGetValueType(fail), fail, &code, 1, "");
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

void lanes_codegen_guard_divisions(lanes_codegen *cg, LLVMValueRef element)
{
    LLVMValueRef flags = find_local(element, "flags");
    LANES_ASSERT(flags != NULL);
    guard_function(cg, element, report_flags, flags);
}

static bool has_division(LLVMValueRef function)
{
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
         block = LLVMGetNextBasicBlock(block)) {
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i;
             i = LLVMGetNextInstruction(i)) {
            if (can_trap(i)) {
                return true;
            }
        }
    }
    return false;
}

LLVMValueRef lanes_codegen_declare_fail(lanes_codegen *cg)
{
    LLVMValueRef found = LLVMGetNamedFunction(cg->module, "lanes_runtime_fail");
    if (found != NULL) {
        return found;
    }
    LLVMTypeRef word = LLVMInt32TypeInContext(cg->context);
    LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(cg->context), &word, 1, 0);
    return LLVMAddFunction(cg->module, "lanes_runtime_fail", type);
}

void lanes_codegen_find_divisions(lanes_codegen *cg)
{
    for (LLVMValueRef f = LLVMGetFirstFunction(cg->module); f;
         f = LLVMGetNextFunction(f)) {
        if (LLVMIsDeclaration(f) || !has_division(f)) {
            continue;
        }
        if (f == cg->callback && !lanes_codegen_is_called(f)) {
            cg->guards_divisions = true;
        } else {
            guard_function(cg, f, report_runtime, lanes_codegen_declare_fail(cg));
            cg->needs_begin = true;
        }
        cg->may_raise = 1;
    }
}
