# SPDX-License-Identifier: Apache-2.0
"""The callbacks of the Numba version matrix, as users write them, each with its inputs.

tools/dev/numba-matrix compiles all of them with every version of Numba in its table. What
they return is in expected.json. A callback uses nothing newer than Python 3.9, and its
name is that of its fixture.
"""
import cmath
import ctypes
import math
import random

import numpy as np
from declare import OutRows, Params, RowLength, Rows, callback, columns, pairs
from numba import carray, njit, typed, types

NAN, INF = math.nan, math.inf
TINY, LARGE = 5e-324, 1.7976931348623157e308  # the smallest denormal, the largest double
NORMAL = 2.2250738585072014e-308  # the smallest normal double

# Every kind of double there is.
DOUBLES = np.array([
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, -2.5, 3.75, 0.1, -0.3, 1e-3, 7.0, -123.456, 255.0,
    1e10, -1e10, 2.0**31, 2.0**53, 2.0**53 + 2, -(2.0**62), 1e300, -1e-300, TINY, -TINY,
    NORMAL, LARGE, -LARGE, math.pi, -math.e, INF, -INF, NAN,
])  # fmt: skip
# Doubles at which no elementary function misbehaves.
MODERATE = np.array([
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 0.1, -0.3, 1e-3, -1e-8, 2.0, -2.5, 3.75, 7.0, -12.25,
    math.pi, -math.e, 10.0, -20.5, 33.0,
])  # fmt: skip
POSITIVE = np.array([
    TINY, NORMAL, 1e-300, 1e-9, 0.1, 0.5, 0.9999999, 1.0, 1.0000001, 1.5, 2.0, math.e, 10.0,
    123.456, 1e10, 1e300, LARGE,
])  # fmt: skip
UNIT = np.array([-1.0, -0.999, -0.5, -1e-3, -0.0, 0.0, 1e-9, 0.25, 0.5, 0.75, 0.999, 1.0])
FEW = [0.0, -0.0, 1.5, -2.25, INF, NAN]
DIVISORS = [1.0, -2.5, 0.0, -0.0, INF, NAN]
COMPLEX = np.array([
    0j, 1 + 0j, 1j, -1 + 0j, -1j, 1 + 1j, -2.5 + 0.5j, 3 - 4j, 0.1 - 0.2j, 1e-3 + 7j,
    -0.75 - 0.25j, 12.5 + 0.125j,
])  # fmt: skip
INTEGER_TYPES = [sign + str(bits) for sign in ("int", "uint") for bits in (8, 16, 32, 64)]


