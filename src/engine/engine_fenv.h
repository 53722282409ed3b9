/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_fenv.h - the floating-point environment that kernels run in.
 *
 * libmvec is right only in round-to-nearest, so every thread runs kernels with the
 * default control word whatever it had before, but for denormals where the batch says so,
 * and gets its own back afterwards, sticky exception flags included. A fault in between
 * leaves the state that the kernel gives signal handlers, so leave() is called after it
 * as well.
 *
 * x87 is left alone: nothing here changes its control word, and the state that a fault
 * leaves has the same one.
 */
#ifndef LANES_ENGINE_FENV_H
#define LANES_ENGINE_FENV_H

#include <lanes/types.h>

#if defined(__x86_64__)

#include <stdbool.h>
#include <stdint.h>
#include <xmmintrin.h>

_Static_assert(LANES_FP_FLAG_DIVIDE == 0x04 >> 2 && LANES_FP_FLAG_OVERFLOW == 0x08 >> 2 &&
                   LANES_FP_FLAG_UNDERFLOW == 0x10 >> 2,
               "MXCSR has them in this order");

/* Round to nearest, all exceptions masked, no flush-to-zero, no sticky flags. */
#define LANES_ENGINE_MXCSR 0x1f80u

/* Denormal results become 0, and denormal operands count as 0. */
#define LANES_ENGINE_MXCSR_FLUSH 0x8040u

typedef uint32_t lanes_engine_fenv;

static inline lanes_engine_fenv lanes_engine_fenv_enter(bool flushes)
{
    const lanes_engine_fenv saved = _mm_getcsr();
    _mm_setcsr(LANES_ENGINE_MXCSR | (flushes ? LANES_ENGINE_MXCSR_FLUSH : 0));
    return saved;
}

static inline void lanes_engine_fenv_leave(lanes_engine_fenv saved)
{
    _mm_setcsr(saved);
}

/* From here on, no exception has been raised. */
static inline void lanes_engine_fenv_clear(void)
{
    _mm_setcsr(_mm_getcsr() & ~0x3fu);
}

/* Bits of enum lanes_fp_flag: what has been raised. */
static inline uint32_t lanes_engine_fenv_raised(void)
{
    const uint32_t flags = _mm_getcsr();
    return (flags >> 2 &
            (LANES_FP_FLAG_DIVIDE | LANES_FP_FLAG_OVERFLOW | LANES_FP_FLAG_UNDERFLOW)) |
           (flags & 1u) * LANES_FP_FLAG_INVALID;
}

#else

#include <fenv.h>
#include <stdbool.h>
#include <stdint.h>

typedef fenv_t lanes_engine_fenv;

/* There is no portable way to flush: denormals are kept, which is never less exact. */
static inline lanes_engine_fenv lanes_engine_fenv_enter(bool flushes)
{
    (void)flushes;
    lanes_engine_fenv saved;
    fegetenv(&saved);
    fesetenv(FE_DFL_ENV);
    return saved;
}

static inline void lanes_engine_fenv_leave(lanes_engine_fenv saved)
{
    fesetenv(&saved);
}

static inline void lanes_engine_fenv_clear(void)
{
    feclearexcept(FE_ALL_EXCEPT);
}

static inline uint32_t lanes_engine_fenv_raised(void)
{
    const int flags = fetestexcept(FE_ALL_EXCEPT);
    return ((flags & FE_DIVBYZERO) != 0 ? LANES_FP_FLAG_DIVIDE : 0u) |
           ((flags & FE_OVERFLOW) != 0 ? LANES_FP_FLAG_OVERFLOW : 0u) |
           ((flags & FE_UNDERFLOW) != 0 ? LANES_FP_FLAG_UNDERFLOW : 0u) |
           ((flags & FE_INVALID) != 0 ? LANES_FP_FLAG_INVALID : 0u);
}

#endif

#endif /* LANES_ENGINE_FENV_H */
