# SPDX-License-Identifier: Apache-2.0
"""How fast this host's memory is, and how near to that a kernel comes.

What is measured is measured through the executor: its threads, its places, its stores past
the caches. So the roof is what batches can reach, not what the memory's makers promise.
"""
import glob
import json
import os
import platform
import socket
import tempfile
import time

import numpy

from . import _kernel, _memory
from ._errors import SharedMemoryFull
from ._job import Job, Options

# Two arrays are read and one is written, each once, with one addition for 24 bytes.
_STREAM = """define double @stream(double %x, double %y) {
  %z = fadd double %x, %y
  ret double %z
}
"""
_BYTES_MAX = 512 << 20
_BYTES_MIN = 8 << 20
_BUDGET_S = 0.6  # of repeating; making arrays takes part of the rest of a second
_REPEAT = 3
_DEFAULT_CACHE = 32 << 20
_FILE = "roofline.json"


# ---- Caches of this host -------------------------------------------------------------


def _read(path):
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return ""


def _size(text):
    """Bytes of ``32768K``."""
    units = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
    digits = text.rstrip("KMG")
    return int(digits) * units.get(text[len(digits) :], 1) if digits.isdigit() else 0


def cache_bytes():
    """{level: bytes of all data caches of that level that this process's CPUs have}."""
    found = {}
    for cpu in os.sched_getaffinity(0):
        for folder in glob.glob(f"/sys/devices/system/cpu/cpu{cpu}/cache/index*"):
            if _read(f"{folder}/type") in ("Data", "Unified"):
                level = int(_read(f"{folder}/level") or 0)
                who = _read(f"{folder}/shared_cpu_list") or str(cpu)
                found.setdefault(level, {})[who] = _size(_read(f"{folder}/size"))
    return {level: sum(caches.values()) for level, caches in found.items()}


def _last_level_bytes():
    caches = cache_bytes()
    return caches[max(caches)] if caches else _DEFAULT_CACHE


