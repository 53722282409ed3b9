/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_place.c - argmin and argmax: the place of a result.
 *
 * They fold, but not in registers, as LLVM vectorizes no loop that keeps an index: a
 * chunk of results goes to scratch, and only one that has something better is searched
 * for where it is. Both by vectors, written out, as many as LLVM makes of the fold of a
 * maximum: f8 take 0.08 ns an element instead of 0.24 (Zen 5, in cache).
 */
#include "codegen/codegen_loop.h"

#include <stdio.h>
#include <string.h>

#include "kernel/reduce.h"

/* What is compared at once: so many vectors, an even number, that none waits for another.
 */
#define BEST_VECTORS 4u
#define BEST_BYTES   64u

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
        lanes_loop_format_identity(t, dtype_of(t, k), 0, identity);
        fprintf(t->out,
                "  %%candidate%u = select i1 %s, %s %s, %s %%y%u.0\n"
                "  %%candidate%u.at = getelementptr inbounds %s, ptr %%p%u, i64 %%i\n"
                "  store %s %%candidate%u, ptr %%candidate%u.at, align 1, "
                "!llvm.access.group !1\n",
                k, leaves_out(t) ? "%keep" : "false", type, identity, type, k, k, type, k,
                type, k, k);
    }
}

/* Elements of a vector register. */
static uint32_t lane_count(const lanes_loop_text *t, uint32_t k)
{
    return BEST_BYTES / lanes_dtype_bytes(dtype_of(t, k));
}

/* "<8 x i64>", integers as wide as the values. */
static void format_vectors(const lanes_loop_text *t, uint32_t k, char values[32],
                           char integers[32])
{
    const uint32_t lanes = lane_count(t, k);
    snprintf(values, 32, "<%u x %s>", lanes, value_type(t, k));
    snprintf(integers, 32, "<%u x i%u>", lanes, 8 * lanes_dtype_bytes(dtype_of(t, k)));
}

/* %<to> = the better of %<a> and %<b>, which with a NaN may be either. */
static void put_better(const lanes_loop_text *t, uint32_t k, const char *a, const char *b,
                       const char *to)
{
    const uint32_t dtype = dtype_of(t, k);
    char vector[32];
    char integers[32];
    format_vectors(t, k, vector, integers);
    if (lanes_dtype_is_float(dtype)) { /* as the instruction does: %b, if one is NaN */
        fprintf(t->out,
                "  %%%s.is = fcmp %s %s %%%s, %%%s\n"
                "  %%%s = select <%u x i1> %%%s.is, %s %%%s, %s %%%s\n",
                to, is_minimum(t) ? "olt" : "ogt", vector, a, b, to, lane_count(t, k), to,
                vector, a, vector, b);
    } else {
        fprintf(t->out, "  %%%s = call %s @llvm.%s.v%u%s(%s %%%s, %s %%%s)\n", to, vector,
                lanes_loop_extreme(t, dtype), lane_count(t, k), lanes_loop_suffix(dtype),
                vector, a, vector, b);
    }
}

/* %<to> = %<before>, and all bits of the lanes in which %<a> or %<b> is a NaN. */
static void put_note_nan(const lanes_loop_text *t, uint32_t k, const char *a,
                         const char *b, const char *before, const char *to)
{
    char vector[32];
    char integers[32];
    format_vectors(t, k, vector, integers);
    fprintf(t->out,
            "  %%%s.is = fcmp uno %s %%%s, %%%s\n"
            "  %%%s.bits = sext <%u x i1> %%%s.is to %s\n"
            "  %%%s = or %s %%%s, %%%s.bits\n",
            to, vector, a, b, to, lane_count(t, k), to, integers, to, integers, before,
            to);
}

static void put_best_head(const lanes_loop_text *t, uint32_t k)
{
    const uint32_t lanes = lane_count(t, k);
    const char *type = value_type(t, k);
    char identity[32];
    char vector[32];
    char integers[32];
    format_vectors(t, k, vector, integers);
    lanes_loop_format_identity(t, dtype_of(t, k), 0, identity);
    fprintf(t->out,
            "define internal %s @lanes.best%u(ptr %%values, i64 %%count) #2 {\n"
            "entry:\n"
            "  %%start.0 = insertelement %s poison, %s %s, i64 0\n"
            "  %%start = shufflevector %s %%start.0, %s poison, <%u x i32> "
            "zeroinitializer\n"
            "  %%whole = and i64 %%count, -%u\n"
            "  %%has.whole = icmp ne i64 %%whole, 0\n"
            "  br i1 %%has.whole, label %%loop, label %%spread\n"
            "loop:\n"
            "  %%i = phi i64 [ 0, %%entry ], [ %%next, %%loop ]\n",
            type, k, vector, type, identity, vector, vector, lanes, BEST_VECTORS * lanes);
}

