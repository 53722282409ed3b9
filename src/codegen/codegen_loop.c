/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_loop.c - the loop around the callback, written as IR text and linked in.
 *
 * Functions:
 *
 *   lanes.body(frame, base, pointers, count, valid) -> {failed, first}
 *       calls lanes.element for elements [0, count), count a multiple of the block; the
 *       vectorizer turns this one into vector code. A failing element keeps its old
 *       outputs. `failed` and `first` cover elements below `valid`. Element 0 is element
 *       `base` of the batch.
 *   the lanes_loop_fn
 *       runs the body on the whole blocks of [begin, end) in place, and on the rest
 * padded to one block in scratch memory. So every element goes through the same vector
 *       code, and its bits depend neither on its position nor on how a batch is split.
 *
 * and, if elements can fail, the lanes_explain_fn: one element, scalar, nothing stored.
 *
 * An operand is one or two parts (codegen_signature.c): a complex array is read and
 * written as interleaved scalars, which LLVM vectorizes. Rows stay where they are, and
 * the padding of the last block repeats the last row.
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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(lanes_loop_result) == 16, "the text below stores two words");
_Static_assert(offsetof(lanes_loop_frame, base) == 0, "the text below indexes from 0");

/* Everything the emitters need; one per loop. */
struct loop_text {
    FILE *out;
    const lanes_codegen *cg;
    const lanes_signature *signature;
    uint32_t input_count;
    uint32_t operand_count; /* without the mask */
};

static uint32_t dtype_of(const struct loop_text *t, uint32_t operand)
{
    return t->signature->dtype[operand];
}

static const char *storage(const struct loop_text *t, uint32_t operand)
{
    return lanes_codegen_storage(dtype_of(t, operand));
}

static uint32_t parts(const struct loop_text *t, uint32_t operand)
{
    return lanes_dtype_part_count(dtype_of(t, operand));
}

static bool is_uniform(const struct loop_text *t, uint32_t operand)
{
    return t->cg->key.layout[operand] == LANES_LAYOUT_UNIFORM;
}

static bool is_row(const struct loop_text *t, uint32_t operand)
{
    return t->cg->key.layout[operand] == LANES_LAYOUT_ROWS;
}

static bool is_contiguous(const struct loop_text *t, uint32_t operand)
{
    return t->cg->key.layout[operand] == LANES_LAYOUT_CONTIGUOUS;
}

static bool has_mask(const struct loop_text *t)
{
    return t->cg->key.has_mask != 0;
}

/* Comma-separated "ptr %<prefix><k>" for each operand. */
static void put_pointers(const struct loop_text *t, const char *prefix)
{
    for (uint32_t k = 0; k < t->operand_count; k++) {
        fprintf(t->out, "ptr %%%s%u, ", prefix, k);
    }
    if (has_mask(t)) {
        fprintf(t->out, "ptr %%%smask, ", prefix);
    }
}

/* %<name> = address of element %<index> of the operand at %<base><k>. */
static void put_element_address(const struct loop_text *t, const char *name, uint32_t k,
                                const char *base, const char *index)
{
    fprintf(t->out, "  %%%s%u = getelementptr inbounds [%u x %s], ptr %%%s%u, i64 %%%s\n",
            name, k, parts(t, k), storage(t, k), base, k, index);
}

/* %x<k>.<p>: the parts of input k at %<address><k>. */
static void put_part_loads(const struct loop_text *t, uint32_t k, const char *address,
                           const char *annotation)
{
    for (uint32_t p = 0; p < parts(t, k); p++) {
        const char *type = storage(t, k);
        fprintf(t->out,
                "  %%g%u.%u = getelementptr inbounds %s, ptr %%%s%u, i64 %u\n"
                "  %%x%u.%u = load %s, ptr %%g%u.%u, align 1%s\n",
                k, p, type, address, k, p, k, p, type, k, p, annotation);
    }
}

/* What does not change from element to element: read before the loop. */
static void put_invariants(const struct loop_text *t)
{
    fprintf(t->out,
            "  %%params.at = getelementptr i8, ptr %%frame, i64 %zu\n"
            "  %%params = load ptr, ptr %%params.at\n"
            "  %%seed.at = getelementptr i8, ptr %%frame, i64 %zu\n"
            "  %%seed = load i64, ptr %%seed.at\n",
            offsetof(lanes_loop_frame, params), offsetof(lanes_loop_frame, seed));
    for (uint32_t k = 0; k < t->input_count; k++) {
        if (is_row(t, k)) {
            fprintf(t->out,
                    "  %%n%u.at = getelementptr i8, ptr %%frame, i64 %zu\n"
                    "  %%n%u = load i32, ptr %%n%u.at\n"
                    "  %%stride%u.at = getelementptr i8, ptr %%frame, i64 %zu\n"
                    "  %%stride%u = load i64, ptr %%stride%u.at\n",
                    k, offsetof(lanes_loop_frame, row_count) + k * sizeof(int32_t), k, k,
                    k, offsetof(lanes_loop_frame, stride) + k * sizeof(int64_t), k, k);
        }
    }
}

