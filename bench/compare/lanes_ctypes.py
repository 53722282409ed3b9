# SPDX-License-Identifier: Apache-2.0
"""liblanes.so by ctypes: the part of the C API that benches need, 1:1.

    with Session(library("build/bench")) as session:
        x, out = (session.array(1000) for _ in range(2))
        kernel = session.load(ir_text)
        x.data[:] = 1.0
        completion = kernel.run(x, out)

The structures mirror include/lanes/*.h. Numbers are f8 throughout.
"""
import ctypes
import os
import sys

import numpy as np

ERROR_TEXT_BYTES = 508
DIMENSIONS_MAX = 8
DTYPE_F8 = 12
OPEN_NO_PRIVATE = 1
OPEN_PRIVATE = 2
FOREVER_NS = 2**64 - 1
KERNEL_RAISED = -0x1401

u32, u64, i32, i64 = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_int32, ctypes.c_int64
handle, text = ctypes.c_void_p, ctypes.c_char_p


class Error(ctypes.Structure):
    _fields_ = [("code", i32), ("message", ctypes.c_char * ERROR_TEXT_BYTES)]


class OpenOptions(ctypes.Structure):
    _fields_ = [
        ("struct_bytes", u32), ("flags", u32), ("socket", text), ("threads", u32),
        ("spin_us", u32), ("timeout_ms", u32), ("reserved", u32),
    ]  # fmt: skip


class Operand(ctypes.Structure):
    _fields_ = [
        ("segment", handle), ("offset", u64), ("stride", i64 * DIMENSIONS_MAX),
        ("dtype", u32), ("reserved", u32),
    ]  # fmt: skip


class Batch(ctypes.Structure):
    _fields_ = [
        ("kernel", handle), ("dimensions", u32), ("operand_count", u32),
        ("shape", ctypes.POINTER(u64)), ("operands", ctypes.POINTER(Operand)),
        ("tag", u64), ("flags", u32), ("reserved", u32),
    ]  # fmt: skip


class Completion(ctypes.Structure):
    _fields_ = [
        ("tag", u64), ("status", i32), ("threads", u32), ("elements", u64), ("failed", u64),
        ("first_failed", u64), ("queued_ns", u64), ("run_ns", u64), ("compile_ns", u64),
        ("tiles", u32), ("strategy", u32), ("vector_width", u32), ("reserved", u32),
        ("message", ctypes.c_char * ERROR_TEXT_BYTES),
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
    "lanes_segment_create": (i32, [handle, u64, ctypes.POINTER(handle), ctypes.POINTER(Error)]),
    "lanes_segment_data": (handle, [handle]),
    "lanes_segment_release": (None, [handle]),
    "lanes_kernel_load": (i32, [handle, text, ctypes.c_size_t, handle, ctypes.POINTER(handle),
                                ctypes.POINTER(Error)]),
    "lanes_kernel_compile_ns": (u64, [handle]),
    "lanes_kernel_release": (None, [handle]),
    "lanes_submit": (i32, [handle, ctypes.POINTER(Batch), ctypes.POINTER(Error)]),
    "lanes_wait": (i32, [handle, u64, ctypes.POINTER(Completion), ctypes.POINTER(Error)]),
    "lanes_run": (i32, [handle, ctypes.POINTER(Batch), ctypes.POINTER(Completion),
                        ctypes.POINTER(Error)]),
}  # fmt: skip


def library(build):
    """liblanes.so of a build tree, with prototypes."""
    loaded = ctypes.CDLL(os.path.join(build, "lib", "liblanes.so"))
    for name, (result, arguments) in PROTOTYPES.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    return loaded


class LanesError(RuntimeError):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Array:
    """A segment that holds one f8 array; data is a NumPy view of it."""

    def __init__(self, session, count):
        self.session = session
        self.segment = handle()
        session.call("lanes_segment_create", session.handle, max(count, 1) * 8,
                     ctypes.byref(self.segment))  # fmt: skip
        address = session.lib.lanes_segment_data(self.segment)
        self.data = np.frombuffer((ctypes.c_double * count).from_address(address))

    def release(self):
        """Unmap; self.data and its views must not be used any more."""
        self.data = None
        self.session.lib.lanes_segment_release(self.segment)


class Kernel:
    def __init__(self, session, ir):
        self.session = session
        self.handle = handle()
        ir = ir.encode()
        session.call("lanes_kernel_load", session.handle, ir, len(ir), None,
                     ctypes.byref(self.handle))  # fmt: skip
        self.compile_ns = session.lib.lanes_kernel_compile_ns(self.handle)

    def batch(self, *arrays, start=0, count=None, tag=0):
        """A batch over elements [start, start + count) of arrays, inputs first."""
        count = arrays[0].data.size - start if count is None else count
        operands = (Operand * len(arrays))()
        for operand, array in zip(operands, arrays):
            operand.segment = array.segment
            operand.offset = 8 * start
            operand.stride[0] = 8
            operand.dtype = DTYPE_F8
        # ctypes keeps what the pointers refer to alive.
        return Batch(kernel=self.handle, dimensions=1, operand_count=len(arrays),
                     shape=ctypes.pointer(u64(count)), operands=operands, tag=tag)  # fmt: skip

    def run(self, *arrays, **options):
        return self.session.run(self.batch(*arrays, **options))

    def release(self):
        self.session.lib.lanes_kernel_release(self.handle)


class Session:
    """Private executor unless socket names one."""

    def __init__(self, lib, socket=None, threads=0):
        self.lib = lib
        self.error = Error()
        self.handle = handle()
        options = OpenOptions()
        lib.lanes_open_options_default(ctypes.byref(options))
        options.flags = OPEN_NO_PRIVATE if socket else OPEN_PRIVATE
        options.socket = socket.encode() if socket else None
        options.threads = threads
        self.call("lanes_open", ctypes.byref(options), ctypes.byref(self.handle))
        self.executor_pid = lib.lanes_executor_pid(self.handle)
        self.threads = lib.lanes_executor_threads(self.handle)

    def call(self, name, *arguments):
        status = getattr(self.lib, name)(*arguments, ctypes.byref(self.error))
        if status < 0:
            code = self.lib.lanes_status_name(status).decode()
            message = self.error.message.decode(errors="replace")
            raise LanesError(status, f"{name}: {code}: {message}")

    def array(self, count):
        return Array(self, count)

    def load(self, ir):
        return Kernel(self, ir)

    def run(self, batch):
        """Submit and wait; raises LanesError if the batch failed."""
        completion = Completion()
        self.call("lanes_run", self.handle, ctypes.byref(batch), ctypes.byref(completion))
        return completion

    def submit(self, batch):
        self.call("lanes_submit", self.handle, ctypes.byref(batch))

    def wait(self):
        """The next completion, whatever its status."""
        completion = Completion()
        self.call("lanes_wait", self.handle, FOREVER_NS, ctypes.byref(completion))
        return completion

    def close(self):
        self.lib.lanes_close(self.handle)
        self.handle = handle()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def default_build():
    """The build tree benches use unless told otherwise."""
    root = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
    return os.environ.get("LANES_BUILD_DIR") or os.path.join(root, "build", "bench")


def refuse_debug(build, is_allowed):
    """Ends the program if the tree's build type is Debug."""
    with open(os.path.join(build, "CMakeCache.txt"), encoding="utf-8") as cache:
        if "CMAKE_BUILD_TYPE:STRING=Debug\n" in cache and not is_allowed:
            sys.exit(f"{build} is a Debug build, its numbers mean nothing; pass --force")
