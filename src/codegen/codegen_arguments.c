/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_arguments.c - what each argument is for, and the inputs.
 */
#include "codegen/codegen_signature.h"

static bool has_attribute(LLVMValueRef function, unsigned parameter, const char *name)
{
    return lanes_codegen_attribute(function, parameter + 1, name) != NULL;
}

static bool is_row_count(const lanes_signature_reader *r, uint32_t argument)
{
    const lanes_codegen_argument *a = &r->cg->call.argument[argument];
    return a->role == LANES_ROLE_SCALAR && lanes_reader_int_width(a->type) == 32;
}

/* SciPy's generic_filter: int f(double *buffer, npy_intp size, double *result, void *).
 */
static bool has_wide_count(const lanes_signature_reader *r)
{
    const lanes_codegen_call *call = &r->cg->call;
    return call->argument_count >= 3 &&
           lanes_reader_int_width(call->argument[1].type) == 64 &&
           lanes_reader_is_pointer(call->argument[2].type);
}

static lanes_status choose_pointer_role(lanes_signature_reader *r, uint32_t i,
                                        bool has_scalars)
{
    lanes_codegen_call *call = &r->cg->call;
    lanes_codegen_argument *a = &call->argument[i];
    const lanes_mangle_argument *known = lanes_reader_mangled(r, i);
    const lanes_trace *trace = &r->trace[i];
    const bool is_void = known != NULL && known->kind == LANES_MANGLE_VOID_POINTER;
    const bool has_count = i > 0 && is_row_count(r, i - 1);
    const bool is_last = i + 1 == call->argument_count;
    if (has_attribute(r->cg->callback, r->hidden + i, "byval")) {
        return lanes_reader_refuse(
            r, "argument", i,
            "is a struct passed in memory; pass its members one by one");
    }
    if (!is_void && lanes_reader_returns_nothing(r) &&
        (trace->is_written || trace->escapes || (!has_count && !trace->is_read))) {
        a->role = LANES_ROLE_OUTPUT;
        return LANES_OK;
    }
    if (is_void && trace->is_written) {
        return lanes_reader_refuse(r, "argument", i,
                                   "is a params block, which all elements share: a "
                                   "callback may only read it");
    }
    if (trace->is_written && !(has_count && trace->is_read)) {
        a->role = LANES_ROLE_OUTPUT; /* beside the value that it returns */
        return LANES_OK;
    }
    if (is_void || (r->has_wanted && r->rows_left == 0)) {
        a->role = LANES_ROLE_PARAMS;
    } else if (i == 0 && has_wide_count(r)) {
        call->argument[1].role = LANES_ROLE_ROW_COUNT;
        a->role = LANES_ROLE_ROW;
    } else if (has_count) {
        call->argument[i - 1].role = LANES_ROLE_ROW_COUNT;
        a->role = LANES_ROLE_ROW;
    } else if (known == NULL && !r->has_wanted && is_last && has_scalars) {
        a->role = LANES_ROLE_PARAMS;
    } else {
        a->role = LANES_ROLE_ROW;
    }
    if (a->role == LANES_ROLE_ROW && r->rows_left > 0) {
        r->rows_left--;
    }
    if (trace->is_written || trace->escapes) {
        return lanes_reader_refuse(
            r, "argument", i,
            trace->is_written
                ? "is a row or a params block, and is written; both are read "
                  "only: copy what you change into a local array"
                : "is a row or a params block, and is passed to a function "
                  "that may write through it; declare the pointer const and "
                  "compile with -O1, or copy it into a local array");
    }
    if (a->role == LANES_ROLE_PARAMS && !is_last && !is_void) {
        return lanes_reader_refuse(r, "argument", i,
                                   "is a pointer that is neither the last argument (a "
                                   "params block) nor, by the signature given, a row");
    }
    return LANES_OK;
}

