# SPDX-License-Identifier: Apache-2.0
"""`import lanes` costs next to nothing, and what the package says of itself is so."""
import inspect
import os
import pathlib
import re
import subprocess
import sys
import unittest

import lanes
from lanes import _library

IMPORT_MS = 20  # of processor time; it is about one

# What a program gets that imports lanes and does nothing with it.
IMPORT = """
import sys, time
before = set(sys.modules)
start = time.process_time()
import lanes
took = time.process_time() - start
dir(lanes)
with open("/proc/self/maps") as maps:
    is_mapped = "liblanes" in maps.read()
print(took * 1e3, is_mapped, *sorted({name.split(".")[0] for name in set(sys.modules) - before}))
"""


def import_lanes():
    """(milliseconds, whether liblanes.so is mapped, top-level modules that came)."""
    done = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True)
    took, is_mapped, *modules = done.stdout.split()
    return float(took), is_mapped == "True", modules


class Import(unittest.TestCase):
    def test_brings_nothing_that_is_not_asked_for(self):
        _, is_mapped, modules = import_lanes()
        self.assertFalse(is_mapped, "liblanes.so is loaded when something needs it")
        for name in ("numba", "llvmlite", "dask", "distributed", "tqdm", "numpy", "ctypes"):
            self.assertNotIn(name, modules)

    def test_takes_no_time(self):
        self.assertLess(min(import_lanes()[0] for _ in range(3)), IMPORT_MS)


class Names(unittest.TestCase):
    def test_dir_is_what_is_public(self):
        self.assertEqual(sorted(dir(lanes)), sorted([*lanes.__all__, "__version__"]))

    def test_every_public_name_is_there_and_says_what_it_is(self):
        for name in lanes.__all__:
            with self.subTest(name):
                value = getattr(lanes, name)
                self.assertTrue(inspect.getdoc(value))

    def test_star_import_brings_them_all(self):
        space = {}
        exec("from lanes import *", space)  # pylint: disable=exec-used
        self.assertEqual(set(lanes.__all__), set(space) - {"__builtins__"})

    def test_another_name_is_an_attribute_error(self):
        with self.assertRaisesRegex(AttributeError, "module 'lanes' has no attribute 'vectorise'"):
            lanes.vectorise  # pylint: disable=pointless-statement,no-member


class Version(unittest.TestCase):
    def test_is_the_librarys_and_cmakes(self):
        lists = pathlib.Path(os.environ["LANES_SOURCE_DIR"]) / "CMakeLists.txt"
        version = re.search(r"project\(lanes\s+VERSION (\S+)", lists.read_text()).group(1)
        self.assertEqual(lanes.__version__, version)
        self.assertEqual(_library.library().lanes_version().decode(), version)


if __name__ == "__main__":
    unittest.main()
