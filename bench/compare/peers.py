# SPDX-License-Identifier: Apache-2.0
"""What runs the cases of loops.py and reductions.py, and how they are timed against each other.

  lanes        a batch, submitted and waited for by timed.c; wall time
  hand         a loop of hand.c: gcc -O3 -march=native -ffast-math -fopenmp, threads pinned
  hand-stream  the same with AVX-512 streaming stores
  hand-own     `hand` on memory of the process itself, in large pages where NumPy's are
  numba        njit(parallel=True, error_model="numpy"), prange, called by compiled code
  numba-fast   the same with fastmath=True
  numexpr      a compiled expression with out=
  numpy        array expressions with out=, one thread

A *run* is a function of a number of repeats that returns the nanoseconds of all of them.
"""
import concurrent.futures
import ctypes
import os
import time

os.environ.setdefault("NUMBA_THREADING_LAYER", "omp")  # before Numba is imported

import numba  # noqa: E402  pylint: disable=wrong-import-position
import numpy as np  # noqa: E402  pylint: disable=wrong-import-position

import lanes_session as lanes  # noqa: E402  pylint: disable=wrong-import-position

try:
    import numexpr
except ImportError:
    numexpr = None

NAMES = ("lanes", "hand", "hand-stream", "hand-own", "numba", "numba-fast", "numexpr", "numpy")
# Pinned as lanes pins.
OPENMP = {"OMP_PROC_BIND": "close", "OMP_PLACES": "cores"}
SAMPLE_NS = 2_000_000  # a sample repeats what is shorter
WARM_UP_NS = 6_000_000  # before a sample: 24 MB come into a cache of 32 in ten runs
WARM_NS = 50_000_000  # what is longer needs no run before it that does not count
LONG_NS = 500_000_000  # what is hopeless and longer is run once
REST_SECONDS = 0.02  # before each sample: libgomp's threads spin for 10 ms before they sleep
HOPELESS = 4  # times the fastest: not the best, so a few rounds are enough
ROUNDS_MIN, ROUNDS_HOPELESS = 5, 3
QUIET = 0.05  # of a core, that other processes may use in a round
PATIENCE = 3
OPERANDS_MAX = 5
TIMEOUT_MS = 60_000  # segments of several GB take seconds to make


class HandCall(ctypes.Structure):
    """hand_call of hand.h."""

    _fields_ = [("rows", ctypes.c_size_t), ("columns", ctypes.c_size_t),
                ("operand", ctypes.c_void_p * OPERANDS_MAX)]  # fmt: skip


def versions():
    """Of the peers that have one; what is missing is said so."""
    return {
        "Numba": f"{numba.__version__} ({os.environ['NUMBA_THREADING_LAYER']})",
        "NumPy": np.__version__,
        "NumExpr": numexpr.__version__ if numexpr else "left out: python3-numexpr is missing",
    }


def address(view):
    return view.__array_interface__["data"][0]


def natural(view):
    """A view without the dimensions along which all its elements are one; of a single
    element, a vector."""
    kept = tuple(slice(None) if stride else 0 for stride in view.strides)
    return np.atleast_1d(view[kept + (...,)])


