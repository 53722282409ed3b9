# SPDX-License-Identifier: Apache-2.0
"""One call of a kernel on arrays: what is submitted, and what follows when it has run."""
import numbers

import numpy

from . import _batch, _errstate, _library, _memory, _shape
from ._address import address_of

PRIORITIES = {"normal": 0, "low": 1, "high": 2}


class Options:
    """What lanes adds to a ufunc's keywords.

    Attributes
    ----------
    errors : {'raise', 'mask', 'ignore'}
    deadline : float or None
        Seconds from the call on, compiling and waiting included.
    seed : int
        Of ``np.random`` in callbacks.
    priority : {'normal', 'low', 'high'}
    params : bytes-like, array or None
        The params block of callbacks that take one.
    """

    __slots__ = ("errors", "deadline", "seed", "priority", "params")
    NAMES = frozenset(__slots__)

    def __init__(self, errors="raise", deadline=None, seed=0, priority="normal", params=None):
        if errors not in _library.ERRORS:
            raise ValueError(f"errors is {errors!r}; there are 'raise', 'mask' and 'ignore'")
        if priority not in PRIORITIES:
            raise ValueError(f"priority is {priority!r}; there are 'normal', 'low' and 'high'")
        if deadline is not None and not (isinstance(deadline, numbers.Real) and deadline > 0):
            raise ValueError(f"deadline is {deadline!r}; it is a positive number of seconds, or None")
        self.errors, self.deadline, self.seed = errors, deadline, seed
        self.priority, self.params = priority, params

    def content(self):
        """What decides what a call gives."""
        params = None if self.params is None else self._block().tobytes()
        return self.errors, self.deadline, self.seed, self.priority, params

    def _block(self):
        if isinstance(self.params, (bytes, bytearray, memoryview)):
            return numpy.frombuffer(self.params, numpy.uint8)
        return numpy.asarray(self.params)

    def apply(self, call):
        """Set them in a call's batch. Returns the params block in shared memory, or None."""
        batch = call.batch
        batch.errors = _library.ERRORS[self.errors]
        # 0 means none, and so does what is some hundred years from now.
        batch.deadline_ns = 0 if self.deadline is None else int(min(max(1, self.deadline * 1e9), 2.0**63))
        batch.seed = self.seed & (2**64 - 1)
        batch.priority = PRIORITIES[self.priority]
        if self.params is not None:
            block = _memory.arena().call(numpy.array, self._block(), order="C", copy=True)
            call.params = address_of(block)
            batch.params_bytes = block.nbytes
            return block
        return None


class Job:
    """A kernel on arrays of one shape.

    Parameters
    ----------
    inputs, outputs : list of numpy.ndarray
        Inputs broadcast to `shape`; outputs have it. Anywhere in memory; what has to be in
        shared memory is staged here.
    where : numpy.ndarray or None
        Of bool, broadcasts to `shape`.

    Outputs that overlap inputs, `where` or each other are computed elsewhere and copied.
    """

    __slots__ = ("name", "kernel", "inputs", "outputs", "shape", "call", "addresses", "flags",
                 "mask", "_back", "_keep", "_is_direct", "_where")  # fmt: skip

    def __init__(self, name, kernel, inputs, outputs, shape, where, options):
        self.name, self.kernel, self.shape = name, kernel, shape
        self.outputs = outputs
        signature = kernel.signature
        staged = {}
        for k, (array, dtype) in enumerate(zip(inputs, signature.inputs)):
            if id(array) not in staged:
                staged[id(array)] = _batch.stage_input(array, dtype, f"input {k} of {name}")
        self.inputs = [staged[id(array)] for array in inputs]
        self._back = []
        self._where = True if where is None else where
        # Those that are to be computed elsewhere, as they overlap something.
        apart = _shape.temporaries(inputs, outputs, where)
        targets = []
        for k, (array, dtype) in enumerate(zip(outputs, signature.outputs)):
            target = None
            if k not in apart:
                target = _batch.stage_output(array, dtype, f"output {k} of {name}")
            targets.append(self._stage(array, dtype) if target is None else target)
        if where is not None:
            where = _batch.share(where, f"where of {name}")
        self.mask = _memory.empty(shape, bool) if options.errors == "mask" else None
        mask = self.mask
        if len(shape) > _library.DIMENSIONS_MAX:
            self.inputs, flat, where = _batch.flatten(self.inputs, targets, where, signature.rows)
            self._back[:0] = [(t, f.reshape(shape)) for t, f in zip(targets, flat)]
            targets = flat
            mask = None if mask is None else mask.reshape(-1)
            shape = (int(numpy.prod(shape)),)
        self.call, self.addresses = _batch.make_call(kernel, self.inputs, targets, shape, where, mask)
        self.flags = _errstate.wanted()
        self._is_direct = (
            not self._back and where is None and mask is None
            and all(a is b or not a.ndim for a, b in zip(inputs, self.inputs))
        )  # fmt: skip
        # Until the batch has ended.
        self._keep = [self.inputs, targets, where, mask, options.apply(self.call)]

    @property
    def is_direct(self):
        """True if all operands were used where they are, in the order of the call."""
        return self._is_direct

    def _stage(self, array, dtype):
        """A copy of an output; elements that are not computed keep what is in it."""
        native = array.dtype.newbyteorder("=")
        kind = native if _batch.can_store(native, dtype) else dtype
        target = _memory.arena().call(array.astype, kind, order="K", copy=True, subok=False)
        self._back.append((array, target))
        return target

    def finish(self, library, completion):
        """Copy back, raise and warn. `completion` None: all is well."""
        for array, target in self._back:
            numpy.copyto(array, target, casting="unsafe", where=self._where)
        if completion is not None:
            _batch.settle(library, self.kernel, completion, self.name, self.shape, self.inputs)
