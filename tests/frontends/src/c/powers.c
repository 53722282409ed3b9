/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

double powers(double x)
{
    return pow(x, 2.5) + x * x * x;
}
