/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hand.c - the honest peer: the loops that somebody who knows the machine writes by hand.
 *
 * Compiled by gcc, whatever compiles the rest, with the flags that CMakeLists.txt states;
 * they allow everything a programmer may allow for one loop (-ffast-math: reassociation,
 * no NaN). With them gcc takes 512-bit vectors and libmvec's _ZGVeN8v_ functions; the
 * test bench-smoke/hand-is-vectorized looks whether it still does. Every loop is one
 * OpenMP region with a static schedule.
 *
 * Arrays hold `count` elements, do not overlap, and outputs are aligned to 64 bytes.
 */
#include <math.h>
#include <omp.h>
#include <stddef.h>

#ifdef __AVX512F__
#include <immintrin.h>
#endif

/* Constants of the kernels; kernels.py has the same. */
#define AXPY_A       2.5
#define RATE         0.03
#define VOLATILITY   0.25
#define EARTH_KM     6371.0088
#define RADIANS(deg) ((deg) * 0.017453292519943295)

/*
 * From so many elements on, waking threads is worth it. The clause says `parallel`, since
 * a bare `if` would also decide about `simd`.
 */
#define SHARED 20000

#define EXPORT __attribute__((visibility("default")))

EXPORT void hand_set_threads(int count);
EXPORT int hand_has_stream(void);
EXPORT void hand_axpy(size_t count, const double *restrict x, const double *restrict y,
                      double *restrict out);
EXPORT void hand_axpy_stream(size_t count, const double *restrict x,
                             const double *restrict y, double *restrict out);
EXPORT void hand_divide(size_t count, const double *restrict x, const double *restrict y,
                        double *restrict out);
EXPORT void hand_exp(size_t count, const double *restrict x, const double *restrict y,
                     double *restrict out);
EXPORT void hand_black_scholes(size_t count, const double *restrict price,
                               const double *restrict strike,
                               const double *restrict years, double *restrict out);
EXPORT void hand_haversine(size_t count, const double *restrict lat1,
                           const double *restrict lon1, const double *restrict lat2,
                           const double *restrict lon2, double *restrict out);

/*
 * axpy over two dimensions whose steps (in elements) are known when it runs, as somebody
 * writes it who has a matrix, its transpose or a column of it.
 */
EXPORT void hand_axpy_2d(size_t rows, size_t columns, const double *x,
                         const ptrdiff_t *x_step, const double *y,
                         const ptrdiff_t *y_step, double *out, const ptrdiff_t *out_step);
EXPORT void hand_axpy_f4(size_t count, const float *restrict x, const float *restrict y,
                         double *restrict out);
EXPORT void hand_axpy_where(size_t count, const double *restrict x,
                            const double *restrict y, const unsigned char *restrict where,
                            double *restrict out);

void hand_axpy_2d(size_t rows, size_t columns, const double *x, const ptrdiff_t *x_step,
                  const double *y, const ptrdiff_t *y_step, double *out,
                  const ptrdiff_t *out_step)
{
    if (rows == 1) {
#pragma omp parallel for schedule(static) if (parallel : columns >= SHARED)
        for (size_t j = 0; j < columns; j++) {
            const ptrdiff_t c = (ptrdiff_t)j;
            out[c * out_step[1]] = AXPY_A * x[c * x_step[1]] + y[c * y_step[1]];
        }
        return;
    }
#pragma omp parallel for schedule(static) if (parallel : rows * columns >= SHARED)
    for (size_t i = 0; i < rows; i++) {
        const double *xi = x + (ptrdiff_t)i * x_step[0];
        const double *yi = y + (ptrdiff_t)i * y_step[0];
        double *oi = out + (ptrdiff_t)i * out_step[0];
        for (size_t j = 0; j < columns; j++) {
            const ptrdiff_t c = (ptrdiff_t)j;
            oi[c * out_step[1]] = AXPY_A * xi[c * x_step[1]] + yi[c * y_step[1]];
        }
    }
}

void hand_axpy_f4(size_t count, const float *restrict x, const float *restrict y,
                  double *restrict out)
{
#pragma omp parallel for simd schedule(static) if (parallel : count >= SHARED)
    for (size_t i = 0; i < count; i++) {
        out[i] = AXPY_A * (double)x[i] + (double)y[i];
    }
}

