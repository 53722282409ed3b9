# SPDX-License-Identifier: Apache-2.0
"""What lanesd's options let its clients have, and how that is told to them."""
import json
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


class Limits(LanesTest):
    def setUp(self):
        super().setUp()
        self.kernel = self.write("endless.ll", ENDLESS_IR)
        self.forever = self.save("forever.npy", numpy.arange(1.0, 1001.0))
        self.soon = self.save("soon.npy", -numpy.arange(1.0, 1001.0))

    def daemon(self, *options):
        path = self.folder / "lanes.sock"
        process = subprocess.Popen(
            [e2elib.bin_dir() / "lanesd", "--socket", path, *options],
            env=self.environment, stderr=subprocess.DEVNULL)  # fmt: skip
        self.addCleanup(process.wait, 60)
        self.addCleanup(process.terminate)
        while not path.exists():
            self.assertIsNone(process.poll(), "lanesd has ended")
            time.sleep(0.01)
        self.environment["LANES_SOCKET"] = str(path)

    def test_a_batch_may_run_for_so_long(self):
        self.daemon("--batch-limit", "0.25")
        error = self.assert_run_fails(
            EXIT_DEADLINE, ["has run for 0.", "limit is 0.250 s (--batch-limit)"],
            self.kernel, self.forever)  # fmt: skip
        self.assertEqual(error["type"], "LANES_E_DEADLINE")
        self.run_lanes(self.kernel, self.soon)

    def test_who_holds_the_team_gives_way_to_others(self):
        self.daemon("--hold-limit", "0.25")
        arguments = ("run", self.kernel, self.forever, "-o", self.folder / "never.npy", "--json")
        with subprocess.Popen(
                [e2elib.bin_dir() / "lanes", *arguments], env=self.environment,
                cwd=self.folder, stdout=subprocess.PIPE, text=True) as hog:  # fmt: skip
            time.sleep(1)
            self.assertIsNone(hog.poll(), "it may while nobody else wants to")
            self.run_lanes(self.kernel, self.soon)
            report = json.loads(hog.communicate(timeout=60)[0])
        self.assertEqual(hog.returncode, EXIT_DEADLINE)
        self.assertIn("0.250 s (--hold-limit)", report["error"]["message"])

    def test_segments_may_have_so_many_bytes(self):
        self.daemon("--session-bytes=65536")
        self.run_lanes(self.kernel, self.soon)
        large = self.save("large.npy", -numpy.ones(100000))
        done = self.lanes("run", self.kernel, large, "-o", self.out)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("and the limit is 65536; release segments or kernels first",
                      done.stderr)  # fmt: skip

    def test_ir_counts_with_segments(self):
        self.daemon("--session-bytes=65536")
        self.run_lanes(self.kernel, self.soon)
        long = self.write("long.ll", ENDLESS_IR + ";" * 65536 + "\n")
        done = self.lanes("run", long, self.soon, "-o", self.out)
        self.assertNotEqual(done.returncode, 0)
        bytes_of_ir = long.stat().st_size
        self.assertIn(f"a kernel with IR of {bytes_of_ir} bytes is too much: the session has",
                      done.stderr)  # fmt: skip
        self.assertIn("and the limit is 65536; release segments or kernels first", done.stderr)

    def test_options_are_checked(self):
        for option, text in (
            ("--sessions=65", "not a number from 1 to 64"),
            ("--sessions=0", "not a number from 1 to 64"),
            ("--kernels=4097", "not a number from 1 to 4096"),
            ("--session-bytes=-1", "not a number"),
            ("--executor-bytes=1G", "not a number"),
            ("--compiles=0", "not a number"),
            ("--batch-limit=1s", "not a number of seconds"),
            ("--hold-limit=nan", "not a number of seconds"),
            ("--hold-limit=-1", "not a number of seconds"),
        ):
            with self.subTest(option):
                done = subprocess.run([e2elib.bin_dir() / "lanesd", option], text=True,
                                      capture_output=True, check=False, timeout=60)  # fmt: skip
                self.assertEqual(done.returncode, e2elib.EXIT_USAGE)
                name, value = option.split("=")
                self.assertIn(f"{name}: '{value}' is {text}", done.stderr)


if __name__ == "__main__":
    unittest.main()
