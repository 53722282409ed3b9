/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

uint64_t multiply_high(uint64_t a, uint64_t b)
{
    return (uint64_t)(((unsigned __int128)a * b) >> 64);
}
