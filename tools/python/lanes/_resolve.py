# SPDX-License-Identifier: Apache-2.0
"""Which of a kernel's loops does a call, by the rules that NumPy has for ufuncs of others.

A loop whose inputs have exactly the arguments' types does the call; otherwise it is the first
one to whose inputs all arguments can be cast safely. NumPy 1 looks at the values of scalars
for that; NumPy 2 only takes Python's int, float and complex for weaker than arrays (NEP 50).

Times are an exception. NumPy's ufuncs have loops for datetime64 and timedelta64 without units,
and their default search then finds none of them for data that has units. Here loops have
units, and take times of exactly their unit; nothing is converted from one unit to another.
There are no loops of objects.
"""

import numpy as np

from ._arguments import NUMPY
from ._warn import warn

try:
    from numpy._core._exceptions import (
        _UFuncInputCastingError,
        _UFuncOutputCastingError,
    )
except ImportError:
    from numpy.core._exceptions import (
        _UFuncInputCastingError,
        _UFuncOutputCastingError,
    )

__all__ = ["Loop", "find_loop"]

_NUMPY2 = NUMPY >= (2, 0)
_WEAK_BY_COMMON_TYPE = NUMPY >= (2, 1)  # 2.0 makes of them whatever the loop wants.
_CASTINGS = ("no", "equiv", "safe", "same_kind", "unsafe")
_WEAK = {int: "u", float: "f", complex: "f"}
_WEAK_DEFAULT = {int: np.dtype(np.intp), float: np.dtype("f8"), complex: np.dtype("c16")}
_KIND_ORDER = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 2}
_OTHER_KIND = 3


def _key(dtype):
    """What has to be equal for two types to be the same one to a loop.

    Byte order does not matter. Types that only have the same size are not the same:
    NumPy tells long and long long apart.
    """
    if dtype.kind in "mM":
        return dtype.kind, *np.datetime_data(dtype)
    if dtype.kind == "V":
        return dtype.newbyteorder("=")
    return dtype.num


class Loop:
    """One compiled loop of a kernel.

    Parameters
    ----------
    inputs, outputs : sequence of dtype
        What it reads and writes, in the machine's byte order.
    payload : object
        Whatever the caller keeps with a loop.
    """

    __slots__ = ("inputs", "outputs", "payload", "input_keys", "keys")

    def __init__(self, inputs, outputs, payload=None):
        self.inputs = tuple(np.dtype(entry) for entry in inputs)
        self.outputs = tuple(np.dtype(entry) for entry in outputs)
        self.payload = payload
        self.input_keys = tuple(_key(entry) for entry in self.inputs)
        self.keys = self.input_keys + tuple(_key(entry) for entry in self.outputs)

    def __repr__(self):
        inputs = ", ".join(str(entry) for entry in self.inputs)
        outputs = ", ".join(str(entry) for entry in self.outputs)
        return f"Loop({inputs} -> {outputs})"


class _Named:
    """What NumPy's exceptions want to know of a ufunc."""

    def __init__(self, name, nin, nout):
        self.__name__ = name
        self.nin = nin
        self.nout = nout

    def __repr__(self):
        return f"<ufunc '{self.__name__}'>"

    def __reduce__(self):
        return _Named, (self.__name__, self.nin, self.nout)


class _Search:
    """The operands of one call, and what is known of them."""

    def __init__(self, args, outs, nout, arrays, name, ufunc):
        self.args = args
        self.nin = len(args)
        self.arrays = _as_arrays(args) if arrays is None else arrays
        self.outs = (None,) * nout if outs is None or outs is Ellipsis else outs
        self.name = name
        self.ufunc = ufunc if ufunc is not None else _Named(name, self.nin, nout)
        # The types of Python scalars that are weak, None for other arguments. NumPy 2
        # promotes nothing if there is only one argument, and NumPy 1 has no weak ones.
        self.weak = [None] * self.nin
        if _NUMPY2 and self.nin > 1:
            self.weak = [type(arg) if type(arg) in _WEAK else None for arg in args]
        self.dtypes = [
            array.dtype if weak is None else _WEAK_DEFAULT[weak]
            for array, weak in zip(self.arrays, self.weak)
        ]


