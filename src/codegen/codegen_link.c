/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_link.c - the generated text and the callback become one module.
 */
#include "codegen/codegen_internal.h"

#include <llvm-c/Analysis.h>
#include <llvm-c/Linker.h>
#include <string.h>

#include "codegen/codegen_compat.h"
#include "codegen/codegen_fuse.h"

/* The callback's name while the text refers to it. */
static const char callback_name[] = "lanes.callback";

static lanes_status read_text(lanes_codegen *cg, const char *text, size_t bytes,
                              LLVMModuleRef *out_loop)
{
    LLVMModuleRef loop = NULL;
    char *message = NULL;
    LLVMMemoryBufferRef buffer =
        LLVMCreateMemoryBufferWithMemoryRangeCopy(text, bytes, "lanes.loop");
    bool is_wrong = lanes_llvm_parse_ir(cg->context, buffer, &loop, &message) != 0;
    if (!is_wrong) {
        is_wrong = LLVMVerifyModule(loop, LLVMReturnStatusAction, &message) != 0;
    }
    if (is_wrong) {
        lanes_error_set(&cg->error, LANES_E_INTERNAL, "the generated loop: %.400s",
                        message);
        if (loop != NULL) {
            LLVMDisposeModule(loop);
        }
    } else {
        *out_loop = loop;
    }
    LLVMDisposeMessage(message);
    return is_wrong ? LANES_E_INTERNAL : LANES_OK;
}

static lanes_status link_text(lanes_codegen *cg, const char *text, size_t bytes)
{
    LLVMModuleRef loop = NULL;
    LANES_TRY(read_text(cg, text, bytes, &loop));
    if (cg->callback != NULL) {
        LLVMSetValueName2(cg->callback, callback_name, sizeof(callback_name) - 1);
    }
    LLVMSetTarget(loop, LLVMGetTarget(cg->module));
    LLVMSetDataLayout(loop, LLVMGetDataLayoutStr(cg->module));
    if (LLVMLinkModules2(cg->module, loop) != 0) { /* consumes loop */
        const lanes_error why = cg->error;
        return lanes_error_set(&cg->error, LANES_E_INTERNAL,
                               "the generated loop does not fit the callback: %.300s",
                               why.code != LANES_OK ? why.message : "unknown");
    }
    if (cg->callback != NULL) {
        LLVMSetLinkage(LLVMGetNamedFunction(cg->module, callback_name),
                       LLVMInternalLinkage);
    }
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

/* The group of the loop's own accesses; NULL: it has none, and needs none then. */
static LLVMValueRef find_access_group(LLVMValueRef body, unsigned kind)
{
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(body); block;
         block = LLVMGetNextBasicBlock(block)) {
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i;
             i = LLVMGetNextInstruction(i)) {
            LLVMValueRef group = LLVMGetMetadata(i, kind);
            if (group != NULL) {
                return group;
            }
        }
    }
    return NULL;
}

static void annotate_arguments(lanes_codegen *cg, LLVMValueRef element)
{
    static const char name[] = "llvm.access.group";
    const unsigned kind = LLVMGetMDKindIDInContext(cg->context, name, sizeof(name) - 1);
    LLVMValueRef body = LLVMGetNamedFunction(cg->module, "lanes.body");
    LLVMValueRef group = find_access_group(body, kind);
    for (unsigned i = 1; i < LLVMCountParams(element) && group != NULL; i++) {
        LLVMValueRef argument = LLVMGetParam(element, i);
        if (LLVMGetTypeKind(LLVMTypeOf(argument)) == LLVMPointerTypeKind) {
            annotate_loads(argument, kind, group, ADDRESS_DEPTH_MAX);
        }
    }
}

/* From now on it may go into whoever calls it. */
static void open_element(LLVMValueRef element)
{
    lanes_codegen_drop_attribute(element, LANES_CODEGEN_AT_FUNCTION, "noinline");
    lanes_codegen_add_attribute(element, LANES_CODEGEN_AT_FUNCTION, "alwaysinline");
}

/* The callback has gone into lanes.element; what can go wrong there is guarded, and only
 * then may lanes.element go into the loop. */
static void guard_element(lanes_codegen *cg, LLVMValueRef element)
{
    lanes_codegen_keep_divisions(cg, element);
    lanes_codegen_guard_panics(cg, element);
    open_element(element);
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

lanes_status lanes_codegen_link_element(lanes_codegen *cg, const char *text, size_t bytes)
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
    LLVMValueRef confirm = LLVMGetNamedFunction(cg->module, LANES_ELEMENT_CONFIRM);
    LANES_ASSERT(element != NULL);
    guard_element(cg, element);
    LANES_TRY(lanes_codegen_end_doomed(cg, element));
    if (alone != NULL) {
        guard_element(cg, alone);
    }
    if (confirm != NULL) {
        guard_element(cg, confirm);
    }
    return LANES_OK;
}

/* The nodes, in which everything is guarded, go into the element that calls them. */
static lanes_status link_nodes(lanes_codegen *cg, const char *text, size_t bytes)
{
    LANES_TRY(link_text(cg, text, bytes));
    lanes_codegen_hide_nodes(cg);
    LANES_TRY(lanes_codegen_run_passes(cg, "always-inline"));
    LLVMValueRef alone = LLVMGetNamedFunction(cg->module, LANES_ELEMENT_EXPLAIN);
    open_element(LLVMGetNamedFunction(cg->module, LANES_ELEMENT_LOOP));
    LLVMValueRef confirm = LLVMGetNamedFunction(cg->module, LANES_ELEMENT_CONFIRM);
    if (alone != NULL) {
        open_element(alone);
    }
    if (confirm != NULL) {
        open_element(confirm);
    }
    return LANES_OK;
}

lanes_status lanes_codegen_link_loop(lanes_codegen *cg, const char *text, size_t bytes)
{
    LANES_TRY(cg->fusion != NULL ? link_nodes(cg, text, bytes)
                                 : lanes_codegen_link_element(cg, text, bytes));
    LLVMValueRef element = LLVMGetNamedFunction(cg->module, LANES_ELEMENT_LOOP);
    LLVMValueRef alone = LLVMGetNamedFunction(cg->module, LANES_ELEMENT_EXPLAIN);
    annotate_arguments(cg, element);
    lanes_codegen_quiet(cg, element);
    LANES_TRY(
        lanes_codegen_survey_element(cg, element)); /* divisions are divisions yet */
    if (cg->block > 1) { /* in a loop that stays scalar, integers divide as fast */
        lanes_codegen_divide_in_floats(cg, element);
    }
    if (alone != NULL) {
        annotate_arguments(cg, alone);
    }
    return LANES_OK;
}
