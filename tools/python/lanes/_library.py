# SPDX-License-Identifier: Apache-2.0
"""liblanes.so by ctypes: structures and functions of include/lanes/*.h, 1:1.

Also what benches (bench/compare/lanes_session.py) and tests (tests/support/lanes_client.py)
call; a test compares sizes and offsets with the headers.
"""
import ctypes
import functools
import os
import pathlib

from ._errors import error_of

ERROR_TEXT_BYTES = 508
DIMENSIONS_MAX = 8
OPERANDS_MAX = 16
FUSION_NODES_MAX = 8
FUSION_INPUT = 0xFFFFFFFF
RAISED_ITEMS_MAX = 32
RAISED_DATA_BYTES = 984
SEGMENT_READ_ONLY = 1
SEGMENT_SPARSE = 2
KERNEL_STAGES = 1
OPEN_NO_PRIVATE = 1
OPEN_PRIVATE = 2
OPEN_NO_REPLAY = 4
FOREVER_NS = 2**64 - 1
KERNEL_RAISED = -0x1401

DTYPES = {1: "?", 3: "i1", 4: "u1", 5: "i2", 6: "u2", 7: "i4", 8: "u4", 9: "i8",
          10: "u8", 11: "f4", 12: "f8", 14: "c8", 15: "c16"}  # fmt: skip
CONVENTIONS = {"auto": 0, "numba": 1, "c": 2, "c-out": 3, "scipy": 4}
ERRORS = {"raise": 0, "mask": 1, "ignore": 2}
CASTINGS = {"no": 0, "safe": 1, "same_kind": 2, "unsafe": 3}
REDUCTIONS = {"sum": 1, "prod": 2, "min": 3, "max": 4, "any": 5, "all": 6, "argmin": 7, "argmax": 8,
              "kernel": 9, "scan": 10}  # fmt: skip
RAISED_NONE, RAISED_EXCEPTION, RAISED_ZERO_DIVISION, RAISED_OVERFLOW = 0, 1, 2, 3
ITEM_UNKNOWN, ITEM_NONE, ITEM_TUPLE, ITEM_TEXT, ITEM_TEXT_CUT = 0, 0x100, 0x101, 0x102, 0x103

u8, u32, u64 = ctypes.c_uint8, ctypes.c_uint32, ctypes.c_uint64
i32, i64 = ctypes.c_int32, ctypes.c_int64
handle, text = ctypes.c_void_p, ctypes.c_char_p


class Error(ctypes.Structure):
    _fields_ = [("code", i32), ("message", ctypes.c_char * ERROR_TEXT_BYTES)]


class OpenOptions(ctypes.Structure):
    _fields_ = [
        ("struct_bytes", u32), ("flags", u32), ("socket", text), ("threads", u32),
        ("spin_us", u32), ("timeout_ms", u32), ("reserved", u32),
        ("cpu", text),
    ]  # fmt: skip


class KernelOptions(ctypes.Structure):
    _fields_ = [
        ("struct_bytes", u32), ("flags", u32), ("entry", text), ("signature", text),
        ("math", u32), ("convention", u32), ("fp", u32), ("reserved", u32),
    ]  # fmt: skip


class Source(ctypes.Structure):
    _fields_ = [("node", u32), ("index", u32)]


class FusionNode(ctypes.Structure):
    _fields_ = [("kernel", handle), ("input", Source * OPERANDS_MAX)]


class Fusion(ctypes.Structure):
    _fields_ = [
        ("struct_bytes", u32), ("flags", u32), ("node_count", u32), ("output_count", u32),
        ("node", FusionNode * FUSION_NODES_MAX), ("output", Source * OPERANDS_MAX),
    ]  # fmt: skip


class Operand(ctypes.Structure):
    _fields_ = [
        ("segment", handle), ("offset", u64), ("stride", i64 * DIMENSIONS_MAX),
        ("dtype", u32), ("row_count", u32),
    ]  # fmt: skip


class Batch(ctypes.Structure):
    _fields_ = [
        ("kernel", handle), ("dimensions", u32), ("operand_count", u32),
        ("shape", ctypes.POINTER(u64)), ("operands", ctypes.POINTER(Operand)),
        ("tag", u64), ("errors", u32), ("casting", u32), ("seed", u64),
        ("params", handle), ("params_offset", u64), ("params_bytes", u64),
        ("has_where", u32), ("denormals", u32), ("reduce", u32), ("reduce_axes", u32),
        ("deadline_ns", u64), ("no_replay", u32), ("priority", u32),
        ("fp_report", u32), ("fp_exact", u32),
    ]  # fmt: skip


