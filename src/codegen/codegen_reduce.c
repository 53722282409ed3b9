/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_reduce.c - results combined with what is there already, instead of stored.
 *
 * Two forms, by the key. With `folds` all elements of a call go into one value, which the
 * body keeps in registers: LLVM vectorizes that for the price of another order of
 * additions, so those have the flag `reassoc`, and nothing else has. Without, each
 * element goes into an accumulator of its own: a map whose outputs are also inputs.
 *
 * Elements that fail or are left out do not count: folded, they become the operation's
 * identity; else their accumulators stay as they are.
 *
 * A scan is a map with one thing of a fold: what an element gave is in registers when the
 * next begins. Nothing of it is vectorized.
 *
 * argmin and argmax fold, but not in registers, as LLVM vectorizes no loop that keeps an
 * index: a chunk of results goes to scratch, and only one that has something better is
 * searched for where it is.
 */
#include "codegen/codegen_loop.h"

#include <stdio.h>
#include <string.h>

#include "kernel/reduce.h"

/* Elements that are compared at once: so many vectors that none waits for another. */
#define BEST_STEP 32u

static bool is_float(const lanes_loop_text *t, uint32_t k)
{
    return lanes_dtype_is_float(lanes_dtype_part(stored_dtype(t, k)));
}

static bool is_minimum(const lanes_loop_text *t)
{
    return t->cg->key.reduce == LANES_REDUCE_MIN ||
           t->cg->key.reduce == LANES_REDUCE_ARGMIN;
}

/* The identity of one part, as LLVM reads a constant of that type. */
static void write_identity(const lanes_loop_text *t, uint32_t dtype, uint32_t part,
                           char text[32])
{
    lanes_reduce_value identity;
    lanes_reduce_identity(t->cg->key.reduce, dtype, &identity);
    const uint32_t of = lanes_dtype_part(dtype);
    if (lanes_dtype_is_float(of)) { /* written as the double of the same value */
        const double value =
            of == LANES_F4 ? (double)identity.f4[part] : identity.f8[part];
        unsigned long long bits;
        memcpy(&bits, &value, sizeof(bits));
        snprintf(text, 32, "0x%016llX", bits);
    } else {
        snprintf(text, 32, "%llu", (unsigned long long)identity.u8[0]);
    }
}

/* "smin", the intrinsic of a minimum or maximum. */
static const char *extreme(const lanes_loop_text *t, uint32_t dtype)
{
    const bool is_min = is_minimum(t);
    if (lanes_dtype_is_float(dtype)) {
        return is_min ? "minimum" : "maximum";
    }
    if (lanes_dtype_is_signed(dtype)) {
        return is_min ? "smin" : "smax";
    }
    return is_min ? "umin" : "umax";
}

static const char *suffix(uint32_t dtype)
{
    static const char *const integers[] = {"i8", "i16", "i32", "i64"};
    const uint32_t bytes = lanes_dtype_bytes(dtype);
    if (lanes_dtype_is_float(dtype)) {
        return bytes == 4 ? "f32" : "f64";
    }
    return integers[bytes == 1 ? 0 : bytes == 2 ? 1 : bytes == 4 ? 2 : 3];
}

void lanes_loop_put_reduce_declarations(const lanes_loop_text *t)
{
    static const uint32_t parts_of[] = {LANES_U1, LANES_U2, LANES_U4, LANES_U8, LANES_I1,
                                        LANES_I2, LANES_I4, LANES_I8, LANES_F4, LANES_F8};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(parts_of); i++) {
        const char *type = lanes_codegen_storage(parts_of[i]);
        const char *name = extreme(t, parts_of[i]);
        if (strcmp(name, "umin") != 0 || parts_of[i] != LANES_U8) { /* declared above */
            fprintf(t->out, "declare %s @llvm.%s.%s(%s, %s)\n", type, name,
                    suffix(parts_of[i]), type, type);
        }
    }
}

