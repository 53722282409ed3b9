/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_pipeline.c - LLVM's O3 over the linked module, its remarks, and the object.
 */
#include "codegen/codegen_internal.h"

#include <llvm-c/Support.h>
#include <llvm-c/Target.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/codegen_compat.h"

/* Where codegen_loop.c's debug location puts the generated loop. */
#define LOOP_LOCATION "lanes.loop:1:"

#define REMARKS_MAX 64 /* of one compile; a huge callback must not make a huge report */

void lanes_codegen_parse_options(void)
{
    static const char *const arguments[] = {
        "lanes-compiler",
        /* "Missed" alone only says that a loop was not vectorized; the reason is an
         * analysis remark. */
        "-pass-remarks=loop-vectorize",
        "-pass-remarks-missed=loop-vectorize",
        "-pass-remarks-analysis=loop-vectorize",
        /* The body runs whole blocks only: a second, narrower vector loop for the rest
         * would be dead code. */
        "-enable-epilogue-vectorization=false",
        /* It verifies what it has read, and ends the process over what it finds; and it
         * drops debug info from a module without a version of it, which the generated
         * loop is then free to be: codegen_read.c, codegen_link.c. */
        "-disable-auto-upgrade-debug-info",
        LANES_LLVM_SCALARIZER_OPTION,
    };
    const int count = (int)LANES_ARRAY_COUNT(arguments);
    const bool has_last = arguments[count - 1][0] != '\0';
    LLVMParseCommandLineOptions(has_last ? count : count - 1, arguments, NULL);
}

/* The number behind `label` in a remark, 0 if there is none. */
static uint32_t number_behind(const char *remark, const char *label)
{
    const char *at = strstr(remark, label);
    return at != NULL ? (uint32_t)strtoul(at + strlen(label), NULL, 10) : 0;
}

/* "vectorized loop (vectorization width: 8, interleaved count: 4)" */
static void read_vectorization(lanes_codegen *cg, const char *remark)
{
    const uint32_t width = number_behind(remark, "(vectorization width: ");
    const uint32_t interleave = number_behind(remark, "interleaved count: ");
    if (width > 0) {
        cg->vectorization.width = width;
    }
    if (interleave > 0) {
        cg->vectorization.interleave = interleave;
    }
}

/*
 * LLVM hands every remark of every pass to the handler of the C API, whatever the options
 * say, and does not tell the pass. These beginnings are the loop vectorizer's.
 */
