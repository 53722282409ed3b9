/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime_blas.c - products of vectors and matrices, for np.dot() and the @ operator.
 *
 * Plain loops: matrices inside one element are small, and threads are busy with elements.
 * Everything is made of two inner loops per kind, chosen so that matrices are read along
 * their columns: y += factor * x, and the sum of x * y.
 *
 * Unlike BLAS, nothing is assumed of what a factor of zero is multiplied with, except
 * that beta = 0 means that the output is not read.
 */
#include <complex.h>

#include "runtime/runtime_internal.h"

typedef float _Complex complex_float;
typedef double _Complex complex_double;

#define KIND_TABLE(X)                                                                    \
    X(s, float)                                                                          \
    X(d, double)                                                                         \
    X(c, complex_float)                                                                  \
    X(z, complex_double)

/* x, or its conjugate. */
static float read_s(float x, bool is_conjugate)
{
    (void)is_conjugate;
    return x;
}

static double read_d(double x, bool is_conjugate)
{
    (void)is_conjugate;
    return x;
}

static complex_float read_c(complex_float x, bool is_conjugate)
{
    return is_conjugate ? conjf(x) : x;
}

static complex_double read_z(complex_double x, bool is_conjugate)
{
    return is_conjugate ? conj(x) : x;
}

/* How an operand's elements are visited. */
struct elements {
    const void *data;
    intptr_t step; /* elements between two */
    bool is_conjugate;
};

/* The loops of one kind. */
struct kind {
    size_t bytes;
    /* out = sum over n of x * y; x has step 1 */
    void (*dot)(intptr_t n, struct elements x, struct elements y, void *out);
    /* y += alpha * *x * a, over n; x is one element, a and y have step 1 */
    void (*add)(intptr_t n, const void *alpha, struct elements x, const void *a, void *y);
    /* y = beta * y, over n; without reading y if beta is 0 */
    void (*scale)(intptr_t n, const void *beta, void *y);
    /* *y += alpha * *x, of one element each */
    void (*add_one)(const void *alpha, const void *x, void *y);
};

#define DEFINE_KIND(letter, type)                                                        \
    static void dot_##letter(intptr_t n, struct elements x, struct elements y,           \
                             void *out)                                                  \
    {                                                                                    \
        const type *xs = x.data;                                                         \
        const type *ys = y.data;                                                         \
        type sum = 0;                                                                    \
        for (intptr_t i = 0; i < n; i++) {                                               \
            sum += read_##letter(xs[i], x.is_conjugate) *                                \
                   read_##letter(ys[i * y.step], y.is_conjugate);                        \
        }                                                                                \
        *(type *)out = sum;                                                              \
    }                                                                                    \
    static void add_##letter(intptr_t n, const void *alpha, struct elements x,           \
                             const void *a, void *y)                                     \
    {                                                                                    \
        const type factor =                                                              \
            *(const type *)alpha * read_##letter(*(const type *)x.data, x.is_conjugate); \
        const type *column = a;                                                          \
        type *ys = y;                                                                    \
        for (intptr_t i = 0; i < n; i++) {                                               \
            ys[i] += factor * column[i];                                                 \
        }                                                                                \
    }                                                                                    \
    static void scale_##letter(intptr_t n, const void *beta, void *y)                    \
    {                                                                                    \
        const type factor = *(const type *)beta;                                         \
        const bool is_zero = factor == (type)0;                                          \
        type *ys = y;                                                                    \
        for (intptr_t i = 0; i < n; i++) {                                               \
            ys[i] = is_zero ? 0 : factor * ys[i];                                        \
        }                                                                                \
    }                                                                                    \
    static void add_one_##letter(const void *alpha, const void *x, void *y)              \
    {                                                                                    \
        *(type *)y += *(const type *)alpha * *(const type *)x;                           \
    }
KIND_TABLE(DEFINE_KIND)

