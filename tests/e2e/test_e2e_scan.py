# SPDX-License-Identifier: Apache-2.0
"""Scans (accumulate) of any shape, layout and dtype against NumPy, or against one element
after the other: results, and not one byte beside; the same bits on another number of threads.

Cases are random with a fixed seed; LANES_CASES says how many (a long run: 50000).
"""
import os
import pathlib
import sys
import unittest

import numpy

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
sys.path.insert(0, str(HERE.parent / "numba"))
import manifest  # noqa: E402  pylint: disable=wrong-import-position
import test_e2e_layouts as layouts  # noqa: E402  pylint: disable=wrong-import-position
import test_e2e_reduce as reductions  # noqa: E402  pylint: disable=wrong-import-position

CASES = int(os.environ.get("LANES_CASES", "250"))
SEED = 20261125
REGION_BYTES = layouts.REGION_BYTES
Executors = reductions.Executors


def binary(operation, kind="double", attributes=""):
    """IR of f(a, x)."""
    return (f"define {attributes} {kind} @f({kind} {attributes} %a, {kind} {attributes} %x) {{\n"
            f"  %y = {operation}\n  ret {kind} %y\n}}\n")  # fmt: skip


def failing(condition):
    """IR of a + x in Numba's convention, which fails where `condition` is true of %a, %x, %y."""
    return f"""define i32 @f(ptr %ret, ptr %exc, double %a, double %x) {{
  %y = fadd double %a, %x
  store double %y, ptr %ret
  %bad = fcmp {condition}
  %code = zext i1 %bad to i32
  ret i32 %code
}}
"""


ADD_IR = binary("fadd double %a, %x")
MAX_IR = "declare i32 @llvm.smax.i32(i32, i32)\n" + binary(
    "call i32 @llvm.smax.i32(i32 %a, i32 %x)", "i32")
XOR_IR = binary("xor i8 %a, %x", "i8", "zeroext")
WRAP_IR = binary("add i64 %a, %x", "i64")
LAST_IR = binary("fadd double %x, -0.0")
FIRST_IR = binary("fadd double %a, -0.0")
COMPLEX_IR = """define { double, double } @f(double %a, double %b, double %c, double %d) {
  %e = fadd double %a, %c
  %g = fadd double %b, %d
  %r = insertvalue { double, double } undef, double %e, 0
  %s = insertvalue { double, double } %r, double %g, 1
  ret { double, double } %s
}
"""

# (name, IR, dtype, what one step gives, when it fails or None)
KERNELS = [
    ("add", ADD_IR, "f8", lambda a, x: a + x, None),
    ("max", MAX_IR, "i4", max, None),
    ("xor", XOR_IR, "u1", lambda a, x: a ^ x, None),
    ("last", LAST_IR, "f8", lambda a, x: x, None),
    ("first", FIRST_IR, "f8", lambda a, x: a, None),
    ("complex", COMPLEX_IR, "c16", lambda a, x: a + x, None),
    ("negative", failing("olt double %x, 0.0"), "f8", lambda a, x: a + x, lambda a, x: x < 0),
    ("bounded", failing("ogt double %y, 200.0"), "f8", lambda a, x: a + x,
     lambda a, x: a + x > 200),
]  # fmt: skip


def load(session, row):
    _, ir, dtype, _, fails = row
    return session.load(ir.encode(), signature=f"{dtype}({dtype},{dtype})",
                        convention="numba" if fails else "auto")  # fmt: skip


