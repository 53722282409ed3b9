# SPDX-License-Identifier: Apache-2.0
"""Batches that run while the program does something else."""
import asyncio
import concurrent.futures
import contextlib
import functools
import math
import os
import sys
import threading

import numpy

from . import _errors, _warn


class Batch(concurrent.futures.Future):
    """A call that runs: a ``concurrent.futures.Future``, which can also be awaited.

    ``result()`` gives what the call would have returned, or raises what it would have
    raised; Ctrl-C while it waits cancels the batch. The arrays of the call belong to the
    batch until it is done. A forked child is not told of its parent's batches.

    Attributes
    ----------
    elements : int
    """

    def __init__(self, client, job, deliver):
        super().__init__()
        self._client = client
        self._job = job
        self._deliver = deliver
        self._task = None
        self._completion = None
        self.elements = 0 if job is None else math.prod(job.shape)
        # What comes of floating-point flags is for the submitter to say, not for the pump.
        self._errstate = {**numpy.geterr(), "call": numpy.geterrcall()}
        self._origin = _warn.origin()
        self._pid = os.getpid()

    @classmethod
    def finished(cls, client, value):
        """A batch that had nothing to do."""
        batch = cls(client, None, None)
        batch.set_result(value)
        return batch

    def start(self):
        """Submit it."""
        self.set_running_or_notify_cancel()
        self._task = self._client.start(self._job.call, self._job.addresses, self._job.flags, self)
        return self

    def _complete(self, task):
        """The completion is there. In the client's pump."""
        try:
            if task.error is not None:
                raise task.error
            self._completion = task.completion
            with numpy.errstate(**self._errstate), _warn.on_behalf_of(self._origin):
                self._job.finish(self._client.library, task.completion)
            value = self._deliver()
        except BaseException as error:
            self._job = self._deliver = None
            self.set_exception(error)
            # The exception has this frame: with the batch in it, both would stay, with all arrays.
            self = task = None
            return
        self._job = self._deliver = None
        self.set_result(value)

    def _check_process(self):
        if self._pid != os.getpid() and not self.done():
            raise RuntimeError(
                f"this batch is of process {self._pid}, which was forked; only that one is told of its end"
            )

    def result(self, timeout=None):
        """What the call returns.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait.

        Raises
        ------
        TimeoutError
            It has not finished after `timeout`; it goes on.
        Cancelled, DeadlineExceeded, KernelFault, ...
            What became of it, or what the callback raised.
        RuntimeError
            It was in flight when this process was forked.
        """
        self._check_process()
        try:
            return super().result(timeout)
        except KeyboardInterrupt:
            self.cancel()
            concurrent.futures.wait([self])
            raise
        finally:
            self = None  # as in _complete()

    def exception(self, timeout=None):
        """What :meth:`result` raises, or None; waits, and raises, as that does."""
        self._check_process()
        return super().exception(timeout)

    def cancel(self):
        """Ask the executor to end the batch; it ends some milliseconds later.

        Returns
        -------
        bool
            False if it was done already, or is a parent process's. After True ``result()`` raises
            :class:`Cancelled`, unless the batch finished before it could be ended.
        """
        if self.done() or self._pid != os.getpid():  # its tag may be another's here
            return False
        self._client.cancel(self._task)
        return True

    def cancelled(self):
        """True if the batch was ended by :meth:`cancel`."""
        return self.done() and isinstance(self.exception(), _errors.Cancelled)

    def __await__(self):
        return asyncio.wrap_future(self).__await__()

    @property
    def progress(self):
        """Share of the elements that have been run, 0.0 to 1.0; asks the executor.

        It moves by slices, which take some milliseconds once it is known how long elements
        take; of a callback whose elements take much longer than ever before, by more.
        """
        if self.done():
            return 1.0
        self._check_process()
        for session in self._client.stats()["session"]:
            batch = session["batch"]
            if session["is_own"] and batch and int(batch["tag"]) == self._task.tag:
                return batch["position"] / batch["elements"] if batch["elements"] else 1.0
        return 1.0 if self.done() else 0.0

    @property
    def stats(self):
        """What the executor measured, once it is done: a dict, else None.

        ``elements failed first_failed queued_ns run_ns compile_ns tiles threads strategy
        vector_width``.
        """
        if self._completion is None:
            return None
        names = (
            "elements failed first_failed queued_ns run_ns compile_ns tiles threads strategy vector_width"
        )
        return {name: getattr(self._completion, name) for name in names.split()}


def wait_with_progress(batch, name, delay=0.5, interval=0.1):
    """The result of a batch, shown how far it is until then: by tqdm if it is there, else as text.

    Parameters
    ----------
    batch : Batch or object
        Anything else, which is what an override of the call has returned, is returned as it is.
    delay, interval : float
        Seconds before it is shown, as short batches show nothing, and between updates.
    """
    if not isinstance(batch, Batch):
        return batch
    finished = threading.Event()
    batch.add_done_callback(lambda _: finished.set())
    try:
        if not finished.wait(delay):
            _show(batch, name, finished, interval)
        return batch.result()
    except BaseException:
        batch.cancel()
        concurrent.futures.wait([batch])
        raise
    finally:
        batch = None  # as in Batch._complete()


def _show(batch, name, finished, interval):
    stream = sys.stderr
    if stream is None or getattr(stream, "closed", False):  # pythonw, a daemon
        return
    try:
        from tqdm.auto import tqdm

        show = functools.partial(_show_bar, tqdm)
    except ImportError:
        show = functools.partial(_show_line, stream)
    # The call goes on without a bar: stderr was closed, or the executor does not answer.
    with contextlib.suppress(OSError, ValueError, _errors.LanesError):
        show(batch, name, finished, interval)


def _show_bar(tqdm, batch, name, finished, interval):
    elements = batch.elements
    with tqdm(total=elements, desc=name, unit="", unit_scale=True, leave=False) as bar:
        while not finished.wait(interval):
            run = int(elements * batch.progress)
            if not batch.done():  # then it may have failed
                bar.update(run - bar.n)
        if batch.exception() is None:
            bar.update(elements - bar.n)


def _show_line(stream, batch, name, finished, interval):
    while not finished.wait(interval):
        stream.write(f"\r{name}: {batch.progress:4.0%}")
        stream.flush()
    stream.write("\r" + " " * (len(name) + 6) + "\r")
    stream.flush()
