# SPDX-License-Identifier: Apache-2.0
"""Loads mutants of the IR of tests/data and tests/frontends, as text and as bitcode, into a
live executor: which must not end, nor its compiler, nor keep anything of them.

    mutants.py [COUNT] [--first N] [--seed N] [--sessions N]    200 from 0 unless told; 100000
                                                                is the long form
    mutants.py --write INDEX FILE [--seed N]                    that mutant, to look at

A run that stopped goes on with --first, which is one of the mutants it named, and the COUNT
that is left.

Mutants are loaded, not run: what a callback does with addresses is its own business
(tests/data/attacks/README.md), and a mutant may write anywhere. Children of the compiler may
die of them; that is what they are for. Prints how many there were of each outcome and what
the executor holds after a fifth of them and at the end.
"""
import argparse
import collections
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import lanes_client  # noqa: E402  pylint: disable=wrong-import-position

SEED_BYTES_MAX = 24 << 10
# Allocators keep some of it; a few hundred bytes per mutant show in the long form.
RSS_DRIFT_MAX_KIB = 16 << 10
MAPS_DRIFT_MAX = 16
COMPILER = "#!/bin/sh\nexec '{}' --cpu-seconds=1 \"$@\"\n"
WITNESS = b"define double @f(double %x) {\n  %r = fmul double %x, 3.0\n  ret double %r\n}\n"

NUMBERS = ["0", "1", "-1", "7", "64", "255", "65536", "2147483647", "2147483648", "4294967296",
           "8388607", "9223372036854775807", "-9223372036854775808", "1.0e+308",
           "0x7FF0000000000000", "undef", "poison", "null", "zeroinitializer"]  # fmt: skip
TYPES = ["i1", "i8", "i17", "i32", "i64", "i128", "half", "float", "double", "fp128", "x86_fp80",
         "ptr", "void", "<4 x double>", "<vscale x 2 x i64>", "[3 x i8]", "{ i32, double }", "token",
         "metadata", "label"]  # fmt: skip
OPCODES = ["add", "sub", "mul", "sdiv", "udiv", "srem", "shl", "lshr", "and", "xor", "fadd", "fsub",
           "fmul", "fdiv", "frem", "icmp eq", "fcmp olt", "load", "store", "call", "ret", "br",
           "switch", "phi", "select", "bitcast", "trunc", "sext", "sitofp", "fptosi", "alloca",
           "getelementptr", "extractvalue", "insertvalue", "unreachable", "freeze"]  # fmt: skip


# ---- Mutants ------------------------------------------------------------------------------