/* %<some><v>, and of floats %<nan><v>: what the loop has come to, before it the start. */
static void put_best_phis(const lanes_loop_text *t, uint32_t k, const char *some,
                          const char *nan)
{
    char vector[32];
    char integers[32];
    format_vectors(t, k, vector, integers);
    for (uint32_t v = 0; v < BEST_VECTORS; v++) {
        fprintf(t->out,
                "  %%%s%u = phi %s [ %%start, %%entry ], [ %%better%u, %%loop ]\n", some,
                v, vector, v);
    }
    for (uint32_t v = 0; v < BEST_VECTORS && lanes_dtype_is_float(dtype_of(t, k));
         v += 2) {
        fprintf(t->out,
                "  %%%s%u = phi %s [ zeroinitializer, %%entry ], [ %%nan.next%u, %%loop "
                "]\n",
                nan, v, integers, v);
    }
}

/* Vector by vector, so that none waits for another. */
static void put_best_loop(const lanes_loop_text *t, uint32_t k)
{
    const bool is_real = lanes_dtype_is_float(dtype_of(t, k));
    const uint32_t lanes = lane_count(t, k);
    char vector[32];
    char integers[32];
    char name[4][32];
    format_vectors(t, k, vector, integers);
    put_best_phis(t, k, "some", "nan");
    for (uint32_t v = 0; v < BEST_VECTORS; v++) {
        fprintf(t->out,
                "  %%i%u = add i64 %%i, %u\n"
                "  %%at%u = getelementptr %s, ptr %%values, i64 %%i%u\n"
                "  %%v%u = load %s, ptr %%at%u, align 16\n",
                v, v * lanes, v, value_type(t, k), v, v, vector, v);
        snprintf(name[0], sizeof(name[0]), "v%u", v);
        snprintf(name[1], sizeof(name[1]), "some%u", v);
        snprintf(name[2], sizeof(name[2]), "better%u", v);
        put_better(t, k, name[0], name[1], name[2]);
    }
    for (uint32_t v = 0; v < BEST_VECTORS && is_real;
         v += 2) { /* two by one comparison */
        snprintf(name[0], sizeof(name[0]), "v%u", v);
        snprintf(name[1], sizeof(name[1]), "v%u", v + 1);
        snprintf(name[2], sizeof(name[2]), "nan%u", v);
        snprintf(name[3], sizeof(name[3]), "nan.next%u", v);
        put_note_nan(t, k, name[0], name[1], name[2], name[3]);
    }
    fprintf(t->out,
            "  %%next = add i64 %%i, %u\n"
            "  %%is.more = icmp ult i64 %%next, %%whole\n"
            "  br i1 %%is.more, label %%loop, label %%spread, !llvm.loop !3\n",
            BEST_VECTORS * lanes);
}

