# SPDX-License-Identifier: Apache-2.0
"""What pyproject.toml cannot say: the version, and the programs that go into the wheel.

lanes/_native/lib/liblanes.so finds lanesd in ../bin, and that finds the others beside
itself, so a wheel works wherever it is unpacked. They come from a CMake build, Release
without tests, in build/python of the repository; if LANES_BUILD_DIR names a build tree,
what is in it is taken and nothing is built.
"""
import atexit
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from setuptools import Command, Distribution, setup
from setuptools.command.build import build

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:  # setuptools before 70.1
    from wheel.bdist_wheel import bdist_wheel

ROOT = pathlib.Path(__file__).resolve().parents[2]
NATIVE = ["lib/liblanes.so", "bin/lanesd", "bin/lanes-executor", "bin/lanes-compiler"]


def version():
    """That of the CMake project, the only place where it is written."""
    lists = ROOT / "CMakeLists.txt"
    if not lists.exists():
        raise SystemExit(f"lanes is built from its repository, and {lists} is not there")
    return re.search(r"(?m)^ +VERSION (\S+)$", lists.read_text(encoding="utf-8")).group(1)


def built_tree():
    """A build tree that has NATIVE."""
    if os.environ.get("LANES_BUILD_DIR"):
        return pathlib.Path(os.environ["LANES_BUILD_DIR"])
    tree = ROOT / "build" / "python"
    configure = ["cmake", "-S", ROOT, "-B", tree, "-DCMAKE_BUILD_TYPE=Release",
                 "-DLANES_BUILD_TESTS=OFF"]  # fmt: skip
    if shutil.which("ninja") and not (tree / "CMakeCache.txt").exists():
        configure.append("-GNinja")
    subprocess.run(configure, check=True)
    targets = ["liblanes" if name.endswith(".so") else name[4:] for name in NATIVE]
    subprocess.run(["cmake", "--build", tree, "--parallel", str(os.cpu_count()),
                    "--target", *targets], check=True)  # fmt: skip
    return tree


class BuildNative(Command):
    """Copies the library and the programs into the package that is being built."""

    description = "add liblanes.so and the executor"
    user_options = []

    def initialize_options(self):
        self.build_lib = None
        self.editable_mode = False  # setuptools sets it

    def finalize_options(self):
        self.set_undefined_options("build", ("build_lib", "build_lib"))

    def get_outputs(self):
        folder = pathlib.Path(self.build_lib, "lanes", "_native")
        return [str(folder / name) for name in NATIVE]

    def get_source_files(self):
        return []

    def run(self):
        if self.editable_mode:
            return  # the package is the source folder: LANES_LIBRARY names a build tree's
        tree = built_tree()
        for name, place in zip(NATIVE, self.get_outputs()):
            if not (tree / name).exists():
                raise SystemExit(f"{tree / name} is not there; is {tree} a finished build of lanes?")
            os.makedirs(os.path.dirname(place), exist_ok=True)
            shutil.copyfile(tree / name, place)  # what a link leads to
            os.chmod(place, 0o755)


class Build(build):
    sub_commands = [*build.sub_commands, ("build_native", None)]


class Wheel(bdist_wheel):
    """For this system, and for every Python 3: no file depends on Python's ABI."""

    def get_tag(self):
        return ("py3", "none", super().get_tag()[2])


class NativeDistribution(Distribution):
    def has_ext_modules(self):
        return True


# setuptools would leave what it makes on the way in this folder, and take it for current.
scratch = tempfile.mkdtemp(prefix="lanes-setup-")
atexit.register(shutil.rmtree, scratch, ignore_errors=True)

setup(
    version=version(),
    distclass=NativeDistribution,
    cmdclass={"build": Build, "build_native": BuildNative, "bdist_wheel": Wheel},
    options={"build": {"build_base": scratch}, "egg_info": {"egg_base": scratch}},
)
