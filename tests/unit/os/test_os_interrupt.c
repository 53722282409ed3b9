/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_os_interrupt.c - guarded calls that another thread ends.
 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "base/atomic.h"
#include "os/os_guard.h"

#define ROUNDS 200u

static uint32_t is_inside;  /* of the endless call */
static uint32_t is_wanted;  /* the endless call goes on */
static uint32_t returns;    /* of guarded calls */
static uint32_t interrupts; /* of them */

static void install(void)
{
    cr_assert_eq(lanes_os_guard_install(NULL), LANES_OK);
}

TestSuite(os_interrupt, .init = install, .timeout = 60);

static void sleep_us(long us)
{
    nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

static void never_return(void *ctx)
{
    volatile double *sum = ctx;
    lanes_store_seq_cst_u32(&is_inside, 1);
    while (lanes_load_relaxed_u32(&is_wanted) != 0) {
        *sum = *sum * 0.5 + 1;
    }
}

/* Guarded calls with tickets 1, 2, ..., each of which must be ended. */
static void *call_again_and_again(void *ctx)
{
    (void)ctx;
    for (uint64_t ticket = 1; ticket <= ROUNDS; ticket++) {
        double sum = 0;
        lanes_os_fault fault;
        if (!lanes_os_guard_call_for(ticket, never_return, &sum, &fault)) {
            cr_assert(lanes_os_fault_is_interrupt(&fault));
            lanes_fetch_add_relaxed_u32(&interrupts, 1);
        }
        lanes_fetch_add_relaxed_u32(&returns, 1);
    }
    return NULL;
}

static void wait_until_inside(void)
{
    while (lanes_exchange_seq_cst_u32(&is_inside, 0) == 0) {
        sleep_us(50);
    }
}

Test(os_interrupt, who_knows_the_ticket_ends_the_call)
{
    pthread_t thread;
    lanes_store_relaxed_u32(&is_wanted, 1);
    cr_assert_eq(pthread_create(&thread, NULL, call_again_and_again, NULL), 0);
    for (uint64_t ticket = 1; ticket <= ROUNDS; ticket++) {
        wait_until_inside();
        lanes_os_guard_interrupt(thread, ticket + 1);
        lanes_os_guard_interrupt(thread, ticket - 1);
        sleep_us(200);
        cr_assert_eq(lanes_load_relaxed_u32(&returns), ticket - 1, "by another ticket");
        while (lanes_load_relaxed_u32(&returns) < ticket) { /* one may be lost */
            lanes_os_guard_interrupt(thread, ticket);
            sleep_us(100);
        }
    }
    pthread_join(thread, NULL);
    cr_assert_eq(returns, ROUNDS);
    cr_assert_eq(interrupts, ROUNDS);
}

static void *call_without_ticket(void *ctx)
{
    (void)ctx;
    double sum = 0;
    lanes_os_fault fault;
    cr_assert(lanes_os_guard_call(never_return, &sum, &fault));
    return NULL;
}

Test(os_interrupt, a_call_without_a_ticket_goes_on)
{
    pthread_t thread;
    lanes_store_relaxed_u32(&is_wanted, 1);
    cr_assert_eq(pthread_create(&thread, NULL, call_without_ticket, NULL), 0);
    wait_until_inside();
    for (uint64_t ticket = 0; ticket < 3; ticket++) {
        lanes_os_guard_interrupt(thread, ticket);
    }
    cr_assert_eq(pthread_kill(thread, SIGURG), 0, "nor is any other signal heard");
    sleep_us(1000);
    lanes_store_relaxed_u32(&is_wanted, 0);
    pthread_join(thread, NULL);
}

Test(os_interrupt, outside_of_guarded_calls_nothing_happens)
{
    lanes_os_guard_interrupt(pthread_self(), 1);
    sleep_us(100);
    lanes_os_fault fault = {.signal_number = SIGSEGV};
    cr_assert_not(lanes_os_fault_is_interrupt(&fault));
}
