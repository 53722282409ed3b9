/* SPDX-License-Identifier: Apache-2.0 */
#include <complex.h>

float complex complex_scale_f4(float complex z, float x)
{
    return z * x;
}
