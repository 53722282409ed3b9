# SPDX-License-Identifier: Apache-2.0
"""Warnings name the line of the user's program, however deep in the package they come up."""
import os
import sys
import warnings

_PACKAGE = os.path.dirname(__file__) + os.sep


def warn(message, category):
    """As ``warnings.warn``, about whoever called the package."""
    # Python 3.12 has skip_file_prefixes= for this.
    frame, level = sys._getframe(1), 2
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