def seeds(folder):
    """[(name, bytes)]: texts, and bitcode where this machine has an assembler."""
    paths = sorted((ROOT / "tests" / "data").glob("*.[lb][lc]"))
    paths += sorted((ROOT / "tests" / "frontends" / "ir").glob("*/*.[lb][lc]"))
    paths = [path for path in paths if path.stat().st_size <= SEED_BYTES_MAX]
    found = [(path.name, path.read_bytes()) for path in paths]
    assembler = pathlib.Path(os.environ.get("LANES_LLVM_BIN_DIR", "")) / "llvm-as"
    texts = [path for path in paths if path.suffix == ".ll"]
    for path in texts[:: max(1, len(texts) // 24)] if assembler.is_file() else []:
        out = folder / "seed.bc"
        done = subprocess.run([assembler, path, "-o", out], stderr=subprocess.DEVNULL, check=False)
        if done.returncode == 0:
            found.append((path.stem + ".bc", out.read_bytes()))
    return found


def mutate_bytes(rng, data):
    data = bytearray(data)
    kind = rng.randrange(4)
    if kind == 0:
        return bytes(data[: rng.randrange(1, len(data))])
    if kind == 1:
        size = rng.randrange(1, 64)
        source, target = rng.randrange(len(data)), rng.randrange(len(data))
        data[target : target + size] = data[source : source + size]
        return bytes(data)
    for _ in range(rng.randrange(1, 9)):
        position = rng.randrange(len(data))
        data[position] = data[position] ^ (1 << rng.randrange(8)) if kind == 2 else rng.randrange(256)
    return bytes(data)


def replace_one(rng, text, pattern, choices):
    places = list(re.finditer(pattern, text))
    if not places:
        return text
    place = rng.choice(places)
    return text[: place.start()] + rng.choice(choices) + text[place.end() :]


def mutate_text(rng, text, other):
    lines = text.split("\n")
    kind = rng.randrange(8)
    here = rng.randrange(len(lines))
    if kind == 0:
        return replace_one(rng, text, r"(?<![\w%@.])-?\d[\d.]*(e[+-]\d+)?\b", NUMBERS)
    if kind == 1:
        return replace_one(rng, text, r"\b(i\d+|double|float|ptr)\b", TYPES)
    if kind == 2:
        return replace_one(rng, text, r"(?<== )(f?add|f?sub|f?mul|fdiv|load|call|icmp \w+|fcmp \w+"
                                      r"|phi|select|bitcast|sitofp|trunc|zext)\b", OPCODES)  # fmt: skip
    if kind == 3:
        return replace_one(rng, text, r"%[\w.]+", re.findall(r"%[\w.]+", text) or ["%x"])
    if kind == 4:
        del lines[here]
    elif kind == 5:
        lines.insert(here, rng.choice(lines))
    elif kind == 6:
        lines.insert(here, rng.choice(other.split("\n")))
    else:
        return mutate_bytes(rng, text.encode()).decode("latin-1")
    return "\n".join(lines)


def mutant(seed, index, originals):
    """(name of the original, bytes); the same for the same seed and index."""
    rng = random.Random(f"{seed}/{index}")
    name, data = rng.choice(originals)
    if name.endswith(".bc"):
        return name, mutate_bytes(rng, data)
    text = data.decode("latin-1")
    texts = [other for other_name, other in originals if other_name.endswith(".ll")]
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        text = mutate_text(rng, text, rng.choice(texts).decode("latin-1"))
    return name, text.encode("latin-1", "replace") or b"\n"


# ---- Executor -----------------------------------------------------------------------------


class Executor:
    def __init__(self, folder):
        bin_dir = pathlib.Path(os.environ["LANES_BUILD_DIR"]) / "bin"
        compiler = folder / "compiler"
        compiler.write_text(COMPILER.format(bin_dir / "lanes-compiler"))
        compiler.chmod(0o700)
        self.path = folder / "lanes.sock"
        self.log = folder / "log"
        os.environ["LANES_SOCKET"] = str(self.path)
        environment = dict(os.environ, LANES_COMPILER=str(compiler), LANES_CACHE_FOLDER="none")
        with open(self.log, "wb") as log:
            # Code that nobody uses goes at once, so that what stays is seen.
            self.process = subprocess.Popen(
                [bin_dir / "lanesd", "--no-supervisor", "--threads=1", "--code-bytes=0", "--dumpable"],
                env=environment, stderr=log)  # fmt: skip
        while not self.path.exists():
            if self.process.poll() is not None:
                sys.exit(f"lanesd has ended:\n{self.log.read_text()}")
            time.sleep(0.01)

    def end(self):
        self.process.terminate()
        return self.process.wait()

    def holds(self):
        """(descriptors, mappings, resident KiB)."""
        proc = pathlib.Path(f"/proc/{self.process.pid}")
        rss = re.search(r"VmRSS:\s+(\d+)", (proc / "status").read_text())
        maps = len((proc / "maps").read_text().splitlines())
        return len(os.listdir(proc / "fd")), maps, int(rss.group(1))

    def deaths_of_compiler(self):
        return self.log.read_text().count("server/compile: the compiler ")


class Run:
    """The sessions, each on a thread of its own, take indices in turn."""

    def __init__(self, executor, options, originals):
        self.executor = executor
        self.options = options
        self.originals = originals
        self.lock = threading.Lock()
        self.next = options.first
        self.outcomes = collections.Counter()
        self.open = {}  # thread -> index that it is loading
        self.failure = None

    def take(self, end):
        with self.lock:
            if self.next >= end or self.failure is not None:
                return None
            index = self.next
            self.next += 1
            self.open[threading.get_ident()] = index
            return index

    def load(self, session, index):
        name, data = mutant(self.options.seed, index, self.originals)
        kind = "bitcode" if name.endswith(".bc") else "text"
        try:
            kernel = session.load(data)
            kernel.release()
            return f"{kind}: compiled"
        except lanes_client.LanesError as error:
            status = str(error).split(":")[0]
            if status in ("LANES_E_PEER_GONE", "LANES_E_INTERNAL"):
                raise
            return f"{kind}: {status}"

    def work(self, end):
        try:
            with lanes_client.Session(flags=0) as session:
                while (index := self.take(end)) is not None:
                    outcome = self.load(session, index)
                    with self.lock:
                        self.outcomes[outcome] += 1
        except Exception as error:  # pylint: disable=broad-except
            with self.lock:
                self.failure = self.failure or f"{type(error).__name__}: {error}"

    def until(self, end):
        threads = [threading.Thread(target=self.work, args=(end,))
                   for _ in range(self.options.sessions)]  # fmt: skip
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.failure is None and self.executor.process.poll() is not None:
            self.failure = f"lanesd has ended with {self.executor.process.returncode}"
        if self.failure is not None:
            indices = sorted(self.open.values())
            sys.exit(f"{self.failure}\nseed {self.options.seed}, one of the mutants {indices}\n"
                     f"{self.executor.log.read_text()[-2000:]}")  # fmt: skip


def check_witness(session, kernel):
    (got,), done = kernel.run([1.0, 2.0, 3.0])
    if done.status_name != "LANES_OK" or got.tolist() != [3.0, 6.0, 9.0]:
        sys.exit(f"another session was harmed: {done.status_name} {done.message} {got}")
    return session.executor_pid()


def stress(options, folder):
    originals = seeds(folder)
    executor = Executor(folder)
    try:
        return load_all(options, executor, Run(executor, options, originals))
    finally:
        executor.end()


def load_all(options, executor, run):
    """What is wrong with what came of it."""
    start = time.monotonic()
    with lanes_client.Session(flags=0) as session:
        witness = session.load(WITNESS)
        steps = 5
        for step in range(1, steps + 1):
            run.until(options.first + options.count * step // steps)
            if check_witness(session, witness) != executor.process.pid:
                sys.exit("the executor was replaced")
            time.sleep(0.3)  # dispatch lets go of kernels in its own time
            held = executor.holds()
            warm = held if step == 1 else warm
            print(f"{run.next:8d} mutants, {(run.next - options.first) / (time.monotonic() - start):.0f}/s: "
                  f"{held[0]} descriptors, {held[1]} mappings, {held[2]} KiB", flush=True)  # fmt: skip
    for outcome, count in sorted(run.outcomes.items()):
        print(f"{count:8d} {100 * count / options.count:6.2f} %  {outcome}")
    deaths = sum(count for outcome, count in run.outcomes.items() if "COMPILE_" in outcome)
    print(f"{len(run.originals)} originals, seed {options.seed}, from {options.first}; {deaths} "
          f"children died or were stopped; drift after {options.count // steps}: {held[0] - warm[0]} descriptors, "
          f"{held[1] - warm[1]} mappings, {held[2] - warm[2]} KiB")  # fmt: skip
    status = executor.end()
    problems = []
    if status != 0:
        problems.append(f"lanesd ended with {status}")
    if executor.deaths_of_compiler() > 0:
        problems.append(f"the compiler itself died: {executor.log.read_text()[-2000:]}")
    if held[0] != warm[0]:
        problems.append("descriptors are left")
    if held[1] > warm[1] + MAPS_DRIFT_MAX or held[2] > warm[2] + RSS_DRIFT_MAX_KIB:
        problems.append("memory is left")
    if run.outcomes.total() != options.count or not any("compiled" in o for o in run.outcomes):
        problems.append("too few mutants were loaded, or none was good")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("count", nargs="?", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sessions", type=int, default=4)
    parser.add_argument("--write", nargs=2, metavar=("INDEX", "FILE"))
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="lanes-mutants-"))
    try:
        if options.write:
            _, data = mutant(options.seed, int(options.write[0]), seeds(folder))
            pathlib.Path(options.write[1]).write_bytes(data)
            return 0
        problems = stress(options, folder)
    finally:
        shutil.rmtree(folder)
    for problem in problems:
        print(f"FAILED: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
