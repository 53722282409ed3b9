#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What does it cost that an element may fail?

Pairs of callbacks that compute the same, one of which may raise; nothing does. Both run on
the same arrays, in turn. A ratio is the median without checks over that with checks: 1 is
no cost.

  x/y        Numba's default error model (a test for 0) against error_model="numpy"
  sqrt       a callback that raises ValueError('negative', x) against one that does not
             (needs Numba >= 0.57 for the computed argument; else a constant one)
  int, uint  C: x / y with the checks for 0 and MIN / -1, against (x | 1) / (y | 1), where
             LLVM sees that there is nothing to check, and nothing else; without a sign,
             against x / (y | 1)
"""
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import facts  # noqa: E402  pylint: disable=wrong-import-position

try:
    import numba
    import numpy as np
except ImportError as missing:
    print(f"errors.py: {missing}; apt-get install python3-numba python3-numpy")
    sys.exit(facts.EXIT_SKIPPED)

import lanes_session as lanes  # noqa: E402

SEED = 20240229


def numba_pairs():
    def divide(x, y):
        return x / y

    def root(x, y):
        return (x * x + y) ** 0.5

    def checked_root(x, y):
        if x < 0.0:
            raise ValueError("negative")
        return (x * x + y) ** 0.5

    double = "float64(float64, float64)"
    return [
        ("x/y", numba.cfunc(double, error_model="numpy")(divide).inspect_llvm(),
         numba.cfunc(double)(divide).inspect_llvm(), "f8"),
        ("sqrt", numba.cfunc(double, error_model="numpy")(root).inspect_llvm(),
         numba.cfunc(double, error_model="numpy")(checked_root).inspect_llvm(), "f8"),
    ]  # fmt: skip


def c_pairs():
    def function(width, body):
        return f"define i{width} @f(i{width} %x, i{width} %y) {{\n{body}  ret i{width} %q\n}}\n"

    pairs = []
    for name, operation, dtype in (("uint32 x/y", "udiv", "u4"), ("int8 x/y", "sdiv", "i1"),
                                   ("int16 x/y", "sdiv", "i2"), ("int32 x/y", "sdiv", "i4"),
                                   ("uint64 x/y", "udiv", "u8"), ("int64 x/y", "sdiv", "i8"),
                                   ("int64 x%y", "srem", "i8")):  # fmt: skip
        # Data are odd and positive, so both divide the same numbers; LLVM knows it of one.
        width = 8 * int(dtype[1])
        plain = function(width, f"  %d = or i{width} %y, 1\n"
                                f"  %h = or i{width} %x, {int(dtype[0] == 'i')}\n"
                                f"  %q = {operation} i{width} %h, %d\n")  # fmt: skip
        checked = function(width, f"  %q = {operation} i{width} %x, %y\n")
        pairs.append((name, plain, checked, dtype))
    return pairs


def measure(session, pair, count, rounds):
    """(report of both, medians of both in ns)"""
    name, plain, checked, dtype = pair
    random = np.random.default_rng(SEED)
    arrays = [session.array(count, dtype) for _ in range(3)]
    for array in arrays[:2]:
        values = random.uniform(1, 127 if dtype == "i1" else 1000, count)
        array.data[:] = values.astype(dtype) | 1 if dtype[0] in "iu" else values
    signature = f"{dtype}({dtype},{dtype})"
    kernels = [session.load(ir, signature) for ir in (plain, checked)]
    samples = ([], [])
    for i in range(rounds + 2):
        for kernel, own in zip(kernels, samples):
            start = time.perf_counter_ns()
            kernel.run(*arrays)
            if i >= 2:
                own.append(time.perf_counter_ns() - start)
    widths = [kernel.run(*arrays).vector_width for kernel in kernels]
    for thing in kernels + arrays:
        thing.release()
    medians = [statistics.median(own) for own in samples]
    return {"pair": name, "count": count, "plain_ns": medians[0], "checked_ns": medians[1],
            "ratio": medians[0] / medians[1], "width_plain": widths[0],
            "width_checked": widths[1]}  # fmt: skip


def main():
    parser = facts.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=41, help="timed rounds (41)")
    options = facts.parse(parser)
    counts = [20_001] if options.smoke else [200_000, 20_000_000]
    rounds = 2 if options.smoke else options.rounds
    content = facts.document("lanes.bench.errors/1", options)
    content["results"] = []
    print(f"{'pair':12} {'elements':>10} {'plain ms':>9} {'checked ms':>10} {'ratio':>6}  width")
    with lanes.Session(lanes.library(options.build), options.socket) as session:
        for pair in numba_pairs() + c_pairs():
            for count in counts:
                part = measure(session, pair, count, rounds)
                content["results"].append(part)
                print(f"{part['pair']:12} {count:10} {part['plain_ns'] / 1e6:9.4g} "
                      f"{part['checked_ns'] / 1e6:10.4g} {part['ratio']:6.3f}  "
                      f"{part['width_plain']}, {part['width_checked']}", flush=True)  # fmt: skip
    facts.write_json(options, content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
