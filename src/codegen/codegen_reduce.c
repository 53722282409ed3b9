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
 * argmin and argmax are in codegen_place.c.
 */
#include "codegen/codegen_loop.h"

#include <stdio.h>
#include <string.h>

#include "kernel/reduce.h"

static bool is_float(const lanes_loop_text *t, uint32_t k)
{
    return lanes_dtype_is_float(lanes_dtype_part(stored_dtype(t, k)));
}

void lanes_loop_format_identity(const lanes_loop_text *t, uint32_t dtype, uint32_t part,
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

const char *lanes_loop_extreme(const lanes_loop_text *t, uint32_t dtype)
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

const char *lanes_loop_suffix(uint32_t dtype)
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
        const char *name = lanes_loop_extreme(t, parts_of[i]);
        if (strcmp(name, "umin") != 0 || parts_of[i] != LANES_U8) { /* declared above */
            fprintf(t->out, "declare %s @llvm.%s.%s(%s, %s)\n", type, name,
                    lanes_loop_suffix(parts_of[i]), type, type);
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
                    k, p, type, lanes_loop_extreme(t, dtype), lanes_loop_suffix(dtype),
                    type, a, k, p, type, b, k, p);
        } else {
            fprintf(t->out, "  %%%s%u.%u = %s %s %%%s%u.%u, %%%s%u.%u\n", to, k, p,
                    operation(t, k), type, a, k, p, b, k, p);
        }
    }
}

/*
 * True if whether there was a NaN is kept beside an extreme, which then is one of
 * numbers: three instructions for a vector, where llvm.maximum takes eight.
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
                    "  %%nan%u.in = fcmp uno %s %%sum%u.0.raw, 0.0\n"
                    "  %%sum%u.0.in = select i1 %%nan%u.in, %s %%none%u.0, %s "
                    "%%sum%u.0.raw\n",
                    k, storage(t, k), k, k, k, storage(t, k), k, storage(t, k), k);
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
                    "  %%%s%u.nan = phi i1 [ %%nan%u.in, %%entry ], [ %%nan%u.next, "
                    "%%%s ]\n",
                    name, k, k, k, latch);
        }
    }
}

void lanes_loop_put_accumulator_stores(const lanes_loop_text *t)
{
    for (uint32_t k = t->input_count; k < t->operand_count; k++) {
        if (tracks_nan(t, k)) {
            fprintf(
                t->out,
                "  %%extreme%u = select i1 %%sum.all%u.nan, %s 0x7FF8000000000000, %s "
                "%%sum.all%u.0\n"
                "  store %s %%extreme%u, ptr %%sum%u.0.at, align 1\n",
                k, k, storage(t, k), storage(t, k), k, storage(t, k), k, k);
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
            lanes_loop_format_identity(t, stored_dtype(t, k), p, identity);
            snprintf(name, sizeof(name), "%%none%u.%u", k, p);
            fprintf(t->out, ", %s %s", storage(t, k), is_call ? identity : name);
        }
    }
}

/*
 * LLVM sees a minimum or maximum in this, which with a NaN is poison; the store then
 * takes another value.
 */
static void put_extreme_fold(const lanes_loop_text *t, uint32_t k)
{
    const char *type = storage(t, k);
    fprintf(t->out,
            "  %%taken%u.0 = select i1 %%is.out, %s %%none%u.0, %s %%w%u.0\n"
            "  %%nan%u.now = fcmp uno %s %%taken%u.0, 0.0\n"
            "  %%nan%u.next = or i1 %%sum%u.nan, %%nan%u.now\n"
            "  %%first%u = fcmp nnan nsz %s %s %%sum%u.0, %%taken%u.0\n"
            "  %%sum.next%u.0 = select nnan nsz i1 %%first%u, %s %%sum%u.0, %s "
            "%%taken%u.0\n",
            k, type, k, type, k, k, type, k, k, k, k, k, is_minimum(t) ? "olt" : "ogt",
            type, k, k, k, k, type, k, type, k);
}

void lanes_loop_put_fold(const lanes_loop_text *t)
{
    /*
     * A block of one is never padded; and where elements wait for the one before, each
     * instruction between them counts. That a call has no padding is known before the
     * loop: LLVM makes a second one of it, without a choice for each element. Behind the
     * end rather than the last: compared with -1, LLVM would see that one follows from
     * the other.
     */
    fprintf(t->out,
            "  %%index = trunc i64 %%i to i32\n"
            "  %%last.index = trunc i64 %%last to i32\n"
            "  %%is.padded = icmp ne i64 %%last, -1\n"
            "  %%end.index = add i32 %%last.index, 1\n"
            "  %%is.behind = icmp uge i32 %s\n"
            "  %%is.padding = and i1 %%is.padded, %%is.behind\n"
            "  %%is.out = or i1 %%is.padding, %s\n",
            t->cg->block > 1 ? "%index, %end.index" : "0, 1",
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
