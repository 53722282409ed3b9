# SPDX-License-Identifier: Apache-2.0
"""Operands of calls and of reductions: shapes, memory of results, overlap.

Broadcasting and the layout of new arrays are left to `numpy.nditer`, which is what NumPy's
ufuncs use, so that both, and what is said of operands that do not fit, are NumPy's own.
"""

import operator

import numpy as np

from ._address import address_of
from ._arguments import NUMPY
from ._warn import warn

try:
    from numpy.lib.array_utils import normalize_axis_index
except ImportError:
    from numpy.core.multiarray import normalize_axis_index

try:
    from numpy.exceptions import TooHardError
except ImportError:
    from numpy import TooHardError

__all__ = [
    "Reduction",
    "accumulation",
    "broadcast",
    "check_options",
    "input_arrays",
    "must_copy",
    "outer_inputs",
    "output_arrays",
    "refuse_at",
    "refuse_reduceat",
    "temporaries",
    "where_array",
]

MAX_DIMS = 64 if NUMPY >= (2, 0) else 32
# Steps that finding out whether two arrays share an element may take, about 10 us.
MAX_WORK = 100
_ITERATOR_FLAGS = ["multi_index", "zerosize_ok", "refs_ok"]
_INPUT = ["readonly"]
_OUTPUT = ["writeonly", "allocate", "no_broadcast", "no_subtype"]
_CHECKS_REDUCTION_OUTPUT_FIRST = NUMPY >= (2, 3)


def _call(function, *args, **kwargs):
    return function(*args, **kwargs)


# Operands of calls


def input_arrays(inputs):
    """Inputs as arrays; instances of subclasses stay what they are."""
    return [entry if isinstance(entry, np.ndarray) else np.asarray(entry) for entry in inputs]


def output_arrays(out, nout):
    """What was given as `out`, one entry for each output, all of which can be written.

    Parameters
    ----------
    out : tuple, None or Ellipsis
        From `bind`.
    nout : int
        How many outputs there are.

    Returns
    -------
    list of ndarray or None
    """
    if out is None or out is Ellipsis:
        return [None] * nout
    for entry in out:
        if entry is None:
            continue
        if not isinstance(entry, np.ndarray):
            if entry is Ellipsis and NUMPY >= (2, 3):
                raise TypeError("must use `...` as `out=...` and not per-operand/in a tuple")
            raise TypeError("return arrays must be of ArrayType")
        if not entry.flags.writeable:
            raise ValueError("output array is read-only")
    return list(out)


def where_array(where):
    """`where` as an array of booleans; None if it is True."""
    if where is True:
        return None
    if isinstance(where, np.ndarray):
        return where.astype(bool, casting="safe", copy=False)
    return np.asarray(where, dtype=bool)


def check_options(options, out=None):
    """Refuse options that are none, and say if results will have elements nobody wrote.

    NumPy looks at `out` and `where` before: `output_arrays` and `where_array`.

    Parameters
    ----------
    options : dict
        From `bind`.
    out : tuple, None or Ellipsis
        From `bind`.
    """
    if type(options.get("subok", True)) is not bool:
        raise TypeError("'subok' must be a boolean")
    where = options.get("where", True)
    if where is not True and out is None and NUMPY >= (2, 4):
        warn(
            "'where' used without 'out', expect unitialized memory in output. "
            "If this is intentional, use out=None.",
            UserWarning,
        )


def broadcast(arrays, outs, where, dtypes, *, order="K", allocate=_call):
    """Broadcast the operands of a call together, and allocate results as NumPy would.

    Parameters
    ----------
    arrays : sequence of ndarray
        The inputs.
    outs : sequence of ndarray or None
        What was given for each output.
    where : ndarray of bool or None
        Which elements are wanted.
    dtypes : sequence of dtype
        The type of each output that is to be allocated.
    order : str or None
        Layout of new arrays: "C", "F", "A" or "K".
    allocate : callable
        ``allocate(function, *args)`` calls the function that allocates.

    Returns
    -------
    shape : tuple
        Of all operands, once they are broadcast.
    outputs : list of ndarray
        `outs`, with new arrays for None.

    Raises
    ------
    ValueError
        With NumPy's texts, if the operands' shapes do not fit.
    """
    operands = [*arrays, *outs]
    flags = [_INPUT] * len(arrays) + [_OUTPUT] * len(outs)
    kinds = [None] * len(arrays)
    kinds += [dtype if out is None else None for dtype, out in zip(dtypes, outs)]
    if where is not None:
        operands.append(where)
        flags.append(_INPUT)
        kinds.append(None)
    iterator = allocate(
        np.nditer, operands, _ITERATOR_FLAGS, flags, kinds, order, "unsafe"
    )
    made = iterator.operands[len(arrays) :]
    outputs = [new if out is None else out for new, out in zip(made, outs)]
    # The iterator does not tell its shape if it has no elements; outputs have it, too.
    return outputs[0].shape, outputs


