# SPDX-License-Identifier: Apache-2.0
"""lanes.vectorize in the place of numba.vectorize: each row of tools/python/NUMBA.md.

With LANES_DROPIN=numba the same checks are made of numba.vectorize itself, and what becomes
of them is printed, one line each: so were the table's columns for Numba filled.
"""
import os
import pathlib
import pickle
import re
import sys
import unittest
import warnings

import numba
import numpy as np
from numba import float32, float64, int64

IS_NUMBA = os.environ.get("LANES_DROPIN") == "numba"
if IS_NUMBA:
    from numba import vectorize

    lanes = None
else:
    import lanes
    from lanes import vectorize

TABLE = pathlib.Path(__file__).resolve().parents[2] / "tools" / "python" / "NUMBA.md"
FACTOR = 3.0


def add(x, y):
    """The sum."""
    return x + y


def halve(x):
    return x / 2


@vectorize(["f8(f8,f8)"], identity=0)
def total(x, y):
    return x + y


@vectorize
def lazy_sum(x, y):
    return x + y


class DropIn(unittest.TestCase):
    def setUp(self):
        warnings.simplefilter("ignore", DeprecationWarning)

    def equal(self, got, wanted):
        """Equal values of equal dtypes."""
        np.testing.assert_array_equal(got, wanted)
        self.assertEqual(np.asarray(got).dtype, np.asarray(wanted).dtype)

    def refused(self, kind, words, call, *args, **kwargs):
        with self.assertRaises(kind) as caught:
            call(*args, **kwargs)
        for word in words:
            self.assertIn(word, str(caught.exception))
        self.assertLess(len(str(caught.exception).splitlines()), 12)