/* The instruction of a sum or product: or, and for bool. */
static const char *operation(const lanes_loop_text *t, uint32_t k)
{
    const bool is_and =
        t->cg->key.reduce == LANES_REDUCE_PROD || t->cg->key.reduce == LANES_REDUCE_ALL;
    if (stored_dtype(t, k) == LANES_BOOL) {
        return is_and ? "and" : "or";
    }
    if (is_float(t, k)) {
        return folds(t) ? (is_and ? "fmul reassoc" : "fadd reassoc")
                        : (is_and ? "fmul" : "fadd");
    }
    return is_and ? "mul" : "add";
}

/* (a + bi) (c + di), of %<a><k> and %<b><k>. */
static void put_complex_product(const lanes_loop_text *t, uint32_t k, const char *a,
                                const char *b, const char *to)
{
    const char *type = storage(t, k);
    static const struct {
        const char *name;
        uint32_t left;
        uint32_t right;
    } product[] = {{"rr", 0, 0}, {"ii", 1, 1}, {"ri", 0, 1}, {"ir", 1, 0}};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(product); i++) {
        fprintf(t->out, "  %%%s%u.%s = fmul %s %%%s%u.%u, %%%s%u.%u\n", to, k,
                product[i].name, type, a, k, product[i].left, b, k, product[i].right);
    }
    fprintf(t->out,
            "  %%%s%u.0 = fsub %s %%%s%u.rr, %%%s%u.ii\n"
            "  %%%s%u.1 = fadd %s %%%s%u.ri, %%%s%u.ir\n",
            to, k, type, to, k, to, k, to, k, type, to, k, to, k);
}

void lanes_loop_put_combined(const lanes_loop_text *t, uint32_t k, const char *a,
                             const char *b, const char *to)
{
    const char *type = storage(t, k);
    const uint32_t op = t->cg->key.reduce;
    if (op == LANES_REDUCE_PROD && parts(t, k) == 2) {
        put_complex_product(t, k, a, b, to);
        return;
    }
    for (uint32_t p = 0; p < parts(t, k); p++) {
        if (op == LANES_REDUCE_MIN || op == LANES_REDUCE_MAX) {
            const uint32_t dtype = stored_dtype(t, k);
            fprintf(t->out,
                    "  %%%s%u.%u = call %s @llvm.%s.%s(%s %%%s%u.%u, %s %%%s%u.%u)\n", to,
                    k, p, type, extreme(t, dtype), suffix(dtype), type, a, k, p, type, b,
                    k, p);
        } else {
            fprintf(t->out, "  %%%s%u.%u = %s %s %%%s%u.%u, %%%s%u.%u\n", to, k, p,
                    operation(t, k), type, a, k, p, b, k, p);
        }
    }
}

/*
 * True if whether there was a NaN is kept beside an extreme, which then is one of
 * numbers: five instructions for a vector, where llvm.maximum takes eight.
 */
static bool tracks_nan(const lanes_loop_text *t, uint32_t k)
{
    const uint32_t op = t->cg->key.reduce;
    return folds(t) && is_float(t, k) &&
           (op == LANES_REDUCE_MIN || op == LANES_REDUCE_MAX);
}

void lanes_loop_put_accumulators(const lanes_loop_text *t)
{
    for (uint32_t k = t->input_count; k < t->operand_count; k++) {
        for (uint32_t p = 0; p < parts(t, k); p++) {
            fprintf(t->out,
                    "  %%sum%u.%u.at = getelementptr inbounds %s, ptr %%p%u, i64 %u\n"
                    "  %%sum%u.%u.%s = load %s, ptr %%sum%u.%u.at, align 1\n",
                    k, p, storage(t, k), scans(t) ? 0 : k, p, k, p,
                    tracks_nan(t, k) ? "raw" : "in", storage(t, k), k, p);
        }
        if (tracks_nan(t, k)) {
            fprintf(t->out,
                    "  %%nan%u.is = fcmp uno %s %%sum%u.0.raw, 0.0\n"
                    "  %%nan%u.in = zext i1 %%nan%u.is to i8\n"
                    "  %%sum%u.0.in = select i1 %%nan%u.is, %s %%none%u.0, %s "
                    "%%sum%u.0.raw\n",
                    k, storage(t, k), k, k, k, k, k, storage(t, k), k, storage(t, k), k);
        }
    }
}

