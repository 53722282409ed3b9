/* SPDX-License-Identifier: Apache-2.0 */

void sum_difference(double x, double y, double *sum, double *difference)
{
    *sum = x + y;
    *difference = x - y;
}
