# SPDX-License-Identifier: Apache-2.0
"""Several callbacks as one kernel: random graphs against NumPy and against the same
callbacks run one after the other; whose exception it was; what stays when nodes go.

Cases are random with a fixed seed; LANES_CASES says how many.
"""
import os
import pathlib
import sys
import unittest

import numpy

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
sys.path.insert(0, str(HERE.parent / "numba"))
import lanes_client  # noqa: E402  pylint: disable=wrong-import-position
import manifest  # noqa: E402  pylint: disable=wrong-import-position

LanesError = lanes_client.LanesError

CASES = int(os.environ.get("LANES_CASES", "60"))
SEED = 20261125
COUNT = 700
NODES_MAX = 8

MUL = """define double @f(double %x, double %y) {
  %r = fmul double %x, %y
  ret double %r
}
"""
BOTH = """define void @f(double %x, double %y, ptr %sum, ptr %difference) {
  %s = fadd double %x, %y
  %d = fsub double %x, %y
  store double %s, ptr %sum
  store double %d, ptr %difference
  ret void
}
"""
LESS = """define zeroext i1 @f(double %x, double %y) {
  %r = fcmp olt double %x, %y
  ret i1 %r
}
"""
CHOOSE = """define double @f(i1 zeroext %which, double %x, double %y) {
  %r = select i1 %which, double %x, double %y
  ret double %r
}
"""
ROUND = """define i32 @f(double %x) {
  %low = fcmp olt double %x, -1000.0
  %a = select i1 %low, double -1000.0, double %x
  %high = fcmp ogt double %a, 1000.0
  %b = select i1 %high, double 1000.0, double %a
  %r = fptosi double %b to i32
  ret i32 %r
}
"""
QUOTIENT = """define i32 @f(i32 %x, i32 %y) {
  %r = sdiv i32 %x, %y
  ret i32 %r
}
"""
WIDEN = """define double @f(i32 %x) {
  %r = sitofp i32 %x to double
  ret double %r
}
"""
# Numba's convention: x < -40 raises.
CHECK = """define i32 @f(ptr %ret, ptr %exc, double %x) {
  %bad = fcmp olt double %x, -40.0
  br i1 %bad, label %raise, label %good
raise:
  ret i32 1
good:
  %r = fadd double %x, 0.5
  store double %r, ptr %ret
  ret i32 0
}
"""


def quotient(x, y):
    safe = numpy.where(y == 0, 1, y)
    return numpy.trunc(x / safe).astype("i4")


# (IR, signature, convention, what NumPy computes, which elements fail)
CALLBACKS = [
    (MUL, "f8(f8,f8)", "auto", lambda x, y: (x * y,), None),
    (BOTH, "f8,f8(f8,f8)", "auto", lambda x, y: (x + y, x - y), None),
    (LESS, "?(f8,f8)", "auto", lambda x, y: (x < y,), None),
    (CHOOSE, "f8(?,f8,f8)", "auto", lambda w, x, y: (numpy.where(w, x, y),), None),
    (ROUND, "i4(f8)", "auto", lambda x: (numpy.clip(x, -1000, 1000).astype("i4"),), None),
    (QUOTIENT, "i4(i4,i4)", "auto", lambda x, y: (quotient(x, y),), lambda x, y: y == 0),
    (WIDEN, "f8(i4)", "auto", lambda x: (x.astype("f8"),), None),
    (CHECK, "f8(f8)", "numba", lambda x: (x + 0.5,), lambda x: x < -40),
]


