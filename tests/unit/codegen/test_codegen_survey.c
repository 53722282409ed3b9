/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The survey of an element: what the report counts in it.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

/* The only variant of a report; the report is the caller's. */
static json_t *variant_in(const json_t *report)
{
    json_t *variant = json_array_get(json_object_get(report, "variants"), 0);
    cr_assert_not_null(variant);
    return variant;
}

static json_t *report_of(const lanes_compile_request *request, const char *ir)
{
    lanes_codegen_output output = compile_request(request, ir);
    cr_assert_eq(output.result.status, LANES_OK, "%s", output.result.message);
    json_t *report = json_loads(output.report, 0, NULL);
    cr_assert_not_null(report);
    lanes_codegen_output_deinit(&output);
    return report;
}

/* Expect the members of `wanted`, JSON text, among those of per_element. */
static void expect_counts(const char *ir, const char *wanted)
{
    const lanes_compile_request request = request_for(ir);
    json_t *report = report_of(&request, ir);
    json_t *element = json_object_get(variant_in(report), "per_element");
    json_t *expected = json_loads(wanted, 0, NULL);
    cr_assert(json_is_object(expected), "%s", wanted);
    const char *key;
    json_t *value;
    json_object_foreach(expected, key, value)
    {
        json_t *got = json_object_get(element, key);
        char *text = json_dumps(got, JSON_ENCODE_ANY);
        cr_expect(json_equal(got, value), "%s is %s in\n%s", key, text, ir);
        free(text);
    }
    json_decref(expected);
    json_decref(report);
}

Test(codegen_survey, arithmetic_of_floats_is_counted, .timeout = 60)
{
    expect_counts("declare double @llvm.fma.f64(double, double, double)\n"
                  "declare double @sqrt(double)\n"
                  "declare double @llvm.maxnum.f64(double, double)\n"
                  "define double @f(double %x, double %y) {\n"
                  "  %a = fadd double %x, %y\n"
                  "  %b = fmul double %a, %y\n"
                  "  %c = fdiv double %b, %x\n"
                  "  %d = call double @llvm.fma.f64(double %c, double %x, double %y)\n"
                  "  %e = call double @sqrt(double %d)\n"
                  "  %g = call double @llvm.maxnum.f64(double %e, double %x)\n"
                  "  %h = fneg double %g\n"
                  "  ret double %h\n"
                  "}\n",
                  "{\"bytes\": 24, \"flops\": 7, \"integers\": 0, \"divisions\": 1,"
                  " \"square_roots\": 1, \"loads\": 0, \"branches\": 0, \"loops\": 0,"
                  " \"data_dependent\": false, \"calls\": {}}");
}

Test(codegen_survey, work_that_is_not_needed_is_not_counted, .timeout = 60)
{
    expect_counts("declare double @exp(double)\n"
                  "define double @f(double %x, double %y) {\n"
                  "  %place = alloca double\n"
                  "  %unused = fmul double %x, 7.0\n"
                  "  %a = call double @exp(double %x)\n"
                  "  store double %a, ptr %place\n"
                  "  %b = call double @exp(double %x)\n"
                  "  %c = load double, ptr %place\n"
                  "  %r = fadd double %b, %c\n"
                  "  ret double %r\n"
                  "}\n",
                  "{\"flops\": 1, \"loads\": 0, \"calls\": {\"exp\": 1}}");
}

Test(codegen_survey, calls_of_functions_are_counted_by_name, .timeout = 60)
{
    expect_counts("declare double @exp(double)\n"
                  "declare double @floor(double)\n"
                  "declare double @tgamma(double)\n"
                  "define double @f(double %x) {\n"
                  "  %a = call double @exp(double %x)\n"
                  "  %b = call double @exp(double %a)\n"
                  "  %c = call double @tgamma(double %b)\n"
                  "  %m = frem double %c, 3.0\n"
                  "  ret double %m\n"
                  "}\n",
                  "{\"flops\": 0, \"calls\": {\"exp\": 2, \"tgamma\": 1, \"fmod\": 1}}");
}

Test(codegen_survey, integers_divide_before_they_become_floats, .timeout = 60)
{
    expect_counts("define i32 @f(i32 %x, i32 %y) {\n"
                  "  %a = add i32 %x, 3\n"
                  "  %b = sdiv i32 %a, %y\n"
                  "  %c = udiv i32 %b, 10\n"
                  "  ret i32 %c\n"
                  "}\n",
                  "{\"bytes\": 12, \"flops\": 0, \"divisions\": 1}");
}

Test(codegen_survey, bytes_are_those_of_the_arrays, .timeout = 60)
{
    expect_counts("define float @f(i8 %x, double %y) {\n"
                  "  %a = sitofp i8 %x to float\n"
                  "  %b = fptrunc double %y to float\n"
                  "  %r = fmul float %a, %b\n"
                  "  ret float %r\n"
                  "}\n",
                  "{\"bytes\": 13, \"flops\": 1}");
}

Test(codegen_survey, loads_from_tables_are_counted, .timeout = 60)
{
    expect_counts("@table = internal constant [4 x double] [double 1.0, double 2.0,"
                  " double 3.0, double 5.0]\n"
                  "define double @f(i64 %k) {\n"
                  "  %i = and i64 %k, 3\n"
                  "  %p = getelementptr [4 x double], ptr @table, i64 0, i64 %i\n"
                  "  %r = load double, ptr %p\n"
                  "  ret double %r\n"
                  "}\n",
                  "{\"loads\": 1, \"integers\": 1, \"data_dependent\": false}");
}