def _as_arrays(args):
    return [arg if isinstance(arg, np.ndarray) else np.asarray(arg) for arg in args]


def find_loop(
    loops,
    args,
    outs=None,
    *,
    casting="same_kind",
    dtype=None,
    signature=None,
    name="f",
    nout=None,
    arrays=None,
    ufunc=None,
    missing_ok=False,
):
    """The loop that does a call.

    Parameters
    ----------
    loops : sequence of Loop
        In the order in which they are searched. All have as many inputs as `args`.
    args : sequence of object
        The inputs as the user gave them: Python's scalars are not treated like arrays.
    outs : sequence of ndarray or None, Ellipsis, optional
        What results are written to, with None for what is to be allocated. Ellipsis is like
        none at all.
    casting : str
        How results may be cast into `outs`, and how inputs may be cast if a signature
        chose the loop.
    dtype : object, optional
        The type of all outputs; of the inputs, too, if no loop has it otherwise.
    signature : tuple or str, optional
        The types of the loop, one entry for each operand, some of them None; or
        characters like ``"dd->d"``.
    name : str
        The kernel's name, for texts of exceptions.
    nout : int, optional
        How many outputs there are. It need not be given if there are loops, or `outs`.
    arrays : sequence of ndarray, optional
        `args` as arrays, if the caller has them already.
    ufunc : object, optional
        What exceptions name as their ufunc. It has ``__name__``, ``nin`` and ``nout``.
    missing_ok : bool
        Return None instead of raising if no loop fits, so that one can be made.

    Returns
    -------
    Loop or None

    Raises
    ------
    TypeError
        With NumPy's classes and texts: if no loop fits, or if operands cannot be cast to
        the types of the one that does.
    OverflowError
        NumPy 2: if a Python int does not fit into the type that the loop has for it.
    """
    if nout is None:
        nout = len(loops[0].outputs) if loops else len(outs) if isinstance(outs, (tuple, list)) else 1
    fixed = _fixed_signature(dtype, signature, len(args), nout, name)
    search = _Search(args, outs, nout, arrays, name, ufunc)
    _check_casting(casting)
    loop = _promote(loops, search, fixed, missing_ok)
    if loop is not None:
        _settle_weak(loop, search, fixed, casting)
        _check_casts(loop, search, casting)
    return loop


def _promote(loops, search, fixed, missing_ok):
    """The loop for these types, or None; whether operands can be cast is not looked at."""
    if not _force_legacy(search):
        loop = _exact(loops, search, fixed)
        if loop is not None:
            return loop
    loop = _search_loops(loops, search, fixed)
    if loop is None and not missing_ok:
        _raise_missing(search, fixed)
    return loop


def _exact(loops, search, fixed):
    """The one loop that has the arguments' types where the signature leaves them open."""
    keys = []
    for index, dtype in enumerate(search.dtypes):
        if fixed is not None and fixed[index] is not None:
            keys.append(fixed[index])
        elif search.weak[index] is not None:
            return None
        else:
            keys.append(_key(dtype))
    keys = tuple(keys)
    found = None
    for loop in loops:
        if loop.input_keys != keys:
            continue
        if fixed is not None and not _matches(loop, fixed, range(search.nin, len(fixed))):
            continue
        if found is not None:
            return None  # Ambiguous to NumPy, too, which then searches for the first one.
        found = loop
    return found


def _matches(loop, fixed, positions):
    """Whether a loop has the types that a signature prescribes; "m" and "M" have any unit."""
    for at in positions:
        wanted = fixed[at]
        if wanted is None or wanted == loop.keys[at]:
            continue
        if wanted not in ("m", "M") or (loop.inputs + loop.outputs)[at].kind != wanted:
            return False
    return True


def _search_loops(loops, search, fixed):
    """The first loop that all inputs can be cast to safely."""
    min_scalar = _use_min_scalar(search)
    if fixed is None or all(entry is None for entry in fixed):
        return _first_fit(loops, search, None, min_scalar)
    loop = _first_fit(loops, search, fixed, min_scalar)
    uniform = set(fixed[search.nin :])
    if loop is None and len(uniform) == 1 and None not in uniform:
        # dtype= means the type of the outputs, and of everything if there is no such loop.
        (only,) = uniform
        everywhere = [only if entry is None else entry for entry in fixed]
        loop = _first_fit(loops, search, everywhere, min_scalar)
    return loop


