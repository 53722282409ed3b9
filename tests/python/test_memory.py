# SPDX-License-Identifier: Apache-2.0
"""Arrays in shared memory: made here, by NumPy, or by others; what is copied, and who is told."""
import asyncio
import contextlib
import gc
import mmap
import os
import resource
import subprocess
import sys
import tempfile
import threading
import tracemalloc
import unittest
import warnings
import weakref
from multiprocessing import shared_memory
from unittest import mock

import life_kernels
import numpy as np

import lanes
from lanes import _batch, _memory

ELEMENTS = 1000
MIB = 1 << 20


def setUpModule():
    lanes.set_default_client(lanes.Client(private=True, threads=1))


def tearDownModule():
    lanes.set_default_client(None).close()


class Making(unittest.TestCase):
    """empty, zeros, ones, full, asarray."""

    def test_arrays_are_as_numpys(self):
        for name in ("empty", "zeros", "ones"):
            for shape, dtype, order in ((3, "f4", "C"), ((2, 3), "i8", "F"), ((), bool, "C"), ((0, 4), "c16", "C")):
                with self.subTest(name, shape=shape):
                    made = getattr(lanes, name)(shape, dtype, order)
                    wanted = getattr(np, name)(shape, dtype, order)
                    for attribute in ("shape", "dtype", "strides"):
                        self.assertEqual(getattr(made, attribute), getattr(wanted, attribute))
                    self.assertTrue(made.flags.owndata)
                    if name != "empty":
                        np.testing.assert_array_equal(made, wanted)
                    self.assertTrue(lanes.is_shared(made))
        np.testing.assert_array_equal(lanes.full((2, 2), 7), np.full((2, 2), 7))
        self.assertEqual(lanes.full(2, 7).dtype, np.full(2, 7).dtype)

    def test_asarray_copies_what_is_private(self):
        private = np.arange(12.0).reshape(3, 4)
        for given in (private, private.T, private[::2, ::-1], [1, 2, 3], 5, np.float32(2), private.astype(">f8")):
            made = lanes.asarray(given)
            self.assertTrue(lanes.is_shared(made))
            np.testing.assert_array_equal(made, given)
            self.assertEqual(made.dtype, np.asarray(given).dtype)
        self.assertFalse(lanes.is_shared(private))
        shared = lanes.asarray(private)
        self.assertIs(lanes.asarray(shared), shared)
        self.assertTrue(np.shares_memory(lanes.asarray(shared[1:]), shared))
        self.assertEqual(lanes.asarray(shared, "f4").dtype, np.dtype("f4"))
        self.assertTrue(lanes.asarray(shared, order="F").flags.f_contiguous)

    def test_what_is_made_is_not_copied_again(self):
        """Conversions and lists take the memory of one array, not of two."""
        numbers = list(range(MIB // 8))
        for given, dtype in ((np.ones(MIB // 8, "f4"), "f8"), (np.ones(MIB // 8), None), (numbers, None)):
            tracemalloc.start()
            self.addCleanup(tracemalloc.stop)
            made = lanes.asarray(given, dtype)
            self.assertLess(tracemalloc.get_traced_memory()[1], 1.5 * made.nbytes)
            tracemalloc.stop()
            self.assertEqual(made.nbytes, MIB)

    def test_python_objects_cannot_be_shared(self):
        for make in (
            lambda: lanes.empty(3, object), lambda: lanes.zeros(3, [("a", "f8"), ("b", "O")]),
            lambda: lanes.ones(3, object), lambda: lanes.full(3, None), lambda: lanes.asarray([1, None]),
        ):  # fmt: skip
            with self.assertRaisesRegex(ValueError, "has no elements that processes can share"):
                make()
        for given in ([1.0], None, 1.0, np.float64(1)):
            self.assertIs(lanes.is_shared(given), False)

    def test_parts_of_shared_arrays_are_shared(self):
        x = lanes.zeros((8, 6))
        record = lanes.zeros(5, [("a", "f8"), ("b", "i4")])
        for part in (x[1:], x[::2, ::-1], x.T, x.reshape(-1), x[3, 3], record["a"], record["b"][::-1], x[:0]):
            self.assertTrue(lanes.is_shared(np.asarray(part)) or np.ndim(part) == 0)
        self.assertFalse(lanes.is_shared(x.copy()))

    def test_kernels_read_parts_where_they_are(self):
        add = life_kernels.add()
        self.addCleanup(lanes.set_copy_policy, lanes.set_copy_policy("never"))
        x = lanes.asarray(np.arange(48.0).reshape(6, 8))
        record = lanes.zeros(5, [("a", "f8"), ("b", "i4")])
        record["b"] = np.arange(5)
        for part in (x[1:], x[::2, ::-1], x.T, x[:, 3], x[::-1], record["a"], record["b"]):
            np.testing.assert_array_equal(add(part, 1.0), np.asarray(part) + 1)
        x.flags.writeable = False
        np.testing.assert_array_equal(add(x, x), 2 * np.asarray(x))
        with self.assertRaisesRegex(ValueError, "read-only"):
            add(x, x, out=x)


class Allocations(unittest.TestCase):
    """shared_allocations()"""

    def test_what_numpy_makes_is_shared(self):
        private = np.random.default_rng(1).random(ELEMENTS)
        with lanes.shared_allocations():
            made = {
                "linspace": np.linspace(0, 1, ELEMENTS), "random": np.random.default_rng(1).random(ELEMENTS),
                "copy": private.copy(), "astype": private.astype("f4"), "operator": private + private,
                "concatenate": np.concatenate([private, private]),
                "where": np.where(private > 0.5, private, 0), "sort": np.sort(private), "take": private[[3, 1, 2] * 9],
            }  # fmt: skip
        for name, array in made.items():
            with self.subTest(name):
                self.assertTrue(lanes.is_shared(array))
        np.testing.assert_array_equal(made["random"], private)
        self.assertFalse(lanes.is_shared(np.ones(ELEMENTS)), "after the block")

    def test_arrays_outlive_the_block_and_grow(self):
        with lanes.shared_allocations():
            x = np.arange(10.0)
        x.resize(50_000, refcheck=False)
        self.assertTrue(lanes.is_shared(x))
        np.testing.assert_array_equal(x[:10], np.arange(10.0))
        np.testing.assert_array_equal(x[10:], 0)

    def test_blocks_within_blocks_and_exceptions(self):
        with lanes.shared_allocations():
            with self.assertRaises(KeyError), lanes.shared_allocations():
                raise KeyError
            self.assertTrue(lanes.is_shared(np.ones(ELEMENTS)))
        self.assertFalse(lanes.is_shared(np.ones(ELEMENTS)))

    def test_of_one_thread(self):
        found = {}

        def work():
            found["other"] = lanes.is_shared(np.ones(ELEMENTS))
            lanes.use_shared_allocations()
            found["for good"] = lanes.is_shared(np.ones(ELEMENTS))

        with lanes.shared_allocations():
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        self.assertEqual(found, {"other": False, "for good": True})
        self.assertFalse(lanes.is_shared(np.ones(ELEMENTS)))

    def test_of_one_task(self):
        async def inside(entered, leave):
            with lanes.shared_allocations():
                entered.set()
                await leave.wait()
                return lanes.is_shared(np.ones(ELEMENTS))

        async def main():
            entered, leave = asyncio.Event(), asyncio.Event()
            task = asyncio.ensure_future(inside(entered, leave))
            await entered.wait()
            outside = lanes.is_shared(np.ones(ELEMENTS))
            leave.set()
            return outside, await task

        self.assertEqual(asyncio.run(main()), (False, True))

    def test_in_the_midst_of_another(self):
        """A result that a signal handler makes while one is made is shared as well."""
        arena = _memory.arena()
        array = arena._run(arena.empty, (3,), np.dtype("f8"))
        self.assertTrue(_memory.is_shared(array))

    def test_memory_is_used_again(self):
        """The page faults of one result, not of each."""
        add = life_kernels.add()
        x = lanes.ones(2 * MIB)

        def faults():
            return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

        for _ in range(3):
            add(x, x)
        before = faults()
        for _ in range(20):
            self.assertEqual(add(x, x)[-1], 2.0)
        pages = x.nbytes // mmap.PAGESIZE
        self.assertLess(faults() - before, pages, "one of 20 results alone has as many")

    def test_memory_is_given_back(self):
        arena = _memory.arena()
        gc.collect()
        before = arena.usage()["block_bytes"]
        arrays = [lanes.ones(MIB) for _ in range(4)]
        self.assertGreaterEqual(arena.usage()["block_bytes"], before + 4 * 8 * MIB)
        del arrays
        self.assertEqual(arena.usage()["block_bytes"], before)

    def test_memory_that_there_is_not(self):
        with self.assertRaisesRegex(lanes.SharedMemoryFull, r"shared memory; free arrays, or look at the limits"):
            lanes.empty(1 << 58)
        with self.assertRaises(MemoryError), lanes.shared_allocations():
            np.empty(1 << 58)
        program = """
import resource, numpy as np
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
import lanes
try:
    lanes.ones(1 << 20)
except lanes.SharedMemoryFull as error:
    print(error)
"""
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        self.assertIn("`ulimit -f`", done.stdout, done.stderr)


class Others(unittest.TestCase):
    """from_shared_memory()"""

    @contextlib.contextmanager
    def object(self, size=8 * ELEMENTS):
        memory = shared_memory.SharedMemory(create=True, size=size)
        try:
            yield memory
        finally:
            memory.close()
            with contextlib.suppress(FileNotFoundError):
                memory.unlink()

    def setUp(self):
        self.add = life_kernels.add()
        self.addCleanup(lanes.set_copy_policy, lanes.set_copy_policy("never"))

    def test_of_multiprocessing(self):
        with self.object() as memory:
            theirs = np.ndarray(ELEMENTS, "f8", memory.buf)
            theirs[:] = np.arange(ELEMENTS)
            x = lanes.from_shared_memory(memory)[:ELEMENTS]
            by_name = lanes.from_shared_memory(memory.name, (ELEMENTS // 10, 10), order="F")
            np.testing.assert_array_equal(by_name.ravel("F"), theirs)
            np.testing.assert_array_equal(self.add(x, 1.0), theirs + 1)
            self.add(x, x, out=x)
            np.testing.assert_array_equal(theirs, 2.0 * np.arange(ELEMENTS))
            del theirs
        # The object is gone, the memory is not.
        np.testing.assert_array_equal(self.add(x, by_name.ravel("F")), 4.0 * np.arange(ELEMENTS))

    def test_of_a_descriptor(self):
        fd = os.memfd_create("lanes-test")
        os.ftruncate(fd, 8 * ELEMENTS)
        x = lanes.from_shared_memory(fd, dtype="i8", offset=80)
        self.assertEqual((x.shape, x.dtype), ((ELEMENTS - 10,), np.dtype("i8")))
        x[:] = 3
        y = lanes.from_shared_memory(fd, 10, "i8", offset=8 * ELEMENTS - 80, writable=False)
        os.close(fd)
        np.testing.assert_array_equal(self.add(y, y), np.full(10, 6.0))
        with self.assertRaisesRegex(ValueError, "read-only"):
            y[0] = 1
        with self.assertRaisesRegex(ValueError, "read-only"):
            self.add(x[:10], 1.0, out=y, casting="unsafe")

    def test_that_is_unlinked_or_closed(self):
        with self.object() as memory:
            memory.unlink()
            x = lanes.from_shared_memory(memory, 10)
            memory.buf[0:8] = np.float64(7).tobytes()
            self.assertEqual(self.add(x, 1.0)[0], 8.0)
            with self.assertRaisesRegex(FileNotFoundError, memory.name):
                lanes.from_shared_memory(memory.name)
            memory.close()
            with self.assertRaisesRegex(ValueError, f"SharedMemory {memory.name} is closed"):
                lanes.from_shared_memory(memory, 10)

    def test_that_is_not_open_for_writing(self):
        with tempfile.NamedTemporaryFile(dir="/dev/shm") as file:
            file.truncate(8 * ELEMENTS)
            fd = os.open(file.name, os.O_RDONLY)
            self.addCleanup(os.close, fd)
            with self.assertRaisesRegex(PermissionError, f"descriptor {fd} is not open for .* writable=False"):
                lanes.from_shared_memory(fd)
            x = lanes.from_shared_memory(fd, writable=False)
            self.assertEqual(self.add(x, 1.0)[-1], 1.0)

    def test_of_files_that_are_others_now(self):
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            path = os.path.join(folder, "a.npy")
            np.save(path, np.zeros(ELEMENTS))
            old = np.load(path, mmap_mode="r+")
            np.save(os.path.join(folder, "b.npy"), np.ones(ELEMENTS))
            os.replace(os.path.join(folder, "b.npy"), path)
            with self.assertRaisesRegex(ValueError, "a.npy is another file than the one that the memmap has"):
                lanes.from_shared_memory(old)
            new = np.load(path, mmap_mode="r+")
            os.truncate(path, 128 + 8 * 10)
            np.testing.assert_array_equal(lanes.from_shared_memory(new[:10]), np.ones(10))
            with self.assertRaisesRegex(ValueError, "a.npy has 208 bytes, and the memmap 8128"):
                lanes.from_shared_memory(new)
            os.unlink(path)
            with self.assertRaisesRegex(FileNotFoundError, "a.npy"):
                lanes.from_shared_memory(new)

    def test_that_is_not_aligned(self):
        fd = os.memfd_create("lanes-test")
        self.addCleanup(os.close, fd)
        os.ftruncate(fd, 8 * ELEMENTS)
        x = lanes.from_shared_memory(fd, 100, offset=3)
        self.assertFalse(x.flags.aligned)
        x[:] = np.arange(100)
        lanes.set_copy_policy("auto")
        np.testing.assert_array_equal(self.add(x, 1.0), np.arange(100) + 1.0)
        self.add(x, x, out=x)
        np.testing.assert_array_equal(x, 2.0 * np.arange(100))

    def test_of_files(self):
        with tempfile.NamedTemporaryFile(dir="/dev/shm") as file:
            file.write(np.arange(4096.0).tobytes())
            file.flush()
            whole = np.memmap(file.name, "f8", "r+", offset=8 * 512 + 16, shape=(30, 100))
            for part in (whole, whole[3:], whole[::-1, 5::7], whole.T):
                x = lanes.from_shared_memory(part)
                np.testing.assert_array_equal(x, part)
                np.testing.assert_array_equal(self.add(x, 1.0), np.asarray(part) + 1)
            x = lanes.from_shared_memory(whole)
            self.add(x, x, out=x)
            self.assertEqual(whole[0, 0], 2.0 * 514)
            readable = lanes.from_shared_memory(np.memmap(file.name, "f8", "r"))
            self.assertFalse(readable.flags.writeable)
            np.testing.assert_array_equal(self.add(readable[:10], 0.0), np.arange(10.0))
            with self.assertRaisesRegex(ValueError, "mode 'c': what is written to it is nobody else's"):
                lanes.from_shared_memory(np.memmap(file.name, "f8", "c"))
            with self.assertRaisesRegex(ValueError, "this memmap has no file"):
                lanes.from_shared_memory(whole.copy())

    def test_what_cannot_be(self):
        with self.object() as memory:
            for arguments, words in (
                ({"shape": -1}, "shape .-1,. and dtype float64"),
                ({"shape": 1 << 61}, "needs 18446744073709551616 bytes"),
                ({"shape": (1 << 40, 1 << 40)}, "needs .* bytes"),
                ({"offset": -8}, "at offset -8"),
                ({"offset": 1 << 20, "shape": 1}, "needs 1048584 bytes; /.* has"),
                ({"dtype": object}, "dtype object has no elements that processes can share"),
                ({"dtype": [("a", "O")]}, "has no elements that processes can share"),
                ({"dtype": "V0"}, "no elements"),
            ):
                with self.subTest(arguments), self.assertRaisesRegex(ValueError, words):
                    lanes.from_shared_memory(memory, **arguments)
            with self.assertRaises(TypeError):
                lanes.from_shared_memory(memory, 2.5)
        with self.assertRaisesRegex(FileNotFoundError, "shared memory object: No such file"):
            lanes.from_shared_memory("lanes-test-none")
        with self.assertRaisesRegex(OSError, "descriptor: Bad file descriptor: 987654"):
            lanes.from_shared_memory(987654)
        with self.assertRaisesRegex(TypeError, "source is a bool; it is the name"):
            lanes.from_shared_memory(True)
        for kind, fds in (("pipe", os.pipe()), ("folder", (os.open("/", os.O_RDONLY),))):
            with self.subTest(kind), self.assertRaisesRegex(ValueError, "neither a shared memory object nor"):
                lanes.from_shared_memory(fds[0])
            for fd in fds:
                os.close(fd)
        with self.assertRaisesRegex(TypeError, "source is a float; it is the name"):
            lanes.from_shared_memory(2.5)
        fd = os.memfd_create("lanes-test")
        self.addCleanup(os.close, fd)
        with self.assertRaisesRegex(ValueError, "is empty, so no array can lie in it"):
            lanes.from_shared_memory(fd)

    def test_nothing_is_left(self):
        def descriptors():
            return len(os.listdir("/proc/self/fd"))

        def count():
            return sum(region.bytes > 0 for region in _memory.regions._pair[1])

        self.add(lanes.ones(3), 1.0)
        with self.object():  # multiprocessing starts a process of its own
            gc.collect()
        before, regions = descriptors(), count()
        with self.object() as memory:
            for _ in range(3):
                x = lanes.from_shared_memory(memory)
                self.add(x, x)
                part = x[5:9]
                del x
                self.assertEqual(self.add(part, part).shape, (4,))
                del part
        gc.collect()
        self.add(lanes.ones(3), 1.0)  # lets go of what has gone
        self.assertEqual((descriptors(), count()), (before, regions))

    def test_garbage_is_collected_while_memory_is_attached(self):
        """Memory that ends in the midst of Regions.add(), whose lock is held."""
        fd = os.memfd_create("lanes-test")
        self.addCleanup(os.close, fd)
        os.ftruncate(fd, 8 * ELEMENTS)

        class Cycle:
            pass

        cycle, kept, made = Cycle(), lanes.from_shared_memory(fd), []
        cycle.itself, cycle.array = cycle, lanes.from_shared_memory(fd)
        address = cycle.array.ctypes.data
        gone = weakref.ref(cycle)
        del cycle

        def collect(*arguments, **keywords):
            gc.collect()
            return sorted(*arguments, **keywords)

        # A thread, as it would wait for itself for ever.
        thread = threading.Thread(target=lambda: made.append(lanes.from_shared_memory(fd)), daemon=True)
        with mock.patch.object(_memory, "sorted", collect, create=True):
            thread.start()
            thread.join(10)
        self.assertFalse(thread.is_alive(), "it waits for its own lock")
        self.assertIsNone(gone())
        self.assertIsNone(_memory.regions.find(address))
        for array in (kept, made[0]):
            self.assertTrue(lanes.is_shared(array))

    def test_regions_that_are_added_at_once(self):
        """What interrupts an add, or is first, is not lost."""
        regions, first = _memory.Regions(), _memory.Region(4096, 4096, -1)
        other, late = _memory.Region(8192, 4096, -1), _memory.Region(4096, 4096, -1)

        def interrupted(*arguments, **keywords):
            if regions.find(8192) is None:
                with mock.patch.object(_memory, "sorted", sorted):
                    regions.add(other)
            return sorted(*arguments, **keywords)

        with mock.patch.object(_memory, "sorted", interrupted, create=True):
            self.assertIs(regions.add(first), first)
        self.assertIs(regions.find(5000), first)
        self.assertIs(regions.find(9000), other)
        self.assertIs(regions.add(late), first)


class Copies(unittest.TestCase):
    """What lies in private memory."""

    def setUp(self):
        self.add = life_kernels.add()
        self.large = np.ones(MIB // 8 + 8)
        self.addCleanup(lanes.set_copy_policy, lanes.set_copy_policy("warn"))
        _batch._warn_of_copy.told = False

    def warned(self, act):
        """(texts, lines that are named) of the CopyWarnings of `act`."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            act()
        caught = [w for w in caught if w.category is lanes.CopyWarning]
        self.assertEqual({w.filename for w in caught} - {__file__}, set(), [str(w) for w in caught])
        return [str(w.message) for w in caught]

    def test_the_user_is_told_once_and_where(self):
        shared = lanes.ones(self.large.shape)
        out = np.empty(self.large.shape)
        acts = {
            "input": lambda: self.add(self.large, 1.0),
            "out": lambda: self.add(shared, 1.0, out),
            "out by name": lambda: self.add(shared, 1.0, out=out),
            "where": lambda: self.add(self.large, 1.0, where=self.large > 0, out=shared),
            "submit": lambda: self.add.submit(self.large, 1.0).result(20),
            "progress": lambda: self.add.with_progress(self.large, 1.0),
            "reduce": lambda: self.add.reduce(self.large),
            "accumulate": lambda: self.add.accumulate(self.large),
            "outer": lambda: self.add.outer(self.large, np.ones(1)),
        }
        for name, act in acts.items():
            with self.subTest(name):
                _batch._warn_of_copy.told = False
                (text,) = self.warned(act)
                self.assertRegex(text, r"^(input|output) \d of add of \d+ bytes lies in private memory")
                self.assertEqual(self.warned(act), [])

    def test_small_ones_and_shared_ones_are_no_matter(self):
        self.assertEqual(self.warned(lambda: self.add(np.ones(MIB // 8 - 1), 1.0)), [])
        with lanes.shared_allocations():
            x = np.ones(MIB)
        self.assertEqual(self.warned(lambda: self.add(x, x, x)), [])

    def test_policies(self):
        lanes.set_copy_policy("auto")
        self.assertEqual(self.warned(lambda: self.add(self.large, 1.0)), [])
        self.assertEqual(lanes.set_copy_policy("never"), "auto")
        shared = lanes.ones(3)
        for act, words in (
            (lambda: self.add(np.ones(3), 1.0), "input 0 of add of 24 bytes .* copy policy is 'never'"),
            (lambda: self.add(1.0, 1.0, out=np.ones(3)), "output 0 of add of 24 bytes"),
            (lambda: self.add.reduce(np.ones(3)), "input 1 of add of 16 bytes"),
            (lambda: self.add.reduce(np.ones(3, "f4")), "input of add of"),
            (lambda: self.add(np.ones(3, "f2"), 1.0), "input 0 of add of 6 bytes"),
            (lambda: self.add(np.ones(3, ">f8"), 1.0), "input 0 of add of 24 bytes"),
            (lambda: self.add(1.0, 1.0, out=np.ones(3, ">f8")), "output 0 of add of 24 bytes"),
            (lambda: self.add(shared, shared, where=np.ones(3, bool)), "where of add of 3 bytes"),
        ):
            with self.assertRaisesRegex(ValueError, words):
                act()
        self.assertEqual(self.add(2.0, 1), 3.0)
        # Of those there are no copies but conversions, or none at all.
        np.testing.assert_array_equal(self.add(lanes.ones(3, ">f8"), shared, where=True), [2, 2, 2])
        with self.assertRaisesRegex(ValueError, "copy policy 'often' is none of 'auto', 'warn', 'never'"):
            lanes.set_copy_policy("often")
        self.assertEqual(lanes.set_copy_policy("warn"), "never")

    def test_a_warning_that_is_an_exception_leaves_all_as_it_was(self):
        for _ in range(2):  # it was not told, so it is again
            with warnings.catch_warnings(), self.assertRaises(lanes.CopyWarning):
                warnings.simplefilter("error")
                self.add(self.large, 1.0)
        self.assertEqual(len(self.warned(lambda: self.add(self.large, 1.0))), 1)

    def test_outputs_are_copied_back(self):
        lanes.set_copy_policy("auto")
        out = np.zeros((4, 6), order="F")[::2]
        where = np.arange(6) > 2
        self.assertIs(self.add(np.ones((2, 6)), 1.0, out=out, where=where), out)
        np.testing.assert_array_equal(out, np.where(where, 2.0, 0.0) * np.ones((2, 1)))

        @lanes.vectorize(["f8(f8)"])
        def positive(x):
            if x < 0:
                raise ValueError("negative")
            return x

        out = np.full(5, 9.0)
        with self.assertRaises(ValueError):
            positive(np.array([1, 2, -3, 4, -5.0]), out=out)
        np.testing.assert_array_equal(out, [1, 2, 9, 4, 9])
        out[:] = 9.0
        result, mask = positive(np.array([1, -2.0]), out=out[:2], errors="mask")
        np.testing.assert_array_equal(mask, [False, True])
        np.testing.assert_array_equal(result, [1, 9])


if __name__ == "__main__":
    unittest.main()
