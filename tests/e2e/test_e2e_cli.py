# SPDX-License-Identifier: Apache-2.0
"""The command line: every flag of `lanes run` and `lanes inspect`, every user's mistake."""
import json
import stat
import textwrap
import unittest
from importlib.metadata import version

import e2elib
import numpy
from e2elib import EXIT_BAD_DATA, EXIT_BATCH_FAILED, EXIT_NO_INPUT, EXIT_USAGE

# dtype: (type in C, a number as typed, its value, others that it cannot hold)
DTYPES = {
    "?": ("_Bool", "true", True, ["2", "0.5", "-1"]),
    "i1": ("signed char", "-128", -128, ["128", "1.5"]),
    "u1": ("unsigned char", "0xff", 255, ["256", "-1"]),
    "i2": ("short", "-32768", -32768, ["32768"]),
    "u2": ("unsigned short", "65535", 65535, ["65536", "-1"]),
    "i4": ("int", "-1e3", -1000, ["2147483648", "nan"]),
    "u4": ("unsigned", "4294967295", 2**32 - 1, ["4294967296", "-1"]),
    "i8": ("long", "-9223372036854775808", -(2**63), ["9223372036854775808", "inf"]),
    "u8": ("unsigned long", "18446744073709551615", 2**64 - 1, ["-1", "1e20"]),
    "f4": ("float", "-2.5", -2.5, ["1e39", "1+2j"]),
    "f8": ("double", "false", 0.0, ["1e999", "2j"]),
    "c8": ("float _Complex", "1.5-2j", 1.5 - 2j, ["1e39j"]),
    "c16": ("double _Complex", "-1+2.5j", -1 + 2.5j, ["1+1e999j"]),
}

DOT = """
double dot(int n, double *x)
{
    double s = 0;
    for (int i = 0; i < n; i++) {
        s += x[i];
    }
    return s;
}
"""

WEIGHTED = "double f(double x, int n, double *row) { return x * row[n - 1] + n; }\n"

LINE = """
double line(double x, void *user)
{
    double *p = user;
    return p[0] * x + p[1];
}
"""

BOTH = """
void both(double x, double y, double *a, double *b)
{
    *a = x + y;
    *b = x - y;
}
"""

# Raises two classes; the second has an argument of its own in Numba >= 0.57.
CHECKED = """
import math
from numba import cfunc

@cfunc("float64(float64)")
def checked(x):
    if x < 0.0:
        raise ValueError("negative", 3)
    if x > 100.0:
        raise OverflowError("large (very)")
    return math.sqrt(x)
"""


class CliTest(e2elib.LanesTest):
    def setUp(self):
        super().setUp()
        self.environment.pop("VIRTUAL_ENV", None)

    def run_all(self, kernel, *inputs, outputs=("out.npy",), options=(), code=0):
        """Runs a batch; returns (arrays, JSON report)."""
        flags = [part for name in outputs for part in ("-o", self.folder / name)]
        done = self.lanes("run", kernel, *inputs, *flags, "--json", *options)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        arrays = [numpy.load(self.folder / name) for name in outputs]
        return arrays, json.loads(done.stdout)

    def python(self, text):
        return self.write("kernels.py", textwrap.dedent(text))


