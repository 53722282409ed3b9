/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdint.h>

typedef struct parts {
    double fraction;
    int32_t whole;
} parts;

parts split(double x)
{
    const double whole = floor(x);
    return (parts){x - whole, (int32_t)whole};
}
