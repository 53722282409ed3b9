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
 * within 4 ulp in every form (measured against MPFR: tests/accuracy/README.md).
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
 * X(name): what compiled callbacks call of src/runtime: Numba's allocator and helpers
 * under the names its IR uses, and what generated code itself calls (lanes_runtime_*).
 * Served by the function of src/runtime/runtime_symbols.c of the same row; a test
 * compares the two.
 */
#define LANES_RUNTIME_TABLE(X)                                                           \
    X(NRT_Allocate)                                                                      \
    X(NRT_Free)                                                                          \
    X(NRT_MemInfo_alloc)                                                                 \
    X(NRT_MemInfo_alloc_aligned)                                                         \
    X(NRT_MemInfo_alloc_dtor)                                                            \
    X(NRT_MemInfo_alloc_dtor_safe)                                                       \
    X(NRT_MemInfo_alloc_safe)                                                            \
    X(NRT_MemInfo_alloc_safe_aligned)                                                    \
    X(NRT_MemInfo_call_dtor)                                                             \
    X(NRT_MemInfo_data)                                                                  \
    X(NRT_MemInfo_new_varsize)                                                           \
    X(NRT_MemInfo_new_varsize_dtor)                                                      \
    X(NRT_MemInfo_release)                                                               \
    X(NRT_MemInfo_varsize_alloc)                                                         \
    X(NRT_MemInfo_varsize_free)                                                          \
    X(NRT_MemInfo_varsize_realloc)                                                       \
    X(NRT_Reallocate)                                                                    \
    X(lanes_runtime_begin)                                                               \
    X(lanes_runtime_fail)                                                                \
    X(lanes_runtime_failure)                                                             \
    X(npy_logaddexp)                                                                     \
    X(npy_logaddexp2)                                                                    \
    X(npy_logaddexp2f)                                                                   \
    X(npy_logaddexpf)                                                                    \
    X(npy_spacing)                                                                       \
    X(npy_spacingf)                                                                      \
    X(numba_attempt_nocopy_reshape)                                                      \
    X(numba_cpow)                                                                        \
    X(numba_cpowf)                                                                       \
    X(numba_fatal_error)                                                                 \
    X(numba_fptoui)                                                                      \
    X(numba_fptouif)                                                                     \
    X(numba_frexp)                                                                       \
    X(numba_frexpf)                                                                      \
    X(numba_gil_ensure)                                                                  \
    X(numba_gil_release)                                                                 \
    X(numba_get_np_random_state)                                                         \
    X(numba_get_py_random_state)                                                         \
    X(numba_ldexp)                                                                       \
    X(numba_ldexpf)                                                                      \
    X(numba_poisson_ptrs)                                                                \
    X(numba_rnd_init)                                                                    \
    X(numba_rnd_shuffle)                                                                 \
    X(numba_sdiv)                                                                        \
    X(numba_signbit)                                                                     \
    X(numba_signbitf)                                                                    \
    X(numba_srem)                                                                        \
    X(numba_udiv)                                                                        \
    X(numba_urem)                                                                        \
    X(numba_xxdot)                                                                       \
    X(numba_xxgemm)                                                                      \
    X(numba_xxgemv)

/*
 * X(name, libm): helpers that are functions of libm under a name of Numba's or NumPy's.
 * codegen renames them, so that they count as math functions and vectorize as such.
 */
#define LANES_MATH_ALIAS_TABLE(X)                                                        \
    X(npy_exp2, exp2)                                                                    \
    X(npy_exp2f, exp2f)                                                                  \
    X(npy_log2, log2)                                                                    \
    X(npy_log2f, log2f)                                                                  \
    X(npy_nextafter, nextafter)                                                          \
    X(npy_nextafterf, nextafterf)                                                        \
    X(numba_erf, erf)                                                                    \
    X(numba_erfc, erfc)                                                                  \
    X(numba_erfcf, erfcf)                                                                \
    X(numba_erff, erff)                                                                  \
    X(numba_exp2, exp2)                                                                  \
    X(numba_exp2f, exp2f)                                                                \
    X(numba_fixed_fmod, fmod)                                                            \
    X(numba_fixed_fmodf, fmodf)                                                          \
    X(numba_gamma, tgamma)                                                               \
    X(numba_gammaf, tgammaf)                                                             \
    X(numba_lgamma, lgamma)                                                              \
    X(numba_lgammaf, lgammaf)                                                            \
    X(numba_log2, log2)                                                                  \
    X(numba_log2f, log2f)                                                                \
    X(numba_nextafter, nextafter)                                                        \
    X(numba_nextafterf, nextafterf)

/* X(name, part): products and quotients of complex numbers, by libgcc: C's a * b, a / b.
 */
#define LANES_COMPLEX_HELPER_TABLE(X)                                                    \
    X(__divdc3, double)                                                                  \
    X(__divsc3, float)                                                                   \
    X(__muldc3, double)                                                                  \
    X(__mulsc3, float)

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
