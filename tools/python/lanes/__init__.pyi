# SPDX-License-Identifier: Apache-2.0
import builtins
import concurrent.futures
import contextlib
import os
from collections.abc import Callable, Generator, Iterable, Sequence
from multiprocessing.shared_memory import SharedMemory
from typing import Any, Literal, TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

__version__: str

_Errors = Literal["raise", "mask", "ignore"]
_Math = Literal["vector", "exact"]
_Layout = Literal["C", "F"]
_Order = Literal["K", "A", "C", "F"]
_Shape = int | Sequence[int]
_Fastmath = bool | str | Iterable[str]
_Convention = Literal["auto", "numba", "c", "c-out", "scipy"]
_Casting = Literal["no", "equiv", "safe", "same_kind", "unsafe"]
_Priority = Literal["normal", "low", "high"]
_CopyPolicy = Literal["auto", "warn", "never"]
_LoopSignature = str | tuple[DTypeLike, ...]
_Out = NDArray[Any] | builtins.ellipsis | tuple[NDArray[Any] | None, ...] | None
_Params = bytes | bytearray | memoryview | NDArray[Any] | None
_Where = bool | NDArray[np.bool_] | Sequence[Any]
_Scalar = TypeVar("_Scalar", bound=np.generic)
_DTypeOf = np.dtype[_Scalar] | type[_Scalar]  # the dtypes of which types of arrays are known

class LanesError(RuntimeError):
    code: int
    name: str
    message: str
    def __init__(self, code: int, name: str, message: str) -> None: ...

class IRError(LanesError, ValueError): ...
class CompileError(LanesError): ...
class KernelFault(LanesError): ...
class DeadlineExceeded(LanesError, TimeoutError): ...
class Cancelled(LanesError, concurrent.futures.CancelledError): ...
class SharedMemoryFull(LanesError, MemoryError): ...
class ExecutorUnavailable(LanesError, ConnectionError): ...
class CopyWarning(UserWarning): ...
class NotVectorized(AssertionError): ...

class Client:
    def __init__(
        self,
        socket: str | os.PathLike[str] | None = None,
        *,
        threads: int = 0,
        private: bool = False,
        cpu: str | None = None,
        spin_us: int | None = None,
        timeout: float = 10.0,
    ) -> None: ...
    def close(self) -> None: ...
    def __enter__(self) -> Client: ...
    def __exit__(self, *_: object) -> None: ...
    @property
    def executor_pid(self) -> int: ...
    @property
    def threads(self) -> int: ...
    @property
    def reconnects(self) -> int: ...
    def stats(self) -> dict[str, Any]: ...
    def load(self, kernel: Any) -> None: ...

def default_client() -> Client: ...
def set_default_client(client: Client | None) -> Client | None: ...

class Batch(concurrent.futures.Future[Any]):
    elements: int
    def result(self, timeout: float | None = None) -> Any: ...
    def cancel(self) -> bool: ...
    def cancelled(self) -> bool: ...
    def __await__(self) -> Generator[Any, None, Any]: ...
    @property
    def progress(self) -> float: ...
    @property
    def stats(self) -> dict[str, int] | None: ...

