# SPDX-License-Identifier: Apache-2.0
"""Print the LLVM IR of a Python function: export_numba.py FILE FUNCTION SIGNATURE.

FUNCTION is a Numba CFunc, whose IR is printed as it is, or a plain, jitted or vectorized
Python function, which is compiled with numba.cfunc for SIGNATURE ('f8(f8,f8)'), or if that
is '' for the only signature that it was compiled for.

Started by `lanes`. Standard output carries a comment with the function's types, since IR
does not tell unsigned integers from signed ones and bool from bytes, and the IR; or, when
the exit status is one of sysexits.h's codes, the reason why there is none. Whatever FILE
prints goes to standard error.
"""
import importlib.util
import os
import re
import sys
import traceback
import warnings

EX_USAGE, EX_DATAERR, EX_UNAVAILABLE = 64, 65, 69

SIGNATURE_MARK = "; lanes signature: "

# Options of @jit and @vectorize that change what a function computes.
SEMANTIC_OPTIONS = ("fastmath", "error_model", "boundscheck")


class Failure(Exception):
    """Ends the program with exit status args[0] and the sentence args[1]."""


# ---- The file ------------------------------------------------------------------------


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
        raise Failure(EX_DATAERR, f"{path} cannot be imported: {explain(error, path)}") from None
    return module


def explain(error, path):
    """Why importing `path` raised `error`; prints a traceback where one would help."""
    if is_numba_error(error):
        return f"Numba cannot compile a function of it: {essence(error)}"
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


# ---- Numba's errors ------------------------------------------------------------------


def is_numba_error(error):
    return any(base.__module__.startswith("numba.") for base in type(error).__mro__)


def essence(error):
    """What is wrong and where, of an error text that fills the screen.

    Numba's texts begin with the stage that failed, go on with the reason, every candidate
    that was tried, and the lines of source, and may contain several such reports.
    """
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    noise = re.compile(r"Failed in |During: Pass |Enable logging|\s*<source elided>")
    lines = [line.rstrip() for line in text.splitlines() if not noise.match(line)]
    told = [line for line in lines if line]
    if not told:
        return type(error).__name__
    # "Internal error at resolving ..." is what Numba was at, not what is wrong.
    reason = told[1] if told[0].startswith("Internal error") and told[1:] else told[0]
    call = next((line for line in told[1:4] if line.startswith(" >>> ")), None)
    if call:
        reason += " " + call[5:]
    reason = re.sub(r" for '\$[^']*', defined at .*", " as its result", reason)
    if "No conversion from none to" in reason:
        reason += "; return a number on every path"
    starts = [i for i, line in enumerate(lines) if re.match(r'File ".*", line \d+:', line)]
    excerpt = []
    for line in lines[starts[0] : starts[0] + 8] if starts else []:
        if not line:
            break
        excerpt.append(line)
    return "\n".join([reason[:400], *(line[:100] for line in excerpt)])


# ---- Types ---------------------------------------------------------------------------


def spell(numba_type):
    """The type in the words that `lanes --signature` takes."""
    from numba import types

    if isinstance(numba_type, types.Boolean):
        return "boolean"
    if isinstance(numba_type, (types.UniTuple, types.NamedUniTuple)):
        return f"UniTuple({spell(numba_type.dtype)}, {numba_type.count})"
    if isinstance(numba_type, types.BaseTuple):
        return f"Tuple(({', '.join(spell(part) for part in numba_type)}))"
    if isinstance(numba_type, types.Array):
        return f"{spell(numba_type.dtype)}[{','.join(':' * numba_type.ndim)}]"
    if isinstance(numba_type, types.CPointer):
        return f"CPointer({spell(numba_type.dtype)})"
    if numba_type == types.voidptr:
        return "voidptr"
    return str(numba_type).replace("[]", "")  # "datetime64[]" is one of any unit


def spell_signature(signature, name):
    """"float64(float64, uint8)"; refuses results that an array cannot hold."""
    from numba import types

    result = signature.return_type
    if isinstance(result, types.Optional):
        inner = spell(result.type)
        raise Failure(
            EX_DATAERR,
            f"the result of '{name}' may be None (Optional({inner})), which an array cannot "
            "hold; return a number on every path, or raise",
        )
    pointers = sum(isinstance(part, types.CPointer) for part in signature.args)
    if pointers > 1 or (pointers == 1 and isinstance(result, types.NoneType)):
        return ""  # some may be outputs: the IR tells which of them are written
    if isinstance(result, types.NoneType):
        raise Failure(EX_DATAERR, f"'{name}' returns nothing (void); return its result")
    return f"{spell(result)}({', '.join(spell(part) for part in signature.args)})"


class UnitOf:
    """Makes a type of datetime64['D'], in a signature."""

    def __init__(self, make):
        self.make = make

    def __getitem__(self, unit):
        return self.make(unit)


