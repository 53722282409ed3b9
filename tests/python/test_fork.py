# SPDX-License-Identifier: Apache-2.0
"""Forks at any time: children get sessions of their own, and parents notice nothing."""
import concurrent.futures
import multiprocessing
import os
import sys
import threading
import unittest

import life_kernels
import numpy as np

import lanes
from lanes import _client

ELEMENTS = 1000


def in_child(function):
    """Fork, call `function` in the child; its exit status: 0 if it returned True."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            status = 0 if function() else 2
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def open_files():
    """What this process has open."""
    links = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]
    return {os.readlink(link) for link in links if os.path.lexists(link)}


def double(values):
    """What workers of pools do, with their default client."""
    return life_kernels.add()(values, values)


def executor(_):
    return os.getpid(), lanes.default_client().executor_pid


class Fork(unittest.TestCase):
    def setUp(self):
        self.client = lanes.Client(private=True, threads=1)
        self.addCleanup(self.client.close)
        self.add, self.linger = life_kernels.add(self.client), life_kernels.linger(self.client)
        self.x = lanes.ones(ELEMENTS)
        self.add(self.x, self.x)

    def works(self):
        return bool((self.add(self.x, self.x) == 2.0).all())

    def test_gives_the_child_an_executor_of_its_own(self):
        pid = self.client.executor_pid
        self.assertEqual(in_child(lambda: self.works() and self.client.executor_pid != pid), 0)
        self.assertEqual(self.client.executor_pid, pid)
        self.assertTrue(self.works())

    def test_gives_the_child_nothing_of_the_parents_session(self):
        """Else the executor would go on when the parent has ended."""
        sockets = {name for name in open_files() if name.startswith("socket:")}
        self.assertTrue(sockets)
        self.assertEqual(in_child(lambda: not open_files() & sockets), 0)
        self.assertTrue(self.works())

    def test_of_a_child_and_its_child(self):
        self.assertEqual(in_child(lambda: self.works() and in_child(self.works) == 0), 0)
        self.assertTrue(self.works())

    def test_of_a_child_that_does_nothing_and_exits_as_programs_do(self):
        context = multiprocessing.get_context("fork")
        child = context.Process(target=int)
        child.start()
        child.join(20)
        self.assertEqual(child.exitcode, 0)
        self.assertTrue(self.works())

    def test_of_a_closed_client(self):
        client = lanes.Client(private=True, threads=1)
        add = life_kernels.add(client)
        client.close()

        def check():
            with self.assertRaisesRegex(lanes.ExecutorUnavailable, "the client was closed"):
                add(1.0, 1.0)
            return True

        self.assertEqual(in_child(check), 0)

    def test_while_batches_are_in_flight(self):
        """They are the parent's, and so are futures."""
        batch = self.linger.submit(self.x[:1], 3e7)
        long = self.linger.submit(self.x, life_kernels.ENDLESS)
        self.assertEqual(in_child(self.works), 0)
        self.assertEqual(in_child(lambda: self.linger.submit(self.x, 1.0).result(20)[0] == 1.0), 0)
        self.assertEqual(batch.result(20)[0], 1.0)
        long.cancel()
        with self.assertRaises(lanes.Cancelled):
            long.result(20)

    def test_while_other_threads_call_and_wait(self):
        """A fork waits until none is in the midst of a submission or a look."""
        stop = threading.Event()
        errors = []

        def call(rounds):
            x = lanes.ones(ELEMENTS)
            while not stop.is_set():
                if not (self.linger(x, rounds) == 1.0).all():
                    errors.append(rounds)

        threads = [threading.Thread(target=call, args=(rounds,)) for rounds in (1.0, 1.0, 1e5)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(6):
                self.assertEqual(in_child(self.works), 0)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(errors, [])

    def test_by_many_threads_at_once(self):
        others = [lanes.Client(private=True, threads=1) for _ in range(2)]
        for client in others:
            self.addCleanup(client.close)
            client.load(self.add.kernels[0])
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            statuses = list(pool.map(lambda _: in_child(lambda: True), range(20), timeout=30))
        self.assertEqual(statuses, [0] * 20)
        for client in (*others, self.client):
            self.assertFalse(client._lock._is_owned())
            client.load(self.linger.kernels[0])

    def test_by_two_threads_that_wait_for_the_same_call(self):
        """What os.fork() does to clients; other modules let no two threads come so far."""

        def fork():
            _client._before_fork()
            _client._after_fork()

        def both_wait():
            frames = [sys._current_frames()[thread.ident] for thread in threads]
            return all(frame.f_code.co_name == "_before_fork" for frame in frames)

        threads = [threading.Thread(target=fork) for _ in range(2)]
        with self.client._lock:
            for thread in threads:
                thread.start()
            life_kernels.until(both_wait)
        for thread in threads:
            thread.join(20)
        self.assertTrue(self.client._lock.acquire(timeout=10), "it was not given back")
        self.client._lock.release()

    def test_while_the_lock_cannot_be_had(self):
        """The child still gets a session of its own; the parent's is left as it is."""
        held, done = threading.Event(), threading.Event()

        def hold():
            with self.client._lock:
                held.set()
                done.wait()

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        before, _client.FORK_S = _client.FORK_S, 0.01
        try:
            self.assertEqual(in_child(self.works), 0)
        finally:
            _client.FORK_S = before
            done.set()
            thread.join()
        self.assertTrue(self.works())

    def test_shares_arrays_and_not_what_is_made_later(self):
        """What a child computes into an inherited array is the parent's, too."""
        out = lanes.zeros(ELEMENTS)

        def compute():
            fresh = lanes.full(ELEMENTS, 5.0)
            self.add(fresh, self.x, out)
            return True

        self.assertEqual(in_child(compute), 0)
        np.testing.assert_array_equal(out, np.full(ELEMENTS, 6.0))
        self.assertTrue((lanes.zeros(ELEMENTS) == 0.0).all())


class Pools(unittest.TestCase):
    """Of multiprocessing, whatever they start their workers with."""

    def setUp(self):
        own = lanes.Client(private=True, threads=1)
        self.addCleanup(lanes.set_default_client, lanes.set_default_client(own))
        self.addCleanup(lanes.default_client().close)
        double(lanes.ones(2))

    def test_of_each_start_method(self):
        for method in ("fork", "forkserver", "spawn"):
            with self.subTest(method):
                context = multiprocessing.get_context(method)
                with context.Pool(2) as pool:
                    results = pool.map(double, [np.full(100, float(k)) for k in range(10)])
                    for k, result in enumerate(results):
                        np.testing.assert_array_equal(result, np.full(100, 2.0 * k))
                    pids = set(pool.map(executor, range(10), chunksize=1))
                executors = {executor_pid for _, executor_pid in pids}
                self.assertEqual(len(executors), len({pid for pid, _ in pids}), "one for each worker")
                for pid in executors:
                    life_kernels.until(lambda pid=pid: not life_kernels.is_running(pid))
        np.testing.assert_array_equal(double(lanes.ones(2)), [2.0, 2.0])


if __name__ == "__main__":
    unittest.main()
