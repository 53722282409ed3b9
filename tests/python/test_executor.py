# SPDX-License-Identifier: Apache-2.0
"""Executors that die, are not there, or are asked for in a way that cannot be."""
import os
import signal
import tempfile
import threading
import unittest

import life_kernels
import numpy as np

import lanes

ELEMENTS = 1000


def kill(client):
    """Kill the executor of a client; its process id."""
    pid = client.executor_pid
    os.kill(pid, signal.SIGKILL)
    return pid


class Death(unittest.TestCase):
    """Of a private executor: another one takes its place and gets everything that it had."""

    def setUp(self):
        self.client = lanes.Client(private=True, threads=1)
        self.addCleanup(self.client.close)
        self.add, self.linger = life_kernels.add(self.client), life_kernels.linger(self.client)
        self.x = lanes.ones(ELEMENTS)

    def check(self):
        np.testing.assert_array_equal(self.add(self.x, self.x), np.full(ELEMENTS, 2.0))

    def test_between_calls_is_not_seen(self):
        self.check()
        for death in range(1, 4):
            before = kill(self.client)
            self.check()
            self.assertNotEqual(self.client.executor_pid, before)
            self.assertEqual(self.client.reconnects, death)

    def test_between_calls_of_kernels_and_memory_of_all_kinds(self):
        with tempfile.TemporaryFile() as file:
            file.truncate(8 * ELEMENTS)
            mapped = lanes.from_shared_memory(file.fileno())
            mapped[:] = 3.0
            self.linger(self.x, mapped)
            kill(self.client)
            np.testing.assert_array_equal(self.add(mapped, self.x), np.full(ELEMENTS, 4.0))
            np.testing.assert_array_equal(self.linger(mapped, 1.0), mapped)

    def test_in_the_midst_of_a_call_is_not_seen(self):
        self.check()
        pid = self.client.executor_pid

        def kill_soon():
            life_kernels.until(lambda: self.client._session.tasks)
            os.kill(pid, signal.SIGKILL)

        killer = threading.Thread(target=kill_soon)
        killer.start()
        np.testing.assert_array_equal(self.linger(self.x[:1], 5e7), [1.0])
        killer.join()
        self.assertEqual(self.client.reconnects, 1)
        self.check()

    def test_while_futures_are_in_flight_is_not_seen(self):
        self.check()
        batches = [self.linger.submit(self.x[:1], 1e7) for _ in range(5)]
        kill(self.client)
        for batch in batches:
            np.testing.assert_array_equal(batch.result(20), [1.0])
        self.check()

    def test_is_told_by_batches_that_cannot_run_twice(self):
        self.check()
        x = lanes.ones(1)
        batch = self.linger.submit(x, life_kernels.ENDLESS, out=x)
        life_kernels.until(lambda: life_kernels.has_begun(self.client))
        kill(self.client)
        with self.assertRaisesRegex(lanes.LanesError, "LANES_E_INDETERMINATE"):
            batch.result(20)
        self.check()


class End(unittest.TestCase):
    """Of an executor that nobody replaces: all that is in flight fails, and once one is there
    again the next call works."""

    def test_fails_what_is_in_flight_and_nothing_after(self):
        daemon = life_kernels.Daemon()
        self.addCleanup(daemon.stop)
        client = lanes.Client(daemon.path, timeout=0.3)
        self.addCleanup(client.close)
        add, linger = life_kernels.add(client), life_kernels.linger(client)
        x = lanes.ones(ELEMENTS)
        add(x, x)
        batches = [linger.submit(x, life_kernels.ENDLESS) for _ in range(3)]
        errors = []

        def call():
            try:
                linger(x, life_kernels.ENDLESS)
            except lanes.ExecutorUnavailable as error:
                errors.append(error)

        threads = [threading.Thread(target=call) for _ in range(3)]
        for thread in threads:
            thread.start()
        life_kernels.until(lambda: life_kernels.in_flight(client) == 6)
        pid = client.executor_pid
        daemon.stop()
        os.kill(pid, signal.SIGKILL)  # it would give its batches some time
        for thread in threads:
            thread.join(20)
        self.assertEqual(len(errors), 3)
        self.assertEqual(len({id(error) for error in errors}), 3, "one object has one traceback")
        for batch in batches:
            with self.assertRaises(lanes.ExecutorUnavailable):
                batch.result(20)
        with self.assertRaisesRegex(lanes.ExecutorUnavailable, daemon.path):
            add(x, x)
        with life_kernels.Daemon() as again:
            os.makedirs(os.path.dirname(daemon.path))
            os.symlink(again.path, daemon.path)
            self.addCleanup(lambda: (os.unlink(daemon.path), os.rmdir(os.path.dirname(daemon.path))))
            np.testing.assert_array_equal(add(x, x), np.full(ELEMENTS, 2.0))
            np.testing.assert_array_equal(linger(x, 1.0), x)


