/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_server_variant.c - which of two variants runs a batch that is larger than the
 * caches, and what its denormals become.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/atomic.h"
#include "server_fixture.h"
#include "server_loops.h"

#define ELEMENTS 60000 /* of "slow": 30 ms for two threads */

static fixture f;
static client c;
static segment in;
static segment out;
static lanes_abi_kernel kernel;

static void setup(void)
{
    fixture_init(&f, 2);
    f.plan->last_level_cache_bytes = 4096; /* so that most batches had better stream */
    fixture_start(&f);
    client_open_ok(&c, &f);
    cr_assert_eq(client_segment(&c, ELEMENTS * sizeof(double), &in), LANES_OK);
    cr_assert_eq(client_segment(&c, ELEMENTS * sizeof(double), &out), LANES_OK);
    for (int i = 0; i < ELEMENTS; i++) {
        in.data[i] = i;
    }
}

static void teardown(void)
{
    lanes_store_relaxed_u32(&f.is_released, 1);
    client_close(&c);
    fixture_stop(&f);
}

TestSuite(server_variant, .init = setup, .fini = teardown, .timeout = 60);

static lanes_abi_completion run(uint64_t count)
{
    memset(out.data, 0, out.bytes);
    const batch b = batch_of(&kernel, &in, &out, count);
    const lanes_abi_completion done = client_run(&c, &b);
    cr_assert_eq(done.status, LANES_OK, "%s", c.text);
    for (uint64_t i = 0; i < ELEMENTS; i++) {
        cr_assert_eq(out.data[i], i < count ? 2.0 * (double)i : 0.0);
    }
    return done;
}

/* Runs large batches until the other variant is there and has run. */
static void run_until_lines(void)
{
    for (int i = 0; i < 100 && lanes_load_relaxed_u32(&fake_lines) == 0; i++) {
        cr_assert_eq(run(ELEMENTS).compile_ns, 0, "nothing waits");
    }
    cr_assert_gt(lanes_load_relaxed_u32(&fake_lines), 0);
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 2);
}

Test(server_variant, a_large_batch_runs_plain_until_the_other_variant_is_there)
{
    lanes_store_relaxed_u32(&fake_lines, 0);
    cr_assert_eq(client_load(&c, "slow lines", &kernel), LANES_OK);
    run_until_lines();
    const uint32_t before = lanes_load_relaxed_u32(&fake_lines);
    run(ELEMENTS);
    cr_assert_gt(lanes_load_relaxed_u32(&fake_lines), before, "from now on always");
    const uint32_t after = lanes_load_relaxed_u32(&fake_lines);
    run(100);
    cr_assert_eq(lanes_load_relaxed_u32(&fake_lines), after, "small ones stay plain");
    cr_assert_eq(lanes_load_relaxed_u32(&fake_crooked), 0);
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 2);
}

/* Slices of a batch that was begun with the plain variant. */
Test(server_variant, a_batch_changes_in_the_middle)
{
    segment large;
    segment result;
    const uint64_t count = 500000; /* a quarter of a second */
    lanes_store_relaxed_u32(&fake_lines, 0);
    cr_assert_eq(client_segment(&c, count * sizeof(double), &large), LANES_OK);
    cr_assert_eq(client_segment(&c, count * sizeof(double), &result), LANES_OK);
    for (uint64_t i = 0; i < count; i++) {
        large.data[i] = (double)i;
    }
    cr_assert_eq(client_load(&c, "slow lines", &kernel), LANES_OK);
    const batch b = batch_of(&kernel, &large, &result, count);
    const lanes_abi_completion done = client_run(&c, &b);
    cr_assert_eq(done.status, LANES_OK, "%s", c.text);
    cr_assert_eq(done.compile_ns, 0);
    cr_assert_gt(lanes_load_relaxed_u32(&fake_lines), 0);
    cr_assert_eq(lanes_load_relaxed_u32(&fake_crooked), 0);
    for (uint64_t i = 0; i < count; i++) {
        cr_assert_eq(result.data[i], 2.0 * (double)i);
    }
}

Test(server_variant, a_batch_that_ends_soon_costs_no_compile)
{
    cr_assert_eq(client_load(&c, "double lines", &kernel), LANES_OK);
    run(ELEMENTS);
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 1);
}