/* The sum of x * 1, x * 2, ... up to `steps`. */
static void write_loop(char *ir, size_t bytes, const char *steps)
{
    snprintf(ir, bytes,
             "define double @f(double %%x, i64 %%n) {\n"
             "entry:\n"
             "  br label %%loop\n"
             "loop:\n"
             "  %%i = phi i64 [ 0, %%entry ], [ %%j, %%loop ]\n"
             "  %%s = phi double [ 0.0, %%entry ], [ %%t, %%loop ]\n"
             "  %%j = add i64 %%i, 1\n"
             "  %%k = fdiv double %%s, %%x\n"
             "  %%t = fadd double %%k, 1.0\n"
             "  %%go = icmp slt i64 %%j, %s\n"
             "  br i1 %%go, label %%loop, label %%end\n"
             "end:\n"
             "  ret double %%t\n"
             "}\n",
             steps);
}

Test(codegen_survey, short_loops_are_counted_step_by_step, .timeout = 60)
{
    char ir[1024];
    write_loop(ir, sizeof(ir), "5");
    /* Of the first step 0 / x is left, since x may be 0. */
    expect_counts(ir, "{\"flops\": 10, \"divisions\": 5, \"loops\": 0,"
                      " \"data_dependent\": false}");
}

Test(codegen_survey, work_of_loops_depends_on_the_data, .timeout = 60)
{
    char ir[1024];
    write_loop(ir, sizeof(ir), "%n");
    expect_counts(ir, "{\"flops\": 2, \"divisions\": 1, \"loops\": 1,"
                      " \"data_dependent\": true}");
}

Test(codegen_survey, work_of_recursion_depends_on_the_data, .timeout = 60)
{
    expect_counts("define i64 @f(i64 %n) {\n"
                  "  %small = icmp slt i64 %n, 2\n"
                  "  br i1 %small, label %done, label %more\n"
                  "more:\n"
                  "  %a = sub i64 %n, 1\n"
                  "  %b = call i64 @f(i64 %a)\n"
                  "  %c = sub i64 %n, 2\n"
                  "  %d = call i64 @f(i64 %c)\n"
                  "  %e = mul i64 %b, %d\n"
                  "  ret i64 %e\n"
                  "done:\n"
                  "  ret i64 %n\n"
                  "}\n",
                  "{\"data_dependent\": true}");
}

Test(codegen_survey, both_sides_of_branches_are_counted, .timeout = 60)
{
    expect_counts("declare double @exp(double)\n"
                  "define double @f(double %x, double %y) {\n"
                  "  %is = fcmp ogt double %x, 0.0\n"
                  "  br i1 %is, label %a, label %b\n"
                  "a:\n"
                  "  %p = call double @exp(double %y)\n"
                  "  %q = fdiv double %p, %x\n"
                  "  ret double %q\n"
                  "b:\n"
                  "  %m = fmul double %x, %y\n"
                  "  %n = fdiv double %m, %y\n"
                  "  ret double %n\n"
                  "}\n",
                  "{\"flops\": 3, \"divisions\": 2, \"branches\": 1,"
                  " \"calls\": {\"exp\": 1}}");
}

Test(codegen_survey, converted_arrays_count_as_they_are_stored, .timeout = 60)
{
    static const char ir[] = "define double @f(double %x) {\n"
                             "  %r = fmul double %x, 3.0\n"
                             "  ret double %r\n"
                             "}\n";
    lanes_compile_request request = request_for(ir);
    request.default_key = 0;
    request.key =
        (lanes_variant_key){.layout = {LANES_LAYOUT_CONTIGUOUS, LANES_LAYOUT_CONTIGUOUS},
                            .dtype = {LANES_F4}};
    json_t *report = report_of(&request, ir);
    json_t *element = json_object_get(variant_in(report), "per_element");
    cr_expect_eq(json_integer_value(json_object_get(element, "bytes")), 12);
    cr_expect_eq(json_integer_value(json_object_get(element, "flops")), 1);
    json_decref(report);
}

Test(codegen_survey, advice_names_what_is_in_the_way, .timeout = 60)
{
    static const char ir[] = "declare double @tgamma(double)\n"
                             "define double @f(double %x) {\n"
                             "  %r = call double @tgamma(double %x)\n"
                             "  ret double %r\n"
                             "}\n";
    const lanes_compile_request request = request_for(ir);
    json_t *report = report_of(&request, ir);
    json_t *advice = json_object_get(variant_in(report), "advice");
    cr_assert_eq(json_array_size(advice), 1);
    json_t *row = json_array_get(advice, 0);
    cr_expect_str_eq(json_string_value(json_object_get(row, "topic")), "call");
    cr_expect_not_null(strstr(json_string_value(json_object_get(row, "reason")),
                              "tgamma has no vector form"));
    cr_expect_not_null(json_object_get(row, "change"));
    json_decref(report);
}

Test(codegen_survey, advice_falls_back_on_llvms_own_words, .timeout = 60)
{
    static const char ir[] = "define i64 @f(i64 %x) {\n"
                             "  fence seq_cst\n"
                             "  %b = add i64 %x, 1\n"
                             "  ret i64 %b\n"
                             "}\n";
    const lanes_compile_request request = request_for(ir);
    json_t *report = report_of(&request, ir);
    json_t *row = json_array_get(json_object_get(variant_in(report), "advice"), 0);
    cr_expect_str_eq(json_string_value(json_object_get(row, "topic")), "compiler");
    cr_expect_not_null(strstr(json_string_value(json_object_get(row, "reason")),
                              "LLVM says: instruction cannot be vectorized"));
    json_decref(report);
}
