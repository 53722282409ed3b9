/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_copy.c - see engine_copy.h.
 *
 * Strides that are known while this is compiled let the compiler use vectors: one
 * element, backwards, every second or third, the same one again. Rows of two to four
 * elements are written out, others of a few are taken column by column; rows that are all
 * the same are copied from one another.
 * Everything exists for each level of x86-64, as packing is half the time of a strided
 * batch.
 */
#include "engine/engine_copy.h"

#include <string.h>

#include "base/base.h"

/* A complex number of two doubles. */
typedef struct pair {
    uint64_t word[2];
} pair;

/* Elements in clients' memory are anywhere, and of whatever type they are there. */
#define LOAD(to, at)  memcpy(&(to), (at), sizeof(to))
#define STORE(at, of) memcpy((at), &(of), sizeof(of))

/* Rows of fewer elements, of any size, take longer by a call of memcpy than by a loop. */
#define CALL_COLUMNS_MIN 8u

/* True if a box is one run in memory, as it is in the run. */
static bool is_run(const lanes_engine_box *box, uint64_t element_bytes)
{
    return box->column_stride == (int64_t)element_bytes &&
           (box->rows == 1 || box->row_stride == (int64_t)(box->columns * element_bytes));
}

/* The first row is there: the others are the same. */
static void repeat_row(char *run, uint64_t row_bytes, uint64_t rows)
{
    const uint64_t all = row_bytes * rows;
    for (uint64_t done = row_bytes; done < all;) {
        const uint64_t some = done < all - done ? done : all - done;
        memcpy(run + done, run, some);
        done += some;
    }
}

/* Rows of N elements side by side. */
#define DEFINE_ROWS_OF(N, T, LEVEL, ATTRIBUTE)                                           \
    ATTRIBUTE static void gather_rows_of_##N##_##T##LEVEL(const lanes_engine_box *box,   \
                                                          T *restrict to)                \
    {                                                                                    \
        const char *row = box->at;                                                       \
        for (uint64_t r = box->rows; r > 0; r--, row += box->row_stride, to += N) {      \
            memcpy(to, row, N * sizeof(T));                                              \
        }                                                                                \
    }                                                                                    \
    ATTRIBUTE static void scatter_rows_of_##N##_##T##LEVEL(const lanes_engine_box *box,  \
                                                           const T *restrict from)       \
    {                                                                                    \
        char *row = box->at;                                                             \
        for (uint64_t r = box->rows; r > 0; r--, row += box->row_stride, from += N) {    \
            memcpy(row, from, N * sizeof(T));                                            \
        }                                                                                \
    }

/* Any stride: elements by themselves. Vectors that are put together from eight loads are
 * slower (transposed 100 x 100 f8: 0.66 ns an element instead of 0.55). */
#define EACH_BY(count, at, stride, statement)                                            \
    for (uint64_t i = 0; i < (count); i++, (at) += (stride)) {                           \
        __asm__ volatile("" : "+r"(at));                                                 \
        statement;                                                                       \
    }

#define EACH(count, statement)                                                           \
    for (uint64_t i = 0; i < (count); i++) {                                             \
        statement;                                                                       \
    }

