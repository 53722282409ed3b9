# SPDX-License-Identifier: Apache-2.0
"""Files of `lanes run` that are not alike: shapes, orders, dtypes; --where; and --fp."""
import json
import unittest

import numpy
from e2elib import EXIT_BAD_DATA, EXIT_BATCH_FAILED, EXIT_NO_INPUT, EXIT_USAGE, SharedExecutor
from test_e2e_cli import CHECKED, DOT, WEIGHTED, CliTest

LINEAR = "double linear(double x, double y) { return 3 * x - y; }\n"


class ArrayTest(SharedExecutor, CliTest):
    def setUp(self):
        super().setUp()
        self.kernel = self.write("linear.c", LINEAR)
        self.random = numpy.random.default_rng(11)

    def numbers(self, *shape):
        return self.random.integers(-99, 99, shape).astype("f8")

    def check(self, x, y, options=(), wanted=None):
        """Runs the kernel on files of x and y; returns (result, JSON report)."""
        inputs = (self.save("x.npy", x), self.save("y.npy", y))
        [got], report = self.run_all(self.kernel, *inputs, options=options)
        numpy.testing.assert_array_equal(got, 3 * x - y if wanted is None else wanted)
        return got, report


class Broadcasting(ArrayTest):
    def test_as_numpy(self):
        for a, b in (
            ((4, 5), (5,)), ((5,), (4, 5)), ((4, 1), (1, 5)), ((4, 1), (5,)), ((4, 5), (1,)),
            ((4, 5), ()), ((), (7,)), ((1,), (7,)), ((1,), ()), ((2, 3, 4, 5), (3, 1, 5)),
            ((2, 1, 2, 1, 2, 1, 2, 1), (1, 3, 1, 3, 1, 3, 1, 3)), ((0, 5), (5,)), ((1,), (0,)),
            ((0, 1), (3,)), ((100, 1, 30), (200, 1)),
        ):  # fmt: skip
            with self.subTest(f"{a} and {b}"):
                x, y = self.numbers(*a), self.numbers(*b)
                got, report = self.check(x, y)
                self.assertEqual(got.shape, numpy.broadcast_shapes(a, b))
                self.assertEqual(report["elements"], got.size)

    def test_shapes_that_do_not_broadcast_are_named(self):
        for a, b in (((4, 5), (4,)), ((3,), (2,)), ((2, 3), (3, 2)), ((0,), (2,)), ((2, 1), (3, 1))):
            x, y = self.save("x.npy", numpy.zeros(a)), self.save("y.npy", numpy.zeros(b))
            error = self.assert_run_fails(
                EXIT_BAD_DATA, [f"x.npy has shape {a}", f"y.npy has shape {b}", "not broadcast"],
                self.kernel, x, y,
            )  # fmt: skip
            self.assertEqual(error["type"], "LANES_E_SHAPE")

    def test_the_two_files_that_disagree_are_named(self):
        kernel = self.write("three.c", "double f(double a, double b, double c) { return a+b+c; }")
        a, b, c = (
            self.save(f"{name}.npy", numpy.zeros(shape))
            for name, shape in (("a", (7, 1)), ("b", (1, 5)), ("c", (7, 4)))
        )
        error = self.assert_run_fails(
            EXIT_BAD_DATA, ["b.npy has shape (1, 5)", "c.npy has shape (7, 4)"], kernel, a, b, c
        )
        self.assertNotIn("a.npy", error["message"])

    def test_too_many_elements(self):
        x = self.save("x.npy", numpy.zeros((1 << 21, 1), "i1"))
        y = self.save("y.npy", numpy.zeros((1 << 20,), "i1"))
        self.assert_run_fails(
            EXIT_BAD_DATA, ["(2097152, 1048576)", "at most 1099511627776 elements"],
            self.kernel, x, y,
        )  # fmt: skip

    def test_rows_broadcast_without_their_axis(self):
        kernel = self.write("f.c", WEIGHTED)
        for shape, rows in (((4, 1), (5, 3)), ((5,), (4, 5, 3)), ((4, 5), (4, 1, 3)), ((5,), (1, 3))):
            with self.subTest(f"{shape} and {rows}"):
                x, y = self.numbers(*shape), self.numbers(*rows)
                [got], _ = self.run_all(kernel, self.save("x.npy", x), self.save("y.npy", y))
                numpy.testing.assert_array_equal(got, x * y[..., -1] + 3)

    def test_numbers_beside_arrays_of_other_shapes(self):
        kernel = self.write("three.c", "double f(double a, double b, double c) { return a+b*c; }")
        x, y = self.numbers(6, 1), self.numbers(7)
        [got], _ = self.run_all(kernel, self.save("x.npy", x), 2, self.save("y.npy", y))
        numpy.testing.assert_array_equal(got, x + 2 * y)


