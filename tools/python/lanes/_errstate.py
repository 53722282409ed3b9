# SPDX-License-Identifier: Apache-2.0
"""``np.errstate`` for kernels: which floating-point flags to ask for, what to do about them.

The executor reports a flag only if an element's own evaluation raised it (``lanes/batch.h``,
``fp_report``), so no warning is about a branch that was not taken.
"""
import sys

import numpy

from ._warn import warn

# Bits of lanes_fp_flag, which are NumPy's, with NumPy's words.
FLAGS = (
    (1, "divide", "divide by zero"),
    (2, "over", "overflow"),
    (4, "under", "underflow"),
    (8, "invalid", "invalid value"),
)


def _bits_of(state):
    """(flags that are not ignored, whether each of them counts) of an np.geterr()."""
    bits = sum(bit for bit, key, _ in FLAGS if state[key] != "ignore")
    exact = any(state[key] not in ("ignore", "warn") for _, key, _ in FLAGS)
    return bits, int(exact)


if hasattr(numpy, "geterrobj"):  # NumPy 1.x
    _known = {}

    def wanted():
        """(fp_report, fp_exact) for a batch, by the errstate of now."""
        mask = numpy.geterrobj()[1]
        found = _known.get(mask)
        if found is None:
            found = _known[mask] = _bits_of(numpy.geterr())
        return found

else:

    def wanted():
        """(fp_report, fp_exact) for a batch, by the errstate of now."""
        return _bits_of(numpy.geterr())


def handle(raised, name):
    """Do what the errstate of now says of the flags `raised`, as NumPy's ufuncs do.

    Raises
    ------
    FloatingPointError
        If it says ``'raise'``.
    """
    state = numpy.geterr()
    for bit, key, words in FLAGS:
        action = state[key]
        if not raised & bit or action == "ignore":
            continue
        text = f"{words} encountered in {name}"
        if action == "warn":
            warn(text, RuntimeWarning)
        elif action == "raise":
            raise FloatingPointError(text)
        elif action == "print":
            print(f"Warning: {text}", file=sys.stderr)
        elif action == "call":
            numpy.geterrcall()(words, raised)
        elif action == "log":
            numpy.geterrcall().write(f"Warning: {text}\n")
