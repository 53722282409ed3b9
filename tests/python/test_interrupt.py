# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C, at any time: the call ends, its batch has ended, and the next call works."""
import dis
import gc
import os
import signal
import sys
import threading
import unittest
from unittest import mock

import life_kernels
import numpy as np

import lanes
from lanes import _client, _session

ELEMENTS = 64
# Opcodes behind which CPython 3.11 and later run signal handlers; before, that was almost
# anywhere.
CHECKED = ("CALL", "JUMP_BACKWARD", "RESUME")
FILES = {_client.__file__, _session.__file__}

# What is raised in these goes no further.
FINALIZERS = {"_forget_kernel", "_forget_region", "__del__"}


def is_in(frame, names):
    """True if a frame, or one that it was called from, is of a function of these names."""
    while frame is not None and frame.f_code.co_name not in names:
        frame = frame.f_back
    return frame is not None


class Interruptions:
    """Raises KeyboardInterrupt at the n-th place, of those where a signal may be handled, that
    this thread comes by in the client's code. Once."""

    def __init__(self, place):
        self._left = place
        self._last = None
        self.where = None

    def __enter__(self):
        self._before = sys.gettrace()
        sys.settrace(self._trace)
        return self

    def __exit__(self, *_):
        sys.settrace(self._before)
        self._last = None  # and all that the frame has

    def _trace(self, frame, event, _):
        if frame.f_code.co_filename not in FILES or self.where is not None or is_in(frame, FINALIZERS):
            return None
        if event == "call":
            frame.f_trace_opcodes = True
        elif event == "opcode":
            # Before an opcode; an interrupt is handled behind the one before it.
            is_place = self._last is not None and self._last[0] is frame and self._last[1].startswith(CHECKED)
            self._last = frame, dis.opname[frame.f_code.co_code[frame.f_lasti]]
            if is_place:
                if self._left == 0:
                    self.where = f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}"
                    raise KeyboardInterrupt
                self._left -= 1
        return self._trace


def interrupted_everywhere(act, check):
    """Do `act` again and again, interrupted at its first place, its second ...; `check` after
    each. Returns the places."""
    places = []
    while True:
        with Interruptions(len(places)) as interruptions:
            try:
                act()
            except KeyboardInterrupt:
                pass
        if interruptions.where is None:
            return places
        places.append(interruptions.where)
        try:
            check()
        except BaseException as error:
            raise AssertionError(f"after an interrupt at {places[-1]}") from error


