# SPDX-License-Identifier: Apache-2.0
"""A lanesd of a test's own, and clients of it."""
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

import numpy

import e2elib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import lanes_client  # noqa: E402  pylint: disable=wrong-import-position

PATIENCE_S = 30

# x times around a loop: about x nanoseconds.
SPIN_IR = b"""define double @f(double %x) {
entry:
  br label %loop
loop:
  %v = phi double [ 1.0, %entry ], [ %w, %loop ]
  %i = phi double [ 0.0, %entry ], [ %j, %loop ]
  %w = fmul double %v, 1.0000000001
  %j = fadd double %i, 1.0
  %is.more = fcmp olt double %j, %x
  br i1 %is.more, label %loop, label %exit
exit:
  ret double %j
}
"""
ADD_IR = b"""define double @f(double %x) {
  %y = fadd double %x, 1.0
  ret double %y
}
"""


def parent_of(pid):
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    return int(stat.rpartition(")")[2].split()[1])


def children_of(pid):
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            if parent_of(entry) == pid:
                found.append(int(entry))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def name_of(pid):
    return pathlib.Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()


def is_running(pid):
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def wait_until(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"after {PATIENCE_S} s still not: {what}")
        time.sleep(0.01)


class DaemonTest(e2elib.LanesTest):
    def setUp(self):
        super().setUp()
        self.path = self.folder / "lanes.sock"
        self.log_path = self.folder / "log"
        self.config = self.folder / "lanesd.conf"
        self.notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.notified.close)
        self.notified.bind(str(self.folder / "notify"))
        self.notified.settimeout(PATIENCE_S)
        self.environment["NOTIFY_SOCKET"] = str(self.folder / "notify")
        self.environment["LANES_CACHE_FOLDER"] = str(self.folder / "cache")
        os.environ["LANES_SOCKET"] = str(self.path)  # of clients
        self.addCleanup(os.environ.pop, "LANES_SOCKET")

    def start(self, *options, program=None, **popen):
        """A lanesd that is about to serve; it has a socket, or ends."""
        program = program or [e2elib.bin_dir() / "lanesd", "--socket", self.path]
        with open(self.log_path, "a", encoding="utf-8") as log:
            process = subprocess.Popen([*program, *options], env=self.environment,
                                       stderr=log, **popen)  # fmt: skip
        self.addCleanup(self.end, process)
        return process

    def start_ready(self, *options, **popen):
        process = self.start(*options, **popen)
        self.assertEqual(self.notified.recv(100), b"READY=1", self.log())
        return process

    def end(self, process):
        """Nothing may be left behind, whatever the test has done."""
        left = children_of(process.pid)
        process.kill()
        process.wait()
        for pid in left:
            for one in (*children_of(pid), pid):
                try:
                    os.kill(one, signal.SIGKILL)
                except ProcessLookupError:
                    pass

    def log(self):
        return self.log_path.read_text(encoding="utf-8")

    def wait_for_log(self, text, count=1):
        wait_until(lambda: self.log().count(text) >= count,
                   f"{count} times '{text}' in the log:\n{self.log()}")

    def executor_of(self, process):
        (pid,) = children_of(process.pid)
        return pid

    def use_once(self):
        """(process id, threads) of an executor that has just given a right result."""
        with lanes_client.Session(flags=0) as session:
            (got,), _ = session.load(ADD_IR).run(numpy.arange(100.0))
            self.assertEqual(got.tolist(), numpy.arange(1.0, 101.0).tolist())
            return session.executor_pid(), session.executor_threads()


class Worker(threading.Thread):
    """Runs work(); finish() returns what it did, or fails as it did."""

    def __init__(self, work):
        super().__init__(daemon=True)
        self._work = work
        self.error = None
        self.result = None
        self.start()

    def run(self):
        try:
            self.result = self._work()
        except BaseException as error:  # pylint: disable=broad-except
            self.error = error

    def finish(self):
        self.join(PATIENCE_S)
        if self.is_alive():
            raise AssertionError("a client hangs")
        if self.error is not None:
            raise self.error
        return self.result
