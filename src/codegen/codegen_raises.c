/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_raises.c - which instructions raise floating-point exceptions, and others for
 * those that x86 has no instruction for that raises the right ones.
 */
#include "codegen/codegen_sink.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Kinds of instructions -------------------------------------------------------- */

static bool is_vector(LLVMValueRef value)
{
    return LLVMGetTypeKind(LLVMTypeOf(value)) == LLVMVectorTypeKind;
}

/* The function that a call names; NULL if it is no call, or of an address. */
static LLVMValueRef callee_of(LLVMValueRef instruction)
{
    LLVMValueRef callee =
        LLVMIsACallInst(instruction) ? LLVMGetCalledValue(instruction) : NULL;
    return callee != NULL && LLVMIsAFunction(callee) ? callee : NULL;
}

/* "fptosi.sat" of "llvm.fptosi.sat.i32.f64"; false for other intrinsics and functions. */
static bool is_intrinsic(LLVMValueRef instruction, const char *name)
{
    LLVMValueRef callee = callee_of(instruction);
    char text[64];
    snprintf(text, sizeof(text), "llvm.%s.", name);
    return callee != NULL && LLVMGetIntrinsicID(callee) != 0 &&
           lanes_codegen_starts_with(lanes_codegen_name(callee), text);
}

static bool is_function_of_reals(LLVMValueRef instruction)
{
    LLVMValueRef callee = callee_of(instruction);
    lanes_codegen_math math;
    return callee != NULL && LLVMIsDeclaration(callee) &&
           lanes_codegen_find_callee(callee, &math) && math.is_pure != 0 &&
           math.arity != 0;
}

/* Intrinsics of reals that are no functions of libm by their names. */
static bool is_intrinsic_of_reals(LLVMValueRef instruction)
{
    static const char *const names[] = {"fmuladd", "powi",  "ldexp",   "canonicalize",
                                        "lround",  "lrint", "llround", "llrint"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(names); i++) {
        if (is_intrinsic(instruction, names[i])) {
            return true;
        }
    }
    return false;
}

/* True for what can raise by itself. */
bool lanes_codegen_can_raise(LLVMValueRef instruction)
{
    switch (LLVMGetInstructionOpcode(instruction)) {
    case LLVMFAdd:
    case LLVMFSub:
    case LLVMFMul:
    case LLVMFDiv:
    case LLVMFRem:
    case LLVMFPTrunc:
    case LLVMFPExt: /* of a signalling NaN */
    case LLVMFPToSI:
    case LLVMFPToUI:
        return true;
    case LLVMCall:
        return is_function_of_reals(instruction) || is_intrinsic_of_reals(instruction);
    default:
        return false;
    }
}

/* Intrinsics that compute, and nothing else, with no floating-point exception. */
static bool is_quiet_intrinsic(LLVMValueRef instruction)
{
    static const char *const names[] = {"fabs",
                                        "copysign",
                                        "is.fpclass",
                                        "abs",
                                        "smax",
                                        "smin",
                                        "umax",
                                        "umin",
                                        "ctpop",
                                        "ctlz",
                                        "cttz",
                                        "fshl",
                                        "fshr",
                                        "bswap",
                                        "bitreverse",
                                        "sadd.with.overflow",
                                        "uadd.with.overflow",
                                        "ssub.with.overflow",
                                        "usub.with.overflow",
                                        "smul.with.overflow",
                                        "umul.with.overflow",
                                        "sadd.sat",
                                        "uadd.sat",
                                        "ssub.sat",
                                        "usub.sat"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(names); i++) {
        if (is_intrinsic(instruction, names[i])) {
            return true;
        }
    }
    return false;
}

/* True for what may be executed later than where it stands, or not at all. */
bool lanes_codegen_is_movable(LLVMValueRef instruction)
{
    switch (LLVMGetInstructionOpcode(instruction)) {
    case LLVMFNeg:
    case LLVMSIToFP:
    case LLVMUIToFP:
    case LLVMFCmp:
    case LLVMICmp:
    case LLVMAdd:
    case LLVMSub:
    case LLVMMul:
    case LLVMAnd:
    case LLVMOr:
    case LLVMXor:
    case LLVMShl:
    case LLVMLShr:
    case LLVMAShr:
    case LLVMTrunc:
    case LLVMZExt:
    case LLVMSExt:
    case LLVMBitCast:
    case LLVMSelect:
    case LLVMFreeze:
    case LLVMExtractValue:
    case LLVMInsertValue:
    case LLVMExtractElement:
    case LLVMInsertElement:
    case LLVMShuffleVector:
    case LLVMGetElementPtr:
        return true;
    default:
        return lanes_codegen_can_raise(instruction) || is_quiet_intrinsic(instruction);
    }
}

