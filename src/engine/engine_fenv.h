/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_fenv.h - the floating-point environment that kernels run in.
 *
 * libmvec is right only in round-to-nearest, and flush-to-zero breaks hypot, so every
 * thread runs kernels with the default control word whatever it had before, and gets its
 * own back afterwards, sticky exception flags included. A fault in between leaves the
 * state that the kernel gives signal handlers, so leave() is called after it as well.
 *
 * x87 is left alone: nothing here changes its control word, and the state that a fault
 * leaves has the same one.
 */
#ifndef LANES_ENGINE_FENV_H
#define LANES_ENGINE_FENV_H

#if defined(__x86_64__)

#include <stdint.h>
#include <xmmintrin.h>

/* Round to nearest, all exceptions masked, no flush-to-zero, no sticky flags. */
#define LANES_ENGINE_MXCSR 0x1f80u

typedef uint32_t lanes_engine_fenv;

static inline lanes_engine_fenv lanes_engine_fenv_enter(void)
{
    const lanes_engine_fenv saved = _mm_getcsr();
    _mm_setcsr(LANES_ENGINE_MXCSR);
    return saved;
}

static inline void lanes_engine_fenv_leave(lanes_engine_fenv saved)
{
    _mm_setcsr(saved);
}

#else

#include <fenv.h>

typedef fenv_t lanes_engine_fenv;

static inline lanes_engine_fenv lanes_engine_fenv_enter(void)
{
    lanes_engine_fenv saved;
    fegetenv(&saved);
    fesetenv(FE_DFL_ENV);
    return saved;
}

static inline void lanes_engine_fenv_leave(lanes_engine_fenv saved)
{
    fesetenv(&saved);
}

#endif

#endif /* LANES_ENGINE_FENV_H */
