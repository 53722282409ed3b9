# SPDX-License-Identifier: Apache-2.0
"""Compiled code that outlives its kernels, in memory and on disk."""
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import threading
import time
import unittest

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "numba"))
import e2elib  # noqa: E402  pylint: disable=wrong-import-position
import lanes_client  # noqa: E402  pylint: disable=wrong-import-position
import manifest  # noqa: E402  pylint: disable=wrong-import-position

# Kernels that are loaded and dropped; by hand: LANES_KERNEL_COUNT=10000.
KERNEL_COUNT = int(os.environ.get("LANES_KERNEL_COUNT", "300"))
PAGE_BYTES = os.sysconf("SC_PAGESIZE")


def negatives_raise():
    """IR of Numba's that raises ValueError('negative', x)."""
    return manifest.ir_texts(manifest.versions()[-1])["raise_float"].encode()


def three_arguments(number):
    """IR of exp(x * y + z + number + 1/8)."""
    return (f"define double @f(double %x, double %y, double %z) {{\n"
            f"  %p = fmul double %x, %y\n"
            f"  %q = fadd double %p, %z\n"
            f"  %s = fadd double %q, {number}.125\n"
            f"  %e = call double @exp(double %s)\n"
            f"  ret double %e\n}}\n"
            f"declare double @exp(double)\n").encode()


def adds(number, name="f"):
    """IR of a callback that adds `number`; other names make another text."""
    return (f"define double @{name}(double %{name}.x) {{\n"
            f"  %{name}.y = fadd double %{name}.x, {number}.0\n"
            f"  ret double %{name}.y\n}}\n").encode()