def limits(dtype):
    """Integers of a type at which arithmetic wraps, and some between them."""
    info = np.iinfo(dtype)
    values = {info.min, info.min + 1, info.max, info.max - 1, info.max // 2 + 1}
    return sorted(values | {0, 1, 2, 7, 100})


def integer_pairs(dtype, first, second=None):
    return pairs(first, second or first, (dtype, dtype))


def f4(values):
    with np.errstate(over="ignore"):
        return np.asarray(values).astype(np.float32)


# ---- arithmetic -------------------------------------------------------------------------


@callback("float64(float64,float64)", pairs(FEW, FEW), category="arithmetic")
def axpy(x, y):
    return 2.5 * x + y


@callback("float32(float32,float32)", [f4(DOUBLES), f4(DOUBLES[::-1])], category="arithmetic",
          how="numpy")  # fmt: skip
def blend_f4(x, y):
    return x * y + x


@callback("float64(float64)", [DOUBLES], category="arithmetic")
def negate(x):
    return -x


@callback("float64(float64)", [DOUBLES], category="arithmetic")
def piecewise(x):
    if x < -1.0:
        return -abs(x)
    elif x < 1.0:
        return x * x
    return x + 0.25


@callback("float64(float64,float64,float64)", [DOUBLES, DOUBLES[::-1], np.full(33, 100.0)],
          category="arithmetic")  # fmt: skip
def clip(x, low, high):
    return min(max(x, low), high)


@callback("float64(float64)", [MODERATE], category="arithmetic")
def horner(x):
    p = 0.0625
    for k in (15.0, 14.0, 13.0, 12.0, 11.0, 10.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0):
        p = p * x + 1.0 / k
    return p


@callback("float64(float64,float64,float64)",
          [MODERATE, MODERATE[::-1], np.linspace(-3, 3, len(MODERATE))], category="arithmetic",
          how="numpy", ulp=8, fastmath=True)  # fmt: skip
def fast_sum(x, y, z):
    return x * y + z * x + y


@callback("float64(float64,float64)", [MODERATE, MODERATE[::-1] + 0.125],
          category="arithmetic", how="numpy", ulp=2, error_model="numpy",
          fastmath={"contract", "arcp"})  # fmt: skip
def fast_some(x, y):
    return x * y + x / y


# ---- scalar types -----------------------------------------------------------------------


def mix(a, b):
    return (a ^ b) + a * b


for integer in INTEGER_TYPES:
    callback(f"{integer}({integer},{integer})", integer_pairs(integer, limits(integer)[::2]),
             category="types", name=f"mix_{integer}")(mix)  # fmt: skip


@callback("boolean(boolean,boolean)", columns([(0, 0), (0, 1), (1, 0), (1, 1)], "?", "?"),
          category="types")  # fmt: skip
def exclusive(a, b):
    return (a and not b) or (b and not a)


@callback("boolean(float64,float64)", pairs(FEW, FEW), category="types")
def before(x, y):
    return x < y


@callback("float64(boolean,float64,float64)",
          columns([(1, 1.5, 2.5), (0, 1.5, 2.5), (1, NAN, 0.0), (0, INF, -0.0)], "?", "d", "d"),
          category="types")  # fmt: skip
def select(flag, x, y):
    return x if flag else y


@callback("complex64(complex64,complex64)",
          [COMPLEX.astype("F"), COMPLEX[::-1].astype("F")], category="types",
          how="numpy")  # fmt: skip
def multiply_c8(z, w):
    return z * w


@callback("complex128(complex128,complex128)", [COMPLEX, COMPLEX[::-1]], category="types")
def multiply_c16(z, w):
    return z * w + z.conjugate()


SECONDS = np.array(["1970-01-01", "2024-02-29T12:34:56", "1600-01-01", "NaT", "2262-04-11"],
                   "M8[s]")  # fmt: skip
DAYS = np.array(["1970-01-01", "2024-02-29", "NaT", "0001-01-01", "9999-12-31"], "M8[D]")


@callback("NPTimedelta('s')(NPDatetime('s'),NPDatetime('s'))", [SECONDS, SECONDS[::-1]],
          category="types", how="numpy")  # fmt: skip
def elapsed(start, stop):
    return stop - start


@callback("NPDatetime('D')(NPDatetime('D'),NPTimedelta('D'))",
          [DAYS, np.array([1, -365, 7, "NaT", -1], "m8[D]")], category="types",
          how="numpy")  # fmt: skip
def due(start, days):
    return start + days


@callback("NPTimedelta('s')(NPDatetime('D'),NPDatetime('s'))", [DAYS[:2], SECONDS[:2]],
          category="types", how="numpy")  # fmt: skip
def elapsed_units(day, second):
    return second - day


@callback("boolean(NPDatetime('s'),NPDatetime('s'))", [SECONDS, SECONDS[::-1]],
          category="types", how="numpy")  # fmt: skip
def earlier(one, other):
    return one < other


@callback("NPTimedelta('ms')(NPTimedelta('ms'),int64)",
          [np.array([0, 1, -5, 86400000, "NaT"], "m8[ms]"), np.array([3, -7, 0, 1000, 2])],
          category="types", how="numpy")  # fmt: skip
def stretch(duration, factor):
    return duration * factor


@callback("float64(NPTimedelta('s'),NPTimedelta('s'))",
          [np.array([0, 1, -5, 86400, "NaT"], "m8[s]"), np.array([3, -7, 2, "NaT", 2], "m8[s]")],
          category="types", how="numpy")  # fmt: skip
def ratio(one, other):
    return one / other


# ---- casts ------------------------------------------------------------------------------


@callback("float64(float32,int64)",
          columns([(0.1, 0), (1.5, -3), (-2.25, 2**53 + 1), (INF, 1), (NAN, -(2**63))], "f", "l"),
          category="casts", how="numpy")  # fmt: skip
def mixed(x, n):
    return x + n


@callback("int64(boolean,int8,uint8,int16,uint16,int32)",
          columns([(0, 0, 0, 0, 0, 0), (1, -128, 255, -32768, 65535, -(2**31)),
                   (1, 127, 128, 32767, 32768, 2**31 - 1), (0, -1, 1, -1, 1, -1)],
                  "?", "i1", "u1", "i2", "u2", "i4"), category="casts")  # fmt: skip
def widen(flag, a, b, c, d, e):
    return flag + a + b + c + d + e


@callback("int8(int32)", [np.array([0, 1, -1, 127, 128, 255, 256, -128, -129, 2**31 - 1], "i4")],
          category="casts")  # fmt: skip
def narrow(n):
    return n


@callback("uint8(float64)", [np.array([0.0, -0.0, 0.5, 1.0, 127.9, 128.0, 254.999, 255.0])],
          category="casts", how="numpy")  # fmt: skip
def to_byte(x):
    return np.uint8(x)


@callback("int32(float64)",
          [np.array([0.0, -0.5, 0.999, -1.999, 1e9, -1e9, 2147483647.0, -2147483648.0])],
          category="casts")  # fmt: skip
def truncate(x):
    return int(x)


@callback("float32(float64)", [DOUBLES], category="casts", how="numpy")
def to_single(x):
    return np.float32(x)


@callback("float64(uint64)", [np.array([0, 1, 2**53 + 1, 2**63, 2**64 - 1, 2**63 + 1025], "u8")],
          category="casts")  # fmt: skip
def from_unsigned(n):
    return n * 1.0


@callback("uint64(float64)",
          [np.array([0.0, 0.5, 1.0, 2.0**53, 2.0**62, 2.0**63, 2.0**63 + 2048, 1.8e19])],
          category="casts", how="numpy")  # fmt: skip
def to_unsigned(x):
    return np.uint64(x)


@callback("float64(int64,uint64)",
          columns([(0, 0), (-1, 1), (-(2**63), 2**64 - 1), (2**62, 2**63), (7, 3)], "i8", "u8"),
          category="casts", how="numba",
          note="Numba adds them as int64, NumPy as float64")  # fmt: skip
def mixed_signs(a, b):
    return a + b


@callback("int64(int64,int64)", integer_pairs("i8", [0, 1, -1, 12345, 2**62, -(2**63)]),
          category="casts")  # fmt: skip
def shift(a, b):
    return (a << 3) ^ (a >> 2) | (~a & b)


@callback("complex64(float32,float32)", [f4(DOUBLES), f4(DOUBLES[::-1])], category="casts",
          how="numpy")  # fmt: skip
def to_complex(x, y):
    return np.complex64(complex(x, y))


@callback("complex128(complex64)", [COMPLEX.astype("F")], category="casts")
def widen_complex(z):
    return z * 1j


# ---- tuples -----------------------------------------------------------------------------


@callback("UniTuple(float64,2)(float64,float64)", [np.abs(MODERATE), MODERATE[::-1]],
          category="tuples", ulp=4)  # fmt: skip
def from_polar(r, angle):
    return r * math.cos(angle), r * math.sin(angle)


@callback("UniTuple(float64,3)(float64,float64,float64)",
          [MODERATE, MODERATE[::-1], np.linspace(-3, 3, len(MODERATE))],
          category="tuples")  # fmt: skip
def cross(x, y, z):
    return y * 3.0 - z * 2.0, z * 1.0 - x * 3.0, x * 2.0 - y * 1.0


@callback("Tuple((float64,int64))(float64)", [MODERATE], category="tuples")
def split(x):
    whole = math.floor(x)
    return x - whole, whole


@callback("Tuple((complex128,boolean,float32))(float64,float64)",
          [DOUBLES, DOUBLES[::-1]], category="tuples", how="numpy")  # fmt: skip
def describe(x, y):
    return complex(x, y), x > y, np.float32(x)


@callback("UniTuple(int32,2)(int32,int32)",
          integer_pairs("i4", [0, 1, -1, 7, -7, 1000, 2**31 - 1], [1, 2, -3, 10, 2**31 - 1]),
          category="tuples")  # fmt: skip
def quotient(a, b):
    return a // b, a % b


@callback("float64(UniTuple(float64,3))",
          [(MODERATE, MODERATE[::-1], np.linspace(-3, 3, len(MODERATE)))],
          category="tuples")  # fmt: skip
def norm_squared(v):
    return v[0] * v[0] + v[1] * v[1] + v[2] * v[2]


@callback("Tuple((float64,boolean))(Tuple((float32,int8)),float64)",
          [columns([(0.5, 3), (-1.25, -128), (INF, 0), (8.0, 127)], "f", "b"),
           np.array([1.0, 0.1, -0.0, NAN])], category="tuples", how="numpy")  # fmt: skip
def weighted(item, scale):
    x, n = item
    return x * scale + n, n > 0


# ---- static raises ----------------------------------------------------------------------


class OutOfDomain(ValueError):
    """An exception of the user's own."""


@callback("float64(float64)", [DOUBLES], category="raises")
def checked_root(x):
    if x < 0.0:
        raise ValueError("negative")
    return math.sqrt(x)


@callback("int32(int32)", [np.arange(-3, 9, dtype="i4")], category="raises")
def raise_arguments(n):
    if n == 5:
        raise ValueError("bad input", 42, 1.5, None, True, (1, "two"))
    return n + 1


@callback("float64(float64)", [MODERATE], category="raises")
def raise_class(x):
    if x > 5.0:
        raise ValueError
    return x


@callback("float64(float64)", [POSITIVE], category="raises")
def raise_overflow(x):
    if x > 1e200:
        raise OverflowError("too large")
    return x * x


@callback("float64(float64)", [UNIT], category="raises", ulp=4)
def raise_own_class(x):
    if x < 0.0:
        raise OutOfDomain("outside of [0, 1]")
    return math.asin(x)


@callback("float64(int64)", [np.arange(-2, 7)], category="raises")
def raise_several(n):
    if n < 0:
        raise ValueError("n < 0")
    if n == 2:
        raise KeyError("two")
    if n == 3:
        raise IndexError
    if n == 4:
        raise StopIteration
    return n * 0.5


@callback("float64(float64)", [MODERATE], category="raises")
def assert_message(x):
    assert x > -5.0, "too small"
    return x


@callback("float64(float64)", [MODERATE], category="raises")
def assert_plain(x):
    assert x > -5.0
    return x


@callback("Tuple((float64,int8))(float64)", [MODERATE], category="raises")
def raise_in_tuple(x):
    if x > 5.0:
        raise ValueError("large")
    return x * 2.0, 7


@callback("float64(int64)", [np.array([0, 1, 3, 4, -1, -4, -5, 2**62])], category="raises",
          boundscheck=True)  # fmt: skip
def checked_index(i):
    return WEIGHTS[i]


# ---- dynamic raises ---------------------------------------------------------------------


@callback("float64(float64)", [MODERATE], category="dynamic")
def raise_float(x):
    if x < 0.0:
        raise ValueError("negative", x)
    return x


@callback("int64(int64)", [np.array([0, 1, -1, 2**62, -(2**63)])], category="dynamic")
def raise_int(n):
    if n < 0:
        raise ValueError(n)
    return n


@callback("int64(int8,uint16)", columns([(1, 2), (-1, 65535), (-128, 0), (5, 6)], "b", "H"),
          category="dynamic")  # fmt: skip
def raise_narrow(a, b):
    if a < 0:
        raise OverflowError("narrow", a, "and", b)
    return a + b


@callback("float64(boolean,float64)", columns([(0, 1.0), (1, -1.0), (1, 2.0)], "?", "d"),
          category="dynamic")  # fmt: skip
def raise_bool(flag, x):
    if x < 0.0 or flag:
        raise KeyError("flag", flag, x < 0.0)
    return x


@callback("complex128(complex128)", [COMPLEX], category="dynamic")
def raise_complex(z):
    if z.real < 0.0:
        raise OutOfDomain(z, "is on the left")
    return z


@callback("float64(float64,float32)", [MODERATE, f4(MODERATE[::-1])], category="dynamic",
          how="numpy")  # fmt: skip
def raise_tuple(x, y):
    if x < y:
        raise ValueError((x, 3), y)
    return x


@callback("float64(float64,int64)", columns([(1.5, 0), (-2.5, -7), (0.25, 3)], "d", "q"),
          category="dynamic")  # fmt: skip
def raise_nested(x, n):
    if x < n or n < 0:
        raise KeyError((x, (n, "limit", True), ()), "and", (None, -1, 2.5), n)
    return x


# ---- raises with strings ----------------------------------------------------------------

SIGNED = [np.array([0, 1, -1, -42, 2**62, -(2**63) + 1])]


@callback("int64(int64)", SIGNED, category="strings")
def raise_formatted(n):
    if n < 0:
        raise ValueError(f"n = {n}")
    return n


@callback("int32(int32,uint8)", columns([(1, 2), (-1, 255), (-(2**31) + 1, 0)], "i", "B"),
          category="strings")  # fmt: skip
def raise_formatted_narrow(a, b):
    if a < 0:
        raise OverflowError(f"{a} and {b}", b)
    return a


@callback("float64(float64)", [MODERATE], category="strings", how="numba",
          note="Numba formats integers only")  # fmt: skip
def raise_formatted_float(x):
    if x < 0.0:
        raise ValueError(f"x = {x}")
    return x


@callback("int64(int64)", SIGNED, category="strings")
def raise_joined(n):
    if n < 0:
        raise ValueError("bad " + str(n) + "!", n)
    return n


@callback("int64(int64)", SIGNED, category="strings")
def raise_chosen(n):
    which = "small" if n > -10 else "great"
    if n < 0:
        raise OutOfDomain(which)
    return n


@callback("int64(int64)", [np.arange(-5, 3)], category="strings")
def raise_accented(n):
    unit = "\u00b5m" if n > -2 else "\u20ac" if n > -4 else "\U0001f600 '\\"
    if n < 0:
        raise ValueError(unit, "gr\u00f6\u00dfer als " + str(n) + unit)
    return n


@callback("float64(float64,int64)", columns([(1.5, 0), (-2.5, -7), (0.25, 3)], "d", "q"),
          category="strings")  # fmt: skip
def raise_text_in_tuple(x, n):
    if n < 0:
        raise KeyError(("key", (f"n{n}", x), f"{n + 1}"), x)
    return x


LONG = "0123456789" * 60


@callback("int64(int64)", SIGNED, category="strings")
def raise_long(n):
    if n < 0:
        raise ValueError(LONG + str(n), f"short {n}")
    return n


@callback("int64(int64)", SIGNED, category="strings")
def assert_formatted(n):
    assert n >= 0, f"n = {n}"
    return n


# ---- division ---------------------------------------------------------------------------


def true_divide(x, y):
    return x / y


def floor_divide(x, y):
    return x // y


def modulo(x, y):
    return x % y


INT32S = [0, 1, -1, 7, -7, 2**31 - 1, -(2**31)]
INT64S = [0, 1, -1, 7, -7, 2**63 - 1, -(2**63)]
DIVISIONS = [("divide", true_divide), ("floordiv", floor_divide), ("mod", modulo)]
for operation, divide in DIVISIONS:
    callback("float64(float64,float64)", pairs([*FEW, 7.0, -7.0], [*DIVISORS, 0.75]),
             category="division", name=f"{operation}_f8", how="numba")(divide)  # fmt: skip
    callback("float32(float32,float32)", pairs(FEW, DIVISORS, "ff"), category="division",
             name=f"{operation}_f4", how="numba")(divide)  # fmt: skip
    callback("float64(float64,float64)", pairs([*FEW, 7.0, -7.0], [*DIVISORS, 0.75]),
             category="division", name=f"{operation}_f8_numpy", how="numba",
             error_model="numpy")(divide)  # fmt: skip
    for letter, values in (("i4", INT32S), ("i8", INT64S)):
        integer = {"i4": "int32", "i8": "int64"}[letter]
        result = "float64" if operation == "divide" else integer
        for model in ("python", "numpy"):
            callback(f"{result}({integer},{integer})", integer_pairs(letter, values),
                     category="division", error_model=model, how="numba",
                     name=f"{operation}_{letter}" + ("_numpy" if model == "numpy" else ""),
                     )(divide)  # fmt: skip


@callback("uint8(uint8,uint8)", integer_pairs("u1", [0, 1, 7, 128, 255]), category="division",
          how="numba")  # fmt: skip
def divide_bytes(a, b):
    return a // b + a % b


@callback("UniTuple(int64,2)(int64,int64)", integer_pairs("i8", [0, 3, -3, 1000]),
          category="division", how="numba")  # fmt: skip
def div_mod(a, b):
    return divmod(a, b)


# ---- try and except ---------------------------------------------------------------------


@njit
def positive_root(x):
    if x < 0.0:
        raise ValueError("negative root")
    return math.sqrt(x)


@callback("float64(float64)", [DOUBLES], category="try")
def catch(x):
    try:
        return positive_root(x)
    except Exception:
        return -1.0


@callback("float64(float64,float64)", pairs(FEW, DIVISORS), category="try")
def catch_division(x, y):
    result = 0.0
    try:
        result = x / y
    except Exception:
        result = 42.0
    return result


@callback("float64(float64)", [MODERATE], category="try")
def reraise(x):
    try:
        result = positive_root(x)
    except Exception:
        if x < -2.0:
            raise
        result = -2.0
    return result


@callback("float64(float64)", [MODERATE], category="try",
          note="Numba miscompiles a raise inside the except block")  # fmt: skip
def raise_another(x):
    root = 0.0
    failed = False
    try:
        root = positive_root(x)
    except Exception:
        failed = True
    if failed:
        raise RuntimeError("no root")
    return root


# ---- arrays and lists inside ------------------------------------------------------------


@callback("float64(float64,float64)", [MODERATE, MODERATE[::-1]], category="arrays")
def array_zeros(x, y):
    a = np.zeros(4)
    a[0] = x
    a[1] = y
    a[3] = x * y
    return a.sum()


@callback("float64(int64)", [np.arange(12)], category="arrays")
def array_ones(n):
    return np.ones(n).sum() + np.full(n, 0.5).sum()


@callback("float64(float64,float64,float64,float64,float64)",
          [np.roll(MODERATE, 4 * i) for i in range(5)], category="arrays")  # fmt: skip
def median_of_five(a, b, c, d, e):
    values = np.empty(5)
    values[0], values[1], values[2], values[3], values[4] = a, b, c, d, e
    values.sort()
    return values[2]


@callback("float64(int64,float64)", [np.arange(20) % 13 + 1, MODERATE], category="arrays")
def array_sort(n, x):
    values = np.empty(n)
    for i in range(n):
        values[i] = (i * 7919 % 13) * x
    return np.sort(values)[n // 2]


@callback("float64(float64)", [MODERATE], category="arrays")
def array_slices(x):
    a = np.arange(8.0) * x
    return (a[1:7:2] - a[::-1][0:3]).sum()


@callback("float64(float64)", [MODERATE], category="arrays")
def array_reshape(x):
    a = (np.arange(6.0) * x).reshape(2, 3)
    b = a.T[1:].copy().reshape(4)
    return a[1, 2] - b[2]


@callback("float64(float64,float64,float64)",
          [MODERATE, MODERATE[::-1], np.linspace(-3, 3, len(MODERATE))], category="arrays",
          how="numpy", ulp=8)  # fmt: skip
def array_statistics(x, y, z):
    a = np.array([x, y, z])
    return a.std() + a.max() - a.min()


@callback("float64(float64,float64,float64)",
          [np.abs(MODERATE), np.abs(MODERATE[::-1]), np.linspace(0, 3, len(MODERATE))],
          category="arrays", how="numpy", ulp=4)  # fmt: skip
def dot_vectors(x, y, z):
    return np.dot(np.array([x, y, z]), np.array([1.0, 2.0, 3.0]))


@callback("float64(float64,float64)", [np.abs(MODERATE), np.abs(MODERATE[::-1])],
          category="arrays", how="numpy", ulp=4)  # fmt: skip
def dot_matrix(x, y):
    m = np.array([[1.0, x], [y, 2.0]])
    v = np.dot(m, np.array([x, y]))
    return np.dot(m, m)[0, 1] + v[0] + v[1]


@callback("float64(float64,int64)", [MODERATE, np.arange(20) % 9], category="arrays")
def list_append(x, n):
    values = [x]
    for i in range(n):
        values.append(values[-1] * 0.5 + i)
    total = 0.0
    for value in values:
        total += value
    return total


@callback("float64(float64,float64,float64)",
          [MODERATE, MODERATE[::-1], np.linspace(-3, 3, len(MODERATE))],
          category="arrays")  # fmt: skip
def list_sort(x, y, z):
    values = [x, y, z]
    values.sort()
    return values.pop()


@callback("int64(int64,int64)", integer_pairs("i8", [0, 1, -1, 7]), category="arrays")
def set_size(a, b):
    return len({a, b, 7})


@njit
def powers(x, n):
    result = np.empty(n)
    value = 1.0
    for i in range(n):
        result[i] = value
        value *= x
    return result


@callback("float64(float64,int64)", [MODERATE, np.arange(20) % 6], category="arrays")
def array_returned(x, n):
    total = 0.0
    for value in powers(x, n):
        total += value
    return total


@callback("float64(int64)", [np.array([1, 5, 1000, 2**57, 2**62, -1])], category="arrays",
          how="numba")  # fmt: skip
def array_huge(n):
    a = np.empty(n)
    a[0] = 1.5
    a[-1] = 2.5
    return a[0]


@callback("float64(float64,float64,float64)",
          columns([(100, 100, 1), (80, 100, 0.5), (130, 100, 2), (100, 50, 0.1)], "d", "d", "d"),
          category="arrays", ulp=64, note="sums over 64 steps of math.exp's results")  # fmt: skip
def binomial_option(spot, strike, years):
    steps = 64
    dt = years / steps
    up = math.exp(0.3 * math.sqrt(dt))
    grow = math.exp(0.02 * dt)
    p = (grow - 1.0 / up) / (up - 1.0 / up)
    value = np.empty(steps + 1)
    for i in range(steps + 1):
        value[i] = max(0.0, spot * up ** (2.0 * i - steps) - strike)
    for j in range(steps - 1, -1, -1):
        for i in range(j + 1):
            value[i] = (p * value[i + 1] + (1.0 - p) * value[i]) / grow
    return value[0]


# ---- math.* -----------------------------------------------------------------------------


@callback("UniTuple(float64,3)(float64)", [MODERATE], category="math", ulp=4)
def math_trigonometry(x):
    return math.sin(x), math.cos(x), math.tan(x)


@callback("UniTuple(float64,3)(float64)", [UNIT], category="math", ulp=4)
def math_inverse(x):
    return math.asin(x), math.acos(x), math.atan(x)


@callback("UniTuple(float64,3)(float64)", [MODERATE], category="math", ulp=4)
def math_hyperbolic(x):
    return math.sinh(x), math.cosh(x), math.tanh(x)


@callback("UniTuple(float64,3)(float64)", [np.linspace(-0.9375, 0.9375, 16)], category="math",
          ulp=4)  # fmt: skip
def math_area(x):
    return math.asinh(x), math.acosh(1.0 + abs(x)), math.atanh(x)


@callback("UniTuple(float64,3)(float64)", [POSITIVE], category="math", ulp=4)
def math_logarithms(x):
    return math.log(x), math.log10(x), math.log1p(x)


@callback("UniTuple(float64,2)(float64)", [MODERATE], category="math", ulp=4)
def math_exponentials(x):
    return math.exp(x), math.expm1(x)


@callback("float64(float64)", [POSITIVE], category="math", ulp=4)
def math_log2(x):
    return math.log2(x)


@callback("float64(float64)", [MODERATE], category="math", ulp=4,
          note="Python has math.exp2 since 3.11")  # fmt: skip
def math_exp2(x):
    return math.exp2(x)


@callback("float64(float64)", [np.array([0.5, 1.0, 1.5, 5.0, 20.25, 170.5, -0.5, -2.75, 1e-9])],
          category="math", how="numba", ulp=4,
          note="Python's own gamma and lgamma are other algorithms than libm's")  # fmt: skip
def math_gamma(x):
    return math.gamma(x)


@callback("float64(float64)", [np.array([0.5, 1.0, 1.5, 5.0, 20.25, 1e5, -0.5, -2.75, 1e-9])],
          category="math", how="numba", ulp=4)  # fmt: skip
def math_lgamma(x):
    return math.lgamma(x)


@callback("UniTuple(float64,2)(float64)", [DOUBLES], category="math", ulp=4)
def math_erf(x):
    return math.erf(x), math.erfc(x)


@callback("UniTuple(float32,2)(float32)", [f4(DOUBLES)], category="math", how="numba", ulp=4)
def math_single(x):
    return math.erf(x), math.lgamma(x)


@callback("Tuple((float64,int32))(float64)", [DOUBLES], category="math")
def math_frexp(x):
    return math.frexp(x)


@callback("float64(float64,int32)", [MODERATE, np.arange(-10, 10, dtype="i4") * 100],
          category="math")  # fmt: skip
def math_ldexp(x, exponent):
    return math.ldexp(x, exponent)


@callback("float64(float64,float64)", pairs(FEW, FEW), category="math")
def math_nextafter(x, y):
    return math.nextafter(x, y)


@callback("UniTuple(float64,3)(float64,float64)", [MODERATE, MODERATE[::-1]], category="math",
          ulp=4)  # fmt: skip
def math_two_arguments(x, y):
    return math.hypot(x, y), math.copysign(x, y), math.atan2(x, y)


@callback("float64(float64,float64)", [MODERATE, MODERATE[::-1] + 0.125], category="math",
          note="Numba has no math.fmod")  # fmt: skip
def math_fmod(x, y):
    return math.fmod(x, y)


@callback("int64(float64)", [DOUBLES], category="math")
def math_classify(x):
    sign = math.copysign(1.0, x) < 0.0
    return math.isnan(x) + 2 * math.isinf(x) + 4 * math.isfinite(x) + 8 * sign


@callback("UniTuple(int64,3)(float64)", [MODERATE], category="math")
def math_rounding(x):
    return math.floor(x), math.ceil(x), math.trunc(x)


@callback("Tuple((int64,float64))(float64)", [MODERATE * 0.37], category="math", how="numba",
          note="Numba's round(x, 2) is not Python's in the last bit")  # fmt: skip
def math_round(x):
    return round(x), round(x, 2)


@callback("int64(int64,int64)", integer_pairs("i8", [0, 1, 12, 18, -30, 2**40]),
          category="math")  # fmt: skip
def math_gcd(a, b):
    return math.gcd(a, b)


@callback("float64(float64,float64)",
          pairs([0.0, -0.0, 1.5, -2.0, 100.0, INF, -INF, NAN], [0.0, 0.5, -2.0, 3.0, INF, NAN]),
          category="math", how="numpy", ulp=4)  # fmt: skip
def power(x, y):
    return x**y


@callback("UniTuple(float64,2)(float64)", [MODERATE], category="math", ulp=1)
def math_angles(x):
    return math.degrees(x), math.radians(x)


@callback("float64(float64,float64,float64,float64)",
          columns([(0.1, 0.2, 0.3, 0.4), (-1.5, 3.0, 1.5, -3.0), (0.9, 1.1, 0.9, 1.2)],
                  "d", "d", "d", "d"), category="math", how="python", ulp=16,
          note="asin is steep")  # fmt: skip
def haversine(lat1, lon1, lat2, lon2):
    a = math.sin((lat2 - lat1) * 0.5) ** 2
    b = math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) * 0.5) ** 2
    return 2.0 * 6371.0 * math.asin(math.sqrt(a + b))


