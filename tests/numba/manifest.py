# SPDX-License-Identifier: Apache-2.0
"""The Numba version matrix as data: load_manifest() yields every version's callbacks.

For a test that runs the fixtures through lanes. Reads callbacks.py (so Numba, of any
version, must be there), expected.json and ir/.
"""
import dataclasses
import functools
import json
import pathlib
import tarfile
import typing

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
IR_FOLDER = HERE / "ir"
EXPECTED_FILE = HERE / "expected.json"


@dataclasses.dataclass(frozen=True)
class Expected:
    """What a callback returns for its inputs, in NumPy arrays."""

    dtypes: list  # of the outputs: "f8", or "(2,)f8" for the rows behind a pointer
    outputs: list  # one array per output; its items are 0 where the callback raises
    raises: dict  # index of an element -> (name of the exception's class, arguments)
    statistics: typing.Optional[dict]  # of random results, instead of the outputs
    by: str  # who computed it


@dataclasses.dataclass(frozen=True)
class Case:
    """One callback as one version of Numba compiles it."""

    version: str
    callback: typing.Any  # declare.Callback
    ir: typing.Optional[str]  # None: this version cannot compile it
    reason: str  # why it cannot
    symbol: str  # name of the C function; the native one's is without "cfunc."
    expected: typing.Optional[Expected]  # None: lanes refuses it (callback.refused)


def versions():
    """The versions that there are fixtures of, oldest first."""
    names = [path.stem for path in IR_FOLDER.glob("*.json")]
    return sorted(names, key=lambda name: [int(part) for part in name.split(".")])


@functools.lru_cache(maxsize=None)
def index(version):
    return json.loads((IR_FOLDER / f"{version}.json").read_text(encoding="utf-8"))


def ir_texts(version):
    """{name of the callback: IR}"""
    with tarfile.open(IR_FOLDER / f"{version}.tar.xz") as archive:
        return {
            pathlib.PurePath(entry.name).stem: archive.extractfile(entry).read().decode("utf-8")
            for entry in archive
        }


def load_manifest(only=None):
    """Yields a Case for each version, or those in `only`, and each callback."""
    import callbacks  # noqa: F401  fills declare.CALLBACKS
    import declare

    expected = load_expected()
    for version in only or versions():
        texts = ir_texts(version)
        for name, entry in index(version)["callbacks"].items():
            yield Case(
                version,
                declare.CALLBACKS[name],
                texts.get(name),
                entry.get("reason", ""),
                entry.get("symbol", ""),
                expected.get(name),
            )


# ---- expected.json ----------------------------------------------------------------------


def load_expected():
    """{name of the callback: Expected}"""
    data = json.loads(EXPECTED_FILE.read_text(encoding="utf-8"))
    return {name: decode_entry(entry) for name, entry in data["callbacks"].items()}


def decode_entry(entry):
    if "statistics" in entry:
        return Expected(entry["outputs"], [], {}, entry["statistics"], entry["by"])
    dtypes = [np.dtype(text) for text in entry["outputs"]]
    elements = entry["elements"]
    outputs = [np.zeros(len(elements), dtype) for dtype in dtypes]
    raises = {}
    for i, element in enumerate(elements):
        if isinstance(element, dict):
            name, arguments = element["raises"]
            raises[i] = name, tuple(decode_argument(argument) for argument in arguments)
            continue
        for output, dtype, value in zip(outputs, dtypes, element):
            output[i] = decode_value(value, dtype)
    return Expected(entry["outputs"], outputs, raises, None, entry["by"])


def decode_value(value, dtype):
    """Floats are hexadecimal, complex numbers pairs of them, datetimes counts or "NaT"."""
    if dtype.shape:
        return [decode_value(item, dtype.base) for item in value]
    if dtype.kind == "f":
        return float.fromhex(value)
    if dtype.kind == "c":
        return complex(float.fromhex(value[0]), float.fromhex(value[1]))
    if dtype.kind in "mM":
        return np.array("NaT" if value == "NaT" else value, dtype)
    return value


