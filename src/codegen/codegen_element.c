/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_element.c - the callback behind one shape, whatever its calling convention.
 *
 * Results always go through memory, even those that a C function returns in registers: so
 * a tuple, a struct, a complex number and a result pointer are all scalars at offsets,
 * and LLVM turns the memory into registers again. Text, as codegen_loop.c.
 */
#include "codegen/codegen_signature.h"

#include <stdio.h>

#include "codegen/codegen_fuse.h"

const char *lanes_codegen_storage(uint32_t dtype)
{
    switch (lanes_dtype_part(dtype)) {
    case LANES_F8:
        return "double";
    case LANES_F4:
        return "float";
    default:
        break;
    }
    switch (lanes_dtype_bytes(dtype)) {
    case 8:
        return "i64";
    case 4:
        return "i32";
    case 2:
        return "i16";
    default:
        return "i8";
    }
}

static uint32_t input_dtype(const lanes_codegen *cg, uint32_t part)
{
    return cg->signature.dtype[cg->call.input_part[part].operand];
}

static void put_type(FILE *out, LLVMTypeRef type)
{
    char *text = LLVMPrintTypeToString(type);
    fputs(text, out);
    LLVMDisposeMessage(text);
}

void lanes_codegen_put_element_type(const lanes_codegen *cg, FILE *out)
{
    fputs("{ i32", out);
    const lanes_signature *signature = &cg->signature;
    for (uint32_t k = 0; k < signature->output_count; k++) {
        const uint32_t dtype = signature->dtype[signature->input_count + k];
        for (uint32_t p = 0; p < lanes_dtype_part_count(dtype); p++) {
            fprintf(out, ", %s", lanes_codegen_storage(dtype));
        }
    }
    fputs(" }", out);
}

void lanes_codegen_put_element_head(const lanes_codegen *cg, const char *name, FILE *out)
{
    /* Nobody calls that of a node before it is in the whole's module. */
    fputs(cg->is_node ? "define " : "define internal ", out);
    lanes_codegen_put_element_type(cg, out);
    fprintf(out, " @%s(ptr %%excinfo, ptr %%params, i64 %%seed, i64 %%index", name);
    const lanes_signature *signature = &cg->signature;
    for (uint32_t k = 0; k < signature->input_count; k++) {
        if ((signature->row_mask >> k & 1u) != 0) {
            fprintf(out, ", ptr %%row%u, i32 %%n%u", k, k);
            continue;
        }
        const uint32_t dtype = signature->dtype[k];
        for (uint32_t p = 0; p < lanes_dtype_part_count(dtype); p++) {
            fprintf(out, ", %s %%x%u.%u", lanes_codegen_storage(dtype), k, p);
        }
    }
    fputs(") noinline nounwind {\nentry:\n", out);
}

/* Memory for results; zero, as Numba's callers make it. */
static void put_memory(const lanes_codegen *cg, FILE *out)
{
    for (uint32_t m = 0; m < cg->call.memory_count; m++) {
        const uint32_t bytes =
            cg->call.memory_bytes[m] != 0 ? cg->call.memory_bytes[m] : 1;
        fprintf(out,
                "  %%m%u = alloca [%u x i8], align 16\n"
                "  call void @llvm.memset.p0.i64(ptr align 16 %%m%u, i8 0, i64 %u, i1 "
                "false)\n",
                m, bytes, m, bytes);
    }
}

/*
 * %a<i>.<s>: scalar s of argument i in the form in which the callback wants it. A stored
 * bool is a byte, of which NumPy's are 0 or 1 and others' anything.
 */
static void put_scalar(const lanes_codegen *cg, FILE *out, uint32_t i, uint32_t s,
                       LLVMTypeRef type)
{
    const uint32_t part = cg->call.argument[i].first + s;
    const lanes_codegen_part from = cg->call.input_part[part];
    if (input_dtype(cg, part) != LANES_BOOL) {
        fprintf(out, "  %%a%u.%u = bitcast %s %%x%u.%u to %s\n", i, s,
                lanes_codegen_storage(input_dtype(cg, part)), from.operand, from.part,
                lanes_codegen_storage(input_dtype(cg, part)));
        return;
    }
    const bool is_bit = LLVMGetIntTypeWidth(type) == 1;
    fprintf(out, "  %%%s%u.%u = icmp ne i8 %%x%u.%u, 0\n", is_bit ? "a" : "t", i, s,
            from.operand, from.part);
    if (!is_bit) {
        fprintf(out, "  %%a%u.%u = zext i1 %%t%u.%u to i8\n", i, s, i, s);
    }
}

static bool is_aggregate(LLVMTypeRef type)
{
    const LLVMTypeKind kind = LLVMGetTypeKind(type);
    return kind == LLVMVectorTypeKind || kind == LLVMArrayTypeKind ||
           kind == LLVMStructTypeKind;
}