@callback("float64(float64,float64,float64)",
          columns([(100, 100, 1), (80, 100, 0.5), (130, 100, 2), (100, 50, 0.1)], "d", "d", "d"),
          category="math", ulp=64, note="the last subtraction cancels")  # fmt: skip
def black_scholes(spot, strike, years):
    spread = 0.2 * math.sqrt(years)
    d1 = (math.log(spot / strike) + (0.03 + 0.5 * 0.2 * 0.2) * years) / spread
    d2 = d1 - spread
    above = 0.5 * math.erfc(-d1 / math.sqrt(2.0))
    exercised = 0.5 * math.erfc(-d2 / math.sqrt(2.0))
    return spot * above - strike * math.exp(-0.03 * years) * exercised


# ---- np.* -------------------------------------------------------------------------------


@callback("UniTuple(float64,2)(float64)", [DOUBLES], category="numpy", how="numpy", ulp=4)
def np_binary_logarithm(x):
    return np.log2(x), np.exp2(x)


@callback("UniTuple(float32,2)(float32)", [f4(MODERATE)], category="numpy", how="numpy", ulp=4)
def np_single(x):
    return np.log2(x), np.exp2(x)


@callback("float64(float64)", [MODERATE], category="numpy", how="numpy", ulp=4)
def np_sinc(x):
    return np.sinc(x)


