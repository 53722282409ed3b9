# SPDX-License-Identifier: Apache-2.0
"""`lanes run --reduce`: files as NumPy would write them, numbers printed, every mistake."""
import itertools
import json
import math
import unittest

import numpy
from e2elib import EXIT_BAD_DATA, EXIT_BATCH_FAILED, EXIT_USAGE, SharedExecutor
from test_e2e_cli import BOTH, CHECKED, DOT, DTYPES, CliTest

OPERATIONS = ["sum", "prod", "min", "max", "any", "all", "argmin", "argmax"]


class ReduceTest(CliTest):
    def setUp(self):
        super().setUp()
        self.kernel = self.write("linear.c", "double f(double x, double y) { return 3 * x - y; }\n")
        self.same = self.write("same.c", "double f(double x) { return x; }\n")
        self.random = numpy.random.default_rng(21)

    def numbers(self, *shape):
        return self.random.integers(-9, 9, shape).astype("f8")

    def reduce(self, operation, *inputs, kernel=None, axis=None, options=(), code=0):
        """Returns (array, JSON report)."""
        along = [] if axis is None else ["--axis", axis]
        [got], report = self.run_all(
            kernel or self.kernel, *inputs, code=code,
            options=["--reduce", operation, *along, *options])  # fmt: skip
        self.assertEqual(report["reduce"], operation)
        return got, report

    def printed(self, operation, *inputs, kernel=None, options=(), code=0):
        """Lines of standard output of a run without --json."""
        done = self.lanes("run", kernel or self.same, *inputs, "-o", self.out,
                          "--reduce", operation, *options)  # fmt: skip
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout.splitlines()


