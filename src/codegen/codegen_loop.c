/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_loop.c - the loop around the callback, written as IR text and linked in.
 *
 * Functions: lanes.body (codegen_body.c), and
 *
 *   the lanes_loop_fn
 *       runs the body on the whole blocks of [begin, end) in place, and on the rest in
 *       a block that overlaps the one before, or padded to one in scratch memory where
 *       there is none, or outputs are inputs. So every element goes through the same
 *       vector code, and its bits depend neither on its position nor on how a batch is
 *       split. Rows stay where they are, and the padding of the last block repeats the
 *       last row. If elements can fail, whole blocks are run by chunks, and each is
 *       asked for failures (codegen_chunk.c).
 *
 * and, if elements can fail, the lanes_explain_fn: one element, scalar, nothing stored;
 * and the lanes_confirm_fn (codegen_confirm.c).
 *
 * Text rather than builder calls: it reads as what it makes, and it can express the
 * distinct metadata nodes that the C API cannot create.
 */
#include "codegen/codegen_loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(offsetof(lanes_loop_frame, base) == 0, "the text below indexes from 0");

/* %skip: elements between the first of the frame and %<index>. */
static void put_skip(const lanes_loop_text *t, const char *index)
{
    fprintf(t->out,
            "  %%first.at = getelementptr i8, ptr %%frame, i64 %zu\n"
            "  %%frame.first = load i64, ptr %%first.at\n"
            "  %%skip = sub i64 %%%s, %%frame.first\n",
            offsetof(lanes_loop_frame, first), index);
}

void lanes_loop_put_alone(const lanes_loop_text *t)
{
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
}

