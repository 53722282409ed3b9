# SPDX-License-Identifier: Apache-2.0
"""Arrays in shared memory: where they come from, and which segment an address lies in.

Memory of arrays comes from one arena (lanes/arena.h) by NumPy's own memory handler (NEP 49),
so such an array owns its data as any other, and its memory is used again once it is gone.
Memory that others made, a ``SharedMemory`` or a mapped file, becomes a region of its own.
"""
import bisect
import contextlib
import contextvars
import ctypes
import errno
import fcntl
import itertools
import math
import mmap
import operator
import os
import stat
import threading
import weakref

import numpy

from . import _library
from ._address import address_of
from ._errors import SharedMemoryFull

_numbers = itertools.count()


class Region:
    """Shared memory at one place of this process, that sessions attach by its descriptor.

    Attributes
    ----------
    base, bytes : int
        Where it is mapped; 0 bytes: not any more.
    fd : int
        Borrowed from the owner, who outlives the region.
    flags : int
        LANES_SEGMENT_*.
    number : int
        Never used again.
    """

    __slots__ = ("base", "bytes", "fd", "flags", "number", "__weakref__")

    def __init__(self, base, size, fd, flags=0):
        self.base, self.bytes, self.fd, self.flags = base, size, fd, flags
        self.number = next(_numbers)


class Regions:
    """All regions, by address.

    Lookups are the hot path and take no lock: ``starts`` and ``found`` are replaced as one
    pair, never changed.

    A region ends by having no bytes, which takes no lock either: a garbage collection, in the
    midst of add() too, may be what ends it. The next add() takes it out.
    """

    def __init__(self):
        # Finalizers and signal handlers that add a region may interrupt one who does.
        self._lock = threading.RLock()
        self._pair = ([], [])

    def find(self, address):
        """The region that has `address`, or None."""
        starts, found = self._pair
        k = bisect.bisect_right(starts, address) - 1
        if k >= 0:
            region = found[k]
            if address - region.base < region.bytes:
                return region
        return None

    def add(self, region):
        """Add a region; returns the one that is there, if another thread was first."""
        with self._lock:
            while True:
                pair, known = self._pair, self.find(region.base)
                if known is not None:
                    return known
                found = sorted([*(r for r in pair[1] if r.bytes), region], key=lambda r: r.base)
                starts = [r.base for r in found]
                if self._pair is pair:
                    self._pair = (starts, found)
                    return region


regions = Regions()


class NotShared(Exception):
    """Memory was taken for shared that is private."""


def region_at(address):
    """The region that has `address`. Raises NotShared if it is private memory."""
    region = region_of(address)
    if region is None:
        raise NotShared(address)
    return region


def region_of(address):
    """The region that has `address`, or None if it is private memory."""
    region = regions.find(address)
    if region is None and _arena is not None:
        region = _arena.region_of(address)
    return region


# ---- The arena, as NumPy's memory handler --------------------------------------------


class _Allocator(ctypes.Structure):
    """PyDataMemAllocator of numpy/ndarraytypes.h."""

    _fields_ = [(name, ctypes.c_void_p) for name in ("ctx", "malloc", "calloc", "realloc", "free")]


class _Handler(ctypes.Structure):
    """PyDataMem_Handler, version 1."""

    _fields_ = [("name", ctypes.c_char * 127), ("version", ctypes.c_uint8), ("allocator", _Allocator)]


# Places of functions in NumPy's C API, the same since NumPy 1.22.
_API_SET_HANDLER = 304


def _set_handler_function():
    """PyDataMem_SetHandler(): takes a capsule, returns the one before."""
    try:
        from numpy._core import _multiarray_umath
    except ImportError:  # NumPy before 1.26
        from numpy.core import _multiarray_umath
    get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
    get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    table = get_pointer(_multiarray_umath._ARRAY_API, None)
    address = ctypes.c_void_p.from_address(table + _API_SET_HANDLER * ctypes.sizeof(ctypes.c_void_p))
    return ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object)(address.value)


_empty = numpy.empty


