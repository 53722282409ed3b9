# SPDX-License-Identifier: Apache-2.0
"""Numba's part: signatures as `numba.vectorize` takes them, and LLVM IR of functions.

For Numba 0.56 to 0.68, which is imported when the first function is compiled. Nothing else
of the package is imported: tools/lanes/export_numba.py loads this file by its path.
"""
import collections
import functools
import re
import sys
import types as python_types
import warnings

# Options of @jit and @vectorize that change what a function computes.
SEMANTIC_OPTIONS = ("fastmath", "error_model", "boundscheck")

# Kinds and sizes of dtypes that a callback's values may have, beside times with a unit.
_LETTERS = ("?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", "c8", "c16")


class SignatureError(TypeError):
    """A signature that cannot be read, or that does not fit the function."""


class NumbaMissing(ImportError):
    """Numba is not there, or cannot be imported."""


Types = collections.namedtuple("Types", "inputs outputs")
Types.__doc__ = """What one loop takes and returns.

Attributes
----------
inputs : tuple of numpy.dtype
outputs : tuple of numpy.dtype, or None
    None: what Numba infers.
"""

Compiled = collections.namedtuple("Compiled", "ir signature inputs outputs entry")
Compiled.__doc__ = """A function's LLVM IR.

Attributes
----------
ir : bytes
    Text.
signature : str
    ``"f8(f8,f8)"``: as ``lanes_kernel_options.signature`` takes it. ``""``: the IR says it
    better, because some of several pointers are results.
inputs, outputs : tuple of numpy.dtype, or None
    Of a row its elements'. None where the signature is ``""``.
entry : str
    The symbol of the function that computes an element.
"""


# ---- Numba itself --------------------------------------------------------------------


@functools.lru_cache(maxsize=None)
def _numba():
    """The parts of Numba that are needed; found once."""
    try:
        import numba
    except ModuleNotFoundError as error:
        if error.name != "numba":
            raise NumbaMissing(f"Numba cannot be imported: {error}") from error
        raise NumbaMissing(
            f"Python functions are compiled by Numba, which is not installed for {sys.executable}: "
            "install it (pip install numba, or apt install python3-numba); kernels of LLVM IR and "
            "of C need no Numba",
            name="numba",
        ) from None
    except ImportError as error:  # says which NumPy it needs
        raise NumbaMissing(f"Numba cannot be imported: {error}") from error
    from numba.core import compiler, registry, sigutils, targetconfig
    from numba.core.compiler_lock import global_compiler_lock
    from numba.np import numpy_support

    return python_types.SimpleNamespace(
        cfunc=numba.cfunc,
        types=numba.types,
        unliteral=numba.types.unliteral,
        compiler=compiler,
        target=registry.cpu_target,
        sigutils=sigutils,
        config=targetconfig,
        lock=global_compiler_lock,
        from_dtype=numpy_support.from_dtype,
        as_dtype=numpy_support.as_dtype,
    )


def cloudpickle():
    """The cloudpickle that Numba brings with it, for functions that pickle cannot name."""
    _numba()
    from numba import cloudpickle as found

    return found


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
    if re.search(r"Untyped global name .*<class 'function'>", reason):
        reason += "; decorate that function with numba.njit"
    if "No conversion from none to" in reason:
        reason += "; return a number on every path"
    starts = [i for i, line in enumerate(lines) if re.match(r'File ".*", line \d+:', line)]
    excerpt = []
    for line in lines[starts[0] : starts[0] + 8] if starts else []:
        if not line:
            break
        excerpt.append(line)
    if "Constant inference not possible" in reason and any(" raise " in line for line in excerpt):
        reason += "; computed arguments of exceptions need Numba 0.57"
    return "\n".join([reason[:400], *(line[:100] for line in excerpt)])


def _short_error(error, head):
    """An error of the class of `error`, if that is Numba's, with the essence of its text."""
    text = f"{head}: {essence(error)}"
    kind = type(error) if is_numba_error(error) or isinstance(error, ImportError) else TypeError
    try:
        short = kind(text)
    except TypeError:  # some of Numba's take more arguments
        short = TypeError(text)
    short.args = (text,)  # Numba adds colours
    return short


