# SPDX-License-Identifier: Apache-2.0
"""Every bad input: its exit code and what the message says."""
import io
import json
import os
import shutil
import subprocess
import unittest

import e2elib
import numpy
from e2elib import (
    EXIT_BAD_DATA, EXIT_CANNOT_CREATE, EXIT_NO_INPUT, EXIT_USAGE, NUMBA_FILE, ir_kernel,
    numba_kernel,
)  # fmt: skip

DOUBLE = "define double @{name}(double %x) {{\n  {body}\n  ret double %r\n}}\n"
HALF = "%r = fmul double %x, 5.0e-01"


def function(name="f", body=HALF):
    return DOUBLE.format(name=name, body=body)


class BadIr(e2elib.SharedExecutor, e2elib.LanesTest):
    def setUp(self):
        super().setUp()
        self.x = self.save("x.npy", numpy.linspace(0, 1, 100))

    def assert_ir_fails(self, fragments, ir, options=(), name="k.ll"):
        kernel = self.write(name, ir)
        error = self.assert_run_fails(
            EXIT_BAD_DATA, ["k.", fragments] if isinstance(fragments, str) else fragments,
            kernel, self.x, options=options,
        )  # fmt: skip
        done = self.lanes("inspect", kernel, "--json", *options)
        self.assertEqual(done.returncode, EXIT_BAD_DATA)
        document = json.loads(done.stdout)
        self.assertEqual(document["schema"], "lanes.inspect/1")
        self.assertEqual(document["error"]["type"], error["type"])
        return error

    def test_good_ir_is_accepted(self):
        got, _ = self.run_lanes(self.write("k.ll", function()), self.x)
        numpy.testing.assert_array_equal(got, numpy.linspace(0, 1, 100) * 0.5)

    def test_text_that_is_no_ir(self):
        error = self.assert_ir_fails(":1:1", "this is not IR\n")
        self.assertEqual(error["type"], "LANES_E_IR_PARSE")

    def test_text_with_a_mistake_names_the_line(self):
        self.assert_ir_fails(":2:", function(body="%r = fmul dubble %x, 1.0"))

    def test_empty_file(self):
        kernel = self.write("k.ll", "")
        self.assert_run_fails(EXIT_BAD_DATA, "is empty", kernel, self.x)

    def test_truncated_bitcode(self):
        clang = shutil.which("clang-22")
        if clang is None:
            self.skipTest("clang-22 is not here")
        subprocess.run(
            [clang, "-O1", "-emit-llvm", "-c", e2elib.KERNELS / "callbacks.c", "-o",
             self.folder / "whole.bc"],
            check=True,
        )  # fmt: skip
        whole = (self.folder / "whole.bc").read_bytes()
        for size in (4, 100, len(whole) // 2, len(whole) - 4):
            kernel = self.write("k.bc", whole[:size])
            self.assert_run_fails(EXIT_BAD_DATA, "k.bc", kernel, self.x)

    def test_bitcode_that_crashes_or_exhausts_llvm(self):
        """What exactly happens depends on LLVM's version; that only the load fails not."""
        for name in ("crashes-llvm22-reader.bc", "exhausts-llvm22-reader.bc"):
            self.assert_run_fails(EXIT_BAD_DATA, name, e2elib.DATA / name, self.x)

    def test_compile_that_would_take_for_ever(self):
        """An integer of a megabyte: 150 bytes of text, gigabytes and minutes of work."""
        bomb = """define double @f(double %x) {
  %a = fptosi double %x to i8388607
  %b = add i8388607 %a, 1
  %r = sitofp i8388607 %b to double
  ret double %r
}
"""
        self.assert_run_fails(EXIT_BAD_DATA, "k.ll", self.write("k.ll", bomb), self.x)

    def test_no_entry(self):
        for ir in ("", "declare double @f(double)\n", function().replace("define", "define internal")):
            error = self.assert_ir_fails([], "; nothing\n" + ir)
            self.assertEqual(error["type"], "LANES_E_IR_ENTRY")

    def test_several_entries_are_named(self):
        ir = function("first") + function("second")
        error = self.assert_ir_fails(["first", "second"], ir)
        self.assertEqual(error["type"], "LANES_E_IR_ENTRY")
        got, _ = self.run_lanes(
            self.write("k.ll", ir), self.x, options=["--entry", "second"]
        )
        self.assertEqual(got.shape, (100,))

    def test_entry_that_is_not_there(self):
        error = self.assert_ir_fails("nowhere", function(), options=["--entry=nowhere"])
        self.assertEqual(error["type"], "LANES_E_IR_ENTRY")

    def test_unsupported_signatures(self):
        for head in (
            "define half @f(half %x) {\n  ret half %x\n}\n",
            "define x86_fp80 @f(x86_fp80 %x) {\n  ret x86_fp80 %x\n}\n",
            "define double @f(double %x, ptr byval(double) %p) {\n  ret double %x\n}\n",
            "define i128 @f(i128 %x) {\n  ret i128 %x\n}\n",
            "define void @f(double %x) {\n  ret void\n}\n",
            "define double @f(double %x, ...) {\n  ret double %x\n}\n",
        ):
            with self.subTest(head):
                error = self.assert_ir_fails([], head)
                self.assertEqual(error["type"], "LANES_E_IR_SIGNATURE")

    def test_signature_that_the_ir_does_not_have(self):
        error = self.assert_ir_fails("f4(f4)", function(), options=["--signature=f4(f4)"])
        self.assertEqual(error["type"], "LANES_E_IR_SIGNATURE")
        error = self.assert_ir_fails("f8[f8]", function(), options=["-s", "f8[f8]"])
        self.assertEqual(error["type"], "LANES_E_IR_SIGNATURE")

    def test_unknown_external_symbol_is_named(self):
        ir = "declare double @frobnicate(double)\n" + function(
            body="%r = call double @frobnicate(double %x)"
        )
        error = self.assert_ir_fails("frobnicate", ir)
        self.assertEqual(error["type"], "LANES_E_IR_SYMBOL")

    def test_what_must_not_run_is_refused(self):
        asm = function(body='%r = call double asm "", "=x,0"(double %x)')
        address = function(
            body="%r = load double, ptr inttoptr (i64 4096 to ptr)"
        )
        rounding = "declare i32 @fesetround(i32)\n" + function(
            body="%s = call i32 @fesetround(i32 1024)\n  " + HALF
        )
        for ir in (asm, address, rounding, "module asm \"nop\"\n" + function()):
            with self.subTest(ir):
                error = self.assert_ir_fails([], ir)
                self.assertEqual(error["type"], "LANES_E_IR_REFUSED")


class BadOperands(e2elib.SharedExecutor, e2elib.LanesTest):
    def setUp(self):
        super().setUp()
        self.axpy = ir_kernel("axpy")
        self.x = self.save("x.npy", numpy.linspace(0, 1, 100))

    def test_wrong_number_of_inputs(self):
        for inputs in ([self.x], [self.x, self.x, self.x]):
            error = self.assert_run_fails(
                EXIT_BAD_DATA, ["takes 2 inputs", f"{len(inputs)} were given"], self.axpy, *inputs
            )
            self.assertEqual(error["type"], "LANES_E_OPERANDS")

    def test_other_dtype_names_file_and_both(self):
        for dtype in ("f4", "i4", "i8"):
            other = self.save("other.npy", numpy.zeros(100, dtype))
            error = self.assert_run_fails(
                EXIT_BAD_DATA, ["other.npy", dtype, "f8", "astype"], self.axpy, self.x, other,
                options=["--casting=no"],
            )  # fmt: skip
            self.assertEqual(error["type"], "LANES_E_DTYPE")

    def test_float_is_no_word_of_python(self):
        kernel = self.write("plain.py", "def f(x):\n    return x\n")
        self.assert_run_fails(
            EXIT_BAD_DATA, ["x.npy holds f8", "wants f4", "'float' is C's float (f4)"],
            f"{kernel}:f", self.x, options=["-s", "float(float)", "--casting=safe"],
        )  # fmt: skip

    def test_other_shape_names_both(self):
        for shape in ((99,), (0,), (10, 10), (100, 2)):
            other = self.save("other.npy", numpy.zeros(shape))
            error = self.assert_run_fails(
                EXIT_BAD_DATA, ["(100,)", str(shape), "x.npy", "other.npy"],
                self.axpy, self.x, other,
            )  # fmt: skip
            self.assertEqual(error["type"], "LANES_E_SHAPE")

    def test_numbers_alone(self):
        self.assert_run_fails(EXIT_USAGE, "at least one must be an array", self.axpy, 1, -2.5)

    def test_numbers_that_the_dtype_cannot_hold(self):
        n = self.save("n.npy", numpy.zeros(5, "i4"))
        m = self.save("m.npy", numpy.zeros(5, "i8"))
        s = self.save("s.npy", numpy.zeros(5, "f4"))
        for kernel, file, text in (
            ("mix_i4", n, "1.5"), ("mix_i4", n, "2147483648"), ("mix_i4", n, "-1e10"),
            ("mix_i4", n, "nan"), ("mix_i8", m, "9223372036854775808"),
            ("mix_i8", m, "1e19"), ("mix_i8", m, "inf"), ("blend_f4", s, "1e39"),
            ("axpy", self.x, "1e999"),
        ):  # fmt: skip
            with self.subTest(kernel=kernel, text=text):
                error = self.assert_run_fails(
                    EXIT_BAD_DATA, [text, "cannot represent"], ir_kernel(kernel), file, text
                )
                self.assertEqual(error["type"], "LANES_E_DTYPE")

    def test_missing_and_unreadable_files(self):
        self.assert_run_fails(EXIT_NO_INPUT, "nothing.npy", self.axpy, self.x, "nothing.npy")
        self.assert_run_fails(EXIT_NO_INPUT, "regular file", self.axpy, self.x, self.folder)
        self.assert_run_fails(EXIT_NO_INPUT, "/dev/null", self.axpy, self.x, "/dev/null")
        for kernel in ("nothing.ll", "nothing.bc", "nothing.c", "nothing.py:f"):
            self.assert_run_fails(EXIT_NO_INPUT, "nothing.", kernel, self.x)

    def test_unknown_kernel_forms(self):
        for kernel in ("kernel", "kernel.o", "kernel.py", "kernel.py:", ".c"):
            self.assert_run_fails(EXIT_USAGE, kernel, kernel, self.x)
        for kernel, hint in (
            ("k.rs", "rustc -O"), ("k.cpp", "clang++"), ("k.f90", "flang"),
            ("k.py", "FILE.py:function"), ("k.so", "machine code"),
        ):  # fmt: skip
            self.assert_run_fails(EXIT_USAGE, [kernel, hint], kernel, self.x)


class BadNpy(e2elib.SharedExecutor, e2elib.LanesTest):
    """Files that NumPy itself wrote, and damaged ones."""

    def refuse(self, fragments, contents):
        path = self.write("bad.npy", contents)
        error = self.assert_run_fails(
            EXIT_BAD_DATA, ["bad.npy", fragments], ir_kernel("square"), path
        )
        self.assertEqual(error["type"], "LANES_E_FORMAT")

    def npy(self, array, **options):
        stream = io.BytesIO()
        numpy.lib.format.write_array(stream, array, **options)
        return stream.getvalue()

    def test_arrays_that_cannot_be_mapped(self):
        self.refuse("big-endian", self.npy(numpy.zeros(4, ">f8")))
        self.refuse("Python objects", self.npy(numpy.array([1, {}], object)))
        self.refuse("structured", self.npy(numpy.zeros(4, [("a", "f8"), ("b", "i4")])))
        self.refuse("half precision", self.npy(numpy.zeros(4, "f2")))
        self.refuse("'<U3' is not one of", self.npy(numpy.array(["abc"])))
        self.refuse("8 dimensions", self.npy(numpy.zeros((1,) * 9)))

    def test_damaged_files(self):
        whole = self.npy(numpy.zeros(100))
        self.refuse("not a .npy file", b"")
        self.refuse("not a .npy file", b"PK\x03\x04" + whole)
        self.refuse("version 4.0", whole[:6] + b"\x04" + whole[7:])
        self.refuse("truncated inside its header", whole[:50])
        self.refuse("truncated: there are 799 of 800 data bytes", whole[:-1])
        self.refuse("negative extent", whole.replace(b"(100,)", b"(-10,)"))
        huge = b"(1152921504606846976,), }"
        self.refuse("63 bits", whole.replace(b"(100,), }" + b" " * 16, huge))

    def test_file_that_shrinks_after_its_header_was_written(self):
        path = self.save("x.npy", numpy.zeros(100_000))
        os.truncate(path, 4096)
        self.assert_run_fails(
            EXIT_BAD_DATA, "3968 of 800000 data bytes", ir_kernel("square"), path
        )

    def test_every_version_that_numpy_writes_is_read(self):
        x = numpy.linspace(-1, 1, 1001)
        results = set()
        for version in ((1, 0), (2, 0), (3, 0)):
            path = self.write("x.npy", self.npy(x, version=version))
            results.add(self.run_lanes(ir_kernel("square"), path)[0].tobytes())
        self.assertEqual(len(results), 1)

    def test_headers_of_other_writers_are_read(self):
        x = numpy.linspace(-1, 1, 64)
        wanted, _ = self.run_lanes(ir_kernel("square"), self.save("x.npy", x))
        for header in (
            b"{'shape':(64,),'descr':'<f8','fortran_order':False}",
            b"{ \"fortran_order\": False, 'descr': '<f8', 'shape': (64, ) , }\n",
        ):
            # Also where the data is at an odd offset.
            contents = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
            path = self.write("y.npy", contents + x.tobytes())
            got, _ = self.run_lanes(ir_kernel("square"), path)
            numpy.testing.assert_array_equal(got, wanted)

    def test_output_is_what_numpy_would_write(self):
        for shape in ((1000,), (10, 100), (2, 5, 10), (0,), ()):
            x = self.save("x.npy", numpy.ones(shape))
            got, _ = self.run_lanes(ir_kernel("square"), x)
            contents = self.out.read_bytes()
            self.assertEqual((len(contents) - got.nbytes) % 64, 0)
            stream = io.BytesIO(contents)
            self.assertEqual(numpy.lib.format.read_magic(stream), (1, 0))
            self.assertEqual(
                numpy.lib.format.read_array_header_1_0(stream), (shape, False, got.dtype)
            )
            self.assertEqual(contents, self.npy(got, version=(1, 0)))


class BadOutput(e2elib.SharedExecutor, e2elib.LanesTest):
    def setUp(self):
        super().setUp()
        self.kernel = ir_kernel("square")
        self.x = self.save("x.npy", numpy.linspace(0, 1, 100))

    def refuse(self, output, fragment):
        self.assert_fails(
            EXIT_CANNOT_CREATE, ["output ", fragment], "run", self.kernel, self.x, "-o", output
        )

    def test_places_that_cannot_be_written(self):
        self.refuse(self.folder / "missing" / "out.npy", "No such file")
        self.refuse(self.x / "out.npy", "Not a directory")
        self.refuse("/proc/out.npy", "/proc/out.npy")
        self.refuse(self.folder, "Is a directory")
        self.refuse(f"{self.folder}/", "Is a directory")
        self.refuse("/dev/null", "not a regular file")
        self.assertTrue(os.path.exists("/dev/null"))

    def test_folder_without_permission(self):
        if os.geteuid() == 0:
            self.skipTest("root may write everywhere")
        folder = self.folder / "locked"
        folder.mkdir(mode=0o500)
        self.refuse(folder / "out.npy", "Permission denied")

    def test_links_are_followed_and_stay(self):
        real = self.folder / "real.npy"
        real.write_bytes(b"old")
        self.out.symlink_to(real)
        self.run_lanes(self.kernel, self.x)
        self.assertTrue(self.out.is_symlink())
        numpy.load(real)
        link = self.folder / "to-pipe"
        os.mkfifo(self.folder / "pipe")
        link.symlink_to(self.folder / "pipe")
        self.refuse(link, "not a regular file")
        self.assertTrue(link.is_symlink())

    def test_report_that_cannot_be_written(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                [e2elib.bin_dir() / "lanes", "inspect", self.kernel, "--asm"], stdout=full,
                stderr=subprocess.PIPE, text=True, env=self.environment, check=False,
            )  # fmt: skip
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("standard output", done.stderr)

    def test_full_file_system(self):
        script = f"""
            mkdir small && mount -t tmpfs -o size=64k none small || exit 77
            {e2elib.bin_dir()}/lanes run {self.kernel} big.npy -o small/out.npy
            status=$?
            ls -A small >&2
            exit $status"""
        self.save("big.npy", numpy.zeros(100_000))
        done = subprocess.run(
            ["unshare", "-rm", "sh", "-c", script], cwd=self.folder, env=self.environment,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode == 77 or "unshare" in done.stderr:
            self.skipTest("no file systems can be mounted here")
        self.assertEqual(done.returncode, EXIT_CANNOT_CREATE, done.stderr)
        self.assertIn("No space left", done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, "a file was left: " + done.stderr)

    def test_failed_run_leaves_the_old_output(self):
        self.out.write_text("precious")
        self.assert_fails(
            EXIT_BAD_DATA, "takes 1 inputs", "run", self.kernel, self.x, self.x, "-o", self.out
        )
        self.assertEqual(self.out.read_text(), "precious")

    def test_mode_follows_the_umask(self):
        old = os.umask(0o027)
        try:
            self.run_lanes(self.kernel, self.x)
        finally:
            os.umask(old)
        self.assertEqual(self.out.stat().st_mode & 0o777, 0o640)


class BadUsage(e2elib.LanesTest):
    def refuse(self, fragment, *arguments):
        done = self.lanes(*arguments)
        self.assertEqual(done.returncode, EXIT_USAGE, done.stderr)
        self.assertIn(fragment, done.stderr)
        self.assertEqual(done.stdout, "")

    def test_wrong_arguments(self):
        self.refuse("COMMAND is missing")
        self.refuse("'paint'", "paint")
        self.refuse("KERNEL is missing", "run")
        self.refuse("INPUT is missing", "run", "k.ll")
        self.refuse("--output is missing", "run", "k.ll", "x.npy")
        self.refuse("--math=fast", "run", "k.ll", "x.npy", "-o", "a", "--math=fast")
        self.refuse("--threads=0", "run", "k.ll", "x.npy", "-o", "a", "--threads=0")
        self.refuse("--threads=2x", "run", "k.ll", "x.npy", "-o", "a", "--threads=2x")
        self.refuse("--paint", "run", "k.ll", "x.npy", "-o", "a", "--paint=red")
        self.refuse("KERNEL is missing", "inspect")
        self.refuse("unexpected argument", "inspect", "k.ll", "x.npy")
        self.refuse("--ir=out", "inspect", "k.ll", "--ir=out")
        self.refuse("--require-vector=0", "inspect", "k.ll", "--require-vector=0")

    def test_help_and_version(self):
        for arguments in (["--help"], ["run", "--help"], ["inspect", "--help"]):
            done = self.lanes(*arguments)
            self.assertEqual(done.returncode, 0)
            self.assertIn("Usage: lanes", done.stdout)
        self.assertRegex(self.lanes("--version").stdout, r"^lanes \d+\.\d+\.\d+\n$")

    def test_no_executor(self):
        x = self.save("x.npy", numpy.zeros(3))
        kernel = self.write("k.ll", function())
        arguments = ["run", kernel, x, "-o", self.out]
        unavailable = e2elib.EXIT_UNAVAILABLE
        self.assert_fails(unavailable, "nobody.sock", *arguments, "--socket=nobody.sock")
        self.assert_fails(unavailable, "nobody.sock", *arguments, LANES_SOCKET="nobody.sock")
        self.assert_fails(unavailable, "executor", *arguments, LANES_EXECUTOR="/bin/false")

    def test_missing_front_ends(self):
        x = self.save("x.npy", numpy.zeros(3))
        kernel = self.write("k.c", "double f(double x) { return x; }")
        arguments = ["run", kernel, x, "-o", self.out]
        self.assert_fails(
            e2elib.EXIT_UNAVAILABLE, "install clang-", *arguments, PATH="/nowhere"
        )
        arguments = ["run", numba_kernel("polynomial"), x, "-o", self.out]
        self.assert_fails(
            e2elib.EXIT_UNAVAILABLE, "LANES_PYTHON", *arguments, LANES_PYTHON="/nowhere/python"
        )

    def test_python_without_numba(self):
        x = self.save("x.npy", numpy.zeros(3))
        self.write("numba.py", "raise ModuleNotFoundError('no', name='numba')\n")
        for name in ("axpy", "plain"):
            self.assert_fails(
                e2elib.EXIT_UNAVAILABLE, ["Numba is not installed", "LANES_PYTHON"],
                "run", numba_kernel(name), x, "-o", self.out, PYTHONPATH=str(self.folder),
            )  # fmt: skip
        plain = self.write("plain.py", "def f(x):\n    return x\n")
        self.assert_fails(
            e2elib.EXIT_UNAVAILABLE, "Numba is not installed",
            "run", f"{plain}:f", x, "-o", self.out, "-s", "f8(f8)",
        )  # fmt: skip

    def test_python_files_that_do_not_help(self):
        x = self.save("x.npy", numpy.zeros(3))
        broken = self.write("broken.py", "1 / 0\n")
        for kernel, code, fragments in (
            (f"{broken}:f", EXIT_BAD_DATA, ["broken.py", "ZeroDivisionError"]),
            (f"{NUMBA_FILE}:nothing", EXIT_BAD_DATA, ["no 'nothing'", "axpy"]),
            (f"{NUMBA_FILE}:not_a_function", EXIT_BAD_DATA, ["not_a_function", "int"]),
            (numba_kernel("plain"), EXIT_USAGE, ["'plain'", "--signature"]),
        ):
            with self.subTest(kernel):
                self.assert_run_fails(code, fragments, kernel, x)


if __name__ == "__main__":
    unittest.main()
