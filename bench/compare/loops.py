#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Is lanes as fast as what one would write instead?

Each case of the table below runs by lanes and by its peers (peers.py) on the same arrays,
in lanes segments, in one process, in turn, with 10^3 to 10^8 elements. Results are checked
against NumPy's before anything is timed. The ratio is the median of the fastest peer over
that of lanes: above 1, lanes is faster. At the end stand the cases below what they should
reach, 1 unless the table says otherwise.

Left out: compiling (shown, not compared), the first touch of new memory. At 10^3 and 10^4
elements lanes needs a round trip to another process where peers need a call.
"""
import collections
import math
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import facts  # noqa: E402  pylint: disable=wrong-import-position

try:
    import numpy as np

    import peers as all_peers  # noqa: E402
    import numba  # noqa: E402  behind peers, which sets variables that it reads
except ImportError as missing:
    print(f"loops.py: {missing}; apt-get install python3-numba python3-numpy")
    sys.exit(facts.EXIT_SKIPPED)

import kernels as catalogue  # noqa: E402

SEED = 20240229
SIZES = [10**3, 10**4, 10**5, 10**6, 10**7, 10**8]
EXACT_COUNT = 20000  # elements checked against plain Python
MEMORY_SPARE = 2 << 30  # bytes that are left to others
ALL_AXES = 0xFFFFFFFF

KERNELS = {kernel.name: kernel for kernel in catalogue.KERNELS}


def quotient(x, y):
    return x // y


def numpy_quotient(x, y, out):
    np.floor_divide(x, y, out=out)


def numpy_axpy_in_place(x, y, out):
    np.add(y, catalogue.A * x, out=out)


def quotient_ir(width):
    """C's x / y. Operands are positive, so it is Python's as well."""
    kind = f"i{width}"
    return (f"define {kind} @f({kind} %x, {kind} %y) {{\n"
            f"  %q = sdiv {kind} %x, %y\n  ret {kind} %q\n}}\n")  # fmt: skip


def quotient_kernel(name):
    return catalogue.Kernel(name, quotient, numpy_quotient, [(1, 1000), (1, 100)],
                            lambda inputs, _: 1, 0, 0)  # fmt: skip


def identity(x):
    return x


def numba_sum(x, out):
    total = 0.0
    for i in numba.prange(x.size):
        total += x[i]
    out[0] = total


def sum_kernel(name, callback, numpy):
    """Peers add in different orders; NumPy in pairs."""
    return catalogue.Kernel(name, callback, numpy, [(0, 1)], catalogue.size_of_result,
                            1e-12, 1e-12)  # fmt: skip


# What the peers of a case run, beside its kernel.
#   arrays   (new, n, side of a square of n) -> inputs, out, perhaps `where`; new(*shape) is
#            called for each array in turn
#   ir       None: Numba's of the kernel's callback
#   numexpr  None: it has no such function
#   floor    what the ratio should reach
#   scratch  arrays of n f8 that NumPy's expressions need beside the operands
#   chain    names of the kernels that lanes fuses to this one (Session.chain())
#   reduce   (what is done to results, axes as bits); the output is one of strides 0
#   numba    the prange, of arrays without those dimensions; None: one over the callback
Case = collections.namedtuple(
    "Case", "name kernel hand arrays numexpr numpy dtype ir casting floor scratch chain"
    " reduce numba", defaults=("f8", None, "no", 1.0, 1, (), None, None))  # fmt: skip


def contiguous(dtype="f8"):
    return lambda new, n, m: (new(n, dtype=dtype), new(n, dtype=dtype), new(n, dtype=dtype))


def axpy_case(name, hand, arrays, **other):
    numpy = other.pop("numpy", catalogue.numpy_axpy)
    return Case(name, KERNELS["axpy"], hand, arrays, "2.5 * x + y", numpy, **other)


def map_case(name, hand, expression, **other):
    kernel = KERNELS[name]
    count = len(kernel.ranges) + 1
    return Case(name, kernel, hand, lambda new, n, m: tuple(new(n) for _ in range(count)),
                expression, kernel.numpy, **other)  # fmt: skip


def reduction_case(kernel, hand, expression, reduce, numba_loop, arrays=None):
    arrays = arrays or (lambda new, n, m: (new(n), np.broadcast_to(new(1), (n,))))
    return Case(kernel.name, kernel, hand, arrays, expression, kernel.numpy, reduce=reduce,
                numba=numba_loop)  # fmt: skip


def square(array, m):
    return np.broadcast_to(array, (m, m))


HAVERSINE = (
    "12742.0176 * arcsin(sqrt(sin(0.00872664625997164788 * (z - x)) ** 2"
    " + cos(0.017453292519943295 * x) * cos(0.017453292519943295 * z)"
    " * sin(0.00872664625997164788 * (w - y)) ** 2))"
)

CASES = [
    axpy_case("axpy", "hand_axpy", contiguous(), floor=0.95),
    map_case("divide", "hand_divide", "x / y"),
    map_case("exp", "hand_exp", "exp(-x) * y"),
    map_case("black-scholes", "hand_black_scholes", None, scratch=10),
    map_case("haversine", "hand_haversine", HAVERSINE, scratch=6),
    axpy_case("x[::2]", "hand_axpy_x2", lambda new, n, m: (new(2 * n)[::2], new(n), new(n))),
    axpy_case("x[::2], y[::2]", "hand_axpy_x2_y2",
              lambda new, n, m: (new(2 * n)[::2], new(2 * n)[::2], new(n))),
    axpy_case("out[::2]", "hand_axpy_out2", lambda new, n, m: (new(n), new(n), new(2 * n)[::2])),
    axpy_case("x[::-1]", "hand_axpy_x_reversed",
              lambda new, n, m: (new(n)[::-1], new(n), new(n))),
    axpy_case("all [::-1]", "hand_axpy_all_reversed",
              lambda new, n, m: (new(n)[::-1], new(n)[::-1], new(n)[::-1])),
    axpy_case("row broadcast", "hand_axpy_row",
              lambda new, n, m: (square(new(m), m), new(m, m), new(m, m))),
    axpy_case("column broadcast", "hand_axpy_column",
              lambda new, n, m: (square(new(m)[:, None], m), new(m, m), new(m, m))),
    axpy_case("x transposed", "hand_axpy_transposed",
              lambda new, n, m: (new(m, m).T, new(m, m), new(m, m))),
    axpy_case("3 of 6 columns", "hand_axpy_3_of_6",
              lambda new, n, m: (new(n // 3, 6)[:, :3], new(n // 3, 3), new(n // 3, 3))),
    axpy_case("rows of 3, y one row", "hand_axpy_rows_of_3",
              lambda new, n, m: (new(n // 3, 3), np.broadcast_to(new(3), (n // 3, 3)),
                                 new(n // 3, 3))),
    axpy_case("where", "hand_axpy_where",
              lambda new, n, m: (new(n), new(n), new(n), new(n, dtype="?"))),
    axpy_case("inputs f4", "hand_axpy_f4",
              lambda new, n, m: (new(n, dtype="f4"), new(n, dtype="f4"), new(n)),
              casting="safe"),
    axpy_case("in place", "hand_axpy_in_place", lambda new, n, m: (new(n), *[new(n)] * 2),
              numpy=numpy_axpy_in_place),
    Case("int32 x/y", quotient_kernel("int32 x/y"), "hand_divide_i4", contiguous("i4"), None,
         numpy_quotient, dtype="i4", ir=quotient_ir(32)),
    Case("int64 x/y", quotient_kernel("int64 x/y"), "hand_divide_i8", contiguous("i8"), None,
         numpy_quotient, dtype="i8", ir=quotient_ir(64)),
    reduction_case(sum_kernel("sum", identity, lambda x, out: np.sum(x, out=out[0, ...])),
                   "hand_sum", "sum(x)", ("sum", ALL_AXES), numba_sum),
    map_case("fused chain", "hand_chain", "exp(-(2.5 * (x / y) + y)) * y",
             chain=("divide", "axpy", "exp")),
]  # fmt: skip


def layout_bytes(case, n):
    """Bytes of all arrays of the case, each from a multiple of 64 on."""
    total = 0

    def new(*shape, dtype="f8"):
        nonlocal total
        array = np.empty(shape, dtype)  # never touched, so no memory
        total += -(-array.nbytes // 64) * 64
        return array

    case.arrays(new, n, math.isqrt(n))
    return total


class Operands:
    """A case's arrays in one segment, filled, and a copy of them in the process's memory."""

    def __init__(self, session, case, n):
        self.segment = session.array(layout_bytes(case, n), "u1")
        self.memory = self.segment.data
        at, number = 0, 0

        def new(*shape, dtype="f8"):
            nonlocal at, number
            array = np.ndarray(shape, dtype, self.memory, at)
            at += -(-array.nbytes // 64) * 64
            fill(array, number, case.kernel.ranges)
            number += 1
            return array

        self.views = case.arrays(new, n, math.isqrt(n))
        self.views = self.views_of(self.memory)  # NumPy lets nobody write broadcast ones
        self.input_count = len(case.kernel.ranges)
        self.count = self.views[self.input_count].size
        raw = np.empty(self.memory.nbytes + 64, "u1")
        start = -all_peers.address(raw) % 64
        self.own = raw[start : start + self.memory.nbytes]
        self.own[:] = self.memory

    def views_of(self, memory):
        """The views, of another copy of the memory."""
        start = all_peers.address(self.memory)
        offsets = [all_peers.address(view) - start for view in self.views]
        return [np.ndarray(view.shape, view.dtype, memory, offset, view.strides)
                for view, offset in zip(self.views, offsets)]  # fmt: skip

    def parts(self, views):
        """(inputs, out, where or None); of a reduction's out, what is kept"""
        inputs, (out, *where) = views[: self.input_count], views[self.input_count :]
        return inputs, all_peers.natural(out), where[0] if where else None

    def release(self):
        self.views = self.memory = self.own = None
        self.segment.release()


