/* SPDX-License-Identifier: Apache-2.0 */
/*
 * types.h - what kernels and batches are described with: dtypes, choices, kinds.
 *
 * The numbers are part of the protocol (abi.h) and are never reused.
 */
#ifndef LANES_TYPES_H
#define LANES_TYPES_H

#include <stdint.h>

/*
 * X(name, code, letters, bytes): element types by NumPy's letters. Codes are part of the
 * protocol and never reused.
 */
#define LANES_DTYPE_TABLE(X)                                                             \
    X(BOOL, 1, "?", 1)                                                                   \
    X(I1, 3, "i1", 1)                                                                    \
    X(U1, 4, "u1", 1)                                                                    \
    X(I2, 5, "i2", 2)                                                                    \
    X(U2, 6, "u2", 2)                                                                    \
    X(I4, 7, "i4", 4)                                                                    \
    X(U4, 8, "u4", 4)                                                                    \
    X(I8, 9, "i8", 8)                                                                    \
    X(U8, 10, "u8", 8)                                                                   \
    X(F4, 11, "f4", 4)                                                                   \
    X(F8, 12, "f8", 8)                                                                   \
    X(C8, 14, "c8", 8)                                                                   \
    X(C16, 15, "c16", 16)

#define LANES_DTYPE_ENUM_ROW(name, code, letters, bytes) LANES_##name = (code),
/** Element types; 0 is never a dtype. */
enum lanes_dtype { LANES_DTYPE_TABLE(LANES_DTYPE_ENUM_ROW) LANES_DTYPE_NONE = 0 };
#undef LANES_DTYPE_ENUM_ROW

/** Which code runs a batch. */
enum lanes_strategy {
    LANES_STRATEGY_LOOP = 1 /**< the callback inlined into a loop for LLVM's vectorizer */
};

/** How libm calls in a callback are served. */
enum lanes_math {
    LANES_MATH_VECTOR = 0, /**< libmvec where it has the function: <= 4 ulp */
    LANES_MATH_EXACT = 1   /**< scalar libm, element by element */
};

/**
 * What the compiler may assume of the callback's floating-point arithmetic beside what
 * its IR says: bits, named and valued as LLVM's fast-math flags.
 */
enum lanes_fp {
    LANES_FP_STRICT = 0,    /**< what the IR says */
    LANES_FP_REASSOC = 1,   /**< sums and products in another order */
    LANES_FP_NNAN = 2,      /**< no operand and no result is NaN */
    LANES_FP_NINF = 4,      /**< nor infinite */
    LANES_FP_NSZ = 8,       /**< the sign of zero does not matter */
    LANES_FP_ARCP = 16,     /**< x / y as x * (1 / y) */
    LANES_FP_CONTRACT = 32, /**< a * b + c with one rounding */
    LANES_FP_AFN = 64,      /**< approximate functions */
    LANES_FP_FAST = 127     /**< all of them */
};

/**
 * Which dtypes an array may have beside the kernel's; NumPy's names. Inputs are converted
 * from the array's dtype to the kernel's, outputs from the kernel's to the array's, as by
 * NumPy's astype(); a float that an integer cannot hold becomes the nearest that it can,
 * NaN becomes 0. Complex numbers never become real, and rows are not converted.
 */
enum lanes_casting {
    LANES_CASTING_NO = 0,        /**< the kernel's dtype only */
    LANES_CASTING_SAFE = 1,      /**< no value changes: i4 to f8, f4 to f8, f8 to c16 */
    LANES_CASTING_SAME_KIND = 2, /**< and to the same or a later kind of u, i, f, c */
    LANES_CASTING_UNSAFE = 3     /**< any, but complex to real */
};

/**
 * What becomes of a kernel's results along reduced axes. Elements that fail, or that
 * `where` leaves out, are not part of it. NaN as in NumPy: one makes min, max, argmin and
 * argmax NaN, or its index.
 */
