#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Words that must not occur, and the SPDX line that must."""
import re

import lintlib

SPDX = "SPDX-License-Identifier: Apache-2.0"
C_SOURCE = r".*\.[ch]$"
PROSE = r".*(\.[ch]|\.md|\.pyi?|\.cmake|CMakeLists\.txt)$"
# (rule, pattern of the path, pattern of the text, advice)
RULES = [
    ("unbounded copy", C_SOURCE, r"\b(strcpy|strcat|stpcpy|v?sprintf|gets)\s*\(",
     "use snprintf() or memcpy() with a checked length"),
    ("bare marker", r".*", r"\b(TODO|FIXME|XXX)\b(?!\(#\d+\))",
     "write an issue number behind it, as in TODO(#12), or do it"),
    ("for now", PROSE, r"(?i)\bfor now\b",
     "say what holds and why; git knows what is temporary"),
    ("environment", r"src/.*\.[ch]$", r"\b(setenv|unsetenv|putenv|clearenv)\s*\(",
     "libraries never change the process environment"),
    ("open suppression", C_SOURCE, r"\bNOLINT(NEXTLINE|BEGIN|END)?\b(?!\([a-z][\w.,\- ]*\))",
     "name the check: NOLINT(check-name)"),
    ("feature macro", C_SOURCE, r"^\s*#\s*define\s+_GNU_SOURCE\b",
     "the build defines it for every file"),
    ("private path", r".*", "/" + r"work/|\.\./" + "shared",
     "name paths inside the project only"),
]  # fmt: skip
# {path: (rules that do not apply, reason)}
EXCEPTIONS = {
    "tests/lint/words.py": ({"bare marker", "for now"}, "defines the rules"),
    "tests/lint/self_test.py": ({"bare marker", "for now"}, "breaks the rules on purpose"),
}
SPDX_NAMES = re.compile(r".*(\.[ch]|\.pyi?|\.toml|\.sh|\.cmake|CMakeLists\.txt|\.map)$")
findings = []
checked = 0

for path in lintlib.all_files():
    text = lintlib.text_of(path)
    if text is None or path == "LICENSE":
        continue
    checked += 1
    lines = text.split("\n")
    excepted = EXCEPTIONS.get(path, (set(), ""))[0]
    for rule, where, pattern, advice in RULES:
        if rule in excepted or not re.match(where, path):
            continue
        for number, line in enumerate(lines, 1):
            match = re.search(pattern, line)
            if match:
                found = match.group().strip()
                findings.append(f"{path}:{number}: {rule}: '{found}'; {advice}")
    if SPDX_NAMES.match(path) or lintlib.is_script(path, text):
        # A script's first line is its interpreter.
        index = 1 if text.startswith("#!") else 0
        if SPDX not in (lines[index] if index < len(lines) else ""):
            findings.append(f"{path}:{index + 1}: licence: this line must be '{SPDX}'")
lintlib.finish(__file__, findings, f"{checked} files")
