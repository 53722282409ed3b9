/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_kernel_raised.c - lists of items that readers may follow, and others.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/base.h"
#include "kernel/raised.h"

/* ---- Of the executor, for clients ------------------------------------------------- */

/* E((1, ()), 'abc', None, ...) */
static lanes_abi_raised good(void)
{
    return (lanes_abi_raised){
        .kind = LANES_RAISED_EXCEPTION,
        .payload_form = LANES_PAYLOAD_TEXT,
        .argument_count = 4,
        .item_count = 6,
        .item = {{.type = LANES_RAISED_ITEM_TUPLE, .count = 2},
                 {.type = LANES_I4, .offset = 0, .bytes = 4},
                 {.type = LANES_RAISED_ITEM_TUPLE, .count = 0},
                 {.type = LANES_RAISED_ITEM_TEXT, .offset = 8, .bytes = 3},
                 {.type = LANES_RAISED_ITEM_NONE},
                 {.type = LANES_RAISED_ITEM_UNKNOWN}}};
}

Test(kernel_raised, a_list_of_trees)
{
    lanes_abi_raised raised = good();
    cr_expect(lanes_raised_is_sane(&raised));
    raised.item[3].type = LANES_RAISED_ITEM_TEXT_CUT;
    raised.item[3].bytes = LANES_RAISED_DATA_BYTES - 8;
    cr_expect(lanes_raised_is_sane(&raised), "up to the end");
    raised.item[3].offset = LANES_RAISED_DATA_BYTES;
    raised.item[3].bytes = 0;
    cr_expect(lanes_raised_is_sane(&raised), "nothing at the end");
    raised = (lanes_abi_raised){.kind = LANES_RAISED_NONE};
    cr_expect(lanes_raised_is_sane(&raised));
    raised.argument_count = raised.item_count = LANES_RAISED_ITEMS_MAX;
    cr_expect(lanes_raised_is_sane(&raised));
}

/* Each row spoils one word of good(). */
Test(kernel_raised, lists_that_are_not_believed)
{
    lanes_abi_raised raised;
    const struct {
        uint32_t *word;
        uint32_t value;
    } rows[] = {
        {&raised.kind, LANES_RAISED_UNKNOWN + 1},
        {&raised.payload_form, LANES_PAYLOAD_BITCODE + 1},
        {&raised.argument_count, 3},
        {&raised.argument_count, 5},
        {&raised.argument_count, UINT32_MAX},
        {&raised.item_count, 5},
        {&raised.item_count, 7},
        {&raised.item_count, LANES_RAISED_ITEMS_MAX + 1},
        {&raised.item_count, UINT32_MAX},
        {&raised.node, LANES_FUSION_NODES_MAX},
        {&raised.item[0].count, 1},
        {&raised.item[0].count, 3},
        {&raised.item[0].count, UINT32_MAX},
        {&raised.item[2].count, 4},
        {&raised.item[1].count, 1},
        {&raised.item[3].count, 1},
        {&raised.item[4].count, 1},
        {&raised.item[5].count, 1},
        {&raised.item[0].bytes, 1},
        {&raised.item[1].bytes, 3},
        {&raised.item[1].bytes, 8},
        {&raised.item[4].bytes, 8},
        {&raised.item[5].bytes, 8},
        {&raised.item[1].type, 2},
        {&raised.item[1].type, 0xffff},
        {&raised.item[4].type, 2},
        {&raised.item[3].type, LANES_RAISED_ITEM_TEXT_CUT + 1},
        {&raised.item[1].offset, 4},
        {&raised.item[1].offset, LANES_RAISED_DATA_BYTES},
        {&raised.item[1].offset, UINT32_MAX - 7},
        {&raised.item[3].bytes, LANES_RAISED_DATA_BYTES - 7},
        {&raised.item[3].bytes, UINT32_MAX},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        raised = good();
        *rows[i].word = rows[i].value;
        cr_expect_not(lanes_raised_is_sane(&raised), "row %zu", i);
    }
}

/* Lists that would end well if there were room for more, or if counts may wrap. */
Test(kernel_raised, counts_that_add_up_in_32_bits_only)
{
    lanes_abi_raised raised = {.kind = LANES_RAISED_NONE};
    raised.argument_count = raised.item_count = LANES_RAISED_ITEMS_MAX + 1;
    cr_expect_not(lanes_raised_is_sane(&raised), "what follows the items is no item");
    raised = (lanes_abi_raised){.argument_count = UINT32_MAX, .item_count = 1};
    raised.item[0] = (lanes_abi_raised_item){.type = LANES_RAISED_ITEM_TUPLE, .count = 2};
    cr_expect_not(lanes_raised_is_sane(&raised));
    raised.argument_count = 0; /* a tuple of no list, which makes up for itself */
    raised.item[0].count = 1;
    cr_expect_not(lanes_raised_is_sane(&raised));
    raised = good();
    raised.item[1].count = 1; /* of a number, and one less beside it */
    raised.argument_count--;
    cr_expect_not(lanes_raised_is_sane(&raised));
    raised = good();
    raised.item[0].count = (1u << 31) + 1;
    raised.item[1] = raised.item[0];
    cr_expect_not(lanes_raised_is_sane(&raised));
}

