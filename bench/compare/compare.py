#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Is lanes as fast as what one would write instead?

Each kernel runs on the same arrays, in lanes segments, in one process, in turn:

  lanes        liblanes.so by ctypes, the kernel's IR from Numba's @cfunc; wall time
  hand         hand.c: gcc -O3 -march=native -ffast-math -fopenmp, static schedule, pinned
  hand-stream  the same with AVX-512 streaming stores (axpy only)
  hand-own     hand on NumPy's own arrays, which are not shared memory
  numba        njit(parallel=True) with prange
  numpy        array expressions, one thread

Every result is checked before anything is timed. A ratio is the peer's median over that
of lanes: above 1, lanes is faster.

Left out: compiling (shown, not compared), the first touch of new memory (warm-up).
"""
import concurrent.futures
import ctypes
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import facts  # noqa: E402  pylint: disable=wrong-import-position

os.environ.setdefault("NUMBA_THREADING_LAYER", "omp")

try:
    import numba
    import numpy as np
except ImportError as missing:
    print(f"compare.py: {missing}; apt-get install python3-numba python3-numpy")
    sys.exit(facts.EXIT_SKIPPED)

import kernels as catalogue  # noqa: E402
import lanes_session as lanes  # noqa: E402

SEED = 20240229
SAMPLE_COUNT = 20000  # elements checked against plain Python
# Pinned as lanes pins, and idle threads sleep, so that they disturb nobody.
OPENMP = {"OMP_PROC_BIND": "close", "OMP_PLACES": "cores", "OMP_WAIT_POLICY": "passive"}
# A sample of a short array repeats it until it has seen so many elements.
SAMPLE_ELEMENTS = 1 << 18
SIZES = [10**3, 10**4, 10**5, 10**6, 10**7, 10**8]


class Peers:
    """What runs the kernels. Keeps OpenMP's threads, and their binding, off this thread."""

    def __init__(self, options):
        build = options.build
        self.session = lanes.Session(lanes.library(build), options.socket, options.threads)
        # libgomp reads its variables when it is loaded. A private executor, which inherits
        # them, has been started by now; else it would be pinned to one core.
        os.environ.update(OPENMP)
        self.hand = ctypes.CDLL(os.path.join(build, "lib", "lanes_hand.so"))
        self.threads = self.session.threads
        self.openmp = concurrent.futures.ThreadPoolExecutor(1)
        self.openmp.submit(self.hand.hand_set_threads, self.threads).result()
        numba.set_num_threads(min(self.threads, numba.get_num_threads()))
        self.numba_loops = {}

    def close(self):
        self.openmp.shutdown()
        self.session.close()

    def numba_loop(self, kernel):
        if kernel.name not in self.numba_loops:
            self.numba_loops[kernel.name] = catalogue.numba_prange(kernel)
        return self.numba_loops[kernel.name]

    def on_openmp_thread(self, function):
        return lambda: self.openmp.submit(function).result()

    def hand_call(self, name, arrays):
        function = getattr(self.hand, name)
        function.restype = None
        arguments = [ctypes.c_size_t(arrays[0].size)]
        arguments += [ctypes.c_void_p(array.ctypes.data) for array in arrays]
        return lambda: function(*arguments)

    def make(self, kernel, lanes_kernel, arrays, wanted):
        """{peer: function that runs the kernel over arrays once and returns nothing}."""
        data = [array.data for array in arrays]
        batch = lanes_kernel.batch(*arrays)
        loop = self.numba_loop(kernel)
        made = {
            "lanes": lambda: self.session.run(batch),
            "hand": self.hand_call(kernel.hand, data),
            "numba": lambda: loop(*data),
            "numpy": lambda: kernel.numpy(*data[:-1], out=data[-1]),
        }
        stream = kernel.hand + "_stream"
        if self.hand.hand_has_stream() and hasattr(self.hand, stream):
            made["hand-stream"] = self.hand_call(stream, data)
        if "hand-own" in wanted:
            own = [np.array(array) for array in data]
            made["hand-own"] = self.hand_call(kernel.hand, own)
            made["hand-own"].arrays = own  # keeps them alive; its result is there
        return {peer: made[peer] for peer in wanted if peer in made}


