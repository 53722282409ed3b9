#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How long does it take from IR to a callback that can be called?

  new     a callback that this executor has never seen: read, optimised, linked
  known   the same callback as another process would send it, while the first is loaded:
          read until its identity is known, then its code is shared
  disk    the very text that an earlier executor has loaded: no compiler is asked
  read    as "disk", but as another process would send it: read, then its code is on disk

Each round loads callbacks that no round before had: they differ in a constant. Numba's
own time to make the IR is not counted. Ends with 1 if the median of "new" or of "disk" is
over its limit; with --socket, only the first two are measured.
"""
import os
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "harness"), os.path.join(HERE, "..", "compare")]
import facts  # noqa: E402  pylint: disable=wrong-import-position

try:
    import kernels as all_kernels  # noqa: E402
    import numba  # noqa: E402
    import lanes_session as lanes  # noqa: E402
    import processes  # noqa: E402
except ImportError as missing:
    print(f"load.py: {missing}; apt-get install python3-numba python3-numpy")
    sys.exit(facts.EXIT_SKIPPED)

CALLBACKS = {"axpy": 2, "divide": 2, "exp": 2, "black_scholes": 3, "haversine": 4}
LIMITS_MS = {"new": 80.0, "disk": 5.0}


def ir_of(name, constant):
    """IR of a callback with another constant; of another process each time it is called."""
    names = ", ".join("abcd"[: CALLBACKS[name]])
    scope = {"f": numba.njit(getattr(all_kernels, name)), "constant": constant}
    callback = eval(f"lambda {names}: f({names}) + constant", scope)  # pylint: disable=eval-used
    doubles = ", ".join(["float64"] * CALLBACKS[name])
    return numba.cfunc(f"float64({doubles})")(callback).inspect_llvm()


def load_ms(session, ir):
    start = time.perf_counter()
    kernel = session.load(ir)
    return (time.perf_counter() - start) * 1e3, kernel


def load_all(socket, options, rounds):
    """Milliseconds by name of callback; rounds: {name: [text, ...]}. Each is released."""
    taken = {}
    with lanes.Session(lanes.library(options.build), socket) as session:
        # The executor listens before its compiler has started.
        load_ms(session, ir_of("axpy", -1.0))[1].release()
        for name, texts in rounds.items():
            taken[name] = []
            for text in texts:
                milliseconds, kernel = load_ms(session, text)
                taken[name].append(milliseconds)
                kernel.release()
    return taken


def measure(options, names, rounds):
    """{name: {what: statistics}}"""
    # Numba names functions by a count, so that no two texts of one callback are the same.
    texts = {
        what: {name: [ir_of(name, i + 0.5) for i in range(rounds + 1)] for name in names}
        for what in ("new", "known", "read")
    }
    pairs = {name: [text for both in zip(texts["new"][name], texts["known"][name])
                    for text in both] for name in names}  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="lanes-cache-") as cache:
        os.chmod(cache, 0o700)
        with processes.executor(options, cache) as socket:
            both = load_all(socket, options, pairs)
        taken = {"new": {name: both[name][0::2] for name in names},
                 "known": {name: both[name][1::2] for name in names}}  # fmt: skip
        for what, own in (("disk", "new"), ("read", "read")):
            if not options.socket:
                with processes.executor(options, cache) as socket:
                    taken[what] = load_all(socket, options, texts[own])
    # The first round warms up.
    return {name: {what: facts.summarise(own[name][1:]) for what, own in taken.items()}
            for name in names}  # fmt: skip


def main():
    parser = facts.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="timed rounds (15)")
    options = facts.parse(parser)
    rounds = 1 if options.smoke else options.rounds
    content = facts.document("lanes.bench.load/1", options)
    content["results"] = []
    is_good = True
    names = list(CALLBACKS)[: 1 if options.smoke else None]
    for name, parts in measure(options, names, rounds).items():
        content["results"].append({"callback": name, **parts})
        medians = {what: part["median"] for what, part in parts.items()}
        for what, limit in LIMITS_MS.items():
            is_good = is_good and (options.smoke or medians.get(what, 0.0) <= limit)
        line = ", ".join(f"{what} {median:5.1f}" for what, median in medians.items())
        print(f"  {name:14} {line} ms", flush=True)
    print(f"load.py: {'OK' if is_good else 'FAILED'}")
    content["ok"] = is_good
    facts.write_json(options, content)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
