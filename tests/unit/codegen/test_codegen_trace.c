/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a function does through a pointer: seen where offsets are constants, and "unknown"
 * where they are not. Nothing may be called known that is not.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "codegen/codegen_compat.h"
#include "codegen/codegen_trace.h"

static const char declarations[] =
    "declare void @g(ptr)\n"
    "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)\n"
    "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)\n"
    "declare void @llvm.lifetime.start.p0(i64, ptr)\n"
    "declare void @llvm.assume(i1)\n"
    "declare void @llvm.trap()\n"
    "declare double @sin(double)\n"
    "declare void @lanes.divided(i32)\n"
    "define float @cosf(float %x) {\n  unreachable\n}\n"
    "declare i32 @memcmp(ptr, ptr, i64)\n"
    "@elsewhere = external global ptr\n"
    "%s = type { i8, double, [4 x i16] }\n";

typedef void (*describe_fn)(const lanes_trace *trace, char *text, size_t text_bytes);

/* "known r8 w16 0:double 16:i8! filled"; ! marks a bool. */
static void describe_uses(const lanes_trace *trace, char *text, size_t text_bytes)
{
    size_t used =
        (size_t)snprintf(text, text_bytes, "%s", trace->is_known ? "known" : "unknown");
    if (trace->is_read) {
        used += (size_t)snprintf(text + used, text_bytes - used, " r%u",
                                 (unsigned)trace->read_end);
    }
    if (trace->is_written) {
        used += (size_t)snprintf(text + used, text_bytes - used, " w%u",
                                 (unsigned)trace->written_end);
    }
    for (uint32_t i = 0; i < trace->store_count; i++) {
        char *type = LLVMPrintTypeToString(trace->store[i].type);
        used += (size_t)snprintf(
            text + used, text_bytes - used, " %u:%s%s", (unsigned)trace->store[i].offset,
            type, trace->store[i].is_bool && strcmp(type, "i8") == 0 ? "!" : "");
        LLVMDisposeMessage(type);
    }
    snprintf(text + used, text_bytes - used, "%s%s", trace->is_filled ? " filled" : "",
             trace->escapes ? " escapes" : "");
}

/* "[-8 ... -4 24)": accesses begin at -8, reads that every call does are [-4, 24). */
static void describe_extent(const lanes_trace *trace, char *text, size_t text_bytes)
{
    snprintf(text, text_bytes, "[%d ... %d %u)", (int)trace->begin,
             (int)trace->always_read_begin, (unsigned)trace->always_read_end);
}

/* "old", if something is read before it is written; "16 first". */
static void describe_order(const lanes_trace *trace, char *text, size_t text_bytes)
{
    const bool has_first = trace->written_first != UINT64_MAX;
    size_t used =
        (size_t)snprintf(text, text_bytes, trace->reads_before_writing ? "old" : "new");
    if (has_first) {
        snprintf(text + used, text_bytes - used, " %u first",
                 (unsigned)trace->written_first);
    }
}

/* Traces the first parameter of @f. */
static void trace_text(const char *ir, describe_fn describe, char *text,
                       size_t text_bytes)
{
    LLVMModuleRef module;
    char *message = NULL;
    LLVMContextRef context = LLVMContextCreate();
    LLVMMemoryBufferRef buffer =
        LLVMCreateMemoryBufferWithMemoryRangeCopy(ir, strlen(ir), "trace");
    cr_assert_eq(lanes_llvm_parse_ir(context, buffer, &module, &message), 0, "%s",
                 message);
    lanes_trace trace;
    lanes_trace_pointer(LLVMGetModuleDataLayout(module),
                        LLVMGetParam(LLVMGetNamedFunction(module, "f"), 0), &trace);
    describe(&trace, text, text_bytes);
    LLVMDisposeModule(module);
    LLVMContextDispose(context);
}

/* Traces %p through a function of @p body, which gets %n and %c, too. */
static void expect_text(describe_fn describe, const char *body, const char *wanted)
{
    char ir[4096];
    char text[512];
    snprintf(ir, sizeof(ir), "%sdefine void @f(ptr %%p, i64 %%n, i1 %%c) {\n%s}\n",
             declarations, body);
    trace_text(ir, describe, text, sizeof(text));
    cr_expect_str_eq(text, wanted, "'%s', not '%s' for\n%s", text, wanted, body);
}

static void expect_trace(const char *body, const char *wanted)
{
    expect_text(describe_uses, body, wanted);
}

