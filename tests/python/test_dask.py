# SPDX-License-Identifier: Apache-2.0
"""Dask: calls on its arrays, and kernels that travel to workers in other processes."""
import contextlib
import copy
import os
import pathlib
import pickle
import subprocess
import sys
import time
import unittest
import warnings
from unittest import mock

import dask
import dask.array as da
import numpy as np
from dask.base import tokenize

import lanes

with warnings.catch_warnings():  # of what it imports
    warnings.simplefilter("ignore")
    import distributed

from dask_kernels import Backwards, facts, speed  # noqa: E402  pylint: disable=wrong-import-position
from lanes.dask import LanesPlugin  # noqa: E402  pylint: disable=wrong-import-position

ROWS, COLUMNS, CHUNK = 60, 40, 16
IR = "define double @axpy(double %x, double %y) {\n  %r = fadd double %x, %y\n  ret double %r\n}\n"


def made_kernels():
    """One of each kind."""
    return {
        "vectorize": lanes.vectorize(["f8(f8,f8)"])(speed),
        "vectorize, lazy": lanes.vectorize(speed),
        "from_ir": lanes.from_ir(IR, "f8(f8,f8)"),
        "from_c": lanes.from_c("double axpy(double x, double y) { return x + y; }"),
        "elementwise": lanes.elementwise("float64 x, float64 y", "float64 z", "z = x + y"),
    }


