# SPDX-License-Identifier: Apache-2.0
"""Callbacks that are not from this machine's Numba: clang 22 and 14, Rust, a Mac."""
import ctypes
import ctypes.util
import shutil
import subprocess
import unittest

import e2elib
import numpy

COUNT = 10_007

LIBM = ctypes.CDLL(ctypes.util.find_library("m"))

# name: (low, high) of arguments where the function is defined and interesting.
UNARY = {
    "acos": (-1, 1), "acosh": (1, 1e6), "asin": (-1, 1), "asinh": (-1e6, 1e6),
    "atan": (-50, 50), "atanh": (-0.999, 0.999), "cbrt": (-1e9, 1e9), "ceil": (-1e3, 1e3),
    "cos": (-100, 100), "cosh": (-700, 700), "erf": (-6, 6), "erfc": (-6, 26),
    "exp": (-740, 709), "exp2": (-1070, 1023), "expm1": (-40, 709), "fabs": (-9, 9),
    "floor": (-1e3, 1e3), "log": (1e-300, 1e300), "log10": (1e-300, 1e300),
    "log1p": (-0.999, 1e9), "log2": (1e-300, 1e300), "rint": (-1e3, 1e3),
    "sin": (-100, 100), "sinh": (-700, 700), "sqrt": (0, 1e300), "tan": (-100, 100),
    "tanh": (-20, 20), "trunc": (-1e3, 1e3),
}  # fmt: skip
BINARY = {
    "atan2": ((-9, 9), (-9, 9)), "fmax": ((-9, 9), (-9, 9)), "fmin": ((-9, 9), (-9, 9)),
    "hypot": ((-1e9, 1e9), (-1e9, 1e9)), "pow": ((1e-3, 50), (-50, 50)),
    "copysign": ((-9, 9), (-9, 9)), "fmod": ((-9, 9), (0.1, 3)),
}  # fmt: skip


def libm(name, *arrays):
    """libm's own scalar function, element by element."""
    function = getattr(LIBM, name)
    function.restype = ctypes.c_double
    function.argtypes = [ctypes.c_double] * len(arrays)
    return numpy.array([function(*row) for row in zip(*(a.tolist() for a in arrays))])


class MathFunctions(e2elib.SharedExecutor, e2elib.LanesTest):
    """One C callback for each function: at most 4 ulp by default, no ulp with exact."""

    def check(self, name, *ranges):
        random = numpy.random.default_rng(len(name))
        arrays = [random.uniform(low, high, 2_003) for low, high in ranges]
        files = [self.save(f"{i}.npy", array) for i, array in enumerate(arrays)]
        parameters = ", ".join(f"double a{i}" for i in range(len(arrays)))
        arguments = ", ".join(f"a{i}" for i in range(len(arrays)))
        kernel = self.write(
            f"{name}.c",
            f"#include <math.h>\ndouble f({parameters}) {{ return {name}({arguments}); }}\n",
        )
        wanted = libm(name, *arrays)
        for mode, limit in (("vector", 4), ("exact", 0)):
            with self.subTest(function=name, math=mode):
                got, _ = self.run_lanes(kernel, *files, options=["--math", mode])
                self.assert_within_ulp(got, wanted, limit)

    def test_functions_of_one_argument(self):
        for name, limits in UNARY.items():
            self.check(name, limits)

    def test_functions_of_two_arguments(self):
        for name, limits in BINARY.items():
            self.check(name, *limits)


