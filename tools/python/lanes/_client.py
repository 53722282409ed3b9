# SPDX-License-Identifier: Apache-2.0
"""A session with an executor, for any number of Python threads.

liblanes has no threads, and a session belongs to one thread at a time: ``Client`` has a lock
that is held for submissions and looks at the ring only, never while a long batch runs. A
thread that waits longer than a look either goes on looking, if it is the process's only
thread, or waits for the session's file descriptor: one thread at a time does (it *leads*)
and tells the others. Batches that nobody waits for, futures, have a thread of their own that
leads (the *pump*); it is started with the first of them.
"""
import atexit
import collections
import ctypes
import itertools
import os
import select
import threading
import weakref

from . import _library, _memory
from ._errors import ExecutorUnavailable

RING_FULL, TIMED_OUT = -0x1101, -0x1102  # LANES_E_RING_FULL, LANES_E_TIMED_OUT

# The lock is held for so long, at most, by a thread that waits for its batch. Longer ones
# are worth the microseconds that it costs to wait in another way.
LOOK_NS = 2_000_000
# How long the only thread of a process looks before Ctrl-C is seen.
ALONE_NS = 50_000_000


class Call:
    """A batch that can be submitted, any number of times.

    Attributes
    ----------
    kernel : Kernel
    batch : _library.Batch
        All but the kernel, the segments, the offsets, the tag and what a submission asks of
        floating-point flags: these are filled in by each submission, under the client's lock.
    operands : ctypes array of _library.Operand
    params : int or None
        Address of the params block.
    """

    __slots__ = ("kernel", "batch", "operands", "params", "reference")

    def __init__(self, kernel, shape, operands):
        dimensions = len(shape) or 1
        self.kernel = kernel
        self.operands = operands
        self.params = None
        self.batch = _library.Batch(
            dimensions=dimensions,
            operand_count=len(operands),
            shape=(ctypes.c_uint64 * dimensions)(*(shape or (1,))),
            operands=operands,
        )
        self.reference = ctypes.byref(self.batch)


class _Task:
    """A submitted call."""

    __slots__ = (
        "call", "addresses", "tag", "submitted", "done", "completion", "error", "wants", "event", "future",
    )  # fmt: skip

    def __init__(self, call, addresses, wants=False, future=None):
        self.call = call
        self.addresses = addresses
        self.tag = 0
        self.submitted = []  # what lanes_submit() returned
        self.done = False
        self.completion = None  # None: all is well, and nobody wants to know more
        self.error = None
        self.wants = wants
        self.event = None
        self.future = future