class Order(ArrayTest):
    def test_fortran_order_is_read_and_c_order_written(self):
        for shape in ((4, 5), (300, 70), (2, 3, 4, 5), (3, 1, 2), (1, 9), (0, 3)):
            with self.subTest(shape):
                x = numpy.asfortranarray(self.numbers(*shape))
                for y in (numpy.asfortranarray(self.numbers(*shape)), self.numbers(*shape)):
                    self.check(x, y)
                    text = self.out.read_bytes()[:128]
                    self.assertIn(b"'fortran_order': False", text)

    def test_fortran_order_broadcasts(self):
        self.check(numpy.asfortranarray(self.numbers(4, 5)), self.numbers(3, 1, 1))
        self.check(numpy.asfortranarray(self.numbers(3, 4, 5)), self.numbers(4, 1))
        self.check(self.numbers(2, 3, 4), numpy.asfortranarray(self.numbers(3, 4)))

    def test_rows_must_lie_side_by_side(self):
        kernel = self.write("dot.c", DOT)
        x = self.save("x.npy", numpy.asfortranarray(self.numbers(6, 3)))
        error = self.assert_run_fails(
            EXIT_BAD_DATA, ["x.npy is in Fortran order", "numpy.ascontiguousarray"], kernel, x
        )
        self.assertEqual(error["type"], "LANES_E_SHAPE")
        rows = numpy.asfortranarray(self.numbers(4, 5, 1))  # of one element
        [got], _ = self.run_all(kernel, self.save("x.npy", rows))
        numpy.testing.assert_array_equal(got, rows[..., 0])

    def test_data_at_any_offset(self):
        x, y = self.numbers(1001), self.numbers(1001)
        for extra in (0, 1, 7, 8, 33):
            head = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1001,)}" + b" " * extra
            length = len(head).to_bytes(2, "little")
            path = self.write("x.npy", b"\x93NUMPY\x01\x00" + length + head + x.tobytes())
            [got], _ = self.run_all(self.kernel, path, self.save("y.npy", y))
            numpy.testing.assert_array_equal(got, 3 * x - y)


