# SPDX-License-Identifier: Apache-2.0
"""The kernels of the other front ends: signature, inputs, and the same thing in Python.

tools/dev/frontend-fixtures compiles the sources in src/ and writes kernels.json from this
file. What a Python function returns here is what each producer's code must return; where
it raises ZeroDivisionError, OverflowError or IndexError, the code has no result.

A signature is written with NumPy's letters:

    f8(f8,u1)            values; a bool is ?, complex numbers are c8 and c16
    {f8,i4}(f8)          a struct is returned
    f8({f8,f8,f8})       a struct is passed
    void(f8,f8*out)      a pointer to one result
    f8(n,f8*3)           a pointer to a row of 3, and an int that is their number
    f8(f8,params)        a void pointer to one block that all elements share
"""
import cmath
import dataclasses
import math
import typing

import numpy as np

KERNELS = {}  # name -> Kernel


@dataclasses.dataclass(frozen=True)
class Kernel:
    name: str  # also the function's name in the source
    signature: str
    inputs: tuple  # one per argument that is a value or a row; struct members one by one
    reference: typing.Callable
    sources: dict  # language -> source file below src/, from the table SOURCES
    defines: tuple  # for the C preprocessor
    ulp: int  # largest distance of a result from the reference's
    params: typing.Optional[np.ndarray]
    refused: str  # why lanes must refuse it; empty: it need not


def kernel(signature, inputs, languages, *, name=None, ulp=0, c_source=None, defines=(),
           params=None, refused=""):  # fmt: skip
    """Declares the function that it decorates as the reference of a kernel."""

    def declare(function):
        called = name or function.__name__
        folders = {"c": "c", "fortran": "f90", "rust": "rs"}
        sources = {
            language: f"{language}/{called}.{folders[language]}" for language in languages.split()
        }
        if c_source:
            sources["c"] = f"c/{c_source}.c"
        KERNELS[called] = Kernel(
            called, signature, tuple(np.asarray(column) for column in inputs), function,
            sources, defines, ulp, params, refused,
        )  # fmt: skip
        return function

    return declare


def grid(first, second, dtype="f8", other=None):
    """Two columns: every item of `first` with every item of `second`."""
    one, two = np.array(first, dtype), np.array(second, other or dtype)
    return np.repeat(one, len(two)), np.tile(two, len(one))


X = np.array([0.0, 1.0, -1.0, 0.5, 0.1, -0.3, 2.0, -2.5, 3.75, 7.0, -12.25, math.pi])
ROWS = np.linspace(-2.0, 2.5, 30).reshape(10, 3)


@kernel("f8(f8,f8)", [X, X[::-1]], "c fortran rust", ulp=4)
def damped(x, y):
    return x * math.exp(-y) + 1.0 if x > 0.0 else y - x


@kernel("f4(f4,f4,f4)", [X.astype("f4"), X[::-1].astype("f4"), np.linspace(0, 1, 12, dtype="f4")],
        "c fortran rust", ulp=2)  # fmt: skip
def blend(a, b, t):
    return a + (b - a) * t


def mix(a, b):
    return (a ^ b) + a * b


def quotient(a, b):
    if b == 0:
        raise ZeroDivisionError
    if b == -1 and a in (-(2**31), -(2**63)):
        raise OverflowError
    whole = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    return whole + (a - whole * b)


# Signed products that overflow are left out, because C and Fortran leave them undefined.
MIX_VALUES = {
    "i1": [0, 1, -1, 7, 100, -128], "u1": [0, 1, 7, 128, 255], "i2": [0, 1, -1, 7, -181],
    "u2": [0, 1, 7, 255, 65535], "i4": [0, 1, -1, 46340, -46340], "u4": [0, 1, 7, 2**32 - 1],
    "i8": [0, 1, -1, 3037000499, -7], "u8": [0, 1, 7, 2**64 - 1, 2**63],
}  # fmt: skip
for dtype, values in MIX_VALUES.items():
    bits = 8 * int(dtype[1])
    short = ("u" if dtype[0] == "u" else "i") + str(bits)
    c_type = f"{'u' if dtype[0] == 'u' else ''}int{bits}_t"
    others = "fortran " if dtype[0] == "i" else ""
    others += "rust" if short in ("i8", "u8", "i32", "u64") else ""
    kernel(f"{dtype}({dtype},{dtype})", grid(values, values, dtype), others, c_source="mix",
           name=f"mix_{short}", defines=(f"-DINTEGER={c_type}", f"-DNAME=mix_{short}"))(mix)
    if short in ("u8", "i32", "i64"):
        low = [] if dtype[0] == "u" else [-1, -7, np.iinfo(dtype).min]
        kernel(f"{dtype}({dtype},{dtype})",
               grid([0, 1, 7, 100, *low], [1, 2, 7, 0, *low], dtype),
               "fortran rust" if short == "i32" else "", c_source="quotient",
               name=f"quotient_{short}",
               defines=(f"-DINTEGER={c_type}", f"-DNAME=quotient_{short}"))(quotient)  # fmt: skip


@kernel("?(?,?)", grid([0, 1], [0, 1], "?"), "c fortran rust")
def both(a, b):
    return bool(a and b)