class Arrays(unittest.TestCase):
    """Calls on Dask arrays, computed by threads of this process."""

    @classmethod
    def setUpClass(cls):
        cls.add = lanes.from_ir(IR, "f8(f8,f8)")
        cls.divmod = lanes.elementwise(
            "float64 x, float64 y", "float64 q, float64 r", "q = floor(x / y); r = x - q * y"
        )
        cls.numbers = np.arange(ROWS * COLUMNS, dtype=float).reshape(ROWS, COLUMNS)
        cls.x = da.from_array(cls.numbers, chunks=CHUNK)
        cls.row = np.arange(1.0, COLUMNS + 1)

    def setUp(self):
        self.enterContext(dask.config.set(scheduler="threads"))
        # Blocks lie in private memory here, and are small.
        self.addCleanup(lanes.set_copy_policy, lanes.set_copy_policy("auto"))

    def enterContext(self, context):  # of unittest from Python 3.11 on
        self.addCleanup(context.__exit__, None, None, None)
        return context.__enter__()

    def assert_result(self, result, wanted, dtype=None):
        self.assertIsInstance(result, da.Array)
        computed = result.compute()
        self.assertEqual(result.dtype, computed.dtype)
        self.assertEqual(result.shape, computed.shape)
        if dtype is not None:
            self.assertEqual(result.dtype, dtype)
        np.testing.assert_array_equal(computed, wanted)

    def test_a_call_is_lazy_and_keeps_chunks(self):
        result = self.add(self.x, 1)
        self.assertEqual(result.chunks, self.x.chunks)
        self.assert_result(result, self.numbers + 1)

    def test_broadcasting_against_arrays_of_both_kinds(self):
        self.assert_result(self.add(self.x, self.row), self.numbers + self.row)
        self.assert_result(self.add(self.row, self.x), self.numbers + self.row)
        column = da.arange(ROWS, chunks=7, dtype=float)[:, None]
        self.assert_result(self.add(self.x, column), self.numbers + np.arange(ROWS)[:, None])

    def test_no_executor_starts_before_it_is_computed(self):
        client = lanes.Client(private=True, threads=1)
        self.addCleanup(client.close)
        kernel = lanes.vectorize(speed, client=client)
        result = kernel(self.x, self.row)
        self.assertIn("not connected", repr(client))
        np.testing.assert_array_equal(result.compute(), self.numbers / self.row)
        self.assertNotIn("not connected", repr(client))

    def test_dtypes_are_those_of_a_call(self):
        for dtype, number in (("f4", 2.5), ("f8", 2), ("i4", 2), ("i8", np.float32(2))):
            with self.subTest(dtype=dtype, number=number):
                numbers = self.numbers.astype(dtype)
                wanted = lanes.vectorize(speed)(numbers, number)
                self.assert_result(lanes.vectorize(speed)(self.x.astype(dtype), number), wanted, wanted.dtype)

    def test_several_outputs(self):
        quotient, rest = self.divmod(self.x, 7)
        self.assert_result(quotient, self.numbers // 7)
        self.assert_result(rest, self.numbers % 7)

    def test_keywords(self):
        where = da.from_array(self.row > 9, chunks=5)
        out = da.zeros((ROWS, COLUMNS), chunks=CHUNK)
        wanted = np.where(self.row > 9, self.numbers + 1, 0)
        self.assertIs(self.add(self.x, 1.0, out=out, where=where), out)
        np.testing.assert_array_equal(out.compute(), wanted)
        self.assert_result(self.add(self.x, 1.0, casting="no", order="F"), self.numbers + 1)
        with self.assertRaisesRegex(TypeError, "out= with Dask arrays is for kernels with one result"):
            self.divmod(self.x, 7, out=(out, out))

    def test_exceptions_of_callbacks_are_not_met_by_made_up_numbers(self):
        """Dask asks ufuncs for their dtype with whatever is in memory."""
        positive = lanes.from_c("double f(double x) { return x; }")
        raising = lanes.vectorize(speed)
        for _ in range(3):
            raising(self.x, -1.0)  # is not computed
        self.assert_result(positive(self.x), self.numbers)

    def test_an_exception_has_the_index_in_its_block(self):
        with self.assertRaises(Backwards) as caught:
            lanes.vectorize(speed)(self.x, self.row - 2.5).compute(scheduler="sync")
        self.assertEqual(caught.exception.args, ("time runs backwards",))
        self.assertEqual(caught.exception.index, (0, 0))
        self.assertEqual(caught.exception.failed, 2 * CHUNK)

    def test_masks(self):
        client = lanes.Client(private=True, threads=1)
        self.addCleanup(client.close)
        result, mask = lanes.vectorize(speed, client=client)(self.x, self.row - 2.5, errors="mask")
        wanted = np.broadcast_to(self.row < 2.5, (ROWS, COLUMNS))
        self.assert_result(mask, wanted, bool)
        self.assertNotIn("not connected", repr(client), "its own client runs it")
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(result.compute()[:, 3:], self.numbers[:, 3:] / (self.row[3:] - 2.5))

    def test_deadlines_reach_the_blocks(self):
        with self.assertRaises(lanes.DeadlineExceeded):
            self.add(self.x, 1.0, deadline=1e-9).compute(scheduler="sync")

    def test_map_blocks_and_apply_gufunc(self):
        self.assert_result(da.map_blocks(self.add, self.x, 2.0), self.numbers + 2)
        self.assert_result(da.apply_gufunc(self.add, "(),()->()", self.x, self.x), 2 * self.numbers)
        blockwise = da.blockwise(self.add, "ij", self.x, "ij", 1.5, None, dtype=float)
        self.assert_result(blockwise, self.numbers + 1.5)

    def test_rows(self):
        source = """double total(const double *x, long n)
            { double t = 0; for (long i = 0; i < n; i++) t += x[i]; return t; }"""
        total = lanes.from_c(source, "f8(f8[:],i8)")
        self.assertEqual(total.signature, "(n),()->()")
        wanted = self.numbers.sum(1)
        self.assert_result(total(self.x.rechunk((CHUNK, COLUMNS)), COLUMNS), wanted)
        lengths = da.full(ROWS, COLUMNS, chunks=7)
        self.assert_result(total(self.x.rechunk((CHUNK, COLUMNS)), lengths), wanted)
        with self.assertRaisesRegex(ValueError, "Core dimension .* multiple chunks"):
            total(self.x, COLUMNS)

    def test_xarray_of_dask_arrays(self):
        import xarray

        array = xarray.DataArray(self.x, dims=("time", "place"), attrs={"unit": "m"})
        result = self.add(array, 1.0)
        self.assertIsInstance(result.data, da.Array)
        np.testing.assert_array_equal(result.compute(), self.numbers + 1)

    def test_what_does_not_fit_is_told_before_it_is_computed(self):
        with self.assertRaisesRegex(ValueError, "broadcast"):
            self.add(self.x, self.row[:3])
        with self.assertRaisesRegex(TypeError, "not supported for the input types"):
            self.add(self.x.astype("c16"), 1.0)


class Pickles(unittest.TestCase):
    def test_kernels_come_back_equal_and_small(self):
        x, y = np.linspace(1, 2, 10), np.linspace(3, 4, 10)
        for name, kernel in made_kernels().items():
            with self.subTest(name):
                wanted = kernel(x, y)
                text = pickle.dumps(kernel)
                self.assertLess(len(text), 16384)
                self.assertEqual(pickle.dumps(kernel), text)
                again = pickle.loads(text)
                self.assertEqual(again, kernel)
                self.assertEqual(hash(again), hash(kernel))
                self.assertEqual(tokenize(again), tokenize(kernel))
                np.testing.assert_array_equal(again(x, y), wanted)

    def test_kernels_that_differ_are_not_equal(self):
        kernels = made_kernels()
        changed = lanes.from_ir(IR.replace("fadd", "fsub"), "f8(f8,f8)")
        masked = lanes.vectorize(speed, errors="mask")
        self.assertNotEqual(changed, kernels["from_ir"])
        self.assertNotEqual(masked, kernels["vectorize, lazy"])
        self.assertNotEqual(tokenize(changed), tokenize(kernels["from_ir"]))
        self.assertEqual(pickle.loads(pickle.dumps(masked)), masked)

    def test_compiled_ones_need_no_numba(self):
        kernel = lanes.vectorize(["f8(f8,f8)"])(speed)
        program = (
            "import pickle, sys\nsys.modules['numba'] = None\n"
            f"kernel = pickle.loads(bytes.fromhex({pickle.dumps(kernel).hex()!r}))\n"
            "assert kernel(6.0, 2.0) == 3.0, kernel(6.0, 2.0)\n"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


def children():
    """Processes that this one, or one of those, has started."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
                if stat[0] != "Z":
                    parents[int(entry.name)] = int(stat[1])
    found = {os.getpid()}
    for _ in range(8):
        found |= {pid for pid, parent in parents.items() if parent in found}
    return found - {os.getpid()}


class Cluster(unittest.TestCase):
    """Two worker processes."""

    @classmethod
    def setUpClass(cls):
        cls.before = children()
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        # Workers log each exception of a task.
        stack.enter_context(mock.patch.dict(os.environ, DASK_LOGGING__DISTRIBUTED="critical"))
        cluster = distributed.LocalCluster(
            processes=True, n_workers=2, threads_per_worker=2, dashboard_address=None
        )
        stack.enter_context(cluster)
        cls.client = stack.enter_context(distributed.Client(cluster))
        cls.numbers = np.arange(10_000.0).reshape(100, 100)
        cls.x = da.from_array(cls.numbers, chunks=25)

    def in_each_worker(self, function):
        """What a task gives in each of the workers."""
        workers = list(self.client.scheduler_info()["workers"])
        futures = [self.client.submit(function, pure=False, workers=[w]) for w in workers]
        return self.client.gather(futures)

    def test_kernels_of_each_kind_run_in_workers(self):
        for name, kernel in made_kernels().items():
            with self.subTest(name):
                wanted = copy.copy(kernel)(self.numbers, 3.0)
                np.testing.assert_array_equal(kernel(self.x, 3.0).compute(), wanted)
                given = self.client.submit(kernel, self.numbers, 3.0).result()
                np.testing.assert_array_equal(given, wanted)

    def test_the_exception_of_a_callback_comes_back(self):
        result = lanes.vectorize(speed)(self.x, -1.0)
        with self.assertRaises(Backwards) as caught:
            result.compute()
        self.assertEqual(caught.exception.args, ("time runs backwards",))
        self.assertEqual((caught.exception.index, caught.exception.failed), ((0, 0), 625))
        self.assertIn("; 625 of 625 elements failed", caught.exception.__notes__[0])

    def test_the_exceptions_of_lanes_come_back(self):
        kernel = made_kernels()["from_ir"]
        with self.assertRaises(lanes.DeadlineExceeded) as caught:
            kernel(self.x, 1.0, deadline=1e-9).compute()
        self.assertEqual(caught.exception.name, "LANES_E_DEADLINE")

    def test_the_plugin(self):
        before = self.in_each_worker(facts)
        self.assertEqual({row["is_shared"] for row in before}, {False})
        self.client.register_worker_plugin(LanesPlugin())
        try:
            rows = self.in_each_worker(facts)
            self.assertEqual({row["is_shared"] for row in rows}, {True})
            self.assertEqual({row["threads"] for row in rows}, {2})
            self.assertEqual(len({row["executor"] for row in [*before, *rows]}), 4)
            kernel = made_kernels()["vectorize"]
            total = kernel(da.random.random((500, 500), chunks=250) + 1, 2.0).sum().compute()
            self.assertGreater(total, 500 * 500 / 2)
            # Again: it takes the place of the first.
            self.client.register_worker_plugin(LanesPlugin(threads=1, shared_allocations=False))
            rows = self.in_each_worker(facts)
            self.assertEqual({row["is_shared"] for row in rows}, {False})
            self.assertEqual({row["threads"] for row in rows}, {1})
        finally:
            self.client.unregister_worker_plugin("lanes")
        after = self.in_each_worker(facts)
        self.assertEqual([row["executor"] for row in after], [row["executor"] for row in before])

    def test_the_plugin_says_what_it_takes(self):
        with self.assertRaisesRegex(ValueError, "threads is 0; it is a positive number"):
            LanesPlugin(threads=0)

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        cls.client.cluster.close()
        end = time.monotonic() + 20
        while time.monotonic() < end:
            left = {pid for pid in children() - cls.before if is_of_lanes(pid)}
            if not left:
                return
            time.sleep(0.05)
        raise AssertionError(f"executors are left: {left}")


def is_of_lanes(pid):
    with contextlib.suppress(OSError):
        return b"lanes" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().partition(b"\0")[0]
    return False


if __name__ == "__main__":
    unittest.main()
