# SPDX-License-Identifier: Apache-2.0
"""Batches of any shape, layout and dtype, against NumPy: results, and not one byte beside.

Cases are random with a fixed seed; LANES_CASES says how many (a long run: 100000).
"""
import os
import sys
import time
import unittest

import numpy

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import lanes_client  # noqa: E402  pylint: disable=wrong-import-position

CASES = int(os.environ.get("LANES_CASES", "1000"))
SEED = 20261123
RELOAD_CASES = 1000  # a kernel has code for 256 combinations of dtypes and layouts
REGION_BYTES = 1 << 17  # of each operand
COUNT_MAX = 6000

REAL = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"]

FMA_IR = """define double @f(double %x, double %y) {
  %a = fmul double %x, 2.5
  %b = fadd double %a, %y
  ret double %b
}
"""
INT_IR = """define i32 @f(i32 %x, i32 %y) {
  %a = mul i32 %x, 3
  %b = sub i32 %a, %y
  ret i32 %b
}
"""
FLOAT_IR = """define float @f(float %x, float %y) {
  %a = fsub float %x, %y
  %b = fmul float %a, %a
  ret float %b
}
"""
# Numba's convention: x < 0 raises.
RAISING_IR = """define i32 @f(ptr %ret, ptr %exc, double %x, double %y) {
  %bad = fcmp olt double %x, 0.0
  br i1 %bad, label %raise, label %good
raise:
  ret i32 1
good:
  %b = fsub double %x, %y
  store double %b, ptr %ret
  ret i32 0
}
"""
BYTE_IR = """define zeroext i8 @f(i8 zeroext %x, i8 zeroext %y) {
  %a = xor i8 %x, %y
  ret i8 %a
}
"""


def complex_product(x, y):
    """As the IR below, whose rounding is not NumPy's for infinities only."""
    return x * y


COMPLEX_IR = """define { double, double } @f(double %a, double %b, double %c, double %d) {
  %ac = fmul double %a, %c
  %bd = fmul double %b, %d
  %ad = fmul double %a, %d
  %bc = fmul double %b, %c
  %re = fsub double %ac, %bd
  %im = fadd double %ad, %bc
  %r0 = insertvalue { double, double } undef, double %re, 0
  %r1 = insertvalue { double, double } %r0, double %im, 1
  ret { double, double } %r1
}
"""

# (name, IR, signature, dtype, what NumPy computes, whether x < 0 fails)
KERNELS = [
    ("fma", FMA_IR, "f8(f8,f8)", "f8", lambda x, y: x * 2.5 + y, False),
    ("int", INT_IR, "i4(i4,i4)", "i4", lambda x, y: x * numpy.int32(3) - y, False),
    ("float", FLOAT_IR, "f4(f4,f4)", "f4", lambda x, y: (x - y) * (x - y), False),
    ("byte", BYTE_IR, "u1(u1,u1)", "u1", lambda x, y: x ^ y, False),
    ("raising", RAISING_IR, "f8(f8,f8)", "f8", lambda x, y: x - y, True),
    ("complex", COMPLEX_IR, "c16(c16,c16)", "c16", complex_product, False),
]


