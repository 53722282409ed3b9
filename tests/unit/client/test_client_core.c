/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_client_core.c - a thread that waits leaves the core of the executor's first
 * thread.
 */
#include "os/os_thread.h"
#include "unit/client/client_fixture.h"

TestSuite(client_core, .timeout = 30, .fini = close_all);

#define OWN_CPU 5u

static uint32_t moves; /* from OWN_CPU */

TEST_WRAP(uint32_t, lanes_os_current_cpu, (void));
TEST_WRAP(bool, lanes_os_leave_cpu, (uint32_t cpu));

uint32_t wrap_lanes_os_current_cpu(void)
{
    return OWN_CPU;
}

bool wrap_lanes_os_leave_cpu(uint32_t cpu)
{
    cr_assert_eq(cpu, OWN_CPU);
    moves++;
    return true;
}

/* Batches that make the client wait for each. */
static void run_batches(uint32_t count)
{
    const arrays made = make_arrays();
    const lanes_batch batch = make_batch(&made, 1);
    for (uint32_t i = 0; i < count; i++) {
        cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_OK);
    }
}

Test(client_core, it_leaves_the_core_of_the_executor)
{
    open_with((fake_plan){.delay_ns = MILLISECOND, .tells_cpu = true, .cpu = OWN_CPU});
    run_batches(1);
    cr_assert_eq(moves, 1);
}

Test(client_core, it_does_not_leave_again_and_again)
{
    open_with((fake_plan){.delay_ns = MILLISECOND, .tells_cpu = true, .cpu = OWN_CPU});
    const uint64_t start_ns = lanes_clock_ns();
    run_batches(20); /* 20 ms at least */
    const uint64_t taken_ns = lanes_clock_ns() - start_ns;
    cr_assert_geq(moves, 2, "the scheduler may have brought it back");
    cr_assert_leq(moves, 1 + taken_ns / MILLISECOND);
}

Test(client_core, it_stays_where_it_is_in_nobody_s_way)
{
    open_with(
        (fake_plan){.delay_ns = MILLISECOND, .tells_cpu = true, .cpu = OWN_CPU + 1});
    run_batches(3);
    cr_assert_eq(moves, 0);
}

Test(client_core, it_stays_if_it_is_not_told)
{
    open_with((fake_plan){.delay_ns = MILLISECOND});
    run_batches(3);
    cr_assert_eq(moves, 0);
}
