/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime_internal.h - the functions that compiled code reaches by name, and what the
 * files of this room share.
 *
 * Names and signatures are Numba's (nrt.cpp, _random.c, _helperlib.c, _lapack.c), because
 * its IR has them; tests call them by these declarations.
 */
#ifndef LANES_RUNTIME_INTERNAL_H
#define LANES_RUNTIME_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/loop.h"
#include "runtime/runtime.h"

/*
 * Variables of a thread. initial-exec: their addresses are known when the thread starts,
 * so that reaching one never allocates.
 */
#define LANES_RUNTIME_THREAD                                                             \
    static _Thread_local __attribute__((tls_model("initial-exec")))

/* runtime_arena.c: this thread's memory, see there. */

/** NULL if there is no room. Aligned to 16; 0 bytes give a block as well. */
void *lanes_runtime_arena_allocate(size_t bytes);

/** As realloc(), but 0 bytes shrink. NULL if there is no room: @p data stays as it is. */
void *lanes_runtime_arena_resize(void *data, size_t bytes);

/** Ignores NULL and what is no block of this arena. */
void lanes_runtime_arena_free(void *data);

/** All blocks are gone. */
void lanes_runtime_arena_reset(void);

/* runtime_random.c */

/** This thread's streams become those of element @p index. */
void lanes_runtime_random_begin(uint64_t seed, uint64_t index);

/** Philox4x32-10: one block. */
void lanes_runtime_philox(const uint32_t counter[4], const uint32_t key[2],
                          uint32_t out[4]);

/* Names that Numba and NumPy have chosen.
 * NOLINTBEGIN(readability-identifier-naming) */

/** Called as dtor(data, size, info) when the last reference goes. */
typedef void (*lanes_nrt_dtor_fn)(void *data, size_t size, void *info);

/** Ends the items of a resizable array. */
typedef void (*lanes_nrt_items_dtor_fn)(void *data);

/** Owner of an array's memory. IR reads `refct` and `data` by offset. */
typedef struct lanes_nrt_meminfo {
    size_t refct;
    lanes_nrt_dtor_fn dtor; /* NULL: nothing to do */
    void *dtor_info;
    void *data;
    size_t size;
    void *external_allocator; /* always NULL here */
} lanes_nrt_meminfo;

_Static_assert(sizeof(lanes_nrt_meminfo) == 48, "as Numba 0.54 and later have it");
_Static_assert(offsetof(lanes_nrt_meminfo, data) == 24, "IR loads it from there");

void *NRT_Allocate(size_t size);
void *NRT_Reallocate(void *data, size_t size);
void NRT_Free(void *data);
lanes_nrt_meminfo *NRT_MemInfo_alloc(size_t size);
lanes_nrt_meminfo *NRT_MemInfo_alloc_safe(size_t size);
lanes_nrt_meminfo *NRT_MemInfo_alloc_aligned(size_t size, uint32_t align);
lanes_nrt_meminfo *NRT_MemInfo_alloc_safe_aligned(size_t size, uint32_t align);
lanes_nrt_meminfo *NRT_MemInfo_alloc_dtor(size_t size, lanes_nrt_dtor_fn dtor);
lanes_nrt_meminfo *NRT_MemInfo_alloc_dtor_safe(size_t size, lanes_nrt_dtor_fn dtor);
lanes_nrt_meminfo *NRT_MemInfo_new_varsize(size_t size);
lanes_nrt_meminfo *NRT_MemInfo_new_varsize_dtor(size_t size,
                                                lanes_nrt_items_dtor_fn dtor);
void *NRT_MemInfo_varsize_alloc(lanes_nrt_meminfo *info, size_t size);
void *NRT_MemInfo_varsize_realloc(lanes_nrt_meminfo *info, size_t size);
void NRT_MemInfo_varsize_free(lanes_nrt_meminfo *info, void *data);
void *NRT_MemInfo_data(lanes_nrt_meminfo *info);
void NRT_MemInfo_call_dtor(lanes_nrt_meminfo *info);
void NRT_MemInfo_release(lanes_nrt_meminfo *info);