/* %a<i>: a vector, array or struct of the scalars of argument i. */
static void put_aggregate(const lanes_codegen *cg, FILE *out, uint32_t i)
{
    const lanes_codegen_argument *a = &cg->call.argument[i];
    const bool is_vector = LLVMGetTypeKind(a->type) == LLVMVectorTypeKind;
    for (uint32_t s = 0; s < a->count; s++) {
        fprintf(out, "  %%a%u", i);
        if (s + 1 < a->count) {
            fprintf(out, "s%u", s);
        }
        fprintf(out, " = %s ", is_vector ? "insertelement" : "insertvalue");
        put_type(out, a->type);
        if (s == 0) {
            fputs(" undef, ", out);
        } else {
            fprintf(out, " %%a%us%u, ", i, s - 1);
        }
        put_type(out, lanes_reader_scalar_at(a->type, s));
        fprintf(out, " %%a%u.%u, %s%u\n", i, s, is_vector ? "i32 " : "", s);
    }
}

/* SciPy's generic_filter counts in npy_intp, the others in int. */
static bool is_wide_count(const lanes_codegen_argument *a)
{
    return a->role == LANES_ROLE_ROW_COUNT && LLVMGetIntTypeWidth(a->type) == 64;
}

static void put_arguments(const lanes_codegen *cg, FILE *out)
{
    for (uint32_t i = 0; i < cg->call.argument_count; i++) {
        const lanes_codegen_argument *a = &cg->call.argument[i];
        if (is_wide_count(a)) {
            fprintf(out, "  %%n%u.wide = zext i32 %%n%u to i64\n", a->first, a->first);
        }
        if (a->role != LANES_ROLE_SCALAR) {
            continue;
        }
        for (uint32_t s = 0; s < a->count; s++) {
            put_scalar(cg, out, i, s, lanes_reader_scalar_at(a->type, s));
        }
        if (is_aggregate(a->type)) {
            put_aggregate(cg, out, i);
        }
    }
}

static void put_argument(const lanes_codegen *cg, FILE *out, uint32_t i)
{
    const lanes_codegen_argument *a = &cg->call.argument[i];
    switch (a->role) {
    case LANES_ROLE_ROW_COUNT:
        put_type(out, a->type);
        fprintf(out, " %%n%u%s", a->first, is_wide_count(a) ? ".wide" : "");
        break;
    case LANES_ROLE_ROW:
        fprintf(out, "ptr %%row%u", a->first);
        break;
    case LANES_ROLE_PARAMS:
        fputs("ptr %params", out);
        break;
    case LANES_ROLE_OUTPUT:
        fprintf(out, "ptr %%m%u", a->first);
        break;
    case LANES_ROLE_SCALAR:
    default:
        put_type(out, a->type);
        fprintf(out, "%s%s %%a%u%s", a->is_zero_extended ? " zeroext" : "",
                a->is_sign_extended ? " signext" : "", i,
                is_aggregate(a->type) ? "" : ".0");
        break;
    }
}

/* What the callback is called with; in a declaration the names do no harm. */
static void put_call(const lanes_codegen *cg, FILE *out)
{
    const lanes_codegen_call *call = &cg->call;
    const bool is_numba = cg->convention == LANES_CONVENTION_NUMBA;
    fputs("  ", out);
    if (is_numba) {
        /* A callback with `try` looks there for what happened before it. */
        fputs("store ptr null, ptr %excinfo\n"
              "  %status = call i32 @lanes.callback(ptr %m0, ptr %excinfo",
              out);
    } else {
        if (call->return_type != NULL) {
            fputs("%y = call ", out);
            put_type(out, call->return_type);
        } else {
            fputs("call void", out);
        }
        fprintf(out, " @lanes.callback(%s", call->has_return_slot ? "ptr %m0" : "");
    }
    for (uint32_t i = 0; i < call->argument_count; i++) {
        fputs(i > 0 || is_numba || call->has_return_slot ? ", " : "", out);
        put_argument(cg, out, i);
    }
    fputs(")\n", out);
    if (call->return_type != NULL) {
        const bool is_bit = LLVMGetTypeKind(call->return_type) == LLVMIntegerTypeKind &&
                            LLVMGetIntTypeWidth(call->return_type) == 1;
        if (is_bit) {
            fputs("  %y.byte = zext i1 %y to i8\n  store i8 %y.byte, ptr %m0\n", out);
        } else {
            fputs("  store ", out);
            put_type(out, call->return_type);
            fputs(" %y, ptr %m0\n", out);
        }
    }
}

