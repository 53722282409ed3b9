/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_server_team.c - another team and other settings while the server runs. That all
 * threads are bound anew, e2e/reload sees.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "os/os_memory.h"
#include "os/os_wait.h"
#include "server_fixture.h"
#include "support/wrap.h"

#define ELEMENTS 100000u

static fixture f;
static lanes_topo_options topo;
static lanes_server_settings settings;
static lanes_status reload_status;
static uint32_t reloads; /* atomic */
static char cgroup[64];
static client c;
static segment in;
static segment out;

/* Teams of so many threads cannot be bound; 0: all can; NO_TEAM: none can. Atomic. */
#define NO_TEAM UINT32_MAX
static uint32_t unbindable;

TEST_WRAP(lanes_status, lanes_topo_bind_thread,
          (const lanes_topo_plan *plan, uint32_t index, lanes_error *err));

lanes_status wrap_lanes_topo_bind_thread(const lanes_topo_plan *plan, uint32_t index,
                                         lanes_error *err)
{
    const uint32_t count = lanes_load_acquire_u32(&unbindable);
    return count == NO_TEAM || plan->count == count
               ? lanes_error_set(err, -EINVAL, "the test's CPU has gone")
               : real_lanes_topo_bind_thread(plan, index, err);
}

static lanes_status reload(void *ctx, lanes_server_settings *out_settings,
                           lanes_error *err)
{
    (void)ctx;
    lanes_os_event_drain(f.options.reload_fd);
    lanes_fetch_add_acq_rel_u32(&reloads, 1);
    if (reload_status < 0) {
        return lanes_error_set(err, reload_status, "the test's file is wrong");
    }
    *out_settings = settings;
    return LANES_OK;
}

static void write_limit(const char *text)
{
    char path[96];
    snprintf(path, sizeof(path), "%s/cpu.max", cgroup);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

static void setup(void)
{
    snprintf(cgroup, sizeof(cgroup), "/tmp/lanes-cgroup-XXXXXX");
    cr_assert_not_null(mkdtemp(cgroup));
    fixture_init(&f, 2);
    topo = (lanes_topo_options){
        .threads = 2, .synthetic = "core:8 pu:1", .cgroup_root = cgroup};
    settings = (lanes_server_settings){
        .threads = 2, .code_bytes = 0, .cache_bytes = 0, .log_level = LANES_LOG_WARNING};
    f.options.topo = &topo;
    f.options.calls.reload = reload;
    cr_assert_eq(lanes_os_event_create(&f.options.reload_fd, NULL), LANES_OK);
    fixture_start(&f);
    client_open_ok(&c, &f);
    cr_assert_eq(client_segment(&c, ELEMENTS * sizeof(double), &in), LANES_OK);
    cr_assert_eq(client_segment(&c, ELEMENTS * sizeof(double), &out), LANES_OK);
    for (uint32_t i = 0; i < ELEMENTS; i++) {
        in.data[i] = i;
    }
}

static void clean_up(void)
{
    char path[96];
    client_close(&c);
    lanes_os_close(&f.options.reload_fd);
    snprintf(path, sizeof(path), "%s/cpu.max", cgroup);
    remove(path);
    rmdir(cgroup);
}

static void teardown(void)
{
    fixture_stop(&f);
    clean_up();
}

TestSuite(server_team, .init = setup, .fini = teardown, .timeout = 60);

static uint32_t threads_now(void)
{
    client other;
    client_open_ok(&other, &f);
    const uint32_t threads = other.hello.threads;
    client_close(&other);
    return threads;
}

static uint32_t told_threads(void)
{
    return lanes_ring_client_team_threads(&c.ring);
}

static void expect_threads(uint32_t wanted)
{
    uint32_t threads = threads_now();
    for (uint32_t tries = 0; threads != wanted && tries < 2000; tries++) {
        sleep_ms(5);
        threads = threads_now();
    }
    cr_assert_eq(threads, wanted, "%u threads instead of %u", threads, wanted);
    /* One that has been open all the time is told, too. */
    for (uint32_t tries = 0; told_threads() != wanted && tries < 2000; tries++) {
        sleep_ms(5);
    }
    cr_assert_eq(told_threads(), wanted, "told of %u, not %u", told_threads(), wanted);
}

static void ask_for(uint32_t threads)
{
    const uint32_t before = lanes_load_acquire_u32(&reloads);
    settings.threads = threads;
    lanes_os_event_signal(f.options.reload_fd);
    for (uint32_t tries = 0; lanes_load_acquire_u32(&reloads) == before; tries++) {
        cr_assert_lt(tries, 10000u, "nobody reads the settings");
        sleep_ms(1);
    }
}

static lanes_abi_kernel load(const char *command)
{
    lanes_abi_kernel kernel;
    cr_assert_eq(client_load(&c, command, &kernel), LANES_OK, "%s", c.text);
    return kernel;
}

static void expect_doubled(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        cr_assert_eq((uint32_t)out.data[i], 2 * i, "element %u is %g", i, out.data[i]);
    }
}

