/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_results.c - where results are after the call, and the outputs.
 */
#include "codegen/codegen_signature.h"

#include <string.h>

static lanes_status add_leaf(lanes_signature_reader *r, lanes_signature_leaf leaf)
{
    if (r->leaf_count == LANES_CODEGEN_PARTS_MAX) {
        return lanes_error_set(&r->cg->error, LANES_E_IR_SIGNATURE,
                               "'%.160s' returns more than %d scalars",
                               lanes_reader_name(r), LANES_CODEGEN_PARTS_MAX);
    }
    r->leaf[r->leaf_count++] = leaf;
    return LANES_OK;
}

static bool is_float_pair(LLVMTypeRef type)
{
    return LLVMGetTypeKind(type) == LLVMStructTypeKind &&
           LLVMCountStructElementTypes(type) == 2 &&
           LLVMStructGetTypeAtIndex(type, 0) == LLVMStructGetTypeAtIndex(type, 1) &&
           lanes_dtype_is_float(
               lanes_reader_dtype(LLVMStructGetTypeAtIndex(type, 0), false));
}

#define DEPTH_MAX 8u

/* True if each member, and there are some, is a scalar that a dtype can be. */
static bool is_made_of_scalars(LLVMTypeRef type, unsigned depth)
{
    const LLVMTypeKind kind = LLVMGetTypeKind(type);
    if (kind == LLVMVectorTypeKind) {
        return lanes_reader_scalar_count(type) > 0;
    }
    if (kind == LLVMArrayTypeKind) {
        return depth > 0 && LLVMGetArrayLength2(type) > 0 &&
               is_made_of_scalars(LLVMGetElementType(type), depth - 1);
    }
    if (kind != LLVMStructTypeKind) {
        return lanes_reader_dtype(type, false) != LANES_DTYPE_NONE;
    }
    const unsigned count = LLVMCountStructElementTypes(type);
    bool is_made = depth > 0 && count > 0;
    for (unsigned i = 0; is_made && i < count; i++) {
        is_made = is_made_of_scalars(LLVMStructGetTypeAtIndex(type, i), depth - 1);
    }
    return is_made;
}

/* The scalars of a returned value. Numba returns tuples as arrays or structs; of two
 * equal floats in a struct it makes complex numbers only. */
static lanes_status add_leaves(lanes_signature_reader *r, LLVMTypeRef type,
                               lanes_signature_leaf at, unsigned depth)
{
    const LLVMTypeKind kind = LLVMGetTypeKind(type);
    const bool is_list = kind == LLVMArrayTypeKind || kind == LLVMVectorTypeKind;
    if (!is_made_of_scalars(type, depth)) {
        return lanes_reader_refuse_type(r, type, "result", r->leaf_count);
    }
    if (!is_list && kind != LLVMStructTypeKind) {
        at.type = type;
        at.is_bool = at.is_bool && lanes_reader_int_width(type) == 8;
        return add_leaf(r, at);
    }
    const uint64_t count = kind == LLVMStructTypeKind  ? LLVMCountStructElementTypes(type)
                           : kind == LLVMArrayTypeKind ? LLVMGetArrayLength2(type)
                                                       : LLVMGetVectorSize(type);
    const uint32_t first = r->leaf_count;
    for (uint64_t i = 0; i < count; i++) {
        LLVMTypeRef each = is_list ? LLVMGetElementType(type)
                                   : LLVMStructGetTypeAtIndex(type, (unsigned)i);
        const uint64_t inside = is_list
                                    ? i * LLVMABISizeOfType(r->layout, each)
                                    : LLVMOffsetOfElement(r->layout, type, (unsigned)i);
        lanes_signature_leaf member = at;
        member.offset += (uint32_t)inside;
        LANES_TRY(add_leaves(r, each, member, depth - 1));
    }
    if (r->cg->convention == LANES_CONVENTION_NUMBA && is_float_pair(type)) {
        r->leaf[first].starts_complex = true;
    }
    return LANES_OK;
}

static lanes_status add_typed_leaves(lanes_signature_reader *r, LLVMTypeRef type)
{
    r->cg->call.memory_bytes[0] = (uint32_t)LLVMABISizeOfType(r->layout, type);
    return add_leaves(r, type, (lanes_signature_leaf){.memory = 0}, DEPTH_MAX);
}