/* ---- Of the compiler, for the executor --------------------------------------------- */

/* E((x, 'ab'), string) */
static lanes_payload_arguments good_list(void)
{
    return (lanes_payload_arguments){
        .argument_count = 2,
        .item_count = 4,
        .bytes = 64,
        .constant_bytes = 2,
        .item = {
            {.type = LANES_RAISED_ITEM_TUPLE, .count = 2},
            {.type = LANES_F8, .offset = 8, .bytes = 8},
            {.type = LANES_RAISED_ITEM_TEXT, .place = LANES_PAYLOAD_CONSTANT, .bytes = 2},
            {.type = LANES_RAISED_ITEM_TEXT,
             .offset = 40,
             .bytes = sizeof(lanes_payload_text)}}};
}

Test(kernel_raised, a_list_of_the_compiler)
{
    lanes_payload_arguments list = good_list();
    cr_expect(lanes_payload_arguments_is_sane(&list));
    cr_expect_eq(lanes_payload_fixed_bytes(&list), 16);
    list.item[1].offset = 56;
    cr_expect(lanes_payload_arguments_is_sane(&list));
    list = (lanes_payload_arguments){0};
    cr_expect(lanes_payload_arguments_is_sane(&list));
}

Test(kernel_raised, lists_of_the_compiler_that_are_not_believed)
{
    lanes_payload_arguments list;
    const struct {
        uint32_t *word;
        uint32_t value;
    } rows[] = {
        {&list.argument_count, 1},
        {&list.argument_count, UINT32_MAX},
        {&list.item_count, 3},
        {&list.item_count, 5},
        {&list.item_count, LANES_RAISED_ITEMS_MAX + 1},
        {&list.bytes, 63},
        {&list.constant_bytes, 1},
        {&list.constant_bytes, LANES_PAYLOAD_CONSTANT_BYTES + 1},
        {&list.item[0].count, 1},
        {&list.item[0].count, 4},
        {&list.item[1].type, 2},
        {&list.item[1].bytes, 4},
        {&list.item[1].offset, 57},
        {&list.item[1].offset, UINT32_MAX - 7},
        {&list.item[1].place, LANES_PAYLOAD_CONSTANT + 1},
        {&list.item[1].place, LANES_PAYLOAD_CONSTANT},
        {&list.item[2].bytes, 3},
        {&list.item[2].place, LANES_PAYLOAD_COMPUTED},
        {&list.item[3].bytes, 23},
        {&list.item[3].offset, 41},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        list = good_list();
        *rows[i].word = rows[i].value;
        cr_expect_not(lanes_payload_arguments_is_sane(&list), "row %zu", i);
    }
}

Test(kernel_raised, counts_of_the_compiler_that_add_up_in_32_bits_only)
{
    lanes_payload_arguments list = {.argument_count = LANES_RAISED_ITEMS_MAX + 1,
                                    .item_count = LANES_RAISED_ITEMS_MAX + 1};
    cr_expect_not(lanes_payload_arguments_is_sane(&list), "constants are no items");
    list = (lanes_payload_arguments){.argument_count = UINT32_MAX, .item_count = 1};
    list.item[0] = (lanes_payload_item){.type = LANES_RAISED_ITEM_TUPLE, .count = 2};
    cr_expect_not(lanes_payload_arguments_is_sane(&list));
}

/* Each of them is in order, but all of them are more than a client gets. */
Test(kernel_raised, constants_that_are_used_too_often)
{
    lanes_payload_arguments list = {.constant_bytes = LANES_PAYLOAD_CONSTANT_BYTES};
    for (uint32_t i = 0; i < 4; i++) {
        cr_expect(lanes_payload_arguments_is_sane(&list), "%u", i);
        list.item[i] = (lanes_payload_item){.type = LANES_RAISED_ITEM_TEXT,
                                            .place = LANES_PAYLOAD_CONSTANT,
                                            .bytes = LANES_PAYLOAD_CONSTANT_BYTES};
        list.argument_count = list.item_count = i + 1;
    }
    cr_expect_not(lanes_payload_arguments_is_sane(&list));
}
