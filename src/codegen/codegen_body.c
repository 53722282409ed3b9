/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_body.c - the loop that LLVM vectorizes, written as IR text.
 *
 *   lanes.body(frame, base, pointers, count, last) -> any
 *       calls lanes.element for elements [0, count), count a multiple of the block. A
 *       failing element keeps its old outputs, or leaves anything in them where they are
 *       scratch. Behind the pointers to operands is one to a byte for each element: 1 if
 *       it failed. `any` is 0 if none did. Element 0 is element `base` of the batch; rows
 *       behind `last` are not read.
 *
 * A callback that may fail does not leave the loop: that is noted and the store is
 * conditional, which both vectorize. What costs least is a byte for each element, and one
 * register for all: counting and the smallest index here, in 32 bits, were seven vector
 * instructions for 16 elements, a quarter of the time of dividing int8. Elements
 * that a `where` operand leaves out are not computed: a branch around the call, which the
 * vectorizer makes a mask of. So they neither load what they may not nor loop for ever.
 *
 * Elements are independent, and operands are either disjoint or exactly the same array
 * (engine_overlap.c refuses the rest), so accesses are annotated as parallel: the
 * vectorizer needs no alias checks, and in-place batches need no other code.
 */
#include "codegen/codegen_loop.h"

#include <stdio.h>
#include <string.h>

void lanes_loop_put_pointers(const lanes_loop_text *t, const char *prefix)
{
    for (uint32_t k = 0; k < t->operand_count; k++) {
        fprintf(t->out, "ptr %%%s%u, ", prefix, k);
    }
    if (can_fail(t)) {
        fprintf(t->out, "ptr %%%smask, ", prefix);
    }
    if (has_where(t)) {
        fprintf(t->out, "ptr %%%swhere, ", prefix);
    }
}

/* %<name> = address of element %<index> of the operand at %<base><k>. */
static void put_element_address(const lanes_loop_text *t, const char *name, uint32_t k,
                                const char *base, const char *index)
{
    fprintf(t->out, "  %%%s%u = getelementptr inbounds [%u x %s], ptr %%%s%u, i64 %%%s\n",
            name, k, parts(t, k), storage(t, k), base, k, index);
}

void lanes_loop_put_input(const lanes_loop_text *t, uint32_t k, const char *address,
                          const char *annotation)
{
    const uint32_t from = lanes_dtype_part(stored_dtype(t, k));
    const uint32_t to = lanes_dtype_part(dtype_of(t, k));
    for (uint32_t p = 0; p < value_parts(t, k); p++) {
        const char *type = storage(t, k);
        char name[32];
        char value[32];
        snprintf(name, sizeof(name), "x%u.%u", k, p);
        snprintf(value, sizeof(value), "v%u.%u", k, p);
        if (p >= parts(t, k)) { /* the imaginary part of a real number */
            fprintf(t->out, "  %%%s = fadd %s 0.0, 0.0\n", name,
                    lanes_codegen_storage(dtype_of(t, k)));
            continue;
        }
        fprintf(t->out,
                "  %%g%u.%u = getelementptr inbounds %s, ptr %%%s%u, i64 %u\n"
                "  %%%s = load %s, ptr %%g%u.%u, align 1%s\n",
                k, p, type, address, k, p, value, type, k, p, annotation);
        lanes_codegen_put_conversion(t->out, name, value, from, to);
    }
}

void lanes_loop_put_invariants(const lanes_loop_text *t)
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

/* An input that is not loaded: what the callback has given before. */
static bool is_combined(const lanes_loop_text *t, uint32_t k)
{
    return combines(t) && k == 0;
}

static void put_loads(const lanes_loop_text *t)
{
    for (uint32_t k = 0; k < t->input_count; k++) {
        if (is_row(t, k)) {
            fprintf(t->out,
                    "  %%c%u = mul i64 %%clamped, %%stride%u\n"
                    "  %%row%u = getelementptr i8, ptr %%p%u, i64 %%c%u\n",
                    k, k, k, k, k);
        } else if (is_contiguous(t, k) && !is_combined(t, k)) {
            put_element_address(t, "a", k, "p", "i");
            lanes_loop_put_input(t, k, "a", ", !llvm.access.group !1");
        }
    }
}

/*
 * A failing element gets its old output back. Reading it costs no memory traffic, because
 * an ordinary store fetches the line anyway; a masked store cost memory-bound loops up to
 * half their speed on Zen 5 (bench/compare, x/y). It is read before the call, so that its
 * address does not become a choice between the callback's several ends.
 */
