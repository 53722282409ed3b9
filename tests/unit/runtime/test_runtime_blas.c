/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Products of vectors and matrices against sums written out in double complex: all kinds,
 * transpositions and conjugates, leading dimensions, factors, and empty operands.
 *
 * The reference reads and writes every kind through at() and put(); matrices are in
 * Fortran order, as Numba passes them.
 */
#include <complex.h>
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "runtime/runtime_internal.h"

#define NOT_A_NUMBER ((double)NAN)
#define INFINITE     ((double)INFINITY)

typedef double _Complex number;

/* Room for matrices of up to 7 x 7 with a leading dimension of 9, of any kind. */
enum { SIZE_MAX_TESTED = 8, ELEMENTS = 9 * 8, BYTES = ELEMENTS * 16 };

static const char kinds[] = "sdcz";
static const char forms[] = "nNtTcC";

static uint64_t random_word = 1;

static int random_below(int limit)
{
    random_word = random_word * 6364136223846793005u + 1442695040888963407u;
    return (int)((random_word >> 33) % (uint64_t)limit);
}

static number at(char kind, const void *data, int i)
{
    switch (kind) {
    case 's':
        return (double)((const float *)data)[i];
    case 'd':
        return ((const double *)data)[i];
    case 'c':
        return (number)((const float _Complex *)data)[i];
    default:
        return ((const number *)data)[i];
    }
}

static void put(char kind, void *data, int i, number value)
{
    switch (kind) {
    case 's':
        ((float *)data)[i] = (float)creal(value);
        break;
    case 'd':
        ((double *)data)[i] = creal(value);
        break;
    case 'c':
        ((float _Complex *)data)[i] = (float _Complex)value;
        break;
    default:
        ((number *)data)[i] = value;
    }
}

/* Small numbers of eighths, so that sums of products are exact in every kind. */
static number random_number(void)
{
    const double real = (random_below(17) - 8) / 8.0;
    const double imag = (random_below(17) - 8) / 8.0;
    return __builtin_complex(real, imag);
}

static void fill(char kind, void *data)
{
    for (int i = 0; i < ELEMENTS; i++) {
        put(kind, data, i, random_number());
    }
}

static bool is_plain(char form)
{
    return form == 'n' || form == 'N';
}

/* Element (i, j) of op(a). */
static number of_matrix(char kind, char form, const void *a, int lda, int i, int j)
{
    if (is_plain(form)) {
        return at(kind, a, i + j * lda);
    }
    const number value = at(kind, a, j + i * lda);
    return form == 'c' || form == 'C' ? conj(value) : value;
}

struct product {
    char kind;
    char transa;
    char transb;
    int m;
    int n;
    int k;
    int lda;
    int ldb;
    int ldc;
    number alpha;
    number beta;
};

/* Leading dimension of a matrix in memory that op() makes @p rows x @p columns. */
static int random_leading(char form, int rows, int columns)
{
    const int height = is_plain(form) ? rows : columns;
    return (height > 0 ? height : 1) + random_below(3);
}

static struct product random_product(void)
{
    static const number factors[] = {0, 1, -0.5, __builtin_complex(2.0, 1.0)};
    struct product p = {.kind = kinds[random_below(4)],
                        .transa = forms[random_below(6)],
                        .transb = forms[random_below(6)],
                        .m = random_below(SIZE_MAX_TESTED),
                        .n = random_below(SIZE_MAX_TESTED),
                        .k = random_below(SIZE_MAX_TESTED),
                        .alpha = factors[random_below(4)],
                        .beta = factors[random_below(4)]};
    p.lda = random_leading(p.transa, p.m, p.k);
    p.ldb = random_leading(p.transb, p.k, p.n);
    p.ldc = random_leading('n', p.m, p.n);
    return p;
}

/* The real part only, for real kinds. */
static number narrowed(char kind, number value)
{
    return kind == 's' || kind == 'd' ? creal(value) : value;
}

static void multiply_by_definition(const struct product *p, const void *a, const void *b,
                                   void *c)
{
    for (int i = 0; i < p->m; i++) {
        for (int j = 0; j < p->n; j++) {
            number sum = 0;
            for (int l = 0; l < p->k; l++) {
                sum += of_matrix(p->kind, p->transa, a, p->lda, i, l) *
                       of_matrix(p->kind, p->transb, b, p->ldb, l, j);
            }
            const number before = at(p->kind, c, i + j * p->ldc);
            put(p->kind, c, i + j * p->ldc,
                narrowed(p->kind, p->alpha) * sum + narrowed(p->kind, p->beta) * before);
        }
    }
}

static void expect_equal(const struct product *p, const void *found, const void *expected)
{
    for (int i = 0; i < ELEMENTS; i++) {
        const number difference = at(p->kind, found, i) - at(p->kind, expected, i);
        cr_assert(cabs(difference) == 0, "%c %c %c m %d n %d k %d, element %d: off by %g",
                  p->kind, p->transa, p->transb, p->m, p->n, p->k, i, cabs(difference));
    }
}

