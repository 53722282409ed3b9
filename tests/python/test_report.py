# SPDX-License-Identifier: Apache-2.0
"""Ufunc.inspect(): what it says is so, costs what it should, and is shown everywhere."""
import contextlib
import html.parser
import json
import math
import os
import pathlib
import tempfile
import time
import unittest
from unittest import mock

import lanes
import numpy
from lanes import _client, _report, _roofline

try:
    import numba
except ImportError:
    numba = None

AXPY = """define double @axpy(double %x, double %y) {
  %m = fmul double %x, 2.5
  %r = fadd double %m, %y
  ret double %r
}
"""
GAMMA = """declare double @tgamma(double)
define double @gamma(double %x) {
  %r = call double @tgamma(double %x)
  ret double %r
}
"""
MATH = """declare double @exp(double)
declare double @sqrt(double)
define double @f(double %x, double %y) {
  %a = call double @exp(double %x)
  %b = fdiv double %a, %y
  %c = call double @sqrt(double %b)
  ret double %c
}
"""
LOOP = """define i64 @steps(i64 %n) {
entry:
  br label %loop
loop:
  %k = phi i64 [ %n, %entry ], [ %h, %loop ]
  %c = phi i64 [ 0, %entry ], [ %d, %loop ]
  %h = lshr i64 %k, 1
  %d = add i64 %c, 1
  %more = icmp ne i64 %h, 0
  br i1 %more, label %loop, label %end
end:
  ret i64 %d
}
"""
DIVIDE = """define i32 @divide(i32 %x, i32 %y) {
  %r = sdiv i32 %x, %y
  ret i32 %r
}
"""
BRANCH = """declare double @exp(double)
define double @f(double %x, double %y) {
  %is = fcmp ogt double %x, 0.0
  br i1 %is, label %a, label %b
a:
  %p = call double @exp(double %y)
  ret double %p
b:
  %m = fmul double %x, %y
  %n = fdiv double %m, %y
  ret double %n
}
"""
SUM3 = """define double @sum3(i32 %n, ptr %x) {
  %q = getelementptr double, ptr %x, i64 1
  %r = getelementptr double, ptr %x, i64 2
  %a = load double, ptr %x
  %b = load double, ptr %q
  %c = load double, ptr %r
  %s = fadd double %a, %b
  %t = fadd double %s, %c
  ret double %t
}
"""
PARAMS = """define double @scale(double %x, ptr %params) {
  %k = load double, ptr %params
  %r = fmul double %x, %k
  ret double %r
}
"""


def kernel(ir, signature, **more):
    return lanes.from_ir(ir, signature, **more)