def fill(array, number, ranges):
    """The operand of that number: the same for the same seed; 0 if it is an output."""
    flat = array.reshape(-1)
    if number >= len(ranges) and array.dtype != bool:
        flat[:] = 0
        return
    random = np.random.default_rng([SEED, number])
    low, high = ranges[number] if array.dtype != bool else (0, 2)
    for start in range(0, flat.size, 1 << 20):
        part = flat[start : start + (1 << 20)]
        values = random.random(part.size) * (high - low) + low
        part[:] = values >= 1 if array.dtype == bool else values


def check(case, operands, runs):
    """{peer: error}; ends the program if a result is wrong. Each peer's is compared with
    NumPy's, all elements; where NumPy's is of fewer digits, some with plain Python's too."""
    kernel = case.kernel
    inputs, out, where = operands.parts(operands.views)
    own = operands.parts(operands.views_of(operands.own))[1]
    before = out.copy()
    inputs = [before if np.shares_memory(i, out) else i for i in inputs]
    reference = before.copy()
    masked = {} if where is None else {"where": where}
    case.numpy(*inputs, out=reference, **masked)
    picked = slice(None, None, max(1, out.shape[0] // EXACT_COUNT))
    exact = None
    if kernel.numpy_bound > kernel.bound:
        rows = zip(*(array[picked].tolist() for array in inputs))
        exact = np.array([kernel.callback(*row) for row in rows])
    errors = {}
    for peer, run in runs.items():
        result = own if peer == "hand-own" else out
        result[...] = before
        run(1)
        errors[peer] = catalogue.error_of(kernel, inputs, reference, result)
        bound = kernel.numpy_bound
        if exact is not None and errors[peer] <= bound and peer != "numpy":
            some = [array[picked] for array in inputs]
            errors[peer] = catalogue.error_of(kernel, some, exact, result[picked])
            bound = kernel.bound
        if not errors[peer] <= bound:
            sys.exit(f"{case.name} by {peer} is wrong: "
                     f"error {errors[peer]:.2g}, bound {bound:.2g}")  # fmt: skip
    return errors


def memory_available():
    with open("/proc/meminfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) << 10
    return 0


def reason_to_skip(case, n):
    """Why the case cannot run with n elements, or None."""
    wanted = 2 * layout_bytes(case, n) + 8 * n * (2 + case.scratch) + MEMORY_SPARE
    available = memory_available()
    if wanted <= available:
        return None
    return f"needs {wanted / 2**30:.1f} GiB, {available / 2**30:.1f} GiB are free"


def load(session, case):
    """The case's kernel; of a chain, one of all its parts."""
    if case.chain:
        parts = [session.load(catalogue.numba_ir(KERNELS[name])) for name in case.chain]
        kernel = session.chain(parts)
        for part in parts:
            part.release()
        return kernel
    signature = f"{case.dtype}({','.join([case.dtype] * len(case.kernel.ranges))})"
    return session.load(case.ir or catalogue.numba_ir(case.kernel), signature)


def run_case(peers, case, n, options):
    """Checks and measures one case at one size; returns its part of the document."""
    part = {"case": case.name, "n": n, "floor": case.floor}
    reason = reason_to_skip(case, n)
    if reason:
        return {**part, "skipped": reason}
    operands = Operands(peers.session, case, n)
    count = len(operands.views)
    kernel = load(peers.session, case)
    batch = kernel.batch_of_views(operands.segment, operands.views, case.casting,
                                  count > operands.input_count + 1, case.reduce)  # fmt: skip
    runs = peers.runs(case, operands, batch, options.peers)
    errors = check(case, operands, runs)
    values, disturbance = all_peers.measure(
        runs, 0 if options.smoke else options.seconds,
        [os.getpid(), peers.session.executor_pid])  # fmt: skip
    peers_ns = {peer: facts.summarise(own) for peer, own in values.items()}
    completion = runs["lanes"].completion
    part.update(
        count=operands.count, errors=errors, peers_ns=peers_ns, disturbance=disturbance,
        compile_ms=kernel.compile_ns / 1e6, run_ns=completion.run_ns,
        vector_width=completion.vector_width, threads=completion.threads,
        tiles=completion.tiles)  # fmt: skip
    others = {peer: own["median"] for peer, own in peers_ns.items() if peer != "lanes"}
    part["best"] = min(others, key=others.get)
    part["ratio"] = others[part["best"]] / peers_ns["lanes"]["median"]
    del runs, batch
    kernel.release()
    operands.release()
    return part


def print_part(part, names):
    head = f"{part['case']:20} {part['n']:9.0e}"
    if "skipped" in part:
        print(f"{head}  skipped: {part['skipped']}", flush=True)
        return
    cells = [f"{part['peers_ns'][name]['median'] / 1e3:11.4g}" if name in part["peers_ns"]
             else f"{'-':>11}" for name in names]  # fmt: skip
    notes = ["<"] * (part["ratio"] < part["floor"])
    if part["disturbance"] > all_peers.QUIET:
        notes.append(f"({part['disturbance']:.0%} of a core busy otherwise)")
    print(f"{head} {' '.join(cells)}  {part['ratio']:5.2f}", part["best"], *notes, flush=True)


def print_below(results):
    below = [part for part in results if part.get("ratio", math.inf) < part["floor"]]
    print(f"{len(below)} of {len(results)} below what they should reach")
    for part in sorted(below, key=lambda part: part["ratio"] / part["floor"]):
        print(f"  {part['case']:20} {part['n']:9.0e}  {part['ratio']:5.2f} of {part['best']}")


def parse_options(cases, description):
    parser = facts.parser(description)
    parser.add_argument("--sizes", help="comma-separated numbers of elements; default 1e3 .. 1e8")
    parser.add_argument("--cases", help="semicolon-separated; default all")
    parser.add_argument("--peers", default=",".join(all_peers.NAMES),
                        help="comma-separated; lanes must be among them")
    parser.add_argument("--seconds", type=float, default=1.0,
                        help="of rounds for each case and size (1); 5 rounds at least")
    parser.add_argument("--threads", type=int, default=0, help="of lanes and peers; 0 = cores")
    options = facts.parse(parser)  # fmt: skip
    options.sizes = [int(float(n)) for n in options.sizes.split(",")] if options.sizes else SIZES
    options.peers = options.peers.split(",")
    names = [case.name for case in cases]
    wanted = options.cases.split(";") if options.cases else names
    unknown = (set(options.peers) - set(all_peers.NAMES)) | (set(wanted) - set(names))
    if unknown or "lanes" not in options.peers or len(options.peers) < 2 or min(options.sizes) < 9:
        parser.error(f"unknown: {', '.join(sorted(unknown)) or 'none'}; peers are lanes and one "
                     "other at least, sizes 9 at least")  # fmt: skip
    options.cases = [case for case in cases if case.name in wanted]
    if options.smoke:
        options.sizes = [1000]
    return options


def main(name="loops", cases=None, description=__doc__):
    """Also of benches that have other cases."""
    options = parse_options(cases or CASES, description)
    peers = all_peers.Peers(options)
    content = facts.document(f"lanes.bench.{name}/1", options)
    content["hand_compiler"] = facts.first_line("gcc", "--version")
    content["versions"] = all_peers.versions()
    content["threads"] = peers.threads
    content["results"] = []
    versions = ", ".join(f"{name} {version}" for name, version in content["versions"].items())
    print(f"{content['machine']['cpu']}, {peers.threads} threads; hand: {content['hand_compiler']};"
          f" {content['machine']['llvm']}; {versions}")  # fmt: skip
    print(f"{'us, medians':30} " + " ".join(f"{name:>11}" for name in options.peers) + "  ratio")
    for case in options.cases:
        for n in options.sizes:
            part = run_case(peers, case, n, options)
            print_part(part, options.peers)
            content["results"].append(part)
        facts.write_json(options, content)  # a run that is ended leaves what it has
    peers.close()
    print_below(content["results"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
