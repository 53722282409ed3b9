# SPDX-License-Identifier: Apache-2.0
"""Sessions, arrays and kernels for benches: what they measure is the C API, not this.

    with Session(library("build/bench")) as session:
        x, out = (session.array(1000) for _ in range(2))
        kernel = session.load(ir_text)
        x.data[:] = 1.0
        completion = kernel.run(x, out)

Numbers are f8 unless an array is given another dtype.
"""
import ctypes
import os
import sys

import numpy as np

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tools", "python"))
from lanes._library import (  # noqa: E402  pylint: disable=wrong-import-position
    Batch, CASTINGS, Completion, FOREVER_NS, FUSION_INPUT, Fusion, KernelOptions, OPEN_NO_PRIVATE,
    OPEN_PRIVATE, OpenOptions, Operand, REDUCTIONS, Source, check, dtype_code, handle,
    operands_of_views, u64,
)  # fmt: skip
from lanes._library import KERNEL_RAISED, library  # noqa: E402,F401  for those who import this


class Array:
    """A segment that holds one array; data is a NumPy view of it."""

    def __init__(self, session, count, dtype="f8"):
        self.session = session
        self.segment = handle()
        size = count * np.dtype(dtype).itemsize
        session.call("lanes_segment_create", session.handle, max(size, 1),
                     ctypes.byref(self.segment))  # fmt: skip
        address = session.lib.lanes_segment_data(self.segment)
        self.data = np.frombuffer((ctypes.c_uint8 * size).from_address(address), dtype)

    def release(self):
        """Unmap; self.data and its views must not be used any more."""
        self.data = None
        self.session.lib.lanes_segment_release(self.segment)


class Kernel:
    def __init__(self, session, own):
        self.session = session
        self.handle = own
        self.compile_ns = session.lib.lanes_kernel_compile_ns(own)

    def batch(self, *arrays, start=0, count=None, tag=0):
        """A batch over elements [start, start + count) of arrays, inputs first."""
        count = arrays[0].data.size - start if count is None else count
        operands = (Operand * len(arrays))()
        for operand, array in zip(operands, arrays):
            operand.segment = array.segment
            size = array.data.itemsize
            operand.offset = size * start
            operand.stride[0] = size
            operand.dtype = dtype_code(array.data.dtype)
        # ctypes keeps what the pointers refer to alive.
        return Batch(kernel=self.handle, dimensions=1, operand_count=len(arrays),
                     shape=ctypes.pointer(u64(count)), operands=operands, tag=tag)  # fmt: skip

    def batch_of_views(self, memory, views, casting="no", has_where=False, reduce=None):
        """A batch over NumPy views of memory.data, with whatever strides they have.
        reduce: what is done to results, and the axes as bits; the output's strides are 0
        along those."""
        shape = views[-1].shape
        operands = operands_of_views(memory.segment, memory.data, views)
        name, axes = reduce or (None, 0)
        return Batch(kernel=self.handle, dimensions=len(shape), operand_count=len(views),
                     shape=(u64 * len(shape))(*shape), operands=operands,
                     casting=CASTINGS[casting], has_where=int(has_where),
                     reduce=REDUCTIONS.get(name, 0), reduce_axes=axes)  # fmt: skip

    def run(self, *arrays, **options):
        return self.session.run(self.batch(*arrays, **options))

    def release(self):
        self.session.lib.lanes_kernel_release(self.handle)


class Session:
    """Private executor unless socket names one."""

    def __init__(self, lib, socket=None, threads=0, timeout_ms=None):
        self.lib = lib
        self.handle = handle()
        options = OpenOptions()
        lib.lanes_open_options_default(ctypes.byref(options))
        options.flags = OPEN_NO_PRIVATE if socket else OPEN_PRIVATE
        options.socket = socket.encode() if socket else None
        options.threads = threads
        options.timeout_ms = timeout_ms or options.timeout_ms
        self.call("lanes_open", ctypes.byref(options), ctypes.byref(self.handle))
        self.executor_pid = lib.lanes_executor_pid(self.handle)
        self.threads = lib.lanes_executor_threads(self.handle)

    def call(self, name, *arguments):
        check(self.lib, name, *arguments)

    def array(self, count, dtype="f8"):
        return Array(self, count, dtype)

    def load(self, ir, signature=None):
        ir, own = ir.encode(), handle()
        options = KernelOptions()
        self.lib.lanes_kernel_options_default(ctypes.byref(options))
        options.signature = signature.encode() if signature else None
        self.call("lanes_kernel_load", self.handle, ir, len(ir), ctypes.byref(options),
                  ctypes.byref(own))  # fmt: skip
        return Kernel(self, own)

    def chain(self, kernels):
        """Kernels of two inputs as one: the first gets the two, each other one the result of
        the one before it and input 1."""
        fusion, own = Fusion(), handle()
        self.lib.lanes_fusion_default(ctypes.byref(fusion))
        fusion.node_count, fusion.output_count = len(kernels), 1
        before = Source(FUSION_INPUT, 0)
        for number, kernel in enumerate(kernels):
            fusion.node[number].kernel = kernel.handle
            fusion.node[number].input[:2] = before, Source(FUSION_INPUT, 1)
            before = Source(number, 0)
        fusion.output[0] = before
        self.call("lanes_kernel_fuse", self.handle, ctypes.byref(fusion), ctypes.byref(own))
        return Kernel(self, own)

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
