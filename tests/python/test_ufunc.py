# SPDX-License-Identifier: Apache-2.0
"""Kernels beside NumPy's own ufuncs: the same results, layouts and errors, whatever the call.

LANES_CASES is how many random calls each property is tried with (300).
"""
import importlib.util
import os
import random
import unittest
import warnings

import numpy as np

import lanes

CASES = int(os.environ.get("LANES_CASES", "300"))
# In the order of np.add.types.
KINDS = ("?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", "c8", "c16")


def setUpModule():
    lanes.set_copy_policy("auto")


def kernel_like(ufunc, operation, kinds=KINDS):
    """A kernel of the name and the loops of a NumPy ufunc."""
    from lanes import _sources

    parts = ((("T", "x"), ("T", "y")), (("T", "z"),), operation, ufunc.__name__, "", "vector", 0)
    kernels = [_sources._elementwise_kernel(parts, kind) for kind in kinds]
    return _sources.ufunc_of_kernels(ufunc.__name__, kernels, identity=ufunc.identity)


def strides_order(array):
    """Axes by stride, of those that are longer than 1: what `order` decides."""
    axes = [axis for axis in range(array.ndim) if array.shape[axis] > 1]
    return sorted(axes, key=lambda axis: -abs(array.strides[axis]))


class Calls:
    """Random calls, the same for each seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.numpy = np.random.default_rng(seed)

    def shape(self):
        dims = self.random.choice((0, 1, 1, 2, 2, 3, 4))
        return tuple(self.random.choice((1, 2, 3, 5, 17)) for _ in range(dims))

    def broadcastable(self, shape):
        own = tuple(1 if self.random.random() < 0.2 else n for n in shape)
        own = own[self.random.randrange(len(own) + 1) if self.random.random() < 0.3 else 0 :]
        if self.random.random() < 0.04 and own:
            own = (own[0] + 1, *own[1:])  # does not fit
        if self.random.random() < 0.04 and own:
            own = (0, *own[1:])
        return own

    def values(self, shape, kind):
        dtype = np.dtype(kind)
        made = self.numpy.integers(0, 50, shape)
        if dtype.kind in "fc":
            made = made + self.numpy.random(shape)
        return np.asarray(made).astype(dtype)

    def laid_out(self, values):
        """The same values in some layout, in shared or in private memory."""
        shape = values.shape
        make = lanes.empty if self.random.random() < 0.7 else np.empty
        choice = self.random.randrange(7)
        if choice == 0 or not shape:
            array = make(shape, values.dtype)
        elif choice == 1:
            array = make(shape, values.dtype, order="F")
        elif choice == 2:
            array = make(tuple(2 * n for n in shape), values.dtype)[tuple(slice(None, None, 2) for _ in shape)]
        elif choice == 3:
            array = make(shape, values.dtype)[tuple(slice(None, None, -1) for _ in shape)]
        elif choice == 4:
            axes = self.random.sample(range(len(shape)), len(shape))
            array = make(tuple(shape[a] for a in axes), values.dtype).transpose(np.argsort(axes))
        elif choice == 5:  # not aligned
            raw = make((values.nbytes + 1,), np.uint8)
            array = raw[1:].view(values.dtype).reshape(shape)
        else:
            array = make(shape, values.dtype.newbyteorder()) if values.dtype.itemsize > 1 else make(shape, values.dtype)
        array[...] = values
        return array

    def operand(self, shape, kind):
        if self.random.random() < 0.15:
            scalars = (3, 2.5, True, np.float32(1.5), np.int16(7), [1, 2], 1 + 2j)
            return self.random.choice(scalars)
        return self.laid_out(self.values(self.broadcastable(shape), kind))

    def keywords(self, shape):
        given = {}
        if self.random.random() < 0.3:
            given["where"] = self.random.choice(
                (True, False, self.numpy.random(self.broadcastable(shape)) < 0.5)
            )
        if self.random.random() < 0.3:
            given["order"] = self.random.choice("KCFA")
        if self.random.random() < 0.3:
            given["casting"] = self.random.choice(("no", "equiv", "safe", "same_kind", "unsafe"))
        if self.random.random() < 0.15:
            given["dtype"] = self.random.choice(KINDS)
        return given

    def output(self, shape):
        choice = self.random.random()
        if choice < 0.5:
            return None
        return self.laid_out(self.values(shape, self.random.choice(KINDS)))


def outcome(function, *args, **kwargs):
    """(result, None) or (None, exception)"""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return function(*args, **kwargs), None
        except Exception as error:  # whatever NumPy raises
            return None, error


class BesideNumPy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.add = kernel_like(np.add, "z = x + y")

    def compare(self, got, wanted, where=None):
        (result, error), (expected, refusal) = got, wanted
        if refusal is not None or error is not None:
            self.assertIsNotNone(refusal, f"NumPy does it, lanes says {error!r}")
            self.assertIsNotNone(error, f"NumPy says {refusal!r}, lanes does it")
            self.assertEqual(type(error), type(refusal), f"{error!r}, NumPy: {refusal!r}")
            self.assertEqual(str(error), str(refusal))
            return
        self.assertEqual(type(result), type(expected))
        self.assertEqual(result.dtype, expected.dtype)
        self.assertEqual(result.shape, expected.shape)
        mask = True if where is None else np.broadcast_to(where, expected.shape)
        np.testing.assert_array_equal(np.where(mask, result, 0), np.where(mask, expected, 0))

    def test_random_calls(self):
        for seed in range(CASES):
            with self.subTest(seed=seed):
                calls = Calls(seed)
                shape = calls.shape()
                x, y = (calls.operand(shape, calls.random.choice(KINDS)) for _ in range(2))
                given = calls.keywords(shape)
                out = calls.output(shape)
                mine = np.add(0, 0) if out is None else out.copy(order="K")
                got = outcome(self.add, x, y, **given, **({} if out is None else {"out": out}))
                wanted = outcome(np.add, x, y, **given, **({} if out is None else {"out": mine}))
                self.compare(got, wanted, given.get("where") if out is None else None)
                if out is None and wanted[1] is None and isinstance(wanted[0], np.ndarray):
                    self.assertEqual(strides_order(got[0]), strides_order(wanted[0]))

    def test_random_overlaps(self):
        for seed in range(CASES):
            with self.subTest(seed=seed):
                calls = Calls(seed)
                base = calls.values((40,), "f8")
                mine, theirs = lanes.asarray(base.copy()), base.copy()
                slices = []
                for _ in range(3):
                    step = calls.random.choice((1, 1, 2, -1))
                    start = calls.random.randrange(12) + (12 if step < 0 else 0)
                    slices.append(slice(start, start + 10 * step if start + 10 * step >= 0 else None, step))
                where = calls.numpy.random(10) < 0.8 if calls.random.random() < 0.4 else True
                for ufunc, memory in ((self.add, mine), (np.add, theirs)):
                    x, y, out = (memory[s] for s in slices)
                    ufunc(x, y, out=out, where=where)
                np.testing.assert_array_equal(mine, theirs)

    def test_where_that_overlaps_the_output(self):
        mine, theirs = (np.resize([False, True, True], 12) for _ in range(2))
        mine = lanes.asarray(mine)
        for ufunc, memory in ((self.add, mine), (np.add, theirs)):
            ufunc(memory[1:], memory[:-1], out=memory[1:], where=memory[:-1])
        np.testing.assert_array_equal(mine, theirs)

    def test_interlocked_operands(self):
        mine, theirs = (np.arange(200.0) for _ in range(2))
        mine = lanes.asarray(mine)
        for ufunc, memory in ((self.add, mine), (np.add, theirs)):
            ufunc(memory[0:60:6], 1.0, out=memory[1:101:10])
        self.add.submit(mine[0:60:6], 1.0, out=mine[1:101:10]).result()
        np.testing.assert_array_equal(mine, theirs)

    def test_random_reductions(self):
        for seed in range(CASES):
            with self.subTest(seed=seed):
                calls = Calls(seed)
                shape = calls.shape()
                array = calls.laid_out(calls.values(shape, calls.random.choice(("i8", "i8", "u8"))))
                given = {"keepdims": calls.random.random() < 0.3}
                axes = range(-len(shape), len(shape))
                choice = calls.random.randrange(4)
                if choice == 0:
                    given["axis"] = None
                elif choice == 1 and shape:
                    given["axis"] = calls.random.choice(axes)
                elif choice == 2 and shape:
                    given["axis"] = tuple(calls.random.sample(axes, calls.random.randrange(len(shape) + 1)))
                elif choice == 3:
                    given["axis"] = len(shape) + 1
                if calls.random.random() < 0.3:
                    given["where"] = calls.numpy.random(shape) < 0.5
                if calls.random.random() < 0.3:
                    given["initial"] = calls.random.choice((0, 7))
                if calls.random.random() < 0.2:
                    given["dtype"] = calls.random.choice(("f8", "i8", "c16"))
                self.compare(outcome(self.add.reduce, array, **given), outcome(np.add.reduce, array, **given))

    def test_random_accumulations(self):
        for seed in range(CASES):
            with self.subTest(seed=seed):
                calls = Calls(seed)
                shape = calls.shape()
                array = calls.laid_out(calls.values(shape, "i8"))
                given = {}
                if calls.random.random() < 0.7:
                    given["axis"] = calls.random.randrange(-3, 3)
                self.compare(
                    outcome(self.add.accumulate, array, **given), outcome(np.add.accumulate, array, **given)
                )

    def test_reductions_without_identity(self):
        largest = kernel_like(np.maximum, "z = x > y ? x : y", ("i8", "f8"))
        for shape, axis in (((5,), 0), ((3, 4), 1), ((3, 4), None), ((0, 4), 0), ((0, 4), 1), ((3, 4), (0, 1))):
            with self.subTest(shape=shape, axis=axis):
                values = np.arange(np.prod(shape)).reshape(shape)[::-1].copy()
                wanted = outcome(np.maximum.reduce, values, axis=axis)
                largest._identity = "reorderable"
                self.compare(outcome(largest.reduce, values, axis=axis), wanted)
        largest._identity = None
        with self.assertRaisesRegex(ValueError, "not reorderable, so at most one axis"):
            largest.reduce(np.ones((2, 2)), axis=(0, 1))

    def test_outer(self):
        a, b = np.arange(6.0).reshape(2, 3), np.arange(4.0)
        np.testing.assert_array_equal(self.add.outer(a, b), np.add.outer(a, b))
        np.testing.assert_array_equal(self.add.outer(a, 3), np.add.outer(a, 3))

    def test_what_is_refused(self):
        for method in ("at", "reduceat"):
            with self.assertRaisesRegex(NotImplementedError, f"add.{method}.. is not supported"):
                getattr(self.add, method)(np.ones(4), [0, 2], 1.0)

    def test_more_dimensions_than_batches_have(self):
        x = np.arange(2.0**10).reshape((2,) * 10)
        np.testing.assert_array_equal(self.add(x, x.T), np.add(x, x.T))
        out = lanes.zeros(x.shape)
        self.add(x, 1.0, out=out, where=x > 100)
        np.testing.assert_array_equal(out, np.where(x > 100, x + 1, 0))


class FloatingPoint(unittest.TestCase):
    """np.errstate decides, and nothing false is said."""

    @classmethod
    def setUpClass(cls):
        cls.divide = lanes.from_c("double divide(double x, double y) { return x / y; }")
        cls.guarded = lanes.from_c("double guarded(double x, double y) { return y != 0 ? x / y : 0; }")

    def told(self, function, *args, **kwargs):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            function(*args, **kwargs)
        return sorted(str(w.message) for w in told)

    def test_warnings_are_numpys_and_point_at_the_caller(self):
        x = lanes.asarray(np.array([1.0, 0.0, 2.0]))
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            self.divide(x, 0.0)
        self.assertEqual(
            sorted(str(w.message) for w in told),
            ["divide by zero encountered in divide", "invalid value encountered in divide"],
        )
        self.assertEqual({(w.category, w.filename) for w in told}, {(RuntimeWarning, __file__)})

    def test_branches_that_are_not_taken_say_nothing(self):
        x = lanes.asarray(np.arange(100_000) % 7 * 1.0)
        self.assertEqual(self.told(self.guarded, x, x), [])
        self.assertEqual(self.told(self.divide, x, x, where=x != 0, out=lanes.zeros(x.size)), [])

    def test_a_plan_of_an_earlier_call_asks_as_well(self):
        x, y = lanes.ones(100), lanes.ones(100)
        for _ in range(3):
            self.assertEqual(self.told(self.divide, x, y), [])
        y[3] = 0
        for _ in range(3):
            self.assertEqual(self.told(self.divide, x, y), ["divide by zero encountered in divide"])

    def test_raise_call_log_and_ignore(self):
        x = lanes.ones(1000)
        with np.errstate(divide="raise"):
            with self.assertRaisesRegex(FloatingPointError, "divide by zero encountered in divide"):
                self.divide(x, 0.0)
        with np.errstate(all="ignore"):
            self.assertEqual(self.told(self.divide, x, 0.0), [])
        heard = []
        with np.errstate(divide="call", call=lambda words, flag: heard.append((words, flag))):
            self.divide(x, 0.0)
        self.assertEqual(heard, [("divide by zero", 1)])


class OwnError(Exception):
    """Of __main__, if this file is run: cloudpickle then pickles it by value."""


@unittest.skipUnless(importlib.util.find_spec("numba"), "Numba is not installed")
class Exceptions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        def root(x):
            if x < 0:
                raise ValueError("negative")
            return x**0.5

        cls.root = lanes.vectorize(["f8(f8)"])(root)

    def test_class_arguments_index_count_and_note(self):
        x = lanes.ones((3, 4, 5))
        x[1, 2, 3] = x[2, 0, 0] = -4
        with self.assertRaises(ValueError) as caught:
            self.root(x)
        error = caught.exception
        self.assertEqual(error.args, ("negative",))
        self.assertEqual((error.index, error.failed, error.elements), ((1, 2, 3), 2, 60))
        self.assertEqual(
            error.__notes__, ["in root(-4.0) at index (1, 2, 3); 2 of 60 elements failed"]
        )

    def test_elements_that_fail_keep_their_output(self):
        x = lanes.asarray(np.array([4.0, -1.0, 9.0]))
        for make in (lanes.full, np.full):
            out = make(3, 7.0)
            result, failed = self.root(x, out=out, errors="mask")
            self.assertIs(result, out)
            np.testing.assert_array_equal(out, [2, 7, 3])
            np.testing.assert_array_equal(failed, [False, True, False])
            with self.assertRaises(ValueError):
                self.root(x, out=out)
            np.testing.assert_array_equal(self.root(x, out=out, errors="ignore"), [2, 7, 3])

    def test_classes_of_main_and_of_functions(self):
        class LocalError(OwnError):
            pass

        LocalError.__module__ = OwnError.__module__ = "__main__"
        for kind in (OwnError, LocalError):

            def refuse(x):
                if x > 0:
                    raise kind("too large", 7)
                return x

            with self.assertRaises(kind) as caught:
                lanes.vectorize(refuse)(np.arange(3.0))
            self.assertIs(type(caught.exception), kind)
            self.assertEqual(caught.exception.args, ("too large", 7))
            self.assertEqual((caught.exception.index, caught.exception.failed), ((1,), 2))

    def test_scalars_have_an_empty_index(self):
        with self.assertRaises(ValueError) as caught:
            self.root(-1.0)
        self.assertEqual(caught.exception.index, ())

    def test_wrong_options_are_named(self):
        with self.assertRaisesRegex(ValueError, "errors is 'loud'; there are"):
            self.root(1.0, errors="loud")
        with self.assertRaisesRegex(ValueError, "deadline is -1"):
            self.root(1.0, deadline=-1)
        with self.assertRaisesRegex(TypeError, r"root\(\) got an unexpected keyword argument 'axis'"):
            self.root(1.0, axis=0)


class Rows(unittest.TestCase):
    def test_generalized(self):
        total = lanes.from_ir(
            lanes_ir_of("double total(int n, const double *x, void *unused) "
                        "{ double s = 0; for (int i = 0; i < n; i++) s += x[i]; return s; }"),
            "f8(f8[:])", convention="scipy",
        )  # fmt: skip
        self.assertEqual(total.signature, "(n)->()")
        x = np.arange(24.0).reshape(2, 3, 4)
        np.testing.assert_array_equal(total(x), x.sum(axis=-1))
        np.testing.assert_array_equal(total(x[::-1, ::2]), x[::-1, ::2].sum(axis=-1))


def lanes_ir_of(source):
    from lanes import _sources

    return _sources.compile_c(source)


if __name__ == "__main__":
    unittest.main()