static bool is_extreme(LLVMValueRef i)
{
    return is_intrinsic(i, "maxnum") || is_intrinsic(i, "minnum") ||
           is_intrinsic(i, "maximum") || is_intrinsic(i, "minimum") ||
           is_intrinsic(i, "maximumnum") || is_intrinsic(i, "minimumnum");
}

/* Vectors that stand for choices, or in which some lanes may be nobody's. */
bool lanes_codegen_is_vector_choice(LLVMValueRef i)
{
    const LLVMOpcode opcode = LLVMGetInstructionOpcode(i);
    return (opcode == LLVMSelect && is_vector(LLVMGetOperand(i, 0))) ||
           ((opcode == LLVMFCmp || is_extreme(i)) && is_vector(LLVMGetOperand(i, 0))) ||
           is_intrinsic(i, "masked") || is_intrinsic(i, "vp");
}

/* One function in which they are written out. */
struct writing {
    LLVMValueRef function;
    LLVMBuilderRef builder;
    bool has_failed; /* there is one of a kind that is not known */
};

/* ---- What raises too much --------------------------------------------------------- */

static LLVMValueRef call_libm(struct writing *s, const char *name, LLVMValueRef x,
                              LLVMValueRef y)
{
    LLVMModuleRef module = LLVMGetGlobalParent(s->function);
    LLVMTypeRef type = LLVMTypeOf(x);
    LLVMTypeRef parameters[2] = {type, type};
    LLVMTypeRef of = LLVMFunctionType(type, parameters, 2, 0);
    char text[16];
    snprintf(text, sizeof(text), "%s%s", name,
             LLVMGetTypeKind(type) == LLVMFloatTypeKind ? "f" : "");
    LLVMValueRef function = LLVMGetNamedFunction(module, text);
    if (function == NULL) {
        function = LLVMAddFunction(module, text, of);
    }
    LLVMValueRef arguments[2] = {x, y};
    return LLVMBuildCall2(s->builder, of, function, arguments, 2, "");
}

/* x86's minima and maxima raise `invalid` for quiet NaN; those of libm do not. */
static LLVMValueRef write_extreme(struct writing *s, LLVMValueRef call)
{
    const bool is_max = is_intrinsic(call, "maxnum") || is_intrinsic(call, "maximum") ||
                        is_intrinsic(call, "maximumnum");
    const bool keeps_nan = is_intrinsic(call, "maximum") || is_intrinsic(call, "minimum");
    LLVMValueRef x = LLVMGetOperand(call, 0);
    LLVMValueRef y = LLVMGetOperand(call, 1);
    LLVMValueRef best = call_libm(s, is_max ? "fmax" : "fmin", x, y);
    if (!keeps_nan) {
        return best;
    }
    return LLVMBuildSelect(s->builder, LLVMBuildFCmp(s->builder, LLVMRealUNO, x, y, ""),
                           LLVMBuildFAdd(s->builder, x, y, ""), best, "");
}

/* The nearest integer is what x that is too large for one becomes: no exception. */
static LLVMValueRef write_saturated(struct writing *s, LLVMValueRef call)
{
    const bool is_signed = is_intrinsic(call, "fptosi.sat");
    LLVMBuilderRef b = s->builder;
    LLVMValueRef x = LLVMGetOperand(call, 0);
    LLVMTypeRef real = LLVMTypeOf(x);
    LLVMTypeRef whole = LLVMTypeOf(call);
    const unsigned bits = LLVMGetIntTypeWidth(whole);
    const unsigned value_bits = bits - (is_signed ? 1 : 0);
    const double beyond = ldexp(1, (int)value_bits);
    const uint64_t most = value_bits == 64 ? UINT64_MAX : (UINT64_C(1) << value_bits) - 1;
    const uint64_t least = is_signed ? UINT64_C(1) << value_bits : 0;
    LLVMValueRef above =
        LLVMBuildFCmp(b, LLVMRealOGE, x, LLVMConstReal(real, beyond), "");
    LLVMValueRef below = LLVMBuildFCmp(
        b, LLVMRealOLE, x, LLVMConstReal(real, is_signed ? -beyond : 0.0), "");
    LLVMValueRef none = LLVMBuildFCmp(b, LLVMRealUNO, x, x, "");
    LLVMValueRef cut =
        is_signed ? LLVMBuildFPToSI(b, x, whole, "") : LLVMBuildFPToUI(b, x, whole, "");
    LLVMValueRef value = LLVMBuildSelect(b, none, LLVMConstNull(whole), cut, "");
    value = LLVMBuildSelect(b, below, LLVMConstInt(whole, least, 0), value, "");
    return LLVMBuildSelect(b, above, LLVMConstInt(whole, most, 0), value, "");
}