#define KIND_ROW(letter, type)                                                           \
    {sizeof(type), dot_##letter, add_##letter, scale_##letter, add_one_##letter},
static const struct kind kinds[] = {KIND_TABLE(KIND_ROW)};
#define KIND_LETTER(letter, type) #letter
static const char kind_letters[] = KIND_TABLE(KIND_LETTER);

/* A matrix after its transposition. */
struct matrix {
    const char *data;
    intptr_t row_step; /* bytes from (i, j) to (i + 1, j) */
    intptr_t column_step;
    bool is_conjugate;
};

static const struct kind *find_kind(char letter)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(kinds); i++) {
        if (kind_letters[i] == letter) {
            return &kinds[i];
        }
    }
    lanes_runtime_fail(LANES_ELEMENT_FATAL);
    return NULL;
}

static bool make_matrix(const struct kind *kind, char trans, const void *data,
                        intptr_t leading, struct matrix *out)
{
    const char letter = (char)(trans | 0x20); /* lower case */
    const intptr_t element = (intptr_t)kind->bytes;
    const intptr_t column = element * leading;
    if (letter != 'n' && letter != 't' && letter != 'c') {
        lanes_runtime_fail(LANES_ELEMENT_FATAL);
        return false;
    }
    *out = (struct matrix){.data = data,
                           .row_step = letter == 'n' ? element : column,
                           .column_step = letter == 'n' ? column : element,
                           .is_conjugate = letter == 'c'};
    return true;
}

/* y = alpha * a * x + beta * y, for a of m rows and n columns. */
static void multiply_vector(const struct kind *kind, intptr_t m, intptr_t n,
                            const void *alpha, const struct matrix *a, struct elements x,
                            const void *beta, char *y)
{
    const intptr_t element = (intptr_t)kind->bytes;
    kind->scale(m, beta, y);
    if (a->row_step == element && !a->is_conjugate) {
        for (intptr_t j = 0; j < n; j++) {
            const struct elements one = {(const char *)x.data + j * x.step * element, 1,
                                         x.is_conjugate};
            kind->add(m, alpha, one, a->data + j * a->column_step, y);
        }
        return;
    }
    for (intptr_t i = 0; i < m; i++) {
        const struct elements row = {a->data + i * a->row_step, 1, a->is_conjugate};
        complex_double sum; /* of any kind */
        kind->dot(n, row, x, &sum);
        kind->add_one(alpha, &sum, y + i * element);
    }
}

/* NOLINTBEGIN(readability-identifier-naming,readability-function-size) */

int numba_xxdot(char kind, char conjugate, intptr_t n, const void *x, const void *y,
                void *out)
{
    const struct kind *loops = find_kind(kind);
    if (loops != NULL) {
        const struct elements xs = {x, 1, conjugate != 0};
        const struct elements ys = {y, 1, false};
        loops->dot(n, xs, ys, out);
    }
    return 0;
}

int numba_xxgemv(char kind, char trans, intptr_t m, intptr_t n, const void *alpha,
                 const void *a, intptr_t lda, const void *x, const void *beta, void *y)
{
    const struct kind *loops = find_kind(kind);
    struct matrix matrix;
    if (loops != NULL && make_matrix(loops, trans, a, lda, &matrix)) {
        const bool is_same = (trans | 0x20) == 'n'; /* m and n are those of a itself */
        const struct elements xs = {x, 1, false};
        multiply_vector(loops, is_same ? m : n, is_same ? n : m, alpha, &matrix, xs, beta,
                        y);
    }
    return 0;
}

int numba_xxgemm(char kind, char transa, char transb, intptr_t m, intptr_t n, intptr_t k,
                 const void *alpha, const void *a, intptr_t lda, const void *b,
                 intptr_t ldb, const void *beta, void *c, intptr_t ldc)
{
    const struct kind *loops = find_kind(kind);
    struct matrix left;
    struct matrix right;
    if (loops == NULL || !make_matrix(loops, transa, a, lda, &left) ||
        !make_matrix(loops, transb, b, ldb, &right)) {
        return 0;
    }
    const intptr_t element = (intptr_t)loops->bytes;
    for (intptr_t j = 0; j < n; j++) {
        const struct elements column = {right.data + j * right.column_step,
                                        right.row_step / element, right.is_conjugate};
        multiply_vector(loops, m, k, alpha, &left, column, beta,
                        (char *)c + j * ldc * element);
    }
    return 0;
}

/* NOLINTEND(readability-identifier-naming,readability-function-size) */
