/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_place.c - who runs which part of a batch, by invented maps of pages; and
 * that placed batches are run once, whatever their slices. Reductions that are placed are
 * in test_engine_reduce.c; real nodes in tools/dev/numa-test.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "engine/engine.h"
#include "layouts.h"

#define STEP LANES_ENGINE_CHUNK_STEP

/* ---- Choice --------------------------------------------------------------------------
 */

/* Nodes as digits; '?': unknown. */
static uint32_t read_map(const char *map, uint8_t *node)
{
    const uint32_t count = (uint32_t)strlen(map);
    for (uint32_t c = 0; c < count; c++) {
        node[c] = map[c] == '?' ? LANES_TOPO_NODE_UNKNOWN : (uint8_t)(map[c] - '0');
    }
    return count;
}

Test(engine_place, chunks_go_to_threads_near_them)
{
    static const struct {
        const char *map;
        uint32_t group_count;
        lanes_engine_group group[4];
        bool is_better;
        uint32_t near_count;
        const char *runs; /* chunks as letters, one group behind the other */
    } rows[] = {
        /* As lanes spreads them: in order. */
        {"00001111", 2, {{0, 2}, {1, 2}}, true, 8, "abcd efgh"},
        {"001122", 3, {{0, 1}, {1, 1}, {2, 1}}, true, 6, "ab cd ef"},
        /* The client filled it from the other end; its halves take turns. */
        {"11110000", 2, {{0, 2}, {1, 2}}, true, 8, "efgh abcd"},
        {"01010101", 2, {{0, 2}, {1, 2}}, true, 8, "aceg bdfh"},
        /* Groups have their share, whatever is near. */
        {"00000011", 2, {{0, 2}, {1, 2}}, true, 6, "abcd efgh"},
        {"11111100", 2, {{0, 2}, {1, 2}}, true, 6, "efgh abcd"},
        {"00001111", 2, {{0, 3}, {1, 1}}, true, 6, "abcdgh ef"},
        {"11110000", 2, {{0, 3}, {1, 1}}, true, 6, "cdefgh ab"},
        /* All on one node: half of it is near anyway. */
        {"00000000", 2, {{0, 2}, {1, 2}}, false, 4, "abcd efgh"},
        {"11111111", 2, {{0, 2}, {1, 2}}, false, 4, "efgh abcd"},
        /* Nothing known, nothing near, or too little to matter. */
        {"????????", 2, {{0, 2}, {1, 2}}, false, 0, "abcd efgh"},
        {"55555555", 2, {{0, 2}, {1, 2}}, false, 0, "abcd efgh"},
        {"???????0", 2, {{0, 2}, {1, 2}}, false, 1, "abch defg"},
        {"??????10", 2, {{0, 2}, {1, 2}}, true, 2, "abch defg"},
        {"?1?0?1?0", 2, {{0, 2}, {1, 2}}, true, 4, "acdh befg"},
        /* Nodes by their numbers, in the order of their threads. */
        {"3344", 2, {{4, 1}, {3, 1}}, true, 4, "cd ab"},
        /* More nodes than chunks. */
        {"2", 3, {{0, 1}, {1, 1}, {2, 1}}, true, 1, "  a"},
        {"0", 3, {{0, 1}, {1, 1}, {2, 1}}, false, 0, "  a"},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        uint8_t node[LANES_ENGINE_CHUNKS_MAX];
        const uint32_t count = read_map(rows[i].map, node);
        lanes_engine_placement placement;
        lanes_engine_placement_cut(&placement, count * STEP, count);
        cr_assert_eq(placement.chunk_count, count);
        const bool is_better = lanes_engine_placement_choose(&placement, rows[i].group,
                                                             rows[i].group_count, node);
        char runs[64] = "";
        uint32_t length = 0;
        for (uint32_t g = 0; g < rows[i].group_count; g++) {
            if (g > 0) {
                runs[length++] = ' ';
            }
            for (uint32_t at = placement.first[g]; at < placement.first[g + 1]; at++) {
                runs[length++] = (char)('a' + placement.order[at]);
            }
            cr_assert_eq(placement.elements[g],
                         (placement.first[g + 1] - placement.first[g]) * STEP);
        }
        cr_assert_eq(placement.near_count, rows[i].near_count, "'%s': %u", rows[i].map,
                     placement.near_count);
        cr_assert_eq(is_better, rows[i].is_better, "'%s'", rows[i].map);
        cr_assert_str_eq(runs, rows[i].runs, "'%s': '%s'", rows[i].map, runs);
    }
}

