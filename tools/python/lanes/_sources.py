# SPDX-License-Identifier: Apache-2.0
"""Kernels of IR, of Numba's cfuncs, and of C by clang."""
import functools
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import numpy

from . import _kernel, _signature
from ._resolve import Loop
from ._ufunc import Ufunc

# $LANES_CLANG, else what there is, the newest that the linked LLVM can read first.
_CLANGS = ("clang-22", "clang-21", "clang-20", "clang-19", "clang", "clang-16", "clang-15", "clang-14")


def ufunc_of_kernels(name, kernels, **options):
    """A Ufunc of kernels that differ in their dtypes, tried in this order."""
    loops = [Loop(k.signature.inputs, k.signature.outputs, k) for k in kernels]
    first = kernels[0].signature
    return Ufunc(name, loops, nin=len(first.inputs), nout=len(first.outputs), **options)


def from_ir(ir, signature, entry=None, *, name=None, convention="auto", math="vector", fastmath=False,
            identity=None, errors="raise", doc=None, client=None):  # fmt: skip
    """A kernel of LLVM IR, from any front end.

    Parameters
    ----------
    ir : str, bytes or os.PathLike
        IR text, bitcode, or the path of a file with either.
    signature : str
        Element types, ``'f8(f8,f8)'``; several results ``'f8,i4(f8)'``; inputs that are rows
        ``'f8(f8[:])'``. Also in Numba's and NumPy's spelling. IR does not tell everything: which
        integers are unsigned, for one.
    entry : str, optional
        Symbol of the callback; default: the only one there is.
    name : str, optional
        Of the kernel, in messages; default: the callback's, where text tells it.
    convention : {'auto', 'numba', 'c', 'c-out', 'scipy'}
        How the callback is called.
    math : {'vector', 'exact'}
        ``'vector'``: at most 4 ulp; ``'exact'``: scalar libm.
    fastmath : bool, str or set of str
        Flags of LLVM that the compiler may assume beside what the IR says.
    identity, errors, client
        As for :func:`lanes.vectorize`.

    Returns
    -------
    Ufunc
    """
    if isinstance(ir, os.PathLike) or (isinstance(ir, str) and "\n" not in ir and re.search(r"\.(ll|bc)$", ir)):
        path = pathlib.Path(ir)
        ir = path.read_bytes()
        name = name or path.stem
    if not isinstance(ir, (str, bytes, bytearray, memoryview)):
        raise TypeError(f"IR is text, bitcode or the path of a file with either, not {type(ir).__name__}")
    kernel = _kernel.kernel(ir, signature, entry, convention, math, _kernel.fp_bits(fastmath))
    return ufunc_of_kernels(
        name or entry or _only_function(ir), [kernel], identity=identity, errors=errors, doc=doc, client=client
    )


def _only_function(ir):
    """Name of the function that IR text defines, if there is one, for messages."""
    text = ir if isinstance(ir, str) else bytes(ir).decode(errors="replace")
    found = re.findall(r"^define .*?@(?:\"([^\"\n]+)\"|([\w.$-]+))\(", text, re.M)
    return "".join(found[0]) if len(found) == 1 else "kernel"


def from_cfunc(cfunc, *, name=None, math="vector", fastmath=False, identity=None, errors="raise",
               client=None):  # fmt: skip
    """A kernel of a Numba ``@cfunc``, whose types it has.

    Its native function is what runs, not the C wrapper, so exceptions come back.

    Parameters
    ----------
    cfunc : numba CFunc
    name, math, fastmath, identity, errors, client
        As for :func:`from_ir`.
    """
    from . import _numba

    compiled = _numba.from_cfunc(cfunc)
    if compiled.inputs is None:
        raise TypeError(
            f"{cfunc.__name__!r} takes several pointers, some of which may be results; say which by "
            "lanes.from_ir(cfunc.inspect_llvm(), 'f8(f8[:])')"
        )
    signature = _signature.Signature(compiled.inputs, compiled.outputs, _signature.parse(compiled.signature).rows)
    kernel = _kernel.kernel(
        compiled.ir, signature, compiled.entry, "numba", math, _kernel.fp_bits(fastmath)
    )
    function = getattr(cfunc, "_pyfunc", None)
    return ufunc_of_kernels(
        name or getattr(cfunc, "__name__", "kernel"), [kernel], identity=identity, errors=errors,
        client=client, function=function, doc=getattr(cfunc, "__doc__", None),
    )  # fmt: skip