class Arena:
    """The process's arena. It is never released: arrays may outlive everything else."""

    def __init__(self):
        self._library = _library.library()
        self._handle = _library.handle()
        _library.check(self._library, "lanes_arena_create", None, ctypes.byref(self._handle))
        self._chunks = set()
        self._handler = _Handler(b"lanes", 1)
        allocator = self._handler.allocator
        allocator.ctx = self._handle
        for name in ("malloc", "calloc", "realloc", "free"):
            function = getattr(self._library, f"lanes_arena_{name}")
            setattr(allocator, name, ctypes.cast(function, ctypes.c_void_p))
        new_capsule = ctypes.pythonapi.PyCapsule_New
        new_capsule.restype = ctypes.py_object
        new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
        self.capsule = new_capsule(ctypes.addressof(self._handler), b"mem_handler", None)
        self.set_handler = _set_handler_function()
        context = contextvars.Context()
        context.run(self.set_handler, self.capsule)
        self._run = context.run

    def region_of(self, address):
        """The region of the chunk that has `address`, or None."""
        chunk = _library.ArenaChunk()
        if not self._library.lanes_arena_find(self._handle, address, ctypes.byref(chunk)):
            return None
        # Chunks stay where they are for ever, so regions of the arena do, too.
        return regions.add(Region(chunk.data, chunk.bytes, chunk.fd, _library.SEGMENT_SPARSE))

    def usage(self):
        usage = _library.ArenaUsage()
        self._library.lanes_arena_usage_now(self._handle, ctypes.byref(usage))
        return {name: getattr(usage, name) for name, _ in usage._fields_ if name != "reserved"}

    def empty(self, shape, dtype):
        """``call(numpy.empty, shape, dtype)``, which is on the hot path: a quarter of its time."""
        try:
            # NumPy keeps the handler in the context, and one context has had it set for good.
            return self._run(_empty, shape, dtype)
        except MemoryError as error:
            raise _full(error) from None
        except RuntimeError:  # a signal handler, a finalizer or a thread, while another is in it
            return self.call(_empty, shape, dtype)

    def call(self, function, *arguments, **keywords):
        """Call a function that makes arrays, with the arena as their memory."""
        previous = self.set_handler(self.capsule)
        try:
            return function(*arguments, **keywords)
        except MemoryError as error:
            raise _full(error) from None
        finally:
            self.set_handler(previous)


def _full(error):
    """NumPy's MemoryError, told as what it is here."""
    status = -28  # ENOSPC
    return SharedMemoryFull(
        status,
        "ENOSPC",
        f"{error} in shared memory; free arrays, or look at the limits: `free -h`, `df /dev/shm`, "
        "the cgroup's memory.max, `ulimit -f` and `ulimit -v`",
    )


_arena = None
_arena_lock = threading.Lock()


def arena():
    """The process's arena, made by the first caller."""
    global _arena
    if _arena is None:
        with _arena_lock:
            if _arena is None:
                _arena = Arena()
    return _arena


# ---- Arrays --------------------------------------------------------------------------


def _make(function, *arguments):
    """An array of the arena by a function of NumPy."""
    array = arena().call(function, *arguments)
    _check_elements(array.dtype)
    return array


def _check_elements(dtype):
    """Refuses elements that are pointers: in a forked child they point to what is its own."""
    if dtype.hasobject:
        raise ValueError(
            f"dtype {dtype} has no elements that processes can share: they are Python objects; "
            "take a type of numbers"
        )


def empty(shape, dtype=float, order="C"):
    """As ``numpy.empty``, in shared memory. Raises ValueError if dtype has Python objects."""
    return _make(numpy.empty, shape, dtype, order)


def zeros(shape, dtype=float, order="C"):
    """As ``numpy.zeros``, in shared memory. Raises ValueError if dtype has Python objects."""
    return _make(numpy.zeros, shape, dtype, order)


def ones(shape, dtype=float, order="C"):
    """As ``numpy.ones``, in shared memory. Raises ValueError if dtype has Python objects."""
    return _make(numpy.ones, shape, dtype, order)


def full(shape, fill_value, dtype=None, order="C"):
    """As ``numpy.full``, in shared memory. Raises ValueError if dtype has Python objects."""
    return _make(numpy.full, shape, fill_value, dtype, order)


def asarray(a, dtype=None, order=None):
    """As ``numpy.asarray``, in shared memory: a copy if `a` is not there already.

    Parameters
    ----------
    a : array_like
    dtype : dtype, optional
    order : {'K', 'A', 'C', 'F'}, optional

    Raises
    ------
    ValueError
        The elements are Python objects.
    """
    # What is converted, or made of a list, lies there at once.
    array = _make(numpy.asarray, a, dtype, order)
    if is_shared(array):
        return array
    return arena().call(numpy.array, array, dtype, order=order or "K", copy=True)


def is_shared(array):
    """True if an array's memory can be read by the executor as it is, without a copy.

    Of what is no ``numpy.ndarray``: False.
    """
    if not isinstance(array, numpy.ndarray):
        return False
    if array.size == 0:
        return True
    low, high = _bounds(array)
    region = region_of(low)
    return region is not None and high <= region.base + region.bytes


