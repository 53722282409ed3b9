# SPDX-License-Identifier: Apache-2.0
"""Types of the package: the stubs are what there is, and mypy takes and refuses programs by them."""
import functools
import importlib.util
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent


def cache_folder():
    """Where mypy keeps what it knows of NumPy: seconds the first time, nothing afterwards."""
    build = os.environ.get("LANES_BUILD_DIR")
    return pathlib.Path(build, "tests", "python", "mypy") if build else pathlib.Path(tempfile.gettempdir(), "mypy")


def mypy(module, *arguments, folder=HERE):
    """Run mypy, or a module of it."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    environment = {**os.environ, "MYPY_CACHE_DIR": str(cache_folder())}
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)


@functools.lru_cache(maxsize=None)
def complaints():
    """(what mypy says of both programs, [(program, line, code) of each error])."""
    done = mypy("mypy", "--strict", "--no-error-summary", "--show-error-codes",
                f"--config-file={HERE / 'types.ini'}", "typed_program.py", "mistyped_program.py")  # fmt: skip
    errors = re.findall(r"^([^:\n]+):(\d+): error: .*\[([\w-]+)\]$", done.stdout, re.M)
    return done.stdout + done.stderr, [(name, int(line), code) for name, line, code in errors]


@unittest.skipUnless(importlib.util.find_spec("mypy"), "mypy is not installed: tools/dev/packages.sh names it")
class Types(unittest.TestCase):
    maxDiff = None

    def test_stubs_are_what_the_package_has(self):
        # Old ones have their cache in the folder where they are started, and nowhere else.
        cache_folder().mkdir(parents=True, exist_ok=True)
        done = mypy("mypy.stubtest", "lanes", "--concise", f"--mypy-config-file={HERE / 'types.ini'}",
                    f"--allowlist={HERE / 'types_allowed.txt'}", folder=cache_folder())  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_typed_program_is_accepted(self):
        said, errors = complaints()
        self.assertEqual([entry for entry in errors if entry[0] != "mistyped_program.py"], [], said)
        self.assertIn("mistyped_program.py:", said)  # mypy did run

    def test_mistakes_are_found_where_they_are(self):
        said, errors = complaints()
        lines = (HERE / "mistyped_program.py").read_text(encoding="utf-8").splitlines()
        marks = [(number, re.search(r"# error: ([\w-]+)$", line)) for number, line in enumerate(lines, 1)]
        expected = [(number, mark[1]) for number, mark in marks if mark]
        found = [(line, code) for name, line, code in errors if name == "mistyped_program.py"]
        self.assertEqual(found, expected, said)


if __name__ == "__main__":
    unittest.main()
