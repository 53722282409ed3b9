#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Record what the callbacks return, or compare Numba with it: expected.py [--check].

Without an option writes expected.json: each callback runs as its declaration's `how` says,
with no part of lanes involved. Exceptions' classes come from there too, and their
arguments from Numba, which words some messages differently than Python.

With --check, runs the callbacks as compiled by this Python's Numba and prints where they
differ from expected.json. Ends with status 1 if any does.
"""
import ctypes
import json
import os
import pickle
import sys

import compile_ir
import declare
import manifest
import numba
import numpy as np
from declare import HOW, OutRows, Params, RowLength, Rows
from numba.core import sigutils, types

import callbacks

# ---- one element at a time --------------------------------------------------------------


def result_dtypes(callback):
    """dtype texts of all outputs: the members of the result, then the rows written."""
    found = []

    def add(kind):
        if isinstance(kind, types.BaseTuple):
            for member in kind:
                add(member)
        elif kind != types.none:
            found.append(numba.np.numpy_support.as_dtype(kind).str.lstrip("<|"))

    add(sigutils.normalize_signature(callback.signature)[1])
    rows = [value for value in callback.inputs if isinstance(value, OutRows)]
    return found + [f"({value.length},){value.dtype}" for value in rows]


def flat(result):
    if isinstance(result, tuple):
        return [item for member in result for item in flat(member)]
    return [] if result is None else [result]


def arguments_of(callback, i, convert, outputs):
    """The arguments for element i; appends the arrays behind OutRows to `outputs`."""
    kinds = sigutils.normalize_signature(callback.signature)[0]
    arguments = []
    for value, kind in zip(callback.inputs, kinds):
        if isinstance(value, np.ndarray):
            arguments.append(convert(value[i]))
        elif isinstance(value, tuple):
            arguments.append(tuple(convert(member[i]) for member in value))
        elif isinstance(value, RowLength):
            arguments.append(value.value)
        elif isinstance(value, OutRows):
            row = np.zeros(value.length, value.dtype)
            outputs.append(row)
            arguments.append(pointer_to(row))
        else:
            row = value.values[i] if isinstance(value, Rows) else value.values
            is_void = isinstance(value, Params) and kind == types.voidptr
            arguments.append(pointer_to(row, is_void))
    return arguments


def pointer_to(array, is_void=False):
    if is_void:
        return array.ctypes.data_as(ctypes.c_void_p)
    return array.ctypes.data_as(ctypes.POINTER(np.ctypeslib.as_ctypes_type(array.dtype)))


def run_element(callback, function, i, convert):
    """Flat list of results, or (class name, arguments) of an exception."""
    rows = []
    arguments = arguments_of(callback, i, convert, rows)
    try:
        with np.errstate(all="ignore"):
            result = function(*arguments)
    except Exception as error:
        return type(error).__name__, error.args
    return flat(result) + rows


def has_pointers(callback):
    return any(isinstance(value, (Rows, OutRows, Params)) for value in callback.inputs)


def compiled(callback):
    """The callback as Numba compiles it, callable with NumPy's scalars or pointers."""
    if has_pointers(callback):
        return numba.cfunc(callback.signature, **callback.options)(callback.function).ctypes
    return numba.njit(callback.signature, **callback.options)(callback.function)


def run_compiled(callback):
    function = compiled(callback)
    return [run_element(callback, function, i, lambda x: x) for i in range(callback.count)]


class PlainHelpers:
    """While active, callbacks call their helpers' Python functions, not compiled ones."""

    def __enter__(self):
        self.jitted = {k: v for k, v in vars(callbacks).items() if hasattr(v, "py_func")}
        vars(callbacks).update({name: value.py_func for name, value in self.jitted.items()})

    def __exit__(self, *exception):
        vars(callbacks).update(self.jitted)


def run_plain(callback):
    convert = (lambda x: x) if callback.how == "numpy" else (lambda x: x.item())
    with PlainHelpers():
        return [run_element(callback, callback.function, i, convert) for i in range(callback.count)]


# ---- expected.json ----------------------------------------------------------------------


