# SPDX-License-Identifier: Apache-2.0
"""What of a running lanesd changes: its configuration, its threads, the CPUs it may use.

LANES_RELOADS: how often threads change under load (default 20).
"""
import os
import signal
import time
import unittest

import numpy

from daemonlib import ADD_IR, DaemonTest, Worker, lanes_client, wait_until

RELOADS = int(os.environ.get("LANES_RELOADS", "20"))
CPUS = sorted(os.sched_getaffinity(0))

# Long enough for several slices on any machine.
WORK_IR = b"""define double @f(double %x) {
  %a = call double @sin(double %x)
  %b = call double @exp(double %a)
  %c = call double @log(double %b)
  %d = call double @cos(double %c)
  ret double %d
}
declare double @sin(double)
declare double @exp(double)
declare double @log(double)
declare double @cos(double)
"""


class ReloadTest(DaemonTest):
    def configure(self, text):
        self.config.write_text(text, encoding="utf-8")

    def reload(self, process, text, said):
        """Writes `text` and has it read; waits until the log says `said` once more."""
        before = self.log().count(said)
        self.configure(text)
        process.send_signal(signal.SIGHUP)
        self.wait_for_log(said, before + 1)

    def start_configured(self, text, *options):
        self.configure(text)
        return self.start_ready("--config", self.config, *options)