class EachPlace(unittest.TestCase):
    """An interrupt at each place of the client's code where Python can raise one."""

    @classmethod
    def setUpClass(cls):
        cls.daemon = life_kernels.Daemon()
        cls.addClassCleanup(cls.daemon.stop)

    def setUp(self):
        self.client = lanes.Client(self.daemon.path)
        self.addCleanup(self.client.close)
        self.add, self.linger = life_kernels.add(self.client), life_kernels.linger(self.client)
        self.x = lanes.ones(ELEMENTS)
        self.out = lanes.empty(ELEMENTS)
        self.add(self.x, self.x, self.out)
        self.session = life_kernels.session_of(self.client)["session"]

    def check(self):
        self.assertFalse(self.client._lock._is_owned())
        self.assertEqual(life_kernels.session_of(self.client)["session"], self.session, "it was ended")
        self.check_calls()

    def check_calls(self):
        self.out[:] = 0.0
        self.add(self.x, self.x, self.out)
        np.testing.assert_array_equal(self.out, np.full(ELEMENTS, 2.0))
        self.assertEqual(self.client._session.tasks, {})
        self.assertEqual(life_kernels.in_flight(self.client), 0)

    def everywhere(self, act, least, check=None):
        """`least`: fewer places would mean that the test sees nothing."""
        places = interrupted_everywhere(act, check or self.check)
        self.assertGreaterEqual(len(places), least, places)

    def test_of_a_short_call(self):
        self.everywhere(lambda: self.add(self.x, self.x, self.out), 8)

    def test_of_a_call_with_arrays_elsewhere(self):
        other = lanes.empty(ELEMENTS)
        self.everywhere(lambda: self.add(self.x, self.x, other), 12)

    def test_of_a_call_that_goes_on_looking(self):
        with mock.patch.multiple(_client, LOOK_NS=1000, ALONE_NS=100_000):
            self.everywhere(lambda: self.linger(self.x, 2e4, self.out), 10)

    def test_of_a_call_that_another_thread_tells(self):
        stop = threading.Event()
        threading.Thread(target=stop.wait).start()
        self.addCleanup(stop.set)
        with mock.patch.multiple(_client, LOOK_NS=1000):
            self.everywhere(lambda: self.linger(self.x, 2e4, self.out), 10)

    def check_soon(self):
        """What was to be a future is cancelled and ends by itself."""
        for task in list(self.client._session.tasks.values()):
            self.client.cancel(task)
        life_kernels.until(lambda: not self.client._session.tasks)
        self.check()

    def test_of_a_future(self):
        def act():
            self.assertEqual(self.linger.submit(self.x, 1e3).result(10)[0], 1.0)

        self.everywhere(act, 10, self.check_soon)

    def test_of_what_is_cancelled(self):
        def act():
            batch = self.linger.submit(self.x, life_kernels.ENDLESS)
            batch.cancel()
            with self.assertRaises(lanes.Cancelled):
                batch.result()

        self.everywhere(act, 10, self.check_soon)

    def test_of_a_first_call(self):
        """With a session to be opened, memory to be attached and a kernel to be loaded."""

        def act():
            with self.client._lock:
                self.client._session.end(lanes.ExecutorUnavailable(0, "", "test"))
            self.add(self.x, self.x, self.out)

        self.everywhere(act, 20, self.check_calls)

    def test_of_what_finalizers_leave(self):
        ir = "define double @f(double %x) {{\n  %r = fadd double %x, {}.0\n  ret double %r\n}}\n"

        def act():
            act.runs += 1
            lanes.from_ir(ir.format(act.runs), "f8(f8)", client=self.client)(self.x)
            gc.collect()
            self.add(self.x, self.x, self.out)

        act.runs = 0
        self.everywhere(act, 20)

    def test_of_close(self):
        def act():
            client = lanes.Client(private=True, threads=1)
            try:
                life_kernels.add(client)(self.x, self.x)
                pids.append(client.executor_pid)
            finally:
                client.close()

        def check():
            gc.collect()  # what an interrupt kept from being closed
            life_kernels.until(lambda: not any(map(life_kernels.is_running, pids)))

        pids = []
        self.everywhere(act, 20, check)


