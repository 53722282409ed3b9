/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hand.c - the honest peer: the loops that somebody who knows the machine writes by hand.
 *
 * Compiled by gcc, whatever compiles the rest, with the flags that CMakeLists.txt states;
 * they allow everything a programmer may allow for one loop (-ffast-math: reassociation,
 * no NaN). With them gcc takes 512-bit vectors and libmvec's _ZGVeN8v_ functions; the
 * test bench-smoke/hand-is-vectorized looks whether it still does. Every loop is one
 * OpenMP region with a static schedule, written for one layout of its arrays: where that
 * has a step, the step is in the code.
 *
 * Arrays do not overlap but where a loop says so, and outputs are aligned to 64 bytes.
 */
#include "hand.h"

#include <math.h>
#include <omp.h>

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

/* Side of a block of which a transposed matrix and its target both stay in cache. */
#define SIDE 32

void hand_set_threads(int count)
{
    omp_set_num_threads(count);
}

int hand_has_stream(void)
{
#ifdef __AVX512F__
    return 1;
#else
    return 0;
#endif
}

void hand_axpy(const hand_call *call)
{
    const double *restrict x = call->operand[0];
    const double *restrict y = call->operand[1];
    double *restrict out = call->operand[2];
    const size_t count = call->rows;
#pragma omp parallel for simd schedule(static) if (parallel : count >= SHARED)
    for (size_t i = 0; i < count; i++) {
        out[i] = AXPY_A * x[i] + y[i];
    }
}

#ifdef __AVX512F__

void hand_axpy_stream(const hand_call *call)
{
    const double *restrict x = call->operand[0];
    const double *restrict y = call->operand[1];
    double *restrict out = call->operand[2];
    const size_t vectors = call->rows / 8;
#pragma omp parallel if (vectors >= SHARED / 8)
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
    for (size_t i = 8 * vectors; i < call->rows; i++) {
        out[i] = AXPY_A * x[i] + y[i];
    }
}

#else

void hand_axpy_stream(const hand_call *call)
{
    hand_axpy(call);
}

#endif

void hand_axpy_in_place(const hand_call *call)
{
    const double *restrict x = call->operand[0];
    double *restrict y = call->operand[1];
    const size_t count = call->rows;
#pragma omp parallel for simd schedule(static) if (parallel : count >= SHARED)
    for (size_t i = 0; i < count; i++) {
        y[i] += AXPY_A * x[i];
    }
}

void hand_axpy_f4(const hand_call *call)
{
    const float *restrict x = call->operand[0];
    const float *restrict y = call->operand[1];
    double *restrict out = call->operand[2];
    const size_t count = call->rows;
#pragma omp parallel for simd schedule(static) if (parallel : count >= SHARED)
    for (size_t i = 0; i < count; i++) {
        out[i] = AXPY_A * (double)x[i] + (double)y[i];
    }
}

void hand_axpy_where(const hand_call *call)
{
    const double *restrict x = call->operand[0];
    const double *restrict y = call->operand[1];
    double *restrict out = call->operand[2];
    const unsigned char *restrict where = call->operand[3];
    const size_t count = call->rows;
#pragma omp parallel for simd schedule(static) if (parallel : count >= SHARED)
    for (size_t i = 0; i < count; i++) {
        if (where[i] != 0) {
            out[i] = AXPY_A * x[i] + y[i];
        }
    }
}

void hand_axpy_x2(const hand_call *call)
{
    const double *restrict x = call->operand[0];
    const double *restrict y = call->operand[1];
    double *restrict out = call->operand[2];
    const size_t count = call->rows;
#pragma omp parallel for simd schedule(static) if (parallel : count >= SHARED)
    for (size_t i = 0; i < count; i++) {
        out[i] = AXPY_A * x[2 * i] + y[i];
    }
}

void hand_axpy_x2_y2(const hand_call *call)
{
    const double *restrict x = call->operand[0];
    const double *restrict y = call->operand[1];
    double *restrict out = call->operand[2];
    const size_t count = call->rows;
#pragma omp parallel for simd schedule(static) if (parallel : count >= SHARED)
    for (size_t i = 0; i < count; i++) {
        out[i] = AXPY_A * x[2 * i] + y[2 * i];
    }
}