class Peers:
    """What runs the cases. Keeps OpenMP's threads, and their binding, off this thread."""

    def __init__(self, options):
        self.session = lanes.Session(lanes.library(options.build), options.socket,
                                     options.threads, TIMEOUT_MS)  # fmt: skip
        self.threads = self.session.threads
        if numexpr:
            numexpr.set_num_threads(self.threads)
        # libgomp reads its variables when it is loaded, and binds the thread that loads it.
        # A private executor, which inherits them, has been started by now.
        self.cores = os.sched_getaffinity(0)
        os.environ.update(OPENMP)
        folder = os.path.join(options.build, "lib")
        self.hand = ctypes.CDLL(os.path.join(folder, "lanes_hand.so"))
        self.timed = ctypes.CDLL(os.path.join(folder, "lanes_timed.so"))
        self.timed.timed_hand.restype = ctypes.c_uint64
        self.timed.lanes_status_name.restype = ctypes.c_char_p
        os.sched_setaffinity(0, self.cores)
        self.openmp = concurrent.futures.ThreadPoolExecutor(1)
        self.on_openmp_thread(self.hand.hand_set_threads)(self.threads)
        numba.set_num_threads(min(self.threads, numba.get_num_threads()))
        self.numba_loops = {}

    def close(self):
        self.openmp.shutdown()
        self.session.close()

    def on_openmp_thread(self, function):
        return lambda *arguments: self.openmp.submit(function, *arguments).result()

    def runs(self, case, operands, batch, wanted):
        """{name: run} of those wanted peers that can run the case."""
        views, own = operands.views, operands.views_of(operands.own)
        inputs, out, where = operands.parts(views)
        masked = {} if where is None else {"where": where}
        makers = {
            "lanes": lambda: self.lanes(batch),
            "hand": lambda: self.by_hand(case.hand, views),
            "hand-stream": lambda: self.by_hand(case.hand + "_stream", views),
            "hand-own": lambda: self.by_hand(case.hand, own),
            "numba": lambda: self.numba(case, views, where is not None, False),
            "numba-fast": lambda: self.numba(case, views, where is not None, True),
            "numexpr": lambda: self.numexpr(case.numexpr, inputs, out, where),
            "numpy": lambda: repeated(lambda: case.numpy(*inputs, out=out, **masked)),
        }
        unable = {
            "hand-stream": not (self.hand.hand_has_stream()
                                and hasattr(self.hand, case.hand + "_stream")),
            "numexpr": not (numexpr and case.numexpr),
        }  # fmt: skip
        return {name: makers[name]() for name in wanted if not unable.get(name)}

    def lanes(self, batch):
        """Its `completion` is that of the last batch."""
        elapsed = ctypes.c_uint64()
        completion = lanes.Completion()

        def run(repeats):
            lanes.check(self.timed, "timed_batches", self.session.handle, ctypes.byref(batch),
                        ctypes.c_uint64(repeats), ctypes.byref(elapsed),
                        ctypes.byref(completion))  # fmt: skip
            return elapsed.value

        run.completion = completion
        return run

    def by_hand(self, name, views):
        shape = max((view.shape for view in views), key=len)
        rows, columns = (*shape, 1)[:2]
        pointers = [address(view) for view in views]
        call = HandCall(rows, columns, (ctypes.c_void_p * OPERANDS_MAX)(*pointers))
        loop = getattr(self.hand, name)
        return self.on_openmp_thread(
            lambda repeats: self.timed.timed_hand(
                loop, ctypes.byref(call), ctypes.c_uint64(repeats)))  # fmt: skip

    def numba(self, case, views, has_where, is_fast):
        arrays = [natural(view) for view in views]
        options = {"error_model": "numpy", "fastmath": is_fast}
        indexed = tuple(tuple(stride != 0 for stride in view.strides) for view in views)
        key = case.kernel.name, has_where, is_fast, indexed
        if key not in self.numba_loops:
            loop = case.numba or numba_loop(case.kernel.callback, views, has_where, options)
            self.numba_loops[key] = numba_repeated(loop, options)
        repeat = self.numba_loops[key]

        def run(repeats):
            start = time.perf_counter_ns()
            repeat(repeats, *arrays)
            return time.perf_counter_ns() - start

        return self.on_openmp_thread(run)

    def numexpr(self, text, inputs, out, where):
        named = dict(zip("xyzw", inputs))
        if where is not None:
            named |= {"m": where, "out": out}
            text = f"where(m, {text}, out)"
        signature = [(name, numexpr.necompiler.getType(view)) for name, view in named.items()]
        expression = numexpr.NumExpr(text, signature)
        options = {"out": out, "casting": "safe", "ex_uses_vml": False}
        return repeated(lambda: expression(*named.values(), **options))


def repeated(function):
    """A run of something that only Python can call: timed inside, as timeit would."""

    def run(repeats):
        start = time.perf_counter_ns()
        for _ in range(repeats):
            function()
        return time.perf_counter_ns() - start

    return run


def numba_loop(callback, views, has_where, options):
    """f(*arrays): a prange over natural() arrays that calls the callback."""
    indices = "ij"[: views[0].ndim]
    names = [f"a{k}" for k in range(len(views))]
    elements = [
        f"{name}[{', '.join(i for i, stride in zip(indices, view.strides) if stride)}]"
        for name, view in zip(names, views)
    ]
    mask = elements.pop() if has_where else None
    *inputs, out = elements
    out_name = names[len(inputs)]
    lines = [f"def loop({', '.join(names)}):"]
    for depth, index in enumerate(indices):
        counts = "numba.prange" if depth == 0 else "range"
        lines.append(f"{'  ' * (depth + 1)}for {index} in {counts}({out_name}.shape[{depth}]):")
    indent = "  " * (len(indices) + 1)
    if mask:
        lines.append(f"{indent}if {mask}:")
        indent += "  "
    lines.append(f"{indent}{out} = function({', '.join(inputs)})")
    scope = {"numba": numba, "function": numba.njit(callback, **options)}
    exec("\n".join(lines), scope)  # pylint: disable=exec-used
    return scope["loop"]