class FrontEnds(e2elib.LanesTest):
    def compile(self, *command):
        if shutil.which(command[0]) is None:
            self.skipTest(f"{command[0]} is not here")
        subprocess.run([str(part) for part in command], check=True, cwd=self.folder)

    def check_black_scholes(self, kernel):
        random = numpy.random.default_rng(7)
        spot, strike = random.uniform(50, 150, (2, COUNT))
        years = random.uniform(0.1, 3, COUNT)
        spread = 0.2 * numpy.sqrt(years)
        d1 = (numpy.log(spot / strike) + 0.05 * years) / spread
        root = 0.70710678118654752440
        cdf1 = 0.5 * libm("erfc", -d1 * root)
        cdf2 = 0.5 * libm("erfc", -(d1 - spread) * root)
        wanted = spot * cdf1 - strike * numpy.exp(-0.03 * years) * cdf2
        got, report = self.run_lanes(
            kernel,
            self.save("spot.npy", spot),
            self.save("strike.npy", strike),
            self.save("years.npy", years),
        )
        self.assertLess((numpy.abs(got - wanted) / spot).max(), 1e-14)
        self.assertGreaterEqual(report["vector_width"], e2elib.expected_width(8))

    def test_c_file(self):
        self.check_black_scholes(e2elib.KERNELS / "callbacks.c")

    def test_bitcode_of_clang_22(self):
        self.compile(
            "clang-22", "-O2", "-fno-math-errno", "-emit-llvm", "-c",
            e2elib.KERNELS / "callbacks.c", "-o", "k.bc",
        )  # fmt: skip
        if self.llvm_major() >= 22:
            self.check_black_scholes("k.bc")
        else:
            self.assert_fails(
                e2elib.EXIT_BAD_DATA, ["Producer: 'LLVM22", "Reader: 'LLVM 19", "IR text"],
                "inspect", "k.bc",
            )  # fmt: skip

    def test_text_and_bitcode_of_clang_14(self):
        for flag, name in (("-S", "k.ll"), ("-c", "k.bc")):
            self.compile(
                "clang-14", "-O2", "-fno-math-errno", "-emit-llvm", flag,
                e2elib.KERNELS / "callbacks.c", "-o", name,
            )  # fmt: skip
            self.check_black_scholes(name)

    def test_unoptimised_c(self):
        self.compile(
            "clang-22", "-O1", "-Xclang", "-disable-llvm-passes", "-fno-math-errno",
            "-emit-llvm", "-S", e2elib.KERNELS / "callbacks.c", "-o", "k.ll",
        )  # fmt: skip
        self.check_black_scholes("k.ll")

    def test_rust(self):
        rustc = e2elib.find_rustc()
        if rustc is None:
            self.skipTest("rustc is not here")
        subprocess.run(
            [rustc, "--crate-type=lib", "--emit=llvm-ir", "-O", "-o", self.folder / "k.ll",
             e2elib.KERNELS / "callback.rs"],
            check=True,
        )  # fmt: skip
        x, y = numpy.random.default_rng(5).uniform(-5, 5, (2, COUNT))
        got, report = self.run_lanes("k.ll", self.save("x.npy", x), self.save("y.npy", y))
        numpy.testing.assert_array_equal(got, numpy.where(x > 0, x * y + 1.0, y - x))
        self.assertGreaterEqual(report["vector_width"], e2elib.expected_width(8))

    def test_incr_from_arm64_macos(self):
        x = numpy.arange(-500, 500, dtype=numpy.int32)
        got, report = self.run_lanes(
            e2elib.DATA / "incr-arm64-typed-pointers.ll", self.save("x.npy", x)
        )
        self.assertEqual(got.dtype, numpy.int32)
        numpy.testing.assert_array_equal(got, x + 1)
        self.assertGreaterEqual(report["vector_width"], e2elib.expected_width(4))

    def test_single_precision_and_integers_in_c(self):
        kernel = self.write("f.c", "float f(float x, float y) { return x * y - 1.0f; }")
        x, y = numpy.random.default_rng(6).uniform(-5, 5, (2, COUNT)).astype(numpy.float32)
        got, _ = self.run_lanes(kernel, self.save("x.npy", x), self.save("y.npy", y))
        numpy.testing.assert_array_equal(got, x * y - numpy.float32(1))
        kernel = self.write("g.c", "long g(long a, int b) { return a * 7 - b; }")
        a = numpy.arange(-2000, 2000)
        b = numpy.arange(4000, dtype=numpy.int32)
        got, _ = self.run_lanes(kernel, self.save("a.npy", a), self.save("b.npy", b))
        self.assertEqual(got.dtype, numpy.int64)
        numpy.testing.assert_array_equal(got, a * 7 - b)