def outer_inputs(name, inputs):
    """The inputs of `outer`, with dimensions added to the first so that they broadcast."""
    first, second = (_no_matrix(name, entry, at) for at, entry in enumerate(inputs))
    ndim = first.ndim + second.ndim
    if ndim > MAX_DIMS:
        raise ValueError(
            f"maximum supported dimension for an ndarray is {MAX_DIMS}, but "
            f"`{name}.outer()` result would have {ndim}."
        )
    return first.reshape(first.shape + (1,) * second.ndim), second


def _no_matrix(name, entry, position):
    """An input as an array; matrices, which always have two dimensions, are refused."""
    if isinstance(entry, np.matrix):
        which = ("first", "second")[position]
        raise TypeError(
            f"{name}.outer() was passed a numpy matrix as {which} argument. Special handling "
            "of matrix is removed. Convert to a ndarray via 'matrix.A' "
        )
    return entry if isinstance(entry, np.ndarray) else np.asarray(entry)


# Overlap


def _places(array):
    """Lengths and strides of what has more than one element."""
    return [pair for pair in zip(array.shape, array.strides) if pair[0] != 1]


def overlaps_itself(array):
    """Whether two elements of an array may be in the same place."""
    if array.flags.forc:
        return False  # Nor has an array without elements two of them.
    reach = array.itemsize
    for length, stride in sorted(_places(array), key=lambda pair: abs(pair[1])):
        if abs(stride) < reach:
            return True
        reach += abs(stride) * (length - 1)
    return False


def shares_memory(one, other, max_work=MAX_WORK):
    """Whether two arrays may share an element; True if that takes too long to find out."""
    if not np.may_share_memory(one, other):
        return False
    try:
        return np.shares_memory(one, other, max_work=max_work)
    except TooHardError:
        return True


def must_copy(out, array, max_work=MAX_WORK):
    """Whether writing to an output changes an input before all of it was read.

    Parameters
    ----------
    out, array : ndarray
        An output, and an input that can be broadcast to its shape.
    max_work : int
        As for `numpy.shares_memory`.

    Returns
    -------
    bool
        False if they share no memory, or if each element of the one is the element of the
        other that it is computed from.
    """
    if not np.may_share_memory(out, array):
        return False
    if (
        out.dtype == array.dtype
        and (out is array or (address_of(out) == address_of(array) and _places(out) == _places(array)))
        and not overlaps_itself(out)
    ):
        return False
    return shares_memory(out, array, max_work)


def temporaries(arrays, outs, where=None, max_work=MAX_WORK):
    """Which outputs have to be computed elsewhere, and copied to their places afterwards.

    Parameters
    ----------
    arrays : sequence of ndarray
        The inputs.
    outs : sequence of ndarray or None
        The outputs, with None for what nothing else knows of.
    where : ndarray of bool or None
        Which elements are wanted.

    Returns
    -------
    list of int
        The outputs' numbers, in the order in which they are to be copied back. With `where`,
        a temporary array has to start with what the output has.

    Notes
    -----
    NumPy does the same, but not for outputs that overlap each other or themselves: their
    elements are written one after the other there, and by many threads at once here.
    """
    found = []
    for index, out in enumerate(outs):
        if out is None:
            continue
        before = [other for other in outs[:index] if other is not None]
        if (
            any(must_copy(out, array, max_work) for array in arrays)
            or (where is not None and shares_memory(out, where, max_work))
            or any(shares_memory(out, other, max_work) for other in before)
            or overlaps_itself(out)
        ):
            found.append(index)
    return found


# Reductions