/* A batch right after a change, with all threads there are. */
static void expect_usable(void)
{
    const lanes_abi_kernel kernel = load("double");
    const batch b = batch_of(&kernel, &in, &out, ELEMENTS);
    memset(out.data, 0, ELEMENTS * sizeof(double));
    const lanes_abi_completion done = client_run(&c, &b);
    cr_assert_eq(done.status, LANES_OK, "%s", c.text);
    expect_doubled(ELEMENTS);
    cr_assert_eq(client_kernel_release(&c, kernel.id), LANES_OK);
}

Test(server_team, more_and_fewer_threads)
{
    static const uint32_t counts[] = {3, 1, 8, 2, 1, 2};
    expect_threads(2);
    for (uint32_t i = 0; i < LANES_ARRAY_COUNT(counts); i++) {
        ask_for(counts[i]);
        expect_threads(counts[i]);
        expect_usable();
    }
    ask_for(0); /* as many as there are */
    expect_threads(8);
}

Test(server_team, a_batch_that_runs_goes_on_with_the_other_team)
{
    const lanes_abi_kernel kernel = load("slow"); /* 100 ms of one thread's time */
    const batch b = batch_of(&kernel, &in, &out, ELEMENTS);
    uint32_t in_the_middle = 0;
    for (uint32_t round = 0; round < 50 && in_the_middle < 5; round++) {
        memset(out.data, 0, ELEMENTS * sizeof(double));
        client_submit(&c, &b, round);
        sleep_ms(5);
        ask_for(1 + round % 3);
        expect_threads(1 + round % 3);
        in_the_middle += !client_has_completion(&c, 0);
        const lanes_abi_completion done = client_wait(&c);
        cr_assert_eq(done.status, LANES_OK, "%s", c.text);
        cr_assert_eq(done.tag, round);
        cr_assert(!client_has_completion(&c, 0), "one completion per batch");
        expect_doubled(ELEMENTS);
    }
    cr_assert_eq(in_the_middle, 5);
}

Test(server_team, the_last_of_several_wishes_counts)
{
    const lanes_abi_kernel kernel = load("endless");
    const batch b = batch_of(&kernel, &in, &out, 1);
    in.data[0] = -2;
    client_submit(&c, &b, 1);
    sleep_ms(50); /* it is in the callback: nobody leaves a team meanwhile */
    ask_for(3);
    ask_for(4);
    ask_for(5);
    cr_assert_eq(threads_now(), 2);
    lanes_store_release_u64((uint64_t *)(void *)in.data, 0); /* 0.0 */
    cr_assert_eq(client_wait(&c).status, LANES_OK);
    expect_threads(5);
    expect_usable();
}

Test(server_team, a_stop_before_the_change)
{
    const lanes_abi_kernel kernel = load("endless");
    const batch b = batch_of(&kernel, &in, &out, 1);
    in.data[0] = -2;
    client_submit(&c, &b, 1);
    sleep_ms(50);
    ask_for(3);
    lanes_os_event_signal(f.stop_fd);
    sleep_ms(50);
    lanes_store_release_u64((uint64_t *)(void *)in.data, 0);
    cr_assert_eq(client_wait(&c).status, LANES_OK);
    /* teardown() waits for the end. */
}

Test(server_team, wrong_settings_change_nothing)
{
    reload_status = LANES_E_INVALID;
    ask_for(3);
    expect_usable();
    expect_threads(2);
    reload_status = LANES_OK;
    ask_for(3);
    expect_threads(3);
}

