/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_server_life.c - start, stop, clients that die, nothing left behind, idle cost.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/atomic.h"
#include "os/os_memory.h"
#include "os/os_socket.h"
#include "os/os_wait.h"
#include "server_fixture.h"

#define ELEMENTS 200000

static fixture f;

/* A session with two segments and a kernel. */
struct user {
    client c;
    segment in;
    segment out;
    lanes_abi_kernel kernel;
};

static void user_open(struct user *u, const char *command)
{
    client_open_ok(&u->c, &f);
    cr_assert_eq(client_segment(&u->c, ELEMENTS * 8, &u->in), LANES_OK);
    cr_assert_eq(client_segment(&u->c, ELEMENTS * 8, &u->out), LANES_OK);
    cr_assert_eq(client_load(&u->c, command, &u->kernel), LANES_OK);
}

static void user_close(struct user *u)
{
    lanes_os_unmap(u->in.data, u->in.bytes);
    lanes_os_unmap(u->out.data, u->out.bytes);
    client_close(&u->c);
}

Test(server_life, sessions_leave_nothing_behind, .timeout = 60)
{
    fixture_init(&f, 2);
    fixture_start(&f);
    struct user u;
    user_open(&u, "double"); /* whatever is made once is made now */
    user_close(&u);
    const uint32_t fds = settled(count_fds);
    const uint32_t maps = count_maps();
    for (int i = 0; i < 100; i++) {
        user_open(&u, "double");
        batch b = batch_of(&u.kernel, &u.in, &u.out, 1000);
        cr_assert_eq(client_run(&u.c, &b).status, LANES_OK);
        b.stride[0] = 0;
        client_submit(&u.c, &b, 1); /* left behind with a variant in the compiler */
        user_close(&u);
    }
    cr_assert(falls_to(count_maps, maps), "%u maps, %u before", count_maps(), maps);
    cr_assert(falls_to(count_fds, fds), "%u fds, %u before", count_fds(), fds);
    fixture_stop(&f);
}

Test(server_life, batches_and_requests_leave_nothing_behind, .timeout = 60)
{
    fixture_init(&f, 2);
    f.options.refuse_ns = 0; /* each of the crashes is a compile */
    fixture_start(&f);
    struct user u;
    user_open(&u, "double");
    const uint32_t fds = settled(count_fds);
    const uint32_t maps = count_maps();
    for (int i = 0; i < 200; i++) {
        lanes_abi_kernel k;
        segment s;
        cr_assert_eq(client_load(&u.c, "double", &k), LANES_OK);
        cr_assert_lt(client_load(&u.c, "crash:11", &u.kernel), 0);
        cr_assert_eq(client_segment(&u.c, 4096, &s), LANES_OK);
        const batch b = batch_of(&k, &u.in, &s, 100);
        cr_assert_eq(client_run(&u.c, &b).status, LANES_OK);
        cr_assert_eq(client_segment_release(&u.c, &s), LANES_OK);
        cr_assert_eq(client_kernel_release(&u.c, k.id), LANES_OK);
    }
    cr_assert(falls_to(count_maps, maps), "%u maps, %u before", count_maps(), maps);
    cr_assert(falls_to(count_fds, fds), "%u fds, %u before", count_fds(), fds);
    user_close(&u);
    fixture_stop(&f);
}

static uint32_t batch_count = 77;

static uint32_t count_batches(void)
{
    return lanes_load_relaxed_u32(&batch_count);
}

static void expect_batches(uint32_t wanted)
{
    for (int i = 0; i < 400 && count_batches() != wanted; i++) {
        sleep_ms(5);
    }
    cr_assert_eq(count_batches(), wanted, "%u batches, not %u", count_batches(), wanted);
}

Test(server_life, who_outlives_it_can_know_what_it_had, .timeout = 60)
{
    fixture_init(&f, 2);
    f.options.batch_count = &batch_count;
    fixture_start(&f);
    struct user u;
    user_open(&u, "double hold");
    expect_batches(0);
    batch b = batch_of(&u.kernel, &u.in, &u.out, 1000);
    cr_assert_eq(client_run(&u.c, &b).status, LANES_OK);
    expect_batches(0);
    b.stride[0] = 0; /* a variant that is not compiled before it is released */
    for (uint64_t tag = 0; tag < 3; tag++) {
        client_submit(&u.c, &b, tag);
    }
    expect_batches(3);
    lanes_store_relaxed_u32(&f.is_released, 1);
    for (uint64_t tag = 0; tag < 3; tag++) {
        cr_assert_eq(client_wait(&u.c).status, LANES_OK, "%s", u.c.text);
    }
    expect_batches(0);
    lanes_store_relaxed_u32(&f.is_released, 0);
    struct user leaver;
    user_open(&leaver, "fail hold");
    batch other = batch_of(&leaver.kernel, &leaver.in, &leaver.out, 1000);
    other.stride[0] = 0;
    client_submit(&leaver.c, &other, 1);
    client_submit(&leaver.c, &other, 2);
    expect_batches(2);
    user_close(&leaver); /* with what it had */
    expect_batches(0);
    lanes_store_relaxed_u32(&f.is_released, 1);
    user_close(&u);
    fixture_stop(&f);
}

