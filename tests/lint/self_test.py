#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each lint script passes a clean tree and fires on a tree that breaks its rule."""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
HEAD = "/* SPDX-License-Identifier: Apache-2.0 */\n"
HASH_HEAD = "# SPDX-License-Identifier: Apache-2.0\n"
LONG = "int lanes_f(void)\n{\n" + "    lanes_g();\n" * 71 + "}\n"
LONG_TEST = "Test(suite, is_long)\n{\n" + "    lanes_g();\n" * 61 + "}\n"
PACKAGE_FILE = "tools/python/lanes/_a.py"
DASK_PY = '''"""What may import Dask."""
import dask
from . import _a as _a
from .b import c  # noqa: F401

def f(x=()):
    import numba
    return dask, numba
'''

CLEAN = {
    "include/lanes/a.h": HEAD + "#ifndef LANES_A_H\n#define LANES_A_H\nint lanes_a(void);\n#endif\n",
    "src/base/a.c": HEAD + "int lanes_a(void);\n\nint lanes_a(void)\n{\n    return 0;\n}\n",
    "tools/x": "#!/bin/sh\n" + HASH_HEAD + "echo hello\n",
    "README.md": "# Text\n",
    "tools/python/lanes/dask.py": HASH_HEAD + DASK_PY,
    "tests/python/test_b.py": HASH_HEAD,
    "tests/python/CMakeLists.txt": HASH_HEAD + "foreach(name IN ITEMS ab b)\n",
}
# (script, part of its output, files that join CLEAN)
CASES = [
    ("format.py", "src/base/b.c:2", {"src/base/b.c": HEAD + "int  lanes_b ;\n"}),
    ("headers.py", "c99", {"include/lanes/b.h": HEAD + "size_t lanes_b(void);\n"}),
    ("headers.py", "c++11", {"include/lanes/b.h": HEAD + "int lanes_b(int class);\n"}),
    ("headers.py", "redefinition", {"include/lanes/b.h": HEAD + "struct lanes_b { int i; };\n"}),
    ("sizes.py", "601 lines", {"src/base/b.c": "\n" * 601}),
    ("sizes.py", "501 lines", {"include/lanes/b.h": "\n" * 501}),
    ("sizes.py", "801 lines", {"tests/unit/b.c": "\n" * 801}),
    ("sizes.py", "201 lines", {"src/CMakeLists.txt": "\n" * 201}),
    ("sizes.py", "lanes_f has 71 lines", {"src/base/b.c": LONG}),
    ("sizes.py", "suite::is_long has 61 lines", {"tests/unit/b.c": LONG_TEST}),
    ("words.py", "licence", {"src/base/b.c": "int lanes_b;\n"}),
    ("words.py", "licence", {"tools/y": "#!/bin/sh\necho\n"}),
    ("words.py", "licence", {"tools/y.py": "\n"}),
    ("words.py", "licence", {"tools/y.pyi": "\n"}),
    ("words.py", "unbounded copy", {"src/base/b.c": HEAD + "strcpy(a, b);\n"}),
    ("words.py", "unbounded copy", {"src/base/b.c": HEAD + "sprintf(a, b);\n"}),
    ("words.py", "bare marker", {"README.md": "TODO: write\n"}),
    ("words.py", "bare marker", {"src/base/b.c": HEAD + "/* FIXME */\n"}),
    ("words.py", "for now", {"src/base/b.c": HEAD + "/* For now this. */\n"}),
    ("words.py", "environment", {"src/base/b.c": HEAD + "setenv(a, b, 1);\n"}),
    ("words.py", "open suppression", {"src/base/b.c": HEAD + "int i; // NOLINT\n"}),
    ("words.py", "feature macro", {"src/base/b.c": HEAD + "#define _GNU_SOURCE\n"}),
    ("words.py", "private path", {"README.md": "see /" + "work/x\n"}),
    ("words.py", "private path", {"README.md": "see .." + "/shared/x\n"}),
    ("scripts.py", "SC2086", {"tools/y": "#!/bin/sh\n" + HASH_HEAD + "rm $1\n"}),
    ("scripts.py", "syntax", {"tools/y.py": "def\n"}),
    ("scripts.py", "not executable", {"tools/z": "#!/bin/sh\n" + HASH_HEAD}),
    ("python.py", "long line", {"tools/y.py": f"# {'-' * 119}\n"}),
    ("python.py", "long line", {"tools/x": f"#!/usr/bin/python3\n# {'-' * 119}\n"}),
    ("python.py", "unused import: os", {"tools/y.py": "import os, re\nre.sub()\n"}),
    ("python.py", "unused import: b", {"tools/y.py": "def f():\n    from a import c as b\n"}),
    ("python.py", "bare except", {"tools/y.py": "try:\n    f()\nexcept:\n    f()\n"}),
    ("python.py", "mutable default", {"tools/y.py": "def f(x=1, *, y=[]):\n    pass\n"}),
    ("python.py", "docstring", {PACKAGE_FILE: "x = 1\n"}),
    ("python.py", "newer than Python 3.9", {PACKAGE_FILE: '""".""" \nmatch 1:\n    case 1:\n        f()\n'}),
    ("python.py", "import of numba", {PACKAGE_FILE: '"""."""\nif f():\n    from numba.core import g\n    g()\n'}),
    ("python.py", "import of dask", {PACKAGE_FILE: '"""."""\nimport dask\ndask.f()\n'}),
    ("python.py", "unknown test", {"tests/python/test_a.py": "f()\n"}),
]
EXECUTABLE = {"tools/x", "tools/y"}


