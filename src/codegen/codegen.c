/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen.c - the order of one compile, and LLVM's start-up.
 */
#include "codegen/codegen.h"

#include <errno.h>
#include <llvm-c/ErrorHandling.h>
#include <llvm-c/Target.h>
#include <llvm/Config/llvm-config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/codegen_fuse.h"
#include "codegen/codegen_internal.h"
#include "codegen/codegen_sink.h"
#include "kernel/reduce.h"

const char *lanes_codegen_llvm_version(void)
{
    return LLVM_VERSION_STRING;
}

void lanes_codegen_set_fatal_handler(void (*handler)(const char *reason))
{
    LLVMInstallFatalErrorHandler(handler);
}

static double ms_since(uint64_t start_ns)
{
    return (double)(lanes_clock_ns() - start_ns) / 1e6;
}

static lanes_status check_request(lanes_codegen *cg)
{
    const lanes_compile_request *request = cg->request;
    if (request->version != LANES_COMPILE_VERSION) {
        return lanes_error_set(&cg->error, LANES_E_ABI_MISMATCH,
                               "compile request version %u, this compiler speaks %u",
                               request->version, LANES_COMPILE_VERSION);
    }
    if (request->ir_bytes == 0 || request->ir_bytes > LANES_IR_BYTES_MAX) {
        return lanes_error_set(&cg->error, LANES_E_IR_LIMIT,
                               "the IR has %llu bytes; the limit is %u",
                               (unsigned long long)request->ir_bytes, LANES_IR_BYTES_MAX);
    }
    return LANES_OK;
}

/* An array may be of another dtype; not a row, and not a complex number made real. */
static bool is_cast_fit(const lanes_codegen *cg, uint32_t k, uint32_t from, uint32_t to)
{
    const bool is_truth = to == LANES_BOOL && cg->key.reduce != LANES_REDUCE_NONE;
    return cg->key.layout[k] != LANES_LAYOUT_ROWS && lanes_dtype_bytes(from) != 0 &&
           lanes_dtype_bytes(to) != 0 && from != to &&
           (is_truth || lanes_dtype_part_count(from) <= lanes_dtype_part_count(to));
}

static bool is_dtype_fit(const lanes_codegen *cg, uint32_t k)
{
    const uint32_t stored = cg->key.dtype[k];
    if (k >= lanes_signature_operand_count(&cg->signature)) {
        return stored == 0;
    }
    const uint32_t own = cg->signature.dtype[k];
    if (k < cg->signature.input_count) {
        return stored == 0 || is_cast_fit(cg, k, stored, own);
    }
    return (stored == 0 || is_cast_fit(cg, k, own, stored)) &&
           (cg->key.reduce == LANES_REDUCE_NONE ||
            lanes_reduce_fits(cg->key.reduce, own, stored != 0 ? stored : own));
}

static bool is_layout_fit(const lanes_codegen *cg, uint32_t k)
{
    const uint8_t layout = cg->key.layout[k];
    const bool is_input = k < cg->signature.input_count;
    if (k >= lanes_signature_operand_count(&cg->signature)) {
        return layout == 0;
    }
    if (is_input && (cg->signature.row_mask >> k & 1u) != 0) {
        return layout == LANES_LAYOUT_ROWS;
    }
    if (!is_input && cg->key.folds != 0) {
        return layout == LANES_LAYOUT_UNIFORM;
    }
    return layout == LANES_LAYOUT_CONTIGUOUS ||
           (is_input && layout == LANES_LAYOUT_UNIFORM);
}

/* True if a kernel that combines by itself can, the way the key says. */
static bool is_combiner_fit(const lanes_codegen *cg)
{
    const lanes_variant_key *key = &cg->key;
    const bool is_scan = key->reduce == LANES_REDUCE_SCAN;
    return lanes_reduce_is_combiner(&cg->signature) &&
           (!is_scan || (key->folds == 0 && key->layout[0] == LANES_LAYOUT_UNIFORM &&
                         key->layout[1] == LANES_LAYOUT_CONTIGUOUS &&
                         (key->dtype[0] | key->dtype[1]) == 0));
}

