# SPDX-License-Identifier: Apache-2.0
"""What ``Ufunc.inspect()`` returns: how loops were compiled, and why not better."""
import functools
import json
import math
import os
import re
import textwrap

import numpy

from . import _report_html, _roofline, _signature

SCHEMA = "lanes.inspect/1"
_HOST = "x86_64"
_WIDTH = 98  # of a terminal's lines
_LABEL = 13  # of these the first


class NotVectorized(AssertionError):
    """A kernel does not run as many elements at once as was required."""


# ---- Words ---------------------------------------------------------------------------


def _count(number, one, more=None):
    """``1 division``, ``2 divisions``."""
    return f"{number} {one if number == 1 else more or one + 's'}"


def _si(value):
    """Three digits and a unit: ``1.59 G``."""
    for limit, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:.3g} {unit}"
    return f"{value:.3g}"


def _rate(bytes_per_second):
    return f"{_si(bytes_per_second)}B/s" if bytes_per_second >= 1e3 else f"{bytes_per_second:.3g} B/s"


def _share(value):
    return "under 1%" if value < 0.01 else f"{value:.0%}"


def _duration(seconds):
    for limit, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if seconds >= limit:
            return f"{seconds / limit:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def _size(count):
    for limit, unit in ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB")):
        if count >= limit:
            return f"{count / limit:.3g} {unit}"
    return f"{count} bytes"


# Kinds of what is called, and the words for who computes it.
_SERVERS = (
    (re.compile(r"libmvec (\S+)"), r"libmvec \1, at most 4 ulp"),
    (re.compile(r"libm$"), "scalar libm, one element at a time"),
    (re.compile(r"lanes runtime$"), "lanes' runtime, one element at a time"),
)


def _server(text):
    for pattern, words in _SERVERS:
        if pattern.match(text):
            return pattern.sub(words, text)
    return text


# ---- One loop ------------------------------------------------------------------------


