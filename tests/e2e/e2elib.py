# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: a folder, the programs, comparisons in ulp.

The programs are those of $LANES_BIN_DIR, else of bin/ in $LANES_BUILD_DIR.
"""
import ast
import atexit
import functools
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import unittest

import numpy

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parent / "data"
KERNELS = HERE / "kernels"
NUMBA_FILE = KERNELS / "numba_kernels.py"

EXIT_BATCH_FAILED = 1
EXIT_CHECK_FAILED = 3
EXIT_USAGE = 64
EXIT_BAD_DATA = 65
EXIT_NO_INPUT = 66
EXIT_UNAVAILABLE = 69
EXIT_CANNOT_CREATE = 73


def bin_dir():
    if "LANES_BIN_DIR" in os.environ:
        return pathlib.Path(os.environ["LANES_BIN_DIR"])
    return pathlib.Path(os.environ["LANES_BUILD_DIR"]) / "bin"


def numba_kernel(name):
    """FILE.py:name, with a file that has only this function of NUMBA_FILE.

    Numba compiles every function of a file that is imported, which would be most of the time
    that these tests take.
    """
    return f"{_file_of_one(name)}:{name}"


@functools.lru_cache(maxsize=None)
def _file_of_one(name):
    text = NUMBA_FILE.read_text(encoding="utf-8")
    lines, kept = text.splitlines(keepends=True), []
    for node in ast.parse(text).body:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        if isinstance(node, (ast.Import, ast.ImportFrom)) or getattr(node, "name", None) == name:
            kept += lines[first - 1 : node.end_lineno]
    folder = tempfile.mkdtemp(prefix="lanes-e2e-")
    atexit.register(shutil.rmtree, folder)
    path = pathlib.Path(folder, NUMBA_FILE.name)
    path.write_text("".join(kept), encoding="utf-8")
    return path


def ir_kernel(name):
    """A callback as IR, for tests that are not about where it comes from: it takes a tenth of
    the time that Python and Numba take to start."""
    return KERNELS / f"{name}.ll"


def cpu_flags():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("flags"):
            return set(line.split())
    return set()


def expected_width(element_bytes):
    """The least number of elements per vector operation on the CPU that is compiled for."""
    levels = {"x86-64": 16, "x86-64-v2": 16, "x86-64-v3": 32, "x86-64-v4": 64}
    if os.environ.get("LANES_CPU") in levels:
        return levels[os.environ["LANES_CPU"]] // element_bytes
    flags = cpu_flags()
    vector_bytes = 64 if "avx512f" in flags else 32 if "avx2" in flags else 16
    return vector_bytes // element_bytes


def find_rustc():
    home = pathlib.Path.home() / ".cargo" / "bin" / "rustc"
    return shutil.which("rustc") or (str(home) if home.exists() else None)


def ulp_distance(got, wanted):
    """Elementwise distance in units in the last place; equal NaNs have distance 0."""
    kind = numpy.int64 if got.dtype == numpy.float64 else numpy.int32
    ordered = []
    for values in (got, wanted.astype(got.dtype)):
        bits = values.view(kind).astype(object)  # exact differences
        low = int(numpy.iinfo(kind).min)
        ordered.append(numpy.where(bits < 0, low - bits, bits))
    distance = numpy.abs(ordered[0] - ordered[1])
    return numpy.where(numpy.isnan(got) & numpy.isnan(wanted), 0, distance)


class LanesTest(unittest.TestCase):
    """A folder of its own, and an environment without the user's executor and cache."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lanes-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.environment = dict(os.environ, XDG_RUNTIME_DIR=str(self.folder / "runtime"),
                                XDG_CONFIG_HOME=str(self.folder / "config"),
                                LANES_CACHE_FOLDER="none")
        for name in ("LANES_SOCKET", "LANES_EXECUTOR", "LANES_PYTHON", "VIRTUAL_ENV"):
            self.environment.pop(name, None)
        (self.folder / "runtime").mkdir(mode=0o700)
        self.out = self.folder / "out.npy"

    def save(self, name, array):
        path = self.folder / name
        numpy.save(path, array)
        return path

    def write(self, name, contents):
        path = self.folder / name
        if isinstance(contents, str):
            contents = contents.encode()
        path.write_bytes(contents)
        return path

    def lanes(self, *arguments, timeout=60, **environment):
        """Runs lanes; the result has stdout and stderr as text."""
        return subprocess.run(
            [str(bin_dir() / "lanes"), *map(str, arguments)],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            cwd=self.folder,
        )

    def run_lanes(self, kernel, *inputs, options=()):
        """Runs a batch that must succeed; returns (result array, JSON report)."""
        done = self.lanes("run", kernel, *inputs, "-o", self.out, "--json", *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)
        self.assertIsNone(report["error"])
        return numpy.load(self.out), report

    def inspect(self, kernel, *options):
        done = self.lanes("inspect", kernel, "--json", *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual(report["schema"], "lanes.inspect/1")
        return report

    def llvm_major(self):
        """The major version of the LLVM that reads the IR."""
        kernel = self.write("which.ll", "define i32 @f(i32 %x) {\n  ret i32 %x\n}\n")
        return int(self.inspect(kernel)["llvm"].split(".")[0])

    def assert_fails(self, exit_code, fragments, *arguments, **environment):
        """`lanes ARGUMENTS` ends with exit_code and one sentence with every fragment."""
        done = self.lanes(*arguments, **environment)
        self.assertEqual(done.returncode, exit_code, done.stdout + done.stderr)
        for fragment in [fragments] if isinstance(fragments, str) else fragments:
            self.assertIn(fragment, done.stderr)
        self.assertRegex(done.stderr, r"(?m)^lanes:? (run|inspect): ")
        return done

    def assert_run_fails(self, exit_code, fragments, kernel, *inputs, options=()):
        """As assert_fails() for `lanes run --json`, which must leave no file."""
        before = set(os.listdir(self.folder))
        done = self.assert_fails(
            exit_code, fragments, "run", kernel, *inputs, "-o", self.out, "--json", *options
        )
        self.assertEqual(set(os.listdir(self.folder)), before, "a file was left")
        error = json.loads(done.stdout)["error"]
        self.assertIn(error["message"].split("\n")[0], done.stderr)
        return error

    def assert_within_ulp(self, got, wanted, limit):
        distance = ulp_distance(got, wanted)
        worst = int(numpy.argmax(distance)) if distance.size else 0
        self.assertLessEqual(
            distance.max(initial=0),
            limit,
            f"element {worst}: {got.flat[worst]!r} instead of {wanted.flat[worst]!r}"
            if distance.size
            else "",
        )


class SharedExecutor:
    """For a LanesTest: all tests of the class use one lanesd, as programs do whose user runs
    one. The start of an executor is half of what a command costs; whatever sets or looks at
    its threads needs one of its own.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = pathlib.Path(tempfile.mkdtemp(prefix="lanes-e2e-"))
        cls.addClassCleanup(shutil.rmtree, folder)
        cls.shared_socket = folder / "lanes.sock"
        ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        cls.addClassCleanup(ready.close)
        ready.bind(str(folder / "notify"))
        ready.settimeout(30)
        environment = dict(os.environ, NOTIFY_SOCKET=str(folder / "notify"),
                           XDG_CONFIG_HOME=str(folder), LANES_CACHE_FOLDER="none")  # fmt: skip
        with open(folder / "log", "w", encoding="utf-8") as log:
            process = subprocess.Popen([bin_dir() / "lanesd", "--socket", cls.shared_socket],
                                       env=environment, stderr=log)  # fmt: skip
        cls.addClassCleanup(process.wait)
        cls.addClassCleanup(process.terminate)
        if ready.recv(100) != b"READY=1":
            raise AssertionError((folder / "log").read_text(encoding="utf-8"))

    def setUp(self):
        super().setUp()
        self.environment["LANES_SOCKET"] = str(self.shared_socket)
