# SPDX-License-Identifier: Apache-2.0
"""The front ends' fixtures as data: load_fixtures() yields every producer's kernels.

Reads kernels.json and ir/; values are spelled as in tests/numba/expected.json.
"""
import dataclasses
import json
import pathlib
import re
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
IR_FOLDER = HERE / "ir"
TABLE_FILE = HERE / "kernels.json"

sys.path.append(str(HERE.parent / "numba"))
import manifest  # noqa: E402  in the folder just added


@dataclasses.dataclass(frozen=True)
class Argument:
    kind: str  # value, struct, row, out, length or params
    dtypes: tuple  # of the value, the members or the items
    count: int = 1  # items of a row


@dataclasses.dataclass(frozen=True)
class Signature:
    results: tuple  # dtypes of what is returned: none, one, or the members of a struct
    is_struct: bool
    arguments: tuple

    def outputs(self):
        """dtypes of all outputs: what is returned, then what pointers are to."""
        return list(self.results) + [a.dtypes[0] for a in self.arguments if a.kind == "out"]


@dataclasses.dataclass(frozen=True)
class Fixture:
    """One kernel as one producer compiles it."""

    producer: str
    name: str  # of the kernel, and of the function in the IR
    signature: str
    ir: str
    inputs: list  # one array per value, struct member and row
    params: np.ndarray  # None: it has none
    outputs: list  # one array per output; their items are 0 where the kernel fails
    fails: dict  # index of an element -> "zero division", "overflow" or "out of bounds"
    ulp: int


def parse_signature(text):
    """kernels.py says how signatures are written."""
    result, arguments = re.fullmatch(r"(void|\w+|\?|\{.*?\})\((.*)\)", text).groups()
    found = []
    for part in re.findall(r"\{[^}]*\}|[^,]+", arguments):
        row = re.fullmatch(r"(\w+)\*(out|\d+)", part)
        if part == "params":
            found.append(Argument("params", ()))
        elif part in ("n", "i8n"):
            found.append(Argument("length", ("i4" if part == "n" else "i8",)))
        elif part[0] == "{":
            found.append(Argument("struct", tuple(part[1:-1].split(","))))
        elif row and row.group(2) == "out":
            found.append(Argument("out", (row.group(1),)))
        elif row:
            found.append(Argument("row", (row.group(1),), int(row.group(2))))
        else:
            found.append(Argument("value", (part,)))
    is_struct = result[0] == "{"
    results = () if result == "void" else tuple(result.strip("{}").split(","))
    return Signature(results, is_struct, tuple(found))


def decode_column(column):
    dtype = np.dtype(column["dtype"])
    return np.array([manifest.decode_value(value, dtype) for value in column["values"]], dtype.base)


def decode_elements(entry):
    """(one array per output, {index: how it fails})"""
    dtypes = [np.dtype(text) for text in entry["outputs"]]
    outputs = [np.zeros(len(entry["elements"]), dtype) for dtype in dtypes]
    fails = {}
    for i, element in enumerate(entry["elements"]):
        if isinstance(element, dict):
            fails[i] = element["fails"]
            continue
        for output, dtype, value in zip(outputs, dtypes, element):
            output[i] = manifest.decode_value(value, dtype)
    return outputs, fails


def load_fixtures():
    """Yields a Fixture for each producer and kernel that there is IR of."""
    table = json.loads(TABLE_FILE.read_text(encoding="utf-8"))
    for path in sorted(IR_FOLDER.glob("*/*.ll")):
        entry = table["kernels"][path.stem]
        outputs, fails = decode_elements(entry)
        yield Fixture(
            path.parent.name,
            path.stem,
            entry["signature"],
            path.read_text(encoding="utf-8"),
            [decode_column(column) for column in entry["inputs"]],
            decode_column(entry["params"]) if entry["params"] else None,
            outputs,
            fails,
            entry["ulp"],
        )