class LoopReport:
    """How one loop of a kernel was compiled, for contiguous arrays.

    Attributes
    ----------
    name : str
        Of the kernel.
    signature : str
        ``(f8, f8) -> f8``.
    origin : str or None
        Place of the Python function: ``kernels.py:12``.
    vectorized : bool
    width, interleave : int
        Elements in a vector, vectors at once; 1 and 1 if it is not vectorized.
    findings : list of dict
        ``topic``, ``reason`` and ``change`` of what keeps it from being faster.
    reasons : list of str
        Why it is not vectorized; [] if it is.
    advice : list of str
        What to change.
    functions : list of (str, int, str)
        Functions that are called for an element: name, how often, by whom it is computed.
    raises : list of str
        Exceptions that it may raise.
    bytes_per_element : int
        Read and written in arrays; of rows those that are read for certain.
    flops_per_element : int or None
        Additions, multiplications, divisions, roots; without those of `functions`. None if
        the data decide.
    per_element : dict
        All that is counted: ``flops integers divisions square_roots loads branches
        selections loops calls``.
    compile_ms : float
        Spent by this process's executor; 0 if it had the code.
    cached : str or None
        ``'memory'`` or ``'disk'``, if the code was there already.
    key : str
        Hash of what the callback computes, whoever compiled it.
    measured : Measurement or None
    """

    def __init__(self, name, kernel, client, origin=None):
        self.name = name
        self.origin = origin
        self._kernel = kernel
        self._client = client
        self._raw = json.loads(client.report(kernel))
        self.measured = None
        signature = kernel.signature
        rows = ("[:]" if row else "" for row in signature.rows)
        inputs = ", ".join(_words(d) + row for d, row in zip(signature.inputs, rows))
        outputs = ", ".join(map(_words, signature.outputs))
        self.signature = f"({inputs}) -> {outputs if len(signature.outputs) == 1 else f'({outputs})'}"
        self._variant = _default_variant(self._raw)
        self.vectorized = bool(self._variant.get("vectorized"))
        self.width = self._variant.get("vector_width", 1) if self.vectorized else 1
        self.interleave = self._variant.get("interleave", 1) if self.vectorized else 1
        self.per_element = self._variant.get("per_element") or {}
        self.findings = list(self._variant.get("advice") or ())
        times = self._variant.get("times_ms") or {}
        self.cached = self._variant.get("cache")
        self.compile_ms = sum(times.values())
        self.key = self._raw.get("identity", kernel.key)
        self.cpu = self._raw.get("cpu", "")

    # ---- What it says ----------------------------------------------------------------

    @property
    def reasons(self):
        return [] if self.vectorized else [row["reason"] for row in self.findings]

    @property
    def advice(self):
        return [row["change"] for row in self.findings]

    @property
    def functions(self):
        servers = {row["name"]: row["served_by"] for row in self._raw.get("externals", ())}
        calls = self.per_element.get("calls", {})
        return [(name, count, _server(servers.get(name, "libm"))) for name, count in calls.items()]

    @property
    def raises(self):
        texts = []
        for row in self._raw.get("exceptions") or ():
            texts.append(f"{row['type']}({row.get('message') or ''})")
        if self._raw.get("error_model") == "checked":
            texts.append("ZeroDivisionError")
        return list(dict.fromkeys(texts))

    @property
    def _row_lengths(self):
        """Members of each input's rows, at least; 0 of numbers."""
        members = [
            max(1, argument.get("row_minimum") or 1)
            for argument in self._raw.get("arguments", ())
            if argument.get("role") == "row"
        ]
        members += [1] * (sum(self._kernel.signature.rows) - len(members))
        lengths = iter(members)
        return [next(lengths) if row else 0 for row in self._kernel.signature.rows]

    @property
    def bytes_per_element(self):
        signature = self._kernel.signature
        inputs = sum(d.itemsize * max(1, n) for d, n in zip(signature.inputs, self._row_lengths))
        return inputs + sum(dtype.itemsize for dtype in signature.outputs)

    @property
    def flops_per_element(self):
        if not self.per_element or self.per_element["data_dependent"]:
            return None
        return self.per_element["flops"]

    @property
    def intensity(self):
        """Arithmetic intensity, flops for a byte; None if the data decide."""
        flops = self.flops_per_element
        return None if flops is None else flops / self.bytes_per_element

    # ---- What takes time to find out -------------------------------------------------

    @functools.cached_property
    def _stages(self):
        return json.loads(self._client.report(self._kernel, stages=True)).get("stages", {})

    @property
    def asm(self):
        """The assembly of the loop."""
        return self._stages.get("asm", "")

    @property
    def ir(self):
        """LLVM IR: ``in`` as it came, ``wrapped`` inside its loop, ``optimised``."""
        return {stage: self._stages.get(stage, "") for stage in ("in", "wrapped", "optimised")}

    @property
    def roofline(self):
        """What memory allows: a :class:`Roofline`. Measures the host once, in less than 1 s."""
        return _roofline.Roofline(_roofline.bandwidth(self._client), self.bytes_per_element)

    def measure(self, arrays=None):
        """Run it in cache and from memory; sets `measured`.

        Parameters
        ----------
        arrays : list of numpy.ndarray, optional
            Numbers for the inputs, repeated as often as is needed. Default: made up.
        """
        least = self._raw.get("params_bytes") or 0
        if self._raw.get("has_params") and least:
            raise ValueError(
                f"{self.name} reads {_size(least)} of parameters, so it cannot be measured alone: "
                "time calls of your own"
            )
        lengths = self._row_lengths
        if arrays is None:
            arrays = [None] * len(lengths)
            lengths = [max(4, n) if n else 0 for n in lengths]
        else:
            arrays = list(arrays)
            lengths = [a.shape[-1] if n and a.ndim else n for a, n in zip(arrays, lengths)]
        self.measured = _roofline.measure(self._client, self._kernel, arrays, lengths)
        return self.measured

    def require_vector(self, width=None):
        """Raise NotVectorized, an AssertionError, unless it runs `width` elements at once.

        Parameters
        ----------
        width : int, optional
            Default: any vector.
        """
        wanted = 2 if width is None else width
        if self.width >= wanted:
            return self
        text = f"{self.name} {self.signature} runs {_count(self.width, 'element')} at once, not {wanted}"
        told = [f"{row['reason']}; {row['change']}" for row in self.findings]
        raise NotVectorized("\n  ".join([text, *told]))

    # ---- Lines -----------------------------------------------------------------------

    def title(self):
        """``decay : (f8, f8) -> f8``."""
        return f"{self.name} : {self.signature}"

    def _producer(self):
        made = [self._raw.get("producer", "unknown")]
        source = self._raw.get("source_triple") or ""
        if source and not source.startswith(_HOST):
            made.append(f"retargeted {source} -> {_HOST}")
        place = f"{self.origin}, " if self.origin else ""
        return f"{place}{', '.join(made)}, for {self.cpu} by LLVM {self._raw.get('llvm', '?')}"

    def _verdict(self):
        if not self.vectorized:
            return "NOT VECTORIZED: one element at a time"
        return f"VECTORIZED  width {self.width} x interleave {self.interleave} ({self.vector_text()})"

    def vector_text(self):
        """``512 bits of f8``: the widest vector of an array's numbers."""
        signature = self._kernel.signature
        parts = [
            numpy.dtype(f"f{d.itemsize // 2}") if d.kind == "c" else d
            for d in (*signature.inputs, *signature.outputs)
        ]
        widest = max(parts, key=lambda d: d.itemsize)
        return f"{self.width * widest.itemsize * 8} bits of {_words(widest)}"

    def _branches(self):
        branches = self.per_element.get("branches", 0)
        conditions = branches + self.per_element.get("selections", 0)
        if self.vectorized and conditions:
            return f"{_count(conditions, 'condition')}: both sides are computed for every element, then selected"
        if branches:
            return f"{_count(branches, 'branch', 'branches')}: only the side that is taken is computed"
        return None

    def _divisions(self):
        divisions, roots = self.per_element.get("divisions", 0), self.per_element.get("square_roots", 0)
        counts = (divisions, "division"), (roots, "square root")
        parts = [_count(number, word) for number, word in counts if number]
        return ", ".join(parts) + ": the slowest of the instructions" if parts else None

    def _exceptions(self):
        if not self._raw.get("may_raise"):
            return None
        texts = self.raises or ["a failure"]
        shown = ", ".join(texts[:3]) + (f" and {len(texts) - 3} more" if len(texts) > 3 else "")
        stays = "checked without leaving the vectors" if self.vectorized else "checked for each element"
        return f"{shown}; {stays}, the other elements are computed"

    def _work(self):
        flops = self.flops_per_element
        parts = [_count(self.bytes_per_element, "byte")]
        if any(self._kernel.signature.rows):
            parts[0] += " at least"
        if not self.per_element:
            parts.append("too large to be counted")
        elif flops is None:
            parts.append("the work depends on the data")
        elif flops or not self.per_element["integers"]:
            calls = sum(self.per_element["calls"].values())
            parts.append(_count(flops, "flop") + (f" + {_count(calls, 'call')}" if calls else ""))
            if not calls:
                parts.append(f"intensity {self.intensity:.2g} flop/byte")
        else:
            parts.append(_count(self.per_element["integers"], "integer operation"))
        return ", ".join(parts)

    def _host(self):
        known = _roofline.known_bandwidth(self._client)
        if known is None:
            return None
        roof = _roofline.Roofline(known, self.bytes_per_element)
        return (
            f"memory gives {_rate(known)}: at most {_si(roof.elements_per_second)} elements/s, "
            f"10^9 elements in {_duration(roof.seconds_per_billion)} at best"
        )

    def _speed(self):
        m = self.measured
        if m is None:
            return None
        seconds = m.memory_ns  # for 10^9 elements
        text = (
            f"{m.cache_ns:.3g} ns/element in cache, {m.memory_ns:.3g} from memory "
            f"({_rate(m.bytes_per_second)}, 10^9 in {_duration(seconds)}), {_count(m.threads, 'thread')}: "
            f"{_share(m.roof)} of the roof, {self.bound}"
        )
        if m.failed:
            text += f"; {_share(m.failed)} of the elements raised"
        return text

    @property
    def bound(self):
        """``'memory bound from 2 threads on'`` or ``'compute bound'``, if it was measured."""
        m = self.measured
        if m is None:
            return None
        alone = m.cache_ns * m.threads  # of one thread
        roof_ns = self.bytes_per_element / _roofline.bandwidth(self._client) * 1e9
        threads = max(1, math.ceil(alone / roof_ns))
        if threads > m.threads and m.roof < 0.8:
            return "compute bound"
        return f"memory bound from {threads} threads on" if 1 < threads <= m.threads else "memory bound"

    def _origin_of_code(self):
        if self.cached:
            text = "found on disk" if self.cached == "disk" else "found in the executor's memory"
        else:
            text = f"compiled in {self.compile_ms:.0f} ms"
        return f"{text}, {_size(self._variant.get('code_bytes', 0))}, key {self.key[:12]}"

    def lines(self):
        """(label, text) of each line but the title."""
        lines = [("from", self._producer()), ("loop", self._verdict())]
        for row in self.findings:
            lines.append(("slow" if self.vectorized else "reason", row["reason"]))
            lines.append(("  change", row["change"]))
        for name, count, server in self.functions:
            lines.append((name, server + (f", {count} times" if count > 1 else "")))
        lines += [
            ("branches", self._branches()),
            ("divisions", self._divisions()),
            ("raises", self._exceptions()),
            ("per element", self._work()),
            ("this host", self._host()),
            ("measured", self._speed()),
            ("code", self._origin_of_code()),
        ]
        return [(label, text) for label, text in lines if text]

    def __repr__(self):
        lines = [self.title()]
        for label, text in self.lines():
            head = f"  {label:<{_LABEL - 2}} "
            if len(label) > _LABEL - 2:
                lines.append(head)
                head = ""
            lines += textwrap.wrap(
                text, _WIDTH, initial_indent=head or " " * (_LABEL + 1), subsequent_indent=" " * (_LABEL + 1),
                break_long_words=False, break_on_hyphens=False,
            )  # fmt: skip
        return "\n".join(lines)

    def _repr_pretty_(self, printer, cycle):
        printer.text(f"LoopReport({self.name!r})" if cycle else repr(self))

    def _repr_html_(self):
        return _report_html.table(self)

    def to_dict(self):
        """What can be JSON: what ``lanes inspect --json`` gives, and what was measured."""
        own = {
            "schema": SCHEMA, "name": self.name, "origin": self.origin, "vectorized": self.vectorized,
            "width": self.width, "interleave": self.interleave, "reasons": self.reasons,
            "advice": self.advice, "bytes_per_element": self.bytes_per_element,
            "flops_per_element": self.flops_per_element, "intensity": self.intensity,
            "compile_ms": self.compile_ms, "cached": self.cached, "key": self.key,
            "measured": None if self.measured is None else self.measured.to_dict(),
        }  # fmt: skip
        known = _roofline.known_bandwidth(self._client)
        roof = None if known is None else _roofline.Roofline(known, self.bytes_per_element).to_dict()
        return {**self._raw, **own, "roofline": roof}


