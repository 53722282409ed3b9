/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_scalars.c - LLVM types as scalars, and texts about them.
 */
#include "codegen/codegen_signature.h"

const char *lanes_reader_name(const lanes_signature_reader *r)
{
    return lanes_codegen_name(r->cg->callback);
}

lanes_status lanes_reader_refuse(lanes_signature_reader *r, const char *what,
                                 unsigned index, const char *why)
{
    return lanes_error_set(&r->cg->error, LANES_E_IR_SIGNATURE, "%s %u of '%.160s' %s",
                           what, index, lanes_reader_name(r), why);
}

lanes_status lanes_reader_refuse_type(lanes_signature_reader *r, LLVMTypeRef type,
                                      const char *what, unsigned index)
{
    char *text = LLVMPrintTypeToString(type);
    char why[160];
    snprintf(why, sizeof(why), "has LLVM type %.80s, which is none of %s", text,
             lanes_dtype_all_names());
    LLVMDisposeMessage(text);
    return lanes_reader_refuse(r, what, index, why);
}

unsigned lanes_reader_int_width(LLVMTypeRef type)
{
    return LLVMGetTypeKind(type) == LLVMIntegerTypeKind ? LLVMGetIntTypeWidth(type) : 0;
}

static uint32_t dtype_of_int(unsigned width, bool is_unsigned)
{
    switch (width) {
    case 1:
        return LANES_BOOL;
    case 8:
        return is_unsigned ? LANES_U1 : LANES_I1;
    case 16:
        return is_unsigned ? LANES_U2 : LANES_I2;
    case 32:
        return is_unsigned ? LANES_U4 : LANES_I4;
    case 64:
        return is_unsigned ? LANES_U8 : LANES_I8;
    default:
        return LANES_DTYPE_NONE;
    }
}

/* The dtype of a scalar if nobody says more; NONE if there is none. */
uint32_t lanes_reader_dtype(LLVMTypeRef type, bool is_unsigned)
{
    switch (LLVMGetTypeKind(type)) {
    case LLVMDoubleTypeKind:
        return LANES_F8;
    case LLVMFloatTypeKind:
        return LANES_F4;
    default:
        return dtype_of_int(lanes_reader_int_width(type), is_unsigned);
    }
}

/* True if a part of @p dtype can be a scalar of @p type: same size, same kind. */
bool lanes_reader_fits(uint32_t part, LLVMTypeRef type)
{
    const unsigned width = lanes_reader_int_width(type);
    if (lanes_dtype_is_float(part)) {
        return lanes_reader_dtype(type, false) == part;
    }
    if (part == LANES_BOOL) {
        return width == 1 || width == 8;
    }
    return width == 8 * lanes_dtype_bytes(part);
}

/* True if a returned scalar at @p offset can be the part at @p part_offset, or is not
 * where that is. C packs what has integers into integers; what it returns as floats is
 * nothing else. */
bool lanes_reader_may_hold(LLVMTypeRef type, uint32_t offset, uint32_t part,
                           uint32_t part_offset)
{
    const uint32_t dtype = lanes_reader_dtype(type, false);
    return dtype == LANES_DTYPE_NONE || !lanes_dtype_is_float(dtype) ||
           lanes_dtype_is_float(part) ||
           part_offset >= offset + lanes_dtype_bytes(dtype) ||
           offset >= part_offset + lanes_dtype_bytes(part);
}

bool lanes_reader_is_pointer(LLVMTypeRef type)
{
    return LLVMGetTypeKind(type) == LLVMPointerTypeKind &&
           LLVMGetPointerAddressSpace(type) == 0;
}

/* Number of scalars that an argument of this type is made of; 0: none that lanes knows.
 */
unsigned lanes_reader_scalar_count(LLVMTypeRef type)
{
    unsigned count = 0;
    switch (LLVMGetTypeKind(type)) {
    case LLVMVectorTypeKind:
        /* Vectors of bits are packed, which no array of bools is. */
        return lanes_reader_dtype(LLVMGetElementType(type), false) != LANES_DTYPE_NONE &&
                       lanes_reader_int_width(LLVMGetElementType(type)) != 1
                   ? LLVMGetVectorSize(type)
                   : 0;
    case LLVMArrayTypeKind:
        return lanes_reader_scalar_count(LLVMGetElementType(type)) == 1
                   ? (unsigned)LLVMGetArrayLength2(type)
                   : 0;
    case LLVMStructTypeKind:
        count = LLVMCountStructElementTypes(type);
        for (unsigned i = 0; i < count; i++) {
            if (lanes_reader_dtype(LLVMStructGetTypeAtIndex(type, i), false) ==
                LANES_DTYPE_NONE) {
                return 0;
            }
        }
        return LLVMGetStructName(type) == NULL ? count : 0;
    default:
        return lanes_reader_dtype(type, false) != LANES_DTYPE_NONE ? 1 : 0;
    }
}

LLVMTypeRef lanes_reader_scalar_at(LLVMTypeRef type, unsigned index)
{
    switch (LLVMGetTypeKind(type)) {
    case LLVMVectorTypeKind:
    case LLVMArrayTypeKind:
        return LLVMGetElementType(type);
    case LLVMStructTypeKind:
        return LLVMStructGetTypeAtIndex(type, index);
    default:
        return type;
    }
}

/* Numba's word on a parameter, if its name has one for each. */
const lanes_mangle_argument *lanes_reader_mangled(const lanes_signature_reader *r,
                                                  uint32_t argument)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < r->mangled_count; i++) {
        const bool is_complex = r->mangled[i].kind == LANES_MANGLE_SCALAR &&
                                lanes_dtype_part_count(r->mangled[i].dtype) == 2;
        at += is_complex ? 2 : 1;
        if (argument < at) {
            return &r->mangled[i];
        }
    }
    return NULL;
}

bool lanes_reader_returns_nothing(const lanes_signature_reader *r)
{
    const enum lanes_convention convention = r->cg->convention;
    if (convention != LANES_CONVENTION_NUMBA) {
        return convention == LANES_CONVENTION_C_OUT;
    }
    /* None is a null pointer in the return slot. */
    return r->slot.written_type != NULL ? lanes_reader_is_pointer(r->slot.written_type)
                                        : !r->slot.is_written && r->slot.is_known;
}

lanes_status lanes_reader_mismatch(lanes_signature_reader *r, const char *what)
{
    char *type = LLVMPrintTypeToString(LLVMGlobalGetValueType(r->cg->callback));
    lanes_error_set(&r->cg->error, LANES_E_IR_SIGNATURE,
                    "signature '%.100s' was given, but its %s do not fit '%.100s', which "
                    "is %.120s",
                    r->cg->request->signature, what, lanes_reader_name(r), type);
    LLVMDisposeMessage(type);
    return LANES_E_IR_SIGNATURE;
}
