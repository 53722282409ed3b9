/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled once for each integer type: -DINTEGER=int32_t -DNAME=quotient_i32. */
#include <stdint.h>

INTEGER NAME(INTEGER a, INTEGER b)
{
    return (INTEGER)(a / b + a % b);
}