void hand_axpy_out2(const hand_call *call)
{
    const double *restrict x = call->operand[0];
    const double *restrict y = call->operand[1];
    double *restrict out = call->operand[2];
    const size_t count = call->rows;
#pragma omp parallel for simd schedule(static) if (parallel : count >= SHARED)
    for (size_t i = 0; i < count; i++) {
        out[2 * i] = AXPY_A * x[i] + y[i];
    }
}

void hand_axpy_x_reversed(const hand_call *call)
{
    const size_t count = call->rows;
    const double *restrict x = (const double *)call->operand[0] - (count - 1);
    const double *restrict y = call->operand[1];
    double *restrict out = call->operand[2];
#pragma omp parallel for simd schedule(static) if (parallel : count >= SHARED)
    for (size_t i = 0; i < count; i++) {
        out[i] = AXPY_A * x[count - 1 - i] + y[i];
    }
}

/* All are reversed, so the order does not matter, as whoever writes this sees. */
void hand_axpy_all_reversed(const hand_call *call)
{
    const size_t count = call->rows;
    const double *restrict x = (const double *)call->operand[0] - (count - 1);
    const double *restrict y = (const double *)call->operand[1] - (count - 1);
    double *restrict out = (double *)call->operand[2] - (count - 1);
#pragma omp parallel for simd schedule(static) if (parallel : count >= SHARED)
    for (size_t i = 0; i < count; i++) {
        out[i] = AXPY_A * x[i] + y[i];
    }
}

void hand_axpy_row(const hand_call *call)
{
    const double *restrict x = call->operand[0];
    const double *restrict y = call->operand[1];
    double *restrict out = call->operand[2];
    const size_t rows = call->rows;
    const size_t columns = call->columns;
#pragma omp parallel for schedule(static) if (rows * columns >= SHARED)
    for (size_t i = 0; i < rows; i++) {
#pragma omp simd
        for (size_t j = 0; j < columns; j++) {
            out[i * columns + j] = AXPY_A * x[j] + y[i * columns + j];
        }
    }
}

void hand_axpy_column(const hand_call *call)
{
    const double *restrict x = call->operand[0];
    const double *restrict y = call->operand[1];
    double *restrict out = call->operand[2];
    const size_t rows = call->rows;
    const size_t columns = call->columns;
#pragma omp parallel for schedule(static) if (rows * columns >= SHARED)
    for (size_t i = 0; i < rows; i++) {
        const double ax = AXPY_A * x[i];
#pragma omp simd
        for (size_t j = 0; j < columns; j++) {
            out[i * columns + j] = ax + y[i * columns + j];
        }
    }
}

void hand_axpy_transposed(const hand_call *call)
{
    const double *restrict x = call->operand[0];
    const double *restrict y = call->operand[1];
    double *restrict out = call->operand[2];
    const size_t rows = call->rows;
    const size_t columns = call->columns;
#pragma omp parallel for collapse(2) schedule(static) if (rows * columns >= SHARED)
    for (size_t i0 = 0; i0 < rows; i0 += SIDE) {
        for (size_t j0 = 0; j0 < columns; j0 += SIDE) {
            const size_t i1 = i0 + SIDE < rows ? i0 + SIDE : rows;
            const size_t j1 = j0 + SIDE < columns ? j0 + SIDE : columns;
            for (size_t i = i0; i < i1; i++) {
#pragma omp simd
                for (size_t j = j0; j < j1; j++) {
                    out[i * columns + j] = AXPY_A * x[j * rows + i] + y[i * columns + j];
                }
            }
        }
    }
}

