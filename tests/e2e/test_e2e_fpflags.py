# SPDX-License-Identifier: Apache-2.0
"""Floating-point exceptions of a batch, against those that NumPy notices."""
import functools
import operator
import os
import sys
import unittest

import numpy

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import lanes_client  # noqa: E402  pylint: disable=wrong-import-position

DIVIDE, OVERFLOW, UNDERFLOW, INVALID, ALL = 1, 2, 4, 8, 15
NONE = 2**64 - 1
INF, NAN = numpy.inf, numpy.nan


def binary(body, kind="double"):
    """A kernel of x and y; `body` is in LLVM's terms and leaves %r."""
    return f"define {kind} @f({kind} %x, {kind} %y) {{\n{body}\n  ret {kind} %r\n}}\n" \
        + "".join(f"declare {kind} @{name}({arguments})\n" for name, arguments in (
            ("exp", kind), ("log", kind), ("sqrt", kind), ("acos", kind), ("pow", f"{kind}, {kind}"),
            ("sin", kind), ("fmax", f"{kind}, {kind}")) if f"@{name}(" in body) \
        + "".join(f"declare {kind} @llvm.{name}.{'f64' if kind == 'double' else 'f32'}({arguments})\n"
                  for name, arguments in (
                      ("log", kind), ("exp", kind), ("sqrt", kind), ("maxnum", f"{kind}, {kind}"),
                      ("minimum", f"{kind}, {kind}"), ("floor", kind))
                  if f"@llvm.{name}." in body)


DIV = "  %r = fdiv double %x, %y"
# What Numba and clang -O2 make of `x / y if y != 0 else 0`: both sides, and a choice.
GUARDED_DIV = """  %some = fcmp une double %y, 0.0
  %q = fdiv double %x, %y
  %r = select i1 %some, double %q, double 0.0"""
GUARDED_LOG = """  %some = fcmp ogt double %x, 0.0
  %l = call double @llvm.log.f64(double %x)
  %r = select i1 %some, double %l, double %y"""
# x / y is needed by a choice that is needed by a choice.
NESTED = """  %p = fcmp une double %y, 0.0
  %p2 = fcmp ogt double %x, 1.0
  %q = fdiv double %x, %y
  %q1 = fadd double %q, 1.0
  %s = select i1 %p, double %q1, double 2.0
  %s1 = fmul double %s, 1.0e+300
  %s2 = fmul double %s1, %s1
  %r = select i1 %p2, double %s2, double %x"""
# y != 0 and x / y > 1, without a branch; whichever operand comes first.
LOGICAL = """  %big = fcmp ogt double %q, 1.0
  %both = and i1 OPERANDS
  %r = select i1 %both, double 1.0, double 0.0"""
BOTH = "  %q = fdiv double %x, %y\n  %some = fcmp une double %y, 0.0\n" + LOGICAL
EITHER = """  %q = fdiv double %x, %y
  %none = fcmp oeq double %y, 0.0
  %big = fcmp ogt double %q, 1.0
  %any = or i1 %big, %none
  %r = select i1 %any, double 1.0, double 0.0"""
LOGICAL_SELECT = """  %q = fdiv double %x, %y
  %some = fcmp une double %y, 0.0
  %big = fcmp ogt double %q, 1.0
  %both = select i1 %some, i1 %big, i1 false
  %r = select i1 %both, double 1.0, double 0.0"""
# A value that was computed before it was known on which way it is needed.
HOISTED = """entry:
  %q = fdiv double %x, %y
  %some = fcmp une double %y, 0.0
  br i1 %some, label %more, label %end
more:
  %big = fcmp ogt double %x, 2.0
  br i1 %big, label %end, label %other
other:
  %h = fmul double %q, 0.5
  br label %end
end:
  %r = phi double [ 0.0, %entry ], [ %q, %more ], [ %h, %other ]"""