Test(engine_place, batches_are_cut_into_chunks)
{
    static const struct {
        uint64_t count;
        uint32_t wanted;
        uint32_t chunk_count;
        uint64_t each;
    } rows[] = {
        {1, 1, 1, 64},
        {64, 512, 1, 64},
        {65, 512, 2, 64},
        {64 * 512, 512, 512, 64},
        {64 * 512 + 1, 512, 257, 128},
        {1000000, 30, 30, 33344},
        {LANES_COUNT_MAX, 512, 512, LANES_COUNT_MAX / 512},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        lanes_engine_placement placement;
        lanes_engine_placement_cut(&placement, rows[i].count, rows[i].wanted);
        cr_assert_eq(placement.chunk_count, rows[i].chunk_count, "row %zu: %u", i,
                     placement.chunk_count);
        cr_assert_eq(placement.chunk_elements, rows[i].each, "row %zu: %lu", i,
                     placement.chunk_elements);
    }
}

/* ---- Slices --------------------------------------------------------------------------
 */

#define COUNT_MAX 20000

static uint8_t seen[COUNT_MAX];

static void random_placement(lanes_engine_placement *out, uint64_t count)
{
    lanes_engine_group groups[5];
    const uint32_t group_count = 1 + random_below(5);
    for (uint32_t g = 0; g < group_count; g++) {
        groups[g] = (lanes_engine_group){.node = g, .threads = 1 + random_below(4)};
    }
    lanes_engine_placement_cut(out, count, 1 + random_below(200));
    uint8_t node[LANES_ENGINE_CHUNKS_MAX];
    const uint32_t run = 1 + random_below(20);
    for (uint32_t c = 0; c < out->chunk_count; c++) {
        node[c] = c % run != 0 ? node[c - 1] : (uint8_t)random_below(group_count + 1);
    }
    LANES_IGNORE(lanes_engine_placement_choose(out, groups, group_count, node),
                 "good or bad");
}

/* Looks all items of a slice up, in ranges as tiles have them. */
static void see_slice(const lanes_engine_slice *slice, uint64_t count)
{
    const uint64_t tile = 1 + random_below(500);
    for (uint64_t item = 0; item < slice->items;) {
        const uint64_t limit = lanes_min_u64(item - item % tile + tile, slice->items);
        uint64_t first;
        const uint64_t length = lanes_engine_slice_piece(slice, item, limit, &first);
        cr_assert_gt(length, 0);
        cr_assert_leq(length, limit - item);
        cr_assert_leq(first + length, count);
        for (uint64_t i = first; i < first + length; i++) {
            cr_assert_eq(seen[i], 0, "element %lu of %lu", i, count);
            seen[i] = 1;
        }
        item += length;
    }
}

Test(engine_place, slices_have_every_element_once, .timeout = 60)
{
    for (int number = 0; number < 500; number++) {
        const uint64_t count = 1 + random_below(COUNT_MAX);
        lanes_engine_placement placement;
        random_placement(&placement, count);
        memset(seen, 0, sizeof(seen));
        uint64_t items = 0;
        const uint32_t most = 1 + random_below((uint32_t)count);
        for (uint64_t begin = 0; begin < count;) {
            const uint64_t end = lanes_min_u64(begin + 1 + random_below(most), count);
            lanes_engine_slice slice;
            lanes_engine_slice_make(&placement, begin, end, &slice);
            see_slice(&slice, count);
            items += slice.items;
            begin = end;
        }
        cr_assert_eq(items, count, "case %d", number);
    }
}

