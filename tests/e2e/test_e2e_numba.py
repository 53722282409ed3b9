# SPDX-License-Identifier: Apache-2.0
"""Numba's callbacks through `lanes run`: results, errors, types, shapes."""
import json
import math
import unittest

import e2elib
import numpy
from e2elib import ir_kernel, numba_kernel

COUNT = 10_007  # not a multiple of any vector length


def scalar_map(function, *arrays):
    """What Python's own floats and the math module say."""
    return numpy.array([function(*row) for row in zip(*(a.tolist() for a in arrays))])


class NumbaResults(e2elib.LanesTest):
    def setUp(self):
        super().setUp()
        self.random = numpy.random.default_rng(20)

    def uniform(self, name, low, high, count=COUNT):
        values = self.random.uniform(low, high, count)
        return values, self.save(name, values)

    def test_axpy(self):
        x, x_file = self.uniform("x.npy", -10, 10)
        y, y_file = self.uniform("y.npy", -10, 10)
        got, report = self.run_lanes(numba_kernel("axpy"), x_file, y_file)
        # Contraction to fma is the only freedom, and lanes does not take it.
        numpy.testing.assert_array_equal(got, 2.5 * x + y)
        self.assertEqual(report["schema"], "lanes.run/1")
        self.assertEqual(report["elements"], COUNT)
        self.assertEqual(report["failed"], 0)
        self.assertIsNone(report["first_failed"])
        self.assertEqual(report["strategy"], "loop")
        self.assertGreaterEqual(report["vector_width"], e2elib.expected_width(8))
        self.assertGreaterEqual(report["threads"], 1)
        for name in ("run_ns", "queued_ns", "compile_ns"):
            self.assertGreater(report[name], 0, name)

    def test_exp_times(self):
        x, x_file = self.uniform("x.npy", -20, 20)
        y, y_file = self.uniform("y.npy", 0.5, 2)
        wanted = scalar_map(lambda a, b: math.exp(-a) * b, x, y)
        for math_mode, limit in (("vector", 5), ("exact", 1)):
            got, _ = self.run_lanes(
                numba_kernel("exp_times"), x_file, y_file, options=["--math", math_mode]
            )
            self.assert_within_ulp(got, wanted, limit)

    def test_black_scholes(self):
        spot, spot_file = self.uniform("spot.npy", 50, 150)
        strike, strike_file = self.uniform("strike.npy", 50, 150)
        years, years_file = self.uniform("years.npy", 0.1, 3)

        def price(s, k, t):
            spread = 0.2 * math.sqrt(t)
            d1 = (math.log(s / k) + (0.03 + 0.5 * 0.2 * 0.2) * t) / spread
            cdf1 = 0.5 * math.erfc(-d1 / math.sqrt(2.0))
            cdf2 = 0.5 * math.erfc(-(d1 - spread) / math.sqrt(2.0))
            return s * cdf1 - k * math.exp(-0.03 * t) * cdf2

        got, report = self.run_lanes(
            numba_kernel("black_scholes"), spot_file, strike_file, years_file
        )
        # The last subtraction cancels, so errors are measured by its operands.
        error = numpy.abs(got - scalar_map(price, spot, strike, years)) / spot
        self.assertLess(error.max(), 1e-14)
        self.assertGreaterEqual(report["vector_width"], e2elib.expected_width(8))

    def test_haversine(self):
        files, values = [], []
        for name, limit in (("a", 1.5), ("b", 3), ("c", 1.5), ("d", 3)):
            value, file = self.uniform(f"{name}.npy", -limit, limit)
            values.append(value)
            files.append(file)

        def distance(lat1, lon1, lat2, lon2):
            a = math.sin((lat2 - lat1) * 0.5) ** 2
            b = math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) * 0.5) ** 2
            return 2.0 * 6371.0 * math.asin(math.sqrt(a + b))

        got, report = self.run_lanes(numba_kernel("haversine"), *files)
        wanted = scalar_map(distance, *values)
        # asin is steep near 1, so a few ulp of its argument are more of its value.
        numpy.testing.assert_allclose(got, wanted, rtol=1e-7, atol=0)
        typical = numpy.median(numpy.abs(got - wanted) / wanted)
        self.assertLess(typical, 1e-15)
        self.assertGreaterEqual(report["vector_width"], e2elib.expected_width(8))

    def test_polynomial(self):
        x, x_file = self.uniform("x.npy", -1, 1)
        wanted = numpy.full_like(x, 1.0 / 16.0)
        for k in range(15, 0, -1):
            wanted = wanted * x + 1.0 / k
        got, _ = self.run_lanes(numba_kernel("polynomial_in_a_loop"), x_file)
        numpy.testing.assert_array_equal(got, wanted)
        got, report = self.run_lanes(numba_kernel("polynomial"), x_file)
        numpy.testing.assert_array_equal(got, wanted)
        self.assertGreaterEqual(report["vector_width"], e2elib.expected_width(8))

    def test_mandelbrot_is_right_though_not_vectorized(self):
        cr, cr_file = self.uniform("cr.npy", -2, 0.5, 3000)
        ci, ci_file = self.uniform("ci.npy", -1.2, 1.2, 3000)

        def iterations(a, b):
            zr = zi = 0.0
            n = 0
            while n < 100 and zr * zr + zi * zi <= 4.0:
                zr, zi = zr * zr - zi * zi + a, 2.0 * zr * zi + b
                n += 1
            return n

        got, _ = self.run_lanes(numba_kernel("mandelbrot"), cr_file, ci_file)
        self.assertEqual(got.dtype, numpy.int32)
        numpy.testing.assert_array_equal(got, scalar_map(iterations, cr, ci))

    def test_integers(self):
        for name, dtype in (("mix_i4", numpy.int32), ("mix_i8", numpy.int64)):
            limits = numpy.iinfo(dtype)
            a = self.random.integers(limits.min, limits.max, COUNT, dtype=dtype, endpoint=True)
            b = self.random.integers(limits.min, limits.max, COUNT, dtype=dtype, endpoint=True)
            if dtype == numpy.int32:
                wanted = (a ^ b) + dtype(3) * a
            else:
                wanted = a * b - (a >> 3)
            got, _ = self.run_lanes(
                numba_kernel(name), self.save("a.npy", a), self.save("b.npy", b)
            )
            self.assertEqual(got.dtype, dtype)
            numpy.testing.assert_array_equal(got, wanted)

    def test_single_precision(self):
        x = self.random.uniform(-5, 5, COUNT).astype(numpy.float32)
        y = self.random.uniform(-5, 5, COUNT).astype(numpy.float32)
        got, report = self.run_lanes(
            numba_kernel("blend_f4"), self.save("x.npy", x), self.save("y.npy", y)
        )
        self.assertEqual(got.dtype, numpy.float32)
        numpy.testing.assert_array_equal(got, x * y + x)
        self.assertGreaterEqual(report["vector_width"], e2elib.expected_width(4))

    def test_mixed_types(self):
        x = self.random.uniform(-5, 5, COUNT).astype(numpy.float32)
        n = self.random.integers(-1000, 1000, COUNT)
        got, _ = self.run_lanes(
            numba_kernel("mixed_types"), self.save("x.npy", x), self.save("n.npy", n)
        )
        numpy.testing.assert_array_equal(got, x.astype(numpy.float64) + n)

    def test_plain_jitted_and_vectorized_functions_need_a_signature(self):
        x, x_file = self.uniform("x.npy", -1, 1)
        y, y_file = self.uniform("y.npy", -1, 1)
        got, _ = self.run_lanes(
            numba_kernel("plain"), x_file, y_file, options=["--signature", "f8(f8, f8)"]
        )
        numpy.testing.assert_array_equal(got, x - 3.0 * y)
        for name, wanted in (("jitted", x * 0.5), ("vectorized", x + 0.25)):
            got, _ = self.run_lanes(
                numba_kernel(name), x_file, options=["--signature", "f8(f8)"]
            )
            numpy.testing.assert_array_equal(got, wanted)
            self.assert_fails(
                e2elib.EXIT_USAGE, [name, "--signature"],
                "run", numba_kernel(name), x_file, "-o", self.out,
            )  # fmt: skip


