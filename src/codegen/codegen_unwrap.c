/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_unwrap.c - see codegen_unwrap.h.
 *
 * Optimised, each field has its own load, at a constant number of bytes from the struct's
 * start, or shares a vector load with its neighbours; unoptimised, the whole struct is
 * loaded for each field and the field extracted.
 */
#include "codegen/codegen_unwrap.h"

#include <string.h>

#include "codegen/codegen_signature.h"

#define PREFIX     "__excinfo_unwrap_args"
#define STEPS_MAX  64 /* from a value to its load; unreachable code may be circular */
#define OFFSET_MAX (1 << 20) /* of a field */

/* How CPython makes an object of a value. */
enum box { BOX_UNKNOWN = 0, BOX_FLOAT, BOX_SIGNED, BOX_UNSIGNED, BOX_BOOL, BOX_COMPLEX };

/* A field as one load, or a part of one, sees it. */
struct field {
    int64_t offset;
    LLVMTypeRef type;
};

static bool is_pointer(LLVMTypeRef type)
{
    return LLVMGetTypeKind(type) == LLVMPointerTypeKind;
}

bool lanes_unwrap_is(LLVMValueRef function)
{
    size_t length;
    const char *name = LLVMGetValueName2(function, &length);
    LLVMTypeRef type = LLVMGlobalGetValueType(function);
    return strncmp(name, PREFIX, strlen(PREFIX)) == 0 && !LLVMIsDeclaration(function) &&
           !LLVMIsFunctionVarArg(type) && LLVMCountParamTypes(type) == 1 &&
           is_pointer(LLVMTypeOf(LLVMGetParam(function, 0))) &&
           is_pointer(LLVMGetReturnType(type));
}

/* Bytes from the start of @p type to its element @p index; *type becomes the element's.
 * False if there is none. */
static bool step_into(LLVMTargetDataRef layout, LLVMTypeRef *type, int64_t index,
                      int64_t *offset)
{
    const LLVMTypeKind kind = LLVMGetTypeKind(*type);
    if (index < 0 || index > OFFSET_MAX) {
        return false;
    }
    if (kind == LLVMStructTypeKind) {
        if ((uint64_t)index >= LLVMCountStructElementTypes(*type)) {
            return false;
        }
        *offset += (int64_t)LLVMOffsetOfElement(layout, *type, (unsigned)index);
        *type = LLVMStructGetTypeAtIndex(*type, (unsigned)index);
        return true;
    }
    if (kind != LLVMArrayTypeKind) {
        return false;
    }
    *type = LLVMGetElementType(*type);
    *offset += index * (int64_t)LLVMABISizeOfType(layout, *type);
    return true;
}

static bool add_gep(LLVMTargetDataRef layout, LLVMValueRef gep, int64_t *offset)
{
    LLVMTypeRef type = LLVMGetGEPSourceElementType(gep);
    const unsigned count = LLVMGetNumIndices(gep);
    for (unsigned i = 0; i < count; i++) {
        LLVMValueRef index = LLVMIsAConstantInt(LLVMGetOperand(gep, i + 1));
        const long long at = index != NULL ? LLVMConstIntGetSExtValue(index) : -1;
        if (at < -OFFSET_MAX || at > OFFSET_MAX || index == NULL) {
            return false;
        }
        if (i == 0) {
            *offset += at * (int64_t)LLVMABISizeOfType(layout, type);
        } else if (!step_into(layout, &type, at, offset)) {
            return false;
        }
    }
    return true;
}

/* Bytes from the function's parameter to @p pointer; false if it is not made of it. */
static bool read_pointer(LLVMTargetDataRef layout, LLVMValueRef parameter,
                         LLVMValueRef pointer, int64_t *out_offset)
{
    int64_t offset = 0;
    for (int step = 0; step < STEPS_MAX && pointer != parameter; step++) {
        if (LLVMIsAGetElementPtrInst(pointer)) {
            if (!add_gep(layout, pointer, &offset)) {
                return false;
            }
        } else if (!LLVMIsABitCastInst(pointer)) {
            return false;
        }
        pointer = LLVMGetOperand(pointer, 0);
    }
    *out_offset = offset;
    return pointer == parameter && offset >= 0 && offset <= OFFSET_MAX;
}

static bool add_extraction(LLVMTargetDataRef layout, LLVMValueRef extraction,
                           int64_t *offset)
{
    LLVMTypeRef type = LLVMTypeOf(LLVMGetOperand(extraction, 0));
    const unsigned count = LLVMGetNumIndices(extraction);
    const unsigned *indices = LLVMGetIndices(extraction);
    for (unsigned i = 0; i < count; i++) {
        if (!step_into(layout, &type, indices[i], offset)) {
            return false;
        }
    }
    return true;
}