#define LANES_MT_WORDS 624

/** State of one generator. IR draws from `mt` and keeps `index` and the Gauss pair. */
typedef struct lanes_rnd_state {
    int32_t index; /* of the next word; LANES_MT_WORDS: none left */
    uint32_t mt[LANES_MT_WORDS];
    int32_t has_gauss;
    double gauss;
    int32_t is_initialized;
} lanes_rnd_state;

_Static_assert(offsetof(lanes_rnd_state, has_gauss) == 2500, "IR's offset");
_Static_assert(offsetof(lanes_rnd_state, gauss) == 2504, "IR's offset");
_Static_assert(sizeof(lanes_rnd_state) == 2520, "IR's size");

lanes_rnd_state *numba_get_np_random_state(void);
lanes_rnd_state *numba_get_py_random_state(void);
void numba_rnd_shuffle(lanes_rnd_state *state);
void numba_rnd_init(lanes_rnd_state *state, uint32_t seed);
int64_t numba_poisson_ptrs(lanes_rnd_state *state, double lam);

typedef struct lanes_complex_double {
    double real;
    double imag;
} lanes_complex_double;

typedef struct lanes_complex_float {
    float real;
    float imag;
} lanes_complex_float;

int64_t numba_sdiv(int64_t a, int64_t b);
int64_t numba_srem(int64_t a, int64_t b);
uint64_t numba_udiv(uint64_t a, uint64_t b);
uint64_t numba_urem(uint64_t a, uint64_t b);
double numba_frexp(double x, int *out_exponent);
float numba_frexpf(float x, int *out_exponent);
double numba_ldexp(double x, int exponent);
float numba_ldexpf(float x, int exponent);
void numba_cpow(const lanes_complex_double *a, const lanes_complex_double *b,
                lanes_complex_double *out);
void numba_cpowf(const lanes_complex_float *a, const lanes_complex_float *b,
                 lanes_complex_float *out);
uint64_t numba_fptoui(double x);
uint64_t numba_fptouif(float x);
int numba_signbit(double x);
int numba_signbitf(float x);
double npy_logaddexp(double x, double y);
float npy_logaddexpf(float x, float y);
double npy_logaddexp2(double x, double y);
float npy_logaddexp2f(float x, float y);
double npy_spacing(double x);
float npy_spacingf(float x);
int numba_fatal_error(void);
void numba_gil_ensure(int *out_state);
void numba_gil_release(const int *state);

/**
 * Find strides that show an array of shape @p dims and @p strides as one of @p newdims.
 * @return 1 and out_strides, or 0 if only a copy can have that shape
 */
int numba_attempt_nocopy_reshape(intptr_t nd, const intptr_t *dims,
                                 const intptr_t *strides, intptr_t newnd,
                                 const intptr_t *newdims, intptr_t *out_strides,
                                 intptr_t itemsize, int is_f_order);

/*
 * BLAS over matrices in Fortran order. kind: s d c z = float, double, and complex of
 * them. trans: N, T or C in either case. alpha and beta point to elements of that kind.
 * All return 0; what they cannot do is LANES_ELEMENT_FATAL.
 */
int numba_xxdot(char kind, char conjugate, intptr_t n, const void *x, const void *y,
                void *out);
int numba_xxgemv(char kind, char trans, intptr_t m, intptr_t n, const void *alpha,
                 const void *a, intptr_t lda, const void *x, const void *beta, void *y);
int numba_xxgemm(char kind, char transa, char transb, intptr_t m, intptr_t n, intptr_t k,
                 const void *alpha, const void *a, intptr_t lda, const void *b,
                 intptr_t ldb, const void *beta, void *c, intptr_t ldc);
/* NOLINTEND(readability-identifier-naming) */

#endif /* LANES_RUNTIME_INTERNAL_H */
