# SPDX-License-Identifier: Apache-2.0
"""What `lanes inspect` says of callbacks that are slow, and that the changes help.

Each case is a callback, the topic and words of what is said of it, and the callback after
the change: that one is vectorized, and nothing of the topic is left.
"""
import shutil
import textwrap
import unittest

import e2elib

C_HEAD = "#include <math.h>\n#include <stdint.h>\n"

# name: (callback, topic, words of the reason, callback after the change)
C_CASES = {
    "a loop until it converges": (
        "double f(double x, double y) { for (int i = 0; i < 50; i++) { double d = (x * x - y) / (2 * x);"
        " x -= d; if (fabs(d) < 1e-12) break; } return x; }",
        "loop", "a loop of its own",
        "double f(double x, double y) { int is_done = 0; for (int i = 0; i < 8; i++) {"
        " double d = (x * x - y) / (2 * x); x = is_done ? x : x - d; is_done |= fabs(d) < 1e-12; }"
        " return x; }",
    ),
    "many steps": (
        "double f(double x) { double s = 0; for (int i = 0; i < 1000; i++) s = s * x + 1; return s; }",
        "loop", "innermost loops only",
        "double f(double x) { double s = 0; for (int i = 0; i < 64; i++) s = s * x + 1; return s; }",
    ),
    "a row": (
        "double f(int n, double *x) { double s = 0; for (int i = 0; i < n; i++) s += x[i]; return s; }",
        "loop", "of its own",
        "double f(int n, double *x) { double s = 0; for (int i = 0; i < 3; i++) s += x[i]; return s; }",
    ),
    "jumps into a loop": (
        "double f(double x, int k) { double s = 0; if (k & 1) goto b; a: s += x; x *= .5;"
        " b: s -= 1; x *= .7; if (x > 1e-3) goto a; return s; }",
        "loop", "a loop of its own", None,
    ),
    "recursion": (
        "int f(int n) { return n < 2 ? n : f(n - 1) + f(n - 2); }",
        "recursion", "calls itself",
        "int f(int n) { return (int)rint(pow(1.6180339887498949, n) / 2.2360679774997898); }",
    ),
    "tgamma": (
        "double f(double x) { return tgamma(x); }", "call", "tgamma has no vector form",
        "double f(double x) { return exp((x - .5) * log(x) - x + .91893853 + 1 / (12 * x)); }",
    ),
    "lgamma": ("double f(double x) { return lgamma(x); }", "call", "lgamma has no vector form", None),
    "frexp": (
        "double f(double x) { int e; return frexp(x, &e) + e; }", "call", "frexp has no vector form", None,
    ),
    "nextafter": (
        "double f(double x) { return nextafter(x, 9); }", "call", "nextafter has no vector form", None,
    ),
    "ldexp": (
        "double f(double x, int n) { return ldexp(x, n); }", "call", "ldexp has no vector form",
        "double f(double x, double n) { return x * exp2(n); }",
    ),
    "ldexp by a constant": (
        "double f(double x) { return ldexp(x, 3); }", "call", "ldexp has no vector form",
        "double f(double x) { return x * 8; }",
    ),
    "remainder": (
        "double f(double x, double y) { return remainder(x, y); }", "call", "remainder has no vector form",
        "double f(double x, double y) { return x - y * rint(x / y); }",
    ),
    "fdim": (
        "double f(double x, double y) { return fdim(x, y); }", "call", "fdim has no vector form",
        "double f(double x, double y) { return x > y ? x - y : 0; }",
    ),
    "fmod, which LLVM calls for each element of a vector": (
        "double f(double x, double y) { return fmod(x, y); }", "call", "fmod has no vector form",
        "double f(double x, double y) { return x - y * trunc(x / y); }",
    ),
    "fmodf": (
        "float f(float x, float y) { return fmodf(x, y); }", "call", "fmodf has no vector form",
        "float f(float x, float y) { return x - y * truncf(x / y); }",
    ),
    "a power": (
        "double f(double x, int n) { return __builtin_powi(x, n); }", "power", "loop of multiplications",
        "double f(double x, double n) { return pow(x, n); }",
    ),
    "an array of its own": (
        "double f(double x, int k) { double a[4] = {x, x * 2, x * 3, x * 4}; return a[k & 3]; }",
        "local-array", "indexes an array of its own",
        "double f(double x, int k) { k &= 3; return k == 0 ? x : k == 1 ? x * 2 : k == 2 ? x * 3 : x * 4; }",
    ),
    "an array of its own, of constants": (
        "double f(double x, int k) { volatile int n = k & 3; double a[4] = {1, 2, 3, 4}; return a[n]; }",
        "volatile", "volatile",
        "double f(double x, int k) { static const double a[4] = {1, 2, 3, 4}; return x * a[k & 3]; }",
    ),
    "a pointer to a function": (
        "static double a(double x) { return x + 1; } static double b(double x) { return x * 2; }"
        " double f(double x, int k) { double (*g[2])(double) = {a, b}; return g[k & 1](x); }",
        "indirect-call", "through a pointer",
        "static double a(double x) { return x + 1; } static double b(double x) { return x * 2; }"
        " double f(double x, int k) { return k & 1 ? b(x) : a(x); }",
    ),
    "long double": (
        "double f(double x) { return (double)((long double)x * 3.3L + 1); }", "long-double", "one element",
        "double f(double x) { return x * 3.3 + 1; }",
    ),
    "128-bit division": (
        "int64_t f(int64_t x, int64_t y) { return (__int128)x * 1000 / (y | 1); }", "wide-integer", "64 bits",
        "int64_t f(int64_t x, int64_t y) { return x * 1000 / (y | 1); }",
    ),
    "a constant of double": (
        "float f(float x) { return x * 2.5 + 1; }", "mixed-precision", "half as many",
        "float f(float x) { return x * 2.5f + 1; }",
    ),
    "many costly cases": (
        "double f(double x, int k) { switch (k) { case 0: return x; case 1: return sin(x); case 2: return cos(x);"
        " case 3: return exp(x); case 4: return 1 / x; case 5: return x * x; default: return 0; } }",
        "cost", "all sides of its 6 branches", "double f(double x) { return sin(x); }",
    ),
}  # fmt: skip