/* True for what only widens or narrows a number; *type is what is left of it. */
static bool is_conversion(LLVMValueRef value, LLVMTypeRef *type)
{
    if (LLVMIsASExtInst(value) || LLVMIsAZExtInst(value) || LLVMIsAFPExtInst(value)) {
        *type = LLVMTypeOf(LLVMGetOperand(value, 0));
        return true;
    }
    if (LLVMIsAICmpInst(value)) { /* of a bool kept as a byte */
        LLVMValueRef with = LLVMGetOperand(value, 1);
        return LLVMGetICmpPredicate(value) == LLVMIntNE && LLVMIsAConstant(with) &&
               LLVMIsNull(with);
    }
    return LLVMIsATruncInst(value) || LLVMIsAFreezeInst(value);
}

/* The lane that an extraction from a vector takes; -1 if it is no constant. */
static int64_t lane_of(LLVMValueRef extraction)
{
    LLVMValueRef lane = LLVMIsAConstantInt(LLVMGetOperand(extraction, 1));
    const uint64_t index = lane != NULL ? LLVMConstIntGetZExtValue(lane) : OFFSET_MAX;
    return index < OFFSET_MAX ? (int64_t)index : -1;
}

/* A load is the end of the way: its place, @p within bytes or @p lane elements into it.
 */
static bool read_load(LLVMTargetDataRef layout, LLVMValueRef parameter, LLVMValueRef load,
                      struct field *field, int64_t lane)
{
    int64_t offset;
    if (!read_pointer(layout, parameter, LLVMGetOperand(load, 0), &offset)) {
        return false;
    }
    if (LLVMGetTypeKind(field->type) == LLVMVectorTypeKind) {
        field->type = LLVMGetElementType(field->type);
        offset += lane * (int64_t)LLVMABISizeOfType(layout, field->type);
    }
    field->offset += offset;
    return true;
}

/* Follows a value back to where it was loaded from. */
static bool read_field(LLVMTargetDataRef layout, LLVMValueRef parameter,
                       LLVMValueRef value, struct field *out)
{
    int64_t lane = 0;
    bool is_extracted = false;
    *out = (struct field){0, LLVMTypeOf(value)};
    for (int step = 0; step < STEPS_MAX; step++) {
        if (LLVMIsALoadInst(value)) {
            return read_load(layout, parameter, value, out, lane);
        }
        if (LLVMIsAExtractValueInst(value)) {
            is_extracted = true;
            if (!add_extraction(layout, value, &out->offset)) {
                return false;
            }
        } else if (LLVMIsAExtractElementInst(value) && !is_extracted) {
            lane = lane_of(value);
            out->type = LLVMTypeOf(LLVMGetOperand(value, 0));
            if (lane < 0) {
                return false;
            }
        } else if (is_extracted || !is_conversion(value, &out->type)) {
            return false;
        }
        value = LLVMGetOperand(value, 0);
    }
    return false;
}

static enum box box_of(LLVMValueRef call)
{
    static const struct {
        const char *name;
        enum box box;
    } boxes[] = {{"PyFloat_FromDouble", BOX_FLOAT},
                 {"PyLong_FromLongLong", BOX_SIGNED},
                 {"PyLong_FromLong", BOX_SIGNED},
                 {"PyLong_FromSsize_t", BOX_SIGNED},
                 {"PyLong_FromUnsignedLongLong", BOX_UNSIGNED},
                 {"PyLong_FromUnsignedLong", BOX_UNSIGNED},
                 {"PyLong_FromSize_t", BOX_UNSIGNED},
                 {"PyBool_FromLong", BOX_BOOL},
                 {"PyComplex_FromDoubles", BOX_COMPLEX}};
    LLVMValueRef callee = LLVMIsACallInst(call) ? LLVMGetCalledValue(call) : NULL;
    if (callee == NULL || LLVMIsAFunction(callee) == NULL) {
        return BOX_UNKNOWN;
    }
    size_t length;
    const char *name = LLVMGetValueName2(callee, &length);
    for (size_t i = 0; i < LANES_ARRAY_COUNT(boxes); i++) {
        const unsigned wanted = boxes[i].box == BOX_COMPLEX ? 2 : 1;
        if (strcmp(name, boxes[i].name) == 0 && LLVMGetNumArgOperands(call) == wanted) {
            return boxes[i].box;
        }
    }
    return BOX_UNKNOWN;
}