def read_signature(text):
    """A Numba signature of "f8(f8,f8)", "float64(float64)", "f8,i4(f8)", "?(f8)"..."""
    from numba import types

    words = {key: value for key, value in vars(types).items() if key[0] != "_"}
    words.update(bool=types.boolean, int=types.intc, float=types.float32, long=types.int64)
    for word, make in (("datetime64", types.NPDatetime), ("timedelta64", types.NPTimedelta)):
        words[word] = UnitOf(make)
    python = text.replace("?", "boolean")
    unit = r"\b(datetime64|timedelta64)\b(?:\[\s*(\w*)\s*\])?"
    python = re.sub(unit, r"\1['\2']", python)
    head = re.fullmatch(r"\s*\(?([^()]*,[^()]*?)\)?\s*(\(.*\))\s*", python)
    if head:  # several results
        python = f"Tuple(({head.group(1)})){head.group(2)}"
    try:
        if not re.fullmatch(r"[\w\s,:()\[\]']*", python):
            raise ValueError("it has characters that no type has")
        signature = eval(python, {"__builtins__": {}}, words)  # only the words above
        if not hasattr(signature, "return_type"):
            raise ValueError("it is not of the form f8(f8,f8)")
    except Exception as error:
        raise Failure(EX_USAGE, f"signature '{text}': {error}") from None
    return signature


# ---- Functions -----------------------------------------------------------------------


def is_cfunc(value):
    return hasattr(value, "inspect_llvm") and hasattr(value, "native_name")


class Source:
    """A Python function, with what a decorator of Numba's knows of it."""

    def __init__(self, value, name):
        dispatcher = getattr(value, "_dispatcher", value)  # numba.vectorize
        self.name = name
        self.function = getattr(dispatcher, "py_func", value)  # numba.jit
        if not hasattr(self.function, "__code__") or hasattr(value, "gufunc_builder"):
            kind = type(value).__name__
            raise Failure(
                EX_DATAERR, f"'{name}' is a {kind}, not a function or a Numba CFunc"
            )
        wanted = getattr(dispatcher, "targetoptions", {})
        self.options = {key: wanted[key] for key in SEMANTIC_OPTIONS if key in wanted}
        overloads = getattr(dispatcher, "overloads", {})
        self.signatures = [result.signature for result in overloads.values()]
        if dispatcher is not value:
            # What numba.vectorize compiles divides as NumPy does.
            self.options["error_model"] = "numpy"

    def hint(self):
        count = self.function.__code__.co_argcount
        if count == 0:
            raise Failure(EX_DATAERR, f"'{self.name}' takes no arguments, so it has no inputs")
        return f"--signature 'f8({','.join(['f8'] * count)})'"

    def only_signature(self):
        if len(self.signatures) == 1:
            return self.signatures[0]
        if self.signatures:
            known = " or ".join(f"'{spell_signature(s, self.name)}'" for s in self.signatures)
            raise Failure(
                EX_USAGE, f"'{self.name}' has several signatures; choose with --signature {known}"
            )
        raise Failure(
            EX_USAGE,
            f"'{self.name}' is a Python function without types; add {self.hint()}",
        )

    def compile(self, text):
        try:
            import numba
        except ImportError:
            raise Failure(EX_UNAVAILABLE, no_numba()) from None
        signature = read_signature(text) if text else self.only_signature()
        code = self.function.__code__
        if len(signature.args) != code.co_argcount and not code.co_flags & 0x04:  # no *args
            raise Failure(
                EX_USAGE,
                f"signature '{text}' has {len(signature.args)} arguments and '{self.name}' "
                f"takes {code.co_argcount}; try {self.hint()}",
            )
        shown = text or spell_signature(signature, self.name)
        try:
            return numba.cfunc(signature, **self.options)(self.function)
        except Exception as error:  # typing and lowering errors have no common class
            raise Failure(
                EX_DATAERR, f"Numba cannot compile '{self.name}' for {shown}: {essence(error)}"
            ) from None


def llvm_of(cfunc):
    """The IR of a CFunc."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = cfunc.inspect_llvm()
    if re.search(r"^define ", text, re.MULTILINE):
        return text
    import numba

    # One that Numba loaded from its cache has machine code and no IR.
    options = dict(cfunc._compiler.targetoptions)
    return numba.cfunc(cfunc._sig, **options)(cfunc._pyfunc).inspect_llvm()


def export(path, name, signature):
    value = find(import_file(path), path, name)
    if not is_cfunc(value):
        value = Source(value, name).compile(signature)
        signature = ""
    types = " ".join((signature or spell_signature(value._sig, name)).split())
    return f"{SIGNATURE_MARK}{types}\n{llvm_of(value)}"


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
