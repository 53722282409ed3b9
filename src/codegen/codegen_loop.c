/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_loop.c - the loop around the callback, written as IR text and linked in.
 *
 * Functions: lanes.body (codegen_body.c), and
 *
 *   the lanes_loop_fn
 *       runs the body on the whole blocks of [begin, end) in place, and on the rest
 *       padded to one block in scratch memory. So every element goes through the same
 *       vector code, and its bits depend neither on its position nor on how a batch is
 *       split. Rows stay where they are, and the padding of the last block repeats the
 *       last row.
 *
 * and, if elements can fail, the lanes_explain_fn: one element, scalar, nothing stored.
 *
 * Text rather than builder calls: it reads as what it makes, and it can express the
 * distinct metadata nodes that the C API cannot create.
 */
#include "codegen/codegen_loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(lanes_loop_result) == 16, "the text below stores two words");
_Static_assert(offsetof(lanes_loop_frame, base) == 0, "the text below indexes from 0");

/* True if a store may leave what is there. */
static bool keeps_outputs(const lanes_loop_text *t)
{
    return t->cg->may_raise || has_where(t);
}
/* %skip: elements between the first of the frame and %<index>. */
static void put_skip(const lanes_loop_text *t, const char *index)
{
    fprintf(t->out,
            "  %%first.at = getelementptr i8, ptr %%frame, i64 %zu\n"
            "  %%frame.first = load i64, ptr %%first.at\n"
            "  %%skip = sub i64 %%%s, %%frame.first\n",
            offsetof(lanes_loop_frame, first), index);
}

/* The lanes_explain_fn: every operand at its own stride, no output touched. */
static void put_explain(const lanes_loop_text *t, const char *symbol)
{
    fprintf(t->out,
            "define i32 @%s(ptr %%frame, i64 %%element, ptr %%excinfo) #1 {\n"
            "entry:\n"
            "  store ptr null, ptr %%excinfo\n",
            symbol);
    lanes_loop_put_invariants(t);
    put_skip(t, "element");
    for (uint32_t k = 0; k < t->input_count; k++) {
        fprintf(t->out,
                "  %%base%u.at = getelementptr ptr, ptr %%frame, i64 %u\n"
                "  %%base%u = load ptr, ptr %%base%u.at\n"
                "  %%step%u.at = getelementptr i8, ptr %%frame, i64 %zu\n"
                "  %%step%u = load i64, ptr %%step%u.at\n"
                "  %%off%u = mul i64 %%skip, %%step%u\n"
                "  %%%s%u = getelementptr i8, ptr %%base%u, i64 %%off%u\n",
                k, k, k, k, k, offsetof(lanes_loop_frame, stride) + k * sizeof(int64_t),
                k, k, k, k, is_row(t, k) ? "row" : "a", k, k, k);
        if (!is_row(t, k)) {
            lanes_loop_put_input(t, k, "a", "");
        }
    }
    lanes_loop_put_call(t, LANES_ELEMENT_EXPLAIN, "excinfo", "element");
    fputs("\n", t->out);
    lanes_loop_put_extract(t, "code", 0);
    fputs("  ret i32 %code\n}\n\n", t->out);
}

/* Adds one body call's failures to the lanes_loop_result. */
static void put_collect(const lanes_loop_text *t)
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
static void put_advance(const lanes_loop_text *t, const char *prefix, const char *from,
                        const char *index)
{
    for (uint32_t k = 0; k < t->operand_count; k++) {
        if (is_row(t, k)) {
            fprintf(t->out,
                    "  %%%s%u.by = mul i64 %s, %%stride%u\n"
                    "  %%%s%u = getelementptr i8, ptr %%%s%u, i64 %%%s%u.by\n",
                    prefix, k, index, k, prefix, k, from, k, prefix, k);
        } else {
            fprintf(t->out, "  %%%s%u = getelementptr [%u x %s], ptr %%%s%u, i64 %s\n",
                    prefix, k, parts(t, k), storage(t, k), from, k,
                    is_uniform(t, k) ? "0" : index);
        }
    }
    if (has_mask(t)) {
        fprintf(t->out, "  %%%smask = getelementptr i8, ptr %%%smask, i64 %s\n", prefix,
                from, index);
    }
    if (has_where(t)) {
        fprintf(t->out, "  %%%swhere = getelementptr i8, ptr %%%swhere, i64 %s\n", prefix,
                from, index);
    }
}

