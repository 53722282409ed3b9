# SPDX-License-Identifier: Apache-2.0
"""lanesd as a supervisor: whatever happens to its executor, clients find one.

By hand, `test_e2e_supervisor.py --restart-times N` kills N executors, 10 s apart so that
there is no pause, and says how long a client then waits for its first result.
"""
import json
import os
import pathlib
import signal
import socket
import sys
import time
import unittest

import numpy

import e2elib
from daemonlib import (
    ADD_IR, SPIN_IR, DaemonTest, Worker, children_of, is_running, lanes_client, name_of,
    wait_until)

KILLED = "was killed by SIGKILL"

# Becomes lanesd with the socket as descriptor 3, as systemd does it.
ACTIVATE = """import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[2], sys.argv[2:])
"""


def long_ir(count):
    """Takes some tenths of a second at least to compile; gives x^count."""
    lines = [f"  %v{i + 1} = fmul double %v{i}, %x" for i in range(1, count)]
    return "\n".join(["define double @f(double %x) {", "  %v1 = fadd double %x, 0.0", *lines,
                      f"  ret double %v{count}", "}", ""]).encode()  # fmt: skip


class Supervisor(DaemonTest):
    def test_ready_is_told_and_stopping_too(self):
        process = self.start_ready()
        pid, _ = self.use_once()
        self.assertEqual(pid, self.executor_of(process))
        process.terminate()
        self.assertEqual(self.notified.recv(100), b"STOPPING=1")
        self.assertEqual(process.wait(60), 0)
        self.assertFalse(is_running(pid))
        self.assertFalse(self.path.exists())

    def test_it_is_small_and_sleeps(self):
        process = self.start_ready()
        proc = pathlib.Path(f"/proc/{process.pid}")
        maps = (proc / "maps").read_text(encoding="utf-8")
        for library in ("libLLVM", "libhwloc", "libgomp"):
            self.assertNotIn(library, maps)
        self.assertEqual(os.listdir(proc / "task"), [str(process.pid)])

        def switches():
            status = (proc / "status").read_text(encoding="utf-8")
            return int(status.partition("voluntary_ctxt_switches:")[2].split()[0])

        time.sleep(0.2)  # it may still do what it does when the executor is ready
        before = switches()
        time.sleep(0.5)
        self.assertEqual(switches(), before)

    def test_killed_executor_is_replaced_and_its_compiler_ends(self):
        process = self.start_ready()
        pid, _ = self.use_once()
        helpers = children_of(pid)
        self.assertIn("lanes-compiler", map(name_of, helpers))
        os.kill(pid, signal.SIGKILL)
        successor, _ = self.use_once()  # connects while there may be none
        self.assertNotEqual(successor, pid)
        self.assertEqual(successor, self.executor_of(process))
        self.assertRegex(self.log(), f"process {pid}, {KILLED} after .* starts at once")
        for one in helpers:
            wait_until(lambda one=one: not is_running(one), f"process {one} ends")

    def start_with_compiler(self):
        """The executor, and its compiler, which is idle."""
        executor = self.executor_of(self.start_ready())
        with lanes_client.Session(flags=0) as session:
            session.load(ADD_IR)  # it has started
        (compiler,) = [pid for pid in children_of(executor) if name_of(pid) == "lanes-compiler"]
        return executor, compiler

    def compiler_numbers(self):
        done = self.lanes("stats", "--json", LANES_SOCKET=str(self.path))
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["compiler"]

    def load_and_run(self, ir):
        with lanes_client.Session(flags=0) as session:
            (got,), done = session.load(ir).run(numpy.ones(100))
            self.assertEqual(done.status, 0, done.message)
            return got.tolist()

    def test_killed_compiler_costs_no_load(self):
        executor, compiler = self.start_with_compiler()
        os.kill(compiler, signal.SIGSTOP)
        worker = Worker(lambda: self.load_and_run(SPIN_IR))
        wait_until(lambda: self.compiler_numbers()["running"] == 1, "the compiler is asked")
        os.kill(compiler, signal.SIGKILL)
        self.assertEqual(worker.finish(), [1.0] * 100)
        numbers = self.compiler_numbers()
        self.assertEqual([numbers[name] for name in ("retried", "restarts", "failed")], [1, 1, 0])
        self.assertTrue(is_running(executor))
        self.assertIn("the compiler was killed by SIGKILL", self.log())

    def test_killed_compile_costs_no_load(self):
        _, compiler = self.start_with_compiler()
        worker = Worker(lambda: self.load_and_run(long_ir(20000)))
        wait_until(lambda: children_of(compiler), "a compile has begun")
        os.kill(children_of(compiler)[0], signal.SIGKILL)
        self.assertEqual(worker.finish(), [1.0] * 100)
        numbers = self.compiler_numbers()
        self.assertEqual([numbers[name] for name in ("retried", "restarts", "failed")], [1, 0, 0])
        self.assertIn("a compile was killed by SIGKILL; it is asked for once more", self.log())

    def test_log_says_how_many_batches_there_were(self):
        process = self.start_ready()
        pid, _ = self.use_once()
        os.kill(pid, signal.SIGKILL)
        self.wait_for_log(" s, with 0 batches taken and not completed; the next one")
        pid, _ = self.use_once()
        turns = numpy.full(30_000, 2e4)  # some tenths of a second, in many slices

        def work():
            with lanes_client.Session(flags=0) as session:
                (got,), done = session.load(SPIN_IR).run(turns)
                self.assertEqual(done.status, 0, done.message)
                self.assertEqual(got.tolist(), numpy.ceil(turns).tolist())

        workers = [Worker(work) for _ in range(3)]
        wait_until(lambda: self.batches_taken() == 3, "three batches are taken")
        os.kill(pid, signal.SIGKILL)
        self.wait_for_log(" s, with 3 batches taken and not completed; the next one")
        for worker in workers:
            worker.finish()
        os.kill(self.executor_of(process), signal.SIGKILL)
        self.wait_for_log(" s, with 0 batches taken", 2)

    def batches_taken(self):
        done = self.lanes("stats", "--json", LANES_SOCKET=str(self.path))
        self.assertEqual(done.returncode, 0, done.stderr)
        batches = json.loads(done.stdout)["batches"]
        return batches["taken"] - batches["completed"]

    def test_pauses_grow_while_deaths_are_close_and_connections_wait(self):
        process = self.start_ready()
        pid, _ = self.use_once()
        waited = []
        for _ in range(3):
            start = time.monotonic()
            os.kill(pid, signal.SIGKILL)
            pid, _ = self.use_once()
            waited.append(time.monotonic() - start)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not children_of(process.pid), "the executor is reaped")
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
            client.connect(str(self.path))  # not refused
        pid, _ = self.use_once()
        os.kill(pid, signal.SIGKILL)
        self.wait_for_log("800 ms")
        process.terminate()  # in a pause
        self.assertEqual(process.wait(60), 0)
        self.assertFalse(self.path.exists())
        lines = [line.rpartition("next one ")[2] for line in self.log().splitlines()
                 if KILLED in line]
        self.assertEqual(lines, ["starts at once"] +
                         [f"starts in {ms} ms" for ms in (100, 200, 400, 800)])  # fmt: skip
        for seconds, least in zip(waited, (0.0, 0.1, 0.2)):
            self.assertGreaterEqual(seconds, least)

    def test_stop_lets_a_batch_finish(self):
        process = self.start_ready()
        with lanes_client.Session(flags=0) as session:
            kernel = session.load(SPIN_IR)
            kernel.run(numpy.ones(1))
            _, done = kernel.run(numpy.full(64, 1e6))
            turns = numpy.full(64, 1e6 * max(1, 1e9 / done.run_ns))  # a second
            worker = Worker(lambda: kernel.run(turns))
            time.sleep(0.3)
            process.terminate()
            (got,), done = worker.finish()
        self.assertEqual(done.status, 0, done.message)
        self.assertEqual(got.tolist(), numpy.ceil(turns).tolist())
        self.assertEqual(process.wait(60), 0)
        self.assertNotIn(KILLED, self.log())

    def test_executor_that_was_asked_to_stop_ends_it(self):
        process = self.start_ready()
        os.kill(self.executor_of(process), signal.SIGTERM)
        self.assertEqual(process.wait(60), 0)

    def test_executor_ends_with_its_supervisor(self):
        process = self.start_ready()
        pid, _ = self.use_once()
        helpers = children_of(pid)
        process.kill()
        process.wait()
        for one in (pid, *helpers):
            wait_until(lambda one=one: not is_running(one), f"process {one} ends")
        self.start_ready()  # on the socket that was left
        self.use_once()

    def test_without_supervisor(self):
        process = self.start_ready("--no-supervisor")
        self.assertEqual(self.use_once()[0], process.pid)
        process.terminate()
        self.assertEqual(process.wait(60), 0)
        self.assertFalse(self.path.exists())

    def test_inherited_socket(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(str(self.path))
            listener.listen()
            number = listener.fileno()
            process = self.start_ready(
                program=[sys.executable, "-c", ACTIVATE, str(number),
                         str(e2elib.bin_dir() / "lanesd")],
                pass_fds=[number])  # fmt: skip
        pid, _ = self.use_once()
        os.kill(pid, signal.SIGKILL)
        self.assertNotEqual(self.use_once()[0], pid)
        process.terminate()
        self.assertEqual(process.wait(60), 0)
        self.assertTrue(self.path.exists(), "it is not lanesd's to delete")

    def test_what_cannot_work_ends_with_its_status(self):
        other = self.folder / "other" / "lanes.sock"
        nowhere = self.folder / "no" / "such" / "lanes.sock"
        self.start_ready("--socket", other)
        self.config.write_text("threads = 1\nsmt = maybe\n", encoding="utf-8")
        (self.folder / "a folder").mkdir()
        cases = [
            (["--threads=0"], {}, 64, "--threads: '0' is not a number from 1 to 1024"),
            (["--config", self.config], {}, 64,
             f"{self.config}:2: smt: 'maybe' is neither yes nor no"),
            (["--socket", other], {}, 69, "another process listens"),
            (["--socket", nowhere], {}, 73, "folder"),
            ([], {"LANES_COMPILER": "/no/such/program"}, 71, "/no/such/program"),
            (["--supervised=1"], {}, 64, "lanes-executor only"),
            (["--private-fd=5", "--no-supervisor"], {}, 64, "exclude each other"),
        ]  # fmt: skip
        for options, variables, status, text in cases:
            with self.subTest(options=options):
                self.environment.update(variables)
                process = self.start(*options)
                self.assertEqual(process.wait(60), status, self.log())
                self.assertIn(text, self.log())
                for name in variables:
                    del self.environment[name]


def print_restart_times(count):
    class Times(DaemonTest):
        def runTest(self):
            self.start_ready()
            self.use_once()
            times = []
            for _ in range(count):
                time.sleep(10.1)
                with lanes_client.Session(flags=0) as session:
                    pid = session.executor_pid()
                start = time.monotonic()
                os.kill(pid, signal.SIGKILL)
                with lanes_client.Session(flags=0) as session:
                    session.load(ADD_IR).run(numpy.ones(1))
                    times.append(1e3 * (time.monotonic() - start))
            times.sort()
            print("ms from kill -9 to a result:", " ".join(f"{t:.1f}" for t in times))

    unittest.TextTestRunner().run(Times())


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--restart-times":
        print_restart_times(int(sys.argv[2]))
    else:
        unittest.main()
