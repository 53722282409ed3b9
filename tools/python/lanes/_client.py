# SPDX-License-Identifier: Apache-2.0
"""A connection to an executor, for any number of Python threads.

``Client`` has a lock that is held to submit and to look at the ring, never while a long batch
runs. A thread that waits longer than a look goes on looking if it is the process's only
one. Otherwise the *pump* does, a thread of the client that waits for the session's file
descriptor and tells the others; it also completes futures, and is started by the first
batch that needs it.

Locks are taken by ``with`` only: between ``acquire()`` and a ``try`` there is room for Ctrl-C.
"""
import atexit
import contextlib
import ctypes
import itertools
import json
import logging
import os
import select
import threading
import time
import weakref

from . import _kernel, _library, _memory, _session
from ._session import Call as Call, Session, Task

# The lock is held for so long, at most, by a thread that waits for its batch. Longer ones
# are worth the microseconds that it costs to be told by another thread.
LOOK_NS = 2_000_000
# How long the only thread of a process looks before Ctrl-C is seen.
ALONE_NS = 50_000_000
# Between two looks of a thread that cannot be told, so that others get the lock.
PAUSE_S = 1e-4
# A thread that waits to be told looks after the pump so often, and the pump after the rest.
# Of what has gone wrong elsewhere nothing hangs for longer.
CARE_S = 1.0
# What a fork and the process's end wait for the lock, which may be held to compile.
FORK_S, EXIT_S = 10.0, 1.0

_CLOSED = (
    "the client was closed; make another lanes.Client, or lanes.set_default_client(None) to get another "
    "default"
)
_EXITING = "the interpreter is exiting"
_NESTED = (
    "this client is in the midst of a call in this very thread, which a signal handler or a finalizer "
    "has interrupted; do it after that call, or with a lanes.Client of its own"
)


