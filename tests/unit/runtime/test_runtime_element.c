/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an element fails, and that the next one knows nothing of it.
 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>

#include "runtime/runtime_internal.h"

Test(runtime_element, first_failure_counts)
{
    lanes_runtime_begin(1, 1);
    cr_expect_eq(lanes_runtime_failure(), LANES_ELEMENT_OK);
    lanes_runtime_fail(LANES_ELEMENT_ZERO_DIVISION);
    lanes_runtime_fail(LANES_ELEMENT_OVERFLOW);
    cr_expect_eq(lanes_runtime_failure(), LANES_ELEMENT_ZERO_DIVISION);
    lanes_runtime_begin(1, 2);
    cr_expect_eq(lanes_runtime_failure(), LANES_ELEMENT_OK);
}

Test(runtime_element, fatal_error_fails_the_element_only)
{
    lanes_runtime_begin(1, 1);
    cr_expect_eq(numba_fatal_error(), 0);
    cr_expect_eq(lanes_runtime_failure(), LANES_ELEMENT_FATAL);
}

static void *read_failure(void *ctx)
{
    *(int32_t *)ctx = lanes_runtime_failure();
    return NULL;
}

Test(runtime_element, failures_belong_to_a_thread)
{
    lanes_runtime_begin(1, 1);
    lanes_runtime_fail(LANES_ELEMENT_OVERFLOW);
    int32_t other = -1;
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, read_failure, &other), 0);
    pthread_join(thread, NULL);
    cr_expect_eq(other, LANES_ELEMENT_OK);
}

Test(runtime_element, there_is_no_lock_to_hold)
{
    int state = 5;
    numba_gil_ensure(&state);
    cr_expect_eq(state, 0);
    numba_gil_release(&state);
}