static uint64_t accessed_end(const lanes_trace *trace)
{
    return trace->written_end > trace->read_end ? trace->written_end : trace->read_end;
}

/* Of one result pointer, or of a return slot. */
#define RESULT_BYTES_MAX 65536u

/* The scalars that are stored to memory n, when nothing else says what it holds. */
static lanes_status add_traced_leaves(lanes_signature_reader *r, const lanes_trace *trace,
                                      uint32_t memory)
{
    if (trace->written_end > RESULT_BYTES_MAX) {
        return lanes_error_set(
            &r->cg->error, LANES_E_IR_SIGNATURE,
            "'%.160s' writes %llu bytes behind pointer %u; results may "
            "have %u",
            lanes_reader_name(r), (unsigned long long)trace->written_end, memory,
            RESULT_BYTES_MAX);
    }
    if (!trace->is_known || trace->is_filled || trace->store_count == 0) {
        return lanes_error_set(&r->cg->error, LANES_E_IR_SIGNATURE,
                               "what '%.160s' writes through pointer %u cannot be seen "
                               "from the IR; give a signature, such as f8,f8(f8)",
                               lanes_reader_name(r), memory);
    }
    for (uint32_t i = 0; i < trace->store_count; i++) {
        const lanes_trace_store *store = &trace->store[i];
        const lanes_signature_leaf at = {.memory = memory,
                                         .offset = (uint32_t)store->offset,
                                         .is_bool = store->is_bool};
        LANES_TRY(add_leaves(r, store->type, at, DEPTH_MAX));
    }
    r->cg->call.memory_bytes[memory] = (uint32_t)accessed_end(trace);
    return LANES_OK;
}

/* True if all that is written are scalars at known places. */
static bool shows_results(const lanes_trace *trace)
{
    bool shows = trace->is_known && !trace->is_filled && trace->store_count > 0;
    for (uint32_t i = 0; shows && i < trace->store_count; i++) {
        shows = is_made_of_scalars(trace->store[i].type, DEPTH_MAX);
    }
    return shows;
}

/* Numba's name says what the pointer points to. */
static void name_leaves(lanes_signature_reader *r, uint32_t first, uint32_t dtype)
{
    const bool is_pair = lanes_dtype_part_count(dtype) == 2;
    for (uint32_t l = first; l < r->leaf_count; l++) {
        r->leaf[l].is_unsigned = dtype == LANES_U1 || dtype == LANES_U2 ||
                                 dtype == LANES_U4 || dtype == LANES_U8;
        r->leaf[l].is_bool = dtype == LANES_BOOL;
        r->leaf[l].starts_complex =
            is_pair && (l - first) % 2 == 0 && l + 1 < r->leaf_count;
    }
}

static lanes_status refuse_old_value(lanes_signature_reader *r, uint32_t i)
{
    return lanes_reader_refuse(
        r, "argument", i,
        "is for results, and the callback reads its result pointer before it writes it; "
        "results start at 0 for each element: take the old value as an input, or write "
        "one first on every way");
}

/* Results are memory of the element's own, which nothing was written to before. */
static lanes_status check_accesses(lanes_signature_reader *r, uint32_t i)
{
    const lanes_trace *trace = &r->trace[i];
    if (trace->begin < 0) {
        char why[128];
        snprintf(why, sizeof(why),
                 "is for results, and accessed %llu bytes before its start; results "
                 "begin at offset 0",
                 0ull - (unsigned long long)trace->begin);
        return lanes_reader_refuse(r, "argument", i, why);
    }
    return trace->reads_before_writing ? refuse_old_value(r, i) : LANES_OK;
}