@kernel("i4(f8,f8)", grid([0.0, 1.5, -2.0, math.inf, math.nan], [0.0, 1.5, math.nan]), "c rust")
def order(x, y):
    return int(x > y) - int(x < y)


@kernel("f4(?,i2,f4)", [np.array([0, 1, 0, 1], "?"), np.array([-5, 7, 32767, -32768], "i2"),
                        np.array([0.5, -1.5, 2.5, math.inf], "f4")], "c")  # fmt: skip
def select_f4(flag, n, x):
    return x if flag else float(n)


Z = np.array([1 + 0j, 1j, -1j, 1 + 1j, -2.5 + 0.5j, 3 - 4j, 0.125 - 0.25j, -0.75 - 0.25j])


@kernel("c16(c16,c16)", [Z, Z[::-1]], "c fortran rust", ulp=2)
def complex_multiply(z, w):
    return z * w


@kernel("c8(c8,f4)", [Z.astype("c8"), np.linspace(-2, 2, 8, dtype="f4")], "c")
def complex_scale_f4(z, x):
    return z * x


@kernel("{f8,f8}(f8,f8)", [abs(X), X[::-1]], "c rust", ulp=4)
def polar(r, angle):
    z = cmath.rect(1.0, angle)
    return r * z.real, r * z.imag


@kernel("{f4,f4}(f4)", [X.astype("f4")], "c rust")
def halves(x):
    return x * np.float32(0.5), x + np.float32(0.5)


@kernel("{f8,f8,f8}(f8,f8,f8)", [X, X[::-1], np.roll(X, 3)], "c rust")
def cross(x, y, z):
    return y - z, z - x, x - y


@kernel("{f8,i4}(f8)", [X], "c rust")
def split(x):
    return x - math.floor(x), math.floor(x)


@kernel("f8({f8,f8,f8})", [X, X[::-1], np.roll(X, 3)], "c", ulp=2)
def norm_struct(x, y, z):
    return x * x + y * y + z * z


@kernel("void(f8,f8,f8*out,f8*out)", [X, X[::-1]], "c fortran rust")
def sum_difference(x, y):
    return x + y, x - y


@kernel("f8(f8*1,f8*1)", [X.reshape(-1, 1), X[::-1].reshape(-1, 1)], "fortran")
def by_reference(x, y):
    return x[0] * y[0]


@kernel("f8(f8,params)", [X], "c", ulp=4, params=np.array([2.0, -0.375]))
def quad_params(x):
    return 2.0 * x - 0.375


@kernel("f8(n,f8*3)", [ROWS], "c fortran rust", ulp=16)
def nquad(x):
    return sum(value * (i + 1) for i, value in enumerate(x))


@kernel("f8(n,f8*3,params)", [ROWS], "c", ulp=16, params=np.array([0.25, 4.0, -1.0]))
def nquad_params(x):
    return x[0] * 0.25 + x[1] * 4.0 - x[2]


@kernel("i4(f8*3,i8n,f8*out,params)", [ROWS], "c", ulp=4, params=np.array([0.5]))
def generic_filter(buffer):
    return 1, (0.5 + buffer[0] + buffer[1] + buffer[2]) / 3.0


@kernel("i8(i4)", [np.arange(16, dtype="i4")], "c fortran rust")
def fibonacci(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


@kernel("f8(f8,f8)", grid([0.0, 0.1, 1.0, 3.0, -2.0], [0.0, 0.1, 0.5, 0.9]), "c rust", ulp=16)
def kepler(mean, eccentricity):
    e = mean
    for _ in range(50):
        change = (e - eccentricity * math.sin(e) - mean) / (1.0 - eccentricity * math.cos(e))
        e -= change
        if abs(change) < 1e-14:
            break
    return e


@kernel("i4(f8,f8)", grid([-2.0, -1.25, 0.0, 0.25, 0.5], [0.0, 0.125, 1.0]),
        "c fortran rust")  # fmt: skip
def mandelbrot(cr, ci):
    z, n = 0j, 0
    while n < 100 and z.real * z.real + z.imag * z.imag <= 4.0:
        z = complex(z.real * z.real - z.imag * z.imag + cr, 2.0 * z.real * z.imag + ci)
        n += 1
    return n


@kernel("u1(u1)", [np.arange(0, 256, 15, dtype="u1")], "c rust")
def gamma_table(pixel):
    return [0, 1, 3, 7, 14, 22, 33, 46, 62, 80, 100, 122, 147, 175, 206, 255][pixel >> 4]


@kernel("u8(u8,u8)", grid([0, 1, 2**32, 2**63, 2**64 - 1], [3, 2**33, 2**64 - 1], "u8"), "c rust")
def multiply_high(a, b):
    return a * b >> 64


@kernel("f8(f8)", [X], "c fortran", ulp=4)
def special(x):
    return math.erf(x) + math.hypot(x, 1.0)


@kernel("f8(f8)", [abs(X)], "c fortran rust", ulp=4)
def powers(x):
    return x**2.5 + x**3


@kernel("f8(u4)", [np.array([0, 1, 3, 4, 2**32 - 1], "u4")], "rust")
def checked_table(i):
    return [0.5, 1.25, -3.0, 8.0][i]
