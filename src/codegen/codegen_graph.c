/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_graph.c - the element of a fused kernel: calls of its nodes' elements.
 *
 * Values go from one to the next in the form in which arrays would store them, in
 * registers: LLVM drops the conversions to it and back. Where a node may fail, those
 * behind it are called only if it has not; that is a branch, which the vectorizer makes a
 * mask of, as with a callback that returns early. Text, as codegen_loop.c.
 */
#include "codegen/codegen_fuse.h"

#include <stdio.h>
#include <string.h>

static uint32_t output_dtype(const lanes_signature *signature, uint32_t output)
{
    return signature->dtype[signature->input_count + output];
}

static const lanes_codegen *node_at(const lanes_codegen *cg, uint32_t index)
{
    return &cg->fusion->node[index].cg;
}

void lanes_codegen_put_node_declarations(const lanes_codegen *cg, FILE *out)
{
    static const char *const elements[] = {LANES_ELEMENT_LOOP, LANES_ELEMENT_EXPLAIN,
                                           LANES_ELEMENT_CONFIRM};
    for (uint32_t n = 0; n < cg->fusion->table->node_count; n++) {
        const lanes_signature *signature = &node_at(cg, n)->signature;
        for (size_t e = 0; e < LANES_ARRAY_COUNT(elements); e++) {
            char name[48];
            lanes_codegen_format_node(elements[e], n, name);
            fputs("declare ", out);
            lanes_codegen_put_element_type(node_at(cg, n), out);
            fprintf(out, " @%s(ptr, ptr, i64, i64", name);
            for (uint32_t i = 0; i < signature->input_count; i++) {
                if ((signature->row_mask >> i & 1u) != 0) {
                    fputs(", ptr, i32", out);
                    continue;
                }
                const uint32_t parts = lanes_dtype_part_count(signature->dtype[i]);
                for (uint32_t p = 0; p < parts; p++) {
                    fprintf(out, ", %s", lanes_codegen_storage(signature->dtype[i]));
                }
            }
            fputs(")\n", out);
        }
    }
    fputs("declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)\n\n", out);
    if (cg->needs_begin) {
        fputs("declare void @lanes_runtime_begin(i64, i64)\n"
              "declare i32 @lanes_runtime_failure()\n\n",
              out);
    }
}

/* The arguments of node @p n for its inputs. */
static void put_inputs(const lanes_codegen *cg, uint32_t n, FILE *out)
{
    const lanes_signature *signature = &node_at(cg, n)->signature;
    for (uint32_t i = 0; i < signature->input_count; i++) {
        const lanes_abi_source source = cg->fusion->table->node[n].input[i];
        if ((signature->row_mask >> i & 1u) != 0) {
            fprintf(out, ", ptr %%row%u, i32 %%n%u", source.index, source.index);
            continue;
        }
        const char *type = lanes_codegen_storage(signature->dtype[i]);
        for (uint32_t p = 0; p < lanes_dtype_part_count(signature->dtype[i]); p++) {
            if (source.node == LANES_FUSION_INPUT) {
                fprintf(out, ", %s %%x%u.%u", type, source.index, p);
            } else {
                fprintf(out, ", %s %%y%u.%u.%u", type, source.node, source.index, p);
            }
        }
    }
}

/* %y<n>.<o>.<p>: part p of output o of node n. */
static void put_results(const lanes_codegen *cg, uint32_t n, FILE *out)
{
    const lanes_signature *signature = &node_at(cg, n)->signature;
    uint32_t at = 1; /* behind the code */
    for (uint32_t o = 0; o < signature->output_count; o++) {
        const uint32_t parts = lanes_dtype_part_count(output_dtype(signature, o));
        for (uint32_t p = 0; p < parts; p++) {
            fprintf(out, "  %%y%u.%u.%u = extractvalue ", n, o, p);
            lanes_codegen_put_element_type(node_at(cg, n), out);
            fprintf(out, " %%e%u, %u\n", n, at++);
        }
    }
}

/*
 * A way to `end` if node @p n has failed. The loop only asks whether one has, so %code<n>
 * is a constant there, which says so without a look at what the node returned.
 */
