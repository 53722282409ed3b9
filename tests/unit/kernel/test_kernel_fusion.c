/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_kernel_fusion.c - which wirings are one kernel, of what signature, and why others
 * are none.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/fusion.h"

#define X(index)          {LANES_FUSION_INPUT, (index)}
#define FROM(node, index) {(node), (index)}

struct node {
    const char *signature;
    lanes_abi_source input[LANES_OPERANDS_MAX];
};

struct wiring {
    struct node node[LANES_FUSION_NODES_MAX + 1];
    uint32_t output_count;
    lanes_abi_source output[LANES_OPERANDS_MAX];
    const char *signature; /* or: */
    lanes_status status;
    const char *fragment;
};

static lanes_status check(const struct wiring *wiring, lanes_signature *whole,
                          lanes_error *err)
{
    lanes_fusion_table *table = calloc(1, sizeof(*table));
    lanes_signature signature[LANES_FUSION_NODES_MAX];
    cr_assert_not_null(table);
    while (table->node_count < LANES_FUSION_NODES_MAX &&
           wiring->node[table->node_count].signature != NULL) {
        const struct node *node = &wiring->node[table->node_count];
        cr_assert_eq(
            lanes_signature_parse(node->signature, &signature[table->node_count], err),
            LANES_OK, "%s", err->message);
        memcpy(table->node[table->node_count].input, node->input, sizeof(node->input));
        table->node_count++;
    }
    table->output_count = wiring->output_count;
    memcpy(table->output, wiring->output, sizeof(wiring->output));
    const lanes_status status = lanes_fusion_signature(table, signature, whole, err);
    free(table);
    return status;
}

static const struct wiring wirings[] = {
    {.node = {{"f8(f8)", {X(0)}}},
     .output_count = 1,
     .output = {FROM(0, 0)},
     .signature = "f8(f8)"},
    /* Inputs may be crossed, shared and skipped by some nodes; outputs of any node. */
    {.node = {{"f8,i4(f8,i2)", {X(2), X(0)}},
              {"?(i4,i2)", {FROM(0, 1), X(0)}},
              {"c16(f4[:],f8)", {X(1), FROM(0, 0)}}},
     .output_count = 3,
     .output = {FROM(2, 0), FROM(1, 0), FROM(0, 1)},
     .signature = "c16,?,i4(i2,f4[:],f8)"},
    {.node = {{"f8(f8)", {X(0)}}}, .status = LANES_E_INVALID, .fragment = "0 outputs"},
    {.output_count = 1, .status = LANES_E_INVALID, .fragment = "fusion of 0 nodes"},
    {.node = {{"f8(f8)", {X(0)}}},
     .output_count = LANES_OPERANDS_MAX + 1,
     .status = LANES_E_INVALID,
     .fragment = "17 outputs is not possible; 1 to 16"},
    {.node = {{"f8(f8)", {FROM(0, 0)}}},
     .output_count = 1,
     .output = {FROM(0, 0)},
     .status = LANES_E_INVALID,
     .fragment = "source of input 0 of node 0 is node 0; it can be an earlier node"},
    {.node = {{"f8(f8)", {FROM(1, 0)}}, {"f8(f8)", {X(0)}}},
     .output_count = 1,
     .output = {FROM(0, 0)},
     .status = LANES_E_INVALID,
     .fragment = "is node 1; it can be an earlier node"},
    {.node = {{"f8(f8)", {X(0)}}, {"f8(f8)", {FROM(0, 1)}}},
     .output_count = 1,
     .output = {FROM(1, 0)},
     .status = LANES_E_INVALID,
     .fragment = "output 1 of node 0, which has 1"},
    {.node = {{"f4(f8)", {X(0)}}, {"f8(f8)", {FROM(0, 0)}}},
     .output_count = 1,
     .output = {FROM(1, 0)},
     .status = LANES_E_DTYPE,
     .fragment = "input 0 of node 1 is f8, but output 0 of node 0, its source, is f4"},
    {.node = {{"f8(f8)", {X(0)}}, {"f8(f8[:])", {FROM(0, 0)}}},
     .output_count = 1,
     .output = {FROM(1, 0)},
     .status = LANES_E_INVALID,
     .fragment = "input 0 of node 1 is a row, and no node gives rows"},
    {.node = {{"f8(f8)", {X(0)}}, {"f8(f8,f4)", {FROM(0, 0), X(0)}}},
     .output_count = 1,
     .output = {FROM(1, 0)},
     .status = LANES_E_DTYPE,
     .fragment = "input 1 of node 1 is f4, but input 0 of the fused kernel, its source, "
                 "is f8"},
    {.node = {{"f8(f8)", {X(0)}}, {"f8(f8,f8[:])", {FROM(0, 0), X(0)}}},
     .output_count = 1,
     .output = {FROM(1, 0)},
     .status = LANES_E_DTYPE,
     .fragment = "is f8[:], but input 0"},
    {.node = {{"f8(f8,f8)", {X(0), X(2)}}},
     .output_count = 1,
     .output = {FROM(0, 0)},
     .status = LANES_E_INVALID,
     .fragment = "input 1 of the fused kernel is used by no node, but input 2 is"},
    {.node = {{"f8(f8)", {X(LANES_OPERANDS_MAX)}}},
     .output_count = 1,
     .output = {FROM(0, 0)},
     .status = LANES_E_INVALID,
     .fragment = "input 16 of the fused kernel, which can have 16"},
    {.node = {{"f8(f8)", {X(0)}}},
     .output_count = 1,
     .output = {FROM(1, 0)},
     .status = LANES_E_INVALID,
     .fragment = "output 0 of the fused kernel is output 0 of node 1"},
    {.node = {{"f8(f8)", {X(0)}}},
     .output_count = 1,
     .output = {X(0)},
     .status = LANES_E_INVALID,
     .fragment = "output 0 of the fused kernel is output 0 of node 4294967295"},
    {.node = {{"f8(f8)", {X(0)}}},
     .output_count = 2,
     .output = {FROM(0, 0), FROM(0, 1)},
     .status = LANES_E_INVALID,
     .fragment = "output 1 of the fused kernel is output 1 of node 0, which has 1"},
    {.node = {{"f8(f8,f8)", {X(0), X(1)}}},
     .output_count = LANES_OPERANDS_MAX - 1,
     .status = LANES_E_INVALID,
     .fragment = "has 2 inputs and 15 outputs; together they can be 16"},
};

