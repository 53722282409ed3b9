# SPDX-License-Identifier: Apache-2.0
"""Other people's arrays: __array_ufunc__ before a call, __array_wrap__ after it.

Both protocols are NumPy's (NEP 13). What differs between NumPy 1 and NumPy 2 (which arguments
are asked, how wrapping is called) follows the NumPy that is installed.
"""

import numpy as np

from ._arguments import NUMPY, bind
from ._warn import warn

__all__ = ["find_override", "prepare_outputs", "wrap_outputs", "wrap_reduced"]

_BASE_ARRAY_UFUNC = np.ndarray.__array_ufunc__
_WHERE_OVERRIDES = NUMPY >= (1, 25)
_NUMPY2 = NUMPY >= (2, 0)

# Types that are known not to override: nothing more is asked of their objects, and this
# is all that a call with arrays and scalars costs.
_PLAIN = frozenset(
    [np.ndarray, bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset]
    + [slice, type(None), type(Ellipsis), type(NotImplemented)]
    + [np.dtype(char).type for char in np.typecodes["All"]]
)
_SCALARS = (np.generic, bool, int, float, complex, str, bytes)


def find_override(ufunc, method, inputs, kwargs):
    """Let an argument's type do the call, if one of them wants to.

    Parameters
    ----------
    ufunc : object
        Has ``__name__``, ``nin`` and ``nout``; it is what ``__array_ufunc__`` gets.
    method : str
        ``"__call__"`` or the name of the method that was called.
    inputs : tuple
        All that was given by position, outputs and options included.
    kwargs : dict
        All that was given by name.

    Returns
    -------
    object
        What the override returned; NotImplemented if there is none.

    Raises
    ------
    TypeError
        If all overrides returned NotImplemented, if an argument refuses ufuncs, or if
        there is an override and the call is wrong.

    Notes
    -----
    In one thing this is not like NumPy: ``f.reduce(array=x)`` gives ``x`` to the override
    once, by position; NumPy gives it by name, too, so that it cannot be passed on.
    """
    for entry in inputs:
        if type(entry) not in _PLAIN:
            return _dispatch(ufunc, method, inputs, kwargs)
    for entry in kwargs.values():
        if type(entry) not in _PLAIN or type(entry) is tuple:
            return _dispatch(ufunc, method, inputs, kwargs)
    return NotImplemented


def _override_of(obj):
    """The type's own `__array_ufunc__`; the base class's if it has none."""
    cls = type(obj)
    if cls in _PLAIN:
        return _BASE_ARRAY_UFUNC
    return getattr(cls, "__array_ufunc__", _BASE_ARRAY_UFUNC)


def _may_override(entry):
    if type(entry) is tuple:
        return any(_override_of(inner) is not _BASE_ARRAY_UFUNC for inner in entry)
    return _override_of(entry) is not _BASE_ARRAY_UFUNC


def _dispatch(ufunc, method, args, kwargs):
    """As `find_override`, once there is an argument of a type that is not known."""
    if not any(_may_override(entry) for entry in (*args, *kwargs.values())):
        return NotImplemented
    inputs, out, options = bind(ufunc, method, args, kwargs)
    outputs = out if type(out) is tuple else ()
    overrides = _overrides([*inputs, *outputs], options.get("where"))
    if not overrides:
        return NotImplemented
    if outputs:
        options["out"] = outputs
    if method == "__call__" and len(overrides) == 1:
        overrides = [(obj, _call_of_dask(obj, function)) for obj, function in overrides]
    for obj, function in _in_order(overrides):
        result = function(obj, ufunc, method, *inputs, **options)
        if result is not NotImplemented:
            return result
    raise TypeError(_refusal(ufunc, method, inputs, options))


def _call_of_dask(obj, function):
    """What does a call: `function`, but lanes knows more of its kernels than Dask can."""
    if type(obj).__module__ != "dask.array.core":
        return function
    from ._dask_array import call

    return call


def _overrides(operands, where):
    """The first operand of each type that overrides, with its function."""
    if _WHERE_OVERRIDES:
        operands.append(where)
    found = []
    types = set()
    for obj in operands:
        function = _override_of(obj)
        if function is _BASE_ARRAY_UFUNC or type(obj) in types:
            continue
        if function is None:
            raise TypeError(
                f"operand '{type(obj).__name__}' does not support ufuncs "
                "(__array_ufunc__=None)"
            )
        types.add(type(obj))
        found.append((obj, function))
    return found


