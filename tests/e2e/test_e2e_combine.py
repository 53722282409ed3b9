# SPDX-License-Identifier: Apache-2.0
"""Reductions by the kernel itself: associative kernels of all sorts, most of which do not
commute, against Python that applies them one element after the other.

Cases are random with a fixed seed; LANES_CASES says how many.
"""
import math
import pathlib
import sys
import unittest

import numpy

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
sys.path.insert(0, str(HERE.parent / "numba"))
import lanes_client  # noqa: E402  pylint: disable=wrong-import-position
import manifest  # noqa: E402  pylint: disable=wrong-import-position
import test_e2e_layouts as layouts  # noqa: E402  pylint: disable=wrong-import-position
from test_e2e_reduce import (  # noqa: E402  pylint: disable=wrong-import-position
    CASES,
    IDENTITY_IR,
    PAIR_IR,
    REGION_BYTES,
    SEED,
    Executors,
)

spread = lanes_client.spread
# Associative, each in another way: (IR, dtype, what it makes of an array along an axis)
FIRST_IR = "define double @f(double %a, double %b) {\n  ret double %a\n}\n"
LAST_IR = "define double @f(double %a, double %b) {\n  ret double %b\n}\n"
XOR_IR = "define i32 @f(i32 %a, i32 %b) {\n  %c = xor i32 %a, %b\n  ret i32 %c\n}\n"
BYTE_SUM_IR = "define i8 @f(i8 %a, i8 %b) {\n  %c = add i8 %a, %b\n  ret i8 %c\n}\n"
SUM_IR = "define double @f(double %a, double %b) {\n  %c = fadd double %a, %b\n  ret double %c\n}\n"
LARGER_IR = """define double @f(double %a, double %b) {
  %is = fcmp ogt double %a, %b
  br i1 %is, label %left, label %right
left:
  ret double %a
right:
  ret double %b
}
"""
SATURATING_IR = """define i8 @f(i8 %a, i8 %b) {
  %c = call i8 @llvm.uadd.sat.i8(i8 %a, i8 %b)
  ret i8 %c
}
declare i8 @llvm.uadd.sat.i8(i8, i8)
"""
# Maps of {0, 1, 2, 3} into itself, two bits for each result, one after the other.
MAPS_IR = "define i8 @f(i8 %a, i8 %b) {\n" + "".join(f"""  %s{k} = lshr i8 %a, {2 * k}
  %i{k} = and i8 %s{k}, 3
  %t{k} = shl i8 %i{k}, 1
  %u{k} = lshr i8 %b, %t{k}
  %v{k} = and i8 %u{k}, 3
  %w{k} = shl i8 %v{k}, {2 * k}
""" for k in range(4)) + """  %x = or i8 %w0, %w1
  %y = or i8 %w2, %w3
  %z = or i8 %x, %y
  ret i8 %z
}
"""
# Numba's convention: the sum, but 3 as its second argument raises.
NO_THREE_IR = """define i32 @f(ptr %ret, ptr %exc, i64 %a, i64 %b) {
  %bad = icmp eq i64 %b, 3
  br i1 %bad, label %raise, label %good
raise:
  ret i32 1
good:
  %c = add i64 %a, %b
  store i64 %c, ptr %ret
  ret i32 0
}
"""


def in_turn(function):
    """function(accumulator, elements, which of them count), one after the other"""
    def reduce(start, x, counted):
        value = start
        for k in range(x.shape[-1]):
            value = numpy.where(counted[..., k], function(value, x[..., k]), value)
        return value.astype(start.dtype)
    return reduce


def compose(a, b):
    return sum(((b >> (2 * ((a >> 2 * k) & 3))) & 3) << (2 * k) for k in range(4)).astype("u1")


COMBINERS = [
    ("first", FIRST_IR, "f8", lambda a, b: a), ("last", LAST_IR, "f8", lambda a, b: b),
    ("larger", LARGER_IR, "f8", lambda a, b: numpy.where(a > b, a, b)),
    ("sum", SUM_IR, "f8", lambda a, b: a + b), ("xor", XOR_IR, "i4", lambda a, b: a ^ b),
    ("bytes", BYTE_SUM_IR, "u1", lambda a, b: a + b), ("maps", MAPS_IR, "u1", compose),
    ("saturating", SATURATING_IR, "u1",
     lambda a, b: numpy.minimum(a.astype("i4") + b, 255).astype("u1")),
    ("no three", NO_THREE_IR, "i8", lambda a, b: a + b),
]  # fmt: skip


