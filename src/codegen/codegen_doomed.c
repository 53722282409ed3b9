/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_doomed.c - the loop's element returns as soon as it is sure to fail.
 *
 * `raise ValueError(f"n = {n}")` puts a string together, with loops and calls of an
 * allocator, before it raises. The loop only asks whether an element failed, so a block
 * from which every way ends in a failure is not needed there: whoever would go to it
 * goes to where the callback returns instead, with status 1. (A return of its own would
 * be a second way out, which the vectorizer does not like.) The lanes_explain_fn's copy
 * of the callback keeps them.
 *
 * A way that never ends counts as one that fails: the element fails, and does not end
 * when it is explained.
 */
#include "codegen/codegen_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct search {
    LLVMBasicBlockRef *block; /* ascending */
    bool *is_doomed;
    unsigned count;
    LLVMValueRef status;   /* what the callback returned, a phi */
    LLVMBasicBlockRef end; /* of the status */
};

static bool *doom_of(const struct search *search, LLVMBasicBlockRef block)
{
    return &search->is_doomed[lanes_codegen_find_block(search->block, search->count,
                                                       block)];
}

/* Numba's status, which lanes.element compares with 0 as %raised; NULL if it is no phi.
 */
static LLVMValueRef find_status(LLVMValueRef element)
{
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(element); block;
         block = LLVMGetNextBasicBlock(block)) {
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i;
             i = LLVMGetNextInstruction(i)) {
            if (LLVMIsAICmpInst(i) && strcmp(lanes_codegen_name(i), "raised") == 0) {
                return LLVMIsAPHINode(LLVMGetOperand(i, 0));
            }
        }
    }
    return NULL;
}

/* 0 is success, and so is -2, "returned None". */
static bool is_failure(LLVMValueRef status)
{
    LLVMValueRef constant = LLVMIsAConstantInt(status);
    const long long value = constant != NULL ? LLVMConstIntGetSExtValue(constant) : 0;
    return value != 0 && value != -2;
}

/* True if whoever comes from @p block to that of the status has failed. */
static bool brings_failure(const struct search *search, LLVMBasicBlockRef block)
{
    const unsigned count = LLVMCountIncoming(search->status);
    for (unsigned i = 0; i < count; i++) {
        if (LLVMGetIncomingBlock(search->status, i) == block) {
            return is_failure(LLVMGetIncomingValue(search->status, i));
        }
    }
    return false;
}

/* True if whoever goes from @p block to @p next fails, going by what is doomed so far.
 * What LLVM calls unreachable does not count: nobody gets there. */
static bool leads_to_failure(const struct search *search, LLVMBasicBlockRef block,
                             LLVMBasicBlockRef next)
{
    if (next == search->end) {
        return brings_failure(search, block);
    }
    return *doom_of(search, next) ||
           LLVMIsAUnreachableInst(LLVMGetBasicBlockTerminator(next)) != NULL;
}

/* True if all ways out of @p block fail. */
static bool can_only_fail(const struct search *search, LLVMBasicBlockRef block)
{
    LLVMValueRef terminator = LLVMGetBasicBlockTerminator(block);
    const unsigned count = LLVMGetNumSuccessors(terminator);
    for (unsigned i = 0; i < count; i++) {
        if (!leads_to_failure(search, block, LLVMGetSuccessor(terminator, i))) {
            return false;
        }
    }
    return count > 0;
}

/* All are doomed until there is a way out. */
static void find_doomed(struct search *search)
{
    for (unsigned i = 0; i < search->count; i++) {
        search->is_doomed[i] = true;
    }
    *doom_of(search, search->end) = false;
    for (bool has_changed = true; has_changed;) {
        has_changed = false;
        for (unsigned i = search->count; i-- > 0;) {
            if (search->is_doomed[i] && !can_only_fail(search, search->block[i])) {
                search->is_doomed[i] = false;
                has_changed = true;
            }
        }
    }
}

/* Leads into @p failed what leads into a doomed block from another. */
static void redirect(const struct search *search, LLVMBasicBlockRef failed)
{
    for (unsigned i = 0; i < search->count; i++) {
        LLVMValueRef terminator = LLVMGetBasicBlockTerminator(search->block[i]);
        const unsigned count =
            search->is_doomed[i] ? 0 : LLVMGetNumSuccessors(terminator);
        for (unsigned k = 0; k < count; k++) {
            if (*doom_of(search, LLVMGetSuccessor(terminator, k))) {
                LLVMSetSuccessor(terminator, k, failed);
            }
        }
    }
}

static bool has_doomed_incoming(const struct search *search, LLVMValueRef phi)
{
    const unsigned count = LLVMCountIncoming(phi);
    for (unsigned i = 0; i < count; i++) {
        if (*doom_of(search, LLVMGetIncomingBlock(phi, i))) {
            return true;
        }
    }
    return false;
}

/* The C API cannot take a block out of a phi: makes another without the doomed ones. In
 * that of the status @p failed comes in their place; what else is there of an element
 * that failed, nobody looks at. */
