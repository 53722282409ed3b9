# SPDX-License-Identifier: Apache-2.0
"""Calls of kernels on Dask arrays.

Dask would find out what dtypes a ufunc returns by calling it with elements that nobody has
chosen: that starts an executor where the graph is made, and fails where a callback refuses such
numbers. Loops know it without a call. Dask does not take all keywords of a ufunc, either, nor
several outputs.
"""
import functools

import numpy

# What Dask does itself, instead of handing it to the ufunc.
_OF_DASK = ("out", "where")


def call(array, ufunc, _method, *inputs, **options):
    """Takes the place of ``Array.__array_ufunc__`` for calls of kernels.

    Parameters
    ----------
    array : dask.array.Array
        One of `inputs` or of ``options["out"]``.
    ufunc : Ufunc
        Runs on each block.
    inputs : Dask arrays, arrays, numbers
    options : keywords of the call; ``out`` is a tuple

    Returns
    -------
    Dask array, or a tuple of them
    """
    probes = [numpy.empty((1,) * x.ndim, x.dtype) if isinstance(x, type(array)) else x for x in inputs]
    dtypes = ufunc._dtypes_of_results(probes, options)
    of_dask = {key: options.pop(key) for key in _OF_DASK if key in options}
    function = functools.partial(ufunc, **options) if options else ufunc
    if len(dtypes) == 1 and ufunc.signature is None:
        from dask.array.core import elemwise

        return elemwise(function, *inputs, dtype=dtypes[0], **of_dask)
    if of_dask:
        raise TypeError(
            f"{ufunc.__name__}: {next(iter(of_dask))}= with Dask arrays is for kernels with one result "
            "and no rows; use dask.array.map_blocks()"
        )
    return _call_in_blocks(function, inputs, ufunc._rows, dtypes)


def _call_in_blocks(function, inputs, rows, dtypes):
    """By apply_gufunc; numbers stay numbers, which have no dtype of their own."""
    from dask.array.core import asanyarray, unify_chunks
    from dask.array.gufunc import apply_gufunc

    letters = iter("nmklpqrstuvwabcd")
    numbers, pairs, cores = [], [], []
    for x, row in zip(inputs, rows):
        is_number = isinstance(x, (bool, int, float, complex))
        numbers.append(x if is_number else None)
        if not is_number:
            core = next(letters) if row else ""
            cores.append(f"({core})")
            pairs += [asanyarray(x), (*range(numpy.ndim(x) - row)[::-1], *core)]
    if len(cores) < len(inputs):
        function = functools.partial(_with_numbers, function, numbers)
    _, arrays = unify_chunks(*pairs)
    signature = ",".join(cores) + "->" + ",".join(["()"] * len(dtypes))
    return apply_gufunc(
        function, signature, *arrays, output_dtypes=dtypes if len(dtypes) > 1 else dtypes[0]
    )


def _with_numbers(function, numbers, *arrays):
    left = iter(arrays)
    return function(*(next(left) if number is None else number for number in numbers))
