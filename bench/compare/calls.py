#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What does a call from Python cost, beside what the elements do?

Small calls: the same function of 1 and of 1000 f8 that lie in shared memory, as a kernel of
lanes.vectorize with and without out=, as numba.vectorize and by NumExpr; C is the batch that
the first makes, submitted and awaited by lanes_run() without anything else of the package
and without floating-point flags, which np.errstate asks for.
Large calls: 20 M elements, by the package and by lanes_run() on the same arrays.

All callers take turns, in another order each round; a sample is the mean of some calls.
Medians.
"""
import ctypes
import os
import random
import statistics
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "harness"), os.path.join(HERE, "..", "..", "tools", "python")]
import facts  # noqa: E402  pylint: disable=wrong-import-position

try:
    import numba
    import numexpr
    import numpy as np
except ImportError as missing:
    print(f"calls.py: {missing}; apt-get install python3-numba python3-numpy python3-numexpr")
    sys.exit(facts.EXIT_SKIPPED)

SMALL = (1, 1000)
LARGE = 20_000_000


def axpy(x, y):
    return 2.5 * x + y


def decay(x, y):
    return np.exp(-x) * y


def c_caller(client, kernel, x, y, out):
    """lanes_run() of what the last call of `kernel` submitted."""
    import lanes._library as library

    call = next(reversed(kernel._plans.values())).call  # pylint: disable=protected-access
    session, run = client._session.handle, client.library.lanes_run  # pylint: disable=protected-access
    batch = library.Batch.from_buffer_copy(call.batch)
    batch.fp_report = batch.fp_exact = 0
    done, error = library.Completion(), library.Error()
    references = ctypes.byref(batch), ctypes.byref(done), ctypes.byref(error)
    keep = x, y, out, call

    def submit_and_wait():
        if run(session, *references) != 0:
            raise RuntimeError(error.message.decode(), keep)

    return submit_and_wait


def callers(lanes, function, count):
    """{name: function without arguments}"""
    x, y, out = (lanes.empty(count) for _ in range(3))
    x[:], y[:] = np.linspace(0.1, 1, count), 1.0
    kernel = lanes.vectorize(["f8(f8,f8)"])(function)
    compiled = numba.vectorize(["f8(f8,f8)"])(function)
    wanted = function(x, y)
    for made in (kernel(x, y), kernel(x, y, out), kernel(x, y, out), compiled(x, y)):
        assert np.allclose(made, wanted, rtol=1e-14), "the callers disagree"
    expression = "2.5 * x + y" if function is axpy else "exp(-x) * y"
    numexpr.set_num_threads(os.cpu_count())
    names = {"x": x, "y": y}
    result = {
        "lanes, out=": lambda: kernel(x, y, out),
        "lanes": lambda: kernel(x, y),
        "lanes, C": c_caller(lanes.default_client(), kernel, x, y, out),
        "numba.vectorize": lambda: compiled(x, y, out),
        "numexpr": lambda: numexpr.evaluate(expression, local_dict=names, out=out),
    }
    return result


def measure(named, calls, rounds):
    """Medians of the time of one call in ns, by name."""
    samples = {name: [] for name in named}
    # What ran before leaves its threads spinning or asleep, and caches and clocks as it used them.
    order, shuffle = list(named.items()), random.Random(1).shuffle
    for turn in range(rounds + 1):
        shuffle(order)
        for name, function in order:
            start = time.perf_counter_ns()
            for _ in range(calls):
                function()
            if turn:
                samples[name].append((time.perf_counter_ns() - start) / calls)
    return {name: statistics.median(own) for name, own in samples.items()}


def main():
    parser = facts.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=41, help="timed rounds (41)")
    options = facts.parse(parser)
    os.environ["LANES_LIBRARY"] = os.path.join(options.build, "lib", "liblanes.so")
    import lanes

    if options.socket:
        lanes.set_default_client(lanes.Client(options.socket))
    rounds = 2 if options.smoke else options.rounds
    large = 20_001 if options.smoke else LARGE
    content = facts.document("lanes.bench.calls/1", options)
    content["results"] = []
    for function in (axpy, decay):
        for count in (*SMALL, large):
            calls = 20 if options.smoke else 200 if count in SMALL else 1
            medians = measure(callers(lanes, function, count), calls, rounds)
            content["results"].append({"function": function.__name__, "count": count, "ns": medians})
            shown = "  ".join(f"{name} {ns / 1e3:.4g}" for name, ns in medians.items())
            print(f"{function.__name__:6} {count:10}  us: {shown}", flush=True)
    facts.write_json(options, content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