void hand_axpy_where(size_t count, const double *restrict x, const double *restrict y,
                     const unsigned char *restrict where, double *restrict out)
{
#pragma omp parallel for simd schedule(static) if (parallel : count >= SHARED)
    for (size_t i = 0; i < count; i++) {
        if (where[i] != 0) {
            out[i] = AXPY_A * x[i] + y[i];
        }
    }
}

void hand_set_threads(int count)
{
    omp_set_num_threads(count);
}

/* 1 if hand_axpy_stream() really streams. */
int hand_has_stream(void)
{
#ifdef __AVX512F__
    return 1;
#else
    return 0;
#endif
}

void hand_axpy(size_t count, const double *restrict x, const double *restrict y,
               double *restrict out)
{
#pragma omp parallel for simd schedule(static) if (parallel : count >= SHARED)
    for (size_t i = 0; i < count; i++) {
        out[i] = AXPY_A * x[i] + y[i];
    }
}

#ifdef __AVX512F__

void hand_axpy_stream(size_t count, const double *restrict x, const double *restrict y,
                      double *restrict out)
{
    const size_t vectors = count / 8;
#pragma omp parallel if (count >= SHARED)
    {
#pragma omp for schedule(static) nowait
        for (size_t v = 0; v < vectors; v++) {
            const __m512d xs = _mm512_loadu_pd(x + 8 * v);
            const __m512d ys = _mm512_loadu_pd(y + 8 * v);
            _mm512_stream_pd(out + 8 * v,
                             _mm512_fmadd_pd(_mm512_set1_pd(AXPY_A), xs, ys));
        }
        _mm_sfence(); /* streaming stores are not ordered by the region's end */
    }
    for (size_t i = 8 * vectors; i < count; i++) {
        out[i] = AXPY_A * x[i] + y[i];
    }
}

#else

void hand_axpy_stream(size_t count, const double *restrict x, const double *restrict y,
                      double *restrict out)
{
    hand_axpy(count, x, y, out);
}

#endif

void hand_divide(size_t count, const double *restrict x, const double *restrict y,
                 double *restrict out)
{
#pragma omp parallel for simd schedule(static) if (parallel : count >= SHARED)
    for (size_t i = 0; i < count; i++) {
        out[i] = x[i] / y[i];
    }
}

void hand_exp(size_t count, const double *restrict x, const double *restrict y,
              double *restrict out)
{
#pragma omp parallel for simd schedule(static) if (parallel : count >= SHARED)
    for (size_t i = 0; i < count; i++) {
        out[i] = exp(-x[i]) * y[i];
    }
}

void hand_black_scholes(size_t count, const double *restrict price,
                        const double *restrict strike, const double *restrict years,
                        double *restrict out)
{
#pragma omp parallel for simd schedule(static) if (parallel : count >= SHARED)
    for (size_t i = 0; i < count; i++) {
        const double s = price[i];
        const double k = strike[i];
        const double t = years[i];
        const double spread = VOLATILITY * sqrt(t);
        const double d1 =
            (log(s / k) + (RATE + 0.5 * VOLATILITY * VOLATILITY) * t) / spread;
        const double d2 = d1 - spread;
        out[i] = 0.5 *
                 (s * erfc(-d1 * M_SQRT1_2) - k * exp(-RATE * t) * erfc(-d2 * M_SQRT1_2));
    }
}

void hand_haversine(size_t count, const double *restrict lat1,
                    const double *restrict lon1, const double *restrict lat2,
                    const double *restrict lon2, double *restrict out)
{
#pragma omp parallel for simd schedule(static) if (parallel : count >= SHARED)
    for (size_t i = 0; i < count; i++) {
        const double p1 = RADIANS(lat1[i]);
        const double p2 = RADIANS(lat2[i]);
        const double sp = sin(0.5 * (p2 - p1));
        const double sl = sin(0.5 * (RADIANS(lon2[i]) - RADIANS(lon1[i])));
        out[i] = 2.0 * EARTH_KM * asin(sqrt(sp * sp + cos(p1) * cos(p2) * sl * sl));
    }
}
