/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a callback's module may contain: every rule refuses, and says its name; what the
 * callback does not reach does not count. Also reading: text, bitcode, damaged input.
 */
#include <criterion/criterion.h>
#include <llvm-c/BitWriter.h>
#include <llvm-c/Core.h>
#include <llvm-c/IRReader.h>
#include <string.h>

#include "harness.h"

#define PLAIN_BODY "  %y = fadd double %x, 1.0\n  ret double %y\n}\n"

Test(codegen_admit, rules_refuse_by_name)
{
    static const struct {
        const char *rule;
        const char *ir;
    } cases[] = {
        {"rule module-asm",
         "module asm \".globl x\"\ndefine double @f(double %x) {\n" PLAIN_BODY},
        {"rule ifunc", "@i = ifunc double (double), ptr @r\n"
                       "define internal ptr @r() {\n  ret ptr null\n}\n"
                       "define double @f(double %x) {\n" PLAIN_BODY},
        {"rule constructor",
         "@llvm.global_ctors = appending global [1 x { i32, ptr, ptr }] "
         "[{ i32, ptr, ptr } { i32 1, ptr @c, ptr null }]\n"
         "define internal void @c() {\n  ret void\n}\n"
         "define double @f(double %x) {\n" PLAIN_BODY},
        {"rule inline-asm", "define double @f(double %x) {\n"
                            "  call void asm sideeffect \"nop\", \"\"()\n" PLAIN_BODY},
        {"rule thread-local", "@t = internal thread_local global i64 0\n"
                              "define i64 @f(i64 %x) {\n  %p = call ptr "
                              "@llvm.threadlocal.address.p0(ptr @t)\n"
                              "  %y = load i64, ptr %p\n  ret i64 %y\n}\n"
                              "declare ptr @llvm.threadlocal.address.p0(ptr)\n"},
        {"rule mutable-global", "@n = internal global [2 x i64] zeroinitializer\n"
                                "define i64 @f(i64 %x) {\n"
                                "  store i64 %x, ptr getelementptr (i64, ptr @n, i64 1)\n"
                                "  ret i64 %x\n}\n"},
        {"rule mutable-global", "@n = internal global i64 0\n"
                                "define i64 @f(i64 %x) {\n"
                                "  %y = atomicrmw add ptr @n, i64 %x seq_cst\n"
                                "  ret i64 %y\n}\n"},
        {"rule address-constant",
         "define double @f(double %x) {\n"
         "  %y = load double, ptr inttoptr (i64 140737488355328 to ptr)\n"
         "  ret double %y\n}\n"},
        {"rule address-constant",
         "@numba.dynamic.globals.7f = internal global ptr inttoptr (i64 4096 to ptr)\n"
         "define double @f(double %x) {\n"
         "  %p = load ptr, ptr @numba.dynamic.globals.7f\n"
         "  %y = load double, ptr %p\n  ret double %y\n}\n"},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        expect_refusal(cases[i].ir, LANES_E_IR_REFUSED, cases[i].rule);
    }
}

Test(codegen_admit, unknown_symbols_are_named)
{
    expect_refusal("declare double @launch(double)\n"
                   "define double @f(double %x) {\n"
                   "  %y = call double @launch(double %x)\n  ret double %y\n}\n",
                   LANES_E_IR_SYMBOL, "'launch'");
    expect_refusal("@outside = external global double\n"
                   "define double @f(double %x) {\n"
                   "  %y = load double, ptr @outside\n  ret double %y\n}\n",
                   LANES_E_IR_SYMBOL, "variable 'outside'");
    expect_refusal("declare i32 @exp(i32)\n"
                   "define i32 @f(i32 %x) {\n"
                   "  %y = call i32 @exp(i32 %x)\n  ret i32 %y\n}\n",
                   LANES_E_IR_SYMBOL, "another type");
}

Test(codegen_admit, unreachable_code_does_not_count)
{
    lanes_codegen_output output =
        compile_text("declare void @system(ptr)\n"
                     "define internal void @unused() {\n"
                     "  call void @system(ptr inttoptr (i64 64 to ptr))\n  ret void\n}\n"
                     "define double @f(double %x) {\n" PLAIN_BODY);
    cr_expect_eq(output.result.status, LANES_OK, "%s", output.result.message);
    lanes_codegen_output_deinit(&output);
}