# ---- C -------------------------------------------------------------------------------

_C_TYPES = {
    "?": "_Bool", "i1": "int8_t", "u1": "uint8_t", "i2": "int16_t", "u2": "uint16_t",
    "i4": "int32_t", "u4": "uint32_t", "i8": "int64_t", "u8": "uint64_t",
    "f4": "float", "f8": "double", "c8": "float _Complex", "c16": "double _Complex",
}  # fmt: skip


def find_clang():
    """Path of the clang that compiles C: ``$LANES_CLANG``, else the newest in PATH."""
    chosen = os.environ.get("LANES_CLANG")
    for name in [chosen] if chosen else _CLANGS:
        path = shutil.which(name)
        if path:
            return path
    raise FileNotFoundError(
        f"{chosen or 'clang'} is not installed, which makes IR of C: install clang, or name one in "
        "LANES_CLANG"
    )


@functools.lru_cache(maxsize=256)
def compile_c(source, flags=()):
    """LLVM bitcode of a C source text."""
    with tempfile.TemporaryDirectory(prefix="lanes-c-") as folder:
        output = os.path.join(folder, "kernel.bc")
        command = [find_clang(), "-x", "c", "-std=gnu17", "-O2", "-fno-math-errno", "-ffp-contract=off",
                   *flags, "-c", "-emit-llvm", "-o", output, "-"]  # fmt: skip
        done = subprocess.run(command, input=source.encode(), capture_output=True, check=False)
        if done.returncode:
            raise ValueError(f"clang refuses the C source:\n{done.stderr.decode(errors='replace').strip()}")
        return pathlib.Path(output).read_bytes()


def from_c(source, signature=None, entry=None, *, name=None, flags=(), math="vector", fastmath=False,
           identity=None, errors="raise", client=None):  # fmt: skip
    """A kernel of a C function, by clang.

    Parameters
    ----------
    source : str or os.PathLike
        C source text, or the path of a ``.c`` file.
    signature : str, optional
        As for :func:`from_ir`. Default: from the one function that the text declares with
        types of ``stdint.h`` or C's own.
    entry : str, optional
        The function, if there are several.
    flags : sequence of str
        More options of clang, such as ``-I``.
    name, math, fastmath, identity, errors, client
        As for :func:`from_ir`.

    Raises
    ------
    FileNotFoundError
        clang is not installed.
    ValueError
        clang refuses the source; its messages are in the text.
    """
    if isinstance(flags, str):
        raise TypeError(f"flags are a list of clang's options, such as [{flags!r}], not one string")
    if isinstance(source, os.PathLike) or (
        isinstance(source, str) and "\n" not in source and source.endswith(".c")
    ):
        flags = (*flags, "-I", str(pathlib.Path(source).resolve().parent))
        source = pathlib.Path(source).read_text()
    if not isinstance(source, str):
        raise TypeError(f"C source is text or the path of a .c file, not {type(source).__name__}")
    if signature is None:
        entry, signature = _declared(source, entry)
    return from_ir(
        compile_c(source, tuple(flags)), signature, entry, name=name or entry, math=math,
        fastmath=fastmath, identity=identity, errors=errors, client=client,
    )  # fmt: skip


_C_WORDS = {
    "double": "f8", "float": "f4", "_Bool": "?", "bool": "?", "char": "i1", "signed char": "i1",
    "unsigned char": "u1", "short": "i2", "unsigned short": "u2", "int": "i4", "unsigned": "u4",
    "unsigned int": "u4", "long": "i8", "unsigned long": "u8", "long long": "i8",
    "unsigned long long": "u8", "size_t": "u8", "ssize_t": "i8", "double _Complex": "c16",
    "double complex": "c16", "float _Complex": "c8", "float complex": "c8",
    **{f"int{8 * n}_t": f"i{n}" for n in (1, 2, 4, 8)},
    **{f"uint{8 * n}_t": f"u{n}" for n in (1, 2, 4, 8)},
}  # fmt: skip