class Reduction:
    """The operands of a call of `reduce`.

    Parameters
    ----------
    name : str
        The kernel's name.
    given : object
        What is to be reduced.
    out : tuple, None or Ellipsis
        From `bind`.
    options : dict
        From `bind`: axis, keepdims, initial and where; dtype is not looked at.
    identity : object
        What reductions start with, None if there is no such thing.
    reorderable : bool
        Whether more than one axis may be reduced; so it is if there is an identity.

    Attributes
    ----------
    array : ndarray
        What is reduced.
    axes : tuple of int
        Along which axes, without repetitions, from 0.
    keepdims : bool
        Whether these axes stay, with one element.
    where : ndarray of bool or None
        Which elements take part.
    initial : object
        What elements are combined with; None for the first of them.
    out : ndarray or None
        Where the result is to be written.
    """

    __slots__ = ("name", "array", "axes", "keepdims", "where", "initial", "out")

    def __init__(self, name, given, out, options, *, identity=None, reorderable=False):
        self.name = name
        self.out = _reduction_output(out)
        self.keepdims = _keepdims(options.get("keepdims", False))
        self.where = where_array(options.get("where", True))
        self.array = given if isinstance(given, np.ndarray) else np.asarray(given)
        self.axes = _axes(options, self.array.ndim)
        if len(set(self.axes)) != len(self.axes):
            raise ValueError("duplicate value in 'axis'")
        initial = options.get("initial", np._NoValue)
        self.initial = identity if initial is np._NoValue else initial
        if len(self.axes) > 1 and identity is None and not reorderable:
            raise ValueError(
                f"reduction operation '{name}' is not reorderable, so at most one axis may be "
                "specified"
            )
        if NUMPY < (1, 25):
            self._check_where()

    def _check_where(self):
        if self.where is not None and self.initial is None:
            raise ValueError(
                f"reduction operation '{self.name}' does not have an identity, so to use a "
                "where mask one has to specify 'initial'"
            )

    def result(self, dtype, allocate=_call):
        """What the result is written to.

        Parameters
        ----------
        dtype : dtype
            Its type, if it was not given.
        allocate : callable
            ``allocate(function, *args)`` calls the function that allocates.

        Returns
        -------
        result : ndarray
            `out`, or a new array with NumPy's layout, of the result's shape.
        spread : ndarray
            The same memory with as many dimensions as `array`: those that are reduced have
            one element.

        Raises
        ------
        ValueError
            With NumPy's texts, if shapes do not fit or if there is nothing to reduce.
        """
        axes = self._result_axes()
        if self.out is not None:
            self._check_out()
        operands = [self.out, self.array]
        flags = [["readwrite", "allocate", "no_subtype"], ["readonly", "no_broadcast"]]
        kinds = [dtype if self.out is None else None, None]
        places = [axes, None]
        if self.where is not None:
            operands.append(self.where)
            flags.append(_INPUT)
            kinds.append(None)
            places.append(None)
        iterator = allocate(
            np.nditer, operands, [*_ITERATOR_FLAGS, "reduce_ok"], flags, kinds, "K", "unsafe", places
        )
        if self.out is not None:
            self._check_lengths(axes)
        self._check_start()
        if self.where is not None:
            self.where = np.broadcast_to(self.where, self.array.shape)
        made = iterator.operands[0] if self.out is None else self.out
        if self.keepdims and self.out is None:
            made = np.expand_dims(made, self.axes)
        plain = made.view(np.ndarray)
        return made, plain if self.keepdims else np.expand_dims(plain, self.axes)

    def _result_axes(self):
        """For each axis of the array the one of the result, or -1."""
        axes = []
        count = 0
        for axis in range(self.array.ndim):
            if axis not in self.axes:
                axes.append(count)
                count += 1
            elif self.keepdims and self.out is not None:
                axes.append(count)
                count += 1
            else:
                axes.append(-1)
        return axes

    def _check_out(self):
        expected = self.array.ndim - (0 if self.keepdims else len(self.axes))
        if self.out.ndim != expected:
            more = " (must match the operand's when keepdims=True)" if self.keepdims else ""
            raise ValueError(
                f"output parameter for reduction operation {self.name} has the wrong number of "
                f"dimensions: Found {self.out.ndim} but expected {expected}{more}"
            )

    def _check_lengths(self, axes):
        """Refuse an `out` of which one element would have to hold many results."""
        for axis in sorted(self.axes):
            if self.keepdims and self.out.shape[axis] != 1:
                raise ValueError(
                    f"operand was set up as a reduction along axis {axis}, but the length of "
                    f"the axis is {self.out.shape[axis]} (it has to be 1)"
                )
        for axis in reversed(range(self.array.ndim)):
            is_kept = axis not in self.axes
            if is_kept and self.out.shape[axes[axis]] == 1 and self.array.shape[axis] != 1:
                raise ValueError(
                    f"output operand requires a reduction along dimension {axes[axis]}, but "
                    "the reduction is not enabled. The dimension size of 1 does not match the "
                    "expected output shape."
                )

    def _check_start(self):
        """Refuse a reduction that has nothing to start with."""
        self._check_where()
        if self.initial is None and any(self.array.shape[axis] == 0 for axis in self.axes):
            raise ValueError(
                f"zero-size array to reduction operation {self.name} which has no identity"
            )