class Dtypes(e2elib.SharedExecutor, CliTest):
    def setUp(self):
        super().setUp()
        lines = []
        for name, (c_type, *_) in DTYPES.items():
            name = name.replace("?", "b1")
            lines.append(f"{c_type} second_{name}({c_type} x, {c_type} y) {{ return y; }}")
        self.kernel = self.write("second.c", "\n".join(lines) + "\n")

    def options(self, name):
        entry = "second_" + name.replace("?", "b1")
        return ["--entry", entry, "--signature", f"{name}({name},{name})"]

    def test_files_of_every_dtype(self):
        random = numpy.random.default_rng(5)
        for name in DTYPES:
            with self.subTest(name):
                raw = random.integers(0, 100, 333)
                y = (raw % 2 if name == "?" else raw + (1j if name[0] == "c" else 0)).astype(name)
                path = self.save("y.npy", y)
                [got], _ = self.run_all(self.kernel, path, path, options=self.options(name))
                self.assertEqual(got.dtype, numpy.dtype(name))
                numpy.testing.assert_array_equal(got, y)

    def test_numbers_of_every_dtype(self):
        for name, (_, text, value, refused) in DTYPES.items():
            with self.subTest(name):
                x = self.save("x.npy", numpy.zeros(5, name))
                options = self.options(name)
                [got], _ = self.run_all(self.kernel, x, text, options=options)
                self.assertEqual(got.dtype, numpy.dtype(name))
                self.assertEqual(got.tolist(), [value] * 5)
                self.assert_run_fails(
                    EXIT_BAD_DATA, [refused[0], "cannot represent"],
                    self.kernel, x, refused[0], options=options,
                )  # fmt: skip

    def test_negative_complex_numbers_are_no_options(self):
        x = self.save("x.npy", numpy.zeros(3, "c16"))
        for text, value in (("-2j", -2j), ("-1.5-2j", -1.5 - 2j), ("-3", -3)):
            [got], _ = self.run_all(self.kernel, x, text, options=self.options("c16"))
            self.assertEqual(got.tolist(), [value] * 3)

    def test_times_are_integers(self):
        days = numpy.arange("2020-01-01", "2020-02-01", dtype="M8[D]")
        for values in (days, days - days[3], days.astype("M8[ns]")):
            path = self.save("t.npy", values)
            [got], _ = self.run_all(self.kernel, path, path, options=self.options("i8"))
            self.assertEqual(got.dtype, numpy.int64)
            numpy.testing.assert_array_equal(got, values.view("i8"))

    def test_files_that_no_kernel_takes(self):
        for values, fragments in (
            (numpy.zeros(3, ">i4"), ["big-endian", "newbyteorder"]),
            (numpy.zeros(3, "f2"), ["half precision", "astype('f4')"]),
            (numpy.array(["a", "b"]), ["'<U1'", "not one of"]),
            (numpy.zeros(3, "f8,i4"), ["structured", "view('u1')"]),
        ):
            path = self.save("x.npy", values)
            self.assert_run_fails(
                EXIT_BAD_DATA, fragments, self.kernel, path, 1, options=self.options("i4")
            )


class Outputs(e2elib.SharedExecutor, CliTest):
    def setUp(self):
        super().setUp()
        self.kernel = self.write("both.c", BOTH)
        self.signature = ["--signature", "f8,f8(f8,f8)"]
        self.x = self.save("x.npy", numpy.linspace(0, 1, 50).reshape(5, 10))

    def test_one_file_for_each_result(self):
        (a, b), report = self.run_all(
            self.kernel, self.x, 2, outputs=("a.npy", "b.npy"), options=self.signature
        )
        x = numpy.load(self.x)
        numpy.testing.assert_array_equal(a, x + 2)
        numpy.testing.assert_array_equal(b, x - 2)
        self.assertEqual((report["elements"], report["error"]), (50, None))

    def test_wrong_number_of_outputs_says_how_many(self):
        for count in (1, 3):
            flags = [part for i in range(count - 1) for part in ("-o", f"{i}.npy")]
            error = self.assert_run_fails(
                EXIT_BAD_DATA, ["2 outputs", f"-o was given for {count}"],
                self.kernel, self.x, 2, options=[*self.signature, *flags],
            )  # fmt: skip
            self.assertEqual(error["type"], "LANES_E_OPERANDS")

    def test_two_results_cannot_share_a_file(self):
        (self.folder / "link.npy").symlink_to(self.out)
        for name in (self.out, f"{self.folder}/./out.npy", "out.npy"):
            self.assert_run_fails(
                EXIT_USAGE, "given twice", self.kernel, self.x, 2,
                options=[*self.signature, "-o", name],
            )  # fmt: skip

    def test_all_outputs_are_written_or_none(self):
        (self.folder / "a.npy").write_text("precious")
        done = self.lanes(
            "run", self.kernel, self.x, 2, *self.signature, "-o", "a.npy", "-o", "no/b.npy"
        )
        self.assertEqual(done.returncode, e2elib.EXIT_CANNOT_CREATE, done.stderr)
        self.assertEqual((self.folder / "a.npy").read_text(), "precious")

    def test_replaced_file_passes_its_mode_on(self):
        for mode in (0o600, 0o664, 0o444):
            for name in ("a.npy", "b.npy"):
                path = self.folder / name
                path.unlink(missing_ok=True)
                path.write_text("old")
                path.chmod(mode)
            self.run_all(
                self.kernel, self.x, 2, outputs=("a.npy", "b.npy"), options=self.signature
            )
            for name in ("a.npy", "b.npy"):
                got = stat.S_IMODE((self.folder / name).stat().st_mode)
                self.assertEqual(got, mode)


