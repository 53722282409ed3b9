/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_report.c - what a compile found out, as JSON.
 *
 * Keys: entry, convention, signature, may_raise, producer, source_triple, cpu, llvm,
 * math, fp, externals [{name, served_by}], variants [{layout, strategy, vectorized,
 * vector_width, interleave, remarks [text], code_bytes, cached, times_ms {parse, wrap,
 * optimise, emit}}], and if asked for stages {in, wrapped, optimised, asm}. A failed
 * compile has the keys known when it failed, and no variants. Where the executor has the
 * code, a variant has its layout, cached (true) and the times spent; what else is to say
 * of the code the executor adds from the report of the compile that made it.
 */
#include "codegen/codegen_internal.h"

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
        "{s:s, s:b, s:s, s:b, s:i, s:i, s:O, s:I, s:o}", "layout", layout, "cached",
        false, "strategy", "loop", "vectorized", cg->vectorization.width > 1,
        "vector_width", (int)cg->vectorization.width, "interleave",
        (int)cg->vectorization.interleave, "remarks", cg->remarks, "code_bytes",
        (json_int_t)LLVMGetBufferSize(cg->object), "times_ms", times);
}

/* "strict", "fast", or the names of some flags, as LLVM has them. */
static json_t *describe_floats(uint32_t fp)
{
    static const char *const names[] = {"reassoc", "nnan",     "ninf", "nsz",
                                        "arcp",    "contract", "afn"};
    char text[64] = "";
    size_t used = 0;
    for (size_t i = 0; i < LANES_ARRAY_COUNT(names); i++) {
        if ((fp >> i & 1u) != 0) {
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
                                     used > 0 ? "," : "", names[i]);
        }
    }
    return json_string(fp == LANES_FP_STRICT ? "strict"
                       : fp == LANES_FP_FAST ? "fast"
                                             : text);
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
    json_object_set_new(cg->report, "fp", describe_floats(cg->request->fp));
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
