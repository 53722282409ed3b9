/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same number gives the same bits: whether it is the element of an array or the one
 * number of all elements, in the loop and in the lanes_explain_fn, at every instruction
 * set that this host has.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "kernel/cpu.h"

#define COUNT  70
#define POINTS 60

static const char *const cpus[] = {"x86-64", "sandybridge", "x86-64-v3", "x86-64-v4"};

/* A kernel's variant for one CPU; false if this host does not run it. */
static bool variant_for(const char *cpu, const char *ir, const char *signature,
                        const lanes_variant_key *key, kernel *out_kernel)
{
    if (lanes_cpu_check(cpu, lanes_cpu_host(), NULL) < 0) {
        return false;
    }
    lanes_compile_request request = request_with(ir, signature);
    request.default_key = 0;
    request.key = *key;
    snprintf(request.cpu, sizeof(request.cpu), "%s", cpu);
    *out_kernel = kernel_of(&request, ir);
    return true;
}

/* ---- Layouts --------------------------------------------------------------------------
 */

static const struct {
    const char *name;
    const char *signature;
    const char *ir;
} callbacks[] = {
    {"one call", "f8(f8,f8)",
     "declare double @exp(double)\n"
     "define double @f(double %s, double %x) {\n"
     "  %a = call double @exp(double %s)\n  %r = fmul double %a, %x\n"
     "  ret double %r\n}\n"},
    {"two calls side by side", "f8(f8,f8,f8)",
     "declare double @cbrt(double)\n"
     "define double @f(double %s, double %t, double %x) {\n"
     "  %a = call double @cbrt(double %s)\n  %b = call double @cbrt(double %t)\n"
     "  %c = fmul double %a, %b\n  %r = fmul double %c, %x\n  ret double %r\n}\n"},
    {"two arguments", "f8(f8,f8,f8)",
     "declare double @llvm.pow.f64(double, double)\n"
     "define double @f(double %s, double %t, double %x) {\n"
     "  %a = call double @llvm.pow.f64(double %s, double %t)\n"
     "  %r = fmul double %a, %x\n  ret double %r\n}\n"},
    {"f4", "f4(f4,f4)",
     "declare float @sinf(float)\n"
     "define float @f(float %s, float %x) {\n"
     "  %a = call float @sinf(float %s)\n  %r = fmul float %a, %x\n  ret float %r\n}\n"},
    {"f4 beside f8, results f4", "f4(f4,f8)",
     "declare float @expf(float)\n"
     "define float @f(float %s, double %x) {\n"
     "  %a = call float @expf(float %s)\n  %b = fpext float %a to double\n"
     "  %c = fmul double %b, %x\n  %r = fptrunc double %c to float\n  ret float %r\n}\n"},
    {"f4 beside f8, results f8", "f8(f8,f4)",
     "declare float @cbrtf(float)\n"
     "define double @f(double %s, float %x) {\n"
     "  %t = fptrunc double %s to float\n  %u = fmul float %t, %x\n"
     "  %a = call float @cbrtf(float %u)\n  %b = fpext float %a to double\n"
     "  %r = fmul double %b, %s\n  ret double %r\n}\n"},
    {"functions of both", "f4(f8,f4)",
     "declare float @expf(float)\ndeclare double @log2(double)\n"
     "define float @f(double %s, float %x) {\n"
     "  %a = call float @expf(float %x)\n  %b = call double @log2(double %s)\n"
     "  %c = fptrunc double %b to float\n  %r = fmul float %a, %c\n  ret float %r\n}\n"},
};

struct operand {
    _Alignas(64) unsigned char bytes[COUNT * sizeof(double)];
};

static void fill(struct operand *operand, uint32_t dtype, double value)
{
    for (size_t i = 0; i < COUNT; i++) {
        const float narrow = (float)value;
        if (dtype == LANES_F4) {
            memcpy(operand->bytes + i * sizeof(narrow), &narrow, sizeof(narrow));
        } else {
            memcpy(operand->bytes + i * sizeof(value), &value, sizeof(value));
        }
    }
}