def _declared(source, entry):
    """(name, signature) of the function that a C text defines, results by value only."""
    plain = re.sub(r"/\*.*?\*/|//[^\n]*|^\s*#.*?$", " ", source, flags=re.S | re.M)
    pattern = r"(?P<result>(?:\b\w+\s+)+)(?P<name>\w+)\s*\((?P<arguments>[^()]*)\)\s*\{"
    found = {}
    for match in re.finditer(pattern, plain):
        # "else if (...) {" looks like a function, too.
        if not set(match["result"].split()) & {"static", "inline", "else"}:
            found[match["name"]] = match
    if entry is None and len(found) == 1:
        entry = next(iter(found))
    if entry not in found:
        known = ", ".join(found) or "none"
        wanted = f"no function {entry!r}" if entry else "not exactly one function that is not static"
        step = "name one of these in entry=" if found else "give entry= and signature="
        raise ValueError(f"the C source has {wanted} (found: {known}); {step}")
    match = found[entry]
    if match["arguments"].strip() in ("", "void"):
        raise ValueError(f"the C function {entry!r} takes no arguments, so it has no inputs")
    result = _c_word(match["result"], entry)
    arguments = [_c_word(re.sub(r"\w+\s*$", "", a), entry) for a in match["arguments"].split(",")]
    return entry, f"{result}({','.join(arguments)})"


def _c_word(text, entry):
    words = [w for w in text.split() if w not in ("const", "inline", "extern", "volatile", "restrict")]
    word = " ".join(words)
    if word not in _C_WORDS:
        raise ValueError(
            f"the type {word!r} of the C function {entry!r} is no element type; say in signature= which "
            "it stands for, such as signature='f8(f8)'"
        )
    return _C_WORDS[word]


_C_KEYWORDS = frozenset(
    "auto bool break case char complex const continue default do double else enum extern float for goto if "
    "inline int long register restrict return short signed sizeof static struct switch typedef typeof union "
    "unsigned void volatile while".split()
)


def _parameters(text, role):
    """[(dtype letters or placeholder, name)] of ``'float64 x, T y'``."""
    if not isinstance(text, str):
        raise TypeError(f"{role}s are a text such as 'float64 x, float64 y', not {type(text).__name__}")
    if not text.strip():
        raise ValueError(f"there is no {role}; name at least one, such as 'float64 x'")
    found = []
    for part in text.split(","):
        words = part.split()
        if words[:1] == ["raw"]:
            raise ValueError(
                f"{role} {part.strip()!r}: there are no raw arrays, operations see one element of each; "
                "shift or gather before the call, or have rows by lanes.from_c(..., 'f8(f8[:])')"
            )
        if len(words) != 2 or not words[1].isidentifier():
            raise ValueError(f"{role} {part.strip()!r} is not of the form 'float64 x'")
        found.append((words[0], words[1]))
    return found


def _check_names(inputs, outputs, operation):
    """Refuses names that C would refuse in words about code that nobody wrote."""
    names = [name for _, name in (*inputs, *outputs)]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise ValueError(f"the name {name!r} is there twice; each input and output needs its own")
        if name in _C_KEYWORDS:
            raise ValueError(f"{name!r} is a word of C; call the input or output otherwise")
    for _, name in outputs:
        if not re.search(rf"\b{name}\b", operation):
            raise ValueError(f"the operation {operation!r} does not assign output {name!r}")


def elementwise(in_params, out_params, operation, name="kernel", *, preamble="", math="vector",
                fastmath=False, errors="raise", client=None):  # fmt: skip
    """A kernel of a C snippet, in CuPy's ``ElementwiseKernel`` shape.

    Parameters
    ----------
    in_params : str
        ``'float64 x, float64 y'``. A type of one capital letter, ``'T x'``, stands for the
        arguments' own, by ``numpy.result_type``; in `operation` and `preamble` it is a type.
    out_params : str
        ``'float64 z'``.
    operation : str
        C statements that assign the outputs: ``'z = (x - y) * (x - y)'``. ``math.h``,
        ``complex.h``, ``stdint.h`` and ``stdbool.h`` are included.
    name : str
    preamble : str
        C source before the function: helpers, tables, macros.
    math, fastmath, errors, client
        As for :func:`from_ir`.

    Returns
    -------
    Ufunc

    Notes
    -----
    Of CuPy's there are no ``raw`` arguments, no index ``i``, no ``_ind`` and no ``size=``:
    elements are computed in any order. Where an element needs its index, pass
    ``numpy.arange(n)`` as one more input.
    """
    inputs, outputs = _parameters(in_params, "input"), _parameters(out_params, "output")
    holders = {word for word, _ in inputs if re.fullmatch(r"[A-Z]", word)}
    strange = {word for word, _ in outputs if re.fullmatch(r"[A-Z]", word)} - holders
    if strange:
        raise ValueError(f"output type {strange.pop()!r} is no type of an input, so nothing says what it is")
    if len(holders) > 1:
        raise ValueError(
            f"{len(holders)} types are open ({', '.join(sorted(holders))}); there can be one: "
            "give the others a type, such as float64"
        )
    _check_names(inputs, outputs, operation)
    parts = (tuple(inputs), tuple(outputs), operation, name, preamble, math, _kernel.fp_bits(fastmath))
    kernels = _first_kernels(parts) if holders else [_elementwise_kernel(parts, None)]
    return ufunc_of_kernels(
        name, kernels, errors=errors, client=client, doc=f"{name}: {operation}",
        compiler=_ElementwiseCompiler(parts) if holders else None,
    )  # fmt: skip


