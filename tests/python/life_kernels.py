# SPDX-License-Identifier: Apache-2.0
"""Kernels and measures for tests of what clients live through."""
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

import lanes

_ADD = """
define double @add(double %x, double %y) {
  %sum = fadd double %x, %y
  ret double %sum
}
"""

# x, after as many rounds as `count` says: one is some four cycles.
_LINGER = """
define double @linger(double %x, double %count) {
entry:
  br label %loop
loop:
  %k = phi double [ 0.0, %entry ], [ %next, %loop ]
  %next = fadd double %k, 1.0
  %again = fcmp olt double %next, %count
  br i1 %again, label %loop, label %end
end:
  %zero = fmul double %next, 0.0
  %same = fadd double %x, %zero
  ret double %same
}
"""

# Rounds of an element that is not done before the test is.
ENDLESS = 1e15


def add(client=None):
    """f8(f8,f8)"""
    return lanes.from_ir(_ADD, "f8(f8,f8)", name="add", client=client)


def linger(client=None):
    """f8(f8,f8): its second argument is how many rounds it stays."""
    return lanes.from_ir(_LINGER, "f8(f8,f8)", name="linger", client=client)


def session_of(client):
    """What the executor tells of a client's session."""
    return next(session for session in client.stats()["session"] if session["is_own"])


def in_flight(client):
    """How many batches of this client the executor has, running or waiting."""
    return session_of(client)["in_flight"]


def has_begun(client):
    """True if the executor runs a batch of this client."""
    return session_of(client)["batch"] is not None


def until(condition, seconds=10.0):
    """Wait for what happens in other threads or processes; fails if it does not."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{condition.__name__}: not so after {seconds} s")
        time.sleep(0.002)


def is_running(pid):
    """True if there is such a process, and it is no zombie."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def processor_ticks(pid):
    """Processor time that a process has used in user mode, in hundredths of a second."""
    with open(f"/proc/{pid}/stat") as stat:
        return int(stat.read().rsplit(")", 1)[1].split()[11])


def descriptors():
    """How many this process has open."""
    return len(os.listdir("/proc/self/fd"))


class Daemon:
    """A lanesd of our own; `path` is its socket."""

    def __init__(self):
        self._folder = tempfile.mkdtemp(prefix="lanes-python-")
        self.path = os.path.join(self._folder, "s")
        program = pathlib.Path(os.environ["LANES_BUILD_DIR"]) / "bin" / "lanesd"
        self._process = subprocess.Popen(
            [program, f"--socket={self.path}", "--threads=1", "--config=none"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until(self._answers)

    def _answers(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as end:
            return end.connect_ex(self.path) == 0

    def stop(self):
        """May be called again."""
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