class Results(ReduceTest):
    def test_shapes_are_numpys(self):
        x, y = self.numbers(3, 4, 5), self.numbers(4, 1)
        files = self.save("x.npy", x), self.save("y.npy", y)
        whole = 3 * x - y
        for count in (1, 2, 3):
            for axes in itertools.combinations((2, 0, 1), count):
                with self.subTest(axes):
                    text = ",".join(map(str, axes))
                    got, report = self.reduce("sum", *files, axis=text)
                    wanted = whole.sum(axis=axes)
                    self.assertEqual((got.shape, got.dtype), (wanted.shape, wanted.dtype))
                    numpy.testing.assert_array_equal(got, wanted)
                    self.assertEqual(report["elements"], 60)
                    self.assertEqual(report["result"], [wanted] if count == 3 else None)
        for text, axes in (("-1", -1), ("-3", -3), ("1,-1", (1, -1)), (" 0", 0), (None, None)):
            got, _ = self.reduce("max", *files, axis=text)
            numpy.testing.assert_array_equal(got, whole.max(axis=axes))

    def test_operations(self):
        x = self.numbers(30, 40)
        x[:, 7] = 0
        path = self.save("x.npy", x)
        for operation, axis in zip(OPERATIONS * 2, [None] * 8 + [0, 1] * 4):
            with self.subTest(f"{operation} {axis}"):
                got, report = self.reduce(operation, path, kernel=self.same, axis=axis)
                wanted = getattr(x, operation)(axis=axis)
                self.assertEqual((got.shape, got.dtype), (wanted.shape, wanted.dtype))
                numpy.testing.assert_array_equal(got, wanted)
                if axis is None:
                    self.assertEqual(report["result"], [wanted.item()])
                    self.assertIs(type(report["result"][0]), type(wanted.item()))

    def test_dtypes_are_numpys(self):
        lines = [f"{c} f_{n.replace('?', 'b1')}({c} x) {{ return x; }}"
                 for n, (c, *_) in DTYPES.items()]  # fmt: skip
        kernel = self.write("same_all.c", "\n".join(lines) + "\n")
        raw = self.random.integers(0, 100, (17, 19))
        for name in DTYPES:
            x = (raw % 3 == 0 if name == "?" else raw).astype(name)
            path = self.save("x.npy", x)
            own = ["--entry", "f_" + name.replace("?", "b1"), "--signature", f"{name}({name})"]
            possible = OPERATIONS if name[0] != "c" else ["sum", "prod", "any", "all"]
            for operation in {"sum", "prod", str(self.random.choice(possible))}:
                with self.subTest(f"{operation} of {name}"):
                    options = [*own, "--casting", str(self.random.choice(["no", "safe", "unsafe"]))]
                    if operation == "prod":  # of few, which stay small
                        options += ["--where", self.save("w.npy", raw < 3)]
                        wanted = x.prod(where=raw < 3)
                    else:
                        wanted = getattr(x, operation)()
                    got, _ = self.reduce(operation, path, kernel=kernel, options=options)
                    self.assertEqual(got.dtype, wanted.dtype)
                    numpy.testing.assert_allclose(got, wanted, rtol=1e-5)

    def test_several_results(self):
        kernel = self.write("both.c", BOTH)
        x, y = self.numbers(6, 7), self.numbers(7)
        inputs = self.save("x.npy", x), self.save("y.npy", y)
        options = ["--convention", "c-out", "--signature", "f8,f8(f8,f8)", "--reduce=sum"]
        (a, b), report = self.run_all(kernel, *inputs, outputs=("a.npy", "b.npy"), options=options)
        self.assertEqual(report["result"], [(x + y).sum(), (x - y).sum()])
        self.assertEqual([a.item(), b.item()], report["result"])
        (a, b), report = self.run_all(
            kernel, *inputs, outputs=("a.npy", "b.npy"), options=[*options, "--axis=0"])
        numpy.testing.assert_array_equal(a, (x + y).sum(axis=0))
        numpy.testing.assert_array_equal(b, (x - y).sum(axis=0))
        done = self.lanes("run", kernel, *inputs, "-o", "a.npy", "-o", "b.npy", *options)
        self.assertEqual(done.stdout, f"{(x + y).sum():g}\n{(x - y).sum():g}\n", done.stderr)

    def test_single_elements(self):
        path = self.save("x.npy", numpy.array(5.0))
        got, report = self.reduce("sum", path, kernel=self.same)
        self.assertEqual((got.shape, got.item(), report["result"]), ((), 5.0, [5.0]))
        got, report = self.reduce("argmin", self.save("x.npy", numpy.ones((1, 1))),
                                  kernel=self.same, axis=0)  # fmt: skip
        self.assertEqual((got.shape, got.tolist(), report["result"]), ((1,), [0], [0]))

    def test_rows_are_not_reduced_themselves(self):
        x = self.numbers(8, 9, 3)
        got, _ = self.reduce("sum", self.save("x.npy", x), kernel=self.write("dot.c", DOT), axis=-1)
        numpy.testing.assert_array_equal(got, x.sum(axis=-1).sum(axis=-1))

    def test_fortran_order_and_casts(self):
        x = numpy.asfortranarray(self.numbers(50, 60).astype("i4"))
        path = self.save("x.npy", x)
        for axis in (0, 1):
            got, _ = self.reduce("min", path, 2, axis=axis)
            numpy.testing.assert_array_equal(got, (3.0 * x - 2).min(axis=axis))

    def test_casting_is_about_inputs(self):
        kernel = self.write("int.c", "int f(int x) { return x; }\n")
        x = numpy.full(1000, 2**31 - 1, "i4")
        got, report = self.reduce("sum", self.save("x.npy", x), kernel=kernel,
                                  options=["--casting=no"])  # fmt: skip
        self.assertEqual((got.dtype, got.item()), (numpy.dtype("i8"), 1000 * (2**31 - 1)))
        self.assertEqual(report["casting"], "no")
        self.assert_run_fails(
            EXIT_BAD_DATA, ["holds i8", "--casting=no"], kernel, self.save("x.npy", x.astype("i8")),
            options=["--reduce=sum", "--casting=no"])  # fmt: skip

    def test_no_elements(self):
        path = self.save("x.npy", numpy.zeros((0, 3)))
        for operation, value in (("sum", 0.0), ("prod", 1.0), ("any", False), ("all", True)):
            got, report = self.reduce(operation, path, kernel=self.same)
            self.assertEqual((got.item(), report["result"], report["elements"]), (value, [value], 0))
            got, report = self.reduce(operation, path, kernel=self.same, axis=0)
            self.assertEqual((got.tolist(), report["result"]), ([value] * 3, None))
        got, _ = self.reduce("max", path, kernel=self.same, axis=1)
        self.assertEqual(got.shape, (0,))

    def test_threads_give_the_same_bits(self):
        path = self.save("x.npy", self.random.standard_normal(3_000_000))
        results = [
            self.reduce("sum", path, kernel=self.same, options=["--threads", n])[0].tobytes()
            for n in (1, 2, 2)
        ]
        self.assertEqual(len(set(results)), 1)


