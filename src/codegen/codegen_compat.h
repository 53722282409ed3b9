/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_compat.h - every difference between LLVM 19 and 22 that codegen meets.
 */
#ifndef LANES_CODEGEN_COMPAT_H
#define LANES_CODEGEN_COMPAT_H

#include <llvm-c/Core.h>
#include <llvm-c/IRReader.h>
#include <llvm/Config/llvm-config.h>

#define LANES_LLVM_MAJOR LLVM_VERSION_MAJOR

/** True if text of no supported LLVM is newer than this one reads. */
#define LANES_LLVM_IS_NEWEST (LLVM_VERSION_MAJOR >= 22)

/**
 * The scalarizer that takes vector loads and stores apart, too: a parameter of the pass
 * since LLVM 20, a process-wide option before.
 */
#if LLVM_VERSION_MAJOR >= 20
#define LANES_LLVM_SCALARIZER        "scalarizer<load-store>"
#define LANES_LLVM_SCALARIZER_OPTION "" /* none */
#else
#define LANES_LLVM_SCALARIZER        "scalarizer"
#define LANES_LLVM_SCALARIZER_OPTION "-scalarize-load-store"
#endif

/**
 * Parse text or bitcode; consumes @p buffer. True on failure, with *out_message to be
 * disposed. LLVM 22 deprecates the consuming form.
 */
static inline LLVMBool lanes_llvm_parse_ir(LLVMContextRef context,
                                           LLVMMemoryBufferRef buffer,
                                           LLVMModuleRef *out_module, char **out_message)
{
#if LLVM_VERSION_MAJOR >= 22
    const LLVMBool failed =
        LLVMParseIRInContext2(context, buffer, out_module, out_message);
    LLVMDisposeMemoryBuffer(buffer);
    return failed;
#else
    return LLVMParseIRInContext(context, buffer, out_module, out_message);
#endif
}

#endif /* LANES_CODEGEN_COMPAT_H */
