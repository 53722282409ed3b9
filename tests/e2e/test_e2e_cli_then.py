# SPDX-License-Identifier: Apache-2.0
"""`lanes run K1 ... --then K2 ...`: one loop of several kernels, from the command line."""
import json
import unittest

import e2elib
import numpy

MUL = "define double @mul(double %x, double %y) {\n  %r = fmul double %x, %y\n  ret double %r\n}\n"
ROOT = """declare double @llvm.sqrt.f64(double)
define double @root(double %x) {
  %r = call double @llvm.sqrt.f64(double %x)
  ret double %r
}
"""
HALVES = """define { double, double } @halves(double %x) {
  %a = fmul double %x, 0.5
  %r = insertvalue { double, double } undef, double %a, 0
  %s = insertvalue { double, double } %r, double %x, 1
  ret { double, double } %s
}
"""
WIDEN = "define double @widen(i32 %x) {\n  %r = sitofp i32 %x to double\n  ret double %r\n}\n"


class Then(e2elib.LanesTest):
    def setUp(self):
        super().setUp()
        random = numpy.random.default_rng(7)
        self.x, self.y, self.z = random.random((3, 5000))
        self.files = [self.save(f"{name}.npy", values)
                      for name, values in zip("xyz", (self.x, self.y, self.z))]
        self.mul = self.write("mul.ll", MUL)
        self.root = self.write("root.ll", ROOT)
        self.halves = self.write("halves.ll", HALVES)

    def test_results_are_first_inputs_of_the_next(self):
        x, y, z = self.files
        # INPUTs may stand anywhere; they are taken in order.
        got, report = self.run_lanes(self.mul, x, y, options=[
            "--then", self.root, "--then", self.mul, z])  # fmt: skip
        numpy.testing.assert_array_equal(got, numpy.sqrt(self.x * self.y) * self.z)
        self.assertGreater(report["vector_width"], 1)

    def test_several_results_are_passed_on_in_order(self):
        got, _ = self.run_lanes(self.halves, self.files[0], options=["--then", self.mul])
        numpy.testing.assert_array_equal(got, self.x * 0.5 * self.x)
        second = self.folder / "second.npy"
        first, _ = self.run_lanes(self.root, self.files[0],
                                  options=["--then", self.halves, "-o", second])
        numpy.testing.assert_array_equal(first, numpy.sqrt(self.x) * 0.5)
        numpy.testing.assert_array_equal(numpy.load(second), numpy.sqrt(self.x))

    def test_inspect_shows_nodes_and_wiring(self):
        done = self.lanes("inspect", self.mul, "--then", self.root)
        self.assertEqual(done.returncode, 0, done.stderr)
        for line in ("entry       mul, root", "convention  fused", "signature   f8(f8,f8)",
                     "node 0      mul, c, f8(f8,f8) of x0, x1",
                     "node 1      root, c, f8(f8) of 0.0", "results     1.0"):
            self.assertIn(line + "\n", done.stdout)
        report = self.inspect(self.mul, "--then", self.root)
        self.assertEqual(report["wiring"], {"inputs": [["x0", "x1"], ["0.0"]],
                                            "outputs": ["1.0"]})  # fmt: skip
        self.assertEqual([node["entry"] for node in report["nodes"]], ["mul", "root"])
        done = self.lanes("inspect", self.mul, "--then", self.root, "--ir", "optimised")
        self.assertIn("fmul", done.stdout)
        self.assertIn("sqrt", done.stdout)

    def test_an_exception_of_a_later_kernel_is_told(self):
        checked = e2elib.numba_kernel("checked_root")
        self.x[17] = -1.0
        negative = self.save("negative.npy", self.x)
        done = self.lanes("run", self.mul, negative, 1.0, "--then", checked, "-o", self.out,
                          "--json")  # fmt: skip
        self.assertEqual(done.returncode, e2elib.EXIT_BATCH_FAILED, done.stderr)
        self.assertIn("failed 1 of 5000 elements, first at index 17: ValueError('negative')",
                      done.stderr)
        self.assertEqual(json.loads(done.stdout)["error"]["type"], "ValueError")

    def test_what_does_not_fit_is_refused(self):
        x, y, _ = self.files
        widen = self.write("widen.ll", WIDEN)
        bad_data = e2elib.EXIT_BAD_DATA
        self.assert_run_fails(bad_data, "root.ll has 1 inputs, but ", self.halves, x,
                              options=["--then", self.root])
        self.assert_run_fails(bad_data, "input 0 of node 1 is i4, but output 0 of node 0",
                              self.mul, x, y, options=["--then", widen])
        self.assert_run_fails(bad_data, "takes 2 inputs; 3 were given", self.mul, x, y, 1.0,
                              options=["--then", self.root])
        self.assert_run_fails(e2elib.EXIT_NO_INPUT, "gone.ll", self.mul, x, y,
                              options=["--then", self.folder / "gone.ll"])
        many = [word for _ in range(8) for word in ("--then", self.root)]
        self.assert_fails(e2elib.EXIT_USAGE, "more than 7 times --then", "run", self.root, x,
                          "-o", self.out, *many)  # fmt: skip


if __name__ == "__main__":
    unittest.main()