static void replace_phi(const struct search *search, LLVMBuilderRef builder,
                        LLVMValueRef phi, LLVMBasicBlockRef failed)
{
    LLVMPositionBuilderBefore(builder, phi);
    LLVMTypeRef type = LLVMTypeOf(phi);
    LLVMValueRef rest = LLVMBuildPhi(builder, type, "");
    const unsigned count = LLVMCountIncoming(phi);
    for (unsigned i = 0; i < count; i++) {
        LLVMValueRef value = LLVMGetIncomingValue(phi, i);
        LLVMBasicBlockRef from = LLVMGetIncomingBlock(phi, i);
        if (!*doom_of(search, from)) {
            LLVMAddIncoming(rest, &value, &from, 1);
        }
    }
    if (LLVMGetInstructionParent(phi) == search->end) {
        LLVMValueRef value =
            phi == search->status ? LLVMConstInt(type, 1, 0) : LLVMGetPoison(type);
        LLVMAddIncoming(rest, &value, &failed, 1);
    }
    const bool is_reached = LLVMCountIncoming(rest) > 0;
    LLVMReplaceAllUsesWith(phi, is_reached ? rest : LLVMGetPoison(type));
    LLVMInstructionEraseFromParent(phi);
    if (!is_reached) {
        LLVMInstructionEraseFromParent(rest);
    }
}

/* In the blocks that doomed ones lead to. */
static void replace_phis(const struct search *search, LLVMBuilderRef builder,
                         LLVMBasicBlockRef failed)
{
    for (unsigned i = 0; i < search->count; i++) {
        LLVMValueRef next;
        for (LLVMValueRef v =
                 search->is_doomed[i] ? NULL : LLVMGetFirstInstruction(search->block[i]);
             v && LLVMIsAPHINode(v); v = next) {
            next = LLVMGetNextInstruction(v);
            /* All of one block, so those of the end get the new one, too. */
            if (has_doomed_incoming(search, v)) {
                replace_phi(search, builder, v, failed);
            }
        }
    }
}

/* Nothing leads there any more but they themselves. */
static void delete_doomed(const struct search *search)
{
    for (unsigned i = 0; i < search->count; i++) {
        for (LLVMValueRef v =
                 search->is_doomed[i] ? LLVMGetFirstInstruction(search->block[i]) : NULL;
             v; v = LLVMGetNextInstruction(v)) {
            if (LLVMGetFirstUse(v) != NULL) {
                LLVMReplaceAllUsesWith(v, LLVMGetPoison(LLVMTypeOf(v)));
            }
        }
    }
    for (unsigned i = 0; i < search->count; i++) {
        LLVMValueRef last;
        while (search->is_doomed[i] &&
               (last = LLVMGetLastInstruction(search->block[i])) != NULL) {
            LLVMInstructionEraseFromParent(last);
        }
    }
    for (unsigned i = 0; i < search->count; i++) {
        if (search->is_doomed[i]) {
            LLVMDeleteBasicBlock(search->block[i]);
        }
    }
}

static void end_doomed(lanes_codegen *cg, LLVMValueRef element,
                       const struct search *search)
{
    LLVMBuilderRef builder = LLVMCreateBuilderInContext(cg->context);
    LLVMBasicBlockRef failed =
        LLVMAppendBasicBlockInContext(cg->context, element, "failed");
    LLVMPositionBuilderAtEnd(builder, failed);
    LLVMBuildBr(builder, search->end);
    redirect(search, failed);
    replace_phis(search, builder, failed);
    LLVMDisposeBuilder(builder);
    delete_doomed(search);
}

/* True if the callback somewhere returns a status that it has from elsewhere. */
static bool passes_on(LLVMValueRef status)
{
    const unsigned count = status != NULL ? LLVMCountIncoming(status) : 0;
    for (unsigned i = 0; i < count; i++) {
        if (!LLVMIsAConstant(LLVMGetIncomingValue(status, i))) {
            return true;
        }
    }
    return false;
}

/* True if some doomed block leads to the end, which then gets another way in. */
static bool has_doomed(const struct search *search)
{
    return has_doomed_incoming(search, search->status);
}

static void search_element(lanes_codegen *cg, LLVMValueRef element, struct search *search)
{
    search->status = find_status(element);
    if (search->status == NULL) {
        return;
    }
    search->end = LLVMGetInstructionParent(search->status);
    lanes_codegen_sort_blocks(element, search->block);
    find_doomed(search);
    /* A callback that does nothing but fail stays as it is. */
    if (has_doomed(search) && !*doom_of(search, LLVMGetEntryBasicBlock(element))) {
        end_doomed(cg, element, search);
    }
}

lanes_status lanes_codegen_end_doomed(lanes_codegen *cg, LLVMValueRef element)
{
    /* It has asked whether that is a success; what is left where it is none? */
    if (passes_on(find_status(element))) {
        LANES_TRY(
            lanes_codegen_run_passes(cg, "function(correlated-propagation,simplifycfg)"));
    }
    const unsigned count = LLVMCountBasicBlocks(element);
    struct search search = {.block = calloc(count, sizeof(*search.block)),
                            .is_doomed = calloc(count, sizeof(*search.is_doomed)),
                            .count = count};
    lanes_status status = LANES_OK;
    if (search.block == NULL || search.is_doomed == NULL) {
        status = lanes_error_set(&cg->error, -ENOMEM,
                                 "no memory to look at %u blocks of the callback", count);
    } else {
        search_element(cg, element, &search);
    }
    free(search.block);
    free(search.is_doomed);
    return status;
}
