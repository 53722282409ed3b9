# SPDX-License-Identifier: Apache-2.0
"""One client, many threads: everyone gets its own results, and nobody waits for ever."""
import asyncio
import concurrent.futures
import gc
import logging
import threading
import unittest
import weakref
from unittest import mock

import life_kernels
import numpy as np

import lanes
from lanes import _session

ELEMENTS = 500


def in_threads(count, function):
    """Results of function(0) ... function(count - 1), each in a thread of its own."""
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(function, range(count), timeout=50))


class Threads(unittest.TestCase):
    def setUp(self):
        self.client = lanes.Client(private=True, threads=1)
        self.addCleanup(self.client.close)
        self.add, self.linger = life_kernels.add(self.client), life_kernels.linger(self.client)
        self.one = lanes.ones(ELEMENTS)
        self.add(self.one, self.one)

    def test_call_one_kernel_on_arrays_of_one_layout(self):
        """They share what is prepared for such a call."""
        def work(number):
            x, out = lanes.full(ELEMENTS, float(number)), lanes.empty(ELEMENTS)
            for k in range(200):
                self.add(x, lanes.full(ELEMENTS, float(k)), out)
                np.testing.assert_array_equal(out, np.full(ELEMENTS, number + k))

        in_threads(4, work)
        self.assertEqual(self.client._session.tasks, {})

    def test_short_and_long_calls_and_futures(self):
        def work(number):
            for k in range(20):
                kind = (number + k) % 4
                if kind == 0:
                    result = self.linger(self.one[:1], 3e6)  # longer than a look
                elif kind == 1:
                    result = self.linger.submit(self.one, 10.0).result(20)
                elif kind == 2:
                    with self.assertRaises(lanes.DeadlineExceeded):
                        self.linger(self.one[:1], life_kernels.ENDLESS, deadline=0.005)
                    continue
                else:
                    result = self.linger(self.one, 1.0)
                np.testing.assert_array_equal(result, self.one[: len(result)])

        in_threads(6, work)
        self.assertEqual(self.client._session.tasks, {})

    def test_wait_for_different_batches_which_end_in_another_order(self):
        first_begun = threading.Event()
        order, batches = [], []

        def work(number):
            if number == 0:
                # Elements are short, so it can give way.
                batches.append(self.linger.submit(lanes.ones(10**6), 1e5))
                first_begun.set()
                with self.assertRaises(lanes.Cancelled):
                    batches[0].result(30)
            else:
                first_begun.wait()
                self.linger(self.one, 1e4, priority="high")
            order.append(number)
            if len(order) == 3:
                batches[0].cancel()

        in_threads(4, work)
        self.assertEqual(order[3], 0)

    def test_make_the_default_client_once(self):
        self.addCleanup(lanes.set_default_client, lanes.set_default_client(None))
        self.assertEqual(len({id(client) for client in in_threads(8, lambda _: lanes.default_client())}), 1)
        lanes.default_client().close()

    def test_make_kernels_while_others_drop_theirs(self):
        ir = "define double @f(double %x) {{\n  %r = fadd double %x, {}.0\n  ret double %r\n}}\n"

        def work(number):
            for k in range(10):
                made = lanes.from_ir(ir.format(10 * number + k), "f8(f8)", client=self.client)
                self.assertEqual(made(0.0), 10 * number + k)
                del made
                gc.collect()

        in_threads(4, work)
        self.add(self.one, self.one)
        self.assertLessEqual(life_kernels.session_of(self.client)["kernels"], 3)


class Closing(unittest.TestCase):
    def test_ends_all_calls_and_futures_of_other_threads(self):
        for is_short in (False, True):
            with self.subTest(is_short=is_short):
                client = lanes.Client(private=True, threads=1)
                linger = life_kernels.linger(client)
                x = lanes.ones(ELEMENTS)
                linger(x, 1.0)
                pid = client.executor_pid
                batch = linger.submit(x, 1.0 if is_short else life_kernels.ENDLESS)
                errors = []

                def work():
                    try:
                        while True:
                            linger(x, 1.0 if is_short else life_kernels.ENDLESS)
                    except lanes.ExecutorUnavailable as error:
                        errors.append(str(error))

                threads = [threading.Thread(target=work) for _ in range(4)]
                for thread in threads:
                    thread.start()
                if not is_short:
                    life_kernels.until(lambda: len(client._session.tasks) == 5)
                # It asks for their end, and does not just wait for it.
                with mock.patch.object(_session, "QUIET_NS", 10**12):
                    client.close()
                for thread in threads:
                    thread.join(20)
                self.assertEqual([error.count("the client was closed") for error in errors], [1] * 4)
                self.assertTrue(batch.done())
                self.assertFalse(life_kernels.is_running(pid))
                self.assertEqual(client._session.tasks, {})

    def test_by_many_threads(self):
        client = lanes.Client(private=True, threads=1)
        life_kernels.linger(client).submit(1.0, 1.0).result(10)
        in_threads(4, lambda _: client.close())

    def test_by_a_callback_of_a_future(self):
        client = lanes.Client(private=True, threads=1)
        linger = life_kernels.linger(client)
        closed = threading.Event()

        def close(_):
            client.close()
            closed.set()

        batch = linger.submit(1.0, 1e6)
        batch.add_done_callback(close)
        self.assertTrue(closed.wait(20))


