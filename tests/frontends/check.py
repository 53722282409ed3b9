#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the fixtures of every front end through lanes and compares with kernels.json.

    check.py [--producer P]... [--kernel NAME]... [--table]

Each kernel is loaded with its own signature, since IR of C does not tell signs, complex
numbers and bools. A kernel that this LLVM is too old to read is counted as skipped.
"""
import argparse
import pathlib
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "support"))
import fixtures  # noqa: E402  pylint: disable=wrong-import-position
import lanes_client  # noqa: E402  pylint: disable=wrong-import-position
import manifest  # noqa: E402  pylint: disable=wrong-import-position

# By design: what the message says instead.
REFUSED = {"norm_struct": "is a struct passed in memory"}
KINDS = {"zero division": "ZeroDivisionError", "overflow": "OverflowError",
         "out of bounds": "RuntimeError"}  # fmt: skip


def lanes_signature(fixture):
    """The signature in lanes's words: f8,i4(f8[:],i4)."""
    signature = fixtures.parse_signature(fixture.signature)
    inputs = []
    for argument in signature.arguments:
        if argument.kind in ("value", "struct"):
            inputs.extend(argument.dtypes)
        elif argument.kind == "row":
            inputs.append(argument.dtypes[0] + "[:]")
    return f"{','.join(signature.outputs())}({','.join(inputs)})"


def compare(fixture, outputs, mask, done):
    """Sentences on what is wrong; none: nothing."""
    wanted = sorted(fixture.fails)
    failed = [int(i) for i in np.flatnonzero(mask)]
    if failed != wanted:
        return [f"elements {failed} fail, not {wanted}"]
    found = []
    if wanted:
        kind = type(done.exception()).__name__
        if kind != KINDS[fixture.fails[wanted[0]]]:
            found.append(f"element {wanted[0]} fails with {kind}: {done.message}")
    keep = ~mask
    for k, (got, right) in enumerate(zip(outputs, fixture.outputs)):
        far = manifest.distance(got[keep], right[keep])
        if far.size and far.max() > fixture.ulp:
            i = int(np.flatnonzero(keep)[far.argmax()])
            found.append(f"output {k}, element {i}: {got[i]} is {far.max():g} ulp from {right[i]}")
    return found


def run(session, fixture):
    """"ok", "- why" if it cannot be read here, or what is wrong."""
    try:
        kernel = session.load(fixture.ir.encode(), entry=fixture.name,
                              signature=lanes_signature(fixture))
    except lanes_client.LanesError as refused:
        if refused.name == "LANES_E_IR_PARSE":
            return "- " + refused.message
        if REFUSED.get(fixture.name, "?") in refused.message:
            return "refused"
        return f"refused: {refused}"
    (*outputs, mask), done = kernel.run(*fixture.inputs, errors="mask", params=fixture.params)
    kernel.release()
    if done.status < 0:
        return done.message
    return "; ".join(compare(fixture, outputs, mask, done)) or "ok"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--producer", action="append")
    parser.add_argument("--kernel", action="append")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    rows, producers, wrong, skipped = {}, [], 0, 0
    with lanes_client.Session(threads=2) as session:
        for fixture in fixtures.load_fixtures():
            if (options.producer and fixture.producer not in options.producer
                    or options.kernel and fixture.name not in options.kernel):
                continue
            result = run(session, fixture)
            skipped += result.startswith("- ")
            if result not in ("ok", "refused") and not result.startswith("- "):
                wrong += 1
                print(f"{fixture.producer} {fixture.name}: {result}", flush=True)
            if fixture.producer not in producers:
                producers.append(fixture.producer)
            cell = ("wrong" if result not in ("ok", "refused") else result)
            cell = "not readable" if result.startswith("- ") else cell
            rows.setdefault(fixture.name, {})[fixture.producer] = cell
    if options.table:
        print("| kernel | " + " | ".join(producers) + " |")
        print("|---" * (len(producers) + 1) + "|")
        for name, cells in rows.items():
            print(f"| `{name}` | " + " | ".join(cells.get(p, "") for p in producers) + " |")
    count = sum(len(cells) for cells in rows.values())
    print(f"{count} kernels, {skipped} not readable by this LLVM, {wrong} wrong")
    return 1 if wrong or count == skipped else 0


if __name__ == "__main__":
    sys.exit(main())