def encode_value(value, dtype):
    """What decode_value() reads, of a number or a row."""
    if dtype.shape:
        return [encode_value(item, dtype.base) for item in value]
    if dtype.kind == "f":
        return float(dtype.type(value)).hex()
    if dtype.kind == "c":
        parts = dtype.type(value)
        return [float(parts.real).hex(), float(parts.imag).hex()]
    if dtype.kind in "mM":
        value = np.array(value, dtype)
        return "NaT" if np.isnat(value) else int(value.astype("i8"))
    if dtype.kind == "b":
        return bool(value)
    value = int(value) % 2 ** (8 * dtype.itemsize)  # compiled integers wrap
    return int(np.array(value, f"u{dtype.itemsize}").astype(dtype))


def decode_argument(argument):
    """An argument of an exception; what JSON does not have is {its type: value}."""
    if not isinstance(argument, dict):
        return argument
    ((kind, value),) = argument.items()
    if kind == "float":
        return float.fromhex(value)
    if kind == "complex":
        return complex(float.fromhex(value[0]), float.fromhex(value[1]))
    return tuple(decode_argument(item) for item in value)


# ---- comparison -------------------------------------------------------------------------


def distance(got, wanted):
    """Elementwise distance in units in the last place; 0: the same bits, or both NaN.

    A complex number's components are measured by the larger one's unit. -0.0 is next to
    0.0. Integers, bools and datetimes are the same (0) or not (infinity).
    """
    got = np.asarray(got, wanted.dtype)
    if got.dtype.kind == "c":
        real = {"F": np.float32, "D": np.float64}[got.dtype.char]
        parts = [
            (part(got).astype(real), part(wanted).astype(real)) for part in (np.real, np.imag)
        ]
        same = [distance(g, w) == 0 for g, w in parts]
        with np.errstate(all="ignore"):
            unit = np.spacing(np.maximum(*(np.abs(w) for _, w in parts)))
            far = [np.where(s, 0.0, np.abs(g - w) / unit) for s, (g, w) in zip(same, parts)]
        return np.where(np.isnan(far), np.inf, far).max(axis=0)
    if got.dtype.kind != "f":
        nat = np.zeros(got.shape, bool)
        if got.dtype.kind in "mM":
            nat = np.isnat(got) & np.isnat(wanted)
        return np.where((got == wanted) | nat, 0.0, np.inf)
    bits = np.int64 if got.dtype.itemsize == 8 else np.int32
    ordered = []
    for values in (got, wanted):
        whole = np.ascontiguousarray(values).view(bits).astype(object)  # exact differences
        ordered.append(np.where(whole < 0, -1 - (whole & int(np.iinfo(bits).max)), whole))
    far = np.abs(ordered[0] - ordered[1]).astype(float)
    nan = np.isnan(got).astype(int) + np.isnan(wanted)
    return np.where(nan == 2, 0.0, np.where(nan == 1, np.inf, far))


def differences(callback, expected, outputs, raises):
    """Sentences on how results differ from the expected ones; none: they do not.

    `outputs` are arrays as in Expected. `raises` is {index: (class name, arguments)}, or
    {index: None} where only the fact is known.
    """
    if expected.statistics:
        return statistical_differences(expected.statistics, outputs[0])
    found = []
    if set(raises) != set(expected.raises):
        odd = sorted(set(raises) ^ set(expected.raises))
        found.append(f"elements {odd} raise, or should")
    for i, what in raises.items():
        if what is not None and i in expected.raises and repr(what) != repr(expected.raises[i]):
            found.append(f"element {i} raises {what} instead of {expected.raises[i]}")
    returned = [i for i in range(callback.count) if i not in raises and i not in expected.raises]
    for number, (got, wanted) in enumerate(zip(outputs, expected.outputs)):
        far = distance(np.asarray(got)[returned], wanted[returned])
        far = far.reshape(len(returned), -1).max(axis=1, initial=0)
        for i, ulp in zip(returned, far):
            if ulp > callback.ulp:
                found.append(f"element {i}, output {number}: {got[i]!r} is {ulp:g} ulp from "
                             f"{wanted[i]!r}; at most {callback.ulp}")  # fmt: skip
    return found


def statistical_differences(statistics, draws):
    draws = np.asarray(draws, float)
    low, high = map(float, statistics["range"])
    found = []
    if not (low <= draws.min() and draws.max() <= high):
        found.append(f"draws from {draws.min()} to {draws.max()} leave [{low}, {high}]")
    for quantity, value in (("mean", draws.mean()), ("std", draws.std())):
        wanted, tolerance = map(float, statistics[quantity])
        if abs(value - wanted) > tolerance:
            found.append(f"{quantity} of the draws is {value}; not {wanted} +- {tolerance}")
    return found