Test(server_life, a_client_that_dies_in_mid_batch_harms_nobody, .timeout = 60)
{
    fixture_init(&f, 2);
    fixture_start(&f);
    struct user survivor;
    user_open(&survivor, "double");
    const batch b = batch_of(&survivor.kernel, &survivor.in, &survivor.out, 1000);
    const uint32_t maps = count_maps();
    for (int i = 0; i < 5; i++) {
        struct user victim;
        user_open(&victim, "slow");
        /* 100 ms each, of which 10 in a row would take a second. */
        const batch lengthy = batch_of(&victim.kernel, &victim.in, &victim.out, ELEMENTS);
        for (uint64_t j = 0; j < 10; j++) {
            client_submit(&victim.c, &lengthy, j);
        }
        sleep_ms(20);
        user_close(&victim);
        const uint64_t start_ns = lanes_clock_ns();
        cr_assert(falls_to(count_maps, maps), "its memory stays");
        cr_assert_lt(lanes_clock_ns() - start_ns, 1000000000u);
        cr_assert_eq(client_run(&survivor.c, &b).status, LANES_OK);
    }
    user_close(&survivor);
    fixture_stop(&f);
}

Test(server_life, a_client_that_dies_while_loading_harms_nobody, .timeout = 60)
{
    fixture_init(&f, 1);
    fixture_start(&f);
    client c;
    client_open_ok(&c, &f);
    lanes_abi_kernel_load load = {
        .header = {.type = LANES_ABI_KERNEL_LOAD, .bytes = sizeof(load)},
        .ir_bytes = 4096};
    int ir = -1;
    cr_assert_eq(lanes_os_memfd_create("test-ir", 4096, &ir, NULL), LANES_OK);
    cr_assert_eq(lanes_os_send(c.fd, &load, sizeof(load), &ir, 1, 0, NULL), LANES_OK);
    lanes_os_close(&ir);
    client_close(&c);
    struct user u;
    user_open(&u, "double");
    user_close(&u);
    fixture_stop(&f);
}

Test(server_life, a_stop_lets_batches_finish, .timeout = 60)
{
    fixture_init(&f, 2);
    fixture_start(&f);
    struct user u;
    user_open(&u, "slow");
    const batch b = batch_of(&u.kernel, &u.in, &u.out, ELEMENTS); /* 100 ms */
    client_submit(&u.c, &b, 1);
    sleep_ms(20);
    lanes_os_event_signal(f.stop_fd);
    cr_assert_eq(client_wait(&u.c).status, LANES_OK);
    fixture_join(&f);
    cr_assert_eq(f.status, LANES_OK);
    cr_assert_eq(lanes_ring_client_closed(&u.c.ring), LANES_E_PEER_GONE);
    user_close(&u);
}

Test(server_life, a_stop_cancels_what_takes_too_long, .timeout = 60)
{
    fixture_init(&f, 2);
    f.options.drain_ns = 50000000;
    fixture_start(&f);
    struct user u;
    user_open(&u, "slow hold");
    const batch lengthy = batch_of(&u.kernel, &u.in, &u.out, ELEMENTS);
    batch parked = lengthy;
    parked.stride[0] = 0;
    client_submit(&u.c, &parked, 100);
    for (uint64_t i = 0; i < 20; i++) { /* 2 s */
        client_submit(&u.c, &lengthy, i);
    }
    sleep_ms(20);
    const uint64_t start_ns = lanes_clock_ns();
    lanes_os_event_signal(f.stop_fd);
    uint32_t cancelled = 0;
    for (int i = 0; i < 21; i++) {
        const lanes_abi_completion done = client_wait(&u.c);
        cancelled += done.status == LANES_E_CANCELLED;
        cr_assert(done.status == LANES_OK || done.status == LANES_E_CANCELLED);
        cr_assert(done.tag != 100 || done.status == LANES_E_CANCELLED);
    }
    cr_assert_geq(cancelled, 10);
    cr_assert_not_null(strstr(u.c.text, "stop"), "%s", u.c.text);
    lanes_store_relaxed_u32(&f.is_released, 1);
    fixture_join(&f);
    cr_assert_lt(lanes_clock_ns() - start_ns, 1000000000u);
    cr_assert_eq(f.status, LANES_OK);
    user_close(&u);
}