# ---- Types ---------------------------------------------------------------------------


def letters(dtype):
    """``f8``, ``?``, ``datetime64[D]``: a dtype in the words of a signature for lanes."""
    if dtype.kind in "mM":
        return dtype.name
    return "?" if dtype.kind == "b" else f"{dtype.kind}{dtype.itemsize}"


def _check_dtype(dtype, what):
    if dtype.kind not in "mM" and letters(dtype) not in _LETTERS:
        is_number = dtype.kind in "Ofc"  # objects may be
        step = f"; convert it, as by astype('{'c16' if dtype.kind == 'c' else 'f8'}')" if is_number else ""
        raise TypeError(
            f"{what} is {dtype}; there are {' '.join(_LETTERS)}, datetime64 and timedelta64{step}"
        )
    return dtype.newbyteorder("=")


def spell(numba_type):
    """The type in the words that `lanes --signature` takes."""
    types = _numba().types
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
    """``float64(float64, uint8)``; refuses results that an array cannot hold."""
    types = _numba().types
    result = signature.return_type
    if isinstance(result, types.Optional):
        inner = spell(result.type)
        raise TypeError(
            f"the result of '{name}' may be None (Optional({inner})), which an array cannot "
            "hold; return a number on every path, or raise"
        )
    pointers = sum(isinstance(part, types.CPointer) for part in signature.args)
    if pointers > 1 or (pointers == 1 and isinstance(result, types.NoneType)):
        return ""  # some may be outputs: the IR tells which of them are written
    if isinstance(result, types.NoneType):
        raise TypeError(f"'{name}' returns nothing (void); return its result")
    return f"{spell(result)}({', '.join(spell(part) for part in signature.args)})"


def _leaves(numba_type):
    """The types in a tuple, and in tuples in it; of others the type itself."""
    if isinstance(numba_type, _numba().types.BaseTuple):
        return [leaf for part in numba_type for leaf in _leaves(part)]
    return [_numba().unliteral(numba_type)]


def _dtypes(numba_types, what):
    """The dtypes of numbers and of tuples of numbers, as a flat tuple."""
    numba = _numba()
    found = []
    for leaf in (leaf for numba_type in numba_types for leaf in _leaves(numba_type)):
        is_number = isinstance(leaf, (numba.types.Number, numba.types.Boolean))
        if isinstance(leaf, numba.types.Array) and leaf.ndim == 0:
            raise TypeError(
                f"{what} is {spell(leaf)}, an array without dimensions, as of np.where; "
                "write 'a if condition else b', or take its element: result[()]"
            )
        if not is_number and not isinstance(leaf, (numba.types.NPDatetime, numba.types.NPTimedelta)):
            raise TypeError(f"{what} is {spell(leaf)}, which is no number; there are "
                            f"{' '.join(_LETTERS)}, datetime64 and timedelta64")  # fmt: skip
        found.append(_check_dtype(numba.as_dtype(leaf), what))
    return tuple(found)


def _inputs(arguments, name):
    """(words, dtypes) of a callback's inputs, rows among them as ``f8[:]``.

    The length before a row, and the block of parameters, are no inputs.
    """
    types = _numba().types
    words, found = [], []
    for place, argument in enumerate(arguments):
        following = arguments[place + 1 : place + 2]
        if argument == types.int32 and any(isinstance(t, types.CPointer) for t in following):
            continue
        if argument == types.voidptr:
            continue
        is_row = isinstance(argument, (types.CPointer, types.Array))
        leaves = _dtypes([argument.dtype if is_row else argument], f"an argument of '{name}'")
        words += [letters(dtype) + "[:]" * is_row for dtype in leaves]
        found += leaves
    return words, tuple(found)


