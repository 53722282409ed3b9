/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_copy.c - see engine_copy.h.
 *
 * Strides that are known while this is compiled let the compiler use vectors: one
 * element, backwards, every second or third, the same one again. Rows of two to four
 * elements are written out, others of a few are taken column by column; rows that are all
 * the same are copied from one another. Two things the compiler does not find: a matrix
 * that is walked through across its rows is turned in registers, square by square, and
 * every second element is stored through a mask.
 * Everything exists for each level of x86-64, as packing is half the time of a strided
 * batch.
 *
 * Bytes between the elements of a box may be read, as they are part of the operand's
 * span; behind the last element there may be no memory. Nothing but elements is written:
 * others may be writing between them.
 */
#include "engine/engine_copy.h"

#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

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

#define EACH(count, statement)                                                           \
    for (uint64_t i = 0; i < (count); i++) {                                             \
        statement;                                                                       \
    }

/* Any stride: elements by themselves, four a turn. Vectors that are put together from
 * eight loads are slower. */
#define EACH_BY(count, at, stride, STATEMENT)                                            \
    {                                                                                    \
        uint64_t i = 0;                                                                  \
        for (; i + 4 <= (count); i += 4) {                                               \
            STATEMENT(at, i);                                                            \
            STATEMENT((at) + (stride), i + 1);                                           \
            (at) += 2 * (stride);                                                        \
            __asm__ volatile("" : "+r"(at) : : "memory");                                \
            STATEMENT(at, i + 2);                                                        \
            STATEMENT((at) + (stride), i + 3);                                           \
            (at) += 2 * (stride);                                                        \
            __asm__ volatile("" : "+r"(at) : : "memory");                                \
        }                                                                                \
        for (; i < (count); i++, (at) += (stride)) {                                     \
            __asm__ volatile("" : "+r"(at));                                             \
            STATEMENT(at, i);                                                            \
        }                                                                                \
    }
#define LOAD_IN_ROW(at, i)     LOAD(to[i], at)
#define LOAD_IN_COLUMN(at, i)  LOAD(to[(i) * columns + c], at)
#define STORE_IN_ROW(at, i)    STORE(at, from[i])
#define STORE_IN_COLUMN(at, i) STORE(at, from[(i) * columns + c])

/*
 * Rows of N elements. Side by side, they are taken WIDE elements at a time: what is too
 * much is part of the next row, here and there.
 */
#define DEFINE_ROWS_OF(N, WIDE, T, LEVEL, ATTRIBUTE)                                     \
    ATTRIBUTE static void gather_dense_##N##_##T##LEVEL(const lanes_engine_box *box,     \
                                                        T *to)                           \
    {                                                                                    \
        const char *row = box->at;                                                       \
        const int64_t stride = box->row_stride;                                          \
        uint64_t r = box->rows;                                                          \
        if (stride >= (int64_t)((WIDE - N) * sizeof(T))) {                               \
            for (; r > 1; r--, row += stride, to += N) {                                 \
                memcpy(to, row, WIDE * sizeof(T));                                       \
            }                                                                            \
        }                                                                                \
        for (; r > 0; r--, row += stride, to += N) {                                     \
            memcpy(to, row, N * sizeof(T));                                              \
        }                                                                                \
    }                                                                                    \
    ATTRIBUTE static void gather_rows_of_##N##_##T##LEVEL(const lanes_engine_box *box,   \
                                                          T *restrict to)                \
    {                                                                                    \
        const char *row = box->at;                                                       \
        const int64_t stride = box->column_stride;                                       \
        if (box->row_stride == (int64_t)sizeof(T)) {                                     \
            for (uint64_t r = 0; r < box->rows; r++) {                                   \
                EACH(N, LOAD(to[r * N + i], row + r * sizeof(T) + (int64_t)i * stride))  \
            }                                                                            \
        } else {                                                                         \
            for (uint64_t r = box->rows; r > 0; r--, row += box->row_stride, to += N) {  \
                EACH(N, LOAD(to[i], row + (int64_t)i * stride))                          \
            }                                                                            \
        }                                                                                \
    }                                                                                    \
    ATTRIBUTE static void scatter_dense_##N##_##T##LEVEL(const lanes_engine_box *box,    \
                                                         const T *restrict from)         \
    {                                                                                    \
        char *row = box->at;                                                             \
        for (uint64_t r = box->rows; r > 0; r--, row += box->row_stride, from += N) {    \
            memcpy(row, from, N * sizeof(T));                                            \
        }                                                                                \
    }

/*
 * A box whose columns are runs, four by four: 4 loads, 8 shuffles and 4 stores of 16
 * elements. Rows are the inner loop, so that a cache line is read once, however far it is
 * to the next column. The result tells whether that is how the box is, and it was done.
 */
