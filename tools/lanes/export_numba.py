# SPDX-License-Identifier: Apache-2.0
"""Print the LLVM IR of a Python function: export_numba.py FILE FUNCTION SIGNATURE.

FUNCTION is a Numba CFunc, whose IR is printed as it is, or a plain, jitted or vectorized
Python function, which is compiled with numba.cfunc for SIGNATURE ('f8(f8,f8)'; '' = none).

Started by `lanes`. Standard output carries the IR, or, when the exit status is one of
sysexits.h's codes, one sentence that says why there is none; whatever FILE prints goes to
standard error.
"""
import importlib.util
import os
import re
import sys
import traceback

EX_USAGE, EX_DATAERR, EX_UNAVAILABLE = 64, 65, 69

NUMBA_TYPES = {"i4": "int32", "i8": "int64", "f4": "float32", "f8": "float64"}


class Failure(Exception):
    """Ends the program with exit status args[0] and the sentence args[1]."""


def import_file(path):
    """The module that `path` defines, imported as a script's neighbour would be."""
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except ModuleNotFoundError as error:
        if error.name == "numba":
            raise Failure(EX_UNAVAILABLE, no_numba()) from None
        raise Failure(EX_DATAERR, f"{path} cannot be imported: {error}") from None
    except BaseException as error:  # FILE may do anything, sys.exit() included
        traceback.print_exc()
        reason = f"{type(error).__name__}: {error}"
        raise Failure(EX_DATAERR, f"{path} cannot be imported: {reason}") from None
    return module


def no_numba():
    return (
        f"Numba is not installed for {sys.executable}; "
        "install it or name another Python in LANES_PYTHON"
    )


def find(module, path, name):
    if hasattr(module, name):
        return getattr(module, name)
    functions = [key for key, value in vars(module).items() if callable(value) and key[0] != "_"]
    known = ", ".join(functions[:10]) or "none"
    raise Failure(EX_DATAERR, f"{path} defines no '{name}'; its functions: {known}")


def is_cfunc(value):
    return hasattr(value, "inspect_llvm") and hasattr(value, "native_name")


def python_function(value, name):
    """The Python function behind `value`, which is not a CFunc."""
    value = getattr(value, "_dispatcher", value)  # numba.vectorize
    value = getattr(value, "py_func", value)  # numba.jit
    if not hasattr(value, "__code__"):
        kind = type(value).__name__
        raise Failure(EX_DATAERR, f"'{name}' is a {kind}, not a function or a Numba CFunc")
    return value


def numba_signature(text):
    match = re.fullmatch(r"\s*(\w+)\s*\(\s*(\w+(?:\s*,\s*\w+)*)\s*\)\s*", text)
    if not match:
        raise Failure(EX_USAGE, f"signature '{text}' is not of the form f8(f8,f8)")
    result, arguments = match.group(1), re.split(r"\s*,\s*", match.group(2))
    for letters in [result, *arguments]:
        if letters not in NUMBA_TYPES:
            known = " ".join(NUMBA_TYPES)
            raise Failure(EX_USAGE, f"signature '{text}': '{letters}' is not one of {known}")
    return f"{NUMBA_TYPES[result]}({','.join(NUMBA_TYPES[a] for a in arguments)})"


def compile_function(function, name, signature):
    if not signature:
        raise Failure(
            EX_USAGE, f"'{name}' is a Python function without types; add --signature 'f8(f8)'"
        )
    numba_types = numba_signature(signature)
    try:
        import numba
    except ImportError:
        raise Failure(EX_UNAVAILABLE, no_numba()) from None
    try:
        return numba.cfunc(numba_types)(function)
    except Exception as error:  # typing and lowering errors have no common class
        traceback.print_exc()
        first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise Failure(
            EX_DATAERR, f"Numba cannot compile '{name}' for {signature}: {first_line}"
        ) from None


def export(path, name, signature):
    value = find(import_file(path), path, name)
    if not is_cfunc(value):
        value = compile_function(python_function(value, name), name, signature)
    return value.inspect_llvm()


def main():
    path, name, signature = sys.argv[1:]
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        text, status = export(path, name, signature), 0
    except Failure as failure:
        status, text = failure.args
    with output:
        output.write(text)
    # FILE's own threads and exit handlers have no say in how this ends.
    sys.stderr.flush()
    os._exit(status)


main()
