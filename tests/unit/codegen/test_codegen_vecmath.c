/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vector math: all functions of libmvec, f8 and f4, for each vector instruction set: the
 * loop is vectorized, the report names the form, and on this host the values are within
 * 4 ulp of scalar libm. Ranges are ordinary; edges and MPFR are tests/accuracy's.
 */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "kernel/symbols.h"

struct function {
    const char *name;
    int arity;
};
#define ROW(name, arity) {#name, arity},
static const struct function functions[] = {LANES_VECTOR_MATH_TABLE(ROW)};

static const struct {
    const char *cpu;
    char form;
    uint32_t lanes_f8;
} targets[] = {{"x86-64", 'b', 2}, {"x86-64-v3", 'd', 4}, {"x86-64-v4", 'e', 8}};

static void write_ir(const struct function *f, bool is_float, char *text, size_t bytes)
{
    const char *type = is_float ? "float" : "double";
    const char *suffix = is_float ? "f" : "";
    if (f->arity == 2) {
        snprintf(text, bytes,
                 "declare %s @%s%s(%s, %s)\ndefine %s @callback(%s %%x, %s %%y) {\n"
                 "  %%r = call %s @%s%s(%s %%x, %s %%y)\n  ret %s %%r\n}\n",
                 type, f->name, suffix, type, type, type, type, type, type, f->name,
                 suffix, type, type, type);
    } else {
        snprintf(text, bytes,
                 "declare %s @%s%s(%s)\ndefine %s @callback(%s %%x) {\n"
                 "  %%r = call %s @%s%s(%s %%x)\n  ret %s %%r\n}\n",
                 type, f->name, suffix, type, type, type, type, f->name, suffix, type,
                 type);
    }
}

/* The served_by of the report's only external. */
static void expect_served_by(const lanes_codegen_output *output, const char *wanted)
{
    json_t *report = json_loads(output->report, 0, NULL);
    json_t *row = json_array_get(json_object_get(report, "externals"), 0);
    const char *served_by = json_string_value(json_object_get(row, "served_by"));
    cr_expect_str_eq(served_by, wanted);
    json_decref(report);
}

static void check_shape(const struct function *f, bool is_float, size_t target)
{
    char ir[512];
    char wanted[64];
    write_ir(f, is_float, ir, sizeof(ir));
    lanes_compile_request request = request_for(ir);
    memcpy(request.cpu, targets[target].cpu, strlen(targets[target].cpu) + 1);
    lanes_codegen_output output = compile_request(&request, ir);
    const uint32_t lanes = targets[target].lanes_f8 * (is_float ? 2 : 1);
    cr_assert_eq(output.result.status, LANES_OK, "%s", output.result.message);
    cr_expect_eq(output.result.info.vector_width, lanes, "%s%s for %s: width %u", f->name,
                 is_float ? "f" : "", targets[target].cpu,
                 output.result.info.vector_width);
    snprintf(wanted, sizeof(wanted), "libmvec _ZGV%cN%u%s_%s%s", targets[target].form,
             lanes, f->arity == 2 ? "vv" : "v", f->name, is_float ? "f" : "");
    expect_served_by(&output, wanted);
    lanes_codegen_output_deinit(&output);
}

Test(codegen_vecmath, every_function_vectorizes_for_every_instruction_set, .timeout = 120)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(functions); i++) {
        for (size_t t = 0; t < LANES_ARRAY_COUNT(targets); t++) {
            check_shape(&functions[i], false, t);
            check_shape(&functions[i], true, t);
        }
    }
}

#define POINTS 4001

/* Points inside every function's domain: acosh wants >= 1, the inverse ones |x| <= 1. */
static double point(const char *name, int i)
{
    const double t = (i + 0.5) / POINTS;
    if (strcmp(name, "acosh") == 0) {
        return 1.0 + 20.0 * t;
    }
    if (strstr("acos asin atanh", name) != NULL) {
        return 2.0 * t - 1.0;
    }
    if (strncmp(name, "log", 3) == 0 || strcmp(name, "pow") == 0) {
        return 1e-3 + 50.0 * t;
    }
    return 20.0 * t - 10.0;
}

