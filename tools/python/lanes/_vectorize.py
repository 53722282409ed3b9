# SPDX-License-Identifier: Apache-2.0
"""``lanes.vectorize``: a drop-in for ``numba.vectorize``."""
import hashlib
import pickle

from . import _kernel, _numba, _signature
from ._resolve import Loop
from ._ufunc import Ufunc, check_identity

_TARGETS = ("cpu", "parallel")


class NumbaCompiler:
    """Makes kernels of a Python function, for the dtypes that it is called with."""

    def __init__(self, function, options, math, fp):
        self._function = function
        self._pickled = None
        self._options = options
        self._math = math
        self._fp = fp

    @property
    def function(self):
        if self._function is None:
            found = pickle.loads(self._pickled)
            # By reference, the decorated name is what was found.
            self._function = getattr(found, "__wrapped__", found)
        return self._function

    def __call__(self, dtypes):
        compiled = _numba.compile(self.function, dtypes, **self._options)
        signature = _signature.Signature(compiled.inputs, compiled.outputs)
        return _kernel.kernel(compiled.ir, signature, compiled.entry, "numba", self._math, self._fp)

    def _dump(self):
        if self._pickled is None:
            self._pickled = _numba.cloudpickle().dumps(self._function)
        return self._pickled

    def token(self):
        """Names what it makes."""
        parts = repr((sorted(self._options.items(), key=str), self._math, self._fp)).encode()
        return hashlib.blake2b(self._dump() + parts, digest_size=16).hexdigest()

    def __getstate__(self):
        self._dump()
        return {
            "_function": None, "_pickled": self._pickled, "_options": self._options,
            "_math": self._math, "_fp": self._fp,
        }  # fmt: skip


def _refuse(option, value, why):
    raise TypeError(f"vectorize() cannot honour {option}={value!r}: {why}")


def vectorize(ftylist_or_function=(), *, identity=None, target="cpu", nopython=True, forceobj=False,
              cache=False, fastmath=False, locals=None, boundscheck=None, error_model="numpy",
              math="vector", errors="raise", name=None, client=None):  # fmt: skip
    """Make a ufunc of a function of scalars: a drop-in for ``numba.vectorize``.

    Parameters
    ----------
    ftylist_or_function : function, str, signature or list of these
        The function, if it is used as a bare decorator: then a loop is compiled for each
        combination of dtypes that no loop fits yet. Or the signatures to compile at once,
        in the order in which NumPy's rules try them: ``"f8(f8,f8)"``.
    identity : {0, 1, None, 'reorderable'} or number
        Of reductions. ``None``: they have none, and go along one axis only;
        ``'reorderable'``: none, along any axes.
    target : {'cpu', 'parallel'}
        The same here: all threads of the executor.
    nopython, cache
        For compatibility: there is no object mode, and code is always cached, by content.
    fastmath : bool or set of str
        As Numba's.
    error_model : {'numpy', 'python'}
        What division by zero does: ``'python'`` raises ZeroDivisionError.
    boundscheck : bool, optional
        Whether indices out of range raise.
    math : {'vector', 'exact'}
        ``'vector'``: at most 4 ulp; ``'exact'``: scalar libm.
    errors : {'raise', 'mask', 'ignore'}
        What becomes of elements for which the function raises: see :meth:`Ufunc.submit`.
    name : str, optional
        Default: the function's.
    client : Client, optional
        Default: the process's.

    Returns
    -------
    Ufunc or decorator

    Examples
    --------
    >>> import lanes
    >>> @lanes.vectorize
    ... def area(width, height):
    ...     if width < 0:
    ...         raise ValueError("negative width", width)
    ...     return width * height
    """
    if target not in _TARGETS:
        _refuse("target", target, "lanes runs on CPUs, for which there are 'cpu' and 'parallel'")
    if forceobj or not nopython:
        option = ("forceobj", True) if forceobj else ("nopython", False)
        _refuse(*option, "kernels run in a process without Python; rewrite what needs objects")
    if locals:
        _refuse("locals", locals, "give types to values in the function instead, as np.float32(x)")
    check_identity(identity)
    options = {"error_model": error_model, "fastmath": fastmath}
    if boundscheck is not None:
        options["boundscheck"] = boundscheck
    fp = _kernel.fp_bits(fastmath)
    if math not in _kernel.MATH:
        raise ValueError(f"math is {math!r}; there are 'vector' and 'exact'")

    def make(function, signatures):
        if not callable(function) or not hasattr(function, "__name__"):
            raise TypeError(f"vectorize() needs a function, not {type(function).__name__}")
        compiler = NumbaCompiler(function, options, math, fp)
        kernels = [compiler(dtypes) for dtypes in signatures]
        loops = [Loop(k.signature.inputs, k.signature.outputs, k) for k in kernels]
        nin = _numba.argument_count(function) if not loops else len(loops[0].inputs)
        return Ufunc(
            name or function.__name__, loops, nin=nin,
            nout=len(loops[0].outputs) if loops else None, identity=identity, errors=errors,
            client=client, compiler=None if loops else compiler, function=function,
            doc=function.__doc__,
        )  # fmt: skip

    if callable(ftylist_or_function) and not _numba.is_signature(ftylist_or_function):
        return make(ftylist_or_function, [])
    signatures = _numba.signature_types(ftylist_or_function)
    return lambda function: make(function, signatures)
