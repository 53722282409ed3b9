# SPDX-License-Identifier: Apache-2.0
"""lanes: functions of scalars, as ufuncs that use the whole machine.

    import lanes, numpy as np

    @lanes.vectorize
    def decay(x, y):
        return np.exp(-x) * y

    x = lanes.empty(10_000_000)
    z = decay(x, 2.0)

Functions are compiled for the host's CPU, inside vectorized loops, and run by an executor, a
process of its own, on arrays in shared memory; exceptions come back with the index of the
element that raised. Nothing has to be started.

What there is:

* kernels: :func:`vectorize`, :func:`from_ir`, :func:`from_cfunc`, :func:`from_c`,
  :func:`elementwise`, which make a :class:`Ufunc`;
* arrays: :func:`empty`, :func:`zeros`, :func:`ones`, :func:`full`, :func:`asarray`,
  :func:`from_shared_memory`, :func:`shared_allocations`, :func:`set_copy_policy`;
* executors: :class:`Client`, :func:`default_client`, :func:`set_default_client`;
* :class:`Batch`, what ``Ufunc.submit`` returns, :class:`Report`, what ``Ufunc.inspect`` does;
* ``lanes.dask``, for Dask's workers.
"""
import importlib

# Where each name is; modules are imported when one of theirs is asked for.
_HOMES = {
    "_vectorize": ["vectorize"],
    "_sources": ["from_ir", "from_cfunc", "from_c", "elementwise"],
    "_ufunc": ["Ufunc"],
    "_memory": [
        "empty", "zeros", "ones", "full", "asarray", "from_shared_memory", "is_shared",
        "shared_allocations", "use_shared_allocations", "set_copy_policy",
    ],
    "_client": ["Client", "default_client", "set_default_client"],
    "_future": ["Batch"],
    "_report": ["Report", "NotVectorized"],
    "_errors": [
        "LanesError", "IRError", "CompileError", "KernelFault", "DeadlineExceeded", "Cancelled",
        "SharedMemoryFull", "ExecutorUnavailable", "CopyWarning",
    ],
}  # fmt: skip
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)


def __getattr__(name):
    if name == "__version__":  # written in one place only, which is CMake's
        return importlib.import_module("._library", __name__).version()
    if name not in _HOME_OF:
        raise AttributeError(f"module 'lanes' has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOME_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__():
    return [*__all__, "__version__"]
