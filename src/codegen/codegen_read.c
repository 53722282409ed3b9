/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_read.c - IR text or bitcode of any producer into a verified module for this
 * host.
 */
#include "codegen/codegen_internal.h"

#include <llvm-c/Analysis.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/IRReader.h>
#include <llvm-c/Target.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/codegen_compat.h"
#include "codegen/codegen_downgrade.h"

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

/* LLVM's text, and for bitcode who wrote it: a newer LLVM is what is usually wrong. */
static lanes_status refuse(lanes_codegen *cg, const char *what, char *text)
{
    char producer[64];
    first_line(text);
    if (!is_bitcode(cg->ir, cg->request->ir_bytes)) {
        lanes_error_set(&cg->error, LANES_E_IR_PARSE, "%s IR text: %.300s", what, text);
    } else if (lanes_codegen_bitcode_producer(cg->ir, cg->request->ir_bytes, producer,
                                              sizeof(producer))) {
        lanes_error_set(&cg->error, LANES_E_IR_PARSE,
                        "%s bitcode, which %s wrote: %.300s; produce it with LLVM %d or "
                        "older, or send IR text",
                        what, producer, text, LANES_LLVM_MAJOR);
    } else {
        lanes_error_set(&cg->error, LANES_E_IR_PARSE,
                        "%s bitcode: %.300s; if a newer LLVM wrote it, produce it with "
                        "LLVM %d or older, or send IR text",
                        what, text, LANES_LLVM_MAJOR);
    }
    LLVMDisposeMessage(text);
    return LANES_E_IR_PARSE;
}

/* LLVM reads past the end of an !llvm.loop of nothing, where it drops debug info and
 * where it inlines; its verifier lets it pass. */
static void drop_empty_loops(LLVMValueRef function, unsigned kind)
{
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
         block = LLVMGetNextBasicBlock(block)) {
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i;
             i = LLVMGetNextInstruction(i)) {
            LLVMValueRef loop = LLVMGetMetadata(i, kind);
            if (loop != NULL && LLVMGetMDNodeNumOperands(loop) == 0) {
                LLVMSetMetadata(i, kind, NULL);
            }
        }
    }
}

static void drop_all_empty_loops(lanes_codegen *cg)
{
    static const char name[] = "llvm.loop";
    const unsigned kind = LLVMGetMDKindIDInContext(cg->context, name, sizeof(name) - 1);
    for (LLVMValueRef f = LLVMGetFirstFunction(cg->module); f;
         f = LLVMGetNextFunction(f)) {
        drop_empty_loops(f, kind);
    }
}

/* True if there is debug info of another version than LLVM's. */
static bool has_foreign_debug_info(LLVMModuleRef module)
{
    return LLVMGetNamedMetadataNumOperands(module, "llvm.dbg.cu") > 0 &&
           LLVMGetModuleDebugMetadataVersion(module) != LLVMDebugMetadataVersion();
}

/*
 * Debug info that is of another version, or wrong, is dropped: it only says where loops
 * of the callback stand. LLVM would do so while it reads (lanes_codegen_parse_options),
 * but ends the process if something else is wrong. The verifier's text is asked for
 * afterwards, because it shows instructions, and debug info that is wrong cannot always
 * be printed.
 */
static lanes_status verify(lanes_codegen *cg)
{
    drop_all_empty_loops(cg);
    const bool is_good = !LLVMVerifyModule(cg->module, LLVMReturnStatusAction, NULL);
    if (is_good && !has_foreign_debug_info(cg->module)) {
        return LANES_OK;
    }
    LLVMStripModuleDebugInfo(cg->module);
    char *text = NULL;
    if (!is_good && LLVMVerifyModule(cg->module, LLVMReturnStatusAction, &text) != 0) {
        return refuse(cg, "LLVM " LLVM_VERSION_STRING " finds faults in this", text);
    }
    LLVMDisposeMessage(text);
    return LANES_OK;
}

static lanes_status parse(lanes_codegen *cg, const char *ir, size_t bytes)
{
    /* LLVM's text parser needs a NUL behind the text, hence the copy. */
    LLVMMemoryBufferRef buffer =
        LLVMCreateMemoryBufferWithMemoryRangeCopy(ir, bytes, "callback");
    char *text = NULL;
    if (lanes_llvm_parse_ir(cg->context, buffer, &cg->module, &text)) {
        cg->module = NULL;
        return refuse(cg, "LLVM " LLVM_VERSION_STRING " cannot read this", text);
    }
    return verify(cg);
}

/* Text of a newer LLVM than the linked one may only have hints too many. */
static lanes_status parse_any(lanes_codegen *cg)
{
    const size_t bytes = cg->request->ir_bytes;
    const lanes_status status = parse(cg, cg->ir, bytes);
    if (status == LANES_OK || LANES_LLVM_IS_NEWEST || is_bitcode(cg->ir, bytes)) {
        return status;
    }
    size_t older_bytes;
    char *older = lanes_codegen_downgrade(cg->ir, bytes, &older_bytes);
    if (older == NULL) {
        return status;
    }
    if (cg->module != NULL) {
        LLVMDisposeModule(cg->module);
        cg->module = NULL;
    }
    cg->error = (lanes_error){0};
    const lanes_status again = parse(cg, older, older_bytes);
    free(older);
    return again;
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
        /* Up to a NUL, which the report's reader does not take. */
        json_object_set_new(cg->report, "producer",
                            json_stringn(text, strnlen(text, bytes)));
    }
}

lanes_status lanes_codegen_read(lanes_codegen *cg)
{
    LANES_TRY(parse_any(cg));
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
