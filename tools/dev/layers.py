#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Check the layers of src/README.md against the code.

Rules, named in each message:
  layers-block   the fenced ```layers block: known rooms, each using only rooms above it
  room-unlisted  a folder under src/ that the block does not name
  edge           #include "room/..." of a room that the block does not allow
  include-form   #include "file.h" without its room
  cycle          rooms that include each other in a circle
  depends        DEPENDS in src/<room>/CMakeLists.txt names a room the block does not allow
  home           a third-party or Linux header, or #pragma omp, outside its home
  internal       <x>_internal.h included from another folder
  llvm-version   LLVM_VERSION_MAJOR outside the compatibility headers
  public         a public header that includes more than <lanes/...> and standard C

Usage: layers.py [--root DIR] | --self-test
"""
import argparse
import os
import re
import sys
import tempfile

# (what, pattern over the included name, rooms that may include it)
HOMES = [
    ("LLVM", r"llvm(-c)?/", {"codegen", "loader"}),
    ("hwloc", r"hwloc(\.h|/)", {"topo"}),
    ("OpenMP", r"omp(-tools)?\.h$", {"team"}),
    ("libseccomp", r"seccomp\.h$", set()),
    ("jansson", r"jansson(_config)?\.h$", {"codegen", "server"}),
    (
        "Linux",
        r"((sys/(?!types\.h|param\.h|cdefs\.h)|linux/|asm/|net/|netinet/|arpa/).*"
        r"|(fcntl|signal|poll|dirent|mqueue|spawn|pwd|grp|netdb|ucontext)\.h)$",
        {"os"},
    ),
]
# Third-party headers that programs may not use either; they go through a room.
HOMES_FOR_TOOLS = {"LLVM", "hwloc", "OpenMP"}
# {(file, header): reason}: where a rule of HOMES does not fit.
EXCEPTIONS = {}

VERSION_FILES = {"codegen/codegen_compat.h", "loader/loader_compat.h"}
STANDARD_C = {
    "assert.h", "complex.h", "ctype.h", "errno.h", "float.h", "inttypes.h", "limits.h",
    "math.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h",
    "string.h", "time.h",
}  # fmt: skip
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
OMP = re.compile(r'^\s*#\s*pragma\s+omp\b|_Pragma\(\s*"\s*omp\b')


class Checker:
    def __init__(self, root):
        self.root = root
        self.src = os.path.join(root, "src")
        self.findings = []
        self.allowed = {}  # room -> rooms it may include
        self.used = {}  # room -> {room: "file:line" of the first include}

    def report(self, path, line, rule, text):
        self.findings.append(f"{os.path.relpath(path, self.root)}:{line}: {rule}: {text}")

    def run(self):
        self.read_block()
        for room in sorted(os.listdir(self.src)):
            folder = os.path.join(self.src, room)
            if not os.path.isdir(folder):
                continue
            if room not in self.allowed:
                self.report(folder, 1, "room-unlisted", f"src/README.md does not name {room}")
                continue
            self.used[room] = {}
            for path in c_files(folder):
                self.check_file(room, path)
            self.check_depends(room, os.path.join(folder, "CMakeLists.txt"))
        self.check_cycles()
        for path in c_files(os.path.join(self.root, "tools")):
            self.check_tool(path)
        for path in c_files(os.path.join(self.root, "include")):
            self.check_public(path)
        return self.findings

    def read_block(self):
        path = os.path.join(self.src, "README.md")
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
        inside = False
        rows = []
        for number, line in enumerate(lines, 1):
            if line.startswith("```"):
                inside = line.strip() == "```layers"
            elif inside and line.strip():
                rows.append((number, line))
        if not rows:
            self.report(path, 1, "layers-block", "no ```layers block")
        names = [line.split(":")[0].strip() for _, line in rows]
        for number, line in rows:
            room, _, rest = line.partition(":")
            room = room.strip()
            first = re.split(r" {2,}", rest.strip())[0].split(" ")
            uses = first if first[0] in names else []
            if room in self.allowed:
                self.report(path, number, "layers-block", f"{room} is listed twice")
            for used in uses:
                if used not in self.allowed:
                    why = "is below" if used in names else "is not a room; it is used by"
                    self.report(path, number, "layers-block", f"{used} {why} {room}")
            self.allowed[room] = set(uses)

    def check_file(self, room, path):
        inside = os.path.relpath(path, self.src)
        for number, line in numbered_lines(path):
            if OMP.search(line) and room != "team":
                self.report(path, number, "home", "#pragma omp belongs into src/team")
            if "LLVM_VERSION_MAJOR" in line and inside not in VERSION_FILES:
                where = " or ".join(sorted(VERSION_FILES))
                self.report(path, number, "llvm-version", f"only {where} may ask for it")
            match = INCLUDE.match(line)
            if not match:
                continue
            quote, name = match.groups()
            if quote == "<":
                self.check_home(room, path, number, name)
            else:
                self.check_edge(room, path, number, name)

    def check_home(self, room, path, number, name):
        inside = os.path.relpath(path, self.root)
        for what, pattern, rooms in HOMES:
            if not re.match(pattern, name) or room in rooms or (inside, name) in EXCEPTIONS:
                continue
            where = " or ".join(f"src/{home}" for home in sorted(rooms)) or "no room"
            self.report(path, number, "home", f"<{name}> ({what}) belongs into {where}")

    def check_edge(self, room, path, number, name):
        other, slash, file = name.partition("/")
        if not slash:
            self.report(path, number, "include-form", f'write "{room}/{name}"')
            return
        if other == room:
            return
        if file.endswith("_internal.h"):
            self.report(path, number, "internal", f"{name} is private to src/{other}")
        self.used[room].setdefault(other, f"{os.path.relpath(path, self.root)}:{number}")
        if other not in self.allowed[room]:
            allowed = " ".join(sorted(self.allowed[room])) or "no other room"
            self.report(path, number, "edge", f"{room} may not use {other}, only: {allowed}")

    def check_depends(self, room, path):
        if not os.path.exists(path):
            return
        with open(path, encoding="utf-8") as file:
            text = re.sub(r"#.*", "", file.read())
        for call in re.finditer(r"lanes_add_room\(([^)]*)\)", text):
            words = call.group(1).split()
            if "DEPENDS" not in words:
                continue
            number = text[: call.start()].count("\n") + 1
            for word in words[words.index("DEPENDS") + 1 :]:
                if word in ("LIBS", "SOURCES"):
                    break
                if word not in self.allowed[room]:
                    self.report(path, number, "depends", f"{room} may not use {word}")

    def check_cycles(self):
        done = set()

        def visit(room, trail):
            if room in trail:
                circle = trail[trail.index(room) :] + [room]
                where = self.used[circle[0]][circle[1]].rsplit(":", 1)
                path = os.path.join(self.root, where[0])
                self.report(path, where[1], "cycle", " -> ".join(circle))
            elif room not in done:
                for other in self.used.get(room, {}):
                    visit(other, trail + [room])
                done.add(room)

        for room in self.used:
            visit(room, [])

    def check_tool(self, path):
        for number, line in numbered_lines(path):
            match = INCLUDE.match(line)
            name = match.group(2) if match else ""
            for what, pattern, rooms in HOMES:
                if what in HOMES_FOR_TOOLS and re.match(pattern, name):
                    where = " or ".join(f"src/{home}" for home in sorted(rooms))
                    self.report(path, number, "home", f"<{name}> belongs into {where}")
            if OMP.search(line):
                self.report(path, number, "home", "#pragma omp belongs into src/team")
            if "/" in name and name.endswith("_internal.h"):
                self.report(path, number, "internal", f"{name} is private to its room")

    def check_public(self, path):
        for number, line in numbered_lines(path):
            match = INCLUDE.match(line)
            if not match:
                continue
            quote, name = match.groups()
            if quote == '"' or not (name.startswith("lanes/") or name in STANDARD_C):
                self.report(path, number, "public", f"{name} is neither <lanes/> nor standard")