class Case(layouts.Case):
    """One random scan: views into memory."""

    def __init__(self, random, data, kernel):  # pylint: disable=super-init-not-called
        self.random = random
        self.name, _, self.dtype, self.step, self.fails = kernel
        self.shape = self.random_shape()
        self.axis = int(random.integers(len(self.shape)))
        # Of length 1 others may be named, too.
        self.axes = tuple(d for d, n in enumerate(self.shape)
                          if d == self.axis or (n == 1 and random.random() < 0.3))
        self.has_where = random.random() < 0.3
        self.errors = str(random.choice(["raise", "mask", "ignore"]))
        self.regions = [data[k * REGION_BYTES:(k + 1) * REGION_BYTES] for k in range(5)]
        self.fill()
        own = numpy.dtype(self.dtype)
        self.start = self.start_view(own)
        self.out = self.view(2, own, True)
        self.x = self.out if random.random() < 0.3 else self.view(1, own, False)
        self.operands = [self.start, self.x, self.out]
        if self.errors == "mask":
            self.mask = self.view(3, numpy.dtype("?"), True)
            self.operands.append(self.mask)
        if self.has_where:
            self.where = self.view(4, numpy.dtype("?"), False)
            if random.random() < 0.2:
                self.where[...] = False
            self.operands.append(self.where)

    def start_view(self, dtype):
        view = self.view(0, dtype, False)
        at = view.__array_interface__["data"][0] - self.regions[0].__array_interface__["data"][0]
        strides = [0 if d in self.axes else s for d, s in enumerate(view.strides)]
        return numpy.ndarray(self.shape, dtype, self.regions[0], at, strides)

    def expected(self, memory=None):
        """(output, which elements fail), one after the other."""
        out, bad = self.out.copy(), numpy.zeros(self.shape, bool)
        x, start = self.x.copy(), self.start.copy()
        wanted = self.where.copy() if self.has_where else numpy.ones(self.shape, bool)
        rest = [n for d, n in enumerate(self.shape) if d != self.axis]
        rows = [numpy.moveaxis(a, self.axis, -1) for a in (out, bad, x, start, wanted)]
        if not x.size:
            return out, bad
        for place in numpy.ndindex(*rest):
            to, fails, values, begin, counts = (a[place] for a in rows)
            running = begin[0]
            for i, value in enumerate(values):
                if counts[i] and self.fails and self.fails(running, value):
                    fails[i] = True
                elif counts[i]:
                    running = to[i] = self.step(running, value)
        return out, bad

    def __str__(self):
        return (f"{self.name} {self.shape} along {self.axes} errors {self.errors} where "
                f"{self.has_where} in place {self.x is self.out} "
                + " ".join(f"{a.dtype.str[1:]}{a.strides}" for a in self.operands))  # fmt: skip


class RandomScans(Executors):
    def check(self, memory, kernel, case, text):
        """Runs the case; returns the bytes of `memory` after it."""
        wanted, bad = case.expected()
        before = memory.data.copy()
        done = kernel.apply(memory, case.operands, errors=case.errors, has_where=case.has_where,
                            reduce="scan", axes=case.axes)  # fmt: skip
        failed = numpy.flatnonzero(bad)
        self.assertEqual(done.failed, failed.size, f"{text}: {done.message}")
        if failed.size:
            self.assertEqual(done.first_failed, failed[0], text)
        self.assertEqual(done.status < 0, failed.size > 0 and case.errors == "raise",
                         f"{text}: {done.message}")  # fmt: skip
        self.assertEqual(done.elements, wanted.size, text)
        numpy.testing.assert_array_equal(case.out, wanted, text)
        # Beside the results, and the mask, no byte is another.
        start = memory.data.__array_interface__["data"][0]
        for array, contents in [(case.out, wanted)] + (
                [(case.mask, bad)] if case.errors == "mask" else []):
            at = array.__array_interface__["data"][0] - start
            numpy.ndarray(array.shape, array.dtype, before, at, array.strides)[...] = contents
        wrong = numpy.flatnonzero(memory.data != before)
        self.assertEqual(wrong.size, 0, f"{text}: bytes differ, first at {wrong[:5]}")

    def test_random_batches(self):
        kernels = [{row[0]: load(s, row) for row in KERNELS} for s in self.sessions]
        memories = [s.memory(5 * REGION_BYTES) for s in self.sessions]
        for number in range(CASES):
            row = KERNELS[number % len(KERNELS)]
            for memory, loaded in zip(memories, kernels):
                random = numpy.random.default_rng([SEED, number])
                case = Case(random, memory.data, row)
                self.check(memory, loaded[row[0]], case, f"case {number}: {case}")


