/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_loop.c - the loop around the callback, written as IR text and linked in.
 *
 * Two functions:
 *
 *   lanes.body(pointers, count, valid) -> {failed, first}
 *       calls the callback for elements [0, count), count a multiple of the block; the
 *       vectorizer turns this one into vector code. A failing element keeps its old
 *       output. `failed` and `first` cover elements below `valid`.
 *   the lanes_loop_fn
 *       runs the body on the whole blocks of [begin, end) in place, and on the rest
 * padded to one block in scratch memory. So every element goes through the same vector
 * code, and its bits depend neither on its position nor on how a batch is split.
 *
 * A callback that may fail does not leave the loop: the count and the smallest index of
 * failures are reductions and the store is conditional, which both vectorize.
 *
 * Elements are independent, and operands are either disjoint or exactly the same array
 * (engine_plan.c refuses the rest), so accesses are annotated as parallel: the vectorizer
 * needs no alias checks, and in-place batches need no other code.
 *
 * Text rather than builder calls: it reads as what it makes, and it can express the
 * distinct metadata nodes that the C API cannot create.
 */
#include "codegen/codegen_internal.h"

#include <errno.h>
#include <llvm-c/Linker.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/codegen_compat.h"

/* The callback's name while the text refers to it. */
#define CALLBACK "lanes.callback"

_Static_assert(sizeof(lanes_loop_result) == 16, "the text below stores two words");
_Static_assert(offsetof(lanes_loop_frame, base) == 0, "the text below indexes from 0");

static const char *type_name(uint32_t dtype)
{
    switch (dtype) {
    case LANES_F8:
        return "double";
    case LANES_F4:
        return "float";
    case LANES_I8:
        return "i64";
    default:
        return "i32";
    }
}

static const char *zero_of(uint32_t dtype)
{
    return lanes_dtype_is_float(dtype) ? "0.0" : "0";
}

/* Everything the emitters need; one per loop. */
struct loop_text {
    FILE *out;
    const lanes_codegen *cg;
    uint32_t input_count;
    uint32_t operand_count;
    bool is_numba;
};

static uint32_t dtype_of(const struct loop_text *t, uint32_t operand)
{
    return t->cg->signature.dtype[operand];
}

static bool is_uniform(const struct loop_text *t, uint32_t operand)
{
    return t->cg->key.layout[operand] == LANES_LAYOUT_UNIFORM;
}

/* Comma-separated "ptr %<prefix><k>" for each operand. */
static void put_pointers(const struct loop_text *t, const char *prefix)
{
    for (uint32_t k = 0; k < t->operand_count; k++) {
        fprintf(t->out, "ptr %%%s%u, ", prefix, k);
    }
}

static void put_declaration(const struct loop_text *t)
{
    const uint32_t output = t->input_count;
    fprintf(t->out, "declare %s @" CALLBACK "(%s",
            t->is_numba ? "i32" : type_name(dtype_of(t, output)),
            t->is_numba ? "ptr, ptr, " : "");
    for (uint32_t k = 0; k < t->input_count; k++) {
        fprintf(t->out, "%s%s", k > 0 ? ", " : "", type_name(dtype_of(t, k)));
    }
    fputs(
        ")\ndeclare i32 @llvm.umin.i32(i32, i32)\ndeclare i64 @llvm.umin.i64(i64, i64)\n"
        "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)\n\n",
        t->out);
}

/* Uniform operands are read once; contiguous ones at every element. */
static void put_loads(const struct loop_text *t, bool uniform)
{
    for (uint32_t k = 0; k < t->input_count; k++) {
        const char *type = type_name(dtype_of(t, k));
        if (is_uniform(t, k) != uniform) {
            continue;
        }
        if (uniform) {
            fprintf(t->out, "  %%x%u = load %s, ptr %%p%u, align 1\n", k, type, k);
        } else {
            fprintf(t->out,
                    "  %%a%u = getelementptr inbounds %s, ptr %%p%u, i64 %%i\n"
                    "  %%x%u = load %s, ptr %%a%u, align 1, !llvm.access.group !1\n",
                    k, type, k, k, type, k);
        }
    }
}

