# SPDX-License-Identifier: Apache-2.0
"""What the Python benches share: options, facts about the machine, order statistics."""
import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
EXIT_SKIPPED = 77


def parser(description):
    """Options that every Python bench has."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--build", default=os.path.join(ROOT, "build", "bench"),
                      metavar="DIR", help="build tree to measure (default: build/bench)")
    made.add_argument("--socket", metavar="PATH",
                      help="use this executor instead of a private one")
    made.add_argument("--json", metavar="FILE", help="write the results as JSON")
    made.add_argument("--smoke", action="store_true", help="one tiny round, to see that it works")
    made.add_argument("--force", action="store_true", help="run although it is a Debug build")
    return made  # fmt: skip


def parse(made):
    """Parses the command line and refuses to measure a Debug build."""
    options = made.parse_args()
    options.build = os.path.abspath(options.build)
    if build_type(options.build) == "Debug" and not (options.smoke or options.force):
        sys.exit(f"{options.build} is a Debug build, its numbers mean nothing; "
                 "configure with --preset bench, or pass --force")  # fmt: skip
    return options


def cache_value(build, name):
    """A value of the tree's CMakeCache.txt, or "unknown"."""
    with open(os.path.join(build, "CMakeCache.txt"), encoding="utf-8") as cache:
        for line in cache:
            if line.startswith(name + ":"):
                return line.partition("=")[2].strip()
    return "unknown"


def build_type(build):
    return cache_value(build, "CMAKE_BUILD_TYPE")


def first_line(*command):
    """First line of what a command prints, or "unknown"."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return (result.stdout.splitlines() or ["unknown"])[0]


def cpu_name():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return "unknown"


def machine(build):
    compiler = os.path.join(build, "bin", "lanes-compiler")
    return {
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "kernel": platform.release(),
        "compiler": first_line(cache_value(build, "CMAKE_C_COMPILER"), "--version"),
        "build_type": build_type(build),
        "llvm": first_line(compiler, "--version"),
        "python": platform.python_version(),
        "git": first_line("git", "describe", "--always", "--dirty"),
    }


def document(schema, options):
    """Head of a bench's JSON."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return {
        "schema": schema,
        "date": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "smoke": options.smoke,
        "executor": options.socket or "private",
        "machine": machine(options.build),
    }


def write_json(options, content):
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
            file.write("\n")


def summarise(values):
    """Order statistics of a list of numbers; percentiles are nearest-rank."""
    ordered = sorted(values)
    median = statistics.median(ordered)
    rank = lambda percent: ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
    return {
        "count": len(ordered),
        "min": ordered[0],
        "p10": rank(10),
        "median": median,
        "p90": rank(90),
        "max": ordered[-1],
        "mad": statistics.median(abs(value - median) for value in ordered),
        "values": values,
    }