class Parts(SharedExecutor, ReduceTest):
    """--where, --error-mask and failing elements."""

    def test_where_leaves_out(self):
        x, mask = self.numbers(30, 40), self.random.random(40) < 0.5
        path, where = self.save("x.npy", x), ["--where", self.save("w.npy", mask)]
        for operation in ("sum", "argmax", "all"):
            got, _ = self.reduce(operation, path, 1, options=where)
            values = 3 * x[:, mask] - 1
            if operation == "argmax":
                self.assertEqual((3 * x - 1).flat[got.item()], values.max())
                self.assertTrue(mask[got.item() % 40])
            else:
                self.assertEqual(got.item(), getattr(values, operation)())
        nothing = ["--where", self.save("w.npy", numpy.zeros(40, bool))]
        for operation, value in (("sum", 0), ("min", "inf"), ("max", "-inf"), ("argmin", -1)):
            _, report = self.reduce(operation, path, 1, options=nothing)
            self.assertEqual(report["result"], [value])

    def test_failing_elements_are_no_part(self):
        kernel = f"{self.write('checked.py', CHECKED)}:checked"
        x = (numpy.arange(60.0) % 30).reshape(6, 10) ** 2 / 10
        x[2, 3] = x[4, 3] = -1.0
        path = self.save("x.npy", x)
        wanted = numpy.sqrt(numpy.where(x >= 0, x, 0))
        mask = self.folder / "errors.npy"
        for options, code in (
            ([], EXIT_BATCH_FAILED), (["--errors=ignore"], 0), (["--error-mask", mask], 0),
        ):  # fmt: skip
            got, report = self.reduce("sum", path, kernel=kernel, axis=0, options=options, code=code)
            numpy.testing.assert_allclose(got, wanted.sum(axis=0), rtol=1e-13)
            self.assertEqual((report["failed"], report["first_failed"]), (2, 23))
            self.assertEqual(report["error"]["type"], "ValueError")
        numpy.testing.assert_array_equal(numpy.load(mask), x < 0)
        [line] = self.printed("sum", path, kernel=kernel, options=["--errors=ignore"])
        self.assertTrue(math.isclose(float(line), wanted.sum(), rel_tol=1e-13))
        done = self.lanes("run", kernel, path, "-o", self.out, "--reduce=min")
        self.assertEqual((done.returncode, done.stdout), (EXIT_BATCH_FAILED, "0\n"))
        self.assertIn("failed elements are no part of the result", done.stderr)