#define DEFINE_TURN(T, SHUFFLE, LEVEL, ATTRIBUTE)                                        \
    ATTRIBUTE static inline void turn_square_##T##LEVEL(                                 \
        const char *at, int64_t column_stride, T *to, uint64_t columns)                  \
    {                                                                                    \
        typedef T four __attribute__((vector_size(4 * sizeof(T))));                      \
        four v[4], w[4];                                                                 \
        EACH(4, LOAD(v[i], at + (int64_t)i * column_stride))                             \
        SHUFFLE(v, w)                                                                    \
        EACH(4, STORE(to + i * columns, v[i]))                                           \
    }                                                                                    \
    ATTRIBUTE static bool turn_##T##LEVEL(const lanes_engine_box *box, T *to)            \
    {                                                                                    \
        const uint64_t columns = box->columns;                                           \
        const uint64_t whole_rows = box->rows - box->rows % 4;                           \
        const uint64_t whole_columns = columns - columns % 4;                            \
        if (box->row_stride != (int64_t)sizeof(T) || box->rows < 4 || columns < 4) {     \
            return false;                                                                \
        }                                                                                \
        for (uint64_t c = 0; c < columns; c++) {                                         \
            const char *column = box->at + (int64_t)c * box->column_stride;              \
            for (uint64_t r = 0; r < whole_rows && c % 4 == 0 && c < whole_columns;      \
                 r += 4) {                                                               \
                turn_square_##T##LEVEL(column + r * sizeof(T), box->column_stride,       \
                                       to + r * columns + c, columns);                   \
            }                                                                            \
            for (uint64_t r = c < whole_columns ? whole_rows : 0; r < box->rows; r++) {  \
                LOAD(to[r * columns + c], column + r * sizeof(T));                       \
            }                                                                            \
        }                                                                                \
        return true;                                                                     \
    }

/* Halves of 16 bytes are changed last: within them a shuffle takes a cycle. */
#define TURN_8_BYTES(v, w)                                                               \
    w[0] = __builtin_shufflevector(v[0], v[1], 0, 4, 2, 6);                              \
    w[1] = __builtin_shufflevector(v[0], v[1], 1, 5, 3, 7);                              \
    w[2] = __builtin_shufflevector(v[2], v[3], 0, 4, 2, 6);                              \
    w[3] = __builtin_shufflevector(v[2], v[3], 1, 5, 3, 7);                              \
    v[0] = __builtin_shufflevector(w[0], w[2], 0, 1, 4, 5);                              \
    v[1] = __builtin_shufflevector(w[1], w[3], 0, 1, 4, 5);                              \
    v[2] = __builtin_shufflevector(w[0], w[2], 2, 3, 6, 7);                              \
    v[3] = __builtin_shufflevector(w[1], w[3], 2, 3, 6, 7);
#define TURN_4_BYTES(v, w)                                                               \
    w[0] = __builtin_shufflevector(v[0], v[1], 0, 4, 1, 5);                              \
    w[1] = __builtin_shufflevector(v[0], v[1], 2, 6, 3, 7);                              \
    w[2] = __builtin_shufflevector(v[2], v[3], 0, 4, 1, 5);                              \
    w[3] = __builtin_shufflevector(v[2], v[3], 2, 6, 3, 7);                              \
    v[0] = __builtin_shufflevector(w[0], w[2], 0, 1, 4, 5);                              \
    v[1] = __builtin_shufflevector(w[0], w[2], 2, 3, 6, 7);                              \
    v[2] = __builtin_shufflevector(w[1], w[3], 0, 1, 4, 5);                              \
    v[3] = __builtin_shufflevector(w[1], w[3], 2, 3, 6, 7);

#define DEFINE_NO_TURN(T, LEVEL)                                                         \
    static bool turn_##T##LEVEL(const lanes_engine_box *box, T *to)                      \
    {                                                                                    \
        (void)box;                                                                       \
        (void)to;                                                                        \
        return false;                                                                    \
    }

/*
 * Stores elements to every second or third place, as many as there are vectors of, and
 * returns how many. AVX2 has such stores as well; they take 12 cycles and more on Zen 2
 * and 3.
 */
#define DEFINE_NO_APART(T, LEVEL)                                                        \
    static uint64_t store_apart_##T##LEVEL(char *at, uint64_t gap, uint64_t count,       \
                                           const T *from)                                \
    {                                                                                    \
        (void)at;                                                                        \
        (void)gap;                                                                       \
        (void)count;                                                                     \
        (void)from;                                                                      \
        return 0;                                                                        \
    }

