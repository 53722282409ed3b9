# SPDX-License-Identifier: Apache-2.0
"""Kernels of C and of IR: which function is meant, open types, and what each mistake is told."""
import pathlib
import tempfile
import unittest

import numpy as np

import lanes

X = np.linspace(0.0, 2.0, 5)


def setUpModule():
    lanes.set_copy_policy("auto")


class Told(unittest.TestCase):
    def check(self, kind, words, function, *args, **kwargs):
        with self.assertRaises(kind) as caught:
            function(*args, **kwargs)
        for word in words:
            self.assertIn(word, str(caught.exception))


class FromC(Told):
    def test_statements_are_no_functions(self):
        for body in (
            "if (x > 1) { return 1; } else if (x < 0.5) { return 0; } return x;",
            "while (x < 1) { x += 1; } return x;", "for (; x < 1;) { x += 1; } return x;",
        ):  # fmt: skip
            kernel = lanes.from_c("double f(double x) { " + body + " }")
            self.assertEqual(kernel.__name__, "f")
            self.assertEqual(kernel(1.0), 1.0)

    def test_helpers(self):
        for words in ("static", "inline", "static inline"):
            source = words + " double twice(double x) { return 2 * x; }\ndouble f(double x) { return twice(x); }"
            np.testing.assert_array_equal(lanes.from_c(source)(X), 2 * X)

    def test_paths(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "k.c"
            (path.parent / "own.h").write_text("#define FACTOR 3\n")
            path.write_text('#include "own.h"\ndouble f(double x) { return FACTOR * x; }')
            for source in (path, str(path)):
                np.testing.assert_array_equal(lanes.from_c(source)(X), 3 * X)
            self.check(FileNotFoundError, ["none.c"], lanes.from_c, path.parent / "none.c")

    def test_mistakes(self):
        two = "double g(double x) { return x; } double f(double x) { return x; }"
        self.check(ValueError, ["g, f", "name one of these in entry="], lanes.from_c, two)
        self.check(ValueError, ["none", "give entry= and signature="], lanes.from_c, "int n;")
        for arguments in ("", "void"):
            source = "double f(" + arguments + ") { return 1; }"
            self.check(ValueError, ["'f' takes no arguments"], lanes.from_c, source)
        source = "typedef double real; real f(real x) { return x; }"
        self.check(ValueError, ["'real'", "'f'", "signature='f8(f8)'"], lanes.from_c, source)
        np.testing.assert_array_equal(lanes.from_c(source, "f8(f8)")(X), X)
        source = "double f(double x) { return x; }"
        self.check(TypeError, ["flags", "['-O3']"], lanes.from_c, source, flags="-O3")
        self.check(TypeError, ["path of a .c file, not bytes"], lanes.from_c, source.encode())
        self.check(ValueError, ["'y'", "clang"], lanes.from_c, "double f(double x) { return y; }")


class FromIR(Told):
    def test_what_is_no_ir(self):
        for wrong in (None, 3):
            self.check(TypeError, [f"not {type(wrong).__name__}", "bitcode"], lanes.from_ir, wrong, "f8(f8)")

    def test_mistaken_signatures(self):
        for text in ("f8->f8", "f8(f8)->f8", "d->d->d", "->d"):
            self.check(ValueError, [repr(text), "f8(f8,f8)"], lanes.from_ir, "", text)
        self.check(ValueError, ["f8(f8[:,:])", "write f8[:]"], lanes.from_ir, "", "f8(f8[:,:])")


class Elementwise(Told):
    def test_open_type_is_that_of_the_arguments(self):
        for operation, expected in (("z = x * y", np.multiply), ("z = x - y", np.subtract)):
            kernel = lanes.elementwise("T x, T y", "T z", operation)
            for kinds in ("f8 f8", "i8 i8", "u1 u1", "u1 i2", "i4 f4", "f4 f4", "c8 f4"):
                x, y = (np.arange(1, 6).astype(kind) for kind in kinds.split())
                for args in ((x, y), (x, 3), (x, x.dtype.type(2))):
                    wanted = expected(*args)
                    got = kernel(*args)
                    self.assertEqual(got.dtype, wanted.dtype, (kinds, args))
                    np.testing.assert_array_equal(got, wanted)

    def test_open_type_does_not_depend_on_the_order_of_calls(self):
        for first in ("f8", "i8"):
            kernel = lanes.elementwise("T x", "T z", "z = x / 2")
            kernel(np.arange(5).astype(first))
            self.assertEqual(kernel(np.arange(5, dtype="i4")).dtype, "i4")
            self.assertEqual(kernel(np.arange(5, dtype="f4")).dtype, "f4")

    def test_open_type_that_is_integer_only(self):
        kernel = lanes.elementwise("T x", "T z", "z = x & 3")
        np.testing.assert_array_equal(kernel(np.arange(9, dtype="u2")), np.arange(9) & 3)
        self.check(ValueError, ["clang"], kernel, X)

    def test_open_type_is_a_type_in_the_operation(self):
        kernel = lanes.elementwise(
            "T x", "T z", "T q = twice(x); z = q * q", preamble="static T twice(T v) { return 2 * v; }"
        )
        np.testing.assert_array_equal(kernel(X), 4 * X * X)
        self.assertEqual(kernel(X.astype("f4")).dtype, "f4")

    def test_mistakes(self):
        for inputs, outputs, operation, words in (
            ("raw T x", "T z", "z = x[0]", ["raw T x", "no raw arrays"]),
            ("f8 x", "f8 z", "z = x + i", ["'i'", "numpy.arange(n)"]),
            ("f8 x", "f8 z", "z = _ind.size()", ["'_ind'", "numpy.arange(n)"]),
            ("T x, U y", "T z", "z = x", ["T, U", "give the others a type"]),
            ("", "f8 z", "z = 1", ["no input"]), ("f8 x", "", "x", ["no output"]),
            ("f8 x", "f8 x", "x = x", ["'x' is there twice"]), ("f8 int", "f8 z", "z = 1", ["'int' is a word of C"]),
            ("f8 x", "f8 z", "x * x", ["does not assign output 'z'"]),
            ("f8 x", "f8 z", "z = y", ["operation:1:5", "'y'"]),
        ):  # fmt: skip
            self.check(ValueError, words, lanes.elementwise, inputs, outputs, operation)
        self.check(TypeError, ["inputs", "not int"], lanes.elementwise, 3, "f8 z", "z = 1")


if __name__ == "__main__":
    unittest.main()