def numba_repeated(function, options):
    """f(repeats, *arrays), which calls the function again and again, so that what Python
    needs to call it is not part of each run."""
    loop = numba.njit(function, parallel=True, **options)

    @numba.njit
    def repeat(repeats, *arrays):
        for _ in range(repeats):
            loop(*arrays)

    return repeat


class Disturbance:
    """How much of the processors others use, from one look to the next."""

    TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")

    def __init__(self, pids):
        self.pids = pids
        self.before = self.read()

    def read(self):
        """(time, what all use, what the processes use), in ticks"""
        with open("/proc/stat", encoding="ascii") as file:
            user, nice, system, _, _, irq, soft, steal = map(int, file.readline().split()[1:9])
        own = 0
        for pid in self.pids:
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                own += sum(map(int, file.read().rpartition(")")[2].split()[11:13]))
        now = time.monotonic_ns() / self.TICK_NS
        return now, user + nice + system + irq + soft + steal, own

    def share(self):
        """Of one core, by others, since the last call. Each count is of whole ticks, so the
        first two are not believed."""
        after = self.read()
        elapsed, used, own = (b - a for a, b in zip(self.before, after))
        self.before = after
        return max(0, used - own - 2) / max(1, elapsed)


def first_ns(run):
    """About how long one run takes once all threads are awake and caches warm."""
    best = run(1)
    if best > LONG_NS:
        return best
    spent = 0  # the first may have been long for once
    while spent < WARM_UP_NS:
        repeats = max(1, int(SAMPLE_NS // 8 // best))
        taken = run(repeats)
        best = min(best, taken / repeats)
        spent += taken
    return best


def is_enough(shares, seconds, spent):
    """Whether rounds with these disturbances, which took so long, are enough."""
    needed = ROUNDS_MIN if seconds > 0 else 1
    quiet = sum(share <= QUIET for share in shares)
    is_quiet = quiet >= needed and spent >= seconds
    return is_quiet or len(shares) >= needed and spent >= PATIENCE * seconds


def measure(runs, seconds, pids):
    """({name: [ns of one run]}, share of a core that others used).

    All have been run before. They are run in turn, each round starting with another one,
    for so many seconds, but ROUNDS_MIN rounds at least; 0 seconds: one round. Rounds in
    which other processes than `pids` used more than QUIET of a core are measured again,
    for PATIENCE times as long; if there are not enough others then, the quietest count."""
    first = {name: first_ns(run) if seconds > 0 else run(1) for name, run in runs.items()}
    hopeless = {name for name in runs if first[name] > HOPELESS * min(first.values())}
    hopeless.discard("lanes")
    samples = {name: [first[name]] for name in hopeless if first[name] > LONG_NS}
    names = [name for name in runs if name not in samples]
    rounds = []
    start = time.monotonic()
    disturbance = Disturbance(pids)
    while not is_enough([share for share, _ in rounds], seconds, time.monotonic() - start):
        values = {}
        for offset in range(len(names)):
            name = names[(len(rounds) + offset) % len(names)]
            if name in hopeless and len(rounds) >= ROUNDS_HOPELESS:
                continue
            repeats = max(1, int(SAMPLE_NS / first[name])) if seconds > 0 else 1
            time.sleep(REST_SECONDS)
            if seconds > 0 and first[name] < WARM_NS:
                runs[name](max(1, int(WARM_UP_NS / first[name])))
            values[name] = runs[name](repeats) / repeats
        rounds.append((disturbance.share(), values))
    ordered = sorted(share for share, _ in rounds)
    limit = max(QUIET, ordered[min(ROUNDS_MIN, len(ordered)) - 1])
    for name in names:
        measured = [(share, values[name]) for share, values in rounds if name in values]
        quiet = [value for share, value in measured if share <= limit]
        samples[name] = quiet or [value for _, value in measured]
    return samples, max(share for share in ordered if share <= limit)