Test(runtime_blas, matrix_times_matrix)
{
    static _Alignas(16) char a[BYTES];
    static _Alignas(16) char b[BYTES];
    static _Alignas(16) char c[BYTES];
    static _Alignas(16) char expected[BYTES];
    for (int round = 0; round < 20000; round++) {
        const struct product p = random_product();
        number alpha;
        number beta;
        fill(p.kind, a);
        fill(p.kind, b);
        fill(p.kind, c);
        put(p.kind, &alpha, 0, p.alpha);
        put(p.kind, &beta, 0, p.beta);
        memcpy(expected, c, sizeof(c));
        multiply_by_definition(&p, a, b, expected);
        cr_assert_eq(numba_xxgemm(p.kind, p.transa, p.transb, p.m, p.n, p.k, &alpha, a,
                                  p.lda, b, p.ldb, &beta, c, p.ldc),
                     0);
        expect_equal(&p, c, expected);
    }
}

Test(runtime_blas, matrix_times_vector)
{
    static _Alignas(16) char a[BYTES];
    static _Alignas(16) char x[BYTES];
    static _Alignas(16) char y[BYTES];
    static _Alignas(16) char expected[BYTES];
    for (int round = 0; round < 20000; round++) {
        struct product p = random_product();
        /* m and n are the matrix's own; op() turns them. */
        const bool is_same = is_plain(p.transa);
        const int m = is_same ? p.m : p.k;
        const int n = is_same ? p.k : p.m;
        p.n = 1;
        p.transb = 'n';
        number alpha;
        number beta;
        fill(p.kind, a);
        fill(p.kind, x);
        fill(p.kind, y);
        put(p.kind, &alpha, 0, p.alpha);
        put(p.kind, &beta, 0, p.beta);
        memcpy(expected, y, sizeof(y));
        multiply_by_definition(&p, a, x, expected);
        cr_assert_eq(numba_xxgemv(p.kind, p.transa, m, n, &alpha, a, p.lda, x, &beta, y),
                     0);
        expect_equal(&p, y, expected);
    }
}

Test(runtime_blas, vector_times_vector)
{
    static _Alignas(16) char x[BYTES];
    static _Alignas(16) char y[BYTES];
    for (int round = 0; round < 5000; round++) {
        const char kind = kinds[random_below(4)];
        const int conjugate = random_below(2);
        const int n = random_below(30);
        fill(kind, x);
        fill(kind, y);
        number sum = 0;
        for (int i = 0; i < n; i++) {
            const number left = at(kind, x, i);
            sum += (conjugate ? conj(left) : left) * at(kind, y, i);
        }
        number out = 99;
        cr_assert_eq(numba_xxdot(kind, (char)conjugate, n, x, y, &out), 0);
        cr_assert_eq(cabs(at(kind, &out, 0) - sum), 0, "%c %d n %d", kind, conjugate, n);
    }
}

Test(runtime_blas, output_is_not_read_if_beta_is_zero)
{
    const double a[] = {1, 2, 3, 4};
    const double one = 1;
    const double zero = 0;
    double c[] = {NOT_A_NUMBER, NOT_A_NUMBER, NOT_A_NUMBER, NOT_A_NUMBER};
    numba_xxgemm('d', 'n', 'n', 2, 2, 2, &one, a, 2, a, 2, &zero, c, 2);
    const double square[] = {7, 10, 15, 22};
    cr_expect_arr_eq(c, square, sizeof(c));
    double y[] = {NOT_A_NUMBER, NOT_A_NUMBER};
    numba_xxgemv('d', 't', 2, 2, &one, a, 2, a, &zero, y);
    cr_expect(y[0] == 5 && y[1] == 11);
    /* No columns: a sum of nothing, where BLAS would leave y as it is. */
    y[0] = NOT_A_NUMBER;
    numba_xxgemv('d', 'n', 2, 0, &one, a, 2, a, &zero, y);
    cr_expect(y[0] == 0 && y[1] == 0);
}

Test(runtime_blas, infinities_and_nan_come_through)
{
    const double a[] = {INFINITE, 1, 0, 1};
    const double zero = 0;
    const double one = 1;
    double c[4];
    numba_xxgemm('d', 'n', 'n', 2, 2, 2, &one, a, 2, a, 2, &zero, c, 2);
    cr_expect(c[0] == INFINITE && isnan(c[2]), "infinity times 0 is NaN");
}

Test(runtime_blas, unknown_kinds_and_forms_fail_the_element)
{
    const double one = 1;
    double out = 5;
    for (int i = 0; i < 4; i++) {
        lanes_runtime_begin(0, (uint64_t)i);
        int answer = 9;
        if (i == 0) {
            answer = numba_xxdot('q', 0, 1, &one, &one, &out);
        } else if (i == 1) {
            answer = numba_xxgemv('d', 'x', 1, 1, &one, &one, 1, &one, &one, &out);
        } else if (i == 2) {
            answer = numba_xxgemm('d', 'n', '\0', 1, 1, 1, &one, &one, 1, &one, 1, &one,
                                  &out, 1);
        } else {
            answer = numba_xxgemm('\0', 'n', 'n', 1, 1, 1, &one, &one, 1, &one, 1, &one,
                                  &out, 1);
        }
        cr_expect_eq(answer, 0);
        cr_expect_eq(lanes_runtime_failure(), LANES_ELEMENT_FATAL, "case %d", i);
        cr_expect_eq(out, 5.0);
    }
}