class Graph:
    """A random fusion; inputs are created as nodes ask for them."""

    def __init__(self, random, kernels):
        self.inputs = []  # dtypes
        self.nodes = []  # (index of the callback, sources)
        self.values = []  # (source, dtype) of every output of a node
        for n in range(int(random.integers(1, NODES_MAX + 1))):
            which = int(random.integers(len(CALLBACKS)))
            kernel = kernels[which]
            sources = [self.source(random, dtype) for dtype in kernel.inputs]
            self.nodes.append((which, sources))
            self.values += [((n, o), dtype) for o, dtype in enumerate(kernel.outputs)]
        count = int(random.integers(1, min(len(self.values), 15 - len(self.inputs)) + 1))
        self.outputs = [self.values[int(random.integers(len(self.values)))][0]
                        for _ in range(count)]  # fmt: skip

    def source(self, random, dtype):
        fitting = [source for source, own in self.values if own == dtype]
        fitting += fitting  # rather an earlier node than an input
        fitting += [i for i, own in enumerate(self.inputs) if own == dtype]
        if not fitting or (len(self.inputs) < 6 and random.random() < 0.2):
            self.inputs.append(dtype)
            return len(self.inputs) - 1
        return fitting[int(random.integers(len(fitting)))]

    def arrays(self, random):
        made = []
        for dtype in self.inputs:
            if dtype == "?":
                made.append(random.integers(0, 2, COUNT).astype("?"))
            elif dtype.kind == "i":
                made.append(random.integers(-9, 10, COUNT).astype(dtype))
            else:
                made.append(random.integers(-90, 91, COUNT) / 8.0)
        return made

    def compute(self, inputs, call):
        """Values of the outputs, and the first node that fails for each element, or -1."""
        values = {}
        failing = numpy.full(COUNT, -1)
        for n, (which, sources) in enumerate(self.nodes):
            arguments = [values[s] if isinstance(s, tuple) else inputs[s] for s in sources]
            results, failed = call(which, arguments)
            failing = numpy.where(failed & (failing < 0), n, failing)
            values.update({(n, o): result for o, result in enumerate(results)})
        return [values[source] for source in self.outputs], failing


def by_numpy(which, arguments):
    _, _, _, function, fails = CALLBACKS[which]
    failed = fails(*arguments) if fails else numpy.zeros(COUNT, "?")
    with numpy.errstate(all="ignore"):
        return function(*arguments), failed


