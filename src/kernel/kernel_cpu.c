/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_cpu.c - see cpu.h.
 *
 * The table has the CPUs of 64 bits that LLVM 19, the oldest that lanes works with,
 * knows, without its aliases. A newer CPU is compiled for as `native`, or as one that it
 * extends.
 */
#include "kernel/cpu.h"

#include <cpuid.h>
#include <stdio.h>
#include <string.h>

#define F(name) (UINT64_C(1) << LANES_CPU_##name)

/* Each has what the one it names has, and some more; that one is above it. */
static const struct cpu {
    const char *name;
    const char *base; /* "": SSE2 */
    uint64_t more;
} cpus[] = {
    {"x86-64", "", 0},
    {"x86-64-v2", "x86-64",
     F(CX16) | F(POPCNT) | F(SAHF) | F(SSE3) | F(SSE4_1) | F(SSE4_2) | F(SSSE3)},
    {"x86-64-v3", "x86-64-v2",
     F(AVX) | F(AVX2) | F(BMI) | F(BMI2) | F(F16C) | F(FMA) | F(LZCNT) | F(MOVBE)},
    {"x86-64-v4", "x86-64-v3",
     F(AVX512BW) | F(AVX512CD) | F(AVX512DQ) | F(AVX512F) | F(AVX512VL)},
    {"nocona", "x86-64", F(CX16) | F(SSE3)},
    {"core2", "nocona", F(SAHF) | F(SSSE3)},
    {"penryn", "core2", F(SSE4_1)},
    {"nehalem", "x86-64-v2", 0},
    {"westmere", "x86-64-v2", F(PCLMUL)},
    {"sandybridge", "westmere", F(AVX)},
    {"ivybridge", "sandybridge", F(F16C)},
    {"haswell", "x86-64-v3", F(PCLMUL)},
    {"broadwell", "haswell", F(ADX)},
    {"skylake", "broadwell", F(AES)},
    {"skylake-avx512", "x86-64-v4", F(ADX) | F(AES) | F(PCLMUL)},
    {"cascadelake", "skylake-avx512", F(AVX512VNNI)},
    {"cooperlake", "cascadelake", F(AVX512BF16)},
    {"cannonlake", "skylake-avx512", F(AVX512IFMA) | F(AVX512VBMI) | F(SHA)},
    {"icelake-client", "cannonlake",
     F(AVX512BITALG) | F(AVX512VBMI2) | F(AVX512VNNI) | F(AVX512VPOPCNTDQ) | F(GFNI) |
         F(VAES) | F(VPCLMULQDQ)},
    {"icelake-server", "icelake-client", 0},
    {"tigerlake", "icelake-client", F(AVX512VP2INTERSECT)},
    {"rocketlake", "icelake-client", 0},
    {"sapphirerapids", "icelake-client", F(AVX512BF16) | F(AVX512FP16) | F(AVXVNNI)},
    {"emeraldrapids", "sapphirerapids", 0},
    {"graniterapids", "sapphirerapids", 0},
    {"graniterapids-d", "sapphirerapids", 0},
    {"bonnell", "core2", F(MOVBE)},
    {"silvermont", "westmere", F(MOVBE)},
    {"goldmont", "silvermont", F(AES) | F(SHA)},
    {"goldmont-plus", "goldmont", 0},
    {"tremont", "goldmont", F(GFNI)},
    {"gracemont", "skylake", F(AVXVNNI) | F(GFNI) | F(SHA) | F(VAES) | F(VPCLMULQDQ)},
    {"sierraforest", "gracemont", F(AVXIFMA) | F(AVXNECONVERT) | F(AVXVNNIINT8)},
    {"grandridge", "sierraforest", 0},
    {"clearwaterforest", "sierraforest", F(AVXVNNIINT16) | F(SHA512) | F(SM3) | F(SM4)},
    {"alderlake", "gracemont", 0},
    {"raptorlake", "gracemont", 0},
    {"meteorlake", "gracemont", 0},
    {"arrowlake", "sierraforest", 0},
    {"arrowlake-s", "clearwaterforest", 0},
    {"lunarlake", "clearwaterforest", 0},
    {"pantherlake", "clearwaterforest", 0},
    {"knl", "skylake", F(AVX512CD) | F(AVX512F)},
    {"knm", "knl", F(AVX512VPOPCNTDQ)},
    {"k8", "x86-64", 0},
    {"k8-sse3", "x86-64", F(SSE3)},
    {"amdfam10", "nocona", F(LZCNT) | F(POPCNT) | F(SAHF) | F(SSE4A)},
    {"bdver1", "sandybridge", F(AES) | F(FMA4) | F(LZCNT) | F(SSE4A) | F(XOP)},
    {"bdver2", "bdver1", F(BMI) | F(F16C) | F(FMA) | F(TBM)},
    {"bdver3", "bdver2", 0},
    {"bdver4", "bdver2", F(AVX2) | F(BMI2) | F(MOVBE)},
    {"btver1", "amdfam10", F(SSSE3)},
    {"btver2", "ivybridge", F(AES) | F(BMI) | F(LZCNT) | F(MOVBE) | F(SSE4A)},
    {"znver1", "skylake", F(SHA) | F(SSE4A)},
    {"znver2", "znver1", 0},
    {"znver3", "znver1", F(VAES) | F(VPCLMULQDQ)},
    {"znver4", "icelake-client", F(AVX512BF16) | F(SSE4A)},
    {"znver5", "znver4", F(AVX512VP2INTERSECT) | F(AVXVNNI)},
};