# Their reports differ where LLVM makes a switch of conditions and cannot vectorize it.
SWITCHES = {"an array of its own", "many costly cases"}
FIRST_LLVM_OF_SWITCHES = 20

NUMBA_CASES = {
    "an integer power": (
        "f8(f8, i8)", "return x ** y", "power", "x ** n with an integer n",
        "f8(f8, i8)", "return x ** float(y)",
    ),
    "a small array": (
        "f8(f8, f8)", "a = np.empty(3)\na[0] = x\na[1] = y\na[2] = x + y\nreturn a.sum()",
        "memory", "allocates memory",
        "f8(f8, f8)", "a = (x, y, x + y)\nreturn a[0] + a[1] + a[2]",
    ),
    "random numbers": (
        "f8(f8, f8)", "return x + np.random.random()", "random", "depends on the one before",
        "f8(f8, f8)", "return x + y",
    ),
    "a remainder": (
        "f8(f8, f8)", "return x % y", "call", "fmod has no vector form",
        "f8(f8, f8)", "return x - y * math.floor(x / y)",
    ),
    "steps of Mandelbrot's set": (
        "f8(f8, f8)", "z = 0j\nfor i in range(100):\n    z = z * z + complex(x, y)\n"
        "    if abs(z) > 2:\n        return i\nreturn 100",
        "loop", "a loop of its own", None, None,
    ),
}  # fmt: skip