class Case:
    """One random batch: views into memory, and what should become of them."""

    def __init__(self, random, data, kernel):
        self.random = random
        _, _, _, self.dtype, self.function, self.raises = kernel
        self.shape = self.random_shape()
        self.casting = str(random.choice(["no", "same_kind"]))
        self.has_where = random.random() < 0.3
        self.errors = str(random.choice(["raise", "mask", "ignore"]))
        self.regions = [data[k * REGION_BYTES:(k + 1) * REGION_BYTES] for k in range(5)]
        self.fill()
        self.x = self.view(0, self.array_dtype(True), False)
        self.y = self.view(1, self.array_dtype(True), False)
        self.out = self.view(2, self.array_dtype(False), True)
        if random.random() < 0.2 and self.x.dtype == self.out.dtype:
            self.x = self.out  # in place
        self.mask = self.view(3, numpy.dtype("?"), True)
        self.where = self.view(4, numpy.dtype("?"), False)
        self.operands = [self.x, self.y, self.out]
        if self.errors == "mask":
            self.operands.append(self.mask)
        if self.has_where:
            self.operands.append(self.where)

    def random_shape(self):
        random = self.random
        dimensions = int(random.integers(1, 9))
        shape = []
        left = COUNT_MAX
        for _ in range(dimensions):
            length = int(random.choice([1, 2, 3, 5, 64, int(random.integers(1, left + 1))]))
            length = min(length, left)
            shape.append(length)
            left //= length
        random.shuffle(shape)
        if random.random() < 0.02:
            shape[0] = 0
        return tuple(shape)

    def array_dtype(self, is_input):
        own = numpy.dtype(self.dtype)
        if self.casting == "no":
            return own
        all_dtypes = REAL + ["c8", "c16"]
        fit = [
            d for d in all_dtypes
            if numpy.can_cast(*((d, own) if is_input else (own, d)), "same_kind")
        ]  # fmt: skip
        return numpy.dtype(str(self.random.choice(fit)))

    def fill(self):
        """Small numbers, so that no conversion is out of range, seen as any dtype."""
        for region in self.regions:
            region[:] = self.random.integers(0, 2, region.size, numpy.uint8)

    def view(self, index, dtype, is_output):
        """A random layout of self.shape in a region; the values of inputs are set."""
        random = self.random
        region = self.regions[index]
        dimensions = len(self.shape)
        order = list(range(dimensions))
        if random.random() < 0.4:
            random.shuffle(order)
        strides = [0] * dimensions
        step = dtype.itemsize * int(random.choice([1, 1, 1, 2, 3]))
        step += int(random.choice([0, 0, 0, 1, 5]))  # unaligned
        for d in reversed(order):
            gap = int(random.choice([0, 0, 0, 1])) * int(random.integers(0, 9))
            strides[d] = step
            step = (step + gap) * max(self.shape[d], 1)
        offset = int(random.integers(0, 16))
        low = offset
        for d in range(dimensions):
            if not is_output and random.random() < 0.15:
                strides[d] = 0
            elif random.random() < 0.2:
                low += strides[d] * (self.shape[d] - 1) if self.shape[d] else 0
                strides[d] = -strides[d]
        reach = low + dtype.itemsize + sum(
            s * (n - 1) for s, n in zip(strides, self.shape) if s > 0 and n > 0)
        if reach > REGION_BYTES or low < 0:
            return self.view(index, dtype, is_output)
        array = numpy.ndarray(self.shape, dtype, region, low, strides)
        if dtype.kind == "b":
            array[...] = random.random(self.shape) < 0.6
        else:
            few = random.integers(0, 100, self.shape)
            negative = dtype.kind in "ifc" and random.random() < 0.5
            array[...] = few - 20 if negative else few
        return array

    def expected(self, memory):
        """Bytes after the batch: (memory, failed, first) by NumPy on a copy."""
        copy = memory.copy()

        def twin(array):
            start = array.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
            return numpy.ndarray(array.shape, array.dtype, copy, start, array.strides)

        own = numpy.dtype(self.dtype)
        x = self.x.astype(own)
        y = self.y.astype(own)
        value = self.function(x, y).astype(self.out.dtype)
        wanted = self.where.copy() if self.has_where else numpy.ones(self.shape, bool)
        bad = (x < 0) & wanted if self.raises else numpy.zeros(self.shape, bool)
        numpy.copyto(twin(self.out), value, where=wanted & ~bad)
        if self.errors == "mask":
            twin(self.mask)[...] = bad
        failures = numpy.flatnonzero(bad)
        return copy, failures.size, int(failures[0]) if failures.size else None