class Inspect(e2elib.LanesTest):
    def test_report_of_a_vectorized_kernel(self):
        report = self.inspect(e2elib.numba_kernel("exp_times"))
        self.assertEqual(report["convention"], "numba")
        self.assertEqual(report["signature"], "f8(f8,f8)")
        self.assertIn("exp_times", report["entry"])
        self.assertFalse(report["may_raise"])
        self.assertIn("exp", [external["name"] for external in report["externals"]])
        for external in report["externals"]:
            self.assertTrue(external["served_by"])
        variant = report["variants"][0]
        self.assertEqual(variant["strategy"], "loop")
        self.assertTrue(variant["vectorized"])
        self.assertGreaterEqual(variant["vector_width"], e2elib.expected_width(8))
        self.assertGreaterEqual(variant["interleave"], 1)
        self.assertIsInstance(variant["remarks"], list)
        self.assertNotIn("stages", report)

    def test_error_checks_do_not_cost_vectorization(self):
        report = self.inspect(e2elib.numba_kernel("divide"), "--require-vector")
        self.assertTrue(report["may_raise"])
        width = report["variants"][0]["vector_width"]
        self.assertGreaterEqual(width, e2elib.expected_width(8))

    def test_c_convention_and_math(self):
        report = self.inspect(e2elib.KERNELS / "callbacks.c", "--math=exact")
        self.assertEqual(report["convention"], "c")
        self.assertEqual(report["signature"], "f8(f8,f8,f8)")
        self.assertEqual(report["entry"], "black_scholes")
        self.assertEqual(report["math"], "exact")

    def test_mandelbrot_says_why_it_is_not_vectorized(self):
        report = self.inspect(e2elib.numba_kernel("mandelbrot"))
        variant = report["variants"][0]
        self.assertFalse(variant["vectorized"])
        self.assertEqual(variant["vector_width"], 1)
        self.assertIn("loop", " ".join(variant["remarks"]))

    def test_require_vector(self):
        slow = e2elib.numba_kernel("mandelbrot")
        self.assert_fails(
            e2elib.EXIT_CHECK_FAILED, ["--require-vector wants 2", "1 elements"],
            "inspect", slow, "--require-vector",
        )  # fmt: skip
        quick = e2elib.numba_kernel("axpy")
        width = e2elib.expected_width(8)
        done = self.lanes("inspect", quick, f"--require-vector={width}")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_fails(
            e2elib.EXIT_CHECK_FAILED, "wants 64", "inspect", quick, "--require-vector=64"
        )

    def test_human_report_names_what_matters(self):
        done = self.lanes("inspect", e2elib.numba_kernel("exp_times"))
        self.assertEqual(done.returncode, 0, done.stderr)
        for fragment in ("exp_times", "f8(f8,f8)", "numba", "vectorized", "exp"):
            self.assertIn(fragment, done.stdout)
        self.assertEqual(done.stderr, "")

    def test_stages(self):
        kernel = e2elib.numba_kernel("axpy")
        for stage in ("in", "wrapped", "optimised"):
            done = self.lanes("inspect", kernel, f"--ir={stage}")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("define ", done.stdout)
        self.assertRegex(done.stdout, r"<\d+ x double>")
        done = self.lanes("inspect", kernel, "--asm")
        self.assertRegex(done.stdout, r"[xyz]mm\d+")
        stages = self.inspect(kernel, "--ir=in", "--asm")["stages"]
        for name in ("in", "wrapped", "optimised", "asm"):
            self.assertTrue(stages[name], name)


if __name__ == "__main__":
    unittest.main()