static bool is_vectorizer_remark(const char *message)
{
    static const char *const beginnings[] = {"vectorized loop", "interleaved loop",
                                             "loop not vectorized",
                                             "the cost-model indicates"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(beginnings); i++) {
        if (strncmp(message, beginnings[i], strlen(beginnings[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* O3 looks at a loop several times, and at each copy of one: say a thing once. */
static void add_remark(lanes_codegen *cg, json_t *remark)
{
    size_t index;
    json_t *known;
    json_array_foreach(cg->remarks, index, known)
    {
        if (json_equal(known, remark)) {
            json_decref(remark);
            return;
        }
    }
    json_array_append_new(cg->remarks, remark);
}

/* Remarks about the generated loop lose their location, which means nothing to a user;
 * those about loops of the callback keep it when it is known. */
static void take_remark(lanes_codegen *cg, const char *text)
{
    if (json_array_size(cg->remarks) >= REMARKS_MAX) {
        return;
    }
    const bool about_loop = strncmp(text, LOOP_LOCATION, strlen(LOOP_LOCATION)) == 0;
    const char *message = strstr(text, ": ");
    if (message == NULL) {
        return;
    }
    message += 2;
    if (!is_vectorizer_remark(message)) {
        return;
    }
    if (about_loop) {
        read_vectorization(cg, message);
        cg->has_loop_remark = true;
        add_remark(cg, json_string(message));
        return;
    }
    const bool has_place =
        strncmp(text, "<unknown>", 9) != 0 && strncmp(text, "lanes.loop:", 11) != 0;
    if (!has_place && strstr(message, "explicitly disabled") != NULL) {
        return; /* the padding loop of codegen_loop.c */
    }
    add_remark(cg, has_place ? json_string(text)
                             : json_sprintf("in the callback: %s", message));
}

static void take_diagnostic(LLVMDiagnosticInfoRef diagnostic, void *ctx)
{
    lanes_codegen *cg = ctx;
    char *text = LLVMGetDiagInfoDescription(diagnostic);
    switch (LLVMGetDiagInfoSeverity(diagnostic)) {
    case LLVMDSError:
        if (cg->error.code == LANES_OK) {
            lanes_error_set(&cg->error, LANES_E_IR_PARSE, "LLVM: %.400s", text);
        }
        break;
    case LLVMDSRemark:
        take_remark(cg, text);
        break;
    case LLVMDSWarning:
    case LLVMDSNote:
        break;
    }
    LLVMDisposeMessage(text);
}

void lanes_codegen_install_diagnostics(lanes_codegen *cg)
{
    LLVMContextSetDiagnosticHandler(cg->context, take_diagnostic, cg);
}

lanes_status lanes_codegen_run_passes(lanes_codegen *cg, const char *passes)
{
    return lanes_codegen_run_passes_over(cg, cg->module, passes);
}

lanes_status lanes_codegen_run_passes_over(lanes_codegen *cg, LLVMModuleRef module,
                                           const char *passes)
{
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    LLVMPassBuilderOptionsSetLoopVectorization(options, 1);
    LLVMPassBuilderOptionsSetSLPVectorization(options, 1);
    LLVMPassBuilderOptionsSetLoopInterleaving(options, 1);
    LLVMPassBuilderOptionsSetLoopUnrolling(options, 1);
    LLVMErrorRef failure = LLVMRunPasses(module, passes, cg->machine, options);
    LLVMDisposePassBuilderOptions(options);
    if (failure != NULL) {
        char *text = LLVMGetErrorMessage(failure);
        lanes_error_set(&cg->error, LANES_E_INTERNAL, "passes %s: %.400s", passes, text);
        LLVMDisposeErrorMessage(text);
        return LANES_E_INTERNAL;
    }
    return cg->error.code;
}

/* Parameters of lanes.body before its operands: the frame, and the first index. */
#define BODY_PARAMETERS 2u

/* True if an address is computed from an operand of the body that is no row: what lies in
 * a row is the callback's business, and it may know better than to look. */
static bool is_operand_address(const lanes_codegen *cg, LLVMValueRef body,
                               LLVMValueRef address)
{
    while (LLVMIsAGetElementPtrInst(address)) {
        address = LLVMGetOperand(address, 0);
    }
    const uint32_t count = lanes_signature_operand_count(&cg->signature);
    for (uint32_t k = 0; k < count; k++) {
        if (cg->key.layout[k] != LANES_LAYOUT_ROWS &&
            LLVMGetParam(body, BODY_PARAMETERS + k) == address) {
            return true;
        }
    }
    return false;
}

/* load [select mask, load, passthru] in place of a masked load. */
static void unmask_load(LLVMBuilderRef builder, LLVMValueRef call)
{
    const unsigned count = LLVMGetNumArgOperands(call);
    LLVMValueRef mask = LLVMGetOperand(call, count - 2);
    LLVMValueRef otherwise = LLVMGetOperand(call, count - 1);
    LLVMPositionBuilderBefore(builder, call);
    LLVMValueRef value =
        LLVMBuildLoad2(builder, LLVMTypeOf(call), LLVMGetOperand(call, 0), "");
    LLVMSetAlignment(value, 1);
    if (!LLVMIsPoison(otherwise)) {
        value = LLVMBuildSelect(builder, mask, value, otherwise, "");
    }
    LLVMReplaceAllUsesWith(call, value);
    LLVMInstructionEraseFromParent(call);
}

/*
 * An input that only some elements use is loaded under a mask, because LLVM does not know
 * that all of it may be read. It may: the engine has checked every element. An ordinary
 * load is the same value, and a memory-bound Black-Scholes with Numba's checks was 1.35
 * times as fast on Zen 5 (bench/compare).
 */
static void unmask_operand_loads(lanes_codegen *cg, LLVMValueRef body)
{
    LLVMBuilderRef builder = LLVMCreateBuilderInContext(cg->context);
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(body); block;
         block = LLVMGetNextBasicBlock(block)) {
        LLVMValueRef next;
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = next) {
            next = LLVMGetNextInstruction(i);
            static const char masked_load[] = "llvm.masked.load.";
            LLVMValueRef callee = LLVMIsACallInst(i) ? LLVMGetCalledValue(i) : NULL;
            if (callee != NULL &&
                strncmp(lanes_codegen_name(callee), masked_load,
                        sizeof(masked_load) - 1) == 0 &&
                is_operand_address(cg, body, LLVMGetOperand(i, 0))) {
                unmask_load(builder, i);
            }
        }
    }
    LLVMDisposeBuilder(builder);
}

/* Vectors that are stored whole, at multiples of their size. */
#define STREAMED_BYTES_MIN 16u

/* True for the store of a vector to an output. */
static bool is_output_store(const lanes_codegen *cg, LLVMValueRef body,
                            LLVMValueRef instruction, unsigned long long *out_bytes)
{
    if (LLVMIsAStoreInst(instruction) == NULL) {
        return false;
    }
    LLVMTypeRef type = LLVMTypeOf(LLVMGetOperand(instruction, 0));
    LLVMTargetDataRef layout = LLVMGetModuleDataLayout(cg->module);
    *out_bytes = LLVMStoreSizeOfType(layout, type);
    return LLVMGetTypeKind(type) == LLVMVectorTypeKind &&
           *out_bytes >= STREAMED_BYTES_MIN && (*out_bytes & (*out_bytes - 1)) == 0 &&
           is_operand_address(cg, body, LLVMGetOperand(instruction, 1));
}

/*
 * An ordinary store first reads the line that it overwrites. Where outputs do not fit the
 * caches anyway, storing past them saves that read. Marked after vectorizing, because
 * LLVM does not vectorize such stores. Blocks begin at multiples of
 * LANES_STREAM_ALIGNMENT, so vectors do at multiples of their own size, or of that.
 */
static void stream_outputs(lanes_codegen *cg, LLVMValueRef body)
{
    static const char name[] = "nontemporal";
    const unsigned kind = LLVMGetMDKindIDInContext(cg->context, name, sizeof(name) - 1);
    LLVMMetadataRef one =
        LLVMValueAsMetadata(LLVMConstInt(LLVMInt32TypeInContext(cg->context), 1, 0));
    LLVMValueRef node =
        LLVMMetadataAsValue(cg->context, LLVMMDNodeInContext2(cg->context, &one, 1));
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(body); block;
         block = LLVMGetNextBasicBlock(block)) {
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i;
             i = LLVMGetNextInstruction(i)) {
            unsigned long long bytes;
            if (is_output_store(cg, body, i, &bytes)) {
                LLVMSetMetadata(i, kind, node);
                LLVMSetAlignment(i, bytes < LANES_STREAM_ALIGNMENT
                                        ? (unsigned)bytes
                                        : LANES_STREAM_ALIGNMENT);
            }
        }
    }
}

/*
 * The lanes_explain_fn must fail where the loop did, but with fast-math LLVM estimates
 * x / y and sqrt(x) of f4 in vectors only, with instructions that differ with their
 * width. Of kernels that cannot fail estimates stay: AVX2 without them takes 1.4 times as
 * long for sqrt(x) and 1.7 for 1 / sqrt(x) (Zen 5, in cache), AVX-512 no longer.
 */
static void forbid_estimates(lanes_codegen *cg)
{
    static const char key[] = "reciprocal-estimates";
    static const char none[] = "none";
    LLVMAttributeRef attribute = LLVMCreateStringAttribute(
        cg->context, key, sizeof(key) - 1, none, sizeof(none) - 1);
    for (LLVMValueRef f = LLVMGetFirstFunction(cg->module); f;
         f = LLVMGetNextFunction(f)) {
        if (!LLVMIsDeclaration(f)) {
            LLVMAddAttributeAtIndex(f, LANES_CODEGEN_AT_FUNCTION, attribute);
        }
    }
}

lanes_status lanes_codegen_optimise(lanes_codegen *cg)
{
    cg->vectorization = (lanes_codegen_vectorization){.width = 1, .interleave = 1};
    cg->has_loop_remark = false;
    json_array_clear(cg->remarks);
    if (cg->may_raise != 0) {
        forbid_estimates(cg);
    }
    LANES_TRY(lanes_codegen_run_passes(cg, "default<O3>"));
    if (!cg->has_loop_remark) {
        add_remark(cg,
                   json_string("loop not vectorized: the callback has a loop of its own, "
                               "and LLVM vectorizes innermost loops only"));
    }
    LLVMValueRef body = LLVMGetNamedFunction(cg->module, "lanes.body");
    if (body != NULL) {
        /* External until now, so that no pass specialised it for one of its two callers.
         */
        LLVMSetLinkage(body, LLVMInternalLinkage);
        unmask_operand_loads(cg, body);
        /* Blocks of one begin anywhere; what may fail is stored by codegen_chunk.c. */
        if (cg->key.streams != 0 && cg->block > 1 && cg->may_raise == 0) {
            stream_outputs(cg, body);
        }
    }
    return cg->error.code;
}

static lanes_status emit(lanes_codegen *cg, LLVMModuleRef module,
                         LLVMCodeGenFileType type, LLVMMemoryBufferRef *out_buffer)
{
    char *text = NULL;
    if (LLVMTargetMachineEmitToMemoryBuffer(cg->machine, module, type, &text,
                                            out_buffer)) {
        lanes_error_set(&cg->error, LANES_E_INTERNAL, "emitting code: %.400s", text);
        LLVMDisposeMessage(text);
        return LANES_E_INTERNAL;
    }
    return cg->error.code;
}

lanes_status lanes_codegen_emit(lanes_codegen *cg)
{
    if (cg->stages != NULL) {
        /* Emitting changes a module, so the assembly is made from a copy. */
        LLVMModuleRef copy = LLVMCloneModule(cg->module);
        LLVMMemoryBufferRef assembly = NULL;
        const lanes_status status = emit(cg, copy, LLVMAssemblyFile, &assembly);
        LLVMDisposeModule(copy);
        LANES_TRY(status);
        json_object_set_new(cg->stages, "asm",
                            json_stringn_nocheck(LLVMGetBufferStart(assembly),
                                                 LLVMGetBufferSize(assembly)));
        LLVMDisposeMemoryBuffer(assembly);
    }
    LANES_TRY(emit(cg, cg->module, LLVMObjectFile, &cg->object));
    return lanes_codegen_check_object(cg);
}