Test(codegen_trace, constant_offsets_are_seen)
{
    static const char *const cases[][2] = {
        {"  ret void\n", "known"},
        {"  %v = load double, ptr %p\n  ret void\n", "known r8"},
        {"  store double 1.0, ptr %p\n  ret void\n", "known w8 0:double"},
        /* In the order of their places, each once */
        {"  %q = getelementptr double, ptr %p, i64 3\n  store i32 1, ptr %q\n"
         "  store double 1.0, ptr %p\n  store double 2.0, ptr %p\n  ret void\n",
         "known w28 0:double 24:i32"},
        {"  %q = getelementptr i8, ptr %p, i64 8\n"
         "  %r = getelementptr i8, ptr %q, i64 -4\n  store float 1.0, ptr %r\n"
         "  %v = load i16, ptr %q\n  ret void\n",
         "known r10 w8 4:float"},
        {"  %q = getelementptr %s, ptr %p, i64 1, i32 2, i64 3\n"
         "  store i16 1, ptr %q\n  ret void\n",
         "known w48 46:i16"},
        {"  store <2 x double> zeroinitializer, ptr %p\n  ret void\n",
         "known w16 0:<2 x double>"},
        {"  br i1 %c, label %a, label %b\na:\n  store i64 1, ptr %p\n  br label %b\n"
         "b:\n  ret void\n",
         "known w8 0:i64"},
        /* Comparing an address, or marking memory, is no use of it. */
        {"  %z = icmp eq ptr %p, null\n  call void @llvm.assume(i1 %z)\n"
         "  call void @llvm.lifetime.start.p0(i64 8, ptr %p)\n  ret void\n",
         "known"},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        expect_trace(cases[i][0], cases[i][1]);
    }
}

Test(codegen_trace, bools_are_told_from_bytes)
{
    static const char *const cases[][2] = {
        {"  %b = zext i1 %c to i8\n  store i8 %b, ptr %p\n  ret void\n",
         "known w1 0:i8!"},
        {"  store i8 1, ptr %p\n  ret void\n", "known w1 0:i8!"},
        {"  store i8 2, ptr %p\n  ret void\n", "known w1 0:i8"},
        {"  %b = trunc i64 %n to i8\n  store i8 %b, ptr %p\n  ret void\n",
         "known w1 0:i8"},
        /* Every store to the place must be of a bool. */
        {"  store i8 0, ptr %p\n  %b = trunc i64 %n to i8\n  store i8 %b, ptr %p\n"
         "  ret void\n",
         "known w1 0:i8"},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        expect_trace(cases[i][0], cases[i][1]);
    }
}

Test(codegen_trace, other_offsets_are_unknown)
{
    static const char *const cases[][2] = {
        {"  %q = getelementptr double, ptr %p, i64 %n\n  store double 1.0, ptr %q\n"
         "  ret void\n",
         "unknown w0"},
        {"  %q = getelementptr double, ptr %p, i64 %n\n  %v = load double, ptr %q\n"
         "  ret void\n",
         "unknown r0"},
        {"  %q = getelementptr i8, ptr %p, i64 -8\n  store double 1.0, ptr %q\n"
         "  ret void\n",
         "unknown w0"},
        /* A loop that moves the pointer */
        {"  br label %l\nl:\n  %q = phi ptr [ %p, %0 ], [ %r, %l ]\n"
         "  store i32 1, ptr %q\n  %r = getelementptr i8, ptr %q, i64 4\n"
         "  br i1 %c, label %l, label %e\ne:\n  ret void\n",
         "unknown w4 0:i32"},
        /* One of two places, and the pointer or another one */
        {"  %q = getelementptr i8, ptr %p, i64 8\n"
         "  %r = select i1 %c, ptr %p, ptr %q\n  store i32 1, ptr %r\n  ret void\n",
         "unknown w4 0:i32"},
        /* Before the pointer, but beyond where it may be */
        {"  %q = getelementptr i8, ptr %p, i64 -4\n  %v = load double, ptr %q\n"
         "  ret void\n",
         "unknown r4"},
        {"  %q = getelementptr [1152921504606846975 x i64], ptr %p, i64 4\n"
         "  %v = load i8, ptr %q\n  ret void\n",
         "unknown r0"},
        {"  call void @llvm.memcpy.p0.p0.i64(ptr @elsewhere, ptr %p, i64 %n, i1 false)\n"
         "  ret void\n",
         "unknown r0"},
        /* An index beyond any array */
        {"  %q = getelementptr i8, ptr %p, i64 4294967296\n  store i32 1, ptr %q\n"
         "  ret void\n",
         "unknown w0"},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        expect_trace(cases[i][0], cases[i][1]);
    }
}