class NumbaFailures(e2elib.LanesTest):
    def run_failing(self, kind, kernel, *inputs):
        """Returns (result, JSON report, stderr) of a batch that must raise class `kind`."""
        done = self.lanes("run", kernel, *inputs, "-o", self.out, "--json")
        self.assertEqual(done.returncode, e2elib.EXIT_BATCH_FAILED, done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual(report["error"]["type"], kind)
        return numpy.load(self.out), report, done.stderr

    def test_division_by_zero_is_found_and_the_rest_is_right(self):
        for zeros in ([0], [5], [10_006], [77, 78, 9_000], [4_096, 10_000]):
            x = numpy.arange(COUNT, dtype=numpy.float64) + 1
            y = numpy.full(COUNT, 2.0)
            y[zeros] = 0.0
            got, report, stderr = self.run_failing(
                "ZeroDivisionError", numba_kernel("divide"), self.save("x.npy", x),
                self.save("y.npy", y),
            )
            self.assertEqual(report["failed"], len(zeros))
            self.assertEqual(report["first_failed"], zeros[0])
            self.assertEqual(report["elements"], COUNT)
            self.assertIn(f"index {zeros[0]}", stderr)
            wanted = x / 2.0
            wanted[zeros] = 0.0
            numpy.testing.assert_array_equal(got, wanted)

    def test_every_element_fails(self):
        x = self.save("x.npy", numpy.ones(1000))
        got, report, _ = self.run_failing("ZeroDivisionError", numba_kernel("divide"), x, 0)
        self.assertEqual((report["failed"], report["first_failed"]), (1000, 0))
        numpy.testing.assert_array_equal(got, numpy.zeros(1000))

    def test_explicit_raise(self):
        x = numpy.arange(1.0, 5001.0)
        x[[1234, 4321]] = -1.0
        got, report, _ = self.run_failing(
            "ValueError", numba_kernel("checked_root"), self.save("x.npy", x)
        )
        self.assertEqual((report["failed"], report["first_failed"]), (2, 1234))
        x[[1234, 4321]] = 0.0
        numpy.testing.assert_array_equal(got, numpy.sqrt(x))

    def test_first_index_counts_in_c_order(self):
        y = numpy.ones((50, 40))
        y[31, 7] = y[40, 0] = 0.0
        _, report, _ = self.run_failing(
            "ZeroDivisionError", numba_kernel("divide"),
            self.save("x.npy", numpy.ones((50, 40))),
            self.save("y.npy", y),
        )  # fmt: skip
        self.assertEqual((report["failed"], report["first_failed"]), (2, 31 * 40 + 7))


class Shapes(e2elib.LanesTest):
    def test_lengths_around_vectors_and_tiles(self):
        for count in (1, 2, 7, 8, 9, 63, 64, 65, 1000, 65_537):
            x = numpy.linspace(-1, 1, count)
            got, report = self.run_lanes(ir_kernel("axpy"), self.save("x.npy", x), 1.0)
            numpy.testing.assert_array_equal(got, 2.5 * x + 1.0)
            self.assertEqual(report["elements"], count)

    def test_bits_do_not_depend_on_position_or_length(self):
        x = numpy.random.default_rng(3).uniform(-30, 30, 1000)
        y = self.save("y.npy", numpy.ones(1000))
        whole, _ = self.run_lanes(ir_kernel("exp_times"), self.save("x.npy", x), y)
        for start, stop in ((0, 1), (1, 4), (993, 1000), (17, 700)):
            part, _ = self.run_lanes(
                ir_kernel("exp_times"), self.save("part.npy", x[start:stop]), 1
            )
            self.assertEqual(part.tobytes(), whole[start:stop].tobytes())

    def test_no_elements(self):
        for shape in ((0,), (0, 5), (3, 0, 2)):
            x = self.save("x.npy", numpy.zeros(shape))
            got, report = self.run_lanes(ir_kernel("axpy"), x, x)
            self.assertEqual(got.shape, shape)
            self.assertEqual(report["elements"], 0)

    def test_many_dimensions(self):
        for shape in ((), (5,), (3, 4), (2, 3, 4), (2, 1, 3, 1, 2, 1, 2, 5)):
            x = numpy.random.default_rng(1).uniform(-1, 1, shape)
            got, _ = self.run_lanes(
                ir_kernel("axpy"), self.save("x.npy", x), self.save("y.npy", x + 1)
            )
            self.assertEqual(got.shape, shape)
            numpy.testing.assert_array_equal(got, 2.5 * x + (x + 1))

    def test_numbers_are_uniform_operands(self):
        x = numpy.linspace(-5, 5, COUNT)
        x_file = self.save("x.npy", x)
        for text in ("2", "-1.5", "1e-3", "-0x1.8p1", "inf", "0"):
            value = float.fromhex(text) if "x" in text else float(text)
            got, _ = self.run_lanes(ir_kernel("axpy"), x_file, text)
            numpy.testing.assert_array_equal(got, 2.5 * x + value)
            got, _ = self.run_lanes(ir_kernel("axpy"), text, x_file)
            numpy.testing.assert_array_equal(got, 2.5 * value + x)
        n = numpy.arange(COUNT, dtype=numpy.int32)
        got, _ = self.run_lanes(ir_kernel("mix_i4"), self.save("n.npy", n), "1e3")
        numpy.testing.assert_array_equal(got, (n ^ numpy.int32(1000)) + 3 * n)

    def test_output_may_replace_an_input(self):
        x = numpy.linspace(0, 1, COUNT)
        path = self.save("x.npy", x)
        self.out = path
        got, _ = self.run_lanes(ir_kernel("axpy"), path, path)
        numpy.testing.assert_array_equal(got, 2.5 * x + x)

    def test_openmp_settings_of_the_client_do_not_reach_the_executor(self):
        x = self.save("x.npy", numpy.linspace(0, 1, 3_000_000))
        threads = set()
        for environment in ({}, {"OMP_PROC_BIND": "close", "OMP_NUM_THREADS": "1"}):
            done = self.lanes(
                "run", ir_kernel("exp_times"), x, x, "-o", self.out, "--json", **environment
            )
            self.assertEqual(done.returncode, 0, done.stderr)
            threads.add(json.loads(done.stdout)["threads"])
        self.assertEqual(len(threads), 1, threads)

    def test_threads_do_not_change_bits(self):
        x = self.save("x.npy", numpy.random.default_rng(9).uniform(-9, 9, 200_001))
        one, report = self.run_lanes(ir_kernel("exp_times"), x, x, options=["--threads=1"])
        self.assertEqual(report["threads"], 1)
        two, _ = self.run_lanes(ir_kernel("exp_times"), x, x, options=["--threads", 2])
        self.assertEqual(one.tobytes(), two.tobytes())


if __name__ == "__main__":
    unittest.main()
