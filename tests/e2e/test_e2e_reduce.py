# SPDX-License-Identifier: Apache-2.0
"""Reductions of any shape, layout and dtype, against NumPy: results, and not one byte beside;
the same bits again and on another number of threads.

Cases are random with a fixed seed; LANES_CASES says how many (a long run: 50000).
"""
import math
import os
import pathlib
import sys
import tempfile
import unittest

import numpy

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
sys.path.insert(0, str(HERE.parent / "numba"))
import lanes_client  # noqa: E402  pylint: disable=wrong-import-position
import manifest  # noqa: E402  pylint: disable=wrong-import-position
import test_e2e_layouts as layouts  # noqa: E402  pylint: disable=wrong-import-position

spread = lanes_client.spread

CASES = int(os.environ.get("LANES_CASES", "250"))
SEED = 20261124
REGION_BYTES = layouts.REGION_BYTES

SUMS = ["sum", "prod"]
EXTREMES = ["min", "max"]
LOGIC = ["any", "all"]
INDICES = ["argmin", "argmax"]
NO_IDENTITY = EXTREMES + INDICES

IDENTITY_IR = "define double @f(double %x) {\n  ret double %x\n}\n"
LESS_IR = """define zeroext i8 @f(double %x, double %y) {
  %a = fcmp olt double %x, %y
  %b = zext i1 %a to i8
  ret i8 %b
}
"""
PAIR_IR = """define void @f(double %x, i32 %n, ptr %a, ptr %b) {
  %y = fmul double %x, 2.0
  %m = add i32 %n, 1
  store double %y, ptr %a
  store i32 %m, ptr %b
  ret void
}
"""
ENDLESS_IR = """define double @f(double %x) {
  %y = call double @g(double %x)
  ret double %y
}
define internal double @g(double %x) noinline {
  %y = fadd double %x, 1.0
  %z = call double @g(double %y)
  %w = fadd double %z, %x
  ret double %w
}
"""

# As layouts.KERNELS: (name, IR, signature, dtype, what NumPy computes, whether x < 0 fails)
KERNELS = layouts.KERNELS + [
    ("less", LESS_IR, "?(f8,f8)", "?", lambda x, y: x < y, False),
]
# What x should be, y being 0, for results at which a product of any order stays finite.
NEAR_ONE = {"fma": 0.4, "float": 1.0, "raising": 1.0, "int": 1, "byte": 1, "less": 0}


def load(session, row):
    return session.load(row[1].encode(), signature=row[2],
                        convention="numba" if row[5] else "auto")  # fmt: skip


def worst(operation, dtype):
    """The value to which every other is preferred."""
    if dtype.kind == "b":
        return operation in ("min", "argmin")
    low, high = (-numpy.inf, numpy.inf) if dtype.kind == "f" else (
        numpy.iinfo(dtype).min, numpy.iinfo(dtype).max)
    return high if operation in ("min", "argmin") else low