def _words(dtype):
    """``f8``, ``bool``, ``datetime64[s]``."""
    if dtype.kind == "b":
        return "bool"
    return dtype.name if dtype.kind in "mM" else f"{dtype.kind}{dtype.itemsize}"


def _default_variant(raw):
    """The variant of arrays that are contiguous and of the callback's own dtypes."""
    variants = raw.get("variants") or [{}]
    for variant in variants:
        if re.fullmatch(r"(contiguous|rows)(,(contiguous|rows))*", variant.get("layout", "")):
            return variant
    return variants[0]


# ---- All loops -----------------------------------------------------------------------


class Report:
    """How the loops of a kernel were compiled: what :meth:`Ufunc.inspect` returns.

    It has what :class:`LoopReport` has, which ``loops`` is a list of. Of several loops
    `vectorized` is whether all are, `width` the least, `reasons` and `advice` those of all;
    the rest is asked of one of ``loops``.

    Attributes
    ----------
    name : str
    loops : list of LoopReport

    Examples
    --------
    >>> import lanes
    >>> k = lanes.from_c("double f(double x, double y) { return x * y; }")
    >>> k.inspect().vectorized
    True
    >>> k.inspect().require_vector(2).bytes_per_element
    24
    """

    def __init__(self, name, loops):
        self.name = name
        self.loops = list(loops)

    def __getattr__(self, attribute):
        if attribute.startswith("_") or attribute == "loops":
            raise AttributeError(attribute)
        if not hasattr(LoopReport, attribute) and attribute not in vars(self.loops[0]):
            raise AttributeError(f"a report has no {attribute!r}")
        if len(self.loops) != 1:
            raise AttributeError(
                f"{attribute!r} is of one loop, and this report has {len(self.loops)}: ask one of "
                f"report.loops, or give dtypes to {self.name}.inspect()"
            )
        return getattr(self.loops[0], attribute)

    def __dir__(self):
        return sorted({*super().__dir__(), *(n for n in dir(LoopReport) if not n.startswith("_"))})

    def _of_all(self, attribute):
        if len(self.loops) == 1:
            return list(getattr(self.loops[0], attribute))
        return [f"{loop.signature}: {text}" for loop in self.loops for text in getattr(loop, attribute)]

    @property
    def vectorized(self):
        """True if all loops are."""
        return all(loop.vectorized for loop in self.loops)

    @property
    def width(self):
        """Elements that run at once, the least of all loops."""
        return min(loop.width for loop in self.loops)

    @property
    def reasons(self):
        """Why loops are not vectorized; [] if all are."""
        return self._of_all("reasons")

    @property
    def advice(self):
        """What to change."""
        return self._of_all("advice")

    def require_vector(self, width=None):
        """Raise NotVectorized, an AssertionError, unless each loop runs `width` elements at once.

        Parameters
        ----------
        width : int, optional
            Default: any vector.

        Returns
        -------
        Report
        """
        for loop in self.loops:
            loop.require_vector(width)
        return self

    def to_dict(self):
        """What can be JSON. Of several loops ``loops`` is a list of what each gives."""
        if len(self.loops) == 1:
            return self.loops[0].to_dict()
        return {"schema": SCHEMA, "name": self.name, "loops": [loop.to_dict() for loop in self.loops]}

    def __repr__(self):
        return "\n\n".join(map(repr, self.loops))

    def _repr_pretty_(self, printer, cycle):
        printer.text(f"Report({self.name!r})" if cycle else repr(self))

    def _repr_html_(self):
        return "".join(map(_report_html.table, self.loops))