lanes_status lanes_reader_read_roles(lanes_signature_reader *r)
{
    lanes_codegen *cg = r->cg;
    lanes_codegen_call *call = &cg->call;
    bool has_inputs = false;
    for (uint32_t i = 0; i < call->argument_count; i++) {
        const unsigned parameter = r->hidden + i;
        call->argument[i] = (lanes_codegen_argument){
            .role = LANES_ROLE_SCALAR,
            .type = LLVMTypeOf(LLVMGetParam(cg->callback, parameter)),
            .is_zero_extended = has_attribute(cg->callback, parameter, "zeroext"),
            .is_sign_extended = has_attribute(cg->callback, parameter, "signext"),
        };
    }
    for (uint32_t i = 0; i < call->argument_count; i++) {
        const lanes_mangle_argument *known = lanes_reader_mangled(r, i);
        if (known != NULL && known->kind == LANES_MANGLE_OTHER) {
            char type[96];
            char why[256];
            lanes_mangle_unescape(known->text, known->text_length, type, sizeof(type));
            snprintf(why, sizeof(why),
                     "is of Numba's type %s; a callback takes numbers, tuples of numbers "
                     "and pointers to rows of numbers",
                     type);
            return lanes_reader_refuse(r, "argument", i, why);
        }
        lanes_codegen_argument *a = &call->argument[i];
        if (lanes_reader_is_pointer(a->type)) {
            LANES_TRY(choose_pointer_role(r, i, has_inputs));
            if (a->role == LANES_ROLE_PARAMS && call->has_params) {
                return lanes_reader_refuse(r, "argument", i, "is a second params block");
            }
            call->has_params |= a->role == LANES_ROLE_PARAMS;
        } else if (lanes_reader_scalar_count(a->type) == 0) {
            return lanes_reader_refuse_type(r, a->type, "argument", i);
        }
        has_inputs = true;
    }
    return LANES_OK;
}

static lanes_status add_input(lanes_signature_reader *r, uint32_t dtype, bool is_row)
{
    lanes_signature *signature = &r->cg->signature;
    if (signature->input_count == LANES_OPERANDS_MAX - 1) {
        return lanes_error_set(&r->cg->error, LANES_E_IR_SIGNATURE,
                               "'%.160s' takes more than %d inputs", lanes_reader_name(r),
                               LANES_OPERANDS_MAX - 1);
    }
    if (is_row) {
        signature->row_mask |= 1u << signature->input_count;
    }
    signature->dtype[signature->input_count++] = dtype;
    return LANES_OK;
}

/* Type of a row's elements when only its loads tell; SciPy's rows are doubles. */
static uint32_t row_dtype(lanes_signature_reader *r, uint32_t i)
{
    const lanes_mangle_argument *known = lanes_reader_mangled(r, i);
    if (known != NULL) {
        return known->dtype;
    }
    LLVMTypeRef type = r->trace[i].read_type;
    const uint32_t seen =
        type != NULL ? lanes_reader_dtype(type, false) : LANES_DTYPE_NONE;
    return seen != LANES_DTYPE_NONE ? seen : (uint32_t)LANES_F8;
}

/* Signature and parts of the inputs, from the IR and Numba's name. */
lanes_status lanes_reader_derive_inputs(lanes_signature_reader *r)
{
    const lanes_codegen_call *call = &r->cg->call;
    for (uint32_t i = 0; i < call->argument_count; i++) {
        const lanes_codegen_argument *a = &call->argument[i];
        const lanes_mangle_argument *known = lanes_reader_mangled(r, i);
        if (a->role == LANES_ROLE_ROW) {
            LANES_TRY(add_input(r, row_dtype(r, i), true));
        } else if (a->role == LANES_ROLE_SCALAR && known != NULL) {
            LANES_TRY(add_input(r, known->dtype, false));
            /* A complex number is two parameters, with one word for both. */
            i += lanes_dtype_part_count(known->dtype) - 1;
        } else if (a->role == LANES_ROLE_SCALAR) {
            const unsigned count = lanes_reader_scalar_count(a->type);
            for (unsigned s = 0; s < count; s++) {
                const uint32_t dtype = lanes_reader_dtype(
                    lanes_reader_scalar_at(a->type, s), a->is_zero_extended);
                LANES_TRY(add_input(r, dtype, false));
            }
        }
    }
    return LANES_OK;
}

/* Lists the scalars of all inputs that are not rows. */
lanes_status lanes_reader_list_input_parts(lanes_signature_reader *r)
{
    lanes_codegen_call *call = &r->cg->call;
    const lanes_signature *signature = &r->cg->signature;
    for (uint32_t k = 0; k < signature->input_count; k++) {
        const uint32_t count = lanes_dtype_part_count(signature->dtype[k]);
        for (uint32_t p = 0; p < count && (signature->row_mask >> k & 1u) == 0; p++) {
            if (call->input_part_count == LANES_CODEGEN_PARTS_MAX) {
                return lanes_error_set(&r->cg->error, LANES_E_IR_SIGNATURE,
                                       "'%.160s' takes more than %d scalars",
                                       lanes_reader_name(r), LANES_CODEGEN_PARTS_MAX);
            }
            call->input_part[call->input_part_count++] = (lanes_codegen_part){k, p};
        }
    }
    return LANES_OK;
}

