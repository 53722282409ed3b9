#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every .c and .h is as clang-format leaves it. --fix rewrites all that are not.

Debian 12's default clang-format (14) formats some of this code differently, so the
version is in the name of the program.
"""
import os
import re
import subprocess
import sys

import lintlib

files = lintlib.c_files()
tool = lintlib.first_tool(["clang-format-22", "clang-format-19"], "clang-format-22")
mode = ["-i"] if "--fix" in sys.argv[1:] else ["--dry-run", "-Werror"]
findings = []
if files:
    paths = [os.path.join(lintlib.ROOT, path) for path in files]
    result = subprocess.run(
        [tool, "--style=file", *mode, *paths], capture_output=True, text=True, check=False
    )
    places = {}  # path -> lines of its findings
    for match in re.finditer(r"^(.+?):(\d+):\d+: error: code", result.stderr, flags=re.M):
        path = os.path.relpath(match.group(1), lintlib.ROOT)
        places.setdefault(path, []).append(match.group(2))
    findings = [
        f"{path}:{lines[0]}: format: {len(lines)} places differ; {tool} -i {path}"
        for path, lines in places.items()
    ]
    if result.returncode and not findings:
        findings = [result.stderr]
lintlib.finish(__file__, findings, f"{len(files)} files with {tool}")