class Absence(unittest.TestCase):
    def test_of_the_named_executor_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "none.sock")
            with lanes.Client(path) as client:
                add = life_kernels.add(client)
                for _ in range(2):
                    with self.assertRaisesRegex(lanes.ExecutorUnavailable, f"LANES_E_UNAVAILABLE: .*{path}"):
                        add(1.0, 1.0)
                with self.assertRaisesRegex(ConnectionError, path):
                    add.submit(1.0, 1.0)
                with self.assertRaisesRegex(ConnectionError, path):
                    client.stats()

    def test_of_a_program_is_told(self):
        os.environ["LANES_EXECUTOR"] = "/nowhere/lanesd"
        self.addCleanup(os.environ.pop, "LANES_EXECUTOR")
        with lanes.Client(private=True) as client:
            with self.assertRaisesRegex(lanes.ExecutorUnavailable, "LANES_EXECUTOR '/nowhere/lanesd' is not"):
                life_kernels.add(client)(1.0, 1.0)


class Arguments(unittest.TestCase):
    """What cannot be is said when the client is made, with the name and the value."""

    def test_out_of_range(self):
        for arguments, text in (
            ({"threads": -1}, "threads is -1; it is an integer, 0 to 65536"),
            ({"threads": 1.5}, "threads is 1.5; it is an integer"),
            ({"spin_us": -1}, "spin_us is -1; it is an integer, 0 to 1000000"),
            ({"spin_us": 10**7}, "spin_us is 10000000"),
            ({"timeout": 0}, "timeout is 0; it is a number of seconds"),
            ({"timeout": float("nan")}, "timeout is nan"),
            ({"socket": "s", "private": True}, "socket is 's', and private: .* give one of them"),
        ):
            with self.subTest(arguments), self.assertRaisesRegex(ValueError, text):
                lanes.Client(**arguments)

    def test_of_another_type_than_paths_and_names(self):
        with self.assertRaises(TypeError):
            lanes.Client(5)
        with self.assertRaisesRegex(TypeError, "client is 'x'; it is a lanes.Client, or None"):
            lanes.set_default_client("x")

    def test_a_cpu_that_there_is_not_is_told(self):
        with lanes.Client(private=True, cpu="pentium9000") as client:
            with self.assertRaisesRegex(lanes.ExecutorUnavailable, "private executor .*standard error"):
                life_kernels.add(client)(1.0, 1.0)

    def test_deadlines_are_what_they_say(self):
        """0 would mean none."""
        with lanes.Client(private=True, threads=1) as client:
            linger = life_kernels.linger(client)
            with self.assertRaises(lanes.DeadlineExceeded):
                linger(1.0, life_kernels.ENDLESS, deadline=1e-12)
            for deadline in (1e30, float("inf")):
                self.assertEqual(linger(1.0, 1.0, deadline=deadline), 1.0)


class Closed(unittest.TestCase):
    def test_clients_say_so(self):
        client = lanes.Client(private=True, threads=1)
        add = life_kernels.add(client)
        self.assertEqual(add(1.0, 1.0), 2.0)
        pid = client.executor_pid
        client.close()
        client.close()
        self.assertEqual(repr(client), "<lanes.Client, closed>")
        self.assertFalse(life_kernels.is_running(pid))
        uses = lambda: add(1.0, 1.0), lambda: add.submit(1.0, 1.0), client.stats, lambda: client.executor_pid
        for use in uses:
            with self.assertRaisesRegex(lanes.ExecutorUnavailable, "the client was closed; make another"):
                use()

    def test_default_ones_can_be_replaced(self):
        self.addCleanup(lanes.set_default_client, lanes.set_default_client(None))
        first = lanes.default_client()
        first.close()
        add = life_kernels.add()
        with self.assertRaisesRegex(lanes.ExecutorUnavailable, r"lanes.set_default_client\(None\)"):
            add(1.0, 1.0)
        self.assertIs(lanes.set_default_client(None), first)
        self.assertEqual(add(1.0, 1.0), 2.0)
        lanes.default_client().close()

    def test_by_being_dropped(self):
        client = lanes.Client(private=True, threads=1)
        batch = life_kernels.linger(client).submit(1.0, 1e3)
        self.assertEqual(batch.result(10), 1.0)
        pid = client.executor_pid
        del batch, client
        life_kernels.until(lambda: not life_kernels.is_running(pid))


if __name__ == "__main__":
    unittest.main()
