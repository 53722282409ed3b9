# SPDX-License-Identifier: Apache-2.0
"""Shapes, memory and overlap of operands: lanes._shape against what NumPy does."""

import os
import random
import unittest
import warnings

import made_ufuncs
import numpy as np
from lanes import _shape
from lanes._arguments import bind

_VERSION = tuple(int(part) for part in np.__version__.split(".")[:2])
_ROUNDS = int(os.environ.get("LANES_TEST_ROUNDS", "3000"))


def _tried(function):
    """What was returned, or the class and text of what was raised."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function()
    except (TypeError, ValueError, IndexError) as error:
        return type(error), str(error)


class _Operands:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.pick = self.random.choice
        self.full = [self.pick((0, 1, 2, 2, 3, 4)) for _ in range(self.random.randint(0, 4))]

    def shape(self, fit=0.9):
        """One that mostly fits the others."""
        if self.random.random() > fit:
            return [self.pick((0, 1, 2, 3)) for _ in range(self.random.randint(0, 4))]
        shape = self.full[self.random.randint(0, len(self.full)) if self.pick((0, 1)) else 0 :]
        return [1 if self.random.random() < 0.2 else length for length in shape]

    def array(self, dtype="d", fit=0.9, shape=None):
        """An array in any layout."""
        shape = self.shape(fit) if shape is None else shape
        axes = list(range(len(shape)))
        if self.pick((0, 1)):
            self.random.shuffle(axes)
        lengths = [shape[axis] for axis in axes]
        steps = [self.pick((1, 1, 1, 2, -1)) for _ in lengths]
        base = np.zeros([n * abs(step) for n, step in zip(lengths, steps)], dtype)
        view = base[tuple(slice(None, None, step) for step in steps)]
        array = view.transpose(np.argsort(axes)) if axes else view
        if self.random.random() < 0.1:
            array = np.broadcast_to(np.zeros((), dtype), shape)
        return array

    def out(self):
        array = np.array(self.array(fit=0.95), order="K", copy=True)
        if self.random.random() < 0.1:
            array.flags.writeable = False
        return array


def _layout(array):
    """Shape and strides; those of one element do not count."""
    strides = [s if n > 1 else None for n, s in zip(array.shape, array.strides)]
    return array.shape, strides if array.size else None, array.dtype


class Calls(unittest.TestCase):
    def setUp(self):
        self.made = {
            (2, 1): made_ufuncs.Made(["dd->d"]),
            (1, 2): made_ufuncs.Made(["d->dd"]),
            (3, 1): made_ufuncs.Made(["ddd->d"]),
        }

    def mine(self, ufunc, args, options):
        inputs, out, options = bind(ufunc, "__call__", args, options)
        arrays = _shape.input_arrays(inputs)
        outs = _shape.output_arrays(out, ufunc.nout)
        where = _shape.where_array(options.get("where", True))
        _shape.check_options(options, out)
        order = options.get("order", "K")
        _, outputs = _shape.broadcast(arrays, outs, where, ["d"] * ufunc.nout, order=order)
        return [_layout(array) for array in outputs]

    def theirs(self, ufunc, args, options):
        results = ufunc(*args, **options)
        results = results if type(results) is tuple else (results,)
        return [_layout(np.asarray(entry)) for entry in results]

    def test_random_calls_have_the_shapes_layouts_and_refusals_of_numpy(self):
        for seed in range(4 * _ROUNDS):
            operands = _Operands(seed)
            pick = operands.pick
            (nin, nout), made = pick(list(self.made.items()))
            args = tuple(pick((operands.array, operands.array, float))() for _ in range(nin))
            options = {}
            if pick((0, 0, 1)):
                options["out"] = tuple(pick((operands.out(), None)) for _ in range(nout))
            if pick((0, 0, 1)):
                options["where"] = pick((True, operands.array("?"), operands.array("?"), [1, 0]))
            if pick((0, 0, 1)):
                options["order"] = pick(("C", "F", "A", "K", "k", None, "Z"))
            expected = _tried(lambda: self.theirs(made.ufunc, args, options))
            got = _tried(lambda: self.mine(made.ufunc, args, options))
            shapes = [getattr(entry, "shape", entry) for entry in args]
            self.assertEqual(got, expected, f"seed {seed}: {shapes} {options}")

    def test_refusals_have_the_texts_of_numpy(self):
        add = np.add
        three = np.ones(3)
        cases = [
            ((three, np.ones(4)), {}),
            ((np.ones((2, 3)), 1.0), {"out": np.ones(3)}),
            ((1.0, 2.0), {"out": [1.0]}),
            ((1.0, 2.0), {"out": (...,)}),
            ((1.0, 2.0), {"where": np.ones(3)}),
            ((three, 2.0), {"where": "x"}),
            ((three, 2.0), {"where": [1.5, 0, 1]}),
            ((three, 2.0), {"where": [[1], [1, 2]]}),
            (([[1.0], [1.0, 2.0]], 2.0), {}),
            ((1.0, 2.0), {"order": 3}),
            ((1.0, 2.0), {"order": "Fortran"}),
            ((1.0, 2.0), {"subok": 1}),
            ((1.0, 2.0), {"subok": None}),
            ((1.0, 2.0), {"out": three, "order": "F"}),
            ((np.ones((1,) * 20), np.ones((1,) * 31)), {}),
        ]
        for args, options in cases:
            with self.subTest(args=args, options=options):
                expected = _tried(lambda: self.theirs(add, args, options))
                got = _tried(lambda: self.mine(add, args, options))
                self.assertEqual(got, expected)

    def test_everything_is_allocated_through_the_callable(self):
        calls = []

        def allocate(function, *args, **kwargs):
            calls.append(function)
            return function(*args, **kwargs)

        _shape.broadcast([np.ones(3)], [None, None], None, ["d", "d"], allocate=allocate)
        _shape.Reduction("f", np.ones((2, 3)), None, {}, identity=0).result("d", allocate)
        _shape.empty_like(np.ones((2, 3)), "d", allocate)
        self.assertEqual(len(calls), 3)

    @unittest.skipUnless(_VERSION >= (2, 4), "NumPy 2.4 warns")
    def test_where_without_out_warns(self):
        with self.assertWarnsRegex(UserWarning, "'where' used without 'out'"):
            _shape.check_options({"where": np.ones(3, bool)}, None)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            _shape.check_options({"where": True}, None)
            _shape.check_options({"where": np.ones(3, bool)}, (np.ones(3),))

    def test_outer_is_the_outer_of_numpy(self):
        for first, second in ((np.ones((2, 3)), np.ones(4)), (1.0, [1.0, 2.0]), (2.0, 3.0)):
            left, right = _shape.outer_inputs("add", (first, second))
            expected = np.add.outer(first, second)
            self.assertEqual(np.add(left, right).shape, np.shape(expected))
        many = np.ones((1,) * (_shape.MAX_DIMS - 1))
        expected = _tried(lambda: np.add.outer(many, np.ones((1, 1))))
        self.assertEqual(_tried(lambda: _shape.outer_inputs("add", (many, [[1.0]]))), expected)
        with self.assertRaisesRegex(TypeError, "was passed a numpy matrix as second argument"):
            _shape.outer_inputs("add", (1.0, np.ones((1, 1)).view(np.matrix)))

    def test_what_is_not_there_says_what_is(self):
        with self.assertRaisesRegex(NotImplementedError, r"a\[indices\] = f\(a\[indices\], b\)"):
            _shape.refuse_at("f")
        with self.assertRaisesRegex(NotImplementedError, r"use f\.reduce\(\)"):
            _shape.refuse_reduceat("f")


class Reductions(unittest.TestCase):
    _UFUNCS = ((np.add, 0, False), (np.maximum, None, True), (np.subtract, None, False))

    def mine(self, ufunc, identity, reorderable, args, options):
        (given,), out, options = bind(ufunc, "reduce", args, options)
        reduction = _shape.Reduction(
            ufunc.__name__, given, out, options, identity=identity, reorderable=reorderable
        )
        result, spread = reduction.result("d")
        self.assertTrue(result.size == 0 or np.shares_memory(result, spread))
        kept = [1 if at in reduction.axes else n for at, n in enumerate(reduction.array.shape)]
        self.assertEqual(list(spread.shape), kept)
        if reduction.where is not None:
            self.assertEqual(reduction.where.shape, reduction.array.shape)
        return _layout(result)

    def theirs(self, ufunc, args, options):
        result = ufunc.reduce(*args, **options)
        return _layout(np.asarray(result))

    def test_random_reductions_have_the_shapes_layouts_and_refusals_of_numpy(self):
        fitting = 0
        for seed in range(4 * _ROUNDS):
            operands = _Operands(seed)
            pick = operands.pick
            ufunc, identity, reorderable = pick(self._UFUNCS)
            array = operands.array(fit=1)
            options = self.options(operands, array)
            expected = _tried(lambda: self.theirs(ufunc, (array,), options))
            got = _tried(lambda: self.mine(ufunc, identity, reorderable, (array,), options))
            told = f"seed {seed}: {ufunc.__name__} {array.shape} {array.strides} {options}"
            fitting += type(expected[0]) is tuple
            if type(expected[1]) is str and "out" in options and len(options) > 1:
                # Where two things are wrong, it does not matter which is complained about.
                self.assertEqual(got[0], expected[0], told)
                continue
            self.assertEqual(got, expected, told)
        self.assertGreater(fitting, _ROUNDS)

    def test_outputs_that_do_not_fit_are_refused_as_by_numpy(self):
        array = np.ones((2, 3, 4))
        for shape in ((2, 1), (1, 4), (1, 1), (2, 5), (3, 4), (3,), (2, 4, 1), (2, 4)):
            options = {"axis": 1, "out": np.zeros(shape)}
            self.compare(array, options)
        for shape in ((2, 3, 4), (2, 2, 4), (1, 1, 4), (2, 1, 1), (3, 1, 4), (2, 4), (2, 1, 4)):
            options = {"axis": 1, "keepdims": True, "out": np.zeros(shape)}
            self.compare(array, options)
        for where in ((5,), (2, 2, 3, 4), (3, 1), (1, 3, 4)):
            self.compare(array, {"axis": 1, "where": np.ones(where, bool)})
        self.compare(array[:, :1], {"axis": 1, "where": np.ones((7, 1), bool)})

    def compare(self, array, options):
        expected = _tried(lambda: self.theirs(np.add, (array,), options))
        got = _tried(lambda: self.mine(np.add, 0, True, (array,), options))
        self.assertEqual(got, expected, {name: np.shape(options[name]) for name in options})

    def options(self, operands, array):
        pick = operands.pick
        options = {}
        if pick((0, 1)):
            axes = [operands.random.randint(-4, 3) for _ in range(pick((0, 1, 2, 2, 3)))]
            if pick((0, 1, 1)):
                axes = operands.random.sample(range(array.ndim), min(array.ndim, len(axes)))
            options["axis"] = pick((tuple(axes), tuple(axes), None, *axes))
        if pick((0, 0, 1)):
            options["keepdims"] = pick((True, False, 1, 0))
        if pick((0, 0, 1)):
            options["initial"] = pick((None, 3.0, np._NoValue))
        if pick((0, 0, 0, 1)):
            options["where"] = pick((True, operands.array("?"), operands.array("?")))
        if pick((0, 0, 1)):
            options["out"] = self.out(operands, array, options)
        return options

    def out(self, operands, array, options):
        if operands.random.random() < 0.3:
            return operands.out()
        axes = options.get("axis", 0)
        axes = range(array.ndim) if axes is None else axes if type(axes) is tuple else (axes,)
        if options.get("keepdims") in (True, 1):
            shape = [1 if at in axes else n for at, n in enumerate(array.shape)]
        else:
            shape = [n for at, n in enumerate(array.shape) if at not in axes]
        return np.zeros(shape)

    def test_axes_that_are_none_are_refused_as_by_numpy(self):
        array = np.ones((2, 3, 4))
        for axis in (1.0, [0], "x", True, (0, 1.0), (0,) * 70, (0, 0), 3, -4, np.int8(1), (-1, 2)):
            options = {"axis": axis}
            expected = _tried(lambda: self.theirs(np.add, (array,), options))
            got = _tried(lambda: self.mine(np.add, 0, True, (array,), options))
            self.assertEqual(got, expected, axis)
        for axis in (0, -1, 1, (0,), (), None, False, True):
            options = {"axis": axis}
            expected = _tried(lambda: self.theirs(np.add, (5.0,), options))
            got = _tried(lambda: self.mine(np.add, 0, True, (5.0,), options))
            self.assertEqual(got, expected, axis)
        for keepdims in (1.0, "x", None, [1]):
            with self.assertRaises(TypeError):
                self.mine(np.add, 0, True, (array,), {"keepdims": keepdims})
        self.compare(array, {"keepdims": 1.0})
        for out in (3, (3,), [1], (1, 2)):
            options = {"out": out}
            expected = _tried(lambda: self.theirs(np.add, (array,), options))
            got = _tried(lambda: self.mine(np.add, 0, True, (array,), options))
            self.assertEqual(got, expected, out)

    def test_accumulations_are_refused_and_laid_out_as_by_numpy(self):
        for seed in range(_ROUNDS):
            operands = _Operands(seed)
            array = operands.array(fit=1)
            options = {"axis": operands.pick((0, 1, -1, 2, (0,), (1, 0), None, 0.5))}
            if operands.pick((0, 0, 1)):
                options["out"] = operands.pick((np.zeros(array.shape), 3, operands.out()))
            told = f"seed {seed}: {array.shape} {array.strides} {options}"

            def mine():
                (given,), out, more = bind(np.add, "accumulate", (array,), options)
                data, axis, out = _shape.accumulation(given, out, more)
                self.assertTrue(0 <= axis < data.ndim)
                return _layout(_shape.empty_like(data, "d") if out is None else out)

            got = _tried(mine)
            if isinstance(options.get("out"), np.ndarray) and options["out"].shape != array.shape:
                # NumPy reads past the array's end here.
                self.assertTrue(issubclass(got[0], (ValueError, TypeError)), told)
                continue
            if isinstance(options.get("out"), np.ndarray) and not options["out"].flags.writeable:
                # NumPy writes to it if there is one dimension only.
                self.assertTrue(issubclass(got[0], (ValueError, TypeError)), told)
                continue
            expected = _tried(lambda: _layout(np.add.accumulate(array, **options)))
            self.assertEqual(got, expected, told)


class Overlap(unittest.TestCase):
    def _view(self, chance, base):
        ndim = chance.randint(1, 2)
        shape = [chance.randint(1, 4) for _ in range(ndim)]
        strides = [8 * chance.choice((1, 2, 3, 4, -1, -2)) for _ in range(ndim)]
        if chance.random() < 0.1:
            strides[0] = 0
        low = sum(min(0, s * (n - 1)) for n, s in zip(shape, strides))
        high = sum(max(0, s * (n - 1)) for n, s in zip(shape, strides))
        first = chance.randint(-low, base.nbytes - high - 8) // 8 * 8
        if first + low < 0:
            first += 8
        return np.ndarray(shape, "d", base, first, strides)

    def test_random_outputs_are_copied_where_numpy_copies_them(self):
        kinds = set()
        for seed in range(4 * _ROUNDS):
            chance = random.Random(seed)
            base = np.zeros(40)
            out = self._view(chance, base)
            array = self._view(chance, base)
            if chance.random() < 0.3:
                array = out[...]
            try:
                if np.broadcast_shapes(array.shape, out.shape) != out.shape:
                    continue
            except ValueError:
                continue
            flags = [["readonly", "overlap_assume_elementwise"]]
            flags.append(["writeonly", "overlap_assume_elementwise", "updateifcopy"])
            options = ["multi_index", "copy_if_overlap"]
            with np.nditer([array, out], options, flags) as iterator:
                expected = not np.may_share_memory(iterator.operands[1], out)
            got = _shape.must_copy(out, array, max_work=1)
            if got == expected:
                kinds.add((got, array.shape == out.shape))
                continue
            # Elements that are the same ones though the shapes differ are no reason to copy,
            # and whether an output overlaps itself is not always found out exactly.
            same = _shape._places(out) == _shape._places(array)
            self.assertTrue(same and expected != got, f"seed {seed}: {out} {array}")
            self.assertTrue(got == _shape.overlaps_itself(out))
        self.assertEqual(len(kinds), 4)

    def test_overlap_of_an_array_with_itself_is_never_missed(self):
        for seed in range(2 * _ROUNDS):
            view = self._view(random.Random(seed), np.zeros(40))
            places = {
                sum(at * stride for at, stride in zip(index, view.strides))
                for index in np.ndindex(*view.shape)
            }
            if len(places) < view.size:
                self.assertTrue(_shape.overlaps_itself(view), f"{view.shape} {view.strides}")
            elif view.ndim == 1:
                self.assertFalse(_shape.overlaps_itself(view), f"{view.shape} {view.strides}")
        apart = np.zeros((4, 5))
        for view in (apart[::-1, ::2], apart.T[:, ::-2], apart[:, ::-1], apart[:, :2]):
            self.assertFalse(_shape.overlaps_itself(view))
        self.assertFalse(_shape.overlaps_itself(np.broadcast_to(np.ones(()), (3, 0))))

    def test_what_is_copied_for_a_call(self):
        a = np.zeros(10)
        b = np.zeros(10)
        mask = np.zeros(10, bool)
        cases = [
            (([a], [a], None), []),
            (([a, b], [a], None), []),
            (([a[:-1]], [a[1:]], None), [0]),
            (([a[::-1]], [a], None), [0]),
            (([a.view("l")], [a], None), [0]),
            (([b], [a[::2]], None), []),
            (([a[1::2]], [a[::2]], None), []),
            (([a[:1]], [a], None), [0]),
            (([b], [mask], mask), [0]),
            (([b], [a], mask), []),
            (([b], [a, a], None), [1]),
            (([b], [a[1:], a[:-1]], None), [1]),
            (([b], [a[:5], a[5:]], None), []),
            (([a], [None, b], None), []),
            (([b], [np.lib.stride_tricks.as_strided(a, (3, 3), (8, 8))], None), [0]),
            (([a.reshape(1, 10)], [a], None), []),
        ]
        for (arrays, outs, where), expected in cases:
            self.assertEqual(_shape.temporaries(arrays, outs, where), expected)

    def test_what_takes_too_long_to_find_out_is_copied(self):
        base = np.zeros(100000, "b")
        one = np.lib.stride_tricks.as_strided(base[1:], (30, 30, 30, 2), (101, 503, 1009, 7))
        other = np.lib.stride_tricks.as_strided(base, (30, 30, 30, 2), (103, 499, 1013, 11))
        self.assertTrue(_shape.must_copy(one, other, max_work=1))


if __name__ == "__main__":
    unittest.main()
