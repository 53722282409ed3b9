# SPDX-License-Identifier: Apache-2.0
"""Which loop does a call: lanes._resolve against ufuncs that NumPy made."""

import os
import random
import unittest
import warnings

import made_ufuncs
import numpy as np
from lanes._resolve import Loop, find_loop

_NUMPY2 = int(np.__version__.split(".")[0]) >= 2
_ROUNDS = int(os.environ.get("LANES_TEST_ROUNDS", "3000"))
_CHARS = "?bBhHiIlLqQefdgFDG"
_CASTINGS = ("no", "equiv", "safe", "same_kind", "unsafe")
_INTS = (0, 1, -1, 5, 127, 128, 200, -129, 300, 40000, 70000, -(2**31) - 1, 2**32, 2**63, -(2**63))
_BIG = (2**64, -(2**63) - 1, 10**30)
_FLOATS = (0.0, 1.5, -2.5, 1e10, 1e300, float("nan"), float("inf"))
_COMPLEX = (1j, 2.5 - 1j, 1e300 + 0j)


def _loops(types):
    loops = []
    for index, text in enumerate(types):
        inputs, outputs = text.split("->")
        loops.append(Loop(inputs, outputs, index))
    return loops


def _outcome(function):
    """A value, or the class and the text of what was raised."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function()
    except (TypeError, ValueError, OverflowError) as error:
        return type(error), str(error)


class _Calls:
    """Random arguments."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def scalar(self):
        pick = self.random.choice
        return pick(
            (
                lambda: pick(_INTS),
                lambda: pick(_FLOATS),
                lambda: pick(_COMPLEX),
                lambda: pick(_BIG),
                lambda: pick((True, False)),
                lambda: np.dtype(pick(_CHARS)).type(pick((0, 1, 100))),
                lambda: np.array(pick((0, 1, 100)), dtype=pick(_CHARS)),
                lambda: np.array(pick((0, 1, 100)), dtype=np.dtype(pick("hild")).newbyteorder()),
            )
        )()

    def array(self):
        dtype = np.dtype(self.random.choice(_CHARS))
        if self.random.random() < 0.1:
            dtype = dtype.newbyteorder()
        return np.ones(2, dtype=dtype)

    def operand(self):
        if self.random.random() < 0.03:
            return self.random.choice(("7", b"8", np.ones(2, "O"), np.ones(2, "m8[s]")))
        return self.scalar() if self.random.random() < 0.4 else self.array()

    def types(self):
        nin = self.random.choice((1, 2, 2, 2, 3))
        nout = self.random.choice((1, 1, 2))
        found = []
        for _ in range(self.random.randint(1, 6)):
            if self.random.random() < 0.5:
                char = self.random.choice(_CHARS)
                text = char * nin + "->" + char * nout
            else:
                chars = [self.random.choice(_CHARS) for _ in range(nin + nout)]
                text = "".join(chars[:nin]) + "->" + "".join(chars[nin:])
            if text not in found:
                found.append(text)
        return found

    def options(self, nin, nout):
        options = {}
        chance = self.random.random()
        if chance < 0.15:
            options["dtype"] = self.random.choice(_CHARS + "SOM")
        elif chance < 0.25:
            chars = [self.random.choice(_CHARS) for _ in range(nin + nout)]
            options["signature"] = "".join(chars[:nin]) + "->" + "".join(chars[nin:])
        elif chance < 0.4:
            options["signature"] = tuple(
                self.random.choice((None, np.dtype(self.random.choice(_CHARS))))
                for _ in range(nin + nout)
            )
        elif chance < 0.43:
            options["signature"] = self.random.choice(
                ("dd->ddd", (None, None), "x", 5, "ab", ">d", (None,) * 9, "zz->z", "zz->zz")
            )
        if self.random.random() < 0.4:
            options["casting"] = self.random.choice(_CASTINGS)
        return options

    def outs(self, nout):
        if self.random.random() < 0.6:
            return None
        return tuple(self.random.choice((None, self.array())) for _ in range(nout))