def _describe(signature, name):
    """(signature for lanes, inputs, outputs) of a Numba signature; refuses odd results."""
    if not spell_signature(signature, name):
        return "", None, None
    outputs = _dtypes([signature.return_type], f"the result of '{name}'")
    words, inputs = _inputs(signature.args, name)
    return f"{','.join(map(letters, outputs))}({','.join(words)})", inputs, outputs


# ---- Signatures ----------------------------------------------------------------------


class UnitOf:
    """Makes a type of datetime64['D'], in a signature."""

    def __init__(self, make):
        self.make = make

    def __getitem__(self, unit):
        return self.make(unit)


@functools.lru_cache(maxsize=None)
def _words(with_c):
    """What the words of a signature mean; with those of C, in which float is float32."""
    types = _numba().types
    words = {key: value for key, value in vars(types).items() if key[0] != "_"}
    words["bool"] = types.boolean
    if with_c:
        words.update(int=types.intc, float=types.float32, long=types.int64)
    for word, make in (("datetime64", types.NPDatetime), ("timedelta64", types.NPTimedelta)):
        words[word] = UnitOf(make)
    return words


def read_signature(text, with_c=False):
    """A Numba signature of ``f8(f8,f8)``, ``float64(float64)``, ``f8,i4(f8)``, ``?(f8)``.

    Parameters
    ----------
    text : str
    with_c : bool
        C's words count, too: ``float`` is float32. Without they are refused: to Python
        ``float`` is float64.
    """
    python = text.replace("?", "boolean")
    unit = r"\b(datetime64|timedelta64)\b(?:\[\s*'?(\w*)'?\s*\])?"
    python = re.sub(unit, r"\1['\2']", python)
    head = re.fullmatch(r"\s*\(?([^()]*,[^()]*?)\)?\s*(\(.*\))\s*", python)
    if head:  # several results
        python = f"Tuple(({head.group(1)})){head.group(2)}"
    words = _words(with_c)
    try:
        if not re.fullmatch(r"[\w\s,:()\[\]'\"]*", python):
            raise ValueError("it has characters that no type has")
        signature = eval(python, {"__builtins__": {}}, words)  # only the words above
        if isinstance(signature, tuple):  # "(f8, f8)": the result is inferred
            return _numba().sigutils.normalize_signature(signature)[0]
        if not hasattr(signature, "return_type"):
            raise ValueError("it is not of the form f8(f8,f8)")
    except Exception as error:
        hint = ""
        word = re.search(r"\b(float|int|long|complex)\b", text)
        if word and isinstance(error, NameError):
            hint = f"; '{word.group(1)}' needs a size: float64, int32, complex128"
        raise SignatureError(f"signature '{text}': {error}{hint}") from None
    return signature


def is_signature(value):
    """True for what is one signature, or a list of them, and no function."""
    if isinstance(value, (str, tuple, list)):
        return True
    return "numba" in sys.modules and _numba().sigutils.is_signature(value)


def _types(wanted):
    """The Types of one signature."""
    numba = _numba()
    shown = str(wanted)
    signature = read_signature(wanted) if isinstance(wanted, str) else wanted
    try:
        arguments, result = numba.sigutils.normalize_signature(signature)
    except Exception as error:
        raise SignatureError(f"signature {wanted!r}: {essence(error)}") from None
    try:
        inputs = _dtypes(arguments, "an argument")
        if isinstance(result, numba.types.NoneType):
            raise TypeError("it has no result")
        outputs = None if result is None else _dtypes([result], "the result")
    except TypeError as error:
        raise SignatureError(f"signature '{shown}': {error}") from None
    if not inputs:
        raise SignatureError(f"signature '{shown}' has no arguments")
    return Types(inputs, outputs)


