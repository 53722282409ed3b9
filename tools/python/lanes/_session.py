# SPDX-License-Identifier: Apache-2.0
"""The session with an executor: its handles, and what is in flight in it.

A session belongs to one thread at a time, so all here is called with the lock of its client
held, but for what says otherwise. Ctrl-C may come between any two steps of Python: what may
not be seen half done is one step (``map()`` calls C from C), or is done again by the next
who has the lock (``tidy()``).
"""
import collections
import copy
import ctypes
import errno
import itertools
import os
import time

from . import _library, _memory
from ._errors import ExecutorUnavailable, LanesError

# LANES_E_* of lanes/error.h
RING_FULL, TIMED_OUT, QUOTA, UNAVAILABLE = -0x1101, -0x1102, -0x1103, -0x1204
CATEGORY_PEER = 0x12

# How long those in flight may take to end, at most, when the session is closed.
QUIET_NS = 2_000_000_000
LOOK_NS = 50_000_000


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
    placed : object or None
        What the batch's handles belong to; they stand for `addresses` while that is the session's.
    addresses : list of int or None
        That it was submitted with last.
    """

    __slots__ = ("kernel", "batch", "operands", "params", "reference", "placed", "addresses")

    def __init__(self, kernel, shape, operands):
        dimensions = len(shape) or 1
        self.kernel = kernel
        self.operands = operands
        self.params = None
        self.placed = self.addresses = None
        self.batch = _library.Batch(
            dimensions=dimensions,
            operand_count=len(operands),
            shape=(ctypes.c_uint64 * dimensions)(*(shape or (1,))),
            operands=operands,
        )
        self.reference = ctypes.byref(self.batch)


class Task:
    """A call that is submitted once.

    Attributes
    ----------
    keep : object
        Keeps the memory of `addresses` alive until the batch has ended, whoever is still
        interested in it.
    submitted : list of int
        What lanes_submit() returned.
    done : bool
        The batch has ended, or never began; `error` or `completion` say how. Neither: all is
        well, and nobody wants to know more.
    wants : bool
        The completion is wanted in any case.
    event : threading.Event or None
        Somebody waits for it.
    future : Batch or None
        Is told of it, by the client's pump.
    """

    __slots__ = (
        "call", "addresses", "keep", "tag", "submitted", "done", "completion", "error", "wants", "event",
        "future",
    )  # fmt: skip

    def __init__(self, call, addresses, wants=False, keep=None, future=None):
        self.call = call
        self.addresses = addresses
        self.keep = keep
        self.tag = 0
        self.submitted = []
        self.done = False
        self.completion = None
        self.error = None
        self.wants = wants
        self.event = None
        self.future = future

    @property
    def is_submitted(self):
        return bool(self.submitted) and self.submitted[-1] == 0


class Session:
    """The session of a client, opened when it is needed, and again when it was lost.

    Parameters
    ----------
    options : _library.OpenOptions

    Attributes
    ----------
    handle : _library.handle
        NULL while there is none.
    is_ready : bool
        There is one, and it goes on.
    tasks : dict
        In flight: tag -> Task.
    finished : collections.deque of Task
        Whose futures have to be told.
    chores : collections.deque of (function, argument)
        What finalizers and signal handlers want done: they may not take the lock, so the
        next who has it does that. A function returns False if it has to be called again.
    closed : str or None
        Why there is no session any more, and will be none.
    bell : _client._Bell or None
        Wakes the client's pump, if there is one.
    """

    def __init__(self, library, options):
        self.library, self._options = library, options
        # lanes_open() writes into it, so there is no session that is not known here.
        self.handle = _library.handle()
        self.is_ready = False
        self._reference = ctypes.byref(self.handle)
        self._closing = []  # handles to be closed
        self._over = None  # why the session ends, until it has
        self.closed = None
        self.bell = None
        self.tasks = {}
        self.finished = collections.deque()
        self.chores = collections.deque()
        self._tags = itertools.count(1)
        self._segments = {}  # number of a region -> handle
        self._kernels = {}  # number of a kernel -> handle
        self._places = object()  # another one whenever a segment's handle has gone
        self._fd = -1
        self._error = _library.Error()
        self._error_reference = ctypes.byref(self._error)
        self._completion = _library.Completion()  # tag 0: has been dispatched
        self._completion_reference = ctypes.byref(self._completion)

    # ---- Opening and ending ----------------------------------------------------------

    def ready(self):
        """Be connected.

        Raises
        ------
        ExecutorUnavailable
            No executor can be reached, or the client was closed.
        """
        self.tidy()
        if self.closed is not None:
            raise self.closed_error()
        if not self.handle:
            _library.check(self.library, "lanes_open", ctypes.byref(self._options), self._reference)
        self.is_ready = True

    def tidy(self):
        """Finish what others began or asked for."""
        if self._over is not None:
            self._end()
        if self.closed is not None and self.handle:
            self.end(self.closed_error())
        chores = self.chores
        while chores:
            # It is taken from the list when it is done: doing it twice harms nobody.
            function, argument = chores[0]
            if not function(argument):
                break
            chores.popleft()

    def closed_error(self):
        return ExecutorUnavailable(UNAVAILABLE, "LANES_E_UNAVAILABLE", self.closed)

    def end(self, error):
        """Nothing of the session is left; what was in flight failed with `error`."""
        self.is_ready = False
        self._over = error
        self._end()

    def _end(self):
        self.hang_up()
        for task in list(self.tasks.values()):
            if task.error is None:
                # Each its own: a raised exception has a traceback.
                task.error = copy.copy(self._over)
            self._finish(task)
        self._over = None

    def hang_up(self):
        """Give back the handles, and have the executor let go of the memory."""
        self.is_ready = False
        self._segments, self._kernels, self._places = {}, {}, object()
        self._completion.tag = 0
        self._fd = -1
        pointer, closing = self.handle.value, self._closing
        if pointer is not None and pointer not in closing:
            closing.append(pointer)
        self.handle.value = None
        # Taken and closed in one step, so none is closed twice.
        list(map(self.library.lanes_close, map(closing.pop, [0] * len(closing))))

    def quiet(self):
        """Cancel what is in flight and wait for its end: memory may go after that."""
        for task in list(self.tasks.values()):
            self.cancel(task)
        end_ns = time.monotonic_ns() + QUIET_NS
        while self.handle and self.tasks and time.monotonic_ns() < end_ns:
            self.look(LOOK_NS)

    def dispose(self):
        """Of a client that is gone, so nobody else is here. Called by a finalizer."""
        self.closed = "the client is gone"
        self.quiet()
        self.tidy()
        if self.bell is not None:
            self.bell.ring()

    # ---- Handles ---------------------------------------------------------------------

    def call(self, name, *arguments):
        """Call a function that takes the session and, last, a lanes_error."""
        try:
            return _library.check(self.library, name, self.handle, *arguments)
        except LanesError as error:
            self.failed(error)
            raise

    def load(self, kernel, flags=0):
        """A new handle of a kernel, the caller's."""
        try:
            return kernel.load(self.library, self.handle, flags)
        except LanesError as error:
            self.failed(error)
            raise

    def kernel(self, kernel):
        """The handle of a kernel, which is loaded if it is not yet."""
        handle = self._kernels.get(kernel.number)
        if handle is None:
            handle = self._kernels[kernel.number] = self.load(kernel)
        return handle

    def _segment(self, region):
        handle = _library.handle()
        self.call("lanes_segment_attach_fd", region.fd, region.flags, ctypes.byref(handle))
        # A number: ctypes stores it faster than an object.
        self._segments[region.number] = handle.value
        return handle.value

    def has_kernel(self, number):
        """Any thread may ask."""
        return number in self._kernels

    def has_region(self, number):
        """Any thread may ask."""
        return number in self._segments

    def forget_kernel(self, number):
        """A chore: nobody has this kernel any more."""
        handle = self._kernels.pop(number, None)
        if handle is not None:
            self.library.lanes_kernel_release(handle)
        return True

    def forget_region(self, number):
        """A chore: this memory has gone."""
        self._places = object()
        handle = self._segments.pop(number, None)
        if handle is not None:
            self.library.lanes_segment_release(handle)
        return True

    # ---- Submitting ------------------------------------------------------------------

    def _place(self, call, addresses):
        """Fill in the handles and offsets that stand for a call's kernel and addresses."""
        call.placed = None
        batch = call.batch
        batch.kernel = self._kernels.get(call.kernel.number) or self.kernel(call.kernel)
        segments, region_at = self._segments, _memory.region_at
        for operand, address in zip(call.operands, addresses):
            region = region_at(address)
            operand.segment = segments.get(region.number) or self._segment(region)
            operand.offset = address - region.base
        if call.params is not None:
            region = region_at(call.params)
            batch.params = segments.get(region.number) or self._segment(region)
            batch.params_offset = call.params - region.base
        call.addresses = addresses
        call.placed = self._places

    def submit(self, task, flags):
        """Submit a task.

        Returns
        -------
        bool
            False: as many batches as possible are in flight; look for one first.

        Raises
        ------
        _memory.NotShared
            An address is none of shared memory.
        """
        call = task.call
        batch = call.batch
        if call.placed is not self._places or call.addresses != task.addresses:
            self._place(call, task.addresses)
        batch.fp_report, batch.fp_exact = flags
        batch.tag = task.tag = next(self._tags)
        self.tasks[task.tag] = task
        # One step: an interrupt comes before the batch is submitted or after its status is
        # kept, so nothing is in flight unknown.
        task.submitted.extend(
            map(self.library.lanes_submit, (self.handle,), (call.reference,), (self._error_reference,))
        )
        status = task.submitted[-1]
        if status == 0:
            return True
        del self.tasks[task.tag]
        if status == RING_FULL:
            return False
        error = self._failure(status, self._error_text())
        self.failed(error)
        try:
            raise error
        finally:
            del error  # else it has itself, by its traceback, and keeps the arrays

    def cancel(self, task):
        """A chore: ask for the end of a batch; it completes as ever."""
        if task.done or not self.handle or not task.is_submitted:
            return True
        return self.library.lanes_cancel(self.handle, task.tag, self._error_reference) != QUOTA

    # ---- Taking completions ----------------------------------------------------------

    def look_for(self, task, limit_ns):
        """Wait until a task is done, at most `limit_ns`."""
        end_ns = time.monotonic_ns() + limit_ns
        while not task.done and time.monotonic_ns() < end_ns:
            self.look(limit_ns)

    def look(self, limit_ns):
        """Wait for one completion, at most `limit_ns`; True if there was one."""
        if self._completion.tag:  # one that an interrupt kept from being dispatched
            self._dispatch()
            return True
        status = self.library.lanes_wait(
            self.handle, limit_ns, self._completion_reference, self._error_reference
        )
        if status == 0:
            self._dispatch()
            return True
        if status != TIMED_OUT:
            self.end(self._failure(status, self._error_text()))
        return False

    def drain(self):
        """Take what there is."""
        if self._completion.tag:
            self._dispatch()
        while self.handle:
            status = self.library.lanes_poll(self.handle, self._completion_reference)
            if status == 0:
                return
            if status > 0:
                self._dispatch()
            else:
                text = "the executor has ended, and no other has taken over"
                self.end(self._failure(status, text))

    def fd_to_poll(self):
        """Readable when there may be a completion to drain; -1 if nobody waits for one."""
        if not self.handle or not any(task.event or task.future for task in list(self.tasks.values())):
            return -1
        if self._fd < 0:
            self._fd = self.library.lanes_fd(self.handle)
        return self._fd

    def _error_text(self):
        return self._error.message.decode(errors="replace")

    def _failure(self, status, text):
        return _library.status_error(self.library, status, text)

    def failed(self, error):
        """The session ends if this is what every function will say from now on."""
        # ECHILD: the process was forked, by others than Python.
        if -error.code >> 8 == CATEGORY_PEER or error.code == -errno.ECHILD:
            self.end(error)

    def _dispatch(self):
        """Give the completion in self._completion to its task. May be done twice."""
        completion = self._completion
        task = self.tasks.get(completion.tag)
        if task is not None:
            if task.wants or completion.status or completion.failed or completion.fp_raised:
                task.completion = _library.Completion.from_buffer_copy(completion)
            self._finish(task)
        completion.tag = 0

    def _finish(self, task):
        task.done = True
        if task.future is not None:
            self.finished.append(task)
        elif task.event is not None:
            task.event.set()
        self.tasks.pop(task.tag, None)


def options(socket, threads, private, cpu, spin_us, timeout):
    """A lanes_open_options; what it borrows is kept in it.

    Raises
    ------
    TypeError, ValueError
        What the C structure could not hold as it was meant.
    """
    for name, value, most in (("threads", threads, 2**16), ("spin_us", spin_us, 10**6)):
        if value is not None and (not isinstance(value, int) or not 0 <= value <= most):
            raise ValueError(f"{name} is {value!r}; it is an integer, 0 to {most}")
    if not 0 < timeout <= 10**6:
        raise ValueError(f"timeout is {timeout!r}; it is a number of seconds, above 0 to {10**6}")
    if private and socket is not None:
        raise ValueError(
            f"socket is {socket!r}, and private: a private executor has no socket; give one of them"
        )
    made = _library.OpenOptions()
    _library.library().lanes_open_options_default(ctypes.byref(made))
    made.socket = None if socket is None else os.fsencode(socket)
    made.cpu = None if cpu is None else cpu.encode()
    made.threads = threads
    made.flags = _library.OPEN_PRIVATE if private else 0
    made.timeout_ms = max(1, int(timeout * 1000))
    if spin_us is not None:
        made.spin_us = spin_us
    return made
