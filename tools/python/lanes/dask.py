# SPDX-License-Identifier: Apache-2.0
"""Kernels in Dask's workers.

Kernels take Dask arrays as they are, and travel to workers by pickle. Nothing of this module is
needed for that; a plugin makes workers of one machine share it::

    from distributed import Client
    from lanes.dask import LanesPlugin

    client = Client(...)
    client.register_worker_plugin(LanesPlugin())
"""
import functools

from distributed import WorkerPlugin

from . import _client, _memory


class LanesPlugin(WorkerPlugin):
    """Sets up lanes in each worker: as many threads as the worker has, and shared memory.

    Without it a worker process starts an executor with a thread for each core when its first
    kernel is called, as any process does; workers that share a machine then run more threads
    than there are cores. And the arrays of its other tasks lie in private memory, from which
    they are copied for each kernel.

    Parameters
    ----------
    threads : int, optional
        Of the executor that a worker starts. Default: as many as the worker has.
    socket : str, optional
        Of a running ``lanesd``, on each worker's machine, to be shared by its workers. Default:
        as :class:`lanes.Client`: ``$LANES_SOCKET``, else the user's, else one of the worker's own.
    shared_allocations : bool
        Whether NumPy, in the worker's tasks, allocates in shared memory
        (:func:`lanes.shared_allocations`).

    Notes
    -----
    The client that kernels use in the process is replaced until the worker closes, or the plugin
    is unregistered (``client.unregister_worker_plugin("lanes")``).
    """

    name = "lanes"

    def __init__(self, threads=None, socket=None, shared_allocations=True):
        if threads is not None and not (isinstance(threads, int) and threads > 0):
            raise ValueError(f"threads is {threads!r}; it is a positive number, or None for the worker's")
        self.threads = threads
        self.socket = socket
        self.shared_allocations = shared_allocations
        self._client = self._previous = self._executor = None

    def __getstate__(self):
        return {**self.__dict__, "_client": None, "_previous": None, "_executor": None}

    def setup(self, worker):
        """Called by the worker, when it gets the plugin or starts."""
        threads = self.threads or getattr(worker, "state", worker).nthreads
        self._client = _client.Client(self.socket, threads=0 if self.socket else threads)
        self._previous = _client.set_default_client(self._client)
        if self.shared_allocations:
            # Whichever thread gets a task, also one that starts later.
            self._executor = worker.executors["default"]
            self._executor.submit = functools.partial(_submit, self._executor.submit)

    def teardown(self, worker):
        """Called by the worker, when it closes or loses the plugin."""
        if self._executor is not None:
            del self._executor.submit  # which is its class's again
            self._executor = None
        current = _client.set_default_client(self._previous)
        if current is not self._client:
            _client.set_default_client(current)
        self._client.close()


def _submit(submit, function, *args, **kwargs):
    return submit(_run, function, *args, **kwargs)


def _run(function, *args, **kwargs):
    with _memory.shared_allocations():
        return function(*args, **kwargs)
