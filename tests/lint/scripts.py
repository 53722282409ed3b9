#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Shell scripts pass shellcheck; Python scripts compile; both are executable."""
import os
import subprocess

import lintlib

shellcheck = lintlib.first_tool(["shellcheck"], "shellcheck")
findings = []
shells = []
checked = 0
for path in lintlib.all_files():
    text = lintlib.text_of(path)
    if text is None:
        continue
    full = os.path.join(lintlib.ROOT, path)
    first = text.split("\n", maxsplit=1)[0]
    is_python = path.endswith((".py", ".pyi")) or (first.startswith("#!") and "python" in first)
    is_shell = path.endswith(".sh") or (first.startswith("#!") and first.endswith("sh"))
    if not (is_python or is_shell):
        continue
    checked += 1
    if is_shell:
        shells.append(path)
    else:
        try:
            compile(text, path, "exec")
        except SyntaxError as error:
            findings.append(f"{path}:{error.lineno}: syntax: {error.msg}")
    if first.startswith("#!") and not os.access(full, os.X_OK):
        findings.append(f"{path}:1: has a #! line but is not executable")
if shells:
    result = subprocess.run(
        [shellcheck, "-x", "--format=gcc", *shells],
        cwd=lintlib.ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    findings += result.stdout.splitlines()
lintlib.finish(__file__, findings, f"{checked} scripts")
