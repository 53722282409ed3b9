/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

/* SciPy's generic_filter; 0 means failure. */
int generic_filter(double *buffer, intptr_t size, double *result, void *user_data)
{
    double total = *(const double *)user_data;
    for (intptr_t i = 0; i < size; i++) {
        total += buffer[i];
    }
    *result = total / (double)size;
    return 1;
}
