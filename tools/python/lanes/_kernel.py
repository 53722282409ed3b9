# SPDX-License-Identifier: Apache-2.0
"""Callbacks: IR, its signature and how it is compiled. Named by their content."""
import ctypes
import hashlib
import itertools
import weakref

from . import _errors, _library, _signature

MATH = {"vector": 0, "exact": 1}
CONVENTIONS = _library.CONVENTIONS
FP_FLAGS = {"reassoc": 1, "nnan": 2, "ninf": 4, "nsz": 8, "arcp": 16, "contract": 32, "afn": 64}
FP_FAST = 127


def fp_bits(fastmath):
    """Bits of ``lanes_fp`` for Numba's ``fastmath``: a bool, a flag, or a set of flags."""
    if isinstance(fastmath, bool) or fastmath is None:
        return FP_FAST if fastmath else 0
    if isinstance(fastmath, str):
        fastmath = {fastmath}
    bits = 0
    for flag in fastmath:
        if flag == "fast":
            bits |= FP_FAST
        elif flag in FP_FLAGS:
            bits |= FP_FLAGS[flag]
        else:
            known = ", ".join(["fast", *FP_FLAGS])
            raise ValueError(f"fastmath: {flag!r} is no flag of LLVM; there are {known}")
    return bits


_numbers = itertools.count()
# Functions that are told the number of a kernel that has gone, in a finalizer.
on_forget = []


def _forget(number):
    for function in on_forget:
        function(number)


class Kernel:
    """A callback's IR, to be loaded into executors.

    Equal ones are one object: make them with :func:`kernel`.

    Attributes
    ----------
    ir : bytes
        LLVM IR text or bitcode.
    signature : Signature
    key : str
        Hash of all that decides what it computes.
    number : int
        Of this object, in this process; never used again.
    """

    __slots__ = ("ir", "signature", "entry", "convention", "math", "fp", "key", "number", "__weakref__")

    def __init__(self, ir, signature, entry, convention, math, fp, key):
        self.ir, self.signature, self.entry = ir, signature, entry
        self.convention, self.math, self.fp, self.key = convention, math, fp, key
        self.number = next(_numbers)
        weakref.finalize(self, _forget, self.number).atexit = False

    def __repr__(self):
        return f"<lanes kernel {self.signature.text} {self.key[:12]}>"

    def __reduce__(self):
        return kernel, (self.ir, self.signature, self.entry, self.convention, self.math, self.fp)

    def load(self, library, session, flags=0):
        """Load into a session; returns the handle's address. A session's lock is held."""
        options = _library.KernelOptions()
        library.lanes_kernel_options_default(ctypes.byref(options))
        options.entry = self.entry.encode() if self.entry else None
        options.signature = self.signature.text.encode()
        options.convention = CONVENTIONS[self.convention]
        options.math = MATH[self.math]
        options.fp = self.fp
        options.flags = flags
        handle = _library.handle()
        _library.check(
            library, "lanes_kernel_load", session, self.ir, len(self.ir), ctypes.byref(options),
            ctypes.byref(handle),
        )  # fmt: skip
        return handle.value

    def raised(self, library, completion):
        """The exception of a completion's first failed element."""
        message = completion.message.decode(errors="replace")
        return _errors.raised_exception(library, completion.raised, [self.ir], message)


_known = weakref.WeakValueDictionary()


def kernel(ir, signature, entry=None, convention="auto", math="vector", fp=0):
    """The Kernel of these contents.

    Parameters
    ----------
    ir : str or bytes
        LLVM IR text, or bitcode.
    signature : str or Signature
    entry : str, optional
        The callback's symbol; default: found.
    convention : {'auto', 'numba', 'c', 'c-out', 'scipy'}
    math : {'vector', 'exact'}
    fp : int
        Bits of ``lanes_fp``.
    """
    if math not in MATH:
        raise ValueError(f"math is {math!r}; there are 'vector' and 'exact'")
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}; there are {', '.join(CONVENTIONS)}")
    ir = ir.encode() if isinstance(ir, str) else bytes(ir)
    signature = _signature.parse(signature)
    digest = hashlib.blake2b(ir, digest_size=16)
    types = signature.inputs, signature.outputs, signature.rows
    digest.update(repr((types, entry, convention, math, fp)).encode())
    key = digest.hexdigest()
    found = _known.get(key)
    if found is None:
        found = _known.setdefault(key, Kernel(ir, signature, entry, convention, math, fp, key))
    return found
