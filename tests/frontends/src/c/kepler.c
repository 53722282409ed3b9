/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

static inline double step(double e, double eccentricity, double mean)
{
    return (e - eccentricity * sin(e) - mean) / (1.0 - eccentricity * cos(e));
}

double kepler(double mean, double eccentricity)
{
    double e = mean;
    for (int i = 0; i < 50; i++) {
        const double change = step(e, eccentricity, mean);
        e -= change;
        if (fabs(change) < 1e-14) {
            break;
        }
    }
    return e;
}