Test(kernel_fusion, wirings_have_a_signature_or_a_reason)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(wirings); i++) {
        lanes_error err = {0};
        lanes_signature whole;
        char text[LANES_SIGNATURE_TEXT_MAX];
        const lanes_status status = check(&wirings[i], &whole, &err);
        cr_expect_eq(status, wirings[i].status, "case %zu: %s", i, err.message);
        if (status == LANES_OK) {
            lanes_signature_format(&whole, text);
            cr_expect_str_eq(text, wirings[i].signature);
        } else {
            cr_expect_not_null(strstr(err.message, wirings[i].fragment), "case %zu: %s",
                               i, err.message);
        }
    }
}

Test(kernel_fusion, more_nodes_than_the_limit_are_refused)
{
    static lanes_fusion_table table = {.node_count = LANES_FUSION_NODES_MAX + 1,
                                       .output_count = 1};
    lanes_error err;
    lanes_signature whole;
    cr_expect_eq(lanes_fusion_signature(&table, NULL, &whole, &err), LANES_E_INVALID);
    cr_expect_not_null(strstr(err.message, "fusion of 9 nodes is not possible; 1 to 8"));
}

Test(kernel_fusion, ir_is_aligned_and_has_room_for_its_end)
{
    static lanes_fusion_table table = {
        .node_count = 3, .node = {{.ir_bytes = 7}, {.ir_bytes = 8}, {.ir_bytes = 1}}};
    const uint64_t begin = sizeof(table);
    cr_expect_eq(lanes_fusion_ir_offset(&table, 0), begin);
    cr_expect_eq(lanes_fusion_ir_offset(&table, 1), begin + 8);
    cr_expect_eq(lanes_fusion_ir_offset(&table, 2), begin + 24);
    cr_expect_eq(lanes_fusion_ir_offset(&table, 3), begin + 32);
}
