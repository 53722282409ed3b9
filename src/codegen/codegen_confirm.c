/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_confirm.c - the lanes_confirm_fn: one element, and the floating-point
 * exceptions that it really raises.
 *
 * The loop's own flags say too much: vectors compute both sides of branches, and libmvec
 * raises what the function does not. So the loop only says where to look, and who looks
 * runs this: the callback with scalar libm, values computed where they are needed
 * (codegen_sink.c), and nothing optimised, as LLVM holds floating-point arithmetic to be
 * free of side effects and may do it early. It is kept in a module of its own until all
 * others are optimised, and translated block by block, by the attribute `optnone`.
 *
 * It is a part of each variant rather than one that is asked for when it is needed, so
 * that it is there when a tile has run whose inputs are its outputs.
 */
#include "codegen/codegen_loop.h"
#include "codegen/codegen_sink.h"

#include <llvm-c/Linker.h>
#include <stdio.h>

bool lanes_loop_has_confirm(const lanes_loop_text *t)
{
    return !combines(t); /* what was kept before an element is gone by then */
}

/*
 * Stores that cannot be left out: what is stored is needed. Conversions to integers move
 * what does not fit into their range first (codegen_convert.c), and raise nothing.
 */
static void put_uses(const lanes_loop_text *t)
{
    const bool is_place = finds_place(t);
    if (!is_place) {
        lanes_loop_put_values(t);
    }
    for (uint32_t k = t->input_count; k < t->operand_count; k++) {
        const uint32_t dtype = is_place ? dtype_of(t, k) : stored_dtype(t, k);
        for (uint32_t p = 0; p < lanes_dtype_part_count(dtype); p++) {
            fprintf(t->out, "  store volatile %s %%%s%u.%u, ptr %%sink\n",
                    lanes_codegen_storage(dtype), is_place ? "y" : "w", k, p);
        }
    }
}

void lanes_loop_put_confirm(const lanes_loop_text *t, const char *symbol)
{
    fprintf(t->out,
            "define i32 @%s(ptr %%frame, i64 %%element) #2 {\n"
            "entry:\n"
            "  %%excinfo = alloca ptr\n"
            "  %%sink = alloca i64\n"
            "  store ptr null, ptr %%excinfo\n",
            symbol);
    lanes_loop_put_alone(t);
    lanes_loop_put_call(t, LANES_ELEMENT_CONFIRM, "excinfo", "element");
    fputs("\n", t->out);
    lanes_loop_put_results(t, "");
    fputs("  %is.bad = icmp ne i32 %code, 0\n"
          "  br i1 %is.bad, label %exit, label %done\n"
          "done:\n",
          t->out);
    put_uses(t);
    fputs("  br label %exit\n"
          "exit:\n"
          "  ret i32 %code\n"
          "}\n\n",
          t->out);
}

/* ---- Its module ------------------------------------------------------------------- */

static void hide_others(LLVMModuleRef module, LLVMValueRef confirm)
{
    for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
        if (!LLVMIsDeclaration(f) && f != confirm) {
            LLVMSetLinkage(f, LLVMInternalLinkage);
        }
    }
}

static void freeze(lanes_codegen *cg, LLVMValueRef function)
{
    lanes_codegen_drop_attribute(function, LANES_CODEGEN_AT_FUNCTION, "alwaysinline");
    lanes_codegen_add_attribute(function, LANES_CODEGEN_AT_FUNCTION, "noinline");
    lanes_codegen_add_attribute(function, LANES_CODEGEN_AT_FUNCTION, "optnone");
    LLVMAddTargetDependentFunctionAttr(function, "target-cpu", cg->cpu);
    LLVMAddTargetDependentFunctionAttr(function, "target-features", cg->features);
    LLVMAddTargetDependentFunctionAttr(function, "probe-stack", "inline-asm");
}

/* True if something in the module raises, and only where it is needed. */
static bool sink_all(lanes_codegen *cg)
{
    bool has_raising = false;
    for (LLVMValueRef f = LLVMGetFirstFunction(cg->confirm); f;
         f = LLVMGetNextFunction(f)) {
        bool raises = false;
        if (LLVMIsDeclaration(f)) {
            continue;
        }
        if (!lanes_codegen_sink(f, &raises)) {
            return false;
        }
        has_raising |= raises;
        freeze(cg, f);
    }
    return has_raising;
}

static void drop(lanes_codegen *cg)
{
    LLVMDisposeModule(cg->confirm);
    cg->confirm = NULL;
}

static void delete_function(LLVMModuleRef module, const char *name)
{
    LLVMValueRef function = LLVMGetNamedFunction(module, name);
    if (function != NULL && LLVMGetFirstUse(function) == NULL) {
        LLVMDeleteFunction(function);
    }
}

lanes_status lanes_codegen_split_confirm(lanes_codegen *cg, const char *symbol)
{
    if (LLVMGetNamedFunction(cg->module, symbol) == NULL) {
        return LANES_OK;
    }
    cg->confirm = LLVMCloneModule(cg->module);
    delete_function(cg->module, symbol);
    delete_function(cg->module, LANES_ELEMENT_CONFIRM);
    hide_others(cg->confirm, LLVMGetNamedFunction(cg->confirm, symbol));
    LANES_TRY(lanes_codegen_run_passes_over(
        cg, cg->confirm, "globaldce,always-inline,globaldce,function(sroa)"));
    if (!sink_all(cg)) {
        drop(cg);
    }
    return LANES_OK;
}

lanes_status lanes_codegen_join_confirm(lanes_codegen *cg)
{
    LLVMModuleRef confirm = cg->confirm;
    cg->confirm = NULL; /* consumed by the linker */
    if (confirm != NULL && LLVMLinkModules2(cg->module, confirm) != 0) {
        return lanes_error_set(&cg->error, LANES_E_INTERNAL,
                               "what confirms exceptions does not fit the loop");
    }
    return LANES_OK;
}