void lanes_loop_put_accumulator_phis(const lanes_loop_text *t, const char *name,
                                     const char *latch)
{
    for (uint32_t k = t->input_count; k < t->operand_count; k++) {
        for (uint32_t p = 0; p < parts(t, k); p++) {
            fprintf(t->out,
                    "  %%%s%u.%u = phi %s [ %%sum%u.%u.in, %%entry ], [ %%sum.next%u.%u, "
                    "%%%s ]\n",
                    name, k, p, storage(t, k), k, p, k, p, latch);
        }
        if (tracks_nan(t, k)) {
            fprintf(t->out,
                    "  %%%s%u.nan = phi i8 [ %%nan%u.in, %%entry ], [ %%nan%u.next, "
                    "%%%s ]\n",
                    name, k, k, k, latch);
        }
    }
}

void lanes_loop_put_accumulator_stores(const lanes_loop_text *t)
{
    for (uint32_t k = t->input_count; k < t->operand_count; k++) {
        if (tracks_nan(t, k)) {
            fprintf(t->out,
                    "  %%was.nan%u = icmp ne i8 %%sum.all%u.nan, 0\n"
                    "  %%extreme%u = select i1 %%was.nan%u, %s 0x7FF8000000000000, %s "
                    "%%sum.all%u.0\n"
                    "  store %s %%extreme%u, ptr %%sum%u.0.at, align 1\n",
                    k, k, k, k, storage(t, k), storage(t, k), k, storage(t, k), k, k);
            continue;
        }
        for (uint32_t p = 0; p < parts(t, k); p++) {
            fprintf(t->out, "  store %s %%sum.all%u.%u, ptr %%sum%u.%u.at, align 1\n",
                    storage(t, k), k, p, k, p);
        }
    }
}

/*
 * The identity comes as a parameter: where LLVM knows it, it makes a choice between old
 * and new sums of a choice between values, and does not vectorize that.
 */
void lanes_loop_put_identities(const lanes_loop_text *t, bool is_call)
{
    const bool has_identity = folds_in_registers(t) && !combines(t);
    for (uint32_t k = t->input_count; k < t->operand_count && has_identity; k++) {
        for (uint32_t p = 0; p < parts(t, k); p++) {
            char identity[32];
            char name[32];
            write_identity(t, stored_dtype(t, k), p, identity);
            snprintf(name, sizeof(name), "%%none%u.%u", k, p);
            fprintf(t->out, ", %s %s", storage(t, k), is_call ? identity : name);
        }
    }
}

/* LLVM sees a minimum or maximum in this, as no NaN takes part. */
static void put_extreme_fold(const lanes_loop_text *t, uint32_t k)
{
    const char *type = storage(t, k);
    fprintf(t->out,
            "  %%nan%u.now = fcmp uno %s %%w%u.0, 0.0\n"
            "  %%drop%u = or i1 %%is.out, %%nan%u.now\n"
            "  %%taken%u.0 = select i1 %%drop%u, %s %%none%u.0, %s %%w%u.0\n"
            "  %%first%u = fcmp nnan nsz %s %s %%sum%u.0, %%taken%u.0\n"
            "  %%sum.next%u.0 = select nnan nsz i1 %%first%u, %s %%sum%u.0, %s "
            "%%taken%u.0\n",
            k, type, k, k, k, k, k, type, k, type, k, k, is_minimum(t) ? "olt" : "ogt",
            type, k, k, k, k, type, k, type, k);
    fprintf(t->out,
            "  %%is.in%u = xor i1 %%is.out, true\n"
            "  %%nan%u.counts = and i1 %%nan%u.now, %%is.in%u\n"
            "  %%nan%u.byte = zext i1 %%nan%u.counts to i8\n"
            "  %%nan%u.next = or i8 %%sum%u.nan, %%nan%u.byte\n",
            k, k, k, k, k, k, k, k, k);
}

