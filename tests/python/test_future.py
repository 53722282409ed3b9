# SPDX-License-Identifier: Apache-2.0
"""Calls that run while the program goes on: concurrent.futures', awaited, and with a bar."""
import asyncio
import concurrent.futures
import contextlib
import gc
import io
import os
import sys
import threading
import traceback
import unittest
import warnings
import weakref
from unittest import mock

import life_kernels
import numpy as np

import lanes
from lanes._future import wait_with_progress

ELEMENTS = 1000
# Rounds of an element of a batch that runs for a second and more, and can be cancelled.
LONG = 1e7


class FutureTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.client = lanes.Client(private=True, threads=1)
        cls.addClassCleanup(cls.client.close)
        cls.add, cls.linger = life_kernels.add(cls.client), life_kernels.linger(cls.client)
        cls.x = lanes.ones(ELEMENTS)

    def long(self):
        """A batch that runs, and is cancelled at the end of the test."""
        batch = self.linger.submit(self.x, LONG)
        self.addCleanup(batch.cancel)
        life_kernels.until(lambda: life_kernels.has_begun(self.client))
        return batch


class Futures(FutureTest):
    def test_a_result_is_what_the_call_returns(self):
        batch = self.add.submit(self.x, 1.0)
        self.assertIsInstance(batch, concurrent.futures.Future)
        self.assertIsInstance(batch, lanes.Batch)
        np.testing.assert_array_equal(batch.result(), np.full(ELEMENTS, 2.0))
        self.assertIs(batch.result(), batch.result())
        self.assertTrue(batch.done())
        self.assertFalse(batch.running() or batch.cancelled())
        self.assertIsNone(batch.exception())
        self.assertEqual(batch.progress, 1.0)
        self.assertEqual(batch.elements, ELEMENTS)
        self.assertEqual((batch.stats["elements"], batch.stats["failed"]), (ELEMENTS, 0))

    def test_what_a_call_takes(self):
        out = lanes.zeros(ELEMENTS)
        where = lanes.asarray(np.arange(ELEMENTS) % 2 == 0)
        self.assertIs(self.add.submit(self.x, 1, out=out, where=where).result(), out)
        np.testing.assert_array_equal(out, np.where(where, 2.0, 0.0))
        private = np.ones(3)
        np.testing.assert_array_equal(self.add.submit(private, [1, 2, 3], out=private).result(), [2, 3, 4])
        np.testing.assert_array_equal(private, [2, 3, 4])
        self.assertEqual(self.add.submit(np.empty((0, 3)), 1.0).result().shape, (0, 3))
        self.assertEqual(self.add.submit(1.0, 2.0).result(), 3.0)
        with self.assertRaisesRegex(ValueError, "broadcast"):
            self.add.submit(self.x, np.ones(3))

    def test_one_that_runs(self):
        batch = self.long()
        self.assertTrue(batch.running())
        self.assertFalse(batch.done())
        self.assertIsNone(batch.stats)
        self.assertLess(batch.progress, 1.0)
        with self.assertRaises((TimeoutError, concurrent.futures.TimeoutError)):
            batch.result(timeout=0.01)
        with self.assertRaises((TimeoutError, concurrent.futures.TimeoutError)):
            batch.exception(timeout=0.01)
        self.assertTrue(batch.running())

    def test_progress_moves(self):
        """Each element takes about a millisecond, which the executor soon knows."""
        batch = self.linger.submit(self.x, 1e6)
        self.addCleanup(batch.cancel)
        seen = set()
        life_kernels.until(lambda: seen.add(batch.progress) or len(seen) > 3, 30)
        self.assertEqual(sorted(seen)[0], min(seen))
        self.assertLess(max(seen), 1.0)
        self.assertGreater(max(seen), 0.0)

    def test_cancel(self):
        batch = self.long()
        waiting = self.linger.submit(self.x, LONG)
        self.assertTrue(waiting.cancel())
        self.assertTrue(batch.cancel())
        for cancelled in (batch, waiting):
            with self.assertRaises(lanes.Cancelled) as caught:
                cancelled.result(20)
            self.assertIsInstance(caught.exception, concurrent.futures.CancelledError)
            self.assertTrue(cancelled.cancelled() and cancelled.done())
            self.assertFalse(cancelled.cancel(), "it is done")
        np.testing.assert_array_equal(self.add(self.x, 1.0), np.full(ELEMENTS, 2.0))

    def test_deadlines(self):
        batch = self.linger.submit(self.x, LONG, deadline=0.05)
        with self.assertRaisesRegex(lanes.DeadlineExceeded, "linger: the batch had not finished"):
            batch.result(20)
        self.assertFalse(batch.cancelled())

    def test_wait_as_completed_and_callbacks(self):
        told = []
        batches = [self.add.submit(self.x, float(k)) for k in range(200)]
        for batch in batches:
            batch.add_done_callback(told.append)
        self.assertEqual(len(list(concurrent.futures.as_completed(batches, timeout=30))), 200)
        self.assertEqual(len(concurrent.futures.wait(batches).done), 200)
        for k, batch in enumerate(batches):
            self.assertEqual(batch.result()[0], 1.0 + k)
        life_kernels.until(lambda: len(told) == 200)

    def test_more_than_the_ring_holds_from_several_threads(self):
        def submit(first):
            results = [self.add.submit(self.x, float(first + k)) for k in range(400)]
            return [batch.result(30)[-1] - 1.0 - first for batch in results]

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for offsets in pool.map(submit, (0, 1000, 2000, 3000)):
                self.assertEqual(offsets, list(range(400)))

    def test_arrays_that_nobody_else_has(self):
        first = self.long()
        batches = [self.add.submit(lanes.full(ELEMENTS, float(k)), lanes.ones(ELEMENTS)) for k in range(20)]
        gc.collect()
        for _ in range(20):  # would take the place of what has gone
            lanes.full(ELEMENTS, -1.0)
        first.cancel()
        for k, batch in enumerate(batches):
            np.testing.assert_array_equal(batch.result(20), np.full(ELEMENTS, 1.0 + k))

    def test_of_which_nobody_wants_the_result(self):
        out = lanes.zeros(ELEMENTS)
        self.add.submit(self.x, 2.0, out)
        life_kernels.until(lambda: out[-1] == 3.0)
        self.assertEqual(life_kernels.in_flight(self.client), 0)


    def test_those_of_a_parent_process(self):
        batch = self.long()
        tag = batch._task.tag
        pid = os.fork()
        if pid == 0:
            try:
                for _ in range(tag - 1):
                    self.add(self.x, 1.0)
                own = self.linger.submit(self.x[:1], 3e7)
                assert own._task.tag == tag, (own._task.tag, tag)
                wrong = batch.cancel() or batch.cancelled()
                for ask in (batch.result, batch.exception, lambda: batch.progress):
                    try:
                        ask()
                        wrong = True
                    except RuntimeError as error:
                        wrong = wrong or f"of process {os.getppid()}, which was forked" not in str(error)
                wrong = wrong or own.exception(20) is not None
                os._exit(1 if wrong else 0)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(2)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        self.assertTrue(batch.running())