def _in_order(overrides):
    """From left to right, but subclasses before their superclasses."""
    waiting = list(overrides)
    while waiting:
        for index, (obj, _) in enumerate(waiting):
            later = waiting[index + 1 :]
            if not any(isinstance(other, type(obj)) for other, _ in later):
                break
        yield waiting.pop(index)


def _refusal(ufunc, method, inputs, options):
    """The text for a call that nobody wanted to do."""
    shown = [repr(entry) for entry in inputs]
    shown += [f"{name}={value!r}" for name, value in options.items()]
    types = ", ".join(repr(type(entry).__name__) for entry in inputs + options.get("out", ()))
    return (
        "operand type(s) all returned NotImplemented from "
        f"__array_ufunc__({ufunc!r}, {method!r}, {', '.join(shown)}): {types}"
    )


def prepare_outputs(ufunc, arrays, inputs, out, subok=True):
    """Call `__array_prepare__` on what will be written to, where NumPy has it (before 2.0).

    Parameters
    ----------
    ufunc : object
        What is called.
    arrays : sequence of ndarray
        What results will be written to: those of `out`, and new ones where `out` has none.
    inputs : tuple
        As the user gave them.
    out : tuple or None
        As the user gave them, from `bind`.
    subok : bool
        Whether results may be instances of subclasses.

    Returns
    -------
    list of ndarray
        The same arrays, or other ones that are equal to them in all but their type.
    """
    arrays = list(arrays)
    if _NUMPY2 or not subok:
        return arrays
    chosen = _method_of_inputs(inputs, "__array_prepare__")
    # Those that were given come first, as in NumPy.
    order = sorted(range(len(arrays)), key=lambda index: out is None or out[index] is None)
    for index in order:
        prepare = _method_of_output(out, index, "__array_prepare__", chosen)
        if prepare is not None:
            context = (ufunc, _context_arguments(inputs, out), index)
            arrays[index] = _checked_prepare(arrays[index], prepare(arrays[index], context))
    return arrays


def _checked_prepare(array, prepared):
    if not isinstance(prepared, np.ndarray):
        raise TypeError("__array_prepare__ must return an ndarray or subclass thereof")
    if prepared is not array and (
        prepared.shape != array.shape
        or prepared.strides != array.strides
        or prepared.dtype != array.dtype
    ):
        raise TypeError(
            "__array_prepare__ must return an ndarray or subclass thereof which is "
            "otherwise identical to its input"
        )
    return prepared


def wrap_outputs(ufunc, results, inputs, out, subok=True, arrays=False):
    """Turn the arrays that were computed into what the user gets.

    Parameters
    ----------
    ufunc : object
        What was called. Overrides get it in their context.
    results : sequence of ndarray
        One for each output: the arrays of `out`, and new ones where `out` has none.
    inputs : tuple
        As the user gave them, not converted.
    out : tuple or None
        As the user gave them, from `bind`.
    subok : bool
        Whether inputs determine the results' types.
    arrays : bool
        Whether results without dimensions stay arrays (``out=...`` of NumPy 2.3).

    Returns
    -------
    object or tuple
        One object, or a tuple of `nout` if that is not 1. Results without dimensions are
        scalars unless they were given as `out`.
    """
    if _NUMPY2:
        wrapped = _wrap_all_2(ufunc, results, inputs, out, subok, arrays)
    else:
        wrapped = _wrap_all_1(ufunc, results, inputs, out, subok)
    return wrapped[0] if len(wrapped) == 1 else tuple(wrapped)


def wrap_reduced(result, array, out, arrays=False):
    """Turn the array that a reduction computed into what the user gets.

    Parameters
    ----------
    result : ndarray
        `out`'s array, or a new one.
    array : object
        What was reduced, as the user gave it.
    out : ndarray or None
        Where the result had to be written.
    arrays : bool
        As for `wrap_outputs`.
    """
    if _NUMPY2:
        if out is not None and type(result) is type(out):
            return result
        scalar = result.ndim == 0 and not arrays
        return _wrap_2(result, out, _wrap_of_inputs_2((array,)), None, scalar)
    if out is not None:
        return result
    wrap = None
    if type(array) is not type(result):
        wrap = _callable_attribute(array, "__array_wrap__")
    return _scalar_or_array(result) if wrap is None else _call_wrap_1(wrap, result, None)


def _context_arguments(inputs, out):
    return inputs if out is None else inputs + out


