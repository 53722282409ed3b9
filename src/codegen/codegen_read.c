/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_read.c - IR text or bitcode of any producer into a verified module for this
 * host.
 */
#include "codegen/codegen_internal.h"

#include <llvm-c/Analysis.h>
#include <llvm-c/IRReader.h>
#include <llvm-c/Target.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/codegen_compat.h"

static bool is_bitcode(const char *ir, uint64_t bytes)
{
    static const unsigned char raw[4] = {'B', 'C', 0xc0, 0xde};
    static const unsigned char wrapped[4] = {0xde, 0xc0, 0x17, 0x0b};
    return bytes >= 4 && (memcmp(ir, raw, 4) == 0 || memcmp(ir, wrapped, 4) == 0);
}

/* LLVM's messages end in a newline and may show the source line; one line is enough. */
static void first_line(char *text)
{
    text[strcspn(text, "\n")] = '\0';
}

static lanes_status parse(lanes_codegen *cg)
{
    /* LLVM's text parser needs a NUL behind the text, hence the copy. */
    LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(
        cg->ir, cg->request->ir_bytes, "callback");
    char *text = NULL;
    if (lanes_llvm_parse_ir(cg->context, buffer, &cg->module, &text)) {
        cg->module = NULL;
        first_line(text);
        const bool bitcode = is_bitcode(cg->ir, cg->request->ir_bytes);
        lanes_error_set(
            &cg->error, LANES_E_IR_PARSE, "LLVM %s cannot read this %s: %s%s",
            lanes_codegen_llvm_version(), bitcode ? "bitcode" : "IR text", text,
            bitcode ? "; if a newer LLVM wrote it, produce it with LLVM <= this "
                      "one or send IR text"
                    : "");
        LLVMDisposeMessage(text);
        return LANES_E_IR_PARSE;
    }
    if (LLVMVerifyModule(cg->module, LLVMReturnStatusAction, &text) != 0) {
        first_line(text);
        lanes_error_set(&cg->error, LANES_E_IR_PARSE, "the IR is not valid: %s", text);
        LLVMDisposeMessage(text);
        return LANES_E_IR_PARSE;
    }
    LLVMDisposeMessage(text);
    return LANES_OK;
}

/* "clang version 14.0.6" from !llvm.ident; Numba writes none. */
static void report_producer(lanes_codegen *cg)
{
    const unsigned count = LLVMGetNamedMetadataNumOperands(cg->module, "llvm.ident");
    LLVMValueRef *nodes = count > 0 ? calloc(count, sizeof(LLVMValueRef)) : NULL;
    if (nodes == NULL) {
        return;
    }
    LLVMValueRef ident = NULL;
    LLVMGetNamedMetadataOperands(cg->module, "llvm.ident", nodes);
    if (LLVMGetMDNodeNumOperands(nodes[0]) == 1) {
        LLVMGetMDNodeOperands(nodes[0], &ident);
    }
    free(nodes);
    uint32_t bytes = 0;
    const char *text = ident != NULL ? LLVMGetMDString(ident, &bytes) : NULL;
    if (text != NULL) {
        json_object_set_new(cg->report, "producer", json_stringn(text, bytes));
    }
}

lanes_status lanes_codegen_read(lanes_codegen *cg)
{
    LANES_TRY(parse(cg));
    report_producer(cg);
    json_object_set_new(cg->report, "source_triple",
                        json_string(LLVMGetTarget(cg->module)));
    lanes_codegen_add_stage(cg, "in", LLVMPrintModuleToString(cg->module));
    /* A scalar callback of another platform is ordinary; the data layout of old producers
     * lacks i128:128 and must not survive. */
    char *triple = LLVMGetTargetMachineTriple(cg->machine);
    LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(cg->machine);
    LLVMSetTarget(cg->module, triple);
    LLVMSetModuleDataLayout(cg->module, layout);
    LLVMDisposeTargetData(layout);
    LLVMDisposeMessage(triple);
    return LANES_OK;
}
