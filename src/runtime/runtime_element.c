/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime_element.c - where an element begins, and how it has failed.
 */
#include "runtime/runtime_internal.h"

LANES_RUNTIME_THREAD int32_t this_failure; /* enum lanes_element_code */

void lanes_runtime_begin(uint64_t seed, uint64_t index)
{
    this_failure = LANES_ELEMENT_OK;
    lanes_runtime_arena_reset();
    lanes_runtime_random_begin(seed, index);
}

void lanes_runtime_fail(int32_t code)
{
    if (this_failure == LANES_ELEMENT_OK) {
        this_failure = code;
    }
}

int32_t lanes_runtime_failure(void)
{
    return this_failure;
}

/* NOLINTBEGIN(readability-identifier-naming) */

/* Numba's ends the process; IR goes on behind the call. */
int numba_fatal_error(void)
{
    lanes_runtime_fail(LANES_ELEMENT_FATAL);
    return 0;
}

/* There is no interpreter lock; IR takes it before it gives up (Py_FatalError(), which
 * the compiler turns into a failure of the element). */
void numba_gil_ensure(int *out_state)
{
    *out_state = 0;
}

void numba_gil_release(const int *state)
{
    (void)state;
}

/* NOLINTEND(readability-identifier-naming) */
