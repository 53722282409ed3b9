/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime_array.c - when an array can get another shape without a copy.
 */
#include "runtime/runtime_internal.h"

/* NumPy's limit; its successor of 64 needs IR that Numba does not make. */
#define DIMENSIONS_MAX 32

struct axes {
    int count;
    intptr_t size[DIMENSIONS_MAX];
    intptr_t stride[DIMENSIONS_MAX];
};

/* The axes without those of length 1, whose strides do not matter. */
static void take_axes(struct axes *out, intptr_t nd, const intptr_t *dims,
                      const intptr_t *strides)
{
    out->count = 0;
    for (intptr_t i = 0; i < nd; i++) {
        if (dims[i] != 1) {
            out->size[out->count] = dims[i];
            out->stride[out->count] = strides[i];
            out->count++;
        }
    }
}

/* a * b modulo 2^64: sizes are only compared, and IR may pass any. */
static intptr_t times(intptr_t a, intptr_t b)
{
    return (intptr_t)((uintptr_t)a * (uintptr_t)b);
}

static intptr_t product(const intptr_t *values, intptr_t count)
{
    intptr_t result = 1;
    for (intptr_t i = 0; i < count; i++) {
        result = times(result, values[i]);
    }
    return result;
}

/* True if going through axes [begin, end) in order is going through memory in even steps.
 */
static bool is_even(const struct axes *axes, int begin, int end, bool is_f_order)
{
    for (int i = begin; i < end - 1; i++) {
        const int inner = is_f_order ? i : i + 1;
        const int outer = is_f_order ? i + 1 : i;
        if (axes->stride[outer] != times(axes->size[inner], axes->stride[inner])) {
            return false;
        }
    }
    return true;
}

/* Strides of new axes [begin, end), which take the place of old ones [old_begin,
 * old_end). */
static void set_strides(const struct axes *old, int old_begin, int old_end,
                        const intptr_t *dims, intptr_t *strides, int begin, int end,
                        bool is_f_order)
{
    if (is_f_order) {
        intptr_t stride = old->stride[old_begin];
        for (int i = begin; i < end; i++) {
            strides[i] = stride;
            stride = times(stride, dims[i]);
        }
    } else {
        intptr_t stride = old->stride[old_end - 1];
        for (int i = end - 1; i >= begin; i--) {
            strides[i] = stride;
            stride = times(stride, dims[i]);
        }
    }
}

/*
 * Cut both lists of axes into groups of equal products, from the left, as short as
 * possible; each group of old axes must be even. @p out_done: new axes in groups.
 */
static bool match(const struct axes *old, int newnd, const intptr_t *newdims,
                  intptr_t *out_strides, bool is_f_order, int *out_done)
{
    int begin = 0;
    int old_begin = 0;
    while (begin < newnd && old_begin < old->count) {
        int end = begin + 1;
        int old_end = old_begin + 1;
        intptr_t size = newdims[begin];
        intptr_t old_size = old->size[old_begin];
        while (size != old_size) {
            if (size < old_size && end < newnd) {
                size = times(size, newdims[end++]);
            } else if (size > old_size && old_end < old->count) {
                old_size = times(old_size, old->size[old_end++]);
            } else {
                return false; /* only with sizes that overflow */
            }
        }
        if (!is_even(old, old_begin, old_end, is_f_order)) {
            return false;
        }
        set_strides(old, old_begin, old_end, newdims, out_strides, begin, end,
                    is_f_order);
        begin = end;
        old_begin = old_end;
    }
    *out_done = begin;
    return true;
}

/* NOLINTNEXTLINE(readability-identifier-naming,readability-function-size) */
int numba_attempt_nocopy_reshape(intptr_t nd, const intptr_t *dims,
                                 const intptr_t *strides, intptr_t newnd,
                                 const intptr_t *newdims, intptr_t *out_strides,
                                 intptr_t itemsize, int is_f_order)
{
    if (nd < 0 || nd > DIMENSIONS_MAX || newnd < 0 || newnd > DIMENSIONS_MAX) {
        return 0;
    }
    struct axes old;
    take_axes(&old, nd, dims, strides);
    const intptr_t count = product(newdims, newnd);
    if (count != product(dims, nd)) {
        return 0;
    }
    int done = 0;
    if (count != 0 &&
        !match(&old, (int)newnd, newdims, out_strides, is_f_order != 0, &done)) {
        return 0;
    }
    /* What is left are axes of length 1, or all of an empty array: any stride will do. */
    intptr_t stride = itemsize;
    if (done > 0) {
        stride = out_strides[done - 1];
        if (is_f_order) {
            stride = times(stride, newdims[done - 1]);
        }
    }
    for (intptr_t i = done; i < newnd; i++) {
        out_strides[i] = stride;
    }
    return 1;
}