class Rows(e2elib.SharedExecutor, CliTest):
    def setUp(self):
        super().setUp()
        self.kernel = self.write("dot.c", DOT)

    def test_last_axis_is_the_row(self):
        random = numpy.random.default_rng(2)
        for shape in ((1000, 3), (7, 11, 5), (4, 1), (0, 6), (2, 3, 4, 5)):
            x = random.integers(-9, 9, shape).astype("f8")
            [got], report = self.run_all(self.kernel, self.save("x.npy", x))
            numpy.testing.assert_array_equal(got, x.sum(axis=-1))
            self.assertEqual(report["elements"], numpy.prod(shape[:-1]))

    def test_one_row_for_every_element(self):
        kernel = self.write("f.c", WEIGHTED)
        x = numpy.arange(20.0)
        path = self.save("x.npy", x)
        row = self.save("row.npy", numpy.array([5.0, 6.0, 7.0]))
        [got], _ = self.run_all(kernel, path, row)
        numpy.testing.assert_array_equal(got, x * 7.0 + 3)
        [got], _ = self.run_all(kernel, path, 7)
        numpy.testing.assert_array_equal(got, x * 7.0 + 1)

    def test_leading_axes_are_compared(self):
        kernel = self.write("f.c", WEIGHTED)
        x = self.save("x.npy", numpy.arange(20.0).reshape(4, 5))
        rows = self.save("rows.npy", numpy.arange(40.0).reshape(4, 5, 2))
        [got], _ = self.run_all(kernel, x, rows)
        wanted = numpy.arange(20.0).reshape(4, 5) * numpy.arange(1.0, 41, 2).reshape(4, 5) + 2
        numpy.testing.assert_array_equal(got, wanted)
        for shape in ((5, 4, 2), (4, 5), (20, 2)):
            rows = self.save("rows.npy", numpy.zeros(shape))
            error = self.assert_run_fails(
                EXIT_BAD_DATA, ["(4, 5)", f"{shape} with rows as the last axis"],
                kernel, x, rows,
            )  # fmt: skip
            self.assertEqual(error["type"], "LANES_E_SHAPE")

    def test_row_alone_is_one_element(self):
        [got], report = self.run_all(self.kernel, self.save("x.npy", numpy.arange(5.0)))
        self.assertEqual((got.shape, float(got), report["elements"]), ((), 10.0, 1))

    def test_rows_without_elements_are_refused(self):
        x = self.save("x.npy", numpy.zeros((5, 0)))
        error = self.assert_run_fails(EXIT_BAD_DATA, "rows of 0 elements", self.kernel, x)
        self.assertEqual(error["type"], "LANES_E_SHAPE")


class Params(e2elib.SharedExecutor, CliTest):
    def setUp(self):
        super().setUp()
        self.kernel = self.write("line.c", LINE)
        self.values = numpy.linspace(-1, 1, 100)
        self.x = self.save("x.npy", self.values)

    def test_numbers_and_files(self):
        self.save("p.npy", numpy.array([3.0, -4.0]))
        self.save("bytes.npy", numpy.array([3.0, -4.0]).view("u1"))
        self.save("more.npy", numpy.array([[3.0, -4.0], [0.0, 0.0]]))
        for text in ("3,-4", "3.0,-0x4", "p.npy", "bytes.npy", "more.npy", "3,-4,9"):
            [got], _ = self.run_all(self.kernel, self.x, options=["--params", text])
            numpy.testing.assert_array_equal(got, self.values * 3.0 - 4.0)
        [got], _ = self.run_all(self.kernel, self.x, options=["--params=-1,2"])
        numpy.testing.assert_array_equal(got, self.values * -1.0 + 2.0)

    def test_mistakes(self):
        self.save("short.npy", numpy.zeros(3, "f4"))
        self.save("fortran.npy", numpy.zeros((2, 3), order="F"))
        self.write("bad.npy", "no array")
        for options, code, fragments in (
            ([], EXIT_BAD_DATA, ["16 bytes", "--params"]),
            (["--params=1"], EXIT_BAD_DATA, ["8 bytes", "at least 16"]),
            (["--params=short.npy"], EXIT_BAD_DATA, ["short.npy", "12 bytes"]),
            (["--params=fortran.npy"], EXIT_BAD_DATA, ["Fortran order", "ascontiguousarray"]),
            (["--params=bad.npy"], EXIT_BAD_DATA, ["bad.npy", "not a .npy file"]),
            (["--params=none.npy"], EXIT_NO_INPUT, ["none.npy", "No such file"]),
            (["--params=1,x"], EXIT_NO_INPUT, ["'1,x'", "NUM,NUM", "('x' is not a number"]),
            (["--params=1,,2"], EXIT_NO_INPUT, ["('' is not a number"]),
            (["--params=1,1e999,2"], EXIT_NO_INPUT, ["('1e999' is not a number that f8"]),
        ):
            self.assert_run_fails(code, fragments, self.kernel, self.x, options=options)
        plain = self.write("f.c", "double f(double x) { return x; }")
        self.assert_run_fails(
            EXIT_BAD_DATA, "takes no params", plain, self.x, options=["--params=1"]
        )


