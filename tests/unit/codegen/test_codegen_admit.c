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

/* ---- Constructs of LLVM that callbacks seldom have -----------------------------------
 */

#define HEAD "define double @f(double %x) {\n"

/* `refusal` is in the message; NULL: it compiles. */
struct construct {
    const char *refusal;
    const char *ir;
};

static void expect_each(const struct construct *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        lanes_codegen_output output = compile_text(cases[i].ir);
        const char *refusal = cases[i].refusal;
        if (refusal == NULL) {
            cr_expect_eq(output.result.status, LANES_OK, "%s of\n%s",
                         output.result.message, cases[i].ir);
        } else {
            cr_expect_lt(output.result.status, 0, "not refused:\n%s", cases[i].ir);
            cr_expect(strstr(output.result.message, refusal) != NULL,
                      "'%s' lacks '%s' for\n%s", output.result.message, refusal,
                      cases[i].ir);
        }
        lanes_codegen_output_deinit(&output);
    }
}

#define EACH(cases) expect_each(cases, LANES_ARRAY_COUNT(cases))

/* %r(p, n): a function that stays a call; WRITE is what it does with p. */
#define RECURSION(write)                                                                 \
    "@g = internal global [4 x i64] zeroinitializer\n"                                   \
    "define internal i64 @r(ptr %p, i64 %n) {\n  %v = load i64, ptr %p\n" write          \
    "  %c = icmp sgt i64 %n, %v\n  br i1 %c, label %a, label %b\n"                       \
    "a:\n  %m = sub i64 %n, 1\n  %s = call i64 @r(ptr %p, i64 %m)\n"                     \
    "  %t = add i64 %s, %n\n  ret i64 %t\nb:\n  ret i64 0\n}\n"                          \
    "define i64 @f(i64 %x) {\n  %y = call i64 @r(ptr @g, i64 %x)\n  ret i64 %y\n}\n"

#define TABLES(use)                                                                      \
    "@a = internal global double 1.0\n@b = internal global double 2.0\n"                 \
    "@t = internal constant [2 x ptr] [ptr @a, ptr @b]\n"                                \
    "define double @f(i64 %i) {\n  %q = getelementptr ptr, ptr @t, i64 %i\n"             \
    "  %p = load ptr, ptr %q\n" use "  %y = load double, ptr %p\n  ret double %y\n}\n"

Test(codegen_admit, variables_are_only_read)
{
    static const struct construct cases[] = {
        {"rule mutable-global: 'g'", "@g = internal global double 0.0\n"
                                     "declare double @modf(double, ptr)\n" HEAD
                                     "  %y = call double @modf(double %x, ptr @g)\n"
                                     "  ret double %y\n}\n"},
        {"rule mutable-global: 'g'",
         "@g = internal global [4 x double] zeroinitializer\n"
         "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)\n" HEAD
         "  call void @llvm.memset.p0.i64(ptr @g, i8 1, i64 8, i1 false)\n" PLAIN_BODY},
        {"rule mutable-global: 'g'",
         "@g = internal global double 0.0\ndeclare ptr @memcpy(ptr, ptr, i64)\n" HEAD
         "  %a = alloca double\n  store double %x, ptr %a\n"
         "  %p = call ptr @memcpy(ptr @g, ptr %a, i64 8)\n" PLAIN_BODY},
        {"rule mutable-global: 'g'",
         "@g = internal global double 0.0\n" HEAD
         "  %a = alloca ptr\n  store volatile ptr @g, ptr %a\n"
         "  %p = load volatile ptr, ptr %a\n  store double %x, ptr %p\n" PLAIN_BODY},
        {"rule mutable-global: 'g'",
         "@g = internal global [8 x double] zeroinitializer\n" HEAD
         "  %c = fcmp olt double %x, 0.0\n"
         "  %p = select i1 %c, ptr @g, ptr getelementptr (double, ptr @g, i64 3)\n"
         "  store double %x, ptr %p\n" PLAIN_BODY},
        {"rule mutable-global: 'g'", RECURSION("  store i64 %n, ptr %p\n")},
        {"rule mutable-global: 'a'", TABLES("  store double 3.0, ptr %p\n")},
        {NULL, RECURSION("")},
        {NULL, TABLES("")},
        {NULL,
         "@g = internal global [4 x double] zeroinitializer\n"
         "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)\n" HEAD
         "  %a = alloca [4 x double]\n  call void @llvm.memcpy.p0.p0.i64(ptr %a, "
         "ptr @g, i64 32, i1 false)\n  %z = load volatile double, ptr %a\n" PLAIN_BODY},
        {NULL, "@g = internal global [8 x double] zeroinitializer\n" HEAD
               "  br label %l\nl:\n  %p = phi ptr [ @g, %0 ], [ %n, %l ]\n"
               "  %v = load double, ptr %p\n  %n = getelementptr double, ptr %p, i64 1\n"
               "  %c = icmp eq ptr %n, getelementptr (double, ptr @g, i64 8)\n"
               "  br i1 %c, label %d, label %l\nd:\n  ret double %v\n}\n"},
        {NULL, "@g = internal global double 0.0\n" HEAD "  %i = ptrtoint ptr @g to i64\n"
               "  %m = and i64 %i, 7\n  %c = icmp eq i64 %m, 0\n"
               "  %y = select i1 %c, double %x, double 2.0\n  ret double %y\n}\n"},
    };
    EACH(cases);
}