def dtype_code(dtype):
    """enum lanes_dtype of a NumPy dtype."""
    name = "?" if dtype.kind == "b" else f"{dtype.kind}{dtype.itemsize}"
    return next(code for code, known in DTYPES.items() if known == name)


def operands_of_views(segment, data, views):
    """Operands for NumPy views, of whatever strides, of the memory of a segment; `data` is
    an array that begins where the segment does."""
    start = data.__array_interface__["data"][0]
    operands = (Operand * len(views))()
    for operand, view in zip(operands, views):
        operand.segment = segment
        operand.offset = view.__array_interface__["data"][0] - start
        operand.dtype = dtype_code(view.dtype)
        for d, stride in enumerate(view.strides):
            operand.stride[d] = stride
    return operands


class RaisedItem(ctypes.Structure):
    _fields_ = [("type", u32), ("count", u32), ("offset", u32), ("bytes", u32)]


class Raised(ctypes.Structure):
    _fields_ = [
        ("kind", u32), ("payload_form", u32), ("payload_offset", u64),
        ("payload_bytes", u64), ("argument_count", u32), ("item_count", u32),
        ("node", u32), ("reserved", u32),
        ("item", RaisedItem * RAISED_ITEMS_MAX), ("data", u8 * RAISED_DATA_BYTES),
    ]  # fmt: skip


class Completion(ctypes.Structure):
    _fields_ = [
        ("tag", u64), ("status", i32), ("threads", u32), ("elements", u64), ("failed", u64),
        ("first_failed", u64), ("queued_ns", u64), ("run_ns", u64), ("compile_ns", u64),
        ("tiles", u32), ("strategy", u32), ("vector_width", u32), ("fp_raised", u32),
        ("fp_first", u64), ("message", ctypes.c_char * ERROR_TEXT_BYTES), ("raised", Raised),
    ]  # fmt: skip


class ArenaChunk(ctypes.Structure):
    _fields_ = [("number", u64), ("bytes", u64), ("data", handle), ("fd", i32), ("reserved", u32)]


class ArenaUsage(ctypes.Structure):
    _fields_ = [
        ("chunks", u64), ("chunk_bytes", u64), ("blocks", u64), ("block_bytes", u64),
        ("block_bytes_peak", u64), ("idle_bytes", u64), ("reserved", u64 * 2),
    ]  # fmt: skip


