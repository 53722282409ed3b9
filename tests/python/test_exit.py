# SPDX-License-Identifier: Apache-2.0
"""However an interpreter ends: it says nothing, and leaves nothing behind."""
import os
import signal
import subprocess
import sys
import unittest

import life_kernels

BEGIN = """
import os, sys, threading, time
sys.path.insert(0, {folder!r})
import life_kernels, lanes
client = lanes.default_client()
add, linger = life_kernels.add(), life_kernels.linger()
x = lanes.ones(1000)
assert (add(x, x) == 2.0).all()
print(client.executor_pid, flush=True)
"""

ENDINGS = {
    "with arrays alive": "",
    "with a client of its own": """
own = lanes.Client(private=True, threads=1)
life_kernels.add(own)(x, x)
print(own.executor_pid, flush=True)
""",
    "with a future that runs": "batch = linger.submit(x, life_kernels.ENDLESS)",
    "with a future that runs and has callbacks": """
batch = linger.submit(x, life_kernels.ENDLESS)
batch.add_done_callback(lambda b: print("called"))
""",
    "with futures that have ended": "assert linger.submit(x, 1.0).result()[0] == 1.0; sys.exit(0)",
    "with daemon threads that call": """
def call():
    while True:
        add(x, x)
for _ in range(3):
    threading.Thread(target=call, daemon=True).start()
time.sleep(0.05)
""",
    "with daemon threads that wait": """
for wait in (lambda: linger(x, life_kernels.ENDLESS), lambda: linger.submit(x, life_kernels.ENDLESS).result()):
    threading.Thread(target=wait, daemon=True).start()
life_kernels.until(lambda: life_kernels.in_flight(client) == 2)
""",
    "with threads that call": """
def call():
    for _ in range(2000):
        add(x, x)
for _ in range(3):
    threading.Thread(target=call).start()
""",
    "by sys.exit in a thread": """
def leave():
    add(x, x)
    sys.exit()
thread = threading.Thread(target=leave)
thread.start()
thread.join()
""",
    "with calls when modules go": """
class Late:
    def __del__(self):
        try:
            add(x, x)
        except ConnectionError as error:  # modules cannot be imported any more
            assert "the interpreter is exiting" in str(error), error
            os.write(1, b"refused\\n")
late = Late()
""",
    "with calls of functions at exit": """
import atexit
atexit.register(lambda: add(x, x))
""",
    "with a client that was closed": "client.close()",
    "with a client that somebody else lost": "del client; lanes.set_default_client(None)",
    "with a process of its own": """
import multiprocessing
context = multiprocessing.get_context("fork")
child = context.Process(target=lambda: add(x, x))
child.start()
child.join()
assert child.exitcode == 0
""",
}  # fmt: skip


def shared_memory():
    return set(os.listdir("/dev/shm"))


class Exit(unittest.TestCase):
    def setUp(self):
        self.shm = shared_memory()

    def start(self, ending):
        program = BEGIN.format(folder=os.path.dirname(os.path.abspath(__file__))) + ending
        return subprocess.Popen(
            [sys.executable, "-W", "error", "-X", "dev", "-c", program],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def check_nothing_is_left(self, pids):
        self.assertTrue(pids)
        for pid in pids:
            life_kernels.until(lambda pid=pid: not life_kernels.is_running(pid))
        self.assertEqual(shared_memory() - self.shm, set())

    def test_is_silent_and_complete(self):
        for name, ending in ENDINGS.items():
            with self.subTest(name):
                process = self.start(ending)
                out, err = process.communicate(timeout=30)
                self.assertEqual((process.returncode, err), (0, ""))
                self.assertNotIn("called", out)
                self.assertEqual("refused" in out, "when modules go" in name)
                self.check_nothing_is_left([int(word) for word in out.split() if word.isdigit()])

    def test_without_a_farewell(self):
        endings = {
            "os._exit": (0, "linger.submit(x, life_kernels.ENDLESS); os._exit(0)"),
            "SIGKILL": (-signal.SIGKILL, "os.kill(os.getpid(), 9)"),
            "SIGKILL, in the midst of a call": (
                -signal.SIGKILL,
                "threading.Timer(0.05, lambda: os.kill(os.getpid(), 9)).start(); linger(x, life_kernels.ENDLESS)",
            ),
        }
        for name, (status, ending) in endings.items():
            with self.subTest(name):
                process = self.start(ending)
                out, err = process.communicate(timeout=30)
                self.assertEqual((process.returncode, err), (status, ""))
                self.check_nothing_is_left([int(word) for word in out.split()])

    def test_by_ctrl_c(self):
        process = self.start("linger(x, life_kernels.ENDLESS)")
        pid = int(process.stdout.readline())
        life_kernels.until(lambda: life_kernels.processor_ticks(pid) >= 5)  # it runs
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, -signal.SIGINT)
        self.assertEqual(err.strip().splitlines()[-1], "KeyboardInterrupt")
        self.assertNotIn("During handling", err)
        self.check_nothing_is_left([pid])


if __name__ == "__main__":
    unittest.main()
