/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring_copy.c - the only loads of entries and arguments in the executor.
 *
 * tests/unit/ring/copy_once.py reads the assembly that gcc and clang make of this file
 * and fails unless each word is loaded once. Keep it to these two functions.
 */
#include "ring/ring_internal.h"

_Static_assert(LANES_RING_ENTRY_WORDS == 16, "the copy below is written out");

void lanes_ring_copy_entry(uint64_t *restrict target, const volatile uint64_t *source)
{
    /* Written out so that the test can count loads: one each at 0, 8, ... 120. */
    target[0] = source[0];
    target[1] = source[1];
    target[2] = source[2];
    target[3] = source[3];
    target[4] = source[4];
    target[5] = source[5];
    target[6] = source[6];
    target[7] = source[7];
    target[8] = source[8];
    target[9] = source[9];
    target[10] = source[10];
    target[11] = source[11];
    target[12] = source[12];
    target[13] = source[13];
    target[14] = source[14];
    target[15] = source[15];
}

void lanes_ring_copy_words(uint64_t *restrict target, const volatile uint64_t *source,
                           size_t count)
{
    /* Not unrolled, so that one load in the assembly is one load per word. */
#if defined(__clang__)
#pragma clang loop unroll(disable)
#else
#pragma GCC unroll 1
#endif
    for (size_t i = 0; i < count; i++) {
        target[i] = source[i];
    }
}
