# SPDX-License-Identifier: Apache-2.0
"""Which argument is which: lanes._arguments against NumPy's complaints."""

import os
import random
import unittest
import warnings

import numpy as np
from lanes._arguments import bind, normal_out

_ROUNDS = int(os.environ.get("LANES_TEST_ROUNDS", "3000"))


class _Asked:
    """Gets what NumPy made of the arguments."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return inputs, kwargs


class Bind(unittest.TestCase):
    """NumPy binds arguments, and refuses them, before it asks for overrides."""

    def test_random_calls_are_bound_as_numpy_binds_them(self):
        for seed in range(4 * _ROUNDS):
            chance = random.Random(seed)
            ufunc = chance.choice((np.add, np.negative, np.divmod, np.modf))
            method = chance.choice(("__call__", "outer", "reduce", "accumulate", "reduceat", "at"))
            first = _Asked()
            values = (None, 1, (None,), (1,), (None, None), (1, None), (), np._NoValue, first)
            args = tuple(chance.choice((first, *values)) for _ in range(chance.randint(0, 8)))
            args = ((first,) + args)[: chance.randint(0, 9)]
            names = ("out", "where", "dtype", "sig", "signature", "axis", "keepdims", "initial")
            names = chance.sample((*names, "casting", "order", "subok", "x"), 2)
            kwargs = {name: chance.choice(values) for name in names[: chance.randint(0, 2)]}
            self._check(ufunc, method, args, kwargs, f"seed {seed}")

    def _check(self, ufunc, method, args, kwargs, told):
        told = f"{told}: {ufunc.__name__}.{method} {args} {kwargs}"
        if not any(type(entry) is _Asked for entry in args):
            return
        expected = self._tried(lambda: getattr(ufunc, method)(*args, **kwargs))
        got = self._tried(lambda: self._bound(ufunc, method, args, kwargs))
        if expected[0] == "returned" and type(expected[1]) is not tuple:
            return
        self.assertEqual(got, expected, told)

    def _bound(self, ufunc, method, args, kwargs):
        inputs, out, options = bind(ufunc, method, args, kwargs)
        if type(out) is tuple:
            options["out"] = out
        return tuple(inputs), options

    def _tried(self, function):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return "returned", function()
        except (TypeError, ValueError) as error:
            return type(error), str(error)

    def test_arguments_are_not_changed(self):
        kwargs = {"out": (None,), "sig": "dd->d"}
        bind(np.add, "__call__", (1, 2), kwargs)
        self.assertEqual(kwargs, {"out": (None,), "sig": "dd->d"})

    def test_out_has_one_entry_for_each_output(self):
        array = np.ones(2)
        self.assertIsNone(normal_out(None, 1))
        self.assertIsNone(normal_out((None, None), 2))
        self.assertEqual(normal_out(array, 1), (array,))
        self.assertEqual(normal_out((None, 3), 2), (None, 3))
        with self.assertRaisesRegex(ValueError, "exactly one entry per ufunc output"):
            normal_out((array, array), 1)
        with self.assertRaisesRegex(TypeError, "'out' must be a tuple of arrays"):
            normal_out(None, 2)


if __name__ == "__main__":
    unittest.main()