Test(codegen_admit, thread_state_is_left_alone)
{
    static const struct construct cases[] = {
        {"rule float-environment: 'llvm.set.rounding'",
         "declare void @llvm.set.rounding(i32)\n" HEAD
         "  call void @llvm.set.rounding(i32 0)\n" PLAIN_BODY},
        {"rule float-environment: 'llvm.set.fpmode.i32'",
         "declare void @llvm.set.fpmode.i32(i32)\n" HEAD
         "  call void @llvm.set.fpmode.i32(i32 0)\n" PLAIN_BODY},
        {"rule float-environment: 'llvm.reset.fpenv'",
         "declare void @llvm.reset.fpenv()\n" HEAD
         "  call void @llvm.reset.fpenv()\n" PLAIN_BODY},
        {"rule float-environment: 'llvm.x86.sse.ldmxcsr'",
         "declare void @llvm.x86.sse.ldmxcsr(ptr)\n" HEAD
         "  %a = alloca i32\n  store i32 0, ptr %a\n"
         "  call void @llvm.x86.sse.ldmxcsr(ptr %a)\n" PLAIN_BODY},
        {"rule float-environment: 'fesetround'",
         "declare i32 @fesetround(i32)\n" HEAD
         "  %r = call i32 @fesetround(i32 0)\n" PLAIN_BODY},
        {"rule float-environment: 'fetestexcept'",
         "declare i32 @fetestexcept(i32)\n" HEAD
         "  %r = call i32 @fetestexcept(i32 1)\n" PLAIN_BODY},
        {NULL, "declare i32 @llvm.get.rounding()\n" HEAD
               "  %r = call i32 @llvm.get.rounding()\n" PLAIN_BODY},
    };
    EACH(cases);
}

/* A call of an intrinsic that has no operands, its value unused. */
#define INTRINSIC(type, name)                                                            \
    "declare " type " @" name "()\n" HEAD "  %v = call " type " @" name "()"             \
    "\n" PLAIN_BODY