class Errors(CliTest):
    def setUp(self):
        super().setUp()
        self.kernel = f"{self.write('checked.py', CHECKED)}:checked"
        self.values = numpy.arange(1000.0) % 90
        self.values[[17, 400, 999]] = [-1.0, 500.0, -2.0]
        self.x = self.save("x.npy", self.values)
        self.failed = (self.values < 0) | (self.values > 100)
        self.wanted = numpy.sqrt(numpy.where(self.failed, 0, self.values))

    def check(self, report):
        self.assertEqual(report["failed"], 3)
        self.assertEqual(report["first_failed"], 17)
        self.assertEqual(report["error"]["type"], "ValueError")
        self.assertEqual(report["error"]["message"], "'negative', 3")

    def test_raise_is_the_default(self):
        for options in ([], ["--errors=raise"]):
            [got], report = self.run_all(
                self.kernel, self.x, options=options, code=EXIT_BATCH_FAILED
            )
            self.check(report)
            numpy.testing.assert_array_equal(got, self.wanted)
        done = self.lanes("run", self.kernel, self.x, "-o", self.out)
        self.assertEqual(done.returncode, EXIT_BATCH_FAILED)
        self.assertEqual(
            done.stderr,
            "lanes: run: failed 3 of 1000 elements, first at index 17: "
            "ValueError('negative', 3) (outputs of failed elements are 0)\n",
        )

    def test_ignore_succeeds_and_counts(self):
        [got], report = self.run_all(self.kernel, self.x, options=["--errors", "ignore"])
        self.check(report)
        numpy.testing.assert_array_equal(got, self.wanted)
        done = self.lanes("run", self.kernel, self.x, "-o", self.out, "--errors=ignore")
        self.assertEqual(done.returncode, 0)
        self.assertIn("1000 elements in ", done.stderr)
        self.assertIn("failed 3 of 1000 elements, first at index 17: ValueError", done.stderr)

    def test_mask_says_which(self):
        for options in ([], ["--errors=mask"]):
            (mask, got), report = self.run_mask(options)
            self.check(report)
            self.assertEqual(mask.dtype, numpy.bool_)
            numpy.testing.assert_array_equal(mask, self.failed)
            numpy.testing.assert_array_equal(got, self.wanted)

    def run_mask(self, options, x=None):
        mask = self.folder / "mask.npy"
        [got], report = self.run_all(
            self.kernel, x or self.x, options=["--error-mask", mask, *options]
        )
        return (numpy.load(mask), got), report

    def test_mask_has_the_shape_of_the_batch(self):
        x = self.save("x2.npy", self.values.reshape(20, 50))
        (mask, _), report = self.run_mask([], x)
        numpy.testing.assert_array_equal(mask, self.failed.reshape(20, 50))
        self.check(report)

    def test_nothing_failed(self):
        x = self.save("x.npy", numpy.ones(10))
        (mask, _), report = self.run_mask([], x)
        self.assertFalse(mask.any())
        self.assertEqual((report["failed"], report["error"]), (0, None))
        self.assertIsNone(report["first_failed"])
        [_], report = self.run_all(self.kernel, x, options=["--errors=ignore"])
        self.assertIsNone(report["error"])

    def test_flags_that_do_not_go_together(self):
        for options, fragments in (
            (["--errors=mask"], ["--errors=mask needs", "--error-mask"]),
            (["--errors=ignore", "--error-mask=m.npy"], ["--error-mask goes with"]),
            (["--errors=raise", "--error-mask=m.npy"], ["--error-mask goes with"]),
            (["--errors=log"], ["--errors=log", "raise, mask, ignore"]),
        ):
            done = self.lanes("run", self.kernel, self.x, "-o", self.out, *options)
            self.assertEqual(done.returncode, EXIT_USAGE)
            for fragment in fragments:
                self.assertIn(fragment, done.stderr)
        self.assert_run_fails(
            EXIT_USAGE, "given twice", self.kernel, self.x,
            options=["--error-mask", self.out],
        )  # fmt: skip

    def test_integer_division_never_traps(self):
        kernel = self.write("divide.c", "int divide(int a, int b) { return a / b; }")
        a = self.save("a.npy", numpy.array([7, -(2**31), 7, -(2**31)], "i4"))
        b = self.save("b.npy", numpy.array([2, -1, 0, 1], "i4"))
        for inputs, first, kind in (
            ((a, b), 1, "OverflowError"), ((7, b), 2, "ZeroDivisionError"),
            ((a, 0), 0, "ZeroDivisionError"),
        ):  # fmt: skip
            for options in ([], ["--errors=ignore"]):
                code = 0 if options else EXIT_BATCH_FAILED
                _, report = self.run_all(kernel, *inputs, options=options, code=code)
                self.assertEqual(report["first_failed"], first)
                self.assertEqual(report["error"]["type"], kind)
                self.assertIn("integer division", report["error"]["message"])

    def test_values_that_the_element_computed(self):
        if tuple(map(int, version("numba").split(".")[:2])) < (0, 57):
            self.skipTest("this Numba raises constants only")
        kernel = self.python(
            """
            from numba import cfunc

            @cfunc("float64(float64)")
            def f(x):
                if x < 0.0:
                    raise ValueError("negative", 2.0 * x)
                return x
            """
        )
        for options, code in (([], EXIT_BATCH_FAILED), (["--errors=ignore"], 0)):
            _, report = self.run_all(f"{kernel}:f", self.x, options=options, code=code)
            self.assertEqual(report["error"]["type"], "ValueError")
            self.assertEqual(report["error"]["message"], "'negative', -2.0")

    def test_fault_ends_the_batch_only(self):
        kernel = self.write(
            "fault.c",
            "double f(double x)\n{\n"
            "    return x > 80 ? *(volatile double *)(unsigned long)(8 * x) : x;\n}\n",
        )
        error = self.assert_run_fails(
            EXIT_BATCH_FAILED, ["fault.c", "SIGSEGV"], kernel, self.x
        )
        self.assertEqual(error["type"], "LANES_E_KERNEL_FAULT")


