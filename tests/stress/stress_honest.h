/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stress_honest.h - what stress programs have in common: sessions that do nothing wrong,
 * and notice whatever the others' doings change for them.
 */
#ifndef LANES_TESTS_STRESS_HONEST_H
#define LANES_TESTS_STRESS_HONEST_H

#include <pthread.h>

#include "unit/server/server_fixture.h"

/** A client on a thread of its own. */
typedef struct honest {
    fixture *f;
    pthread_t thread;
    uint64_t random;
    uint32_t stop; /* atomic */
    uint64_t batches;
    uint64_t longest_ns; /* from submission to completion */
} honest;

/**
 * Begin to run batches on the running server of @p f, in sessions of their own, and to
 * check every result, and that nothing else changes.
 */
void honest_start(honest *h, fixture *f, uint64_t seed);

/** End it and print what it has done as "NAME: ...". */
void honest_stop(honest *h, const char *name);

/** Check that the server's team has all its threads: a batch that all of them run. */
void honest_expect_team(fixture *f, uint32_t threads);

/** A random number below @p limit. */
uint32_t random_below(uint64_t *state, uint32_t limit);

/** abort() with @p what and @p detail, unless @p condition. */
void require(bool condition, const char *what, const char *detail);

/** argv[index] as a number, or @p otherwise. */
uint64_t number_of(int argc, char **argv, int index, uint64_t otherwise);

#endif /* LANES_TESTS_STRESS_HONEST_H */