/* The executor made the key: what is refused here is a mistake of its own. */
static lanes_status check_key(lanes_codegen *cg)
{
    const lanes_variant_key *key = &cg->key;
    for (uint32_t k = 0; k < LANES_OPERANDS_MAX; k++) {
        if (!is_layout_fit(cg, k)) {
            return lanes_error_set(&cg->error, LANES_E_LAYOUT,
                                   "variant key: operand %u has layout %u", k,
                                   key->layout[k]);
        }
        if (!is_dtype_fit(cg, k)) {
            return lanes_error_set(&cg->error, LANES_E_LAYOUT,
                                   "variant key: operand %u is %s and cannot have an "
                                   "array of dtype %u (%s)",
                                   k, lanes_dtype_name(cg->signature.dtype[k]),
                                   key->dtype[k], lanes_dtype_name(key->dtype[k]));
        }
    }
    if (key->has_where > 1 || key->streams > 1 || key->has_where + key->streams > 1) {
        return lanes_error_set(&cg->error, LANES_E_LAYOUT,
                               "variant key: has_where %u, streams %u: one of them may "
                               "be 1, the other is 0",
                               key->has_where, key->streams);
    }
    if (key->reduce > LANES_REDUCE_SCAN || key->folds > 1 ||
        (key->reduce != LANES_REDUCE_NONE && key->streams != 0) ||
        (key->reduce == LANES_REDUCE_NONE && key->folds != 0) ||
        (lanes_reduce_is_arg(key->reduce) && key->folds == 0) ||
        (lanes_reduce_is_by_kernel(key->reduce) && !is_combiner_fit(cg))) {
        return lanes_error_set(&cg->error, LANES_E_LAYOUT,
                               "variant key: reduce %u, folds %u, streams %u do not go "
                               "together",
                               key->reduce, key->folds, key->streams);
    }
    return LANES_OK;
}

/* A loop that is known to stay scalar keeps its block of 1. */
static void choose_block(lanes_codegen *cg)
{
    if (cg->block == 1) {
        return;
    }
    uint32_t narrowest = 8;
    for (uint32_t k = 0; k < lanes_signature_operand_count(&cg->signature); k++) {
        const uint32_t bytes =
            lanes_dtype_bytes(lanes_dtype_part(cg->signature.dtype[k]));
        const uint32_t stored = lanes_dtype_bytes(
            lanes_dtype_part(lanes_variant_key_dtype(&cg->key, &cg->signature, k)));
        narrowest = stored < narrowest ? stored : narrowest;
        narrowest = bytes < narrowest ? bytes : narrowest;
    }
    cg->block = narrowest < 4 ? LANES_CODEGEN_BLOCK_BYTES / narrowest
                              : LANES_CODEGEN_BLOCK_BYTES / 4;
}

lanes_status lanes_codegen_prepare(lanes_codegen *cg)
{
    const uint64_t start = lanes_clock_ns();
    LANES_TRY(lanes_codegen_read(cg));
    cg->ms_parse += ms_since(start);
    LANES_TRY(lanes_codegen_admit_module(cg));
    LANES_TRY(lanes_codegen_normalise(cg));
    LANES_TRY(lanes_codegen_find_entry(cg));
    lanes_codegen_guard_divisions(cg);
    /* What is done with pointers shows only where everything is in one function. */
    LANES_TRY(lanes_codegen_run_passes(
        cg, "always-inline,function(sroa),cgscc(function-attrs)"));
    LANES_TRY(lanes_codegen_read_signature(cg));
    LANES_TRY(lanes_codegen_find_exceptions(cg));
    LANES_TRY(lanes_codegen_isolate(cg));
    LANES_TRY(lanes_codegen_admit_reachable(cg));
    lanes_codegen_relax_floats(cg);
    return LANES_OK;
}

void lanes_codegen_find_failures(lanes_codegen *cg)
{
    lanes_codegen_find_divisions(cg);
    lanes_codegen_find_panics(cg);
    cg->may_raise |= cg->needs_begin; /* the runtime may fail an element, too */
}

static void report_failures(lanes_codegen *cg)
{
    json_object_set_new(cg->report, "may_raise", json_boolean(cg->may_raise));
    if (json_object_get(cg->report, "error_model") == NULL ||
        cg->convention != LANES_CONVENTION_NUMBA) {
        json_object_set_new(cg->report, "error_model",
                            json_string(cg->guards_divisions ? "checked" : "none"));
    }
}

/*
 * Everything from IR to the optimised module, for cg->block elements a body call; or, if
 * cg->is_known is set then, up to the identity.
 */