/*
 * A failing element gets its old output back. Reading it costs no memory traffic, because
 * an ordinary store fetches the line anyway; a masked store cost memory-bound loops up to
 * half their speed on Zen 5 (bench/compare, x/y). It is read before the call, so that its
 * address does not become a choice between the callback's several ends.
 */
static void put_old_output(const struct loop_text *t)
{
    const uint32_t output = t->input_count;
    const char *type = type_name(dtype_of(t, output));
    fprintf(t->out,
            "  %%a%u = getelementptr inbounds %s, ptr %%p%u, i64 %%i\n"
            "  %%old = load %s, ptr %%a%u, align 1, !llvm.access.group !1\n",
            output, type, output, type, output);
}

static void put_call(const struct loop_text *t)
{
    const uint32_t output = t->input_count;
    const char *type = type_name(dtype_of(t, output));
    if (t->is_numba) {
        /* Numba's callers zero the result before the call. */
        fprintf(t->out,
                "  store %s %s, ptr %%ret\n"
                "  %%status = call i32 @" CALLBACK "(ptr %%ret, ptr %%exc, ",
                type, zero_of(dtype_of(t, output)));
    } else {
        fprintf(t->out, "  %%y = call %s @" CALLBACK "(", type);
    }
    for (uint32_t k = 0; k < t->input_count; k++) {
        fprintf(t->out, "%s%s %%x%u", k > 0 ? ", " : "", type_name(dtype_of(t, k)), k);
    }
    fputs("), !dbg !6\n", t->out);
    if (t->is_numba) {
        fprintf(t->out,
                "  %%y = load %s, ptr %%ret\n"
                "  %%raised = icmp ne i32 %%status, 0\n"
                "  %%some = icmp ne i32 %%status, -2\n"
                "  %%bad = and i1 %%raised, %%some\n",
                type);
    } else {
        fputs("  %bad = icmp ne i32 0, 0\n", t->out);
    }
}

static void put_body(const struct loop_text *t)
{
    const uint32_t output = t->input_count;
    const char *type = type_name(dtype_of(t, output));
    fputs("define { i32, i32 } @lanes.body(", t->out);
    put_pointers(t, "p");
    fprintf(t->out,
            "i64 %%count, i32 %%valid) #0 !dbg !4 {\n"
            "entry:\n"
            "  %%ret = alloca %s\n"
            "  %%exc = alloca ptr\n"
            "  %%n = and i64 %%count, -%u\n",
            type, t->cg->block);
    put_loads(t, true);
    fputs("  %none = icmp eq i64 %n, 0\n"
          "  br i1 %none, label %exit, label %loop\n"
          "loop:\n"
          "  %i = phi i64 [ 0, %entry ], [ %next, %loop ]\n"
          "  %failed = phi i32 [ 0, %entry ], [ %failed.next, %loop ]\n"
          "  %first = phi i32 [ -1, %entry ], [ %first.next, %loop ]\n",
          t->out);
    put_loads(t, false);
    put_old_output(t);
    put_call(t);
    fprintf(t->out,
            "  %%new = select i1 %%bad, %s %%old, %s %%y\n"
            "  store %s %%new, ptr %%a%u, align 1, !llvm.access.group !1\n",
            type, type, type, output);
    fputs("  %index = trunc i64 %i to i32\n"
          "  %is.valid = icmp ult i32 %index, %valid\n"
          "  %counted = and i1 %bad, %is.valid\n"
          "  %one = zext i1 %counted to i32\n"
          "  %failed.next = add i32 %failed, %one\n"
          "  %here = select i1 %counted, i32 %index, i32 -1\n"
          "  %first.next = call i32 @llvm.umin.i32(i32 %first, i32 %here)\n"
          "  %next = add nuw nsw i64 %i, 1\n"
          "  %done = icmp eq i64 %next, %n\n"
          "  br i1 %done, label %exit, label %loop, !dbg !5, !llvm.loop !2\n"
          "exit:\n"
          "  %failed.all = phi i32 [ 0, %entry ], [ %failed.next, %loop ]\n"
          "  %first.all = phi i32 [ -1, %entry ], [ %first.next, %loop ]\n"
          "  %r0 = insertvalue { i32, i32 } undef, i32 %failed.all, 0\n"
          "  %r1 = insertvalue { i32, i32 } %r0, i32 %first.all, 1\n"
          "  ret { i32, i32 } %r1\n"
          "}\n\n",
          t->out);
}