void lanes_loop_put_fold(const lanes_loop_text *t)
{
    /* A block of one is never padded; and where elements wait for the one before, each
     * instruction between them counts. */
    fprintf(t->out,
            "  %%index = trunc i64 %%i to i32\n"
            "  %%last.index = trunc i64 %%last to i32\n"
            "  %%is.padding = icmp ugt i32 %s\n"
            "  %%is.out = or i1 %%is.padding, %s\n",
            t->cg->block > 1 ? "%index, %last.index" : "0, 0",
            leaves_out(t) ? "%keep" : "false");
    for (uint32_t p = 0; p < parts(t, t->input_count) && combines(t); p++) {
        const uint32_t k = t->input_count;
        fprintf(t->out,
                "  %%sum.next%u.%u = select i1 %%is.out, %s %%sum%u.%u, %s %%w%u.%u\n", k,
                p, storage(t, k), k, p, storage(t, k), k, p);
    }
    if (combines(t)) {
        return;
    }
    for (uint32_t k = t->input_count; k < t->operand_count; k++) {
        if (tracks_nan(t, k)) {
            put_extreme_fold(t, k);
            continue;
        }
        for (uint32_t p = 0; p < parts(t, k); p++) {
            fprintf(t->out,
                    "  %%taken%u.%u = select i1 %%is.out, %s %%none%u.%u, %s %%w%u.%u\n",
                    k, p, storage(t, k), k, p, storage(t, k), k, p);
        }
        lanes_loop_put_combined(t, k, "sum", "taken", "sum.next");
    }
}

/* ---- argmin, argmax ------------------------------------------------------------------
 */

/* What a result is before its place is taken: the callback's own dtype. */
static const char *value_type(const lanes_loop_text *t, uint32_t k)
{
    return lanes_codegen_storage(dtype_of(t, k));
}

void lanes_loop_put_candidates(const lanes_loop_text *t)
{
    for (uint32_t k = t->input_count; k < t->operand_count; k++) {
        const char *type = value_type(t, k);
        char identity[32];
        write_identity(t, dtype_of(t, k), 0, identity);
        fprintf(t->out,
                "  %%candidate%u = select i1 %s, %s %s, %s %%y%u.0\n"
                "  %%candidate%u.at = getelementptr inbounds %s, ptr %%p%u, i64 %%i\n"
                "  store %s %%candidate%u, ptr %%candidate%u.at, align 1, "
                "!llvm.access.group !1\n",
                k, leaves_out(t) ? "%keep" : "false", type, identity, type, k, k, type, k,
                type, k, k);
    }
}

