/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_topo_cgroup.c - CPU limits from cgroup v2 trees built in a temporary folder.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "topo/topo.h"
#include "topo/topo_internal.h"

static char root[64];
static char membership[96];

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file, "%s", path);
    fputs(text, file);
    fclose(file);
}

/* Creates folder and its cpu.max; the parent must exist. */
static void add_cgroup(const char *path, const char *cpu_max)
{
    char name[256];
    snprintf(name, sizeof(name), "%s%s", root, path);
    if (path[0] != '\0') {
        cr_assert_eq(mkdir(name, 0700), 0);
    }
    if (cpu_max != NULL) {
        snprintf(name, sizeof(name), "%s%s/cpu.max", root, path);
        write_text(name, cpu_max);
    }
}

static void setup(void)
{
    snprintf(root, sizeof(root), "/tmp/lanes-cgroup-XXXXXX");
    cr_assert_not_null(mkdtemp(root));
    snprintf(membership, sizeof(membership), "%s/membership", root);
    write_text(membership, "2:cpu:/legacy\n0::/a/b\n");
}

static void teardown(void)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", root);
    cr_assert_eq(system(command), 0);
}

TestSuite(topo_cgroup, .init = setup, .fini = teardown);

Test(topo_cgroup, a_fraction_rounds_up)
{
    add_cgroup("", NULL);
    add_cgroup("/a", NULL);
    add_cgroup("/a/b", "150000 100000\n");
    cr_assert_eq(lanes_topo_cgroup_cpus(root, membership), 2);
}

Test(topo_cgroup, less_than_one_cpu_is_one)
{
    add_cgroup("/a", NULL);
    add_cgroup("/a/b", "1000 100000\n");
    cr_assert_eq(lanes_topo_cgroup_cpus(root, membership), 1);
}

Test(topo_cgroup, the_tightest_ancestor_counts)
{
    add_cgroup("", "800000 100000\n");
    add_cgroup("/a", "300000 100000\n");
    add_cgroup("/a/b", "500000 100000\n");
    cr_assert_eq(lanes_topo_cgroup_cpus(root, membership), 3);
}

Test(topo_cgroup, the_root_counts_in_a_namespace)
{
    add_cgroup("", "400000 100000\n");
    write_text(membership, "0::/\n");
    cr_assert_eq(lanes_topo_cgroup_cpus(root, membership), 4);
    write_text(membership, "0::/../other\n");
    cr_assert_eq(lanes_topo_cgroup_cpus(root, membership), 4);
}

Test(topo_cgroup, max_is_no_limit)
{
    add_cgroup("/a", "max 100000\n");
    add_cgroup("/a/b", "max 100000\n");
    cr_assert_eq(lanes_topo_cgroup_cpus(root, membership), 0);
}

Test(topo_cgroup, nonsense_is_no_limit)
{
    add_cgroup("/a", "100000 0\n");
    add_cgroup("/a/b", "a quick brown fox");
    cr_assert_eq(lanes_topo_cgroup_cpus(root, membership), 0);
}

Test(topo_cgroup, no_version_2_line_is_no_limit)
{
    add_cgroup("", "100000 100000\n");
    write_text(membership, "4:memory:/x\n");
    cr_assert_eq(lanes_topo_cgroup_cpus(root, membership), 0);
    cr_assert_eq(lanes_topo_cgroup_cpus(root, "/nonexistent"), 0);
}

Test(topo_cgroup, the_plan_obeys_the_limit)
{
    /* The membership is this process's own; every cgroup has the root above it. */
    add_cgroup("", "300000 100000\n");
    lanes_topo_plan *plan = NULL;
    const lanes_topo_options options = {.synthetic = "core:8 pu:1", .cgroup_root = root};
    cr_assert_eq(lanes_topo_plan_create(&options, &plan, NULL), LANES_OK);
    if (lanes_topo_cgroup_cpus(root, "/proc/self/cgroup") == 0) {
        cr_skip_test("this process is in no cgroup of version 2");
    }
    cr_assert_eq(plan->count, 3);
    cr_assert_str_eq(plan->limited_by, "cgroup cpu.max = 3 CPUs (8 allowed)");
    lanes_topo_plan_destroy(plan);
}

Test(topo_cgroup, the_budget_is_another_with_another_limit)
{
    const lanes_topo_options options = {.synthetic = "core:8 pu:1", .cgroup_root = root};
    const uint64_t without = lanes_topo_budget(&options);
    add_cgroup("", "300000 100000\n");
    if (lanes_topo_cgroup_cpus(root, "/proc/self/cgroup") == 0) {
        cr_skip_test("this process is in no cgroup of version 2");
    }
    const uint64_t three = lanes_topo_budget(&options);
    cr_assert_neq(three, without);
    add_cgroup("", "250000 100000\n"); /* three, too */
    cr_assert_eq(lanes_topo_budget(&options), three);
    add_cgroup("", "max 100000\n");
    cr_assert_eq(lanes_topo_budget(&options), without);
}