def _bounds(array):
    """First byte, and the one behind the last."""
    byte_bounds = getattr(numpy.lib, "array_utils", numpy).byte_bounds
    return byte_bounds(array)


@contextlib.contextmanager
def shared_allocations():
    """Within the block NumPy takes memory of new arrays from shared memory (NEP 49).

    All of NumPy's functions and operators do, as ``numpy.random``; arrays of memory that others
    made (``@njit`` code, ``numpy.frombuffer``, ``pickle.loads``) do not. Of this thread and
    asyncio task only: a worker thread enters a block of its own. A generator that yields within
    the block has its caller in it, too. Memory is that of the process: it is shared with
    executors and forked children, who see what is written, and with nobody else; so arrays of
    Python objects, which no two processes can share, are not to be made here before a fork.
    """
    own = arena()
    previous = own.set_handler(own.capsule)
    try:
        yield
    finally:
        own.set_handler(previous)


def use_shared_allocations():
    """As entering :func:`shared_allocations`, for good: for set-up code of a thread."""
    own = arena()
    own.set_handler(own.capsule)


# ---- Memory of others ----------------------------------------------------------------


class _Mapping:
    """Keeps what is mapped alive as long as arrays of it, and offers it as a buffer."""

    def __init__(self, owner, region, view):
        self._owner = owner
        self.region = region
        self._view = view
        self.__array_interface__ = {
            "data": (region.base, bool(region.flags & _library.SEGMENT_READ_ONLY)),
            "shape": (region.bytes,),
            "typestr": "|u1",
            "version": 3,
        }
        weakref.finalize(self, _forget, region)


_on_forget = []


def _forget(region):
    region.bytes = 0  # before it is unmapped: its addresses may be another's then
    for function in list(_on_forget):
        function(region)
    with contextlib.suppress(OSError):
        os.close(region.fd)


