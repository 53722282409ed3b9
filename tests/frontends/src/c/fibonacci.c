/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

int64_t fibonacci(int32_t n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}
