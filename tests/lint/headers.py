#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each public header compiles alone, included twice, in every language it promises."""
import os
import shutil
import subprocess

import lintlib

LANGUAGES = [("c", "c99"), ("c", "c11"), ("c", "c17"), ("c++", "c++11")]
COMPILERS = {"c": ["gcc", "clang-22"], "c++": ["g++", "clang++-22"]}
MUST_HAVE = {"gcc", "g++"}

include = os.path.join(lintlib.ROOT, "include")
headers = [p for p in lintlib.c_files() if p.startswith("include/lanes/")]
findings = []
runs = 0
for language, standard in LANGUAGES:
    for compiler in COMPILERS[language]:
        if not shutil.which(compiler):
            if compiler in MUST_HAVE:
                findings.append(f"{compiler} is not installed; apt-get install {compiler}")
            continue
        for header in headers:
            name = os.path.relpath(header, "include")
            result = subprocess.run(
                [compiler, f"-std={standard}", "-x", language, "-pedantic-errors", "-Wall",
                 "-Wextra", "-Werror", "-fsyntax-only", f"-I{include}", "-"],
                input=f"#include <{name}>\n#include <{name}>\nint unused_;\n",
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            runs += 1
            if result.returncode:
                message = result.stderr.strip().replace(lintlib.ROOT + "/", "")
                findings.append(f"{header}:1: {compiler} -std={standard}:\n{message}")
lintlib.finish(__file__, findings, f"{len(headers)} headers, {runs} compilations")