# What calls take by name, of which NumPy's ufuncs know the first eight.
class Ufunc:
    __name__: str
    __qualname__: str
    __wrapped__: Callable[..., Any]
    nin: int
    @property
    def nout(self) -> int: ...
    @property
    def nargs(self) -> int: ...
    @property
    def ntypes(self) -> int: ...
    @property
    def types(self) -> list[str]: ...
    @property
    def identity(self) -> Any: ...
    @property
    def is_reorderable(self) -> bool: ...
    @property
    def signature(self) -> str | None: ...
    @property
    def client(self) -> Client: ...
    @property
    def kernels(self) -> list[Any]: ...
    def __call__(
        self,
        *args: Any,
        out: _Out = None,
        where: _Where = True,
        casting: _Casting = "same_kind",
        order: _Order = "K",
        dtype: DTypeLike = None,
        subok: bool = True,
        signature: _LoopSignature = ...,
        sig: _LoopSignature = ...,
        errors: _Errors = ...,
        deadline: float | None = None,
        seed: int = 0,
        priority: _Priority = "normal",
        params: _Params = None,
    ) -> Any: ...
    def submit(
        self,
        *args: Any,
        out: _Out = None,
        where: _Where = True,
        casting: _Casting = "same_kind",
        order: _Order = "K",
        dtype: DTypeLike = None,
        subok: bool = True,
        signature: _LoopSignature = ...,
        sig: _LoopSignature = ...,
        errors: _Errors = ...,
        deadline: float | None = None,
        seed: int = 0,
        priority: _Priority = "normal",
        params: _Params = None,
    ) -> Batch: ...
    def with_progress(
        self,
        *args: Any,
        out: _Out = None,
        where: _Where = True,
        casting: _Casting = "same_kind",
        order: _Order = "K",
        dtype: DTypeLike = None,
        subok: bool = True,
        signature: _LoopSignature = ...,
        sig: _LoopSignature = ...,
        errors: _Errors = ...,
        deadline: float | None = None,
        seed: int = 0,
        priority: _Priority = "normal",
        params: _Params = None,
    ) -> Any: ...
    def outer(
        self,
        *args: Any,
        out: _Out = None,
        where: _Where = True,
        casting: _Casting = "same_kind",
        order: _Order = "K",
        dtype: DTypeLike = None,
        subok: bool = True,
        signature: _LoopSignature = ...,
        sig: _LoopSignature = ...,
        errors: _Errors = ...,
        deadline: float | None = None,
        seed: int = 0,
        priority: _Priority = "normal",
        params: _Params = None,
    ) -> Any: ...
    def reduce(
        self,
        array: ArrayLike,
        axis: _Shape | None = 0,
        dtype: DTypeLike = None,
        out: _Out = None,
        keepdims: bool = False,
        initial: Any = ...,
        where: _Where = True,
        *,
        errors: _Errors = ...,
        deadline: float | None = None,
        seed: int = 0,
        priority: _Priority = "normal",
        params: _Params = None,
    ) -> Any: ...
    def accumulate(
        self,
        array: ArrayLike,
        axis: int = 0,
        dtype: DTypeLike = None,
        out: _Out = None,
        *,
        errors: _Errors = ...,
        deadline: float | None = None,
        seed: int = 0,
        priority: _Priority = "normal",
        params: _Params = None,
    ) -> NDArray[Any]: ...
    def at(self, *args: Any, **kwargs: Any) -> Any: ...
    def reduceat(self, *args: Any, **kwargs: Any) -> Any: ...
    def add(self, signature: Any) -> None: ...
    def disable_compile(self) -> None: ...
    def inspect(self, *types: Any, measure: bool = False) -> Report: ...

class _Roofline:
    bandwidth: float
    elements_per_second: float
    seconds_per_billion: float
    def to_dict(self) -> dict[str, float]: ...

class _Measurement:
    threads: int
    cache_ns: float
    memory_ns: float
    memory_elements: int
    bytes_per_second: float
    roof: float
    failed: float
    def to_dict(self) -> dict[str, Any]: ...

# What a report has of its only loop, and each of its loops has.
class _OneLoop:
    name: str
    signature: str
    origin: str | None
    interleave: int
    findings: list[dict[str, Any]]
    per_element: dict[str, Any]
    compile_ms: float
    cached: Literal["memory", "disk"] | None
    key: str
    cpu: str
    measured: _Measurement | None
    @property
    def functions(self) -> list[tuple[str, int, str]]: ...
    @property
    def raises(self) -> list[str]: ...
    @property
    def bytes_per_element(self) -> int: ...
    @property
    def flops_per_element(self) -> int | None: ...
    @property
    def intensity(self) -> float | None: ...
    @property
    def asm(self) -> str: ...
    @property
    def ir(self) -> dict[str, str]: ...
    @property
    def roofline(self) -> _Roofline: ...
    def measure(self, arrays: Sequence[NDArray[Any]] | None = None) -> _Measurement: ...
    @property
    def bound(self) -> str | None: ...
    def title(self) -> str: ...
    def vector_text(self) -> str: ...
    def lines(self) -> list[tuple[str, str]]: ...
    def to_dict(self) -> dict[str, Any]: ...

class _LoopReport(_OneLoop):
    vectorized: bool
    width: int
    @property
    def reasons(self) -> list[str]: ...
    @property
    def advice(self) -> list[str]: ...
    def require_vector(self, width: int | None = None) -> _LoopReport: ...

class Report(_OneLoop):
    loops: list[_LoopReport]
    @property
    def vectorized(self) -> bool: ...
    @property
    def width(self) -> int: ...
    @property
    def reasons(self) -> list[str]: ...
    @property
    def advice(self) -> list[str]: ...
    def require_vector(self, width: int | None = None) -> Report: ...
    def to_dict(self) -> dict[str, Any]: ...