Test(codegen_trace, filled_and_copied_memory_has_no_types)
{
    static const char *const cases[][2] = {
        {"  call void @llvm.memset.p0.i64(ptr %p, i8 0, i64 24, i1 false)\n  ret void\n",
         "known w24 filled"},
        {"  %q = getelementptr i8, ptr %p, i64 8\n"
         "  call void @llvm.memcpy.p0.p0.i64(ptr %q, ptr @elsewhere, i64 8, i1 false)\n"
         "  ret void\n",
         "known w16 filled"},
        {"  call void @llvm.memcpy.p0.p0.i64(ptr @elsewhere, ptr %p, i64 8, i1 false)\n"
         "  ret void\n",
         "known r8"},
        {"  %q = getelementptr i8, ptr %p, i64 16\n"
         "  call void @llvm.memcpy.p0.p0.i64(ptr %q, ptr %p, i64 8, i1 false)\n"
         "  ret void\n",
         "known r8 w24 filled"},
        {"  call void @llvm.memset.p0.i64(ptr %p, i8 0, i64 %n, i1 false)\n  ret void\n",
         "unknown w0"},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        expect_trace(cases[i][0], cases[i][1]);
    }
}

Test(codegen_trace, pointers_that_are_given_away_escape)
{
    static const char *const cases[][2] = {
        {"  call void @g(ptr %p)\n  ret void\n", "unknown escapes"},
        {"  store ptr %p, ptr @elsewhere\n  ret void\n", "unknown escapes"},
        {"  %a = ptrtoint ptr %p to i64\n  ret void\n", "unknown r0"},
        {"  %a = atomicrmw add ptr %p, i32 1 seq_cst\n  ret void\n", "unknown escapes"},
        {"  store double 1.0, ptr %p\n  call void @g(ptr %p)\n  ret void\n",
         "unknown w8 0:double escapes"},
        /* The pointer is called */
        {"  call void %p()\n  ret void\n", "unknown escapes"},
        /* An address computed from it is an index of another one. */
        {"  store ptr %p, ptr %p\n  ret void\n", "unknown escapes"},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        expect_trace(cases[i][0], cases[i][1]);
    }
}

/* `count` places that are written, or read. */
static void expect_many(int count, bool is_store, const char *wanted)
{
    static char ir[200000];
    char text[4096];
    size_t used = (size_t)snprintf(ir, sizeof(ir), "define void @f(ptr %%p) {\n");
    for (int i = 0; i < count; i++) {
        used += (size_t)snprintf(ir + used, sizeof(ir) - used,
                                 "  %%q%d = getelementptr i8, ptr %%p, i64 %d\n", i, i);
        used += is_store ? (size_t)snprintf(ir + used, sizeof(ir) - used,
                                            "  store i8 7, ptr %%q%d\n", i)
                         : (size_t)snprintf(ir + used, sizeof(ir) - used,
                                            "  %%v%d = load i8, ptr %%q%d\n", i, i);
    }
    snprintf(ir + used, sizeof(ir) - used, "  ret void\n}\n");
    trace_text(ir, describe_uses, text, sizeof(text));
    cr_expect_eq(strncmp(text, wanted, strlen(wanted)), 0, "%d: '%s', not '%s'", count,
                 text, wanted);
}

/* More places, or more ways to them, than are kept: unknown, but the end is right. */
Test(codegen_trace, too_much_to_follow_is_unknown)
{
    expect_many(LANES_TRACE_STORES_MAX, true, "known w64 0:i8");
    expect_many(LANES_TRACE_STORES_MAX + 1, true, "unknown w65 ");
    expect_many(500, false, "known r500");
    expect_many(600, false, "unknown r600");
}

/* ---- What every call reads ------------------------------------------------------------
 */

#define AT(name, offset) "  %" name " = getelementptr i8, ptr %p, i64 " offset "\n"
#define READ(name, offset)                                                               \
    AT(name ".p", offset) "  %" name " = load double, ptr %" name ".p\n"
#define WRITE(name, offset) AT(name ".p", offset) "  store double 1.0, ptr %" name ".p\n"

