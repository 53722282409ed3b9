# SPDX-License-Identifier: Apache-2.0
"""``reduce``, ``accumulate`` and ``outer`` of kernels f(T, T) of one dtype T.

The executor combines in parallel, so the kernel has to be associative; how it does depends on
the shape only, and results have the same bits whatever the number of threads.
"""
import numpy

from . import _batch, _library, _memory, _override, _shape
from ._arguments import bind
from ._job import Job


def _check_binary(ufunc, method):
    if ufunc.signature is not None:
        raise RuntimeError("Reduction not defined on ufunc with signature")
    if ufunc.nin != 2:
        raise ValueError(f"{method} only supported for binary functions")
    if ufunc.nout != 1:
        raise ValueError(f"{method} only supported for functions returning a single value")


def _loop_of_one_dtype(ufunc, method, dtype):
    """The loop f(T, T) -> T for data of `dtype`."""
    for _ in range(2):
        probe = numpy.empty(1, dtype)
        loop = ufunc._loop_for((probe, probe), [probe, probe], None, {})
        kinds = {*loop.inputs, *loop.outputs}
        if len(kinds) == 1:
            return loop
        # int32 + int32 may be int64: then it is that dtype that can be combined.
        dtype = loop.outputs[0]
    raise TypeError(
        f"the resolved dtypes are not compatible with {ufunc.__name__}.{method}. "
        f"Resolved ({loop.inputs[0]!r}, {loop.inputs[1]!r}, {loop.outputs[0]!r})"
    )


def _run(ufunc, loop, inputs, output, shape, where, options, code, axes):
    """Submit a reduction or a scan and wait for it."""
    if len(shape) > _library.DIMENSIONS_MAX:
        raise ValueError(
            f"{ufunc.__name__}: reductions have {_library.DIMENSIONS_MAX} dimensions at most, not "
            f"{len(shape)}; reshape the array first"
        )
    # Kernels that combine by themselves convert nothing.
    dtype = loop.outputs[0]
    role = f"input of {ufunc.__name__}"
    inputs = [a if a.dtype == dtype else _batch.convert(a, dtype, role) for a in inputs]
    own = output if output.dtype == dtype else _memory.empty(output.shape, dtype)
    job = Job(ufunc.__name__, loop.payload, inputs, [own], shape, where, options)
    job.call.batch.reduce = code
    job.call.batch.reduce_axes = sum(1 << axis for axis in axes)
    client = ufunc.client
    completion = client.run(job.call, job.addresses, job.flags, keep=job)
    job.finish(client.library, completion)
    if own is not output:
        numpy.copyto(output, own, casting="unsafe")


def reduce(ufunc, args, kwargs, options):
    done = _override.find_override(ufunc, "reduce", args, kwargs)
    if done is not NotImplemented:
        return done
    (given,), out, more = bind(ufunc, "reduce", args, kwargs)
    _check_binary(ufunc, "reduce")
    identity = ufunc.identity
    wanted = _shape.Reduction(
        ufunc.__name__, given, out, more, identity=identity, reorderable=ufunc.is_reorderable
    )
    kind = more.get("dtype")
    if kind is None:
        kind = wanted.array.dtype if wanted.out is None else wanted.out.dtype
    loop = _loop_of_one_dtype(ufunc, "reduce", numpy.dtype(kind))
    result, spread = wanted.result(loop.outputs[0], _memory.arena().call)
    array = numpy.asarray(wanted.array)
    _reduce_into(ufunc, loop, array, spread, wanted.axes, wanted.where, wanted.initial, options)
    return _override.wrap_reduced(result, given, wanted.out, out is Ellipsis)


def _reduce_into(ufunc, loop, array, result, axes, where, initial, options):
    if result.size == 0:
        return
    if array.size == 0:
        result[...] = initial
        return
    if not axes:
        if initial is None:
            result[...] = array
            return
        start = numpy.asarray(initial, loop.inputs[0])
        result[...] = start
        chosen = True if where is None else where
        numpy.copyto(result, ufunc(start, array.astype(start.dtype)), "unsafe", chosen)
        return
    code = _library.REDUCTIONS["kernel"]
    if initial is None and len(axes) > 1:
        # Each axis by itself: of all together the first element is no part of any array.
        for axis in axes[:-1]:
            part = _memory.empty(tuple(1 if d == axis else n for d, n in enumerate(array.shape)),
                                 loop.outputs[0])  # fmt: skip
            _reduce_into(ufunc, loop, array, part, (axis,), None, None, options)
            array = part
        axes = axes[-1:]
    if initial is None:
        first = tuple(slice(0, 1) if d == axes[0] else slice(None) for d in range(array.ndim))
        rest = tuple(slice(1, None) if d == axes[0] else slice(None) for d in range(array.ndim))
        start, array = array[first], array[rest]
        if array.size == 0:
            result[...] = start
            return
        start = _memory.arena().call(numpy.array, start, loop.inputs[0], order="K", copy=True)
    else:
        start = _memory.full((1,) * array.ndim, initial, loop.inputs[0])
    _run(ufunc, loop, [start, array], result, array.shape, where, options, code, axes)


def accumulate(ufunc, args, kwargs, options):
    done = _override.find_override(ufunc, "accumulate", args, kwargs)
    if done is not NotImplemented:
        return done
    (given,), out, more = bind(ufunc, "accumulate", args, kwargs)
    _check_binary(ufunc, "accumulate")
    array, axis, target = _shape.accumulation(given, out, more)
    kind = more.get("dtype")
    if kind is None:
        kind = array.dtype if target is None else target.dtype
    loop = _loop_of_one_dtype(ufunc, "accumulate", numpy.dtype(kind))
    allocate = _memory.arena().call
    result = _shape.empty_like(array, loop.outputs[0], allocate) if target is None else target
    array, plain = numpy.asarray(array), numpy.asarray(result)
    if _shape.must_copy(plain, array):
        array = allocate(numpy.array, array, order="K", copy=True)
    first = tuple(slice(0, 1) if d == axis else slice(None) for d in range(array.ndim))
    rest = tuple(slice(1, None) if d == axis else slice(None) for d in range(array.ndim))
    if array.size:
        start = _memory.arena().call(numpy.array, array[first], loop.inputs[0], order="K", copy=True)
        plain[first] = start
        if array[rest].size:
            code = _library.REDUCTIONS["scan"]
            _run(ufunc, loop, [start, array[rest]], plain[rest], array[rest].shape, None, options,
                 code, (axis,))  # fmt: skip
    return _override.wrap_reduced(result, given, target, out is Ellipsis)


def outer(ufunc, args, kwargs):
    done = _override.find_override(ufunc, "outer", args, kwargs)
    if done is not NotImplemented:
        return done
    if ufunc.signature is not None:
        raise TypeError("method outer is not allowed in ufunc with non-trivial signature")
    if ufunc.nin != 2:
        raise ValueError("outer product only supported for binary functions")
    inputs, out, more = bind(ufunc, "outer", args, kwargs)
    if out is not None:
        more["out"] = out
    return ufunc(*_shape.outer_inputs(ufunc.__name__, inputs), **more)