class Raising(FutureTest):
    """What a callback raises, and floating-point flags."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()

        @lanes.vectorize(["f8(f8,f8)"], client=cls.client)
        def ratio(x, y):
            if y < 0:
                raise ValueError("negative")
            return x / y

        cls.ratio = ratio
        cls.y = lanes.ones((4, 5))

    def test_exceptions_have_an_index(self):
        self.y[:] = 1
        self.y[2, 3:] = -1
        batch = self.ratio.submit(1.0, self.y)
        error = batch.exception(20)
        self.assertIsInstance(error, ValueError)
        self.assertEqual((error.args, error.index, error.failed), (("negative",), (2, 3), 2))
        with self.assertRaises(ValueError):
            batch.result()
        result, mask = self.ratio.submit(1.0, self.y, errors="mask").result(20)
        np.testing.assert_array_equal(mask, np.asarray(self.y) < 0)
        self.assertEqual(result[0, 0], 1.0)

    def test_arrays_do_not_wait_for_garbage_collection(self):
        """No exception has itself by way of its traceback, and the arrays with it."""
        overlapping = lanes.from_shared_memory(self.memory()), lanes.from_shared_memory(self.memory())
        acts = {
            "raised": lambda x: self.ratio(1.0, x),
            "deadline": lambda x: self.linger(x, life_kernels.ENDLESS, deadline=1e-9),
            "refused": lambda x: self.add(x, overlapping[0][:3], out=overlapping[1][1:4]),
            "submit, raised": lambda x: self.ratio.submit(1.0, x).result(20),
            "submit, deadline": lambda x: self.linger.submit(x, life_kernels.ENDLESS, deadline=1e-9).result(20),
            "progress": lambda x: self.ratio.with_progress(1.0, x),
            "submit, refused": lambda x: self.add.submit(x, overlapping[0][:3], out=overlapping[1][1:4]).result(20),
        }
        self.addCleanup(gc.enable)
        for name, act in acts.items():
            with self.subTest(name):
                x = lanes.full(3, -1.0)
                gone = weakref.ref(x)
                gc.collect()
                gc.disable()
                try:
                    act(x)
                    self.fail("nothing was raised")
                except (ValueError, lanes.LanesError):
                    pass
                del x
                self.add.submit(1.0, 1.0).result(20)  # the client's thread has gone on
                life_kernels.until(lambda: gone() is None)
                gc.enable()

    def memory(self):
        """A descriptor of the one object that this test has."""
        if not hasattr(self, "_fd"):
            self._fd = os.memfd_create("lanes-test")
            self.addCleanup(os.close, self._fd)
            os.ftruncate(self._fd, 800)
        return self._fd

    def test_warnings_name_the_line_that_submits(self):
        zeros = lanes.zeros(3)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            line = sys._getframe().f_lineno
            first, second = (
                self.ratio.submit(1.0, zeros),
                self.ratio.submit(1.0, zeros),
            )
            concurrent.futures.wait([first, second], 20)
        self.assertEqual({w.filename for w in caught}, {__file__})
        self.assertEqual([w.lineno for w in caught], [line + 2, line + 3])

    def test_errstate_is_that_of_the_submitter(self):
        zeros = lanes.zeros(3)
        with np.errstate(divide="raise"):
            batch = self.ratio.submit(1.0, zeros)
        with self.assertRaisesRegex(FloatingPointError, "divide by zero encountered in ratio"):
            batch.result(20)
        heard = []
        with np.errstate(divide="call", call=lambda *given: heard.append(given)):
            batch = self.ratio.submit(1.0, zeros)
        batch.result(20)
        self.assertEqual(heard, [("divide by zero", 1)])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            self.ratio.submit(1.0, zeros).result(20)
            with np.errstate(all="ignore"):
                batch = self.ratio.submit(1.0, zeros)
            batch.result(20)
        self.assertEqual([str(w.message) for w in caught], ["divide by zero encountered in ratio"])


class Awaiting(FutureTest):
    def test_results_and_exceptions(self):
        async def main():
            first, second = await asyncio.gather(self.add.submit(self.x, 1.0), self.add.submit(self.x, 2.0))
            with self.assertRaises(lanes.DeadlineExceeded):
                await self.linger.submit(self.x, LONG, deadline=0.01)
            return first[0], second[0]

        self.assertEqual(asyncio.run(main()), (2.0, 3.0))

    def test_what_is_given_up_is_cancelled(self):
        async def wait(batch):
            return await batch

        async def main():
            first, second = self.linger.submit(self.x, LONG), self.linger.submit(self.x, LONG)
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(first, 0.02)
            task = asyncio.ensure_future(wait(second))
            await asyncio.sleep(0.02)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            return first, second

        for batch in asyncio.run(main()):
            self.assertIsInstance(batch.exception(20), lanes.Cancelled)

    def test_the_loop_goes_on(self):
        async def main():
            batch, ticks = self.linger.submit(self.x, LONG), 0
            while ticks < 10:
                await asyncio.sleep(0.001)
                ticks += 1
            self.assertFalse(batch.done())
            batch.cancel()

        asyncio.run(main())


class Bars(FutureTest):
    def shown(self, *arguments, delay=0.0, interval=0.001, **patches):
        """(result, what was written) of a call with a bar."""
        batch = self.linger.submit(*arguments)
        with contextlib.redirect_stderr(io.StringIO()) as stream, mock.patch.dict(sys.modules, patches):
            result = wait_with_progress(batch, "linger", delay, interval)
        return result, stream.getvalue()

    def test_by_tqdm(self):
        made = []

        class Bar:
            def __init__(self, total, **keywords):
                self.total, self.n, self.keywords = total, 0, keywords
                made.append(self)

            def __enter__(self):
                return self

            def __exit__(self, *_):
                pass

            def update(self, count):
                self.n += count

        result, _ = self.shown(self.x, 1e5, **{"tqdm.auto": mock.Mock(tqdm=Bar)})
        self.assertEqual(result.shape, (ELEMENTS,))
        (bar,) = made
        self.assertEqual((bar.total, bar.n, bar.keywords["desc"]), (ELEMENTS, ELEMENTS, "linger"))
        batch = self.long()
        with mock.patch.dict(sys.modules, {"tqdm.auto": mock.Mock(tqdm=Bar)}):
            threading.Thread(target=lambda: (life_kernels.until(lambda: len(made) == 2), batch.cancel())).start()
            with self.assertRaises(lanes.Cancelled):
                wait_with_progress(batch, "linger", 0.0, 0.001)
        self.assertLess(made[1].n, ELEMENTS, "it was not completed")

    def test_by_the_real_tqdm(self):
        import tqdm  # noqa: F401  pylint: disable=unused-import

        _, text = self.shown(self.x, 1e5)
        self.assertRegex(text, r"linger: +\d+%\|.*/1\.00k")

    def test_as_a_line_of_text(self):
        result, text = self.shown(self.x, 1e5, **{"tqdm": None, "tqdm.auto": None})
        self.assertEqual(result[0], 1.0)
        self.assertRegex(text, r"\rlinger: +\d+%")
        self.assertTrue(text.endswith("\r" + " " * 12 + "\r"), repr(text[-40:]))

    def test_nothing_is_shown_of_short_calls(self):
        _, text = self.shown(self.x, 10.0, delay=30.0)
        self.assertEqual(text, "")
        np.testing.assert_array_equal(self.add.with_progress(self.x, 1.0), np.full(ELEMENTS, 2.0))

    def test_stderr_that_was_closed(self):
        """Before it is shown, and while it is; the call has its result."""

        class Broken(io.StringIO):
            def write(self, _):
                raise BrokenPipeError(32, "Broken pipe")

        closed = io.StringIO()
        closed.close()
        for stream in (None, closed, Broken()):
            for patch in ({}, {"tqdm": None, "tqdm.auto": None}):
                if patch == {} and isinstance(stream, Broken):
                    continue  # tqdm tells more of it than this
                with self.subTest(stream=stream, patch=patch):
                    batch = self.linger.submit(self.x, 1e5)
                    with mock.patch.object(sys, "stderr", stream), mock.patch.dict(sys.modules, patch):
                        self.assertEqual(wait_with_progress(batch, "linger", 0.0, 0.001)[0], 1.0)

    def test_an_error_of_the_bar_ends_the_batch(self):
        batch = self.long()
        with mock.patch.dict(sys.modules, {"tqdm.auto": mock.Mock(tqdm=mock.Mock(side_effect=KeyError("bar")))}):
            with self.assertRaisesRegex(KeyError, "bar"):
                wait_with_progress(batch, "linger", 0.0, 0.001)
        self.assertIsInstance(batch.exception(20), lanes.Cancelled)

    def test_ctrl_c_cancels(self):
        batch = self.long()
        with mock.patch.object(threading.Event, "wait", side_effect=KeyboardInterrupt):
            with self.assertRaises(KeyboardInterrupt):
                wait_with_progress(batch, "linger", 30.0)
        self.assertIsInstance(batch.exception(20), lanes.Cancelled)

    def test_exceptions(self):
        with self.assertRaises(lanes.DeadlineExceeded):
            self.linger.with_progress(self.x, LONG, deadline=0.02)


if __name__ == "__main__":
    unittest.main()