class Case(layouts.Case):
    """One random reduction: views into memory."""

    def __init__(self, random, data, kernel):  # pylint: disable=super-init-not-called
        self.random = random
        self.name, _, _, self.dtype, self.function, self.raises = kernel
        self.input_dtype = "f8" if self.name == "less" else self.dtype
        own = numpy.dtype(self.dtype)
        self.operation = str(random.choice(
            SUMS + LOGIC + ([] if own.kind == "c" else EXTREMES + INDICES)))
        self.shape = self.random_shape()
        dimensions = len(self.shape)
        self.axes = tuple(range(dimensions))
        if random.random() < 0.6:
            self.axes = tuple(d for d in self.axes if random.random() < 0.5)
        self.casting = str(random.choice(["no", "same_kind"]))
        self.has_where = random.random() < 0.3
        self.errors = str(random.choice(["raise", "mask", "ignore"]))
        self.regions = [data[k * REGION_BYTES:(k + 1) * REGION_BYTES] for k in range(5)]
        self.fill()
        self.x = self.view(0, self.array_dtype(True), False)
        self.y = self.view(1, self.array_dtype(True), False)
        self.set_values()
        self.result = self.result_view()
        self.operands = [self.x, self.y, spread(self.result, self.shape, self.axes)]
        if self.errors == "mask":
            self.mask = self.view(3, numpy.dtype("?"), True)
            self.operands.append(self.mask)
        if self.has_where:
            self.where = self.view(4, numpy.dtype("?"), False)
            if random.random() < 0.2:
                self.where[...] = False
            self.operands.append(self.where)

    def array_dtype(self, is_input):
        own = self.dtype
        self.dtype = self.input_dtype if is_input else own
        try:
            return super().array_dtype(is_input)
        finally:
            self.dtype = own

    def set_values(self):
        """What makes the operation interesting, or its result known."""
        random = self.random
        if self.operation == "prod":
            self.y[...] = self.name == "less"
            self.set_near_one()
        if self.operation == "any":
            for array in (self.x, self.y):
                array[...] = numpy.where(random.random(self.shape) < 0.01, array, 0)
        is_real = numpy.dtype(self.input_dtype).kind != "c"
        if is_real and self.x.dtype.kind == "f" and self.x.size and random.random() < 0.2:
            self.x[tuple(random.integers(n) for n in self.shape)] = numpy.nan

    def set_near_one(self):
        random = self.random
        if self.name == "complex":
            angle = random.random(self.shape) * 6
            turn = numpy.exp(1j * angle)
            self.x[...] = turn if self.x.dtype.kind == "c" else 1
            self.y[...] = 1
        elif self.x.dtype.kind == "f":
            self.x[...] = NEAR_ONE[self.name] * (1 + 1e-3 * random.random(self.shape))
        elif self.name in ("int", "byte"):
            self.x[...] = random.integers(0, 4, self.shape) * 2 + 1
        else:
            self.x[...] = 1

    def result_view(self):
        own = self.array_dtype(False)
        while own.kind == "c" and self.operation in EXTREMES:
            own = self.array_dtype(False)
        dtype = numpy.dtype("?" if self.operation in LOGIC
                            else "i8" if self.operation in INDICES else own)
        whole = self.shape
        self.shape = tuple(n for d, n in enumerate(whole) if d not in self.axes)
        try:
            return self.view(2, dtype, True)
        finally:
            self.shape = whole

    def failures(self):
        """(which elements take part, which fail)"""
        wanted = self.where.copy() if self.has_where else numpy.ones(self.shape, bool)
        x = self.x.astype(self.input_dtype)
        bad = (x < 0) & wanted if self.raises else numpy.zeros(self.shape, bool)
        return wanted & ~bad, bad

    def values(self):
        x, y = self.x.astype(self.input_dtype), self.y.astype(self.input_dtype)
        return self.function(x, y).astype(self.dtype)

    def is_refused(self):
        lengths = [n for d, n in enumerate(self.shape) if d in self.axes]
        return self.operation in NO_IDENTITY and 0 in lengths

    def expected(self, memory):
        raise NotImplementedError

    def error(self, got, counted):
        """Why `got` is not the reduction of self.values() where `counted`; None if it is."""
        values = self.values()
        if self.operation in INDICES:
            wanted = self.indices(values, counted)
        elif self.operation in LOGIC:
            true = numpy.where(counted, values != 0, self.operation == "all")
            wanted = getattr(true, self.operation)(axis=self.axes)
        elif self.operation in EXTREMES:
            stored = values.astype(got.dtype)
            kept = numpy.where(counted, stored, worst(self.operation, got.dtype))
            wanted = getattr(kept, self.operation)(axis=self.axes)
        else:
            return self.sum_error(got, values.astype(got.dtype), counted)
        return self.difference(got, wanted, numpy.array_equal(
            got, wanted, equal_nan=got.dtype.kind == "f"))

    @staticmethod
    def difference(got, wanted, is_equal):
        return None if is_equal else f"{got!r} instead of {wanted!r}"

    def sum_error(self, got, stored, counted):
        own = got.dtype
        neutral = 0 if self.operation == "sum" else 1
        is_exact = own.kind not in "fc"
        wide = own if is_exact else numpy.dtype("G" if own.kind == "c" else "g")
        kept = numpy.where(counted, stored.astype(wide), wide.type(neutral))
        wanted = getattr(kept, self.operation)(axis=self.axes, dtype=wide)
        if is_exact:
            return self.difference(got, wanted, numpy.array_equal(got, wanted))
        count = math.prod(self.shape[d] for d in self.axes) + 2
        size = numpy.abs(kept).sum(axis=self.axes) if self.operation == "sum" else numpy.abs(wanted)
        with numpy.errstate(invalid="ignore", over="ignore"):
            rounded = wanted.astype(own)
            is_near = numpy.abs(got - wanted) <= 8 * count * numpy.finfo(own).eps * size
        is_same = (got == rounded) | (numpy.isnan(got) & numpy.isnan(rounded))
        if own.kind == "c":  # infinity times 0 is NaN, as in NumPy
            is_same |= ~numpy.isfinite(got) & ~numpy.isfinite(rounded)
        return self.difference(got, wanted, (is_near | is_same).all())

    def indices(self, values, counted):
        """Flat index of the first best among the reduced axes; -1 where none is counted."""
        rest = [d for d in range(len(self.shape)) if d not in self.axes]
        lengths = [self.shape[d] for d in rest]
        count = math.prod(self.shape[d] for d in self.axes)

        def rows_of(array):
            return array.transpose(rest + list(self.axes)).reshape(math.prod(lengths), count)

        values, counted = rows_of(values), rows_of(counted)
        find = getattr(numpy, self.operation)
        kept = numpy.where(counted, values, worst(self.operation, values.dtype))
        found = find(kept, axis=1) if kept.size else numpy.zeros(len(kept), int)
        for k in range(len(kept) if kept.size else 0):
            if not counted[k, found[k]]:  # none is counted, or those are as bad as can be
                places = numpy.flatnonzero(counted[k])
                found[k] = places[find(values[k][places])] if places.size else -1
        return found.reshape(lengths)

    def __str__(self):
        return (f"{self.name} {self.operation} {self.shape} along {self.axes} casting "
                f"{self.casting} errors {self.errors} where {self.has_where} "
                + " ".join(f"{a.dtype.str[1:]}{a.strides}" for a in self.operands))  # fmt: skip


