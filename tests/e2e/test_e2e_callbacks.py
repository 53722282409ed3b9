# SPDX-License-Identifier: Apache-2.0
"""Callbacks of every kind through a client in Python: exceptions, faults, random numbers.

tests/numba/ir has what each Numba version makes of them; here is what a session sees.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import numpy

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
sys.path.insert(0, str(HERE.parent / "numba"))
import e2elib  # noqa: E402  pylint: disable=wrong-import-position
import lanes_client  # noqa: E402  pylint: disable=wrong-import-position
import manifest  # noqa: E402  pylint: disable=wrong-import-position

LanesError = lanes_client.LanesError


def fixture(version, name):
    """IR of one callback of tests/numba."""
    return manifest.ir_texts(version)[name].encode()


def newest():
    return manifest.versions()[-1]


def function(body, head="double @f(double %x)", rest=""):
    return f"define {head} {{\n{body}\n}}\n{rest}".encode()


class Exceptions(unittest.TestCase):
    def test_one_of_ten_million(self):
        """A value that one element computed arrives with its exception, out of SIMD code."""
        ir = fixture(newest(), "raise_float")
        x = numpy.linspace(1.0, 2.0, 10_000_000)
        x[7_654_321] = -2.5
        with lanes_client.Session(threads=2) as session:
            kernel = session.load(ir)
            wanted = min(2, len(os.sched_getaffinity(0)))
            for _ in range(20):  # on a busy machine one thread may do all before two are awake
                (got,), done = kernel.run(x)
                if done.threads == wanted:
                    break
            least = 2 if os.environ.get("LANES_CPU") == "x86-64" else 4
            self.assertGreaterEqual(kernel.report()["variants"][0]["vector_width"], least)
        self.assertEqual(done.status_name, "LANES_E_KERNEL_RAISED")
        self.assertEqual((done.failed, done.first_failed), (1, 7_654_321))
        self.assertEqual(done.threads, wanted)
        self.assertEqual(repr(done.exception()), "ValueError('negative', -2.5)")
        self.assertIn("ValueError('negative', -2.5)", done.message)
        self.assertEqual(got[7_654_321], 0.0)
        self.assertTrue((numpy.delete(got, 7_654_321) > 0.0).all())

    def test_strings_and_tuples(self):
        """Values of every kind arrive whole, with the same sentence for each policy."""
        cases = (
            ("raise_formatted", [numpy.array([5, -42])], "ValueError('n = -42')"),
            ("raise_nested", [numpy.array([9.0, -2.5]), numpy.array([0, -7])],
             "KeyError((-2.5, (-7, 'limit', True), ()), 'and', (None, -1, 2.5), -7)"),
            ("raise_text_in_tuple", [numpy.array([9.0, -2.5]), numpy.array([0, -7])],
             "KeyError(('key', ('n-7', -2.5), '-6'), -2.5)"),
            ("raise_accented", [numpy.array([5, -5])],
             "ValueError(\"\U0001f600 '\\\\\", \"gr\u00f6\u00dfer als -5\U0001f600 '\\\\\")"),
        )  # fmt: skip
        with lanes_client.Session(threads=1) as session:
            for name, inputs, wanted in cases:
                kernel = session.load(fixture(newest(), name))
                for errors in ("raise", "mask", "ignore"):
                    _, done = kernel.run(*inputs, errors=errors)
                    self.assertEqual((done.failed, done.first_failed), (1, 1))
                    self.assertEqual(done.status == 0, errors != "raise")
                    self.assertEqual(repr(done.exception()), wanted)
                    self.assertTrue(done.message.startswith(f"callback raised {wanted} in "))
                    self.assertTrue(
                        done.message.endswith(" for 1 of 2 elements, first at index 1"))
                kernel.release()

    def test_a_long_string_is_cut_for_people_only(self):
        with lanes_client.Session(threads=1) as session:
            _, done = session.load(fixture(newest(), "raise_long")).run(numpy.array([-3]))
        self.assertEqual(done.exception().args, ("0123456789" * 60 + "-3", "short -3"))
        self.assertRegex(done.message, r"^callback raised ValueError\('[0-9]{100,}\.\.\.', "
                                       r"'short -3'\) in raise_long .* first at index 0$")

    def test_strings_that_are_longer_than_what_arrives(self):
        """Characters that are a constant of the kernel, and more than there is room for."""
        ir = fixture(newest(), "raise_chosen")
        short = b'c"great\\00"'
        self.assertIn(short, ir)
        text = "\u00e9".encode("latin-1") * 2000
        ir = ir.replace(b"[6 x i8] " + short,
                        b'[2001 x i8] c"' + b"\\E9" * len(text) + b'\\00"')
        ir = ir.replace(b"i64 5,", b"i64 2000,")
        with lanes_client.Session(threads=1) as session:
            _, done = session.load(ir).run(numpy.array([-42]))
        (got,) = done.arguments()
        self.assertIsInstance(got, lanes_client.CutText)
        self.assertEqual(got, "\u00e9" * (984 // 2))
        self.assertIn("\u00e9\u00e9...'", done.message)

    def test_the_command_says_it_too(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "f.ll").write_bytes(fixture(newest(), "raise_formatted"))
            numpy.save(folder / "x.npy", numpy.array([5, -42]))
            for options, code in (([], 1), (["--errors=ignore"], 0)):
                done = subprocess.run(
                    [e2elib.bin_dir() / "lanes", "run", "f.ll", "x.npy", "-o", "y.npy", "--json",
                     *options], cwd=folder, capture_output=True, text=True, check=False,
                )  # fmt: skip
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertEqual(json.loads(done.stdout)["error"],
                                 {"type": "ValueError", "message": "'n = -42'"})

    def test_policies(self):
        ir = fixture("0.56.4", "raise_class")
        x = numpy.linspace(0.0, 10.0, 2001)
        with lanes_client.Session() as session:
            kernel = session.load(ir)
            old = numpy.full(x.shape, 7.0)
            (raised,), done = kernel.run(x, out=[old])
            self.assertEqual(done.status_name, "LANES_E_KERNEL_RAISED")
            (ignored,), done = kernel.run(x, out=[old], errors="ignore")
            self.assertEqual((done.status, done.failed, done.first_failed), (0, 1000, 1001))
            self.assertIsInstance(done.exception(), ValueError)
            (masked, mask), done = kernel.run(x, out=[old], errors="mask")
            self.assertEqual((done.status, done.failed), (0, 1000))
        numpy.testing.assert_array_equal(mask, x > 5)
        for got in (raised, ignored, masked):
            numpy.testing.assert_array_equal(got[x > 5], 7.0)
            self.assertFalse((got[x <= 5] == 7.0).any())

    def test_only_the_submitters_bytes_are_unpickled(self):
        ir = fixture("0.56.4", "raise_arguments")
        with lanes_client.Session() as session:
            _, done = session.load(ir).run(numpy.array([5], "i4"))
            self.assertEqual(done.exception().args[:2], ("bad input", 42))
            done._ir = [ir[:200]]  # another module than was submitted
            with self.assertRaises(LanesError):
                done.exception()

    def test_excinfo_of_an_unknown_shape(self):
        head = "i32 @_ZN1fEd(ptr %ret, ptr %exc, double %x)"
        with lanes_client.Session() as session:
            for excinfo in ("null", "@junk", "%ret"):
                ir = function(f"store double %x, ptr %ret\nstore ptr {excinfo}, ptr %exc\n"
                              "ret i32 1", head,
                              "@junk = constant [8 x i64] zeroinitializer\n")
                _, done = session.load(ir, signature="f8(f8)").run(numpy.ones(3))
                self.assertEqual(done.failed, 3)
                self.assertEqual(done.raised_kind, 5, excinfo)


class Faults(unittest.TestCase):
    def test_recursion_without_end(self):
        ir = function("%y = call double @g(double %x)\nret double %y", rest="""
            define internal double @g(double %x) noinline {
              %y = fadd double %x, 1.0
              %z = call double @g(double %y)
              %w = fadd double %z, %x
              ret double %w
            }
            """)
        with lanes_client.Session(threads=2) as session:
            pid = session.executor_pid()
            good = session.load(function("%y = fadd double %x, 1.0\nret double %y"))
            bad = session.load(ir)
            for _ in range(3):
                _, done = bad.run(numpy.ones(1000))
                self.assertEqual(done.status_name, "LANES_E_KERNEL_FAULT")
                self.assertIn("stack", done.message)
                (got,), done = good.run(numpy.ones(100_000))
                self.assertEqual(done.status, 0, done.message)
                self.assertTrue((got == 2.0).all())
            self.assertEqual(pid, session.executor_pid())

    def test_frames_larger_than_the_guard_of_a_stack(self):
        """A local array that does not fit must fault, not reach the next thread's stack."""
        count = 9 << 17  # doubles: 9 MiB
        ir = function(f"""
            %t = alloca [{count} x double]
            %i = fptosi double %x to i64
            %p = getelementptr double, ptr %t, i64 %i
            store volatile double %x, ptr %p
            %y = load volatile double, ptr %p
            ret double %y""")
        with lanes_client.Session(threads=2) as session:
            good = session.load(function("%y = fadd double %x, 1.0\nret double %y"))
            _, done = session.load(ir).run(numpy.arange(5000.0))
            self.assertEqual(done.status_name, "LANES_E_KERNEL_FAULT", done.message)
            self.assertIn("stack", done.message)
            (got,), _ = good.run(numpy.ones(100_000))
            self.assertTrue((got == 2.0).all())

    def test_wild_row_index(self):
        ir = function("%p = getelementptr double, ptr %row, i64 1099511627776\n"
                      "%y = load double, ptr %p\nret double %y",
                      "double @f(i32 %n, ptr %row)")
        with lanes_client.Session() as session:
            _, done = session.load(ir).run(numpy.ones((10, 3)))
            self.assertEqual(done.status_name, "LANES_E_KERNEL_FAULT")
            self.assertIn("SIG", done.message)

    def test_integer_division_never_traps(self):
        ir = function("%q = sdiv i64 %x, %y\nret i64 %q", "i64 @f(i64 %x, i64 %y)")
        lowest = -2**63
        x = numpy.array([7, 1, lowest, -9, 5], "i8")
        y = numpy.array([2, 0, -1, -1, 3], "i8")
        with lanes_client.Session() as session:
            kernel = session.load(ir)
            (got, mask), done = kernel.run(x, y, errors="mask")
            self.assertEqual(mask.tolist(), [False, True, True, False, False])
            self.assertEqual(got.tolist(), [3, 0, 0, 9, 1])
            self.assertIsInstance(done.exception(), ZeroDivisionError)
            _, done = kernel.run(x[2:], y[2:])
            self.assertIsInstance(done.exception(), OverflowError)