class Signals(unittest.TestCase):
    """Signals as they come."""

    @classmethod
    def setUpClass(cls):
        cls.client = lanes.Client(private=True, threads=1)
        cls.addClassCleanup(cls.client.close)
        cls.add, cls.linger = life_kernels.add(cls.client), life_kernels.linger(cls.client)

    def interrupt_when_in(self, name):
        """Ctrl-C, once this thread is in a function of that name and a batch is in flight."""
        main = threading.main_thread().ident

        def is_there():
            return self.client._session.tasks and is_in(sys._current_frames()[main], {name})

        def interrupt():
            life_kernels.until(is_there)
            signal.pthread_kill(main, signal.SIGINT)

        thread = threading.Thread(target=interrupt)
        thread.start()
        self.addCleanup(thread.join)

    def check(self):
        x = lanes.ones(ELEMENTS)
        np.testing.assert_array_equal(self.add(x, x), np.full(ELEMENTS, 2.0))
        self.assertEqual(life_kernels.in_flight(self.client), 0)

    def test_end_a_call_that_would_never_end(self):
        for is_first in (True, False):
            with self.subTest(is_first=is_first):
                self.interrupt_when_in("_wait")
                with self.assertRaises(KeyboardInterrupt):
                    self.linger(lanes.ones(ELEMENTS), life_kernels.ENDLESS)
                self.check()

    def test_end_the_wait_for_a_future_and_the_batch(self):
        batch = self.linger.submit(lanes.ones(ELEMENTS), life_kernels.ENDLESS)
        self.interrupt_when_in("result")
        with self.assertRaises(KeyboardInterrupt):
            batch.result()
        with self.assertRaises(lanes.Cancelled):
            batch.result(10)
        self.check()

    def test_end_a_call_of_a_process_with_one_thread(self):
        """The signal is a timer's: a thread would make two."""
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGALRM, signal.SIG_DFL)
        client = lanes.Client(private=True, threads=1)
        with client:
            linger = life_kernels.linger(client)
            x = lanes.ones(ELEMENTS)
            linger(x, 1.0)
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with self.assertRaises(KeyboardInterrupt):
                linger(x, life_kernels.ENDLESS)
            self.assertEqual(life_kernels.in_flight(client), 0)

    def test_many_leave_the_memory_alone_until_the_batch_has_ended(self):
        """What is interrupted again does not wait; what is in flight keeps its arrays."""
        self.check()
        out = lanes.empty(ELEMENTS)
        with mock.patch.object(_client.Client, "_abandon", side_effect=KeyboardInterrupt):
            self.interrupt_when_in("_wait")
            with self.assertRaises(KeyboardInterrupt):
                self.linger(lanes.ones(ELEMENTS), life_kernels.ENDLESS, out=out)
        (task,) = self.client._session.tasks.values()
        address = out.ctypes.data
        del out
        gc.collect()
        taken = [lanes.empty(ELEMENTS) for _ in range(100)]
        self.assertNotIn(address, [array.ctypes.data for array in taken])
        self.client.cancel(task)
        life_kernels.until(lambda: self.client.stats() and task.done or self.add(1.0, 1.0) and False)
        self.check()

    def test_handlers_may_not_call_in_the_midst_of_a_call(self):
        """They are told so, and the call goes on."""
        told = []

        def handle(*_):
            try:
                self.add(x, x)
            except RuntimeError as error:
                told.append(str(error))

        x = lanes.ones(ELEMENTS)
        self.add(x, x)
        before = signal.signal(signal.SIGUSR1, handle)
        self.addCleanup(signal.signal, signal.SIGUSR1, before)
        submit = _session.Session.submit

        def interrupted(session, task, flags):
            if not told:
                signal.raise_signal(signal.SIGUSR1)
            return submit(session, task, flags)

        with mock.patch.object(_session.Session, "submit", interrupted):
            np.testing.assert_array_equal(self.add(x, x), np.full(ELEMENTS, 2.0))
        self.assertRegex(told[0], "in the midst of a call in this very thread.*lanes.Client of its own")

    def test_handlers_may_close_in_the_midst_of_a_call(self):
        client = lanes.Client(private=True, threads=1)
        add = life_kernels.add(client)
        x = lanes.ones(ELEMENTS)
        add(x, x)
        pid = client.executor_pid
        submit = _session.Session.submit

        def interrupted(session, task, flags):
            client.close()
            return submit(session, task, flags)

        with mock.patch.object(_session.Session, "submit", interrupted):
            np.testing.assert_array_equal(add(x, x), np.full(ELEMENTS, 2.0))
        with self.assertRaisesRegex(lanes.ExecutorUnavailable, "the client was closed; make another"):
            add(x, x)
        self.assertFalse(life_kernels.is_running(pid))


class Room(unittest.TestCase):
    def test_that_is_taken_can_be_given_back_by_others(self):
        """As many batches as can be are in flight, none ends: submitting one more waits, and
        neither Ctrl-C nor cancelling has to wait for that."""
        with lanes.Client(private=True, threads=1) as client:
            linger = life_kernels.linger(client)
            x = lanes.ones(1)
            linger(x, 1.0)
            batches = [linger.submit(x, life_kernels.ENDLESS) for _ in range(256)]
            submitting = threading.Thread(target=lambda: batches.append(linger.submit(x, 1.0)))
            submitting.start()
            life_kernels.until(lambda: is_in(sys._current_frames()[submitting.ident], {"look"}))
            for batch in batches[:256]:
                batch.cancel()
            submitting.join(10)
            self.assertFalse(submitting.is_alive())
            self.assertEqual(batches[256].result(10), 1.0)
            self.assertTrue(all(batch.cancelled() for batch in batches[:256]))


if __name__ == "__main__":
    unittest.main()