/* Results through pointers, which a given signature may have to explain. */
static lanes_status add_output_leaves(lanes_signature_reader *r)
{
    lanes_codegen_call *call = &r->cg->call;
    for (uint32_t i = 0; i < call->argument_count; i++) {
        lanes_codegen_argument *a = &call->argument[i];
        if (a->role != LANES_ROLE_OUTPUT) {
            continue;
        }
        if (call->memory_count > LANES_OPERANDS_MAX) {
            return lanes_reader_refuse(r, "argument", i, "is one output too many");
        }
        a->first = call->memory_count++;
        LANES_TRY(check_accesses(r, i));
        if (r->has_wanted && !shows_results(&r->trace[i])) {
            r->has_hidden_leaves = true;
            continue;
        }
        const uint32_t first = r->leaf_count;
        LANES_TRY(add_traced_leaves(r, &r->trace[i], a->first));
        const lanes_mangle_argument *known = lanes_reader_mangled(r, i);
        if (known != NULL) {
            name_leaves(r, first, known->dtype);
        }
    }
    return LANES_OK;
}

static lanes_status add_only_output_leaves(lanes_signature_reader *r)
{
    LANES_TRY(add_output_leaves(r));
    if (r->cg->call.memory_count == 1) {
        return lanes_error_set(
            &r->cg->error, LANES_E_IR_SIGNATURE,
            "'%.200s' returns nothing (None); return a number, or write "
            "results through pointer arguments",
            lanes_reader_name(r));
    }
    return LANES_OK;
}

lanes_status lanes_reader_read_numba_result(lanes_signature_reader *r)
{
    if (r->slot.begin < 0) {
        return lanes_error_set(&r->cg->error, LANES_E_IR_SIGNATURE,
                               "the result of '%.160s' is accessed %llu bytes before its "
                               "start; results begin at offset 0",
                               lanes_reader_name(r),
                               0ull - (unsigned long long)r->slot.begin);
    }
    LLVMValueRef wrapper = lanes_codegen_cfunc_of(r->cg->module, lanes_reader_name(r));
    if (lanes_reader_returns_nothing(r)) {
        r->cg->call.memory_bytes[0] = 8; /* a null pointer is stored there */
        return add_only_output_leaves(r);
    }
    if (wrapper != NULL) {
        LANES_TRY(
            add_typed_leaves(r, LLVMGetReturnType(LLVMGlobalGetValueType(wrapper))));
    } else if (!r->has_wanted || shows_results(&r->slot)) {
        LANES_TRY(add_traced_leaves(r, &r->slot, 0));
    } else {
        r->has_hidden_leaves = true;
    }
    return add_output_leaves(r);
}

/* A named type means nothing in the text of codegen_element.c. */
static bool has_name(LLVMTypeRef type, unsigned depth)
{
    const LLVMTypeKind kind = LLVMGetTypeKind(type);
    if (kind == LLVMArrayTypeKind) {
        return depth == 0 || has_name(LLVMGetElementType(type), depth - 1);
    }
    if (kind != LLVMStructTypeKind) {
        return false;
    }
    bool found = depth == 0 || LLVMGetStructName(type) != NULL;
    for (unsigned i = 0; !found && i < LLVMCountStructElementTypes(type); i++) {
        found = has_name(LLVMStructGetTypeAtIndex(type, i), depth - 1);
    }
    return found;
}

/* What C returns structs of up to 16 bytes in: integers of as many bytes as there are. */
static bool is_register(LLVMTypeRef type)
{
    const unsigned width = lanes_reader_int_width(type);
    return is_made_of_scalars(type, 1) || (width > 0 && width <= 64 && width % 8 == 0);
}

static bool is_registers(LLVMTypeRef type)
{
    if (LLVMGetTypeKind(type) != LLVMStructTypeKind) {
        return is_register(type);
    }
    const unsigned count = LLVMCountStructElementTypes(type);
    return count == 2 && is_register(LLVMStructGetTypeAtIndex(type, 0)) &&
           is_register(LLVMStructGetTypeAtIndex(type, 1));
}

/* Bytes up to the end of the last register, without what is unused behind it. */
static uint64_t end_of_registers(LLVMTargetDataRef layout, LLVMTypeRef type)
{
    if (LLVMGetTypeKind(type) != LLVMStructTypeKind) {
        return LLVMStoreSizeOfType(layout, type);
    }
    const unsigned last = LLVMCountStructElementTypes(type) - 1;
    return LLVMOffsetOfElement(layout, type, last) +
           LLVMStoreSizeOfType(layout, LLVMStructGetTypeAtIndex(type, last));
}

/*
 * clang says of a small result how it is extended; rustc says it of arguments only, so a
 * result of a function whose small arguments are all unsigned counts as unsigned.
 */
