/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reshaping without a copy, against a reference that compares the addresses of all
 * elements: random shapes and strides, both orders, both answers.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "runtime/runtime_internal.h"

enum { ND_MAX = 5, ELEMENTS_MAX = 200 };

static uint64_t random_word = 0x9e3779b97f4a7c15u;

static int random_below(int limit)
{
    random_word = random_word * 6364136223846793005u + 1442695040888963407u;
    return (int)((random_word >> 33) % (uint64_t)limit);
}

static intptr_t count_of(int nd, const intptr_t *dims)
{
    intptr_t count = 1;
    for (int i = 0; i < nd; i++) {
        count *= dims[i];
    }
    return count;
}

/* Distances of all elements from the first, in C or Fortran order of their indices. */
static void list_addresses(int nd, const intptr_t *dims, const intptr_t *strides,
                           bool is_f_order, intptr_t *out)
{
    const intptr_t count = count_of(nd, dims);
    for (intptr_t i = 0; i < count; i++) {
        intptr_t rest = i;
        out[i] = 0;
        for (int k = 0; k < nd; k++) {
            const int axis = is_f_order ? k : nd - 1 - k;
            out[i] += rest % dims[axis] * strides[axis];
            rest /= dims[axis];
        }
    }
}

/* True if some strides show elements at @p addresses as an array of that shape: those
 * that the first element of each axis asks for. */
static bool is_possible(int nd, const intptr_t *dims, bool is_f_order,
                        const intptr_t *addresses)
{
    intptr_t strides[ND_MAX];
    intptr_t step = 1;
    for (int k = 0; k < nd; k++) {
        const int axis = is_f_order ? k : nd - 1 - k;
        strides[axis] = dims[axis] > 1 ? addresses[step] : 0;
        step *= dims[axis];
    }
    intptr_t found[ELEMENTS_MAX];
    list_addresses(nd, dims, strides, is_f_order, found);
    return memcmp(found, addresses, sizeof(found[0]) * (size_t)step) == 0;
}

/* A shape of @p count elements. */
static int random_shape(intptr_t count, intptr_t *dims)
{
    int nd = 0;
    while (nd < ND_MAX - 1 && (count > 1 || random_below(3) == 0)) {
        intptr_t divisor = 1 + random_below((int)count);
        while (count % divisor != 0) {
            divisor--;
        }
        dims[nd++] = divisor;
        count /= divisor;
    }
    dims[nd++] = count;
    return nd;
}

/* Strides of an array in memory order, of some slices and transpositions of such. */
static void random_strides(int nd, const intptr_t *dims, intptr_t *strides)
{
    const bool is_f_order = random_below(2) == 0;
    intptr_t step = 8 * (1 + random_below(2));
    for (int k = 0; k < nd; k++) {
        const int axis = is_f_order ? k : nd - 1 - k;
        strides[axis] = random_below(12) == 0 ? 0 : step;
        step *= dims[axis] + (random_below(8) == 0 ? 1 : 0);
        step *= random_below(12) == 0 ? -1 : 1;
    }
}

Test(runtime_array, reshape_answers_as_a_comparison_of_all_addresses)
{
    int answers[2] = {0, 0};
    for (int round = 0; round < 200000; round++) {
        intptr_t dims[ND_MAX];
        intptr_t strides[ND_MAX];
        intptr_t newdims[ND_MAX];
        intptr_t newstrides[ND_MAX] = {0};
        const intptr_t count = 1 + random_below(48);
        const int nd = random_shape(count, dims);
        const int newnd = random_shape(count, newdims);
        const bool is_f_order = random_below(2) == 0;
        random_strides(nd, dims, strides);
        intptr_t before[ELEMENTS_MAX];
        intptr_t after[ELEMENTS_MAX];
        list_addresses(nd, dims, strides, is_f_order, before);
        const int answer = numba_attempt_nocopy_reshape(nd, dims, strides, newnd, newdims,
                                                        newstrides, 8, is_f_order);
        cr_assert_eq(answer, is_possible(newnd, newdims, is_f_order, before), "round %d",
                     round);
        answers[answer]++;
        if (answer == 1) {
            list_addresses(newnd, newdims, newstrides, is_f_order, after);
            cr_assert_arr_eq(after, before, sizeof(after[0]) * (size_t)count);
        }
    }
    cr_expect(answers[0] > 10000 && answers[1] > 10000, "%d %d", answers[0], answers[1]);
}