static void *scalar_of(const char *name, const char *suffix)
{
    char symbol[16];
    snprintf(symbol, sizeof(symbol), "%s%s", name, suffix);
    void *address = dlsym(RTLD_DEFAULT, symbol);
    cr_assert(address != NULL, "no %s in libm", symbol);
    return address;
}

static double worst_f8(const struct function *f)
{
    static double x[POINTS], y[POINTS], z[POINTS];
    char ir[512];
    write_ir(f, false, ir, sizeof(ir));
    const lanes_compile_request request = request_for(ir);
    for (int i = 0; i < POINTS; i++) {
        x[i] = point(f->name, i);
        y[i] = 3.0 * sin(i);
    }
    void *scalar = scalar_of(f->name, "");
    double (*one)(double);
    double (*two)(double, double);
    memcpy(&one, &scalar, sizeof(one));
    memcpy(&two, &scalar, sizeof(two));
    run_loop(loop_of(&request, ir), 0, POINTS, x, f->arity == 2 ? y : z, z, NULL);
    double worst = 0;
    for (int i = 0; i < POINTS; i++) {
        worst = fmax(worst,
                     ulp_distance_f8(z[i], f->arity == 2 ? two(x[i], y[i]) : one(x[i])));
    }
    return worst;
}

static double worst_f4(const struct function *f)
{
    static float x[POINTS], y[POINTS], z[POINTS];
    char ir[512];
    write_ir(f, true, ir, sizeof(ir));
    const lanes_compile_request request = request_for(ir);
    for (int i = 0; i < POINTS; i++) {
        x[i] = (float)point(f->name, i);
        y[i] = 3.0f * sinf((float)i);
    }
    void *scalar = scalar_of(f->name, "f");
    float (*one)(float);
    float (*two)(float, float);
    memcpy(&one, &scalar, sizeof(one));
    memcpy(&two, &scalar, sizeof(two));
    run_loop(loop_of(&request, ir), 0, POINTS, x, f->arity == 2 ? y : z, z, NULL);
    double worst = 0;
    for (int i = 0; i < POINTS; i++) {
        worst = fmax(worst,
                     ulp_distance_f4(z[i], f->arity == 2 ? two(x[i], y[i]) : one(x[i])));
    }
    return worst;
}

Test(codegen_vecmath, values_are_within_4_ulp_of_scalar_libm, .timeout = 60)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(functions); i++) {
        const double f8 = worst_f8(&functions[i]);
        const double f4 = worst_f4(&functions[i]);
        cr_expect(f8 <= 4, "%s: %g ulp", functions[i].name, f8);
        cr_expect(f4 <= 4, "%sf: %g ulp", functions[i].name, f4);
    }
}

/* The intrinsics Numba and clang emit take the same forms as the plain calls. */
Test(codegen_vecmath, intrinsics_vectorize)
{
    static const char *const names[] = {"sin", "cos",  "exp",  "exp2",
                                        "log", "log2", "log10"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(names); i++) {
        char ir[256];
        char wanted[64];
        snprintf(ir, sizeof(ir),
                 "declare double @llvm.%s.f64(double)\ndefine double @f(double %%x) {\n"
                 "  %%y = call double @llvm.%s.f64(double %%x)\n  ret double %%y\n}\n",
                 names[i], names[i]);
        lanes_compile_request request = request_for(ir);
        memcpy(request.cpu, "x86-64-v4", sizeof("x86-64-v4"));
        lanes_codegen_output output = compile_request(&request, ir);
        cr_expect_eq(output.result.info.vector_width, 8);
        snprintf(wanted, sizeof(wanted), "libmvec _ZGVeN8v_%s", names[i]);
        expect_served_by(&output, wanted);
        lanes_codegen_output_deinit(&output);
    }
}