def encode_argument(argument):
    if isinstance(argument, tuple):
        return {"tuple": [encode_argument(item) for item in argument]}
    if isinstance(argument, float):
        return {"float": float(argument).hex()}
    if isinstance(argument, complex):
        return {"complex": [argument.real.hex(), argument.imag.hex()]}
    return argument


def encode_element(element, dtypes):
    if isinstance(element, tuple):
        name, arguments = element
        return {"raises": [name, [encode_argument(argument) for argument in arguments]]}
    return [manifest.encode_value(value, dtype) for value, dtype in zip(element, dtypes)]


def record_one(callback):
    outputs = result_dtypes(callback)
    entry = {"by": callback.how, "ulp": callback.ulp, "outputs": outputs}
    if callback.statistics:
        entry["statistics"] = {
            name: [float(value) if abs(value) != np.inf else repr(value) for value in values]
            for name, values in callback.statistics.items()
        }
        return entry
    numbas = None
    try:
        numbas = run_compiled(callback)
    except Exception as error:  # typing and lowering errors have no common class
        if callback.how == "numba":
            raise
        print(f"{callback.name}: Numba does not compile it: {compile_ir.reason_of(error)}")
    elements = numbas if callback.how == "numba" else run_plain(callback)
    for i, element in enumerate(elements):
        if isinstance(element, tuple) and numbas:
            if not isinstance(numbas[i], tuple) or numbas[i][0] != element[0]:
                print(f"{callback.name}[{i}]: Python {element}, Numba {numbas[i]}")
            elements[i] = numbas[i]
    dtypes = [np.dtype(text) for text in outputs]
    entry["elements"] = [encode_element(element, dtypes) for element in elements]
    return entry


def record():
    lines = []
    for callback in declare.CALLBACKS.values():
        if callback.refused:
            continue
        entry = record_one(callback)
        elements = entry.pop("elements", None)
        text = json.dumps(entry)
        if elements is not None:
            rows = ",\n   ".join(json.dumps(element) for element in elements)
            text = f'{text[:-1]}, "elements": [\n   {rows}]}}'
        lines.append(f"  {json.dumps(callback.name)}: {text}")
    about = {
        "schema": "lanes.numba-expected/1",
        "by": {name: text for name, text in HOW.items() if name != "nobody"},
        "python": ".".join(map(str, sys.version_info[:3])),
        "numpy": np.__version__,
        "numba": numba.__version__,
        "libc": " ".join(os.confstr("CS_GNU_LIBC_VERSION").split()),
    }
    head = json.dumps(about, indent=1)[:-2]
    text = f'{head},\n "callbacks": {{\n' + ",\n".join(lines) + "\n }\n}\n"
    manifest.EXPECTED_FILE.write_text(text, encoding="utf-8")
    print(f"expected.json: {len(lines)} callbacks")


# ---- --check ----------------------------------------------------------------------------


def check_one(callback, expected):
    """Sentences on how this Numba's results differ."""
    try:
        elements = run_compiled(callback)
    except Exception:
        return []  # ir/<version>.json says so
    raises = {i: element for i, element in enumerate(elements) if isinstance(element, tuple)}
    dtypes = [np.dtype(text) for text in expected.dtypes]
    outputs = [np.zeros(len(elements), dtype) for dtype in dtypes]
    for i, element in enumerate(elements):
        if i not in raises:
            for output, value in zip(outputs, element):
                output[i] = value
    return manifest.differences(callback, expected, outputs, raises)


def check_in_child(callback, expected):
    """As check_one(), but a signal ends only the child."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(check_one(callback, expected), pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    status = os.waitpid(child, 0)[1]
    return pickle.loads(data) if data else [f"the process ended with status {status}"]


def check():
    failed = 0
    for name, expected in manifest.load_expected().items():
        found = check_in_child(declare.CALLBACKS[name], expected)
        failed += bool(found)
        for text in found:
            print(f"numba {numba.__version__}: {name}: {text}")
    print(f"numba {numba.__version__}: {failed} callbacks differ from expected.json")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(check() if sys.argv[1:] == ["--check"] else record())
