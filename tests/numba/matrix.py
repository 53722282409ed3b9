#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the fixtures of every Numba version through lanes and compares with expected.json.

    matrix.py [--version V]... [--callback NAME]... [--form text|bitcode]... [--table]

text: as Numba gave it, without a signature. bitcode: assembled by llvm-as of the LLVM that
lanes is built with, with the callback's own signature. A callback that declares `refused`
must be refused; every other must load and give the recorded results and exceptions.
Needs $LANES_BUILD_DIR, and for bitcode $LANES_LLVM_BIN_DIR.
"""
import argparse
import os
import pathlib
import subprocess
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "support"))
import declare  # noqa: E402  pylint: disable=wrong-import-position
import lanes_client  # noqa: E402  pylint: disable=wrong-import-position
import manifest  # noqa: E402  pylint: disable=wrong-import-position

RAISES_MAX = 4  # elements whose exception is fetched, of each callback


def bitcode_of(text):
    """The IR as bitcode, or the reason why this LLVM cannot read the text."""
    assembler = pathlib.Path(os.environ["LANES_LLVM_BIN_DIR"]) / "llvm-as"
    done = subprocess.run([assembler, "-", "-o", "-"], input=text.encode(),
                          capture_output=True, check=False)
    if done.returncode != 0:
        return None, done.stderr.decode().splitlines()[0]
    return done.stdout, ""


def operands_of(callback):
    """(inputs for lanes, params block or None)"""
    inputs, params = [], None
    for value in callback.inputs:
        if isinstance(value, declare.Params):
            params = value.values
        elif isinstance(value, declare.Rows):
            inputs.append(value.values)
        elif isinstance(value, tuple):
            inputs.extend(value)
        elif not isinstance(value, (declare.RowLength, declare.OutRows)):
            inputs.append(value)
    return [v.view("i8") if v.dtype.kind in "mM" else v for v in inputs], params


def typed(outputs, dtypes):
    """lanes's outputs as the recorded ones: rows behind a pointer are one array."""
    result, at = [], 0
    for text in dtypes:
        dtype = np.dtype(text)
        if dtype.shape:
            result.append(np.stack(outputs[at:at + dtype.shape[0]], axis=1))
            at += dtype.shape[0]
            continue
        output = outputs[at]
        at += 1
        same_bytes = output.dtype.itemsize == dtype.itemsize
        if same_bytes and output.dtype.kind in "iu" and dtype.kind in "iumM":
            output = output.view(dtype)  # IR does not tell their signs, or dates from numbers
        result.append(output)
    if at != len(outputs):
        raise AssertionError(f"{len(outputs)} outputs, not {at}")
    return result


def exception_of(kernel, inputs, params, i):
    """What element i raises, as (class name, arguments)."""
    one = [v[i:i + 1] for v in inputs]
    _, done = kernel.run(*one, params=params)
    raised = done.exception()
    return type(raised).__name__, getattr(raised, "args", ())


def run_case(session, case, ir, signature):
    """None if lanes does what it should, else a sentence."""
    callback = case.callback
    try:
        kernel = session.load(ir, signature=signature)
    except lanes_client.LanesError as refused:
        return None if callback.refused else f"refused: {refused}"
    try:
        if callback.refused:
            return f"not refused, although it {callback.refused}"
        inputs, params = operands_of(callback)
        outputs, done = kernel.run(*inputs, errors="mask", params=params, seed=20240229)
        if done.status < 0:
            return done.message
        mask = outputs.pop()
        raises = {int(i): None for i in np.flatnonzero(mask)}
        for i in list(raises)[:RAISES_MAX]:
            raises[i] = exception_of(kernel, inputs, params, i)
        if case.expected.statistics:
            outputs = [np.asarray(o) for o in outputs]
        else:
            outputs = typed(outputs, case.expected.dtypes)
        found = manifest.differences(callback, case.expected, outputs, raises)
        return "; ".join(found) or None
    finally:
        kernel.release()


def run_forms(session, case, forms):
    """{form: None if right, else a sentence; "-" if that form cannot be made}"""
    results = {}
    for form in forms:
        ir, signature = case.ir.encode(), None
        if form == "bitcode":
            ir, why = bitcode_of(case.ir)
            if ir is None:
                results[form] = "- " + why
                continue
            if not any(isinstance(v, declare.OutRows) for v in case.callback.inputs):
                signature = case.callback.signature
        results[form] = run_case(session, case, ir, signature)
    return results



def print_table(rows, versions):
    """One line per callback: what became of it in each version."""
    print("| callback | " + " | ".join(versions) + " |")
    print("|---" * (len(versions) + 1) + "|")
    for name, cells in rows.items():
        print(f"| `{name}` | " + " | ".join(cells.get(v, "") for v in versions) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--version", action="append")
    parser.add_argument("--callback", action="append")
    parser.add_argument("--form", action="append", choices=["text", "bitcode"])
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    forms = options.form or ["text", "bitcode"]
    rows, wrong, count = {}, 0, 0
    with lanes_client.Session(threads=2) as session:
        for case in manifest.load_manifest(options.version):
            name = case.callback.name
            if options.callback and name not in options.callback:
                continue
            cell = "does not compile"
            if case.ir is not None:
                results = run_forms(session, case, forms)
                count += len(results)
                bad = {f: r for f, r in results.items() if r and not r.startswith("- ")}
                wrong += len(bad)
                cell = "wrong" if bad else "refused" if case.callback.refused else "ok"
                for form, result in bad.items():
                    print(f"{case.version} {name} ({form}): {result}", flush=True)
            rows.setdefault(name, {})[case.version] = cell
    if options.table:
        print_table(rows, options.version or manifest.versions())
    print(f"{count} runs, {wrong} wrong")
    return 1 if wrong or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