#define DEFINE_COPIES(T, LEVEL, ATTRIBUTE)                                               \
    DEFINE_ROWS_OF(2, 2, T, LEVEL, ATTRIBUTE)                                            \
    DEFINE_ROWS_OF(3, 4, T, LEVEL, ATTRIBUTE)                                            \
    DEFINE_ROWS_OF(4, 4, T, LEVEL, ATTRIBUTE)                                            \
    ATTRIBUTE static bool gather_few_##T##LEVEL(const lanes_engine_box *box, T *to)      \
    {                                                                                    \
        const bool is_dense = box->column_stride == (int64_t)sizeof(T);                  \
        switch (box->columns) {                                                          \
        case 2:                                                                          \
            (is_dense ? gather_dense_2_##T##LEVEL : gather_rows_of_2_##T##LEVEL)(box,    \
                                                                                 to);    \
            return true;                                                                 \
        case 3:                                                                          \
            (is_dense ? gather_dense_3_##T##LEVEL : gather_rows_of_3_##T##LEVEL)(box,    \
                                                                                 to);    \
            return true;                                                                 \
        case 4:                                                                          \
            (is_dense ? gather_dense_4_##T##LEVEL : gather_rows_of_4_##T##LEVEL)(box,    \
                                                                                 to);    \
            return true;                                                                 \
        default:                                                                         \
            return false;                                                                \
        }                                                                                \
    }                                                                                    \
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
            EACH_BY(columns, at, stride, LOAD_IN_ROW)                                    \
        }                                                                                \
    }                                                                                    \
    ATTRIBUTE static void gather_##T##LEVEL(const lanes_engine_box *box, void *run)      \
    {                                                                                    \
        T *to = run;                                                                     \
        const uint64_t columns = box->columns;                                           \
        if (is_run(box, sizeof(T))) {                                                    \
            memcpy(to, box->at, box->rows * columns * sizeof(T));                        \
        } else if (box->row_stride == 0) {                                               \
            gather_row_##T##LEVEL(box->at, box->column_stride, columns, to);             \
            repeat_row(run, columns * sizeof(T), box->rows);                             \
        } else if (gather_few_##T##LEVEL(box, to) || turn_##T##LEVEL(box, to)) {         \
            return;                                                                      \
        } else if (columns < CALL_COLUMNS_MIN && columns < box->rows) {                  \
            for (uint64_t c = 0; c < columns; c++) {                                     \
                const char *at = box->at + (int64_t)c * box->column_stride;              \
                EACH_BY(box->rows, at, box->row_stride, LOAD_IN_COLUMN)                  \
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
            uint64_t done = 0;                                                           \
            if (stride == 2 * (int64_t)sizeof(T) || stride == 3 * (int64_t)sizeof(T)) {  \
                done = store_apart_##T##LEVEL(row, (uint64_t)stride / sizeof(T),         \
                                              columns, from);                            \
            }                                                                            \
            char *at = row + (int64_t)done * stride;                                     \
            from += done;                                                                \
            EACH_BY(columns - done, at, stride, STORE_IN_ROW)                            \
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
            scatter_dense_2_##T##LEVEL(box, from);                                       \
        } else if (is_dense && columns == 3) {                                           \
            scatter_dense_3_##T##LEVEL(box, from);                                       \
        } else if (is_dense && columns == 4) {                                           \
            scatter_dense_4_##T##LEVEL(box, from);                                       \
        } else if (columns < CALL_COLUMNS_MIN && columns < box->rows) {                  \
            for (uint64_t c = 0; c < columns; c++) {                                     \
                char *at = box->at + (int64_t)c * box->column_stride;                    \
                EACH_BY(box->rows, at, box->row_stride, STORE_IN_COLUMN)                 \
            }                                                                            \
        } else {                                                                         \
            char *row = box->at;                                                         \
            for (uint64_t r = box->rows; r > 0; r--, row += box->row_stride) {           \
                scatter_row_##T##LEVEL(row, box->column_stride, columns, from);          \
                from += columns;                                                         \
            }                                                                            \
        }                                                                                \
    }

/* What only some levels have, and only for elements of 4 and 8 bytes. */
#define DEFINE_NONE(T, LEVEL)                                                            \
    DEFINE_NO_TURN(T, LEVEL)                                                             \
    DEFINE_NO_APART(T, LEVEL)
#define DEFINE_NONE_OF_OTHERS(LEVEL)                                                     \
    DEFINE_NONE(uint8_t, LEVEL)                                                          \
    DEFINE_NONE(uint16_t, LEVEL)                                                         \
    DEFINE_NONE(pair, LEVEL)

DEFINE_NONE_OF_OTHERS(_any)
DEFINE_NONE(uint32_t, _any)
DEFINE_NONE(uint64_t, _any)

#if defined(__x86_64__)
#define ATTRIBUTE_v3 __attribute__((target("avx2,bmi,bmi2")))
#define ATTRIBUTE_v4                                                                     \
    __attribute__((target("avx2,bmi,bmi2,avx512f,avx512bw,avx512dq,avx512vl,prfchw")))

