/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_server_watch.c - deadlines and cancelling: of batches that wait, that run, and
 * whose callback does not return.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/atomic.h"
#include "os/os_process.h"
#include "server_fixture.h"

#define ELEMENTS    10000u
#define MILLISECOND UINT64_C(1000000)

static fixture f;
static client c;
static segment in;
static segment out;

static void setup(void)
{
    fixture_init(&f, 3);
    fixture_start(&f);
    client_open_ok(&c, &f);
    cr_assert_eq(client_segment(&c, ELEMENTS * sizeof(double), &in), LANES_OK);
    cr_assert_eq(client_segment(&c, ELEMENTS * sizeof(double), &out), LANES_OK);
    for (uint32_t i = 0; i < ELEMENTS; i++) {
        in.data[i] = i;
    }
}

static void teardown(void)
{
    client_close(&c);
    fixture_stop(&f);
}

TestSuite(server_watch, .init = setup, .fini = teardown, .timeout = 60);

static lanes_abi_kernel load(const char *command)
{
    lanes_abi_kernel kernel;
    cr_assert_eq(client_load(&c, command, &kernel), LANES_OK, "%s", c.text);
    return kernel;
}

static void cancel(uint64_t tag)
{
    lanes_abi_cancel message = {.tag = tag};
    lanes_abi_cancel reply;
    cr_assert_eq(client_request(&c, LANES_ABI_BATCH_CANCEL, &message, sizeof(message), -1,
                                &reply, sizeof(reply), NULL),
                 LANES_OK, "%s", c.text);
    cr_assert_eq(reply.tag, tag);
}

/* All of the team's threads are there, and right. */
static void expect_usable(void)
{
    const lanes_abi_kernel kernel = load("slow");
    const batch b = batch_of(&kernel, &in, &out, ELEMENTS);
    uint32_t threads = 0;
    for (uint32_t i = 0; i < 100 && threads < 3; i++) { /* more than there are cores */
        memset(out.data, 0, ELEMENTS * sizeof(double));
        const lanes_abi_completion done = client_run(&c, &b);
        cr_assert_eq(done.status, LANES_OK, "%s", c.text);
        threads = done.threads > threads ? done.threads : threads;
        for (uint32_t k = 0; k < ELEMENTS; k++) {
            cr_assert_eq((uint32_t)out.data[k], 2 * k);
        }
    }
    cr_assert_eq(threads, 3);
    cr_assert_eq(client_kernel_release(&c, kernel.id), LANES_OK);
}

Test(server_watch, a_callback_that_does_not_return_ends_by_its_deadline)
{
    const lanes_abi_kernel kernel = load("endless");
    batch b = batch_of(&kernel, &in, &out, ELEMENTS);
    for (uint32_t round = 0; round < 20; round++) {
        const uint32_t at = round * 499;
        in.data[at] = -2;
        const uint64_t start_ns = lanes_clock_ns();
        b.entry.deadline_ns = start_ns + 10 * MILLISECOND;
        cr_assert_eq(client_run(&c, &b).status, LANES_E_DEADLINE, "%s", c.text);
        const uint64_t taken_ns = lanes_clock_ns() - start_ns;
        cr_assert_geq(taken_ns, 10 * MILLISECOND);
        cr_assert_lt(taken_ns, 500 * MILLISECOND);
        cr_assert_not_null(strstr(c.text, "deadline"), "%s", c.text);
        in.data[at] = at;
        b.entry.deadline_ns = 0;
        cr_assert_eq(client_run(&c, &b).status, LANES_OK, "%s", c.text);
    }
    expect_usable();
}

Test(server_watch, every_thread_may_be_in_one)
{
    const lanes_abi_kernel kernel = load("endless");
    batch b = batch_of(&kernel, &in, &out, ELEMENTS);
    b.entry.deadline_ns = 0;
    cr_assert_eq(client_run(&c, &b).status, LANES_OK, "%s", c.text);
    for (uint32_t i = 0; i < ELEMENTS; i++) {
        in.data[i] = -2;
    }
    b.entry.deadline_ns = lanes_clock_ns() + 10 * MILLISECOND;
    cr_assert_eq(client_run(&c, &b).status, LANES_E_DEADLINE, "%s", c.text);
    for (uint32_t i = 0; i < ELEMENTS; i++) {
        in.data[i] = i;
    }
    expect_usable();
}

Test(server_watch, a_deadline_that_is_kept_is_not_noticed)
{
    const lanes_abi_kernel kernel = load("slow");
    batch b = batch_of(&kernel, &in, &out, 1000);
    for (uint32_t i = 0; i < 20; i++) {
        b.entry.deadline_ns = lanes_clock_ns() + 10000 * MILLISECOND;
        cr_assert_eq(client_run(&c, &b).status, LANES_OK, "%s", c.text);
    }
}

Test(server_watch, a_deadline_in_the_past_runs_nothing)
{
    const lanes_abi_kernel kernel = load("double");
    batch b = batch_of(&kernel, &in, &out, ELEMENTS);
    out.data[0] = 7;
    b.entry.deadline_ns = 1;
    cr_assert_eq(client_run(&c, &b).status, LANES_E_DEADLINE, "%s", c.text);
    cr_assert_eq((int)out.data[0], 7);
}

