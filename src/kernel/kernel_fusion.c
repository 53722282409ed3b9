/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_fusion.c - can these callbacks be wired so, and what is the whole?
 */
#include "kernel/fusion.h"

#include <stdio.h>

#define IR_ALIGNMENT UINT64_C(8)

_Static_assert(sizeof(lanes_fusion_table) % IR_ALIGNMENT == 0, "the first follows it");

uint64_t lanes_fusion_ir_offset(const lanes_fusion_table *table, uint32_t index)
{
    uint64_t offset = sizeof(*table);
    for (uint32_t n = 0; n < index; n++) {
        offset += table->node[n].ir_bytes + 1;
        offset = (offset + IR_ALIGNMENT - 1) / IR_ALIGNMENT * IR_ALIGNMENT;
    }
    return offset;
}

/* What the sources seen so far make of the whole. */
struct whole {
    const lanes_fusion_table *table;
    const lanes_signature *node;
    uint32_t dtype[LANES_OPERANDS_MAX]; /* of inputs; 0: no source has named it */
    uint32_t row_mask;
    uint32_t input_count; /* one more than the largest named */
    lanes_error *err;
};

static const char *row_mark(bool has_rows)
{
    return has_rows ? "[:]" : "";
}

static bool is_row(const lanes_signature *signature, uint32_t input)
{
    return (signature->row_mask >> input & 1u) != 0;
}

/* Node @p n takes input @p at of the whole as its input @p i. */
static lanes_status take_input(struct whole *whole, uint32_t n, uint32_t i, uint32_t at)
{
    const uint32_t wanted = whole->node[n].dtype[i];
    const bool wants_row = is_row(&whole->node[n], i);
    if (at >= LANES_OPERANDS_MAX) {
        return lanes_error_set(
            whole->err, LANES_E_INVALID,
            "input %u of node %u is input %u of the fused kernel, which "
            "can have %u inputs and outputs",
            i, n, at, LANES_OPERANDS_MAX);
    }
    const bool has_row = (whole->row_mask >> at & 1u) != 0;
    if (whole->dtype[at] != 0 && (whole->dtype[at] != wanted || has_row != wants_row)) {
        return lanes_error_set(whole->err, LANES_E_DTYPE,
                               "input %u of node %u is %s%s, but input %u of the fused "
                               "kernel, its source, is "
                               "%s%s for an earlier one; give each an input of its own",
                               i, n, lanes_dtype_name(wanted), row_mark(wants_row), at,
                               lanes_dtype_name(whole->dtype[at]), row_mark(has_row));
    }
    whole->dtype[at] = wanted;
    whole->row_mask |= (uint32_t)wants_row << at;
    whole->input_count = at >= whole->input_count ? at + 1 : whole->input_count;
    return LANES_OK;
}

/* Node @p n takes an output of an earlier one as its input @p i. */
static lanes_status take_output(const struct whole *whole, uint32_t n, uint32_t i,
                                lanes_abi_source source)
{
    const lanes_signature *node = &whole->node[n];
    if (source.node >= n) {
        return lanes_error_set(
            whole->err, LANES_E_INVALID,
            "the source of input %u of node %u is node %u; it can be an "
            "earlier node, or LANES_FUSION_INPUT",
            i, n, source.node);
    }
    const lanes_signature *from = &whole->node[source.node];
    if (source.index >= from->output_count) {
        return lanes_error_set(
            whole->err, LANES_E_INVALID,
            "the source of input %u of node %u is output %u of node %u, "
            "which has %u",
            i, n, source.index, source.node, from->output_count);
    }
    if (is_row(node, i)) {
        return lanes_error_set(
            whole->err, LANES_E_INVALID,
            "input %u of node %u is a row, and no node gives rows; only "
            "an input of the fused kernel can be its source",
            i, n);
    }
    const uint32_t given = from->dtype[from->input_count + source.index];
    if (given != node->dtype[i]) {
        return lanes_error_set(
            whole->err, LANES_E_DTYPE,
            "input %u of node %u is %s, but output %u of node %u, its source, is %s; "
            "values are passed on as they are: compile one for the other's dtype",
            i, n, lanes_dtype_name(node->dtype[i]), source.index, source.node,
            lanes_dtype_name(given));
    }
    return LANES_OK;
}

static lanes_status take_nodes(struct whole *whole)
{
    for (uint32_t n = 0; n < whole->table->node_count; n++) {
        for (uint32_t i = 0; i < whole->node[n].input_count; i++) {
            const lanes_abi_source source = whole->table->node[n].input[i];
            LANES_TRY(source.node == LANES_FUSION_INPUT
                          ? take_input(whole, n, i, source.index)
                          : take_output(whole, n, i, source));
        }
    }
    for (uint32_t i = 0; i < whole->input_count; i++) {
        if (whole->dtype[i] == 0) {
            return lanes_error_set(whole->err, LANES_E_INVALID,
                                   "input %u of the fused kernel is used by no node, but "
                                   "input %u is; number them without a gap",
                                   i, whole->input_count - 1);
        }
    }
    return LANES_OK;
}

static lanes_status check_counts(const lanes_fusion_table *table, lanes_error *err)
{
    if (table->node_count == 0 || table->node_count > LANES_FUSION_NODES_MAX) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "a fusion of %u nodes is not possible; 1 to %u are",
                               table->node_count, LANES_FUSION_NODES_MAX);
    }
    if (table->output_count == 0 || table->output_count > LANES_OPERANDS_MAX) {
        return lanes_error_set(
            err, LANES_E_INVALID,
            "a fused kernel of %u outputs is not possible; 1 to %u are",
            table->output_count, LANES_OPERANDS_MAX);
    }
    return LANES_OK;
}

static lanes_status take_results(const struct whole *whole, lanes_signature *signature)
{
    const lanes_fusion_table *table = whole->table;
    if (signature->input_count + table->output_count > LANES_OPERANDS_MAX) {
        return lanes_error_set(whole->err, LANES_E_INVALID,
                               "the fused kernel has %u inputs and %u outputs; together "
                               "they can be %u",
                               signature->input_count, table->output_count,
                               LANES_OPERANDS_MAX);
    }
    for (uint32_t k = 0; k < table->output_count; k++) {
        const lanes_abi_source source = table->output[k];
        const lanes_signature *from =
            source.node < table->node_count ? &whole->node[source.node] : NULL;
        if (from == NULL || source.index >= from->output_count) {
            return lanes_error_set(
                whole->err, LANES_E_INVALID,
                "output %u of the fused kernel is output %u of node %u, which has %u; "
                "there are %u nodes",
                k, source.index, source.node, from != NULL ? from->output_count : 0,
                table->node_count);
        }
        signature->dtype[signature->input_count + k] =
            from->dtype[from->input_count + source.index];
    }
    signature->output_count = table->output_count;
    return LANES_OK;
}

lanes_status lanes_fusion_signature(const lanes_fusion_table *table,
                                    const lanes_signature *nodes,
                                    lanes_signature *out_signature, lanes_error *err)
{
    struct whole whole = {.table = table, .node = nodes, .err = err};
    LANES_TRY(check_counts(table, err));
    LANES_TRY(take_nodes(&whole));
    lanes_signature signature = {.input_count = whole.input_count,
                                 .row_mask = whole.row_mask};
    for (uint32_t i = 0; i < whole.input_count; i++) {
        signature.dtype[i] = whole.dtype[i];
    }
    LANES_TRY(take_results(&whole, &signature));
    *out_signature = signature;
    return LANES_OK;
}
