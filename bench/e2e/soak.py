#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Does the executor stay correct and keep nothing, whatever its clients do?

Four processes at once, each with a kernel of its own, run 10 000 batches of varying sizes,
several in flight, through sessions that they open and close, with kernels and segments
made anew in each. Every element of every result is checked: values, failures of a kernel
that divides by zero, and that nothing beside the batch was written. Before and after, the
descriptors, mappings and resident memory of executor and helper are counted; a tenth of
the load runs before the first count, so that what is made once is there.

Ends with 1 on a wrong result, a lost batch, or growth beyond the bounds below.
"""
import multiprocessing
import os
import queue
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "harness"), os.path.join(HERE, "..", "compare")]
import facts  # noqa: E402  pylint: disable=wrong-import-position

try:
    import numpy as np

    import kernels as catalogue  # noqa: E402
    import lanes_session as lanes  # noqa: E402
    import processes  # noqa: E402
except ImportError as missing:
    print(f"soak.py: {missing}; apt-get install python3-numba python3-numpy")
    sys.exit(facts.EXIT_SKIPPED)

KERNELS = ["axpy", "divide", "exp", "haversine"]  # one per client; NumPy checks them
# What a count may grow by. Memory allocators keep some of what they got.
BOUNDS = {"fds": 0, "mappings": 8, "rss_bytes": 4 << 20}
SLOTS = 8  # batches in flight per client, each with its own part of the arrays
SLOT_ELEMENTS = 1 << 15
ZERO_EVERY = 4999  # elements between two zeros in the divisor
SESSIONS = 5  # per client
SETTLE_SECONDS = 2
CLIENT_SECONDS = 300


class Client:
    """One session of one client process."""

    def __init__(self, session, kernel, ir, seed):
        self.session = session
        self.kernel = kernel
        self.random = np.random.default_rng(seed)
        self.lanes_kernel = session.load(ir)
        count = SLOTS * SLOT_ELEMENTS
        self.arrays = [session.array(count) for _ in range(len(kernel.ranges) + 1)]
        inputs = [array.data for array in self.arrays[:-1]]
        catalogue.make_inputs(kernel, inputs, seed)
        self.expected = np.empty(count)
        self.fails = np.zeros(count, dtype=bool)
        if kernel.name == "divide":
            self.fails[ZERO_EVERY // 2 :: ZERO_EVERY] = True
            inputs[1][self.fails] = 0.0
        with np.errstate(divide="ignore"):
            kernel.numpy(*inputs, out=self.expected)
        self.in_flight = {}

    def submit(self, slot):
        """A batch over a random part of a slot; its output is NaN before."""
        size = int(2 ** self.random.uniform(0, np.log2(SLOT_ELEMENTS)))
        start = slot * SLOT_ELEMENTS + int(self.random.integers(0, SLOT_ELEMENTS - size + 1))
        self.arrays[-1].data[slot * SLOT_ELEMENTS : (slot + 1) * SLOT_ELEMENTS] = np.nan
        self.in_flight[slot] = (start, size)
        batch = self.lanes_kernel.batch(*self.arrays, start=start, count=size, tag=slot)
        self.session.submit(batch)

    def take(self):
        """Waits for a completion, checks it and returns its slot."""
        completion = self.session.wait()
        slot = completion.tag
        start, size = self.in_flight.pop(slot)
        self.check(completion, slot, slice(start, start + size))
        return slot

    def check(self, completion, slot, part):
        fails = self.fails[part]
        failed = int(fails.sum())
        status = lanes.KERNEL_RAISED if failed else 0
        assert completion.status == status, (completion.status, completion.message)
        assert completion.failed == failed, (completion.failed, failed)
        assert not failed or completion.first_failed == int(np.argmax(fails))
        out = self.arrays[-1].data
        assert np.isnan(out[part][fails]).all(), "a failed element was written"
        good = ~fails
        inputs = [array.data[part][good] for array in self.arrays[:-1]]
        if good.any():
            error = catalogue.error_of(
                self.kernel, inputs, self.expected[part][good], out[part][good]
            )
            assert error <= self.kernel.numpy_bound, f"error {error:.2g}"
        written = int(np.count_nonzero(~np.isnan(out[slot * SLOT_ELEMENTS :][:SLOT_ELEMENTS])))
        assert written == int(good.sum()), "elements beside the batch were written"

    def run(self, batches):
        free = list(range(SLOTS))
        elements = 0
        for _ in range(batches):
            if not free:
                free.append(self.take())
            slot = free.pop()
            self.submit(slot)
            elements += self.in_flight[slot][1]
        while self.in_flight:
            self.take()
        return elements

    def release(self):
        self.lanes_kernel.release()
        for array in self.arrays:
            array.release()


def client_main(results, name, ir, build, socket, batches, seed):
    """A client process: its batches, spread over several sessions."""
    try:
        library = lanes.library(build)
        kernel = next(k for k in catalogue.KERNELS if k.name == name)
        elements = 0
        for number in range(SESSIONS):
            with lanes.Session(library, socket) as session:
                client = Client(session, kernel, ir, seed + number)
                share = batches * (number + 1) // SESSIONS - batches * number // SESSIONS
                elements += client.run(share)
                client.release()
        results.put((name, elements, None))
    except Exception as failure:  # pylint: disable=broad-except
        results.put((name, 0, f"{type(failure).__name__}: {failure}"))


def run_clients(irs, options, socket, batches, seed):
    """Runs all clients at once; returns elements computed; ends the program on failure."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    started = [
        context.Process(
            target=client_main,
            args=(results, name, ir, options.build, socket, batches // len(irs), seed * 1000 + i * 100),
        )
        for i, (name, ir) in enumerate(irs.items())
    ]  # fmt: skip
    for process in started:
        process.start()
    total = 0
    try:
        for _ in started:
            name, elements, failure = results.get(timeout=CLIENT_SECONDS)
            if failure:
                sys.exit(f"soak.py: FAILED: client {name}: {failure}")
            total += elements
        for process in started:
            process.join()
    except queue.Empty:
        sys.exit(f"soak.py: FAILED: a client has not finished within {CLIENT_SECONDS} s")
    finally:
        for process in started:
            process.kill()
    return total