def _first_fit(loops, search, fixed, min_scalar):
    for loop in loops:
        if fixed is not None and not _matches(loop, fixed, range(len(fixed))):
            continue
        for index, wanted in enumerate(loop.inputs):
            if fixed is not None and fixed[index] is not None:
                continue
            if not _can_cast_input(search, index, wanted, "safe", min_scalar):
                break
        else:
            return loop
    return None


def _raise_missing(search, fixed):
    if fixed is not None and any(entry is not None for entry in fixed):
        raise TypeError(
            "No loop matching the specified signature and casting was found for ufunc "
            f"{search.name}"
        )
    raise TypeError(
        f"ufunc '{search.name}' not supported for the input types, and the inputs could not "
        "be safely coerced to any supported types according to the casting rule ''safe''"
    )


# Scalars


def _kind_order(kind):
    return _KIND_ORDER.get(kind, _OTHER_KIND)


def _min_scalar_1(search):
    """NumPy 1: scalars count by their values if no array is of a lesser kind than them."""
    scalars = [array.dtype.kind for array in search.arrays if array.ndim == 0]
    arrays = [array.dtype.kind for array in search.arrays if array.ndim != 0]
    if not arrays:
        return False
    return max(map(_kind_order, arrays)) >= max(map(_kind_order, scalars), default=-1)


def _min_scalar_2(search):
    """NumPy 2: Python's scalars are weak if nothing else is of a lesser kind than them."""
    scalars = [_WEAK[weak] for weak in search.weak if weak is not None]
    arrays = [dtype.kind for dtype, weak in zip(search.dtypes, search.weak) if weak is None]
    if not arrays:
        return False
    return max(map(_kind_order, arrays)) >= max(map(_kind_order, scalars), default=-1)


def _use_min_scalar(search):
    return _min_scalar_2(search) if _NUMPY2 else _min_scalar_1(search)


def _force_legacy(search):
    """NumPy 1: whether values of scalars count even if there is a loop for their types."""
    if _NUMPY2:
        return False
    dims = [array.ndim for array in search.arrays]
    return 0 in dims and any(dims) and _min_scalar_1(search)


def _can_cast_input(search, index, wanted, casting, by_value=True):
    """Whether an input can be cast to a type, by its value if that is how NumPy does it."""
    dtype = search.dtypes[index]
    weak = search.weak[index]
    if dtype.kind in "mM" and wanted.kind in "mM" and casting != "unsafe":
        return _key(dtype) == _key(wanted)
    if by_value and weak is not None:
        return _can_cast_weak(weak, wanted, casting)
    if by_value and not _NUMPY2 and search.arrays[index].ndim == 0:
        return np.can_cast(search.arrays[index], wanted, casting)
    return np.can_cast(dtype, wanted, casting)


def _can_cast_weak(weak, wanted, casting):
    """Whether a Python scalar of this type, whatever its value, becomes a type."""
    if wanted.kind == "c":
        return True
    if wanted.kind == "f":
        return weak is not complex or casting == "unsafe"
    if wanted.kind in "iu":
        return weak is int or casting == "unsafe"
    return np.can_cast(_WEAK_DEFAULT[weak], wanted, casting)


def _weak_becomes(weak, wanted):
    """The type that a Python scalar gets for a loop that wants `wanted` of it."""
    kind = wanted.kind
    if kind == "c" or (kind == "f" and weak is not complex) or (kind in "iu" and weak is int):
        return wanted
    if kind == "f":
        return np.result_type(wanted, np.complex64)
    return _WEAK_DEFAULT[weak]


def _settle_weak(loop, search, fixed, casting):
    """Give Python's scalars their types; refuse values that these cannot hold."""
    for index, weak in enumerate(search.weak):
        if weak is None:
            continue
        becomes = loop.inputs[index]
        if _WEAK_BY_COMMON_TYPE and (fixed is None or fixed[index] is None):
            becomes = _weak_becomes(weak, becomes)
        if _WEAK_BY_COMMON_TYPE and casting == "equiv" and becomes != _WEAK_DEFAULT[weak]:
            raise TypeError(
                f"cannot cast Python {weak.__name__} to {becomes} under the casting rule 'equiv'"
            )
        np.array(search.args[index], dtype=becomes)
        search.dtypes[index] = becomes
        search.weak[index] = None