/* Of more than a bit: those are bools. */
static uint32_t integer_dtype(LLVMTypeRef type, bool is_signed)
{
    return lanes_reader_int_width(type) > 1 ? lanes_reader_dtype(type, !is_signed)
                                            : (uint32_t)LANES_DTYPE_NONE;
}

static uint32_t float_dtype(LLVMTypeRef type, uint32_t if_float, uint32_t if_double)
{
    const LLVMTypeKind kind = LLVMGetTypeKind(type);
    if (kind == LLVMFloatTypeKind) {
        return if_float;
    }
    return kind == LLVMDoubleTypeKind ? if_double : LANES_DTYPE_NONE;
}

static bool is_bool(LLVMTypeRef type)
{
    return LLVMGetTypeKind(type) == LLVMIntegerTypeKind && LLVMGetIntTypeWidth(type) <= 8;
}

/* The dtype of the value that @p object was made of, and its place. */
static uint32_t read_object(LLVMTargetDataRef layout, LLVMValueRef parameter,
                            LLVMValueRef object, int64_t *out_offset)
{
    const enum box box = box_of(object);
    struct field field;
    struct field imaginary;
    if (box == BOX_UNKNOWN ||
        !read_field(layout, parameter, LLVMGetOperand(object, 0), &field)) {
        return LANES_DTYPE_NONE;
    }
    *out_offset = field.offset;
    switch (box) {
    case BOX_FLOAT:
        return float_dtype(field.type, LANES_F4, LANES_F8);
    case BOX_SIGNED:
        return integer_dtype(field.type, true);
    case BOX_UNSIGNED:
        return integer_dtype(field.type, false);
    case BOX_BOOL:
        return is_bool(field.type) ? LANES_BOOL : LANES_DTYPE_NONE;
    case BOX_COMPLEX:
        if (!read_field(layout, parameter, LLVMGetOperand(object, 1), &imaginary) ||
            imaginary.type != field.type ||
            imaginary.offset !=
                field.offset + (int64_t)LLVMABISizeOfType(layout, field.type)) {
            return LANES_DTYPE_NONE;
        }
        return float_dtype(field.type, LANES_C8, LANES_C16);
    case BOX_UNKNOWN:
        break;
    }
    return LANES_DTYPE_NONE;
}

/* Bytes from the parameter to the end of what @p instruction loads from it; else 0. */
static uint64_t end_of_load(LLVMTargetDataRef layout, LLVMValueRef parameter,
                            LLVMValueRef instruction)
{
    int64_t offset;
    if (!LLVMIsALoadInst(instruction) ||
        !read_pointer(layout, parameter, LLVMGetOperand(instruction, 0), &offset)) {
        return 0;
    }
    const uint64_t bytes = LLVMStoreSizeOfType(layout, LLVMTypeOf(instruction));
    return bytes <= OFFSET_MAX ? (uint64_t)offset + bytes : 0;
}

static bool is_packing(LLVMValueRef instruction)
{
    LLVMValueRef callee =
        LLVMIsACallInst(instruction) ? LLVMGetCalledValue(instruction) : NULL;
    if (callee == NULL || LLVMIsAFunction(callee) == NULL) {
        return false;
    }
    size_t length;
    return strcmp(LLVMGetValueName2(callee, &length), "PyTuple_Pack") == 0;
}

void lanes_unwrap_read(LLVMTargetDataRef layout, LLVMValueRef function,
                       lanes_payload_arguments *out)
{
    *out = (lanes_payload_arguments){0};
    LLVMValueRef parameter = LLVMGetParam(function, 0);
    LLVMValueRef packing = NULL; /* the last one; arguments may be tuples themselves */
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
         block = LLVMGetNextBasicBlock(block)) {
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i;
             i = LLVMGetNextInstruction(i)) {
            const uint64_t end = end_of_load(layout, parameter, i);
            out->bytes = end > out->bytes ? (uint32_t)end : out->bytes;
            packing = is_packing(i) ? i : packing;
        }
    }
    const unsigned total = packing != NULL ? LLVMGetNumArgOperands(packing) : 0;
    for (unsigned i = 1; i < total && out->count < LANES_RAISED_ARGUMENTS_MAX; i++) {
        int64_t offset = 0;
        const uint32_t dtype =
            read_object(layout, parameter, LLVMGetOperand(packing, i), &offset);
        out->dtype[out->count] = dtype;
        out->offset[out->count] = dtype != LANES_DTYPE_NONE ? (uint32_t)offset : 0;
        out->count++;
    }
}