/* Runs the variant whose inputs in `uniform` are one number each. */
static void run_layout(const char *cpu, size_t c, uint32_t uniform,
                       struct operand values[POINTS], bool *out_runs)
{
    lanes_signature signature;
    lanes_error err;
    cr_assert_eq(lanes_signature_parse(callbacks[c].signature, &signature, &err),
                 LANES_OK);
    lanes_variant_key key;
    lanes_variant_key_contiguous(&signature, &key);
    for (uint32_t k = 0; k < signature.input_count; k++) {
        if ((uniform >> k & 1u) != 0) {
            key.layout[k] = LANES_LAYOUT_UNIFORM;
        }
    }
    kernel made;
    *out_runs = variant_for(cpu, callbacks[c].ir, callbacks[c].signature, &key, &made);
    for (int p = 0; *out_runs && p < POINTS; p++) {
        static struct operand input[3];
        void *operands[4];
        for (uint32_t k = 0; k < signature.input_count; k++) {
            fill(&input[k], signature.dtype[k], 0.37 + 0.0831 * p + 0.71 * k);
            operands[k] = input[k].bytes;
        }
        operands[signature.input_count] = values[p].bytes;
        const lanes_loop_frame frame = frame_of(&made, operands);
        cr_assert_eq(run_frame(&made, &frame, 0, COUNT).failed, 0);
    }
}

static void compare_layouts(const char *cpu, size_t c)
{
    static struct operand wanted[POINTS];
    static struct operand got[POINTS];
    bool runs;
    memset(wanted, 0, sizeof(wanted));
    run_layout(cpu, c, 0, wanted, &runs);
    const bool has_three =
        strchr(callbacks[c].signature, ',') != strrchr(callbacks[c].signature, ',');
    for (uint32_t uniform = 1; runs && uniform < (has_three ? 8u : 4u); uniform++) {
        memset(got, 0, sizeof(got));
        run_layout(cpu, c, uniform, got, &runs);
        int different = 0;
        for (int p = 0; p < POINTS; p++) {
            different += memcmp(got[p].bytes, wanted[p].bytes, sizeof(got[p].bytes)) != 0;
        }
        cr_expect_eq(different, 0, "%s for %s, uniform inputs %x: %d of %d differ",
                     callbacks[c].name, cpu, uniform, different, POINTS);
    }
}

Test(codegen_agree, one_number_for_all_gives_the_bits_of_an_array, .timeout = 240)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cpus); i++) {
        for (size_t c = 0; c < LANES_ARRAY_COUNT(callbacks); c++) {
            compare_layouts(cpus[i], c);
        }
    }
}

/* ---- Explaining -----------------------------------------------------------------------
 */

/* Fails by the last bit of what is computed: any other bits would not fail there. */
#define RAISE_BY_LAST_BIT                                                                \
    "  %bits = bitcast float %v to i32\n  %last = and i32 %bits, 1\n"                    \
    "  %bad = icmp ne i32 %last, 0\n  br i1 %bad, label %raise, label %fine\n"           \
    "raise:\n  ret i32 1\n"                                                              \
    "fine:\n  store float %v, ptr %ret\n  ret i32 0\n}\n"

static void expect_explained(const char *ir, uint32_t fp, bool has_uniform)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cpus); i++) {
        if (lanes_cpu_check(cpus[i], lanes_cpu_host(), NULL) < 0) {
            continue;
        }
        lanes_compile_request request = request_with(ir, "f4(f4,f4)");
        request.fp = fp;
        request.default_key = 0;
        request.key = (lanes_variant_key){.layout = {1, 1, 1}};
        request.key.layout[1] =
            has_uniform ? LANES_LAYOUT_UNIFORM : LANES_LAYOUT_CONTIGUOUS;
        snprintf(request.cpu, sizeof(request.cpu), "%s", cpus[i]);
        const kernel k = kernel_of(&request, ir);
        cr_expect_gt(k.result.info.vector_width, 1, "%s", cpus[i]);
        int unexplained = 0;
        uint64_t failed = 0;
        for (int p = 0; p < 2000; p++) {
            static float x[COUNT], y[COUNT], r[COUNT];
            x[0] = 1.0f + 0.003f * (float)p;
            y[0] = 3.0f - 0.0007f * (float)p;
            const lanes_loop_frame frame = frame_of(&k, (void *[]){x, y, r});
            const lanes_loop_result result = run_frame(&k, &frame, 0, 1);
            const void *excinfo;
            failed += result.failed;
            unexplained +=
                result.failed == 1 && k.explain(&frame, 0, &excinfo) == LANES_ELEMENT_OK;
        }
        cr_expect(failed > 200 && failed < 1800, "%s: %d fail", cpus[i], (int)failed);
        cr_expect_eq(unexplained, 0, "%s: %d did not repeat", cpus[i], unexplained);
    }
}

Test(codegen_agree, failures_repeat_where_one_number_serves_all, .timeout = 240)
{
    expect_explained(
        "declare float @expf(float)\n"
        "define i32 @_ZN1fEff(ptr %ret, ptr %exc, float %x, float %y) {\n"
        "  %e = call float @expf(float %y)\n  %g = call float @expf(float %x)\n"
        "  %v = fmul float %e, %g\n" RAISE_BY_LAST_BIT,
        LANES_FP_STRICT, true);
}