Test(engine_place, every_group_has_its_part_of_each_slice)
{
    static const lanes_engine_group groups[] = {{0, 3}, {1, 1}};
    lanes_engine_placement placement;
    const uint64_t count = LANES_COUNT_MAX;
    uint8_t node[LANES_ENGINE_CHUNKS_MAX];
    lanes_engine_placement_cut(&placement, count, 512);
    for (uint32_t c = 0; c < 512; c++) {
        node[c] = c < 128; /* the second group's first */
    }
    cr_assert(lanes_engine_placement_choose(&placement, groups, 2, node));
    cr_assert_eq(placement.near_count, 512);
    const uint64_t slice_count = count / 1000;
    for (uint64_t begin = 0; begin < count; begin += slice_count) {
        lanes_engine_slice slice;
        lanes_engine_slice_make(&placement, begin,
                                lanes_min_u64(begin + slice_count, count), &slice);
        const uint64_t wanted = lanes_min_u64(slice_count, count - begin) / 4;
        const uint64_t second = slice.before[2] - slice.before[1];
        cr_assert_leq(second, wanted + 2 * STEP);
        cr_assert_geq(second + 2 * STEP, wanted);
        uint64_t first;
        const uint64_t item = slice.before[1];
        if (second > 0) {
            cr_assert_gt(lanes_engine_slice_piece(&slice, item, slice.items, &first), 0);
            cr_assert_lt(first, count / 4, "near the second group");
            cr_assert_eq(first % STEP, 0);
        }
    }
}

/* ---- Batches -------------------------------------------------------------------------
 */

#define BIG (1u << 20)

static double input[BIG];
static double output[BIG];
static uint8_t hits[BIG];
static uint64_t first_elements[4]; /* of the first calls */
static uint32_t calls;

static void loop_twice(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                       lanes_loop_result *result)
{
    const double *in = frame->base[0];
    double *out = frame->base[1];
    const uint32_t call = lanes_fetch_add_relaxed_u32(&calls, 1);
    if (call < LANES_ARRAY_COUNT(first_elements)) {
        first_elements[call] = begin;
    }
    for (uint64_t i = begin; i < end; i++) {
        hits[i]++;
        out[i] = 2 * in[i];
        if (in[i] < 0) {
            result->failed++;
            result->first_failed = i < result->first_failed ? i : result->first_failed;
        }
    }
}

/* A batch of @p count f8, shape as given, from `input` to `output`. */
static lanes_engine_plan plan_of(uint64_t count, uint32_t reduce, uint32_t reduce_axes)
{
    const lanes_engine_kernel kernel = {
        .signature = {.input_count = 1, .output_count = 1, .dtype = {LANES_F8, LANES_F8}},
        .may_raise = 1};
    lanes_engine_batch batch = {.dimensions = 2,
                                .operand_count = 2,
                                .shape = {count / 1024, 1024},
                                .reduce = reduce,
                                .reduce_axes = reduce_axes};
    for (uint32_t k = 0; k < 2; k++) {
        batch.operand[k] = (lanes_engine_operand){
            .segment_base = (char *)(k == 0 ? input : output),
            .segment_bytes = sizeof(input),
            .segment_key = k,
            .stride = {8 * 1024, 8},
            .dtype = LANES_F8,
        };
    }
    for (uint32_t d = 0; d < 2 && reduce != LANES_REDUCE_NONE; d++) {
        if ((reduce_axes >> d & 1) != 0 && reduce != LANES_REDUCE_SCAN) {
            batch.operand[1].stride[d] = 0;
        }
    }
    lanes_engine_plan plan;
    lanes_error err;
    cr_assert_eq(lanes_engine_plan_batch(&batch, &kernel, &plan, &err), LANES_OK, "%s",
                 err.message);
    return plan;
}

/* The places of four threads on two nodes, of a machine that says it is this one. */
static lanes_topo_plan *places_of(const char *machine)
{
    lanes_topo_plan *places = NULL;
    const lanes_topo_options options = {.synthetic = machine};
    cr_assert_eq(lanes_topo_plan_create(&options, &places, NULL), LANES_OK);
    places->is_this_system = 1; /* nobody is bound here */
    return places;
}

