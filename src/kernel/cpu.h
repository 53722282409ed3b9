/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpu.h - the CPUs that code can be compiled for, and what each must have.
 *
 * LLVM is asked by name and tells neither whether it knows the name nor what code for it
 * may use, so both are here: the executor checks its option before it starts anything,
 * and codegen learns how wide vectors are.
 */
#ifndef LANES_KERNEL_CPU_H
#define LANES_KERNEL_CPU_H

#include <string.h>

#include "base/base.h"

/** What stands for this host with all that it has; so does "". */
#define LANES_CPU_NATIVE "native"

/**
 * X(name, LLVM's name, where CPUID tells it, the registers that it works on): features
 * beyond SSE2 that instructions in compiled code may need. Those of an operating system
 * (pku, sgx, xsaves) are none, and hypervisors hide them.
 */
#define LANES_CPU_FEATURE_TABLE(X)                                                       \
    X(SSE3, "sse3", LEAF_1_ECX, 0, XMM)                                                  \
    X(PCLMUL, "pclmul", LEAF_1_ECX, 1, XMM)                                              \
    X(SSSE3, "ssse3", LEAF_1_ECX, 9, XMM)                                                \
    X(FMA, "fma", LEAF_1_ECX, 12, YMM)                                                   \
    X(CX16, "cx16", LEAF_1_ECX, 13, XMM)                                                 \
    X(SSE4_1, "sse4.1", LEAF_1_ECX, 19, XMM)                                             \
    X(SSE4_2, "sse4.2", LEAF_1_ECX, 20, XMM)                                             \
    X(MOVBE, "movbe", LEAF_1_ECX, 22, XMM)                                               \
    X(POPCNT, "popcnt", LEAF_1_ECX, 23, XMM)                                             \
    X(AES, "aes", LEAF_1_ECX, 25, XMM)                                                   \
    X(AVX, "avx", LEAF_1_ECX, 28, YMM)                                                   \
    X(F16C, "f16c", LEAF_1_ECX, 29, YMM)                                                 \
    X(BMI, "bmi", LEAF_7_EBX, 3, XMM)                                                    \
    X(AVX2, "avx2", LEAF_7_EBX, 5, YMM)                                                  \
    X(BMI2, "bmi2", LEAF_7_EBX, 8, XMM)                                                  \
    X(AVX512F, "avx512f", LEAF_7_EBX, 16, ZMM)                                           \
    X(AVX512DQ, "avx512dq", LEAF_7_EBX, 17, ZMM)                                         \
    X(ADX, "adx", LEAF_7_EBX, 19, XMM)                                                   \
    X(AVX512IFMA, "avx512ifma", LEAF_7_EBX, 21, ZMM)                                     \
    X(AVX512CD, "avx512cd", LEAF_7_EBX, 28, ZMM)                                         \
    X(SHA, "sha", LEAF_7_EBX, 29, XMM)                                                   \
    X(AVX512BW, "avx512bw", LEAF_7_EBX, 30, ZMM)                                         \
    X(AVX512VL, "avx512vl", LEAF_7_EBX, 31, ZMM)                                         \
    X(AVX512VBMI, "avx512vbmi", LEAF_7_ECX, 1, ZMM)                                      \
    X(AVX512VBMI2, "avx512vbmi2", LEAF_7_ECX, 6, ZMM)                                    \
    X(GFNI, "gfni", LEAF_7_ECX, 8, XMM)                                                  \
    X(VAES, "vaes", LEAF_7_ECX, 9, YMM)                                                  \
    X(VPCLMULQDQ, "vpclmulqdq", LEAF_7_ECX, 10, YMM)                                     \
    X(AVX512VNNI, "avx512vnni", LEAF_7_ECX, 11, ZMM)                                     \
    X(AVX512BITALG, "avx512bitalg", LEAF_7_ECX, 12, ZMM)                                 \
    X(AVX512VPOPCNTDQ, "avx512vpopcntdq", LEAF_7_ECX, 14, ZMM)                           \
    X(AVX512VP2INTERSECT, "avx512vp2intersect", LEAF_7_EDX, 8, ZMM)                      \
    X(AVX512FP16, "avx512fp16", LEAF_7_EDX, 23, ZMM)                                     \
    X(SHA512, "sha512", LEAF_7_1_EAX, 0, YMM)                                            \
    X(SM3, "sm3", LEAF_7_1_EAX, 1, YMM)                                                  \
    X(SM4, "sm4", LEAF_7_1_EAX, 2, YMM)                                                  \
    X(AVXVNNI, "avxvnni", LEAF_7_1_EAX, 4, YMM)                                          \
    X(AVX512BF16, "avx512bf16", LEAF_7_1_EAX, 5, ZMM)                                    \
    X(AVXIFMA, "avxifma", LEAF_7_1_EAX, 23, YMM)                                         \
    X(AVXVNNIINT8, "avxvnniint8", LEAF_7_1_EDX, 4, YMM)                                  \
    X(AVXNECONVERT, "avxneconvert", LEAF_7_1_EDX, 5, YMM)                                \
    X(AVXVNNIINT16, "avxvnniint16", LEAF_7_1_EDX, 10, YMM)                               \
    X(SAHF, "sahf", LEAF_EXTENDED_ECX, 0, XMM)                                           \
    X(LZCNT, "lzcnt", LEAF_EXTENDED_ECX, 5, XMM)                                         \
    X(SSE4A, "sse4a", LEAF_EXTENDED_ECX, 6, XMM)                                         \
    X(XOP, "xop", LEAF_EXTENDED_ECX, 11, YMM)                                            \
    X(FMA4, "fma4", LEAF_EXTENDED_ECX, 16, YMM)                                          \
    X(TBM, "tbm", LEAF_EXTENDED_ECX, 21, XMM)

/** Index of a feature; it is bit 1 << index of a set. */
enum lanes_cpu_feature {
#define LANES_CPU_FEATURE_INDEX(name, text, leaf, bit, registers) LANES_CPU_##name,
    LANES_CPU_FEATURE_TABLE(LANES_CPU_FEATURE_INDEX)
#undef LANES_CPU_FEATURE_INDEX
        LANES_CPU_FEATURE_COUNT
};
_Static_assert(LANES_CPU_FEATURE_COUNT <= 64, "a set of features is one word");

#define LANES_CPU_HAS(features, name) (((features) >> LANES_CPU_##name & 1u) != 0)

static inline bool lanes_cpu_is_native(const char *name)
{
    return name[0] == '\0' || strcmp(name, LANES_CPU_NATIVE) == 0;
}

/** The features of this host that its operating system lets programs use. */
uint64_t lanes_cpu_host(void);

/** What code for the CPU @p name uses; LANES_E_INVALID if there is no such name. */
LANES_NODISCARD lanes_status lanes_cpu_features(const char *name, uint64_t *out_features,
                                                lanes_error *err);

/**
 * LANES_OK if code for the CPU @p name runs where there is @p host, lanes_cpu_host();
 * else LANES_E_INVALID, and @p err says what is missing and which name would do.
 */
LANES_NODISCARD lanes_status lanes_cpu_check(const char *name, uint64_t host,
                                             lanes_error *err);

/** The name of CPU @p index of the table, "x86-64" first; NULL behind the last. */
const char *lanes_cpu_name(size_t index);

#endif /* LANES_KERNEL_CPU_H */