Test(codegen_vecmath, sincos_becomes_sin_and_cos)
{
    static const char ir[] =
        "declare void @sincos(double, ptr, ptr)\n"
        "define double @f(double %x) {\n  %s = alloca double\n  %c = alloca double\n"
        "  call void @sincos(double %x, ptr %s, ptr %c)\n"
        "  %a = load double, ptr %s\n  %b = load double, ptr %c\n"
        "  %r = fmul double %a, %b\n  ret double %r\n}\n";
    lanes_compile_request request = request_for(ir);
    memcpy(request.cpu, "x86-64-v4", sizeof("x86-64-v4"));
    lanes_codegen_output output = compile_request(&request, ir);
    cr_assert_eq(output.result.status, LANES_OK, "%s", output.result.message);
    cr_expect_eq(output.result.info.vector_width, 8);
    lanes_codegen_output_deinit(&output);
    const lanes_compile_request here = request_for(ir);
    double x[100], z[100];
    for (int i = 0; i < 100; i++) {
        x[i] = 0.1 * i;
    }
    run_loop(loop_of(&here, ir), 0, 100, x, z, NULL, NULL);
    for (int i = 0; i < 100; i++) {
        cr_assert(fabs(z[i] - sin(x[i]) * cos(x[i])) < 1e-14);
    }
}

Test(codegen_vecmath, exact_math_calls_scalar_libm)
{
    static const char ir[] =
        "declare double @exp(double)\ndefine double @f(double %x) {\n"
        "  %y = call double @exp(double %x)\n  ret double %y\n}\n";
    lanes_compile_request request = request_for(ir);
    request.math = LANES_MATH_EXACT;
    lanes_codegen_output output = compile_request(&request, ir);
    expect_served_by(&output, "libm");
    lanes_codegen_output_deinit(&output);
    double x[100], z[100];
    for (int i = 0; i < 100; i++) {
        x[i] = 0.37 * i;
    }
    run_loop(loop_of(&request, ir), 0, 100, x, z, NULL, NULL);
    for (int i = 0; i < 100; i++) {
        cr_assert_eq(z[i], exp(x[i]));
    }
}

Test(codegen_vecmath, calls_under_a_condition_vectorize)
{
    static const char ir[] =
        "declare double @log(double)\ndefine double @f(double %x) {\n"
        "  %p = fcmp ogt double %x, 0.0\n"
        "  br i1 %p, label %yes, label %no\n"
        "yes:\n  %y = call double @log(double %x)\n  ret double %y\n"
        "no:\n  ret double 0.0\n}\n";
    lanes_compile_request request = request_for(ir);
    memcpy(request.cpu, "x86-64-v4", sizeof("x86-64-v4"));
    lanes_codegen_output output = compile_request(&request, ir);
    cr_expect_eq(output.result.info.vector_width, 8);
    lanes_codegen_output_deinit(&output);
}

Test(codegen_vecmath, raising_callbacks_vectorize)
{
    static const char ir[] =
        "define i32 @_ZN3divEff(ptr %ret, ptr %e, float %x, float %y) {\n"
        "  %zero = fcmp oeq float %y, 0.0\n  br i1 %zero, label %bad, label %good\n"
        "bad:\n  ret i32 1\n"
        "good:\n  %q = fdiv float %x, %y\n  store float %q, ptr %ret\n  ret i32 0\n}\n";
    lanes_compile_request request = request_for(ir);
    memcpy(request.cpu, "x86-64-v4", sizeof("x86-64-v4"));
    lanes_codegen_output output = compile_request(&request, ir);
    cr_expect_eq(output.result.info.vector_width, 16);
    cr_expect_eq(output.result.may_raise, 1);
    lanes_codegen_output_deinit(&output);
}

Test(codegen_vecmath, stages_are_reported_on_request)
{
    static const char ir[] = "define double @f(double %x) {\n  ret double %x\n}\n";
    lanes_compile_request request = request_for(ir);
    request.flags = LANES_ABI_KERNEL_STAGES;
    lanes_codegen_output output = compile_request(&request, ir);
    json_t *report = json_loads(output.report, 0, NULL);
    json_t *stages = json_object_get(report, "stages");
    static const char *const names[] = {"in", "wrapped", "optimised", "asm"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(names); i++) {
        cr_expect(json_string_length(json_object_get(stages, names[i])) > 40, "%s",
                  names[i]);
    }
    json_decref(report);
    lanes_codegen_output_deinit(&output);
}