class Facts(unittest.TestCase):
    def test_a_vectorized_kernel_that_never_ran(self):
        r = kernel(AXPY, "f8(f8,f8)").inspect()
        self.assertTrue(r.vectorized)
        self.assertGreaterEqual(r.width, 2)
        self.assertGreaterEqual(r.interleave, 1)
        self.assertEqual((r.reasons, r.advice), ([], []))
        self.assertEqual(r.signature, "(f8, f8) -> f8")
        self.assertEqual((r.bytes_per_element, r.flops_per_element), (24, 2))
        self.assertAlmostEqual(r.intensity, 2 / 24)
        self.assertEqual(r.functions, [])
        self.assertIsNone(r.measured)
        self.assertEqual(len(r.loops), 1)

    def test_one_that_is_not_says_why_and_what_to_change(self):
        r = kernel(GAMMA, "f8(f8)").inspect()
        self.assertFalse(r.vectorized)
        self.assertEqual((r.width, r.interleave), (1, 1))
        self.assertIn("tgamma has no vector form", r.reasons[0])
        self.assertIn("write it with functions that have one", r.advice[0])
        self.assertEqual(r.functions, [("tgamma", 1, "scalar libm, one element at a time")])

    def test_work_that_depends_on_the_data(self):
        r = kernel(LOOP, "i8(i8)").inspect()
        self.assertIsNone(r.flops_per_element)
        self.assertIsNone(r.intensity)
        self.assertIn("the work depends on the data", repr(r))
        self.assertIn("a loop of its own", r.reasons[0])

    def test_who_computes_functions(self):
        r = kernel(MATH, "f8(f8,f8)").inspect()
        [(name, count, server)] = r.functions
        self.assertEqual((name, count), ("exp", 1))
        self.assertRegex(server, r"^libmvec _ZGV\w+_exp, at most 4 ulp$")
        self.assertIn("1 division, 1 square root", repr(r))
        exact = kernel(MATH, "f8(f8,f8)", math="exact").inspect()
        self.assertEqual(exact.functions[0][2], "scalar libm, one element at a time")
        self.assertIn("math=vector", exact.advice[0])

    def test_branches_and_exceptions(self):
        r = kernel(DIVIDE, "i4(i4,i4)").inspect()
        self.assertEqual(r.raises, ["ZeroDivisionError"])
        self.assertIn("checked without leaving the vectors", repr(r))
        r = kernel(BRANCH, "f8(f8,f8)").inspect()
        self.assertIn("1 condition: both sides are computed for every element", repr(r))
        self.assertIn("only the side that is taken", repr(kernel(LOOP, "i8(i8)").inspect()))

    def test_rows_count_with_what_is_read(self):
        r = kernel(SUM3, "f8(f8[:])").inspect()
        self.assertEqual(r.bytes_per_element, 3 * 8 + 8)
        self.assertIn("32 bytes at least", repr(r))

    def test_ir_and_assembly_are_fetched_when_they_are_wanted(self):
        r = kernel(AXPY, "f8(f8,f8)").inspect()
        with mock.patch.object(_client.Client, "report", side_effect=AssertionError):
            repr(r), r.to_dict()  # pylint: disable=expression-not-assigned
        self.assertIn("fmul double %x, 2.5", r.ir["in"])
        self.assertIn("@lanes.element", r.ir["wrapped"])
        self.assertIn("x double>", r.ir["optimised"])
        self.assertIn("mulpd", r.asm)
        with mock.patch.object(_client.Client, "report", side_effect=AssertionError):
            self.assertIn("mulpd", r.asm)

    def test_code_that_was_there(self):
        with tempfile.TemporaryDirectory() as folder, client_of(folder) as client:
            first = kernel(AXPY, "f8(f8,f8)", client=client).inspect()
            self.assertIsNone(first.cached)
            self.assertGreater(first.compile_ms, 0)
            self.assertRegex(repr(first), r"compiled in \d+ ms")
            second = kernel(AXPY.replace("axpy", "other"), "f8(f8,f8)", client=client).inspect()
            self.assertEqual(second.cached, "memory")
            self.assertEqual(second.key, first.key)
            self.assertIn("found in the executor's memory", repr(second))
            self.assertEqual(second.width, first.width)

    def test_the_same_facts_where_the_code_was_there(self):
        with tempfile.TemporaryDirectory() as folder:
            reports = []
            for _ in range(2):
                with client_of(folder) as client:
                    reports.append(kernel(GAMMA, "f8(f8)", client=client).inspect())
            self.assertEqual([r.cached for r in reports], [None, "disk"])
            self.assertEqual(reports[0].reasons, reports[1].reasons)
            self.assertEqual(reports[0].per_element, reports[1].per_element)


@contextlib.contextmanager
def client_of(folder):
    """A private executor whose code cache is a folder of its own."""
    with mock.patch.dict(os.environ, LANES_CACHE_FOLDER=folder):
        with lanes.Client(private=True, threads=1) as client:
            yield client