/* The declaration that the call above is linked through. */
void lanes_codegen_put_declarations(const lanes_codegen *cg, FILE *out)
{
    if (cg->fusion != NULL) {
        lanes_codegen_put_node_declarations(cg, out);
        return;
    }
    const lanes_codegen_call *call = &cg->call;
    const bool is_numba = cg->convention == LANES_CONVENTION_NUMBA;
    fputs("declare ", out);
    if (is_numba) {
        fputs("i32", out);
    } else if (call->return_type != NULL) {
        put_type(out, call->return_type);
    } else {
        fputs("void", out);
    }
    fprintf(out, " @lanes.callback(%s",
            is_numba ? "ptr, ptr" : (call->has_return_slot ? "ptr" : ""));
    for (uint32_t i = 0; i < call->argument_count; i++) {
        fputs(i > 0 || is_numba || call->has_return_slot ? ", " : "", out);
        put_type(out, call->argument[i].type);
    }
    fputs(")\ndeclare void @llvm.memset.p0.i64(ptr, i8, i64, i1)\n\n", out);
    if (cg->needs_begin) {
        fputs("declare void @lanes_runtime_begin(i64, i64)\n"
              "declare i32 @lanes_runtime_failure()\n\n",
              out);
    }
}

/*
 * %code: enum lanes_element_code. A division that would have trapped counts before what
 * the callback made of its result.
 */
static void put_code(const lanes_codegen *cg, FILE *out)
{
    if (cg->convention == LANES_CONVENTION_NUMBA) {
        /* 0 is success, and so is -2, "returned None". */
        fputs("  %raised = icmp ne i32 %status, 0\n"
              "  %some = icmp ne i32 %status, -2\n"
              "  %bad = and i1 %raised, %some\n"
              "  %code.raised = zext i1 %bad to i32\n",
              out);
    } else {
        fputs("  %code.raised = add i32 0, 0\n", out);
    }
    if (cg->needs_begin) {
        fputs("  %failure = call i32 @lanes_runtime_failure()\n"
              "  %quiet = icmp eq i32 %failure, 0\n"
              "  %code.run = select i1 %quiet, i32 %code.raised, i32 %failure\n",
              out);
    } else {
        fputs("  %code.run = add i32 %code.raised, 0\n", out);
    }
    fprintf(out,
            "  %%flag = load i32, ptr %%flags\n"
            "  %%clean = icmp eq i32 %%flag, 0\n"
            "  %%flag.zero = and i32 %%flag, %u\n"
            "  %%is.overflow = icmp eq i32 %%flag.zero, 0\n"
            "  %%code.flag = select i1 %%is.overflow, i32 %d, i32 %d\n"
            "  %%code = select i1 %%clean, i32 %%code.run, i32 %%code.flag\n",
            LANES_FLAG_ZERO_DIVISION, LANES_ELEMENT_OVERFLOW,
            LANES_ELEMENT_ZERO_DIVISION);
}

static void put_results(const lanes_codegen *cg, FILE *out)
{
    const lanes_signature *signature = &cg->signature;
    fputs("  %r0 = insertvalue ", out);
    lanes_codegen_put_element_type(cg, out);
    fputs(" undef, i32 %code, 0\n", out);
    uint32_t at = 0;
    for (uint32_t k = 0; k < signature->output_count; k++) {
        const uint32_t dtype = signature->dtype[signature->input_count + k];
        for (uint32_t p = 0; p < lanes_dtype_part_count(dtype); p++, at++) {
            const lanes_codegen_result *from = &cg->call.result[at];
            const char *type = lanes_codegen_storage(dtype);
            fprintf(out,
                    "  %%p%u = getelementptr i8, ptr %%m%u, i64 %u\n"
                    "  %%v%u = load %s, ptr %%p%u\n"
                    "  %%r%u = insertvalue ",
                    at, from->memory, from->offset, at, type, at, at + 1);
            lanes_codegen_put_element_type(cg, out);
            fprintf(out, " %%r%u, %s %%v%u, %u\n", at, type, at, at + 1);
        }
    }
    fputs("  ret ", out);
    lanes_codegen_put_element_type(cg, out);
    fprintf(out, " %%r%u\n}\n\n", at);
}

void lanes_codegen_put_element(const lanes_codegen *cg, const char *name, FILE *out)
{
    if (cg->fusion != NULL) {
        lanes_codegen_put_graph(cg, name, out);
        return;
    }
    lanes_codegen_put_element_head(cg, name, out);
    fputs("  %flags = alloca i32\n"
          "  store i32 0, ptr %flags\n",
          out);
    put_memory(cg, out);
    if (cg->needs_begin && !cg->is_node) {
        fputs("  call void @lanes_runtime_begin(i64 %seed, i64 %index)\n", out);
    }
    put_arguments(cg, out);
    put_call(cg, out);
    put_code(cg, out);
    put_results(cg, out);
}
