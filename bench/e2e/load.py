#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How long does it take from IR to a callback that can be called?

  new     a callback that this executor has never seen: read, optimised, linked
  known   the same callback as another process would send it, while the first is loaded:
          read until its identity is known, then its code is shared

Each round loads callbacks that no round before had: they differ in a constant. Numba's
own time to make the IR is not counted. Ends with 1 if the median of "new" is over its limit.
"""
import os
import sys
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
NEW_LIMIT_MS = 80.0


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


def measure(session, name, rounds):
    samples = {"new": [], "known": []}
    for number in range(-1, rounds):
        # Numba names functions by a count, so the second text is not the first.
        texts = [ir_of(name, number + 0.5) for _ in range(2)]
        loaded = [load_ms(session, text) for text in texts]
        for own, (milliseconds, kernel) in zip(samples.values(), loaded):
            kernel.release()
            if number >= 0:  # the first round warms up
                own.append(milliseconds)
    return {what: facts.summarise(own) for what, own in samples.items()}


def main():
    parser = facts.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="timed rounds (15)")
    options = facts.parse(parser)
    rounds = 1 if options.smoke else options.rounds
    content = facts.document("lanes.bench.load/1", options)
    content["results"] = []
    is_good = True
    with processes.executor(options) as socket:
        with lanes.Session(lanes.library(options.build), socket) as session:
            for name in list(CALLBACKS)[: 1 if options.smoke else None]:
                part = measure(session, name, rounds)
                new, known = part["new"]["median"], part["known"]["median"]
                content["results"].append({"callback": name, **part})
                is_good = is_good and (options.smoke or new <= NEW_LIMIT_MS)
                print(f"  {name:14} new {new:6.1f} ms, known {known:6.1f} ms, "
                      f"ratio {new / known:5.1f}", flush=True)  # fmt: skip
    print(f"load.py: {'OK' if is_good else 'FAILED'}")
    content["ok"] = is_good
    facts.write_json(options, content)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