Test(server_team, settings_without_another_team)
{
    lanes_abi_kernel kernel = load("double");
    cr_assert_eq(client_kernel_release(&c, kernel.id), LANES_OK);
    for (uint32_t tries = 0; lanes_load_acquire_u32(&f.unloads) != 1; tries++) {
        cr_assert_lt(tries, 10000u, "code_bytes is 0: nothing stays");
        sleep_ms(1);
    }
    settings.code_bytes = 1u << 20;
    ask_for(2);
    kernel = load("double");
    cr_assert_eq(client_kernel_release(&c, kernel.id), LANES_OK);
    expect_usable(); /* behind the release */
    cr_assert_eq(lanes_load_acquire_u32(&f.unloads), 1);
    sleep_ms(100); /* control has let go of it, too */
    settings.code_bytes = 0;
    ask_for(2);
    for (uint32_t tries = 0; lanes_load_acquire_u32(&f.unloads) < 3; tries++) {
        cr_assert_lt(tries, 10000u, "what is too much now goes at once");
        sleep_ms(1);
    }
}

Test(server_team, a_team_that_cannot_be_entered_leaves_the_old_one)
{
    lanes_store_release_u32(&unbindable, 4);
    ask_for(4);
    expect_usable();
    expect_threads(2);
    ask_for(5);
    expect_threads(5);
    expect_usable();
}

Test(server_team, cpu_max_is_followed_while_there_is_work)
{
    static const char *const first = "0::/";
    char line[64] = "";
    FILE *file = fopen("/proc/self/cgroup", "re");
    bool is_version_2 = false;
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        is_version_2 |= strncmp(line, first, strlen(first)) == 0;
    }
    fclose(file);
    if (!is_version_2) {
        cr_skip_test("this process is in no cgroup of version 2");
    }
    write_limit("100000 100000\n");
    sleep_ms(100);
    cr_assert_eq(threads_now(), 2, "without work nobody looks");
    expect_usable();
    expect_threads(1);
    write_limit("max 100000\n");
    expect_usable();
    sleep_ms(100);
    cr_assert_eq(threads_now(), 1, "nobody looks twice within two seconds");
    sleep_ms(2000);
    expect_usable();
    expect_threads(2);
}

Test(server_team_end, with_no_team_at_all_the_server_ends, .init = setup,
     .fini = clean_up, .timeout = 60)
{
    lanes_store_release_u32(&unbindable, NO_TEAM);
    ask_for(3);
    fixture_join(&f);
    cr_assert_eq(f.status, -EINVAL);
    cr_assert_str_eq(f.error.message, "the test's CPU has gone");
}

/* ---- This machine -------------------------------------------------------------------
 */

static void setup_here(void)
{
    snprintf(cgroup, sizeof(cgroup), "/tmp/lanes-cgroup-XXXXXX");
    cr_assert_not_null(mkdtemp(cgroup));
    fixture_init(&f, 1);
    lanes_topo_plan_destroy(f.plan);
    topo = (lanes_topo_options){.threads = 1, .cgroup_root = cgroup};
    cr_assert_eq(lanes_topo_plan_create(&topo, &f.plan, NULL), LANES_OK);
    f.options.plan = f.plan;
    f.options.topo = &topo;
    fixture_start(&f);
    client_open_ok(&c, &f);
    cr_assert_eq(client_segment(&c, ELEMENTS * sizeof(double), &in), LANES_OK);
    cr_assert_eq(client_segment(&c, ELEMENTS * sizeof(double), &out), LANES_OK);
    for (uint32_t i = 0; i < ELEMENTS; i++) {
        in.data[i] = i;
    }
}

static void expect_told_cpu(uint32_t cpu)
{
    for (uint32_t tries = 0; !lanes_ring_client_is_leader_cpu(&c.ring, cpu); tries++) {
        cr_assert_lt(tries, 10000u, "the leader is not on CPU %u", cpu);
        sleep_ms(1);
    }
}

Test(server_team_here, clients_are_told_the_new_core, .init = setup_here,
     .fini = teardown, .timeout = 60)
{
    cpu_set_t allowed;
    cpu_set_t last;
    sched_getaffinity(0, sizeof(allowed), &allowed);
    if (CPU_COUNT(&allowed) < 2) {
        cr_skip_test("there is one CPU");
    }
    uint32_t cpu = CPU_SETSIZE - 1;
    while (!CPU_ISSET(cpu, &allowed)) {
        cpu--;
    }
    expect_told_cpu(f.plan->place[0].pu);
    cr_assert_neq(f.plan->place[0].pu, cpu);
    CPU_ZERO(&last);
    CPU_SET(cpu, &last);
    /* Of the control thread, as taskset(1) does it to a process. */
    cr_assert_eq(pthread_setaffinity_np(f.thread, sizeof(last), &last), 0);
    expect_usable();
    expect_told_cpu(cpu);
}
