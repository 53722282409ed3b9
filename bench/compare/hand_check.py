#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The hand-written loops are the code they should be: 512-bit vectors and libmvec.

A peer that the compiler left scalar would make lanes look good. Usage: hand_check.py
LIBRARY. Skipped (77) on a CPU without AVX-512.
"""
import re
import subprocess
import sys

# Loop -> libmvec functions it must call. There are no vectors of integer divisions, and
# gcc makes narrower ones of three elements in six.
WANTED = {
    "hand_axpy": [],
    "hand_axpy_stream": [],
    "hand_axpy_in_place": [],
    "hand_axpy_f4": [],
    "hand_axpy_where": [],
    "hand_axpy_x2": [],
    "hand_axpy_x2_y2": [],
    "hand_axpy_out2": [],
    "hand_axpy_x_reversed": [],
    "hand_axpy_all_reversed": [],
    "hand_axpy_row": [],
    "hand_axpy_column": [],
    "hand_axpy_transposed": [],
    "hand_axpy_rows_of_3": [],
    "hand_divide": [],
    "hand_exp": ["exp"],
    "hand_chain": ["exp"],
    "hand_black_scholes": ["log", "exp", "erfc"],
    "hand_haversine": ["sin", "cos", "asin"],
    "hand_sum": [],
    "hand_sum_exp": ["exp"],
    "hand_max": [],
    "hand_sum_down": [],
    "hand_sum_along": [],
}

with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
    if "avx512f" not in cpuinfo.read():
        print("hand_check.py: this CPU has no AVX-512")
        sys.exit(77)
listing = subprocess.run(
    ["objdump", "-d", "--no-show-raw-insn", sys.argv[1]], capture_output=True, text=True, check=True
).stdout
findings = []
for loop, functions in WANTED.items():
    match = re.search(rf"<{loop}\._omp_fn\.0>:\n(.*?)\n\n", listing + "\n\n", flags=re.S)
    body = match.group(1) if match else ""
    if "%zmm" not in body:
        findings.append(f"{loop}: no 512-bit vectors")
    findings += [f"{loop}: no call of _ZGVeN8v_{f}" for f in functions if f"_ZGVeN8v_{f}@" not in body]
    if "hand_axpy_stream" == loop and "vmovntpd" not in body:
        findings.append(f"{loop}: no streaming stores")
print("\n".join(findings) or f"hand_check.py: {len(WANTED)} loops as they should be")
sys.exit(1 if findings else 0)