@unittest.skipIf(len(CPUS) < 2, "one CPU: there is nothing to change")
class Threads(ReloadTest):
    def test_configuration_counts_and_the_command_line_wins(self):
        self.environment["LANES_CPU"] = "x86-64"
        self.start_configured("# of a test\n\n threads=1 # one\ncpu = x86-64-v2\n")
        self.assertEqual(self.use_once()[1], 1)
        with lanes_client.Session(flags=0) as session:
            self.assertEqual(session.load(ADD_IR).report()["cpu"], "x86-64")

    def test_command_line_wins_also_later(self):
        process = self.start_configured("threads = 1\n", "--threads=2")
        self.assertEqual(self.use_once()[1], 2)
        self.reload(process, "threads = 1\n", "settings were read again")
        self.assertEqual(self.use_once()[1], 2)
        self.assertNotIn("lanes: debug:", self.log())
        self.reload(process, "log-level = debug\n", "settings were read again")
        with lanes_client.Session(flags=0) as session:
            session.load(WORK_IR)
        self.assertIn("lanes: debug:", self.log())

    def test_good_file_is_applied(self):
        process = self.start_configured("threads = 2\n")
        pid, threads = self.use_once()
        self.assertEqual(threads, 2)
        self.reload(process, "threads = 1\ncache-bytes = 0\ncode-bytes = 0\n",
                    "the team has 1 threads (option threads = 1), had 2")
        self.assertEqual(self.use_once(), (pid, 1))
        self.assertEqual(os.listdir(self.folder / "cache"), [])
        self.reload(process, "threads = 2\n", "the team has 2 threads")
        self.assertEqual(self.use_once(), (pid, 2))

    def test_open_sessions_are_told(self):
        process = self.start_configured("threads = 2\n")
        with lanes_client.Session(flags=0) as session:
            session.load(ADD_IR).run(numpy.ones(1))
            self.assertEqual(session.executor_threads(), 2)
            self.reload(process, "threads = 1\n", "the team has 1 threads")
            self.assertEqual(session.executor_threads(), 1)
            self.reload(process, "threads = 2\n", "the team has 2 threads")
            self.assertEqual(session.executor_threads(), 2)

    def test_bad_file_changes_nothing(self):
        process = self.start_configured("threads = 2\nlog-level = info\n")
        self.use_once()
        name = str(self.config)[:80]
        for text, said in (
                ("threads = 1\nthreads = 0\n",
                 f"{name}:2: threads: '0' is not a number from 1 to 1024"),
                ("threads = 1\ncolour = red\n", f"{name}:2: colour: there is no such key"),
                ("threads = 1\nprivate-fd = 3\n", f"{name}:2: private-fd: there is no such"),
                ("threads = 1\nquick\n", f"{name}:2: 'quick' is not of the form key = value"),
                ("threads = 1\ncpu = 486\n", f"{name}:2: cpu: cpu '486' is not known"),
                ("threads = 1\ncode-bytes = 1k\n", f"{name}:2: code-bytes: '1k' is not a"),
                ("threads = 1\ncache-folder = here\n", f"{name}:2: cache-folder: 'here' is"),
                ("threads = 1\nlog-level =\n", f"{name}:2: log-level: '' is not error"),
                ("threads = 1\0\n", "is not a text")):
            with self.subTest(text):
                self.reload(process, text, "all settings stay as they are: ")
                self.assertIn(said, self.log().splitlines()[-1])
        self.config.unlink()
        process.send_signal(signal.SIGHUP)
        self.wait_for_log(f"'{self.config}'")
        self.assertEqual(self.use_once()[1], 2)

    def test_what_needs_a_restart_is_named(self):
        process = self.start_configured("threads = 2\n")
        pid, _ = self.use_once()
        self.reload(process, "threads = 1\ncpu = x86-64\n", "had 2")
        self.assertRegex(self.log(), "cpu: 'x86-64' counts when the executor is started")
        os.kill(pid, signal.SIGKILL)
        with lanes_client.Session(flags=0) as session:
            self.assertEqual(session.load(ADD_IR).report()["cpu"], "x86-64")

    def test_reload_before_it_is_ready_is_not_lost(self):
        self.configure("threads = 2\n")
        process = self.start("--config", self.config)
        wait_until(self.path.exists, "there is a socket")
        self.configure("threads = 1\n")
        process.send_signal(signal.SIGHUP)
        self.assertEqual(self.notified.recv(100), b"READY=1")
        self.wait_for_log("settings were read again")
        self.assertEqual(self.use_once()[1], 1)

    def keep_busy(self, until, rounds):
        """Long batches, one after the other, each with the bits of the first."""
        with lanes_client.Session(flags=0) as session:
            kernel = session.load(WORK_IR)
            memory = session.memory(2 * 8 * 300_000)
            x, y = memory.data.view(numpy.float64).reshape(2, 300_000)
            x[:] = numpy.linspace(-3.0, 3.0, len(x))
            first = total = None
            while not until():
                y[:] = 0.0
                done = kernel.apply(memory, [x, y])
                self.assertEqual(done.status, 0, done.message)
                first = y.copy() if first is None else first
                self.assertEqual(y.tobytes(), first.tobytes())
                done = kernel.apply(memory, [x, lanes_client.spread(y[:1].reshape(()), x.shape, (0,))],
                                    reduce="sum")  # fmt: skip
                self.assertEqual(done.status, 0, done.message)
                total = float(y[0]) if total is None else total
                self.assertEqual(y[0].tobytes(), numpy.float64(total).tobytes())
                rounds.append(done.threads)
            return total

    def test_threads_change_under_load(self):
        process = self.start_configured("threads = 2\n")
        is_over = []
        rounds = []
        worker = Worker(lambda: self.keep_busy(lambda: is_over, rounds))
        wait_until(lambda: rounds or not worker.is_alive(), "a batch has run")
        for k in range(RELOADS):
            wanted = 1 + k % 2
            self.reload(process, f"threads = {wanted}\n", f"the team has {wanted} threads")
            time.sleep(0.02)
        is_over.append(True)
        total = worker.finish()
        x = numpy.linspace(-3.0, 3.0, 300_000)
        exact = numpy.cos(numpy.log(numpy.exp(numpy.sin(x)))).sum()
        self.assertAlmostEqual(total / exact, 1.0, places=12)
        self.assertEqual(self.log().count("the team has"), RELOADS)
        self.assertGreater(len(rounds), 1)

    def test_affinity_is_followed_while_there_is_work(self):
        process = self.start_configured("")
        pid, threads = self.use_once()
        is_over = []
        worker = Worker(lambda: self.keep_busy(lambda: is_over, []))
        os.sched_setaffinity(pid, CPUS[:1])
        self.wait_for_log(f"the team has 1 threads (1 allowed cores), had {threads}")
        self.assertEqual(self.use_once(), (pid, 1))
        os.sched_setaffinity(pid, CPUS)
        self.wait_for_log(f"the team has {threads} threads")
        is_over.append(True)
        worker.finish()
        # A team of all CPUs again, each bound to one of its own.
        bound = {tuple(os.sched_getaffinity(int(task)))
                 for task in os.listdir(f"/proc/{pid}/task")}
        self.assertEqual(len([cpus for cpus in bound if len(cpus) == 1]), threads)
        process.terminate()
        self.assertEqual(process.wait(60), 0)
        self.assertNotIn("not allowed", self.log(), "the sandbox keeps it from looking")


if __name__ == "__main__":
    unittest.main()