class Seed(CliTest):
    def test_equal_seeds_give_equal_numbers(self):
        kernel = self.python(
            """
            import numpy
            from numba import cfunc

            @cfunc("float64(float64)")
            def noise(x):
                return x + numpy.random.random()
            """
        )
        x = self.save("x.npy", numpy.zeros(5000))
        results = {}
        for name, options in (
            ("default", []), ("zero", ["--seed=0"]), ("seven", ["--seed", "7"]),
            ("one thread", ["--seed=0x7", "--threads=1"]),
            ("largest", ["--seed=18446744073709551615"]),
        ):  # fmt: skip
            [got], _ = self.run_all(f"{kernel}:noise", x, options=options)
            self.assertEqual(len(set(got.tolist())), 5000)
            self.assertTrue(((0 <= got) & (got < 1)).all())
            results[name] = got.tobytes()
        self.assertEqual(results["default"], results["zero"])
        self.assertEqual(results["seven"], results["one thread"])
        self.assertEqual(len(set(results.values())), 3)

    def test_seeds_that_are_no_numbers(self):
        for text in ("-1", "x", "1.5", "18446744073709551616", ""):
            done = self.lanes("run", "k.ll", "x.npy", "-o", "o.npy", f"--seed={text}")
            self.assertEqual(done.returncode, EXIT_USAGE)
            self.assertIn(f"--seed={text} is not a number", done.stderr)


