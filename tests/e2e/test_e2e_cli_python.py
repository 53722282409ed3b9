# SPDX-License-Identifier: Apache-2.0
"""file.py:function on the command line: types, functions without types, mistakes."""
import os
import sys
import unittest

import numpy
from e2elib import EXIT_BAD_DATA, EXIT_USAGE
from test_e2e_cli import CliTest


class PythonKernels(CliTest):
    def setUp(self):
        super().setUp()
        self.x = self.save("x.npy", numpy.linspace(-1, 1, 101))
        self.values = numpy.load(self.x)

    def refuse(self, code, fragments, kernel, *options):
        return self.assert_run_fails(code, fragments, kernel, self.x, options=options)

    def test_types_of_a_callback_are_its_own(self):
        kernel = self.python(
            """
            from numba import cfunc, types

            @cfunc("uint8(uint8, uint8)")
            def mean(x, y):
                return (x >> 1) + (y >> 1)

            @cfunc("boolean(uint16)")
            def is_large(x):
                return x > 40000

            @cfunc("UniTuple(float64, 2)(float64)")
            def pair(x):
                return x + 1.0, x - 1.0

            @cfunc("Tuple((complex128, int32))(complex64)")
            def mixed(z):
                return z * z, 3

            @cfunc(types.NPDatetime("D")(types.NPDatetime("D"), types.NPTimedelta("D")))
            def later(day, days):
                return day + days
            """
        )
        for name, signature in (
            ("mean", "u1(u1,u1)"), ("is_large", "?(u2)"), ("pair", "f8,f8(f8)"),
            ("mixed", "c16,i4(c8)"), ("later", "i8(i8,i8)"),
        ):  # fmt: skip
            report = self.inspect(f"{kernel}:{name}")
            self.assertEqual(report["signature"], signature)
        a = self.save("a.npy", numpy.array([200, 254, 1], "u1"))
        [got], _ = self.run_all(f"{kernel}:mean", a, 100)
        self.assertEqual((got.dtype, got.tolist()), (numpy.uint8, [150, 177, 50]))
        b = self.save("b.npy", numpy.array([65535, 40000], "u2"))
        [got], _ = self.run_all(f"{kernel}:is_large", b)
        self.assertEqual((got.dtype, got.tolist()), (numpy.bool_, [True, False]))
        (up, down), _ = self.run_all(f"{kernel}:pair", self.x, outputs=("a.npy", "b.npy"))
        numpy.testing.assert_array_equal(up, self.values + 1)
        numpy.testing.assert_array_equal(down, self.values - 1)
        z = numpy.array([1 + 2j, -3j], "c8")
        (square, three), _ = self.run_all(
            f"{kernel}:mixed", self.save("z.npy", z), outputs=("a.npy", "b.npy")
        )
        numpy.testing.assert_array_equal(square, z.astype("c16") ** 2)
        self.assertEqual(three.tolist(), [3, 3])
        days = numpy.array(["2020-02-28", "2021-02-28"], "M8[D]")
        [got], _ = self.run_all(f"{kernel}:later", self.save("d.npy", days), 1)
        numpy.testing.assert_array_equal(got.view("M8[D]"), days + 1)

    def test_signature_of_the_user_comes_first(self):
        kernel = self.python(
            """
            from numba import cfunc

            @cfunc("float64(float64, uint8)")
            def f(x, n):
                return x * n
            """
        )
        for signature in ("f8(f8,u1)", "double(double, uint8)"):
            report = self.inspect(f"{kernel}:f", "--signature", signature)
            self.assertEqual(report["signature"], "f8(f8,u1)")
        for signature in ("f8(f8,i1)", "f8(f8,f8)"):
            done = self.lanes("inspect", f"{kernel}:f", "--signature", signature)
            self.assertEqual(done.returncode, EXIT_BAD_DATA)
            self.assertIn(signature, done.stderr)

    def test_plain_function_with_a_signature(self):
        path = self.python("def f(x, y):\n    return x + y\n")
        kernel = f"{path}:f"
        for signature in ("f8(f8,f8)", "float64(float64, float64)", "double(f8,double)"):
            [got], _ = self.run_all(kernel, self.x, 2, options=["-s", signature])
            numpy.testing.assert_array_equal(got, self.values + 2)
        for signature, code, fragments in (
            ("f8(f8)", EXIT_USAGE, ["'f' takes 2", "--signature 'f8(f8,f8)'"]),
            ("dubble(f8,f8)", EXIT_USAGE, ["'dubble(f8,f8)'", "dubble"]),
            ("f8[f8,f8]", EXIT_USAGE, ["f8[f8,f8]"]),
            ("f8", EXIT_USAGE, ["f8(f8,f8)"]),
        ):
            self.refuse(code, fragments, kernel, "-s", signature)
        self.refuse(EXIT_USAGE, ["'f'", "--signature 'f8(f8,f8)'"], kernel)

    def test_compiled_functions_with_one_signature(self):
        kernel = self.python(
            """
            import numba

            @numba.njit("f8(f8)")
            def one(x):
                return x * 3.0

            @numba.njit(["f8(f8)", "f4(f4)"])
            def two(x):
                return x * 3.0

            @numba.njit
            def lazy(x):
                return x * 3.0

            @numba.vectorize(["f8(f8,f8)"])
            def ratio(x, y):
                return x / y
            """
        )
        [got], _ = self.run_all(f"{kernel}:one", self.x)
        numpy.testing.assert_array_equal(got, self.values * 3.0)
        fragments = ["several signatures", "'float64(float64)'", "'float32(float32)'"]
        self.refuse(EXIT_USAGE, fragments, f"{kernel}:two")
        [got], _ = self.run_all(f"{kernel}:two", self.x, options=["-s", "f8(f8)"])
        numpy.testing.assert_array_equal(got, self.values * 3.0)
        self.refuse(EXIT_USAGE, "--signature 'f8(f8)'", f"{kernel}:lazy")
        # A vectorized function divides as NumPy does, so nothing fails.
        [got], report = self.run_all(f"{kernel}:ratio", self.x, 0)
        self.assertEqual(report["failed"], 0)
        with numpy.errstate(all="ignore"):
            numpy.testing.assert_array_equal(got, self.values / 0.0)

    def test_cached_callback(self):
        """Numba loads machine code from its cache, and no IR."""
        kernel = self.python(
            """
            from numba import cfunc

            @cfunc("float64(float64)", cache=True, error_model="numpy")
            def f(x):
                return 1.0 / x
            """
        )
        for _ in range(2):
            [got], report = self.run_all(f"{kernel}:f", self.x)
            self.assertEqual(report["failed"], 0)
            with numpy.errstate(all="ignore"):
                numpy.testing.assert_array_equal(got, 1.0 / self.values)
        self.assertTrue(list(self.folder.glob("__pycache__/*.nbi")))

    def test_results_that_an_array_cannot_hold(self):
        kernel = self.python(
            """
            from numba import cfunc, types

            @cfunc(types.Optional(types.float64)(types.float64))
            def maybe(x):
                if x > 0.0:
                    return x
                return None

            @cfunc("void(float64)")
            def nothing(x):
                pass
            """
        )
        self.refuse(EXIT_BAD_DATA, ["'maybe'", "None", "every path"], f"{kernel}:maybe")
        self.refuse(EXIT_BAD_DATA, ["'nothing'", "return"], f"{kernel}:nothing")

    def test_numbas_errors_are_short(self):
        kernel = self.python(
            """
            def adds(x):
                return x + "text"

            def unknown(x):
                return x * nowhere

            def sometimes(x):
                if x > 0.0:
                    return x
            """
        )
        for name, fragments in (
            ("adds", ["add(float64", "kernels.py", 'return x + "text"']),
            ("unknown", ["'nowhere' is not defined"]),
            ("sometimes", ["No conversion from none", "every path"]),
        ):
            done = self.assert_fails(
                EXIT_BAD_DATA, ["Numba cannot compile", f"'{name}'", *fragments],
                "run", f"{kernel}:{name}", self.x, "-o", self.out, "-s", "f8(f8)",
            )  # fmt: skip
            self.assertLess(len(done.stderr.splitlines()), 10, done.stderr)
            self.assertNotIn("Traceback", done.stderr)

    def test_errors_while_the_file_is_imported(self):
        kernel = self.python(
            """
            from numba import cfunc

            @cfunc("float64(float64)")
            def f(x):
                return x + "text"
            """
        )
        done = self.assert_fails(
            EXIT_BAD_DATA, ["kernels.py cannot be imported", "add(float64"],
            "inspect", f"{kernel}:f",
        )  # fmt: skip
        self.assertLess(len(done.stderr.splitlines()), 10, done.stderr)
        kernel = self.python("def f(x):\n    return x\n\ndef g():\n    1 / 0\n\ng()\n")
        done = self.assert_fails(
            EXIT_BAD_DATA, ["ZeroDivisionError", "line 7", "line 5"], "inspect", f"{kernel}:f"
        )
        self.assertNotIn("importlib", done.stderr)

    def test_which_python(self):
        """LANES_PYTHON, else the virtual environment's, else the system's."""
        path = self.python("def f(x):\n    return x\n")
        kernel = f"{path}:f"
        for name in ("venv/bin/python", "chosen"):
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f'#!/bin/sh\necho "this is {name}" >&2\nexec {sys.executable} "$@"\n')
            path.chmod(0o755)
        venv = str(self.folder / "venv")
        empty = str(self.folder / "empty")
        chosen = str(self.folder / "chosen")
        for environment, wanted in (
            ({"VIRTUAL_ENV": venv, "LANES_PYTHON": chosen}, "this is chosen"),
            ({"VIRTUAL_ENV": venv}, "this is venv/bin/python"),
            ({"VIRTUAL_ENV": venv, "LANES_PYTHON": ""}, "this is venv/bin/python"),
            ({"LANES_PYTHON": "chosen", "PATH": f"{self.folder}:{os.environ['PATH']}"},
             "this is chosen"),
            ({"VIRTUAL_ENV": empty}, None),
        ):  # fmt: skip
            done = self.lanes("inspect", kernel, "-s", "f8(f8)", **environment)
            self.assertEqual(done.returncode, 0, done.stderr)
            if wanted:
                self.assertIn(wanted, done.stderr)
            else:
                self.assertNotIn("this is", done.stderr)


if __name__ == "__main__":
    unittest.main()