Test(codegen_trace, reads_of_every_call_are_told_from_others)
{
    static const char *const cases[][2] = {
        {"  ret void\n", "[0 ... 0 0)"},
        {READ("x", "16") "  ret void\n", "[0 ... 0 24)"},
        {READ("x", "-8") READ("y", "0") "  ret void\n", "[-8 ... -8 8)"},
        {WRITE("x", "-8") "  ret void\n", "[-8 ... 0 0)"},
        {"  call void @llvm.memcpy.p0.p0.i64(ptr @elsewhere, ptr %p, i64 40, i1 false)\n"
         "  ret void\n",
         "[0 ... 0 40)"},
        /* if (c) p[2]; and if (c) return; p[2] */
        {"  br i1 %c, label %a, label %b\na:\n" READ("x", "16") "  br label %b\n"
                                                                "b:\n  ret void\n",
         "[0 ... 0 0)"},
        {"  br i1 %c, label %a, label %b\na:\n  ret void\nb:\n" READ("x",
                                                                     "16") "  ret void\n",
         "[0 ... 0 0)"},
        {"  br i1 %c, label %a, label %b\na:\n  unreachable\nb:\n" READ(
             "x", "16") "  ret void\n",
         "[0 ... 0 0)"},
        /* Behind an if, and behind a loop, it happens all the same. */
        {"  br i1 %c, label %a, label %b\na:\n  br label %b\nb:\n" READ(
             "x", "16") "  ret void\n",
         "[0 ... 0 24)"},
        {"  br label %l\nl:\n  br i1 %c, label %l, label %e\ne:\n" READ(
             "x", "16") "  ret void\n",
         "[0 ... 0 24)"},
        /* In a loop whose test comes last, but not in one whose test comes first */
        {"  br label %l\nl:\n" READ("x", "16") "  br i1 %c, label %l, label %e\n"
                                               "e:\n  ret void\n",
         "[0 ... 0 24)"},
        {"  br label %l\nl:\n  br i1 %c, label %m, label %e\nm:\n" READ(
             "x", "16") "  br label %l\ne:\n  ret void\n",
         "[0 ... 0 0)"},
        /* One of two addresses: neither is certain. */
        {AT("q", "16") "  %r = select i1 %c, ptr %p, ptr %q\n"
                       "  %v = load double, ptr %r\n  ret void\n",
         "[0 ... 0 0)"},
        {AT("q", "16") "  br i1 %c, label %a, label %b\na:\n  br label %b\n"
                       "b:\n  %r = phi ptr [ %q, %0 ], [ @elsewhere, %a ]\n"
                       "  %v = load double, ptr %r\n  ret void\n",
         "[0 ... 0 0)"},
        {"  %q = getelementptr double, ptr %p, i64 %n\n  %v = load double, ptr %q\n"
         "  ret void\n",
         "[0 ... 0 0)"},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        expect_text(describe_extent, cases[i][0], cases[i][1]);
    }
}

Test(codegen_trace, calls_may_not_return)
{
    static const char *const cases[][2] = {
        {READ("x", "0") "  call void @g(ptr null)\n" READ("y", "16") "  ret void\n",
         "[0 ... 0 8)"},
        {"  call void @g(ptr null)\n  br label %b\nb:\n" READ("y", "16") "  ret void\n",
         "[0 ... 0 0)"},
        {"  call void @llvm.trap()\n" READ("y", "16") "  ret void\n", "[0 ... 0 0)"},
        /* The name of a function that does is not enough. */
        {"  %sin = load ptr, ptr @elsewhere\n  %s = call double %sin(double 1.0)\n" READ(
             "y", "16") "  ret void\n",
         "[0 ... 0 0)"},
        {"  %s = call float @cosf(float 1.0)\n" READ("y", "16") "  ret void\n",
         "[0 ... 0 0)"},
        /* These do. */
        {"  %s = call double @sin(double 1.0)\n  call void @lanes.divided(i32 0)\n"
         "  call void @llvm.assume(i1 %c)\n" READ("y", "16") "  ret void\n",
         "[0 ... 0 24)"},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        expect_text(describe_extent, cases[i][0], cases[i][1]);
    }
}

/* ---- What is written first ------------------------------------------------------------
 */