class Casting(ArrayTest):
    DTYPES = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", "c8", "c16"]

    def setUp(self):
        super().setUp()
        self.integers = self.write("integers.c", "int f(int x, int y) { return x - 2 * y; }\n")

    def test_what_may_be_cast_is_what_numpy_casts(self):
        """Every dtype by the strictest rule that allows it, and not by the one before."""
        rules = ["no", "safe", "same_kind", "unsafe"]
        y = numpy.arange(20) % 2
        for kernel, own, function in (
            (self.kernel, "f8", lambda x, y: 3 * x - y),
            (self.integers, "i4", lambda x, y: x - 2 * y),
        ):
            for name in self.DTYPES:
                path = self.save("x.npy", y.astype(name))
                # NumPy would drop the imaginary part.
                fit = [] if name[0] == "c" else [r for r in rules if numpy.can_cast(name, own, r)]
                with self.subTest(f"{name} to {own}"):
                    if fit:
                        options = ["--casting", fit[0]]
                        [got], report = self.run_all(kernel, path, 1, options=options)
                        numpy.testing.assert_array_equal(got, function(y.astype(own), 1))
                        self.assertEqual(got.dtype, numpy.dtype(own))
                        self.assertEqual(report["casting"], fit[0])
                    if len(fit) < len(rules):
                        self.refuse(kernel, path, name, own, rules[-len(fit) - 1])

    def refuse(self, kernel, path, name, own, casting):
        error = self.assert_run_fails(
            EXIT_BAD_DATA,
            [f"x.npy holds {name}", f"wants {own} for input 1", f".astype('{own}')"],
            kernel, path, 1, options=["--casting", casting],
        )  # fmt: skip
        self.assertEqual(error["type"], "LANES_E_DTYPE")
        if name[0] == "c":
            self.assertIn("no --casting makes complex numbers real", error["message"])
            self.assertIn(f"a.real.astype('{own}')", error["message"])
            return
        self.assertIn(f"--casting={casting} does not allow that", error["message"])
        better = next(r for r in ("safe", "same_kind", "unsafe") if numpy.can_cast(name, own, r))
        self.assertIn(f"or use --casting={better}", error["message"])

    def test_same_kind_is_the_default_and_told_if_values_may_change(self):
        path = self.save("x.npy", self.numbers(9).astype("i8"))
        done = self.lanes("run", self.integers, path, 1, "-o", self.out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("note: " + str(path) + " holds i8 and is converted to i4", done.stderr)
        _, report = self.run_all(self.integers, path, 1)
        self.assertEqual(report["casting"], "same_kind")
        for kernel, options in ((self.kernel, []), (self.integers, ["--casting=same_kind"])):
            done = self.lanes("run", kernel, path, 1, "-o", self.out, *options)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn("note:", done.stderr)
        path = self.save("x.npy", self.numbers(9))
        self.assert_run_fails(EXIT_BAD_DATA, "--casting=same_kind", self.integers, path, 1)

    def test_broadcast_fortran_files_of_other_dtypes(self):
        x = numpy.asfortranarray(self.numbers(40, 50).astype("i2"))
        y = self.numbers(3, 1, 50).astype("f4")
        self.check(x, y, wanted=3 * x.astype("f8") - y.astype("f8"))

    def test_times_become_other_numbers_on_demand_only(self):
        days = numpy.arange("2020-01-01", "2020-01-05", dtype="M8[D]")
        x, y = self.save("x.npy", days), self.save("y.npy", numpy.zeros(4))
        self.assert_run_fails(
            EXIT_BAD_DATA, ["x.npy holds times (i8)", "wants f8", "--casting=unsafe"],
            self.kernel, x, y,
        )  # fmt: skip
        [got], _ = self.run_all(self.kernel, x, y, options=["--casting=unsafe"])
        numpy.testing.assert_array_equal(got, 3.0 * days.astype("i8"))

    def test_rows_are_not_converted(self):
        x = self.save("x.npy", numpy.zeros((5, 3), "f4"))
        self.assert_run_fails(
            EXIT_BAD_DATA, ["x.npy holds f4", "rows are not converted", "a.astype('f8')"],
            self.write("dot.c", DOT), x, options=["--casting=unsafe"],
        )  # fmt: skip

    def test_numbers_are_not_cast(self):
        x = self.save("x.npy", numpy.zeros(3, "i4"))
        self.assert_run_fails(
            EXIT_BAD_DATA, ["1.5", "cannot represent"], self.integers, x, 1.5,
            options=["--casting=unsafe"],
        )  # fmt: skip

    def test_unknown_rule(self):
        x = self.save("x.npy", numpy.zeros(3))
        done = self.lanes("run", self.kernel, x, x, "-o", self.out, "--casting=any")
        self.assertEqual(done.returncode, EXIT_USAGE)
        self.assertIn("--casting=any is not one of no, safe, same_kind, unsafe", done.stderr)


class Where(ArrayTest):
    def where(self, mask):
        return ["--where", self.save("w.npy", mask)]

    def test_other_elements_are_zero(self):
        x, y = self.numbers(60, 50), self.numbers(50)
        for mask in (
            self.random.random((60, 50)) < 0.3,
            self.random.random(50) < 0.5,
            self.random.random((60, 1)) < 0.5,
            numpy.asfortranarray(self.random.random((60, 50)) < 0.7),
            numpy.array(True), numpy.array(False), numpy.ones(50, bool),
        ):  # fmt: skip
            with self.subTest(mask.shape):
                wanted = numpy.where(mask, 3 * x - y, 0)
                _, report = self.check(x, y, self.where(mask), wanted)
                self.assertEqual(report["where"], str(self.folder / "w.npy"))
                self.assertEqual(report["elements"], 3000)

    def test_nothing_is_left_of_a_file_that_is_replaced(self):
        x, y = self.numbers(100), self.numbers(100)
        self.save("out.npy", numpy.full(100, 7.0))
        self.check(x, y, self.where(numpy.zeros(100, bool)), numpy.zeros(100))

    def test_shape_is_broadcast_too(self):
        mask = self.random.random((5, 100)) < 0.5
        x, y = self.numbers(100), self.numbers(100)
        self.check(x, y, self.where(mask), numpy.where(mask, 3 * x - y, 0))
        [got], _ = self.run_all(self.kernel, 2, 1, options=self.where(mask))
        numpy.testing.assert_array_equal(got, numpy.where(mask, 5.0, 0.0))

    def test_without_it_json_says_so(self):
        _, report = self.check(self.numbers(5), self.numbers(5))
        self.assertIsNone(report["where"])

    def test_elements_that_are_left_out_do_not_fail(self):
        kernel = f"{self.write('checked.py', CHECKED)}:checked"
        x = numpy.arange(200.0) % 90
        x[[20, 150]] = [-1.0, -2.0]
        path = self.save("x.npy", x)
        mask = numpy.arange(200) >= 100
        errors = self.folder / "errors.npy"
        for options, code in (
            ([], EXIT_BATCH_FAILED), (["--errors=ignore"], 0), (["--error-mask", errors], 0),
        ):  # fmt: skip
            [got], report = self.run_all(
                kernel, path, options=[*self.where(mask), *options], code=code
            )
            wanted = numpy.sqrt(numpy.where(mask & (x >= 0), x, 0))
            numpy.testing.assert_array_equal(got, wanted)
            self.assertEqual((report["failed"], report["first_failed"]), (1, 150))
        self.assertEqual(numpy.flatnonzero(numpy.load(errors)).tolist(), [150])
        [_], report = self.run_all(kernel, path, options=self.where(mask & (x >= 0)))
        self.assertEqual((report["failed"], report["error"]), (0, None))

    def test_mistakes(self):
        x = self.save("x.npy", numpy.zeros((4, 5)))
        self.write("bad.npy", "no array")
        for mask, code, fragments in (
            (self.save("u.npy", numpy.ones(5, "u1")), EXIT_BAD_DATA,
             ["--where", "u.npy holds u1", "must be bool", "a.astype(bool)"]),
            (self.save("f.npy", numpy.ones((4, 5))), EXIT_BAD_DATA, ["holds f8", "a.astype(bool)"]),
            (self.save("m.npy", numpy.ones(4, bool)), EXIT_BAD_DATA,
             ["x.npy has shape (4, 5)", "m.npy has shape (4,)", "not broadcast"]),
            ("none.npy", EXIT_NO_INPUT, ["--where none.npy", "No such file"]),
            ("true", EXIT_NO_INPUT, ["--where true", "No such file"]),
            ("bad.npy", EXIT_BAD_DATA, ["--where bad.npy", "not a .npy file"]),
        ):  # fmt: skip
            self.assert_run_fails(code, fragments, self.kernel, x, 1, options=["--where", mask])

    def test_kernels_without_room_for_it(self):
        names = [f"x{i}" for i in range(15)]
        arguments = ", ".join(f"double {name}" for name in names)
        for count, options, fragments in (
            (15, ["--where"], ["16 inputs and outputs", "with --where", "leave --where away"]),
            (15, ["--error-mask"], ["with --error-mask", "use --errors=ignore instead"]),
            (14, ["--where", "--error-mask"],
             ["15 inputs", "with --error-mask and --where", "16 operands", "--errors=ignore"]),
        ):  # fmt: skip
            arguments = ", ".join(f"double {name}" for name in names[:count])
            body = " + ".join(names[:count])
            kernel = self.write("many.c", f"double many({arguments}) {{ return {body}; }}\n")
            x = self.save("x.npy", numpy.ones(4))
            mask = self.save("w.npy", numpy.ones(4, bool))
            files = {"--where": mask, "--error-mask": "e.npy"}
            flags = [part for option in options for part in (option, files[option])]
            self.assert_run_fails(
                EXIT_BAD_DATA, fragments, kernel, x, *[1] * (count - 1), options=flags
            )
            if len(options) == 2:
                for option in options:
                    [got], _ = self.run_all(
                        kernel, x, *[1] * (count - 1), options=[option, files[option]]
                    )
                    self.assertEqual(got.tolist(), [14.0] * 4)


class Summary(ArrayTest):
    def test_traffic_counts_each_file_once(self):
        """The rate in GB/s is that of bytes in files, not of stretched axes."""
        x = self.save("x.npy", numpy.zeros((1000, 1)))
        y = self.save("y.npy", numpy.zeros((1, 1000)))
        done = self.lanes("run", self.kernel, x, y, "-o", self.out)
        self.assertEqual(done.returncode, 0, done.stderr)
        words = done.stderr.split()
        elements = float(words[words.index("elements/s,") - 2])
        bytes_rate = float(words[words.index("GB/s,") - 1])
        self.assertAlmostEqual(bytes_rate * 1e3 / elements, 8.016, delta=0.02)
        done = self.lanes("run", self.kernel, x, y, "-o", self.out, "--json")
        self.assertEqual(json.loads(done.stdout)["elements"], 1_000_000)


class FloatingPoint(CliTest):
    IR = """define double @f(double %x, double %y) {
  %p = fmul double %x, %y
  %s = fsub double %p, 1.0
  ret double %s
}
"""

    def test_one_rounding_only_where_it_is_allowed(self):
        kernel = self.write("product.ll", self.IR)
        small = 2.0 ** -30
        x = self.save("x.npy", numpy.full(100, 1.0 + small))
        y = self.save("y.npy", numpy.full(100, 1.0 - small))
        got, _ = self.run_lanes(kernel, x, y)
        self.assertTrue((got == 0.0).all())
        for option in ("contract", "fast", "nsz,contract"):
            got, _ = self.run_lanes(kernel, x, y, options=["--fp", option])
            self.assertTrue((got == -(small**2)).all(), option)
        self.assertEqual(self.inspect(kernel)["fp"], "strict")
        self.assertEqual(self.inspect(kernel, "--fp=nsz,contract")["fp"], "nsz,contract")

    def test_denormals_are_flushed_only_on_demand(self):
        kernel = self.write("half.c", "double half(double x) { return 0.5 * x; }\n")
        x = self.save("x.npy", numpy.full(1000, 2.0**-1022))
        for option, wanted in (("keep", 2.0**-1023), ("flush", 0.0)):
            got, _ = self.run_lanes(kernel, x, options=[f"--denormals={option}"])
            self.assertTrue((got == wanted).all(), option)
        got, _ = self.run_lanes(kernel, x)
        self.assertTrue((got == 2.0**-1023).all())
        done = self.lanes("run", kernel, x, "-o", self.out, "--denormals=zero")
        self.assertEqual(done.returncode, EXIT_USAGE)
        self.assertIn("--denormals=zero is not one of keep, flush", done.stderr)

    def test_hypot_is_flushed_only_where_it_stays_right(self):
        source = "double hypot(double, double);\ndouble h(double x) { return hypot(x, x); }\n"
        kernel = self.write("h.c", source)
        x = self.save("x.npy", numpy.full(1000, 2.0**-600))
        error = self.assert_run_fails(
            EXIT_USAGE, ["hypot", "math 'exact'"], kernel, x, options=["--denormals=flush"]
        )
        self.assertEqual(error["type"], "LANES_E_INVALID")
        got, _ = self.run_lanes(kernel, x, options=["--denormals=flush", "--math=exact"])
        numpy.testing.assert_array_equal(got, numpy.hypot(2.0**-600, 2.0**-600))

    def test_unknown_flags_are_named(self):
        for option in ("loose", "contract,", "nsz,nans"):
            done = self.lanes("inspect", "k.ll", f"--fp={option}")
            self.assertEqual(done.returncode, EXIT_USAGE)
            self.assertIn(f"--fp={option} is not strict, contract, fast", done.stderr)


if __name__ == "__main__":
    unittest.main()