/* The first three of six columns of x. */
void hand_axpy_3_of_6(const hand_call *call)
{
    const double *restrict x = call->operand[0];
    const double *restrict y = call->operand[1];
    double *restrict out = call->operand[2];
    const size_t rows = call->rows;
#pragma omp parallel for simd schedule(static) if (parallel : rows >= SHARED / 3)
    for (size_t i = 0; i < rows; i++) {
        out[3 * i] = AXPY_A * x[6 * i] + y[3 * i];
        out[3 * i + 1] = AXPY_A * x[6 * i + 1] + y[3 * i + 1];
        out[3 * i + 2] = AXPY_A * x[6 * i + 2] + y[3 * i + 2];
    }
}

/* One row of three, y, for all rows of x. */
void hand_axpy_rows_of_3(const hand_call *call)
{
    const double *restrict x = call->operand[0];
    const double *restrict y = call->operand[1];
    double *restrict out = call->operand[2];
    const size_t rows = call->rows;
    const double y0 = y[0];
    const double y1 = y[1];
    const double y2 = y[2];
#pragma omp parallel for simd schedule(static) if (parallel : rows >= SHARED / 3)
    for (size_t i = 0; i < rows; i++) {
        out[3 * i] = AXPY_A * x[3 * i] + y0;
        out[3 * i + 1] = AXPY_A * x[3 * i + 1] + y1;
        out[3 * i + 2] = AXPY_A * x[3 * i + 2] + y2;
    }
}

void hand_divide(const hand_call *call)
{
    const double *restrict x = call->operand[0];
    const double *restrict y = call->operand[1];
    double *restrict out = call->operand[2];
    const size_t count = call->rows;
#pragma omp parallel for simd schedule(static) if (parallel : count >= SHARED)
    for (size_t i = 0; i < count; i++) {
        out[i] = x[i] / y[i];
    }
}

void hand_divide_i4(const hand_call *call)
{
    const int32_t *restrict x = call->operand[0];
    const int32_t *restrict y = call->operand[1];
    int32_t *restrict out = call->operand[2];
    const size_t count = call->rows;
#pragma omp parallel for simd schedule(static) if (parallel : count >= SHARED)
    for (size_t i = 0; i < count; i++) {
        out[i] = x[i] / y[i];
    }
}

void hand_divide_i8(const hand_call *call)
{
    const int64_t *restrict x = call->operand[0];
    const int64_t *restrict y = call->operand[1];
    int64_t *restrict out = call->operand[2];
    const size_t count = call->rows;
#pragma omp parallel for simd schedule(static) if (parallel : count >= SHARED)
    for (size_t i = 0; i < count; i++) {
        out[i] = x[i] / y[i];
    }
}

void hand_exp(const hand_call *call)
{
    const double *restrict x = call->operand[0];
    const double *restrict y = call->operand[1];
    double *restrict out = call->operand[2];
    const size_t count = call->rows;
#pragma omp parallel for simd schedule(static) if (parallel : count >= SHARED)
    for (size_t i = 0; i < count; i++) {
        out[i] = exp(-x[i]) * y[i];
    }
}

/* Three steps, each of them a loop elsewhere, in one. */
void hand_chain(const hand_call *call)
{
    const double *restrict x = call->operand[0];
    const double *restrict y = call->operand[1];
    double *restrict out = call->operand[2];
    const size_t count = call->rows;
#pragma omp parallel for simd schedule(static) if (parallel : count >= SHARED)
    for (size_t i = 0; i < count; i++) {
        out[i] = exp(-(AXPY_A * (x[i] / y[i]) + y[i])) * y[i];
    }
}

