#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""liblanes.so exports what its version script names, and needs nothing but libc.

An application that loads liblanes.so must not get LLVM, hwloc or an OpenMP runtime into
its process. Usage: exports.py LIBRARY VERSION-SCRIPT
"""
import re
import subprocess
import sys

import lintlib

NEEDED_ALLOWED = re.compile(r"^(libc|libm|libpthread|librt|ld-linux[-\w]*)\.so\.\d+$")

library, version_script = sys.argv[1:]


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def exported():
    names = set()
    for line in output_of("nm", "-D", "--defined-only", library).splitlines():
        kind, name = line.split()[-2:]
        if kind != "A":  # the version names themselves
            names.add(name.split("@")[0])
    return names


def promised():
    """The names between "global:" and "local:" of every version."""
    with open(version_script, encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/|#[^\n]*", "", file.read(), flags=re.S)
    names = set()
    for part in re.findall(r"global:(.*?)(?:local:|\})", text, flags=re.S):
        names |= {name.strip() for name in part.split(";") if name.strip()}
    return names


findings = [
    f"{version_script}:1: {name} is listed but not defined in liblanes.so"
    for name in sorted(promised() - exported())
]
findings += [
    f"{library}:1: exports {name}, which {version_script} does not list"
    for name in sorted(exported() - promised())
]
findings += [
    f"{version_script}:1: {name}: every public name begins with lanes_"
    for name in sorted(promised())
    if not re.fullmatch(r"lanes_\w+", name)
]
needed = re.findall(r"\(NEEDED\).*\[(.*)\]", output_of("readelf", "-dW", library))
findings += [
    f"{library}:1: needs {name}; only libc is allowed (which room brought it in?)"
    for name in needed
    if not NEEDED_ALLOWED.match(name)
]
lintlib.finish(__file__, findings, f"{len(promised())} symbols, needs {' '.join(needed)}")