class Executors(unittest.TestCase):
    """A session with one thread and one with two; what they compile they share on disk."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="lanes-reduce-")
        cls.addClassCleanup(folder.cleanup)
        before = os.environ.get("LANES_CACHE_FOLDER")
        os.environ["LANES_CACHE_FOLDER"] = folder.name
        cls.sessions = []
        for threads in (1, 2):
            session = lanes_client.Session(threads=threads)
            cls.addClassCleanup(session.close)
            cls.sessions.append(session)
        del os.environ["LANES_CACHE_FOLDER"]
        if before is not None:
            os.environ["LANES_CACHE_FOLDER"] = before

    def arrays(self, memories, *arrays):
        """Copies of arrays one after the other in each memory; per memory a list of views."""
        made = []
        for memory in memories:
            views, at = [], 0
            for array in arrays:
                view = numpy.ndarray(array.shape, array.dtype, memory.data, at)
                view[...] = array
                views.append(view)
                at += (array.nbytes + 63) // 64 * 64
            made.append(views)
        return made


class RandomReductions(Executors):
    def run_case(self, case, memory, kernel):
        return kernel.apply(
            memory, case.operands, casting=case.casting, errors=case.errors,
            has_where=case.has_where, reduce=case.operation, axes=case.axes)  # fmt: skip

    def check(self, memory, kernel, case, text):
        """Runs the case; returns the bytes of `memory` after it."""
        before = memory.data.copy()
        done = self.run_case(case, memory, kernel)
        if case.is_refused():
            self.assertEqual(done.status_name, "LANES_E_SHAPE", text)
            self.assertIn("no elements along the reduced axes", done.message)
            self.assertTrue((memory.data == before).all(), text)
            return before
        counted, bad = case.failures()
        failed = numpy.flatnonzero(bad)
        self.assertEqual(done.failed, failed.size, f"{text}: {done.message}")
        if failed.size:
            self.assertEqual(done.first_failed, failed[0], text)
        self.assertEqual(done.status < 0, failed.size > 0 and case.errors == "raise",
                         f"{text}: {done.message}")  # fmt: skip
        self.assertEqual(done.elements, counted.size, text)
        error = case.error(case.result, counted)
        self.assertIsNone(error, f"{text}: {error}")
        # Beside the results, and the mask, no byte is another.
        start = memory.data.__array_interface__["data"][0]
        for array, contents in [(case.result, case.result.copy())] + (
                [(case.mask, bad)] if case.errors == "mask" else []):
            at = array.__array_interface__["data"][0] - start
            numpy.ndarray(array.shape, array.dtype, before, at, array.strides)[...] = contents
        wrong = numpy.flatnonzero(memory.data != before)
        self.assertEqual(wrong.size, 0, f"{text}: bytes differ, first at {wrong[:5]}")
        return before

    def test_random_batches(self):
        kernels = [{row[0]: load(s, row) for row in KERNELS} for s in self.sessions]
        memories = [s.memory(5 * REGION_BYTES) for s in self.sessions]
        for number in range(CASES):
            row = KERNELS[number % len(KERNELS)]
            results = []
            for memory, loaded in zip(memories, kernels):
                random = numpy.random.default_rng([SEED, number])
                case = Case(random, memory.data, row)
                text = f"case {number}: {case}"
                results.append(self.check(memory, loaded[row[0]], case, text))
            same = numpy.flatnonzero(results[0] != results[1])
            self.assertEqual(same.size, 0, f"{text}: other bits on two threads")
            # `case` and `memory` are those of two threads.
            case.result.view()[...] = 0
            self.run_case(case, memory, kernels[1][row[0]])
            if not case.is_refused():
                self.assertTrue((memory.data == results[1]).all(), f"{text}: other bits again")


class Large(Executors):
    """Reductions that many tiles and both threads share."""

    def setUp(self):
        self.random = numpy.random.default_rng(SEED)

    def test_ten_million(self):
        count = 10_000_000
        x = self.random.standard_normal(count)
        x[7_654_321] = 77.0
        x[1_234_567] = -77.0
        exact = math.fsum(x)
        limit = count * 2.0**-52 * numpy.abs(x).sum()
        wanted = {"sum": None, "min": -77.0, "max": 77.0, "argmin": 1_234_567,
                  "argmax": 7_654_321, "any": True, "all": True}  # fmt: skip
        outcomes = []
        for session in self.sessions:
            memory = session.memory(8 * count + 64)
            kernel = session.load(IDENTITY_IR.encode())
            view = numpy.ndarray(count, "f8", memory.data)
            view[:] = x
            got = {}
            for operation in wanted:
                dtype = {"any": "?", "all": "?", "argmin": "i8", "argmax": "i8"}.get(operation, "f8")
                result = numpy.ndarray((), dtype, memory.data, 8 * count)
                done = kernel.apply(memory, [view, spread(result, view.shape, (0,))],
                                    reduce=operation)  # fmt: skip
                self.assertEqual(done.status, 0, done.message)
                self.assertEqual(done.elements, count)
                got[operation] = result.item()
            # Of every second element, backwards.
            result = numpy.ndarray((), "f8", memory.data, 8 * count)
            half = view[::-2]
            kernel.apply(memory, [half, spread(result, half.shape, (0,))], reduce="sum")
            got["half"] = result.item()
            outcomes.append(got)
        self.assertEqual(outcomes[0], outcomes[1])
        for operation, value in wanted.items():
            if value is not None:
                self.assertEqual(outcomes[0][operation], value, operation)
        self.assertLessEqual(abs(outcomes[0]["sum"] - exact), limit)
        self.assertLessEqual(abs(outcomes[0]["half"] - math.fsum(x[::-2])), limit)

    def test_sums_are_accurate(self):
        """Many partial sums: the error stays far below that of one after the other."""
        count = 4_000_000
        x = self.random.random(count)
        exact = math.fsum(x)
        for session in self.sessions:
            memory = session.memory(8 * count + 64)
            view = numpy.ndarray(count, "f8", memory.data)
            view[:] = x
            result = numpy.ndarray((), "f8", memory.data, 8 * count)
            session.load(IDENTITY_IR.encode()).apply(
                memory, [view, spread(result, view.shape, (0,))], reduce="sum")
            self.assertLess(abs(result.item() - exact) / exact, 1e-13)

    def test_axes_of_large_arrays(self):
        shapes = [((2000, 1500), (0,)), ((2000, 1500), (1,)), ((2000, 1500), ()),
                  ((3, 1_000_000), (0,)), ((1_000_000, 3), (1,)), ((1_000_000, 3), (0,)),
                  ((150, 20, 1000), (0, 2)), ((150, 20, 1000), (1,)), ((2, 2, 750_000), (0, 1))]
        kernels = [s.load(IDENTITY_IR.encode()) for s in self.sessions]
        memories = [s.memory(2 * 8 * 3_000_000 + 128) for s in self.sessions]
        for shape, axes in shapes:
            x = self.random.integers(-1000, 1000, shape).astype("f8")
            for order in "CF":
                for operation in ("sum", "max"):
                    rest = tuple(n for d, n in enumerate(shape) if d not in axes)
                    wanted = getattr(x, operation)(axis=axes)
                    for kernel, memory in zip(kernels, memories):
                        view = numpy.ndarray(shape, "f8", memory.data, 0, order=order)
                        view[...] = x
                        result = numpy.ndarray(rest, "f8", memory.data, 8 * x.size)
                        result[...] = -12345
                        done = kernel.apply(memory, [view, spread(result, shape, axes)],
                                            reduce=operation, axes=axes)  # fmt: skip
                        self.assertEqual(done.status, 0, done.message)
                        numpy.testing.assert_array_equal(
                            result, wanted, f"{operation} {shape} along {axes} order {order}")

    def test_random_numbers_keep_their_order(self):
        ir = manifest.ir_texts("0.56.4")["np_random_normal"].encode()
        results = []
        for session in self.sessions:
            kernel = session.load(ir)
            count = 50_000
            arrays = [numpy.ones(count) for _ in kernel.inputs]
            (each,), _ = kernel.run(*arrays, seed=42)
            memory = session.memory(8 * count * len(arrays) + 64)
            [views] = self.arrays([memory], *arrays, numpy.zeros(()))
            shape = (count,)
            for operation in ("sum", "argmax"):
                result = views[-1] if operation == "sum" else views[-1].view("i8")
                done = kernel.apply(memory, views[:-1] + [spread(result, shape, (0,))],
                                    seed=42, reduce=operation)  # fmt: skip
                self.assertEqual(done.status, 0, done.message)
                results.append(result.tobytes())
                if operation == "argmax":
                    self.assertEqual(result.item(), each.argmax())
                else:
                    self.assertAlmostEqual(result.item(), math.fsum(each), delta=1e-8)
        self.assertEqual(results[:2], results[2:])


class Special(Executors):
    def setUp(self):
        self.session = self.sessions[1]
        self.memory = self.session.memory(1 << 20)

    def run_on(self, kernel, inputs, dtypes, operation, axes=None, **options):
        """Reduces arrays; returns (list of results, Completion)."""
        shape = inputs[0].shape
        axes = tuple(range(len(shape))) if axes is None else axes
        rest = tuple(n for d, n in enumerate(shape) if d not in axes)
        arrays = list(inputs) + [numpy.full(rest, 1, dtype) for dtype in dtypes]
        [views] = self.arrays([self.memory], *arrays)
        results = views[len(inputs):]
        operands = views[:len(inputs)] + [spread(r, shape, axes) for r in results]
        done = kernel.apply(self.memory, operands, reduce=operation, axes=axes, **options)
        return [r.copy() for r in results], done

    def test_several_outputs_of_several_dtypes(self):
        kernel = self.session.load(PAIR_IR.encode(), signature="f8,i4(f8,i4)")
        x, n = numpy.arange(600.0).reshape(20, 30), numpy.arange(600, dtype="i4").reshape(20, 30)
        for axes in ((0,), (1,), (0, 1), ()):
            (a, b), done = self.run_on(kernel, [x, n], ["f8", "i8"], "sum", axes, casting="safe")
            self.assertEqual(done.status, 0, done.message)
            numpy.testing.assert_array_equal(a, (2 * x).sum(axis=axes))
            numpy.testing.assert_array_equal(b, (n.astype("i8") + 1).sum(axis=axes))
        (a, b), done = self.run_on(kernel, [x, n], ["i8", "i8"], "argmax")
        self.assertEqual((a.item(), b.item(), done.status), (599, 599, 0))
        (a, b), done = self.run_on(kernel, [x, n], ["?", "?"], "all")
        self.assertEqual((a.item(), b.item(), done.status), (False, True, 0))

    def test_f4_summed_in_f8(self):
        """Values are combined in the array's dtype: of 1e8 ones f4 would keep 2^24."""
        kernel = self.session.load(b"define float @f(float %x) {\n  ret float %x\n}\n")
        x = numpy.full(100_000, 16_777_216, "f4")
        x[1::2] = 1
        (got,), done = self.run_on(kernel, [x], ["f8"], "sum", casting="safe")
        self.assertEqual(done.status, 0, done.message)
        self.assertEqual(got.item(), 50_000 * 16_777_217.0)

    def test_bits_are_counted_in_i8_and_or_in_bool(self):
        kernel = self.session.load(LESS_IR.encode(), signature="?(f8,f8)")
        x = numpy.arange(1000.0)
        for limit, wanted in ((0.0, 0), (1.0, 1), (300.0, 300), (5000.0, 1000)):
            y = numpy.full(1000, limit)
            (count,), done = self.run_on(kernel, [x, y], ["i8"], "sum", casting="safe")
            self.assertEqual((count.item(), done.status), (wanted, 0), done.message)
            for operation, value in (("sum", wanted > 0), ("prod", wanted == 1000)):
                (bit,), _ = self.run_on(kernel, [x, y], ["?"], operation)
                self.assertEqual(bit.item(), value, operation)

    def test_nan_as_in_numpy(self):
        kernel = self.session.load(IDENTITY_IR.encode())
        x = numpy.arange(2000.0).reshape(40, 50) % 7
        x[3, 4] = x[3, 20] = x[39, 49] = numpy.nan
        for operation in ("min", "max", "argmin", "argmax", "sum"):
            for axes in ((0, 1), (0,), (1,)):
                dtype = "i8" if operation in INDICES else "f8"
                (got,), _ = self.run_on(kernel, [x], [dtype], operation, axes)
                axis = None if len(axes) == 2 else axes[0]
                numpy.testing.assert_array_equal(got, getattr(x, operation)(axis=axis))

    def test_infinities_and_zeros(self):
        kernel = self.session.load(IDENTITY_IR.encode())
        for values in ([numpy.inf] * 9, [-numpy.inf] * 9, [numpy.inf, -numpy.inf, 3], [0.0] * 20,
                       [-0.0] * 20, [0.0, -0.0] * 9):
            x = numpy.array(values)
            for operation in ("min", "max", "argmin", "argmax", "sum", "prod"):
                dtype = "i8" if operation in INDICES else "f8"
                (got,), _ = self.run_on(kernel, [x], [dtype], operation)
                with numpy.errstate(invalid="ignore"):
                    wanted = getattr(x, operation)()
                numpy.testing.assert_array_equal(got, wanted, f"{operation} of {values}")

    def test_ends_of_integers(self):
        """Values as bad as the start of a search are found like others."""
        for dtype, bits in (("i1", 8), ("u1", 8), ("i4", 32), ("u4", 32), ("i8", 64), ("u8", 64)):
            kernel = self.session.load(
                f"define i{bits} @f(i{bits} %x) {{\n  ret i{bits} %x\n}}\n".encode(),
                signature=f"{dtype}({dtype})")
            low, high = numpy.iinfo(dtype).min, numpy.iinfo(dtype).max
            for values in ([low] * 40, [high] * 40, [high] * 7 + [low] + [high] * 30, [5, low, high]):
                x = numpy.array(values, dtype)
                for operation in NO_IDENTITY:
                    out = "i8" if operation in INDICES else dtype
                    (got,), _ = self.run_on(kernel, [x], [out], operation)
                    self.assertEqual(got, getattr(x, operation)(), f"{operation} {dtype} {values}")

    def test_no_elements(self):
        kernel = self.session.load(IDENTITY_IR.encode())
        for shape, axes in (((0,), (0,)), ((3, 0), (1,)), ((0, 4), (0, 1)), ((2, 0, 3), (1,))):
            x = numpy.zeros(shape)
            for operation, dtype, value in (
                ("sum", "f8", 0.0), ("prod", "f8", 1.0), ("any", "?", False), ("all", "?", True),
            ):  # fmt: skip
                (got,), done = self.run_on(kernel, [x], [dtype], operation, axes)
                self.assertEqual(done.status, 0, done.message)
                self.assertTrue((got == value).all(), f"{operation} {shape} {axes}: {got}")
                self.assertEqual((done.elements, numpy.signbit(got.astype("f8")).any()), (0, False))
            for operation in NO_IDENTITY:
                dtype = "i8" if operation in INDICES else "f8"
                (got,), done = self.run_on(kernel, [x], [dtype], operation, axes)
                self.assertEqual(done.status_name, "LANES_E_SHAPE")
                self.assertIn("has no elements along the reduced axes", done.message)
                self.assertIn(f"{operation} has no identity", done.message)
                self.assertTrue((got == 1).all(), "the output stays as it is")
        # No result at all: nothing is missing.
        (got,), done = self.run_on(kernel, [numpy.zeros((0, 5))], ["f8"], "max", (1,))
        self.assertEqual((got.size, done.status), (0, 0), done.message)

    def test_where_leaves_all_out(self):
        kernel = self.session.load(IDENTITY_IR.encode())
        shape = (30, 40)
        x = numpy.arange(1200.0).reshape(shape)
        where = numpy.ones(shape, bool)
        where[:, 7] = False
        for operation, dtype, value in (
            ("sum", "f8", 0.0), ("prod", "f8", 1.0), ("min", "f8", numpy.inf),
            ("max", "f8", -numpy.inf), ("any", "?", False), ("all", "?", True),
            ("argmin", "i8", -1), ("argmax", "i8", -1),
        ):  # fmt: skip
            result = numpy.zeros(40, dtype)
            [[a, b, w]] = self.arrays([self.memory], x, result, where)
            done = kernel.apply(self.memory, [a, spread(b, shape, (0,)), w], has_where=True,
                                reduce=operation, axes=(0,))  # fmt: skip
            self.assertEqual(done.status, 0, done.message)
            self.assertEqual(b[7], value, operation)
            self.assertFalse((numpy.delete(b, 7) == -1).any())

    def test_faults_end_the_batch_only(self):
        good = self.session.load(IDENTITY_IR.encode())
        bad = self.session.load(ENDLESS_IR.encode())
        pid = self.session.executor_pid()
        x = numpy.ones((100, 100))
        for axes in ((0, 1), (0,), (1,)):
            _, done = self.run_on(bad, [x], ["f8"], "sum", axes)
            self.assertEqual(done.status_name, "LANES_E_KERNEL_FAULT")
            self.assertIn("stack", done.message)
            (got,), done = self.run_on(good, [x], ["f8"], "sum", axes)
            self.assertEqual(done.status, 0, done.message)
            numpy.testing.assert_array_equal(got, x.sum(axis=axes))
        self.assertEqual(pid, self.session.executor_pid())