Test(engine_place, only_what_is_worth_it_is_looked_at)
{
    lanes_topo_plan *two = places_of("pack:2 [numa] core:2 pu:1");
    lanes_topo_plan *one = places_of("core:4 pu:1");
    static const struct {
        uint64_t count;
        uint32_t reduce;
        uint32_t axes;
        bool is_placeable;
    } rows[] = {
        {BIG, LANES_REDUCE_NONE, 0, true},
        {BIG / 2, LANES_REDUCE_NONE, 0, true}, /* 8 MiB: 4 for each node */
        {BIG / 2 - 1024, LANES_REDUCE_NONE, 0, false},
        {BIG, LANES_REDUCE_SUM, 3, true},
        {BIG, LANES_REDUCE_SUM, 2, true},
        {BIG, LANES_REDUCE_SUM, 1, false}, /* rows, side by side */
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        lanes_engine_plan plan = plan_of(rows[i].count, rows[i].reduce, rows[i].axes);
        cr_assert_eq(lanes_engine_is_placeable(&plan, two), rows[i].is_placeable,
                     "row %zu", i);
        cr_assert_not(lanes_engine_is_placeable(&plan, one), "row %zu", i);
        lanes_engine_plan_deinit(&plan);
    }
    lanes_engine_plan plan = plan_of(BIG, LANES_REDUCE_NONE, 0);
    two->is_this_system = 0;
    cr_assert_not(lanes_engine_is_placeable(&plan, two), "an invented machine");
    lanes_topo_plan_destroy(one);
    lanes_topo_plan_destroy(two);
}

/* Of an operand's 8 MiB, where the first and the second half are. */
static lanes_topo_pages pages_of(const double *data, uint8_t first, uint8_t second)
{
    lanes_topo_pages pages = {.data = (const char *)data,
                              .bytes = BIG * sizeof(double),
                              .step_bytes = BIG * sizeof(double) / 2,
                              .count = 2,
                              .node = {first, second}};
    return pages;
}

static void place(lanes_engine_plan *plan, const lanes_topo_pages *in,
                  const lanes_topo_pages *out)
{
    lanes_topo_plan *places = places_of("pack:2 [numa] core:2 pu:1");
    lanes_engine_place_batch(plan, places, 4, (const lanes_topo_pages *[]){in, out});
    lanes_topo_plan_destroy(places);
}

/* The node that runs the first half of the batch. */
static void expect_first_half_by(const lanes_topo_pages *in, const lanes_topo_pages *out,
                                 int node)
{
    lanes_engine_plan plan = plan_of(BIG, LANES_REDUCE_NONE, 0);
    place(&plan, in, out);
    if (node < 0) {
        cr_assert_null(plan.placement);
    } else {
        cr_assert_not_null(plan.placement);
        cr_assert_eq(plan.placement->chunk_count, 64, "256 KiB each");
        cr_assert_eq(plan.placement->order[plan.placement->first[node]], 0);
    }
    lanes_engine_plan_deinit(&plan);
}

Test(engine_place, operands_vote_by_their_bytes)
{
    const lanes_topo_pages in = pages_of(input, 0, 1);
    const lanes_topo_pages in_turned = pages_of(input, 1, 0);
    const lanes_topo_pages out_turned = pages_of(output, 1, 0);
    const lanes_topo_pages nowhere =
        pages_of(output, LANES_TOPO_NODE_UNKNOWN, LANES_TOPO_NODE_UNKNOWN);
    const lanes_topo_pages there = pages_of(output, 1, 1);
    expect_first_half_by(&in, NULL, 0);
    expect_first_half_by(&in, &nowhere, 0);
    expect_first_half_by(&in_turned, NULL, 1);
    expect_first_half_by(NULL, &out_turned, 1);
    expect_first_half_by(&in_turned, &out_turned, 1);
    expect_first_half_by(NULL, NULL, -1);
    expect_first_half_by(NULL, &there, -1);
}

