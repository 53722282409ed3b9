/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled once for each integer type: -DINTEGER=int8_t -DNAME=mix_i8 and so on. */
#include <stdint.h>

INTEGER NAME(INTEGER a, INTEGER b)
{
    return (INTEGER)((a ^ b) + a * b);
}
