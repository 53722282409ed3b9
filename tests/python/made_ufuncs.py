# SPDX-License-Identifier: Apache-2.0
"""Ufuncs of NumPy's own making whose loops do nothing but say that they were chosen."""

import ctypes

import numpy as np

try:
    from numpy._core._multiarray_umath import _UFUNC_API
except ImportError:
    from numpy.core._multiarray_umath import _UFUNC_API

_LOOP = ctypes.CFUNCTYPE(
    None,
    ctypes.POINTER(ctypes.c_void_p),
    ctypes.POINTER(ctypes.c_ssize_t),
    ctypes.POINTER(ctypes.c_ssize_t),
    ctypes.c_void_p,
)
_FROM_FUNC_AND_DATA = 1  # Place of PyUFunc_FromFuncAndData in the table.
IDENTITY_NONE = -1
IDENTITY_REORDERABLE = -2


def _api(index, result, *arguments):
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype = ctypes.c_void_p
    pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    table = ctypes.cast(pointer(_UFUNC_API, None), ctypes.POINTER(ctypes.c_void_p))
    return ctypes.PYFUNCTYPE(result, *arguments)(table[index])


class Made:
    """A ufunc with the loops of `types`, which are strings like "dd->d".

    Its loops write nothing; `chosen` is the number of the one that was called last.
    """

    def __init__(self, types, name="f", identity=IDENTITY_NONE):
        self.types = types
        self.nin = len(types[0].split("->")[0])
        self.nout = len(types[0].split("->")[1])
        self.chosen = None
        chars = "".join(types).replace("->", "")
        numbers = [np.dtype(char).num for char in chars]
        self._types = (ctypes.c_char * len(numbers))(*bytes(numbers))
        self._loops = [_LOOP(self._chooser(index)) for index in range(len(types))]
        self._functions = (ctypes.c_void_p * len(types))(
            *[ctypes.cast(loop, ctypes.c_void_p).value for loop in self._loops]
        )
        self._data = (ctypes.c_void_p * len(types))()
        self._name = name.encode()
        make = _api(
            _FROM_FUNC_AND_DATA,
            ctypes.py_object,
            *[ctypes.c_void_p] * 3,
            *[ctypes.c_int] * 4,
            *[ctypes.c_char_p] * 2,
            ctypes.c_int,
        )
        self.ufunc = make(
            ctypes.cast(self._functions, ctypes.c_void_p),
            ctypes.cast(self._data, ctypes.c_void_p),
            ctypes.cast(self._types, ctypes.c_void_p),
            len(types),
            self.nin,
            self.nout,
            identity,
            self._name,
            b"",
            0,
        )

    def _chooser(self, index):
        def loop(_args, _counts, _steps, _data):
            self.chosen = index

        return loop

    def __call__(self, *args, **kwargs):
        """Call the ufunc; the number of the loop that it called."""
        self.chosen = None
        self.ufunc(*args, **kwargs)
        return self.chosen