/* %some: all vectors as one; then one by one what is left, the last not all of it. */
static void put_best_rest(const lanes_loop_text *t, uint32_t k)
{
    const bool is_real = lanes_dtype_is_float(dtype_of(t, k));
    const uint32_t lanes = lane_count(t, k);
    char vector[32];
    char integers[32];
    char name[3][32];
    format_vectors(t, k, vector, integers);
    fputs("spread:\n", t->out);
    put_best_phis(t, k, "all", "nans");
    for (uint32_t v = 1; v < BEST_VECTORS; v++) {
        snprintf(name[0], sizeof(name[0]), v == 1 ? "all0" : "both%u", v - 1);
        snprintf(name[1], sizeof(name[1]), "all%u", v);
        snprintf(name[2], sizeof(name[2]), "both%u", v);
        put_better(t, k, name[0], name[1], name[2]);
    }
    if (is_real) {
        fprintf(t->out, "  %%nan.loop = or %s %%nans0, %%nans2\n", integers);
    }
    fprintf(t->out,
            "  %%has.rest = icmp ult i64 %%whole, %%count\n"
            "  br i1 %%has.rest, label %%rest, label %%exit\n"
            "rest:\n"
            "  %%j = phi i64 [ %%whole, %%spread ], [ %%j.next, %%rest ]\n"
            "  %%r = phi %s [ %%both%u, %%spread ], [ %%r.next, %%rest ]\n",
            vector, BEST_VECTORS - 1);
    if (is_real) {
        fprintf(t->out,
                "  %%r.nan = phi %s [ %%nan.loop, %%spread ], [ %%r.nan.next, %%rest ]\n",
                integers);
    }
    fprintf(t->out,
            "  %%r.at = getelementptr %s, ptr %%values, i64 %%j\n"
            "  %%r.all = load %s, ptr %%r.at, align 16\n"
            "  %%left = sub i64 %%count, %%j\n"
            "  %%left.few = call i64 @llvm.umin.i64(i64 %%left, i64 %u)\n"
            "  %%left.narrow = trunc i64 %%left.few to i8\n"
            "  %%left.0 = insertelement <%u x i8> poison, i8 %%left.narrow, i64 0\n"
            "  %%left.each = shufflevector <%u x i8> %%left.0, <%u x i8> poison, <%u x "
            "i32> zeroinitializer\n"
            "  %%is.there = icmp ult <%u x i8> <",
            value_type(t, k), vector, lanes, lanes, lanes, lanes, lanes, lanes);
    for (uint32_t lane = 0; lane < lanes; lane++) {
        fprintf(t->out, "%si8 %u", lane == 0 ? "" : ", ", lane);
    }
    fprintf(t->out,
            ">, %%left.each\n"
            "  %%r.v = select <%u x i1> %%is.there, %s %%r.all, %s %%start\n",
            lanes, vector, vector);
    put_better(t, k, "r.v", "r", "r.next");
    if (is_real) {
        put_note_nan(t, k, "r.v", "r.v", "r.nan", "r.nan.next");
    }
    fprintf(t->out,
            "  %%j.next = add i64 %%j, %u\n"
            "  %%r.more = icmp ult i64 %%j.next, %%count\n"
            "  br i1 %%r.more, label %%rest, label %%exit, !llvm.loop !3\n",
            lanes);
}

