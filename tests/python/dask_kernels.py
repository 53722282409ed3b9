# SPDX-License-Identifier: Apache-2.0
"""What test_dask.py has its workers run. They import nothing of the tests: these are pickled."""
import lanes


class Backwards(Exception):
    """No part of Python, of Dask or of lanes."""


def speed(distance, seconds):
    """Has no signature: compiled for what it is called with."""
    if seconds < 0:
        raise Backwards("time runs backwards")
    return distance / seconds


def facts():
    """Of the process and thread that a task runs in."""
    import numpy

    client = lanes.default_client()
    return {
        "is_shared": lanes.is_shared(numpy.ones(1000)),
        "executor": client.executor_pid,
        "threads": client.threads,
    }
