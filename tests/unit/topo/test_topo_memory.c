/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_topo_memory.c - what the kernel is told and asked about nodes, on invented
 * machines: hwloc's two functions are replaced. tools/dev/numa-test shows the real ones
 * on a real kernel.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <hwloc.h>
#include <string.h>
#include <unistd.h>

#include "support/wrap.h"
#include "topo/topo.h"
#include "topo/topo_internal.h"

#define CALLS_MAX 64
#define PAGES     4096u

TEST_WRAP(int, hwloc_set_area_membind,
          (hwloc_topology_t topology, const void *data, size_t bytes,
           hwloc_const_bitmap_t set, hwloc_membind_policy_t policy, int flags));
TEST_WRAP(int, hwloc_get_area_memlocation,
          (hwloc_topology_t topology, const void *data, size_t bytes, hwloc_bitmap_t set,
           int flags));

struct call {
    uint64_t offset;
    uint64_t bytes;
    int node;
};

/* Of pages; none of them is touched. */
static char *const memory = (char *)0x10000000;
static struct call calls[CALLS_MAX];
static uint32_t call_count;
static uint32_t failing_call;     /* counted from 1; 0: none */
static uint8_t page_nodes[PAGES]; /* where pages are; 255: nowhere */
static uint64_t page;

int wrap_hwloc_set_area_membind(hwloc_topology_t topology, const void *data, size_t bytes,
                                hwloc_const_bitmap_t set, hwloc_membind_policy_t policy,
                                int flags)
{
    (void)topology;
    cr_assert_lt(call_count, CALLS_MAX);
    cr_assert_eq(policy, HWLOC_MEMBIND_BIND);
    cr_assert_eq(flags, HWLOC_MEMBIND_BYNODESET, "a preference, not STRICT");
    cr_assert_eq(hwloc_bitmap_weight(set), 1);
    calls[call_count++] = (struct call){(uint64_t)((const char *)data - memory), bytes,
                                        hwloc_bitmap_first(set)};
    errno = EPERM;
    return call_count == failing_call ? -1 : 0;
}

int wrap_hwloc_get_area_memlocation(hwloc_topology_t topology, const void *data,
                                    size_t bytes, hwloc_bitmap_t set, int flags)
{
    (void)topology;
    cr_assert_eq(flags, HWLOC_MEMBIND_BYNODESET);
    cr_assert_eq((uintptr_t)data % page, 0);
    const uint64_t first = (uint64_t)((const char *)data - memory) / page;
    call_count++;
    hwloc_bitmap_zero(set);
    for (uint64_t i = first; i < first + (bytes - 1) / page + 1; i++) {
        cr_assert_lt(i, PAGES);
        if (page_nodes[i] == 254) {
            return -1;
        }
        if (page_nodes[i] != 255) {
            hwloc_bitmap_set(set, page_nodes[i]);
        }
    }
    return 0;
}

/* A machine that says it is this one. */
static lanes_topo_plan *plan_of(const char *synthetic, uint32_t threads)
{
    lanes_topo_plan *plan = NULL;
    const lanes_topo_options options = {.synthetic = synthetic, .threads = threads};
    cr_assert_eq(lanes_topo_plan_create(&options, &plan, NULL), LANES_OK);
    plan->is_this_system = 1;
    call_count = 0;
    failing_call = 0;
    page = (uint64_t)sysconf(_SC_PAGESIZE);
    return plan;
}

Test(topo_memory, parts_are_those_of_the_threads)
{
    static const struct {
        const char *machine;
        uint32_t threads;
        uint64_t pages;
        uint32_t parts;
        uint64_t pages_of[4];
        int node[4];
    } rows[] = {
        {"pack:2 [numa] core:2 pu:1", 0, 100, 2, {50, 50}, {0, 1}},
        {"pack:2 [numa] core:4 pu:1", 6, 600, 2, {400, 200}, {0, 1}},
        {"pack:4 [numa] core:3 pu:1", 0, 13, 4, {3, 3, 3, 4}, {0, 1, 2, 3}},
        {"pack:2 [numa(indexes=1,0)] core:2 pu:1", 0, 100, 2, {50, 50}, {1, 0}},
        /* Threads on one node of two: its memory is the near one. */
        {"pack:2 [numa] core:2 pu:1", 2, 100, 1, {100}, {0}},
        /* Fewer pages than threads: an empty part is no call. */
        {"pack:4 [numa] core:2 pu:1", 0, 1, 1, {1}, {3}},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        lanes_topo_plan *plan = plan_of(rows[i].machine, rows[i].threads);
        cr_assert_eq(lanes_topo_spread(plan, memory, rows[i].pages * page, NULL),
                     LANES_OK);
        cr_assert_eq(call_count, rows[i].parts, "row %zu: %u calls", i, call_count);
        uint64_t at = 0;
        for (uint32_t part = 0; part < rows[i].parts; part++) {
            cr_assert_eq(calls[part].offset, at, "row %zu part %u", i, part);
            cr_assert_eq(calls[part].bytes, rows[i].pages_of[part] * page,
                         "row %zu part %u: %llu", i, part,
                         (unsigned long long)calls[part].bytes);
            cr_assert_eq(calls[part].node, rows[i].node[part]);
            at += calls[part].bytes;
        }
        lanes_topo_plan_destroy(plan);
    }
}

