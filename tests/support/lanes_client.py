# SPDX-License-Identifier: Apache-2.0
"""A client of lanes in Python, for tests: arrays are copied, exceptions come back.

    with Session() as session:
        kernel = session.load(ir)                  # bytes of IR text or bitcode
        outputs, done = kernel.run(x, y)           # NumPy arrays and numbers in
        done.exception()                           # what element done.first_failed raised

The library is that of $LANES_BUILD_DIR. One thread only.
"""
import ctypes
import json
import os
import pathlib
import sys

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "python"))
from lanes import _errors, _library as lanes  # noqa: E402  pylint: disable=wrong-import-position
from lanes import LanesError  # noqa: E402,F401  for tests
from lanes._errors import CutText  # noqa: E402,F401  for tests

# Code that an earlier run left on disk is not what a test is about. Private executors
# inherit it.
os.environ.setdefault("LANES_CACHE_FOLDER", "none")


class Completion:
    """The outcome of a batch; attributes as in lanes/batch.h."""

    def __init__(self, library, ir, shared):
        self._library = library
        self._ir = ir
        self._raised = shared.raised
        for name in ("status", "threads", "elements", "failed", "first_failed", "run_ns",
                     "tiles", "vector_width", "fp_raised", "fp_first"):
            setattr(self, name, getattr(shared, name))
        self.status_name = library.lanes_status_name(shared.status).decode()
        self.message = shared.message.decode()
        self.raised_kind = shared.raised.kind
        self.raised_node = shared.raised.node

    def pickle(self):
        """The bytes of the exception's pickle, out of the IR that was submitted."""
        return _errors.payload(self._library, self._raised, self._ir)

    def arguments(self):
        """Values that the failing element put into its exception."""
        return _errors.raised_arguments(self._raised)

    def exception(self):
        """The exception of element first_failed; None if nothing failed."""
        if self.raised_kind == 0:
            return None
        return _errors.raised_exception(self._library, self._raised, self._ir, self.message)


class Kernel:
    """A loaded callback, or several that are fused; ir is a list of the IR of each."""

    def __init__(self, session, handle, ir):
        self._session = session
        self._library = session._library
        self._handle = handle
        self._ir = ir
        count = self._library.lanes_kernel_input_count(handle)
        total = count + self._library.lanes_kernel_output_count(handle)
        names = [lanes.DTYPES[self._library.lanes_kernel_dtype(handle, k)] for k in range(total)]
        self.inputs = [numpy.dtype(n) for n in names[:count]]
        self.outputs = [numpy.dtype(n) for n in names[count:]]
        self.rows = [bool(self._library.lanes_kernel_is_row(handle, k))
                     for k in range(count)]
        self.has_params = bool(self._library.lanes_kernel_has_params(handle))
        self.params_bytes = self._library.lanes_kernel_params_bytes(handle)

    def report(self):
        text = ctypes.c_void_p()
        lanes.check(self._library, "lanes_kernel_report", self._handle,
                    ctypes.byref(text))
        try:
            return json.loads(ctypes.string_at(text))
        finally:
            ctypes.CDLL(None).free(text)

    def run(self, *inputs, out=None, errors="raise", seed=0, params=None, deadline_ns=0):
        """Apply to arrays (one element each), rows (last axis) and numbers (every element).

        out: initial contents of the outputs, a list of arrays; default zeros. With
        errors="mask" the last output is the mask.
        Returns (list of outputs, Completion), whatever the completion's status; a batch
        that could not be submitted raises LanesError.
        """
        if len(inputs) != len(self.inputs):
            raise TypeError(f"{len(self.inputs)} inputs, not {len(inputs)}")
        arrays = []
        shape = ()
        for value, dtype, is_row in zip(inputs, self.inputs, self.rows):
            array = numpy.ascontiguousarray(value, dtype).reshape(numpy.shape(value))
            own = array.shape[:-1] if is_row else array.shape
            shape = own if own != () else shape
            arrays.append(array)
        kinds = list(self.outputs) + ([numpy.dtype("?")] if errors == "mask" else [])
        results = [numpy.zeros(shape, kind) for kind in kinds]
        for result, initial in zip(results, out or []):
            result[...] = initial
        return self._run(arrays, results, shape, errors, seed, params, deadline_ns)

    def _run(self, arrays, results, shape, errors, seed, params, deadline_ns):
        blob = b"" if params is None else numpy.asarray(params).tobytes()
        everything = arrays + results
        offsets, at = [], 0
        for array in everything:
            offsets.append(at)
            at += (array.nbytes + 63) // 64 * 64
        params_offset = at
        segment, data = self._session._segment(max(at + len(blob), 64))
        for array, offset in zip(everything, offsets):
            data[offset:offset + array.nbytes] = array.reshape(-1).view(numpy.uint8)
        data[params_offset:params_offset + len(blob)] = numpy.frombuffer(blob, numpy.uint8)
        dimensions = max(len(shape), 1)
        operands = (lanes.Operand * len(everything))()
        for k, (array, offset) in enumerate(zip(everything, offsets)):
            is_row = k < len(self.rows) and self.rows[k]
            own = array.shape[:-1] if is_row else array.shape
            strides = array.strides[:-1] if is_row else array.strides
            operands[k].segment = segment
            operands[k].offset = offset
            operands[k].dtype = lanes.dtype_code(array.dtype)
            operands[k].row_count = array.shape[-1] if is_row else 0
            for d, stride in enumerate(strides if own != () else ()):
                operands[k].stride[d] = stride
        lengths = (ctypes.c_uint64 * dimensions)(*(shape or (1,)))
        batch = lanes.Batch(kernel=self._handle, dimensions=dimensions,
                       operand_count=len(everything), shape=lengths, operands=operands,
                       errors=lanes.ERRORS[errors], seed=seed, deadline_ns=deadline_ns)
        if params is not None:
            batch.params = segment
            batch.params_offset = params_offset
            batch.params_bytes = len(blob)
        done = self._wait_for(batch)
        for array, offset in zip(results, offsets[len(arrays):]):
            array.reshape(-1).view(numpy.uint8)[:] = data[offset:offset + array.nbytes]
        return results, done

    def _wait_for(self, batch):
        shared = lanes.Completion()
        try:
            lanes.check(self._library, "lanes_run", self._session._handle,
                        ctypes.byref(batch), ctypes.byref(shared))
        except LanesError:
            if shared.status == 0:
                raise
        return Completion(self._library, self._ir, shared)

    def apply(self, memory, operands, casting="no", errors="raise", has_where=False, seed=0,
              reduce=None, axes=None, fp_report=0, fp_exact=False):
        """Run on arrays that lie in `memory` (of Session.memory()), as they lie there: any
        strides, inputs broadcast already. Returns the Completion.

        reduce: "sum" and so on, along `axes` (None: all); outputs are as spread() makes them.
        """
        shape = operands[-1].shape
        dimensions = max(len(shape), 1)
        assert all(array.shape == shape for array in operands), "operands have one shape"
        made = lanes.operands_of_views(memory.segment, memory.data, operands)
        batch = lanes.Batch(kernel=self._handle, dimensions=dimensions,
                            operand_count=len(operands),
                            shape=(ctypes.c_uint64 * dimensions)(*(shape or (1,))),
                            operands=made, errors=lanes.ERRORS[errors], seed=seed,
                            casting=lanes.CASTINGS[casting], has_where=int(has_where),
                            fp_report=fp_report, fp_exact=int(fp_exact))
        if reduce is not None:
            batch.reduce = lanes.REDUCTIONS[reduce]
            batch.reduce_axes = 2**32 - 1 if axes is None else sum(1 << axis for axis in axes)
        return self._wait_for(batch)

    def release(self):
        self._library.lanes_kernel_release(self._handle)
        self._handle = None