void hand_black_scholes(const hand_call *call)
{
    const double *restrict price = call->operand[0];
    const double *restrict strike = call->operand[1];
    const double *restrict years = call->operand[2];
    double *restrict out = call->operand[3];
    const size_t count = call->rows;
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

void hand_haversine(const hand_call *call)
{
    const double *restrict lat1 = call->operand[0];
    const double *restrict lon1 = call->operand[1];
    const double *restrict lat2 = call->operand[2];
    const double *restrict lon2 = call->operand[3];
    double *restrict out = call->operand[4];
    const size_t count = call->rows;
#pragma omp parallel for simd schedule(static) if (parallel : count >= SHARED)
    for (size_t i = 0; i < count; i++) {
        const double p1 = RADIANS(lat1[i]);
        const double p2 = RADIANS(lat2[i]);
        const double sp = sin(0.5 * (p2 - p1));
        const double sl = sin(0.5 * (RADIANS(lon2[i]) - RADIANS(lon1[i])));
        out[i] = 2.0 * EARTH_KM * asin(sqrt(sp * sp + cos(p1) * cos(p2) * sl * sl));
    }
}

/* ---- Reductions ----------------------------------------------------------------------
 */

/* Four sums, each of a quarter: one alone would wait for its own additions. */
void hand_sum(const hand_call *call)
{
    const double *restrict x = call->operand[0];
    const size_t count = call->rows;
    const size_t quarter = count / 4;
    double a = 0;
    double b = 0;
    double c = 0;
    double d = 0;
#pragma omp parallel for simd schedule(static)                                           \
    reduction(+ : a, b, c, d) if (parallel : count >= SHARED)
    for (size_t i = 0; i < quarter; i++) {
        a += x[i];
        b += x[quarter + i];
        c += x[2 * quarter + i];
        d += x[3 * quarter + i];
    }
    for (size_t i = 4 * quarter; i < count; i++) {
        a += x[i];
    }
    *(double *)call->operand[1] = a + b + c + d;
}

void hand_sum_exp(const hand_call *call)
{
    const double *restrict x = call->operand[0];
    const size_t count = call->rows;
    double sum = 0;
#pragma omp parallel for simd schedule(static)                                           \
    reduction(+ : sum) if (parallel : count >= SHARED)
    for (size_t i = 0; i < count; i++) {
        sum += exp(-x[i]);
    }
    *(double *)call->operand[1] = sum;
}

void hand_max(const hand_call *call)
{
    const double *restrict x = call->operand[0];
    const size_t count = call->rows;
    double largest = x[0];
#pragma omp parallel for simd schedule(static)                                           \
    reduction(max : largest) if (parallel : count >= SHARED)
    for (size_t i = 0; i < count; i++) {
        largest = x[i] > largest ? x[i] : largest;
    }
    *(double *)call->operand[1] = largest;
}

/* Two walks: the largest by vectors, then the first that is it. */
void hand_argmax(const hand_call *call)
{
    const double *restrict x = call->operand[0];
    double largest;
    const hand_call of_max = {call->rows, 1, {call->operand[0], &largest}};
    hand_max(&of_max);
    size_t i = 0;
    while (x[i] != largest) {
        i++;
    }
    *(int64_t *)call->operand[1] = (int64_t)i;
}

/* Sums of columns: each thread has some columns, so it adds row after row in cache. */
void hand_sum_down(const hand_call *call)
{
    const double *restrict x = call->operand[0];
    double *restrict out = call->operand[1];
    const size_t rows = call->rows;
    const size_t columns = call->columns;
    const size_t block = 512;
    const size_t blocks = (columns + block - 1) / block;
#pragma omp parallel for schedule(static) if (blocks > 1 && rows * columns >= SHARED)
    for (size_t b = 0; b < blocks; b++) {
        const size_t begin = b * block;
        const size_t end = begin + block < columns ? begin + block : columns;
        for (size_t j = begin; j < end; j++) {
            out[j] = 0;
        }
        for (size_t i = 0; i < rows; i++) {
#pragma omp simd
            for (size_t j = begin; j < end; j++) {
                out[j] += x[i * columns + j];
            }
        }
    }
}

void hand_sum_along(const hand_call *call)
{
    const double *restrict x = call->operand[0];
    double *restrict out = call->operand[1];
    const size_t rows = call->rows;
    const size_t columns = call->columns;
#pragma omp parallel for schedule(static) if (rows * columns >= SHARED)
    for (size_t i = 0; i < rows; i++) {
        double sum = 0;
#pragma omp simd reduction(+ : sum)
        for (size_t j = 0; j < columns; j++) {
            sum += x[i * columns + j];
        }
        out[i] = sum;
    }
}
