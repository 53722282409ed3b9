/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "kernel/cpu.h"

static lanes_error err;

static uint64_t features_of(const char *name)
{
    uint64_t features = 0;
    cr_assert_eq(lanes_cpu_features(name, &features, &err), LANES_OK, "%s", err.message);
    return features;
}

Test(kernel_cpu, levels_contain_each_other)
{
    static const char *const levels[] = {"x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"};
    cr_expect_eq(features_of(levels[0]), 0);
    for (size_t i = 1; i < LANES_ARRAY_COUNT(levels); i++) {
        const uint64_t below = features_of(levels[i - 1]);
        cr_expect_eq(features_of(levels[i]) & below, below);
        cr_expect_neq(features_of(levels[i]), below);
    }
}

Test(kernel_cpu, every_cpu_of_the_table_is_found)
{
    size_t count = 0;
    for (const char *name; (name = lanes_cpu_name(count)) != NULL; count++) {
        const uint64_t features = features_of(name);
        cr_expect(!LANES_CPU_HAS(features, AVX2) || LANES_CPU_HAS(features, AVX), "%s",
                  name);
        cr_expect(!LANES_CPU_HAS(features, AVX512F) || LANES_CPU_HAS(features, AVX2),
                  "%s", name);
    }
    cr_expect_gt(count, 40);
}

/* Against the compiler's own look at CPUID. */
Test(kernel_cpu, host_is_what_the_compiler_finds)
{
    const uint64_t host = lanes_cpu_host();
#define EXPECT_SAME(name, text)                                                          \
    cr_expect_eq(LANES_CPU_HAS(host, name), __builtin_cpu_supports(text) != 0, text)
    EXPECT_SAME(SSE3, "sse3");
    EXPECT_SAME(SSE4_2, "sse4.2");
    EXPECT_SAME(POPCNT, "popcnt");
    EXPECT_SAME(AVX, "avx");
    EXPECT_SAME(FMA, "fma");
    EXPECT_SAME(FMA4, "fma4");
    EXPECT_SAME(AVX2, "avx2");
    EXPECT_SAME(BMI2, "bmi2");
    EXPECT_SAME(AVX512F, "avx512f");
    EXPECT_SAME(AVX512DQ, "avx512dq");
    EXPECT_SAME(AVX512VL, "avx512vl");
    EXPECT_SAME(AVX512VBMI, "avx512vbmi");
    cr_expect_eq(features_of(LANES_CPU_NATIVE), host);
    cr_expect_eq(features_of(""), host);
}

Test(kernel_cpu, unknown_names_are_refused)
{
    static const char *const unknown[] = {"486",     "x86_64",  "x86-64-v5",
                                          "Haswell", "znver4 ", "apple-m1"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(unknown); i++) {
        uint64_t features;
        cr_expect_eq(lanes_cpu_features(unknown[i], &features, &err), LANES_E_INVALID);
        cr_expect_not_null(strstr(err.message, unknown[i]), "%s", err.message);
        cr_expect_not_null(strstr(err.message, "use native, x86-64,"), "%s", err.message);
        cr_expect_eq(lanes_cpu_check(unknown[i], UINT64_MAX, &err), LANES_E_INVALID);
    }
}

Test(kernel_cpu, code_that_a_host_cannot_run_is_refused)
{
    const uint64_t haswell = features_of("haswell");
    cr_expect_eq(lanes_cpu_check("haswell", haswell, &err), LANES_OK);
    cr_expect_eq(lanes_cpu_check("x86-64-v3", haswell, &err), LANES_OK);
    cr_expect_eq(lanes_cpu_check("broadwell", haswell, &err), LANES_E_INVALID);
    cr_expect_str_eq(
        err.message,
        "cpu 'broadwell': this host cannot run code for it, because it "
        "lacks adx; use native, or x86-64-v3, the highest level that it has");
    cr_expect_eq(lanes_cpu_check("x86-64-v4", haswell, &err), LANES_E_INVALID);
    cr_expect_str_eq(err.message,
                     "cpu 'x86-64-v4': this host cannot run code for it, because it "
                     "lacks avx512f, avx512dq, avx512cd and 2 more; use native, or "
                     "x86-64-v3, the highest level that it has");
    cr_expect_eq(lanes_cpu_check("x86-64-v2", 0, &err), LANES_E_INVALID);
    cr_expect_not_null(strstr(err.message, "or x86-64, the highest"), "%s", err.message);
    cr_expect_eq(lanes_cpu_check("x86-64", 0, &err), LANES_OK);
    for (size_t i = 0; lanes_cpu_name(i) != NULL; i++) { /* no message is cut off */
        if (lanes_cpu_check(lanes_cpu_name(i), 0, &err) < 0) {
            cr_expect_not_null(strstr(err.message, "that it has"), "%s", err.message);
        }
    }
}