class Options(DropIn):
    """vectorize(...)"""

    # ---- signatures ----

    def test_signatures_list(self):
        f = vectorize([float32(float32, float32), "f8(f8,f8)"])(add)
        self.assertEqual(f.types, ["ff->f", "dd->d"])
        self.equal(f(np.float32([1, 2]), np.float32(3)), np.float32([4, 5]))
        self.equal(f(np.arange(3.0), 1.0), np.arange(3.0) + 1)

    def test_signatures_string(self):
        self.assertEqual(vectorize("f8(f8)")(halve).types, ["d->d"])

    def test_signatures_forms(self):
        for forms in (
            [float64(float64, float64)], ["float64(float64, float64)"], ["double(f8, double)"],
            [(float64, float64)], (float64(float64, float64),),
        ):  # fmt: skip
            self.assertEqual(vectorize(forms)(add).types, ["dd->d"])

    def test_signatures_types(self):
        """Every scalar type of Numba's has its dtype."""
        for word, char in (
            ("boolean", "?"), ("b1", "?"), ("int8", "b"), ("uint8", "B"), ("int16", "h"),
            ("uint16", "H"), ("int32", "i"), ("uint32", "I"), ("int64", "l"), ("uint64", "L"),
            ("intp", "l"), ("float32", "f"), ("float64", "d"), ("complex64", "F"),
            ("complex128", "D"),
        ):  # fmt: skip
            f = vectorize([f"{word}({word})"])(lambda x: x)
            self.assertEqual(f.types, [f"{char}->{char}"])
            x = np.array([0, 1, 1], char)
            self.equal(f(x), x)

    def test_signatures_times(self):
        f = vectorize(["timedelta64[s](datetime64[s],datetime64[s])"])(lambda a, b: a - b)
        a = np.array(["2020-01-02", "NaT"], "M8[s]")
        self.equal(f(a, np.datetime64("2020-01-01", "s")), np.array([86400, "NaT"], "m8[s]"))

    def test_signatures_times_of_numba(self):
        when, span = numba.types.NPDatetime("s"), numba.types.NPTimedelta("s")
        f = vectorize([span(when, when)])(lambda a, b: a - b)
        a = np.array(["2020-01-02", "NaT"], "M8[s]")
        self.equal(f(a, np.datetime64("2020-01-01", "s")), np.array([86400, "NaT"], "m8[s]"))

    def test_signatures_keyword(self):
        self.refused((TypeError, KeyError), ["signatures"], lambda: vectorize(signatures=["f8(f8)"])(halve)(1.0))

    def test_signatures_mistaken(self):
        self.refused(Exception, [], lambda: vectorize(["f8(f8,f8)"])(halve))
        self.refused(Exception, ["dubble"], lambda: vectorize(["dubble(f8)"])(halve))
        self.refused(Exception, [], lambda: vectorize(["f8(f8[:])"])(halve))

    def test_signatures_result_is_converted(self):
        self.equal(vectorize(["i4(f8)"])(halve)(np.array([3.0, -3.0])), np.int32([1, -1]))

    def test_eager_is_closed(self):
        f = vectorize(["f8(f8)"])(halve)
        self.refused(
            TypeError, ["not supported for the input types", "casting rule ''safe''"],
            f, np.array([1j]),
        )  # fmt: skip
        self.assertEqual(f.ntypes, 1)

    def test_eager_order(self):
        """Of types that no loop has, in the order of the list."""
        f = vectorize(["c16(c16)", "f8(f8)"])(halve)
        self.equal(f(np.int8([1])), np.array([0.5 + 0j]))
        f = vectorize(["f8(f8)", "c16(c16)"])(halve)
        self.equal(f(np.int8([1])), np.array([0.5]))

    def test_eager_exact_loop(self):
        f = vectorize(["f8(f8)", "f4(f4)"])(halve)
        self.equal(f(np.float32([1])), np.float32([0.5]))

    def test_bare(self):
        f = vectorize(halve)
        self.assertEqual(f.types, [])
        self.equal(f(np.array([1.0])), np.array([0.5]))
        self.assertEqual(f.types, ["d->d"])

    def test_bare_with_parentheses(self):
        for f in (vectorize()(halve), vectorize([])(halve), vectorize(identity=1)(halve)):
            self.equal(f(np.array([1.0])), np.array([0.5]))

    # ---- further options ----

    def test_identity(self):
        for identity in (0, 1, None):
            f = vectorize(["f8(f8,f8)"], identity=identity)(add)
            self.assertEqual(f.identity, identity)
        self.assertIsNone(vectorize(["f8(f8,f8)"], identity="reorderable")(add).identity)
        f = vectorize(["f8(f8,f8)"], identity=1)(lambda x, y: x * y)
        self.assertEqual(f.reduce(np.zeros(0)), 1.0)

    def test_identity_is_checked(self):
        self.refused(ValueError, ["identity", "'zero'"], lambda: vectorize(["f8(f8,f8)"], identity="zero")(add))

    def test_identity_of_any_number(self):
        f = vectorize(["f8(f8,f8)"], identity=-np.inf)(lambda x, y: max(x, y))
        self.assertEqual(f.reduce(np.zeros(0)), -np.inf)

    def test_identity_reorderable(self):
        x = np.arange(6.0).reshape(2, 3)
        f = vectorize(["f8(f8,f8)"], identity="reorderable")(add)
        self.equal(f.reduce(x, axis=(0, 1)), np.float64(15))
        f = vectorize(["f8(f8,f8)"])(add)
        self.refused(ValueError, ["reorderable"], f.reduce, x, axis=(0, 1))

    def test_nopython(self):
        self.equal(vectorize(["f8(f8)"], nopython=True)(halve)(1.0), np.float64(0.5))

    def test_nopython_false(self):
        self.refused(TypeError, ["nopython=False", "Python"], lambda: vectorize(["f8(f8)"], nopython=False)(halve))

    def test_forceobj(self):
        self.refused(TypeError, ["forceobj=True", "Python"], lambda: vectorize(["f8(f8)"], forceobj=True)(halve))
        self.equal(vectorize(["f8(f8)"], forceobj=False)(halve)(1.0), np.float64(0.5))

    def test_target(self):
        for target in ("cpu", "parallel"):
            f = vectorize(["f8(f8)"], target=target)(halve)
            self.equal(f(np.arange(1000.0)), np.arange(1000.0) / 2)

    def test_target_parallel_lazy(self):
        self.equal(vectorize(target="parallel")(halve)(np.array([1.0])), np.array([0.5]))

    def test_target_cuda(self):
        self.refused(TypeError, ["target='cuda'", "'parallel'"], lambda: vectorize(["f8(f8)"], target="cuda")(halve))

    def test_target_unknown(self):
        self.refused((TypeError, ValueError), ["target", "abacus"],
                     lambda: vectorize(["f8(f8)"], target="abacus")(halve))  # fmt: skip

    def test_cache(self):
        f = vectorize(["f8(f8)"], cache=True)(halve)
        self.equal(f(np.array([1.0])), np.array([0.5]))

    def test_locals(self):
        self.equal(vectorize(["f8(f8)"], locals={})(halve)(1.0), np.float64(0.5))

    def test_locals_given(self):
        def rounded(x):
            y = x + 0.0
            return y

        self.refused(TypeError, ["locals"], lambda: vectorize(["f8(f8)"], locals={"y": float32})(rounded))

    def test_fastmath(self):
        x = np.linspace(1, 2, 1000)
        for fastmath in (False, True, {"contract", "reassoc"}, set()):
            f = vectorize(["f8(f8,f8)"], fastmath=fastmath)(lambda x, y: x * y + x)
            np.testing.assert_allclose(f(x, x), x * x + x, rtol=1e-14)

    def test_fastmath_is_honoured(self):
        f = vectorize(["f8(f8)"], fastmath={"nnan"})(lambda x: 1.0 if x != x else 0.0)
        self.equal(f(np.array([np.nan])), np.array([0.0]))
        f = vectorize(["f8(f8)"])(lambda x: 1.0 if x != x else 0.0)
        self.equal(f(np.array([np.nan])), np.array([1.0]))

    def test_fastmath_is_checked(self):
        self.refused(ValueError, ["fastmath", "turbo"], lambda: vectorize(["f8(f8)"], fastmath={"turbo"})(halve))

    def test_boundscheck(self):
        table = (1.0, 2.0)

        def look(i):
            return np.array(table)[i]

        f = vectorize(["f8(i8)"], boundscheck=True)(look)
        self.equal(f(np.array([0, 1])), np.array([1.0, 2.0]))
        self.refused(IndexError, ["out of bounds"], f, np.array([0, 7]))

    def test_division(self):
        """As NumPy's: error_model is 'numpy'."""
        with np.errstate(all="ignore"):
            for f in (vectorize(["f8(f8,f8)"])(lambda x, y: x / y), vectorize(lambda x, y: x / y)):
                self.equal(f(np.array([1.0, 0.0]), 0.0), np.array([np.inf, np.nan]))

    def test_error_model(self):
        f = vectorize(["f8(f8,f8)"], error_model="python")(lambda x, y: x / y)
        self.equal(f(np.array([1.0]), 2.0), np.array([0.5]))
        self.refused(ZeroDivisionError, ["division by zero"], f, np.array([1.0]), 0.0)
        self.refused(ValueError, ["error_model"], lambda: vectorize(["f8(f8)"], error_model="c")(halve))

    def test_unknown_option(self):
        self.refused((TypeError, KeyError), ["speed"], lambda: vectorize(["f8(f8)"], speed=2)(halve))

    def test_options_of_jit(self):
        for option in ("parallel", "nogil", "looplift", "inline", "writable_args"):
            self.refused((TypeError, KeyError), [option], lambda: vectorize(["f8(f8)"], **{option: True})(halve))

    def test_own_options(self):
        def root(x):
            if x < 0:
                raise ValueError("negative")
            return x**0.5

        f = vectorize(["f8(f8)"], errors="mask", math="exact", name="root", client=None)(root)
        self.assertEqual(f.__name__, "root")
        got, failed = f(np.array([4.0, -1.0, 9.0]))
        self.assertEqual(failed.tolist(), [False, True, False])
        self.equal(got[[0, 2]], np.array([2.0, 3.0]))


