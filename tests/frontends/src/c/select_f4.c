/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdint.h>

float select_f4(bool flag, int16_t n, float x)
{
    return flag ? x : (float)n;
}