static lanes_status build(lanes_codegen *cg, lanes_compile_result *result)
{
    uint64_t start = lanes_clock_ns();
    const double ms_parse = cg->ms_parse;
    const bool is_fused = cg->fusion != NULL;
    LANES_TRY(is_fused ? lanes_codegen_prepare_nodes(cg) : lanes_codegen_prepare(cg));
    LANES_TRY(check_key(cg));
    choose_block(cg);
    if (cg->block > 1) { /* else this is a second build of the same callback */
        LANES_TRY(is_fused ? lanes_codegen_identify_nodes(cg, result->identity)
                           : lanes_codegen_identify(cg, result->identity));
        cg->is_known = lanes_codegen_is_known(cg, result);
    }
    if (!cg->is_known && is_fused) {
        LANES_TRY(lanes_codegen_join_nodes(cg));
    }
    cg->ms_wrap += ms_since(start) - (cg->ms_parse - ms_parse);
    if (cg->is_known) {
        return LANES_OK;
    }
    start = lanes_clock_ns();
    lanes_codegen_list_externals(cg);
    if (!is_fused) {
        lanes_codegen_find_failures(cg);
    }
    report_failures(cg);
    LANES_TRY(cg->strategy->add_loop(cg, result->symbol, result->explain_symbol,
                                     result->confirm_symbol));
    LANES_TRY(lanes_codegen_split_confirm(cg, result->confirm_symbol));
    if (cg->payload_count + cg->argument_list_count > 0) {
        LANES_TRY(lanes_codegen_add_exception_table(cg, result->payload_symbol));
    }
    LANES_TRY(lanes_codegen_add_vector_math(cg));
    lanes_codegen_add_stage(cg, "wrapped", LLVMPrintModuleToString(cg->module));
    cg->ms_wrap += ms_since(start);
    start = lanes_clock_ns();
    LANES_TRY(lanes_codegen_optimise(cg));
    cg->ms_optimise += ms_since(start);
    return LANES_OK;
}

void lanes_codegen_drop_module(lanes_codegen *cg)
{
    if (cg->module != NULL) {
        LLVMDisposeModule(cg->module);
        cg->module = NULL;
    }
    if (cg->confirm != NULL) {
        LLVMDisposeModule(cg->confirm);
        cg->confirm = NULL;
    }
    free(cg->payloads);
    free(cg->argument_lists);
    cg->payloads = NULL;
    cg->argument_lists = NULL;
    cg->payload_count = 0;
    cg->argument_list_count = 0;
    cg->callback = NULL;
    cg->call = (lanes_codegen_call){0};
    cg->signature = (lanes_signature){0};
    cg->key = (lanes_variant_key){.streams = 0};
    cg->may_raise = 0;
    cg->needs_begin = false;
    cg->guards_divisions = false;
}

/*
 * A loop that stays scalar gains nothing from whole blocks, and would run up to a block
 * of padding for the last few elements; so it is built again for single elements. Twice
 * the compile time, but only for callbacks that cost far more to run than to compile.
 */
static lanes_status build_for_best_block(lanes_codegen *cg, lanes_compile_result *result)
{
    LANES_TRY(build(cg, result));
    if (cg->is_known) {
        return LANES_OK;
    }
    const uint32_t step = cg->vectorization.width * cg->vectorization.interleave;
    if (cg->vectorization.width > 1 && cg->block % step == 0) {
        return LANES_OK;
    }
    lanes_codegen_drop_module(cg);
    cg->block = 1;
    return build(cg, result);
}

static void name_symbol(char text[64], const char *what, uint64_t id)
{
    snprintf(text, 64, "lanes_%s_%llu", what, (unsigned long long)id);
}

static lanes_status compile(lanes_codegen *cg, lanes_codegen_output *out)
{
    LANES_TRY(check_request(cg));
    LANES_TRY(lanes_codegen_target_create(cg));
    if (cg->request->node_count != 0) {
        LANES_TRY(lanes_codegen_open_fusion(cg));
    }
    lanes_compile_result *result = &out->result;
    name_symbol(result->symbol, "loop", cg->request->id);
    name_symbol(result->explain_symbol, "explain", cg->request->id);
    name_symbol(result->confirm_symbol, "confirm", cg->request->id);
    name_symbol(result->payload_symbol, "payloads", cg->request->id);
    LANES_TRY(build_for_best_block(cg, result));
    if (cg->payload_count + cg->argument_list_count == 0) {
        result->payload_symbol[0] = '\0';
    }
    if (cg->is_known) {
        return LANES_OK;
    }
    LLVMValueRef explain = LLVMGetNamedFunction(cg->module, result->explain_symbol);
    if (explain == NULL) {
        result->explain_symbol[0] = '\0';
    }
    lanes_codegen_match_vector_math(cg);
    lanes_codegen_resolve_externals(cg);
    lanes_codegen_add_stage(cg, "optimised", LLVMPrintModuleToString(cg->module));
    const uint64_t start = lanes_clock_ns();
    if (cg->confirm == NULL) {
        result->confirm_symbol[0] = '\0';
    }
    LANES_TRY(lanes_codegen_join_confirm(cg));
    LANES_TRY(lanes_codegen_emit(cg));
    cg->ms_emit = ms_since(start);
    return LANES_OK;
}

/* Damaged bitcode gets into LLVM's texts; ours are promised to be UTF-8. */
static void make_printable(char *text)
{
    for (; *text != '\0'; text++) {
        const unsigned char byte = (unsigned char)*text;
        if (byte < 0x20 || byte > 0x7e) {
            *text = '?';
        }
    }
}

