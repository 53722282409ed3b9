/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_name.c - what NumPy, Numba and C call the element types, on Linux on x86-64.
 */
#include "kernel/kernel_internal.h"

#include <string.h>

#include "base/base.h"

struct name_row {
    const char *name;
    uint32_t dtype;
};

/* Besides NumPy's letters. */
static const struct name_row name_rows[] = {
    {"b1", LANES_BOOL},
    {"bool", LANES_BOOL},
    {"bool_", LANES_BOOL},
    {"boolean", LANES_BOOL},
    {"_Bool", LANES_BOOL},
    {"int8", LANES_I1},
    {"int8_t", LANES_I1},
    {"char", LANES_I1},
    {"signed char", LANES_I1},
    {"uint8", LANES_U1},
    {"uint8_t", LANES_U1},
    {"uchar", LANES_U1},
    {"ubyte", LANES_U1},
    {"unsigned char", LANES_U1},
    {"int16", LANES_I2},
    {"int16_t", LANES_I2},
    {"short", LANES_I2},
    {"short int", LANES_I2},
    {"signed short", LANES_I2},
    {"signed short int", LANES_I2},
    {"uint16", LANES_U2},
    {"uint16_t", LANES_U2},
    {"ushort", LANES_U2},
    {"unsigned short", LANES_U2},
    {"unsigned short int", LANES_U2},
    {"short unsigned int", LANES_U2},
    {"int32", LANES_I4},
    {"int32_t", LANES_I4},
    {"intc", LANES_I4},
    {"int", LANES_I4},
    {"signed", LANES_I4},
    {"signed int", LANES_I4},
    {"uint32", LANES_U4},
    {"uint32_t", LANES_U4},
    {"uintc", LANES_U4},
    {"unsigned", LANES_U4},
    {"unsigned int", LANES_U4},
    {"int64", LANES_I8},
    {"int64_t", LANES_I8},
    {"int_", LANES_I8},
    {"intp", LANES_I8},
    {"intptr_t", LANES_I8},
    {"npy_intp", LANES_I8},
    {"ptrdiff_t", LANES_I8},
    {"ssize_t", LANES_I8},
    {"long", LANES_I8},
    {"long_", LANES_I8},
    {"long int", LANES_I8},
    {"signed long", LANES_I8},
    {"signed long int", LANES_I8},
    {"longlong", LANES_I8},
    {"long long", LANES_I8},
    {"long long int", LANES_I8},
    {"signed long long", LANES_I8},
    {"signed long long int", LANES_I8},
    {"uint64", LANES_U8},
    {"uint64_t", LANES_U8},
    {"uintp", LANES_U8},
    {"uintptr_t", LANES_U8},
    {"size_t", LANES_U8},
    {"ulong", LANES_U8},
    {"unsigned long", LANES_U8},
    {"unsigned long int", LANES_U8},
    {"long unsigned int", LANES_U8},
    {"ulonglong", LANES_U8},
    {"unsigned long long", LANES_U8},
    {"unsigned long long int", LANES_U8},
    {"long long unsigned int", LANES_U8},
    {"float32", LANES_F4},
    {"single", LANES_F4},
    {"float", LANES_F4},
    {"float64", LANES_F8},
    {"double", LANES_F8},
    {"complex64", LANES_C8},
    {"csingle", LANES_C8},
    {"float complex", LANES_C8},
    {"float _Complex", LANES_C8},
    {"complex float", LANES_C8},
    {"_Complex float", LANES_C8},
    {"complex128", LANES_C16},
    {"cdouble", LANES_C16},
    {"double complex", LANES_C16},
    {"double _Complex", LANES_C16},
    {"complex double", LANES_C16},
    {"_Complex double", LANES_C16},
    /* Times are counts of their unit. */
    {"datetime64", LANES_I8},
    {"timedelta64", LANES_I8},
    {"M8", LANES_I8},
    {"m8", LANES_I8},
    {"NPDatetime", LANES_I8},
    {"NPTimedelta", LANES_I8},
    {"void", LANES_DTYPE_NONE},
    {"none", LANES_DTYPE_NONE},
    {"None", LANES_DTYPE_NONE},
};

static const struct {
    const char *name;
    const char *meanings;
} ambiguous_names[] = {
    {"byte", "i1 in NumPy and u1 in Numba"},
    {"uint", "u8 in NumPy and Numba and u4 in C"},
    {"float_", "f8 in NumPy and f4 in Numba"},
};

static const char *const c_words[] = {"signed",  "unsigned", "char",  "short",
                                      "int",     "long",     "float", "double",
                                      "complex", "_Complex"};

bool lanes_kernel_name_find(const char *name, uint32_t *out_dtype)
{
    *out_dtype = lanes_dtype_parse(name, strlen(name));
    if (*out_dtype != LANES_DTYPE_NONE) {
        return true;
    }
    for (size_t i = 0; i < LANES_ARRAY_COUNT(name_rows); i++) {
        if (strcmp(name_rows[i].name, name) == 0) {
            *out_dtype = name_rows[i].dtype;
            return true;
        }
    }
    return false;
}

const char *lanes_kernel_name_meanings(const char *name)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(ambiguous_names); i++) {
        if (strcmp(ambiguous_names[i].name, name) == 0) {
            return ambiguous_names[i].meanings;
        }
    }
    return NULL;
}

bool lanes_kernel_name_is_c_word(const char *word, size_t length)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(c_words); i++) {
        if (strlen(c_words[i]) == length && memcmp(c_words[i], word, length) == 0) {
            return true;
        }
    }
    return false;
}
