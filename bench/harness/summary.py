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
    "loops": "bench/compare/loops.py",
    "errors": "bench/compare/errors.py",
    "reductions": "bench/compare/reductions.py",
    "calls": "bench/compare/calls.py",
    "load": "bench/e2e/load.py",
    "roundtrip": "build/bench/bin/bench_roundtrip",
    "producers": "build/bench/bin/bench_producers",
    "arena": "build/bench/bin/bench_arena",
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


def power(n):
    return f"{n:.0e}".replace("e+0", "e")


def loops_lines(content):
    parts = {(p["case"], p["n"]): p for p in content["results"]}
    cases = list(dict.fromkeys(case for case, _ in parts))
    sizes = sorted({n for _, n in parts})
    versions = ", ".join(f"{name} {version}" for name, version in content["versions"].items())
    yield (f"{content['threads']} threads; {versions}. The fastest peer's median over that of "
           "lanes, by number of elements; ~: other processes were busy.")  # fmt: skip
    yield ""
    yield from table(["case", "floor", *map(power, sizes)], [
        [case, next(p["floor"] for p in content["results"] if p["case"] == case)]
        + [loops_cell(parts.get((case, n))) for n in sizes]
        for case in cases
    ])  # fmt: skip
    yield ""
    yield from loops_medians(parts, cases, 10**7 if 10**7 in sizes else sizes[-1])
    yield ""
    yield from loops_below(content["results"])


def loops_cell(part):
    if part is None or "skipped" in part:
        return "-"
    mark = "~" if disturbed(part) else ""
    return f"{mark}{part['ratio']:.2f} {part['best']}"


def loops_medians(parts, cases, n):
    measured = [parts[case, n] for case in cases if "peers_ns" in parts.get((case, n), {})]
    names = list(dict.fromkeys(name for part in measured for name in part["peers_ns"]))
    rows = [
        [part["case"], part["vector_width"]]
        + [milliseconds(part["peers_ns"][name]) if name in part["peers_ns"] else "-"
           for name in names]
        for part in measured
    ]  # fmt: skip
    yield f"n = {power(n)}, median ± MAD in ms."
    yield ""
    yield from table(["case", "width", *names], rows)


def loops_below(results):
    measured = [p for p in results if "ratio" in p]
    below = [p for p in measured if p["ratio"] < p["floor"]]
    yield f"{len(below)} of {len(measured)} are below their floor:"
    yield ""
    for part in sorted(below, key=lambda p: p["ratio"] / p["floor"]):
        yield (f"* {part['case']}, {power(part['n'])}: {part['ratio']:.2f} of {part['best']}"
               + disturbed(part))  # fmt: skip
    for part in results:
        if "skipped" in part:
            yield f"* {part['case']}, {power(part['n'])}: not measured, {part['skipped']}"


def disturbed(part):
    share = part["disturbance"]
    return f" ({share:.0%} of a core was busy otherwise)" if share > 0.05 else ""


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


def calls_lines(content):
    names = list(content["results"][0]["ns"])
    rows = [
        [r["function"], f"{r['count']:,}", *(f"{r['ns'][name] / 1e3:,.4g}" for name in names)]
        for r in content["results"]
    ]  # fmt: skip
    yield "Time of a call in us, medians; `lanes, C`: the same batch by `lanes_run()` alone."
    yield ""
    yield from table(["function", "elements", *names], rows)


def load_lines(content):
    kinds = [k for k in ("new", "known", "disk", "read") if k in content["results"][0]]
    rows = [[r["callback"], *(f"{r[k]['median']:.1f} ± {r[k]['mad']:.1g}" for k in kinds)]
            for r in content["results"]]  # fmt: skip
    yield "From IR to a callable kernel, median ± MAD in ms."
    yield ""
    yield from table(["callback", *kinds], rows)


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
        "loops": loops_lines, "errors": errors_lines, "reductions": loops_lines,
        "calls": calls_lines, "load": load_lines, "roundtrip": roundtrip_lines, "producers": roundtrip_lines,
        "soak": soak_lines, "idle": idle_lines,
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
            yield (f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}, "
                   f"{machine['compiler']}, {machine['llvm']}.")  # fmt: skip
        yield ""
        own = content["machine"]
        yield (f"`{command}`: {content['date'][:10]}, revision {own['git']}, "
               f"load before: {own['load']:.2f}")  # fmt: skip
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