class Inputs(unittest.TestCase):
    def test_params_block(self):
        ir = function("%a = load double, ptr %p\n%q = getelementptr double, ptr %p, i64 2\n"
                      "%b = load double, ptr %q\n%m = fmul double %a, %x\n"
                      "%y = fadd double %m, %b\nret double %y",
                      "double @f(double %x, ptr %p)")
        with lanes_client.Session() as session:
            kernel = session.load(ir)
            self.assertEqual((kernel.has_params, kernel.params_bytes), (True, 24))
            (got,), _ = kernel.run(numpy.arange(100.0), params=[2.0, 9.0, 3.0])
            numpy.testing.assert_array_equal(got, 2.0 * numpy.arange(100.0) + 3.0)
            _, done = kernel.run(numpy.arange(100.0), params=[2.0, 9.0])
            self.assertEqual(done.status_name, "LANES_E_PARAMS")
            self.assertIn("24", done.message)
            _, done = kernel.run(numpy.arange(100.0))
            self.assertEqual(done.status_name, "LANES_E_PARAMS")

    def test_params_that_are_not_used_may_be_left_out(self):
        ir = function("%y = fmul double %x, 2.0\nret double %y", "double @f(double %x, ptr %p)")
        x = numpy.arange(100.0)
        with lanes_client.Session() as session:
            kernel = session.load(ir)
            self.assertEqual((kernel.has_params, kernel.params_bytes), (True, 0))
            for params in (None, [1.0]):
                (got,), _ = kernel.run(x, params=params)
                numpy.testing.assert_array_equal(got, 2.0 * x)

    def test_rows_that_are_shorter_than_the_callback_reads(self):
        third = ("%q = getelementptr double, ptr %p, i64 2\n%y = load double, ptr %q\n"
                 "ret double %y\n")
        asks = f"%c = icmp sgt i32 %n, 2\nbr i1 %c, label %a, label %b\na:\n{third}" \
               "b:\nret double 0.0"
        rows = numpy.arange(20.0).reshape(10, 2)
        with lanes_client.Session() as session:
            kernel = session.load(function(third, "double @f(i32 %n, ptr %p)"))
            _, done = kernel.run(rows)
            self.assertEqual(done.status_name, "LANES_E_PARAMS")
            self.assertIn("operand 0 has rows of 2 elements; the kernel reads 3", done.message)
            (got,), _ = kernel.run(numpy.arange(30.0).reshape(10, 3))
            numpy.testing.assert_array_equal(got, numpy.arange(10) * 3.0 + 2.0)
            (got,), done = session.load(function(asks, "double @f(i32 %n, ptr %p)")).run(rows)
            self.assertEqual(done.status, 0, done.message)
            numpy.testing.assert_array_equal(got, 0.0)

    def test_pointers_that_are_written_behind_a_call(self):
        """clang -O0: what a helper does with a pointer counts as the callback's."""
        helper = """
            define internal void @h(double %x, ptr %o) noinline {
              %m = fmul double %x, 2.0
              store double %m, ptr %o
              ret void
            }"""
        head = "double @f(double %x, ptr %o)"
        ir = function("call void @h(double %x, ptr %o)\nret double %x", head, helper)
        x = numpy.arange(100.0)
        with lanes_client.Session() as session:
            outputs, _ = session.load(ir).run(x)
        numpy.testing.assert_array_equal(outputs[0], x)
        numpy.testing.assert_array_equal(outputs[1], 2 * x)

    def test_rows_and_params_are_read_only(self):
        recursive = """
            define internal void @g(ptr %p, i32 %n) noinline {
              %q = getelementptr double, ptr %p, i32 %n
              store double 0.0, ptr %q
              %m = sub i32 %n, 1
              %d = icmp eq i32 %m, 0
              br i1 %d, label %end, label %more
            more:
              call void @g(ptr %p, i32 %m)
              br label %end
            end:
              ret void
            }"""
        ir = function("%y = load double, ptr %p\ncall void @g(ptr %p, i32 %n)\nret double %y",
                      "double @f(i32 %n, ptr %p)", recursive)
        with lanes_client.Session() as session:
            with self.assertRaisesRegex(LanesError, "may write through it"):
                session.load(ir)

    def test_a_length_belongs_to_the_row_before_it(self):
        ir = function("%i = sub i64 %n, 1\n%a = getelementptr double, ptr %p, i64 %i\n"
                      "%x = load double, ptr %a\n%y = load double, ptr %q\n"
                      "%r = fadd double %x, %y\nret double %r",
                      "double @f(ptr %p, i64 %n, ptr %q)")
        p, q = numpy.arange(30.0).reshape(10, 3), numpy.zeros((10, 5))
        with lanes_client.Session() as session:
            (got,), _ = session.load(ir, signature="f8(f8[:],f8[:])").run(p, q)
        numpy.testing.assert_array_equal(got, p[:, 2])

    def test_two_kernels_with_helpers_of_one_name(self):
        def with_helper(constant):
            return function("%y = call double @help(double %x)\nret double %y", rest=f"""
                define double @help(double %x) noinline {{
                  %y = fmul double %x, {constant}
                  ret double %y
                }}""")
        with lanes_client.Session() as session:
            kernels = [session.load(with_helper(c), entry="f") for c in ("2.0", "3.0")]
            for kernel, factor in zip(kernels, (2.0, 3.0)):
                (got,), _ = kernel.run(numpy.ones(10))
                numpy.testing.assert_array_equal(got, factor)

    def test_four_megabytes_of_ir(self):
        lines = [f"%v{i + 1} = fadd double %v{i}, {i}.0" for i in range(2)]
        table = ", ".join(f"double {i}.0" for i in range(300_000))
        ir = function("\n".join(["%v0 = fmul double %x, 2.0", *lines,
                                 "%i = fptoui double %x to i64",
                                 "%p = getelementptr [300000 x double], ptr @t, i64 0, i64 %i",
                                 "%t = load double, ptr %p",
                                 "%y = fadd double %v2, %t", "ret double %y"]),
                      rest=f"@t = constant [300000 x double] [{table}]\n")
        self.assertGreater(len(ir), 4 << 20)
        x = numpy.array([0.0, 5.0, 299_999.0])
        with lanes_client.Session() as session:
            (got,), _ = session.load(ir).run(x)
        numpy.testing.assert_array_equal(got, 2.0 * x + 1.0 + x)

    def test_random_numbers_do_not_depend_on_threads(self):
        ir = fixture("0.56.4", "np_random_normal")
        results = []
        for threads in (1, 2):
            with lanes_client.Session(threads=threads) as session:
                kernel = session.load(ir)
                arrays = [numpy.full(50_000, 1.0) for _ in kernel.inputs]
                (got,), _ = kernel.run(*arrays, seed=42)
                (other,), _ = kernel.run(*arrays, seed=43)
                results.append(got)
                self.assertFalse((got == other).all())
        numpy.testing.assert_array_equal(results[0], results[1])
        self.assertEqual(len(numpy.unique(results[0])), 50_000)


if __name__ == "__main__":
    unittest.main()
