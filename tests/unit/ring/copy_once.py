#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each word of an entry is loaded once, in what gcc and clang make of ring_copy.c.

A second load of a field after its check would let a client change what was checked. The
functions of ring_copy.c are the only ones that read entries and arguments, so they are
compiled at every optimisation level and their loads are counted:

    lanes_ring_copy_entry   one through `source` (rsi) at each of 0, 8, ... 120
    lanes_ring_copy_words   one at all, in a loop

and ring_executor.c may not name a field of lanes_abi_entry behind a pointer into U.
"""
import os
import re
import shutil
import subprocess
import sys

SOURCE = os.environ["LANES_SOURCE_DIR"]
COMPILERS = ["gcc", "clang-22", "clang"]
LEVELS = ["-O1", "-O2", "-O3", "-Og", "-Os"]
EXIT_SKIPPED = 77


def functions_of(assembly):
    """Returns {function: [instruction, ...]}."""
    found, body = {}, None
    for line in assembly.splitlines():
        label = re.match(r"(lanes_\w+):", line)
        if label:
            body = found.setdefault(label.group(1), [])
        elif re.match(r"\s+\.size\s", line):
            body = None
        elif body is not None and re.match(r"\s+[a-z]", line):
            body.append(line.split("#")[0].strip())
    return found


def loads_of(instructions):
    """The memory operands that are read, as (displacement, registers) pairs."""
    loads = []
    for instruction in instructions:
        if instruction.startswith(("lea", "nop")):
            continue
        # In AT&T order an operand that a comma follows is a source.
        operand = re.search(r"(-?\d*)\((%[^)]*)\),", instruction)
        if operand:
            loads.append((int(operand.group(1) or 0), operand.group(2)))
    return loads


def check(compiler, level):
    """Returns a list of complaints."""
    assembly = subprocess.run(
        [compiler, "-std=gnu17", "-D_GNU_SOURCE", "-I", f"{SOURCE}/src", "-I",
         f"{SOURCE}/include", level, "-march=x86-64-v3", "-S", "-o", "-",
         f"{SOURCE}/src/ring/ring_copy.c"],
        check=True, capture_output=True, text=True).stdout  # fmt: skip
    functions = functions_of(assembly)
    entry = sorted(loads_of(functions["lanes_ring_copy_entry"]))
    words = loads_of(functions["lanes_ring_copy_words"])
    complaints = []
    if entry != [(8 * i, "%rsi") for i in range(16)]:
        complaints.append(f"{compiler} {level}: entry is loaded as {entry}")
    if len(words) != 1:
        complaints.append(f"{compiler} {level}: arguments are loaded as {words}")
    return complaints


def check_sources():
    with open(f"{SOURCE}/src/ring/ring_executor.c", encoding="utf-8") as file:
        text = file.read()
    if re.search(r"lanes_abi_entry\s*\*\s*\)", text):
        return ["ring_executor.c casts to lanes_abi_entry *: use lanes_ring_copy_entry()"]
    return []


def main():
    if os.uname().machine != "x86_64":
        print("the assembly is only understood for x86-64")
        sys.exit(EXIT_SKIPPED)
    complaints, checked = check_sources(), 0
    for compiler in COMPILERS:
        if shutil.which(compiler):
            for level in LEVELS:
                complaints += check(compiler, level)
                checked += 1
    for complaint in complaints:
        print(complaint)
    print(f"{checked} compilations checked")
    sys.exit(1 if complaints or checked == 0 else 0)


if __name__ == "__main__":
    main()
