#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Python: lines, docstrings, imports; in the package what it promises to every Python.

* A line has at most 120 characters; nothing is imported that is not used; no `except:`
  without a class, no mutable default.
* tools/python/lanes: the syntax of Python 3.9, and a docstring for each module. A module
  imports, when it is imported itself, only the standard library, NumPy and the package;
  what else it can use it imports where it is used.
* Each tests/python/test_*.py is in the CMakeLists.txt beside it.
"""
import ast
import re
import sys

import lintlib

LINE = 120
PACKAGE = "tools/python/lanes/"
OLDEST = (3, 9)
# What a module of the package may import at its top; {module: further ones}. lanes.dask is
# for those who have Dask.
IMPORTED = sys.stdlib_module_names | {"numpy"}
FURTHER = {PACKAGE + "dask.py": {"dask", "distributed"}}

findings = []


def is_python(path, text):
    first = text.split("\n", maxsplit=1)[0]
    return path.endswith((".py", ".pyi")) or (first.startswith("#!") and "python" in first)


def check_lines(path, text):
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > LINE:
            findings.append(f"{path}:{number}: long line: {len(line)} characters; at most {LINE}")


def imported_names(node):
    """(name it gets here, top-level package or None for the module's own) of an import."""
    for alias in node.names:
        own = isinstance(node, ast.ImportFrom) and node.level
        root = node.module if isinstance(node, ast.ImportFrom) else alias.name
        name = alias.asname or alias.name.split(".")[0]
        yield name, None if own else root.split(".")[0]


def check_imports(path, text, tree):
    """Nothing is imported in vain. `import a as a` and a noqa comment mean it is passed on."""
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    lines = text.split("\n")
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Import, ast.ImportFrom)) or "F401" in lines[node.lineno - 1]:
            continue
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            continue
        passed_on = {alias.name for alias in node.names if alias.name == alias.asname}
        for name, _ in imported_names(node):
            if name not in used | passed_on:
                findings.append(f"{path}:{node.lineno}: unused import: {name}")


def check_pitfalls(path, tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            findings.append(f"{path}:{node.lineno}: bare except: name what is caught")
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            for default in [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
                if isinstance(default, (ast.List, ast.Dict, ast.Set)):
                    findings.append(f"{path}:{default.lineno}: mutable default: all calls share it")


def at_import(node):
    """Statements that run when the module is imported."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield child
            yield from at_import(child)


def check_package(path, text, tree):
    try:
        ast.parse(text, path, feature_version=OLDEST)
    except SyntaxError as error:
        findings.append(f"{path}:{error.lineno}: newer than Python {OLDEST[0]}.{OLDEST[1]}: {error.msg}")
    allowed = IMPORTED | FURTHER.get(path, set())
    for node in at_import(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for _, root in imported_names(node):
                if root is not None and root not in allowed:
                    findings.append(f"{path}:{node.lineno}: import of {root}: import it where it is used")


def check_registered(paths):
    """A test that CMake does not know never runs."""
    lists = "tests/python/CMakeLists.txt"
    for path in paths:
        match = re.fullmatch(r"tests/python/test_(\w+)\.py", path)
        if match and not re.search(rf"\b{match.group(1)}\b", lintlib.text_of(lists) or ""):
            findings.append(f"{path}:1: unknown test: {lists} does not name {match.group(1)}")


def check(path, text):
    check_lines(path, text)
    try:
        tree = ast.parse(text, path)
    except SyntaxError:
        return  # scripts.py tells
    check_imports(path, text, tree)
    check_pitfalls(path, tree)
    if path.startswith(PACKAGE):
        check_package(path, text, tree)
        if path.endswith(".py") and not ast.get_docstring(tree):
            findings.append(f"{path}:1: docstring: the module has none")


checked = 0
for file in lintlib.all_files():
    contents = lintlib.text_of(file)
    if contents is not None and is_python(file, contents):
        checked += 1
        check(file, contents)
check_registered(lintlib.all_files())
lintlib.finish(__file__, findings, f"{checked} files")