def settled_counts(library, socket):
    """Counts per process, once the executor has noticed that its clients are gone."""
    family = processes.family(processes.executor_pid_of(library, socket))
    best = None
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        now = {role: processes.counts(pid) for role, pid in family.items()}
        if best is None or now["executor"]["fds"] <= best["executor"]["fds"]:
            best = now
        time.sleep(0.1)
    return best


def growth(before, after):
    """(role, what, before, after, is too much) for each count."""
    for role, counts in before.items():
        if after.get(role, {}).get("pid") != counts["pid"]:
            yield role, "pid", counts["pid"], after.get(role, {}).get("pid"), True
            continue
        for what, bound in BOUNDS.items():
            grown = after[role][what] - counts[what]
            yield role, what, counts[what], after[role][what], grown > bound


def main():
    parser = facts.parser(__doc__)
    parser.add_argument("--batches", type=int, default=10_000, help="in all (10 000)")
    parser.add_argument("--seed", type=int, default=1, help="of sizes and data (1)")
    options = facts.parse(parser)
    batches = 200 if options.smoke else options.batches
    library = lanes.library(options.build)
    try:
        irs = {k.name: catalogue.numba_ir(k) for k in catalogue.KERNELS if k.name in KERNELS}
    except ImportError as no_numba:
        print(f"soak.py: {no_numba}; apt-get install python3-numba")
        return facts.EXIT_SKIPPED
    content = facts.document("lanes.bench.soak/1", options)
    with processes.executor(options) as socket:
        run_clients(irs, options, socket, max(200, batches // 10), options.seed)
        before = settled_counts(library, socket)
        start = time.monotonic()
        elements = run_clients(irs, options, socket, batches, options.seed + 1)
        seconds = time.monotonic() - start
        after = settled_counts(library, socket)
    rows = list(growth(before, after))
    for role, what, old, new, is_too_much in rows:
        bound = f"at most +{BOUNDS[what]}" if what in BOUNDS else "must not change"
        print(f"  {role:10} {what:10} {old:>12} -> {new:>12}  ({bound})"
              f"{'  TOO MUCH' if is_too_much else ''}")  # fmt: skip
    is_good = not any(row[4] for row in rows)
    print(f"soak.py: {'OK' if is_good else 'FAILED'}: {batches} batches, {elements} elements by "
          f"{len(irs)} processes, all correct, in {seconds:.1f} s, seed {options.seed}")  # fmt: skip
    content.update(batches=batches, elements=elements, seconds=seconds, before=before,
                   after=after, bounds=BOUNDS, seed=options.seed, ok=is_good)  # fmt: skip
    facts.write_json(options, content)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
