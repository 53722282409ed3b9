# SPDX-License-Identifier: Apache-2.0
"""A wheel and an installed prefix work by themselves: no variable, no source tree.

Both are made of the programs in $LANES_BUILD_DIR.
"""
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest
import zipfile

BUILD = pathlib.Path(os.environ["LANES_BUILD_DIR"])
SOURCE = pathlib.Path(os.environ["LANES_SOURCE_DIR"])
PACKAGE = SOURCE / "tools" / "python"
PROGRAMS = {"lanesd", "lanes-executor", "lanes-compiler"}

# Computes, and says what served it. Of an installation it is told nothing; the variables that
# it gets keep the user's own executor, settings and cache away.
USE = """
import os
import lanes, numpy
from lanes import _library
text = "define double @f(double %x) {\\n  %y = fadd double %x, 1.0\\n  ret double %y\\n}\\n"
print(lanes.from_ir(text, "f8(f8)")(numpy.arange(3.0)).tolist())
print(lanes.__file__)
print(lanes.__version__)
with open("/proc/self/maps") as maps:
    print(*{line.split()[-1] for line in maps if "liblanes" in line})
print(os.readlink(f"/proc/{lanes.default_client().executor_pid}/exe"))
"""


def run(*command, **variables):
    """What a command prints that has nothing in its environment but these variables."""
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, timeout=100,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"),
             **{name: str(value) for name, value in variables.items()}},
    )  # fmt: skip
    if done.returncode:
        raise AssertionError(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout


def tree_version():
    return re.search(r"project\(lanes\s+VERSION (\S+)", (SOURCE / "CMakeLists.txt").read_text()).group(1)


def source_files():
    """What of the package is installed, relative to its folder."""
    found = {path for pattern in ("**/*.py", "**/*.pyi") for path in (PACKAGE / "lanes").glob(pattern)}
    return {str(path.relative_to(PACKAGE / "lanes")) for path in found} | {"py.typed"}


class Installed(unittest.TestCase):
    """A folder for all tests of a class, which setUpClass() installs something into."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="lanes-install-")).resolve()
        cls.addClassCleanup(shutil.rmtree, cls.folder)

    def check_use(self, python, package, library, executor, **variables):
        """USE runs, by the package, the library and the executor of these paths."""
        output = run(python, "-B", "-c", USE, XDG_RUNTIME_DIR=self.folder,
                     XDG_CONFIG_HOME=self.folder, LANES_CACHE_FOLDER="none", **variables)  # fmt: skip
        self.assertEqual(
            output.splitlines(),
            ["[1.0, 2.0, 3.0]", str(package / "__init__.py"), tree_version(), str(library), str(executor)],
        )


class Wheel(Installed):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        before = tree_listing()
        run(sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--no-index",
            "--wheel-dir", cls.folder, PACKAGE, LANES_BUILD_DIR=BUILD)  # fmt: skip
        cls.left = tree_listing() - before
        (cls.wheel,) = cls.folder.glob("*.whl")

    def test_leaves_nothing_in_the_tree(self):
        self.assertEqual(self.left, set())

    def test_is_for_every_python_of_this_system(self):
        self.assertEqual(self.wheel.name, f"lanes-{tree_version()}-py3-none-linux_x86_64.whl")

    def test_holds_the_package_the_library_and_the_programs(self):
        with zipfile.ZipFile(self.wheel) as archive:
            files = {info.filename: info for info in archive.infolist()}
        native = {"_native/lib/liblanes.so"} | {f"_native/bin/{name}" for name in PROGRAMS}
        self.assertEqual({name[6:] for name in files if name.startswith("lanes/")},
                         source_files() | native)  # fmt: skip
        for name in native:
            mode = files[f"lanes/{name}"].external_attr >> 16
            self.assertEqual(stat.S_IMODE(mode), 0o755, name)
        others = {name.split("/", 1)[1] for name in files if not name.startswith("lanes/")}
        self.assertTrue({"METADATA", "RECORD", "WHEEL"} < others, others)
        self.assertTrue(any(name.endswith("LICENSE") for name in others), others)

    def test_needs_numpy_only(self):
        with zipfile.ZipFile(self.wheel) as archive:
            (name,) = [name for name in archive.namelist() if name.endswith("METADATA")]
            metadata = archive.read(name).decode()
        needs = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:")]
        always = [line for line in needs if "extra ==" not in line]
        self.assertRegex(" ".join(always), r"^Requires-Dist: numpy ?\(?>=1\.24\)?$")
        extras = set(re.findall(r"(?m)^Provides-Extra: (\w+)", metadata))
        self.assertEqual(extras, {"numba", "dask", "tqdm"})
        self.assertIn("\nRequires-Python: >=3.9\n", metadata)

    def test_works_where_it_is_installed(self):
        place = self.folder / "venv"
        # pip is the system's, which sees where it runs; one of its own takes two seconds.
        run(sys.executable, "-m", "venv", "--system-site-packages", "--without-pip", place)
        python = place / "bin" / "python"
        run(python, "-m", "pip", "install", "--no-deps", "--no-index", self.wheel)
        (package,) = place.glob("lib/python3*/site-packages/lanes")
        native = package / "_native"
        self.check_use(python, package, native / "lib/liblanes.so", native / "bin/lanes-executor")


class Prefix(Installed):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.prefix = cls.folder / "prefix"
        run("cmake", "--install", BUILD, "--prefix", cls.prefix)

    def test_holds_the_package(self):
        package = self.prefix / "lib/python3/dist-packages/lanes"
        found = {str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()}
        self.assertEqual(found, source_files())

    def test_works_by_its_place(self):
        packages = self.prefix / "lib/python3/dist-packages"
        self.check_use(sys.executable, packages / "lanes",
                       self.prefix / f"lib/liblanes.so.{tree_version()}",
                       self.prefix / "bin/lanes-executor", PYTHONPATH=packages)  # fmt: skip


def tree_listing():
    return {str(path) for path in PACKAGE.rglob("*") if "__pycache__" not in path.parts}


if __name__ == "__main__":
    unittest.main()
