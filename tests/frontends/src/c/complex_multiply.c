/* SPDX-License-Identifier: Apache-2.0 */
#include <complex.h>

/* Calls __muldc3 where both parts are NaN. */
double complex complex_multiply(double complex z, double complex w)
{
    return z * w;
}
