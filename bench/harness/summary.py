#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints bench/results/*.json as Markdown tables.

Usage: summary.py [--readme] [FOLDER]

  --readme   also put them into bench/README.md, between its two marker lines
"""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
README = os.path.join(HERE, "..", "README.md")
BEGIN, END = "<!-- results begin -->", "<!-- results end -->"
# What each file was made by, in the order of the section.
FILES = {
    "compare": "bench/compare/compare.py",
    "sizes": "bench/compare/compare.py --sizes",
    "errors": "bench/compare/errors.py",
    "layouts": "bench/compare/layouts.py",
    "load": "bench/e2e/load.py",
    "roundtrip": "build/bench/bin/bench_roundtrip",
    "soak": "bench/e2e/soak.py",
    "idle": "bench/e2e/idle.py",
}


def table(head, rows):
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(str(cell) for cell in row) + " |"


def milliseconds(summary):
    return f"{summary['median'] / 1e6:.3g} ± {summary['mad'] / 1e6:.2g}"


def compare_lines(content):
    peers = ["lanes", "hand", "hand-stream", "hand-own", "numba", "numpy"]
    rows = []
    for part in content["results"]:
        cells = [part["kernel"], part["vector_width"]]
        for peer in peers:
            known = peer in part["peers_ns"]
            cells.append(milliseconds(part["peers_ns"][peer]) if known else "-")
        cells += [f"{part['ratio'].get(p, float('nan')):.2f}" for p in ("hand", "numba", "numpy")]
        rows.append(cells)
    count = content["results"][0]["count"]
    yield f"n = {count:,} f8; median ± MAD in ms; ratio above 1: lanes is faster than that."
    yield ""
    yield from table(["kernel", "width", *peers, "vs hand", "vs numba", "vs numpy"], rows)


def sizes_lines(content):
    kernels = list(dict.fromkeys(part["kernel"] for part in content["results"]))
    counts = sorted({part["count"] for part in content["results"]})
    found = {(p["kernel"], p["count"]): p["ratio"] for p in content["results"]}
    yield "Time of the hand-written loop over that of lanes, by number of elements."
    yield ""
    rows = [
        [k] + [f"{found[k, n]['hand']:.2f}" if (k, n) in found else "-" for n in counts]
        for k in kernels
    ]
    yield from table(["kernel", *(f"{n:.0e}".replace("e+0", "e") for n in counts)], rows)


def errors_lines(content):
    rows = [
        [r["pair"], f"{r['count']:,}", f"{r['plain_ns'] / 1e6:.4g}",
         f"{r['checked_ns'] / 1e6:.4g}", f"{r['ratio']:.3f}",
         f"{r['width_plain']}, {r['width_checked']}"]
        for r in content["results"]
    ]  # fmt: skip
    yield "Medians in ms without and with checks; ratio 1: the checks cost nothing."
    yield ""
    yield from table(["pair", "elements", "plain", "checked", "ratio", "widths"], rows)


def layouts_lines(content):
    rows = [
        [r["layout"], f"{r['count']:,}"]
        + [f"{r['peers_ns'][p]['median'] / 1e6:.3g}" if p in r["peers_ns"] else "-"
           for p in ("lanes", "hand", "numba", "numpy")]
        + [f"{r['ratio']:.2f}"]
        for r in content["results"]
    ]  # fmt: skip
    yield "2.5 * x + y, medians in ms; ratio: the fastest of the others over lanes."
    yield ""
    yield from table(["layout", "elements", "lanes", "hand", "numba", "numpy", "ratio"], rows)


def load_lines(content):
    rows = [
        [r["callback"], f"{r['new']['median']:.1f} ± {r['new']['mad']:.1g}",
         f"{r['known']['median']:.1f} ± {r['known']['mad']:.1g}",
         f"{r['new']['median'] / r['known']['median']:.1f}"]
        for r in content["results"]
    ]  # fmt: skip
    yield "From IR to a callable kernel, median ± MAD in ms."
    yield ""
    yield from table(["callback", "new", "known", "ratio"], rows)


def roundtrip_lines(content):
    rows = [
        [r["name"], f"{r['median']:,.0f}", f"{r['mad']:,.0f}", f"{r['p99']:,.0f}",
         f"{r['min']:,.0f}", r["unit"]]
        for r in content["results"]
    ]  # fmt: skip
    yield from table(["what", "median", "MAD", "p99", "min", "unit"], rows)


def soak_lines(content):
    yield (f"{content['batches']:,} batches, {content['elements']:,} elements, "
           f"{content['seconds']:.1f} s: {'OK' if content['ok'] else 'FAILED'}")  # fmt: skip
    yield ""
    rows = [
        [role, what, f"{before[what]:,}", f"{content['after'][role][what]:,}"]
        for role, before in content["before"].items()
        for what in ("fds", "mappings", "rss_bytes")
    ]
    yield from table(["process", "what", "before", "after"], rows)


def idle_lines(content):
    mib = 1 << 20
    rows = [
        [role, f"{seconds:.2f} s in {content['seconds']:.0f} s",
         f"{content['rss_bytes'][role] / mib:.1f} MiB",
         f"{content['private_bytes'][role] / mib:.1f} MiB"]
        for role, seconds in content["cpu_seconds"].items()
    ]  # fmt: skip
    rows.append(["client library", "-", "-", f"{content['client_bytes'] / mib:.2f} MiB"])
    yield from table(["process", "CPU time", "RSS", "of it private"], rows)


def lines_of(folder):
    makers = {
        "compare": compare_lines, "sizes": sizes_lines, "errors": errors_lines,
        "layouts": layouts_lines, "load": load_lines, "roundtrip": roundtrip_lines, "soak": soak_lines,
        "idle": idle_lines,
    }  # fmt: skip
    machine = None
    for name, command in FILES.items():
        path = os.path.join(folder, name + ".json")
        if not os.path.exists(path):
            continue
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        if content["smoke"]:
            continue
        if machine is None:
            machine = content["machine"]
            yield (f"{content['date'][:10]}, {machine['cpu']}, {machine['cores']} cores, Linux "
                   f"{machine['kernel']}, {machine['compiler']}, {machine['llvm']}, "
                   f"revision {machine['git']}; load before: {machine['load']:.2f}.")  # fmt: skip
        yield ""
        yield f"`{command}`"
        yield ""
        yield from makers[name](content)


def main():
    arguments = [a for a in sys.argv[1:] if a != "--readme"]
    folder = arguments[0] if arguments else os.path.join(HERE, "..", "results")
    text = "\n".join(lines_of(folder))
    print(text)
    if "--readme" in sys.argv[1:]:
        with open(README, encoding="utf-8") as file:
            old = file.read()
        head, tail = old.partition(BEGIN)[0], old.partition(END)[2]
        with open(README, "w", encoding="utf-8") as file:
            file.write(f"{head}{BEGIN}\n{text}\n{END}{tail}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
