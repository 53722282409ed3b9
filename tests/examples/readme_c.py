#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The README's C example compiles without warnings and prints what it promises."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ["LANES_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["LANES_BUILD_DIR"])


def main():
    compiler = sys.argv[1:]
    blocks = re.findall(r"```c\n(.*?)```", (SOURCE / "README.md").read_text(), re.DOTALL)
    if len(blocks) != 1:
        sys.exit(f"README.md has {len(blocks)} C examples; this test knows one")
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "example.c")
        program = pathlib.Path(folder, "example")
        source.write_text(blocks[0])
        subprocess.run([*compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic-errors",
                        f"-I{SOURCE}/include", source, f"-L{BUILD}/lib", "-llanes",
                        f"-Wl,-rpath,{BUILD}/lib", "-o", program], check=True)
        # No executor of this user shall answer: the example starts its own.
        environment = dict(os.environ, XDG_RUNTIME_DIR=folder)
        environment.pop("LANES_SOCKET", None)
        done = subprocess.run([program], stdout=subprocess.PIPE, text=True, check=True,
                              timeout=120, env=environment)
    if not re.fullmatch(r"z\[3\] = 10, \d+ threads, SIMD width \d+\n", done.stdout):
        sys.exit(f"the example printed {done.stdout!r}")
    print("1 passed, 0 failed")


if __name__ == "__main__":
    main()
