/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

double damped(double x, double y)
{
    if (x > 0.0) {
        return x * exp(-y) + 1.0;
    }
    return y - x;
}