def _reduction_output(out):
    """The array that was given as a reduction's or an accumulation's `out`."""
    if out is None or out is Ellipsis:
        return None
    if _CHECKS_REDUCTION_OUTPUT_FIRST:
        return output_arrays(out, 1)[0]
    if not isinstance(out[0], np.ndarray):
        raise TypeError("output must be an array")
    return out[0]


def _keepdims(keepdims):
    if type(keepdims) is bool:
        return keepdims
    if isinstance(keepdims, float):
        raise TypeError("integer argument expected, got float")
    return bool(operator.index(keepdims))


def _axes(options, ndim):
    """The axes of an option, from 0; numbers without dimensions have an axis 0 that is none."""
    axis = options.get("axis", 0)
    if axis is None:
        return tuple(range(ndim))
    if isinstance(axis, tuple):
        if len(axis) > MAX_DIMS:
            raise ValueError("too many values for 'axis'")
        return tuple(_axis(entry, ndim) for entry in axis)
    if ndim == 0 and type(axis) is not bool and operator.index(axis) in (0, -1):
        return ()
    return (_axis(axis, ndim),)


def _axis(axis, ndim):
    if isinstance(axis, (bool, np.bool_)):
        raise TypeError("an integer is required")
    return normalize_axis_index(operator.index(axis), ndim)


def accumulation(given, out, options):
    """The operands of a call of `accumulate`.

    Parameters
    ----------
    given : object
        What is to be accumulated.
    out : tuple, None or Ellipsis
        From `bind`.
    options : dict
        From `bind`: axis; dtype is not looked at.

    Returns
    -------
    array : ndarray
    axis : int
        From 0.
    out : ndarray or None

    Raises
    ------
    TypeError, ValueError
        With NumPy's texts. NumPy repeats an axis of one element if `out` is longer; that
        is refused.
    """
    out = _reduction_output(out)
    array = given if isinstance(given, np.ndarray) else np.asarray(given)
    axes = _axes(options, array.ndim)
    if array.ndim == 0:
        raise TypeError("cannot accumulate on a scalar")
    if len(axes) != 1:
        raise ValueError("accumulate does not allow multiple axes")
    if out is not None and out.shape != array.shape:
        raise ValueError("provided out is the wrong size for the accumulation.")
    if out is not None and not out.flags.writeable:
        raise ValueError("output array is read-only")
    return array, axes[0], out


def empty_like(array, dtype, allocate=_call):
    """A new array of the same shape, with the layout that NumPy's accumulations give theirs."""
    flags = [["writeonly", "allocate", "no_subtype"], _INPUT]
    iterator = allocate(
        np.nditer, [None, array], _ITERATOR_FLAGS, flags, [dtype, None], "K", "unsafe"
    )
    return iterator.operands[0]


def refuse_at(name):
    """`at` is not there; the error says what is."""
    raise NotImplementedError(
        f"{name}.at() is not supported: elements that are named more than once would have to "
        f"wait for each other. Without such elements, a[indices] = {name}(a[indices], b) does "
        "the same; numpy.bincount() adds up elements that are"
    )


def refuse_reduceat(name):
    """`reduceat` is not there; the error says what is."""
    raise NotImplementedError(
        f"{name}.reduceat() is not supported; use {name}.reduce() on each slice, or on an axis "
        "of its own if all slices have the same length"
    )
