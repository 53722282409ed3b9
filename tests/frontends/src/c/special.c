/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

double special(double x)
{
    return erf(x) + hypot(x, 1.0);
}