def signature_types(wanted):
    """The Types of each signature that `numba.vectorize` would take.

    Parameters
    ----------
    wanted : str, Numba signature, tuple of types, or iterable of these
        ``"f8(f8,f8)"``, ``float64(float64, float64)``, ``(float64, float64)``; strings may
        also have several results, ``"f8,i4(f8)"``.

    Returns
    -------
    list of Types
    """
    if isinstance(wanted, str) or hasattr(wanted, "return_type"):
        wanted = [wanted]
    elif isinstance(wanted, tuple) and wanted:
        if all(isinstance(part, _numba().types.Type) for part in wanted):
            wanted = [wanted]
    try:
        found = [_types(one) for one in wanted]
    except TypeError as error:
        if isinstance(error, SignatureError):
            raise
        raise SignatureError(f"{wanted!r} is no function and no signature") from None
    for types in found[1:]:
        if len(types.inputs) != len(found[0].inputs):
            raise SignatureError(
                f"the signatures have {len(found[0].inputs)} and {len(types.inputs)} arguments"
            )
        counts = {len(t.outputs) for t in (found[0], types) if t.outputs is not None}
        if len(counts) > 1:
            raise SignatureError("the signatures have different numbers of results")
    return found


# ---- Functions -----------------------------------------------------------------------


def is_cfunc(value):
    return hasattr(value, "inspect_llvm") and hasattr(value, "native_name")


class Source:
    """A Python function, with what a decorator of Numba's knows of it.

    Attributes
    ----------
    function : function
        As it was before it was decorated.
    options : dict
        Those of SEMANTIC_OPTIONS that the decorator was given.
    signatures : list of Numba signatures
        What it was compiled for.
    """

    def __init__(self, value, name):
        dispatcher = getattr(value, "_dispatcher", value)  # numba.vectorize
        self.name = name
        self.function = getattr(dispatcher, "py_func", value)  # numba.jit
        if not hasattr(self.function, "__code__") or hasattr(value, "gufunc_builder"):
            kind = type(value).__name__
            raise TypeError(f"'{name}' is a {kind}, not a function or a Numba CFunc")
        wanted = getattr(dispatcher, "targetoptions", {})
        self.options = {key: wanted[key] for key in SEMANTIC_OPTIONS if key in wanted}
        overloads = getattr(dispatcher, "overloads", {})
        self.signatures = [result.signature for result in overloads.values()]
        if dispatcher is not value:
            # What numba.vectorize compiles divides as NumPy does.
            self.options["error_model"] = "numpy"


def _name_of(value):
    return getattr(value, "__name__", None) or type(value).__name__


def argument_count(function):
    """How many arguments a function has to be called with."""
    name = _name_of(function)
    code = Source(function, name).function.__code__
    if code.co_flags & 0x04:
        raise TypeError(f"'{name}' takes any number of arguments (*); give a signature")
    if code.co_argcount == 0:
        raise TypeError(f"'{name}' takes no arguments, so it has no inputs")
    return code.co_argcount


def compile_native(function, arguments, result, name, shown, **options):
    """What Numba makes of a function: its CompileResult.

    This is the way that numba.cfunc goes, without the C wrapper, which lanes never calls,
    and without the need to know the type of the result.

    Parameters
    ----------
    function : function
    arguments : sequence of Numba types
    result : Numba type or None
        None: inferred.
    name, shown : str
        Function and signature, in errors.
    **options
        SEMANTIC_OPTIONS, as numba.jit takes them.
    """
    numba = _numba()
    flags = numba.compiler.Flags()
    try:
        numba.target.options.parse_as_flags(flags, dict(options, nopython=True))
        flags.no_cpython_wrapper = True
        flags.no_cfunc_wrapper = True
        flags.no_compile = True  # no entry in Numba's tables of functions
        flags.enable_pyobject = False
        flags.enable_looplift = False
        with numba.lock, numba.config.ConfigStack().enter(flags.copy()):
            done = numba.compiler.compile_extra(
                numba.target.typing_context, numba.target.target_context, function,
                args=tuple(arguments), return_type=result, flags=flags, locals={},
            )  # fmt: skip
            if done.typing_error is not None:
                raise done.typing_error
            # Functions that it calls are linked in, and all of it is optimised.
            done.library.finalize()
    except Exception as error:  # typing and lowering errors have no common class
        raise _short_error(error, f"Numba cannot compile '{name}' for {shown}") from None
    return done


