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

#define check_true(condition, ...) check_plain(condition)
#define check_eq(a, b, ...)        check_plain((a) == (b))
/* A message, which is optional, is dropped; "" is there so that something can be. */
#define cr_assert(...)    check_true(__VA_ARGS__, "")
#define cr_assert_eq(...) check_eq(__VA_ARGS__, "")

#else

#include <criterion/criterion.h>

#endif

#endif /* LANES_TESTS_SERVER_CHECK_H */