@overload
def vectorize(
    ftylist_or_function: Callable[..., Any],
    *,
    identity: Any = None,
    target: str = "cpu",
    nopython: bool = True,
    forceobj: bool = False,
    cache: bool = False,
    fastmath: _Fastmath = False,
    locals: dict[str, Any] | None = None,
    boundscheck: bool | None = None,
    error_model: Literal["numpy", "python"] = "numpy",
    math: _Math = "vector",
    errors: _Errors = "raise",
    name: str | None = None,
    client: Client | None = None,
) -> Ufunc: ...
@overload
def vectorize(
    ftylist_or_function: str | Iterable[Any] = (),
    *,
    identity: Any = None,
    target: str = "cpu",
    nopython: bool = True,
    forceobj: bool = False,
    cache: bool = False,
    fastmath: _Fastmath = False,
    locals: dict[str, Any] | None = None,
    boundscheck: bool | None = None,
    error_model: Literal["numpy", "python"] = "numpy",
    math: _Math = "vector",
    errors: _Errors = "raise",
    name: str | None = None,
    client: Client | None = None,
) -> Callable[[Callable[..., Any]], Ufunc]: ...
def from_ir(
    ir: str | bytes | os.PathLike[str],
    signature: str,
    entry: str | None = None,
    *,
    name: str | None = None,
    convention: _Convention = "auto",
    math: _Math = "vector",
    fastmath: _Fastmath = False,
    identity: Any = None,
    errors: _Errors = "raise",
    doc: str | None = None,
    client: Client | None = None,
) -> Ufunc: ...
def from_cfunc(
    cfunc: Any,
    *,
    name: str | None = None,
    math: _Math = "vector",
    fastmath: _Fastmath = False,
    identity: Any = None,
    errors: _Errors = "raise",
    client: Client | None = None,
) -> Ufunc: ...
def from_c(
    source: str,
    signature: str | None = None,
    entry: str | None = None,
    *,
    name: str | None = None,
    flags: Sequence[str] = (),
    math: _Math = "vector",
    fastmath: _Fastmath = False,
    identity: Any = None,
    errors: _Errors = "raise",
    client: Client | None = None,
) -> Ufunc: ...
def elementwise(
    in_params: str,
    out_params: str,
    operation: str,
    name: str = "kernel",
    *,
    preamble: str = "",
    math: _Math = "vector",
    fastmath: _Fastmath = False,
    errors: _Errors = "raise",
    client: Client | None = None,
) -> Ufunc: ...
@overload
def empty(shape: _Shape, dtype: _DTypeOf[_Scalar], order: _Layout = "C") -> NDArray[_Scalar]: ...
@overload
def empty(shape: _Shape, dtype: type[float] = ..., order: _Layout = "C") -> NDArray[np.float64]: ...
@overload
def empty(shape: _Shape, dtype: DTypeLike = ..., order: _Layout = "C") -> NDArray[Any]: ...
@overload
def zeros(shape: _Shape, dtype: _DTypeOf[_Scalar], order: _Layout = "C") -> NDArray[_Scalar]: ...
@overload
def zeros(shape: _Shape, dtype: type[float] = ..., order: _Layout = "C") -> NDArray[np.float64]: ...
@overload
def zeros(shape: _Shape, dtype: DTypeLike = ..., order: _Layout = "C") -> NDArray[Any]: ...
@overload
def ones(shape: _Shape, dtype: _DTypeOf[_Scalar], order: _Layout = "C") -> NDArray[_Scalar]: ...
@overload
def ones(shape: _Shape, dtype: type[float] = ..., order: _Layout = "C") -> NDArray[np.float64]: ...
@overload
def ones(shape: _Shape, dtype: DTypeLike = ..., order: _Layout = "C") -> NDArray[Any]: ...
@overload
def full(
    shape: _Shape, fill_value: Any, dtype: _DTypeOf[_Scalar], order: _Layout = "C"
) -> NDArray[_Scalar]: ...
@overload
def full(
    shape: _Shape, fill_value: Any, dtype: DTypeLike = None, order: _Layout = "C"
) -> NDArray[Any]: ...
@overload
def asarray(
    a: NDArray[_Scalar], dtype: None = None, order: _Order | None = None
) -> NDArray[_Scalar]: ...
@overload
def asarray(
    a: ArrayLike, dtype: _DTypeOf[_Scalar], order: _Order | None = None
) -> NDArray[_Scalar]: ...
@overload
def asarray(a: ArrayLike, dtype: DTypeLike = None, order: _Order | None = None) -> NDArray[Any]: ...
def from_shared_memory(
    source: str | int | SharedMemory | np.memmap[Any, Any],
    shape: _Shape | None = None,
    dtype: DTypeLike = float,
    *,
    offset: int = 0,
    order: _Layout = "C",
    writable: bool = True,
) -> NDArray[Any]: ...
def is_shared(array: NDArray[Any]) -> bool: ...
def shared_allocations() -> contextlib.AbstractContextManager[None]: ...
def use_shared_allocations() -> None: ...
def set_copy_policy(policy: _CopyPolicy) -> _CopyPolicy: ...