static void put_copy(const lanes_loop_text *t, uint32_t k, const char *to,
                     const char *from)
{
    fprintf(
        t->out,
        "  %%%s.bytes%u = mul i64 %%rest, %u\n"
        "  call void @llvm.memcpy.p0.p0.i64(ptr %%%s%u, ptr %%%s%u, i64 %%%s.bytes%u, "
        "i1 false)\n",
        to, k, lanes_dtype_bytes(stored_dtype(t, k)), to, k, from, k, to, k);
}

/* Fill scratch inputs behind the rest with the last element, so that the padding does
 * nothing the data does not do. */
static void put_padding(const lanes_loop_text *t)
{
    fputs("  %last = add i64 %rest, -1\n", t->out);
    for (uint32_t k = 0; k < t->input_count; k++) {
        if (is_contiguous(t, k)) {
            fprintf(t->out,
                    "  %%l%u = getelementptr [%u x %s], ptr %%s%u, i64 %%last\n"
                    "  %%v%u = load [%u x %s], ptr %%l%u\n",
                    k, parts(t, k), storage(t, k), k, k, parts(t, k), storage(t, k), k);
        }
    }
    fputs("  br label %pad\n"
          "pad:\n"
          "  %j = phi i64 [ %rest, %tail ], [ %j.next, %pad ]\n",
          t->out);
    for (uint32_t k = 0; k < t->input_count; k++) {
        if (is_contiguous(t, k)) {
            fprintf(t->out,
                    "  %%d%u = getelementptr [%u x %s], ptr %%s%u, i64 %%j\n"
                    "  store [%u x %s] %%v%u, ptr %%d%u\n",
                    k, parts(t, k), storage(t, k), k, parts(t, k), storage(t, k), k, k);
        }
    }
    fprintf(t->out,
            "  %%j.next = add i64 %%j, 1\n"
            "  %%padded = icmp eq i64 %%j.next, %u\n"
            "  br i1 %%padded, label %%run, label %%pad, !llvm.loop !3\n"
            "run:\n",
            t->cg->block);
}

static void put_tail(const lanes_loop_text *t)
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
        if (is_contiguous(t, k) && (k < t->input_count || keeps_outputs(t))) {
            put_copy(t, k, "s", "t");
        }
    }
    if (has_where(t)) { /* what it says of the padding does not matter */
        fprintf(t->out,
                "  call void @llvm.memset.p0.i64(ptr %%swhere, i8 0, i64 %u, i1 false)\n"
                "  call void @llvm.memcpy.p0.p0.i64(ptr %%swhere, ptr %%twhere, i64 "
                "%%rest, i1 false)\n",
                t->cg->block);
    }
    put_padding(t);
    fputs("  %rest32 = trunc i64 %rest to i32\n"
          "  %g = call { i32, i32 } @lanes.body(ptr %frame, i64 %at, ",
          t->out);
    for (uint32_t k = 0; k < t->operand_count; k++) {
        fprintf(t->out, "ptr %%%s%u, ",
                is_contiguous(t, k) ? "s" : (is_row(t, k) ? "t" : "q"), k);
    }
    fprintf(t->out,
            "%s%si64 %u, i32 %%rest32)\n"
            "  call void @lanes.collect({ i32, i32 } %%g, i64 %%at, ptr %%result)\n",
            has_mask(t) ? "ptr %smask, " : "", has_where(t) ? "ptr %swhere, " : "",
            t->cg->block);
    for (uint32_t k = t->input_count; k < t->operand_count; k++) {
        put_copy(t, k, "t", "s");
    }
    if (has_mask(t)) {
        fputs("  call void @llvm.memcpy.p0.p0.i64(ptr %tmask, ptr %smask, i64 %rest, "
              "i1 false)\n",
              t->out);
    }
    fputs("  br label %exit\n", t->out);
}

/* %b<name>: where an operand begins; %s<name>: scratch for a block of it, if it needs
 * one.
 */
static void put_operand(const lanes_loop_text *t, const char *name, uint32_t slot,
                        uint32_t scratch_parts, const char *scratch_type)
{
    if (scratch_parts > 0) {
        fprintf(t->out, "  %%s%s = alloca [%u x [%u x %s]], align 64\n", name,
                t->cg->block, scratch_parts, scratch_type);
    }
    fprintf(t->out,
            "  %%f%s = getelementptr ptr, ptr %%frame, i64 %u\n"
            "  %%b%s = load ptr, ptr %%f%s\n",
            name, slot, name, name);
}

