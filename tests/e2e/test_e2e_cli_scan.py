# SPDX-License-Identifier: Apache-2.0
"""`lanes run --accumulate`: files as NumPy would write them, and every mistake."""
import unittest

import numpy
from e2elib import EXIT_BAD_DATA, EXIT_BATCH_FAILED, EXIT_USAGE
from test_e2e_cli import CliTest


class AccumulateTest(CliTest):
    def setUp(self):
        super().setUp()
        self.sum = self.write("sum.c", "long f(long a, long x) { return a + x; }\n")
        self.x = numpy.random.default_rng(22).integers(-99, 99, (6, 7))

    def accumulate(self, *inputs, kernel=None, axis=None, options=(), code=0):
        """Returns (array, JSON report)."""
        along = [] if axis is None else [f"--axis={axis}"]
        [got], report = self.run_all(kernel or self.sum, *inputs, code=code,
                                     options=["--accumulate", *along, *options])  # fmt: skip
        self.assertEqual((report["reduce"], report["result"]), ("scan", None))
        return got, report


class Results(AccumulateTest):
    def test_axes(self):
        path = self.save("x.npy", self.x)
        for axis in (0, 1, -1, -2):
            got, report = self.accumulate(0, path, axis=axis)
            wanted = numpy.add.accumulate(self.x, axis=axis)
            self.assertEqual((got.dtype, report["elements"]), (wanted.dtype, 42))
            numpy.testing.assert_array_equal(got, wanted)

    def test_the_axis_of_a_line_is_known(self):
        path = self.save("x.npy", self.x[0])
        for axis in (None, 0, -1):
            got, _ = self.accumulate(-5, path, axis=axis)
            numpy.testing.assert_array_equal(got, numpy.add.accumulate(self.x[0]) - 5)
        done = self.lanes("run", self.sum, 0, path, "-o", self.out, "--accumulate")
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    def test_single_elements(self):
        for x in (numpy.array(5), numpy.array([5]), numpy.array([[5]])):
            got, _ = self.accumulate(2, self.save("x.npy", x), axis=None if x.ndim < 2 else 1)
            self.assertEqual((got.shape, got.item()), (x.shape, 7))
        got, _ = self.accumulate(0, self.save("x.npy", numpy.zeros((3, 0), "i8")), axis=1)
        self.assertEqual(got.shape, (3, 0))

    def test_start_of_each_row(self):
        start = numpy.arange(6).reshape(6, 1)
        path = self.save("x.npy", self.x)
        got, _ = self.accumulate(self.save("s.npy", start), path, axis=1)
        numpy.testing.assert_array_equal(got, numpy.add.accumulate(self.x, axis=1) + start)

    def test_where(self):
        where = self.x > 0
        got, _ = self.accumulate(0, self.save("x.npy", self.x), axis=0,
                                 options=["--where", self.save("w.npy", where)])  # fmt: skip
        sums = numpy.add.accumulate(numpy.where(where, self.x, 0), axis=0)
        numpy.testing.assert_array_equal(got, numpy.where(where, sums, 0))

    def test_elements_that_fail(self):
        quotient = self.write("quotient.c", "long f(long a, long x) { return a / x; }\n")
        path = self.save("x.npy", numpy.array([2, 0, 3, 0, 4]))
        options = ["--error-mask", self.folder / "mask.npy"]
        got, report = self.accumulate(100, path, kernel=quotient, options=options)
        self.assertEqual((got.tolist(), report["failed"]), ([50, 0, 16, 0, 4], 2))
        self.assertEqual(numpy.load(self.folder / "mask.npy").tolist(), [0, 1, 0, 1, 0])
        done = self.lanes("run", quotient, 100, path, "-o", self.out, "--accumulate")
        self.assertEqual(done.returncode, EXIT_BATCH_FAILED)
        self.assertIn("failed 2 of 5 elements, first at index 1: ZeroDivisionError", done.stderr)
        self.assertIn("outputs of failed elements are 0", done.stderr)

    def test_threads_do_not_change_bits(self):
        x = numpy.random.default_rng(23).standard_normal(300_000)
        kernel = self.write("real.c", "double f(double a, double x) { return a + x; }\n")
        path = self.save("x.npy", x)
        one, two = (self.accumulate(0, path, kernel=kernel, options=["--threads", n])[0]
                    for n in (1, 2))  # fmt: skip
        self.assertEqual(one.tobytes(), two.tobytes())
        numpy.testing.assert_allclose(one, numpy.add.accumulate(x), atol=1e-9)


class Mistakes(AccumulateTest):
    def test_axes(self):
        inputs = self.sum, 0, self.save("x.npy", self.x)
        for fragments, options in (
            (["--accumulate goes along one axis", "(6, 7)", "add --axis=N, 0 to 1"], []),
            (["--axis=0,1 names 2 axes", "along one"], ["--axis=0,1"]),
            (["--axis=2", "2 is no axis"], ["--axis=2"]),
        ):
            error = self.assert_run_fails(EXIT_USAGE, fragments, *inputs,
                                          options=["--accumulate", *options])  # fmt: skip
            self.assertEqual(error["type"], "LANES_E_SHAPE")

    def test_options(self):
        path = self.save("x.npy", self.x)
        done = self.lanes("run", self.sum, 0, path, "-o", self.out, "--accumulate", "--reduce=sum")
        self.assertEqual(done.returncode, EXIT_USAGE)
        self.assertIn("--accumulate keeps all results, and --reduce=sum one", done.stderr)
        done = self.lanes("run", self.sum, 0, path, "-o", self.out, "--reduce=scan")
        self.assertEqual(done.returncode, EXIT_USAGE)
        self.assertIn("--reduce=scan is not one of", done.stderr)
        done = self.lanes("run", self.sum, 0, path, "-o", self.out, "--axis=0")
        self.assertEqual(done.returncode, EXIT_USAGE)
        self.assertIn("or --accumulate", done.stderr)

    def test_kernels_and_files(self):
        path = self.save("x.npy", self.x)
        unary = self.write("unary.c", "double f(double x) { return x; }\n")
        for arguments, fragments, name in (
            ((self.sum, path, path), ["x.npy, where the kernel's values begin", "axis 1", "length 1"],
             "LANES_E_SHAPE"),
            ((self.sum, 0, self.save("i4.npy", self.x.astype("i4"))),
             ["i4", "scans by itself converts nothing", "takes i8"], "LANES_E_DTYPE"),
            ((unary, self.save("f.npy", numpy.zeros((3, 3)))),
             ["f8(f8)", "takes two numbers of one dtype"], "LANES_E_OPERANDS"),
        ):  # fmt: skip
            error = self.assert_run_fails(EXIT_BAD_DATA, fragments, *arguments,
                                          options=["--accumulate", "--axis=1"])  # fmt: skip
            self.assertEqual(error["type"], name)


if __name__ == "__main__":
    unittest.main()
