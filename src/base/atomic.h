/* SPDX-License-Identifier: Apache-2.0 */
/*
 * atomic.h - the only way shared words are touched.
 *
 * Plain integers plus __atomic builtins rather than _Atomic, so that the shared-memory
 * layouts stay readable from C++ and ctypes. No standalone fences: ThreadSanitizer does
 * not model them; order is always stated on a word. The sleep/wake hand-shakes need
 * store-load order, which is what the seq_cst forms are for.
 */
#ifndef LANES_ATOMIC_H
#define LANES_ATOMIC_H

#include <stdint.h>

#define LANES_ATOMIC_FUNCTIONS(suffix, type)                                             \
    static inline type lanes_load_relaxed_##suffix(const type *word)                     \
    {                                                                                    \
        return __atomic_load_n(word, __ATOMIC_RELAXED);                                  \
    }                                                                                    \
    static inline type lanes_load_acquire_##suffix(const type *word)                     \
    {                                                                                    \
        return __atomic_load_n(word, __ATOMIC_ACQUIRE);                                  \
    }                                                                                    \
    static inline type lanes_load_seq_cst_##suffix(const type *word)                     \
    {                                                                                    \
        return __atomic_load_n(word, __ATOMIC_SEQ_CST);                                  \
    }                                                                                    \
    static inline void lanes_store_relaxed_##suffix(type *word, type value)              \
    {                                                                                    \
        __atomic_store_n(word, value, __ATOMIC_RELAXED);                                 \
    }                                                                                    \
    static inline void lanes_store_release_##suffix(type *word, type value)              \
    {                                                                                    \
        __atomic_store_n(word, value, __ATOMIC_RELEASE);                                 \
    }                                                                                    \
    static inline void lanes_store_seq_cst_##suffix(type *word, type value)              \
    {                                                                                    \
        __atomic_store_n(word, value, __ATOMIC_SEQ_CST);                                 \
    }                                                                                    \
    static inline type lanes_exchange_seq_cst_##suffix(type *word, type value)           \
    {                                                                                    \
        return __atomic_exchange_n(word, value, __ATOMIC_SEQ_CST);                       \
    }                                                                                    \
    static inline type lanes_fetch_add_relaxed_##suffix(type *word, type value)          \
    {                                                                                    \
        return __atomic_fetch_add(word, value, __ATOMIC_RELAXED);                        \
    }                                                                                    \
    static inline type lanes_fetch_add_acq_rel_##suffix(type *word, type value)          \
    {                                                                                    \
        return __atomic_fetch_add(word, value, __ATOMIC_ACQ_REL);                        \
    }                                                                                    \
    static inline type lanes_fetch_or_relaxed_##suffix(type *word, type value)           \
    {                                                                                    \
        return __atomic_fetch_or(word, value, __ATOMIC_RELAXED);                         \
    }                                                                                    \
    static inline int lanes_compare_exchange_acq_rel_##suffix(                           \
        type *word, type *expected, type desired)                                        \
    {                                                                                    \
        return __atomic_compare_exchange_n(word, expected, desired, 0, __ATOMIC_ACQ_REL, \
                                           __ATOMIC_ACQUIRE);                            \
    }

LANES_ATOMIC_FUNCTIONS(u32, uint32_t)
LANES_ATOMIC_FUNCTIONS(u64, uint64_t)
#undef LANES_ATOMIC_FUNCTIONS

/** Tell the core that this is a spin loop. */
static inline void lanes_cpu_relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/** Order this thread's stores past the caches before its later stores. */
static inline void lanes_stream_fence(void)
{
#if defined(__x86_64__)
    __builtin_ia32_sfence();
#endif
}

#endif /* LANES_ATOMIC_H */
