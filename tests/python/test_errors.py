# SPDX-License-Identifier: Apache-2.0
"""What is raised: by callbacks, by kernels that cannot be run, and what is left afterwards."""
import copy
import pickle
import traceback
import unittest

import life_kernels
import numpy as np

import lanes

# Calls itself for ever.
ENDLESS = """
define double @deep(double %x) noinline {
  %y = fadd double %x, 1.0
  %z = call double @deep(double %y)
  %w = fadd double %z, %x
  ret double %w
}
"""


class Failures(unittest.TestCase):
    """lanes.LanesError: each class, its text, and a client that goes on."""

    @classmethod
    def setUpClass(cls):
        cls.client = lanes.Client(private=True, threads=2)
        cls.addClassCleanup(cls.client.close)
        cls.add = life_kernels.add(cls.client)

    def tearDown(self):
        pid = self.client.executor_pid
        np.testing.assert_array_equal(self.add(np.ones(10), 1.0), np.full(10, 2.0))
        self.assertEqual(self.client.executor_pid, pid, "it is the same executor")

    def test_a_kernel_that_faults(self):
        deep = lanes.from_ir(ENDLESS, "f8(f8)", client=self.client)
        for _ in range(2):
            with self.assertRaisesRegex(lanes.KernelFault, "deep: .*stack") as caught:
                deep(np.ones(1000))
        self.assertEqual(caught.exception.name, "LANES_E_KERNEL_FAULT")
        with self.assertRaises(lanes.KernelFault):
            deep.submit(np.ones(1000)).result(20)

    def test_a_kernel_that_takes_too_long(self):
        self.assertEqual(self.add.__name__, "add")
        linger = life_kernels.linger(self.client)
        with self.assertRaisesRegex(lanes.DeadlineExceeded, "linger: the batch had not finished") as caught:
            linger(np.ones(10), life_kernels.ENDLESS, deadline=0.02)
        self.assertIsInstance(caught.exception, TimeoutError)
        for deadline in (0, -1.0, "soon", float("nan")):
            with self.assertRaisesRegex(ValueError, "deadline is .*; it is a positive number of seconds"):
                self.add(1.0, 2.0, deadline=deadline)

    def test_ir_that_is_none(self):
        for ir, words in (
            ("define double @f(double %x) {\n  ret doubble %x\n}\n", "callback:2:7: error: expected type"),
            ("define double @f(double %x) {\n  %y = call double @system(double %x)\n  ret double %y\n}\n"
             "declare double @system(double)\n", "system"),
            ("define float @f(double %x) {\n  ret float 0.0\n}\n", "its outputs do not fit 'f'"),
        ):  # fmt: skip
            with self.subTest(words), self.assertRaisesRegex(lanes.IRError, words) as caught:
                lanes.from_ir(ir, "f8(f8)", client=self.client)(1.0)
            self.assertIsInstance(caught.exception, ValueError)

    def test_options(self):
        for options, words in (
            ({"errors": "warn"}, "errors is 'warn'; there are 'raise', 'mask' and 'ignore'"),
            ({"priority": "urgent"}, "priority is 'urgent'"),
        ):
            with self.subTest(options), self.assertRaisesRegex(ValueError, words):
                self.add(1.0, 2.0, **options)
        with self.assertRaisesRegex(TypeError, "wher"):
            self.add(1.0, 2.0, wher=True)


class Callbacks(unittest.TestCase):
    """The callback's own exception."""

    @classmethod
    def setUpClass(cls):
        @lanes.vectorize(["f8(f8,i8)"])
        def root(x, k):
            if x < 0:
                raise ValueError("no root of", -1)
            return x ** (1 / k)

        cls.root = root
        cls.x = np.ones((3, 4, 5))
        cls.x[1, 2, 3:] = -1.0

    def test_class_arguments_index_and_count(self):
        with self.assertRaises(ValueError) as caught:
            self.root(self.x, 2)
        error = caught.exception
        self.assertEqual(error.args, ("no root of", -1))
        self.assertEqual((error.index, error.failed, error.elements), ((1, 2, 3), 2, 60))
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        note = "in root(-1.0, 2) at index (1, 2, 3); 2 of 60 elements failed"
        self.assertIn(note, error.__notes__)
        if hasattr(error, "add_note"):  # Python 3.11 and later show them
            self.assertIn(note, text)

    def test_one_of_no_array(self):
        with self.assertRaises(ValueError) as caught:
            self.root(-4.0, 2)
        self.assertEqual((caught.exception.index, caught.exception.failed), ((), 1))

    def test_division_by_zero(self):
        divide = lanes.vectorize(["i8(i8,i8)"], error_model="python")(lambda x, y: x // y)
        with self.assertRaisesRegex(ZeroDivisionError, "division by zero") as caught:
            divide(np.arange(6), np.array([1, 1, 1, 1, 0, 0]))
        self.assertEqual((caught.exception.index, caught.exception.failed), ((4,), 2))

    def test_policies(self):
        out = np.full(self.x.shape, 7.0)
        result, mask = self.root(self.x, 2, out=out, errors="mask")
        self.assertIs(result, out)
        np.testing.assert_array_equal(mask, self.x < 0)
        np.testing.assert_array_equal(out, np.where(self.x < 0, 7.0, 1.0))
        self.root(self.x, 2, out=out, errors="ignore")
        masking = lanes.vectorize(["f8(f8)"], errors="mask")(lambda x: x)
        self.assertFalse(masking(self.x)[1].any())

    def test_pickles(self):
        with self.assertRaises(ValueError) as caught:
            self.root(self.x, 2)
        for error in (caught.exception, lanes.KernelFault(-1, "LANES_E_KERNEL_FAULT", "f: text")):
            for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
                self.assertEqual((type(again), again.args), (type(error), error.args))
                self.assertEqual(vars(again), vars(error))
                self.assertEqual(str(again), str(error))


if __name__ == "__main__":
    unittest.main()