/* Adds one body call's failures to the lanes_loop_result. */
static void put_collect(const struct loop_text *t)
{
    fputs("define internal void @lanes.collect({ i32, i32 } %f, i64 %begin, ptr %result) "
          "alwaysinline nounwind {\n"
          "  %failed = extractvalue { i32, i32 } %f, 0\n"
          "  %some = icmp ne i32 %failed, 0\n"
          "  br i1 %some, label %add, label %exit\n"
          "add:\n"
          "  %first = extractvalue { i32, i32 } %f, 1\n"
          "  %failed.wide = zext i32 %failed to i64\n"
          "  %first.wide = zext i32 %first to i64\n"
          "  %at = add i64 %begin, %first.wide\n"
          "  %failed.old = load i64, ptr %result\n"
          "  %failed.new = add i64 %failed.old, %failed.wide\n"
          "  store i64 %failed.new, ptr %result\n"
          "  %slot = getelementptr i64, ptr %result, i64 1\n"
          "  %first.old = load i64, ptr %slot\n"
          "  %first.new = call i64 @llvm.umin.i64(i64 %first.old, i64 %at)\n"
          "  store i64 %first.new, ptr %slot\n"
          "  br label %exit\n"
          "exit:\n"
          "  ret void\n"
          "}\n\n",
          t->out);
}

/* %<prefix><k>: operand k at element %<index>, which is counted from `from`. */
static void put_advance(const struct loop_text *t, const char *prefix, const char *from,
                        const char *index)
{
    for (uint32_t k = 0; k < t->operand_count; k++) {
        fprintf(t->out, "  %%%s%u = getelementptr %s, ptr %%%s%u, i64 %s\n", prefix, k,
                type_name(dtype_of(t, k)), from, k, is_uniform(t, k) ? "0" : index);
    }
}

static void put_copy(const struct loop_text *t, uint32_t k, const char *to,
                     const char *from)
{
    fprintf(
        t->out,
        "  %%%s.bytes%u = mul i64 %%rest, %u\n"
        "  call void @llvm.memcpy.p0.p0.i64(ptr %%%s%u, ptr %%%s%u, i64 %%%s.bytes%u, "
        "i1 false)\n",
        to, k, lanes_dtype_bytes(dtype_of(t, k)), to, k, from, k, to, k);
}

/* Fill scratch inputs behind the rest with the last element, so that the padding does
 * nothing the data does not do. */
static void put_padding(const struct loop_text *t)
{
    fputs("  %last = add i64 %rest, -1\n", t->out);
    for (uint32_t k = 0; k < t->input_count; k++) {
        if (!is_uniform(t, k)) {
            const char *type = type_name(dtype_of(t, k));
            fprintf(t->out,
                    "  %%l%u = getelementptr %s, ptr %%s%u, i64 %%last\n"
                    "  %%v%u = load %s, ptr %%l%u\n",
                    k, type, k, k, type, k);
        }
    }
    fputs("  br label %pad\n"
          "pad:\n"
          "  %j = phi i64 [ %rest, %tail ], [ %j.next, %pad ]\n",
          t->out);
    for (uint32_t k = 0; k < t->input_count; k++) {
        if (!is_uniform(t, k)) {
            const char *type = type_name(dtype_of(t, k));
            fprintf(t->out,
                    "  %%d%u = getelementptr %s, ptr %%s%u, i64 %%j\n"
                    "  store %s %%v%u, ptr %%d%u\n",
                    k, type, k, type, k, k);
        }
    }
    fprintf(t->out,
            "  %%j.next = add i64 %%j, 1\n"
            "  %%padded = icmp eq i64 %%j.next, %u\n"
            "  br i1 %%padded, label %%run, label %%pad, !llvm.loop !3\n"
            "run:\n",
            t->cg->block);
}

