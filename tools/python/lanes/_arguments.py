# SPDX-License-Identifier: Apache-2.0
"""Which argument is which: calls of kernels and of their methods, bound as NumPy binds them."""

import numpy as np

__all__ = ["NUMPY", "bind", "normal_out"]

NUMPY = tuple(int(part) for part in np.__version__.split(".")[:2])

_CALL_KEYWORDS = frozenset(
    ("out", "where", "casting", "order", "subok", "dtype", "signature", "sig")
)

# What each method takes by position or by name, and how many of these are inputs, which
# __array_ufunc__ gets by position; how many must be given.
_METHODS = {
    "reduce": (("array", "axis", "dtype", "out", "keepdims", "initial", "where"), 1, 1),
    "accumulate": (("array", "axis", "dtype", "out"), 1, 1),
    "reduceat": (("array", "indices", "axis", "dtype", "out"), 2, 2),
}

_ELLIPSIS = NUMPY >= (2, 3)


def normal_out(out, nout):
    """`out` as NumPy normalises it.

    Parameters
    ----------
    out : object
        What was given as ``out=``.
    nout : int
        How many outputs there are.

    Returns
    -------
    tuple or None
        One entry for each output; None if none was given.
    """
    if type(out) is tuple:
        if len(out) != nout:
            raise ValueError("The 'out' tuple must have exactly one entry per ufunc output")
        for entry in out:
            if entry is not None:
                return out
        return None
    if nout == 1:
        return None if out is None else (out,)
    raise TypeError("'out' must be a tuple of arrays")


def bind(ufunc, method, args, kwargs):
    """Tell inputs, outputs and options of a call apart.

    Parameters
    ----------
    ufunc : object
        Has ``__name__``, ``nin`` and ``nout``.
    method : str
        ``"__call__"``, ``"outer"``, ``"reduce"``, ``"accumulate"``, ``"reduceat"`` or ``"at"``.
    args, kwargs : tuple, dict
        As the user gave them. They are not changed.

    Returns
    -------
    inputs : tuple
    out : tuple, None or Ellipsis
        One entry for each output, some may be None; Ellipsis asks for arrays where
        NumPy 2.3 and newer would otherwise return scalars.
    options : dict
        Everything else that was given, by name; ``sig`` is called ``signature``.

    Raises
    ------
    TypeError, ValueError
        With NumPy's texts.
    """
    if method == "at":
        return _bind_at(ufunc, args, kwargs)
    if method in _METHODS:
        _require_binary(ufunc, method)
        return _bind_method(method, args, kwargs)
    if method == "outer":
        if ufunc.nin != 2:
            raise ValueError("outer product only supported for binary functions")
        if len(args) != 2:
            raise TypeError("exactly two arguments expected")
    return _bind_call(ufunc, args, kwargs)


def _require_binary(ufunc, method):
    if ufunc.nin != 2:
        raise ValueError(f"{method} only supported for binary functions")
    if ufunc.nout != 1:
        raise ValueError(f"{method} only supported for functions returning a single value")


def _bind_call(ufunc, args, kwargs):
    name, nin, nout = ufunc.__name__, ufunc.nin, ufunc.nout
    count = len(args)
    if not nin <= count <= nin + nout:
        raise TypeError(
            f"{name}() takes from {nin} to {nin + nout} positional arguments but "
            f"{count} {'was' if count == 1 and NUMPY >= (2, 4) else 'were'} given"
        )
    out = _positional_out(args[nin:], nout) if count > nin else None
    if not kwargs:
        return args[:nin], out, {}
    for keyword in kwargs:
        if keyword not in _CALL_KEYWORDS:
            raise TypeError(f"{name}() got an unexpected keyword argument '{keyword}'")
    options = dict(kwargs)
    if "out" in options:
        if count > nin:
            raise TypeError("cannot specify 'out' as both a positional and keyword argument")
        out = _keyword_out(options.pop("out"), nout)
    _one_signature(options)
    return args[:nin], out, options


def _positional_out(given, nout):
    """One entry for each output; None if all that were given are None."""
    if _ELLIPSIS and any(entry is Ellipsis for entry in given):
        raise TypeError("out=... is only allowed as a keyword argument.")
    if all(entry is None for entry in given):
        return None
    return tuple(given) + (None,) * (nout - len(given))


def _keyword_out(given, nout):
    if given is Ellipsis and _ELLIPSIS:
        return Ellipsis
    return normal_out(given, nout)


def _one_signature(options):
    """Let `sig` be `signature`, and refuse two that could contradict each other."""
    if "sig" in options:
        if "signature" in options:
            raise TypeError("cannot specify both 'sig' and 'signature'")
        options["signature"] = options.pop("sig")
    if "signature" in options and "dtype" in options:
        raise TypeError("cannot specify both 'signature' and 'dtype'")


def _bind_method(method, args, kwargs):
    names, nin, required = _METHODS[method]
    given = _bind_names(method, names, required, args, kwargs)
    inputs = tuple(given.pop(name) for name in names[:nin])
    out = None
    if "out" in given:
        entry = given.pop("out")
        if len(args) <= names.index("out"):
            out = _keyword_out(entry, 1)
        elif entry is Ellipsis and _ELLIPSIS:
            raise TypeError("out=... is only allowed as a keyword argument.")
        elif entry is not None:
            out = (entry,)
    if given.get("initial") is np._NoValue and "initial" in given:
        if len(args) > names.index("initial"):
            del given["initial"]
    return inputs, out, given


def _bind_names(method, names, required, args, kwargs):
    """What was given by name or by position, by name."""
    count = len(args)
    if count > len(names):
        raise TypeError(
            f"{method}() takes from {required} to {len(names)} positional arguments but "
            f"{count} were given"
        )
    given = dict(zip(names, args))
    for keyword, value in kwargs.items():
        if keyword not in names:
            raise TypeError(f"{method}() got an unexpected keyword argument '{keyword}'")
        if keyword in given:
            raise TypeError(
                f"argument for {method}() given by name ('{keyword}') and position "
                f"(position {names.index(keyword)})"
            )
        given[keyword] = value
    for position, name in enumerate(names[:required]):
        if name not in given:
            raise TypeError(f"{method}() missing required argument '{name}' (pos {position})")
    return given


def _bind_at(ufunc, args, kwargs):
    """`at` takes nothing by name, and its arguments are all inputs."""
    if kwargs:
        raise TypeError("at() takes no keyword arguments")
    if ufunc.nin > 2:
        raise ValueError("Only unary and binary ufuncs supported at this time")
    if ufunc.nout != 1:
        raise ValueError("Only single output ufuncs supported at this time")
    if len(args) < 2:
        raise TypeError(f"at() takes at least 2 arguments ({len(args)} given)")
    if len(args) > 3:
        raise TypeError(f"at() takes at most 3 arguments ({len(args)} given)")
    if ufunc.nin == 2 and len(args) == 2:
        raise ValueError("second operand needed for ufunc")
    if ufunc.nin == 1 and len(args) == 3 and NUMPY >= (1, 25):
        raise ValueError("second operand provided when ufunc is unary")
    return args, None, {}