def memory_bytes():
    """Bytes that arrays take together to lie in memory: four times the last cache."""
    pages = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(_BYTES_MIN, min(4 * _last_level_bytes(), _BYTES_MAX, pages // 4))


def inner_bytes():
    """Bytes that arrays take together to lie in the caches of their cores."""
    caches = cache_bytes()
    return max(64 << 10, caches.get(2, 1 << 20) * 3 // 4)


# ---- Running -------------------------------------------------------------------------


def run(client, kernel, inputs, outputs, shape):
    """Nanoseconds that a batch ran, and how many elements raised."""
    job = Job("measure", kernel, inputs, outputs, shape, None, Options(errors="ignore"))
    completion = client.run(job.call, job.addresses, (0, 0), wants=True, keep=job)
    if completion.status < 0:
        job.finish(client.library, completion)
    return completion.run_ns, completion.failed


def best(client, kernel, inputs, outputs, count, window=None, repeat=_REPEAT, budget_s=_BUDGET_S):
    """The shortest of some runs, in nanoseconds for an element, after one that does not count.

    Parameters
    ----------
    count : int
        Elements that the arrays have.
    window : int, optional
        Elements of a run, one window of the arrays after the other. Default: all.
    """
    window = min(count, window or count)
    starts = range(0, count - window + 1, window)
    times = []
    deadline = None
    while len(times) <= repeat and (len(times) < 2 or time.monotonic() < deadline):
        start = starts[len(times) % len(starts)]
        part = slice(start, start + window)
        ran, _ = run(client, kernel, [a[part] for a in inputs], [a[part] for a in outputs], (window,))
        times.append(ran / window)
        deadline = deadline or time.monotonic() + budget_s  # the first one compiles
    return max(1e-6, min(times[1:]))


# ---- The roof ------------------------------------------------------------------------

_known = {}  # key -> bytes per second


def _key(client):
    model = platform.processor() or platform.machine()
    for line in _read("/proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return f"{socket.gethostname()}, {model}, {client.threads} threads"


def _path():
    """Where bandwidths are kept, beside compiled code; None: nowhere."""
    folder = os.environ.get("LANES_CACHE_FOLDER")
    if folder == "none":
        return None
    if not folder:
        home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        folder = os.path.join(home, "lanes")
    return os.path.join(folder, _FILE)


def _load():
    """{key: bytes per second} of the file; {} if there is none, or no good one."""
    path = _path()
    try:
        found = json.loads(_read(path)) if path else {}
        return {key: float(value) for key, value in found.items() if float(value) > 0}
    except (ValueError, TypeError, AttributeError):
        return {}


def _keep(key, bandwidth):
    """Write one more into the file, so that readers see the old one or the new one."""
    _known[key] = bandwidth
    path = _path()
    if path is None:
        return
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=_FILE, dir=os.path.dirname(path))
        with os.fdopen(descriptor, "w") as file:
            json.dump({**_load(), key: bandwidth}, file, indent=1)
        os.replace(temporary, path)
    except OSError:  # no home, no room: the next process measures again
        pass


def known_bandwidth(client):
    """Bytes per second, if somebody has measured them on this host; else None."""
    key = _key(client)
    if key not in _known:
        _known.update(_load())
    return _known.get(key)


def bandwidth(client):
    """Bytes per second that batches read and write, measured once for a host.

    Takes less than a second, the first time.
    """
    found = known_bandwidth(client)
    if found is None:
        found = _measure_bandwidth(client)
        _keep(_key(client), found)
    return found


def _stream():
    return _kernel.kernel(_STREAM, "f8(f8,f8)", "stream", "c")


def _touch(client, array):
    """Write to an array's pages: they are where the threads are that touch them first."""
    words = array.reshape(-1).view(numpy.uint8)
    words = words[: words.size // 8 * 8].view(numpy.float64)
    if words.size:
        one = _memory.ones(1)
        run(client, _stream(), [one, one], [words], words.shape)


def _measure_bandwidth(client):
    total = memory_bytes()
    while True:
        count = total // 24
        try:
            arrays = [_memory.empty(count) for _ in range(3)]
            break
        except SharedMemoryFull:
            total //= 4
            if total < _BYTES_MIN:
                raise
    for array in arrays:
        _touch(client, array)
    return 24e9 / best(client, _stream(), arrays[:2], arrays[2:], count)


def raise_roof(client, seen):
    """A kernel was faster than the roof: then the roof was measured in a bad moment."""
    if seen > bandwidth(client):
        _keep(_key(client), seen)


# ---- One kernel ----------------------------------------------------------------------

# What runs longer is likely to be interrupted, where others want the CPUs.
_WINDOW_NS = 4e6


def _sample(dtype, count):
    """Small positive numbers that differ, the same in each process."""
    random = numpy.random.default_rng(7)
    if dtype.kind == "b":
        return random.integers(0, 2, count).astype(dtype)
    if dtype.kind in "iumM":
        return random.integers(1, 100, count).astype(dtype)
    values = random.uniform(0.5, 2.0, count)
    if dtype.kind == "c":
        values = values + 1j * random.uniform(0.5, 2.0, count)
    return values.astype(dtype)


def _fill(client, dtype, given, shape):
    """A shared array of `shape` that repeats what was given, else a sample."""
    array = _memory.empty(shape, dtype)
    _touch(client, array)
    flat = array.reshape(-1)
    if given is None:
        source = _sample(dtype, min(flat.size, 1 << 16))
    else:
        source = given.astype(dtype).reshape(-1)[: flat.size]
    whole = flat.size // source.size * source.size
    flat[:whole].reshape(-1, source.size)[:] = source
    flat[whole:] = source[: flat.size - whole]
    return array


class Measurement:
    """How fast a kernel runs.

    Attributes
    ----------
    threads : int
    cache_ns, memory_ns : float
        Nanoseconds for an element, all threads together, of arrays in the cores' caches and
        of arrays in memory.
    memory_elements : int
        How many elements the latter have.
    bytes_per_second : float
        That are read and written, from memory.
    roof : float
        Share of what memory allows, 1.0 at most.
    failed : float
        Share of elements for which the kernel raised.
    """

    def __init__(self, **values):
        self.__dict__.update(values)

    def __repr__(self):
        return (
            f"<lanes.Measurement {self.memory_ns:.3g} ns/element from memory, {self.cache_ns:.3g} in cache, "
            f"{self.bytes_per_second / 1e9:.3g} GB/s>"
        )

    def to_dict(self):
        return dict(self.__dict__)


def _arrays(client, kernel, given, row_lengths, count):
    signature = kernel.signature
    shapes = [(count, n) if n else (count,) for n in row_lengths]
    inputs = [_fill(client, d, g, s) for d, g, s in zip(signature.inputs, given, shapes)]
    outputs = [_memory.empty(count, dtype) for dtype in signature.outputs]
    for output in outputs:
        _touch(client, output)
    return inputs, outputs


def measure(client, kernel, given, row_lengths):
    """Run a kernel on arrays in cache and in memory.

    Parameters
    ----------
    given : list of numpy.ndarray or None
        Numbers for each input; None: made up.
    row_lengths : list of int
        Members of each input's rows; 0: no rows.
    """
    signature = kernel.signature
    width = sum(d.itemsize * max(1, n) for d, n in zip(signature.inputs, row_lengths))
    width += sum(dtype.itemsize for dtype in signature.outputs)
    count = max(1024, inner_bytes() // width // 64 * 64)
    inputs, outputs = _arrays(client, kernel, given, row_lengths, count)
    cache_ns = best(client, kernel, inputs, outputs, count, repeat=20, budget_s=0.1)
    failed = run(client, kernel, inputs, outputs, (count,))[1] / count
    large = max(count, memory_bytes() // width)
    window = max(count, int(_WINDOW_NS / cache_ns))
    inputs, outputs = _arrays(client, kernel, given, row_lengths, large)
    memory_ns = best(client, kernel, inputs, outputs, large, window, repeat=20, budget_s=0.3)
    seen = width * 1e9 / memory_ns
    if window >= large:
        raise_roof(client, seen)
    return Measurement(
        threads=client.threads,
        cache_ns=cache_ns,
        memory_ns=memory_ns,
        memory_elements=large,
        bytes_per_second=seen,
        roof=min(1.0, seen / bandwidth(client)),
        failed=failed,
    )


class Roofline:
    """What this host's memory allows a kernel.

    Attributes
    ----------
    bandwidth : float
        Bytes per second that batches read and write.
    elements_per_second : float
        At most, if its arrays lie in memory.
    seconds_per_billion : float
        For 10^9 elements, at least.
    """

    def __init__(self, bandwidth_, bytes_per_element):
        self.bandwidth = bandwidth_
        self.elements_per_second = bandwidth_ / bytes_per_element
        self.seconds_per_billion = 1e9 / self.elements_per_second

    def __repr__(self):
        return (
            f"<lanes.Roofline {self.bandwidth / 1e9:.3g} GB/s, at most "
            f"{self.elements_per_second / 1e9:.3g} G elements/s>"
        )

    def to_dict(self):
        return dict(self.__dict__)