static void put_loads(const struct loop_text *t)
{
    for (uint32_t k = 0; k < t->input_count; k++) {
        if (is_row(t, k)) {
            fprintf(t->out,
                    "  %%c%u = mul i64 %%clamped, %%stride%u\n"
                    "  %%row%u = getelementptr i8, ptr %%p%u, i64 %%c%u\n",
                    k, k, k, k, k);
        } else if (is_contiguous(t, k)) {
            put_element_address(t, "a", k, "p", "i");
            put_part_loads(t, k, "a", ", !llvm.access.group !1");
        }
    }
}

/*
 * A failing element gets its old output back. Reading it costs no memory traffic, because
 * an ordinary store fetches the line anyway; a masked store cost memory-bound loops up to
 * half their speed on Zen 5 (bench/compare, x/y). It is read before the call, so that its
 * address does not become a choice between the callback's several ends.
 */
static void put_old_outputs(const struct loop_text *t)
{
    for (uint32_t k = t->input_count; k < t->operand_count; k++) {
        put_element_address(t, "a", k, "p", "i");
        for (uint32_t p = 0; p < parts(t, k); p++) {
            const char *type = storage(t, k);
            fprintf(t->out,
                    "  %%g%u.%u = getelementptr inbounds %s, ptr %%a%u, i64 %u\n"
                    "  %%old%u.%u = load %s, ptr %%g%u.%u, align 1, "
                    "!llvm.access.group !1\n",
                    k, p, type, k, p, k, p, type, k, p);
        }
    }
}

/* %e = lanes.element(...) with the inputs as loaded. */
static void put_call(const struct loop_text *t, const char *element, const char *excinfo,
                     const char *index)
{
    fputs("  %e = call ", t->out);
    lanes_codegen_put_element_type(t->cg, t->out);
    fprintf(t->out, " @%s(ptr %%%s, ptr %%params, i64 %%seed, i64 %%%s", element, excinfo,
            index);
    for (uint32_t k = 0; k < t->input_count; k++) {
        if (is_row(t, k)) {
            fprintf(t->out, ", ptr %%row%u, i32 %%n%u", k, k);
            continue;
        }
        for (uint32_t p = 0; p < parts(t, k); p++) {
            fprintf(t->out, ", %s %%x%u.%u", storage(t, k), k, p);
        }
    }
    fputs(")", t->out);
}

static void put_extract(const struct loop_text *t, const char *name, uint32_t at)
{
    fprintf(t->out, "  %%%s = extractvalue ", name);
    lanes_codegen_put_element_type(t->cg, t->out);
    fprintf(t->out, " %%e, %u\n", at);
}

static void put_stores(const struct loop_text *t)
{
    uint32_t at = 1;
    for (uint32_t k = t->input_count; k < t->operand_count; k++) {
        for (uint32_t p = 0; p < parts(t, k); p++) {
            const char *type = storage(t, k);
            char name[32];
            snprintf(name, sizeof(name), "y%u.%u", k, p);
            put_extract(t, name, at++);
            fprintf(t->out,
                    "  %%new%u.%u = select i1 %%bad, %s %%old%u.%u, %s %%y%u.%u\n"
                    "  store %s %%new%u.%u, ptr %%g%u.%u, align 1, "
                    "!llvm.access.group !1\n",
                    k, p, type, k, p, type, k, p, type, k, p, k, p);
        }
    }
    if (has_mask(t)) {
        fputs("  %mask.at = getelementptr inbounds i8, ptr %pmask, i64 %i\n"
              "  %mask.byte = zext i1 %bad to i8\n"
              "  store i8 %mask.byte, ptr %mask.at, align 1, !llvm.access.group !1\n",
              t->out);
    }
}

static void put_body_head(const struct loop_text *t)
{
    fputs("define { i32, i32 } @lanes.body(ptr %frame, i64 %base, ", t->out);
    put_pointers(t, "p");
    fprintf(t->out,
            "i64 %%count, i32 %%valid) #0 !dbg !4 {\n"
            "entry:\n"
            "  %%exc = alloca ptr\n"
            "  %%n = and i64 %%count, -%u\n"
            "  %%valid.wide = zext i32 %%valid to i64\n"
            "  %%last = sub i64 %%valid.wide, 1\n",
            t->cg->block);
    put_invariants(t);
    for (uint32_t k = 0; k < t->input_count; k++) {
        if (is_uniform(t, k)) {
            put_part_loads(t, k, "p", "");
        }
    }
    fputs("  %none = icmp eq i64 %n, 0\n"
          "  br i1 %none, label %exit, label %loop\n",
          t->out);
}