Test(server_life, requests_during_a_stop_are_told_so, .timeout = 60)
{
    fixture_init(&f, 1);
    f.options.drain_ns = 2000000000;
    fixture_start(&f);
    client late;
    client_connect(&late, &f); /* accepted before the next, and says hello too late */
    struct user u;
    user_open(&u, "double hold");
    batch b = batch_of(&u.kernel, &u.in, &u.out, 100);
    b.stride[0] = 0;
    client_submit(&u.c, &b, 1);
    cr_assert_not(client_has_completion(&u.c, 20000000));
    lanes_os_event_signal(f.stop_fd);
    sleep_ms(20);
    segment s;
    cr_assert_eq(client_segment(&u.c, 4096, &s), LANES_E_PEER_GONE);
    cr_assert_not_null(strstr(u.c.text, "stopping"));
    lanes_abi_hello hello = {.magic = LANES_ABI_MAGIC, .version = LANES_ABI_VERSION};
    lanes_abi_hello reply;
    cr_assert_eq(client_request(&late, LANES_ABI_HELLO, &hello, sizeof(hello), -1, &reply,
                                sizeof(reply), NULL),
                 LANES_E_PEER_GONE);
    cr_assert_not_null(strstr(late.text, "stopping"), "%s", late.text);
    client_close(&late);
    lanes_store_relaxed_u32(&f.is_released, 1);
    cr_assert_eq(client_wait(&u.c).status, LANES_OK, "the compile is waited for");
    fixture_join(&f);
    user_close(&u);
}

Test(server_life, a_private_server_ends_with_its_client, .timeout = 60)
{
    fixture_init(&f, 1);
    int pair[2];
    cr_assert_eq(lanes_os_socket_pair(pair, NULL), LANES_OK);
    f.options.listen_fd = -1;
    f.options.private_fd = pair[1];
    fixture_start(&f);
    lanes_abi_hello hello = {
        .header = {.type = LANES_ABI_HELLO, .bytes = sizeof(hello)},
        .magic = LANES_ABI_MAGIC,
        .version = LANES_ABI_VERSION,
    };
    cr_assert_eq(lanes_os_send(pair[0], &hello, sizeof(hello), NULL, 0, 0, NULL),
                 LANES_OK);
    lanes_os_message message = {.buffer = &hello, .capacity_bytes = sizeof(hello)};
    cr_assert_eq(lanes_os_receive(pair[0], &message, 5000000000u, NULL), LANES_OK);
    cr_assert_eq(hello.header.status, LANES_OK);
    lanes_os_message_close_fds(&message);
    lanes_os_close(&pair[0]);
    fixture_join(&f);
    cr_assert_eq(f.status, LANES_OK);
    lanes_os_close(&pair[1]);
}

Test(server_life, a_compiler_that_does_not_start_ends_the_server, .timeout = 60)
{
    fixture_init(&f, 1);
    f.fails_to_start = 1;
    fixture_start(&f);
    fixture_join(&f);
    cr_assert_eq(f.status, LANES_E_UNAVAILABLE);
    cr_assert_not_null(strstr(f.error.message, "does not start"));
}

Test(server_life, a_team_that_does_not_start_ends_the_server, .timeout = 60)
{
    fixture_init(&f, 1);
    lanes_topo_plan_destroy(f.plan);
    cr_assert_eq(
        lanes_topo_plan_create(&(lanes_topo_options){.threads = 1}, &f.plan, NULL),
        LANES_OK);
    f.plan->place[0].pu = 100000;
    f.options.plan = f.plan;
    fixture_start(&f);
    fixture_join(&f);
    cr_assert_lt(f.status, 0);
    cr_assert_not_null(strstr(f.error.message, "CPU 100000"));
}

/* True once the server has told its client that it is bound to @p cpu. */
static bool is_told_cpu(const client *c, uint32_t cpu)
{
    for (uint32_t tries = 0; tries < 5000; tries++) {
        if (lanes_ring_client_is_leader_cpu(&c->ring, cpu)) {
            return true;
        }
        sleep_ms(1);
    }
    return false;
}

Test(server_life, clients_are_told_which_core_is_taken, .timeout = 60)
{
    fixture_init(&f, 1);
    lanes_topo_plan_destroy(f.plan);
    const lanes_topo_options topo = {.threads = 1}; /* of this machine */
    cr_assert_eq(lanes_topo_plan_create(&topo, &f.plan, NULL), LANES_OK);
    f.options.plan = f.plan;
    fixture_start(&f);
    client c;
    client_open_ok(&c, &f);
    cr_assert(is_told_cpu(&c, f.plan->place[0].pu));
    client_close(&c);
    fixture_stop(&f);
}

static uint64_t cpu_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000u +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

Test(server_life, an_idle_server_uses_no_cpu, .timeout = 60)
{
    fixture_init(&f, 2);
    fixture_start(&f);
    struct user u;
    user_open(&u, "slow");
    const batch b = batch_of(&u.kernel, &u.in, &u.out, 10000);
    cr_assert_eq(client_run(&u.c, &b).status, LANES_OK);
    sleep_ms(50);
    const uint64_t before = cpu_us();
    sleep_ms(500);
    cr_assert_lt(cpu_us() - before, 3000, "a spinning thread would use 500000 us");
    cr_assert_eq(client_run(&u.c, &b).status, LANES_OK, "and wakes up");
    user_close(&u);
    fixture_stop(&f);
}
