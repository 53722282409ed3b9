/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

typedef struct pair {
    double x, y;
} pair;

pair polar(double r, double angle)
{
    return (pair){r * cos(angle), r * sin(angle)};
}