# Two arms that share a quotient, and a third that does not need it.
SHARED = """  %some = fcmp une double %y, 0.0
  %neg = fcmp olt double %x, 0.0
  %q = fdiv double %x, %y
  %a = fadd double %q, 1.0
  %b = fsub double %q, 1.0
  %ab = select i1 %neg, double %a, double %b
  %r = select i1 %some, double %ab, double 7.0"""
# In a loop of the callback, with what does not change computed before it.
LOOP = """entry:
  %q = fdiv double %x, %y
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i1, %loop ]
  %s = phi double [ 0.0, %entry ], [ %s1, %loop ]
  %some = fcmp une double %y, 0.0
  %t = select i1 %some, double %q, double 0.5
  %s1 = fadd double %s, %t
  %i1 = add i64 %i, 1
  %end = icmp eq i64 %i1, 4
  br i1 %end, label %exit, label %loop
exit:
  %r = fadd double %s1, 0.0"""
UNUSED = "  %q = fdiv double %x, %y\n  %r = fadd double %x, 1.0"
SMALLER = """  %less = fcmp olt double %x, %y
  %r = select i1 %less, double %x, double %y"""

# Numba's convention: y == 0 raises, and both is computed.
RAISING_IR = """define i32 @f(ptr %ret, ptr %exc, double %x, double %y) {
  %q = fdiv double %x, %y
  %bad = fcmp oeq double %y, 0.0
  br i1 %bad, label %raise, label %good
raise:
  ret i32 1
good:
  store double %q, ptr %ret
  ret i32 0
}
"""
ROW_IR = """define double @f(i32 %n, ptr %row) {
  %a = load double, ptr %row
  %second = getelementptr double, ptr %row, i64 1
  %b = load double, ptr %second
  %r = fdiv double %a, %b
  ret double %r
}
"""
PAIR_IR = """define void @f(double %x, double %y, ptr %a, ptr %b) {
  %q = fdiv double %x, %y
  %p = fmul double %x, %y
  store double %q, ptr %a
  store double %p, ptr %b
  ret void
}
"""


def nested(x, y):
    """NESTED, where it has something to do."""
    big, some = x[x > 1], y[x > 1]
    first = numpy.full(big.shape, 2.0)
    first[some != 0] = big[some != 0] / some[some != 0] + 1
    product = first * 1e300
    return product * product


def noticed(function, *arguments):
    """The flags that NumPy tells of."""
    bits = []
    with numpy.errstate(all="call", call=lambda _, flag: bits.append(flag)):
        function(*arguments)
    return functools.reduce(operator.or_, bits, 0)