static void put_outputs(const lanes_loop_text *t)
{
    for (uint32_t k = t->input_count; k < t->operand_count && !folds(t); k++) {
        put_element_address(t, "a", k, "p", "i");
        for (uint32_t p = 0; p < parts(t, k); p++) {
            const char *type = storage(t, k);
            fprintf(t->out, "  %%g%u.%u = getelementptr inbounds %s, ptr %%a%u, i64 %u\n",
                    k, p, type, k, p);
            if (keeps_outputs(t) || accumulates(t)) {
                fprintf(t->out,
                        "  %%old%u.%u = load %s, ptr %%g%u.%u, align 1, "
                        "!llvm.access.group !1\n",
                        k, p, type, k, p);
            }
        }
    }
}

void lanes_loop_put_call(const lanes_loop_text *t, const char *element,
                         const char *excinfo, const char *index)
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
        const bool is_before =
            is_combined(t, k) && strcmp(element, LANES_ELEMENT_LOOP) == 0;
        const char *name = !is_before ? "x" : carries(t) ? "sum" : "old";
        const uint32_t from = is_before ? t->input_count : k;
        for (uint32_t p = 0; p < value_parts(t, k); p++) {
            fprintf(t->out, ", %s %%%s%u.%u", lanes_codegen_storage(dtype_of(t, k)), name,
                    from, p);
        }
    }
    fputs(")", t->out);
}

void lanes_loop_put_extract(const lanes_loop_text *t, const char *name, uint32_t at)
{
    fprintf(t->out, "  %%%s = extractvalue ", name);
    lanes_codegen_put_element_type(t->cg, t->out);
    fprintf(t->out, " %%e, %u\n", at);
}

void lanes_loop_put_results(const lanes_loop_text *t, const char *suffix)
{
    uint32_t at = 0;
    char name[32];
    snprintf(name, sizeof(name), "code%s", suffix);
    lanes_loop_put_extract(t, name, at++);
    for (uint32_t k = t->input_count; k < t->operand_count; k++) {
        for (uint32_t p = 0; p < value_parts(t, k); p++) {
            snprintf(name, sizeof(name), "y%u.%u%s", k, p, suffix);
            lanes_loop_put_extract(t, name, at++);
        }
    }
}

/* Go on to %compute if `where` wants the element, else to %merge. */
static void put_choice(const lanes_loop_text *t)
{
    fputs("  %where.at = getelementptr inbounds i8, ptr %pwhere, i64 %i\n"
          "  %where.byte = load i8, ptr %where.at, align 1, !llvm.access.group !1\n"
          "  %is.left = icmp eq i8 %where.byte, 0\n"
          "  br i1 %is.left, label %merge, label %compute\n"
          "compute:\n",
          t->out);
}

/* An element that is left out has not failed, and no results. */
static void put_merge(const lanes_loop_text *t)
{
    fputs("  br label %merge\n"
          "merge:\n"
          "  %code = phi i32 [ 0, %loop ], [ %code.run, %compute ]\n",
          t->out);
    for (uint32_t k = t->input_count; k < t->operand_count; k++) {
        for (uint32_t p = 0; p < value_parts(t, k); p++) {
            fprintf(t->out,
                    "  %%y%u.%u = phi %s [ poison, %%loop ], [ %%y%u.%u.run, %%compute "
                    "]\n",
                    k, p, lanes_codegen_storage(dtype_of(t, k)), k, p);
        }
    }
}

/* %bad: the element has failed; %any.next: it or one before. %keep: its outputs stay as
 * they are. */
static void put_outcome(const lanes_loop_text *t)
{
    if (can_fail(t)) {
        fputs("  %bad = icmp ne i32 %code, 0\n"
              "  %bad.byte = zext i1 %bad to i8\n"
              "  %any.next = or i8 %any, %bad.byte\n"
              "  %mask.at = getelementptr inbounds i8, ptr %pmask, i64 %i\n"
              "  store i8 %bad.byte, ptr %mask.at, align 1, !llvm.access.group !1\n",
              t->out);
    }
    if (leaves_out(t)) {
        fprintf(t->out, "  %%keep = or i1 %s, %s\n", can_fail(t) ? "%bad" : "false",
                has_where(t) ? "%is.left" : "false");
    }
}

void lanes_loop_put_values(const lanes_loop_text *t)
{
    for (uint32_t k = t->input_count; k < t->operand_count; k++) {
        const uint32_t from = lanes_dtype_part(dtype_of(t, k));
        const uint32_t to = lanes_dtype_part(stored_dtype(t, k));
        for (uint32_t p = 0; p < parts(t, k); p++) {
            char name[32];
            char stored[32];
            snprintf(name, sizeof(name), "y%u.%u", k, p);
            snprintf(stored, sizeof(stored), "w%u.%u", k, p);
            if (parts(t, k) < value_parts(t, k)) { /* any, all: either part is not 0 */
                fprintf(t->out,
                        "  %%re%u = fcmp une %s %%y%u.0, 0.0\n"
                        "  %%im%u = fcmp une %s %%y%u.1, 0.0\n"
                        "  %%is%u = or i1 %%re%u, %%im%u\n"
                        "  %%%s = zext i1 %%is%u to i8\n",
                        k, lanes_codegen_storage(from), k, k, lanes_codegen_storage(from),
                        k, k, k, k, stored, k);
            } else if (p < value_parts(t, k)) {
                lanes_codegen_put_conversion(t->out, stored, name, from, to);
            } else { /* the imaginary part of a real number */
                fprintf(t->out, "  %%%s = fadd %s 0.0, 0.0\n", stored, storage(t, k));
            }
        }
    }
}