/* Gives each argument its scalars, or its row, checking that they fit. */
lanes_status lanes_reader_assign_inputs(lanes_signature_reader *r)
{
    lanes_codegen *cg = r->cg;
    lanes_codegen_call *call = &cg->call;
    uint32_t part = 0;
    uint32_t row = 0;
    for (uint32_t i = 0; i < call->argument_count; i++) {
        lanes_codegen_argument *a = &call->argument[i];
        if (a->role == LANES_ROLE_ROW) {
            while (row < cg->signature.input_count &&
                   (cg->signature.row_mask >> row & 1u) == 0) {
                row++;
            }
            if (row == cg->signature.input_count) {
                return lanes_reader_mismatch(r, "rows");
            }
            a->first = row++;
            if (i > 0 && call->argument[i - 1].role == LANES_ROLE_ROW_COUNT &&
                lanes_reader_int_width(call->argument[i - 1].type) == 32) {
                call->argument[i - 1].first = a->first;
            } else if (i == 0 && call->argument_count > 1 &&
                       call->argument[1].role == LANES_ROLE_ROW_COUNT) {
                call->argument[1].first = a->first;
            }
        } else if (a->role == LANES_ROLE_SCALAR) {
            a->first = part;
            a->count = lanes_reader_scalar_count(a->type);
            for (unsigned s = 0; s < a->count; s++, part++) {
                const lanes_codegen_part *from = &call->input_part[part];
                if (part >= call->input_part_count ||
                    !lanes_reader_fits(
                        lanes_dtype_part(cg->signature.dtype[from->operand]),
                        lanes_reader_scalar_at(a->type, s))) {
                    return lanes_reader_mismatch(r, "inputs");
                }
            }
        }
    }
    const bool has_more_rows = (uint64_t)cg->signature.row_mask >> row != 0;
    return part == call->input_part_count && !has_more_rows
               ? LANES_OK
               : lanes_reader_mismatch(r, "inputs");
}

/* True if the callback can know from its arguments how long its rows are. */
static bool may_know_length(const lanes_signature_reader *r)
{
    const lanes_signature *signature = &r->cg->signature;
    for (uint32_t i = 0; i < r->cg->call.argument_count; i++) {
        if (r->cg->call.argument[i].role == LANES_ROLE_ROW_COUNT) {
            return true;
        }
    }
    for (uint32_t k = 0; k < signature->input_count; k++) {
        const uint32_t part = lanes_dtype_part(signature->dtype[k]);
        if ((signature->row_mask >> k & 1u) == 0 && !lanes_dtype_is_float(part) &&
            part != LANES_BOOL) {
            return true;
        }
    }
    return false;
}

static lanes_status measure_row(lanes_signature_reader *r, uint32_t i)
{
    lanes_codegen_call *call = &r->cg->call;
    const lanes_trace *trace = &r->trace[i];
    const uint32_t row = call->argument[i].first;
    const uint64_t bytes = lanes_dtype_bytes(r->cg->signature.dtype[row]);
    const uint64_t end = may_know_length(r) ? trace->always_read_end : trace->read_end;
    const uint64_t count = end / bytes + (end % bytes != 0 ? 1 : 0);
    if (count > INT32_MAX) {
        char why[128];
        snprintf(why, sizeof(why),
                 "is a row, and read up to byte %llu; rows have at most %d elements of "
                 "%llu bytes",
                 (unsigned long long)end, INT32_MAX, (unsigned long long)bytes);
        return lanes_reader_refuse(r, "argument", i, why);
    }
    call->row_minimum[row] = count > 0 ? (uint32_t)count : 1;
    return LANES_OK;
}

lanes_status lanes_reader_measure_inputs(lanes_signature_reader *r)
{
    lanes_codegen_call *call = &r->cg->call;
    for (uint32_t i = 0; i < call->argument_count; i++) {
        const enum lanes_codegen_role role = call->argument[i].role;
        const lanes_trace *trace = &r->trace[i];
        if (role != LANES_ROLE_ROW && role != LANES_ROLE_PARAMS) {
            continue;
        }
        if (trace->always_read_begin < 0) {
            char why[160];
            snprintf(why, sizeof(why),
                     "is a %s, and read %llu bytes before its start; read at offsets "
                     "from 0, and let the operand begin where the reading does",
                     role == LANES_ROLE_ROW ? "row" : "params block",
                     0ull - (unsigned long long)trace->always_read_begin);
            return lanes_reader_refuse(r, "argument", i, why);
        }
        if (role == LANES_ROLE_ROW) {
            LANES_TRY(measure_row(r, i));
            continue;
        }
        const bool is_unused = trace->is_known && !trace->is_read;
        call->params_bytes = trace->read_end > 0 || is_unused ? trace->read_end : 1;
    }
    return LANES_OK;
}
