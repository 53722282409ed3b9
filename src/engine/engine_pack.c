/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_pack.c - see engine_pack.h.
 *
 * Elements are taken by boxes of the two innermost dimensions, so that an array of three
 * columns costs two loops, not a call for each row. Elements are copied as words of their
 * size, through memcpy: operands need not be aligned.
 */
#include "engine/engine_pack.h"

#include <string.h>

/* A box of elements in memory; the run has its rows one behind the other. */
struct box {
    char *at;
    uint64_t rows;
    uint64_t columns;
    int64_t row_stride;
    int64_t column_stride;
};

/* Where a walk through an operand is. */
struct walk {
    const lanes_engine_space *space;
    const int64_t *stride;
    char *at;
    lanes_engine_place place;
};

static void begin_walk(struct walk *walk, const lanes_engine_source *source,
                       const lanes_engine_place *begin)
{
    walk->space = source->space;
    walk->stride = source->space->stride[source->operand];
    walk->at =
        source->first + lanes_engine_space_offset(source->space, source->operand, begin);
    for (uint32_t d = 0; d < source->space->dimensions; d++) {
        walk->place.index[d] = begin->index[d];
    }
}

/* Goes @p steps further in dimension @p d, and back to 0 in those further in. */
static void advance(struct walk *walk, uint32_t d, uint64_t steps)
{
    walk->place.index[d] += steps;
    walk->at += (int64_t)steps * walk->stride[d];
    while (d > 0 && walk->place.index[d] == walk->space->shape[d]) {
        walk->at -= (int64_t)walk->place.index[d] * walk->stride[d];
        walk->place.index[d] = 0;
        d--;
        walk->place.index[d]++;
        walk->at += walk->stride[d];
    }
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The next box of at most @p count elements, which is at least 1; returns how many. */
static uint64_t next_box(struct walk *walk, uint64_t count, struct box *box)
{
    LANES_ASSERT(walk->space->dimensions > 0);
    const uint32_t inner = walk->space->dimensions - 1;
    const uint64_t length = walk->space->shape[inner];
    box->at = walk->at;
    box->column_stride = walk->stride[inner];
    if (inner > 0 && walk->place.index[inner] == 0 && count >= length) {
        const uint64_t left =
            walk->space->shape[inner - 1] - walk->place.index[inner - 1];
        box->rows = count >= left * length ? left : count / length; /* seldom divides */
        box->columns = length;
        box->row_stride = walk->stride[inner - 1];
        advance(walk, inner - 1, box->rows);
    } else {
        box->rows = 1;
        box->columns = min_u64(length - walk->place.index[inner], count);
        box->row_stride = 0;
        advance(walk, inner, box->columns);
    }
    return box->rows * box->columns;
}

/* A complex number of two doubles. */
typedef struct pair {
    uint64_t word[2];
} pair;

/* Rows of fewer elements, of any size, take longer by a call of memcpy than by a loop. */
#define CALL_COLUMNS_MIN 8u

/*
 * gather_T and scatter_T: a box to and from a run. Fixed strides let the compiler use
 * vectors: 0, and backwards.
 */
#define DEFINE_COPIES(T)                                                                 \
    static void gather_##T(const struct box *box, char *run)                             \
    {                                                                                    \
        const char *row = box->at;                                                       \
        T *restrict to = (T *)(void *)run;                                               \
        const uint64_t columns = box->columns;                                           \
        const int64_t stride = box->column_stride;                                       \
        const int64_t row_stride = box->row_stride;                                      \
        for (uint64_t r = box->rows; r > 0; r--, row += row_stride, to += columns) {     \
            if (stride == (int64_t)sizeof(T) && columns >= CALL_COLUMNS_MIN) {           \
                memcpy(to, row, columns * sizeof(T));                                    \
            } else if (stride == -(int64_t)sizeof(T)) {                                  \
                for (uint64_t i = 0; i < columns; i++) {                                 \
                    memcpy(&to[i], row - i * sizeof(T), sizeof(T));                      \
                }                                                                        \
            } else if (stride == 0) {                                                    \
                T value;                                                                 \
                memcpy(&value, row, sizeof(T));                                          \
                for (uint64_t i = 0; i < columns; i++) {                                 \
                    to[i] = value;                                                       \
                }                                                                        \
            } else {                                                                     \
                const char *at = row;                                                    \
                for (uint64_t i = 0; i < columns; i++, at += stride) {                   \
                    memcpy(&to[i], at, sizeof(T));                                       \
                }                                                                        \
            }                                                                            \
        }                                                                                \
    }                                                                                    \
    static void scatter_##T(const struct box *box, const char *run)                      \
    {                                                                                    \
        char *row = box->at;                                                             \
        const T *restrict from = (const T *)(const void *)run;                           \
        const uint64_t columns = box->columns;                                           \
        const int64_t stride = box->column_stride;                                       \
        const int64_t row_stride = box->row_stride;                                      \
        for (uint64_t r = box->rows; r > 0; r--, row += row_stride, from += columns) {   \
            if (stride == (int64_t)sizeof(T) && columns >= CALL_COLUMNS_MIN) {           \
                memcpy(row, from, columns * sizeof(T));                                  \
            } else if (stride == -(int64_t)sizeof(T)) {                                  \
                for (uint64_t i = 0; i < columns; i++) {                                 \
                    memcpy(row - i * sizeof(T), &from[i], sizeof(T));                    \
                }                                                                        \
            } else {                                                                     \
                char *at = row;                                                          \
                for (uint64_t i = 0; i < columns; i++, at += stride) {                   \
                    memcpy(at, &from[i], sizeof(T));                                     \
                }                                                                        \
            }                                                                            \
        }                                                                                \
    }

DEFINE_COPIES(uint8_t)
DEFINE_COPIES(uint16_t)
DEFINE_COPIES(uint32_t)
DEFINE_COPIES(uint64_t)
DEFINE_COPIES(pair)

static void gather(const struct box *box, uint32_t element_bytes, char *run)
{
    switch (element_bytes) {
    case 1:
        gather_uint8_t(box, run);
        break;
    case 2:
        gather_uint16_t(box, run);
        break;
    case 4:
        gather_uint32_t(box, run);
        break;
    case 8:
        gather_uint64_t(box, run);
        break;
    default:
        LANES_ASSERT(element_bytes == sizeof(pair));
        gather_pair(box, run);
        break;
    }
}

static void scatter(const struct box *box, uint32_t element_bytes, const char *run)
{
    switch (element_bytes) {
    case 1:
        scatter_uint8_t(box, run);
        break;
    case 2:
        scatter_uint16_t(box, run);
        break;
    case 4:
        scatter_uint32_t(box, run);
        break;
    case 8:
        scatter_uint64_t(box, run);
        break;
    default:
        LANES_ASSERT(element_bytes == sizeof(pair));
        scatter_pair(box, run);
        break;
    }
}

void lanes_engine_pack(const lanes_engine_source *source, const lanes_engine_place *begin,
                       uint64_t count, void *run)
{
    struct walk walk;
    struct box box;
    char *at = run;
    begin_walk(&walk, source, begin);
    while (count > 0) {
        const uint64_t taken = next_box(&walk, count, &box);
        gather(&box, source->element_bytes, at);
        at += taken * source->element_bytes;
        count -= taken;
    }
}

void lanes_engine_unpack(const lanes_engine_source *source,
                         const lanes_engine_place *begin, uint64_t count, const void *run)
{
    struct walk walk;
    struct box box;
    const char *at = run;
    begin_walk(&walk, source, begin);
    while (count > 0) {
        const uint64_t taken = next_box(&walk, count, &box);
        scatter(&box, source->element_bytes, at);
        at += taken * source->element_bytes;
        count -= taken;
    }
}