class Convention(CliTest):
    def test_each_is_found_and_can_be_named(self):
        x = self.save("x.npy", numpy.arange(6.0).reshape(3, 2))
        files = {
            "c": ("f.c", "double f(double x) { return x; }", [], 1),
            "scipy": ("dot.c", DOT, [], 1),
            "c-out": (
                "g.c", "void g(double x, double *r) { *r = x; }", ["-s", "f8(f8)"], 1,
            ),
        }  # fmt: skip
        for convention, (name, text, options, _) in files.items():
            kernel = self.write(name, text)
            for flags in ([], ["--convention", "auto"], ["--convention", convention]):
                with self.subTest(convention=convention, flags=flags):
                    report = self.inspect(kernel, *options, *flags)
                    self.assertEqual(report["convention"], convention)
                    self.run_all(kernel, x, options=[*options, *flags])
        report = self.inspect(e2elib.numba_kernel("axpy"), "--convention=numba")
        self.assertEqual(report["convention"], "numba")

    def test_wrong_convention_is_refused(self):
        kernel = self.write("f.c", "double f(int n, double *x) { return x[0]; }")
        x = self.save("x.npy", numpy.zeros((3, 2)))
        for convention in ("numba", "c", "c-out"):
            self.assert_run_fails(
                EXIT_BAD_DATA, ["f.c", convention], kernel, x,
                options=[f"--convention={convention}"],
            )  # fmt: skip
        for command in (["run", kernel, x, "-o", self.out], ["inspect", kernel]):
            done = self.lanes(*command, "--convention=fortran")
            self.assertEqual(done.returncode, EXIT_USAGE)
            self.assertIn("auto, numba, c, c-out, scipy", done.stderr)

    def test_signature_in_every_spelling(self):
        kernel = self.write("f.c", "unsigned f(unsigned x, double y) { return x / 2 + y; }")
        x = self.save("x.npy", numpy.array([4_000_000_000, 8], "u4"))
        for signature in (
            "u4(u4,f8)", "uint32(uint32, float64)", "uint32 ( uint32,double )",
        ):  # fmt: skip
            [got], _ = self.run_all(kernel, x, 1, options=["--signature", signature])
            self.assertEqual(got.dtype, numpy.uint32)
            self.assertEqual(got.tolist(), [2_000_000_001, 5])
        for signature in ("u4(u4", "dubble(u4,f8)", "u4(u4)", "u4(u4,f4)", "x" * 600):
            self.assertIn(
                self.lanes("inspect", kernel, "-s", signature).returncode,
                (EXIT_USAGE, EXIT_BAD_DATA),
            )


