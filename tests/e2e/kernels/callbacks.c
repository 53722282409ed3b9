/* SPDX-License-Identifier: Apache-2.0 */
/* Black-Scholes as a C callback; compiled by several clangs. */
#include <math.h>

static double normal_cdf(double x)
{
    return 0.5 * erfc(-x * 0.70710678118654752440);
}

double black_scholes(double spot, double strike, double years)
{
    const double spread = 0.2 * sqrt(years);
    const double d1 = (log(spot / strike) + 0.05 * years) / spread;
    return spot * normal_cdf(d1) - strike * exp(-0.03 * years) * normal_cdf(d1 - spread);
}