def check_count(function, count, name, shown):
    """Refuse a signature with more or fewer arguments than the function takes."""
    code = function.__code__
    if count != code.co_argcount and not code.co_flags & 0x04:  # no *args
        raise SignatureError(
            f"signature '{shown}' has {count} arguments and '{name}' takes {code.co_argcount}"
        )


def check_options(options):
    """Refuse values of SEMANTIC_OPTIONS that Numba would refuse, and other options."""
    strange = set(options).difference(SEMANTIC_OPTIONS)
    if strange:
        raise TypeError(f"compile() has no option {', '.join(map(repr, sorted(strange)))}")
    if options.get("error_model", "numpy") not in ("numpy", "python"):
        raise ValueError(f"error_model is {options['error_model']!r}; there are 'numpy' and 'python'")


def _numba_type(dtype, what):
    dtype = _check_dtype(dtype, what)
    try:
        return _numba().from_dtype(dtype)
    except Exception:  # of another class in each version
        raise TypeError(f"{what} is {dtype}, which Numba has no type for") from None


def compile(function, types, **options):  # pylint: disable=redefined-builtin
    """Compile a function for certain dtypes.

    Parameters
    ----------
    function : function, or what @numba.jit made of one
        A dispatcher's own options and signatures do not count, as with numba.vectorize.
    types : Types, or sequence of numpy.dtype
        Of the inputs; with Types results are converted to its outputs, if it has some.
    fastmath : bool or set of str, default False
    error_model : {'numpy', 'python'}, default 'numpy'
    boundscheck : bool or None, default None

    Returns
    -------
    Compiled

    Raises
    ------
    NumbaMissing
        An ImportError.
    SignatureError
        A TypeError: the number of arguments is another.
    numba.core.errors.NumbaError, TypeError
        Numba cannot compile it, or the results are no numbers; the text is short.
    """
    numba = _numba()
    name = _name_of(function)
    function = Source(function, name).function
    if not isinstance(types, Types):
        types = Types(tuple(types), None)
    check_options(options)
    if options.get("boundscheck", 0) is None:
        del options["boundscheck"]
    arguments = [
        _numba_type(dtype, f"argument {place} of '{name}'") for place, dtype in enumerate(types.inputs)
    ]
    shown = f"({', '.join(map(spell, arguments))})"
    result = None
    if types.outputs is not None:
        results = [_numba_type(dtype, f"the result of '{name}'") for dtype in types.outputs]
        result = results[0] if len(results) == 1 else numba.types.Tuple(results)
        shown = spell(result) + shown
    check_count(function, len(arguments), name, shown)
    options.setdefault("error_model", "numpy")
    done = compile_native(function, arguments, result, name, shown, **options)
    signature, inputs, outputs = _describe(done.signature, name)
    return Compiled(
        done.library.get_llvm_str().encode(), signature, inputs, outputs, done.fndesc.llvm_func_name
    )


def from_cfunc(cfunc, name=None):
    """The IR of a Numba CFunc, with its own types and options.

    Parameters
    ----------
    cfunc : what @numba.cfunc made
    name : str, optional
        In errors; default: its own.
    """
    if not is_cfunc(cfunc):
        raise TypeError(f"a Numba CFunc is wanted, not {type(cfunc).__name__}")
    name = name or cfunc.__name__
    signature = cfunc._sig
    text, inputs, outputs = _describe(signature, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ir = cfunc.inspect_llvm()
    entry = cfunc.native_name.replace("cfunc.", "", 1)
    if not re.search(r"^define ", ir, re.MULTILINE):
        # One that Numba loaded from its cache has machine code and no IR.
        wanted = cfunc._compiler.targetoptions
        options = {key: wanted[key] for key in SEMANTIC_OPTIONS if key in wanted}
        done = compile_native(
            cfunc._pyfunc, signature.args, signature.return_type, name, text, **options
        )
        ir, entry = done.library.get_llvm_str(), done.fndesc.llvm_func_name
    return Compiled(ir.encode(), text, inputs, outputs, entry)