/* x86 without AVX-512 converts to 64 bits without a sign by two conversions with one, of
 * which it does both. */
static LLVMValueRef write_unsigned(struct writing *s, LLVMValueRef convert)
{
    LLVMBuilderRef b = s->builder;
    LLVMValueRef x = LLVMGetOperand(convert, 0);
    LLVMTypeRef real = LLVMTypeOf(x);
    LLVMTypeRef whole = LLVMTypeOf(convert);
    LLVMValueRef half = LLVMConstReal(real, ldexp(1, 63));
    LLVMValueRef is_large = LLVMBuildFCmp(b, LLVMRealOGE, x, half, "");
    LLVMValueRef rest = LLVMBuildFPToSI(b, LLVMBuildFSub(b, x, half, ""), whole, "");
    LLVMValueRef large =
        LLVMBuildXor(b, rest, LLVMConstInt(whole, UINT64_C(1) << 63, 0), "");
    return LLVMBuildSelect(b, is_large, large, LLVMBuildFPToSI(b, x, whole, ""), "");
}

static bool is_plain_real(LLVMTypeRef type)
{
    const LLVMTypeKind kind = LLVMGetTypeKind(type);
    return kind == LLVMFloatTypeKind || kind == LLVMDoubleTypeKind;
}

/* What @p instruction is to be replaced by; NULL: it stays. */
static LLVMValueRef write_out(struct writing *s, LLVMValueRef instruction)
{
    const bool is_cut = is_intrinsic(instruction, "fptosi.sat") ||
                        is_intrinsic(instruction, "fptoui.sat");
    const bool is_unsigned = LLVMGetInstructionOpcode(instruction) == LLVMFPToUI &&
                             !is_vector(instruction) &&
                             LLVMGetIntTypeWidth(LLVMTypeOf(instruction)) == 64;
    if (!is_extreme(instruction) && !is_cut && !is_unsigned) {
        return NULL;
    }
    if (is_vector(instruction) ||
        !is_plain_real(LLVMTypeOf(LLVMGetOperand(instruction, 0))) ||
        (is_cut && LLVMGetIntTypeWidth(LLVMTypeOf(instruction)) > 64)) {
        s->has_failed = true;
        return NULL;
    }
    LLVMPositionBuilderBefore(s->builder, instruction);
    return is_cut        ? write_saturated(s, instruction)
           : is_unsigned ? write_unsigned(s, instruction)
                         : write_extreme(s, instruction);
}

/* Writes out what is in a block; true if there was something. */
static bool write_block(struct writing *s, LLVMBasicBlockRef block)
{
    bool has_some = false;
    LLVMValueRef next;
    for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = next) {
        next = LLVMGetNextInstruction(i);
        LLVMValueRef other = write_out(s, i);
        if (other != NULL) {
            LLVMReplaceAllUsesWith(i, other);
            LLVMInstructionEraseFromParent(i);
            has_some = true;
        }
    }
    return has_some;
}

bool lanes_codegen_write_out(LLVMValueRef function)
{
    struct writing s = {
        .function = function,
        .builder = LLVMCreateBuilderInContext(LLVMGetTypeContext(LLVMTypeOf(function)))};
    bool has_more = true; /* what is written out may hold another conversion */
    while (has_more && !s.has_failed) {
        has_more = false;
        for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
             block = LLVMGetNextBasicBlock(block)) {
            has_more |= write_block(&s, block);
        }
    }
    LLVMDisposeBuilder(s.builder);
    return !s.has_failed;
}
