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
    "@elsewhere = external global ptr\n"
    "%s = type { i8, double, [4 x i16] }\n";

/* "known r8 w16 0:double 16:i8! filled"; ! marks a bool. */
static void describe(const lanes_trace *trace, char *text, size_t text_bytes)
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

/* Traces the first parameter of @f. */
static void trace_text(const char *ir, char *text, size_t text_bytes)
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
static void expect_trace(const char *body, const char *wanted)
{
    char ir[4096];
    char text[512];
    snprintf(ir, sizeof(ir), "%sdefine void @f(ptr %%p, i64 %%n, i1 %%c) {\n%s}\n",
             declarations, body);
    trace_text(ir, text, sizeof(text));
    cr_expect_str_eq(text, wanted, "'%s', not '%s' for\n%s", text, wanted, body);
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
    trace_text(ir, text, sizeof(text));
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