# ---- From ufuncs ---------------------------------------------------------------------


def _place_of(function):
    """``kernels.py:12``: where a Python function is defined."""
    code = getattr(function, "__code__", None)
    if code is None:
        return None
    path = code.co_filename
    if "ipykernel_" in path:
        path = "a notebook's cell"
    elif os.path.isabs(path):
        relative = os.path.relpath(path)
        path = path if relative.startswith("..") else relative
    return f"{path}:{code.co_firstlineno}"


_DTYPES = (str, type, numpy.dtype)


def _as_array(entry):
    return numpy.ones(1, entry) if isinstance(entry, _DTYPES) else numpy.asarray(entry)


def _as_types(ufunc, types):
    """(dtypes of the inputs, arrays for them or None) of the arguments of inspect()."""
    if len(types) == 1 and isinstance(types[0], (tuple, list)) and ufunc.nin == len(types[0]):
        types = tuple(types[0])
    if len(types) == 1 and isinstance(types[0], str) and re.search(r"\(|->", types[0]):
        return list(_signature.parse(types[0]).inputs), None
    if len(types) != ufunc.nin:
        raise TypeError(
            f"{ufunc.__name__}.inspect() takes a dtype or an array for each of {_count(ufunc.nin, 'input')}, "
            f"or a signature; {len(types)} given"
        )
    if all(isinstance(entry, _DTYPES) for entry in types):
        return [numpy.dtype(entry) for entry in types], None
    arrays = [_as_array(entry) for entry in types]
    return [array.dtype for array in arrays], arrays


def _loop_of(ufunc, dtypes):
    """The loop that does a call with arrays of these dtypes."""
    arrays = [numpy.zeros(1, dtype) for dtype in dtypes]
    return ufunc._loop_for(arrays, arrays, None, {})


def _report_of(ufunc, kernel):
    return LoopReport(ufunc.__name__, kernel, ufunc.client, _place_of(getattr(ufunc, "__wrapped__", None)))


def inspect_ufunc(ufunc, *types, measure=False):
    """The Report of a Ufunc's loops: see :meth:`Ufunc.inspect`."""
    arrays = None
    if types:
        dtypes, arrays = _as_types(ufunc, types)
        loops = [_loop_of(ufunc, dtypes)]
    else:
        loops = ufunc._loops
        if not loops:
            dtype = ", ".join(["'f8'"] * ufunc.nin)
            raise TypeError(
                f"{ufunc.__name__} has no loops yet: they are compiled for the dtypes of a call. "
                f"Say which: {ufunc.__name__}.inspect({dtype})"
            )
    report = Report(ufunc.__name__, [_report_of(ufunc, loop.payload) for loop in loops])
    if measure:
        for loop in report.loops:
            loop.measure(arrays)
    return report