class Graphs(unittest.TestCase):
    def test_random_graphs(self):
        random = numpy.random.default_rng(SEED)
        with lanes_client.Session(threads=1) as session:
            kernels = [session.load(ir.encode(), signature=signature, convention=convention)
                       for ir, signature, convention, _, _ in CALLBACKS]

            def one_by_one(which, arguments):
                (*results, mask), done = kernels[which].run(*arguments, errors="mask")
                self.assertEqual(done.status, 0, done.message)
                return results, mask

            failures = 0
            for case in range(CASES):
                graph = Graph(random, kernels)
                with self.subTest(case=case, nodes=graph.nodes, outputs=graph.outputs):
                    fused = session.fuse([(kernels[k], sources) for k, sources in graph.nodes],
                                         graph.outputs)
                    inputs = graph.arrays(random)
                    failures += self.check(graph, fused, inputs, by_numpy)
                    self.check(graph, fused, inputs, one_by_one)
                    fused.release()
            self.assertGreater(failures, CASES // 20, "some graphs fail")

    def check(self, graph, fused, inputs, call):
        wanted, failing = graph.compute(inputs, call)
        (*got, mask), done = fused.run(*inputs, errors="mask")
        self.assertEqual(done.status, 0, done.message)
        numpy.testing.assert_array_equal(mask, failing >= 0)
        for own, result in zip(got, wanted):
            good = failing < 0
            numpy.testing.assert_array_equal(own[good], result[good])
            self.assertFalse(own[~good].any(), "outputs of failing elements stay")
        if done.failed:
            self.assertEqual(done.raised_node, failing[done.first_failed], done.message)
        return done.failed > 0


def fixture(name):
    return manifest.ir_texts(manifest.versions()[-1])[name].encode()


class Exceptions(unittest.TestCase):
    def test_a_pickle_is_of_the_ir_of_its_node(self):
        """The same exception of two callbacks, at other places of other texts."""
        ir = fixture("raise_float")
        with lanes_client.Session(threads=1) as session:
            first = session.load(ir)
            shift = session.load(b"define double @shift(double %x) {\n"
                                 b"  %r = fsub double %x, 100.0\n  ret double %r\n}\n")
            second = session.load(b"; another text\n" + ir)
            good = first.run(numpy.array([150.0]))[0][0]
            fused = session.fuse([(first, [0]), (shift, [0]), (second, [(1, 0)])],
                                 [(0, 0), (2, 0)])
            for kernel in (first, shift, second):
                kernel.release()
            x = numpy.full(1000, 150.0)
            (kept, _), done = fused.run(x)
            self.assertEqual(done.status, 0)
            self.assertTrue((kept == good[0]).all())
            x[700] = -2.5
            _, done = fused.run(x)
            self.assertEqual((done.first_failed, done.raised_node), (700, 0))
            self.assertEqual(repr(done.exception()), "ValueError('negative', -2.5)")
            x[300] = 1.25
            _, done = fused.run(x)
            self.assertEqual((done.failed, done.first_failed, done.raised_node), (2, 300, 2))
            self.assertEqual(repr(done.exception()), "ValueError('negative', -98.75)")
            self.assertIn("ValueError('negative', -98.75)", done.message)


class Loops(unittest.TestCase):
    def test_casts_where_layouts_and_reductions_are_as_with_any_kernel(self):
        with lanes_client.Session(threads=2) as session:
            mul = session.load(MUL.encode())
            both = session.load(BOTH.encode(), signature="f8,f8(f8,f8)")
            fused = session.fuse([(mul, [0, 1]), (both, [(0, 0), 1])], [(1, 0)])
            self.assertEqual(str(fused.inputs), str([numpy.dtype("f8")] * 2))
            memory = session.memory(1 << 16)
            x = memory.data[:1200].view("i4").reshape(3, 100)[:, ::-2]
            y = numpy.broadcast_to(memory.data[2048:2072].view("f8")[:, None], x.shape)
            out = memory.data[4096:5296].view("f4").reshape(50, 6).T[::2]
            where = memory.data[8192:8342].view("?").reshape(3, 50)
            x[...] = numpy.arange(x.size).reshape(x.shape)
            memory.data[2048:2072].view("f8")[:] = [0.5, -2, 3]
            where[...] = numpy.arange(where.size).reshape(where.shape) % 3 > 0
            out[...] = 7
            done = fused.apply(memory, [x, y, out, where], casting="same_kind", has_where=True)
            self.assertEqual(done.status, 0, done.message)
            numpy.testing.assert_array_equal(out, numpy.where(where, x * y + y, 7))
            total = memory.data[12288:12296].view("f8").reshape(())
            done = fused.apply(memory, [x, y, lanes_client.spread(total, x.shape, (0, 1))],
                               casting="same_kind", reduce="sum")
            self.assertEqual(done.status, 0, done.message)
            self.assertEqual(total, (x * y + y).sum())
            layouts = [variant["layout"] for variant in fused.report()["variants"]]
            self.assertEqual(len(layouts), 3, layouts)

    def test_the_same_fusion_again_is_no_compile(self):
        with lanes_client.Session(threads=1) as session:
            mul = session.load(MUL.encode())
            other = session.load(MUL.replace("%r", "%product").encode())
            first = session.fuse([(mul, [0, 1]), (mul, [(0, 0), 1])], [(1, 0)])
            again = session.fuse([(other, [0, 1]), (mul, [(0, 0), 1])], [(1, 0)])
            crossed = session.fuse([(mul, [0, 1]), (mul, [1, (0, 0)])], [(1, 0)])
            reports = [kernel.report() for kernel in (first, again, crossed)]
            self.assertEqual([report["variants"][0]["cached"] for report in reports],
                             [False, True, False])
            self.assertEqual(reports[0]["identity"], reports[1]["identity"])
            self.assertEqual(reports[1]["convention"], "fused")


class Refusals(unittest.TestCase):
    def test_what_does_not_fit_is_named(self):
        with lanes_client.Session(threads=1) as session:
            mul = session.load(MUL.encode())
            widen = session.load(WIDEN.encode())
            fast = session.load(MUL.encode(), fp=127)
            exact = session.load(MUL.encode(), math=1)
            fused = session.fuse([(mul, [0, 1])], [(0, 0)])
            cases = [
                ([(mul, [0, 1]), (widen, [(0, 0)])], "input 0 of node 1 is i4, but output 0"),
                ([(mul, [0, (0, 0)])], "can be an earlier node"),
                ([(mul, [0, 2])], "used by no node"),
                ([(mul, [0, 1]), (fast, [(0, 0), 0])], "fp 0x7f, node 0 with math 0 and fp 0x0"),
                ([(mul, [0, 1]), (exact, [(0, 0), 0])], "was loaded with math 1"),
                ([(mul, [0, 1]), (fused, [(0, 0), 0])], "node 1 is a fused kernel itself"),
            ]
            for nodes, text in cases:
                with self.assertRaises(LanesError) as refused:
                    session.fuse(nodes, [(0, 0)])
                self.assertIn(text, refused.exception.message)


if __name__ == "__main__":
    unittest.main()