Test(codegen_admit, intrinsics_are_a_closed_table)
{
    static const struct construct cases[] = {
        {"rule intrinsic: 'llvm.readcyclecounter' reads a clock",
         INTRINSIC("i64", "llvm.readcyclecounter")},
        {"rule intrinsic: 'llvm.x86.rdtsc'", INTRINSIC("i64", "llvm.x86.rdtsc")},
        {"rule intrinsic: 'llvm.vscale.i64'", INTRINSIC("i64", "llvm.vscale.i64")},
        {"rule intrinsic: 'llvm.nvvm.read.ptx.sreg.tid.x'",
         INTRINSIC("i32", "llvm.nvvm.read.ptx.sreg.tid.x")},
        {"rule intrinsic: 'llvm.debugtrap'",
         "declare void @llvm.debugtrap()\n" HEAD
         "  call void @llvm.debugtrap()\n" PLAIN_BODY},
        {"rule intrinsic: 'llvm.returnaddress'",
         "declare ptr @llvm.returnaddress(i32)\n" HEAD
         "  %t = call ptr @llvm.returnaddress(i32 0)\n" PLAIN_BODY},
        {"rule intrinsic: 'llvm.coro.id'",
         "declare token @llvm.coro.id(i32, ptr, ptr, ptr)\n" HEAD "  %t = call token "
         "@llvm.coro.id(i32 0, ptr null, ptr null, ptr null)\n" PLAIN_BODY},
        {"rule intrinsic: 'llvm.read_register.i64'",
         "declare i64 @llvm.read_register.i64(metadata)\n" HEAD
         "  %t = call i64 @llvm.read_register.i64(metadata !0)\n" PLAIN_BODY
         "!0 = !{!\"rsp\"}\n"},
        {"rule intrinsic: 'llvm.sdiv.fix.i32' divides",
         "declare i32 @llvm.sdiv.fix.i32(i32, i32, i32)\n"
         "define i32 @f(i32 %x) {\n"
         "  %y = call i32 @llvm.sdiv.fix.i32(i32 7, i32 %x, i32 4)\n  ret i32 %y\n}\n"},
        {"the LLVM of lanes has no such intrinsic",
         "declare double @llvm.frobnicate.f64(double)\n" HEAD
         "  %y = call double @llvm.frobnicate.f64(double %x)\n  ret double %y\n}\n"},
        {NULL, "declare ptr @llvm.stacksave.p0()\ndeclare void "
               "@llvm.stackrestore.p0(ptr)\n" HEAD
               "  %s = call ptr @llvm.stacksave.p0()\n  %a = alloca double\n"
               "  store volatile double %x, ptr %a\n"
               "  call void @llvm.stackrestore.p0(ptr %s)\n" PLAIN_BODY},
        {NULL,
         "declare <2 x double> @llvm.x86.sse2.max.pd(<2 x double>, <2 x double>)\n" HEAD
         "  %v = insertelement <2 x double> zeroinitializer, double %x, i32 0\n"
         "  %w = call <2 x double> @llvm.x86.sse2.max.pd(<2 x double> %v, "
         "<2 x double> zeroinitializer)\n"
         "  %y = extractelement <2 x double> %w, i32 0\n  ret double %y\n}\n"},
        {NULL, "declare { i32, i1 } @llvm.sadd.with.overflow.i32(i32, i32)\n"
               "define i32 @f(i32 %x) {\n"
               "  %p = call { i32, i1 } @llvm.sadd.with.overflow.i32(i32 %x, i32 1)\n"
               "  %y = extractvalue { i32, i1 } %p, 0\n  ret i32 %y\n}\n"},
    };
    EACH(cases);
}

#define INTERNAL_FUNCTION(attributes)                                                    \
    "define internal double @g(double %x" attributes ") {\n" PLAIN_BODY

Test(codegen_admit, control_flow_of_other_languages)
{
    static const struct construct cases[] = {
        {"rule indirect-branch: 't'",
         "@t = internal constant [2 x ptr] [ptr blockaddress(@f, %a), "
         "ptr blockaddress(@f, %b)]\ndefine i32 @f(i32 %x) {\n  %i = and i32 %x, 1\n"
         "  %q = getelementptr ptr, ptr @t, i32 %i\n  %p = load ptr, ptr %q\n"
         "  indirectbr ptr %p, [label %a, label %b]\n"
         "a:\n  %d = sdiv i32 100, %x\n  ret i32 %d\nb:\n  ret i32 1\n}\n"},
        {"rule indirect-branch: 'f' jumps",
         "define i32 @f(i32 %x) {\n  %p = inttoptr i32 %x to ptr\n"
         "  indirectbr ptr %p, [label %a, label %b]\n"
         "a:\n  ret i32 0\nb:\n  ret i32 1\n}\n"},
        {"rule indirect-branch: 't' takes the address of a label",
         "@t = internal constant [1 x ptr] [ptr blockaddress(@f, %a)]\n"
         "define i32 @f(i32 %x) {\n  %p = load volatile ptr, ptr @t\n"
         "  %c = icmp eq ptr %p, null\n  br i1 %c, label %a, label %b\n"
         "a:\n  %d = sdiv i32 100, %x\n  ret i32 %d\nb:\n  ret i32 1\n}\n"},
        {"rule not-inlinable",
         "define internal i32 @g(i32 %n) returns_twice {\n  %c = icmp eq i32 %n, 0\n"
         "  br i1 %c, label %a, label %b\na:\n  ret i32 1\n"
         "b:\n  %m = sub i32 %n, 1\n  %r = call i32 @g(i32 %m) returns_twice\n"
         "  %s = add i32 %r, 1\n  ret i32 %s\n}\n"
         "define i32 @f(i32 %x) {\n  %y = call i32 @g(i32 %x) returns_twice\n"
         "  ret i32 %y\n}\n"},
        {"rule inline-asm",
         HEAD "  callbr void asm \"\", \"!i\"() to label %a [label %b]\n"
              "a:\n  ret double %x\nb:\n  ret double 0.0\n}\n"},
    };
    EACH(cases);
}

