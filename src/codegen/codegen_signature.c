/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_signature.c - what each parameter of the callback is for, and what its inputs
 * and outputs are.
 *
 * Three sources, the later ones weaker: the signature that the client gave, the name that
 * Numba gave the function, and the IR's own types, which do not tell signed from unsigned
 * (beyond zeroext), complex numbers from pairs, or what a pointer points to. They must
 * agree: a given signature is checked against both others.
 *
 * Everything is broken down into scalars ("parts"), which is what IR has: a complex
 * operand is two parts, a tuple several operands.
 */
#include "codegen/codegen_signature.h"

#include <string.h>

/* What Numba's name and the client's signature both say must be the same. */
static lanes_status check_wanted_inputs(lanes_signature_reader *r)
{
    const lanes_signature *derived = &r->cg->signature;
    const bool is_same = derived->input_count == r->wanted.input_count &&
                         derived->row_mask == r->wanted.row_mask &&
                         memcmp(derived->dtype, r->wanted.dtype,
                                derived->input_count * sizeof(derived->dtype[0])) == 0;
    if (is_same || r->mangled_count == 0) {
        return LANES_OK;
    }
    lanes_signature actual = *derived;
    actual.output_count = 0;
    char text[LANES_SIGNATURE_TEXT_MAX];
    lanes_signature_format(&actual, text);
    return lanes_error_set(&r->cg->error, LANES_E_IR_SIGNATURE,
                           "signature '%.120s' was given, but '%.120s' was compiled for "
                           "%.120s",
                           r->cg->request->signature, lanes_reader_name(r), text);
}

static lanes_status read_inputs(lanes_signature_reader *r)
{
    lanes_codegen *cg = r->cg;
    LANES_TRY(lanes_reader_read_roles(r));
    LANES_TRY(lanes_reader_derive_inputs(r));
    if (r->has_wanted) {
        LANES_TRY(check_wanted_inputs(r));
        cg->signature = r->wanted;
        cg->signature.output_count = 0;
    }
    if (cg->signature.input_count == 0) {
        return lanes_error_set(&cg->error, LANES_E_IR_SIGNATURE,
                               "'%.200s' takes no inputs; lanes needs 1 to %d",
                               lanes_reader_name(r), LANES_OPERANDS_MAX - 1);
    }
    LANES_TRY(lanes_reader_list_input_parts(r));
    LANES_TRY(lanes_reader_assign_inputs(r));
    return lanes_reader_measure_inputs(r);
}

static lanes_status read_outputs(lanes_signature_reader *r)
{
    lanes_codegen *cg = r->cg;
    cg->call.memory_count = 1;
    LANES_TRY(cg->convention == LANES_CONVENTION_NUMBA ? lanes_reader_read_numba_result(r)
                                                       : lanes_reader_read_c_result(r));
    if (r->has_wanted) {
        cg->signature = r->wanted;
    } else {
        LANES_TRY(lanes_reader_derive_outputs(r));
    }
    return lanes_reader_place_outputs(r);
}

/* True if @p value can be status @p wanted; phis and selects are followed some way. */
static bool can_be(LLVMValueRef value, long long wanted, bool is_equal, unsigned depth)
{
    if (LLVMIsAConstantInt(value)) {
        const long long status = LLVMConstIntGetSExtValue(value);
        return is_equal ? status == wanted : status != 0 && status != -2;
    }
    if (depth > 0 && LLVMIsAPHINode(value)) {
        for (unsigned i = 0; i < LLVMCountIncoming(value); i++) {
            if (can_be(LLVMGetIncomingValue(value, i), wanted, is_equal, depth - 1)) {
                return true;
            }
        }
        return false;
    }
    if (depth > 0 && LLVMIsASelectInst(value)) {
        return can_be(LLVMGetOperand(value, 1), wanted, is_equal, depth - 1) ||
               can_be(LLVMGetOperand(value, 2), wanted, is_equal, depth - 1);
    }
    return !is_equal; /* not a constant: it may be a failure, and is no sign of None */
}

static bool some_return_can_be(LLVMValueRef native, long long wanted, bool is_equal)
{
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(native); block;
         block = LLVMGetNextBasicBlock(block)) {
        LLVMValueRef last = LLVMGetBasicBlockTerminator(block);
        if (LLVMIsAReturnInst(last) &&
            can_be(LLVMGetOperand(last, 0), wanted, is_equal, 4)) {
            return true;
        }
    }
    return false;
}

static lanes_status read_status(lanes_signature_reader *r)
{
    lanes_codegen *cg = r->cg;
    if (cg->convention != LANES_CONVENTION_NUMBA) {
        return LANES_OK;
    }
    cg->may_raise = some_return_can_be(cg->callback, 0, false);
    if (!lanes_reader_returns_nothing(r) && some_return_can_be(cg->callback, -2, true)) {
        return lanes_error_set(
            &cg->error, LANES_E_IR_SIGNATURE,
            "'%.200s' may return None (its result is Optional), which "
            "no array can hold; return a number on every path, such as "
            "nan",
            lanes_reader_name(r));
    }
    return LANES_OK;
}

