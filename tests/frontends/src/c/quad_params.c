/* SPDX-License-Identifier: Apache-2.0 */

double quad_params(double x, void *user_data)
{
    const double *p = user_data;
    return p[0] * x + p[1];
}
