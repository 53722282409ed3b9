# SPDX-License-Identifier: Apache-2.0
"""How callbacks.py declares a callback: its signature, its inputs, what comes of it.

Needs NumPy only, so that a test can read the declarations without Numba.
"""
import dataclasses
import typing

import numpy as np

CALLBACKS = {}  # name -> Callback, in the order of callbacks.py


@dataclasses.dataclass(frozen=True)
class Rows:
    """A pointer argument: element i is given the address of row i of a 2-d array."""

    values: np.ndarray


@dataclasses.dataclass(frozen=True)
class OutRows:
    """A pointer argument that the callback fills: `length` items for each element."""

    length: int
    dtype: str


@dataclasses.dataclass(frozen=True)
class RowLength:
    """An integer argument that is the length of the rows (SciPy's n)."""

    value: int


@dataclasses.dataclass(frozen=True)
class Params:
    """A void pointer to one read-only block that all elements share (SciPy's user_data)."""

    values: np.ndarray


@dataclasses.dataclass(frozen=True)
class Callback:
    """A Python function and what a test needs to know about it."""

    name: str
    function: typing.Callable
    signature: str  # as numba.cfunc takes it
    category: str
    inputs: tuple  # one per argument: array, tuple of arrays (a tuple argument) or above
    how: str  # who computes the expected results: HOW below
    ulp: int  # largest distance from them; 0: the same bits, but for a NaN's
    options: dict  # further options of numba.cfunc: error_model, fastmath, boundscheck
    statistics: typing.Optional[dict]  # of random results: quantity -> (value, tolerance)
    refused: str  # why lanes refuses it; empty: it does not
    note: str

    @property
    def count(self):
        """The number of elements."""
        lengths = {len(array) for array in self.arrays()}
        if len(lengths) != 1:
            raise ValueError(f"{self.name}: inputs of different lengths {sorted(lengths)}")
        return lengths.pop()

    def arrays(self):
        """All input arrays that have one item, or row, for each element."""
        for value in self.inputs:
            if isinstance(value, np.ndarray):
                yield value
            elif isinstance(value, tuple):
                yield from value
            elif isinstance(value, Rows):
                yield value.values


HOW = {
    "python": "the function itself, on Python's int, float, complex and bool",
    "numpy": "the function itself, on NumPy's scalars",
    "numba": "the function as Numba compiles it, in the process that records",
    "statistics": "nobody: the results are random, and only their distribution is known",
    "nobody": "nobody: lanes refuses the callback",
}


def callback(signature, inputs, *, category, name=None, how="python", ulp=0, statistics=None,
             refused="", note="", **options):  # fmt: skip
    """Declares the function that it decorates, and returns it unchanged."""
    if statistics:
        how = "statistics"
    if refused:
        how = "nobody"

    def declare(function):
        entry = Callback(
            name or function.__name__, function, signature, category, tuple(inputs),
            how, ulp, options, statistics, refused, note,
        )  # fmt: skip
        if entry.name in CALLBACKS or how not in HOW:
            raise ValueError(f"callback {entry.name}: declared twice, or how={how} is unknown")
        CALLBACKS[entry.name] = entry
        return function

    return declare


def pairs(first, second, dtypes="dd"):
    """Two columns: every item of `first` with every item of `second`."""
    one = np.repeat(np.array(first, dtypes[0]), len(second))
    two = np.tile(np.array(second, dtypes[1]), len(first))
    return one, two


def columns(rows, *dtypes):
    """The columns of a table given row by row."""
    return tuple(np.array(column, dtype) for column, dtype in zip(zip(*rows), dtypes))