static void put_stores(const lanes_loop_text *t)
{
    for (uint32_t k = t->input_count; k < t->operand_count; k++) {
        const char *from = "w";
        if (accumulates(t) && !combines(t)) {
            lanes_loop_put_combined(t, k, "old", "w", "sum");
            from = "sum";
        }
        for (uint32_t p = 0; p < parts(t, k); p++) {
            const char *type = storage(t, k);
            if (keeps_outputs(t)) {
                fprintf(t->out,
                        "  %%new%u.%u = select i1 %%keep, %s %%old%u.%u, %s %%%s%u.%u\n",
                        k, p, type, k, p, type, from, k, p);
            }
            fprintf(t->out,
                    "  store %s %%%s%u.%u, ptr %%g%u.%u, align 1, "
                    "!llvm.access.group !1\n",
                    type, keeps_outputs(t) ? "new" : from, k, p, k, p);
        }
    }
}

static void put_body_head(const lanes_loop_text *t)
{
    fputs("define i8 @lanes.body(ptr %frame, i64 %base, ", t->out);
    lanes_loop_put_pointers(t, "p");
    fputs("i64 %count, i64 %last", t->out);
    lanes_loop_put_identities(t, false);
    fprintf(t->out,
            ") #0 !dbg !4 {\n"
            "entry:\n"
            "  %%exc = alloca ptr\n"
            "  %%n = and i64 %%count, -%u\n",
            t->cg->block);
    lanes_loop_put_invariants(t);
    for (uint32_t k = 0; k < t->input_count; k++) {
        if (is_uniform(t, k) && !is_combined(t, k)) {
            lanes_loop_put_input(t, k, "p", "");
        }
    }
    if (carries(t)) {
        lanes_loop_put_accumulators(t);
    }
    fputs("  %none = icmp eq i64 %n, 0\n"
          "  br i1 %none, label %exit, label %loop\n",
          t->out);
}

static void put_element(const lanes_loop_text *t)
{
    put_loads(t);
    put_outputs(t);
    if (has_where(t)) {
        put_choice(t);
    }
    lanes_loop_put_call(t, LANES_ELEMENT_LOOP, "exc", "element");
    fputs(", !dbg !6\n", t->out);
    lanes_loop_put_results(t, has_where(t) ? ".run" : "");
    if (has_where(t)) {
        put_merge(t);
    }
    put_outcome(t);
    if (finds_place(t)) {
        lanes_loop_put_candidates(t);
        return;
    }
    lanes_loop_put_values(t);
    if (!folds(t)) {
        put_stores(t);
    }
    if (carries(t)) {
        lanes_loop_put_fold(t);
    }
}

void lanes_loop_put_body(const lanes_loop_text *t)
{
    const char *latch = has_where(t) ? "merge" : "loop";
    put_body_head(t);
    fprintf(t->out,
            "loop:\n"
            "  %%i = phi i64 [ 0, %%entry ], [ %%next, %%%s ]\n"
            "  %%any = phi i8 [ 0, %%entry ], [ %%any.next, %%%s ]\n",
            latch, latch);
    if (carries(t)) {
        lanes_loop_put_accumulator_phis(t, "sum", latch);
    }
    fputs("  %clamped = call i64 @llvm.umin.i64(i64 %i, i64 %last)\n"
          "  %element = add i64 %base, %i\n",
          t->out);
    put_element(t);
    fprintf(t->out,
            "%s"
            "  %%next = add nuw nsw i64 %%i, 1\n"
            "  %%done = icmp eq i64 %%next, %%n\n"
            "  br i1 %%done, label %%exit, label %%loop, !dbg !5, !llvm.loop !2\n"
            "exit:\n"
            "  %%any.all = phi i8 [ 0, %%entry ], [ %%any.next, %%%s ]\n",
            can_fail(t) ? "" : "  %any.next = or i8 %any, 0\n", latch);
    if (carries(t)) {
        lanes_loop_put_accumulator_phis(t, "sum.all", latch);
        lanes_loop_put_accumulator_stores(t);
    }
    fputs("  ret i8 %any.all\n"
          "}\n\n",
          t->out);
}