class _Bell:
    """Wakes the pump out of its sleep. Rung by anybody, finalizers and signal handlers too.

    Its descriptors live as long as anybody has it, so none is written to that is another's.
    """

    def __init__(self):
        self._read, self._write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def __del__(self, close=os.close):
        if hasattr(self, "_write"):
            close(self._read)
            close(self._write)

    def ring(self):
        with contextlib.suppress(BlockingIOError):  # it is full of rings
            os.write(self._write, b"!")

    def wait(self, fd, timeout_s):
        """Until it is rung, `fd` is readable (unless it is -1), or that time has passed."""
        poller = select.poll()
        poller.register(self._read, select.POLLIN)
        if fd >= 0:
            poller.register(fd, select.POLLIN)
        poller.poll(None if timeout_s is None else timeout_s * 1000)
        with contextlib.suppress(BlockingIOError):
            os.read(self._read, 4096)


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

    Raises
    ------
    ValueError
        An argument is out of range, or both `socket` and `private` are given.

    Notes
    -----
    Any thread may use a client, at any time, also while another one closes it. A forked child
    gets a session of its own with its first call; batches that its parent has in flight
    are its parent's. Signal handlers and finalizers may use a client unless they have
    interrupted a call in the same thread, and may always close it and cancel batches.

    Callbacks of a :class:`Batch` (``add_done_callback``) run in a thread of the client. They
    may call kernels, but not wait for other batches of the same client.
    """

    def __init__(self, socket=None, *, threads=0, private=False, cpu=None, spin_us=None, timeout=10.0):
        self.library = _library.library()
        self._options = _session.options(socket, threads, private, cpu, spin_us, timeout)
        self._finalizer = None
        self.number = next(_numbers)  # never used again
        self._reset()
        _register(self)

    def __repr__(self):
        session = self._session
        if session.closed is not None:
            return "<lanes.Client, closed>"
        return "<lanes.Client, connected>" if session.handle else "<lanes.Client, not connected>"

    def _reset(self):
        """As new: nothing in flight, no locks held, no session."""
        self._lock = threading.RLock()
        self._pump = None
        self._held = []  # by a fork: what acquire() returned
        self._session = Session(self.library, self._options)
        if self._finalizer is not None:
            self._finalizer.detach()
        self._finalizer = weakref.finalize(self, self._session.dispose)
        self._finalizer.atexit = False

    # ---- Opening and closing ---------------------------------------------------------

    def _check_nesting(self):
        if self._lock._is_owned():
            if self._session.closed is not None:
                raise self._session.closed_error()
            raise RuntimeError(_NESTED)

    def close(self):
        """End the session; calls that are running fail. A private executor ends.

        Called again, it does nothing. Called by a signal handler or a finalizer that has
        interrupted a call of the client, it lets that call end the session.
        """
        session = self._session
        session.closed = session.closed or _CLOSED
        session.is_ready = False
        if self._lock._is_owned():
            return
        with self._lock:
            for task in list(session.tasks.values()):
                task.error = session.closed_error()
            session.quiet()
            session.tidy()
            pump = self._pump
        self._ring()
        if pump is not None and pump is not threading.current_thread():
            # Not for ever: a callback of a future may wait for whoever closes.
            pump.join(CARE_S)
        self._complete_finished()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _exit(self):
        """The process ends. Threads that use the client from now on wait for that."""
        if not self._lock.acquire(timeout=EXIT_S):  # and never released
            return  # what is open ends with the process
        self._session.closed = self._session.closed or _EXITING
        self._session.hang_up()

    # ---- Forks -----------------------------------------------------------------------

    def _before_fork(self):
        """No other thread may be in the midst of changing what the child gets a copy of."""
        self._held.clear()
        self._held.extend(map(self._lock.acquire, (True,), (FORK_S,)))  # one step

    def _after_fork(self):
        if any(self._held):
            self._lock.release()

    def _after_fork_in_child(self):
        """The session is the parent's: only its descriptors are closed here."""
        session, is_whole = self._session, any(self._held)
        self._reset()
        self._session.closed = session.closed
        if is_whole:
            session.hang_up()

    # ---- What an executor can be asked -----------------------------------------------

    def _ask(self, name):
        self._check_nesting()
        with self._lock:
            self._session.ready()
            return getattr(self.library, name)(self._session.handle)

    @property
    def executor_pid(self):
        """Process id of the executor; connects."""
        return self._ask("lanes_executor_pid")

    @property
    def threads(self):
        """Threads of the executor's team, now; connects."""
        return self._ask("lanes_executor_threads")

    @property
    def reconnects(self):
        """How often another executor has taken the place of one that died; connects."""
        return self._ask("lanes_reconnects")

    def stats(self):
        """The executor's statistics (``lanes/executor.h``) as a dict."""
        text = _library.handle()
        self._check_nesting()
        with self._lock:
            self._session.ready()
            self._session.call("lanes_stats", ctypes.byref(text))
        return json.loads(_library.take_text(text))

    def load(self, kernel):
        """Load a kernel now, instead of with its first call."""
        self._check_nesting()
        with self._lock:
            self._session.ready()
            self._session.kernel(kernel)

    def report(self, kernel, stages=False):
        """The report of a kernel as JSON text (``lanes_kernel_report()``).

        Parameters
        ----------
        stages : bool
            With IR and assembly: it is compiled once more for that.
        """
        text = _library.handle()
        self._check_nesting()
        with self._lock:
            session = self._session
            session.ready()
            handle = session.load(kernel, _library.KERNEL_STAGES) if stages else session.kernel(kernel)
            try:
                _library.check(self.library, "lanes_kernel_report", handle, ctypes.byref(text))
            finally:
                if stages:
                    self.library.lanes_kernel_release(handle)
        return _library.take_text(text)

    # ---- What may be called in the midst of anything ---------------------------------

    def _do_soon(self, function, argument):
        self._session.chores.append((function, argument))
        self._ring()

    def forget_region(self, region):
        """Memory has gone that a session may have attached; it is let go by the next call."""
        if self._session.has_region(region.number):
            self._do_soon(self._session.forget_region, region.number)

    def forget_kernel(self, number):
        """A kernel has gone that may be loaded; it is let go by the next call."""
        if self._session.has_kernel(number):
            self._do_soon(self._session.forget_kernel, number)

    def cancel(self, task):
        """Ask for the end of a batch; it completes as ever."""
        self._do_soon(self._session.cancel, task)

    def _ring(self):
        bell = self._session.bell
        if bell is not None:
            bell.ring()

    # ---- Calls -----------------------------------------------------------------------

    def run(self, call, addresses, flags=(0, 0), wants=False, keep=None):
        """Submit a call and wait for it.

        Parameters
        ----------
        addresses : list of int
            Of element 0 of each operand, in shared memory.
        flags : (int, int)
            ``lanes_batch.fp_report`` and ``fp_exact``.
        wants : bool
            The completion is wanted also if all went well.
        keep : object
            Keeps that memory alive. It is let go when the batch has ended, which may be
            after this has raised: a second Ctrl-C does not wait for it.

        Returns
        -------
        _library.Completion or None
            None: all elements are computed, no flag was raised.
        """
        task = Task(call, addresses, wants, keep)
        try:
            self._submit(task, flags, LOOK_NS)
            if not task.done:
                self._wait(task)
        except BaseException:
            self._abandon(task)
            raise
        if task.error is not None:
            try:
                raise task.error
            finally:
                del task  # else the error has itself, by its traceback, and keeps the arrays
        return task.completion

    def start(self, call, addresses, flags, future):
        """Submit a call whose completion goes to ``future._complete(task)``, in the pump."""
        task = Task(call, addresses, True, future=future)
        try:
            if not self._has_pump():
                raise RuntimeError("no thread can be started that would complete batches (ulimit -u)")
            self._submit(task, flags, 0)
        except BaseException:
            self._withdraw(task)  # the pump sees its end
            raise
        self._ring()
        return task

    def _submit(self, task, flags, look_ns):
        """Submit a task, and look whether it is done already for at most `look_ns`."""
        if self._lock._is_owned():
            self._check_nesting()
        session = self._session
        while True:
            with self._lock:
                if session.chores or not session.is_ready:
                    session.ready()
                if session.submit(task, flags):
                    if look_ns and session.look(look_ns) and not task.done:
                        session.look_for(task, look_ns)  # that was another one
                    return
                # There is no room. Others have to get the lock: to cancel what takes it.
                has_room = session.look(LOOK_NS)
            if not has_room:
                time.sleep(PAUSE_S)

    def _wait(self, task):
        task.event = threading.Event()
        while not task.done:
            if threading.active_count() == 1:
                self._look_for(task, ALONE_NS)
            elif threading.current_thread() is self._pump or not self._has_pump():
                self._look_for(task, LOOK_NS)
                time.sleep(PAUSE_S)
            else:
                self._ring()
                task.event.wait(CARE_S)

    def _look_for(self, task, limit_ns):
        with self._lock:
            self._session.tidy()
            self._session.look_for(task, limit_ns)

    def _withdraw(self, task):
        """Nobody wants it any more. If it is in flight it will end, soon."""
        if task.is_submitted:
            self.cancel(task)
        else:
            self._session.tasks.pop(task.tag, None)
            task.done = True

    def _abandon(self, task):
        """An exception ended the wait: the batch has to end before the caller goes on."""
        if not task.done:
            self._withdraw(task)
            self._wait(task)

    # ---- The pump --------------------------------------------------------------------

    def _has_pump(self):
        """True if there is one now; False if the system gives no thread."""
        with self._lock:
            if self._pump is not None and self._pump.is_alive():
                return True
            session = self._session
            session.bell = session.bell or _Bell()
            self._pump = threading.Thread(
                target=_pump, args=(weakref.ref(self), session.bell), name="lanes-completions", daemon=True
            )
            try:
                self._pump.start()
            except RuntimeError:  # also at the interpreter's end
                self._pump = None
                return False
            return True

    def _serve(self):
        """One round of the pump: (descriptor to wait for, how long), None: that was all."""
        session = self._session
        with self._lock:
            try:
                session.tidy()
                session.drain()
                fd = session.fd_to_poll()
            except BaseException as error:
                # Whatever it is: those who wait have to know.
                session.end(error)
                fd = -1
        self._complete_finished()
        if self._pump is not threading.current_thread() or session.closed is not None:
            return None
        return fd, CARE_S if session.tasks else None

    def _complete_finished(self):
        finished = self._session.finished
        while finished:
            try:
                task = finished.popleft()
            except IndexError:  # another thread was faster
                return
            future, task.future = task.future, None
            if future is None:  # it is here twice
                continue
            try:
                future._complete(task)
            except BaseException:
                logging.getLogger("lanes").exception("a batch could not be completed")
            # This frame is one of its exception's, and may stay as long as that.
            task = future = None