# Signatures


def _fixed_signature(dtype, signature, nin, nout, name):
    """The keys that `dtype` or `signature` prescribe, None for those they leave open."""
    if dtype is not None:
        return [None] * nin + [_signature_key(dtype)] * nout
    if signature is None:
        return None
    if isinstance(signature, tuple):
        return _fixed_by_tuple(signature, nin, nout, name)
    if isinstance(signature, (str, bytes)):
        return _fixed_by_string(signature, nin, nout, name)
    raise TypeError("the signature object to ufunc must be a string or a tuple.")


def _fixed_by_tuple(signature, nin, nout, name):
    if len(signature) == 1 and nin + nout != 1:
        if signature[0] is None:
            raise TypeError("a single item type tuple cannot contain None.")
        return _fixed_by_one(
            signature[0],
            nin,
            nout,
            "The use of a length 1 tuple for the ufunc `signature` is deprecated. "
            "Use `dtype` or  fill thetuple with `None`s.",
        )
    if len(signature) != nin + nout:
        raise ValueError(
            f"a type-tuple must be specified of length {nin + nout} for ufunc '{name}'"
        )
    return [None if entry is None else _signature_key(entry) for entry in signature]


def _fixed_by_string(signature, nin, nout, name):
    if isinstance(signature, bytes):
        signature = signature.decode()
    if len(signature) == 1 and nin + nout != 1:
        return _fixed_by_one(
            signature,
            nin,
            nout,
            "The use of a length 1 string for the ufunc `signature` is deprecated. "
            "Use `dtype` attribute or pass a tuple with `None`s.",
        )
    if len(signature) != nin + nout + 2 or signature[nin : nin + 2] != "->":
        raise ValueError(
            f"a type-string for {name}, {nin} typecode(s) before and {nout} after the -> sign"
        )
    chars = signature[:nin] + signature[nin + 2 :]
    try:
        return [_signature_key(char) for char in chars]
    except TypeError:
        raise ValueError("Invalid data-type for array") from None


def _fixed_by_one(entry, nin, nout, complaint):
    """One type instead of a signature: like `dtype`, until NumPy 2.3 refused it."""
    if NUMPY >= (2, 3):
        raise TypeError("Use `dtype` or  fill the tuple with more than one 'None'.")
    warn(complaint, DeprecationWarning)
    return [None] * nin + [_signature_key(entry)] * nout


def _signature_key(entry):
    """The key of a type that the user prescribed."""
    if isinstance(entry, type) and issubclass(entry, np.dtype):
        entry = entry.type
    dtype = np.dtype(entry)
    if not dtype.isnative:
        raise TypeError(
            "The `dtype` and `signature` arguments to ufuncs only select the general DType "
            "and not details such as the byte order or time unit. You can avoid this error by "
            "using the scalar types `np.float64` or the dtype string notation."
        )
    if dtype.kind in "mM" and np.datetime_data(dtype)[0] == "generic":
        return dtype.kind
    return _key(dtype)


# Casts


def _check_casting(casting):
    if casting not in _CASTINGS:
        np.can_cast(np.int8, np.int8, casting)  # Raises NumPy's own complaint.
        raise ValueError(f"casting {casting!r} is not supported")


def _check_casts(loop, search, casting):
    """Refuse operands that the rule does not let become the loop's types, or the reverse."""
    if casting == "unsafe":
        return
    for index, wanted in enumerate(loop.inputs):
        if not _can_cast_input(search, index, wanted, casting):
            raise _UFuncInputCastingError(
                search.ufunc, casting, search.dtypes[index], wanted, index
            )
    for index, (made, out) in enumerate(zip(loop.outputs, search.outs)):
        if out is not None and not np.can_cast(made, out.dtype, casting):
            raise _UFuncOutputCastingError(
                search.ufunc, casting, made, out.dtype, search.nin + index
            )
