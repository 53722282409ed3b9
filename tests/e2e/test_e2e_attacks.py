# SPDX-License-Identifier: Apache-2.0
"""Hostile callbacks (tests/data/attacks): each is refused in a sentence or contained, and
nothing else notices. Also: IR that ended a compile is not given to another child."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import e2elib
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import lanes_client  # noqa: E402  pylint: disable=wrong-import-position

ATTACKS = e2elib.DATA / "attacks"
DEADLINE_NS = 300 * 10**6
WITNESS = "define double @f(double %x) {\n  %r = fmul double %x, 3.0\n  ret double %r\n}\n"
# Lowered, so that bombs end in a second. Ordinary compiles take a tenth of it.
COMPILER = "#!/bin/sh\nexec '{}' --verbose --cpu-seconds=1 \"$@\"\n"


def switch_of(count):
    cases = "\n".join(f"    i64 {k}, label %c{k}" for k in range(count))
    blocks = "\n".join(f"c{k}:\n  %v{k} = fadd double %x, {k * k}.5\n  br label %end"
                       for k in range(count))  # fmt: skip
    values = ", ".join(f"[ %v{k}, %c{k} ]" for k in range(count))
    return f"""; a switch of {count} cases, each with code of its own
; expect: LANES_OK | LANES_E_COMPILE_LIMIT
define double @f(double %x) {{
entry:
  %n = fptosi double %x to i64
  switch i64 %n, label %other [
{cases}
  ]
{blocks}
other:
  br label %end
end:
  %r = phi double {values}, [ 0.0, %other ]
  ret double %r
}}
"""


def multiplications(count):
    lines = "\n".join(f"  %v{k + 1} = fmul double %v{k}, 1.00000{k % 9 + 1}" for k in range(count))
    return f"""; {count} multiplications in a row
; expect: LANES_OK | LANES_E_COMPILE_LIMIT
define double @f(double %x) {{
  %v0 = fadd double %x, 1.0
{lines}
  ret double %v{count}
}}
"""


def expectation(text):
    """(possible names of the status, what the message contains)."""
    line = text.split("\n")[1]
    prefix, wanted = line[:10], line[10:].strip()
    assert prefix == "; expect: ", line
    if "|" in wanted:
        return [name.strip() for name in wanted.split("|")], ""
    name, _, part = wanted.partition(" ")
    return [name], part


class Attacks(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lanes-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder)
        compiler = self.folder / "compiler"
        compiler.write_text(COMPILER.format(e2elib.bin_dir() / "lanes-compiler"))
        compiler.chmod(0o700)
        self.log = open(self.folder / "log", "w+b")  # pylint: disable=consider-using-with
        self.addCleanup(self.log.close)
        path = str(self.folder / "lanes.sock")
        environment = dict(os.environ, LANES_COMPILER=str(compiler), LANES_SOCKET=path,
                           LANES_CACHE_FOLDER="none")  # fmt: skip
        self.daemon = subprocess.Popen(
            [e2elib.bin_dir() / "lanesd", "--no-supervisor", "--threads=2"],
            env=environment, stderr=self.log,
        )
        self.addCleanup(self.stop)
        while not os.path.exists(path):
            self.assertIsNone(self.daemon.poll(), "lanesd has ended")
            time.sleep(0.01)
        previous = os.environ.get("LANES_SOCKET")
        os.environ["LANES_SOCKET"] = path
        self.addCleanup(self.restore, previous)

    @staticmethod
    def restore(previous):
        if previous is None:
            del os.environ["LANES_SOCKET"]
        else:
            os.environ["LANES_SOCKET"] = previous

    def stop(self):
        self.daemon.terminate()
        self.daemon.wait()

    def logged(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def children(self):
        """How many children the compiler has had so far."""
        return len(re.findall(r"lanes-compiler: compile \d+ ", self.logged()))

    @staticmethod
    def attack(ir):
        """(name of the status, message) of loading and running it."""
        with lanes_client.Session(flags=0) as session:
            try:
                kernel = session.load(ir)
                values = numpy.arange(-50, 50).astype(kernel.inputs[0]) * 3
                _, done = kernel.run(values, deadline_ns=DEADLINE_NS)
                return done.status_name, done.message
            except lanes_client.LanesError as error:
                name, _, message = str(error).partition(": ")
                return name, message

    def assert_unharmed(self, witness):
        x = numpy.arange(1000.0)
        (got,), done = witness.run(x)
        self.assertEqual(done.status_name, "LANES_OK", done.message)
        numpy.testing.assert_array_equal(got, x * 3)
        self.assertIsNone(self.daemon.poll(), "the executor has ended")

    def test_each_is_refused_or_contained(self):
        texts = {path.stem: path.read_text() for path in sorted(ATTACKS.glob("*.ll"))}
        self.assertGreater(len(texts), 30)
        texts["switch"] = switch_of(20000)
        texts["multiplications"] = multiplications(50000)
        with lanes_client.Session(flags=0) as session:
            witness = session.load(WITNESS.encode())
            self.assertEqual(session.executor_pid(), self.daemon.pid)
            for name, text in texts.items():
                with self.subTest(name):
                    statuses, part = expectation(text)
                    start = time.monotonic()
                    status, message = self.attack(text.encode())
                    print(f"{time.monotonic() - start:6.2f} s  {name}: {status} {message[:100]}")
                    self.assertIn(status, statuses, message)
                    self.assertIn(part, message)
                    self.assertTrue(status == "LANES_OK" or message, "nothing was said")
                    self.assert_unharmed(witness)

    def test_what_ended_a_child_does_not_get_another(self):
        for name in ("crashes-llvm22-reader.bc", "exhausts-llvm22-reader.bc"):
            with self.subTest(name):
                ir = (e2elib.DATA / name).read_bytes()
                before = self.children()
                status, first = self.attack(ir)
                self.assertEqual(self.children(), before + 1, self.logged())
                if status not in ("LANES_E_COMPILE_CRASHED", "LANES_E_COMPILE_LIMIT"):
                    continue  # this LLVM reads or refuses it
                for _ in range(5):
                    again, message = self.attack(ir)
                    self.assertEqual(again, status)
                    self.assertIn(first, message)
                    self.assertRegex(message, r"refused without another try for \d+ s more")
                self.assertEqual(self.children(), before + 1, self.logged())


if __name__ == "__main__":
    unittest.main()
