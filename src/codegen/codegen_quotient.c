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
 * No double is exact for 64 bits; there the quotient is found in two steps, of which the
 * second divides what the first has left over. That needs instructions of AVX-512.
 *
 * Divisors that would trap have become 1 by now (codegen_divide.c). Floats do not trap,
 * so here the choice moves behind the division, where it meets the one between the result
 * and the old output. Constants stay: LLVM multiplies instead.
 */
#include "codegen/codegen_internal.h"

struct division {
    LLVMValueRef dividend;
    LLVMValueRef divisor;
    LLVMTypeRef type;
    bool is_signed;
    bool is_remainder;
};

static LLVMValueRef to_real(LLVMBuilderRef builder, LLVMValueRef value, LLVMTypeRef real,
                            bool is_signed)
{
    return is_signed ? LLVMBuildSIToFP(builder, value, real, "")
                     : LLVMBuildUIToFP(builder, value, real, "");
}

/* a - b * c */
static LLVMValueRef rest_of(LLVMBuilderRef builder, LLVMValueRef a, LLVMValueRef b,
                            LLVMValueRef c)
{
    return LLVMBuildSub(builder, a, LLVMBuildMul(builder, b, c, ""), "");
}

static LLVMValueRef divide_at_once(LLVMBuilderRef builder, const struct division *d,
                                   LLVMTypeRef real)
{
    LLVMValueRef ratio =
        LLVMBuildFDiv(builder, to_real(builder, d->dividend, real, d->is_signed),
                      to_real(builder, d->divisor, real, d->is_signed), "");
    LLVMValueRef quotient = d->is_signed ? LLVMBuildFPToSI(builder, ratio, d->type, "")
                                         : LLVMBuildFPToUI(builder, ratio, d->type, "");
    return d->is_remainder ? rest_of(builder, d->dividend, quotient, d->divisor)
                           : quotient;
}

/* -1 where a signed value is negative, else 0. */
static LLVMValueRef sign_of(LLVMBuilderRef builder, LLVMValueRef value)
{
    return LLVMBuildAShr(builder, value, LLVMConstInt(LLVMTypeOf(value), 63, 0), "");
}

/* -value where sign is -1, value where it is 0. */
static LLVMValueRef with_sign(LLVMBuilderRef builder, LLVMValueRef value,
                              LLVMValueRef sign)
{
    return LLVMBuildSub(builder, LLVMBuildXor(builder, value, sign, ""), sign, "");
}

/*
 * Of unsigned 64-bit integers. `inverse` is 1 / b less 2^-50 of it, more than four
 * roundings of 2^-53 each can add: of b, of the inverse, of a, of the product. So the
 * first estimate q is at most a / b, and nothing overflows: q * b <= a. It falls short by
 * less than 2^-49 of a / b < 2^64 and by what truncation takes, so a - q * b < 2^16 * b.
 * The second estimate, of that over b, falls short by less than 2^-33 and truncation:
 * what is left then is less than 2 * b.
 */
static LLVMValueRef divide_magnitudes(LLVMBuilderRef builder, LLVMTypeRef real,
                                      LLVMValueRef a, LLVMValueRef b, bool is_remainder)
{
    LLVMTypeRef type = LLVMTypeOf(a);
    LLVMValueRef inverse = LLVMBuildFDiv(builder, LLVMConstReal(real, 1.0 - 0x1p-50),
                                         to_real(builder, b, real, false), "");
    LLVMValueRef quotient = LLVMConstNull(type);
    LLVMValueRef rest = a;
    for (unsigned step = 0; step < 2; step++) {
        LLVMValueRef ratio =
            LLVMBuildFMul(builder, to_real(builder, rest, real, false), inverse, "");
        LLVMValueRef estimate = LLVMBuildFPToUI(builder, ratio, type, "");
        quotient = LLVMBuildAdd(builder, quotient, estimate, "");
        rest = rest_of(builder, rest, estimate, b);
    }
    LLVMValueRef is_short = LLVMBuildICmp(builder, LLVMIntUGE, rest, b, "");
    return is_remainder ? LLVMBuildSelect(builder, is_short,
                                          LLVMBuildSub(builder, rest, b, ""), rest, "")
                        : LLVMBuildAdd(builder, quotient,
                                       LLVMBuildZExt(builder, is_short, type, ""), "");
}

