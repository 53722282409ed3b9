# SPDX-License-Identifier: Apache-2.0
"""Callbacks of the end-to-end tests, as a user writes them for Numba."""
import math

import numba
from numba import cfunc


@cfunc("float64(float64,float64)")
def axpy(x, y):
    return 2.5 * x + y


@cfunc("float64(float64,float64)")
def exp_times(x, y):
    return math.exp(-x) * y


@cfunc("float64(float64,float64,float64)")
def black_scholes(spot, strike, years):
    rate, volatility = 0.03, 0.2
    spread = volatility * math.sqrt(years)
    d1 = (math.log(spot / strike) + (rate + 0.5 * volatility * volatility) * years) / spread
    d2 = d1 - spread
    cdf1 = 0.5 * math.erfc(-d1 / math.sqrt(2.0))
    cdf2 = 0.5 * math.erfc(-d2 / math.sqrt(2.0))
    return spot * cdf1 - strike * math.exp(-rate * years) * cdf2


@cfunc("float64(float64,float64,float64,float64)")
def haversine(lat1, lon1, lat2, lon2):
    a = math.sin((lat2 - lat1) * 0.5) ** 2
    b = math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) * 0.5) ** 2
    return 2.0 * 6371.0 * math.asin(math.sqrt(a + b))


@cfunc("float64(float64)")
def polynomial(x):
    p = 1.0 / 16.0
    p = p * x + 1.0 / 15.0
    p = p * x + 1.0 / 14.0
    p = p * x + 1.0 / 13.0
    p = p * x + 1.0 / 12.0
    p = p * x + 1.0 / 11.0
    p = p * x + 1.0 / 10.0
    p = p * x + 1.0 / 9.0
    p = p * x + 1.0 / 8.0
    p = p * x + 1.0 / 7.0
    p = p * x + 1.0 / 6.0
    p = p * x + 1.0 / 5.0
    p = p * x + 1.0 / 4.0
    p = p * x + 1.0 / 3.0
    p = p * x + 1.0 / 2.0
    p = p * x + 1.0 / 1.0
    return p


@cfunc("float64(float64)")
def polynomial_in_a_loop(x):
    p = 1.0 / 16.0
    for k in (15.0, 14.0, 13.0, 12.0, 11.0, 10.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0):
        p = p * x + 1.0 / k
    return p


@cfunc("float64(float64,float64)")
def divide(x, y):
    return x / y


@cfunc("float64(float64)")
def checked_root(x):
    if x < 0.0:
        raise ValueError("negative")
    return math.sqrt(x)


@cfunc("int32(float64,float64)")
def mandelbrot(cr, ci):
    zr = 0.0
    zi = 0.0
    n = 0
    while n < 100 and zr * zr + zi * zi <= 4.0:
        t = zr * zr - zi * zi + cr
        zi = 2.0 * zr * zi + ci
        zr = t
        n += 1
    return n


@cfunc("int32(int32,int32)")
def mix_i4(a, b):
    return (a ^ b) + 3 * a


@cfunc("int64(int64,int64)")
def mix_i8(a, b):
    return a * b - (a >> 3)


@cfunc("float32(float32,float32)")
def blend_f4(x, y):
    return x * y + x


@cfunc("float64(float32,int64)")
def mixed_types(x, n):
    return x + n


def plain(x, y):
    return x - 3.0 * y


@numba.njit
def jitted(x):
    return x * 0.5


@numba.vectorize
def vectorized(x):
    return x + 0.25


not_a_function = 17
