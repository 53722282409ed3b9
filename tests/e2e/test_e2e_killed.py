# SPDX-License-Identifier: Apache-2.0
"""`lanes run` when its private executor is killed: once is not noticed, twice is told."""
import json
import os
import pathlib
import signal
import subprocess
import time
import unittest

import numpy

import e2elib

# About 10 us an element, and never vectorized; comes to 2.
SLOW = """define double @slow(double %x) {
entry:
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %n, %loop ]
  %v = phi double [ %x, %entry ], [ %w, %loop ]
  %r = fdiv double 1.0, %v
  %w = fadd double %r, 1.5
  %n = add i32 %i, 1
  %done = icmp eq i32 %n, 2000
  br i1 %done, label %exit, label %loop
exit:
  ret double %w
}
"""


class KilledTest(e2elib.LanesTest):
    def setUp(self):
        super().setUp()
        self.kernel = self.write("slow.ll", SLOW)
        self.input = self.save("x.npy", numpy.linspace(1, 2, 200_000))

    def start(self):
        return subprocess.Popen(
            [str(e2elib.bin_dir() / "lanes"), "run", str(self.kernel), str(self.input), "-o",
             str(self.out), "--json"],
            env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            cwd=self.folder)  # fmt: skip

    def wait_for_executor(self, process, before=None):
        """The pid of a lanesd that `process` has started, other than `before`."""
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
        end = time.monotonic() + 30
        while time.monotonic() < end:
            self.assertIsNone(process.poll(), "it ended before it could be killed")
            for pid in map(int, children.read_text().split()):
                name = pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
                if name == "lanesd" and pid != before:
                    return pid
            time.sleep(0.005)
        return self.fail("no executor was started")

    def wait_until_busy(self, pid):
        """Until the executor has computed for 0.5 s."""
        tick = os.sysconf("SC_CLK_TCK")
        end = time.monotonic() + 30
        while time.monotonic() < end:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            if (int(fields[11]) + int(fields[12])) / tick > 0.5:
                return
            time.sleep(0.005)
        self.fail("it computes nothing")

    def test_one_death_is_not_noticed(self):
        process = self.start()
        executor = self.wait_for_executor(process)
        self.wait_until_busy(executor)
        os.kill(executor, signal.SIGKILL)
        self.wait_for_executor(process, executor)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, err)
        self.assertIsNone(json.loads(out)["error"])
        self.assertTrue(numpy.allclose(numpy.load(self.out), 2))

    def test_two_deaths_are_told(self):
        process = self.start()
        executor = self.wait_for_executor(process)
        self.wait_until_busy(executor)
        os.kill(executor, signal.SIGKILL)
        executor = self.wait_for_executor(process, executor)
        self.wait_until_busy(executor)
        os.kill(executor, signal.SIGKILL)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, e2elib.EXIT_BATCH_FAILED, err)
        self.assertIn("2 executors died", err)
        self.assertEqual(json.loads(out)["error"]["type"], "LANES_E_POISON")
        self.assertFalse(self.out.exists())


if __name__ == "__main__":
    unittest.main()