def _scalar_or_array(array):
    return array[()] if array.ndim == 0 else array


def _callable_attribute(obj, name):
    """The attribute of the object; None if it has none that can be called."""
    try:
        attribute = getattr(obj, name)
    except Exception:  # NumPy ignores whatever is raised here.
        return None
    return attribute if callable(attribute) else None


def _priority(obj, default=0.0):
    if type(obj) is np.ndarray:
        return 0.0
    try:
        return float(getattr(obj, "__array_priority__", default))
    except Exception:  # NumPy ignores whatever is raised here.
        return default


# NumPy 1


def _method_of_inputs(inputs, name):
    """The method of the input with the highest priority, of the first one if many have it."""
    best = None
    highest = None
    for obj in inputs:
        if type(obj) is np.ndarray or isinstance(obj, _SCALARS):
            continue
        method = _callable_attribute(obj, name)
        if method is None:
            continue
        priority = _priority(obj)
        if best is None or priority > highest:
            best, highest = method, priority
    return best


def _method_of_output(out, index, name, chosen):
    """The output's own method, or else the inputs'; None for a plain array."""
    given = None if out is None else out[index]
    if given is None:
        return chosen
    if type(given) is np.ndarray:
        return None
    return _callable_attribute(given, name) or chosen


def _wrap_all_1(ufunc, results, inputs, out, subok):
    chosen = _method_of_inputs(inputs, "__array_wrap__") if subok else None
    wrapped = []
    for index, result in enumerate(results):
        given = None if out is None else out[index]
        wrap = _method_of_output(out, index, "__array_wrap__", chosen)
        if type(given) is np.ndarray:
            wrapped.append(result)
        elif wrap is None:
            wrapped.append(_scalar_or_array(result))
        else:
            context = (ufunc, _context_arguments(inputs, out), index)
            wrapped.append(_call_wrap_1(wrap, result, context))
    return wrapped


def _call_wrap_1(wrap, result, context):
    """With a context, and without one if that is what the method does not take."""
    try:
        return wrap(result, context)
    except TypeError:
        pass
    return wrap(result)


# NumPy 2


def _wrap_of_inputs_2(inputs):
    """The wrapping of the input with the highest priority.

    Plain arrays and scalars take part with their own priorities; None if one of them wins.
    """
    wrap = None
    decided = False
    highest = float("-inf")
    for obj in inputs:
        if type(obj) is np.ndarray or isinstance(obj, _SCALARS):
            priority = 0.0 if type(obj) is np.ndarray else -1000000.0
            if highest < priority:
                wrap, decided, highest = None, True, priority
            continue
        method = getattr(obj, "__array_wrap__", None)
        if method is None:
            continue
        priority = _priority(obj)
        if not decided or highest < priority or (priority == 0.0 and wrap is None):
            wrap, decided, highest = method, True, priority
    return wrap


def _wrap_all_2(ufunc, results, inputs, out, subok, arrays):
    wrap = _wrap_of_inputs_2(inputs) if subok else None
    wrapped = []
    for index, result in enumerate(results):
        given = None if out is None else out[index]
        context = (ufunc, _context_arguments(inputs, out), index)
        scalar = result.ndim == 0 and not arrays
        wrapped.append(_wrap_2(result, given, wrap, context, scalar))
    return wrapped


def _wrap_2(result, given, wrap, context, scalar):
    if given is not None:
        scalar = False
        if type(given) is np.ndarray:
            return result
        wrap = getattr(given, "__array_wrap__", wrap)
    if wrap is None:
        return _scalar_or_array(result) if scalar else result
    return _call_wrap_2(wrap, result, context, scalar)


def _call_wrap_2(wrap, result, context, scalar):
    """With all three arguments; with fewer, and a warning, if the method does not take them."""
    try:
        return wrap(result, context, scalar)
    except TypeError as error:
        refused = error
    wrapped, refused = _call_old_wrap(wrap, result, context, refused)
    try:
        warn(
            "__array_wrap__ must accept context and return_scalar arguments "
            "(positionally) in the future. (Deprecated NumPy 2.0)",
            DeprecationWarning,
        )
    except DeprecationWarning as warning:
        raise warning from refused
    return wrapped


def _call_old_wrap(wrap, result, context, refused):
    """What a method of NumPy 1 returns, and the last complaint about its arguments."""
    if context is not None:
        try:
            return wrap(result, context), refused
        except TypeError as error:
            refused = error
    return wrap(result), refused