/* %best: the best of %count values at %values, by vectors, then the rest; NaN is best. */
static void put_best(const lanes_loop_text *t, uint32_t k)
{
    const uint32_t dtype = dtype_of(t, k);
    const char *type = value_type(t, k);
    const bool is_real = lanes_dtype_is_float(dtype);
    char identity[32];
    char vector[32];
    write_identity(t, dtype, 0, identity);
    snprintf(vector, sizeof(vector), "<%u x %s>", BEST_STEP, type);
    fprintf(t->out,
            "declare %s @llvm.%s.v%u%s(%s, %s)\n"
            "declare %s @llvm.vector.reduce.%s%s.v%u%s(%s)\n"
            "define internal %s @lanes.best%u(ptr %%values, i64 %%count) #2 {\n"
            "entry:\n"
            "  %%start.0 = insertelement %s poison, %s %s, i64 0\n"
            "  %%start = shufflevector %s %%start.0, %s poison, <%u x i32> "
            "zeroinitializer\n"
            "  %%whole = and i64 %%count, -%u\n"
            "  %%has.whole = icmp ne i64 %%whole, 0\n"
            "  br i1 %%has.whole, label %%loop, label %%spread\n",
            vector, extreme(t, dtype), BEST_STEP, suffix(dtype), vector, vector, type,
            is_real ? "f" : "", extreme(t, dtype), BEST_STEP, suffix(dtype), vector, type,
            k, vector, type, identity, vector, vector, BEST_STEP, BEST_STEP);
    fprintf(t->out,
            "loop:\n"
            "  %%i = phi i64 [ 0, %%entry ], [ %%next, %%loop ]\n"
            "  %%some = phi %s [ %%start, %%entry ], [ %%better, %%loop ]\n"
            "  %%at = getelementptr %s, ptr %%values, i64 %%i\n"
            "  %%v = load %s, ptr %%at, align 16\n",
            vector, type, vector);
    if (is_real) { /* an instruction that takes %v if one is NaN; then %some's stays */
        fprintf(t->out,
                "  %%is.old = fcmp %s %s %%some, %%v\n"
                "  %%number = select <%u x i1> %%is.old, %s %%some, %s %%v\n"
                "  %%is.nan = fcmp uno %s %%some, %%some\n"
                "  %%better = select <%u x i1> %%is.nan, %s %%some, %s %%number\n",
                is_minimum(t) ? "olt" : "ogt", vector, BEST_STEP, vector, vector, vector,
                BEST_STEP, vector, vector);
    } else {
        fprintf(t->out, "  %%better = call %s @llvm.%s.v%u%s(%s %%some, %s %%v)\n",
                vector, extreme(t, dtype), BEST_STEP, suffix(dtype), vector, vector);
    }
    fprintf(t->out,
            "  %%next = add i64 %%i, %u\n"
            "  %%is.more = icmp ult i64 %%next, %%whole\n"
            "  br i1 %%is.more, label %%loop, label %%spread, !llvm.loop !3\n"
            "spread:\n"
            "  %%all = phi %s [ %%start, %%entry ], [ %%better, %%loop ]\n"
            "  %%best.whole = call %s @llvm.vector.reduce.%s%s.v%u%s(%s %%all)\n",
            BEST_STEP, vector, type, is_real ? "f" : "", extreme(t, dtype), BEST_STEP,
            suffix(dtype), vector);
    fprintf(t->out,
            "  %%has.rest = icmp ult i64 %%whole, %%count\n"
            "  br i1 %%has.rest, label %%rest, label %%exit\n"
            "rest:\n"
            "  %%j = phi i64 [ %%whole, %%spread ], [ %%j.next, %%rest ]\n"
            "  %%r = phi %s [ %%best.whole, %%spread ], [ %%r.next, %%rest ]\n"
            "  %%r.at = getelementptr %s, ptr %%values, i64 %%j\n"
            "  %%r.v = load %s, ptr %%r.at\n"
            "  %%r.next = call %s @llvm.%s.%s(%s %%r, %s %%r.v)\n"
            "  %%j.next = add i64 %%j, 1\n"
            "  %%r.more = icmp ult i64 %%j.next, %%count\n"
            "  br i1 %%r.more, label %%rest, label %%exit, !llvm.loop !3\n"
            "exit:\n"
            "  %%best = phi %s [ %%best.whole, %%spread ], [ %%r.next, %%rest ]\n"
            "  ret %s %%best\n"
            "}\n\n",
            type, type, type, type, extreme(t, dtype), suffix(dtype), type, type, type,
            type);
}

/* Names of comparisons: is %a better than %b, and is it the same. */
static void put_comparisons(const lanes_loop_text *t, uint32_t k, const char *a,
                            const char *b, const char *to)
{
    const char *type = value_type(t, k);
    const bool is_min = is_minimum(t);
    if (lanes_dtype_is_float(dtype_of(t, k))) {
        fprintf(t->out,
                "  %%%s.is = fcmp %s %s %%%s, %%%s\n"
                "  %%%s.nan = fcmp uno %s %%%s, 0.0\n"
                "  %%%s.was = fcmp ord %s %%%s, 0.0\n"
                "  %%%s.now = and i1 %%%s.nan, %%%s.was\n"
                "  %%%s = or i1 %%%s.is, %%%s.now\n",
                to, is_min ? "olt" : "ogt", type, a, b, to, type, a, to, type, b, to, to,
                to, to, to, to);
    } else {
        const bool is_signed = lanes_dtype_is_signed(dtype_of(t, k));
        fprintf(t->out, "  %%%s = icmp %s%s %s %%%s, %%%s\n", to, is_signed ? "s" : "u",
                is_min ? "lt" : "gt", type, a, b);
    }
}

/* lanes.arg<k>(values, count, mask, where, index, best): takes what is better than the
 * { value, index } at %best. The first of equal ones counts, and none that is left out.
 */