def from_shared_memory(source, shape=None, dtype=float, *, offset=0, order="C", writable=True):
    """An array in shared memory that exists already; nothing is copied.

    Parameters
    ----------
    source : str, int, multiprocessing.shared_memory.SharedMemory or numpy.memmap
        Name of a POSIX shared memory object, with or without ``/``; a file descriptor, of
        which a duplicate is kept; or an object whose memory is shared, unlinked or not. Of a
        memmap, or a part of one, the other arguments are its own.
    shape : int or tuple of int, optional
        Default: all elements from `offset` to the end, one dimension.
    dtype : dtype
    offset : int
        Bytes from the beginning of the object to the first element.
    order : {'C', 'F'}
    writable : bool
        Map for writing, too.

    Returns
    -------
    numpy.ndarray
        Its memory stays mapped until the last view is gone; the object itself is never
        unlinked here, and no resource tracker gets to know of it.

    Raises
    ------
    FileNotFoundError, PermissionError
        There is no object of that name, or it cannot be opened, or not for writing.
    ValueError
        The object is smaller than the array, or it is closed; a memmap has mode ``'c'``, or
        its file was replaced or made smaller since.
    """
    if isinstance(source, numpy.memmap):
        return _from_memmap(source)
    dtype = numpy.dtype(dtype)
    _check_elements(dtype)
    if dtype.itemsize == 0:
        raise ValueError(f"dtype {dtype} has no elements, but of 0 bytes; take a type of numbers")
    fd, name = _open(source, writable)
    view = _attach(fd, writable, name)
    if shape is None:
        shape = (max(0, view.nbytes - offset) // dtype.itemsize,)
    elif numpy.ndim(shape) == 0:
        shape = (shape,)
    shape = tuple(map(operator.index, shape))
    wanted = offset + dtype.itemsize * math.prod(shape)
    if offset < 0 or min(shape, default=0) < 0 or wanted > view.nbytes:
        raise ValueError(
            f"an array of shape {shape} and dtype {dtype} at offset {offset} needs {wanted} bytes; "
            f"{name} has {view.nbytes}"
        )
    return numpy.ndarray(shape, dtype, view, offset, order=order)


def _open(source, writable):
    """(descriptor, what to call it) of what from_shared_memory() is given."""
    if isinstance(source, int) and not isinstance(source, bool):
        name = f"descriptor {source}"
        return _call_of_system("descriptor", source, os.dup, source), name
    if hasattr(source, "_fd") and hasattr(source, "_name"):  # SharedMemory
        if source._fd < 0:
            raise ValueError(f"the SharedMemory {source.name} is closed; give it before close(), or its name")
        # Its name may be gone, or another's.
        return os.dup(source._fd), source._name
    name = source
    if not isinstance(name, str):
        raise TypeError(
            f"source is a {type(source).__name__}; it is the name of a shared memory object, a descriptor, a "
            "multiprocessing.shared_memory.SharedMemory or a numpy.memmap"
        )
    import _posixshmem

    name = name if name.startswith("/") else "/" + name
    flags = os.O_RDWR if writable else os.O_RDONLY
    return _call_of_system("shared memory object", name, _posixshmem.shm_open, name, flags, 0o600), name


def _call_of_system(kind, name, function, *arguments):
    """Call a function; an OSError says what it is about."""
    try:
        return function(*arguments)
    except OSError as error:
        raise OSError(error.errno, f"{kind}: {error.strerror}", name) from None


def _from_memmap(source):
    """The array of a memmap, or of a part of one, in a mapping of its own."""
    if source.mode == "c":
        raise ValueError(
            f"the memmap of {source.filename} has mode 'c': what is written to it is nobody else's, so it "
            "cannot be shared; open it with mode 'r' or 'r+'"
        )
    if source._mmap is None or source.filename is None:
        raise ValueError("this memmap has no file; give the one that it is a copy or a result of")
    is_writable = source.mode in ("r+", "w+")
    fd = os.open(source.filename, os.O_RDWR if is_writable else os.O_RDONLY)
    view = _attach(fd, is_writable, source.filename)
    mapped = numpy.frombuffer(source._mmap, numpy.uint8)
    if _file_at(address_of(view)) != _file_at(address_of(mapped)):
        raise ValueError(
            f"{source.filename} is another file than the one that the memmap has, which was replaced; "
            "make the memmap anew"
        )
    # Where the part begins: its mapping has whole pages of the file, `offset` is the whole's.
    first = source.offset - source.offset % mmap.ALLOCATIONGRANULARITY - address_of(mapped)
    wanted = first + _bounds(source)[1]
    if wanted > view.nbytes:
        raise ValueError(
            f"{source.filename} has {view.nbytes} bytes, and the memmap {wanted}: it was made smaller; "
            "make the memmap anew"
        )
    return numpy.ndarray(source.shape, source.dtype, view, first + address_of(source), source.strides)


def _file_at(address):
    """(device, inode) of the file that is mapped at `address`."""
    # Not os.stat(): file systems on top of others tell other numbers there.
    with open("/proc/self/maps", "rb") as maps:
        for line in maps:
            span, _, _, device, inode = line.split(None, 5)[:5]
            low, high = (int(end, 16) for end in span.split(b"-"))
            if low <= address < high:
                return device, inode
    return None


def _attach(fd, writable, name):
    """An array of all bytes behind `fd`, which it owns from now on."""
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError(f"{name} is neither a shared memory object nor a regular file")
        size = status.st_size
        if size == 0:
            raise ValueError(f"{name} is empty, so no array can lie in it")
        if writable and fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDWR:
            raise PermissionError(
                errno.EACCES, f"{name} is not open for reading and writing; say writable=False"
            )
        protection = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
        mapped = _call_of_system("memory map", name, mmap.mmap, fd, size, mmap.MAP_SHARED, protection)
    except BaseException:
        os.close(fd)
        raise
    data = numpy.frombuffer(mapped, numpy.uint8)
    flags = 0 if writable else _library.SEGMENT_READ_ONLY
    region = Region(address_of(data), size, fd, flags)
    regions.add(region)
    return numpy.asarray(_Mapping(data, region, data))


# ---- What becomes of arrays in private memory ----------------------------------------

_COPY_POLICIES = ("auto", "warn", "never")

# Copies below this size cost less than a warning would help: some microseconds.
COPY_WARNING_BYTES = 1 << 20

copy_policy = "warn"


def set_copy_policy(policy):
    """What to do with arrays in private memory, which the executor cannot reach.

    Parameters
    ----------
    policy : {'auto', 'warn', 'never'}
        ``'auto'`` copies them into shared memory, and outputs back; ``'warn'``, the default,
        does so and warns once with :class:`CopyWarning` when it is 1 MiB or more; ``'never'``
        raises ValueError for arrays of any size. Scalars are no arrays in this respect.

    Returns
    -------
    str
        The policy before.
    """
    global copy_policy
    if policy not in _COPY_POLICIES:
        raise ValueError(f"copy policy {policy!r} is none of {', '.join(map(repr, _COPY_POLICIES))}")
    previous, copy_policy = copy_policy, policy
    return previous
