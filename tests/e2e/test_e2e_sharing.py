# SPDX-License-Identifier: Apache-2.0
"""Two processes that have Numba compile the same callback, and one executor: its code is
made and loaded once, and each gets its own exceptions back.

With an argument this is such a process: `FOLDER OTHERS MESSAGE` compiles OTHERS other
callbacks first, so that the names and addresses in its IR are others, loads a callback out
of a file in FOLDER, says what came of it as a line of JSON, and stays until its input ends.
"""
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import time
import unittest

import e2elib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

SOURCE = """
import math


def root(x, y):
    if x < 0.0:
        raise ValueError("{message}")
    return math.sqrt(x) * math.exp(-y)
"""


def other_callback(k):
    return lambda x, y: x * y + k


def be_a_client(folder, others, message):
    import lanes_client
    import numba
    import numpy

    path = pathlib.Path(folder) / "source.py"
    path.write_text(SOURCE.format(message=message))
    spec = importlib.util.spec_from_file_location("source", path)
    source = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(source)
    for k in range(others):
        numba.cfunc("float64(float64, float64)")(other_callback(k))
    text = numba.cfunc("float64(float64, float64)")(source.root).inspect_llvm().encode()
    with lanes_client.Session(flags=0) as session:
        start = time.monotonic()
        kernel = session.load(text)
        load_ms = (time.monotonic() - start) * 1e3
        x = numpy.array([4.0, -1.0, 9.0])
        (got,), done = kernel.run(x, 0.0)
        error = done.exception()
        (low,), _ = kernel.run(numpy.array([16.0]), 0.0)  # another layout
        print(json.dumps({
            "ir": text.decode(), "load_ms": load_ms, "report": kernel.report(),
            "executor": session.executor_pid(), "got": got.tolist(), "low": low.tolist(),
            "error": [type(error).__name__, list(error.args)], "message": done.message,
        }), flush=True)  # fmt: skip
        sys.stdin.read()


class Sharing(e2elib.LanesTest):
    def setUp(self):
        super().setUp()
        self.environment["LANES_SOCKET"] = str(self.folder / "lanes.sock")
        daemon = subprocess.Popen(
            [e2elib.bin_dir() / "lanesd", "--threads", "1", "--no-supervisor"], env=self.environment
        )
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.terminate)
        while not (self.folder / "lanes.sock").exists():
            self.assertIsNone(daemon.poll(), "lanesd has ended")
            time.sleep(0.01)
        self.daemon = daemon

    def client(self, name, others, message):
        folder = self.folder / name
        folder.mkdir()
        process = subprocess.Popen(
            [sys.executable, __file__, folder, str(others), message],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.environment, text=True,
        )  # fmt: skip
        self.addCleanup(process.communicate)
        return json.loads(process.stdout.readline())

    def test_second_process_gets_the_code_of_the_first_and_its_own_exceptions(self):
        first = self.client("first", 0, "negative")
        second = self.client("a-second-folder", 3, "below zero")
        self.assertNotEqual(first["ir"], second["ir"])
        self.assertEqual(first["report"]["identity"], second["report"]["identity"])
        for client, is_cached, message in (
            (first, False, "negative"),
            (second, True, "below zero"),
        ):
            self.assertEqual(client["executor"], self.daemon.pid)
            variants = client["report"]["variants"]
            self.assertEqual([v["cached"] for v in variants], [is_cached] * len(variants))
            self.assertEqual(variants[0]["vector_width"], e2elib.expected_width(8))
            self.assertEqual(client["got"], [2.0, 0.0, 3.0])
            self.assertEqual(client["low"], [4.0])
            self.assertEqual(client["error"], ["ValueError", [message]])
            self.assertIn(f"ValueError('{message}')", client["message"])
        self.assertIn("externals", second["report"])
        self.assertEqual(first["report"]["externals"], second["report"]["externals"])
        own = second["report"]["exceptions"][0]
        self.assertIn("below zero", json.dumps(own))
        # Of what the second saved, LLVM's work is the larger part.
        print(f"load: {first['load_ms']:.1f} ms, with the code there {second['load_ms']:.1f} ms")


if __name__ == "__main__":
    if len(sys.argv) == 4 and os.path.isdir(sys.argv[1]):
        be_a_client(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    else:
        unittest.main()