class Flags(unittest.TestCase):
    """One session for all; every kernel is run with exact flags unless it is said."""

    @classmethod
    def setUpClass(cls):
        cls.session = lanes_client.Session(threads=2)
        cls.kernels = {}
        cls.memory = cls.session.memory(64 << 20)

    @classmethod
    def tearDownClass(cls):
        cls.session.close()

    def load(self, ir, **options):
        key = (ir, tuple(options.items()))
        if key not in self.kernels:
            self.kernels[key] = self.session.load(ir.encode(), **options)
        return self.kernels[key]

    def place(self, arrays, steps=None):
        """Copies of arrays in shared memory, with the same shapes; in steps of so many."""
        placed, at = [], 0
        for k, array in enumerate(arrays):
            step = steps[k] if steps else 1
            count = array.size * step
            whole = numpy.frombuffer(self.memory.data.data, array.dtype, count, at)
            placed.append(whole[::step][:array.size].reshape(array.shape))
            placed[-1][...] = array
            at += (count * array.dtype.itemsize + 63) // 64 * 64
        return placed

    def run_on(self, ir, arrays, out=numpy.float64, report=ALL, exact=True, steps=None,
               **options):
        arrays = [numpy.asarray(a) for a in arrays]
        outputs = out if isinstance(out, list) else [out]
        results = [numpy.zeros(arrays[0].shape, o) for o in outputs]
        where = options.pop("where", None)
        load = options.pop("load", {})
        everything = arrays + results + ([where] if where is not None else [])
        placed = self.place(everything, steps)
        done = self.load(ir, **load).apply(
            self.memory, placed, fp_report=report, fp_exact=exact,
            has_where=where is not None, **options)
        self.assertEqual(done.status if options.get("errors") is None else 0, 0, done.message)
        if done.fp_raised == 0:
            self.assertEqual(done.fp_first, NONE)
        return done

    def check(self, ir, arrays, flags, first=None, **options):
        for count in (arrays[0].size, ) if arrays[0].ndim > 1 else (arrays[0].size, 70000):
            some = [numpy.resize(a, count) if a.size < count else a for a in arrays]
            done = self.run_on(ir, some, **options)
            self.assertEqual((done.fp_raised, done.fp_first),
                             (flags, NONE if flags == 0 else first if first is not None
                              else done.fp_first), (ir, count))

    def test_arithmetic_raises_what_numpy_notices(self):
        """Each operation with each kind of operand."""
        values = [0.0, -0.0, 1.0, -2.5, 1e308, 1e-308, 5e-324, 1e-200, 1e200, INF, -INF, NAN]
        cases = {"fadd": numpy.add, "fsub": numpy.subtract, "fmul": numpy.multiply,
                 "fdiv": numpy.divide}  # fmt: skip
        for name, function in cases.items():
            for x in values:
                for y in values:
                    a, b = numpy.full(5, 1.5), numpy.full(5, 2.0)
                    a[3], b[3] = x, y
                    flags = noticed(function, a, b)
                    self.check(binary(f"  %r = {name} double %x, %y"), [a, b], flags, 3)

    def test_single_precision(self):
        """The same of f4."""
        values = [0.0, 1.0, 3e38, 1e-38, 1e-45, -1e-30, INF, NAN]
        for name, function in {"fadd": numpy.add, "fmul": numpy.multiply,
                               "fdiv": numpy.divide}.items():
            ir = binary(f"  %r = {name} float %x, %y", "float")
            for x in values:
                for y in values:
                    a, b = numpy.full(7, 1.5, "f4"), numpy.full(7, 2.0, "f4")
                    a[2], b[2] = x, y
                    self.check(ir, [a, b], noticed(function, a, b), 2, out=numpy.float32)

    def test_functions_raise_what_numpy_notices(self):
        """Of libm, by vectors and by calls."""
        values = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.0, 700.0, 710.0, -708.0, -746.0, 1e300, 5e-320, INF,
                  -INF, NAN]  # fmt: skip
        for name, function in {"exp": numpy.exp, "log": numpy.log, "sqrt": numpy.sqrt,
                               "acos": numpy.arccos, "sin": numpy.sin}.items():
            for body in (f"  %r = call double @{name}(double %x)",
                         f"  %r = call double @llvm.{name}.f64(double %x)"):
                if "llvm.acos" in body or "llvm.sin" in body:
                    continue
                for x in values:
                    a = numpy.full(9, 0.75)
                    a[4] = x
                    flags = noticed(function, a)
                    if name == "sin" and x == 5e-320:
                        continue  # its result is itself; libmvec raises nothing
                    self.check(binary(body), [a, a], flags, 4)

    def test_powers(self):
        for x, y in [(0.0, -1.0), (10.0, 400.0), (10.0, -400.0), (-1.0, 0.5), (2.0, 3.0),
                     (NAN, 2.0), (0.0, 2.0), (INF, 2.0)]:  # fmt: skip
            a, b = numpy.full(6, 1.25), numpy.full(6, 2.0)
            a[5], b[5] = x, y
            self.check(binary("  %r = call double @pow(double %x, double %y)"), [a, b],
                       noticed(numpy.power, a, b), 5)  # fmt: skip

    def test_what_is_not_needed_raises_nothing(self):
        """Both sides of a branch in all forms in which producers write it."""
        x = numpy.array([1.0, -2.0, 3.0, 0.0, 5.0, -1.0, 2.5, 8.0])
        y = numpy.array([1.0, 0.0, 2.0, 0.0, -4.0, 1.0, 0.0, 2.0])
        bodies = [GUARDED_DIV, GUARDED_LOG, EITHER, LOGICAL_SELECT, HOISTED, SHARED, LOOP, UNUSED]
        bodies += [BOTH.replace("OPERANDS", o) for o in ("%some, %big", "%big, %some")]
        for body in bodies:
            for exact in (True, False):
                self.check(binary(body), [x, y], 0, exact=exact)

    def test_what_is_needed_counts_in_the_same_forms(self):
        x = numpy.array([1.0, -2.0, 3.0, 0.0, 1e308, -1.0, 2.5, 8.0])
        y = numpy.array([1.0, 0.0, 2.0, 0.0, 1e-300, 1.0, 0.0, 2.0])
        for body in (GUARDED_DIV, EITHER, LOGICAL_SELECT, HOISTED, SHARED, LOOP,
                     BOTH.replace("OPERANDS", "%big, %some")):
            self.check(binary(body), [x, y], OVERFLOW, 4)

    def test_choices_among_choices(self):
        rest = numpy.array([1.0, 0.5, -3.0, 1e-9])
        for x, y in ((0.5, 0.0), (3.0, 0.0), (3.0, 2.0), (-1e300, 1e-300)):
            a = numpy.append(rest, x)
            b = numpy.append(numpy.array([0.0, 1.0, 0.0, 0.0]), y)
            self.check(binary(NESTED), [a, b], noticed(nested, a, b), 4)

    def test_quiet_nan_raises_nothing(self):
        a = numpy.array([NAN, 1.0, NAN, 2.0, NAN])
        b = numpy.array([1.0, NAN, NAN, 1.0, -1.0])
        bodies = [SMALLER, "  %r = call double @llvm.maxnum.f64(double %x, double %y)",
                  "  %r = call double @llvm.minimum.f64(double %x, double %y)",
                  "  %r = call double @fmax(double %x, double %y)",
                  "  %r = call double @llvm.floor.f64(double %x)", GUARDED_LOG, GUARDED_DIV, DIV]
        for body in bodies:
            self.check(binary(body), [a, b], 0)
            self.check(binary(body.replace("double", "float").replace("f64", "f32")
                              .replace("@fmax(", "@fmaxf(").replace("declare", ""), "float")
                       + ("declare float @fmaxf(float, float)\n" if "@fmax(" in body else ""),
                       [a.astype("f4"), b.astype("f4")], 0, out=numpy.float32)  # fmt: skip

    def test_nothing_is_told_that_nobody_asked_for(self):
        x, y = numpy.array([1.0, 0.0, 1e308]), numpy.array([0.0, 0.0, 1e-10])
        self.check(binary(DIV), [x, y], DIVIDE | OVERFLOW | INVALID, 0)
        self.check(binary(DIV), [x, y], INVALID, 1, report=INVALID)
        self.check(binary(DIV), [x, y], OVERFLOW, 2, report=OVERFLOW | UNDERFLOW)
        self.check(binary(DIV), [x, y], 0, report=UNDERFLOW)
        self.check(binary(DIV), [x, y], 0, report=0, exact=False)

    def test_where(self):
        """Elements that are left out raise nothing."""
        x = numpy.arange(1.0, 20001.0)
        y = numpy.where(x % 7 == 0, 0.0, x)
        self.assertEqual(self.run_on(binary(DIV), [x, y], where=y != 0).fp_raised, 0)
        wanted = y != 0
        wanted[12347 - 1 - (12347 % 7)] = True
        index = int(numpy.flatnonzero(wanted & (y == 0))[0])
        done = self.run_on(binary(DIV), [x, y], where=wanted)
        self.assertEqual((done.fp_raised, done.fp_first), (DIVIDE, index))

    def test_elements_that_fail(self):
        """They have no results, so nothing is needed of them."""
        x = numpy.arange(1.0, 5001.0)
        y = numpy.where(x % 5 == 0, 0.0, 1.0)
        done = self.run_on(RAISING_IR, [x, y], errors="ignore", load={"convention": "numba"})
        self.assertEqual((done.fp_raised, done.failed), (0, 1000))
        x[777], y[777] = 1e300, 1e-300
        done = self.run_on(RAISING_IR, [x, y], errors="ignore", load={"convention": "numba"})
        self.assertEqual((done.fp_raised, done.fp_first), (OVERFLOW, 777))

    def test_casts(self):
        """Conversions to the arrays' dtypes and from them."""
        one = numpy.full(300, 1.5)
        for x, dtype, flags in ((1e300, "f4", OVERFLOW), (1e-300, "f4", UNDERFLOW), (3.5, "f4", 0),
                                (NAN, "f4", 0), (INF, "f4", 0), (1e10, "i4", 0), (NAN, "i4", 0),
                                (1e19, "u8", 0), (-1.0, "u8", 0), (NAN, "?", 0)):  # fmt: skip
            a = one.copy()
            a[200] = x
            done = self.run_on(binary("  %r = fadd double %x, %y"), [a, one * 0], out=dtype,
                               casting="unsafe")
            self.assertEqual((done.fp_raised, done.fp_first if flags else 200), (flags, 200),
                             (x, dtype))
        # Inputs: the kernel is of f4.
        done = self.run_on(binary("  %r = fadd float %x, %y", "float"),
                           [numpy.array([1.0, 1e300]), numpy.array([1.0, 1.0])], out="f4",
                           casting="unsafe")
        self.assertEqual((done.fp_raised, done.fp_first), (OVERFLOW, 1))

    def test_conversions_in_the_callback(self):
        """To integers: what does not fit is invalid, unless it is defined what it becomes."""
        plain = """  %i = fptosi double %x to i32
  %r = sitofp i32 %i to double"""
        saturated = plain.replace("fptosi double %x to i32",
                                  "call i32 @llvm.fptosi.sat.i32.f64(double %x)")
        wide = """  %i = fptoui double %x to i64
  %r = uitofp i64 %i to double"""
        declare = "declare i32 @llvm.fptosi.sat.i32.f64(double)\n"
        one = numpy.full(30, 1.5)
        for body, x, flags in ((plain, 1e10, INVALID), (plain, NAN, INVALID), (plain, -7.5, 0),
                               (saturated, 1e10, 0), (saturated, -1e300, 0), (saturated, NAN, 0),
                               (wide, 1e19, 0), (wide, 1e20, INVALID), (wide, 5.5, 0)):
            a = one.copy()
            a[20] = x
            self.check(binary(body) + (declare if body is saturated else ""), [a, one], flags, 20)

    def test_in_place(self):
        """Outputs overwrite what is needed to tell; contiguous, strided, as a matrix."""
        kernel = self.load(binary(DIV))
        guarded = self.load(binary(GUARDED_DIV))
        for shape, axes in (((50001,), (0,)), ((300, 211), (0, 1)), ((300, 211), (1, 0))):
            count = int(numpy.prod(shape))
            for step in (1, 2):
                raw = numpy.frombuffer(self.memory.data.data, "f8", 3 * count * step)
                x, y, z = (raw[k * count * step:(k + 1) * count * step:step][:count]
                           .reshape(shape).transpose(axes) for k in range(3))  # fmt: skip
                for over in (x, y):
                    x[...] = 1.0
                    y[...] = 2.0
                    index = tuple(numpy.array(x.shape) * 2 // 3)
                    flat = int(numpy.ravel_multi_index(index, x.shape))
                    y[index] = 0.0
                    done = kernel.apply(self.memory, [x, y, over], fp_report=ALL, fp_exact=True)
                    self.assertEqual((done.status, done.fp_raised, done.fp_first),
                                     (0, DIVIDE, flat), (shape, step))
                    self.assertEqual(over[index], INF)
                    x[...] = 1.0
                    y[...] = 2.0
                    y[index] = 0.0
                    done = guarded.apply(self.memory, [x, y, over], fp_report=ALL, fp_exact=True)
                    self.assertEqual((done.status, done.fp_raised), (0, 0), (shape, step))
                z[...] = 0

    def test_layouts(self):
        """Strided, broadcast and reversed operands, and a matrix across its rows."""
        x = numpy.full(100003, 2.0)
        y = numpy.full(100003, 3.0)
        y[90001] = 0.0
        for steps in ((1, 1, 1), (3, 1, 1), (1, 2, 3)):
            done = self.run_on(binary(DIV), [x, y], steps=steps)
            self.assertEqual((done.fp_raised, done.fp_first), (DIVIDE, 90001))
        kernel = self.load(binary(DIV))
        raw = numpy.frombuffer(self.memory.data.data, "f8", 4 << 20)
        a = raw[:400 * 300].reshape(300, 400).T
        b = raw[200000:200000 + 400 * 300].reshape(400, 300)
        out = raw[400000:400000 + 400 * 300].reshape(400, 300)
        a[...], b[...] = 1.0, 2.0
        b[123, 45] = 0.0
        for views in ([a, b, out], [a[::-1], b[::-1], out[::-1]],
                      [numpy.broadcast_to(a[:1, :1], out.shape), b, out],
                      [numpy.broadcast_to(a[:1], out.shape), b, out]):
            done = kernel.apply(self.memory, views, fp_report=ALL, fp_exact=True)
            flat = int(numpy.flatnonzero(views[1].reshape(-1) == 0)[0])
            self.assertEqual((done.status, done.fp_raised, done.fp_first), (0, DIVIDE, flat))
        zero = numpy.broadcast_to(b[123:124, 45:46], out.shape)
        done = kernel.apply(self.memory, [a, zero, out], fp_report=ALL, fp_exact=True)
        self.assertEqual((done.fp_raised, done.fp_first), (DIVIDE, 0))

    def test_one_among_a_million(self):
        x = numpy.full(1000003, 2.0)
        for index in (0, 1, 63, 64, 499999, 777777, 1000002):
            y = numpy.full(1000003, 3.0)
            y[index] = 0.0
            for exact in (True, False):
                done = self.run_on(binary(DIV), [x, y], exact=exact)
                self.assertEqual((done.fp_raised, done.fp_first), (DIVIDE, index))
                guarded = self.run_on(binary(GUARDED_DIV), [x, y], exact=exact)
                self.assertEqual(guarded.fp_raised, 0)

    def test_among_false_alarms(self):
        """Every range looks as if it raised; exact batches find the one that does."""
        x = numpy.full(1000003, 2.0)
        y = numpy.full(1000003, 3.0)
        y[::50] = 0.0
        x[654321], y[654321] = 1e300, 1e-300
        done = self.run_on(binary(GUARDED_DIV), [x, y], exact=True)
        self.assertEqual((done.fp_raised, done.fp_first), (OVERFLOW, 654321))
        y[654321] = 3.0
        self.assertEqual(self.run_on(binary(GUARDED_DIV), [x, y], exact=True).fp_raised, 0)
        self.assertEqual(self.run_on(binary(GUARDED_DIV), [x, y], exact=False).fp_raised, 0)

    def test_several_results_and_rows(self):
        x, y = numpy.full(500, 2.0), numpy.full(500, 3.0)
        x[400], y[400] = 1e200, 1e200
        done = self.run_on(PAIR_IR, [x, y], out=["f8", "f8"])
        self.assertEqual((done.fp_raised, done.fp_first), (OVERFLOW, 400))
        rows = numpy.full((500, 2), 3.0)
        rows[123, 1] = 0.0
        raw = numpy.frombuffer(self.memory.data.data, "f8", 4096)
        raw[:1000] = rows.reshape(-1)
        out = raw[2000:2500]
        kernel = self.load(ROW_IR)
        operands = lanes_client.lanes.operands_of_views(self.memory.segment, self.memory.data,
                                                        [raw[:1000:2], out])
        operands[0].row_count = 2
        batch = lanes_client.lanes.Batch(
            kernel=kernel._handle, dimensions=1, operand_count=2,  # pylint: disable=protected-access
            shape=(lanes_client.lanes.u64 * 1)(500), operands=operands, fp_report=ALL)
        done = kernel._wait_for(batch)  # pylint: disable=protected-access
        self.assertEqual((done.status, done.fp_raised, done.fp_first), (0, DIVIDE, 123), done.message)

    def test_reductions(self):
        """Elements count, and nothing that is made of them."""
        kernel = self.load(binary(DIV))
        guarded = self.load(binary(GUARDED_DIV))
        raw = numpy.frombuffer(self.memory.data.data, "f8", 4 << 20)
        x = raw[:600 * 500].reshape(600, 500)
        y = raw[400000:400000 + 600 * 500].reshape(600, 500)
        out = raw[800000:800000 + 600]
        for reduce in ("sum", "max", "any", "argmin"):
            for axes in ((0,), (1,), (0, 1)):
                shape = tuple(n for d, n in enumerate(x.shape) if d not in axes)
                result = out[:int(numpy.prod(shape))].reshape(shape)
                result = result.view("i8") if reduce == "argmin" else result
                if reduce == "any":
                    result = out.view("?")[:int(numpy.prod(shape))].reshape(shape)
                views = [x, y, lanes_client.spread(result, x.shape, axes)]
                x[...], y[...] = 1e308, 1.0
                done = kernel.apply(self.memory, views, reduce=reduce, axes=axes, fp_report=ALL,
                                    fp_exact=True)
                self.assertEqual((done.status, done.fp_raised), (0, 0), (reduce, axes, done.message))
                y[321, 123] = 0.0
                done = kernel.apply(self.memory, views, reduce=reduce, axes=axes, fp_report=ALL,
                                    fp_exact=True)
                self.assertEqual((done.status, done.fp_raised, done.fp_first),
                                 (0, DIVIDE, 321 * 500 + 123), (reduce, axes))
                done = guarded.apply(self.memory, views, reduce=reduce, axes=axes, fp_report=ALL,
                                     fp_exact=True)
                self.assertEqual((done.status, done.fp_raised), (0, 0), (reduce, axes))

    def test_fused_kernels(self):
        """A node's exceptions are the whole's, and what no node needs is nobody's."""
        div = self.load(binary(DIV))
        guarded = self.load(binary(GUARDED_DIV))
        whole = self.session.fuse([(div, [0, 1]), (guarded, [(0, 0), 2])], [(1, 0)])
        x, y, z = (numpy.full(3000, v) for v in (1.0, 2.0, 3.0))
        z[10] = 0.0
        placed = self.place([x, y, z, x * 0])
        done = whole.apply(self.memory, placed, fp_report=ALL, fp_exact=True)
        self.assertEqual((done.status, done.fp_raised), (0, 0), done.message)
        placed[1][2000] = 0.0
        done = whole.apply(self.memory, placed, fp_report=ALL, fp_exact=True)
        self.assertEqual((done.status, done.fp_raised, done.fp_first), (0, DIVIDE, 2000))

    def test_integers_raise_nothing(self):
        self.check(binary("  %r = sdiv i64 %x, %y", "i64"),
                   [numpy.arange(1, 50), numpy.arange(2, 51)], 0, out=numpy.int64)  # fmt: skip


if __name__ == "__main__":
    unittest.main()
