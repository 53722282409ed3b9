# SPDX-License-Identifier: Apache-2.0
"""lanes._numba: signatures, IR of functions, errors; without an executor."""
import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile
import textwrap
import unittest

import numba
import numpy as np
from numba import float64, int32, types

FILE = pathlib.Path(__file__).resolve().parents[2] / "tools" / "python" / "lanes" / "_numba.py"


def load():
    spec = importlib.util.spec_from_file_location("_numba", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


M = load()
F8, F4, I8, I4 = map(np.dtype, ("f8", "f4", "i8", "i4"))


def add(x, y):
    return x + y


def run_python(text, *arguments, **environment):
    return subprocess.run(
        [sys.executable, *arguments, "-c", textwrap.dedent(text)], capture_output=True, text=True,
        check=False, env=dict(os.environ, LANES_FILE=str(FILE), **environment),
    )  # fmt: skip


PREAMBLE = """
import importlib.util, os, sys
spec = importlib.util.spec_from_file_location("_numba", os.environ["LANES_FILE"])
M = importlib.util.module_from_spec(spec)
spec.loader.exec_module(M)
"""


class Import(unittest.TestCase):
    def test_numba_is_imported_when_it_is_needed(self):
        done = run_python(PREAMBLE + "assert 'numba' not in sys.modules; assert 'numpy' not in sys.modules")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_missing_numba(self):
        """-S: no packages. What works without it, and how to get it, is said."""
        done = run_python(
            PREAMBLE + "try:\n M.signature_types('f8(f8)')\nexcept ImportError as error:\n print(error)", "-S"
        )
        for word in ("not installed", sys.executable, "pip install numba", "LLVM IR"):
            self.assertIn(word, done.stdout)
        self.assertEqual(done.stderr, "")

    def test_broken_numba(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "numba.py").write_text("raise ImportError('Numba needs NumPy 9')")
            done = run_python(
                PREAMBLE + "try:\n M.signature_types('f8(f8)')\nexcept M.NumbaMissing as error:\n print(error)",
                PYTHONPATH=folder,
            )  # fmt: skip
        self.assertIn("Numba needs NumPy 9", done.stdout)


class Signatures(unittest.TestCase):
    def read(self, wanted):
        return [(t.inputs, t.outputs) for t in M.signature_types(wanted)]

    def test_spellings(self):
        wanted = [((F8, F8), (F8,))]
        for form in (
            "f8(f8,f8)", "float64(float64, float64)", " double ( f8 ,double ) ",
            float64(float64, float64), ["f8(f8,f8)"], (float64(float64, float64),),
            iter(["f8(f8,f8)"]),
        ):  # fmt: skip
            self.assertEqual(self.read(form), wanted)
        for form in ((float64, float64), [(float64, float64)], "(f8,f8)"):
            self.assertEqual(self.read(form), [((F8, F8), None)])
        self.assertEqual(self.read([int32(int32), "f8(f8)"]), [((I4,), (I4,)), ((F8,), (F8,))])
        self.assertEqual(self.read(()), [])

    def test_several_results(self):
        for text in ("f8,i4(f8)", "(f8,i4)(f8)", "Tuple((f8, i4))(f8)", types.Tuple((float64, int32))(float64)):
            self.assertEqual(self.read(text), [((F8,), (F8, I4))])
        self.assertEqual(self.read("UniTuple(f8, 3)(f8)"), [((F8,), (F8,) * 3)])

    def test_bool_and_times(self):
        self.assertEqual(self.read("?(bool)"), self.read("boolean(b1)"))
        for text in ("datetime64[D](timedelta64[s])", "NPDatetime('D')(NPTimedelta('s'))"):
            self.assertEqual(self.read(text), [((np.dtype("m8[s]"),), (np.dtype("M8[D]"),))])
        self.assertEqual(self.read("datetime64(timedelta64)"), [((np.dtype("m8"),), (np.dtype("M8"),))])

    def test_refusals(self):
        for wanted, words in (
            ("dubble(f8)", ["'dubble(f8)'", "dubble"]), ("f8", ["f8(f8,f8)"]), ("", ["''"]),
            ("float(float)", ["float64"]), ("int32(int)", ["int32"]), ("f8(f8[:])", ["float64[:]"]),
            ("f8(unicode_type)", ["unicode_type"]), ("void(f8)", ["no result"]), ("f8()", ["arguments"]),
            ("f2(f2)", ["f2"]), ("float16(float16)", ["float16"]), ("pyobject(pyobject)", ["pyobject"]),
            ("f8(f8,f8", ["f8(f8,f8"]), (["f8(f8)", "f8(f8,f8)"], ["1 and 2 arguments"]),
            (["f8(f8)", "f8,f8(f8)"], ["numbers of results"]), (3, ["3"]), ([3], ["3"]),
            ("__import__('os').abort()(f8)", []), ("f8.__class__(f8)", []),
        ):  # fmt: skip
            with self.assertRaises(M.SignatureError) as caught:
                M.signature_types(wanted)
            for word in words:
                self.assertIn(word, str(caught.exception))
        self.assertTrue(issubclass(M.SignatureError, TypeError))

    def test_words_of_c(self):
        self.assertEqual(str(M.read_signature("float(int,long)", with_c=True)), "(int32, int64) -> float32")

    def test_what_is_a_signature(self):
        for value in ("f8(f8)", float64(float64), (float64,), ["f8(f8)"]):
            self.assertTrue(M.is_signature(value))
        for value in (add, numba.njit(add), numba.vectorize(add)):
            self.assertFalse(M.is_signature(value))


class Compiling(unittest.TestCase):
    def compile(self, function, letters, **options):
        return M.compile(function, [np.dtype(c) for c in letters], **options)

    def test_result_is_inferred(self):
        for letters, wanted in (("dd", "f8(f8,f8)"), ("ff", "f4(f4,f4)"), ("ii", "i8(i4,i4)"), ("dF", "c16(f8,c8)")):
            done = self.compile(add, letters)
            self.assertEqual(done.signature, wanted)
            self.assertEqual(done.inputs, tuple(map(np.dtype, letters)))
            self.assertIn(done.entry.encode(), done.ir)
        for function, wanted in (
            (lambda x: 1, "i8(f8)"), (lambda x: x > 0, "?(f8)"), (lambda x: (x, x > 0), "f8,?(f8)"),
            (lambda x: (x, (1, x)), "f8,i8,f8(f8)"), (lambda x: np.float32(x), "f4(f8)"),
        ):  # fmt: skip
            self.assertEqual(self.compile(function, "d").signature, wanted)

    def test_result_is_converted(self):
        for text in ("f4(i4,i4)", "u1(f8,f8)"):
            self.assertEqual(M.compile(add, M.signature_types(text)[0]).signature, text)
        done = M.compile(lambda x: (x, x), M.signature_types("f4,i4(f8)")[0])
        self.assertEqual((done.signature, done.outputs), ("f4,i4(f8)", (F4, I4)))

    def test_times(self):
        done = M.compile(lambda a, b: a - b, [np.dtype("M8[s]"), np.dtype("M8[D]")])
        self.assertEqual(done.signature, "timedelta64[s](datetime64[s],datetime64[D])")
        self.assertEqual(done.outputs, (np.dtype("m8[s]"),))

    def test_there_is_no_c_wrapper(self):
        ir = self.compile(add, "dd").ir.decode()
        self.assertNotIn("cfunc.", ir)
        self.assertNotIn("numba_gil_ensure", ir)
        self.assertEqual(ir.count("\ndefine "), 1)

    def test_called_functions_are_linked_in(self):
        helper = numba.njit(lambda x: x * 3)
        ir = self.compile(lambda x: helper(x) + helper(x + 1), "d").ir.decode()
        self.assertNotRegex(ir, r"declare .*_ZN")

    def test_jitted_functions(self):
        self.assertEqual(self.compile(numba.njit("f4(f4)")(lambda x: x), "d").signature, "f8(f8)")
        self.assertEqual(M.argument_count(numba.njit(add)), 2)

    def test_division(self):
        """As NumPy's, unless asked otherwise."""
        def divide(x, y):
            return x / y

        self.assertNotIn(b"ZeroDivisionError", self.compile(divide, "dd").ir)
        self.assertIn(b"ZeroDivisionError", self.compile(divide, "dd", error_model="python").ir)

    def test_fastmath(self):
        for fastmath, words in ((True, "fadd fast"), ({"nnan"}, "fadd nnan"), (False, "fadd double")):
            self.assertIn(words, self.compile(add, "dd", fastmath=fastmath).ir.decode())

    def test_boundscheck(self):
        def look(i):
            return np.zeros(3)[i]

        self.assertIn(b"IndexError", self.compile(look, "l", boundscheck=True).ir)
        self.assertNotIn(b"IndexError", self.compile(look, "l", boundscheck=None).ir)

    def test_options_are_checked(self):
        for kind, options in ((TypeError, {"parallel": True}), (ValueError, {"error_model": "c"})):
            with self.assertRaises(kind):
                self.compile(add, "dd", **options)
        with self.assertRaisesRegex(TypeError, "turbo"):
            self.compile(add, "dd", fastmath={"turbo"})

    def test_numbas_errors(self):
        """Their class stays, their text is short."""
        def adds(x):
            return x + "text"

        with self.assertRaises(numba.core.errors.TypingError) as caught:
            self.compile(adds, "d")
        text = str(caught.exception)
        for word in ("Numba cannot compile 'adds' for (float64)", "add(float64", 'return x + "text"'):
            self.assertIn(word, text)
        self.assertLess(len(text.splitlines()), 10)
        self.assertNotIn("\x1b", text)
        self.assertIsNone(caught.exception.__cause__)
        self.assertTrue(caught.exception.__suppress_context__)

    def test_helpers_that_are_not_jitted(self):
        with self.assertRaises(numba.core.errors.TypingError) as caught:
            self.compile(lambda x: add(x, x), "d")
        for word in ("'add'", "decorate that function with numba.njit"):
            self.assertIn(word, str(caught.exception))
        jitted = numba.njit(add)
        self.assertEqual(self.compile(lambda x: jitted(x, x), "d").signature, "f8(f8)")

    def test_computed_arguments_of_exceptions(self):
        def checked(x):
            if x < 0:
                raise ValueError("negative", x)
            return x

        try:
            self.compile(checked, "d")
        except numba.core.errors.NumbaError as error:
            self.assertIn("need Numba 0.57", str(error))

    def test_results_that_an_array_cannot_hold(self):
        def maybe(x):
            if x > 0:
                return x

        for function, words in (
            (maybe, ["may be None", "every path"]), (lambda x: None, ["returns nothing"]),
            (lambda x: "a", ["unicode_type"]), (lambda x: np.zeros(3), ["float64"]),
            (lambda x: np.array(x), ["without dimensions", "a if condition else b", "[()]"]),
        ):  # fmt: skip
            with self.assertRaises(TypeError) as caught:
                self.compile(function, "d")
            for word in words:
                self.assertIn(word, str(caught.exception))

    def test_inputs_that_there_are_none_of(self):
        for dtype in ("e", "O", "S3", "g", "M8[25s]"):
            for place in (0, 1):
                dtypes = [dtype, "d"] if place == 0 else ["d", dtype]
                with self.assertRaisesRegex(TypeError, f"^argument {place} of 'add' is .*; there are|has no type"):
                    self.compile(add, dtypes)
        for dtype, wanted in (("e", "f8"), ("O", "f8"), ("g", "f8"), ("G", "c16"), ("S3", None), ("V8", None)):
            with self.assertRaises(TypeError) as caught:
                self.compile(add, [dtype, "d"])
            step = f"; convert it, as by astype({wanted!r})"
            self.assertEqual(str(caught.exception).endswith(step), wanted is not None)
        self.assertEqual(self.compile(add, [">f8", "d"]).signature, "f8(f8,f8)")

    def test_wrong_number_of_arguments(self):
        with self.assertRaisesRegex(M.SignatureError, "has 1 arguments and 'add' takes 2"):
            self.compile(add, "d")
        for function, words in ((lambda: 1, "no arguments"), (lambda *x: 1, "any number")):
            with self.assertRaisesRegex(TypeError, words):
                M.argument_count(function)

    def test_what_is_no_function(self):
        for value in (max, 3, np.add):
            with self.assertRaisesRegex(TypeError, "not a function"):
                self.compile(value, "d")

    def test_a_second_dtype_imports_nothing(self):
        self.compile(add, "dd")
        before = set(sys.modules)
        self.compile(add, "ff")
        self.assertEqual(set(sys.modules) - before, set())


class CFuncs(unittest.TestCase):
    def test_types_are_its_own(self):
        cases = (
            ("f8(f8,u1)", "f8(f8,u1)", (F8, np.dtype("u1"))),
            ("Tuple((c16,b1))(f4)", "c16,?(f4)", (F4,)),
            (types.float64(types.CPointer(types.float64), types.intc), "f8(f8[:],i4)", (F8, I4)),
            (types.float64(types.intc, types.CPointer(types.float64), types.voidptr), "f8(f8[:])", (F8,)),
        )  # fmt: skip
        functions = (lambda x, n: x * n, lambda x: (1j * x, True), lambda x, n: x[0], lambda n, x, p: x[0])
        for (wanted, signature, inputs), function in zip(cases, functions):
            cfunc = numba.cfunc(wanted)(function)
            done = M.from_cfunc(cfunc)
            self.assertEqual((done.signature, done.inputs), (signature, inputs))
            self.assertEqual("cfunc." + done.entry, cfunc.native_name)

    def test_pointers_that_may_be_results(self):
        pointer = types.CPointer(types.float64)

        def copy(x, y):
            y[0] = x[0]

        done = M.from_cfunc(numba.cfunc(types.void(pointer, pointer))(copy))
        self.assertEqual((done.signature, done.inputs, done.outputs), ("", None, None))

    def test_one_from_numbas_cache(self):
        """It has no IR: the function is compiled again, with its options."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "cached.py"
            path.write_text(
                "from numba import cfunc\n@cfunc('f8(f8)', cache=True, error_model='numpy')\n"
                "def f(x):\n    return 1.0 / x\n"
            )
            for _ in range(2):
                done = run_python(
                    PREAMBLE + "import cached; d = M.from_cfunc(cached.f)\n"
                    "assert b'define ' in d.ir and d.entry.encode() in d.ir and b'fdiv' in d.ir\n"
                    "assert b'ZeroDivisionError' not in d.ir and d.signature == 'f8(f8)'",
                    PYTHONPATH=folder,
                )  # fmt: skip
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_what_is_no_cfunc(self):
        with self.assertRaisesRegex(TypeError, "CFunc is wanted, not function"):
            M.from_cfunc(add)


if __name__ == "__main__":
    unittest.main()