static void put_tail(const struct loop_text *t)
{
    fprintf(t->out,
            "after:\n"
            "  %%rest = and i64 %%count, %u\n"
            "  %%has.rest = icmp ne i64 %%rest, 0\n"
            "  br i1 %%has.rest, label %%tail, label %%exit\n"
            "tail:\n"
            "  %%at = add i64 %%begin, %%full\n",
            t->cg->block - 1);
    put_advance(t, "t", "q", "%full");
    for (uint32_t k = 0; k < t->operand_count; k++) {
        /* Failing elements keep their old output, so it goes into the scratch, too. */
        if (!is_uniform(t, k) && (k < t->input_count || t->cg->may_raise)) {
            put_copy(t, k, "s", "t");
        }
    }
    put_padding(t);
    fputs("  %rest32 = trunc i64 %rest to i32\n"
          "  %g = call { i32, i32 } @lanes.body(",
          t->out);
    for (uint32_t k = 0; k < t->operand_count; k++) {
        fprintf(t->out, "ptr %%%s%u, ", is_uniform(t, k) ? "q" : "s", k);
    }
    fprintf(t->out,
            "i64 %u, i32 %%rest32)\n"
            "  call void @lanes.collect({ i32, i32 } %%g, i64 %%at, ptr %%result)\n",
            t->cg->block);
    for (uint32_t k = t->input_count; k < t->operand_count; k++) {
        put_copy(t, k, "t", "s");
    }
    fputs("  br label %exit\n", t->out);
}

static void put_loop_function(const struct loop_text *t, const char *symbol)
{
    fprintf(t->out,
            "define void @%s(ptr %%frame, i64 %%begin, i64 %%end, ptr %%result) #0 {\n"
            "entry:\n",
            symbol);
    const bool has_tail = t->cg->block > 1;
    for (uint32_t k = 0; k < t->operand_count; k++) {
        if (has_tail && !is_uniform(t, k)) {
            fprintf(t->out, "  %%s%u = alloca [%u x %s], align 64\n", k, t->cg->block,
                    type_name(dtype_of(t, k)));
        }
        fprintf(t->out,
                "  %%f%u = getelementptr ptr, ptr %%frame, i64 %u\n"
                "  %%b%u = load ptr, ptr %%f%u\n",
                k, k, k, k);
    }
    put_advance(t, "q", "b", "%begin");
    fprintf(t->out,
            "  %%count = sub i64 %%end, %%begin\n"
            "  %%full = and i64 %%count, -%u\n"
            "  %%has.full = icmp ne i64 %%full, 0\n"
            "  br i1 %%has.full, label %%main, label %%%s\n"
            "main:\n"
            "  %%f = call { i32, i32 } @lanes.body(",
            t->cg->block, has_tail ? "after" : "exit");
    put_pointers(t, "q");
    fprintf(t->out,
            "i64 %%full, i32 -1)\n"
            "  call void @lanes.collect({ i32, i32 } %%f, i64 %%begin, ptr %%result)\n"
            "  br label %%%s\n",
            has_tail ? "after" : "exit");
    if (has_tail) {
        put_tail(t);
    }
    fputs("exit:\n"
          "  ret void\n"
          "}\n\n",
          t->out);
}

/*
 * LLVM rarely interleaves loops with calls, for fear of spills, which calls cause anyway.
 * Four independent calls of libmvec hide each other's latency: Black-Scholes and
 * haversine run 1.15 and 1.3 times as fast as LLVM's choice, exp the same (Zen 5, in
 * cache and from memory, 2026-11; bench/compare).
 */
#define MATH_INTERLEAVE ", !{!\"llvm.loop.interleave.count\", i32 4}"

