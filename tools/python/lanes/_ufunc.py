# SPDX-License-Identifier: Apache-2.0
"""Kernels as NumPy's users know them: objects that behave as ufuncs do."""
import hashlib

import numpy

from . import _batch, _errstate, _memory, _override, _reduce, _resolve, _shape
from ._address import address_of
from ._arguments import bind
from ._client import default_client
from ._future import Batch, wait_with_progress
from ._job import Job, Options

_ndarray = numpy.ndarray
_F8 = numpy.dtype("f8")
# Of prepared calls that a ufunc keeps, one for each combination of layouts.
_PLANS_MAX = 64
_REORDERABLE = "reorderable"


def check_identity(identity):
    """Refuses what is no identity: a number, None or ``'reorderable'`` is one."""
    if identity is None or identity == _REORDERABLE or isinstance(identity, (int, float, complex, numpy.generic)):
        return identity
    raise ValueError(f"identity is {identity!r}; it is a number, None or 'reorderable'")


def _letters(loop):
    return "".join(d.char for d in loop.inputs) + "->" + "".join(d.char for d in loop.outputs)


class _Plan:
    """A call of arrays of certain dtypes, shapes and strides, ready to be submitted again.

    Attributes
    ----------
    call : Call
    client : int
        Number of the client that submits it; under another one's lock nothing is changed.
    shape : tuple
    allocate : list of numpy.dtype
        Of outputs that the call makes; [] if the last argument is the output.
    extents : list of (int, int)
        First byte of each operand, and the one behind its last, from its address.
    """

    __slots__ = ("call", "client", "shape", "allocate", "extents", "kernel", "is_in_place")

    def overlaps(self, addresses):
        """True if the output, the last operand, may share memory with an input, but for
        being exactly one."""
        first, behind = self.extents[-1]
        out = addresses[-1]
        low, high = out + first, out + behind
        for address, (first, behind), same in zip(addresses, self.extents, self.is_in_place):
            if address + first < high and low < address + behind and not (same and address == out):
                return True
        return False


def _layout_of(operand, shape):
    return operand.dtype, operand.stride[: len(shape)]


def _extent(operand, shape):
    """First byte of an operand, and the one behind its last, from its address."""
    first, behind = 0, _batch.ITEM_BYTES[operand.dtype]
    for stride, count in zip(operand.stride, shape):
        reach = stride * (count - 1)
        first, behind = (first + reach, behind) if reach < 0 else (first, behind + reach)
    return first, behind


def _rebuild(state, module, qualname):
    """A Ufunc out of a pickle."""
    loops = [_resolve.Loop(inputs, outputs, kernel) for inputs, outputs, kernel in state.pop("loops")]
    options = state.pop("options")
    made = Ufunc(state.pop("name"), loops, **state)
    made._defaults = options
    made.__module__, made.__qualname__ = module, qualname
    return made