/* f8(f8,i1,f8) */
Test(engine_place, most_bytes_of_an_element_decide)
{
    static char bytes[BIG];
    const lanes_engine_kernel kernel = {
        .signature = {.input_count = 3,
                      .output_count = 1,
                      .dtype = {LANES_F8, LANES_I1, LANES_F8, LANES_F8}}};
    lanes_engine_batch batch = {.dimensions = 1, .operand_count = 4, .shape = {BIG / 2}};
    char *const base[] = {(char *)input, bytes, (char *)(input + BIG / 2),
                          (char *)output};
    for (uint32_t k = 0; k < 4; k++) {
        const bool is_byte = k == 1;
        batch.operand[k] =
            (lanes_engine_operand){.segment_base = base[k],
                                   .segment_bytes = is_byte ? BIG : sizeof(input) / 2,
                                   .segment_key = k,
                                   .stride = {is_byte ? 1 : 8},
                                   .dtype = is_byte ? LANES_I1 : LANES_F8};
    }
    static const struct {
        uint8_t
            first[4];  /* the node of each operand's first half; of the other: 1 - it */
        uint32_t node; /* that runs the first half */
    } rows[] = {
        {{0, 0, 1, 1}, 1}, /* 9 bytes against 16 */
        {{1, 1, 0, 0}, 0}, {{0, 1, 1, 1}, 1}, {{1, 0, 1, 0}, 1}, {{0, 1, 0, 1}, 0},
    };
    lanes_topo_plan *places = places_of("pack:2 [numa] core:2 pu:1");
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        lanes_topo_pages pages[4];
        for (uint32_t k = 0; k < 4; k++) {
            const uint64_t half = (k == 1 ? 1 : 8) * BIG / 4;
            const uint8_t first = rows[i].first[k];
            pages[k] = (lanes_topo_pages){.data = base[k],
                                          .bytes = 2 * half,
                                          .step_bytes = half,
                                          .count = 2,
                                          .node = {first, (uint8_t)(1 - first)}};
        }
        lanes_engine_plan plan;
        cr_assert_eq(lanes_engine_plan_batch(&batch, &kernel, &plan, NULL), LANES_OK);
        lanes_engine_place_batch(
            &plan, places, 4,
            (const lanes_topo_pages *[]){&pages[0], &pages[1], &pages[2], &pages[3]});
        cr_assert_not_null(plan.placement);
        cr_assert_eq(plan.placement->order[plan.placement->first[rows[i].node]], 0,
                     "row %zu", i);
        lanes_engine_plan_deinit(&plan);
    }
    lanes_topo_plan_destroy(places);
}

Test(engine_place, one_group_of_threads_needs_no_placement)
{
    lanes_topo_plan *places = places_of("pack:2 [numa] core:2 pu:1");
    lanes_engine_plan plan = plan_of(BIG, LANES_REDUCE_NONE, 0);
    const lanes_topo_pages in = pages_of(input, 1, 0);
    lanes_engine_place_batch(&plan, places, 2, (const lanes_topo_pages *[]){&in, &in});
    cr_assert_null(plan.placement);
    lanes_engine_plan_deinit(&plan);
    lanes_topo_plan_destroy(places);
}

static void lead_slices(void *ctx, lanes_team *team)
{
    const uint64_t element_ps = *(const uint64_t *)ctx;
    lanes_engine_plan plan = plan_of(BIG, LANES_REDUCE_NONE, 0);
    const lanes_topo_pages in = pages_of(input, 1, 0);
    place(&plan, &in, NULL);
    cr_assert_not_null(plan.placement);
    for (uint64_t i = 0; i < BIG; i++) {
        input[i] = i == 1000 || i == BIG - 3 ? -1.0 : (double)i;
    }
    memset(output, 0, sizeof(output));
    memset(hits, 0, sizeof(hits));
    calls = 0;
    lanes_engine_outcome outcome = LANES_ENGINE_OUTCOME_INIT;
    for (uint64_t begin = 0; begin < BIG;) {
        const uint64_t end = lanes_min_u64(begin + 1 + random_below(BIG / 4), BIG);
        outcome.element_ps = element_ps;
        lanes_engine_run(team, &plan, loop_twice, begin, end, NULL, &outcome);
        begin = end;
    }
    for (uint64_t i = 0; i < BIG; i++) {
        cr_assert_eq(hits[i], 1, "element %lu: %u", i, hits[i]);
        cr_assert(output[i] == 2 * input[i]);
    }
    cr_assert_eq(outcome.result.failed, 2);
    cr_assert_eq(outcome.result.first_failed, 1000);
    if (lanes_team_thread_count(team) == 1) {
        cr_assert_eq(first_elements[0], BIG / 2, "what is on node 0 comes first");
    }
    lanes_engine_plan_deinit(&plan);
}

static void with_team(uint32_t threads, uint64_t element_ps)
{
    lanes_topo_plan *plan = NULL;
    const lanes_topo_options options = {.synthetic = "core:4 pu:1", .threads = threads};
    cr_assert_eq(lanes_topo_plan_create(&options, &plan, NULL), LANES_OK);
    cr_assert_eq(lanes_team_enter(plan, 20000, lead_slices, &element_ps, NULL), LANES_OK);
    lanes_topo_plan_destroy(plan);
}

Test(engine_place, placed_batches_run_each_element_once, .timeout = 120)
{
    with_team(1, 1000);
    with_team(1, 0); /* is measured first */
    with_team(4, 1000);
    with_team(4, 0);
}
