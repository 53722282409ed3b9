#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Are reductions as fast as what one would write instead?

As loops.py, whose peers and clock these are: each case on the same array, in turn, checked
against NumPy first. The ratio is the median of the fastest peer over that of lanes.
"""
import collections
import math
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import facts  # noqa: E402  pylint: disable=wrong-import-position

# Else Numba counts the cores of the thread that compiles, which libgomp may have bound.
os.environ.setdefault("NUMBA_NUM_THREADS", str(len(os.sched_getaffinity(0))))

try:
    import numba
    import numpy as np

    import loops  # noqa: E402
    import peers as all_peers  # noqa: E402
except ImportError as missing:
    print(f"reductions.py: {missing}; apt-get install python3-numba python3-numpy")
    sys.exit(facts.EXIT_SKIPPED)

SUM, MAX, ARGMAX = 1, 4, 8  # enum lanes_reduce
ALL_AXES = 0xFFFFFFFF
NAMES = ("lanes", "hand", "numba-fast", "numexpr", "numpy")

IDENTITY = "define double @f(double %x) {\n  ret double %x\n}\n"
EXP = ("declare double @exp(double)\n"
       "define double @f(double %x) {\n  %n = fneg double %x\n"
       "  %r = call double @exp(double %n)\n  ret double %r\n}\n")  # fmt: skip

# axes: of the reduction, as bits; sides: the array is a square
Case = collections.namedtuple("Case", "name ir reduce axes hand numba numexpr numpy dtype")


def numba_sum(x, out):
    total = 0.0
    for i in numba.prange(x.size):
        total += x[i]
    out[0] = total


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


CASES = [
    Case("sum", IDENTITY, SUM, ALL_AXES, "hand_sum", numba_sum, "sum(x)",
         lambda x, out: np.sum(x, out=out[0, ...]), "f8"),
    Case("sum of exp(-x)", EXP, SUM, ALL_AXES, "hand_sum_exp", numba_sum_exp, "sum(exp(-x))",
         lambda x, out: np.sum(np.exp(-x), out=out[0, ...]), "f8"),
    Case("max", IDENTITY, MAX, ALL_AXES, "hand_max", numba_max, "max(x)",
         lambda x, out: np.max(x, out=out[0, ...]), "f8"),
    Case("argmax", IDENTITY, ARGMAX, ALL_AXES, "hand_argmax", numba_argmax, None,
         lambda x, out: np.argmax(x, out=out[0, ...]), "i8"),
    Case("sum, axis 0", IDENTITY, SUM, 1, "hand_sum_down", numba_sum_down, "sum(x, axis=0)",
         lambda x, out: np.sum(x, axis=0, out=out), "f8"),
    Case("sum, axis 1", IDENTITY, SUM, 2, "hand_sum_along", numba_sum_along, "sum(x, axis=1)",
         lambda x, out: np.sum(x, axis=1, out=out), "f8"),
]  # fmt: skip


class Operands:
    """x, and the results, in one segment."""

    def __init__(self, session, case, n):
        side = math.isqrt(n)
        shape = (n,) if case.axes == ALL_AXES else (side, side)
        count = math.prod(shape)
        self.segment = session.array(8 * count + 8 * side + 64, "u1")
        memory = self.segment.data
        self.x = np.ndarray(shape, "f8", memory)
        self.x.reshape(-1)[:] = np.random.default_rng(loops.SEED).random(count)
        kept = 1 if case.axes == ALL_AXES else side
        start = -(-8 * count // 64) * 64
        self.out = np.ndarray((kept,), case.dtype, memory, start)
        stride = {ALL_AXES: (0,), 1: (0, 8), 2: (8, 0)}[case.axes]
        self.spread = np.ndarray(shape, case.dtype, memory, start, stride)
        self.count = count

    def release(self):
        self.x = self.out = self.spread = None
        self.segment.release()


def runs_of(peers, case, operands, kernel, wanted):
    """{name: run} of those wanted peers that can run the case."""
    x, out = operands.x, operands.out
    batch = kernel.batch_of_views(operands.segment, [x, operands.spread])
    batch.reduce, batch.reduce_axes = case.reduce, case.axes
    compiled = numba.njit(case.numba, parallel=True, fastmath=True)
    expression = None
    if case.numexpr and all_peers.numexpr:
        text = case.numexpr
        expression = lambda: out.__setitem__(slice(None), all_peers.numexpr.evaluate(  # noqa: E731
            text, {"x": x}))  # fmt: skip
    makers = {
        "lanes": lambda: peers.lanes(batch),
        "hand": lambda: peers.by_hand(case.hand, [x, out]),
        "numba-fast": lambda: peers.on_openmp_thread(all_peers.repeated(lambda: compiled(x, out))),
        "numexpr": lambda: expression and all_peers.repeated(expression),
        "numpy": lambda: all_peers.repeated(lambda: case.numpy(x, out)),
    }
    made = {name: makers[name]() for name in wanted}
    return {name: run for name, run in made.items() if run}


def check(case, operands, runs):
    """Ends the program if a peer's results are not NumPy's."""
    case.numpy(operands.x, operands.out)
    reference = operands.out.copy()
    for name, run in runs.items():
        operands.out[:] = 0
        run(1)
        if not np.allclose(operands.out, reference, rtol=1e-12, atol=0):
            sys.exit(f"reductions.py: {case.name} by {name} is wrong")


def run_case(peers, case, n, options):
    part = {"case": case.name, "n": n, "floor": 1.0}
    if 8 * n + loops.MEMORY_SPARE > loops.memory_available():
        return {**part, "skipped": "not enough memory"}
    operands = Operands(peers.session, case, n)
    kernel = peers.session.load(case.ir, "f8(f8)")
    runs = runs_of(peers, case, operands, kernel, options.peers)
    check(case, operands, runs)
    values, disturbance = all_peers.measure(
        runs, 0 if options.smoke else options.seconds,
        [os.getpid(), peers.session.executor_pid])  # fmt: skip
    peers_ns = {name: facts.summarise(own) for name, own in values.items()}
    completion = runs["lanes"].completion
    part.update(count=operands.count, peers_ns=peers_ns, disturbance=disturbance,
                run_ns=completion.run_ns, vector_width=completion.vector_width,
                threads=completion.threads, tiles=completion.tiles)  # fmt: skip
    others = {name: own["median"] for name, own in peers_ns.items() if name != "lanes"}
    part["best"] = min(others, key=others.get)
    part["ratio"] = others[part["best"]] / peers_ns["lanes"]["median"]
    kernel.release()
    operands.release()
    return part


def parse_options():
    parser = facts.parser(__doc__)
    parser.add_argument("--sizes", help="comma-separated numbers of elements; default 1e3 .. 1e8")
    parser.add_argument("--seconds", type=float, default=1.0,
                        help="of rounds for each case and size (1); 5 rounds at least")
    parser.add_argument("--threads", type=int, default=0, help="of lanes and peers; 0 = cores")
    options = facts.parse(parser)  # fmt: skip
    sizes = options.sizes.split(",") if options.sizes else loops.SIZES
    options.sizes = [1000] if options.smoke else [int(float(n)) for n in sizes]
    options.peers = list(NAMES)
    return options


def main():
    options = parse_options()
    peers = all_peers.Peers(options)
    content = facts.document("lanes.bench.reductions/1", options)
    content["versions"] = all_peers.versions()
    content["threads"] = peers.threads
    content["results"] = []
    print(f"{'us, medians':30} " + " ".join(f"{name:>11}" for name in NAMES) + "  ratio")
    for case in CASES:
        for n in options.sizes:
            part = run_case(peers, case, n, options)
            loops.print_part(part, NAMES)
            content["results"].append(part)
    facts.write_json(options, content)
    peers.close()
    loops.print_below(content["results"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