class AgainstNumPy(unittest.TestCase):
    def _check(self, made, args, outs, options):
        # NumPy keeps what it found for types in a cache, where a later call with a signature
        # finds it and is refused with another text: each call gets a ufunc of its own.
        made = made_ufuncs.Made(made.types)
        out = {} if outs is None or all(entry is None for entry in outs) else {"out": outs}
        expected = _outcome(lambda: made(*args, **out, **options))

        def mine():
            loop = find_loop(
                _loops(made.types), args, outs, name="f", nout=made.nout, **options
            )
            return loop.payload

        got = _outcome(mine)
        told = f"{made.types} {args} {outs} {options}: {got} instead of {expected}"
        self.assertEqual(type(got), type(expected), told)
        if isinstance(got, tuple):
            self.assertEqual(got[0], expected[0], told)
            self.assertEqual(got[1], expected[1], told)
        else:
            self.assertEqual(got, expected, told)

    def test_random_calls_choose_the_loop_that_numpy_chooses(self):
        for seed in range(_ROUNDS):
            calls = _Calls(seed)
            made = made_ufuncs.Made(calls.types())
            for _ in range(4):
                args = tuple(calls.operand() for _ in range(made.nin))
                options = calls.options(made.nin, made.nout)
                with self.subTest(seed=seed):
                    self._check(made, args, calls.outs(made.nout), options)

    def test_random_calls_of_numpys_own_ufuncs_have_their_result_types(self):
        calls = _Calls(99)
        names = ("arctan2", "hypot", "copysign", "nextafter", "ldexp", "logaddexp", "heaviside")
        for name in (*names, "frexp", "modf", "sqrt", "float_power", "fmod"):
            ufunc = getattr(np, name)
            for _ in range(_ROUNDS // 10):
                args = tuple(calls.operand() for _ in range(ufunc.nin))
                options = calls.options(ufunc.nin, ufunc.nout)
                if any(np.asarray(arg).dtype.kind in "mO" for arg in args):
                    continue  # Object loops call methods that these objects do not have.
                if options.get("dtype") == "O" or "signature" in options or "casting" in options:
                    continue
                with self.subTest(ufunc=name, args=args, options=options):
                    self._check_own(ufunc, args, options)

    def _check_own(self, ufunc, args, options):
        def mine():
            loops = _loops([types for types in ufunc.types if "O" not in types])
            name = ufunc.__name__
            return list(find_loop(loops, args, None, name=name, ufunc=ufunc, **options).outputs)

        def types():
            results = ufunc(*args, **options)
            results = results if ufunc.nout > 1 else (results,)
            return [entry.dtype for entry in results]

        with np.errstate(all="ignore"):
            expected = _outcome(types)
        self.assertEqual(_outcome(mine), expected)

    def test_texts_of_refusals(self):
        double = [Loop("dd", "d")]
        with self.assertRaisesRegex(TypeError, "^ufunc 'f' not supported for the input types, and"):
            find_loop(double, (np.ones(2, "D"), 1.0))
        with self.assertRaisesRegex(
            TypeError,
            r"^Cannot cast ufunc 'f' output from dtype\('float64'\) to dtype\('int64'\) with "
            "casting rule 'same_kind'$",
        ):
            find_loop(double, (1.0, 2.0), (np.ones(2, "l"),))
        with self.assertRaisesRegex(ValueError, "casting must be one of"):
            find_loop(double, (1.0, 2.0), casting="bold")

    @unittest.skipUnless(_NUMPY2, "NumPy 1 looks at values")
    def test_python_int_must_fit_its_loop(self):
        with self.assertRaisesRegex(OverflowError, "^Python integer 300 out of bounds for int8$"):
            find_loop([Loop("bb", "b"), Loop("ll", "l")], (np.ones(2, "b"), 300))

    @unittest.skipIf(_NUMPY2, "NumPy 2 does not look at values")
    def test_values_of_scalars_choose_the_loop(self):
        loops = [Loop("bb", "b"), Loop("ll", "l")]
        small = find_loop(loops, (np.ones(2, "b"), np.int64(100)))
        large = find_loop(loops, (np.ones(2, "b"), np.int64(300)))
        self.assertIs(small, loops[0])
        self.assertIs(large, loops[1])


    def test_outputs_need_not_be_given(self):
        for loops in ([Loop("dd", "d")], [Loop("dd", "dd")]):
            for outs in (None, Ellipsis, (None,) * len(loops[0].outputs)):
                self.assertIs(find_loop(loops, (1.0, 2.0), outs, dtype="d"), loops[0])


class Lazy(unittest.TestCase):
    def test_missing_loops_are_none_if_asked(self):
        loops = [Loop("ff", "f")]
        self.assertIsNone(find_loop([], (1.0, 2.0), name="f", nout=1, missing_ok=True))
        self.assertIsNone(find_loop(loops, (1.0, np.ones(2)), missing_ok=True))
        self.assertIsNone(find_loop(loops, (1, 2), dtype="d", missing_ok=True))
        with self.assertRaises(TypeError):
            find_loop([], (1.0, 2.0))

    def test_operands_that_cannot_be_cast_are_refused_even_then(self):
        with self.assertRaisesRegex(TypeError, "Cannot cast ufunc"):
            find_loop([Loop("d", "d")], (1.0,), (np.ones(2, "l"),), missing_ok=True)


class Times(unittest.TestCase):
    def setUp(self):
        self.seconds = Loop(["m8[s]", "m8[s]"], ["m8[s]"])
        self.mixed = Loop(["M8[D]", "m8[D]"], ["M8[D]"])
        self.loops = [self.seconds, self.mixed, Loop("dd", "d")]

    def test_units_are_matched_exactly(self):
        seconds = np.ones(3, "m8[s]")
        self.assertIs(find_loop(self.loops, (seconds, seconds)), self.seconds)
        self.assertIs(find_loop(self.loops, (seconds.astype(">m8[s]"), seconds)), self.seconds)
        self.assertIs(
            find_loop(self.loops, (np.ones(3, "M8[D]"), np.timedelta64(1, "D"))), self.mixed
        )
        with self.assertRaises(TypeError):
            find_loop(self.loops, (seconds, np.ones(3, "m8[ms]")))
        with self.assertRaises(TypeError):
            find_loop(self.loops, (seconds, np.ones(3, "m8[h]")))

    def test_integers_become_times_as_in_numpy(self):
        self.assertIs(find_loop(self.loops, (np.ones(3, "m8[s]"), np.ones(3, "l"))), self.seconds)

    def test_signature_without_units_means_any(self):
        ones = np.ones(3, "l")
        for dtype in (np.timedelta64, "m8[s]"):
            found = find_loop(self.loops, (ones, ones), dtype=dtype, casting="unsafe")
            self.assertIs(found, self.seconds)
        with self.assertRaises(TypeError):
            find_loop(self.loops, (ones, ones), dtype="m8[ms]", casting="unsafe")

    def test_signature_with_a_byte_order_is_refused(self):
        for signature in ({"dtype": ">d"}, {"signature": (np.dtype(">d"), None, None)}):
            with self.assertRaisesRegex(TypeError, "only select the general DType"):
                find_loop([Loop("dd", "d")], (1.0, 2.0), **signature)

    def test_outputs_have_their_casting_rule(self):
        seconds = np.ones(3, "m8[s]")
        out = (np.ones(3, "m8[ms]"),)
        self.assertIs(find_loop(self.loops, (seconds, seconds), out), self.seconds)
        with self.assertRaisesRegex(TypeError, "Cannot cast ufunc 'f' output"):
            find_loop(self.loops, (seconds, seconds), (np.ones(3, "l"),), casting="safe")


if __name__ == "__main__":
    unittest.main()