Test(codegen_admit, exceptions_of_other_languages)
{
    static const struct construct cases[] = {
        {"rule exception-handling: 'f'",
         "define internal i32 @mine(...) {\n  ret i32 0\n}\ndeclare double @sin(double)\n"
         "define double @f(double %x) personality ptr @mine {\n"
         "  %y = invoke double @sin(double %x) to label %a unwind label %l\n"
         "a:\n  ret double %y\nl:\n  %p = landingpad { ptr, i32 } catch ptr null\n"
         "  ret double 0.0\n}\n"},
        {"-fno-exceptions",
         "declare i32 @__gcc_personality_v0(...)\ndeclare double @sin(double)\n"
         "define double @f(double %x) personality ptr @__gcc_personality_v0 {\n"
         "  %y = invoke double @sin(double %x) to label %a unwind label %l\n"
         "a:\n  ret double %y\nl:\n  %p = landingpad { ptr, i32 } cleanup\n"
         "  resume { ptr, i32 } %p\n}\n"},
        {"it throws a C++ exception",
         "declare i32 @__gxx_personality_v0(...)\ndeclare void @__cxa_throw(ptr, ptr, "
         "ptr)\n"
         "define i32 @f(i32 %x) personality ptr @__gxx_personality_v0 {\n"
         "  invoke void @__cxa_throw(ptr null, ptr null, ptr null)\n"
         "      to label %a unwind label %l\na:\n  unreachable\n"
         "l:\n  %p = landingpad { ptr, i32 } cleanup\n  resume { ptr, i32 } %p\n}\n"},
        {"it handles exceptions as on Windows",
         "declare i32 @__C_specific_handler(...)\ndeclare double @sin(double)\n"
         "define double @f(double %x) personality ptr @__C_specific_handler {\n"
         "  %y = invoke double @sin(double %x) to label %a unwind label %l\n"
         "a:\n  ret double %y\nl:\n  %p = cleanuppad within none []\n"
         "  cleanupret from %p unwind to caller\n}\n"},
        {"it jumps between functions",
         "declare i32 @_setjmp(ptr) returns_twice\ndefine i32 @f(i32 %x) {\n"
         "  %a = alloca [200 x i8]\n  %r = call i32 @_setjmp(ptr %a) returns_twice\n"
         "  ret i32 %r\n}\n"},
    };
    EACH(cases);
}

Test(codegen_admit, calls_of_other_languages)
{
    static const struct construct cases[] = {
        {"rule garbage-collector: 'f'",
         "define double @f(double %x) gc \"shadow-stack\" {\n" PLAIN_BODY},
        {NULL, INTERNAL_FUNCTION("") HEAD
         "  %y = musttail call double @g(double %x)\n  ret double %y\n}\n"},
        {NULL, "define i64 @f(i64 %x) {\n  %c = icmp slt i64 %x, 10\n"
               "  br i1 %c, label %a, label %b\na:\n  ret i64 %x\n"
               "b:\n  %d = sdiv i64 %x, 3\n  %y = musttail call i64 @f(i64 %d)\n"
               "  ret i64 %y\n}\n"},
        {NULL,
         "declare double @sin(double)\n" HEAD
         "  %y = call double @sin(double %x) [ \"deopt\"(i32 1) ]\n  ret double %y\n}\n"},
    };
    EACH(cases);
}

Test(codegen_admit, arguments_of_other_languages)
{
    static const struct construct cases[] = {
        {"variable number of arguments",
         "define double @f(double %x, ...) {\n" PLAIN_BODY},
        {NULL, INTERNAL_FUNCTION(", ...") HEAD
         "  %y = call double (double, ...) @g(double %x, double 1.0)\n"
         "  ret double %y\n}\n"},
        {"rule intrinsic: 'llvm.va_start.p0' reads arguments",
         "declare void @llvm.va_start.p0(ptr)\n"
         "define internal double @g(double %x, ...) {\n  %a = alloca [24 x i8]\n"
         "  call void @llvm.va_start.p0(ptr %a)\n" PLAIN_BODY HEAD
         "  %y = call double (double, ...) @g(double %x, double 1.0)\n  ret double "
         "%y\n}\n"},
        {"rule parameter-attribute: 'f' takes argument 1 as 'swifterror'",
         "define double @f(double %x, ptr swifterror %e) {\n" PLAIN_BODY},
        {"rule parameter-attribute: 'f' takes argument 1 as 'preallocated'",
         "define double @f(double %x, ptr preallocated(double) %e) {\n"
         "  %y = load double, ptr %e\n  ret double %y\n}\n"},
        {"rule parameter-attribute: 'f' takes argument 0 as 'inalloca'",
         "define double @f(ptr inalloca(double) %e) {\n"
         "  %y = load double, ptr %e\n  ret double %y\n}\n"},
        {"is a struct passed in memory",
         "define double @f(ptr byval(double) %e) {\n"
         "  %y = load double, ptr %e\n  ret double %y\n}\n"},
        {"LLVM type ptr addrspace(1)",
         "define double @f(double %x, ptr addrspace(1) %p) {\n"
         "  %z = load double, ptr addrspace(1) %p\n" PLAIN_BODY},
        {"LLVM type x86_fp80",
         "define x86_fp80 @f(x86_fp80 %x) {\n  ret x86_fp80 %x\n}\n"},
        {"LLVM type fp128", "define fp128 @f(fp128 %x) {\n  ret fp128 %x\n}\n"},
        {"LLVM type half", "define half @f(half %x) {\n  ret half %x\n}\n"},
        {"LLVM type bfloat", "define bfloat @f(bfloat %x) {\n  ret bfloat %x\n}\n"},
        {"LLVM type i128", "define i128 @f(i128 %x) {\n  ret i128 %x\n}\n"},
        {"LLVM type <vscale x 2 x double>",
         "define double @f(<vscale x 2 x double> %x) {\n  ret double 0.0\n}\n"},
        {NULL, "define double @f(double inreg %x) {\n" PLAIN_BODY},
    };
    EACH(cases);
}

