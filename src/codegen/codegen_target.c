/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_target.c - the CPU that code is generated for.
 */
#include "codegen/codegen_internal.h"

#include <string.h>

#include "kernel/cpu.h"

static enum lanes_codegen_isa isa_of(uint64_t features)
{
    /* libmvec's AVX-512 forms use DQ; so does good code for 64-bit integers. */
    if (LANES_CPU_HAS(features, AVX512F) && LANES_CPU_HAS(features, AVX512DQ) &&
        LANES_CPU_HAS(features, AVX512VL)) {
        return LANES_ISA_AVX512;
    }
    if (LANES_CPU_HAS(features, AVX2)) {
        return LANES_ISA_AVX2;
    }
    return LANES_CPU_HAS(features, AVX) ? LANES_ISA_AVX : LANES_ISA_SSE2;
}

/* Whether this host runs it does not matter here: the executor has looked. */
static lanes_status choose_cpu(lanes_codegen *cg)
{
    const char *cpu = cg->request->cpu;
    uint64_t features = 0;
    LANES_TRY(lanes_cpu_features(cpu, &features, &cg->error));
    if (lanes_cpu_is_native(cpu)) {
        cg->cpu = LLVMGetHostCPUName();
        cg->features = LLVMGetHostCPUFeatures();
    } else {
        cg->cpu = LLVMCreateMessage(cpu);
        cg->features = LLVMCreateMessage(""); /* what the name stands for */
    }
    cg->isa = isa_of(features);
    return LANES_OK;
}

lanes_status lanes_codegen_target_create(lanes_codegen *cg)
{
    LANES_TRY(choose_cpu(cg));
    char *triple = LLVMGetDefaultTargetTriple();
    char *text = NULL;
    LLVMTargetRef target;
    if (LLVMGetTargetFromTriple(triple, &target, &text) != 0) {
        lanes_error_set(&cg->error, LANES_E_INTERNAL, "LLVM has no target '%s': %s",
                        triple, text);
        LLVMDisposeMessage(text);
        LLVMDisposeMessage(triple);
        return LANES_E_INTERNAL;
    }
    /* Position independent and small: the loader may put code anywhere, and calls to libm
     * go through its stubs. */
    cg->machine = LLVMCreateTargetMachine(target, triple, cg->cpu, cg->features,
                                          LLVMCodeGenLevelAggressive, LLVMRelocPIC,
                                          LLVMCodeModelSmall);
    LLVMDisposeMessage(triple);
    return LANES_OK;
}