def check(peers, kernel, runs, arrays):
    """Ends the program if a peer's result is wrong. Numba's is checked first, against plain
    Python; the others then against Numba's."""
    inputs, out = [array.data for array in arrays[:-1]], arrays[-1].data
    peers.on_openmp_thread(lambda: peers.numba_loop(kernel)(*inputs, out))()
    step = max(1, out.size // SAMPLE_COUNT)
    picked = [array[::step] for array in inputs]
    expected = np.array([kernel.callback(*row) for row in zip(*(p.tolist() for p in picked))])
    errors = {"numba": catalogue.error_of(kernel, picked, expected, out[::step])}
    reference = out.copy()
    for peer, run in runs.items():
        result = run.arrays[-1] if hasattr(run, "arrays") else out
        result[:] = np.nan
        peers.on_openmp_thread(run)()
        errors[peer] = max(
            errors.get(peer, 0.0), catalogue.error_of(kernel, inputs, reference, result)
        )
    for peer, error in errors.items():
        bound = kernel.numpy_bound if peer == "numpy" else kernel.bound
        if not error <= bound:
            sys.exit(f"{kernel.name} by {peer} is wrong: error {error:.2g}, bound {bound:.2g}")
    return errors


def timed(run, repeats):
    """A function that returns nanoseconds of one run; lanes' completion goes to its list."""

    def measure():
        start = time.perf_counter_ns()
        for _ in range(repeats):
            result = run()
        return (time.perf_counter_ns() - start) / repeats, result

    return measure


def measure(peers, runs, repeats, warm_ups, rounds):
    """{peer: [ns]} and lanes' completions, peers in turn, each round starting elsewhere."""
    measures = {
        peer: timed(run, repeats) if peer == "lanes" or peer == "numpy"
        else peers.on_openmp_thread(timed(run, repeats))
        for peer, run in runs.items()
    }  # fmt: skip
    names = list(measures)
    values = {name: [] for name in names}
    completions = []
    for number in range(warm_ups + rounds):
        for offset in range(len(names)):
            name = names[(number + offset) % len(names)]
            elapsed, result = measures[name]()
            if number >= warm_ups:
                values[name].append(elapsed)
                if name == "lanes":
                    completions.append(result)
    return values, completions


def run_kernel(peers, kernel, count, wanted, options):
    """Checks and measures one kernel at one size; returns its part of the document."""
    session = peers.session
    arrays = [session.array(count) for _ in range(len(kernel.ranges) + 1)]
    catalogue.make_inputs(kernel, [array.data for array in arrays[:-1]], SEED)
    lanes_kernel = session.load(catalogue.numba_ir(kernel))
    runs = peers.make(kernel, lanes_kernel, arrays, wanted)
    errors = check(peers, kernel, runs, arrays)
    repeats = 1 if options.smoke else max(1, SAMPLE_ELEMENTS // count)
    values, completions = measure(peers, runs, repeats, options.warm_ups, options.rounds)
    summaries = {peer: facts.summarise(v) for peer, v in values.items()}
    lanes_median = summaries["lanes"]["median"]
    part = {
        "kernel": kernel.name,
        "count": count,
        "bytes_per_element": 8 * len(arrays),
        "note": kernel.note,
        "compile_ms": lanes_kernel.compile_ns / 1e6,
        "run_ns": facts.summarise([c.run_ns for c in completions]),
        "vector_width": completions[-1].vector_width,
        "threads": completions[-1].threads,
        "tiles": completions[-1].tiles,
        "errors": errors,
        "peers_ns": summaries,
        "ratio": {peer: s["median"] / lanes_median for peer, s in summaries.items()},
    }
    del runs
    lanes_kernel.release()
    for array in arrays:
        array.release()
    return part


def print_part(part):
    head = (
        f"{part['kernel']}, n = {part['count']}: width {part['vector_width']}, "
        f"{part['threads']} threads, {part['tiles']} tiles, compiled in {part['compile_ms']:.0f} ms"
    )
    print(head + (f"; {part['note']}" if part["note"] else ""))
    print(f"  {'':12} {'median ms':>10} {'mad':>8} {'min':>10} {'ns/elem':>8} {'GB/s':>6} "
          f"{'ratio':>6}  error")  # fmt: skip
    for peer, s in part["peers_ns"].items():
        print_row(part, peer, s, part["ratio"][peer], f"{part['errors'][peer]:.1e}")
    print_row(part, "lanes run_ns", part["run_ns"], float("nan"), "")
    sys.stdout.flush()


def print_row(part, peer, s, ratio, error):
    each = s["median"] / part["count"]
    print(f"  {peer:12} {s['median'] / 1e6:10.4g} {s['mad'] / 1e6:8.2g} {s['min'] / 1e6:10.4g} "
          f"{each:8.3g} {part['bytes_per_element'] / each:6.3g} {ratio:6.2f}  {error}")  # fmt: skip


def parse_options():
    parser = facts.parser(__doc__)
    parser.add_argument("--count", type=int, default=20_000_000, help="elements (20 000 000)")
    parser.add_argument("--sizes", action="store_true", help="scan 10^3 .. 10^8 elements instead")
    parser.add_argument("--kernels", help="comma-separated; default all")
    parser.add_argument("--peers", default="lanes,hand,hand-stream,hand-own,numba,numpy",
                        help="comma-separated; lanes must be among them")
    parser.add_argument("--rounds", type=int, default=15, help="timed rounds (15)")
    parser.add_argument("--warm-ups", type=int, default=2, help="rounds before them (2)")
    parser.add_argument("--threads", type=int, default=0, help="of lanes and peers; 0 = cores")
    options = facts.parse(parser)  # fmt: skip
    if options.smoke:
        options.count, options.rounds, options.warm_ups = 20_001, 2, 1
    if options.kernels:
        unknown = set(options.kernels.split(",")) - {k.name for k in catalogue.KERNELS}
        if unknown:
            parser.error(f"unknown kernels: {', '.join(sorted(unknown))}")
    if "lanes" not in options.peers.split(","):
        parser.error("--peers must have lanes among them")
    return options


def main():
    options = parse_options()
    wanted = options.peers.split(",")
    if options.sizes:
        wanted = [peer for peer in wanted if peer in ("lanes", "hand", "numba", "numpy")]
    peers = Peers(options)
    content = facts.document("lanes.bench.compare/1", options)
    content["hand_compiler"] = facts.first_line("gcc", "--version")
    content["numba"] = f"{numba.__version__}, {os.environ['NUMBA_THREADING_LAYER']}"
    content["numpy"] = np.__version__
    content["results"] = []
    print(f"{content['machine']['cpu']}, {peers.threads} threads; hand: {content['hand_compiler']};"
          f" {content['machine']['llvm']}; Numba {content['numba']}; NumPy {np.__version__}")  # fmt: skip
    for kernel in catalogue.KERNELS:
        if options.kernels and kernel.name not in options.kernels.split(","):
            continue
        for count in SIZES if options.sizes and not options.smoke else [options.count]:
            part = run_kernel(peers, kernel, count, wanted, options)
            print_part(part)
            content["results"].append(part)
    peers.close()
    facts.write_json(options, content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