enum lanes_reduce {
    LANES_REDUCE_NONE = 0,   /**< no reduction: a result for each element */
    LANES_REDUCE_SUM = 1,    /**< 0 of no elements; `or` in an array of bool */
    LANES_REDUCE_PROD = 2,   /**< 1 of no elements; `and` in an array of bool */
    LANES_REDUCE_MIN = 3,    /**< real numbers; of no element in `where`: the largest */
    LANES_REDUCE_MAX = 4,    /**< real numbers; of no element in `where`: the smallest */
    LANES_REDUCE_ANY = 5,    /**< into bool: some result is not 0; of none: false */
    LANES_REDUCE_ALL = 6,    /**< into bool: no result is 0; of none: true */
    LANES_REDUCE_ARGMIN = 7, /**< into i8: index of the first smallest; of none: -1 */
    LANES_REDUCE_ARGMAX = 8, /**< into i8: index of the first largest; of none: -1 */
    /**
     * By the kernel itself, f(T, T) of one dtype T, which is associative:
     * f(...f(f(a, x0), x1)..., xn). The batch's first input, a, is where each value
     * begins; it has stride 0 along reduced axes, as the output has.
     */
    LANES_REDUCE_KERNEL = 9,
    /**
     * By the kernel itself as KERNEL, but every intermediate result is kept: out[i] =
     * f(out[i - 1], x[i]) along the one reduced dimension, from the start value on. The
     * output has the batch's whole shape, and may be x itself. Elements that fail, or
     * that `where` leaves out, keep their old output and change nothing behind them.
     */
    LANES_REDUCE_SCAN = 10
};

/** How a callback is called. */
enum lanes_convention {
    LANES_CONVENTION_AUTO = 0,  /**< found from the IR */
    LANES_CONVENTION_NUMBA = 1, /**< i32 f(R *ret, excinfo **exc, T...), Numba's native */
    LANES_CONVENTION_C = 2,     /**< R f(T...): scalars, complex, small structs */
    LANES_CONVENTION_C_OUT = 3, /**< void f(T..., R *...): results through pointers */
    LANES_CONVENTION_SCIPY = 4  /**< R f(T, void *), R f(int, T *[, void *]) */
};

/** Whose turn it is among batches that wait, of all sessions. */
enum lanes_priority {
    LANES_PRIORITY_NORMAL = 0,
    LANES_PRIORITY_LOW = 1, /**< only while nothing else waits */
    LANES_PRIORITY_HIGH = 2 /**< before what is normal */
};

/** What becomes of elements whose callback fails; their outputs keep their old values. */
enum lanes_errors {
    LANES_ERRORS_RAISE = 0, /**< the batch ends with LANES_E_KERNEL_RAISED */
    LANES_ERRORS_MASK = 1,  /**< LANES_OK; one more operand gets true where it failed */
    LANES_ERRORS_IGNORE = 2 /**< LANES_OK; only counted */
};

/**
 * What becomes of denormal floating-point numbers, f8 below 2.2e-308 and f4 below
 * 1.2e-38, which take CPUs several times as long as others.
 */
enum lanes_denormals {
    LANES_DENORMALS_KEEP = 0, /**< what the callback's IR says */
    LANES_DENORMALS_FLUSH = 1 /**< as operands and as results they may become 0 */
};

/**
 * Floating-point exceptions that elements raise: bits, named and valued as NumPy's. Each
 * is what IEEE 754 says of it; results are the same whether somebody asks or not.
 */
enum lanes_fp_flag {
    LANES_FP_FLAG_DIVIDE = 1,   /**< an exact infinity of finite numbers: 1 / 0, log(0) */
    LANES_FP_FLAG_OVERFLOW = 2, /**< a finite result that is too large: exp(1000) */
    LANES_FP_FLAG_UNDERFLOW = 4, /**< one that is too small to be exact: exp(-1000) */
    LANES_FP_FLAG_INVALID = 8    /**< no result, or none that fits: 0 / 0, sqrt(-1) */
};

/** All of them. */
#define LANES_FP_FLAGS 15u

/** Why an element failed: lanes_abi_raised.kind. */
enum lanes_raised_kind {
    LANES_RAISED_NONE = 0,          /**< nothing failed, or nobody asked */
    LANES_RAISED_EXCEPTION = 1,     /**< Numba's; payload_* say where its pickle is */
    LANES_RAISED_ZERO_DIVISION = 2, /**< integer x / 0 or x % 0 */
    LANES_RAISED_OVERFLOW = 3,      /**< integer MIN / -1 or MIN % -1 */
    LANES_RAISED_FATAL = 4,         /**< the callback asked to abort the process */
    LANES_RAISED_UNKNOWN = 5        /**< it failed, but left nothing that can be read */
};

/** How an exception's pickle lies in the IR that was submitted. */
enum lanes_payload_form {
    LANES_PAYLOAD_NONE = 0,
    LANES_PAYLOAD_TEXT = 1,   /**< an LLVM string: offset in bytes, \XX escapes */
    LANES_PAYLOAD_BITCODE = 2 /**< plain bytes: offset in bits, least significant first */
};

#endif /* LANES_TYPES_H */
