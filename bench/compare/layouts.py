#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Is lanes as fast where arrays are not contiguous, not alike, or not f8?

2.5 * x + y in each layout, by lanes, a loop in C written for just that layout (hand.c:
gcc -O3 -march=native -ffast-math -fopenmp), Numba's prange over two nested loops, and NumPy.
All run on the same memory, in turn; results are checked first. The ratio is the median of
the fastest of the others over that of lanes.
"""
import concurrent.futures
import ctypes
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import facts  # noqa: E402  pylint: disable=wrong-import-position

os.environ.setdefault("NUMBA_THREADING_LAYER", "omp")  # before Numba is imported

try:
    import numba
    import numpy as np
except ImportError as missing:
    print(f"layouts.py: {missing}; apt-get install python3-numba python3-numpy")
    sys.exit(facts.EXIT_SKIPPED)

import lanes_session as lanes  # noqa: E402
from compare import OPENMP  # noqa: E402

IR = """define double @f(double %x, double %y) {
  %a = fmul double %x, 2.5
  %b = fadd double %a, %y
  ret double %b
}
"""


@numba.njit(parallel=True, fastmath=True)
def numba_2d(x, y, out):
    for i in numba.prange(x.shape[0]):  # pylint: disable=not-an-iterable
        for j in range(x.shape[1]):
            out[i, j] = 2.5 * x[i, j] + y[i, j]


@numba.njit(parallel=True, fastmath=True)
def numba_1d(x, y, out):
    for i in numba.prange(x.shape[0]):  # pylint: disable=not-an-iterable
        out[i] = 2.5 * x[i] + y[i]


@numba.njit(parallel=True, fastmath=True)
def numba_where(x, y, where, out):
    for i in numba.prange(x.shape[0]):  # pylint: disable=not-an-iterable
        if where[i]:
            out[i] = 2.5 * x[i] + y[i]


def broadcast(array, m):
    return np.broadcast_to(array, (m, m))


# name: (new, n, side of a square of n) -> (x, y, out, where), out of new(count, dtype).
LAYOUTS = {
    "contiguous": lambda new, n, m: (new(n), new(n), new(n), None),
    "x[::2]": lambda new, n, m: (new(2 * n)[::2], new(n), new(n), None),
    "x[::2], y[::2]": lambda new, n, m: (new(2 * n)[::2], new(2 * n)[::2], new(n), None),
    "out[::2]": lambda new, n, m: (new(n), new(n), new(2 * n)[::2], None),
    "x[::-1]": lambda new, n, m: (new(n)[::-1], new(n), new(n), None),
    "all [::-1]": lambda new, n, m: (new(n)[::-1], new(n)[::-1], new(n)[::-1], None),
    "row broadcast": lambda new, n, m: (
        broadcast(new(m), m), new(m, m), new(m, m), None),
    "column broadcast": lambda new, n, m: (
        broadcast(new(m)[:, None], m), new(m, m), new(m, m), None),
    "x transposed": lambda new, n, m: (new(m, m).T, new(m, m), new(m, m), None),
    "3 of 6 columns": lambda new, n, m: (
        new(n // 3, 6)[:, :3], new(n // 3, 3), new(n // 3, 3), None),
    "inputs f4": lambda new, n, m: (new(n, dtype="f4"), new(n, dtype="f4"), new(n), None),
    "where": lambda new, n, m: (new(n), new(n), new(n), new(n, dtype="?")),
}  # fmt: skip


class Bench:
    def __init__(self, options):
        self.session = lanes.Session(lanes.library(options.build), options.socket)
        os.environ.update(OPENMP)
        self.hand = ctypes.CDLL(os.path.join(options.build, "lib", "lanes_hand.so"))
        # OpenMP pins the thread that starts a loop, which must not be this one.
        self.openmp = concurrent.futures.ThreadPoolExecutor(1)
        self.on_openmp_thread(lambda: self.hand.hand_set_threads(self.session.threads))()
        numba.set_num_threads(min(self.session.threads, numba.get_num_threads()))
        self.kernel = self.session.load(IR, "f8(f8,f8)")
        self.random = np.random.default_rng(20261123)

    def arrays(self, layout, n):
        """(memory, (x, y, out, where)) with random numbers."""
        memory = self.session.array(8 * 8 * n + (1 << 20), "u1")
        at = 0

        def new(*shape, dtype="f8"):
            nonlocal at
            at = -(-at // 64) * 64
            array = np.ndarray(shape, dtype, memory.data, at)
            at += array.nbytes
            random = self.random.uniform(1, 2, shape)
            array[...] = random > 1.5 if dtype == "?" else random
            return array

        return memory, LAYOUTS[layout](new, n, int(n**0.5))

    def on_openmp_thread(self, function):
        return lambda: self.openmp.submit(function).result()

    def by_hand(self, x, y, out, where):
        def pointers(*arrays):
            return [ctypes.c_void_p(a.__array_interface__["data"][0]) for a in arrays]

        if where is not None:
            arguments = [ctypes.c_size_t(x.size), *pointers(x, y, where, out)]
            return lambda: self.hand.hand_axpy_where(*arguments)
        if x.dtype == np.float32:
            arguments = [ctypes.c_size_t(x.size), *pointers(x, y, out)]
            return lambda: self.hand.hand_axpy_f4(*arguments)
        if all(a.ndim == 1 and a.strides == (8,) for a in (x, y, out)):
            arguments = [ctypes.c_size_t(x.size), *pointers(x, y, out)]
            return lambda: self.hand.hand_axpy(*arguments)
        arguments = [ctypes.c_size_t(n) for n in ((1,) + x.shape)[-2:]]
        for array in (x, y, out):
            steps = [s // 8 for s in ((0,) + array.strides)[-2:]]
            arguments += [*pointers(array), (ctypes.c_ssize_t * 2)(*steps)]
        return lambda: self.hand.hand_axpy_2d(*arguments)

    def peers(self, memory, x, y, out, where):
        has_where = where is not None
        views = [x, y, out] + ([where] if has_where else [])
        casting = "safe" if x.dtype != np.float64 else "no"
        batch = self.kernel.batch_of_views(memory, views, casting, has_where)
        by_numba = numba_2d if x.ndim == 2 else numba_1d

        def by_numpy():
            if has_where:
                np.copyto(out, 2.5 * x + y, where=where)
            else:
                np.multiply(x, 2.5, out=out, dtype="f8")
                np.add(out, y, out=out)

        return {
            "lanes": lambda: self.session.run(batch),
            "hand": self.on_openmp_thread(self.by_hand(x, y, out, where)),
            "numba": self.on_openmp_thread(
                (lambda: numba_where(x, y, where, out)) if has_where
                else lambda: by_numba(x, y, out)),
            "numpy": by_numpy,
        }  # fmt: skip

    def measure(self, name, memory, arrays, rounds):
        x, y, out, where = arrays
        runs = self.peers(memory, *arrays)
        wanted = 2.5 * x.astype("f8") + y.astype("f8")
        for peer, run in runs.items():
            out[...] = -1
            run()
            right = np.where(True if where is None else where, wanted, -1)
            if not np.allclose(out, right, rtol=1e-6 if x.dtype == np.float32 else 1e-12):
                sys.exit(f"layouts.py: {name}: {peer} is wrong")
        samples = {peer: [] for peer in runs}
        order = list(runs)
        for number in range(rounds):
            order = order[1:] + order[:1]
            for peer in order:
                start = time.perf_counter_ns()
                runs[peer]()
                if number > 0 or rounds == 1:
                    samples[peer].append(time.perf_counter_ns() - start)
        return {peer: facts.summarise(own) for peer, own in samples.items()}


def main():
    parser = facts.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=21, help="timed rounds (21)")
    options = facts.parse(parser)
    counts = [10_000] if options.smoke else [200_000, 10_000_000]
    rounds = 1 if options.smoke else options.rounds + 1
    content = facts.document("lanes.bench.layouts/1", options)
    content["results"] = []
    bench = Bench(options)
    print(f"{'layout':18} {'elements':>10}   lanes    hand   numba   numpy ms  ratio")
    for count in counts:
        for name in LAYOUTS:
            memory, arrays = bench.arrays(name, count)
            peers_ns = bench.measure(name, memory, arrays, rounds)
            median = {peer: own["median"] for peer, own in peers_ns.items()}
            ratio = min(median[p] for p in median if p != "lanes") / median["lanes"]
            content["results"].append(
                {"layout": name, "count": count, "peers_ns": peers_ns, "ratio": ratio})
            print(f"{name:18} {count:10} "
                  + " ".join(f"{median[p] / 1e6:7.3g}" for p in ("lanes", "hand", "numba", "numpy"))
                  + f"    {ratio:5.2f}", flush=True)  # fmt: skip
            del arrays
            memory.release()
    facts.write_json(options, content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
