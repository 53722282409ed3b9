# SPDX-License-Identifier: Apache-2.0
"""What is raised: failures of lanes, and the exceptions that callbacks raised."""
import concurrent.futures
import ctypes
import io
import itertools
import pickle

import numpy

RAISED_ZERO_DIVISION, RAISED_OVERFLOW = 2, 3


class LanesError(RuntimeError):
    """A call of lanes failed.

    Attributes
    ----------
    code : int
        The ``lanes_status`` (``lanes/error.h``), negative.
    name : str
        Its name, such as ``'LANES_E_SHAPE'`` or ``'ENOSPC'``.
    message : str
        One sentence: the object, the value, the limit and the next step.
    """

    def __init__(self, code, name, message):
        super().__init__(f"{name}: {message}")
        self.code = code
        self.name = name
        self.message = message

    def __reduce__(self):
        return type(self), (self.code, self.name, self.message)


class IRError(LanesError, ValueError):
    """The IR of a callback cannot be read, is not admitted or does not fit its signature."""


class CompileError(LanesError):
    """LLVM crashed, or exceeded a limit, while it compiled a callback."""


class KernelFault(LanesError):
    """A callback was ended by a signal: a wild pointer, endless recursion."""


class DeadlineExceeded(LanesError, TimeoutError):
    """A batch had not finished by its deadline. What its outputs hold is undefined."""


class Cancelled(LanesError, concurrent.futures.CancelledError):
    """A batch was cancelled. What its outputs hold is undefined."""


class SharedMemoryFull(LanesError, MemoryError):
    """There is no shared memory left: the system's, or that of a limit."""


class ExecutorUnavailable(LanesError, ConnectionError):
    """No executor runs and none could be started, or it ended and none took over."""


class CopyWarning(UserWarning):
    """Arrays in private memory are copied into shared memory for each call, and back."""


_BY_NAME = {
    "LANES_E_DEADLINE": DeadlineExceeded,
    "LANES_E_CANCELLED": Cancelled,
    "LANES_E_KERNEL_FAULT": KernelFault,
    "LANES_E_UNAVAILABLE": ExecutorUnavailable,
    "LANES_E_PEER_GONE": ExecutorUnavailable,
    "LANES_E_COMPILE_CRASHED": CompileError,
    "LANES_E_COMPILE_LIMIT": CompileError,
    "ENOSPC": SharedMemoryFull,
    "ENOMEM": SharedMemoryFull,
}
_CATEGORY_IR = 0x13


def error_of(code, name, message):
    """The exception for a lanes_status."""
    kind = _BY_NAME.get(name)
    if kind is None:
        kind = IRError if -code >> 8 == _CATEGORY_IR else LanesError
    return kind(code, name, message)


# ---- What a callback raised ----------------------------------------------------------


class _Placeholder:
    """Stands in a pickle for a value that the failing element computed."""

    def __new__(cls, *_args, **_kwargs):
        return object.__new__(cls)

    def __init__(self, *_args, **_kwargs):
        pass

    def __setstate__(self, state):
        pass


class _Unpickler(pickle.Unpickler):
    """Of pickles that this process submitted itself."""

    def find_class(self, module, name):
        # Classes of __main__ and of functions are made again by cloudpickle, which finds
        # the class itself in the process that has it.
        if module.split(".")[0] in ("llvmlite", "numba") and not module.startswith(
            ("numba.core.errors", "numba.cloudpickle")
        ):
            return _Placeholder
        return super().find_class(module, name)


class CutText(str):
    """The beginning of a string that was too long to arrive whole."""


def payload(library, raised, ir):
    """The bytes of a raised exception's pickle, out of the IR that was submitted.

    Parameters
    ----------
    raised : _library.Raised
    ir : list of bytes
        The IR of each node of the kernel; one, if it is not fused.
    """
    from . import _library

    size = raised.payload_bytes
    text = ir[raised.node]
    buffer = ctypes.create_string_buffer(size)
    _library.check(library, "lanes_payload_read", text, len(text), ctypes.byref(raised), buffer, size)
    return buffer.raw


def raised_arguments(raised):
    """Values that the failing element put into its exception.

    Numbers, strings, None and tuples of these; ... for other values. A string of which only
    the beginning has arrived is a CutText.
    """
    items = iter(raised.item[: raised.item_count])
    data = bytes(raised.data)
    return [_value(items, data) for _ in range(raised.argument_count)]


def _value(items, data):
    """The value that the next items, of a list of trees in preorder, stand for."""
    from . import _library

    item = next(items)
    if item.type == _library.ITEM_TUPLE:
        return tuple(_value(items, data) for _ in range(item.count))
    if item.type == _library.ITEM_NONE:
        return None
    if item.type == _library.ITEM_UNKNOWN:
        return ...
    raw = data[item.offset : item.offset + item.bytes]
    if item.type == _library.ITEM_TEXT:
        return raw.decode()
    if item.type == _library.ITEM_TEXT_CUT:
        return CutText(raw.decode())
    return numpy.frombuffer(raw, _library.DTYPES[item.type])[0].item()


def raised_exception(library, raised, ir, message):
    """The exception that an element raised, as Python would have raised it.

    Its class and constant arguments come from the pickle in the IR that this process itself
    submitted, computed arguments from the executor.
    """
    if raised.kind == RAISED_ZERO_DIVISION:
        return ZeroDivisionError("division by zero")
    if raised.kind == RAISED_OVERFLOW:
        return OverflowError("integer overflow in a division")
    if raised.kind != 1:
        return RuntimeError(message)
    kind, arguments = _Unpickler(io.BytesIO(payload(library, raised, ir))).load()[:2]
    values = iter(raised_arguments(raised))
    filled = tuple(
        next(values, ...) if isinstance(argument, _Placeholder) else argument
        for argument in arguments or ()
    )
    if kind is None:  # a bare `raise`
        return RuntimeError("No active exception to reraise")
    try:
        return kind(*filled)
    except TypeError:  # an __init__ that wants other arguments than it handed on
        error = kind.__new__(kind, *filled)
        error.args = filled
        return error


def locate(error, name, index, failed, elements, inputs):
    """Tell an exception where it happened: attributes, and a note for tracebacks.

    Sets ``index`` (a tuple, N-d), ``failed`` and ``elements`` (counts).

    Parameters
    ----------
    inputs : sequence
        The inputs' values at that index.
    """
    values = ", ".join(repr(value) for value in itertools.islice(inputs, 8))
    place = index[0] if len(index) == 1 else index
    count = f"; {failed} of {elements} elements failed" if failed > 1 else ""
    note = f"in {name}({values}) at index {place}{count}"
    try:
        error.index, error.failed, error.elements = index, failed, elements
    except AttributeError:  # a class with __slots__
        pass
    if hasattr(error, "add_note"):
        error.add_note(note)
    else:  # Python 3.10 and older show no notes, debuggers and newer tools do
        error.__notes__ = [*getattr(error, "__notes__", ()), note]
    return error
