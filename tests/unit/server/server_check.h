/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_check.h - the asserts of the fixture: Criterion's, or, in the stress program,
 * which ThreadSanitizer runs and Criterion cannot be part of, abort().
 */
#ifndef LANES_TESTS_SERVER_CHECK_H
#define LANES_TESTS_SERVER_CHECK_H

#ifdef LANES_TESTS_PLAIN

#include <stdio.h>
#include <stdlib.h>

#define check_plain(condition)                                                           \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            fprintf(stderr, "%s:%d: %s is false\n", __FILE__, __LINE__, #condition);     \
            abort();                                                                     \
        }                                                                                \
    } while (0)

#define cr_assert(condition, ...) check_plain(condition)
#define cr_assert_eq(a, b, ...)   check_plain((a) == (b))

#else

#include <criterion/criterion.h>

#endif

#endif /* LANES_TESTS_SERVER_CHECK_H */
