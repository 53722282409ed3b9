# SPDX-License-Identifier: Apache-2.0
"""The kernels of bench/compare and bench/e2e, once per way of running them.

`callback` is ordinary Python of scalars: run as it is, it is the reference; Numba's cfunc
turns it into the IR that lanes runs, and Numba's njit into the callee of prange. hand.c
has the same kernels with the same constants; loops.py says which loops they are.
"""
import collections
import math

import numpy as np

A = 2.5
RATE = 0.03
VOLATILITY = 0.25
EARTH_KM = 6371.0088
RADIAN = 0.017453292519943295
SQRT1_2 = math.sqrt(0.5)


def axpy(x, y):
    return A * x + y


def divide(x, y):
    return x / y


def exp(x, y):
    return math.exp(-x) * y


def chain(x, y):
    """exp(axpy(divide(x, y), y), y)"""
    return math.exp(-(A * (x / y) + y)) * y


def black_scholes(s, k, t):
    spread = VOLATILITY * math.sqrt(t)
    d1 = (math.log(s / k) + (RATE + 0.5 * VOLATILITY * VOLATILITY) * t) / spread
    d2 = d1 - spread
    return 0.5 * (
        s * math.erfc(-d1 * SQRT1_2) - k * math.exp(-RATE * t) * math.erfc(-d2 * SQRT1_2)
    )


def haversine(lat1, lon1, lat2, lon2):
    p1 = RADIAN * lat1
    p2 = RADIAN * lat2
    sp = math.sin(0.5 * (p2 - p1))
    sl = math.sin(0.5 * (RADIAN * lon2 - RADIAN * lon1))
    return 2.0 * EARTH_KM * math.asin(
        math.sqrt(sp * sp + math.cos(p1) * math.cos(p2) * sl * sl)
    )


# NumPy: the expressions that people write. out= where it saves a temporary.


def numpy_axpy(x, y, out, where=True):
    np.multiply(x, A, out=out, where=where, dtype="f8")
    np.add(out, y, out=out, where=where, dtype="f8")


def numpy_divide(x, y, out):
    np.divide(x, y, out=out)


def numpy_exp(x, y, out):
    np.exp(-x, out=out)
    np.multiply(out, y, out=out)


def numpy_chain(x, y, out):
    numpy_divide(x, y, out)
    numpy_axpy(out, y, out)
    np.negative(out, out=out)
    np.exp(out, out=out)
    np.multiply(out, y, out=out)


def numpy_erfc(x):
    """NumPy has no erfc. Abramowitz-Stegun 7.1.26, |error| <= 1.5e-7."""
    z = np.abs(x)
    t = 1.0 / (1.0 + 0.3275911 * z)
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (
        -1.453152027 + t * 1.061405429))))  # fmt: skip
    tail = poly * np.exp(-z * z)
    return np.where(x < 0, 2.0 - tail, tail)


def numpy_black_scholes(s, k, t, out):
    spread = VOLATILITY * np.sqrt(t)
    d1 = (np.log(s / k) + (RATE + 0.5 * VOLATILITY * VOLATILITY) * t) / spread
    d2 = d1 - spread
    out[:] = 0.5 * (
        s * numpy_erfc(-d1 * SQRT1_2) - k * np.exp(-RATE * t) * numpy_erfc(-d2 * SQRT1_2)
    )


def numpy_haversine(lat1, lon1, lat2, lon2, out):
    p1 = RADIAN * lat1
    p2 = RADIAN * lat2
    sp = np.sin(0.5 * (p2 - p1))
    sl = np.sin(0.5 * (RADIAN * lon2 - RADIAN * lon1))
    h = np.sqrt(sp * sp + np.cos(p1) * np.cos(p2) * sl * sl)
    np.multiply(np.arcsin(h), 2.0 * EARTH_KM, out=out)


# inputs: ranges of uniformly distributed operands. scale(inputs, reference) is what an
# error is measured against; the result must be within `bound` of it.
Kernel = collections.namedtuple("Kernel", "name callback numpy ranges scale bound numpy_bound")


def size_of_result(_inputs, reference):
    return np.abs(reference)


def conditioning_of_asin(_inputs, reference):
    """Near the antipode asin turns an error of one ulp into many."""
    return EARTH_KM * (1.0 + np.abs(np.tan(reference / (2.0 * EARTH_KM))))


KERNELS = [
    Kernel("axpy", axpy, numpy_axpy, [(-1, 1), (1, 3)],
           lambda inputs, _: A * np.abs(inputs[0]) + np.abs(inputs[1]), 4e-16, 4e-16),
    Kernel("divide", divide, numpy_divide, [(-1, 1), (1, 3)],
           size_of_result, 5e-16, 5e-16),
    Kernel("exp", exp, numpy_exp, [(0, 10), (1, 3)],
           size_of_result, 1.2e-15, 1.2e-15),
    Kernel("fused chain", chain, numpy_chain, [(-1, 1), (1, 3)],  # exp() of up to 5, one ulp apart
           size_of_result, 2e-15, 2e-15),
    Kernel("black-scholes", black_scholes, numpy_black_scholes,
           [(80, 120), (80, 120), (0.1, 2)],
           lambda inputs, _: inputs[0] + inputs[1], 5e-15, 1e-6),
    Kernel("haversine", haversine, numpy_haversine,
           [(-80, 80), (-180, 180), (-80, 80), (-180, 180)],
           conditioning_of_asin, 4e-15, 4e-15),
]  # fmt: skip


def make_inputs(kernel, arrays, seed):
    """Fill arrays with the kernel's operands; the same for the same seed."""
    for index, (array, (low, high)) in enumerate(zip(arrays, kernel.ranges)):
        random = np.random.default_rng([seed, index])
        for start in range(0, array.size, 1 << 22):
            part = array[start : start + (1 << 22)]
            random.random(out=part)
            part *= high - low
            part += low


def error_of(kernel, inputs, reference, result):
    """The largest error relative to the kernel's scale; NaN where either is."""
    worst = 0.0
    step = max(1, (result.shape[0] << 20) // result.size)  # of the first dimension
    for start in range(0, result.shape[0], step):
        part = slice(start, start + step)
        scale = kernel.scale([array[part] for array in inputs], reference[part])
        errors = np.abs(result[part] - reference[part]) / scale
        worst = np.maximum(worst, np.max(errors))  # keeps NaN, unlike max()
    return float(worst)


def numba_ir(kernel):
    """The kernel's IR from Numba's @cfunc with its default options."""
    import numba

    signature = numba.float64(*[numba.float64] * len(kernel.ranges))
    return numba.cfunc(signature)(kernel.callback).inspect_llvm()