class ByKernel(SharedExecutor, ReduceTest):
    """--reduce=kernel: f(f(f(start, x0), x1), x2)"""

    GCD = """
long gcd(long a, long b)
{
    a = a < 0 ? -a : a;
    b = b < 0 ? -b : b;
    while (b != 0) {
        long rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}
"""

    def setUp(self):
        super().setUp()
        self.gcd = self.write("gcd.c", self.GCD)
        self.x = self.random.integers(1, 50, (6, 7)) * self.random.choice([6, 35], (6, 1))

    def test_divisors(self):
        path = self.save("x.npy", self.x)
        for axis in (None, 0, 1, "0,1"):
            got, report = self.reduce("kernel", 0, path, kernel=self.gcd, axis=axis)
            wanted = numpy.gcd.reduce(self.x, axis=axis if axis != "0,1" else None)
            self.assertEqual((got.shape, got.dtype), (numpy.shape(wanted), self.x.dtype))
            numpy.testing.assert_array_equal(got, wanted)
            self.assertEqual(report["result"], None if got.ndim else [int(wanted)])
        self.assertEqual(self.printed("kernel", 0, path, kernel=self.gcd), [str(wanted)])

    def test_start_of_each_value(self):
        path = self.save("x.npy", self.x)
        start = self.random.integers(1, 9, (6, 1))
        got, _ = self.reduce("kernel", self.save("s.npy", start), path, kernel=self.gcd, axis=1)
        numpy.testing.assert_array_equal(got, numpy.gcd(numpy.gcd.reduce(self.x, axis=1), start[:, 0]))
        got, _ = self.reduce("kernel", self.save("s.npy", start[:1]), path, kernel=self.gcd)
        self.assertEqual(got.item(), numpy.gcd(numpy.gcd.reduce(self.x, axis=None), start[0, 0]))
        empty = self.save("x.npy", self.x[:, :0])
        got, _ = self.reduce("kernel", self.save("s.npy", start), empty, kernel=self.gcd, axis=1)
        numpy.testing.assert_array_equal(got, start[:, 0])

    def test_mistakes(self):
        path = self.save("x.npy", self.x)
        for arguments, fragments, name in (
            ((self.gcd, self.save("s.npy", self.x), path),
             ["s.npy, where the kernel's values begin, has shape (6, 7)", "axis 1", "length 1"],
             "LANES_E_SHAPE"),
            ((self.gcd, 0, self.save("i4.npy", self.x.astype("i4"))),
             ["i4", "converts nothing", "takes i8"], "LANES_E_DTYPE"),
            ((self.same, self.save("f.npy", numpy.zeros(1))),
             ["f8(f8)", "takes two numbers of one dtype"], "LANES_E_OPERANDS"),
        ):  # fmt: skip
            error = self.assert_run_fails(
                EXIT_BAD_DATA, fragments, *arguments, options=["--reduce=kernel", "--axis=-1"])
            self.assertEqual(error["type"], name)


class Printed(SharedExecutor, ReduceTest):
    def test_fewest_digits(self):
        for value, text in (
            (0.1, "0.1"), (12.0, "12"), (-2.5e-300, "-2.5e-300"), (1 / 3, "0.3333333333333333"),
            (numpy.nan, "nan"), (-numpy.inf, "-inf"), (1e22, "1e+22"),
        ):  # fmt: skip
            path = self.save("x.npy", numpy.array([value]))
            self.assertEqual(self.printed("max", path), [text])
            [_], report = self.run_all(self.same, path, options=["--reduce=max"])
            self.assertEqual(report["result"], [value if math.isfinite(value) else text])
        x = self.save("x.npy", numpy.array([3.0, 0.0, 5.0]))
        for operation, text in (("argmax", "2"), ("any", "true"), ("all", "false"), ("sum", "8")):
            self.assertEqual(self.printed(operation, x), [text])

    def test_what_json_has_no_numbers_for(self):
        kernel = self.write("u8.c", "unsigned long f(unsigned long x) { return x; }\n")
        signature = ["--signature", "u8(u8)", "--reduce=max"]
        for value, wanted in ((2**63 - 1, 2**63 - 1), (2**64 - 1, "18446744073709551615")):
            path = self.save("x.npy", numpy.array([value], "u8"))
            [_], report = self.run_all(kernel, path, options=signature)
            self.assertEqual(report["result"], [wanted])
        kernel = self.write("c16.c", "double _Complex f(double _Complex x) { return x; }\n")
        path = self.save("x.npy", numpy.array([1 + 2j, 0.5 - 4j]))
        [_], report = self.run_all(kernel, path, options=["--signature=c16(c16)", "--reduce=sum"])
        self.assertEqual(report["result"], ["1.5-2j"])

    def test_arrays_are_not_printed(self):
        path = self.save("x.npy", self.numbers(3, 4))
        self.assertEqual(self.printed("sum", path, options=["--axis=1"]), [])
        done = self.lanes("run", self.same, path, "-o", self.out)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_without_a_reduction_json_says_so(self):
        [_], report = self.run_all(self.same, self.save("x.npy", numpy.zeros(1)))
        self.assertEqual((report["reduce"], report["result"]), (None, None))

    def test_failures_have_no_result(self):
        done = self.lanes("run", self.same, "none.npy", "-o", self.out, "--reduce=sum", "--json")
        self.assertIsNone(json.loads(done.stdout)["result"])
        done = self.lanes("run", self.same, "none.npy", "-o", self.out, "--reduce=sum")
        self.assertEqual(done.stdout, "")


