# SPDX-License-Identifier: Apache-2.0
"""From arrays to a batch and back: what lies in shared memory is used where it is, the rest
is copied there and, for outputs, back.
"""
import numpy

from . import _errors, _errstate, _library, _memory
from ._address import address_of
from ._client import Call
from ._signature import is_supported
from ._warn import warn

CODES = {numpy.dtype(name): code for code, name in _library.DTYPES.items()}
ITEM_BYTES = {code: dtype.itemsize for dtype, code in CODES.items()}
_KERNEL_RAISED = _library.KERNEL_RAISED


def code_of(dtype):
    """enum lanes_dtype of a dtype that is_supported()."""
    code = CODES.get(dtype)
    return CODES[numpy.dtype("i8")] if code is None and dtype.kind in "mM" else code


def _warn_of_copy(array, role):
    if _memory.copy_policy == "never":
        raise ValueError(
            f"{role} of {array.nbytes} bytes lies in private memory, and the copy policy is 'never'; "
            "make it with lanes.empty, lanes.asarray or within lanes.shared_allocations()"
        )
    if _memory.copy_policy == "warn" and array.nbytes >= _memory.COPY_WARNING_BYTES:
        if not _warn_of_copy.told:
            warn(
                f"{role} of {array.nbytes} bytes lies in private memory and is copied into shared "
                "memory for each call; make arrays with lanes.empty, lanes.asarray or within "
                "lanes.shared_allocations(), or say lanes.set_copy_policy('auto')",
                _errors.CopyWarning,
            )
            _warn_of_copy.told = True


_warn_of_copy.told = False


def stage_input(array, dtype, role):
    """An array of the same elements that a batch can read, of a dtype that loops convert.

    Parameters
    ----------
    dtype : numpy.dtype
        The kernel's: what arrays become whose own dtype no loop can load.
    """
    is_time = array.dtype.kind in "mM"  # whose unit loops do not convert
    if not can_load(array.dtype, dtype) or (is_time and array.dtype != dtype):
        return convert(array, dtype, role)
    return share(array, role)


def _check_copy(array, role):
    """True if an array lies in shared memory; else tell the user of its copy, or refuse it."""
    if _memory.is_shared(array):
        return True
    if array.ndim:  # numbers are no arrays
        _warn_of_copy(array, role)
    return False


def convert(array, dtype, role):
    """A copy of an input in another dtype, in shared memory."""
    _check_copy(array, role)
    return _memory.arena().call(array.astype, dtype, order="K", copy=True, subok=False)


def share(array, role):
    """An input as it is, or a copy in shared memory."""
    if _check_copy(array, role):
        return array
    return _memory.arena().call(numpy.array, array, order="K", copy=True, subok=False)


def can_load(dtype, own):
    """True if loops convert elements of `dtype` to a kernel's `own`."""
    return dtype == own or (is_supported(dtype) and (dtype.kind != "c" or own.kind == "c"))


def can_store(dtype, own):
    """True if loops convert a kernel's `own` to elements of `dtype`."""
    return dtype == own or (is_supported(dtype) and (dtype.kind == "c" or own.kind != "c"))


def stage_output(array, dtype, role):
    """`array`, if a batch can write to it; None if it needs a copy. `dtype` is the kernel's."""
    is_shared = _check_copy(array, role)
    return array if is_shared and can_store(array.dtype, dtype) else None


def _strides(array, shape):
    """Strides of an array as an operand of a batch of `shape`."""
    missing = len(shape) - array.ndim
    if missing == 0 and array.shape == shape:
        return array.strides
    own = (0 if n == 1 else stride for n, stride in zip(array.shape, array.strides))
    return (0,) * missing + tuple(own)


def make_call(kernel, inputs, outputs, shape, where=None, mask=None):
    """A Call on arrays that are in shared memory and broadcast to `shape`.

    Inputs that are rows have one more dimension, the last.

    Returns
    -------
    (Call, list of int)
        The list has the operands' addresses.
    """
    arrays = [*inputs, *outputs]
    if mask is not None:
        arrays.append(mask)
    if where is not None:
        arrays.append(where)
    rows = kernel.signature.rows
    operands = (_library.Operand * len(arrays))()
    for k, array in enumerate(arrays):
        operand = operands[k]
        operand.dtype = code_of(array.dtype)
        strides = None
        if k < len(rows) and rows[k]:
            operand.row_count = array.shape[-1]
            strides = _strides(array[..., 0], shape)
        else:
            strides = _strides(array, shape)
        if strides:
            operand.stride[: len(strides)] = strides
    call = Call(kernel, shape, operands)
    call.batch.has_where = where is not None
    call.batch.casting = _library.CASTINGS["unsafe"]
    return call, [address_of(a) for a in arrays]


def flatten(inputs, outputs, where, rows):
    """The same of one dimension, for shapes of more dimensions than batches have.

    Returns (inputs, outputs, where): C-contiguous copies; outputs are to be copied back.
    """
    shape = numpy.broadcast_shapes(
        *(a.shape[:-1] if row else a.shape for a, row in zip(inputs, rows)), *(o.shape for o in outputs)
    )

    def run(array, row=False):
        if not row and array.ndim == 0:
            return array
        wanted = shape + array.shape[-1:] if row else shape
        flat = _memory.arena().call(numpy.array, numpy.broadcast_to(array, wanted), order="C", copy=True)
        return flat.reshape((-1, array.shape[-1]) if row else -1)

    flat_inputs = [run(a, row) for a, row in zip(inputs, rows)]
    return flat_inputs, [run(o) for o in outputs], None if where is None else run(where)


def raise_failure(library, kernel, completion, name, shape, inputs):
    """Raise what a completion whose status is a failure stands for."""
    if completion.status == _KERNEL_RAISED:
        error = kernel.raised(library, completion)
        index = tuple(int(i) for i in numpy.unravel_index(completion.first_failed, shape or (1,)))
        index = index if shape else ()
        values = [_value_at(array, index, row) for array, row in zip(inputs, kernel.signature.rows)]
        try:
            raise _errors.locate(error, name, index, completion.failed, completion.elements, values)
        finally:
            del error  # else it has itself, by its traceback, and keeps the arrays
    message = completion.message.decode(errors="replace")
    raise _library.status_error(library, completion.status, f"{name}: {message}")


def _value_at(array, index, row):
    """The element of a broadcast input at `index` of the batch, as a Python number."""
    dims = array.ndim - row
    own = index[len(index) - dims :] if dims else ()
    own = tuple(0 if n == 1 else i for i, n in zip(own, array.shape))
    value = array[own]
    return value if row else value.item() if array.dtype.kind not in "mM" else value


def settle(library, kernel, completion, name, shape, inputs):
    """What follows from a completion: exceptions, and warnings of floating point."""
    if completion.fp_raised:
        _errstate.handle(completion.fp_raised, name)
    if completion.status < 0:
        raise_failure(library, kernel, completion, name, shape, inputs)