class Types(unittest.TestCase):
    def setUp(self):
        # The same function for two dtypes, in the order in which they are tried.
        f4 = AXPY.replace("double", "float")
        first = kernel(f4, "f4(f4,f4)", name="axpy")
        second = kernel(AXPY, "f8(f8,f8)", name="axpy")
        first._loops += second._loops
        self.axpy = first

    def test_all_loops(self):
        r = self.axpy.inspect()
        self.assertEqual([loop.signature for loop in r.loops], ["(f4, f4) -> f4", "(f8, f8) -> f8"])
        self.assertTrue(r.vectorized)
        self.assertEqual(r.width, min(loop.width for loop in r.loops))
        self.assertEqual(repr(r).count("axpy : "), 2)
        with self.assertRaisesRegex(AttributeError, "2: ask one of report.loops"):
            r.asm  # pylint: disable=pointless-statement
        self.assertEqual([loop["signature"] for loop in r.to_dict()["loops"]], ["f4(f4,f4)", "f8(f8,f8)"])

    def test_one_loop_by_dtypes_arrays_and_signatures(self):
        for types in (
            ("f8", "f8"), (numpy.float64, float), (numpy.dtype("f8"), "f8"), (("f8", "f8"),),
            ("f8(f8,f8)",), ("dd->d",), (numpy.ones(3), numpy.ones(3)), (numpy.ones(3), "f8"),
        ):  # fmt: skip
            with self.subTest(types):
                self.assertEqual(self.axpy.inspect(*types).signature, "(f8, f8) -> f8")
        self.assertEqual(self.axpy.inspect("f4", "f4").signature, "(f4, f4) -> f4")
        # What a call with these would use.
        self.assertEqual(self.axpy.inspect("i8", "f4").signature, "(f8, f8) -> f8")

    def test_mistakes(self):
        with self.assertRaisesRegex(TypeError, "each of 2 inputs, or a signature; 1 given"):
            self.axpy.inspect("f8")
        with self.assertRaises(TypeError):
            self.axpy.inspect("c16", "c16")
        with self.assertRaisesRegex(AttributeError, "a report has no 'wdith'"):
            self.axpy.inspect("f8", "f8").wdith  # pylint: disable=pointless-statement

    @unittest.skipIf(numba is None, "needs Numba")
    def test_a_lazy_function(self):
        @lanes.vectorize
        def shifted(x, y):
            return x + y + 1

        with self.assertRaisesRegex(TypeError, r"Say which: shifted.inspect\('f8', 'f8'\)"):
            shifted.inspect()
        r = shifted.inspect("f4", "f4")
        self.assertEqual(r.signature.split(" -> ")[0], "(f4, f4)")
        self.assertEqual(shifted.ntypes, 1)
        line = shifted.__wrapped__.__code__.co_firstlineno
        self.assertEqual(r.origin.rpartition("/")[2], f"test_report.py:{line}")
        self.assertIn(f"test_report.py:{line}, Numba", repr(r).replace("\n" + " " * 14, ""))


class Shown(unittest.TestCase):
    def test_lines_of_a_terminal(self):
        for r in (kernel(AXPY, "f8(f8,f8)").inspect(), kernel(GAMMA, "f8(f8)").inspect()):
            lines = repr(r).splitlines()
            self.assertLessEqual(len(lines), 13)
            self.assertTrue(all(len(line) <= 100 for line in lines))
        self.assertIn("NOT VECTORIZED", repr(r))
        self.assertIn("change", repr(r))
        text = repr(kernel(AXPY, "f8(f8,f8)", name="axpy").inspect())
        self.assertRegex(text, r"^axpy : \(f8, f8\) -> f8\n")
        self.assertRegex(text, r"VECTORIZED  width \d+ x interleave \d+ \(\d+ bits of f8\)")
        self.assertRegex(text, "24 bytes, 2 flops, intensity 0.083 flop/byte")

    def test_ir_for_another_machine(self):
        ir = 'target triple = "arm64-apple-darwin20.6.0"\n' + AXPY
        self.assertIn("retargeted arm64-apple-darwin20.6.0 -> x86_64", repr(kernel(ir, "f8(f8,f8)").inspect()))
        self.assertNotIn("retargeted", repr(kernel(AXPY, "f8(f8,f8)").inspect()))

    def test_html_is_small_well_formed_and_escaped(self):
        r = kernel(DIVIDE, "i4(i4,i4)", name="<b>a & b</b>").inspect()
        text = r._repr_html_()
        self.assertIn("&lt;b&gt;a &amp; b&lt;/b&gt;", text)
        self.assertNotIn("<b>", text)
        self.assertLess(len(text), 8000)
        for word in ("http", "<script", "<link", "<img", "url("):
            self.assertNotIn(word, text)
        checker = Balance()
        checker.feed(text)
        self.assertEqual(checker.open, [])
        self.assertIn("VECTORIZED", text)
        self.assertIn("NOT VECTORIZED", kernel(GAMMA, "f8(f8)").inspect()._repr_html_())

    def test_html_has_colours_for_light_and_dark(self):
        text = kernel(AXPY, "f8(f8,f8)").inspect()._repr_html_()
        # Text has the page's own colour, but on badges, which have their own ground.
        for style in text.split('style="')[1:]:
            style = style.split('"')[0]
            if "color:#" in style.replace("background-color", ""):
                self.assertIn("background:#", style)

    def test_pretty_printers(self):
        class Printer:
            def text(self, text):
                self.got = text

        printer = Printer()
        r = kernel(AXPY, "f8(f8,f8)").inspect()
        r._repr_pretty_(printer, False)
        self.assertEqual(printer.got, repr(r))
        r._repr_pretty_(printer, True)
        self.assertNotIn("\n", printer.got)

    def test_dictionaries_are_json_and_what_the_command_line_gives(self):
        r = kernel(MATH, "f8(f8,f8)").inspect()
        document = json.loads(json.dumps(r.to_dict()))
        self.assertEqual(document["schema"], "lanes.inspect/1")
        for key in ("entry", "convention", "signature", "externals", "variants", "may_raise", "cpu"):
            self.assertIn(key, document)
        self.assertEqual(document["width"], r.width)
        self.assertEqual(document["bytes_per_element"], 24)