Test(codegen_agree, fast_divisions_repeat, .timeout = 240)
{
    expect_explained("define i32 @_ZN1fEff(ptr %ret, ptr %exc, float %x, float %y) {\n"
                     "  %v = fdiv float %x, %y\n" RAISE_BY_LAST_BIT,
                     LANES_FP_FAST, false);
}

Test(codegen_agree, fast_roots_repeat, .timeout = 240)
{
    expect_explained("declare float @llvm.sqrt.f32(float)\n"
                     "define i32 @_ZN1fEff(ptr %ret, ptr %exc, float %x, float %y) {\n"
                     "  %s = call float @llvm.sqrt.f32(float %y)\n"
                     "  %v = fdiv float %x, %s\n" RAISE_BY_LAST_BIT,
                     LANES_FP_FAST, false);
}

/* ---- Names ----------------------------------------------------------------------------
 */

/* served_by of the report's row `name`; "" if there is none. */
static void find_server(const char *ir, const char *name, char text[64])
{
    lanes_compile_request request = request_for(ir);
    snprintf(request.cpu, sizeof(request.cpu), "x86-64-v4");
    lanes_codegen_output output = compile_request(&request, ir);
    cr_assert_eq(output.result.status, LANES_OK, "%s", output.result.message);
    cr_expect_geq(output.result.info.vector_width, 8);
    json_t *report = json_loads(output.report, 0, NULL);
    size_t index;
    json_t *row;
    text[0] = '\0';
    json_array_foreach(json_object_get(report, "externals"), index, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "name")), name) == 0) {
            snprintf(text, 64, "%s",
                     json_string_value(json_object_get(row, "served_by")));
        }
    }
    json_decref(report);
    lanes_codegen_output_deinit(&output);
}

Test(codegen_agree, functions_that_llvm_replaces_have_vector_forms)
{
    static const struct {
        const char *call;
        const char *name;
        const char *served_by;
    } rows[] = {
        {"call double @pow(double 2.0, double %x)", "exp2", "libmvec _ZGVeN8v_exp2"},
        {"call double @pow(double 8.0, double %x)", "exp2", "libmvec _ZGVeN8v_exp2"},
        {"call fast double @pow(double 3.0, double %x)", "exp2", "libmvec _ZGVeN8v_exp2"},
        {"call double @pow(double 10.0, double %x)", "pow", "libmvec _ZGVeN8vv_pow"},
        {"call double @pow(double %x, double 0.5)", "pow", "instructions"},
        {"call double @pow(double %x, double 2.0)", "pow", "instructions"},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        char ir[256];
        char served_by[64];
        snprintf(ir, sizeof(ir),
                 "declare double @pow(double, double)\ndefine double @f(double %%x) {\n"
                 "  %%r = %s\n  ret double %%r\n}\n",
                 rows[i].call);
        find_server(ir, rows[i].name, served_by);
        cr_expect_str_eq(served_by, rows[i].served_by, "%s: %s is served by '%s'",
                         rows[i].call, rows[i].name, served_by);
    }
}

/* The form that fits what all variants of a kernel have in common. */
Test(codegen_agree, f4_functions_have_one_form_in_a_kernel)
{
    static const struct {
        const char *ir;
        const char *served_by;
    } rows[] = {
        {"define float @f(float %x) {\n"
         "  %r = call float @cbrtf(float %x)\n  ret float %r\n}\n",
         "libmvec _ZGVeN16v_cbrtf"},
        {"define float @f(float %x, double %y) {\n  %c = call float @cbrtf(float %x)\n"
         "  %d = fpext float %c to double\n  %e = fmul double %d, %y\n"
         "  %r = fptrunc double %e to float\n  ret float %r\n}\n",
         "libmvec _ZGVeN16v_cbrtf"},
        {"define double @f(float %x) {\n  %c = call float @cbrtf(float %x)\n"
         "  %r = fpext float %c to double\n  ret double %r\n}\n",
         "libmvec _ZGVdN8v_cbrtf"},
        {"declare double @log(double)\n"
         "define float @f(float %x) {\n  %c = call float @cbrtf(float %x)\n"
         "  %d = fpext float %c to double\n  %e = call double @log(double %d)\n"
         "  %r = fptrunc double %e to float\n  ret float %r\n}\n",
         "libmvec _ZGVdN8v_cbrtf"},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        char ir[512];
        char served_by[64];
        snprintf(ir, sizeof(ir), "declare float @cbrtf(float)\n%s", rows[i].ir);
        find_server(ir, "cbrtf", served_by);
        cr_expect_str_eq(served_by, rows[i].served_by, "row %zu: '%s'", i, served_by);
    }
}
