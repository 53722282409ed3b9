/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loader_symbols.c - addresses of everything compiled code may call: kernel/symbols.h.
 *
 * Functions are only ever named here, never called, so those without a header are
 * declared as void(void). libmvec's entries are ifuncs: the dynamic linker picks the code
 * for this CPU when it resolves them.
 */
#include "loader/loader_internal.h"

#include <math.h>
#include <string.h>

#include "base/base.h"
#include "kernel/symbols.h"

/* Names that glibc and gcc have chosen.
 * NOLINTBEGIN(readability-identifier-naming,bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
 */
#define HELPER_DECLARE(name) extern void name(void);
LANES_COMPILER_HELPER_TABLE(HELPER_DECLARE)
#define COMPLEX_DECLARE(name, part) extern _Complex part name(part, part, part, part);
LANES_COMPLEX_HELPER_TABLE(COMPLEX_DECLARE)

/* The four forms of one libmvec function, for f8 and f4; `v` has one v per argument. */
#define VECTOR_DECLARE_V(v, name)                                                        \
    extern void _ZGVbN2##v##_##name(void), _ZGVbN4##v##_##name##f(void);                 \
    extern void _ZGVcN4##v##_##name(void), _ZGVcN8##v##_##name##f(void);                 \
    extern void _ZGVdN4##v##_##name(void), _ZGVdN8##v##_##name##f(void);                 \
    extern void _ZGVeN8##v##_##name(void), _ZGVeN16##v##_##name##f(void);
#define VECTOR_DECLARE_1(name)      VECTOR_DECLARE_V(v, name)
#define VECTOR_DECLARE_2(name)      VECTOR_DECLARE_V(vv, name)
#define VECTOR_DECLARE(name, arity) VECTOR_DECLARE_##arity(name)
LANES_VECTOR_MATH_TABLE(VECTOR_DECLARE)

/* NOLINTEND(readability-identifier-naming,bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
 */

#define ROW(name) {#name, (void (*)(void))name},
#define VECTOR_ROWS_V(v, name)                                                           \
    ROW(_ZGVbN2##v##_##name)                                                             \
    ROW(_ZGVbN4##v##_##name##f)                                                          \
    ROW(_ZGVcN4##v##_##name)                                                             \
    ROW(_ZGVcN8##v##_##name##f)                                                          \
    ROW(_ZGVdN4##v##_##name)                                                             \
    ROW(_ZGVdN8##v##_##name##f)                                                          \
    ROW(_ZGVeN8##v##_##name)                                                             \
    ROW(_ZGVeN16##v##_##name##f)
#define VECTOR_ROWS_1(name)      VECTOR_ROWS_V(v, name)
#define VECTOR_ROWS_2(name)      VECTOR_ROWS_V(vv, name)
#define VECTOR_ROWS(name, arity) ROW(name) ROW(name##f) VECTOR_ROWS_##arity(name)
#define SCALAR_ROWS(name, arity) ROW(name) ROW(name##f)
#define OTHER_ROWS(name)         ROW(name) ROW(name##f)
#define COMPLEX_ROW(name, part)  ROW(name)

static const lanes_loader_symbol symbols[] = {
    LANES_VECTOR_MATH_TABLE(VECTOR_ROWS) LANES_SCALAR_MATH_TABLE(SCALAR_ROWS)
        LANES_OTHER_MATH_TABLE(OTHER_ROWS) LANES_MEMORY_TABLE(ROW)
            LANES_COMPILER_HELPER_TABLE(ROW) LANES_COMPLEX_HELPER_TABLE(COMPLEX_ROW)};

const lanes_loader_symbol *lanes_loader_symbols(size_t *out_count)
{
    *out_count = LANES_ARRAY_COUNT(symbols);
    return symbols;
}