static LLVMValueRef divide_in_steps(LLVMBuilderRef builder, const struct division *d,
                                    LLVMTypeRef real)
{
    if (!d->is_signed) {
        return divide_magnitudes(builder, real, d->dividend, d->divisor, d->is_remainder);
    }
    LLVMValueRef sign[2] = {sign_of(builder, d->dividend), sign_of(builder, d->divisor)};
    LLVMValueRef result =
        divide_magnitudes(builder, real, with_sign(builder, d->dividend, sign[0]),
                          with_sign(builder, d->divisor, sign[1]), d->is_remainder);
    return with_sign(builder, result,
                     d->is_remainder ? sign[0]
                                     : LLVMBuildXor(builder, sign[0], sign[1], ""));
}

/* How many bits of a value count; C extends small integers before it divides them, and
 * Numba those of 32 bits. */
static unsigned bits_of(LLVMValueRef value)
{
    const bool is_extended = LLVMIsASExtInst(value) || LLVMIsAZExtInst(value);
    return LLVMGetIntTypeWidth(
        LLVMTypeOf(is_extended ? LLVMGetOperand(value, 0) : value));
}

/* Where one division is exact; NULL if there is no such type. */
static LLVMTypeRef exact_type(lanes_codegen *cg, const struct division *d)
{
    const unsigned dividend = bits_of(d->dividend);
    const unsigned divisor = bits_of(d->divisor);
    const unsigned bits = dividend > divisor ? dividend : divisor;
    return bits <= 16   ? LLVMFloatTypeInContext(cg->context)
           : bits <= 32 ? LLVMDoubleTypeInContext(cg->context)
                        : NULL;
}

/* The division in floating point; NULL if there is none that is faster. */
static LLVMValueRef divide(lanes_codegen *cg, LLVMBuilderRef builder,
                           const struct division *d)
{
    const unsigned bits = LLVMGetIntTypeWidth(d->type);
    const bool is_fast = bits == 8 || bits == 16 || bits == 32 ||
                         (bits == 64 && cg->isa >= LANES_ISA_AVX512);
    if (!is_fast) {
        return NULL;
    }
    LLVMTypeRef real = exact_type(cg, d);
    return real != NULL
               ? divide_at_once(builder, d, real)
               : divide_in_steps(builder, d, LLVMDoubleTypeInContext(cg->context));
}

/* value == wanted */
static bool is_comparison(LLVMValueRef condition, LLVMValueRef value, uint64_t wanted)
{
    return LLVMIsAICmpInst(condition) && LLVMGetICmpPredicate(condition) == LLVMIntEQ &&
           LLVMGetOperand(condition, 0) == value &&
           lanes_codegen_is_constant(LLVMGetOperand(condition, 1), wanted);
}

static bool is_binary(LLVMValueRef value, LLVMOpcode opcode)
{
    return LLVMIsAInstruction(value) && LLVMGetInstructionOpcode(value) == opcode;
}

/* b == 0 || (a == MIN && b == -1), as codegen_divide.c writes it. */
static bool is_guard(LLVMValueRef condition, const struct division *d)
{
    const uint64_t minus_one = UINT64_MAX >> (64 - LLVMGetIntTypeWidth(d->type));
    if (!is_binary(condition, LLVMOr) ||
        !is_comparison(LLVMGetOperand(condition, 0), d->divisor, 0)) {
        return false;
    }
    LLVMValueRef overflow = LLVMGetOperand(condition, 1);
    return is_binary(overflow, LLVMAnd) &&
           is_comparison(LLVMGetOperand(overflow, 0), d->dividend,
                         minus_one - (minus_one >> 1)) &&
           is_comparison(LLVMGetOperand(overflow, 1), d->divisor, minus_one);
}

