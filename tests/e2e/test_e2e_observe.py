# SPDX-License-Identifier: Apache-2.0
"""Looking at an executor that runs, and ending what runs there: stats, ps, cancel."""
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import unittest

import numpy

import e2elib
from test_e2e_deadline import ENDLESS_IR

DOUBLE_IR = """define double @twice(double %x) {
  %y = fmul double %x, 2.0
  ret double %y
}
"""
EXIT_CANCELLED = 75

# {member: type, or members}; a list is of objects that all have these members.
STATS = {
    "schema": str,
    "error": type(None),
    "executor": {
        "pid": int, "version": str, "uptime_s": float, "started_ns": int, "threads": int,
        "cpu": str, "limited_by": str, "is_private": bool,
    },
    "batches": {
        "taken": int, "completed": int, "in_flight": int, "failed": int, "raised": int,
        "faulted": int, "cancelled": int, "deadline": int, "inline": int, "slices": int,
        "elements": int, "run_ns": int, "queued_ns_max": int, "queued_ns_log2": [int],
        "run_ns_log2": [int],
    },
    "team": {"wakes": int, "leader_sleeps": int, "is_asleep": bool, "interrupts": int},
    "sessions": {
        "open": int, "opened": int, "closed": int, "refused": int, "corrupt": int,
        "observers": int,
    },
    "segments": {"count": int, "bytes": int},
    "kernels": {"loaded": int, "variants": int, "ir_bytes": int},
    "compiler": {
        "requests": int, "compiled": int, "from_memory": int, "from_disk": int,
        "failed": int, "crashed": int, "limit": int, "retried": int, "restarts": int,
        "queued": int, "running": int, "total_ms": float,
    },
    "code": {"entries": int, "bytes": int, "idle_bytes": int, "idle_bytes_max": int},
    "cache": type(None),
    "session": [{
        "session": int, "pid": int, "is_own": bool, "is_observer": bool, "age_s": float,
        "in_flight": int, "waiting": int, "segments": int, "segment_bytes": int,
        "kernels": int, "ir_bytes": int, "batches": int, "failed": int, "elements": int,
        "run_ns": int, "batch": type(None),
    }],
}  # fmt: skip
BATCH = {
    "tag": int, "is_running": bool, "since_ns": int, "slice_ns": int, "elements": int,
    "position": int,
}  # fmt: skip
PS = {
    "schema": str,
    "error": type(None),
    "executor": STATS["executor"],
    "sessions": [{
        **{key: kind for key, kind in STATS["session"][0].items() if key[:3] != "is_"},
        "command": str, "share": float, "batch": BATCH,
    }],
}  # fmt: skip


