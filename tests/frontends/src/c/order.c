/* SPDX-License-Identifier: Apache-2.0 */

int order(double x, double y)
{
    return (x > y) - (x < y);
}