static LLVMValueRef smaller_of(lanes_codegen *cg, LLVMBuilderRef builder, LLVMValueRef a,
                               LLVMValueRef b)
{
    static const char name[] = "llvm.umin";
    LLVMTypeRef type = LLVMTypeOf(a);
    LLVMValueRef umin = LLVMGetIntrinsicDeclaration(
        cg->module, LLVMLookupIntrinsicID(name, sizeof(name) - 1), &type, 1);
    return LLVMBuildCall2(builder, LLVMGlobalGetValueType(umin), umin,
                          (LLVMValueRef[]){a, b}, 2, "");
}

/*
 * One comparison instead of three, and two other instructions instead of three: what
 * stands beside a vector division is not hidden behind it for long. ~(b & (a ^ MAX)) is 0
 * for MIN / -1 only, so the smaller of it and b is 0 for that and for b = 0. Scalar code
 * does better with the comparisons, which LLVM moves out of loops and into branches.
 */
static void compare_once(lanes_codegen *cg, LLVMBuilderRef builder,
                         LLVMValueRef condition, const struct division *d)
{
    if (!is_guard(condition, d)) {
        return;
    }
    const uint64_t maximum = UINT64_MAX >> (65 - LLVMGetIntTypeWidth(d->type));
    LLVMPositionBuilderBefore(builder, condition);
    LLVMValueRef far =
        LLVMBuildXor(builder, d->dividend, LLVMConstInt(d->type, maximum, 0), "");
    LLVMValueRef overflow =
        LLVMBuildNot(builder, LLVMBuildAnd(builder, d->divisor, far, ""), "");
    LLVMValueRef least = smaller_of(cg, builder, overflow, d->divisor);
    LLVMReplaceAllUsesWith(
        condition, LLVMBuildICmp(builder, LLVMIntEQ, least, LLVMConstNull(d->type), ""));
    LLVMInstructionEraseFromParent(condition);
}

static bool read_division(LLVMValueRef instruction, struct division *out)
{
    const LLVMOpcode opcode = LLVMGetInstructionOpcode(instruction);
    *out = (struct division){.type = LLVMTypeOf(instruction),
                             .is_signed = opcode == LLVMSDiv || opcode == LLVMSRem,
                             .is_remainder = opcode == LLVMSRem || opcode == LLVMURem};
    if ((!out->is_signed && opcode != LLVMUDiv && opcode != LLVMURem) ||
        LLVMGetTypeKind(out->type) != LLVMIntegerTypeKind) {
        return false;
    }
    out->dividend = LLVMGetOperand(instruction, 0);
    out->divisor = LLVMGetOperand(instruction, 1);
    return true;
}

static void replace(lanes_codegen *cg, LLVMBuilderRef builder, LLVMValueRef instruction)
{
    struct division d;
    if (!read_division(instruction, &d)) {
        return;
    }
    LLVMValueRef select = LLVMIsASelectInst(d.divisor);
    const bool is_guarded =
        select != NULL && lanes_codegen_is_constant(LLVMGetOperand(select, 1), 1);
    if (is_guarded) {
        d.divisor = LLVMGetOperand(select, 2);
    }
    LLVMPositionBuilderBefore(builder, instruction);
    LLVMValueRef result = LLVMIsAConstant(d.divisor) ? NULL : divide(cg, builder, &d);
    if (result == NULL) {
        return;
    }
    if (is_guarded) {
        LLVMValueRef by_one = d.is_remainder ? LLVMConstNull(d.type) : d.dividend;
        result = LLVMBuildSelect(builder, LLVMGetOperand(select, 0), by_one, result, "");
        compare_once(cg, builder, LLVMGetOperand(select, 0), &d);
    }
    LLVMReplaceAllUsesWith(instruction, result);
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