def _pump(reference, bell):
    """Until the client is closed or gone: between its rounds it is not held."""
    while True:
        client = reference()
        todo = None if client is None else client._serve()
        client = None
        if todo is None:
            return
        bell.wait(*todo)


# ---- All clients of the process ------------------------------------------------------

# Weak references, oldest first. Replaced, never changed: read by finalizers.
_clients = ()
_numbers = itertools.count()
_clients_lock = threading.RLock()
_default = None
_default_lock = threading.RLock()


def _register(client):
    global _clients
    with _clients_lock:
        _clients = (*(r for r in _clients if r() is not None), weakref.ref(client))


def _alive():
    return [client for client in (reference() for reference in _clients) if client is not None]


def default_client():
    """The client that kernels use which have none of their own."""
    global _default
    if _default is None:
        with _default_lock:
            if _default is None:
                _default = Client()
    return _default


def set_default_client(client):
    """Let kernels without a client of their own use `client`; returns the one before.

    Parameters
    ----------
    client : Client or None
        None: a new one, made when it is needed.
    """
    global _default
    if client is not None and not isinstance(client, Client):
        raise TypeError(f"client is {client!r}; it is a lanes.Client, or None for a new one")
    previous, _default = _default, client
    return previous


def _forget_region(region):
    for client in _alive():
        client.forget_region(region)


def _forget_kernel(number):
    for client in _alive():
        client.forget_kernel(number)


_forking = []  # those whose locks a fork has taken, always in the same order
_fork_lock = threading.RLock()


def _before_fork():
    _fork_lock.acquire()
    _forking[:] = _alive()
    for client in _forking:
        client._before_fork()


def _after_fork():
    while _forking:
        _forking.pop()._after_fork()
    _fork_lock.release()


def _after_fork_in_child():
    global _default_lock, _clients_lock, _fork_lock
    _default_lock, _clients_lock, _fork_lock = (threading.RLock() for _ in range(3))
    while _forking:
        _forking.pop()._after_fork_in_child()


def _at_exit():
    for client in _alive():
        client._exit()


_memory._on_forget.append(_forget_region)
_kernel.on_forget.append(_forget_kernel)
os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork_in_child)
atexit.register(_at_exit)
