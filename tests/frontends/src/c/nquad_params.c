/* SPDX-License-Identifier: Apache-2.0 */

double nquad_params(int n, double *x, void *user_data)
{
    const double *p = user_data;
    double total = 0.0;
    for (int i = 0; i < n; i++) {
        total += x[i] * p[i];
    }
    return total;
}