Test(codegen_admit, types_of_other_processors)
{
    static const struct construct cases[] = {
        {"rule address-space: 'f'",
         HEAD "  %z = load double, ptr addrspace(257) null\n" PLAIN_BODY},
        {"rule address-space: 'f'",
         HEAD "  %a = alloca double, addrspace(5)\n  store "
              "volatile double %x, ptr addrspace(5) %a\n" PLAIN_BODY},
        {"rule address-space: 'g'",
         "@g = internal addrspace(1) global double 1.0\n" HEAD
         "  %z = load double, ptr addrspacecast (ptr addrspace(1) @g to ptr)\n"
         "  %y = fadd double %x, %z\n  ret double %y\n}\n"},
        {"rule scalable-vector: 'f'", HEAD
         "  %v = insertelement <vscale x 2 x double> poison, double %x, i32 0\n"
         "  %y = extractelement <vscale x 2 x double> %v, i32 0\n  ret double %y\n}\n"},
        {"rule scalable-vector: 'f'",
         HEAD "  %a = alloca <vscale x 2 x double>\n"
              "  store volatile double %x, ptr %a\n" PLAIN_BODY},
        {"rule intrinsic: 'llvm.x86.tilezero.internal'",
         "declare x86_amx @llvm.x86.tilezero.internal(i16, i16)\n" HEAD "  %a = call "
         "x86_amx @llvm.x86.tilezero.internal(i16 8, i16 8)\n" PLAIN_BODY},
    };
    EACH(cases);
}

/* What LLVM calls where the CPU has no instruction is not in the IR, but in the object.
 */
Test(codegen_admit, functions_that_llvm_calls_are_named)
{
    static const struct construct cases[] = {
        {"'sinl', a function that lanes does not provide: it computes with long double",
         "declare x86_fp80 @llvm.sin.f80(x86_fp80)\n" HEAD
         "  %a = fpext double %x to x86_fp80\n"
         "  %b = call x86_fp80 @llvm.sin.f80(x86_fp80 %a)\n"
         "  %y = fptrunc x86_fp80 %b to double\n  ret double %y\n}\n"},
        {"it computes with 128-bit floats",
         "define double @f(double %x, double %z) {\n  %a = fpext double %x to fp128\n"
         "  %b = fpext double %z to fp128\n  %c = fmul fp128 %a, %b\n"
         "  %d = fadd fp128 %c, %a\n  %y = fptrunc fp128 %d to double\n  ret double "
         "%y\n}\n"},
        {"it computes with bfloat",
         HEAD "  %a = fptrunc double %x to bfloat\n"
              "  %y = fpext bfloat %a to double\n  ret double %y\n}\n"},
        {NULL, HEAD "  %a = fpext double %x to x86_fp80\n  %b = fmul x86_fp80 %a, %a\n"
                    "  %y = fptrunc x86_fp80 %b to double\n  ret double %y\n}\n"},
        {NULL,
         "define i64 @f(i64 %x, i64 %z) {\n  %a = sext i64 %x to i128\n"
         "  %b = sext i64 %z to i128\n  %c = mul i128 %a, %a\n  %d = sdiv i128 %c, %b\n"
         "  %y = trunc i128 %d to i64\n  ret i64 %y\n}\n"},
    };
    EACH(cases);
}

/* ---- Symbols, reachability ------------------------------------------------------------
 */

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
