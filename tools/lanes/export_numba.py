# SPDX-License-Identifier: Apache-2.0
"""Print the LLVM IR of a Python function: export_numba.py FILE FUNCTION SIGNATURE.

FUNCTION is a Numba CFunc, whose IR is printed as it is, or a plain, jitted or vectorized
Python function, which Numba compiles for SIGNATURE ('f8(f8,f8)'), or if that is '' for the
only signature that it was compiled for.

Started by `lanes`. Standard output carries a comment with the function's types, since IR
does not tell unsigned integers from signed ones and bool from bytes, and the IR; or, when
the exit status is one of sysexits.h's codes, the reason why there is none. Whatever FILE
prints goes to standard error.
"""
import importlib.util
import os
import sys
import traceback

EX_USAGE, EX_DATAERR, EX_UNAVAILABLE = 64, 65, 69

SIGNATURE_MARK = "; lanes signature: "


class Failure(Exception):
    """Ends the program with exit status args[0] and the sentence args[1]."""


def import_path(path, name):
    """The module that the file `path` defines, as `name`."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


# The Python package's part that knows Numba, which is installed beside this file.
numbas = import_path(os.path.join(os.path.dirname(__file__), "_numba.py"), "_lanes_numba")


# ---- The file ------------------------------------------------------------------------


def import_file(path):
    """The module that `path` defines, imported as a script's neighbour would be."""
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    try:
        return import_path(path, os.path.splitext(os.path.basename(path))[0])
    except ModuleNotFoundError as error:
        if error.name == "numba":
            raise Failure(EX_UNAVAILABLE, no_numba()) from None
        raise Failure(EX_DATAERR, f"{path} cannot be imported: {error}") from None
    except BaseException as error:  # FILE may do anything, sys.exit() included
        raise Failure(EX_DATAERR, f"{path} cannot be imported: {explain(error, path)}") from None


def explain(error, path):
    """Why importing `path` raised `error`; prints a traceback where one would help."""
    if numbas.is_numba_error(error):
        return f"Numba cannot compile a function of it: {numbas.essence(error)}"
    frames = error.__traceback__
    while frames and frames.tb_frame.f_code.co_filename != path:
        frames = frames.tb_next
    traceback.print_exception(type(error), error, frames)
    return f"{type(error).__name__}: {error}"


def no_numba():
    return (
        f"Numba is not installed for {sys.executable}; "
        "install it or name another Python in LANES_PYTHON"
    )


def find(module, path, name):
    if hasattr(module, name):
        return getattr(module, name)
    functions = [key for key, value in vars(module).items() if is_own_function(value, module)]
    known = ", ".join(functions[:10]) or "none"
    raise Failure(EX_DATAERR, f"{path} defines no '{name}'; its functions: {known}")


def is_own_function(value, module):
    """True for what could be meant: no classes, nothing imported."""
    function = getattr(value, "__wrapped__", getattr(value, "py_func", value))
    function = getattr(getattr(function, "_dispatcher", None), "py_func", function)
    return hasattr(function, "__code__") and function.__module__ == module.__name__


# ---- Functions -----------------------------------------------------------------------


def hint(source):
    """The option that would say the types of a function."""
    count = source.function.__code__.co_argcount
    if count == 0:
        raise Failure(EX_DATAERR, f"'{source.name}' takes no arguments, so it has no inputs")
    return f"--signature 'f8({','.join(['f8'] * count)})'"


def only_signature(source):
    if len(source.signatures) == 1:
        return source.signatures[0]
    if source.signatures:
        spelled = (numbas.spell_signature(s, source.name) for s in source.signatures)
        known = " or ".join(f"'{text}'" for text in spelled)
        raise Failure(
            EX_USAGE, f"'{source.name}' has several signatures; choose with --signature {known}"
        )
    raise Failure(
        EX_USAGE, f"'{source.name}' is a Python function without types; add {hint(source)}"
    )


def compile_source(source, text):
    """(signature for lanes, IR) of a function that is compiled here"""
    signature = numbas.read_signature(text, with_c=True) if text else only_signature(source)
    name, shown = source.name, text or numbas.spell_signature(signature, source.name)
    try:
        numbas.check_count(source.function, len(signature.args), name, shown)
    except numbas.SignatureError as error:
        raise Failure(EX_USAGE, f"{error}; try {hint(source)}") from None
    done = numbas.compile_native(
        source.function, signature.args, signature.return_type, name, shown, **source.options
    )
    return numbas.spell_signature(done.signature, name), done.library.get_llvm_str()


def export(path, name, text):
    value = find(import_file(path), path, name)
    try:
        if numbas.is_cfunc(value):
            compiled = numbas.from_cfunc(value, name)
            text, ir = text or compiled.signature, compiled.ir.decode()
        else:
            text, ir = compile_source(numbas.Source(value, name), text)
    except numbas.NumbaMissing:
        raise Failure(EX_UNAVAILABLE, no_numba()) from None
    except numbas.SignatureError as error:
        raise Failure(EX_USAGE, str(error)) from None
    except Failure:
        raise
    except Exception as error:  # Numba's errors have no common class
        raise Failure(EX_DATAERR, str(error)) from None
    return f"{SIGNATURE_MARK}{' '.join(text.split())}\n{ir}"


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