static bool returns_unsigned(const lanes_signature_reader *r)
{
    LLVMValueRef callback = r->cg->callback;
    if (lanes_codegen_attribute(callback, 0, "zeroext") != NULL) {
        return true;
    }
    bool has_unsigned = false;
    bool has_signed = lanes_codegen_attribute(callback, 0, "signext") != NULL;
    for (uint32_t i = 0; i < r->cg->call.argument_count; i++) {
        const lanes_codegen_argument *a = &r->cg->call.argument[i];
        const bool is_bool = lanes_reader_int_width(a->type) == 1;
        has_unsigned |= a->is_zero_extended && !is_bool;
        has_signed |= a->is_sign_extended;
    }
    const unsigned width = lanes_reader_int_width(r->leaf[0].type);
    return (width == 8 || width == 16) && has_unsigned && !has_signed;
}

lanes_status lanes_reader_read_c_result(lanes_signature_reader *r)
{
    lanes_codegen_call *call = &r->cg->call;
    LLVMValueRef callback = r->cg->callback;
    if (call->has_return_slot) {
        LLVMAttributeRef sret = lanes_codegen_attribute(callback, 1, "sret");
        return add_typed_leaves(r, LLVMGetTypeAttributeValue(sret));
    }
    if (r->cg->convention == LANES_CONVENTION_C_OUT) {
        return add_only_output_leaves(r);
    }
    call->return_type = LLVMGetReturnType(LLVMGlobalGetValueType(callback));
    if (has_name(call->return_type, DEPTH_MAX)) {
        return lanes_reader_refuse_type(r, call->return_type, "result", 0);
    }
    if (r->has_wanted && !is_made_of_scalars(call->return_type, DEPTH_MAX) &&
        is_registers(call->return_type)) {
        call->memory_bytes[0] = (uint32_t)LLVMABISizeOfType(r->layout, call->return_type);
        r->has_hidden_leaves = true;
        return add_output_leaves(r);
    }
    LANES_TRY(add_typed_leaves(r, call->return_type));
    r->leaf[0].is_unsigned = returns_unsigned(r);
    return add_output_leaves(r);
}

lanes_status lanes_reader_derive_outputs(lanes_signature_reader *r)
{
    lanes_signature *signature = &r->cg->signature;
    for (uint32_t l = 0; l < r->leaf_count; l++) {
        const lanes_signature_leaf *leaf = &r->leaf[l];
        uint32_t dtype = leaf->is_bool
                             ? (uint32_t)LANES_BOOL
                             : lanes_reader_dtype(leaf->type, leaf->is_unsigned);
        if (leaf->starts_complex) {
            dtype = dtype == LANES_F8 ? LANES_C16 : LANES_C8;
            l++;
        }
        const uint32_t at = lanes_signature_operand_count(signature);
        if (at == LANES_OPERANDS_MAX) {
            return lanes_error_set(&r->cg->error, LANES_E_IR_SIGNATURE,
                                   "'%.160s' has more than %d inputs and outputs",
                                   lanes_reader_name(r), LANES_OPERANDS_MAX);
        }
        signature->dtype[at] = dtype;
        signature->output_count++;
    }
    return LANES_OK;
}

static uint32_t align_up(uint32_t offset, uint32_t alignment)
{
    return (offset + alignment - 1) & ~(alignment - 1);
}

/* Scalars that are returned; they come before those that are written. */
static uint32_t count_returned(const lanes_signature_reader *r)
{
    uint32_t count = 0;
    while (count < r->leaf_count && r->leaf[count].memory == 0) {
        count++;
    }
    return count;
}

/* The outputs that are returned, when others come through pointers: the first ones. */
static lanes_status place_returned(lanes_signature_reader *r, uint32_t *out_count)
{
    lanes_codegen *cg = r->cg;
    const lanes_signature *signature = &cg->signature;
    const uint32_t leaves = count_returned(r);
    uint32_t at = 0;
    uint32_t k = 0;
    for (; k < signature->output_count && at < leaves; k++) {
        const uint32_t dtype = signature->dtype[signature->input_count + k];
        for (uint32_t p = 0; p < lanes_dtype_part_count(dtype); p++, at++) {
            if (at == leaves ||
                !lanes_reader_fits(lanes_dtype_part(dtype), r->leaf[at].type)) {
                return lanes_reader_mismatch(r, "outputs");
            }
            cg->call.result[cg->call.result_count++] =
                (lanes_codegen_result){0, r->leaf[at].offset};
        }
    }
    *out_count = k;
    return leaves > 0 && at == leaves ? LANES_OK : lanes_reader_mismatch(r, "outputs");
}

