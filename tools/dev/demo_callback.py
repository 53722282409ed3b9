# SPDX-License-Identifier: Apache-2.0
"""The callback of the demonstration: an ordinary Numba @cfunc with a scalar signature."""

import math

from numba import cfunc


@cfunc("float64(float64, float64, float64, float64, float64)")
def black_scholes(spot, strike, years, rate, volatility):
    """Price of a European call option."""
    spread = volatility * math.sqrt(years)
    d1 = (math.log(spot / strike) + (rate + 0.5 * volatility * volatility) * years) / spread
    d2 = d1 - spread
    above = 0.5 * math.erfc(-d1 * 0.7071067811865476)
    exercised = 0.5 * math.erfc(-d2 * 0.7071067811865476)
    return spot * above - strike * math.exp(-rate * years) * exercised