class Ufunc:
    """A kernel, or several for different dtypes, that behaves as a NumPy ufunc.

    Made by :func:`lanes.vectorize`, :func:`lanes.from_ir`, :func:`lanes.from_cfunc`,
    :func:`lanes.from_c` and :func:`lanes.elementwise`.

    Attributes
    ----------
    nin, nout, nargs : int
        Number of inputs, of outputs and of both.
    types : list of str
        Loops that there are, such as ``'dd->d'``, in the order in which they are tried.
    ntypes : int
    identity : object
        Of reductions: a number; None: there is none, and the order counts.
    signature : str or None
        As of generalized ufuncs, if inputs are rows: ``'(n)->()'``.

    Notes
    -----
    Called, it takes ``out where casting order dtype subok signature`` as NumPy's ufuncs do,
    and of lanes itself ``errors deadline seed priority params``: see :meth:`submit`.

    Any thread may call it. It is pickled with its kernels' IR, and with the function that
    it compiles, if it does; equal and hashed by these.
    """

    def __init__(self, name, loops, *, nin, nout, identity=None, doc=None, errors="raise",
                 client=None, compiler=None, function=None):  # fmt: skip
        self.__name__ = self.__qualname__ = name
        self.__doc__ = doc if doc is not None else f"{name}: a kernel of lanes."
        self.__module__ = getattr(function, "__module__", None) or __name__
        if function is not None:
            self.__qualname__ = getattr(function, "__qualname__", name)
            self.__wrapped__ = function
        self.nin = nin
        # Of a function that was not compiled yet nobody knows; most have one.
        self._nout = nout
        self._identity = check_identity(identity)
        self._loops = list(loops)
        self._defaults = Options(errors=errors)
        self._client = client
        self._compiler = compiler
        self._plans = {}
        self._token = None

    # ---- What a ufunc tells of itself ------------------------------------------------

    @property
    def nout(self):
        return 1 if self._nout is None else self._nout

    @property
    def nargs(self):
        return self.nin + self.nout

    @property
    def types(self):
        return [_letters(loop) for loop in self._loops]

    @property
    def ntypes(self):
        return len(self._loops)

    @property
    def identity(self):
        return None if self._identity is _REORDERABLE else self._identity

    @property
    def is_reorderable(self):
        """True if reductions may go along several axes."""
        return self._identity is not None

    @property
    def signature(self):
        if not any(self._rows):
            return None
        cores, letters = [], iter("nmklpqrstuvwabcd")
        for row in self._rows:
            cores.append(f"({next(letters)})" if row else "()")
        return f"{','.join(cores)}->{','.join(['()'] * self.nout)}"

    @property
    def _rows(self):
        return self._loops[0].payload.signature.rows if self._loops else (False,) * self.nin

    @property
    def client(self):
        """The :class:`lanes.Client` that runs it."""
        return self._client or default_client()

    @property
    def kernels(self):
        """The :class:`Kernel` of each of `types`."""
        return [loop.payload for loop in self._loops]

    def __repr__(self):
        return f"<lanes.Ufunc '{self.__name__}'>"

    def __reduce__(self):
        state = {
            "name": self.__name__, "loops": [(l.inputs, l.outputs, l.payload) for l in self._loops],
            "nin": self.nin, "nout": self._nout, "identity": self._identity, "doc": self.__doc__,
            "options": self._defaults, "compiler": self._compiler,
        }  # fmt: skip
        return _rebuild, (state, self.__module__, self.__qualname__)

    def _content(self):
        """A hash of what it computes."""
        if self._token is None:
            parts = [self.__name__, self.nin, repr(self._identity), self._defaults.content()]
            if self._compiler is not None:
                parts.append(self._compiler.token())
            else:
                parts += [loop.payload.key for loop in self._loops]
            self._token = hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()
        return self._token

    def __eq__(self, other):
        if not isinstance(other, Ufunc):
            return NotImplemented
        return self is other or self._content() == other._content()

    def __hash__(self):
        return hash(self._content())

    def __dask_tokenize__(self):
        return "lanes.Ufunc", self._content()

    # ---- Calls -----------------------------------------------------------------------

    def __call__(self, *args, **kwargs):
        if kwargs:
            out = kwargs.get("out")
            if len(kwargs) > 1 or type(out) is not _ndarray or len(args) != self.nin:
                return self._call(args, kwargs)
            args = (*args, out)
        # The layouts of a call before decide what is done, up to addresses.
        layout = []
        for a in args:
            if type(a) is _ndarray:
                layout += (a.dtype, a.shape, a.strides)
            else:
                layout.append(type(a))
        plan = self._plans.get(tuple(layout))
        if plan is None:
            return self._call(args, {})
        return self._repeat(plan, args)

    def _repeat(self, plan, args):
        """A call of which there is a plan, in a few microseconds."""
        addresses, made = [], []
        for a in args:
            if type(a) is not _ndarray:  # a number among arrays of f8
                a = _memory.arena().call(numpy.array, a, _F8)
                made.append(a)
            addresses.append(address_of(a))
        if plan.allocate:
            outputs = []
            for dtype in plan.allocate:
                out = _memory.arena().empty(plan.shape, dtype)
                addresses.append(address_of(out))
                outputs.append(out)
        else:
            outputs = args[self.nin :]
            # Addresses of the call before overlap as little as they did.
            if not outputs[0].flags.writeable or (
                addresses != plan.call.addresses and plan.overlaps(addresses)
            ):
                return self._call(args, {})
        client = self._client or default_client()
        if client.number != plan.client:
            return self._call(args, {})
        try:
            completion = client.run(plan.call, addresses, _errstate.wanted(), keep=(args, made, outputs))
        except _memory.NotShared:
            return self._call(args, {})
        if completion is not None:
            inputs = [numpy.asarray(a) for a in args[: self.nin]]
            _batch.settle(client.library, plan.kernel, completion, self.__name__, plan.shape, inputs)
        return outputs[0] if len(outputs) == 1 else tuple(outputs)

    def _call(self, args, kwargs, is_async=False):
        """Any call, as NumPy would do it."""
        options, kwargs = self._own_options(kwargs)
        asked = self if options is self._defaults else self._with_defaults(options)
        done = _override.find_override(asked, "__call__", args, kwargs)
        if done is not NotImplemented:
            return done
        inputs, out, given = bind(self, "__call__", args, kwargs)
        arrays = [numpy.asarray(value) for value in inputs]
        targets = _shape.output_arrays(out, self.nout)
        where = _shape.where_array(given.get("where", True))
        _shape.check_options(given, out)
        loop = self._loop_for(inputs, arrays, targets, given)
        if self._nout is None:
            self._nout = len(loop.outputs)
            targets = _shape.output_arrays(out, self._nout)
        subok = given.get("subok", True)
        as_arrays = out is Ellipsis
        out = None if as_arrays else out
        rows = loop.payload.signature.rows
        allocate = _memory.arena().call
        shape, results = _shape.broadcast(
            [a[..., 0] if row else a for a, row in zip(arrays, rows)], targets, where, loop.outputs,
            order=given.get("order", "K"), allocate=allocate,
        )  # fmt: skip
        results = _override.prepare_outputs(self, results, inputs, out, subok)
        client = self.client
        job = None
        if 0 not in shape:
            targets = [numpy.asarray(r) for r in results]
            job = Job(self.__name__, loop.payload, arrays, targets, shape, where, options)

        def deliver():
            value = _override.wrap_outputs(self, results, inputs, out, subok, as_arrays)
            if options.errors != "mask":
                return value
            mask = numpy.zeros(shape, bool) if job is None else job.mask
            return (*value, mask) if self.nout > 1 else (value, mask)

        if job is None:
            if is_async:
                return Batch.finished(client, deliver())
            return deliver()
        if is_async:
            return Batch(client, job, deliver).start()
        completion = client.run(job.call, job.addresses, job.flags, keep=job)
        job.finish(client.library, completion)
        if options is self._defaults and not given:
            self._remember(args, job, results, out)
        return deliver()

    def _with_defaults(self, options):
        """This kernel with other options: what others are given who call it in its place."""
        made = Ufunc.__new__(Ufunc)
        made.__dict__.update(self.__dict__, _defaults=options, _plans={}, _token=None)
        return made

    def _dtypes_of_results(self, inputs, given):
        """Of what a call would return, without calling it."""
        arrays = [numpy.asarray(value) for value in inputs]
        loop = self._loop_for(inputs, arrays, _shape.output_arrays(None, self.nout), given)
        self._nout = len(loop.outputs)
        return [*loop.outputs, *([numpy.dtype(bool)] if self._defaults.errors == "mask" else [])]

    def _loop_for(self, inputs, arrays, out, given, **more):
        """The loop that does a call; made, if none of those that there are fits."""
        chosen = {key: given[key] for key in ("casting", "dtype", "signature") if key in given}
        chosen.update(name=self.__name__, nout=self._nout, arrays=arrays, ufunc=self, **more)
        is_open = self._compiler is not None and "signature" not in given
        if is_open and "dtype" not in given and hasattr(self._compiler, "complete"):
            values = [v if isinstance(v, (int, float, complex)) else a for v, a in zip(inputs, arrays)]
            self._loops = self._compiler.complete(self._loops, values)
        loop = _resolve.find_loop(self._loops, inputs, out, missing_ok=is_open, **chosen)
        if loop is None:
            loop = self._compile([array.dtype.newbyteorder("=") for array in arrays])
            if loop is None or "dtype" in given:
                loop = _resolve.find_loop(self._loops, inputs, out, **chosen)
        return loop

    def _compile(self, dtypes):
        """Make a loop for these dtypes; None if there can be none."""
        kernel = self._compiler(dtypes)
        if kernel is None:
            return None
        loop = _resolve.Loop(kernel.signature.inputs, kernel.signature.outputs, kernel)
        if self._nout not in (None, len(loop.outputs)):
            raise TypeError(
                f"{self.__name__} has {len(loop.outputs)} results for {_letters(loop)} and "
                f"{self._nout} for {self.types[0]}; it can have only one number of results"
            )
        self._loops.append(loop)
        return loop

    def add(self, signature):
        """Make a loop now: ``add("f8(f8,f8)")``, or with a tuple of Numba's types.

        Raises
        ------
        RuntimeError
            The loops were given to begin with, or :meth:`disable_compile` was called.
        """
        from . import _numba

        if self._compiler is None:
            raise RuntimeError(f"compilation disabled for {self!r}")
        for types in _numba.signature_types(signature):
            if not any(loop.inputs == types.inputs for loop in self._loops):
                self._compile(types)

    def disable_compile(self):
        """Let there be no more loops than there are."""
        if not self._loops:
            raise RuntimeError(f"{self.__name__} has no loop yet: call it, or add() one, first")
        self._compiler = None
        self._token = None

    def _remember(self, args, job, results, out):
        """Keep a plan of a call, if what it did depends on its arguments' layouts only."""
        plain = all(type(a) is _ndarray or (type(a) is float and self._all_f8(args)) for a in args)
        if not plain or not job.is_direct or not job.shape or len(job.shape) > 8:
            return
        if any(r.shape != job.shape or type(r) is not _ndarray for r in results):
            return
        if out is None and not all(r.flags.c_contiguous for r in results):
            return
        if out is not None and (self.nout != 1 or len(args) != self.nargs):
            return
        plan = _Plan()
        plan.call, plan.kernel, plan.shape = job.call, job.kernel, job.shape
        plan.client = self.client.number
        plan.allocate = [] if out is not None else [r.dtype for r in results]
        operands = list(job.call.operands)
        plan.extents = [_extent(o, job.shape) for o in operands]
        last = _layout_of(operands[-1], job.shape)
        plan.is_in_place = [_layout_of(o, job.shape) == last for o in operands[:-1]]
        layout = []
        for a in args:
            if type(a) is _ndarray:
                layout += (a.dtype, a.shape, a.strides)
            else:
                layout.append(float)
        if len(self._plans) >= _PLANS_MAX:
            self._plans.clear()
        self._plans[tuple(layout)] = plan

    def _all_f8(self, args):
        """True if a Python float cannot change which loop does a call."""
        return all(a.dtype == _F8 for a in args if type(a) is _ndarray) and any(
            type(a) is _ndarray for a in args
        )

    def submit(self, *args, **kwargs):
        """Start a call and return at once.

        Takes what a call takes, and so does a call take these:

        Parameters
        ----------
        errors : {'raise', 'mask', 'ignore'}
            What becomes of elements for which the callback raises. They keep their old
            output. ``'raise'`` raises the exception of the first one; ``'mask'`` returns an
            array of bool as one more output, true where it raised; ``'ignore'`` says nothing.
        deadline : float
            Seconds, compiling and waiting included, after which :class:`DeadlineExceeded` is
            raised.
        seed : int
            Of ``np.random`` in the callback; equal seeds give equal results.
        priority : {'normal', 'low', 'high'}
        params : bytes or array
            The params block of callbacks that take one (SciPy's ``user_data``).

        Returns
        -------
        Batch
            A ``concurrent.futures.Future`` that can be awaited.
        """
        return self._call(args, kwargs, is_async=True)

    def with_progress(self, *args, **kwargs):
        """A call that shows how far it is, by tqdm if that is installed, after 0.5 s."""
        return wait_with_progress(self.submit(*args, **kwargs), self.__name__)

    def _own_options(self, kwargs):
        """(what lanes adds to keywords, the others)."""
        own = {key: kwargs[key] for key in Options.NAMES if key in kwargs}
        if not own:
            return self._defaults, kwargs
        kwargs = {key: value for key, value in kwargs.items() if key not in own}
        return Options(**{"errors": self._defaults.errors, **own}), kwargs

    def reduce(self, *args, **kwargs):
        """``reduce(array, axis=0, dtype=None, out=None, keepdims=False, initial=<no value>,
        where=True)``, as NumPy's ufuncs have it, on all threads.

        The kernel is to be associative: elements are combined in an order that depends on the
        shape only. Along several axes only with an `identity`.
        """
        options, kwargs = self._own_options(kwargs)
        return _reduce.reduce(self, args, kwargs, options)

    def accumulate(self, *args, **kwargs):
        """``accumulate(array, axis=0, dtype=None, out=None)``, as NumPy's ufuncs have it.

        The kernel is to be associative.
        """
        options, kwargs = self._own_options(kwargs)
        return _reduce.accumulate(self, args, kwargs, options)

    def outer(self, *args, **kwargs):
        """``outer(A, B, /, **kwargs)``: of each element of A with each of B."""
        return _reduce.outer(self, args, kwargs)

    def at(self, *args, **kwargs):
        """Refused: what several threads add to one element has no order."""
        done = _override.find_override(self, "at", args, kwargs)
        if done is not NotImplemented:
            return done
        _shape.refuse_at(self.__name__)

    def reduceat(self, *args, **kwargs):
        """Refused."""
        done = _override.find_override(self, "reduceat", args, kwargs)
        if done is not NotImplemented:
            return done
        _shape.refuse_reduceat(self.__name__)

    def inspect(self, *types, measure=False):
        """Whether and how it vectorizes, why not, and what to change.

        Parameters
        ----------
        *types : dtype, array or signature, optional
            Of the loop: one for each input. Default: each loop that there is.
        measure : bool
            Run it, on the arrays or else on made-up numbers, and compare with what the
            machine's memory allows.

        Returns
        -------
        Report
        """
        from ._report import inspect_ufunc

        return inspect_ufunc(self, *types, measure=measure)
