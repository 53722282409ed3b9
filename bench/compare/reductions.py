#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Are reductions as fast as what one would write instead?

As loops.py, whose table has the plain sum, for others: extremes, their places, axes, and
the sum of what a callback computes.
"""
import math
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import facts  # noqa: E402  pylint: disable=wrong-import-position

try:
    import numpy as np

    import loops  # noqa: E402
    import numba  # noqa: E402  behind loops, as there
except ImportError as missing:
    print(f"reductions.py: {missing}; apt-get install python3-numba python3-numpy")
    sys.exit(facts.EXIT_SKIPPED)

import kernels as catalogue  # noqa: E402


def exp(x):
    return math.exp(-x)


def numba_sum_exp(x, out):
    total = 0.0
    for i in numba.prange(x.size):
        total += math.exp(-x[i])
    out[0] = total


def numba_max(x, out):
    largest = x[0]
    for i in numba.prange(x.size):
        largest = max(largest, x[i])
    out[0] = largest


def numba_argmax(x, out):
    out[0] = np.argmax(x)


def numba_sum_down(x, out):
    out[:] = 0
    for i in range(x.shape[0]):
        for j in numba.prange(x.shape[1]):
            out[j] += x[i, j]


def numba_sum_along(x, out):
    for i in numba.prange(x.shape[0]):
        total = 0.0
        for j in range(x.shape[1]):
            total += x[i, j]
        out[i] = total


def exact_kernel(name, numpy):
    return catalogue.Kernel(name, loops.identity, numpy, [(0, 1)], lambda inputs, _: 1, 0, 0)


CASES = [
    loops.reduction_case(
        loops.sum_kernel("sum of exp(-x)", exp,
                         lambda x, out: np.sum(np.exp(-x), out=out[0, ...])),
        "hand_sum_exp", "sum(exp(-x))", ("sum", loops.ALL_AXES), numba_sum_exp),
    loops.reduction_case(
        exact_kernel("max", lambda x, out: np.max(x, out=out[0, ...])),
        "hand_max", "max(x)", ("max", loops.ALL_AXES), numba_max),
    loops.reduction_case(
        exact_kernel("argmax", lambda x, out: np.argmax(x, out=out[0, ...])),
        "hand_argmax", None, ("argmax", loops.ALL_AXES), numba_argmax,
        lambda new, n, m: (new(n), np.broadcast_to(new(1, dtype="i8"), (n,)))),
    loops.reduction_case(
        loops.sum_kernel("sum, axis 0", loops.identity,
                         lambda x, out: np.sum(x, axis=0, out=out)),
        "hand_sum_down", "sum(x, axis=0)", ("sum", 1), numba_sum_down,
        lambda new, n, m: (new(m, m), loops.square(new(m), m))),
    loops.reduction_case(
        loops.sum_kernel("sum, axis 1", loops.identity,
                         lambda x, out: np.sum(x, axis=1, out=out)),
        "hand_sum_along", "sum(x, axis=1)", ("sum", 2), numba_sum_along,
        lambda new, n, m: (new(m, m), loops.square(new(m)[:, None], m))),
]  # fmt: skip


if __name__ == "__main__":
    sys.exit(loops.main("reductions", CASES, __doc__))
