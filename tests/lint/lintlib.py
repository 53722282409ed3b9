# SPDX-License-Identifier: Apache-2.0
"""What the lint scripts share: which files there are, and how findings are printed."""
import os
import re
import shutil
import sys

ROOT = os.environ.get("LANES_SOURCE_DIR") or os.path.abspath(
    os.path.join(os.path.dirname(__file__), "..", "..")
)
SKIPPED_FOLDERS = {".git", "__pycache__", ".cache"}
EXIT_SKIPPED = 77


def all_files():
    """Every file of the project, as sorted paths relative to the root."""
    found = []
    for place, folders, files in os.walk(ROOT):
        folders[:] = [
            name
            for name in folders
            if name not in SKIPPED_FOLDERS and not re.match(r"build\b", name)
        ]
        folder = os.path.relpath(place, ROOT)
        found += [os.path.normpath(os.path.join(folder, name)) for name in files]
    return sorted(found)


def c_files():
    return [path for path in all_files() if path.endswith((".c", ".h"))]


def text_of(path):
    """The file's text, or None if it is not text."""
    with open(os.path.join(ROOT, path), "rb") as file:
        data = file.read()
    try:
        return None if b"\0" in data else data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def is_script(path, text):
    return path.endswith((".py", ".sh")) or text.startswith("#!")


def first_tool(names, package):
    """The first installed program of names; ends the test with advice if there is none."""
    for name in names:
        if shutil.which(name):
            return name
    sys.exit(f"none of {', '.join(names)} is installed; apt-get install {package}")


def finish(script, findings, checked):
    """Prints the findings and ends the script."""
    name = os.path.basename(script)
    if findings:
        print("\n".join(findings))
        sys.exit(f"{name}: {len(findings)} findings in {checked}")
    print(f"{name}: no findings in {checked}")
    sys.exit(0)