PROTOTYPES = {
    "lanes_version": (text, []),
    "lanes_status_name": (text, [i32]),
    "lanes_open_options_default": (None, [ctypes.POINTER(OpenOptions)]),
    "lanes_open": (i32, [ctypes.POINTER(OpenOptions), ctypes.POINTER(handle),
                         ctypes.POINTER(Error)]),
    "lanes_close": (None, [handle]),
    "lanes_executor_pid": (i32, [handle]),
    "lanes_executor_threads": (u32, [handle]),
    "lanes_reconnects": (u32, [handle]),
    "lanes_fd": (i32, [handle]),
    "lanes_segment_attach_fd": (i32, [handle, ctypes.c_int, u32, ctypes.POINTER(handle),
                                      ctypes.POINTER(Error)]),
    "lanes_segment_create": (i32, [handle, u64, ctypes.POINTER(handle), ctypes.POINTER(Error)]),
    "lanes_segment_data": (handle, [handle]),
    "lanes_segment_release": (None, [handle]),
    "lanes_kernel_options_default": (None, [ctypes.POINTER(KernelOptions)]),
    "lanes_kernel_load": (i32, [handle, text, ctypes.c_size_t, ctypes.POINTER(KernelOptions),
                                ctypes.POINTER(handle), ctypes.POINTER(Error)]),
    "lanes_fusion_default": (None, [ctypes.POINTER(Fusion)]),
    "lanes_kernel_fuse": (i32, [handle, ctypes.POINTER(Fusion), ctypes.POINTER(handle),
                                ctypes.POINTER(Error)]),
    "lanes_kernel_input_count": (u32, [handle]),
    "lanes_kernel_output_count": (u32, [handle]),
    "lanes_kernel_dtype": (u32, [handle, u32]),
    "lanes_kernel_is_row": (ctypes.c_int, [handle, u32]),
    "lanes_kernel_has_params": (ctypes.c_int, [handle]),
    "lanes_kernel_params_bytes": (u64, [handle]),
    "lanes_kernel_report": (i32, [handle, ctypes.POINTER(handle), ctypes.POINTER(Error)]),
    "lanes_payload_read": (i32, [text, ctypes.c_size_t, ctypes.POINTER(Raised), text,
                                 ctypes.c_size_t, ctypes.POINTER(Error)]),
    "lanes_kernel_compile_ns": (u64, [handle]),
    "lanes_kernel_release": (None, [handle]),
    "lanes_submit": (i32, [handle, ctypes.POINTER(Batch), ctypes.POINTER(Error)]),
    "lanes_wait": (i32, [handle, u64, ctypes.POINTER(Completion), ctypes.POINTER(Error)]),
    "lanes_arena_create": (i32, [handle, ctypes.POINTER(handle), ctypes.POINTER(Error)]),
    "lanes_arena_malloc": (handle, [handle, ctypes.c_size_t]),
    "lanes_arena_calloc": (handle, [handle, ctypes.c_size_t, ctypes.c_size_t]),
    "lanes_arena_realloc": (handle, [handle, handle, ctypes.c_size_t]),
    "lanes_arena_free": (None, [handle, handle, ctypes.c_size_t]),
    "lanes_arena_find": (ctypes.c_int, [handle, handle, ctypes.POINTER(ArenaChunk)]),
    "lanes_arena_usage_now": (None, [handle, ctypes.POINTER(ArenaUsage)]),
    "lanes_poll": (i32, [handle, ctypes.POINTER(Completion)]),
    "lanes_cancel": (i32, [handle, u64, ctypes.POINTER(Error)]),
    "lanes_stats": (i32, [handle, ctypes.POINTER(handle), ctypes.POINTER(Error)]),
    "lanes_run": (i32, [handle, ctypes.POINTER(Batch), ctypes.POINTER(Completion),
                        ctypes.POINTER(Error)]),
}  # fmt: skip


def _candidates():
    """Where liblanes.so may be, the first that exists is taken."""
    here = pathlib.Path(__file__).resolve()
    return [
        here.parent / "_native" / "lib" / "liblanes.so",  # a wheel
        here.parents[3] / "liblanes.so",  # cmake --install: PREFIX/lib/python3/dist-packages
    ]


@functools.lru_cache(maxsize=None)
def library(build=None):
    """liblanes.so with prototypes: that of a build tree, else the package's own.

    The package's own is that of $LANES_LIBRARY, of the wheel, of the prefix that the package
    is installed in, or else the one that the system's loader finds.
    """
    if build is not None:
        path = os.path.join(build, "lib", "liblanes.so")
    else:
        found = [path for path in _candidates() if path.exists()]
        path = os.environ.get("LANES_LIBRARY") or (str(found[0]) if found else "liblanes.so")
    try:
        loaded = ctypes.CDLL(path)
        for name, (result, arguments) in PROTOTYPES.items():
            function = getattr(loaded, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError) as error:
        raise ImportError(
            f"liblanes.so cannot be loaded from '{path}' ({error}); install lanes, or name the library "
            "of this version in LANES_LIBRARY"
        ) from None
    return loaded


def version():
    """The version of liblanes, which is the package's, too: they are built together."""
    return library().lanes_version().decode()


def status_error(lib, status, message):
    """The exception for a failed status, with the text that came with it."""
    return error_of(status, lib.lanes_status_name(status).decode(), message)


def check(lib, name, *arguments):
    """Call function `name` with a lanes_error as last argument; raises LanesError."""
    error = Error()
    status = getattr(lib, name)(*arguments, ctypes.byref(error))
    if status < 0:
        raise status_error(lib, status, error.message.decode(errors="replace"))
    return status


def take_text(lib_text):
    """The text behind a char * that the caller owns, which is freed."""
    try:
        return ctypes.string_at(lib_text).decode()
    finally:
        _free(lib_text)


_free = ctypes.CDLL(None).free
_free.argtypes = [handle]