Test(codegen_admit, invalid_text_names_the_problem)
{
    expect_refusal("this is not IR", LANES_E_IR_PARSE, "cannot read this IR text");
    expect_refusal("define double @f(double %x) {\n  ret i32 0\n}\n", LANES_E_IR_PARSE,
                   "cannot read this IR text");
    expect_refusal("define double @f(double %x) {\n  %y = fadd double %z, 1.0\n"
                   "  ret double %y\n}\n",
                   LANES_E_IR_PARSE, "%z");
}

/* The bitcode of a small callback, made here so that it fits the LLVM under test. */
static LLVMMemoryBufferRef bitcode(void)
{
    static const char ir[] = "define double @f(double %x) {\n" PLAIN_BODY;
    LLVMContextRef context = LLVMContextCreate();
    LLVMModuleRef module;
    char *message;
    LLVMMemoryBufferRef text =
        LLVMCreateMemoryBufferWithMemoryRangeCopy(ir, sizeof(ir) - 1, "text");
    cr_assert_eq(LLVMParseIRInContext(context, text, &module, &message), 0);
    LLVMMemoryBufferRef code = LLVMWriteBitcodeToMemoryBuffer(module);
    LLVMDisposeModule(module);
    LLVMContextDispose(context);
    return code;
}

Test(codegen_read, bitcode_compiles)
{
    LLVMMemoryBufferRef code = bitcode();
    lanes_compile_request request = request_for("");
    request.ir_bytes = LLVMGetBufferSize(code);
    lanes_codegen_output output = compile_request(&request, LLVMGetBufferStart(code));
    cr_expect_eq(output.result.status, LANES_OK, "%s", output.result.message);
    lanes_codegen_output_deinit(&output);
    LLVMDisposeMemoryBuffer(code);
}

Test(codegen_read, truncated_bitcode_is_refused)
{
    LLVMMemoryBufferRef code = bitcode();
    lanes_compile_request request = request_for("");
    request.ir_bytes = LLVMGetBufferSize(code) / 2;
    lanes_codegen_output output = compile_request(&request, LLVMGetBufferStart(code));
    cr_expect_eq(output.result.status, LANES_E_IR_PARSE);
    cr_expect(strstr(output.result.message, "bitcode") != NULL, "%s",
              output.result.message);
    lanes_codegen_output_deinit(&output);
    LLVMDisposeMemoryBuffer(code);
}

Test(codegen_read, size_and_version_are_checked)
{
    lanes_compile_request request = request_for("");
    lanes_codegen_output output = compile_request(&request, "");
    cr_expect_eq(output.result.status, LANES_E_IR_LIMIT);
    lanes_codegen_output_deinit(&output);
    request = request_for("x");
    request.version++;
    output = compile_request(&request, "x");
    cr_expect_eq(output.result.status, LANES_E_ABI_MISMATCH);
    lanes_codegen_output_deinit(&output);
    request = request_for("define double @f(double %x) {\n" PLAIN_BODY);
    memcpy(request.cpu, "486", sizeof("486"));
    output = compile_request(&request, "define double @f(double %x) {\n" PLAIN_BODY);
    cr_expect_eq(output.result.status, LANES_E_INVALID);
    cr_expect(strstr(output.result.message, "x86-64-v4") != NULL);
    lanes_codegen_output_deinit(&output);
}

Test(codegen_read, typed_pointers_of_another_platform_compile)
{
    static const char ir[] =
        "target datalayout = \"e-m:o-i64:64-i128:128-n32:64-S128\"\n"
        "target triple = \"arm64-apple-darwin21.4.0\"\n"
        "define i32 @_ZN4incrEi(i32* noalias nocapture %retptr, { i8*, i32 }** %e, i32 "
        "%x) {\n"
        "  %y = add i32 %x, 1\n  store i32 %y, i32* %retptr\n  ret i32 0\n}\n";
    lanes_codegen_output output = compile_text(ir);
    cr_assert_eq(output.result.status, LANES_OK, "%s", output.result.message);
    cr_expect(strstr(output.report, "arm64-apple-darwin21.4.0") != NULL);
    cr_expect(strstr(output.report, "\"signature\":\"i4(i4)\"") != NULL);
    lanes_codegen_output_deinit(&output);
}