static void report_arguments(const lanes_signature_reader *r)
{
    static const char *const roles[] = {[LANES_ROLE_SCALAR] = "scalar",
                                        [LANES_ROLE_ROW_COUNT] = "row_count",
                                        [LANES_ROLE_ROW] = "row",
                                        [LANES_ROLE_PARAMS] = "params",
                                        [LANES_ROLE_OUTPUT] = "output"};
    lanes_codegen *cg = r->cg;
    json_t *list = json_array();
    for (uint32_t i = 0; i < cg->call.argument_count; i++) {
        const lanes_codegen_argument *a = &cg->call.argument[i];
        json_t *argument = json_pack("{s:s}", "role", roles[a->role]);
        if (a->role == LANES_ROLE_ROW) {
            json_object_set_new(argument, "row_minimum",
                                json_integer(cg->call.row_minimum[a->first]));
        }
        json_array_append_new(list, argument);
    }
    char text[LANES_SIGNATURE_TEXT_MAX];
    lanes_signature_format(&cg->signature, text);
    json_object_set_new(cg->report, "signature", json_string(text));
    json_object_set_new(cg->report, "arguments", list);
    json_object_set_new(cg->report, "has_params", json_boolean(cg->call.has_params));
    if (cg->call.has_params) {
        json_object_set_new(cg->report, "params_bytes",
                            json_integer((json_int_t)cg->call.params_bytes));
    }
}

static lanes_status count_arguments(lanes_signature_reader *r)
{
    lanes_codegen *cg = r->cg;
    LLVMTypeRef type = LLVMGlobalGetValueType(cg->callback);
    if (LLVMIsFunctionVarArg(type)) {
        return lanes_error_set(&cg->error, LANES_E_IR_SIGNATURE,
                               "'%.200s' takes a variable number of arguments",
                               lanes_reader_name(r));
    }
    cg->call.has_return_slot = cg->convention != LANES_CONVENTION_NUMBA &&
                               lanes_codegen_has_return_slot(cg->callback);
    r->hidden = cg->convention == LANES_CONVENTION_NUMBA ? 2
                : cg->call.has_return_slot               ? 1
                                                         : 0;
    const unsigned total = LLVMCountParams(cg->callback);
    if (total - r->hidden > LANES_CODEGEN_ARGUMENTS_MAX) {
        return lanes_error_set(&cg->error, LANES_E_IR_SIGNATURE,
                               "'%.200s' takes %u arguments; lanes needs 1 to %d",
                               lanes_reader_name(r), total - r->hidden,
                               LANES_CODEGEN_ARGUMENTS_MAX);
    }
    cg->call.argument_count = total - r->hidden;
    return LANES_OK;
}

static void trace_pointers(lanes_signature_reader *r)
{
    LLVMValueRef callback = r->cg->callback;
    if (r->cg->convention == LANES_CONVENTION_NUMBA) {
        lanes_trace_pointer(r->layout, LLVMGetParam(callback, 0), &r->slot);
    }
    for (uint32_t i = 0; i < r->cg->call.argument_count; i++) {
        LLVMValueRef parameter = LLVMGetParam(callback, r->hidden + i);
        if (lanes_reader_is_pointer(LLVMTypeOf(parameter))) {
            lanes_trace_pointer(r->layout, parameter, &r->trace[i]);
        }
    }
}

/* Numba's name counts only if it has a word for each parameter. */
static void read_mangled(lanes_signature_reader *r)
{
    if (r->cg->convention != LANES_CONVENTION_NUMBA ||
        !lanes_mangle_arguments(lanes_reader_name(r), r->mangled, &r->mangled_count)) {
        r->mangled_count = 0;
        return;
    }
    uint32_t parameters = 0;
    for (uint32_t i = 0; i < r->mangled_count; i++) {
        if (r->mangled[i].kind == LANES_MANGLE_OTHER) {
            return; /* several parameters, such as an array's: it is refused by name */
        }
        parameters += r->mangled[i].kind == LANES_MANGLE_SCALAR
                          ? lanes_dtype_part_count(r->mangled[i].dtype)
                          : 1;
    }
    if (parameters != r->cg->call.argument_count) {
        r->mangled_count = 0;
    }
}

lanes_status lanes_codegen_read_signature(lanes_codegen *cg)
{
    lanes_signature_reader reader = {.cg = cg,
                                     .layout = LLVMGetModuleDataLayout(cg->module)};
    if (cg->request->signature[0] != '\0') {
        LANES_TRY(
            lanes_signature_parse(cg->request->signature, &reader.wanted, &cg->error));
        reader.has_wanted = true;
        reader.rows_left = (uint32_t)__builtin_popcount(reader.wanted.row_mask);
    }
    LANES_TRY(count_arguments(&reader));
    trace_pointers(&reader);
    read_mangled(&reader);
    LANES_TRY(read_status(&reader));
    LANES_TRY(read_inputs(&reader));
    LANES_TRY(read_outputs(&reader));
    report_arguments(&reader);
    if (cg->request->default_key) {
        lanes_variant_key_contiguous(&cg->signature, &cg->key);
    } else {
        cg->key = cg->request->key;
    }
    return LANES_OK;
}