static void put_arg(const lanes_loop_text *t, uint32_t k)
{
    const char *type = value_type(t, k);
    const bool is_real = lanes_dtype_is_float(dtype_of(t, k));
    fprintf(
        t->out,
        "define internal void @lanes.arg%u(ptr %%values, i64 %%count, ptr %%mask, ptr "
        "%%where, i64 %%index, ptr %%best) #2 {\n"
        "entry:\n"
        "  %%index.at = getelementptr i8, ptr %%best, i64 %zu\n"
        "  %%old = load %s, ptr %%best\n"
        "  %%old.index = load i64, ptr %%index.at\n"
        "  %%new = call %s @lanes.best%u(ptr %%values, i64 %%count)\n",
        k, offsetof(lanes_reduce_best, index), type, type, k);
    put_comparisons(t, k, "new", "old", "is.better");
    fprintf(t->out,
            "  %%is.first = icmp slt i64 %%old.index, 0\n"
            "  %%is.wanted = or i1 %%is.better, %%is.first\n"
            "  br i1 %%is.wanted, label %%search, label %%exit\n"
            "search:\n"
            "  %%i = phi i64 [ 0, %%entry ], [ %%next, %%other ]\n"
            "  %%at = getelementptr %s, ptr %%values, i64 %%i\n"
            "  %%v = load %s, ptr %%at\n",
            type, type);
    if (is_real) { /* equal, or both are NaN */
        fprintf(t->out,
                "  %%equal = fcmp oeq %s %%v, %%new\n"
                "  %%v.nan = fcmp uno %s %%v, 0.0\n"
                "  %%new.nan = fcmp uno %s %%new, 0.0\n"
                "  %%both = and i1 %%v.nan, %%new.nan\n"
                "  %%is.it = or i1 %%equal, %%both\n",
                type, type, type);
    } else {
        fprintf(t->out, "  %%is.it = icmp eq %s %%v, %%new\n", type);
    }
    fputs("  br i1 %is.it, label %ask, label %other\n"
          "ask:\n",
          t->out);
    fputs(can_fail(t) ? "  %mask.at = getelementptr i8, ptr %mask, i64 %i\n"
                        "  %bad = load i8, ptr %mask.at\n"
                        "  %is.good = icmp eq i8 %bad, 0\n"
                      : "  %is.good = icmp eq i8 0, 0\n",
          t->out);
    fputs(has_where(t) ? "  %where.at = getelementptr i8, ptr %where, i64 %i\n"
                         "  %asked = load i8, ptr %where.at\n"
                         "  %is.asked = icmp ne i8 %asked, 0\n"
                       : "  %is.asked = icmp eq i8 0, 0\n",
          t->out);
    fprintf(t->out,
            "  %%is.in = and i1 %%is.good, %%is.asked\n"
            "  br i1 %%is.in, label %%take, label %%other\n"
            "other:\n"
            "  %%next = add i64 %%i, 1\n"
            "  %%is.more = icmp ult i64 %%next, %%count\n"
            "  br i1 %%is.more, label %%search, label %%exit, !llvm.loop !3\n"
            "take:\n"
            "  %%found = add i64 %%index, %%i\n"
            "  store %s %%v, ptr %%best\n"
            "  store i64 %%found, ptr %%index.at\n"
            "  br label %%exit\n"
            "exit:\n"
            "  ret void\n"
            "}\n\n",
            type);
}

void lanes_loop_put_arg_functions(const lanes_loop_text *t)
{
    for (uint32_t k = t->input_count; k < t->operand_count; k++) {
        put_best(t, k);
        put_arg(t, k);
    }
}

void lanes_loop_put_args(const lanes_loop_text *t, const char *mask, const char *where,
                         const char *count, const char *index)
{
    for (uint32_t k = t->input_count; k < t->operand_count; k++) {
        fprintf(t->out,
                "  call void @lanes.arg%u(ptr %%s%u, i64 %%%s, ptr %s, ptr %s, i64 "
                "%%%s, ptr %%b%u)\n",
                k, k, count, can_fail(t) ? mask : "null", has_where(t) ? where : "null",
                index, k);
    }
}