class Scans(Executors):
    def setUp(self):
        self.random = numpy.random.default_rng(SEED)

    def scan(self, ir, x, start, dtype="f8", axis=0, where=None, convention="auto", order="C",
             **options):  # fmt: skip
        """Results on one thread and on two, which have the same bits; and a Completion."""
        results = []
        for session in self.sessions:
            kernel = session.load(ir.encode(), signature=f"{dtype}({dtype},{dtype})",
                                  convention=convention)
            x = numpy.asarray(x, dtype)
            memory = session.memory(3 * x.nbytes + 2 * x.size + 4096)
            arrays = [numpy.asarray(start, dtype), x, numpy.full(x.shape, 77, dtype)]
            arrays += [where] if where is not None else []
            [views] = self.arrays([memory], *(a.T if order == "F" else a for a in arrays))
            views = [v.T if order == "F" else v for v in views]
            views[0] = numpy.broadcast_to(views[0], x.shape)
            done = kernel.apply(memory, views, reduce="scan", axes=(axis,),
                                has_where=where is not None, **options)
            results.append(views[2].copy())
            kernel.release()
        self.assertEqual(results[0].tobytes(), results[1].tobytes())
        return results[0], done

    def test_ten_million(self):
        """Two passes over many segments."""
        count = 10_000_000
        x = self.random.integers(-2**62, 2**62, count)
        got, done = self.scan(WRAP_IR, x, 5, "i8")
        self.assertEqual((done.status, done.elements, done.failed), (0, count, 0), done.message)
        numpy.testing.assert_array_equal(got, numpy.add.accumulate(x) + 5)
        x = self.random.standard_normal(count)
        got, _ = self.scan(ADD_IR, x, 0.5)
        limit = 2.0**-52 * count**0.5 * numpy.abs(x).cumsum()
        self.assertTrue((numpy.abs(got - (numpy.add.accumulate(x) + 0.5)) <= limit).all())
        got, _ = self.scan(LAST_IR, x, 0.5)
        numpy.testing.assert_array_equal(got, x)
        got, _ = self.scan(FIRST_IR, x, 0.5)
        self.assertTrue((got == 0.5).all())
        x = self.random.integers(-2**31, 2**31, count).astype("i4")
        got, _ = self.scan(MAX_IR, x, -2**31, "i4")
        numpy.testing.assert_array_equal(got, numpy.maximum.accumulate(x))
        x = self.random.integers(0, 256, count).astype("u1")
        got, _ = self.scan(XOR_IR, x, 0, "u1")
        numpy.testing.assert_array_equal(got, numpy.bitwise_xor.accumulate(x))

    def test_ten_million_in_place_with_where(self):
        count = 10_000_000
        x = self.random.integers(-1000, 1000, count)
        where = self.random.random(count) < 0.7
        where[3_000_000:3_500_000] = False  # whole segments
        wanted = numpy.where(where, numpy.add.accumulate(numpy.where(where, x, 0)) + 3, x)
        results = []
        for session in self.sessions:
            memory = session.memory(9 * count + 256)
            [(start, values, flags)] = self.arrays([memory], numpy.array(3), x, where)
            done = session.load(WRAP_IR.encode()).apply(
                memory, [numpy.broadcast_to(start, count), values, values, flags],
                reduce="scan", has_where=True)  # fmt: skip
            self.assertEqual(done.status, 0, done.message)
            results.append(values)
        for got in results:
            numpy.testing.assert_array_equal(got, wanted)

    def test_axes_of_large_arrays(self):
        for shape, axis in (((3, 500_000), 1), ((500_000, 3), 0), ((3, 500_000), 0),
                            ((500_000, 3), 1), ((2000, 700), 0), ((2000, 700), 1),
                            ((2, 70_000, 5), 1), ((1, 200_000), 1)):  # fmt: skip
            x = self.random.integers(-1000, 1000, shape).astype("f8")
            start = self.random.integers(-9, 9, [1 if d == axis else n for d, n in enumerate(shape)])
            for order in "CF":
                got, done = self.scan(ADD_IR, x, start, axis=axis, order=order)
                self.assertEqual(done.status, 0, done.message)
                numpy.testing.assert_array_equal(
                    got, numpy.add.accumulate(x, axis=axis) + start, f"{shape} along {axis}")

    def test_elements_that_fail(self):
        """Which fail depends on what was kept before them, also in long rows."""
        count = 1_000_000
        ir = failing("ogt double %y, 1000.0")
        x = numpy.ones(count)
        x[2000::2000] = -300
        wanted, bad, running = numpy.full(count, 77.0), numpy.zeros(count, bool), 0.0
        for i, value in enumerate(x):
            bad[i] = running + value > 1000
            if not bad[i]:
                running = wanted[i] = running + value
        got, done = self.scan(ir, x, 0, errors="ignore", convention="numba")
        numpy.testing.assert_array_equal(got, wanted)
        self.assertEqual((done.status, done.failed, done.first_failed),
                         (0, bad.sum(), bad.argmax()))  # fmt: skip
        got, done = self.scan(ir, x, 0, convention="numba")
        self.assertEqual(done.status_name, "LANES_E_KERNEL_RAISED")
        self.assertIn(f"for {bad.sum()} of {count} elements, first at index 1000", done.message)

    def test_the_first_failure_is_explained_with_what_was_kept_before_it(self):
        """1 // 0 is not what fails with the start value: only with the running one."""
        ir = "define i64 @f(i64 %a, i64 %x) {\n  %y = sdiv i64 %x, %a\n  ret i64 %y\n}\n"
        got, done = self.scan(ir, [8, 8, 3, 9, 4], 2, "i8", errors="ignore")
        # 8 // 2 = 4, 8 // 4 = 2, 3 // 2 = 1, 9 // 1 = 9, 4 // 9 = 0
        self.assertEqual((got.tolist(), done.failed), ([4, 2, 1, 9, 0], 0))
        x = numpy.array([8, 8, 3, 9, 4, 5, 6])
        for where in (None, numpy.array([1, 1, 1, 1, 1, 0, 1], bool)):
            got, done = self.scan(ir, x, 2, "i8", where=where, errors="ignore")
            first = 5 if where is None else 6
            self.assertEqual((got.tolist(), done.failed), ([4, 2, 1, 9, 0, 77, 77], 7 - first))
            self.assertEqual(done.first_failed, first)
            self.assertIn("ZeroDivisionError", done.message)

    def test_no_elements(self):
        for shape, axis in (((0,), 0), ((3, 0), 1), ((3, 0), 0), ((0, 4), 1)):
            got, done = self.scan(ADD_IR, numpy.zeros(shape), 0, axis=axis)
            self.assertEqual((done.status, done.elements, got.shape), (0, 0, shape), done.message)

    def test_one_element(self):
        for shape in ((1,), (1, 1)):
            got, done = self.scan(ADD_IR, numpy.full(shape, 2), 40)
            self.assertEqual((done.status, got.tolist()), (0, numpy.full(shape, 42).tolist()))

    def test_faults_end_the_batch_only(self):
        good, pid = self.sessions[1].load(ADD_IR.encode()), self.sessions[1].executor_pid()
        endless = reductions.ENDLESS_IR.replace("@f(double %x)", "@f(double %a, double %x)")
        _, done = self.scan(endless, numpy.ones(200_000), 0)
        self.assertEqual(done.status_name, "LANES_E_KERNEL_FAULT")
        self.assertIn("stack", done.message)
        memory = self.sessions[1].memory(4096)
        [(start, x)] = self.arrays([memory], numpy.zeros(()), numpy.ones(5))
        done = good.apply(memory, [numpy.broadcast_to(start, 5), x, x], reduce="scan")
        self.assertEqual((done.status, x.tolist()), (0, [1, 2, 3, 4, 5]), done.message)
        self.assertEqual(pid, self.sessions[1].executor_pid())