class Balance(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag


class Requirements(unittest.TestCase):
    def test_enough(self):
        r = kernel(AXPY, "f8(f8,f8)").inspect()
        self.assertIs(r.require_vector(), r)
        self.assertIs(r.require_vector(r.width), r)

    def test_too_little(self):
        r = kernel(AXPY, "f8(f8,f8)", name="axpy").inspect()
        with self.assertRaisesRegex(lanes.NotVectorized, rf"axpy .* runs {r.width} elements at once, not 128"):
            r.require_vector(128)

    def test_none_says_why(self):
        r = kernel(GAMMA, "f8(f8)", name="g").inspect()
        with self.assertRaisesRegex(AssertionError, "runs 1 element at once, not 2\n  tgamma has no vector form"):
            r.require_vector()


class Speed(unittest.TestCase):
    """Numbers of a machine that others use, too: what has to be so, not what they are."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        patch = mock.patch.dict(os.environ, LANES_CACHE_FOLDER=self.folder.name)
        patch.start()
        self.addCleanup(patch.stop)
        known = mock.patch.dict(_roofline._known, clear=True)
        known.start()
        self.addCleanup(known.stop)
        small = mock.patch.object(_roofline, "_BYTES_MAX", 64 << 20)
        small.start()
        self.addCleanup(small.stop)

    def test_a_report_measures_nothing(self):
        with mock.patch.object(_roofline, "run", side_effect=AssertionError):
            r = kernel(AXPY, "f8(f8,f8)").inspect()
            self.assertNotIn("this host", repr(r))
            self.assertIsNone(r.to_dict()["roofline"])
            self.assertEqual(os.listdir(self.folder.name), [])

    def test_the_roof_is_measured_once_for_a_host(self):
        r = kernel(AXPY, "f8(f8,f8)").inspect()
        start = time.monotonic()
        roof = r.roofline
        self.assertLess(time.monotonic() - start, 5)  # a second, where nobody else runs
        self.assertGreater(roof.bandwidth, 1e8)
        self.assertAlmostEqual(roof.elements_per_second, roof.bandwidth / 24)
        self.assertAlmostEqual(roof.seconds_per_billion, 24e9 / roof.bandwidth)
        self.assertEqual(os.listdir(self.folder.name), ["roofline.json"])
        kept = json.loads((pathlib.Path(self.folder.name) / "roofline.json").read_text())
        [key] = kept
        self.assertIn(f"{r.loops[0]._client.threads} threads", key)
        _roofline._known.clear()  # as another process
        with mock.patch.object(_roofline, "run", side_effect=AssertionError):
            self.assertEqual(r.roofline.bandwidth, roof.bandwidth)
            self.assertIn("memory gives", repr(r))
            self.assertEqual(r.to_dict()["roofline"]["bandwidth"], roof.bandwidth)

    def test_a_damaged_file_is_measured_again(self):
        path = pathlib.Path(self.folder.name) / "roofline.json"
        client = lanes.default_client()
        for text in ("", "{", "[1]", '{"a": "b"}', '{"a": -1}'):
            path.write_text(text)
            _roofline._known.clear()
            self.assertIsNone(_roofline.known_bandwidth(client), text)
        _roofline._keep("a", 5.0)
        self.assertEqual(json.loads(path.read_text()), {"a": 5.0})

    def test_without_a_cache_nothing_is_written(self):
        with mock.patch.dict(os.environ, LANES_CACHE_FOLDER="none"):
            _roofline._keep("a", 5.0)
        self.assertEqual(os.listdir(self.folder.name), [])

    def test_a_kernel_that_is_faster_raises_the_roof(self):
        client = lanes.default_client()
        _roofline._keep(_roofline._key(client), 1000.0)
        _roofline.raise_roof(client, 500.0)
        self.assertEqual(_roofline.bandwidth(client), 1000.0)
        _roofline.raise_roof(client, 2000.0)
        self.assertEqual(_roofline.bandwidth(client), 2000.0)
        self.assertIn("2000", (pathlib.Path(self.folder.name) / "roofline.json").read_text())

    def check(self, measured, width):
        self.assertGreater(measured.cache_ns, 0)
        self.assertGreater(measured.memory_ns, 0)
        self.assertAlmostEqual(measured.bytes_per_second, width * 1e9 / measured.memory_ns)
        self.assertTrue(0 < measured.roof <= 1)
        self.assertEqual(measured.threads, lanes.default_client().threads)
        self.assertEqual(measured.failed, 0)
        json.dumps(measured.to_dict())

    def test_measured(self):
        r = kernel(AXPY, "f8(f8,f8)").inspect(measure=True)
        self.check(r.measured, 24)
        self.assertRegex(repr(r), r"ns/element in cache, \S+\s+from memory")
        self.assertIn("of the roof", repr(r).replace("\n" + " " * 14, " "))
        self.assertIn("memory gives", repr(r))
        self.assertRegex(r.bound, "memory bound|compute bound")
        self.assertIn("width:", r._repr_html_())

    def test_a_slow_kernel_is_compute_bound_and_takes_no_longer(self):
        slow = kernel(GAMMA, "f8(f8)")
        slow.inspect().roofline  # pylint: disable=expression-not-assigned
        start = time.monotonic()
        r = slow.inspect(measure=True)
        self.assertLess(time.monotonic() - start, 5)
        self.assertEqual(r.bound, "compute bound")

    def test_arrays_are_what_is_measured(self):
        # Twenty steps for some elements, one for others.
        few, many = (kernel(LOOP, "i8(i8)").inspect(numpy.full(1000, n), measure=True) for n in (1, 1 << 60))
        self.assertGreater(many.measured.cache_ns, 3 * few.measured.cache_ns)

    def test_every_kind_of_operand(self):
        complexes = "define void @f(double %a, double %b, ptr %r, ptr %i) {\n" \
            "  store double %b, ptr %r\n  store double %a, ptr %i\n  ret void\n}\n"  # fmt: skip
        self.check(kernel(complexes, "f8,f8(f8,f8)").inspect(measure=True).measured, 32)
        self.check(kernel(SUM3, "f8(f8[:])").inspect(measure=True).measured, 8 * 4 + 8)
        rows = numpy.ones((100, 7))
        self.check(kernel(SUM3, "f8(f8[:])").inspect(rows, measure=True).measured, 8 * 7 + 8)
        narrow = "define zeroext i8 @f(i8 zeroext %x) {\n  %r = add i8 %x, 3\n  ret i8 %r\n}\n"
        self.check(kernel(narrow, "u1(u1)").inspect(measure=True).measured, 2)

    def test_elements_that_raise_are_told(self):
        r = kernel(DIVIDE, "i4(i4,i4)").inspect(
            numpy.ones(4, "i4"), numpy.array([0, 1, 1, 1], "i4"), measure=True
        )
        self.assertAlmostEqual(r.measured.failed, 0.25, places=2)
        self.assertIn("25% of the elements raised", repr(r).replace("\n" + " " * 14, " "))

    def test_what_cannot_be_measured_says_so(self):
        with self.assertRaisesRegex(ValueError, "reads 8 bytes of parameters"):
            kernel(PARAMS, "f8(f8)", convention="scipy").inspect(measure=True)


class Words(unittest.TestCase):
    def test_numbers(self):
        self.assertEqual([_report._si(v) for v in (1.594e9, 2e3, 12.0)], ["1.59 G", "2 k", "12"])
        self.assertEqual([_report._duration(v) for v in (2, 0.63, 4.5e-5)], ["2 s", "630 ms", "45 us"])
        self.assertEqual([_report._share(v) for v in (1, 0.914, 0.001)], ["100%", "91%", "under 1%"])
        self.assertEqual(_report._count(1, "branch", "branches"), "1 branch")

    def test_caches_are_found(self):
        self.assertGreater(_roofline.memory_bytes(), _roofline.inner_bytes())
        self.assertTrue(all(level > 0 and size > 0 for level, size in _roofline.cache_bytes().items()))
        self.assertTrue(math.log2(_roofline._size("48K") / 3).is_integer())
        self.assertEqual((_roofline._size("2M"), _roofline._size("")), (2 << 20, 0))


if __name__ == "__main__":
    unittest.main()