@callback("UniTuple(float64,2)(float64,float64)", pairs(FEW, FEW), category="numpy",
          how="numpy", ulp=8)  # fmt: skip
def np_logaddexp(x, y):
    return np.logaddexp(x, y), np.logaddexp2(x, y)


@callback("float64(float64)", [np.delete(DOUBLES, 1)], category="numpy", how="numpy",
          note="without -0.0, where versions differ")  # fmt: skip
def np_spacing(x):
    return np.spacing(x)


@callback("float64(float64,float64)", pairs(FEW, FEW), category="numpy", how="numpy")
def np_nextafter(x, y):
    return np.nextafter(x, y)


@callback("UniTuple(float64,4)(float64,float64)", pairs([0.0, *FEW[2:]], [0.0, *FEW[2:]]),
          category="numpy", how="numpy", note="without -0.0")  # fmt: skip
def np_extrema(x, y):
    return np.minimum(x, y), np.maximum(x, y), np.fmin(x, y), np.fmax(x, y)


@callback("UniTuple(float64,4)(float64)", [DOUBLES], category="numpy", how="numpy")
def np_rounding(x):
    return np.rint(x), np.floor(x), np.ceil(x), np.trunc(x)


@callback("UniTuple(float64,2)(float64)", [np.delete(DOUBLES, 1)], category="numpy",
          how="numpy", note="without -0.0: Numba's sign is -0.0, NumPy's 0.0")  # fmt: skip