DEFINE_NONE_OF_OTHERS(_v3)
DEFINE_NO_APART(uint32_t, _v3)
DEFINE_NO_APART(uint64_t, _v3)
DEFINE_TURN(uint32_t, TURN_4_BYTES, _v3, ATTRIBUTE_v3)
DEFINE_TURN(uint64_t, TURN_8_BYTES, _v3, ATTRIBUTE_v3)

DEFINE_NONE_OF_OTHERS(_v4)
DEFINE_TURN(uint32_t, TURN_4_BYTES, _v4, ATTRIBUTE_v4)
DEFINE_TURN(uint64_t, TURN_8_BYTES, _v4, ATTRIBUTE_v4)

/* The lines of stores that leave gaps are fetched ahead, by bytes: from memory, that is
 * worth 40 %. */
#define FETCH_AHEAD 2048

ATTRIBUTE_v4 static uint64_t store_apart_uint32_t_v4(char *at, uint64_t gap,
                                                     uint64_t count, const uint32_t *from)
{
    uint64_t i = 0;
    if (gap == 2) {
        for (; i + 8 <= count; i += 8, at += 64) {
            const __m256i some = _mm256_loadu_si256((const void *)(from + i));
            __builtin_prefetch(at + FETCH_AHEAD, 1);
            _mm512_mask_storeu_epi32(at, 0x5555, _mm512_cvtepu32_epi64(some));
        }
    } else if (gap == 3) {
        const __m512i first =
            _mm512_setr_epi32(0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5);
        const __m512i second =
            _mm512_setr_epi32(5, 5, 6, 6, 6, 7, 7, 7, 8, 8, 8, 9, 9, 9, 10, 10);
        const __m512i third = _mm512_setr_epi32(10, 11, 11, 11, 12, 12, 12, 13, 13, 13,
                                                14, 14, 14, 15, 15, 15);
        for (; i + 16 <= count; i += 16, at += 192) {
            const __m512i some = _mm512_loadu_si512(from + i);
            __builtin_prefetch(at + FETCH_AHEAD, 1);
            __builtin_prefetch(at + FETCH_AHEAD + 64, 1);
            __builtin_prefetch(at + FETCH_AHEAD + 128, 1);
            _mm512_mask_storeu_epi32(at, 0x9249, _mm512_permutexvar_epi32(first, some));
            _mm512_mask_storeu_epi32(at + 64, 0x4924,
                                     _mm512_permutexvar_epi32(second, some));
            _mm512_mask_storeu_epi32(at + 128, 0x2492,
                                     _mm512_permutexvar_epi32(third, some));
        }
    }
    return i;
}

ATTRIBUTE_v4 static uint64_t store_apart_uint64_t_v4(char *at, uint64_t gap,
                                                     uint64_t count, const uint64_t *from)
{
    uint64_t i = 0;
    if (gap == 2) {
        const __m512i place = _mm512_setr_epi64(0, 0, 1, 1, 2, 2, 3, 3);
        for (; i + 4 <= count; i += 4, at += 64) {
            const __m256i some = _mm256_loadu_si256((const void *)(from + i));
            __builtin_prefetch(at + FETCH_AHEAD, 1);
            _mm512_mask_storeu_epi64(
                at, 0x55, _mm512_permutexvar_epi64(place, _mm512_castsi256_si512(some)));
        }
    } else if (gap == 3) {
        const __m512i first = _mm512_setr_epi64(0, 0, 0, 1, 1, 1, 2, 2);
        const __m512i second = _mm512_setr_epi64(2, 3, 3, 3, 4, 4, 4, 5);
        const __m512i third = _mm512_setr_epi64(5, 5, 6, 6, 6, 7, 7, 7);
        for (; i + 8 <= count; i += 8, at += 192) {
            const __m512i some = _mm512_loadu_si512(from + i);
            __builtin_prefetch(at + FETCH_AHEAD, 1);
            __builtin_prefetch(at + FETCH_AHEAD + 64, 1);
            __builtin_prefetch(at + FETCH_AHEAD + 128, 1);
            _mm512_mask_storeu_epi64(at, 0x49, _mm512_permutexvar_epi64(first, some));
            _mm512_mask_storeu_epi64(at + 64, 0x92,
                                     _mm512_permutexvar_epi64(second, some));
            _mm512_mask_storeu_epi64(at + 128, 0x24,
                                     _mm512_permutexvar_epi64(third, some));
        }
    }
    return i;
}
#endif

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
DEFINE_LEVEL(_v3, ATTRIBUTE_v3)
DEFINE_LEVEL(_v4, ATTRIBUTE_v4)
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
