/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_target.c - the CPU that code is generated for.
 */
#include "codegen/codegen_internal.h"

#include <string.h>

/* The psABI levels: the only CPU names besides the host, since only their vector
 * instruction sets are known without asking LLVM's C++ side. */
struct cpu_level {
    const char *name;
    enum lanes_codegen_isa isa;
};
static const struct cpu_level cpu_levels[] = {
    {"x86-64", LANES_ISA_SSE2},
    {"x86-64-v2", LANES_ISA_SSE2},
    {"x86-64-v3", LANES_ISA_AVX2},
    {"x86-64-v4", LANES_ISA_AVX512},
};

static bool has_feature(const char *features, const char *feature)
{
    const size_t length = strlen(feature);
    for (const char *at = features; (at = strstr(at, feature)) != NULL; at += length) {
        const bool starts = at == features || at[-1] == ',';
        if (starts && (at[length] == ',' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

static enum lanes_codegen_isa isa_of_features(const char *features)
{
    /* libmvec's AVX-512 forms use DQ; so does good code for 64-bit integers. */
    if (has_feature(features, "+avx512f") && has_feature(features, "+avx512dq") &&
        has_feature(features, "+avx512vl")) {
        return LANES_ISA_AVX512;
    }
    if (has_feature(features, "+avx2")) {
        return LANES_ISA_AVX2;
    }
    return has_feature(features, "+avx") ? LANES_ISA_AVX : LANES_ISA_SSE2;
}

static lanes_status choose_cpu(lanes_codegen *cg)
{
    const char *cpu = cg->request->cpu;
    if (cpu[0] == '\0') {
        cg->cpu = LLVMGetHostCPUName();
        cg->features = LLVMGetHostCPUFeatures();
        cg->isa = isa_of_features(cg->features);
        return LANES_OK;
    }
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cpu_levels); i++) {
        if (strcmp(cpu, cpu_levels[i].name) == 0) {
            cg->cpu = LLVMCreateMessage(cpu);
            cg->features = LLVMCreateMessage("");
            cg->isa = cpu_levels[i].isa;
            return LANES_OK;
        }
    }
    return lanes_error_set(&cg->error, LANES_E_INVALID,
                           "cpu '%s' is not known; use x86-64, x86-64-v2, x86-64-v3 or "
                           "x86-64-v4, or none for this host",
                           cpu);
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
