# SPDX-License-Identifier: Apache-2.0
"""Other people's arrays: lanes._override against what NumPy does with the same objects."""

import os
import random
import unittest
import warnings

import made_ufuncs
import numpy as np
from lanes._override import find_override, prepare_outputs, wrap_outputs, wrap_reduced

_VERSION = tuple(int(part) for part in np.__version__.split(".")[:2])
_ROUNDS = int(os.environ.get("LANES_TEST_ROUNDS", "3000"))

_log = []


class _Recorder:
    """Says what it was asked; answers if `answer` is set."""

    answer = True

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        _log.append((type(self), id(self), ufunc, method, inputs, kwargs))
        return ("answer of", type(self)) if self.answer else NotImplemented

    def __repr__(self):
        return type(self).__name__


class _First(_Recorder):
    pass


class _Second(_Recorder):
    pass


class _OfFirst(_First):
    pass


class _Silent(_Recorder):
    answer = False


class _OfSilent(_Silent):
    pass


class _OfSecondSilent(_Second):
    answer = False


class _Refusing:
    __array_ufunc__ = None


class _Array(np.ndarray):
    """A subclass that does not override."""


class _Overriding(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        _log.append((type(self), id(self), ufunc, method, inputs, kwargs))
        return NotImplemented


class _Raising:
    def __array_ufunc__(self, *args, **kwargs):
        raise RuntimeError("no")


_TYPES = (_First, _Second, _OfFirst, _Silent, _OfSilent, _OfSecondSilent, _First, _Silent)


class _Calls:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def operand(self):
        pick = self.random.choice
        chance = self.random.random()
        if chance < 0.5:
            return pick(_TYPES)()
        if chance < 0.54:
            return pick((_Refusing, _Raising))()
        if chance < 0.64:
            return np.ones(2).view(pick((_Array, _Overriding)))
        return pick((np.ones(2), 1, 2.5, np.float32(1), [1.0, 2.0], np.ones(2, "l")))

    def out(self):
        pick = self.random.choice
        if self.random.random() < 0.4:
            return pick((None, np.ones(2), Ellipsis, 5))
        return self.operand()

    def positional(self, low, high):
        return [self.operand() for _ in range(self.random.randint(low, high))]

    def call(self):
        args = self.positional(2, 2) if self.random.random() < 0.7 else self.positional(1, 4)
        return "__call__", args, self.options()

    def outer(self):
        args = self.positional(2, 2) if self.random.random() < 0.8 else self.positional(1, 3)
        return "outer", args, self.options()

    def options(self):
        pick = self.random.choice
        values = {
            "out": lambda: pick((self.out, lambda: (self.out(),), lambda: (1, 2)))(),
            "where": lambda: pick((True, np.ones(2, bool), self.operand())),
            "casting": lambda: pick(("safe", "unsafe")),
            "order": lambda: "C",
            "subok": lambda: False,
            "dtype": lambda: pick((None, "d")),
            "sig": lambda: "dd->d",
            "signature": lambda: "dd->d",
            "unknown": lambda: 1,
        }
        return self.some(values, 2)

    def some(self, values, most):
        names = self.random.sample(sorted(values), self.random.randint(0, most))
        return {name: values[name]() for name in names}

    def reduce(self):
        pick = self.random.choice
        values = {
            "array": self.operand,
            "axis": lambda: pick((0, None, (0,))),
            "dtype": lambda: pick((None, "d")),
            "out": lambda: pick((self.out, lambda: (self.out(),)))(),
            "keepdims": lambda: pick((True, False)),
            "initial": lambda: pick((np._NoValue, None, 3)),
            "where": lambda: pick((True, np.ones(2, bool), self.operand())),
        }
        return "reduce", *self.by_place_and_name(values)

    def accumulate(self):
        values = {
            "array": self.operand,
            "axis": lambda: 0,
            "dtype": lambda: self.random.choice((None, "d")),
            "out": lambda: self.random.choice((self.out, lambda: (self.out(),)))(),
        }
        return "accumulate", *self.by_place_and_name(values)

    def reduceat(self):
        values = {
            "array": self.operand,
            "indices": self.operand,
            "axis": lambda: 0,
            "dtype": lambda: self.random.choice((None, "d")),
            "out": self.out,
        }
        return "reduceat", *self.by_place_and_name(values)

    def at(self):
        args = self.positional(1, 4)
        return "at", args, {"axis": 0} if self.random.random() < 0.1 else {}

    def by_place_and_name(self, values):
        """Arguments of a method: some by place, arrays always so, and others by name."""
        names = list(values)
        inputs = 2 if "indices" in values else 1
        places = self.random.randint(inputs, len(names) + (self.random.random() < 0.1))
        args = [values[name]() for name in names[:places]]
        args += [1] * (places - len(args))
        options = self.some({name: values[name] for name in names[inputs:]}, 2)
        if self.random.random() < 0.9:
            options = {name: options[name] for name in options if name in names[places:]}
        return args, options

    def any(self):
        kinds = (self.call, self.call, self.outer, self.reduce, self.accumulate, self.reduceat)
        return self.random.choice((*kinds, self.at))()


def _outcome(function):
    """What was returned or raised, and who was asked for what."""
    del _log[:]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = function()
    except Exception as error:
        return ("raised", type(error), str(error)), list(_log)
    return ("returned", result), list(_log)


class FindOverride(unittest.TestCase):
    def test_random_calls_ask_whom_numpy_asks(self):
        asked = 0
        for seed in range(4 * _ROUNDS):
            method, args, kwargs = _Calls(seed).any()
            function = getattr(np.add, method)
            expected, log = _outcome(lambda: function(*args, **kwargs))
            got, mine = _outcome(lambda: find_override(np.add, method, tuple(args), kwargs))
            told = f"seed {seed}: {method} {args} {kwargs}"
            self.assertEqual(self._comparable(mine), self._comparable(log), told)
            if got == ("returned", NotImplemented):
                continue  # Nobody overrides: NumPy has computed something, or has refused.
            asked += 1
            if expected[0] == "raised" and "all returned NotImplemented" in expected[2]:
                self.assertEqual(got[:2], expected[:2], told)
                self.assertEqual(sorted(got[2]), sorted(expected[2]), told)
            else:
                self.assertEqual(got, expected, told)
        self.assertGreater(asked, _ROUNDS)

    def _comparable(self, log):
        entries = []
        for cls, number, ufunc, method, inputs, kwargs in log:
            shown = {name: self._identity(value) for name, value in kwargs.items()}
            entries.append((cls, number, ufunc, method, [id(entry) for entry in inputs], shown))
        return entries

    def _identity(self, value):
        return [id(entry) for entry in value] if type(value) is tuple else id(value)

    def test_texts_of_refusals(self):
        with self.assertRaises(TypeError) as caught:
            find_override(np.add, "__call__", (_Silent(), 2), {"casting": "safe"})
        self.assertEqual(
            str(caught.exception),
            "operand type(s) all returned NotImplemented from __array_ufunc__(<ufunc 'add'>, "
            "'__call__', _Silent, 2, casting='safe'): '_Silent', 'int'",
        )
        with self.assertRaises(TypeError) as caught:
            find_override(np.add, "__call__", (1, _Refusing()), {})
        self.assertEqual(
            str(caught.exception),
            "operand '_Refusing' does not support ufuncs (__array_ufunc__=None)",
        )

    def test_arrays_and_scalars_have_none(self):
        plain = (np.ones(2), 1, 2.5, 1j, True, np.float32(1), [1.0], (1.0,), None, "a", b"b")
        plain += (np.ones(2).view(_Array), np.ma.ones(2), np.datetime64(1, "s"))
        for entry in plain:
            self.assertIs(find_override(np.add, "__call__", (entry, entry), {}), NotImplemented)

    def test_what_a_reduction_gets_by_name_is_passed_once(self):
        del _log[:]
        find_override(np.add, "reduce", (), {"array": _First(), "axis": 0})
        (_, _, _, _, inputs, kwargs) = _log[0]
        self.assertEqual((len(inputs), kwargs), (1, {"axis": 0}))


class _Quantity:
    """Wraps an array with a unit, as packages without __array_ufunc__ did."""

    __array_priority__ = 10

    def __init__(self, value, log="quantity"):
        self.value = np.asarray(value)
        self.log = log

    def __array__(self, dtype=None, copy=None):
        return self.value if dtype is None else self.value.astype(dtype)

    def __array_wrap__(self, array, context=None, return_scalar=False):
        _log.append(("wrap", self.log, type(array), array.ndim, _context(context), return_scalar))
        return ("wrapped by", self.log)


class _OldWrap(_Quantity):
    __array_priority__ = 5

    def __array_wrap__(self, array, context=None):
        _log.append(("old wrap", _context(context)))
        return ("wrapped by old", type(array))


class _OldestWrap(_Quantity):
    __array_priority__ = 5

    def __array_wrap__(self, array):
        _log.append(("oldest wrap", type(array)))
        return ("wrapped by oldest", type(array))


class _BadWrap(_Quantity):
    def __array_wrap__(self, array):
        raise TypeError("never")


class _Prepared(np.ndarray):
    __array_priority__ = 3

    def __array_prepare__(self, array, context=None):
        _log.append(("prepare", type(array), _context(context)))
        return array.view(_Prepared)

    def __array_finalize__(self, obj):
        self.tag = getattr(obj, "tag", None)


class _BadPrepare(np.ndarray):
    def __array_prepare__(self, array, context=None):
        return array.reshape(1, -1) if array.ndim else [1]


class _Prior(np.ndarray):
    __array_priority__ = 20.0


class _Low(np.ndarray):
    __array_priority__ = -2e6


class _Below(_Quantity):
    __array_priority__ = -5.0


class _Wrapping(np.ndarray):
    def __array_wrap__(self, array, context=None, return_scalar=False):
        _log.append(("array wraps", type(array), _context(context), return_scalar))
        return array.view(_Wrapping)


class _Reversing(np.ndarray):
    def __array_prepare__(self, array, context=None):
        return array[..., ::-1].view(_Reversing)


def _context(context):
    if context is None:
        return None
    ufunc, args, index = context
    return type(ufunc), [type(entry) for entry in args], index


class Wrapping(unittest.TestCase):
    """A ufunc is called by NumPy, and in the way that a kernel is called."""

    def setUp(self):
        self.one = made_ufuncs.Made(["dd->d"])
        self.two = made_ufuncs.Made(["d->dd"])

    def operand(self, pick):
        value = pick((np.float64(2.0), np.ones(()), np.ones(2), np.ones(1)))
        return pick(
            (
                lambda: value,
                lambda: value,
                lambda: 2.0,
                lambda: [1.0, 2.0],
                lambda: np.ones((1, 2)).view(np.matrix),
                lambda: np.ma.array([1.0, 2.0], mask=[False, True]),
                lambda: _Quantity(value),
                lambda: _Quantity(value, "second"),
                lambda: _OldWrap(value),
                lambda: _OldestWrap(value),
                lambda: _BadWrap(value),
                lambda: np.asarray(value).view(_Array),
                lambda: _Below(value),
                lambda: np.asarray(value).view(_Wrapping),
                lambda: np.asarray(value).view(_Reversing),
                lambda: np.asarray(value).view(_Prior),
                lambda: np.asarray(value).view(_Low),
                lambda: np.asarray(value).view(_Prepared),
                lambda: np.asarray(value).view(_BadPrepare),
                lambda: np.asarray(value).view(np.recarray),
                lambda: np.asarray(value).view(np.memmap),
            )
        )()

    def kernel(self, made, inputs, out, subok):
        """What a kernel does around its loop, which writes nothing here."""
        arrays = [np.asanyarray(entry) for entry in inputs]
        shape = np.broadcast(*arrays).shape
        given = out if type(out) is tuple else (None,) * made.nout
        results = [np.empty(shape) if entry is None else entry for entry in given]
        out = out if type(out) is tuple else None
        results = prepare_outputs(made.ufunc, results, inputs, out, subok)
        return wrap_outputs(made.ufunc, results, inputs, out, subok)

    def test_random_results_are_wrapped_as_numpy_wraps_them(self):
        for seed in range(2 * _ROUNDS):
            pick = random.Random(seed).choice
            made = pick((self.one, self.two))
            inputs = tuple(self.operand(pick) for _ in range(made.nin))
            try:
                shape = np.broadcast(*[np.asanyarray(entry) for entry in inputs]).shape
            except ValueError:
                continue
            out = None
            if pick((True, False, False)):
                kinds = (np.ndarray, np.ndarray, _Array, _Prepared, _Prior, np.memmap, _Wrapping)
                out = tuple(
                    pick((None, np.zeros(shape).view(pick(kinds)))) for _ in range(made.nout)
                )
                if all(entry is None for entry in out):
                    out = None
            subok = pick((True, True, False))
            told = f"seed {seed}: {inputs} {out} {subok}"
            named = {"subok": subok, **({} if out is None else {"out": out})}
            expected = _outcome(lambda: made.ufunc(*inputs, **named))
            got = _outcome(lambda: self.kernel(made, inputs, out, subok))
            self.assertEqual(self.plain(got), self.plain(expected), told)

    def plain(self, outcome):
        """Types and shapes, and not what is in arrays: the loops write nothing."""
        (how, *rest), log = outcome
        if how == "returned":
            results = rest[0] if type(rest[0]) is tuple else (rest[0],)
            rest = [(type(entry), getattr(entry, "shape", entry)) for entry in results]
        return how, rest, log

    @unittest.skipUnless(_VERSION >= (2, 3), "NumPy 2.3")
    def test_arrays_can_be_asked_for(self):
        result = wrap_outputs(self.one.ufunc, [np.ones(())], (1.0, 2.0), None, arrays=True)
        self.assertIs(type(result), np.ndarray)
        del _log[:]
        quantity = _Quantity(1.0)
        wrap_outputs(self.one.ufunc, [np.ones(())], (quantity, 2.0), None, arrays=True)
        mine = list(_log)
        del _log[:]
        self.one.ufunc(quantity, 2.0, out=...)
        self.assertEqual(mine, _log)

    @unittest.skipUnless(_VERSION >= (2, 0), "NumPy 2")
    def test_old_wrapping_warns(self):
        for cls in (_OldWrap, _OldestWrap):
            with self.assertWarnsRegex(DeprecationWarning, "__array_wrap__ must accept context"):
                wrap_outputs(self.one.ufunc, [np.ones(2)], (cls(1.0), 2.0), None)

    def test_reductions_are_wrapped_as_numpy_wraps_them(self):
        for seed in range(_ROUNDS):
            pick = random.Random(seed).choice
            array = self.operand(pick)
            base = np.asanyarray(array)
            if type(base) in (np.matrix, np.ma.MaskedArray):
                continue  # These have methods of their own around np.add.reduce.
            axis = pick((None, 0)) if base.ndim else None
            shape = np.add.reduce(np.asarray(base), axis=axis).shape
            out = pick((None, None, np.zeros(shape), np.zeros(shape).view(_Wrapping)))
            result = np.empty(shape) if out is None else out
            expected = _outcome(lambda: np.add.reduce(array, axis=axis, out=out))
            got = _outcome(lambda: wrap_reduced(result, array, out))
            self.assertEqual(self.plain(got), self.plain(expected), f"seed {seed}: {array!r}")


if __name__ == "__main__":
    unittest.main()
