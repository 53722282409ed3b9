/* SPDX-License-Identifier: Apache-2.0 */

double nquad(int n, double *x)
{
    double total = 0.0;
    for (int i = 0; i < n; i++) {
        total += x[i] * (i + 1);
    }
    return total;
}