/*
 * The debug location gives the loop a name in the vectorizer's remarks: line 1 is the
 * loop, line 2 the callback (pipeline.c reads it). No debug information is emitted.
 *
 * stackrealign: without it LLVM decides too late to align the stack, and vectors spilled
 * around calls may straddle cache lines (up to 2.5 times as slow, by the luck of the
 * caller's stack).
 */
static void put_attributes(const struct loop_text *t)
{
    fprintf(
        t->out,
        "attributes #0 = { noinline nounwind \"target-cpu\"=\"%s\" "
        "\"target-features\"=\"%s\" \"min-legal-vector-width\"=\"0\" "
        "\"prefer-vector-width\"=\"%u\" \"stackrealign\" }\n"
        "!llvm.dbg.cu = !{!7}\n"
        "!llvm.module.flags = !{!9}\n"
        "!1 = distinct !{}\n"
        "!2 = distinct !{!2, !5, !{!\"llvm.loop.parallel_accesses\", !1}%s}\n"
        "!3 = distinct !{!3, !{!\"llvm.loop.vectorize.enable\", i1 false}, "
        "!{!\"llvm.loop.unroll.disable\"}}\n"
        "!4 = distinct !DISubprogram(name: \"loop\", scope: !8, file: !8, line: 1, "
        "type: !DISubroutineType(types: !{}), spFlags: DISPFlagDefinition, unit: !7)\n"
        "!5 = !DILocation(line: 1, column: 1, scope: !4)\n"
        "!6 = !DILocation(line: 2, column: 1, scope: !4)\n"
        "!7 = distinct !DICompileUnit(language: DW_LANG_C99, file: !8, "
        "emissionKind: NoDebug)\n"
        "!8 = !DIFile(filename: \"lanes.loop\", directory: \"\")\n"
        "!9 = !{i32 2, !\"Debug Info Version\", i32 3}\n",
        t->cg->cpu, t->cg->features, t->cg->isa == LANES_ISA_AVX512 ? 512 : 256,
        t->cg->calls_vector_math ? MATH_INTERLEAVE : "");
}

static lanes_status link_text(lanes_codegen *cg, const char *text, size_t bytes)
{
    LLVMModuleRef loop = NULL;
    char *message = NULL;
    LLVMMemoryBufferRef buffer =
        LLVMCreateMemoryBufferWithMemoryRangeCopy(text, bytes, "lanes.loop");
    if (lanes_llvm_parse_ir(cg->context, buffer, &loop, &message)) {
        lanes_error_set(&cg->error, LANES_E_INTERNAL, "the generated loop: %.400s",
                        message);
        LLVMDisposeMessage(message);
        return LANES_E_INTERNAL;
    }
    LLVMSetTarget(loop, LLVMGetTarget(cg->module));
    LLVMSetDataLayout(loop, LLVMGetDataLayoutStr(cg->module));
    if (LLVMLinkModules2(cg->module, loop) != 0) { /* consumes loop */
        return lanes_error_set(&cg->error, LANES_E_INTERNAL,
                               "the generated loop does not fit the callback");
    }
    LLVMSetLinkage(LLVMGetNamedFunction(cg->module, CALLBACK), LLVMInternalLinkage);
    return LANES_OK;
}

lanes_status lanes_codegen_add_loop(lanes_codegen *cg, const char *symbol)
{
    char *text = NULL;
    size_t bytes = 0;
    struct loop_text t = {
        .out = open_memstream(&text, &bytes),
        .cg = cg,
        .input_count = cg->signature.input_count,
        .operand_count = lanes_signature_operand_count(&cg->signature),
        .is_numba = cg->convention == LANES_CONVENTION_NUMBA,
    };
    if (t.out == NULL) {
        return lanes_error_set(&cg->error, -ENOMEM, "no memory for the loop's text");
    }
    LLVMSetValueName2(cg->callback, CALLBACK, strlen(CALLBACK));
    put_declaration(&t);
    put_body(&t);
    put_collect(&t);
    put_loop_function(&t, symbol);
    put_attributes(&t);
    fclose(t.out);
    const lanes_status status = link_text(cg, text, bytes);
    free(text);
    return status;
}
