# SPDX-License-Identifier: Apache-2.0
"""--cpu: code for another CPU than this host, and names that are refused."""
import json
import subprocess
import unittest

import numpy

import e2elib

AXPY = """define double @f(double %a, double %x, double %y) {
  %p = fmul double %a, %x
  %r = fadd double %p, %y
  ret double %r
}
"""


class Cpu(e2elib.LanesTest):
    def setUp(self):
        super().setUp()
        self.environment.pop("LANES_CPU", None)
        self.kernel = self.write("axpy.ll", AXPY)

    def levels(self):
        """(name, elements of 8 bytes in a vector) of what this host runs."""
        flags = e2elib.cpu_flags()
        yield "x86-64", 2
        if "avx2" in flags:
            yield "x86-64-v3", 4
            yield "haswell", 4
        if "avx512vl" in flags:
            yield "x86-64-v4", 8

    def test_report_and_width(self):
        for cpu, width in self.levels():
            for report in (self.inspect(self.kernel, "--cpu", cpu),
                           json.loads(self.lanes("inspect", self.kernel, "--json",
                                                 LANES_CPU=cpu).stdout)):
                self.assertEqual(report["cpu"], cpu)
                self.assertEqual(report["variants"][0]["vector_width"], width)

    def test_results(self):
        x = numpy.linspace(-1.0, 3.0, 1003)
        for cpu, _ in self.levels():
            got, _ = self.run_lanes(self.kernel, "2.5", self.save("x.npy", x),
                                    self.save("y.npy", x * x), options=("--cpu", cpu))
            self.assertTrue((got == 2.5 * x + x * x).all(), cpu)

    def test_native(self):
        plain = self.inspect(self.kernel)
        self.assertEqual(self.inspect(self.kernel, "--cpu=native")["cpu"], plain["cpu"])
        self.assertNotEqual(plain["cpu"], "native")
        chosen = self.lanes("inspect", self.kernel, "--json", "--cpu=x86-64",
                            LANES_CPU="native")
        self.assertEqual(json.loads(chosen.stdout)["cpu"], "x86-64")

    def test_refusals(self):
        socket = str(self.folder / "lanes.sock")
        for arguments, text in (
                (("--cpu=486",), "cpu '486' is not known; use native, x86-64,"),
                (("--cpu=x86-64", "--socket", socket), "exclude each other")):
            done = self.lanes("inspect", self.kernel, *arguments)
            self.assertEqual(done.returncode, e2elib.EXIT_USAGE)
            self.assertIn(text, done.stderr)
        # No host has both AMD's XOP and AVX-512.
        lacking = "bdver1" if "xop" not in e2elib.cpu_flags() else "x86-64-v4"
        done = self.lanes("run", self.kernel, "1", "2", "3", "-o", self.out, "--cpu", lacking)
        self.assertEqual(done.returncode, e2elib.EXIT_USAGE)
        self.assertRegex(done.stderr, "this host cannot run code for it, because it lacks "
                         ".*; use native, or x86-64")
        self.assertFalse(self.out.exists())

    def test_lanesd_refuses_before_it_serves(self):
        socket = self.folder / "lanes.sock"
        program = str(e2elib.bin_dir() / "lanesd")
        for options, variable, text in (
                (["--cpu=pentium"], "", "--cpu: cpu 'pentium' is not known"),
                ([], "pentium", "LANES_CPU: cpu 'pentium' is not known")):
            done = subprocess.run(
                [program, "--socket", str(socket), *options], capture_output=True, text=True,
                env={**self.environment, "LANES_CPU": variable}, timeout=30, check=False)
            self.assertEqual(done.returncode, e2elib.EXIT_USAGE)
            self.assertIn(text, done.stderr)
            self.assertFalse(socket.exists())
        done = self.lanes("inspect", self.kernel, LANES_CPU="pentium")
        self.assertEqual(done.returncode, e2elib.EXIT_UNAVAILABLE)
        self.assertIn("'pentium' is not known", done.stderr)


if __name__ == "__main__":
    unittest.main()
