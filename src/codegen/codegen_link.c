/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_link.c - the generated text and the callback become one module.
 */
#include "codegen/codegen_internal.h"

#include <llvm-c/Linker.h>
#include <string.h>

#include "codegen/codegen_compat.h"

/* The callback's name while the text refers to it. */
static const char callback_name[] = "lanes.callback";

static lanes_status link_text(lanes_codegen *cg, const char *text, size_t bytes)
{
    LLVMModuleRef loop = NULL;
    char *message = NULL;
    LLVMMemoryBufferRef buffer =
        LLVMCreateMemoryBufferWithMemoryRangeCopy(text, bytes, "lanes.loop");
    if (lanes_llvm_parse_ir(cg->context, buffer, &loop, &message)) {
        lanes_error_set(&cg->error, LANES_E_INTERNAL, "the generated loop: %.400s",
                        message);
        LLVMDisposeMessage(message);
        return LANES_E_INTERNAL;
    }
    LLVMSetValueName2(cg->callback, callback_name, sizeof(callback_name) - 1);
    LLVMSetTarget(loop, LLVMGetTarget(cg->module));
    LLVMSetDataLayout(loop, LLVMGetDataLayoutStr(cg->module));
    if (LLVMLinkModules2(cg->module, loop) != 0) { /* consumes loop */
        return lanes_error_set(&cg->error, LANES_E_INTERNAL,
                               "the generated loop does not fit the callback");
    }
    LLVMSetLinkage(LLVMGetNamedFunction(cg->module, callback_name), LLVMInternalLinkage);
    return LANES_OK;
}

/*
 * Loads of rows and of the params block are as parallel as the loop's own: the engine has
 * checked that no output overlaps them. A callback's local memory is another matter.
 */
static void annotate_loads(LLVMValueRef pointer, unsigned kind, LLVMValueRef group,
                           unsigned depth)
{
    for (LLVMUseRef use = LLVMGetFirstUse(pointer); use; use = LLVMGetNextUse(use)) {
        LLVMValueRef user = LLVMGetUser(use);
        if (LLVMIsALoadInst(user)) {
            LLVMSetMetadata(user, kind, group);
        } else if (depth > 0 && LLVMIsAGetElementPtrInst(user)) {
            annotate_loads(user, kind, group, depth - 1);
        }
    }
}

#define ADDRESS_DEPTH_MAX 16u

static void annotate_arguments(lanes_codegen *cg, LLVMValueRef element)
{
    static const char name[] = "llvm.access.group";
    const unsigned kind = LLVMGetMDKindIDInContext(cg->context, name, sizeof(name) - 1);
    LLVMValueRef body = LLVMGetNamedFunction(cg->module, "lanes.body");
    LLVMBasicBlockRef loop = LLVMGetNextBasicBlock(LLVMGetEntryBasicBlock(body));
    LLVMValueRef group = NULL;
    for (LLVMValueRef i = LLVMGetFirstInstruction(loop); i && group == NULL;
         i = LLVMGetNextInstruction(i)) {
        group = LLVMGetMetadata(i, kind);
    }
    LANES_ASSERT(group != NULL); /* every kernel stores an output */
    for (unsigned i = 1; i < LLVMCountParams(element); i++) {
        LLVMValueRef argument = LLVMGetParam(element, i);
        if (LLVMGetTypeKind(LLVMTypeOf(argument)) == LLVMPointerTypeKind) {
            annotate_loads(argument, kind, group, ADDRESS_DEPTH_MAX);
        }
    }
}

/* The callback has gone into lanes.element; what can go wrong there is guarded, and only
 * then may lanes.element go into the loop. */
static void finish_element(lanes_codegen *cg, LLVMValueRef element)
{
    lanes_codegen_keep_divisions(cg, element);
    lanes_codegen_guard_panics(cg, element);
    annotate_arguments(cg, element);
    lanes_codegen_drop_attribute(element, LANES_CODEGEN_AT_FUNCTION, "noinline");
    lanes_codegen_add_attribute(element, LANES_CODEGEN_AT_FUNCTION, "alwaysinline");
}

/* What cannot go wrong in a callback is guarded where it is inlined, and nowhere else. */
static lanes_status check_inlined(lanes_codegen *cg)
{
    LLVMValueRef callback = LLVMGetNamedFunction(cg->module, callback_name);
    return callback == NULL || !lanes_codegen_is_called(callback)
               ? LANES_OK
               : lanes_error_set(&cg->error, LANES_E_IR_REFUSED,
                                 "rule not-inlinable: the callback cannot become part of "
                                 "a loop: it calls what may return twice (setjmp); use "
                                 "plain control flow");
}

lanes_status lanes_codegen_link_loop(lanes_codegen *cg, const char *text, size_t bytes)
{
    const bool is_recursive = lanes_codegen_is_called(cg->callback);
    LANES_TRY(lanes_codegen_leave_failed(cg));
    LANES_TRY(link_text(cg, text, bytes));
    LANES_TRY(lanes_codegen_run_passes(cg, "always-inline"));
    if (!is_recursive) {
        LANES_TRY(check_inlined(cg));
    }
    LLVMValueRef element = LLVMGetNamedFunction(cg->module, LANES_ELEMENT_LOOP);
    LLVMValueRef alone = LLVMGetNamedFunction(cg->module, LANES_ELEMENT_EXPLAIN);
    LANES_ASSERT(element != NULL);
    finish_element(cg, element);
    LANES_TRY(lanes_codegen_end_doomed(cg, element));
    lanes_codegen_quiet(cg, element);
    if (cg->block > 1) { /* in a loop that stays scalar, integers divide as fast */
        lanes_codegen_divide_in_floats(cg, element);
    }
    if (alone != NULL) {
        finish_element(cg, alone);
    }
    return LANES_OK;
}