Test(server_variant, nothing_waits_for_a_compile_that_takes_long)
{
    cr_assert_eq(client_load(&c, "slow hold", &kernel), LANES_OK);
    for (int i = 0; i < 5; i++) {
        cr_assert_eq(run(ELEMENTS).compile_ns, 0);
    }
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 2, "it is asked for once");
}

Test(server_variant, a_compile_that_fails_leaves_the_plain_variant_for_ever)
{
    static const char *const commands[] = {"slow crash:11", "slow nochild",
                                           "slow refuse"};
    for (uint32_t k = 0; k < LANES_ARRAY_COUNT(commands); k++) {
        cr_assert_eq(client_load(&c, commands[k], &kernel), LANES_OK);
        for (int i = 0; i < 5; i++) {
            cr_assert_eq(run(ELEMENTS).compile_ns, 0);
        }
        cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 2 * (k + 1), "no second try");
    }
}

static lanes_abi_completion run_uniform(uint64_t count)
{
    batch b = batch_of(&kernel, &in, &out, count);
    b.stride[0] = 0;
    in.data[0] = 21;
    return client_run(&c, &b);
}

Test(server_variant, where_neither_is_there_only_the_better_is_compiled)
{
    lanes_store_relaxed_u32(&fake_lines, 0);
    cr_assert_eq(client_load(&c, "double lines", &kernel), LANES_OK);
    const lanes_abi_completion done = run_uniform(ELEMENTS);
    cr_assert_eq(done.status, LANES_OK, "%s", c.text);
    cr_assert_gt(done.compile_ns, 0);
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 2);
    cr_assert_gt(lanes_load_relaxed_u32(&fake_lines), 0);
    cr_assert_eq(lanes_load_relaxed_u32(&fake_crooked), 0, "also behind a short probe");
    cr_assert_eq(out.data[ELEMENTS - 1], 42);
}

Test(server_variant, where_neither_can_be_compiled_the_plain_one_says_why)
{
    cr_assert_eq(client_load(&c, "double crash:11", &kernel), LANES_OK);
    for (int i = 0; i < 3; i++) {
        const lanes_abi_completion done = run_uniform(ELEMENTS);
        cr_assert_eq(done.status, LANES_E_COMPILE_CRASHED);
        cr_assert_not_null(strstr(c.text, "SIGSEGV"), "%s", c.text);
        cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 3);
    }
}

/* ---- Denormals ----------------------------------------------------------------------
 */

#if defined(__x86_64__)

Test(server_variant, denormals_become_what_the_batch_says)
{
    cr_assert_eq(client_load(&c, "double", &kernel), LANES_OK);
    in.data[3] = 0x1p-1030;
    batch b = batch_of(&kernel, &in, &out, 10);
    for (int i = 0; i < 4; i++) {
        b.entry.flags = i % 2 == 0 ? LANES_ABI_BATCH_FLUSH : 0;
        cr_assert_eq(client_run(&c, &b).status, LANES_OK, "%s", c.text);
        cr_assert_eq(out.data[3], i % 2 == 0 ? 0 : 0x1p-1029);
        cr_assert_eq(out.data[4], 8);
    }
}

#endif

Test(server_variant, hypot_by_vectors_is_not_flushed)
{
    cr_assert_eq(client_load(&c, "hypot", &kernel), LANES_OK);
    batch b = batch_of(&kernel, &in, &out, 10);
    cr_assert_eq(client_run(&c, &b).status, LANES_OK);
    b.entry.flags = LANES_ABI_BATCH_FLUSH;
    cr_assert_eq(client_run(&c, &b).status, LANES_E_INVALID);
    cr_assert_not_null(strstr(c.text, "calls hypot"), "%s", c.text);
    cr_assert_not_null(strstr(c.text, "math 'exact'"), "%s", c.text);
    cr_assert_eq(client_load(&c, "double", &kernel), LANES_OK);
    b = batch_of(&kernel, &in, &out, 10);
    b.entry.flags = LANES_ABI_BATCH_FLUSH;
    cr_assert_eq(client_run(&c, &b).status, LANES_OK);
}