static void take_object(const lanes_codegen *cg, lanes_codegen_output *out)
{
    lanes_compile_result *result = &out->result;
    result->object_bytes = LLVMGetBufferSize(cg->object);
    result->info = (lanes_variant_info){.strategy = cg->strategy->id,
                                        .vector_width = cg->vectorization.width,
                                        .interleave = cg->vectorization.interleave,
                                        .code_bytes = (uint32_t)result->object_bytes};
    out->object = malloc(result->object_bytes);
    if (out->object != NULL) {
        memcpy(out->object, LLVMGetBufferStart(cg->object), result->object_bytes);
    }
}

static void fill_output(lanes_codegen *cg, lanes_status status, lanes_codegen_output *out)
{
    lanes_compile_result *result = &out->result;
    result->version = LANES_COMPILE_VERSION;
    result->status = status;
    if (status < 0) {
        memcpy(result->message, cg->error.message, sizeof(result->message));
        make_printable(result->message);
    } else {
        result->signature = cg->signature;
        result->key = cg->key;
        result->may_raise = cg->is_known ? 0 : cg->may_raise;
        result->keeps_order = !cg->is_known && cg->needs_begin;
        result->has_params = cg->call.has_params;
        result->params_bytes = cg->call.params_bytes;
        memcpy(result->row_minimum, cg->call.row_minimum, sizeof(result->row_minimum));
        result->payload_count = cg->payload_count;
        result->argument_list_count = cg->argument_list_count;
        out->payloads = cg->payloads;
        out->argument_lists = cg->argument_lists;
        cg->payloads = NULL; /* owned by the output */
        cg->argument_lists = NULL;
        result->is_known = cg->is_known;
        if (!cg->is_known) {
            take_object(cg, out);
        }
    }
    out->report = lanes_codegen_report_text(cg);
    result->report_bytes = out->report != NULL ? strlen(out->report) : 0;
    const bool has_code = out->object != NULL || cg->is_known;
    if (out->report == NULL || (status >= 0 && !has_code)) {
        result->status = -ENOMEM;
        snprintf(result->message, sizeof(result->message), "no memory for the result");
    }
}

void lanes_codegen_compile(const lanes_compile_request *request, const char *ir,
                           const lanes_code_key *known, lanes_codegen_output *out)
{
    *out = (lanes_codegen_output){0};
    lanes_codegen cg = {.request = request,
                        .ir = ir,
                        .known = known,
                        .strategy = &lanes_codegen_strategy_loop};
    cg.report = json_object();
    cg.remarks = json_array();
    cg.stages = (request->flags & LANES_ABI_KERNEL_STAGES) != 0 ? json_object() : NULL;
    cg.context = LLVMContextCreate();
    lanes_codegen_install_diagnostics(&cg);
    const lanes_status status = compile(&cg, out);
    fill_output(&cg, status, out);
    if (cg.object != NULL) {
        LLVMDisposeMemoryBuffer(cg.object);
    }
    lanes_codegen_drop_module(&cg);
    lanes_codegen_close_fusion(cg.fusion);
    if (cg.machine != NULL) {
        LLVMDisposeTargetMachine(cg.machine);
    }
    LLVMDisposeMessage(cg.cpu);
    LLVMDisposeMessage(cg.features);
    LLVMContextDispose(cg.context);
    json_decref(cg.stages);
    json_decref(cg.remarks);
    json_decref(cg.survey.calls);
    json_decref(cg.report);
}

void lanes_codegen_output_deinit(lanes_codegen_output *output)
{
    free(output->report);
    free(output->payloads);
    free(output->argument_lists);
    free(output->object);
    *output = (lanes_codegen_output){0};
}

/* What a first compile would otherwise pay for: lazy tables of passes and targets. */
static const char warm_up_ir[] = "define double @warm(double %x) {\n"
                                 "  %y = fadd double %x, 1.0\n"
                                 "  ret double %y\n"
                                 "}\n";

lanes_status lanes_codegen_init(lanes_error *err)
{
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    lanes_codegen_parse_options();
    const lanes_compile_request request = {.version = LANES_COMPILE_VERSION,
                                           .ir_bytes = sizeof(warm_up_ir) - 1,
                                           .default_key = 1};
    lanes_codegen_output output;
    lanes_codegen_compile(&request, warm_up_ir, NULL, &output);
    const lanes_status status = output.result.status;
    if (status < 0) {
        lanes_error_set(err, status, "LLVM's warm-up compile: %.400s",
                        output.result.message);
    }
    lanes_codegen_output_deinit(&output);
    return status;
}
