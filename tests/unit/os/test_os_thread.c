/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_os_thread.c - leaving a CPU, with what a thread may use as it was.
 */
#include "os/os_thread.h"

#include <criterion/criterion.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static cpu_set_t allowed_cpus(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    cr_assert_eq(sched_getaffinity(0, sizeof(set), &set), 0);
    return set;
}

static void allow_only(uint32_t cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    cr_assert_eq(sched_setaffinity(0, sizeof(set), &set), 0);
}

Test(os_thread, a_thread_knows_its_cpu, .timeout = 10)
{
    const cpu_set_t before = allowed_cpus();
    for (uint32_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &before)) {
            allow_only(cpu);
            cr_expect_eq(lanes_os_current_cpu(), cpu);
        }
    }
}

Test(os_thread, a_thread_leaves_its_cpu_and_may_come_back, .timeout = 10)
{
    const cpu_set_t before = allowed_cpus();
    if (CPU_COUNT(&before) < 2) {
        cr_skip("this thread may use one CPU only");
    }
    for (int i = 0; i < 100; i++) {
        const uint32_t cpu = lanes_os_current_cpu();
        cr_assert(lanes_os_leave_cpu(cpu));
        /* Nothing keeps the scheduler from bringing it back at once, but it seldom does.
         */
        const cpu_set_t after = allowed_cpus();
        cr_assert(CPU_EQUAL(&before, &after));
        if (lanes_os_current_cpu() != cpu) {
            return;
        }
    }
    cr_assert_fail("100 times a thread was where it had left");
}

Test(os_thread, a_thread_with_one_cpu_stays, .timeout = 10)
{
    const uint32_t cpu = lanes_os_current_cpu();
    allow_only(cpu);
    cr_expect_not(lanes_os_leave_cpu(cpu));
    cr_expect_eq(lanes_os_current_cpu(), cpu);
    const cpu_set_t after = allowed_cpus();
    cr_expect_eq(CPU_COUNT(&after), 1);
}

Test(os_thread, a_part_of_the_cpus_stays_a_part, .timeout = 10)
{
    const cpu_set_t before = allowed_cpus();
    const uint32_t cpu = lanes_os_current_cpu();
    allow_only(cpu);
    /* Another CPU is left: as if it had one more than it may use. */
    for (uint32_t other = 0; other < CPU_SETSIZE; other++) {
        if (CPU_ISSET(other, &before) && other != cpu) {
            cr_expect(lanes_os_leave_cpu(other));
            break;
        }
    }
    const cpu_set_t after = allowed_cpus();
    cr_expect_eq(CPU_COUNT(&after), 1);
    cr_expect(CPU_ISSET(cpu, &after));
}

Test(os_thread, a_cpu_that_no_machine_has_is_no_reason, .timeout = 10)
{
    cr_expect_not(lanes_os_leave_cpu(UINT32_MAX));
}

Test(os_thread, the_cpus_it_may_use_are_counted, .timeout = 10)
{
    cpu_set_t before = allowed_cpus();
    cr_assert_eq(lanes_os_cpu_count(), (uint32_t)CPU_COUNT(&before));
    allow_only((uint32_t)sched_getcpu());
    cr_assert_eq(lanes_os_cpu_count(), 1);
    cr_assert_eq(sched_setaffinity(0, sizeof(before), &before), 0);
}

/* In a child, since it cannot be undone. */
Test(os_thread, giving_way_is_batch_work_and_nicer, .timeout = 10)
{
    const int nice = getpriority(PRIO_PROCESS, 0);
    const pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0) {
        const bool is_right = lanes_os_give_way() == LANES_OK &&
                              sched_getscheduler(0) == SCHED_BATCH &&
                              getpriority(PRIO_PROCESS, 0) == (nice < 14 ? nice + 5 : 19);
        _exit(is_right ? 0 : 1);
    }
    int ended = 0;
    cr_assert_eq(waitpid(pid, &ended, 0), pid);
    cr_assert_eq(ended, 0);
    cr_assert_eq(getpriority(PRIO_PROCESS, 0), nice);
}