def np_sign(x):
    return np.sign(x), np.absolute(x)


@callback("UniTuple(boolean,4)(float64)", [DOUBLES], category="numpy", how="numpy")
def np_classify(x):
    return np.isnan(x), np.isinf(x), np.isfinite(x), np.signbit(x)


@callback("UniTuple(float64,3)(float64,float64)", pairs(FEW, FEW), category="numpy",
          how="numpy", ulp=4)  # fmt: skip
def np_two_arguments(x, y):
    return np.hypot(x, y), np.arctan2(x, y), np.copysign(x, y)


@callback("float64(float64,float64)", pairs([*FEW, 7.0, -7.5], DIVISORS), category="numpy",
          how="numpy")  # fmt: skip
def np_fmod(x, y):
    return np.fmod(x, y)


@callback("float64(float64,int32)", [DOUBLES, np.arange(-16, 17, dtype="i4") * 70],
          category="numpy", how="numpy")  # fmt: skip
def np_ldexp(x, exponent):
    return np.ldexp(x, exponent)


@callback("float64(float64)", [MODERATE], category="numpy", how="numpy", ulp=4)
def np_cbrt(x):
    return np.cbrt(x)


@callback("float64(float64,float64)", [MODERATE, MODERATE[::-1]], category="numpy",
          how="numpy")  # fmt: skip