static const char *const feature_names[] = {
#define FEATURE_NAME(name, text, leaf, bit, registers) text,
    LANES_CPU_FEATURE_TABLE(FEATURE_NAME)};

const char *lanes_cpu_name(size_t index)
{
    return index < LANES_ARRAY_COUNT(cpus) ? cpus[index].name : NULL;
}

/* ---- This host ------------------------------------------------------------------------
 */

/* Words of CPUID that tell features. */
enum leaf {
    LEAF_1_ECX,
    LEAF_7_EBX,
    LEAF_7_ECX,
    LEAF_7_EDX,
    LEAF_7_1_EAX,
    LEAF_7_1_EDX,
    LEAF_EXTENDED_ECX,
    LEAF_COUNT
};

/* What the operating system saves of vector registers. */
enum registers { XMM = 0, YMM = 0x06, ZMM = 0xe6 };

#define OSXSAVE (1u << 27) /* of LEAF_1_ECX */

static void read_leaves(uint32_t word[LEAF_COUNT])
{
    uint32_t a = 0;
    uint32_t b = 0;
    uint32_t c = 0;
    uint32_t d = 0;
    if (__get_cpuid(1, &a, &b, &c, &d)) {
        word[LEAF_1_ECX] = c;
    }
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
        word[LEAF_7_EBX] = b;
        word[LEAF_7_ECX] = c;
        word[LEAF_7_EDX] = d;
        if (a >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d)) {
            word[LEAF_7_1_EAX] = a;
            word[LEAF_7_1_EDX] = d;
        }
    }
    if (__get_cpuid(0x80000001u, &a, &b, &c, &d)) {
        word[LEAF_EXTENDED_ECX] = c;
    }
}

static uint32_t saved_registers(uint32_t leaf_1_ecx)
{
    uint32_t low = 0;
    uint32_t high = 0;
    if ((leaf_1_ecx & OSXSAVE) != 0) {
        __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    }
    return low;
}

uint64_t lanes_cpu_host(void)
{
    uint32_t word[LEAF_COUNT] = {0};
    read_leaves(word);
    const uint32_t saved = saved_registers(word[LEAF_1_ECX]);
    uint64_t features = 0;
#define ADD_FEATURE(name, text, leaf, bit, registers)                                    \
    if ((word[leaf] >> (bit) & 1u) != 0 && (saved & (registers)) == (registers)) {       \
        features |= F(name);                                                             \
    }
    LANES_CPU_FEATURE_TABLE(ADD_FEATURE)
    return features;
}

/* ---- Names ----------------------------------------------------------------------------
 */

static const struct cpu *find_cpu(const char *name)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cpus); i++) {
        if (strcmp(cpus[i].name, name) == 0) {
            return &cpus[i];
        }
    }
    return NULL;
}

lanes_status lanes_cpu_features(const char *name, uint64_t *out_features,
                                lanes_error *err)
{
    if (lanes_cpu_is_native(name)) {
        *out_features = lanes_cpu_host();
        return LANES_OK;
    }
    const struct cpu *cpu = find_cpu(name);
    if (cpu == NULL) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "cpu '%.60s' is not known; use native, x86-64, x86-64-v2, "
                               "x86-64-v3, x86-64-v4, or LLVM's name of a model, such as "
                               "haswell, icelake-server or znver4",
                               name);
    }
    uint64_t features = 0;
    for (; cpu != NULL; cpu = find_cpu(cpu->base)) {
        features |= cpu->more;
    }
    *out_features = features;
    return LANES_OK;
}

/* The highest of the psABI's levels, which head the table, that a host runs. */
static const char *level_of(uint64_t host)
{
    const char *level = cpus[0].name;
    for (size_t i = 0; strncmp(cpus[i].name, "x86-64", strlen("x86-64")) == 0; i++) {
        uint64_t needed = 0;
        if (lanes_cpu_features(cpus[i].name, &needed, NULL) == LANES_OK &&
            (needed & ~host) == 0) {
            level = cpus[i].name;
        }
    }
    return level;
}

#define LISTED_MAX 3u /* missing features that a message names */

lanes_status lanes_cpu_check(const char *name, uint64_t host, lanes_error *err)
{
    uint64_t needed = 0;
    LANES_TRY(lanes_cpu_features(name, &needed, err));
    const uint64_t missing = needed & ~host;
    if (missing == 0) {
        return LANES_OK;
    }
    char list[96] = "";
    size_t used = 0;
    unsigned count = 0;
    for (size_t i = 0; i < LANES_CPU_FEATURE_COUNT; i++) {
        if ((missing >> i & 1u) != 0 && count++ < LISTED_MAX) {
            used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
                                     used > 0 ? ", " : "", feature_names[i]);
        }
    }
    if (count > LISTED_MAX) {
        snprintf(list + used, sizeof(list) - used, " and %u more", count - LISTED_MAX);
    }
    return lanes_error_set(err, LANES_E_INVALID,
                           "cpu '%s': this host cannot run code for it, because it lacks "
                           "%s; use native, or %s, the highest level that it has",
                           name, list, level_of(host));
}