class CacheTest(e2elib.LanesTest):
    """Private executors with a cache of the test's own."""

    def setUp(self):
        super().setUp()
        self.cache = self.folder / "cache"
        self.use(LANES_CACHE_FOLDER=str(self.cache))

    def use(self, **environment):
        """Sets, or with None removes, environment variables for the rest of the test."""
        for name, value in environment.items():
            self.addCleanup(self._restore, name, os.environ.get(name))
            self._restore(name, value)

    @staticmethod
    def _restore(name, value):
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value

    def load_once(self, ir, x=1.0):
        """A new executor's answer: (f(x), report, f's exception)."""
        with lanes_client.Session(threads=1) as session:
            kernel = session.load(ir)
            (got,), done = kernel.run(numpy.array([x]))
            return got[0], kernel.report(), done.exception()

    def expect(self, ir, wanted, place):
        """Loading ir in a new executor computes `wanted`; its code comes from `place`."""
        got, report, _ = self.load_once(ir)
        self.assertEqual(got, wanted)
        variant = report["variants"][0]
        self.assertEqual((variant["cached"], variant.get("cache")), (place is not None, place))
        return variant

    def files(self, suffix=""):
        return sorted(p for p in self.cache.iterdir() if p.name.endswith(suffix))

    def daemon(self, *options, prefix=()):
        """A lanesd with its own socket, which sessions with flags=0 connect to."""
        path = self.folder / "lanes.sock"
        self.use(LANES_SOCKET=str(path))
        process = subprocess.Popen(
            [*prefix, e2elib.bin_dir() / "lanesd", "--no-supervisor", "--threads", "1", "--socket", path,
             *options],
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.addCleanup(self.end, process)
        while not path.exists():
            self.assertIsNone(process.poll(), "lanesd has ended")
            time.sleep(0.01)
        return process

    @staticmethod
    def end(process):
        """Ends a daemon, if it has not ended; what it has logged."""
        if process.stderr.closed:
            return ""
        process.terminate()
        return process.communicate()[1]


class Disk(CacheTest):
    def test_the_next_executor_finds_what_the_first_made(self):
        self.expect(adds(1), 2.0, None)
        variant = self.expect(adds(1), 2.0, "disk")
        self.assertEqual(set(variant["times_ms"].values()), {0.0}, "nothing was compiled")
        self.assertEqual(variant["vector_width"], e2elib.expected_width(8))
        self.assertEqual(stat.S_IMODE(self.cache.stat().st_mode), 0o700)
        for path in self.files():
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)

    def test_the_same_callback_of_another_text_is_read_but_not_made(self):
        self.expect(adds(1), 2.0, None)
        variant = self.expect(adds(1, "other"), 2.0, "disk")
        self.assertGreater(variant["times_ms"]["parse"], 0.0)
        self.assertEqual(variant["times_ms"]["optimise"], 0.0)
        self.assertEqual(len(self.files(".code")), 1)
        self.assertEqual(len(self.files(".request")), 2)

    def test_what_differs_is_not_taken_for_the_same(self):
        self.expect(adds(1), 2.0, None)
        self.expect(adds(2), 3.0, None)
        cases = [{"fp": 1}, {"math": 1}, {"signature": "f8(f8)"}, {"entry": "f"}]
        codes = len(self.files(".code"))
        for options in cases:
            requests = len(self.files(".request"))
            with lanes_client.Session(threads=1) as session:
                session.load(adds(1), **options)
            self.assertEqual(len(self.files(".request")), requests + 1, options)
        # An entry and a signature that were found anyway make no other code.
        self.assertEqual(len(self.files(".code")), codes + 2)
        self.use(LANES_CPU="x86-64")
        self.expect(adds(1), 2.0, None)

    def test_another_build_of_the_compiler_is_asked(self):
        self.expect(adds(1), 2.0, None)
        compiler = self.folder / "lanes-compiler"
        shutil.copy(e2elib.bin_dir() / "lanes-compiler", compiler)
        self.use(LANES_COMPILER=str(compiler))
        variant = self.expect(adds(1), 2.0, "disk")  # its build id is the same, though
        self.assertGreater(variant["times_ms"]["parse"], 0.0)

    def test_exceptions_come_back(self):
        ir = negatives_raise()
        for place in (None, "disk"):
            _, report, error = self.load_once(ir, -1.0)
            self.assertEqual(report["variants"][0].get("cache"), place)
            self.assertEqual(repr(error), "ValueError('negative', -1.0)")

    def test_other_layouts_are_kept_too(self):
        for is_cached in (False, True):
            with lanes_client.Session(threads=1) as session:
                kernel = session.load(three_arguments(1))
                x = numpy.ones(3)
                for inputs in ((x, x, 2.0), (x, 2.0, x), (2.0, x, x)):
                    (got,), _ = kernel.run(*inputs)
                    wanted = inputs[0] * inputs[1] + inputs[2] + 1.125
                    numpy.testing.assert_allclose(got, numpy.exp(wanted), rtol=1e-14)
                variants = kernel.report()["variants"]
                self.assertEqual([v["cached"] for v in variants], [is_cached] * 4)

    def test_inspect_says_where_code_was(self):
        self.environment["LANES_CACHE_FOLDER"] = str(self.cache)
        kernel = self.write("adds.ll", adds(1))
        for is_cached in (False, True):
            done = self.lanes("inspect", kernel)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual("bytes, found on disk" in done.stdout, is_cached, done.stdout)

    def test_damage_costs_a_compile_and_nothing_else(self):
        self.expect(adds(1), 2.0, None)
        for suffix, place in ((".code", None), (".request", "disk"), ("", None)):
            for path in self.files(suffix):
                damaged = bytearray(path.read_bytes())
                damaged[-1] ^= 1
                path.write_bytes(damaged)
            self.expect(adds(1), 2.0, place)
            self.expect(adds(1), 2.0, "disk")
        for path in self.files():
            path.write_bytes(path.read_bytes()[:1000])
        self.expect(adds(1), 2.0, None)
        for path in self.files():
            path.unlink()
        self.expect(adds(1), 2.0, None)

    def test_two_executors_in_one_folder(self):
        def work(first, failures):
            try:
                with lanes_client.Session(threads=1) as session:
                    for number in range(first, first + 15):
                        (got,), _ = session.load(adds(number)).run(numpy.array([1.0]))
                        assert got[0] == number + 1.0
            except Exception as error:  # pylint: disable=broad-except
                failures.append(error)

        failures = []
        threads = [threading.Thread(target=work, args=(first, failures))
                   for first in (0, 0, 5)]  # fmt: skip
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(len(self.files(".code")), 20)
        for number in (0, 12, 19):
            self.expect(adds(number), number + 1.0, "disk")

    def test_the_folder_keeps_its_size(self):
        process = self.daemon("--cache-bytes=65536")
        with lanes_client.Session(flags=0) as session:
            for number in range(20):
                session.load(adds(number)).release()
        self.end(process)
        blocks = sum((p.stat().st_size + 4095) // 4096 * 4096 for p in self.files())
        self.assertLessEqual(blocks, 65536)
        self.assertGreater(blocks, 32768)
        self.use(LANES_SOCKET=None)
        self.expect(adds(19), 20.0, "disk")
        self.expect(adds(0), 1.0, None)


class Folders(CacheTest):
    def test_where_it_is(self):
        home = self.folder / "home"
        home.mkdir()
        xdg = self.folder / "xdg"
        cases = (
            ({"LANES_CACHE_FOLDER": None, "XDG_CACHE_HOME": str(xdg), "HOME": str(home)},
             xdg / "lanes"),
            ({"XDG_CACHE_HOME": "relative"}, home / ".cache" / "lanes"),
            ({"XDG_CACHE_HOME": None}, home / ".cache" / "lanes"),
            ({"LANES_CACHE_FOLDER": str(self.folder / "own")}, self.folder / "own"),
        )  # fmt: skip
        for environment, wanted in cases:
            self.use(**environment)
            shutil.rmtree(wanted, ignore_errors=True)
            self.load_once(adds(1))
            self.assertEqual(len(list(wanted.iterdir())), 2, environment)
            self.assertEqual(stat.S_IMODE(wanted.stat().st_mode), 0o700)

    def test_none_is_nowhere(self):
        for environment in ({"LANES_CACHE_FOLDER": "none"},
                            {"LANES_CACHE_FOLDER": None, "XDG_CACHE_HOME": None, "HOME": None}):
            self.use(**environment)
            before = set(self.folder.iterdir())
            for _ in range(2):
                self.expect(adds(1), 2.0, None)
            self.assertEqual(set(self.folder.iterdir()), before)

    def expect_warning(self, *fragments):
        """`lanes run` works all the same, and says why once."""
        self.environment["LANES_CACHE_FOLDER"] = str(self.cache)
        kernel = self.write("adds.ll", adds(1))
        for layout in ([1.0, 2.0], 5.0):
            done = self.lanes("run", kernel, self.save("x.npy", numpy.array(layout)), "-o",
                              self.out)  # fmt: skip
            self.assertEqual(done.returncode, 0, done.stderr)
            numpy.testing.assert_array_equal(numpy.load(self.out), numpy.array(layout) + 1.0)
            self.assertEqual(done.stderr.count("warning"), 1, done.stderr)
            for fragment in (str(self.cache), *fragments):
                self.assertIn(fragment, done.stderr)

    def test_one_that_others_may_enter_is_a_warning(self):
        self.cache.mkdir()
        self.cache.chmod(0o750)
        self.expect_warning("has mode 0750", "--cache-folder", "LANES_CACHE_FOLDER")
        self.assertEqual(list(self.cache.iterdir()), [])

    def test_a_link_is_a_warning(self):
        (self.folder / "elsewhere").mkdir(mode=0o700)
        self.cache.symlink_to(self.folder / "elsewhere")
        self.expect_warning("ENOTDIR")

    def test_one_that_cannot_be_made_is_a_warning(self):
        self.cache.write_text("in the way")
        self.expect_warning("ENOTDIR")

    def test_one_that_is_read_only_is_read_with_a_warning(self):
        self.expect(adds(1), 2.0, None)
        self.cache.chmod(0o500)
        self.addCleanup(self.cache.chmod, 0o700)
        # Root may write all the same, unless it has given that up.
        prefix = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
        process = self.daemon(prefix=prefix)
        with lanes_client.Session(flags=0) as session:
            for number, place in ((1, "disk"), (2, None), (3, None)):
                report = session.load(adds(number)).report()
                self.assertEqual(report["variants"][0].get("cache"), place)
        log = self.end(process)
        self.assertEqual(log.count("warning"), 1, log)
        self.assertIn("EACCES", log)

    def test_one_that_goes_away_is_a_warning(self):
        process = self.daemon()
        with lanes_client.Session(flags=0) as session:
            self.cache.rmdir()
            self.cache.write_text("in the way")
            for number in range(3):
                (got,), _ = session.load(adds(number)).run(numpy.array([1.0]))
                self.assertEqual(got[0], number + 1.0)
        log = self.end(process)
        self.assertEqual(log.count("warning"), 1, log)
        self.assertIn(f"cannot be kept on disk: folder '{self.cache}'", log)

    def test_options_are_checked(self):
        for option, text in (("--cache-folder=here", "neither an absolute path nor none"),
                             ("--cache-bytes=-1", "not a number"),
                             ("--code-bytes=64M", "not a number")):  # fmt: skip
            done = subprocess.run([e2elib.bin_dir() / "lanesd", option], capture_output=True,
                                  text=True, check=False, timeout=60)  # fmt: skip
            self.assertEqual(done.returncode, e2elib.EXIT_USAGE)
            self.assertIn(text, done.stderr)


class Memory(CacheTest):
    def setUp(self):
        super().setUp()
        self.use(LANES_CACHE_FOLDER="none")

    def test_a_worker_that_is_started_again_finds_its_code(self):
        self.daemon()
        for place in (None, "memory", "memory"):
            with lanes_client.Session(flags=0) as session:
                kernel = session.load(adds(1))
                self.assertEqual(kernel.report()["variants"][0].get("cache"), place)

    def test_clients_that_load_the_same_at_once_get_one_compile(self):
        self.daemon()
        barrier = threading.Barrier(4)
        reports = []

        def work():
            with lanes_client.Session(flags=0) as session:
                barrier.wait()
                kernel = session.load(negatives_raise())
                reports.append(kernel.report()["variants"][0])

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(r["cached"] for r in reports), [False, True, True, True])

    def test_kernels_come_and_go(self):
        """Memory, mappings and descriptors of kernels that were dropped come back."""
        # Of one that is not dumpable, what /proc says is root's.
        process = self.daemon("--code-bytes=262144", "--dumpable")

        def facts():
            proc = pathlib.Path(f"/proc/{process.pid}")
            rss = int((proc / "statm").read_text().split()[1]) * PAGE_BYTES
            return (len(list((proc / "fd").iterdir())),
                    len((proc / "maps").read_text().splitlines()), rss)

        with lanes_client.Session(flags=0) as session:
            before = None
            for number in range(KERNEL_COUNT):
                kernel = session.load(adds(number))
                (got,), _ = kernel.run(numpy.ones(3))
                self.assertEqual(got[0], 1.0 + number)
                kernel.release()
                if number == KERNEL_COUNT // 3:
                    before = facts()
            after = facts()
        rest = KERNEL_COUNT - KERNEL_COUNT // 3
        print(f"{rest} kernels: descriptors, mappings, bytes {before} -> {after}")
        self.assertLessEqual(after[0], before[0])
        # LLVM's allocator keeps some; a kernel that stayed would have two mappings.
        self.assertLess(after[1], before[1] + rest // 10 + 10)
        if KERNEL_COUNT >= 3000:  # a kernel that stayed would have three pages
            self.assertLess(after[2], before[2] + rest * PAGE_BYTES // 10)

    @unittest.skipIf("asan" in os.environ.get("LD_PRELOAD", ""),
                     "a sanitizer's allocator is what would be measured")  # fmt: skip
    def test_a_kernel_with_four_variants_is_small(self):
        process = self.daemon("--code-bytes=0")
        x = numpy.ones(8)

        def anonymous():
            for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
                if line.startswith("RssAnon:"):
                    return int(line.split()[1])
            return 0

        def load(session, number):
            kernel = session.load(three_arguments(number))
            for inputs in ((x, x, x), (x, x, 1.0), (x, 1.0, x), (1.0, x, x)):
                kernel.run(*inputs)
            self.assertEqual(len(kernel.report()["variants"]), 4)

        with lanes_client.Session(flags=0) as session:
            for number in range(3):
                load(session, number)
            before = anonymous()
            for number in range(3, 11):
                load(session, number)
            each = (anonymous() - before) / 8
        print(f"a kernel with four variants: {each:.0f} KiB")
        self.assertLess(each, 256)


if __name__ == "__main__":
    unittest.main()