static void put_check(const lanes_codegen *cg, uint32_t n, bool is_loop, FILE *out)
{
    fprintf(out, "  %%own%u = extractvalue ", n);
    lanes_codegen_put_element_type(node_at(cg, n), out);
    fprintf(out, " %%e%u, 0\n", n);
    if (is_loop) {
        fprintf(out, "  %%code%u = or i32 0, %d\n", n, LANES_ELEMENT_RAISED);
    } else {
        fprintf(out, "  %%code%u = or i32 %%own%u, %u\n", n, n,
                n << LANES_ELEMENT_NODE_SHIFT);
    }
    fprintf(out,
            "  %%bad%u = icmp ne i32 %%own%u, 0\n"
            "  br i1 %%bad%u, label %%end, label %%after%u\n"
            "after%u:\n",
            n, n, n, n, n);
}

/* %code: 0 if control comes from @p last; else what the node says that failed. */
static void put_code(const lanes_codegen *cg, const char *last, FILE *out)
{
    fprintf(out, "  %%code = phi i32 [ 0, %%%s ]", last);
    char from[24] = "entry";
    for (uint32_t n = 0; n < cg->fusion->table->node_count; n++) {
        if (node_at(cg, n)->may_raise != 0) {
            fprintf(out, ", [ %%code%u, %%%s ]", n, from);
            snprintf(from, sizeof(from), "after%u", n);
        }
    }
    fputs("\n", out);
}

/* %z<k>.<p>: the results; of an element that has failed, none. */
static void put_outputs(const lanes_codegen *cg, const char *last, FILE *out)
{
    for (uint32_t k = 0; k < cg->signature.output_count; k++) {
        const uint32_t dtype = output_dtype(&cg->signature, k);
        const lanes_abi_source source = cg->fusion->table->output[k];
        for (uint32_t p = 0; p < lanes_dtype_part_count(dtype); p++) {
            fprintf(out, "  %%z%u.%u = phi %s [ %%y%u.%u.%u, %%%s ]", k, p,
                    lanes_codegen_storage(dtype), source.node, source.index, p, last);
            char from[24] = "entry";
            for (uint32_t n = 0; n < cg->fusion->table->node_count; n++) {
                if (node_at(cg, n)->may_raise != 0) {
                    fprintf(out, ", [ poison, %%%s ]", from);
                    snprintf(from, sizeof(from), "after%u", n);
                }
            }
            fputs("\n", out);
        }
    }
}

static void put_return(const lanes_codegen *cg, FILE *out)
{
    fputs("  %r0 = insertvalue ", out);
    lanes_codegen_put_element_type(cg, out);
    fputs(" undef, i32 %code, 0\n", out);
    uint32_t at = 0;
    for (uint32_t k = 0; k < cg->signature.output_count; k++) {
        const uint32_t dtype = output_dtype(&cg->signature, k);
        for (uint32_t p = 0; p < lanes_dtype_part_count(dtype); p++, at++) {
            fprintf(out, "  %%r%u = insertvalue ", at + 1);
            lanes_codegen_put_element_type(cg, out);
            fprintf(out, " %%r%u, %s %%z%u.%u, %u\n", at, lanes_codegen_storage(dtype), k,
                    p, at + 1);
        }
    }
    fputs("  ret ", out);
    lanes_codegen_put_element_type(cg, out);
    fprintf(out, " %%r%u\n}\n\n", at);
}

void lanes_codegen_put_graph(const lanes_codegen *cg, const char *name, FILE *out)
{
    const bool is_loop = strcmp(name, LANES_ELEMENT_LOOP) == 0;
    char last[24] = "entry";
    lanes_codegen_put_element_head(cg, name, out);
    if (cg->needs_begin) { /* once: random numbers go on from node to node */
        fputs("  call void @lanes_runtime_begin(i64 %seed, i64 %index)\n", out);
    }
    for (uint32_t n = 0; n < cg->fusion->table->node_count; n++) {
        char callee[48];
        lanes_codegen_format_node(name, n, callee);
        fprintf(out, "  %%e%u = call ", n);
        lanes_codegen_put_element_type(node_at(cg, n), out);
        fprintf(out, " @%s(ptr %%excinfo, ptr %%params, i64 %%seed, i64 %%index", callee);
        put_inputs(cg, n, out);
        fputs(")\n", out);
        put_results(cg, n, out);
        if (node_at(cg, n)->may_raise != 0) {
            put_check(cg, n, is_loop, out);
            snprintf(last, sizeof(last), "after%u", n);
        }
    }
    fputs("  br label %end\n"
          "end:\n",
          out);
    put_code(cg, last, out);
    put_outputs(cg, last, out);
    put_return(cg, out);
}