def make_tree(root, files):
    for name, text in files.items():
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o755 if name in EXECUTABLE else 0o644)
    shutil.copy(os.path.join(HERE, "..", "..", ".clang-format"), root)


def run(script, root, *arguments):
    result = subprocess.run(
        [sys.executable, os.path.join(HERE, script), *arguments],
        env={**os.environ, "LANES_SOURCE_DIR": root, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return result.returncode, result.stdout + result.stderr


def run_on(script, files):
    with tempfile.TemporaryDirectory(prefix="lanes-lint-") as root:
        make_tree(root, files)
        return run(script, root)


def exports_case(root, code, version_script, flags=()):
    """Builds a small library and returns what exports.py says about it."""
    library, script = os.path.join(root, "l.so"), os.path.join(root, "l.map")
    with open(script, "w", encoding="utf-8") as file:
        file.write(version_script)
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-x", "c", "-o", library, "-", *flags],
        input=code, text=True, check=True,
    )  # fmt: skip
    return run("exports.py", root, library, script)


def exports_failures():
    one = "# A comment\nV { /* another */ global: lanes_a; local: *; };"
    cases = [
        ("int lanes_a;", one, (), 0, "1 symbols"),
        ("int lanes_a, lanes_b;", one, (), 1, "exports lanes_b"),
        ("int lanes_c;", one, (), 1, "lanes_a is listed"),
        ("int other;", "V { global: other; };", (), 1, "begins with lanes_"),
        ("int lanes_a;", one, ("-Wl,--no-as-needed", "-lhwloc"), 1, "needs libhwloc"),
        ("int lanes_a;", one, ("-Wl,--no-as-needed", "-lgomp"), 1, "needs libgomp"),
    ]
    with tempfile.TemporaryDirectory(prefix="lanes-lint-") as root:
        for code, script, flags, status, part in cases:
            got, output = exports_case(root, code, script, flags)
            if got != status or part not in output:
                yield f"exports.py on '{code}' {flags}: expected '{part}', got: {output}"


failures = list(exports_failures())
for name in sorted({script for script, _, _ in CASES}):
    returncode, text = run_on(name, CLEAN)
    if returncode:
        failures.append(f"{name} on the clean tree: {text}")
for name, expected, change in CASES:
    returncode, text = run_on(name, {**CLEAN, **change})
    if returncode == 0 or expected not in text:
        failures.append(f"{name} on {sorted(change)}: expected '{expected}', got: {text}")
print("\n".join(failures) or f"self_test.py: {len(CASES)} broken trees found broken")
sys.exit(1 if failures else 0)