/* %best: the best of %count values at %values; NaN is best. Reads whole vectors. */
static void put_best(const lanes_loop_text *t, uint32_t k)
{
    const uint32_t dtype = dtype_of(t, k);
    const uint32_t lanes = lane_count(t, k);
    const char *type = value_type(t, k);
    const char *name = lanes_loop_suffix(dtype);
    const bool is_real = lanes_dtype_is_float(dtype);
    /* Of numbers alone, as their vectors are. */
    const char *over =
        is_real ? (is_minimum(t) ? "fmin" : "fmax") : lanes_loop_extreme(t, dtype);
    char vector[32];
    char integers[32];
    format_vectors(t, k, vector, integers);
    if (!is_real) {
        fprintf(t->out, "declare %s @llvm.%s.v%u%s(%s, %s)\n", vector, over, lanes, name,
                vector, vector);
    } else {
        fprintf(t->out, "declare i%u @llvm.vector.reduce.or.v%ui%u(%s)\n",
                8 * lanes_dtype_bytes(dtype), lanes, 8 * lanes_dtype_bytes(dtype),
                integers);
    }
    fprintf(t->out, "declare %s @llvm.vector.reduce.%s.v%u%s(%s)\n", type, over, lanes,
            name, vector);
    put_best_head(t, k);
    put_best_loop(t, k);
    put_best_rest(t, k);
    fprintf(t->out,
            "exit:\n"
            "  %%last = phi %s [ %%both%u, %%spread ], [ %%r.next, %%rest ]\n",
            vector, BEST_VECTORS - 1);
    if (!is_real) {
        fprintf(t->out,
                "  %%best = call %s @llvm.vector.reduce.%s.v%u%s(%s %%last)\n"
                "  ret %s %%best\n"
                "}\n\n",
                type, over, lanes, name, vector, type);
        return;
    }
    const uint32_t bits = 8 * lanes_dtype_bytes(dtype);
    fprintf(t->out,
            "  %%nan = phi %s [ %%nan.loop, %%spread ], [ %%r.nan.next, %%rest ]\n"
            "  %%number = call nnan nsz %s @llvm.vector.reduce.%s.v%u%s(%s %%last)\n"
            "  %%nan.any = call i%u @llvm.vector.reduce.or.v%ui%u(%s %%nan)\n"
            "  %%is.nan = icmp ne i%u %%nan.any, 0\n"
            "  %%best = select i1 %%is.nan, %s 0x7FF8000000000000, %s %%number\n"
            "  ret %s %%best\n"
            "}\n\n",
            integers, type, over, lanes, name, vector, bits, lanes, bits, integers, bits,
            type, type, type);
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

/* Go on to %look with %from, the first of %values that is %new; one is. Reads whole
 * vectors. */
static void put_search(const lanes_loop_text *t, uint32_t k)
{
    const bool is_real = lanes_dtype_is_float(dtype_of(t, k));
    const uint32_t lanes = lane_count(t, k);
    const char *type = value_type(t, k);
    char vector[32];
    char integers[32];
    format_vectors(t, k, vector, integers);
    fprintf(t->out,
            "each:\n"
            "  %%new.0 = insertelement %s poison, %s %%new, i64 0\n"
            "  %%new.all = shufflevector %s %%new.0, %s poison, <%u x i32> "
            "zeroinitializer\n"
            "  br label %%search\n"
            "search:\n"
            "  %%s = phi i64 [ 0, %%each ], [ %%s.next, %%on ]\n"
            "  %%s.at = getelementptr %s, ptr %%values, i64 %%s\n"
            "  %%s.read = load %s, ptr %%s.at, align 16\n"
            "  %%s.v = freeze %s %%s.read\n" /* nothing is behind the last */
            "  %%s.equal = %s %s %%s.v, %%new.all\n",
            vector, type, vector, vector, lanes, type, vector, vector,
            is_real ? "fcmp oeq" : "icmp eq", vector);
    if (is_real) { /* equal, or both are NaN */
        fprintf(t->out,
                "  %%s.nan = fcmp uno %s %%s.v, zeroinitializer\n"
                "  %%new.nan = fcmp uno %s %%new.all, zeroinitializer\n"
                "  %%s.both = and <%u x i1> %%s.nan, %%new.nan\n"
                "  %%s.is = or <%u x i1> %%s.equal, %%s.both\n",
                vector, vector, lanes, lanes);
    }
    fprintf(t->out,
            "  %%s.bits = bitcast <%u x i1> %s to i%u\n"
            "  %%s.any = icmp ne i%u %%s.bits, 0\n"
            "  br i1 %%s.any, label %%hit, label %%on\n"
            "on:\n"
            "  %%s.next = add i64 %%s, %u\n"
            "  %%s.more = icmp ult i64 %%s.next, %%count\n"
            "  br i1 %%s.more, label %%search, label %%exit, !llvm.loop !3\n"
            "hit:\n"
            "  %%s.wide = zext i%u %%s.bits to i128\n"
            "  %%s.low = trunc i128 %%s.wide to i64\n"
            "  %%s.lane = call i64 @llvm.cttz.i64(i64 %%s.low, i1 false)\n"
            "  %%from = add i64 %%s, %%s.lane\n"
            "  br label %%look\n",
            lanes, is_real ? "%s.is" : "%s.equal", lanes, lanes, lanes, lanes);
}

/* One by one from %from on, as some may not count: to %take with the first that does. */
static void put_look(const lanes_loop_text *t, uint32_t k)
{
    const char *type = value_type(t, k);
    fprintf(t->out,
            "look:\n"
            "  %%i = phi i64 [ %%from, %%hit ], [ %%next, %%other ]\n"
            "  %%at = getelementptr %s, ptr %%values, i64 %%i\n"
            "  %%v = load %s, ptr %%at\n",
            type, type);
    if (lanes_dtype_is_float(dtype_of(t, k))) {
        fprintf(t->out,
                "  %%equal = fcmp oeq %s %%v, %%new\n"
                "  %%v.nan = fcmp uno %s %%v, %%v\n"
                "  %%one.nan = fcmp uno %s %%new, %%new\n"
                "  %%both = and i1 %%v.nan, %%one.nan\n"
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
    fputs("  %is.in = and i1 %is.good, %is.asked\n"
          "  br i1 %is.in, label %take, label %other\n"
          "other:\n"
          "  %next = add i64 %i, 1\n"
          "  %is.more = icmp ult i64 %next, %count\n"
          "  br i1 %is.more, label %look, label %exit, !llvm.loop !3\n",
          t->out);
}

/* lanes.arg<k>(values, count, mask, where, index, best): takes what is better than the
 * { value, index } at %best. The first of equal ones counts, and none that is left out.
 */
static void put_arg(const lanes_loop_text *t, uint32_t k)
{
    const char *type = value_type(t, k);
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
    fputs("  %is.first = icmp slt i64 %old.index, 0\n"
          "  %is.wanted = or i1 %is.better, %is.first\n"
          "  br i1 %is.wanted, label %each, label %exit\n",
          t->out);
    put_search(t, k);
    put_look(t, k);
    fprintf(t->out,
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
    if (!can_fail(t)) { /* else declared above */
        fputs("declare i64 @llvm.cttz.i64(i64, i1)\n", t->out);
    }
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
