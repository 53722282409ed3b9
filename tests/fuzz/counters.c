/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counters.c - see counters.h.
 *
 * By itself, and without counters of its own: in a file that has some, clang would take
 * the names below for its own and give its registration of them others.
 */
#include "counters.h"

extern uint8_t __start___sancov_cntrs[] __attribute__((weak));
extern uint8_t __stop___sancov_cntrs[] __attribute__((weak));

#if defined(__clang__)
__attribute__((no_sanitize("coverage")))
#endif
uint8_t *fuzz_counters(size_t *out_bytes)
{
    uint8_t *begin = __start___sancov_cntrs;
    *out_bytes = begin == NULL ? 0 : (size_t)(__stop___sancov_cntrs - begin);
    return begin;
}