/* The lanes_explain_fn: every operand at its own stride, no output touched. */
static void put_explain(const lanes_loop_text *t, const char *symbol)
{
    fprintf(t->out,
            "define i32 @%s(ptr %%frame, i64 %%element, ptr %%excinfo) #1 {\n"
            "entry:\n"
            "  store ptr null, ptr %%excinfo\n",
            symbol);
    lanes_loop_put_alone(t);
    lanes_loop_put_call(t, LANES_ELEMENT_EXPLAIN, "excinfo", "element");
    fputs("\n", t->out);
    lanes_loop_put_extract(t, "code", 0);
    fputs("  ret i32 %code\n}\n\n", t->out);
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

/*
 * True if an element can be run twice with the same result, as long as its inputs stay.
 * Streams need whole lines.
 */
static bool may_repeat(const lanes_loop_text *t)
{
    return t->cg->key.reduce == LANES_REDUCE_NONE && t->cg->key.streams == 0;
}

/*
 * Go on to %overlap if there is a whole block before the rest, and no output is the array
 * of an input; all others are apart. An output may be the array of `where`: an element
 * that left 0 there keeps it.
 */
static void put_apart(const lanes_loop_text *t)
{
    uint32_t number = 0;
    fputs("  %apart0 = icmp ne i64 %full, 0\n", t->out);
    for (uint32_t o = t->input_count; o < t->operand_count; o++) {
        for (uint32_t k = 0; k < t->input_count; k++) {
            fprintf(t->out,
                    "  %%other%u = icmp ne ptr %%b%u, %%b%u\n"
                    "  %%apart%u = and i1 %%apart%u, %%other%u\n",
                    number, o, k, number + 1, number, number);
            number++;
        }
    }
    fprintf(t->out, "  br i1 %%apart%u, label %%overlap, label %%tail\n", number);
}

/*
 * The rest in place, in a block that begins in the one before: its first elements are run
 * again, which gives what is there. Scratch costs three copies more: rows of 300 f8
 * of 2.5 * x + y take 31 ns instead of 36, of 1000 79 instead of 82.
 */
static void put_overlap(const lanes_loop_text *t)
{
    fputs("choose:\n", t->out);
    put_apart(t);
    fprintf(t->out,
            "overlap:\n"
            "  %%again = sub i64 %u, %%rest\n"
            "  %%o = sub i64 %%full, %%again\n"
            "  %%o.at = add i64 %%begin, %%o\n",
            t->cg->block);
    put_advance(t, "o", "q", "%o");
    fputs("  %o.any = call i8 @lanes.body(ptr %frame, i64 %o.at, ", t->out);
    for (uint32_t k = 0; k < t->operand_count; k++) {
        fprintf(t->out, "ptr %%o%u, ", k);
    }
    fprintf(t->out, "%s%si64 %u, i64 -1)\n", can_fail(t) ? "ptr %smask, " : "",
            has_where(t) ? "ptr %owhere, " : "", t->cg->block);
    if (can_fail(t)) {
        fputs("  %o.mask = getelementptr i8, ptr %smask, i64 %again\n"
              "  call void @lanes.collect(i8 %o.any, ptr %o.mask, i64 %rest, i64 %at, "
              "ptr %result)\n"
              "  br i1 %wants.mask, label %o.give, label %exit\n"
              "o.give:\n"
              "  %o.theirs = getelementptr i8, ptr %qmask, i64 %full\n"
              "  call void @llvm.memcpy.p0.p0.i64(ptr %o.theirs, ptr %o.mask, i64 %rest, "
              "i1 false)\n",
              t->out);
    }
    fputs("  br label %exit\n", t->out);
}

/*
 * The rest, by way of scratch. Its mask goes to the scratch of all masks, and to the
 * client's from there.
 */
static void put_tail(const lanes_loop_text *t)
{
    fprintf(t->out,
            "after:\n"
            "  %%rest = and i64 %%count, %u\n"
            "  %%at = add i64 %%begin, %%full\n"
            "  %%has.rest = icmp ne i64 %%rest, 0\n"
            "  br i1 %%has.rest, label %%%s, label %%exit\n",
            t->cg->block - 1, may_repeat(t) ? "choose" : "tail");
    if (may_repeat(t)) {
        put_overlap(t);
    }
    fputs("tail:\n"
          "  %last = add i64 %rest, -1\n",
          t->out);
    put_advance(t, "t", "q", "%full");
    for (uint32_t k = 0; k < t->operand_count; k++) {
        /* What failing elements keep, and accumulators, go into the scratch, too. */
        if (is_contiguous(t, k) &&
            (k < t->input_count || keeps_outputs(t) || accumulates(t))) {
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
    fputs("  %tail.any = call i8 @lanes.body(ptr %frame, i64 %at, ", t->out);
    for (uint32_t k = 0; k < t->operand_count; k++) {
        fprintf(t->out, "ptr %%%s%u, ",
                is_contiguous(t, k) || is_staged(t, k) ? "s" : (is_row(t, k) ? "t" : "q"),
                k);
    }
    fprintf(t->out, "%s%si64 %u, i64 %%last", can_fail(t) ? "ptr %smask, " : "",
            has_where(t) ? "ptr %swhere, " : "", t->cg->block);
    lanes_loop_put_identities(t, true);
    fputs(")\n", t->out);
    if (can_fail(t)) {
        fputs("  call void @lanes.collect(i8 %tail.any, ptr %smask, i64 %rest, i64 %at, "
              "ptr %result)\n",
              t->out);
    }
    if (stages_outputs(t)) {
        lanes_loop_put_unstage(t, "tail.any", "t", "s", "rest", false);
    } else if (finds_place(t)) {
        lanes_loop_put_args(t, "%smask", "%swhere", "rest", "at");
    } else if (!folds(t)) {
        for (uint32_t k = t->input_count; k < t->operand_count; k++) {
            put_copy(t, k, "t", "s");
        }
    }
    fputs(can_fail(t) ? "  br i1 %wants.mask, label %give.mask, label %exit\n"
                        "give.mask:\n"
                        "  %tmask = getelementptr i8, ptr %qmask, i64 %full\n"
                        "  call void @llvm.memcpy.p0.p0.i64(ptr %tmask, ptr %smask, i64 "
                        "%rest, i1 false)\n"
                        "  br label %exit\n"
                      : "  br label %exit\n",
          t->out);
}

/* %b<name>: where an operand begins; %s<name>: scratch for @p count elements of it. */
static void put_operand(const lanes_loop_text *t, const char *name, uint32_t slot,
                        uint32_t count, uint32_t scratch_parts, const char *scratch_type)
{
    if (count > 0) {
        fprintf(t->out, "  %%s%s = alloca [%u x [%u x %s]], align 64\n", name, count,
                scratch_parts, scratch_type);
    }
    fprintf(t->out,
            "  %%f%s = getelementptr ptr, ptr %%frame, i64 %u\n"
            "  %%b%s = load ptr, ptr %%f%s\n",
            name, slot, name, name);
}

static void put_operands(const lanes_loop_text *t, bool has_tail)
{
    const uint32_t block = has_tail ? t->cg->block : 0;
    for (uint32_t k = 0; k < t->operand_count; k++) {
        char name[16];
        snprintf(name, sizeof(name), "%u", k);
        const uint32_t scratch = is_staged(t, k)       ? lanes_loop_chunk(t)
                                 : is_contiguous(t, k) ? block
                                                       : 0;
        /* Of a place that is looked for, the results themselves. */
        const bool is_result = finds_place(t) && k >= t->input_count;
        put_operand(t, name, k, scratch, parts(t, k),
                    is_result ? lanes_codegen_storage(dtype_of(t, k)) : storage(t, k));
    }
    put_operand(t, "mask", t->operand_count, can_fail(t) ? lanes_loop_chunk(t) : 0, 1,
                "i8");
    fputs("  %wants.mask = icmp ne ptr %bmask, null\n", t->out);
    if (has_where(t)) {
        put_operand(t, "where", t->operand_count + 1, block, 1, "i8");
    }
}

/* The whole blocks in one call: nothing is to be done behind any. */
static void put_whole(const lanes_loop_text *t)
{
    fputs("  call i8 @lanes.body(ptr %frame, i64 %begin, ", t->out);
    lanes_loop_put_pointers(t, "q");
    fputs("i64 %full, i64 -1", t->out);
    lanes_loop_put_identities(t, true);
    fputs(")\n"
          "  br label %after\n",
          t->out);
}

/* The whole blocks by chunks, and what is to be done behind each. */
static void put_chunks(const lanes_loop_text *t)
{
    fprintf(t->out,
            "  br label %%chunk\n"
            "chunk:\n"
            "  %%c = phi i64 [ 0, %%main ], [ %%c.next, %%%s ]\n"
            "  %%left = sub i64 %%full, %%c\n"
            "  %%n = call i64 @llvm.umin.i64(i64 %%left, i64 %u)\n"
            "  %%c.at = add i64 %%begin, %%c\n",
            stages_outputs(t) ? "any.stored" : "chunk.end", lanes_loop_chunk(t));
    put_advance(t, "c", "q", "%c");
    fprintf(t->out, "%s  %%any = call i8 @lanes.body(ptr %%frame, i64 %%c.at, ",
            can_fail(t) ? "  %c.theirs = getelementptr i8, ptr %qmask, i64 %c\n"
                          "  %cmask = select i1 %wants.mask, ptr %c.theirs, ptr %smask\n"
                        : "");
    for (uint32_t k = 0; k < t->operand_count; k++) {
        fprintf(t->out, "ptr %%%s%u, ", is_staged(t, k) ? "s" : "c", k);
    }
    fprintf(t->out, "%s%si64 %%n, i64 -1", can_fail(t) ? "ptr %cmask, " : "",
            has_where(t) ? "ptr %cwhere, " : "");
    lanes_loop_put_identities(t, true);
    fputs(")\n", t->out);
    if (can_fail(t)) {
        fputs("  call void @lanes.collect(i8 %any, ptr %cmask, i64 %n, i64 %c.at, ptr "
              "%result)\n",
              t->out);
    }
    if (finds_place(t)) {
        lanes_loop_put_args(t, "%cmask", "%cwhere", "n", "c.at");
    }
    if (stages_outputs(t)) {
        lanes_loop_put_unstage(t, "any", "c", "s", "n", true);
    } else {
        fputs("  br label %chunk.end\n"
              "chunk.end:\n",
              t->out);
    }
    fputs("  %c.next = add i64 %c, %n\n"
          "  %is.more = icmp ult i64 %c.next, %full\n"
          "  br i1 %is.more, label %chunk, label %after\n",
          t->out);
}

/* Nothing can fail, so nothing writes the mask but this. */
static void put_clear_mask(const lanes_loop_text *t)
{
    fputs("  br i1 %wants.mask, label %clear, label %start\n"
          "clear:\n"
          "  call void @llvm.memset.p0.i64(ptr %qmask, i8 0, i64 %count, i1 false)\n"
          "  br label %start\n"
          "start:\n",
          t->out);
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
            "  %%qmask = getelementptr i8, ptr %%bmask, i64 %%skip\n"
            "  %%count = sub i64 %%end, %%begin\n"
            "  %%full = and i64 %%count, -%u\n"
            "  %%has.full = icmp ne i64 %%full, 0\n",
            t->cg->block);
    if (!can_fail(t)) {
        put_clear_mask(t);
    }
    fputs("  br i1 %has.full, label %main, label %after\n"
          "main:\n",
          t->out);
    if (can_fail(t) || finds_place(t)) {
        put_chunks(t);
    } else {
        put_whole(t);
    }
    if (has_tail) {
        put_tail(t);
    } else {
        fputs("after:\n"
              "  br label %exit\n",
              t->out);
    }
    fputs("exit:\n"
          "  ret void\n"
          "}\n\n",
          t->out);
}

/*
 * LLVM rarely interleaves loops with calls, for fear of spills, which calls cause anyway.
 * Calls of libmvec that need each other's results are worth interleaving by 4: others
 * hide their latency; so are the operations around one call. One call alone is better by
 * itself, as what is to be kept across calls is stored (README.md).
 */
static uint32_t choose_interleave(const lanes_codegen_vector_math *math)
{
    return math->calls == 1 && math->arithmetic <= 1 ? 1 : 4;
}

static const char *interleave_text(const lanes_loop_text *t, char text[64])
{
    const lanes_codegen_vector_math *math = &t->cg->vector_math;
    text[0] = '\0';
    if (math->calls > 0) {
        snprintf(text, 64, ", !{!\"llvm.loop.interleave.count\", i32 %u}",
                 choose_interleave(math));
    }
    return text;
}

/*
 * The debug location gives the loop a name in the vectorizer's remarks: line 1 is the
 * loop, line 2 the callback (pipeline.c reads it). No debug information is emitted. The
 * text says of no version which debug info it has: that is a module flag, and flags are
 * what linking can fail at, since the callback's module may have the same in another way.
 *
 * stackrealign: without it LLVM decides too late to align the stack, and vectors spilled
 * around calls may straddle cache lines (up to 2.5 times as slow, by the luck of the
 * caller's stack).
 */
static void put_attributes(const lanes_loop_text *t)
{
    const unsigned width = t->cg->isa == LANES_ISA_AVX512 ? 512 : 256;
    char interleave[64];
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
        "attributes #2 = { noinline nounwind \"target-cpu\"=\"%s\" "
        "\"target-features\"=\"%s\" \"min-legal-vector-width\"=\"0\" "
        "\"prefer-vector-width\"=\"%u\" }\n"
        "!llvm.dbg.cu = !{!7}\n"
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
        "!10 = !{i32 1}\n",
        t->cg->cpu, t->cg->features, width, t->cg->cpu, t->cg->features, width,
        t->cg->cpu, t->cg->features, width, interleave_text(t, interleave));
}

static lanes_status add_loop(lanes_codegen *cg, const char *symbol,
                             const char *explain_symbol, const char *confirm_symbol)
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
    fputs("declare i64 @llvm.umin.i64(i64, i64)\n"
          "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)\n\n",
          t.out);
    lanes_loop_put_body(&t);
    if (can_fail(&t)) {
        lanes_loop_put_collect(&t);
    }
    if (stages_outputs(&t)) {
        lanes_loop_put_stage(&t);
    }
    if (cg->key.reduce != LANES_REDUCE_NONE) {
        lanes_loop_put_reduce_declarations(&t);
    }
    if (finds_place(&t)) {
        lanes_loop_put_arg_functions(&t);
    }
    put_loop_function(&t, symbol);
    if (cg->may_raise) {
        lanes_codegen_put_element(cg, LANES_ELEMENT_EXPLAIN, t.out);
        put_explain(&t, explain_symbol);
    }
    if (lanes_loop_has_confirm(&t)) {
        lanes_codegen_put_element(cg, LANES_ELEMENT_CONFIRM, t.out);
        lanes_loop_put_confirm(&t, confirm_symbol);
    }
    put_attributes(&t);
    fclose(t.out);
    const lanes_status status = lanes_codegen_link_loop(cg, text, bytes);
    free(text);
    return status;
}

const lanes_codegen_strategy lanes_codegen_strategy_loop = {
    .id = LANES_STRATEGY_LOOP, .name = "loop", .add_loop = add_loop};
