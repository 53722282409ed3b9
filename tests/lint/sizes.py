#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Files and functions stay small enough to read.

Functions are found in formatted code (lint/format): the body starts with a line that is
just "{" and ends with a line that is just "}", both in the first column.
"""
import re

import lintlib

# (what, pattern of the path, most lines); the first that fits applies.
FILE_LIMITS = [
    ("CMakeLists.txt", r"(.*/)?CMakeLists\.txt$", 200),
    ("test", r"(tests|bench)/.*\.[ch]$", 800),
    ("public header", r"include/.*\.h$", 500),
    ("source", r".*\.[ch]$", 600),
]
FUNCTION_LINES = 70
TEST_BODY_LINES = 60
# {path or "path:function": (most lines, reason)}
EXCEPTIONS = {}


def functions(lines):
    """Yields (line number, name, lines of the body)."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start:
            yield start, name_before(lines, start - 1), number - start - 1
            start = None


def name_before(lines, index):
    """The name in the declarator that ends just above lines[index]."""
    head = []
    while index > 0 and lines[index - 1] and not lines[index - 1].endswith((";", "}", "*/")):
        index -= 1
        head.insert(0, lines[index])
    text = " ".join(head)
    test = re.match(r"(?:Parameterized)?Test\(.*?(\w+),\s*(\w+)", text)
    if test:
        return f"{test.group(1)}::{test.group(2)}"
    match = re.search(r"(\w+)\s*\(", text)
    return match.group(1) if match else "?"


findings = []
unused = set(EXCEPTIONS)
checked = 0


def check(key, lines, limit, where, what):
    if key in EXCEPTIONS:
        unused.discard(key)
        limit = EXCEPTIONS[key][0]
    if lines > limit:
        findings.append(f"{where}: {what} has {lines} lines; at most {limit}")


for path in lintlib.all_files():
    found = [(what, limit) for what, pattern, limit in FILE_LIMITS if re.match(pattern, path)]
    if not found:
        continue
    checked += 1
    file_lines = lintlib.text_of(path).splitlines()
    check(path, len(file_lines), found[0][1], f"{path}:1", found[0][0])
    if path.endswith((".c", ".h")):
        for line_number, function, body in functions(file_lines):
            most = TEST_BODY_LINES if "::" in function else FUNCTION_LINES
            check(f"{path}:{function}", body, most, f"{path}:{line_number}", function)
findings += [f"tests/lint/sizes.py:1: exception {key} is no longer needed" for key in unused]
lintlib.finish(__file__, findings, f"{checked} files")