class Refusals(Executors):
    def setUp(self):
        self.session = self.sessions[0]
        self.memory = self.session.memory(1 << 16)
        self.kernel = self.session.load(ADD_IR.encode())
        self.x = numpy.ndarray((6, 10), "f8", self.memory.data)
        self.out = numpy.ndarray((6, 10), "f8", self.memory.data, 8192)
        self.start = numpy.ndarray((6, 1), "f8", self.memory.data, 32768)
        self.memory.data[:] = 0

    def refuse(self, status, fragments, operands=None, kernel=None, axes=(1,), **options):
        before = self.memory.data.copy()
        spread = [numpy.broadcast_to(self.start, (6, 10)), self.x, self.out]
        done = (kernel or self.kernel).apply(
            self.memory, operands or spread, reduce="scan", axes=axes, **options)
        self.assertEqual(done.status_name, status, done.message)
        for fragment in fragments:
            self.assertIn(fragment, done.message)
        self.assertTrue((self.memory.data == before).all())

    def test_axes(self):
        self.refuse("LANES_E_SHAPE", ["names dimensions 0, 1", "along one"], axes=(0, 1))
        self.refuse("LANES_E_SHAPE", ["names none of the 2 dimensions"], axes=())

    def test_start(self):
        self.refuse("LANES_E_SHAPE", ["operand 0, where values begin, has stride 80 along "
                                      "dimension 0, which is scanned"],
                    [self.x, self.x, self.out], axes=(0,))  # fmt: skip
        row = numpy.broadcast_to(self.out[:, :1], (6, 10))
        self.refuse("LANES_E_OVERLAP", ["operand 2", "where a scan begins must be apart"],
                    [row, self.x, self.out])  # fmt: skip

    def test_outputs(self):
        start = numpy.broadcast_to(self.start, (6, 10))
        self.refuse("LANES_E_OVERLAP", ["operand 2"],
                    [start, self.x, numpy.broadcast_to(self.out[:, :1], (6, 10))])
        shifted = numpy.ndarray((6, 10), "f8", self.memory.data, 8)
        self.refuse("LANES_E_OVERLAP", ["apart or exactly the same array"], [start, self.x, shifted])

    def test_dtypes(self):
        start = numpy.broadcast_to(self.start, (6, 10))
        other = numpy.ndarray((6, 10), "f4", self.memory.data, 16384)
        for operands in ([start, other, self.out], [start, self.x, other]):
            self.refuse("LANES_E_DTYPE", ["is f4", "scans by itself converts nothing", "takes f8"],
                        operands, casting="unsafe")  # fmt: skip

    def test_kernels(self):
        unary = self.session.load(reductions.IDENTITY_IR.encode())
        self.refuse("LANES_E_OPERANDS", ["f8(f8)", "scans by itself takes two numbers"],
                    [self.x, self.out], unary)  # fmt: skip
        mixed = self.session.load(
            b"define double @f(double %a, float %x) {\n  ret double %a\n}\n")
        other = numpy.ndarray((6, 10), "f4", self.memory.data, 16384)
        self.refuse("LANES_E_OPERANDS", ["f8(f8,f4)", "two numbers of one dtype"],
                    [numpy.broadcast_to(self.start, (6, 10)), other, self.out], mixed)
        random = self.session.load(manifest.ir_texts("0.56.4")["np_random_normal"].encode())
        self.assertEqual(len(random.inputs), 2)
        self.refuse("LANES_E_OPERANDS", ["random numbers", "cannot scan by itself"],
                    None, random)  # fmt: skip


if __name__ == "__main__":
    unittest.main()