def _first_kernels(parts):
    """Kernels of an open type that are there at once: they show what is wrong with the C."""
    try:
        return [_elementwise_kernel(parts, kind) for kind in ("f4", "f8")]
    except ValueError:
        try:
            return [_elementwise_kernel(parts, "i8")]  # x & 1, x % y
        except ValueError:
            pass
        raise


def _elementwise_kernel(parts, kind):
    """The kernel for one meaning of the open type."""
    inputs, outputs, operation, name, preamble, math, fp = parts

    def letters(word):
        if kind is not None and re.fullmatch(r"[A-Z]", word):
            return kind
        return _signature.parse(f"{word}(f8)").text.split("(")[0]

    types_in, types_out = [letters(w) for w, _ in inputs], [letters(w) for w, _ in outputs]
    arguments = [f"{_C_TYPES[t]} {n}" for t, (_, n) in zip(types_in, inputs)]
    arguments += [f"{_C_TYPES[t]} *out_of_{n}" for t, (_, n) in zip(types_out, outputs)]
    lines = [f"{_C_TYPES[t]} {n} = 0;" for t, (_, n) in zip(types_out, outputs)]
    stores = [f"*out_of_{n} = {n};" for _, n in outputs]
    holders = {w for w, _ in inputs if re.fullmatch(r"[A-Z]", w)} if kind is not None else ()
    types = [f"typedef {_C_TYPES[kind]} {holder};" for holder in holders]
    symbol = "kernel_" + re.sub(r"\W", "_", name)
    source = "\n".join([
        "#include <math.h>", "#include <complex.h>", "#include <stdint.h>", "#include <stdbool.h>",
        "#undef I", *types, preamble, f"void {symbol}({', '.join(arguments)})", "{", *lines,
        "#line 1 \"operation\"", operation + ";", *stores, "}", "",
    ])  # fmt: skip
    signature = f"{','.join(types_out)}({','.join(types_in)})"
    try:
        ir = compile_c(source)
    except ValueError as error:
        index = re.search(r"undeclared identifier '(i|_ind)'", str(error))
        if index is None:
            raise
        raise ValueError(
            f"{error}\nthere is no index {index[1]!r}: pass numpy.arange(n) as one more input"
        ) from None
    return _kernel.kernel(ir, signature, symbol, "c-out", math, fp)


class _ElementwiseCompiler:
    """Makes loops of a snippet with an open type, as calls want them."""

    def __init__(self, parts):
        self._parts = parts

    def token(self):
        """Names what it makes."""
        return repr(self._parts)

    def wanted(self, inputs):
        """What the open type stands for in a call; None if nothing that there is."""
        given = [value for value, (word, _) in zip(inputs, self._parts[0]) if re.fullmatch(r"[A-Z]", word)]
        try:
            dtype = numpy.result_type(*given).newbyteorder("=")
        except TypeError:
            return None
        return dtype if dtype.kind not in "mM" and _signature.is_supported(dtype) else None

    def __call__(self, dtypes):
        dtype = self.wanted(dtypes)
        return None if dtype is None else _elementwise_kernel(self._parts, _signature.letters(dtype))

    def complete(self, loops, inputs):
        """`loops`, with one more if a call has a type that none of them was made for.

        In the order of numpy.add.types, so that the first that fits is the narrowest.
        """
        dtype = self.wanted(inputs)
        place = next(p for p, (word, _) in enumerate(self._parts[0]) if re.fullmatch(r"[A-Z]", word))
        if dtype is None or any(loop.inputs[place] == dtype for loop in loops):
            return loops
        kernel = _elementwise_kernel(self._parts, _signature.letters(dtype))
        made = Loop(kernel.signature.inputs, kernel.signature.outputs, kernel)
        order = list(_C_TYPES).index
        return sorted([*loops, made], key=lambda loop: order(_signature.letters(loop.inputs[place])))