class Pump(unittest.TestCase):
    def setUp(self):
        self.client = lanes.Client(private=True, threads=1)
        self.addCleanup(self.client.close)
        self.linger = life_kernels.linger(self.client)

    def test_callbacks_may_call_kernels(self):
        results = []
        called = threading.Event()

        def call(batch):
            results.append(batch.result())
            results.append(self.linger(3.0, 3e6))
            results.append(self.linger.submit(4.0, 1.0))
            called.set()

        self.linger.submit(2.0, 1.0).add_done_callback(call)
        self.assertTrue(called.wait(20))
        self.assertEqual([results[0], results[1], results[2].result(20)], [2.0, 3.0, 4.0])

    def test_what_goes_wrong_in_it_is_told_to_those_who_wait(self):
        """And it goes on."""
        self.linger(1.0, 1.0)
        with mock.patch.object(_session.Session, "drain", side_effect=MemoryError("no room")):
            batch = self.linger.submit(1.0, life_kernels.ENDLESS)
            with self.assertRaisesRegex(MemoryError, "no room"):
                batch.result(20)
        self.assertEqual(self.linger.submit(2.0, 1.0).result(20), 2.0)

    def test_a_future_that_cannot_be_told_is_logged(self):
        with self.assertLogs("lanes", logging.ERROR) as logs:
            with mock.patch.object(lanes.Batch, "_complete", side_effect=RuntimeError("odd")):
                self.linger.submit(1.0, 1.0)
                life_kernels.until(lambda: not self.client._session.tasks)
                self.client.close()
        self.assertRegex(logs.output[0], "a batch could not be completed(.|\n)*odd")

    def test_without_threads_calls_go_on_and_futures_say_so(self):
        with mock.patch.object(threading.Thread, "start", side_effect=RuntimeError("can't start new thread")):
            with mock.patch.object(threading, "active_count", return_value=2):
                self.assertEqual(self.linger(5.0, 1e7), 5.0)
            with self.assertRaisesRegex(RuntimeError, "no thread can be started .*ulimit -u"):
                self.linger.submit(1.0, 1.0)
        self.assertEqual(self.linger.submit(6.0, 1.0).result(20), 6.0)

    def test_ends_with_its_client(self):
        self.linger.submit(1.0, 1.0).result(20)
        thread = self.client._pump
        self.client.close()
        self.assertFalse(thread.is_alive())

        client = lanes.Client(private=True, threads=1)
        life_kernels.linger(client).submit(1.0, 1.0).result(20)
        thread, gone = client._pump, weakref.ref(client)
        del client
        thread.join(20)
        self.assertFalse(thread.is_alive())
        self.assertIsNone(gone())

    def test_keeps_a_client_and_its_arrays_that_only_a_batch_needs(self):
        client = lanes.Client(private=True, threads=1)
        pid, gone = client.executor_pid, weakref.ref(client)
        out = lanes.empty(1)
        life_kernels.linger(client).submit(lanes.ones(1), 1e8, out=out)
        del client
        gc.collect()
        self.assertIsNotNone(gone())
        life_kernels.until(lambda: not life_kernels.is_running(pid))
        self.assertEqual(out[0], 1.0)


class Asyncio(unittest.TestCase):
    def test_awaits_and_cancels(self):
        async def work():
            results = await asyncio.gather(*(linger.submit(float(k), 1e3) for k in range(20)))
            self.assertEqual(results, [float(k) for k in range(20)])
            waiting = asyncio.ensure_future(asyncio.wrap_future(linger.submit(1.0, life_kernels.ENDLESS)))
            await asyncio.sleep(0)
            with self.assertRaises((asyncio.TimeoutError, asyncio.CancelledError)):
                await asyncio.wait_for(waiting, 0.05)

        with lanes.Client(private=True, threads=1) as client:
            linger = life_kernels.linger(client)
            asyncio.run(work())
            life_kernels.until(lambda: life_kernels.in_flight(client) == 0)


if __name__ == "__main__":
    unittest.main()
