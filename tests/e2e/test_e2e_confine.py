# SPDX-License-Identifier: Apache-2.0
"""An executor behind its walls does all that it is there for, and says of no call that it
lacked it; and what --no-sandbox, --dumpable and their variables leave open."""
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import unittest

import e2elib
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import lanes_client  # noqa: E402  pylint: disable=wrong-import-position

SCALE = "define double @f(double %x) {{\n  %r = fmul double %x, {}.0\n  ret double %r\n}}\n"
FAULT = """define double @f(double %x) {
  %b = bitcast double %x to i64
  %p = inttoptr i64 %b to ptr
  %r = load volatile double, ptr %p
  ret double %r
}
"""
ENDLESS = """define double @f(double %x) {
entry:
  br label %loop
loop:
  br label %loop
}
"""
# Builds with a sanitizer have no sandbox; the tests' environment tells.
IS_SANITIZED = "ASAN_OPTIONS" in os.environ


def wait_until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


class Confine(e2elib.LanesTest):
    def start(self, *options, **variables):
        """lanesd on a socket of its own, for the sessions of this process."""
        self.path = self.folder / "lanes.sock"
        self.log = self.folder / "log"
        with open(self.log, "wb") as log:
            self.daemon = subprocess.Popen(
                [e2elib.bin_dir() / "lanesd", "--no-supervisor", f"--socket={self.path}",
                 "--threads=2", *options],
                env={**self.environment, **variables}, stderr=log)  # fmt: skip
        self.addCleanup(self.stop)
        wait_until(lambda: self.path.exists() and "ready on" in self.log.read_text())
        os.environ["LANES_SOCKET"] = str(self.path)
        self.addCleanup(os.environ.pop, "LANES_SOCKET", None)

    def stop(self):
        self.daemon.terminate()
        return self.daemon.wait()

    def status(self, field):
        text = pathlib.Path(f"/proc/{self.daemon.pid}/status").read_text()
        return re.search(rf"(?m)^{field}:\s*(.*)$", text).group(1)

    def core_limit(self):
        text = pathlib.Path(f"/proc/{self.daemon.pid}/limits").read_text()
        return re.search(r"Max core file size\s+(\S+)\s+(\S+)", text).groups()

    def child(self, name):
        """The pid of the executor's child of that name, or None."""
        done = subprocess.run(["ps", "-o", "pid=,comm=", "--ppid", str(self.daemon.pid)],
                              capture_output=True, text=True, check=False)  # fmt: skip
        found = re.findall(rf"(?m)^\s*(\d+) {name}", done.stdout)
        return int(found[0]) if found else None

    def assert_works(self, session, factor):
        kernel = session.load(SCALE.format(factor).encode())
        (got,), done = kernel.run(numpy.arange(10000.0))
        self.assertEqual(done.status_name, "LANES_OK", done.message)
        numpy.testing.assert_array_equal(got, numpy.arange(10000.0) * factor)
        return kernel

    def use_everything(self):
        with lanes_client.Session(flags=0) as session:
            kernel = self.assert_works(session, 2)
            (got,), _ = kernel.run(3.0)  # one more variant
            self.assertEqual(got, 6.0)
            other = self.assert_works(session, 5)
            fused = session.fuse([(kernel, [0]), (other, [(0, 0)])], [(1, 0)])
            self.assertEqual(fused.run([1.0, 2.0])[0][0].tolist(), [10.0, 20.0])
            _, done = session.load(FAULT.encode()).run([1e-300, 2e-300])
            self.assertEqual(done.status_name, "LANES_E_KERNEL_FAULT", done.message)
            _, done = session.load(ENDLESS.encode()).run([1.0], deadline_ns=10**8)
            self.assertEqual(done.status_name, "LANES_E_DEADLINE", done.message)
            with self.assertRaises(lanes_client.LanesError):
                session.load(b"no IR")
            big = session.memory(64 << 20)
            self.assertEqual(big.data[::4096].max(), 0)
            kernel.report()
            kernel.release()
            self.assert_works(session, 7)

    def replace_compiler(self):
        first = self.child("lanes-compiler")
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: self.child("lanes-compiler") not in (None, first))
        self.assertIn("the compiler was killed by SIGKILL", self.log.read_text())
        with lanes_client.Session(flags=0) as session:
            self.assert_works(session, 11)

    def assert_nothing_lacked(self):
        self.assertIsNone(self.daemon.poll(), self.log.read_text())
        self.assertNotIn("not allowed", self.log.read_text())
        self.assertEqual(self.stop(), 0, self.log.read_text())
        self.assertFalse(self.path.exists(), "it deletes its socket")

    def test_behind_its_walls_it_does_everything(self):
        self.start("--cache-folder=none")
        self.assertEqual(self.status("NoNewPrivs"), "1")
        self.assertEqual(self.core_limit(), ("0", "0"))
        if not IS_SANITIZED:
            self.assertEqual(self.status("Seccomp"), "2")
        self.use_everything()
        self.replace_compiler()
        self.assert_nothing_lacked()

    def test_with_a_cache_it_writes_that(self):
        cache = self.folder / "deep" / "cache"
        for first in (True, False):
            self.start(f"--cache-folder={cache}")
            self.use_everything()
            with lanes_client.Session(flags=0) as session:
                report = self.assert_works(session, 2).report()
                self.assertEqual(report["variants"][0]["cached"], True)
            self.assertGreater(len(list(cache.iterdir())), 4)
            if not first:
                self.replace_compiler()
            self.assert_nothing_lacked()

    def test_a_cache_that_cannot_be_written_costs_a_warning(self):
        blocked = self.write("file", "")
        self.start(f"--cache-folder={blocked}/cache")
        self.use_everything()
        self.assertIn("is not kept on disk", self.log.read_text())
        self.assert_nothing_lacked()

    def test_what_is_left_open_on_demand(self):
        for options, variables in ((["--no-sandbox"], {}), ([], {"LANES_NO_SANDBOX": "1"})):
            self.start(*options, **variables)
            self.assertEqual(self.status("Seccomp"), "0")
            self.assertEqual(self.core_limit(), ("0", "0"))
            self.use_everything()
            self.assert_nothing_lacked()
        for options, variables in ((["--dumpable"], {}), ([], {"LANES_DUMPABLE": "1"})):
            self.start(*options, **variables)
            self.assertNotEqual(self.core_limit()[1], "0")
            self.assert_nothing_lacked()

    def test_a_spawner_that_is_gone_is_said(self):
        self.start("--cache-folder=none")
        os.kill(self.child("lanesd-spawner"), signal.SIGKILL)
        os.kill(self.child("lanes-compiler"), signal.SIGKILL)
        wait_until(lambda: "was killed by SIGKILL" in self.log.read_text())
        with lanes_client.Session(flags=0) as session:
            with self.assertRaisesRegex(lanes_client.LanesError, "restart lanesd"):
                session.load(SCALE.format(13).encode())
        self.assert_nothing_lacked()


if __name__ == "__main__":
    unittest.main()