def c_files(folder):
    found = []
    for place, folders, files in os.walk(folder):
        folders.sort()
        found += [os.path.join(place, f) for f in sorted(files) if f.endswith((".c", ".h"))]
    return found


def numbered_lines(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    # Comments may mention anything; keep the line numbers.
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)
    return enumerate(re.sub(r"//.*", "", text).split("\n"), 1)


GOOD_TREE = {
    "src/README.md": "```layers\nbase:         ground\nos:      base  calls\n"
    "team:    base  threads\nengine:  base team  batches\ncodegen: base  LLVM\n```\n",
    "src/base/base.h": "#include <lanes/error.h>\n",
    "src/os/os.c": '#include "os/os_internal.h"\n#include <sys/mman.h>\n#include <fcntl.h>\n',
    "src/team/team.c": '#include <omp.h>\n#include "base/base.h"\n#pragma omp parallel\n',
    "src/engine/engine.c": '/* <sys/mman.h>\n#include "os/os.h" */\n#include "team/team.h"\n',
    "src/engine/CMakeLists.txt": "lanes_add_room(engine SOURCES e.c DEPENDS base team)\n",
    "src/codegen/codegen_compat.h": "#include <llvm-c/Core.h>\n#if LLVM_VERSION_MAJOR > 19\n",
    "include/lanes/error.h": "#include <stdint.h>\n",
    "tools/lanesd/main.c": '#include <signal.h>\n#include "engine/engine.h"\n',
}
# (rule, part of the message, files that replace or join GOOD_TREE)
BAD_TREES = [
    ("layers-block", "no ```layers", {"src/README.md": "nothing\n"}),
    ("layers-block", "below", {"src/README.md": "```layers\nbase: os  x\nos: base  x\n```\n"}),
    ("layers-block", "not a room", {"src/README.md": "```layers\nbase:   x\nos: base oops\n```"}),
    ("layers-block", "twice", {"src/README.md": "```layers\nbase:   x\nbase:   y\n```"}),
    ("room-unlisted", "attic", {"src/attic/a.c": "\n"}),
    ("edge", "base may not use os", {"src/base/b.c": '#include "os/os.h"\n'}),
    ("edge", "may not use nowhere", {"src/base/b.c": '#  include "nowhere/x.h"\n'}),
    ("include-form", "base/base.h", {"src/base/b.c": '#include "base.h"\n'}),
    (
        "cycle",
        "base -> os -> base",
        {"src/base/b.c": '#include "os/os.h"\n', "src/os/o.c": '#include "base/base.h"\n'},
    ),
    (
        "depends",
        "may not use os",
        {"src/engine/CMakeLists.txt": "lanes_add_room(engine\n  DEPENDS base os\n  LIBS m)\n"},
    ),
    ("home", "LLVM", {"src/engine/e.c": "#include <llvm-c/Core.h>\n"}),
    ("home", "hwloc", {"src/engine/e.c": "#include <hwloc.h>\n"}),
    ("home", "hwloc", {"src/engine/e.c": "#include <hwloc/linux.h>\n"}),
    ("home", "OpenMP", {"src/engine/e.c": "#include <omp.h>\n"}),
    ("home", "pragma omp", {"src/engine/e.c": "  #  pragma omp simd\n"}),
    ("home", "pragma omp", {"src/engine/e.c": '_Pragma("omp parallel")\n'}),
    ("home", "seccomp", {"src/engine/e.c": "#include <seccomp.h>\n"}),
    ("home", "jansson", {"src/os/e.c": "#include <jansson.h>\n"}),
    ("home", "src/codegen", {"tools/lanesd/m.c": "#include <llvm-c/Core.h>\n"}),
    ("home", "src/team", {"tools/lanesd/m.c": "#pragma omp parallel\n"}),
    ("internal", "os_internal.h", {"src/engine/e.c": '#include "os/os_internal.h"\n'}),
    ("internal", "os_internal.h", {"tools/lanesd/m.c": '#include "os/os_internal.h"\n'}),
    ("llvm-version", "codegen_compat.h", {"src/codegen/c.c": "#if LLVM_VERSION_MAJOR\n"}),
    ("public", "sys/mman.h", {"include/lanes/x.h": "#include <sys/mman.h>\n"}),
    ("public", "base/base.h", {"include/lanes/x.h": '#include "base/base.h"\n'}),
] + [
    ("home", name, {"src/engine/e.c": f"#include <{name}>\n"})
    for name in (
        "sys/mman.h", "sys/socket.h", "sys/eventfd.h", "sys/epoll.h", "sys/wait.h",
        "sys/syscall.h", "linux/futex.h", "linux/memfd.h", "fcntl.h", "signal.h", "poll.h",
    )  # fmt: skip
]


def findings_of(tree):
    with tempfile.TemporaryDirectory(prefix="lanes-layers-") as root:
        for name, text in tree.items():
            path = os.path.join(root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return Checker(root).run()


def self_test():
    """The good tree passes; every bad tree yields its rule."""
    failures = [f"good tree: {finding}" for finding in findings_of(GOOD_TREE)]
    for rule, part, change in BAD_TREES:
        findings = findings_of({**GOOD_TREE, **change})
        if not any(f": {rule}: " in finding and part in finding for finding in findings):
            failures.append(f"{rule} ({part}) did not fire on {change}; got {findings}")
    print("\n".join(failures) or f"layers.py: {len(BAD_TREES)} bad trees found bad")
    return 1 if failures else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--root", default=os.path.join(here, "..", ".."))
    parser.add_argument("--self-test", action="store_true", help="prove that each rule fires")
    arguments = parser.parse_args()
    if arguments.self_test:
        return self_test()
    checker = Checker(os.path.abspath(arguments.root))
    findings = checker.run()
    print("\n".join(findings) or f"layers.py: {len(checker.used)} rooms, no findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
