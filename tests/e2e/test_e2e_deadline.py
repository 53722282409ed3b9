# SPDX-License-Identifier: Apache-2.0
"""Batches that take too long, for their deadline or for whoever presses Ctrl-C."""
import json
import signal
import subprocess
import time
import unittest

import numpy

import e2elib
from e2elib import LanesTest

EXIT_DEADLINE = 124

# Does not return for x > 0, nor does anybody tell LLVM that it must.
ENDLESS_IR = """define double @f(double %x) {
entry:
  br label %loop
loop:
  %v = phi double [ %x, %entry ], [ %w, %loop ]
  %w = fmul double %v, 1.0000000001
  %is.more = fcmp ogt double %w, 0.0
  br i1 %is.more, label %loop, label %exit
exit:
  ret double %w
}
"""


class Deadline(LanesTest):
    def setUp(self):
        super().setUp()
        self.kernel = self.write("endless.ll", ENDLESS_IR)
        self.forever = self.save("forever.npy", numpy.arange(1.0, 1001.0))
        self.soon = self.save("soon.npy", -numpy.arange(1.0, 1001.0))

    def test_a_batch_that_takes_longer_ends_with_124(self):
        start = time.monotonic()
        error = self.assert_run_fails(
            EXIT_DEADLINE, ["deadline", "0 of 1000 elements"], self.kernel, self.forever,
            options=("--deadline", "300ms"))  # fmt: skip
        self.assertEqual(error["type"], "LANES_E_DEADLINE")
        self.assertLess(time.monotonic() - start, 20)

    def test_a_batch_that_does_not_is_as_without(self):
        result, _ = self.run_lanes(self.kernel, self.soon, options=("--deadline", "1h"))
        numpy.testing.assert_allclose(result, -numpy.arange(1.0, 1001.0), rtol=1e-9)

    def test_what_is_no_time_is_refused(self):
        for text in ("30", "s", "-1s", "0s", "1d", "1 s", "nans", "0x10s", "1e300h", ""):
            with self.subTest(text):
                done = self.lanes("run", self.kernel, self.soon, "-o", self.out,
                                  f"--deadline={text}")  # fmt: skip
                self.assertEqual(done.returncode, e2elib.EXIT_USAGE, done.stderr)
                self.assertIn(f"--deadline={text} is not a time", done.stderr)

    def start(self):
        """`lanes run` in a process group of its own, its callback not returning."""
        process = subprocess.Popen(
            [str(e2elib.bin_dir() / "lanes"), "run", str(self.kernel), str(self.forever),
             "-o", str(self.out), "--json"],
            env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            cwd=self.folder, start_new_session=True)  # fmt: skip
        time.sleep(1.5)  # it compiles, and is in the callback
        self.assertIsNone(process.poll())
        return process

    def test_ctrl_c_cancels(self):
        for number, to_group in ((signal.SIGINT, True), (signal.SIGTERM, False)):
            with self.subTest(number):
                process = self.start()
                start = time.monotonic()
                # A terminal sends it to all processes of the group, the executor too.
                if to_group:
                    subprocess.run(["kill", f"-{number.value}", "--", f"-{process.pid}"],
                                   check=True)  # fmt: skip
                else:
                    process.send_signal(number)
                out, err = process.communicate(timeout=20)
                self.assertEqual(process.returncode, -number.value, err)
                self.assertLess(time.monotonic() - start, 5)
                self.assertIn("cancelled", err)
                self.assertEqual(json.loads(out)["error"]["type"], "LANES_E_CANCELLED")
                self.assertFalse(self.out.exists())


if __name__ == "__main__":
    unittest.main()