static void put_body(const struct loop_text *t)
{
    put_body_head(t);
    fputs("loop:\n"
          "  %i = phi i64 [ 0, %entry ], [ %next, %loop ]\n"
          "  %failed = phi i32 [ 0, %entry ], [ %failed.next, %loop ]\n"
          "  %first = phi i32 [ -1, %entry ], [ %first.next, %loop ]\n"
          "  %clamped = call i64 @llvm.umin.i64(i64 %i, i64 %last)\n"
          "  %element = add i64 %base, %i\n",
          t->out);
    put_loads(t);
    put_old_outputs(t);
    put_call(t, LANES_ELEMENT_LOOP, "exc", "element");
    fputs(", !dbg !6\n", t->out);
    put_extract(t, "code", 0);
    fputs("  %bad = icmp ne i32 %code, 0\n", t->out);
    put_stores(t);
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

/* The lanes_explain_fn: every operand at its own stride, no output touched. */
static void put_explain(const struct loop_text *t, const char *symbol)
{
    fprintf(t->out,
            "define i32 @%s(ptr %%frame, i64 %%element, ptr %%excinfo) #1 {\n"
            "entry:\n"
            "  store ptr null, ptr %%excinfo\n",
            symbol);
    put_invariants(t);
    for (uint32_t k = 0; k < t->input_count; k++) {
        fprintf(t->out,
                "  %%base%u.at = getelementptr ptr, ptr %%frame, i64 %u\n"
                "  %%base%u = load ptr, ptr %%base%u.at\n"
                "  %%step%u.at = getelementptr i8, ptr %%frame, i64 %zu\n"
                "  %%step%u = load i64, ptr %%step%u.at\n"
                "  %%off%u = mul i64 %%element, %%step%u\n"
                "  %%%s%u = getelementptr i8, ptr %%base%u, i64 %%off%u\n",
                k, k, k, k, k, offsetof(lanes_loop_frame, stride) + k * sizeof(int64_t),
                k, k, k, k, is_row(t, k) ? "row" : "a", k, k, k);
        if (!is_row(t, k)) {
            put_part_loads(t, k, "a", "");
        }
    }
    put_call(t, LANES_ELEMENT_EXPLAIN, "excinfo", "element");
    fputs("\n", t->out);
    put_extract(t, "code", 0);
    fputs("  ret i32 %code\n}\n\n", t->out);
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
        if (is_contiguous(t, k) && (k < t->input_count || t->cg->may_raise)) {
            put_copy(t, k, "s", "t");
        }
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
            "%si64 %u, i32 %%rest32)\n"
            "  call void @lanes.collect({ i32, i32 } %%g, i64 %%at, ptr %%result)\n",
            has_mask(t) ? "ptr %smask, " : "", t->cg->block);
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

/* %b<k>: where each operand begins; %s<k>: scratch for a block of it. */
static void put_operands(const struct loop_text *t, bool has_tail)
{
    for (uint32_t k = 0; k < t->operand_count + (has_mask(t) ? 1 : 0); k++) {
        const bool is_mask = k == t->operand_count;
        char name[16] = "mask";
        if (!is_mask) {
            snprintf(name, sizeof(name), "%u", k);
        }
        if (has_tail && (is_mask || is_contiguous(t, k))) {
            fprintf(t->out, "  %%s%s = alloca [%u x [%u x %s]], align 64\n", name,
                    t->cg->block, is_mask ? 1 : parts(t, k),
                    is_mask ? "i8" : storage(t, k));
        }
        fprintf(t->out,
                "  %%f%s = getelementptr ptr, ptr %%frame, i64 %u\n"
                "  %%b%s = load ptr, ptr %%f%s\n",
                name, k, name, name);
    }
}

static void put_loop_function(const struct loop_text *t, const char *symbol)
{
    fprintf(t->out,
            "define void @%s(ptr %%frame, i64 %%begin, i64 %%end, ptr %%result) #0 {\n"
            "entry:\n",
            symbol);
    const bool has_tail = t->cg->block > 1;
    put_operands(t, has_tail);
    put_invariants(t);
    put_advance(t, "q", "b", "%begin");
    fprintf(t->out,
            "  %%count = sub i64 %%end, %%begin\n"
            "  %%full = and i64 %%count, -%u\n"
            "  %%has.full = icmp ne i64 %%full, 0\n"
            "  br i1 %%has.full, label %%main, label %%%s\n"
            "main:\n"
            "  %%f = call { i32, i32 } @lanes.body(ptr %%frame, i64 %%begin, ",
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
    struct loop_text t = {
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
          "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)\n\n",
          t.out);
    put_body(&t);
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