Test(topo_memory, an_odd_end_belongs_to_the_last_part)
{
    lanes_topo_plan *plan = plan_of("pack:2 [numa] core:1 pu:1", 0);
    cr_assert_eq(lanes_topo_spread(plan, memory, 10 * page + 7, NULL), LANES_OK);
    cr_assert_eq(call_count, 2);
    cr_assert_eq(calls[1].offset, 5 * page);
    cr_assert_eq(calls[1].bytes, 5 * page + 7);
    lanes_topo_plan_destroy(plan);
}

Test(topo_memory, the_largest_segment_divides_without_overflow)
{
    lanes_topo_plan *plan = plan_of("pack:2 [numa] core:512 pu:1", 0);
    const uint64_t bytes = UINT64_C(1) << 62;
    cr_assert_eq(lanes_topo_part_end(plan, 512, bytes, page), bytes / 2);
    lanes_topo_plan_destroy(plan);
}

Test(topo_memory, one_node_asks_and_tells_nothing)
{
    static const char *const machines[] = {"core:4 pu:1", "pack:1 [numa] core:2 pu:2"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(machines); i++) {
        lanes_topo_plan *plan = plan_of(machines[i], 0);
        lanes_topo_pages pages = {.count = 77};
        cr_assert_not(lanes_topo_has_nodes(plan));
        cr_assert_eq(lanes_topo_spread(plan, memory, 100 * page, NULL), LANES_OK);
        lanes_topo_locate(plan, memory, 100 * page, &pages);
        cr_assert_eq(call_count, 0);
        cr_assert_eq(pages.count, 0);
        cr_assert_eq(lanes_topo_node_at(&pages, memory), LANES_TOPO_NODE_UNKNOWN);
        lanes_topo_plan_destroy(plan);
    }
}

Test(topo_memory, a_machine_of_the_imagination_is_not_told)
{
    lanes_topo_plan *plan = plan_of("pack:2 [numa] core:2 pu:1", 0);
    plan->is_this_system = 0;
    lanes_topo_pages pages;
    cr_assert_eq(lanes_topo_spread(plan, memory, 100 * page, NULL), LANES_OK);
    lanes_topo_locate(plan, memory, 100 * page, &pages);
    cr_assert_eq(call_count, 0);
    lanes_topo_plan_destroy(plan);
}

Test(topo_memory, what_the_kernel_refuses_has_a_sentence)
{
    lanes_topo_plan *plan = plan_of("pack:2 [numa] core:2 pu:1", 0);
    lanes_error err;
    failing_call = 2;
    cr_assert_eq(lanes_topo_spread(plan, memory, 100 * page, &err), -EPERM);
    cr_assert_not_null(strstr(err.message, "NUMA node 1"), "%s", err.message);
    cr_assert_eq(lanes_topo_spread(plan, memory + 8, 100 * page, &err), LANES_E_INVALID);
    cr_assert_not_null(strstr(err.message, "does not begin at a page"), "%s",
                       err.message);
    lanes_topo_plan_destroy(plan);
}

Test(topo_memory, samples_say_where_memory_is)
{
    lanes_topo_plan *plan = plan_of("pack:2 [numa] core:2 pu:1", 0);
    for (uint64_t i = 0; i < PAGES; i++) {
        page_nodes[i] = i < 1000 ? 0 : i < 2000 ? 1 : i < 3000 ? (uint8_t)(i % 2) : 255;
    }
    page_nodes[3500] = 254; /* an error is not known either */
    lanes_topo_pages pages;
    lanes_topo_locate(plan, memory, PAGES * page, &pages);
    cr_assert_eq(pages.count, call_count);
    cr_assert_leq(pages.count, LANES_TOPO_SAMPLES_MAX);
    cr_assert_geq(pages.count, 64);
    cr_assert_eq(lanes_topo_node_at(&pages, memory), 0);
    cr_assert_eq(lanes_topo_node_at(&pages, memory + 900 * page), 0);
    cr_assert_eq(lanes_topo_node_at(&pages, memory + 1100 * page), 1);
    cr_assert_eq(lanes_topo_node_at(&pages, memory + 1900 * page + 5), 1);
    cr_assert_eq(lanes_topo_node_at(&pages, memory + 2500 * page),
                 LANES_TOPO_NODE_UNKNOWN, "pages take turns");
    cr_assert_eq(lanes_topo_node_at(&pages, memory + 4000 * page),
                 LANES_TOPO_NODE_UNKNOWN);
    cr_assert_eq(lanes_topo_node_at(&pages, memory - 1), LANES_TOPO_NODE_UNKNOWN);
    cr_assert_eq(lanes_topo_node_at(&pages, memory + PAGES * page),
                 LANES_TOPO_NODE_UNKNOWN);
    lanes_topo_plan_destroy(plan);
}

Test(topo_memory, large_and_small_mappings_have_so_many_samples)
{
    lanes_topo_plan *plan = plan_of("pack:2 [numa] core:2 pu:1", 0);
    lanes_topo_pages pages;
    lanes_topo_locate(plan, memory, 1, &pages);
    cr_assert_eq(pages.count, 1);
    cr_assert_eq(lanes_topo_node_at(&pages, memory), 0);
    lanes_topo_locate(plan, memory, 3 * page + 1, &pages);
    cr_assert_eq(pages.count, 1);
    call_count = 0;
    lanes_topo_locate(plan, memory, PAGES * page, &pages);
    cr_assert_eq(call_count, pages.count);
    cr_assert_geq(pages.count * pages.step_bytes, PAGES * page);
    cr_assert_lt((pages.count - 1) * pages.step_bytes, PAGES * page);
    lanes_topo_plan_destroy(plan);
}