class Inspect(CliTest):
    def text(self, kernel, *options):
        done = self.lanes("inspect", kernel, *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def assert_lines(self, text, *patterns):
        for pattern in patterns:
            self.assertRegex(text, f"(?m)^{pattern}")

    def test_numba_callback_that_raises(self):
        kernel = f"{self.write('checked.py', CHECKED)}:checked"
        text = self.text(kernel)
        self.assert_lines(
            text, r"function +kernels\.checked$|function +checked\.checked$",
            "entry +_ZN.*checked", "convention +numba$", r"signature +f8\(f8\)$",
            "errors +may raise", r"raises +ValueError\('negative', 3\) in checked",
            r"raises +OverflowError\('large \(very\)'\)", "external +sqrt, served by ",
        )  # fmt: skip
        self.assertNotIn("params ", text)
        report = self.inspect(kernel)
        self.assertTrue(report["may_raise"])
        first = report["exceptions"][0]
        self.assertEqual((first["type"], first["message"]), ("ValueError", "'negative', 3"))
        self.assertIn("checked.py", first["location"])

    def test_function_defined_in_another_is_readable(self):
        kernel = self.python(
            """
            from numba import cfunc

            def make():
                @cfunc("float64(float64)")
                def inner(x):
                    return x
                return inner

            inner = make()
            """
        )
        text = self.text(f"{kernel}:inner")
        self.assertRegex(text, r"(?m)^function +kernels\.make\.<locals>\.inner$")
        text = self.text(self.write("f.c", "double f(double x) { return x; }"))
        self.assertNotIn("function ", text)
        self.assert_lines(text, "entry +f$")

    def test_equal_exceptions_are_told_once(self):
        kernel = self.python(
            """
            from numba import cfunc, njit

            @njit
            def g(x):
                return 1.0 / x

            @njit
            def h(x):
                return 2.0 / (x - 1.0)

            @cfunc("float64(float64)")
            def f(x):
                return g(x) + h(x) + 3.0 / (x - 2.0)
            """
        )
        text = self.text(f"{kernel}:f")
        self.assert_lines(text, r"raises +ZeroDivisionError\('division by zero'\) \(3 times\)$")
        self.assertEqual(text.count("raises "), 1)
        self.assertEqual(len(self.inspect(f"{kernel}:f")["exceptions"]), 3)

    def test_remarks_about_the_callback_are_few(self):
        kernel = self.python(
            """
            import numpy
            from numba import cfunc

            @cfunc("float64(float64)")
            def f(x):
                b = numpy.empty(5)
                for i in range(5):
                    b[i] = x + i
                b.sort()
                return b[2]
            """
        )
        text = self.text(f"{kernel}:f")
        lines = [line for line in text.splitlines() if line.startswith("  remark")]
        self.assertEqual(len(lines), len(set(lines)))
        self.assertNotIn("in the callback", lines[0])
        inside = [line for line in lines if "remark    in the callback" in line]
        self.assertLessEqual(len(inside), 3)
        self.assert_lines(text, r"  remark +and \d+ more about loops in the callback")
        remarks = self.inspect(f"{kernel}:f")["variants"][0]["remarks"]
        self.assertGreater(len(remarks), len(inside) + 1)

    def test_params_and_rows(self):
        text = self.text(self.write("line.c", LINE))
        self.assert_lines(text, "convention +scipy$", "params +a block of at least 16 bytes$")
        self.assert_lines(text, "errors +none")
        text = self.text(self.write("dot.c", DOT))
        self.assert_lines(text, r"signature +f8\(f8\[:\]\)$", "row +input 1: an array")
        report = self.inspect(self.write("line.c", LINE))
        self.assertTrue(report["has_params"])
        self.assertEqual(report["params_bytes"], 16)
        self.assertEqual([a["role"] for a in report["arguments"]], ["scalar", "params"])

    def test_refusals_name_the_rule_and_what_to_change(self):
        for body, rule in (
            ('%r = call double asm "", "=x,0"(double %x)', "inline-asm"),
            ("%r = load double, ptr inttoptr (i64 4096 to ptr)", "address-constant"),
            ("%r = load double, ptr addrspace(257) null", "address-space"),
        ):
            kernel = self.write(
                "k.ll", f"define double @f(double %x) {{\n  {body}\n  ret double %r\n}}\n"
            )
            done = self.lanes("inspect", kernel, "--json")
            self.assertEqual(done.returncode, EXIT_BAD_DATA)
            error = json.loads(done.stdout)["error"]
            self.assertEqual((error["type"], error["rule"]), ("LANES_E_IR_REFUSED", rule))
            self.assertIn(f"rule {rule}: 'f' ", done.stderr)


class Help(CliTest):
    def test_exit_statuses_are_listed(self):
        for command in ([], ["run"], ["inspect"]):
            done = self.lanes(*command, "--help")
            self.assertEqual(done.returncode, 0)
            self.assertIn("Exit status:", done.stdout)
            for code in (0, 1, 3, 64, 65, 66, 69, 70, 73, 75):
                self.assertRegex(done.stdout, rf"(?m)^ +{code}  \S")

    def test_every_flag_is_listed(self):
        run = self.lanes("run", "--help").stdout
        for flag in (
            "--casting", "--convention", "--denormals", "--entry", "--error-mask", "--errors", "--fp",
            "--json", "--math", "--output", "--params", "--seed", "--signature", "--socket", "--threads",
            "--where",
        ):  # fmt: skip
            self.assertIn(flag, run)
        words = " ".join(run.split())
        self.assertIn("WHERE.npy is false, are 0 in the output files", words)
        self.assertIn("whole Python file is imported", words)
        inspect = self.lanes("inspect", "--help").stdout
        for flag in ("--asm", "--convention", "--ir", "--json", "--require-vector"):
            self.assertIn(flag, inspect)


if __name__ == "__main__":
    unittest.main()
