#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The demonstration of tools/quickstart.

Takes the IR of a real Numba @cfunc (demo_callback.py, default error model), maps it over
20 million elements in a private executor that has neither Python nor Numba, checks the
result, and shows the same work done by NumPy.

    tools/dev/demo.py --build build/release [--elements N]
"""

import argparse
import json
import math
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np

RATE = 0.02
VOLATILITY = 0.30
CALLBACK = pathlib.Path(__file__).with_name("demo_callback.py")


def fail(text):
    print(f"demonstration: FAILED: {text}")
    sys.exit(1)


def scratch_folder(wanted_bytes):
    """/dev/shm if it has room, so that the arrays are memory and not a disk; else /tmp."""
    for parent in ("/dev/shm", None):
        try:
            if parent is None or shutil.disk_usage(parent).free > 1.2 * wanted_bytes:
                return tempfile.TemporaryDirectory(prefix="lanes-demo-", dir=parent)
        except OSError:
            continue
    raise AssertionError("unreachable: None is always tried")


def numpy_erfc(x):
    """erfc to 1.2e-7 (Numerical Recipes, 2nd ed., erfcc): NumPy itself has none."""
    t = 1.0 / (1.0 + 0.5 * np.abs(x))
    poly = 0.17087277
    for c in (-0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418,
              0.37409196, 1.00002368, -1.26551223):
        poly = poly * t + c
    tail = t * np.exp(-x * x + poly)
    return np.where(x >= 0.0, tail, 2.0 - tail)


def numpy_black_scholes(spot, strike, years):
    spread = VOLATILITY * np.sqrt(years)
    d1 = (np.log(spot / strike) + (RATE + 0.5 * VOLATILITY * VOLATILITY) * years) / spread
    d2 = d1 - spread
    return (spot * 0.5 * numpy_erfc(-d1 * math.sqrt(0.5))
            - strike * np.exp(-RATE * years) * 0.5 * numpy_erfc(-d2 * math.sqrt(0.5)))


def exact_black_scholes(spot, strike, years):
    spread = VOLATILITY * math.sqrt(years)
    d1 = (math.log(spot / strike) + (RATE + 0.5 * VOLATILITY ** 2) * years) / spread
    d2 = d1 - spread
    return (spot * 0.5 * math.erfc(-d1 * 0.7071067811865476)
            - strike * math.exp(-RATE * years) * 0.5 * math.erfc(-d2 * 0.7071067811865476))


def run_lanes(program, inputs, output):
    command = [program, "run", f"{CALLBACK}:black_scholes", *inputs, str(RATE), str(VOLATILITY),
               "-o", output, "--json"]
    print("   ", " ".join(command))
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        fail(f"lanes run ended with status {done.returncode}")
    return json.loads(done.stdout)


def check(result, quick, spot, strike, years):
    """Every element to the accuracy of NumPy's erfc above, a sample to that of math."""
    worst = float(np.max(np.abs(result - quick) / spot))
    print(f"    all {len(result):,} elements within {worst:.1e} of NumPy (relative to spot)")
    if not worst < 1e-6:
        fail("the result differs from NumPy's")
    sample = np.random.default_rng(1).integers(0, len(result), 100_000)
    worst = max(abs(result[i] - exact_black_scholes(spot[i], strike[i], years[i])) / spot[i]
                for i in sample)
    print(f"    {len(sample):,} random elements within {worst:.1e} of Python's math")
    if not worst < 1e-14:
        fail("the result differs from Python's math")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", default="build/release", help="where lanes was built")
    parser.add_argument("--elements", type=int, default=20_000_000)
    arguments = parser.parse_args()
    program = os.path.join(arguments.build, "bin", "lanes")
    count = arguments.elements

    with scratch_folder(4 * 8 * count) as folder:
        print(f"making {count:,} random options in {folder}")
        random = np.random.default_rng(0)
        spot, strike, years = (random.uniform(low, high, count)
                               for low, high in ((50, 150), (60, 140), (0.1, 2.0)))
        inputs = [os.path.join(folder, name + ".npy") for name in ("spot", "strike", "years")]
        for path, array in zip(inputs, (spot, strike, years)):
            np.save(path, array)

        print("running Numba's callback in the executor")
        output = os.path.join(folder, "price.npy")
        report = run_lanes(program, inputs, output)
        seconds = report["run_ns"] / 1e9
        print("the same work by NumPy (one thread, as NumPy works)")
        start = time.perf_counter()
        quick = numpy_black_scholes(spot, strike, years)
        numpy_seconds = time.perf_counter() - start
        print("checking")
        check(np.load(output, mmap_mode="r"), quick, spot, strike, years)

    print(f"""
Black-Scholes with math.erfc, {count:,} elements of float64
    lanes   {seconds * 1e3:8.1f} ms   {count / seconds / 1e6:7.0f} M elements/s   """
          f"""{4 * 8 * count / seconds / 1e9:5.1f} GB/s
    NumPy   {numpy_seconds * 1e3:8.1f} ms   {count / numpy_seconds / 1e6:7.0f} M elements/s   """
          f"""(lanes is {numpy_seconds / seconds:.1f} times as fast)
    SIMD width {report["vector_width"]}, {report["threads"]} threads, """
          f"""compiled in {report["compile_ns"] / 1e6:.0f} ms""")
    print("demonstration: OK")


if __name__ == "__main__":
    main()