def np_where(x, y):
    return np.where(x > 0.0, x, y).item()


@callback("int64(int64,int64)", integer_pairs("i8", [0, 1, -5, 12, 2**62]), category="numpy",
          how="numpy")  # fmt: skip
def np_bitwise(a, b):
    return np.bitwise_and(a, b) | np.left_shift(np.invert(a), 2)


# ---- complex functions and powers -------------------------------------------------------


@callback("complex128(complex128,complex128)", [COMPLEX, np.roll(COMPLEX, 5)],
          category="complex", how="numba")  # fmt: skip
def complex_divide(z, w):
    return z / w


@callback("complex128(complex128,complex128)", [COMPLEX[1:], COMPLEX[:0:-1] * 0.37 + 0.21],
          category="complex", ulp=8)  # fmt: skip
def complex_power(z, w):
    return z**w


@callback("complex64(complex64,complex64)",
          [COMPLEX.astype("F"), (COMPLEX[::-1] * 0.37 + 0.21).astype("F")], category="complex",
          how="numba", ulp=8)  # fmt: skip
def complex_power_c8(z, w):
    return z**w


@callback("complex128(complex128)", [COMPLEX], category="complex", ulp=4)
def complex_square(z):
    return z**2 + abs(z)


@callback("complex128(complex128)", [COMPLEX], category="complex", ulp=4)
def cmath_sqrt(z):
    return cmath.sqrt(z)


@callback("complex128(complex128)", [COMPLEX], category="complex", ulp=8)
def cmath_exp_log(z):
    return cmath.exp(z) + cmath.log(z + 2.0)


@callback("UniTuple(float64,2)(complex128)", [COMPLEX], category="complex", ulp=4)
def cmath_polar(z):
    return cmath.polar(z)


# ---- integer powers ---------------------------------------------------------------------


@callback("int64(int64,int64)",
          integer_pairs("i8", [0, 1, -1, 2, -3, 10], [0, 1, 2, 5, 31]), category="power",
          note="wraps; before 0.68 Numba rounds results beyond 2**53 to a double")  # fmt: skip
def int_power(a, n):
    return a**n


@callback("float64(float64,int64)", pairs(FEW, [0, 1, -1, 2, 7, -13], ("d", "l")),
          category="power", how="numba", note="repeated squaring")  # fmt: skip
def float_int_power(x, n):
    return x**n