static void put_operands(const lanes_loop_text *t, bool has_tail)
{
    for (uint32_t k = 0; k < t->operand_count; k++) {
        char name[16];
        snprintf(name, sizeof(name), "%u", k);
        put_operand(t, name, k, has_tail && is_contiguous(t, k) ? parts(t, k) : 0,
                    storage(t, k));
    }
    if (has_mask(t)) {
        put_operand(t, "mask", t->operand_count, has_tail ? 1 : 0, "i8");
    }
    if (has_where(t)) {
        put_operand(t, "where", t->operand_count + 1, has_tail ? 1 : 0, "i8");
    }
}

static void put_loop_function(const lanes_loop_text *t, const char *symbol)
{
    fprintf(t->out,
            "define void @%s(ptr %%frame, i64 %%begin, i64 %%end, ptr %%result) #0 {\n"
            "entry:\n",
            symbol);
    const bool has_tail = t->cg->block > 1;
    put_operands(t, has_tail);
    lanes_loop_put_invariants(t);
    put_skip(t, "begin");
    put_advance(t, "q", "b", "%skip");
    fprintf(t->out,
            "  %%count = sub i64 %%end, %%begin\n"
            "  %%full = and i64 %%count, -%u\n"
            "  %%has.full = icmp ne i64 %%full, 0\n"
            "  br i1 %%has.full, label %%main, label %%%s\n"
            "main:\n"
            "  %%f = call { i32, i32 } @lanes.body(ptr %%frame, i64 %%begin, ",
            t->cg->block, has_tail ? "after" : "exit");
    lanes_loop_put_pointers(t, "q");
    fprintf(t->out,
            "i64 %%full, i32 -1)\n"
            "  call void @lanes.collect({ i32, i32 } %%f, i64 %%begin, ptr %%result)\n"
            "  br label %%%s\n",
            has_tail ? "after" : "exit");
    if (has_tail) {
        put_tail(t);
    }
    /* Streaming stores are ordered with nothing; the batch's end must be behind them. */
    fprintf(t->out,
            "exit:\n"
            "%s"
            "  ret void\n"
            "}\n\n",
            t->cg->key.streams != 0 ? "  call void @llvm.x86.sse.sfence()\n" : "");
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
static void put_attributes(const lanes_loop_text *t)
{
    const unsigned width = t->cg->isa == LANES_ISA_AVX512 ? 512 : 256;
    fprintf(
        t->out,
        "attributes #0 = { noinline nounwind \"target-cpu\"=\"%s\" "
        "\"target-features\"=\"%s\" \"min-legal-vector-width\"=\"0\" "
        "\"prefer-vector-width\"=\"%u\" \"stackrealign\" \"probe-stack\"=\"inline-asm\" "
        "}\n"
        "attributes #1 = { noinline nounwind optsize minsize cold \"target-cpu\"=\"%s\" "
        "\"target-features\"=\"%s\" \"min-legal-vector-width\"=\"0\" "
        "\"prefer-vector-width\"=\"%u\" \"stackrealign\" \"probe-stack\"=\"inline-asm\" "
        "}\n"
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
        t->cg->cpu, t->cg->features, width, t->cg->cpu, t->cg->features, width,
        t->cg->calls_vector_math ? MATH_INTERLEAVE : "");
}

lanes_status lanes_codegen_add_loop(lanes_codegen *cg, const char *symbol,
                                    const char *explain_symbol)
{
    char *text = NULL;
    size_t bytes = 0;
    lanes_loop_text t = {
        .out = open_memstream(&text, &bytes),
        .cg = cg,
        .signature = &cg->signature,
        .input_count = cg->signature.input_count,
        .operand_count = lanes_signature_operand_count(&cg->signature),
    };
    if (t.out == NULL) {
        return lanes_error_set(&cg->error, -ENOMEM, "no memory for the loop's text");
    }
    lanes_codegen_put_declarations(cg, t.out);
    lanes_codegen_put_element(cg, LANES_ELEMENT_LOOP, t.out);
    fputs("declare i32 @llvm.umin.i32(i32, i32)\n"
          "declare i64 @llvm.umin.i64(i64, i64)\n"
          "declare void @llvm.x86.sse.sfence()\n"
          "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)\n\n",
          t.out);
    lanes_loop_put_body(&t);
    put_collect(&t);
    put_loop_function(&t, symbol);
    if (cg->may_raise) {
        lanes_codegen_put_element(cg, LANES_ELEMENT_EXPLAIN, t.out);
        put_explain(&t, explain_symbol);
    }
    put_attributes(&t);
    fclose(t.out);
    const lanes_status status = lanes_codegen_link_loop(cg, text, bytes);
    free(text);
    return status;
}