class CombineCase(layouts.Case):
    """One random reduction by a kernel: views into memory."""

    def __init__(self, random, data, combiner):  # pylint: disable=super-init-not-called
        self.random = random
        self.name, _, self.dtype, self.function = combiner
        self.shape = self.random_shape()
        self.axes = tuple(range(len(self.shape)))
        if random.random() < 0.7:
            self.axes = tuple(d for d in self.axes if random.random() < 0.5)
        self.has_where = random.random() < 0.3
        self.errors = str(random.choice(["raise", "mask", "ignore"]))
        self.regions = [data[k * REGION_BYTES:(k + 1) * REGION_BYTES] for k in range(5)]
        self.fill()
        own = numpy.dtype(self.dtype)
        self.x = self.view(1, own, False)
        whole = self.shape
        self.shape = tuple(n for d, n in enumerate(whole) if d not in self.axes)
        self.result = self.view(2, own, True)
        # A start that is one element for many values is read once for each.
        self.start = self.result if random.random() < 0.2 else self.view(0, own, False)
        self.shape = whole
        if self.name == "maps":
            self.x[...] = random.choice(numpy.array([0xE4, 0xE1, 0x1B, 0x6C], "u1"), whole)
        self.operands = [spread(self.start, whole, self.axes), self.x,
                         spread(self.result, whole, self.axes)]  # fmt: skip
        if self.errors == "mask":
            self.mask = self.view(3, numpy.dtype("?"), True)
            self.operands.append(self.mask)
        if self.has_where:
            self.where = self.view(4, numpy.dtype("?"), False)
            self.operands.append(self.where)

    def failures(self):
        wanted = self.where.copy() if self.has_where else numpy.ones(self.shape, bool)
        bad = (self.x == 3) & wanted if self.name == "no three" else numpy.zeros(self.shape, bool)
        return wanted & ~bad, bad

    def wanted(self):
        """What comes of it, by the kernel's function on arrays."""
        counted, _ = self.failures()
        rest = [d for d in range(len(self.shape)) if d not in self.axes]
        lengths = tuple(self.shape[d] for d in rest) + (math.prod(self.shape[d] for d in self.axes),)
        x = self.x.transpose(rest + list(self.axes)).reshape(lengths)
        counted = counted.transpose(rest + list(self.axes)).reshape(lengths)
        with numpy.errstate(over="ignore"):
            return in_turn(self.function)(self.start.copy(), x, counted)

    def expected(self, memory):
        raise NotImplementedError

    def __str__(self):
        return (f"{self.name} {self.shape} along {self.axes} errors {self.errors} where "
                f"{self.has_where} in place {self.start is self.result} "
                + " ".join(f"{a.dtype.str[1:]}{a.strides}" for a in self.operands))  # fmt: skip


