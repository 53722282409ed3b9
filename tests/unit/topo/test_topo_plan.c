/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_topo_plan.c - which places a machine gives, on synthetic machines and on this one.
 *
 * Not tested: cpuset cgroups, which need root; hwloc applies those itself.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "topo/topo.h"
#include "topo/topo_internal.h"

#define MIB (1024u * 1024u)

static lanes_topo_plan *plan_of(const lanes_topo_options *options)
{
    lanes_topo_plan *plan = NULL;
    lanes_error err;
    const lanes_status status = lanes_topo_plan_create(options, &plan, &err);
    cr_assert_eq(status, LANES_OK, "%s", status < 0 ? err.message : "");
    return plan;
}

Test(topo_plan, one_place_per_core_without_smt)
{
    lanes_topo_plan *plan =
        plan_of(&(lanes_topo_options){.synthetic = "pack:2 [numa] core:4 pu:2"});
    cr_assert_eq(plan->count, 8);
    cr_assert_eq(plan->is_this_system, 0);
    for (uint32_t i = 0; i < plan->count; i++) {
        cr_assert_eq(plan->place[i].core, i);
        cr_assert_eq(plan->place[i].pu, 2 * i);
        cr_assert_eq(plan->place[i].node, i / 4);
    }
    cr_assert_str_eq(plan->limited_by, "8 allowed cores");
    lanes_topo_plan_destroy(plan);
}

Test(topo_plan, smt_gives_one_place_per_hardware_thread)
{
    lanes_topo_plan *plan =
        plan_of(&(lanes_topo_options){.synthetic = "pack:1 core:3 pu:2", .use_smt = 1});
    cr_assert_eq(plan->count, 6);
    cr_assert_eq(plan->place[5].core, 2);
    cr_assert_eq(plan->place[5].pu, 5);
    cr_assert_str_eq(plan->limited_by, "6 allowed hardware threads");
    lanes_topo_plan_destroy(plan);
}

Test(topo_plan, threads_option_takes_the_first_places)
{
    lanes_topo_plan *plan =
        plan_of(&(lanes_topo_options){.synthetic = "pack:2 core:4 pu:2", .threads = 3});
    cr_assert_eq(plan->count, 3);
    cr_assert_str_eq(plan->limited_by, "option threads = 3");
    lanes_topo_plan_destroy(plan);
}

Test(topo_plan, threads_option_above_the_machine_changes_nothing)
{
    lanes_topo_plan *plan =
        plan_of(&(lanes_topo_options){.synthetic = "core:2 pu:1", .threads = 99});
    cr_assert_eq(plan->count, 2);
    cr_assert_str_eq(plan->limited_by, "2 allowed cores");
    lanes_topo_plan_destroy(plan);
}

/* The nodes of the places, in order, as text: "0001". */
static void expect_nodes(const lanes_topo_options *options, const char *expected,
                         uint32_t node_count)
{
    lanes_topo_plan *plan = plan_of(options);
    char nodes[65] = "";
    cr_assert_lt(plan->count, sizeof(nodes));
    for (uint32_t i = 0; i < plan->count; i++) {
        nodes[i] = (char)('0' + plan->place[i].node);
    }
    cr_assert_str_eq(nodes, expected, "%s of %s", nodes, options->synthetic);
    cr_assert_eq(plan->node_count, node_count, "%u of %s", plan->node_count,
                 options->synthetic);
    lanes_topo_plan_destroy(plan);
}

Test(topo_plan, threads_of_a_node_follow_each_other)
{
    static const struct {
        const char *machine;
        uint32_t threads;
        uint32_t use_smt;
        const char *nodes;
        uint32_t node_count;
    } rows[] = {
        {"core:4 pu:1", 0, 0, "0000", 1},
        {"pack:2 [numa] core:2 pu:2", 0, 0, "0011", 2},
        {"pack:2 [numa] core:2 pu:2", 0, 1, "00001111", 2},
        {"pack:2 [numa] core:4 pu:1", 6, 0, "000011", 2},
        {"pack:2 [numa] core:4 pu:1", 3, 0, "000", 2},
        {"pack:2 group:2 [numa] core:2 pu:1", 0, 0, "00112233", 4},
        {"pack:4 [numa] core:3 pu:2", 8, 0, "00011122", 4},
        {"pack:2 [numa(indexes=1,0)] core:2 pu:1", 0, 0, "1100", 2},
        /* Memory of the whole machine: no core is next to it, whatever its number. */
        {"[numa(indexes=2,0,1)] pack:2 [numa] core:2 pu:1", 0, 0, "2200", 3},
        /* Two kinds of memory at each package: the first counts. */
        {"pack:2 [numa] [numa] core:2 pu:1", 0, 0, "0022", 4},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        expect_nodes(&(lanes_topo_options){.synthetic = rows[i].machine,
                                           .threads = rows[i].threads,
                                           .use_smt = rows[i].use_smt},
                     rows[i].nodes, rows[i].node_count);
    }
}

