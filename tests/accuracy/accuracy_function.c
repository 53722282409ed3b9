/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accuracy_function.c - the functions, from the table that codegen vectorises by: one
 * that is added there is measured here.
 */
#include "accuracy.h"

#include <math.h>
#include <string.h>

#include "kernel/symbols.h"

#define ROW(call, arity) ROW_##arity(call)
#define ROW_1(call)                                                                      \
    {.name = #call, .arity = 1, .exact1 = mpfr_##call, .f8_1 = call, .f4_1 = call##f},
#define ROW_2(call)                                                                      \
    {.name = #call, .arity = 2, .exact2 = mpfr_##call, .f8_2 = call, .f4_2 = call##f},

const accuracy_function accuracy_functions[] = {LANES_VECTOR_MATH_TABLE(ROW)};
const size_t accuracy_function_count = LANES_ARRAY_COUNT(accuracy_functions);

const accuracy_function *accuracy_find(const char *name)
{
    for (size_t i = 0; i < accuracy_function_count; i++) {
        if (strcmp(accuracy_functions[i].name, name) == 0) {
            return &accuracy_functions[i];
        }
    }
    return NULL;
}

double accuracy_libm(const accuracy_function *function, bool is_float, double x, double y)
{
    if (function->arity == 2) {
        return is_float ? (double)function->f4_2((float)x, (float)y)
                        : function->f8_2(x, y);
    }
    return is_float ? (double)function->f4_1((float)x) : function->f8_1(x);
}
