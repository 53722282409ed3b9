# SPDX-License-Identifier: Apache-2.0
"""Signatures: texts such as ``f8(f8,f8)``, and the dtypes that they stand for."""
import re

import numpy

_WORDS = {
    "boolean": "?", "bool": "?", "bool_": "?", "b1": "?", "int_": "i8", "intc": "i4", "intp": "i8",
    "uintc": "u4", "uintp": "u8", "byte": "u1", "char": "i1", "uchar": "u1", "short": "i2",
    "ushort": "u2", "int": "i4", "uint": "u4", "long": "i8", "ulong": "u8", "longlong": "i8",
    "ulonglong": "u8", "float": "f4", "double": "f8", "float_": "f4",
}  # fmt: skip
_KINDS = {"int": "i", "uint": "u", "float": "f", "complex": "c"}
_KNOWN = "? i1 u1 i2 u2 i4 u4 i8 u8 f4 f8 c8 c16"


class Signature:
    """Element types of a callback.

    Attributes
    ----------
    inputs, outputs : tuple of numpy.dtype
    rows : tuple of bool
        Which inputs are rows: the callback gets an array for each element.
    text : str
        As liblanes takes it.
    """

    __slots__ = ("inputs", "outputs", "rows", "text")

    def __init__(self, inputs, outputs, rows=None):
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)
        self.rows = tuple(rows) if rows is not None else (False,) * len(self.inputs)
        arguments = (letters(d) + "[:]" * row for d, row in zip(self.inputs, self.rows))
        self.text = f"{','.join(map(letters, self.outputs))}({','.join(arguments)})"

    def __repr__(self):
        return f"Signature({self.text!r})"


def letters(dtype):
    """What liblanes calls a dtype: ``f8``; dates and spans of time are ``i8``."""
    if dtype.kind == "b":
        return "?"
    if dtype.kind in "mM":
        return "i8"
    return f"{dtype.kind}{dtype.itemsize}"


def is_supported(dtype):
    """True if operands may be of this dtype as they are."""
    return dtype.isnative and (dtype.kind in "mM" or letters(dtype) in _KNOWN.split())


def _dtype(word, text):
    """The dtype of ``f8``, ``float64``, ``double``, ``datetime64[s]``."""
    word = word.strip()
    name = _WORDS.get(word, word)
    counted = re.fullmatch(r"(int|uint|float|complex)(\d+)", name)
    if counted:
        name = f"{_KINDS[counted[1]]}{int(counted[2]) // 8}"
    try:
        dtype = numpy.dtype(name)
    except TypeError:
        dtype = None
    if dtype is None or not is_supported(dtype):
        raise ValueError(
            f"signature {text!r}: {word!r} is no element type; there are {_KNOWN}, datetime64 and "
            "timedelta64, and Numba's names of these"
        )
    return dtype


def _split(text):
    """Parts between commas that are outside of brackets."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def _results(word, text):
    """The dtypes of what stands before the arguments."""
    word = word.strip()
    counted = re.fullmatch(r"UniTuple\(\s*(.*?)\s*(?:,\s*|\s+x\s+)(\d+)\s*\)", word)
    if counted:
        return [_dtype(counted[1], text)] * int(counted[2])
    listed = re.fullmatch(r"Tuple\(\s*\(?(.*?),?\)?\s*\)", word)
    if listed:
        word = listed[1]
    elif word.startswith("(") and word.endswith(")"):
        word = word[1:-1]
    return [_dtype(part, text) for part in _split(word)]


def parse(text):
    """The Signature of a text.

    ``f8(f8,f8)``, ``float64(float64, float64)``, ``dd->d``, ``f8,i4(f8)``,
    ``Tuple((float64, int32))(float64)``; rows are ``f8(f8[:])``.
    """
    if isinstance(text, Signature):
        return text
    if not isinstance(text, str):
        raise TypeError(f"a signature is a text such as 'f8(f8,f8)', not {type(text).__name__}")
    if "->" in text and "(" not in text:
        inputs, outputs = text.split("->", 1)
        if not re.fullmatch(r"\s*[a-zA-Z?]+\s*->\s*[a-zA-Z?]+\s*", text):
            raise ValueError(
                f"signature {text!r} has more than single letters beside '->'; "
                "it is of the form f8(f8,f8) or dd->d"
            )
        return Signature([_dtype(c, text) for c in inputs.strip()], [_dtype(c, text) for c in outputs.strip()])
    place, depth = len(text.rstrip()) - 1, 0
    if place < 0 or text.rstrip()[-1] != ")":
        raise ValueError(f"signature {text!r} is not of the form f8(f8,f8) or dd->d")
    for place in range(place, -1, -1):
        depth += (text[place] == ")") - (text[place] == "(")
        if depth == 0:
            break
    arguments = _split(text[place + 1 : text.rindex(")")])
    outputs = _results(text[:place], text)
    if not arguments or not outputs or depth:
        raise ValueError(f"signature {text!r} is not of the form f8(f8,f8) or dd->d")
    for argument in arguments:
        if re.search(r"\[\s*:.*,.*\]$", argument):
            raise ValueError(f"signature {text!r}: rows have one dimension; write {argument.split('[')[0]}[:]")
    rows = [bool(re.search(r"\[\s*:.*\]$|^CPointer\(", argument)) for argument in arguments]
    plain = [re.sub(r"\[\s*:.*\]$|^CPointer\(|\)$", "", a) if row else a for a, row in zip(arguments, rows)]
    return Signature([_dtype(a, text) for a in plain], outputs, rows)
