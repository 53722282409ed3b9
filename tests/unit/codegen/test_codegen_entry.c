/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which function is the callback, how it is called and what its signature is: found,
 * named, and refused. Not here: what its body may contain (test_codegen_admit.c).
 */
#include <criterion/criterion.h>
#include <string.h>

#include "harness.h"

static const char two_functions[] = "define double @a(double %x) {\n  ret double %x\n}\n"
                                    "define double @b(double %x) {\n  ret double %x\n}\n";

static const char numba_like[] =
    "define i32 @_ZN1fEd(ptr %ret, ptr %exc, double %x) {\n"
    "  store double %x, ptr %ret\n  ret i32 0\n}\n"
    "define linkonce_odr void @NRT_incref(ptr %p) {\n  ret void\n}\n"
    "declare void @numba_gil_ensure(ptr)\n"
    "define double @cfunc._ZN1fEd(double %x) {\n"
    "  %r = alloca double\n  call void @numba_gil_ensure(ptr %r)\n"
    "  %s = call i32 @_ZN1fEd(ptr %r, ptr null, double %x)\n"
    "  %v = load double, ptr %r\n  ret double %v\n}\n";

static void expect_signature(lanes_codegen_output *output, const char *wanted)
{
    char text[LANES_SIGNATURE_TEXT_MAX];
    cr_assert_eq(output->result.status, LANES_OK, "%s", output->result.message);
    lanes_signature_format(&output->result.signature, text);
    cr_expect_str_eq(text, wanted);
    lanes_codegen_output_deinit(output);
}

Test(codegen_entry, only_external_definition_is_found)
{
    lanes_codegen_output output =
        compile_text("define internal i64 @help(i64 %x) {\n  ret i64 %x\n}\n"
                     "define i64 @f(i32 %a, float %b, double %c, i64 %d) {\n"
                     "  %y = call i64 @help(i64 %d)\n  ret i64 %y\n}\n");
    expect_signature(&output, "i8(i4,f4,f8,i8)");
}

Test(codegen_entry, native_function_of_a_cfunc_is_found)
{
    lanes_codegen_output output = compile_text(numba_like);
    cr_assert_eq(output.result.status, LANES_OK, "%s", output.result.message);
    cr_expect(strstr(output.report, "\"convention\":\"numba\"") != NULL);
    cr_expect(strstr(output.report, "\"entry\":\"_ZN1fEd\"") != NULL);
    expect_signature(&output, "f8(f8)");
}

Test(codegen_entry, cfunc_and_native_name_select_the_same_function)
{
    static const char *const names[] = {"cfunc._ZN1fEd", "_ZN1fEd"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(names); i++) {
        lanes_compile_request request = request_for(numba_like);
        memcpy(request.entry, names[i], strlen(names[i]) + 1);
        lanes_codegen_output output = compile_request(&request, numba_like);
        cr_expect(strstr(output.report, "\"entry\":\"_ZN1fEd\"") != NULL);
        lanes_codegen_output_deinit(&output);
    }
}

Test(codegen_entry, named_entry_is_found_among_several)
{
    lanes_compile_request request = request_for(two_functions);
    request.entry[0] = 'b';
    lanes_codegen_output output = compile_request(&request, two_functions);
    cr_expect(strstr(output.report, "\"entry\":\"b\"") != NULL);
    expect_signature(&output, "f8(f8)");
}

Test(codegen_entry, none_and_several_are_refused)
{
    expect_refusal("define internal double @f(double %x) {\n  ret double %x\n}\n",
                   LANES_E_IR_ENTRY, "no function that could be the callback");
    expect_refusal(two_functions, LANES_E_IR_ENTRY, "2 candidate entries ('a', 'b')");
}

Test(codegen_entry, unknown_entry_lists_the_candidates)
{
    lanes_compile_request request = request_for(two_functions);
    request.entry[0] = 'c';
    lanes_codegen_output output = compile_request(&request, two_functions);
    cr_expect_eq(output.result.status, LANES_E_IR_ENTRY);
    cr_expect(strstr(output.result.message, "'c'; it has 'a', 'b'") != NULL, "%s",
              output.result.message);
    lanes_codegen_output_deinit(&output);
}

Test(codegen_entry, wrapper_without_native_function_is_refused)
{
    expect_refusal("declare i32 @g(ptr, ptr, double)\n"
                   "define double @cfunc.g(double %x) {\n  ret double %x\n}\n",
                   LANES_E_IR_ENTRY, "not the native function");
}

Test(codegen_entry, unsupported_types_are_named)
{
    expect_refusal("define double @f(ptr %x) {\n  ret double 0.0\n}\n",
                   LANES_E_IR_SIGNATURE, "argument 0 of 'f' has LLVM type ptr");
    expect_refusal("define i16 @f(double %x) {\n  ret i16 0\n}\n", LANES_E_IR_SIGNATURE,
                   "result 0 of 'f' has LLVM type i16");
    expect_refusal("define void @f(double %x) {\n  ret void\n}\n", LANES_E_IR_SIGNATURE,
                   "LLVM type void");
    expect_refusal("define double @f(double %x, ...) {\n  ret double %x\n}\n",
                   LANES_E_IR_SIGNATURE, "variable number");
}

Test(codegen_entry, unsigned_arguments_of_numba_are_refused)
{
    expect_refusal("define i32 @_ZN1fEiy(ptr %ret, ptr %e, i32 %x, i64 %y) {\n"
                   "  store i64 %y, ptr %ret\n  ret i32 0\n}\n",
                   LANES_E_IR_SIGNATURE, "argument 1 is uint64");
    lanes_codegen_output output =
        compile_text("define i32 @_ZN1fEix(ptr %ret, ptr %e, i32 %x, i64 %y) {\n"
                     "  store i64 %y, ptr %ret\n  ret i32 0\n}\n");
    expect_signature(&output, "i8(i4,i8)");
}

Test(codegen_entry, argument_count_is_limited)
{
    expect_refusal("define double @f() {\n  ret double 0.0\n}\n", LANES_E_IR_SIGNATURE,
                   "takes 0 arguments");
    expect_refusal("define i64 @f(i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, "
                   "i64, i64, i64, i64, i64) {\n  ret i64 0\n}\n",
                   LANES_E_IR_SIGNATURE, "takes 16 arguments; lanes needs 1 to 15");
}

Test(codegen_entry, given_signature_is_checked)
{
    lanes_compile_request request = request_for(numba_like);
    memcpy(request.signature, "f8(f4)", sizeof("f8(f4)"));
    lanes_codegen_output output = compile_request(&request, numba_like);
    cr_expect_eq(output.result.status, LANES_E_IR_SIGNATURE);
    cr_expect(strstr(output.result.message,
                     "'f8(f4)' was given, but '_ZN1fEd' is f8(f8)") != NULL,
              "%s", output.result.message);
    lanes_codegen_output_deinit(&output);
}