class Advice(e2elib.LanesTest):
    reports = {}

    def c_report(self, source, *options):
        """The report of C; of each text once, for all tests."""
        if (source, options) not in self.reports:
            self.reports[source, options] = self.new_c_report(source, *options)
        report = self.reports[source, options]
        self.llvm_major = int(report["llvm"].partition(".")[0])
        return report["variants"][0]

    def new_c_report(self, source, *options):
        return self.inspect(self.write("k.c", C_HEAD + source + "\n"), "--entry=f", *options)

    def numba_report(self, signature, body):
        text = textwrap.indent(body, "    ")
        head = f"import math\nimport numpy as np\nfrom numba import cfunc\n@cfunc('{signature}')\ndef f(x, y):\n"
        return self.inspect(f"{self.write('k.py', head + text)}:f")["variants"][0]

    def assert_advises(self, variant, topic, words):
        found = [row for row in variant["advice"] if row["topic"] == topic]
        self.assertTrue(found, variant["advice"])
        self.assertIn(words, found[0]["reason"])
        self.assertGreater(len(found[0]["change"]), 10)

    def assert_helped(self, variant, topic):
        self.assertTrue(variant["vectorized"], variant["advice"])
        self.assertNotIn(topic, [row["topic"] for row in variant["advice"]])

    @unittest.skipUnless(shutil.which("clang") or shutil.which("clang-22"), "no clang")
    def test_callbacks_in_c(self):
        for name, (before, topic, words, after) in C_CASES.items():
            with self.subTest(name):
                variant = self.c_report(before)
                if name in SWITCHES and self.llvm_major < FIRST_LLVM_OF_SWITCHES:
                    continue  # test_a_switch
                self.assert_advises(variant, topic, words)
                if after is not None:
                    self.assert_helped(self.c_report(after), topic)

    def test_a_switch(self):
        source = """double f(double x, int k)
            { switch (k) { case 0: return x; case 1: return 2 / x; default: return 0; } }"""
        variant = self.c_report(source)
        if self.llvm_major < FIRST_LLVM_OF_SWITCHES:
            self.assert_advises(variant, "switch", f"LLVM {self.llvm_major} vectorizes none")
        else:
            self.assert_helped(variant, "switch")

    def test_callbacks_of_numba(self):
        for name, (types, before, topic, words, types_after, after) in NUMBA_CASES.items():
            with self.subTest(name):
                self.assert_advises(self.numba_report(types, before), topic, words)
                if after is not None:
                    self.assert_helped(self.numba_report(types_after, after), topic)

    def test_what_is_not_vectorized_has_a_reason(self):
        for name, (before, *_) in C_CASES.items():
            variant = self.c_report(before)
            with self.subTest(name):
                self.assertTrue(variant["vectorized"] or variant["advice"])

    def test_good_callbacks_get_no_advice(self):
        for source in (
            "double f(double x, double y) { return x > 0 ? exp(x) * y : sqrt(y) / x; }",
            "float f(float x) { return sinf(x) * 2.5f; }",
            "int64_t f(int64_t x) { return x * 3 + (x >> 2); }",
            "double f(float x) { return x * 2.5; }",
        ):
            with self.subTest(source):
                self.assertEqual(self.c_report(source)["advice"], [])

    def test_exact_math(self):
        source = "double f(double x) { return exp(x); }"
        self.assert_advises(self.c_report(source, "--math=exact"), "exact-math", "as math=exact asks for")
        self.assert_helped(self.c_report(source), "exact-math")

    def test_64_bit_division_needs_avx512(self):
        source = "int64_t f(int64_t x, int64_t y) { return x / y; }"
        self.assert_advises(self.c_report(source, "--cpu=x86-64-v3"), "long-division", "64-bit integers")
        after = self.c_report(source.replace("64_t", "32_t"), "--cpu=x86-64-v3")
        self.assert_helped(after, "long-division")

    def test_people_see_reasons_changes_and_costs(self):
        kernel = self.write("k.c", C_HEAD + "double f(double x) { return tgamma(x) / x + 2 * exp(x); }\n")
        text = self.lanes("inspect", kernel).stdout
        self.assertRegex(text, "(?m)^  reason    tgamma has no vector form: libm computes it")
        self.assertRegex(text, "(?m)^  change    write it with functions that have one")
        self.assertRegex(
            text, "(?m)^  element   16 bytes, 3 flops, 1 division, calls (exp, tgamma|tgamma, exp)$"
        )
        loop = self.write("k.c", C_HEAD + C_CASES["many steps"][0])
        self.assertRegex(self.lanes("inspect", loop).stdout, "element   16 bytes, the work depends on the data")

    def test_a_vectorized_loop_has_no_remarks_about_lanes_own(self):
        kernel = self.write("k.c", C_HEAD + "int64_t f(int64_t x, int64_t y) { return x / y; }\n")
        text = self.lanes("inspect", kernel).stdout
        self.assertIn("remark    vectorized loop", text)
        self.assertNotIn("in the callback", text)

    def test_a_check_that_fails_says_why(self):
        kernel = self.write("k.c", C_HEAD + C_CASES["tgamma"][0])
        done = self.lanes("inspect", kernel, "--require-vector")
        self.assertEqual(done.returncode, e2elib.EXIT_CHECK_FAILED)
        self.assertIn("--require-vector wants 2: tgamma has no vector form", done.stderr)


if __name__ == "__main__":
    unittest.main()
