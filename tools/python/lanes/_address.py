# SPDX-License-Identifier: Apache-2.0
"""Where the elements of an array are, ten times as fast as NumPy tells it.

``array.__array_interface__`` and ``array.ctypes`` make a dict or an object to say it: 1 us
each, of the 10 that a call may take. NumPy's C API reads the first member of an array behind
the object's head (``PyArray_DATA()`` of ``numpy/ndarraytypes.h``), in every NumPy there is.
"""
import ctypes

import numpy

_DATA = object.__basicsize__
_at = ctypes.c_size_t.from_address


def _read(array):
    return _at(id(array) + _DATA).value


def _ask(array):
    return array.__array_interface__["data"][0]


def _is_readable():
    probes = numpy.empty((3, 4)), numpy.empty(5)[2:]
    return all(_read(probe) == _ask(probe) for probe in probes)


# Of the first element, array[0, ...]; of arrays of subclasses, too.
address_of = _read if _is_readable() else _ask