class KernelsThatReduce(Executors):
    def check(self, memory, kernel, case, text):
        """Runs the case; returns the bytes of `memory` after it."""
        wanted, before = case.wanted(), memory.data.copy()
        _, bad = case.failures()
        done = kernel.apply(memory, case.operands, errors=case.errors, has_where=case.has_where,
                            reduce="kernel", axes=case.axes)  # fmt: skip
        self.assertEqual(done.status < 0, bool(bad.any()) and case.errors == "raise",
                         f"{text}: {done.message}")  # fmt: skip
        self.assertEqual(done.failed, bad.sum(), text)
        if bad.any():
            self.assertEqual(done.first_failed, numpy.flatnonzero(bad)[0], text)
        numpy.testing.assert_array_equal(case.result, wanted, text)
        start = memory.data.__array_interface__["data"][0]
        for array, contents in [(case.result, case.result.copy())] + (
                [(case.mask, bad)] if case.errors == "mask" else []):
            at = array.__array_interface__["data"][0] - start
            numpy.ndarray(array.shape, array.dtype, before, at, array.strides)[...] = contents
        wrong = numpy.flatnonzero(memory.data != before)
        self.assertEqual(wrong.size, 0, f"{text}: bytes differ, first at {wrong[:5]}")
        return before

    def load(self, session, row):
        signature = f"{row[2]}({row[2]},{row[2]})"
        convention = "numba" if row[0] == "no three" else "auto"
        return session.load(row[1].encode(), signature=signature, convention=convention)

    def test_random_batches(self):
        kernels = [{row[0]: self.load(s, row) for row in COMBINERS} for s in self.sessions]
        memories = [s.memory(5 * REGION_BYTES) for s in self.sessions]
        for number in range(CASES // 2):
            row = COMBINERS[number % len(COMBINERS)]
            results = []
            for memory, loaded in zip(memories, kernels):
                random = numpy.random.default_rng([SEED, 1, number])
                case = CombineCase(random, memory.data, row)
                text = f"case {number}: {case}"
                results.append(self.check(memory, loaded[row[0]], case, text))
            same = numpy.flatnonzero(results[0] != results[1])
            self.assertEqual(same.size, 0, f"{text}: other bits on two threads")

    def test_many_elements_keep_their_order(self):
        count = 200_000
        x = numpy.arange(1.0, count + 1)
        maps = numpy.random.default_rng(SEED).choice(numpy.array([0xE4, 0xE1, 0x1B, 0x6C], "u1"), count)
        composed = numpy.uint8(0xE4)
        for value in maps:
            composed = compose(composed, value)
        for session in self.sessions:
            memory = session.memory(16 * count + 128)
            for name, values, start, wanted in (
                ("first", x, 7.0, 7.0), ("last", x, 7.0, float(count)), ("larger", x[::-1], 0.0, count),
                ("sum", x, 0.5, count * (count + 1) / 2 + 0.5), ("maps", maps, 0xE4, composed),
            ):  # fmt: skip
                row = next(r for r in COMBINERS if r[0] == name)
                dtype = row[2]
                [[a, b, out]] = self.arrays(
                    [memory], numpy.array(start, dtype), values.astype(dtype), numpy.zeros((), dtype))
                done = self.load(session, row).apply(
                    memory, [spread(a, b.shape, (0,)), b, spread(out, b.shape, (0,))],
                    reduce="kernel")
                self.assertEqual(done.status, 0, done.message)
                self.assertEqual(done.elements, count)
                self.assertEqual(out.item(), wanted, name)

    def test_sums_within_rounding(self):
        x = numpy.random.default_rng(SEED).standard_normal((300, 400))
        results = []
        for session in self.sessions:
            memory = session.memory(1 << 20)
            kernel = self.load(session, COMBINERS[3])
            for axes in ((0,), (1,), (0, 1)):
                rest = tuple(n for d, n in enumerate(x.shape) if d not in axes)
                [[a, b, out]] = self.arrays([memory], numpy.zeros(rest), x, numpy.zeros(rest))
                kernel.apply(memory, [spread(a, x.shape, axes), b, spread(out, x.shape, axes)],
                             reduce="kernel", axes=axes)  # fmt: skip
                numpy.testing.assert_allclose(out, x.sum(axis=axes), rtol=0, atol=1e-10)
                results.append(out.tobytes())
        self.assertEqual(results[:3], results[3:])

    def test_no_elements_give_the_start(self):
        session = self.sessions[0]
        memory = session.memory(4096)
        kernel = self.load(session, COMBINERS[1])
        for shape, axes in (((0,), (0,)), ((3, 0), (1,)), ((2, 0, 4), (1,))):
            rest = tuple(n for d, n in enumerate(shape) if d not in axes)
            start = numpy.arange(10.0, 10 + math.prod(rest)).reshape(rest)
            [[a, b, out]] = self.arrays([memory], start, numpy.zeros(shape), numpy.zeros(rest))
            done = kernel.apply(memory, [spread(a, shape, axes), b, spread(out, shape, axes)],
                                reduce="kernel", axes=axes)  # fmt: skip
            self.assertEqual(done.status, 0, done.message)
            numpy.testing.assert_array_equal(out, start)

    def test_refusals(self):
        session = self.sessions[0]
        memory = session.memory(8192)
        shape = (6, 10)
        start, x, out = (numpy.ndarray((), "f8", memory.data, 4096), numpy.ndarray(shape, "f8", memory.data),
                         numpy.ndarray((), "f8", memory.data, 4104))  # fmt: skip
        memory.data[:] = 0
        good = [spread(start, shape, (0, 1)), x, spread(out, shape, (0, 1))]
        last = self.load(session, COMBINERS[1])
        self.assertEqual(last.apply(memory, good, reduce="kernel").status, 0)
        narrow = numpy.ndarray((), "f4", memory.data, 4112)
        moving = numpy.ndarray(shape, "f8", memory.data, 4200)
        for kernel, operands, status, fragments in (
            (last, [good[0], x, spread(narrow, shape, (0, 1))], "LANES_E_DTYPE",
             ["operand 2 is f4", "converts nothing", "takes f8"]),
            (last, [spread(narrow, shape, (0, 1)), *good[1:]], "LANES_E_DTYPE", ["operand 0 is f4"]),
            (last, [moving, *good[1:]], "LANES_E_SHAPE",
             ["operand 0, where values begin, has stride 80 along dimension 0"]),
            (last, [*good[:2], moving], "LANES_E_SHAPE", ["operand 2, an output, has stride 80"]),
        ):  # fmt: skip
            done = kernel.apply(memory, operands, reduce="kernel", casting="unsafe")
            self.assertEqual(done.status_name, status, done.message)
            for fragment in fragments:
                self.assertIn(fragment, done.message)
        one = session.load(IDENTITY_IR.encode())
        pair = session.load(PAIR_IR.encode(), signature="f8,i4(f8,i4)")
        mixed = session.load(b"define double @f(double %a, i32 %b) {\n  ret double %a\n}\n")
        ints, more = (spread(numpy.ndarray((), "i4", memory.data, 4120 + 4 * k), shape, (0, 1))
                      for k in range(2))  # fmt: skip
        for kernel, operands in (
            (one, good[1:]), (pair, [good[0], ints, good[2], more]), (mixed, [good[0], ints, good[2]]),
        ):  # fmt: skip
            done = kernel.apply(memory, operands, reduce="kernel")
            self.assertLess(done.status, 0)
            self.assertRegex(done.message, "reduce")
        ir = manifest.ir_texts("0.56.4")["np_random_normal"].encode()
        kernel = session.load(ir)
        done = kernel.apply(memory, [good[0], x, good[2]], reduce="kernel")
        self.assertLess(done.status, 0)
        self.assertIn("random", done.message)


if __name__ == "__main__":
    unittest.main()