class Client:
    """A connection to an executor, opened by its first use and again when it is lost.

    Parameters
    ----------
    socket : str, optional
        Path of an executor's socket. Default: ``$LANES_SOCKET``, else the user's running
        ``lanesd``, else a private executor that ends with this process.
    threads : int
        Of a private executor; 0: one per allowed core.
    private : bool
        Start a private executor even where the user's runs.
    cpu : str, optional
        That a private executor compiles for.
    spin_us : int, optional
        How long waits spin, at most, before they sleep.
    timeout : float
        Seconds for the executor to start or answer.

    Notes
    -----
    Any thread may use a client. A forked child gets a session of its own with its first
    call.
    """

    def __init__(self, socket=None, *, threads=0, private=False, cpu=None, spin_us=None, timeout=10.0):
        self.library = _library.library()
        options = _library.OpenOptions()
        self.library.lanes_open_options_default(ctypes.byref(options))
        self._strings = [socket and os.fsencode(socket), cpu and cpu.encode()]
        options.socket, options.cpu = self._strings
        options.threads = threads
        options.flags = _library.OPEN_PRIVATE if private else 0
        options.timeout_ms = int(timeout * 1000)
        if spin_us is not None:
            options.spin_us = spin_us
        self._options = options
        self._session = None
        self._reset()
        _clients.add(self)

    def __repr__(self):
        if self._session is None:
            return "<lanes.Client, not connected>"
        return f"<lanes.Client of executor {self.executor_pid}, {self.threads} threads>"

    def _reset(self):
        """As new: nothing in flight, no locks held, no session."""
        self._lock = threading.RLock()
        self._leading = threading.Lock()
        self._tasks = {}
        self._tags = itertools.count(1)
        self._error = _library.Error()
        self._error_reference = ctypes.byref(self._error)
        self._completion = _library.Completion()
        self._completion_reference = ctypes.byref(self._completion)
        self._segments = {}  # region number -> handle
        self._kernels = weakref.WeakKeyDictionary()  # Kernel -> handle
        self._dropped = collections.deque()  # handles of kernels that are gone
        self._fd = -1
        self._wake = None  # pipe: (reading end, writing end)
        self._pump = None
        self._finished = collections.deque()
        self._closing = False

    def _forked(self):
        """In a child: the session is the parent's."""
        if self._wake is not None:
            for fd in self._wake:
                os.close(fd)
        if self._session is not None:
            self.library.lanes_close(self._session)
            self._session = None
        self._reset()

    # ---- Opening and closing ---------------------------------------------------------

    def _open(self):
        """With the lock held."""
        if self._closing:
            raise ExecutorUnavailable(-0x1204, "LANES_E_UNAVAILABLE", "the client was closed")
        session = _library.handle()
        _library.check(self.library, "lanes_open", ctypes.byref(self._options), ctypes.byref(session))
        self._session = session

    def _end_session(self, error):
        """With the lock held: nothing of the session is left, what was in flight failed."""
        if self._session is not None:
            self.library.lanes_close(self._session)
        self._session = None
        self._fd = -1
        self._segments.clear()
        self._kernels = weakref.WeakKeyDictionary()
        self._dropped.clear()
        for task in list(self._tasks.values()):
            task.error = error
            self._finish(task)
        self._nudge()

    def close(self):
        """End the session; calls that are running fail. A private executor ends."""
        self._closing = True
        pump = self._pump
        if pump is not None and pump is not threading.current_thread():
            self._nudge()
            pump.join()
        with self._lock:
            self._end_session(
                ExecutorUnavailable(-0x1201, "LANES_E_PEER_GONE", "the client was closed")
            )
        self._run_finished()
        if self._wake is not None:
            for fd in self._wake:
                os.close(fd)
            self._wake = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _connected(self):
        with self._lock:
            if self._session is None:
                self._open()
            return self._session

    @property
    def executor_pid(self):
        """Process id of the executor; connects."""
        return self.library.lanes_executor_pid(self._connected())

    @property
    def threads(self):
        """Threads of the executor's team, now; connects."""
        return self.library.lanes_executor_threads(self._connected())

    @property
    def reconnects(self):
        """How often another executor has taken the place of one that died."""
        return self.library.lanes_reconnects(self._connected())

    def stats(self):
        """The executor's statistics (``lanes/executor.h``) as a dict."""
        import json

        text = _library.handle()
        with self._lock:
            self._connected()
            _library.check(self.library, "lanes_stats", self._session, ctypes.byref(text))
        return json.loads(_library.take_text(text))

    # ---- Kernels and segments, with the lock held ------------------------------------

    def _kernel(self, kernel):
        handle = self._kernels.get(kernel)
        if handle is None:
            while self._dropped:
                self.library.lanes_kernel_release(self._dropped.popleft())
            handle = kernel.load(self.library, self._session)
            self._kernels[kernel] = handle
            weakref.finalize(kernel, _drop, self._dropped, handle).atexit = False
        return handle

    def _segment(self, region):
        handle = _library.handle()
        _library.check(
            self.library, "lanes_segment_attach_fd", self._session, region.fd, region.flags,
            ctypes.byref(handle),
        )  # fmt: skip
        # A number: ctypes stores it faster than an object.
        self._segments[region.number] = handle.value
        return handle.value

    def forget_region(self, region):
        """Memory has gone that a session may have attached."""
        with self._lock:
            handle = self._segments.pop(region.number, None)
            if handle is not None:
                self.library.lanes_segment_release(handle)

    def load(self, kernel):
        """Load a kernel now, instead of with its first call."""
        with self._lock:
            self._connected()
            self._kernel(kernel)

    def report(self, kernel, stages=False):
        """The report of a kernel as JSON text (``lanes_kernel_report()``).

        Parameters
        ----------
        stages : bool
            With IR and assembly: it is compiled once more for that.
        """
        text = _library.handle()
        with self._lock:
            self._connected()
            if stages:
                handle = kernel.load(self.library, self._session, _library.KERNEL_STAGES)
            else:
                handle = self._kernel(kernel)
            try:
                _library.check(self.library, "lanes_kernel_report", handle, ctypes.byref(text))
            finally:
                if stages:
                    self.library.lanes_kernel_release(handle)
        return _library.take_text(text)

    # ---- Submitting, with the lock held ----------------------------------------------

    def _submit(self, task, flags):
        if self._session is None:
            self._open()
        call = task.call
        batch = call.batch
        batch.kernel = self._kernels.get(call.kernel) or self._kernel(call.kernel)
        segments = self._segments
        find = _memory.region_of
        for operand, address in zip(call.operands, task.addresses):
            region = find(address)
            operand.segment = segments.get(region.number) or self._segment(region)
            operand.offset = address - region.base
        if call.params is not None:
            region = find(call.params)
            batch.params = segments.get(region.number) or self._segment(region)
            batch.params_offset = call.params - region.base
        batch.fp_report, batch.fp_exact = flags
        batch.tag = task.tag = next(self._tags)
        self._tasks[task.tag] = task
        while True:
            # extend() and map() are one step to Python: an interrupt comes before the batch
            # is submitted or after its status is kept, so nothing is in flight unknown.
            task.submitted.extend(
                map(self.library.lanes_submit, (self._session,), (call.reference,), (self._error_reference,))
            )
            status = task.submitted[-1]
            if status == 0:
                return
            if status != RING_FULL:
                break
            self._look(ALONE_NS)
        del self._tasks[task.tag]
        error = _library.status_error(
            self.library, status, self._error.message.decode(errors="replace")
        )
        if isinstance(error, ExecutorUnavailable):
            self._end_session(error)
        raise error

    # ---- Taking completions, with the lock held --------------------------------------

    def _look(self, limit_ns):
        """Wait for one completion, at most `limit_ns`."""
        if self._completion.tag:  # one that an interrupt kept from being dispatched
            self._dispatch()
        status = self.library.lanes_wait(
            self._session, limit_ns, self._completion_reference, self._error_reference
        )
        if status == 0:
            self._dispatch()
        elif status != TIMED_OUT:
            self._broken(status)

    def _drain(self):
        """Take what there is."""
        if self._session is None:
            return
        if self._completion.tag:
            self._dispatch()
        while True:
            status = self.library.lanes_poll(self._session, self._completion_reference)
            if status == 0:
                return
            if status < 0:
                self._broken(status)
                return
            self._dispatch()

    def _broken(self, status):
        text = self._error.message.decode(errors="replace") or "the executor has ended"
        self._end_session(_library.status_error(self.library, status, text))

    def _dispatch(self):
        """Give the completion in self._completion to its task."""
        completion = self._completion
        task = self._tasks.get(completion.tag)
        if task is not None:
            if task.wants or completion.status or completion.failed or completion.fp_raised:
                task.completion = _library.Completion.from_buffer_copy(completion)
            self._finish(task)
        completion.tag = 0

    def _finish(self, task):
        task.done = True
        self._tasks.pop(task.tag, None)
        if task.future is not None:
            self._finished.append(task)
            self._nudge()
        elif task.event is not None:
            task.event.set()
            self._nudge()

    # ---- Waiting ---------------------------------------------------------------------

    def run(self, call, addresses, flags=(0, 0), wants=False):
        """Submit a call and wait for it.

        Parameters
        ----------
        addresses : list of int
            Of element 0 of each operand, in shared memory. The caller keeps it alive until
            this returns or raises.
        flags : (int, int)
            ``lanes_batch.fp_report`` and ``fp_exact``.
        wants : bool
            The completion is wanted also if all went well.

        Returns
        -------
        _library.Completion or None
            None: all elements are computed, no flag was raised.
        """
        task = _Task(call, addresses, wants)
        try:
            with self._lock:
                self._submit(task, flags)
                if not task.done:
                    self._look(LOOK_NS)
            if not task.done:
                self._wait(task)
        except BaseException:
            self._abandon(task)
            raise
        if task.error is not None:
            raise task.error
        return task.completion

    def _wait(self, task):
        if self._pump is None and threading.active_count() == 1:
            while not task.done:
                with self._lock:
                    if not task.done:
                        self._look(ALONE_NS)
            return
        task.event = threading.Event()
        while not task.done:
            if self._pump is None and self._leading.acquire(blocking=False):
                try:
                    self._lead(lambda: task.done or self._pump is not None)
                finally:
                    self._leading.release()
                    self._pass_on()
            else:
                # Whoever leads may not have known that somebody waits.
                self._nudge()
                # Woken when the task is done, or nobody leads any more. Not for ever: of
                # what went wrong with other threads nothing hangs.
                task.event.wait(1.0)
                task.event.clear()

    def _pass_on(self):
        """Somebody else has to lead."""
        with self._lock:
            for task in self._tasks.values():
                if task.event is not None:
                    task.event.set()
                    return

    def _lead(self, is_over):
        """Take completions as they come until `is_over()`. One thread at a time."""
        with self._lock:
            self._open_wake()
            wake = self._wake[0]
        while not is_over():
            with self._lock:
                self._drain()
                fds = [wake]
                # Nothing to wait for: a thread that only looks needs no events.
                if self._session is not None and any(
                    task.event is not None or task.future is not None for task in self._tasks.values()
                ):
                    if self._fd < 0:
                        self._fd = self.library.lanes_fd(self._session)
                        self._drain()
                    fds.append(self._fd)
            if is_over():
                return
            poller = select.poll()
            for fd in fds:
                poller.register(fd, select.POLLIN)
            for fd, _ in poller.poll(1000 if len(fds) > 1 else None):
                if fd == wake:
                    os.read(wake, 4096)

    def _open_wake(self):
        if self._wake is None:
            self._wake = os.pipe()
            os.set_blocking(self._wake[0], False)
            os.set_blocking(self._wake[1], False)

    def _nudge(self):
        """Whoever leads looks again."""
        if self._wake is not None:
            try:
                os.write(self._wake[1], b"!")
            except BlockingIOError:  # it is full of nudges
                pass

    def _abandon(self, task):
        """An exception ended the wait: the batch has to end before its memory may go."""
        if not task.submitted or task.submitted[-1] != 0:
            self._tasks.pop(task.tag, None)
            return
        asked = False
        while not task.done:
            try:
                if not asked:
                    self.cancel(task)
                    asked = True
                self._wait(task)
            except KeyboardInterrupt:
                continue

    def cancel(self, task):
        """Ask for the end of a batch; it completes as ever."""
        with self._lock:
            if not task.done and self._session is not None:
                self.library.lanes_cancel(self._session, task.tag, self._error_reference)

    # ---- Futures ---------------------------------------------------------------------

    def start(self, call, addresses, flags, future):
        """Submit a call whose completion goes to ``future._complete(task)``, in the pump."""
        task = _Task(call, addresses, True, future)
        with self._lock:
            self._open_wake()
            if self._pump is None:
                self._pump = threading.Thread(
                    target=self._pump_until_closed, name="lanes-completions", daemon=True
                )
                self._pump.start()
            self._submit(task, flags)
            self._nudge()
        return task

    def _pump_until_closed(self):
        while not self._closing:
            with self._leading:
                self._lead(lambda: self._closing or self._finished)
            self._run_finished()

    def _run_finished(self):
        while self._finished:
            task = self._finished.popleft()
            task.future._complete(task)


def _drop(dropped, handle):
    dropped.append(handle)


# ---- All clients of the process ------------------------------------------------------

_clients = weakref.WeakSet()
_default = None
_default_lock = threading.Lock()


def default_client():
    """The client that kernels use which have none of their own."""
    global _default
    if _default is None:
        with _default_lock:
            if _default is None:
                _default = Client()
    return _default


def set_default_client(client):
    """Let kernels without a client of their own use `client`; returns the one before."""
    global _default
    previous, _default = _default, client
    return previous


def _forget_region(region):
    for client in list(_clients):
        client.forget_region(region)


def _in_child():
    global _default_lock
    _default_lock = threading.Lock()
    for client in list(_clients):
        client._forked()


def _at_exit():
    for client in list(_clients):
        client.close()


_memory._on_forget.append(_forget_region)
os.register_at_fork(after_in_child=_in_child)
atexit.register(_at_exit)
