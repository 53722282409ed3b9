# SPDX-License-Identifier: Apache-2.0
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
_Order = Literal["K", "A", "C", "F"]
_Shape = int | Sequence[int]
_Fastmath = bool | str | Iterable[str]
_Report = TypeVar("_Report", bound="Report")

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

def default_client() -> Client: ...
def set_default_client(client: Client | None) -> Client | None: ...

class Batch(concurrent.futures.Future[Any]):
    def result(self, timeout: float | None = None) -> Any: ...
    def cancel(self) -> bool: ...
    def cancelled(self) -> bool: ...
    def __await__(self) -> Generator[Any, None, Any]: ...
    @property
    def progress(self) -> float: ...
    @property
    def stats(self) -> dict[str, int] | None: ...

class Ufunc:
    __name__: str
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
    def signature(self) -> str | None: ...
    @property
    def client(self) -> Client: ...
    @property
    def kernels(self) -> list[Any]: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
    def submit(self, *args: Any, **kwargs: Any) -> Batch: ...
    def with_progress(self, *args: Any, **kwargs: Any) -> Any: ...
    def reduce(self, *args: Any, **kwargs: Any) -> Any: ...
    def accumulate(self, *args: Any, **kwargs: Any) -> Any: ...
    def outer(self, *args: Any, **kwargs: Any) -> Any: ...
    def at(self, *args: Any, **kwargs: Any) -> None: ...
    def reduceat(self, *args: Any, **kwargs: Any) -> Any: ...
    def inspect(self, *types: Any, measure: bool = False) -> Report: ...

class Report:
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
    convention: Literal["auto", "numba", "c", "c-out", "scipy"] = "auto",
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
def empty(shape: _Shape, dtype: DTypeLike = float, order: Literal["C", "F"] = "C") -> NDArray[Any]: ...
def zeros(shape: _Shape, dtype: DTypeLike = float, order: Literal["C", "F"] = "C") -> NDArray[Any]: ...
def ones(shape: _Shape, dtype: DTypeLike = float, order: Literal["C", "F"] = "C") -> NDArray[Any]: ...
def full(
    shape: _Shape, fill_value: Any, dtype: DTypeLike | None = None, order: Literal["C", "F"] = "C"
) -> NDArray[Any]: ...
def asarray(a: ArrayLike, dtype: DTypeLike | None = None, order: _Order | None = None) -> NDArray[Any]: ...
def from_shared_memory(
    source: str | int | SharedMemory | np.memmap[Any, Any],
    shape: _Shape | None = None,
    dtype: DTypeLike = float,
    *,
    offset: int = 0,
    order: Literal["C", "F"] = "C",
    writable: bool = True,
) -> NDArray[Any]: ...
def is_shared(array: NDArray[Any]) -> bool: ...
def shared_allocations() -> contextlib.AbstractContextManager[None]: ...
def use_shared_allocations() -> None: ...
def set_copy_policy(policy: Literal["auto", "warn", "never"]) -> Literal["auto", "warn", "never"]: ...