Test(topo_plan, nodes_that_take_turns_are_grouped)
{
    static const uint32_t nodes[] = {2, 0, 2, 1, 0, 2};
    static const uint32_t expected_cores[] = {0, 2, 5, 1, 4, 3};
    lanes_topo_plan *plan = plan_of(&(lanes_topo_options){.synthetic = "core:6 pu:1"});
    for (uint32_t i = 0; i < plan->count; i++) {
        plan->place[i].node = nodes[i];
    }
    lanes_topo_group_places(plan);
    for (uint32_t i = 0; i < plan->count; i++) {
        cr_assert_eq(plan->place[i].core, expected_cores[i], "place %u is core %u", i,
                     plan->place[i].core);
        cr_assert_eq(plan->place[i].node, nodes[expected_cores[i]]);
    }
    lanes_topo_plan_destroy(plan);
}

Test(topo_plan, caches_are_those_over_the_places)
{
    const char *machine = "pack:2 [numa] l3:1(size=32MiB) l2:4(size=1MiB) core:1 pu:2";
    lanes_topo_plan *plan = plan_of(&(lanes_topo_options){.synthetic = machine});
    cr_assert_eq(plan->last_level_cache_bytes, 64 * MIB);
    cr_assert_eq(plan->core_cache_bytes, MIB);
    lanes_topo_plan_destroy(plan);

    plan = plan_of(&(lanes_topo_options){.synthetic = machine, .threads = 4});
    cr_assert_eq(plan->last_level_cache_bytes, 32 * MIB, "one package is in use");
    lanes_topo_plan_destroy(plan);
}

Test(topo_plan, a_shared_l2_counts_once_per_core)
{
    lanes_topo_plan *plan =
        plan_of(&(lanes_topo_options){.synthetic = "l2:2(size=4MiB) core:4 pu:1"});
    cr_assert_eq(plan->core_cache_bytes, MIB);
    cr_assert_eq(plan->last_level_cache_bytes, 8 * MIB);
    lanes_topo_plan_destroy(plan);
}

Test(topo_plan, unknown_caches_are_zero)
{
    lanes_topo_plan *plan = plan_of(&(lanes_topo_options){.synthetic = "core:2 pu:1"});
    cr_assert_eq(plan->core_cache_bytes, 0);
    cr_assert_eq(plan->last_level_cache_bytes, 0);
    lanes_topo_plan_destroy(plan);
}

Test(topo_plan, a_machine_beyond_the_limit_is_cut)
{
    lanes_topo_plan *plan =
        plan_of(&(lanes_topo_options){.synthetic = "pack:4 core:512 pu:1"});
    cr_assert_eq(plan->count, LANES_PLACES_MAX);
    lanes_topo_plan_destroy(plan);
}

Test(topo_plan, bad_synthetic_text_is_refused)
{
    lanes_topo_plan *plan = NULL;
    lanes_error err;
    cr_assert_eq(
        lanes_topo_plan_create(&(lanes_topo_options){.synthetic = "cor:x"}, &plan, &err),
        LANES_E_INVALID);
    cr_assert_not_null(strstr(err.message, "cor:x"));
    cr_assert_null(plan);
}

Test(topo_plan, synthetic_places_are_not_bound)
{
    cpu_set_t before;
    cpu_set_t after;
    sched_getaffinity(0, sizeof(before), &before);
    lanes_topo_plan *plan =
        plan_of(&(lanes_topo_options){.synthetic = "pack:2 core:64 pu:1"});
    cr_assert_eq(lanes_topo_bind_thread(plan, 127, NULL), LANES_OK);
    sched_getaffinity(0, sizeof(after), &after);
    cr_assert(CPU_EQUAL(&before, &after));
    lanes_topo_plan_destroy(plan);
}