def spread(result, shape, axes):
    """A view of `result`, the output of a reduction, as an operand of a batch of `shape`:
    with stride 0 along `axes`, which it has not."""
    return numpy.broadcast_to(numpy.expand_dims(result, axes), shape)


def _source(source):
    return source if isinstance(source, tuple) else (lanes.FUSION_INPUT, source)


class Memory:
    """Shared memory: data is a NumPy array of its bytes."""

    def __init__(self, segment, data):
        self.segment = segment
        self.data = data


class Session:
    """A connection; by default to a private executor with `threads` threads."""

    def __init__(self, threads=0, flags=2):
        self._library = lanes.library(os.environ["LANES_BUILD_DIR"])
        options = lanes.OpenOptions()
        self._library.lanes_open_options_default(ctypes.byref(options))
        options.threads = threads
        options.flags = flags
        options.timeout_ms = 60000
        self._handle = ctypes.c_void_p()
        self._scratch = None
        lanes.check(self._library, "lanes_open", ctypes.byref(options),
                    ctypes.byref(self._handle))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._library.lanes_close(self._handle)
        self._handle = None

    def executor_pid(self):
        return self._library.lanes_executor_pid(self._handle)

    def executor_threads(self):
        return self._library.lanes_executor_threads(self._handle)

    def load(self, ir, entry=None, signature=None, convention="auto", math=0, fp=0):
        options = lanes.KernelOptions()
        self._library.lanes_kernel_options_default(ctypes.byref(options))
        options.entry = entry.encode() if entry else None
        options.signature = signature.encode() if signature else None
        options.convention = lanes.CONVENTIONS[convention]
        options.math = math
        options.fp = fp
        handle = ctypes.c_void_p()
        lanes.check(self._library, "lanes_kernel_load", self._handle, ir, len(ir),
                    ctypes.byref(options), ctypes.byref(handle))
        return Kernel(self, handle, [ir])

    def fuse(self, nodes, outputs):
        """One kernel of several: nodes are (kernel, [source of each input]), outputs are
        sources; a source is a number, that of an input, or a pair (node, output)."""
        fusion = lanes.Fusion()
        self._library.lanes_fusion_default(ctypes.byref(fusion))
        fusion.node_count = len(nodes)
        fusion.output_count = len(outputs)
        for place, source in zip(fusion.output, outputs):
            place.node, place.index = _source(source)
        for node, (kernel, inputs) in zip(fusion.node, nodes):
            node.kernel = kernel._handle
            for place, source in zip(node.input, inputs):
                place.node, place.index = _source(source)
        handle = ctypes.c_void_p()
        lanes.check(self._library, "lanes_kernel_fuse", self._handle, ctypes.byref(fusion),
                    ctypes.byref(handle))
        return Kernel(self, handle, [kernel._ir[0] for kernel, _ in nodes])

    def memory(self, size):
        """Memory for arrays that Kernel.apply() gets; lives as long as the session."""
        return Memory(*self._create(size))

    def _create(self, size):
        handle = ctypes.c_void_p()
        lanes.check(self._library, "lanes_segment_create", self._handle, size,
                    ctypes.byref(handle))
        address = self._library.lanes_segment_data(handle)
        data = numpy.ctypeslib.as_array(
            ctypes.cast(address, ctypes.POINTER(ctypes.c_uint8)), (size,))
        return handle, data

    def _segment(self, size):
        """The session's scratch segment, replaced by a larger one when needed."""
        if self._scratch is None or self._scratch[2] < size:
            if self._scratch is not None:
                self._library.lanes_segment_release(self._scratch[0])
            self._scratch = (*self._create(size), size)
        return self._scratch[0], self._scratch[1]