Test(codegen_trace, reads_before_writing_are_seen)
{
    static const char *const cases[][2] = {
        {WRITE("x", "0") "  ret void\n", "new"},
        {READ("x", "0") "  ret void\n", "new"}, /* nothing is written */
        {READ("x", "0") WRITE("y", "0") "  ret void\n", "old"},
        {WRITE("x", "0") READ("y", "0") WRITE("z", "0") "  ret void\n", "new"},
        {WRITE("x", "0") READ("y", "4") "  ret void\n", "old"},
        {WRITE("x", "0") READ("y", "8") "  ret void\n", "old"},
        /* What is read was written in pieces. */
        {WRITE("x", "8") WRITE("y", "0") READ("z", "4") "  ret void\n", "new"},
        {WRITE("x", "0")
             AT("q", "8") "  store i32 0, ptr %q\n" READ("z", "8") "  ret void\n",
         "old"},
        {"  call void @llvm.memset.p0.i64(ptr %p, i8 0, i64 24, i1 false)\n" READ(
             "x", "16") "  ret void\n",
         "new"},
        {AT("q",
            "8") "  call void @llvm.memcpy.p0.p0.i64(ptr %q, ptr %p, i64 8, i1 false)\n"
                 "  ret void\n",
         "old"},
        /* On one of two ways only, on both, and before a loop */
        {"  br i1 %c, label %a, label %b\na:\n" WRITE(
             "x", "0") "  br label %b\n"
                       "b:\n" READ("y", "0") "  ret void\n",
         "old"},
        {"  br i1 %c, label %a, label %b\na:\n" WRITE(
             "x", "0") "  br label %e\n"
                       "b:\n" WRITE("y", "0") "  br label %e\ne:\n" READ(
                           "z", "0") "  ret void\n",
         "new"},
        {WRITE("x", "0") "  br label %l\nl:\n" READ("y", "0")
             WRITE("z", "0") "  br i1 %c, label %l, label %e\ne:\n  ret void\n",
         "new"},
        {"  br label %l\nl:\n" READ("y", "0")
             WRITE("z", "0") "  br i1 %c, label %l, label %e\ne:\n  ret void\n",
         "old"},
        {"  br i1 %c, label %a, label %b\na:\n" WRITE("x", "0") "  ret void\nb:\n" READ(
             "y", "0") "  ret void\n",
         "old"},
        /* What is written at one of two places covers neither. */
        {AT("q", "8") "  %r = select i1 %c, ptr %p, ptr %q\n  store double 1.0, ptr "
                      "%r\n" READ("y", "0") "  ret void\n",
         "old"},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        expect_text(describe_order, cases[i][0], cases[i][1]);
    }
}

Test(codegen_trace, reads_at_other_offsets_need_all_to_be_written_first)
{
#define ANYWHERE                                                                         \
    "  %i = getelementptr double, ptr %p, i64 %n\n  %v = load double, ptr %i\n"          \
    "  store double %v, ptr %i\n"
    static const char *const cases[][2] = {
        {ANYWHERE "  ret void\n", "new 0 first"},
        {WRITE("x", "0") WRITE("y", "8") ANYWHERE "  ret void\n", "new 16 first"},
        {WRITE("x", "0") WRITE("y", "16") ANYWHERE "  ret void\n", "new 8 first"},
        {WRITE("x", "0") ANYWHERE WRITE("y", "8") "  ret void\n", "new 8 first"},
        {"  call void @llvm.memset.p0.i64(ptr %p, i8 0, i64 24, i1 false)\n" ANYWHERE
         "  ret void\n",
         "new 24 first"},
        {WRITE("x", "0") "  %r = call i32 @memcmp(ptr %p, ptr @elsewhere, i64 %n)\n"
                         "  ret void\n",
         "new 8 first"},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        expect_text(describe_order, cases[i][0], cases[i][1]);
    }
}

/* A write, `count` steps and a read, all of a block each. */
static void expect_long(int count, const char *wanted)
{
    static char ir[400000];
    char text[64];
    size_t used = (size_t)snprintf(
        ir, sizeof(ir), "define void @f(ptr %%p) {\n  store double 1.0, ptr %%p\n");
    for (int i = 0; i < count; i++) {
        used += (size_t)snprintf(ir + used, sizeof(ir) - used, "  br label %%b%d\nb%d:\n",
                                 i, i);
    }
    snprintf(ir + used, sizeof(ir) - used,
             "  %%v = load double, ptr %%p\n  ret void\n}\n");
    trace_text(ir, describe_order, text, sizeof(text));
    cr_expect_str_eq(text, wanted, "%d: '%s'", count, text);
    trace_text(ir, describe_extent, text, sizeof(text));
    cr_expect_str_eq(text, strcmp(wanted, "new") == 0 ? "[0 ... 0 8)" : "[0 ... 0 0)",
                     "%d: '%s'", count, text);
}

Test(codegen_trace, order_in_very_long_functions_is_not_judged)
{
    expect_long(0, "new");
    expect_long(4095, "new");
    expect_long(4096, "old");
}
