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

#include "codegen/codegen_internal.h"
#include "codegen/codegen_pickle.h"
#include "codegen/codegen_signature.h"
#include "kernel/dtype.h"

#define PREFIX     "__excinfo_unwrap_args"
#define STEPS_MAX  64 /* from a value to its load; unreachable code may be circular */
#define OFFSET_MAX (1 << 20) /* of a field */
#define DEPTH_MAX  8         /* of tuples in tuples */

/* How CPython makes an object of a value. */
enum box { BOX_UNKNOWN = 0, BOX_FLOAT, BOX_SIGNED, BOX_UNSIGNED, BOX_BOOL, BOX_COMPLEX };

/* A field as one load, or a part of one, sees it. */
struct field {
    int64_t offset;
    LLVMTypeRef type;
};

struct reader {
    LLVMTargetDataRef layout;
    LLVMValueRef parameter; /* the struct's address */
    lanes_payload_arguments *out;
    uint32_t reserved; /* items that tuples which are being read will still have */
};

static bool is_pointer(LLVMTypeRef type)
{
    return LLVMGetTypeKind(type) == LLVMPointerTypeKind;
}

bool lanes_unwrap_is(LLVMValueRef function)
{
    LLVMTypeRef type = LLVMGlobalGetValueType(function);
    return strncmp(lanes_codegen_name(function), PREFIX, strlen(PREFIX)) == 0 &&
           !LLVMIsDeclaration(function) && !LLVMIsFunctionVarArg(type) &&
           LLVMCountParamTypes(type) == 1 &&
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

/* True for a direct call of @p name with @p count arguments. */
static bool is_call_of(LLVMValueRef value, const char *name, unsigned count)
{
    LLVMValueRef callee = LLVMIsACallInst(value) ? LLVMGetCalledValue(value) : NULL;
    return callee != NULL && LLVMIsAFunction(callee) != NULL &&
           strcmp(lanes_codegen_name(callee), name) == 0 &&
           LLVMGetNumArgOperands(value) == count;
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
    for (size_t i = 0; i < LANES_ARRAY_COUNT(boxes); i++) {
        if (is_call_of(call, boxes[i].name, boxes[i].box == BOX_COMPLEX ? 2 : 1)) {
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

static uint32_t number_dtype(enum box box, LLVMTypeRef type)
{
    switch (box) {
    case BOX_FLOAT:
        return float_dtype(type, LANES_F4, LANES_F8);
    case BOX_SIGNED:
        return integer_dtype(type, true);
    case BOX_UNSIGNED:
        return integer_dtype(type, false);
    case BOX_BOOL:
        return is_bool(type) ? LANES_BOOL : LANES_DTYPE_NONE;
    case BOX_COMPLEX:
        return float_dtype(type, LANES_C8, LANES_C16);
    case BOX_UNKNOWN:
        break;
    }
    return LANES_DTYPE_NONE;
}

/* ---- Items: each is added as unknown and becomes something if all of it is clear --- */

static void read_computed_number(struct reader *reader, LLVMValueRef object, enum box box,
                                 lanes_payload_item *item)
{
    struct field field;
    struct field imaginary;
    if (!read_field(reader->layout, reader->parameter, LLVMGetOperand(object, 0),
                    &field)) {
        return;
    }
    if (box == BOX_COMPLEX &&
        (!read_field(reader->layout, reader->parameter, LLVMGetOperand(object, 1),
                     &imaginary) ||
         imaginary.type != field.type ||
         imaginary.offset !=
             field.offset + (int64_t)LLVMABISizeOfType(reader->layout, field.type))) {
        return;
    }
    const uint32_t dtype = number_dtype(box, field.type);
    if (dtype != LANES_DTYPE_NONE) {
        *item = (lanes_payload_item){.type = dtype,
                                     .place = LANES_PAYLOAD_COMPUTED,
                                     .offset = (uint32_t)field.offset,
                                     .bytes = lanes_dtype_bytes(dtype)};
    }
}

/* Makes @p item one of @p type whose value is a copy of @p value. */
static void add_constant(struct reader *reader, lanes_payload_item *item, uint32_t type,
                         const void *value, uint32_t bytes)
{
    lanes_payload_arguments *out = reader->out;
    if (bytes > LANES_PAYLOAD_CONSTANT_BYTES - out->constant_bytes) {
        return;
    }
    *item = (lanes_payload_item){.type = type,
                                 .place = LANES_PAYLOAD_CONSTANT,
                                 .offset = out->constant_bytes,
                                 .bytes = bytes};
    memcpy(out->constant + out->constant_bytes, value, bytes);
    out->constant_bytes += bytes;
}

/*
 * The constant that @p value is, unoptimised: widened from a bit, or a field of a
 * constant struct. Else @p value itself.
 */
static LLVMValueRef constant_of(LLVMValueRef value)
{
    if (LLVMIsAZExtInst(value) && LLVMIsAConstant(LLVMGetOperand(value, 0))) {
        return LLVMGetOperand(value, 0);
    }
    LLVMValueRef load = LLVMIsAExtractValueInst(value) ? LLVMGetOperand(value, 0) : NULL;
    LLVMValueRef global = load != NULL && LLVMIsALoadInst(load)
                              ? LLVMIsAGlobalVariable(LLVMGetOperand(load, 0))
                              : NULL;
    LLVMValueRef initial = global != NULL && LLVMIsGlobalConstant(global)
                               ? LLVMGetInitializer(global)
                               : NULL;
    const bool is_field = initial != NULL && LLVMGetNumIndices(value) == 1 &&
                          LLVMTypeOf(initial) == LLVMTypeOf(load);
    LLVMValueRef field =
        is_field ? LLVMGetAggregateElement(initial, LLVMGetIndices(value)[0]) : NULL;
    return field != NULL ? field : value;
}

/* The constant operands of a box, as an array's element has them. */
static void read_constant_number(struct reader *reader, LLVMValueRef object, enum box box,
                                 lanes_payload_item *item)
{
    if (box == BOX_FLOAT || box == BOX_COMPLEX) {
        double parts[2] = {0, 0};
        const unsigned count = box == BOX_COMPLEX ? 2 : 1;
        for (unsigned i = 0; i < count; i++) {
            LLVMValueRef part = LLVMIsAConstantFP(LLVMGetOperand(object, i));
            LLVMBool is_inexact = 0;
            if (part == NULL) {
                return;
            }
            parts[i] = LLVMConstRealGetDouble(part, &is_inexact);
        }
        add_constant(reader, item, count == 2 ? LANES_C16 : LANES_F8, parts,
                     count * (uint32_t)sizeof(double));
        return;
    }
    LLVMValueRef integer = LLVMIsAConstantInt(constant_of(LLVMGetOperand(object, 0)));
    if (integer == NULL || LLVMGetIntTypeWidth(LLVMTypeOf(integer)) > 64) {
        return;
    }
    const uint64_t value = box == BOX_SIGNED ? (uint64_t)LLVMConstIntGetSExtValue(integer)
                                             : LLVMConstIntGetZExtValue(integer);
    const uint8_t truth = value != 0;
    if (box == BOX_BOOL) {
        add_constant(reader, item, LANES_BOOL, &truth, sizeof(truth));
    } else {
        add_constant(reader, item, box == BOX_SIGNED ? LANES_I8 : LANES_U8, &value,
                     sizeof(value));
    }
}

/* PyUnicode_FromKindAndData(kind, characters, length) of one struct of Numba's. */
static void read_text(struct reader *reader, LLVMValueRef object,
                      lanes_payload_item *item)
{
    struct field field[3];
    for (unsigned i = 0; i < LANES_ARRAY_COUNT(field); i++) {
        if (!read_field(reader->layout, reader->parameter, LLVMGetOperand(object, i),
                        &field[i])) {
            return;
        }
    }
    const int64_t start = field[1].offset;
    if (!is_pointer(field[1].type) || lanes_reader_int_width(field[2].type) != 64 ||
        lanes_reader_int_width(field[0].type) != 32 ||
        field[2].offset != start + (int64_t)offsetof(lanes_payload_text, length) ||
        field[0].offset != start + (int64_t)offsetof(lanes_payload_text, kind)) {
        return;
    }
    const uint32_t bytes = (uint32_t)sizeof(lanes_payload_text);
    const uint32_t end = (uint32_t)start + bytes;
    *item = (lanes_payload_item){.type = LANES_RAISED_ITEM_TEXT,
                                 .place = LANES_PAYLOAD_COMPUTED,
                                 .offset = (uint32_t)start,
                                 .bytes = bytes};
    reader->out->bytes = end > reader->out->bytes ? end : reader->out->bytes;
}

/* numba_unpickle(pickle, bytes, hash), which is how Numba boxes a string's literal. */
static void read_literal(struct reader *reader, LLVMValueRef object,
                         lanes_payload_item *item)
{
    uint64_t available = 0;
    const unsigned char *pickle =
        lanes_codegen_constant_bytes(constant_of(LLVMGetOperand(object, 0)), &available);
    LLVMValueRef size = LLVMIsAConstantInt(constant_of(LLVMGetOperand(object, 1)));
    const uint64_t wanted = size != NULL ? LLVMConstIntGetZExtValue(size) : 0;
    unsigned char text[LANES_PAYLOAD_CONSTANT_BYTES];
    size_t bytes;
    bool is_cut;
    if (pickle != NULL && wanted <= available &&
        lanes_pickle_read_string(pickle, wanted, text,
                                 sizeof(text) - reader->out->constant_bytes, &bytes,
                                 &is_cut)) {
        add_constant(reader, item,
                     is_cut ? LANES_RAISED_ITEM_TEXT_CUT : LANES_RAISED_ITEM_TEXT, text,
                     (uint32_t)bytes);
    }
}

/*
 * What is put into PyTuple_New(*out_count). False unless each element is put there just
 * once, and there are no more than items.
 */
static bool find_elements(LLVMValueRef tuple, LLVMValueRef elements[],
                          uint32_t *out_count)
{
    LLVMValueRef size = LLVMIsAConstantInt(LLVMGetOperand(tuple, 0));
    const uint64_t count =
        size != NULL ? LLVMConstIntGetZExtValue(size) : LANES_RAISED_ITEMS_MAX + 1;
    if (count > LANES_RAISED_ITEMS_MAX) {
        return false;
    }
    uint32_t found = 0;
    for (LLVMUseRef use = LLVMGetFirstUse(tuple); use; use = LLVMGetNextUse(use)) {
        LLVMValueRef call = LLVMGetUser(use);
        if (!is_call_of(call, "PyTuple_SetItem", 3) || LLVMGetOperand(call, 0) != tuple) {
            continue;
        }
        LLVMValueRef index = LLVMIsAConstantInt(LLVMGetOperand(call, 1));
        const uint64_t at = index != NULL ? LLVMConstIntGetZExtValue(index) : count;
        if (at >= count || elements[at] != NULL) {
            return false;
        }
        elements[at] = LLVMGetOperand(call, 2);
        found++;
    }
    *out_count = (uint32_t)count;
    return found == count;
}

static void read_item(struct reader *reader, LLVMValueRef object, unsigned depth);

static void read_tuple(struct reader *reader, LLVMValueRef object,
                       lanes_payload_item *item, unsigned depth)
{
    LLVMValueRef elements[LANES_RAISED_ITEMS_MAX] = {NULL};
    uint32_t count = 0;
    if (depth == DEPTH_MAX || !find_elements(object, elements, &count) ||
        count > LANES_RAISED_ITEMS_MAX - reader->out->item_count - reader->reserved) {
        return;
    }
    *item = (lanes_payload_item){.type = LANES_RAISED_ITEM_TUPLE, .count = count};
    reader->reserved += count;
    for (uint32_t i = 0; i < count; i++) {
        reader->reserved--;
        read_item(reader, elements[i], depth + 1);
    }
}

/* Adds an item for a Python object; the caller has reserved its place. */
static void read_item(struct reader *reader, LLVMValueRef object, unsigned depth)
{
    lanes_payload_item *item = &reader->out->item[reader->out->item_count++];
    const enum box box = box_of(object);
    if (box != BOX_UNKNOWN) {
        if (LLVMIsAConstant(constant_of(LLVMGetOperand(object, 0)))) {
            read_constant_number(reader, object, box, item);
        } else {
            read_computed_number(reader, object, box, item);
        }
    } else if (is_call_of(object, "PyUnicode_FromKindAndData", 3)) {
        read_text(reader, object, item);
    } else if (is_call_of(object, "numba_unpickle", 3)) {
        read_literal(reader, object, item);
    } else if (is_call_of(object, "PyTuple_New", 1)) {
        read_tuple(reader, object, item, depth);
    } else if (LLVMIsAGlobalVariable(object) &&
               strcmp(lanes_codegen_name(object), "_Py_NoneStruct") == 0) {
        item->type = LANES_RAISED_ITEM_NONE;
    }
}

/* ---- The function ---------------------------------------------------------------- */

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
    return callee != NULL && LLVMIsAFunction(callee) != NULL &&
           strcmp(lanes_codegen_name(callee), "PyTuple_Pack") == 0;
}

void lanes_unwrap_read(LLVMTargetDataRef layout, LLVMValueRef function,
                       lanes_payload_arguments *out)
{
    *out = (lanes_payload_arguments){0};
    LLVMValueRef parameter = LLVMGetParam(function, 0);
    LLVMValueRef packing = NULL; /* the last one, whatever else it packs */
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
         block = LLVMGetNextBasicBlock(block)) {
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i;
             i = LLVMGetNextInstruction(i)) {
            const uint64_t end = end_of_load(layout, parameter, i);
            out->bytes = end > out->bytes ? (uint32_t)end : out->bytes;
            packing = is_packing(i) ? i : packing;
        }
    }
    /* Its first operand says how many objects follow. */
    const unsigned total = packing != NULL ? LLVMGetNumArgOperands(packing) : 0;
    const uint32_t count = total > 0 ? total - 1 : 0;
    out->argument_count = count < LANES_RAISED_ITEMS_MAX ? count : LANES_RAISED_ITEMS_MAX;
    struct reader reader = {layout, parameter, out, out->argument_count};
    for (unsigned i = 1; i <= out->argument_count; i++) {
        reader.reserved--;
        read_item(&reader, LLVMGetOperand(packing, i), 0);
    }
}