class Observe(e2elib.LanesTest):
    def setUp(self):
        super().setUp()
        self.socket = self.folder / "own" / "lanes.sock"
        self.x = self.save("x.npy", numpy.arange(1.0, 100001.0))
        self.twice = self.write("twice.ll", DOUBLE_IR)

    def start(self, *options, **environment):
        """lanesd; returns when it listens."""
        daemon = subprocess.Popen(
            [e2elib.bin_dir() / "lanesd", "--no-supervisor", "--socket", self.socket,
             "--threads", "2", "--log-level", "error", *options],
            env={**self.environment, **environment})  # fmt: skip
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.terminate)
        while not self.socket.exists():
            self.assertIsNone(daemon.poll(), "lanesd has ended")
            time.sleep(0.01)
        return daemon

    def start_endless(self):
        """`lanes run` of a callback that does not return; returns when it is in it, with
        what ps says of it."""
        kernel = self.write("endless.ll", ENDLESS_IR)
        process = subprocess.Popen(
            [e2elib.bin_dir() / "lanes", "run", kernel, self.x, "-o", self.out, "--socket",
             self.socket, "--json"],
            env=self.environment, cwd=self.folder, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)  # fmt: skip
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            self.assertIsNone(process.poll(), "it has ended")
            for session in self.ask("ps")["sessions"]:
                if session["pid"] == process.pid and session["batch"] is not None:
                    return process, session
            time.sleep(0.05)
        self.fail("the batch does not begin")

    def ask(self, command, *arguments):
        done = self.lanes(command, *arguments, "--socket", self.socket, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        answer = json.loads(done.stdout)
        self.assertEqual(answer["schema"], f"lanes.{command}/1")
        return answer

    def assert_members(self, got, wanted, where="document"):
        """Exactly the wanted members, each of its type."""
        if isinstance(wanted, dict):
            self.assertEqual(sorted(got), sorted(wanted), where)
            for key, kind in wanted.items():
                self.assert_members(got[key], kind, f"{where}.{key}")
        elif isinstance(wanted, list):
            self.assertIsInstance(got, list, where)
            self.assertGreater(len(got), 0, where)
            for item in got:
                self.assert_members(item, wanted[0], f"{where}[]")
        else:
            self.assertIs(type(got), wanted, where)

    def run_twice(self):
        done = self.lanes("run", self.twice, self.x, "-o", self.out, "--socket", self.socket)
        self.assertEqual(done.returncode, 0, done.stderr)

    # ---- stats ----

    def test_stats_counts_what_was_done(self):
        daemon = self.start()
        before = self.ask("stats")
        self.assert_members(before, STATS)
        self.assertEqual(before["executor"]["pid"], daemon.pid)
        self.assertEqual(before["executor"]["threads"], 2)
        self.assertEqual(before["executor"]["cpu"], "native")
        self.assertIs(before["executor"]["is_private"], False)
        self.assertEqual(before["batches"]["taken"], 0)
        self.assertEqual(before["sessions"]["opened"], 0, "one that looks is nobody")
        self.assertEqual(before["sessions"]["observers"], 1)
        for _ in range(3):
            self.run_twice()
        after = self.ask("stats")
        self.assertEqual(after["batches"]["completed"], 3)
        self.assertEqual(after["batches"]["elements"], 300000)
        self.assertEqual(after["batches"]["failed"], 0)
        self.assertEqual(sum(after["batches"]["run_ns_log2"]), 3)
        self.assertEqual(sum(after["batches"]["queued_ns_log2"]), 3)
        self.assertGreater(after["batches"]["run_ns"], 0)
        self.assertEqual(after["sessions"]["opened"], 3)
        self.assertEqual(after["compiler"]["requests"], 3)
        self.assertEqual(after["compiler"]["compiled"], 1)
        self.assertEqual(after["compiler"]["from_memory"], 2)
        self.assertGreater(after["compiler"]["total_ms"], 0)
        self.assertEqual(after["code"]["entries"], 1)
        self.assertGreater(after["executor"]["uptime_s"], before["executor"]["uptime_s"])
        self.assertEqual(after["executor"]["started_ns"], before["executor"]["started_ns"])

    def test_stats_tells_of_the_cache(self):
        cache = self.folder / "cache"
        self.start(LANES_CACHE_FOLDER=str(cache))
        self.run_twice()
        stats = self.ask("stats")
        self.assert_members(stats["cache"],
                            {"folder": str, "entries": int, "bytes": int, "bytes_max": int})  # fmt: skip
        self.assertEqual(stats["cache"]["folder"], str(cache))
        self.assertEqual(stats["cache"]["entries"], 2, "code and request")
        self.assertEqual(stats["cache"]["bytes"] % 4096, 0)

    def test_stats_in_words(self):
        self.start()
        self.run_twice()
        done = self.lanes("stats", LANES_SOCKET=str(self.socket))
        self.assertEqual(done.returncode, 0, done.stderr)
        heads = [line.split("  ")[0] for line in done.stdout.splitlines() if line[0] != " "]
        self.assertEqual(heads, ["executor", "team", "sessions", "segments", "kernels",
                                 "batches", "failed", "run", "queued", "compiler", "code",
                                 "cache"])  # fmt: skip
        self.assertIn("1 completed, 0 in flight", done.stdout)
        self.assertRegex(done.stdout, r"run        half below \d[\d.]* [mu]?s, 90 % below")
        self.assertIn("cache      none", done.stdout)

    # ---- ps ----

    def test_ps_shows_who_runs_what(self):
        self.start()
        self.assertEqual(self.ask("ps")["sessions"], [])
        process, session = self.start_endless()
        answer = self.ask("ps")
        self.assert_members(answer, PS)
        self.assertEqual(len(answer["sessions"]), 1, "one that looks is left out")
        session = answer["sessions"][0]
        self.assertEqual(session["pid"], process.pid)
        self.assertEqual(session["command"], "lanes")
        self.assertEqual(session["in_flight"], 1)
        self.assertEqual(session["waiting"], 0)
        self.assertEqual(session["kernels"], 1)
        self.assertEqual(session["segments"], 2)
        self.assertIs(session["batch"]["is_running"], True)
        self.assertEqual(session["batch"]["elements"], 100000)
        self.assertGreater(session["share"], 0)
        self.assertLessEqual(session["share"], 1)
        time.sleep(0.3)
        later = self.ask("ps")["sessions"][0]["batch"]
        self.assertGreater(later["since_ns"] - session["batch"]["since_ns"], 300e6)
        done = self.lanes("ps", "--socket", self.socket)
        self.assertEqual(done.returncode, 0, done.stderr)
        head, line = done.stdout.splitlines()
        self.assertEqual(head.split(), ["SESSION", "PID", "COMMAND", "AGE", "IN", "FLIGHT",
                                        "TIME", "BATCH"])  # fmt: skip
        self.assertRegex(
            line,
            rf"^ +{session['session']} +{process.pid} lanes +[\d.]+ m?s +1 +\d+ % "
            r"tag 0, runs for [\d.]+ m?s, \d+ of 100000 elements$",
        )
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)

    # ---- cancel ----

    def test_cancel_ends_a_callback_that_does_not_return(self):
        self.start()
        process, session = self.start_endless()
        number = session["session"]
        answer = self.ask("cancel", number, "--tag", 7)
        self.assertEqual(answer, {"schema": "lanes.cancel/1", "session": number, "tag": 7,
                                  "in_flight": 1, "error": None})  # fmt: skip
        time.sleep(0.2)
        self.assertIsNone(process.poll(), "its tag is 0")
        answer = self.ask("cancel", number, "--all")
        self.assertEqual(answer, {"schema": "lanes.cancel/1", "session": number, "tag": None,
                                  "in_flight": 1, "error": None})  # fmt: skip
        out, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, EXIT_CANCELLED, err)
        self.assertEqual(json.loads(out)["error"]["type"], "LANES_E_CANCELLED")
        stats = self.ask("stats")
        self.assertEqual(stats["batches"]["cancelled"], 1)
        self.assertEqual(stats["batches"]["failed"], 1)
        self.assertGreater(stats["team"]["interrupts"], 0)
        self.run_twice()  # the executor is as it was

    def test_cancel_by_tag_and_in_words(self):
        self.start()
        process, session = self.start_endless()
        number = session["session"]
        done = self.lanes("cancel", number, "--socket", self.socket, "--tag=0x0")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, f"session {number}: batches of tag 0 end, if any of the "
                                      "1 in flight has it\n")  # fmt: skip
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, EXIT_CANCELLED)
        process, session = self.start_endless()
        number = session["session"]
        done = self.lanes("cancel", number, "--socket", self.socket)
        self.assertEqual(done.stdout, f"session {number}: 1 batch ends\n")
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, EXIT_CANCELLED)

    def test_an_idle_session_has_nothing_to_cancel(self):
        self.start()
        process, session = self.start_endless()
        number = session["session"]
        os.kill(process.pid, signal.SIGSTOP)  # stays, with no batch
        self.addCleanup(os.kill, process.pid, signal.SIGCONT)
        self.ask("cancel", number)
        end = time.monotonic() + 30
        while self.ask("ps")["sessions"][0]["in_flight"] > 0 and time.monotonic() < end:
            time.sleep(0.02)
        done = self.lanes("cancel", number, "--socket", self.socket)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, f"session {number} has no batch in flight\n")

    # ---- what cannot be ----

    def test_without_an_executor_there_is_a_sentence_and_no_executor(self):
        for command in (("stats",), ("ps",), ("cancel", "1")):
            for named in ((), ("--socket", self.folder / "none.sock")):
                with self.subTest(command=command, named=named):
                    done = self.lanes(*command, *named, "--json")
                    self.assertEqual(done.returncode, e2elib.EXIT_UNAVAILABLE, done.stderr)
                    self.assertRegex(
                        done.stderr,
                        rf"^lanes: {command[0]}: no executor runs: there is no socket "
                        r"'.*/\w+\.sock'; 'lanesd' starts one\n$",
                    )
                    answer = json.loads(done.stdout)
                    self.assertEqual(sorted(answer), ["error", "schema"])
                    self.assertEqual(answer["schema"], f"lanes.{command[0]}/1")
                    self.assertEqual(answer["error"]["type"], "LANES_E_UNAVAILABLE")
        self.assertEqual(list((self.folder / "runtime").iterdir()), [])

    def test_a_session_that_is_not_there_is_66(self):
        self.start()
        done = self.lanes("cancel", "4711", "--socket", self.socket, "--json")
        self.assertEqual(done.returncode, e2elib.EXIT_NO_INPUT)
        self.assertEqual(done.stderr, "lanes: cancel: there is no session 4711; 'lanes ps' shows "
                                      "those there are\n")  # fmt: skip
        self.assertEqual(json.loads(done.stdout)["error"]["type"], "LANES_E_STALE_ID")

    def test_wrong_arguments_are_64(self):
        cases = {
            ("stats", "x"): "unexpected argument 'x'",
            ("ps", "1"): "unexpected argument '1'",
            ("ps", "--wrong"): "unrecognized option",
            ("cancel",): "SESSION is missing",
            ("cancel", "0"): "SESSION '0' is not the number of a session",
            ("cancel", "4294967296"): "SESSION '4294967296' is not",
            ("cancel", "x"): "SESSION 'x' is not",
            ("cancel", "1", "2"): "unexpected argument '2'",
            ("cancel", "1", "--tag=-1"): "--tag=-1 is not a number from 0 to 2^64 - 1",
            ("cancel", "1", "--tag=18446744073709551616"): "is not a number from 0",
            ("cancel", "1", "--tag=1", "--all"): "--tag and --all exclude each other",
        }
        for arguments, text in cases.items():
            with self.subTest(arguments):
                done = self.lanes(*arguments)
                self.assertEqual(done.returncode, e2elib.EXIT_USAGE, done.stderr)
                self.assertIn(text, done.stderr)

    def test_help_names_the_commands_and_their_exit_statuses(self):
        listed = self.lanes("--help").stdout
        for command in ("stats", "ps", "cancel"):
            self.assertRegex(listed, rf"(?m)^  {command} +\w")
            done = self.lanes(command, "--help")
            self.assertEqual(done.returncode, 0)
            for text in ("--json", "--socket=PATH", "  69  no executor runs"):
                self.assertIn(text, done.stdout)

    def test_stats_document_is_described(self):
        """Each member is in the text of the public header."""
        header = pathlib.Path(__file__).resolve().parents[2] / "include/lanes/executor.h"
        words = set(re.findall(r"\w+", header.read_text()))

        def members(wanted):
            for key, kind in wanted.items():
                yield key
                inner = kind[0] if isinstance(kind, list) else kind
                if isinstance(inner, dict):
                    yield from members(inner)

        self.assertEqual({*members(STATS), *BATCH} - words - {"schema", "error"}, set())


if __name__ == "__main__":
    unittest.main()