@callback("UniTuple(float64,2)(float64)", [DOUBLES], category="power", how="numba")
def static_power(x):
    return x**3, x**-2


# ---- random numbers ---------------------------------------------------------------------

DRAWS = 4096


def drawn(mean, deviation, low=-INF, high=INF):
    """Six standard errors around the mean and the standard deviation of DRAWS draws."""
    error = 6.0 * deviation / math.sqrt(DRAWS)
    return {"mean": (mean, error), "std": (deviation, 3.0 * error), "range": (low, high)}


@callback("float64(float64,float64)", [np.full(DRAWS, 2.0), np.full(DRAWS, 0.5)],
          category="random", statistics=drawn(2.0, 0.5))  # fmt: skip
def np_random_normal(mean, deviation):
    return np.random.normal(mean, deviation)


@callback("float64(float64)", [np.full(DRAWS, 3.0)], category="random",
          statistics=drawn(1.5, 3.0 / math.sqrt(12.0), 0.0, 3.0))  # fmt: skip
def np_random_random(scale):
    return np.random.random() * scale


@callback("int64(int64,int64)", [np.full(DRAWS, -3), np.full(DRAWS, 7)], category="random",
          statistics=drawn(1.5, math.sqrt(99.0 / 12.0), -3, 6))  # fmt: skip
def np_random_randint(low, high):
    return np.random.randint(low, high)


@callback("int64(float64)", [np.full(DRAWS, 3.5)], category="random",
          statistics=drawn(3.5, math.sqrt(3.5), 0))  # fmt: skip
def np_random_poisson(rate):
    return np.random.poisson(rate)


@callback("int64(float64)", [np.full(DRAWS, 40.0)], category="random",
          statistics=drawn(40.0, math.sqrt(40.0), 0),
          note="rates of 10 and more are drawn by another algorithm")  # fmt: skip
def np_random_poisson_large(rate):
    return np.random.poisson(rate)


@callback("float64(float64)", [np.full(DRAWS, 2.0)], category="random",
          statistics=drawn(2.0, 2.0, 0.0))  # fmt: skip
def np_random_exponential(scale):
    return np.random.exponential(scale)


@callback("float64(float64)", [np.full(DRAWS, 1.0)], category="random",
          statistics=drawn(math.pi, math.sqrt(math.pi * (4.0 - math.pi) / 64.0), 0.0, 4.0),
          )  # fmt: skip
def monte_carlo_pi(radius):
    inside = 0
    for _ in range(64):
        x = np.random.random() * radius
        y = np.random.random() * radius
        if x * x + y * y < radius * radius:
            inside += 1
    return inside / 16.0


@callback("float64(float64)", [np.full(DRAWS, 10.0)], category="random",
          statistics=drawn(5.0 + 0.5, 10.0 / math.sqrt(12.0), 0.5, 10.5))  # fmt: skip
def random_random(scale):
    return random.random() * scale + 0.5


@callback("float64(float64)", [np.full(DRAWS, 1.0)], category="random",
          statistics=drawn(1.0, 1.0))  # fmt: skip
def random_gauss(mean):
    return random.gauss(mean, 1.0)


@callback("UniTuple(float64,3)(int64)", [np.array([0, 1, 42, 12345, 2**32 - 1])],
          category="random", how="numpy", ulp=4)  # fmt: skip
def np_random_seeded(seed):
    np.random.seed(seed)
    return np.random.random(), np.random.normal(), np.random.exponential(2.0)


@callback("float64(int64)", [np.array([0, 1, 42, 12345, 2**31])], category="random",
          how="numba", note="Numba's random.seed is not Python's")  # fmt: skip
def random_seeded(seed):
    random.seed(seed)
    return random.random()


# ---- recursion, globals, closures, helpers ----------------------------------------------


@njit
def fibonacci_of(n):
    if n < 2:
        return n
    return fibonacci_of(n - 1) + fibonacci_of(n - 2)


@callback("int64(int64)", [np.arange(16)], category="calls")
def recursion(n):
    return fibonacci_of(n)


@njit("int64(int64,int64)")
def ackermann_of(m, n):
    if m == 0:
        return n + 1
    if n == 0:
        return ackermann_of(m - 1, n + 1)
    return ackermann_of(m - 1, ackermann_of(m, n - 1))


@callback("int64(int64,int64)", integer_pairs("i8", [0, 1, 2], [0, 1, 3]), category="calls")
def recursion_typed(m, n):
    return ackermann_of(m, n)


@njit
def logistic(x):
    return 1.0 / (1.0 + math.exp(-x))


@callback("float64(float64)", [MODERATE], category="calls", ulp=4)
def helper(x):
    return logistic(x) + logistic(-x) * 0.5


@njit(inline="always")
def lerp(a, b, t):
    return a + (b - a) * t


@callback("float64(float64)", [MODERATE], category="calls")
def helper_inlined(t):
    return lerp(-1.0, 3.0, t)


GRAVITY = 9.80665
COEFFICIENTS = (0.31938153, -0.356563782, 1.781477937, -1.821255978, 1.330274429)
WEIGHTS = np.array([0.5, 1.25, -3.0, 8.0])
GAMMA_TABLE = np.array([round(255.0 * (i / 255.0) ** 2.2) for i in range(256)], np.uint8)
GRID = np.arange(12.0).reshape(3, 4) * 0.25


@callback("float64(float64)", [MODERATE], category="globals")
def global_scalar(x):
    return GRAVITY * x


@callback("float64(float64)", [np.abs(MODERATE)], category="globals")
def global_tuple(x):
    k = 1.0 / (1.0 + 0.2316419 * x)
    total = 0.0
    for coefficient in COEFFICIENTS:
        total = total * k + coefficient
    return total


@callback("uint8(uint8)", [np.arange(0, 256, 15, dtype="u1")], category="globals")
def global_table(pixel):
    return GAMMA_TABLE[pixel]


@callback("float64(int64,int64)", integer_pairs("i8", [0, 1, 2], [0, 3, -1]),
          category="globals")  # fmt: skip
def global_grid(i, j):
    return GRID[i, j]


def make_scaler(factor):
    offset = factor * 0.5

    def scale(x):
        return x * factor + offset

    return scale


callback("float64(float64)", [MODERATE], category="globals", name="closure")(make_scaler(2.5))


@callback("float64(float64,float64)", [MODERATE, MODERATE[::-1]], category="globals")
def inner_function(x, y):
    def shift_by(value):
        return value + y

    return shift_by(x) * shift_by(2.0)


