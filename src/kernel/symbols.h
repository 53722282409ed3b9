/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols.h - every external symbol that compiled code may refer to. Closed list.
 *
 * codegen admits and vectorizes calls by this table; the loader resolves them by it. A
 * new symbol belongs into one of the groups; if it fits none, it is not admitted.
 */
#ifndef LANES_KERNEL_SYMBOLS_H
#define LANES_KERNEL_SYMBOLS_H

/*
 * X(name, arity): pure functions T name(T, ...) of libm that libmvec serves in vectors,
 * for double under this name and for float with an "f" behind it. glibc 2.36's libmvec is
 * within 4 ulp in every form (measured against MPFR: bench/README.md, "accuracy").
 */
#define LANES_VECTOR_MATH_TABLE(X)                                                       \
    X(acos, 1)                                                                           \
    X(acosh, 1)                                                                          \
    X(asin, 1)                                                                           \
    X(asinh, 1)                                                                          \
    X(atan, 1)                                                                           \
    X(atan2, 2)                                                                          \
    X(atanh, 1)                                                                          \
    X(cbrt, 1)                                                                           \
    X(cos, 1)                                                                            \
    X(cosh, 1)                                                                           \
    X(erf, 1)                                                                            \
    X(erfc, 1)                                                                           \
    X(exp, 1)                                                                            \
    X(exp10, 1)                                                                          \
    X(exp2, 1)                                                                           \
    X(expm1, 1)                                                                          \
    X(hypot, 2)                                                                          \
    X(log, 1)                                                                            \
    X(log10, 1)                                                                          \
    X(log1p, 1)                                                                          \
    X(log2, 1)                                                                           \
    X(pow, 2)                                                                            \
    X(sin, 1)                                                                            \
    X(sinh, 1)                                                                           \
    X(tan, 1)                                                                            \
    X(tanh, 1)

/*
 * X(name, arity): pure functions T name(T, ...) of libm without a vector form in libmvec.
 * Most become instructions; the rest are called element by element.
 */
#define LANES_SCALAR_MATH_TABLE(X)                                                       \
    X(ceil, 1)                                                                           \
    X(copysign, 2)                                                                       \
    X(fabs, 1)                                                                           \
    X(fdim, 2)                                                                           \
    X(floor, 1)                                                                          \
    X(fma, 3)                                                                            \
    X(fmax, 2)                                                                           \
    X(fmin, 2)                                                                           \
    X(fmod, 2)                                                                           \
    X(logb, 1)                                                                           \
    X(nearbyint, 1)                                                                      \
    X(nextafter, 2)                                                                      \
    X(remainder, 2)                                                                      \
    X(rint, 1)                                                                           \
    X(round, 1)                                                                          \
    X(roundeven, 1)                                                                      \
    X(sqrt, 1)                                                                           \
    X(tgamma, 1)                                                                         \
    X(trunc, 1)

/*
 * X(name): libm functions of other shapes; called as they are. lgamma writes signgam,
 * which no callback can read. sincos is rewritten into sin and cos before vectorizing.
 */
#define LANES_OTHER_MATH_TABLE(X)                                                        \
    X(frexp)                                                                             \
    X(ilogb)                                                                             \
    X(ldexp)                                                                             \
    X(lgamma)                                                                            \
    X(llrint)                                                                            \
    X(llround)                                                                           \
    X(lrint)                                                                             \
    X(lround)                                                                            \
    X(modf)                                                                              \
    X(remquo)                                                                            \
    X(scalbln)                                                                           \
    X(scalbn)                                                                            \
    X(sincos)

/* X(name): C library functions that front ends and LLVM call for plain memory work. */
#define LANES_MEMORY_TABLE(X)                                                            \
    X(memcmp)                                                                            \
    X(memcpy)                                                                            \
    X(memmove)                                                                           \
    X(memset)

/*
 * X(name): helpers of the compiler's own runtime (libgcc) that LLVM calls for operations
 * without an instruction: 128-bit division, integer powers, 128-bit conversions.
 */
#define LANES_COMPILER_HELPER_TABLE(X)                                                   \
    X(__divti3)                                                                          \
    X(__fixdfti)                                                                         \
    X(__fixsfti)                                                                         \
    X(__fixunsdfti)                                                                      \
    X(__fixunssfti)                                                                      \
    X(__floattidf)                                                                       \
    X(__floattisf)                                                                       \
    X(__floatuntidf)                                                                     \
    X(__floatuntisf)                                                                     \
    X(__modti3)                                                                          \
    X(__powidf2)                                                                         \
    X(__powisf2)                                                                         \
    X(__udivti3)                                                                         \
    X(__umodti3)

/*
 * Vector forms in libmvec. X(isa, lanes of f8, lanes of f4): the ISA letters of the
 * x86-64 vector function ABI: b = SSE, c = AVX, d = AVX2, e = AVX-512. Names are
 * _ZGV<isa>N<lanes><one v per argument>_<name>.
 */
#define LANES_VECTOR_ISA_TABLE(X)                                                        \
    X(b, 2, 4)                                                                           \
    X(c, 4, 8)                                                                           \
    X(d, 4, 8)                                                                           \
    X(e, 8, 16)

#endif /* LANES_KERNEL_SYMBOLS_H */
