# SPDX-License-Identifier: Apache-2.0
"""The table of CPUs in kernel_cpu.c against clang: what code for each name may use.

Features that only an operating system uses are in no CPU's row (cpu.h); clang names some.
"""
import os
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(os.environ["LANES_SOURCE_DIR"]) / "src" / "kernel"
CLANG = pathlib.Path(os.environ["LANES_LLVM_BIN_DIR"]) / "clang"


def read_tables():
    header = (SOURCE / "cpu.h").read_text().replace("\\\n", " ")
    features = dict(re.findall(r'X\((\w+),\s*"([^"]+)",', header))
    code = re.sub(r"\s+", " ", (SOURCE / "kernel_cpu.c").read_text())
    cpus = {}
    for name, base, more in re.findall(r'\{"([^"]+)", "([^"]*)", ([^{}]*)\}', code):
        own = {features[word] for word in re.findall(r"F\((\w+)\)", more)}
        cpus[name] = own | (cpus[base] if base else set())
    return set(features.values()), cpus


def features_of(cpu):
    done = subprocess.run(
        [CLANG, "--target=x86_64-linux-gnu", f"-march={cpu}", "-x", "c", "-S", "-emit-llvm",
         "-o", "-", "-"],
        input="void f(void) {}\n", capture_output=True, text=True, check=True)
    listed = re.search(r'"target-features"="([^"]*)"', done.stdout).group(1)
    return {feature[1:] for feature in listed.split(",") if feature.startswith("+")}


def main():
    if not CLANG.exists():
        print(f"{CLANG} is not there")
        return 77
    known, cpus = read_tables()
    wrong = 0
    for cpu, features in cpus.items():
        wanted = features_of(cpu) & known
        if wanted != features:
            wrong += 1
            print(f"{cpu}: missing {sorted(wanted - features)}, "
                  f"too many {sorted(features - wanted)}")
    print(f"{len(cpus)} CPUs, {len(known)} features, {wrong} rows differ")
    return 1 if wrong or len(cpus) < 40 or len(known) < 40 else 0


if __name__ == "__main__":
    sys.exit(main())