class Mistakes(SharedExecutor, ReduceTest):
    def test_arguments(self):
        x = self.save("x.npy", numpy.zeros((4, 5)))
        for options, text in (
            (["--reduce=mean"], "--reduce=mean is not one of sum, prod, min, max, any, all, argmin"),
            (["--reduce="], "--reduce= is not one of"),
            (["--reduce=none"], "--reduce=none is not one of"),
            (["--axis=0"], "--axis=0 says along which axes to reduce, but not what; add --reduce"),
            (["--reduce=sum", "--axis="], "--axis= is not 1 to 8 whole numbers with commas"),
            (["--reduce=sum", "--axis=x"], "--axis=x is not"),
            (["--reduce=sum", "--axis=0,"], "--axis=0, is not"),
            (["--reduce=sum", "--axis=0;1"], "--axis=0;1 is not"),
            (["--reduce=sum", "--axis=1.0"], "--axis=1.0 is not"),
            (["--reduce=sum", "--axis=99999999999"], "--axis=99999999999 is not"),
            (["--reduce=sum", "--axis=0,1,2,3,4,5,6,7,8"], "is not 1 to 8"),
        ):  # fmt: skip
            with self.subTest(options):
                done = self.lanes("run", self.same, x, "-o", self.out, *options)
                self.assertEqual(done.returncode, EXIT_USAGE)
                self.assertIn(text, done.stderr)
                self.assertFalse(self.out.exists())

    def test_axes_that_are_not_there(self):
        x = self.save("x.npy", numpy.zeros((4, 5)))
        for axis, fragments in (
            ("2", ["--axis=2", "2 is no axis", "shape is (4, 5)", "use 0 to 1, or -2 to -1"]),
            ("-3", ["-3 is no axis"]),
            ("0,7", ["--axis=0,7", "7 is no axis"]),
            ("0,0", ["--axis=0,0 names axis 0 twice"]),
            ("1,-1", ["--axis=1,-1 names axis 1 twice"]),
        ):  # fmt: skip
            error = self.assert_run_fails(
                EXIT_USAGE, fragments, self.same, x, options=["--reduce=sum", "--axis", axis])
            self.assertEqual(error["type"], "LANES_E_SHAPE")
        x = self.save("x.npy", numpy.array(1.0))
        for axis in ("0", "-1"):
            self.assert_run_fails(
                EXIT_USAGE, ["single elements, which have no axes", "leave --axis away"], self.same,
                x, options=["--reduce=sum", "--axis", axis])  # fmt: skip

    def test_nothing_to_find_a_least_in(self):
        x = self.save("x.npy", numpy.zeros((4, 0)))
        for operation in ("min", "max", "argmin", "argmax"):
            error = self.assert_run_fails(
                EXIT_BAD_DATA,
                ["has no elements along the reduced axes", f"{operation} has no identity"],
                self.same, x, options=["--reduce", operation])  # fmt: skip
            self.assertEqual(error["type"], "LANES_E_SHAPE")

    def test_complex_numbers_have_no_order(self):
        kernel = self.write("c16.c", "double _Complex f(double _Complex x) { return x; }\n")
        x = self.save("x.npy", numpy.ones(3, "c16"))
        for operation in ("min", "argmax"):
            error = self.assert_run_fails(
                EXIT_BAD_DATA, ["c16", "no order"], kernel, x,
                options=["--signature=c16(c16)", "--reduce", operation])  # fmt: skip
            self.assertEqual(error["type"], "LANES_E_DTYPE")


if __name__ == "__main__":
    unittest.main()