class Functions(DropIn):
    """What may be decorated."""

    def test_jitted(self):
        for jitted in (numba.njit(halve), numba.njit("f4(f4)", error_model="python")(halve)):
            f = vectorize()(jitted)
            self.assertEqual(f.__name__, "halve")
            self.equal(f(np.array([1.0])), np.array([0.5]))

    def test_what_is_closed_over(self):
        offset = 10.0
        twice = numba.njit(lambda x: x * 2)
        f = vectorize(lambda x: twice(x) * FACTOR + offset)
        self.equal(f(np.array([1.0])), np.array([16.0]))

    def test_defaults_have_to_be_given(self):
        def power(x, y=2.0):
            return x**y

        f = vectorize(power)
        self.assertEqual(f.nin, 2)
        self.refused(TypeError, [], f, np.array([3.0]))

    def test_exceptions(self):
        def checked(x):
            if x < 0:
                raise ValueError("negative")
            return x

        for f in (vectorize(["f8(f8)"])(checked), vectorize(checked)):
            self.refused(ValueError, ["negative"], f, np.array([1.0, -1.0]))
            self.equal(f(np.array([1.0])), np.array([1.0]))

    def test_exceptions_of_many_threads(self):
        def checked(x):
            if x < 0:
                raise ValueError("negative")
            return x

        f = vectorize(["f8(f8)"], target="parallel")(checked)
        x = np.ones(100_000)
        x[77_777] = -1
        self.refused(ValueError, ["negative"], f, x)

    def test_several_results(self):
        f = vectorize(lambda x, y: (x // y, x % y))
        quotient, rest = f(np.array([7, 9]), 4)
        self.equal(quotient, np.array([1, 2]))
        self.equal(rest, np.array([3, 1]))
        self.assertEqual((f.nout, f.types), (2, ["ll->ll"]))

    def test_compile_errors(self):
        """Of Numba's class, and short."""
        f = vectorize(lambda x: x + "a")
        self.refused(numba.core.errors.TypingError, ["add"], f, np.array([1.0]))
        with self.assertRaises(numba.core.errors.TypingError):
            vectorize(["f8(f8)"])(lambda x: nowhere(x))  # noqa: F821

    def test_no_function(self):
        self.refused(Exception, [], lambda: vectorize(["f8(f8)"])(3))
        self.refused(Exception, [], lambda: vectorize(3))

    def test_printing(self):
        def loud(x):
            print(x)
            return x

        self.refused(Exception, [], lambda: vectorize(["f8(f8)"])(loud)(np.array([1.0])))

    def test_dictionaries(self):
        def looked_up(x):
            table = {1: 2.0}
            return table[1] + x

        self.refused(ValueError, ["typed dict", "global NumPy array"], vectorize(looked_up), 1.0)

    def test_random_numbers(self):
        drawn = vectorize(["f8(f8)"])(lambda x: x + np.random.random())
        first, again, other = (drawn(np.zeros(100), seed=seed) for seed in (1, 1, 2))
        self.equal(first, again)
        self.assertEqual(len(np.unique([first, other])), 200)

    def test_inside_jit(self):
        """The function itself can be called there: numba.njit(f.__wrapped__)."""
        f = vectorize(["f8(f8)"])(halve)
        self.refused(numba.core.errors.TypingError, [], numba.njit(lambda x: f(x)), np.ones(3))
        self.assertEqual(numba.njit(f.__wrapped__)(1.0), 0.5)


class Attributes(DropIn):
    def test_counts(self):
        f = vectorize(["f4(f4,f4)", "f8(f8,f8)"])(add)
        self.assertEqual((f.nin, f.nout, f.nargs, f.ntypes), (2, 1, 3, 2))
        f = vectorize(add)
        self.assertEqual((f.nin, f.nout, f.nargs, f.ntypes), (2, 1, 3, 0))

    def test_types(self):
        f = vectorize(add)
        f(1.0, 2.0)
        f(np.complex64(1), np.complex64(2))
        self.assertEqual(f.types, ["dd->d", "FF->F"])

    def test_identity_attribute(self):
        self.assertEqual((total.identity, lazy_sum.identity), (0, None))

    def test_signature_attribute(self):
        self.assertIsNone(vectorize(["f8(f8)"])(halve).signature)
        self.assertIsNone(vectorize(halve).signature)

    def test_names(self):
        for f in (vectorize(add), vectorize(["f8(f8,f8)"])(add)):
            self.assertEqual(f.__name__, "add")
            self.assertIn("The sum.", f.__doc__)

    def test_wrapped(self):
        for f in (vectorize(add), vectorize(["f8(f8,f8)"])(add)):
            self.assertIs(f.__wrapped__, add)
            self.assertEqual((f.__module__, f.__qualname__), (__name__, "add"))

    def test_representation(self):
        self.assertIn("add", repr(vectorize(add)))

    def test_internals(self):
        for name in ("ufunc", "build_ufunc", "targetoptions", "find_ewise_function"):
            self.assertFalse(hasattr(vectorize(add), name), name)

    def test_is_no_numpy_ufunc(self):
        for f in (vectorize(add), vectorize(["f8(f8,f8)"])(add)):
            self.assertNotIsInstance(f, np.ufunc)

    def test_pickle(self):
        for f in (total, lazy_sum):
            again = pickle.loads(pickle.dumps(f))
            self.equal(again(np.arange(3.0), 1.0), np.arange(3.0) + 1)
            self.assertEqual(again.identity, f.identity)

    def test_add(self):
        f = vectorize(add)
        f.add("f4(f4,f4)")
        f.add((float64, float64))
        f.add(int64(int64, int64))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Numba says that there is one already
            f.add("f8(f8,f8)")
        self.assertEqual(f.types, ["ff->f", "dd->d", "ll->l"])
        self.refused(RuntimeError, ["compilation disabled"], vectorize(["f8(f8,f8)"])(add).add, "f4(f4,f4)")

    def test_disable_compile(self):
        f = vectorize(add)
        self.refused((RuntimeError, AssertionError), [], f.disable_compile)
        f(1.0, 2.0)
        f.disable_compile()
        self.equal(f(np.float32([1]), np.float32([2])), np.array([3.0]))
        self.refused(Exception, [], f, np.array([1j]), 1.0)
        self.assertEqual(f.types, ["dd->d"])

    def test_resolve_dtypes(self):
        self.assertFalse(hasattr(vectorize(add), "resolve_dtypes"))


class Calls(DropIn):
    def test_broadcasting(self):
        x, y = np.arange(3.0)[:, None], np.arange(4.0)
        for f in (vectorize(add), vectorize(["f8(f8,f8)"])(add)):
            self.equal(f(x, y), x + y)
            self.equal(f(x[::-1], y[::2]), x[::-1] + y[::2])
            self.refused(ValueError, ["could not be broadcast", "(3,)", "(4,)"], f, np.ones(3), np.ones(4))

    def test_scalars(self):
        f = vectorize(["f8(f8)"])(halve)
        for value in (3, 3.0, np.float32(3), np.array(3.0)):
            got = f(value)
            self.assertIs(type(got), np.float64)
            self.assertEqual(got, 1.5)

    def test_lists(self):
        self.equal(vectorize(["f8(f8)"])(halve)([1, 2]), np.array([0.5, 1.0]))

    def test_lists_lazily(self):
        self.equal(vectorize(add)([1, 2], [3.0, 4.0]), np.array([4.0, 6.0]))

    def test_lazy_searches_loops_first(self):
        f = vectorize(add)
        f(np.array([1.0]), 2.0)
        self.equal(f(np.array([1]), np.array([2])), np.array([3.0]))
        self.equal(f(np.float32([1]), np.float32([2])), np.array([3.0]))
        self.assertEqual(f.types, ["dd->d"])
        f(np.array([1j]), 2.0)
        self.assertEqual(f.ntypes, 2)

    def test_lazy_types_of_scalars(self):
        f = vectorize(add)
        self.equal(f(1, 2), np.int64(3))
        self.assertEqual(f.types, ["ll->l"])
        f = vectorize(add)
        self.equal(f(1.0, 2), np.float64(3))
        self.assertEqual(f.types, ["dl->d"])

    def test_lazy_failure_changes_nothing(self):
        f = vectorize(lambda x: x + "a")
        self.refused(Exception, [], f, np.array([1.0]))
        self.assertEqual(f.types, [])

    def test_out(self):
        for f in (vectorize(["f8(f8,f8)"])(add), vectorize(add)):
            out = np.zeros(3)
            self.assertIs(f(np.arange(3.0), 1.0, out), out)
            self.equal(out, np.arange(3.0) + 1)

    def test_out_keyword(self):
        f = vectorize(["f8(f8,f8)"])(add)
        for give in (lambda o: o, lambda o: (o,)):
            out = np.zeros(3, "f4")
            self.assertIs(f(np.arange(3.0), 1.0, out=give(out)), out)
            self.equal(out, np.float32([1, 2, 3]))
        self.equal(f(np.arange(3.0), 1.0, out=None), np.arange(3.0) + 1)

    def test_out_keyword_lazily(self):
        f = vectorize(add)
        out = np.zeros(3)
        self.assertIs(f(np.arange(3.0), 1.0, out=out), out)
        self.equal(out, np.arange(3.0) + 1)

    def test_out_overlaps(self):
        x = np.arange(6.0)
        vectorize(["f8(f8,f8)"])(add)(x[1:], x[:-1], out=x[1:])
        self.equal(x, np.array([0.0, 1, 3, 5, 7, 9]))

    def test_where(self):
        f = vectorize(["f8(f8,f8)"])(add)
        out = np.full(4, -1.0)
        f(np.arange(4.0), 1.0, out=out, where=np.array([True, False, True, False]))
        self.equal(out, np.array([1.0, -1, 3, -1]))

    def test_where_lazily(self):
        out = np.full(4, -1.0)
        vectorize(add)(np.arange(4.0), 1.0, out=out, where=np.array([True, False, True, False]))
        self.equal(out, np.array([1.0, -1, 3, -1]))

    def test_casting(self):
        f = vectorize(["f4(f4)"])(halve)
        self.refused(TypeError, ["not supported"], f, np.array([1.0]))
        self.equal(f(np.array([1.0]), casting="same_kind", dtype="f4"), np.float32([0.5]))
        self.refused(TypeError, ["same_kind"], vectorize(["f8(f8)"])(halve), np.ones(2), out=np.ones(2, int))
        self.refused(ValueError, ["casting"], f, np.float32([1]), casting="maybe")

    def test_casting_lazily(self):
        f = vectorize(halve)
        self.equal(f(np.array([1.0]), casting="unsafe"), np.array([0.5]))

    def test_order(self):
        f = vectorize(["f8(f8)"])(halve)
        x = np.asfortranarray(np.ones((3, 4)))
        self.assertTrue(f(x).flags.f_contiguous)
        self.assertTrue(f(x, order="C").flags.c_contiguous)
        self.assertTrue(f(np.ones((3, 4)), order="F").flags.f_contiguous)

    def test_dtype(self):
        f = vectorize(["f4(f4)", "f8(f8)"])(halve)
        self.equal(f(np.float32([1]), dtype="f8"), np.array([0.5]))
        self.refused(TypeError, [], f, np.float32([1]), dtype="c16")

    def test_signature_keyword(self):
        f = vectorize(["f4(f4)", "f8(f8)"])(halve)
        self.equal(f(np.float32([1]), signature="d->d"), np.array([0.5]))
        self.equal(f(np.float32([1]), sig=(None, np.float64)), np.array([0.5]))

    def test_subok(self):
        f = vectorize(["f8(f8)"])(halve)
        x = np.arange(3.0).view(np.recarray)
        self.assertIs(type(f(x)), np.recarray)
        self.assertIs(type(f(x, subok=False)), np.ndarray)

    def test_generalized_keywords(self):
        """Those of generalized ufuncs are refused, as NumPy does."""
        f = vectorize(["f8(f8)"])(halve)
        for keyword in ("axis", "axes", "keepdims"):
            self.refused(TypeError, [], f, np.ones(3), **{keyword: 0})

    def test_unknown_keyword(self):
        self.refused(TypeError, ["speed"], vectorize(["f8(f8)"])(halve), 1.0, speed=2)

    def test_argument_counts(self):
        f = vectorize(["f8(f8,f8)"])(add)
        self.refused(TypeError, ["from 2 to 3 positional arguments"], f, 1.0)
        self.refused(TypeError, ["from 2 to 3 positional arguments"], f, 1.0, 2.0, None, None)

    def test_array_ufunc(self):
        class Other:
            def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
                return ufunc.__name__, method, len(inputs)

        self.assertEqual(vectorize(["f8(f8,f8)"])(add)(1.0, Other()), ("add", "__call__", 2))

    def test_array_ufunc_lazily(self):
        class Other:
            def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
                return ufunc.__name__, method, len(inputs)

        self.assertEqual(vectorize(add)(1.0, Other()), ("add", "__call__", 2))

    def test_errstate(self):
        f = vectorize(["f8(f8,f8)"])(lambda x, y: x / y)
        with np.errstate(divide="raise"), self.assertRaises(FloatingPointError):
            f(np.ones(3), np.array([1.0, 0.0, 1.0]))
        with np.errstate(divide="warn"), warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            f(np.ones(3), np.array([1.0, 0.0, 1.0]))
        self.assertEqual([w.category for w in seen], [RuntimeWarning])

    def test_errstate_is_true(self):
        """No warning of the arm that was not taken."""
        f = vectorize(["f8(f8)"])(lambda x: 1 / x if x != 0 else 0.0)
        with np.errstate(all="raise"):
            self.equal(f(np.arange(1000.0))[:2], np.array([0.0, 1.0]))


class Methods(DropIn):
    def setUp(self):
        super().setUp()
        self.f = vectorize(["f8(f8,f8)"], identity=0)(add)
        self.x = np.arange(24.0).reshape(2, 3, 4)

    def test_reduce(self):
        for axis in (0, 1, -1, (0, 2), None):
            self.equal(self.f.reduce(self.x, axis=axis), np.add.reduce(self.x, axis=axis))
        self.equal(self.f.reduce(self.x), np.add.reduce(self.x))

    def test_reduce_arguments(self):
        x, where = self.x, self.x % 3 != 0
        self.equal(self.f.reduce(x, axis=1, keepdims=True), np.add.reduce(x, axis=1, keepdims=True))
        self.equal(self.f.reduce(x, axis=1, initial=5.0), np.add.reduce(x, axis=1, initial=5.0))
        self.equal(self.f.reduce(x, axis=1, where=where), np.add.reduce(x, axis=1, where=where))
        out = np.zeros((2, 4))
        self.assertIs(self.f.reduce(x, 1, None, out), out)
        self.equal(out, np.add.reduce(x, axis=1))
        self.equal(self.f.reduce(np.arange(4), dtype="f8"), np.float64(6))
        self.equal(self.f.reduce(np.arange(4)), np.float64(6))

    def test_reduce_lazily(self):
        f = vectorize(add)
        self.equal(f.reduce(np.arange(5.0)), np.float64(10))

    def test_reduce_refusals(self):
        g = vectorize(["f8(f8,f8)"])(add)
        self.refused(ValueError, ["zero-size array", "no identity"], g.reduce, np.zeros(0))
        self.refused(ValueError, ["binary"], vectorize(["f8(f8)"])(halve).reduce, np.zeros(3))
        self.refused(ValueError, ["out of bounds"], self.f.reduce, np.zeros(3), axis=2)

    def test_accumulate(self):
        for axis in (0, 1, -1):
            self.equal(self.f.accumulate(self.x, axis=axis), np.add.accumulate(self.x, axis=axis))
        out = np.zeros(4)
        self.assertIs(self.f.accumulate(np.arange(4.0), 0, None, out), out)
        self.equal(out, np.array([0.0, 1, 3, 6]))
        self.equal(self.f.accumulate(np.arange(4), dtype="f8"), np.array([0.0, 1, 3, 6]))

    def test_accumulate_lazily(self):
        self.equal(vectorize(add).accumulate(np.arange(4.0)), np.array([0.0, 1, 3, 6]))

    def test_outer(self):
        self.equal(self.f.outer(np.arange(3.0), np.arange(4.0)), np.add.outer(np.arange(3.0), np.arange(4.0)))
        out = np.zeros((3, 4))
        self.assertIs(self.f.outer(np.arange(3.0), np.arange(4.0), out=out), out)

    def test_outer_lazily(self):
        self.equal(vectorize(add).outer(np.arange(2.0), np.arange(2.0)), np.array([[0.0, 1], [1, 2]]))

    def test_reduceat(self):
        self.refused(NotImplementedError, ["reduceat"], self.f.reduceat, np.arange(6.0), [0, 3])

    def test_at(self):
        self.refused(NotImplementedError, ["at"], self.f.at, np.arange(6.0), [0, 0], 1.0)


@unittest.skipIf(IS_NUMBA, "what lanes does with a CFunc")
class CFuncs(DropIn):
    def test_numbers(self):
        f = lanes.from_cfunc(numba.cfunc("f8(f8,u1)")(lambda x, n: x * n))
        self.equal(f(np.array([1.5]), np.uint8(200)), np.array([300.0]))

    def test_rows(self):
        pointer = numba.types.CPointer(float64)
        f = lanes.from_cfunc(numba.cfunc(float64(pointer))(lambda row: row[0] + row[1]))
        self.equal(f(np.arange(6.0).reshape(3, 2)), np.array([1.0, 5.0, 9.0]))

    def test_pointers_that_may_be_results(self):
        pointer = numba.types.CPointer(float64)

        def copy(x, y):
            y[0] = x[0]

        cfunc = numba.cfunc(numba.types.void(pointer, pointer))(copy)
        self.refused(TypeError, ["'copy'", "lanes.from_ir"], lanes.from_cfunc, cfunc)


class Table(unittest.TestCase):
    """NUMBA.md and this file tell of the same."""

    def test_every_row_has_its_check(self):
        rows = re.findall(r"^\|.*\| `(\w+)` \|$", TABLE.read_text(encoding="utf-8"), re.M)
        checks = {
            name[5:] for case in CASES for name in dir(case) if name.startswith("test_")
        }
        self.assertEqual(sorted(rows), sorted(set(rows)), "a check stands twice")
        self.assertEqual(set(rows) - checks, set(), "rows without a check")
        self.assertEqual(checks - set(rows), set(), "checks without a row")


CASES = (Options, Functions, Attributes, Calls, Methods)


def print_outcomes():
    """What becomes of each check, with numba.vectorize."""
    import tempfile

    os.chdir(tempfile.mkdtemp())
    os.environ["NUMBA_CACHE_DIR"] = os.getcwd()
    sys.stdout.reconfigure(line_buffering=True)
    for case in CASES:
        for name in unittest.defaultTestLoader.getTestCaseNames(case):
            print(f"{name[5:]}: {outcome_in_child(case(name))}")


def outcome_in_child(test):
    """What Numba does to one test does not reach the others."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        result = unittest.TestResult()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        test.run(result)
        found = [text for _, text in result.failures + result.errors]
        lines = found[0].splitlines() if found else []
        last = [line for line in lines if re.match(r"\w[\w.]*(Error|Exception|Warning)\b", line)]
        os.write(writing, ((last or found or ["as lanes"])[-1])[:300].encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    return text or f"ended by signal {os.WTERMSIG(status)}"


if __name__ == "__main__":
    if IS_NUMBA:
        print_outcomes()
    else:
        unittest.main()