/* A result that is written, but would not reach any array. */
static lanes_status refuse_unnamed(lanes_signature_reader *r)
{
    uint32_t i = 0;
    while (r->cg->call.argument[i].role != LANES_ROLE_OUTPUT) {
        i++;
    }
    return lanes_reader_refuse(r, "argument", i,
                               "is written, but the signature given names no output for "
                               "it; add it behind the one that is returned, such as "
                               "f8,f8(f8)");
}

/* Outputs `first` and on lie one after the other, as members of a C struct: in one
 * memory, or in one of their own each. */
static void lay_out(lanes_signature_reader *r, uint32_t first, uint32_t memory,
                    bool is_each, uint32_t *out_end, uint32_t *out_whole)
{
    lanes_codegen *cg = r->cg;
    lanes_codegen_call *call = &cg->call;
    uint32_t offset = 0;
    uint32_t alignment = 1;
    for (uint32_t k = first; k < cg->signature.output_count; k++) {
        const uint32_t dtype = cg->signature.dtype[cg->signature.input_count + k];
        const uint32_t part_bytes = lanes_dtype_bytes(lanes_dtype_part(dtype));
        offset = align_up(offset, part_bytes);
        alignment = part_bytes > alignment ? part_bytes : alignment;
        for (uint32_t p = 0; p < lanes_dtype_part_count(dtype); p++) {
            call->result[call->result_count++] = (lanes_codegen_result){memory, offset};
            offset += part_bytes;
        }
        if (is_each) {
            call->memory_bytes[memory++] = offset;
            offset = 0;
        }
    }
    *out_end = offset;
    *out_whole = align_up(offset, alignment);
}

/* True if what the IR shows of results is where, and what, the signature says. */
static bool leaves_fit_layout(const lanes_signature_reader *r)
{
    const lanes_codegen_call *call = &r->cg->call;
    const lanes_signature *signature = &r->cg->signature;
    for (uint32_t l = 0; l < r->leaf_count; l++) {
        const lanes_signature_leaf *leaf = &r->leaf[l];
        bool fits = leaf->memory == 0;
        uint32_t at = 0;
        for (uint32_t k = 0; k < signature->output_count; k++) {
            const uint32_t dtype = signature->dtype[signature->input_count + k];
            const uint32_t part = lanes_dtype_part(dtype);
            for (uint32_t p = 0; p < lanes_dtype_part_count(dtype); p++, at++) {
                const lanes_codegen_result *result = &call->result[at];
                if (result->memory != leaf->memory) {
                    continue;
                }
                if (leaf->memory == 0) {
                    fits &= lanes_reader_may_hold(leaf->type, leaf->offset, part,
                                                  result->offset);
                } else {
                    fits |= result->offset == leaf->offset &&
                            lanes_reader_fits(part, leaf->type);
                }
            }
        }
        if (!fits) {
            return false;
        }
    }
    return true;
}

/*
 * Where the signature's outputs lie when the IR has no scalars for them: one after the
 * other as members of a C struct, which is how Numba lays out tuples and how C returns
 * small structs in integer registers. One pointer per output if there are as many.
 */
