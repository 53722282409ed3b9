# SPDX-License-Identifier: Apache-2.0
"""Batches that run while the program does something else."""
import asyncio
import concurrent.futures
import math
import sys
import threading

import numpy

from . import _errors


class Batch(concurrent.futures.Future):
    """A call that runs: a ``concurrent.futures.Future``, which can also be awaited.

    ``result()`` gives what the call would have returned, or raises what it would have
    raised; Ctrl-C while it waits cancels the batch. The arrays of the call belong to the
    batch until it is done.

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
            with numpy.errstate(**self._errstate):
                self._job.finish(self._client.library, task.completion)
            value = self._deliver()
        except BaseException as error:
            self._job = self._deliver = None
            self.set_exception(error)
            return
        self._job = self._deliver = None
        self.set_result(value)

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
        """
        try:
            return super().result(timeout)
        except KeyboardInterrupt:
            self.cancel()
            concurrent.futures.wait([self])
            raise

    def cancel(self):
        """Ask the executor to end the batch; it ends some milliseconds later.

        Returns
        -------
        bool
            False if it was done already. ``result()`` then raises :class:`Cancelled`, unless
            the batch finished before it could be ended.
        """
        if self.done():
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


class ProgressBar:
    """Shows how far a batch is: by tqdm if it is there, else as a line of text.

    Parameters
    ----------
    delay : float
        Seconds before it is shown: short batches show nothing.
    """

    def __init__(self, batch, name, delay=0.5, interval=0.1):
        self._batch, self._name = batch, name
        self._delay, self._interval = delay, interval

    def wait(self):
        """Until the batch is done; its result."""
        finished = threading.Event()
        self._batch.add_done_callback(lambda _: finished.set())
        try:
            if not finished.wait(self._delay):
                self._show(finished)
        except KeyboardInterrupt:
            self._batch.cancel()
            concurrent.futures.wait([self._batch])
            raise
        return self._batch.result()

    def _show(self, finished):
        elements = self._batch.elements
        try:
            from tqdm.auto import tqdm
        except ImportError:
            self._show_line(finished)
            return
        with tqdm(total=elements, desc=self._name, unit="", unit_scale=True, leave=False) as bar:
            while not finished.wait(self._interval):
                bar.update(int(elements * self._batch.progress) - bar.n)
            bar.update(elements - bar.n)

    def _show_line(self, finished):
        stream = sys.stderr
        if stream is None:  # pythonw, or closed by a daemon
            return
        while not finished.wait(self._interval):
            stream.write(f"\r{self._name}: {self._batch.progress:4.0%}")
            stream.flush()
        stream.write("\r" + " " * (len(self._name) + 6) + "\r")
        stream.flush()