class Layouts(unittest.TestCase):
    def check(self, session, memory, kernels, number):
        random = numpy.random.default_rng([SEED, number])
        row = KERNELS[int(random.integers(len(KERNELS)))]
        case = Case(random, memory.data, row)
        wanted, failed, first = case.expected(memory.data)
        done = kernels[row[0]].apply(
            memory, case.operands, casting=case.casting, errors=case.errors,
            has_where=case.has_where)  # fmt: skip
        text = (f"case {number}: {row[0]} {case.shape} casting {case.casting} errors "
                f"{case.errors} where {case.has_where} "
                + " ".join(f"{a.dtype.str[1:]}{a.strides}" for a in case.operands))  # fmt: skip
        self.assertEqual(done.failed, failed, f"{text}: {done.message}")
        if failed:
            self.assertEqual(done.first_failed, first, text)
        self.assertEqual(done.status < 0, failed > 0 and case.errors == "raise",
                         f"{text}: {done.message}")  # fmt: skip
        wrong = numpy.flatnonzero(memory.data != wanted)
        self.assertEqual(wrong.size, 0, f"{text}: bytes differ, first at {wrong[:5]}")

    def test_random_batches(self):
        with lanes_client.Session(threads=2) as session:
            memory = session.memory(5 * REGION_BYTES)
            kernels = {}
            for number in range(CASES):
                if number % RELOAD_CASES == 0:
                    for kernel in kernels.values():
                        kernel.release()
                    kernels = {
                        row[0]: session.load(row[1].encode(), signature=row[2],
                                             convention="numba" if row[5] else "auto")
                        for row in KERNELS
                    }  # fmt: skip
                self.check(session, memory, kernels, number)

    def test_known_code_may_fail_too(self):
        """Of a kernel that shares its code, elements that fail keep their output as well."""
        ir = b"""define i32 @f(i32 %x, i32 %y) {
  %q = sdiv i32 %x, %y
  ret i32 %q
}
"""
        with lanes_client.Session(threads=1) as session:
            memory = session.memory(1 << 16)
            kernels = [session.load(ir, signature="i4(i4,i4)") for _ in range(2)]
            for kernel, is_cached in zip(kernels, (False, True)):
                self.assertEqual(kernel.report()["variants"][0]["cached"], is_cached)
                self.assertTrue(kernel.report()["may_raise"])
                x = numpy.ndarray((100,), "i4", memory.data, 0, (8,))
                y = numpy.ndarray((100,), "i4", memory.data, 4096)
                out = numpy.ndarray((100,), "i4", memory.data, 8192, (12,))
                x[:], y[:], out[:] = 84, 2, 7
                y[41] = 0
                done = kernel.apply(memory, [x, y, out])
                self.assertEqual((done.failed, done.first_failed), (1, 41), done.message)
                self.assertIn("ZeroDivisionError", done.message)
                self.assertEqual(out[41], 7)
                self.assertTrue((numpy.delete(out, 41) == 42).all())

    def test_more_than_the_caches_hold(self):
        """All elements, none beside, from every alignment, in place and past the caches."""
        count = 3_000_017
        with lanes_client.Session(threads=2) as session:
            memory = session.memory(3 * 8 * count + 4096)
            kernel = session.load(FMA_IR.encode(), signature="f8(f8,f8)")
            for offset in (0, 8, 24):
                arrays = [
                    numpy.ndarray((count,), "f8", memory.data, offset + k * (8 * count + 120))
                    for k in range(3)
                ]
                memory.data[:] = 0x5A
                arrays[0][:] = numpy.arange(count)
                arrays[1][:] = 0.25
                wanted = memory.data.copy()
                start = offset + 2 * (8 * count + 120)
                wanted[start:start + 8 * count].view("f8")[:] = numpy.arange(count) * 2.5 + 0.25
                for _ in range(100):
                    done = kernel.apply(memory, arrays)
                    self.assertEqual(done.status, 0, done.message)
                    self.assertTrue((memory.data == wanted).all(), f"offset {offset}")
                    arrays[2].view("u1")[:] = 0x5A
                    # The first batches do not wait for code that streams. Outputs that
                    # are not at a cache line never have it.
                    if offset != 0 or self.streams(kernel):
                        break
                    time.sleep(0.05)
                done = kernel.apply(memory, arrays)
                self.assertTrue((memory.data == wanted).all(), f"offset {offset}")
            self.assertTrue(self.streams(kernel))

    @staticmethod
    def streams(kernel):
        return any(v["layout"].endswith("+streams") for v in kernel.report()["variants"])


if __name__ == "__main__":
    unittest.main()