Test(server_watch, a_batch_that_waits_for_a_compile_ends_by_its_deadline)
{
    const lanes_abi_kernel kernel = load("double hold");
    batch b = batch_of(&kernel, &in, &out, ELEMENTS);
    b.stride[0] = 0; /* another variant, which is not compiled before it is released */
    b.entry.deadline_ns = lanes_clock_ns() + 20 * MILLISECOND;
    cr_assert_eq(client_run(&c, &b).status, LANES_E_DEADLINE, "%s", c.text);
    lanes_store_relaxed_u32(&f.is_released, 1);
    b.entry.deadline_ns = 0;
    cr_assert_eq(client_run(&c, &b).status, LANES_OK, "%s", c.text);
}

Test(server_watch, batches_are_cancelled_by_their_tag)
{
    const lanes_abi_kernel slow = load("slow");
    const batch lengthy = batch_of(&slow, &in, &out, ELEMENTS); /* 10 ms on one thread */
    for (uint64_t tag = 0; tag < 60; tag++) {
        client_submit(&c, &lengthy, tag % 3);
    }
    cancel(1);
    uint32_t finished[3] = {0};
    uint32_t cancelled[3] = {0};
    for (uint32_t i = 0; i < 60; i++) {
        const lanes_abi_completion done = client_wait(&c);
        cr_assert(done.status == LANES_OK || done.status == LANES_E_CANCELLED);
        finished[done.tag] += done.status == LANES_OK;
        cancelled[done.tag] += done.status == LANES_E_CANCELLED;
    }
    cr_assert_eq(finished[0], 20);
    cr_assert_eq(finished[2], 20);
    cr_assert_gt(cancelled[1], 0);
    cr_assert_eq(finished[1] + cancelled[1], 20);
}

Test(server_watch, a_callback_that_does_not_return_is_cancelled)
{
    const lanes_abi_kernel kernel = load("endless");
    const batch b = batch_of(&kernel, &in, &out, ELEMENTS);
    in.data[77] = -2;
    client_submit(&c, &b, 5);
    client_submit(&c, &b, 5); /* it waits for the first */
    sleep_ms(20);
    cr_assert_not(client_has_completion(&c, 0));
    cancel(4);
    cr_assert_not(client_has_completion(&c, 20 * MILLISECOND), "of another tag");
    cancel(5);
    cr_assert_eq(client_wait(&c).status, LANES_E_CANCELLED, "%s", c.text);
    cr_assert_not_null(strstr(c.text, "was cancelled;"), "%s", c.text);
    cr_assert_eq(client_wait(&c).status, LANES_E_CANCELLED, "%s", c.text);
    cancel(5); /* there is none any more */
    in.data[77] = 77;
    expect_usable();
}

Test(server_watch, there_is_a_limit_to_tags_that_wait)
{
    const lanes_abi_kernel kernel = load("endless");
    const batch b = batch_of(&kernel, &in, &out, ELEMENTS);
    in.data[77] = -2;
    client_submit(&c, &b, 1000);
    sleep_ms(20); /* dispatch is in it and looks for nothing */
    for (uint64_t tag = 0; tag < LANES_CANCELS_MAX; tag++) {
        cancel(tag);
        cancel(tag); /* the same one */
    }
    lanes_abi_cancel message = {.tag = 1000};
    lanes_abi_cancel reply;
    cr_assert_eq(client_request(&c, LANES_ABI_BATCH_CANCEL, &message, sizeof(message), -1,
                                &reply, sizeof(reply), NULL),
                 LANES_E_QUOTA);
    cr_assert_not_null(strstr(c.text, "16 tags"), "%s", c.text);
    in.data[77] = 77; /* so it returns */
    cr_assert_eq(client_wait(&c).status, LANES_OK, "%s", c.text);
    cancel(1000);
    expect_usable();
}

Test(server_watch, a_client_that_goes_takes_its_callback_along)
{
    client victim;
    segment own[2];
    lanes_abi_kernel kernel;
    const uint32_t fds = settled(count_fds);
    client_open_ok(&victim, &f);
    for (uint32_t i = 0; i < 2; i++) {
        cr_assert_eq(client_segment(&victim, ELEMENTS * sizeof(double), &own[i]),
                     LANES_OK);
    }
    cr_assert_eq(client_load(&victim, "endless", &kernel), LANES_OK);
    own[0].data[4000] = -2;
    const batch b = batch_of(&kernel, &own[0], &own[1], ELEMENTS);
    client_submit(&victim, &b, 1);
    sleep_ms(10);
    client_close(&victim);
    expect_usable();
    cr_assert(falls_to(count_fds, fds), "the session stays");
}

Test(server_watch, a_stop_does_not_wait_for_ever)
{
    const lanes_abi_kernel kernel = load("endless");
    const batch b = batch_of(&kernel, &in, &out, ELEMENTS);
    in.data[3] = -2;
    client_submit(&c, &b, 1);
    sleep_ms(10);
    client_close(&c);
    const uint64_t start_ns = lanes_clock_ns();
    fixture_stop(&f);
    cr_assert_lt(lanes_clock_ns() - start_ns, 1000 * MILLISECOND);
    setup(); /* for the suite's end */
}