# ---- loops inside -----------------------------------------------------------------------


@callback("int32(float64,float64)",
          pairs([-2.0, -1.25, -0.75, 0.0, 0.25, 0.5], [0.0, 0.1, -0.65, 1.0]), category="loops",
          )  # fmt: skip
def mandelbrot(cr, ci):
    zr = 0.0
    zi = 0.0
    n = 0
    while n < 100 and zr * zr + zi * zi <= 4.0:
        t = zr * zr - zi * zi + cr
        zi = 2.0 * zr * zi + ci
        zr = t
        n += 1
    return n


@callback("int64(complex128)", [COMPLEX * 0.25], category="loops")
def julia(z):
    n = 0
    while n < 50 and z.real * z.real + z.imag * z.imag < 4.0:
        z = z * z + (-0.4 + 0.6j)
        n += 1
    return n


@callback("float64(float64,float64)", pairs([0.0, 0.1, 1.0, 3.0, -2.0], [0.0, 0.1, 0.5, 0.9]),
          category="loops", ulp=16, note="Newton's method ends within 1e-14")  # fmt: skip
def kepler(mean, eccentricity):
    e = mean
    for _ in range(50):
        step = (e - eccentricity * math.sin(e) - mean) / (1.0 - eccentricity * math.cos(e))
        e -= step
        if abs(step) < 1e-14:
            break
    return e


@callback("int64(int64)", [np.array([1, 2, 3, 7, 27, 97, 871, 6171, 77031])], category="loops")
def collatz(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


@callback("boolean(int64)", [np.array([-1, 0, 1, 2, 3, 4, 25, 97, 561, 7919, 1000003])],
          category="loops")  # fmt: skip
def is_prime(n):
    if n < 2:
        return False
    i = 2
    while i * i <= n:
        if n % i == 0:
            return False
        i += 1
    return True


@callback("float64(float64,int32)", [MODERATE, np.arange(20, dtype="i4")], category="loops")
def geometric_sum(x, n):
    total = 0.0
    term = 1.0
    for _ in range(n):
        total += term
        term *= x * 0.125
    return total


# ---- pointers ---------------------------------------------------------------------------

TABLE = np.linspace(-2.0, 2.0, 30).reshape(10, 3)


@callback("float64(float64,voidptr)", [MODERATE, Params(np.array([2.0, -0.5]))],
          category="pointers")  # fmt: skip
def quad_params(x, user_data):
    p = carray(user_data, (2,), np.float64)
    return p[0] * x + p[1]


@callback("float64(intc,CPointer(float64))", [RowLength(3), Rows(TABLE)], category="pointers")
def nquad(n, x):
    total = 0.0
    for i in range(n):
        total += x[i] * (i + 1)
    return total


@callback("float64(intc,CPointer(float64),voidptr)",
          [RowLength(3), Rows(TABLE), Params(np.array([0.25, 4.0, -1.0]))],
          category="pointers")  # fmt: skip
def nquad_params(n, x, user_data):
    p = carray(user_data, (3,), np.float64)
    total = 0.0
    for i in range(n):
        total += x[i] * p[i]
    return total


@callback("intc(CPointer(float64),intp,CPointer(float64),voidptr)",
          [Rows(TABLE), RowLength(3), OutRows(1, "f8"), Params(np.array([0.5]))],
          category="pointers", note="SciPy's generic_filter; 0 means failure")  # fmt: skip
def generic_filter(buffer, size, result, user_data):
    values = carray(buffer, (size,))
    total = carray(user_data, (1,), np.float64)[0]
    for value in values:
        total += value
    result[0] = total / size
    return 1


@callback("void(float64,CPointer(float64),CPointer(float64),CPointer(float64))",
          [np.linspace(0, 1, 10), Rows(TABLE[:, :2].copy()), OutRows(2, "f8"),
           Rows(np.abs(TABLE[:, 1:]))], category="pointers")  # fmt: skip
def lotka_volterra(t, u, du, p):
    du[0] = u[0] - u[0] * u[1] * p[0]
    du[1] = u[0] * u[1] - u[1] * p[1] + t


@callback("void(float64,float64,CPointer(float64),CPointer(float64))",
          [MODERATE, MODERATE[::-1], OutRows(1, "f8"), OutRows(1, "f8")],
          category="pointers")  # fmt: skip
def sum_difference(x, y, total, difference):
    total[0] = x + y
    difference[0] = x - y


@callback("int64(CPointer(int32),CPointer(float32))",
          [Rows(np.arange(-10, 10, dtype="i4").reshape(10, 2)),
           Rows(TABLE[:, :2].astype("f4"))], category="pointers")  # fmt: skip
def narrow_rows(counts, weights):
    return counts[0] * 3 + counts[1] + (1 if weights[0] > weights[1] else 0)


# ---- what lanes refuses -----------------------------------------------------------------


@callback("optional(float64)(float64)", [MODERATE], category="refused",
          refused="returns a value or None")  # fmt: skip
def optional_return(x):
    if x > 0.0:
        return x
    return None


@callback("none(float64)", [MODERATE], category="refused", refused="returns nothing")
def none_return(x):
    return None


@callback("float64(float64)", [MODERATE], category="refused", refused="calls Python to print")
def print_argument(x):
    print(x)
    return x


@callback("float64(int64,float64)", [np.arange(20), MODERATE], category="refused",
          refused="needs Numba's dictionaries")  # fmt: skip
def typed_dictionary(key, x):
    table = typed.Dict.empty(types.int64, types.float64)
    table[1] = x
    return table.get(key, 0.5)


@callback("int64(int64)", SIGNED, category="refused", refused="needs Numba's table of Unicode")
def text_upper(n):
    if n < 0:
        raise ValueError(("n" + str(n)).upper())
    return n


@njit
def is_even(n):
    if n == 0:
        return True
    return is_odd(n - 1)


@njit
def is_odd(n):
    if n == 0:
        return False
    return is_even(n - 1)


@callback("boolean(int64)", [np.arange(10)], category="refused",
          refused="its module lacks a function that it calls",
          note="Numba resolves .numba.unresolved$<name> from other modules")  # fmt: skip
def recursion_mutual(n):
    return is_even(n)


C_LABS = ctypes.CDLL(None).labs
C_LABS.restype, C_LABS.argtypes = ctypes.c_long, [ctypes.c_long]


@callback("int64(int64)", [np.arange(-5, 5)], category="refused",
          refused="calls an address of the process that compiled it")  # fmt: skip
def ctypes_pointer(n):
    return C_LABS(n)