Test(topo_plan, this_machine_follows_the_affinity_mask)
{
    cpu_set_t mask;
    sched_getaffinity(0, sizeof(mask), &mask);
    uint32_t cpu = CPU_SETSIZE - 1;
    while (!CPU_ISSET(cpu, &mask)) {
        cpu--;
    }
    CPU_ZERO(&mask);
    CPU_SET(cpu, &mask);
    cr_assert_eq(sched_setaffinity(0, sizeof(mask), &mask), 0);
    lanes_topo_plan *plan = plan_of(&(lanes_topo_options){0});
    cr_assert_eq(plan->count, 1);
    cr_assert_eq(plan->place[0].pu, cpu);
    cr_assert_eq(plan->is_this_system, 1);
    lanes_topo_plan_destroy(plan);
}

Test(topo_plan, binding_moves_the_thread_to_the_place)
{
    lanes_topo_plan *plan = plan_of(&(lanes_topo_options){.cgroup_root = "/nonexistent"});
    for (uint32_t i = 0; i < plan->count; i++) {
        lanes_error err;
        cr_assert_eq(lanes_topo_bind_thread(plan, i, &err), LANES_OK);
        cpu_set_t mask;
        sched_getaffinity(0, sizeof(mask), &mask);
        cr_assert_eq(CPU_COUNT(&mask), 1);
        cr_assert(CPU_ISSET(plan->place[i].pu, &mask));
    }
    lanes_topo_plan_destroy(plan);
}

Test(topo_plan, binding_to_a_cpu_that_is_not_there_fails)
{
    lanes_topo_plan *plan = plan_of(&(lanes_topo_options){.threads = 1});
    plan->place[0].pu = 100000;
    lanes_error err;
    cr_assert_lt(lanes_topo_bind_thread(plan, 0, &err), 0);
    cr_assert_not_null(strstr(err.message, "CPU 100000"));
    lanes_topo_plan_destroy(plan);
}

Test(topo_plan, the_budget_is_another_with_another_affinity_mask)
{
    cpu_set_t mask;
    cpu_set_t one;
    const lanes_topo_options here = {.cgroup_root = "/nonexistent"};
    const lanes_topo_options elsewhere = {.synthetic = "core:8 pu:1"};
    const uint64_t before = lanes_topo_budget(&here);
    const uint64_t elsewhere_before = lanes_topo_budget(&elsewhere);
    cr_assert_eq(lanes_topo_budget(&here), before);
    sched_getaffinity(0, sizeof(mask), &mask);
    CPU_ZERO(&one);
    for (uint32_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&mask) > 1; cpu++) {
        if (CPU_ISSET(cpu, &mask)) {
            CPU_SET(cpu, &one);
            cr_assert_eq(sched_setaffinity(0, sizeof(one), &one), 0);
            cr_assert_neq(lanes_topo_budget(&here), before);
            cr_assert_eq(lanes_topo_budget(&elsewhere), elsewhere_before);
            break;
        }
    }
    cr_assert_eq(sched_setaffinity(0, sizeof(mask), &mask), 0);
    cr_assert_eq(lanes_topo_budget(&here), before);
}

Test(topo_plan, plans_are_the_same_if_their_places_are)
{
    lanes_topo_plan *a = plan_of(&(lanes_topo_options){.synthetic = "core:4 pu:2"});
    lanes_topo_plan *b =
        plan_of(&(lanes_topo_options){.synthetic = "core:4 pu:2", .threads = 4});
    lanes_topo_plan *fewer =
        plan_of(&(lanes_topo_options){.synthetic = "core:4 pu:2", .threads = 3});
    lanes_topo_plan *others = plan_of(
        &(lanes_topo_options){.synthetic = "core:4 pu:2", .threads = 4, .use_smt = 1});
    cr_assert(lanes_topo_plan_is_same(a, b));
    cr_assert(!lanes_topo_plan_is_same(a, fewer));
    cr_assert(!lanes_topo_plan_is_same(fewer, a));
    cr_assert(!lanes_topo_plan_is_same(a, others));
    lanes_topo_plan_destroy(a);
    lanes_topo_plan_destroy(b);
    lanes_topo_plan_destroy(fewer);
    lanes_topo_plan_destroy(others);
}

Test(topo_plan, destroying_nothing_is_allowed)
{
    lanes_topo_plan_destroy(NULL);
}
