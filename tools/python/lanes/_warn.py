# SPDX-License-Identifier: Apache-2.0
"""Warnings name the line of the user's program, however deep in the package they come up."""
import contextlib
import os
import sys
import threading
import warnings

_PACKAGE = os.path.dirname(__file__) + os.sep
_local = threading.local()


def origin():
    """Where the package was called: what ``warnings.warn_explicit`` wants to know."""
    # Python 3.12 has skip_file_prefixes= for this.
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    if frame is None:  # as warnings.warn has it
        return "sys", 1, "sys", sys.__dict__.setdefault("__warningregistry__", {})
    names = frame.f_globals
    registry = names.setdefault("__warningregistry__", {})
    return frame.f_code.co_filename, frame.f_lineno, names.get("__name__") or "<string>", registry


@contextlib.contextmanager
def on_behalf_of(place):
    """Within the block warnings of this thread are about that origin()."""
    _local.place = place
    try:
        yield
    finally:
        _local.place = None


def warn(message, category):
    """As ``warnings.warn``, about whoever called the package."""
    filename, line, module, registry = getattr(_local, "place", None) or origin()
    warnings.warn_explicit(message, category, filename, line, module, registry)