#define DEFINE_COPIES(T, LEVEL, ATTRIBUTE)                                               \
    DEFINE_ROWS_OF(2, T, LEVEL, ATTRIBUTE)                                               \
    DEFINE_ROWS_OF(3, T, LEVEL, ATTRIBUTE)                                               \
    DEFINE_ROWS_OF(4, T, LEVEL, ATTRIBUTE)                                               \
    ATTRIBUTE static void gather_row_##T##LEVEL(const char *row, int64_t stride,         \
                                                uint64_t columns, T *restrict to)        \
    {                                                                                    \
        if (stride == (int64_t)sizeof(T) && columns >= CALL_COLUMNS_MIN) {               \
            memcpy(to, row, columns * sizeof(T));                                        \
        } else if (stride == -(int64_t)sizeof(T)) {                                      \
            EACH(columns, LOAD(to[i], row - i * sizeof(T)))                              \
        } else if (stride == 0) {                                                        \
            T value;                                                                     \
            LOAD(value, row);                                                            \
            EACH(columns, to[i] = value)                                                 \
        } else if (stride == 2 * (int64_t)sizeof(T)) {                                   \
            EACH(columns, LOAD(to[i], row + i * 2 * sizeof(T)))                          \
        } else if (stride == 3 * (int64_t)sizeof(T)) {                                   \
            EACH(columns, LOAD(to[i], row + i * 3 * sizeof(T)))                          \
        } else {                                                                         \
            const char *at = row;                                                        \
            EACH_BY(columns, at, stride, LOAD(to[i], at))                                \
        }                                                                                \
    }                                                                                    \
    ATTRIBUTE static void gather_##T##LEVEL(const lanes_engine_box *box, void *run)      \
    {                                                                                    \
        T *to = run;                                                                     \
        const uint64_t columns = box->columns;                                           \
        const bool is_dense = box->column_stride == (int64_t)sizeof(T);                  \
        if (is_run(box, sizeof(T))) {                                                    \
            memcpy(to, box->at, box->rows * columns * sizeof(T));                        \
        } else if (box->row_stride == 0) {                                               \
            gather_row_##T##LEVEL(box->at, box->column_stride, columns, to);             \
            repeat_row(run, columns * sizeof(T), box->rows);                             \
        } else if (is_dense && columns == 2) {                                           \
            gather_rows_of_2_##T##LEVEL(box, to);                                        \
        } else if (is_dense && columns == 3) {                                           \
            gather_rows_of_3_##T##LEVEL(box, to);                                        \
        } else if (is_dense && columns == 4) {                                           \
            gather_rows_of_4_##T##LEVEL(box, to);                                        \
        } else if (columns < CALL_COLUMNS_MIN && columns < box->rows) {                  \
            for (uint64_t c = 0; c < columns; c++) {                                     \
                const char *at = box->at + (int64_t)c * box->column_stride;              \
                EACH_BY(box->rows, at, box->row_stride, LOAD(to[i * columns + c], at))   \
            }                                                                            \
        } else {                                                                         \
            const char *row = box->at;                                                   \
            for (uint64_t r = box->rows; r > 0; r--, row += box->row_stride) {           \
                gather_row_##T##LEVEL(row, box->column_stride, columns, to);             \
                to += columns;                                                           \
            }                                                                            \
        }                                                                                \
    }                                                                                    \
    ATTRIBUTE static void scatter_row_##T##LEVEL(                                        \
        char *row, int64_t stride, uint64_t columns, const T *restrict from)             \
    {                                                                                    \
        if (stride == (int64_t)sizeof(T) && columns >= CALL_COLUMNS_MIN) {               \
            memcpy(row, from, columns * sizeof(T));                                      \
        } else if (stride == -(int64_t)sizeof(T)) {                                      \
            EACH(columns, STORE(row - i * sizeof(T), from[i]))                           \
        } else {                                                                         \
            char *at = row;                                                              \
            EACH_BY(columns, at, stride, STORE(at, from[i]))                             \
        }                                                                                \
    }                                                                                    \
    ATTRIBUTE static void scatter_##T##LEVEL(const lanes_engine_box *box, void *run)     \
    {                                                                                    \
        const T *from = run;                                                             \
        const uint64_t columns = box->columns;                                           \
        const bool is_dense = box->column_stride == (int64_t)sizeof(T);                  \
        if (is_run(box, sizeof(T))) {                                                    \
            memcpy(box->at, from, box->rows * columns * sizeof(T));                      \
        } else if (is_dense && columns == 2) {                                           \
            scatter_rows_of_2_##T##LEVEL(box, from);                                     \
        } else if (is_dense && columns == 3) {                                           \
            scatter_rows_of_3_##T##LEVEL(box, from);                                     \
        } else if (is_dense && columns == 4) {                                           \
            scatter_rows_of_4_##T##LEVEL(box, from);                                     \
        } else if (columns < CALL_COLUMNS_MIN && columns < box->rows) {                  \
            for (uint64_t c = 0; c < columns; c++) {                                     \
                char *at = box->at + (int64_t)c * box->column_stride;                    \
                EACH_BY(box->rows, at, box->row_stride,                                  \
                        STORE(at, from[i * columns + c]))                                \
            }                                                                            \
        } else {                                                                         \
            char *row = box->at;                                                         \
            for (uint64_t r = box->rows; r > 0; r--, row += box->row_stride) {           \
                scatter_row_##T##LEVEL(row, box->column_stride, columns, from);          \
                from += columns;                                                         \
            }                                                                            \
        }                                                                                \
    }

#define DEFINE_LEVEL(LEVEL, ATTRIBUTE)                                                   \
    DEFINE_COPIES(uint8_t, LEVEL, ATTRIBUTE)                                             \
    DEFINE_COPIES(uint16_t, LEVEL, ATTRIBUTE)                                            \
    DEFINE_COPIES(uint32_t, LEVEL, ATTRIBUTE)                                            \
    DEFINE_COPIES(uint64_t, LEVEL, ATTRIBUTE)                                            \
    DEFINE_COPIES(pair, LEVEL, ATTRIBUTE)

/* By the logarithm of the element's size. */
#define TABLE(what, LEVEL)                                                               \
    {what##_uint8_t##LEVEL, what##_uint16_t##LEVEL, what##_uint32_t##LEVEL,              \
     what##_uint64_t##LEVEL, what##_pair##LEVEL}

DEFINE_LEVEL(_any, )
#if defined(__x86_64__)
DEFINE_LEVEL(_v3, __attribute__((target("avx2,bmi,bmi2"))))
DEFINE_LEVEL(_v4,
             __attribute__((target("avx2,bmi,bmi2,avx512f,avx512bw,avx512dq,avx512vl"))))
#endif

static const lanes_engine_copy_fn gathers[][5] = {
    TABLE(gather, _any),
#if defined(__x86_64__)
    TABLE(gather, _v3),
    TABLE(gather, _v4),
#endif
};
static const lanes_engine_copy_fn scatters[][5] = {
    TABLE(scatter, _any),
#if defined(__x86_64__)
    TABLE(scatter, _v3),
    TABLE(scatter, _v4),
#endif
};

/* A few loads of what was found out when the process started. */
uint32_t lanes_engine_copy_level(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
        return 2;
    }
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") ? 1 : 0;
#else
    return 0;
#endif
}

static uint32_t logarithm(uint32_t element_bytes)
{
    LANES_ASSERT(element_bytes >= 1 && element_bytes <= 16);
    return (uint32_t)__builtin_ctz(element_bytes);
}

lanes_engine_copy_fn lanes_engine_gather(uint32_t level, uint32_t element_bytes)
{
    return gathers[level][logarithm(element_bytes)];
}

lanes_engine_copy_fn lanes_engine_scatter(uint32_t level, uint32_t element_bytes)
{
    return scatters[level][logarithm(element_bytes)];
}