/* numpy.arange(24.).reshape(2, 3, 4)[:, :, ::2].reshape(6, 1, 2, 1) and others. */
Test(runtime_array, reshape_gives_numpys_strides)
{
    const intptr_t dims[] = {2, 3, 2};
    const intptr_t strides[] = {96, 32, 16};
    const intptr_t newdims[] = {6, 1, 2, 1};
    intptr_t out[4];
    cr_expect_eq(numba_attempt_nocopy_reshape(3, dims, strides, 4, newdims, out, 8, 0),
                 1);
    const intptr_t expected[] = {32, 32, 16, 16};
    cr_expect_arr_eq(out, expected, sizeof(out));
    const intptr_t f_strides[] = {8, 16, 48};
    cr_expect_eq(numba_attempt_nocopy_reshape(3, dims, f_strides, 4, newdims, out, 8, 1),
                 1);
    const intptr_t f_expected[] = {8, 48, 48, 96};
    cr_expect_arr_eq(out, f_expected, sizeof(out));
    cr_expect_eq(numba_attempt_nocopy_reshape(3, dims, f_strides, 4, newdims, out, 8, 0),
                 0);
}

Test(runtime_array, reshape_of_nothing_and_of_one)
{
    const intptr_t none[] = {0, 3};
    const intptr_t strides[] = {24, 8};
    const intptr_t also_none[] = {5, 0, 2};
    intptr_t out[3] = {0};
    cr_expect_eq(numba_attempt_nocopy_reshape(2, none, strides, 3, also_none, out, 8, 0),
                 1);
    cr_expect(out[0] == 8 && out[1] == 8 && out[2] == 8);
    const intptr_t ones[] = {1, 1};
    cr_expect_eq(numba_attempt_nocopy_reshape(0, ones, strides, 2, ones, out, 4, 1), 1);
    cr_expect(out[0] == 4 && out[1] == 4);
    cr_expect_eq(numba_attempt_nocopy_reshape(2, ones, strides, 0, ones, out, 4, 0), 1);
}

Test(runtime_array, reshape_refuses_what_it_cannot_do)
{
    const intptr_t six[] = {2, 3};
    const intptr_t five[] = {5};
    const intptr_t strides[] = {24, 8};
    intptr_t out[40];
    cr_expect_eq(numba_attempt_nocopy_reshape(2, six, strides, 1, five, out, 8, 0), 0);
    intptr_t many[33];
    for (int i = 0; i < 33; i++) {
        many[i] = 1;
    }
    cr_expect_eq(numba_attempt_nocopy_reshape(33, many, many, 33, many, out, 8, 0), 0);
    cr_expect_eq(numba_attempt_nocopy_reshape(33, many, many, 1, many, out, 8, 0), 0);
    cr_expect_eq(numba_attempt_nocopy_reshape(1, many, many, 33, many, out, 8, 0), 0);
    cr_expect_eq(numba_attempt_nocopy_reshape(32, many, many, 32, many, out, 8, 0), 1);
    cr_expect_eq(numba_attempt_nocopy_reshape(-1, six, strides, 1, five, out, 8, 0), 0);
}

/* 5 * 0x6666666666666667 is 3 modulo 2^64: the products are equal, the groups never. */
Test(runtime_array, reshape_of_sizes_that_overflow_is_refused)
{
    const intptr_t huge[] = {5, 0x6666666666666667};
    const intptr_t three[] = {3};
    const intptr_t strides[] = {24, 8};
    intptr_t out[2];
    for (int is_f_order = 0; is_f_order < 2; is_f_order++) {
        cr_expect_eq(
            numba_attempt_nocopy_reshape(2, huge, strides, 1, three, out, 8, is_f_order),
            0);
        cr_expect_eq(
            numba_attempt_nocopy_reshape(1, three, strides, 2, huge, out, 8, is_f_order),
            0);
    }
}
