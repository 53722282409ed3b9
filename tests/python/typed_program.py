# SPDX-License-Identifier: Apache-2.0
"""A user's program with annotations, which `mypy --strict` accepts: see test_types.py.

It is only read, never run. The types that it names are those that the stubs promise.
"""
import asyncio
from typing import Any

import lanes
import numpy as np
from numpy.typing import NDArray


@lanes.vectorize
def decay(x: float, y: float) -> float:
    return x * y


@lanes.vectorize(["f8(f8,f8)", "f4(f4,f4)"], identity=0, fastmath={"nnan"}, errors="mask")
def add(x: float, y: float) -> float:
    return x + y


hypotenuse: lanes.Ufunc = lanes.from_c("double h(double x, double y) { return x + y; }", flags=["-O3"])
squared: lanes.Ufunc = lanes.elementwise("T x", "T z", "z = x * x", "squared")
axpy: lanes.Ufunc = lanes.from_ir("axpy.ll", "f8(f8,f8)", math="exact", convention="c")


def arrays() -> NDArray[np.float64]:
    single: NDArray[np.float32] = lanes.empty((2, 3), np.float32)
    double: NDArray[np.float64] = lanes.zeros(10)
    flags: NDArray[np.bool_] = lanes.ones(10, np.dtype(np.bool_), order="F")
    named: NDArray[Any] = lanes.full([10], 1.5, "f4")
    shared: NDArray[np.float32] = lanes.asarray(single)
    opened: NDArray[Any] = lanes.from_shared_memory("name", (10,), "f8", offset=64, writable=False)
    with lanes.shared_allocations():
        made = np.linspace(0.0, 1.0, 10)
    previous = lanes.set_copy_policy("never")
    lanes.set_copy_policy(previous)
    assert lanes.is_shared(made) and shared.size and named.size and opened.size
    decay(double, 2.0, out=double, where=flags, casting="unsafe", dtype="f8")
    decay(double, made, out=(double,), where=[True, False], signature=("f8", "f8", "f8"))
    decay(double, 1, out=..., errors="ignore", deadline=1.5, seed=7, priority="low", params=b"12345678")
    total: float = add.reduce(double, axis=None, keepdims=True, initial=0.0, where=flags)
    print(total, add.accumulate(double, 0), add.outer(double, double), decay.types, decay.nin)
    return double


def looked_at() -> bool:
    report: lanes.Report = decay.inspect("f8", "f8", measure=True)
    for loop in report.loops:
        print(loop.width, loop.reasons, loop.roofline.bandwidth, loop.measure().memory_ns)
    return report.require_vector(2).vectorized and report.bytes_per_element > 0


async def awaited(x: NDArray[np.float64]) -> Any:
    batch: lanes.Batch = decay.submit(x, 2.0, deadline=10.0)
    share: float = batch.progress
    try:
        return await batch, batch.result(timeout=1.0), batch.stats, share
    except lanes.DeadlineExceeded as error:
        code: int = error.code
        print(code, error.name, error.message)
    except (lanes.Cancelled, TimeoutError):
        batch.cancel()
    except lanes.LanesError:
        raise
    return None


def main() -> None:
    with lanes.Client(threads=2, private=True, timeout=5.0) as client:
        previous: lanes.Client | None = lanes.set_default_client(client)
        asyncio.run(awaited(arrays()))
        lanes.set_default_client(previous)
        print(client.executor_pid, client.threads, client.stats()["session"])
    assert looked_at()


main()