class Refusals(Executors):
    def setUp(self):
        self.session = self.sessions[0]
        self.memory = self.session.memory(1 << 16)
        self.kernel = self.session.load(IDENTITY_IR.encode())
        self.x = numpy.ndarray((6, 10), "f8", self.memory.data)
        self.x[...] = 1

    def out(self, shape, dtype="f8", offset=4096):
        return numpy.ndarray(shape, dtype, self.memory.data, offset)

    def refuse(self, status, fragments, operands, kernel=None, **options):
        before = self.memory.data.copy()
        done = (kernel or self.kernel).apply(self.memory, operands, **options)
        self.assertEqual(done.status_name, status, done.message)
        for fragment in fragments:
            self.assertIn(fragment, done.message)
        self.assertTrue((self.memory.data == before).all())

    def test_outputs_that_move_along_a_reduced_axis(self):
        for axes, axis, stride in (((1,), 1, 8), ((0,), 0, 80), ((0, 1), 0, 80)):
            self.refuse("LANES_E_SHAPE", ["operand 1", f"stride {stride} along dimension {axis}, which is reduced"],
                        [self.x, self.out((6, 10))], reduce="sum", axes=axes)  # fmt: skip

    def test_outputs_that_stand_still_along_another_axis(self):
        out = spread(self.out(()), (6, 10), (0, 1))
        self.refuse("LANES_E_OVERLAP", ["operand 1"], [self.x, out], reduce="sum", axes=(1,))
        self.refuse("LANES_E_OVERLAP", ["operand 1"], [self.x, out])

    def test_outputs_that_are_inputs(self):
        row = self.x[:, 0]
        for view in (row, self.x[0]):
            axes = (1,) if view is row else (0,)
            self.refuse("LANES_E_OVERLAP", ["operand 1"],
                        [self.x, spread(view, (6, 10), axes)], reduce="sum", axes=axes)
        self.refuse("LANES_E_OVERLAP", ["operand 1"],
                    [self.x[:, :1], spread(row, (6, 1), (1,))], reduce="sum", axes=(1,))

    def test_dtypes_of_outputs(self):
        for operation, dtype, wanted in (
            ("any", "f8", "?"), ("all", "u1", "?"), ("argmin", "f8", "i8"), ("argmax", "u8", "i8"),
        ):  # fmt: skip
            out = spread(self.out((), dtype), (6, 10), (0, 1))
            self.refuse("LANES_E_DTYPE", ["operand 1", operation, wanted, dtype], [self.x, out],
                        reduce=operation, casting="unsafe")  # fmt: skip
        out = spread(self.out((), "f4"), (6, 10), (0, 1))
        self.refuse("LANES_E_DTYPE", ["operand 1", "f4"], [self.x, out], reduce="sum")
        self.refuse("LANES_E_DTYPE", ["operand 1", "f4"], [self.x, out], reduce="sum",
                    casting="safe")  # fmt: skip

    def test_complex_numbers_have_no_order(self):
        kernel = self.session.load(layouts.COMPLEX_IR.encode(), signature="c16(c16,c16)")
        x = numpy.ndarray((10,), "c16", self.memory.data)
        for operation in NO_IDENTITY:
            out = self.out((), "i8" if operation in INDICES else "c16")
            self.refuse("LANES_E_DTYPE", ["operand 2", "c16", "no order", "sum"],
                        [x, x, spread(out, (10,), (0,))], kernel, reduce=operation)

        for operation in EXTREMES:
            out = spread(self.out((), "c16"), (6, 10), (0, 1))
            self.refuse("LANES_E_DTYPE", ["operand 1 is c16", "no order", f"give {operation} a real"],
                        [self.x, out], reduce=operation, casting="safe")  # fmt: skip

    def test_a_mask_is_not_reduced(self):
        mask = spread(self.out((), "?", 8192), (6, 10), (0, 1))
        self.refuse("LANES_E_OVERLAP", ["operand 2"],
                    [self.x, spread(self.out(()), (6, 10), (0, 1)), mask], reduce="sum",
                    errors="mask")  # fmt: skip


if __name__ == "__main__":
    unittest.main()