static lanes_status place_by_layout(lanes_signature_reader *r)
{
    lanes_codegen *cg = r->cg;
    lanes_codegen_call *call = &cg->call;
    const uint32_t pointers = call->memory_count - 1;
    uint32_t first = 0;
    uint32_t end;
    uint32_t whole;
    if (pointers == 0) {
        lay_out(r, 0, 0, false, &end, &whole);
        const uint32_t returned = call->memory_bytes[0];
        const uint64_t used = call->return_type != NULL
                                  ? end_of_registers(r->layout, call->return_type)
                                  : returned;
        if (returned > 0 && (used < end || used > whole)) {
            return lanes_reader_mismatch(r, "outputs");
        }
        call->memory_bytes[0] = whole > returned ? whole : returned;
        return LANES_OK;
    }
    if (!lanes_reader_returns_nothing(r)) {
        LANES_TRY(place_returned(r, &first));
    }
    const uint32_t left = cg->signature.output_count - first;
    if (left == 0) {
        return refuse_unnamed(r);
    }
    if (pointers > 1 && left != pointers) {
        return lanes_reader_mismatch(r, "outputs");
    }
    const bool is_each = left == pointers;
    lay_out(r, first, 1, is_each, &end, &whole);
    if (!is_each) {
        call->memory_bytes[1] = whole;
    }
    return LANES_OK;
}

/* The traced size guards the stack: a callback may not write behind what it is given. */
static lanes_status check_memory(lanes_signature_reader *r)
{
    const lanes_codegen_call *call = &r->cg->call;
    if (accessed_end(&r->slot) > call->memory_bytes[0]) {
        return lanes_error_set(
            &r->cg->error, LANES_E_IR_SIGNATURE,
            "the result of '%.160s' is accessed up to byte %llu; by the signature it "
            "has %u",
            lanes_reader_name(r), (unsigned long long)accessed_end(&r->slot),
            call->memory_bytes[0]);
    }
    for (uint32_t i = 0; i < call->argument_count; i++) {
        const lanes_codegen_argument *a = &call->argument[i];
        if (a->role != LANES_ROLE_OUTPUT) {
            continue;
        }
        const lanes_trace *trace = &r->trace[i];
        if (trace->escapes) {
            return lanes_reader_refuse(
                r, "argument", i,
                "is for results, but passed to a function that is not inlined, such as a "
                "recursive one; write results in the callback itself");
        }
        if (accessed_end(trace) > call->memory_bytes[a->first]) {
            char why[128];
            snprintf(why, sizeof(why),
                     "is accessed up to byte %llu; by the signature it has %u",
                     (unsigned long long)accessed_end(trace),
                     call->memory_bytes[a->first]);
            return lanes_reader_refuse(r, "argument", i, why);
        }
        if (trace->written_first < call->memory_bytes[a->first]) {
            return refuse_old_value(r, i);
        }
    }
    return LANES_OK;
}

/* True if the scalars of the outputs are the IR's first `leaf_count`, in order. */
static bool outputs_fit(const lanes_signature_reader *r, uint32_t leaf_count)
{
    const lanes_signature *signature = &r->cg->signature;
    uint32_t at = 0;
    for (uint32_t k = 0; k < signature->output_count; k++) {
        const uint32_t dtype = signature->dtype[signature->input_count + k];
        for (uint32_t p = 0; p < lanes_dtype_part_count(dtype); p++, at++) {
            if (at >= leaf_count ||
                !lanes_reader_fits(lanes_dtype_part(dtype), r->leaf[at].type)) {
                return false;
            }
        }
    }
    return at == leaf_count;
}

lanes_status lanes_reader_place_outputs(lanes_signature_reader *r)
{
    lanes_codegen_call *call = &r->cg->call;
    if (r->has_hidden_leaves || !outputs_fit(r, r->leaf_count)) {
        /* Only C packs structs into integers; and without all leaves there is only this.
         */
        const bool is_packed =
            call->memory_count == 1 && (r->cg->convention == LANES_CONVENTION_C ||
                                        r->cg->convention == LANES_CONVENTION_SCIPY);
        if (!r->has_hidden_leaves && r->leaf_count > 0 && !is_packed) {
            const uint32_t returned = count_returned(r);
            return returned > 0 && outputs_fit(r, returned)
                       ? refuse_unnamed(r)
                       : lanes_reader_mismatch(r, "outputs");
        }
        LANES_TRY(place_by_layout(r));
        LANES_TRY(check_memory(r));
        return leaves_fit_layout(r) ? LANES_OK : lanes_reader_mismatch(r, "outputs");
    }
    for (uint32_t l = 0; l < r->leaf_count; l++) {
        call->result[call->result_count++] =
            (lanes_codegen_result){r->leaf[l].memory, r->leaf[l].offset};
    }
    return check_memory(r);
}
