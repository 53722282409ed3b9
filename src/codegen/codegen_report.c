/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_report.c - what a compile found out, as JSON.
 *
 * Keys: entry, convention, signature, may_raise, producer, source_triple, cpu, llvm,
 * math, fp, externals [{name, served_by}], variants [{layout, strategy, vectorized,
 * vector_width, interleave, remarks [text], advice [{topic, reason, change}], per_element
 * {bytes, flops, integers, divisions, square_roots, loads, branches, selections, loops,
 * data_dependent, calls {name: count}} (null of huge callbacks), code_bytes, cached,
 * times_ms {parse, wrap, optimise, emit}}], and if asked for stages {in, wrapped,
 * optimised, asm}. A failed compile has the keys known when it failed, and no variants. A
 * fused kernel also has nodes
 * [{entry, convention, signature, identity, producer, source_triple, arguments,
 * error_model}] and wiring {inputs [[text]], outputs [text]}, "x1" being its input 1 and
 * "0.1" output 1 of node 0; its exceptions have a node, its convention is "fused". Where
 * the executor has the code, a variant has its layout, cached (true) and the times spent;
 * what else is to say of the code the executor adds from the report of the compile that
 * made it.
 */
#include "codegen/codegen_internal.h"

#include "kernel/fp.h"

void lanes_codegen_add_stage(lanes_codegen *cg, const char *stage, char *llvm_text)
{
    if (cg->stages != NULL) {
        json_object_set_new(cg->stages, stage, json_string(llvm_text));
    }
    LLVMDisposeMessage(llvm_text);
}

static json_t *describe_variant(const lanes_codegen *cg)
{
    char layout[32 * LANES_OPERANDS_MAX];
    lanes_variant_key_format(&cg->key, lanes_signature_operand_count(&cg->signature),
                             layout, sizeof(layout));
    json_t *times =
        json_pack("{s:f, s:f, s:f, s:f}", "parse", cg->ms_parse, "wrap", cg->ms_wrap,
                  "optimise", cg->ms_optimise, "emit", cg->ms_emit);
    if (cg->is_known) {
        return json_pack("{s:s, s:b, s:o}", "layout", layout, "cached", true, "times_ms",
                         times);
    }
    return json_pack(
        "{s:s, s:b, s:s, s:b, s:i, s:i, s:O, s:o, s:o, s:I, s:o}", "layout", layout,
        "cached", false, "strategy", cg->strategy->name, "vectorized",
        cg->vectorization.width > 1, "vector_width", (int)cg->vectorization.width,
        "interleave", (int)cg->vectorization.interleave, "remarks", cg->remarks, "advice",
        lanes_codegen_advise(cg), "per_element", lanes_codegen_describe_element(cg),
        "code_bytes", (json_int_t)LLVMGetBufferSize(cg->object), "times_ms", times);
}

char *lanes_codegen_report_text(lanes_codegen *cg)
{
    if (cg->cpu != NULL) {
        json_object_set_new(cg->report, "cpu", json_string(cg->cpu));
    }
    if (json_object_get(cg->report, "producer") == NULL) {
        json_object_set_new(cg->report, "producer", json_string("unknown"));
    }
    json_object_set_new(cg->report, "llvm", json_string(lanes_codegen_llvm_version()));
    json_object_set_new(
        cg->report, "math",
        json_string(cg->request->math == LANES_MATH_EXACT ? "exact" : "vector"));
    char fp[LANES_FP_TEXT_MAX];
    lanes_fp_format(cg->request->fp, fp);
    json_object_set_new(cg->report, "fp", json_string(fp));
    json_t *variants = json_array();
    if (cg->object != NULL || cg->is_known) {
        json_array_append_new(variants, describe_variant(cg));
    }
    json_object_set_new(cg->report, "variants", variants);
    if (cg->stages != NULL) {
        json_object_set(cg->report, "stages", cg->stages);
    }
    return json_dumps(cg->report, JSON_COMPACT);
}
